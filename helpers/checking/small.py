"""Small values of the same kind as a case's own: numbers, probabilities that sum to 1, one-hot rows, classes."""

from __future__ import annotations

import numpy as np

SHARES = (0.5, 0.25, 0.75, 0.2, 0.8, 0.4)


def small_array(value: np.ndarray, shape: list[int], numbers: tuple[float, ...], position: int) -> np.ndarray:
    """An array of the same kind and of another shape. position: where in the cycle of numbers it begins."""
    count = int(np.prod(shape))
    cycle = [numbers[(k + position) % len(numbers)] for k in range(count)]
    flat = value.ravel()
    if value.dtype.kind in "iu":
        if set(np.unique(flat).tolist()) <= {0, 1} and value.ndim == 2:
            return one_hot(value, shape).astype(value.dtype)
        if value.ndim == 1 and count > 1 and is_order(flat):
            return np.roll(np.arange(count), 1).astype(value.dtype)
        if flat.size and flat.min() >= 0:  # classes, or positions
            return (np.arange(count) % 2).reshape(shape).astype(value.dtype)
        return np.array(cycle).reshape(shape).astype(value.dtype)
    if value.dtype.kind == "b":
        return (np.arange(count) % 2 == 0).reshape(shape)
    if flat.size and set(np.unique(flat).tolist()) <= {0.0, 1.0}:
        return one_hot(value, shape).astype(value.dtype)
    if flat.size and flat.min() >= 0 and flat.max() <= 1:
        return shares(value, shape, position).astype(value.dtype)
    made = np.array(cycle).reshape(shape)
    square = len(shape) == 2 and shape[0] == shape[1] and value.shape[0] == value.shape[1]
    if square and np.allclose(value, value.T):
        made = made + made.T
    return (np.abs(made) + 1 if flat.size and flat.min() > 0 else made).astype(value.dtype)


def is_order(value: np.ndarray) -> bool:
    """Every place once: the order in which something is taken."""
    return value.size > 1 and np.array_equal(np.sort(value), np.arange(value.size))


def is_one_hot(value: np.ndarray) -> bool:
    """Zeros and ones, or numbers that sum to 1 along an axis: cut apart they would be something else."""
    return value.dtype.kind in "biuf" and value.ndim > 0 and value.size > 0 and (
        set(np.unique(value).tolist()) <= {0, 1} or (value.min() >= 0 and sums_to_one(value) is not None))


def sums_to_one(value: np.ndarray) -> int | None:
    """The axis along which a matrix or vector sums to 1."""
    return next((axis for axis in range(value.ndim) if value.size and np.allclose(value.sum(axis=axis), 1)), None)


def one_hot(value: np.ndarray, shape: list[int]) -> np.ndarray:
    axis = sums_to_one(value)
    made = np.zeros(shape)
    if axis is None:
        made.flat[::2] = 1
        return made
    lines = np.moveaxis(made, axis, -1).reshape(-1, shape[axis])
    for k, line in enumerate(lines):
        line[k % shape[axis]] = 1
    return np.moveaxis(lines.reshape([n for a, n in enumerate(shape) if a != axis] + [shape[axis]]), -1, axis)


def shares(value: np.ndarray, shape: list[int], position: int) -> np.ndarray:
    made = np.array([SHARES[(k + position) % len(SHARES)] for k in range(int(np.prod(shape)))]).reshape(shape)
    axis = sums_to_one(value)
    if axis is None:
        return made
    weights = {1: [1.0], 2: [0.25, 0.75], 3: [0.25, 0.25, 0.5]}.get(shape[axis], [1 / shape[axis]] * shape[axis])
    return np.broadcast_to(np.array(weights).reshape([-1 if a == axis else 1 for a in range(len(shape))]), shape).copy()
