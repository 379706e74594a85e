"""What lies in folders and is no input: counted, and told in a few sentences."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import field

from numbapool.records import dataclass

from .names import shown


@dataclass
class LeftAlone:
    """How many files in folders were skipped.

    Attributes
    ----------
    others
        The number of files of other types, by suffix.
    former
        The number of files that are outputs of an earlier run.
    irregular
        The number of pipes, sockets, devices and other files that are not regular.
    hints
        What would let some of the other types be read.
    """

    others: Counter[str] = field(default_factory=Counter)
    former: int = 0
    irregular: int = 0
    hints: set[str] = field(default_factory=set)

    def sentences(self) -> Iterator[str]:
        """Yield a sentence for each kind of file."""
        if self.others:
            suffixes = ", ".join(f"{shown(name)} ({n})" for name, n in self.others.most_common())
            yield f"Skipped {_files(self.others.total())} of other types: {suffixes}."
        for hint in sorted(self.hints):
            yield f"{hint}."
        if self.former:
            yield f"Skipped {_files(self.former)} from an earlier run."
        if self.irregular:
            yield f"Skipped {self.irregular} that are not regular files."


def _files(count: int) -> str:
    return f"{count} file" if count == 1 else f"{count} files"
