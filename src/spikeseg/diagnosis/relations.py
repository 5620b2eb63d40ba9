"""What the error of the layers goes with, by rank."""

import math
import warnings
from collections.abc import Sequence

from scipy.stats import ConstantInputWarning, spearmanr

from spikeseg.diagnosis.results import LayerDiagnosis, Relation

PAIRS = (
    ("relative_error", "spatial_variance"),
    ("own_error", "spatial_variance"),
    ("relative_error", "variation"),
    ("relative_error", "under_firing"),
    ("relative_error", "depth"),
)
_FEWEST = 4  # layers: of three, even a perfect order comes by chance every third time


def relations(layers: Sequence[LayerDiagnosis]) -> tuple[Relation, ...]:
    """Return Spearman's rank correlation of each of `PAIRS` over the layers.

    Pairs of which a figure is the same in all layers, and all of fewer than four layers, are left
    out: there is nothing to rank.
    """
    found = []
    for figure, against in PAIRS:
        columns = [[float(getattr(layer, name)) for layer in layers] for name in (figure, against)]
        if len(layers) < _FEWEST:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConstantInputWarning)
            rho, p_value = spearmanr(*columns)
        if math.isfinite(rho):
            found.append(Relation(figure, against, float(rho), float(p_value)))
    return tuple(found)
