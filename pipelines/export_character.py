"""``spineforge export-character``: a person of a run, or one drawn for the purpose, as an animated glTF file."""

from __future__ import annotations

from pathlib import Path

from pipelines.run import require_stage
from pipelines.scenes import load_scenes
from spinepose.errors import InputError
from spinepose.rng import rng_for
from synth.body.character import build_character
from synth.body.population import sample_subject
from synth.body.spec import SubjectSpec
from synth.export_gltf import export_character
from synth.motion.clip import Clip, load_clip
from synth.motion.procedural import MOTIONS

DEFAULT_MOTION = "flexion_extension"


def export_from_run(run_dir: Path, out: Path, subject_id: str | None, clips: list[str]) -> str:
    """Write a person of a run with the motions that it does there.

    Args:
        run_dir: A run whose stage ``scenes`` is complete.
        out: The ``.glb`` file.
        subject_id: Whom; by default the first person of the first scene.
        clips: Which of the run's motions instead.

    Returns:
        What was written, in words.

    Raises:
        InputError: The run has no such person or motion.
    """
    folder, _ = require_stage(run_dir, "scenes")
    persons = [person for scene in load_scenes(folder) for person in scene.persons]
    wanted = subject_id or persons[0].subject.subject_id
    own = [person for person in persons if person.subject.subject_id == wanted]
    if not own:
        known = sorted({person.subject.subject_id for person in persons})
        raise InputError(f"{run_dir}: no person '{wanted}'; there are {', '.join(known[:20])}")
    names = clips or sorted({person.clip for person in own})
    found = {name: _clip(folder / "clips", name) for name in names}
    return _export(SubjectSpec.from_json(own[0].subject.to_json()), found, out)


def _clip(folder: Path, name: str) -> Clip:
    path = folder / f"{name}.npz"
    if not path.is_file() or path.parent != folder:
        known = sorted(file.stem for file in folder.glob("*.npz"))
        raise InputError(f"{folder}: no motion '{name}'; there are {', '.join(known[:20])}, ...")
    return load_clip(path)


def export_drawn(seed: int, out: Path, clips: list[str]) -> str:
    """Write a person drawn from the population, with procedural motions.

    Args:
        seed: Of the person and of the motions.
        out: The ``.glb`` file.
        clips: Names of procedural motions; one by default.

    Raises:
        InputError: There is no such motion.
    """
    names = clips or [DEFAULT_MOTION]
    for name in names:
        if name not in MOTIONS:
            raise InputError(f"no motion '{name}'; there are {', '.join(sorted(MOTIONS))}")
    drawn = {name: MOTIONS[name](rng_for(seed, "clip", name, 0)) for name in names}
    return _export(sample_subject(rng_for(seed, "subject", 0), "b00000"), drawn, out)


def _export(subject: SubjectSpec, clips: dict[str, Clip], out: Path) -> str:
    if out.suffix != ".glb":
        raise InputError(f"{out}: the file is binary glTF; give it a name that ends in .glb")
    export_character(build_character(subject), clips, out)
    return f"{out}: {subject.subject_id}, {subject.sex}, {subject.stature_m:.2f} m, with {', '.join(clips)}"
