"""What a dataset makes of the events of a window: (2 T, H, W) in 0..1, by ``data.event_view``."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeseg.config import DataConfig, EventView
from spikeseg.data import EventLayout
from spikeseg.errors import ConfigError
from spikeseg.events import Events, steps, time_surface, voxel_grid

MOST_STEPS = 100
_SURFACE_SHARE = 0.5
"""A time surface has fallen to 1/e after this share of the window."""


@dataclass(frozen=True)
class WindowView:
    """A way to see windows of events as images.

    * ``steps``: the window is cut into T parts that last equally long; channel ``2 t + p`` has the
      number of events of part t and polarity p.
    * ``frame``: the same with T = 1.
    * ``voxel``: `spikeseg.events.voxel_grid` of T instants, the first at the window's start and the
      last at its end; channel ``2 t`` has what is below 0 (more OFF than ON) without its sign,
      channel ``2 t + 1`` what is above.
    * ``time_surface``: `spikeseg.events.time_surface` at the window's end, T = 1; it has fallen to
      1/e after half the window.

    Counts and voxels are clipped at ``largest_count`` and divided by it.

    Attributes:
        kind: the view.
        layout: T, and what stands for 1.
    """

    kind: EventView
    layout: EventLayout

    def __call__(self, events: Events, start: int, end: int) -> NDArray[np.float32]:
        """Return the (2 T, H, W) image of the events with ``start <= t < end``, microseconds."""
        span, num_steps = (start, end), self.layout.num_steps
        if self.kind == "time_surface":
            return time_surface(events.between(*span), _SURFACE_SHARE * (end - start), at=end)
        if self.kind == "voxel":
            grid = voxel_grid(events, num_steps, span)
            parts = np.stack([np.maximum(-grid, 0), np.maximum(grid, 0)], axis=1)
        else:
            parts = steps(events, num_steps, span=span)
        image: NDArray[np.float32] = np.minimum(parts / self.layout.largest_count, 1)
        return image.reshape(-1, events.height, events.width)


def choose_view(
    config: DataConfig, num_steps: int, step_count: int, frame_count: int
) -> WindowView:
    """Return the view that the settings name.

    Args:
        config: ``event_view`` and ``event_steps``.
        num_steps: T of ``steps`` and ``voxel`` if the settings do not say.
        step_count: the largest count of a part or voxel.
        frame_count: the largest count of a whole window.

    Raises:
        ConfigError: no such number of steps, or the view has none.
    """
    kind = config.event_view or "steps"
    given = config.event_steps
    if kind in ("frame", "time_surface"):
        if given is not None:
            raise ConfigError(
                f"data.event_steps is {given}, but the view {kind!r} is of the whole window. Leave "
                "data.event_steps out, or use data.event_view 'steps' or 'voxel'."
            )
        return WindowView(kind, EventLayout(1, frame_count if kind == "frame" else 1))
    chosen = num_steps if given is None else given
    lowest = 2 if kind == "voxel" else 1
    if not lowest <= chosen <= MOST_STEPS:
        raise ConfigError(
            f"data.event_steps is {chosen}; it must be {lowest} to {MOST_STEPS} for the view "
            f"{kind!r}."
        )
    return WindowView(kind, EventLayout(chosen, step_count))
