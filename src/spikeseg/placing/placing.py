"""Placing the cores of a program: on chips, then on the mesh of each chip."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from spikeseg.chips import ChipProgram, load_chip
from spikeseg.errors import CompileError
from spikeseg.placing.mesh import lay_out
from spikeseg.placing.partitioners import PARTITIONERS
from spikeseg.placing.traffic import Rates, measure_traffic


def place(
    program: ChipProgram,
    rates: Rates | None = None,
    partitioner: str = "hypergraph",
    num_chips: int | None = None,
    cores_per_chip: int | None = None,
) -> ChipProgram:
    """Return the same program with a chip and a position for each core.

    Args:
        program: its placement does not matter. What it computes does not change.
        rates: mean spikes a step of every neuron, (C, H, W) for each population and input, from
            an emulation; without, each neuron counts as one.
        partitioner: a member of ``PARTITIONERS``.
        num_chips: chips that there are, of which some may stay empty; the fewest that hold all
            cores if not given.
        cores_per_chip: that a chip may hold; as many as it has if not given. Fewer leave room, and
            spread the cores.

    Raises:
        CompileError: the cores do not fit; gives the numbers.
        ProgramError: rates that do not fit the program.
        UnknownNameError: no such partitioner.
    """
    chip = load_chip(program.chip)
    room = chip.cores if cores_per_chip is None else cores_per_chip
    if not 1 <= room <= chip.cores:
        raise CompileError(
            f"cores_per_chip is {room}; {chip.name} has {chip.cores}. Give 1..{chip.cores}."
        )
    count = len(program.cores)
    fewest = -(-count // room)
    given = fewest if num_chips is None else num_chips
    if given < fewest:
        raise CompileError(
            f"{count} cores do not fit {given} chips of {room} cores ({given * room}); they need "
            f"{fewest} chips. Give more chips, or a smaller network."
        )
    traffic = measure_traffic(program, rates)
    answer = PARTITIONERS.get(partitioner)(traffic, given, room)
    check_answer(answer, partitioner, count, given, room)
    chips = _counted(answer)
    positions = lay_out(traffic, chip, np.array(chips, np.int64))
    return replace(program, placement=chips, positions=tuple(positions.tolist()))


def check_answer(answer: Sequence[int], name: str, cores: int, num_chips: int, room: int) -> None:
    """Refuse the answer of a partitioner that is incomplete or overfills a chip.

    Raises:
        CompileError: names the partitioner, the chip and the numbers.
    """
    if len(answer) != cores:
        raise CompileError(
            f"the partitioner {name!r} placed {len(answer)} of {cores} cores; it must return a "
            "chip for each."
        )
    for chip, held in zip(*np.unique(np.asarray(answer), return_counts=True), strict=True):
        if not 0 <= chip < num_chips or held > room:
            raise CompileError(
                f"the partitioner {name!r} put {held} cores on chip {chip}; there are the chips "
                f"0..{num_chips - 1}, each for {room} cores. Give more chips or cores a chip, or "
                "use another partitioner."
            )


def _counted(answer: Sequence[int]) -> tuple[int, ...]:
    """Return the chips numbered from 0 without gaps, in the order in which they are met."""
    numbers: dict[int, int] = {}
    return tuple(numbers.setdefault(int(chip), len(numbers)) for chip in answer)
