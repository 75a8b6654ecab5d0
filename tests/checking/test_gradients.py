"""Numerical derivatives: right on real networks, exact about kinks, clear about functions that have no slope."""

import numpy as np
import pytest

from helpers import gradients as numerical
from helpers.gradients import NotDifferentiable, TooNoisy, compare, measure


def relu_net(seed, dtype=float):
    """loss(W1, b1, W2, b2) and its gradients by hand, samples in columns, squared error, mean over the samples."""
    rng = np.random.default_rng(seed)
    D, H, K, N = (int(n) for n in rng.integers(1, 8, size=4))
    X, Y = rng.normal(size=(D, N)), rng.normal(size=(K, N))
    parameters = {"W1": rng.normal(size=(H, D)), "b1": rng.normal(size=(H, 1)),
                  "W2": rng.normal(size=(K, H)), "b2": rng.normal(size=(K, 1))}
    tiny = 10.0 ** rng.integers(-4, 1)  # some nets have a nearly dead layer, with tiny entries in its gradient
    parameters["W2"][:, 0] *= tiny

    def loss(W1, b1, W2, b2):
        return ((W2 @ np.maximum(W1 @ X + b1, 0) + b2 - Y) ** 2).sum() / N

    p = {name: value.astype(dtype) for name, value in parameters.items()}
    X_, Y_ = X.astype(dtype), Y.astype(dtype)
    Z = p["W1"] @ X_ + p["b1"]
    A = np.maximum(Z, 0)
    d2 = dtype(2) * (p["W2"] @ A + p["b2"] - Y_) / dtype(N)
    d1 = (p["W2"].T @ d2) * (Z > 0)
    by_hand = {"W1": d1 @ X_.T, "b1": d1.sum(1, keepdims=True), "W2": d2 @ A.T, "b2": d2.sum(1, keepdims=True)}
    return loss, parameters, by_hand


def of(loss, parameters, name):
    return lambda value: loss(**{**parameters, name: value})


@pytest.mark.parametrize("block", range(6))
def test_correct_relu_nets_are_accepted(block):
    for seed in range(50 * block, 50 * block + 50):
        loss, parameters, by_hand = relu_net(seed)
        for name, got in by_hand.items():
            found = compare(got, measure(of(loss, parameters, name), parameters[name], got))
            assert found.ok, (seed, name, found)
            assert found.exact_entries == got.size
            if np.abs(got).max() > 1e-3:
                assert found.error < 1e-6, (seed, name, found)


@pytest.mark.parametrize("change", [
    lambda g: 1.00001 * g, lambda g: -g, lambda g: 2 * g, lambda g: g + 1e-5 * np.abs(g).max(),
    lambda g: g * (np.arange(g.size).reshape(g.shape) != np.abs(g).argmax())])
def test_wrong_gradients_are_rejected(change):
    for seed in range(60):
        loss, parameters, by_hand = relu_net(seed)
        for name, right in by_hand.items():
            if np.abs(right).max() < 1e-2:  # a dead layer: there is nothing to be wrong
                continue
            found = compare(change(right), measure(of(loss, parameters, name), parameters[name]))
            assert not found.ok, (seed, name)
            assert found.why == "entry"
            assert found.error > 5e-6
            assert found.got == pytest.approx(change(right)[found.where])
            assert found.expected == pytest.approx(right[found.where], rel=1e-5, abs=1e-6)


def test_float32_is_right_at_its_own_precision():
    worst = 0.0
    for seed in range(200, 260):  # 231: large terms cancel
        loss, parameters, by_hand = relu_net(seed, np.float32)
        for name, got in by_hand.items():
            assert got.dtype == np.float32
            slopes = measure(of(loss, parameters, name), parameters[name], got)
            assert compare(got, slopes).ok, (seed, name)
            worst = max(worst, compare(got, slopes).error if np.abs(got).max() > 1e-3 else 0)
            if np.abs(got).max() > 1e-2:
                assert not compare(got * np.float32(1.01), slopes).ok
    assert worst > 1e-9  # they do differ
    assert compare(np.float16([0.3333, 1.0]), np.array([1 / 3, 1.0])).ok
    assert not compare(np.float64([0.3333, 1.0]), np.array([1 / 3, 1.0])).ok


@pytest.mark.parametrize("activation", ["linear", "sigmoid", "tanh", "relu"])
@pytest.mark.parametrize("rows", [False, True])
def test_softmax_nets_in_both_conventions(activation, rows):
    functions = {"linear": (lambda z: z, np.ones_like), "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
                 "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2),
                 "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0)}
    f, slope = functions[activation]
    rng = np.random.default_rng(3)
    X, labels = rng.normal(size=(6, 4)), rng.integers(0, 3, 6)
    W1, W2 = rng.normal(size=(4, 5)), rng.normal(size=(5, 3))

    def softmax(S):
        E = np.exp(S - S.max(axis=1, keepdims=True))
        return E / E.sum(axis=1, keepdims=True)

    def loss(W1, W2):
        W1, W2 = (W1.T, W2.T) if rows else (W1, W2)
        return -np.log(softmax(f(X @ W1) @ W2)[np.arange(6), labels]).mean()

    Z = X @ W1
    d2 = (softmax(f(Z) @ W2) - np.eye(3)[labels]) / 6
    g1, g2 = X.T @ ((d2 @ W2.T) * slope(Z)), f(Z).T @ d2
    if rows:
        W1, W2, g1, g2 = W1.T, W2.T, g1.T, g2.T
    for got, slopes in ((g1, measure(lambda w: loss(w, W2), W1)), (g2, measure(lambda w: loss(W1, w), W2))):
        assert compare(got, slopes).ok
        assert compare(got, slopes).error < 1e-8
        assert compare(got.T, slopes).why == "shape"


# ------------------------------------------------------------------------------------------------ kinks


@pytest.mark.parametrize(("at_zero", "accepted"), [(0, True), (0.5, True), (1, True), (2, False), (-0.1, False)])
def test_any_slope_of_relu_at_zero_between_0_and_1(at_zero, accepted):
    X = np.array([[1.0, 2.0, 0.0], [0.5, -1.0, 0.0]])  # the last sample is zero: with b = 0 it sits at the kink
    W, b, Y = np.array([[1.0, -2.0], [0.3, 0.7]]), np.zeros((2, 1)), np.array([[1.0, -1.0, 2.0]])
    v = np.array([[1.0, -1.5]])

    def loss(b):
        return ((v @ np.maximum(W @ X + b, 0) - Y) ** 2).mean()

    Z = W @ X + b
    d = 2 * (v @ np.maximum(Z, 0) - Y) / 3
    got = ((v.T @ d) * np.where(Z == 0, at_zero, Z > 0)).sum(axis=1, keepdims=True)
    found = compare(got, measure(loss, b, got))
    assert found.ok is accepted
    assert found.kinks == 2
    assert found.why == ("" if accepted else "kink")


def test_kinks_are_counted_and_the_other_entries_still_judged():
    x = np.array([0.0, 1.0, -2.0, 0.0])
    slopes = numerical.gradient(lambda x: np.abs(x).sum() + 0.5 * (x**2).sum(), x)
    assert slopes.kinks.tolist() == [True, False, False, True]
    np.testing.assert_allclose(slopes.left[[0, 3]], -1, atol=1e-7)
    np.testing.assert_allclose(slopes.right[[0, 3]], 1, atol=1e-7)
    np.testing.assert_allclose(slopes.value[1:3], [2, -3], atol=1e-9)
    assert compare(np.array([0.3, 2, -3, -1.0]), slopes).ok
    wrong = compare(np.array([0.3, 2, -3.1, 0]), slopes)
    assert (wrong.ok, wrong.where, wrong.kinks) == (False, (2,), 2)
    outside = compare(np.array([1.5, 2, -3, 0]), slopes)
    assert (outside.ok, outside.where, outside.why, outside.expected) == (False, (0,), "kink", pytest.approx(1))


@pytest.mark.parametrize("distance", [1e-3, 5e-4, 2.3e-4, 1e-4, 1e-5, 1e-6, 1e-7])
@pytest.mark.parametrize("side", [-1, 1])
def test_a_kink_close_by_does_no_harm(distance, side):
    def f(x):
        return 3 * x + np.maximum(x - 1 - side * distance, 0)

    slopes = numerical.gradient(f, 1.0)
    right = 3.0 if side > 0 else 4.0
    assert not slopes.kinks
    assert float(slopes.value) == pytest.approx(right, abs=1e-7 + 10 * slopes.error)
    assert slopes.error < 1e-6


def test_steep_and_scaled_functions():
    for scale in (1e-6, 1e-3, 1.0, 1e3, 1e6):
        x = scale * np.array([0.7, -1.3])
        slopes = numerical.gradient(lambda x, s=scale: np.sin(x / s).sum(), x)
        np.testing.assert_allclose(slopes.value, np.cos(x / scale) / scale, rtol=1e-6)
    slopes = numerical.gradient(lambda x: np.exp(8 * x).sum(), np.array([1.0, 0.9]))
    np.testing.assert_allclose(slopes.value, 8 * np.exp([8.0, 7.2]), rtol=1e-7)
    slopes = numerical.gradient(lambda x: np.log(x).sum(), np.array([1e-4, 1.0]))  # a wide step leaves the domain
    np.testing.assert_allclose(slopes.value, [1e4, 1.0], rtol=1e-6)


# ------------------------------------------------------------------------------------------------ what f may be


def test_a_function_that_writes_into_its_argument_does_no_harm():
    def f(x):
        x *= 2
        return (x**2).sum()

    x = np.array([1.0, -2.0])
    np.testing.assert_allclose(numerical.gradient(f, x).value, 8 * x, rtol=1e-9)
    assert x.tolist() == [1.0, -2.0]


@pytest.mark.parametrize("wrap", [float, np.float64, np.asarray, lambda v: np.array([[v]]), lambda v: [v]])
def test_numbers_in_any_dress(wrap):
    slopes = numerical.gradient(lambda x: wrap((x**3).sum()), np.array([[1, 2]]))
    np.testing.assert_allclose(slopes.value, [[3, 12]], rtol=1e-9)


@pytest.mark.parametrize("hidden", [False, True])
def test_a_loss_in_float32_is_measured_as_well_as_it_can_be(hidden):
    def f(x):
        value = np.float32((np.asarray(x, dtype=np.float32) ** 2).sum())
        return float(value) if hidden else value

    x = np.array([1.0, 2.0, -0.5])
    slopes = numerical.gradient(f, x)
    np.testing.assert_allclose(slopes.value, 2 * x, rtol=1e-3, atol=1e-3)
    assert 1e-7 < slopes.error < 1e-1
    assert compare(2 * x, slopes).ok
    assert not compare(2.5 * x, slopes).ok


@pytest.mark.parametrize(("f", "words"), [
    (lambda x: 1j * x.sum(), "complex"),
    (lambda x: np.nan, "nan"),
    (lambda x: np.inf, "nan or infinite"),
    (lambda x: None, "NoneType"),
    (lambda x: "loss", "str"),
    (lambda x: x, r"shape \(2, 2\)"),
    (lambda x: np.sign(x[0, 0]) + x.sum(), "jumps"),
    (lambda x: np.sqrt(np.abs(x[0, 0])), "jumps|infinite"),
    (lambda x: np.sqrt(x[0, 0]), "beside"),
])
def test_functions_without_a_slope_are_refused_in_one_line(f, words):
    with pytest.raises(NotDifferentiable, match=words) as error:
        numerical.gradient(f, np.array([[0.0, 1.0], [2.0, 3.0]]))
    assert "\n" not in str(error.value)


def test_random_and_rounded_functions_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(TooNoisy, match="random"):
        numerical.gradient(lambda x: (x**2).sum() + rng.normal(), np.ones(3))
    with pytest.raises(TooNoisy, match="random"):
        numerical.gradient(lambda x: (x**2 * (rng.random(3) < 0.5)).sum(), np.ones(3))
    with pytest.raises(TooNoisy, match="coarse"):
        numerical.gradient(lambda x: np.round((x**2).sum(), 3), np.ones(3))
    with pytest.raises(NotDifferentiable, match="finite"):
        numerical.gradient(lambda x: x.sum(), np.array([np.nan]))


def test_a_loss_at_its_minimum_has_a_gradient_of_zero():
    rng = np.random.default_rng(1)
    X, W = rng.normal(size=(3, 8)), rng.normal(size=(2, 3))
    slopes = numerical.gradient(lambda V: ((V @ X - W @ X) ** 2).mean(), W + 0.0)
    assert compare(np.zeros_like(W), slopes).ok
    assert not compare(np.full_like(W, 1e-3), slopes).ok


def test_chosen_entries_only():
    slopes = numerical.gradient(lambda x: (x**2).sum(), np.arange(6.0).reshape(2, 3), entries=[(0, 1), 5])
    assert slopes.measured.tolist() == [[False, True, False], [False, False, True]]
    assert slopes.value[0, 1] == pytest.approx(2)
    assert compare(np.array([[9, 2, 9], [9, 9, 10.0]]), slopes).exact_entries == 2


def test_jacobians():
    rng = np.random.default_rng(2)
    W, x = rng.normal(size=(3, 4)), rng.normal(size=(4, 2))
    slopes = numerical.jacobian(lambda x: np.tanh(W @ x), x)
    assert slopes.value.shape == (3, 2, 4, 2)
    slope = 1 - np.tanh(W @ x) ** 2
    expected = np.einsum("in,ij,nm->injm", slope, W, np.eye(2))
    assert compare(expected, slopes).ok
    assert compare(expected, slopes).error < 1e-9
    assert not compare(expected.transpose(0, 1, 2, 3)[:, ::-1], slopes).ok
    assert numerical.jacobian(lambda x: x.sum(), x).value.shape == (4, 2)
    kinked = numerical.jacobian(lambda x: np.maximum(x, 0), np.array([0.0, 1.0]))
    assert kinked.kinks.tolist() == [[True, False], [False, False]]


# ------------------------------------------------------------------------------------------------ large tensors


def large_net(hidden=40, seed=0):
    rng = np.random.default_rng(seed)
    N = 16
    X = rng.random((100, N)) * (rng.random((100, N)) < 0.3)
    W1, W2 = rng.normal(size=(100, hidden)) / 10, rng.normal(size=(hidden, 5)) / 5
    labels = rng.integers(0, 5, N)

    def scores(W1):
        S = np.maximum(W1.T @ X, 0).T @ W2
        return S - S.max(axis=1, keepdims=True)

    def loss(W1):
        S = scores(W1)
        return (np.log(np.exp(S).sum(axis=1)) - S[np.arange(N), labels]).mean()

    S = scores(W1)
    d = (np.exp(S) / np.exp(S).sum(axis=1, keepdims=True) - np.eye(5)[labels]) / N
    return loss, W1, X @ ((d @ W2.T) * (W1.T @ X > 0).T)


@pytest.mark.parametrize("seed", range(5))
def test_large_tensors_are_measured_along_directions(seed):
    loss, W1, right = large_net(seed=seed)
    calls = []
    sample = measure(lambda W: calls.append(1) or loss(W), W1, right)
    found = compare(right, sample)
    assert found.ok
    assert found.directions == 6
    assert 15 <= found.exact_entries <= 20
    assert len(calls) < 200
    assert compare(right.astype(np.float32), sample).ok


LARGE_MISTAKES = {
    "sign": lambda g: -g,
    "small factor": lambda g: 1.001 * g,
    "one row missing": lambda g: g * (np.arange(len(g)) != np.abs(g).sum(axis=1).argmax())[:, None],
    "half of the columns": lambda g: g * (np.arange(g.shape[1]) % 2),
    "one small entry": lambda g: g + np.where(np.arange(g.size) == 1234, 0.3 * np.abs(g).max(), 0).reshape(g.shape),
    "zeros": lambda g: 0 * g,
    "permuted": lambda g: g[:, ::-1],
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", LARGE_MISTAKES)
def test_mistakes_in_large_tensors_are_found_and_located(name, seed):
    loss, W1, right = large_net(seed=seed)
    got = LARGE_MISTAKES[name](right)
    found = compare(got, measure(loss, W1, got))
    assert not found.ok
    assert found.where is not None
    assert found.got != pytest.approx(right[found.where], rel=1e-5)
    assert found.expected == pytest.approx(right[found.where], rel=1e-4, abs=1e-7)


def test_a_kink_at_one_unit_leaves_directions_for_the_others():
    loss, W1, _ = large_net()
    W1[:, 7] = 0.0  # this unit is exactly at zero for every sample
    sample = measure(loss, W1)
    assert len(sample.directions) >= 2
    assert all(not direction[:, 7].any() for direction in sample.directions)


# ------------------------------------------------------------------------------------------------ comparing


@pytest.mark.parametrize(("got", "why", "where"), [
    (np.array([1.0, 2.0]), "", (0,)),
    (np.array([1, 2]), "", (0,)),
    (np.array([[1.0, 2.0]]), "shape", None),
    (np.array([1.0, np.nan]), "not finite", (1,)),
    (np.array([1.0, 2.0 + 0j]), "type", None),
    ("gradient", "type", None),
    (None, "type", None),
    ([[1.0], [1.0, 2.0]], "type", None),
])
def test_compare_names_what_cannot_be_compared(got, why, where):
    found = compare(got, np.array([1.0, 2.0]))
    assert (found.why, found.ok, found.where) == (why, why == "", where)


def test_compare_takes_a_tolerance():
    assert compare(np.array([1.0, 2.02]), np.array([1.0, 2.0]), tolerance=0.02).ok
    assert not compare(np.array([1.0, 2.02]), np.array([1.0, 2.0]), tolerance=0.005).ok
