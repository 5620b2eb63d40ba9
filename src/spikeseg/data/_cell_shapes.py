"""The geometry of the ``cells`` dataset: irregular cells and the membranes between them.

Cells are a multiplicatively weighted, anisotropic Voronoi tessellation in warped coordinates
(Aurenhammer & Edelsbrunner 1984 for the weighting): small cells bulge into large ones, as small
neurites do in a section of neural tissue. All lengths are pixels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Field = NDArray[np.float64]

_REACH = 3.0
"""How far a cell can extend, in multiples of its radius."""


@dataclass(frozen=True)
class Membranes:
    """Where cells and their membranes are; all arrays are (H, W).

    Attributes:
        labels: which cell a pixel belongs to.
        distance: to the nearest border between two cells, in pixels.
        half_width: half the thickness of the nearest membrane, in pixels.
        contrast: darkness of the nearest membrane, 0 (invisible) to 1.
    """

    labels: NDArray[np.intp]
    distance: Field
    half_width: Field
    contrast: Field

    @property
    def is_membrane(self) -> NDArray[np.bool_]:
        """(H, W) whether a pixel is labeled as membrane."""
        return self.distance <= self.half_width


def smooth_noise(rng: np.random.Generator, size: int, scale: float) -> Field:
    """Return (size, size) Gaussian noise of zero mean and unit deviation, smooth over ``scale`` px.

    White noise on a coarse grid, blurred and enlarged in one pass along each axis.
    """
    step = max(1.0, scale / 2)
    at = np.arange(size) / step + 4
    nearest = np.round(at).astype(int)
    taps = nearest[:, None] + np.arange(-4, 5)
    weights = np.exp(-0.5 * ((at[:, None] - taps) * step / (scale / 2)) ** 2)
    weights /= np.sqrt((weights**2).sum(axis=1, keepdims=True))
    noise = rng.standard_normal((nearest[-1] + 5,) * 2)
    for _ in range(2):
        # A plain sum of nine terms, since a matrix product may round differently elsewhere.
        terms = [weights[:, k, None] * noise[taps[:, k]] for k in range(9)]
        noise = np.sum(terms, axis=0).T
    return noise


def _pack(rng: np.random.Generator, size: int) -> tuple[Field, Field]:
    """Return centers (N, 2) and radii (N,) of cells thrown at random, the large ones first."""
    margin = 40.0
    count = int((size + 2 * margin) ** 2 / 750)
    radii = np.sort(np.clip(rng.lognormal(2.75, 0.6, count), 7.0, 58.0))[::-1]
    darts = rng.uniform(-margin, size + margin, (count, 12, 2))
    centers, kept = np.empty((count, 2)), np.empty(count)
    n = 0
    for radius, tries in zip(radii, darts, strict=True):
        gaps = np.linalg.norm(tries[:, None] - centers[None, :n], axis=-1)
        is_free = (gaps > 0.85 * (radius + kept[:n])).all(axis=1)
        if is_free.any():
            centers[n], kept[n] = tries[is_free.argmax()], radius
            n += 1
    return centers[:n], kept[:n]


def _tessellate(rng: np.random.Generator, size: int) -> NDArray[np.intp]:
    """Return (size, size) labels of the cells."""
    centers, radii = _pack(rng, size)
    angles = rng.uniform(0, np.pi, len(radii))
    stretches = np.exp(np.abs(rng.normal(0, 0.3, len(radii))))
    grid = np.mgrid[:size, :size].astype(float)
    for scale, amplitude in ((60.0, 9.0), (18.0, 2.6), (6.0, 0.5)):
        grid += amplitude * np.stack([smooth_noise(rng, size, scale) for _ in range(2)])
    nearest = np.full((size, size), np.inf)
    labels = np.zeros((size, size), np.intp)
    for i, (center, radius) in enumerate(zip(centers, radii, strict=True)):
        reach = _REACH * radius * stretches[i] + 30
        low = np.clip(center - reach, 0, size).astype(int)
        high = np.clip(center + reach, 0, size).astype(int)
        window = (slice(low[0], high[0]), slice(low[1], high[1]))
        y, x = (grid[k][window] - center[k] for k in (0, 1))
        cos, sin = np.cos(angles[i]), np.sin(angles[i])
        along, across = (cos * y + sin * x) / stretches[i], (cos * x - sin * y) * stretches[i]
        ratio = np.sqrt(along**2 + across**2) / radius
        is_nearer = ratio < nearest[window]
        nearest[window][is_nearer] = ratio[is_nearer]
        labels[window][is_nearer] = i
    return labels


def _borders(labels: NDArray[np.intp]) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Return where a cell ends to the right or below, and a number for each pair of neighbors."""
    padded = np.pad(labels, ((0, 1), (0, 1)), mode="edge")
    right, below = padded[:-1, 1:], padded[1:, :-1]
    other = np.where(labels != right, right, below)
    pair = np.minimum(labels, other) * (labels.max() + 1) + np.maximum(labels, other)
    return labels != other, pair


def grow(rng: np.random.Generator, size: int) -> Membranes:
    """Return random cells of a (size, size) image and the membranes between them.

    Each pair of neighbors has its own thickness and contrast (a membrane that is cut obliquely is
    broad and faint), and both vary along the membrane.
    """
    labels = _tessellate(rng, size)
    is_border, pair = _borders(labels)
    distance, nearest = ndimage.distance_transform_edt(~is_border, return_indices=True)
    _, number = np.unique(pair, return_inverse=True)
    number = number.reshape(pair.shape)[tuple(nearest)]
    obliqueness = rng.beta(1.0, 4.5, number.max() + 1)[number]
    obliqueness = ndimage.gaussian_filter(obliqueness, 3.0) + 0.12 * smooth_noise(rng, size, 30)
    obliqueness = np.clip(obliqueness, 0, 1)
    half_width = np.clip(2.1 + 2.2 * obliqueness + 0.3 * smooth_noise(rng, size, 20), 1.5, 5.0)
    contrast = np.clip(1 - 0.85 * obliqueness + 0.17 * smooth_noise(rng, size, 14), 0.15, 1.15)
    return Membranes(labels, distance, half_width, contrast)
