"""Every motion on a slim, an average and a heavy body: do feet stand, do arms stay outside, do joints stay joints?

Prints one line a motion and body; ``--recordings DIR`` measures BVH files instead.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from spinepose.rng import rng_for
from synth.body.character import Character, build_character
from synth.body.population import sample_subject
from synth.body.spec import Cloth, Posture
from synth.motion.clip import Clip
from synth.motion.procedural import MOTIONS
from synth.motion.retarget import load_bvh_clip
from synth.world.clip_checks import fit_of, joints_of, probe_of
from synth.world.clip_fit import ClipFit
from synth.world.clips import rest_clip

BODIES = {"slim": ("female", 1.60, 18.0), "average": ("male", 1.76, 25.0), "heavy": ("male", 1.80, 34.0)}


def body(name: str) -> Character:
    """A body in close clothes."""
    sex, stature, bmi = BODIES[name]
    spec = sample_subject(rng_for(0, "benchmark", name), name)
    grey = (120, 120, 120)
    return build_character(replace(spec, sex=sex, stature_m=stature, bmi=bmi, posture=Posture(), beard="none",
        headwear="none", hair="short", top=Cloth("tshirt", "plain", grey, grey, 0.3, 0.5),
        bottom=Cloth("leggings", "plain", grey, grey, 0.2, 0.8), shoes=Cloth("sneakers", "plain", grey, grey,
        0.5, 0.5)))  # fmt: skip


def clips(names: list[str], seeds: int, recordings: Path | None) -> Iterator[tuple[str, Clip, float]]:
    """Name, clip, and CPU seconds that it took to make."""
    if recordings is not None:
        for path in sorted(recordings.glob("*.bvh")):
            yield path.stem, load_bvh_clip(path), 0.0
        return
    for name in names or MOTIONS:
        for seed in range(seeds):
            start = time.process_time()
            clip = MOTIONS[name](rng_for(seed, "clip", name))
            yield name, clip, time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("motions", nargs="*")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--stride", type=int, default=4)
    parser.add_argument("--bodies", nargs="*", default=list(BODIES))
    parser.add_argument("--recordings", type=Path)
    parser.add_argument(
        "--unfitted", action="store_true", help="clips as they are, without the fit to the body"
    )
    options = parser.parse_args()
    rest = rest_clip()
    built = {name: body(name) for name in options.bodies}
    probes = {name: probe_of(person.spec) for name, person in built.items()}
    print(
        "motion                cpu s  deg/s  jerk     elbow      knee | float slide inside, cm (share) a body"
    )
    for name, clip, cost in clips(options.motions, options.seeds, options.recordings):
        j = joints_of(clip)
        fits = []
        for who, person in built.items():
            fitted = None if options.unfitted else ClipFit(clip, person, rest).at
            f = fit_of(clip, person, probes[who], options.stride, fitted)
            fits.append(
                f"{100 * f.float_m:4.1f} {100 * f.slide_m:4.1f} {100 * f.inside_m:4.1f} ({f.inside_share:.2f})"
            )
        out = "" if j.out_of_range_rad <= 1e-9 else f" OUT {j.out_of_range_rad:.3f}"
        bends = " ".join(f"{low:4.0f} {high:4.0f}" for low, high in (j.elbow_deg, j.knee_deg))
        figures = f"{cost:6.3f} {j.fastest_deg_s[0]:6.0f} {j.jerkiest_deg[0]:5.1f} {bends}"
        print(f"{name:20s} {figures} | {' | '.join(fits)}{out} {j.jerkiest_deg[1]}", flush=True)


if __name__ == "__main__":
    main()
