"""Names and signs of the spine's coordinates; what every other module means by them.

Vertebral frames follow OpenSim: x forward, y up, z to the right. Positive flexion bends forward (a rotation about
-z), positive bending leans to the right (about +x), positive rotation turns the chest to the left (about +y).
All are angles away from the subject's own neutral standing posture.
"""

from __future__ import annotations

REGIONS: tuple[str, ...] = ("lumbar", "thoracic", "cervical")
MOTIONS: tuple[str, ...] = ("flexion", "bending", "rotation")

# lumbar_flexion, lumbar_bending, lumbar_rotation, thoracic_flexion, ...
REGIONAL_COORDINATES: tuple[str, ...] = tuple(
    f"{region}_{motion}" for region in REGIONS for motion in MOTIONS
)

# The pelvis in ground, OpenSim's axes: where it is, then yaw, list and tilt as successive turns about y, x, z.
PELVIS_COORDINATES: tuple[str, ...] = (
    "pelvis_tx",
    "pelvis_ty",
    "pelvis_tz",
    "pelvis_yaw",
    "pelvis_list",
    "pelvis_tilt",
)

# The axis of each motion in the frame of the vertebra below: x forward, y up, z right.
MOTION_AXES: dict[str, tuple[float, float, float]] = {
    "flexion": (0.0, 0.0, -1.0),
    "bending": (1.0, 0.0, 0.0),
    "rotation": (0.0, 1.0, 0.0),
}

# Bottom up; the joint "below" a level connects it to the one before it (the sacrum for L5). C0 is the skull.
LEVELS: tuple[str, ...] = (
    *(f"L{i}" for i in range(5, 0, -1)),
    *(f"T{i}" for i in range(12, 0, -1)),
    *(f"C{i}" for i in range(7, 0, -1)),
)
JOINT_LEVELS: tuple[str, ...] = (*LEVELS, "C0")


def region_of_joint(level: str) -> str:
    """The region that moves the joint below a level.

    L5/S1 up to T12/L1 move with the lumbar region, T11/12 up to T1/2 with the thoracic, C7/T1 up to C0/1 with
    the cervical one.
    """
    if level in ("T12",) or level.startswith("L"):
        return "lumbar"
    return "thoracic" if level.startswith("T") else "cervical"
