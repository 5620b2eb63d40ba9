"""Tiny trees of files in the layouts of the event datasets, written from random numbers."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

DDD17_SIZE, DSEC_SIZE = (200, 346), (440, 640)
T0_NS = 1_487_417_411_000_000_000
"""When the drives of the tests begin."""


def random_mask(rng: np.random.Generator, size: tuple[int, int], num_classes: int) -> np.ndarray:
    """Return blocks of random classes with a column that is ignored."""
    blocks = rng.integers(0, num_classes, (size[0] // 8 + 1, size[1] // 8 + 1), dtype=np.uint8)
    mask = blocks.repeat(8, 0).repeat(8, 1)[: size[0], : size[1]]
    mask[:, 7] = 255
    return mask


def save_mask(path: Path, mask: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask).save(path)


def write_evsegnet(root: Path, num_train: int, num_test: int, signed: bool = False) -> dict:
    """Write the release of EV-SegNet; return sums and mask by name."""
    rng = np.random.default_rng(0)
    written = {}
    for part, count in (("train", num_train), ("test", num_test)):
        (root / "events" / part).mkdir(parents=True)
        for k in range(count):
            name = f"rec14870000{part == 'test':d}_export_{k + 9}"
            sums = rng.poisson(0.4, (*DDD17_SIZE, 6)).astype(np.float64)
            sums[0, :2, :2] = [[0, 12], [3, 0]]
            if signed:
                sums = sums / sums.max() * 2 - 1
            mask = random_mask(rng, DDD17_SIZE, 6)
            np.save(root / "events" / part / f"{name}.npy", sums)
            save_mask(root / "labels" / part / f"{name}.png", mask)
            written[name] = sums, mask
    return written


def write_drive(folder: Path, frames: list[int], seed: int = 0) -> dict:
    """Write a folder of ESS: 300 ms of events and frames every 50 ms; masks of some of these.

    Returns:
        Per frame number, the rows (t in ns, x, y, p) of its events, and its mask.
    """
    rng = np.random.default_rng(seed)
    count = 3000
    t = T0_NS + np.sort(rng.integers(0, 300_000_000, count))
    xyp = np.stack([rng.integers(0, n, count) for n in (346, 260, 2)], 1).astype(np.int16)
    ends = T0_NS + 50_000_000 * np.arange(1, 7)
    last = np.searchsorted(t, ends)
    first = np.searchsorted(t, ends - 50_000_000)
    (folder / "index").mkdir(parents=True)
    np.save(folder / "index" / "index_50ms.npy", np.stack([ends, last, first], 1))
    t.astype("<i8").tofile(folder / "events.dat.t")
    xyp.astype("<i2").tofile(folder / "events.dat.xyp")
    written = {}
    for frame in frames:
        mask = random_mask(rng, DDD17_SIZE, 6)
        save_mask(folder / "segmentation_masks" / f"segmentation_{frame:08d}.png", mask)
        rows = slice(first[frame - 1], last[frame - 1])
        written[frame] = np.column_stack([t[rows], xyp[rows]]), mask
    return written


def write_ess(root: Path) -> list[dict]:
    """Write seven drives, of two frames each; return what they hold."""
    names = ("dir0", "dir1", "dir3", "dir4", "dir5", "dir6", "dir7")
    return [write_drive(root / name, [2, 6], seed) for seed, name in enumerate(names)]


def write_sequence(folder: Path, num_labels: int, seed: int = 0, **more) -> dict:
    """Write a sequence of DSEC-Semantic with labels every 50 ms; return what it holds."""
    h5py = pytest.importorskip("h5py")
    rng = np.random.default_rng(seed)
    offset, count = 7_000_000_123, 20_000
    times = offset + 150_000 + 50_000 * np.arange(num_labels)
    t = np.sort(rng.integers(0, times[-1] - offset + 5_000, count)).astype(np.uint32)
    x, y, p = (rng.integers(0, n, count) for n in (640, 480, 2))
    table = np.searchsorted(t, 1000 * np.arange(t[-1] // 1000 + 1)).astype(np.uint64)
    places = np.stack(np.meshgrid(np.arange(640), np.arange(480)), -1) + rng.normal(
        0, 3, (480, 640, 2)
    )
    (folder / "events" / "left").mkdir(parents=True)
    with h5py.File(folder / "events" / "left" / "events.h5", "w") as file:
        for name, values in (("t", t), ("x", x), ("y", y), ("p", p)):
            file.create_dataset(f"events/{name}", data=values, **more)
        file["ms_to_idx"], file["t_offset"] = table, np.int64(offset)
    with h5py.File(folder / "events" / "left" / "rectify_map.h5", "w") as file:
        file["rectify_map"] = places.astype(np.float32)
    masks = [random_mask(rng, DSEC_SIZE, 11) for _ in range(num_labels)]
    for k, mask in enumerate(masks):
        save_mask(folder / "semantic/left/11classes/data" / f"{k:06d}.png", mask)
    (folder / "semantic" / "timestamps.txt").write_text("".join(f"{v}\n" for v in times))
    rows = np.column_stack([t.astype(np.int64) + offset, x, y, p])
    return {"times": times, "events": rows, "map": places.astype(np.float32), "masks": masks}


def write_dsec(root: Path, num_train: int = 3, num_test: int = 2) -> dict:
    """Write one sequence of training and one of test with so many masks that are used."""
    return {
        "train": write_sequence(root / "train/zurich_city_00_a", 5 + 2 * num_train),
        "test": write_sequence(root / "test/zurich_city_14_c", 5 + 2 * num_test, 1),
    }
