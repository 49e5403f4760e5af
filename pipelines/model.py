"""``spineforge model``: write the musculoskeletal model as a file, and say what is in one."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from opensim_models.build import write_osim
from opensim_models.describe import as_text, description, sources_table
from opensim_models.marker_maps import tables
from opensim_models.osim_file import read_osim
from opensim_models.spec import ModelSpec
from opensim_models.spine import (
    DEFAULT_KYPHOSIS_RAD,
    DEFAULT_LORDOSIS_RAD,
    DEFAULT_SACRAL_SLOPE_RAD,
    nominal_spine,
)
from opensim_models.subject import average_shape, model_spec
from spinepose.errors import InputError

OWN_MARKERS, NO_MARKERS = "spineforge", "none"
# Beyond these, vertebrae run into each other or the head leaves the trunk (tried).
_CURVES_DEG = {"lordosis": (10.0, 90.0), "kyphosis": (5.0, 80.0), "sacral slope": (0.0, 70.0)}


@dataclass(frozen=True)
class ModelOptions:
    """The person a model is made for; degrees, metres, kilograms."""

    stature_m: float = 1.70
    mass_kg: float = 70.0
    sex: str = "female"
    lordosis_deg: float = float(np.degrees(DEFAULT_LORDOSIS_RAD))
    kyphosis_deg: float = float(np.degrees(DEFAULT_KYPHOSIS_RAD))
    sacral_slope_deg: float = float(np.degrees(DEFAULT_SACRAL_SLOPE_RAD))
    markers: str = OWN_MARKERS


def marker_sets() -> tuple[str, ...]:
    """Names that ``--markers`` takes: this project's, none, or those of a laboratory's convention."""
    return (OWN_MARKERS, NO_MARKERS, *(table.name for table in tables()))


def make_spec(options: ModelOptions) -> ModelSpec:
    """The model of an average person.

    Raises:
        InputError: A number that no person has, or an unknown marker set.
    """
    if not 15 <= options.mass_kg <= 400:
        raise InputError(f"--mass is {options.mass_kg}; give kilograms between 15 and 400")
    curves = (options.lordosis_deg, options.kyphosis_deg, options.sacral_slope_deg)
    for (name, (low, high)), value in zip(_CURVES_DEG.items(), curves, strict=True):
        if not low <= value <= high:
            raise InputError(
                f"--{name.replace(' ', '-')} is {value}; give degrees between {low:g} and {high:g}"
            )
    spine = nominal_spine(options.stature_m, options.sex, *np.radians(curves))
    spec = model_spec(average_shape(options.stature_m, options.mass_kg, spine, "spineforge"))
    return _with_markers(spec, options.markers)


def build(out: Path, options: ModelOptions, picture: Path | None = None) -> None:
    """Write a model, and a picture of it where asked.

    Raises:
        InputError: See :func:`make_spec`; or ``out`` is no ``.osim``.
    """
    if out.suffix != ".osim":
        raise InputError(f"--out {out}: give a file that ends in .osim")
    if not out.parent.is_dir():
        raise InputError(f"--out {out}: the folder {out.parent} does not exist")
    write_osim(make_spec(options), out)
    if picture is not None:
        from pipelines.model_picture import draw_model

        draw_model(out, picture)


def describe(file: Path | None, as_json: bool) -> str:
    """What is in a model file, or in the average model where none is given."""
    what = description(make_spec(ModelOptions()) if file is None else read_osim(file))
    if as_json:
        return json.dumps({**what, "sources": sources_table()}, indent=1)
    return as_text(what, sources_table())


def _with_markers(spec: ModelSpec, name: str) -> ModelSpec:
    """The model with the markers of a convention, by the convention's own names."""
    if name == OWN_MARKERS:
        return spec
    if name == NO_MARKERS:
        return replace(spec, markers=())
    table = next((t for t in tables() if t.name == name), None)
    if table is None:
        raise InputError(f"--markers {name!r} is unknown; choose one of {', '.join(marker_sets())}")
    theirs: dict[str, str] = {}
    for label, target in table.targets.items():
        theirs.setdefault(target, label)  # the table's first name of several
    return replace(
        spec, markers=tuple(replace(m, name=theirs[m.name]) for m in spec.markers if m.name in theirs)
    )
