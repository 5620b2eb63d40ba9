"""Diagnosing networks whose figures are known: closed forms, and a slow twin."""

import numpy as np
import pytest
import torch
from torch import nn

from slow_twin import slow_simulate
from spikeseg.config import ConversionConfig
from spikeseg.conversion import convert, trace
from spikeseg.diagnosis import Diagnosis, LayerDiagnosis, diagnose
from spikeseg.errors import ConfigError, DataError

PLAIN = ConversionConfig(recipes=("maximum",))
HALF = ConversionConfig(recipes=("maximum", "half_threshold"))


def found_of(
    net: nn.Module, config: ConversionConfig, images: torch.Tensor, known: torch.Tensor, steps: int
) -> Diagnosis:
    graph = convert(net, known, config)
    return diagnose(trace(net, known[:1]), graph, images, known, steps)


def one_layer() -> nn.Sequential:
    """The activation is the image."""
    net = nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU(), nn.Conv2d(1, 2, 1))
    net[0].weight.data.fill_(1.0)
    net[0].bias.data.zero_()
    return net


def alone(
    config: ConversionConfig, image: torch.Tensor, known: float, steps: int
) -> LayerDiagnosis:
    """Return the diagnosis of `one_layer`, whose threshold is ``known``."""
    images = torch.full((1, 1, 2, 2), known)
    (layer,) = found_of(one_layer(), config, image, images, steps).layers
    return layer


def test_a_layer_that_clips_half_of_its_activation_is_told_as_such() -> None:
    layer = alone(PLAIN, torch.ones(1, 1, 2, 2), known=0.5, steps=8)
    assert layer.relative_error == layer.late_error == 0.5
    assert layer.curve == (0.5,) * 4
    assert (layer.parts["clipping"].size, layer.parts["clipping"].share) == (0.5, 1.0)
    assert [p.size for n, p in layer.parts.items() if n != "clipping"] == [0, 0, 0]
    assert (layer.saturated, layer.above_threshold, layer.dead) == (1.0, 1.0, 0.0)
    assert (layer.mean_ratio, layer.high_ratio) == (2.0, 2.0)


def test_a_layer_that_only_rounds_is_told_as_such() -> None:
    """3/8 of a threshold in four steps, from half a threshold: two spikes, 1/2."""
    layer = alone(HALF, torch.full((1, 1, 2, 2), 0.375), known=1.0, steps=4)
    assert layer.relative_error == pytest.approx(1 / 3)
    assert layer.parts["rounding"].share == pytest.approx(1.0)
    assert layer.own_error == pytest.approx(1 / 3)


def test_starting_at_zero_is_timing_where_starting_at_half_would_be_exact() -> None:
    """5/16 in eight steps is 2.5 spikes; 3 from half a threshold, but 2 from zero."""
    image = torch.full((1, 1, 2, 2), 0.3125)
    half, zero = (alone(config, image, 1.0, 8) for config in (HALF, PLAIN))
    assert half.parts["timing"].size == 0
    assert zero.parts["timing"].size == pytest.approx((1 / 8) / 0.3125)


@pytest.mark.parametrize(("config", "first"), [(PLAIN, 8), (HALF, 4)])
def test_the_first_spike_comes_when_the_current_has_filled_the_membrane(
    config: ConversionConfig, first: int
) -> None:
    layer = alone(config, torch.full((1, 1, 2, 2), 0.125), known=1.0, steps=16)
    assert (layer.first_step, layer.first_percent, layer.first_half) == (first,) * 3


def test_dead_silent_and_firing_neurons_are_told_apart() -> None:
    """From zero, in four steps: 0.2 should round to one spike and does not come to it."""
    image = torch.tensor([[[[0.2, 0.0], [0.1, 1.0]]]])
    layer = alone(PLAIN, image, known=1.0, steps=4)
    assert (layer.dead, layer.silent, layer.saturated) == (0.25, 0.5, 0.25)
    assert layer.under_firing == pytest.approx(2 / 3)


def test_a_layer_silent_in_both_networks_has_no_error_and_no_first_spike() -> None:
    layer = alone(PLAIN, torch.zeros(1, 1, 2, 2), known=1.0, steps=4)
    assert (layer.relative_error, layer.silent, layer.first_step) == (0.0, 1.0, None)
    assert (layer.variation, layer.mean_ratio) == (0.0, 0.0)


def test_spatial_variance_is_that_of_a_checkerboard() -> None:
    """Half of the positions at 0 and half at the threshold: V = 1/4, variation 1."""
    image = (torch.arange(16).view(4, 4) % 2).view(1, 1, 4, 4) * 0.5
    layer = alone(PLAIN, image, known=0.5, steps=4)
    assert (layer.spatial_variance, layer.variation) == (0.25, 1.0)


def deep() -> nn.Sequential:
    torch.manual_seed(3)
    down = (nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU())
    up = (nn.Conv2d(4, 3, 3, padding=1), nn.ReLU(), nn.Upsample(scale_factor=2))
    net = nn.Sequential(*down, *up, nn.Conv2d(3, 2, 1), nn.ReLU(), nn.Conv2d(2, 2, 1))
    for values in net.parameters():
        nn.init.uniform_(values, -0.3, 0.5)  # so that no layer is silent
    return net


def expected(
    analog: np.ndarray, spikes: np.ndarray, worth: np.ndarray, curve: tuple[int, ...]
) -> dict[str, object]:
    """Return figures of a layer from (T, B, C, H, W) spikes, as plainly as can be."""
    steps = len(spikes)

    def error(decoded: np.ndarray) -> float:
        return float(np.linalg.norm(decoded - analog) / np.linalg.norm(analog))

    never = (spikes == 0).all(axis=(0, 1))
    wanted = (analog > worth / (2 * steps)).any(axis=0)
    firsts = [int(t.argmax()) + 1 for t in (spikes != 0).reshape(steps, -1).T if t.any()]
    return {
        "relative_error": error(spikes.mean(axis=0) * worth),
        "late_error": error(spikes[steps // 2 :].mean(axis=0) * worth),
        "curve": tuple(error(spikes[:t].mean(axis=0) * worth) for t in curve),
        "dead": float((never & wanted).mean()),
        "silent": float((never & ~wanted).mean()),
        "saturated": float((spikes.sum(axis=0) == steps).any(axis=0).mean()),
        "first_step": min(firsts),
        "first_half": sorted(firsts)[-(-len(firsts) // 2) - 1],
        "spatial_variance": float((analog / worth).var(axis=(2, 3)).mean()),
        "above_threshold": float((analog > worth).mean()),
    }


@pytest.mark.parametrize("recipes", [("percentile",), ("percentile", "half_threshold", "signed")])
def test_a_deep_network_agrees_with_the_slow_twin(recipes: tuple[str, ...]) -> None:
    net, rng = deep(), torch.Generator().manual_seed(0)
    images, known = (torch.rand(2, 1, 8, 8, generator=rng, dtype=torch.float32) for _ in range(2))
    config = ConversionConfig(recipes=recipes, percentile=95.0, granularity="channel")
    graph = convert(net, known, config)
    found = diagnose(trace(net, known), graph, images, known, 6)
    spikes, _ = slow_simulate(graph, images.numpy(), 6)
    x = images
    layers = iter(found.layers)
    for module in net:
        x = module(x).detach()
        if isinstance(module, nn.ReLU):
            layer = next(layers)
            worth = graph[layer.name].spike_values
            told = expected(x.double().numpy(), spikes[layer.name], worth, found.curve_steps)
            for name, value in told.items():
                assert getattr(layer, name) == pytest.approx(value, rel=1e-5), (layer.name, name)
    assert next(layers, None) is None


def test_shares_of_the_error_sum_to_one_and_the_first_layer_inherits_nothing() -> None:
    images = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    found = found_of(deep(), ConversionConfig(), images, images, 5)
    for layer in found.layers:
        assert sum(p.share for p in layer.parts.values()) == pytest.approx(1.0)
    assert found.layers[0].parts["handed_on"].size == 0
    assert all(layer.parts["handed_on"].size > 0 for layer in found.layers[1:])


def test_roles_and_depths_follow_from_the_resolutions() -> None:
    images = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    layers = found_of(deep(), ConversionConfig(), images, images, 2).layers
    low, full = "classification-like", "segmentation"
    assert [layer.role for layer in layers] == [full, low, low, full]
    assert [layer.depth for layer in layers] == [1, 2, 3, 4]
    assert [layer.stride for layer in layers] == [1, 2, 2, 1]


def test_no_images_and_no_steps_are_refused() -> None:
    image = torch.ones(1, 1, 2, 2)
    with pytest.raises(DataError, match="no images"):
        found_of(one_layer(), PLAIN, image[:0].expand(0, 1, 2, 2), image, 2)
    with pytest.raises(ConfigError, match="num_steps is 0"):
        found_of(one_layer(), PLAIN, image, image, 0)


def test_a_gate_is_left_out_and_what_it_passes_on_is_not() -> None:
    """Max pooling of spikes is exact, so only the layers around it can be wrong."""
    net = nn.Sequential(*one_layer()[:2], nn.MaxPool2d(2), nn.Conv2d(1, 1, 1), nn.ReLU())
    net[3].weight.data.fill_(1.0)
    net[3].bias.data.zero_()
    image = torch.tensor([[0.25, 0.5], [1.0, 0.75]]).view(1, 1, 2, 2)
    first, second = found_of(net, PLAIN, image, image, steps=4).layers
    assert (first.name, second.name) == ("1", "4")
    assert first.relative_error == second.relative_error == 0.0
    assert second.depth == 3
