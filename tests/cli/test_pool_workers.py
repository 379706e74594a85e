"""A worker process that dies takes one file with it, and no other is done twice."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from pictures import picture

SCRIPT = """
    import os, sys, time
    from pathlib import Path
    from numbapool_cli import main, processes
    real = processes.run_one
    def run_one(job):
        if job.source.endswith("f1.png") and not Path("died").exists():
            while not Path("out/f4.png").exists():
                time.sleep(0.02)
            Path("died").touch()
            os._exit(1)
        return real(job)
    processes.run_one = run_one
    sys.argv[0] = "pool"
    main()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux alone")
@pytest.mark.parametrize("policy", ["error", "rename"])
def test_what_was_done_is_not_done_again(tmp_path, policy):
    (tmp_path / "in").mkdir()
    for number in range(10):
        picture("RGB", 20, 20, number).save(tmp_path / "in" / f"f{number}.png")
    options = ["-k", "2", "--jobs", "2", "--on-exists", policy]
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), "avg", "in", "-o", "out", *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert "exists" not in done.stderr
    assert done.stderr.count("died") == 1
    whole = sorted(Path(tmp_path / "out").glob("*.png"))
    assert [path.name for path in whole] == [f"f{n}.png" for n in range(10) if n != 1]
