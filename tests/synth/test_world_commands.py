import json
from io import BytesIO

import cv2
import numpy as np
import pytest

from opensim_models.anatomy.coordinates import REGIONAL_COORDINATES
from opensim_models.markers import MARKER_NAMES
from spinepose.skeleton import NAMES, SPINE_CHAIN
from synth.world.encode import FAR_DEPTH_CM
from synth.world.scene_state import MAX_THINGS, mask_color

SPEC = '{"name":"someone"}'


def ask(world, text):
    return world.answer(text)


def spawn(world, name="ann"):
    return json.loads(ask(world, f"vbp SpineForge SpawnCharacter {name} {SPEC}"))


# --- the world as a whole


def test_unknown_commands_get_both_phrases(world):
    reply = ask(world, "vget /nothing")
    assert reply.startswith("error ")
    assert "No handler found for URI 'vget /nothing'" in reply
    assert "Can not find a handler" in reply


def test_exponents_are_no_numbers_on_this_wire(world):
    assert "No handler found" in ask(world, "vset /camera/0/location 1e-05 0 0")
    assert ask(world, "vset /camera/0/location -.5 +2 3") == "ok"
    assert ask(world, "vget /camera/0/location") == "-0.500 2.000 3.000"


def test_infinite_numbers_are_refused(world):
    assert ask(world, f"vset /camera/0/location {'9' * 400} 0 0") == "error Argument Invalid"


def test_system_commands(world):
    assert "Client Connected" in ask(world, "vget /unrealcv/status")
    assert ask(world, "vget /unrealcv/version").count(".") == 2
    assert ask(world, "vget /unrealcv/echo a  b") == "a b"
    assert ask(world, "vget /scene/name") == ask(world, "vget /level/name") == "stub"
    assert ask(world, "vget /action/game/is_paused") == "false"
    assert ask(world, "vset /action/game/pause") == "ok"
    assert ask(world, "vget /action/game/is_paused") == "true"
    assert ask(world, "vset /action/game/resume") == "ok"
    assert ask(world, "vget /action/game/is_paused") == "false"


def test_every_command_is_listed_and_helped(world):
    listed = ask(world, "vget /unrealcv/commands").splitlines()
    assert "vget /unrealcv/commands" in listed
    assert len(listed) == len(world.table) == len(set(listed))
    text = ask(world, "vget /unrealcv/help")
    assert all(template in text for template in listed)


# --- cameras


def test_cameras_are_numbered_by_position(world):
    assert ask(world, "vget /cameras") == "Camera_0"
    assert ask(world, "vset /cameras/spawn") == "Camera_1"
    assert ask(world, "vget /cameras") == "Camera_0 Camera_1"
    assert ask(world, "vget /camera/1/fov") == "60.000000"
    assert ask(world, "vget /camera/2/fov") == "error Invalid sensor id"
    assert ask(world, "vget /camera/2/lit png") == "error Invalid sensor id"


def test_camera_settings_read_back(world):
    for field, value in (
        ("location", "1.500 -2.250 3.000"),
        ("rotation", "-10.000 90.125 5.000"),
        ("size", "64 48"),
    ):
        assert ask(world, f"vset /camera/0/{field} {value}") == "ok"
        assert ask(world, f"vget /camera/0/{field}") == value
    assert ask(world, "vset /camera/0/fov 45.5") == "ok"
    assert ask(world, "vget /camera/0/fov") == "45.500000"


@pytest.mark.parametrize("value", ["0 48", "64 0", "99999 10", "4096 4096"])
def test_impossible_sizes_are_refused(world, value):
    assert ask(world, f"vset /camera/0/size {value}") == "error Argument Invalid"
    assert ask(world, "vget /camera/0/size") == "640 480"


def test_impossible_fov_is_refused(world):
    assert ask(world, "vset /camera/0/fov 180").startswith("error ")
    assert ask(world, "vget /camera/0/fov") == "60.000000"


def see_crate(world):
    """Put camera 0 three metres in front of the crate at our (1, 2, 0): Unreal's (100, -200, 0) cm."""
    ask(world, "vset /camera/0/size 65 49")
    ask(world, "vset /camera/0/location -200 -200 0")
    ask(world, "vset /camera/0/rotation 0 0 0")


def test_lit_png_is_rgba_and_bmp_has_the_same_colours(world):
    see_crate(world)
    png = cv2.imdecode(np.frombuffer(ask(world, "vget /camera/0/lit png"), np.uint8), cv2.IMREAD_UNCHANGED)
    bmp = cv2.imdecode(np.frombuffer(ask(world, "vget /camera/0/lit bmp"), np.uint8), cv2.IMREAD_UNCHANGED)
    npy = np.load(BytesIO(ask(world, "vget /camera/0/lit npy")))
    assert png.shape == npy.shape == (49, 65, 4)
    assert (png[..., 3] == 255).all()
    np.testing.assert_array_equal(png[..., :3], bmp[..., :3])
    np.testing.assert_array_equal(png[..., 2::-1], npy[..., :3])
    assert npy[24, 32, :3].tolist() == [1, 7, 13]  # the crate is instance 1 in the middle of the picture


def test_depth_is_planar_float32_centimetres(world):
    see_crate(world)
    depth = np.load(BytesIO(ask(world, "vget /camera/0/depth npy")))
    assert depth.dtype == np.float32
    assert depth.shape == (49, 65)
    assert depth[24, 32] == pytest.approx(300.0, abs=1e-3)
    assert depth[0, 0] == FAR_DEPTH_CM
    preview = cv2.imdecode(
        np.frombuffer(ask(world, "vget /camera/0/depth png"), np.uint8), cv2.IMREAD_UNCHANGED
    )
    assert preview.shape == (49, 65, 4)


def test_normals_are_in_unreals_axes(world):
    see_crate(world)
    normals = np.load(BytesIO(ask(world, "vget /camera/0/normal npy")))
    assert normals[24, 32].tolist() == [0, -1, 0]  # our +y is Unreal's -y
    picture = cv2.imdecode(
        np.frombuffer(ask(world, "vget /camera/0/normal png"), np.uint8), cv2.IMREAD_UNCHANGED
    )
    assert picture[24, 32, 2::-1].tolist() == [128, 0, 128]


def test_masks_show_the_colour_that_the_object_tells(world):
    see_crate(world)

    def middle(mode):
        image = cv2.imdecode(
            np.frombuffer(ask(world, f"vget /camera/0/{mode} png"), np.uint8), cv2.IMREAD_UNCHANGED
        )
        assert image[0, 0].tolist() == [0, 0, 0, 255]
        return "(R={2},G={1},B={0},A={3})".format(*image[24, 32])

    assert middle("object_mask") == middle("seg") == ask(world, "vget /object/crate/color")
    assert ask(world, "vset /object/crate/color 12 34 56") == "ok"
    assert middle("object_mask") == "(R=12,G=34,B=56,A=255)" == ask(world, "vget /object/crate/color")
    parts = np.load(BytesIO(ask(world, "vget /camera/0/part_mask npy")))
    assert parts.dtype == np.uint8
    assert parts[24, 32] == 1
    assert ask(world, "vset /object/crate/hide") == "ok"
    assert middle("object_mask") == "(R=0,G=0,B=0,A=255)"


def test_mask_colours_never_repeat():
    colors = [mask_color(index) for index in range(1, 2 * MAX_THINGS + 2)]
    assert len(set(colors)) == len(colors)
    assert (0, 0, 0) not in colors


def test_a_state_is_drawn_once(world, renderer):
    see_crate(world)
    for wanted in ("lit png", "depth npy", "normal png", "object_mask png", "part_mask npy", "lit bmp"):
        assert isinstance(ask(world, f"vget /camera/0/{wanted}"), bytes)
    assert renderer.calls.count("render") == 1
    ask(world, "vset /object/crate/location 100 -200 10")
    ask(world, "vget /camera/0/lit png")
    assert renderer.calls.count("render") == 2
    ask(world, "vset /camera/0/fov 50")
    ask(world, "vget /camera/0/lit png")
    assert renderer.calls.count("render") == 3
    assert renderer.calls.count("set_place") == 1


# --- files


def test_pictures_go_to_the_output_folder_only(world, tmp_path):
    ask(world, "vset /camera/0/size 8 6")
    reply = ask(world, "vget /camera/0/lit shot.png")
    assert reply == str((tmp_path / "out" / "shot.png").resolve())
    assert cv2.imread(reply).shape == (6, 8, 3)
    np.load(ask(world, "vget /camera/0/depth d.npy"))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["d.npy", "shot.png"]


@pytest.mark.parametrize(
    "name",
    [
        "../x.png",
        "/tmp/x.png",
        "a/b.png",
        "..\\x.png",
        "C:\\x.png",
        ".hidden.png",
        "..png/../x.png",
        "con.png",
        "~/x.png",
    ],
)
def test_names_that_lead_elsewhere_are_refused(world, name, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    assert ask(world, f"vget /camera/0/lit {name}").startswith("error Argument Invalid")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_symbolic_link_is_replaced_and_not_followed(world, tmp_path):
    out, victim = tmp_path / "out", tmp_path / "victim.png"
    out.mkdir()
    victim.write_text("precious")
    (out / "link.png").symlink_to(victim)
    assert not ask(world, "vget /camera/0/lit link.png").startswith("error")
    assert victim.read_text() == "precious"
    assert not (out / "link.png").is_symlink()


def test_unknown_kinds_of_files(world):
    assert ask(world, "vget /camera/0/lit x.tiff") == "error Invalid filename type, filename x.tiff"
    assert ask(world, "vget /camera/0/lit x") == "error Invalid filename type, filename x"
    assert ask(world, "vget /camera/0/lit PNG") == "error Invalid filename type, filename PNG"
    assert ask(world, "vget /camera/0/lit .png") == "error Invalid filename type, filename .png"
    assert "No handler found" in ask(world, "vget /camera/0/lit")  # as upstream, where a format is a must


# --- objects


def test_objects_of_the_place_read_back(world):
    assert ask(world, "vget /objects") == "crate"
    assert ask(world, "vget /object/crate/location") == "100.000 -200.000 0.000"
    assert ask(world, "vget /object/crate/bounds") == "50.00 -250.00 0.00 150.00 -150.00 100.00"
    assert ask(world, "vget /object/crate/mobility") == "Movable"
    assert ask(world, "vget /object/crate/name") == "crate"
    assert ask(world, "vget /object/none/name") == "error Cannot find object"


def test_objects_move_turn_scale_and_go(world, renderer):
    for field, value in (
        ("location", "1.000 2.000 3.000"),
        ("rotation", "0.000 30.000 0.000"),
        ("scale", "2.000 2.000 2.000"),
    ):
        assert ask(world, f"vset /object/crate/{field} {value}") == "ok"
        assert ask(world, f"vget /object/crate/{field}") == value
    assert ask(world, "vset /object/crate/scale 0 1 1") == "error Argument Invalid"
    assert ask(world, "vset /object/crate/mobility flying") == "error Argument Invalid"
    assert ask(world, "vset /object/crate/color 256 0 0") == "error Argument Invalid"
    ask(world, "vget /camera/0/lit png")
    # Unreal's yaw of 30 degrees turns right: in our world the crate's x axis points to -30 degrees.
    np.testing.assert_allclose(
        renderer.matrices["crate"][:3, 0], 2 * np.array([np.cos(np.pi / 6), -0.5, 0]), atol=1e-12
    )
    assert ask(world, "vset /object/crate/destroy") == "ok"
    ask(world, "vget /camera/0/lit png")
    assert "crate" not in renderer.matrices
    assert ask(world, "vset /object/crate/destroy") == "error Cannot find object"


def test_spawned_cubes(world, renderer):
    assert ask(world, "vset /objects/spawn_cube") == "Cube_1"
    assert ask(world, "vset /objects/spawn_cube box") == "box"
    assert ask(world, "vset /objects/spawn Cube far 100 0 50") == "far"
    assert ask(world, "vget /object/far/bounds") == "50.00 -50.00 0.00 150.00 50.00 100.00"
    assert ask(world, "vget /object/far/uclass_name") == "Cube"
    assert ask(world, "vset /objects/spawn Cube far").startswith("error Failed to spawn far, object exists")
    assert "Can not find a class with name 'Dragon'" in ask(world, "vset /objects/spawn Dragon d")
    ask(world, "vget /camera/0/lit png")
    assert "upload_object far" in renderer.calls
    vertices = np.array(
        [line.split() for line in ask(world, "vget /object/far/vertex_location").splitlines()], float
    )
    assert vertices[:, 0].max() == pytest.approx(150.0)


# --- people


def test_bones_in_component_and_world_space(world):
    spawn(world)
    ask(world, "vset /object/ann/location 100 0 0")
    ask(world, "vset /object/ann/rotation 0 90 0")
    rows = json.loads(ask(world, "vget /object/ann/bones"))
    names = [row["bone_name"] for row in rows]
    assert names[0] == "sacrum"
    assert len(names) == len(set(names)) == 26 + 16
    hand, sacrum = rows[names.index("hand_l")], rows[0]
    assert list(sacrum["transform"].values()) == pytest.approx([0, 0, 0, 0, 0, 0, 1, 1, 1])
    # (0.1, 0.2, 1.0) m in our character frame: y flips, metres become centimetres.
    wanted = {
        "Pitch": 0,
        "Yaw": 0,
        "Roll": 0,
        "X": 10,
        "Y": -20,
        "Z": 100,
        "ScaleX": 1,
        "ScaleY": 1,
        "ScaleZ": 1,
    }
    assert hand["transform"] == pytest.approx(wanted)
    (row,) = json.loads(ask(world, "vget /object/ann/bones hand_l,nobody world"))
    # Unreal's yaw of 90 takes X to Y and Y to -X: (10, -20) goes to (20, 10).
    assert row["transform"] == pytest.approx(wanted | {"Yaw": 90, "X": 120, "Y": 10})
    in_world = json.loads(ask(world, "vget /object/ann/bones world"))
    assert in_world[names.index("hand_l")] == row
    assert json.loads(ask(world, "vget /object/ann/bones nobody component")) == []
    assert ask(world, "vget /object/crate/bones").startswith("error ")


def test_characters_play_clips_and_tell_their_truth(world):
    assert spawn(world) == {"stature_cm": 180.0, "mass_kg": 75.0}
    reply = json.loads(ask(world, "vbp SpineForge PlayClip ann walk 0.52"))
    assert reply == {"clip": "walk", "frame": 5, "frames": 11, "fps": 10.0}
    ask(world, "vset /object/ann/location 0 -100 0")  # our (0, 1, 0)
    ask(world, "vset /object/ann/rotation 0 -90 0")  # our +90 degrees: the character's x is the world's y
    truth = json.loads(ask(world, "vbp SpineForge GetMarkers ann"))
    # Marker 1 lies at (0.5, 0, 0) + (0.001, 0.002, 0.003) m of the character frame.
    assert truth["markers"][MARKER_NAMES[1]] == pytest.approx([-0.2, -150.1, 0.3])
    assert set(truth["markers"]) == set(MARKER_NAMES)
    assert set(truth["keypoints"]) == set(NAMES) - set(SPINE_CHAIN)
    authored = json.loads(ask(world, "vbp SpineForge GetAuthored ann"))
    assert authored["landmarks"]["neck_03"] == pytest.approx([0, -150, 80])
    assert list(authored["coordinates_rad"]) == list(REGIONAL_COORDINATES)


@pytest.mark.parametrize("clip", ["nothing", "../clips/walk", "walk.npz/../walk", "..", "/etc/passwd"])
def test_clips_come_from_their_folder_only(world, clip):
    spawn(world)
    assert ask(world, f"vbp SpineForge PlayClip ann {clip} 0").startswith("error ")


def test_clip_links_out_of_the_folder_are_not_followed(world, clips_dir, tmp_path):
    (clips_dir / "walk.npz").rename(tmp_path / "outside.npz")
    (clips_dir / "walk.npz").symlink_to(tmp_path / "outside.npz")
    spawn(world)
    assert ask(world, "vbp SpineForge PlayClip ann walk 0").startswith("error no clip")


def test_a_damaged_clip_is_an_error_and_a_new_file_is_read_anew(world, clips_dir):
    spawn(world)
    good = (clips_dir / "walk.npz").read_bytes()
    (clips_dir / "walk.npz").write_bytes(good[: len(good) // 2])
    assert "cannot be read as a clip" in ask(world, "vbp SpineForge PlayClip ann walk 0")
    (clips_dir / "walk.npz").write_bytes(good)
    assert json.loads(ask(world, "vbp SpineForge PlayClip ann walk 0"))["frame"] == 0


def test_the_same_subject_is_built_and_uploaded_once(world, renderer):
    built = []
    inner = world.characters._build
    world.characters._build = lambda spec: built.append(spec) or inner(spec)
    for name in ("ann", "ann", "bob"):
        ask(world, f"vbp SpineForge SetPlace stub {len(built)}")
        spawn(world, name)
        ask(world, "vget /camera/0/lit png")
    assert built == [SPEC]
    assert sum(call.startswith("upload_character") for call in renderer.calls) == 1
    assert renderer.hidden == set()
    ask(world, "vset /object/bob/destroy")
    ask(world, "vget /camera/0/lit png")
    assert renderer.hidden == {"character-1"}  # spare on the GPU, never in a picture


def test_a_respawned_character_is_drawn_in_its_new_pose(world, renderer):
    spawn(world)
    ask(world, "vbp SpineForge PlayClip ann walk 1.0")
    ask(world, "vget /camera/0/lit png")
    spawn(world)
    ask(world, "vget /camera/0/lit png")
    assert sum(call.startswith("update_character") for call in renderer.calls) == 2


def test_set_place_starts_over(world):
    spawn(world)
    ask(world, "vset /object/crate/location 0 0 0")
    assert json.loads(ask(world, "vbp SpineForge SetPlace stub 3")) == {"objects": ["crate"]}
    assert ask(world, "vget /objects") == "crate"
    assert ask(world, "vget /object/crate/location") == "100.000 -200.000 0.000"
    assert "no place 'moon'" in ask(world, "vbp SpineForge SetPlace moon 0")


def test_set_light_changes_the_places_own(world, renderer):
    own = world.scene.place.light
    assert ask(world, 'vbp SpineForge SetLight {"sun_elevation_deg":30}') == "{}"
    assert (world.scene.light.sun_elevation_deg, world.scene.light.sky_strength) == (30.0, own.sky_strength)
    assert ask(world, "vbp SpineForge SetLight {}") == "{}"
    assert world.scene.light == own
    for bad in ("[1]", "{", '{"moon":1}', '{"sun_strength":NaN}', "[" * 9000):
        assert ask(world, f"vbp SpineForge SetLight {bad}").startswith("error ")


def test_capture_functions_refuse_what_makes_no_sense(world):
    spawn(world)
    assert "GetVersion" in ask(world, "vget /unrealcv/commands")
    assert (
        json.loads(ask(world, "vbp SpineForge GetVersion")).items()
        >= {"capture_api": 1, "world": "embedded"}.items()
    )
    for bad in (
        f"SpawnCharacter crate {SPEC}",
        f"SpawnCharacter a:b {SPEC}",
        "SpawnCharacter c notjson",
        "PlayClip crate walk 0",
        "PlayClip ann walk -1",
        "GetMarkers nobody",
        "Dance ann",
    ):
        assert ask(world, f"vbp SpineForge {bad}").startswith("error "), bad
    for number in range(15):
        spawn(world, f"p{number}")
    assert "no more than 16 characters" in ask(world, f"vbp SpineForge SpawnCharacter one_more {SPEC}")
    spawn(world, "p3")  # replacing one is no more


def test_a_fault_in_a_handler_is_an_answer(world, caplog):
    world.characters._build = lambda spec: 1 / 0
    assert ask(world, f"vbp SpineForge SpawnCharacter ann {SPEC}").startswith("error ZeroDivisionError")
    assert "SpawnCharacter" in caplog.text
    assert ask(world, "vget /objects") == "crate"


def test_nothing_of_an_earlier_scene_is_drawn_in_the_next(world, renderer):
    see_crate(world)
    ask(world, "vset /objects/spawn_cube barbell")
    ask(world, "vget /camera/0/lit png")
    assert "barbell" in renderer.matrices
    world.set_place("stub", 1)
    ask(world, "vget /camera/0/lit png")
    assert "barbell" not in renderer.matrices


def test_another_thing_under_an_old_name_is_drawn_with_its_own_mesh(world, renderer):
    see_crate(world)
    ask(world, "vset /objects/spawn Cube seat")
    ask(world, "vget /camera/0/lit png")
    ask(world, "vset /object/seat/destroy")
    ask(world, "vset /objects/spawn Chair seat")
    renderer.calls.clear()
    ask(world, "vget /camera/0/lit png")
    assert "upload_object seat" in renderer.calls
