"""Parts that networks are made of, analog or spiking, and the guard of their input size."""

from collections import OrderedDict

from torch import Tensor, nn

from spikeseg.config import NetworkConfig
from spikeseg.errors import ShapeError
from spikeseg.layers import make_activation
from spikeseg.spiking import Readout, SpikingUnit, make_neurons, make_norm


class Parts:
    """Makes the parts of a network, as its settings say: activations or spiking neurons.

    Args:
        config: activation, or neurons and norm.
        dt_ms: length of a time step in milliseconds.
    """

    def __init__(self, config: NetworkConfig, dt_ms: float = 1.0) -> None:
        self._config, self._dt_ms = config, dt_ms

    def neurons(self) -> nn.Module:
        """Return an activation, or neurons that spike."""
        if self._config.spiking:
            return make_neurons(self._config.spiking)
        activation = self._config.activation
        return make_activation(
            activation.name, activation.unit_rate_hz, self._dt_ms, activation.levels
        )

    def norm(self, channels: int) -> nn.Module:
        """Return a batch norm."""
        spiking = self._config.spiking
        return make_norm(spiking, channels) if spiking else nn.BatchNorm2d(channels)

    @property
    def bias(self) -> bool:
        """Whether a convolution before a norm needs a bias of its own."""
        return self._config.spiking is not None and self._config.spiking.norm == "none"

    def unit(self, cin: int, cout: int, stride: int = 1) -> nn.Sequential:
        """Return 3 x 3 convolution, norm and neurons."""
        return self.joined(nn.Conv2d(cin, cout, 3, stride=stride, padding=1, bias=self.bias), cout)

    def joined(self, conv: nn.Module, channels: int) -> nn.Sequential:
        """Return a convolution to so many channels, norm and neurons."""
        norm, neurons = self.norm(channels), self.neurons()
        if self._config.spiking:
            return SpikingUnit(conv, norm, neurons)
        return nn.Sequential(OrderedDict(conv=conv, norm=norm, neurons=neurons))

    def readout(self) -> nn.Module:
        """Return what averages over the steps before the linear layers at the end."""
        return Readout() if self._config.spiking else nn.Identity()


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


def size_multiple(network: nn.Module) -> int:
    """Return what the height and width of a network's images must be multiples of."""
    return max([m.multiple for m in network.modules() if isinstance(m, SizeGuard)], default=1)
