"""Images, label masks and stacks of them, read from and written to PNG, JPEG and TIFF.

No torch in here. Images are float32 in 0..1, masks are uint8 labels; a stack is read page by page,
so that one page can be had without decoding the others.
"""

from spikeseg.images.event_colors import OFF, ON, event_picture
from spikeseg.images.info import FORMATS, SUFFIXES, ImageInfo
from spikeseg.images.listing import find_images
from spikeseg.images.reading import (
    inspect_image,
    read_image,
    read_mask_page,
    read_masks,
    read_page,
)
from spikeseg.images.writing import write_masks

__all__ = [
    "FORMATS",
    "OFF",
    "ON",
    "SUFFIXES",
    "ImageInfo",
    "event_picture",
    "find_images",
    "inspect_image",
    "read_image",
    "read_mask_page",
    "read_masks",
    "read_page",
    "write_masks",
]
