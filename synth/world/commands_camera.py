"""Commands about cameras: their poses and what they see."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from synth.world import encode
from synth.world.commands import ARGUMENT_INVALID, OK, CommandError, command
from synth.world.out_files import write_inside

if TYPE_CHECKING:
    from synth.world.world import World

_KINDS = ("png", "bmp", "npy")


def list_cameras(world: World) -> str:
    return " ".join(camera.name for camera in world.scene.cameras)


def spawn_camera(world: World) -> str:
    return world.scene.spawn_camera().name


def get_vector(field: str, world: World, index: int) -> str:
    return "{:.3f} {:.3f} {:.3f}".format(*getattr(world.scene.camera(index), field))


def set_vector(field: str, world: World, index: int, a: float, b: float, c: float) -> str:
    setattr(world.scene.camera(index), field, (a, b, c))
    return OK


def get_fov(world: World, index: int) -> str:
    return f"{world.scene.camera(index).fov_deg:.6f}"


def set_fov(world: World, index: int, fov_deg: float) -> str:
    world.scene.camera(index).set_fov(fov_deg)
    return OK


def get_size(world: World, index: int) -> str:
    camera = world.scene.camera(index)
    return f"{camera.width} {camera.height}"


def set_size(world: World, index: int, width: int, height: int) -> str:
    world.scene.camera(index).resize(width, height)
    return OK


def lit(world: World, index: int, kind: str) -> np.ndarray:
    return encode.with_alpha(world.shoot(index).images.color)


def depth(world: World, index: int, kind: str) -> np.ndarray:
    centimetres = encode.depth_cm(world.shoot(index).images.depth_m)
    return centimetres if kind == "npy" else encode.depth_preview(centimetres)


def normal(world: World, index: int, kind: str) -> np.ndarray:
    normals = encode.unreal_normals(world.shoot(index).images.normal_world)
    return normals if kind == "npy" else encode.normal_picture(normals)


def object_mask(world: World, index: int, kind: str) -> np.ndarray:
    shot = world.shoot(index)
    return encode.color_mask(shot.images.instance_id, shot.colors)


def part_mask(world: World, index: int, kind: str) -> np.ndarray:
    parts = world.shoot(index).images.part_id
    return parts if kind == "npy" else encode.grey(parts)


def picture(mode: str, world: World, index: int, wanted: str) -> str | bytes:
    """Answer an image command: bytes for a bare format, a file in the output folder for a name.

    Args:
        mode: One of :data:`MODES`.
        world: The world.
        index: Number of the camera.
        wanted: ``png``, ``bmp``, ``npy``, or a file name that ends in one of them.
    """
    kind = wanted if wanted in _KINDS else wanted.rpartition(".")[2].lower()
    if kind not in _KINDS:
        raise CommandError(f"error Invalid filename type, filename {wanted[:80]}")
    world.scene.camera(index)  # a wrong camera is refused before anything is drawn
    data = encode.encode(MODES[mode](world, index, kind), kind)
    return data if wanted in _KINDS else str(write_inside(world.out_dir, wanted, data))


def picture_without_format(mode: str, world: World, index: int) -> str:
    world.scene.camera(index)
    raise CommandError(ARGUMENT_INVALID)


MODES = {
    "lit": lit,
    "depth": depth,
    "normal": normal,
    "object_mask": object_mask,
    "seg": object_mask,
    "part_mask": part_mask,
}
_MODE_HELP = {
    "lit": "Colour, RGBA",
    "depth": f"Planar depth: npy float32 (H, W) centimetres, {encode.FAR_DEPTH_CM:g} for nothing; png to look at",
    "normal": "Surface normals in Unreal's axes: npy float32 (H, W, 3), or -1..1 as 0..255",
    "object_mask": "One colour an object, RGBA; black where nothing is",
    "seg": "The same as object_mask",
    "part_mask": "Body-part ids: npy uint8 (H, W), or grey; 0 where no person is",
}

COMMANDS = (
    command("vget /cameras", list_cameras, "Names of the cameras; a camera's number is its position"),
    command("vset /cameras/spawn", spawn_camera, "Add a camera; answers its name"),
    command("vget /camera/[uint]/location", partial(get_vector, "location_cm"), "X Y Z, centimetres"),
    command("vget /camera/[uint]/rotation", partial(get_vector, "rotation_deg"), "pitch yaw roll, degrees"),
    command(
        "vset /camera/[uint]/location [float] [float] [float]",
        partial(set_vector, "location_cm"),
        "Move a camera",
    ),
    command(
        "vset /camera/[uint]/rotation [float] [float] [float]",
        partial(set_vector, "rotation_deg"),
        "Turn a camera",
    ),
    command("vget /camera/[uint]/fov", get_fov, "Horizontal field of view, degrees"),
    command("vset /camera/[uint]/fov [float]", set_fov, "Set the horizontal field of view, 1 to 170 degrees"),
    command("vget /camera/[uint]/size", get_size, "Width and height, pixels"),
    command("vset /camera/[uint]/size [uint] [uint]", set_size, "Set width and height, pixels"),
    *(
        command(f"vget /camera/[uint]/{mode} [str]", partial(picture, mode), _MODE_HELP[mode])
        for mode in MODES
    ),
    *(
        command(
            f"vget /camera/[uint]/{mode}",
            partial(picture_without_format, mode),
            "Refused: needs png, bmp, npy or a file",
        )
        for mode in MODES
    ),
)
