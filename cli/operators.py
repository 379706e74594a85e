"""The table of operators of the command. Options, help and refusals are read from its rows."""

from dataclasses import dataclass

_FLOATS = "For whole numbers it is float64: .npy holds that, and .tif with the extra 'deep'."


@dataclass(frozen=True)
class Operator:
    """A subcommand of ``pool``: an operator of the library, with its help and colour rules.

    Attributes
    ----------
    name
        The name on the command line and in the names of outputs: ``photo.avg2.png``.
    keeps
        What a window keeps, for the help: "the largest value".
    choose
        What to choose it for, for ``pool list``.
    parameters
        The library's keyword arguments that are the operator's own.
    weighs_alpha
        Whether the result is a mix of its window's colours, in which a transparent
        pixel must not count.
    keeps_labels
        Whether values are taken for labels: a palette picture is pooled on its indices, and a
        pixel's channels are one colour.
    keeps_shades
        Whether results are shades as the input's, from black to white.
    zero_of_nothing
        Whether a window of nodata alone gives 0; of the other operators it gives nodata.
    written
        What the examples in the help write: "png", or "npy" if few pictures hold the result.
    typed
        The options that it needs, for the help's examples.
    note
        A note for the help.
    """

    name: str
    keeps: str
    choose: str = ""
    parameters: frozenset[str] = frozenset()
    weighs_alpha: bool = False
    keeps_labels: bool = False
    keeps_shades: bool = True
    zero_of_nothing: bool = False
    written: str = "png"
    typed: tuple[str, ...] = ()
    note: str = ""

    @property
    def short_help(self) -> str:
        """What the list of commands says."""
        return f"Keep {self.keeps} of each window."

    def takes(self, name: str) -> bool:
        """Return whether an option for values, by its name in `Values`, is of use to it."""
        if name in ("alpha", "linear"):
            return self.weighs_alpha
        return name in ("nan", "nodata") or name in self.parameters


OPERATORS: dict[str, Operator] = {
    row.name: row
    for row in (
        Operator(
            "max",
            "the largest value",
            "Features that are there or not, bright points, masks that may grow. Noise grows too.",
        ),
        Operator(
            "min",
            "the smallest value",
            "Dark lines and points on a bright ground, masks that may shrink.",
        ),
        Operator(
            "avg",
            "the mean",
            "Photos and measurements: the least noise, the same brightness. Edges grow soft.",
            frozenset({"count_include_pad", "divisor_override", "rounding"}),
            weighs_alpha=True,
        ),
        Operator(
            "sum",
            "the sum",
            "Counts, as of people or photons, whose total must stay.",
            keeps_shades=False,
            zero_of_nothing=True,
            written="npy",
        ),
        Operator(
            "lp",
            "the p-norm",
            "Energy: between a sum of sizes (1) and the largest size (inf).",
            frozenset({"norm_type"}),
            keeps_shades=False,
            zero_of_nothing=True,
            written="npy",
            note=_FLOATS,
        ),
        Operator(
            "median",
            "the median",
            "Photos with specks or dead pixels: it drops them, and edges stay sharp.",
            note="Of an even count of whole numbers it is the lower of the middle two.",
        ),
        Operator(
            "mode",
            "the most frequent value",
            "Labels, palettes and classes, which have no mean.",
            keeps_labels=True,
            note="Pictures with a palette keep it, and their indices are pooled; others are pooled "
            "by whole colours. Of several values as frequent, the smallest is kept.",
        ),
        Operator(
            "percentile",
            "a percentile",
            "A maximum or minimum that a few outliers do not move, as --q 95.",
            frozenset({"q"}),
            keeps_shades=False,
            written="npy",
            typed=("--q", "90"),
            note=f"Between two values it is interpolated. {_FLOATS}",
        ),
        Operator(
            "var",
            "the variance",
            "Texture and noise, in squared units.",
            frozenset({"correction"}),
            keeps_shades=False,
            written="npy",
            note=_FLOATS,
        ),
        Operator(
            "std",
            "the standard deviation",
            "Texture and noise, in the input's units.",
            frozenset({"correction"}),
            keeps_shades=False,
            written="npy",
            note=_FLOATS,
        ),
        Operator(
            "range",
            "the largest less the smallest value",
            "Contrast and edges: 0 where all is flat.",
            keeps_shades=False,
            note="Of signed whole numbers it is unsigned, and as wide.",
        ),
    )
}
