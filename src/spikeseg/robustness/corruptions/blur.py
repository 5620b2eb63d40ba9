"""Gaussian blur."""

from scipy.ndimage import gaussian_filter

from spikeseg.robustness.corruptions import CORRUPTIONS, Floats, Generator, Takes


class Blur:
    """Each channel folded with a Gaussian of the level's deviation, cut at four deviations.

    Beyond its border an image goes on with its border's values. The levels are those of Gaussian
    blur in ImageNet-C (Hendrycks and Dietterich 2019, arXiv:1903.12261). Nothing is drawn by
    chance.
    """

    title = "Gaussian blur"
    unit = "standard deviation in pixels"
    levels: tuple[float, ...] = (1.0, 2.0, 3.0, 4.0, 6.0)
    clean = 0.0
    extreme = 1000.0
    takes: Takes = "photographs"

    def __call__(self, image: Floats, level: float, rng: Generator) -> Floats:
        """Return the blurred image."""
        blurred: Floats = gaussian_filter(image, (0.0, level, level), mode="nearest", truncate=4.0)
        return blurred


CORRUPTIONS.register("blur")(Blur())
