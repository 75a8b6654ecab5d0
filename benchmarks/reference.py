"""How fast the reference solutions are: ratios, each measured in one run on one thread.

    python benchmarks/reference.py          # all parts
    python benchmarks/reference.py ps4      # one of them

What is timed is what students see as the answer: the solutions are executed out of the masters, and nothing is written
a second time here. Before anything is timed, both sides must compute the same. They take turns, round after round, so
that another program's load falls on both alike. Printed are medians over the rounds, and of the ratio as well. The exit
code is 1 if a ratio is below what is asked for.
"""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from helpers import data
from helpers.grading.authoring import build
from helpers.grading.marking.reference import ProblemSet
from helpers.grading.notebooks import master

MASTERS = Path(__file__).resolve().parent.parent / "notebooks"


class Ratio(NamedTuple):
    """How often the reference does its work while the other side does the same work once."""

    name: str
    reference: float  # seconds for one unit of work, median over the rounds
    other: float
    ratio: float  # median of other / reference over the rounds
    asked: float


def reference(name: str) -> dict[str, Any]:
    """The names of a problem set, executed out of its master: functions of students are the reference's."""
    read = master.read(next(MASTERS.glob(f"{name}_*.py")))
    return ProblemSet(read.name, build.source_notebook(read)).reference


def compare(name: str, reference: Callable[[], Any], other: Callable[[], Any], *, asked: float, rounds: int = 15,
            calls: int = 1, other_calls: int | None = None) -> Ratio:
    """Time two functions that do the same work, in turns.

    calls, other_calls: how often each is called in one round (a slow one fewer times than a fast one).
    """
    other_calls = other_calls or calls
    seconds(reference, calls), seconds(other, other_calls)  # the first calls are always slower
    pairs = [(seconds(reference, calls), seconds(other, other_calls)) for _ in range(rounds)]
    ours, theirs = zip(*pairs)
    return Ratio(name, median(ours), median(theirs), median(b / a for a, b in pairs), asked)


def seconds(function: Callable[[], Any], calls: int) -> float:
    """Seconds for one call, from several in a row."""
    start = time.perf_counter()
    for _ in range(calls):
        function()
    return (time.perf_counter() - start) / calls


# --- ps3: one training step for one sample -------------------------------------------------------------------------


def ps3() -> Iterator[Ratio]:
    """784-32-32-10 with biases, one sample, one step of plain gradient descent.

    Against PyTorch in two ways of writing it. Each side computes in its own usual precision: PyTorch in single, the
    reference in double, which is twice the memory to move.
    """
    names = reference("ps3")
    rng = np.random.default_rng(0)
    net = names["start_net"]((784, 32, 32, 10), rng)
    x, label, rate = rng.random(784), 3, 0.003
    y = names["one_hot"](np.array([label]), 10)[0]
    state = {"net": net}

    def step() -> None:
        state["net"] = names["training_step"](*state["net"], x, y, rate)

    for way, make in (("a module and its optimizer", torch_module), ("bare tensors", torch_tensors)):
        torch_step, torch_net = make(net, x, label, rate)
        state["net"] = net
        step(), torch_step()
        same(state["net"], torch_net())
        yield compare(f"ps3, a step: PyTorch ({way}) / reference", step, torch_step, asked=1.5, calls=300)


def torch_module(net: tuple, x: np.ndarray, label: int, rate: float) -> tuple[Callable, Callable]:
    """A step as tutorials write it, and a function that returns its parameters."""
    import torch
    from torch import nn

    model = nn.Sequential(
        nn.Linear(784, 32), nn.Sigmoid(), nn.Linear(32, 32), nn.Sigmoid(), nn.Linear(32, 10))
    with torch.no_grad():
        for parameter, array in zip(model.parameters(), net):
            parameter.copy_(torch.from_numpy(array))
    optimizer, loss = torch.optim.SGD(model.parameters(), lr=rate), nn.CrossEntropyLoss()
    inputs, target = torch.tensor(x, dtype=torch.float32), torch.tensor(label)

    def step() -> None:
        optimizer.zero_grad()
        loss(model(inputs), target).backward()
        optimizer.step()

    return step, lambda: [parameter.detach().numpy() for parameter in model.parameters()]


def torch_tensors(net: tuple, x: np.ndarray, label: int, rate: float) -> tuple[Callable, Callable]:
    """The same step with as little around it as PyTorch allows."""
    import torch
    from torch.nn import functional as F

    parameters = [torch.tensor(array, dtype=torch.float32, requires_grad=True) for array in net]
    W1, b1, W2, b2, W3, b3 = parameters
    inputs, target = torch.tensor(x, dtype=torch.float32), torch.tensor(label)

    def step() -> None:
        h = torch.sigmoid(F.linear(inputs, W1, b1))
        h = torch.sigmoid(F.linear(h, W2, b2))
        gradients = torch.autograd.grad(F.cross_entropy(F.linear(h, W3, b3), target), parameters)
        with torch.no_grad():
            torch._foreach_add_(parameters, gradients, alpha=-rate)

    return step, lambda: [parameter.detach().numpy() for parameter in parameters]


def same(ours: tuple, theirs: list) -> None:
    """Raises AssertionError unless both sides have come to the same net, to PyTorch's single precision."""
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(other, mine, rtol=1e-4, atol=1e-6)


# --- ps4: an epoch of minibatches of 20 -----------------------------------------------------------------------------


class Epoch(NamedTuple):
    """What one epoch needs; single precision throughout, which is PyTorch's own."""

    weights: list[np.ndarray]  # W1 (64, 784), b1 (64,), W2 (10, 64), b2 (10,)
    X: np.ndarray  # (784, N), a column is a sample, and lies in one piece in memory
    y: np.ndarray
    batches: list[np.ndarray]
    rate: float
    decay: float


def ps4() -> Iterator[Ratio]:
    """784-64-10, batches of 20, weight decay 0.001, on the training part of FashionMNIST (or of what replaces it).

    The matrices against the loops over samples and units that students write before, against a loop over the samples
    whose steps are vectors (for comparison: nothing is asked of it), and against PyTorch in two ways of writing it.
    """
    names = reference("ps4")
    epoch = clothing_epoch(names)

    def train(gradients: Callable, batches: list[np.ndarray]) -> tuple:
        lambdas = (0, epoch.decay, 0, epoch.decay)
        return names["train_epoch"](*epoch.weights, epoch.X, epoch.y, batches, epoch.rate, lambdas, gradients)

    matrices, few = names["matrix_gradients"], epoch.batches[:70]
    for way, loops, asked in (("loops over samples and units", names["loop_gradients"], 80),
                              ("a loop over samples", sample_by_sample(names), 0)):
        same(train(matrices, few[:3]), train(loops, few[:3]))
        yield compare(f"ps4, {len(few)} batches: {way} / matrices", lambda: train(matrices, few),
                      lambda loops=loops: train(loops, few), asked=asked, rounds=7, calls=10, other_calls=1)

    for way, make in (("a module and its optimizer", torch_epoch_module), ("bare tensors", torch_epoch_tensors)):
        torch_train, torch_net = make(epoch)
        torch_train(3)
        same(train(matrices, epoch.batches[:3]), torch_net())
        yield compare(f"ps4, epoch: PyTorch ({way}) / matrices", lambda: train(matrices, epoch.batches),
                      torch_train, asked=1.0, rounds=7, calls=max(1, 3000 // epoch.y.size))


def clothing_epoch(names: dict[str, Any]) -> Epoch:
    """Standardised images and one epoch's batches, made with the reference's own functions."""
    images = data.fashion_mnist(axis="columns", dtype=np.float32, quiet=True)
    parts = data.split(images.train_images, images.train_labels, axis="columns")
    X, y = np.asfortranarray(names["standardise"](*(part.inputs for part in parts))[0]), parts[0].labels
    weights = [part.astype(np.float32) for part in names["initial_weights"](784, 64, 10, 0)]
    return Epoch(weights, X, y, names["minibatches"](y.size, 20, 1, 0)[0], 0.02, 1e-3)


def sample_by_sample(names: dict[str, Any]) -> Callable:
    """The mean gradient of a minibatch with a loop over its samples and the steps of part 4."""

    def gradients(W1, b1, W2, b2, X, y, lambdas):
        sums = [np.zeros_like(part) for part in (W1, b1, W2, b2)]
        for x, label in zip(X.T, y):
            for total, part in zip(sums, names["step_by_step"](W1, b1, W2, b2, x, label, lambdas)):
                total += part
        return [total / len(y) for total in sums]

    return gradients


def torch_epoch_module(epoch: Epoch) -> tuple[Callable, Callable]:
    """An epoch (or its first batches) as tutorials write it, and a function that returns the parameters."""
    import torch
    from torch import nn

    model = nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
    with torch.no_grad():
        for parameter, array in zip(model.parameters(), epoch.weights):
            parameter.copy_(torch.from_numpy(array))
    groups = [{"params": [model[0].weight, model[2].weight], "weight_decay": 2 * epoch.decay},  # its decay is λ/2 · W²
              {"params": [model[0].bias, model[2].bias]}]
    optimizer, loss = torch.optim.SGD(groups, lr=epoch.rate), nn.CrossEntropyLoss()
    images, labels = torch.from_numpy(epoch.X.T), torch.from_numpy(epoch.y)
    batches = [torch.from_numpy(batch) for batch in epoch.batches]

    def train(count: int | None = None) -> None:
        for batch in batches[:count]:
            optimizer.zero_grad()
            loss(model(images[batch]), labels[batch]).backward()
            optimizer.step()

    return train, lambda: [parameter.detach().numpy() for parameter in model.parameters()]


def torch_epoch_tensors(epoch: Epoch) -> tuple[Callable, Callable]:
    """The same with as little around it as PyTorch allows."""
    import torch
    from torch.nn import functional as F

    parameters = W1, b1, W2, b2 = [torch.tensor(array, requires_grad=True) for array in epoch.weights]
    images, labels = torch.from_numpy(epoch.X.T), torch.from_numpy(epoch.y)
    batches = [torch.from_numpy(batch) for batch in epoch.batches]

    def train(count: int | None = None) -> None:
        for batch in batches[:count]:
            scores = F.linear(torch.relu(F.linear(images[batch], W1, b1)), W2, b2)
            gradients = torch.autograd.grad(F.cross_entropy(scores, labels[batch]), parameters)
            with torch.no_grad():
                torch._foreach_mul_([W1, W2], 1 - 2 * epoch.rate * epoch.decay)
                torch._foreach_add_(parameters, gradients, alpha=-epoch.rate)

    return train, lambda: [parameter.detach().numpy() for parameter in parameters]


# --- ps8 to ps11: what nets are built of ------------------------------------------------------------------------------


def autograd(loss: Callable[..., Any], arrays: dict[str, np.ndarray]) -> Callable[[], list[np.ndarray]]:
    """The gradients of `loss(**tensors)` with respect to all arrays, by PyTorch in double precision."""
    import torch

    tensors = {name: torch.tensor(array, requires_grad=True) for name, array in arrays.items()}
    return lambda: [g.numpy() for g in torch.autograd.grad(loss(**tensors), list(tensors.values()))]


def beside_torch(name: str, ours: Callable[[], Any], torchs: Callable[[], list], *, asked: float,
                 calls: int) -> Ratio:
    for mine, other in zip(ours(), torchs(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-8, atol=1e-10)
    return compare(f"{name}: PyTorch / reference", ours, torchs, asked=asked, calls=calls)


def ps8() -> Iterator[Ratio]:
    """The student's engine, node by node in Python, on problem set 4's net and a batch of 32; as autograd does it."""
    import torch
    from torch.nn import functional as F

    names, rng = reference("ps8"), np.random.default_rng(0)
    weights = dict(zip(("W1", "b1", "W2", "b2"), names["first_weights"](784, 64, 10)))
    X, y = rng.random((784, 32)), rng.integers(0, 10, 32)
    X_t, y_t = torch.tensor(X), torch.tensor(y)
    torchs = autograd(lambda W1, b1, W2, b2: F.cross_entropy(
        F.linear(torch.relu(F.linear(X_t.T, W1, b1)), W2, b2), y_t), weights)
    yield beside_torch("ps8, the engine on a batch of 32", lambda: names["net_gradients"](**weights, X=X, y=y), torchs,
                       asked=0.5, calls=50)


def ps9() -> Iterator[Ratio]:
    """Eight hidden tanh layers of 64 on a batch of 64; a batch norm's backward pass on (256, 128)."""
    import torch
    from torch.nn import functional as F

    names, rng = reference("ps9"), np.random.default_rng(0)
    X, y = rng.standard_normal((64, 64)), rng.integers(0, 10, 64)
    weights = {"W": rng.standard_normal((8, 64, 64)) / 8, "b": np.zeros((8, 64)),
               "V": rng.standard_normal((64, 10)) / 8}
    X_t, y_t = torch.tensor(X), torch.tensor(y)

    def loss(W: Any, b: Any, V: Any) -> Any:
        H = X_t
        for matrix, bias in zip(W, b):
            H = torch.tanh(torch.addmm(bias, H, matrix))
        return F.cross_entropy(H @ V, y_t)

    yield beside_torch("ps9, eight layers on a batch of 64", lambda: names["deep_gradients"](X, y, **weights),
                       autograd(loss, weights), asked=1.0, calls=50)
    arrays = {"X": rng.standard_normal((256, 128)), "gamma": rng.random(128), "beta": rng.random(128)}
    G = rng.standard_normal((256, 128))
    G_t = torch.tensor(G)
    torchs = autograd(lambda X, gamma, beta: torch.sum(
        G_t * F.batch_norm(X, None, None, gamma, beta, training=True, eps=1e-5)), arrays)
    yield beside_torch("ps9, a batch norm", lambda: names["batch_norm_vjp"](arrays["X"], arrays["gamma"], 1e-5, G),
                       torchs, asked=0.5, calls=100)


def ps10() -> Iterator[Ratio]:
    """A 3 by 3 convolution from 8 to 16 channels on 32 images of 14 by 14, forward and backward.

    PyTorch's is written in assembly for this very task: numpy cannot reach it, and nothing is asked for.
    """
    import torch
    from torch.nn import functional as F

    names, rng = reference("ps10"), np.random.default_rng(0)
    arrays = {"X": rng.standard_normal((32, 8, 14, 14)), "K": rng.standard_normal((16, 8, 3, 3)), "b": np.zeros(16)}
    G = rng.standard_normal((32, 16, 14, 14))
    G_t = torch.tensor(G)
    torchs = autograd(lambda X, K, b: torch.sum(G_t * F.conv2d(X, K, b, padding=1)), arrays)
    yield beside_torch("ps10, a convolution", lambda: names["conv2d_vjp"](arrays["X"], arrays["K"], 1, 1, G), torchs,
                       asked=0.0, calls=3)


def ps11() -> Iterator[Ratio]:
    """Back through 32 steps of a net that reads: 16 sequences, 24 numbers in, 64 in the state."""
    import torch

    names, rng = reference("ps11"), np.random.default_rng(0)
    arrays = {"X": rng.standard_normal((32, 16, 24)), "h0": np.zeros((16, 64)),
              "Wx": rng.standard_normal((24, 64)) / 5, "Wh": rng.standard_normal((64, 64)) / 8, "b": np.zeros(64)}
    G = rng.standard_normal((32, 16, 64))
    G_t = torch.tensor(G)

    def ours() -> Any:
        X, h0, Wx, Wh, b = arrays.values()
        H = [h0]
        for x in X:
            H.append(np.tanh(x @ Wx + H[-1] @ Wh + b))
        return names["through_time"](names["cell_backward"], G, X, np.array(H), Wx, Wh)

    def loss(X: Any, h0: Any, Wx: Any, Wh: Any, b: Any) -> Any:
        h, total = h0, 0
        for x, g in zip(X, G_t):
            h = torch.tanh(x @ Wx + h @ Wh + b)
            total = total + torch.sum(g * h)
        return total

    yield beside_torch("ps11, back through 32 steps", ours, autograd(loss, arrays), asked=1.0, calls=10)


PARTS = {"ps3": ps3, "ps4": ps4, "ps8": ps8, "ps9": ps9, "ps10": ps10, "ps11": ps11}  # each yields Ratios


def shown(time: float) -> str:
    """Twelve characters."""
    return f"{1e6 * time:9,.0f} µs" if time < 0.1 else f"{time:10.2f} s"


def main(chosen: list[str]) -> int:
    try:
        import torch
    except ImportError:
        print("PyTorch is missing.\nWhy: the ratios compare with it.\nWhat to do: pip install -e .[torch]")
        return 2
    unknown = [name for name in chosen if name not in PARTS]
    if unknown:
        print(f"No such part: {', '.join(unknown)}. There are: {', '.join(PARTS)}.")
        return 2
    torch.set_num_threads(1)
    enough = True
    print(f"{'':62}{'reference':>12}{'other':>12}{'ratio':>8}{'asked':>8}")
    with threadpool_limits(1):
        for name in chosen or PARTS:
            for r in PARTS[name]():
                remark = "" if r.ratio >= r.asked else "  too slow"
                print(f"{r.name:62}{shown(r.reference)}{shown(r.other)}{r.ratio:8.1f}{r.asked:8.1f}{remark}")
                enough &= r.ratio >= r.asked
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
