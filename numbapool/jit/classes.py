"""The classes of users' reducers, by the names that compiled code keeps."""

from __future__ import annotations

from importlib import import_module
from operator import attrgetter
from typing import Any

_reducer_classes: dict[str, type] = {}


def known_as(owner: type) -> str:
    """Return a class's name, which differs from that of an earlier class of the same name."""
    plain = name = f"{owner.__module__}:{owner.__qualname__}"
    while _reducer_classes.setdefault(name, owner) is not owner:
        name = f"{plain}#{len(_reducer_classes)}"
    return name


def reducer_class(name: str) -> Any:
    """Return the class of this name: known in this process, or imported now."""
    if name not in _reducer_classes:
        module, _, path = name.partition(":")
        _reducer_classes[name] = attrgetter(path)(import_module(module))
    return _reducer_classes[name]
