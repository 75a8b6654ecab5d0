"""The convolutions set's solution says what torch says, in 64 bits."""

from __future__ import annotations

import numpy as np
import pytest
from beside_torch import close, solution_of

pytestmark = pytest.mark.slow

SEED = 10


@pytest.fixture(scope="module")
def solved() -> dict:
    return solution_of("ps10_convolutions", "conv")


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def test_a_convolution_is_torchs(solved, torch):
    for case in solved["conv_cases"](np.random.default_rng(SEED)):
        X, K, b = (torch.tensor(case[name], requires_grad=True) for name in ("X", "K", "b"))
        result = torch.nn.functional.conv2d(X, K, b, stride=case["stride"], padding=case["padding"])
        close(solved["conv2d"](*(case[n] for n in ("X", "K", "b", "stride", "padding"))), result.detach())
        wanted = torch.autograd.grad(result, [X, K, b], torch.tensor(case["G"]))
        for ours, theirs in zip(solved["conv2d_vjp"](*(case[n] for n in ("X", "K", "stride", "padding", "G"))), wanted):
            close(ours, theirs)


def test_patches_hold_what_torch_unfolds(solved, torch):
    for case in solved["patch_cases"](np.random.default_rng(SEED)):
        k, stride, padding = case["k"], case["stride"], case["padding"]
        unfolded = torch.nn.functional.unfold(torch.tensor(case["X"]), k, stride=stride, padding=padding)
        close(solved["patches"](case["X"], k, stride, padding), unfolded.transpose(1, 2).reshape(case["cols"].shape))
        back = torch.tensor(case["cols"]).reshape(len(case["X"]), -1, case["cols"].shape[1]).transpose(1, 2)
        folded = torch.nn.functional.fold(back, case["shape"][2:], k, stride=stride, padding=padding)
        close(solved["gathered"](case["cols"], case["shape"], k, stride, padding), folded)


@pytest.mark.parametrize("cases", ["pool_cases", "tie_cases"])
def test_pooling_is_torchs_also_where_pixels_are_equal(solved, torch, cases):
    for case in solved[cases](np.random.default_rng(SEED)):
        X = torch.tensor(case["X"], requires_grad=True)
        result = torch.nn.functional.max_pool2d(X, case["k"])
        close(solved["max_pool"](case["X"], case["k"]), result.detach())
        (wanted,) = torch.autograd.grad(result, X, torch.tensor(case["G"]))
        close(solved["max_pool_vjp"](case["X"], case["k"], case["G"]), wanted)


def test_averages_are_torchs(solved, torch):
    for case in solved["average_cases"](np.random.default_rng(SEED)):
        X = torch.tensor(case["X"], requires_grad=True)
        (wanted,) = torch.autograd.grad(torch.nn.functional.avg_pool2d(X, case["k"]), X, torch.tensor(case["G"]))
        close(solved["average_pool_vjp"](case["G"], case["k"]), wanted)


def test_a_convolution_and_its_transpose_have_one_inner_product(solved):
    rng = np.random.default_rng(SEED)
    for case in solved["conv_cases"](rng):
        there = np.sum(case["G"] * solved["conv2d"](case["X"], case["K"], np.zeros(len(case["K"])), case["stride"],
                                                    case["padding"]))
        back = solved["conv2d_vjp"](case["X"], case["K"], case["stride"], case["padding"], case["G"])[0]
        assert there == pytest.approx(np.sum(case["X"] * back), rel=1e-12)
