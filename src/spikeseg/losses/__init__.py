"""What training minimizes: the segmentation loss and the firing-rate regularizer."""

from spikeseg.losses.rates import RateMonitor, RateShares
from spikeseg.losses.segmentation import SegmentationLoss, dice_loss

__all__ = ["RateMonitor", "RateShares", "SegmentationLoss", "dice_loss"]
