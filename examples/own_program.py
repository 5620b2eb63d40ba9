"""A chip program written by hand: neurons that remember what they have seen.

A program is made of plain integers: where neurons lie, their decays and thresholds, and the weights
that lead to them. Here eight neurons each hear one pixel, and themselves; once hit, they fire in
every step. Run it with ``python examples/own_program.py``.
"""

from pathlib import Path

import numpy as np

import spikeseg as ss
from spikeseg.chips import Box, ChipPopulation, Core, KernelSynapses, ListedSynapses, SpikeInput

PIXELS = 8
SHAPE = (1, 1, PIXELS)  # channels, rows, columns


def memory() -> ss.ChipProgram:
    """Return the program: one core with a kernel from the input and a list from itself."""

    def each(value: int) -> np.ndarray:
        return np.full(PIXELS, value, np.int32)

    one_to_one = np.arange(PIXELS, dtype=np.int32)
    core = Core(
        population="seen",
        box=Box.whole(SHAPE),
        decay_u=each(4095),  # no current is left after a step
        decay_v=each(4096),  # nor potential
        threshold=each(64),
        bias=each(0),
        refractory=each(1),  # none
        v_min=0,
        v_max=8388607,
        v_initial=each(0),
        synapses=(
            KernelSynapses("eye", np.full((1, 1, 1, 1), 128, np.int32)),
            ListedSynapses("seen", one_to_one, one_to_one, each(128)),
        ),
    )
    return ss.ChipProgram(
        chip="loihi1",
        inputs=(SpikeInput("eye", SHAPE),),
        populations=(ChipPopulation("seen", SHAPE),),
        cores=(core,),
        output="seen",
        placement=(0,),
    )


def main(path: Path = Path("runs/memory.npz")) -> None:
    """Write the program, read it again, and show it a light that moves to the right."""
    ss.save_program(memory(), path)
    light = np.eye(PIXELS, dtype=bool).reshape(PIXELS, 1, *SHAPE)  # (T, B, C, H, W)
    recording = ss.emulate(ss.load_program(path), {"eye": light}, record=["seen.spikes"])
    for fired in recording.traces["seen.spikes"][:, 0, 0, 0]:
        print("".join("#" if spike else "." for spike in fired))


if __name__ == "__main__":
    main()
