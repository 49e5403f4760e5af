"""Commands about objects: placement, colour, visibility, bounds, bones; people are objects too."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from synth.unreal_coords import matrix_to_unreal, to_unreal_cm
from synth.world.bones import bone_frames
from synth.world.commands import ARGUMENT_INVALID, NOT_IMPLEMENTED, OK, CommandError, Later, command
from synth.world.prop_stage import stage_props
from synth.world.props import spawnable
from synth.world.scene_state import CharacterThing, ObjectThing, Pose, bounds_cm, checked_scale

if TYPE_CHECKING:
    from synth.world.world import World


_VERTEX = "%.5f     %.5f     %.5f"  # upstream's spaces
_BYTES_A_VERTEX = 100


def list_objects(world: World) -> str:
    return " ".join(world.scene.things)


def spawn_auto(world: World, uclass: str, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> str:
    """Add an object under a name of its class and a number."""
    number = 1
    while (name := f"{uclass}_{number}") in world.scene.things:
        number += 1
    return spawn(world, uclass, name, x, y, z)


def spawn(world: World, uclass: str, name: str, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> str:
    """Add an object of a class; answers its name."""
    if name in world.scene.things:
        raise CommandError(f"error Failed to spawn {name[:80]}, object exists.")
    makers = spawnable()
    if uclass not in makers:
        raise CommandError(
            f"error Can not find a class with name '{uclass[:80]}'; there are {', '.join(makers)}"
        )
    thing = ObjectThing(
        name, Pose((x, y, z)), (0, 0, 0), mobility="movable", uclass=uclass, mesh=makers[uclass]()
    )
    world.scene.add(thing)
    return name


def spawn_cube(world: World, *arguments: Any) -> str:
    return spawn_auto(world, "Cube", *arguments)


def spawn_named_cube(world: World, *arguments: Any) -> str:
    return spawn(world, "Cube", *arguments)


def get_vector(field: str, world: World, name: str) -> str:
    return "{:.3f} {:.3f} {:.3f}".format(*getattr(world.scene.thing(name).pose, field))


def set_vector(field: str, world: World, name: str, a: float, b: float, c: float) -> str:
    thing = world.scene.thing(name)
    setattr(thing.pose, field, checked_scale(a, b, c) if field == "scale" else (a, b, c))
    thing.touch()
    if isinstance(thing, CharacterThing) and thing.owned:
        stage_props(world.scene, thing)
    return OK


def get_color(world: World, name: str) -> str:
    return "(R={},G={},B={},A=255)".format(*world.scene.thing(name).color)


def set_color(world: World, name: str, red: int, green: int, blue: int) -> str:
    thing = world.scene.thing(name)
    if max(red, green, blue) > 255:
        raise CommandError(ARGUMENT_INVALID)
    thing.color = (red, green, blue)
    thing.touch()
    return OK


def get_mobility(world: World, name: str) -> str:
    return world.scene.thing(name).mobility.capitalize()


def set_mobility(world: World, name: str, mobility: str) -> str:
    mobility = mobility.lower()
    if mobility not in ("static", "stationary", "movable"):
        raise CommandError(ARGUMENT_INVALID)
    world.scene.thing(name).mobility = mobility
    return OK


def set_visible(visible: bool, world: World, name: str) -> str:
    thing = world.scene.thing(name)
    thing.visible = visible
    thing.touch()
    return OK


def destroy(world: World, name: str) -> str:
    world.scene.remove(name)
    return OK


def get_bounds(world: World, name: str) -> str:
    # Adding zero: no box begins at "-0.00".
    return " ".join(f"{value:.2f}" for value in bounds_cm(world.scene.thing(name)).round(2) + 0.0)


def get_name(world: World, name: str) -> str:
    return world.scene.thing(name).name


def set_name(world: World, name: str, new_name: str) -> str:
    thing = world.scene.thing(name)
    if new_name == name:
        return "The name has already been set"
    if isinstance(thing, CharacterThing):
        return NOT_IMPLEMENTED  # what belongs to a person bears the person's name
    world.scene.rename(name, new_name)
    return OK


def get_uclass(world: World, name: str) -> str:
    return world.scene.thing(name).uclass


def get_vertices(world: World, name: str) -> Later:
    """World positions, one a line; a text of megabytes, so it is written off the thread that draws."""
    thing = world.scene.thing(name)
    matrix = thing.pose.matrix()
    if isinstance(thing, CharacterThing):
        local = thing.posed.vertices_m
    else:
        assert isinstance(thing, ObjectThing)
        local = np.concatenate([surface.positions_m for surface in thing.mesh.surfaces])

    def make() -> str:
        points = to_unreal_cm(np.asarray(local, float) @ matrix[:3, :3].T + matrix[:3, 3])
        return "\n".join(_VERTEX % (x, y, z) for x, y, z in points.tolist())

    return Later(make, _BYTES_A_VERTEX * len(local))


def get_bones(world: World, name: str, first: str = "", second: str = "") -> str:
    """Bone transforms as JSON: ``[csv of names] [world|component]``, component space where nothing is said."""
    words = [word for word in (first, second) if word]
    space = words.pop() if words and words[-1] in ("world", "component") else "component"
    if len(words) > 1:
        raise CommandError(ARGUMENT_INVALID)
    character = world.scene.character(name)
    bones = bone_frames(character.body, character.posed)
    wanted = [bone for bone in words[0].split(",") if bone in bones] if words else list(bones)
    to_space = character.pose.matrix() if space == "world" else np.eye(4)
    rows = [{"bone_name": bone, "transform": transform_json(to_space @ bones[bone])} for bone in wanted]
    return json.dumps(rows, separators=(",", ":"))


def transform_json(matrix: np.ndarray) -> dict[str, Any]:
    """A 4x4 of our frames as Unreal's transform: degrees, centimetres, scale."""
    location, rotation, scale = matrix_to_unreal(matrix)
    values = (*rotation, *location, *scale)
    names = ("Pitch", "Yaw", "Roll", "X", "Y", "Z", "ScaleX", "ScaleY", "ScaleZ")
    return {name: round(float(value), 6) for name, value in zip(names, values, strict=True)}


_FLOATS = "[float] [float] [float]"

COMMANDS = (
    command("vget /objects", list_objects, "Names of all objects"),
    command("vset /objects/spawn_cube", spawn_cube, "Add a cube of one metre; answers its name"),
    command("vset /objects/spawn_cube [name]", spawn_named_cube, "Add a cube of one metre under a name"),
    command(f"vset /objects/spawn_cube {_FLOATS}", spawn_cube, "Add a cube at X Y Z; answers its name"),
    command(f"vset /objects/spawn_cube [name] {_FLOATS}", spawn_named_cube, "Add a cube: name, X Y Z"),
    command("vset /objects/spawn [name]", spawn_auto, "Add an object of a class; answers its name"),
    command("vset /objects/spawn [name] [name]", spawn, "Add an object: class, name"),
    command(f"vset /objects/spawn [name] {_FLOATS}", spawn_auto, "Add an object: class, X Y Z"),
    command(f"vset /objects/spawn [name] [name] {_FLOATS}", spawn, "Add an object: class, name, X Y Z"),
    command("vget /object/[name]/location", partial(get_vector, "location_cm"), "X Y Z, centimetres"),
    command(f"vset /object/[name]/location {_FLOATS}", partial(set_vector, "location_cm"), "Move an object"),
    command("vget /object/[name]/rotation", partial(get_vector, "rotation_deg"), "pitch yaw roll, degrees"),
    command(f"vset /object/[name]/rotation {_FLOATS}", partial(set_vector, "rotation_deg"), "Turn an object"),
    command("vget /object/[name]/scale", partial(get_vector, "scale"), "Scale along X Y Z"),
    command(f"vset /object/[name]/scale {_FLOATS}", partial(set_vector, "scale"), "Scale an object"),
    command("vget /object/[name]/color", get_color, "Its colour in the mask"),
    command(
        "vset /object/[name]/color [uint] [uint] [uint]", set_color, "Set its colour in the mask, 0 to 255"
    ),
    command("vget /object/[name]/mobility", get_mobility, "Static, Stationary or Movable"),
    command("vset /object/[name]/mobility [str]", set_mobility, "Set static, stationary or movable"),
    command("vset /object/[name]/show", partial(set_visible, True), "Show an object"),
    command("vset /object/[name]/hide", partial(set_visible, False), "Hide an object"),
    command("vset /object/[name]/destroy", destroy, "Remove an object"),
    command("vget /object/[name]/bounds", get_bounds, "Its box: least and greatest X Y Z, centimetres"),
    command("vget /object/[name]/name", get_name, "Its name"),
    command("vset /object/[name]/name [name]", set_name, "Give an object another name"),
    command("vget /object/[name]/uclass_name", get_uclass, "Its class"),
    command("vget /object/[name]/vertex_location", get_vertices, "World position of each vertex, one a line"),
    command("vget /object/[name]/bones", get_bones, "Bone transforms as JSON, component space"),
    command(
        "vget /object/[name]/bones [str]", get_bones, "The same for a space, or for names with commas between"
    ),
    command("vget /object/[name]/bones [str] [str]", get_bones, "The same for names and a space"),
)
