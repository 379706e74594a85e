"""The optional extras: 'deep' reads and writes what Pillow does not, 'heif' reads HEIC."""

from functools import cache

from . import Format

EXTRA = "pip install 'numbapool[deep]'"
HEIF = "pip install 'numbapool[heif]'"
SAFETENSORS = "pip install 'numbapool[safetensors]'"


def installed() -> bool:
    """Return whether the extra is installed."""
    try:
        import imagecodecs  # noqa: F401
        import tifffile  # noqa: F401
    except ImportError:
        return False
    return True


def lack_of(known: Format) -> str:
    """Return which extra a format lacks here to be read, or ""."""
    lacking = known.name == "HEIF" and not reads_heif()
    return f"HEIC is read with an extra: {HEIF}" if lacking else ""


@cache
def reads_heif() -> bool:
    """Return whether the extra that reads HEIC is installed; it is not imported."""
    from importlib.util import find_spec

    return find_spec("pillow_heif") is not None
