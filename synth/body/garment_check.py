"""Look for faults of dressed bodies: skin or inner cloth that pokes through, and holes.

A posed person is drawn from many sides by a small rasteriser that keeps the first two surfaces of every pixel.

* **Poke-through**: the first surface is an inner layer and the next, close behind it, is the outside of a layer that
  should lie over it.
* **Hole**: the whole body, nothing left out, would be nearer than what is seen: one looks past where skin should be.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np

from spinepose.rng import rng_for
from synth.body.asset import load_asset
from synth.body.character import Character, build_character
from synth.body.dress import tucked_in
from synth.body.parts import PARTS
from synth.body.population import sample_subject
from synth.body.spec import SubjectSpec
from synth.motion.clip import Clip
from synth.motion.procedural import MOTIONS

PIXEL_M = 0.005
POKE_REACH_M = 0.03  # an outer layer this close behind an inner one should have covered it
HOLE_DEPTH_M = 0.02  # covered skin is drawn up to this much deeper than it lies
#: Azimuth and elevation of the views, degrees: all round, and some from a little above and below.
VIEWS = tuple(
    (a, e) for e, azimuths in ((5, range(0, 360, 45)), (35, (30, 210)), (-25, (0, 150))) for a in azimuths
)


@dataclass(frozen=True)
class Faults:
    """What was found over all views of one pose.

    Attributes:
        pixels: How many show the person.
        poke: Those where an inner layer shows through an outer one.
        hole: Those where the body is missing.
        pairs: (inner, outer) -> poke-through pixels.
    """

    pixels: int
    poke: int
    hole: int
    pairs: dict[tuple[str, str], int]

    @property
    def poke_share(self) -> float:
        return self.poke / max(self.pixels, 1)

    @property
    def hole_share(self) -> float:
        return self.hole / max(self.pixels, 1)


def layer_rank(name: str, spec: SubjectSpec) -> int:
    """How far outside a layer lies: 0 for the skin; -1 for layers that are no clothes."""
    ranks = {"skin": 0, "shoes": 1, "lining": 2, "bottom": 3, "inner": 4, "skirt": 5, "top": 6}
    if spec.top.kind == "dress":
        ranks |= {"top": 4, "bottom": 5 if spec.bottom.kind == "none" else 3}
    elif tucked_in(spec):
        ranks |= {"top": 2, "bottom": 5}
    return ranks.get(name, -1)


def view_axes(azimuth_deg: float, elevation_deg: float) -> np.ndarray:
    """Right, up and away-from-viewer as rows, for a viewer at an azimuth (0 in front of the person), shape (3, 3)."""
    a, e = np.radians(azimuth_deg), np.radians(elevation_deg)
    away = -np.array([np.cos(a) * np.cos(e), np.sin(a) * np.cos(e), np.sin(e)])
    right = np.cross(away, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(right, away), away])


@numba.njit(cache=True)
def _draw(
    points: np.ndarray, triangles: np.ndarray, height: int, width: int, behind: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Nearest surface behind given depths: depth (H, W), inf for none, and triangle (H, W), -1 for none."""
    depth = np.full((height, width), np.inf)
    found = np.full((height, width), -1, dtype=np.int32)
    for f in range(triangles.shape[0]):
        a, b, c = points[triangles[f, 0]], points[triangles[f, 1]], points[triangles[f, 2]]
        area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])
        if abs(area) < 1e-12:
            continue
        x0, x1 = min(a[0], b[0], c[0]), max(a[0], b[0], c[0])
        y0, y1 = min(a[1], b[1], c[1]), max(a[1], b[1], c[1])
        for y in range(max(int(np.ceil(y0)), 0), min(int(np.floor(y1)), height - 1) + 1):
            for x in range(max(int(np.ceil(x0)), 0), min(int(np.floor(x1)), width - 1) + 1):
                u = ((x - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (y - a[1])) / area
                v = ((b[0] - a[0]) * (y - a[1]) - (x - a[0]) * (b[1] - a[1])) / area
                if u < 0 or v < 0 or u + v > 1:
                    continue
                z = a[2] + u * (b[2] - a[2]) + v * (c[2] - a[2])
                if behind[y, x] < z < depth[y, x]:
                    depth[y, x] = z
                    found[y, x] = f
    return depth, found


def _facing(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Whether each triangle shows its outside; image axes are right and up, depth grows away."""
    a, b, c = (points[triangles[:, k], :2] for k in range(3))
    return (b - a)[:, 0] * (c - a)[:, 1] - (c - a)[:, 0] * (b - a)[:, 1] > 0


_ARM_PARTS = [PARTS[f"{part}_{side}"] for part in ("upper_arm", "forearm", "hand") for side in "lr"]


def _joined(character: Character) -> tuple[np.ndarray, np.ndarray]:
    """All drawn triangles over render vertices, and the rank of each."""
    triangles, ranks = [], []
    for part in character.parts:
        triangles.append(part.faces + part.vertices.start)
        ranks.append(np.full(len(part.faces), layer_rank(part.name, character.spec)))
    return np.concatenate(triangles), np.concatenate(ranks)


def find_faults(character: Character, clip: Clip, frame: int, views: Sequence = VIEWS) -> Faults:
    """Look at one posed person from all sides.

    Args:
        character: The person.
        clip: A motion.
        frame: Which frame of it.
        views: Azimuths and elevations, degrees.
    """
    geometry = character.pose(clip, frame).geometry_m
    drawn = geometry[character.mesh.render_source].astype(float)
    triangles, ranks = _joined(character)
    whole = load_asset().skin_triangles
    skin = geometry[: whole.max() + 1].astype(float)
    names = {layer_rank(p.name, character.spec): p.name for p in character.parts}
    pixels = poke = hole = 0
    pairs: dict[tuple[str, str], int] = {}
    for azimuth, elevation in views:
        axes = view_axes(azimuth, elevation)
        seen, body = drawn @ axes.T, skin @ axes.T
        low, high = seen[:, :2].min(axis=0), seen[:, :2].max(axis=0)
        width, height = (np.ceil((high - low) / PIXEL_M).astype(int) + 1).tolist()
        for points in (seen, body):
            points[:, :2] = (points[:, :2] - low) / PIXEL_M
        front = np.full((height, width), -np.inf)
        first_depth, first = _draw(seen, triangles, height, width, front)
        second_depth, second = _draw(seen, triangles, height, width, first_depth + 3e-4)
        body_depth, _ = _draw(body, whole, height, width, front)
        outside = _facing(seen, triangles)
        of_arm = np.isin(character.vertex_part_id[triangles[:, 0]], _ARM_PARTS)
        inner, outer = ranks[first], ranks[second]
        through = (
            (first >= 0) & (second >= 0) & (inner >= 0) & (inner < outer) & outside[second] & outside[first]
        )
        through &= of_arm[first] == of_arm[second]  # an arm that lies against the trunk is no fault of cloth
        with np.errstate(invalid="ignore"):  # nothing behind nothing
            through &= second_depth - first_depth < POKE_REACH_M
        pixels += int((first >= 0).sum())
        poke += int(through.sum())
        hole += int((first_depth > body_depth + HOLE_DEPTH_M).sum())
        for i, o in zip(inner[through], outer[through], strict=True):
            pair = (names[i], names[o])
            pairs[pair] = pairs.get(pair, 0) + 1
    return Faults(pixels, poke, hole, pairs)


#: Motion and the share of it after which it is looked at.
POSES = (
    ("squat", 0.5), ("roll_down", 0.5), ("overhead_reach", 0.5), ("axial_rotation", 0.3), ("gait", 0.3), ("lunge", 0.5),
)  # fmt: skip


def check_subjects(count: int, seed: int) -> list[tuple[SubjectSpec, str, Faults]]:
    """Build random subjects and look at each in every pose of ``POSES``."""
    found = []
    for i in range(count):
        spec = sample_subject(rng_for(seed, "check", i), f"s{i}")
        character = build_character(spec)
        for name, share in POSES:
            clip = MOTIONS[name](rng_for(seed, "motion", name))
            faults = find_faults(character, clip, round(share * (clip.num_frames - 1)))
            found.append((spec, name, faults))
    return found


def main() -> None:
    """Print the faults of random subjects: ``python -m synth.body.garment_check --subjects 60``."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--subjects", type=int, default=60)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    found = check_subjects(options.subjects, options.seed)
    for title, value in (("poke-through", Faults.poke_share), ("holes", Faults.hole_share)):
        shares = 100 * np.array([value.fget(f) for _, _, f in found])  # type: ignore[attr-defined]
        print(
            f"{title}: mean {shares.mean():.3f} %, p95 {np.percentile(shares, 95):.3f} %, max {shares.max():.3f} %"
        )
        for i in np.argsort(-shares)[:5]:
            spec, pose, f = found[i]
            kinds = f"{spec.top.kind}, {spec.bottom.kind}, {spec.shoes.kind}"
            print(f"  {spec.subject_id} {pose}: {shares[i]:.3f} % ({kinds}) {f.pairs}")


if __name__ == "__main__":
    main()
