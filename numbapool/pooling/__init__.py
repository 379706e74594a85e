"""From a request to a result: the planners, the kept calls, and `Pool`."""
