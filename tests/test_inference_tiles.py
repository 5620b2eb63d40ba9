"""Tiles: any size fits, and a tiled image is the whole image where the overlap covers the reach."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeseg.config import ConversionConfig, NetworkConfig
from spikeseg.conversion import convert
from spikeseg.errors import ConfigError, ShapeError
from spikeseg.inference import (
    Segmenter,
    analog_segmenter,
    pad_to_multiple,
    segment_tiled,
    spiking_segmenter,
    tiles_of,
)
from spikeseg.networks import make_network

MULTIPLE = 4
REACH = 30
"""Pixels that the network below looks at in each direction, counted by hand: 2 units at full
resolution, 3 at a half, 4 at a quarter, and so on up; rounded up."""


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    torch.manual_seed(3)
    network = make_network(NetworkConfig(depth=2, width=3), in_channels=1, num_classes=3)
    network(torch.rand(4, 1, 32, 32))
    network.eval()
    with torch.no_grad():  # no class is ahead of the others everywhere
        network.head.bias -= network(torch.rand(4, 1, 32, 32)).mean((0, 2, 3))
    return network


def image(height: int, width: int) -> torch.Tensor:
    return torch.rand(1, height, width, generator=torch.Generator().manual_seed(height * width))


def test_no_pixel_of_the_network_looks_further_than_its_reach(network: torch.nn.Module) -> None:
    """What the tests below rely on, by the gradient of single pixels."""
    for at in (50, 51, 52, 53):
        x = image(104, 104)[None].double().requires_grad_()
        network.double()(x)[0, :, at, at].sum().backward()
        seen = x.grad[0, 0].nonzero()
        network.float()
        assert (seen - at).abs().max() <= REACH


@pytest.mark.parametrize("size", [(150, 90), (97, 131), (160, 160)])
def test_tiles_give_the_mask_of_the_whole_image(
    network: torch.nn.Module, size: tuple[int, int]
) -> None:
    segmenter = analog_segmenter(network, 1, MULTIPLE)
    whole = Segmenter(segmenter.predict, 1, MULTIPLE, tile=1024)
    tiled = Segmenter(segmenter.predict, 1, MULTIPLE, tile=88, overlap=2 * REACH + 4)
    picture = image(*size).numpy()
    expected = whole(picture)
    assert len(np.unique(expected)) > 1
    np.testing.assert_array_equal(tiled(picture), expected)


def test_spiking_tiles_give_the_mask_of_the_whole_image(network: torch.nn.Module) -> None:
    graph = convert(network, image(32, 32)[None], ConversionConfig())
    whole = spiking_segmenter(graph, 5)
    assert whole.multiple == MULTIPLE
    tiled = Segmenter(whole.predict, 1, MULTIPLE, tile=88, overlap=2 * REACH + 4)
    picture = image(120, 100).numpy()
    expected = whole(picture)
    assert len(np.unique(expected)) > 1
    np.testing.assert_array_equal(tiled(picture), expected)


@settings(deadline=None, max_examples=100)
@given(
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    multiple=st.sampled_from([1, 2, 4, 8]),
    overlap=st.integers(0, 15),
    extra=st.integers(1, 20),
)
def test_every_pixel_comes_from_its_own_place_whatever_the_size(
    height: int, width: int, multiple: int, overlap: int, extra: int
) -> None:
    """A network that returns the image shows where each pixel of the mask comes from."""
    tile = (overlap // multiple + 1 + extra) * multiple
    picture = torch.randint(0, 256, (1, height, width), dtype=torch.float32)
    largest = []

    def echo(x: torch.Tensor) -> torch.Tensor:
        assert x.shape[2] % multiple == x.shape[3] % multiple == 0
        largest.append(max(x.shape[2:]))
        return x[:, 0].to(torch.uint8)

    found = segment_tiled(picture, echo, multiple=multiple, tile=tile, overlap=overlap)
    assert torch.equal(found, picture[0].to(torch.uint8))
    assert max(largest) <= tile


@settings(deadline=None, max_examples=100)
@given(length=st.integers(1, 90), multiple=st.sampled_from([1, 4]), overlap=st.integers(0, 5))
def test_no_pixel_is_judged_from_the_edge_of_a_tile_inside_of_the_image(
    length: int, multiple: int, overlap: int
) -> None:
    """A network that marks the rim of its input: marks may stay at the image's edges only."""
    overlap = overlap * 2 * multiple
    margin = overlap // 2

    def rim(x: torch.Tensor) -> torch.Tensor:
        marked = torch.ones(x.shape[0], *x.shape[2:], dtype=torch.uint8)
        marked[:, margin : x.shape[2] - margin] = 0
        return marked

    tile = overlap + 4 * multiple
    mask = segment_tiled(
        torch.zeros(1, length, 4), rim, multiple=multiple, tile=tile, overlap=overlap
    )
    inner = mask[margin : max(length - margin, margin)]
    assert (inner == 0).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (3, 2), (5, 33)])
def test_an_image_smaller_than_the_strides_is_segmented(
    network: torch.nn.Module, size: tuple[int, int]
) -> None:
    mask = analog_segmenter(network, 1, MULTIPLE)(image(*size).numpy())
    assert mask.shape == size
    assert mask.dtype == np.uint8


@settings(deadline=None)
@given(height=st.integers(1, 20), width=st.integers(1, 20), multiple=st.integers(1, 9))
def test_padding_is_numpys_mirror_and_is_cut_off_again(
    height: int, width: int, multiple: int
) -> None:
    picture = torch.rand(2, 1, height, width)
    padded, crop_back = pad_to_multiple(picture, multiple)
    bottom, right = -height % multiple, -width % multiple
    mode = "reflect" if bottom < height and right < width else "edge"
    expected = np.pad(picture.numpy(), [(0, 0), (0, 0), (0, bottom), (0, right)], mode=mode)
    np.testing.assert_array_equal(padded.numpy(), expected)
    assert torch.equal(crop_back(padded), picture)


@pytest.mark.parametrize(("tile", "overlap"), [(64, 64), (0, 8), (-5, 8), (67, 65)])
def test_a_tile_that_is_not_larger_than_its_overlap_is_refused(tile: int, overlap: int) -> None:
    with pytest.raises(ConfigError, match="use --tile above"):
        segment_tiled(
            torch.zeros(1, 99, 99), lambda x: x[:, 0], multiple=4, tile=tile, overlap=overlap
        )


@pytest.mark.parametrize("shape", [(3, 8, 8), (8, 8), (1, 1, 8, 8)])
def test_an_image_with_other_channels_is_refused_with_what_is_taken(
    network: torch.nn.Module, shape: tuple[int, ...]
) -> None:
    with pytest.raises(ShapeError) as caught:
        analog_segmenter(network, 1, MULTIPLE)(np.zeros(shape, np.float32))
    assert str(shape) in str(caught.value)
    assert "takes (1, H, W), grey images" in str(caught.value)


@given(
    size=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    tile=st.tuples(st.integers(3, 6), st.integers(3, 6)),
    overlap=st.integers(0, 2),
)
def test_tiles_decide_every_pixel_once_and_lie_in_the_image(
    size: tuple[int, int], tile: tuple[int, int], overlap: int
) -> None:
    height, width = size
    decided = np.zeros(size, int)
    for piece in tiles_of(height, width, (4 * tile[0], 4 * tile[1]), 4 * overlap, 4):
        decided[piece.rows, piece.columns] += 1
        assert piece.top % 4 == piece.left % 4 == 0
        assert piece.top <= piece.rows.start < piece.rows.stop <= piece.top + piece.size[0]
        assert piece.left <= piece.columns.start < piece.columns.stop <= piece.left + piece.size[1]
        assert piece.of(torch.zeros(size)).shape == piece.size
    assert (decided == 1).all()
