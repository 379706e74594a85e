"""What can go wrong, as exceptions that are also Python's own kinds."""


class PoolError(Exception):
    """Anything numbapool refuses; catch this to catch them all."""


class PoolValueError(PoolError, ValueError):
    """A value that no pooling can be made of: a size, a stride, a name."""


class PoolTypeError(PoolError, TypeError):
    """A type that numbapool does not pool: complex, object, strings, masked arrays."""


class PoolImportError(PoolError, ImportError):
    """Numba, which compiles the kernels, is not there, or this Numba cannot."""
