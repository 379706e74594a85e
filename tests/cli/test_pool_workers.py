"""A worker process that dies takes the file at work with it, and no other is lost or done twice."""

import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from pictures import picture

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux alone")

FILES = 10
BEGIN = """
    import errno, os, signal, sys, time
    from pathlib import Path
    from numbapool_cli import main
    from numbapool_cli.batch import processes
    from numbapool_cli.work import pooled
    sys.argv[0] = "pool"
    real = pooled.pool_file
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    for number in range(FILES):
        picture("RGB", 40, 20, number).save(tmp_path / "in" / f"f{number}.png")
    return tmp_path


def run(folder: Path, script: str, *options: str) -> subprocess.CompletedProcess:
    script = textwrap.dedent(BEGIN) + textwrap.dedent(script) + "\nmain()"
    command = [sys.executable, "-c", script, "avg", "in", "-o", "out", "--jobs", "2", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stderr
    assert "exists" not in done.stderr
    return done


def written(folder: Path) -> list[int]:
    assert not list((folder / "out").glob(".pool*"))
    return sorted(int(path.stem[1:]) for path in (folder / "out").glob("*.png"))


DIES_AT_WORK = """
    def pool_file(job):
        if job.source.endswith("f1.png") and not Path("died").exists():
            while not Path("out/f4.png").exists():
                time.sleep(0.02)
            Path("died").touch()
            os._exit(1)
        return real(job)
    pooled.pool_file = pool_file
"""


@pytest.mark.parametrize("policy", ["error", "rename"])
def test_what_was_done_is_not_done_again(folder, policy):
    done = run(folder, DIES_AT_WORK, "--on-exists", policy)
    assert done.returncode == 1
    assert done.stderr.count("died (exit code 1)") == 1
    assert written(folder) == [n for n in range(FILES) if n != 1]


def test_each_of_several_deaths_costs_one_file(folder):
    script = """
    def pool_file(job):
        if job.source[-5] in "0369":
            from numbapool_cli.files.write import writing
            half = writing(job.target, "error")
            half.__enter__().file.write(b"half")
            os.kill(os.getpid(), signal.SIGKILL)
        return real(job)
    pooled.pool_file = pool_file
    """
    done = run(folder, script)
    assert done.returncode == 1
    assert done.stderr.count("died (SIGKILL)") == 4
    assert "4 of 10 failed" in done.stderr
    assert written(folder) == [1, 2, 4, 5, 7, 8]


# A worker is killed when it has sent an outcome, before the parent has given it another file.
DIES_BETWEEN = """
    ready = processes._ready
    def killing(crew):
        found = ready(crew)
        for worker in found:
            if worker.number == 3 and worker.job and not Path("died").exists():
                Path("died").touch()
                while not Path("out/f3.png").exists():
                    time.sleep(0.02)
                time.sleep(0.2)
                os.kill(worker.process.pid, signal.SIGKILL)
        return found
    processes._ready = killing
"""

DIES_AT_START = """
    begin = processes._begin
    def dying():
        try:
            os.close(os.open("died", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return begin()
        os._exit(3)
    processes._begin = dying
"""

NEVER_STARTS = """
    def dying():
        os._exit(3)
    processes._begin = dying
"""

# One is at work, and no other comes to live: its file must not be lost.
DIES_BESIDE = """
    begin = processes._begin
    def dying():
        try:
            os.close(os.open("died", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            os._exit(3)
        begin()
    def pool_file(job):
        time.sleep(0.5 if job.source.endswith("f0.png") else 0)
        return real(job)
    processes._begin, pooled.pool_file = dying, pool_file
"""

NO_FORK = """
    def refused():
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    os.fork = refused
"""

NO_SECOND_FORK = """
    fork, forks = os.fork, []
    def refused():
        if forks:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        forks.append(1)
        return fork()
    os.fork = refused
"""

NO_SEMAPHORES = """
    sys.modules["_multiprocessing"] = None
    sys.modules["multiprocessing.synchronize"] = None
"""


@pytest.mark.parametrize(
    "script",
    [
        DIES_BETWEEN,
        DIES_AT_START,
        DIES_BESIDE,
        NEVER_STARTS,
        NO_FORK,
        NO_SECOND_FORK,
        NO_SEMAPHORES,
    ],
    ids=[
        "between",
        "at start",
        "beside",
        "never starts",
        "no fork",
        "no second fork",
        "no semaphores",
    ],
)
def test_where_no_file_was_at_work_none_is_lost(folder, script):
    done = run(folder, script)
    assert done.returncode == 0, done.stderr
    assert written(folder) == list(range(FILES))
    if "died" in script:
        assert (folder / "died").exists()


def test_nothing_begins_after_a_failure_with_fail_fast(folder):
    script = """
    def pool_file(job):
        if job.source.endswith("f1.png"):
            os._exit(1)
        time.sleep(0.5)
        return real(job)
    pooled.pool_file = pool_file
    """
    done = run(folder, script, "--fail-fast")
    assert done.returncode == 1
    assert len(written(folder)) < FILES - 1


def test_threads_that_the_system_does_not_give(folder):
    script = """
    import threading
    def refused(self):
        raise RuntimeError("can't start new thread")
    from numbapool_cli.batch import run
    run.PROCESSES_FROM = 1000
    threading.Thread.start = refused
    """
    done = run(folder, script)
    assert done.returncode == 0, done.stderr
    assert written(folder) == list(range(FILES))


@pytest.mark.parametrize("most", [7, 10])
def test_few_open_files(folder, most):
    """None may be opened any more here and there: each file is done, or fails in one line."""
    run(folder, "")  # keeps the kernels: with few files, Numba may be imported by half
    shutil.rmtree(folder / "out")
    script = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({most}, {most}))"
    done = run(folder, script)
    failed = done.stderr.lower().count("too many open files")
    assert done.returncode == (1 if failed else 0), done.stderr
    assert len(written(folder)) == FILES - failed


def test_what_libraries_log_is_not_shown(folder):
    script = """
    def pool_file(job):
        import logging
        try:
            raise OSError("no more files")
        except OSError:
            logging.exception("a library's word")
        return real(job)
    pooled.pool_file = pool_file
    """
    done = run(folder, script)
    assert done.returncode == 0
    assert "a library's word" not in done.stderr
