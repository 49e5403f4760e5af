"""What every world would do at its start, done once: masks of the skin baked, numba's kernels compiled."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spinepose.rng import rng_for
from synth.body.character import build_character
from synth.body.population import sample_subject
from synth.motion.procedural import static_clip
from synth.world.clip_fit import ClipFit
from synth.world.clips import rest_clip
from synth.world.light import Light
from synth.world.raster_images import split_words
from synth.world.raster_lod import coarse_faces
from synth.world.sky import sky_panorama


def prepare_worlds(say: Callable[[str], None]) -> None:
    """Build and pose somebody under a sky, so that what is the same for all lies on disk afterwards.

    Args:
        say: Takes a line of text.
    """
    say(
        "worlds: baking the skin's masks, compiling kernels (60 MB; a minute the first time, then two seconds)"
    )
    body = build_character(sample_subject(rng_for(0, "setup"), "setup"))
    posed = body.pose(ClipFit(static_clip(), body, rest_clip()).at(0), 0)
    _ = posed.vertices_m, posed.normals, posed.markers_m
    sky_panorama(Light(), 0)
    coarse_faces(body.mesh.triangles, len(body.mesh.rest_m))
    # As the renderer has it: what is read back cannot be written to, and kernels are compiled for that, too.
    words = np.frombuffer(bytes(16), np.uint32).reshape(1, 4)
    layers = [np.empty(1, kind) for kind in (np.float32, np.uint16, np.uint8, np.uint32)]
    split_words(words, np.zeros(1, np.uint16), *layers)
    say("worlds: ready")
