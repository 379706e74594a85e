"""The optional extras: 'deep' reads and writes what Pillow does not, 'heif' reads HEIC."""

from functools import cache
from importlib.util import find_spec

from . import Format

EXTRA = "pip install 'numbapool[deep]'"
HEIF = "pip install 'numbapool[heif]'"
ZARR = "pip install 'numbapool[zarr]'"
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
    if known.name == "HEIF" and not reads_heif():
        return f"HEIC is read with an extra: {HEIF}"
    if known.name == "ZARR" and find_spec("zarr") is None:
        return f"stores of Zarr are read with an extra: {ZARR}"
    return ""


@cache
def reads_heif() -> bool:
    """Return whether the extra that reads HEIC is installed; it is not imported."""
    return find_spec("pillow_heif") is not None
