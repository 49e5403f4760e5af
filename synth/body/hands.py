"""Open, relaxed and gripping hands: the fingers of the rest mesh bent on their own bones, blended by a clip's curl.

The skeleton that poses people has one bone for each hand. Before it moves the skin, the fingers' rest vertices are
replaced by those of a bent hand; they are made for a few curls once a person and mixed in between, which is exact
enough (a phalanx that turns by 35 degrees between two of them is 5 % too short halfway).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from synth.body.asset import BodyAsset
from synth.body.joints import SIDES

CURLS = np.array([-1.0, 0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
RELAXED = int(np.flatnonzero(CURLS == 0)[0])
_FINGERS = (2, 3, 4, 5)
# How far each phalanx points down from the plane of the palm, degrees: open, and gripping a bar of 3 cm.
_OPEN_PITCH = dict.fromkeys(_FINGERS, (2, 4, 5))
_RELAXED_PITCH = {2: (20, 42, 54), 3: (26, 52, 66), 4: (29, 58, 73), 5: (31, 58, 74)}
_GRIP_PITCH = {2: (54, 126, 172), 3: (58, 132, 182), 4: (62, 138, 188), 5: (66, 140, 190)}
# Share of the rest mesh's fan of fingers that is left: open, relaxed, gripping.
_FANS = (0.75, 0.4, 0.15)
# Directions of the thumb's bones: towards the thumb's side, along the hand, towards its back; and the turn of the whole
# thumb about itself that makes its pad face the fingers, degrees.
_OPEN_THUMB = ((0.72, 0.62, -0.30), (0.60, 0.77, -0.22), (0.54, 0.82, -0.18))
_RELAXED_THUMB = ((0.58, 0.58, -0.57), (0.36, 0.82, -0.44), (0.14, 0.90, -0.41))
_GRIP_THUMB = ((0.50, 0.52, -0.69), (0.02, 0.80, -0.60), (-0.42, 0.88, -0.22))
_GRIP_THUMB_TURN = 20.0


@dataclass(frozen=True)
class HandShapes:
    """Rest vertices of the fingers for ``CURLS``.

    Attributes:
        vertices: For the left and the right hand, which rest vertices the fingers are, shape (N,).
        rest_m: For each side, where they are for each curl, shape (7, N, 3), float32.
    """

    vertices: tuple[np.ndarray, ...]
    rest_m: tuple[np.ndarray, ...]

    def bent(self, rest_m: np.ndarray, curl: np.ndarray) -> np.ndarray:
        """The rest mesh with its hands bent.

        Args:
            rest_m: Rest vertices with relaxed hands, shape (V, 3); not written to.
            curl: Left and right, -1 open to 1 gripping, shape (2,).
        """
        if not np.any(curl):
            return rest_m
        out = rest_m.copy()
        for vertices, shapes, c in zip(self.vertices, self.rest_m, np.clip(curl, -1.0, 1.0), strict=True):
            k = int(np.clip(np.searchsorted(CURLS, c), 1, len(CURLS) - 1))
            share = np.float32((c - CURLS[k - 1]) / (CURLS[k] - CURLS[k - 1]))
            out[vertices] = (1 - share) * shapes[k - 1] + share * shapes[k]
        return out


def _bone_names(side: str) -> list[list[str]]:
    """The three bones of each finger, thumb first."""
    return [[f"finger{finger}-{k}.{side.upper()}" for k in (1, 2, 3)] for finger in (1, *_FINGERS)]


@lru_cache(maxsize=4)
def _finger_weights(asset: BodyAsset, side: str) -> tuple[np.ndarray, np.ndarray]:
    """Vertices of the fingers (N,), and their weights of the hand and of the 15 bones, (N, 16)."""
    order = {
        asset.bones.index(b): 1 + i
        for i, b in enumerate(bone for finger in _bone_names(side) for bone in finger)
    }
    column = np.array([order.get(i, 0) for i in range(len(asset.bones))])
    n = asset.num_body
    columns = column[asset.bone_indices[:n]]
    vertices = np.flatnonzero(((columns > 0) & (asset.bone_weights[:n] > 0)).any(axis=1))
    weights = np.zeros((len(vertices), 16))
    for k in range(columns.shape[1]):
        np.add.at(weights, (np.arange(len(vertices)), columns[vertices, k]), asset.bone_weights[vertices, k])
    return vertices, weights


def make_hands(
    asset: BodyAsset, vertices_m: np.ndarray, heads_m: dict[str, np.ndarray], align: dict[str, np.ndarray]
) -> HandShapes:
    """Bend a person's fingers.

    Args:
        asset: The baked body, for the fingers' bones and weights.
        vertices_m: Rest vertices of the asset, shape (V, 3).
        heads_m: Heads of its bones.
        align: ``hand_<side>`` -> rotation from rest to the T-pose (thumb forward, palm down), shape (3, 3).
    """
    found, shapes = [], []
    for side in SIDES:
        vertices, weights = _finger_weights(asset, side)
        names = _bone_names(side)
        tips = {bone: asset.tail_m(vertices_m, bone) for finger in names for bone in finger}
        bones = [[(heads_m[b], tips[b]) for b in finger] for finger in names]
        # Rows: towards the thumb, along the hand, towards its back.
        frame = align[f"hand_{side}"] * np.array([[1.0], [1.0 if side == "l" else -1.0], [1.0]])
        rest = np.concatenate([vertices_m[vertices], np.ones((len(vertices), 1))], axis=1)
        bent = []
        for curl in CURLS:
            blended = (weights @ _transforms(bones, frame, curl).reshape(16, 12)).reshape(-1, 3, 4)
            bent.append(np.einsum("nij,nj->ni", blended, rest))
        found.append(vertices)
        shapes.append(np.stack(bent).astype(np.float32))
    return HandShapes(tuple(found), tuple(shapes))


def _transforms(
    bones: list[list[tuple[np.ndarray, np.ndarray]]], frame: np.ndarray, curl: float
) -> np.ndarray:
    """Rest to bent for the hand (which stays) and the 15 bones of its fingers, shape (16, 3, 4).

    Args:
        bones: For each finger, head and tail of its three bones.
        frame: Rest to the hand's axes: towards the thumb, along, towards the back.
        curl: -1 to 1.
    """
    out = np.zeros((16, 3, 4))
    out[0, :, :3] = np.eye(3)
    for f, finger in enumerate(bones):
        directions = [frame @ (tail - head) for head, tail in finger]
        turns = _thumb_turns(directions, curl) if f == 0 else _finger_turns(_FINGERS[f - 1], directions, curl)
        place = finger[0][0]
        for k, turn in enumerate(turns):
            R = frame.T @ turn @ frame
            out[1 + 3 * f + k, :, :3], out[1 + 3 * f + k, :, 3] = R, place - R @ finger[k][0]
            if k < 2:
                place = place + R @ (finger[k + 1][0] - finger[k][0])
    return out


def _about(axis: np.ndarray, angle: float) -> np.ndarray:
    """Rotation about a unit axis (Rodrigues), shape (3, 3)."""
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)


def _between(open_: ArrayLike, relaxed: ArrayLike, grip: ArrayLike, curl: float) -> np.ndarray:
    """Linear from open through relaxed to gripping."""
    start, goal = np.asarray(relaxed, float), np.asarray(grip if curl > 0 else open_, float)
    return start + abs(curl) * (goal - start)


def _finger_turns(finger: int, directions: list[np.ndarray], curl: float) -> list[np.ndarray]:
    """Rotations of the three phalanges in the hand's frame (thumb, along, back)."""
    first = directions[0]
    fan = np.arctan2(first[0], first[1])
    axis = np.cross((np.sin(fan), np.cos(fan), 0.0), (0.0, 0.0, -1.0))
    goal = np.radians(_between(_OPEN_PITCH[finger], _RELAXED_PITCH[finger], _GRIP_PITCH[finger], curl))
    # A positive turn about the hand's back takes "along" away from the thumb.
    closing = _about(np.array([0.0, 0.0, 1.0]), float(1.0 - _between(*_FANS, curl)) * fan)
    turns = []
    for direction, pitch in zip(directions, goal, strict=True):
        now = np.arctan2(-direction[2], np.hypot(direction[0], direction[1]))
        turns.append(closing @ _about(axis, pitch - now))
    return turns


def _thumb_turns(directions: list[np.ndarray], curl: float) -> list[np.ndarray]:
    """Rotations of the thumb's three bones in the hand's frame."""
    turn = np.radians(_GRIP_THUMB_TURN) * max(curl, 0.0)
    turns = []
    for direction, goal in zip(
        directions, _between(_OPEN_THUMB, _RELAXED_THUMB, _GRIP_THUMB, curl), strict=True
    ):
        a, b = direction / np.linalg.norm(direction), goal / np.linalg.norm(goal)
        axis = np.cross(a, b)
        sine = np.linalg.norm(axis)
        turns.append(_about(axis / max(sine, 1e-9), np.arctan2(sine, a @ b)) @ _about(a, turn))
    return turns
