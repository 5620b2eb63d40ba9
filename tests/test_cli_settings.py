"""Settings from YAML and dotted options: precedence, what is written, what is refused."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from conftest import Answer
from spikeseg import RunConfig
from spikeseg.cli import main
from spikeseg.cli.arguments import config_parser, run_config, with_config_first
from spikeseg.config import ChipConfig
from spikeseg.runs.folder import differences, from_dict

Call = Callable[..., Answer]


def parsed(*arguments: object) -> RunConfig:
    parser = config_parser("run", "")
    texts = [str(a) for a in arguments]
    return run_config(parser.parse(with_config_first([*texts, "--out", "x"])), parser)


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "settings.yaml"
        path.write_text(text)
        return path

    return write


def test_without_arguments_the_settings_are_the_defaults() -> None:
    assert parsed() == RunConfig()


def test_a_yaml_file_gives_what_from_dict_gives(tiny_yaml: Path) -> None:
    assert parsed(tiny_yaml) == from_dict(RunConfig, yaml.safe_load(tiny_yaml.read_text()), "")


def test_a_dotted_option_goes_before_the_file_and_changes_nothing_else(tiny_yaml: Path) -> None:
    changed = parsed(tiny_yaml, "--network.width", 7, "--training.regularizer.weight=0.5")
    assert (changed.network.width, changed.training.regularizer.weight) == (7, 0.5)
    assert differences(changed, parsed(tiny_yaml)) == [
        "network.width",
        "training.regularizer.weight",
    ]


def test_the_file_may_also_be_an_option(tiny_yaml: Path) -> None:
    for option in (["--config", tiny_yaml], [f"--config={tiny_yaml}"]):
        assert parsed(*option, "--seed", 4) == parsed(tiny_yaml, "--seed", 4)


def test_of_two_equal_options_the_last_counts() -> None:
    assert parsed("--seed", 1, "--seed", 2).seed == 2


def test_numbers_are_written_as_people_do(written: Callable[[str], Path]) -> None:
    config = parsed(written("training: {learning_rate: 1e-3, weight_decay: 0}\n"))
    assert (config.training.learning_rate, config.training.weight_decay) == (1e-3, 0.0)
    assert parsed("--evaluation.membrane_class", "null").evaluation.membrane_class is None


def test_a_chip_is_chosen_by_any_of_its_settings(written: Callable[[str], Path]) -> None:
    assert parsed().chip is None
    assert parsed("--chip", "{}").chip == ChipConfig()
    assert parsed("--chip.rounds", 3, "--chip.name=toy").chip == ChipConfig("toy", rounds=3)
    path = written("chip: {num_steps: 9}\n")
    assert parsed(path, "--chip.rounds", 1).chip == ChipConfig(num_steps=9, rounds=1)
    assert parsed(path, "--chip", "null").chip is None


def test_a_chip_is_read_back_from_what_is_written(tiny_yaml: Path) -> None:
    config = parsed(tiny_yaml, "--chip.num_steps", 9)
    written = json.loads(json.dumps(dataclasses.asdict(config)))
    assert from_dict(RunConfig, written, "") == config
    assert differences(config, parsed(tiny_yaml)) == ["chip"]
    other = parsed(tiny_yaml, "--chip.num_steps", 8)
    assert differences(config, other) == ["chip.num_steps"]


def test_printed_settings_are_accepted_again(
    tiny_yaml: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(tiny_yaml), "--out", "x", "--seed", "5", "--print_config"]) == 0
    path = tmp_path / "printed.yaml"
    path.write_text(capsys.readouterr().out)
    assert parsed(path) == parsed(tiny_yaml, "--seed", 5)


WRONG_YAML = [
    ("trainig: {epochs: 2}", ["'trainig'", "did you mean 'training'"]),
    ("training: {epoch: 2}", ["'training.epoch'", "did you mean 'epochs'"]),
    (
        "network: {activation: {unit_rate: 2}}",
        ["'network.activation.unit_rate'", "did you mean 'unit_rate_hz'"],
    ),
    ("training: {epochs: 0}", ["training.epochs is 0", "must be positive"]),
    ("training: {epochs: two}", ["training.epochs", "int", "two"]),
    ("training: {epochs: 2.5}", ["training.epochs", "int", "2.5"]),
    ("training: {precision: float16}", ["training.precision", "bfloat16", "float16"]),
    ("training: 5", ["training is 5", "it is a group", "epochs"]),
    ("network: {activation: relu}", ["network.activation is 'relu'", "name, unit_rate_hz"]),
    ("training:\nseed: 1", ["training is None", "it is a group"]),
    ("chip: {nam: toy}", ["'chip.nam'", "did you mean 'name'"]),
    ("chip: toy", ["chip is 'toy'", "it is a group", "num_steps"]),
    ("chip: {num_steps: 0}", ["chip.num_steps is 0", "at least 1"]),
    ("# nothing yet", ["holds nothing", "settings by name"]),
    ("network: {width: [1]}", ["network.width", "int"]),
    ("- a\n- list", ["list", "settings by name"]),
    ("training: {epochs: 2", ["not valid YAML", "line 1"]),
]


@pytest.mark.parametrize(("text", "parts"), WRONG_YAML)
def test_a_wrong_yaml_file_is_refused_in_one_line(
    spikeseg: Call, written: Callable[[str], Path], tmp_path: Path, text: str, parts: list[str]
) -> None:
    answer = spikeseg("run", written(text), "--out", tmp_path / "run")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("spikeseg: error: ")
    assert answer.err.count("\n") == 1
    for part in parts:
        assert part in answer.err
    assert not (tmp_path / "run").exists()


WRONG_OPTIONS = [
    (["--trainig.epochs", "2"], ["'--trainig.epochs'", "did you mean '--training.epochs'"]),
    (["--training.epoch=2"], ["'--training.epoch'", "did you mean '--training.epochs'"]),
    (["--resum"], ["'--resum'", "did you mean '--resume'"]),
    (["--training.epochs", "0"], ["training.epochs is 0", "must be positive"]),
    (["--training.epochs", "two"], ["training.epochs", "int", "two"]),
    (["--training.workers", "-1"], ["training.workers is -1", "0 or more"]),
    (["--training.precision", "half"], ["training.precision", "bfloat16", "half"]),
    (["--device", "tpu"], ["device", "cuda", "tpu"]),
    (["--data.name", "clls"], ["no dataset", "'clls'", "did you mean 'cells'"]),
    (["--network.name", "unett"], ["no network", "'unett'", "did you mean 'unet'"]),
    (["--network.activation.name", "rleu"], ["no activation", "did you mean 'relu'"]),
    (["--conversion.neuron", "if_sft"], ["no neuron", "did you mean 'if_soft'"]),
    (["--conversion.recipes", "[percntile]"], ["no conversion recipe", "'percentile'"]),
    (["--training.crop", "500"], ["training.crop is 500", "64 x 64", "Set training.crop to 64"]),
    (["--training.crop", "33"], ["training.crop is 33", "multiple of 2", "Use 34"]),
    (["--evaluation.crop", "128"], ["evaluation.crop is 128", "64 pixels", "Use 64"]),
    (["--evaluation.crop", "31"], ["evaluation.crop is 31", "multiple of 2", "Use 30"]),
    (["--evaluation.membrane_class", "2"], ["membrane_class is 2", "0 to 1"]),
    (["--data.test", "3-9"], ["data.test is '3-9'", "images 0 to 4"]),
    (["--chip.num_step", "3"], ["'--chip.num_step'", "did you mean '--chip.num_steps'"]),
    (["--chip.percentile", "0"], ["chip.percentile is 0", "(0, 100]"]),
    (["--data.root", "here"], ["data.root is 'here'", "does not take it"]),
    (["--training.augmentation.noise", "3"], ["augmentation.noise is 3", "0 (off) to 1"]),
]


@pytest.mark.parametrize(("options", "parts"), WRONG_OPTIONS, ids=lambda v: str(v[0]))
def test_a_wrong_option_is_refused_before_anything_is_written(
    spikeseg: Call, tiny_yaml: Path, tmp_path: Path, options: list[str], parts: list[str]
) -> None:
    answer = spikeseg("run", tiny_yaml, "--out", tmp_path / "run", *options)
    assert (answer.code, answer.out) == (2, "")
    assert "Traceback" not in answer.err
    message = answer.err.strip().splitlines()[-1]
    assert message.startswith("spikeseg: error: ")
    for part in parts:
        assert part in message
    assert not (tmp_path / "run").exists()


def test_a_yaml_file_that_is_not_there_is_said_so(spikeseg: Call, tmp_path: Path) -> None:
    answer = spikeseg("run", tmp_path / "gone.yaml", "--out", tmp_path / "run")
    assert answer.code == 2
    assert "gone.yaml does not exist" in answer.err


def test_out_is_asked_for(spikeseg: Call, tiny_yaml: Path) -> None:
    answer = spikeseg("run", tiny_yaml)
    assert answer.code == 2
    assert "out" in answer.err


def test_an_unknown_command_lists_the_known_and_suggests_the_nearest(spikeseg: Call) -> None:
    answer = spikeseg("evalute", "x")
    assert (answer.code, answer.out) == (2, "")
    assert "there is no command 'evalute'" in answer.err
    assert "did you mean 'evaluate'" in answer.err
