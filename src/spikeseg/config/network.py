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

    What is left out (``null``) is the network's own choice. A network refuses what it does not
    take.

    Attributes:
        name: a network: ``unet``, ``deeplab``, ``fcn``, ``deeplab_vgg9`` or ``fcn_vgg9``.
        depth: how many times the resolution is halved (3).
        width: channels of the first level; each further one has twice as many (16; 64 in
            ``deeplab_vgg9`` and ``fcn_vgg9``).
        downsampling: ``stride`` (strided convolution) or ``average`` (average pooling).
        upsampling: ``transposed`` (transposed convolution), ``nearest`` or ``bilinear``.
        dropout: probability of dropping a channel at the deepest level (0).
        activation: the non-linearity of an analog network.
        widths: channels of every level, from the first, instead of ``width``: ``depth + 1``
            numbers.
        units: of a level, 1 or 2: convolutions in the encoder, and in the decoder, of ``unet`` (2);
            residual blocks of ``deeplab`` and ``fcn`` (1).
        stem_stride: of the first convolution, 1 or 2; with 2 every level works at half the
            resolution, and the logits are scaled up, which costs a chip fewer neurons (1).
        dilations: of the parallel 3 x 3 convolutions of ``deeplab`` (2, 4, 8).
        norm: of an analog network: ``batch`` or ``none``, for conversions that take no norms
            (``batch``). A spiking one has ``spiking.norm``.
        spiking: neurons in the place of the activation, to train the network through its spikes;
            ``null`` trains an analog network.
    """

    name: str = "unet"
    depth: int | None = None
    width: int | None = None
    downsampling: Literal["stride", "average"] | None = None
    upsampling: Literal["transposed", "nearest", "bilinear"] | None = None
    dropout: float | None = None
    activation: ActivationConfig = field(default_factory=ActivationConfig)
    widths: tuple[int, ...] = ()
    units: Literal[1, 2] | None = None
    stem_stride: Literal[1, 2] | None = None
    dilations: tuple[int, ...] = ()
    norm: Literal["batch", "none"] | None = None
    spiking: SpikingConfig | None = None

    def __post_init__(self) -> None:
        depth, width = self.depth, self.width
        require(
            depth is None or 1 <= depth <= 8,
            f"network.depth is {depth}; it must be 1 to 8, or null.",
        )
        require(
            width is None or width >= 1,
            f"network.width is {width}; it must be at least 1, or null.",
        )
        require(
            self.dropout is None or 0 <= self.dropout < 1,
            f"network.dropout is {self.dropout}; it must be in [0, 1), or null.",
        )
        require(
            min(self.dilations, default=1) >= 1,
            f"network.dilations is {list(self.dilations)}; it must be numbers of 1 or more.",
        )
        self._check_widths()
        if self.spiking:
            self._check_spiking()

    def _check_widths(self) -> None:
        levels = range(2, 10) if self.depth is None else range(self.depth + 1, self.depth + 2)
        several = "2 to 9" if self.depth is None else self.depth + 1
        require(
            not self.widths or (len(self.widths) in levels and min(self.widths) >= 1),
            f"network.widths is {list(self.widths)}; for network.depth "
            f"{'null' if self.depth is None else self.depth} it must be {several} numbers of 1 or "
            "more, or none.",
        )
        require(
            not self.widths or self.width in (None, self.widths[0]),
            f"network.width is {self.width} beside network.widths {list(self.widths)}; it must be "
            "the first of these, or null.",
        )

    def _check_spiking(self) -> None:
        """Refuse what would have no effect beside spiking neurons."""
        require(
            self.norm is None,
            f"network.norm is {self.norm!r} beside network.spiking; the norm of a spiking network "
            "is network.spiking.norm. Leave network.norm out.",
        )
        require(
            self.activation == ActivationConfig(),
            f"network.activation is {self.activation} beside network.spiking, whose neurons take "
            "its place. Leave network.activation out, or set network.spiking to null.",
        )
