"""The table of operators of the command. Options, help and refusals are read from its rows."""

from dataclasses import dataclass

_FLOATS = "For whole numbers it is float64: .npy holds that, and .tif with the extra 'deep'."


@dataclass(frozen=True)
class Own:
    """A parameter that an operator has of its own, and its option.

    Attributes
    ----------
    name
        The library's name for it; two operators may mean different things by one name.
    flag
        The option, of which there is one in all operators.
    default
        The value if the option is not given; False makes the option one without a value.
    help
        The option's help.
    low, high
        The least and the largest number, or None.
    words
        The words that it may be, if it is no number.
    """

    name: str
    flag: str
    default: float | str | bool
    help: str
    low: float | None = None
    high: float | None = None
    words: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What Click passes its value by."""
        return self.flag.lstrip("-")


@dataclass(frozen=True)
class Operator:
    """A subcommand of ``pool``: an operator of the library, with its help and colour rules.

    Attributes
    ----------
    name
        The name on the command line and in the names of outputs: ``photo.avg2.png``.
    keeps
        What a window keeps, for the help: "the largest value".
    shared
        The library's keyword arguments that options of several operators give.
    own
        Those that have options of the operator's own.
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
    shared: frozenset[str] = frozenset()
    own: tuple[Own, ...] = ()
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

    @property
    def parameters(self) -> frozenset[str]:
        """The library's keyword arguments that go to this operator."""
        return self.shared | {each.name for each in self.own}

    def takes(self, name: str) -> bool:
        """Return whether an option for values, by what Click passes it by, is of use to it."""
        if name in ("alpha", "linear"):
            return self.weighs_alpha
        known = name in ("nan", "nodata") or name in self.shared
        return known or any(name == each.key for each in self.own)


OPERATORS: dict[str, Operator] = {
    row.name: row
    for row in (
        Operator("max", "the largest value"),
        Operator("min", "the smallest value"),
        Operator(
            "avg",
            "the mean",
            frozenset({"count_include_pad", "divisor_override", "rounding"}),
            weighs_alpha=True,
        ),
        Operator("sum", "the sum", keeps_shades=False, zero_of_nothing=True, written="npy"),
        Operator(
            "lp",
            "the p-norm",
            frozenset({"norm_type"}),
            keeps_shades=False,
            zero_of_nothing=True,
            written="npy",
            note=_FLOATS,
        ),
        Operator(
            "median",
            "the median",
            note="Of an even count of whole numbers it is the lower of the middle two.",
        ),
        Operator(
            "mode",
            "the most frequent value",
            keeps_labels=True,
            note="Pictures with a palette keep it, and their indices are pooled; others are pooled "
            "by whole colours. Of several values as frequent, the smallest is kept.",
        ),
        Operator(
            "percentile",
            "a percentile",
            frozenset({"q"}),
            keeps_shades=False,
            written="npy",
            typed=("--q", "90"),
            note=f"Between two values it is interpolated. {_FLOATS}",
        ),
        Operator(
            "var",
            "the variance",
            frozenset({"correction"}),
            keeps_shades=False,
            written="npy",
            note=_FLOATS,
        ),
        Operator(
            "std",
            "the standard deviation",
            frozenset({"correction"}),
            keeps_shades=False,
            written="npy",
            note=_FLOATS,
        ),
        Operator(
            "range",
            "the largest less the smallest value",
            keeps_shades=False,
            note="Of signed whole numbers it is unsigned, and as wide.",
        ),
        Operator(
            "soft",
            "the mean weighted by exponentials",
            own=(Own("beta", "--beta", 1.0, "Weigh x by exp(beta x): more favours large values."),),
            keeps_shades=False,
            written="npy",
            note=_FLOATS,
        ),
        Operator(
            "gem",
            "the generalised mean",
            own=(
                Own("p", "--p", 3.0, "The power: 1 is the mean, more tends to the largest value."),
                Own("eps", "--eps", 1e-6, "Values below this count as this.", low=0.0),
            ),
            keeps_shades=False,
            written="npy",
            note=_FLOATS,
        ),
        Operator(
            "logavgexp",
            "the logarithm of the mean exponential",
            own=(Own("r", "--r", 1.0, "More tends to the largest value, near 0 to the mean."),),
            keeps_shades=False,
            written="npy",
            note=_FLOATS,
        ),
        Operator(
            "mixed",
            "a mixture of the largest value and the mean",
            own=(Own("alpha", "--mix", 0.5, "The share of the largest value.", low=0, high=1),),
            keeps_shades=False,
            written="npy",
            note=_FLOATS,
        ),
        Operator(
            "stochastic",
            "a value drawn by chance, more likely the larger it is,",
            own=(
                Own("seed", "--seed", 0, "Another number, other draws.", low=0),
                Own(
                    "mode",
                    "--mode",
                    "sample",
                    "Draw, or keep what is drawn on average.",
                    words=("sample", "expected"),
                ),
            ),
            keeps_shades=False,
            written="npy",
            note=_FLOATS,
        ),
        Operator(
            "detail_preserving",
            "the mean weighted towards what stands out",
            own=(
                Own("alpha", "--weight", 0.0, "What every value weighs beside that.", low=0),
                Own("lam", "--lam", 1.0, "More favours what stands out.", low=0),
                Own("asymmetric", "--asymmetric", False, "Favour only what is above the mean."),
            ),
            keeps_shades=False,
            written="npy",
            note=_FLOATS,
        ),
    )
}
