"""A binary glTF 2.0 file in the making: arrays, pictures and materials are appended, nodes are the caller's."""

from __future__ import annotations

import cv2
import numpy as np
import pygltflib as gltf

_COMPONENTS = {"uint8": gltf.UNSIGNED_BYTE, "uint32": gltf.UNSIGNED_INT, "float32": gltf.FLOAT}
_KINDS = {1: gltf.SCALAR, 2: gltf.VEC2, 3: gltf.VEC3, 4: gltf.VEC4, 16: gltf.MAT4}
#: Our axes (x forward, y left, z up) that are glTF's (x left, y up, z forward), in its order.
AXES = [1, 2, 0]


class GltfFile:
    """The document, and the one buffer that its arrays and pictures lie in."""

    def __init__(self) -> None:
        self.doc = gltf.GLTF2(asset=gltf.Asset(version="2.0", generator="spineforge"))
        self.doc.nodes = []
        self.doc.samplers = [
            gltf.Sampler(
                magFilter=gltf.LINEAR,
                minFilter=gltf.LINEAR_MIPMAP_LINEAR,
                wrapS=gltf.REPEAT,
                wrapT=gltf.REPEAT,
            )
        ]
        self._data = bytearray()
        self._pictures: dict[int, tuple[np.ndarray, int]] = {}

    def whole(self) -> bytes:
        """The file as it is now."""
        self.doc.buffers = [gltf.Buffer(byteLength=len(self._data))]
        self.doc.set_binary_blob(bytes(self._data))
        return b"".join(self.doc.save_to_bytes())

    def array(self, values: np.ndarray, target: int | None = None, bounds: bool = False) -> int:
        """Append an array.

        Args:
            values: Its last axis is an element (2 to 4 numbers, or 16 for a matrix by columns); of one axis, numbers.
            target: ``ARRAY_BUFFER`` for vertices, ``ELEMENT_ARRAY_BUFFER`` for indices.
            bounds: Write the least and the greatest, as the format asks for positions and times.

        Returns:
            The accessor's index.
        """
        values = np.ascontiguousarray(values)
        width = 1 if values.ndim == 1 else values.shape[-1]
        rows = values.reshape(-1, width)
        self.doc.accessors.append(
            gltf.Accessor(
                bufferView=self._view(values.tobytes(), target),
                componentType=_COMPONENTS[values.dtype.name],
                count=len(rows),
                type=_KINDS[width],
                min=[float(value) for value in rows.min(axis=0)] if bounds else None,
                max=[float(value) for value in rows.max(axis=0)] if bounds else None,
            )
        )
        return len(self.doc.accessors) - 1

    def _view(self, data: bytes, target: int | None = None) -> int:
        self._data += b"\0" * (-len(self._data) % 4)
        self.doc.bufferViews.append(
            gltf.BufferView(buffer=0, byteOffset=len(self._data), byteLength=len(data), target=target)
        )
        self._data += data
        return len(self.doc.bufferViews) - 1

    def material(
        self,
        name: str,
        texture: np.ndarray | None,
        roughness: float,
        color: tuple[float, float, float] = (1.0, 1.0, 1.0),
        cut_out: bool = False,
        two_sided: bool = True,
        emission: float = 0.0,
    ) -> int:
        """Append a material.

        Args:
            name: Its name.
            texture: sRGB, shape (H, W, 3) or (H, W, 4), uint8; one array is written once.
            roughness: 0 to 1.
            color: Linear RGB that multiplies the texture, at most one each.
            cut_out: Leave out texels whose alpha is below one half.
            two_sided: Whether back faces are drawn.
            emission: Light of its own, of the colour given; cut at 1.
        """
        glow = [min(max(emission * c, 0.0), 1.0) for c in color]
        self.doc.materials.append(
            gltf.Material(
                name=name,
                doubleSided=two_sided,
                alphaMode=gltf.MASK if cut_out else gltf.OPAQUE,
                alphaCutoff=0.5 if cut_out else None,
                emissiveFactor=glow,
                pbrMetallicRoughness=gltf.PbrMetallicRoughness(
                    baseColorFactor=[*(min(max(c, 0.0), 1.0) for c in color), 1.0],
                    baseColorTexture=None if texture is None else self._texture(name, texture),
                    metallicFactor=0.0,
                    roughnessFactor=float(min(max(roughness, 0.0), 1.0)),
                ),
            )
        )
        return len(self.doc.materials) - 1

    def _texture(self, name: str, texture: np.ndarray) -> gltf.TextureInfo:
        known = self._pictures.get(id(texture))
        if known is None:
            swap = cv2.COLOR_RGBA2BGRA if texture.shape[2] == 4 else cv2.COLOR_RGB2BGR
            done, picture = cv2.imencode(".png", cv2.cvtColor(texture, swap))
            if not done:
                raise RuntimeError(f"texture of {name} cannot be encoded")
            view = self._view(picture.tobytes())
            self.doc.images.append(gltf.Image(name=name, bufferView=view, mimeType="image/png"))
            self.doc.textures.append(gltf.Texture(sampler=0, source=len(self.doc.images) - 1))
            known = texture, len(self.doc.textures) - 1  # the array is kept: its id stays its own
            self._pictures[id(texture)] = known
        return gltf.TextureInfo(index=known[1])


def flipped_v(uv: np.ndarray) -> np.ndarray:
    """Texture coordinates whose v goes down, as glTF has it, from ours, whose v goes up; shape (N, 2) float32."""
    return np.stack([uv[:, 0], 1.0 - uv[:, 1]], axis=1).astype(np.float32)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length one, shape (N, 3) float32; those without a direction point up."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    up = np.array([0.0, 1.0, 0.0])
    return np.where(lengths > 1e-6, vectors / np.maximum(lengths, 1e-6), up).astype(np.float32)
