"""What cannot be quantized is refused, naming the layer, the box, the value and the limit."""

from typing import Any

import numpy as np
import pytest

from spikeseg.compiling import Mode
from spikeseg.errors import CompileError, UnknownNameError
from tests.one_layer import one_layer, quantized

MODES: tuple[Mode, ...] = ("nengo", "corrected")
HERE = r"layer layer in the box \(0, 0, 0\)\.\.\(1, 1, 1\)"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("path", "fields", "message"),
    [
        ([1.0, np.nan], {}, rf"weight of {HERE} from in0 at \(0, 0, 1, 0\) is nan; .* finite"),
        ([np.inf], {}, rf"weight of {HERE} from in0 at \(0, 0, 0, 0\) is inf; .* finite"),
        ([100.0], {"bias": np.array([np.nan], np.float32)}, rf"bias of {HERE} at \(0,\) is nan"),
        ([100.0], {"threshold": 0.0}, rf"threshold of {HERE} at \(\) is 0.0; .* greater than 0"),
        ([100.0], {"threshold": np.ones(3, np.float32)}, rf"threshold of {HERE} has the shape \(3"),
        ([100.0], {"threshold": 1e9}, rf"threshold 1e\+09.* of {HERE} .* largest weight 100.*-7"),
        ([100.0], {"bias": np.array([1e9], np.float32)}, rf"bias 1e\+09 of {HERE}.* weight 100"),
        ([100.0], {"threshold": 1e-3}, rf"threshold 0.001 of {HERE} rounds to 0.*at least"),
        ([100.0], {"decay_u": 1e-4}, rf"decay_u of {HERE} is 0.0001; .*greater than 0.00012"),
        ([100.0], {"decay_u": 1.5}, rf"decay_u of {HERE} is 1.5; .*at most 1"),
        ([100.0], {"decay_v": -0.1}, rf"decay_v of {HERE} is -0.1; .*in 0..1"),
        ([100.0], {"scale_v": True}, rf"decay_v of {HERE} is 0.0; .*with scale_v"),
        ([100.0], {"refractory": 64}, rf"refractory of {HERE} is 64; .*in 1..63 steps"),
        ([100.0], {"refractory": 0}, rf"refractory of {HERE} is 0; .*in 1..63 steps"),
        ([100.0], {"v_min": 1.0}, rf"v_min of {HERE} is 1.0; .*0 or less"),
        ([100.0], {"v_max": -1.0}, rf"v_max of {HERE} is -1.0; .*0 or more"),
    ],
)
def test_a_value_that_the_chip_cannot_hold(
    path: list[float], fields: dict[str, Any], message: str, mode: Mode
) -> None:
    with pytest.raises(CompileError, match=message):
        quantized(one_layer(path, **fields), mode)


def test_the_limit_that_is_named_is_the_limit() -> None:
    with pytest.raises(CompileError, match="up to ") as caught:
        quantized(one_layer([1.0], threshold=1e6), "corrected")
    limit = float(str(caught.value).split("up to ")[1].split(". ")[0])
    quantized(one_layer([1.0], threshold=limit * 0.999), "corrected")
    with pytest.raises(CompileError):
        quantized(one_layer([1.0], threshold=limit * 1.001), "corrected")


def test_the_least_threshold_that_is_named_is_taken() -> None:
    with pytest.raises(CompileError, match="is worth") as caught:
        quantized(one_layer([100.0], threshold=1e-3), "corrected")
    least = float(str(caught.value).split("is worth ")[1].split(". ")[0])
    quantized(one_layer([100.0], threshold=least), "corrected")


def test_a_start_beyond_the_limits_of_the_membrane() -> None:
    with pytest.raises(CompileError, match=rf"v_initial of {HERE} is .* within 0\.\.8388607"):
        quantized(one_layer([100.0], v_initial=-1.0), "corrected")


def test_an_unknown_mode_is_refused_by_name() -> None:
    with pytest.raises(UnknownNameError, match=r"'nengoo'.*did you mean 'nengo'"):
        quantized(one_layer([1.0]), "nengoo")  # type: ignore[arg-type]


def test_a_threshold_beside_tiny_biases_and_no_weights_in_nengo_mode() -> None:
    network = one_layer([0.0], bias=np.array([1e-6], np.float32))
    with pytest.raises(CompileError, match=rf"threshold 1000 of {HERE}.*largest bias 1e-06"):
        quantized(network, "nengo")
