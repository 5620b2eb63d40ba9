"""Networks: every option runs forward and backward, and converts to the same function."""

import itertools

import pytest
import torch

from spikeseg.config import ActivationConfig, ConversionConfig, NetworkConfig
from spikeseg.conversion import convert
from spikeseg.engine import run_analog
from spikeseg.errors import ConfigError, ShapeError
from spikeseg.layers import ACTIVATIONS
from spikeseg.networks import NETWORKS, make_network

OPTIONS = list(
    itertools.product(
        NETWORKS.names(),
        ["stride", "average"],
        ["transposed", "nearest", "bilinear"],
        [1, 2],
    )
)


def built(
    name: str, down: str, up: str, depth: int, activation: str = "relu", dropout: float = 0.0
) -> torch.nn.Module:
    torch.manual_seed(0)
    config = NetworkConfig(name, depth, 2, down, up, dropout, ActivationConfig(activation))
    return make_network(config, in_channels=2, num_classes=3)


@pytest.mark.parametrize("option", OPTIONS, ids=lambda o: "-".join(map(str, o)))
@pytest.mark.parametrize("activation", ACTIVATIONS.names())
def test_every_parameter_gets_a_finite_gradient_in_every_option(
    option: tuple[str, str, str, int], activation: str
) -> None:
    network = built(*option, activation=activation, dropout=0.2)
    logits = network(torch.rand(3, 2, 8, 12))
    assert logits.shape == (3, 3, 8, 12)
    logits.square().mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
    assert sum(float(p.grad.abs().sum()) for p in network.parameters()) > 0


@pytest.mark.parametrize("option", OPTIONS, ids=lambda o: "-".join(map(str, o)))
def test_the_graph_is_the_network_in_every_option(option: tuple[str, str, str, int]) -> None:
    network, images = built(*option), torch.rand(2, 2, 8, 12)
    network(images)  # batch norms that are not the identity
    network.eval()
    graph = convert(network, images, ConversionConfig(recipes=("trained",)))
    with torch.inference_mode():
        expected = network(images)
    found = run_analog(graph, images)[graph.output.name]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("up", ["transposed", "nearest", "bilinear"])
@pytest.mark.parametrize("units", [1, 2])
def test_the_graph_is_the_network_if_the_stem_strides(up: str, units: int) -> None:
    torch.manual_seed(0)
    config = NetworkConfig(depth=2, upsampling=up, widths=(3, 2, 5), units=units, stem_stride=2)
    network, images = make_network(config, in_channels=2, num_classes=3), torch.rand(2, 2, 16, 24)
    assert network(images).shape == (2, 3, 16, 24)
    network.eval()
    graph = convert(network, images, ConversionConfig(recipes=("trained",)))
    with torch.inference_mode():
        expected = network(images)
    found = run_analog(graph, images)[graph.output.name]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    halved = {p.shape[1:] for p in graph.populations if p.shape[0] == 3 and p.neuron is not None}
    assert halved == {(8, 12)}


def test_a_list_of_widths_that_is_not_of_the_levels_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"widths is \[3, 4\]; for network.depth 2 .* 3 numbers"):
        NetworkConfig(depth=2, widths=(3, 4))


@pytest.mark.parametrize("name", NETWORKS.names())
@pytest.mark.parametrize(
    ("size", "padded"), [((7, 8), "8 x 8"), ((8, 9), "8 x 12"), ((1, 1), "4 x 4")]
)
def test_a_size_that_does_not_fit_is_refused_with_the_padded_size(
    name: str, size: tuple[int, int], padded: str
) -> None:
    network = built(name, "stride", "nearest", 2)
    with pytest.raises(ShapeError) as caught:
        network(torch.zeros(1, 2, *size))
    message = str(caught.value)
    assert f"{size[0]} x {size[1]}" in message
    assert "multiples of 4" in message
    assert padded in message


def test_the_unet_has_the_number_of_weights_that_its_drawing_says() -> None:
    """Depth 1, width w, strided, nearest: units stem, two a level, down, merge, and the head."""
    w = 3
    network = make_network(NetworkConfig("unet", 1, w), in_channels=2, num_classes=4)
    units = [(2, w), (w, w), (2 * w, 2 * w), (w, 2 * w), (3 * w, w), (w, w)]
    expected = sum(9 * a * b + 2 * b for a, b in units) + 4 * w + 4
    assert sum(p.numel() for p in network.parameters()) == expected


@pytest.mark.parametrize("name", NETWORKS.names())
def test_one_seed_gives_one_network(name: str) -> None:
    first, second = (built(name, "stride", "nearest", 1).state_dict() for _ in range(2))
    assert all(torch.equal(first[k], second[k]) for k in first)


def test_dropout_drops_in_training_only() -> None:
    network, images = built("unet", "stride", "nearest", 1, dropout=0.9), torch.rand(1, 2, 8, 8)
    network(images)
    network.eval()
    assert torch.equal(network(images), network(images))
