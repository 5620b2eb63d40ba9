"""The compiled function of a layer that hears events: rows of outputs, all steps of a row at once.

A row's potentials and currents stay in the caches from the first step to the last; weights do, too,
as far as they fit. Work is numbered by (image, row of outputs).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from llvmlite import ir

from spikeseg.engine.code.lanes import FLOAT, I16, I32, I64, load, loop, store
from spikeseg.engine.event.code import VOID, Lists, at, whole, write_list, write_sums
from spikeseg.engine.event.neurons import (
    LANES,
    Fired,
    Rows,
    Start,
    write_counts,
    write_reset,
    write_step,
)
from spikeseg.engine.event.plan import Pass, Rooms
from spikeseg.neurons import Neuron


class Source(NamedTuple):
    """A population that is heard: rows, words of a row, and input rows that reach an output."""

    height: int
    words: int
    slots: int


class Plan(NamedTuple):
    """All that the code of a layer depends on.

    Attributes:
        neuron: what the population consists of.
        kept: states that it needs.
        shape: (C, H, W).
        sources: who is heard.
        passes: what each adds.
        rooms: of a thread's own memory.
    """

    neuron: Neuron
    kept: tuple[str, ...]
    shape: tuple[int, int, int]
    sources: tuple[Source, ...]
    passes: tuple[Pass, ...]
    rooms: Rooms

    @property
    def names(self) -> tuple[str, ...]:
        """The arguments, in this order."""
        planes = [f"{name}_{what}" for name in self.kept for what in _PLANE]
        heard = [f"{what}{i}" for i in range(len(self.sources)) for what in ("words", "reach")]
        tables = [f"table{i}" for i in range(len(self.passes))]
        return (*_FIXED, *planes, *heard, *tables)

    @property
    def scratch(self) -> dict[str, int]:
        """The parts of a thread's own memory and where they begin, in bytes; and its size."""
        sizes = {"currents": 4 * self.rooms.current, "start": 4 * self.rooms.row}
        sizes |= dict.fromkeys(self.kept, 4 * self.rooms.row)
        sizes |= {"events": 2 * self.rooms.events, "places": 4 * self.rooms.pixels}
        found, end = {}, 0
        for name, size in sizes.items():
            found[name], end = end, end + -(-size // 64) * 64
        return found | {"size": end}


_FIXED = ("steps", "batch", "bias", "constant", "counts", "out", "zeros", "bytes_of")
_PLANE = ("in", "stride", "out")


class _Scene(NamedTuple):
    b: Any
    plan: Plan
    given: dict[str, Any]
    own: dict[str, Any]  # this thread's memory

    def address(self, name: str, offset: Any = None) -> Any:
        """Return an argument as an address, so many bytes further."""
        address = self.b.inttoptr(self.given[name], VOID)
        return address if offset is None else self.b.gep(address, [offset])

    def floats(self, name: str) -> Any:
        """Return a pointer to floats of this thread."""
        return self.b.bitcast(self.own[name], FLOAT.as_pointer())

    def copy(self, target: Any, source: Any) -> None:
        """Copy a row of the output's floats."""
        channels, _, width = self.plan.shape
        pointer = VOID
        copying = self.b.module.declare_intrinsic("llvm.memcpy", [pointer, pointer, I64])
        size = whole(4 * channels * width)
        self.b.call(copying, [target, source, size, ir.Constant(ir.IntType(1), 0)])

    def if_given(self, name: str, body: Callable[[], None]) -> None:
        """Write what is done if an address is not 0."""
        with self.b.if_then(self.b.icmp_signed("!=", self.given[name], whole(0))):
            body()


def write_layer(plan: Plan) -> ir.Module:
    """Return ``run(arguments, first, last, memory)`` of a layer."""
    module = ir.Module("events")
    kind = ir.FunctionType(ir.VoidType(), [I64.as_pointer(), I64, I64, VOID])
    function = ir.Function(module, kind, "run")
    b = ir.IRBuilder(function.append_basic_block())
    arguments, first, last, memory = function.args
    names = enumerate(plan.names)
    given = {name: b.load(b.gep(arguments, [whole(k)])) for k, name in names}
    own = {name: b.gep(memory, [whole(k)]) for name, k in plan.scratch.items()}
    scene = _Scene(b, plan, given, own)

    def row(number: Any, _: list[Any]) -> list[Any]:
        _write_row(scene, number)
        return []

    loop(b, (first, last, whole(1)), [], row)
    b.ret_void()
    return module


def _write_row(s: _Scene, number: Any) -> None:
    """Write all steps of a row of outputs."""
    b, plan = s.b, s.plan
    channels, height, width = plan.shape
    length = channels * width
    image, y = b.sdiv(number, whole(height)), b.srem(number, whole(height))
    for name in plan.kept:
        offset = b.mul(number, s.given[f"{name}_stride"])
        s.copy(s.own[name], s.address(f"{name}_in", offset))
    place = b.mul(number, whole(4 * length))
    start = _write_start(s, place)
    currents = b.gep(s.own["currents"], [whole(4 * plan.rooms.left)])
    states = {name: s.floats(name) for name in plan.kept}
    rows = Rows(b.bitcast(currents, FLOAT.as_pointer()), start, states)
    write_reset(b, rows, length)
    words = 8 * -(-length // 64)
    stride = b.mul(s.given["batch"], whole(height * words))
    out = s.address("out", b.mul(number, whole(words)))

    def step(t: Any, _: list[Any]) -> list[Any]:
        _write_currents(s, b.add(b.mul(t, s.given["batch"]), image), y, currents)
        write_step(b, plan.neuron, rows, at(b, out, b.mul(t, stride), I16), length)
        return []

    loop(b, (whole(0), s.given["steps"], whole(1)), [], step)
    for name in plan.kept:
        _keep(s, name, place)
    counts = b.bitcast(s.address("counts", place), FLOAT.as_pointer())
    fired = Fired(b.bitcast(out, I16.as_pointer()), b.lshr(stride, whole(1)), s.given["steps"])
    s.if_given("counts", lambda: write_counts(b, fired, counts, length))


def _keep(s: _Scene, name: str, place: Any) -> None:
    """Write a state to memory, if it is wanted."""
    s.if_given(f"{name}_out", lambda: s.copy(s.address(f"{name}_out", place), s.own[name]))


def _write_currents(s: _Scene, map_number: Any, y: Any, currents: Any) -> None:
    """Add what all passes hear in one step to the row of currents."""
    lists = Lists(s.own["events"], s.own["places"], s.address("bytes_of"))
    for k, made in enumerate(s.plan.passes):
        table, heard = _heard(s, k, map_number, y)
        groups = write_list(s.b, made, heard, lists, s.plan.shape[0])
        write_sums(s.b, made, groups, lists, table, currents)


def _write_start(s: _Scene, place: Any) -> Start:
    """Return what currents start from: the bias, or its sums with the constant current."""
    b, (channels, _, width) = s.b, s.plan.shape
    bias = b.bitcast(s.address("bias"), FLOAT.as_pointer())
    start = s.floats("start")

    def add() -> None:
        constant = b.bitcast(s.address("constant", place), FLOAT.as_pointer())

        def pack(width: int) -> Callable[[Any, list[Any]], list[Any]]:
            def inside(i: Any, _: list[Any]) -> list[Any]:
                store(b, start, i, load(b, bias, i, width) + load(b, constant, i, width))
                return []

            return inside

        full = channels * width // LANES * LANES
        loop(b, (whole(0), whole(full), whole(LANES)), [], pack(LANES))
        loop(b, (whole(full), whole(channels * width), whole(1)), [], pack(1))

    s.if_given("constant", add)
    there = b.icmp_signed("!=", s.given["constant"], whole(0))
    period = whole(s.plan.rooms.row if channels % LANES else channels)
    return Start(b.select(there, start, bias), b.select(there, whole(s.plan.rooms.row), period))


def _heard(s: _Scene, k: int, map_number: Any, y: Any) -> tuple[Any, list[Any]]:
    """Return the address of a pass's table, and for each slot that of the input row it reads.

    ``reach`` has for each output row its phase and then an input row for each slot, -1 for none.
    """
    b, made = s.b, s.plan.passes[k]
    source = s.plan.sources[made.source]
    reach = at(b, s.address(f"reach{made.source}"), b.mul(y, whole(4 * (source.slots + 1))), I32)
    numbers = [b.sext(b.load(b.gep(reach, [whole(j)])), I64) for j in range(source.slots + 1)]
    table = b.mul(numbers[0], whole(4 * (made.zero + 1) * made.length))
    first = b.mul(map_number, whole(source.height))
    heard = []
    for number in numbers[1:]:
        words = b.mul(b.add(first, number), whole(8 * source.words))
        there = b.icmp_signed(">=", number, whole(0))
        row = s.address(f"words{made.source}", words)
        heard.append(b.select(there, row, s.address("zeros")))
    return s.address(f"table{k}", table), heard
