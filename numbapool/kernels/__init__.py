"""Loops over raw arrays: no checks, no allocation of results."""
