"""The deep set's solution says what torch's layers and optimisers say, in 64 bits."""

from __future__ import annotations

import numpy as np
import pytest
from beside_torch import close, solution_of

pytestmark = pytest.mark.slow

SEED = 9


@pytest.fixture(scope="module")
def deep() -> dict:
    return solution_of("ps9_deep", "batch-norm")


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def leaves(torch, case, *names):
    return [torch.tensor(case[name], dtype=torch.float64, requires_grad=True) for name in names]


def test_batch_norm_is_torchs(deep, torch):
    for case in deep["backward_cases"](np.random.default_rng(SEED)):
        X, gamma, beta = leaves(torch, case, "X", "gamma", "beta")
        result = torch.nn.functional.batch_norm(X, None, None, gamma, beta, training=True, eps=case["eps"])
        close(deep["batch_norm"](case["X"], case["gamma"], case["beta"], case["eps"]), result.detach())
        wanted = torch.autograd.grad(result, [X, gamma, beta], torch.tensor(case["G"]))
        for ours, theirs in zip(deep["batch_norm_vjp"](case["X"], case["gamma"], case["eps"], case["G"]), wanted):
            close(ours, theirs)


def test_layer_norm_is_torchs(deep, torch):
    for case in deep["backward_cases"](np.random.default_rng(SEED)):
        X, gamma, beta = leaves(torch, case, "X", "gamma", "beta")
        result = torch.nn.functional.layer_norm(X, gamma.shape, gamma, beta, eps=case["eps"])
        wanted = torch.autograd.grad(result, [X, gamma, beta], torch.tensor(case["G"]))
        for ours, theirs in zip(deep["layer_norm_vjp"](case["X"], case["gamma"], case["eps"], case["G"]), wanted):
            close(ours, theirs)


def test_running_statistics_are_torchs(deep, torch):
    for case in deep["running_cases"](np.random.default_rng(SEED)):
        mean, var = torch.tensor(case["mean"]), torch.tensor(case["var"])
        torch.nn.functional.batch_norm(torch.tensor(case["X"]), mean, var, training=True, momentum=case["momentum"])
        for ours, theirs in zip(deep["running_statistics"](*(case[n] for n in ("mean", "var", "X", "momentum"))),
                                (mean, var)):
            close(ours, theirs)


def test_a_folded_layer_does_what_the_two_did(deep, torch):
    for case in deep["folded_cases"](np.random.default_rng(SEED)):
        X = torch.randn(5, len(case["W"]), dtype=torch.float64, generator=torch.Generator().manual_seed(SEED))
        t = {name: torch.tensor(case[name]) for name in ("W", "b", "gamma", "beta", "mean", "var")}
        wanted = torch.nn.functional.batch_norm(X @ t["W"] + t["b"], t["mean"], t["var"], t["gamma"], t["beta"],
                                                eps=case["eps"])
        W, b = deep["folded"](*(case[n] for n in ("W", "b", "gamma", "beta", "mean", "var", "eps")))
        close(X.numpy() @ W + b, wanted)


@pytest.mark.parametrize("name", ["rmsprop", "adam", "adamw"])
def test_ten_steps_are_those_of_torchs_optimiser(deep, torch, name):
    rng = np.random.default_rng(SEED)
    start, scales = rng.standard_normal(5), rng.uniform(0.1, 5.0, 5)
    theirs = torch.tensor(start, requires_grad=True)
    optimiser = {"rmsprop": lambda w: torch.optim.RMSprop([w], lr=0.05, alpha=0.9, eps=0.01),
                 "adam": lambda w: torch.optim.Adam([w], lr=0.05, betas=(0.8, 0.95), eps=0.01),
                 "adamw": lambda w: torch.optim.AdamW([w], lr=0.05, betas=(0.8, 0.95), eps=0.01, weight_decay=0.3),
                 }[name](theirs)
    w, m, v = start, np.zeros(5), np.zeros(5)
    for t in range(1, 11):
        g = scales * np.sin(w)
        theirs.grad = torch.tensor(scales) * torch.sin(theirs.detach())
        optimiser.step()
        if name == "rmsprop":
            w, v = deep["rmsprop"](w, g, v, 0.05, 0.9, 0.01)
        elif name == "adam":
            w, m, v = deep["adam"](w, g, m, v, t, 0.05, 0.8, 0.95, 0.01)
        else:
            w, m, v = deep["adamw"](w, g, m, v, t, 0.05, 0.8, 0.95, 0.01, 0.3)
    close(w, theirs.detach())


def test_gradients_are_clipped_as_torch_does_it(deep, torch):
    for case in deep["clip_cases"](np.random.default_rng(SEED)):
        tensors = [torch.zeros(g.shape, dtype=torch.float64, requires_grad=True) for g in case["gradients"]]
        for tensor, g in zip(tensors, case["gradients"]):
            tensor.grad = torch.tensor(g)
        torch.nn.utils.clip_grad_norm_(tensors, case["limit"])
        for ours, tensor in zip(deep["clipped"](case["gradients"], case["limit"]), tensors):
            assert np.allclose(ours, tensor.grad, rtol=1e-5)  # torch adds 1e-6 to the norm


def test_the_deep_net_has_autograds_gradient(deep, torch):
    for case in deep["deep_cases"](np.random.default_rng(SEED)):
        W, b, V = leaves(torch, case, "W", "b", "V")
        H = torch.tensor(case["X"])
        for weights, biases in zip(W, b):
            H = torch.tanh(H @ weights + biases)
        loss = torch.nn.functional.cross_entropy(H @ V, torch.tensor(case["y"]))
        got = deep["deep_gradients"](*(case[name] for name in ("X", "y", "W", "b", "V")))
        for ours, theirs in zip(got, torch.autograd.grad(loss, [W, b, V])):
            close(ours, theirs)
