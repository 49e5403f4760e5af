"""What can be set about training: one frozen model, every field with meaning, unit and bounds."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LossWeights(_Frozen):
    """Weights of the named terms. The first four are the published ones."""

    positional: float = Field(default=1.0, ge=0, description="KL to the label's bins, all keypoints")
    distillation: float = Field(
        default=2.5, ge=0, description="KL to the teacher's bins, Halpe's 26 keypoints"
    )
    structure: float = Field(default=0.1, ge=0, description="spine segment vectors against the truth's")
    smoothness: float = Field(
        default=0.5, ge=0, description="second differences along the spine against the truth's"
    )
    auxiliary: float = Field(default=1.0, ge=0, description="heatmap head on an inner stage; training only")
    keypoint_map: float = Field(
        default=3.0,
        ge=0,
        description="last convolution's maps against drawn bumps; not for weights of others",
    )


class AugmentConfig(_Frozen):
    """Random changes of a training crop, milder than the published ones, which keep a model from scratch on the mean
    pose for long (``benchmarks/recipe.py``). Probabilities are in 0..1, lengths shares of the padded box."""

    flip: float = Field(default=0.5, ge=0, le=1, description="probability of a left-right flip")
    half_body: float = Field(
        default=0.1, ge=0, le=1, description="probability of cropping to the upper or lower body"
    )
    scale: float = Field(
        default=0.3, ge=0, le=0.9, description="largest change of the box size, share: 0.3 is 0.7..1.3"
    )
    rotation_deg: float = Field(default=30.0, ge=0, le=180, description="largest rotation, degrees")
    rotation_probability: float = Field(default=0.5, ge=0, le=1)
    shift: float = Field(
        default=0.1, ge=0, le=0.5, description="largest shift of the centre, share of the box"
    )
    shift_probability: float = Field(default=0.3, ge=0, le=1)
    photometric: float = Field(
        default=0.6, ge=0, le=1, description="probability of changing light and colour"
    )
    noise: float = Field(default=0.2, ge=0, le=1, description="probability of sensor noise")
    blur: float = Field(default=0.1, ge=0, le=1, description="probability of blur")
    compression: float = Field(default=0.2, ge=0, le=1, description="probability of JPEG's traces")
    dropout: float = Field(default=0.4, ge=0, le=1, description="probability of one filled rectangle")
    anonymous: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="probability of blurring a face in sight, as recordings of patients do",
    )
    limb_motion: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="probability of drawing one limb by lot, which is blurred as if it moved if it is in sight",
    )

    @property
    def is_still(self) -> bool:
        """Whether every crop of a person is the same, so that what a teacher says about it is, too."""
        turns = self.rotation_probability * self.rotation_deg + self.shift_probability * self.shift
        changes = self.flip + self.half_body + self.scale + turns
        changes += self.photometric + self.noise + self.blur + self.compression
        return changes + self.dropout + self.anonymous + self.limb_motion == 0


class TrainConfig(_Frozen):
    """Training of the body teacher and of the student.

    The defaults are the recipe that takes off from scratch on two cores; nothing needs a GPU or a download.
    """

    size: Literal["t", "s", "m", "l", "x"] = Field(default="t", description="size of the RTMPose family")
    input_size: tuple[int, int] = Field(
        default=(192, 256), description="width and height of the crop, pixels, multiples of 32"
    )
    batch_size: int = Field(default=32, ge=1, le=4096, description="crops a step")
    teacher_samples: int = Field(
        default=60_000, ge=0, description="crops the teacher sees; unused if a teacher is given"
    )
    student_samples: int = Field(default=40_000, ge=0, description="crops the student sees")
    max_minutes: float | None = Field(
        default=None,
        gt=0,
        description="wall time of each of the two trainings, minutes; the schedule shrinks to it. "
        "None: samples alone decide, and a rerun gives the same numbers",
    )
    optimiser: Literal["muon", "adamw"] = Field(
        default="muon",
        description="muon: the inner layers' momentum is made orthogonal before it is a step, the rest is AdamW's; "
        "from scratch and with own weights it needs fewer crops (docs/training.md). adamw: for all layers",
    )
    learning_rate: float = Field(default=2e-3, gt=0, le=1, description="the optimiser's, after warm-up")
    student_learning_rate_share: float = Field(
        default=1.0, gt=0, le=1, description="the student's rate over the teacher's"
    )
    weight_decay: float = Field(default=0.0, ge=0, le=1, description="decoupled; never on norms and biases")
    head_warmup_steps: int = Field(
        default=150, ge=0, description="steps in which a head from scratch learns to read drawn maps"
    )
    backbone_pull: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="share of the gradient of the terms at the logits that goes on into the backbone; the head takes "
        "all of it. More can undo what the heatmap and the keypoint maps teach (docs/training.md); it rises to 1 as "
        "the rate falls. "
        "Weights of others (mmpose's) are trained at 1",
    )
    small_share: float = Field(
        default=0.35,
        ge=0,
        lt=1,
        description="from scratch, the first share of the training sees crops of half the resolution: a quarter of "
        "the work, so that more of them are seen where time is short",
    )
    warmup_share: float = Field(
        default=0.03, ge=0, lt=1, description="share of the training with a rising rate"
    )
    flat_share: float = Field(
        default=0.5, ge=0, le=1, description="share of the training before the rate falls as a cosine"
    )
    final_rate_share: float = Field(
        default=0.05, gt=0, le=1, description="last learning rate over the highest"
    )
    clip_norm: float = Field(default=35.0, gt=0, description="largest gradient norm")
    ema_share: float = Field(
        default=0.02, ge=0, lt=1, description="length of the weight average, share of training; 0: none"
    )
    light_share: float = Field(
        default=0.15, ge=0, le=1, description="last share of training with the light augmentation"
    )
    loss_weights: LossWeights = Field(default=LossWeights(), description="weights of the named terms")
    body_weight: float = Field(
        default=1.0,
        gt=0,
        le=100,
        description="weight of labels of Halpe's 26 keypoints over that of the other eleven, which the student learns "
        "besides; the sum of the weights divides, so a body of more weight is a spine of less",
    )
    foreign_axis_weight: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="distillation weight of head, neck and hip where the teacher is a foreign Halpe "
        "model: its neck and hip lie in front of C7 and the sacrum",
    )
    own_teacher_on_labelled: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="distillation weight of labelled keypoints where the teacher learned from this project's labels: "
        "the label says more than what was learned from it. A teacher of others is heard everywhere",
    )
    augment: AugmentConfig = Field(default=AugmentConfig(), description="random changes of training crops")
    precision: Literal["auto", "bf16", "fp32"] = Field(
        default="auto",
        description="arithmetic of the convolutions and products; auto: bf16 where the processor has it, else fp32",
    )
    shards: int = Field(
        default=2,
        ge=1,
        le=64,
        description="parts of a batch that are computed side by side, on a share of the cores each",
    )
    workers: int = Field(
        default=0, ge=0, le=64, description="processes that prepare crops; 0: none besides the trainer"
    )
    cache_mb: int = Field(
        default=2500,
        ge=0,
        description="memory for decoded people, MB, in each process that prepares crops; who does not fit is read "
        "every time; 0: crops come out of whole images",
    )
    evaluations: int = Field(default=10, ge=1, le=1000, description="held-out evaluations a training")
    evaluation_people: int = Field(
        default=256, ge=1, description="people in each of them; the last one takes all"
    )
    keep: Literal["best", "last"] = Field(
        default="best",
        description="averaged weights a training ends with: the best on the held-out people, or the last; 'last' where "
        "the held-out people are of another kind than those to get better at",
    )
    tensorboard: bool = Field(
        default=False, description="also write the numbers for TensorBoard (needs the package tensorboardX)"
    )
    log_every: int = Field(default=20, ge=1, description="steps between two rows of the log")
    checkpoint_seconds: float = Field(
        default=30.0, gt=0, description="seconds between two checkpoints to resume from"
    )

    @field_validator("input_size")
    @classmethod
    def _multiples_of_32(cls, value: tuple[int, int]) -> tuple[int, int]:
        if any(side < 32 or side % 32 for side in value):
            raise ValueError("width and height must be multiples of 32")
        return value
