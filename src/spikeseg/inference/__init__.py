"""Segmenting images of any size: padding, tiles, and a trained model that does both."""

from spikeseg.inference.padding import pad_to_multiple
from spikeseg.inference.tiles import segment_tiled

__all__ = ["pad_to_multiple", "segment_tiled"]
