"""The anatomical marker set: names, definitions and IK weights, shared by the bodies and the fit.

A marker on a rendered body is a barycentric point of its skin (``synth.body.markers``); a marker on the model is a
point of a bone (``opensim_models.build``). Only names and definitions are shared, never positions.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MarkerDefinition:
    """One marker.

    Attributes:
        name: Short name as gait laboratories use it.
        segment: The model's body that carries it.
        weight: Weight in inverse kinematics; trunk surface markers matter most for the spine, skin over fat least.
        definition: Where it sits, in words.
    """

    name: str
    segment: str
    weight: float
    definition: str


def _both(stem: str, segment: str, weight: float, words: str) -> tuple[MarkerDefinition, MarkerDefinition]:
    return tuple(  # type: ignore[return-value]
        MarkerDefinition(f"{side}{stem}", segment.format(side=side.lower()), weight, f"{name} {words}")
        for side, name in (("L", "left"), ("R", "right"))
    )


MARKERS: tuple[MarkerDefinition, ...] = (
    MarkerDefinition("C7", "C7", 1.0, "skin over the spinous process of C7"),
    MarkerDefinition("T3", "T3", 1.0, "skin over the spinous process of T3"),
    MarkerDefinition("T8", "T8", 1.0, "skin over the spinous process of T8"),
    MarkerDefinition("T12", "T12", 1.0, "skin over the spinous process of T12"),
    MarkerDefinition("L3", "L3", 1.0, "skin over the spinous process of L3"),
    MarkerDefinition("L5", "L5", 1.0, "skin over the spinous process of L5"),
    MarkerDefinition("CLAV", "T1", 0.5, "jugular notch of the sternum"),
    MarkerDefinition("STRN", "T8", 0.5, "xiphoid process of the sternum"),
    *_both("ACR", "clavicle_{side}", 0.5, "acromion, top of the shoulder"),
    *_both("T10P", "T10", 0.7, "paraspinal skin level with T10, 45 mm from the midline"),
    *_both("L2P", "L2", 0.7, "paraspinal skin level with L2, 45 mm from the midline"),
    *_both("RIB", "T10", 0.4, "lateral chest wall level with the tenth rib"),
    *_both("ICR", "pelvis", 0.7, "highest lateral point of the iliac crest"),
    *_both("ASI", "pelvis", 1.5, "anterior superior iliac spine"),
    *_both("PSI", "pelvis", 1.5, "posterior superior iliac spine"),
    *_both("FHD", "skull", 1.0, "front of the head above the temple"),
    *_both("BHD", "skull", 1.0, "back of the head level with FHD"),
    *_both("ELL", "humerus_{side}", 1.0, "lateral epicondyle of the elbow"),
    *_both("ELM", "humerus_{side}", 1.0, "medial epicondyle of the elbow"),
    *_both("WRR", "forearm_{side}", 1.0, "radial styloid of the wrist (thumb side)"),
    *_both("WRU", "forearm_{side}", 1.0, "ulnar styloid of the wrist (little finger side)"),
    *_both("FIN", "hand_{side}", 0.5, "knuckle of the middle finger"),
    *_both("THI", "femur_{side}", 0.3, "lateral thigh, half way down"),
    *_both("KNL", "femur_{side}", 1.0, "lateral epicondyle of the knee"),
    *_both("KNM", "femur_{side}", 1.0, "medial epicondyle of the knee"),
    *_both("TIB", "tibia_{side}", 0.3, "lateral shank, half way down"),
    *_both("ANL", "tibia_{side}", 1.0, "lateral malleolus"),
    *_both("ANM", "tibia_{side}", 1.0, "medial malleolus"),
    *_both("HEE", "foot_{side}", 1.0, "back of the heel"),
    *_both("TOE", "foot_{side}", 1.0, "head of the second metatarsal, top of the foot"),
    *_both("MT5", "foot_{side}", 1.0, "head of the fifth metatarsal, outer edge"),
)
MARKER_NAMES: tuple[str, ...] = tuple(m.name for m in MARKERS)
