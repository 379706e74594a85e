"""Sequences of any length, pooled to one row each: spans of rows, and what is kept of them."""
