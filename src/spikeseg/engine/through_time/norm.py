"""What the engine needs to know of a batch norm."""

from typing import NamedTuple

from torch import Tensor


class Norm(NamedTuple):
    """What `torch.nn.BatchNorm2d` knows.

    Attributes:
        weight: (C,) float32, what the normalized x is multiplied by; trained.
        bias: (C,), what is added then; trained.
        running_mean: (C,); moved towards the batch's in training, used otherwise.
        running_var: (C,), likewise.
        training: whether the batch's own statistics are used.
        momentum: share of the batch in the new running statistics, 0..1.
        eps: added to the variance.
    """

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor
    training: bool
    momentum: float = 0.1
    eps: float = 1e-5
