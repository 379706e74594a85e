"""Ctrl-C at any moment ends with a plain line or none; a full standard error ends nothing."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from numbapool_cli.exits import ExitCode
from pictures import picture

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise there")

# Press Ctrl-C as a module begins to be imported, in the main thread or beside it.
PRESSED = """
    import os, signal, sys
    class Pressing:
        def find_spec(self, name, path=None, target=None):
            if name == {module!r} and self in sys.meta_path:
                sys.meta_path.remove(self)
                os.kill(os.getpid(), signal.SIGINT)
    sys.meta_path.insert(0, Pressing())
    sys.argv[0] = "pool"
    from numbapool_cli import main
    main()
"""

MODULES = (
    "numbapool_cli.interrupts",
    "numbapool_cli.exits",
    "numbapool_cli.app",
    "click",
    "numbapool_cli.telling.quiet",
    "numbapool_cli.commands.operator",
    "numbapool_cli.work.pooled",
    "numpy",
    "numpy._core._multiarray_umath",
    "PIL.Image",
    "numbapool_cli.codecs.pillow",
    "numbapool.pooling.pool",
    "numbapool_cli.codecs.pillow_save",
)


def run(script: str, *arguments: str, **extra: object) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *arguments],
        stdout=subprocess.PIPE,
        timeout=120,
        **extra,
    )


def said_plainly(done: subprocess.CompletedProcess) -> None:
    assert done.returncode == ExitCode.INTERRUPTED, done.stderr
    assert done.stderr.decode().strip() in (
        "",
        "pool: interrupted. Files that were written are whole.",
    )


@pytest.mark.parametrize("module", MODULES)
def test_while_modules_load(pool, module):
    picture("L", 8, 6).save("a.png")
    script = PRESSED.format(module=module)
    words = "avg a.png -k 3 -s 1 -o b.png".split()  # by a kernel, so the library is imported too
    done = run(script, *words, stderr=subprocess.PIPE)
    said_plainly(done)
    assert not list(Path().glob(".pool*"))


AFTERWARDS = """
    import atexit, os, signal, sys
    atexit.register(os.kill, os.getpid(), signal.SIGINT)
    sys.argv[0] = "pool"
    from numbapool_cli import main
    main()
"""


def test_when_all_is_done(pool):
    picture("L", 8, 6).save("a.png")
    said_plainly(run(AFTERWARDS, "avg", "a.png", "-o", "b.png", stderr=subprocess.PIPE))
    assert Path("b.png").exists()


TWICE = """
    import os, signal, sys
    from numbapool_cli import app, main
    from numbapool_cli.work import pooled
    def pressed(*_, **__):
        os.kill(os.getpid(), signal.SIGINT)
    {where} = pressed
    echo = app.click.echo
    def echoed(*args, **extra):
        os.kill(os.getpid(), signal.SIGINT)
        echo(*args, **extra)
    app.click.echo = echoed
    sys.argv[0] = "pool"
    main()
"""


@pytest.mark.parametrize("where", ["pooled.save", "pooled.pool"])
def test_twice(pool, where):
    picture("L", 8, 6).save("a.png")
    done = run(TWICE.format(where=where), "avg", "a.png", "-o", "b.png", stderr=subprocess.PIPE)
    said_plainly(done)
    assert not list(Path().glob(".pool*"))


IGNORED = """
    import os, signal, sys
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from numbapool_cli import main
    from numbapool_cli.work import pooled
    pool = pooled.pool
    def pressed(*args):
        os.kill(os.getpid(), signal.SIGINT)
        return pool(*args)
    pooled.pool = pressed
    sys.argv[0] = "pool"
    main()
"""


def test_what_runs_in_the_background_is_left_alone(pool):
    picture("L", 8, 6).save("a.png")
    done = run(IGNORED, "avg", "a.png", "-o", "b.png", stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr
    assert Path("b.png").exists()


def test_the_handler_is_the_commands_alone(pool):
    """Whoever imports the package, or runs a command by Click, keeps Python's own."""
    before = signal.getsignal(signal.SIGINT)
    picture("L", 8, 6).save("a.png")
    pool("avg", "a.png", "-o", "b.png")
    assert signal.getsignal(signal.SIGINT) is before


PLAIN = """
    import sys
    sys.argv[0] = "pool"
    from numbapool_cli import main
    main()
"""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["avg", "a.png", "-o", "out/"], 0),
        (["avg", "in", "-o", "out", "-v"], 1),
        (["avg", "in", "-o", "out", "-v", "-j", "2"], 1),
        (["avg", "missing.png"], 3),
        (["avg", "--unknown"], 2),
        (["avg", "empty"], 3),
        (["info", "missing.png"], 3),
        (["diff", "a.png", "missing.png"], 1),
        (["warmup", "median", "--dtype", "uint8", "-q"], 0),
    ],
)
def test_a_full_standard_error_changes_no_exit_code(pool, arguments, code):
    picture("L", 8, 6).save("a.png")
    Path("empty").mkdir()
    Path("in").mkdir()
    for number in range(9):
        picture("L", 8, 6).save(f"in/{number}.png")
    Path("in/bad.png").write_bytes(b"bad")
    with Path("/dev/full").open("wb") as full:
        assert run(PLAIN, *arguments, stderr=full).returncode == code
    assert len(list(Path("out").glob("*.png"))) == {"a.png": 1, "in": 9}.get(arguments[1], 0) or (
        arguments[0] != "avg"
    )


def test_streams_that_do_not_wait(pool):
    """Who started the process may have set its pipe so: what is written must all arrive."""
    for number in range(300):
        picture("L", 2, 2).save(f"{number:0100}.png")
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PLAIN), "info", "."], stdout=writing, stderr=writing
    ) as process:
        os.close(writing)
        with os.fdopen(reading, "rb") as stream:
            whole = stream.read().decode()
        assert process.wait(60) == 0, whole[-500:]
    assert whole.count("pooled") == 300


FORKED = """
import sys
from numbapool_cli import main
if __name__ == "__main__":
    main()
"""

SPAWNED = """
import sys, threading, time
if __name__ == "__main__":
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    from numbapool_cli import main
    main()
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="there is no /proc")
@pytest.mark.parametrize("script", [FORKED, SPAWNED], ids=["forked", "spawned"])
def test_as_workers_begin(pool, script):
    """The terminal sends it to all of them; one answers."""
    Path("in").mkdir()
    for number in range(20):
        picture("RGB", 200, 200, number).save(f"in/{number}.png")
    Path("pool.py").write_text(script)
    with subprocess.Popen(
        [sys.executable, "pool.py", "avg", "in", "-o", "out", "-j", "2", "-q"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    ) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        least = 1 if script == FORKED else 2  # spawned workers have a tracker beside them
        while process.poll() is None and len(children.read_text().split()) < least:
            pass
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == ExitCode.INTERRUPTED, said
    assert "Traceback" not in said
    assert said.strip().endswith("interrupted. Files that were written are whole.")
    assert not list(Path("out").glob(".pool*"))
