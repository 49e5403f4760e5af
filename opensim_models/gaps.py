"""Repairs of recorded markers, each with a record: jumps masked, gaps listed, units, the vertical, sides.

Nothing is filled in: what is masked is missing, and the fit solves those frames without it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import median_filter

from opensim_models.checks import SIDED_GROUPS
from opensim_models.marker_maps import SACR
from opensim_models.markers import MARKERS
from spinepose.errors import InputError

# A marker that leaves its own running median by more than this has jumped: at 150 frames a second a sprinter's toe
# strays some 20 mm from a median over 70 ms [guess], labels exchanged or a ghost by the size of a segment.
JUMP_M = 0.060
MEDIAN_S = 0.07
# Skin moves by 10-30 mm over bone: more than this from every other marker of the same bone is no skin.
BONE_M = 0.060
# Height of markers over the ground in a person: shoulder or head to foot, children of six to tall adults.
BODY_SPAN_M = (0.7, 2.3)
_SEGMENT = {m.name: m.segment for m in MARKERS} | {SACR: "pelvis"}
_UPPER = ("pelvis", "T1", "C7", "skull", "clavicle_r", "clavicle_l")
_LOWER = ("foot_r", "foot_l", "tibia_r", "tibia_l")


@dataclass(frozen=True)
class Gap:
    """A run of frames in which a marker is missing: its first and last index in the trial, both counted."""

    marker: str
    first: int
    last: int

    @property
    def frames(self) -> int:
        """Length in frames."""
        return self.last - self.first + 1


def find_gaps(names: tuple[str, ...], points_m: np.ndarray) -> list[Gap]:
    """Every run of missing frames of markers that are seen at all, points (T, M, 3)."""
    found = []
    for column, name in enumerate(names):
        missing = np.isnan(points_m[:, column]).any(axis=-1)
        if missing.all():
            continue
        edges = np.flatnonzero(np.diff(np.concatenate([[0], missing.astype(int), [0]])))
        found += [Gap(name, int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return found


def segments(names: tuple[str, ...], bodies: dict[str, str]) -> tuple[str, ...]:
    """The model's body of each marker."""
    return tuple(bodies.get(name) or _SEGMENT[name] for name in names)


def mask_jumps(
    names: tuple[str, ...], points_m: np.ndarray, bodies: dict[str, str], rate_hz: float
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Mask markers where they leave their own path or their bone.

    A short jump shows against the running median of the marker itself; a longer one against the distances to at
    least two others of its bone, where all of them change while they keep theirs to each other.

    Args:
        names: M names.
        points_m: (T, M, 3).
        bodies: Body of technical markers.
        rate_hz: Frames a second.

    Returns:
        The points with NaN for what was masked, and the masked frames of each marker.
    """
    jumped = _off_path(points_m, rate_hz)
    points = np.where(jumped[..., None], np.nan, points_m)
    jumped |= _off_bone(points, segments(names, bodies))
    points = np.where(jumped[..., None], np.nan, points_m)
    masked = {name: np.flatnonzero(jumped[:, i]) for i, name in enumerate(names) if jumped[:, i].any()}
    return points, masked


def mend_exchanges(
    names: tuple[str, ...],
    points_m: np.ndarray,
    bodies: dict[str, str],
    standing_m: dict[str, np.ndarray] | None = None,
) -> tuple[np.ndarray, dict[tuple[str, str], np.ndarray]]:
    """Exchange back two markers of one bone that bear each other's label in some frames.

    An exchange shows as both jumping to each other's place from one frame to the next. Which of the two ways is right
    is told by the distances to the bone's other markers in the static trial, and without one by the majority.

    Args:
        names: M names.
        points_m: (T, M, 3).
        bodies: Body of technical markers.
        standing_m: The static trial's markers, (3,) each.

    Returns:
        The points, and for each pair the frames that were exchanged.
    """
    body = segments(names, bodies)
    points, mended = points_m.copy(), {}
    for i in range(len(names)):
        for j in range(i + 1, len(names)):
            if body[i] != body[j]:
                continue
            other = _exchanged(points[:, i], points[:, j])
            if not other.any():
                continue
            if _other_way(names, points, body, (i, j), other, standing_m):
                other = ~other
            rows = np.flatnonzero(other)
            points[rows, i], points[rows, j] = points[rows, j], points[rows, i]
            if other.any():
                mended[names[i], names[j]] = np.flatnonzero(other)
    return points, mended


def _exchanged(first_m: np.ndarray, second_m: np.ndarray) -> np.ndarray:
    """Frames in which two paths are exchanged against the first frame, (T,) bool.

    The line from one to the other turns round at once; the segment's own speed has no part in it.
    """
    line = second_m - first_m
    seen = np.flatnonzero(np.isfinite(line).all(axis=-1))
    length = np.linalg.norm(line[seen], axis=-1)
    turned = np.linalg.norm(line[seen[1:]] + line[seen[:-1]], axis=-1) < 0.4 * length[:-1]
    turned &= (np.diff(seen) <= 5) & (length[:-1] > 0.02)
    state = np.zeros(len(line), dtype=bool)
    state[seen[1:][turned]] = True
    return np.logical_xor.accumulate(state)


def _other_way(
    names: tuple[str, ...],
    points_m: np.ndarray,
    body: tuple[str, ...],
    pair: tuple[int, int],
    other: np.ndarray,
    standing_m: dict[str, np.ndarray] | None,
) -> bool:
    """Whether the first frame's labels, and not the other ones, are the exchanged ones."""
    mates = [k for k, b in enumerate(body) if b == body[pair[0]] and k not in pair]
    told = standing_m or {}
    wrong = [0.0, 0.0]
    for mate in mates:
        if not {names[pair[0]], names[pair[1]], names[mate]} <= told.keys():
            continue
        usual = [np.linalg.norm(told[names[k]] - told[names[mate]]) for k in pair]
        gaps = [np.linalg.norm(points_m[:, k] - points_m[:, mate], axis=-1) for k in pair]
        gaps = [np.where(other, gaps[1], gaps[0]), np.where(other, gaps[0], gaps[1])]
        for way in (0, 1):
            miss = np.abs(gaps[way] - usual[0]) + np.abs(gaps[1 - way] - usual[1])
            wrong[way] += float(np.nanmedian(miss)) if np.isfinite(miss).any() else 0.0
    if abs(wrong[0] - wrong[1]) > 0.005:
        return wrong[1] < wrong[0]
    return bool(other.mean() > 0.5)


def _off_path(points_m: np.ndarray, rate_hz: float) -> np.ndarray:
    width = 2 * max(int(MEDIAN_S * rate_hz / 2), 1) + 1
    off = np.zeros(points_m.shape[:2], dtype=bool)
    for column in range(points_m.shape[1]):
        seen = np.flatnonzero(np.isfinite(points_m[:, column]).all(axis=-1))
        if len(seen) < width:
            continue
        path = points_m[seen, column]
        middle = median_filter(path, size=(width, 1), mode="nearest")
        off[seen, column] = np.linalg.norm(path - middle, axis=-1) > JUMP_M
    return off


def _off_bone(points_m: np.ndarray, body: tuple[str, ...]) -> np.ndarray:
    off = np.zeros(points_m.shape[:2], dtype=bool)
    for segment in sorted(set(body)):
        columns = [i for i, b in enumerate(body) if b == segment]
        if len(columns) < 3 or segment.startswith("clavicle"):
            continue
        p = points_m[:, columns]
        gaps = np.linalg.norm(p[:, :, None] - p[:, None], axis=-1)
        usual = _quiet_median(gaps)
        wrong = np.abs(gaps - usual) > BONE_M
        known = np.isfinite(gaps) & ~np.eye(len(columns), dtype=bool)
        bad_pairs, pairs = (wrong & known).sum(axis=2), known.sum(axis=2)
        # The odd one out disagrees with all others, and each of them with it alone.
        alone = (pairs >= 2) & (bad_pairs == pairs) & ((bad_pairs > 1).sum(axis=1, keepdims=True) == 1)
        off[:, columns] |= alone
    return off


def _quiet_median(gaps: np.ndarray) -> np.ndarray:
    """Median over time without the warning for pairs never seen together."""
    seen = np.isfinite(gaps).any(axis=0)
    return np.where(seen, np.nanmedian(np.where(seen, gaps, 0.0), axis=0), np.nan)


def body_span(points_m: np.ndarray) -> float:
    """Largest extent of the markers along one axis, the median over frames, (T, M, 3)."""
    some = np.isfinite(points_m).all(axis=-1).sum(axis=1) >= 3
    if not some.any():
        return float("nan")
    p = points_m[some]
    return float(np.median((np.nanmax(p, axis=1) - np.nanmin(p, axis=1)).max(axis=1)))


def unit_factor(name: str, said: str, points_m: np.ndarray, whole_body: bool) -> tuple[float, str | None]:
    """Factor that makes the markers a person's size, and the record of the repair.

    Args:
        name: The file, for messages.
        said: The unit that the file tells.
        points_m: By that unit, (T, M, 3).
        whole_body: Whether markers reach from feet to trunk; fewer span less.

    Raises:
        InputError: No unit makes this a person.
    """
    span = body_span(points_m)
    low, high = BODY_SPAN_M if whole_body else (0.15, BODY_SPAN_M[1])
    if low <= span <= high:
        return 1.0, None
    for factor, words in (
        (0.001, "millimetres"),
        (0.01, "centimetres"),
        (1000.0, "metres"),
        (100.0, "metres"),
    ):
        if low <= span * factor <= high:
            return factor, (
                f"the file says its unit is {said}, by which the body is {span:.4g} m large; read as {words}: "
                f"{span * factor:.2f} m"
            )
    raise InputError(
        f"{name}: the markers span {span:.3g} m, which is no person in metres, centimetres or millimetres"
    )


def find_up(name: str, names: tuple[str, ...], bodies: dict[str, str], points_m: np.ndarray) -> str:
    """Tell which axis of the file is up: the one along which the trunk is over the feet.

    Raises:
        InputError: The person doesn't stand along y or z, or upside down.
    """
    body = segments(names, bodies)
    upper = [i for i, b in enumerate(body) if b in _UPPER]
    lower = [i for i, b in enumerate(body) if b in _LOWER]
    if not upper or not lower:
        raise InputError(
            f"{name}: without markers on trunk and feet the vertical cannot be told; give --up y or --up z"
        )
    with np.errstate(all="ignore"):
        trunk, feet = (np.nanmedian(points_m[:, c].reshape(-1, 3), axis=0) for c in (upper, lower))
        across = trunk - feet
    if not np.isfinite(across).all():
        raise InputError(
            f"{name}: trunk or feet are never seen, so the vertical cannot be told; give --up y|z"
        )
    axis = int(np.argmax(np.abs(across)))
    others = np.delete(np.abs(across), axis).max()
    if axis == 0 or across[axis] < 0 or others > 0.7 * across[axis]:
        raise InputError(
            f"{name}: the trunk lies {np.round(across, 2).tolist()} m from the feet along x, y, z: "
            "that is nobody standing along y or z; give --up y or --up z if it is right"
        )
    return "yz"[axis - 1]


def swapped_groups(names: tuple[str, ...], bodies: dict[str, str], points_m: np.ndarray) -> list[str]:
    """Groups of ``SIDED_GROUPS`` whose right side lies on the left of the pelvis in most frames.

    Args:
        names: M names.
        bodies: Body of technical markers.
        points_m: World frame, z up, (T, M, 3).
    """
    right = _right(names, points_m)
    if right is None:
        return []
    found = []
    for group in SIDED_GROUPS:
        across = []
        for left_name, right_name in side_pairs(names, bodies, group):
            gap = points_m[:, names.index(right_name)] - points_m[:, names.index(left_name)]
            across.append(np.einsum("ti,ti->t", gap, right))
        values = np.concatenate(across) if across else np.array([np.nan])
        values = values[np.isfinite(values)]
        if len(values) and np.median(values) < 0:
            found.append(group)
    return found


def swapped_pairs(names: tuple[str, ...], bodies: dict[str, str], points_m: np.ndarray) -> list[str]:
    """Single pairs whose right lies more than 50 mm to the left of the left one, standing; (T, M, 3), z up."""
    right = _right(names, points_m)
    if right is None:
        return []
    found = []
    for group in SIDED_GROUPS:
        for left_name, right_name in side_pairs(names, bodies, group):
            gap = points_m[:, names.index(right_name)] - points_m[:, names.index(left_name)]
            across = np.einsum("ti,ti->t", gap, right)
            if np.isfinite(across).any() and np.nanmedian(across) < -0.05:
                found.append(f"{left_name} and {right_name}")
    return found


def _right(names: tuple[str, ...], points_m: np.ndarray) -> np.ndarray | None:
    """To the right of a body that faces from the back of its pelvis to the front, z up, (T, 3); None untold."""
    have = {name: points_m[:, i] for i, name in enumerate(names)}
    front = [have[n] for n in ("LASI", "RASI") if n in have]
    back = [have[n] for n in ("LPSI", "RPSI") if n in have] or [have[n] for n in (SACR,) if n in have]
    if len(front) < 2 or not back:
        return None
    ahead = np.mean(front, axis=0) - np.mean(back, axis=0)
    right = np.cross(ahead, [0.0, 0.0, 1.0])
    return right / np.linalg.norm(right, axis=-1, keepdims=True)


def side_pairs(names: tuple[str, ...], bodies: dict[str, str], group: str) -> list[tuple[str, str]]:
    """Pairs (left, right) of a group that are both in a trial, technical markers among them."""
    carried = {"legs": ("femur", "tibia", "foot"), "arms": ("clavicle", "humerus", "forearm", "hand")}
    pairs = [(f"L{s}", f"R{s}") for s in SIDED_GROUPS[group] if {f"L{s}", f"R{s}"} <= set(names)]
    for name, body in bodies.items():
        if body.endswith("_r") and body[:-2] in carried.get(group, ()) and name in names:
            other = _other_side(name)
            if bodies.get(other) == f"{body[:-2]}_l" and other in names:
                pairs.append((other, name))
    return pairs


def unpaired(names: tuple[str, ...], bodies: dict[str, str], group: str) -> list[str]:
    """Technical markers of a group's limbs that have no partner on the other side."""
    carried = {"legs": ("femur", "tibia", "foot"), "arms": ("clavicle", "humerus", "forearm", "hand")}
    paired = {name for pair in side_pairs(names, bodies, group) for name in pair}
    return [
        n for n, b in bodies.items() if n in names and b[:-2] in carried.get(group, ()) and n not in paired
    ]


def _other_side(name: str) -> str:
    if name[:1] in "Rr":
        return {"R": "L", "r": "l"}[name[0]] + name[1:]
    if name[-1:] in "Rr":
        return name[:-1] + {"R": "L", "r": "l"}[name[-1]]
    return ""


def swap_group(
    names: tuple[str, ...], bodies: dict[str, str], points_m: np.ndarray, group: str
) -> np.ndarray:
    """Exchange left and right of a whole group, (T, M, 3)."""
    order = list(range(len(names)))
    for left_name, right_name in side_pairs(names, bodies, group):
        left, right = names.index(left_name), names.index(right_name)
        order[left], order[right] = right, left
    return points_m[:, order]
