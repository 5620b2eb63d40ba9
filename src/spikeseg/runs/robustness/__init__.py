"""The verb robustness: networks of one run or several on the same corrupted test images."""
