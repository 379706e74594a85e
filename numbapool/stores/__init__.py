"""Arrays that are larger than memory: any part of a result from the part that it needs."""
