"""The embedded world as one object: state, view, folders, and the table of commands it answers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from spinepose.rng import rng_for
from synth.world.characters import CharacterCache, build_from_json
from synth.world.clips import ClipFolder, rest_clip
from synth.world.commands import Later, Reply, Table, or_error, run_command
from synth.world.scene_state import Scene, place_rng
from synth.world.view import RendererLike, Shot, View

log = logging.getLogger(__name__)

PLACES_KEPT = 4


class World:
    """State of the embedded world and everything that its commands need.

    Args:
        renderer: Draws; used from this thread only.
        places: Name to a function that makes a ``Place`` from a generator.
        clips_dir: Folder with the motion clips that may be played; None for none.
        out_dir: The only folder that clients may write files to.
        build: Makes a character from the JSON of its specification.
        port: What ``vget /unrealcv/status`` tells.
        quality: What the renderer was made with, for ``GetVersion``.
        photo_places: Name to a function that makes a ``Place`` from its seed: the seed picks a picture.
    """

    def __init__(
        self,
        renderer: RendererLike,
        places: Mapping[str, Callable[..., Any]],
        clips_dir: Path | None,
        out_dir: Path,
        build: Callable[[str], Any] = build_from_json,
        port: int = 0,
        quality: str = "fine",
        photo_places: Mapping[str, Callable[[int], Any]] | None = None,
    ) -> None:
        self.scene = Scene()
        #: Name to a function that makes the place of a seed.
        self.places: dict[str, Callable[[int], Any]] = {
            name: partial(_make_place, make, name) for name, make in places.items()
        } | dict(photo_places or {})
        self.clips = ClipFolder(clips_dir)
        self.characters = CharacterCache(build)
        self.out_dir = out_dir
        self.port, self.quality = port, quality
        self.rest = rest_clip()
        self._view = View(renderer)
        info = getattr(renderer, "info", {})
        self.renderer_name = " ".join(filter(None, (info.get("renderer"), info.get("version")))) or "unknown"
        self._made_places: dict[tuple[str, int], Any] = {}
        self._table = command_table()
        self.set_place(next(iter(places)), 0)

    @property
    def table(self) -> Table:
        return self._table

    def handle(self, request: str) -> Reply | Later:
        """Answer one command, or say how its answer is made off this thread; never raises for a bad one."""
        return run_command(self._table, self, request)

    def answer(self, request: str) -> Reply:
        """Answer one command here and now."""
        reply = self.handle(request)
        if not isinstance(reply, Later):
            return reply
        body = or_error(reply.make, request)
        return body if isinstance(body, str) else b"".join(body)

    def shoot(self, camera_index: int) -> Shot:
        """Draw what a camera sees."""
        return self._view.shoot(self.scene, camera_index)

    def set_place(self, name: str, seed: int) -> None:
        """Load a place: its objects back where they belong, nobody in it. The last few places are kept."""
        key = (name, seed)
        if key not in self._made_places:
            while len(self._made_places) >= PLACES_KEPT:
                self._made_places.pop(next(iter(self._made_places)))
            self._made_places[key] = self.places[name](seed)
        self.scene.load_place(self._made_places[key], key)


def _make_place(make: Callable[..., Any], name: str, seed: int) -> Any:
    return make(place_rng(name, seed))


def greet(world: World) -> None:
    """Put somebody before camera 0, so that the first picture and the first bones need no preparation."""
    from synth.body.population import sample_subject
    from synth.motion.procedural import static_clip

    spec = sample_subject(rng_for(0, "world", "person"), "person")
    requests = (
        f"vbp SpineForge SpawnCharacter person {spec.to_json()}",
        "vset /object/person/rotation 0 180 0",  # camera 0 looks along +X from X = -360
    )
    for request in requests:
        reply = world.answer(request)
        if isinstance(reply, str) and reply.startswith("error"):
            log.warning("nobody stands in the world: %s", reply.removeprefix("error "))
            return
    world.scene.character("person").set_motion(static_clip(), 0)


def make_renderer(quality: str) -> RendererLike:
    """The renderer of a quality.

    Raises:
        InputError: No such quality, or no GL library is installed.
    """
    from synth.world.raster import Renderer

    return Renderer(quality)


def command_table() -> Table:
    """All commands of the embedded world, in the order they are tried."""
    from synth.world import (
        capture_api,
        commands_camera,
        commands_console,
        commands_lens,
        commands_object,
        commands_system,
    )

    return Table(
        (
            *commands_system.COMMANDS,
            *commands_camera.COMMANDS,
            *commands_lens.COMMANDS,
            *commands_object.COMMANDS,
            *capture_api.COMMANDS,
            *commands_console.COMMANDS,
        )
    )
