"""Users' reducers' classes by their names, as compiled code has them."""

from __future__ import annotations

from importlib import import_module
from operator import attrgetter
from typing import Any

_reducer_classes: dict[str, type] = {}


def known_as(owner: type) -> str:
    """Return a class's name; another of the same name, defined before, keeps its own."""
    plain = name = f"{owner.__module__}:{owner.__qualname__}"
    while _reducer_classes.setdefault(name, owner) is not owner:
        name = f"{plain}#{len(_reducer_classes)}"
    return name


def reducer_class(name: str) -> Any:
    """Return the class that a name stands for: one met in this process, or one to be imported."""
    if name not in _reducer_classes:
        module, _, path = name.partition(":")
        _reducer_classes[name] = attrgetter(path)(import_module(module))
    return _reducer_classes[name]
