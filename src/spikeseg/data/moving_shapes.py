"""Moving shapes before a simulated event camera: what is where depends on the order of events.

Our own construction; scores on it compare with no published ones.

* The ground has a smooth random texture (log intensity of deviation 0.12). In every second scene,
  on average, the camera moves, so that the ground moves by up to 0.12 of the image's side.
* There are 1, 2 or 3 shapes, disks and squares alike, each turned at random. The middles of their
  ways are at least 0.35 of the side apart; a shape that finds no such place in 20 tries is left
  out, never the first.
* A shape moves by up to 0.3 of the side in any direction, turns by up to 1.2 radians, and grows
  (approaching) or shrinks (receding), all linear in time: its radius is between L and 0.45 L to
  0.7 L, with L of 0.16 to 0.24 of the side. It is lighter or darker than the ground by 0.5 to 1 in
  log intensity, and has a texture of its own (deviation 0.15).
* The camera sees this for 80 ms (41 pictures, log intensity linear in between): thresholds 0.2
  with a mismatch of 5 %, a refractory time of 0.5 ms, latencies of 0.1 to 0.4 ms, a leak of 0.2
  and noise of 1 event a second and pixel.
* The mask says what is where at the end of the 80 ms: background, or one of four classes, a disk or
  a square that approaches or recedes. No pixel is ignored.

Why order matters: run a scene backwards and exchange light and dark. Every rise becomes a rise at
another time, so that the sums over the window stay (but for noise and for less than a threshold),
while approaching becomes receding and the end the start. Both scenes are equally likely. So a
network that sees only the sums cannot tell a shape's motion, nor at which end of its trace it is;
one that sees the events in their order can.
"""

from functools import partial

import numpy as np

from spikeseg.config import DataConfig
from spikeseg.data import DATASETS, Sample, SegmentationData
from spikeseg.data._event_views import WindowView, choose_view
from spikeseg.data._options import check_made, reject_options, split_items
from spikeseg.data._samples import LazySamples
from spikeseg.data._scene import MOTIONS, SHAPES, Scene, draw_scene, label, render
from spikeseg.events import EventCamera, Events, simulate_events

CLASSES = ("background", *(f"{shape} {motion}" for shape in SHAPES for motion in MOTIONS))
CAMERA = EventCamera(
    mismatch=0.05, refractory_us=500, latency_us=100, jitter_us=300, leak_hz=0.2, shot_hz=1.0
)
WINDOW_US, PICTURES = 80_000, 41
_NUM_STEPS, _STEP_COUNT, _FRAME_COUNT = 8, 4, 8
_SMALLEST, _LARGEST = 32, 256


@DATASETS.register("moving_shapes")
def moving_shapes(config: DataConfig) -> SegmentationData:
    """Return windows of events as images, and what is where at their ends.

    An image depends on ``(seed, its number, image_size)`` and the view. Defaults: 1200 images of
    64 x 64 from seed 0 in 8 steps, the last fifth held out. Counts are clipped at 4 in a step or
    voxel and at 8 in a frame.
    """
    reject_options(config, "root", "protocol")
    count = 1200 if config.num_images is None else config.num_images
    size = 64 if config.image_size is None else config.image_size
    seed = 0 if config.seed is None else config.seed
    check_made(count, size, seed, (_SMALLEST, _LARGEST))
    view = choose_view(config, _NUM_STEPS, _STEP_COUNT, _FRAME_COUNT)
    split = split_items(config, count, "image")
    make = partial(_make, seed, size, view)
    return SegmentationData(
        name="moving_shapes",
        class_names=CLASSES,
        in_channels=2 * view.layout.num_steps,
        train=LazySamples(make, split.train),
        test=LazySamples(make, split.test),
        split=split.words("image"),
        notes=(
            f"scenes and events are made by a program (seed {seed}) in a way of our own; scores "
            "cannot be compared with published ones",
        ),
        events=view.layout,
    )


def _make(seed: int, size: int, view: WindowView, number: int) -> Sample:
    rng = np.random.default_rng([seed, number])
    scene = draw_scene(rng)
    image = view(record(scene, size, CAMERA, rng), 0, WINDOW_US)
    return Sample(f"image {number}", image, label(scene, size))


def record(scene: Scene, size: int, camera: EventCamera, rng: np.random.Generator) -> Events:
    """Return what a camera of size x size pixels sends while it looks at a scene for 80 ms."""
    shares = np.linspace(0, 1, PICTURES)
    return simulate_events(render(scene, size, shares), shares * WINDOW_US, camera, rng)
