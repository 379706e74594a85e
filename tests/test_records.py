"""Our dataclasses do what the standard library's do."""

import dataclasses
import pickle
from dataclasses import FrozenInstanceError, field, replace

import pytest

from numbapool import records


def classes(dataclass):
    """Return classes that a decorator makes: frozen, of another, without equality, and open."""

    @dataclass(frozen=True)
    class Base:
        """A record."""

        a: int
        b: str = "b"
        c: list[int] = field(default_factory=list)

    @dataclass(frozen=True)
    class More(Base):
        """A record with another field."""

        d: int = 4

        @property
        def sum(self):
            return self.a + self.d

    @dataclass(frozen=True, eq=False)
    class Alone:
        """A record that equals itself alone."""

        a: int = 1

    @dataclass
    class Open:
        """A record that changes."""

        a: int = 1

    return Base, More, Alone, Open


def told(make):
    """Return what making or using a record gives: a value, or the kind of an error."""
    try:
        return make()
    except (TypeError, AttributeError) as error:
        return FrozenInstanceError if isinstance(error, FrozenInstanceError) else type(error)


DEEDS = {
    "in order": lambda base, more, alone, open: vars(more(1, "x", [2], 3)),
    "by name": lambda base, more, alone, open: vars(more(d=9, a=1)),
    "lacking": lambda base, more, alone, open: base(),
    "too many": lambda base, more, alone, open: base(1, 2, 3, 4),
    "twice": lambda base, more, alone, open: base(1, a=1),
    "unknown": lambda base, more, alone, open: base(1, e=1),
    "repr": lambda base, more, alone, open: repr(more(1)).partition(".<locals>.")[2],
    "equal": lambda base, more, alone, open: (base(1) == base(1), base(1) == base(2)),
    "of another class": lambda base, more, alone, open: base(1) == more(1),
    "alone": lambda base, more, alone, open: (alone() == alone(), hash(alone()) == hash(alone())),
    "hash": lambda base, more, alone, open: hash(base(1, c=())) == hash(base(1, c=())),
    "no hash": lambda base, more, alone, open: hash(open()),
    "open": lambda base, more, alone, open: open(1) == open(1) != open(2),
    "set": lambda base, more, alone, open: setattr(base(1), "a", 2),
    "set another": lambda base, more, alone, open: setattr(base(1), "z", 2),
    "delete": lambda base, more, alone, open: delattr(base(1), "a"),
    "set open": lambda base, more, alone, open: setattr(open(), "a", 2),
    "replace": lambda base, more, alone, open: vars(replace(more(1, d=2), b="y")),
    "replace unknown": lambda base, more, alone, open: replace(base(1), e=2),
    "fields": lambda base, more, alone, open: [each.name for each in dataclasses.fields(more)],
    "asdict": lambda base, more, alone, open: dataclasses.asdict(more(1)),
    "match": lambda base, more, alone, open: more.__match_args__,
    "property": lambda base, more, alone, open: more(1).sum,
    "own lists": lambda base, more, alone, open: base(1).c is base(1).c,
}


@pytest.mark.parametrize("deed", DEEDS)
def test_they_do_as_the_standard_librarys(deed):
    ours, theirs = classes(records.dataclass), classes(dataclasses.dataclass)
    assert told(lambda: DEEDS[deed](*ours)) == told(lambda: DEEDS[deed](*theirs))


@records.dataclass(frozen=True)
class Kept:
    """A record at the top of a module, as pickle needs it."""

    a: int = 1


def test_they_pickle():
    assert pickle.loads(pickle.dumps(Kept(3))) == Kept(3)
