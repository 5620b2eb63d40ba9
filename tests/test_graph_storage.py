"""``graph.npz``: what is written comes back; what is damaged is said to be damaged."""

import dataclasses
import json
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from drawn_transforms import KINDS, chains
from dyadic import images, unet_graph
from spikeseg.engine import simulate
from spikeseg.errors import CorruptFileError, FormatVersionError, SpikeSegError
from spikeseg.graph import Connection, Population, SpikingGraph, load_graph, save_graph
from spikeseg.graph.transforms import output_shape
from spikeseg.neurons import Neuron

NEURON = Neuron("loihi", v_threshold=0.1, v_initial=0.3, tau_syn=4.7)


@pytest.fixture
def stored(tmp_path):
    """Return the path of a stored graph."""
    path = tmp_path / "graph.npz"
    save_graph(unet_graph(NEURON, upsampling="bilinear"), path, made_from="ab12")
    return path


def assert_same(first, second):
    assert type(first) is type(second)
    for field in dataclasses.fields(first):
        one, other = getattr(first, field.name), getattr(second, field.name)
        if isinstance(one, np.ndarray):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)
        else:
            assert one == other
            assert type(one) is type(other)


def assert_same_graph(first, second):
    assert first.populations == second.populations
    assert first.dt_ms == second.dt_ms
    assert len(first.connections) == len(second.connections)
    for one, other in zip(first.connections, second.connections, strict=True):
        assert (one.source, one.target) == (other.source, other.target)
        assert len(one.transforms) == len(other.transforms)
        for a, b in zip(one.transforms, other.transforms, strict=True):
            assert_same(a, b)


@pytest.mark.parametrize("upsampling", ["transposed", "nearest", "bilinear"])
def test_a_graph_comes_back_as_it_was_and_simulates_identically(tmp_path, upsampling):
    graph = dataclasses.replace(
        unet_graph(NEURON, downsampling="average", upsampling=upsampling), dt_ms=0.7
    )
    save_graph(graph, tmp_path / "graph.npz")
    loaded = load_graph(tmp_path / "graph.npz")
    assert_same_graph(graph, loaded)
    first, second = (simulate(g, images(1, 2, 8, 8), 9) for g in (graph, loaded))
    assert torch.equal(first.potential, second.potential)
    assert all(torch.equal(c, second.spike_counts[n]) for n, c in first.spike_counts.items())


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_every_transform_comes_back_as_it_was(tmp_path_factory, kind, data):
    chain, shape = data.draw(chains(kinds=(kind,)))
    ends = (Population("input", shape), Population("output", output_shape(chain, shape)))
    graph = SpikingGraph(ends, (Connection("input", "output", chain),))
    path = tmp_path_factory.mktemp("graph") / "graph.npz"
    save_graph(graph, path)
    assert_same_graph(graph, load_graph(path))


def test_a_graph_can_be_written_under_any_name(tmp_path):
    save_graph(unet_graph(NEURON), tmp_path / "new" / "my.graph")
    assert [f.name for f in (tmp_path / "new").iterdir()] == ["my.graph"]
    assert_same_graph(load_graph(tmp_path / "new" / "my.graph"), unet_graph(NEURON))


def test_a_stored_graph_says_what_it_was_made_from(stored):
    structure = json.loads(str(np.load(stored, allow_pickle=False)["structure"]))
    assert structure["made_from"] == "ab12"
    assert structure["format"] == 2


def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_graph(tmp_path / "none.npz")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 0.999])
def test_a_file_that_is_cut_short_is_called_damaged(stored, share):
    content = stored.read_bytes()
    stored.write_bytes(content[: int(share * len(content))])
    with pytest.raises(CorruptFileError, match=r"graph\.npz .* damaged .* convert .* again"):
        load_graph(stored)


@pytest.mark.parametrize("content", [b"", b"garbage " * 99, b"PK\x03\x04" + b"\0" * 99, b"{}"])
def test_a_file_of_garbage_is_called_damaged(tmp_path, content):
    (tmp_path / "graph.npz").write_bytes(content)
    with pytest.raises(CorruptFileError, match="not a spiking graph"):
        load_graph(tmp_path / "graph.npz")


@settings(max_examples=150, deadline=None)
@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_is_noticed_or_does_no_harm(tmp_path_factory, where, bit):
    path = tmp_path_factory.getbasetemp() / "flipped.npz"
    graph = SpikingGraph(
        (Population("input", (1, 2, 2)), Population("output", (1, 2, 2))),
        (Connection("input", "output", ()),),
    )
    save_graph(graph, path)
    content = bytearray(path.read_bytes())
    content[int(where * len(content))] ^= 1 << bit
    path.write_bytes(content)
    try:
        loaded = load_graph(path)
    except SpikeSegError:
        return
    assert_same_graph(loaded, graph)


def rewritten(path, change):
    """Store the same file with another structure; return its path."""
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    structure = json.loads(str(arrays.pop("structure")))
    changed = change(structure) or structure
    np.savez(path, structure=np.array(json.dumps(changed)), **arrays)
    return path


def test_another_format_version_is_refused_and_names_both(stored):
    rewritten(stored, lambda s: s.update(format=99, version="9.9"))
    with pytest.raises(FormatVersionError, match=r"format 99, .* spikeseg 9\.9; .* reads format 2"):
        load_graph(stored)


def drop_array(structure):
    structure["connections"][0]["transforms"][0]["weight"] = {"array": "array999"}


def unknown_kind(structure):
    structure["connections"][0]["transforms"][0]["kind"] = "Attention"


def unknown_field(structure):
    structure["connections"][0]["transforms"][0]["speed"] = 3


def flat_weight(structure):
    transform = structure["connections"][0]["transforms"][0]
    transform["weight"] = transform["bias"]


def no_weight(structure):
    structure["connections"][0]["transforms"][0]["weight"] = None


def short_shape(structure):
    structure["populations"][0]["shape"] = [1, 2]


def zero_stride(structure):
    structure["connections"][0]["transforms"][0]["stride"] = [0, 0]


def unknown_source(structure):
    structure["connections"][0]["source"] = "nobody"


def bad_neuron(structure):
    structure["populations"][1]["neuron"]["v_threshold"] = -1


@pytest.mark.parametrize(
    "change",
    [
        drop_array,
        unknown_kind,
        unknown_field,
        flat_weight,
        no_weight,
        short_shape,
        zero_stride,
        unknown_source,
        bad_neuron,
        lambda s: s.pop("populations") and None,
        lambda s: s.pop("format") and None,
        lambda s: [s],
        lambda s: "graph",
    ],
)
def test_a_structure_that_makes_no_graph_is_called_damaged(stored, change):
    with pytest.raises(CorruptFileError, match="not a spiking graph or is damaged"):
        load_graph(rewritten(stored, change))


def test_an_npz_of_something_else_is_called_damaged(tmp_path):
    np.savez(tmp_path / "other.npz", masks=np.zeros(3))
    with pytest.raises(CorruptFileError, match="structure"):
        load_graph(tmp_path / "other.npz")


def test_an_npy_file_is_called_damaged(tmp_path):
    np.save(tmp_path / "array.npy", np.zeros(3))
    with pytest.raises(CorruptFileError, match="not a spiking graph"):
        load_graph(tmp_path / "array.npy")


def test_a_pickle_inside_is_never_opened(tmp_path):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("the pickle was opened",))

    np.savez(tmp_path / "trap.npz", structure=np.array([Trap()], dtype=object))
    with zipfile.ZipFile(tmp_path / "trap.npz") as archive:
        assert archive.namelist() == ["structure.npy"]
    with pytest.raises(CorruptFileError, match="damaged"):
        load_graph(tmp_path / "trap.npz")


def test_a_write_that_fails_leaves_the_older_file_and_nothing_else(stored, monkeypatch):
    before = stored.read_bytes()

    def full_disk(file, **arrays):
        file.write(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez", full_disk)
    with pytest.raises(OSError, match="No space"):
        save_graph(unet_graph(Neuron()), stored)
    assert stored.read_bytes() == before
    assert [f.name for f in stored.parent.iterdir()] == [stored.name]
