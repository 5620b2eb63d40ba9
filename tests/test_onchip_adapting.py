"""A trained network is put on the chip: prepared, adapted without labels, trained, compiled."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from spikeseg.chips import load_chip
from spikeseg.compiling import build_network, compile_network
from spikeseg.config import (
    ActivationConfig,
    ChipConfig,
    DataConfig,
    NetworkConfig,
    TrainingConfig,
)
from spikeseg.data import load
from spikeseg.emulation import emulate
from spikeseg.errors import CompileError, ConfigError
from spikeseg.graph import SpikingGraph
from spikeseg.networks import make_network
from spikeseg.onchip import ChipNetwork, adapt, host_spikes, prepare, tune
from spikeseg.onchip.adapting import chip_network

CONFIG = ChipConfig("toy", num_steps=24, output_tau=6.0, calibration_images=2)


class Small(nn.Module):
    """A skip, a stride, an enlargement: everything that a U-Net has."""

    def __init__(self, mode: str = "nearest") -> None:
        super().__init__()
        torch.manual_seed(1)
        self.stem = nn.Conv2d(1, 4, 3, padding=1)
        self.down = nn.Conv2d(4, 6, 3, stride=2, padding=1)
        self.up = nn.Upsample(scale_factor=2, mode=mode)
        self.merge = nn.Conv2d(10, 5, 3, padding=1)
        self.head = nn.Conv2d(5, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        skip = torch.relu(self.stem(x))
        deep = torch.relu(self.down(skip))
        merged = torch.relu(self.merge(torch.cat([skip, self.up(deep)], dim=1)))
        logits: Tensor = self.head(merged)
        return logits


@pytest.fixture(scope="module")
def images() -> Tensor:
    return torch.rand(2, 1, 16, 16, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def prepared(images: Tensor) -> SpikingGraph:
    return prepare(Small().eval(), images, CONFIG)


def potential(graph: SpikingGraph, images: Tensor) -> tuple[np.ndarray, ChipNetwork]:
    """Return what training computes."""
    network = chip_network(graph, graph, CONFIG, load_chip("toy"))
    spikes = host_spikes(graph, images, CONFIG.num_steps)
    with torch.no_grad():
        found, _ = network({name: s.float() for name, s in spikes.items()})
    return found[-1].numpy(), network


def test_the_first_layer_stays_on_the_host(prepared: SpikingGraph) -> None:
    neurons = [p.neuron.name for p in prepared.hidden if p.neuron]
    assert neurons == ["if_soft", "loihi", "loihi"]


@pytest.mark.parametrize("engine", ["event", "dense"])
def test_what_is_trained_is_what_is_emulated(
    prepared: SpikingGraph, images: Tensor, engine: str
) -> None:
    adapted = adapt(prepared, images, CONFIG)
    found, network = potential(adapted, images)
    compiled = compile_network(build_network(adapted, CONFIG.output_tau), load_chip("toy"))
    spikes = host_spikes(adapted, images, CONFIG.num_steps)
    recording = emulate(compiled, {n: s.numpy() for n, s in spikes.items()}, engine=engine)  # type: ignore[arg-type]
    scale = network.layers[-1].v_scale().float().numpy()[:, None, None]
    assert (found == recording.potentials.astype(np.float32) / scale).all()
    assert recording.spike_counts["output"].sum() == 0
    assert sum(counts.sum() for counts in recording.spike_counts.values()) > 1000


def test_adapting_brings_the_chip_nearer_to_the_network(
    prepared: SpikingGraph, images: Tensor
) -> None:
    analog = Small().eval()(images).detach().numpy()
    kept = np.exp(-1.0 / CONFIG.output_tau)
    window = (1 - kept**CONFIG.num_steps) / (1 - kept)

    def error(graph: SpikingGraph) -> float:
        found, _ = potential(graph, images)
        return float(np.square(found / window - analog).mean())

    assert error(adapt(prepared, images, CONFIG)) < 0.7 * error(prepared)


def test_training_for_the_chip_changes_the_graph_and_lowers_the_loss(
    prepared: SpikingGraph, images: Tensor, tmp_path: Path
) -> None:
    data = load(DataConfig(name="cells", num_images=6, image_size=64))
    data = replace(data, train=data.train[:4])
    config = replace(CONFIG, batches=50, batch_size=1, learning_rate=5e-3, num_steps=16)
    training = TrainingConfig(crop=32)
    tuned = tune(prepared, data, config, training, folder=tmp_path)
    rows = (tmp_path / "chip_tuning.csv").read_text().splitlines()
    assert rows[0].startswith("step,epoch,loss")
    losses = [float(row.split(",")[rows[0].split(",").index("loss")]) for row in rows[1:]]
    assert losses[-1] < losses[0]
    assert build_network(tuned, 6.0).shapes == build_network(prepared, 6.0).shapes


def test_bilinear_upsampling_is_refused(images: Tensor) -> None:
    graph = prepare(Small("bilinear").eval(), images, CONFIG)
    with pytest.raises(CompileError, match="nearest or transposed"):
        adapt(graph, images, CONFIG)


def test_thresholds_as_trained_stand_for_the_amplitude_of_the_activation(images: Tensor) -> None:
    """An activation of 1 is 60 Hz, so that a spike in a step of 1 ms is worth 1 / 0.06."""
    activation = ActivationConfig("relu", unit_rate_hz=60.0)
    config = NetworkConfig(depth=1, width=3, activation=activation)
    network = make_network(config, in_channels=1, num_classes=2).eval()
    graph = prepare(network, images, ChipConfig("toy", thresholds="trained"), dt_ms=1.0)
    for population in graph.hidden:
        np.testing.assert_allclose(graph[population.name].spike_values, 1 / 0.06, rtol=1e-6)


def test_thresholds_as_trained_need_an_activation_that_has_an_amplitude(images: Tensor) -> None:
    with pytest.raises(ConfigError, match="declare no amplitude"):
        prepare(Small().eval(), images, ChipConfig("toy", thresholds="trained"))
