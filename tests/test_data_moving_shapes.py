"""Moving shapes: true masks, and sums that do not tell what the order of the events does."""

from dataclasses import replace
from time import perf_counter

import numpy as np
import pytest

from spikeseg.config import DataConfig
from spikeseg.data import EventLayout, SegmentationData, load
from spikeseg.data._scene import Path, Scene, Shape, draw_scene, label, render
from spikeseg.data.moving_shapes import CAMERA, CLASSES, WINDOW_US, record
from spikeseg.errors import ConfigError
from spikeseg.events import EventCamera, polarity_counts, steps

IDEAL = EventCamera()
GROWING = Path(0.1, 0.25)
FLAT = np.zeros((64, 64))


def data(**options: object) -> SegmentationData:
    settings = {"num_images": 10, **options}
    return load(DataConfig("moving_shapes", **settings))  # type: ignore[arg-type]


def scenes(count: int) -> list[Scene]:
    return [draw_scene(np.random.default_rng([7, k])) for k in range(count)]


def lone(kind: int = 0, radius: Path = GROWING, contrast: float = 1.0) -> Scene:
    """Return a plain shape that stays in the middle."""
    middle, still = Path(0.5, 0.5), Path(0.0, 0.0)
    return Scene(FLAT, still, still, (Shape(kind, middle, middle, radius, still, contrast, FLAT),))


def events_of(scene: Scene, camera: EventCamera = IDEAL, size: int = 64):
    return record(scene, size, camera, np.random.default_rng(0))


def test_the_defaults_are_1200_images_of_8_steps_with_the_last_fifth_held_out() -> None:
    found = load(DataConfig("moving_shapes"))
    assert (len(found.train), len(found.test)) == (960, 240)
    assert found.train[0].image.shape == (16, 64, 64)
    assert found.events == EventLayout(8, 4)
    assert found.class_names == CLASSES


def test_views_of_one_number_show_the_same_events() -> None:
    frame, cut = data(event_view="frame").train[3], data(event_steps=4).train[3]
    np.testing.assert_array_equal(frame.mask, cut.mask)
    few = frame.image < 0.5  # nothing is clipped
    sums = cut.image.reshape(4, 2, 64, 64).sum(0) * 4
    np.testing.assert_allclose(sums[few], frame.image[few] * 8, atol=1e-5)


@pytest.mark.parametrize("size", [32, 64, 100])
def test_pictures_start_and_end_where_the_mask_says(size: int) -> None:
    for shape in (0, 1):
        scene = lone(shape, Path(0.1, 0.3))
        for moment, seen in ((0.0, scene.opposite()), (1.0, scene)):
            shown = render(scene, size, np.array([moment]))[0]
            mask = label(seen, size) > 0
            assert shown[mask].min() >= 0.5 - 1e-9
            assert shown[~mask].max() <= 0.5 + 1e-9


def test_a_square_and_a_disk_of_one_radius_have_one_area() -> None:
    areas = [(label(lone(kind, Path(0.3, 0.3)), 256) > 0).mean() for kind in (0, 1)]
    np.testing.assert_allclose(areas, np.pi * 0.3**2, rtol=0.01)


def test_the_nearest_shape_hides_the_others() -> None:
    far, near = lone(0, Path(0.2, 0.3)).shapes[0], lone(1, Path(0.2, 0.1)).shapes[0]
    mask = label(Scene(FLAT, Path(0, 0), Path(0, 0), (far, near)), 64)
    assert mask[32, 32] == CLASSES.index("square receding")
    assert mask[32, 20] == CLASSES.index("disk approaching")


def test_events_of_a_growing_disk_lie_where_its_edge_has_been() -> None:
    events = events_of(lone())
    far = np.hypot(events.x + 0.5 - 32, events.y + 0.5 - 32) / 64
    assert far.min() > 0.1 - 1.5 / 64
    assert far.max() < 0.25 + 1.5 / 64
    edge = 0.1 + 0.15 * events.t / WINDOW_US
    assert abs(far - edge).max() < 1.5 / 64
    assert events.polarity.all()


def test_the_sums_of_a_scene_and_of_its_opposite_are_the_same_but_for_a_threshold() -> None:
    for scene in scenes(12):
        there, back = (polarity_counts(events_of(s)) for s in (scene, scene.opposite()))
        assert there.sum() > 200
        assert abs(there - back).max() <= 2
        assert abs(there - back).mean() < 0.3 * there.mean()


def test_the_opposite_exchanges_approaching_and_receding_and_moves_the_mask() -> None:
    for scene in scenes(12):
        for shape, opposite in zip(scene.shapes, scene.opposite().shapes, strict=True):
            pair = {CLASSES[shape.label], CLASSES[opposite.label]}
            kind = CLASSES[shape.label].split()[0]
            assert pair == {f"{kind} approaching", f"{kind} receding"}
        masks = label(scene, 64), label(scene.opposite(), 64)
        assert (masks[0] != masks[1]).any()


def test_the_order_of_steps_tells_a_scene_from_its_opposite() -> None:
    for scene in scenes(12):
        there, back = (
            steps(events_of(s), 8, span=(0, WINDOW_US)) for s in (scene, scene.opposite())
        )
        assert abs(there - back).mean() > 0.8 * there.mean()
        assert abs(there[::-1] - back).mean() < 0.7 * abs(there - back).mean()


def test_all_classes_and_both_cameras_are_drawn() -> None:
    drawn = scenes(200)
    counts = np.bincount([s.label for scene in drawn for s in scene.shapes], minlength=5)[1:]
    assert counts.min() > 0.7 * counts.mean()
    still = np.mean([scene.x.start == scene.x.end for scene in drawn])
    assert 0.35 < still < 0.65


def test_noise_alone_is_what_the_camera_has() -> None:
    nothing = lone(contrast=0.0)
    counts = len(events_of(nothing, replace(CAMERA, leak_hz=0.0, mismatch=0.0)))
    mean = CAMERA.shot_hz * WINDOW_US * 1e-6 * 64**2
    assert abs(counts - mean) < 4 * np.sqrt(mean)


def test_a_sample_takes_less_than_20_ms() -> None:
    samples = data(num_images=60).train
    assert samples[0].image.size  # compiled now
    start = perf_counter()
    times = []
    for k in range(1, 40):
        assert samples[k].image.size
        times.append(perf_counter() - start)
        start = perf_counter()
    assert np.median(times) < 0.02


@pytest.mark.parametrize("size", [31, 257])
def test_sizes_out_of_range_are_refused(size: int) -> None:
    with pytest.raises(ConfigError, match=f"data.image_size is {size}; it must be 32 to 256"):
        data(image_size=size)
