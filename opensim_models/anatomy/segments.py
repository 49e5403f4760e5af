"""The body around the spine as tables: segments, joints, coordinates and where markers sit on an average adult.

Written for ``NOMINAL_STATURE_M``; a subject's segment scales multiply it. Offsets are in OpenSim's axes (x forward,
y up, z right), metres, for the right side and for upright standing; the left side is the mirror image. On a
vertebra or the clavicle they are upright too and are turned into the body's own frame when the model is made.

Sources: lengths of limb segments as shares of stature after Drillis & Contini 1966 [mem]; hip joint centres from the
pelvic spines after Bell 1989; the S1 endplate over the hip axis from pelvic tilt 12 degrees and a radius of about
105 mm, moved half-way to what Bell's regression wants [guess]; masses from Plagenhoef 1983 (men's and women's shares
averaged); other marker positions [guess]: they only start the static fit, which puts every marker where it is.
"""

from __future__ import annotations

from dataclasses import dataclass

NOMINAL_STATURE_M = 1.70

# Share of body mass, one side. Plagenhoef 1983, means of men and women: thorax 18.6, abdomen 12.7, pelvis 14.8 % (the
# sacrum's body takes 1.2 of it), head and neck 8.6 together; their split and the clavicles, out of the thorax, [guess].
MASS_SHARES: dict[str, float] = {
    "skull": 0.060, "cervical": 0.026, "thoracic": 0.176, "lumbar": 0.127, "pelvis": 0.136,
    "clavicle": 0.005, "humerus": 0.031, "forearm": 0.017, "hand": 0.006,
    "femur": 0.111, "tibia": 0.050, "foot": 0.014,
}  # fmt: skip
# Length and radius of the cylinder that gives each segment its inertia, metres [guess].
CYLINDERS: dict[str, tuple[float, float]] = {
    "skull": (0.22, 0.085), "pelvis": (0.20, 0.14), "clavicle": (0.15, 0.02), "humerus": (0.30, 0.045),
    "forearm": (0.248, 0.035), "hand": (0.17, 0.03), "femur": (0.41, 0.075), "tibia": (0.41, 0.05),
    "foot": (0.24, 0.04),
}  # fmt: skip

S1_IN_PELVIS_M = (-0.026, 0.100, 0.0)  # centre of the S1 endplate from the mid-hip


@dataclass(frozen=True)
class LimbJoint:
    """A joint outside the spine, right side.

    Attributes:
        child: Segment that moves.
        parent: Segment it moves in.
        offset_m: Joint centre in the parent.
        coordinates: Three (name, axis, lower and upper limit in degrees); an empty name is a locked axis.
        neutral_about_x_deg: Turn of the joint's frame about x at coordinate zero.
    """

    child: str
    parent: str
    offset_m: tuple[float, float, float]
    coordinates: tuple[tuple[str, tuple[float, float, float], float, float], ...]
    neutral_about_x_deg: float = 0.0


_X, _Y, _Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
_NEG_X, _NEG_Z = (-1.0, 0.0, 0.0), (0.0, 0.0, -1.0)

# Shoulder angles count from 45 degrees of abduction: the sequence flexion, adduction, rotation is singular where the
# arm points along the first axis, and so that is up and out at 135 degrees, and neither hanging nor a T-pose.
LIMB_JOINTS: tuple[LimbJoint, ...] = (
    LimbJoint(
        "clavicle", "T1", (0.050, -0.030, 0.020),
        (("clavicle_protraction", _Y, -30, 30), ("clavicle_elevation", _NEG_X, -15, 45), ("", _NEG_Z, 0, 0)),
    ),
    LimbJoint(
        "humerus", "clavicle", (-0.045, -0.005, 0.155),
        (
            ("shoulder_flexion", _Z, -200, 260), ("shoulder_adduction", _X, -100, 100),
            ("shoulder_rotation", _Y, -200, 200),
        ),
        neutral_about_x_deg=-45.0,
    ),
    LimbJoint(
        "forearm", "humerus", (0.0, -0.300, 0.0),
        (("elbow_flexion", _Z, -15, 160), ("pronation", _Y, -60, 200), ("", _X, 0, 0)),
    ),
    LimbJoint(
        "hand", "forearm", (0.0, -0.248, 0.0),
        (("wrist_flexion", _Z, -90, 90), ("wrist_deviation", _X, -50, 50), ("", _Y, 0, 0)),
    ),
    LimbJoint(
        "femur", "pelvis", (0.0, 0.0, 0.085),
        (("hip_flexion", _Z, -50, 150), ("hip_adduction", _X, -80, 50), ("hip_rotation", _Y, -70, 70)),
    ),
    LimbJoint(
        "tibia", "femur", (0.0, -0.410, 0.0),
        (("knee_flexion", _NEG_Z, -15, 160), ("knee_rotation", _Y, -30, 30), ("", _X, 0, 0)),
    ),
    LimbJoint(
        "foot", "tibia", (0.0, -0.410, 0.0),
        (("ankle_dorsiflexion", _Z, -70, 50), ("ankle_inversion", _X, -40, 40), ("", _Y, 0, 0)),
    ),
)  # fmt: skip

# Marker stem: (segment, offset for the right side or the midline). Dorsal spine markers come from the spine's shape.
MARKER_OFFSETS_M: dict[str, tuple[str, tuple[float, float, float]]] = {
    "CLAV": ("T1", (0.070, -0.035, 0.0)),
    "STRN": ("T8", (0.150, -0.040, 0.0)),
    "ACR": ("clavicle", (-0.050, 0.045, 0.160)),
    "T10P": ("T10", (-0.065, 0.0, 0.045)),
    "L2P": ("L2", (-0.085, 0.010, 0.045)),
    "RIB": ("T10", (0.045, 0.0, 0.140)),
    "ICR": ("pelvis", (-0.005, 0.120, 0.145)),
    "ASI": ("pelvis", (0.075, 0.062, 0.120)),
    "PSI": ("pelvis", (-0.105, 0.090, 0.045)),
    "FHD": ("skull", (0.085, 0.100, 0.065)),
    "BHD": ("skull", (-0.075, 0.100, 0.060)),
    "ELL": ("humerus", (0.0, -0.300, 0.038)),
    "ELM": ("humerus", (0.0, -0.300, -0.038)),
    "WRR": ("forearm", (0.0, -0.248, 0.030)),
    "WRU": ("forearm", (0.0, -0.248, -0.030)),
    "FIN": ("hand", (-0.010, -0.090, 0.0)),
    "THI": ("femur", (0.0, -0.205, 0.085)),
    "KNL": ("femur", (0.0, -0.410, 0.052)),
    "KNM": ("femur", (0.0, -0.410, -0.052)),
    "TIB": ("tibia", (0.0, -0.205, 0.055)),
    "ANL": ("tibia", (0.0, -0.410, 0.038)),
    "ANM": ("tibia", (0.0, -0.405, -0.038)),
    "HEE": ("foot", (-0.060, -0.045, 0.0)),
    "TOE": ("foot", (0.125, -0.040, 0.0)),
    "MT5": ("foot", (0.105, -0.055, 0.045)),
}
DORSAL_LEVELS: tuple[str, ...] = (
    "L5",
    "L3",
    "T12",
    "T8",
    "T3",
    "C7",
)  # midline markers over spinous processes
