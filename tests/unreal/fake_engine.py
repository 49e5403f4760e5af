"""``python -m tests.unreal.fake_engine --stage STAGE.json ...``: an engine with stock UnrealCV's limits, as a process.

It draws with the embedded world and takes away what stock UnrealCV lacks or does badly: no capture functions, no part
ids, masks that are grey, refused or deadly; the first picture after any change shows the moment before; exposure
creeps; depth comes through float16; bones are the only truth, in 0.001 cm and degrees; people move on their own while
the game runs, which stops a tick after it was told to; one client at a time, no TCP after the first one has left.

``STAGE.json``: ``{"place": [name, seed], "light": {...}, "people": [{"object", "reference", "spec", "clip"}]}``.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
from pathlib import Path

import cv2
import numpy as np

from synth.world import server
from synth.world.clip_fit import ClipFit
from synth.world.commands import NO_HANDLER, NO_OBJECT
from synth.world.places import PLACES
from synth.world.server import READY, open_port, serve_connection, start_listening
from synth.world.unix_socket import unix_listener
from synth.world.world import World, make_renderer

TICK_S = 1 / 30
#: Ticks of the game from one stop to the next.
TICKS_A_RUN = 3
_LEVEL = ("Floor", "SkySphere", "PlayerStart")
_GREY = 128


class FakeEngine:
    """Answers as a stock engine would.

    Args:
        world: What draws.
        stage: The level's people.
        moments: File that gets a line a stop, with the clip's frame of everyone: what no client can know.
        mask: ``grey``, ``refuse``, ``deadly`` or ``good``.
    """

    def __init__(self, world: World, stage: dict, moments: Path, mask: str) -> None:
        self.world, self.moments, self.mask = world, moments, mask
        self.paused, self.stopping, self.tick, self.since_change = False, False, 0, 0
        self.last: dict[str, bytes] = {}
        world.set_place(*stage["place"])
        self._own(f"vbp SpineForge SetLight {json.dumps(stage['light'], separators=(',', ':'))}")
        self.people = stage["people"]
        self.fits = {}
        for number, person in enumerate(self.people):
            for name, x in ((person["object"], 0.0), (person["reference"], 50_000.0)):
                self._own(f"vbp SpineForge SpawnCharacter {name} {person['spec']}")
                self._own(f"vset /object/{name}/location {x:.1f} {900.0 * number:.1f} 0.0")
            clip = world.clips.get(person["clip"])
            self.fits[person["object"]] = ClipFit(
                clip, world.scene.character(person["object"]).body, world.rest
            )
        self._pose()

    def _own(self, command: str) -> bytes | str:
        reply = self.world.answer(command)
        if isinstance(reply, str) and reply.startswith("error"):
            raise RuntimeError(f"{command[:80]}: {reply}")
        return reply

    def _frame(self, fit: ClipFit) -> int:
        return fit.source.frame_at((self.tick * TICK_S) % ((fit.source.num_frames - 1) / fit.source.fps))

    def _pose(self) -> None:
        for name, fit in self.fits.items():
            frame = self._frame(fit)
            self.world.scene.character(name).set_motion(fit.at(frame), frame)

    def answer(self, command: str) -> bytes | str:
        words = command.split()
        if words[:1] == ["vbp"]:
            return NO_OBJECT if len(words) > 2 else NO_HANDLER.format(uri=command)
        if "/part_mask" in command or command == "vget /unrealcv/commands":
            return NO_HANDLER.format(uri=command)
        if words[:1] == ["vset"]:
            self.since_change = 0
        if command.startswith(("vset /action/game/", "vget /action/game/")):
            return self._game(command)
        if command == "vget /objects":
            return " ".join((*_LEVEL, *self.world.scene.things))
        if "/bones" in command:
            return self._bones(command)
        if command.startswith("vget /camera/") and len(words) == 3:
            return self._picture(command, words[1].rpartition("/")[2])
        reply = self.world.answer(command)
        return reply.replace("spineforge", "FakeEngine") if isinstance(reply, str) else reply

    def _game(self, command: str) -> str:
        verb = command.rpartition("/")[2]
        if verb == "is_paused":
            return str(self.paused).lower()
        if verb == "pause" and not self.paused:
            self.paused = self.stopping = True
            self.tick += TICKS_A_RUN - 1
            self._pose()
        elif verb == "resume":
            self.tick += self.stopping
            self.paused = self.stopping = False
        return "ok"

    def _stop(self) -> None:
        """The tick in which the game was told to stop is still played."""
        if self.stopping:
            self.stopping = False
            self.tick += 1
            self._pose()
            frames = {name: self._frame(fit) for name, fit in self.fits.items()}
            with self.moments.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"tick": self.tick, "frames": frames}) + "\n")

    def _bones(self, command: str) -> str:
        reply = self.world.answer(command)
        self._stop()  # after the reply: the first bones of a stop are those of the tick before
        if isinstance(reply, str) and reply.startswith("error"):
            return reply
        rows = json.loads(reply)
        for row in rows:
            row["transform"] = {key: round(value, 3) for key, value in row["transform"].items()}
        return json.dumps(rows)

    def _picture(self, command: str, kind: str) -> bytes | str:
        if kind == "object_mask" and self.mask in ("refuse", "deadly"):
            if self.mask == "deadly":
                os._exit(139)
            return "error Not Implemented"
        now = self.world.answer(command)
        if isinstance(now, str):
            return now
        if kind == "lit":
            now = _darker(now, 0.5**self.since_change)
        elif kind == "depth":
            now = _through_float16(now)
        elif kind == "object_mask" and self.mask == "grey":
            now = _grey(now)
        before, self.last[command] = self.last.get(command, now), now
        self.since_change += 1
        return before if self.since_change == 1 else now


def _darker(bmp: bytes, share: float) -> bytes:
    """A picture before the exposure has settled."""
    image = cv2.imdecode(np.frombuffer(bmp, np.uint8), cv2.IMREAD_UNCHANGED)
    image[..., :3] = np.rint(image[..., :3] * (1 - 0.4 * share))
    return cv2.imencode(".bmp", image)[1].tobytes()


def _through_float16(npy: bytes) -> bytes:
    depth = np.load(io.BytesIO(npy))
    out = io.BytesIO()
    np.save(out, np.minimum(depth, 65504.0).astype(np.float16).astype(np.float32))
    return out.getvalue()


def _grey(bmp: bytes) -> bytes:
    """A mask in which nobody has the colour that was asked for."""
    image = cv2.imdecode(np.frombuffer(bmp, np.uint8), cv2.IMREAD_UNCHANGED)
    image[..., :3] = _GREY
    return cv2.imencode(".bmp", image)[1].tobytes()


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("stage", "clips", "out", "moments"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--mask", default="grey")
    args = parser.parse_args()
    server.BANNER = b"connected to FakeEngine"
    server.leave_on_terminate()
    tcp = open_port("127.0.0.1", args.port)
    port = tcp.getsockname()[1]
    world = World(make_renderer("fast"), PLACES, args.clips, args.out, port=port, quality="fast")
    engine = FakeEngine(world, json.loads(args.stage.read_text()), args.moments, args.mask)
    with unix_listener(port) as beside:
        for listener in (tcp, beside):
            start_listening(listener)
        sys.stdout.write(f"{READY}127.0.0.1:{port}\n")
        sys.stdout.flush()
        listener = tcp
        while True:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                serve_connection(connection, engine.answer)
            if listener is tcp:  # as on Linux: the next client finds the Unix socket only
                tcp.close()
                listener = beside


if __name__ == "__main__":
    main()
