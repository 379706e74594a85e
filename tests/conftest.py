import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from strategies import COMPILED_FILES, LONGEST, PLAIN, PLAIN_FILES

_checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

settings.register_profile(
    "ci",
    max_examples=60,
    deadline=None,  # the first call of a kernel compiles it
    derandomize=True,
    database=None,
    suppress_health_check=_checks,
)
for _name in ("quick", "few"):  # quick: one dtype of each kind as well
    settings.register_profile(
        _name,
        max_examples=8,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=_checks,
    )
settings.register_profile(
    "long",
    max_examples=2000,
    deadline=None,
    print_blob=True,
    suppress_health_check=_checks,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Begun in the background by a shell, the tests and all processes that they start would not
    # hear of Ctrl-C, and some wait for it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what other tests run with kernels as plain Python, unless it is named."""
    name = collection_path.name
    if PLAIN or not name.startswith("test_") or collection_path.suffix != ".py":
        return None
    if name.startswith("test_pool_"):
        compiled = name in {f"test_pool_{part}.py" for part in COMPILED_FILES}
    else:
        compiled = name not in {f"test_{part}.py" for part in PLAIN_FILES}
    asked = {Path(str(argument).partition("::")[0]).name for argument in config.args}
    return None if compiled or name in asked else True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest tests, so that no process waits for one at the end."""
    items.sort(key=lambda item: item.path.stem not in LONGEST)


@pytest.fixture
def forget_plans():
    """Return what forgets all plans; those of this test are forgotten when it ends."""
    from numbapool.pooling import call, pool

    def forget():
        for module in (call, pool):
            for each in vars(module).values():
                if hasattr(each, "cache_clear"):
                    each.cache_clear()

    yield forget
    forget()


@pytest.fixture
def networks_everywhere(monkeypatch, forget_plans):
    """Let networks serve arrays of any size, in this test alone."""
    from numbapool.plan import networks

    monkeypatch.setattr(networks, "LEAST_ELEMENTS", 0)
    forget_plans()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    return _noted((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    return _noted((yield))


def _noted(report):
    """Write to NUMBAPOOL_SKIPPED what is skipped, for another run that has what it lacks."""
    path = os.environ.get("NUMBAPOOL_SKIPPED")
    if path and report.skipped:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{report.nodeid}\n")
    return report
