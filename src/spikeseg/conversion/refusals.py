"""What a spiking graph cannot express, and what works in its place."""

from spikeseg.errors import UnsupportedLayerError


class Refusal(UnsupportedLayerError):  # noqa: N818
    """Says what was found and what is allowed; the walk adds where."""


def refuse(what: str, allowed: str) -> Refusal:
    """Return the error that refuses one setting of an operation."""
    return Refusal(f": {what}; a spiking graph takes {allowed}.")


def unsupported(kind: str) -> Refusal:
    """Return the error that refuses an operation by its name."""
    advice = ADVICE.get(kind)
    return Refusal(
        f" ({kind}) cannot be expressed in a spiking graph. "
        f"{'Instead, ' + advice + '. ' if advice else ''}Known are {SUPPORTED}."
    )


_RELU = "train with ReLU or ReLU6"
_CURVED = f"{_RELU}: it is curved and takes negative values, and a rate of spikes is neither"
_NORM = (
    "use BatchNorm2d, which folds into the weights; it divides by what it measures on each image. "
    "conversion.freeze_norms replaces it by what it does on calibration images"
)
_FLAT = "keep the image axes: a segmentation network has no flat layer"
_PRODUCT = "use addition or concatenation: a product of activations is not linear"
_LOGITS = "put it last, where it is dropped: the largest logit is the mask"
_LINEAR = "use a 1 x 1 convolution"
_POOL = "use average pooling or max pooling of an activation"
_GATED = "use ReLU and addition: attention multiplies activations, which is not linear"
_DROPOUT = "pass training=self.training, or use nn.Dropout2d"

ADVICE: dict[str, str] = {
    **dict.fromkeys(["Linear", "linear", "Bilinear"], _LINEAR),
    **dict.fromkeys(
        ["Flatten", "flatten", "view", "reshape", "permute", "transpose", "Unflatten"], _FLAT
    ),
    **dict.fromkeys(
        ["Sigmoid", "sigmoid", "Softmax", "softmax", "LogSoftmax", "log_softmax", "Softmax2d"],
        _LOGITS,
    ),
    **dict.fromkeys(
        ["GELU", "gelu", "SiLU", "silu", "ELU", "elu", "CELU", "SELU", "selu", "Mish", "mish"],
        _CURVED,
    ),
    **dict.fromkeys(["Hardswish", "hardswish", "Softplus", "softplus", "Tanh", "tanh"], _CURVED),
    **dict.fromkeys(
        ["PReLU", "prelu", "RReLU"], f"{_RELU}: its negative side is not 0, and a spike has no sign"
    ),
    **dict.fromkeys(
        ["Hardsigmoid", "hardsigmoid"], "leave the gate out: attention multiplies activations"
    ),
    **dict.fromkeys(
        ["GroupNorm", "group_norm", "InstanceNorm2d", "instance_norm", "LayerNorm", "layer_norm"],
        _NORM,
    ),
    **dict.fromkeys(["mul", "imul", "mul_", "multiply", "matmul", "bmm", "einsum"], _PRODUCT),
    **dict.fromkeys(["MultiheadAttention", "scaled_dot_product_attention"], _GATED),
    **dict.fromkeys(
        ["AdaptiveMaxPool2d", "adaptive_max_pool2d", "max_pool2d_with_indices", "MaxUnpool2d"],
        _POOL,
    ),
    "deform_conv2d": "use a Conv2d: it moves its kernel by what it sees, which is not linear",
    "a constant tensor": (
        "use one number for each channel, (1, C, 1, 1), or put it into the weights or the bias of "
        "a layer"
    ),
    "dropout in evaluation mode": _DROPOUT,
    "addition with broadcasting": "give both values the same channels, height and width",
    "argmax": "return the logits: the largest is the mask",
    "grid_sample": "use interpolate with a whole factor",
}
"""What works in the place of what does not."""

SUPPORTED = (
    "Conv2d, ConvTranspose2d, BatchNorm2d, average and adaptive average pooling, max pooling, "
    "Upsample and interpolate (nearest, bilinear) by whole factors, bilinear trimming to the "
    "size that the strides give, PixelShuffle, cat over channels, addition, scaling by constants, "
    "slices, zero padding, dropout, and ReLU-like activations"
)
