"""What a build of UnrealCV can do: each ability asked for once, with what its lack costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from synth.unrealcv import asks, decode
from synth.unrealcv.asks import Ask
from synth.unrealcv.decode import BadReplyError
from synth.unrealcv.driver import Driver, LostConnectionError

#: Ability -> what its lack costs.
COSTS: dict[str, str] = {
    "status": "nothing works: this is no UnrealCV world",
    "camera": "no pictures: camera 0 follows the player and cannot be placed",
    "lit": "no pictures",
    "depth": "no labels: without depth nothing tells what is hidden",
    "functions": (
        "places, people, motions and light cannot be set: only what the running game shows, paused, can be captured, "
        "with a people file (render --people FILE)"
    ),
    "pause": "people that move cannot be captured: bones and picture would be of different moments",
    "bones": "no markers from bones: only people with the capture functions can be labelled",
    "mask": "people are told from depth: visibility, boxes and areas of all labels are approximate",
    "parts": "body parts are told from depth: visibility of all labels is approximate",
    "authored": "no fit-minus-authored figures; labels are not affected",
}
# Names that are asked for bones; a level may hold thousands.
_MAX_OBJECTS = 60


@dataclass(frozen=True)
class Capabilities:
    """What a world answered.

    Attributes:
        address: Where it is.
        transport: ``TCP`` or ``Unix socket``.
        world: What it calls itself.
        has: Ability -> whether it is there, in the order of ``COSTS``; those not asked for are not in it.
        said: Ability -> what came instead.
    """

    address: str
    transport: str
    world: str
    has: dict[str, bool]
    said: dict[str, str] = field(default_factory=dict)

    @property
    def missing(self) -> dict[str, str]:
        """Ability that is not there -> what that costs."""
        return {name: COSTS[name] for name, there in self.has.items() if not there}

    @property
    def path(self) -> str:
        """The way that a capture takes here."""
        if not all(self.has.get(name, False) for name in ("status", "camera", "lit", "depth")):
            return "none: no labelled picture can be taken"
        if self.has["functions"]:
            way = "capture functions: the run's own people, motions and places"
        elif self.has.get("bones") and self.has.get("pause"):
            way = "stock: what the running game shows, paused; markers from bones (--people FILE)"
        else:
            return "none: neither capture functions nor bones in a paused game"
        exact = self.has.get("mask") and self.has.get("parts")
        return way + ("; visibility from ids" if exact else "; visibility from depth alone, approximate")

    def lines(self) -> list[str]:
        """For people to read."""
        rows = [f"{self.address}: {self.world}, by {self.transport}", f"path: {self.path}"]
        for name, there in self.has.items():
            said = f" ({self.said[name]})" if name in self.said else ""
            rows.append(f"  {name:10} " + ("yes" if there else f"MISSING{said}: {COSTS[name]}"))
        left = [name for name in COSTS if name not in self.has]
        return rows + [f"  {name:10} not asked" for name in left]

    def note(self) -> dict[str, object]:
        """For a manifest."""
        return {"transport": self.transport, "path": self.path, "missing": self.missing}


def probe(driver: Driver, people: Sequence[str] = (), ask_mask: bool = True) -> Capabilities:
    """Ask a world for everything that a capture uses.

    A camera is spawned where there is none beside the player's; a paused game is left as it was found. The mask comes
    last: on some engines it ends the game.

    Args:
        driver: The connection.
        people: Objects that have bones; without them the world's own list is tried.
        ask_mask: Whether to ask for masks at all.

    Raises:
        InputError: Nobody answers there.
    """
    driver.connect()
    asker = _Asker(driver)
    asker.words("status", "vget /unrealcv/status")
    version = asker.value("functions", asks.call("GetVersion"))
    camera = asker.camera()
    for name, what in (("lit", "lit bmp"), ("depth", "depth npy")):
        asker.picture(name, camera, what)
    asker.pause()
    asker.bones(people)
    if version is not None:
        asker.has["authored"] = asks.NO_FUNCTION not in asker.raw("vbp SpineForge GetAuthored nobody")
    if ask_mask:
        asker.picture("parts", camera, "part_mask npy")
        asker.picture("mask", camera, "object_mask bmp")
    stock = asker.raw("vget /unrealcv/version").strip()[:40] if asker.has["status"] else "of no version"
    has = {name: asker.has[name] for name in COSTS if name in asker.has}
    kind = version.get("world", "unknown") if version is not None else f"UnrealCV {stock}"
    return Capabilities(driver.address, driver.transport, str(kind), has, asker.said)


class _Asker:
    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self.has: dict[str, bool] = {}
        self.said: dict[str, str] = {}

    def value(self, name: str, ask: Ask[Any]) -> Any:
        try:
            found = self._driver.run([ask])[0]
        except (BadReplyError, LostConnectionError) as error:
            self.has[name] = False
            gone = isinstance(error, LostConnectionError)
            self.said[name] = "asking for it ended the connection" if gone else str(error)[:120]
            return None
        self.has[name] = True
        return found

    def words(self, name: str, command: str) -> str | None:
        found = self.value(name, Ask(command, decode.text))
        return None if found is None else str(found)

    def raw(self, command: str) -> str:
        try:
            return str(bytes(self._driver.fetch([Ask(command, decode.text)])[0]), "utf-8", "replace")
        except LostConnectionError as error:
            return f"{asks.NO_FUNCTION} ({error})"

    def camera(self) -> int | None:
        try:
            index = self._driver.camera_index()
        except (BadReplyError, LostConnectionError) as error:
            self.has["camera"], self.said["camera"] = False, str(error)[:120]
            return None
        self.has["camera"] = True
        return index

    def picture(self, name: str, camera: int | None, what: str) -> None:
        if camera is None:
            return
        reply = self.value(name, asks.image(camera, what))
        if reply is not None and name == "mask":
            self._look_at_mask(reply)

    def _look_at_mask(self, reply: decode.Reply) -> None:
        data = bytes(reply)
        if not data.startswith((b"BM", b"\x89PNG")):
            self.has["mask"], self.said["mask"] = False, f"{len(data)} bytes that are no picture"

    def pause(self) -> None:
        if self.words("pause", "vget /action/game/is_paused") is None:
            return
        was = asks.is_paused(self.raw("vget /action/game/is_paused"))
        self.value("pause", asks.order("vset /action/game/pause"))
        if self.has["pause"] and not was:
            self.value("pause", asks.order("vset /action/game/resume"))

    def bones(self, people: Sequence[str]) -> None:
        names = list(people) or self.raw("vget /objects").split()[:_MAX_OBJECTS]
        self.has["bones"] = False
        self.said["bones"] = "no object told its bones" if names else "there are no objects"
        for name in names:
            try:
                self._driver.run([asks.bones(name)])
            except (BadReplyError, LostConnectionError) as error:
                if people:
                    self.said["bones"] = f"{name}: {error}"[:120]
                continue
            self.has["bones"] = True
            del self.said["bones"]
            return
