"""A place as glTF: opened elsewhere, its things are where the embedded world has them."""

from __future__ import annotations

import numpy as np
import pygltflib as gltf
import pytest
import trimesh

from synth.export_place import export_place
from synth.sampling import embedded_place


@pytest.fixture(scope="module")
def gym(tmp_path_factory):
    place, path = embedded_place("gym", 3), tmp_path_factory.mktemp("place") / "gym.glb"
    export_place(place, path)
    return place, trimesh.load_scene(path), path


def test_every_thing_is_there_by_name(gym):
    place, scene, _ = gym
    assert {item.name for item in place.objects} <= set(scene.graph.nodes)


def test_things_are_where_and_as_large_as_in_the_world(gym):
    place, scene, _ = gym
    for item in place.objects:
        ours = np.concatenate([s.positions_m for s in item.mesh.surfaces]) @ item.matrix[:3, :3].T
        ours = ours + item.matrix[:3, 3]
        nodes = [item.name, *scene.graph.transforms.children.get(item.name, [])]
        pieces = []
        for node in nodes:
            transform, geometry = scene.graph[node]
            if geometry is not None:
                pieces.append(trimesh.transform_points(scene.geometry[geometry].vertices, transform))
        theirs = np.concatenate(pieces)[:, [2, 0, 1]]
        np.testing.assert_allclose(theirs.min(axis=0), ours.min(axis=0), atol=1e-4, err_msg=item.name)
        np.testing.assert_allclose(theirs.max(axis=0), ours.max(axis=0), atol=1e-4, err_msg=item.name)


def test_textures_shared_by_many_things_are_written_once(gym):
    place, _, path = gym
    textures = {
        id(s.material.texture)
        for o in place.objects
        for s in o.mesh.surfaces
        if s.material.texture is not None
    }
    assert len(gltf.GLTF2().load(str(path)).images) == len(textures) > 3
