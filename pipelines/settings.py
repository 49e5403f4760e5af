"""Turning YAML files and ``--set`` options into a checked config, with errors that name the nearest known key."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from pipelines.config import RunConfig
from spinepose.errors import InputError

PRESETS = Path(__file__).parent / "presets"


def known_keys(model: type[BaseModel], prefix: str = "") -> list[str]:
    """All dotted keys of a config model."""
    keys = []
    for name, info in model.model_fields.items():
        keys.append(prefix + name)
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            keys += known_keys(info.annotation, f"{prefix}{name}.")
    return keys


def _nearest(key: str) -> str:
    keys = known_keys(RunConfig)
    leaf = key.rsplit(".", 1)[-1]
    matches = difflib.get_close_matches(key, keys, 1, 0.6) or [
        k
        for m in difflib.get_close_matches(leaf, [k.rsplit(".", 1)[-1] for k in keys], 1, 0.5)
        for k in keys
        if k.endswith(m)
    ]
    return f"did you mean '{matches[0]}'?" if matches else "see 'spineforge config show'"


def _merge(base: dict[str, Any], override: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in override.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file of overrides.

    Raises:
        InputError: Missing, not YAML, or not a mapping.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); check the path given to --config"
        ) from error
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not valid YAML ({' '.join(str(error).split())})") from error
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise InputError(f"{path}: holds a {type(data).__name__}, expected 'key: value' lines")
    return data


def parse_set(option: str) -> dict[str, Any]:
    """Turn ``a.b=value`` into ``{"a": {"b": value}}``; the value is read as YAML.

    Raises:
        InputError: There is no ``=`` or no key.
    """
    key, equals, text = option.partition("=")
    if not equals or not key.strip():
        raise InputError(f"--set {option!r}: write it as KEY=VALUE, e.g. --set render.camera.fov_deg=60")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"--set {option!r}: the value is not valid YAML") from error
    for name in reversed(key.strip().split(".")):
        value = {name: value}
    return value


def load_config(
    config_file: Path | None = None,
    sets: list[str] | None = None,
    seed: int | None = None,
    preset: str | None = None,
) -> RunConfig:
    """Resolve defaults, a preset, a YAML file, ``--set`` options and ``--seed``, in this order.

    Raises:
        InputError: An unknown key (with the nearest known one) or a value out of bounds.
    """
    data = read_yaml(PRESETS / f"{preset}.yaml") if preset else {}
    if config_file is not None:
        data = _merge(data, read_yaml(config_file))
    for option in sets or []:
        data = _merge(data, parse_set(option))
    if seed is not None:
        data["seed"] = seed
    try:
        return RunConfig.model_validate(data)
    except ValidationError as error:
        raise InputError(_explain(error)) from error


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"unknown config key '{key}': {_nearest(key)}"
    return f"config key '{key}': {first['msg']}, got {first.get('input')!r}"


def describe_config(config: RunConfig, model: BaseModel | None = None, indent: int = 0) -> str:
    """The resolved config as YAML with each field's meaning as a comment above it."""
    model = config if model is None else model
    lines = []
    pad = "  " * indent
    for name, info in type(model).model_fields.items():
        value = getattr(model, name)
        if info.description:
            lines.append(f"{pad}# {info.description}")
        if isinstance(value, BaseModel):
            lines += [f"{pad}{name}:", describe_config(config, value, indent + 1)]
        else:
            lines.append(f"{pad}{name}: {_one_line(model.model_dump(mode='json')[name])}")
    return "\n".join(lines)


def _one_line(value: Any) -> str:
    return yaml.safe_dump(value, default_flow_style=True, width=10**6).strip().removesuffix("...").strip()
