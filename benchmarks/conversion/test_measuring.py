"""Run in the environment that has SpikingJelly: what is written is what the network did."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks.conversion.measure_rivals import measure_run
from benchmarks.conversion.measuring import Images, measure
from benchmarks.conversion.rivals import convert, present
from benchmarks.conversion.settings import SETTINGS
from benchmarks.conversion.work import reach
from spikeseg.config import (
    ConversionConfig,
    DataConfig,
    EvaluationConfig,
    NetworkConfig,
    RunConfig,
    TrainingConfig,
)
from spikeseg.conversion import trace
from spikeseg.data import Sample
from spikeseg.errors import RunFolderError
from spikeseg.files import read_json, write_json
from spikeseg.inference import pad_to_multiple
from spikeseg.networks.unet import UNet
from spikeseg.runs import RunFolder, train_stage

BY_NAME = {setting.name: setting for setting in SETTINGS}
FIRST = BY_NAME["rate coding Max, channel, half threshold"]
SECOND = BY_NAME["local threshold balancing, 8 x 1 images"]
CONFIG = RunConfig(
    data=DataConfig(num_images=5, image_size=64),
    network=NetworkConfig(depth=1, width=2),
    training=TrainingConfig(epochs=1, steps_per_epoch=2, batch_size=2, crop=32),
    conversion=ConversionConfig(calibration_images=2),
    evaluation=EvaluationConfig(crop=32),
)


def sample(seed: int) -> Sample:
    rng = np.random.default_rng(seed)
    image = rng.random((1, 15, 14), np.float32)
    return Sample("noise", image, rng.integers(0, 2, (15, 14)).astype(np.uint8))


def test_the_figures_are_those_of_summed_outputs_and_counted_spikes() -> None:
    torch.manual_seed(0)
    network = UNet(NetworkConfig(depth=2, width=2), 1, 2).eval()
    samples = [sample(0), sample(1)]
    shown = [pad_to_multiple(torch.from_numpy(s.image)[None], 4)[0] for s in samples]
    converted = convert(network, trace(network, shown[0]), FIRST, [torch.cat(shown)])
    rows = measure(converted, Images(network, samples, 2, 4), {"late": {2: 0, 6: 2}}, (2, 6))
    right, operations = 0, 0
    for image, labeled in zip(shown, samples, strict=True):
        steps = [(total.clone(), count()) for _, total, count in present(converted, image, 6)]
        mask = (steps[5][0] - steps[1][0]).argmax(0)[:15, :14].numpy()
        right += int((mask == labeled.mask).sum())
        fan = reach(trace(network, image))
        operations += sum(int((fan[name] * spikes).sum()) for name, spikes in steps[5][1].items())
    assert rows["late"]["6"]["pixel_accuracy"] == right / (2 * 15 * 14)
    assert rows["late"]["6"]["synops_per_image"] == operations / 2 > 0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    made = RunFolder(tmp_path_factory.mktemp("runs") / "tiny")
    train_stage(CONFIG, made)
    return made


@pytest.fixture
def written(folder: RunFolder, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    out = tmp_path / "rivals.json"
    measure_run(folder, CONFIG, [FIRST], out)
    return out, read_json(out)


def test_resuming_keeps_what_is_measured_and_adds_the_rest(
    folder: RunFolder, written: tuple[Path, dict[str, Any]]
) -> None:
    out, found = written
    for rows in found["rivals"].values():
        rows["1"]["miou"] = -1.0
    write_json(out, found)
    measure_run(folder, CONFIG, [FIRST, SECOND], out, resume=True)
    again = read_json(out)["rivals"]
    assert {name: again[name] for name in found["rivals"]} == found["rivals"]
    assert {name.split(", read-out")[0] for name in again} == {FIRST.name, SECOND.name}


def test_a_measurement_of_another_network_is_not_resumed(
    folder: RunFolder, written: tuple[Path, dict[str, Any]]
) -> None:
    out, found = written
    write_json(out, found | {"network": "0" * 64})
    with pytest.raises(RunFolderError, match=r"another network\.safetensors"):
        measure_run(folder, CONFIG, [FIRST], out, resume=True)
