"""The pooling functions: one file per operator or two.

Names, shapes and edge rules are PyTorch's. Every function takes any number of leading axes.
"""

from numbapool.functional import (
    areas,
    averages,
    blocks,
    blurs,
    counts,
    details,
    draws,
    firsts,
    fractional,
    general,
    maxima,
    medians,
    minima,
    mixtures,
    modes,
    norms,
    percentiles,
    places,
    pyramids,
    reductions,
    roots,
    sequences,
    softs,
    spreads,
    sums,
    truths,
    variances,
)
from numbapool.functional.areas import *
from numbapool.functional.averages import *
from numbapool.functional.blocks import *
from numbapool.functional.blurs import *
from numbapool.functional.counts import *
from numbapool.functional.details import *
from numbapool.functional.draws import *
from numbapool.functional.firsts import *
from numbapool.functional.fractional import *
from numbapool.functional.general import *
from numbapool.functional.maxima import *
from numbapool.functional.medians import *
from numbapool.functional.minima import *
from numbapool.functional.mixtures import *
from numbapool.functional.modes import *
from numbapool.functional.norms import *
from numbapool.functional.percentiles import *
from numbapool.functional.places import *
from numbapool.functional.pyramids import *
from numbapool.functional.reductions import *
from numbapool.functional.roots import *
from numbapool.functional.sequences import *
from numbapool.functional.softs import *
from numbapool.functional.spreads import *
from numbapool.functional.sums import *
from numbapool.functional.truths import *
from numbapool.functional.variances import *

__all__: list[str] = []
__all__ += areas.__all__
__all__ += averages.__all__
__all__ += blocks.__all__
__all__ += blurs.__all__
__all__ += counts.__all__
__all__ += details.__all__
__all__ += draws.__all__
__all__ += firsts.__all__
__all__ += fractional.__all__
__all__ += general.__all__
__all__ += maxima.__all__
__all__ += medians.__all__
__all__ += minima.__all__
__all__ += mixtures.__all__
__all__ += modes.__all__
__all__ += norms.__all__
__all__ += percentiles.__all__
__all__ += places.__all__
__all__ += pyramids.__all__
__all__ += reductions.__all__
__all__ += roots.__all__
__all__ += sequences.__all__
__all__ += softs.__all__
__all__ += spreads.__all__
__all__ += sums.__all__
__all__ += truths.__all__
__all__ += variances.__all__
