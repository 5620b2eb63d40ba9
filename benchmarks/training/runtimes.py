"""The naive network, exported as ONNX, in OpenVINO: bfloat16, or INT8 by ONNX Runtime's tools."""

import contextlib
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import torch

from benchmarks.training.contestant import Builder, Case, Step, Weights
from benchmarks.training.naive import NaiveNeuron
from benchmarks.training.network import Merged, load
from benchmarks.training.task import blobs
from benchmarks.training.torch_steps import IMAGE_SEED
from spikeseg.exporters.onnx import quantize_int8

_CALIBRATION_IMAGES, _CALIBRATION_SEED = 8, 4321


def openvino_builder(numbers: Literal["f32", "bf16", "int8"]) -> Builder:
    """Return the builder of an inference by OpenVINO with such numbers."""

    def prepare(case: Case, weights: Weights) -> Step:
        with tempfile.TemporaryDirectory() as folder:
            path = export(Path(folder), case, weights, int8=numbers == "int8")
            request = compile_onnx(path, case, "f32" if numbers == "f32" else "bf16")
        images = blobs(case.batch, case.size, IMAGE_SEED)[0].numpy()

        def step() -> torch.Tensor:
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
        quantize_int8(plain, quantized, images.numpy())
    return quantized if int8 else plain


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
        yield
    finally:
        logging.disable(before)
