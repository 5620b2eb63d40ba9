"""What is worked out once for a program: blocks, their order, wiring and parameters."""

import weakref
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikeseg.chips import Box, ChipProgram, Synapses, load_chip
from spikeseg.chips.boxes import Shape
from spikeseg.emulation.blocks import Block, make_blocks, single_blocks
from spikeseg.emulation.bounds import Range, range_of
from spikeseg.emulation.streams import Stream, lay_out
from spikeseg.emulation.wiring import Wiring, padded, wire

if TYPE_CHECKING:
    from spikeseg.emulation.dense import Convolution

_STRETCH = 128  # steps of one layer before the next layer's turn
_MOST_EVENTS = 2**26  # spikes of a stretch, at most, that memory is reserved for
_NEVER = 2**31 - 1  # the threshold of padding
_plans: "weakref.WeakKeyDictionary[ChipProgram, dict[bool, Plan]]" = weakref.WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Section:
    """A block with all that the compiled loop needs; see `row_kernel`.

    Attributes:
        block: the neurons.
        held: how its sums are held.
        out: its spikes.
        streams: what it hears.
        wiring: its synapses.
        parameters: int32, distinct rows one after the other.
        places: (rows, 5).
        limits: as `row_kernel` takes them.
        shapes: of all inputs and populations.
    """

    block: Block
    held: Range
    out: Stream
    streams: tuple[Stream, ...]
    wiring: Wiring
    parameters: NDArray[np.int32]
    places: NDArray[np.int64]
    limits: tuple[int, int, int, int, int]
    shapes: dict[str, Shape]

    @property
    def size(self) -> int:
        """Neurons of a row with padding."""
        return padded(self.block.row_size)

    @property
    def kind(self) -> int:
        """Which step the neurons take."""
        return 2 if self.held.checked else int(self.held.leaky)

    @cached_property
    def convolution(self) -> "Convolution":
        """The kernels as convolutions."""
        from spikeseg.emulation.dense import Convolution  # torch takes seconds to import

        return Convolution(self)

    @cached_property
    def fan_out(self) -> dict[Stream, tuple[float, float]]:
        """For each stream what one of its spikes costs on average: runs, parts of runs."""
        jobs, found = self.wiring.jobs, {}
        for stream in self.streams:
            inside = (jobs[:, 0] >= stream.base) & (jobs[:, 0] < stream.base + stream.rows)
            found[stream] = inside.sum() / stream.rows, jobs[inside, 4].sum() / stream.rows
        return found

    @cached_property
    def num_products(self) -> int:
        """Multiplications of one step as a convolution."""
        positions = self.block.box.shape[1] * self.block.box.shape[2]
        return positions * sum(group.weight.size for group in self.block.kernels)

    @cached_property
    def ones(self) -> NDArray[Any]:
        """The wiring's weights if all synapses, also those without weight, had the weight 1."""
        block, streams = self.block, list(self.streams)
        kernels = tuple(replace(g, weight=np.ones_like(g.weight)) for g in block.kernels)
        lists = tuple(replace(g, weight=np.ones_like(g.weight)) for g in block.lists)
        alike = replace(block, kernels=kernels, lists=lists)
        return wire(alike, replace(self.held, shift=0), streams, self.shapes).weights

    @cached_property
    def v_initial(self) -> NDArray[np.int32]:
        """The potentials before the first step, row by row with padding."""
        return _rows(self.block.parameters["v_initial"], 0).ravel()


@dataclass(frozen=True, eq=False)
class Plan:
    """A program, ready to run.

    Attributes:
        shapes: (C, H, W) of every population.
        output: the population that is read.
        streams: of all inputs, then of all sections.
        inputs: streams of the inputs.
        components: sections in an order in which each hears only what stands before it, or
            itself; sections that hear each other in a circle make up one component.
        recurrent: for each component, whether it hears itself.
        stretch: steps of one component before the next one's turn.
    """

    shapes: dict[str, Shape]
    output: str
    streams: list[Stream]
    inputs: dict[str, Stream]
    components: list[list[Section]]
    recurrent: list[bool]
    stretch: int

    @property
    def sections(self) -> list[Section]:
        """All sections."""
        return [section for component in self.components for section in component]


def plan_of(program: ChipProgram, strict: bool = False) -> Plan:
    """Return the plan of a program, made when it is first asked for.

    Args:
        program: what to run.
        strict: keep cores apart where registers could overflow, so that the core is known.

    Raises:
        ProgramError: a block whose sums 32 bits do not hold.
    """
    plans = _plans.setdefault(program, {})
    if strict not in plans:
        plans[strict] = _make_plan(program, strict)
    return plans[strict]


def _make_plan(program: ChipProgram, strict: bool) -> Plan:
    stretch = max(1, min(_STRETCH, _MOST_EVENTS // max(program.num_neurons, 1)))
    blocks = [block for p in program.populations for block in _blocks(program, p.name, strict)]
    parts = [(part.name, Box.whole(part.shape)) for part in program.inputs]
    streams = lay_out([*parts, *((b.population, b.box) for b in blocks)], stretch)
    sections = [
        _section(block, program, streams, out)
        for block, out in zip(blocks, streams[len(parts) :], strict=True)
    ]
    components, recurrent = _order(sections)
    inputs = {stream.source: stream for stream in streams[: len(parts)]}
    shapes = {population.name: population.shape for population in program.populations}
    return Plan(shapes, program.output, streams, inputs, components, recurrent, stretch)


def _blocks(program: ChipProgram, population: str, strict: bool) -> list[Block]:
    blocks = make_blocks(program, population)
    if strict and any(range_of(block, program).checked for block in blocks):
        return single_blocks(program, population)
    return blocks


def _section(block: Block, program: ChipProgram, streams: list[Stream], out: Stream) -> Section:
    chip, held = load_chip(program.chip), range_of(block, program)
    groups: tuple[Synapses, ...] = (*block.kernels, *block.lists)
    sources = {group.source for group in groups}
    heard = tuple(stream for stream in streams if stream.source in sources)
    unused = 31 - chip.accumulator_bits, 31 - chip.current_bits
    limits = (block.v_min, block.v_max, held.shift, *unused)
    shapes = program.shapes
    wiring = wire(block, held, list(heard), shapes)
    return Section(block, held, out, heard, wiring, *_parameters(block), limits, shapes)


def _rows(values: NDArray[np.int32], padding: int) -> NDArray[np.int32]:
    """Return (rows, columns, channels) as rows with padding."""
    flat = values.reshape(len(values), -1)
    width = padded(flat.shape[1]) - flat.shape[1]
    return np.pad(flat, ((0, 0), (0, width)), constant_values=padding)


def _parameters(block: Block) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    given = block.parameters
    tables = (
        _rows(4095 - given["decay_u"], 0),
        _rows(given["bias"], 0),
        _rows(given["threshold"], _NEVER),
        _rows(4096 - given["decay_v"], 0),
        _rows(given["refractory"], 1),
    )
    found: dict[bytes, int] = {}
    size = tables[0].shape[1]
    places = [
        [found.setdefault(row.tobytes(), len(found) * size) for row in rows]
        for rows in zip(*tables, strict=True)
    ]
    parameters = np.frombuffer(b"".join(found), np.int32)
    return parameters, np.array(places, np.int64)


def _order(sections: list[Section]) -> tuple[list[list[Section]], list[bool]]:
    """Return components in an order in which spikes flow, and which of them are recurrent."""
    number = {id(section.out): n for n, section in enumerate(sections)}
    reaches = np.zeros((len(sections), len(sections)), bool)
    for n, section in enumerate(sections):
        for stream in section.streams:
            if id(stream) in number:
                reaches[number[id(stream)], n] = True
    for n in range(len(sections)):
        reaches |= reaches[:, n, None] & reaches[n]
    circle = reaches & reaches.T | np.eye(len(sections), dtype=bool)
    before = (reaches | np.eye(len(sections), dtype=bool)).sum(0)
    order = np.lexsort((circle.argmax(1), before))
    components: list[list[Section]] = []
    recurrent: list[bool] = []
    for n in order:
        if circle[n].argmax() == n:
            components.append([sections[k] for k in np.flatnonzero(circle[n])])
            recurrent.append(bool(reaches[n, n]))
    return components, recurrent
