"""A plan run on arrays, on as many threads as pay."""
