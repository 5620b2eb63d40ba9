"""The FCN of Kim et al. 2022 as published, from settings to scores: analog, converted, spiking."""

from pathlib import Path

import numpy as np
import pytest
import torch

import spikeseg as ss
from drawn_transforms import with_all_ones
from slow_twin import chain_map
from spikeseg.config import SpikingConfig
from spikeseg.data import Sample
from spikeseg.files import read_json
from spikeseg.runs import RunFolder, convert_stage, evaluate_stage, train_stage
from spikeseg.runs.spiking import measure_spiking
from spikeseg.spiking import SpikingNetwork

PAPER = SpikingConfig(num_steps=3, decay=0.99, norm="bntt", coding="poisson")


def settings(network: ss.NetworkConfig) -> ss.RunConfig:
    return ss.RunConfig(
        data=ss.DataConfig("cells", num_images=4, image_size=68),
        network=network,
        training=ss.TrainingConfig(epochs=1, steps_per_epoch=2, batch_size=2, crop=16),
        conversion=ss.ConversionConfig(calibration_images=2),
        evaluation=ss.EvaluationConfig(num_steps=4, crop=24, examples=1),
    )


@pytest.mark.parametrize(
    "network",
    [
        ss.NetworkConfig("fcn_vgg9", width=2, norm="none"),
        ss.NetworkConfig("fcn_vgg9", width=2, spiking=PAPER),
    ],
    ids=["analog", "spiking"],
)
def test_it_is_trained_and_evaluated(network: ss.NetworkConfig, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    train_stage(settings(network), folder)
    if network.spiking is None:
        convert_stage(folder)
    evaluate_stage(folder)
    found = read_json(tmp_path / "metrics.json")
    assert 0 <= found["stages"]["snn"]["miou"] <= 1
    convolved = 2 * 2 * 24**2 + 2 * 4 * 12**2 + 3 * 8 * 6**2 + 2 * 32 * 3**2
    assert found["num_neurons"] == convolved + (2 * (6**2 + 12**2) if network.spiking else 0)


def test_its_operations_are_spikes_times_the_synapses_of_each_one_by_one() -> None:
    torch.manual_seed(0)
    spiking = SpikingConfig(num_steps=3, norm="bntt")
    config = ss.NetworkConfig("fcn_vgg9", width=2, spiking=spiking)
    network = ss.make_network(config, in_channels=1, num_classes=2)
    assert isinstance(network, SpikingNetwork)
    for _ in range(30):  # so that norms fit, and deep layers spike
        network(torch.rand(4, 1, 8, 8))
    network.eval()
    image = np.random.default_rng(0).random((1, 8, 8), np.float32)
    sample = Sample("a", image, np.zeros((8, 8), np.uint8))
    options = {"num_steps": 3, "crop": 8, "device": "cpu", "progress": lambda *_: None}
    found, graph = measure_spiking(network, [sample], **options)  # type: ignore[arg-type]
    with torch.inference_mode():
        _, counts = network.counted(torch.from_numpy(image)[None], 3, binary=True)
    assert sum(int(c.any()) for c in counts.values()) > 5
    for population in graph.hidden:
        expected = 0.0
        for connection in graph.out_of(population.name):
            ones = [with_all_ones(t) for t in connection.transforms]
            reached = np.count_nonzero(chain_map(ones, population.shape)[0], axis=0)
            expected += float(counts[population.name].numpy().ravel() @ reached)
        assert found.layers[population.name].synaptic_operations == expected
