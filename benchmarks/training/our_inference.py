"""The trained U-Net as ``spikeseg convert`` makes it, simulated as ``spikeseg evaluate`` does."""

from torch import Tensor

from benchmarks.training.contestant import Builder, Case, Step, Weights
from benchmarks.training.our_training import our_unet
from benchmarks.training.task import blobs
from benchmarks.training.torch_steps import IMAGE_SEED
from spikeseg.conversion import convert_spiking
from spikeseg.engine import Engine, Precision, simulate


def graph_builder(precision: Precision | Engine) -> Builder:
    """Return the builder of inference; see `simulate` for the precision."""

    def prepare(case: Case, weights: Weights) -> Step:
        images, _ = blobs(case.batch, case.size, IMAGE_SEED)
        graph = convert_spiking(our_unet(case.num_steps, weights).eval(), images)

        def step() -> Tensor:
            found = simulate(graph, images, case.num_steps, precision=precision, keep_counts=False)
            return found.potential

        return step

    return prepare
