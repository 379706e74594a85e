"""Arrays whose elements are not computed yet: pooled into arrays of that kind."""
