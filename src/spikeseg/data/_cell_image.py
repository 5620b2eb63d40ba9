"""The look of the ``cells`` dataset: grey levels as an electron microscope would show them.

Darkness is drawn additively on the cytoplasm: membranes, and the organelles that make the task
hard because they have dark boundaries that are *not* membranes between cells. Then come uneven
illumination, blur and shot noise. Lengths are pixels, grey levels 0 (black) to 1.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spikeseg.data._cell_shapes import Field, Membranes, smooth_noise


def render(rng: np.random.Generator, cells: Membranes) -> NDArray[np.float32]:
    """Return the (H, W) float32 image of ``cells``, in 0..1 and in steps of 1/255."""
    size = len(cells.labels)
    level = rng.normal(0.66, 0.035, cells.labels.max() + 1)[cells.labels]
    level += 0.030 * smooth_noise(rng, size, 3) + 0.025 * smooth_noise(rng, size, 9)
    inside = ndimage.distance_transform_edt(~cells.is_membrane)
    darkness = _organelles(rng, inside)
    darkness = np.where(cells.is_membrane, 0.0, darkness) + _membranes(rng, cells)
    return _expose(rng, level - darkness)


def _membranes(rng: np.random.Generator, cells: Membranes) -> Field:
    """Return how dark the membranes are: a soft profile, and smears of stain beside them."""
    size = len(cells.labels)
    profile = np.exp(-((cells.distance / (0.85 * cells.half_width)) ** 2))
    stain = np.clip(smooth_noise(rng, size, 22) - 1.3, 0, 1.2)
    smear = 0.22 * stain * np.exp(-cells.distance / 9)
    return np.asarray(0.47 * cells.contrast * profile + smear)


def _organelles(rng: np.random.Generator, inside: Field) -> Field:
    """Return the darkness of all that lies within cells; ``inside`` is the room there is."""
    size = len(inside)
    darkness = _reticulum(rng, inside)
    _mitochondria(rng, inside, darkness)
    # Vesicles are crowded in some places and rare in others.
    crowding = np.exp(0.9 * smooth_noise(rng, size, 24))
    per_image = size * size / 256**2
    for count, low, high, ring in ((150, 2.0, 3.6, 0.20), (220, 1.0, 1.9, 0.18)):
        spots = _spots(rng, crowding * (inside >= high + 1.5), int(count * per_image))
        for center in spots:
            _vesicle(darkness, center, rng.uniform(low, high), ring * rng.uniform(0.5, 1.5))
    return darkness


def _spots(rng: np.random.Generator, likelihood: Field, count: int) -> NDArray[np.intp]:
    """Return ``count`` random pixels (count, 2), or none if no pixel is likely."""
    cumulative = np.cumsum(likelihood)
    if cumulative[-1] == 0:
        return np.empty((0, 2), np.intp)
    flat = np.searchsorted(cumulative, rng.random(count) * cumulative[-1], side="right")
    return np.stack(np.unravel_index(flat, likelihood.shape), axis=1)


def _around(size: int, center: NDArray[np.intp], reach: float) -> tuple[tuple[slice, ...], Field]:
    """Return the window around ``center`` and its (2, h, w) offsets from the center."""
    low = np.maximum(center - int(reach) - 1, 0)
    high = np.minimum(center + int(reach) + 2, size)
    offsets = np.mgrid[low[0] : high[0], low[1] : high[1]] - center[:, None, None]
    return (slice(low[0], high[0]), slice(low[1], high[1])), offsets.astype(float)


def _vesicle(darkness: Field, center: NDArray[np.intp], radius: float, depth: float) -> None:
    """Draw a ring of the given radius, which is a mere dot if that is small."""
    window, offsets = _around(len(darkness), center, radius + 3)
    from_ring = np.hypot(*offsets) - radius
    shade = depth * np.exp(-((from_ring / 0.95) ** 2))
    darkness[window] += np.clip(shade, 0, np.clip(0.45 - darkness[window], 0, None))


def _reticulum(rng: np.random.Generator, inside: Field) -> Field:
    """Return thin winding lines within some cells, like the endoplasmic reticulum."""
    size = len(inside)
    height = smooth_noise(rng, size, 20)
    slope = np.hypot(*np.gradient(height)) + 1e-3
    lines = np.exp(-((height / slope / 1.3) ** 2))
    where = np.clip(smooth_noise(rng, size, 26) - 0.75, 0, 0.8) * (inside > 2)
    return np.asarray(0.30 * lines * where)


def _mitochondria(rng: np.random.Generator, inside: Field, darkness: Field) -> None:
    """Draw dark ellipses with a double boundary and cristae where a cell has room for them."""
    room, most = inside.copy(), round(11 * inside.size / 256**2)
    ripple = smooth_noise(rng, len(inside), 12)
    for center in _spots(rng, (room >= 9.0).astype(float), 2 * most):
        if room[tuple(center)] < 9.0 or most == 0:
            continue
        most -= 1
        short = min(room[tuple(center)] - 2.5, rng.uniform(9, 26))
        long = min(short * rng.uniform(1.0, 1.9), 42.0)
        window, shade = _mitochondrion(rng, ripple, center, (short, long))
        darkness[window] = np.where(shade > 0, shade, darkness[window])
        window, offsets = _around(len(room), center, 2 * long)
        room[window] = np.minimum(room[window], np.hypot(*offsets) - long - 4)


def _mitochondrion(
    rng: np.random.Generator, ripple: Field, center: NDArray[np.intp], axes: tuple[float, float]
) -> tuple[tuple[slice, ...], Field]:
    """Return a window and the darkness in it; ``axes`` are the short and the long half axis."""
    short, long = axes
    window, (y, x) = _around(len(ripple), center, 1.3 * long)
    angle, tilt = rng.uniform(0, np.pi, 2)
    u, v = np.cos(angle) * y + np.sin(angle) * x, np.cos(angle) * x - np.sin(angle) * y
    depth = short * (1 - np.hypot(u / long, v / short)) + 0.6 * ripple[window]
    bounds = np.exp(-(((depth - 1) / 0.9) ** 2)) + 0.8 * np.exp(-(((depth - 3.8) / 0.9) ** 2))
    along = np.cos(tilt) * y + np.sin(tilt) * x + 1.6 * ripple[window]
    cristae = np.clip(np.sin(2 * np.pi * along / rng.uniform(4.5, 6.5)), -0.2, 1) * (depth > 4)
    matrix, edge, fold = rng.uniform(0.10, 0.24), rng.uniform(0.14, 0.30), rng.uniform(0.05, 0.16)
    return window, np.where(depth > -0.5, matrix + edge * bounds + fold * cristae, 0.0)


def _expose(rng: np.random.Generator, scene: Field) -> NDArray[np.float32]:
    """Return the scene as the camera sees it: illumination, blur, shot noise, 8 bits."""
    size = len(scene)
    light = 1 + 0.05 * smooth_noise(rng, size, 90) + 0.03 * smooth_noise(rng, size, 40)
    focus = ndimage.gaussian_filter(scene, rng.uniform(0.7, 1.05)) * light
    electrons = np.sqrt(np.clip(focus, 0.05, 1.0))
    grain = rng.standard_normal(scene.shape)
    grain = 0.75 * grain + 0.9 * ndimage.gaussian_filter(rng.standard_normal(scene.shape), 0.8)
    seen = np.clip(focus + 0.105 * electrons * grain, 0, 1)
    return np.asarray(np.round(255 * seen) / 255, np.float32)
