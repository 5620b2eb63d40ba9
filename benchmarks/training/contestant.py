"""What is measured, and who takes part: one interface for libraries, runtimes and our engine."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

Mode = Literal["train", "infer"]
Kind = Literal["naive", "stock", "best", "dense", "openvino", "ours"]
Weights = dict[str, Tensor]
Step = Callable[[], Tensor]  # one training step (returns the loss) or one inference (the logits)


@dataclass(frozen=True)
class Case:
    """One thing to measure.

    Attributes:
        mode: a training step (forward, cross-entropy, backward, step of SGD) or an inference.
        num_steps: T.
        batch: images.
        threads: of torch and OpenVINO.
        size: rows and columns of an image.
    """

    mode: Mode
    num_steps: int
    batch: int
    threads: int = 1
    size: int = 128

    @property
    def key(self) -> str:
        """Return the case in a few letters, as in the result file."""
        return f"{self.mode} T={self.num_steps} batch={self.batch} threads={self.threads}"


Builder = Callable[[Case, Weights], Step]


@dataclass(frozen=True)
class Contestant:
    """One who takes part.

    Attributes:
        name: in tables.
        kind: a library as it comes (stock) or in its best setting, a dense twin, a runtime, ours.
        modes: what it can do.
        prepare: makes ready for a case with these weights; returns what is then timed.
        compiled: whether torch.compile works on it first, for tens of seconds.
        on_request: measured only if it is named.
    """

    name: str
    kind: Kind
    modes: tuple[Mode, ...]
    prepare: Builder
    compiled: bool = False
    on_request: bool = False
