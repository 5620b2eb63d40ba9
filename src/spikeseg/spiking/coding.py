"""What a spiking network is driven by: from an image to the input of every step."""

import torch
from torch import Tensor

from spikeseg.config import SpikingConfig
from spikeseg.errors import ShapeError

_SEED = 20_220_705  # of the input spikes outside of training, so that a mask is always the same


def direct(images: Tensor, num_steps: int, training: bool) -> Tensor:
    """Return the images, (B, C, H, W): a current that is the same in all steps."""
    return images


def poisson(images: Tensor, num_steps: int, training: bool) -> Tensor:
    """Return signed random spikes, (T * B, C, H, W): sign(x) with probability min(|x|, 1).

    ``x`` is an RGB image less the mean color of ImageNet, and any other image as it is; drawn anew
    in every step (Kim et al. 2022). In training they are drawn from torch's generator, else always
    the same.
    """
    x = images - images.new_tensor(_MEAN_COLOR) if images.shape[1] == 3 else images
    device = images.device
    generator = None if training else torch.Generator(device).manual_seed(_SEED)
    draws = torch.rand((num_steps, *x.shape), generator=generator, device=device, dtype=x.dtype)
    return (x.sign() * (draws <= x.abs())).flatten(0, 1)


_MEAN_COLOR = (((122.679 / 255,),), ((116.669 / 255,),), ((104.007 / 255,),))  # that of Caffe


def steps(images: Tensor, num_steps: int, training: bool) -> Tensor:
    """Return the steps, (T * B, C, H, W), that lie one after the other in the channels.

    Args:
        images: (B, T * C, H, W), channel ``t * C + c``.
        num_steps: T.
        training: has no effect.
    """
    batch, _, *size = images.shape
    return images.reshape(batch, num_steps, -1, *size).transpose(0, 1).flatten(0, 1)


CODINGS = {"direct": direct, "poisson": poisson, "steps": steps}


def channels_of_a_step(config: SpikingConfig, in_channels: int) -> int:
    """Return how many channels the input of one step has.

    Raises:
        ShapeError: coding ``steps``, and the channels are not as many for every step.

    >>> channels_of_a_step(SpikingConfig(num_steps=4, coding="steps"), 8)
    2
    """
    if config.coding != "steps":
        return in_channels
    if in_channels % config.num_steps:
        raise ShapeError(
            f"the images have {in_channels} channels, which cannot be cut into {config.num_steps} "
            "steps: coding 'steps' takes equally many channels for each. Set "
            "network.spiking.num_steps to the steps of the data (data.event_steps), or to a "
            "divisor of the channels."
        )
    return in_channels // config.num_steps
