"""ONNX files: equal to torch in float32, quantized in INT8, an error without the extra."""

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

from spikeseg.config import NetworkConfig
from spikeseg.errors import ConfigError, ProgramError, UnsupportedLayerError
from spikeseg.exporters.onnx import OnnxNetwork, check_int8, export_float32, quantize_int8
from spikeseg.networks import make_network


def images(seed: int, *shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    made = make_network(NetworkConfig(depth=1, width=3, upsampling="transposed"), 1, 2)
    with torch.no_grad():  # else batch norm is nearly the identity
        for _ in range(20):
            made(images(1, 4, 1, 16, 16))
    return made.eval()


@pytest.fixture(scope="module")
def files(network: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The network in float32, for images of any even size, and in INT8."""
    folder = tmp_path_factory.mktemp("onnx")
    paths = folder / "a.onnx", folder / "b.onnx"
    assert export_float32(network, paths[0], images(2, 2, 1, 16, 16), multiple=2) < 1e-5
    quantize_int8(*paths, images(3, 8, 1, 16, 16).numpy())
    return paths


@pytest.mark.parametrize("shape", [(1, 1, 16, 16), (5, 1, 16, 16), (2, 1, 40, 22)])
def test_float32_gives_torch_s_logits_for_any_batch_and_size(
    network: nn.Module, files: tuple[Path, Path], shape: tuple[int, ...]
) -> None:
    given = images(4, *shape)
    with torch.inference_mode():
        expected = network(given).numpy()
    np.testing.assert_allclose(OnnxNetwork(files[0])(given.numpy()), expected, atol=1e-5)


def test_both_files_are_valid_and_only_they_are_left(files: tuple[Path, Path]) -> None:
    for path in files:
        onnx.checker.check_model(str(path), full_check=True)
    assert set(files[0].parent.iterdir()) == set(files)


def test_int8_weights_of_every_convolution_have_a_scale_for_each_channel(
    files: tuple[Path, Path],
) -> None:
    graph = onnx.load(files[1]).graph
    values = {i.name: onnx.numpy_helper.to_array(i) for i in graph.initializer}
    makers = {name: node for node in graph.node for name in node.output}
    convolutions = [n for n in graph.node if n.op_type in ("Conv", "ConvTranspose")]
    assert {n.op_type for n in convolutions} == {"Conv", "ConvTranspose"}
    for node in convolutions:
        unpack = makers[node.input[1]]
        weight, scale = (values[name] for name in unpack.input[:2])
        assert unpack.op_type == "DequantizeLinear"
        assert weight.dtype == np.int8
        assert scale.shape == (weight.shape[1 if node.op_type == "ConvTranspose" else 0],)


def test_int8_logits_differ_by_few_steps_of_their_own_scale(
    network: nn.Module, files: tuple[Path, Path]
) -> None:
    given = images(5, 4, 1, 16, 16)
    with torch.inference_mode():
        logits = network(given).numpy()
    found = OnnxNetwork(files[1])(given.numpy())
    step = (logits.max() - logits.min()) / 255
    assert 0 < np.abs(found - logits).max() < 12 * step


def test_the_check_counts_pixels_as_numpy_does(files: tuple[Path, Path]) -> None:
    given = images(6, 3, 1, 16, 16).numpy()
    both = OnnxNetwork(files[0]), OnnxNetwork(files[1])
    first, second = (n(given).argmax(1) for n in both)
    masks = np.random.default_rng(0).integers(0, 2, first.shape).astype(np.uint8)
    masks[0, :5] = 255
    check = check_int8(*both, given, masks)
    known = masks < 255
    assert check.agreement == np.mean(first == second)
    assert check.float32_accuracy == np.sum((first == masks) & known) / known.sum()
    assert check.int8_accuracy == np.sum((second == masks) & known) / known.sum()
    assert check_int8(*both, given).int8_accuracy is None


def test_logits_other_than_torch_s_are_an_error_and_no_file_is_left(
    tmp_path: Path, network: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = OnnxNetwork.__call__
    monkeypatch.setattr(OnnxNetwork, "__call__", lambda self, given: right(self, given) * 1.001)
    with pytest.raises(ProgramError, match=r"differ from torch's by a share of 1\.0e-03"):
        export_float32(network, tmp_path / "x.onnx", images(7, 2, 1, 16, 16))
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_onnx_cannot_express_is_refused(tmp_path: Path) -> None:
    class Odd(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x if x.sum().item() > 0 else -x

    with pytest.raises(UnsupportedLayerError, match="torch cannot write Odd as ONNX"):
        export_float32(Odd().eval(), tmp_path / "x.onnx", images(8, 2, 1, 16, 16))


@pytest.mark.parametrize("name", ["onnx", "onnxscript", "onnxruntime"])
def test_without_the_extra_the_error_names_the_line_that_brings_it(
    tmp_path: Path, network: nn.Module, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigError, match=rf"{name} is not .*pip install 'spikeseg\[onnx\]'"):
        export_float32(network, tmp_path / "x.onnx", images(9, 2, 1, 16, 16))
