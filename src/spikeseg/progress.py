"""How long work tells how far it is; the command line draws a bar, a library user gets silence."""

from typing import Protocol


class Progress(Protocol):
    """Called now and then by long work."""

    def __call__(self, task: str, done: float, total: float, note: str = "") -> None:
        """Report that ``done`` of ``total`` of ``task`` is finished."""


def silent(task: str, done: float, total: float, note: str = "") -> None:
    """Report nothing."""
