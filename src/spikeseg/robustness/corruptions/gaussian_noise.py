"""Additive Gaussian noise."""

from spikeseg.robustness.corruptions import CORRUPTIONS, Floats, Generator, Takes


class GaussianNoise:
    """``x + n``, where each value has an n of its own from N(0, level^2); clipped to 0..1.

    The levels are those of Gaussian noise in ImageNet-C (Hendrycks and Dietterich 2019,
    arXiv:1903.12261).
    """

    title = "Gaussian noise"
    unit = "standard deviation, of values in 0..1"
    levels: tuple[float, ...] = (0.08, 0.12, 0.18, 0.26, 0.38)
    clean = 0.0
    extreme = 10.0
    takes: Takes = "both"

    def __call__(self, image: Floats, level: float, rng: Generator) -> Floats:
        """Return the image with noise."""
        return image + rng.normal(0.0, level, image.shape)


CORRUPTIONS.register("gaussian_noise")(GaussianNoise())
