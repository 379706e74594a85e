"""``--convert srgb``: colours become those of sRGB as a picture is read.

A picture goes through its own profile, by relative colorimetry with black point compensation, as
photo editors convert. Without a profile grey and RGB are taken for sRGB already.
"""

import io
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from ..exits import FileError
from ..job import RunNote
from .extra import EXTRA, installed
from .pillow import flip_lab
from .raster import Form, Metadata, Raster, channels_of

_PROFILES = {"L": ("GRAY", "RGB"), "I": ("GRAY", "RGB"), "RGB": ("RGB",), "CMYK": ("CMYK",)}
"""The kinds of profiles that suit a picture's colours."""

_BECOME_RGB = ("CMYK", "LAB", "YCbCr")
_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION
_MODES = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK", "Lab": "LAB"}
_EXIF, _COLOUR_SPACE, _SRGB_SPACE = 0x8769, 0xA001, 1
_DATE = slice(24, 36)  # of a profile's header

_PLAIN = RunNote(
    "CMYK without a profile became RGB by plain arithmetic: its colours are not as printed"
)


def form_in_srgb(form: Form) -> Form:
    """Return the form of a picture after `in_srgb`."""
    mode = _mode_after(form.mode)
    if mode == form.mode:
        return form
    return replace(form, mode=mode, shape=(*form.shape[:2], channels_of(mode)))


def in_srgb(raster: Raster) -> Raster:
    """Return a picture with its colours in sRGB; arrays have no colours."""
    colours, rest, _ = _parts(raster.mode)
    icc = raster.metadata.icc
    if not raster.picture or raster.mode == "1" or not (icc or colours in _BECOME_RGB):
        return raster
    if icc and "a" in rest:
        raise FileError(
            "its colours are multiplied by its alpha, which its profile does not describe: leave "
            "out --convert"
        )
    notes, array = raster.notes, raster.array
    if raster.palette is not None:
        own = np.ascontiguousarray(raster.palette[np.newaxis, :, :3])
        palette = np.concatenate([_through(icc, own, "RGB")[0], raster.palette[:, 3:]], axis=1)
        return replace(raster, palette=palette, metadata=_metadata(raster.metadata))
    count = channels_of(colours)
    if array.ndim == 3:
        shades = np.ascontiguousarray(array[..., 0] if count == 1 else array[..., :count])
    else:
        shades = array
    if colours == "YCbCr":
        shades, colours = _arithmetic(shades, colours), "RGB"
    if colours == "LAB":
        shades = _through(_profile_of_lab(), flip_lab(shades), colours)
    elif icc:
        shades = _through(icc, shades, colours)
    elif colours == "CMYK":
        shades, notes = _arithmetic(shades, colours), (*notes, _PLAIN)
    if array.ndim == 3 and array.shape[-1] > count:
        more = array[..., count:]
        shades = np.concatenate([shades.reshape(*array.shape[:2], -1), more], axis=-1)
    mode, metadata = _mode_after(raster.mode), _metadata(raster.metadata)
    return replace(raster, array=shades, mode=mode, metadata=metadata, notes=notes)


def _parts(mode: str) -> tuple[str, str, str]:
    """Return the colours of a mode, its other bands, and its depth with the semicolon."""
    base, semicolon, depth = mode.partition(";")
    colours = base.rstrip("XaA") or base
    return colours, base[len(colours) :], semicolon + depth


def _mode_after(mode: str) -> str:
    colours, rest, depth = _parts(mode)
    return f"RGB{rest}{depth}" if colours in _BECOME_RGB else mode


def _metadata(metadata: Metadata) -> Metadata:
    """Return the metadata of a picture in sRGB; one that had a profile has one again."""
    icc = _profile_of_srgb() if metadata.icc else None
    exif = metadata.exif
    if exif:
        tags = Image.Exif()
        tags.load(exif)
        camera = tags.get_ifd(_EXIF)
        if camera.get(_COLOUR_SPACE, _SRGB_SPACE) != _SRGB_SPACE:
            camera[_COLOUR_SPACE] = _SRGB_SPACE
            tags[_EXIF] = camera
            exif = tags.tobytes()
    return replace(metadata, icc=icc, exif=exif)


def _arithmetic(array: NDArray[Any], mode: str) -> NDArray[Any]:
    """Return RGB by Pillow's own arithmetic."""
    if array.dtype != np.uint8:
        raise FileError(f"--convert needs a profile for {mode} of {array.dtype}, and it has none")
    return np.asarray(_image(array, mode).convert("RGB"))


def _through(icc: bytes | None, array: NDArray[Any], colours: str) -> NDArray[Any]:
    """Return colours in sRGB, grey as grey, through a profile."""
    if icc is None:
        return array
    space, transform = _transform(icc)
    suited = _PROFILES.get(colours, ("Lab",))
    if space not in suited:
        raise FileError(
            f"its colour profile is for {space}, and it is {colours}: leave out --convert"
        )
    if array.dtype not in (np.uint8, np.uint16):
        raise FileError(
            f"--convert srgb converts numbers of 8 and 16 bits, and it has a profile for "
            f"{array.dtype}: leave out --convert"
        )
    if transform is None:
        return array
    grey = array.ndim == 2 and space == "RGB"
    given = np.stack([array] * 3, axis=-1) if grey else array
    if array.dtype == np.uint16:
        found = _of_16_bits(given, icc, space)
    else:
        found = np.asarray(transform.apply(_image(given, _MODES[space])))
    # Grey of the profile is grey of sRGB, but for rounding.
    return np.ascontiguousarray(found[..., 1]) if array.ndim == 2 else found


def _of_16_bits(array: NDArray[Any], icc: bytes, space: str) -> NDArray[Any]:
    if not installed():
        raise FileError(f"--convert srgb of 16 bits needs an extra: {EXTRA}")
    import imagecodecs

    names = {"GRAY": "gray", "RGB": "rgb", "CMYK": "cmyk"}
    return np.asarray(
        imagecodecs.cms_transform(
            np.ascontiguousarray(array),
            icc,
            _profile_of_srgb(),
            colorspace=names[space],
            outcolorspace="rgb",
            intent=int(_INTENT),
            flags=int(_FLAGS | ImageCms.Flags.NOOPTIMIZE),  # without tables, which are coarse
        )
    )


def _image(array: NDArray[Any], mode: str) -> Image.Image:
    height, width = array.shape[:2]
    return Image.frombytes(mode, (width, height), np.ascontiguousarray(array).data, "raw", mode)


@lru_cache(maxsize=8)
def _transform(icc: bytes) -> tuple[str, ImageCms.ImageCmsTransform | None]:
    """Return the kind of a profile, and the way to sRGB; None if its colours are sRGB's."""
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        space = str(profile.profile.xcolor_space).strip()
        if space not in _MODES:
            raise FileError(f"its colour profile is for {space}, which is not converted")
        srgb = ImageCms.ImageCmsProfile(io.BytesIO(_profile_of_srgb()))
        found = ImageCms.buildTransform(profile, srgb, _MODES[space], "RGB", _INTENT, _FLAGS)
    except (OSError, ImageCms.PyCMSError) as error:
        raise FileError("its colour profile is damaged: leave out --convert") from error
    if space in ("RGB", "GRAY"):
        steps = np.linspace(0, 255, 9, dtype=np.uint8)
        mesh = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(27, 27, 3)
        seen = mesh if space == "RGB" else mesh[..., 0]
        made = np.asarray(found.apply(_image(seen, _MODES[space]))).astype(int)
        if abs(made - seen.reshape(27, 27, -1)).max() <= 1:
            return space, None
    return space, found


@lru_cache(maxsize=1)
def _profile_of_srgb() -> bytes:
    """Return a profile of sRGB, without the time at which it was made."""
    made = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    made[_DATE] = bytes(_DATE.stop - _DATE.start)
    return bytes(made)


@lru_cache(maxsize=1)
def _profile_of_lab() -> bytes:
    return bytes(ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes())
