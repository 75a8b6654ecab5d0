"""The set on time and attention: its solution says what torch's autograd says; one step is a dense layer."""

from __future__ import annotations

import numpy as np
import pytest
from beside_torch import solution_of

pytestmark = pytest.mark.slow

SEED = 11


@pytest.fixture(scope="module")
def course() -> dict:
    return solution_of("ps11_time_and_attention", "through-time")


def recurrent(t, c):
    states, h = [], c["h0"]
    for x in c["X"]:
        h = t.tanh(x @ c["Wx"] + h @ c["Wh"] + c["b"])
        states.append(h)
    return t.stack(states)


def long_short(t, c):
    """Torch's own cell, which has its gates in the order i, f, g, o and its weights transposed."""
    order = [part for k in (0, 1, 3, 2) for part in range(k * c["h"].shape[1], (k + 1) * c["h"].shape[1])]
    weights = c["Wx"][:, order].T, c["Wh"][:, order].T, c["b"][order]
    new, cells = t._VF.lstm_cell(c["x"], (c["h"], c["c"]), *weights, None)
    return t.cat([new, cells])


def attention(t, c):
    return t.nn.functional.scaled_dot_product_attention(c["Q"], c["K"], c["V"], is_causal=True)


def several_heads(t, c):
    parts = zip(*((c["X"] @ c[W]).chunk(c["heads"], 1) for W in ("Wq", "Wk", "Wv")))
    return t.cat([attention(t, {"Q": Q, "K": K, "V": V}) for Q, K, V in parts], 1) @ c["Wo"]


@pytest.mark.parametrize(("cases", "wrt", "backward", "forward", "arrives"), [
    ("embedding_cases", ("E",), "embedding_backward",
     lambda t, c: t.nn.functional.embedding(t.tensor(c["ids"]), c["E"]), ("G",)),
    ("step_cases", ("x", "h", "Wx", "Wh", "b"), "cell_backward",
     lambda t, c: t.tanh(c["x"] @ c["Wx"] + c["h"] @ c["Wh"] + c["b"]), ("G",)),
    ("sequence_cases", ("X", "h0", "Wx", "Wh", "b"), "through_time", recurrent, ("G",)),
    ("lstm_cases", ("x", "h", "c", "Wx", "Wh", "b"), "lstm_backward", long_short, ("Gh", "Gc")),
    ("softmax_cases", ("scores",), "softmax_vjp", lambda t, c: t.softmax(c["scores"], 1), ("G",)),
    ("attended_cases", ("Q", "K", "V"), "attention_backward", attention, ("G",)),
    ("heads_back_cases", ("X", "Wq", "Wk", "Wv", "Wo"), "multi_head_backward", several_heads, ("G",)),
])
def test_gradients_are_those_of_torch(course, cases, wrt, backward, forward, arrives):
    torch = pytest.importorskip("torch")
    for case in course[cases](np.random.default_rng(SEED)):
        function = course[backward]
        names = function.__code__.co_varnames[:function.__code__.co_argcount]
        got = function(*(case[name] for name in names))
        tensors = {name: torch.tensor(case[name], dtype=torch.float64, requires_grad=True) for name in wrt}
        result = forward(torch, {**case, **tensors})
        grads = torch.tensor(np.concatenate([case[name] for name in arrives]), dtype=torch.float64)
        wanted = torch.autograd.grad(result, list(tensors.values()), grads)
        for ours, theirs in zip(got if len(wrt) > 1 else [got], wanted, strict=True):
            size = max(1.0, float(theirs.abs().max()))
            np.testing.assert_allclose(ours, theirs.numpy(), rtol=0, atol=1e-12 * size)


def test_one_step_through_time_is_one_dense_layer(course):
    case = next(c for c in course["sequence_cases"](np.random.default_rng(SEED)) if len(c["X"]) == 1)
    dX, dh0, dWx, dWh, db = course["through_time"](*(case[n] for n in ("step_back", "G", "X", "H", "Wx", "Wh")))
    inputs = np.hstack([case["X"][0], case["h0"]])
    delta = case["G"][0] * (1 - np.tanh(inputs @ np.vstack([case["Wx"], case["Wh"]]) + case["b"]) ** 2)
    np.testing.assert_allclose(np.vstack([dWx, dWh]), inputs.T @ delta, atol=1e-12)
    np.testing.assert_allclose(np.hstack([dX[0], dh0]), delta @ np.vstack([case["Wx"], case["Wh"]]).T, atol=1e-12)
    np.testing.assert_allclose(db, delta.sum(axis=0), atol=1e-12)


def test_the_norm_that_the_block_gets_is_torchs(course):
    torch = pytest.importorskip("torch")
    X, G = np.random.default_rng(SEED).standard_normal((2, 5, 7))
    leaf = torch.tensor(X, requires_grad=True)
    result = torch.nn.functional.layer_norm(leaf, (7,))
    result.backward(torch.tensor(G))
    np.testing.assert_allclose(course["layer_norm"](X), result.detach().numpy(), atol=1e-12)
    np.testing.assert_allclose(course["layer_norm_backward"](G, X), leaf.grad.numpy(), atol=1e-12)


def test_a_later_letter_moves_nothing_before_it(course):
    """Through the whole model, as a student's notebook puts it together."""
    weights, ids = course["block_start"](9), np.random.default_rng(SEED).integers(0, 9, 12)
    changed = np.where(np.arange(12) == 7, (ids + 1) % 9, ids)
    moved = np.abs(course["block_scores"](weights, changed)[1] - course["block_scores"](weights, ids)[1]).max(axis=1)
    assert moved[:7].max() == 0
    assert moved[7:].min() > 0


@pytest.mark.parametrize("model", ["recurrent", "block"])
def test_a_whole_model_has_the_gradient_of_its_surprise(course, model):
    rng = np.random.default_rng(SEED)
    weights = course[f"{model}_start"](9)
    shape = (5, 2) if model == "recurrent" else (12,)
    ids, nexts = rng.integers(0, 9, (2, *shape))
    more = (np.zeros((2, weights[3].size)),) if model == "recurrent" else ()
    slopes = course[f"{model}_gradients"](weights, ids, nexts, *more)[1]
    for weight, slope in zip(weights, slopes, strict=True):
        along = rng.standard_normal(weight.shape)
        losses = []
        for step in (1e-5, -2e-5):
            weight += step * along
            losses.append(course[f"{model}_gradients"](weights, ids, nexts, *more)[0])
        weight += 1e-5 * along
        assert np.sum(slope * along) == pytest.approx((losses[0] - losses[1]) / 2e-5, rel=1e-5, abs=1e-9)
