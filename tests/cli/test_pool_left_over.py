"""Half-written files of dead runs: the next run removes them, even if it writes nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from numbapool_cli.files import write
from pictures import picture

pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes are told apart otherwise there")
NOBODY = 999999999


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("in/a", "in/b"):
        Path(tmp_path, name).mkdir(parents=True)
        picture("L", 8, 6).save(Path(tmp_path, name, "x.png"))
    monkeypatch.setattr(write, "_cleared", set())
    return tmp_path


def leave(folder: str, pid: int = NOBODY) -> Path:
    path = Path(folder, f"{write._prefix()}{pid}-0.tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"half")
    return path


@pytest.mark.parametrize(
    "options",
    [["--skip-existing"], ["--update"], ["--on-exists", "error"], ["--update", "-j", "2"]],
)
@pytest.mark.parametrize("command", ["avg", "pyramid"])
def test_a_run_with_nothing_to_write_removes_them(folder, pool, monkeypatch, command, options):
    if command == "pyramid" and "--update" in options:
        pytest.skip("pyramid has no --update")
    arguments = [command, "in", "-r", "-o", "out", *["--levels", "1"][: 2 * (command != "avg")]]
    pool(*arguments, *options)
    monkeypatch.setattr(write, "_cleared", set())
    left = [leave("out/a"), leave("out/b")]
    pool(*arguments, *options, code=1 if "error" in options else 0)
    assert not any(path.exists() for path in left)


def test_a_run_whose_files_all_fail_removes_them(folder, pool):
    for path in Path("in").rglob("*.png"):
        path.write_bytes(b"no picture")
    left = leave("out/a")
    pool("avg", "in", "-r", "-o", "out", code=1)
    assert not left.exists()


@pytest.mark.parametrize("command", [["sheet", "in/a/x.png"], ["diff", "in/a/x.png", "in/b/x.png"]])
def test_so_do_other_commands(folder, pool, command):
    left = leave("out")
    picture("L", 8, 6).save("out/s.png")
    pool(*command, "-o", "out/s.png", code=1)
    assert not left.exists()


def test_a_dry_run_touches_nothing(folder, pool):
    left = leave("out/a")
    pool("avg", "in", "-r", "-o", "out", "--dry-run")
    assert left.exists()


def test_a_dead_process_may_have_had_the_number_of_this_one(folder, pool):
    left = [leave("out/a", os.getpid()), leave("out/b", os.getpid())]
    write._cleared.add("out/b")  # it was looked into already: another name is found
    pool("avg", "in", "-r", "-o", "out")
    assert not left[0].exists()
    assert Path("out/a/x.png").exists()
    assert Path("out/b/x.png").exists()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc")
def test_a_process_that_nobody_waited_for_is_dead(folder, pool):
    with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as process:
        process.stdout.read()  # it ends, and is waited for only below
        while not write._unburied(process.pid):
            pass
        left = leave("out/a", process.pid)
        pool("avg", "in", "-r", "-o", "out")
        assert not left.exists()
