"""The naive network, exported as ONNX, in OpenVINO: bfloat16, or INT8 by ONNX Runtime's tools."""

import contextlib
import logging
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from benchmarks.training.contestant import Builder, Case, Step, Weights
from benchmarks.training.naive import NaiveNeuron
from benchmarks.training.network import Merged, load
from benchmarks.training.task import blobs
from benchmarks.training.torch_steps import IMAGE_SEED

_CALIBRATION_IMAGES, _CALIBRATION_SEED = 8, 4321


def openvino_builder(numbers: Literal["f32", "bf16", "int8"]) -> Builder:
    """Return the builder of an inference by OpenVINO with such numbers."""

    def prepare(case: Case, weights: Weights) -> Step:
        with tempfile.TemporaryDirectory() as folder:
            path = export(Path(folder), case, weights, int8=numbers == "int8")
            request = compile_onnx(path, case, "f32" if numbers == "f32" else "bf16")
        images = blobs(case.batch, case.size, IMAGE_SEED)[0].numpy()

        def step() -> Tensor:
            return torch.from_numpy(request.infer({0: images})[0])

        return step

    return prepare


def export(folder: Path, case: Case, weights: Weights, int8: bool) -> Path:
    """Write the network for a number of steps and return the file's name."""
    network = Merged(NaiveNeuron, case.num_steps)
    load(network, weights)
    example, _ = blobs(2, case.size, IMAGE_SEED)
    plain, quantized = folder / "float32.onnx", folder / "int8.onnx"
    with _quiet():
        made = torch.onnx.export(
            network.eval(),
            (example,),
            dynamo=True,
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            input_names=["image"],
            output_names=["logits"],
            verbose=False,
        )
    assert made is not None
    made.save(str(plain))
    if int8:
        images, _ = blobs(_CALIBRATION_IMAGES, case.size, _CALIBRATION_SEED)
        with _quiet():
            quantize(plain, quantized, images)
    return quantized if int8 else plain


def quantize(source: Path, path: Path, images: Tensor) -> None:
    """Write the convolutions with INT8 weights and 8-bit inputs, in QuantizeLinear pairs.

    OpenVINO 2026.4 fails on a neuron's additions with such pairs, so potentials stay as they are.
    """
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    folded = path.with_name("folded.onnx")
    quant_pre_process(str(source), str(folded), skip_symbolic_shape=True)
    quantization.quantize_static(
        str(folded),
        str(path),
        _Reader(images),
        quant_format=quantization.QuantFormat.QDQ,
        op_types_to_quantize=["Conv"],
        per_channel=True,
        activation_type=quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8,
    )


class _Reader:
    """Hands calibration images to ONNX Runtime, one at a time."""

    def __init__(self, images: Tensor) -> None:
        self._rest = iter(images)

    def get_next(self) -> dict[str, Any] | None:
        image = next(self._rest, None)
        return None if image is None else {"image": image[None].numpy()}


def compile_onnx(path: Path, case: Case, precision: str) -> Any:
    """Return a request of OpenVINO for batches of the case's size."""
    import openvino

    core = openvino.Core()
    model = core.read_model(path)
    model.reshape([case.batch, 1, case.size, case.size])
    hints = {
        "INFERENCE_NUM_THREADS": case.threads,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": precision,
    }
    return core.compile_model(model, "CPU", hints).create_infer_request()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the exporter, about itself
            yield
    finally:
        logging.disable(before)
