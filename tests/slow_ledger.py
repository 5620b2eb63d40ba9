"""The ledger counted one synapse, one spike and one step at a time; it shares nothing with ours."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np

from spikeseg.chips import ChipProgram, Core, KernelSynapses, load_chip
from tests.loihi_twin import Neuron, listed_synapses, neurons_of

Reached = dict[tuple[str, Neuron], list[tuple[int, list[int]]]]


def slow_ledger(
    program: ChipProgram, spikes: Mapping[str, np.ndarray], num_steps: int
) -> dict[str, Any]:
    """Return every count of a ledger.

    Args:
        program: with placement and positions.
        spikes: of inputs and populations, (T, B, C, H, W); where T ends, silence follows.
        num_steps: of the emulation.
    """
    images = next(iter(spikes.values())).shape[1]
    reached, homes = _reached(program), _homes(program)
    found: dict[str, Any] = defaultdict(Counter)
    found["host"] = Counter()
    for source, fired in spikes.items():
        for t, _, *where in np.argwhere(fired[:num_steps]).tolist():
            sender = homes.get((source, tuple(where)))
            if sender is None:
                found["host"]["spikes"] += 1
            else:
                found["spikes"][sender] += 1
            if t + 1 < num_steps:
                for core, targets in reached.get((source, tuple(where)), []):
                    _deliver(program, sender, core, targets, t + 1, found)
    _receive(spikes, reached, num_steps, found)
    for number, core in enumerate(program.cores):
        found["updates"][number] = num_steps * images * len(neurons_of(core))
    return found


def _deliver(
    program: ChipProgram, sender: int | None, core: int, targets: list[int], t: int, found: Any
) -> None:
    found["synaptic_operations"][core] += len(targets)
    found["operations_of_step"][t, core] += len(targets)
    found["weight_bits"][core] += 8 * len(targets)
    if sender == core:
        return
    found["packets_in"][core] += 1
    found["packets_in_of_step"][t, core] += 1
    if sender is None:
        found["host"]["packets"] += 1
    else:
        _send(program, sender, core, found)


def _send(program: ChipProgram, sender: int, core: int, found: Any) -> None:
    chip = load_chip(program.chip)
    (y, x), (to_y, to_x) = (chip.tile(program.positions[n]) for n in (sender, core))
    leaves = program.placement[sender] != program.placement[core]
    found["packets_out"][sender] += 1
    found["inter_chip_packets"][sender] += leaves
    found["within_tile"][sender] += not leaves and (y, x) == (to_y, to_x)
    found["hops_east_west"][sender] += x + to_x if leaves else abs(x - to_x)
    found["hops_north_south"][sender] += abs(y - to_y)


def _receive(spikes: Any, reached: Reached, num_steps: int, found: Any) -> None:
    """Count (image, neuron, step) in which some synapse delivers."""
    seen: dict[tuple[int, int, int], set[int]] = defaultdict(set)
    for source, fired in spikes.items():
        for t, image, *where in np.argwhere(fired[: num_steps - 1]).tolist():
            for core, targets in reached.get((source, tuple(where)), []):
                seen[image, core, t + 1].update(targets)
    for (_, core, t), receivers in seen.items():
        found["receiving_updates"][core] += len(receivers)
        found["receiving_of_step"][t, core] += len(receivers)


def _homes(program: ChipProgram) -> dict[tuple[str, Neuron], int]:
    return {
        (core.population, neuron): number
        for number, core in enumerate(program.cores)
        for neuron in neurons_of(core)
    }


def _reached(program: ChipProgram) -> Reached:
    """Return for each neuron each core's synapse groups that it reaches, and whom there."""
    found: Reached = {}
    for number, core in enumerate(program.cores):
        for source, pairs in _synapses(program, core):
            targets = defaultdict(list)
            for neuron, target in pairs:
                targets[neuron].append(target)
            for neuron, some in targets.items():
                found.setdefault((source, neuron), []).append((number, some))
    return found


def _synapses(
    program: ChipProgram, core: Core
) -> Iterator[tuple[str, Iterable[tuple[Neuron, int]]]]:
    for group in core.synapses:
        if isinstance(group, KernelSynapses):
            yield group.source, _of_kernel(group, core, program.shapes[group.source])
        else:
            listed = listed_synapses(group, program.shapes[group.source])
            yield group.source, ((neuron, target) for neuron, target, _ in listed)


def _of_kernel(
    group: KernelSynapses, core: Core, shape: tuple[int, int, int]
) -> Iterator[tuple[Neuron, int]]:
    """Yield (source neuron, compartment) of each synapse, also of those without weight."""
    for target, (_, y, x) in enumerate(neurons_of(core)):
        rows = _heard(group, 0, y, shape[1])
        columns = _heard(group, 1, x, shape[2])
        for place in product(range(shape[0]), rows, columns):
            yield place, target


def _heard(group: KernelSynapses, axis: int, target: int, sources: int) -> list[int]:
    """Return the rows or columns of the source that a row or column hears."""
    window, found = group.window, []
    for tap in range(group.weight.shape[axis]):
        offset = tap * window.dilation[axis] - window.padding[axis]
        if window.transposed:
            source, rest = divmod(target - offset, window.stride[axis])
        else:
            source, rest = target * window.stride[axis] + offset, 0
        if rest == 0 and 0 <= source < sources:
            found.append(source)
    return found
