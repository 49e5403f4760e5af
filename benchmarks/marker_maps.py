"""Where markers lie between the joints of people, and what it costs to let bones carry them.

Run: ``python -m benchmarks.marker_maps [--people N] [--write]``. Takes people of the embedded world in their
reference pose, says of each marker and body keypoint where it lies in shares of that person's own lengths (mean and
spread over the people), and with ``--write`` makes the maps in ``synth/maps`` of it. Then lets the bones carry the
points through motions and prints how far they come from the skin: with the person's own places, with the map's, and
with five bones of the spine instead of 24, as the Unreal Mannequin has them.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from opensim_models.markers import MARKER_NAMES, MARKERS
from spinepose.rng import rng_for
from spinepose.skeleton import INDEX
from synth.body.character import build_character
from synth.body.population import sample_subject
from synth.body.spec import SubjectSpec
from synth.bone_markers import BODY_KEYPOINTS, BoneMarkers, MarkerMap, Placed, place_of
from synth.motion.procedural import MOTIONS
from synth.world.bones import bone_frames
from synth.world.clip_fit import ClipFit
from synth.world.clips import rest_clip

MAPS = Path(__file__).parents[1] / "synth" / "maps"
MOTIONS_RUN = (
    "flexion_extension",
    "side_bend",
    "axial_rotation",
    "squat",
    "stoop_lift",
    "gait",
    "overhead_reach",
)
_SPREAD = (
    "# synth/bone_markers.py tells; sd_mm: spread over {} people of the embedded world; sure: false\n"
    "# where it is not known that the skeleton's bone begins in the joint that the place was measured from."
)
_EXACT = "# synth/bone_markers.py tells; all of them are exact."
_SPINE = ("C7", "T3", "T8", "T12", "L3", "L5")
_SINGLE = ("CLAV", "STRN")


@dataclass(frozen=True)
class Skeleton:
    """How a skeleton names what the layout speaks of.

    Attributes:
        title: What it is.
        notes: How it was looked into.
        sources: Where its names stand.
        bone: Our word for a joint -> its bone, ``{s}`` for the side.
        spine: The bones from the pelvis up that carry the trunk's points.
        unsure: Points whose bone may begin elsewhere than our joint of that name.
    """

    title: str
    notes: str
    sources: tuple[str, ...]
    bone: dict[str, str]
    spine: tuple[str, ...]
    unsure: tuple[str, ...] = ()


_UNREAL_BONES = {
    "hip": "thigh_{s}", "knee": "calf_{s}", "ankle": "foot_{s}", "toe": "ball_{s}", "shoulder": "upperarm_{s}",
    "elbow": "lowerarm_{s}", "wrist": "hand_{s}", "clavicle": "clavicle_{s}", "head": "head", "pelvis": "pelvis",
}  # fmt: skip
_UNREAL_SPINE = ("pelvis", "spine_01", "spine_02", "spine_03", "spine_04", "spine_05")
# An artist's hip, shoulder and head joints need not lie where anatomy has them.
_UNREAL_UNSURE = ("LFHD", "RFHD", "LBHD", "RBHD", "LACR", "RACR", "LTHI", "RTHI")
_UNREAL_FACE = ("nose", "left_eye", "right_eye", "left_ear", "right_ear", "head", "left_hip", "right_hip")
_UNREAL_NOTES = (
    "The bones' own axes are not used: they are read from a person in the reference pose. A public dump of the related "
    "UEFN mannequin has X along the bones of pelvis and spine; never checked on an engine. "
)
SKELETONS = {
    "spineforge": Skeleton(
        "people of the embedded world, and exported by spineforge export-character",
        "The bones of 'vget /object/X/bones': every vertebra, and the limbs from joint to joint.",
        ("synth/world/bones.py",),
        {
            "hip": "thigh_{s}", "knee": "shank_{s}", "ankle": "foot_{s}", "toe": "toes_{s}", "head": "C0",
            "shoulder": "upper_arm_{s}", "elbow": "forearm_{s}", "wrist": "hand_{s}", "clavicle": "clavicle_{s}",
            "pelvis": "sacrum",
        },
        ("sacrum", *(f"L{i}" for i in range(5, 0, -1)), *(f"T{i}" for i in range(12, 0, -1)), "C7"),
    ),
    "ue5_manny": Skeleton(
        "Unreal Engine 5 Mannequin, SK_Mannequin (Manny, Quinn)",
        _UNREAL_NOTES + "Five spine bones and two of the neck.",
        (
            "bone names: https://manual.reallusion.com/Character-Creator-5/Content/ENU/5.0/17-Metahuman-Interoperability/"
            "Skeleton-between-HD-and-UE-Characters.htm (five spine bones, 89 bones) and the names that public code for "
            "SKM_Manny uses (pelvis, spine_01 to spine_05, neck_01, neck_02, head, clavicle, upperarm, lowerarm, hand, "
            "thigh, calf, foot, ball)",
            "places: mean over people of the embedded world, benchmarks/marker_maps.py",
        ),
        _UNREAL_BONES,
        _UNREAL_SPINE,
        (*_UNREAL_UNSURE, *_UNREAL_FACE),
    ),
    "metahuman": Skeleton(
        "MetaHuman body, metahuman_base_skel",
        _UNREAL_NOTES + "The body has the same five spine bones; the face is a skeleton of its own that follows neck "
        "and head, so the face's points ride on the body's head bone.",
        (
            "bone names: https://forums.unrealengine.com/t/what-skeleton-does-metahuman-use/741546/7 (five spine "
            "bones, the face is a skeleton of its own that copies neck and head) and "
            "https://dev.epicgames.com/documentation/metahuman/metahuman-assets-overview (metahuman_base_skel)",
            "places: mean over people of the embedded world, benchmarks/marker_maps.py",
        ),
        _UNREAL_BONES,
        _UNREAL_SPINE,
        (*_UNREAL_UNSURE, *_UNREAL_FACE),
    ),
}  # fmt: skip

# Point (without its side) -> (joint that carries it, frame, from, to); trunk points ride on the spine's bones.
_LIMB = {
    "ACR": ("clavicle", "person", "shoulder", ""),
    "FHD": ("head", "person", "head", ""), "BHD": ("head", "person", "head", ""),
    "ELL": ("shoulder", "limb", "shoulder", "elbow"), "ELM": ("shoulder", "limb", "shoulder", "elbow"),
    "WRR": ("elbow", "limb", "elbow", "wrist"), "WRU": ("elbow", "limb", "elbow", "wrist"),
    "FIN": ("wrist", "limb", "elbow", "wrist"),
    "THI": ("hip", "limb", "hip", "knee"), "KNL": ("hip", "limb", "hip", "knee"), "KNM": ("hip", "limb", "hip", "knee"),
    "TIB": ("knee", "limb", "knee", "ankle"), "ANL": ("knee", "foot", "ankle", "toe"),
    "ANM": ("knee", "foot", "ankle", "toe"), "HEE": ("ankle", "foot", "ankle", "toe"),
    "TOE": ("ankle", "foot", "ankle", "toe"), "MT5": ("ankle", "foot", "ankle", "toe"),
    "ASI": ("pelvis", "trunk", "", ""), "PSI": ("pelvis", "trunk", "", ""), "ICR": ("pelvis", "trunk", "", ""),
}  # fmt: skip
_POINTS = {
    "nose": ("head", "person", "head", ""), "eye": ("head", "person", "head", ""),
    "ear": ("head", "person", "head", ""), "head": ("head", "person", "head", ""),
    "shoulder": ("shoulder", "person", "shoulder", ""),
    "elbow": ("elbow", "person", "elbow", ""), "wrist": ("wrist", "person", "wrist", ""),
    "hip": ("pelvis", "person", "hip", ""), "knee": ("knee", "person", "knee", ""),
    "ankle": ("ankle", "person", "ankle", ""), "big_toe": ("toe", "foot", "ankle", "toe"),
    "small_toe": ("toe", "foot", "ankle", "toe"), "heel": ("ankle", "foot", "ankle", "toe"),
    "clavicle": ("clavicle", "person", "shoulder", ""), "latissimus": ("spine", "trunk", "", ""),
}  # fmt: skip


def layout(skeleton: Skeleton) -> MarkerMap:
    """A skeleton's map with all places at zero."""
    both = [tuple(skeleton.bone[joint].format(s=s) for s in "lr") for joint in ("hip", "shoulder")]

    def placed(row: tuple[str, str, str, str], side: str, name: str) -> Placed:
        carrier, frame, start, end = row
        bones = [skeleton.bone[joint].format(s=side) if joint else "" for joint in (start, end)]
        ride = skeleton.spine if carrier == "spine" else (skeleton.bone[carrier].format(s=side),)
        return Placed(ride, frame, *bones, (0.0, 0.0, 0.0), name not in skeleton.unsure)

    markers = {}
    for name in MARKER_NAMES:
        row = _LIMB.get(name[1:], ("spine", "trunk", "", "")) if name not in (*_SPINE, *_SINGLE) else None
        markers[name] = placed(row or ("spine", "trunk", "", ""), name[0].lower(), name)
    keypoints = {}
    for name in BODY_KEYPOINTS:
        side, _, stem = name.partition("_")
        single = side not in ("left", "right")
        keypoints[name] = placed(_POINTS[name if single else stem], "l" if single else side[0], name)
    return MarkerMap(skeleton.title, both[0], both[1], markers, keypoints)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Person:
    """Someone in the reference pose, and how to pose them."""

    body: Any
    bones: dict[str, np.ndarray]
    markers_m: np.ndarray
    keypoints_m: np.ndarray


def people(count: int, seed: int) -> list[Person]:
    """People of the embedded world's population."""
    return [standing(sample_subject(rng_for(seed, "map", i), f"p{i}")) for i in range(count)]


def standing(spec: SubjectSpec) -> Person:
    """Somebody in the reference pose."""
    body = build_character(spec)
    posed = body.pose(rest_clip(), 0)
    return Person(body, bone_frames(body, posed), posed.markers_m, posed.keypoints_m)


def own_map(person: Person) -> str:
    """The map of one person of the embedded world, as YAML: their own places."""
    skeleton = SKELETONS["spineforge"]
    plan = layout(skeleton)
    at = places(plan, person)
    return written(skeleton, filled(plan, at), dict.fromkeys(at, 0.0), 1)


def places(plan: MarkerMap, person: Person) -> dict[str, np.ndarray]:
    """``at`` of every point of one person."""
    at = {
        n: place_of(plan, person.bones, p, person.markers_m[i])
        for i, (n, p) in enumerate(plan.markers.items())
    }
    return at | {
        n: place_of(plan, person.bones, p, person.keypoints_m[INDEX[n]]) for n, p in plan.keypoints.items()
    }


def filled(plan: MarkerMap, at: dict[str, np.ndarray]) -> MarkerMap:
    """The map with these places."""
    put = [
        {name: replace(p, at=tuple(at[name].round(5).tolist())) for name, p in table.items()}
        for table in (plan.markers, plan.keypoints)
    ]
    return replace(plan, markers=put[0], keypoints=put[1])


def averaged(plan: MarkerMap, crowd: list[Person]) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Mean places, alike on both sides, and the spread over the people in millimetres."""
    found = [places(plan, person) for person in crowd]
    mean = {name: np.mean([at[name] for at in found], axis=0) for name in found[0]}
    for name in mean:
        other = mirrored(name)
        if other in mean and name < other:
            flip = (
                [1, 1, 1] if (plan.markers | plan.keypoints)[name].frame in ("limb", "foot") else [1, -1, 1]
            )
            middle = (mean[name] + mean[other] * flip) / 2
            mean[name], mean[other] = middle, middle * flip
        elif other == name:
            mean[name] = mean[name] * [1, 0, 1]  # on the midline
    own = BoneMarkers(filled(plan, mean), crowd[0].bones)
    errors = []
    for person in crowd:
        markers, keypoints = BoneMarkers(own.plan, person.bones).points(person.bones)
        off = np.concatenate([markers - person.markers_m, keypoints - person.keypoints_m])
        errors.append(np.linalg.norm(off, axis=1))
    rms = 1000 * np.sqrt(np.mean(np.square(errors), axis=0))
    names = [*MARKER_NAMES, *INDEX]
    return mean, {n: float(v) for n, v in zip(names, rms, strict=True) if n in mean}


def mirrored(name: str) -> str:
    """The same point of the other side."""
    for a, b in (("left_", "right_"), ("right_", "left_")):
        if name.startswith(a):
            return b + name.removeprefix(a)
    if name in (*_SPINE, *_SINGLE) or name.islower():
        return name
    return {"L": "R", "R": "L"}[name[0]] + name[1:]


def written(skeleton: Skeleton, plan: MarkerMap, rms_mm: dict[str, float], count: int) -> str:
    """A map as YAML."""
    words = {marker.name: marker.definition for marker in MARKERS}
    lines = [
        "# Made by: python -m benchmarks.marker_maps --write. at: shares of a length of the person, as",
        _SPREAD.format(count),
        "schema: 1",
        f"skeleton: {skeleton.title!r}",
        f"notes: {skeleton.notes.strip()!r}",
        "sources:",
        *(f"  - {source!r}" for source in skeleton.sources),
        f"hips: [{', '.join(plan.hips)}]",
        f"shoulders: [{', '.join(plan.shoulders)}]",
    ]
    for key, table in (("markers", plan.markers), ("keypoints", plan.keypoints)):
        lines.append(f"{key}:")
        for name, p in table.items():
            bone = p.carrier[0] if len(p.carrier) == 1 else f"[{', '.join(p.carrier)}]"
            ends = "".join(f", {k}: {v}" for k, v in (("from", p.start), ("to", p.end)) if v)
            at = ", ".join(f"{value:.5f}" for value in p.at)  # YAML takes 4e-05 for a word
            how = words.get(name, _how(name, p))
            sure = "" if p.sure else ", sure: false"
            place = f"bone: {bone}, frame: {p.frame}{ends}, at: [{at}], sd_mm: {rms_mm[name]:.0f}{sure}"
            lines.append(f"  {name}: {{{place}, how: {how!r}}}")
    text = "\n".join(lines) + "\n"
    yaml.safe_load(text)
    return text


def exported() -> str:
    """The map of people that spineforge export-character wrote: markers and keypoints are bones there."""
    own = Skeleton(
        "people of spineforge export-character and export-unreal, as an engine imports them",
        "Markers and keypoints are bones of their own there, baked from the skin: nothing is told from other bones.",
        ("synth/export_gltf.py",),
        {},
        (),
    )
    tables = [
        {name: Placed((f"{kind}_{name}",), "person", f"{kind}_{name}", "", (0.0, 0.0, 0.0)) for name in names}
        for kind, names in (("marker", MARKER_NAMES), ("keypoint", BODY_KEYPOINTS))
    ]
    joints = [
        tuple(f"keypoint_{side}_{joint}" for side in ("left", "right")) for joint in ("hip", "shoulder")
    ]
    plan = MarkerMap(own.title, joints[0], joints[1], *tables)  # type: ignore[arg-type]
    return written(own, plan, dict.fromkeys((*MARKER_NAMES, *BODY_KEYPOINTS), 0.0), 0).replace(
        _SPREAD.format(0), _EXACT
    )


def _how(name: str, p: Placed) -> str:
    joint = not np.any(p.at)
    return "the joint where the bone begins" if joint else f"skin keypoint {name.replace('_', ' ')}"


def carried(plan: MarkerMap, person: Person, motions: tuple[str, ...], seed: int) -> np.ndarray:
    """Distance of points on bones to the skin's own through motions, shape (frames, 54), metres."""
    tied, distances = BoneMarkers(plan, person.bones), []
    for motion in motions:
        fit = ClipFit(MOTIONS[motion](rng_for(seed, "map-clip", motion)), person.body, rest_clip())
        for frame in np.linspace(0, fit.source.num_frames - 1, 8).astype(int):
            posed = fit.pose(frame)
            markers, _ = tied.points(bone_frames(person.body, posed))
            distances.append(np.linalg.norm(markers - posed.markers_m, axis=1))
    return np.array(distances)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--seed", type=int, default=77)
    parser.add_argument("--write", action="store_true", help="make the files in synth/maps")
    args = parser.parse_args()
    crowd = people(args.people, args.seed)
    plan = layout(SKELETONS["spineforge"])
    mean, rms_mm = averaged(plan, crowd)
    if args.write:
        MAPS.mkdir(exist_ok=True)
        for name, skeleton in SKELETONS.items():
            text = written(skeleton, filled(layout(skeleton), mean), rms_mm, args.people)
            (MAPS / f"{name}.yaml").write_text(text, encoding="utf-8")
        (MAPS / "exported.yaml").write_text(exported(), encoding="utf-8")
    fresh = people(6, args.seed + 1)
    spine5 = replace(SKELETONS["spineforge"], spine=("sacrum", "L4", "L1", "T9", "T5", "T2"))
    print(f"places from {args.people} people; distance to the skin over 6 others, {len(MOTIONS_RUN)} motions")
    print("markers, mm: mean / p95 / max")
    for label, maps in (
        ("own places, 24 spine bones", [filled(plan, places(plan, p)) for p in fresh]),
        ("own places, 5 spine bones", [filled(layout(spine5), places(layout(spine5), p)) for p in fresh]),
        ("the map's places, 24 spine bones", [filled(plan, mean)] * 6),
        ("the map's places, 5 spine bones", [filled(layout(spine5), mean)] * 6),
    ):
        mm = 1000 * np.concatenate(
            [carried(m, p, MOTIONS_RUN, args.seed) for m, p in zip(maps, fresh, strict=True)]
        )
        print(f"{label:34} {mm.mean():5.1f} {np.percentile(mm, 95):5.1f} {mm.max():5.1f}")
        if "own" not in label:
            worst = sorted(zip(mm.mean(axis=0), MARKER_NAMES, strict=True), reverse=True)[:6]
            print("  furthest: " + ", ".join(f"{name} {value:.0f}" for value, name in worst))


if __name__ == "__main__":
    main()
