"""Random training batches: crops, joint augmentation, and loaders that repeat exactly.

Everything is a function of the seed and of the number of a crop, never of what was drawn before:
training that resumes at an epoch sees the same crops, whatever the number of workers.
"""

from spikeseg.batches.augmentation import Augmenter, refuse_brightness
from spikeseg.batches.crops import CropDataset, EpochSampler
from spikeseg.batches.loading import make_loader
from spikeseg.batches.weights import class_weights

__all__ = [
    "Augmenter",
    "CropDataset",
    "EpochSampler",
    "class_weights",
    "make_loader",
    "refuse_brightness",
]
