"""Puts the things that people's clips need into the scene, and keeps them where the people are."""

from __future__ import annotations

import zlib

from synth.world.clip_props import PropRig, prop_rig
from synth.world.props import prop_mesh
from synth.world.scene_state import CharacterThing, ObjectThing, Pose, Scene

# Looks of one kind of thing; more would only cost memory.
_VARIETIES = 8


def stage_props(scene: Scene, character: CharacterThing) -> None:
    """Make the scene hold what a person's clip needs, where the frame that is held has it.

    Things of another clip go; those of this one are moved, unless a client has destroyed them.
    """
    rig: PropRig | None = character.rig
    if rig is None or rig.clip is not character.clip:
        clear_props(scene, character)
        character.rig = rig = prop_rig(
            character.clip, character.body, character.fit.pose if character.fit else None
        )
        _spawn(scene, character, rig)
    if not character.owned:
        return
    world = character.pose.matrix()
    for name, matrix in zip(character.owned, rig.matrices(character.frame, character.posed), strict=True):
        thing = scene.things.get(name)
        if thing is None:
            continue
        pose = Pose.from_matrix(world @ matrix)
        if pose != thing.pose:
            thing.pose = pose
            thing.touch()


def clear_props(scene: Scene, character: CharacterThing) -> None:
    """Take a person's things out of the scene."""
    for name in character.owned:
        if name in scene.things:
            scene.remove(name)
    character.owned, character.rig = (), None


def _spawn(scene: Scene, character: CharacterThing, rig: PropRig) -> None:
    names = []
    for index, (prop, extents) in enumerate(zip(rig.clip.props, rig.mesh_extents_m, strict=True)):
        name = f"{character.name}_{prop.kind}{index}"
        look = zlib.crc32(f"{character.spec_json} {rig.clip.name} {index}".encode()) % _VARIETIES
        if name in scene.things:
            scene.remove(name)
        thing = ObjectThing(name, Pose(), (0, 0, 0), mobility="movable", uclass="StaticMeshActor",
            mesh=prop_mesh(prop.kind, extents, look))  # fmt: skip
        scene.add(thing)
        names.append(name)
    character.owned = tuple(names)
