"""Which way a capture takes: what a world can do decides how its frames are made."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.config import RenderConfig
from spinepose.errors import InputError
from synth.bone_markers import MarkerMap, load_map
from synth.unrealcv.capture import MASK, PARTS, Studio
from synth.unrealcv.driver import Driver
from synth.unrealcv.people import People
from synth.unrealcv.probe import Capabilities, probe
from synth.unrealcv.settle import Patience
from synth.unrealcv.stock import StockStudio
from synth.unrealcv.truth import BoneTruth

log = logging.getLogger(__name__)


def open_studio(
    driver: Driver, settings: RenderConfig, people: People | None
) -> tuple[Studio, dict[str, Any]]:
    """Look at a world and make what takes its frames.

    Args:
        driver: The world.
        settings: Of the stage.
        people: Of the engine's level; None where the capture functions show the run's own.

    Returns:
        The studio, and what the manifest should tell of the world.

    Raises:
        InputError: The world cannot give labelled frames this way.
    """
    patience = Patience(settings.warmup_frames, settings.settle_frames)
    truth = BoneTruth(_maps(settings.character_map)) if settings.character_map else None
    if people is None:
        version = driver.check_version()
        if driver.eager:
            return Studio(driver, truth), version
        found = _probe(driver, settings, ())
        studio = Studio(driver, truth, _ids(found, settings), patience)
        studio.may_give_up_mask = settings.mask == "auto"
        return studio, version | {"capabilities": found.note()}
    driver.eager = False
    found = _probe(driver, settings, [actor.object for actor in people.actors])
    lacking = [name for name in ("camera", "lit", "depth", "pause", "bones") if not found.has.get(name)]
    if lacking:
        raise InputError(
            f"world {driver.address} cannot give frames of a people file, it lacks: "
            + "; ".join(f"{name} ({found.said.get(name, 'no such command')})" for name in lacking)
        )
    stock = StockStudio(driver, people, _ids(found, settings), patience)
    stock.may_give_up_mask = settings.mask == "auto"
    how = "as the running game shows, paused"
    return stock, {"world": found.world, "capabilities": found.note(), "pose": how}


def _maps(name: str) -> Callable[[str], MarkerMap]:
    """Everybody's map, or from a folder each one's own."""
    if Path(name).is_dir():
        return lambda subject_id: load_map(str(Path(name) / f"{subject_id}.yaml"))
    plan = load_map(name)
    return lambda subject_id: plan


def _probe(driver: Driver, settings: RenderConfig, people: list[str] | tuple[()]) -> Capabilities:
    found = probe(driver, people, settings.mask != "never")
    for name, cost in found.missing.items():
        log.info("world %s lacks %s: %s", driver.address, name, cost)
    if settings.mask == "use" and not found.has.get("mask"):
        raise InputError(
            f"world {driver.address} has no mask ({found.said.get('mask', 'no such command')}), which render.mask=use "
            "asks for; with auto or never people are told from depth"
        )
    return found


def _ids(found: Capabilities, settings: RenderConfig) -> tuple[str, ...]:
    """Id pictures to ask for; parts without a mask would name nobody."""
    if settings.mask == "never" or not found.has.get("mask"):
        return ()
    return (MASK, PARTS) if found.has.get("parts") else (MASK,)
