"""Robustness: images made worse at set levels, the same for every network.

``corruptions`` is a plug point, one file each; ``applying`` says which of them fit the data, and
corrupts an image.
"""

from spikeseg.robustness.applying import check_fits, check_level, corrupt, fitting
from spikeseg.robustness.corruptions import CORRUPTIONS, Corruption

__all__ = [
    "CORRUPTIONS",
    "Corruption",
    "check_fits",
    "check_level",
    "corrupt",
    "fitting",
]
