"""What a place is: the things in it, where people and cameras may be, how it is lit."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from synth.world.light import Light
from synth.world.meshes import ObjectMesh

Area = tuple[float, float, float, float]


@dataclass(frozen=True)
class PlacedObject:
    """A named thing in a place.

    Attributes:
        name: Unique in the place; letters, digits and underscores.
        mesh: The mesh in its own frame: origin on the floor under its middle, metres.
        matrix: Object to world, shape (4, 4).
        movable: Whether it may be moved in front of people; walls and trees may not.
        footprint_m: Radius of the circle that it stands on, 0 if people can walk over it.
    """

    name: str
    mesh: ObjectMesh
    matrix: np.ndarray
    movable: bool = False
    footprint_m: float = 0.0


@dataclass(frozen=True)
class Place:
    """A place.

    Attributes:
        name: Its name in ``PLACES``.
        objects: What stands in it.
        light: Its own light.
        free_area_m: Where people stand: x0, y0, x1, y1, world metres, free of objects that are not movable.
        camera_area_m: Where cameras may stand, x0, y0, x1, y1.
        camera_height_m: Lowest and highest camera, metres.
        floor_z_m: Height of the floor in the free area.
        enclosed: Whether walls and a ceiling keep the sky out.
        plain_sky: Whether the backdrop is one flat colour.
        sky_seed: Which clouds and hills.
        shadow_radius_m: How far from the middle the sun's far shadow map reaches.
        panorama: The user's own panorama, equirectangular, linear RGB, shape (H, W, 3) float16, the middle column
            towards +x, row 0 up: it is the sky, and light comes from it. None paints a sky.
        backdrop: The user's own photograph, sRGB, shape (H, W, 3) uint8: it fills the picture behind everything,
            whatever the camera's pose. None shows the sky.
        shadow_catcher: The ground takes the colour of the backdrop or panorama behind it and shows only shadows.
    """

    name: str
    objects: tuple[PlacedObject, ...]
    light: Light = field(default_factory=Light)
    free_area_m: Area = (-2.0, -2.0, 2.0, 2.0)
    camera_area_m: Area = (-5.0, -5.0, 5.0, 5.0)
    camera_height_m: tuple[float, float] = (0.5, 2.2)
    floor_z_m: float = 0.0
    enclosed: bool = False
    plain_sky: bool = False
    sky_seed: int = 0
    shadow_radius_m: float = 12.0
    panorama: np.ndarray | None = None
    backdrop: np.ndarray | None = None
    shadow_catcher: bool = False
