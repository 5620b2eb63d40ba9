"""Settings of images and masks."""

from dataclasses import dataclass
from typing import Literal

EventView = Literal["steps", "frame", "voxel", "time_surface"]


@dataclass(frozen=True)
class DataConfig:
    """Where images and masks come from, and which are held out.

    Attributes:
        name: a dataset: ``cells``, ``cifar_mnist``, ``ddd17``, ``dsec_semantic``, ``folder``,
            ``isbi2012``, ``moving_shapes`` or ``voc2012``.
        root: the folder of the data (all but ``cells`` and ``moving_shapes``).
        test: held-out items as ``first-last``, inclusive and contiguous, counted from 0 in the
            dataset's order; the dataset's own default if not given.
        num_images: how many images to make (``cells``, ``cifar_mnist``, ``moving_shapes``).
        image_size: their height and width in pixels (``cells``, ``cifar_mnist``,
            ``moving_shapes``); the grid that images and masks are scaled to (``voc2012``).
        seed: what they are made from (``cells``, ``cifar_mnist``, ``moving_shapes``).
        protocol: ``clean`` (own sizes, 255 ignored) or ``paper`` (64 x 64 grid, 255 is background
            in training, as in Kim et al. 2022) (``voc2012``).
        event_view: what is made of the events of a window (datasets of events): ``steps``, counts
            of consecutive parts of it; ``frame``, counts of all of it; ``voxel``, signed counts
            shared between the two nearest of several instants; ``time_surface``, how recent the
            latest event is. ``steps`` if not given, or the only view of the files.
        event_steps: number of parts or instants of ``steps`` and ``voxel``; the dataset's own
            default if not given.
    """

    name: str = "cells"
    root: str | None = None
    test: str | None = None
    num_images: int | None = None
    image_size: int | None = None
    seed: int | None = None
    protocol: Literal["clean", "paper"] | None = None
    event_view: EventView | None = None
    event_steps: int | None = None


@dataclass(frozen=True)
class AugmentationConfig:
    """Random joint changes of image and mask during training.

    Attributes:
        flip: mirror along both axes, each with probability 1/2.
        rotate: turn by a random multiple of 90 degrees.
        elastic: displacement of the elastic deformation, as a fraction of the crop; 0 is off.
        brightness: largest change of brightness (images are in 0..1).
        contrast: largest relative change of contrast.
        noise: standard deviation of the added Gaussian noise.
    """

    flip: bool = True
    rotate: bool = True
    elastic: float = 0.0
    brightness: float = 0.1
    contrast: float = 0.2
    noise: float = 0.02
