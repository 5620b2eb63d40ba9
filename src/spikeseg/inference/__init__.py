"""Segmenting images of any size.

``padding`` and ``tiles`` make any size fit, ``model`` makes a network a function from image to
mask, ``files`` reads images and stacks and writes masks.
"""

from spikeseg.inference.files import Written, segment_files
from spikeseg.inference.model import (
    Segmenter,
    analog_segmenter,
    spiking_segmenter,
    trained_spiking_segmenter,
)
from spikeseg.inference.padding import pad_to_multiple, pad_to_size
from spikeseg.inference.tiles import Tile, segment_tiled, tiles_of

__all__ = [
    "Segmenter",
    "Tile",
    "Written",
    "analog_segmenter",
    "pad_to_multiple",
    "pad_to_size",
    "segment_files",
    "segment_tiled",
    "spiking_segmenter",
    "tiles_of",
    "trained_spiking_segmenter",
]
