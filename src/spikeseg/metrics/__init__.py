"""Scores of a segmentation, the same code for every stage.

```
confusion.py    ConfusionMatrix: pixel accuracy, IoU and Dice, from the counts of the whole set
thinning.py     label_cells, thin_membranes: from masks to regions one line apart
rand_info.py    RandInfo, score_slice: V^Rand and V^Info of one slice (ISBI 2012)
stack.py        StackScores, score_stack: over slices and thresholds
scores.py       SegmentationScores, score: all of it, from hard masks
pairing.py      truths and predictions, two by two, checked
```

Masks are (H, W) and hold class indices. The truth 255 is ignored: no score depends on what is
predicted there.
"""

from spikeseg.metrics.confusion import ConfusionMatrix
from spikeseg.metrics.rand_info import RandInfo, score_slice
from spikeseg.metrics.scores import SegmentationScores, score
from spikeseg.metrics.stack import StackScores, score_stack
from spikeseg.metrics.thinning import label_cells, thin_membranes

__all__ = [
    "ConfusionMatrix",
    "RandInfo",
    "SegmentationScores",
    "StackScores",
    "label_cells",
    "score",
    "score_slice",
    "score_stack",
    "thin_membranes",
]
