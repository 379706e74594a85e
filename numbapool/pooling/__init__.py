"""From a request to a result: three planners, calls that are kept, and `Pool`."""
