"""The pooling functions inside users' own compiled code.

Numba calls `register` before it compiles anything, by the entry point ``numba_extensions``, in
every program that uses Numba. So this file imports nothing until there is something to do.
Compiled code looks up `record` in this module by name, and users keep such code for years. So
both names stay.
"""

import sys

__all__ = ["record", "register"]


def register() -> None:
    """Tell Numba of the pooling functions, if this process has imported them.

    If it imports them later, the package does so itself.
    """
    if any(f"numbapool.{name}" in sys.modules for name in ("functional", "roi", "pooling.pyramid")):
        from numbapool.jit import overloads

        overloads.register()


def record(structure: str, key: int) -> tuple[int, str]:
    """Return the address of a call's record, or zero and what is wrong with the call.

    `structure` says what the numbers at the address `key` mean: the array's shape, then the
    arguments that are no constants. The arguments and the result never change, and the function
    raises nothing: the oldest code that calls it does not survive an error.
    """
    try:
        from numbapool.jit import records

        return records.record(structure, key), ""
    except Exception as error:
        return 0, _text_of(error)
    except BaseException as stop:
        try:
            from numbapool.jit.stopped import raise_later

            raise_later(stop)
        except Exception:  # no thread may be available
            pass
        return 0, f"stopped by {type(stop).__name__}"


def _text_of(error: Exception) -> str:
    try:
        return str(error) or type(error).__name__
    except Exception:  # a user's own exception class may fail here
        return type(error).__name__
