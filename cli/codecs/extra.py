"""The optional extra 'deep', which reads and writes pictures that Pillow cannot."""

EXTRA = "pip install 'numbapool[deep]'"


def installed() -> bool:
    """Return whether the extra is installed."""
    try:
        import imagecodecs  # noqa: F401
        import tifffile  # noqa: F401
    except ImportError:
        return False
    return True
