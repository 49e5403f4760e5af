"""The places that a world offers, by name, and what scenes need to know of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from synth.world.light import Light
from synth.world.meshes import Material, merge
from synth.world.place_clinic import clinic_rand
from synth.world.place_gym import gym_rand
from synth.world.place_living_room import living_room_rand
from synth.world.place_office import office_rand
from synth.world.place_park import park_rand
from synth.world.place_street import street_rand
from synth.world.place_studio import studio_rand
from synth.world.place_types import Place, PlacedObject
from synth.world.solids import plane

__all__ = ["PLACES", "Place", "PlacedObject", "studio"]


def studio(grey: float = 0.3) -> Place:
    """A floor of one grey under a plain backdrop: for pictures of things alone, and for tests."""
    floor = merge([plane((40, 40), Material(color=(grey, grey, grey)))])
    light = Light(
        sun_strength=1.6,
        sun_elevation_deg=55.0,
        sky_color=(1.0, 1.0, 1.0),
        ground_color=(0.5, 0.5, 0.5),
        horizon_color=(0.7, 0.7, 0.72),
        exposure_ev=-0.35,
    )
    return Place("studio", (PlacedObject("floor", floor, np.eye(4)),), light, plain_sky=True)


PLACES: dict[str, Callable[[np.random.Generator], Place]] = {
    "living_room": living_room_rand,
    "gym": gym_rand,
    "clinic": clinic_rand,
    "office": office_rand,
    "street": street_rand,
    "park": park_rand,
    "studio": studio_rand,
}
