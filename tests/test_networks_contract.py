"""Networks: every option runs forward and backward, and converts to the same function."""

import itertools
import math
from pathlib import Path
from typing import Any

import pytest
import torch

from spikeseg.config import (
    ActivationConfig,
    ConversionConfig,
    NetworkConfig,
    SpikingConfig,
)
from spikeseg.conversion import convert
from spikeseg.engine import run_analog
from spikeseg.errors import ConfigError, CorruptFileError, ShapeError, UnsupportedLayerError
from spikeseg.layers import ACTIVATIONS
from spikeseg.networks import NETWORKS, make_network
from spikeseg.runs.network_file import TrainedNetwork, load_network, save_network

TAKES: dict[str, dict[str, list[Any]]] = {
    "unet": {
        "downsampling": ["stride", "average"],
        "upsampling": ["transposed", "nearest", "bilinear"],
        "depth": [1, 2],
    },
    "deeplab": {
        "upsampling": ["nearest", "bilinear"],
        "units": [1, 2],
        "depth": [1, 2],
        "dilations": [(3,)],
    },
    "fcn": {
        "upsampling": ["transposed", "nearest", "bilinear"],
        "units": [1, 2],
        "depth": [1, 2],
    },
    "deeplab_vgg9": {"norm": ["batch"]},
    "fcn_vgg9": {"upsampling": ["transposed", "bilinear"]},
}
OPTIONS = [
    (name, dict(zip(options, values, strict=True)))
    for name, options in TAKES.items()
    for values in itertools.product(*options.values())
]
GRAPHS = [o for o in OPTIONS if o[0] != "fcn_vgg9" or o[1]["upsampling"] != "bilinear"]
HALVINGS = {"deeplab_vgg9": 2, "fcn_vgg9": 3}
WITH_DEPTH = {"unet": {"depth": 2}, "deeplab": {"depth": 2}, "fcn": {"depth": 2}}


def words(option: tuple[str, dict[str, Any]]) -> str:
    return "-".join([option[0], *map(str, option[1].values())])


def built(name: str, activation: str = "relu", **options: Any) -> torch.nn.Module:
    torch.manual_seed(0)
    width = 4 if "vgg9" in name else 2
    config = NetworkConfig(name, width=width, activation=ActivationConfig(activation), **options)
    return make_network(config, in_channels=2, num_classes=3)


def assert_the_graph_is_the_network(network: torch.nn.Module, images: torch.Tensor) -> Any:
    network(images)  # batch norms that are not the identity
    network.eval()
    graph = convert(network, images, ConversionConfig(recipes=("trained",)))
    with torch.inference_mode():
        expected = network(images)
    found = run_analog(graph, images)[graph.output.name]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    return graph


def test_every_network_is_tested() -> None:
    assert set(TAKES) == set(NETWORKS.names())


@pytest.mark.parametrize("option", OPTIONS, ids=words)
@pytest.mark.parametrize("activation", ACTIVATIONS.names())
def test_every_parameter_gets_a_finite_gradient_in_every_option(
    option: tuple[str, dict[str, Any]], activation: str
) -> None:
    network = built(option[0], activation, **option[1])
    logits = network(torch.rand(3, 2, 8, 16))
    assert logits.shape == (3, 3, 8, 16)
    logits.square().mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
    assert sum(float(p.grad.abs().sum()) for p in network.parameters()) > 0


@pytest.mark.parametrize("option", GRAPHS, ids=words)
def test_the_graph_is_the_network_in_every_option(option: tuple[str, dict[str, Any]]) -> None:
    assert_the_graph_is_the_network(built(option[0], **option[1]), torch.rand(2, 2, 8, 16))


@pytest.mark.parametrize("name", NETWORKS.names())
def test_the_graph_is_the_network_if_it_has_no_norms(name: str) -> None:
    options = {"upsampling": "transposed"} if name == "fcn_vgg9" else WITH_DEPTH.get(name, {})
    network = built(name, norm="none", **options)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in network.modules())
    biased = {m.bias is not None for m in network.modules() if isinstance(m, torch.nn.Conv2d)}
    assert (True in biased) == (name != "deeplab_vgg9")
    assert_the_graph_is_the_network(network, torch.rand(2, 2, 8, 16))


def test_the_fcn_of_the_paper_trims_a_pixel_which_no_graph_does() -> None:
    network = built("fcn_vgg9").eval()
    with pytest.raises(UnsupportedLayerError, match=r"3 x 5 .* network.upsampling transposed"):
        convert(network, torch.rand(1, 2, 8, 16), ConversionConfig(recipes=("trained",)))


@pytest.mark.parametrize("up", ["transposed", "nearest", "bilinear"])
@pytest.mark.parametrize("units", [1, 2])
@pytest.mark.parametrize("name", ["unet", "deeplab", "fcn"])
def test_the_graph_is_the_network_if_the_stem_strides(name: str, up: str, units: int) -> None:
    up = "nearest" if name == "deeplab" and up == "transposed" else up
    torch.manual_seed(0)
    config = NetworkConfig(name, upsampling=up, widths=(3, 2, 5), units=units, stem_stride=2)
    network, images = make_network(config, in_channels=2, num_classes=3), torch.rand(2, 2, 16, 24)
    assert network(images).shape == (2, 3, 16, 24)
    graph = assert_the_graph_is_the_network(network, images)
    finest = {max(p.shape[1:]) for p in graph.populations if p.neuron is not None}
    assert max(finest) == 12


REFUSED = [
    ("unet", {"dilations": (2,)}),
    *((n, {k: v}) for n in ("deeplab", "fcn") for k, v in [("downsampling", "average")]),
    ("deeplab", {"upsampling": "transposed"}),
    ("fcn", {"dilations": (2,)}),
    *(
        (n, {k: v})
        for n in ("deeplab_vgg9", "fcn_vgg9")
        for k, v in {
            "depth": 2,
            "downsampling": "stride",
            "dropout": 0.0,
            "widths": (2, 4),
            "units": 1,
            "stem_stride": 1,
            "dilations": (2,),
            "upsampling": "nearest",
        }.items()
    ),
]


@pytest.mark.parametrize(("name", "option"), REFUSED, ids=str)
def test_a_setting_that_a_network_does_not_take_is_refused(name: str, option: dict) -> None:  # type: ignore[type-arg]
    (key,) = option
    with pytest.raises(ConfigError, match=rf"network\.{key} is .*{name}.* take"):
        make_network(NetworkConfig(name, **option), 2, 3)


@pytest.mark.parametrize(
    "changes", [{"norm": "batch"}, {"activation": ActivationConfig("qcfs")}], ids=str
)
def test_what_has_no_effect_beside_spiking_neurons_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=rf"network.{next(iter(changes))} .*network.spiking"):
        NetworkConfig(spiking=SpikingConfig(), **changes)


def test_a_list_of_widths_that_is_not_of_the_levels_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"widths is \[3, 4\]; for network.depth 2 .* 3 numbers"):
        NetworkConfig(depth=2, widths=(3, 4))
    with pytest.raises(ConfigError, match=r"network.width is 5 beside network.widths \[3, 4\]"):
        NetworkConfig(width=5, widths=(3, 4))


def test_settings_as_older_versions_wrote_them_build_the_same_unet() -> None:
    written = NetworkConfig("unet", 3, 16, "stride", "nearest", 0.0, units=2, stem_stride=1)
    found, expected = (make_network(c, 1, 2).state_dict() for c in (NetworkConfig(), written))
    assert {k: v.shape for k, v in found.items()} == {k: v.shape for k, v in expected.items()}


@pytest.mark.parametrize("name", NETWORKS.names())
@pytest.mark.parametrize("size", [(7, 8), (8, 9), (1, 1)])
def test_a_size_that_does_not_fit_is_refused_with_the_padded_size(
    name: str, size: tuple[int, int]
) -> None:
    network = built(name, **WITH_DEPTH.get(name, {}))
    multiple = 2 ** HALVINGS.get(name, 2)
    padded = [math.ceil(n / multiple) * multiple for n in size]
    with pytest.raises(ShapeError) as caught:
        network(torch.zeros(1, 2, *size))
    message = str(caught.value)
    assert f"{size[0]} x {size[1]}" in message
    assert f"multiples of {multiple}" in message
    assert f"{padded[0]} x {padded[1]}" in message


def test_the_unet_has_the_number_of_weights_that_its_drawing_says() -> None:
    """Depth 1, width w, strided, nearest: units stem, two a level, down, merge, and the head."""
    w = 3
    network = make_network(NetworkConfig("unet", 1, w), in_channels=2, num_classes=4)
    units = [(2, w), (w, w), (2 * w, 2 * w), (w, 2 * w), (3 * w, w), (w, w)]
    expected = sum(9 * a * b + 2 * b for a, b in units) + 4 * w + 4
    assert sum(p.numel() for p in network.parameters()) == expected


@pytest.mark.parametrize("name", NETWORKS.names())
def test_one_seed_gives_one_network(name: str) -> None:
    first, second = (built(name).state_dict() for _ in range(2))
    assert all(torch.equal(first[k], second[k]) for k in first)


@pytest.mark.parametrize("name", sorted(WITH_DEPTH))
def test_dropout_drops_in_training_only(name: str) -> None:
    network, images = built(name, depth=1, dropout=0.9, norm="none"), torch.rand(1, 2, 8, 8)
    answers = {float(network(images).detach().sum()) for _ in range(20)}
    assert len(answers) > 1
    network.eval()
    assert torch.equal(network(images), network(images))


def test_a_checkpoint_of_another_architecture_is_refused(tmp_path: Path) -> None:
    made = built("deeplab", depth=1).eval()
    trained = TrainedNetwork(made, NetworkConfig("fcn", 1, 2), 2, ("a", "b", "c"), 1.0)
    save_network(trained, tmp_path / "network.safetensors")
    with pytest.raises(CorruptFileError, match="not hold the network that its header describes"):
        load_network(tmp_path / "network.safetensors")
