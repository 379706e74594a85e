"""ICC profiles by their specification, for tests of colours."""

import numpy as np

# D50-adapted columns of Adobe RGB (1998), from its specification, and of sRGB.
ADOBE = np.array(
    [[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]]
)
SRGB = np.array(
    [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]]
)
GAMMA = 563 / 256


def fixed(number: float) -> bytes:
    return round(number * 65536).to_bytes(4, "big", signed=True)


def profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """Write an ICC profile of version 2 by its specification."""
    header = bytearray(128)
    header[8:12] = b"\x02\x10\x00\x00"
    header[12:24] = b"mntr" + space + b"XYZ "
    header[36:40] = b"acsp"
    header[68:80] = fixed(0.9642) + fixed(1) + fixed(0.8249)
    table, data = bytearray(len(tags).to_bytes(4, "big")), bytearray()
    start = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name + (start + len(data)).to_bytes(4, "big") + len(content).to_bytes(4, "big")
        data += content + bytes(-len(content) % 4)
    header[:4] = (start + len(data)).to_bytes(4, "big")
    return bytes(header + table + data)


def xyz(column: np.ndarray) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(map(fixed, column))


def curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0\0\0\0\1" + round(gamma * 256).to_bytes(2, "big")


ADOBE_RGB = profile(
    b"RGB ",
    {b"wtpt": xyz(np.array([0.9642, 1, 0.8249]))}
    | {name: xyz(ADOBE[:, n]) for n, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))}
    | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve(GAMMA)),
)
GREY = profile(b"GRAY", {b"wtpt": xyz(np.array([0.9642, 1, 0.8249])), b"kTRC": curve(GAMMA)})
