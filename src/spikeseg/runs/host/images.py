"""Images of one size to measure with: held-out ones, and their masks."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spikeseg.config import RunConfig
from spikeseg.data import Sample, SegmentationData
from spikeseg.errors import ConfigError
from spikeseg.inference import pad_to_size
from spikeseg.runs.checks import evaluation_crop
from spikeseg.runs.stages import calibration_images

_IGNORE = 255


@dataclass(frozen=True, eq=False)
class HostImages:
    """What is segmented.

    Attributes:
        images: (N, C, H, W), the upper left corners of all held-out images; smaller ones are
            padded.
        masks: (N, H, W); what was padded has no label.
        calibration: (M, C, h, w), crops of training images.
    """

    images: Tensor
    masks: NDArray[np.uint8]
    calibration: Tensor

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.images.shape[2], self.images.shape[3]

    def batch(self, number: int) -> Tensor:
        """Return as many images, from the start again where there are fewer."""
        return self.images[torch.arange(number) % len(self.images)].contiguous()


def host_images(
    config: RunConfig,
    data: SegmentationData,
    stride: int,
    size: tuple[int, int] | None,
) -> HostImages:
    """Return the images of a run at one size.

    Args:
        config: its settings.
        data: its images.
        stride: of its network.
        size: rows and columns; those of ``evaluation.crop`` if not given.

    Raises:
        ConfigError: the stride does not divide the size.
    """
    if size is None:
        crop = evaluation_crop(config, data, stride)
        size = crop, crop
    if min(size) < 1 or size[0] % stride or size[1] % stride:
        raise ConfigError(
            f"size is {' x '.join(map(str, size))}; this network takes multiples of {stride}. Use "
            f"{' x '.join(str(max(1, -(-n // stride)) * stride) for n in size)}, for example."
        )
    cut = [_cut(sample, size) for sample in data.test]
    images = torch.cat([image for image, _ in cut])
    masks = np.stack([mask for _, mask in cut])
    return HostImages(images, masks, calibration_images(config, data.train))


def _cut(sample: Sample, size: tuple[int, int]) -> tuple[Tensor, NDArray[np.uint8]]:
    rows, columns = size
    image = torch.from_numpy(sample.image[None, :, :rows, :columns])
    mask = np.full(size, _IGNORE, np.uint8)
    part = sample.mask[:rows, :columns]
    mask[: part.shape[0], : part.shape[1]] = part
    return pad_to_size(image, rows, columns)[0].contiguous(), mask
