"""What happens around the batches: history, checkpoints, progress."""

import csv
import io
import time
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from spikeseg.files import atomic_path, write_text
from spikeseg.progress import Progress
from spikeseg.spiking.together import is_first


class Described(LightningModule):
    """A module that tells what its batches gave.

    Attributes:
        columns: names of its figures, in the order of ``history.csv``.
        total_steps: optimizer steps of the whole training.
        parts: the figures of the last batch.
    """

    columns: tuple[str, ...] = ()
    total_steps: int = 0
    parts: dict[str, float]

    def note(self, row: dict[str, float]) -> str:
        """Return the row of an epoch in a few words, for the progress."""
        raise NotImplementedError


class History(Callback):
    """Writes ``history.csv``, one row an epoch: mean losses, rates, share of time waiting for data.

    Args:
        path: the file; written anew after every epoch.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[dict[str, float]] = []
        self._sums: dict[str, list[float]] = {}
        self._waiting = self._working = 0.0
        self._mark = 0.0
        self._learning_rate = 0.0
        self._columns: tuple[str, ...] = ()

    @property
    def data_share(self) -> float:
        """Share of all training time that was spent waiting for data."""
        total = len(self.rows)
        return sum(r["data_share"] for r in self.rows) / total if total else 0.0

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start an epoch's sums."""
        assert isinstance(pl_module, Described)
        self._columns = ("step", "epoch", *pl_module.columns, "learning_rate", "data_share")
        self._sums = {}
        self._waiting = self._working = 0.0
        self._mark = time.perf_counter()

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Count the time since the last batch as waiting; note the learning rate of the step."""
        self._learning_rate = trainer.optimizers[0].param_groups[0]["lr"]
        now = time.perf_counter()
        self._waiting += now - self._mark
        self._mark = now

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Count the time since the batch began as working."""
        now = time.perf_counter()
        self._working += now - self._mark
        self._mark = now
        assert isinstance(pl_module, Described)
        for name, value in pl_module.parts.items():
            self._sums.setdefault(name, []).append(value)
        pl_module.parts.clear()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Add the epoch's row and write the file."""
        row = {name: sum(values) / len(values) for name, values in self._sums.items()}
        row |= {"step": trainer.global_step, "epoch": trainer.current_epoch + 1}
        row["learning_rate"] = self._learning_rate
        row["data_share"] = self._waiting / max(self._waiting + self._working, 1e-9)
        self.rows.append({name: row.get(name, 0.0) for name in self._columns})
        if is_first():
            write_text(self.path, self._text())

    def _text(self) -> str:
        text = io.StringIO()
        writer = csv.DictWriter(text, self._columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: f"{v:.6g}" for k, v in row.items()} for row in self.rows)
        return text.getvalue()

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed training must know."""
        return {"rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up the rows of the epochs before."""
        self.rows = state_dict["rows"]


class Checkpoint(Callback):
    """Writes a checkpoint after every epoch; the one before stays until the new one is whole.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the checkpoint."""
        if is_first():
            with atomic_path(self.path) as temporary:
                trainer.save_checkpoint(temporary)
        else:  # takes part, and writes nothing
            trainer.save_checkpoint(self.path)


class Reporter(Callback):
    """Tells the progress.

    Args:
        progress: who is told.
        history: whose last row is quoted.
        task: the name of the work.
    """

    def __init__(self, progress: Progress, history: History, task: str) -> None:
        self._progress = progress
        self._history = history
        self._task = task

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Tell the steps done and the last epoch's loss and rates."""
        assert isinstance(pl_module, Described)
        note = pl_module.note(self._history.rows[-1]) if self._history.rows else ""
        self._progress(self._task, trainer.global_step, pl_module.total_steps, note)
