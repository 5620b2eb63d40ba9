"""Draws the same examples in every run, and does not make failing ones smaller; a pytest plugin."""

from hypothesis import Phase, settings

settings.register_profile(
    "mutations", phases=(Phase.explicit, Phase.generate), derandomize=True, database=None
)
settings.load_profile("mutations")
