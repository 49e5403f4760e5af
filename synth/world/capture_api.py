"""The capture functions (``vbp SpineForge <Function> ...``): what stock UnrealCV lacks; each answers JSON.

The Unreal project offers the same functions. Arguments hold no spaces: JSON goes in its compact form.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from opensim_models.anatomy.coordinates import REGIONAL_COORDINATES
from opensim_models.markers import MARKER_NAMES
from spinepose.skeleton import NAMES, SPINE_CHAIN
from synth.unreal_coords import matrix_to_unreal, to_unreal_cm
from synth.world.bones import bone_frames
from synth.world.clip_fit import ClipFit
from synth.world.commands import ARGUMENT_INVALID, CommandError, command
from synth.world.light import light_from_json
from synth.world.place_materials import BLACK, CHROME, DARK_GLASS, DARK_METAL, METAL, RUBBER
from synth.world.prop_stage import stage_props
from synth.world.scene_state import MAX_THINGS, NAME, CharacterThing, ObjectThing, Pose

if TYPE_CHECKING:
    from synth.world.world import World

CAPTURE_API = 1
MAX_CHARACTERS = 16
#: What ``SetMaterial`` knows; the Unreal project has materials of these names under ``/Game/SpineForge/Materials``.
NAMED_MATERIALS = {
    "Metal": METAL,
    "Chrome": CHROME,
    "DarkMetal": DARK_METAL,
    "Black": BLACK,
    "Rubber": RUBBER,
    "DarkGlass": DARK_GLASS,
}
_MAX_TICKS = 10_000
_MAX_TIME_S = 1e6


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def points_json(names: tuple[str, ...], points_m: np.ndarray) -> dict[str, list[float]]:
    """Named points in Unreal centimetres, rounded to 1e-6; those that are NaN are left out.

    Args:
        names: One name a point.
        points_m: Shape (len(names), 3), our world, metres.
    """
    rounded = np.round(to_unreal_cm(points_m), 6).tolist()
    known = np.isfinite(points_m).all(axis=1)
    return {name: point for name, point, ok in zip(names, rounded, known, strict=True) if ok}


def get_version(world: World) -> str:
    return _json(
        {
            "capture_api": CAPTURE_API,
            "world": "embedded",
            "renderer": world.renderer_name,
            "quality": world.quality,
        }
    )


def set_place(world: World, name: str, seed: int) -> str:
    """Start over in a place; answers the names of its objects."""
    if name not in world.places:
        raise CommandError(f"error no place '{name[:80]}'; there are {', '.join(world.places)}")
    world.set_place(name, seed)
    return _json({"objects": list(world.scene.things)})


def set_light(world: World, text: str) -> str:
    """Change fields of the place's own light; those not named go back to the place's."""
    changes = _read_object(text)
    world.scene.set_light(light_from_json(changes, world.scene.place.light))
    return _json({})


def _read_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text, parse_int=_plain_int, parse_constant=_plain_int)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise CommandError(f"{ARGUMENT_INVALID}: expected a JSON object without spaces")
    return value


def _plain_int(text: str) -> int:
    """A number of no more digits than any field has; neither NaN nor infinity."""
    if len(text) > 18:
        raise ValueError("too many digits")
    return int(text)


def spawn_character(world: World, name: str, spec_json: str) -> str:
    """Add a person in the T-pose at the origin; one of the same name is replaced, so asking twice does no harm."""
    scene = world.scene
    if not NAME.fullmatch(name):
        raise CommandError(ARGUMENT_INVALID)
    if name in scene.things and not isinstance(scene.things[name], CharacterThing):
        raise CommandError(f"error object {name} exists already and is no character")
    _read_object(spec_json)
    if name not in scene.things and (
        len(scene.characters()) >= MAX_CHARACTERS or len(scene.things) >= MAX_THINGS
    ):
        raise CommandError(f"error no more than {MAX_CHARACTERS} characters; destroy one first")
    body = world.characters.get(spec_json)
    if name in scene.things:
        scene.remove(name)
    thing = CharacterThing(
        name, Pose(), (0, 0, 0), mobility="movable", uclass="SpineForgeCharacter", spec_json=spec_json, body=body,
        clip=world.rest,
    )  # fmt: skip
    scene.add(thing)
    return _json(
        {"stature_cm": round(100 * float(body.stature_m), 6), "mass_kg": round(float(body.mass_kg), 6)}
    )


def play_clip(world: World, name: str, clip_name: str, time_s: float) -> str:
    """Hold the frame of a clip that is nearest to a time."""
    character = world.scene.character(name)
    if not 0 <= time_s <= _MAX_TIME_S:
        raise CommandError(ARGUMENT_INVALID)
    clip = world.clips.get(clip_name)
    if character.fit is None or character.fit.source is not clip:
        character.fit = ClipFit(clip, character.body, world.rest)
    frame = clip.frame_at(time_s)
    character.set_motion(character.fit.at(frame), frame)
    stage_props(world.scene, character)
    return _json({"clip": clip.name, "frame": character.frame, "frames": clip.num_frames, "fps": clip.fps})


def _held(character: CharacterThing) -> dict[str, Any]:
    """The pose that a reply is about, so that a driver can tell it from another one's."""
    pose = character.pose
    return {
        "clip": character.fit.source.name if character.fit is not None else "",
        "frame": character.frame,
        "location": np.round(pose.location_cm, 6).tolist(),
        "rotation": np.round(pose.rotation_deg, 6).tolist(),
    }


def get_markers(world: World, name: str) -> str:
    """Skin markers and body keypoints of the pose that is held; the nine spine points are the fit's to find."""
    character = world.scene.character(name)
    posed = character.posed
    markers = points_json(MARKER_NAMES, character.to_world_m(posed.markers_m))
    keypoints = points_json(NAMES, character.to_world_m(posed.keypoints_m))
    return _json({"markers": markers, "keypoints": keypoints, "held": _held(character)})


def get_bones(world: World, name: str) -> str:
    """Every bone's place and rotation in the world, in one answer with the pose that they are of."""
    character = world.scene.character(name)
    to_world, bones = character.pose.matrix(), {}
    for bone, frame in bone_frames(character.body, character.posed).items():
        location, rotation, _ = matrix_to_unreal(to_world @ frame)
        bones[bone] = {"location": np.round(location, 6).tolist(), "rotation": np.round(rotation, 6).tolist()}
    return _json({"bones": bones, "held": _held(character)})


def set_material(world: World, name: str, material: str) -> str:
    """Give all of an object one material, until the place is set again."""
    thing = world.scene.thing(name)
    if not isinstance(thing, ObjectThing):
        raise CommandError(f"error {name} is no object of the place")
    if material not in NAMED_MATERIALS:
        raise CommandError(f"error no material '{material[:80]}'; there are {', '.join(NAMED_MATERIALS)}")
    look = NAMED_MATERIALS[material]
    surfaces = tuple(replace(surface, material=look) for surface in thing.mesh.surfaces)
    thing.mesh = replace(thing.mesh, surfaces=surfaces)
    thing.touch()
    return _json({})


def step(world: World, ticks: int) -> str:
    """Let the game run for some ticks and stop; here people hold the frames that they were given."""
    if not 1 <= ticks <= _MAX_TICKS:
        raise CommandError(ARGUMENT_INVALID)
    world.scene.paused = True
    return _json({"ticks": ticks})


def settle(world: World) -> str:
    """Wait for whatever is still being loaded; here everything is there when a command was answered."""
    return _json({"settled": True})


def get_authored(world: World, name: str) -> str:
    """The hidden anatomy's landmarks and the authored coordinates: for evaluation, never for labels."""
    character = world.scene.character(name)
    posed = character.posed
    landmarks = points_json(SPINE_CHAIN, character.to_world_m(posed.authored_landmarks_m))
    values = np.round(posed.coordinates_rad, 9).tolist()
    coordinates = dict(zip(REGIONAL_COORDINATES, values, strict=True))
    return _json({"landmarks": landmarks, "coordinates_rad": coordinates, "held": _held(character)})


COMMANDS = (
    command("vbp SpineForge GetVersion", get_version, "Version of the capture functions"),
    command("vbp SpineForge SetPlace [name] [uint]", set_place, "Start over in a place: name, seed"),
    command("vbp SpineForge SetLight [str]", set_light, "Light of the place: JSON with the fields to change"),
    command(
        "vbp SpineForge SpawnCharacter [name] [str]",
        spawn_character,
        "Add a person: name, specification (JSON)",
    ),
    command("vbp SpineForge PlayClip [name] [name] [float]", play_clip, "Pose a person: name, clip, seconds"),
    command(
        "vbp SpineForge GetMarkers [name]",
        get_markers,
        "Markers and keypoints of a person, world, centimetres",
    ),
    command("vbp SpineForge GetBones [name]", get_bones, "Bones of a person, world, centimetres and degrees"),
    command(
        "vbp SpineForge SetMaterial [name] [name]", set_material, "Give an object a material: name, material"
    ),
    command("vbp SpineForge Step [uint]", step, "Run for so many ticks and stop"),
    command("vbp SpineForge Settle", settle, "Wait for what is still being loaded"),
    command("vbp SpineForge GetAuthored [name]", get_authored, "Authored truth of a person, for evaluation"),
)
