"""What is asked of a world: each command as data, together with the reading and checking of its reply.

Nothing is sent here. What is set is read back in the same breath: an engine may answer ``ok`` and do nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import numpy as np

from opensim_models.anatomy.coordinates import REGIONAL_COORDINATES
from opensim_models.markers import MARKER_NAMES
from spinepose.errors import InputError
from spinepose.skeleton import NAMES, SPINE_CHAIN
from synth.camera import Camera
from synth.unreal_coords import (
    camera_from_unreal,
    camera_to_unreal,
    from_unreal_cm,
    matrix_from_unreal,
    rotator_axes,
    to_unreal_cm,
    yaw_to_unreal_deg,
)
from synth.unrealcv import decode
from synth.unrealcv.decode import BadReplyError, Reply

LOCATION_TOLERANCE_CM = 0.01
AXES_TOLERANCE = 2e-4  # 0.01 degrees
NO_FUNCTION = "No handler found"
_T = TypeVar("_T", covariant=True)


@dataclass(frozen=True)
class Ask(Generic[_T]):
    """One request.

    Attributes:
        command: As it goes over the wire.
        read: Turns the reply into a value; raises ``BadReplyError``.
        slow: Whether something may have to be built or loaded first, which takes its time.
    """

    command: str
    read: Callable[[Reply], _T]
    slow: bool = False


@dataclass(frozen=True)
class Placing:
    """Where a thing was put: Unreal centimetres and (pitch, yaw, roll) in degrees."""

    location_cm: tuple[float, float, float]
    rotation_deg: tuple[float, float, float]

    @classmethod
    def on_floor(cls, x_m: float, y_m: float, yaw_rad: float, z_m: float = 0.0) -> Placing:
        """From a place on our floor, metres, and a heading, radians."""
        location = to_unreal_cm(np.array([x_m, y_m, z_m])).tolist()
        return cls(tuple(location), (0.0, yaw_to_unreal_deg(yaw_rad), 0.0))


@dataclass(frozen=True)
class Held:
    """The motion a person holds: what ``PlayClip`` says it took, and what a reply about the person belongs to.

    Attributes:
        frame: Index of the clip's frame.
        clip: The name that the clip itself bears; empty where the world does not tell.
    """

    frame: int
    clip: str


def order(command: str) -> Ask[None]:
    """A command that answers ``ok``."""
    return Ask(command, decode.done)


def call(
    function: str, *arguments: str, read: Callable[[dict[str, Any]], Any] = dict, slow: bool = False
) -> Ask[Any]:
    """A capture function; its arguments hold no spaces, its answer is a JSON object.

    Raises:
        InputError: An argument is empty or has spaces.
    """
    if any(not argument or argument.split() != [argument] for argument in arguments):
        raise InputError(f"argument of {function} is empty or has spaces; write JSON in its compact form")
    command = " ".join(("vbp SpineForge", function, *arguments))
    return Ask(command, lambda reply: read(decode.json_object(reply)), slow)


# --- the scene


def set_place(name: str, seed: int) -> Ask[list[str]]:
    """Start over in a place, with nobody in it; the names of its objects come back."""

    def read(reply: dict[str, Any]) -> list[str]:
        objects = reply.get("objects")
        if not isinstance(objects, list):
            raise BadReplyError("answered without the names of its objects")
        return [str(item) for item in objects]

    return call("SetPlace", name, str(int(seed)), read=read, slow=True)


def set_light(light: dict[str, Any]) -> Ask[dict[str, Any]]:
    """Change fields of the place's own light."""
    return call("SetLight", json.dumps(light, separators=(",", ":")))


def objects() -> Ask[list[str]]:
    """Names of everything that is there."""
    return Ask("vget /objects", lambda reply: decode.text(reply).split())


def spawn(name: str, spec_json: str) -> Ask[dict[str, Any]]:
    """Add a person, or replace the one of that name; stature and mass come back."""

    def read(reply: dict[str, Any]) -> dict[str, Any]:
        for key in ("stature_cm", "mass_kg"):
            if not isinstance(reply.get(key), int | float):
                raise BadReplyError(f"answered without {key}")
        return reply

    return call("SpawnCharacter", name, spec_json, read=read, slow=True)


def destroy(name: str) -> Ask[None]:
    """Remove an object or a person."""
    return order(f"vset /object/{name}/destroy")


def put(name: str, placing: Placing) -> list[Ask[None]]:
    """Move an object or a person, and read back where it is."""
    uri = f"/object/{name}"
    return [
        order("vset {}/location {:.6f} {:.6f} {:.6f}".format(uri, *placing.location_cm)),
        order("vset {}/rotation {:.6f} {:.6f} {:.6f}".format(uri, *placing.rotation_deg)),
        Ask(f"vget {uri}/location", lambda reply: _check_location(decode.floats(reply, 3), placing)),
        Ask(f"vget {uri}/rotation", lambda reply: _check_rotation(decode.floats(reply, 3), placing)),
    ]


def _check_location(read_cm: Sequence[float], asked: Placing) -> None:
    if np.abs(np.subtract(read_cm, asked.location_cm)).max() > LOCATION_TOLERANCE_CM:
        raise BadReplyError(f"answered location {_shown(read_cm)} cm, set to {_shown(asked.location_cm)}")


def _check_rotation(read_deg: Sequence[float], asked: Placing) -> None:
    if np.abs(rotator_axes(*read_deg) - rotator_axes(*asked.rotation_deg)).max() > AXES_TOLERANCE:
        raise BadReplyError(
            f"answered rotation {_shown(read_deg)} degrees, set to {_shown(asked.rotation_deg)}"
        )


def _shown(values: Sequence[float] | np.ndarray) -> str:
    return " ".join(f"{value:.3f}" for value in values)


def color(name: str, rgb: tuple[int, int, int]) -> list[Ask[None]]:
    """Give a thing a colour in the mask and read it back."""

    def check(reply: Reply) -> None:
        words = decode.text(reply)
        if tuple(int(number) for number in re.findall(r"\d+", words)[:3]) != rgb:
            raise BadReplyError(f"answered mask colour '{words[:60]}', set to {rgb}")

    uri = f"/object/{name}/color"
    return [order("vset {} {} {} {}".format(uri, *rgb)), Ask(f"vget {uri}", check)]


def play(name: str, clip: str, time_s: float) -> Ask[Held]:
    """Make a person hold the frame of a clip that is nearest to a time; the frame that was taken is checked."""
    written = f"{time_s:.6f}"

    def read(reply: dict[str, Any]) -> Held:
        try:
            frame, frames, fps = int(reply["frame"]), int(reply["frames"]), float(reply["fps"])
        except (KeyError, TypeError, ValueError) as error:
            raise BadReplyError(f"answered without frame, frames and fps ({error!r})") from error
        expected = min(max(round(float(written) * fps), 0), frames - 1)
        if frame != expected:
            raise BadReplyError(f"answered frame {frame}, expected {expected} of {frames} at {fps:g} Hz")
        return Held(frame, str(reply.get("clip", "")))

    return call("PlayClip", name, clip, written, read=read)


# --- truth


def markers(name: str, placing: Placing | None = None) -> Ask[tuple[np.ndarray, np.ndarray, Held | None]]:
    """Markers, shape (54, 3), and keypoints, shape (37, 3), of a person, world metres; NaN for those it lacks.

    Third comes the motion that they belong to, where the world tells it. Where it tells the person's place,
    that is checked too: a reply about another frame must not become truth.
    """

    def read(reply: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, Held | None]:
        marker_points = _points(reply.get("markers"), MARKER_NAMES)
        if not np.isfinite(marker_points).any():
            raise BadReplyError("answered without markers")
        return marker_points, _points(reply.get("keypoints"), NAMES), _held(reply, placing)

    return call("GetMarkers", name, read=read)


def authored(name: str, placing: Placing | None = None) -> Ask[tuple[np.ndarray, np.ndarray, Held | None]]:
    """Authored landmarks, shape (9, 3), world metres, coordinates, shape (9,), radians, and the motion.

    NaN from a world that has no such function: a real engine knows no anatomy, and nothing but evaluation needs it.
    """

    def read(reply: Reply) -> tuple[np.ndarray, np.ndarray, Held | None]:
        if bytes(reply[:5]) == b"error" and NO_FUNCTION in str(bytes(reply), "utf-8", "replace"):
            return np.full((9, 3), np.nan), np.full(9, np.nan), None
        values = decode.json_object(reply)
        named = values.get("coordinates_rad")
        try:
            coordinates = np.array([float(named[key]) for key in REGIONAL_COORDINATES])  # type: ignore[index]
        except (TypeError, KeyError, ValueError) as error:
            raise BadReplyError(f"answered other coordinates than were asked for ({error!r})") from error
        return _points(values.get("landmarks"), SPINE_CHAIN), coordinates, _held(values, placing)

    return Ask(f"vbp SpineForge GetAuthored {name}", read)


def bones(name: str, wanted: Sequence[str] = ()) -> Ask[dict[str, np.ndarray]]:
    """Frames of a person's bones: name -> 4x4 from the bone's own frame to the world, metres, scale left out.

    Args:
        name: The person.
        wanted: Bones that must be there; all that the person has where none is named.
    """

    def read(reply: Reply) -> dict[str, np.ndarray]:
        rows = decode.json_list(reply)
        try:
            found = {str(row["bone_name"]): _frame(row["transform"]) for row in rows}
        except (KeyError, TypeError, ValueError) as error:
            raise BadReplyError(f"answered with bones that cannot be read ({error!r})") from error
        missing = [bone for bone in wanted if bone not in found]
        if missing or not found:
            raise BadReplyError(
                f"answered without bone {missing[0]}" if missing else "answered without bones"
            )
        return found

    names = f" {','.join(wanted)}" if wanted else ""
    return Ask(f"vget /object/{name}/bones{names} world", read)


def _frame(transform: dict[str, Any]) -> np.ndarray:
    place, turn = (
        [float(transform[key]) for key in keys] for keys in (("X", "Y", "Z"), ("Pitch", "Yaw", "Roll"))
    )
    frame = matrix_from_unreal(np.array(place), (turn[0], turn[1], turn[2]))
    if not np.isfinite(frame).all():
        raise ValueError("not finite")
    return frame


def is_paused(words: str) -> bool:
    """Whether the answer to ``vget /action/game/is_paused`` says yes."""
    return words.strip().lower() in ("true", "1", "yes")


def pause(stop: bool) -> list[Ask[None]]:
    """Stop the game or let it go on, and read back that it did."""

    def check(reply: Reply) -> None:
        words = decode.text(reply)
        if is_paused(words) != stop:
            raise BadReplyError(f"answered '{words[:40]}' after {'pause' if stop else 'resume'}")

    return [
        order(f"vset /action/game/{'pause' if stop else 'resume'}"),
        Ask("vget /action/game/is_paused", check),
    ]


def show(name: str, visible: bool) -> Ask[None]:
    """Show or hide an object."""
    return order(f"vset /object/{name}/{'show' if visible else 'hide'}")


def _held(reply: dict[str, Any], placing: Placing | None) -> Held | None:
    held = reply.get("held")
    if not isinstance(held, dict):
        return None
    try:
        if placing is not None:
            _check_location([float(value) for value in held["location"]], placing)
            _check_rotation([float(value) for value in held["rotation"]], placing)
        return Held(int(held["frame"]), str(held.get("clip", "")))
    except (KeyError, TypeError, ValueError) as error:
        raise BadReplyError(f"answered with a pose that cannot be read ({error!r})") from error


def _points(named: Any, names: tuple[str, ...]) -> np.ndarray:
    """Named points in Unreal centimetres as world metres in the order of ``names``; NaN where one is missing."""
    if not isinstance(named, dict):
        raise BadReplyError("answered without an object of named points")
    missing = (np.nan, np.nan, np.nan)
    try:
        points = np.array([named.get(name, missing) for name in names], float)
    except (TypeError, ValueError) as error:
        raise BadReplyError(f"answered with a point that is not three numbers ({error})") from error
    if points.shape != (len(names), 3):
        raise BadReplyError(f"answered with points of shape {points.shape}, expected ({len(names)}, 3)")
    return from_unreal_cm(points)


# --- pictures


def set_camera(index: int, camera: Camera) -> list[Ask[Any]]:
    """Put a camera in place and read it back.

    The pose is sent in the digits that the wire gives back (0.001 cm, 0.001 degrees). :func:`camera_read` makes the
    camera of the pictures from the values of the last four, to the last bit.

    Raises:
        InputError: The picture would be higher than wide.
    """
    if camera.height > camera.width:
        raise InputError(
            f"camera is {camera.width}x{camera.height}; the width must not be less than the height"
        )
    uri = f"/camera/{index}"
    location, rotation, fov = camera_to_unreal(camera)
    return [
        order(f"vset {uri}/size {camera.width} {camera.height}"),
        order(f"vset {uri}/fov {fov:.6f}"),
        order("vset {}/location {:.3f} {:.3f} {:.3f}".format(uri, *location)),
        order("vset {}/rotation {:.3f} {:.3f} {:.3f}".format(uri, *rotation)),
        *read_camera(index),
    ]


def read_camera(index: int) -> list[Ask[tuple[float, ...]]]:
    """Size, field of view, location and rotation of a camera, for :func:`camera_read`."""
    fields = (("size", 2), ("fov", 1), ("location", 3), ("rotation", 3))
    return [
        Ask(f"vget /camera/{index}/{name}", partial(decode.floats, count=count)) for name, count in fields
    ]


def camera_read(asked: Camera, values: Sequence[Any]) -> Camera:
    """The camera that was read back: the last four values of :func:`set_camera`.

    Raises:
        BadReplyError: It is another one than was asked for.
    """
    size, (fov,), location, rotation = values
    read = camera_from_unreal(np.array(location), rotation, fov, int(size[0]), int(size[1]))
    (asked_cm, asked_deg, asked_fov), (read_cm, read_deg, read_fov) = map(camera_to_unreal, (asked, read))
    faults = []
    if np.abs(asked_cm - read_cm).max() > LOCATION_TOLERANCE_CM:
        faults.append(f"location {_shown(read_cm)} cm, set to {_shown(asked_cm)}")
    if np.abs(rotator_axes(*asked_deg) - rotator_axes(*read_deg)).max() > AXES_TOLERANCE:
        faults.append(f"rotation {_shown(read_deg)} degrees, set to {_shown(asked_deg)}")
    if abs(asked_fov - read_fov) > 1e-3 or (asked.width, asked.height) != (read.width, read.height):
        faults.append(f"view {read.width}x{read.height} at {read_fov:.3f} degrees")
    if faults:
        raise BadReplyError(f"the camera read back is not the one set: {'; '.join(faults)}", "vget /camera")
    return read


def image(index: int, what: str) -> Ask[Reply]:
    """A picture or array, e.g. ``lit bmp``; its bytes are decoded elsewhere."""
    return Ask(f"vget /camera/{index}/{what}", decode.image_bytes)
