"""The settings of ``spikeseg demo``: small enough for two cores and three minutes."""

from spikeseg.config import (
    ActivationConfig,
    ConversionConfig,
    EvaluationConfig,
    NetworkConfig,
    RegularizerConfig,
    RunConfig,
    TrainingConfig,
)

DEMO_CONFIG = RunConfig(
    network=NetworkConfig(
        depth=3,
        width=8,
        downsampling="stride",
        upsampling="nearest",
        activation=ActivationConfig("relu"),
    ),
    training=TrainingConfig(
        epochs=8, steps_per_epoch=50, regularizer=RegularizerConfig(weight=0.0)
    ),
    conversion=ConversionConfig(recipes=("percentile", "half_threshold")),
    evaluation=EvaluationConfig(num_steps=32),
)
