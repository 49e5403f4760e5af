"""Places made from the user's own pictures: photographs as backdrops, panoramas as light and surroundings.

What is assumed, since a picture does not tell:

- A photograph fills the frame whatever the camera's pose. Its horizon is taken to lie where the camera's does:
  photographs taken level, from about the height of the cameras, suit best. Its light stands still to the camera,
  not to the world, and comes from the photograph's brighter side.
- A panorama is equirectangular (twice as wide as high), taken level and 1.6 m above a flat ground, its middle
  column towards +x. The ground of the place shows what the panorama shows there.
- The brightness of an 8-bit picture is that of the finished photograph: people are lit to suit it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

import cv2
import numpy as np

from spinepose.errors import InputError
from synth.world.light import LUMINANCE, Light, rgb, temperature_color
from synth.world.meshes import Material, merge
from synth.world.place_types import Place, PlacedObject
from synth.world.raster_ambient import ambient_at
from synth.world.raster_panorama import panorama_ambient, panorama_directions, split_sun
from synth.world.solids import plane

_PHOTOS = (".jpg", ".jpeg", ".png")
_PANORAMAS = (*_PHOTOS, ".hdr")
_LONGEST_PHOTO, _WIDEST_PANORAMA = 2560, 4096
_SMALLEST = 16
_GROUND_M = 300.0
_GREY = 0.21  # mean luminance that a panorama of real brightness is scaled to round its horizon
# Most of what a photograph shows reflects about this share of its light.
_MEAN_ALBEDO = 0.3
_TEMPERATURES_K = np.linspace(2200.0, 12000.0, 60)


def photo_places(backdrops: Path | None, panoramas: Path | None) -> dict[str, Callable[[int], Place]]:
    """The places ``backdrop`` and ``panorama`` of the user's folders.

    Args:
        backdrops: Folder of photographs (.jpg, .png, any size), or None.
        panoramas: Folder of equirectangular panoramas (.jpg, .png, .hdr), or None.

    Returns:
        Name to a function from a seed to a place: the seed counts through the files in the order of their names.

    Raises:
        InputError: A folder is missing or has no pictures, or a file is no picture.
    """
    files = photo_files(backdrops, panoramas)
    makers = {"backdrop": backdrop_place, "panorama": panorama_place}
    return {name: partial(_pick, makers[name], tuple(paths)) for name, paths in files.items()}


def photo_files(backdrops: Path | None, panoramas: Path | None) -> dict[str, list[Path]]:
    """The pictures of the places ``backdrop`` and ``panorama``, by name, of those whose folder is given.

    Raises:
        InputError: A folder is missing or has no pictures, or a file is no picture.
    """
    found: dict[str, list[Path]] = {}
    if backdrops is not None:
        found["backdrop"] = _pictures(backdrops, _PHOTOS, "--backdrops")
    if panoramas is not None:
        found["panorama"] = _pictures(panoramas, _PANORAMAS, "--panoramas")
    return found


def _pick(make: Callable[[Path], Place], paths: tuple[Path, ...], seed: int) -> Place:
    return make(paths[seed % len(paths)])


def _pictures(folder: Path, endings: tuple[str, ...], option: str) -> list[Path]:
    if not folder.is_dir():
        raise InputError(f"{option} {folder} is no folder")
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in endings)
    if not found:
        raise InputError(f"{option} {folder} has no pictures ({', '.join(endings)})")
    for path in found:
        if not path.is_file() or not cv2.haveImageReader(str(path)):
            raise InputError(f"{path}: not a picture that can be read; mend it or take it out of the folder")
    return found


@lru_cache(maxsize=4)
def backdrop_place(path: Path) -> Place:
    """A place behind which a photograph stands.

    Raises:
        InputError: The file cannot be read.
    """
    photo = _fit(_read(path), _LONGEST_PHOTO)
    light = photo_light(photo)
    return Place(
        "backdrop",
        (_ground(light.ground_color),),
        light,
        free_area_m=(-2.0, -2.0, 2.0, 2.0),
        camera_area_m=(-6.0, -6.0, 6.0, 6.0),
        camera_height_m=(0.9, 1.9),
        shadow_radius_m=12.0,
        backdrop=photo,
        shadow_catcher=True,
    )


@lru_cache(maxsize=4)
def panorama_place(path: Path) -> Place:
    """A place inside a panorama.

    Raises:
        InputError: The file cannot be read or is not twice as wide as high.
    """
    panorama = _panorama(path)
    light = panorama_light(panorama.astype(np.float32))
    return Place(
        "panorama",
        (_ground(light.ground_color),),
        light,
        free_area_m=(-2.0, -2.0, 2.0, 2.0),
        camera_area_m=(-4.5, -4.5, 4.5, 4.5),
        camera_height_m=(0.9, 2.1),
        shadow_radius_m=12.0,
        panorama=panorama,
        shadow_catcher=True,
    )


def _ground(color: tuple[float, float, float]) -> PlacedObject:
    look = Material(color=rgb(np.clip(color, 0.02, 0.9)), roughness=1.0, specular=0.0)
    return PlacedObject("floor", merge([plane((_GROUND_M, _GROUND_M), look)]), np.eye(4))


def _read(path: Path) -> np.ndarray:
    """An 8-bit picture, sRGB, shape (H, W, 3)."""
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)  # turned upright by its EXIF record
    if picture is None or min(picture.shape[:2]) < _SMALLEST:
        raise InputError(
            f"{path}: not a picture that can be read, or under {_SMALLEST} pixels; mend it or take it out of the folder"
        )
    return np.ascontiguousarray(picture[..., ::-1])


def _fit(picture: np.ndarray, longest: int) -> np.ndarray:
    share = longest / max(picture.shape[:2])
    if share >= 1:
        return picture
    size = (max(1, round(picture.shape[1] * share)), max(1, round(picture.shape[0] * share)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def linear_from_srgb(picture: np.ndarray) -> np.ndarray:
    """Linear light of an sRGB picture of bytes, float32 (IEC 61966-2-1)."""
    table = np.arange(256) / 255.0
    table = np.where(table <= 0.04045, table / 12.92, ((table + 0.055) / 1.055) ** 2.4)
    return table.astype(np.float32)[picture]


def _panorama(path: Path) -> np.ndarray:
    """Linear RGB, shape (H, W, 3) float16; one of real brightness is scaled to that of a photograph."""
    if path.suffix.lower() == ".hdr":
        values = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if values is None or values.ndim != 3:
            raise InputError(f"{path}: not a panorama that can be read; mend it or take it out of the folder")
        panorama = np.nan_to_num(np.maximum(values[..., 2::-1], 0.0).astype(np.float32))
        panorama *= _GREY / max(_horizon_brightness(panorama), 1e-9)
    else:
        panorama = linear_from_srgb(_read(path))
    height, width = panorama.shape[:2]
    if not 1.9 <= width / height <= 2.1:
        raise InputError(
            f"{path}: {width}x{height} is no equirectangular panorama; give one twice as wide as high"
        )
    return np.minimum(_fit(panorama, _WIDEST_PANORAMA), 6e4).astype(np.float16)


def _horizon_brightness(panorama: np.ndarray) -> float:
    """Logarithmic mean of the luminance within 35 degrees of the horizon."""
    height = panorama.shape[0]
    band = panorama[int(0.3 * height) : max(int(0.7 * height), int(0.3 * height) + 1)] @ LUMINANCE
    return float(np.exp(np.log(band + 1e-6).mean()))


def photo_light(photo: np.ndarray) -> Light:
    """Guess the light of a photograph from the mean colours of its upper and lower part.

    Args:
        photo: sRGB, shape (H, W, 3) uint8.
    """
    small = linear_from_srgb(cv2.resize(photo, (64, 48), interpolation=cv2.INTER_AREA)).astype(float)
    upper, lower = small[:20].mean(axis=(0, 1)), small[28:].mean(axis=(0, 1))
    luminance = small @ LUMINANCE
    total = float(np.clip(luminance.mean() / _MEAN_ALBEDO, 0.06, 1.5))
    left, right = luminance[:, :32].mean(), luminance[:, 32:].mean()
    # What is bright and dark side by side was lit by something small.
    hard = float(np.clip(luminance.std() / max(luminance.mean(), 1e-3), 0.35, 1.0))
    sun = 0.9 * hard * total
    return Light(
        sun_azimuth_deg=115.0
        if left >= right
        else -115.0,  # from behind the camera: backs of heads are no guide
        sun_elevation_deg=48.0,
        sun_strength=sun,
        sun_temperature_k=5300.0,
        sky_strength=total * (1 - 0.35 * hard),
        sky_color=_paled(upper, 0.25),
        ground_color=rgb(0.55 * np.array(_paled(lower, 0.7))),
        horizon_color=_paled(small.mean(axis=(0, 1)), 0.5),
    )


def _paled(color: np.ndarray, share: float) -> tuple[float, float, float]:
    """A colour's hue at a luminance of one, most of it taken out: things have colours of their own."""
    full = color / max(float(color @ LUMINANCE), 1e-3)
    return rgb(1 + share * (np.clip(full, 0.2, 3.0) - 1))


def panorama_light(panorama: np.ndarray) -> Light:
    """The light inside a panorama: its ambient colours, and its sun where one stands out.

    Args:
        panorama: Equirectangular, linear RGB, shape (H, W, 3).
    """
    _, sun = split_sun(panorama)
    up, down = ambient_at(panorama_ambient(panorama), np.array([[0, 0, 1.0], [0, 0, -1.0]]))
    directions, _ = panorama_directions((16, 32))
    small = cv2.resize(panorama, (32, 16), interpolation=cv2.INTER_AREA)
    horizon = small[np.abs(directions[..., 2]) < 0.3].mean(axis=0)
    around = Light(
        sun_strength=0.0,
        sky_strength=1.0,
        sky_color=rgb(up),
        ground_color=rgb(down),
        horizon_color=rgb(horizon),
    )
    if sun is None:
        return around
    strength = float(sun.irradiance @ LUMINANCE)
    x, y, z = sun.direction
    return replace(
        around,
        sun_azimuth_deg=float(np.degrees(np.arctan2(y, x))),
        sun_elevation_deg=float(np.clip(np.degrees(np.arcsin(z)), 3.0, 90.0)),
        sun_strength=min(strength, 100.0),
        sun_temperature_k=_temperature_of(sun.irradiance / max(strength, 1e-9)),
    )


def _temperature_of(color: np.ndarray) -> float:
    """The black body whose red and blue have the ratio of a colour."""
    ratio = np.log(max(color[0], 1e-3) / max(color[2], 1e-3))
    bodies = np.array([temperature_color(float(kelvin)) for kelvin in _TEMPERATURES_K])
    ratios = np.log(np.maximum(bodies[:, 0], 1e-3) / np.maximum(bodies[:, 2], 1e-3))
    return float(_TEMPERATURES_K[np.abs(ratios - ratio).argmin()])
