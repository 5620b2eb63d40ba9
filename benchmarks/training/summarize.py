"""The figures that are quoted, from the times and memories of all cases.

Every figure is at batch 4 (processor time, one thread); beside it stand who was compared with whom,
each rival on its own, and the same comparison in the other cases.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from benchmarks.training.ours import absent
from benchmarks.training.rounds import Row, ratio

MAIN = (4, 1)  # batch and threads of the quoted figures
PEERS = ("stock", "best")
_FP32_STEP, _DENSE = "ours train fp32", "dense fp32"
Figure = dict[str, Any] | None


def summarize(cells: list[Row], memories: list[Row]) -> dict[str, Any]:
    """Return, for each T, the seven ratios; ``None`` where one side was not measured.

    Args:
        cells: of `measure.measure_cell`.
        memories: of `measure.measure_memory`.
    """
    steps = sorted({cell["num_steps"] for cell in cells} | {m["num_steps"] for m in memories})
    present = {name for row in [*cells, *memories] for name in row["contestants"]}
    return {str(t): _figures(cells, memories, t) for t in steps} | {"absent": absent(present)}


def _figures(cells: list[Row], memories: list[Row], num_steps: int) -> dict[str, Figure]:
    def versus(mode: str, rivals: Sequence[str], ours: str | None = None) -> Figure:
        chosen = [c for c in cells if c["mode"] == mode and c["num_steps"] == num_steps]
        return _versus(chosen, rivals, ours)

    return {
        "train_vs_fastest_peer": versus("train", PEERS),
        "infer_vs_fastest_peer": versus("infer", PEERS),
        "train_vs_stock_peers": versus("train", ("stock",), _FP32_STEP),
        "infer_vs_openvino": versus("infer", ("openvino",)),
        "train_vs_dense_ann": versus("train", (_DENSE,)),
        "infer_vs_dense_ann": versus("infer", (_DENSE,)),
        "memory_vs_leanest_peer": _memory([m for m in memories if m["num_steps"] == num_steps]),
    }


def _versus(cells: list[Row], rivals: Sequence[str], ours: str | None) -> Figure:
    found = {(c["batch"], c["threads"]): _compare(c, rivals, ours) for c in cells}
    main = found.pop(MAIN, None)
    if main is None:
        return None
    others = {f"batch {b}, threads {t}": figure for (b, t), figure in found.items() if figure}
    return main | {"others": others}


def _compare(cell: Row, rivals: Sequence[str], ours: str | None) -> Figure:
    """Compare our fastest entry, or the one named, with each rival and with the fastest."""
    rows = cell["contestants"]
    return _lead(
        [name for name in rows if rows[name]["kind"] == "ours" and ours in (None, name)],
        [name for name in rows if rows[name]["kind"] in rivals or name in rivals],
        lambda name, other: ratio(cell, name, other),
    )


def _memory(memories: list[Row]) -> Figure:
    """Compare our leanest entry with the leanest peer; training first, inference beside it."""
    found: dict[str, Figure] = {}
    for memory in memories:
        rows = memory["contestants"]
        found[memory["mode"]] = _lead(
            [name for name in rows if rows[name]["kind"] == "ours"],
            [name for name in rows if rows[name]["kind"] in PEERS],
            partial(_share, rows),
        )
    train = found.get("train")
    return None if train is None else train | {"infer": found.get("infer")}


def _share(rows: Row, name: str, other: str) -> float:
    return float(rows[name]["mib"] / rows[other]["mib"])


def _lead(ours: list[str], rivals: list[str], ratio_of: Callable[[str, str], float]) -> Figure:
    if not ours or not rivals:
        return None
    best = min(ours, key=lambda name: ratio_of(name, rivals[0]))
    each = {other: ratio_of(best, other) for other in rivals}
    hardest = max(each, key=lambda other: each[other])
    return {"ratio": each[hardest], "ours": best, "rival": hardest, "each": each}


def table(cell: Row, naive: str) -> list[str]:
    """Return lines: each contestant's time in units of the naive loop's, and when it was ready."""
    rows = cell["contestants"]
    if naive not in rows:
        return []
    return [
        f"{name:<44} {ratio(cell, name, naive):6.3f} x naive, ready after {row['warm_up_s']:5.1f} s"
        for name, row in rows.items()
    ]
