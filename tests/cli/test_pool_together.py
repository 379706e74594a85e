"""Two runs into one folder at once: all outputs whole, and none of one run lost to the other."""

import hashlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from numbapool_cli.exits import ExitCode
from pictures import picture

COMMAND = [sys.executable, "-c", "from numbapool_cli import main; main()"]
FILES = 30


def start(*arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [*COMMAND, "avg", "in", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def hashes(folder: str) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in Path(folder).iterdir()
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("together")
    (folder / "in").mkdir()
    for number in range(FILES):
        picture("RGB", 60, 40, number).save(folder / "in" / f"{number:02}.png")
    run = subprocess.run([*COMMAND, "avg", "in", "-o", "alone", "-q"], cwd=folder, timeout=120)
    assert run.returncode == 0
    return folder


@pytest.mark.parametrize("apart", [0.1])
@pytest.mark.parametrize(
    "policy",
    [
        ["--on-exists", "error"],
        ["--skip-existing"],
        ["--on-exists", "overwrite"],
        ["--on-exists", "rename"],
        ["--update"],
    ],
    ids=lambda policy: policy[-1].lstrip("-"),
)
def test_two_runs_at_once(folder, monkeypatch, policy, apart):
    monkeypatch.chdir(folder)
    out = f"out-{policy[-1]}-{apart}/"
    runs = []
    for _ in range(2):
        runs.append(start("-o", out, "-j", "2", *policy))
        time.sleep(apart)
    said = [run.communicate(timeout=120)[1] for run in runs]
    for text in said:
        assert "Traceback" not in text
        assert "unexpected" not in text
    codes = [run.returncode for run in runs]
    found, alone = hashes(out), hashes("alone")
    manifest = found.pop(".numbapool.json", None)
    if policy[-1] == "rename":
        wanted = {f"{Path(name).stem}-1.png": value for name, value in alone.items()}
        assert found == alone | wanted
    else:
        assert found == alone
    if policy[-1] == "error":
        assert set(codes) <= {ExitCode.DONE, ExitCode.SOME_FAILED}
        done = [int(count) for text in said for count in re.findall(r"([0-9]+) done", text)]
        assert sum(done) == FILES  # a run that did nothing tells of none
    else:
        assert codes == [ExitCode.DONE, ExitCode.DONE], said
    assert (manifest is not None) == (policy[-1] == "--update")
    if manifest:
        again = start("-o", out, *policy)
        _, told = again.communicate(timeout=120)
        assert told == f"0 done, {FILES} skipped.\n"


@pytest.mark.skipif(os.name == "nt", reason="there, files in use are not removed")
def test_other_inputs_at_once_share_a_manifest(folder, monkeypatch):
    """Neither run's records are lost to the other's."""
    monkeypatch.chdir(folder)
    half = FILES // 2
    names = [f"in/{number:02}.png" for number in range(FILES)]
    command = [*COMMAND, "avg", "-o", "halves/", "--update", "-j", "2", "-q"]
    runs = [subprocess.Popen([*command, *part]) for part in (names[:half], names[half:])]
    assert [run.wait(120) for run in runs] == [0, 0]
    again = subprocess.run(
        [*COMMAND, "avg", "in", "-o", "halves", "--update"],
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
    )
    assert again.stderr == f"0 done, {FILES} skipped.\n"
