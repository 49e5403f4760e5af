"""Props: every kind that motions name, at any size, with its origin where hands and floors expect it."""

from __future__ import annotations

import numpy as np
import pytest

from spinepose.errors import InputError
from synth.motion.clip import PROP_KINDS
from synth.world.meshes import ObjectMesh
from synth.world.props import GROUND_KINDS, prop_mesh, spawnable


def _points(mesh: ObjectMesh) -> np.ndarray:
    return np.concatenate([surface.positions_m for surface in mesh.surfaces])


@pytest.mark.parametrize("kind", PROP_KINDS)
@pytest.mark.parametrize("factor", [1.0, 1.3])
def test_prop_has_the_extents_asked_for(kind: str, factor: float) -> None:
    extents = tuple(factor * extent for extent in PROP_KINDS[kind])
    for seed in range(4):
        points = _points(prop_mesh(kind, extents, seed))
        low, high = points.min(axis=0), points.max(axis=0)
        for axis in range(3):
            got, wanted = high[axis] - low[axis], extents[axis]
            beyond = {
                "chair": 0.12,
                "desk": 0.02,
                "stool": 0.02,
                "oar": 0.15,
                "box": 0.02,
                "barbell": 0.02,
            }.get(kind, 0.02)
            if axis == 2 and kind in ("chair", "desk"):
                continue  # a backrest and a laptop rise above
            if kind in ("dumbbell", "barbell", "racket", "club", "oar", "kettlebell") and axis != 1:
                assert got < wanted + beyond, (
                    f"{kind} {seed}: {got:.3f} m along {'xyz'[axis]}, asked {wanted:.3f}"
                )
                continue
            assert wanted - 0.06 < got < wanted + beyond, f"{kind} {seed}: {got:.3f} m along {'xyz'[axis]}"


@pytest.mark.parametrize("kind", GROUND_KINDS)
def test_ground_kinds_stand_on_the_floor_about_their_origin(kind: str) -> None:
    for seed in range(4):
        points = _points(prop_mesh(kind, PROP_KINDS[kind], seed))
        assert abs(points[:, 2].min()) < 0.006
        assert abs(points[:, 1].max() + points[:, 1].min()) < 0.02


@pytest.mark.parametrize("kind", ["chair", "stool", "bench", "step", "box"])
def test_there_is_something_to_sit_or_step_on_at_the_height_asked_for(kind: str) -> None:
    for height in (0.25, 0.46):
        extents = (*PROP_KINDS[kind][:2], height)
        for seed in range(4):
            points = _points(prop_mesh(kind, extents, seed))
            front = points[points[:, 0] > 0.0]
            assert abs(front[:, 2].max() - height) < 0.005, f"{kind} {seed}"


def test_backrest_is_behind_and_the_screen_looks_back() -> None:
    for seed in range(4):
        points = _points(prop_mesh("chair", PROP_KINDS["chair"], seed))
        high = points[points[:, 2] > 0.6]
        assert high[:, 0].max() < -0.15
    desk = prop_mesh("desk", PROP_KINDS["desk"], 0)
    screen = next(surface for surface in desk.surfaces if surface.material.emission > 0)
    assert screen.normals[:, 0].min() < -0.9


def test_held_kinds_have_their_grip_at_the_origin() -> None:
    for kind in ("barbell", "dumbbell", "oar"):  # a hand goes round the middle
        points = _points(prop_mesh(kind, PROP_KINDS[kind], 1))
        middle = points[np.abs(points[:, 1]) < 0.03]
        assert abs(points[:, 1].max() + points[:, 1].min()) < 1e-3
        if len(middle):
            assert np.hypot(middle[:, 0], middle[:, 2]).min() < 0.05
    kettlebell = _points(prop_mesh("kettlebell", PROP_KINDS["kettlebell"], 0))
    assert kettlebell[:, 2].max() < 0.02
    assert kettlebell[:, 2].min() < -0.2
    for kind in ("racket", "bat", "mop", "club"):
        points = _points(prop_mesh(kind, PROP_KINDS[kind], 0))
        assert abs(points[:, 2].min()) < 0.005
        assert abs(points[:, 2].max() - PROP_KINDS[kind][2]) < 0.02
    ball = _points(prop_mesh("ball", (0.3, 0.3, 0.3), 0))
    np.testing.assert_allclose(np.linalg.norm(ball, axis=1), 0.15, atol=1e-4)


def test_same_arguments_same_mesh_other_seed_another() -> None:
    first, again = prop_mesh("chair", (0.44, 0.44, 0.46), 5), prop_mesh("chair", (0.44, 0.44, 0.46), 5)
    np.testing.assert_array_equal(_points(first), _points(again))
    looks = {
        tuple((s.material.color, len(s.faces)) for s in prop_mesh("chair", (0.44, 0.44, 0.46), seed).surfaces)
        for seed in range(8)
    }
    assert len(looks) >= 5


def test_wrong_kind_and_wrong_size_are_refused() -> None:
    with pytest.raises(InputError, match="expected one of"):
        prop_mesh("throne", (1.0, 1.0, 1.0), 0)
    for extents in ((0.0, 1.0, 1.0), (1.0, -1.0, 1.0), (1.0, 1.0), (9.0, 1.0, 1.0), (float("nan"), 1.0, 1.0)):
        with pytest.raises(InputError, match="lengths"):
            prop_mesh("box", extents, 0)  # type: ignore[arg-type]


def test_everything_spawnable_is_a_mesh() -> None:
    made = {name: make() for name, make in spawnable().items()}
    assert "Cube" in made
    assert "Chair" in made
    assert len(made) == 1 + len(PROP_KINDS)
    for name, mesh in made.items():
        assert len(_points(mesh)) > 3, name
    cube = _points(made["Cube"])
    np.testing.assert_allclose(np.ptp(cube, axis=0), 1.0, atol=1e-6)
