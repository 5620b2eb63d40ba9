"""What a spiking graph cannot express is refused: which layer, why, and what works instead."""

import re

import pytest
import torch
from torch import nn

from handwritten_nets import conv
from refused_networks import REFUSED
from spikeseg.config import ConversionConfig
from spikeseg.conversion import convert, trace
from spikeseg.errors import ConfigError, DataError, UnknownNameError, UnsupportedLayerError


@pytest.mark.parametrize("what", REFUSED)
def test_what_a_spiking_graph_cannot_express_is_refused_by_name(what):
    network, place, advice = REFUSED[what]
    with pytest.raises(UnsupportedLayerError) as refusal:
        trace(network, torch.rand(1, 2, 8, 8))
    assert place in str(refusal.value)
    assert advice in str(refusal.value)
    assert not re.search(r"0x[0-9a-f]{6}", str(refusal.value)), "an address helps nobody"


def test_an_image_without_channels_is_refused():
    with pytest.raises(UnsupportedLayerError, match=r"shape \(2, 8, 8\).*images, \(B, C, H, W\)"):
        trace(conv(2, 2), torch.rand(2, 8, 8))


def test_no_image_is_refused():
    with pytest.raises(DataError, match="no images to trace"):
        convert(conv(2, 2), torch.rand(0, 2, 8, 8))


def test_trained_thresholds_need_activations_that_declare_an_amplitude():
    network = nn.Sequential(conv(2, 2), nn.ReLU(), conv(2, 2))
    with pytest.raises(ConfigError, match=r"'trained', but 1 declares no amplitude.*percentile"):
        convert(network, torch.rand(1, 2, 8, 8), ConversionConfig(recipes=("trained",)))


def test_an_unknown_neuron_is_refused_before_any_work():
    with pytest.raises(UnknownNameError, match="did you mean 'if_soft'"):
        convert(nn.Linear(1, 1), torch.rand(1), ConversionConfig(neuron="if_sotf"))


def test_an_unknown_recipe_is_refused_before_any_work():
    with pytest.raises(UnknownNameError, match="did you mean 'percentile'"):
        convert(nn.Linear(1, 1), torch.rand(1), ConversionConfig(recipes=("percentil",)))
