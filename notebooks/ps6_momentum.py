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
# # Problem set 6: momentum, and an honest validation curve
#
# **What you will learn.** You write a net with one hidden ReLU layer once more, this time with the samples in rows, and
# train it with momentum: a step that remembers where it was going. Beside the training curve you draw a validation
# curve, and you keep it honest. The mathematics of this set is short. The method is the other half of it: what may be
# learned from which part of the data.
#
# **What you need.** Backpropagation through a ReLU and a softmax, as in the earlier problem sets, and numpy.
#
# **How long it takes.** About five hours. Solved, the notebook computes for about a minute; with
# `FULL = True` in the next cell, which trains on 10,000 images, for about ten.
#
# **How it works.** You write functions. Under each is a self-check: run it as often as you like. Do not rename the
# functions or their arguments, and do not change the arrays that you are given. A function gets all it needs as
# arguments, other functions too, so that a slip in one question does not spoil the next.

# %%
FULL = False  # True: 10,000 training images, and 200 epochs of 1,000 hidden units, with a progress bar

import matplotlib.pyplot as plt
import numpy as np
from scipy import special
from tqdm import trange

from helpers import check, data, plots, threads
from helpers import gradients as numerical

threads.limit(1)  # these matrices are small: several threads would only wait for each other
plt.rcParams["axes.prop_cycle"] = plt.cycler(color=plots.COLORS)  # colours that everyone can tell apart

# %% [markdown]
# # Part 1: the net, in rows
#
# **In this problem set a row is a sample.** Problem sets 1, 4 and 5 put samples into columns; most libraries put them
# into rows, as here. Nothing else about the net is new.
#
# | symbol | shape | what it is |
# |---|---|---|
# | $N$ | | number of samples |
# | $F$, $H$, $K$ | 784, your choice, 10 | inputs, hidden units, classes |
# | $X$ | $(N, F)$ | inputs; row $n$ is sample $n$ |
# | $T$ | $(N, K)$ | targets, one-hot: each row has a single 1 |
# | $W_h$, $b_h$ | $(F, H)$, $(1, H)$ | weights and biases of the hidden layer |
# | $W_o$, $b_o$ | $(H, K)$, $(1, K)$ | weights and biases of the output layer |
#
# $$A = \mathrm{relu}(X W_h + b_h), \qquad P = \mathrm{softmax}(A W_o + b_o)$$
#
# $A$ has the shape $(N, H)$, $P$ the shape $(N, K)$: row $n$ of $P$ holds the probabilities of the classes for sample
# $n$. A bias is a row of shape $(1, H)$. numpy repeats it for every sample by itself.

# %% [markdown]
# <!-- include notation.md -->

# %% nbgrader={"grade_id": "the-cases", "locked": true}
# The small nets that the checks try your functions on. N, F, H and K stand for the sizes.

def small_net(rng, N, F, H, K):
    """Weights, inputs and one-hot targets."""
    T = np.eye(K)[rng.permutation(np.arange(N) % K)]
    return {"W_h": rng.standard_normal((F, H)), "b_h": rng.standard_normal((1, H)),
            "W_o": rng.standard_normal((H, K)), "b_o": rng.standard_normal((1, K)),
            "X": rng.standard_normal((N, F)), "T": T, "case": f"N = {N}, F = {F}, H = {H}, K = {K}"}


def column_cases(rng):
    """A layer and its data as problem sets 1, 4 and 5 have them: a column is a sample."""
    for N, F, H, K in ((4, 3, 5, 2), (5, 2, 4, 3), (4, 4, 4, 4), (1, 1, 3, 2), (3, 2, 1, 1)):
        net = small_net(rng, N, F, H, K)
        yield {"X": net["X"].T.copy(), "T": net["T"].T.copy(), "W": net["W_h"].T.copy(), "b": net["b_h"].T.copy(),
               "case": net["case"]}


def activation_cases(rng):
    """Pre-activations of any shape."""
    yield {"Z": rng.standard_normal((4, 5)), "case": "floats"}
    yield {"Z": np.array([[-2.0, 0.0, 3.0]]) * rng.uniform(1, 2), "case": "an exact zero"}
    yield {"Z": rng.permutation(np.arange(-4, 5)), "case": "integers"}
    yield {"Z": rng.permutation(np.array([1000.0, 12.0, -1000.0])) * rng.uniform(1, 2, (2, 3)), "case": "large numbers"}


def score_cases(rng):
    """Scores of the classes, one row for each sample."""
    yield {"Z": rng.standard_normal((5, 3)), "case": "ordinary scores"}
    yield {"Z": rng.uniform(900, 1100, (4, 4)).round(1), "case": "huge scores"}
    yield {"Z": rng.standard_normal((3, 4)) + np.array([[-2000.0], [0.0], [2000.0]]), "case": "rows far apart"}
    yield {"Z": rng.standard_normal((4, 3)) + np.array([1000.0, -1000.0, 1000.0]), "case": "a class far below the others"}
    yield {"Z": rng.standard_normal((3, 5)) + 2000.0 * np.eye(5)[[1, 4, 0]], "case": "a class far above the others"}
    yield {"Z": rng.standard_normal((1, 4)), "case": "one sample"}


def layer_cases(rng):
    """Inputs, weights and biases of one layer."""
    for N, F, H in ((4, 3, 5), (6, 5, 2), (3, 3, 3)):
        yield {"X": rng.standard_normal((N, F)), "W": rng.standard_normal((F, H)), "b": rng.standard_normal((1, H)),
               "case": f"N = {N}, F = {F}, H = {H}"}


def probability_cases(rng):
    """Targets and probabilities: a right class that is nearly ruled out, and wrong classes with the probability 0."""
    for N, K in ((5, 3), (4, 4), (7, 2)):
        net = small_net(rng, N, 2, 2, K)
        yield {"T": net["T"], "P": special.softmax(rng.standard_normal((N, K)), axis=1), "case": f"N = {N}, K = {K}"}
    T = np.eye(3)[[0, 2, 1, 0]]
    P = np.array([[1.0, 0, 0], [0, 0.4, 0.6], [0.1, 0.9, 0], [0.7, 0, 0.3]])
    yield {"T": T, "P": P, "case": "a probability of exactly 0"}
    tiny = rng.uniform(2e-7, 5e-7)
    yield {"T": np.eye(2)[[0, 1, 0]], "P": np.array([[tiny, 1 - tiny], [0.5, 0.5], [0.8, 0.2]]),
           "case": "a right class that is nearly ruled out"}


def ruled_out_cases(rng):
    """A right class with the probability 0, and only wrong ones; of the others the net is nearly sure."""
    for N, K in ((4, 3), (3, 2)):
        T = np.eye(K)[rng.permutation(np.arange(N) % K)]
        P = np.where(T > 0, 1 - 1e-6, 1e-6 / (K - 1))
        P[0] = np.roll(T[0], 1)
        order = rng.permutation(N)
        yield {"T": T[order], "P": P[order], "case": f"a right class ruled out, K = {K}"}
        yield {"T": T[order], "P": T[order] + 0.0, "case": f"only wrong classes ruled out, K = {K}"}


def costs_all_that_it_can(loss, T, P):
    """Infinity, or what a constant of no more than 1e-12 in the logarithm leaves of it; next to nothing elsewhere."""
    return np.ndim(loss) == 0 and (float(loss) * len(T) > 27) == np.any(P[T > 0] == 0)


def cached_cases(rng, sizes=((5, 3, 4, 2), (4, 4, 4, 4), (7, 2, 6, 3))):
    """Nets with what a forward pass keeps: activations A, scores Z_o and probabilities P."""
    for N, F, H, K in sizes:
        net = small_net(rng, N, F, H, K)
        A = np.maximum(net["X"] @ net["W_h"] + net["b_h"], 0)
        Z_o = A @ net["W_o"] + net["b_o"]
        yield net | {"A": A, "Z_o": Z_o, "P": special.softmax(Z_o, axis=1)}


# %% [markdown]
# ## 1.1 From columns to rows
#
# *Afterwards you can carry a layer over from the problem sets that have samples in columns.*
#
# There a layer was $Z = W X + b$ with a sample in each column. Transpose both sides:
#
# $$Z^\top = X^\top W^\top + b^\top$$
#
# So every array is transposed, and the factors of the product change places. A transpose is not a reshape. A reshape to
# the right shape raises no error and puts the numbers in the wrong places.
#
# Shapes, from columns to rows: $X$ $(F, N) \to (N, F)$, $T$ $(K, N) \to (N, K)$, $W$ $(H, F) \to (F, H)$,
# $b$ $(H, 1) \to (1, H)$.

# %% nbgrader={"grade_id": "to-rows", "solution": true}
def to_rows(X, T, W, b):
    """Data and one layer, from samples in columns to samples in rows.

    X: (F, N), T: (K, N), W: (H, F), b: (H, 1).
    Returns X: (N, F), T: (N, K), W: (F, H), b: (1, H), so that X @ W + b are the layer's
    pre-activations, (N, H).
    """
    ### BEGIN SOLUTION
    return X.T, T.T, W.T, b.T
    ### END SOLUTION

# %% nbgrader={"grade_id": "to-rows-check", "grade": true, "points": 2}
check.values(to_rows, at=column_cases, returns=("X", "T", "W", "b"), points=2)

# %% tags=["mistake"] question="to-rows" says="A reshape keeps the numbers in their reading order, so it mixes the samples up: what turns columns into rows is the transpose."
def to_rows(X, T, W, b):
    (F, N), H = X.shape, len(W)
    return X.reshape(N, F), T.reshape(N, len(T)), W.reshape(F, H), b.reshape(1, H)

# %% tags=["mistake"] question="to-rows" says="The data are transposed and the layer is not, or not always: with samples in rows the inputs stand to the left of the weights, so W turns around too, whatever its shape, and b becomes a row."
def to_rows(X, T, W, b):
    return X.T, T.T, W, b

# %% tags=["mistake"] question="to-rows" says="The bias has lost an axis: here it is a row of shape (1, H), which says by its shape that it belongs to every sample."
def to_rows(X, T, W, b):
    return X.T, T.T, W.T, b.ravel()

# %% tags=["mistake"] question="to-rows" says="The targets have stayed in columns: their samples have to lie along the same axis as those of the inputs."
def to_rows(X, T, W, b):
    return X.T, T, W.T, b.T

# %% tags=["alternative"] question="to-rows" name="swapaxes and a reshaped bias"
def to_rows(X, T, W, b):
    return [np.swapaxes(X, 0, 1), np.swapaxes(T, 0, 1), np.transpose(W), b.reshape(1, -1)]

# %% tags=["alternative"] question="to-rows" name="sample by sample"
def to_rows(X, T, W, b):
    samples = np.array([X[:, n] for n in range(X.shape[1])])
    targets = np.array([T[:, n] for n in range(T.shape[1])])
    return samples, targets, np.einsum("hf->fh", W), b[:, 0][np.newaxis]

# %% [markdown]
# ## 1.2 ReLU
#
# *Afterwards the hidden layer can bend.*
#
# $$\mathrm{relu}(z) = \max(0, z)$$
#
# for every entry by itself. Whoever passes $Z$ still needs it: return a new array.
#
# Shapes: any shape $\to$ the same shape.

# %% nbgrader={"grade_id": "relu", "solution": true}
def relu(Z):
    """The larger of 0 and z for every entry.

    Z: array of any shape. Returns a new array of the same shape.
    """
    ### BEGIN SOLUTION
    return np.maximum(Z, 0)
    ### END SOLUTION

# %% nbgrader={"grade_id": "relu-check", "grade": true, "points": 1}
check.values(relu, at=activation_cases, by="case", points=1)

# %% tags=["mistake"] question="relu" says="relu has overwritten its argument: the caller's pre-activations are gone. Compute into a new array."
def relu(Z):
    Z[Z < 0] = 0
    return Z

# %% tags=["mistake"] question="relu" says="This is the slope of relu, 0 or 1. The function itself passes positive numbers on as they are."
def relu(Z):
    return (Z > 0).astype(float)

# %% tags=["mistake"] question="relu" says="Negative numbers have become positive: relu sets them to 0."
def relu(Z):
    return np.abs(Z)

# %% tags=["alternative"] question="relu" name="times a mask"
def relu(Z):
    return Z * (Z > 0)

# %% tags=["alternative"] question="relu" name="where"
def relu(Z):
    return np.where(Z < 0, 0, Z)

# %% [markdown]
# ## 1.3 A softmax that survives any score
#
# *Afterwards every row of scores becomes a row of probabilities.*
#
# $$p_{nk} = \frac{e^{z_{nk}}}{\sum_{j} e^{z_{nj}}}$$
#
# The sum runs over the classes of one sample, along its row. A score of 1,000 is too large for `np.exp`. Adding the
# same number to all scores of a row changes no probability, so subtract from each row **its own** maximum first. Then
# the largest exponential is 1 and no row can be left with nothing but zeros.
#
# Shapes: $(N, K) \to (N, K)$.

# %% nbgrader={"grade_id": "softmax", "solution": true}
def softmax(Z):
    """Probabilities of the classes, without overflow.

    Z: (N, K), scores. Returns P: (N, K), no entry negative, each row with the sum 1.
    """
    ### BEGIN SOLUTION
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)
    ### END SOLUTION

# %% nbgrader={"grade_id": "softmax-check", "grade": true, "points": 3}
check.values(softmax, at=score_cases, by="case", points=3)

# %% tags=["mistake"] question="softmax" says="The sums run down the columns, over the samples: a row is a sample here, and its own classes share the probability 1."
def softmax(Z):
    E = np.exp(Z - Z.max(axis=0))
    return E / E.sum(axis=0)

# %% tags=["mistake"] question="softmax" says="Large scores overflow, and infinity divided by infinity is not a number: subtract each row's maximum before taking exponentials."
def softmax(Z):
    E = np.exp(Z)
    return E / E.sum(axis=1, keepdims=True)

# %% tags=["mistake"] question="softmax" says="One maximum for all samples saves only the rows near it: in a row far below, every exponential becomes 0. Each row needs its own maximum."
def softmax(Z):
    E = np.exp(Z - Z.max())
    return E / E.sum(axis=1, keepdims=True)

# %% tags=["mistake"] question="softmax" says="All samples together share the probability 1 here: each row has to be divided by its own sum."
def softmax(Z):
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return E / E.sum()

# %% tags=["mistake"] question="softmax" says="The mean of a row is no bound: where one score stands far above the others, its exponential still overflows. Only the maximum makes sure that none is larger than 1."
def softmax(Z):
    E = np.exp(Z - Z.mean(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)

# %% tags=["alternative"] question="softmax" name="scipy's"
def softmax(Z):
    return special.softmax(Z, axis=1)

# %% tags=["alternative"] question="softmax" name="row by row"
def softmax(Z):
    P = np.empty(Z.shape)
    for n, z in enumerate(Z):
        e = np.exp(z - max(z))
        P[n] = e / sum(e)
    return P

# %% tags=["alternative"] question="softmax" name="through the logarithm of the sum"
def softmax(Z):
    return np.exp(Z - special.logsumexp(Z, axis=1)[:, None])

# %% [markdown]
# ## 1.4 One layer
#
# *Afterwards you have the step that both layers of the net share.*
#
# $$Z = X W + b$$
#
# Shapes: $(N, F)\,(F, H) + (1, H) \to (N, H)$. No activation yet: hidden and output layer have different ones.

# %% nbgrader={"grade_id": "compute-layer", "solution": true}
def compute_layer(X, W, b):
    """Pre-activations of one layer for all samples.

    X: (N, F), W: (F, H), b: (1, H). Returns Z: (N, H).
    """
    ### BEGIN SOLUTION
    return X @ W + b
    ### END SOLUTION

# %% nbgrader={"grade_id": "compute-layer-check", "grade": true, "points": 1}
check.values(compute_layer, at=layer_cases, points=1)

# %% tags=["mistake"] question="compute-layer" says="The bias is missing: without it a unit can only bend at the origin."
def compute_layer(X, W, b):
    return X @ W

# %% tags=["mistake"] question="compute-layer" says="A layer that is only an affine map has no ReLU: the output layer would lose its negative scores."
def compute_layer(X, W, b):
    return np.maximum(X @ W + b, 0)

# %% tags=["mistake"] question="compute-layer" says="This is the layer for samples in columns, with the weights on the left: with samples in rows the inputs come first."
def compute_layer(X, W, b):
    return (W.T @ X + b.T).T

# %% tags=["alternative"] question="compute-layer" name="a constant input for the bias"
def compute_layer(X, W, b):
    return np.hstack([X, np.ones((len(X), 1))]) @ np.vstack([W, b])

# %% tags=["alternative"] question="compute-layer" name="sample by sample, in columns"
def compute_layer(X, W, b):
    return np.array([W.T @ x + b[0] for x in X])

# %% [markdown]
# ## 1.5 Average cross-entropy
#
# *Afterwards one number says how surprised the net is by the right answers.*
#
# $$L = -\frac{1}{N} \sum_{n=1}^{N} \sum_{k=1}^{K} T_{nk} \log P_{nk}$$
#
# In each row only one $T_{nk}$ is not 0: what counts is the probability that the net gives to the **right** class. A
# wrong class may have the probability 0 exactly, after rounding. Then `0 * np.log(0)` is `nan`, though
# the term should be 0. Find a way around it. (A right class of probability 0 makes the loss infinite, and that is right.)
#
# Shapes: $(N, K), (N, K) \to$ one number.

# %% nbgrader={"grade_id": "average-ce", "solution": true}
def average_ce(T, P):
    """Cross-entropy of targets and probabilities, averaged over the samples.

    T: (N, K), one-hot; P: (N, K), probabilities. Returns one number.
    """
    ### BEGIN SOLUTION
    of_the_right_class = np.sum(T * P, axis=1)  # (N,)
    return -np.mean(np.log(of_the_right_class))
    ### END SOLUTION

# %% nbgrader={"grade_id": "average-ce-check", "grade": true, "points": 2}
check.values(average_ce, at=probability_cases, by="case", points=2)

# %% [markdown]
# And a right class with the probability 0? Infinity is what comes out, or close to 28 for this sample if you have put
# 1e-12 into the logarithm.

# %% nbgrader={"grade_id": "average-ce-infinite-check", "grade": true, "points": 1}
check.properties(average_ce, at=ruled_out_cases, points=1, only_a_right_class_that_is_ruled_out_costs_all_that_it_can=costs_all_that_it_can)

# %% tags=["mistake"] question="average-ce" says="The mean is over the samples only: it has been divided by the number of classes as well."
def average_ce(T, P):
    return -np.mean(special.xlogy(T, P))

# %% tags=["mistake"] question="average-ce" says="This is the sum over the samples: divide by their number, so that training and validation loss can be compared although the parts differ in size."
def average_ce(T, P):
    return -np.sum(special.xlogy(T, P))

# %% tags=["mistake"] question="average-ce" says="Where a wrong class has the probability 0, zero times minus infinity has given nan: take the logarithm of the right class alone."
def average_ce(T, P):
    return -np.sum(T * np.log(P)) / len(T)

# %% tags=["mistake"] question="average-ce" says="The sign is turned around: logarithms of probabilities are negative, and a loss should be the smaller the better."
def average_ce(T, P):
    return np.mean(np.log(np.sum(T * P, axis=1)))

# %% tags=["mistake"] question="average-ce" says="What was added inside the logarithm is large enough to be seen: a sample that the net is sure about and wrong then costs too little. No more than 1e-12 belongs there, or nothing."
def average_ce(T, P):
    return -np.mean(np.sum(T * np.log(P + 1e-5), axis=1))

# %% tags=["mistake"] question="average-ce" says="The logarithm of 0 has been left out also where the right class has the probability 0: then being sure and wrong costs nothing. Only the terms of wrong classes are 0."
def average_ce(T, P):
    return -np.sum(T * np.log(np.where(P > 0, P, 1))) / len(T)

# %% tags=["mistake"] question="average-ce" says="The probabilities have been kept too far from 0: a right class that is ruled out costs no more than the logarithm of that bound. No more than 1e-12 belongs there, or nothing."
def average_ce(T, P):
    return -np.mean(np.sum(T * np.log(np.clip(P, 1e-7, 1)), axis=1))

# %% tags=["alternative"] question="average-ce" name="clipped away from 0"
def average_ce(T, P):
    return -np.sum(T * np.log(np.clip(P, 1e-15, 1))) / T.shape[0]

# %% tags=["alternative"] question="average-ce" name="the right class by its number, in a loop"
def average_ce(T, P):
    total = 0
    for n, k in enumerate(T.argmax(axis=1)):
        total -= np.log(P[n, k])
    return total / len(P)

# %% tags=["alternative"] question="average-ce" name="a small number is added"
def average_ce(T, P):
    return -np.mean(np.sum(T * np.log(P + 1e-12), axis=1))

# %% [markdown]
# ## 1.6 Accuracy
#
# *Afterwards you can say in words how good the net is.*
#
# The net decides for the class with the largest probability. The accuracy is the fraction of samples, between 0 and 1,
# for which that is the right class.
#
# Shapes: $(N, K), (N, K) \to$ one number.

# %% nbgrader={"grade_id": "accuracy", "solution": true}
def accuracy(P, T):
    """The fraction of samples whose most probable class is the right one.

    P: (N, K), probabilities; T: (N, K), one-hot. Returns one number from 0 to 1.
    """
    ### BEGIN SOLUTION
    return np.mean(P.argmax(axis=1) == T.argmax(axis=1))
    ### END SOLUTION

# %% nbgrader={"grade_id": "accuracy-cases", "locked": true}
def decision_cases(rng):
    """Probabilities that are right for some of the samples, often without reaching one half. Class 0 is the most frequent
    one, and the only one with wrong answers in the first case; a class may be missing."""
    for N, K, wrong in ((8, 4, 3), (9, 5, 4), (20, 6, 8)):
        labels = np.zeros(N, int)
        labels[N // 2 + 1:] = np.append(rng.integers(1, K, N - N // 2 - 2), K - 1)
        answers = labels.copy()
        those = slice(0, wrong) if N == 8 else rng.permutation(N)[:wrong]
        answers[those] = (answers[those] + 2) % K
        P = rng.uniform(0.5, 1.0, (N, K))
        P[np.arange(N), answers] += rng.uniform(0.6, 1.2, N)
        order = rng.permutation(N)
        yield {"P": (P / P.sum(axis=1, keepdims=True))[order], "T": np.eye(K)[labels[order]], "case": f"N = {N}, K = {K}"}


# %% nbgrader={"grade_id": "accuracy-check", "grade": true, "points": 1}
check.values(accuracy, at=decision_cases, points=1)

# %% tags=["mistake"] question="accuracy" says="With more than two classes the largest probability can lie below one half: compare which class is largest, not which is rounded up to 1."
def accuracy(P, T):
    return np.mean(np.all(np.round(P) == T, axis=1))

# %% tags=["mistake"] question="accuracy" says="This is the average probability of the right class, not how often it is the largest."
def accuracy(P, T):
    return np.mean(np.sum(P * T, axis=1))

# %% tags=["mistake"] question="accuracy" says="This is the number of right answers: divide by the number of samples."
def accuracy(P, T):
    return np.sum(P.argmax(axis=1) == T.argmax(axis=1))

# %% tags=["mistake"] question="accuracy" says="The decision is made along a row, among the classes of one sample: here the samples of each class have been compared with each other."
def accuracy(P, T):
    return np.mean(P.argmax(axis=0) == T.argmax(axis=0))

# %% tags=["mistake"] question="accuracy" says="Classes are names, not quantities: an answer that is two classes off is as wrong as one that is one off, so count where they differ."
def accuracy(P, T):
    return 1 - np.mean(np.abs(P.argmax(axis=1) - T.argmax(axis=1)))

# %% tags=["mistake"] question="accuracy" says="This is the mean of the accuracies of the classes: rare classes then count as much as frequent ones, where every sample should count the same."
def accuracy(P, T):
    right = P.argmax(axis=1) == T.argmax(axis=1)
    return np.mean([right[T[:, k] == 1].mean() for k in range(T.shape[1]) if T[:, k].any()])

# %% tags=["alternative"] question="accuracy" name="counted in a loop"
def accuracy(P, T):
    right = 0
    for p, t in zip(P, T):
        right += int(t[np.argmax(p)] == 1)
    return right / len(P)

# %% tags=["alternative"] question="accuracy" name="the target picked at the largest probability"
def accuracy(P, T):
    return T[np.arange(len(T)), np.argmax(P, axis=1)].mean()

# %% [markdown]
# The next cell puts your functions together. `forward` keeps the activations of the hidden layer, which the backward pass
# needs.

# %% nbgrader={"grade_id": "the-net", "locked": true}
def forward(W_h, b_h, W_o, b_o, X):
    """Activations A (N, H) of the hidden layer and probabilities P (N, K)."""
    A = relu(compute_layer(X, W_h, b_h))
    return A, softmax(compute_layer(A, W_o, b_o))


def net_loss(W_h, b_h, W_o, b_o, X, T):
    """The loss as a function of all weights."""
    return average_ce(T, forward(W_h, b_h, W_o, b_o, X)[1])


def judge(W_h, b_h, W_o, b_o, X, T):
    """How good the net is on some images: loss and accuracy. Nothing is learned from them."""
    _, P = forward(W_h, b_h, W_o, b_o, X)
    return average_ce(T, P), accuracy(P, T)


def output_loss(W_o, b_o, A, T):
    """The loss as a function of the output layer."""
    return score_loss(compute_layer(A, W_o, b_o), T)


def score_loss(Z_o, T):
    """The loss as a function of the scores of the output layer."""
    return average_ce(T, softmax(Z_o))


# %% [markdown]
# ## 1.7 Backwards through the softmax
#
# *Afterwards you know how the loss moves with every score: where the backward pass begins.*
#
# Call the scores $Z_o = A W_o + b_o$. Cross-entropy and softmax belong together: the logarithm undoes the exponential,
# and of the whole Jacobian of the softmax almost nothing is left. Write $\log p_{nk} = z_{nk} - \log \sum_j e^{z_{nj}}$
# and differentiate with a pencil, for the right class and for a wrong one. The result is one line. Say it in words, too.
#
# $$\frac{\partial L}{\partial Z_o} = \;?$$
#
# Shapes: $P$ $(N, K)$, $T$ $(N, K)$ $\to$ $(N, K)$. Mind that the loss is a mean.

# %% nbgrader={"grade_id": "score-gradient", "solution": true}
def score_gradient(P, T):
    """The gradient of the loss with respect to the scores of the output layer.

    P: (N, K), probabilities; T: (N, K), one-hot. Returns dZ_o: (N, K).
    """
    ### BEGIN SOLUTION
    return (P - T) / len(T)
    ### END SOLUTION

# %% nbgrader={"grade_id": "score-gradient-check", "grade": true, "points": 2}
check.gradients(score_gradient, of=score_loss, wrt="Z_o", at=cached_cases, points=2)

# %% tags=["mistake"] question="score-gradient" says="The loss is a mean over the samples: the gradient is divided by N as well."
def score_gradient(P, T):
    return P - T

# %% tags=["mistake"] question="score-gradient" says="Truth minus belief points downhill: a gradient points to where the loss grows."
def score_gradient(P, T):
    return (T - P) / len(T)

# %% tags=["mistake"] question="score-gradient" says="The slope of the activation is in P - T already: it comes out of softmax and cross-entropy together and is not multiplied on again."
def score_gradient(P, T):
    return (P - T) * P * (1 - P) / len(T)

# %% tags=["mistake"] question="score-gradient" says="This is the gradient with respect to the probabilities: the backward pass has to go on through the softmax to the scores."
def score_gradient(P, T):
    return -T / P / len(T)

# %% tags=["mistake"] question="score-gradient" says="The mean is over the samples: it has been divided by all entries, the classes as well."
def score_gradient(P, T):
    return (P - T) / P.size

# %% tags=["alternative"] question="score-gradient" name="with the Jacobian of the softmax, sample by sample"
def score_gradient(P, T):
    rows = []
    for p, t in zip(P, T):
        J = np.diag(p) - np.outer(p, p)
        rows.append(J @ (-t / p) / len(P))
    return np.array(rows)

# %% tags=["alternative"] question="score-gradient" name="1 is taken off at the right class"
def score_gradient(P, T):
    D = P.copy()
    D[np.arange(len(P)), T.argmax(axis=1)] -= 1
    D /= P.shape[0]
    return D

# %% [markdown]
# ## 1.8 On paper: all four gradients
#
# *Afterwards the whole backward pass of the net stands on half a page.*
#
# Derive the gradients of the loss with respect to $W_o$, $b_o$, $W_h$ and $b_h$ before you write any code. Go backwards
# from $\partial L / \partial Z_o$, which you have, one operation at a time: $Z_o = A W_o + b_o$, then
# $A = \mathrm{relu}(Z_h)$, then $Z_h = X W_h + b_h$. At each one ask how the loss moves with its input, when you know how
# it moves with its output. Follow a single entry with indices, $W_{o,hk}$ say: which scores does it move, and in which
# samples? Then put the sums together to matrix products. A bias is used for every sample at once. Whether a hidden
# unit was on can be read off $A$.
#
# Hand the result in as a text of formulas, one a line, in numpy's notation. You may use $X$, $A$, $P$, $T$, $W_o$ and $N$,
# and further lines of your own. `@` is the matrix product, `*` goes entry by entry, `.T` transposes, `(A > 0)` is 1 where
# that holds and 0 elsewhere, and `sum(…, axis=0, keepdims=True)` adds up the rows. The self-check shows your formulas as
# mathematics and compares their values: any way to write them is right.

# %% nbgrader={"grade_id": "derivation-cases", "locked": true}
def gradient_letters(rng):
    """The letters of the derivation, first with small numbers."""
    small = {"X": np.array([[1.0, 2.0], [3.0, -1.0]]), "A": np.array([[2.0], [0.0]]), "W_o": np.array([[1.0, -3.0]]),
             "P": np.array([[0.75, 0.25], [0.5, 0.5]]), "T": np.array([[0.0, 1.0], [1.0, 0.0]]),
             "case": "N = 2, F = 2, H = 1, K = 2"}
    for case in (small, *cached_cases(rng)):
        yield {**{name: case[name] for name in ("X", "A", "P", "T", "W_o")}, "N": len(case["X"]), "case": case["case"]}


# %% nbgrader={"grade_id": "derivation", "solution": true}
def gradient_formulas():
    """The gradients of the loss as formulas of X, A, P, T, W_o and N.

    Returns a text with the lines "dW_o = ...", "db_o = ...", "dW_h = ..." and "db_h = ...".
    """
    ### BEGIN SOLUTION
    return """
    dZ_o = (P - T) / N
    dW_o = A.T @ dZ_o
    db_o = sum(dZ_o, axis=0, keepdims=True)
    dZ_h = dZ_o @ W_o.T * (A > 0)
    dW_h = X.T @ dZ_h
    db_h = sum(dZ_h, axis=0, keepdims=True)
    """
    ### END SOLUTION

# %% nbgrader={"grade_id": "derivation-check", "grade": true, "points": 4}
check.derivation(gradient_formulas, at=gradient_letters, returns=("dW_o", "db_o", "dW_h", "db_h"), points=4)

# %% tags=["mistake"] question="derivation" says="The mean over the samples is missing: a factor 1/N comes with the gradient with respect to the scores, and so into all four."
def gradient_formulas():
    return """D = P - T
    dW_o = A.T @ D; db_o = sum(D, axis=0, keepdims=True)
    dW_h = X.T @ (D @ W_o.T * (A > 0)); db_h = sum(D @ W_o.T * (A > 0), axis=0, keepdims=True)"""

# %% tags=["mistake"] question="derivation" says="The ReLU is missing, in both gradients of the hidden layer or in one: a unit that was off for a sample passes nothing of that sample on to W_h and b_h."
def gradient_formulas():
    return """D = (P - T) / N
    dW_o = A.T @ D; db_o = sum(D, axis=0, keepdims=True)
    dW_h = X.T @ (D @ W_o.T); db_h = sum(D @ W_o.T, axis=0, keepdims=True)"""

# %% tags=["mistake"] question="derivation" says="Both biases have been averaged: 1/N is in the gradient with respect to the scores already, and what is left to do for a bias is a sum."
def gradient_formulas():
    return """D = (P - T) / N
    dW_o = A.T @ D; db_o = mean(D, axis=0, keepdims=True)
    dW_h = X.T @ (D @ W_o.T * (A > 0)); db_h = mean(D @ W_o.T * (A > 0), axis=0, keepdims=True)"""

# %% tags=["mistake"] question="derivation" says="What reaches a hidden unit has been multiplied by its activation: the slope of the ReLU is 1 where it is on, whatever the activation is."
def gradient_formulas():
    return """D = (P - T) / N
    dW_o = A.T @ D; db_o = sum(D, axis=0, keepdims=True)
    dW_h = X.T @ (D @ W_o.T * A); db_h = sum(D @ W_o.T * A, axis=0, keepdims=True)"""

# %% tags=["mistake"] question="derivation" says="The sign is turned around: the gradient points to where the loss grows, and the loss grows with what the net believes of a wrong class."
def gradient_formulas():
    return """D = (T - P) / N
    dW_o = A.T @ D; db_o = sum(D, axis=0, keepdims=True)
    dW_h = X.T @ (D @ W_o.T * (A > 0)); db_h = sum(D @ W_o.T * (A > 0), axis=0, keepdims=True)"""

# %% tags=["mistake"] question="derivation" says="The slope of the softmax has come in a second time: softmax and cross-entropy together have left only P - T."
def gradient_formulas():
    return """D = (P - T) * P * (1 - P) / N
    dW_o = A.T @ D; db_o = sum(D, axis=0, keepdims=True)
    dW_h = X.T @ (D @ W_o.T * (A > 0)); db_h = sum(D @ W_o.T * (A > 0), axis=0, keepdims=True)"""

# %% tags=["alternative"] question="derivation" name="the mean taken last, the mask by sign"
def gradient_formulas():
    return """B = (P - T) @ W_o.T * sign(A)
    dW_h = X.T @ B / N
    db_h = mean(B, axis=0, keepdims=True)
    dW_o = A.T @ (P - T) / N
    db_o = mean(P - T, axis=0, keepdims=True)"""

# %% tags=["alternative"] question="derivation" name="a dict, transposed, with where"
def gradient_formulas():
    return {"D": "(P - T) / N", "B": "where(A > 0, D @ W_o.T, 0)", "dW_o": "(D.T @ A).T", "dW_h": "(B.T @ X).T",
            "db_o": "sum(D, axis=0, keepdims=True)", "db_h": "sum(B, axis=0, keepdims=True)"}

# %% [markdown]
# ## 1.9 The output layer
#
# *Afterwards the output layer can learn.*
#
# Now as code. The scores are $Z_o = A W_o + b_o$, and the mean over the samples is already in
# $\partial L / \partial Z_o$. This question and the next take $P$ and $T$, so that a slip in 1.7 does not spoil them.
#
# Shapes: $A$ $(N, H)$, $P$ and $T$ $(N, K)$ $\to$ $(H, K)$ and $(1, K)$.

# %% nbgrader={"grade_id": "output-gradients", "solution": true}
def output_gradients(A, P, T):
    """The gradients of the loss with respect to weights and biases of the output layer.

    A: (N, H), activations of the hidden layer; P: (N, K), probabilities; T: (N, K), one-hot.
    Returns dW_o: (H, K) and db_o: (1, K).
    """
    ### BEGIN SOLUTION
    dZ_o = (P - T) / len(T)  # (N, K)
    return A.T @ dZ_o, dZ_o.sum(axis=0, keepdims=True)
    ### END SOLUTION

# %% nbgrader={"grade_id": "output-gradients-check", "grade": true, "points": 3}
check.gradients(
    output_gradients, of=output_loss, wrt=("W_o", "b_o"), at=cached_cases, points=3,
    ### BEGIN HIDDEN TESTS
    also_at=lambda rng: cached_cases(rng, sizes=((1, 3, 2, 5), (6, 1, 3, 2))),
    ### END HIDDEN TESTS
)

# %% tags=["mistake"] question="output-gradients" says="The mean over the samples has been taken twice for the bias: 1/N is in the gradient of the scores already, so what is left is a sum."
def output_gradients(A, P, T):
    D = (P - T) / len(T)
    return A.T @ D, D.mean(axis=0, keepdims=True)

# %% tags=["mistake"] question="output-gradients" says="The gradient of a bias has the shape of the bias, (1, K): keep the axis that was summed over."
def output_gradients(A, P, T):
    D = (P - T) / len(T)
    return A.T @ D, D.sum(axis=0)

# %% tags=["mistake"] question="output-gradients" says="Only the weights are averaged over the samples: the gradient of the bias lacks the division by N."
def output_gradients(A, P, T):
    D = P - T
    return A.T @ D / len(T), D.sum(axis=0, keepdims=True)

# %% tags=["mistake"] question="output-gradients" says="The gradient of the weights holds the activations themselves, not only whether they are positive: that belongs to the layer below."
def output_gradients(A, P, T):
    D = (P - T) / len(T)
    return (A > 0).T @ D, D.sum(axis=0, keepdims=True)

# %% tags=["mistake"] question="output-gradients" says="The bias has one gradient for each class: here all classes have been added up into the same number."
def output_gradients(A, P, T):
    D = (P - T) / len(T)
    return A.T @ D, np.full((1, T.shape[1]), np.abs(D).sum())

# %% tags=["alternative"] question="output-gradients" name="einsum"
def output_gradients(A, P, T):
    D = (P - T) / P.shape[0]
    return np.einsum("nh,nk->hk", A, D), np.einsum("nk->k", D)[np.newaxis, :]

# %% tags=["alternative"] question="output-gradients" name="sample by sample"
def output_gradients(A, P, T):
    dW, db = 0, 0
    for a, p, t in zip(A, P, T):
        dW = dW + np.outer(a, p - t) / len(A)
        db = db + (p - t)[None] / len(A)
    return [dW, db]

# %% [markdown]
# ## 1.10 The hidden layer
#
# *Afterwards you have all four gradients of the net.*
#
# Two steps further back: through $W_o$ to the activations, and through the ReLU. What arrives from the layer above is
# called the upstream gradient; only a part of it goes on. Keep the pre-activations out of it: you get only $A$.
#
# Shapes: $X$ $(N, F)$, $A$ $(N, H)$, $W_o$ $(H, K)$, $P$ and $T$ $(N, K)$ $\to$ $(F, H)$ and $(1, H)$.

# %% nbgrader={"grade_id": "hidden-gradients", "solution": true}
def hidden_gradients(X, A, W_o, P, T):
    """The gradients of the loss with respect to weights and biases of the hidden layer.

    X: (N, F), inputs; A: (N, H), activations of the hidden layer; W_o: (H, K);
    P: (N, K), probabilities; T: (N, K), one-hot.
    Returns dW_h: (F, H) and db_h: (1, H).
    """
    ### BEGIN SOLUTION
    dZ_o = (P - T) / len(T)  # (N, K)
    dA = dZ_o @ W_o.T  # (N, H)
    dZ_h = dA * (A > 0)  # (N, H): nothing passes through a unit that is off
    return X.T @ dZ_h, dZ_h.sum(axis=0, keepdims=True)
    ### END SOLUTION

# %% nbgrader={"grade_id": "hidden-gradients-check", "grade": true, "points": 5}
check.gradients(
    hidden_gradients, of=net_loss, wrt=("W_h", "b_h"), at=cached_cases, points=5,
    ### BEGIN HIDDEN TESTS
    also_at=lambda rng: cached_cases(rng, sizes=((9, 3, 5, 2), (6, 2, 7, 3))),
    ### END HIDDEN TESTS
)

# %% tags=["mistake"] question="hidden-gradients" says="The backward pass goes through the ReLU: where a hidden unit was off for a sample, nothing of that sample passes."
def hidden_gradients(X, A, W_o, P, T):
    D = (P - T) / len(T) @ W_o.T
    return X.T @ D, D.sum(axis=0, keepdims=True)

# %% tags=["mistake"] question="hidden-gradients" says="The ReLU has been applied to the gradient itself: what decides is whether the activation was positive on the way forward, and gradients may be negative."
def hidden_gradients(X, A, W_o, P, T):
    D = np.maximum((P - T) / len(T) @ W_o.T, 0)
    return X.T @ D, D.sum(axis=0, keepdims=True)

# %% tags=["mistake"] question="hidden-gradients" says="The slope of relu is 1 where a unit is on, not the activation: the upstream gradient passes unchanged."
def hidden_gradients(X, A, W_o, P, T):
    D = (P - T) / len(T) @ W_o.T * A
    return X.T @ D, D.sum(axis=0, keepdims=True)

# %% tags=["mistake"] question="hidden-gradients" says="A (1 - A) is the slope of the sigmoid: this hidden layer is a ReLU."
def hidden_gradients(X, A, W_o, P, T):
    D = (P - T) / len(T) @ W_o.T * A * (1 - A)
    return X.T @ D, D.sum(axis=0, keepdims=True)

# %% tags=["mistake"] question="hidden-gradients" says="The mean over the samples has been taken twice for the bias: what is left to do after 1/N is a sum."
def hidden_gradients(X, A, W_o, P, T):
    D = (P - T) / len(T) @ W_o.T * (A > 0)
    return X.T @ D, D.mean(axis=0, keepdims=True)

# %% tags=["mistake"] question="hidden-gradients" says="The loss is a mean over the samples: both gradients lack the division by N."
def hidden_gradients(X, A, W_o, P, T):
    D = (P - T) @ W_o.T * (A > 0)
    return X.T @ D, D.sum(axis=0, keepdims=True)

# %% tags=["alternative"] question="hidden-gradients" name="einsum, slope by sign"
def hidden_gradients(X, A, W_o, P, T):
    D = np.einsum("nk,hk,nh->nh", P - T, W_o, np.sign(A)) / X.shape[0]
    return np.einsum("nf,nh->fh", X, D), np.einsum("nh->h", D).reshape(1, -1)

# %% tags=["alternative"] question="hidden-gradients" name="sample by sample, with masks"
def hidden_gradients(X, A, W_o, P, T):
    dW, db = np.zeros((X.shape[1], A.shape[1])), np.zeros((1, A.shape[1]))
    for n in range(len(X)):
        d = W_o @ (P[n] - T[n]) / len(X)
        d[A[n] <= 0] = 0
        dW += np.outer(X[n], d)
        db += d
    return dW, db

# %% tags=["alternative"] question="hidden-gradients" name="float32"
def hidden_gradients(X, A, W_o, P, T):
    X, A, W_o, P, T = (array.astype(np.float32) for array in (X, A, W_o, P, T))
    D = (P - T) @ W_o.T * (A > 0) / np.float32(len(X))
    return X.T @ D, D.sum(axis=0, keepdims=True)

# %% [markdown]
# ### All four, measured
#
# Before anything is trained, put it all together: the four gradients of one net, beside finite differences of its loss. An
# error of $10^{-7}$ or less is round-off. Have you written a gradient checker of your own, in problem set 4? Then paste
# `finite_differences` and `gradient_error` in place of the next line, and it does the measuring here.

# %%
finite_differences = gradient_error = None  # yours of problem set 4; with None, the course's tool measures

# %%
def error_of(name, gradient, net):
    """How far a gradient is from finite differences of the loss, relative to the largest entry."""
    def loss(W):
        return net_loss(**{**net, name: W})
    if finite_differences and gradient_error:
        return gradient_error(gradient, finite_differences(loss, net[name], 1e-5))
    return numerical.compare(gradient, numerical.gradient(loss, net[name])).error


with check.once_written():
    net = small_net(np.random.default_rng(3), 9, 5, 6, 4)
    del net["case"]
    A, P = forward(**{name: net[name] for name in ("W_h", "b_h", "W_o", "b_o", "X")})
    found = *hidden_gradients(net["X"], A, net["W_o"], P, net["T"]), *output_gradients(A, P, net["T"])
    print("measured with", "your own checker" if finite_differences and gradient_error else "the course's tool")
    for name, gradient in zip(("W_h", "b_h", "W_o", "b_o"), found):
        error = error_of(name, gradient, net)
        print(f"{name}: error {error:.0e}  {'right' if error < 1e-6 else 'WRONG'}")

# %% [markdown]
# # Part 2: momentum
#
# Gradient descent forgets. Each step looks only at the slope where it stands. In a narrow valley the slope points
# almost straight at the opposite wall, so the steps go from wall to wall and make little progress along the valley.
# A heavy ball does better: the pushes from left and right cancel, and the pushes along the valley add up.
#
# Momentum gives each weight a *velocity* $v$. It keeps the fraction $\gamma$ of itself at each step and gets a push from
# the gradient $g$. The weight moves by the velocity:
#
# $$v \leftarrow \gamma\, v + \eta\, g, \qquad w \leftarrow w - v$$
#
# At the beginning, $v = 0$. With $\gamma = 0$ it is plain gradient descent. Work out with a pencil what $v$ comes to in the
# end if the gradient stays the same, and after how many steps it is about there, for $\gamma = 0.9$ and for 0.99. You
# will need both numbers in 4.3.

# %% [markdown]
# ## 2.1 One step
#
# *Afterwards a step knows where it comes from.*
#
# First the velocity, then the weight, and the weight moves by the **new** velocity. Return both: the next step needs
# the velocity again.
#
# Shapes: $w$, $v$ and $g$ have one shape, whatever it is $\to$ two arrays of that shape.

# %% nbgrader={"grade_id": "momentum-step", "solution": true}
def momentum_step(w, v, g, eta, gamma):
    """One step of gradient descent with momentum.

    w, v, g: arrays of one shape: weights, their velocity so far, their gradient;
    eta: learning rate; gamma: the fraction of the velocity that is kept.
    Returns w and v after the step, as new arrays.
    """
    ### BEGIN SOLUTION
    v = gamma * v + eta * g
    return w - v, v
    ### END SOLUTION

# %% nbgrader={"grade_id": "momentum-step-cases", "locked": true}
def moving_cases(rng):
    """Weights that are under way: the velocity is not 0."""
    for shape, eta, gamma in (((3, 4), 0.1, 0.9), ((1, 5), 0.3, 0.99), ((4, 2), 0.05, 0.5)):
        w, v, g = rng.standard_normal((3, *shape))
        yield {"w": w, "v": v, "g": g, "eta": eta, "gamma": gamma, "case": f"η = {eta}, γ = {gamma}"}
    w, v, g = rng.standard_normal((3, 3, 2))
    yield {"w": w, "v": v, "g": 1000 * g, "eta": 0.001, "gamma": 0.9, "case": "a steep slope"}


# %% nbgrader={"grade_id": "momentum-step-check", "grade": true, "points": 2}
check.values(momentum_step, at=moving_cases, returns=("w", "v"), points=2)

# %% tags=["mistake"] question="momentum-step" says="The weight has moved by the old velocity: the push of this gradient comes one step late."
def momentum_step(w, v, g, eta, gamma):
    return w - v, gamma * v + eta * g

# %% tags=["mistake"] question="momentum-step" says="The velocity already points uphill, as the gradient does: it is subtracted."
def momentum_step(w, v, g, eta, gamma):
    v = gamma * v + eta * g
    return w + v, v

# %% tags=["mistake"] question="momentum-step" says="Here the learning rate is multiplied to the whole velocity, as some libraries do: in our formula it belongs to the gradient, and v has it inside already."
def momentum_step(w, v, g, eta, gamma):
    v = gamma * v + g
    return w - eta * v, v

# %% tags=["mistake"] question="momentum-step" says="A running average weighs the new gradient with 1 - gamma: here it counts in full, so that the velocity can grow beyond a single step."
def momentum_step(w, v, g, eta, gamma):
    v = gamma * v + (1 - gamma) * eta * g
    return w - v, v

# %% tags=["mistake"] question="momentum-step" says="The arrays that came in have been changed: the caller's weights moved behind its back. Make new arrays."
def momentum_step(w, v, g, eta, gamma):
    v *= gamma
    v += eta * g
    w -= v
    return w, v

# %% tags=["mistake"] question="momentum-step" says="The new velocity has been applied and its kept part on top, so the weight moves twice: that is a look ahead, not this step."
def momentum_step(w, v, g, eta, gamma):
    v = gamma * v + eta * g
    return w - gamma * v - eta * g, v

# %% tags=["alternative"] question="momentum-step" name="velocity with the other sign inside"
def momentum_step(w, v, g, eta, gamma):
    push = -eta * g - gamma * v
    return w + push, -push

# %% tags=["alternative"] question="momentum-step" name="in place on copies"
def momentum_step(w, v, g, eta, gamma):
    w, v = w.copy(), np.array(v)
    v *= gamma
    v += eta * g
    w -= v
    return [w, v]

# %% [markdown]
# ## 2.2 Many steps down a valley
#
# *Afterwards you can watch momentum at work, without a net.*
#
# The valley is $f(w) = \frac{1}{2} w^\top Q\, w$ with a symmetric matrix $Q$, so its gradient is $Q w$. Start at rest and
# write down every place you come through, the start included. A trap: if you move the array `w` in place, and keep `w`
# in a list, then the list holds the same array over and over, and the whole path ends up at the last place.
#
# Shapes: $Q$ $(d, d)$, $w$ $(d,)$ $\to$ `(steps + 1, d)`.

# %% nbgrader={"grade_id": "valley-path", "solution": true}
def valley_path(Q, w, eta, gamma, steps):
    """The way of gradient descent with momentum down f(w) = w·Qw / 2, from rest.

    Q: (d, d), symmetric; w: (d,), the start; eta, gamma: as above; steps: number of steps.
    Returns path: (steps + 1, d); path[0] is the start, path[k] the place after step k.
    """
    ### BEGIN SOLUTION
    v = np.zeros_like(w)
    path = [w]
    for _ in range(steps):
        v = gamma * v + eta * (Q @ w)
        w = w - v
        path.append(w)
    return np.array(path)
    ### END SOLUTION

# %% nbgrader={"grade_id": "valley-cases", "locked": true}
def valley_cases(rng):
    """Valleys in two and three dimensions, a few steps each."""
    for slopes, eta, gamma, steps in (((1.0, 10.0), 0.08, 0.9, 6), ((0.5, 2.0, 6.0), 0.1, 0.5, 5),
                                      ((1.0, 4.0), 0.1, 0.99, 7)):
        turn, _ = np.linalg.qr(rng.standard_normal((len(slopes), len(slopes))))
        yield {"Q": turn @ np.diag(slopes) @ turn.T, "w": 2 + rng.random(len(slopes)), "eta": eta, "gamma": gamma,
               "steps": steps, "case": f"{len(slopes)} dimensions, γ = {gamma}"}
    flat = rng.uniform(0.5, 1.0, 2) * 1e-8
    yield {"Q": np.diag(flat), "w": 2 + rng.random(2), "eta": 1e7, "gamma": 0.9, "steps": 4, "case": "nearly level"}


# %% nbgrader={"grade_id": "valley-path-check", "grade": true, "points": 3}
check.values(valley_path, at=valley_cases, points=3)

# %% tags=["mistake"] question="valley-path" says="The velocity is set to zero in every step, so nothing is remembered: this is plain gradient descent."
def valley_path(Q, w, eta, gamma, steps):
    path = [w]
    for _ in range(steps):
        v = np.zeros_like(w)
        v = gamma * v + eta * (Q @ w)
        w = w - v
        path.append(w)
    return np.array(path)

# %% tags=["mistake"] question="valley-path" says="The velocity is applied twice in every step: once in the update, and once more on its own."
def valley_path(Q, w, eta, gamma, steps):
    v, path = np.zeros_like(w), [w]
    for _ in range(steps):
        v = gamma * v + eta * (Q @ w)
        w = w - v
        w = w - v
        path.append(w)
    return np.array(path)

# %% tags=["mistake"] question="valley-path" says="Every row of the path is the same array, moved in place: keep a copy of each place, and leave the start alone."
def valley_path(Q, w, eta, gamma, steps):
    v, path = np.zeros_like(w), [w]
    for _ in range(steps):
        v = gamma * v + eta * (Q @ w)
        w -= v
        path.append(w)
    return np.array(path)

# %% tags=["mistake"] question="valley-path" says="The gradient has been taken once, at the start: it changes with every step, so it is taken anew at each place."
def valley_path(Q, w, eta, gamma, steps):
    v, g, path = np.zeros_like(w), Q @ w, [w]
    for _ in range(steps):
        v = gamma * v + eta * g
        w = w - v
        path.append(w)
    return np.array(path)

# %% tags=["mistake"] question="valley-path" says="The path begins after the first step: the start is its first place."
def valley_path(Q, w, eta, gamma, steps):
    v, path = np.zeros_like(w), []
    for _ in range(steps):
        v = gamma * v + eta * (Q @ w)
        w = w - v
        path.append(w)
    return np.array(path)

# %% tags=["mistake"] question="valley-path" says="The velocity comes in with eta once more: what is kept of it has the learning rate inside already."
def valley_path(Q, w, eta, gamma, steps):
    v, path = np.zeros_like(w), [w]
    for _ in range(steps):
        v = eta * (gamma * v + Q @ w)
        w = w - v
        path.append(w)
    return np.array(path)

# %% tags=["alternative"] question="valley-path" name="a heavy ball: from this place and the one before"
def valley_path(Q, w, eta, gamma, steps):
    path = np.empty((steps + 1, len(w)))
    path[0] = before = w
    for k in range(steps):
        path[k + 1] = path[k] - eta * Q @ path[k] + gamma * (path[k] - before)
        before = path[k]
    return path

# %% tags=["alternative"] question="valley-path" name="with momentum_step"
def valley_path(Q, w, eta, gamma, steps):
    v, path = 0 * w, [np.copy(w)]
    while len(path) <= steps:
        w, v = momentum_step(w, v, Q @ w, eta, gamma)
        path.append(w)
    return np.stack(path)

# %% [markdown]
# ### The same valley, three kinds of step
#
# The valley below is 100 times as steep across as along. All three start at the same place and take 80 steps with the
# same $\eta$. Plain descent zigzags a little and then creeps. $\gamma = 0.9$ overshoots, turns around and gets there.
# $\gamma = 0.99$ has so little friction that it swings like a pendulum: look at its height.

# %% tags=["experiment"]
def draw_paths(Q, start, eta, gammas, steps):
    """Paths on the contour lines of the valley, and the height over the steps."""
    paths = {gamma: valley_path(Q, start, eta, gamma, steps) for gamma in gammas}
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.4, 4.0), constrained_layout=True)
    x, y = np.meshgrid(np.linspace(-11, 11, 200), np.linspace(-1.2, 1.2, 200))
    height = (Q[0, 0] * x**2 + 2 * Q[0, 1] * x * y + Q[1, 1] * y**2) / 2
    left.contour(x, y, height, levels=np.geomspace(0.2, 130, 9), colors="#BBBBBB", linewidths=0.8)
    heights = {f"γ = {gamma}": np.einsum("ki,ij,kj->k", path, Q, path) / 2 for gamma, path in paths.items()}
    for (gamma, path), color in reversed(list(zip(paths.items(), plots.COLORS))):
        left.plot(*path.T, marker="o", markersize=2.5, linewidth=1.1, color=color, label=f"γ = {gamma}")
    left.plot(0, 0, "k*", markersize=10)
    left.set(title=f"{steps} steps at η = {eta}", xlabel="$w_1$ (along the valley)", ylabel="$w_2$ (across)")
    left.legend(loc="lower left", framealpha=0.9)
    plots.learning_curves(heights, title="How high above the lowest point", xlabel="step", ylabel="f(w)", first=0,
                          ax=right)
    plt.show()


with check.once_written():
    draw_paths(np.diag([1.0, 100.0]), np.array([10.0, 0.8]), eta=0.015, gammas=(0, 0.9, 0.99), steps=80)

# %% [markdown]
# ## 2.3 How long may a step be? First guess
#
# *Afterwards you have said something that the next cell can contradict.*
#
# In this valley, plain gradient descent stays in it as long as $\eta < 0.02$; with a larger $\eta$ it climbs the walls
# higher at every step. Does momentum allow a larger or only a smaller $\eta$ before that happens? The old pushes add up, so
# perhaps smaller. Or does it help? Predict the largest $\eta$ that is still stable for $\gamma = 0.9$. The point is for a
# prediction, right or wrong: one that you have made is worth more than an explanation that you have read.

# %% nbgrader={"grade_id": "predict-edge", "solution": true}
def predict_edge():
    """Your prediction: the largest stable learning rate for gamma = 0.9 in the valley with the slopes 1 and 100.

    Returns one number between 0 and 1.
    """
    ### BEGIN SOLUTION
    return 0.038
    ### END SOLUTION

# %% nbgrader={"grade_id": "predict-edge-cases", "locked": true}
def nothing_given(rng):
    """A prediction is made out of nothing."""
    yield {"case": "your prediction"}


def between_0_and_1(prediction):
    """One number that can be a learning rate here."""
    return np.ndim(prediction) == 0 and 0 < float(prediction) < 1


# %% nbgrader={"grade_id": "predict-edge-check", "grade": true, "points": 1}
check.properties(predict_edge, at=nothing_given, points=1, a_number_between_0_and_1=between_0_and_1)

# %% tags=["mistake"] question="predict-edge" says="A learning rate of 0 moves nothing, and is no prediction: name a number between 0 and 1."
def predict_edge():
    return 0.0

# %% tags=["mistake"] question="predict-edge" says="With a negative learning rate the steps go uphill: name a number between 0 and 1."
def predict_edge():
    return -0.02

# %% tags=["alternative"] question="predict-edge" name="another guess"
def predict_edge():
    return 0.002

# %% tags=["alternative"] question="predict-edge" name="as an array without an axis"
def predict_edge():
    return np.array(0.02)

# %% [markdown]
# ### The edge, measured
#
# For each $\gamma$ the cell looks for the largest $\eta$ with which 2,000 steps of your `valley_path` still end near the
# lowest point, halving an interval fourteen times.

# %% tags=["experiment"]
def largest_stable_rate(Q, start, gamma, steps=2000):
    """The largest learning rate with which the path ends lower than it began, by halving an interval."""
    low, high = 0.0, 0.1
    for _ in range(14):
        middle = (low + high) / 2
        end = valley_path(Q, start, middle, gamma, steps)[-1]
        low, high = (middle, high) if end @ Q @ end < start @ Q @ start else (low, middle)
    return low


with check.once_written(), np.errstate(all="ignore"):
    edges = {gamma: largest_stable_rate(np.diag([1.0, 100.0]), np.array([10.0, 0.8]), gamma)
             for gamma in (0, 0.5, 0.9, 0.99)}
    for gamma, edge in edges.items():
        print(f"γ = {gamma}: stable up to η = {edge:.4f}")
    print(f"Your prediction for γ = 0.9 was {float(predict_edge()):g}.")

# %% [markdown]
# # Part 3: learning from the right part of the data
#
# The images fall into three parts, and each has one use.
#
# | part | what it is for | what it must never do |
# |---|---|---|
# | training | the weights learn from it | |
# | validation | decides between settings: learning rate, $\gamma$, when to stop | move a weight |
# | test | says at the very end how good the result is on new images | decide anything |
#
# Every number that you learn from the validation or test part, on purpose or not, makes the net look better than it is.

# %% [markdown]
# ## 3.1 The same scale for all parts
#
# *Afterwards every pixel has about the same size, by a rule that the validation images had no say in.*
#
# Nets learn faster if each input has mean 0 and standard deviation 1. Subtract from each pixel its mean and divide by its
# standard deviation: **the mean and the standard deviation over the training images, for all three parts.** New images
# arrive one at a time. One image has no statistics of its own, and neither have the validation images, which stand in
# for it.
#
# A pixel in the corner is black in every training image, and its standard deviation is 0. Others are black in nearly
# all. Divide by the standard deviation or by `floor`, whichever is larger. (This is not the rule of problem set 4, which
# leaves such pixels undivided: a function of the same name, copied from there, gives other numbers.)
#
# $$x_{nf} \;\to\; \frac{x_{nf} - \mu_f}{\max(\sigma_f, \text{floor})}$$
#
# with $\sigma_f$ as `np.std` has it, a mean over all training images.
#
# Shapes: three arrays $(N_i, F)$ $\to$ three arrays of the same shapes. $\mu$ and $\sigma$ have one entry per pixel.

# %% nbgrader={"grade_id": "standardise", "solution": true}
def standardise(train, validation, test, floor):
    """All three parts on the scale of the training part.

    train: (N1, F), validation: (N2, F), test: (N3, F); floor: the smallest divisor.
    Returns the three parts, each pixel minus its mean, divided by its standard deviation or by floor.
    """
    ### BEGIN SOLUTION
    mean = train.mean(axis=0)  # (F,)
    divisor = np.maximum(train.std(axis=0), floor)
    return (train - mean) / divisor, (validation - mean) / divisor, (test - mean) / divisor
    ### END SOLUTION

# %% nbgrader={"grade_id": "standardise-cases", "locked": true}
def scale_cases(rng):
    """Three parts from different distributions; in the training part the last pixel is constant, the first nearly so."""
    for sizes, F, floor in (((6, 4, 3), 4, 0.25), ((5, 5, 5), 3, 0.4)):
        train, validation, test = (1 + k + (1 + k) * rng.standard_normal((n, F)) for k, n in enumerate(sizes))
        train[:, 0] = 0.5 + 0.1 * rng.permutation(np.linspace(-1, 1, len(train)))
        train[:, -1] = 0.5
        yield {"train": train, "validation": validation, "test": test, "floor": floor, "case": f"F = {F}"}


# %% nbgrader={"grade_id": "standardise-check", "grade": true, "points": 2}
check.values(standardise, at=scale_cases, returns=("train", "validation", "test"), points=2)

# %% tags=["mistake"] question="standardise" says="Each part has been scaled by statistics of its own: validation and test images have to be measured on the scale of the training images, as a single new image would be."
def standardise(train, validation, test, floor):
    def own(part):
        return (part - part.mean(axis=0)) / np.maximum(part.std(axis=0), floor)
    return own(train), own(validation), own(test)

# %% tags=["mistake"] question="standardise" says="Mean and standard deviation have been taken over all images together: something of the validation and test images has leaked into the training."
def standardise(train, validation, test, floor):
    everything = np.vstack([train, validation, test])
    mean, divisor = everything.mean(axis=0), np.maximum(everything.std(axis=0), floor)
    return (train - mean) / divisor, (validation - mean) / divisor, (test - mean) / divisor

# %% tags=["mistake"] question="standardise" says="A pixel that never changes has the standard deviation 0, and dividing by it gives no number: the divisor must not fall below the floor."
def standardise(train, validation, test, floor):
    mean, divisor = train.mean(axis=0), train.std(axis=0)
    return (train - mean) / divisor, (validation - mean) / divisor, (test - mean) / divisor

# %% tags=["mistake"] question="standardise" says="One mean and one standard deviation for all pixels is another scaling: here each pixel has its own, over the samples."
def standardise(train, validation, test, floor):
    mean, divisor = train.mean(), max(train.std(), floor)
    return (train - mean) / divisor, (validation - mean) / divisor, (test - mean) / divisor

# %% tags=["mistake"] question="standardise" says="The floor has been added to the standard deviation: it replaces it only where it is smaller."
def standardise(train, validation, test, floor):
    mean, divisor = train.mean(axis=0), train.std(axis=0) + floor
    return (train - mean) / divisor, (validation - mean) / divisor, (test - mean) / divisor

# %% tags=["mistake"] question="standardise" says="Only a standard deviation of exactly 0 has been replaced: a pixel that hardly varies is then blown up, and any standard deviation below the floor gives way to it."
def standardise(train, validation, test, floor):
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    divisor = np.where(deviation < 1e-9, floor, deviation)
    return (train - mean) / divisor, (validation - mean) / divisor, (test - mean) / divisor

# %% tags=["alternative"] question="standardise" name="all parts at once, scaled by the training rows"
def standardise(train, validation, test, floor):
    n, m = len(train), len(train) + len(validation)
    everything = np.concatenate([train, validation, test])
    deviation = np.sqrt(np.mean((train - train.mean(axis=0)) ** 2, axis=0))
    scaled = (everything - np.mean(everything[:n], axis=0)) / np.where(deviation < floor, floor, deviation)
    return scaled[:n], scaled[n:m], scaled[m:]

# %% tags=["alternative"] question="standardise" name="pixel by pixel"
def standardise(train, validation, test, floor):
    parts = [train.astype(float), validation.astype(float), test.astype(float)]
    for f in range(train.shape[1]):
        mean, divisor = np.mean(train[:, f]), max(np.std(train[:, f]), floor)
        for part in parts:
            part[:, f] = (part[:, f] - mean) / divisor
    return parts

# %% [markdown]
# ## 3.2 Training, with a validation curve
#
# *Afterwards your net learns, and you see whether what it learns holds for other images.*
#
# The next cell puts your functions together to two. `judge` looks at images and returns loss and accuracy. `study` does
# that as well, and returns what can be learned from them: all four gradients.

# %% nbgrader={"grade_id": "study", "locked": true}
def study(W_h, b_h, W_o, b_o, X, T):
    """Loss, accuracy, and the gradients with respect to W_h, b_h, W_o, b_o (a tuple of four)."""
    A, P = forward(W_h, b_h, W_o, b_o, X)
    gradients = *hidden_gradients(X, A, W_o, P, T), *output_gradients(A, P, T)
    return average_ce(T, P), accuracy(P, T), gradients


# %% [markdown]
# Write the training loop. `judge` and `study` come as arguments; each is called with the four weight arrays, inputs and
# targets. In every epoch, with the weights as they are:
#
# 1. Write down loss and accuracy of the training images and of the validation images.
# 2. Take all four gradients, **of the training images only**.
# 3. Move each of the four arrays by a momentum step. Each has a velocity of its own, zero before the first epoch and
#    carried from epoch to epoch. (You may call `momentum_step`, but a slip there is a slip here then. It is two lines.)
#
# So row $k$ of the record belongs to the weights before step $k$, and row 0 to the start. All training images are
# used in each step (*full batch*): an epoch is one step.
#
# There is one net. The validation images go through it, and that is all they do. A second set of weights, trained on
# the validation images, would give a curve that looks just as nice and means nothing.
#
# Count the epochs with `for k in progress(epochs):`. That is the same as `range(epochs)`, unless somebody passes a
# progress bar.
#
# Shapes: weights as in part 1 $\to$ the same shapes, and two arrays `(epochs, 2)`: training in column 0, validation in
# column 1.

# %% nbgrader={"grade_id": "train", "solution": true}
def train(W_h, b_h, W_o, b_o, X, T, X_val, T_val, epochs, eta, gamma, judge, study, progress=range):
    """Gradient descent with momentum on the training part, watched on the validation part.

    W_h: (F, H), b_h: (1, H), W_o: (H, K), b_o: (1, K), weights to start from;
    X: (N, F), T: (N, K), training part; X_val: (M, F), T_val: (M, K), validation part;
    epochs: number of steps; eta: learning rate; gamma: fraction of the velocity that is kept;
    judge(W_h, b_h, W_o, b_o, X, T) returns loss and accuracy,
    study(W_h, b_h, W_o, b_o, X, T) returns loss, accuracy and a tuple of four gradients.
    Returns W_h, b_h, W_o, b_o, trained, and losses: (epochs, 2), accuracies: (epochs, 2), where
    row k is measured just before step k; column 0 is training, column 1 validation.
    """
    ### BEGIN SOLUTION
    weights = [W_h, b_h, W_o, b_o]
    velocities = [np.zeros_like(w) for w in weights]
    losses, accuracies = np.zeros((epochs, 2)), np.zeros((epochs, 2))
    for k in progress(epochs):
        losses[k, 1], accuracies[k, 1] = judge(*weights, X_val, T_val)  # looked at, never learned from
        losses[k, 0], accuracies[k, 0], gradients = study(*weights, X, T)
        for i, g in enumerate(gradients):
            velocities[i] = gamma * velocities[i] + eta * g
            weights[i] = weights[i] - velocities[i]
    return *weights, losses, accuracies
    ### END SOLUTION

# %% nbgrader={"grade_id": "train-cases", "locked": true}
def training_cases(rng):
    """A few epochs of small nets: enough to see every number of it. In the third case the validation part has the training
    inputs with other classes: what the net learns is wrong there, and the validation loss rises. Then a net with huge
    weights, a large loss and long gradients, and the same with the classes that it says: it makes no mistake."""
    def case(net, other, epochs, eta, gamma):
        return {**{name: net[name] for name in ("W_h", "b_h", "W_o", "b_o", "X", "T")},
                "X_val": other["X"], "T_val": other["T"], "epochs": epochs, "eta": eta * rng.uniform(0.8, 1.2),
                "gamma": gamma, "judge": judge, "study": study, "case": f"{net['case']}, M = {len(other['X'])}"}

    for (N, M, F, H, K), epochs, eta, gamma in (((12, 7, 4, 6, 3), 5, 0.2, 0.9), ((9, 9, 5, 4, 4), 4, 0.3, 0.5)):
        net, other = small_net(rng, N, F, H, K), small_net(rng, M, F, H, K)
        net["W_h"], net["W_o"] = net["W_h"] / 2, net["W_o"] / 2
        yield case(net, other, epochs, eta, gamma)
    net = small_net(rng, 8, 6, 5, 3)
    net["W_h"], net["W_o"], net["b_o"] = net["W_h"] / 4, net["W_o"] / 10, 0 * net["b_o"]
    yield case(net, {"X": net["X"], "T": np.roll(net["T"], 1, axis=1)}, 8, 0.3, 0.9)
    net = small_net(rng, 6, 4, 5, 3)
    A = np.maximum(net["X"] @ net["W_h"] + net["b_h"], 0)
    scores = A @ net["W_o"] + net["b_o"]
    net["W_o"], net["b_o"] = (400 / np.ptp(scores) * net[name] for name in ("W_o", "b_o"))
    says = np.argmax(scores, axis=1)
    wrong = np.eye(3)[(says + 1) % 3]
    yield case(net | {"T": wrong}, net, 3, 0.001, 0.9)
    yield case(net | {"T": np.eye(3)[says]}, {"X": net["X"], "T": wrong}, 3, 0.001, 0.9)


# %% nbgrader={"grade_id": "train-check", "grade": true, "points": 6}
check.values(train, at=training_cases, returns=("W_h", "b_h", "W_o", "b_o", "losses", "accuracies"), points=6)

# %% tags=["mistake"] question="train" says="The velocities are set to zero again in every epoch, so nothing is carried on: this is plain gradient descent."
def train(W_h, b_h, W_o, b_o, X, T, X_val, T_val, epochs, eta, gamma, judge, study, progress=range):
    weights, velocities = [W_h, b_h, W_o, b_o], [0] * 4
    losses, accuracies = np.zeros((epochs, 2)), np.zeros((epochs, 2))
    for k in range(epochs):
        velocities = [0, 0, 0, 0]
        losses[k, 1], accuracies[k, 1] = judge(*weights, X_val, T_val)
        losses[k, 0], accuracies[k, 0], gradients = study(*weights, X, T)
        velocities = [gamma * v + eta * g for v, g in zip(velocities, gradients)]
        weights = [w - v for w, v in zip(weights, velocities)]
    return *weights, losses, accuracies

# %% tags=["mistake"] question="train" says="The validation curve belongs to a second set of weights, trained on the validation images: it says nothing about this net. Validation uses the trained weights and never updates any."
def train(W_h, b_h, W_o, b_o, X, T, X_val, T_val, epochs, eta, gamma, judge, study, progress=range):
    weights, velocities = [W_h, b_h, W_o, b_o], [0] * 4
    val_weights, val_velocities = [W_h, b_h, W_o, b_o], [0] * 4
    losses, accuracies = np.zeros((epochs, 2)), np.zeros((epochs, 2))
    for k in range(epochs):
        losses[k, 0], accuracies[k, 0], gradients = study(*weights, X, T)
        velocities = [gamma * v + eta * g for v, g in zip(velocities, gradients)]
        weights = [w - v for w, v in zip(weights, velocities)]
        losses[k, 1], accuracies[k, 1], val_gradients = study(*val_weights, X_val, T_val)
        val_velocities = [gamma * v + eta * g for v, g in zip(val_velocities, val_gradients)]
        val_weights = [w - v for w, v in zip(val_weights, val_velocities)]
    return *weights, losses, accuracies

# %% tags=["mistake"] question="train" says="The net takes a step on the validation images too: what it has learned from, it can no longer be judged by."
def train(W_h, b_h, W_o, b_o, X, T, X_val, T_val, epochs, eta, gamma, judge, study, progress=range):
    weights, velocities = [W_h, b_h, W_o, b_o], [0] * 4
    losses, accuracies = np.zeros((epochs, 2)), np.zeros((epochs, 2))
    for k in range(epochs):
        for part, samples in enumerate(((X, T), (X_val, T_val))):
            losses[k, part], accuracies[k, part], gradients = study(*weights, *samples)
            velocities = [gamma * v + eta * g for v, g in zip(velocities, gradients)]
            weights = [w - v for w, v in zip(weights, velocities)]
    return *weights, losses, accuracies

# %% tags=["mistake"] question="train" says="The hidden layer's gradients have been taken after the output layer had moved: all four belong to the same weights."
def train(W_h, b_h, W_o, b_o, X, T, X_val, T_val, epochs, eta, gamma, judge, study, progress=range):
    weights, velocities = [W_h, b_h, W_o, b_o], [0] * 4
    losses, accuracies = np.zeros((epochs, 2)), np.zeros((epochs, 2))
    for k in range(epochs):
        losses[k, 1], accuracies[k, 1] = judge(*weights, X_val, T_val)
        losses[k, 0], accuracies[k, 0], gradients = study(*weights, X, T)
        for i in (2, 3, 0, 1):
            gradients = study(*weights, X, T)[2] if i == 0 else gradients
            velocities[i] = gamma * velocities[i] + eta * gradients[i]
            weights[i] = weights[i] - velocities[i]
    return *weights, losses, accuracies

# %% tags=["mistake"] question="train" says="The record is one step late: row 0 belongs to the weights that training starts from."
def train(W_h, b_h, W_o, b_o, X, T, X_val, T_val, epochs, eta, gamma, judge, study, progress=range):
    weights, velocities = [W_h, b_h, W_o, b_o], [0] * 4
    losses, accuracies = np.zeros((epochs, 2)), np.zeros((epochs, 2))
    for k in range(epochs):
        gradients = study(*weights, X, T)[2]
        velocities = [gamma * v + eta * g for v, g in zip(velocities, gradients)]
        weights = [w - v for w, v in zip(weights, velocities)]
        losses[k, 0], accuracies[k, 0] = judge(*weights, X, T)
        losses[k, 1], accuracies[k, 1] = judge(*weights, X_val, T_val)
    return *weights, losses, accuracies

# %% tags=["mistake"] question="train" says="The validation row is taken after the step and the training row before it: a pair of numbers in one row must belong to the same weights."
def train(W_h, b_h, W_o, b_o, X, T, X_val, T_val, epochs, eta, gamma, judge, study, progress=range):
    weights, velocities = [W_h, b_h, W_o, b_o], [0] * 4
    losses, accuracies = np.zeros((epochs, 2)), np.zeros((epochs, 2))
    for k in range(epochs):
        losses[k, 0], accuracies[k, 0], gradients = study(*weights, X, T)
        velocities = [gamma * v + eta * g for v, g in zip(velocities, gradients)]
        weights = [w - v for w, v in zip(weights, velocities)]
        losses[k, 1], accuracies[k, 1] = judge(*weights, X_val, T_val)
    return *weights, losses, accuracies

# %% tags=["mistake"] question="train" says="Every velocity is applied twice: the weights move once in the step and once more after it."
def train(W_h, b_h, W_o, b_o, X, T, X_val, T_val, epochs, eta, gamma, judge, study, progress=range):
    weights, velocities = [W_h, b_h, W_o, b_o], [0] * 4
    losses, accuracies = np.zeros((epochs, 2)), np.zeros((epochs, 2))
    for k in range(epochs):
        losses[k, 1], accuracies[k, 1] = judge(*weights, X_val, T_val)
        losses[k, 0], accuracies[k, 0], gradients = study(*weights, X, T)
        velocities = [gamma * v + eta * g for v, g in zip(velocities, gradients)]
        weights = [w - v for w, v in zip(weights, velocities)]
        weights = [w - v for w, v in zip(weights, velocities)]
    return *weights, losses, accuracies

# %% tags=["mistake"] question="train" says="Only the weight matrices have momentum: the biases move by plain steps, though each of the four arrays has a velocity."
def train(W_h, b_h, W_o, b_o, X, T, X_val, T_val, epochs, eta, gamma, judge, study, progress=range):
    weights, velocities = [W_h, b_h, W_o, b_o], [0] * 4
    losses, accuracies = np.zeros((epochs, 2)), np.zeros((epochs, 2))
    for k in range(epochs):
        losses[k, 1], accuracies[k, 1] = judge(*weights, X_val, T_val)
        losses[k, 0], accuracies[k, 0], gradients = study(*weights, X, T)
        for i, g in enumerate(gradients):
            velocities[i] = gamma * velocities[i] * (i in (0, 2)) + eta * g
            weights[i] = weights[i] - velocities[i]
    return *weights, losses, accuracies

# %% tags=["mistake"] question="train" says="Training has changed the weights that it was given, so nobody can start from them again, not even the next learning rate of a sweep."
def train(W_h, b_h, W_o, b_o, X, T, X_val, T_val, epochs, eta, gamma, judge, study, progress=range):
    weights = [W_h, b_h, W_o, b_o]
    velocities = [np.zeros_like(w) for w in weights]
    losses, accuracies = np.zeros((epochs, 2)), np.zeros((epochs, 2))
    for k in range(epochs):
        losses[k, 1], accuracies[k, 1] = judge(*weights, X_val, T_val)
        losses[k, 0], accuracies[k, 0], gradients = study(*weights, X, T)
        for w, v, g in zip(weights, velocities, gradients):
            v *= gamma
            v += eta * g
            w -= v
    return *weights, losses, accuracies

# %% tags=["mistake"] question="train" says="The weights with the lowest validation loss are returned: asked for are the last ones, and what was chosen by the validation images can no longer be judged by them."
def train(W_h, b_h, W_o, b_o, X, T, X_val, T_val, epochs, eta, gamma, judge, study, progress=range):
    weights, velocities = [W_h, b_h, W_o, b_o], [0] * 4
    losses, accuracies, best = np.zeros((epochs, 2)), np.zeros((epochs, 2)), weights
    for k in range(epochs):
        losses[k, 1], accuracies[k, 1] = judge(*weights, X_val, T_val)
        losses[k, 0], accuracies[k, 0], gradients = study(*weights, X, T)
        if losses[k, 1] <= losses[:k + 1, 1].min():
            best = weights
        velocities = [gamma * v + eta * g for v, g in zip(velocities, gradients)]
        weights = [w - v for w, v in zip(weights, velocities)]
    return *(weights if judge(*weights, X_val, T_val)[0] < losses[:, 1].min() else best), losses, accuracies

# %% tags=["mistake"] question="train" says="Momentum has been replaced by a running average: the new gradient counts in full, not with 1 - gamma."
def train(W_h, b_h, W_o, b_o, X, T, X_val, T_val, epochs, eta, gamma, judge, study, progress=range):
    weights, velocities = [W_h, b_h, W_o, b_o], [0] * 4
    losses, accuracies = np.zeros((epochs, 2)), np.zeros((epochs, 2))
    for k in range(epochs):
        losses[k, 1], accuracies[k, 1] = judge(*weights, X_val, T_val)
        losses[k, 0], accuracies[k, 0], gradients = study(*weights, X, T)
        velocities = [gamma * v + (1 - gamma) * eta * g for v, g in zip(velocities, gradients)]
        weights = [w - v for w, v in zip(weights, velocities)]
    return *weights, losses, accuracies

# %% tags=["alternative"] question="train" name="every line written out"
def train(W_h, b_h, W_o, b_o, X, T, X_val, T_val, epochs, eta, gamma, judge, study, progress=range):
    v_Wh, v_bh, v_Wo, v_bo = 0, 0, 0, 0
    losses, accuracies = [], []
    for k in progress(epochs):
        loss, share, (g_Wh, g_bh, g_Wo, g_bo) = study(W_h, b_h, W_o, b_o, X, T)
        loss_val, share_val = judge(W_h, b_h, W_o, b_o, X_val, T_val)
        losses.append([loss, loss_val])
        accuracies.append([share, share_val])
        v_Wh = gamma * v_Wh + eta * g_Wh
        v_bh = gamma * v_bh + eta * g_bh
        v_Wo = gamma * v_Wo + eta * g_Wo
        v_bo = gamma * v_bo + eta * g_bo
        W_h, b_h, W_o, b_o = W_h - v_Wh, b_h - v_bh, W_o - v_Wo, b_o - v_bo
    return W_h, b_h, W_o, b_o, np.array(losses), np.array(accuracies)

# %% tags=["alternative"] question="train" name="heavy ball, from two sets of weights; judges both parts"
def train(W_h, b_h, W_o, b_o, X, T, X_val, T_val, epochs, eta, gamma, judge, study, progress=range):
    weights = before = (W_h, b_h, W_o, b_o)
    losses, accuracies = np.empty((epochs, 2)), np.empty((epochs, 2))
    for k in progress(epochs):
        for part, samples in enumerate(((X, T), (X_val, T_val))):
            losses[k, part], accuracies[k, part] = judge(*weights, *samples)
        gradients = study(*weights, X, T)[-1]
        weights, before = [w - eta * g + gamma * (w - b)
                           for w, b, g in zip(weights, before, gradients)], weights
    return (*weights, losses, accuracies)

# %% tags=["alternative"] question="train" name="a dictionary, in place on copies, with momentum_step"
def train(W_h, b_h, W_o, b_o, X, T, X_val, T_val, epochs, eta, gamma, judge, study, progress=range):
    net = {"W_h": W_h.copy(), "b_h": b_h.copy(), "W_o": W_o.copy(), "b_o": b_o.copy()}
    speed = {name: np.zeros(w.shape) for name, w in net.items()}
    record, k = np.zeros((epochs, 2, 2)), 0
    while k < epochs:
        loss, share, slopes = study(*net.values(), X, T)
        record[k] = np.array([(loss, share), judge(*net.values(), X_val, T_val)]).T
        for name, g in zip(net, slopes):
            net[name][:], speed[name] = momentum_step(net[name], speed[name], g, eta, gamma)
        k += 1
    return *net.values(), record[:, 0], record[:, 1]

# %% [markdown]
# ## 3.3 All curves on one figure
#
# *Afterwards one look shows how training went.*
#
# Draw four lines: training and validation loss, training and validation accuracy, over the epochs. Put loss and
# accuracy into two panels side by side, since they have different units. Say what is on each axis, in both panels, and
# which line is which. Draw accuracies as fractions, as they come.
#
# Shapes: two arrays `(epochs, 2)`, training in column 0 and validation in column 1 $\to$ a figure, left open.

# %% nbgrader={"grade_id": "draw-curves", "solution": true}
def draw_curves(losses, accuracies):
    """Training and validation loss and accuracy on one figure.

    losses, accuracies: (epochs, 2); column 0 is training, column 1 validation.
    """
    ### BEGIN SOLUTION
    figure, panels = plt.subplots(1, 2, figsize=(9.6, 3.8), constrained_layout=True)
    for panel, record, name in zip(panels, (losses, accuracies), ("loss", "accuracy")):
        panel.plot(record[:, 0], label="training")
        panel.plot(record[:, 1], label="validation", linestyle="--")
        panel.set(xlabel="epoch", ylabel=name)
        panel.grid(alpha=0.3)
        panel.legend()
    ### END SOLUTION

# %% nbgrader={"grade_id": "draw-curves-cases", "locked": true}
def curve_cases(rng):
    """A made-up record of ten epochs."""
    fall = np.linspace(2.3, 0.4, 10)[:, np.newaxis] + rng.uniform(0, 0.1, (10, 2))
    rise = np.linspace(0.1, 0.8, 10)[:, np.newaxis] + rng.uniform(0, 0.1, (10, 2))
    yield {"losses": fall + [0, 0.2], "accuracies": rise, "case": "ten epochs"}


# %% nbgrader={"grade_id": "draw-curves-check", "grade": true, "points": 2}
check.figure(draw_curves, at=curve_cases, lines=4, panels=2, points=2)

# %% tags=["mistake"] question="draw-curves" says="Both lines of a panel show the training part: the second one is column 1, validation."
def draw_curves(losses, accuracies):
    figure, panels = plt.subplots(1, 2)
    for panel, record, name in zip(panels, (losses, accuracies), ("loss", "accuracy")):
        panel.plot(record[:, 0], label="training")
        panel.plot(record[:, 0], label="validation")
        panel.set(xlabel="epoch", ylabel=name)
        panel.legend()

# %% tags=["mistake"] question="draw-curves" says="Nobody can tell the lines apart: a figure needs names on its axes and a legend."
def draw_curves(losses, accuracies):
    figure, panels = plt.subplots(1, 2)
    panels[0].plot(losses)
    panels[1].plot(accuracies)

# %% tags=["mistake"] question="draw-curves" says="Only the loss is drawn: the accuracy belongs on the figure too."
def draw_curves(losses, accuracies):
    figure, panel = plt.subplots()
    panel.plot(losses, label=["training", "validation"])
    panel.set(xlabel="epoch", ylabel="loss")
    panel.legend()

# %% tags=["mistake"] question="draw-curves" says="Loss and accuracy stand on one panel, with a scale on either side: they have different units, and each gets a panel of its own."
def draw_curves(losses, accuracies):
    figure, left = plt.subplots()
    right = left.twinx()
    for k, name in enumerate(("training", "validation")):
        left.plot(losses[:, k], label=f"{name} loss")
        right.plot(accuracies[:, k], "--", label=f"{name} accuracy")
    left.set(xlabel="epoch", ylabel="loss")
    right.set(ylabel="accuracy")
    figure.legend()

# %% tags=["alternative"] question="draw-curves" name="the kit's own plot"
def draw_curves(losses, accuracies):
    plots.loss_and_accuracy({"training": losses[:, 0], "validation": losses[:, 1]},
                            {"training": accuracies[:, 0], "validation": accuracies[:, 1]}, first=0)

# %% tags=["alternative"] question="draw-curves" name="two lines in one call, one panel above the other"
def draw_curves(losses, accuracies):
    epochs = np.arange(1, len(losses) + 1)
    plt.figure(figsize=(6, 7))
    plt.subplot(2, 1, 1)
    plt.plot(epochs, losses, label=["training", "validation"])
    plt.xlabel("epoch")
    plt.ylabel("cross-entropy")
    plt.yscale("log")
    plt.legend()
    plt.subplot(2, 1, 2)
    plt.plot(epochs, accuracies[:, 0], "o-", epochs, accuracies[:, 1], "s-")
    plt.xlabel("epoch")
    plt.ylabel("fraction of right answers")
    plt.legend(["training", "validation"])

# %% [markdown]
# ## 3.4 Which learning rate, and what to report
#
# *Afterwards you choose a setting without fooling yourself.*
#
# Somebody has run a sweep: one run for each learning rate. For each run you get the final training loss, the final
# validation loss and, since somebody could not wait, the final test loss as well. Which rate do you take, and which
# number do you report as the loss on new images?
#
# Choose by the validation loss. Then report the test loss **of the run you have chosen**, whether it is the smallest one
# or not. Runs at too large a rate have blown up. Their losses are `nan` or infinite, and such a run must not win. (What
# does `np.argmin` make of a `nan`? Try it.) The runs come in any order, and not all of them have blown up.
#
# Shapes: four arrays $(R,)$ $\to$ two numbers.

# %% nbgrader={"grade_id": "choose-rate", "solution": true}
def choose_rate(rates, train_losses, validation_losses, test_losses):
    """The learning rate to take from a sweep, and the loss to report for it.

    rates, train_losses, validation_losses, test_losses: (R,), one entry for each run.
    Returns the rate and the test loss of its run, two numbers.
    """
    ### BEGIN SOLUTION
    best = np.nanargmin(validation_losses)
    return rates[best], test_losses[best]
    ### END SOLUTION

# %% nbgrader={"grade_id": "choose-rate-cases", "locked": true}
def sweep_cases(rng):
    """Sweeps of six runs, in no order of rates; the three losses are lowest in different runs, the first runs may have
    blown up, and the losses of some sweeps are large."""
    for number, blown_up in enumerate((1, 0, 2, 0, 1, 2)):
        losses = 1 + rng.random((3, 6))  # training, validation, test
        losses[range(3), 2 + rng.permutation(3)] = rng.uniform(0.5, 0.9, 3)
        losses *= 1 if number < 3 else 1e7
        for run, value in zip(range(blown_up), (np.nan, np.inf)):
            losses[:, run] = value
        yield {"rates": 10 ** rng.uniform(-3, 0, 6), "train_losses": losses[0], "validation_losses": losses[1],
               "test_losses": losses[2], "case": f"{blown_up} of 6 runs blown up" + (", large losses" if number > 2 else "")}


# %% nbgrader={"grade_id": "choose-rate-check", "grade": true, "points": 2}
check.values(choose_rate, at=sweep_cases, returns=("rate", "loss"), points=2)

# %% tags=["mistake"] question="choose-rate" says="The rate has been chosen by the test loss: then the test images have decided something, and their loss is no longer that of new images."
def choose_rate(rates, train_losses, validation_losses, test_losses):
    best = np.nanargmin(test_losses)
    return rates[best], test_losses[best]

# %% tags=["mistake"] question="choose-rate" says="The rate has been chosen by the training loss: that says which run has learned the training images by heart, not which is good on others."
def choose_rate(rates, train_losses, validation_losses, test_losses):
    best = np.nanargmin(train_losses)
    return rates[best], test_losses[best]

# %% tags=["mistake"] question="choose-rate" says="A run that has blown up has won: argmin takes nan for the smallest number of all."
def choose_rate(rates, train_losses, validation_losses, test_losses):
    best = np.argmin(validation_losses)
    return rates[best], test_losses[best]

# %% tags=["mistake"] question="choose-rate" says="The smallest test loss belongs to another run: report the one of the run that the validation images have chosen."
def choose_rate(rates, train_losses, validation_losses, test_losses):
    return rates[np.nanargmin(validation_losses)], np.nanmin(test_losses)

# %% tags=["mistake"] question="choose-rate" says="The validation loss of the chosen run is no fair report: it was the smallest of several, and that is why the run was chosen. The test loss was not part of the choice."
def choose_rate(rates, train_losses, validation_losses, test_losses):
    best = np.nanargmin(validation_losses)
    return rates[best], validation_losses[best]

# %% tags=["mistake"] question="choose-rate" says="The runs have been counted after those that blew up were left out, and that number has been used for the whole list: another run stands in this place."
def choose_rate(rates, train_losses, validation_losses, test_losses):
    best = np.argmin(validation_losses[np.isfinite(validation_losses)])
    return rates[best], test_losses[best]

# %% tags=["alternative"] question="choose-rate" name="nan becomes infinity first"
def choose_rate(rates, train_losses, validation_losses, test_losses):
    best = np.argmin(np.where(np.isfinite(validation_losses), validation_losses, np.inf))
    return float(rates[best]), float(test_losses[best])

# %% tags=["alternative"] question="choose-rate" name="sorted runs"
def choose_rate(rates, train_losses, validation_losses, test_losses):
    runs = [run for run in zip(validation_losses, rates, test_losses) if np.isfinite(run[0])]
    _, rate, loss = sorted(runs)[0]
    return rate, loss

# %% [markdown]
# # Part 4: real digits
#
# From here on you need no new function, except one at the end. Load the images, cut the training images into a training
# and a validation part, and put all three parts on one scale. The images are float32: half the size of float64, about
# twice as fast, and exact enough for training.

# %% nbgrader={"grade_id": "start", "locked": true}
def starting_weights(F, H, K, seed=0):
    """Weights to start from, float32: normal with variance 2 / (inputs + outputs of the layer), biases zero."""
    rng = np.random.default_rng(seed)
    W_h = rng.standard_normal((F, H)) * np.sqrt(2 / (F + H))
    W_o = rng.standard_normal((H, K)) * np.sqrt(2 / (H + K))
    return tuple(array.astype(np.float32) for array in (W_h, np.zeros((1, H)), W_o, np.zeros((1, K))))


def needs(thing, what):
    """Stops a demonstration that comes too early (`check.once_written` says so)."""
    if thing is None or not len(thing):
        raise NotImplementedError(f"{what} comes first")


def counted(what):
    """What counts the epochs: a progress bar at full size, `range` otherwise."""
    return (lambda epochs: trange(epochs, desc=what)) if FULL else range


# %% tags=["experiment"]
digits = data.mnist(size=(12_500, 10_000) if FULL else (2_000, 1_000), dtype=np.float32)
HIDDEN, EPOCHS = 64, 200
FLOOR = 0.1

parts = data.split(digits.train_images, digits.train_labels, fractions=(0.8, 0.2))
parts = {"training": parts[0], "validation": parts[1], "test": data.Part(digits.test_images, digits.test_labels)}
T, T_val, T_test = (np.eye(10, dtype=np.float32)[part.labels] for part in parts.values())
start = starting_weights(784, HIDDEN, 10)
X = X_val = X_test = None

with check.once_written():
    X, X_val, X_test = standardise(*(part.inputs for part in parts.values()), FLOOR)
    for name, part, scaled in zip(parts, parts.values(), (X, X_val, X_test)):
        print(f"{name:>10}: {len(part.labels):6,} images, pixels with mean {scaled.mean():+.3f} "
              f"and standard deviation {scaled.std():.2f}")

# %% [markdown]
# ## 4.1 Which rate will win?
#
# *Afterwards you have said what you expect of the sweep.*
#
# The next cell sweeps the learning rate for $\gamma = 0$, 0.9 and 0.99: 200 epochs for each rate. Suppose that plain
# descent does best at some rate $\eta_0$. Which rates do you expect to do best for $\gamma = 0.9$ and for $\gamma = 0.99$, as
# multiples of $\eta_0$? (Part 2 has asked how fast a weight moves in the end, if its gradient stays the same.) Again the
# point is for the prediction.

# %% nbgrader={"grade_id": "predict-rates", "solution": true}
def predict_rates():
    """Your prediction: the best learning rates for gamma = 0.9 and 0.99, each divided by the best one for gamma = 0.

    Returns two positive numbers.
    """
    ### BEGIN SOLUTION
    return 0.1, 0.01
    ### END SOLUTION

# %% nbgrader={"grade_id": "predict-rates-cases", "locked": true}
def two_positive(prediction):
    """Two numbers that can be quotients of learning rates."""
    return np.shape(prediction) == (2,) and bool(np.all(np.asarray(prediction, float) > 0))


# %% nbgrader={"grade_id": "predict-rates-check", "grade": true, "points": 1}
check.properties(predict_rates, at=nothing_given, points=1, two_positive_numbers=two_positive)

# %% tags=["mistake"] question="predict-rates" says="One number is not enough: there are two values of gamma to say something about."
def predict_rates():
    return 0.1

# %% tags=["mistake"] question="predict-rates" says="A quotient of two learning rates is positive: 0 would mean that no step is small enough."
def predict_rates():
    return 0.1, 0.0

# %% tags=["alternative"] question="predict-rates" name="the other way round"
def predict_rates():
    return 10, 100

# %% tags=["alternative"] question="predict-rates" name="a list"
def predict_rates():
    return [1, 1]

# %% [markdown]
# ## 4.2 A sweep
#
# The rates are yours to change: add some between the best ones, or where the best one lies at the edge. A run that blows
# up is not a bug. It shows where the limit is.
#
# The record of a run of 200 epochs holds shorter runs as well, so the cell can say which rate is ahead after 50, 100 and
# 200 epochs. The best rate is not a property of the net alone: it belongs to a length of training.

# %% tags=["experiment"]
RATES = {  # γ -> learning rates to try
    0: [0.03, 0.1, 0.3, 1.0, 3.0],
    0.9: [0.003, 0.01, 0.03, 0.1],
    0.99: [0.0003, 0.001, 0.003, 0.01],
}
LOOKS = (50, 100, EPOCHS)  # after how many epochs the runs are compared
swept = {}  # (γ, η) -> (W_h, b_h, W_o, b_o, losses, accuracies)
chosen = {}  # γ -> the learning rate to go on with


def final_losses(gamma, rates):
    """Losses of the trained nets on the training, validation and test part: (3, R)."""
    parts_of_data = (X, T), (X_val, T_val), (X_test, T_test)
    return np.array([[judge(*swept[gamma, eta][:4], *part)[0] for eta in rates] for part in parts_of_data])


def tell_best(gamma, rates):
    """Print the rate to take, and which rates were ahead on the way; draw the validation losses over the rates."""
    losses = final_losses(gamma, rates)
    chosen[gamma], reported = choose_rate(np.array(rates), *losses)
    print(f"γ = {gamma}: η = {chosen[gamma]:g} has the lowest validation loss; its test loss is {reported:.3f}, "
          f"the smallest of all runs {np.nanmin(losses[2]):.3f}")
    seen = {f"{k} epochs": np.array([swept[gamma, eta][4][k - 1, 1] for eta in rates]) for k in LOOKS}
    for name, values in seen.items():
        ahead = int(np.nanargmin(values))
        print(f"    after {name}: η = {rates[ahead]:g}, validation loss {values[ahead]:.3f}; "
              f"η / (1 − γ) = {rates[ahead] / (1 - gamma):.2g}")
    return {name: (np.array(rates), values) for name, values in seen.items()}


with check.once_written(), np.errstate(all="ignore"):
    needs(X, "standardise")
    for gamma, rates in RATES.items():
        for eta in rates:
            swept[gamma, eta] = train(*start, X, T, X_val, T_val, EPOCHS, eta, gamma, judge, study,
                                      counted(f"γ = {gamma}, η = {eta}"))
    figure, panels = plt.subplots(1, 3, figsize=(10.8, 3.6), sharey=True, constrained_layout=True)
    for panel, (gamma, rates) in zip(panels, RATES.items()):
        plots.learning_curves(tell_best(gamma, rates), xlabel="learning rate η", ylabel="validation loss",
                              title=f"γ = {gamma}", ax=panel)
        panel.set_xscale("log")
    figure.set_label("The validation loss over the learning rate, for three values of γ, after 50, 100 and 200 epochs.")
    plt.show()
    print("Best rates for γ = 0.9 and 0.99, divided by that for γ = 0: you predicted {:g} and {:g}, measured are {:g} and "
          "{:g}.".format(*predict_rates(), *(chosen[gamma] / chosen[0] for gamma in (0.9, 0.99))))

# %% [markdown]
# ### Two of the runs
#
# The runs for $\gamma = 0.9$ and $\gamma = 0.99$ that the validation images prefer. Where do the curves of training and
# validation part? Which of the two starts off more slowly?

# %% tags=["experiment"]
runs = {}  # γ -> (W_h, b_h, W_o, b_o, losses, accuracies)

with check.once_written():
    needs(chosen, "the sweep")
    for gamma in (0.9, 0.99):
        run = runs[gamma] = swept[gamma, chosen[gamma]]
        losses, accuracies = run[4:]
        best = int(np.nanargmin(losses[:, 1]))
        print(f"γ = {gamma}, η = {chosen[gamma]:g}: after {EPOCHS} epochs training loss {losses[-1, 0]:.4f}, validation "
              f"loss {losses[-1, 1]:.4f} (lowest: {losses[best, 1]:.4f} in epoch {best}), validation accuracy "
              f"{accuracies[-1, 1]:.2%}")
        draw_curves(losses, accuracies)
        plt.suptitle(f"γ = {gamma}, η = {chosen[gamma]:g}")
        plt.show()

# %% [markdown]
# Only now, and only once, the test images: for the run that the validation images prefer. The figures show
# some digits that it gets wrong, and what the training has added to the weights of the first hidden units. (The
# weights themselves look like noise: most of what they are at the end is still the start.)

# %% tags=["experiment"]
with check.once_written():
    needs(runs, "the long run")
    best = min(runs, key=lambda gamma: runs[gamma][4][-1, 1])
    weights = runs[best][:4]
    P_test = forward(*weights, X_test)[1]
    print(f"γ = {best} has the lower validation loss. On the test images: loss {average_ce(T_test, P_test):.4f}, "
          f"accuracy {accuracy(P_test, T_test):.2%}")
    plots.predictions(digits.test_images, digits.test_labels, P_test.argmax(axis=1), confidence=P_test.max(axis=1),
                      wrong_only=True, n=12, title="Test images that the net gets wrong, and how sure it is")
    plots.weights((weights[0] - start[0]).T, n=12, title="What training has added to the weights of twelve hidden units")
    plt.show()

# %% [markdown]
# ### A thousand hidden units
#
# The same rate and $\gamma = 0.9$ with 1,000 hidden units, sixteen times as many weights, for 40 epochs (with
# `FULL = True` for 200). Is the wide net ahead after as many epochs, and on which part of the data?

# %% tags=["experiment"]
with check.once_written():
    needs(chosen, "the sweep")
    wide_epochs = EPOCHS if FULL else 40
    wide = train(*starting_weights(784, 1000, 10), X, T, X_val, T_val, wide_epochs, chosen[0.9], 0.9, judge, study,
                 counted("1,000 hidden units"))
    curves = {f"{HIDDEN} units": runs[0.9][4:], "1,000 units": wide[4:]}
    for name, (losses, accuracies) in curves.items():
        print(f"{name}: after {wide_epochs} epochs training loss {losses[wide_epochs - 1, 0]:.4f}, validation loss "
              f"{losses[wide_epochs - 1, 1]:.4f}, validation accuracy {accuracies[wide_epochs - 1, 1]:.2%}")
    plots.learning_curves({f"{name}, {part}": losses[:wide_epochs, column] for name, (losses, _) in curves.items()
                           for column, part in enumerate(("training", "validation"))},
                          title=f"Wide and narrow, γ = 0.9, η = {chosen[0.9]:g}", first=0)
    plt.show()

# %% [markdown]
# ## 4.3 Two values of γ
#
# Compare your runs for $\gamma = 0.9$ and $\gamma = 0.99$ in a short paragraph.
#
# - Which learning rate is best for each, and does that change with the number of epochs after which you look? How are the
#   rates of the three $\gamma$ related, and why? (How fast does a weight move in the end, if its gradient stays the same,
#   and after how many steps?)
# - In the valley of part 2, a larger $\gamma$ stayed stable at a *larger* $\eta$. How does that go together with the sweep?
# - How do the curves for $\gamma = 0.99$ begin, and why?

# %% [markdown] nbgrader={"grade_id": "two-gammas", "grade": true, "solution": true, "points": 3}
# ### BEGIN SOLUTION
# **Model answer** (numbers for the 1,600 digits that come with the course software). After 200 epochs the sweep takes
# $\eta = 0.1$ for plain descent, 0.01 for $\gamma = 0.9$ and 0.001 for $\gamma = 0.99$. After 50 epochs 0.3, 0.03 and 0.01 are
# ahead. The longer the run, the smaller the rate that wins: fast runs have passed their lowest validation loss by then,
# and overfit. With a gradient that stays the same, the velocity grows towards
# $\eta g\, (1 + \gamma + \gamma^2 + \dots) = \eta g / (1 - \gamma)$. So what counts in the end is $\eta / (1 - \gamma)$: 0.1 for all
# three after 200 epochs. It is a rule of thumb. The grid is coarse: a factor of three cannot be seen in it. And the velocity
# takes about $1 / (1 - \gamma)$ steps to build up, 100 for $\gamma = 0.99$. A run of 50 epochs ends before that, and there
# $\eta / (1 - \gamma)$ is 0.3, 0.3 and 1. (With 100 hidden units in place of 64, 200 epochs take 0.1, 0.01 and 0.0003.)
#
# The edge of what is stable says something else, measured in the valley: $\eta$ up to 0.020, 0.030, 0.038 and 0.0398 for
# $\gamma = 0$, 0.5, 0.9 and 0.99. There the *steep* direction decides. In it the gradient changes its sign from step to
# step, old and new pushes cancel, and momentum allows a larger rate, up to twice as large. Along the valley the gradient
# keeps its sign and the pushes add up. The sweep is about the second, the edge about the first.
#
# With $\gamma = 0.99$ the loss starts off more slowly, because the velocity is still small: for the first steps it hardly
# moves, and after 50 epochs the validation loss is 0.93, where $\gamma = 0.9$ is at 0.52. After 200 epochs the training loss
# is 0.067 for $\gamma = 0.9$ and 0.16 for $\gamma = 0.99$, the validation loss 0.40 and 0.53.
#
# **Mark scheme, 3 points.**
#
# - 1 point: the best $\eta$ falls as $\gamma$ grows, with the student's own numbers, and *after how many epochs* that is so, or
#   that it changes with their number. "$\eta / (1 - \gamma)$ is exactly the same", without a word on the grid, earns half.
# - 1 point: why: old gradients add up to $1 / (1 - \gamma)$ times one step, and that takes about $1 / (1 - \gamma)$ steps, so
#   that $\gamma = 0.99$ is slow to start.
# - 1 point: the edge runs the other way, because pushes across the valley change sign and cancel. "Momentum always needs a
#   smaller rate" earns nothing here.
# ### END SOLUTION

# %% [markdown]
# ## 4.4 A report that is too good
#
# A report on this problem set says:
#
# > I scaled the training images, the validation images and the test images to mean 0 and standard deviation 1, each part
# > by its own statistics. For the validation curve I trained a second net on the validation images, in the same loop. Its loss
# > falls below that of the training curve, so there is no overfitting. I tried 40 combinations of learning rate and γ.
# > The best of them has a test error of 3.9 %, so that is the error to be expected on new images.
#
# Three things are wrong with the method. Name each, and say why it spoils the conclusion.

# %% [markdown] nbgrader={"grade_id": "too-good", "grade": true, "solution": true, "points": 3}
# ### BEGIN SOLUTION
# **Model answer.** First, each part was scaled by its own statistics. New images have to go through the scaling of the
# training images, because that is the scale on which the weights were learned; with a scale of their own, the
# validation and test images are seen differently from how a new image will be, and the numbers measured on them do not
# carry over. Second, the validation curve belongs to another net. It shows how well the *second* net learns its own
# images by heart, so it would fall even if the first one were overfitting badly; it says nothing about overfitting at
# all. (Fewer images are easier to learn by heart, which is why it lies lower.) Third, the combination was chosen by
# the test error. The smallest of 40 numbers is small partly by luck, so 3.9 % is too optimistic for new images. The
# choice belongs to the validation part, and the test part is asked once, after it.
#
# **Mark scheme, 3 points.** One point for each of the three, half a point for naming it, half for the reason.
#
# - Scaling: the reason is that one and the same map must be applied to all, the one fixed by the training part. "It
#   leaks" alone is not it: here nothing leaks into training. Accept it if the answer says that validation and test
#   images are then treated differently from training or new images.
# - Second net: the reason is that its curve is a training curve of another net.
# - Choice by test error: the reason is selection, the best of many is better than it deserves.
# ### END SOLUTION

# %% [markdown]
# ## 4.5 Nesterov looks ahead
#
# *Afterwards you have the third kind of step for the last comparison. Nothing else needs it.*
#
# Momentum carries the weights to about $w - \gamma v$, whatever the gradient says. So why take the gradient where we
# stand, and not where we are about to be? That is Nesterov's idea:
#
# $$\tilde w = w - \gamma v, \qquad v \leftarrow \gamma\, v + \eta\, \nabla L(\tilde w), \qquad w \leftarrow w - v$$
#
# The look ahead is only for the gradient, and it is for all four arrays at once. The step starts from $w$, and the loss
# that you write down is the loss at $w$.
#
# Shapes: as in 3.2, without a validation part; `losses` has the shape `(epochs,)`.

# %% nbgrader={"grade_id": "nesterov-train", "solution": true}
def nesterov_train(W_h, b_h, W_o, b_o, X, T, epochs, eta, gamma, judge, study, progress=range):
    """Gradient descent with Nesterov's momentum.

    W_h: (F, H), b_h: (1, H), W_o: (H, K), b_o: (1, K), weights to start from; X: (N, F), T: (N, K);
    epochs: number of steps; eta: learning rate; gamma: fraction of the velocity that is kept;
    judge and study: functions as in 3.2.
    Returns W_h, b_h, W_o, b_o, trained, and losses: (epochs,), measured at the weights (not ahead of
    them) just before each step.
    """
    ### BEGIN SOLUTION
    weights = [W_h, b_h, W_o, b_o]
    velocities = [np.zeros_like(w) for w in weights]
    losses = np.zeros(epochs)
    for k in progress(epochs):
        losses[k], _ = judge(*weights, X, T)
        ahead = [w - gamma * v for w, v in zip(weights, velocities)]
        _, _, gradients = study(*ahead, X, T)
        velocities = [gamma * v + eta * g for v, g in zip(velocities, gradients)]
        weights = [w - v for w, v in zip(weights, velocities)]
    return *weights, losses
    ### END SOLUTION

# %% nbgrader={"grade_id": "nesterov-cases", "locked": true}
def nesterov_cases(rng):
    """A few epochs of small nets."""
    for (N, F, H, K), epochs, eta, gamma in (((8, 4, 5, 3), 4, 0.2, 0.9), ((6, 3, 4, 4), 5, 0.3, 0.5)):
        net = small_net(rng, N, F, H, K)
        yield {"W_h": net["W_h"] / 2, "b_h": net["b_h"], "W_o": net["W_o"] / 2, "b_o": net["b_o"],
               "X": net["X"], "T": net["T"], "epochs": epochs, "eta": eta * rng.uniform(0.8, 1.2), "gamma": gamma,
               "judge": judge, "study": study, "case": f"{net['case']}, {epochs} epochs"}
    net = small_net(rng, 6, 4, 5, 3)
    yield {**{name: net[name] / 100 for name in ("W_h", "b_h", "W_o")}, "b_o": np.zeros((1, 3)), "X": net["X"],
           "T": np.eye(3)[[0, 0, 0, 0, 1, 1]], "epochs": 4, "eta": 10.0, "gamma": 0.9, "judge": judge, "study": study,
           "case": "a rate that is too large: the loss rises"}
    net = small_net(rng, 6, 4, 5, 3)
    yield {**{name: net[name] for name in ("b_h", "b_o", "X", "T")}, "W_h": 3 * net["W_h"], "W_o": 6 * net["W_o"], "epochs": 3,
           "eta": 0.02, "gamma": 0.9, "judge": judge, "study": study, "case": "long gradients"}


# %% nbgrader={"grade_id": "nesterov-train-check", "grade": true, "points": 2}
check.values(nesterov_train, at=nesterov_cases, returns=("W_h", "b_h", "W_o", "b_o", "losses"), points=2)

# %% tags=["mistake"] question="nesterov-train" says="The gradient is taken where the weights are: that is momentum as before. Nesterov takes it ahead of them, at w - gamma v."
def nesterov_train(W_h, b_h, W_o, b_o, X, T, epochs, eta, gamma, judge, study, progress=range):
    weights, velocities, losses = [W_h, b_h, W_o, b_o], [0] * 4, []
    for _ in range(epochs):
        loss, _, gradients = study(*weights, X, T)
        losses.append(loss)
        velocities = [gamma * v + eta * g for v, g in zip(velocities, gradients)]
        weights = [w - v for w, v in zip(weights, velocities)]
    return *weights, np.array(losses)

# %% tags=["mistake"] question="nesterov-train" says="This looks back: the weights are about to move by minus gamma v, so that is where to look."
def nesterov_train(W_h, b_h, W_o, b_o, X, T, epochs, eta, gamma, judge, study, progress=range):
    weights, velocities, losses = [W_h, b_h, W_o, b_o], [0] * 4, []
    for _ in range(epochs):
        losses.append(judge(*weights, X, T)[0])
        gradients = study(*[w + gamma * v for w, v in zip(weights, velocities)], X, T)[2]
        velocities = [gamma * v + eta * g for v, g in zip(velocities, gradients)]
        weights = [w - v for w, v in zip(weights, velocities)]
    return *weights, np.array(losses)

# %% tags=["mistake"] question="nesterov-train" says="The step starts from the place ahead, so the old velocity counts twice: the look ahead is for the gradient only, and the weights move from where they were."
def nesterov_train(W_h, b_h, W_o, b_o, X, T, epochs, eta, gamma, judge, study, progress=range):
    weights, velocities, losses = [W_h, b_h, W_o, b_o], [0] * 4, []
    for _ in range(epochs):
        losses.append(judge(*weights, X, T)[0])
        weights = [w - gamma * v for w, v in zip(weights, velocities)]
        gradients = study(*weights, X, T)[2]
        velocities = [gamma * v + eta * g for v, g in zip(velocities, gradients)]
        weights = [w - v for w, v in zip(weights, velocities)]
    return *weights, np.array(losses)

# %% tags=["mistake"] question="nesterov-train" says="The losses are those of the place ahead: the record is about the weights themselves."
def nesterov_train(W_h, b_h, W_o, b_o, X, T, epochs, eta, gamma, judge, study, progress=range):
    weights, velocities, losses = [W_h, b_h, W_o, b_o], [0] * 4, []
    for _ in range(epochs):
        loss, _, gradients = study(*[w - gamma * v for w, v in zip(weights, velocities)], X, T)
        losses.append(loss)
        velocities = [gamma * v + eta * g for v, g in zip(velocities, gradients)]
        weights = [w - v for w, v in zip(weights, velocities)]
    return *weights, np.array(losses)

# %% tags=["mistake"] question="nesterov-train" says="The whole velocity has been taken for the look ahead: without a push from the gradient, only gamma times it goes on."
def nesterov_train(W_h, b_h, W_o, b_o, X, T, epochs, eta, gamma, judge, study, progress=range):
    weights, velocities, losses = [W_h, b_h, W_o, b_o], [0] * 4, []
    for _ in range(epochs):
        losses.append(judge(*weights, X, T)[0])
        gradients = study(*[w - v for w, v in zip(weights, velocities)], X, T)[2]
        velocities = [gamma * v + eta * g for v, g in zip(velocities, gradients)]
        weights = [w - v for w, v in zip(weights, velocities)]
    return *weights, np.array(losses)

# %% tags=["alternative"] question="nesterov-train" name="kept ahead all the time, and taken back at the end"
def nesterov_train(W_h, b_h, W_o, b_o, X, T, epochs, eta, gamma, judge, study, progress=range):
    ahead = [W_h, b_h, W_o, b_o]
    velocities = [np.zeros(w.shape) for w in ahead]
    losses = np.empty(epochs)
    for k in progress(epochs):
        losses[k] = judge(*[w + gamma * v for w, v in zip(ahead, velocities)], X, T)[0]
        for i, g in enumerate(study(*ahead, X, T)[2]):
            velocities[i] = gamma * velocities[i] + eta * g
            ahead[i] = ahead[i] - gamma * velocities[i] - eta * g
    return (*[w + gamma * v for w, v in zip(ahead, velocities)], losses)

# %% tags=["alternative"] question="nesterov-train" name="in two moves: glide, then correct"
def nesterov_train(W_h, b_h, W_o, b_o, X, T, epochs, eta, gamma, judge, study, progress=range):
    here = [W_h.copy(), b_h.copy(), W_o.copy(), b_o.copy()]
    before = [w.copy() for w in here]
    losses = []
    for _ in progress(epochs):
        losses.append(judge(*here, X, T)[0])
        glide = [w + gamma * (w - old) for w, old in zip(here, before)]
        gradients = study(*glide, X, T)[2]
        before = here
        here = [w - eta * g for w, g in zip(glide, gradients)]
    return [*here, np.array(losses)]

# %% [markdown]
# ### The comparison
#
# Which kind of step gets the *training* loss down fastest? That is a question about optimisation, not about new images,
# so each kind takes the rate with the lowest training loss among three. The left panel uses 1,000 scaled images, the
# right one the same images as they come, with pixels from 0 to 1. Scaling has already made the valley rounder. Where does
# momentum save more steps on the way to the loss at which plain descent ends?

# %% tags=["experiment"]
COMPARED_EPOCHS = 40
COMPARED_RATES = {"plain descent": (0.3, 1.0, 2.0), "momentum": (0.2, 0.5, 1.0), "Nesterov": (0.2, 0.5, 1.0)}


def losses_of(kind, inputs, eta):
    """Training losses of one run on the first 1,000 images: plain descent, momentum or Nesterov."""
    few, T_few = inputs[:1000], T[:1000]
    counting = counted(f"{kind}, η = {eta}")
    if kind == "Nesterov":
        return nesterov_train(*start, few, T_few, COMPARED_EPOCHS, eta, 0.9, judge, study, counting)[4]
    gamma = 0.9 if kind == "momentum" else 0
    one = X_val[:1], T_val[:1]  # no validation curve is wanted here
    return train(*start, few, T_few, *one, COMPARED_EPOCHS, eta, gamma, judge, study, counting)[4][:, 0]


def best_runs(inputs):
    """Label -> losses: for each kind of step the run with the lowest training loss at the end."""
    found = {}
    for kind, rates in COMPARED_RATES.items():
        try:
            curves = [losses_of(kind, inputs, eta) for eta in rates]
        except NotImplementedError:
            print(f"{kind} is left out: not written yet")
            continue
        best = int(np.nanargmin([losses[-1] for losses in curves]))
        found[f"{kind}, η = {rates[best]:g}"] = curves[best]
    return found


with check.once_written(), np.errstate(all="ignore"):
    needs(X, "standardise")
    compared = {"scaled images": best_runs(X), "pixels from 0 to 1": best_runs(parts["training"].inputs)}
    figure, panels = plt.subplots(1, 2, figsize=(10.4, 4.0), sharey=True, constrained_layout=True)
    for panel, (name, curves) in zip(panels, compared.items()):
        plots.learning_curves(curves, title=name, ylabel="training loss", first=0, ax=panel)
        end_of_plain = next(iter(curves.values()))[-1]
        for label, losses in curves.items():
            steps = int(np.argmax(losses <= end_of_plain))
            print(f"{name}: {label}: loss {end_of_plain:.4f} after {steps} steps, {losses[-1]:.4f} after "
                  f"{len(losses) - 1}")
    plt.show()

# %% [markdown]
# # Part 5: which slip is it?
#
# Whoever writes a backward pass spends more time on finding the slip than on the formula. Here is code that others have
# written for earlier problem sets, each with one slip in it, and what the self-check said. Which idea is behind it? Read the
# report first: which results are wrong, and is it a factor, a sign, a shape, or only some entries? Then find the line.
# For each, return the number of the sentence that fits.
#
# <!-- slips from ps3_samplewise_mnist, ps4_regularised_mlp: 6, draw 13 -->

# %% [markdown]
# ### Slip 1
#
# Problem set 4, 4.1, asked for this:
#
# ```python
# def grad_oa(o_s, y):
#     """∂L/∂o_a for one sample.
#
#     o_s: (m,), after the softmax; y: the true class, an integer.
#     Returns d_oa: (m,)."""
# ```
#
# Somebody has written:
#
# ```python
# def grad_oa(o_s, y):
#     return np.eye(len(o_s))[y] - o_s
# ```
#
# The self-check says:
#
# ```text
# d_oa: wrong, d_oa[0] has the wrong sign (3 classes)
# ```
#
# Which idea is behind it?
#
# 1. This is the derivative with respect to o_s. The softmax is still between it and o_a, and it moves all classes at once.
# 2. The sign is turned around: raising the score of the true class lowers the loss, so that entry is negative.
# 3. The 1 has been taken off in the caller's own o_s, which is no longer a softmax: work on a copy.
# 4. This takes the softmax for a sigmoid: s(1 − s) is how one probability moves with its own score, but every score moves every probability.

# %% nbgrader={"grade_id": "slip-1", "solution": true}
def slip_1():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 2
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-1-check", "grade": true, "points": 1}
check.answer(slip_1, points=1)

# %% tags=["mistake"] question="slip-1" says="Not 1: of that slip the self-check would say otherwise: d_oa: wrong, d_oa[0] is about 4.1 times too large (3 classes)"
def slip_1():
    return 1

# %% tags=["mistake"] question="slip-1" says="Not 3: of that slip the self-check would say otherwise: d_oa: wrong, the result is right, but `grad_oa` changes its argument o_s in place"
def slip_1():
    return 3

# %% tags=["mistake"] question="slip-1" says="Not 4: of that slip the self-check would say otherwise: d_oa: wrong, d_oa[0] is about 4.1 times too small (3 classes)"
def slip_1():
    return 4

# %% [markdown]
# ### Slip 2
#
# Problem set 3, 3.2, asked for this:
#
# ```python
# def linear_backward(W, h, d):
#     """Back through a layer o = W h + b.
#
#     W: (k, m), weights; h: (m,), what went into the layer; d: (k,), the derivative of the loss with respect to o.
#     Returns dW: (k, m), db: (k,), dh: (m,), the derivatives of the loss with respect to W, b and h."""
# ```
#
# Somebody has written:
#
# ```python
# def linear_backward(W, h, d):
#     return np.outer(d, h), np.full(len(d), d.sum()), W.T @ d
# ```
#
# The self-check says:
#
# ```text
# dW: right
# db: wrong, db[3] is 0 and should not be (m = 4, k = 4)
# dh: right
# ```
#
# Which idea is behind it?
#
# 1. The errors of all units were added up for the bias: each unit has a bias of its own.
# 2. The derivative with respect to the bias is not 1: o moves with b one to one, but the loss moves with o by d.
# 3. The table of products is transposed: a weight has the row of its output and the column of its input, and so has its derivative.
# 4. The error is sent through W a second time as if it went forward. Backward it goes through the transpose, which only a square W lets you confuse.

# %% nbgrader={"grade_id": "slip-2", "solution": true}
def slip_2():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 1
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-2-check", "grade": true, "points": 1}
check.answer(slip_2, points=1)

# %% tags=["mistake"] question="slip-2" says="Not 2: of that slip the self-check would say otherwise: dW: right; db: wrong, db[3] has the wrong sign, and not the right size either (m = 4, k = 4); dh: right"
def slip_2():
    return 2

# %% tags=["mistake"] question="slip-2" says="Not 3: of that slip the self-check would say otherwise: dW: wrong, dW[3, 1] has the wrong sign (m = 4, k = 4); db: right; dh: right"
def slip_2():
    return 3

# %% tags=["mistake"] question="slip-2" says="Not 4: of that slip the self-check would say otherwise: dW: wrong, `linear_backward` raises ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature (n?,k),(k,m?)->(n?,m?) (size 3 is different from 5); db: wrong, `linear_backward` raises ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature (n?,k),(k,m?)->(n?,m?) (size 3 is different from 5); dh: wrong, dh[2] has the wrong sign, and not the right size either (m = 4, k = 4)"
def slip_2():
    return 4

# %% [markdown]
# ### Slip 3
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
#     return np.ones(x.shape) * (f(x + eps) - f(x - eps)) / (2 * eps)
# ```
#
# The self-check says:
#
# ```text
# a vector: wrong, gradient[1] has the wrong sign, and not the right size either (a vector)
# a matrix: wrong, gradient[0, 0] is about 300 times too large (a matrix)
# integers: wrong, gradient[1] has the wrong sign, and not the right size either (integers)
# ```
#
# Which idea is behind it?
#
# 1. A copy of integers holds integers: the step is cut off in it, and f moves by a whole 1 or not at all. Make an array of floats first.
# 2. The caller's x has been moved and not brought back exactly: adding and taking away a step rounds twice. Work on a copy.
# 3. All entries move at once: that measures one slope along the diagonal. A gradient needs every entry moved by itself.
# 4. The step has been fixed inside: whoever asks for another eps gets the same numbers.

# %% nbgrader={"grade_id": "slip-3", "solution": true}
def slip_3():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 3
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-3-check", "grade": true, "points": 1}
check.answer(slip_3, points=1)

# %% tags=["mistake"] question="slip-3" says="Not 1: of that slip the self-check would say otherwise: a vector: right; a matrix: right; integers: wrong, gradient[1] is about 5300 times too large (integers)"
def slip_3():
    return 1

# %% tags=["mistake"] question="slip-3" says="Not 2: of that slip the self-check would say otherwise: a vector: wrong, the result is right, but `finite_differences` changes its argument x in place; a matrix: wrong, the result is right, but `finite_differences` changes its argument x in place; integers: wrong, gradient[2] is about 4100 times too large (integers)"
def slip_3():
    return 2

# %% tags=["mistake"] question="slip-3" says="Not 4: of that slip the self-check would say otherwise: a vector: right; a matrix: right; integers: right"
def slip_3():
    return 4

# %% [markdown]
# ### Slip 4
#
# Problem set 3, 3.1, asked for this:
#
# ```python
# def output_error(p, y):
#     """The derivative of the cross-entropy with respect to the scores.
#
#     p: (K,), probabilities; y: (K,), one-hot.
#     Returns d3: (K,)."""
# ```
#
# Somebody has written:
#
# ```python
# def output_error(p, y):
#     return (p - y) * y
# ```
#
# The self-check says:
#
# ```text
# d3: wrong, d3[2] is 0 and should not be (K = 3)
# ```
#
# Which idea is behind it?
#
# 1. This is the derivative with respect to the probabilities. One more link of the chain leads to the scores: the softmax.
# 2. The sign is turned around: the error is what the net says minus what is right, or the steps go uphill.
# 3. Only the score of the right class has got an error. The others matter as well: each of them takes its share of the sum that softmax divides by.
# 4. p (1 - p) is the slope of a single sigmoid. The softmax has been gone through already: its derivative and that of the logarithm have cancelled to p - y.

# %% nbgrader={"grade_id": "slip-4", "solution": true}
def slip_4():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 3
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-4-check", "grade": true, "points": 1}
check.answer(slip_4, points=1)

# %% tags=["mistake"] question="slip-4" says="Not 1: of that slip the self-check would say otherwise: d3: wrong, d3[0] is about 4.1 times too large (K = 3)"
def slip_4():
    return 1

# %% tags=["mistake"] question="slip-4" says="Not 2: of that slip the self-check would say otherwise: d3: wrong, d3[0] has the wrong sign (K = 3)"
def slip_4():
    return 2

# %% tags=["mistake"] question="slip-4" says="Not 4: of that slip the self-check would say otherwise: d3: wrong, d3[0] is about 4.1 times too small (K = 3)"
def slip_4():
    return 4

# %% [markdown]
# ### Slip 5
#
# Problem set 4, 1.3, asked for this:
#
# ```python
# def kinks(x, at_zero):
#     """The slopes of |x| and of ReLU(x) at every entry, and the gradient of the squared 2-norm.
#
#     x: array of any shape; at_zero: one number from 0 to 1, the slope of |x| and of the ReLU where x is 0.
#     Returns the slope of |x| (which is the gradient of sum(|x|) too), the slope of the ReLU, and the gradient of
#     sum(x**2), each in the shape of x."""
# ```
#
# Somebody has written:
#
# ```python
# def kinks(x, at_zero):
#     return 1.0 * (x >= 0) - 1.0 * (x <= 0) + at_zero * (x >= 0), 1.0 * (x >= 0) + at_zero * (x == 0), 2 * x
# ```
#
# The self-check says:
#
# ```text
# absolute: wrong, absolute[4] is too large, by 20 % (0.24 at zero)
# relu: wrong, relu[2] is too large, by 20 % (0.24 at zero)
# squared: right
# ```
#
# Which idea is behind it?
#
# 1. A zero always gets 0 here: the number for it is an argument, and needs an indicator of its own.
# 2. At 0 two contributions overlap: there at_zero alone is asked for, and nothing added to it.
# 3. The slope of |x| is −1 for a negative entry: only then does a step downhill make the entry smaller in size.
# 4. One indicator gives 0 where its condition fails: a negative x needs −1, so it needs an indicator too.

# %% nbgrader={"grade_id": "slip-5", "solution": true}
def slip_5():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 2
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-5-check", "grade": true, "points": 1}
check.answer(slip_5, points=1)

# %% tags=["mistake"] question="slip-5" says="Not 1: of that slip the self-check would say otherwise: absolute: right; relu: right; squared: right"
def slip_5():
    return 1

# %% tags=["mistake"] question="slip-5" says="Not 3: of that slip the self-check would say otherwise: absolute: wrong, absolute[1] has the wrong sign (0.24 at zero); relu: right; squared: right"
def slip_5():
    return 3

# %% tags=["mistake"] question="slip-5" says="Not 4: of that slip the self-check would say otherwise: absolute: wrong, absolute[1] is 0 and should not be (0.24 at zero); relu: right; squared: right"
def slip_5():
    return 4

# %% [markdown]
# ### Slip 6
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
#     return np.outer(d_z, v), d_z, np.mean(W * d_z[:, np.newaxis], axis=0)
# ```
#
# The self-check says:
#
# ```text
# dW: right
# db: right
# d_v: wrong, d_v[4] is about 3 times too small (5 inputs after a ReLU, 3 units)
# ```
#
# Which idea is behind it?
#
# 1. What comes in reaches the loss through several units: these contributions are added up, not averaged.
# 2. The slope of the ReLU has no place here: W is multiplied by what comes in, by the activation h_s itself.
# 3. There is no ReLU between W and z: a unit that is pushed down has a gradient like any other.
# 4. The sum over the units has lost the upstream gradient: each weight counts as much as the loss cares for its unit.

# %% nbgrader={"grade_id": "slip-6", "solution": true}
def slip_6():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 1
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-6-check", "grade": true, "points": 1}
check.answer(slip_6, points=1)

# %% tags=["mistake"] question="slip-6" says="Not 2: of that slip the self-check would say otherwise: dW: wrong, dW[2, 1] is about 1.7 times too large (5 inputs after a ReLU, 3 units); db: right; d_v: right"
def slip_6():
    return 2

# %% tags=["mistake"] question="slip-6" says="Not 3: of that slip the self-check would say otherwise: dW: wrong, dW[0, 2] is 0 and should not be (5 inputs after a ReLU, 3 units); db: right; d_v: right"
def slip_6():
    return 3

# %% tags=["mistake"] question="slip-6" says="Not 4: of that slip the self-check would say otherwise: dW: right; db: right; d_v: wrong, d_v[3] has the wrong sign, and not the right size either (5 inputs after a ReLU, 3 units)"
def slip_6():
    return 4

# %% [markdown]
# <!-- end of slips -->

# %% [markdown]
# # What to read next
#
# - Gabriel Goh, "Why momentum really works", *Distill* (2017), <https://distill.pub/2017/momentum>: the valley of part 2
#   with sliders, and the theory behind it.
# - Ilya Sutskever, James Martens, George Dahl and Geoffrey Hinton, "On the importance of initialization and momentum in
#   deep learning", *ICML* (2013): momentum and Nesterov's version side by side on real nets.
# - Boris Polyak, "Some methods of speeding up the convergence of iteration methods", *USSR Computational Mathematics and
#   Mathematical Physics* 4 (1964): the heavy ball, where it comes from.
# - Ian Goodfellow, Yoshua Bengio and Aaron Courville, *Deep Learning* (2016), section 8.3 on momentum and section 5.3 on
#   validation sets. <https://www.deeplearningbook.org>
