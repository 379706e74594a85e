"""How to pool, decided before any element is read: which loop, in which pieces."""
