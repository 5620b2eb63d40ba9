"""Thresholds as trained: the activation's own amplitude."""

from torch import Tensor

from spikeseg.config import ConversionConfig
from spikeseg.conversion.recipes import RECIPES
from spikeseg.conversion.tracing import TracedNetwork
from spikeseg.errors import ConfigError


@RECIPES.register("trained")
def thresholds(
    traced: TracedNetwork, images: Tensor | None, config: ConversionConfig
) -> dict[str, float]:
    """Return each activation's amplitude, so that firing rates are those of training.

    This is the direct conversion of Patel et al. 2021: same neurons, same weights.

    Raises:
        ConfigError: an activation declares no amplitude, as ``torch.nn.ReLU`` does not.
    """
    bare = [name for name, amplitude in traced.amplitudes.items() if amplitude is None]
    if bare:
        raise ConfigError(
            f"conversion.thresholds is 'trained', but {', '.join(bare[:3])} "
            f"{'declares' if len(bare) == 1 else 'declare'} no amplitude. Use an activation of "
            "spikeseg.layers, or thresholds 'percentile' with calibration images."
        )
    return {name: amplitude for name, amplitude in traced.amplitudes.items() if amplitude}
