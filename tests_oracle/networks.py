"""Networks drawn at random, described so that both sides can build them; no framework."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

Shape = tuple[int, int, int]


@dataclass
class Population:
    """Neurons; ``kind`` is "host" (off chip), "if" or "lif". Times are in seconds."""

    name: str
    shape: Shape
    kind: str
    bias: np.ndarray
    amplitude: float = 1.0
    gain: float = 1.0
    tau_rc: float = 0.02
    tau_ref: float = 0.002
    min_voltage: float = 0.0
    tile: Shape | None = None
    poisson: bool = False


@dataclass
class Link:
    """A connection; ``kind`` is "conv", "transposed" or "dense"; ``tau`` is in seconds, 0 is none.

    The kernel is (K_h, K_w, C_in, C_out). A dense one has the size of the image that it comes from
    or leads to; the other side has one pixel.
    """

    source: str
    target: str
    kind: str
    kernel: np.ndarray
    stride: tuple[int, int] = (1, 1)
    padding: str = "valid"
    dilation: tuple[int, int] = (1, 1)
    tau: float = 0.005

    @property
    def extent(self) -> tuple[int, int]:
        """Rows and columns from the first to the last tap."""
        height, width = self.kernel.shape[:2]
        return (height - 1) * self.dilation[0] + 1, (width - 1) * self.dilation[1] + 1


@dataclass
class Drawn:
    """A network, and whether nengo-loihi runs the host before the chip."""

    populations: list[Population] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    dt: float = 0.001
    precompute: bool = False

    def __getitem__(self, name: str) -> Population:
        return next(p for p in self.populations if p.name == name)

    def into(self, name: str) -> Iterator[Link]:
        """Yield the links that lead to a population, in the order of building."""
        yield from (link for link in self.links if link.target == name)


class Pen:
    """Draws parts of one network with one seed."""

    def __init__(self, seed: int, family: int = 0) -> None:
        self.rng = np.random.default_rng((family, seed))
        self.net = Drawn(
            dt=float(self.rng.choice([0.001, 0.001, 0.002])), precompute=bool(seed % 3 == 0)
        )
        self.kind = "lif" if self.rng.random() < 0.5 else "if"
        self.tau = self.draw_tau()
        self.size = 10 ** self.rng.uniform(-1.0, 0.0)

    def draw_tau(self) -> float:
        """Return a synaptic time constant, in seconds."""
        return float(self.rng.choice([0.0, 0.002, 0.005, 0.01, 0.02]))

    def host(self, shape: Shape, rate: float = 120.0) -> str:
        """Add neurons off chip that fire by themselves, with about ``rate`` Hz at most."""
        return self._add(
            Population(
                f"p{len(self.net.populations)}",
                shape,
                "host",
                self.rng.uniform(0.1, 1.0, shape) * rate,
                amplitude=float(self.rng.choice([1.0, 0.5, 0.01])),
                poisson=bool(self.rng.random() < 0.5),
            )
        )

    def chip(self, shape: Shape, bias: float = 1.0, split: bool = True) -> str:
        """Add neurons on the chip, cut into random tiles."""
        pull = {"if": 150.0, "lif": 1.2}[self.kind]
        return self._add(
            Population(
                f"p{len(self.net.populations)}",
                shape,
                self.kind,
                self.rng.uniform(-0.3, 1.0, shape) * pull * bias,
                amplitude=float(self.rng.choice([1.0, 1.0, 0.7, 0.02])),
                gain=float(self.rng.choice([1.0, 1.0, 1.3, 0.37])),
                tau_rc=float(self.rng.choice([0.01, 0.02, 0.05])),
                tau_ref=float(self.rng.choice([0.0, 0.001, 0.002, 0.004])),
                min_voltage=float(self.rng.choice([0.0, 0.0, -0.4, -1.0])),
                tile=self._tile(shape) if split else None,
            )
        )

    def _add(self, population: Population) -> str:
        self.net.populations.append(population)
        return population.name

    def _tile(self, shape: Shape) -> Shape | None:
        if self.rng.random() < 0.2:
            return None
        c, y, x = (int(self.rng.integers((n + 1) // 2, n + 1)) for n in shape)
        return c, y, x

    def kernel(self, source: str, target: str, taps: tuple[int, int]) -> np.ndarray:
        """Return weights of both signs; a spike is worth some tenth of a threshold at most."""
        pre, post = self.net[source], self.net[target]
        shape = (*taps, pre.shape[0], post.shape[0])
        unit = {"if": 1.0, "lif": 0.03}[post.kind] / (pre.amplitude * post.gain)
        return self.rng.normal(0.1, 1.0, shape) * self.size * unit

    def link(self, source: str, target: str, kind: str, taps: tuple[int, int], **how) -> Link:
        """Connect two populations with a new kernel."""
        how.setdefault("tau", self.tau)
        link = Link(source, target, kind, self.kernel(source, target, taps), **how)
        self.net.links.append(link)
        return link

    def dense(self, source: str, target: str) -> Link:
        """Connect all with all."""
        pre, post = self.net[source].shape, self.net[target].shape
        taps = pre[1:] if post[1:] == (1, 1) else post[1:]
        return self.link(source, target, "dense", taps)

    def conv(self, source: str, channels: int, taps: int = 3, **how) -> str:
        """Add a population that hears a convolution of ``source``; return its name."""
        stride, padding = how.get("stride", (1, 1)), how.get("padding", "valid")
        reach = [(taps - 1) * d for d in how.get("dilation", (1, 1))]
        sizes = zip(self.net[source].shape[1:], stride, reach, strict=True)
        shape = [-(-(n - (r if padding == "valid" else 0)) // s) for n, s, r in sizes]
        target = self.chip((channels, *shape))
        self.link(source, target, "conv", (taps, taps), **how)
        return target

    def transposed(self, source: str, channels: int, taps: int = 3, more: int = 0, **how) -> str:
        """Add a population that hears a transposed convolution of ``source``."""
        stride, padding = how.get("stride", (1, 1)), how.get("padding", "valid")
        sizes = zip(self.net[source].shape[1:], stride, strict=True)
        extra = (taps - 1 if padding == "valid" else 0) + more
        shape = [(n - 1) * s + 1 + extra for n, s in sizes]
        target = self.chip((channels, *shape))
        self.link(source, target, "transposed", (taps, taps), **how)
        return target


def draw_dense(pen: Pen) -> None:
    """Vectors, an image into a vector, a vector into an image."""
    image = pen.host((2, 3, 4))
    hidden, back = pen.chip((9, 1, 1)), pen.chip((3, 4, 3))
    last = pen.chip((7, 1, 1))
    for pair in ((image, hidden), (hidden, back), (back, last), (hidden, last)):
        pen.dense(*pair)


def draw_conv(pen: Pen) -> None:
    """Two convolutions, valid and same."""
    first = pen.conv(pen.host((2, 7, 6)), 4, padding="same")
    pen.conv(first, 3, padding="valid", taps=int(pen.rng.integers(1, 4)))


def draw_strided(pen: Pen) -> None:
    """Strides of 2 and 3, on even and odd sizes."""
    first = pen.conv(pen.host((1, 9, 8)), 3, padding="same", stride=(2, 2))
    pen.conv(first, 4, padding="valid", stride=(1, 2), taps=2)
    pen.conv(first, 2, padding="same", stride=(3, 2))


def draw_dilated(pen: Pen) -> None:
    """Taps apart: nengo has them as a kernel with zeros between."""
    first = pen.conv(pen.host((2, 8, 7)), 3, padding="same", dilation=(2, 2))
    pen.conv(first, 3, padding="valid", dilation=(2, 1), stride=(1, 2))


def draw_transposed(pen: Pen) -> None:
    """Transposed convolutions, of the smallest and of a larger size."""
    first = pen.conv(pen.host((2, 5, 5)), 3, padding="valid")
    up = pen.transposed(first, 3, padding="same", stride=(2, 2), more=1)
    pen.transposed(first, 2, padding="valid", stride=(2, 1), taps=2)
    pen.conv(up, 2, padding="same")


def draw_skip(pen: Pen) -> None:
    """A small U: down, up, and the skip into one population."""
    first = pen.conv(pen.host((1, 7, 7)), 3, padding="same")
    deep = pen.conv(first, 4, padding="same", stride=(2, 2))
    up = pen.transposed(deep, 3, padding="same", stride=(2, 2))
    last = pen.conv(up, 3, padding="same")
    pen.link(first, last, "conv", (3, 3), padding="same")


def draw_recurrent(pen: Pen) -> None:
    """A loop over one population and one over two."""
    source, first, second = pen.host((6, 1, 1)), pen.chip((12, 1, 1)), pen.chip((8, 1, 1))
    for pair in ((source, first), (first, first), (first, second), (second, first)):
        pen.dense(*pair)


def draw_overflow(pen: Pen) -> None:
    """Many strong weights at once: the accumulator and the current wrap around."""
    source = pen.host((500, 1, 1), rate=700.0)
    target = pen.chip((10, 1, 1))
    link = pen.dense(source, target)
    strong = np.abs(link.kernel).clip(np.abs(link.kernel).max() * 0.7)
    link.kernel = strong * pen.rng.choice([-1.0, 1.0], strong.shape[-1])
    link.tau = 0.02
    pen.dense(target, pen.chip((5, 1, 1)))


def draw_weak(pen: Pen) -> None:
    """A path beside one that is 8 to 4096 times stronger."""
    first = pen.conv(pen.host((2, 5, 5)), 3, padding="same")
    second = pen.conv(first, 3, padding="same")
    weak = pen.link(pen.host((2, 5, 5)), second, "conv", (3, 3), padding="same")
    weak.kernel /= 2.0 ** pen.rng.integers(3, 13)


def draw_faint(pen: Pen) -> None:
    """Weights small beside the threshold: low exponents; and some that are all zero."""
    pen.tau = 0.005
    pen.size = 10 ** pen.rng.uniform(-3.2, -1.8) * {"if": 1.0, "lif": 0.2}[pen.kind]
    first = pen.conv(pen.host((2, 6, 5)), 3, padding="same")
    last = pen.conv(first, 2, padding="same")
    silent = pen.link(pen.host((1, 6, 5)), last, "conv", (1, 1))
    silent.kernel *= 0.0


def draw_driven(pen: Pen) -> None:
    """Nothing, or only zeros, lead to a population: the bias sets the scale, or nothing does."""
    alone, deaf, quiet = (pen.chip((2, 3, 3)) for _ in range(3))
    for name in (deaf, quiet):
        pen.dense(alone, pen.chip((4, 1, 1)))
        pen.link(alone, name, "conv", (1, 1)).kernel *= 0.0
    pen.net[quiet].bias *= 0.0


def draw_mixed(pen: Pen) -> None:
    """Two time constants into one population: the longer wins."""
    source = pen.host((2, 6, 6))
    first = pen.conv(source, 4, padding="same", tau=0.002)
    pen.link(source, first, "conv", (1, 1), tau=0.01)
    pen.conv(first, 3, padding="valid", tau=0.0)


def draw_ties(pen: Pen) -> None:
    """Weights halfway between two integers: how products are rounded decides."""
    target = pen.chip((6, 1, 1))
    link = pen.dense(pen.host((128, 1, 1)), target)
    halves = (np.arange(128) + 0.5) / 127.5
    largest = np.abs(link.kernel).max(axis=(0, 1, 2))
    link.kernel = (halves[:, None] * largest * pen.rng.choice([-1.0, 1.0], (128, 6)))[None, None]
    pen.net[target].tile = (1, 1, 1)


FAMILIES: dict[str, Callable[[Pen], None]] = {
    name.removeprefix("draw_"): draw
    for name, draw in list(globals().items())
    if name.startswith("draw_")
}


def draw(family: str, seed: int) -> Drawn:
    """Return a network of a family."""
    pen = Pen(seed, list(FAMILIES).index(family))
    FAMILIES[family](pen)
    return pen.net
