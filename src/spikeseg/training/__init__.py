"""Training a network with Lightning, from batches to a history.

``module`` holds the loss of one batch, ``callbacks`` what happens around batches (history,
checkpoints, progress), ``fitting`` puts them together. ``unrolled`` is a spiking graph with a
gradient, ``finetuning`` trains it on. ``online`` trains a spiking network step by step.
"""

from spikeseg.spiking.together import is_first, share
from spikeseg.training.finetuning import finetune
from spikeseg.training.fitting import TrainingResult, fit
from spikeseg.training.unrolled import UnrolledGraph

__all__ = ["TrainingResult", "UnrolledGraph", "finetune", "fit", "is_first", "share"]
