"""Small valid files of every format that pool reads, each by a few lines, and mutants of them."""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

Random = random.Random
Maker = Callable[[Random], bytes]


def size_of(by: Random) -> tuple[int, int]:
    return by.randint(5, 24), by.randint(5, 17)


def picture(by: Random, mode: str) -> Image.Image:
    """Make a picture of a ramp with some noise: as packed formats like it, and not quite."""
    width, height = size_of(by)
    noise = np.random.default_rng(by.randrange(1 << 32))
    channels = {"1": 1, "L": 1, "P": 1, "I;16": 1, "I": 1, "F": 1, "LA": 2, "RGB": 3}.get(mode, 4)
    ramp = np.linspace(0, 200, width * channels).reshape(1, width, channels)
    array = ramp + noise.integers(0, 50, (height, width, channels))
    if mode == "F":
        return Image.fromarray(array[..., 0].astype(np.float32))
    if mode == "I;16":
        return Image.fromarray((array[..., 0] * 256).astype(np.uint16))
    if mode == "I":
        return Image.fromarray((array[..., 0] * 1000 - 99999).astype(np.int32))
    if mode == "P":
        return picture(by, "RGB").quantize(by.choice([2, 16, 256]))
    if mode == "1":
        return Image.fromarray(array[..., 0].astype(np.uint8)).convert("1")
    data = array.astype(np.uint8)
    return Image.frombytes(mode, (width, height), data.tobytes())


def saved(format: str, modes: str, **options: list) -> Maker:
    """Make files by Pillow, of one of the modes and of one of each option's values."""

    def make(by: Random) -> bytes:
        file = io.BytesIO()
        chosen = {name: by.choice(values) for name, values in options.items()}
        picture(by, by.choice(modes.split())).save(file, format, **chosen)
        return file.getvalue()

    return make


def animated(format: str, mode: str, **options: object) -> Maker:
    def make(by: Random) -> bytes:
        first = picture(by, mode)
        frames = [first.transpose(by.choice(list(Image.Transpose)[:2])) for _ in range(2)]
        file = io.BytesIO()
        first.save(file, format, save_all=True, append_images=frames, **options)
        return file.getvalue()

    return make


def tiff(**options: list) -> Maker:
    """Make TIFFs by tifffile, which knows more of them than Pillow does."""

    def make(by: Random) -> bytes:
        import tifffile

        chosen = {name: by.choice(values) for name, values in options.items()}
        dtype, shape = np.dtype(chosen.pop("dtype", "u1")), chosen.pop("shape", (17, 24))
        array = np.random.default_rng(by.randrange(1 << 32)).integers(0, 250, shape)
        file = io.BytesIO()
        tifffile.imwrite(file, array.astype(dtype), **chosen)
        return file.getvalue()

    return make


_RGB = {"photometric": ["rgb"], "shape": [(17, 24, 3)]}
_GEO = [[(33550, "d", 3, (30.0, 30.0, 0.0)), (42113, "s", 0, "7")]]


def array_of(by: Random) -> np.ndarray:
    shape = by.choice([(9, 14), (17, 24), (1, 3, 9, 8), (2, 1, 8, 8)])
    values = np.random.default_rng(by.randrange(1 << 32)).integers(0, 100, shape)
    dtype = by.choice(["u1", "<u2", "<i4", "<f4", "<f8", ">f4"])
    return np.asarray(values.astype(dtype), order=by.choice("CF"))


def npy(by: Random) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array_of(by), by.choice([(1, 0), (2, 0)]))
    return file.getvalue()


def npz(by: Random) -> bytes:
    file = io.BytesIO()
    save = by.choice([np.savez, np.savez_compressed])
    save(file, **{name: array_of(by) for name in "ab"[: by.randint(1, 2)]})
    return file.getvalue()


def pfm(by: Random) -> bytes:
    width, height = size_of(by)
    values = np.linspace(0, 1, width * height, dtype="<f4")
    return b"Pf\n%d %d\n-1.0\n" % (width, height) + values.tobytes()


def sun(by: Random) -> bytes:
    """Write Sun's raster: eight big-endian numbers, then rows of even length."""
    width, height = size_of(by)
    row = bytes(range(width)) + bytes(width % 2)
    head = struct.pack(">8I", 0x59A66A95, width, height, 8, len(row) * height, 1, 0, 0)
    return head + row * height


def fits(by: Random) -> bytes:
    width, height = size_of(by)
    cards = ["SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 2", f"NAXIS1  = {width}"]
    cards += [f"NAXIS2  = {height}", "END"]
    head = "".join(f"{card:80}" for card in cards).encode().ljust(2880)
    return head + bytes(range(width)) * height


def psd(by: Random) -> bytes:
    width, height = size_of(by)
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, height, width, 8, 3)
    return head + bytes(12) + struct.pack(">H", 0) + bytes(range(width)) * height * 3


def xpm(by: Random) -> bytes:
    width, height = size_of(by)
    colours = [f'"{sign} c #{number:02}80ff"' for number, sign in enumerate("`abcdefghijklmno")]
    rows = ['"' + "".join(by.choices("abcdefgh", k=width)) + '"' for _ in range(height)]
    lines = ",\n".join([f'"{width} {height} {len(colours)} 1"', *colours, *rows])
    return f"/* XPM */\nstatic char *x[] = {{\n{lines}\n}};\n".encode()


def fli(by: Random) -> bytes:
    """Write a film of one frame: a chunk of palette, and one of pixels as they are."""
    width, height = size_of(by)
    palette = struct.pack("<IHHBB", 6 + 4 + 768, 11, 1, 0, 0) + bytes(range(64)) * 12
    pixels = struct.pack("<IH", 6 + width * height, 16) + bytes(range(width)) * height
    frame = struct.pack("<IHH8x", 16 + len(palette) + len(pixels), 0xF1FA, 2) + palette + pixels
    head = struct.pack("<IHHHHHHI", 128 + len(frame), 0xAF11, 1, width, height, 8, 3, 70)
    return head.ljust(128, b"\0") + frame


def dcx(by: Random) -> bytes:
    page = saved("PCX", "L RGB P")(by)
    return struct.pack("<III", 0x3ADE68B1, 12, 0) + page


def cur(by: Random) -> bytes:
    icon = bytearray(saved("ICO", "RGBA", bitmap_format=["bmp"], sizes=[[(5, 5)]])(by))
    icon[2] = 2
    return bytes(icon)


def icns(by: Random) -> bytes:
    """Write an icon of 16 pixels as they are: Pillow itself would add larger ones."""
    pixels = picture(by, "RGB").resize((16, 16)).tobytes()
    icon = b"is32" + struct.pack(">I", 8 + len(pixels)) + pixels
    return b"icns" + struct.pack(">I", 8 + len(icon)) + icon


def pixar(by: Random) -> bytes:
    width, height = size_of(by)
    head = bytearray(1024)
    head[:4] = b"\x80\xe8\0\0"
    head[416:420] = struct.pack("<HH", height, width)
    head[424:428] = struct.pack("<HH", 14, 2)
    return bytes(head) + bytes(range(width * 3)) * height


def ftex(by: Random) -> bytes:
    width, height = size_of(by)
    pixels = bytes(range(width * 3)) * height
    head = struct.pack("<6I", 0x01000000, width, height, 1, 1, 1)
    return (
        b"FTEX"
        + head[:4]
        + head[4:20]
        + struct.pack("<III", 1, 1, 32)
        + (struct.pack("<I", len(pixels)) + pixels)
    )


_JPEG = saved("JPEG", "L RGB CMYK", quality=[50, 95], progressive=[False, True], subsampling=[0, 2])
_JP2 = {"irreversible": [False, True], "num_resolutions": [1, 3], "no_jp2": [False, True]}

FILES: dict[str, tuple[str, tuple[Maker, ...]]] = {
    "PNG": (".png", (saved("PNG", "1 L P RGB RGBA LA"), saved("PNG", "I;16"))),
    "APNG": (".png", (animated("PNG", "RGB", duration=50), animated("PNG", "RGBA"))),
    "JPEG": (".jpg", (_JPEG,)),
    "MPO": (".mpo", (animated("MPO", "RGB"),)),
    "TIFF": (
        ".tif",
        (
            saved(
                "TIFF", "1 L P RGB RGBA CMYK I;16 F", compression=["raw", "tiff_lzw", "packbits"]
            ),
            saved("TIFF", "1 L RGB", compression=["tiff_deflate"], tiffinfo=[{278: 4}]),
            saved("TIFF", "L RGB", compression=["jpeg"]),
            animated("TIFF", "RGB"),
        ),
    ),
    "TIFF by tifffile": (
        ".tif",
        (
            tiff(dtype=["u1", "u2", "f4", "i2", "u4"], bigtiff=[False, True], extratags=_GEO),
            tiff(**_RGB, dtype=["u1", "u2", "f4"], planarconfig=["contig"], tile=[(16, 16), None]),
            tiff(photometric=["rgb"], shape=[(3, 17, 24)], planarconfig=["separate"]),
            tiff(dtype=["u2"], compression=["zlib", "lzw"], predictor=[False, True]),
        ),
    ),
    "WebP": (".webp", (saved("WEBP", "RGB RGBA", lossless=[True, False], quality=[50, 90]),)),
    "WebP, animated": (".webp", (animated("WEBP", "RGB"), animated("WEBP", "RGBA", lossless=True))),
    "AVIF": (".avif", (saved("AVIF", "RGB RGBA", quality=[50, 90], speed=[10]),)),
    "GIF": (".gif", (saved("GIF", "L P 1", interlace=[0, 1]),)),
    "GIF, animated": (".gif", (animated("GIF", "P", duration=40), animated("GIF", "RGBA"))),
    "BMP": (".bmp", (saved("BMP", "1 L P RGB RGBA"),)),
    "PPM": (".ppm", (saved("PPM", "1 L RGB I;16"),)),
    "PFM": (".pfm", (pfm,)),
    "JPEG2000": (".jp2", (saved("JPEG2000", "L LA RGB RGBA I;16", **_JP2),)),
    "TGA": (".tga", (saved("TGA", "L LA P RGB RGBA", compression=[None, "tga_rle"]),)),
    "PCX": (".pcx", (saved("PCX", "1 L P RGB"),)),
    "SGI": (".sgi", (saved("SGI", "L RGB RGBA"),)),
    "NPY": (".npy", (npy,)),
    "NPZ": (".npz", (npz,)),
    "BLP": (".blp", (saved("BLP", "P", blp_version=["BLP1", "BLP2"]),)),
    "DDS": (
        ".dds",
        (saved("DDS", "L LA RGB RGBA"), saved("DDS", "RGBA", pixel_format=["DXT1", "BC3"])),
    ),
    "ICNS": (".icns", (icns,)),
    "ICO": (".ico", (saved("ICO", "RGBA RGB", bitmap_format=["bmp", "png"], sizes=[[(5, 5)]]),)),
    "IM": (".im", (saved("IM", "1 L P RGB RGBA"),)),
    "MSP": (".msp", (saved("MSP", "1"),)),
    "QOI": (".qoi", (saved("QOI", "RGB RGBA"),)),
    "XBM": (".xbm", (saved("XBM", "1"),)),
    "SUN": (".ras", (sun,)),
    "FITS": (".fits", (fits,)),
    "PSD": (".psd", (psd,)),
    "XPM": (".xpm", (xpm,)),
    "FLI": (".fli", (fli,)),
    "DCX": (".dcx", (dcx,)),
    "CUR": (".cur", (cur,)),
    "PIXAR": (".pxr", (pixar,)),
    "FTEX": (".ftc", (ftex,)),
}


# --------------------------------------------------------------------------------- mutants

_ODD = (
    b"\0\0",
    b"\xff\xff",
    b"\x7f\xff",
    b"\x80\0",
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
)


def mutant(name: str, number: int, seed: int) -> bytes:
    """Make one of a format's mutants: the same of the same numbers."""
    by = Random(f"{name} {number} {seed}")
    makers = FILES[name][1]
    data = makers[number % len(makers)](by)
    if name == "NPZ" and by.random() < 0.7:
        return _npz_mutant(data, by)
    for _ in range(by.choice([1, 1, 1, 2, 5])):
        data = by.choice(_GENTLE if by.random() < 0.6 else _ROUGH)(data, by)
    if name in ("PNG", "APNG") and by.random() < 0.8:
        data = _png_repaired(data, by)
    return data


def _npz_mutant(data: bytes, by: Random) -> bytes:
    """Change the arrays' own files, and write an archive whose checksums are right."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w") as new:
        for entry in old.infolist():
            change = by.choice(_GENTLE + _ROUGH)
            new.writestr(entry.filename, change(old.read(entry), by), entry.compress_type)
    return file.getvalue()


def _png_repaired(data: bytes, by: Random) -> bytes:
    """Set the checksums right, and pack pixels anew of which some were changed."""
    parts, at = [data[:8]], 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        if name == b"IDAT" and by.random() < 0.3:
            try:
                body = zlib.compress(_flip_late(zlib.decompress(body), by))
            except zlib.error:
                pass
        sum_ = struct.pack(">I", zlib.crc32(name + body))
        parts.append(struct.pack(">I", len(body)) + name + body + sum_)
        at += length + 12
    return b"".join(parts)


def _flip(data: bytes, by: Random, first: int, last: int) -> bytes:
    changed = bytearray(data)
    for _ in range(by.choice([1, 1, 2, 8])):
        if first < last:
            changed[by.randrange(first, last)] ^= 1 << by.randrange(8)
    return bytes(changed)


def _flip_late(data: bytes, by: Random) -> bytes:
    return _flip(data, by, len(data) // 2, len(data))


def _append(data: bytes, by: Random) -> bytes:
    return data + by.randbytes(by.randint(1, 40))


def _flip_early(data: bytes, by: Random) -> bytes:
    return _flip(data, by, 0, min(len(data), by.choice([32, 128, 1 << 20])))


def _odd_number(data: bytes, by: Random) -> bytes:
    """Put a number at which programs stumble into the header."""
    odd = by.choice(_ODD)
    at = by.randrange(max(1, min(len(data), 200) - len(odd)))
    return data[:at] + (odd if by.random() < 0.5 else odd[::-1]) + data[at + len(odd) :]


def _cut(data: bytes, by: Random) -> bytes:
    return data[: by.randrange(len(data) + 1)]


def _insert(data: bytes, by: Random) -> bytes:
    at = by.randrange(len(data) + 1)
    return data[:at] + by.randbytes(by.randint(1, 9)) + data[at:]


def _remove(data: bytes, by: Random) -> bytes:
    at = by.randrange(len(data) + 1)
    return data[:at] + data[at + by.randint(1, 9) :]


def _repeat(data: bytes, by: Random) -> bytes:
    first, last = sorted(by.randrange(len(data) + 1) for _ in range(2))
    return data[:last] + data[first:]


_GENTLE = (_flip_late, _append)
_ROUGH = (_flip_early, _flip_early, _odd_number, _odd_number, _cut, _insert, _remove, _repeat)
