"""CPU milliseconds of a picture by pass and by place, for both qualities, on one thread of Mesa.

    python benchmarks/raster.py [--size 640x480] [--people 2] [--places living_room park] [--shots DIR]

CPU time of this process, the median of several pictures in which everybody moves; the passes are timed with a
wait between them, so that they sum to a little more. Compare versions within one session only.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("LP_NUM_THREADS", "1")  # before GL is loaded

import cv2
import numpy as np

from spinepose.rng import rng_for
from synth.body.character import build_character
from synth.body.population import sample_subject
from synth.camera import Camera, look_at
from synth.motion.procedural import static_clip
from synth.world.meshes import pose_matrix
from synth.world.places import PLACES
from synth.world.raster import QUALITIES, Renderer
from synth.world.scene_state import place_rng

_REPEATS = 5
_EYES = ((2.6, -1.9, 1.5), (-3.2, 1.5, 1.3))


def cameras(width: int, height: int) -> list[Camera]:
    """Two cameras at the distance that people are usually photographed from."""
    return [look_at(np.array(eye), np.array([0.0, 0.0, 0.95]), width, height, 60.0) for eye in _EYES]


class Stage:
    """A renderer with people who turn a little before every picture."""

    def __init__(self, quality: str, bodies: list) -> None:
        self.renderer = Renderer(quality)
        clip = static_clip()
        self._posed = [body.pose(clip, 0) for body in bodies]
        self._turn = 0
        for i, body in enumerate(bodies):
            self.renderer.upload_character(f"person_{i}", body.parts, body.vertex_part_id)

    def move(self) -> None:
        """Turn everybody."""
        self._turn += 1
        for i, posed in enumerate(self._posed):
            angle = 2.4 * i + 0.5
            place = (0.55 * np.cos(angle) * (i > 0), 0.9 * np.sin(angle) * (i > 0), 0.0)
            matrix = pose_matrix(place, 0.9 * i + 0.05 * self._turn)
            self.renderer.update_character(f"person_{i}", posed.vertices_m, posed.normals, matrix)

    def measure(
        self, name: str, views: list[Camera], shots: Path | None
    ) -> tuple[float, float, dict[str, float]]:
        """Milliseconds of the first picture of a place, of one later, and of its passes."""
        place = PLACES[name](place_rng(name, 0))
        self.renderer.set_place(place)
        ids = {item.name: i for i, item in enumerate(place.objects, start=1)}
        ids |= {f"person_{i}": 1000 + i for i in range(len(self._posed))}
        for camera in views:  # compiles what the light needs
            self.move()
            images = self.renderer.render(camera, ids)
        if shots is not None:
            cv2.imwrite(str(shots / f"{name}.png"), images.color[..., ::-1])
        self.renderer.set_light(place.light)
        first = self._timed(views[0], ids)
        later = float(np.median([self._timed(camera, ids) for camera in views for _ in range(_REPEATS)]))
        passes: dict[str, list[float]] = {}
        for camera in views:
            for _ in range(_REPEATS):
                self.move()
                for each, value in self.renderer.profile(camera, ids).items():
                    passes.setdefault(each, []).append(value)
        return first, later, {each: float(np.median(values)) for each, values in passes.items()}

    def _timed(self, camera: Camera, ids: dict[str, int]) -> float:
        began = time.process_time()
        self.move()
        self.renderer.render(camera, ids)
        return 1000 * (time.process_time() - began)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", default="640x480", help="width x height")
    parser.add_argument("--people", type=int, default=2)
    parser.add_argument("--places", nargs="+", choices=list(PLACES), default=list(PLACES))
    parser.add_argument("--shots", type=Path, help="folder to keep one picture of each place in")
    args = parser.parse_args()
    width, height = (int(side) for side in args.size.split("x"))
    cv2.setNumThreads(1)
    bodies = [
        build_character(sample_subject(rng_for(i, "raster", "body"), f"p{i}")) for i in range(args.people)
    ]
    for quality in QUALITIES:
        stage = Stage(quality, bodies)
        if args.shots is not None:
            (args.shots / quality).mkdir(parents=True, exist_ok=True)
        print(
            f"\n{quality}, {args.people} people, {width}x{height}, {stage.renderer.info['renderer']}: CPU ms"
        )
        for i, name in enumerate(args.places):
            folder = None if args.shots is None else args.shots / quality
            first, later, passes = stage.measure(name, cameras(width, height), folder)
            if i == 0:
                print(
                    f"{'place':12s} {'new light':>9s} {'picture':>8s}  "
                    + " ".join(f"{each:>9s}" for each in passes)
                )
            print(
                f"{name:12s} {first:9.0f} {later:8.0f}  " + " ".join(f"{ms:9.1f}" for ms in passes.values())
            )
        stage.renderer.release()


if __name__ == "__main__":
    main()
