"""Training a network with Lightning, from batches to a history.

``module`` holds the loss of one batch, ``callbacks`` what happens around batches (history,
checkpoints, progress), ``fitting`` puts them together.
"""

from spikeseg.training.fitting import TrainingResult, fit

__all__ = ["TrainingResult", "fit"]
