"""Replaces norms that measure every image by what they do on calibration images."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

_MEASURING = (nn.GroupNorm, nn.InstanceNorm2d, nn.LayerNorm)


def freeze_norms(network: nn.Module, images: Tensor) -> nn.Module:
    """Return a copy whose norms no longer measure each image, so that it can be converted.

    ``GroupNorm``, ``InstanceNorm2d`` and ``LayerNorm`` over (C, H, W) divide by the spread of the
    image that they see, which is not linear. Each becomes a ``BatchNorm2d`` in evaluation mode: a
    scale and a shift for each channel, chosen by least squares so that it comes nearest to what the
    norm did to the calibration images. **This changes the network**: on an image whose contrast or
    brightness is unlike theirs the values differ, and they differ a little on every image. Compare
    the scores of both, and train the copy a little longer if they are apart.

    The norms are frozen in the order in which they run, each with what flows into it then.

    Args:
        network: it is not changed.
        images: (B, C, H, W) calibration images.

    >>> norm = freeze_norms(nn.GroupNorm(1, 4), torch.rand(2, 4, 8, 8))
    >>> type(norm).__name__
    'BatchNorm2d'
    """
    network = copy.deepcopy(network).eval()
    for name in _in_order(network, images):
        inside, outside = _seen(network, name, images)
        network = _replaced(network, name, _nearest_affine(inside, outside))
    return network


def _in_order(network: nn.Module, images: Tensor) -> list[str]:
    """Return the names of the norms, in the order in which they run."""
    order: dict[str, None] = {}
    hooks = [
        layer.register_forward_hook(lambda *_, name=name: order.setdefault(name))
        for name, layer in network.named_modules()
        if isinstance(layer, _MEASURING)
    ]
    with torch.inference_mode():
        network(images.clone())
    for hook in hooks:
        hook.remove()
    return list(order)


def _seen(network: nn.Module, name: str, images: Tensor) -> tuple[Tensor, Tensor]:
    """Return what flows into and out of a layer, each (C, N): all of a channel in one row."""
    seen: list[tuple[Tensor, Tensor]] = []

    def watch(layer: nn.Module, args: Any, out: Tensor) -> None:
        seen.append((_rows(args[0]), _rows(out)))

    hook = network.get_submodule(name).register_forward_hook(watch)
    with torch.inference_mode():
        network(images.clone())
    hook.remove()
    return torch.cat([i for i, _ in seen], 1), torch.cat([o for _, o in seen], 1)


def _rows(x: Tensor) -> Tensor:
    return x.detach().double().transpose(0, 1).flatten(1).clone()


def _nearest_affine(inside: Tensor, outside: Tensor) -> nn.BatchNorm2d:
    """Return each channel's scale and shift that turn ``inside`` most nearly to ``outside``."""
    mean, var = inside.mean(1), inside.var(1, unbiased=False)
    covariance = ((inside - mean[:, None]) * (outside - outside.mean(1)[:, None])).mean(1)
    norm = nn.BatchNorm2d(len(mean)).eval()
    slope = torch.where(var > 0, covariance / var.clamp(min=1e-30), 0.0)
    with torch.no_grad():
        assert norm.running_mean is not None
        assert norm.running_var is not None
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(var)
        norm.weight.copy_(slope * (var + norm.eps).sqrt())
        norm.bias.copy_(outside.mean(1))
    return norm


def _replaced(network: nn.Module, name: str, norm: nn.Module) -> nn.Module:
    if not name:
        return norm
    owner, _, attribute = name.rpartition(".")
    setattr(network.get_submodule(owner), attribute, norm)
    return network
