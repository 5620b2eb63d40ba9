"""Less contrast."""

from spikeseg.robustness.corruptions import CORRUPTIONS, Floats, Generator, Takes


class Contrast:
    """``m + level (x - m)``, where m is the mean of the image's channel.

    The levels are those of contrast in ImageNet-C (Hendrycks and Dietterich 2019,
    arXiv:1903.12261). Nothing is drawn by chance.
    """

    title = "Low contrast"
    unit = "factor of the contrast"
    levels: tuple[float, ...] = (0.4, 0.3, 0.2, 0.1, 0.05)
    clean = 1.0
    extreme = 0.0
    takes: Takes = "photographs"

    def __call__(self, image: Floats, level: float, rng: Generator) -> Floats:
        """Return the image nearer to its mean."""
        mean = image.mean(axis=(1, 2), keepdims=True)
        nearer: Floats = mean + level * (image - mean)
        return nearer


CORRUPTIONS.register("contrast")(Contrast())
