"""From what is asked for to a result: three planners, calls that are kept, and `Pool`."""
