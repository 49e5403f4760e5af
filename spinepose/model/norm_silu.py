"""Batch norm and SiLU as one operation in training in bf16 on the CPU.

PyTorch computes them apart, each over several passes of memory, and keeps what lies between them for the backward
pass: together they were more than a third of a training step of size t. Here the forward pass reads the input twice and
writes once; the backward pass computes again what it needs from the input alone.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import torch
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from torch import Tensor, nn

# Channels of a few rows are laid side by side until inner loops are at least this long: narrow layers vectorise too.
LANES = 512
_ONE, _HALF = np.float32(1.0), np.float32(0.5)
_LOG2_E = np.float32(1.4426950408889634)
# exp2 on -0.5..0.5, Taylor's coefficients ln(2)^n / n!: off by 2e-6 at most, where bf16 keeps 8 bits.
_EXP2 = tuple(np.float32(np.log(2.0) ** n / np.prod(np.arange(1, n + 1, dtype=float))) for n in range(6))


# A division that may raise is a branch, and a loop with a branch does not vectorise.
_kernel = numba.njit(nogil=True, cache=True, fastmath=True, error_model="numpy")


# The types that come with numba count the typing context among the caller's arguments.
_intrinsic: Any = intrinsic


# Written in LLVM's own words: Python's integers would be widened to 64 bits, and the loops would not vectorise.
def _bits(number: int) -> ir.Constant:
    return ir.Constant(ir.IntType(32), number)


@_intrinsic
def _load(typing_context: Any, half: Any) -> Any:
    """The float32 of a bfloat16's bits."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        wide = builder.zext(arguments[0], ir.IntType(32))
        return builder.bitcast(builder.shl(wide, _bits(16)), ir.FloatType())

    return types.float32(types.int16), build


@_intrinsic
def _store(typing_context: Any, number: Any) -> Any:
    """Bits of the nearest bfloat16, ties to even."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        bits = builder.bitcast(arguments[0], ir.IntType(32))
        odd = builder.and_(builder.lshr(bits, _bits(16)), _bits(1))
        rounded = builder.add(builder.add(bits, _bits(0x7FFF)), odd)
        return builder.trunc(builder.lshr(rounded, _bits(16)), ir.IntType(16))

    return types.int16(types.float32), build


@_intrinsic
def _two_to(typing_context: Any, power: Any) -> Any:
    """2 to a whole power between -126 and 127."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        whole = builder.fptosi(arguments[0], ir.IntType(32))
        return builder.bitcast(builder.shl(builder.add(whole, _bits(127)), _bits(23)), ir.FloatType())

    return types.float32(types.float32), build


@_intrinsic
def _floor(typing_context: Any, number: Any) -> Any:
    """The largest whole number that is not greater."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        function = builder.module.declare_intrinsic("llvm.floor", [ir.FloatType()])
        return builder.call(function, arguments)

    return types.float32(types.float32), build


@numba.njit(inline="always", error_model="numpy")
def _sigmoid(z):
    power = min(max(-z * _LOG2_E, np.float32(-126.0)), np.float32(126.0))
    whole = _floor(power + _HALF)
    rest = power - whole
    value = _EXP2[5]
    value = value * rest + _EXP2[4]
    value = value * rest + _EXP2[3]
    value = value * rest + _EXP2[2]
    value = value * rest + _EXP2[1]
    value = value * rest + _EXP2[0]
    return _ONE / (_ONE + value * _two_to(whole))


@_kernel
def _sums(x, shift, total, square):
    """Sum and sum of squares of x - shift by lane; x is flat, the others have one entry a lane."""
    lanes = len(shift)
    for start in range(0, len(x), lanes):
        row = x[start : start + lanes]
        for i in range(len(row)):
            value = _load(row[i]) - shift[i]
            total[i] += value
            square[i] += value * value


@_kernel
def _forward(x, scale, offset, out):
    lanes = len(scale)
    for start in range(0, len(x), lanes):
        row, into = x[start : start + lanes], out[start : start + lanes]
        for i in range(len(row)):
            z = _load(row[i]) * scale[i] + offset[i]
            into[i] = _store(z * _sigmoid(z))


@_kernel
def _before_silu(x, dz, scale, offset):
    """Turn the gradient after the SiLU into the one before it, in place."""
    lanes = len(scale)
    for start in range(0, len(x), lanes):
        row, into = x[start : start + lanes], dz[start : start + lanes]
        for i in range(len(row)):
            z = _load(row[i]) * scale[i] + offset[i]
            s = _sigmoid(z)
            into[i] = _store(_load(into[i]) * s * (_ONE + z * (_ONE - s)))


@_kernel
def _products(x, dz, mean, total, product):
    """Sum of dz, and of dz against x - mean, by lane."""
    lanes = len(mean)
    for start in range(0, len(x), lanes):
        row, given = x[start : start + lanes], dz[start : start + lanes]
        for i in range(len(row)):
            gradient = _load(given[i])
            total[i] += gradient
            product[i] += gradient * (_load(row[i]) - mean[i])


@_kernel
def _backward_input(x, dz, by_gradient, by_input, offset):
    """Turn the gradient before the SiLU into the input's, in place."""
    lanes = len(offset)
    for start in range(0, len(x), lanes):
        row, into = x[start : start + lanes], dz[start : start + lanes]
        for i in range(len(row)):
            into[i] = _store(_load(into[i]) * by_gradient[i] + _load(row[i]) * by_input[i] + offset[i])


def _flat(tensor: Tensor) -> np.ndarray:
    """The bits of a channels-last bf16 tensor as int16, channels innermost, without a copy."""
    return tensor.permute(0, 2, 3, 1).view(-1).view(torch.int16).numpy()


def _folded(lanes: np.ndarray, channels: int) -> np.ndarray:
    return lanes.reshape(-1, channels).sum(axis=0)


class _NormSiLU(torch.autograd.Function):
    """silu(batch_norm(x)) in training, with batch statistics."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, shift: Tensor, eps: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        channels = x.shape[1]
        x = x.contiguous(memory_format=torch.channels_last)
        repeats = -(-LANES // channels)
        count = x.numel() // channels
        near = shift.numpy()
        total, square = np.zeros((2, repeats * channels), np.float32)
        _sums(_flat(x), np.tile(near, repeats), total, square)
        mean = _folded(total, channels) / count
        variance = np.maximum(_folded(square, channels) / count - mean**2, 0.0)
        mean += near
        inverse = 1.0 / np.sqrt(variance + np.float32(eps))
        scale = weight.detach().numpy() * inverse
        offset = bias.detach().numpy() - mean * scale
        out = torch.empty_like(x)
        _forward(_flat(x), np.tile(scale, repeats), np.tile(offset, repeats), _flat(out))
        ctx.save_for_backward(x)
        ctx.numbers = mean, inverse, scale, offset, repeats
        means, variances = torch.from_numpy(mean), torch.from_numpy(variance)
        ctx.mark_non_differentiable(means, variances)
        return out, means, variances

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor, Tensor, Tensor, None, None]:
        (x,) = ctx.saved_tensors
        mean, inverse, scale, offset, repeats = ctx.numbers
        channels = x.shape[1]
        count = x.numel() // channels
        dz = grads[0].clone(memory_format=torch.channels_last)
        total, product = np.zeros((2, repeats * channels), np.float32)
        _before_silu(_flat(x), _flat(dz), np.tile(scale, repeats), np.tile(offset, repeats))
        _products(_flat(x), _flat(dz), np.tile(mean, repeats), total, product)
        to_bias, against = _folded(total, channels), _folded(product, channels) * inverse
        # dx = scale (dz - mean of dz - xhat * mean of dz xhat), linear in dz and x.
        by_input = -scale * inverse * against / count
        constant = -scale * to_bias / count - by_input * mean
        columns = [np.tile(column, repeats) for column in (scale, by_input, constant)]
        _backward_input(_flat(x), _flat(dz), *columns)
        return dz, torch.from_numpy(against), torch.from_numpy(to_bias), None, None


def applies(norm: nn.BatchNorm2d, x: Tensor) -> bool:
    """Whether the fused operation stands for these: training in bf16 on the CPU."""
    return norm.training and x.dtype == torch.bfloat16 and x.device.type == "cpu" and torch.is_grad_enabled()


def norm_silu(norm: nn.BatchNorm2d, x: Tensor) -> Tensor:
    """silu(norm(x)) with batch statistics, updating the running ones as the norm does.

    Args:
        norm: In training.
        x: bf16, shape (B, C, H, W).
    """
    assert norm.running_mean is not None
    assert norm.running_var is not None
    shift = norm.running_mean.clone()
    out, mean, variance = _NormSiLU.apply(x, norm.weight, norm.bias, shift, norm.eps)
    with torch.no_grad():
        count = x.numel() // x.shape[1]
        momentum = norm.momentum or 0.0
        norm.running_mean.lerp_(mean, momentum)
        norm.running_var.lerp_(variance * (count / max(count - 1, 1)), momentum)
        if norm.num_batches_tracked is not None:
            norm.num_batches_tracked += 1
    return out
