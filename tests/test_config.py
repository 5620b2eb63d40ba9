"""Settings: what is out of range is refused where it enters, with the value and the range."""

import dataclasses

import pytest

from spikeseg import config
from spikeseg.config import (
    ActivationConfig,
    ConversionConfig,
    EvaluationConfig,
    NetworkConfig,
    RegularizerConfig,
    RunConfig,
    TrainingConfig,
)
from spikeseg.errors import ConfigError
from spikeseg.runs.folder import differences

NAN = float("nan")
KINDS = [k for k in vars(config).values() if isinstance(k, type) and dataclasses.is_dataclass(k)]
WRONG = [
    (ActivationConfig, "unit_rate_hz", 0.0),
    (ActivationConfig, "unit_rate_hz", NAN),
    (NetworkConfig, "depth", 0),
    (NetworkConfig, "depth", 9),
    (NetworkConfig, "width", 0),
    (NetworkConfig, "dropout", 1.0),
    (NetworkConfig, "dropout", -0.1),
    (RegularizerConfig, "weight", -1.0),
    (RegularizerConfig, "percentile", 0.0),
    (RegularizerConfig, "percentile", 100.5),
    (RegularizerConfig, "min_hz", 200.0),
    (RegularizerConfig, "min_hz", -1.0),
    (RegularizerConfig, "margin", 0.5),
    (TrainingConfig, "epochs", 0),
    (TrainingConfig, "steps_per_epoch", -1),
    (TrainingConfig, "batch_size", 0),
    (TrainingConfig, "crop", 0),
    (TrainingConfig, "learning_rate", 0.0),
    (TrainingConfig, "learning_rate", NAN),
    (TrainingConfig, "weight_decay", -1e-4),
    (TrainingConfig, "dice_weight", -1.0),
    (TrainingConfig, "workers", -1),
    (ConversionConfig, "percentile", 0.0),
    (ConversionConfig, "calibration_images", 0),
    (ConversionConfig, "num_steps", 0),
    (EvaluationConfig, "num_steps", 0),
    (EvaluationConfig, "crop", 0),
    (EvaluationConfig, "examples", 0),
    (RunConfig, "dt_ms", 0.0),
]


@pytest.mark.parametrize(("kind", "name", "value"), WRONG)
def test_a_value_out_of_range_is_refused_with_its_name_and_value(
    kind: type, name: str, value: float
) -> None:
    with pytest.raises(ConfigError) as caught:
        kind(**{name: value})
    message = str(caught.value)
    assert name in message
    assert str(value) in message
    assert "must be" in message


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)
def test_settings_cannot_be_changed_in_place(kind: type) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(kind(), dataclasses.fields(kind)[0].name, None)


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)
def test_every_setting_is_explained(kind: type) -> None:
    for field in dataclasses.fields(kind):
        assert f"        {field.name}: " in (kind.__doc__ or "")


def test_differences_are_named_by_their_dotted_names() -> None:
    other = RunConfig(
        seed=1, network=NetworkConfig(width=3, activation=ActivationConfig("clipped_relu"))
    )
    assert differences(RunConfig(), other) == ["network.width", "network.activation.name", "seed"]
    assert differences(other, other) == []
