"""What a program must be before it is run: its parts fit, and the chip can hold the numbers."""

import numpy as np

from spikeseg.chips.boxes import is_partition
from spikeseg.chips.program import ChipProgram, Core
from spikeseg.chips.spec import ChipSpec, load_chip
from spikeseg.chips.synapses import KernelSynapses, ListedSynapses, Synapses
from spikeseg.errors import ProgramError


def check_program(program: ChipProgram) -> None:
    """Check the parts of a program against each other and against the integers of its chip.

    Raises:
        ProgramError: names the layer, the core and the value.
    """
    _check_names(program)
    chip = load_chip(program.chip)
    _check_placement(program, chip)
    for population in program.populations:
        boxes = [core.box for core in program.cores_of(population.name)]
        if not is_partition(boxes, population.shape):
            raise ProgramError(
                f"the {len(boxes)} cores of {population.name} do not hold each of its neurons "
                f"{population.shape} exactly once; give boxes that cover it without overlap."
            )
    for number, core in enumerate(program.cores):
        _check_core(program, core, f"core {number} ({core.population})", chip)


def _check_names(program: ChipProgram) -> None:
    names = [part.name for part in program.inputs]
    names += [part.name for part in program.populations]
    if len(set(names)) < len(names):
        raise ProgramError(f"inputs and populations need different names; found {sorted(names)}.")
    populations = {population.name for population in program.populations}
    used = {program.output} | {core.population for core in program.cores}
    if used - populations:
        raise ProgramError(
            f"{sorted(used - populations)} is named by a core or as the output, but the program "
            f"has the populations {sorted(populations)}."
        )


def _check_placement(program: ChipProgram, chip: ChipSpec) -> None:
    for name in ("placement", "positions"):
        given = getattr(program, name)
        if len(given) != len(program.cores):
            raise ProgramError(
                f"{name} has {len(given)} entries for {len(program.cores)} cores; give one for "
                "each core."
            )
    taken: dict[tuple[int, int], int] = {}
    places = zip(program.placement, program.positions, strict=True)
    for number, place in enumerate(places):
        if place[0] < 0 or not 0 <= place[1] < chip.cores:
            raise ProgramError(
                f"core {number} has the position {place[1]} on chip {place[0]}; chips are counted "
                f"from 0, and {chip.name} has the positions 0..{chip.cores - 1}. Place it anew, "
                "with spikeseg.placing.place."
            )
        if taken.setdefault(place, number) != number:
            raise ProgramError(
                f"the cores {taken[place]} and {number} have the same position {place[1]} on chip "
                f"{place[0]}; a position holds one core."
            )


def _check_core(program: ChipProgram, core: Core, where: str, chip: ChipSpec) -> None:
    size = core.box.size
    low, high = core.v_min, core.v_max
    if not chip.v_min <= low <= 0 <= high <= chip.v_max:
        raise ProgramError(
            f"v_min..v_max of {where} is {low}..{high}; they must enclose 0, within "
            f"{chip.v_min}..{chip.v_max}."
        )
    limits = {
        "decay_u": (0, chip.decay_max),
        "decay_v": (0, chip.decay_max + 1),
        "threshold": (0, chip.threshold_max),
        "bias": (-chip.bias_max, chip.bias_max),
        "refractory": (1, chip.refractory_max),
        "v_initial": (low, high),
    }
    for name, (least, most) in limits.items():
        values = getattr(core, name)
        if values.shape != (size,) or values.dtype != np.int32:
            raise ProgramError(
                f"{name} of {where} is {values.dtype} of shape {values.shape}; it must be int32 "
                f"of shape ({size},), one number a compartment."
            )
        wrong = values[(values < least) | (values > most)]
        if wrong.size:
            raise ProgramError(
                f"{name} of {where} is {wrong[0]}; {chip.name} takes {least}..{most}."
            )
    for group in core.synapses:
        _check_synapses(program, core, group, where, chip)


def _check_synapses(
    program: ChipProgram, core: Core, group: Synapses, where: str, chip: ChipSpec
) -> None:
    if group.source not in program.shapes:
        raise ProgramError(
            f"{where} hears {group.source!r}; the program has {sorted(program.shapes)}."
        )
    source = program.shapes[group.source]
    if isinstance(group, KernelSynapses):
        _check_kernel(group, source[0], core.box.shape[0], where)
    else:
        _check_list(group, int(np.prod(source)), core.box.size, where)
    least, most = chip.weight_range(group.exponent)
    wrong = group.weight[(group.weight < least) | (group.weight > most)]
    if wrong.size:
        raise ProgramError(
            f"a weight from {group.source} to {where} is {wrong.flat[0]}; with the exponent "
            f"{group.exponent}, {chip.name} takes {least}..{most}."
        )


def _check_kernel(group: KernelSynapses, c_in: int, c_out: int, where: str) -> None:
    shape = group.weight.shape
    if len(shape) != 4 or shape[2:] != (c_in, c_out) or group.weight.dtype != np.int32:
        raise ProgramError(
            f"the kernel from {group.source} to {where} is {group.weight.dtype} of shape {shape}; "
            f"it must be int32 of shape (K_h, K_w, {c_in}, {c_out})."
        )


def _check_list(group: ListedSynapses, num_sources: int, size: int, where: str) -> None:
    arrays = (group.pre, group.post, group.weight)
    shapes = {array.shape for array in arrays}
    if len(shapes) != 1 or any(a.ndim != 1 or a.dtype != np.int32 for a in arrays):
        raise ProgramError(
            f"pre, post and weight from {group.source} to {where} have the shapes {shapes}; they "
            "must be int32 vectors of one length."
        )
    for name, numbers, limit in (("pre", group.pre, num_sources), ("post", group.post, size)):
        if numbers.size and (numbers.min() < 0 or numbers.max() >= limit):
            raise ProgramError(
                f"{name} of the synapses from {group.source} to {where} is "
                f"{numbers.min()}..{numbers.max()}; it must be in 0..{limit - 1}."
            )
