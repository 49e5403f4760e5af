"""Labels of one person on one picture: projection, visibility, boxes, area, and the 3D truth beside them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pipelines.posed import PosedSkin
from pipelines.spines import Spine
from spinepose.errors import StageError
from spinepose.skeleton import DEEP, INDEX, SPINE_CHAIN
from synth.body.parts import OWN_PART_TABLE
from synth.camera import Camera, to_camera
from synth.silhouette import Whole, first_skin, whole_body
from synth.visibility import Visibility, judge_visibility

SPINE_INDICES = np.array([INDEX[name] for name in SPINE_CHAIN])
# What of a label goes into the COCO file; the rest lies in the table beside it. ``approximate`` is there where
# visibility, box and area were told from depth.
COCO_FIELDS = ("area", "bbox", "bbox_amodal", "iscrowd", "keypoints", "num_keypoints", "approximate")
# Of whom less is seen is a crowd: not to be learnt from, and no false alarm where found.
CROWD_BELOW = 0.1
# Cloth and hair in front of the bare skin, where a world draws no ids: what lies nearer is something else.
_DRESSED_M = 0.08


@dataclass(frozen=True)
class Frame:
    """One rendered picture with all that is known of its pixels.

    Attributes:
        row: Its row in the render stage's frame table.
        camera: The camera that took it.
        depth_m: Planar depth, shape (H, W), metres, inf where nothing is.
        instance_id: Shape (H, W), 0 where there is no person.
        part_id: Shape (H, W).
        approximate: Whether the parts were told from depth, because the world draws none.
    """

    row: Any
    camera: Camera
    depth_m: np.ndarray
    instance_id: np.ndarray
    part_id: np.ndarray
    approximate: bool = False


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


def without_ids(frame: Frame, bodies: dict[int, PosedSkin]) -> Frame:
    """A frame of a world that draws no part ids (a real engine): parts, and people where its mask shows none, are told
    by comparing depth with the first skin of the posed bodies; a frame with ids comes back as it is.

    Args:
        frame: The frame.
        bodies: The skin of everyone in the scene by instance id.
    """
    people = list(bodies)
    # A picture that shows nobody has no part ids either; the render stage says whether its world draws any.
    if not people or getattr(frame.row, "has_part_ids", bool(frame.part_id.any())):
        return frame
    skins = list(bodies.values())
    skin = first_skin(
        frame.camera, [s.vertices_m for s in skins], [s.triangles for s in skins], [s.part_id for s in skins]
    )
    with np.errstate(invalid="ignore"):  # no surface in either is inf - inf
        there = np.abs(frame.depth_m - skin.depth_m) <= _DRESSED_M
    predicted = np.where(there, np.array(people)[skin.person], 0)
    masked = np.isin(frame.instance_id, people).any()
    instance = frame.instance_id if masked else predicted
    part = np.where(there & (instance == predicted), skin.part, 0)
    return replace(frame, instance_id=instance, part_id=part, approximate=True)


def label_person(
    frame: Frame,
    person: Any,
    spine: Spine,
    skin: PosedSkin,
    instances: frozenset[int],
    set_id: str,
) -> dict:
    """One person's COCO fields (those of ``COCO_FIELDS`` that it has) and ``extras``.

    Box and area come from the pixels that the mask shows.

    Args:
        frame: The picture.
        person: A row of the render stage's person table.
        spine: The fit.
        skin: The person's posed skin, for the size of the whole person.
        instances: Instance ids of all people in the scene.
        set_id: Name of the set that the label belongs to.
    """
    keypoints = full_keypoints(np.array(person.keypoints_world_m, float).reshape(-1, 3), spine.points_world_m)
    instance = int(person.instance)
    seen = judge_visibility(
        frame.camera,
        keypoints,
        DEEP,
        OWN_PART_TABLE,
        frame.depth_m,
        frame.instance_id,
        frame.part_id,
        instance,
        instances,
    )
    mask = frame.instance_id == instance
    area, box = int(mask.sum()), mask_box(mask)
    whole = whole_body(frame.camera, skin.vertices_m, skin.triangles)
    # Cloth and hair reach beyond the skin: of a person in full view more than the skin's area is seen.
    share = min(1.0, area / whole.area_px) if whole.area_px else 0.0
    # Only where it is so: labels of a world with ids stay as they were.
    marked = {"approximate": 1} if frame.approximate else {}
    return marked | {
        "area": area,
        "bbox": box,
        "bbox_amodal": amodal_box(box, whole),
        "iscrowd": int(share < CROWD_BELOW),
        "keypoints": coco_keypoints(seen),
        "num_keypoints": int((seen.v > 0).sum()),
        "extras": {
            **_whose(frame, person, set_id),
            "view": view_of(
                keypoints[INDEX["left_hip"]] - keypoints[INDEX["right_hip"]],
                keypoints[INDEX["hip"]],
                frame.camera,
            ),
            "visible_share": share,
            "area_amodal_px": whole.area_px,
            "approximate": frame.approximate,
            **_keypoint_extras(frame.camera, keypoints, seen),
            **_spine_extras(frame.camera, person, spine),
            **_camera_extras(frame.camera),
        },
    }


def amodal_box(visible_xywh: list[float], whole: Whole) -> list[float]:
    """Box (x, y, width, height) of the whole person, hidden parts and what lies beyond the picture too.

    Args:
        visible_xywh: Box of what is seen, zeros for nothing.
        whole: The bare skin; cloth that is seen beyond it counts, too.
    """
    boxes = np.array([b for b in (visible_xywh, whole.box_xywh) if b[2] > 0 and b[3] > 0])
    if not len(boxes):
        return [0.0, 0.0, 0.0, 0.0]
    low, high = boxes[:, :2].min(axis=0), (boxes[:, :2] + boxes[:, 2:]).max(axis=0)
    return [*low.tolist(), *(high - low).tolist()]


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
    flat: list[float] = [0] * (3 * len(seen.v))
    for k, (x, y), v in zip(
        np.flatnonzero(seen.v).tolist(),
        seen.pixels[seen.v > 0].round(3).tolist(),
        seen.v[seen.v > 0].tolist(),
        strict=True,
    ):
        flat[3 * k : 3 * k + 3] = x, y, v
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


def _whose(frame: Frame, person: Any, set_id: str) -> dict:
    return {
        "set_id": set_id,
        "frame_id": person.frame_id,
        "subject_id": person.subject_id,
        "trial_id": person.trial_id,
        "motion": person.clip,
        "time_s": float(person.time_s),
        "place": frame.row.place,
    }


def _keypoint_extras(camera: Camera, keypoints_world_m: np.ndarray, seen: Visibility) -> dict:
    return {
        "keypoints_world_m": keypoints_world_m.ravel(),
        "keypoints_cam_m": to_camera(camera, keypoints_world_m).ravel(),
        "surface_gap_m": seen.surface_gap_m.astype(np.float32),
        "first_surface": seen.first_surface.astype(np.int8),
    }


def _spine_extras(camera: Camera, person: Any, spine: Spine) -> dict:
    authored = np.array(person.authored_world_m, float).reshape(-1, 3)
    known = len(authored) > 0 and bool(np.isfinite(authored).all())
    return {
        "authored_cam_m": to_camera(camera, authored).ravel() if known else np.zeros(0),
        "fit_minus_authored_world_m": (spine.points_world_m - authored).ravel() if known else np.zeros(0),
        "sigma_m": spine.sigma_m,
        "covariance_world_m2": spine.covariance_world_m2.ravel().astype(np.float32),
        "observed": spine.observed,
        "spine_angles_rad": spine.angles_rad,
    }


def _camera_extras(camera: Camera) -> dict:
    return {
        "K": camera.K.ravel(),
        "R_world_to_cam": camera.R_world_to_cam.ravel(),
        "t_world_to_cam_m": camera.t_world_to_cam_m,
    }
