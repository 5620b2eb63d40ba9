"""Lets torchvision be imported beside a torch without CUDA.

The wheels of torchvision hold operators that need CUDA libraries; without them, importing it fails
because two operators are declared nowhere. The networks need neither, so empty declarations do.
"""

import torch

LIBRARY = torch.library.Library("torchvision", "DEF")
for name in ("nms", "qnms"):
    LIBRARY.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
