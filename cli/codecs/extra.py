"""The optional extras: 'deep' reads and writes what Pillow does not."""

EXTRA = "pip install 'numbapool[deep]'"
SAFETENSORS = "pip install 'numbapool[safetensors]'"


def installed() -> bool:
    """Return whether the extra is installed."""
    try:
        import imagecodecs  # noqa: F401
        import tifffile  # noqa: F401
    except ImportError:
        return False
    return True
