"""The table of operators of the command. Options, help and refusals are read from its rows."""

from typing import Literal

from numbapool.records import dataclass

PADDING_MODES = ("zeros", "reflect", "symmetric", "replicate", "circular")
"""What can stand outside an input, by name."""
FOOTPRINTS = ("disk", "cross", "ring")
"""The shapes of windows that are no rectangles."""

_FLOATS = "For whole numbers it is float64: .npy holds that, and .tif with the extra 'deep'."


@dataclass(frozen=True)
class Own:
    """An operator's own parameter, and its option.

    Attributes
    ----------
    name
        The library's name for it; the same name may mean different things in two operators.
    flag
        The option; no other operator's parameter has the same option.
    default
        The value if the option is not given; False makes it an option without a value, None a
        number that need not be given.
    help
        The option's help.
    low, high
        The smallest and the largest number, or None.
    words
        The words that it can be, if it is no number.
    """

    name: str
    flag: str
    default: float | str | bool | None
    help: str
    low: float | None = None
    high: float | None = None
    words: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The name by which Click passes its value."""
        return self.flag.lstrip("-").replace("-", "_")


@dataclass(frozen=True)
class Operator:
    """A subcommand of ``pool``: an operator of the library, with its help and colour rules.

    Attributes
    ----------
    name
        The name on the command line and in the names of outputs: ``photo.avg2.png``.
    keeps
        The result that a window keeps, for the help: "the largest value".
    choose
        When to choose it, for ``pool list``.
    shared
        The library's keyword arguments that are set by options of several operators.
    own
        The operator's own parameters, each with its option.
    weighs_alpha
        Whether the result mixes its window's colours, so that transparent pixels must not
        count.
    keeps_labels
        Whether values are labels: a palette picture is pooled on its indices, and a pixel's
        channels are one colour.
    keeps_shades
        Whether results are shades like the input's, from black to white.
    within
        Whether results lie between the smallest and the largest value of their windows.
    zero_of_nothing
        Whether a window of nodata alone gives 0 or another answer; with other operators it gives
        nodata.
    written
        The format in the help's examples: "png", or "npy" if few picture formats hold the result.
    typed
        The options that the operator needs, for the help's examples.
    windows
        The kind of its windows: `rasters.kinds` has them, and `asking.options` their options.
    note
        A note for the help.
    """

    name: str
    keeps: str
    choose: str = ""
    shared: frozenset[str] = frozenset()
    own: tuple[Own, ...] = ()
    weighs_alpha: bool = False
    keeps_labels: bool = False
    keeps_shades: bool = True
    within: bool = True
    zero_of_nothing: bool = False
    written: str = "png"
    typed: tuple[str, ...] = ()
    note: str = ""
    windows: Literal["sliding", "blur", "max_blur", "fractional"] = "sliding"

    @property
    def leaves_out(self) -> bool:
        """Whether NaN and a number can be left out of windows."""
        return self.windows == "sliding"

    @property
    def draws(self) -> bool:
        """Whether it draws by chance, so that a plane's result hangs on those before it."""
        return any(each.name == "seed" for each in self.own)

    @property
    def short_help(self) -> str:
        """The text in the list of commands."""
        return f"Keep {self.keeps} of each window."

    @property
    def parameters(self) -> frozenset[str]:
        """The library's keyword arguments that go to this operator; weights go with an array."""
        return self.shared - {"weights"} | {each.name for each in self.own}

    def takes(self, name: str) -> bool:
        """Return whether the operator uses an option for values, given by Click's name for it."""
        if name in ("alpha", "linear"):
            return self.weighs_alpha
        known = name in self.shared or (self.leaves_out and name in ("nan", "nodata", "min_count"))
        return known or any(name == each.key for each in self.own)


_SEED = Own("seed", "--seed", 0, "Another number, other draws.", low=0)
_BLUR = (
    Own("filter_size", "--filter-size", 3, "Taps of the binomial filter.", low=1, high=16),
    Own(
        "padding_mode",
        "--padding-mode",
        "reflect",
        "What stands outside: zeros, the input mirrored at its outermost values (symmetric: these "
        "repeated), its outermost values, or its other end.",
        words=PADDING_MODES,
    ),
)

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
            frozenset({"count_include_pad", "divisor_override", "rounding", "weights"}),
            weighs_alpha=True,
        ),
        Operator(
            "sum",
            "the sum",
            "Counts, as of people or photons, whose total must stay.",
            frozenset({"weights"}),
            keeps_shades=False,
            within=False,
            zero_of_nothing=True,
            written="npy",
        ),
        Operator(
            "lp",
            "the p-norm",
            "Energy: between a sum of sizes (1) and the largest size (inf).",
            frozenset({"norm_type"}),
            keeps_shades=False,
            within=False,
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
            within=False,
            written="npy",
            note=_FLOATS,
        ),
        Operator(
            "std",
            "the standard deviation",
            "Texture and noise, in the input's units.",
            frozenset({"correction"}),
            keeps_shades=False,
            within=False,
            written="npy",
            note=_FLOATS,
        ),
        Operator(
            "range",
            "the largest less the smallest value",
            "Contrast and edges: 0 where all is flat.",
            keeps_shades=False,
            within=False,
            note="Of signed whole numbers it is unsigned, and as wide.",
        ),
        Operator(
            "rms",
            "the root mean square",
            "Levels of sound, of waves and of errors: a mean of sizes that favours large ones.",
            keeps_shades=False,
            written="npy",
            note=_FLOATS,
        ),
        Operator(
            "first",
            "the first value",
            "Values as they stand, at every step; with --nodata the first value that counts.",
            keeps_labels=True,
            note="Pictures with a palette keep it, and their indices are pooled; others are pooled "
            "by whole colours.",
        ),
        Operator(
            "count",
            "the number of counted values",
            "How many values stand behind a mean: all but nodata, and but NaN with --nan skip.",
            keeps_shades=False,
            within=False,
            zero_of_nothing=True,
            written="npy",
        ),
        Operator(
            "any",
            "the logical or",
            "Masks that may grow: true if any value is not 0.",
            keeps_shades=False,
            within=False,
            zero_of_nothing=True,
            written="npy",
            note="NaN is not 0. Of a picture of one channel the result is black and white.",
        ),
        Operator(
            "all",
            "the logical and",
            "Masks that may shrink: true if no value is 0.",
            keeps_shades=False,
            within=False,
            zero_of_nothing=True,
            written="npy",
            note="NaN is not 0. Of a picture of one channel the result is black and white.",
        ),
        Operator(
            "soft",
            "the mean weighted by exponentials",
            "Features: a maximum that listens to all values, and changes smoothly with them.",
            own=(Own("beta", "--beta", 1.0, "Weigh x by exp(beta x): more favours large values."),),
            keeps_shades=False,
            written="npy",
            note=_FLOATS,
        ),
        Operator(
            "gem",
            "the generalised mean",
            "Features for retrieval: between the mean (1) and the maximum (large --p).",
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
            "Scores and log-probabilities: a smooth maximum that does not grow with the window.",
            own=(Own("r", "--r", 1.0, "More tends to the largest value, near 0 to the mean."),),
            keeps_shades=False,
            written="npy",
            note=_FLOATS,
        ),
        Operator(
            "mixed",
            "a mixture of the largest value and the mean",
            "Features for which neither max nor avg alone is right.",
            own=(Own("alpha", "--mix", 0.5, "The share of the largest value.", low=0, high=1),),
            keeps_shades=False,
            written="npy",
            note=_FLOATS,
        ),
        Operator(
            "stochastic",
            "a value drawn by chance, more likely the larger it is,",
            "Training data: variants of one picture or feature map, by --seed.",
            own=(
                _SEED,
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
            "Thumbnails and features whose small details must stay visible.",
            own=(
                Own("alpha", "--weight", 0.0, "What every value weighs beside that.", low=0),
                Own("lam", "--lam", 1.0, "More favours what stands out.", low=0),
                Own("asymmetric", "--asymmetric", False, "Favour only what is above the mean."),
            ),
            keeps_shades=False,
            written="npy",
            note=_FLOATS,
        ),
        Operator(
            "blur",
            "the binomial blur",
            "Photos and features, made smaller without aliasing; a shift changes little.",
            frozenset({"weights"}),
            _BLUR,
            weighs_alpha=True,
            windows="blur",
        ),
        Operator(
            "max_blur",
            "the blur of the largest values",
            "Networks' max pooling without aliasing: the largest at every place, then the blur.",
            own=_BLUR,
            weighs_alpha=True,
            windows="max_blur",
            note="Of transparent pictures the largest of each channel is taken apart.",
        ),
        Operator(
            "fractional",
            "the largest value, at steps drawn by chance,",
            "Training data and features at sizes between whole steps, as --ratio 0.7.",
            own=(
                Own("output_ratio", "--ratio", None, "The output's sides by the input's, as 0.7."),
                _SEED,
            ),
            windows="fractional",
            typed=("--ratio", "0.7"),
            note="The channels of a picture share their windows, the planes of an array do not.",
        ),
    )
}


@dataclass(frozen=True)
class SequenceOperator:
    """An operator of ``pool seq``.

    Attributes
    ----------
    name
        The library's name; the command line may have "-" for "_".
    keeps
        What is kept of each channel of a sequence.
    choose
        What to choose it for, for ``pool list``.
    takes
        The options of ``pool seq`` that are of use to it, by what Click passes them by.
    aliases
        Other names for it.
    alone
        Whether no other operator can stand beside it.
    picks
        The words of --pick, the default first.
    """

    name: str
    keeps: str
    choose: str
    takes: frozenset[str]
    aliases: tuple[str, ...] = ()
    alone: bool = False
    picks: tuple[str, ...] = ()


_REDUCED = frozenset({"lengths", "mask", "offsets", "normalize", "empty", "nan"})
_WEIGHED = _REDUCED | {"weights"}
_SPREAD = _REDUCED | {"correction"}
_LAYER = frozenset({"lengths", "mask", "weights", "pick"})
_ATTENTION = _LAYER | {"offsets", "empty", "scores", "query", "heads"}
_STATES = ("last", "mean", "max", "sum")

SEQUENCES: dict[str, SequenceOperator] = {
    row.name: row
    for row in (
        SequenceOperator(
            "mean",
            "the mean of the rows",
            "Embeddings of texts, of audio, of clips: the usual choice.",
            _WEIGHED,
            ("avg",),
        ),
        SequenceOperator("max", "the largest value", "Whether a feature occurs at all.", _REDUCED),
        SequenceOperator("min", "the smallest value", "The opposite of max.", _REDUCED),
        SequenceOperator(
            "sum", "the sum of the rows", "Counts, and bags of words by weight.", _WEIGHED
        ),
        SequenceOperator(
            "range", "the largest less the smallest value", "How far a feature moves.", _REDUCED
        ),
        SequenceOperator(
            "mean_sqrt_len",
            "the sum divided by the root of the number of rows",
            "Texts of very different lengths, if longer ones are to count more.",
            _WEIGHED,
            ("mean_sqrt_len_tokens",),
        ),
        SequenceOperator(
            "first", "the first row that counts", "BERT's class token.", _REDUCED, ("cls",)
        ),
        SequenceOperator(
            "last",
            "the last row that counts",
            "Models that read from left to right.",
            _REDUCED,
            ("lasttoken",),
        ),
        SequenceOperator(
            "weighted_mean",
            "the mean by weights 1, 2, …, or by --weights",
            "Models that read from left to right, if all rows are to count.",
            _WEIGHED,
            ("weightedmean",),
        ),
        SequenceOperator("std", "the standard deviation", "How much a feature varies.", _SPREAD),
        SequenceOperator(
            "stats",
            "the means, and the deviations behind them",
            "Vectors of speakers, and of audio as a whole.",
            _SPREAD,
        ),
        SequenceOperator(
            "attention",
            "the mean by a softmax of --scores, or by a trained --query",
            "Models that were trained with it.",
            _ATTENTION,
            alone=True,
            picks=("mean", "std", "stats"),
        ),
        SequenceOperator(
            "lstm",
            "states of an LSTM with trained --weights",
            "Models that were trained with it: the order of rows counts.",
            _LAYER,
            alone=True,
            picks=_STATES,
        ),
        SequenceOperator(
            "gru",
            "states of a GRU with trained --weights",
            "As lstm.",
            _LAYER,
            alone=True,
            picks=_STATES,
        ),
    )
}
"""What ``pool seq`` keeps of sequences."""
