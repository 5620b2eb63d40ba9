"""Settings of the network."""

from dataclasses import dataclass, field
from typing import Literal

from spikeseg.config._checking import require
from spikeseg.config.neurons import SpikingConfig


@dataclass(frozen=True)
class ActivationConfig:
    """The non-linearity, the only spiking part of a network.

    Attributes:
        name: an activation: ``relu``, ``clipped_relu``, ``loihi_relu`` or ``qcfs``.
        unit_rate_hz: the firing rate that an activation of 1.0 stands for. A spike is then worth
            ``1 / (unit_rate_hz * dt)`` (the *amplitude* of Nengo).
        levels: number of stairs of ``qcfs``.
    """

    name: str = "relu"
    unit_rate_hz: float = 50.0
    levels: int = 8

    def __post_init__(self) -> None:
        require(
            self.unit_rate_hz > 0,
            f"network.activation.unit_rate_hz is {self.unit_rate_hz}; it must be positive (Hz).",
        )
        require(
            self.levels >= 1,
            f"network.activation.levels is {self.levels}; it must be at least 1.",
        )


@dataclass(frozen=True)
class NetworkConfig:
    """The network to train.

    Attributes:
        name: a network: ``unet``.
        depth: how many times the resolution is halved.
        width: channels of the first level; each further one has twice as many.
        downsampling: ``stride`` (strided convolution) or ``average`` (average pooling).
        upsampling: ``transposed`` (2 x 2 transposed convolution), ``nearest`` or ``bilinear``.
        dropout: probability of dropping a channel at the deepest level.
        activation: the non-linearity.
        widths: channels of every level, from the first, instead of ``width``: ``depth + 1``
            numbers.
        units: convolutions of a level in the encoder, and in the decoder: 1 or 2.
        stem_stride: of the first convolution, 1 or 2; with 2 every level works at half the
            resolution, and the logits are scaled up, which costs a chip fewer neurons.
        spiking: neurons in the place of the activation, to train the network through its spikes;
            ``null`` trains an analog network.
    """

    name: str = "unet"
    depth: int = 3
    width: int = 16
    downsampling: Literal["stride", "average"] = "stride"
    upsampling: Literal["transposed", "nearest", "bilinear"] = "nearest"
    dropout: float = 0.0
    activation: ActivationConfig = field(default_factory=ActivationConfig)
    widths: tuple[int, ...] = ()
    units: Literal[1, 2] = 2
    stem_stride: Literal[1, 2] = 1
    spiking: SpikingConfig | None = None

    def __post_init__(self) -> None:
        require(1 <= self.depth <= 8, f"network.depth is {self.depth}; it must be 1 to 8.")
        require(self.width >= 1, f"network.width is {self.width}; it must be at least 1.")
        require(
            len(self.widths) in (0, self.depth + 1) and min(self.widths, default=1) >= 1,
            f"network.widths is {list(self.widths)}; for network.depth {self.depth} it must be "
            f"{self.depth + 1} numbers of 1 or more, or none.",
        )
        require(0 <= self.dropout < 1, f"network.dropout is {self.dropout}; it must be in [0, 1).")

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels of every level.

        >>> NetworkConfig(depth=2, width=4).channels
        (4, 8, 16)
        """
        return self.widths or tuple(self.width * 2**i for i in range(self.depth + 1))
