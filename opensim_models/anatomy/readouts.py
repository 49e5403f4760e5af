"""Where the 28 keypoints that no vertebra holds lie on the model, for its read-outs.

Joint centres (shoulder to ankle) are the origins of the bodies below them, as good as the joints. All other places are
points of the skin: [guess], an average face, foot and flank, written for ``NOMINAL_STATURE_M`` in the axes of
:mod:`opensim_models.anatomy.segments`. Labels of rendered people take these points from the mesh instead.
"""

from __future__ import annotations

# Keypoint without its side: body, offset for the right side or the midline, metres.
READOUT_OFFSETS_M: dict[str, tuple[str, tuple[float, float, float]]] = {
    "shoulder": ("humerus", (0.0, 0.0, 0.0)),
    "elbow": ("forearm", (0.0, 0.0, 0.0)),
    "wrist": ("hand", (0.0, 0.0, 0.0)),
    "hip": ("femur", (0.0, 0.0, 0.0)),
    "knee": ("tibia", (0.0, 0.0, 0.0)),
    "ankle": ("foot", (0.0, 0.0, 0.0)),
    "nose": ("skull", (0.112, 0.008, 0.0)),
    "eye": ("skull", (0.080, 0.040, 0.032)),
    "ear": ("skull", (0.005, 0.020, 0.076)),
    "head": ("skull", (0.005, 0.155, 0.0)),
    "big_toe": ("foot", (0.180, -0.055, -0.018)),
    "small_toe": ("foot", (0.145, -0.060, 0.050)),
    "heel": ("foot", (-0.060, -0.045, 0.0)),
    "latissimus": ("T8", (0.000, -0.030, 0.155)),
    "clavicle": ("clavicle", (-0.015, 0.015, 0.078)),
}
