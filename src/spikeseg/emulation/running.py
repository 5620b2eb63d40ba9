"""Runs a plan: stretch by stretch of steps, component by component, row by row."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeseg.emulation.choosing import Engine, convolution_of
from spikeseg.emulation.kernel import LISTED, row_kernel
from spikeseg.emulation.plan import Plan
from spikeseg.emulation.recording import OVERFLOWS
from spikeseg.emulation.state import SectionState, State
from spikeseg.errors import ProgramError

Sums = NDArray[np.int32]
Traces = Mapping[str, NDArray[Any]]
_NOTHING = np.zeros(0, np.int32)


@dataclass(frozen=True, eq=False)
class Runner:
    """Runs images one after the other in the same memory.

    Attributes:
        plan: what to run.
        state: its memory.
        engine: how sums are made.
        strict: whether an overflow is an error.
        pool: threads that share a section's rows, a band each; None is this thread alone.
    """

    plan: Plan
    state: State
    engine: Engine
    strict: bool
    pool: ThreadPoolExecutor | None

    def run(self, inputs: Mapping[str, NDArray[np.bool_]], num_steps: int, traces: Traces) -> None:
        """Run one image from the beginning.

        Args:
            inputs: (T, C, H, W); after their end nothing comes.
            num_steps: steps.
            traces: arrays (num_steps, C, H, W) to fill, by ``"population.kind"``.
        """
        self.state.reset()
        for begin in range(0, num_steps, self.plan.stretch):
            steps = min(self.plan.stretch, num_steps - begin)
            for name, stream in self.plan.inputs.items():
                given = inputs[name][begin : begin + steps]
                frames = np.zeros((steps, *given.shape[1:]), bool)
                frames[: len(given)] = given
                self.state.spikes.write(stream, frames)
            part = {name: trace[begin : begin + steps] for name, trace in traces.items()}
            self._stretch(steps, part)
            self.state.spikes.carry(steps)

    def _stretch(self, steps: int, traces: Traces) -> None:
        for component, recurrent in zip(self.state.sections, self.plan.recurrent, strict=True):
            seen = [_Seen(state, steps, traces) for state in component]
            length = 1 if recurrent else steps
            for first in range(1, steps + 1, length):
                for state, views in zip(component, seen, strict=True):
                    self._advance(state, first, first + length, views)
            for views in seen:
                views.keep(traces, self.state)

    def _advance(self, state: SectionState, first: int, last: int, seen: "_Seen") -> None:
        section, spikes = state.section, self.state.spikes
        convolution = convolution_of(self.engine, section, spikes, first, last)
        length = len(state.dense_sums) if convolution else last - first
        for begin in range(first, last, length):
            end = min(begin + length, last)
            if convolution:
                convolution.sums(spikes, begin, end, len(state.sums), state.dense_sums)
            self._share(state, begin, end, seen, state.dense_sums if convolution else None)
        if self.strict and state.tallies.any():
            _refuse(state)

    def _share(
        self, state: SectionState, first: int, last: int, seen: "_Seen", sums: Sums | None
    ) -> None:
        """Share rows among the threads."""
        rows, bands = state.section.block.rows, len(state.sums)
        if self.pool is None or rows < bands or state.section.wiring.lanes == LISTED:
            self._rows(state, first, last, (0, rows), 0, seen, sums)
            return
        edges = [rows * n // bands for n in range(bands + 1)]
        jobs = [
            self.pool.submit(self._rows, state, first, last, edge, n, seen, sums)
            for n, edge in enumerate(pairwise(edges))
        ]
        for job in jobs:
            job.result()

    def _rows(
        self,
        state: SectionState,
        first: int,
        last: int,
        edges: tuple[int, int],
        band: int,
        seen: "_Seen",
        sums: Sums | None,
    ) -> None:
        section, wiring, spikes = state.section, state.section.wiring, self.state.spikes
        rows, size = section.block.rows, section.size
        if sums is None:
            layout = (size, wiring.lanes, section.kind, 0, 0, wiring.sums_row)
            sums, ends = state.sums[band], wiring.job_ends
        else:
            sums = sums.reshape(-1)
            layout = (size, LISTED, section.kind, (1 - first) * rows * size, rows * size, size)
            ends = np.zeros_like(wiring.job_ends)
        row_kernel(state.ones.size > 0)(
            (first, last, *edges),
            layout,
            section.limits,
            state.u,
            state.v,
            state.rest,
            state.counts,
            sums,
            state.parameters,
            section.places,
            wiring.jobs,
            ends,
            wiring.table,
            state.weights,
            spikes.events,
            spikes.starts,
            spikes.numbers,
            section.out.base,
            section.out.at(first, *edges),
            state.tallies[band],
            state.ones,
            state.served[band],
            seen.u,
            seen.v,
        )


class _Seen:
    """Currents and potentials of one section over a stretch, where they are to be recorded."""

    def __init__(self, state: SectionState, steps: int, traces: Traces) -> None:
        self.state, self.steps = state, steps
        name, size = state.section.block.population, state.u.size
        self.u, self.v = (
            np.empty(steps * size, np.int32) if f"{name}.{kind}" in traces else _NOTHING
            for kind in "uv"
        )

    def keep(self, traces: Traces, state: State) -> None:
        """Copy what was seen, and who fired, to the traces."""
        block = self.state.section.block
        for kind, seen in (("u", self.u), ("v", self.v)):
            if seen.size:
                picture = self.state.picture(seen.reshape(self.steps, -1))
                traces[f"{block.population}.{kind}"][:, *block.box.slices] = picture
        if f"{block.population}.spikes" in traces:
            trace = traces[f"{block.population}.spikes"][:, *block.box.slices]
            state.spikes.mark(self.state.section.out, trace)


def _refuse(state: SectionState) -> None:
    block, counts = state.section.block, state.tallies[:, :3].sum(0)
    found = " and ".join(
        f"{n} times the {kind}" for n, kind in zip(counts, OVERFLOWS, strict=True) if n
    )
    raise ProgramError(
        f"core {block.cores[0]} ({block.population}) overflows: {found}. The chip wraps such "
        "numbers; use smaller weights or biases, or strict=False to count overflows and go on."
    )
