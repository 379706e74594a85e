"""Running a plan on arrays, on as many threads as pay."""
