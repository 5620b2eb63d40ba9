"""Salt-and-pepper noise: pixels that are black or white."""

import numpy as np

from spikeseg.robustness.corruptions import CORRUPTIONS, Floats, Generator, Takes


class SaltAndPepper:
    """Each pixel is, with the probability of the level, 0 or 1 (either equally often).

    All channels of a pixel change together, so a pixel of a color image is black or white, and one
    of an image of events is silent or busy in all steps. The levels are those of impulse noise in
    ImageNet-C (Hendrycks and Dietterich 2019, arXiv:1903.12261).
    """

    title = "Salt-and-pepper noise"
    unit = "share of pixels"
    levels: tuple[float, ...] = (0.03, 0.06, 0.09, 0.17, 0.27)
    clean = 0.0
    extreme = 1.0
    takes: Takes = "both"

    def __call__(self, image: Floats, level: float, rng: Generator) -> Floats:
        """Return the image with its share of pixels at 0 or 1."""
        chance = rng.random(image.shape[1:])
        return np.where(chance < level / 2, 0.0, np.where(chance < level, 1.0, image))


CORRUPTIONS.register("salt_and_pepper")(SaltAndPepper())
