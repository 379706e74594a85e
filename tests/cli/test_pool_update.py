"""--update: what is skipped, what is made again, and what is noted of it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numbapool_cli.files import manifest
from numbapool_cli.job import JOURNAL, MANIFEST, Job, OutputSize, Reading, Values, Window, Writing
from numbapool_cli.work import update
from pictures import picture, read


@pytest.fixture
def run(pool):
    """Give a function that updates out/ from in/, and says what was done and what skipped."""
    Path("in").mkdir()
    for number in range(3):
        picture("L", 9, 7, number).save(f"in/{number}.png")

    def run(*arguments, code=0):
        result = pool("avg", "in", "-o", "out", "--update", "--json", *arguments, code=code)
        rows = [json.loads(line) for line in result.stdout.splitlines()][:-1]
        named = {"done": [], "skipped": [], "failed": [], "planned": []}
        for row in rows:
            named[row["status"]].append(Path(row["source"]).stem)
        return {status: sorted(names) for status, names in named.items() if names}

    return run


def touch(path):
    status = Path(path).stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 10**9))


ALL = ["0", "1", "2"]
ANEW = ("--on-exists", "overwrite")


def test_nothing_is_done_twice(run):
    assert run() == {"done": ALL}
    before = Path("out", MANIFEST).read_bytes()
    assert run() == {"skipped": ALL}
    assert run("-j", 2) == {"skipped": ALL}
    assert Path("out", MANIFEST).read_bytes() == before


def test_what_changed_is_done_again(run):
    run()
    picture("L", 9, 7, 9).save("in/1.png")
    assert run() == {"done": ["1"], "skipped": ["0", "2"]}
    assert np.array_equal(read("out/1.png"), picture("L", 9, 7, 9).reduce(2))
    picture("L", 9, 7, 4).save("in/3.png")
    assert run("-j", 2) == {"done": ["3"], "skipped": ALL}


def test_a_time_alone_is_no_change(run):
    run()
    touch("in/1.png")
    assert run("--dry-run") == {"skipped": ALL}
    assert run() == {"skipped": ALL}
    noted = json.loads(Path("out", MANIFEST).read_text())["outputs"]["1.png"]
    assert noted["mtime_ns"] == Path("in/1.png").stat().st_mtime_ns


def test_same_size_and_another_content(run):
    run()
    data = bytearray(Path("in/1.png").read_bytes())
    picture("L", 9, 7, 2).save("other.png")
    assert len(data) == Path("other.png").stat().st_size
    Path("in/1.png").write_bytes(Path("other.png").read_bytes())
    touch("in/1.png")
    assert run("--dry-run") == {"planned": ["1"], "skipped": ["0", "2"]}
    assert run() == {"done": ["1"], "skipped": ["0", "2"]}


def test_options_that_matter(run):
    run()
    assert run("-k", 3) == {"done": ALL}
    assert run("-k", 3, "--max-pixels", 999) == {"skipped": ALL}
    assert run("-k", 3, "--rounding", "floor") == {"done": ALL}
    assert run() == {"done": ALL}


def test_outputs_that_are_gone_or_anothers(run, pool):
    run()
    Path("out/0.png").unlink()
    pool("max", "in/2.png", "-o", "out/2.png", "--on-exists", "overwrite")
    assert run("--dry-run", code=1) == {"planned": ["0"], "failed": ["2"], "skipped": ["1"]}
    before = Path("out/2.png").read_bytes()
    assert run(code=1) == {"done": ["0"], "failed": ["2"], "skipped": ["1"]}
    assert Path("out/2.png").read_bytes() == before
    said = pool("avg", "in", "-o", "out", "--update", code=1).stderr
    why = "out/2.png has changed since .numbapool.json noted it, so it was left alone"
    assert f"in/2.png  {why}: --on-exists overwrite makes it again" in said
    assert run(*ANEW) == {"done": ["2"], "skipped": ["0", "1"]}
    assert np.array_equal(read("out/2.png"), read("in/2.png").reduce(2))
    assert run() == {"skipped": ALL}


def test_an_output_of_another_source(run, pool):
    run()
    pool("avg", "in/0.png", "-o", "out/1.png", "--update")
    assert np.array_equal(read("out/1.png"), read("out/0.png"))
    assert run() == {"done": ["1"], "skipped": ["0", "2"]}


def test_a_tree_may_move(run, tmp_path, monkeypatch):
    run()
    below = tmp_path / "below"
    below.mkdir()
    for name in ("in", "out"):
        Path(name).rename(below / name)
    monkeypatch.chdir(below)
    assert run() == {"skipped": ALL}


def test_failures_are_tried_again(run):
    Path("in/1.png").write_bytes(b"none")
    assert run(code=1) == {"done": ["0", "2"], "failed": ["1"]}
    assert run(code=1) == {"failed": ["1"], "skipped": ["0", "2"]}
    Path("in/1.png").unlink()
    Path("in/1.png").symlink_to("nowhere.png")
    assert run(code=1) == {"failed": ["1"], "skipped": ["0", "2"]}


def test_beside_the_inputs(pool):
    picture("L", 8, 8).save("in.png")
    assert "1 skipped" not in pool("avg", ".", "--update").stderr
    said = pool("avg", ".", "--update").stderr
    assert "1 skipped" in said
    assert sorted(path.name for path in Path().iterdir()) == [MANIFEST, "in.avg2.png", "in.png"]
    assert "Skipped 1 file from an earlier run." in said  # the output, not the manifest
    assert "other types" not in said


def test_without_update_nothing_is_noted(run, pool):
    pool("avg", "in", "-o", "out")
    assert sorted(path.name for path in Path("out").iterdir()) == ["0.png", "1.png", "2.png"]
    assert run(code=1) == {"failed": ALL}
    assert not Path("out", MANIFEST).exists()
    said = pool("avg", "in", "-o", "out", "--update", code=1).stderr
    why = "out/0.png is not noted in .numbapool.json, so it was left alone"
    assert f"in/0.png  {why}: --on-exists overwrite makes it again" in said
    assert run(*ANEW) == {"done": ALL}
    before = Path("out", MANIFEST).read_bytes()
    pool("avg", "in", "-o", "out", "--on-exists", "overwrite")
    assert Path("out", MANIFEST).read_bytes() == before
    assert run(code=1) == {"failed": ALL}
    assert run(*ANEW) == {"done": ALL}
    assert run(*ANEW) == {"skipped": ALL}


def test_a_dry_run_notes_nothing(run):
    assert run("--dry-run") == {"planned": ALL}
    assert not Path("out").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"version": 1}',
        b'{"version": 1, "outputs": [1, 2]}',
        b'{"version": 2, "outputs": {}}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_manifest_is_empty(run, pool, content):
    run()
    Path("out", MANIFEST).write_bytes(content)
    said = pool("avg", "in", "-o", "out", "--update", code=1).stderr
    assert said.count("taken as empty") == 1
    assert said.count("is not noted") == 3
    assert run(*ANEW) == {"done": ALL}
    assert run() == {"skipped": ALL}


@pytest.mark.parametrize(
    "harm",
    [
        lambda row: [],
        lambda row: {**row, "written": 3},
        lambda row: {**row, "written": [1, 2, 3, 4]},
        lambda row: {**row, "options": None},
        lambda row: {**row, "sha256": None, "mtime_ns": 0},
        lambda row: {key: row[key] for key in row if key != "source"},
    ],
)
def test_a_damaged_record_is_none(run, harm):
    run()
    path = Path("out", MANIFEST)
    content = json.loads(path.read_text())
    content["outputs"]["1.png"] = harm(content["outputs"]["1.png"])
    path.write_text(json.dumps(content))
    assert run(*ANEW) == {"done": ["1"], "skipped": ["0", "2"]}


def test_options_are_noted_in_full():
    job = Job("a.png", "b.png", "avg", Window(size=OutputSize(10, 20)), Values(nodata=float("nan")))
    assert manifest.options_of(job) == {"operator": "avg", "size": "10x20", "nodata": "nan"}
    other = Job("a.png", "b.png", "avg", writing=Writing("PNG", "overwrite"))
    assert manifest.options_of(other) == {"operator": "avg"}


def test_every_option_has_a_name_of_its_own():
    parts = (Window, Values, Reading, Writing)
    names = [name for part in parts for name in part.__dataclass_fields__]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("extra", [["--skip-existing"], ["--on-exists", "rename"]])
def test_policies_that_contradict(run, pool, extra):
    said = pool("avg", "in", "-o", "out", "--update", *extra, code=2).stderr
    assert "--update itself" in said


def test_streams_have_no_time(pool):
    assert "standard input" in pool("avg", "-", "-o", "a.png", "--update", code=2).stderr
    picture("L", 4, 4).save("in.png")
    assert "standard" in pool("avg", "in.png", "-o", "-", "--update", code=2).stderr


def test_a_source_that_changes_meanwhile(run):
    """What is pooled after its stamp was taken is seen to differ by the next run."""
    real = update.pool_file

    def changing(job):
        if job.source.endswith("1.png"):
            picture("L", 9, 7, 9).save(job.source)
        return real(job)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(update, "pool_file", changing)
        assert run("-j", 1) == {"done": ALL}
    assert run() == {"done": ["1"], "skipped": ["0", "2"]}
    assert run() == {"skipped": ALL}


def test_an_unwritable_manifest(run, pool):
    run()
    Path("out", MANIFEST).unlink()
    Path("out", MANIFEST).mkdir()
    said = pool("avg", "in", "-o", "out", "--update", *ANEW).stderr
    assert said.count("taken as empty") == 1
    assert f"what it should note stays in {JOURNAL}" in said
    assert "Traceback" not in said
    assert run() == {"skipped": ALL}


def test_what_a_killed_run_noted_is_known(run):
    """A run that is killed leaves its journal, perhaps with the last line cut short."""
    run()
    noted = json.loads(Path("out", MANIFEST).read_text())["outputs"]
    lines = [json.dumps([name, row]) for name, row in sorted(noted.items())]
    Path("out", MANIFEST).unlink()
    Path("out", JOURNAL).write_text("\n".join(["null", '["9.png"]', *lines])[:-9])
    assert run("--dry-run", code=1) == {"skipped": ["0", "1"], "failed": ["2"]}
    assert Path("out", JOURNAL).exists()
    assert not Path("out", MANIFEST).exists()
    assert run(code=1) == {"skipped": ["0", "1"], "failed": ["2"]}
    assert run(*ANEW) == {"skipped": ["0", "1"], "done": ["2"]}
    assert not Path("out", JOURNAL).exists()
    assert json.loads(Path("out", MANIFEST).read_text())["outputs"].keys() == noted.keys()


def test_a_journal_that_cannot_be_written(run, pool):
    run()
    picture("L", 9, 7, 9).save("in/1.png")
    Path("out", JOURNAL).mkdir()
    assert run(code=1) == {"failed": ["1"], "skipped": ["0", "2"]}
    said = pool("avg", "in", "-o", "out", "--update", code=1).stderr
    assert f"{JOURNAL} beside the output could not be written: is a directory" in said
    Path("out", JOURNAL).rmdir()
    assert run() == {"done": ["1"], "skipped": ["0", "2"]}


def test_overwriting_goes_with_an_update_that_a_file_asks_for(run):
    run()
    Path("out", MANIFEST).unlink()
    Path("pool.toml").write_text("update = true\n")
    assert run(*ANEW, "--config", "pool.toml") == {"done": ALL}
    assert run("--config", "pool.toml") == {"skipped": ALL}


def test_runs_at_once(run):
    for number in range(3, 12):
        picture("L", 9, 7, number).save(f"in/{number}.png")
    command = [sys.executable, "-c", "from numbapool_cli import main; main()", "avg", "-o", "out"]
    runs = [
        subprocess.Popen([*command, "--update", *(f"in/{n}.png" for n in part)])
        for part in (range(0, 8), range(4, 12))
    ]
    assert [process.wait(120) for process in runs] == [0, 0]
    assert len(json.loads(Path("out", MANIFEST).read_text())["outputs"]) == 12
    run()
    assert run() == {"skipped": sorted(str(n) for n in range(12))}
    assert not list(Path("out").glob(".pool*"))


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise there")
def test_what_was_done_before_an_interrupt_is_noted(run):
    for number in range(3, 40):
        picture("L", 120, 120, number).save(f"in/{number}.png")
    code = "from numbapool_cli import main; main()"
    command = [sys.executable, "-c", code, "avg", "in", "-o", "out", "-j", "1", "--update", "-v"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for _ in range(5):
        process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert "interrupted" in process.communicate(timeout=60)[1]
    noted = json.loads(Path("out", MANIFEST).read_text())["outputs"]
    assert 5 <= len(noted) < 40
    # At most the one at work when the signal came was written and not noted.
    assert len(list(Path("out").glob("*.png"))) - len(noted) <= 1
    rest = run()
    assert len(rest["skipped"]) == len(noted)
    assert len(rest["done"]) == 40 - len(noted)
