"""What must be held in memory has a limit, and what a header claims is not believed."""

import io
import struct
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numbapool_cli.codecs import memory, npy
from numbapool_cli.codecs.raster import Raster
from numbapool_cli.exits import FileError
from numbapool_cli.job import Reading
from pictures import picture

HEADER = "{{'descr': {!r}, 'fortran_order': False, 'shape': {!r}, }}"


def header(shape: object, descr: object = "<f4", padding: int = 0, version: int = 1) -> bytes:
    text = HEADER.format(descr, shape).encode() + b" " * padding + b"\n"
    size = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + size + text


def archive_of(name: str, head: bytes, zeros: int, path: str = "a.npz") -> None:
    """Write an archive of one array of zeros, piece by piece."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(name, "w", force_zip64=True) as member,
    ):
        member.write(head)
        for start in range(0, zeros, 1 << 20):
            member.write(bytes(min(1 << 20, zeros - start)))


def test_an_archive_past_the_limit_names_the_option(pool):
    np.savez_compressed("a.npz", big=np.zeros((1000, 1000), np.float32))
    said = pool("avg", "a.npz", "-o", "b.npz", "--max-bytes", "1M", code=1).stderr
    assert "past the limit of 1,048,576 (given)" in said
    assert "--max-bytes 4000128" in said
    pool("avg", "a.npz", "-o", "b.npz", "--max-bytes", "4000128")
    assert np.load("b.npz")["big"].shape == (500, 500)


def test_the_default_is_a_quarter_of_the_memory_at_hand(pool, monkeypatch):
    np.savez_compressed("a.npz", a=np.zeros((500, 500), np.uint8), b=np.zeros((500, 500), np.uint8))
    monkeypatch.setattr(memory, "at_hand", lambda: 900_000)
    said = pool("avg", "a.npz", "-o", "b.npz", code=1).stderr
    assert "past the limit of 225,000 (a quarter of the available memory)" in said
    monkeypatch.setattr(memory, "at_hand", lambda: 1_600_000)  # for one, and no more are held
    pool("avg", "a.npz", "-o", "b.npz")
    assert np.load("b.npz").files == ["a", "b"]


def test_levels_hold_all_arrays_of_an_archive(pool):
    np.savez_compressed("a.npz", **{f"a{n}": np.zeros((9, 9, 9, 9), np.uint8) for n in range(9)})
    results = 9 * 9 * 9 * 4 * 4
    options = ["a.npz", "-o", "out/", "--levels", "1", "--max-pixels"]
    assert "--max-pixels" in pool("pyramid", *options, results - 1, code=1).stderr
    pool("pyramid", *options, results)


def test_the_memory_at_hand_is_what_the_system_says():
    assert 1 << 24 < memory.at_hand() < 1 << 50


@pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="there is no /proc/meminfo")
def test_a_group_of_processes_has_less(tmp_path, monkeypatch):
    (tmp_path / "memory.max").write_text("123456789\n")
    monkeypatch.setattr(memory, "_GROUPS", tmp_path)
    assert memory.at_hand() == 123456789
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.at_hand() != 123456789


def test_a_mapped_array_is_not_held(pool):
    np.save("a.npy", np.zeros((100, 100), np.float32))
    pool("avg", "a.npy", "-o", "b.npy", "--max-bytes", "1")


@pytest.mark.parametrize("data", [b"\x93NUMPY", b"\x89PNG\r\n\x1a\n", b"anything"])
def test_standard_input_is_held(pool, data):
    said = pool(
        "avg", "-", "-o", "b.npy", "--max-bytes", "2M", input=data + bytes(5 << 20), code=1
    ).stderr
    assert "standard input: it has at least 3,145,728 bytes, past the limit of 2,097,152" in said
    assert "--max-bytes" in said


def test_an_array_of_standard_input(pool):
    array = np.asfortranarray(np.arange(32, dtype=np.float32).reshape(4, 8))
    file = io.BytesIO()
    np.save(file, array)
    pool("max", "-", "-o", "b.npy", input=file.getvalue())
    assert np.load("b.npy").tolist() == [[9, 11, 13, 15], [25, 27, 29, 31]]


@pytest.mark.parametrize("text", ["0", "-1", "2X", "", "1.5G", "many"])
def test_what_is_no_number_of_bytes(pool, text):
    assert "is not a number of bytes" in pool("avg", "a.npz", "--max-bytes", text, code=2).stderr


def test_the_limit_changes_no_output_of_update(pool):
    picture("L", 8, 6).save("a.png")
    pool("avg", "a.png", "-o", "out/", "--update")
    assert "1 skipped" in pool("avg", "a.png", "-o", "out/", "--update", "--max-bytes", "9G").stderr


@pytest.fixture
def little_memory():
    """Fail whatever takes a gigabyte more than this process has."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (1 << 30), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited otherwise there")
class TestLies:
    """Each is told in a line that says what is wrong; none takes the memory that it claims."""

    def refused(self, pool, path: str) -> str:
        said = pool("avg", path, "-o", "out/", code=1).stderr
        assert "unexpected" not in said
        assert "memory" not in said.replace("available memory", "")
        assert pool("info", path, code=None).exit_code in (0, 1)
        return said

    def test_an_archive_of_many_zeros(self, pool, little_memory):
        archive_of("a.npy", header((1 << 15, 1 << 16), "|u1"), 1 << 28)
        said = self.refused(pool, "a.npz")
        assert "its header says shape (32768, 65536) of uint8, 2,147,483,648 bytes, but" in said

    def test_a_directory_that_says_more_than_there_is(self, pool, little_memory):
        size = 1 << 31
        archive_of("a.npy", header((size,), "|u1"), 1000)
        whole = Path("a.npz").read_bytes()
        true = struct.pack("<I", 1000 + len(header((size,), "|u1")))
        Path("a.npz").write_bytes(whole.replace(true, struct.pack("<I", size + 70)))
        self.refused(pool, "a.npz")

    def test_a_directory_that_says_less_than_there_is(self, pool, little_memory):
        head = header((10, 10), "|u1")
        archive_of("a.npy", head, 1 << 28)
        whole = Path("a.npz").read_bytes()
        true = struct.pack("<I", (1 << 28) + len(head))
        Path("a.npz").write_bytes(whole.replace(true, struct.pack("<I", 100 + len(head))))
        self.refused(pool, "a.npz")

    def test_a_header_of_a_gigabyte(self, pool, little_memory):
        text = header((4, 4), version=2)
        archive_of("a.npy", text[:8] + struct.pack("<I", 1 << 30) + text[12:], 1 << 28)
        assert "its header says that it is 1,073,741,824 bytes long" in self.refused(pool, "a.npz")

    @pytest.mark.parametrize(
        ("head", "words"),
        [
            (header((2**63 - 1, 0)), "gives shape (9223372036854775807, 0) of float32, which no"),
            (header((0, 2**63 - 1)), "which no array can have"),
            (header((2**62, 2**62, 0, 4)), "which no array can have"),
            (header((1,) * 70), "which no array can have"),
            (header((0,) * 70), "which no array can have"),
            (header((4, 4), "|S0"), "of type |S0, which has no bytes"),
            (header((2**40, 2**40), "|V0"), "of type |V0, which has no bytes"),
            (header((4, 4), "<U3"), "dtype <U3 are not pooled"),
            (header((4, 4), [("a", "<f4"), ("b", "<f4")]), "are not pooled"),
            (header((4, 4), "<f3"), "damaged"),
            (header((4, 4), "|O"), "pickled Python objects"),
            (header((True, 4)), "impossible shape (True, 4)"),
            (header((-4, -4)), "impossible shape (-4, -4)"),
            (header((None, 4)), "damaged"),
            (header((4.0, 4)), "damaged"),
            (header(4), "damaged"),
            (header((4, 4), padding=1_000_000, version=2), "bytes long, and the most is 10,000"),
            (header((4, 4), padding=20_000), "bytes long, and the most is 10,000"),
            (header((10**4000, 4)), "which no array can have"),
            (header((4, 4), version=9), "version 9 of its format is not known"),
            (header((4, 4))[:10] + bytes(64), "damaged"),
        ],
    )
    def test_headers(self, pool, head, words):
        Path("a.npy").write_bytes(head + bytes(192))
        assert words in self.refused(pool, "a.npy")
        archive_of("a.npy", head, 192)
        assert words in self.refused(pool, "a.npz")
        said = pool("avg", "-", "-o", "b.npy", input=head + bytes(192), code=1).stderr
        assert words in said


@pytest.mark.parametrize("length", [6, 9, 40, 130])
def test_an_array_that_is_cut_short(pool, length):
    Path("a.npy").write_bytes((header((4, 4)) + bytes(64))[:length])
    assert "cut short" in pool("avg", "a.npy", "-o", "b.npy", code=1).stderr


def test_frames_are_stacked_as_they_come(tmp_path):
    """However many come, what is written is what NumPy reads."""
    arrays = [np.full((3, 4), number, np.float32) for number in range(12)]
    for count in (1, 2, 12):
        with (tmp_path / "a.npy").open("w+b") as file:
            npy.save((Raster(array, "NCHW") for array in arrays[:count]), file, "NPY")
        wanted = arrays[0] if count == 1 else np.stack(arrays[:count])
        assert np.array_equal(np.load(tmp_path / "a.npy"), wanted)
        assert np.load(tmp_path / "a.npy").shape == wanted.shape


def test_frames_that_differ_do_not_stack(tmp_path):
    arrays = [np.zeros((3, 4), np.float32), np.zeros((4, 3), np.float32)]
    with (tmp_path / "a.npy").open("w+b") as file, pytest.raises(FileError, match="do not stack"):
        npy.save((Raster(array, "NCHW") for array in arrays), file, "NPY")


def test_the_checksum_of_an_archive_is_compared(pool):
    np.savez("a.npz", a=np.arange(64, dtype=np.uint8).reshape(8, 8))
    data = Path("a.npz").read_bytes()

    Path("a.npz").write_bytes(data.replace(bytes(range(20, 30)), bytes(range(30, 20, -1))))
    assert "damaged" in pool("avg", "a.npz", "-o", "b.npz", code=1).stderr
    assert not Path("b.npz").exists()


def test_nothing_is_held_that_the_limit_forbids():
    with pytest.raises(FileError, match="--max-bytes 11"):
        memory.refuse_large("it has", 11, Reading(max_bytes=10))
    memory.refuse_large("it has", 10, Reading(max_bytes=10))
