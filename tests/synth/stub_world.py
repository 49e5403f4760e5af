"""``python -m tests.synth.stub_world CLIPS OUT``: a world of boxes as a process of its own, ready within a second."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from synth.world.server import READY, open_port, serve, start_listening
from synth.world.world import World
from tests.synth.bodies import BodyRenderer
from tests.synth.conftest import StubBody, stub_place


class SlowRenderer(BodyRenderer):
    """Takes its time, so that there is a middle of the work to break off in."""

    def render(self, camera, instance_ids):
        time.sleep(0.03)
        return super().render(camera, instance_ids)


def stub_world(clips: Path, out: Path, renderer: BodyRenderer | None = None) -> World:
    return World(
        renderer or BodyRenderer(), {"stub": stub_place}, clips, out, build=lambda spec: StubBody(), port=1
    )


def main() -> None:
    import os
    import threading

    def leave_with_the_parent():
        while os.read(0, 4096):
            pass
        os._exit(0)

    threading.Thread(target=leave_with_the_parent, daemon=True).start()
    clips, out = map(Path, sys.argv[1:3])
    listener = open_port("127.0.0.1", 0)
    world = stub_world(clips, out, SlowRenderer())
    start_listening(listener)
    print(f"{READY}127.0.0.1:{listener.getsockname()[1]}", flush=True)
    serve(listener, world.answer)


if __name__ == "__main__":
    main()
