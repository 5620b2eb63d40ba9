"""Networks that a spiking graph cannot express, each with what its refusal must say."""

import torch
import torch.nn.functional as F
from torch import nn

from handwritten_nets import Net, conv


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


class Constant(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1, 2, 8, 8))

    def forward(self, x):
        return torch.cat([x, self.scale], dim=1)


class AddsAMap(Constant):
    def forward(self, x):
        return x + torch.ones(1, 2, 8, 8)


def a_part_changed_in_place(n, x):
    """A slice is a view, so the whole changes with it."""
    x = n.conv(x)
    first = x[:, :1]
    first += 1
    return x


def norm_without_statistics():
    return nn.BatchNorm2d(2, track_running_stats=False)


# what it is: (the network, the place that must be named, the reason or advice)
REFUSED = {
    "max pooling of a convolution": (
        after_conv(nn.MaxPool2d(2)),
        "layer last.1: it takes the largest of values that are no activations",
        "Put the ReLU before the pooling",
    ),
    "max pooling of the image": (
        function(lambda x: F.max_pool2d(x - x, 2)),
        "operation 'max_pool2d': it takes the largest of values that are no activations",
        "a strided convolution",
    ),
    "max pooling of a sum of activations": (
        function(lambda x: F.max_pool2d(x.relu() + F.relu(-x), 2)),
        "operation 'max_pool2d': it takes the largest of values that are no activations",
        "Put the ReLU before the pooling",
    ),
    "max pooling with indices": (
        function(lambda x: F.max_pool2d(x.relu(), 2, return_indices=True)[0]),
        "(max_pool2d_with_indices)",
        "max pooling of an activation",
    ),
    "max pooling to a size": (
        after_conv(nn.AdaptiveMaxPool2d(2)),
        "layer last.1 (AdaptiveMaxPool2d)",
        "max pooling of an activation",
    ),
    "Linear": (after_conv(nn.Linear(8, 8)), "layer last.1 (Linear)", "use a 1 x 1 convolution"),
    "Flatten": (after_conv(nn.Flatten()), "layer last.1 (Flatten)", "keep the image axes"),
    "flatten": (function(torch.flatten), "'flatten'", "keep the image axes"),
    "a sigmoid inside": (
        after_conv(nn.Sequential(nn.Sigmoid(), conv(2, 2))),
        "layer last.1.0 (Sigmoid)",
        "put it last, where it is dropped",
    ),
    "a softmax inside": (
        function(lambda x: x.softmax(1) + x),
        "operation 'softmax' (softmax)",
        "put it last, where it is dropped",
    ),
    "a softmax over rows": (function(lambda x: x.softmax(2)), "'softmax' (softmax)", "put it last"),
    "LeakyReLU": (
        after_conv(nn.LeakyReLU(0.1)),
        "layer last.1: the negative slope is 0.1, and a spike has no sign",
        "set the slope to 0",
    ),
    "leaky_relu": (
        function(F.leaky_relu),
        "operation 'leaky_relu': the negative slope is 0.01",
        "train with ReLU",
    ),
    "PReLU": (after_conv(nn.PReLU()), "layer last.1 (PReLU)", "a spike has no sign"),
    "GELU": (after_conv(nn.GELU()), "layer last.1 (GELU)", "train with ReLU or ReLU6"),
    "SiLU": (after_conv(nn.SiLU()), "layer last.1 (SiLU)", "train with ReLU or ReLU6"),
    "silu": (function(F.silu), "operation 'silu' (silu)", "train with ReLU or ReLU6"),
    "ELU": (after_conv(nn.ELU()), "layer last.1 (ELU)", "train with ReLU or ReLU6"),
    "Hardswish": (after_conv(nn.Hardswish()), "layer last.1 (Hardswish)", "ReLU6: it is curved"),
    "Hardtanh": (
        after_conv(nn.Hardtanh()),
        "layer last.1: values are clipped to -1.0..1.0",
        "clipping from 0 to a positive number",
    ),
    "clamp": (
        function(lambda x: x.clamp(max=1)),
        "operation 'clamp': values are clipped to None..1",
        "clipping from 0",
    ),
    "GroupNorm": (after_conv(nn.GroupNorm(1, 2)), "layer last.1 (GroupNorm)", "freeze_norms"),
    "InstanceNorm2d": (
        after_conv(nn.InstanceNorm2d(2)),
        "layer last.1 (InstanceNorm2d)",
        "use BatchNorm2d",
    ),
    "LayerNorm": (
        after_conv(nn.LayerNorm((2, 8, 8))),
        "layer last.1 (LayerNorm)",
        "freeze_norms",
    ),
    "view": (
        function(lambda x: x.view(x.shape[0], -1)),
        "operation 'view' (view)",
        "keep the image axes",
    ),
    "permute": (
        function(lambda x: x.permute(0, 1, 3, 2)),
        "operation 'permute' (permute)",
        "keep the image axes",
    ),
    "a map that turns around": (
        function(lambda x: x[:, [1, 0], :][:, :, [3, 2, 1, 0]]),
        "operation 'getitem_1': pixels are put into another order or repeated",
        "slices, crops and padding with zeros",
    ),
    "padding by reflection": (
        after_conv(nn.ReflectionPad2d(1)),
        "layer last.1: pixels are put into another order or repeated",
        "padding with zeros",
    ),
    "padding with ones": (
        function(lambda x: F.pad(x, (1, 1), value=1.0)),
        "operation 'pad'",
        "padding with zeros",
    ),
    "a slice without a channel axis": (
        function(lambda x: x[:, 0]),
        "operation 'getitem'",
        "slices, crops and padding",
    ),
    "pooling to windows of unlike size": (
        after_conv(nn.AdaptiveAvgPool2d(3)),
        "layer last.1: 8 x 8 pixels are pooled to 3 x 3",
        "choose an image size at which they divide",
    ),
    "mean over channels": (
        function(lambda x: x.mean(1, keepdim=True)),
        "operation 'mean' (mean over other axes",
        "keepdim=True",
    ),
    "weights that depend on the image": (
        function(lambda x: F.conv2d(x, x[:, :, :3, :3])),
        "operation 'conv2d': 'getitem', one of its arguments, depends on the image",
        "weights, sizes and constants",
    ),
    "division by an activation": (
        function(lambda x: 1 / x),
        "operation 'truediv' (division by an activation)",
        "Known are",
    ),
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
    "product": (function(lambda x: x * x), "'mul' (mul)", "use addition or concatenation"),
    "a gate as in squeeze and excitation": (
        function(lambda x: x * x.mean((2, 3), keepdim=True)),
        "operation 'mul' (mul)",
        "a product of activations is not linear",
    ),
    "addition of an image of constants": (
        AddsAMap(),
        "operation 'add' (a constant tensor)",
        "one number for each channel",
    ),
    "broadcasting over channels": (
        function(lambda x: x + x[:, :1]),
        "(addition with broadcasting)",
        "the same channels, height and width",
    ),
    "concatenation of rows": (
        function(lambda x: torch.cat([x, x], dim=2)),
        "(cat over axis 2)",
        "cat over channels",
    ),
    "concatenation of a constant": (
        Constant(),
        "operation 'cat' (a constant tensor)",
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
    "a number read from values": (
        function(lambda x: x + x.max().item()),
        "item turns the values of a tensor into float",
        "must not branch on their values",
    ),
    "a part changed in place": (
        Net(a_part_changed_in_place, conv=conv(2, 2)),
        "'output' has other values in the network than its traced operations give",
        "x = x + y in place of x += y",
    ),
    "tuple output": (function(lambda x: (x, x)), "returns a tuple", "one tensor of logits"),
    "dict output": (
        function(lambda x: {"mask": x}),
        "returns a dict with 'mask'",
        "a dictionary that holds it as 'out'",
    ),
}
