"""Runs inside the Unreal editor: imports what ``spineforge export-unreal`` wrote and builds the levels.

    UnrealEditor-Cmd SpineForge.uproject -run=pythonscript -script=Scripts/spineforge_import.py -unattended -nullrhi

Never run on an engine: every call here exists in the 5.6 API stub, and a fake ``unreal`` module saw the expected
calls; what the engine makes of them is not known. ``docs/unreal.md`` says what to look at first.
"""

import json
import os
import shutil

import unreal

ROOT = "/Game/SpineForge"
SCHEMA = 1
# Name -> linear colour, roughness, whether it is a metal; as the embedded world has them.
MATERIALS = {
    "Metal": ((0.33, 0.33, 0.34), 0.38, 1.0),
    "Chrome": ((0.50, 0.50, 0.51), 0.25, 1.0),
    "DarkMetal": ((0.030, 0.030, 0.033), 0.45, 0.0),
    "Black": ((0.012, 0.012, 0.013), 0.6, 0.0),
    "Rubber": ((0.020, 0.020, 0.022), 0.9, 0.0),
    "DarkGlass": ((0.010, 0.011, 0.013), 0.12, 0.0),
}


def read_manifest(folder):
    """The manifest of an export; stops with one line where it is missing or of another version."""
    path = os.path.join(folder, "spineforge.json")
    if not os.path.exists(path):
        raise SystemExit(f"{path} is missing: run 'spineforge export-unreal' first")
    with open(path, encoding="utf-8") as stream:
        manifest = json.load(stream)
    if manifest.get("schema") != SCHEMA:
        raise SystemExit(f"{path} is of schema {manifest.get('schema')}, this project reads {SCHEMA}")
    return manifest


def import_file(path, destination):
    """Import one glTF file through Interchange without a dialog; answers the assets' paths."""
    manager = unreal.InterchangeManager.get_interchange_manager_scripted()
    source = unreal.InterchangeManager.create_source_data(path)
    parameters = unreal.ImportAssetParameters()
    parameters.set_editor_property("is_automated", True)
    parameters.set_editor_property("replace_existing", True)
    manager.import_asset(destination, source, parameters)
    return unreal.EditorAssetLibrary.list_assets(destination, recursive=True)


def import_character(row, folder):
    """A person: the skeletal mesh gets the asset's name, each animation its clip's."""
    asset, destination = row["asset"], f"{ROOT}/Characters/{row['asset']}"
    if unreal.EditorAssetLibrary.does_asset_exist(f"{destination}/{asset}"):
        return
    clips = {clip["name"] for clip in row["clips"]}
    for path in import_file(os.path.join(folder, row["file"]), destination):
        loaded = unreal.EditorAssetLibrary.load_asset(path)
        if isinstance(loaded, unreal.SkeletalMesh):
            unreal.EditorAssetLibrary.rename_asset(path, f"{destination}/{asset}")
        elif isinstance(loaded, unreal.AnimSequence):
            clip = clip_of(loaded.get_name(), clips)
            if clip is None:
                raise SystemExit(f"{path}: is no clip of {asset}; there are {', '.join(sorted(clips))}")
            unreal.EditorAssetLibrary.rename_asset(path, f"{destination}/{clip}")
    unreal.EditorAssetLibrary.save_directory(destination)


def clip_of(name, clips):
    """The clip that an imported animation is of: importers put the file's or the skeleton's name around it."""
    fitting = [clip for clip in clips if name == clip or name.endswith(clip) or name.startswith(clip)]
    return max(fitting, key=len) if fitting else None


def import_place(row, folder):
    """A place: its things as actors of a level of its own, turned from glTF's heading to ours."""
    level = f"{ROOT}/Places/{row['asset']}"
    if unreal.EditorAssetLibrary.does_asset_exist(level):
        return
    levels = unreal.get_editor_subsystem(unreal.LevelEditorSubsystem)
    actors = unreal.get_editor_subsystem(unreal.EditorActorSubsystem)
    levels.new_level(level)
    manager = unreal.InterchangeManager.get_interchange_manager_scripted()
    source = unreal.InterchangeManager.create_source_data(os.path.join(folder, row["file"]))
    parameters = unreal.ImportAssetParameters()
    parameters.set_editor_property("is_automated", True)
    manager.import_scene(f"{ROOT}/PlaceAssets/{row['asset']}", source, parameters)
    # An imported glTF looks along +Y; ours along +X.
    turn = unreal.Transform(rotation=unreal.Rotator(roll=0.0, pitch=0.0, yaw=-90.0))
    names = set(row["objects"])
    for actor in actors.get_all_level_actors():
        if actor.get_actor_label() not in names:
            continue
        moved = unreal.MathLibrary.compose_transforms(actor.get_actor_transform(), turn)
        actors.set_actor_transform(actor, moved)
        movable = actor.get_actor_label() in row["movable"]
        mobility = unreal.ComponentMobility.MOVABLE if movable else unreal.ComponentMobility.STATIC
        actor.root_component.set_mobility(mobility)
    levels.save_current_level()


def build_stage():
    """The level that the game starts in: sun, sky and exposure that nothing adapts."""
    stage = f"{ROOT}/Stage"
    if unreal.EditorAssetLibrary.does_asset_exist(stage):
        return
    levels = unreal.get_editor_subsystem(unreal.LevelEditorSubsystem)
    actors = unreal.get_editor_subsystem(unreal.EditorActorSubsystem)
    levels.new_level(stage)
    origin = unreal.Vector(0.0, 0.0, 0.0)
    sun = actors.spawn_actor_from_class(unreal.DirectionalLight, origin, unreal.Rotator(0.0, -45.0, 140.0))
    sun.root_component.set_mobility(unreal.ComponentMobility.MOVABLE)
    sky = actors.spawn_actor_from_class(unreal.SkyLight, origin)
    sky.root_component.set_mobility(unreal.ComponentMobility.MOVABLE)
    sky.light_component.set_editor_property("real_time_capture", True)
    actors.spawn_actor_from_class(unreal.SkyAtmosphere, origin)
    volume = actors.spawn_actor_from_class(unreal.PostProcessVolume, origin)
    volume.set_editor_property("unbound", True)
    settings = volume.get_editor_property("settings")
    settings.set_editor_property("override_auto_exposure_method", True)
    settings.set_editor_property("auto_exposure_method", unreal.AutoExposureMethod.AEM_MANUAL)
    volume.set_editor_property("settings", settings)
    levels.save_current_level()


def build_materials():
    """The materials that SetMaterial knows by name."""
    tools = unreal.AssetToolsHelpers.get_asset_tools()
    for name, (color, roughness, metallic) in MATERIALS.items():
        if unreal.EditorAssetLibrary.does_asset_exist(f"{ROOT}/Materials/{name}"):
            continue
        material = tools.create_asset(name, f"{ROOT}/Materials", unreal.Material, unreal.MaterialFactoryNew())
        base = unreal.MaterialEditingLibrary.create_material_expression(
            material, unreal.MaterialExpressionConstant3Vector, -400, 0
        )
        base.set_editor_property("constant", unreal.LinearColor(*color, 1.0))
        unreal.MaterialEditingLibrary.connect_material_property(
            base, "", unreal.MaterialProperty.MP_BASE_COLOR
        )
        for number, place in (
            (roughness, unreal.MaterialProperty.MP_ROUGHNESS),
            (metallic, unreal.MaterialProperty.MP_METALLIC),
        ):
            scalar = unreal.MaterialEditingLibrary.create_material_expression(
                material, unreal.MaterialExpressionConstant, -400, 200
            )
            scalar.set_editor_property("r", number)
            unreal.MaterialEditingLibrary.connect_material_property(scalar, "", place)
        unreal.MaterialEditingLibrary.recompile_material(material)
    unreal.EditorAssetLibrary.save_directory(f"{ROOT}/Materials")


def main():
    project = unreal.Paths.convert_relative_path_to_full(unreal.Paths.project_dir())
    folder = os.path.join(project, "Import")
    manifest = read_manifest(folder)
    with unreal.ScopedSlowTask(len(manifest["characters"]) + len(manifest["places"]), "spineforge") as task:
        for row in manifest["characters"]:
            task.enter_progress_frame(1.0, row["asset"])
            import_character(row, folder)
        for row in manifest["places"]:
            task.enter_progress_frame(1.0, row["asset"])
            import_place(row, folder)
    build_materials()
    build_stage()
    target = os.path.join(project, "Content", "SpineForge", "Manifest")
    os.makedirs(target, exist_ok=True)
    shutil.copyfile(os.path.join(folder, "spineforge.json"), os.path.join(target, "spineforge.json"))


if __name__ == "__main__":
    main()
