"""The options for levels of an image in a store."""

import click

from .params import FactorsType

LEVELS = (
    click.option(
        "--factors",
        type=FactorsType(),
        help="How many times smaller the levels of a .zarr are: a number for all axes in space, or "
        "one for each, as 1x2x2; and for several levels such ones, as 1x2x2,2x2x2. A number is "
        "for the axes whose pixels lie closest, until all are alike.  [default: 2]",
    ),
    click.option(
        "--ngff",
        type=click.Choice(["0.4", "0.5"]),
        help="The version of OME-NGFF of a new .zarr.  [default: as the input's, or 0.5]",
    ),
    click.option(
        "--blend-labels",
        is_flag=True,
        help="Pool an image of labels by an operator that makes numbers of its own, too.",
    ),
)
