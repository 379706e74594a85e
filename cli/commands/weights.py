"""What the commands that take --weights refuse before they read an input."""

from collections.abc import Iterable

import click

from ..codecs import is_file
from ..exits import FileError
from ..files.name import Target, refuse_input
from ..job import Reading, Values


def refuse_for_all(values: Values, reading: Reading, targets: Iterable[Target]) -> None:
    """Refuse a file of weights that no input can have, and an output in its place."""
    weights = values.weights
    if weights is None or not is_file(weights.name):
        return
    for target in targets:
        refuse_input(target.path, [weights.name])
    from ..work.weights import form_of

    try:
        form_of(weights, reading)
    except FileError as error:
        raise click.UsageError(f"{error}.") from error
