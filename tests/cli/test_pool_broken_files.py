"""Files cut short and damaged: a reason in plain words, and a library's own only with -v."""

import io
import random
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from pictures import picture

PLAIN = re.compile(
    r"(frame [0-9]+ of [0-9]+: |array '.*': )?("
    r"the file is empty"
    r"|it is cut short: a part of its data is missing"
    r"|it is damaged: its data cannot be decoded"
    r"|it is of a kind that is not read, or damaged"
    r"|it is not a picture or array format that pool can read"
    r"|it is no \.np[yz] file"
    r"|it is empty"
    r"|its list of arrays cannot be read: it is cut short or damaged"
    r"|its header says shape .* the file is cut short or damaged"
    r"|its .* pixels are past the limit of .*"
    r"|.* holds .* bits a channel in a form that is not read: .*"
    r"|a part of its pixels is missing: the file is cut short or damaged"
    r"|array '.*' (is cut short|is encrypted, which is not read)"
    r"|.* and which are height and width is not guessed: .*"
    r")"
)

COMPILING = "pool: compiling kernels for first use (kept for next time)…\n"


def made(name: str) -> bytes:
    file = io.BytesIO()
    rgb = picture("RGB", 60, 50)
    array = np.arange(1200, dtype=np.uint16).reshape(30, 40)
    if name.endswith(".npy"):
        np.save(file, array)
    elif name.endswith(".npz"):
        np.savez_compressed(file, x=array, y=array.T)
    elif name.startswith("frames"):
        more = [picture("RGB", 60, 50, seed) for seed in range(1, 4)]
        rgb.save(file, name.partition(".")[2], save_all=True, append_images=more)
    else:
        rgb.save(file, {"jpg": "jpeg", "jp2": "jpeg2000", "tif": "tiff"}.get(name[2:], name[2:]))
    return file.getvalue()


NAMES = ["a.jpg", "a.png", "a.tif", "a.webp", "a.bmp", "a.ppm", "a.jp2", "a.tga", "a.sgi", "a.pcx"]
NAMES += ["a.npy", "a.npz", "frames.gif", "frames.png", "frames.webp", "frames.tiff"]


@pytest.mark.parametrize("name", NAMES)
def test_reasons_are_plain(pool, name):
    draw = random.Random(name)
    whole = made(name)
    reasons = set()
    for number in range(24):
        data = bytearray(whole)
        if number % 2:
            del data[draw.randrange(len(data)) :]
        else:
            for _ in range(draw.randint(1, 6)):
                data[draw.randrange(min(len(data), 300))] = draw.randrange(256)
        Path(name).write_bytes(data)
        for command in (
            ["max", "--on-exists", "overwrite", "-o", f"out{Path(name).suffix}"],
            ["info"],
        ):
            said = pool(*command, name, code=None).stderr.replace(COMPILING, "")
            if said:
                prefix, _, reason = said.rstrip("\n").partition(f"pool: {name}: ")
                assert not prefix, said
                reasons.add(reason)
    assert reasons
    assert [reason for reason in reasons if not PLAIN.fullmatch(reason)] == []


def test_what_the_library_said_is_told_on_request(pool):
    whole = made("a.png")
    Path("a.png").write_bytes(whole[:-40])
    Path("b.png").write_bytes(b"no picture")
    plain = "pool: a.png: it is cut short: a part of its data is missing"
    assert pool("avg", "a.png", code=1).stderr == f"{plain}\n"
    assert pool("avg", "a.png", "-v", code=1).stderr.startswith(f"{plain} (OSError: ")
    assert "(UnidentifiedImageError: " in pool("avg", "a.png", "b.png", "-v", code=1).stderr
    assert "Traceback" in pool("avg", "a.png", "--debug", code=1).stderr


def test_an_encrypted_archive(pool):
    with zipfile.ZipFile("a.npz", "w") as archive:
        archive.writestr("x.npy", made("a.npy"))
    data = bytearray(Path("a.npz").read_bytes())
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(magic) + flags] |= 1
    Path("a.npz").write_bytes(data)
    for command in ("avg", "info"):
        said = pool(command, "a.npz", code=1).stderr
        assert said == "pool: a.npz: array 'x' is encrypted, which is not read\n"
