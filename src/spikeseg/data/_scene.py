"""Moving shapes on a moving ground, as pictures of log intensity over time."""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

SHAPES, MOTIONS = ("disk", "square"), ("approaching", "receding")
MOST_SHAPES = 3
_TILE = 64
"""Texels of a texture, which repeats; the image has as many pixels or more for each."""
_SQUARE = np.sqrt(np.pi) / 2
"""Half the side of the square that has the area of a disk of radius 1."""
_GROUND, _SKIN = 0.12, 0.15
"""Standard deviations of the textures of ground and shapes, in log intensity."""


@dataclass(frozen=True)
class Path:
    """A value at the window's start and end, linear in between."""

    start: float
    end: float

    def reversed(self) -> "Path":
        """Return the way back."""
        return Path(self.end, self.start)


@dataclass(frozen=True, eq=False)
class Shape:
    """A moving shape.

    Attributes:
        kind: number in `SHAPES`.
        x, y: of its center, as shares of the image's side.
        radius: of a disk; a square has the area of that disk. A share of the image's side.
        angle: in radians.
        contrast: its log intensity above that of the ground.
        texture: (64, 64) log intensity that is added.
    """

    kind: int
    x: Path
    y: Path
    radius: Path
    angle: Path
    contrast: float
    texture: NDArray[np.float64]

    @property
    def label(self) -> int:
        """Class of its pixels: 1 and more, by shape and by whether it grows or shrinks."""
        return 1 + len(MOTIONS) * self.kind + int(self.radius.end < self.radius.start)

    def opposite(self) -> "Shape":
        """Return the shape backwards in time with light and dark exchanged."""
        x, y, radius, angle = (p.reversed() for p in (self.x, self.y, self.radius, self.angle))
        return Shape(self.kind, x, y, radius, angle, -self.contrast, -self.texture)


@dataclass(frozen=True, eq=False)
class Scene:
    """A ground and the shapes before it, the last one nearest.

    Attributes:
        texture: (64, 64) log intensity of the ground.
        x, y: how far the ground has moved, as shares of the image's side.
        shapes: at least one.
    """

    texture: NDArray[np.float64]
    x: Path
    y: Path
    shapes: tuple[Shape, ...]

    def opposite(self) -> "Scene":
        """Return the scene backwards in time with all light and dark exchanged."""
        shapes = tuple(shape.opposite() for shape in self.shapes)
        return Scene(-self.texture, self.x.reversed(), self.y.reversed(), shapes)


def draw_scene(rng: np.random.Generator) -> Scene:
    """Return a random scene; `spikeseg.data.moving_shapes` says from what."""
    speed = rng.uniform(0, 0.12) * (rng.random() < 0.5)
    x, y = _ways(rng, 0.0, 0.0, speed)
    shapes: list[Shape] = []
    for _ in range(rng.integers(1, MOST_SHAPES + 1)):
        place = _free_place(rng, shapes)
        if place is not None:
            shapes.append(_draw_shape(rng, *place))
    return Scene(_GROUND * _texture(rng), x, y, tuple(shapes))


def _free_place(rng: np.random.Generator, shapes: list[Shape]) -> tuple[float, float] | None:
    """Return the middle of a path that is away from those of other shapes, if one is found."""
    for _ in range(20):
        x, y = rng.uniform(0.2, 0.8, 2)
        middles = [((s.x.start + s.x.end) / 2, (s.y.start + s.y.end) / 2) for s in shapes]
        if all(np.hypot(x - a, y - b) > 0.35 for a, b in middles):
            return float(x), float(y)
    return None


def _draw_shape(rng: np.random.Generator, x: float, y: float) -> Shape:
    large = rng.uniform(0.16, 0.24)
    radius = Path(large * rng.uniform(0.45, 0.7), large)
    turn, angle = rng.uniform(-0.6, 0.6), rng.uniform(0, 2 * np.pi)
    return Shape(
        int(rng.integers(len(SHAPES))),
        *_ways(rng, x, y, rng.uniform(0.0, 0.3)),
        radius if rng.random() < 0.5 else radius.reversed(),
        Path(angle - turn, angle + turn),
        rng.uniform(0.5, 1.0) * rng.choice([-1, 1]),
        _SKIN * _texture(rng),
    )


def _ways(rng: np.random.Generator, x: float, y: float, length: float) -> tuple[Path, Path]:
    """Return the coordinates of a straight way in any direction; (x, y) is its middle."""
    direction = rng.uniform(0, 2 * np.pi)
    dx, dy = (length / 2 * f(direction) for f in (np.cos, np.sin))
    return Path(x - dx, x + dx), Path(y - dy, y + dy)


def _texture(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return smooth noise of mean 0 and deviation 1 that repeats without a seam."""
    noise = gaussian_filter(rng.standard_normal((_TILE, _TILE)), 2.0, mode="wrap")
    return np.asarray((noise - noise.mean()) / noise.std())


def render(scene: Scene, size: int, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (N, size, size) log intensities at times in 0 (start) to 1 (end).

    Edges are blurred over one pixel, so that they move smoothly.
    """
    textures = np.stack([scene.texture, *(s.texture for s in scene.shapes)])
    shown = np.empty((len(times), size, size))
    _render(textures, _ground(scene), _table(scene), times, shown)
    return shown


def label(scene: Scene, size: int) -> NDArray[np.uint8]:
    """Return the (size, size) classes of pixels at the window's end; 0 is ground."""
    mask = np.zeros((size, size), np.uint8)
    y, x = (np.mgrid[:size, :size] + 0.5) / size
    for shape in scene.shapes:
        u, v = x - shape.x.end, y - shape.y.end
        cos, sin = np.cos(shape.angle.end), np.sin(shape.angle.end)
        u, v = cos * u + sin * v, cos * v - sin * u
        far = np.hypot(u, v) if shape.kind == 0 else np.maximum(abs(u), abs(v)) / _SQUARE
        mask[far <= shape.radius.end] = shape.label
    return mask


def _ground(scene: Scene) -> NDArray[np.float64]:
    return np.array([scene.x.start, scene.x.end, scene.y.start, scene.y.end])


def _table(scene: Scene) -> NDArray[np.float64]:
    """Return one row for each shape: kind, contrast, then starts and ends."""
    return np.array(
        [
            (
                s.kind,
                s.contrast,
                *(v for p in (s.x, s.y, s.radius, s.angle) for v in (p.start, p.end)),
            )
            for s in scene.shapes
        ]
    )


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _sample(texture: Any, u: float, v: float) -> float:
    """Return a texture at a place in texels, between the four nearest."""
    left, top = int(np.floor(u)), int(np.floor(v))
    a, b = u - left, v - top
    i, j, k, m = top % _TILE, (top + 1) % _TILE, left % _TILE, (left + 1) % _TILE
    above = (1 - a) * texture[i, k] + a * texture[i, m]
    below = (1 - a) * texture[j, k] + a * texture[j, m]
    return float((1 - b) * above + b * below)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _render(textures: Any, ground: Any, shapes: Any, times: Any, shown: Any) -> None:
    size = shown.shape[1]
    for n in range(len(times)):
        t = times[n]
        ground_x = ground[0] + t * (ground[1] - ground[0])
        ground_y = ground[2] + t * (ground[3] - ground[2])
        for row in range(size):
            for column in range(size):
                x, y = (column + 0.5) / size - ground_x, (row + 0.5) / size - ground_y
                shown[n, row, column] = _sample(textures[0], x * _TILE, y * _TILE)
        for k in range(len(shapes)):
            _paint(textures[k + 1], shapes[k], t, shown[n])


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _paint(texture: Any, shape: Any, t: float, picture: Any) -> None:
    """Paint a shape over a picture, in the box that it needs."""
    size = len(picture)
    x, y = shape[2] + t * (shape[3] - shape[2]), shape[4] + t * (shape[5] - shape[4])
    radius, angle = shape[6] + t * (shape[7] - shape[6]), shape[8] + t * (shape[9] - shape[8])
    cos, sin, reach = np.cos(angle), np.sin(angle), 1.3 * radius + 1 / size
    for row in range(max(0, int((y - reach) * size)), min(size, int((y + reach) * size) + 1)):
        for column in range(
            max(0, int((x - reach) * size)), min(size, int((x + reach) * size) + 1)
        ):
            dx, dy = (column + 0.5) / size - x, (row + 0.5) / size - y
            u, v = cos * dx + sin * dy, cos * dy - sin * dx
            if shape[0] == 0:
                outside = np.hypot(u, v) - radius
            else:
                outside = max(abs(u), abs(v)) - _SQUARE * radius
            cover = min(1.0, max(0.0, 0.5 - outside * size))
            if cover > 0:
                scale = _TILE * 0.25 / radius
                own = shape[1] + _sample(texture, u * scale, v * scale)
                picture[row, column] += cover * (own - picture[row, column])
