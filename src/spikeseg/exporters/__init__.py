"""Exporters: networks and programs in the forms that other programs read.

``onnx`` writes a trained network as ONNX, in float32 and in INT8, and checks both.
"""

from spikeseg.exporters.onnx import (
    Int8Check,
    OnnxNetwork,
    check_int8,
    export_float32,
    quantize_int8,
)

__all__ = ["Int8Check", "OnnxNetwork", "check_int8", "export_float32", "quantize_int8"]
