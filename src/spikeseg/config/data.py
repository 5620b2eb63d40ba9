"""Settings of images and masks."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DataConfig:
    """Where images and masks come from, and which are held out.

    Attributes:
        name: a dataset: ``cells``, ``folder`` or ``isbi2012``.
        root: the folder of the data (``folder``, ``isbi2012``).
        test: held-out items as ``first-last``, inclusive and contiguous, counted from 0 in the
            dataset's order; the dataset's own default if not given.
        num_images: how many images to make (``cells``).
        image_size: their height and width in pixels (``cells``).
        seed: what they are made from (``cells``).
    """

    name: str = "cells"
    root: str | None = None
    test: str | None = None
    num_images: int | None = None
    image_size: int | None = None
    seed: int | None = None


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
