"""Commands about how a camera takes pictures: projection, exposure, motion blur, focus.

A camera of this world is a pinhole with a fixed exposure. What it has by nature is answered ``ok``, what it
lacks ``error Not Implemented``, so that no client believes in an effect that its pictures do not show.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from synth.world.commands import ARGUMENT_INVALID, NOT_IMPLEMENTED, OK, CommandError, command

if TYPE_CHECKING:
    from synth.world.world import World

_MAX_BIAS_EV = 8.0


def get_projection(world: World, index: int) -> str:
    world.scene.camera(index)
    return "perspective"


def choose(
    name: str, has: tuple[str, ...], lacks: tuple[str, ...], world: World, index: int, value: str
) -> str:
    """Choose a method: what the renderer does is ok, what only an engine does is not implemented."""
    world.scene.camera(index)
    if value.lower() in has:
        return OK
    if value.lower() in lacks:
        return NOT_IMPLEMENTED
    options = ", ".join((*has, *lacks))
    raise CommandError(f"error Can not support {name} {value[:80]}, available options are {options}")


def set_exposure_bias(world: World, index: int, stops: float) -> str:
    if abs(stops) > _MAX_BIAS_EV:
        raise CommandError(ARGUMENT_INVALID)
    world.scene.camera(index).exposure_bias_ev = stops
    return OK


def unused(world: World, index: int, *values: float) -> str:
    """Settings of what is off: of automatic exposure, and of the blur of things that hold still."""
    world.scene.camera(index)
    if min(values) < 0:
        raise CommandError(ARGUMENT_INVALID)
    return OK


def set_physical_exposure(world: World, index: int, on: int) -> str:
    world.scene.camera(index)
    return NOT_IMPLEMENTED if on else OK


def lacking(world: World, index: int, *values: float) -> str:
    world.scene.camera(index)
    return NOT_IMPLEMENTED


_CHOICES = {
    "projection_type": ("camera mode", ("perspective",), ("orthographic",), "perspective; not orthographic"),
    "exposure_method": ("auto exposure mode", ("manual",), ("histogram", "basic"), "manual; not automatic"),
    "lit_source": (
        "lit source",
        ("ldr",),
        ("ftc_hdr", "fc_hdr", "sc_hdr", "scna_hdr", "base", "color_depth", "scene_depth", "device_depth", "normal"),
        "ldr; no other",
    ),
    "reflection": ("reflection method", ("none",), ("lumen", "screen_space"), "none; no other"),
    "illumination": (
        "global illumination method",
        ("none",),
        ("lumen", "screen_space", "plugin"),
        "none; no other",
    ),
}  # fmt: skip

COMMANDS = (
    command("vget /camera/[uint]/projection_type", get_projection, "perspective"),
    *(
        command(f"vset /camera/[uint]/{key} [str]", partial(choose, name, has, lacks), help_text)
        for key, (name, has, lacks, help_text) in _CHOICES.items()
    ),
    command("vset /camera/[uint]/ortho_width [float]", lacking, "Refused: there is no orthographic camera"),
    command(
        "vset /camera/[uint]/exposure_bias [float]",
        set_exposure_bias,
        "Stops added to the place's exposure, -8 to 8",
    ),
    command("vset /camera/[uint]/auto_speed [float] [float]", unused, "Accepted; exposure is not automatic"),
    command(
        "vset /camera/[uint]/auto_brightness [float] [float]", unused, "Accepted; exposure is not automatic"
    ),
    command("vset /camera/[uint]/physical_exposure [uint]", set_physical_exposure, "0; not 1"),
    command(
        "vset /camera/[uint]/motion_blur [float] [float] [float] [uint]",
        unused,
        "Accepted: amount, most, size of objects, frame rate; nothing moves by itself, so nothing blurs",
    ),
    command("vset /camera/[uint]/focal [float] [float]", lacking, "Refused: everything is in focus"),
)
