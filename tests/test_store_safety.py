"""Kernels that another user could have put there are never run; what is ours is closed to others.

The poison is a kernel whose call makes a folder: the mark that it was run.
"""

import os
import stat
import warnings
from pathlib import Path

import llvmlite.binding as llvm
import numpy as np
import pytest
from numbapool_cli.work import doctor
from processes import ended

import numbapool
from numbapool.compile import build, compiled, guarded, store
from numbapool.compile.contract import ENTRY
from numbapool.compile.engine import target_machine
from numbapool.pooling import call

pytestmark = pytest.mark.skipif(not guarded.HAS_OWNERS, reason="files have no modes here")
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0,
    reason="only root can make files of another user",
)

X = np.arange(1024, dtype=np.int16)
RIGHT = [255, 511, 767, 1023]
OTHER = 54321
"""A user who is neither this one nor root."""


def forget():
    compiled._kernels.clear()
    call.sliding.cache_clear()


@pytest.fixture(scope="module")
def code():
    """Give the machine code of the kernel that these tests use, compiled once."""
    seen = []
    real = build.build
    patch = pytest.MonkeyPatch()
    patch.setattr(store, "place", lambda: store.Place(None))
    patch.setattr(build, "build", lambda *given: seen.append(real(*given)) or seen[-1])
    forget()
    numbapool.max_pool1d(X, 256)
    patch.undo()
    return seen[0]


class Cache:
    """A cache's root with the folder for kernels, and what a call in it does."""

    def __init__(self, root, builds):
        self.root, self.folder = root, root / "numbapool-kernels"
        self.mark = root.parent / "mark"
        self.builds = builds

    @property
    def file(self):
        (path,) = self.folder.glob("*.o")
        return path

    def call(self):
        """Pool as a new process would; return its warnings and how many kernels it built."""
        store.told.clear()
        before = len(self.builds)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            self.pool()
            built = len(self.builds) - before
            self.pool()  # warns of nothing more
        return [str(each.message) for each in caught], built

    def pool(self):
        """Pool by a kernel from the disk or built, as if it were the process's first."""
        forget()
        assert numbapool.max_pool1d(X, 256).tolist() == RIGHT
        assert not self.mark.exists()

    def poison(self):
        """Put the poison in the kernel's place, whole by its hash."""
        content = bad(self.mark)
        self.file.write_bytes(store.CHECK(content).digest() + content)


def bad(mark):
    path = "".join(f"\\{byte:02x}" for byte in os.fsencode(mark))
    text = f"""
    @path = private constant [{len(os.fsencode(mark)) + 1} x i8] c"{path}\\00"
    declare i32 @mkdir(ptr, i32)
    define void @{ENTRY}(i64 %a, i64 %b, i64 %c, i64 %d) {{
      %made = call i32 @mkdir(ptr @path, i32 511)
      ret void
    }}
    """
    machine = target_machine()
    module = llvm.parse_assembly(text)
    module.triple, module.data_layout = machine.triple, str(machine.target_data)
    return machine.emit_object(module)


@pytest.fixture
def cache(tmp_path, monkeypatch, code):
    """Give a cache in which the kernel is kept."""
    builds = []
    monkeypatch.setattr(build, "build", lambda *_: builds.append(1) or code)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "root"))
    made = Cache(tmp_path / "root", builds)
    assert made.call() == ([], 1)
    assert made.call() == ([], 0)
    yield made
    forget()


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


def give_away(*paths):
    for path in paths:
        os.chown(path, OTHER, OTHER)


def test_the_poison_works(cache):
    """In a folder that is rightly trusted it is run: the other tests show that theirs is not."""
    cache.poison()
    forget()
    numbapool.max_pool1d(X, 256)
    assert cache.mark.exists()


def test_what_is_made_is_this_users_alone(tmp_path, monkeypatch, cache):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "new" / "and" / "deep"))
    was = os.umask(0)
    try:
        assert cache.call() == ([], 1)
    finally:
        os.umask(was)
    made = [tmp_path / "new", *tmp_path.joinpath("new").rglob("*")]
    assert {mode(path) for path in made if path.is_dir()} == {0o700}
    files = [path for path in made if path.is_file()]
    assert {path.suffix for path in files} == {".o", ".lock"}
    assert {mode(path) for path in files} == {0o600}


def test_a_folder_that_others_can_read_is_used_and_closed(cache):
    cache.folder.chmod(0o755)
    cache.file.chmod(0o644)
    assert cache.call() == ([], 0)
    assert mode(cache.folder) == 0o700


@pytest.mark.parametrize("open_to", [0o777, 0o770, 0o1777])
def test_a_folder_that_others_could_write_to_is_closed_and_emptied(cache, open_to):
    cache.poison()
    cache.folder.joinpath("more").touch()
    cache.folder.chmod(open_to)
    told, built = cache.call()
    assert built == 1
    assert len(told) == 1
    assert f"other users could write to {cache.folder}" in told[0]
    assert mode(cache.folder) == 0o700
    assert not cache.folder.joinpath("more").exists()
    assert cache.call() == ([], 0)


def test_so_is_one_in_a_root_that_others_could_write_to(cache):
    cache.poison()
    cache.root.chmod(0o777)
    told, built = cache.call()
    assert (len(told), built) == (1, 1)
    assert mode(cache.root) == 0o755  # other programs' files may be read
    assert cache.call() == ([], 0)


def test_in_a_root_like_tmp_others_cannot_harm_it(cache):
    cache.root.chmod(0o1777)
    assert cache.call() == ([], 0)
    assert mode(cache.root) == 0o1777


def test_a_file_that_others_could_write_to_is_made_anew(cache):
    cache.poison()
    cache.file.chmod(0o666)
    told, built = cache.call()
    assert (len(told), built) == (1, 1)
    assert f"other users could write to {cache.file}, so it was thrown away" in told[0]
    assert mode(cache.file) == 0o600
    assert cache.call() == ([], 0)


@as_root
@pytest.mark.parametrize("what", ["root", "folder", "file", "all"])
def test_what_belongs_to_another_user_is_left_alone(cache, what):
    cache.poison()
    paths = {"root": cache.root, "folder": cache.folder, "file": cache.file}
    given = list(paths.values()) if what == "all" else [paths[what]]
    give_away(*given)
    before = {path: (path.lstat().st_mode, path.lstat().st_mtime_ns) for path in paths.values()}
    told, built = cache.call()
    assert (len(told), built) == (1, 1)
    assert f"{given[0]} belongs to another user (uid {OTHER}), so it is left alone" in told[0]
    if what != "file":
        assert "set NUMBA_CACHE_DIR" in told[0]
        assert before == {
            path: (path.lstat().st_mode, path.lstat().st_mtime_ns) for path in paths.values()
        }


@as_root
def test_a_root_of_another_user_without_a_folder(cache, tmp_path, monkeypatch):
    theirs = tmp_path / "theirs"
    theirs.mkdir(0o777)
    give_away(theirs)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(theirs))
    told, built = cache.call()
    assert (len(told), built) == (1, 1)
    assert not list(theirs.iterdir())


@as_root
def test_what_root_owns_is_trusted_unless_others_can_write_to_it(cache, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: OTHER)
    assert cache.call() == ([], 0)
    cache.folder.chmod(0o777)
    told, built = cache.call()
    assert (len(told), built) == (1, 1)
    assert f"other users can write to {cache.folder}, so it is left alone" in told[0]


def test_a_link_is_not_followed(cache):
    cache.poison()
    elsewhere = cache.root / "elsewhere.o"
    cache.file.rename(elsewhere)
    name = next(cache.folder.glob("*.lock")).with_suffix(".o")
    name.symlink_to(elsewhere)
    told, built = cache.call()
    assert (len(told), built) == (1, 1)
    assert "is a link, which is not followed" in told[0]
    assert name.is_symlink()


def test_nor_is_a_folder_that_is_one(cache):
    cache.poison()
    cache.folder.rename(cache.root / "elsewhere")
    cache.folder.symlink_to(cache.root / "elsewhere")
    told, built = cache.call()
    assert (len(told), built) == (1, 1)
    assert f"{cache.folder} is a link" in told[0]


def test_nor_a_lock_that_is_one(cache):
    cache.file.unlink()
    (lock,) = cache.folder.glob("*.lock")
    lock.unlink()
    target = cache.root / "target"
    lock.symlink_to(target)
    assert cache.call() == ([], 1)
    assert not target.exists()


def test_the_root_may_be_a_link(cache, tmp_path, monkeypatch):
    link = tmp_path / "link"
    link.symlink_to(cache.root)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(link))
    assert cache.call() == ([], 0)


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir] if hasattr(os, "mkfifo") else [])
def test_what_is_no_file_is_left_alone(cache, make):
    path = cache.file
    path.unlink()
    make(path)
    told, built = cache.call()
    assert (len(told), built) == (1, 1)
    assert "is not a file, so it is left alone" in told[0]


def test_a_file_system_without_modes(cache, monkeypatch):
    cache.folder.chmod(0o777)
    monkeypatch.setattr(os, "fchmod", lambda *_: None)
    told, built = cache.call()
    assert (len(told), built) == (1, 1)
    assert f"other users can write to {cache.folder}, so it is left alone" in told[0]


def test_nothing_is_unpickled():
    for path in Path(store.__file__).parent.glob("*.py"):
        assert "import pickle" not in path.read_text(encoding="utf-8")


def test_on_windows_only_the_profile(tmp_path):
    home = tmp_path / "home"
    guarded._refuse_outside(home / "AppData" / "Local", home)
    for outside in (tmp_path, tmp_path / "home2", home / ".." / "elsewhere"):
        with pytest.raises(guarded.Unsafe, match="outside your profile"):
            guarded._refuse_outside(outside, home)


def test_the_command_says_it_once(cache, pool_files):
    cache.folder.chmod(0o777)
    said = command(pool_files, cache.root)
    assert said.count("other users could write to") == 1
    assert "(kept for next time)" in said
    assert "other users" not in command(pool_files, cache.root)


@as_root
def test_the_command_and_the_doctor_say_what_is_left_alone(cache, pool_files):
    give_away(cache.root)
    said = command(pool_files, cache.root)
    assert said.count("belongs to another user") == 1
    assert "kept nowhere" in said
    (finding,) = doctor.kernels()
    assert "belongs to another user" in finding.text
    assert "set NUMBA_CACHE_DIR" in finding.advice


@pytest.fixture
def pool_files(tmp_path):
    files = tmp_path / "files"
    files.mkdir()
    for name in ("a", "b"):
        np.save(files / f"{name}.npy", X.reshape(32, 32))
    return files


def command(files, root):
    words = "sum . -o out/ --on-exists overwrite -j 1".split()
    done = ended(None, *words, options=["-m", "numbapool"], cwd=files, NUMBA_CACHE_DIR=root)
    assert done.code == 0, done.errors
    return done.errors
