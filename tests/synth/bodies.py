"""A renderer for tests that draws bodies where they are, so that markers, depth and masks agree."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

import cv2
import numpy as np

from synth.camera import Camera, project, to_camera


@dataclass
class BodyRenderer:
    """Draws a person as the hull of its vertices at the depth of the nearest one, an object as a square.

    Attributes:
        calls: What it was asked for.
    """

    calls: list[str] = field(default_factory=list)
    vertices: dict[str, np.ndarray] = field(default_factory=dict)
    matrices: dict[str, np.ndarray] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    light: float = 0.0

    def set_place(self, place):
        self.matrices = {item.name: item.matrix for item in place.objects}

    def set_light(self, light):
        self.light = light.sun_elevation_deg

    def upload_object(self, key, mesh):
        pass

    def upload_character(self, key, parts, vertex_part_id):
        self.calls.append("upload_character")

    def update_character(self, key, vertices_m, normals):
        self.vertices[key] = vertices_m

    def remove_character(self, key):
        self.matrices.pop(key, None)

    def remove_object(self, key):
        self.matrices.pop(key, None)

    def set_object(self, key, model_matrix, visible=True):
        self.matrices[key] = model_matrix
        (self.hidden.discard if visible else self.hidden.add)(key)

    def render(self, camera: Camera, instance_ids):
        self.calls.append("render")
        shape = (camera.height, camera.width)
        depth, ids = np.full(shape, np.inf, np.float32), np.zeros(shape, np.uint16)
        parts = np.zeros(shape, np.uint8)
        for key in sorted(self.matrices, key=lambda key: -self._nearest(camera, key)):
            z = self._nearest(camera, key)
            if key in self.hidden or z <= 0:
                continue
            hull = cv2.convexHull(np.round(project(camera, self._points(key))).astype(np.int32))
            area = np.zeros(shape, np.uint8)
            cv2.fillConvexPoly(area, hull, 1)
            depth[area > 0], ids[area > 0] = z, instance_ids.get(key, 0)
            parts[area > 0] = key in self.vertices
        shade = np.where(np.isfinite(depth), 40 * np.minimum(depth, 6), 9).astype(np.uint8)
        color = np.dstack(
            [shade, np.full(shape, int(self.light) % 200 + 20, np.uint8), (ids * 13).astype(np.uint8)]
        )
        normals = np.zeros((*shape, 3), np.float32)
        return SimpleNamespace(
            color=color, depth_m=depth, instance_id=ids, part_id=parts, normal_world=normals
        )

    def _points(self, key):
        corners = np.array([[x, y, z] for x in (-0.2, 0.2) for y in (-0.2, 0.2) for z in (0.0, 0.4)])
        matrix = self.matrices[key]
        return self.vertices.get(key, corners) @ matrix[:3, :3].T + matrix[:3, 3]

    def _nearest(self, camera, key):
        return to_camera(camera, self._points(key))[:, 2].min()
