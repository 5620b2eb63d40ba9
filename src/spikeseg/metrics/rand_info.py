"""V^Rand and V^Info of ISBI 2012: do the membranes separate the same cells?

Written from a description of the scores of Arganda-Carreras et al. 2015, "Crowdsourcing the
creation of image segmentation algorithms for connectomics" (foreground-restricted, after border
thinning), and of what the challenge's scoring program computes.

Let n be the number of pixels inside the cells of the truth, p_ij the fraction of them in truth cell
i and proposed region j, a_i and b_j its sums over j and i. A pixel inside a truth cell that lies on
a line of the proposal (j = 0) is a region of its own, of probability 1/n; there are ``aux`` such
pixels. With all sums over those regions too,

    V^Rand = 2 sum p_ij^2 / (sum a_i^2 + sum b_j^2)       V^Info = 2 I(A, B) / (H(A) + H(B)).
"""

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeseg.metrics.pairing import matched
from spikeseg.metrics.thinning import label_cells, thin_membranes, valid_pixels


@dataclass(frozen=True)
class RandInfo:
    """The sums of which V^Rand and V^Info are ratios. ``a + b`` pools slices (micro average).

    Pairs are ordered and count a pixel with itself, as p^2 does. Information is in nats times
    pixels, so pooled entropies are means over pixels of the entropy *within* a slice: that a pixel
    is of slice 3, which truth and proposal cannot disagree about, earns nothing.

    Every score is None if ``num_pixels`` is 0. The Rand denominators are then never 0. A partition
    into one region has entropy 0: the part of V^Info that divides by it is 1, since there is
    nothing to lose, and V^Info is 1 if both partitions are one region, 0 if only one is.

    Attributes:
        num_pixels: n, pixels inside the cells of the truth.
        pairs_truth: n^2 sum a_i^2, pixel pairs in the same truth cell.
        pairs_proposal: n^2 sum b_j^2, pixel pairs in the same proposed region.
        pairs_joint: n^2 sum p_ij^2, pixel pairs in the same of both.
        information_truth: n H(A).
        information_proposal: n H(B).
        information_joint: n H(A, B).
    """

    num_pixels: int
    pairs_truth: int
    pairs_proposal: int
    pairs_joint: int
    information_truth: float
    information_proposal: float
    information_joint: float

    def __add__(self, other: "RandInfo") -> "RandInfo":
        """Return the sums over the slices of both."""
        names = [field.name for field in fields(self)]
        return RandInfo(*(getattr(self, name) + getattr(other, name) for name in names))

    @property
    def v_rand(self) -> float | None:
        """F-score of the Rand precision and recall, in 0..1."""
        pairs = self.pairs_truth + self.pairs_proposal
        return 2 * self.pairs_joint / pairs if self.num_pixels else None

    @property
    def v_rand_precision(self) -> float | None:
        """Of pairs in one proposed region, the fraction in one cell; falls with each merge."""
        return self.pairs_joint / self.pairs_proposal if self.num_pixels else None

    @property
    def v_rand_recall(self) -> float | None:
        """Of pairs in one cell, the fraction in one proposed region; falls with each split."""
        return self.pairs_joint / self.pairs_truth if self.num_pixels else None

    @property
    def v_info(self) -> float | None:
        """F-score of the information precision and recall, in 0..1."""
        return self._share(2 * self._mutual(), self.information_truth + self.information_proposal)

    @property
    def v_info_precision(self) -> float | None:
        """(H(A) - H(A|B)) / H(A), the part of the truth that is known; falls with each merge."""
        return self._share(self._mutual(), self.information_truth)

    @property
    def v_info_recall(self) -> float | None:
        """(H(B) - H(B|A)) / H(B), the part of the proposal that is true; falls with each split."""
        return self._share(self._mutual(), self.information_proposal)

    def _mutual(self) -> float:
        """Return n I(A, B), without the rounding that could take it out of its bounds."""
        mutual = self.information_truth - (self.information_joint - self.information_proposal)
        return min(max(mutual, 0.0), self.information_truth, self.information_proposal)

    def _share(self, part: float, whole: float) -> float | None:
        if not self.num_pixels:
            return None
        return part / whole if whole else 1.0


def score_slice(
    truth_interior: NDArray[np.bool_],
    proposal_interior: NDArray[np.bool_],
    ignore: NDArray[np.bool_] | None = None,
) -> RandInfo:
    """Compare the cells of a proposed slice with those of the truth.

    The truth is taken as it is (4-connected components of its interior); the membranes of the
    proposal are thinned first (`thin_membranes`), so their width hardly matters. Only pixels inside
    the cells of the truth count.

    Args:
        truth_interior: (H, W), True inside a cell (ISBI 2012: ``labels > 0``).
        proposal_interior: (H, W), True inside a proposed cell.
        ignore: (H, W), True where nothing counts; no cell of either extends or connects through.

    Raises:
        DataError: a mask is not an (H, W) bool array, or the shapes differ.

    >>> truth = np.array([[True, True, False, True, True]])
    >>> merged = score_slice(truth, np.ones((1, 5), dtype=bool))
    >>> merged.v_rand_precision, merged.v_rand_recall, merged.v_info
    (0.5, 1.0, 0.0)
    """
    matched(truth_interior, proposal_interior)
    valid = valid_pixels(truth_interior, ignore)
    cells = label_cells(truth_interior & valid)
    return _compare(cells, thin_membranes(proposal_interior, ignore))


def _compare(cells: NDArray[np.int64], regions: NDArray[np.int64]) -> RandInfo:
    """Return the sums of (H, W) truth cells and (H, W) regions, both 0 on membrane."""
    inside = cells > 0
    a, b = cells[inside], regions[inside]
    n, num_regions = a.size, int(regions.max(initial=0)) + 1
    singletons = int(np.count_nonzero(b == 0))
    joint = np.unique(a * num_regions + b, return_counts=True)
    truth = np.bincount(a)
    proposal = np.bincount(b)[1:]
    both = joint[1][joint[0] % num_regions > 0]
    return RandInfo(
        n,
        _pairs(truth),
        _pairs(proposal) + singletons,
        _pairs(both) + singletons,
        _information(truth, n, 0),
        _information(proposal, n, singletons),
        _information(both, n, singletons),
    )


def _pairs(counts: NDArray[Any]) -> int:
    return int(np.sum(counts.astype(np.int64) ** 2))


def _information(counts: NDArray[Any], n: int, singletons: int) -> float:
    """Return ``-sum c log(c / n)`` over ``counts`` and over as many ones as ``singletons``.

    The sum is rounded once, so it does not depend on the order of the labels, and a perfect
    proposal gets exactly 1.
    """
    filled = counts[counts > 0].astype(np.float64)
    ones = [singletons * math.log(n)] if singletons else []
    return math.fsum([*(-filled * np.log(filled / n)).tolist(), *ones]) + 0.0
