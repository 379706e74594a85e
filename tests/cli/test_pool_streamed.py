"""Frames are pooled and written one after another: memory does not grow with their number."""

import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

MEASURED = """
import resource, sys
from numbapool_cli.work.pooled import pool_file
from numbapool_cli.job import Job, Reading, Window, Writing
source, target, format = sys.argv[1:4]
small = "small." + source.partition(".")[2]
pool_file(Job(small, "small_" + target, "max", writing=Writing(format)))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
outcome = pool_file(Job(source, target, "max", writing=Writing(format)))
assert outcome.status == "done", outcome.reason
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def spent(source: str, target: str, format: str) -> int:
    """Give the megabytes that a process takes for a file beyond what it takes for a small one."""
    command = [sys.executable, "-c", MEASURED, source, target, format]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(run.stdout)


def animate(name: str, side: int, count: int) -> None:
    frames = []
    for number in range(count):
        frame = Image.new("P", (side, side))
        frame.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
        frame.paste(1 + number % 2, (0, 0, side // 2, side // 2))
        frames.append(frame)
    frames[0].save(name, save_all=True, append_images=frames[1:], duration=50, optimize=False)


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kilobytes on Linux alone")
def test_a_gif_of_many_frames_takes_little_memory(pool):
    animate("small.gif", 64, 2)
    animate("in.gif", 2000, 40)
    # 40 results as RGB alone would be 115 MB, read all at once 460.
    assert spent("in.gif", "out.gif", "GIF") < 110
    with Image.open("out.gif") as out:
        assert out.n_frames == 40
        assert out.info["duration"] == 50


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kilobytes on Linux alone")
def test_a_stack_of_pages_takes_little_memory(pool):
    pages = [Image.fromarray(np.full((1000, 1000), n, np.uint16)) for n in range(40)]
    pages[0].save("in.tif", save_all=True, append_images=pages[1:], compression="tiff_lzw")
    pages[0].resize((64, 64)).save("small.tif", compression="tiff_lzw")
    assert spent("in.tif", "out.tif", "TIFF") < 20  # all pages would be 80 MB, all results 20
    with Image.open("out.tif") as out:
        assert out.n_frames == 40
        out.seek(39)
        assert np.asarray(out).tolist()[0][:3] == [39, 39, 39]


@pytest.mark.parametrize("target", ["out.gif", "out.png", "out.webp"])
def test_what_is_held_at_once_is_bounded(pool, target):
    animate("in.gif", 64, 40)
    pool("max", "in.gif", "-o", target, "--max-pixels", "40960")
    said = pool("max", "in.gif", "-o", f"no_{target}", "--max-pixels", "40959", code=1).stderr
    assert "--max-pixels" in said
    for stream in ("out.tif", "out.npy"):  # which hold one frame at a time
        pool("max", "in.gif", "-o", stream, "--max-pixels", "32768", "--on-exists", "overwrite")


def test_levels_are_bounded_too(pool):
    animate("in.gif", 64, 40)
    said = pool(
        *("pyramid", "in.gif", "-o", "out/", "--levels", "2", "--max-pixels", "40959"), code=1
    ).stderr
    assert "--max-pixels" in said


def test_how_long_each_frame_is_shown(pool):
    frames = [Image.new("RGBA", (8, 8), (n * 60, 0, 0, 255 if n != 2 else 0)) for n in range(4)]
    times = [40, 80, 120, 200]
    frames[0].save("in.png", save_all=True, append_images=frames[1:], duration=times, loop=3)
    for target in ("out.gif", "out.png", "out.webp"):
        pool("max", "in.png", "-o", target)
        with Image.open(target) as out:
            shown = []
            for number in range(out.n_frames):
                out.seek(number)
                out.load()
                shown.append(out.info["duration"])
            assert shown == times
            assert out.info.get("loop") == 3


def test_an_archive_of_several_arrays_is_written_whole(pool):
    arrays = {f"a{n}": np.full((4, 6), n, np.uint8) for n in range(3)}
    np.savez("in.npz", **arrays)
    pool("max", "in.npz", "-o", "out.tif")
    with Image.open("out.tif") as out:
        assert out.n_frames == 3
        for number in range(3):
            out.seek(number)
            assert np.asarray(out).tolist() == [[number] * 3] * 2
    pool("max", "in.npz", "-o", "out.npz")
    assert sorted(np.load("out.npz").files) == ["a0", "a1", "a2"]
    pool("max", "in.npz", "-o", "out.npy")
    assert np.load("out.npy").shape == (3, 2, 3)
    said = pool("max", "in.npz", "-o", "out.jpg", code=1).stderr
    assert "it has 3 frames and JPEG holds one" in said


def test_a_page_that_cannot_be_pooled_says_why(pool):
    pages = [Image.new("L", (8, 8)), Image.new("L", (1, 1))]
    pages[0].save("in.tif", save_all=True, append_images=pages[1:])
    said = pool("max", "in.tif", "-k", "2", "--edge", "trim", "-o", "out.tif", code=1).stderr
    assert "a window of 2 is larger than axis 0 (height), which has size 1" in said


def test_a_frame_that_reaches_past_the_screen_counts(pool):
    """A GIF's second frame makes the picture larger: that is known before it is decoded."""
    animate("in.gif", 64, 2)
    data = bytearray(Path("in.gif").read_bytes())
    second = data.rindex(b",")  # the second frame's place, width and height follow
    while data[second + 9] & 0x40 or data[second + 5 : second + 9] == b"\0" * 4:
        second = data.rindex(b",", 0, second)
    data[second + 5 : second + 9] = struct.pack("<HH", 10000, 10000)
    Path("in.gif").write_bytes(data)
    said = pool("max", "in.gif", "-o", "out.gif", code=1).stderr
    assert "its 10000×10000 pixels, 8 times at once, are past the limit" in said
    assert "--max-pixels 800000000" in said
