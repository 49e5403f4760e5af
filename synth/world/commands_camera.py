"""Commands about cameras: their poses and what they see."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from synth.world import encode
from synth.world.commands import NOT_IMPLEMENTED, OK, CommandError, Later, Pieces, command
from synth.world.out_files import plain_name, write_inside

if TYPE_CHECKING:
    from synth.world.view import Shot
    from synth.world.world import World

_KINDS = ("png", "bmp", "npy")
_VIEWMODES = ("lit", "depth", "normal", "object_mask")
# A renderer's images are 22 bytes a pixel, an encoded one is at most 12 more.
_BYTES_A_PIXEL = 34


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


def move_to(world: World, index: int, x: float, y: float, z: float) -> str:
    """Upstream walks its pawn, which is camera 0; nothing stands in the way here."""
    if index != 0:
        raise CommandError("error MoveTo only supports the player camera with id 0")
    return set_vector("location_cm", world, index, x, y, z)


def lit(shot: Shot, kind: str) -> np.ndarray:
    color = shot.images.color
    return encode.with_alpha(color) if kind == "npy" else color


def depth(shot: Shot, kind: str) -> np.ndarray:
    centimetres = encode.depth_cm(shot.images.depth_m)
    return centimetres if kind == "npy" else encode.depth_preview(centimetres)


def normal(shot: Shot, kind: str) -> np.ndarray:
    normals = encode.unreal_normals(shot.images.normal_world)
    return normals if kind == "npy" else encode.normal_picture(normals)


def object_mask(shot: Shot, kind: str) -> np.ndarray:
    return encode.color_mask(shot.images.instance_id, shot.colors)


def part_mask(shot: Shot, kind: str) -> np.ndarray:
    parts = shot.images.part_id
    return parts if kind == "npy" else encode.grey(parts)


def picture(mode: str, world: World, index: int, wanted: str) -> Later:
    """Answer an image command: bytes for a bare format, a file in the output folder for a name.

    Drawing is done here; the picture is encoded, and written, when the reply is made.

    Args:
        mode: One of :data:`MODES`.
        world: The world.
        index: Number of the camera.
        wanted: ``png``, ``bmp``, ``npy``, or a file name that ends in one of them.
    """
    bare = wanted in _KINDS
    stem, _, suffix = wanted.rpartition(".")
    kind = wanted if bare else suffix.lower()
    if kind not in _KINDS or not (bare or stem):
        raise CommandError(f"error Invalid filename type, filename {wanted[:80]}")
    camera = world.scene.camera(index)  # a wrong camera or name is refused before anything is drawn
    name = None if bare else plain_name(wanted)
    shot, out_dir = world.shoot(index), world.out_dir

    def make() -> str | Pieces:
        data = encode.encode(MODES[mode](shot, kind), kind)
        return data if name is None else str(write_inside(out_dir, name, b"".join(data)))

    return Later(make, _BYTES_A_PIXEL * camera.width * camera.height)


def screenshot(world: World, wanted: str) -> Later:
    return picture("lit", world, 0, wanted)


def optical_flow(world: World, index: int, wanted: str) -> str:
    world.scene.camera(index)
    return NOT_IMPLEMENTED


def get_viewmode(world: World) -> str:
    return world.scene.viewmode


def set_viewmode(world: World, mode: str) -> str:
    if mode not in _VIEWMODES:
        raise CommandError(f"error Unrecognized ViewMode {mode[:80]}, OPTIONS: {', '.join(_VIEWMODES)}")
    world.scene.viewmode = mode
    return OK


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
    command(
        "vset /camera/[uint]/moveto [float] [float] [float]",
        move_to,
        "Move camera 0, the player's; nothing stops it",
    ),
    command("vget /camera/[uint]/fov", get_fov, "Horizontal field of view, degrees"),
    command("vset /camera/[uint]/fov [float]", set_fov, "Set the horizontal field of view, 1 to 170 degrees"),
    command("vget /camera/[uint]/size", get_size, "Width and height, pixels"),
    command("vset /camera/[uint]/size [uint] [uint]", set_size, "Set width and height, pixels"),
    *(
        command(f"vget /camera/[uint]/{mode} [str]", partial(picture, mode), _MODE_HELP[mode])
        for mode in MODES
    ),
    command(
        "vget /camera/[uint]/optical_flow [str]", optical_flow, "Refused: nothing moves between two pictures"
    ),
    command("vget /screenshot [str]", screenshot, "What camera 0 sees, as lit"),
    command("vget /viewmode", get_viewmode, "What the player's window shows"),
    command("vset /viewmode [str]", set_viewmode, "Remembered; this world has no window"),
)
