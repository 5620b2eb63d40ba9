"""Blocks that networks are made of, and the guard of their input size."""

from collections import OrderedDict

from torch import Tensor, nn

from spikeseg.errors import ShapeError


def conv_unit(cin: int, cout: int, activation: nn.Module, stride: int = 1) -> nn.Sequential:
    """Return 3 x 3 convolution, batch norm and activation."""
    conv = nn.Conv2d(cin, cout, 3, stride=stride, padding=1, bias=False)
    layers = OrderedDict(conv=conv, norm=nn.BatchNorm2d(cout), neurons=activation)
    return nn.Sequential(layers)


class SizeGuard(nn.Module):
    """Passes (B, C, H, W) images whose height and width a network's strides divide.

    Args:
        multiple: height and width must be multiples of it.
    """

    def __init__(self, multiple: int) -> None:
        super().__init__()
        self.multiple = multiple

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x``.

        Raises:
            ShapeError: the size does not fit; names the size to pad to.
        """
        height, width = x.shape[-2:]
        if height % self.multiple or width % self.multiple:
            padded = [-(-n // self.multiple) * self.multiple for n in (height, width)]
            raise ShapeError(
                f"the image is {height} x {width} pixels; this network needs multiples of "
                f"{self.multiple}. Pad it to {padded[0]} x {padded[1]} (`spikeseg segment` does)."
            )
        return x
