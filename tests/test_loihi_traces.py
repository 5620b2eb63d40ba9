"""Recorded integers and states of nengo-loihi 1.1.0 (tests_oracle/record_traces.py) are met."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikeseg.chips import ChipProgram
from spikeseg.emulation import emulate
from tests.loihi_twin import kernel_synapses, run
from tests.trace_files import TracedNet, load_nets

FILE = Path(__file__).parent / "loihi1_traces.npz"
NETS = load_nets(FILE)
PARAMETERS = ("decay_u", "decay_v", "threshold", "bias", "refractory", "v_min", "v_max")


@pytest.fixture(scope="module", params=NETS)
def pair(request: pytest.FixtureRequest) -> tuple[TracedNet, ChipProgram]:
    net = NETS[request.param]
    return net, net.program()


def test_quantizing_gives_the_recorded_parameters(pair: tuple[TracedNet, ChipProgram]) -> None:
    net, program = pair
    for layer in net.network.layers:
        for number, core in enumerate(program.cores_of(layer.name)):
            for name in PARAMETERS:
                recorded = net.integers[f"{layer.name}/{number}/{name}"]
                np.testing.assert_array_equal(getattr(core, name), recorded, f"{core.box} {name}")


def test_quantizing_gives_the_recorded_weights(pair: tuple[TracedNet, ChipProgram]) -> None:
    net, program = pair
    for layer in net.network.layers:
        for number, core in enumerate(program.cores_of(layer.name)):
            recorded = {
                key.split(" ")[1]: weights
                for key, weights in net.integers.items()
                if key.startswith(f"{layer.name}/{number}/from ")
            }
            assert recorded.keys() == {group.source for group in core.synapses}
            for source, weights in recorded.items():
                ours = np.zeros_like(weights)
                for group in core.synapses:
                    if group.source == source:
                        for at, to, w in kernel_synapses(group, core, weights.shape[:3]):
                            ours[(*at, to)] += w
                np.testing.assert_array_equal(ours, weights, f"{core.box} from {source}")


def test_the_twin_gives_the_recorded_states(pair: tuple[TracedNet, ChipProgram]) -> None:
    net, program = pair
    traces = run(program, net.spikes, net.num_steps)
    for key, recorded in net.traces.items():
        population, kind = key.split("/")
        np.testing.assert_array_equal(traces[population][kind], recorded, key)


@pytest.mark.parametrize("engine", ["event", "dense", "auto"])
def test_the_emulation_gives_the_recorded_states(
    pair: tuple[TracedNet, ChipProgram], engine: Any
) -> None:
    net, program = pair
    names = {key: key.replace("/", ".") for key in net.traces}
    spikes = {name: given[:, None] for name, given in net.spikes.items()}
    found = emulate(
        program, spikes, num_steps=net.num_steps, record=names.values(), engine=engine, threads=1
    )
    for key, recorded in net.traces.items():
        np.testing.assert_array_equal(found.traces[names[key]][:, 0], recorded, key)


def test_the_recording_holds_spikes_overflow_and_several_cores() -> None:
    def most(case: str, kind: str) -> int:
        net = NETS[case]
        return max(int(np.abs(v).max()) for k, v in net.traces.items() if k.endswith(kind))

    assert all(most(case, "/spikes") for case in NETS)
    assert most("overflow-1", "/u") > 0.9 * 2**23
    assert max(len(boxes) for net in NETS.values() for boxes in net.boxes.values()) >= 4
