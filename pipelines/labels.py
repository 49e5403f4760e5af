"""Labels of one person on one picture: projection, visibility, box, area, and the 3D truth beside them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from spinepose.errors import StageError
from spinepose.skeleton import DEEP, INDEX, SPINE_CHAIN
from synth.body.parts import OWN_PART_TABLE
from synth.camera import Camera, to_camera
from synth.visibility import Visibility, judge_visibility

SPINE_INDICES = np.array([INDEX[name] for name in SPINE_CHAIN])


@dataclass(frozen=True)
class Frame:
    """One rendered picture with all that is known of its pixels.

    Attributes:
        row: Its row in the render stage's frame table.
        camera: The camera that took it.
        depth_m: Planar depth, shape (H, W), metres, inf where nothing is.
        instance_id: Shape (H, W), 0 where there is no person.
        part_id: Shape (H, W).
    """

    row: Any
    camera: Camera
    depth_m: np.ndarray
    instance_id: np.ndarray
    part_id: np.ndarray


def read_frame(render_dir: Path, row: Any) -> Frame:
    """Read what the render stage stored of one picture."""
    stem = render_dir / row.path
    depth = cv2.imread(str(stem.with_suffix(".depth.png")), cv2.IMREAD_UNCHANGED)
    ids = cv2.imread(str(stem.with_suffix(".ids.png")), cv2.IMREAD_UNCHANGED)
    if depth is None or ids is None:
        raise StageError(f"{stem}: depth or id image cannot be read; make the render stage again")
    depth_m = np.where(depth == 0, np.inf, depth.astype(np.float32) / 1000.0)
    camera = Camera(
        int(row.width),
        int(row.height),
        np.array(row.K, float).reshape(3, 3),
        np.array(row.R_world_to_cam, float).reshape(3, 3),
        np.array(row.t_world_to_cam_m, float),
    )
    # OpenCV hands the channels out as blue, green, red: part ids lie in green, instances in red.
    return Frame(row, camera, depth_m, ids[..., 2], ids[..., 1])


def full_keypoints(body_world_m: np.ndarray, spine_world_m: np.ndarray) -> np.ndarray:
    """Put the fitted spine among the body's points.

    Args:
        body_world_m: Shape (37, 3), NaN at the nine spine points.
        spine_world_m: Shape (9, 3), from the sacrum up.

    Returns:
        Shape (37, 3), metres.
    """
    full = body_world_m.copy()
    full[SPINE_INDICES] = spine_world_m
    return full


def label_person(
    frame: Frame,
    person: Any,
    keypoints_world_m: np.ndarray,
    sigma_m: np.ndarray,
    instances: frozenset[int],
) -> dict:
    """One person's COCO fields and extras; box and area come from the pixels that the mask shows."""
    instance = int(person.instance)
    seen = judge_visibility(
        frame.camera,
        keypoints_world_m,
        DEEP,
        OWN_PART_TABLE,
        frame.depth_m,
        frame.instance_id,
        frame.part_id,
        instance,
        instances,
    )
    mask = frame.instance_id == instance
    return {
        "area": int(mask.sum()),
        "bbox": mask_box(mask),
        "keypoints": coco_keypoints(seen),
        "num_keypoints": int((seen.v > 0).sum()),
        "extras": person_extras(frame, person, keypoints_world_m, sigma_m, seen),
    }


def mask_box(mask: np.ndarray) -> list[float]:
    """Box (x, y, width, height) around a mask's pixels as pycocotools' ``toBbox`` gives it; zeros for an empty mask."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return [0.0, 0.0, 0.0, 0.0]
    return [
        float(columns[0]),
        float(rows[0]),
        float(columns[-1] - columns[0] + 1),
        float(rows[-1] - rows[0] + 1),
    ]


def coco_keypoints(seen: Visibility) -> list[float]:
    """The flat (x, y, v) list of COCO; a point outside the image is 0, 0, 0."""
    flat: list[float] = []
    for (x, y), v in zip(seen.pixels, seen.v, strict=True):
        flat += [round(float(x), 3), round(float(y), 3), int(v)] if v else [0, 0, 0]
    return flat


def view_of(person_left_world: np.ndarray, person_world_m: np.ndarray, camera: Camera) -> str:
    """Which side of a person the camera sees: front, back, left or right.

    Args:
        person_left_world: Vector from the right to the left hip, shape (3,).
        person_world_m: Where the person is, shape (3,), metres.
        camera: The camera.
    """
    forward = np.cross(person_left_world, [0.0, 0.0, 1.0])
    to_camera_dir = camera.position_world_m - person_world_m
    angle = np.degrees(
        np.arctan2(
            forward[0] * to_camera_dir[1] - forward[1] * to_camera_dir[0], forward[:2] @ to_camera_dir[:2]
        )
    )
    if abs(angle) <= 45:
        return "front"
    if abs(angle) >= 135:
        return "back"
    return "left" if angle > 0 else "right"


def person_extras(
    frame: Frame, person: Any, keypoints_world_m: np.ndarray, sigma_m: np.ndarray, seen: Visibility
) -> dict:
    left = keypoints_world_m[INDEX["left_hip"]] - keypoints_world_m[INDEX["right_hip"]]
    authored = np.array(person.authored_world_m, float).reshape(-1, 3)
    return {
        "subject_id": person.subject_id,
        "trial_id": person.trial_id,
        "time_s": float(person.time_s),
        "motion": person.clip,
        "view": view_of(left, keypoints_world_m[INDEX["hip"]], frame.camera),
        "keypoints_cam_m": to_camera(frame.camera, keypoints_world_m).ravel().tolist(),
        "authored_cam_m": to_camera(frame.camera, authored).ravel().tolist() if len(authored) else [],
        "sigma_m": sigma_m.tolist(),
        "surface_gap_m": seen.surface_gap_m.tolist(),
        "first_surface": seen.first_surface.tolist(),
        "K": frame.camera.K.ravel().tolist(),
    }
