"""The work on one file: each module has functions that take a `Job` and return an `Outcome`."""
