"""A park: grass, a path or a sports court, trees, bushes, hedges and fences, houses and hills beyond."""

from __future__ import annotations

import numpy as np

from spinepose.rng import rng_for
from synth.world import furniture, plants, textures_outdoor
from synth.world import outdoor_things as things
from synth.world.house_things import far_house
from synth.world.light import Lamp, rgb, temperature_color
from synth.world.meshes import Material, ObjectMesh, Surface, grid_surface, merge, moved, pose_matrix
from synth.world.place_free import movables
from synth.world.place_hours import DAY, hour_rand, outdoor_light
from synth.world.place_materials import paint, pick, tinted, wooden
from synth.world.place_types import Place, PlacedObject
from synth.world.solids import plane
from synth.world.street_things import bicycle, round_light, split_thing

Rng = np.random.Generator
_FREE = (-2.5, -2.5, 2.5, 2.5)
#: Trees keep out of here, with their crowns: cameras stand here, up to a drone's height.
_CAMERAS = (-11.0, -11.0, 11.0, 5.5)
_NEAR_M = 13.0  # from here on the ground may rise


def park_rand(rng: Rng) -> Place:
    """A random park; all that is random comes from ``rng``."""
    seed = int(rng.integers(2**31))
    draw = rng_for(seed, "park", "shape")
    hour, variant = hour_rand(draw), int(draw.integers(4))
    court = bool(draw.random() < 0.22)
    hills = _Hills(rng_for(seed, "park", "hills"))
    objects = _ground(rng_for(seed, "park", "ground"), variant, hills, court)
    objects += _trees(rng_for(seed, "park", "trees"), hills)
    objects += _edges(rng_for(seed, "park", "edges"), hills, 0.0 if hour == DAY else 0.3)
    lamps, fixtures = _lamps(rng_for(seed, "park", "lamps"), hour)
    objects += lamps
    objects += movables(
        _FREE, _movable(rng_for(seed, "park", "movables")), objects, rng_for(seed, "park", "spots")
    )
    ground = (0.28, 0.26, 0.24) if court else (0.17, 0.20, 0.10)
    return Place(
        "park",
        tuple(objects),
        outdoor_light(rng_for(seed, "park", "light"), hour, ground, fixtures),
        free_area_m=_FREE,
        camera_area_m=_CAMERAS,
        camera_height_m=(0.2, 8.0),
        sky_seed=seed % 5,
        shadow_radius_m=26.0,
    )


class _Hills:
    """Height of the ground: flat where people and cameras are, gently rolling beyond."""

    def __init__(self, rng: Rng) -> None:
        self._waves = rng.uniform(0.03, 0.11, (4, 1)) * _unit(rng.uniform(0, 2 * np.pi, 4))
        self._phase = rng.uniform(0, 2 * np.pi, 4)
        self._size = float(rng.uniform(0.2, 1.1))

    def __call__(self, x: np.ndarray | float, y: np.ndarray | float) -> np.ndarray:
        """Height at points, metres, of their shape."""
        x, y = np.asarray(x, float), np.asarray(y, float)
        away = np.clip((np.hypot(x, y) - _NEAR_M) / 45.0, 0.0, 1.0)
        waves = sum(
            np.sin(wave[0] * x + wave[1] * y + phase)
            for wave, phase in zip(self._waves, self._phase, strict=True)
        )
        return away**1.3 * self._size * (1.5 + waves)


def _unit(angle: np.ndarray) -> np.ndarray:
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


# --- the ground


def _ground(rng: Rng, variant: int, hills: _Hills, court: bool) -> list[PlacedObject]:
    look = Material(textures_outdoor.grass(variant), roughness=1.0, specular=0.015, macro=0.071)
    line = np.sinh(np.linspace(-3.2, 3.2, 41)) * 14.5  # fine in the middle, coarse far out
    x, y = np.meshgrid(line, line)
    points = np.stack([x, y, hills(x, y)], axis=-1)
    # Bent, or the tiles of the texture would lie in straight rows to the horizon.
    bent = 0.9 * np.stack([np.sin(y / 4.6) + np.sin(y / 11 + 1), np.sin(x / 5.3) + np.sin(x / 13)], axis=-1)
    uv = (points[..., :2] + bent) / 2.4
    placed = [PlacedObject("ground", merge([grid_surface(points, uv, look)]), np.eye(4))]
    if court:
        placed.append(
            PlacedObject(
                "court", _court(rng), pose_matrix((0, 0, 0.012), float(rng.choice([0.0, np.pi / 2])))
            )
        )
        covered = _on_court
    else:
        width, offset = float(rng.uniform(1.6, 3.0)), float(rng.choice([-1, 1]) * rng.uniform(0.0, 6.0))
        bend, turn = float(rng.uniform(0.0, 1.2)), float(rng.uniform(0, 2 * np.pi))
        kind = int(rng.integers(3))
        looks = (
            tinted(
                textures_outdoor.gravel(0),
                pick(rng, ((0.62, 0.57, 0.48), (0.55, 0.52, 0.48))),
                0.95,
                specular=0.02,
                macro=0.13,
            ),
            tinted(textures_outdoor.asphalt(0), (0.46, 0.46, 0.46), 0.95, specular=0.02, macro=0.11),
            tinted(textures_outdoor.paving(1), (0.55, 0.50, 0.45), 0.95, specular=0.02, macro=0.1),
        )
        edge = rng_for(int(rng.integers(2**31)), "park", "edge")
        path = _path(width, offset, bend, looks[kind], edge, ragged=kind == 0, scale=(1.5, 4.0, 1.6)[kind])
        placed.append(PlacedObject("path", path, pose_matrix((0, 0, 0.014), turn)))

        def covered(x: np.ndarray, y: np.ndarray) -> np.ndarray:
            along = np.cos(turn) * x + np.sin(turn) * y
            across = -np.sin(turn) * x + np.cos(turn) * y
            return np.abs(across - offset - bend * np.sin(along / 7.0)) < width / 2

    placed += _growth(rng, variant, covered)
    return placed


def _on_court(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (np.abs(x) < 9.2) & (np.abs(y) < 9.2)


def _path(
    width_m: float, offset_m: float, bend_m: float, look: Material, rng: Rng, ragged: bool, scale: float
) -> ObjectMesh:
    """A path along x that winds a little; loose ones have ragged edges."""
    x = np.linspace(-60, 60, 481 if ragged else 121)
    middle = offset_m + bend_m * np.sin(x / 7.0)
    slope = bend_m / 7.0 * np.cos(x / 7.0)
    normal = np.stack([-slope, np.ones_like(x)], axis=1) / np.hypot(1, slope)[:, None]
    sides = np.array([-0.5, -0.3, 0.3, 0.5])[:, None] * width_m * np.ones_like(x)
    if ragged:
        sides[[0, 3]] += rng.normal(0, 0.035, (2, len(x))) + 0.10 * np.sin(x / 1.7 + np.array([[0.0], [2.0]]))
    points = np.zeros((4, len(x), 3))
    points[..., :2] = np.stack([x, middle], axis=1)[None] + sides[..., None] * normal[None]
    away = np.clip((np.abs(x) - _NEAR_M) / 30.0, 0, 1)
    points[..., 2] = 0.9 * away**1.3  # so that it does not sink into the hills at once
    return merge([grid_surface(points, points[..., :2] / scale, look)])


def _court(rng: Rng) -> ObjectMesh:
    """A court of asphalt or rubber with lines round the free area."""
    color = pick(rng, ((0.42, 0.30, 0.27), (0.30, 0.38, 0.36), (0.32, 0.36, 0.44), (0.42, 0.42, 0.42)))
    look = tinted(textures_outdoor.asphalt(1), color, 0.95, specular=0.02, macro=0.11)
    inner = tinted(
        textures_outdoor.asphalt(1),
        pick(rng, ((0.36, 0.40, 0.44), (0.44, 0.34, 0.30), (0.36, 0.42, 0.36))),
        0.95,
        specular=0.02,
        macro=0.11,
    )
    white = tinted(textures_outdoor.asphalt(0), (0.80, 0.79, 0.77), 0.9)
    pieces: list[Surface] = [
        plane((18.4, 18.4), look, 0.25, cells=4),
        moved(plane((12, 8), inner, 0.25, cells=2), (0, 0, 0.003)),
    ]
    lines = [
        ((12.0, 0.06), (0, 4.0)),
        ((12.0, 0.06), (0, -4.0)),
        ((0.06, 8.0), (6.0, 0)),
        ((0.06, 8.0), (-6.0, 0)),
        ((0.06, 8.0), (0, 0)),
    ]
    lines += [
        ((16.6, 0.06), (0, 8.3)),
        ((16.6, 0.06), (0, -8.3)),
        ((0.06, 16.6), (8.3, 0)),
        ((0.06, 16.6), (-8.3, 0)),
    ]
    pieces += [moved(plane(size, white, 0.5), (*spot, 0.006)) for size, spot in lines]
    turn = np.linspace(0, 2 * np.pi, 41)
    ring = np.stack(
        [np.stack([r * np.cos(turn), r * np.sin(turn), 0 * turn + 0.006], axis=1) for r in (1.85, 1.79)]
    )
    return merge([*pieces, grid_surface(ring, ring[..., :2], white)])


def _growth(rng: Rng, variant: int, covered) -> list[PlacedObject]:
    """Tufts of grass where the ground is not covered, and leaves that lie about."""
    count = 900
    radius, turn = 11.5 * np.sqrt(rng.random(count)), rng.uniform(0, 2 * np.pi, count)
    x, y = radius * np.cos(turn), radius * np.sin(turn)
    keep = ~covered(x, y)
    x, y = x[keep], y[keep]
    height = rng.uniform(0.05, 0.10, len(x)) * (1 + 0.8 * (rng.random(len(x)) < 0.08))
    look = Material(
        textures_outdoor.tuft(variant),
        (1.25, 1.25, 1.25),
        roughness=1.0,
        specular=0.01,
        wrap=0.4,
        alpha_test=True,
        two_sided=True,
    )
    tufts = _upright_cards(rng, np.stack([x, y], axis=1), rng.uniform(0.25, 0.5, len(x)), height, look)
    placed = [PlacedObject("tufts", merge([tufts]), np.eye(4))]
    leaves = int(rng.choice([0, 12, 30, 70], p=[0.3, 0.3, 0.25, 0.15]))
    if leaves:
        litter = Material(
            textures_outdoor.fallen_leaves(0), roughness=0.9, alpha_test=True, two_sided=True, wrap=0.2
        )
        radius, turn = 10 * np.sqrt(rng.random(leaves)), rng.uniform(0, 2 * np.pi, leaves)
        pieces = []
        for i in range(leaves):
            matrix = pose_matrix(
                (radius[i] * np.cos(turn[i]), radius[i] * np.sin(turn[i]), 0.03), float(rng.uniform(0, 6.28))
            )
            corners = (
                np.array([[-0.5, -0.5, 0], [0.5, -0.5, 0], [-0.5, 0.5, 0], [0.5, 0.5, 0]]) @ matrix[:3, :3].T
                + matrix[:3, 3]
            )
            uv = np.array([[[0, 0], [1, 0]], [[0, 1], [1, 1.0]]])
            pieces.append(grid_surface(corners.reshape(2, 2, 3), uv, litter))
        placed.append(PlacedObject("leaves", merge(pieces), np.eye(4)))
    return placed


def _upright_cards(
    rng: Rng, spots: np.ndarray, width: np.ndarray, height: np.ndarray, look: Material
) -> Surface:
    """Cards that stand on the ground and are lit as the ground is.

    Args:
        rng: Random numbers.
        spots: Middle of each one's foot, shape (N, 2), metres.
        width: Shape (N,), metres.
        height: Shape (N,), metres.
        look: Their look.
    """
    count = len(spots)
    turn = rng.uniform(0, np.pi, count)
    side = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    corners = np.array([[-0.5, 0.0], [0.5, 0.0], [0.5, 1.0], [-0.5, 1.0]])
    points = np.zeros((count, 4, 3))
    points[..., :2] = spots[:, None] + corners[None, :, :1] * width[:, None, None] * side[:, None]
    points[..., 2] = corners[None, :, 1] * height[:, None] - 0.004
    normals = np.zeros((count, 4, 3))
    normals[..., 2] = 1.0
    normals[..., :2] = rng.normal(0, 0.25, (count, 1, 2))
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    uv = np.broadcast_to(np.array([[0, 0.01], [1, 0.01], [1, 0.98], [0, 0.98]]), (count, 4, 2))
    first = 4 * np.arange(count)[:, None]
    faces = np.concatenate([first + np.array([0, 1, 2]), first + np.array([0, 2, 3])])
    return Surface(
        points.reshape(-1, 3).astype(np.float32), normals.reshape(-1, 3).astype(np.float32),
        uv.reshape(-1, 2).astype(np.float32), faces.astype(np.int32), look,
    )  # fmt: skip


# --- what stands on it


def _outside_cameras(rng: Rng, near_m: float, far_m: float, margin_m: float) -> tuple[float, float]:
    """A random spot in a ring that keeps clear of the cameras' area."""
    x0, y0, x1, y1 = _CAMERAS
    while True:
        distance, turn = float(rng.uniform(near_m, far_m)), float(rng.uniform(0, 2 * np.pi))
        x, y = distance * np.cos(turn), distance * np.sin(turn)
        if not (x0 - margin_m < x < x1 + margin_m and y0 - margin_m < y < y1 + margin_m):
            return float(x), float(y)


def _stand(spot: tuple[float, float], hills: _Hills, yaw: float, scale: float = 1.0) -> np.ndarray:
    return pose_matrix((*spot, float(hills(*spot))), yaw, scale)


def _trees(rng: Rng, hills: _Hills) -> list[PlacedObject]:
    """A few real trees near, many simple ones as a ragged belt farther out."""
    shapes = [plants.tree_rand(rng), plants.tree_rand(rng)]
    shapes.append(plants.conifer_rand(rng) if rng.random() < 0.4 else plants.tree_rand(rng))
    far_shapes = [plants.tree_rand(rng, 0.25), plants.conifer_rand(rng, 0.3), plants.tree_rand(rng, 0.25)]
    placed = []
    for i in range(int(rng.integers(5, 10))):
        spot = _outside_cameras(rng, 7.5, 23, 3.8)
        matrix = _stand(spot, hills, float(rng.uniform(0, 6.28)), float(rng.uniform(0.8, 1.2)))
        placed.append(PlacedObject(f"tree_{i + 1}", shapes[i % 3], matrix, footprint_m=0.5))
    for i in range(int(rng.integers(22, 36))):
        spot = _outside_cameras(rng, 27, 75, 3.0)
        matrix = _stand(spot, hills, float(rng.uniform(0, 6.28)), float(rng.uniform(0.8, 1.4)))
        placed.append(PlacedObject(f"far_tree_{i + 1}", far_shapes[i % 3], matrix, footprint_m=0.5))
    bushes = [plants.bush_rand(rng) for _ in range(3)]
    for i in range(int(rng.integers(3, 9))):
        spot = _outside_cameras(rng, 7.0, 20, 1.0)
        placed.append(
            PlacedObject(
                f"bush_{i + 1}",
                bushes[i % 3],
                _stand(spot, hills, float(rng.uniform(0, 6.28))),
                footprint_m=0.8,
            )
        )
    return placed


def _edges(rng: Rng, hills: _Hills, lit: float) -> list[PlacedObject]:
    """A hedge or a fence on some sides, houses beyond."""
    placed = []
    white = paint((0.82, 0.81, 0.78), 0.6)
    turns = rng.permutation(4)[: int(rng.integers(1, 4))] * np.pi / 2
    for i, turn in enumerate(turns):
        distance = (
            float(rng.uniform(16.5, 22)) if abs(turn - np.pi / 2) > 0.1 else float(rng.uniform(8.5, 14))
        )
        matrix = pose_matrix((distance * np.cos(turn), distance * np.sin(turn), -0.05), float(turn) + np.pi)
        if rng.random() < 0.5:
            mesh = plants.hedge(16, float(rng.uniform(0.9, 1.8)), rng)
            placed.append(PlacedObject(f"hedge_{i + 1}", mesh, matrix))
        else:
            look = white if rng.random() < 0.3 else wooden(rng)
            placed.append(PlacedObject(f"fence_{i + 1}", things.fence(18, look), matrix))
    for i in range(int(rng.integers(2, 7))):
        spot = _outside_cameras(rng, 36, 68, 0.0)
        facing = float(np.arctan2(-spot[1], -spot[0]) + rng.uniform(-0.5, 0.5))
        mesh = far_house(rng, float(rng.uniform(8, 20)), float(rng.uniform(5.5, 9.5)), lit)
        placed.append(PlacedObject(f"house_{i + 1}", mesh, _stand(spot, hills, facing)))
    for i in range(int(rng.integers(1, 3))):
        spot = _outside_cameras(rng, 8, 16, 0.8)
        facing = float(np.arctan2(-spot[1], -spot[0]))
        placed.append(
            PlacedObject(
                f"far_bench_{i + 1}", things.bench(wooden(rng)), _stand(spot, hills, facing), footprint_m=0.85
            )
        )
    return placed


def _lamps(rng: Rng, hour: str) -> tuple[list[PlacedObject], list[Lamp]]:
    """Lamps with round heads; some stand near enough to light people at night."""
    on = hour != DAY
    color = rgb(temperature_color(float(rng.choice([2400.0, 3000.0, 4000.0]))))
    meshes = round_light(on)
    placed, fixtures = [], []
    turn = float(rng.uniform(0, 2 * np.pi))
    for i in range(4):
        distance = float(rng.uniform(4.6, 6.0)) if i < 2 else float(rng.uniform(9, 14))
        angle = turn + i * np.pi / 2 * (1 + 0.1 * float(rng.normal()))
        x, y = distance * np.cos(angle), distance * np.sin(angle)
        placed += split_thing(f"lamp_{i + 1}", meshes, pose_matrix((x, y, 0)), 0.2)
        fixtures.append(Lamp((float(x), float(y), 3.25), color, 10.0, 0.25, casts_shadow=i < 2))
    return placed, fixtures


def _movable(rng: Rng) -> dict[str, tuple[ObjectMesh, float]]:
    """Things that may stand before people."""
    return {
        "bench": (things.bench(wooden(rng)), 0.85),
        "bin": (things.bin_rand(rng), 0.3),
        "barrier": (things.barrier(rng), 0.85),
        "planter_1": (things.planter_rand(rng), 0.5),
        "planter_2": (things.planter_rand(rng), 0.5),
        "play_ball": (things.football(rng), 0.3),
        "shrub": (plants.bush_rand(rng, float(rng.uniform(0.6, 1.0))), 0.7),
        "bicycle": (bicycle(rng), 0.85),
        "bag": (furniture.bag_rand(rng), 0.32),
    }
