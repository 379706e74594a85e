"""The pooling operators that the command offers: one row each, all else is made from it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Operator:
    """A subcommand of ``pool`` and the function of ``numbapool.functional`` behind it.

    Attributes
    ----------
    name
        What is typed, and what names the output: ``photo.avg2.png``.
    function
        The pooling function's name.
    keeps
        What a window keeps, for the help: "the largest value".
    adaptive
        The function for ``--size``, where there is one.
    parameters
        Which of the library's keyword arguments the function takes beyond the windows'.
    weighs_alpha
        Whether the result is a mix of its window's colours, in which a transparent pixel must
        not weigh.
    """

    name: str
    function: str
    keeps: str
    adaptive: str | None = None
    parameters: frozenset[str] = frozenset()
    weighs_alpha: bool = False


OPERATORS: dict[str, Operator] = {
    row.name: row
    for row in (
        Operator("max", "max_pool2d", "the largest value", "adaptive_max_pool2d"),
        Operator("min", "min_pool2d", "the smallest value"),
        Operator(
            "avg",
            "avg_pool2d",
            "the mean",
            "adaptive_avg_pool2d",
            frozenset({"count_include_pad", "divisor_override", "rounding"}),
            weighs_alpha=True,
        ),
        Operator("sum", "sum_pool2d", "the sum"),
    )
}
