"""What a spiking graph cannot express is refused: which layer, why, and what works instead."""

import re

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from handwritten_nets import Net, conv
from spikeseg.config import ConversionConfig
from spikeseg.conversion import convert, trace
from spikeseg.errors import ConfigError, UnknownNameError, UnsupportedLayerError


def after_conv(layer):
    return Net(lambda n, x: n.last(x), last=nn.Sequential(conv(2, 2), layer))


def function(run):
    return Net(lambda n, x: run(n.conv(x)), conv=conv(2, 2))


class TwoInputs(nn.Module):
    def forward(self, x, y):
        return x + y


class OptionalInput(nn.Module):
    def forward(self, x, mask=None):
        return x


class Branches(nn.Module):
    def forward(self, x):
        return x if x.mean() > 0 else x + x


class AsksForLength(nn.Module):
    def forward(self, x):
        return x if len(x) > 3 else x + x


class CountsRows(nn.Module):
    def forward(self, x):
        for _ in range(x.shape[2]):
            x = x + x
        return x


class Constant(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1, 2, 8, 8))

    def forward(self, x):
        return torch.cat([x, self.scale], dim=1)


def changed_under_another_name(n, x):
    """Tracing takes ``x += y`` for ``x = x + y``, so ``kept`` would keep what it was."""
    x = n.conv(x)
    kept = x
    x += n.conv(x)
    return x + kept


def norm_without_statistics():
    return nn.BatchNorm2d(2, track_running_stats=False)


# what it is: (the network, the place that must be named, the reason or advice)
REFUSED = {
    "MaxPool2d": (after_conv(nn.MaxPool2d(2)), "layer last.1 (MaxPool2d)", "strided convolution"),
    "max_pool2d": (
        function(lambda x: F.max_pool2d(x, 2)),
        "'max_pool2d' (max_pool2d)",
        "strided convolution",
    ),
    "Linear": (after_conv(nn.Linear(8, 8)), "layer last.1 (Linear)", "use a 1 x 1 convolution"),
    "Flatten": (after_conv(nn.Flatten()), "layer last.1 (Flatten)", "keep the image axes"),
    "flatten": (function(torch.flatten), "'flatten'", "keep the image axes"),
    "x.flatten": (function(lambda x: x.flatten(1)), "'flatten'", "keep the image axes"),
    "Sigmoid": (after_conv(nn.Sigmoid()), "layer last.1 (Sigmoid)", "train with logits"),
    "sigmoid": (function(torch.sigmoid), "'sigmoid'", "train with logits"),
    "softmax": (function(lambda x: x.softmax(1)), "'softmax'", "train with logits"),
    "LeakyReLU": (after_conv(nn.LeakyReLU()), "layer last.1 (LeakyReLU)", "use ReLU"),
    "leaky_relu": (function(F.leaky_relu), "'leaky_relu'", "use ReLU"),
    "GroupNorm": (after_conv(nn.GroupNorm(1, 2)), "layer last.1 (GroupNorm)", "use BatchNorm2d"),
    "circular padding": (
        after_conv(conv(2, 2, padding_mode="circular")),
        "layer last.1: padding_mode is 'circular'",
        "takes 'zeros'",
    ),
    "norm of the batch": (
        after_conv(norm_without_statistics()),
        "layer last.1: track_running_stats is off",
        "running statistics",
    ),
    "ceil_mode": (
        after_conv(nn.AvgPool2d(2, ceil_mode=True)),
        "layer last.1: ceil_mode or divisor_override",
        "without them",
    ),
    "divisor_override": (
        function(lambda x: F.avg_pool2d(x, 2, divisor_override=3)),
        "operation 'avg_pool2d': ceil_mode or divisor_override",
        "without them",
    ),
    "padding left out of a mean": (
        after_conv(nn.AvgPool2d(3, padding=1, count_include_pad=False)),
        "layer last.1: padding is left out of the mean",
        "count_include_pad=True",
    ),
    "bicubic": (
        after_conv(nn.Upsample(scale_factor=2, mode="bicubic")),
        "layer last.1: the interpolation is 'bicubic'",
        "'nearest' and 'bilinear'",
    ),
    "enlargement by one and a half": (
        after_conv(nn.Upsample(scale_factor=1.5)),
        "layer last.1: 8 x 8 is interpolated to 12 x 12",
        "whole factors",
    ),
    "interpolation by one and a half": (
        function(lambda x: F.interpolate(x, scale_factor=1.5)),
        "operation 'interpolate': 8 x 8 is interpolated to 12 x 12",
        "whole factors",
    ),
    "a factor that only looks whole at this size": (
        function(lambda x: F.interpolate(x, scale_factor=(2.0, 2.1), mode="bilinear")),
        "operation 'interpolate': the scale factor is (2.0, 2.1)",
        "whole factors",
    ),
    "a layer's factor that only looks whole at this size": (
        after_conv(nn.Upsample(scale_factor=2.1)),
        "layer last.1: the scale factor is 2.1",
        "whole factors",
    ),
    "shrinking": (
        function(lambda x: F.interpolate(x, size=(4, 4))),
        "operation 'interpolate': 8 x 8 is interpolated to 4 x 4",
        "whole factors",
    ),
    "size of another tensor": (
        function(lambda x: F.interpolate(x, size=x.shape[2:])),
        "(getattr)",
        "fixed sizes or scale factors",
    ),
    "product": (function(lambda x: x * x), "'mul' (mul)", "use addition or concatenation"),
    "addition of a constant": (function(lambda x: x + 1), "(addition of a constant)", "bias"),
    "constant first": (function(lambda x: 1 + x), "(addition of a constant)", "bias"),
    "scaled addition": (
        function(lambda x: torch.add(x, x, alpha=2)),
        "(addition with alpha)",
        "Known are",
    ),
    "broadcasting": (
        function(lambda x: x + F.avg_pool2d(x, 8)),
        "(addition with broadcasting)",
        "Known are",
    ),
    "concatenation of rows": (
        function(lambda x: torch.cat([x, x], dim=2)),
        "(cat over axis 2)",
        "cat over channels",
    ),
    "concatenation of a constant": (
        Constant(),
        "operation 'scale' (a constant tensor)",
        "weights or the bias",
    ),
    "a size given to a layer": (
        Net(lambda n, x: n.up(x, output_size=(16, 16)), up=nn.ConvTranspose2d(2, 2, 2, stride=2)),
        "layer up (ConvTranspose2d called with more than an image)",
        "Known are",
    ),
    "dropout in evaluation": (
        function(lambda x: F.dropout(x, 0.5)),
        "operation 'dropout' (dropout in evaluation mode)",
        "training=self.training",
    ),
    "two inputs": (TwoInputs(), "a second input, 'y'", "takes one image"),
    "an optional input": (OptionalInput(), "a second input, 'mask'", "takes one image"),
    "branch on values": (Branches(), "Branches.forward cannot be traced", "must not branch"),
    "branch on length": (AsksForLength(), "AsksForLength.forward cannot be tr", "must not branch"),
    "loop over rows": (CountsRows(), "CountsRows.forward cannot be traced", "must not branch"),
    "a tensor changed under another name": (
        Net(changed_under_another_name, conv=conv(2, 2)),
        "Net computes other values than its traced operations",
        "x = x + y in place of x += y",
    ),
    "tuple output": (function(lambda x: (x, x)), "returns a tuple", "one tensor of logits"),
    "dict output": (function(lambda x: {"out": x}), "returns a dict", "one tensor of logits"),
}


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
