"""Every command of the embedded world, one row or more each: a command without a row fails the first test."""

import json
import re
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest

from synth.world.commands import NO_HANDLER
from synth.world.encode import FAR_DEPTH_CM
from synth.world.world import command_table

DOCS = Path(__file__).parents[2] / "docs" / "wire.md"
SPEC = '{"name":"someone"}'
SPAWN = f"vbp SpineForge SpawnCharacter ann {SPEC}"
NUMBER = r"-?\d+\.\d{3}"
VECTOR = f"{NUMBER} {NUMBER} {NUMBER}"
OK, INVALID, NOT_IMPLEMENTED = "ok", "error Argument Invalid", "error Not Implemented"
NO_HANDLER_FOUND = ".*No handler found.*"
NO_CAMERA, NO_OBJECT = "error Invalid sensor id", "error Cannot find object"


class Case(NamedTuple):
    """A request, what must come back (a pattern of the whole text, or a check), and requests before it."""

    request: str
    expected: object
    before: tuple[str, ...] = ()


class After(NamedTuple):
    """The reply must be ok, and the world must then answer another request with a text."""

    request: str
    answer: str


def picture(channels=4, size=(8, 6)):
    def check(reply):
        image = cv2.imdecode(np.frombuffer(reply, np.uint8), cv2.IMREAD_UNCHANGED)
        assert image.shape == (size[1], size[0], channels)

    return check


def bmp(reply):
    picture(channels=3)(reply)  # OpenCV drops the fourth channel of this kind
    assert reply[:2] == b"BM"
    assert int.from_bytes(reply[22:26], "little", signed=True) == -6  # rows from the top, as upstream's
    assert len(reply) == 54 + 8 * 6 * 4


def npy(dtype, *shape):
    def check(reply):
        array = np.load(BytesIO(reply))
        assert array.dtype == dtype
        assert array.shape == shape

    return check


def holds(*keys):
    def check(reply):
        assert set(json.loads(reply)) >= set(keys)

    return check


def json_rows(count):
    def check(reply):
        rows = json.loads(reply)
        assert len(rows) == count
        assert all(list(row) == ["bone_name", "transform"] for row in rows)

    return check


SMALL = ("vset /camera/0/size 8 6",)


def images(mode, dtype, *more):
    uri = f"vget /camera/0/{mode}"
    return [
        Case(f"{uri} png", picture(), SMALL),
        Case(f"{uri} bmp", bmp, SMALL),
        Case(f"{uri} npy", npy(dtype, 6, 8, *more), SMALL),
        Case(f"{uri} {mode}.png", rf"/.*/out/{mode}\.png", SMALL),
        Case(f"{uri} {mode}.v2.NPY", rf"/.*/out/{mode}\.v2\.NPY", SMALL),
        Case(f"{uri} ../{mode}.png", rf"{INVALID}: file name .*"),
        Case(f"{uri} tiff", "error Invalid filename type, filename tiff"),
        Case(f"vget /camera/7/{mode} png", NO_CAMERA),
    ]


def vector(uri, missing, absent):
    return [
        Case(f"vget {uri}", VECTOR),
        Case(f"vget {absent}", missing),
    ]


def set_vector(uri, missing, absent):
    return [
        Case(f"vset {uri} 1 -2.5 .25", After(f"vget {uri}", "1.000 -2.500 0.250")),
        Case(f"vset {absent} 1 2 3", missing),
        Case(f"vset {uri} 99999999999 0 0", INVALID),
        Case(f"vset {uri} 1e-05 0 0", NO_HANDLER_FOUND),
    ]


def choice(key, good, lacking, noun):
    uri = f"vset /camera/0/{key}"
    cases = [
        Case(f"{uri} {good}", OK),
        Case(f"{uri} {good.upper()}", OK),
        Case(f"{uri} {lacking}", NOT_IMPLEMENTED),
        Case(f"{uri} odd", f"error Can not support {noun} odd, available options are .*"),
        Case(f"vset /camera/9/{key} {good}", NO_CAMERA),
    ]
    return cases


def words(verb, count, reply, first="stat fps a b c d e f g"):
    return [Case(" ".join((verb, *first.split()[:count])), reply)]


CAMERA, OBJECT = "/camera/0", "/object/crate"
TABLE = {
    "vget /unrealcv/status": [
        Case("vget /unrealcv/status", r"(?s)Is Listening\nClient Connected\n1\n.*Port: 1\n.*FOV: 60\.000000.*")
    ],
    "vget /unrealcv/version": [Case("vget /unrealcv/version", r"\d+\.\d+\.\d+")],
    "vget /unrealcv/echo [rest]": [Case("vget /unrealcv/echo hello", "hello")],
    "vget /unrealcv/help": [Case("vget /unrealcv/help", r"(?s).*vget /unrealcv/help\n.*")],
    "vget /unrealcv/commands": [Case("vget /unrealcv/commands", r"(?s).*vget /unrealcv/commands\n.*")],
    "vget /scene/name": [Case("vget /scene/name", "stub")],
    "vget /level/name": [Case("vget /level/name", "stub")],
    "vset /action/game/pause": [Case("vset /action/game/pause", After("vget /action/game/is_paused", "true"))],
    "vset /action/game/resume": [
        Case("vset /action/game/resume", After("vget /action/game/is_paused", "false"), ("vset /action/game/pause",))
    ],
    "vget /action/game/is_paused": [Case("vget /action/game/is_paused", "false")],
    "vset /action/game/level [str]": [
        Case("vset /action/game/level stub", After("vget /objects", "crate"), ("vset /objects/spawn Cube c",)),
        Case("vset /action/game/level moon", "error no place 'moon'; there are stub"),
    ],
    "vset /action/input/enable": [Case("vset /action/input/enable", OK)],
    "vset /action/input/disable": [Case("vset /action/input/disable", OK)],
    "vset /action/keyboard [str] [float]": [Case("vset /action/keyboard Up 0.01", NOT_IMPLEMENTED)],
    "vset /action/eyes_distance [float]": [Case("vset /action/eyes_distance 6.5", NOT_IMPLEMENTED)],
    "vget /cameras": [Case("vget /cameras", "Camera_0")],
    "vset /cameras/spawn": [
        Case("vset /cameras/spawn", "Camera_1"),
        Case("vset /cameras/spawn", "error no more than 64 cameras", ("vset /cameras/spawn",) * 63),
    ],
    "vget /camera/[uint]/location": vector(f"{CAMERA}/location", NO_CAMERA, "/camera/1/location"),
    "vget /camera/[uint]/rotation": vector(f"{CAMERA}/rotation", NO_CAMERA, "/camera/1/rotation"),
    "vset /camera/[uint]/location [float] [float] [float]": set_vector(
        f"{CAMERA}/location", NO_CAMERA, "/camera/1/location"
    ),
    "vset /camera/[uint]/rotation [float] [float] [float]": set_vector(
        f"{CAMERA}/rotation", NO_CAMERA, "/camera/1/rotation"
    ),
    "vset /camera/[uint]/moveto [float] [float] [float]": [
        Case("vset /camera/0/moveto 1 2 3", After("vget /camera/0/location", "1.000 2.000 3.000")),
        Case("vset /camera/1/moveto 1 2 3", "error MoveTo only supports the player camera with id 0"),
    ],
    "vget /camera/[uint]/fov": [
        Case("vget /camera/0/fov", r"60\.000000"),
        Case("vget /camera/1/fov", NO_CAMERA),
    ],
    "vset /camera/[uint]/fov [float]": [
        Case("vset /camera/0/fov 45.5", After("vget /camera/0/fov", "45.500000")),
        Case("vset /camera/0/fov 0", "error .*"),
        Case("vset /camera/1/fov 45", NO_CAMERA),
    ],
    "vget /camera/[uint]/size": [Case("vget /camera/0/size", "640 480"), Case("vget /camera/1/size", NO_CAMERA)],
    "vset /camera/[uint]/size [uint] [uint]": [
        Case("vset /camera/0/size 64 48", After("vget /camera/0/size", "64 48")),
        Case("vset /camera/0/size 0 48", INVALID),
        Case("vset /camera/0/size 4096 4096", INVALID),
        Case("vset /camera/0/size \u0663 \u0663", NO_HANDLER_FOUND),  # Arabic digits are none here
    ],
    "vget /camera/[uint]/lit [str]": images("lit", np.uint8, 4),
    "vget /camera/[uint]/depth [str]": images("depth", np.float32),
    "vget /camera/[uint]/normal [str]": images("normal", np.float32, 3),
    "vget /camera/[uint]/object_mask [str]": images("object_mask", np.uint8, 4),
    "vget /camera/[uint]/seg [str]": images("seg", np.uint8, 4),
    "vget /camera/[uint]/part_mask [str]": images("part_mask", np.uint8),
    "vget /camera/[uint]/optical_flow [str]": [
        Case("vget /camera/0/optical_flow bmp", NOT_IMPLEMENTED),
        Case("vget /camera/1/optical_flow bmp", NO_CAMERA),
    ],
    "vget /screenshot [str]": [
        Case("vget /screenshot png", picture(), SMALL),
        Case("vget /screenshot s.png", r"/.*/out/s\.png", SMALL),
    ],
    "vget /viewmode": [Case("vget /viewmode", "lit")],
    "vset /viewmode [str]": [
        Case("vset /viewmode depth", After("vget /viewmode", "depth")),
        Case("vset /viewmode xray", "error Unrecognized ViewMode xray, OPTIONS: .*"),
    ],
    "vget /camera/[uint]/projection_type": [
        Case("vget /camera/0/projection_type", "perspective"),
        Case("vget /camera/1/projection_type", NO_CAMERA),
    ],
    "vset /camera/[uint]/projection_type [str]": choice(
        "projection_type", "perspective", "orthographic", "camera mode"
    ),
    "vset /camera/[uint]/exposure_method [str]": choice(
        "exposure_method", "manual", "histogram", "auto exposure mode"
    ),
    "vset /camera/[uint]/lit_source [str]": choice("lit_source", "ldr", "base", "lit source"),
    "vset /camera/[uint]/reflection [str]": choice("reflection", "none", "lumen", "reflection method"),
    "vset /camera/[uint]/illumination [str]": choice(
        "illumination", "none", "plugin", "global illumination method"
    ),
    "vset /camera/[uint]/ortho_width [float]": [Case("vset /camera/0/ortho_width 500", NOT_IMPLEMENTED)],
    "vset /camera/[uint]/exposure_bias [float]": [
        Case("vset /camera/0/exposure_bias -1.5", OK),
        Case("vset /camera/0/exposure_bias 9", INVALID),
        Case("vset /camera/1/exposure_bias 1", NO_CAMERA),
    ],
    "vset /camera/[uint]/auto_speed [float] [float]": [
        Case("vset /camera/0/auto_speed 20 20", OK),
        Case("vset /camera/0/auto_speed -1 20", INVALID),
    ],
    "vset /camera/[uint]/auto_brightness [float] [float]": [Case("vset /camera/0/auto_brightness 0.03 8", OK)],
    "vset /camera/[uint]/physical_exposure [uint]": [
        Case("vset /camera/0/physical_exposure 0", OK),
        Case("vset /camera/0/physical_exposure 1", NOT_IMPLEMENTED),
    ],
    "vset /camera/[uint]/motion_blur [float] [float] [float] [uint]": [
        Case("vset /camera/0/motion_blur 0.5 5 0.5 30", OK),
        Case("vset /camera/1/motion_blur 0.5 5 0.5 30", NO_CAMERA),
    ],
    "vset /camera/[uint]/focal [float] [float]": [Case("vset /camera/0/focal 300 50", NOT_IMPLEMENTED)],
    "vget /objects": [Case("vget /objects", "crate")],
    "vset /objects/spawn_cube": [
        Case("vset /objects/spawn_cube", "Cube_1"),
        Case("vset /objects/spawn_cube", "Cube_2", ("vset /objects/spawn_cube",)),
    ],
    "vset /objects/spawn_cube [name]": [
        Case("vset /objects/spawn_cube box", "box"),
        Case("vset /objects/spawn_cube crate", r"error Failed to spawn crate, object exists\."),
        Case("vset /objects/spawn_cube a:b", INVALID),
    ],
    "vset /objects/spawn_cube [float] [float] [float]": [
        Case("vset /objects/spawn_cube 1 2 3", "Cube_1"),
    ],
    "vset /objects/spawn_cube [name] [float] [float] [float]": [
        Case("vset /objects/spawn_cube box 1 2 3", "box"),
    ],
    "vset /objects/spawn [name]": [
        Case("vset /objects/spawn Cube", "Cube_1"),
        Case("vset /objects/spawn Moon", "error Can not find a class with name 'Moon'.*"),
    ],
    "vset /objects/spawn [name] [name]": [Case("vset /objects/spawn Cube box", "box")],
    "vset /objects/spawn [name] [float] [float] [float]": [Case("vset /objects/spawn Cube 1 2 3", "Cube_1")],
    "vset /objects/spawn [name] [name] [float] [float] [float]": [
        Case("vset /objects/spawn Cube box 1 2 3", "box"),
        Case("vset /objects/spawn Cube box nan 2 3", NO_HANDLER_FOUND),
    ],
    "vget /object/[name]/location": vector(f"{OBJECT}/location", NO_OBJECT, "/object/none/location"),
    "vset /object/[name]/location [float] [float] [float]": set_vector(
        f"{OBJECT}/location", NO_OBJECT, "/object/none/location"
    ),
    "vget /object/[name]/rotation": vector(f"{OBJECT}/rotation", NO_OBJECT, "/object/none/rotation"),
    "vset /object/[name]/rotation [float] [float] [float]": set_vector(
        f"{OBJECT}/rotation", NO_OBJECT, "/object/none/rotation"
    ),
    "vget /object/[name]/scale": vector(f"{OBJECT}/scale", NO_OBJECT, "/object/none/scale"),
    "vset /object/[name]/scale [float] [float] [float]": [
        Case(f"vset {OBJECT}/scale 1 2.5 .25", After(f"vget {OBJECT}/scale", "1.000 2.500 0.250")),
        Case(f"vset {OBJECT}/scale 1 0 1", INVALID),
        Case("vset /object/none/scale 1 1 1", NO_OBJECT),
    ],
    "vget /object/[name]/color": [
        Case(f"vget {OBJECT}/color", r"\(R=\d+,G=\d+,B=\d+,A=255\)"),
        Case("vget /object/none/color", NO_OBJECT),
    ],
    "vset /object/[name]/color [uint] [uint] [uint]": [
        Case(f"vset {OBJECT}/color 1 2 3", After(f"vget {OBJECT}/color", "(R=1,G=2,B=3,A=255)")),
        Case(f"vset {OBJECT}/color 256 2 3", INVALID),
        Case("vset /object/none/color 1 2 3", NO_OBJECT),
    ],
    "vget /object/[name]/mobility": [
        Case(f"vget {OBJECT}/mobility", "Movable"),
        Case("vget /object/none/mobility", NO_OBJECT),
    ],
    "vset /object/[name]/mobility [str]": [
        Case(f"vset {OBJECT}/mobility Static", After(f"vget {OBJECT}/mobility", "Static")),
        Case(f"vset {OBJECT}/mobility stationary", After(f"vget {OBJECT}/mobility", "Stationary")),
        Case(f"vset {OBJECT}/mobility flying", INVALID),
    ],
    "vset /object/[name]/show": [Case(f"vset {OBJECT}/show", OK), Case("vset /object/none/show", NO_OBJECT)],
    "vset /object/[name]/hide": [Case(f"vset {OBJECT}/hide", OK), Case("vset /object/none/hide", NO_OBJECT)],
    "vset /object/[name]/destroy": [
        Case(f"vset {OBJECT}/destroy", After("vget /objects", "")),
        Case("vset /object/none/destroy", NO_OBJECT),
    ],
    "vget /object/[name]/bounds": [
        Case(f"vget {OBJECT}/bounds", r"50\.00 -250\.00 0\.00 150\.00 -150\.00 100\.00"),
        Case("vget /object/none/bounds", NO_OBJECT),
    ],
    "vget /object/[name]/name": [Case(f"vget {OBJECT}/name", "crate"), Case("vget /object/none/name", NO_OBJECT)],
    "vset /object/[name]/name [name]": [
        Case(f"vset {OBJECT}/name trunk", After("vget /objects", "trunk")),
        Case(f"vset {OBJECT}/name crate", "The name has already been set"),
        Case(
            f"vset {OBJECT}/name box",
            "error Renaming an object to overwrite an existing object is not allowed, box",
            ("vset /objects/spawn Cube box",),
        ),
        Case(f"vset {OBJECT}/name a:b", INVALID),
        Case("vset /object/ann/name bob", NOT_IMPLEMENTED, (SPAWN,)),
    ],
    "vget /object/[name]/uclass_name": [Case(f"vget {OBJECT}/uclass_name", "StaticMeshActor")],
    "vget /object/[name]/vertex_location": [
        Case(f"vget {OBJECT}/vertex_location", r"(-?\d+\.\d{5}     -?\d+\.\d{5}     -?\d+\.\d{5}\n?)+"),
        Case("vget /object/none/vertex_location", NO_OBJECT),
    ],
    "vget /object/[name]/bones": [
        Case("vget /object/ann/bones", json_rows(42), (SPAWN,)),
        Case("vget /object/none/bones", NO_OBJECT),
        Case("vget /object/crate/bones", "error crate is no character.*"),
    ],
    "vget /object/[name]/bones [str]": [
        Case("vget /object/ann/bones world", json_rows(42), (SPAWN,)),
        Case("vget /object/ann/bones sacrum,hand_l,tail", json_rows(2), (SPAWN,)),
    ],
    "vget /object/[name]/bones [str] [str]": [
        Case("vget /object/ann/bones sacrum,hand_l world", json_rows(2), (SPAWN,)),
        Case("vget /object/ann/bones sacrum hand_l", INVALID, (SPAWN,)),
    ],
    "vbp SpineForge GetVersion": [
        Case("vbp SpineForge GetVersion", holds("capture_api", "world", "renderer", "quality"))
    ],
    "vbp SpineForge SetPlace [name] [uint]": [
        Case("vbp SpineForge SetPlace stub 5", r'\{"objects":\["crate"\]\}'),
        Case("vbp SpineForge SetPlace moon 5", "error no place 'moon'.*"),
    ],
    "vbp SpineForge SetLight [str]": [
        Case('vbp SpineForge SetLight {"exposure_ev":1}', r"\{\}"),
        Case("vbp SpineForge SetLight 7", f"{INVALID}.*"),
    ],
    "vbp SpineForge SpawnCharacter [name] [str]": [
        Case(SPAWN, holds("stature_cm", "mass_kg")),
        Case("vbp SpineForge SpawnCharacter ann {", f"{INVALID}.*"),
    ],
    "vbp SpineForge PlayClip [name] [name] [float]": [
        Case("vbp SpineForge PlayClip ann walk 0.5", holds("frame", "frames", "fps"), (SPAWN,)),
        Case("vbp SpineForge PlayClip none walk 0.5", NO_OBJECT),
    ],
    "vbp SpineForge GetMarkers [name]": [
        Case("vbp SpineForge GetMarkers ann", holds("markers", "keypoints"), (SPAWN,))
    ],
    "vbp SpineForge GetBones [name]": [
        Case("vbp SpineForge GetBones ann", holds("bones", "held"), (SPAWN,)),
        Case("vbp SpineForge GetBones crate", "error crate is no character.*"),
    ],
    "vbp SpineForge SetMaterial [name] [name]": [
        Case("vbp SpineForge SetMaterial crate Chrome", r"\{\}"),
        Case("vbp SpineForge SetMaterial crate Gold", "error no material 'Gold'; there are Metal.*"),
        Case("vbp SpineForge SetMaterial ann Chrome", "error ann is no object.*", (SPAWN,)),
        Case("vbp SpineForge SetMaterial none Chrome", NO_OBJECT),
    ],
    "vbp SpineForge Step [uint]": [
        Case("vbp SpineForge Step 3", r'\{"ticks":3\}'),
        Case("vbp SpineForge Step 0", INVALID),
    ],
    "vbp SpineForge Settle": [Case("vbp SpineForge Settle", r'\{"settled":true\}')],
    "vbp SpineForge GetAuthored [name]": [
        Case("vbp SpineForge GetAuthored ann", holds("landmarks", "coordinates_rad"), (SPAWN,))
    ],
    "vrun [str]": [
        Case("vrun DisableAllScreenMessages", OK),
        Case("vrun quit", NOT_IMPLEMENTED),
        Case("vrun pause", After("vget /action/game/is_paused", "true")),
    ],
    "vrun [str] [str]": [
        Case("vrun stat fps", OK),
        Case("vrun r.SetRes 640x480w", OK),
        Case("vrun setres 640x480w", OK),
        Case("vrun t.maxFPS 60", OK),
        Case("vrun slomo 0.5", OK),
        Case("vrun slomo nan", INVALID),
        Case("vrun open /Game/Map", NOT_IMPLEMENTED),
    ],
    **{f"vrun{' [str]' * count}": words("vrun", count, OK) for count in range(3, 7)},
    "vexec [str] [str]": [
        Case("vexec SpineForge GetVersion", OK),
        Case("vexec SpineForge Dance", "error Fail to execute the function 'Dance' of SpineForge"),
        Case("vexec crate Open", "error Fail to execute the function 'Open' of crate"),
        Case("vexec moon Open", "error Can not find actor with id 'moon'"),
    ],
    "vexec [str] [str] [str]": [
        Case("vexec SpineForge SetLight {}", OK),
        Case("vexec SpineForge SetLight {", f"{INVALID}.*"),
    ],
    "vexec [str] [str] [str] [str]": [
        Case("vexec SpineForge SetPlace stub 1", OK),
        Case("vexec SpineForge SetPlace moon 1", "error no place 'moon'.*"),
    ],
    "vexec [str] [str] [str] [str] [str]": [Case("vexec SpineForge PlayClip ann walk 0.5", OK, (SPAWN,))],
    "vbp [str] [str]": [
        Case("vbp SpineForge Dance", INVALID),
        Case("vbp crate Open", INVALID),
        Case("vbp moon Open", "error Can not find actor with id 'moon'"),
    ],
    **{
        f"vbp{' [str]' * count}": words("vbp", count, INVALID, "SpineForge Dance a b c d e f g")
        for count in range(3, 10)
    },
    "vget /persistent_level/id": [Case("vget /persistent_level/id", "PersistentLevel")],
    "vget /persistent_level/level_script_actor/id": [
        Case("vget /persistent_level/level_script_actor/id", "SpineForge")
    ],
    "vbatch [uint]": [Case("vbatch 3", INVALID)],  # within a batch; tests of the server have the rest
}  # fmt: skip
CASES = [(template, case) for template, cases in TABLE.items() for case in cases]


def test_every_command_has_a_row_and_every_row_a_command():
    templates = [row.template for row in command_table()]
    assert len(templates) == len(set(templates))
    assert set(TABLE) == set(templates)


def test_every_command_is_documented():
    text = DOCS.read_text(encoding="utf-8")
    lacking = [row.template for row in command_table() if not _documented(row.template, text)]
    assert not lacking


def _documented(template, text):
    if template.startswith(("vrun", "vexec", "vbp [str]")):
        return f"`{template.split()[0]} " in text
    return f"`{template}`" in text


@pytest.mark.parametrize(("template", "case"), CASES, ids=[case.request[:70] for _, case in CASES])
def test_command(world, template, case):
    for request in case.before:
        assert not str(world.answer(request)).startswith("error"), request
    rows = [row for row in world.table.candidates(case.request) if row.pattern.fullmatch(case.request)]
    assert [row.template for row in rows[:1]] == ([] if case.expected == NO_HANDLER_FOUND else [template])
    reply = world.answer(case.request)
    if isinstance(case.expected, After):
        assert reply == OK
        assert world.answer(case.expected.request) == case.expected.answer
    elif isinstance(case.expected, str):
        assert isinstance(reply, str)
        assert re.fullmatch(case.expected, reply), reply
    else:
        assert not str(reply).startswith("error"), reply
        case.expected(reply)


@pytest.mark.parametrize(
    "request_text",
    [
        "vrun a b c d e f g",
        "vexec SpineForge a b c d e",
        "vbp SpineForge a b c d e f g h i",
        "vset",
        "vget",
        "",
        "x",
    ],
)
def test_more_words_than_upstream_takes_have_no_handler(world, request_text):
    assert world.answer(request_text) == NO_HANDLER.format(uri=request_text)


def test_a_spawned_object_stands_where_it_was_asked_for(world):
    for request in ("spawn Cube a 1 2 3", "spawn_cube b 1 2 3", "spawn_cube 1 2 3", "spawn Cube 1 2 3"):
        name = world.answer(f"vset /objects/{request}")
        assert world.answer(f"vget /object/{name}/location") == "1.000 2.000 3.000"


def test_a_renamed_object_is_drawn_under_its_new_name_and_keeps_its_colour(world, renderer):
    color = world.answer("vget /object/crate/color")
    world.answer("vget /camera/0/lit npy")
    world.answer("vset /object/crate/name trunk")
    world.answer("vget /camera/0/lit npy")
    assert "trunk" in renderer.matrices
    assert "crate" not in renderer.matrices
    assert world.answer("vget /object/trunk/color") == color


def test_exposure_bias_is_of_one_camera(world, renderer):
    seen = []
    renderer.set_light = lambda light: seen.append(light.exposure_ev)
    own = world.scene.light.exposure_ev
    world.answer("vset /cameras/spawn")
    world.answer("vset /camera/1/exposure_bias -1.5")
    for index in (0, 1, 1, 0):
        world.answer(f"vget /camera/{index}/lit npy")
    assert seen == [own, own - 1.5, own]


def test_nothing_is_far(world):
    world.answer("vset /camera/0/rotation 80 0 0")
    depth = np.load(BytesIO(world.answer("vget /camera/0/depth npy")))
    assert (depth == FAR_DEPTH_CM).all()
