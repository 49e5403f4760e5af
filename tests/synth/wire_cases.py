"""Hostile requests and bytes for the embedded world's wire."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from synth.body.population import sample_subject
from synth.world.protocol import MAGIC, MAX_PAYLOAD_BYTES, frame_header, pack_frame
from synth.world.world import command_table

_TEMPLATES = tuple(row.template for row in command_table())
# Each costs a real world a second or more.
_DEAR = ("SetPlace", "SpawnCharacter", "level [str]", "/size")
_NUMBERS = (
    *(
        "0",
        "-0",
        "1",
        "-1",
        "+.5",
        "1.",
        ".",
        "-",
        "nan",
        "inf",
        "-inf",
        "1e400",
        "1e-05",
        "0x10",
        "1_0",
        "1,5",
    ),
    *(
        "9" * 9,
        "9" * 10,
        "9" * 400,
        "-" + "9" * 30,
        "0." + "0" * 300 + "1",
        "1e",
        "٣",
        "１２",
        "²",
        "½",
        "4096",
    ),
    *("65535", "65536", "2147483648", "4294967296", "18446744073709551616", "1000000000.1", "--1", "1 2"),
)
_NAMES = (
    *("crate", "floor", "person", "ann", "none", "SpineForge", "Cube", "stub", "studio", "walk", "Camera_0"),
    *(
        "",
        "*",
        "a/b",
        "a:b",
        "..",
        ".",
        "~",
        "%s%n",
        "$(id)",
        "`id`",
        "a;b",
        "\x00",
        "ü" * 40,
        "x" * 5000,
        "__class__",
    ),
    *(
        "world",
        "component",
        "png",
        "bmp",
        "npy",
        "lit",
        "hand_l,T8",
        ",",
        "{}",
        "[]",
        '{"a":NaN}',
        "[" * 3000,
    ),
)
_VALUES = (0, -1, 1e9, 1e400, float("nan"), 10**400, "", "x" * 3000, None, [], {}, True)
_LIGHTS = ("exposure_ev", "sun_strength", "lamps", "sky_color", "moon", "__class__")
_STEMS = (
    "shot",
    "link",
    "dirlink",
    "con",
    "nul.x",
    "a" * 128,
    "a" * 300,
    ".hidden",
    "-rf",
    "Ünï",
    "a\x00b",
    "x y",
    "",
)
_SUFFIXES = (".png", ".bmp", ".npy", ".PNG", ".tiff", "", ".png/", ".png.", "..png", ".png\x00.npy")
_PREFIXES = (
    "",
    "",
    "../",
    "../outside/",
    "{root}/outside/",
    "/",
    "dirlink/",
    "./",
    "a/../",
    "..\\",
    "C:\\",
    "file://",
    "~/",
)


def _leaves(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (holder, key) of plain values in a JSON value."""
    for key, item in list(value.items()) if isinstance(value, dict) else list(enumerate(value)):
        yield value, key
        if isinstance(item, (dict, list)):
            yield from _leaves(item)


@dataclass
class Cases:
    """Makes hostile requests and bytes.

    Args:
        rng: Where all chance comes from.
        root: Folder with the world's ``out`` and with ``outside``, where nothing may appear.
        dear: How often a command that is slow in a real world is let through.
    """

    rng: random.Random
    root: Path
    dear: float = 1.0

    def request(self) -> str:
        """A command: filled with sense or nonsense, then perhaps damaged."""
        while True:
            template = self.rng.choice(_TEMPLATES)
            if any(word in template for word in _DEAR) and self.rng.random() > self.dear:
                continue
            if "[rest]" in template or not template.startswith("vbatch"):
                break
        words = [self._fill(word, template) for word in template.split(" ")]
        for _ in range(self.rng.choice((0, 0, 0, 0, 1, 1, 2, 5))):
            self._damage(words)
        return " ".join(words)

    def _fill(self, word: str, template: str) -> str:
        good = self.rng.random() < 0.75
        if word in ("[uint]", "[float]") or "[uint]" in word:
            number = self.rng.choice(("0", "0", "0", "1", "2", "30")) if good else self.rng.choice(_NUMBERS)
            return word.replace("[uint]", number).replace("[float]", number)
        if "[" not in word:
            return word
        if template.startswith("vget /camera") or "screenshot" in template:
            return self.file_name() if self.rng.random() < 0.7 else self.rng.choice(("png", "bmp", "npy"))
        if "SetLight" in template:
            return self._light()
        if word == "[str]" and "SpawnCharacter" in template and good:
            return self.spec()
        likely = _NAMES[:3] if template.startswith(("vget /object/", "vset /object/")) else _NAMES[:11]
        name = self.rng.choice(likely if good else _NAMES)
        return word.replace("[name]", name).replace("[str]", name).replace("[rest]", name)

    def _light(self) -> str:
        value = self.rng.choice((1, -1, 1e400, "x", None, [1, 2, 3], {"a": []}, float("nan"), 10**400))
        return json.dumps({self.rng.choice(_LIGHTS): value}, separators=(",", ":"))

    def spec(self) -> str:
        """A person's specification with a field or two that make no sense."""
        seed = self.rng.randrange(10)
        spec = json.loads(sample_subject(np.random.default_rng(seed), f"s{seed}").to_json())
        for _ in range(self.rng.randrange(3)):
            holder, key = self.rng.choice(list(_leaves(spec)))
            holder[key] = self.rng.choice(
                (0, -1, 1e9, 1e400, float("nan"), 10**400, "", "x" * 3000, None, [], {}, True)
            )
        return json.dumps(spec, separators=(",", ":")).replace(" ", "_")

    def file_name(self) -> str:
        """A name for a picture, most of them tricks."""
        parts = (self.rng.choice(choices) for choices in (_PREFIXES, _STEMS, _SUFFIXES))
        return "".join(parts).replace("{root}", str(self.root))

    def _damage(self, words: list[str]) -> None:
        at = self.rng.randrange(len(words))
        kind = self.rng.randrange(7)
        if kind == 0 and len(words) > 1:
            del words[at]
        elif kind == 1:
            words.insert(at, self.rng.choice(_NUMBERS + _NAMES))
        elif kind == 2:
            words[at] = words[at][::-1]
        elif kind == 3:
            words[at] += chr(self.rng.choice((0, 9, 11, 13, 32, 127, 0x85, 0x2028, 0x1F600)))
        elif kind == 4 and words[at]:
            cut = self.rng.randrange(len(words[at]))
            words[at] = words[at][:cut] + chr(self.rng.randrange(1, 256)) + words[at][cut + 1 :]
        elif kind == 5:
            words[at] = words[at].replace("/", self.rng.choice(("//", "\\", "/../", "")))
        else:
            words[at] = self.rng.choice(_NUMBERS + _NAMES)

    def payload(self) -> bytes:
        """A payload that is a request, or only looks a little like one."""
        number = self.rng.choice(("0", "7", "007", "9" * 25, "9" * 3000))
        data = f"{number}:{self.request()}".encode("utf-8", errors="surrogatepass")
        if self.rng.random() < 0.15:
            at = self.rng.randrange(len(number) + 1, len(data) + 1)
            data = data[:at] + self.rng.randbytes(self.rng.randrange(1, 30)) + data[at:]
        return data

    def broken_frame(self) -> bytes:
        """Bytes that are no frame, or not a whole one."""
        whole = pack_frame(self.payload())
        kind = self.rng.randrange(8)
        if kind == 0:
            return struct.pack("<II", self.rng.getrandbits(32), 4) + b"0:hi"
        if kind == 1:
            return struct.pack("<II", MAGIC, self.rng.choice((0, MAX_PAYLOAD_BYTES + 1, 2**32 - 1)))
        if kind == 2:
            return frame_header(MAX_PAYLOAD_BYTES) + self.rng.randbytes(self.rng.randrange(2000))
        if kind == 3:
            return whole[: self.rng.randrange(len(whole))]
        if kind == 4:
            return self.rng.randbytes(self.rng.randrange(1, 300))
        if kind == 5:
            return struct.pack(">II", MAGIC, 4) + b"0:hi"
        if kind == 6:
            return b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
        return whole + self.rng.randbytes(self.rng.randrange(1, 20))
