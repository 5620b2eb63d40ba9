"""Networks in the idioms of others: sizes in forward, max pooling, crops, shuffles, adds."""

import operator

import torch
import torch.nn.functional as F
from torch import nn

from handwritten_nets import Net, conv


def interpolated_to_the_size_of_the_image():
    """As torchvision's FCN and DeepLab do."""

    def run(n, x):
        features = n.b(torch.relu(n.a(x)))
        return {"out": F.interpolate(features, size=x.shape[-2:], mode="bilinear")}

    return Net(run, a=conv(2, 3, stride=2), b=conv(3, 2, 1))


def image_pooling():
    """As in DeepLab: the mean of the whole map is one more part of a concatenation."""

    def run(n, x):
        x = torch.relu(n.a(x))
        pooled = torch.relu(n.norm(n.b(n.pool(x))))
        wide = F.interpolate(pooled, size=x.size()[2:], mode="bilinear", align_corners=False)
        return n.head(torch.cat([x, wide], dim=-3))

    return Net(
        run,
        a=conv(2, 3, stride=2),
        pool=nn.AdaptiveAvgPool2d(1),
        b=conv(3, 4, 1, bias=False),
        norm=nn.BatchNorm2d(4),
        head=conv(7, 2),
    )


def broadcast_mean():
    def run(n, x):
        x = torch.relu(n.a(x))
        mean = x.mean(dim=(-1, -2), keepdim=True)
        high = F.avg_pool2d(x, x.shape[2:]).expand(-1, -1, *x.shape[2:])
        return n.head(n.b(x) + n.b(mean) + F.adaptive_avg_pool2d(high, (6, 4)).relu().mean(
            (2, 3), True
        ))  # fmt: skip

    return Net(run, a=conv(2, 3), b=conv(3, 3, 1), head=conv(3, 2))


def max_pooled_stem():
    """As in a ResNet: convolution, norm, ReLU, max pooling, then blocks with a ReLU behind."""

    def run(n, x):
        x = n.pool(n.act(n.norm(n.stem(x))))
        out = n.second(n.act(n.first(x)))
        out += x
        return n.head(n.act(out))

    return Net(
        run,
        stem=conv(2, 4, 5, stride=2, bias=False),
        norm=nn.BatchNorm2d(4),
        act=nn.ReLU(inplace=True),
        pool=nn.MaxPool2d(3, stride=2, padding=1),
        first=conv(4, 4, groups=2),
        second=conv(4, 4),
        head=conv(4, 2),
    )


def max_pooling_before_the_relu():
    def run(n, x):
        x = F.relu(F.max_pool2d(n.a(x), 2, ceil_mode=True), inplace=True)
        return n.head(n.act(n.pool(n.b(x))))

    pool = nn.MaxPool2d((2, 1), stride=(1, 2), dilation=(2, 1))
    return Net(run, a=conv(2, 3), b=conv(3, 3), pool=pool, act=nn.ReLU6(True), head=conv(3, 2))


def max_pooling_of_a_concatenation():
    def run(n, x):
        x = torch.cat([torch.relu(n.a(x)), torch.relu(n.b(x))], 1)
        x = F.max_pool2d(x, kernel_size=3, stride=1, padding=1)
        return n.head(torch.cat([F.max_pool2d(x, 2), n.low(x)[:, 1:3]], 1))

    return Net(run, a=conv(2, 3), b=conv(2, 2), low=conv(5, 4, stride=2), head=conv(7, 2))


def cropped_skip():
    """As in the first U-Net, without padding."""

    def run(n, x):
        skip = torch.relu(n.a(x))
        low = n.up(torch.relu(n.b(skip)))
        top, left = ((skip.shape[i] - low.shape[i]) // 2 for i in (2, 3))
        skip = skip[:, :, top : top + low.size(2), left : left + low.size(3)]
        return n.head(torch.cat((skip, low), 1))

    return Net(
        run,
        a=conv(2, 3, padding=0),
        b=conv(3, 4, padding=0, stride=2),
        up=nn.ConvTranspose2d(4, 2, 2, 2),
        head=conv(5, 2),
    )


def padded_skip():
    def run(n, x):
        skip = torch.relu(n.a(x))
        low = n.up(torch.relu(n.b(skip)))
        rows, columns = skip.shape[2] - low.shape[2], skip.shape[3] - low.shape[3]
        low = F.pad(low, [columns // 2, columns - columns // 2, rows // 2, rows - rows // 2])
        return n.head(n.zeros(F.pad(torch.cat([low, skip], 1), (0, -1, -2, 0))))

    return Net(
        run,
        a=conv(2, 3),
        b=conv(3, 4, padding=0, stride=2),
        up=nn.ConvTranspose2d(4, 2, 2, 2),
        zeros=nn.ZeroPad2d((1, 0, 2, 1)),
        head=conv(5, 2, padding=0),
    )


def cut_off_and_padded_again():
    def run(n, x):
        x = F.pad(F.pad(n.a(x), (-1, -1, -2, -2)), (1, 1, 2, 2))
        return n.b(torch.relu(F.pad(x, (0, 0, 0, 0, 1, 2))))

    return Net(run, a=conv(2, 3), b=conv(6, 2))


def adds_as_in_linknet():
    def run(n, x):
        first = n.act(n.a(x))
        second = n.act(n.b(first))
        up = n.act(n.norm(n.up(n.act(n.narrow(second)))))
        return n.head(operator.iadd(up, first) if up.shape == first.shape else up)

    return Net(
        run,
        a=conv(2, 4),
        b=conv(4, 8, stride=2),
        narrow=conv(8, 2, 1),
        up=nn.ConvTranspose2d(2, 4, 4, stride=2, padding=1),
        norm=nn.BatchNorm2d(4),
        act=nn.ReLU(inplace=True),
        head=conv(4, 2),
    )


def pixel_shuffles():
    def run(n, x):
        x = torch.relu(n.a(n.un(x)))
        y = n.shuffle(n.b(x)) + F.pixel_shuffle(x, 2)
        return n.head(F.pixel_shuffle(F.pixel_unshuffle(torch.relu(y), 2), 2))

    return Net(
        run,
        un=nn.PixelUnshuffle(2),
        a=conv(8, 12, groups=4),
        b=conv(12, 12, dilation=2, padding=2),
        shuffle=nn.PixelShuffle(2),
        head=conv(3, 2),
    )


def channel_slices():
    def run(n, x):
        x = torch.relu(n.norm(n.a(x)))
        first, second = x.chunk(2, dim=1)
        third, fourth = torch.split(n.b(first + second), [1, 2], dim=-3)
        joined = torch.cat([third, x.narrow(1, 1, 3), fourth, x[:, ::2]], 1)
        mixed = F.channel_shuffle(joined[:, 1:], 2)
        return n.head(torch.relu(mixed[:, [0, 2, 1]] - torch.stack([first, second]).sum(0)))

    return Net(run, a=conv(2, 6), norm=nn.BatchNorm2d(6), b=conv(3, 3), head=conv(3, 2))


def strided_slices():
    """A shortcut as in the first ResNets: every other pixel, and channels of zeros."""

    def run(n, x):
        x = torch.relu(n.a(x))
        short = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 1, 1))
        return n.head(torch.relu(n.b(x) + short))

    return Net(run, a=conv(2, 3), b=conv(3, 5, stride=2), head=conv(5, 2))


def constants():
    def run(n, x):
        x = (x - n.mean) / n.std
        x = torch.relu(-n.a(2 * x) + 0.5)
        x = x * n.gamma.view(1, -1, 1, 1) + (1 - x).mul(0.25)
        x *= 0.5
        y = torch.add(n.b(x), x, alpha=0.5).sub_(0.1)
        return torch.add(y, 0.25)[:, :2] / 4

    net = Net(run, a=conv(2, 3), b=conv(3, 3))
    net.register_buffer("mean", torch.tensor([0.4, 0.6]).view(1, 2, 1, 1))
    net.register_buffer("std", torch.tensor([0.3, 0.2]).view(2, 1, 1))
    net.gamma = nn.Parameter(torch.tensor([0.5, 2.0, -1.0]))
    return net


def clipped():
    def run(n, x):
        x = F.relu6(4 * n.a(x))
        x = n.six(5 * n.b(x))
        x = F.hardtanh(n.b(x), 0.0, 0.5)
        return n.a2(n.b(x.clamp(0, 0.25)).clamp(min=0) + torch.clamp(n.b(x), 0, 1))

    return Net(run, a=conv(2, 3), six=nn.ReLU6(), b=conv(3, 3), a2=conv(3, 2))


def functional_layers():
    """As layers that compute their weights first: standardized ones, or a norm with folding."""

    def run(n, x):
        weight = n.a.weight - n.a.weight.mean((1, 2, 3), keepdim=True)
        x = F.conv2d(x, weight, n.a.bias, padding="same")
        x = F.batch_norm(x, n.norm.running_mean, n.norm.running_var, n.norm.weight, n.norm.bias)
        return F.conv_transpose2d(F.leaky_relu(x, 0.0), n.up.weight, stride=2)

    return Net(run, a=conv(2, 3), norm=nn.BatchNorm2d(3), up=nn.ConvTranspose2d(3, 2, 2))


def parametrized():
    torch.nn.utils.parametrizations.weight_norm(a := conv(2, 3))
    torch.nn.utils.parametrizations.spectral_norm(b := conv(3, 2))
    return nn.Sequential(a, nn.LeakyReLU(0.0), b)


def branches_on_sizes():
    def run(n, x):
        for _ in range(x.shape[2] // 4):
            x = torch.relu(n.a(x))
        return n.b(x if len(x) < 3 and x.ndim == 4 and x.dim() == 4 else x + x)

    return Net(run, a=conv(2, 2), b=conv(2, 2))


def changed_under_another_name():
    def run(n, x):
        x = n.a(x)
        kept = x
        x += n.b(x)
        return n.b(torch.relu(x + kept))

    return Net(run, a=conv(2, 2), b=conv(2, 2))


def auxiliary_output():
    """As torchvision's networks with ``aux_loss``: the second output is not converted."""

    def run(n, x):
        x = torch.relu(n.a(x))
        return {"out": n.b(x).softmax(dim=1), "aux": n.gelu(n.b(torch.relu(n.c(x))))}

    return Net(run, a=conv(2, 3), b=conv(3, 2), c=conv(3, 3), gelu=nn.GELU())


NETS = {
    "size of the image": interpolated_to_the_size_of_the_image,
    "image pooling": image_pooling,
    "broadcast mean": broadcast_mean,
    "max pooled stem": max_pooled_stem,
    "max pooling before the relu": max_pooling_before_the_relu,
    "max pooling of a concatenation": max_pooling_of_a_concatenation,
    "cropped skip": cropped_skip,
    "padded skip": padded_skip,
    "cut off and padded again": cut_off_and_padded_again,
    "adds as in Linknet": adds_as_in_linknet,
    "pixel shuffles": pixel_shuffles,
    "channel slices": channel_slices,
    "strided slices": strided_slices,
    "constants": constants,
    "clipped": clipped,
    "functional layers": functional_layers,
    "parametrized": parametrized,
    "branches on sizes": branches_on_sizes,
    "changed under another name": changed_under_another_name,
    "auxiliary output": auxiliary_output,
    "nearest to a size": lambda: nn.Sequential(
        conv(2, 3, stride=2), nn.ReLU(), nn.UpsamplingNearest2d(size=(24, 12)), conv(3, 2)
    ),
    "bilinear layer": lambda: nn.Sequential(
        conv(2, 3, stride=2), nn.ReLU(), nn.UpsamplingBilinear2d(scale_factor=2), conv(3, 2)
    ),
}
