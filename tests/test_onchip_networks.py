"""Which networks a chip can hold: the strided ones; average pooling that overlaps is refused."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from spikeseg.chips import load_chip
from spikeseg.compiling import build_network, compile_network
from spikeseg.config import ChipConfig, NetworkConfig
from spikeseg.emulation import emulate
from spikeseg.errors import CompileError
from spikeseg.networks import make_network
from spikeseg.onchip import adapt, host_spikes, prepare

CONFIG = ChipConfig("loihi1", num_steps=16, calibration_images=2)


@pytest.fixture(scope="module")
def images() -> Tensor:
    return torch.rand(2, 1, 16, 16, generator=torch.Generator().manual_seed(0))


def trained(name: str, images: Tensor, **options: Any) -> torch.nn.Module:
    """Return a small network whose batch norms have seen the images."""
    torch.manual_seed(0)
    network = make_network(NetworkConfig(name, width=4, **options), 1, 2)
    for _ in range(60):
        network(images)
    return network.eval()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("deeplab", {"dilations": (2, 3)}),
        ("deeplab", {"stem_stride": 2, "units": 2}),
        ("fcn", {}),
        ("fcn", {"upsampling": "transposed", "stem_stride": 2}),
    ],
    ids=str,
)
def test_a_strided_network_is_adapted_compiled_and_emulated(
    name: str, options: dict[str, Any], images: Tensor
) -> None:
    network = trained(name, images, depth=2, **options)
    adapted = adapt(prepare(network, images, CONFIG), images, CONFIG)
    chip = load_chip(CONFIG.name)
    program = compile_network(build_network(adapted, CONFIG.output_tau), chip)
    spikes = {k: s.numpy() for k, s in host_spikes(adapted, images, CONFIG.num_steps).items()}
    recording = emulate(program, spikes)
    layers = {k: v.sum() for k, v in recording.spike_counts.items() if k != "output"}
    assert len(layers) >= 8
    assert all(count > 0 for count in layers.values()), layers
    assert np.ptp(recording.potentials) > 0


@pytest.mark.parametrize("name", ["deeplab_vgg9", "fcn_vgg9"])
def test_average_pooling_that_overlaps_is_refused_with_what_works(
    name: str, images: Tensor
) -> None:
    options = {"upsampling": "transposed"} if name == "fcn_vgg9" else {}
    graph = prepare(trained(name, images, **options), images, CONFIG)
    with pytest.raises(CompileError) as caught:
        compile_network(build_network(graph, CONFIG.output_tau), load_chip(CONFIG.name))
    message = str(caught.value)
    assert "average pooling with kernel (3, 3), stride (2, 2), padding (1, 1)" in message
    assert "strided convolution in its place, as unet, deeplab and fcn" in message
