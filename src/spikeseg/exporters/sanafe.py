"""A placed program as a network of SANA-FE, a simulator by others, in the YAML that it reads.

SANA-FE (Boyle et al. 2023, "Performance and energy simulation of spiking neuromorphic
architectures for fast exploration") simulates spikes, energy and time of a chip that is described
in a file; it brings one of Loihi. It is under the GPL and no part of this package: only its input
is written here, to be run by `sanafe.load_net` and `sanafe.SpikingChip` in another process.

Every synapse is one edge, with its integer weight. A neuron of the chip that keeps no current
(``decay_u`` 4095; 4094, which stands for no synaptic filter in a compiled program, keeps 1 of 4096
parts) is SANA-FE's ``leaky_integrate_fire``: ``v`` adds the weights of the spikes of the step
before and the bias, fires if it is strictly above the threshold, and is reset. SANA-FE has no first
potential ``v0``; potentials are counted from it: the threshold is ``threshold - v0``, the reset
``-v0`` and the lowest potential ``v_min - v0``, which changes no spike.
"""

from collections.abc import Iterator, Mapping
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from spikeseg.chips import ChipProgram, Core, KernelSynapses, ListedSynapses, load_chip
from spikeseg.errors import ProgramError, ShapeError

CHIP = "loihi1"
_INPUTS = "loihi_inputs"
Spikes = Mapping[str, NDArray[np.bool_]]


def group_names(program: ChipProgram) -> dict[str, str]:
    """Return the name of SANA-FE's group for each input and population.

    A neuron's number in its group is its flat index in (C, H, W).
    """
    inputs = {part.name: f"input{n}" for n, part in enumerate(program.inputs)}
    return inputs | {part.name: f"layer{n}" for n, part in enumerate(program.populations)}


def sanafe_network(program: ChipProgram, spikes: Spikes) -> str:
    """Return network and mapping, with one image's spikes of the host as SANA-FE's inputs.

    The host's neurons lie on the last free cores, since SANA-FE has no host.

    Args:
        program: for ``loihi1``, on one chip, whose neurons keep no current and do not leak (the
            output, which is not to fire, may) and have no refractory period. Sums that overflow
            the accumulator wrap on the chip and not in SANA-FE.
        spikes: for each input, (T, C, H, W), bool.

    Raises:
        ProgramError: a program that SANA-FE's Loihi does not express; names what and where.
        ShapeError: spikes of another shape.
    """
    check_expressible(program)
    names = group_names(program)
    lines = ["network:", "  name: spikeseg", "  groups:"]
    for part in program.inputs:
        lines += _input(names[part.name], part.shape, spikes[part.name])
    for population in program.populations:
        lines += _population(program, population.name, names[population.name])
    lines.append("  edges:")
    for core in program.cores:
        lines += _edges(program, core, names)
    return "\n".join([*lines, "mappings:", *_mappings(program, names), ""])


def check_expressible(program: ChipProgram) -> None:
    """Check that SANA-FE's Loihi can do what a program does.

    Raises:
        ProgramError: it cannot; names what and where.
    """
    if program.chip != CHIP:
        raise ProgramError(f"the program is for {program.chip}; SANA-FE's file is of {CHIP} only.")
    chips = len(set(program.placement))
    if chips > 1:
        raise ProgramError(
            f"the program lies on {chips} chips; SANA-FE's file is of one. Export a smaller one."
        )
    for number, core in enumerate(program.cores):
        _check_core(number, core, core.population == program.output)


def _check_core(number: int, core: Core, is_output: bool) -> None:
    wrong = {
        "decay_u": (core.decay_u, core.decay_u != 4095, "4095, at which no current is kept"),
        "decay_v": (core.decay_v, (core.decay_v != 0) & (not is_output), "0 (no leak)"),
        "refractory": (core.refractory, core.refractory != 1, "1 (no refractory period)"),
        "v_initial": (core.v_initial, (core.v_initial != 0) & (core.decay_v != 0), "0 with a leak"),
        "threshold": (core.threshold, core.threshold >= core.v_max, f"below v_max, {core.v_max}"),
    }
    for name, (values, at, allowed) in wrong.items():
        if at.any():
            raise ProgramError(
                f"{name} of core {number} ({core.population}) is {values[at][0]}; a neuron of "
                f"SANA-FE's Loihi fires the same spikes only with {name} {allowed}."
            )


def _input(name: str, shape: tuple[int, int, int], spikes: NDArray[np.bool_]) -> Iterator[str]:
    if spikes.ndim != 4 or spikes.shape[1:] != shape:
        given = ", ".join(map(str, shape))
        raise ShapeError(f"spikes of {name} have the shape {spikes.shape}; give (T, {given}).")
    yield from (f"    - name: {name}", "      attributes: [log_spikes: true]", "      neurons:")
    for neuron, train in enumerate(spikes.reshape(len(spikes), -1).T.astype(int).tolist()):
        yield f"        - {neuron}: [spikes: {train}]"


def _population(program: ChipProgram, population: str, name: str) -> Iterator[str]:
    cores = program.cores_of(population)
    listed = any(isinstance(g, ListedSynapses) for core in cores for g in core.synapses)
    fixed = [
        "log_spikes: true",
        "soma_hw_name: loihi_lif",
        f"synapse_hw_name: loihi_{'sparse' if listed else 'conv'}_synapse",
        "reset_mode: hard",
        "reverse_reset_mode: saturate",
        "force_update: true",
    ]
    yield from (f"    - name: {name}", f"      attributes: [{', '.join(fixed)}]", "      neurons:")
    shape = program.shapes[population]
    told = np.empty(int(np.prod(shape)), object)
    for core in cores:
        told[core.box.compartments(shape)] = _parameters(core)
    for first, last, attributes in _runs(told.tolist()):
        yield f"        - {first}..{last}: [{attributes}]"


def _parameters(core: Core) -> list[str]:
    start = core.v_initial.astype(np.int64)
    columns = {
        "threshold": core.threshold - start,
        "reset": -start,
        "reverse_threshold": core.v_min - start,
        "bias": core.bias,
        "leak_decay": (4096 - core.decay_v) / 4096,
    }
    rows = zip(*(values.tolist() for values in columns.values()), strict=True)
    return [", ".join(f"{k}: {v}" for k, v in zip(columns, row, strict=True)) for row in rows]


def _runs(values: list[str]) -> Iterator[tuple[int, int, str]]:
    """Yield the first and the last index of each run of equal values."""
    for value, run in groupby(enumerate(values), key=lambda item: item[1]):
        indices = [index for index, _ in run]
        yield indices[0], indices[-1], value


def _edges(program: ChipProgram, core: Core, names: Mapping[str, str]) -> Iterator[str]:
    place = core.box.compartments(program.shapes[core.population])
    target = names[core.population]
    for group in core.synapses:
        pre, post, weight = (
            _expanded(group, core, program)
            if isinstance(group, KernelSynapses)
            else (group.pre, group.post, group.weight)
        )
        source = names[group.source]
        numbers = zip(pre.tolist(), place[post].tolist(), weight.tolist(), strict=True)
        yield from (f"    - {source}.{a} -> {target}.{b}: [weight: {w}]" for a, b, w in numbers)


def _expanded(
    group: KernelSynapses, core: Core, program: ChipProgram
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
    """Return source, compartment and weight of every synapse of a kernel."""
    taps_y, taps_x, c_in, c_out = group.weight.shape
    (_, height, width), target = program.shapes[group.source], program.shapes[core.population]
    met = []
    for axis, (taps, sources) in enumerate(((taps_y, height), (taps_x, width))):
        pairs = group.window.meetings(axis, taps, sources, target[axis + 1])
        first, last = core.box.start[axis + 1], core.box.stop[axis + 1]
        met.append(pairs[(pairs[:, 1] >= first) & (pairs[:, 1] < last)] - (0, first, 0))
    a, b, i, o = np.ix_(*(np.arange(n) for n in (len(met[0]), len(met[1]), c_in, c_out)))
    (rows, lines, tap_y), (columns, places, tap_x) = met[0].T, met[1].T
    pre = (i * height + rows[a]) * width + columns[b] + 0 * o
    post = (lines[a] * core.box.shape[2] + places[b]) * c_out + o + 0 * i
    return pre.ravel(), post.ravel(), group.weight[tap_y[a], tap_x[b], i, o].ravel()


def _mappings(program: ChipProgram, names: Mapping[str, str]) -> Iterator[str]:
    chip = load_chip(program.chip)
    free = sorted(set(range(chip.cores)) - set(program.positions), reverse=True)
    needed = sum(-(-int(np.prod(part.shape)) // chip.compartments) for part in program.inputs)
    if needed > len(free):
        raise ProgramError(
            f"the host's neurons need {needed} cores in SANA-FE, and {len(free)} of {chip.cores} "
            "are free. Export a smaller program."
        )
    for part in program.inputs:
        name = names[part.name]
        size = int(np.prod(part.shape))
        places = [free.pop(0) for _ in range(0, size, chip.compartments)]
        for neuron in range(size):
            number, slot = divmod(neuron, chip.compartments)
            core = _address(places[number])
            yield f'  - {name}.{neuron}: [core: {core}, soma: "{_INPUTS}[{slot}]"]'
    for held, position in zip(program.cores, program.positions, strict=True):
        numbers = held.box.compartments(program.shapes[held.population])
        for first, last in _ranges(np.sort(numbers)):
            yield f"  - {names[held.population]}.{first}..{last}: [core: {_address(position)}]"


def _ranges(numbers: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last of each run of consecutive numbers."""
    cuts = np.flatnonzero(np.diff(numbers) != 1) + 1
    for run in np.split(numbers, cuts):
        yield int(run[0]), int(run[-1])


def _address(position: int) -> str:
    """Return ``tile.core``; SANA-FE counts its 8 columns of 4 tiles one after the other."""
    chip = load_chip(CHIP)
    row, column = chip.tile(position)
    return f"{column * chip.mesh[0] + row}.{position % chip.cores_per_tile}"
