"""A place of the embedded world as glTF 2.0: each thing a node of its name, so that it can be moved elsewhere, too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pygltflib as gltf

from spinepose.files import atomic_path
from synth.gltf_file import AXES, GltfFile, flipped_v, unit
from synth.world.meshes import ObjectMesh, Surface
from synth.world.place_types import Place

_TO_GLTF = np.eye(4)[[*AXES, 3]]


def export_place(place: Place, path: Path) -> None:
    """Write a place as one binary glTF file: metres, glTF's axes (x left, y up, z forward), the place's own origin.

    Light is no part of it: lamps and suns mean other things to other engines (``spineforge export-unreal`` writes
    their numbers beside it).

    Args:
        place: The place.
        path: The ``.glb`` file; replaced when complete.
    """
    file = GltfFile()
    meshes: dict[int, int] = {}
    materials: dict[int, int] = {}
    for item in place.objects:
        if id(item.mesh) not in meshes:
            meshes[id(item.mesh)] = _add_mesh(file, item.name, item.mesh, materials)
        matrix = _TO_GLTF @ item.matrix @ _TO_GLTF.T
        file.doc.nodes.append(
            gltf.Node(name=item.name, mesh=meshes[id(item.mesh)], matrix=matrix.T.reshape(-1).tolist())
        )
    file.doc.scenes = [gltf.Scene(name=place.name, nodes=list(range(len(file.doc.nodes))))]
    file.doc.scene = 0
    data = file.whole()
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def _add_mesh(file: GltfFile, name: str, mesh: ObjectMesh, materials: dict[int, int]) -> int:
    primitives = [_primitive(file, name, surface, materials) for surface in mesh.surfaces]
    file.doc.meshes.append(gltf.Mesh(name=name, primitives=primitives))
    return len(file.doc.meshes) - 1


def _primitive(file: GltfFile, name: str, surface: Surface, materials: dict[int, int]) -> gltf.Primitive:
    look = surface.material
    if id(look) not in materials:
        materials[id(look)] = file.material(
            name,
            look.texture,
            look.roughness,
            look.color,
            cut_out=look.alpha_test,
            two_sided=look.two_sided,
            emission=look.emission,
        )
    vertex = gltf.ARRAY_BUFFER
    return gltf.Primitive(
        attributes=gltf.Attributes(
            POSITION=file.array(surface.positions_m[:, AXES].astype(np.float32), vertex, bounds=True),
            NORMAL=file.array(unit(surface.normals[:, AXES]), vertex),
            TEXCOORD_0=file.array(flipped_v(surface.uv), vertex),
        ),
        indices=file.array(surface.faces.astype(np.uint32).reshape(-1), gltf.ELEMENT_ARRAY_BUFFER),
        material=materials[id(look)],
        mode=gltf.TRIANGLES,
    )
