"""Networks written by others: in analog mode the graph is the network, to 1e-4 of its range."""

import pytest
import torch
from outside_networks import CONVERTED, REFUSED, from_smp, randomized

from spikeseg.conversion import convert, freeze_norms
from spikeseg.engine import run_analog, simulate
from spikeseg.errors import ShapeError, UnsupportedLayerError

pytestmark = pytest.mark.filterwarnings("ignore::spikeseg.errors.SpikeSegWarning")
SIZE = 64


def made(maker):
    torch.manual_seed(0)
    return randomized(maker())


def images(count=2):
    return torch.rand(count, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))


def logits(network, x):
    with torch.inference_mode():
        result = network(x)
    return result["out"] if isinstance(result, dict) else result


def relative_error(found, expected):
    assert expected.std() > 0.01, "a silent network proves nothing"
    return float((found - expected).abs().max() / expected.abs().max())


@pytest.mark.parametrize("about", CONVERTED)
def test_a_network_of_others_is_its_graph_in_analog_mode(about):
    network, (_, stride) = made(CONVERTED[about][0]), CONVERTED[about]
    graph = convert(network, images())
    found = run_analog(graph, images())["output"]
    if "softmax" in about:  # which the graph leaves out
        found = found.softmax(1)
    error = relative_error(found, logits(network, images()))
    print(f"{about}: {error:.1e}")
    assert error <= 1e-4
    assert graph.stride == stride


@pytest.mark.parametrize("about", CONVERTED)
def test_a_network_of_others_runs_as_a_spiking_network(about):
    graph = convert(made(CONVERTED[about][0]), images(1))
    result = simulate(graph, images(1), 3)
    assert result.masks.shape == (1, 1, SIZE, SIZE)
    assert sum(float(counts.sum()) for counts in result.spike_counts.values()) > 0


@pytest.mark.parametrize("about", REFUSED)
def test_a_network_of_others_that_does_not_fit_is_refused_by_name(about):
    maker, place, advice = REFUSED[about]
    with pytest.raises(UnsupportedLayerError) as refusal:
        convert(made(maker), images(1))
    assert place in str(refusal.value)
    assert advice in str(refusal.value)


def test_an_fpn_with_frozen_norms_is_its_graph_and_near_to_what_it_was():
    network = made(lambda: from_smp("FPN", "resnet18"))
    frozen = freeze_norms(network, images(4))
    found = run_analog(convert(frozen, images()), images())["output"]
    assert relative_error(found, logits(frozen, images())) <= 1e-4
    unseen = torch.rand(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(9))
    change = relative_error(logits(frozen, unseen), logits(network, unseen))
    print(f"smp FPN with frozen norms against itself, on images not seen: {change:.1e}")
    assert 0 < change < 0.5


def test_a_graph_with_image_pooling_is_refused_for_another_size():
    graph = convert(made(CONVERTED["torchvision deeplabv3_resnet50"][0]), images(1))
    with pytest.raises(ShapeError, match="over a map of 8 x 8 pixels"):
        graph.resized(2 * SIZE, 2 * SIZE)


def test_a_graph_without_image_pooling_is_resized():
    network = made(CONVERTED["smp Unet resnet18"][0])
    graph, x = convert(network, images(1)), torch.rand(1, 3, 96, 32)
    assert relative_error(run_analog(graph, x)["output"], logits(network, x)) <= 1e-4
