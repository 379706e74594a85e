"""What the command's tests share: a way to run it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from numbapool_cli.app import cli

import numbapool as nbp

Pool = Callable[..., Result]


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pool:
    """Run `pool` in an empty folder; an exception that is no exit fails the test."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object, code: int | None = 0, **extra: object) -> Result:
        result = CliRunner().invoke(cli, [str(argument) for argument in arguments], **extra)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        if code is not None:
            assert result.exit_code == code, result.output
        return result

    return run


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(20)


@pytest.fixture(scope="session", autouse=True)
def _kernels_kept() -> None:
    """Compile what most tests pool by: that it is compiled is told on standard error, once."""
    for width in (8, 9):
        nbp.avg_pool2d(np.zeros((8, width), np.uint8), 2)
