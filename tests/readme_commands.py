"""Run the README's two setup commands as they stand, where there is only Python and git.

Each is tried in a fresh clone of the checkout, with a new home folder and no variables that this
shell may have set. The first must leave the image that it promises, the second pass the tests.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "NUMBA_CACHE_DIR", "NUMBAPOOL_SKIPPED")
"""What a fresh machine has too; where to keep compiled kernels, and to name skipped tests."""

NETWORK = ("PIP_", "SSL_", "HTTP", "http", "REQUESTS_")


def commands(readme: str) -> list[str]:
    """Return the fenced shell blocks under the heading "Start"."""
    start = readme.split("\n## Start\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"```sh\n(.*?)```", start, flags=re.DOTALL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="checkout", type=Path, default=Path(), metavar="CHECKOUT")
    checkout = parser.parse_args().checkout.resolve()
    run_job, run_tests = commands((checkout / "README.md").read_text(encoding="utf-8"))
    kept = {k: v for k, v in os.environ.items() if k in KEPT or k.startswith(NETWORK)}
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder, "numbapool")
        subprocess.run(["git", "clone", "--quiet", str(checkout), str(clone)], check=True)
        environment = {**kept, "HOME": folder}
        for command in (run_job, run_tests):
            print(command, flush=True)
            subprocess.run(["bash", "-euc", command], cwd=clone, env=environment, check=True)
            if not Path(clone, "small.jpg").is_file():
                sys.exit("the first command left no small.jpg")


if __name__ == "__main__":
    main()
