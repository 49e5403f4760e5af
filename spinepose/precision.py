"""Which arithmetic a processor is fast in."""

from __future__ import annotations

import torch


def resolve_precision(precision: str) -> str:
    """What "auto" means on this machine: "bf16" where the processor multiplies in bfloat16, else "fp32".

    Without such instructions PyTorch emulates them: on a processor that has AVX2 only, a training step in bf16 took
    11 times as long as in fp32 (`python -m benchmarks.train`).
    """
    if precision != "auto":
        return precision
    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bf16" if native else "fp32"
