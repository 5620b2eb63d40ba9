"""The network for SANA-FE: read back as plain edges it fires the same spikes; what it refuses."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import yaml

from hand_programs import core, kernel, neuron, program
from spikeseg.chips import Box, ChipProgram, ListedSynapses, Window, load_chip
from spikeseg.emulation import emulate
from spikeseg.errors import ProgramError, ShapeError
from spikeseg.exporters.sanafe import group_names, sanafe_network

NUM_STEPS = 12
Spikes = dict[str, np.ndarray]


def small(seed: int) -> ChipProgram:
    """Return two layers on four cores, by strides, a transposed kernel and a list."""
    rng = np.random.default_rng(seed)

    def taps(size: int, c_in: int, c_out: int) -> np.ndarray:
        return rng.integers(-30, 40, (size, size, c_in, c_out)) * 64

    down = {"window": Window((2, 2), (1, 1))}
    up = {"window": Window((2, 2), transposed=True)}
    listed = ListedSynapses(
        "in", *(np.array(n, np.int32) for n in ([0, 31, 31], [2, 0, 5], [640, 1280, -64]))
    )
    kernels = {"a": taps(3, 2, 3), "b": taps(2, 3, 1)}
    first = [
        core("a", Box((0, 0, x), (3, 2, x + 1)), kernel("in", kernels["a"], **down),
             *([listed] if x else []), threshold=64 * 30, bias=rng.integers(0, 200, 6),
             v_initial=rng.integers(0, 64 * 30, 6))
        for x in (0, 1)
    ]  # fmt: skip
    second = [
        core("b", Box((0, y, 0), (1, y + 2, 4)), kernel("a", kernels["b"], **up),
             threshold=64 * 20, v_min=-4095)
        for y in (0, 2)
    ]  # fmt: skip
    made = program({"in": (2, 4, 4), "a": (3, 2, 2), "b": (1, 4, 4)}, *first, *second)
    return replace(made, positions=(0, 127, 5, 62))


def drawn(made: ChipProgram, seed: int) -> Spikes:
    rng = np.random.default_rng(seed)
    return {part.name: rng.random((NUM_STEPS, *part.shape)) < 0.3 for part in made.inputs}


def numbers(told: object) -> range:
    first, _, last = str(told).partition("..")
    return range(int(first), int(last or first) + 1)


def simulate(text: str) -> dict[str, np.ndarray]:
    """Run the YAML neuron by neuron, as SANA-FE's documentation tells: (T, N) of each group."""
    network = yaml.safe_load(text)["network"]
    neurons: dict[tuple[str, int], dict[str, Any]] = {}
    for group in network["groups"]:
        for entry in group["neurons"]:
            ((told, attributes),) = entry.items()
            values = {k: v for attribute in attributes for k, v in attribute.items()}
            neurons |= {(group["name"], n): dict(values) for n in numbers(told)}
    edges: dict[tuple[str, int], list[tuple[tuple[str, int], int]]] = {}
    for edge in network["edges"]:
        ((told, attributes),) = edge.items()
        a, b = ((name, int(n)) for name, n in (end.split(".") for end in told.split(" -> ")))
        edges.setdefault(a, []).append((b, attributes[0]["weight"]))
    fired: dict[str, np.ndarray] = {}
    for name, number in neurons:
        fired[name] = np.zeros((NUM_STEPS, number + 1), bool)
    v = dict.fromkeys(neurons, 0.0)
    arriving = dict.fromkeys(neurons, 0.0)
    for step in range(NUM_STEPS):
        current, arriving = arriving, dict.fromkeys(neurons, 0.0)
        for key, values in neurons.items():
            if "spikes" in values:
                fires = bool(values["spikes"][step])
            else:
                v[key] = v[key] * values["leak_decay"] + values["bias"] + current[key]
                v[key] = max(v[key], values["reverse_threshold"])
                fires = v[key] > values["threshold"]
                v[key] = values["reset"] if fires else v[key]
            fired[key[0]][step, key[1]] = fires
            for target, weight in edges.get(key, []) if fires else []:
                arriving[target] += weight
    return fired


@pytest.mark.parametrize("seed", range(4))
def test_its_spikes_are_those_of_the_emulator(seed: int) -> None:
    made = small(seed)
    given = drawn(made, seed)
    fired = simulate(sanafe_network(made, given))
    found = emulate(
        made, {n: s[:, None] for n, s in given.items()}, record=["a.spikes", "b.spikes"]
    )
    names = group_names(made)
    for name in "ab":
        ours = found.traces[f"{name}.spikes"].reshape(NUM_STEPS, -1)
        np.testing.assert_array_equal(fired[names[name]], ours)
        assert 0 < ours.mean() < 1
    np.testing.assert_array_equal(fired["input0"], given["in"].reshape(NUM_STEPS, -1))


def test_every_neuron_is_mapped_once_to_the_tile_and_core_of_its_position() -> None:
    made = small(0)
    chip = load_chip("loihi1")
    mapped: dict[tuple[str, int], str] = {}
    for entry in yaml.safe_load(sanafe_network(made, drawn(made, 0)))["mappings"]:
        ((told, attributes),) = entry.items()
        group, _, span = told.partition(".")
        for number in numbers(span):
            assert (group, number) not in mapped
            mapped[group, number] = str(attributes[0]["core"])
    names = group_names(made)
    for part, position in zip(made.cores, made.positions, strict=True):
        row, column = chip.tile(position)
        place = f"{column * 4 + row}.{position % 4}"
        for number in part.box.compartments(made.shapes[part.population]):
            assert mapped.pop((names[part.population], int(number))) == place
    assert set(mapped) == {("input0", n) for n in range(32)}
    assert set(mapped.values()) == {"31.2"}, "the last free core: 127 is taken, 126 is not"


def two(**fields: Any) -> ChipProgram:
    return neuron(kernel("in", [64]), **({"threshold": 640} | fields))


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (two(decay_u=4094), "decay_u of core 0 (n) is 4094"),
        (two(refractory=2), "refractory of core 0 (n) is 2"),
        (two(decay_v=9, v_initial=1), "v_initial of core 0 (n) is 1"),
        (two(threshold=640, v_max=511), "threshold of core 0 (n) is 640"),
        (replace(two(), chip="toy"), "the program is for toy"),
        (replace(small(0), placement=(0, 0, 1, 1), positions=()), "lies on 2 chips"),
    ],
)
def test_a_program_that_it_cannot_express_is_refused(made: ChipProgram, words: str) -> None:
    with pytest.raises(ProgramError, match=re.escape(words)):
        sanafe_network(made, drawn(made, 0))


def test_a_hidden_layer_that_leaks_is_refused_and_an_output_is_not() -> None:
    made = small(0)
    leaking = [replace(c, decay_v=c.decay_v + 100) for c in made.cores]
    output = replace(made, cores=(*made.cores[:2], *leaking[2:]))
    assert "leak_decay: 0.9755859375" in sanafe_network(output, drawn(made, 0))
    with pytest.raises(ProgramError, match=r"decay_v of core 0 \(a\) is 100"):
        sanafe_network(replace(made, cores=tuple(leaking)), drawn(made, 0))


def test_spikes_of_another_shape_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"\(12, 1, 1\); give \(T, 1, 1, 1\)"):
        sanafe_network(two(), {"in": np.zeros((12, 1, 1), bool)})


def test_a_host_that_finds_no_free_core_is_refused() -> None:
    made = program({"in": (1024, 2, 1), "n": (1, 1, 1)}, core("n", Box.whole((1, 1, 1))))
    cores = tuple(core("n", Box((n, 0, 0), (n + 1, 1, 1)), threshold=64) for n in range(127))
    full = program({"in": (1024, 2, 1), "n": (127, 1, 1)}, *cores)
    assert "[core: 31.3, " in sanafe_network(made, drawn(made, 0))
    with pytest.raises(ProgramError, match="need 2 cores in SANA-FE, and 1 of 128"):
        sanafe_network(full, drawn(full, 0))
