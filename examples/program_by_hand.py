"""A chip program of two cores written by hand, and run integer by integer.

A spot of light moves over a row of sensors. Every neuron of ``row`` hears its own sensor and the
one to its left; two cores share the row. One neuron of ``out`` hears all of ``row`` and fires for
the whole movement. Run it with ``python examples/program_by_hand.py``.
"""

import numpy as np

from spikeseg.chips import (
    Box,
    ChipPopulation,
    ChipProgram,
    Core,
    KernelSynapses,
    ListedSynapses,
    SpikeInput,
    Window,
)
from spikeseg.emulation import emulate

WIDTH = 8


def core(
    population: str, box: Box, threshold: int, *synapses: KernelSynapses | ListedSynapses
) -> Core:
    """Return a core whose neurons forget their current in a few steps and keep their potential."""

    def each(value: int) -> np.ndarray:
        return np.full(box.size, value, np.int32)

    return Core(
        population=population,
        box=box,
        decay_u=each(2047),
        decay_v=each(0),
        threshold=each(threshold),
        bias=each(0),
        refractory=each(1),
        v_min=0,
        v_max=2**23 - 1,
        v_initial=each(0),
        synapses=synapses,
    )


def build() -> ChipProgram:
    """Return the program."""
    pair = np.array([[[[1280]], [[2560]]]], np.int32)  # (1, 2, 1, 1): the left sensor, the own one
    edge = KernelSynapses("sensors", pair, Window(padding=(0, 1)))
    all_pre = np.arange(WIDTH, dtype=np.int32)
    same = ListedSynapses("row", all_pre, np.zeros_like(all_pre), np.full_like(all_pre, 640))
    half = WIDTH // 2
    return ChipProgram(
        chip="loihi1",
        inputs=(SpikeInput("sensors", (1, 1, WIDTH)),),
        populations=(ChipPopulation("row", (1, 1, WIDTH)), ChipPopulation("out", (1, 1, 1))),
        cores=(
            core("row", Box((0, 0, 0), (1, 1, half)), 3200, edge),
            core("row", Box((0, 0, half), (1, 1, WIDTH)), 3200, edge),
            core("out", Box((0, 0, 0), (1, 1, 1)), 6400, same),
        ),
        output="out",
        placement=(0, 0, 0),
    )


def main() -> None:
    """Run the program and print who fires when."""
    light = np.eye(WIDTH, dtype=bool).reshape(WIDTH, 1, 1, 1, WIDTH)  # (T, B, C, H, W)
    found = emulate(
        build(),
        {"sensors": light},
        num_steps=WIDTH + 3,
        record=["row.spikes", "out.v"],
        strict=True,
    )
    for step in range(found.num_steps):
        fired = found.traces["row.spikes"][step].ravel()
        potential = found.traces["out.v"][step].item()
        print(f"step {step:2}  {''.join('.|'[int(f)] for f in fired)}  out.v {potential}")
    print(f"row: {found.spike_counts['row'].sum()} spikes, out: {found.spike_counts['out'].sum()}")


if __name__ == "__main__":
    main()
