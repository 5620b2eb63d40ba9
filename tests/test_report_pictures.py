"""Pictures and charts: decoded or measured again, and compared with the arrays they show."""

import base64
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from report_run import layers
from spikeseg.report.charts import Lined, line_chart, round_values
from spikeseg.report.gallery import tinting
from spikeseg.report.histograms import BOTTOM, TOP, histograms
from spikeseg.report.pictures import (
    CATEGORICAL,
    IGNORED,
    TINT,
    agreement_map,
    class_colors,
    error_map,
    label_png,
    png,
)
from spikeseg.report.reading import _layer
from spikeseg.report.records import Record

LABELS = st.sampled_from([0, 1, 2, 255])
PREDICTED = st.sampled_from([0, 1, 2])


def decoded(url):
    head, data = url.split(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGBA"))


def read_layers(*arguments):
    return [_layer(Record("layers.json", value)) for value in layers(*arguments)]


@given(st.data())
def test_the_error_map_agrees_with_a_loop_over_the_pixels(data):
    mask = data.draw(arrays(np.uint8, (3, 4), elements=LABELS))
    predicted = data.draw(arrays(np.uint8, (3, 4), elements=PREDICTED))
    empty = data.draw(st.sampled_from([None, 0, 1]))
    for truth, guess, code in zip(
        mask.flat, predicted.flat, error_map(mask, predicted, empty).flat, strict=True
    ):
        if truth == 255:
            assert code == 255
        elif truth == guess:
            assert code == 0
        else:
            assert code == {truth: 1, guess: 2}.get(empty, 3)


@given(st.data())
def test_the_agreement_map_agrees_with_a_loop_over_the_pixels(data):
    mask = data.draw(arrays(np.uint8, (3, 4), elements=LABELS))
    first, second = (data.draw(arrays(np.uint8, (3, 4), elements=PREDICTED)) for _ in range(2))
    codes = agreement_map(mask, first, second)
    for truth, a, b, code in zip(mask.flat, first.flat, second.flat, codes.flat, strict=True):
        expected = 0 if a == b else 1 if a == truth else 2 if b == truth else 3
        assert code == (255 if truth == 255 else expected)


@pytest.mark.parametrize("num_classes", [2, 3, 5, 21, 200])
def test_a_label_picture_decodes_to_the_color_of_each_label(num_classes):
    names = tuple(f"class {k}" for k in range(num_classes))
    colors = class_colors(names, 1)
    labels = np.append(np.arange(num_classes), 255).astype(np.uint8)[None]
    pixels = decoded(label_png(labels, colors))[0]
    for pixel, color in zip(pixels, [*colors, IGNORED], strict=True):
        assert tuple(pixel) == (*color, 255) if color else pixel[3] == 0


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_an_image_survives_its_picture(shape):
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    expected = image if image.ndim == 3 else np.repeat(image[..., None], 3, -1)
    assert np.array_equal(decoded(png(image))[..., :3], expected)


def test_of_two_classes_the_membrane_is_tinted_and_else_the_second():
    assert tinting(("membrane", "cell"), 0).colors == [TINT, None]
    assert tinting(("sky", "ground"), None).colors == [None, TINT]


def test_of_many_classes_all_but_the_background_are_tinted():
    tints = tinting(("background", "cat", "dog"), None)
    assert tints.colors == [None, CATEGORICAL[1], CATEGORICAL[2]]
    assert tints.empty_class == 0


def test_twenty_one_classes_have_colors_that_differ():
    colors = class_colors(tuple(f"class {k}" for k in range(21)), None)
    assert len(set(colors)) == 21


@given(
    st.floats(-1e4, 1e4, allow_subnormal=False),
    st.floats(1e-3, 1e4, allow_subnormal=False),
    st.integers(2, 9),
)
def test_round_values_are_within_the_range_ascending_and_few(low, width, about):
    values = round_values(low, low + width, about)
    slack = 1e-6 * max(abs(low), width)
    assert all(low - slack <= value <= low + width + slack for value in values)
    assert values == sorted(set(values))
    assert len(values) <= about + 1


def test_a_line_passes_through_its_values():
    chart = line_chart("t", ("x", "y"), [1, 2, 4], [Lined("a", "s", [0.2, 0.8, 0.5])])
    dots = chart.lines[0].dots
    height = (0.8 - 0.2) * 1.12
    for dot, x, y in zip(dots, [1, 2, 4], [0.2, 0.8, 0.5], strict=True):
        assert dot.x == pytest.approx(50 + (x - 1) / 3 * 338, abs=0.01)
        share = (y - 0.2 + 0.036) / height
        assert dot.y == pytest.approx(186 - share * 174, abs=0.01)


def test_a_chart_of_one_point_and_one_value_can_be_drawn():
    chart = line_chart("t", ("x", "y"), [1], [Lined("a", "s", [0.0])])
    assert (chart.lines[0].dots[0].x, chart.lines[0].dots[0].y) == (219.0, 99.0)


def test_squared_bar_heights_have_the_proportions_of_the_counts():
    layer = read_layers(1, 120, 32)[2]
    histogram = histograms([layer], (50, 200))[0]
    heights = np.array([BOTTOM - bar.y for bar in histogram.bars])
    counts = np.array([count for count in layer.counts if count])
    covered = len(heights) - 1
    shares = heights**2 / (heights**2).max()
    assert shares[:covered] == pytest.approx((counts / counts.max())[:covered], abs=2e-3)
    assert heights.max() == pytest.approx(BOTTOM - TOP)


def test_the_last_bar_holds_all_rates_beyond_the_axis():
    layer = read_layers(2, 190, 160)[0]
    histogram = histograms([layer], (50, 200))[0]
    heights = np.array([BOTTOM - bar.y for bar in histogram.bars]) ** 2
    counts = np.array(layer.counts)
    end = round(_end(layer) / layer.edges_hz[1])
    assert counts[end:].sum() > 0
    expected = counts[end - 1 :].sum() / counts.sum()
    assert heights[-1] / heights.max() == pytest.approx(
        expected / (counts.max() / counts.sum()), abs=2e-3
    )


def _end(layer):
    """Return the rate below which 99.5 % of the neurons lie, by counting up."""
    seen, total = 0, sum(layer.counts)
    for edge, count in zip(layer.edges_hz[1:], layer.counts, strict=True):
        seen += count
        if seen >= 0.995 * total:
            return edge
    raise AssertionError


def test_the_band_is_shaded_where_its_rates_are():
    histogram = histograms(read_layers(1, 120, 32), (50, 200))[0]
    bar = next(bar for bar in histogram.bars if " 60 to 80 Hz" in bar.text)
    width = histogram.band[1] - histogram.band[0]
    assert (bar.x - histogram.band[0]) / width == pytest.approx(10 / 150, abs=1e-3)
