"""The graph set's solution says what torch's autograd says, in 64 bits; and what problem set 4's gradient says."""

from __future__ import annotations

import numpy as np
import pytest
from beside_torch import close, solution_of

pytestmark = pytest.mark.slow

SEED = 8


@pytest.fixture(scope="module")
def graph() -> dict:
    return solution_of("ps8_graph", "matmul")


@pytest.mark.parametrize(("cases", "wrt", "vjp", "forward"), [
    ("product_cases", ("A", "B"), "matmul_vjp", lambda t, c: c["A"] @ c["B"]),
    ("broadcast_cases", ("x",), "unbroadcast", lambda t, c: t.broadcast_to(c["x"], c["G"].shape)),
    ("reshaped_cases", ("x",), "reshape_vjp", lambda t, c: c["x"].reshape(c["G"].shape)),
    ("transposed_cases", ("x",), "transpose_vjp", lambda t, c: c["x"].permute(c["axes"])),
    ("indexed_cases", ("x",), "index_vjp", lambda t, c: c["x"][c["index"]]),
    ("largest_cases", ("x",), "max_vjp", lambda t, c: t.amax(c["x"], c["axis"])),
    ("soft_cases", ("x",), "logsumexp_vjp", lambda t, c: t.logsumexp(c["x"], c["axis"])),
])
def test_vector_jacobian_products_are_those_of_torch(graph, cases, wrt, vjp, forward):
    torch = pytest.importorskip("torch")
    for case in graph[cases](np.random.default_rng(SEED)):
        function = graph[vjp]
        names = function.__code__.co_varnames[:function.__code__.co_argcount]
        got = function(*(case[name] for name in names))
        tensors = {name: torch.tensor(case[name], dtype=torch.float64, requires_grad=True) for name in wrt}
        result = forward(torch, {**case, "G": np.asarray(case["G"]), **tensors})
        wanted = torch.autograd.grad(result, list(tensors.values()), torch.tensor(case["G"], dtype=torch.float64))
        for ours, theirs in zip(got if len(wrt) > 1 else [got], wanted):
            close(ours, theirs.numpy())


def test_formulas_have_torchs_gradients(graph):
    """Its own operators, on the same formulas: torch's tensors have the methods that the set's helpers call."""
    torch = pytest.importorskip("torch")
    for case in graph["formula_cases"](np.random.default_rng(SEED)):
        got = graph["gradient_of"](case["name"], case["inputs"], case["order"], case["sweep"])
        leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in case["inputs"]]
        close(got, [g.item() for g in torch.autograd.grad(graph["FORMULAS"][case["name"]](*leaves), leaves)])


def test_the_engine_has_the_gradient_of_problem_set_4(graph):
    matrix_gradients = solution_of("ps4_regularised_mlp", "softmax")["matrix_gradients"]
    for case in graph["net_cases"](np.random.default_rng(SEED)):
        values = [case[name] for name in ("W1", "b1", "W2", "b2", "X", "y")]
        for ours, theirs in zip(graph["net_gradients"](*values), matrix_gradients(*values, (0.0, 0.0, 0.0, 0.0))):
            close(ours, theirs)


def test_a_sweep_visits_each_edge_of_a_ladder_once_and_a_long_chain_does_not_overflow(graph):
    seen = []

    class Counted(tuple):
        def __iter__(self):
            seen.append(self)
            return super().__iter__()

    parents = graph["ladder"](40)
    order = graph["topological_order"](parents, 120)
    graph["reverse_sweep"](order, [Counted(p) for p in parents], [(1.0,) * len(p) for p in parents])
    assert len(order) == len(seen) == 121
    chain = [(), *((i,) for i in range(4999))]
    assert graph["topological_order"](chain, 4999) == list(range(5000))
