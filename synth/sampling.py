"""Draws scenes: who, where, which piece of which motion, seen from where. The same seed gives the same scenes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

from spinepose.errors import InputError
from spinepose.rng import rng_for
from synth.body.spec import SubjectSpec
from synth.footprint import Footprint, disc_gap_m, footprint, inside_area, plan_gap_m
from synth.motion.clip import Clip
from synth.sampling_cameras import CameraRanges, ViewDeck, box_of, camera_rand, hidden_share, obstacles_of
from synth.sampling_light import SensorRanges, light_rand, sensor_rand
from synth.scene import ObjectSpec, PersonSpec, SceneSpec, ShotSpec

log = logging.getLogger(__name__)

_PERSON_GAP_M = 0.12
_THING_GAP_M = 0.04
_TRIES, _SPOT_TRIES = 12, 40
# How much of the recorded piece is tried, longest first.
_PIECE_SHARES = (1.0, 0.5, 0.25)
_MAX_LEFT_OUT = 0.1
# Share of someone's body that an occluder must hide in some picture, and that none may hide in any.
_OCCLUDER_HIDES = (0.08, 0.6)
_T = TypeVar("_T")


@dataclass(frozen=True)
class SceneParams:
    """What scenes are drawn from.

    Attributes:
        scenes: Number of scenes.
        frames_per_scene: Pictures of each.
        people_weights: Chance of one, two, three … people.
        places: Names of places.
        place_variants: How many different ones of each kind a split has; the splits share none.
        block_scenes: Scenes of a block; they share a few bodies and places, which cost a world seconds to build.
        block_places: Places of a block.
        occluder_chance: Chance that an object is put between a camera and the people.
        val_fraction: Share of the subjects whose scenes are validation.
        rate_hz: Rate of the recorded times.
        piece_s: Length of the recorded piece of a clip, seconds; shorter clips give shorter pieces.
        cut_chance: Chance that a picture may cut people off at its edges.
        cameras: Where pictures are taken from.
        sensor: What cameras do to the light.
        photos: How many of the user's photographs or panoramas the places ``backdrop`` and ``panorama`` have.
    """

    scenes: int = 48
    frames_per_scene: int = 4
    people_weights: tuple[float, ...] = (0.45, 0.4, 0.15)
    places: tuple[str, ...] = ("living_room", "park")
    place_variants: int = 3
    block_scenes: int = 16
    block_places: int = 2
    occluder_chance: float = 0.35
    val_fraction: float = 0.25
    rate_hz: float = 10.0
    piece_s: float = 2.0
    cut_chance: float = 0.15
    cameras: CameraRanges = field(default_factory=CameraRanges)
    sensor: SensorRanges = field(default_factory=SensorRanges)
    photos: Mapping[str, int] = field(default_factory=dict)


def split_subjects(seed: int, subject_ids: Sequence[str], val_fraction: float) -> dict[str, str]:
    """Put each subject into ``train`` or ``val``; at least one in each where there are two.

    Args:
        seed: The run's seed.
        subject_ids: All subjects.
        val_fraction: Share of the subjects in validation.
    """
    order = rng_for(seed, "split").permutation(sorted(subject_ids)).tolist()
    count = round(val_fraction * len(order))
    if val_fraction > 0 and len(order) > 1:
        count = min(max(count, 1), len(order) - 1)
    return {name: "val" if index < count else "train" for index, name in enumerate(order)}


def sample_scenes(
    seed: int,
    params: SceneParams,
    subjects: Sequence[SubjectSpec],
    clips: Mapping[str, Clip],
    val_clips: Collection[str] = (),
    place_maker: Callable[[str, int], Any] | None = None,
) -> list[SceneSpec]:
    """Draw all scenes of a run.

    Subjects, clips and places are dealt like cards, so that all are used about equally often. No subject, no clip
    and no place is in two splits where there are at least two of each.

    Args:
        seed: The run's seed.
        params: What to draw from.
        subjects: All bodies.
        clips: The motions by name.
        val_clips: Names of the clips kept for validation; empty where both splits share all.
        place_maker: Makes the place of a name and a seed; the embedded world's where absent.

    Raises:
        InputError: No subjects, no clips, or people and cameras do not fit into the places.
    """
    if not subjects or not clips:
        raise InputError("scenes need at least one subject and one motion clip; ask for more than none")
    make_place = lru_cache(maxsize=8)(place_maker or embedded_place)
    splits = split_subjects(seed, [subject.subject_id for subject in subjects], params.val_fraction)
    decks = {split: [s for s in subjects if splits[s.subject_id] == split] for split in ("train", "val")}
    names = {
        split: sorted(name for name in clips if not val_clips or (name in val_clips) == (split == "val"))
        for split in decks
    }
    plans = _deal(seed, params, decks, names)
    views: dict[int, ViewDeck] = {}
    found = [
        _scene(seed, params, plan, clips, make_place, views.setdefault(plan.block, ViewDeck()))
        for plan in plans
    ]
    scenes = [scene for scene in found if scene is not None]
    if len(scenes) < (1 - _MAX_LEFT_OUT) * params.scenes:
        raise InputError(
            f"only {len(scenes)} of {params.scenes} scenes fit into the places; use fewer people, shorter pieces of "
            "motion (scenes.trial_seconds) or smaller camera distances"
        )
    # Scenes of one place follow each other: a world takes a while to build a place.
    return sorted(scenes, key=lambda scene: (scene.block, scene.place, scene.place_seed, scene.scene_id))


def embedded_place(name: str, seed: int) -> Any:
    """The very place that the embedded world loads for a name and a seed."""
    from synth.world.places import PLACES
    from synth.world.scene_state import place_rng

    if name not in PLACES:
        raise InputError(f"no place {name!r}; there are {', '.join(PLACES)}")
    return PLACES[name](place_rng(name, seed))


@dataclass(frozen=True)
class _Plan:
    """What the cards say about one scene."""

    index: int
    block: int
    split: str
    place: tuple[str, int]
    cast: tuple[tuple[SubjectSpec, str], ...]


def _deal(
    seed: int,
    params: SceneParams,
    decks: dict[str, list[SubjectSpec]],
    clip_names: Mapping[str, Sequence[str]],
) -> list[_Plan]:
    """Deal subjects, clips and places to scenes, block by block; splits get scenes in proportion to their subjects."""
    total = sum(map(len, decks.values()))
    plans: list[_Plan] = []
    blocks = 0
    for split, deck in decks.items():
        if not deck:
            continue
        count = max(round(params.scenes * len(deck) / total), 1)
        block_count = -(-count // params.block_scenes)
        cards = _endless(rng_for(seed, "deal", split), deck)
        clips = _endless(rng_for(seed, "deal", "clips", split), clip_names[split])
        places = _endless(rng_for(seed, "deal", "places", split), params.places)
        rng = rng_for(seed, "deal", "people", split)
        for block, share in enumerate(np.array_split(np.arange(count), block_count), start=blocks):
            company = _company(cards, -(-len(deck) // block_count), len(params.people_weights), len(deck))
            members = _endless(rng_for(seed, "deal", "company", block), company)
            sites = [
                _site(rng_for(seed, "deal", "site", block, i), seed, params, next(places), split)
                for i in range(params.block_places)
            ]
            for number in range(len(share)):
                cast = _cast(rng, params, members, len(company), clips)
                plans.append(_Plan(len(plans), block, split, sites[number % len(sites)], cast))
        blocks += block_count
    return plans


def _company(cards: Iterator[SubjectSpec], share: int, most: int, available: int) -> list[SubjectSpec]:
    """The bodies of a block: its share of the deck, and enough for its fullest scene."""
    company: dict[str, SubjectSpec] = {}
    while len(company) < min(max(share, most), available):
        subject = next(cards)
        company[subject.subject_id] = subject
    return list(company.values())


def _cast(
    rng: np.random.Generator,
    params: SceneParams,
    members: Iterator[SubjectSpec],
    available: int,
    clips: Iterator[str],
) -> tuple[tuple[SubjectSpec, str], ...]:
    weights = np.array(params.people_weights) / np.sum(params.people_weights)
    people = min(1 + int(rng.choice(len(weights), p=weights)), available)
    cast: dict[str, tuple[SubjectSpec, str]] = {}
    while len(cast) < people:
        subject = next(members)
        if subject.subject_id not in cast:
            cast[subject.subject_id] = (subject, next(clips))
    return tuple(cast.values())


def _site(rng: np.random.Generator, seed: int, params: SceneParams, name: str, split: str) -> tuple[str, int]:
    """A place's name and seed; validation's places are its own."""
    photos = params.photos.get(name)
    if photos is None:
        return name, int(rng.integers(params.place_variants)) + 1000 * (seed % 1000) + 500 * (split == "val")
    # Of four photographs, the fourth is validation's.
    own = [i for i in range(photos) if photos < 4 or (i % 4 == 3) == (split == "val")]
    return name, own[int(rng.integers(len(own)))]


def _endless(rng: np.random.Generator, cards: Sequence[_T]) -> Iterator[_T]:
    """Deal shuffled cards for ever, each as often as the others."""
    while True:
        for index in rng.permutation(len(cards)):
            yield cards[index]


def _scene(
    seed: int,
    params: SceneParams,
    plan: _Plan,
    clips: Mapping[str, Clip],
    make_place: Callable[[str, int], Any],
    views: ViewDeck,
) -> SceneSpec | None:
    """Draw one scene; None where nothing fits."""
    rng = rng_for(seed, "scene", plan.index)
    name, place_seed = plan.place
    place = make_place(name, place_seed)
    times = _times(params, [clips[clip] for _, clip in plan.cast])
    crowd = _crowd(rng, plan, clips, times, place)
    if crowd is None:
        log.info("scene %d: people do not fit into the %s", plan.index, name)
        return None
    persons, bodies, times = crowd
    scene_id = f"s{plan.index:05d}"
    obstacles = obstacles_of(place)
    shots: list[ShotSpec] = []
    for index, time_index in enumerate(_shot_times(rng, len(times), params.frames_per_scene)):
        subject = index % len(persons)
        camera = camera_rand(
            rng_for(seed, "scene", plan.index, "camera", index), params.cameras, place, obstacles,
            [body.at(time_index) for body in bodies], subject, persons[subject].yaw_rad, views,
            rng.random() < params.cut_chance,
        )  # fmt: skip
        if camera is not None:
            sensor = sensor_rand(rng_for(seed, "scene", plan.index, "sensor", index), params.sensor)
            shots.append(ShotSpec(f"{scene_id}-{index:02d}", time_index, camera, sensor))
    if not shots:
        log.info("scene %d: no camera fits into the %s", plan.index, name)
        return None
    occluder_rng = rng_for(seed, "scene", plan.index, "occluder")
    objects = (
        _occluder(occluder_rng, place, bodies, shots)
        if occluder_rng.random() < params.occluder_chance
        else ()
    )
    light = light_rand(rng_for(seed, "scene", plan.index, "light"), place)
    return SceneSpec(
        scene_id, plan.split, name, place_seed, light, tuple(persons), objects, tuple(times), tuple(shots),
        plan.block,
    )  # fmt: skip


def _times(params: SceneParams, clips: list[Clip]) -> list[float]:
    """Times of the recorded piece from its start: as long as the shortest clip allows."""
    length = min(params.piece_s, *(clip.duration_s for clip in clips))
    return [
        round(index / params.rate_hz, 6) for index in range(int(np.floor(length * params.rate_hz + 1e-6)) + 1)
    ]


def _shot_times(rng: np.random.Generator, count: int, shots: int) -> list[int]:
    """Spread pictures over the recorded times."""
    edges = np.linspace(0, count, shots + 1)
    return [min(int(rng.uniform(low, high)), count - 1) for low, high in pairwise(edges)]


def _crowd(
    rng: np.random.Generator, plan: _Plan, clips: Mapping[str, Clip], times: list[float], place: Any
) -> tuple[list[PersonSpec], list[Footprint], list[float]] | None:
    """Find room for the cast: as it is, else with shorter pieces (someone runs), else with fewer people."""
    for people in range(len(plan.cast), 0, -1):
        for share in _PIECE_SHARES:
            some = times[: max(int(np.ceil(share * len(times))), 1)]
            found = _people(rng, plan.cast[:people], clips, some, place)
            if found is not None:
                return *found, some
    return None


def _people(
    rng: np.random.Generator,
    cast: Sequence[tuple[SubjectSpec, str]],
    clips: Mapping[str, Clip],
    times: list[float],
    place: Any,
) -> tuple[list[PersonSpec], list[Footprint]] | None:
    """Place people so that nobody meets anybody or leaves the free area during the whole piece."""
    for _ in range(_TRIES):
        persons: list[PersonSpec] = []
        bodies: list[Footprint] = []
        for number, (subject, clip_name) in enumerate(cast):
            clip = clips[clip_name]
            start = round(float(rng.uniform(0, max(clip.duration_s - times[-1], 0.0))), 3)
            frames = np.array([clip.frame_at(start + time) for time in times])
            body = footprint(clip, frames, subject.stature_m, subject.bmi)
            spot = _spot(rng, body, bodies, place)
            if spot is None:
                break
            persons.append(PersonSpec(f"person_{number}", subject, clip_name, start, *spot))
            bodies.append(body.placed(*spot))
        if len(persons) == len(cast):
            return persons, bodies
    return None


def _spot(
    rng: np.random.Generator, body: Footprint, others: list[Footprint], place: Any
) -> tuple[float, float, float] | None:
    """Draw x, y and heading for a body that is clear of everyone and everything; None where none was found."""
    x0, y0, x1, y1 = place.free_area_m
    for _ in range(_SPOT_TRIES):
        yaw = round(float(rng.uniform(-np.pi, np.pi)), 4)
        middle = body.placed(0.0, 0.0, yaw).middle_m
        x = round(float(rng.uniform(x0, x1) - middle[0]), 4)
        y = round(float(rng.uniform(y0, y1) - middle[1]), 4)
        stood = body.placed(x, y, yaw)
        if (
            inside_area(stood, place.free_area_m)
            and not _meets_things(stood, place)
            and all(plan_gap_m(stood, other) > _PERSON_GAP_M for other in others)
        ):
            return x, y, yaw
    return None


def _meets_things(body: Footprint, place: Any) -> bool:
    """Whether a body comes too near to something that stands in the place."""
    return any(
        disc_gap_m(body, item.matrix[0, 3], item.matrix[1, 3], item.footprint_m) < _THING_GAP_M
        for item in place.objects
        if item.footprint_m > 0
    )


def _occluder(
    rng: np.random.Generator, place: Any, bodies: list[Footprint], shots: list[ShotSpec]
) -> tuple[ObjectSpec, ...]:
    """Move one object between a camera and someone, clear of all people and cameras; () where none fits."""
    movable = [item for item in place.objects if item.movable]
    if not movable:
        return ()
    for _ in range(_SPOT_TRIES):
        item = movable[int(rng.integers(len(movable)))]
        shot = shots[int(rng.integers(len(shots)))]
        body = bodies[int(rng.integers(len(bodies)))].at(shot.time_index)
        eye, person = np.array(shot.camera.position_m)[:2], body.middle_m[:2]
        along = (eye - person) / max(np.linalg.norm(eye - person), 1e-6)
        spot = person + along * rng.uniform(0.55, 1.4) + np.array([-along[1], along[0]]) * rng.normal(0, 0.25)
        yaw = round(float(rng.uniform(-np.pi, np.pi)), 4)
        radius = max(item.footprint_m, 0.15)
        if _hits_thing(spot, radius, item, place):
            continue
        x, y = np.round(spot, 4).tolist()
        if _occludes_well(box_of(item, _stood(x, y, yaw)), spot, radius, bodies, shots):
            return (ObjectSpec(item.name, x, y, yaw),)
    return ()


def _stood(x_m: float, y_m: float, yaw_rad: float) -> np.ndarray:
    """Where an object's own frame is once it is moved over the floor, shape (4, 4)."""
    cos, sin = np.cos(yaw_rad), np.sin(yaw_rad)
    return np.array([[cos, -sin, 0, x_m], [sin, cos, 0, y_m], [0, 0, 1, 0], [0, 0, 0, 1.0]])


def _occludes_well(
    box_m: np.ndarray, spot: np.ndarray, radius_m: float, bodies: list[Footprint], shots: list[ShotSpec]
) -> bool:
    """Whether a thing at a spot touches nobody and no camera, hides someone a little and nobody nearly wholly."""
    if any(disc_gap_m(body, spot[0], spot[1], radius_m) <= 0.05 for body in bodies):
        return False
    hidden = []
    for shot in shots:
        eye = np.array(shot.camera.position_m)
        if np.linalg.norm(spot - eye[:2]) <= radius_m + 0.6:
            return False
        hidden += [hidden_share(eye, body.at(shot.time_index).points_m[0], box_m[None]) for body in bodies]
    return max(hidden) > _OCCLUDER_HIDES[0] and max(hidden) < _OCCLUDER_HIDES[1]


def _hits_thing(spot: np.ndarray, radius_m: float, own: Any, place: Any) -> bool:
    """Whether a disc meets what stands in the place, other than the thing itself."""
    return any(
        np.linalg.norm(spot - item.matrix[:2, 3]) < radius_m + item.footprint_m
        for item in place.objects
        if item.footprint_m > 0 and item is not own
    )
