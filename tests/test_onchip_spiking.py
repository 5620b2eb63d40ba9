"""A network that was trained as the chip runs is emulated with the very same spikes and masks."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from spikeseg.chips import load_chip, load_program
from spikeseg.compiling import build_network, compile_network
from spikeseg.config import ChipConfig, DataConfig, NetworkConfig, RunConfig, SpikingConfig
from spikeseg.config.training import TrainingConfig
from spikeseg.data import load
from spikeseg.emulation import emulate
from spikeseg.errors import CompileError
from spikeseg.files import read_json
from spikeseg.graph import load_graph
from spikeseg.networks import make_network
from spikeseg.onchip import host_spikes, prepare
from spikeseg.onchip.adapting import chip_network
from spikeseg.runs import RunFolder, compile_stage, emulate_stage, evaluate_stage, train_stage
from spikeseg.runs.chip.running import read_out, run_tiles
from spikeseg.runs.network_file import load_network
from spikeseg.spiking import SpikingNetwork
from tests.awake_networks import assert_awake
from tests.dyadic import images

CHIP = ChipConfig(num_steps=8, output_tau=None)


def dyadic(**changes: Any) -> SpikingNetwork:
    """Return a network whose weights and biases are whole numbers on the chip.

    Weights are 64ths, and the largest of a layer is 127 of them, so 8 bits hold them all. Biases
    are a 1024th above: the chip fires above the threshold, and no potential lies exactly there.
    """
    torch.manual_seed(4)
    fields = {"num_steps": 8, "norm": "none", "reset": "hard", "delay": True, "decay": 1.0}
    spiking = SpikingConfig(**(fields | changes))  # type: ignore[arg-type]
    network = make_network(
        NetworkConfig("unet", 1, 3, upsampling="transposed", spiking=spiking), 2, 3
    )
    assert isinstance(network, SpikingNetwork)
    gain = 2.0 if spiking.norm == "threshold" else 1.0
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):  # a norm that folds to a gain of 2
                module.running_var.fill_(1 - module.eps)  # type: ignore[union-attr]
                module.weight.fill_(gain)
                module.bias.copy_(_biases(module.bias, generator))
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                head = module is network.inner.head
                weight = torch.randint(-24, 40, module.weight.shape, generator=generator)
                weight.view(-1)[0] = 127
                module.weight.copy_(weight / (64 if head else 64 * gain))
                if module.bias is not None:
                    module.bias.copy_(_biases(module.bias, generator))
    network.eval()
    assert_awake(network, images(4, 2, 8, 8))
    return network


def _biases(like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randint(0, 24, like.shape, generator=generator) / 64 + 1 / 1024


@pytest.mark.parametrize(
    "changes",
    [{}, {"decay": 0.75}, {"decay": 0.5}, {"decay": 0.0}, {"norm": "threshold"}],
    ids=str,
)
def test_spikes_and_masks_of_the_emulator_equal_those_of_the_network(
    changes: dict[str, Any],
) -> None:
    network, shown = dyadic(**changes), images(3, 2, 8, 8, seed=7)
    graph = prepare(network, shown[:1], CHIP)
    program = compile_network(build_network(graph, None), load_chip("loihi1"))
    for image in shown:
        with torch.no_grad():
            logits, counts = network.counted(image[None])
        spikes = {k: v.numpy() for k, v in host_spikes(graph, image[None], 8).items()}
        recording = emulate(program, spikes)
        total = logits.sum(dim=0)[0]
        two = total.topk(2, dim=0).values
        clear = (two[0] - two[1] > 1e-4).numpy()
        assert clear.mean() > 0.5
        mask = read_out(program, recording)[0]
        assert (mask[clear] == total.argmax(dim=0).numpy()[clear]).all()
        found = {k: v.sum(axis=0) for k, v in spikes.items()} | dict(recording.spike_counts)
        for name, count in counts.items():
            expected = count.numpy().astype(np.int64)
            assert (np.asarray(found[name]).reshape(expected.shape) == expected).all(), name


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    r"reset 'soft' \(hard\)": ({"reset": "soft"}, {}),
    r"no delay, .*\(delay: true\)": ({"delay": False}, {}),
    r"norm 'bntt' .*\(threshold, batch\)": ({"norm": "bntt"}, {}),
    r"neuron 'alif' \(lif, plif\)": ({"neuron": "alif"}, {}),
    r"coding 'poisson' \(direct\)": ({"coding": "poisson"}, {}),
    r"chip.num_steps 9 \(8\)": ({}, {"num_steps": 9}),
    r"chip.output_tau 8.0, .*\(null\)": ({}, {"output_tau": 8.0}),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_another_timing_than_the_chip_s_is_refused_and_says_what_to_set(reason: str) -> None:
    spiking, chip = REFUSED[reason]
    fields = {"num_steps": 8, "reset": "hard", "delay": True} | spiking
    config = NetworkConfig("unet", 1, 3, spiking=SpikingConfig(**fields))
    network = make_network(config, 2, 3).eval()
    with pytest.raises(CompileError, match=reason):
        prepare(network, images(1, 2, 8, 8), replace(CHIP, **chip))


def test_all_differences_are_named_at_once() -> None:
    spiking = SpikingConfig(num_steps=4, norm="bntt")
    network = make_network(NetworkConfig("unet", 1, 3, spiking=spiking), 2, 3).eval()
    with pytest.raises(CompileError, match=r"bntt.*soft.*no delay.*num_steps 8 \(4\)"):
        prepare(network, images(1, 2, 8, 8), CHIP)


TRAINED = RunConfig(
    data=DataConfig(num_images=5, image_size=64, seed=1, test="4-4"),
    network=NetworkConfig(
        "unet",
        1,
        4,
        spiking=SpikingConfig(num_steps=8, reset="hard", delay=True, surrogate="arctan"),
    ),
    training=TrainingConfig(
        epochs=1,
        steps_per_epoch=40,
        batch_size=4,
        crop=32,
        learning_rate=0.02,
        class_weights="balanced",
    ),
    device="cpu",
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = RunFolder(tmp_path_factory.mktemp("chip") / "run")
    config = replace(TRAINED, evaluation=replace(TRAINED.evaluation, crop=64, examples=1))
    train_stage(config, folder)
    evaluate_stage(folder)
    return folder


def compiled(folder: RunFolder, **chip: Any) -> RunConfig:
    settings = replace(CHIP, calibration_images=2, overlap=0, **chip)
    config = replace(folder.read_config(), chip=settings)
    compile_stage(folder, config)
    emulate_stage(folder, config)
    return config


def emulated_masks(folder: RunFolder, config: RunConfig) -> dict[str, Any]:
    program = load_program(folder.file("program.npz"))
    graph = load_graph(folder.file("chip_graph.npz"))
    assert config.chip is not None
    masks = {}
    for sample in load(config.data).test:
        (tiles,) = run_tiles(program, graph, sample.image, config.chip)
        masks[sample.name] = tiles.masks[0]
    return masks


def test_a_trained_network_is_emulated_with_its_own_masks(trained: RunFolder) -> None:
    config = compiled(trained)
    network = load_network(trained.file("network.safetensors")).network
    masks = emulated_masks(trained, config)
    equal = []
    for sample in load(config.data).test:
        with torch.no_grad():
            own = network(torch.from_numpy(sample.image)[None]).argmax(dim=1)[0].numpy()
        assert 0.02 < (own == 0).mean() < 0.98
        equal.append((own == masks[sample.name]).mean())
    assert np.mean(equal) > 0.99
    stages = read_json(trained.file("metrics.json"))["stages"]
    assert abs(stages["chip"]["pixel_accuracy"] - stages["snn"]["pixel_accuracy"]) < 0.01


def test_after_training_through_the_integers_masks_are_those_that_were_trained(
    trained: RunFolder, tmp_path: Path
) -> None:
    folder = RunFolder(Path(shutil.copytree(trained.path, tmp_path / "run")))
    before = load_network(folder.file("network.safetensors")).network
    config = compiled(folder, batches=3, batch_size=2, learning_rate=2e-3)
    graph = load_graph(folder.file("chip_graph.npz"))
    assert config.chip is not None
    with torch.no_grad():
        chip = chip_network(graph, graph, config.chip, load_chip("loihi1"))
        plain = prepare(before, torch.zeros(1, *graph.input.shape), config.chip)
        assert any(
            not np.array_equal(a.transforms[0].weight, b.transforms[0].weight)  # type: ignore[union-attr]
            for a, b in zip(graph.connections, plain.connections, strict=False)
            if hasattr(a.transforms[0], "weight") and hasattr(b.transforms[0], "weight")
        )
        masks = emulated_masks(folder, config)
        for sample in load(config.data).test:
            image = torch.from_numpy(sample.image)[None]
            fired = host_spikes(graph, image, config.chip.num_steps)
            potential, _ = chip({k: v.float() for k, v in fired.items()})
            own = potential[-1].argmax(dim=1)[0].numpy()
            assert (own == masks[sample.name]).all()
