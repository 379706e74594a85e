"""Sequences of any length, pooled to one row each: spans of rows, and the results kept of them."""
