"""Where the truth about a person's pose comes from: skin points that the world tells, or bones and a marker map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from spinepose.errors import InputError
from synth.bone_markers import BoneMarkers, MarkerMap
from synth.scene import PersonSpec
from synth.unrealcv import asks
from synth.unrealcv.asks import Ask, Held, Placing
from synth.unrealcv.decode import BadReplyError

#: Markers, keypoints, authored landmarks, authored coordinates.
Truth = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


class TruthSource(Protocol):
    """How a studio learns of poses: two requests a person and moment."""

    #: Whether the static trial shows the reference pose instead of a clip.
    static_is_reference: bool

    def on_spawn(self, person: PersonSpec) -> list[Ask[Any]]:
        """What to ask of somebody who has just been made and stands in the reference pose."""

    def wanted(self, person: PersonSpec, placing: Placing) -> list[Ask[Any]]:
        """The two requests."""

    def read(self, person: PersonSpec, values: Sequence[Any], held: Held) -> Truth:
        """Their values, if they are of the pose that is held."""


class SkinTruth:
    """Points of the skin, from the capture functions."""

    static_is_reference = False

    def on_spawn(self, person: PersonSpec) -> list[Ask[Any]]:
        return []

    def wanted(self, person: PersonSpec, placing: Placing) -> list[Ask[Any]]:
        return [asks.markers(person.name, placing), asks.authored(person.name, placing)]

    def read(self, person: PersonSpec, values: Sequence[Any], held: Held) -> Truth:
        (markers, keypoints, of_markers), (landmarks, coordinates, of_authored) = values
        _check_held((("GetMarkers", of_markers), ("GetAuthored", of_authored)), held)
        return markers, keypoints, landmarks, coordinates


class BoneTruth:
    """Points that ride on bones, as a marker map says; for worlds that tell bones only, and to measure what that costs.

    Args:
        plan_of: The map of a subject, by their id.
    """

    static_is_reference = True

    def __init__(self, plan_of: Callable[[str], MarkerMap]) -> None:
        self._plan_of = lru_cache(maxsize=None)(plan_of)
        self._tied: dict[str, BoneMarkers] = {}

    def on_spawn(self, person: PersonSpec) -> list[Ask[Any]]:
        subject = person.subject.subject_id
        plan = self._plan_of(subject)
        bones = asks.bones(person.name, plan.bones)

        def learn(reply: Any) -> None:
            if subject not in self._tied:
                try:
                    self._tied[subject] = BoneMarkers(plan, bones.read(reply))
                except InputError as error:  # of one person, and perhaps of one moment
                    raise BadReplyError(f"answered with what is no reference pose: {error}") from error

        return [Ask(bones.command, learn)]

    def wanted(self, person: PersonSpec, placing: Placing) -> list[Ask[Any]]:
        plan = self._plan_of(person.subject.subject_id)
        return [asks.bones(person.name, plan.bones), asks.authored(person.name, placing)]

    def read(self, person: PersonSpec, values: Sequence[Any], held: Held) -> Truth:
        bones, (landmarks, coordinates, of_authored) = values
        _check_held((("GetAuthored", of_authored),), held)
        return *self._tied[person.subject.subject_id].points(bones), landmarks, coordinates


def _check_held(answers: Sequence[tuple[str, Held | None]], held: Held) -> None:
    for function, other in answers:
        if other is not None and other != held:
            command = f"vbp SpineForge {function}"
            raise BadReplyError(f"'{command}' was answered for {other}, expected {held}", command)
