"""What each layer of torch does to the expression of a value."""

from collections.abc import Callable
from typing import Any

from torch import fx, nn
from torch.nn.utils import parametrize

from spikeseg.conversion import translation
from spikeseg.conversion.expressions import lengthened
from spikeseg.conversion.nodes import argument, shape_of
from spikeseg.conversion.rearranging import numbered, rearranged, shuffled, unshuffled
from spikeseg.conversion.refusals import unsupported
from spikeseg.conversion.resizing import at_any_size, fixed_change
from spikeseg.conversion.walking import Walk
from spikeseg.graph import Resizing, Transform
from spikeseg.layers import AbstractActivation
from spikeseg.layers.clipped_relu import ClippedReLU
from spikeseg.networks import SizeGuard
from spikeseg.spiking import Readout, TimeNorm


def layer(walk: Walk, node: fx.Node) -> None:
    """Give the node of a layer its value.

    Raises:
        Refusal: a spiking graph cannot express the layer.
    """
    module, x = walk.layers[str(node.target)], argument(node)
    kind = _kind(module)
    if len(node.args) + len(node.kwargs) > 1:
        raise unsupported(f"{kind.__name__} called with more than an image")
    if is_activation(module):
        amplitude = module.amplitude if isinstance(module, AbstractActivation) else None
        return walk.activate(
            node,
            x,
            str(node.target),
            amplitude=amplitude,
            ceiling=_ceiling(module),
            inplace=bool(getattr(module, "inplace", False)),
        )
    if isinstance(module, _PASSIVE):
        walk.values[node] = walk.values[x]
        return None
    if kind in _LAYERS:
        return walk.append(node, x, _LAYERS[kind](module))
    if kind not in _OTHER_LAYERS:
        raise unsupported(kind.__name__)
    return _OTHER_LAYERS[kind](walk, node, x, module)


def _kind(module: nn.Module) -> type[nn.Module]:
    """Return the class of a layer, which a parametrization of its weights hides."""
    return type(module).__mro__[int(parametrize.is_parametrized(module))]


def is_activation(layer: nn.Module) -> bool:
    """Tell whether a layer is, or may be, a ReLU-like activation."""
    return isinstance(layer, AbstractActivation | nn.ReLU | nn.Hardtanh | nn.LeakyReLU)


def _ceiling(layer: Any) -> float | None:
    if isinstance(layer, ClippedReLU):
        return layer.amplitude
    if isinstance(layer, nn.Hardtanh):  # ReLU6 is one, too
        return translation.clipping(layer.min_val, layer.max_val)
    if isinstance(layer, nn.LeakyReLU):
        translation.slope(layer.negative_slope)
    return None


def interpolate(walk: Walk, node: fx.Node, mode: str, corners: bool | None, scale: Any) -> None:
    """Handle an interpolation to the size of the node."""
    x = argument(node)
    before, after = shape_of(x)[1:], shape_of(node)[1:]
    known = mode == "bilinear" and scale is None
    change = fixed_change(walk, walk.values[x], before, after) if known else None
    transform: Transform
    if change is None:
        transform = translation.upsampling(mode, corners, scale, before, after)
    else:
        transform = Resizing(change, bool(corners))
    at_any_size(node, x, transform)
    walk.values[node] = lengthened(walk.values[x], *([] if before == after else [transform]))


def _upsample(walk: Walk, node: fx.Node, x: fx.Node, layer: nn.Upsample) -> None:
    interpolate(walk, node, layer.mode, layer.align_corners, layer.scale_factor)


def adaptive(walk: Walk, node: fx.Node, x: fx.Node, layer: Any = None) -> None:
    """Handle average pooling to the size of the node."""
    pooling = translation.adaptive_pooling(shape_of(x)[1:], shape_of(node)[1:])
    walk.append(node, x, pooling)


def _pad(walk: Walk, node: fx.Node, x: fx.Node, layer: nn.Module) -> None:
    shape = shape_of(x)
    walk.values[node] = rearranged(walk.values[x], shape, layer(numbered(shape)))


def _max_pool_layer(walk: Walk, node: fx.Node, x: fx.Node, layer: nn.MaxPool2d) -> None:
    pooling = translation.max_pooling(
        layer.kernel_size,
        layer.stride,
        layer.padding,
        layer.dilation,
        layer.ceil_mode,
        layer.return_indices,
    )
    walk.gate(node, x, pooling)


def _shuffle(walk: Walk, node: fx.Node, x: fx.Node, layer: nn.PixelShuffle) -> None:
    walk.values[node] = shuffled(walk.values[x], shape_of(x)[0], layer.upscale_factor)


def _unshuffle(walk: Walk, node: fx.Node, x: fx.Node, layer: nn.PixelUnshuffle) -> None:
    walk.values[node] = unshuffled(walk.values[x], shape_of(x)[0], layer.downscale_factor)


def _average_pooling_layer(layer: nn.AvgPool2d) -> Transform:
    return translation.average_pooling(
        layer.kernel_size,
        layer.stride,
        layer.padding,
        layer.ceil_mode,
        layer.count_include_pad,
        layer.divisor_override,
    )


_PASSIVE = (
    nn.Identity,
    nn.Dropout,
    nn.Dropout1d,
    nn.Dropout2d,
    nn.Dropout3d,
    nn.AlphaDropout,
    nn.FeatureAlphaDropout,
    SizeGuard,
    Readout,
)
_LAYERS: dict[type[nn.Module], Callable[[Any], Transform]] = {
    nn.Conv2d: translation.convolution_layer,
    nn.ConvTranspose2d: translation.transposed_convolution_layer,
    nn.BatchNorm2d: translation.batch_norm_layer,
    nn.SyncBatchNorm: translation.batch_norm_layer,
    TimeNorm: translation.batch_norm_layer,
    nn.AvgPool2d: _average_pooling_layer,
}
_OTHER_LAYERS: dict[type[nn.Module], Callable[[Walk, fx.Node, fx.Node, Any], None]] = {
    nn.Upsample: _upsample,
    nn.UpsamplingNearest2d: _upsample,
    nn.UpsamplingBilinear2d: _upsample,
    nn.AdaptiveAvgPool2d: adaptive,
    nn.MaxPool2d: _max_pool_layer,
    nn.PixelShuffle: _shuffle,
    nn.PixelUnshuffle: _unshuffle,
    nn.ZeroPad2d: _pad,
    nn.ConstantPad2d: _pad,
    nn.ReflectionPad2d: _pad,
    nn.ReplicationPad2d: _pad,
    nn.ChannelShuffle: _pad,
}
