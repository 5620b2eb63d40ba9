"""Exporters: networks and programs in the forms that other programs read.

``onnx`` writes a trained network as ONNX, in float32 and in INT8, and checks both. ``sanafe``
writes a chip's program as a network of the simulator SANA-FE. Each is imported by itself, as they
need different things.
"""
