"""What a run's own labels are made of, and under which licence each of it stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opensim_models.fit import LANDMARK_SET
from pipelines.config import ScenesConfig
from spinepose.coco import SCHEMA_VERSION

OWN_LICENCE = "CC0-1.0"
#: Of what a user brought in; only they know it.
NOT_STATED = "not stated"
_WITHOUT_TEXT = (NOT_STATED, "research-only")


def licence_url(licence: str) -> str:
    """Where the text of a licence stands, by its SPDX id; empty for what is none."""
    return "" if licence in _WITHOUT_TEXT else f"https://spdx.org/licenses/{licence}.html"


def own_info(scenes: ScenesConfig, seed: int, split: str, counts: Mapping[str, int]) -> dict[str, Any]:
    """``info`` of a split's COCO file: what it is, its sources and the strictest of their licences.

    Bodies are made from MakeHuman's CC0 assets and all else is procedural. Recorded motions and photographs that a
    user gave are sources of their own whose licence only the user knows.
    """
    size = {"images": counts[f"{split}_images"], "annotations": counts[f"{split}_annotations"]}
    sources = [{"name": f"spineforge synthetic, seed {seed}", "licence": OWN_LICENCE, "url": "", **size}]
    brought = [f"recorded motion {path.name}" for path in scenes.motion_files]
    brought += [f"{kind} in {path.name}" for kind, path in _photographs(scenes)]
    sources += [{"name": name, "licence": NOT_STATED, "url": "", **size} for name in brought]
    return {
        "description": f"spineforge synthetic, {split}",
        "version": "1.0",
        "schema_version": SCHEMA_VERSION,
        "landmark_set": LANDMARK_SET,
        "seed": seed,
        "licence": NOT_STATED if brought else OWN_LICENCE,
        "sources": sources,
    }


def _photographs(scenes: ScenesConfig) -> list[tuple[str, Any]]:
    given = (("photographs", scenes.backdrops), ("panoramas", scenes.panoramas))
    return [(kind, path) for kind, path in given if path is not None]
