"""A trained network as ONNX in float32 and in INT8, run by ONNX Runtime, each checked.

INT8 is the static quantization of ONNX Runtime: 8-bit weights with a scale for each output channel,
8-bit activations whose ranges come from calibration images, written as pairs of QuantizeLinear and
DequantizeLinear. Needs the extra ``onnx``.
"""

import importlib
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from spikeseg.errors import ConfigError, ProgramError, UnsupportedLayerError
from spikeseg.files import atomic_path

INSTALL = "pip install 'spikeseg[onnx]'"
TOLERANCE = 1e-4
Floats = NDArray[np.float32]


class OnnxNetwork:
    """An ONNX file, ready to run on the processor.

    Args:
        path: the file.
        threads: how many ONNX Runtime uses.

    Raises:
        ConfigError: ONNX Runtime is not installed.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        runtime = _need("onnxruntime")
        options = runtime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        providers = ["CPUExecutionProvider"]
        self._session = runtime.InferenceSession(str(path), options, providers=providers)

    def __call__(self, images: Floats) -> Floats:
        """Return logits, (B, classes, H, W), of images (B, C, H, W)."""
        logits: Floats = self._session.run(None, {"image": images})[0]
        return logits


@dataclass(frozen=True)
class Int8Check:
    """How far the masks of an INT8 network are from those of its float32 twin.

    Attributes:
        agreement: share of pixels with the same class.
        largest_difference: of a logit, as a share of the largest logit.
        float32_accuracy: share of labeled pixels that are right; ``None`` without masks.
        int8_accuracy: the same of the INT8 network.
    """

    agreement: float
    largest_difference: float
    float32_accuracy: float | None
    int8_accuracy: float | None


def export_float32(network: nn.Module, path: Path, example: Tensor, multiple: int = 0) -> float:
    """Write a network as ONNX, for batches of any size, and check it against torch.

    Args:
        network: of logits; in evaluation mode, on the processor.
        path: the ONNX file.
        example: (B, C, H, W) images, on which both are compared; B at least 2.
        multiple: images may have any height and width that it divides; 0 for those of ``example``.

    Returns:
        The largest difference of a logit, as a share of the largest logit.

    Raises:
        ConfigError: the extra ``onnx`` is not installed.
        UnsupportedLayerError: torch cannot write the network as ONNX.
        ProgramError: ONNX Runtime gives other logits than torch, by more than a share of 1e-4.
    """
    for name in ("onnx", "onnxscript", "onnxruntime"):
        _need(name)
    with atomic_path(path) as temporary:
        _write(network, temporary, example, multiple)
        with torch.inference_mode():
            expected = network(example).numpy()
        difference = _difference(OnnxNetwork(temporary)(example.numpy()), expected)
        if difference > TOLERANCE:
            raise ProgramError(
                f"{path}: ONNX Runtime's logits differ from torch's by a share of "
                f"{difference:.1e}; at most {TOLERANCE:g} is allowed. Report the network; do not "
                "use this file."
            )
    return difference


def _write(network: nn.Module, path: Path, example: Tensor, multiple: int) -> None:
    try:
        with _quiet():
            made = torch.onnx.export(
                network,
                (example,),
                dynamo=True,
                dynamic_shapes=(_shapes(multiple),),
                input_names=["image"],
                output_names=["logits"],
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        cause = str(error.__cause__ or error).strip().splitlines()[0]
        raise UnsupportedLayerError(
            f"torch cannot write {type(network).__name__} as ONNX: {cause}. Use layers and "
            "functions that torch.onnx knows."
        ) from error
    assert made is not None
    made.save(str(path), external_data=False)


def quantize_int8(source: Path, path: Path, calibration: Floats) -> None:
    """Write the INT8 network of a float32 one.

    Args:
        source: the ONNX file of `export_float32`.
        path: the new ONNX file.
        calibration: (N, C, H, W) images of the training set, of a size that the network takes.

    Raises:
        ConfigError: the extra ``onnx`` is not installed.
    """
    tools = _need("onnxruntime.quantization")
    shapes = _need("onnxruntime.quantization.shape_inference")
    with atomic_path(path) as temporary:
        prepared = temporary.with_name(f"{temporary.name}.prepared")
        try:
            shapes.quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
            with _quiet():
                tools.quantize_static(
                    str(prepared),
                    str(temporary),
                    _Reader(calibration),
                    quant_format=tools.QuantFormat.QDQ,
                    per_channel=True,
                    activation_type=tools.QuantType.QUInt8,
                    weight_type=tools.QuantType.QInt8,
                )
        finally:
            prepared.unlink(missing_ok=True)


def check_int8(
    float32: OnnxNetwork,
    int8: OnnxNetwork,
    images: Floats,
    masks: NDArray[np.uint8] | None = None,
    ignore: int = 255,
) -> Int8Check:
    """Compare an INT8 network with its float32 twin.

    Args:
        float32: the one.
        int8: the other.
        images: (B, C, H, W).
        masks: (B, H, W), the truth.
        ignore: value of the pixels without a label.
    """
    exact, rounded = float32(images), int8(images)
    first, second = exact.argmax(axis=1), rounded.argmax(axis=1)
    accuracies: list[float | None] = [None, None]
    if masks is not None:
        labeled = masks != ignore
        accuracies = [float((found == masks)[labeled].mean()) for found in (first, second)]
    return Int8Check(float((first == second).mean()), _difference(rounded, exact), *accuracies)


class _Reader:
    """Hands calibration images to ONNX Runtime, one at a time."""

    def __init__(self, images: Floats) -> None:
        self._rest = iter(images)

    def get_next(self) -> dict[str, Floats] | None:
        image = next(self._rest, None)
        return None if image is None else {"image": image[None]}


def _shapes(multiple: int) -> dict[int, Any]:
    shapes: dict[int, Any] = {0: torch.export.Dim("batch")}
    if multiple:
        shapes[2] = multiple * torch.export.Dim("rows")
        shapes[3] = multiple * torch.export.Dim("columns")
    return shapes


def _difference(found: Floats, expected: Floats) -> float:
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def _need(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ConfigError(
            f"{name.partition('.')[0]} is not installed, and ONNX needs it; `{INSTALL}` brings it."
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence what torch and ONNX Runtime say of themselves and nobody can mend."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "root")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
