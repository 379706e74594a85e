"""Pooling of any array, exact and at the memory's speed."""
