"""The configuration files parse; cells.yaml is what the demo does."""

import dataclasses

import pytest

from pages import ROOT
from spikeseg.cli.arguments import config_parser, run_config, with_config_first
from spikeseg.cli.demo import DEMO_CONFIG
from spikeseg.data import load
from spikeseg.runs.folder import differences

CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))


def parsed(path, *arguments):
    """Return the settings that ``spikeseg run PATH`` would use."""
    parser = config_parser("run", "")
    options = parser.parse(with_config_first([str(path), "--out", "x", *arguments]))
    return run_config(options, parser)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_a_configuration_file_parses(path):
    config = parsed(path, "--seed", "3")
    assert config.seed == 3


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_a_configuration_file_says_how_it_is_run(path):
    assert "spikeseg run" in path.read_text("utf-8").split("\n\n")[0]


def test_cells_yaml_has_the_settings_of_the_demo():
    config = parsed(ROOT / "configs/cells.yaml")
    assert differences(dataclasses.replace(config, data=DEMO_CONFIG.data), DEMO_CONFIG) == []


def test_cells_yaml_spells_out_the_data_that_the_demo_uses():
    written, default = load(parsed(ROOT / "configs/cells.yaml").data), load(DEMO_CONFIG.data)
    assert written.split == default.split
    assert (written.test[0].image == default.test[0].image).all()
