"""Config: unknown keys name the nearest known one, bounds hold, overrides come in order."""

from __future__ import annotations

import pytest

from pipelines.config import RunConfig
from pipelines.settings import PRESETS, describe_config, load_config
from spinepose.errors import InputError


def test_defaults_need_nothing():
    assert load_config() == RunConfig()


def test_order_of_overrides(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text("seed: 3\nscenes: {subjects: 10, scenes: 7}\n")
    config = load_config(file, ["scenes.subjects=12"], seed=None)
    assert (config.seed, config.scenes.subjects, config.scenes.scenes) == (3, 12, 7)
    assert load_config(file, [], seed=0).seed == 0  # 0 is a seed, not "unset"


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("scenes.subjets=3", "unknown config key 'scenes.subjets': did you mean 'scenes.subjects'"),
        ("render.camera.fov_deg=60", "did you mean 'scenes.camera'"),
        ("scenes.subjects=1", "greater than or equal to 2, got 1"),
        ("scenes.camera.distance_m=[5, 2]", "runs from 5.0 down to 2.0"),
        ("scenes.subjects", "write it as KEY=VALUE"),
    ],
)
def test_bad_options_are_one_line(option, message):
    with pytest.raises(InputError, match=r".") as caught:
        load_config(sets=[option])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["a: [1", "- 1\n- 2\n"])
def test_bad_yaml_is_one_line(tmp_path, text):
    file = tmp_path / "config.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=r"config\.yaml"):
        load_config(file)


def test_yaml_cannot_run_code(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text(f"seed: !!python/object/apply:os.mkdir ['{tmp_path}/made']\n")
    with pytest.raises(InputError, match="not valid YAML"):
        load_config(file)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("preset", [path.stem for path in PRESETS.glob("*.yaml")])
def test_presets_are_valid(preset):
    assert load_config(preset=preset) != RunConfig()


def test_config_show_prints_every_field_with_its_meaning(tmp_path):
    text = describe_config(RunConfig())
    assert "# Number of different bodies.\n  subjects: 24" in text
    file = tmp_path / "shown.yaml"
    file.write_text(text)
    assert load_config(file) == RunConfig()
