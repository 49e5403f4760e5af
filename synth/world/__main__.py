"""``python -m synth.world``: the embedded world as a process of its own (``spineforge world`` for people)."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from spinepose.errors import SpineforgeError
from synth.world.link import PATIENCE_S
from synth.world.server import DEFAULT_PORT, run_world


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m synth.world", description=__doc__)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="TCP port; 0 picks a free one")
    parser.add_argument("--clips", type=Path, help="folder with motion clips (.npz)")
    parser.add_argument(
        "--out", type=Path, default=Path("runs/world"), help="the only folder that clients may write to"
    )
    parser.add_argument("--empty", action="store_true", help="start with nobody in the place")
    parser.add_argument(
        "--quality", choices=("fast", "fine"), default="fine", help="what the renderer spends on a picture"
    )
    parser.add_argument("--backdrops", type=Path, help="folder with photographs, for the place 'backdrop'")
    parser.add_argument(
        "--panoramas", type=Path, help="folder with equirectangular panoramas, for the place 'panorama'"
    )
    parser.add_argument(
        "--unix-socket",
        action=argparse.BooleanOptionalAction,
        help="serve unrealcv_PORT.socket in the temporary folder too (default: unless --stop-with-stdin)",
    )
    parser.add_argument(
        "--patience", type=float, default=PATIENCE_S, help="seconds that one frame, or one reply, may take"
    )
    parser.add_argument("--stop-with-stdin", action="store_true", help="end when standard input closes")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    try:
        run_world(
            args.port,
            args.clips,
            args.out,
            stop_with_stdin=args.stop_with_stdin,
            empty=args.empty,
            unix_socket=args.unix_socket,
            quality=args.quality,
            backdrops=args.backdrops,
            panoramas=args.panoramas,
            patience_s=args.patience,
        )
    except SpineforgeError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
