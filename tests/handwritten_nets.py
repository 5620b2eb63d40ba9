"""Small networks as users write them; each shows one thing that tracing must get right."""

import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    """Layers given by name, and a function of (this network, image) as its forward pass."""

    def __init__(self, run, **layers):
        super().__init__()
        for name, layer in layers.items():
            setattr(self, name, layer)
        self._run = run

    def forward(self, x):
        return self._run(self, x)


def conv(cin, cout, taps=3, **options):
    return nn.Conv2d(cin, cout, taps, **{"padding": taps // 2, **options})


def functional_relu():
    return Net(lambda n, x: n.b(F.relu(n.a(x)).relu()), a=conv(2, 3), b=conv(3, 2))


def interpolated(**options):
    def run(n, x):
        return n.b(F.interpolate(torch.relu(n.a(x)), **options))

    return Net(run, a=conv(2, 3, stride=2), b=conv(3, 2))


def upsampled(**options):
    return nn.Sequential(
        conv(2, 3, stride=2), nn.ReLU(), nn.Upsample(scale_factor=2, **options), conv(3, 2)
    )


def keyword_arguments():
    def run(n, x):
        parts = [n.a(input=x), F.avg_pool2d(input=x, kernel_size=3, stride=1, padding=1)]
        return n.b(torch.relu(input=torch.cat(tensors=parts, dim=-3)))

    return Net(run, a=conv(2, 3), b=conv(5, 2))


def concatenation_of_three():
    def run(n, x):
        a, b = n.act(n.a(x)), torch.relu(n.b(x))
        return n.head(torch.cat([a, x, b], dim=1))

    return Net(run, a=conv(2, 3), b=conv(2, 1), act=nn.ReLU(), head=conv(6, 2))


def nested_concatenation():
    def run(n, x):
        a, b = torch.relu(n.a(x)), torch.relu(n.b(x))
        inner = torch.cat((b, a), 1)
        return n.head(torch.relu(n.norm(torch.cat([a, inner, torch.cat([inner, a], 1)], -3))))

    return Net(run, a=conv(2, 3), b=conv(2, 1), norm=nn.BatchNorm2d(14), head=conv(14, 2))


def residual_without_projection():
    def run(n, x):
        x = torch.relu(n.stem(x))
        return n.head(torch.relu(x + n.norm(n.branch(x))))

    return Net(run, stem=conv(2, 3), branch=conv(3, 3), norm=nn.BatchNorm2d(3), head=conv(3, 2))


def residual_with_projection():
    def run(n, x):
        y = torch.relu(torch.add(n.norm(n.branch(x)), n.project(x)))
        return n.head(y)

    return Net(
        run,
        branch=conv(2, 4, stride=2),
        norm=nn.BatchNorm2d(4),
        project=nn.Conv2d(2, 4, 1, stride=2),
        head=conv(4, 2),
    )


def residual_in_place():
    """Change values in place that are read again later, as residual networks do to save memory."""

    def run(n, x):
        kept = n.act(n.stem(x))
        out = n.norm(n.branch(kept))
        out += kept
        kept += out
        before = n.project(kept)
        after = n.act(before)
        return n.head(torch.cat([before, after, nn.functional.dropout(kept, training=False)], 1))

    return Net(
        run,
        stem=conv(2, 3),
        branch=conv(3, 3),
        norm=nn.BatchNorm2d(3),
        project=conv(3, 3, 1),
        act=nn.ReLU(inplace=True),
        head=conv(9, 2),
    )


def in_place_through_an_alias():
    """An identity gives the same tensor again, so changing one changes the other."""

    def run(n, x):
        first = n.a(x)
        second = n.same(first)
        torch.relu_(second)
        return n.head(first + n.b(second))

    return Net(run, a=conv(2, 3), same=nn.Dropout(), b=conv(3, 3), head=conv(3, 2))


def a_value_added_to_itself():
    return Net(lambda n, x: n.b(torch.relu(n.a(x + x))), a=conv(2, 3), b=conv(3, 2))


def norm_after_concatenation():
    def run(n, x):
        parts = [torch.relu(n.a(x)), n.linear(x), torch.relu(n.b(x))]
        return n.head(torch.relu(n.norm(torch.cat(parts, dim=1))))

    return Net(
        run,
        a=conv(2, 3),
        linear=conv(2, 2),
        b=conv(2, 1),
        norm=nn.BatchNorm2d(6),
        head=conv(6, 2),
    )


def norm_before_convolution(padding):
    return nn.Sequential(
        conv(2, 3), nn.ReLU(), nn.BatchNorm2d(3), conv(3, 4, padding=padding), nn.ReLU(), conv(4, 2)
    )


def norm_between_transposed_convolution_and_concatenation():
    def run(n, x):
        skip = torch.relu(n.stem(x))
        low = torch.relu(n.down(skip))
        up = n.norm(n.up(low))
        return n.head(torch.relu(n.merge(torch.cat([skip, up], dim=1))))

    return Net(
        run,
        stem=conv(2, 3),
        down=conv(3, 4, stride=2),
        up=nn.ConvTranspose2d(4, 2, 2, stride=2),
        norm=nn.BatchNorm2d(2),
        merge=conv(5, 3),
        head=conv(3, 2),
    )


def bias_before_zero_padding():
    return nn.Sequential(conv(2, 3, 1), conv(3, 4, padding=2), nn.ReLU(), conv(4, 2, padding=0))


def pooling_with_padding():
    return nn.Sequential(
        conv(2, 3), nn.AvgPool2d(3, stride=2, padding=1), nn.ReLU(), nn.AvgPool2d(2), conv(3, 2)
    )


def groups_and_dilation():
    return nn.Sequential(
        nn.BatchNorm2d(2),
        conv(2, 4, groups=2),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        conv(4, 6, dilation=(2, 1), padding=(2, 1), groups=2),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.ConvTranspose2d(6, 4, 3, stride=2, padding=1, output_padding=1, groups=2),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        conv(4, 2),
    )


def same_padding():
    return nn.Sequential(
        nn.Conv2d(2, 3, (4, 2), padding="same"),
        nn.ReLU(),
        nn.Conv2d(3, 3, (3, 4), padding="same", dilation=(1, 3)),
        nn.ReLU(),
        nn.Conv2d(3, 2, 3, padding="valid"),
    )


def one_relu_called_twice():
    return Net(
        lambda n, x: n.c(n.act(n.b(n.act(n.a(x))))),
        a=conv(2, 3),
        b=conv(3, 3),
        c=conv(3, 2),
        act=nn.ReLU(),
    )


def layers_called_input_and_output():
    return Net(
        lambda n, x: n.head(n.output(n.a(n.input(x)))),
        input=nn.ReLU(),
        output=nn.ReLU(),
        a=conv(2, 3),
        head=conv(3, 2),
    )


def dropout():
    def run(n, x):
        x = n.one(torch.relu(n.a(x)))
        return n.b(n.two(F.dropout(F.dropout2d(x, 0.5, n.training), training=n.training)))

    return Net(run, a=conv(2, 3), one=nn.Dropout(), two=nn.Dropout2d(0.9), b=conv(3, 2))


def norm_without_weights():
    return nn.Sequential(conv(2, 3), nn.BatchNorm2d(3, affine=False), nn.ReLU(), conv(3, 2))


def ends_in_an_activation():
    return nn.Sequential(conv(2, 3), nn.ReLU())


def only_linear():
    return nn.Sequential(conv(2, 3), nn.BatchNorm2d(3), nn.Identity())


NETS = {
    "functional relu": functional_relu,
    "interpolate nearest": lambda: interpolated(scale_factor=2),
    "interpolate nearest to a size": lambda: interpolated(size=(12, 36)),
    "interpolate bilinear": lambda: interpolated(scale_factor=(2.0, 3.0), mode="bilinear"),
    "interpolate bilinear to a size": lambda: interpolated(
        size=12, mode="bilinear", align_corners=True
    ),
    "upsample nearest": lambda: upsampled(mode="nearest"),
    "upsample bilinear": lambda: upsampled(mode="bilinear"),
    "upsample bilinear with corners": lambda: upsampled(mode="bilinear", align_corners=True),
    "keyword arguments": keyword_arguments,
    "concatenation of three": concatenation_of_three,
    "nested concatenation": nested_concatenation,
    "residual without projection": residual_without_projection,
    "residual with projection": residual_with_projection,
    "residual in place": residual_in_place,
    "in place through an alias": in_place_through_an_alias,
    "a value added to itself": a_value_added_to_itself,
    "norm after concatenation": norm_after_concatenation,
    "norm before convolution": lambda: norm_before_convolution(0),
    "norm before padded convolution": lambda: norm_before_convolution(1),
    "norm between transposed convolution and concatenation": (
        norm_between_transposed_convolution_and_concatenation
    ),
    "bias before zero padding": bias_before_zero_padding,
    "pooling with padding": pooling_with_padding,
    "groups and dilation": groups_and_dilation,
    "same padding": same_padding,
    "one ReLU called twice": one_relu_called_twice,
    "layers called input and output": layers_called_input_and_output,
    "dropout": dropout,
    "norm without weights": norm_without_weights,
    "ends in an activation": ends_in_an_activation,
    "only linear": only_linear,
}
"""What it is about, and how to make it; each takes (B, 2, 12, 12) images."""
