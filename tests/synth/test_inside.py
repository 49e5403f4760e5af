"""Winding numbers against a cube, whose answer is known."""

from __future__ import annotations

import numpy as np

from synth.inside import winding_number

CORNERS = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], float)
QUADS = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
FACES = np.array([tri for a, b, c, d in QUADS for tri in ((a, b, c), (a, c, d))])


def test_inside_is_one_and_outside_is_zero():
    points = np.array([[0.5, 0.5, 0.5], [0.99, 0.01, 0.5], [1.01, 0.5, 0.5], [5, 5, 5]])
    np.testing.assert_allclose(winding_number(points, CORNERS, FACES), [1, 1, 0, 0], atol=1e-9)


def test_a_missing_face_leaves_the_middle_inside():
    # One of six faces of a cube subtends a sixth of the sphere at its middle.
    np.testing.assert_allclose(
        winding_number(np.array([[0.5, 0.5, 0.5]]), CORNERS, FACES[2:]), [5 / 6], atol=1e-9
    )
