"""How to pool, decided before an element is read: which loop, in which pieces."""
