# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Problem set 7: the same net in PyTorch
#
# **What you will learn.** A framework takes the gradients for you. First you put yourself and the framework on trial:
# PyTorch's gradients against those that you take by hand, to the last digits. Then you build a larger net as a module,
# write the loops that train and evaluate it, and let it sort pieces of clothing. You meet the half-dozen mistakes
# that run without an error and give wrong numbers.
#
# **What you need.** Backpropagation by hand, as in problem set 4. And PyTorch: the second code cell says at once whether
# it is here. Without it the notebook still runs from top to bottom, but most of it stays silent.
#
# **How long it takes.** About five and a half hours. Solved, the notebook computes for about a minute; with `FULL = True`
# and all 60,000 images, for about two.
#
# **How it works.** You write functions and classes, and under each is a self-check. Do not rename anything. Some
# solution cells end with a finished function whose name begins with `try_`. Leave it as it is. It sends what you have
# written through a trial with plain arrays, and the self-check calls it.

# %%
FULL = False  # True: all images there are, with a progress bar
DOWNLOAD = False  # True: torchvision may fetch FashionMNIST (about 30 MB) if it is not here

import contextlib

import matplotlib.pyplot as plt
import numpy as np
from scipy import special
from tqdm import tqdm

from helpers import check, data, plots, threads

threads.limit(1)  # these matrices are small: several threads would only wait for each other
plt.rcParams["axes.prop_cycle"] = plt.cycler(color=plots.COLORS)  # colours that everyone can tell apart

# %% nbgrader={"grade_id": "torch-or-not", "locked": true}
HOW_TO_GET_TORCH = """PyTorch is not installed here, and this problem set needs it. What to do: in a terminal,
    python -m pip install torch==2.13.0 torchvision==0.28.0
then restart the kernel. Until then the cells below run, but most have nothing to show."""


class TorchMissing(NotImplementedError):
    """Something was asked of torch, and there is no torch."""


class NoTorch:
    """Stands for torch where it is not installed: classes can be written, all else says what is missing."""

    Module = Function = Tensor = object

    def __getattr__(self, name):
        if name in ("nn", "autograd"):
            return self
        raise TorchMissing("PyTorch is not installed: see the beginning of this notebook")


@contextlib.contextmanager
def with_torch():
    """Around a demonstration: says so where torch is missing."""
    try:
        yield
    except TorchMissing as missing:
        print(missing)


try:
    import torch
    from torch import nn

    print(f"PyTorch {torch.__version__} is here.")
except ImportError:
    torch = nn = NoTorch()
    print(HOW_TO_GET_TORCH)

# %% [markdown]
# # Part 1: your gradients on trial
#
# **In this problem set a row is a sample**, as everywhere in PyTorch. Weight matrices have the shape
# *(outputs, inputs)*: `nn.Linear` keeps them so, and so did problem set 4. Classes are integers, not one-hot.
#
# | symbol | shape | what it is |
# |---|---|---|
# | $N$, $D$, $H$, $K$ | | samples, inputs, hidden units, classes |
# | $X$, $y$ | $(N, D)$, $(N,)$ | inputs, one row for each sample; classes from 0 to $K - 1$ |
# | $W_1$, $b_1$ | $(H, D)$, $(H,)$ | hidden layer |
# | $W_2$, $b_2$ | $(K, H)$, $(K,)$ | output layer |
#
# The net of this part is that of problem set 4 without a penalty: one hidden ReLU layer, and for the loss softmax and
# cross-entropy, averaged over the samples.
#
# $$S = \mathrm{relu}(X W_1^\top + b_1)\, W_2^\top + b_2, \qquad
#   L = -\frac{1}{N} \sum_{n} \log \mathrm{softmax}(S_n)_{y_n}$$

# %% nbgrader={"grade_id": "the-net", "locked": true}
def hand_loss(W1, b1, W2, b2, X, y):
    """The loss of the net of part 1, in numpy: one number."""
    S = np.maximum(X @ W1.T + b1, 0) @ W2.T + b2
    return np.mean(special.logsumexp(S, axis=1) - S[np.arange(len(y)), y])


def random_net(rng, N, D, H, K, dtype=np.float64):
    """Weights, inputs and classes."""
    net = {"W1": rng.standard_normal((H, D)), "b1": rng.standard_normal(H),
           "W2": rng.standard_normal((K, H)), "b2": rng.standard_normal(K), "X": rng.standard_normal((N, D))}
    net = {name: array.astype(dtype) for name, array in net.items()}
    return net | {"y": rng.permutation(np.arange(N) % K), "case": f"N = {N}, D = {D}, H = {H}, K = {K}"}


def net_cases(rng):
    """Small nets in float64."""
    for sizes in ((5, 3, 4, 2), (4, 4, 4, 4), (7, 2, 6, 3)):
        yield random_net(rng, *sizes)


def both_precisions(rng):
    """Two nets of one size, in float64 and in float32."""
    for dtype in (np.float64, np.float32):
        net = random_net(rng, 8, 5, 12, 12, dtype)
        net["W1"], net["W2"] = net["W1"] / 2, net["W2"] / 2
        yield net | {"case": np.dtype(dtype).name}


def pair_cases(rng):
    """Pairs of arrays that differ, in different sizes, one pair a thousand times smaller: it counts, and comes last, or
    between others. Most entries are negative, the largest among them."""
    for number, shapes in enumerate((((3, 4), (3,)), ((2, 2), (5,)), ((4,), (2, 3)))):
        theirs = [-rng.uniform(0.5, 1, shapes[0]), -1e-3 * rng.uniform(0.5, 1, shapes[1])]
        for array in theirs:
            array.flat[-1] *= -0.4
        theirs[0].flat[2], theirs[1].flat[1] = 1e-9, -1e-3  # the largest, and ours is larger
        ours = [theirs[0] + rng.uniform(0, 0.01, shapes[0]), theirs[1] + rng.uniform(0, 1e-5, shapes[1])]
        ours[0].flat[0] -= rng.uniform(0.02, 0.03)
        ours[1].flat[1] -= rng.uniform(2e-3, 3e-3) if number == 0 else rng.uniform(1e-4, 2e-4)
        others = [-rng.uniform(0.5, 1, shape) for shape in ((3,), (2, 2))]
        first, last = ([other] * 2 for other in others)
        pairs = [[*zip(ours, theirs)], [first, *zip(ours, theirs), last], [first, *zip(ours[::-1], theirs[::-1])]][number]
        yield {"ours": [a for a, _ in pairs], "theirs": [b for _, b in pairs],
               "case": "shapes " + ", ".join(str(a.shape) for a, _ in pairs)}


# %% [markdown]
# ## 1.1 What autograd says
#
# *Afterwards a library gives you the gradients of any loss that you can write down.*
#
# A tensor is an array that can remember how it was made. Say `requires_grad=True` when you make the weights, compute the
# loss with torch's operations, and call `loss.backward()`. It makes the backward pass that you know and leaves the gradient of
# each weight in its `.grad`.
#
# - `torch.tensor(array)` copies a numpy array and keeps its dtype. `tensor.numpy()` goes back.
# - `nn.functional.cross_entropy(scores, classes)` is softmax, logarithm and mean over the samples **in one**. It wants the
#   scores as they are, $(N, K)$, and the classes as integers, $(N,)$.
# - `.grad` *adds up*: a second `backward` does not replace what is there.
#
# Shapes: numpy arrays as in the table $\to$ four numpy arrays in the shapes of $W_1$, $b_1$, $W_2$, $b_2$.

# %% nbgrader={"grade_id": "autograd-gradients", "solution": true}
def autograd_gradients(W1, b1, W2, b2, X, y):
    """The gradients of the loss of the net of part 1, by autograd.

    W1: (H, D), b1: (H,), W2: (K, H), b2: (K,), X: (N, D), y: (N,), integers; all numpy arrays.
    Returns dW1, db1, dW2, db2: numpy arrays in the shapes of the weights, in their dtype.
    """
    ### BEGIN SOLUTION
    weights = [torch.tensor(array, requires_grad=True) for array in (W1, b1, W2, b2)]
    X, y = torch.tensor(X), torch.tensor(y)

    W1, b1, W2, b2 = weights
    scores = torch.relu(X @ W1.T + b1) @ W2.T + b2
    loss = nn.functional.cross_entropy(scores, y)
    loss.backward()
    return tuple(w.grad.numpy() for w in weights)
    ### END SOLUTION

# %% nbgrader={"grade_id": "autograd-gradients-check", "grade": true, "points": 3}
check.values(autograd_gradients, at=net_cases, returns=("dW1", "db1", "dW2", "db2"), points=3)

# %% [markdown]
# A second check looks at the precision: from float64 weights come gradients with all sixteen digits. It uses a property of
# this loss. Whatever is added to all scores of a sample changes nothing, so the gradients of the output layer sum to 0
# over the classes, up to the last digits.

# %% nbgrader={"grade_id": "autograd-precision-cases", "locked": true}
def sums_to_zero(result, W1, b1, W2, b2, X, y):
    """The gradients of the output layer, summed over the classes, are 0 as exactly as the dtype can say."""
    digits = 1e-13 if W1.dtype == np.float64 else 1e-5
    return all(np.max(np.abs(np.sum(gradient, axis=0))) < digits * np.max(np.abs(gradient)) for gradient in result[2:])


def same_precision(result, W1, b1, W2, b2, X, y):
    """Gradients of a float32 net are float32, with no digits beyond."""
    return W1.dtype != np.float32 or all(np.array_equal(gradient, np.float32(gradient)) for gradient in result)


# %% nbgrader={"grade_id": "autograd-precision-check", "grade": true, "points": 1}
check.properties(autograd_gradients, at=both_precisions, points=1, exact_to_the_last_digits=sums_to_zero,
                 float32_from_float32_weights=same_precision)

# %% tags=["mistake"] question="autograd-gradients" says="The scores go through a softmax twice: cross_entropy has one inside, so it takes the scores as they are."
def autograd_gradients(W1, b1, W2, b2, X, y):
    W1, b1, W2, b2 = weights = [torch.tensor(array, requires_grad=True) for array in (W1, b1, W2, b2)]
    scores = torch.relu(torch.tensor(X) @ W1.T + b1) @ W2.T + b2
    nn.functional.cross_entropy(torch.softmax(scores, dim=1), torch.tensor(y)).backward()
    return tuple(w.grad.numpy() for w in weights)

# %% tags=["mistake"] question="autograd-gradients" says="Gradients add up in .grad: backward has gone through the same loss twice, and each gradient is twice as large."
def autograd_gradients(W1, b1, W2, b2, X, y):
    W1, b1, W2, b2 = weights = [torch.tensor(array, requires_grad=True) for array in (W1, b1, W2, b2)]
    scores = torch.relu(torch.tensor(X) @ W1.T + b1) @ W2.T + b2
    loss = nn.functional.cross_entropy(scores, torch.tensor(y))
    loss.backward(retain_graph=True)
    loss.backward()
    return tuple(w.grad.numpy() for w in weights)

# %% tags=["mistake"] question="autograd-gradients" says="The losses of the samples are summed here: the loss is their mean."
def autograd_gradients(W1, b1, W2, b2, X, y):
    W1, b1, W2, b2 = weights = [torch.tensor(array, requires_grad=True) for array in (W1, b1, W2, b2)]
    scores = torch.relu(torch.tensor(X) @ W1.T + b1) @ W2.T + b2
    nn.functional.cross_entropy(scores, torch.tensor(y), reduction="sum").backward()
    return tuple(w.grad.numpy() for w in weights)

# %% tags=["mistake"] question="autograd-gradients" says="The backward pass ends where the hidden layer was detached from what made it: nothing arrives at the first layer, and its .grad stays None."
def autograd_gradients(W1, b1, W2, b2, X, y):
    W1, b1, W2, b2 = weights = [torch.tensor(array, requires_grad=True) for array in (W1, b1, W2, b2)]
    hidden = torch.relu(torch.tensor(X) @ W1.T + b1).detach()
    nn.functional.cross_entropy(hidden @ W2.T + b2, torch.tensor(y)).backward()
    return tuple(w.grad.numpy() for w in weights)

# %% tags=["mistake"] question="autograd-gradients" says="The hidden layer has no ReLU: the gradients are right for a net that is only a linear map."
def autograd_gradients(W1, b1, W2, b2, X, y):
    W1, b1, W2, b2 = weights = [torch.tensor(array, requires_grad=True) for array in (W1, b1, W2, b2)]
    scores = (torch.tensor(X) @ W1.T + b1) @ W2.T + b2
    nn.functional.cross_entropy(scores, torch.tensor(y)).backward()
    return tuple(w.grad.numpy() for w in weights)

# %% tags=["mistake"] question="autograd-gradients" says="The arrays have been converted on the way in, so the gradients have another precision than the weights: torch.tensor keeps the dtype of an array."
def autograd_gradients(W1, b1, W2, b2, X, y):
    W1, b1, W2, b2 = weights = [torch.tensor(array).float().requires_grad_() for array in (W1, b1, W2, b2)]
    scores = torch.relu(torch.tensor(X).float() @ W1.T + b1) @ W2.T + b2
    nn.functional.cross_entropy(scores, torch.tensor(y)).backward()
    return tuple(w.grad.numpy() for w in weights)

# %% tags=["alternative"] question="autograd-gradients" name="torch.autograd.grad, the loss by hand"
def autograd_gradients(W1, b1, W2, b2, X, y):
    weights = [torch.from_numpy(array.copy()).requires_grad_() for array in (W1, b1, W2, b2)]
    hidden = (torch.from_numpy(X) @ weights[0].T + weights[1]).clamp(min=0)
    scores = hidden @ weights[2].T + weights[3]
    loss = (torch.logsumexp(scores, 1) - scores[range(len(y)), y]).mean()
    return [g.numpy() for g in torch.autograd.grad(loss, weights)]

# %% tags=["alternative"] question="autograd-gradients" name="with nn.Linear layers"
def autograd_gradients(W1, b1, W2, b2, X, y):
    net = nn.Sequential(nn.Linear(X.shape[1], len(b1)), nn.ReLU(), nn.Linear(len(b1), len(b2)))
    net.to(torch.tensor(X).dtype)
    with torch.no_grad():
        for parameter, array in zip(net.parameters(), (W1, b1, W2, b2)):
            parameter.copy_(torch.as_tensor(array))
    nn.CrossEntropyLoss()(net(torch.as_tensor(X)), torch.as_tensor(y)).backward()
    return tuple(parameter.grad.detach().cpu().numpy() for parameter in net.parameters())

# %% tags=["alternative"] question="autograd-gradients" name="torch.func.grad and nll_loss"
def autograd_gradients(W1, b1, W2, b2, X, y):
    X, y = torch.as_tensor(X), torch.as_tensor(y)

    def loss(W1, b1, W2, b2):
        hidden = nn.functional.relu(nn.functional.linear(X, W1, b1))
        scores = nn.functional.linear(hidden, W2, b2)
        return nn.functional.nll_loss(nn.functional.log_softmax(scores, dim=-1), y)

    slopes = torch.func.grad(loss, argnums=(0, 1, 2, 3))(*map(torch.as_tensor, (W1, b1, W2, b2)))
    return tuple(slope.numpy() for slope in slopes)

# %% [markdown]
# ## 1.2 How far two gradients are apart
#
# *Afterwards "they agree" is a number.*
#
# For each pair of arrays take the largest $\lvert a - b \rvert$ and divide it by the largest $\lvert b \rvert$ of the same
# array. Do not divide entry by entry: an entry that is nearly 0 carries the round-off of its large neighbours, and a
# quotient with it would mean nothing. Return the largest number of all pairs.
#
# Shapes: two lists of arrays, pairwise of the same shape $\to$ one number.

# %% nbgrader={"grade_id": "relative-difference", "solution": true}
def relative_difference(ours, theirs):
    """The largest difference of two lists of arrays, each in units of the largest entry of `theirs`.

    ours, theirs: lists of arrays, pairwise of the same shape. Returns one number.
    """
    ### BEGIN SOLUTION
    return max(np.max(np.abs(a - b)) / np.max(np.abs(b)) for a, b in zip(ours, theirs))
    ### END SOLUTION

# %% nbgrader={"grade_id": "relative-difference-check", "grade": true, "points": 2}
check.values(relative_difference, at=pair_cases, points=2)

# %% tags=["mistake"] question="relative-difference" says="Negative differences count as well: take absolute values before the maximum."
def relative_difference(ours, theirs):
    return max(np.max(a - b) / np.max(np.abs(b)) for a, b in zip(ours, theirs))

# %% tags=["mistake"] question="relative-difference" says="This is the difference itself: without the size of the gradient nobody can say whether it is large or small."
def relative_difference(ours, theirs):
    return max(np.max(np.abs(a - b)) for a, b in zip(ours, theirs))

# %% tags=["mistake"] question="relative-difference" says="An average hides a single wrong entry among many right ones: take the largest difference."
def relative_difference(ours, theirs):
    return max(np.mean(np.abs(a - b)) / np.max(np.abs(b)) for a, b in zip(ours, theirs))

# %% tags=["mistake"] question="relative-difference" says="Every entry has been divided by itself: at an entry that is nearly 0 round-off looks like a huge error. Divide by the largest entry of the array."
def relative_difference(ours, theirs):
    return max(np.max(np.abs(a - b) / np.abs(b)) for a, b in zip(ours, theirs))

# %% tags=["mistake"] question="relative-difference" says="All arrays have been measured by the largest entry of any: each array has a size of its own, and a small one can be all wrong unnoticed."
def relative_difference(ours, theirs):
    return max(np.max(np.abs(a - b)) for a, b in zip(ours, theirs)) / max(np.max(np.abs(b)) for b in theirs)

# %% tags=["mistake"] question="relative-difference" says="The largest entry of theirs has been looked for with its sign: the largest in size may be negative, and then this divides by a smaller one."
def relative_difference(ours, theirs):
    return max(np.max(np.abs(a - b)) / np.max(b) for a, b in zip(ours, theirs))

# %% tags=["mistake"] question="relative-difference" says="Only the last pair counts here: the result is the largest of all pairs."
def relative_difference(ours, theirs):
    for a, b in zip(ours, theirs):
        worst = np.max(np.abs(a - b)) / np.max(np.abs(b))
    return worst

# %% tags=["alternative"] question="relative-difference" name="with norms of flat arrays"
def relative_difference(ours, theirs):
    worst = 0.0
    for a, b in zip(ours, theirs):
        a, b = np.ravel(a), np.ravel(b)
        worst = max(worst, np.linalg.norm(a - b, np.inf) / np.linalg.norm(b, np.inf))
    return float(worst)

# %% tags=["alternative"] question="relative-difference" name="sorted"
def relative_difference(ours, theirs):
    shares = [(abs(a - b) / abs(b).max()).ravel() for a, b in zip(ours, theirs)]
    return np.sort(np.concatenate(shares))[-1]

# %% [markdown]
# ## 1.3 What you say
#
# *Afterwards your own backward pass stands here, and autograd has confirmed it.*
#
# Write the same four gradients in numpy, by hand. If you have them from problem set 4, use them: without a penalty (all
# $\lambda$ zero), and mind that a column was a sample there. So give that code `X.T`, or turn its products around.
#
# Compute in the dtype that comes in. `np.eye(K)`, for instance, is float64 and would turn a float32 net into
# float64.
#
# There are two checks. The first is the usual one, with finite differences. The second holds your
# gradients against autograd's: equal to $10^{-12}$ in float64, where finite differences could never tell, and to $10^{-6}$
# in float32. In your notebook it calls your function from 1.1.
#
# Shapes: as in 1.1.

# %% nbgrader={"grade_id": "hand-gradients", "solution": true}
def hand_gradients(W1, b1, W2, b2, X, y):
    """The gradients of the loss of the net of part 1, by hand.

    W1: (H, D), b1: (H,), W2: (K, H), b2: (K,), X: (N, D), y: (N,), integers.
    Returns dW1, db1, dW2, db2, in the shapes of the weights.
    """
    ### BEGIN SOLUTION
    N = len(y)
    A = np.maximum(X @ W1.T + b1, 0)  # (N, H)
    dS = special.softmax(A @ W2.T + b2, axis=1)  # (N, K), probabilities so far
    dS[np.arange(N), y] -= 1
    dS /= N
    dZ = (dS @ W2) * (A > 0)  # (N, H)
    return dZ.T @ X, dZ.sum(axis=0), dS.T @ A, dS.sum(axis=0)
    ### END SOLUTION

# %% nbgrader={"grade_id": "autograd-as-witness", "locked": true}
def apart_from_autograd(result, W1, b1, W2, b2, X, y):
    """The largest relative difference of four gradients to those of autograd."""
    pairs = zip(result, autograd_gradients(W1, b1, W2, b2, X, y))
    return max(np.max(np.abs(a - b)) / np.max(np.abs(b)) for a, b in pairs)


def agrees_in_float64(result, *case):
    """Equal to 1e-12; cases in float32 are no business of this one."""
    return case[0].dtype != np.float64 or apart_from_autograd(result, *case) < 1e-12


def agrees_in_float32(result, *case):
    """Equal to 1e-6; cases in float64 are no business of this one."""
    return case[0].dtype != np.float32 or apart_from_autograd(result, *case) < 1e-6


# %% nbgrader={"grade_id": "hand-gradients-check", "grade": true, "points": 4}
check.gradients(hand_gradients, of=hand_loss, wrt=("W1", "b1", "W2", "b2"), at=net_cases, points=4)

# %% nbgrader={"grade_id": "hand-gradients-witness-check", "grade": true, "points": 2}
check.properties(hand_gradients, at=both_precisions, points=2, equal_in_float64=agrees_in_float64,
                 equal_in_float32=agrees_in_float32)

# %% tags=["mistake"] question="hand-gradients" says="The loss is a mean over the samples: all four gradients lack the division by N."
def hand_gradients(W1, b1, W2, b2, X, y):
    A = np.maximum(X @ W1.T + b1, 0)
    dS = special.softmax(A @ W2.T + b2, axis=1)
    dS[np.arange(len(y)), y] -= 1
    dZ = (dS @ W2) * (A > 0)
    return dZ.T @ X, dZ.sum(axis=0), dS.T @ A, dS.sum(axis=0)

# %% tags=["mistake"] question="hand-gradients" says="In the backward pass to the first layer the ReLU is missing: nothing passes through a unit that was off."
def hand_gradients(W1, b1, W2, b2, X, y):
    N = len(y)
    A = np.maximum(X @ W1.T + b1, 0)
    dS = special.softmax(A @ W2.T + b2, axis=1)
    dS[np.arange(N), y] -= 1
    dS /= N
    dZ = dS @ W2
    return dZ.T @ X, dZ.sum(axis=0), dS.T @ A, dS.sum(axis=0)

# %% tags=["mistake"] question="hand-gradients" says="The mean over the samples has been taken twice for both biases: after 1/N in the scores, what is left is a sum."
def hand_gradients(W1, b1, W2, b2, X, y):
    N = len(y)
    A = np.maximum(X @ W1.T + b1, 0)
    dS = special.softmax(A @ W2.T + b2, axis=1)
    dS[np.arange(N), y] -= 1
    dS /= N
    dZ = (dS @ W2) * (A > 0)
    return dZ.T @ X, dZ.mean(axis=0), dS.T @ A, dS.mean(axis=0)

# %% tags=["mistake"] question="hand-gradients" says="The 1 of the true class has never been taken off: what goes back is belief minus truth, not the probabilities alone."
def hand_gradients(W1, b1, W2, b2, X, y):
    A = np.maximum(X @ W1.T + b1, 0)
    dS = special.softmax(A @ W2.T + b2, axis=1) / len(y)
    dZ = (dS @ W2) * (A > 0)
    return dZ.T @ X, dZ.sum(axis=0), dS.T @ A, dS.sum(axis=0)

# %% tags=["mistake"] question="hand-gradients" says="The formulas are right and the arithmetic is not: everything has been rounded to float32, so float64 inputs are answered with seven digits."
def hand_gradients(W1, b1, W2, b2, X, y):
    N = len(y)
    W1, b1, W2, b2, X = (array.astype(np.float32) for array in (W1, b1, W2, b2, X))
    A = np.maximum(X @ W1.T + b1, 0)
    dS = special.softmax(A @ W2.T + b2, axis=1)
    dS[np.arange(N), y] -= 1
    dS /= N
    dZ = (dS @ W2) * (A > 0)
    return dZ.T @ X, dZ.sum(axis=0), dS.T @ A, dS.sum(axis=0)

# %% tags=["mistake"] question="hand-gradients" says="The softmax runs over the samples here: each sample has probabilities of its own, along its row."
def hand_gradients(W1, b1, W2, b2, X, y):
    N = len(y)
    A = np.maximum(X @ W1.T + b1, 0)
    dS = special.softmax(A @ W2.T + b2, axis=0)
    dS[np.arange(N), y] -= 1
    dS /= N
    dZ = (dS @ W2) * (A > 0)
    return dZ.T @ X, dZ.sum(axis=0), dS.T @ A, dS.sum(axis=0)

# %% tags=["alternative"] question="hand-gradients" name="in columns, as in problem set 4"
def hand_gradients(W1, b1, W2, b2, X, y):
    X, N = X.T, len(y)
    H_a = W1 @ X + b1[:, np.newaxis]
    H_s = np.maximum(H_a, 0)
    O_a = W2 @ H_s + b2[:, np.newaxis]
    E = np.exp(O_a - O_a.max(axis=0))
    D_oa = E / E.sum(axis=0)
    D_oa[y, np.arange(N)] -= 1
    D_oa /= N
    D_ha = (W2.T @ D_oa) * (H_a > 0)
    return D_ha @ X.T, D_ha.sum(axis=1), D_oa @ H_s.T, D_oa.sum(axis=1)

# %% tags=["alternative"] question="hand-gradients" name="sample by sample"
def hand_gradients(W1, b1, W2, b2, X, y):
    dW1, db1, dW2, db2 = (np.zeros_like(w) for w in (W1, b1, W2, b2))
    for x, k in zip(X, y):
        a = np.maximum(W1 @ x + b1, 0)
        d = special.softmax(W2 @ a + b2)
        d[k] -= 1
        back = (W2.T @ d) * (a > 0)
        dW1 += np.outer(back, x) / len(y)
        db1 += back / len(y)
        dW2 += np.outer(d, a) / len(y)
        db2 += d / len(y)
    return [dW1, db1, dW2, db2]

# %% tags=["alternative"] question="hand-gradients" name="one-hot and einsum, in float64 throughout"
def hand_gradients(W1, b1, W2, b2, X, y):
    T = np.eye(len(b2))[y]
    Z = np.einsum("nd,hd->nh", X, W1) + b1
    A = Z * (Z > 0)
    D = (special.softmax(np.einsum("nh,kh->nk", A, W2) + b2, axis=1) - T) / len(T)
    B = np.einsum("nk,kh->nh", D, W2) * (Z > 0)
    return np.einsum("nh,nd->hd", B, X), B.sum(0), np.einsum("nk,nh->kh", D, A), D.sum(0)

# %% [markdown]
# ## 1.4 Your backward inside autograd
#
# *Afterwards PyTorch calls your gradients where its own would be.*
#
# `torch.autograd.Function` is the door for operations that PyTorch does not know. You write two methods:
#
# - `forward(ctx, ...)` gets the tensors and returns the result. What the backward pass will need is put into `ctx`.
# - `backward(ctx, upstream)` gets $\partial(\text{what is differentiated}) / \partial(\text{your result})$, which is 1 only
#   if your result is the end of the chain. It returns **one gradient for each argument of `forward`**, in their order,
#   and `None` for arguments that have none.
#
# Here the operation is the whole loss. `forward` computes it with `hand_loss`, and `backward` hands on what the function
# `gradients` says, times `upstream`. That function is an argument, so this question does not depend on the last. You
# will pass `hand_gradients`; the check passes a function of its own, with other values. Both take numpy arrays.
#
# Keep nothing on the class or in a global variable: another `forward` may come before your `backward`. A tensor that
# requires a gradient needs `.detach()` before `.numpy()`.
#
# `torch.autograd.gradcheck` measures finite differences of a Function, as the self-checks do, and compares. It needs
# float64, so do not convert.
#
# Shapes: as in 1.1; the result is a tensor without an axis, `torch.tensor(number)`, in the dtype of the weights.

# %% nbgrader={"grade_id": "trial-of-a-function", "locked": true}
def measured_gradients(W1, b1, W2, b2, X, y):
    """The gradients of hand_loss by central differences: slow, and good to about nine digits."""
    arrays, slopes = [W1, b1, W2, b2], []
    for place, array in enumerate(arrays):
        slope = np.zeros_like(array)
        for i in np.ndindex(array.shape):
            ends = []
            for step in (1e-5, -1e-5):
                moved = [a.copy() for a in arrays]
                moved[place][i] += step
                ends.append(hand_loss(*moved, X, y))
            slope[i] = (ends[0] - ends[1]) / 2e-5
        slopes.append(slope)
    return tuple(slopes)


def trial_of_function(function, W1, b1, W2, b2, X, y, scale):
    """A torch.autograd.Function at work, `scale` times its result being differentiated, with a function for the gradients
    that says three times what is right.

    Returns the result, four gradients, what gradcheck says (with the right gradients), and the dtype of the result in
    float32.
    """
    weights = [torch.tensor(array, requires_grad=True) for array in (W1, b1, W2, b2)]
    given = torch.tensor(X), torch.tensor(y), measured_gradients
    loss = function.apply(*weights, *given[:2], lambda *arrays: tuple(3 * slope for slope in measured_gradients(*arrays)))
    other = function.apply(*[2 * w.detach() for w in weights], *given)  # another one comes in between
    (scale * loss + 0 * other).backward()
    passed = torch.autograd.gradcheck(lambda *w: function.apply(*w, *given), weights, raise_exception=False)
    single = function.apply(*[w.detach().float() for w in weights], given[0].float(), *given[1:])
    return float(loss.detach()), *(w.grad.numpy() for w in weights), bool(passed), str(single.dtype)


def function_cases(rng):
    """Small nets, and a factor by which the loss is multiplied afterwards."""
    for sizes, scale in (((4, 3, 2, 3), 2.5), ((3, 2, 3, 2), -0.5)):
        net = random_net(rng, *sizes)
        yield net | {"scale": scale, "case": f"{net['case']}, {scale} times the loss"}


# %% nbgrader={"grade_id": "hand-loss", "solution": true}
class HandLoss(torch.autograd.Function):
    """The loss of the net of part 1 as one operation, with a backward of our own."""

    @staticmethod
    def forward(ctx, W1, b1, W2, b2, X, y, gradients):
        """The loss: a tensor without an axis.

        W1: (H, D), b1: (H,), W2: (K, H), b2: (K,), X: (N, D), y: (N,), tensors;
        gradients: a function like hand_gradients, of numpy arrays.
        """
        ### BEGIN SOLUTION
        arrays = [tensor.detach().numpy() for tensor in (W1, b1, W2, b2, X, y)]
        ctx.arrays, ctx.gradients = arrays, gradients
        return torch.tensor(hand_loss(*arrays), dtype=W1.dtype)
        ### END SOLUTION

    @staticmethod
    def backward(ctx, upstream):
        """One gradient for each argument of forward; None for X, y and gradients."""
        ### BEGIN SOLUTION
        slopes = ctx.gradients(*ctx.arrays)
        return *(upstream * torch.from_numpy(slope) for slope in slopes), None, None, None
        ### END SOLUTION


def try_hand_loss(W1, b1, W2, b2, X, y, scale):
    return trial_of_function(HandLoss, W1, b1, W2, b2, X, y, scale)

# %% nbgrader={"grade_id": "hand-loss-check", "grade": true, "points": 4}
check.values(try_hand_loss, at=function_cases, returns=("loss", "dW1", "db1", "dW2", "db2", "gradcheck", "dtype in float32"),
             points=4)

# %% tags=["mistake"] question="hand-loss" says="The upstream gradient has been left out: backward multiplies its gradients by it, or they are right only where the loss is the very end."
class HandLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx, W1, b1, W2, b2, X, y, gradients):
        ctx.arrays = [tensor.detach().numpy() for tensor in (W1, b1, W2, b2, X, y)]
        ctx.gradients = gradients
        return torch.tensor(hand_loss(*ctx.arrays))

    @staticmethod
    def backward(ctx, upstream):
        return *(torch.from_numpy(slope) for slope in ctx.gradients(*ctx.arrays)), None, None, None


def try_hand_loss(W1, b1, W2, b2, X, y, scale):
    return trial_of_function(HandLoss, W1, b1, W2, b2, X, y, scale)

# %% tags=["mistake"] question="hand-loss" says="What the backward pass needs was kept on the class, where the next forward overwrites it: ctx belongs to one call alone."
class HandLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx, W1, b1, W2, b2, X, y, gradients):
        HandLoss.arrays = [tensor.detach().numpy() for tensor in (W1, b1, W2, b2, X, y)]
        HandLoss.gradients = staticmethod(gradients)
        return torch.tensor(hand_loss(*HandLoss.arrays))

    @staticmethod
    def backward(ctx, upstream):
        slopes = HandLoss.gradients(*HandLoss.arrays)
        return *(upstream * torch.from_numpy(slope) for slope in slopes), None, None, None


def try_hand_loss(W1, b1, W2, b2, X, y, scale):
    return trial_of_function(HandLoss, W1, b1, W2, b2, X, y, scale)

# %% tags=["mistake"] question="hand-loss" says="backward returns one entry for each argument of forward: the three without a gradient need a None in their places."
class HandLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx, W1, b1, W2, b2, X, y, gradients):
        ctx.arrays = [tensor.detach().numpy() for tensor in (W1, b1, W2, b2, X, y)]
        ctx.gradients = gradients
        return torch.tensor(hand_loss(*ctx.arrays))

    @staticmethod
    def backward(ctx, upstream):
        return tuple(upstream * torch.from_numpy(slope) for slope in ctx.gradients(*ctx.arrays))


def try_hand_loss(W1, b1, W2, b2, X, y, scale):
    return trial_of_function(HandLoss, W1, b1, W2, b2, X, y, scale)

# %% tags=["mistake"] question="hand-loss" says="The loss has been rounded to float32 on its way out: gradcheck measures with steps of a millionth, and in seven digits it sees only noise."
class HandLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx, W1, b1, W2, b2, X, y, gradients):
        ctx.arrays = [tensor.detach().numpy() for tensor in (W1, b1, W2, b2, X, y)]
        ctx.gradients = gradients
        return torch.tensor(np.float32(hand_loss(*ctx.arrays))).double()

    @staticmethod
    def backward(ctx, upstream):
        slopes = ctx.gradients(*ctx.arrays)
        return *(upstream * torch.from_numpy(slope) for slope in slopes), None, None, None


def try_hand_loss(W1, b1, W2, b2, X, y, scale):
    return trial_of_function(HandLoss, W1, b1, W2, b2, X, y, scale)

# %% tags=["mistake"] question="hand-loss" says="The gradients have been divided by N once more: the function that gives them has done so already."
class HandLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx, W1, b1, W2, b2, X, y, gradients):
        ctx.arrays = [tensor.detach().numpy() for tensor in (W1, b1, W2, b2, X, y)]
        ctx.gradients = gradients
        return torch.tensor(hand_loss(*ctx.arrays))

    @staticmethod
    def backward(ctx, upstream):
        slopes = ctx.gradients(*ctx.arrays)
        return *(upstream * torch.from_numpy(slope) / len(ctx.arrays[5]) for slope in slopes), None, None, None


def try_hand_loss(W1, b1, W2, b2, X, y, scale):
    return trial_of_function(HandLoss, W1, b1, W2, b2, X, y, scale)

# %% tags=["mistake"] question="hand-loss" says="backward calls hand_gradients by its name: what the function says that is passed is never asked for, so a slip in 1.3 is one here as well."
class HandLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx, W1, b1, W2, b2, X, y, gradients):
        ctx.arrays = [tensor.detach().numpy() for tensor in (W1, b1, W2, b2, X, y)]
        return torch.tensor(hand_loss(*ctx.arrays), dtype=W1.dtype)

    @staticmethod
    def backward(ctx, upstream):
        return *(upstream * torch.from_numpy(slope) for slope in hand_gradients(*ctx.arrays)), None, None, None


def try_hand_loss(W1, b1, W2, b2, X, y, scale):
    return trial_of_function(HandLoss, W1, b1, W2, b2, X, y, scale)

# %% tags=["mistake"] question="hand-loss" says="The loss comes out as float64 whatever the weights are: it has to have their dtype."
class HandLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx, W1, b1, W2, b2, X, y, gradients):
        ctx.arrays = [tensor.detach().numpy() for tensor in (W1, b1, W2, b2, X, y)]
        ctx.gradients = gradients
        return torch.tensor(hand_loss(*ctx.arrays), dtype=torch.float64)

    @staticmethod
    def backward(ctx, upstream):
        return *(upstream * torch.from_numpy(slope) for slope in ctx.gradients(*ctx.arrays)), None, None, None


def try_hand_loss(W1, b1, W2, b2, X, y, scale):
    return trial_of_function(HandLoss, W1, b1, W2, b2, X, y, scale)

# %% tags=["alternative"] question="hand-loss" name="gradients taken in forward, kept with save_for_backward"
class HandLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx, W1, b1, W2, b2, X, y, gradients):
        arrays = [tensor.detach().cpu().numpy() for tensor in (W1, b1, W2, b2, X, y)]
        ctx.save_for_backward(*[torch.as_tensor(slope) for slope in gradients(*arrays)])
        return W1.new_tensor(hand_loss(*arrays))

    @staticmethod
    def backward(ctx, upstream):
        return (*[slope * upstream for slope in ctx.saved_tensors], None, None, None)


def try_hand_loss(W1, b1, W2, b2, X, y, scale):
    return trial_of_function(HandLoss, W1, b1, W2, b2, X, y, scale)

# %% tags=["alternative"] question="hand-loss" name="forward and setup_context apart"
class HandLoss(torch.autograd.Function):
    @staticmethod
    def forward(W1, b1, W2, b2, X, y, gradients):
        return torch.tensor(hand_loss(*[tensor.detach().numpy() for tensor in (W1, b1, W2, b2, X, y)]))

    @staticmethod
    def setup_context(ctx, inputs, output):
        *tensors, ctx.gradients = inputs
        ctx.save_for_backward(*tensors)

    @staticmethod
    def backward(ctx, upstream):
        arrays = [tensor.detach().numpy() for tensor in ctx.saved_tensors]
        result = [torch.tensor(upstream.item() * slope) for slope in ctx.gradients(*arrays)]
        return tuple(result + [None] * 3)


def try_hand_loss(W1, b1, W2, b2, X, y, scale):
    return trial_of_function(HandLoss, W1, b1, W2, b2, X, y, scale)

# %% [markdown]
# ### The verdict
#
# A net as large as that of problem set 4, 784–64–10, on 100 random images. First your gradients beside autograd's, in both
# precisions. Then through your Function, where autograd calls `hand_gradients` itself. The last line holds finite
# differences against autograd. If you have a gradient checker of your own, from problem set 4, paste its
# `finite_differences` in place of the next line.

# %%
finite_differences = None  # yours of problem set 4; with None, `measured_gradients` does it

# %% tags=["experiment"]
def measured_by(differences, arrays):
    """The four gradients by a function like the one of problem set 4, or by `measured_gradients`."""
    if differences is None:
        return measured_gradients(*arrays)
    return [differences(lambda W, place=place: hand_loss(*arrays[:place], W, *arrays[place + 1:]), arrays[place], 1e-5)
            for place in range(4)]


def verdict_on_hand_gradients():
    """Print how far the hand-made gradients are from autograd's, directly and through HandLoss."""
    rng = np.random.default_rng(0)
    for dtype, bound in ((np.float64, 1e-12), (np.float32, 1e-6)):
        net = random_net(rng, 100, 784, 64, 10, dtype)
        net["W1"], net["W2"] = net["W1"] / 28, net["W2"] / 8
        arrays = [net[name] for name in ("W1", "b1", "W2", "b2", "X", "y")]
        theirs = autograd_gradients(*arrays)
        directly = relative_difference(hand_gradients(*arrays), theirs)
        print(f"{np.dtype(dtype).name}: hand and autograd are {directly:.0e} apart"
              f" ({'below' if directly < bound else 'NOT below'} {bound:.0e})")
        weights = [torch.tensor(array, requires_grad=True) for array in arrays[:4]]
        HandLoss.apply(*weights, torch.tensor(net["X"]), torch.tensor(net["y"]), hand_gradients).backward()
        through = relative_difference([w.grad.numpy() for w in weights], theirs)
        print(f"{np.dtype(dtype).name}: through HandLoss {through:.0e}")
    small = random_net(rng, 6, 4, 5, 3)
    weights = [torch.tensor(small[name], requires_grad=True) for name in ("W1", "b1", "W2", "b2")]
    given = torch.tensor(small["X"]), torch.tensor(small["y"]), hand_gradients
    print("gradcheck of HandLoss with hand_gradients:",
          torch.autograd.gradcheck(lambda *w: HandLoss.apply(*w, *given), weights))
    arrays = [small[name] for name in ("W1", "b1", "W2", "b2", "X", "y")]
    apart = relative_difference(measured_by(finite_differences, arrays), autograd_gradients(*arrays))
    print(f"finite differences and autograd are {apart:.0e} apart, in float64")


with check.once_written(), with_torch():
    verdict_on_hand_gradients()

# %% [markdown]
# ## 1.5 What has been proved?
#
# Your gradients and autograd's agree to about $10^{-15}$ in float64 and $10^{-7}$ in float32. Answer in a few sentences:
# Why is the one number so much smaller than the other, and why is neither 0? Why is $10^{-12}$ out of reach for finite
# differences? And name a mistake in a training program that would *not* show up here, however well the two agree.

# %% [markdown] nbgrader={"grade_id": "what-is-proved", "grade": true, "solution": true, "points": 3}
# ### BEGIN SOLUTION
# **Model answer.** float64 carries about 16 digits and float32 about 7, so the last digit of the largest entries lies
# near $10^{-16}$ and $10^{-7}$. The difference is not 0 because the two programs add in different orders, and rounded
# sums depend on the order. Finite differences subtract two losses that are almost equal and divide by a small step. The
# digits that cancel are lost. A larger step loses fewer digits, but then the curvature of the loss counts. The best
# compromise leaves about ten right digits. The agreement shows that both programs take the
# gradient of the *same function*. It does not show that this is the function that we want: a softmax applied
# twice in both, a forgotten layer, wrong labels, test images used for training, a step with the wrong sign, gradients
# that are never zeroed: nothing of that is in a gradient at one point.
#
# **Mark scheme, 3 points.**
#
# - 1 point: precision of the number formats, and round-off in a different order (both, in any words).
# - 1 point: finite differences: cancellation against curvature. Half a point for one of the two.
# - 1 point: any mistake that is not one of differentiating. "A wrong loss that is wrong in both" and every mistake in the
#   loop around the gradient earn it.
# ### END SOLUTION

# %% [markdown]
# # Part 2: a net and its loops
#
# From here on PyTorch takes the gradients. What is left to you is what no framework checks: that the right things are
# computed, in the right mode, on the right data. Most mistakes of this part raise no error.

# %% nbgrader={"grade_id": "the-trials", "locked": true}
# What the try_ functions use: small nets in float64, plain arrays in, plain arrays and numbers out.

def trial_of_module(net, weights, X):
    """Scores of a module with given weights, how many weights it has, and how many a gradient reaches from the scores.

    weights: arrays of different shapes; each goes to the parameter of its shape. If that does not work out, the
    scores are an empty array.
    """
    net, wanted = net.double(), {array.shape: array for array in weights}
    parameters = list(net.parameters())
    count = sum(parameter.numel() for parameter in parameters)
    if sorted(tuple(parameter.shape) for parameter in parameters) != sorted(wanted):
        return np.zeros(0), count, 0
    with torch.no_grad():
        for parameter in parameters:
            parameter.copy_(torch.tensor(wanted[tuple(parameter.shape)]))
    scores = net(torch.tensor(X))
    if scores.requires_grad:
        scores.sum().backward()
    return scores.detach().numpy(), count, sum(parameter.numel() for parameter in parameters if parameter.grad is not None)


def trial_net(W1, W2, b2):
    """A net with a layer that behaves differently in training and in evaluation: batch normalisation."""
    net = nn.Sequential(nn.Linear(W1.shape[1], len(W1), bias=False), nn.BatchNorm1d(len(W1)), nn.ReLU(),
                        nn.Linear(len(W1), len(W2))).double()
    with torch.no_grad():
        for parameter, array in zip((net[0].weight, net[3].weight, net[3].bias), (W1, W2, b2)):
            parameter.copy_(torch.tensor(array))
        net[1].running_mean.fill_(0.3)
        net[1].running_var.fill_(2.0)
    return net


class PlainSteps:
    """Gradient descent for the trials; it has what an optimiser of torch.optim has, and loads none of their code."""

    def __init__(self, parameters, rate):
        self.parameters, self.rate = list(parameters), rate
        self.param_groups = [{"params": self.parameters, "lr": rate}]

    def zero_grad(self, set_to_none=True):
        for parameter in self.parameters:
            parameter.grad = None if set_to_none or parameter.grad is None else torch.zeros_like(parameter)

    def step(self, closure=None):
        with torch.no_grad():
            for parameter in self.parameters:
                if parameter.grad is not None:
                    parameter -= self.rate * parameter.grad


class Elsewhere(torch.Tensor):
    """A tensor that has not been moved to the device of the net yet; `.to(device)` makes a usual one of it."""

    def to(self, *where, **how):
        return super().to(*where, **how).as_subclass(torch.Tensor)


def all_moved(net):
    """A list that grows by a bool for each call of the net: whether its inputs have been moved to the device."""
    moved = []
    net.register_forward_pre_hook(lambda module, given: moved.append(not isinstance(given[0], Elsewhere)))
    return moved


class Batches(list):
    """Batches that know how many samples there are, as those of a DataLoader do: `len(batches.dataset)`."""

    dataset = ()


def in_batches(X, y, batch_size):
    """A list of pairs of tensors; the last pair may be smaller."""
    batches = Batches((torch.tensor(X[i:i + batch_size]).as_subclass(Elsewhere), torch.tensor(y[i:i + batch_size]))
                      for i in range(0, len(y), batch_size))
    batches.dataset = list(zip(X, y))
    return batches


def and_recording(work, *given):
    """What `work` returns, and whether PyTorch still records gradients after it. From here on it does in any case."""
    try:
        return work(*given), torch.is_grad_enabled()
    finally:
        torch.set_grad_enabled(True)


def trial_of_training(train_epoch, W1, W2, b2, X, y, batch_size, rate):
    """Two epochs: the loss of the second, the weights after it, whether the loss still holds on to a graph, and whether all
    inputs were moved to the device."""
    net = trial_net(W1, W2, b2).eval()
    moved = all_moved(net)
    optimiser = PlainSteps(net.parameters(), rate)
    batches = in_batches(X, y, batch_size)
    for _ in range(2):
        loss = train_epoch(net, batches, optimiser, "cpu")
        graph = torch.is_tensor(loss) and loss.requires_grad
        net.eval()
    after = [parameter.detach().numpy().copy() for parameter in (net[0].weight, net[3].weight, net[3].bias)]
    return float(loss), *after, bool(graph), all(moved)


def trial_of_evaluation(evaluate, W1, W2, b2, X, y, batch_size):
    """Loss and accuracy, whether a graph was built while they were computed, whether one could be built after it, and
    whether all inputs were moved to the device."""
    net, graphs = trial_net(W1, W2, b2).train(), []
    moved = all_moved(net)
    net.register_forward_hook(lambda module, given, output: graphs.append(output.requires_grad))
    (loss, accuracy), recording = and_recording(evaluate, net, in_batches(X, y, batch_size), "cpu")
    recording = recording and all(parameter.requires_grad for parameter in net.parameters())
    return float(loss), float(accuracy), any(graphs), recording, all(moved)


def trial_of_prediction(predict, W1, W2, b2, X):
    """Predicted classes and confidences, whether the classes are whole numbers, whether gradients are still recorded
    afterwards, and whether all inputs were moved to the device."""
    net = trial_net(W1, W2, b2).train()
    moved, given = all_moved(net), torch.tensor(X).as_subclass(Elsewhere)
    (labels, confidences), recording = and_recording(predict, net, given, "cpu")
    labels = np.asarray(labels)
    return labels, np.asarray(confidences), labels.dtype.kind in "iu", recording, all(moved)


def trial_of_loader(loader, X, y, batch_size, shuffle, seed):
    """Three loaders, two with one seed and one with another, three epochs of each: lists of (inputs, classes), one for
    each batch. Others draw random numbers in between."""
    found = []
    for number, its_seed in enumerate((seed, seed, seed + 1)):
        batches, epochs = loader(torch.tensor(X), torch.tensor(y), batch_size, shuffle, its_seed), []
        for _ in range(3):
            epochs.append([(inputs.numpy().copy(), classes.numpy().copy()) for inputs, classes in batches])
            torch.rand(number + 1)
            np.random.random(number + 1)
        found.append(epochs)
    return found


def module_cases(rng):
    """Nets of three to five layers of different widths, with weights and inputs."""
    for sizes, scale in (((5, 4, 3), 1.0), ((3, 6, 5, 2), 1000.0), ((4, 7, 6, 5, 3), 1.0)):
        layers = [(rng.standard_normal((o, i)) / 2, rng.standard_normal(o) / 2) for i, o in zip(sizes, sizes[1:])]
        yield {"sizes": sizes, "weights": [array for layer in layers for array in layer],
               "X": scale * rng.standard_normal((6, sizes[0])), "case": "–".join(map(str, sizes))}


def loop_cases(rng):
    """Nets and samples whose last batch is smaller than the others."""
    for N, D, H, K, batch_size in ((11, 4, 5, 3, 4), (12, 3, 6, 4, 5)):
        net = random_net(rng, N, D, H, K)
        yield {"W1": net["W1"], "W2": net["W2"], "b2": net["b2"], "X": net["X"], "y": net["y"],
               "batch_size": batch_size, "case": f"{N} samples in batches of {batch_size}"}


def training_loop_cases(rng):
    """The same with a learning rate."""
    for case in loop_cases(rng):
        label = case.pop("case")
        yield case | {"rate": 0.2, "case": label}


def prediction_cases(rng):
    """Nets and inputs."""
    for N, D, H, K in ((7, 4, 5, 3), (5, 3, 6, 4)):
        net = random_net(rng, N, D, H, K)
        yield {"W1": net["W1"], "W2": net["W2"], "b2": net["b2"], "X": net["X"] * (1 if N == 7 else 1e4), "case": net["case"]}


# %% [markdown]
# ## 2.1 The module
#
# *Afterwards a net with any number of layers is one object.*
#
# A module is a class with layers as attributes and a method `forward`. PyTorch finds the parameters of all
# layers that are attributes, or that sit in a `nn.Sequential` or `nn.ModuleList`. Layers in a plain Python list it does not
# see, and an optimiser would never move them.
#
# Build a stack of `nn.Linear` layers with a ReLU between two of them. The last layer gives scores, and nothing comes
# after it: the loss has its softmax inside.
#
# Shapes: `sizes` such as `(784, 256, 128, 64, 10)`; $X$ $(N, 784) \to (N, 10)$.

# %% nbgrader={"grade_id": "classifier", "solution": true}
class Classifier(nn.Module):
    """Linear layers with ReLUs between them."""

    def __init__(self, sizes):
        """sizes: numbers of inputs, of the units of each hidden layer, of classes."""
        super().__init__()
        ### BEGIN SOLUTION
        layers = []
        for inputs, outputs in zip(sizes, sizes[1:]):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])  # no ReLU after the scores
        ### END SOLUTION

    def forward(self, X):
        """X: (N, sizes[0]). Returns the scores, (N, sizes[-1])."""
        ### BEGIN SOLUTION
        return self.layers(X)
        ### END SOLUTION


def try_classifier(sizes, weights, X):
    return trial_of_module(Classifier(sizes), weights, X)

# %% nbgrader={"grade_id": "classifier-check", "grade": true, "points": 3}
check.values(try_classifier, at=module_cases, returns=("scores", "number of weights", "weights that a gradient reaches"),
             points=3)

# %% tags=["mistake"] question="classifier" says="The net ends in a softmax, and the loss will take another one: return the scores as they are."
class Classifier(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for inputs, outputs in zip(sizes, sizes[1:]):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1], nn.Softmax(dim=1))

    def forward(self, X):
        return self.layers(X)


def try_classifier(sizes, weights, X):
    return trial_of_module(Classifier(sizes), weights, X)

# %% tags=["mistake"] question="classifier" says="The last layer has a ReLU as well: then no score can be negative, and a class that is ruled out looks like one that is undecided."
class Classifier(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for inputs, outputs in zip(sizes, sizes[1:]):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        self.layers = nn.Sequential(*layers)

    def forward(self, X):
        return self.layers(X)


def try_classifier(sizes, weights, X):
    return trial_of_module(Classifier(sizes), weights, X)

# %% tags=["mistake"] question="classifier" says="Without a non-linearity between them the layers are one linear map, however many there are."
class Classifier(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.Sequential(*[nn.Linear(i, o) for i, o in zip(sizes, sizes[1:])])

    def forward(self, X):
        return self.layers(X)


def try_classifier(sizes, weights, X):
    return trial_of_module(Classifier(sizes), weights, X)

# %% tags=["mistake"] question="classifier" says="The layers sit in a plain list, where PyTorch does not look: the module has no parameters, and training would change nothing."
class Classifier(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = [nn.Linear(i, o) for i, o in zip(sizes, sizes[1:])]

    def forward(self, X):
        for layer in self.layers[:-1]:
            X = torch.relu(layer(X))
        return self.layers[-1](X)


def try_classifier(sizes, weights, X):
    return trial_of_module(Classifier(sizes), weights, X)

# %% tags=["mistake"] question="classifier" says="The layers have no biases: every unit adds its own."
class Classifier(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for inputs, outputs in zip(sizes, sizes[1:]):
            layers += [nn.Linear(inputs, outputs, bias=False), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, X):
        return self.layers(X)


def try_classifier(sizes, weights, X):
    return trial_of_module(Classifier(sizes), weights, X)

# %% tags=["mistake"] question="classifier" says="The scores are right, and no gradient can go back from them: whether one is recorded is decided by whoever calls the net, not inside it."
class Classifier(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for inputs, outputs in zip(sizes, sizes[1:]):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, X):
        with torch.no_grad():
            return self.layers(X)


def try_classifier(sizes, weights, X):
    return trial_of_module(Classifier(sizes), weights, X)

# %% tags=["alternative"] question="classifier" name="ModuleList and a loop"
class Classifier(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.hidden = nn.ModuleList(nn.Linear(i, o) for i, o in zip(sizes[:-2], sizes[1:-1]))
        self.last = nn.Linear(sizes[-2], sizes[-1])

    def forward(self, X):
        for layer in self.hidden:
            X = nn.functional.relu(layer(X))
        return self.last(X)


def try_classifier(sizes, weights, X):
    return trial_of_module(Classifier(sizes), weights, X)

# %% tags=["alternative"] question="classifier" name="bare parameters"
class Classifier(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        pairs = list(zip(sizes, sizes[1:]))
        self.W = nn.ParameterList([nn.Parameter(torch.randn(o, i) / i**0.5) for i, o in pairs])
        self.b = nn.ParameterList([nn.Parameter(torch.zeros(o)) for _, o in pairs])

    def forward(self, X):
        for number, (W, b) in enumerate(zip(self.W, self.b)):
            X = X @ W.T + b
            if number < len(self.W) - 1:
                X = X.clamp_min(0)
        return X


def try_classifier(sizes, weights, X):
    return trial_of_module(Classifier(sizes), weights, X)

# %% [markdown]
# ## 2.2 Batches
#
# *Afterwards the samples come in small portions, in a new order each time.*
#
# `torch.utils.data.TensorDataset(X, y)` ties inputs and classes together. A `torch.utils.data.DataLoader` around it gives
# batches of pairs `(inputs, classes)`, an epoch for each `for` loop over it. If shuffling is asked for, the order is
# another one in each epoch. All samples come once in each epoch, so the last batch may be smaller. A
# `torch.Generator().manual_seed(seed)` makes the orders repeatable: two loaders with the same seed give the same orders,
# whatever else draws random numbers in between. Another seed gives others.
#
# Anything that can be looped over again and again is fine. It need not be a `DataLoader`.
#
# Shapes: tensors $(N, D)$ and $(N,)$ $\to$ batches of at most `batch_size` rows.

# %% nbgrader={"grade_id": "loader", "solution": true}
def loader(X, y, batch_size, shuffle, seed):
    """Batches of samples, for one epoch after the other.

    X: (N, D) and y: (N,), tensors; batch_size: the most that come at once; shuffle: whether the order is new in
    each epoch; seed: makes the orders repeatable.
    Returns something to loop over repeatedly, which gives pairs (inputs, classes).
    """
    ### BEGIN SOLUTION
    dataset = torch.utils.data.TensorDataset(X, y)
    order = torch.Generator().manual_seed(seed)
    return torch.utils.data.DataLoader(dataset, batch_size=batch_size, shuffle=shuffle, generator=order)
    ### END SOLUTION


def try_loader(X, y, batch_size, shuffle, seed):
    return trial_of_loader(loader, X, y, batch_size, shuffle, seed)

# %% nbgrader={"grade_id": "loader-cases", "locked": true}
def loader_cases(rng):
    """Samples that can be told apart, with and without shuffling; the last batch is smaller."""
    for N, batch_size, shuffle in ((23, 4, True), (61, 7, True), (14, 4, False)):
        X = rng.standard_normal((N, 2))
        yield {"X": X, "y": rng.permutation(N), "batch_size": batch_size, "shuffle": shuffle,
               "seed": int(rng.integers(1000)),
               "case": f"{N} samples in batches of {batch_size}, {'shuffled' if shuffle else 'in order'}"}


def classes_of(epoch):
    """The classes of one epoch in the order in which they came."""
    return np.concatenate([classes for _, classes in epoch]) if epoch else np.zeros(0, int)


def orders_of(loaders):
    """The classes of every epoch of each loader, as lists."""
    return [[classes_of(epoch).tolist() for epoch in epochs] for epochs in loaders]


def has_all(loaders, X, y, batch_size, shuffle, seed):
    """Every sample once in every epoch."""
    return all(sorted(order) == list(range(len(y))) for orders in orders_of(loaders) for order in orders)


def keeps_pairs(loaders, X, y, batch_size, shuffle, seed):
    """Each class comes with its own inputs (all classes are different here)."""
    place = np.argsort(y)
    return all(np.array_equal(inputs, X[place[classes]]) for epochs in loaders for epoch in epochs
               for inputs, classes in epoch)


def right_sizes(loaders, X, y, batch_size, shuffle, seed):
    """All batches are full but perhaps the last."""
    return all([len(classes) for _, classes in epoch[:-1]] == [batch_size] * (len(epoch) - 1)
               and 1 <= len(epoch[-1][1]) <= batch_size for epochs in loaders for epoch in epochs)


def right_order(loaders, X, y, batch_size, shuffle, seed):
    """A new order in each epoch if shuffling was asked for, else the given one."""
    for orders in orders_of(loaders):
        if shuffle and (y.tolist() in orders or len({tuple(order) for order in orders}) < len(orders)):
            return False
        if not shuffle and any(order != y.tolist() for order in orders):
            return False
    return True


def well_mixed(loaders, X, y, batch_size, shuffle, seed):
    """Shuffled over all samples: on average a sample moves by a third of their number, not only within a block, and its
    neighbours are others than before."""
    if not shuffle:
        return True
    place = np.argsort(y)
    moved = [np.abs(place[order] - np.arange(len(y))) for orders in orders_of(loaders) for order in orders]
    neighbours = [np.abs(np.diff(place[order])) == 1 for orders in orders_of(loaders) for order in orders]
    return np.mean(moved) > len(y) / 4.5 and np.mean(np.concatenate(neighbours)) < 0.4


def repeatable(loaders, X, y, batch_size, shuffle, seed):
    """The same seed, the same orders; another seed, others."""
    first, second, other = orders_of(loaders)
    return first == second and (not shuffle or first != other)


# %% nbgrader={"grade_id": "loader-check", "grade": true, "points": 3}
check.properties(try_loader, at=loader_cases, points=3, every_sample_once=has_all, inputs_with_their_classes=keeps_pairs,
                 sizes_of_batches=right_sizes, order=right_order, shuffled_over_all_samples=well_mixed,
                 repeatable_by_its_seed=repeatable)

# %% tags=["mistake"] question="loader" says="The last batch, because it is smaller, has been dropped: in every epoch some samples are left out."
def loader(X, y, batch_size, shuffle, seed):
    order = torch.Generator().manual_seed(seed)
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, y), batch_size, shuffle, generator=order,
                                       drop_last=True)


def try_loader(X, y, batch_size, shuffle, seed):
    return trial_of_loader(loader, X, y, batch_size, shuffle, seed)

# %% tags=["mistake"] question="loader" says="Inputs and classes have been shuffled apart: a sample must keep its own class, or there is nothing to learn."
def loader(X, y, batch_size, shuffle, seed):
    order = torch.Generator().manual_seed(seed)
    if shuffle:
        X = X[torch.randperm(len(X), generator=order)]
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, y), batch_size, shuffle, generator=order)


def try_loader(X, y, batch_size, shuffle, seed):
    return trial_of_loader(loader, X, y, batch_size, shuffle, seed)

# %% tags=["mistake"] question="loader" says="Shuffled once and for all: every epoch brings the same batches again, where each should have an order of its own."
def loader(X, y, batch_size, shuffle, seed):
    if shuffle:
        order = torch.randperm(len(X), generator=torch.Generator().manual_seed(seed))
        X, y = X[order], y[order]
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, y), batch_size)


def try_loader(X, y, batch_size, shuffle, seed):
    return trial_of_loader(loader, X, y, batch_size, shuffle, seed)

# %% tags=["mistake"] question="loader" says="Shuffling was asked for, and the samples come in their given order: sorted classes would then come one class at a time."
def loader(X, y, batch_size, shuffle, seed):
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, y), batch_size)


def try_loader(X, y, batch_size, shuffle, seed):
    return trial_of_loader(loader, X, y, batch_size, shuffle, seed)

# %% tags=["mistake"] question="loader" says="An iterator is used up after one epoch: from the second on there is nothing to learn from."
def loader(X, y, batch_size, shuffle, seed):
    order = torch.Generator().manual_seed(seed)
    return iter(torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, y), batch_size, shuffle,
                                            generator=order))


def try_loader(X, y, batch_size, shuffle, seed):
    return trial_of_loader(loader, X, y, batch_size, shuffle, seed)

# %% tags=["mistake"] question="loader" says="The orders cannot be repeated: the seed has to reach the generator that shuffles, and this must be the loader's own, which nobody else draws from."
def loader(X, y, batch_size, shuffle, seed):
    torch.manual_seed(seed)
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, y), batch_size, shuffle)


def try_loader(X, y, batch_size, shuffle, seed):
    return trial_of_loader(loader, X, y, batch_size, shuffle, seed)

# %% tags=["mistake"] question="loader" says="Samples are exchanged within blocks only: those from the beginning of the data always come at the beginning, and a sorted data set stays nearly sorted."
class Blocks:
    def __init__(self, X, y, batch_size, shuffle, seed):
        self.X, self.y, self.batch_size, self.shuffle = X, y, batch_size, shuffle
        self.order = torch.Generator().manual_seed(seed)

    def __iter__(self):
        for start in range(0, len(self.y), self.batch_size):
            here = torch.arange(start, min(start + self.batch_size, len(self.y)))
            if self.shuffle:
                here = here[torch.randperm(len(here), generator=self.order)]
            yield self.X[here], self.y[here]


def loader(X, y, batch_size, shuffle, seed):
    return Blocks(X, y, batch_size, shuffle, seed)


def try_loader(X, y, batch_size, shuffle, seed):
    return trial_of_loader(loader, X, y, batch_size, shuffle, seed)

# %% tags=["mistake"] question="loader" says="Whole batches have been shuffled, with the same samples in each: samples have to be exchanged between batches too, or a batch of one class stays one."
class Blocks:
    def __init__(self, X, y, batch_size, shuffle, seed):
        self.batches = [(X[i:i + batch_size], y[i:i + batch_size]) for i in range(0, len(y), batch_size)]
        self.shuffle, self.rng = shuffle, np.random.default_rng(seed)

    def __iter__(self):
        last = len(self.batches) - 1
        order = self.rng.permutation(last) if self.shuffle else range(last)
        yield from (self.batches[k] for k in (*order, last))


def loader(X, y, batch_size, shuffle, seed):
    return Blocks(X, y, batch_size, shuffle, seed)


def try_loader(X, y, batch_size, shuffle, seed):
    return trial_of_loader(loader, X, y, batch_size, shuffle, seed)

# %% tags=["alternative"] question="loader" name="a class of one's own, numpy orders"
class Loader:
    def __init__(self, X, y, batch_size, shuffle, seed):
        self.X, self.y, self.batch_size, self.shuffle = X, y, batch_size, shuffle
        self.rng = np.random.default_rng(seed)

    def __iter__(self):
        order = self.rng.permutation(len(self.y)) if self.shuffle else np.arange(len(self.y))
        for start in range(0, len(order), self.batch_size):
            chosen = torch.from_numpy(order[start:start + self.batch_size])
            yield self.X[chosen], self.y[chosen]


def loader(X, y, batch_size, shuffle, seed):
    return Loader(X, y, batch_size, shuffle, seed)


def try_loader(X, y, batch_size, shuffle, seed):
    return trial_of_loader(loader, X, y, batch_size, shuffle, seed)

# %% tags=["alternative"] question="loader" name="a list of pairs as the data set, samplers"
def loader(X, y, batch_size, shuffle, seed):
    pairs = list(zip(X, y))
    if shuffle:
        sampler = torch.utils.data.RandomSampler(pairs, generator=torch.Generator().manual_seed(seed))
    else:
        sampler = torch.utils.data.SequentialSampler(pairs)
    return torch.utils.data.DataLoader(pairs, batch_size=batch_size, sampler=sampler, drop_last=False)


def try_loader(X, y, batch_size, shuffle, seed):
    return trial_of_loader(loader, X, y, batch_size, shuffle, seed)

# %% [markdown]
# ## 2.3 Which device
#
# *Afterwards the notebook uses a graphics processor where there is one.*
#
# PyTorch names devices by strings: `"cuda"`, `"mps"` (Apple's), `"cpu"`. Take the first of these that is available; the
# processor is always there. Where the net is, its inputs have to be too.
#
# Shapes: two booleans $\to$ a string.

# %% nbgrader={"grade_id": "pick-device", "solution": true}
def pick_device(cuda, mps):
    """The name of the device to use.

    cuda, mps: whether these are available. Returns "cuda", "mps" or "cpu".
    """
    ### BEGIN SOLUTION
    if cuda:
        return "cuda"
    return "mps" if mps else "cpu"
    ### END SOLUTION

# %% nbgrader={"grade_id": "pick-device-check", "grade": true, "points": 1}
check.values(pick_device, at=[{"cuda": cuda, "mps": mps} for cuda in (False, True) for mps in (False, True)], points=1)

# %% tags=["mistake"] question="pick-device" says="A machine without a graphics processor has only its cpu: ask first what is available."
def pick_device(cuda, mps):
    return "cuda"

# %% tags=["mistake"] question="pick-device" says="PyTorch knows no device called gpu: its names are cuda, mps and cpu."
def pick_device(cuda, mps):
    return "gpu" if cuda or mps else "cpu"

# %% tags=["mistake"] question="pick-device" says="The first of the list that is available wins: cuda comes before mps."
def pick_device(cuda, mps):
    return "mps" if mps else "cuda" if cuda else "cpu"

# %% tags=["alternative"] question="pick-device" name="the first that is there"
def pick_device(cuda, mps):
    return next(name for name, there in (("cuda", cuda), ("mps", mps), ("cpu", True)) if there)

# %% [markdown]
# ## 2.4 One epoch of training
#
# *Afterwards the net learns, and you know its mean loss on the way.*
#
# Put the net into training mode, `net.train()`. Some layers behave differently in training and in evaluation (dropout,
# batch normalisation). Our net has none, but your loop is tested with one that has. Then for each batch:
#
# 1. move inputs and classes to the device: `inputs.to(device)`
# 2. scores, and the loss: `nn.functional.cross_entropy(scores, classes)`, the mean over the batch
# 3. forget the gradients of the batch before: `optimiser.zero_grad()`
# 4. `loss.backward()`, then `optimiser.step()`
#
# Return the mean loss **over the samples** of the epoch, each batch measured with the weights that it met. The last batch
# may be smaller. So neither the mean of the batch means is right, nor their sum divided by the number of samples: weigh
# each batch by its size. And keep numbers, not tensors: `loss.item()` is a Python number. A sum of loss *tensors* keeps
# the graphs of all batches alive, and the memory fills up.
#
# Shapes: batches of $(B, D)$ and $(B,)$, where $B$ may differ $\to$ one number.

# %% nbgrader={"grade_id": "train-epoch", "solution": true}
def train_epoch(net, batches, optimiser, device):
    """One epoch of training, with cross-entropy.

    net: a module that gives scores; batches: pairs (inputs, classes) of tensors; optimiser: of the net's parameters;
    device: where the net is.
    Returns the mean loss over all samples, a number.
    """
    ### BEGIN SOLUTION
    net.train()
    total, count = 0.0, 0
    for inputs, classes in batches:
        inputs, classes = inputs.to(device), classes.to(device)
        loss = nn.functional.cross_entropy(net(inputs), classes)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += loss.item() * len(classes)  # the sum over the batch
        count += len(classes)
    return total / count
    ### END SOLUTION


def try_train_epoch(W1, W2, b2, X, y, batch_size, rate):
    return trial_of_training(train_epoch, W1, W2, b2, X, y, batch_size, rate)

# %% nbgrader={"grade_id": "train-epoch-check", "grade": true, "points": 6}
check.values(try_train_epoch, at=training_loop_cases, returns=("loss", "W1", "W2", "b2", "graph kept", "inputs moved to the device"),
             points=6)

# %% tags=["mistake"] question="train-epoch" says="The gradients are never set to zero: each batch adds its own to those of all batches before, and the steps grow stale and long."
def train_epoch(net, batches, optimiser, device):
    net.train()
    total, count = 0.0, 0
    for inputs, classes in batches:
        loss = nn.functional.cross_entropy(net(inputs.to(device)), classes.to(device))
        loss.backward()
        optimiser.step()
        total, count = total + loss.item() * len(classes), count + len(classes)
    return total / count


def try_train_epoch(W1, W2, b2, X, y, batch_size, rate):
    return trial_of_training(train_epoch, W1, W2, b2, X, y, batch_size, rate)

# %% tags=["mistake"] question="train-epoch" says="A softmax comes before a loss that has one inside: taken twice it flattens everything, so the loss can hardly fall and learning crawls."
def train_epoch(net, batches, optimiser, device):
    net.train()
    total, count = 0.0, 0
    for inputs, classes in batches:
        probabilities = torch.softmax(net(inputs.to(device)), dim=1)
        loss = nn.functional.cross_entropy(probabilities, classes.to(device))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total, count = total + loss.item() * len(classes), count + len(classes)
    return total / count


def try_train_epoch(W1, W2, b2, X, y, batch_size, rate):
    return trial_of_training(train_epoch, W1, W2, b2, X, y, batch_size, rate)

# %% tags=["mistake"] question="train-epoch" says="The loss of a batch is a mean already: the sum of such means is divided by the number of samples here, so the loss comes out too small by about the batch size."
def train_epoch(net, batches, optimiser, device):
    net.train()
    total, count = 0.0, 0
    for inputs, classes in batches:
        loss = nn.functional.cross_entropy(net(inputs.to(device)), classes.to(device))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total, count = total + loss.item(), count + len(classes)
    return total / count


def try_train_epoch(W1, W2, b2, X, y, batch_size, rate):
    return trial_of_training(train_epoch, W1, W2, b2, X, y, batch_size, rate)

# %% tags=["mistake"] question="train-epoch" says="The mean of the batch means gives the samples of the small last batch too much weight: weigh each batch by its size."
def train_epoch(net, batches, optimiser, device):
    net.train()
    losses = []
    for inputs, classes in batches:
        loss = nn.functional.cross_entropy(net(inputs.to(device)), classes.to(device))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return np.mean(losses)


def try_train_epoch(W1, W2, b2, X, y, batch_size, rate):
    return trial_of_training(train_epoch, W1, W2, b2, X, y, batch_size, rate)

# %% tags=["mistake"] question="train-epoch" says="The net is still in evaluation mode from before: layers such as dropout and batch normalisation only do their work in training mode, so switch it on."
def train_epoch(net, batches, optimiser, device):
    total, count = 0.0, 0
    for inputs, classes in batches:
        loss = nn.functional.cross_entropy(net(inputs.to(device)), classes.to(device))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total, count = total + loss.item() * len(classes), count + len(classes)
    return total / count


def try_train_epoch(W1, W2, b2, X, y, batch_size, rate):
    return trial_of_training(train_epoch, W1, W2, b2, X, y, batch_size, rate)

# %% tags=["mistake"] question="train-epoch" says="The losses are added up as tensors, which keeps the graph of every batch in memory: take the plain number of each."
def train_epoch(net, batches, optimiser, device):
    net.train()
    total, count = 0.0, 0
    for inputs, classes in batches:
        loss = nn.functional.cross_entropy(net(inputs.to(device)), classes.to(device))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total, count = total + loss * len(classes), count + len(classes)
    return total / count


def try_train_epoch(W1, W2, b2, X, y, batch_size, rate):
    return trial_of_training(train_epoch, W1, W2, b2, X, y, batch_size, rate)

# %% tags=["mistake"] question="train-epoch" says="The step comes when the gradients have just been wiped out: first backward, then the step, so nothing moves here."
def train_epoch(net, batches, optimiser, device):
    net.train()
    total, count = 0.0, 0
    for inputs, classes in batches:
        loss = nn.functional.cross_entropy(net(inputs.to(device)), classes.to(device))
        loss.backward()
        optimiser.zero_grad()
        optimiser.step()
        total, count = total + loss.item() * len(classes), count + len(classes)
    return total / count


def try_train_epoch(W1, W2, b2, X, y, batch_size, rate):
    return trial_of_training(train_epoch, W1, W2, b2, X, y, batch_size, rate)

# %% tags=["mistake"] question="train-epoch" says="The gradients are set to zero once for the whole epoch: within it each batch adds its own to those of the batches before."
def train_epoch(net, batches, optimiser, device):
    net.train()
    total, count = 0.0, 0
    optimiser.zero_grad()
    for inputs, classes in batches:
        loss = nn.functional.cross_entropy(net(inputs.to(device)), classes.to(device))
        loss.backward()
        optimiser.step()
        total, count = total + loss.item() * len(classes), count + len(classes)
    return total / count


def try_train_epoch(W1, W2, b2, X, y, batch_size, rate):
    return trial_of_training(train_epoch, W1, W2, b2, X, y, batch_size, rate)

# %% tags=["mistake"] question="train-epoch" says="The inputs have never been moved to the device: where that is a graphics processor, the net is there and its inputs are not."
def train_epoch(net, batches, optimiser, device):
    net.train()
    total, count = 0.0, 0
    for inputs, classes in batches:
        loss = nn.functional.cross_entropy(net(inputs), classes)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += loss.item() * len(classes)
        count += len(classes)
    return total / count


def try_train_epoch(W1, W2, b2, X, y, batch_size, rate):
    return trial_of_training(train_epoch, W1, W2, b2, X, y, batch_size, rate)

# %% tags=["alternative"] question="train-epoch" name="divided by the size of the data set"
def train_epoch(net, batches, optimiser, device):
    net.train()
    total = 0.0
    for inputs, classes in batches:
        loss = nn.functional.cross_entropy(net(inputs.to(device)), classes.to(device))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += loss.item() * inputs.shape[0]
    return total / len(batches.dataset)


def try_train_epoch(W1, W2, b2, X, y, batch_size, rate):
    return trial_of_training(train_epoch, W1, W2, b2, X, y, batch_size, rate)

# %% tags=["alternative"] question="train-epoch" name="zeroed after the step, a weighted average"
def train_epoch(net, batches, optimiser, device):
    net.train(True)
    means, sizes = [], []
    for inputs, classes in batches:
        loss = nn.CrossEntropyLoss()(net(inputs.to(device)), classes.to(device))
        loss.backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=False)
        means.append(float(loss))
        sizes.append(classes.shape[0])
    return np.average(means, weights=sizes)


def try_train_epoch(W1, W2, b2, X, y, batch_size, rate):
    return trial_of_training(train_epoch, W1, W2, b2, X, y, batch_size, rate)

# %% tags=["alternative"] question="train-epoch" name="log_softmax, gradients put in place by hand, a detached tensor"
def train_epoch(net, batches, optimiser, device):
    net.train()
    total, count = torch.zeros(()), 0
    parameters = list(net.parameters())
    for inputs, classes in batches:
        logs = torch.log_softmax(net(inputs.to(device)), dim=1)
        losses = -logs[torch.arange(len(classes)), classes.to(device)]
        for parameter, gradient in zip(parameters, torch.autograd.grad(losses.mean(), parameters)):
            parameter.grad = gradient
        optimiser.step()
        total = total + losses.detach().sum()
        count += len(classes)
    return total / count


def try_train_epoch(W1, W2, b2, X, y, batch_size, rate):
    return trial_of_training(train_epoch, W1, W2, b2, X, y, batch_size, rate)

# %% tags=["alternative"] question="train-epoch" name="summed loss, divided for the backward pass"
def train_epoch(net, batches, optimiser, device):
    total = count = 0
    for inputs, classes in batches:
        net.train()
        net.zero_grad()
        summed = nn.functional.cross_entropy(net(inputs.to(device)), classes.to(device), reduction="sum")
        (summed / len(classes)).backward()
        optimiser.step()
        total += summed.item()
        count += inputs.size(0)
    return total / count


def try_train_epoch(W1, W2, b2, X, y, batch_size, rate):
    return trial_of_training(train_epoch, W1, W2, b2, X, y, batch_size, rate)

# %% [markdown]
# ## 2.5 Evaluation
#
# *Afterwards you have loss and accuracy of the net as it is, and the net stays as it is.*
#
# Three differences to training. The net is in evaluation mode, `net.eval()`, and may be left there: training switches
# back by itself. No graph is built, because nobody will go back: put the loop into `with torch.no_grad():`, which saves
# memory and time, and which ends where the block ends: the training that comes after it needs its gradients. And no weight
# moves. Again the means are over the **samples**.
#
# Shapes: batches $\to$ two numbers: mean loss, and the fraction of right answers.

# %% nbgrader={"grade_id": "evaluate", "solution": true}
def evaluate(net, batches, device):
    """Mean cross-entropy and accuracy of a net.

    net: a module that gives scores; batches: pairs (inputs, classes) of tensors; device: where the net is.
    Returns the mean loss over all samples and the fraction of right answers, two numbers.
    """
    ### BEGIN SOLUTION
    net.eval()
    total, right, count = 0.0, 0, 0
    with torch.no_grad():
        for inputs, classes in batches:
            inputs, classes = inputs.to(device), classes.to(device)
            scores = net(inputs)
            total += nn.functional.cross_entropy(scores, classes, reduction="sum").item()
            right += (scores.argmax(dim=1) == classes).sum().item()
            count += len(classes)
    return total / count, right / count
    ### END SOLUTION


def try_evaluate(W1, W2, b2, X, y, batch_size):
    return trial_of_evaluation(evaluate, W1, W2, b2, X, y, batch_size)

# %% nbgrader={"grade_id": "evaluate-check", "grade": true, "points": 4}
check.values(try_evaluate, at=loop_cases, returns=("loss", "accuracy", "graph built", "gradients recorded afterwards",
                                                      "inputs moved to the device"), points=4)

# %% tags=["mistake"] question="evaluate" says="The net evaluates in training mode: batch normalisation then looks at the other samples of the batch, and dropout would switch units off."
def evaluate(net, batches, device):
    total, right, count = 0.0, 0, 0
    with torch.no_grad():
        for inputs, classes in batches:
            scores = net(inputs.to(device))
            total += nn.functional.cross_entropy(scores, classes, reduction="sum").item()
            right += (scores.argmax(dim=1) == classes).sum().item()
            count += len(classes)
    return total / count, right / count


def try_evaluate(W1, W2, b2, X, y, batch_size):
    return trial_of_evaluation(evaluate, W1, W2, b2, X, y, batch_size)

# %% tags=["mistake"] question="evaluate" says="The numbers are right, but a graph is built for every batch although nobody goes back: that only costs memory and time, so evaluate without gradients."
def evaluate(net, batches, device):
    net.eval()
    total, right, count = 0.0, 0, 0
    for inputs, classes in batches:
        scores = net(inputs.to(device))
        total += nn.functional.cross_entropy(scores, classes, reduction="sum").item()
        right += (scores.argmax(dim=1) == classes).sum().item()
        count += len(classes)
    return total / count, right / count


def try_evaluate(W1, W2, b2, X, y, batch_size):
    return trial_of_evaluation(evaluate, W1, W2, b2, X, y, batch_size)

# %% tags=["mistake"] question="evaluate" says="Loss and accuracy are means of batch means: the samples of a small last batch then count more than others."
def evaluate(net, batches, device):
    net.eval()
    losses, shares = [], []
    with torch.no_grad():
        for inputs, classes in batches:
            scores = net(inputs.to(device))
            losses.append(nn.functional.cross_entropy(scores, classes).item())
            shares.append((scores.argmax(dim=1) == classes).double().mean().item())
    return np.mean(losses), np.mean(shares)


def try_evaluate(W1, W2, b2, X, y, batch_size):
    return trial_of_evaluation(evaluate, W1, W2, b2, X, y, batch_size)

# %% tags=["mistake"] question="evaluate" says="The sum of the batch means is divided by the number of samples: the loss of a batch is a mean already, so the result is too small by about the batch size."
def evaluate(net, batches, device):
    net.eval()
    total, right, count = 0.0, 0, 0
    with torch.no_grad():
        for inputs, classes in batches:
            scores = net(inputs.to(device))
            total += nn.functional.cross_entropy(scores, classes).item()
            right += (scores.argmax(dim=1) == classes).sum().item()
            count += len(classes)
    return total / count, right / count


def try_evaluate(W1, W2, b2, X, y, batch_size):
    return trial_of_evaluation(evaluate, W1, W2, b2, X, y, batch_size)

# %% tags=["mistake"] question="evaluate" says="The scores go through a softmax before a loss that takes its own: the accuracy does not notice, but the loss is wrong."
def evaluate(net, batches, device):
    net.eval()
    total, right, count = 0.0, 0, 0
    with torch.no_grad():
        for inputs, classes in batches:
            scores = torch.softmax(net(inputs.to(device)), dim=1)
            total += nn.functional.cross_entropy(scores, classes, reduction="sum").item()
            right += (scores.argmax(dim=1) == classes).sum().item()
            count += len(classes)
    return total / count, right / count


def try_evaluate(W1, W2, b2, X, y, batch_size):
    return trial_of_evaluation(evaluate, W1, W2, b2, X, y, batch_size)

# %% tags=["mistake"] question="evaluate" says="The right answers are counted, not divided by the number of samples: an accuracy lies between 0 and 1."
def evaluate(net, batches, device):
    net.eval()
    total, right, count = 0.0, 0, 0
    with torch.no_grad():
        for inputs, classes in batches:
            scores = net(inputs.to(device))
            total += nn.functional.cross_entropy(scores, classes, reduction="sum").item()
            right += (scores.argmax(dim=1) == classes).sum().item()
            count += len(classes)
    return total / count, right


def try_evaluate(W1, W2, b2, X, y, batch_size):
    return trial_of_evaluation(evaluate, W1, W2, b2, X, y, batch_size)

# %% tags=["mistake"] question="evaluate" says="Gradients have been switched off for the whole program and stay off: the next epoch of training has nothing to go back along. Switch them off for a block only."
def evaluate(net, batches, device):
    net.eval()
    torch.set_grad_enabled(False)
    total, right, count = 0.0, 0, 0
    for inputs, classes in batches:
        scores = net(inputs.to(device))
        total += nn.functional.cross_entropy(scores, classes, reduction="sum").item()
        right += (scores.argmax(dim=1) == classes).sum().item()
        count += len(classes)
    return total / count, right / count


def try_evaluate(W1, W2, b2, X, y, batch_size):
    return trial_of_evaluation(evaluate, W1, W2, b2, X, y, batch_size)

# %% tags=["mistake"] question="evaluate" says="The inputs have never been moved to the device: where that is a graphics processor, the net is there and its inputs are not."
def evaluate(net, batches, device):
    net.eval()
    total, right, count = 0.0, 0, 0
    with torch.no_grad():
        for inputs, classes in batches:
            scores = net(inputs)
            total += nn.functional.cross_entropy(scores, classes, reduction="sum").item()
            right += (scores.argmax(dim=1) == classes).sum().item()
            count += len(classes)
    return total / count, right / count


def try_evaluate(W1, W2, b2, X, y, batch_size):
    return trial_of_evaluation(evaluate, W1, W2, b2, X, y, batch_size)

# %% tags=["alternative"] question="evaluate" name="inference mode, all scores put together first"
def evaluate(net, batches, device):
    net.train(False)
    with torch.inference_mode():
        scores, classes = zip(*[(net(inputs.to(device)), classes.to(device)) for inputs, classes in batches])
        scores, classes = torch.cat(scores), torch.cat(classes)
        loss = nn.functional.cross_entropy(scores, classes)
        return loss, (scores.max(dim=1).indices == classes).double().mean()


def try_evaluate(W1, W2, b2, X, y, batch_size):
    return trial_of_evaluation(evaluate, W1, W2, b2, X, y, batch_size)

# %% tags=["alternative"] question="evaluate" name="a decorator, weighted means"
@torch.no_grad()
def evaluate(net, batches, device):
    net.eval()
    record = []
    for inputs, classes in batches:
        scores = net(inputs.to(device)).cpu()
        hits = np.count_nonzero(scores.numpy().argmax(axis=1) == classes.numpy())
        record.append((nn.CrossEntropyLoss()(scores, classes).item(), hits / len(classes), len(classes)))
    losses, shares, sizes = np.array(record).T
    return np.average(losses, weights=sizes), np.average(shares, weights=sizes)


def try_evaluate(W1, W2, b2, X, y, batch_size):
    return trial_of_evaluation(evaluate, W1, W2, b2, X, y, batch_size)

# %% [markdown]
# ## 2.6 The whole run
#
# *Afterwards you have the record of a run, and a test result that you can believe.*
#
# The images come in three parts: the training part to learn from, the validation part to watch, the test part for one
# single measurement when all is over. In each epoch: train on the training part, **then** measure the validation part.
# After the last epoch, measure the test part, once.
#
# The functions that do the work are arguments: `train(net, batches, optimiser, device)` returns a mean loss, as yours
# from 2.4, and `judge(net, batches, device)` returns loss and accuracy, as yours from 2.5. Call these two and not
# `train_epoch` and `evaluate` by name, so that a slip there is no slip here. The check passes stand-ins that write down
# what you do with which part.
#
# Count the epochs with `for epoch in progress(range(epochs)):`. `progress` may be a progress bar; without one it does
# nothing.
#
# Shapes: $\to$ `history` `(epochs, 3)`: training loss, validation loss, validation accuracy; `test` `(2,)`: loss and
# accuracy.

# %% nbgrader={"grade_id": "fit", "solution": true}
def fit(net, parts, optimiser, epochs, device, train, judge, progress=iter):
    """A whole run of training.

    net: a module; parts: a dict with the batches of "training", "validation" and "test"; optimiser: of the net's
    parameters; epochs: how many; device: where the net is; train, judge: functions like train_epoch and evaluate.
    Returns history: array (epochs, 3), training loss, validation loss and validation accuracy of each epoch,
    and test: array (2,), loss and accuracy on the test part after the last epoch.
    """
    ### BEGIN SOLUTION
    history = np.zeros((epochs, 3))
    for epoch in progress(range(epochs)):
        history[epoch, 0] = train(net, parts["training"], optimiser, device)
        history[epoch, 1:] = judge(net, parts["validation"], device)
    return history, np.array(judge(net, parts["test"], device))
    ### END SOLUTION


def try_fit(epochs, drop):
    return trial_of_fit(fit, epochs, drop)

# %% nbgrader={"grade_id": "fit-cases", "locked": true}
class PretendNet:
    """What a run can do with a net, without one: it counts how often it was trained, and on what."""

    def __init__(self):
        self.trained = {"training": 0, "validation": 0, "test": 0}

    def to(self, device):
        return self

    train = eval = to

    def state_dict(self):
        return dict(self.trained)

    def load_state_dict(self, state):
        self.trained = dict(state)


def trial_of_fit(fit, epochs, drop):
    """The record of a run with stand-ins, how often each part was trained on, how often the test was measured, and whether
    the optimiser and the device were handed on.

    Two rounds of training bring all losses down; from the third on they rise again.
    """
    net, tested, handed, device, optimiser = PretendNet(), [], [], "meta", object()
    level = {"training": 1.0, "validation": 1.5, "test": 2.0}

    def loss_now(part):
        rounds = sum(net.trained.values())
        return level[part] * drop ** min(rounds, 2) * 1.1 ** max(rounds - 2, 0)

    def train(net, batches, its_optimiser, its_device):
        handed.append(its_optimiser is optimiser and str(its_device) == device)
        loss = loss_now(batches)
        net.trained[batches] += 1
        return loss

    def judge(net, batches, its_device):
        handed.append(str(its_device) == device)
        if batches == "test":
            tested.append(epochs)
        return loss_now(batches), 1 - loss_now(batches) / 4

    history, test = fit(net, {part: part for part in level}, optimiser, epochs, device, train, judge)
    return np.asarray(history), np.asarray(test), np.array(list(net.trained.values())), len(tested), all(handed)


def run_cases(rng):
    """Runs of a few epochs; `drop` is by how much a round of training brings the loss down at first."""
    for epochs, least, most in ((3, 0.6, 0.9), (9, 0.01, 0.02)):
        yield {"epochs": epochs, "drop": rng.uniform(least, most), "case": f"{epochs} epochs"}


# %% nbgrader={"grade_id": "fit-check", "grade": true, "points": 3}
check.values(try_fit, at=run_cases, returns=("history", "test", "rounds of training on each part", "times tested",
                                        "optimiser and device handed on"), points=3)

# %% tags=["mistake"] question="fit" says="The test images have been used for training: a net is bound to do well on images that it has learned, so the test result is worth nothing."
def fit(net, parts, optimiser, epochs, device, train, judge, progress=iter):
    history = []
    for _ in range(epochs):
        loss = train(net, parts["training"], optimiser, device)
        train(net, parts["test"], optimiser, device)
        history.append([loss, *judge(net, parts["validation"], device)])
    return np.array(history), np.array(judge(net, parts["test"], device))


def try_fit(epochs, drop):
    return trial_of_fit(fit, epochs, drop)

# %% tags=["mistake"] question="fit" says="The net learns from the validation images too: what it has learned from can no longer warn of overfitting."
def fit(net, parts, optimiser, epochs, device, train, judge, progress=iter):
    history = []
    for _ in range(epochs):
        loss = train(net, parts["training"], optimiser, device)
        train(net, parts["validation"], optimiser, device)
        history.append([loss, *judge(net, parts["validation"], device)])
    return np.array(history), np.array(judge(net, parts["test"], device))


def try_fit(epochs, drop):
    return trial_of_fit(fit, epochs, drop)

# %% tags=["mistake"] question="fit" says="The test part is measured in every epoch: then it tempts to stop at its best one, which is what the validation part is for. Measure it once, at the end."
def fit(net, parts, optimiser, epochs, device, train, judge, progress=iter):
    history = []
    for _ in range(epochs):
        loss = train(net, parts["training"], optimiser, device)
        history.append([loss, *judge(net, parts["validation"], device)])
        test = judge(net, parts["test"], device)
    return np.array(history), np.array(test)


def try_fit(epochs, drop):
    return trial_of_fit(fit, epochs, drop)

# %% tags=["mistake"] question="fit" says="The curve called validation is measured on the training images: it cannot show whether the net does well on others."
def fit(net, parts, optimiser, epochs, device, train, judge, progress=iter):
    history = []
    for _ in range(epochs):
        loss = train(net, parts["training"], optimiser, device)
        history.append([loss, *judge(net, parts["training"], device)])
    return np.array(history), np.array(judge(net, parts["test"], device))


def try_fit(epochs, drop):
    return trial_of_fit(fit, epochs, drop)

# %% tags=["mistake"] question="fit" says="The validation part is measured before the epoch's training: its curve is one epoch late."
def fit(net, parts, optimiser, epochs, device, train, judge, progress=iter):
    history = []
    for _ in range(epochs):
        seen = judge(net, parts["validation"], device)
        history.append([train(net, parts["training"], optimiser, device), *seen])
    return np.array(history), np.array(judge(net, parts["test"], device))


def try_fit(epochs, drop):
    return trial_of_fit(fit, epochs, drop)

# %% tags=["mistake"] question="fit" says="The test result reported is that of the validation part: the last measurement needs the images that nobody has looked at."
def fit(net, parts, optimiser, epochs, device, train, judge, progress=iter):
    history = []
    for _ in range(epochs):
        loss = train(net, parts["training"], optimiser, device)
        history.append([loss, *judge(net, parts["validation"], device)])
    return np.array(history), np.array(judge(net, parts["validation"], device))


def try_fit(epochs, drop):
    return trial_of_fit(fit, epochs, drop)

# %% tags=["mistake"] question="fit" says="The run ends as soon as the validation loss rises: asked for are as many epochs as were asked for, and the net as it is after the last."
def fit(net, parts, optimiser, epochs, device, train, judge, progress=iter):
    history = np.zeros((epochs, 3))
    for epoch in range(epochs):
        history[epoch] = train(net, parts["training"], optimiser, device), *judge(net, parts["validation"], device)
        if epoch and history[epoch, 1] > history[epoch - 1, 1]:
            break
    return history, np.array(judge(net, parts["test"], device))


def try_fit(epochs, drop):
    return trial_of_fit(fit, epochs, drop)

# %% tags=["mistake"] question="fit" says="The net with the best validation loss has been put back before the test: the test belongs to the net as it is after the last epoch."
def fit(net, parts, optimiser, epochs, device, train, judge, progress=iter):
    history, best = [], (np.inf, None)
    for _ in range(epochs):
        loss = train(net, parts["training"], optimiser, device)
        history.append([loss, *judge(net, parts["validation"], device)])
        if history[-1][1] < best[0]:
            best = history[-1][1], net.state_dict()
    net.load_state_dict(best[1])
    return np.array(history), np.array(judge(net, parts["test"], device))


def try_fit(epochs, drop):
    return trial_of_fit(fit, epochs, drop)

# %% tags=["alternative"] question="fit" name="three lists, stacked"
def fit(net, parts, optimiser, epochs, device, train, judge, progress=iter):
    net.to(device)
    losses, validation_losses, accuracies = [], [], []
    for _ in progress(range(epochs)):
        losses.append(train(net, parts["training"], optimiser, device))
        loss, accuracy = judge(net, parts["validation"], device)
        validation_losses.append(loss)
        accuracies.append(accuracy)
    test = judge(net, parts["test"], device)
    return np.column_stack([losses, validation_losses, accuracies]), np.array([test[0], test[1]])


def try_fit(epochs, drop):
    return trial_of_fit(fit, epochs, drop)

# %% tags=["alternative"] question="fit" name="looks at the training part as well"
def fit(net, parts, optimiser, epochs, device, train, judge, progress=iter):
    history = np.empty((epochs, 3))
    epoch = 0
    while epoch < epochs:
        history[epoch, 0] = train(net, parts["training"], optimiser, device)
        _, _ = judge(net, parts["training"], device)
        history[epoch, 1], history[epoch, 2] = judge(net, parts["validation"], device)
        epoch += 1
    return [history, np.array(list(judge(net, parts["test"], device)))]


def try_fit(epochs, drop):
    return trial_of_fit(fit, epochs, drop)

# %% [markdown]
# ## 2.7 The two curves
#
# *Afterwards you see learning and overfitting in one figure.*
#
# Draw training and validation loss over the epochs, on one pair of axes. Say what is on each axis and which line is which.
#
# Shapes: `history` `(epochs, 3)`, as in 2.6 $\to$ a figure, left open.

# %% nbgrader={"grade_id": "draw-curves", "solution": true}
def draw_curves(history):
    """Training and validation loss over the epochs.

    history: (epochs, 3): training loss, validation loss, validation accuracy.
    """
    ### BEGIN SOLUTION
    epochs = np.arange(1, len(history) + 1)
    figure, axis = plt.subplots(figsize=(6.4, 3.8), constrained_layout=True)
    axis.plot(epochs, history[:, 0], marker="o", markersize=3, label="training")
    axis.plot(epochs, history[:, 1], marker="o", markersize=3, linestyle="--", label="validation")
    axis.set(xlabel="epoch", ylabel="mean cross-entropy")
    axis.grid(alpha=0.3)
    axis.legend()
    ### END SOLUTION

# %% nbgrader={"grade_id": "draw-curves-cases", "locked": true}
def history_cases(rng):
    """A made-up record of eight epochs."""
    falling = np.linspace(2.2, 0.5, 8)[:, np.newaxis] + rng.uniform(0, 0.1, (8, 2))
    yield {"history": np.column_stack([falling + [0, 0.3], rng.uniform(0.2, 0.8, 8)]), "case": "eight epochs"}


# %% nbgrader={"grade_id": "draw-curves-check", "grade": true, "points": 1}
check.figure(draw_curves, at=history_cases, lines=2, panels=1, points=1)

# %% tags=["mistake"] question="draw-curves" says="The second line is the accuracy: what belongs beside the training loss is the validation loss."
def draw_curves(history):
    plt.plot(history[:, 0], label="training")
    plt.plot(history[:, 2], label="validation")
    plt.xlabel("epoch")
    plt.ylabel("loss")
    plt.legend()

# %% tags=["mistake"] question="draw-curves" says="Two lines without names: a legend says which is which, and labels say what is on the axes."
def draw_curves(history):
    plt.plot(history[:, :2])

# %% tags=["mistake"] question="draw-curves" says="Each loss has a scale of its own, on the left and on the right: asked for is one pair of axes, or nobody sees which loss is the larger one."
def draw_curves(history):
    figure, left = plt.subplots()
    right = left.twinx()
    one, = left.plot(history[:, 0], label="training")
    two, = right.plot(history[:, 1], "--", label="validation")
    left.set(xlabel="epoch", ylabel="training loss")
    right.set(ylabel="validation loss")
    left.legend(handles=[one, two])

# %% tags=["alternative"] question="draw-curves" name="the kit's own plot"
def draw_curves(history):
    plots.learning_curves({"training": history[:, 0], "validation": history[:, 1]}, title="One run")

# %% tags=["alternative"] question="draw-curves" name="one call, counted from 0"
def draw_curves(history):
    plt.plot(history[:, :2], label=["training loss", "validation loss"])
    plt.gca().set(xlabel="epochs so far", ylabel="loss")
    plt.legend(loc="best")

# %% [markdown]
# ## 2.8 What is this, and how sure are you?
#
# *Afterwards the net gives an answer for new images, with its confidence.*
#
# The class is the one with the largest score. The confidence is its probability: here, and only here, a softmax is
# needed. Evaluation mode, no gradients.
#
# Shapes: a tensor $(N, D)$ $\to$ two numpy arrays $(N,)$: classes, and confidences between 0 and 1.

# %% nbgrader={"grade_id": "predict", "solution": true}
def predict(net, X, device):
    """The most probable class of each sample, and its probability.

    net: a module that gives scores; X: (N, D), a tensor; device: where the net is.
    Returns labels: (N,), integers, and confidences: (N,), numpy arrays.
    """
    ### BEGIN SOLUTION
    net.eval()
    with torch.no_grad():
        probabilities = torch.softmax(net(X.to(device)), dim=1).cpu().numpy()
    return probabilities.argmax(axis=1), probabilities.max(axis=1)
    ### END SOLUTION


def try_predict(W1, W2, b2, X):
    return trial_of_prediction(predict, W1, W2, b2, X)

# %% nbgrader={"grade_id": "predict-check", "grade": true, "points": 2}
check.values(try_predict, at=prediction_cases, returns=("labels", "confidences", "labels are integers",
                                                           "gradients recorded afterwards", "inputs moved to the device"), points=2)

# %% tags=["mistake"] question="predict" says="A score is no confidence: it can be any number. A softmax makes it a probability."
def predict(net, X, device):
    net.eval()
    with torch.no_grad():
        scores = net(X.to(device)).numpy()
    return scores.argmax(axis=1), scores.max(axis=1)


def try_predict(W1, W2, b2, X):
    return trial_of_prediction(predict, W1, W2, b2, X)

# %% tags=["mistake"] question="predict" says="The softmax runs over the samples: the probabilities of one sample, along its row, must sum to 1."
def predict(net, X, device):
    net.eval()
    with torch.no_grad():
        scores = net(X.to(device))
    return scores.argmax(dim=1).numpy(), torch.softmax(scores, dim=0).max(dim=1).values.numpy()


def try_predict(W1, W2, b2, X):
    return trial_of_prediction(predict, W1, W2, b2, X)

# %% tags=["mistake"] question="predict" says="The net was left in training mode: the answer for one image then depends on the others beside it."
def predict(net, X, device):
    with torch.no_grad():
        probabilities = torch.softmax(net(X.to(device)), dim=1).numpy()
    return probabilities.argmax(axis=1), probabilities.max(axis=1)


def try_predict(W1, W2, b2, X):
    return trial_of_prediction(predict, W1, W2, b2, X)

# %% tags=["mistake"] question="predict" says="A sigmoid looks at one score alone: how sure the net is depends on how far the others lie behind."
def predict(net, X, device):
    net.eval()
    with torch.no_grad():
        scores = net(X.to(device))
    return scores.argmax(dim=1).numpy(), torch.sigmoid(scores).max(dim=1).values.numpy()


def try_predict(W1, W2, b2, X):
    return trial_of_prediction(predict, W1, W2, b2, X)

# %% tags=["mistake"] question="predict" says="Gradients have been switched off for the whole program and stay off: whoever trains after a prediction has nothing to go back along."
def predict(net, X, device):
    net.eval()
    torch.set_grad_enabled(False)
    probabilities = torch.softmax(net(X.to(device)), dim=1).numpy()
    return probabilities.argmax(axis=1), probabilities.max(axis=1)


def try_predict(W1, W2, b2, X):
    return trial_of_prediction(predict, W1, W2, b2, X)

# %% tags=["mistake"] question="predict" says="The inputs have never been moved to the device: where that is a graphics processor, the net is there and its inputs are not."
def predict(net, X, device):
    net.eval()
    with torch.no_grad():
        probabilities = torch.softmax(net(X), dim=1).numpy()
    return probabilities.argmax(axis=1), probabilities.max(axis=1)


def try_predict(W1, W2, b2, X):
    return trial_of_prediction(predict, W1, W2, b2, X)

# %% tags=["alternative"] question="predict" name="max gives both"
def predict(net, X, device):
    with torch.inference_mode():
        found = net.eval()(X.to(device)).log_softmax(dim=-1).max(dim=-1)
    return found.indices.cpu().numpy(), np.exp(found.values.cpu().numpy())


def try_predict(W1, W2, b2, X):
    return trial_of_prediction(predict, W1, W2, b2, X)

# %% tags=["alternative"] question="predict" name="sample by sample, with scipy's softmax"
def predict(net, X, device):
    net.eval()
    labels, confidences = [], []
    for x in X:
        scores = net(x[None].to(device)).detach().cpu().numpy()[0]
        labels.append(int(scores.argmax()))
        confidences.append(special.softmax(scores)[labels[-1]])
    return np.array(labels), np.array(confidences)


def try_predict(W1, W2, b2, X):
    return trial_of_prediction(predict, W1, W2, b2, X)

# %% [markdown]
# # Part 3: clothing
#
# FashionMNIST has 60,000 training and 10,000 test images of clothing, 28 × 28 pixels, in ten classes. It was made as a
# harder twin of the digits. The next cell takes half of it, with `FULL = True` all, from the folder that `COURSE_DATA`
# names or from the course cache, or lets torchvision fetch it if you have said `DOWNLOAD = True`. Where there is none, it
# takes the digits that come with the course software instead, and says so.

# %% nbgrader={"grade_id": "start", "locked": true}
def fresh_net(sizes, seed=0):
    """A Classifier with weights drawn from a fixed seed."""
    torch.manual_seed(seed)
    return Classifier(sizes)


def counted(epochs):
    """A progress bar at full size, nothing otherwise."""
    return tqdm(epochs, desc="epochs") if FULL else epochs


# %% tags=["experiment"]
images = data.fashion_mnist(size=None if FULL else (30_000, 5_000), dtype=np.float32, download=DOWNLOAD)
if images.name != "FashionMNIST":
    print(f"So this notebook sorts {images.name} digits, not clothing. Everything else stays the same.")
print(f"{len(images.train_labels):,} images to train with, {len(images.test_labels):,} test images")
training, validation = data.split(images.train_images, images.train_labels, fractions=(0.85, 0.15))

SIZES = (784, 256, 128, 64, 10)
BATCH = 64
MANY = len(training.labels) > 10_000
RATE, EPOCHS = (0.01, 10) if MANY else (0.02, 50)
parts = device = None

with check.once_written(), with_torch():
    device = pick_device(torch.cuda.is_available(), torch.backends.mps.is_available())
    pieces = {"training": (training.inputs, training.labels), "validation": (validation.inputs, validation.labels),
              "test": (images.test_images, images.test_labels)}
    parts = {name: loader(torch.tensor(inputs), torch.tensor(labels), BATCH, name == "training", 0)
             for name, (inputs, labels) in pieces.items()}
    for name, (_, labels) in pieces.items():
        print(f"{name:>10}: {len(labels):,} images in {len(list(parts[name])):,} batches")
    inputs, classes = next(iter(parts["training"]))
    print(f"a batch: inputs {tuple(inputs.shape)}, classes {tuple(classes.shape)}; device: {device}")

# %% [markdown]
# ## 3.1 Two cheap tests, and a guess
#
# *Afterwards you know that the loop can learn at all, before you wait for it.*
#
# Two tests cost a second and find most mistakes that raise no error. **Before any training**, a net knows nothing. Its loss
# should be about that of guessing among ten classes, $\log 10 = 2.303$; far above, and something is wrong with the scale of
# inputs or weights. And **one batch** must be learned by heart: a net with 200,000 weights can do that with 64 images, so if
# its loss does not go down to nearly nothing, something is broken. Do both before every long run.

# %% tags=["experiment"]
with check.once_written(), with_torch():
    if parts is None:
        raise NotImplementedError("the cell above comes first")
    tried = fresh_net(SIZES).to(device)
    print(f"before training: loss {evaluate(tried, parts['validation'], device)[0]:.4f}, guessing is {np.log(10):.4f}")
    one_batch = [next(iter(parts["training"]))]
    optimiser = torch.optim.SGD(tried.parameters(), lr=0.1)
    for step in range(1, 301):
        loss = train_epoch(tried, one_batch, optimiser, device)
        if step in (1, 30, 100, 300):
            print(f"one batch, step {step:3}: loss {loss:.4f}")

# %% [markdown]
# Now guess. The run below is 784–256–128–64–10, plain stochastic gradient descent, batches of 64. Which fraction of the test
# images will it get right? And in 3.4 you will break the loop in two ways: with `zero_grad` forgotten, and with a softmax too
# many before the loss. After twenty epochs, which fraction of the validation images will each of these get right? There is
# a point for each prediction, right or wrong.

# %% nbgrader={"grade_id": "predict-run", "solution": true}
def predict_accuracy():
    """Your prediction: the fraction of test images that the net will get right.

    Returns one number between 0 and 1.
    """
    ### BEGIN SOLUTION
    return 0.8
    ### END SOLUTION


def predict_broken():
    """Your prediction: the fractions that are right in the end without zero_grad, and with two softmaxes.

    Returns two numbers between 0 and 1.
    """
    ### BEGIN SOLUTION
    return 0.15, 0.6
    ### END SOLUTION

# %% nbgrader={"grade_id": "predict-run-cases", "locked": true}
def nothing_given(rng):
    """A prediction is made out of nothing."""
    yield {"case": "your prediction"}


def a_fraction(prediction):
    """One number between 0 and 1."""
    return np.ndim(prediction) == 0 and 0 < float(prediction) < 1


def two_fractions(prediction):
    """Two numbers between 0 and 1."""
    return np.shape(prediction) == (2,) and all(0 < float(one) < 1 for one in prediction)


# %% nbgrader={"grade_id": "predict-run-check", "grade": true, "points": 1}
check.properties(predict_accuracy, at=nothing_given, points=1, between_0_and_1=a_fraction)

# %% nbgrader={"grade_id": "predict-broken-check", "grade": true, "points": 1}
check.properties(predict_broken, at=nothing_given, points=1, two_numbers_between_0_and_1=two_fractions)

# %% tags=["mistake"] question="predict-run" says="A fraction lies between 0 and 1: 80 % is 0.8."
def predict_accuracy():
    return 80


def predict_broken():
    return 15, 60

# %% tags=["alternative"] question="predict-run" name="another guess, as a list"
def predict_accuracy():
    return 0.1


def predict_broken():
    return [0.5, 0.5]

# %% [markdown]
# ## 3.2 The run
#
# With FashionMNIST: 10 epochs at a rate of 0.01; half of the images make 3,990 steps, all of them 7,970. The 4,000 digits
# that come with the course software are too few for so small a rate, ten epochs of them only a few hundred steps: there
# it is 50 epochs at 0.02. Both numbers are yours to change in the cell that loads the images.
#
# The loss on the test images is measured after each epoch, too, but nobody looks at it before the end: `fit` gets a function
# that does so secretly beside the validation. That is allowed as long as nothing is decided by it.

# %% tags=["experiment"]
net = history = None
test_losses = []  # before training, then after each epoch


def judge_and_test(net, batches, device):
    """What `evaluate` returns; with the validation part the loss on the test part is written down as well."""
    if batches is parts["validation"]:
        test_losses.append(evaluate(net, parts["test"], device)[0])
    return evaluate(net, batches, device)


with check.once_written(), with_torch():
    if parts is None:
        raise NotImplementedError("the cell above comes first")
    net = fresh_net(SIZES).to(device)
    test_losses[:] = [evaluate(net, parts["test"], device)[0]]
    optimiser = torch.optim.SGD(net.parameters(), lr=RATE)
    history, test = fit(net, parts, optimiser, EPOCHS, device, train_epoch, judge_and_test, counted)
    for epoch in (0, len(history) // 2, len(history) - 1):
        print(f"epoch {epoch + 1:2}: training loss {history[epoch, 0]:.4f}, validation loss {history[epoch, 1]:.4f}, "
              f"validation accuracy {history[epoch, 2]:.2%}")
    print(f"test: loss {test[0]:.4f}, accuracy {test[1]:.2%}; you predicted {float(predict_accuracy()):.0%}")
    draw_curves(history)
    plt.title(f"{images.name}: {'–'.join(map(str, SIZES))}, SGD at {RATE}, batches of {BATCH}")
    plt.show()

# %% [markdown]
# Only now the test losses of all epochs. Does the validation loss tell the same story? (Some programs print the *sum* of the
# losses of all batches; divide such a number by the number of batches before you compare it with another program's.)

# %% tags=["experiment"]
with check.once_written(), with_torch():
    if history is None:
        raise NotImplementedError("the run comes first")
    batches = len(list(parts["test"]))
    for epoch in sorted({0, 1, EPOCHS // 2, EPOCHS}):
        print(f"after {epoch:2} epochs: test loss {test_losses[epoch]:.4f}, summed over {batches} batches about "
              f"{test_losses[epoch] * batches:.1f}")
    epochs = np.arange(1, EPOCHS + 1)
    plots.learning_curves({"training": (epochs, history[:, 0]), "validation": (epochs, history[:, 1]),
                           "test": (np.arange(EPOCHS + 1), test_losses)}, title="The test loss, looked at afterwards")
    plt.show()

# %% [markdown]
# ## 3.3 What it says, and how sure it is
#
# First one whole batch of test images: what the net says, above what is true. Then single images of your choice, with the
# verdict in words: change the numbers in `LOOK_AT`. Then the wrong answers of which the net was most sure. Which of them
# would you have got right? The last figure counts which classes are taken for which.

# %% tags=["experiment"]
LOOK_AT = [30, 20, 10, 1]  # numbers of test images, yours to change


def verdict_in_words(number, label, confidence, truth):
    """One sentence about one image."""
    said = f"Image {number}: the net says “{images.classes[label]}” and is {confidence:.0%} sure."
    return said + (" That is right." if label == truth else f" That is wrong, it is “{images.classes[truth]}”.")


with check.once_written(), with_torch():
    if history is None:
        raise NotImplementedError("the run comes first")
    inputs, classes = next(iter(parts["test"]))
    said, _ = predict(net, inputs, device)
    print("predicted:", *said)
    print("true:     ", *classes.numpy())
    print(f"{np.sum(said == classes.numpy())} of {len(said)} are right")

    chosen = images.test_images[LOOK_AT]
    labels, confidences = predict(net, torch.tensor(chosen), device)
    for place, number in enumerate(LOOK_AT):
        print(verdict_in_words(number, labels[place], confidences[place], images.test_labels[number]))
    plots.predictions(chosen, images.test_labels[LOOK_AT], labels, confidence=confidences, classes=images.classes,
                      title="Images of your choice")
    plt.show()

# %% tags=["experiment"]
with check.once_written(), with_torch():
    if history is None:
        raise NotImplementedError("the run comes first")
    labels, confidences = predict(net, torch.tensor(images.test_images), device)
    surest = np.argsort(-confidences * (labels != images.test_labels))
    plots.predictions(images.test_images[surest], images.test_labels[surest], labels[surest],
                      confidence=confidences[surest], classes=images.classes, wrong_only=True, n=10,
                      title="Wrong, and most sure of it")
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (images.test_labels, labels), 1)
    plots.confusion(counts, images.classes, title="Which class is taken for which")
    plt.show()

# %% [markdown]
# ### Which pixels matter?
#
# The backward pass does not have to end at the weights. Ask for the gradient of the loss with respect to the *inputs*, and
# it says for every pixel how much a little more ink there would raise the loss (orange) or lower it (purple). Such a picture is
# called a saliency map.

# %% tags=["experiment"]
with check.once_written(), with_torch():
    if history is None:
        raise NotImplementedError("the run comes first")
    inputs = torch.tensor(images.test_images[LOOK_AT]).to(device).requires_grad_()
    truth = torch.tensor(images.test_labels[LOOK_AT]).to(device)
    nn.functional.cross_entropy(net(inputs), truth, reduction="sum").backward()
    saliency = inputs.grad.cpu().numpy()
    saliency /= np.abs(saliency).max(axis=1, keepdims=True)  # each on a scale of its own
    plots.images(images.test_images[LOOK_AT], [images.classes[k] for k in images.test_labels[LOOK_AT]])
    plots.weights(saliency, names=[f"image {number}" for number in LOOK_AT], title="The gradient of the loss with respect to the pixels")
    plt.show()

# %% [markdown]
# ## 3.4 Break it
#
# Copy your `train_epoch` into the next cell twice and break the copies: one without `zero_grad`, one with a softmax before
# the loss. The cell trains a fresh net with each on 3,400 images, for twenty epochs at a rate of 0.1, and draws the curves.
# Then describe in a short paragraph how each mistake *looks* in its curves, compared with the right run, and why. How would
# you notice it if you had no right run beside it? (Two hints. What kind of step does a sum of all gradients so far remind
# you of? And the smallest loss possible with two softmaxes is not 0: what is it, for ten classes?)

# %% tags=["experiment"]
def without_zero_grad(net, batches, optimiser, device):
    """Your train_epoch without zero_grad."""
    raise NotImplementedError()


def with_two_softmaxes(net, batches, optimiser, device):
    """Your train_epoch with a softmax before the loss."""
    raise NotImplementedError()


def few_of(part, n, shuffle):
    """Batches of the first n images of a part."""
    return loader(torch.tensor(part.inputs[:n]), torch.tensor(part.labels[:n]), BATCH, shuffle, 0)


def runs_of(loops, epochs=20, rate=0.1):
    """Label -> history of a fresh net, trained with each loop that is written. The test part is left alone."""
    few = {"training": few_of(training, 3400, True), "validation": few_of(validation, 600, False)}
    found = {}
    for name, loop in loops.items():
        broken = fresh_net(SIZES).to(device)
        optimiser = torch.optim.SGD(broken.parameters(), lr=rate)
        try:
            found[name], _ = fit(broken, few | {"test": few["validation"]}, optimiser, epochs, device, loop, evaluate,
                                 counted)
        except NotImplementedError:
            continue
        print(f"{name}: training loss {found[name][-1, 0]:.3f}, validation accuracy {found[name][-1, 2]:.1%}")
    return found


with check.once_written(), with_torch():
    if parts is None:
        raise NotImplementedError("the data come first")
    broken_runs = runs_of({"right": train_epoch, "no zero_grad": without_zero_grad, "two softmaxes": with_two_softmaxes})
    if len(broken_runs) > 1:
        plots.loss_and_accuracy({name: run[:, 0] for name, run in broken_runs.items()},
                                {name: run[:, 2] for name, run in broken_runs.items()},
                                title="Training loss and validation accuracy")
        plt.show()
    if len(broken_runs) == 3:
        print("You predicted {:.0%} and {:.0%} for the two broken ones.".format(*predict_broken()))

# %% [markdown] nbgrader={"grade_id": "break-it", "grade": true, "solution": true, "points": 3}
# ### BEGIN SOLUTION
# **Model answer** (numbers for the 3,400 digits that are used where there is no FashionMNIST). From the second
# epoch on the digits depend on the machine, since at so large a rate the validation curves are jagged. The
# right loop brings the training loss from 2.28 in the first epoch to about 0.1 in the twentieth, and the validation
# accuracy above 90 % (its best epochs reach 95 %, some fall back below 85 %). Without `zero_grad` the first epoch looks
# *better*: about 1.7, and more than half right. Then the loss jumps to nearly 3, stays above 2.5 (a single epoch may have
# thousands), and the accuracy stays at 10 %. Each step goes along the sum of all gradients so far. That is momentum with
# γ = 1, a velocity that never slows down: the steps grow, overshoot, and cannot stop. A loss above
# log 10 = 2.303 is worse than guessing, so something must be broken. With two softmaxes nothing explodes. The loss
# leaves 2.30 only after some ten epochs, and after twenty it is at 1.8, with 60 to 80 % right: learning goes on, but it
# crawls. The second softmax gets numbers between 0 and 1. At best they are one 1 and nine 0, and then the
# loss is log(e + 9) − 1 = 1.46. Its gradients are small, above all where the first softmax is sure. One notices it by
# the loss: it is far too high for that accuracy, and cannot get below 1.46.
#
# **Mark scheme, 3 points.**
#
# - 1 point: no `zero_grad`: fast at first, then worse than guessing; gradients add up. "Momentum without friction" or
#   the like is very good, but not needed.
# - 1 point: two softmaxes: very slow, no explosion; probabilities between 0 and 1 leave little difference for the second
#   softmax. The bound 1.46, or that there is one above 0, is very good, but not needed.
# - 1 point: a way to notice without a right run beside it: log 10 as the loss of guessing, a loss that does not fit its
#   accuracy, the one batch of 3.1 that is not learned by heart, or the like.
# ### END SOLUTION

# %% [markdown]
# # Which slip is it?
#
# Six functions of earlier problem sets, each with one slip in it, and what the self-check said of it. Read the report first:
# which results are wrong, and is it a factor, a sign, a shape, or only some entries? Then find the line. For each, return the
# number of the sentence that fits.
#
# <!-- slips from ps4_regularised_mlp, ps5_activations_and_init, ps6_momentum: 6, draw 7 -->

# %% [markdown]
# ### Slip 1
#
# Problem set 4, 4.2, asked for this:
#
# ```python
# def layer_backward(d_z, W, v):
#     """The derivatives of the loss with respect to W, b and v of a dense layer z = W @ v + b, for one sample.
#
#     d_z: (k,), ∂L/∂z; W: (k, n); v: (n,), what comes into the layer.
#     Returns dW: (k, n), db: (k,), d_v: (n,)."""
# ```
#
# Somebody has written:
#
# ```python
# def layer_backward(d_z, W, v):
#     return np.outer(d_z, v), np.sum(d_z), W.T @ d_z
# ```
#
# The self-check says:
#
# ```text
# dW: right
# db: wrong, db has shape (), asked for is (3,) (5 inputs after a ReLU, 3 units)
# d_v: right
# ```
#
# Which idea is behind it?
#
# 1. The sum over the units has lost the upstream gradient: each weight counts as much as the loss cares for its unit.
# 2. The upstream gradient belongs to z, before any ReLU: no mask belongs into the gradient of the bias.
# 3. What comes in reaches the loss through several units: these contributions are added up, not averaged.
# 4. Every unit has a bias of its own, so the gradient has one entry for each: there is nothing to add up in one sample.

# %% nbgrader={"grade_id": "slip-1", "solution": true}
def slip_1():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 4
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-1-check", "grade": true, "points": 1}
check.answer(slip_1, points=1)

# %% tags=["mistake"] question="slip-1" says="Not 1: of that slip the self-check would say otherwise: dW: right; db: right; d_v: wrong, d_v[3] has the wrong sign, and not the right size either (5 inputs after a ReLU, 3 units)"
def slip_1():
    return 1

# %% tags=["mistake"] question="slip-1" says="Not 2: of that slip the self-check would say otherwise: dW: right; db: wrong, db[0] is 0 and should not be (5 inputs after a ReLU, 3 units); d_v: right"
def slip_1():
    return 2

# %% tags=["mistake"] question="slip-1" says="Not 3: of that slip the self-check would say otherwise: dW: right; db: right; d_v: wrong, d_v[4] is about 3 times too small (5 inputs after a ReLU, 3 units)"
def slip_1():
    return 3

# %% [markdown]
# ### Slip 2
#
# Problem set 5, 3.2, asked for this:
#
# ```python
# def slope(hidden, Z):
#     """The derivative of an activation function, entry by entry.
#
#     hidden: "sigmoid", "tanh", "relu", "relu6" or "leaky relu"; Z: pre-activations, an array of any shape.
#     Returns S: an array of the same shape."""
# ```
#
# Somebody has written:
#
# ```python
# def slope(hidden, Z):
#     return {"sigmoid": expit(Z) * expit(-Z), "tanh": 1 - np.tanh(Z) ** 2, "relu": np.maximum(Z, 0),
#             "relu6": np.clip(Z, 0, 6), "leaky relu": np.where(Z > 0, Z, 0.01 * Z)}[hidden]
# ```
#
# The self-check says:
#
# ```text
# sigmoid: right
# tanh: right
# relu: wrong, S[0, 1] is about 6.5 times too large (relu)
# relu6: wrong, S[3, 3] should be 0 (relu6)
# leaky relu: wrong, S[3, 1] is about 6.4 times too large (leaky relu)
# ```
#
# Which idea is behind it?
#
# 1. Above 6 a ReLU6 is flat, so nothing comes back: its slope is 1 only between 0 and 6.
# 2. This is the activation itself: the slope of a ReLU is 1 where it is on and 0 where it is off.
# 3. a (1 - a) and 1 - a² are written with the activation a: here the pre-activation has been put in.
# 4. The slope of tanh is 1 - a². The form a (1 - a) belongs to the sigmoid.

# %% nbgrader={"grade_id": "slip-2", "solution": true}
def slip_2():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 2
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-2-check", "grade": true, "points": 1}
check.answer(slip_2, points=1)

# %% tags=["mistake"] question="slip-2" says="Not 1: of that slip the self-check would say otherwise: sigmoid: right; tanh: right; relu: right; relu6: wrong, S[3, 3] should be 0 (relu6); leaky relu: right"
def slip_2():
    return 1

# %% tags=["mistake"] question="slip-2" says="Not 3: of that slip the self-check would say otherwise: sigmoid: wrong, S[2, 2] has the wrong sign, and not the right size either (sigmoid); tanh: wrong, S[1, 2] has the wrong sign, and not the right size either (tanh); relu: right; relu6: right; leaky relu: right"
def slip_2():
    return 3

# %% tags=["mistake"] question="slip-2" says="Not 4: of that slip the self-check would say otherwise: sigmoid: right; tanh: wrong, S[0, 2] has the wrong sign, and not the right size either (tanh); relu: right; relu6: right; leaky relu: right"
def slip_2():
    return 4

# %% [markdown]
# ### Slip 3
#
# Problem set 4, 5.1, asked for this:
#
# ```python
# def loop_gradients(W1, b1, W2, b2, X, y, lambdas):
#     """The gradients of the regularised mean loss of K samples, with loops.
#
#     W1: (d_h, d), b1: (d_h,), W2: (m, d_h), b2: (m,);
#     X: (d, K), a column is a sample; y: (K,), integers; lambdas: (λ11, λ12, λ21, λ22).
#     Returns dW1: (d_h, d), db1: (d_h,), dW2: (m, d_h), db2: (m,)."""
# ```
#
# Somebody has written:
#
# ```python
# def loop_gradients(W1, b1, W2, b2, X, y, lambdas):
#     for s in range(len(y)):
#         parts = [part / len(y) for part in step_by_step(W1, b1, W2, b2, X[:, s], y[s], (0, 0, 0, 0))[:4]]
#     parts[0], parts[2] = regularised(parts[0], parts[2], W1, W2, lambdas)
#     return parts
# ```
#
# The self-check says:
#
# ```text
# dW1: wrong, dW1[0, 0] is about 2 times too small (K = 6, d = 5, d_h = 3, m = 4)
# db1: wrong, db1[0] is 0 and should not be (K = 6, d = 5, d_h = 3, m = 4)
# dW2: wrong, dW2[2, 1] has the wrong sign, and not the right size either (K = 6, d = 5, d_h = 3, m = 4)
# db2: wrong, db2[2] has the wrong sign, and not the right size either (K = 6, d = 5, d_h = 3, m = 4)
# ```
#
# Which idea is behind it?
#
# 1. The loss is a mean over the samples: their gradients are added up, and the sum is divided by K.
# 2. The penalty has been divided by K although it was added only once: only the samples are averaged.
# 3. Every sample writes over the one before, so only the last is left: the gradients of the samples are added up.
# 4. Hidden units that were off pass something back: the slope of the ReLU is missing on the way to W1 and b1.

# %% nbgrader={"grade_id": "slip-3", "solution": true}
def slip_3():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 3
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-3-check", "grade": true, "points": 1}
check.answer(slip_3, points=1)

# %% tags=["mistake"] question="slip-3" says="Not 1: of that slip the self-check would say otherwise: dW1: wrong, dW1[0, 0] is about 3.5 times too large (K = 6, d = 5, d_h = 3, m = 4); db1: wrong, db1[0] is about 6 times too large (K = 6, d = 5, d_h = 3, m = 4); dW2: wrong, dW2[2, 1] is about 22 times too large (K = 6, d = 5, d_h = 3, m = 4); db2: wrong, db2[2] is about 6 times too large (K = 6, d = 5, d_h = 3, m = 4)"
def slip_3():
    return 1

# %% tags=["mistake"] question="slip-3" says="Not 2: of that slip the self-check would say otherwise: dW1: wrong, dW1[1, 0] is about 2.6 times too small (K = 6, d = 5, d_h = 3, m = 4); db1: right; dW2: wrong, dW2[2, 0] is about 3.4 times too small (K = 6, d = 5, d_h = 3, m = 4); db2: right"
def slip_3():
    return 2

# %% tags=["mistake"] question="slip-3" says="Not 4: of that slip the self-check would say otherwise: dW1: wrong, dW1[4, 2] is about 5.6 times too large (K = 1, d = 4, d_h = 5, m = 3); db1: wrong, db1[4] should be 0 (K = 1, d = 4, d_h = 5, m = 3); dW2: right; db2: right"
def slip_3():
    return 4

# %% [markdown]
# ### Slip 4
#
# Problem set 4, 5.5, asked for this:
#
# ```python
# def deep_gradient(theta, sizes, X, y):
#     """The gradient of the mean loss of K samples of a net with any number of layers, as one vector.
#
#     theta: all weights and biases, see layers_of; sizes: the numbers of inputs, of the units of every hidden layer, and of
#     classes; X: (d, K), a column is a sample; y: (K,), integers.
#     Returns an array in the shape of theta."""
# ```
#
# Somebody has written:
#
# ```python
# def deep_gradient(theta, sizes, X, y):
#     layers = layers_of(theta, sizes)
#     values = [X]
#     for W, b in layers:
#         Z = W @ values[-1] + b[:, np.newaxis]
#         values.append(np.maximum(Z, 0))
#     D = softmax(Z)
#     D[y, np.arange(len(y))] -= 1
#     D /= len(y)
#     gradients = []
#     for (W, _), V in zip(reversed(layers), reversed(values[:-1])):
#         gradients.append((D @ V.T, D.sum(axis=1)))
#         D = W.T @ D
#     return one_vector(reversed(gradients))
# ```
#
# The self-check says:
#
# ```text
# 4–3: right
# 3–5–2: wrong, theta[5] should be 0 (3–5–2)
# 4–3–5–3: wrong, theta[7] is about 28 times too large (4–3–5–3)
# 2–4–3–5–4: wrong, theta[39] should be 0 (2–4–3–5–4)
# ```
#
# Which idea is behind it?
#
# 1. A ReLU has been put on the scores, and its slope in the backward pass: the last layer has the softmax only.
# 2. A gradient has the shape of its weights: these are transposed, which a vector does not show, but its order is that of W.
# 3. The biases have been divided by K twice: the upstream gradient is divided already, so over the samples it is a sum.
# 4. The ReLUs are missing in the backward pass: nothing passes where a unit was off.

# %% nbgrader={"grade_id": "slip-4", "solution": true}
def slip_4():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 4
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-4-check", "grade": true, "points": 1}
check.answer(slip_4, points=1)

# %% tags=["mistake"] question="slip-4" says="Not 1: of that slip the self-check would say otherwise: 4–3: wrong, theta[0] has the wrong sign, and not the right size either (4–3); 3–5–2: wrong, theta[23] is 0 and should not be (3–5–2); 4–3–5–3: wrong, theta[51] has the wrong sign, and not the right size either (4–3–5–3); 2–4–3–5–4: wrong, theta[62] is 0 and should not be (2–4–3–5–4)"
def slip_4():
    return 1

# %% tags=["mistake"] question="slip-4" says="Not 2: of that slip the self-check would say otherwise: 4–3: wrong, theta[2] has the wrong sign, and not the right size either (4–3); 3–5–2: wrong, theta[8] has the wrong sign, and not the right size either (3–5–2); 4–3–5–3: wrong, theta[39] has the wrong sign (4–3–5–3); 2–4–3–5–4: wrong, theta[49] has the wrong sign, and not the right size either (2–4–3–5–4)"
def slip_4():
    return 2

# %% tags=["mistake"] question="slip-4" says="Not 3: of that slip the self-check would say otherwise: 4–3: wrong, theta[12] is about 5 times too small (4–3); 3–5–2: wrong, theta[17] is about 4 times too small (3–5–2); 4–3–5–3: wrong, theta[51] is about 6 times too small (4–3–5–3); 2–4–3–5–4: wrong, theta[11] is about 3 times too small (2–4–3–5–4)"
def slip_4():
    return 3

# %% [markdown]
# ### Slip 5
#
# Problem set 4, 3.1, asked for this:
#
# ```python
# def finite_differences(f, x, eps):
#     """The gradient of f at x, measured with central differences.
#
#     f: a function of one array that returns one number; x: an array of any shape; eps: the step.
#     Returns an array of floats in the shape of x; x stays as it is."""
# ```
#
# Somebody has written:
#
# ```python
# def finite_differences(f, x, eps):
#     gradient = np.zeros(x.shape)
#     for i in np.ndindex(x.shape):
#         x[i] += eps
#         up = f(x)
#         x[i] -= 2 * eps
#         gradient[i] = (up - f(x)) / (2 * eps)
#         x[i] += eps
#     return gradient
# ```
#
# The self-check says:
#
# ```text
# a vector: wrong, the result is right, but `finite_differences` changes its argument x in place
# a matrix: wrong, the result is right, but `finite_differences` changes its argument x in place
# integers: wrong, gradient[2] is about 4.1e+03 times too large (integers)
# ```
#
# Which idea is behind it?
#
# 1. The caller's x has been moved and not brought back exactly: adding and taking away a step rounds twice. Work on a copy.
# 2. An entry that has been measured stays where it was moved to, so all later slopes are measured at another place.
# 3. From x − ε to x + ε it is two steps: every slope here is twice too large.
# 4. Only the step up is measured: without the step down the curvature of f stays in the result, and the error is as large as the step.

# %% nbgrader={"grade_id": "slip-5", "solution": true}
def slip_5():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 1
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-5-check", "grade": true, "points": 1}
check.answer(slip_5, points=1)

# %% tags=["mistake"] question="slip-5" says="Not 2: of that slip the self-check would say otherwise: a vector: wrong, gradient[2] is too large, by 0.005 % (a vector); a matrix: wrong, gradient[2, 0] is too small, by 0.003 % (a matrix); integers: wrong, gradient[4] is too large, by 0.004 % (integers)"
def slip_5():
    return 2

# %% tags=["mistake"] question="slip-5" says="Not 3: of that slip the self-check would say otherwise: a vector: wrong, gradient[4] is about 2 times too large (a vector); a matrix: wrong, gradient[2, 0] is about 2 times too large (a matrix); integers: wrong, gradient[1] is about 2 times too large (integers)"
def slip_5():
    return 3

# %% tags=["mistake"] question="slip-5" says="Not 4: of that slip the self-check would say otherwise: a vector: wrong, gradient[0] is too large, by 0.02 % (a vector); a matrix: wrong, gradient[2, 1] is too large, by 0.005 % (a matrix); integers: wrong, gradient[4] is too small, by 0.003 % (integers)"
def slip_5():
    return 4

# %% [markdown]
# ### Slip 6
#
# Problem set 6, 1.9, asked for this:
#
# ```python
# def output_gradients(A, P, T):
#     """The gradients of the loss with respect to weights and biases of the output layer.
#
#     A: (N, H), activations of the hidden layer; P: (N, K), probabilities; T: (N, K), one-hot.
#     Returns dW_o: (H, K) and db_o: (1, K)."""
# ```
#
# Somebody has written:
#
# ```python
# def output_gradients(A, P, T):
#     D = (P - T) / len(T)
#     return A.T @ D, np.full((1, T.shape[1]), np.abs(D).sum())
# ```
#
# The self-check says:
#
# ```text
# dW_o: right
# db_o: wrong, db_o[0, 0] has the wrong sign, and not the right size either (N = 5, F = 3, H = 4, K = 2)
# ```
#
# Which idea is behind it?
#
# 1. The gradient of a bias has the shape of the bias, (1, K): keep the axis that was summed over.
# 2. The bias has one gradient for each class: here all classes have been added up into the same number.
# 3. The mean over the samples has been taken twice for the bias: 1/N is in the gradient of the scores already, so what is left is a sum.
# 4. The gradient of the weights holds the activations themselves, not only whether they are positive: that belongs to the layer below.

# %% nbgrader={"grade_id": "slip-6", "solution": true}
def slip_6():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 2
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-6-check", "grade": true, "points": 1}
check.answer(slip_6, points=1)

# %% tags=["mistake"] question="slip-6" says="Not 1: of that slip the self-check would say otherwise: dW_o: right; db_o: wrong, db_o has shape (2,), asked for is (1, 2): the numbers may be right, their arrangement is not (N = 5, F = 3, H = 4, K = 2)"
def slip_6():
    return 1

# %% tags=["mistake"] question="slip-6" says="Not 3: of that slip the self-check would say otherwise: dW_o: right; db_o: wrong, db_o[0, 0] is about 5 times too small (N = 5, F = 3, H = 4, K = 2)"
def slip_6():
    return 3

# %% tags=["mistake"] question="slip-6" says="Not 4: of that slip the self-check would say otherwise: dW_o: wrong, dW_o[2, 0] has the wrong sign, and not the right size either (N = 5, F = 3, H = 4, K = 2); db_o: right"
def slip_6():
    return 4

# %% [markdown]
# <!-- end of slips -->

# %% [markdown]
# # What to read next
#
# - "Autograd mechanics", "Extending PyTorch" and "Gradcheck mechanics", three notes in PyTorch's documentation:
#   <https://docs.pytorch.org/docs/stable/notes/autograd.html>, `extending.html` and `gradcheck.html` beside it.
# - Atılım Güneş Baydin, Barak Pearlmutter, Alexey Radul and Jeffrey Siskind, "Automatic differentiation in machine
#   learning: a survey", *Journal of Machine Learning Research* 18 (2018): what autograd is, and what it is not.
# - Adam Paszke and others, "PyTorch: an imperative style, high-performance deep learning library", *NeurIPS* (2019),
#   <https://arxiv.org/abs/1912.01703>.
# - Han Xiao, Kashif Rasul and Roland Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning
#   algorithms" (2017), <https://arxiv.org/abs/1708.07747>: the data, and what other methods reach on it.
# - Andrej Karpathy, "A recipe for training neural networks" (2019), <https://karpathy.github.io/2019/04/25/recipe/>: how to
#   find mistakes that raise no error.
