"""The table of operators of the command. Options, help and refusals are read from its rows."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Operator:
    """A subcommand of ``pool``: an operator of the library, with its help and colour rules.

    Attributes
    ----------
    name
        What is typed, and what names the output: ``photo.avg2.png``.
    function
        The pooling function's name.
    keeps
        What a window keeps, for the help: "the largest value".
    adaptive
        The function for ``--size``.
    parameters
        Which of the library's keyword arguments the function takes beyond the windows'.
    weighs_alpha
        Whether the result is a mix of its window's colours, in which a transparent pixel must
        not weigh.
    keeps_labels
        Whether values are taken for labels: a palette picture is pooled on its indices, and a
        pixel's channels are one colour.
    keeps_shades
        Whether results are shades as the input's, from black to white.
    written
        What the help's examples write: pictures, or arrays where most pictures hold no result.
    note
        What the help says beside what is kept.
    """

    name: str
    function: str
    keeps: str
    adaptive: str
    parameters: frozenset[str] = frozenset()
    weighs_alpha: bool = False
    keeps_labels: bool = False
    keeps_shades: bool = True
    written: str = "png"
    note: str = ""

    def takes(self, name: str) -> bool:
        """Return whether an option for values, by its name in `Values`, is of use to it."""
        if name in ("alpha", "linear"):
            return self.weighs_alpha
        return name in ("nan", "nodata") or name in self.parameters


OPERATORS: dict[str, Operator] = {
    row.name: row
    for row in (
        Operator("max", "max_pool2d", "the largest value", "adaptive_max_pool2d"),
        Operator("min", "min_pool2d", "the smallest value", "adaptive_min_pool2d"),
        Operator(
            "avg",
            "avg_pool2d",
            "the mean",
            "adaptive_avg_pool2d",
            frozenset({"count_include_pad", "divisor_override", "rounding"}),
            weighs_alpha=True,
        ),
        Operator(
            "sum", "sum_pool2d", "the sum", "adaptive_sum_pool2d", keeps_shades=False, written="npy"
        ),
        Operator(
            "lp",
            "lp_pool2d",
            "the p-norm",
            "adaptive_lp_pool2d",
            frozenset({"norm_type"}),
            keeps_shades=False,
            written="npy",
            note="For whole numbers it is float64: .npy holds that, and .tif with the extra 'deep'.",
        ),
        Operator(
            "median",
            "median_pool2d",
            "the median",
            "adaptive_median_pool2d",
            note="Of an even count of whole numbers it is the lower of the middle two.",
        ),
        Operator(
            "mode",
            "mode_pool2d",
            "the most frequent value",
            "adaptive_mode_pool2d",
            keeps_labels=True,
            note="Pictures with a palette keep it, and their indices are pooled; others are pooled by "
            "whole colours. Of several values as frequent, the smallest is kept.",
        ),
    )
}
