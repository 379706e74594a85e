"""Loops over raw memory: no checks, no allocation, nothing imported from above them."""
