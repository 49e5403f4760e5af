"""The config of every stage: each field with its meaning, unit and bounds. YAML files hold overrides only.

The defaults run as they are: no GPU, no path to fill in, no download.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from spinepose.config import TrainConfig

Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, le=1000)]
Weight = Annotated[float, Field(ge=0)]
Adult = Annotated[int, Field(ge=18, le=100)]
Bmi = Annotated[float, Field(ge=14, le=45)]
Quality = Annotated[int, Field(ge=1, le=100)]
PlaceName = Literal[
    "living_room", "gym", "clinic", "studio", "street", "park", "office", "backdrop", "panorama"
]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="after")
    def _ranges_run_upwards(self) -> _Section:
        for name in type(self).model_fields:
            value = getattr(self, name)
            pair = (
                not name.endswith("_weights")  # chances side by side, no range
                and isinstance(value, tuple)
                and len(value) == 2
                and all(isinstance(v, int | float) for v in value)
            )
            if pair and value[0] > value[1]:
                raise ValueError(
                    f"{name} runs from {value[0]} down to {value[1]}; give the smaller number first"
                )
        return self


class CameraConfig(_Section):
    width: int = Field(640, ge=64, le=4096, description="Image width, pixels.")
    height: int = Field(
        480,
        ge=64,
        le=4096,
        description="Image height, pixels; not more than the width (Unreal's FOV is horizontal).",
    )
    focal_mm: tuple[Positive, Positive] = Field(
        (24.0, 85.0),
        description="Focal length as for film 36 mm wide (24 is a phone's wide camera, 85 a sports view), mm, range.",
    )
    size: tuple[Positive, Positive] = Field(
        (0.3, 1.5),
        description="Extent of the person looked at, in picture heights, range; over 1 is cut off.",
    )
    distance_m: tuple[Positive, Positive] = Field(
        (1.2, 30.0), description="Distance to the person looked at, metres; size gives way to it."
    )
    height_m: tuple[Positive, Positive] = Field(
        (0.2, 8.0),
        description="Height of the camera over the floor, from near the floor to a drone, metres; places bound it.",
    )
    low_chance: Fraction = Field(0.15, description="Share of pictures from below 0.9 m.")
    high_chance: Fraction = Field(0.2, description="Share of pictures from above 1.9 m.")
    roll_deg: float = Field(4.0, ge=0, le=45, description="Standard deviation of the camera's roll, degrees.")
    max_hidden: Fraction = Field(
        0.33, description="Share of the people that things of the place may hide from a camera."
    )


class SensorConfig(_Section):
    exposure_ev: float = Field(
        0.15, ge=0, le=2, description="Standard deviation of the exposure's error, stops."
    )
    noise: tuple[Fraction, Fraction] = Field(
        (0.0, 0.015), description="Noise in a mid-grey pixel, linear light, range drawn from."
    )
    blur_chance: Fraction = Field(
        0.0, description="Share of pictures with a slow shutter (motion blur); each costs five."
    )
    shutter_s: tuple[Positive, Positive] = Field(
        (0.008, 0.04), description="How long a slow shutter is open, seconds, range."
    )
    temperature_shift: float = Field(
        0.25, ge=0, le=1, description="Standard deviation of the white balance's error; 1 is about 1500 K."
    )
    jpeg_quality: tuple[Quality, Quality] = Field((80, 96), description="JPEG quality, range drawn from.")


class PopulationConfig(_Section):
    age_years: tuple[Adult, Adult] = Field((18, 85), description="Age, years, range; drawn evenly.")
    female_share: Fraction = Field(0.5, description="Share of women.")
    stature_shift_m: float = Field(
        0.0, ge=-0.15, le=0.15, description="Added to every stature, metres; 0 is a mix of countries."
    )
    stature_spread: float = Field(
        1.0, ge=0, le=2, description="Factor on the spread of stature within a country."
    )
    bmi: tuple[Bmi, Bmi] = Field((17.0, 36.0), description="Body mass index, kg/m2, range.")
    bmi_mean: float = Field(25.5, ge=15, le=40, description="Its mean at 40 years, kg/m2.")
    bmi_sd: float = Field(4.8, ge=0, le=10, description="Its standard deviation, kg/m2.")
    muscle: Fraction = Field(0.52, description="Mean of the body model's muscle axis.")
    posture_spread: float = Field(
        1.0, ge=0, le=2, description="Factor on the spread of standing posture; 0 makes all stand alike."
    )
    scoliosis_share: Fraction = Field(
        0.03, description="Share of young adults with a spinal curve of 10 degrees Cobb or more."
    )
    max_cobb_deg: float = Field(40.0, ge=10, le=60, description="The largest Cobb angle, degrees.")
    asymmetry: float = Field(1.0, ge=0, le=3, description="Factor on left-right differences of the body.")
    sports_share: Fraction | None = Field(
        None, description="Share of people dressed for sport; none leaves it to the wardrobe."
    )


class ScenesConfig(_Section):
    subjects: int = Field(24, ge=2, le=100_000, description="Number of different bodies.")
    val_fraction: Fraction = Field(
        0.25, description="Share of the bodies whose pictures go to validation; no body is in both splits."
    )
    scenes: int = Field(
        48, ge=1, le=1_000_000, description="Number of scenes: a place, one to three people, a clip each."
    )
    frames_per_scene: int = Field(
        4, ge=1, le=1000, description="Pictures taken of each scene, each from a camera of its own."
    )
    people_weights: tuple[Weight, ...] = Field(
        (0.45, 0.4, 0.15),
        min_length=1,
        max_length=6,
        description="Chance of one, two, three … people in a scene.",
    )
    places: tuple[PlaceName, ...] = Field(
        ("living_room", "gym", "clinic", "studio", "street", "park", "office"),
        min_length=1,
        description="Places to draw from; one named twice comes twice as often.",
    )
    motions: tuple[str, ...] = Field(
        (), description="Procedural motions to draw from; empty means all of them."
    )
    motion_files: tuple[Path, ...] = Field(
        (), description="Recorded motions (.bvh); where given, they replace the procedural ones."
    )
    clips_per_motion: int = Field(
        2, ge=1, le=1000, description="Differently drawn clips of each procedural motion."
    )
    marker_rate_hz: float = Field(
        10.0, gt=0, le=240, description="Rate at which markers are recorded; pictures fall on these times."
    )
    trial_seconds: float = Field(
        2.0, gt=0, le=600, description="Length of the recorded piece of a clip, seconds."
    )
    place_variants: int = Field(
        8, ge=1, le=500, description="How many different places of each kind; each split has its own."
    )
    block_scenes: int = Field(
        16,
        ge=1,
        le=1000,
        description="Scenes that share a few bodies and places and are rendered by one world.",
    )
    block_places: int = Field(2, ge=1, le=100, description="Places of a block of scenes.")
    backdrops: Path | None = Field(
        None, description="Folder with photographs of your own for the place 'backdrop'."
    )
    panoramas: Path | None = Field(
        None, description="Folder with equirectangular panoramas of your own for the place 'panorama'."
    )
    cut_chance: Fraction = Field(0.2, description="Chance that a picture may cut people off at its edges.")
    arms_clear_deg: float = Field(
        6.0,
        ge=0,
        le=30,
        description="How much further out recorded arms that hang are held, degrees: bodies differ.",
    )
    occluder_chance: Fraction = Field(
        0.35, description="Chance that an object is put between a camera and people, where one fits."
    )
    population: PopulationConfig = Field(PopulationConfig(), description="Whom to draw.")
    camera: CameraConfig = Field(CameraConfig(), description="Where pictures are taken from.")
    sensor: SensorConfig = Field(SensorConfig(), description="What cameras do to the light.")


class RenderConfig(_Section):
    marker_noise_m: float = Field(
        0.001,
        ge=0,
        le=0.05,
        description="Standard deviation of the optical noise on each marker axis, metres.",
    )
    jpeg_quality: int = Field(
        100, ge=1, le=100, description="Upper bound of the JPEG quality that scenes.sensor draws."
    )
    timeout_s: float = Field(
        60.0, gt=0, le=3600, description="Longest wait for one answer of the world, seconds."
    )
    connect_timeout_s: float = Field(
        10.0, gt=0, le=600, description="Longest wait for a world to accept a connection, seconds."
    )
    retries: int = Field(
        2, ge=0, le=20, description="How often a frame or trial that failed is taken again, from nothing."
    )
    world_restarts: int = Field(
        3,
        ge=0,
        le=100,
        description="How often in a row a world that we started is started anew before a part is given up.",
    )
    worlds: int = Field(
        0, ge=0, le=256, description="Worlds side by side; 0 means one a core, as far as the memory goes."
    )
    quality: Literal["fast", "fine"] = Field(
        "fine", description="How carefully the embedded world draws: fine is smoother, fast is faster."
    )
    people: Path | None = Field(
        None,
        description="People file of an engine's level: what its running game shows is captured, markers from bones.",
    )
    character_map: str | None = Field(
        None,
        min_length=1,
        description="Marker map, as --character-map, or a folder with SUBJECT.yaml: markers ride on bones.",
    )
    mask: Literal["auto", "use", "never"] = Field(
        "auto",
        description="An engine's masks: auto gives them up where they fail, never does not even ask (they end some).",
    )
    warmup_frames: int = Field(
        2, ge=0, le=100, description="Pictures of an engine thrown away after each move of camera or people."
    )
    settle_frames: int = Field(
        12,
        ge=2,
        le=1000,
        description="Pictures after which an engine whose picture still changes is at fault.",
    )
    max_failed_fraction: Fraction = Field(
        0.1, description="Share of scenes that may fail before the stage does."
    )


class FitConfig(_Section):
    reference_frames: int = Field(
        2, ge=0, le=1000, description="Frames a subject that OpenSim's own solver solves beside ours."
    )
    more_landmarks: tuple[Literal["body_centre", "spinous_process", "keypoints37"], ...] = Field(
        (), description="Landmark sets to write beside spinetrack, a table each."
    )
    max_failed_fraction: Fraction = Field(
        0.1, description="Share of subjects that may fail before the stage does."
    )


class DatasetConfig(_Section):
    min_area_px: int = Field(
        600, ge=1, description="People with a smaller visible area are left out, pixels."
    )
    verdicts: tuple[Literal["accept", "review", "reject"], ...] = Field(
        ("accept", "review"), description="Verdicts of the fit whose trials become labels."
    )
    check_inside: bool = Field(
        True, description="Refuse a person whose fitted vertebrae leave the trunk and neck mesh."
    )
    max_failed_fraction: Fraction = Field(
        0.1, description="Share of people that may fail before the stage does."
    )


class RunConfig(_Section):
    seed: int = Field(0, ge=0, description="Seed of everything random in the run.")
    scenes: ScenesConfig = Field(ScenesConfig(), description="What to shoot.")
    render: RenderConfig = Field(RenderConfig(), description="Drawing it and collecting the truth.")
    fit_opensim: FitConfig = Field(FitConfig(), description="The musculoskeletal fit.")
    dataset: DatasetConfig = Field(DatasetConfig(), description="Labels.")
    train: TrainConfig = Field(TrainConfig(), description="Teacher and student.")
