"""Diagnosis: every explanation found on a real network, and silence where none fits.

The network is y = W2 relu(W1 x + b1) + b2 with squared error and a penalty lam*|W|^2, samples in columns.
"""

import numpy as np
import pytest

from helpers.diagnosis.diagnose import Evidence, KnownMistake, diagnose, where_to_look

SIZES = ((3, 5, 2, 4), (6, 4, 3, 9), (4, 7, 3, 6))  # D, H, K, N of each case


def forward(W1, b1, W2, b2, X):
    Z = W1 @ X + b1
    A = np.maximum(Z, 0)
    return Z, A, W2 @ A + b2


def gradients(W1, b1, W2, b2, X, Y, lam, only=slice(None)):
    """Right gradients of mean over samples of |y - Y|^2, plus lam*(|W1|^2 + |W2|^2)."""
    N = X.shape[1]
    X, Y = X[:, only], Y[:, only]
    Z, A, S = forward(W1, b1, W2, b2, X)
    d2 = 2 * (S - Y) / N
    d1 = (W2.T @ d2) * (Z > 0)
    return {"W1": d1 @ X.T + 2 * lam * W1, "b1": d1.sum(axis=1, keepdims=True),
            "W2": d2 @ A.T + 2 * lam * W2, "b2": d2.sum(axis=1, keepdims=True)}


def draw(seed=1, lam=0.0, sizes=SIZES):
    """Cases of inputs, drawn from a seed."""
    rng = np.random.default_rng(seed)
    cases = []
    for D, H, K, N in sizes:
        cases.append({"W1": rng.normal(size=(H, D)), "b1": rng.normal(size=(H, 1)), "W2": rng.normal(size=(K, H)),
                      "b2": rng.normal(size=(K, 1)), "X": rng.normal(size=(D, N)), "Y": rng.normal(size=(K, N)),
                      "lam": lam * (1 + len(cases))})
    return cases


def evidence(inputs, wrong, parameter="W1", **more):
    """Evidence in which `wrong(inputs, right)` stands in the place of one parameter's gradient."""
    found = []
    for case in inputs:
        right = gradients(**case)
        found.append(Evidence({**right, parameter: wrong(case, right)}, right, case, case["X"].shape[1], **more))
    return found


def kind(wrong, parameter="W1", lam=0.0, seed=1, sizes=SIZES):
    finding = diagnose(parameter, evidence(draw(seed, lam, sizes), wrong, parameter))
    return finding and finding.kind


def of(change):
    """A mistake that depends on the right gradient of W1 only."""
    return lambda case, right: change(right["W1"])


def n(case):
    return case["X"].shape[1]


FACTORS = {
    "sign": lambda c, r: -r,
    "factor:2": lambda c, r: 2 * r,
    "factor:1/2": lambda c, r: r / 2,
    "sign+factor:2": lambda c, r: -2 * r,
    "sign+factor:1/2": lambda c, r: -r / 2,
    "missing-mean": lambda c, r: n(c) * r,
    "extra-mean": lambda c, r: r / n(c),
    "sign+missing-mean": lambda c, r: -n(c) * r,
    "sign+extra-mean": lambda c, r: -r / n(c),
    "factor:2/N": lambda c, r: 2 * r / n(c),
    "factor:N/2": lambda c, r: n(c) * r / 2,
    "factor:2N": lambda c, r: 2 * n(c) * r,
    "factor:1/(2N)": lambda c, r: r / n(c) / 2,
    "factor:width": lambda c, r: c["W1"].shape[0] * r,
    "factor:1/width": lambda c, r: r / c["X"].shape[0],
    "factor:N/width": lambda c, r: n(c) * r / c["W2"].shape[0],
    "factor:width/N": lambda c, r: c["W1"].shape[0] * r / n(c),
    "factor:3.7": lambda c, r: 3.7 * r,
    "factor:1/10": lambda c, r: r / 10,
    "sign+factor:1/3": lambda c, r: -r / 3,
    "factor:varying": lambda c, r: r * (1 + c["b2"][0, 0] ** 2),
    "normalised": lambda c, r: r / np.linalg.norm(r),
}


@pytest.mark.parametrize("parameter", ["W1", "b1", "W2", "b2"])
@pytest.mark.parametrize("slug", FACTORS)
def test_factors(slug, parameter):
    assert kind(lambda c, r: FACTORS[slug](c, r[parameter]), parameter) == slug


def test_a_factor_that_two_causes_explain_is_only_counted():
    same_batch = ((3, 5, 3, 2), (6, 4, 3, 2), (4, 7, 3, 2))
    found = diagnose("W1", evidence(draw(sizes=same_batch), lambda c, r: 2 * r["W1"]))
    assert "N" not in found.says
    assert "square" not in found.says
    assert kind(of(lambda g: 6 * g), sizes=((3, 5, 6, 6), (2, 4, 6, 6))) == "factor:6"
    assert kind(of(lambda g: 7 * g), sizes=((3, 5, 2, 7), (2, 4, 3, 7))) == "missing-mean"
    ambiguous = ((3, 5, 2, 4), (6, 4, 3, 6), (4, 7, 4, 8))  # N = 2K throughout: N/2 or K?
    assert kind(lambda c, r: r["W1"] * n(c) / 2, sizes=ambiguous) == "factor:varying"


def test_one_case_suffices_for_a_sign_but_says_no_more_than_it_shows():
    assert kind(of(lambda g: -g), sizes=((3, 5, 2, 1),)) == "sign"
    assert kind(of(lambda g: 5 * g), sizes=((3, 5, 2, 5),)) == "factor:5"


@pytest.mark.parametrize(("floor", "kind"), [(1e-12, "clipped:log"), (3e-12, None)])
def test_a_logarithm_that_levels_off_is_told_by_where_it_does(floor, kind):
    """Of one entry that is cut off, the bound alone is evidence: the logarithm of a power of ten."""
    right = np.log(np.array([0.5, 0.1, 0.9, 1e-3, 1e-40]))
    case = Evidence({"p": np.maximum(right, np.log(floor))}, {"p": right}, {}, None)
    finding = diagnose("p", [case])
    assert (finding and finding.kind) == kind


def unsummed_bias(case, right):
    Z, _, S = forward(*(case[k] for k in ("W1", "b1", "W2", "b2", "X")))
    return (case["W2"].T @ (2 * (S - case["Y"]) / n(case))) * (Z > 0)


def integer(values):
    return np.trunc(10 * values).astype(int)


VALUES = {
    "transpose": of(lambda g: g.T),
    "transpose+sign": of(lambda g: -g.T),
    "transpose+missing-mean": lambda c, r: n(c) * r["W1"].T,
    "shape": of(lambda g: g.ravel()),
    "shape+factor:2": of(lambda g: 2 * g[None]),
    "reshape": of(lambda g: g.reshape(g.shape[::-1])),
    "shifted:rows": of(lambda g: np.roll(g, 1, axis=0)),
    "shifted:columns": of(lambda g: np.roll(g, -1, axis=1)),
    "permuted:rows": of(lambda g: g[::-1]),
    "permuted:columns": of(lambda g: g[:, ::-1]),
    "unfilled:rows": of(lambda g: np.vstack([g[:-1], 0 * g[-1:]])),
    "unfilled:columns": of(lambda g: np.hstack([0 * g[:, :-1], g[:, -1:]])),
    "unfilled:some": of(lambda g: np.tril(g)),
    "only-diagonal": of(lambda g: g * np.eye(*g.shape)),
    "zeros": of(lambda g: 0 * g),
    "absolute": of(abs),
    "clipped:zero": of(lambda g: np.maximum(g, 0)),
    "clipped": of(lambda g: np.clip(g, -0.7, 0.7)),
    "sign:part": of(lambda g: g * np.where(np.arange(g.shape[1]) % 2, 1, -1)),
    "offset": of(lambda g: g + 0.3),
    "rounded": of(lambda g: np.round(g, 2)),
    "precision": of(lambda g: g.astype(np.float16).astype(float)),
    "argument": lambda c, r: c["W1"],
    "updated-parameter": lambda c, r: c["W1"] - 0.1 * r["W1"],
    "not-finite": of(lambda g: g * np.where(g > 0.5, np.nan, 1)),
    "complex": of(lambda g: g + 0j),
    "bool": of(lambda g: g > 0),
    "nothing": of(lambda g: None),
    "type": of(lambda g: "W1"),
    "summed-away:rows": of(lambda g: g.sum(axis=0)),
    "summed-away:columns": of(lambda g: np.broadcast_to(g.sum(axis=1, keepdims=True), g.shape)),
    "broadcast": of(lambda g: np.stack([g] * 3)),
    "only-last": lambda c, r: gradients(**c, only=slice(-1, None))["W1"],
    "only-first": lambda c, r: n(c) * gradients(**c, only=slice(0, 1))["W1"],
}


@pytest.mark.parametrize("slug", VALUES)
def test_values(slug):
    assert kind(VALUES[slug]) == slug


@pytest.mark.parametrize(("slug", "parameter", "wrong"), [
    ("shape", "b1", lambda c, r: r["b1"].ravel()),
    ("shape", "b1", lambda c, r: r["b1"].T),
    ("missing-sum", "b1", unsummed_bias),
    ("missing-sum", "b1", lambda c, r: n(c) * unsummed_bias(c, r)),
    ("wrong-axis", "b1", lambda c, r: unsummed_bias(c, r).sum(axis=0)),
    ("wrong-axis", "b1", lambda c, r: unsummed_bias(c, r).sum(axis=0, keepdims=True) * n(c)),
    ("wrong-axis:all", "b1", lambda c, r: r["b1"].sum()),
    ("broadcast", "b1", lambda c, r: np.repeat(r["b1"], 4, axis=1)),
    ("unfilled:entries", "b1", lambda c, r: np.vstack([r["b1"][:-1], [[0.0]]])),
    ("unfilled:rows", "W2", lambda c, r: np.vstack([r["W2"][:1], np.nan * r["W2"][1:]])),
    ("integer", "W1", lambda c, r: np.trunc(r["W1"]).astype(int)),
])
def test_shapes_and_sums(slug, parameter, wrong):
    assert kind(wrong, parameter) == slug


def test_swapped_gradients():
    square = ((4, 4, 4, 5), (3, 3, 3, 7))
    assert kind(lambda c, r: r["W2"], sizes=square) == "swapped"


def test_softmax_bias_summed_over_the_classes_is_zero_for_each_sample():
    rng = np.random.default_rng(5)
    cases = []
    for K, N in ((3, 7), (4, 9)):
        S = rng.normal(size=(K, N))
        d = (np.exp(S) / np.exp(S).sum(axis=0) - np.eye(K)[:, rng.integers(0, K, N)]) / N
        cases.append(Evidence({"b": d.sum(axis=0)}, {"b": d.sum(axis=1)}, {"X": S}, N))
    assert diagnose("b", cases).kind == "wrong-axis"


# ------------------------------------------------------------------------------------------------ penalties


@pytest.mark.parametrize(("slug", "parameter", "wrong"), [
    ("regulariser:missing", "W1", lambda c, r: r["W1"] - 2 * c["lam"] * c["W1"]),
    ("regulariser:missing", "W1", lambda c, r: r["W1"] - c["lam"] * c["W1"]),
    ("regulariser:missing", "W2", lambda c, r: r["W2"] - 4 * c["lam"] * c["W2"]),
    ("regulariser:excess", "W1", lambda c, r: r["W1"] + 2 * c["lam"] * c["W1"]),
    ("regulariser:missing", "W1", lambda c, r: r["W1"] - 2 * c["lam"] * c["W1"] * (1 - 1 / n(c))),
    ("regulariser:bias", "b1", lambda c, r: r["b1"] + 2 * c["lam"] * c["b1"]),
    ("regulariser:missing", "W1", lambda c, r: r["W1"] - c["lam"] * np.sign(c["W1"])),
    ("regulariser:l1-for-l2", "W1", lambda c, r: r["W1"] - 2 * c["lam"] * c["W1"] + c["lam"] * np.sign(c["W1"])),
    ("regulariser:l2-for-l1", "W1", lambda c, r: r["W1"] + 2 * c["lam"] * c["W1"] - c["lam"] * np.sign(c["W1"])),
    ("sign", "W1", lambda c, r: -r["W1"]),
    ("missing-mean", "W1", lambda c, r: n(c) * r["W1"]),
])
def test_penalties(slug, parameter, wrong):
    assert kind(wrong, parameter, lam=0.05) == slug


def test_a_penalty_of_unknown_strength():
    def nameless(wrong):
        cases = evidence(draw(lam=0.05, seed=3), wrong)
        for case in cases:
            case.inputs.pop("lam")
        return diagnose("W1", cases)

    assert nameless(lambda c, r: r["W1"] - 0.1 * c["W1"]).kind == "regulariser:missing"
    assert nameless(lambda c, r: r["W1"] - c["b2"][0, 0] * c["W1"]) is None


# ------------------------------------------------------------------------------------------------ samples


def layer_cases(seed=4):
    """One layer backwards: from what arrives (dZ) and its inputs (A) to dW and db."""
    rng = np.random.default_rng(seed)
    for D, H, N in ((3, 4, 5), (5, 2, 6), (4, 3, 8)):
        yield {"A": rng.normal(size=(D, N)), "dZ": rng.normal(size=(H, N))}


@pytest.mark.parametrize(("slug", "parameter", "wrong"), [
    ("only-last", "dW", lambda A, dZ: np.outer(dZ[:, -1], A[:, -1])),
    ("without-last", "dW", lambda A, dZ: dZ[:, :-1] @ A[:, :-1].T / A.shape[1]),
    ("only-first", "db", lambda A, dZ: dZ[:, 0] / dZ.shape[1]),
    ("argument", "db", lambda A, dZ: dZ),
    ("wrong-axis", "db", lambda A, dZ: dZ.sum(axis=0)),
    (None, "dW", lambda A, dZ: dZ @ np.tanh(A).T),
])
def test_a_layer_shows_its_samples(slug, parameter, wrong):
    cases = []
    for case in layer_cases():
        A, dZ = case["A"], case["dZ"]
        right = {"dW": dZ @ A.T / A.shape[1], "db": dZ.mean(axis=1)}
        cases.append(Evidence({parameter: wrong(A, dZ)}, right, case, A.shape[1]))
    finding = diagnose(parameter, cases)
    if parameter == "db" and slug == "argument":  # both are true: dZ came back, and it is not summed
        assert finding is None or finding.kind in ("argument", "missing-sum")
    else:
        assert (finding and finding.kind) == slug


# ------------------------------------------------------------------------------------------------ activations, calls


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@pytest.mark.parametrize(("slug", "right", "wrong"), [
    ("argument", lambda d, Z: d * (Z > 0), lambda d, Z: d),
    ("missing-upstream", lambda d, Z: d * (Z > 0), lambda d, Z: (Z > 0).astype(float)),
    ("wrong-derivative", lambda d, Z: d * (Z > 0), lambda d, Z: d * Z),
    ("wrong-derivative", lambda d, Z: d * sigmoid(Z) * (1 - sigmoid(Z)), lambda d, Z: d * Z * (1 - Z)),
    ("wrong-derivative", lambda d, Z: d * (1 - np.tanh(Z) ** 2), lambda d, Z: d * (1 - Z**2)),
    (None, lambda d, Z: d * (Z > 0), lambda d, Z: d * (Z > 0.3)),
])
def test_activation_derivatives(slug, right, wrong):
    rng = np.random.default_rng(6)
    cases = []
    for shape in ((3, 4), (5, 6)):
        d, Z = rng.normal(size=(2, *shape))
        cases.append(Evidence({"dZ": wrong(d, Z)}, {"dZ": right(d, Z)}, {"dA": d, "Z": Z}, shape[1]))
    finding = diagnose("dZ", cases)
    if slug == "argument":
        assert finding.kind == "missing-derivative"
    elif slug is None:
        assert finding is None or finding.kind == "unfilled:some"  # true as well: some entries are zero
    else:
        assert finding.kind == slug


def test_calls_that_remember():
    rng = np.random.default_rng(7)
    right = [rng.normal(size=(3, 4)) for _ in range(4)]

    def kind_of(got):
        return diagnose("W", [Evidence({"W": g}, {"W": r}) for g, r in zip(got, right)]).kind

    assert kind_of([right[0]] * 4) == "ignores-arguments"
    assert kind_of([rng.normal(size=(3, 4)), *right[:3]]) == "stale"
    assert kind_of(list(np.cumsum(right, axis=0))) == "accumulated"


def test_arguments_changed_in_place_are_named_last():
    noise = np.random.default_rng(8)
    doubtful = evidence(draw(), lambda c, r: noise.normal(size=r["W1"].shape), changed=("W1", "X"))
    found = diagnose("W1", doubtful)
    assert found.kind == "changed-arguments"
    assert "W1 and X" in found.says
    assert diagnose("W1", evidence(draw(), lambda c, r: -r["W1"], changed=("X",))).kind == "sign"
    assert diagnose("W1", evidence(draw(), lambda c, r: r["W1"], changed=("X",))) is None


# ------------------------------------------------------------------------------------------------ the author's own


def without_derivative(case):
    _, _, S = forward(*(case[k] for k in ("W1", "b1", "W2", "b2", "X")))
    return case["W2"].T @ (2 * (S - case["Y"]) / n(case)) @ case["X"].T


def known(says, change):
    return KnownMistake(says, [change(case, gradients(**case)) for case in draw()])


def test_known_mistakes_come_first():
    stale = known("W2 is updated too early.", lambda c, r: {**r, "W1": without_derivative(c)})
    twice = known("The square's derivative.", lambda c, r: {name: 2 * g for name, g in r.items()})
    both = (stale, twice)
    assert diagnose("W1", evidence(draw(), lambda c, r: without_derivative(c)), both).says == "W2 is updated too early."
    doubled = [Evidence({k: 2 * g for k, g in gradients(**c).items()}, gradients(**c), c, n(c)) for c in draw()]
    assert diagnose("W2", doubled, both).says == "The square's derivative."
    # Only this parameter behaves so: the mistake is still the likeliest, and it is the only one.
    assert diagnose("W1", evidence(draw(), lambda c, r: 2 * r["W1"]), both).kind == "known-mistake"
    assert diagnose("W1", evidence(draw(), lambda c, r: -r["W1"]), both).kind == "sign"


def test_two_known_mistakes_that_both_fit_are_not_told_apart():
    one = known("One.", lambda c, r: {**r, "W1": -r["W1"]})
    two = known("Two.", lambda c, r: {**r, "W1": -r["W1"]})
    whole = known("Three.", lambda c, r: {k: -g for k, g in r.items()})
    wrong = evidence(draw(), lambda c, r: -r["W1"])
    assert diagnose("W1", wrong, (one, two)) is None
    assert diagnose("W1", wrong, (one, one)).says == "One."
    assert diagnose("W1", wrong, (one, whole)).says == "One."  # all parameters agree with the first
    raising = KnownMistake("It raises.", [None] * 3)
    assert diagnose("W1", wrong, (raising, one)).says == "One."


# ------------------------------------------------------------------------------------------------ silence


def test_right_results_get_no_sentence():
    for dtype in (np.float64, np.float32, np.float16):
        assert kind(of(lambda g, dtype=dtype: g.astype(dtype)), lam=0.1) is None


def test_float32_mistakes_are_found_at_float32_precision():
    assert kind(of(lambda g: -2 * g.astype(np.float32))) == "sign+factor:2"
    assert kind(of(lambda g: g.astype(np.float32).T)) == "transpose"


NOISE = {
    "random": lambda rng, g: rng.normal(size=g.shape),
    "random of the right size": lambda rng, g: rng.normal(size=g.shape) * np.abs(g).max(),
    "noise on top": lambda rng, g: g + 1e-3 * rng.normal(size=g.shape),
    "almost a sign": lambda rng, g: -g * (1 + 1e-4 * rng.normal(size=g.shape)),
    "factors per entry": lambda rng, g: g * rng.uniform(0.5, 2, size=g.shape),
    "factors per row": lambda rng, g: g * rng.uniform(0.5, 2, size=(len(g), 1)),
    "one entry": lambda rng, g: g + (np.arange(g.size).reshape(g.shape) == rng.integers(g.size)),
    "random integers": lambda rng, g: rng.integers(-3, 4, size=g.shape),
    "random shape": lambda rng, g: rng.normal(size=tuple(rng.integers(1, 7, size=rng.integers(0, 4)))),
    "shuffled entries": lambda rng, g: rng.permutation(g.ravel()).reshape(g.shape),
    "random signs and sizes": lambda rng, g: g * rng.choice([-1, 1], size=g.shape) * rng.uniform(1, 2, g.shape),
    "random float32": lambda rng, g: rng.normal(size=g.shape).astype(np.float32),
    "one number": lambda rng, g: np.full(g.shape, rng.normal()),
    "uniform": lambda rng, g: rng.uniform(size=g.shape),
    "wrong in one case only": lambda rng, g: rng.normal(size=g.shape) if rng.random() < 0.5 else g,
}


def is_wrong(case, name):
    got, right = case.got[name], case.expected[name]
    return got.shape != right.shape or not np.allclose(got, right, rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("noise", NOISE)
def test_silence_about_random_results(noise):
    said = []
    for seed in range(12):
        rng = np.random.default_rng([seed, 99])  # not the stream that draws the cases
        for name in ("W1", "b1", "W2", "b2"):
            for sizes in (SIZES, SIZES[:1], ((3, 3, 3, 3),)):
                make = NOISE[noise]
                cases = evidence(draw(seed, 0.1, sizes), lambda c, r: make(rng, r[name]), name)  # noqa: B023
                finding = diagnose(name, cases)
                if noise == "shuffled entries" and finding and finding.kind in ("permuted:entries", "shifted:entries"):
                    continue  # that is true of a vector
                if finding is not None and any(is_wrong(case, name) for case in cases):
                    said.append((seed, name, len(sizes), finding.kind))
    assert not said, said


def test_a_factor_in_one_case_and_another_mistake_in_the_next_is_silence():
    cases = evidence(draw(), lambda c, r: -r["W1"] if n(c) != 6 else r["W1"] + c["W1"])
    assert diagnose("W1", cases) is None


def test_no_cases_and_odd_values_do_no_harm():
    assert diagnose("W1", []) is None
    right = {"W": np.zeros((2, 2))}
    assert diagnose("W", [Evidence({"W": [[1, 2], [3]]}, right)]).kind == "type"
    assert diagnose("W", [Evidence({}, right)]).kind == "nothing"
    assert diagnose("W", [Evidence({"W": np.zeros((0, 2))}, right)]) is None
    assert diagnose("W", [Evidence({"W": np.zeros(())}, {"W": np.zeros(())})]) is None


def test_no_sentence_reveals_a_value():
    for slug, wrong in VALUES.items():
        finding = diagnose("W1", evidence(draw(), wrong))
        says = finding.says.split("(N is")[0]
        for word in ("W1", "float16", "float64", "length 1", "of 0", "by 0"):
            says = says.replace(word, "")
        assert not any(character.isdigit() for character in says), slug
        assert len(finding.says) < 240


# ------------------------------------------------------------------------------------------------ where to look


@pytest.mark.parametrize(("wrong", "words"), [
    ("W1", ["b1 is right and W1 is not", "arrives at this layer"]),
    ("W1 b1", ["W2 and b2 are right and W1 and b1 are not", "between them"]),
    ("b2", ["W2 is right and b2 is not"]),
    ("W1 b1 W2 b2", ["All are wrong", "Begin at the end"]),
    ("W2 b2", ["although"]),
])
def test_where_to_look(wrong, words):
    order = ["W1", "b1", "W2", "b2"]
    says = where_to_look({name: name not in wrong.split() for name in order}, order)
    for word in words:
        assert word in says


def test_where_to_look_with_two_layers_or_nothing_to_say():
    assert where_to_look({"W1": False, "W2": True}, ["W1", "W2"]) == (
        "W2 is right and W1 is not: the error lies between them, on the way back through the hidden layer.")
    assert where_to_look({"W1": True, "W2": True}, ["W1", "W2"]) is None
    assert where_to_look({"W1": False}, ["W1"]) is None


@pytest.mark.parametrize("order", [["relu", "absolute"], ["W", "b", "h"], ["h", "x"], ["W1", "V1"]])
def test_where_to_look_says_nothing_where_there_is_no_net(order):
    assert where_to_look({order[0]: True, **dict.fromkeys(order[1:], False)}, order) is None


def test_where_to_look_goes_by_what_belongs_together():
    order = ["W_h", "b_h", "W_o", "b_o"]
    says = where_to_look({"W_h": False, "b_h": False, "W_o": True, "b_o": True}, order)
    assert says.startswith("W_o and b_o are right and W_h and b_h are not")
    assert "hidden" not in where_to_look({"W": False, "b": True}, ["W", "b"])
    three = ["W1", "W2", "W3"]
    assert "in W2 alone" in where_to_look({"W1": True, "W2": False, "W3": True}, three)
