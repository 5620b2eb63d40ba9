"""Runs a program as the chip would, integer by integer."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from spikeseg.chips import ChipProgram
from spikeseg.emulation.checking import check_choices, check_inputs, check_names, lengths
from spikeseg.emulation.choosing import Engine
from spikeseg.emulation.plan import Plan, plan_of
from spikeseg.emulation.recording import OVERFLOWS, Recording
from spikeseg.emulation.running import Runner
from spikeseg.emulation.state import State, borrowed_state

Spikes = Mapping[str, NDArray[np.bool_]]
_KINDS = {"u": np.int32, "v": np.int32, "spikes": np.bool_}


def emulate(
    program: ChipProgram,
    spikes: Spikes,
    *,
    num_steps: int | None = None,
    batch: int | None = None,
    record: Iterable[str] = (),
    strict: bool = False,
    engine: Engine = "auto",
    threads: int | None = None,
    deliveries: bool = False,
) -> Recording:
    """Run a program on images.

    A spike of step t, also one of the input, acts in step t + 1. The result is the same, to the
    last bit, whatever ``engine`` and ``threads`` are.

    Args:
        program: what to run.
        spikes: for each input of the program, (T, B, C, H, W), bool or numbers 0 and 1.
        num_steps: steps; all of the input's if it is not given. After the input's end, no more
            spikes come.
        batch: images; needed only for a program without inputs, where it is 1 if not given.
        record: names such as ``"conv1.u"``, ``"conv1.v"``, ``"conv1.spikes"``: what to return of
            every step.
        strict: whether an overflow of a register is an error; otherwise overflows are counted.
        engine: how weights are summed: ``"event"`` spike by spike, ``"dense"`` by convolution,
            ``"auto"`` by what is estimated to be faster for each layer.
        threads: how many; all that Numba has if not given.
        deliveries: whether to count the synapses that are served, one by one; slower, and only
            with the engine ``"event"``.

    Raises:
        ConfigError: an unknown engine; numbers of steps, images or threads below 1; deliveries
            with another engine than ``"event"``.
        ProgramError: an overflow if ``strict``; an input that is missing, or is not binary; input
            and ``num_steps``, ``batch`` or each other disagree.
        ShapeError: an input of another shape than (T, B, C, H, W).
        UnknownNameError: a name of ``record`` that the program does not have.
    """
    given = check_inputs(program, spikes)
    steps, images = lengths(given, num_steps, batch)
    check_choices(engine, threads, deliveries)
    plan = plan_of(program, strict)
    names = check_names(record, plan.shapes)
    traces: dict[str, NDArray[Any]] = {
        name: np.zeros((steps, images, *plan.shapes[layer]), _KINDS[kind])
        for name, (layer, kind) in names.items()
    }
    made = _Outcome(plan, images, traces)
    workers = threads or numba.get_num_threads()
    _run_all(plan, given, steps, made, _Choices(strict, engine, workers, deliveries))
    served = {name: int(counted.sum()) for name, counted in made.served.items() if deliveries}
    return Recording(steps, made.counts, made.potentials, traces, made.overflows, served)


@dataclass(frozen=True)
class _Choices:
    strict: bool
    engine: Engine
    threads: int
    deliveries: bool


class _Outcome:
    """Collects what images did."""

    def __init__(self, plan: Plan, images: int, traces: Mapping[str, NDArray[Any]]) -> None:
        self.output, self.traces = plan.output, traces
        self.counts = {n: np.zeros((images, *s), np.int32) for n, s in plan.shapes.items()}
        self.potentials = np.zeros((images, *plan.shapes[plan.output]), np.int32)
        self.overflows = dict.fromkeys(OVERFLOWS, 0)
        self.served = {name: np.zeros(images, np.int64) for name in plan.shapes}

    def of(self, image: int) -> dict[str, NDArray[Any]]:
        return {name: trace[:, image] for name, trace in self.traces.items()}

    def keep(self, image: int, state: State) -> None:
        for section in (section for component in state.sections for section in component):
            block = section.section.block
            self.counts[block.population][image, *block.box.slices] = section.picture(
                section.counts
            )
            if block.population == self.output:
                self.potentials[image, *block.box.slices] = section.picture(section.v)

    def add_served(self, image: int, state: State) -> None:
        for section in (section for component in state.sections for section in component):
            self.served[section.section.block.population][image] += section.served[:, 0].sum()

    def add_overflows(self, state: State) -> None:
        for section in (section for component in state.sections for section in component):
            for n, kind in enumerate(OVERFLOWS):
                self.overflows[kind] += int(section.tallies[:, n].sum())


def _run_all(plan: Plan, given: Spikes, steps: int, made: _Outcome, chosen: _Choices) -> None:
    """Run all images: several at a time where there are threads, else a layer's rows at a time."""
    images = len(made.potentials)
    workers = max(1, min(chosen.threads, images))
    bands = max(1, chosen.threads // workers)
    with ThreadPoolExecutor(chosen.threads) as pool:

        def work(worker: int) -> None:
            rows = pool if bands > 1 and workers == 1 else None
            with borrowed_state(plan, bands if rows else 1) as state:
                state.count_deliveries(chosen.deliveries)
                runner = Runner(plan, state, chosen.engine, chosen.strict, rows)
                for image in range(worker, images, workers):
                    runner.run({n: a[:, image] for n, a in given.items()}, steps, made.of(image))
                    made.keep(image, state)
                    made.add_overflows(state)
                    if chosen.deliveries:
                        made.add_served(image, state)

        if workers == 1:
            work(0)
        else:
            list(pool.map(work, range(workers)))
