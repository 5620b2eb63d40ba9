"""What is compiled for leaky neurons: spikes over time, and the gradient of all that led to them.

All functions see flat memory of ``size`` numbers a step and take a vector of neurons through all
steps before the next; potentials of the backward pass lie on the stack. The current is
``gain * x + shift``, with tiles of gain and shift that repeat: in channels_last memory
a batch norm.
Arithmetic is float32 in the order of `unroll_stepwise`; sums are float64.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from llvmlite import ir

from spikeseg.engine.code.lanes import (
    DOUBLE,
    FLOAT,
    I16,
    I64,
    Lanes,
    add_to,
    every,
    load,
    loop,
    splat,
    store,
)
from spikeseg.engine.through_time.dynamics import Dynamics
from spikeseg.surrogates import SURROGATES

WIDTH = 32  # neurons at once
NAMES = ("forward", "sums", "backward", "moments", "mean", "add")
_POINTERS = ("x", "grad", "out", "totals", "tiles")
_NUMBERS = ("steps", "size", "stride", "period", "first", "last", "chunks")
_FLOATS = ("decay", "threshold", "inverse")


class Scene(NamedTuple):
    """What a body works on: the builder, the arguments by name, where it is, how wide."""

    b: Any
    given: dict[str, Any]
    i: Any
    j: Any
    totals: Any
    width: int
    stack: Any

    def tile(self, k: int) -> Lanes:
        """Return the lanes of a tile: gain, shift, mean, scale, along, offset."""
        start = self.b.mul(ir.Constant(I64, k), self.given["period"])
        return load(self.b, self.given["tiles"], self.b.add(start, self.j), self.width)

    def place(self, t: Any, stride: str) -> Any:
        """Return the index of these neurons in step t."""
        return self.b.add(self.i, self.b.mul(t, self.given[stride]))

    def number(self, name: str) -> Lanes:
        """Return decay, threshold or its inverse."""
        return every(self.b, self.given[name], self.width)

    def constant(self, value: float) -> Lanes:
        """Return a number in every lane."""
        return Lanes(self.b, splat(ir.VectorType(FLOAT, self.width), value))

    def add(self, k: int, lanes: Lanes) -> None:
        """Add to the k-th total."""
        start = self.b.mul(ir.Constant(I64, k), self.given["period"])
        add_to(self.b, self.totals, self.b.add(start, self.j), lanes)

    def over_steps(
        self, carried: list[Lanes], body: Callable[[Any, list[Lanes]], list[Lanes]]
    ) -> list[Lanes]:
        """Write the loop over the steps."""
        b = self.b

        def inside(t: Any, values: list[Any]) -> list[Any]:
            return [lanes.value for lanes in body(t, [Lanes(b, value) for value in values])]

        ends = (ir.Constant(I64, 0), self.given["steps"], ir.Constant(I64, 1))
        found = loop(b, ends, [lanes.value for lanes in carried], inside)
        return [Lanes(b, value) for value in found]

    def keep(self, t: Any, lanes: Lanes) -> None:
        """Put potentials on the stack."""
        self.b.store(lanes.value, self._kept(t))

    def kept(self, t: Any) -> Lanes:
        """Return potentials from the stack."""
        return Lanes(self.b, self.b.load(self._kept(t)))

    def _kept(self, t: Any) -> Any:
        kind = ir.VectorType(FLOAT, self.width).as_pointer()
        return self.b.gep(self.b.bitcast(self.stack, kind), [t])


class Neuron(NamedTuple):
    """The equations of `Dynamics` on lanes."""

    dynamics: Dynamics

    def after(self, s: Scene, h: Lanes) -> Lanes:
        """Return the potential after the reset."""
        threshold = s.number("threshold")
        rest = h - threshold if self.dynamics.reset == "soft" else s.constant(0.0)
        return (h >= threshold).choose(rest, h)

    def passed(self, s: Scene, h: Lanes, carry: Lanes, by_spike: Lanes) -> Lanes:
        """Return the gradient of the potential from those of what follows and of the spike."""
        threshold, inverse = s.number("threshold"), s.number("inverse")
        soft = self.dynamics.reset == "soft"
        if not self.dynamics.detach_reset:
            by_spike = by_spike - carry * (threshold if soft else h)
        slope: Lanes = SURROGATES.get(self.dynamics.surrogate)(h * inverse - 1.0)
        kept = carry if soft else (h >= threshold).choose(s.constant(0.0), carry)
        return by_spike * (slope * inverse) + kept

    def forward(self, s: Scene) -> None:
        """Write spikes."""
        gain, shift, decay = s.tile(0), s.tile(1), s.number("decay")

        def step(t: Any, carried: list[Lanes]) -> list[Lanes]:
            x = load(s.b, s.given["x"], s.place(t, "stride"), s.width)
            h = decay * carried[0] + (gain * x + shift)
            store(s.b, s.given["out"], s.place(t, "size"), (h >= s.number("threshold")).number())
            return [self.after(s, h)]

        s.over_steps([s.constant(0.0)], step)

    def _recall(self, s: Scene) -> None:
        gain, shift, decay = s.tile(0), s.tile(1), s.number("decay")
        s.keep(ir.Constant(I64, 0), s.constant(0.0))

        def step(t: Any, carried: list[Lanes]) -> list[Lanes]:
            x = load(s.b, s.given["x"], s.place(t, "stride"), s.width)
            h = decay * carried[0] + (gain * x + shift)
            s.keep(s.b.add(t, ir.Constant(I64, 1)), h)
            return [self.after(s, h)]

        s.over_steps([s.constant(0.0)], step)

    def _back(self, s: Scene, k: Any, carry: Lanes) -> tuple[Any, Lanes]:
        """Return the step that is the k-th from the end, and the gradient of its potential."""
        behind = s.b.sub(s.given["steps"], k)
        t = s.b.sub(behind, ir.Constant(I64, 1))
        grad = load(s.b, s.given["grad"], s.place(t, "size"), s.width)
        return t, self.passed(s, s.kept(behind), s.number("decay") * carry, grad)

    def sums(self, s: Scene) -> None:
        """Add up the gradient of the current, and that times x less its mean."""
        self._recall(s)
        mean, zero = s.tile(2), s.constant(0.0)

        def step(k: Any, carried: list[Lanes]) -> list[Lanes]:
            t, found = self._back(s, k, carried[0])
            x = load(s.b, s.given["x"], s.place(t, "stride"), s.width)
            return [found, carried[1] + found, carried[2] + found * (x - mean)]

        _, plain, moved = s.over_steps([zero, zero, zero], step)
        s.add(0, plain)
        s.add(1, moved)

    def backward(self, s: Scene) -> None:
        """Write the gradient of x; add up that of decay."""
        self._recall(s)
        zero, b = s.constant(0.0), s.b
        constant = b.icmp_signed("==", s.given["stride"], ir.Constant(I64, 0))
        moving = b.not_(constant)

        def write(t: Any, found: Lanes) -> None:
            place = s.place(t, "stride")
            x = load(b, s.given["x"], place, s.width)
            moved = s.tile(4) * (x - s.tile(2)) + s.tile(5)
            store(b, s.given["out"], place, s.tile(3) * found + moved)

        def step(k: Any, carried: list[Lanes]) -> list[Lanes]:
            t, found = self._back(s, k, carried[0])
            with b.if_then(moving, likely=True):
                write(t, found)
            by_decay = carried[2] + found * self.after(s, s.kept(t))
            return [found, carried[1] + found, by_decay]

        _, whole, by_decay = s.over_steps([zero, zero, zero], step)
        s.add(0, by_decay)
        with b.if_then(constant, likely=False):
            write(ir.Constant(I64, 0), whole)

    def moments(self, s: Scene) -> None:
        """Add up x less a number near its mean, and the square of that."""
        mean, zero = s.tile(2), s.constant(0.0)

        def step(t: Any, carried: list[Lanes]) -> list[Lanes]:
            x = load(s.b, s.given["x"], s.place(t, "stride"), s.width) - mean
            return [carried[0] + x, carried[1] + x * x]

        plain, squares = s.over_steps([zero, zero], step)
        s.add(0, plain)
        s.add(1, squares)

    def mean(self, s: Scene) -> None:
        """Write the sum over the steps times the gain."""

        def step(t: Any, carried: list[Lanes]) -> list[Lanes]:
            return [carried[0] + load(s.b, s.given["x"], s.place(t, "stride"), s.width)]

        (total,) = s.over_steps([s.constant(0.0)], step)
        store(s.b, s.given["out"], s.i, total * s.tile(0))

    def add(self, s: Scene) -> None:
        """Write the sum of x and what stands in the place of the gradient."""
        x, other = (load(s.b, s.given[name], s.i, s.width) for name in ("x", "grad"))
        store(s.b, s.given["out"], s.i, x + other)


def write_module(dynamics: Dynamics, half: bool) -> ir.Module:
    """Return the functions of a neuron, for bfloat16 or for float32."""
    module = ir.Module("leaky")
    item = I16 if half else FLOAT
    for name in NAMES:
        body = getattr(Neuron(dynamics), name)
        _write(module, name, body, item)
    return module


def _write(module: ir.Module, name: str, body: Callable[[Scene], None], item: Any) -> None:
    """Write a function that takes its chunks of the neurons, a pack after the other."""
    kinds = [k.as_pointer() for k in (item, item, item, DOUBLE, FLOAT)]
    kind = ir.FunctionType(ir.VoidType(), kinds + [I64] * len(_NUMBERS) + [FLOAT] * len(_FLOATS))
    function = ir.Function(module, kind, name)
    b = ir.IRBuilder(function.append_basic_block())
    given = dict(zip(_POINTERS + _NUMBERS + _FLOATS, function.args, strict=True))
    one, pack = ir.Constant(I64, 1), ir.Constant(I64, WIDTH)
    room = b.add(given["steps"], one)
    stack = b.alloca(ir.VectorType(FLOAT, WIDTH), size=room)
    packs = b.sdiv(given["size"], pack)
    per_chunk = b.mul(given["period"], ir.Constant(I64, 2))

    def take(ends: tuple[Any, Any, Any], width: int, totals: Any) -> None:
        def inside(i: Any, carried: list[Any]) -> list[Any]:
            body(Scene(b, given, i, carried[0], totals, width, stack))
            following = b.add(carried[0], ends[2])
            wraps = b.icmp_signed("==", following, given["period"])
            return [b.select(wraps, ir.Constant(I64, 0), following)]

        loop(b, ends, [b.srem(ends[0], given["period"])], inside)

    def chunk(number: Any, carried: list[Any]) -> list[Any]:
        totals = b.gep(given["totals"], [b.mul(number, per_chunk)])
        edges = [b.sdiv(b.mul(packs, n), given["chunks"]) for n in (number, b.add(number, one))]
        first, last = (b.mul(edge, pack) for edge in edges)
        take((first, last, pack), WIDTH, totals)
        is_last = b.icmp_signed("==", b.add(number, one), given["chunks"])
        take((last, b.select(is_last, given["size"], last), one), 1, totals)
        return []

    loop(b, (given["first"], given["last"], one), [], chunk)
    b.ret_void()
