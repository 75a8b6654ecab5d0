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
# # Problem set 1: two-layer nets
#
# **What you will learn.** You take the gradient of a net with two layers of weights by hand: first the long way, with
# one Jacobian for every output and every weight, then the short way, with a handful of matrix products. You train the
# net, once without and once with a non-linearity between the layers, and find out what the non-linearity buys.
#
# **What you need.** Matrix products, the chain rule, and numpy arrays. No deep-learning library: the point of this
# set is that you need none.
#
# **How long it takes.** About four and a half hours. Solved, everything together computes for about ten seconds, and for
# less than half a minute on a machine that is busy with other things.
#
# **How it works.** You write functions. Under each is a self-check: run it as often as you like. It compares your
# numbers with known ones, or your gradients with finite differences of the loss, on small nets of several shapes.
# It also looks whether your function has changed the arrays that it was given: it must not, because whoever calls it
# still needs them. Do not rename the functions or their arguments. A function gets all it needs as arguments and must
# use nothing else, so that a slip in one question does not spoil the next.

# %%
import time

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import expit

from helpers import check, plots, threads

threads.limit(1)  # these matrices are small: several threads would only wait for each other

# %% [markdown]
# ## The data, and which axis is the sample
#
# Inputs and targets are two arrays of random numbers, made from a fixed seed. They are drawn as 25 × 10, one row for
# each sample, and then **transposed: in this problem set a column is a sample.** So a layer is a plain matrix product,
# `W1 @ X`, as in the formula. Most libraries, and some of the later problem sets, put the samples into rows. When a
# shape looks wrong, ask first which axis is the sample.
#
# | symbol | shape | what it is |
# |---|---|---|
# | $n$ | 10 for the data below | length of one input and of one target |
# | $t$ | 25 for the data below | number of samples |
# | $m$ | 10, 25 or 50 | number of hidden units, the *width* |
# | $X$, $Y$ | $(n, t)$ | inputs and targets; column $s$ is sample $s$ |
# | $W_1$ | $(m, n)$ | first layer of weights |
# | $W_2$ | $(n, m)$ | second layer of weights |
#
# The targets have nothing to do with the inputs: all is noise. That is on purpose. What a net gains here, it gains
# only because of what it is *able* to fit.
#
# The checks use other sizes than these, $m < n$, $m = n$ and $m > n$, because a mix-up of two indices can hide where
# two sizes are equal. Take sizes from the shapes of the arguments.

# %% [markdown]
# <!-- include notation.md -->

# %% nbgrader={"grade_id": "the-data", "locked": true}
def make_samples(seed=25):
    """Inputs and targets, both (10, 25): a column is a sample."""
    rng = np.random.default_rng(seed)
    rows_of_inputs = rng.standard_normal((25, 10))
    rows_of_targets = rng.standard_normal((25, 10))
    return rows_of_inputs.T, rows_of_targets.T


def starting_weights(m, scale, n=10):
    """Random weights to start from: W1 (m, n) and W2 (n, m), of standard deviation `scale`."""
    rng = np.random.default_rng(m)
    return scale * rng.standard_normal((m, n)), scale * rng.standard_normal((n, m))


def uniform_weights(m, high, n=10):
    """Random weights to start from: W1 (m, n) and W2 (n, m), uniform between 0 and `high`."""
    rng = np.random.default_rng(m)
    return high * rng.random((m, n)), high * rng.random((n, m))


inputs, targets = make_samples()

# %% nbgrader={"grade_id": "the-cases", "locked": true}
# The small nets that the checks try your functions on.

def two_layer_cases(rng, sizes=((3, 5, 4), (4, 4, 6), (6, 3, 7))):
    """Weights, inputs and targets for every (m, n, t)."""
    for m, n, t in sizes:
        yield {"W1": rng.standard_normal((m, n)), "W2": rng.standard_normal((n, m)),
               "X": rng.standard_normal((n, t)), "Y": rng.standard_normal((n, t)),
               "case": f"m = {m}, n = {n}, t = {t}"}


def forward_cases(rng):
    """Weights and inputs: as above, whole numbers, and weights so large that hardly a sigmoid is neither on nor off."""
    for case in two_layer_cases(rng):
        yield {name: case[name] for name in ("W1", "W2", "X", "case")}
    yield {"W1": rng.standard_normal((2, 3)), "W2": rng.standard_normal((3, 2)), "X": rng.integers(-2, 3, (3, 4)),
           "case": "inputs of whole numbers"}
    yield {"W1": 1000 * rng.choice([-1.0, 1.0], (4, 3)) * rng.uniform(1, 2, (4, 3)), "W2": rng.standard_normal((3, 4)),
           "X": np.hstack([np.eye(3), 0.008 * rng.standard_normal((3, 2))]), "case": "huge weights"}


def output_cases(rng):
    """Outputs of a net and targets, both (n, t)."""
    for n, t in ((5, 4), (4, 6), (3, 7)):
        yield {"F": rng.standard_normal((n, t)), "Y": rng.standard_normal((n, t)), "case": f"n = {n}, t = {t}"}


def one_sample_cases(rng):
    """Weights and one input x of shape (n,)."""
    for m, n in ((3, 5), (4, 4), (6, 3)):
        yield {"W1": rng.standard_normal((m, n)), "W2": rng.standard_normal((n, m)), "x": rng.standard_normal(n),
               "case": f"m = {m}, n = {n}"}


def jacobian_cases(rng):
    """Two tensors in the shapes of the Jacobians and a residual of shape (n,)."""
    for m, n in ((3, 5), (4, 4), (6, 3)):
        yield {"J1": rng.standard_normal((n, m, n)), "J2": rng.standard_normal((n, n, m)),
               "r": rng.standard_normal(n), "case": f"m = {m}, n = {n}"}


def few_step_cases(rng):
    """A few steps of training: enough to see every number of it. The last rates are far too large: the loss grows."""
    sizes = ((3, 5, 4), (5, 3, 7), (7, 3, 5), (6, 4, 6))
    for case, steps, rate in zip(two_layer_cases(rng, sizes), (3, 4, 2, 2), (0.05, 0.02, 12.0, 8.0)):
        yield {"W1": case["W1"] / 2, "W2": case["W2"] / 2, "X": case["X"], "Y": case["Y"],
               "steps": steps, "rate": rate * rng.uniform(0.8, 1.2), "case": f"{case['case']}, {steps} steps"}


def nearly_fitted_cases(rng, function):
    """Steps that move hardly anything: targets that W2 function(W1 X) hits, but for a little or exactly."""
    for case, aside in zip(two_layer_cases(rng, ((3, 4, 5), (4, 3, 6))), (2e-4, 0.0)):
        F = case["W2"] @ function(case["W1"] @ case["X"])
        yield case | {"Y": F + aside * case["Y"], "steps": 3, "rate": rng.uniform(5e-6, 1e-5),
                      "case": f"{case['case']}, {'nearly' if aside else 'already'} fitted"}


# %% [markdown]
# # Part 1: the linear net

# %% [markdown]
# ## 1.1 The linear net answers
#
# *Afterwards your net turns inputs into outputs.*
#
# A net is a function of its input and of its weights. This one multiplies twice and does nothing else. It takes all
# samples at once: every column of $X$ becomes a column of the output, and no column knows of the others.
#
# $$f(x) = W_2\, W_1\, x, \qquad F = W_2\, W_1\, X$$
#
# Shapes: $(n, m)\,(m, n)\,(n, t) \to (n, t)$.

# %% nbgrader={"grade_id": "linear-forward", "solution": true}
def linear_forward(W1, W2, X):
    """The outputs of the linear net for all samples.

    W1: (m, n), W2: (n, m), X: (n, t), a column is a sample.
    Returns F: (n, t), the outputs.
    """
    ### BEGIN SOLUTION
    return W2 @ (W1 @ X)
    ### END SOLUTION

# %% nbgrader={"grade_id": "linear-forward-check", "grade": true, "points": 1}
check.values(linear_forward, at=forward_cases, points=1)

# %% tags=["mistake"] question="linear-forward" says="The output is a product of both layers: W2 has been left out, and these are the hidden activations."
def linear_forward(W1, W2, X):
    return W1 @ X

# %% tags=["mistake"] question="linear-forward" says="A column is a sample here: the weights stand to the left of X and the output has the shape of X, (n, t)."
def linear_forward(W1, W2, X):
    return X.T @ W1.T @ W2.T

# %% tags=["mistake"] question="linear-forward" says="W1 meets the input first and W2 comes last: a transpose that makes the shapes fit does not make it the same net."
def linear_forward(W1, W2, X):
    return W1.T @ W2.T @ X

# %% tags=["mistake"] question="linear-forward" says="The outputs are stored in an array made like X: where X holds whole numbers, so does that array, and what lies behind the point is cut off."
def linear_forward(W1, W2, X):
    F = np.empty_like(X)
    for s in range(X.shape[1]):
        F[:, s] = W2 @ (W1 @ X[:, s])
    return F

# %% tags=["alternative"] question="linear-forward" name="the product of the weights first"
def linear_forward(W1, W2, X):
    A = np.dot(W2, W1)
    return A.dot(X)

# %% tags=["alternative"] question="linear-forward" name="one sample at a time"
def linear_forward(W1, W2, X):
    outputs = []
    for s in range(X.shape[1]):
        outputs.append(W2 @ (W1 @ X[:, s]))
    return np.stack(outputs, axis=1)

# %% [markdown]
# ## 1.2 One number says how wrong the net is
#
# *Afterwards every choice of weights has a loss, for this net and for the next one.*
#
# The loss of one sample is the squared length of its residual, $\lVert f(x) - y \rVert^2$: a **sum** over the $n$
# outputs. The loss of the net is the **mean** of that over the $t$ samples. Keep the two apart. Whether a loss sums or
# averages decides which factors its gradient has. A forgotten $1/t$ is easily overlooked: the gradient keeps its direction,
# and descent still works, at another rate.
#
# $$L = \frac{1}{t} \sum_{s=1}^{t} \lVert f(x_s) - y_s \rVert^2
#     = \frac{1}{t} \sum_{s=1}^{t} \sum_{i=1}^{n} (F_{is} - Y_{is})^2$$
#
# Shapes: $(n, t), (n, t) \to$ one number.

# %% nbgrader={"grade_id": "mean-loss", "solution": true}
def mean_loss(F, Y):
    """The squared length of the residual, averaged over the samples.

    F: (n, t), outputs of a net; Y: (n, t), targets.
    Returns the loss, one number.
    """
    ### BEGIN SOLUTION
    t = Y.shape[1]
    return np.sum((F - Y) ** 2) / t
    ### END SOLUTION

# %% nbgrader={"grade_id": "mean-loss-check", "grade": true, "points": 2}
check.values(mean_loss, at=output_cases, points=2)

# %% tags=["mistake"] question="mean-loss" says="The mean is over the samples only: within a sample the squares of the n outputs are summed, not averaged."
def mean_loss(F, Y):
    return np.mean((F - Y) ** 2)

# %% tags=["mistake"] question="mean-loss" says="This is the sum over the samples: the loss is their mean, so that it does not grow with the number of samples."
def mean_loss(F, Y):
    return np.sum((F - Y) ** 2)

# %% tags=["mistake"] question="mean-loss" says="This averages the lengths of the residuals: the loss averages their squares, which is what makes the gradient simple."
def mean_loss(F, Y):
    return np.mean(np.linalg.norm(F - Y, axis=0))

# %% tags=["mistake"] question="mean-loss" says="The two axes have changed roles: the mean is over the t columns, the samples, and the sum over the n rows."
def mean_loss(F, Y):
    return np.sum((F - Y) ** 2) / len(Y)

# %% tags=["alternative"] question="mean-loss" name="loop over samples, norm squared"
def mean_loss(F, Y):
    total = 0
    for f, y in zip(F.T, Y.T):
        total += np.linalg.norm(f - y) ** 2
    return total / F.shape[1]

# %% tags=["alternative"] question="mean-loss" name="trace of the products of all residuals"
def mean_loss(F, Y):
    R = F - Y
    return np.trace(R.T @ R) / R.shape[1]

# %% [markdown]
# The next cell puts your two functions together: the loss as a function of the weights, which is what a gradient is
# taken of. The self-checks below use it for **finite differences**. They move one weight up and down by a tiny
# $\varepsilon$ and look how much the loss changes:
#
# $$\frac{\partial L}{\partial w} \approx \frac{L(w + \varepsilon) - L(w - \varepsilon)}{2 \varepsilon}$$
#
# That needs two forward passes for every single weight. It is far too slow for training and just right for
# finding out whether a formula is correct.

# %% nbgrader={"grade_id": "linear-loss", "locked": true}
def linear_loss(W1, W2, X, Y):
    """The loss of the linear net as a function of its weights."""
    return mean_loss(linear_forward(W1, W2, X), Y)


def linear_output(W1, W2, x):
    """The output (n,) of the linear net for one sample x (n,)."""
    return linear_forward(W1, W2, x[:, np.newaxis])[:, 0]


# %% [markdown]
# ## 1.3 Every output knows how it depends on every weight
#
# *Afterwards you have the full derivative of the net for one sample, with nothing summed up or left out.*
#
# The output of the net is a vector of $n$ numbers and $W_1$ is an array of $m \times n$ numbers. So the derivative of
# the output with respect to $W_1$ is $n \times m \times n$ numbers, one for each pair of an output and a weight: a tensor with three
# axes. **The first axis counts the outputs; the other two are the axes of the weight matrix.** In the indices, with
# $h = W_1 x$ for the hidden vector, of shape $(m,)$:
#
# $$f_i = \sum_{j} W_{2,ij}\, h_j, \qquad h_j = \sum_{k} W_{1,jk}\, x_k$$
#
# $$J_1[i, j, k] = \frac{\partial f_i}{\partial W_{1,jk}}, \qquad
#   J_2[i, j, k] = \frac{\partial f_i}{\partial W_{2,jk}}$$
#
# Take a pencil. For $J_1$: which terms of $f_i$ contain $W_{1,jk}$, and what stands next to it? For $J_2$: does $f_i$
# depend on row $j$ of $W_2$ at all? Most entries of one of the two tensors are zero.
#
# Shapes, for **one** sample: $W_1$ $(m, n)$, $W_2$ $(n, m)$, $x$ $(n,)$ $\to$ $J_1$ $(n, m, n)$, $J_2$ $(n, n, m)$.

# %% nbgrader={"grade_id": "linear-jacobians", "solution": true}
def linear_jacobians(W1, W2, x):
    """The Jacobians of the linear net for one sample.

    W1: (m, n), W2: (n, m), x: (n,).
    Returns J1: (n, m, n) with J1[i, j, k] = d f[i] / d W1[j, k],
            J2: (n, n, m) with J2[i, j, k] = d f[i] / d W2[j, k].
    """
    ### BEGIN SOLUTION
    m, n = W1.shape
    h = W1 @ x

    # f[i] contains W1[j, k] once, in the term W2[i, j] * W1[j, k] * x[k].
    J1 = np.zeros((n, m, n))
    for i in range(n):
        for j in range(m):
            for k in range(n):
                J1[i, j, k] = W2[i, j] * x[k]

    # f[i] contains only row i of W2, in the terms W2[i, k] * h[k]. All else stays zero.
    J2 = np.zeros((n, n, m))
    for i in range(n):
        J2[i, i, :] = h

    return J1, J2
    ### END SOLUTION

# %% nbgrader={"grade_id": "linear-jacobians-check", "grade": true, "points": 4}
check.jacobian(linear_jacobians, of=linear_output, wrt=("W1", "W2"), at=one_sample_cases, points=4)

# %% tags=["mistake"] question="linear-jacobians" says="W1 has m rows, not n: where m is larger than n, the rows of the Jacobian beyond the first n have stayed zero."
def linear_jacobians(W1, W2, x):
    m, n = W1.shape
    h = W1 @ x
    J1, J2 = np.zeros((n, m, n)), np.zeros((n, n, m))
    for i in range(n):
        for j in range(min(m, n)):
            J1[i, j, :] = W2[i, j] * x
        J2[i, i, :] = h
    return J1, J2

# %% tags=["mistake"] question="linear-jacobians" says="Output i is made with row i of W2 alone: its derivative with respect to every other row is zero."
def linear_jacobians(W1, W2, x):
    n, h = len(x), W1 @ x
    J1 = W2[:, :, np.newaxis] * x
    J2 = np.zeros((n, n, len(h)))
    for i in range(n):
        for j in range(n):
            J2[i, j, :] = h
    return J1, J2

# %% tags=["mistake"] question="linear-jacobians" says="The last two axes of a Jacobian are those of the weight matrix, in its own order: rows, then columns."
def linear_jacobians(W1, W2, x):
    J1 = np.einsum("ij,k->ikj", W2, x)
    J2 = np.einsum("ij,k->ikj", np.eye(len(x)), W1 @ x)
    return J1, J2

# %% tags=["alternative"] question="linear-jacobians" name="einsum and the identity"
def linear_jacobians(W1, W2, x):
    J1 = np.einsum("ij,k->ijk", W2, x)
    J2 = np.einsum("ij,k->ijk", np.eye(len(x)), W1 @ x)
    return J1, J2

# %% tags=["alternative"] question="linear-jacobians" name="column by column, with unit vectors"
def linear_jacobians(W1, W2, x):
    (m, n), h = W1.shape, W1 @ x
    J1, J2 = np.empty((n, m, n)), np.empty((n, n, m))
    for j in range(m):
        for k in range(n):
            J1[:, j, k] = W2[:, j] * x[k]
            J2[:, k, j] = np.eye(n)[k] * h[j]
    return [J1, J2]

# %% [markdown]
# ## 1.4 From Jacobians to a gradient
#
# *Afterwards you have the whole backward pass for one sample: backprop the long way.*
#
# The loss of one sample is $\ell = \sum_i r_i^2$ with the residual $r = f(x) - y$. A weight moves the loss through
# every output at once: each output says by its Jacobian how much it moves, and the loss says how much that matters.
# The chain rule adds these contributions up. Adding up over a shared axis is called a **contraction**.
#
# $$\frac{\partial \ell}{\partial W_{jk}} = \sum_{i} \frac{\partial \ell}{\partial f_i}\,
#   \frac{\partial f_i}{\partial W_{jk}}$$
#
# The second factor is the Jacobian. The first one you find by differentiating $\ell$ with respect to one output.
#
# The gradient has the shape of its weight matrix: the axis of the outputs is gone. The Jacobians are arguments here, so
# that this question does not depend on the last one. The self-check uses tensors of random numbers in
# the right shapes: a contraction does not care where they come from.
#
# Shapes: $J_1$ $(n, m, n)$, $J_2$ $(n, n, m)$, $r$ $(n,)$ $\to$ $(m, n)$ and $(n, m)$.

# %% nbgrader={"grade_id": "linear-gradient-long", "solution": true}
def contract(J1, J2, r):
    """The gradients of the loss of one sample, from Jacobians and residual.

    J1: (n, m, n), J2: (n, n, m), r: (n,), output minus target.
    Returns dW1: (m, n) and dW2: (n, m).
    """
    ### BEGIN SOLUTION
    dW1 = np.zeros(J1.shape[1:])
    dW2 = np.zeros(J2.shape[1:])
    for i in range(len(r)):
        dW1 += 2 * r[i] * J1[i]
        dW2 += 2 * r[i] * J2[i]
    return dW1, dW2
    ### END SOLUTION

# %% nbgrader={"grade_id": "linear-gradient-long-check", "grade": true, "points": 2}
check.values(contract, at=jacobian_cases, returns=("dW1", "dW2"), points=2)

# %% tags=["mistake"] question="linear-gradient-long" says="The derivative of a square has a factor 2: the loss moves with 2 r, not with r."
def contract(J1, J2, r):
    return np.tensordot(r, J1, axes=1), np.tensordot(r, J2, axes=1)

# %% tags=["mistake"] question="linear-gradient-long" says="The residual has one entry for each output, so it meets the first axis of both Jacobians. In J2 another axis also has length n: that one counts the rows of W2."
def contract(J1, J2, r):
    return 2 * np.einsum("i,ijk->jk", r, J1), 2 * np.einsum("j,ijk->ik", r, J2)

# %% tags=["mistake"] question="linear-gradient-long" says="The loop writes over the gradient for every output: the contributions of the outputs are added up."
def contract(J1, J2, r):
    for i in range(len(r)):
        dW1 = 2 * r[i] * J1[i]
        dW2 = 2 * r[i] * J2[i]
    return dW1, dW2

# %% tags=["alternative"] question="linear-gradient-long" name="tensordot"
def contract(J1, J2, r):
    return 2 * np.tensordot(r, J1, axes=1), 2 * np.tensordot(r, J2, axes=1)

# %% tags=["alternative"] question="linear-gradient-long" name="reshape and one matrix product"
def contract(J1, J2, r):
    n, m = J2.shape[1:]
    return (2 * r @ J1.reshape(n, m * n)).reshape(m, n), (2 * r @ J2.reshape(n, n * m)).reshape(n, m)

# %% [markdown]
# ## 1.5 The same gradients, in a few matrix products
#
# *Afterwards you have both gradients for all samples at once: backprop the short way.*
#
# Put the entries of $J_1$ and $J_2$ into the contraction and most of them drop out: they are zero. Do it on paper for
# $\partial L / \partial W_{2,ij}$ and for $\partial L / \partial W_{1,jk}$. Do not forget the mean over the samples. Write
# $h_{js}$ for hidden number $j$ of sample $s$ and $r_{is}$ for residual $i$ of sample $s$. What is left are sums over
# indices that two factors share, and such a sum is a matrix product; where the shared index stands in the wrong
# place, one factor is transposed. No tensor with three axes remains, and no loop.
#
# In the sum for $W_1$ look for the part that contains $W_2$ and the residuals only. It says how much each hidden number of
# each sample matters: the residual carried *backwards* through $W_2$. This is why the method is called backpropagation.
#
# **First the formulas.** Hand in what you have found as two lines of text, in numpy's notation. You may use $W_1$, $W_2$,
# $X$, $Y$, $H = W_1 X$ (`H`, $(m, t)$), the residuals $R = F - Y$ (`R`, $(n, t)$) and $t$, and further lines of your own;
# `@` is the matrix product, `*` goes entry by entry, `.T` transposes. The self-check shows your formulas as
# mathematics and compares their values: any way to write them is right.

# %% nbgrader={"grade_id": "linear-derivation-cases", "locked": true}
def linear_letters(rng):
    """The letters of the derivation, first with small whole numbers."""
    W1, W2 = np.array([[1.0, -1.0]]), np.array([[2.0], [1.0]])
    X, Y = np.array([[1.0, 0.0], [3.0, 1.0]]), np.array([[0.0, 1.0], [-3.0, 2.0]])
    small = {"W1": W1, "W2": W2, "X": X, "Y": Y, "case": "m = 1, n = 2, t = 2"}
    for case in (small, *two_layer_cases(rng)):
        H = case["W1"] @ case["X"]
        yield {**{name: case[name] for name in ("W1", "W2", "X", "Y")}, "H": H, "R": case["W2"] @ H - case["Y"],
               "t": case["X"].shape[1], "case": case["case"]}


# %% nbgrader={"grade_id": "linear-derivation", "solution": true}
def linear_formulas():
    """The gradients of the loss of the linear net as formulas of W1, W2, X, Y, H, R and t.

    Returns a text with the lines "dW1 = ..." and "dW2 = ...".
    """
    ### BEGIN SOLUTION
    return """
    dF = 2 / t * R
    dW2 = dF @ H.T
    dW1 = W2.T @ dF @ X.T
    """
    ### END SOLUTION

# %% nbgrader={"grade_id": "linear-derivation-check", "grade": true, "points": 2}
check.derivation(linear_formulas, at=linear_letters, returns=("dW1", "dW2"), points=2)

# %% tags=["mistake"] question="linear-derivation" says="The mean over the samples is missing: a factor 1/t stands before both sums."
def linear_formulas():
    return "dW1 = 2 * W2.T @ R @ X.T; dW2 = 2 * R @ H.T"

# %% tags=["mistake"] question="linear-derivation" says="A square has the derivative 2 r: both formulas lack the 2."
def linear_formulas():
    return "dW1 = W2.T @ R @ X.T / t; dW2 = R @ H.T / t"

# %% tags=["mistake"] question="linear-derivation" says="What W2 multiplies is the hidden vector, not the input: the sum for W2 holds h, and that for W1 holds x."
def linear_formulas():
    return "dW1 = 2 / t * W2.T @ R @ H.T; dW2 = 2 / t * R @ X.T"

# %% tags=["mistake"] question="linear-derivation" says="The residual has not been carried back through W2: the sum for W1 holds, for each hidden number, the residuals weighted with their entries of W2."
def linear_formulas():
    return "dW1 = 2 / t * (ones_like(W2).T @ R) @ X.T; dW2 = 2 / t * R @ H.T"

# %% tags=["mistake"] question="linear-derivation" says="The sign is turned around: the residual is output minus target."
def linear_formulas():
    return "dW1 = 2 / t * W2.T @ (Y - W2 @ H) @ X.T; dW2 = 2 / t * (Y - W2 @ H) @ H.T"

# %% tags=["alternative"] question="linear-derivation" name="through the product W2 W1"
def linear_formulas():
    return "dA = 2 * (W2 @ W1 @ X - Y) @ X.T / t\ndW1 = W2.T @ dA\ndW2 = dA @ W1.T"

# %% tags=["alternative"] question="linear-derivation" name="a dict, transposed twice"
def linear_formulas():
    return {"dW2": "2 * (H @ R.T).T / t", "dW1": "(X @ R.T @ W2).T * 2 / t"}

# %% [markdown]
# **Then the code**, for all samples at once and without a loop over them.
#
# Shapes: $R$ $(n, t)$, $H$ $(m, t)$ $\to$ $(m, n)$ and $(n, m)$. The shapes rule out most wrong ways to put the factors
# together, though not all: $X$, $Y$ and $R$ have the same shape, and where $m = n$ more things fit than should.

# %% nbgrader={"grade_id": "linear-gradients", "solution": true}
def linear_gradients(W1, W2, X, Y):
    """The gradients of the loss of the linear net, over all samples.

    W1: (m, n), W2: (n, m), X: (n, t), Y: (n, t).
    Returns dW1: (m, n) and dW2: (n, m).
    """
    ### BEGIN SOLUTION
    t = X.shape[1]
    H = W1 @ X  # (m, t), hidden
    F = W2 @ H  # (n, t), output

    dF = 2 / t * (F - Y)  # (n, t), how the loss moves with every output
    dW2 = dF @ H.T  # (n, m)
    dH = W2.T @ dF  # (m, t), carried back through W2
    dW1 = dH @ X.T  # (m, n)
    return dW1, dW2
    ### END SOLUTION

# %% nbgrader={"grade_id": "linear-gradients-check", "grade": true, "points": 4}
check.gradients(
    linear_gradients, of=linear_loss, wrt=("W1", "W2"), at=two_layer_cases, points=4,
    ### BEGIN HIDDEN TESTS
    also_at=lambda rng: two_layer_cases(rng, sizes=((1, 4, 1), (7, 2, 5))),
    ### END HIDDEN TESTS
)

# %% tags=["mistake"] question="linear-gradients" says="The loss is a mean over the samples, so each gradient is divided by t as well."
def linear_gradients(W1, W2, X, Y):
    R = W2 @ W1 @ X - Y
    return 2 * W2.T @ R @ X.T, 2 * R @ (W1 @ X).T

# %% tags=["mistake"] question="linear-gradients" says="The derivative of the square brings a factor 2 down. It is missing in both gradients."
def linear_gradients(W1, W2, X, Y):
    t = X.shape[1]
    R = W2 @ W1 @ X - Y
    return W2.T @ R @ X.T / t, R @ (W1 @ X).T / t

# %% tags=["mistake"] question="linear-gradients" says="The sign is turned around: the residual is output minus target, and with target minus output the gradient points downhill."
def linear_gradients(W1, W2, X, Y):
    t = X.shape[1]
    R = Y - W2 @ W1 @ X
    return 2 / t * W2.T @ R @ X.T, 2 / t * R @ (W1 @ X).T

# %% tags=["mistake"] question="linear-gradients" says="The loop over the samples writes over the gradient each time, so that only the last sample is left: add the samples up."
def linear_gradients(W1, W2, X, Y):
    t = X.shape[1]
    for s in range(t):
        x, y = X[:, s], Y[:, s]
        r = W2 @ W1 @ x - y
        dW1 = 2 / t * np.outer(W2.T @ r, x)
        dW2 = 2 / t * np.outer(r, W1 @ x)
    return dW1, dW2

# %% tags=["mistake"] question="linear-gradients" says="The number of samples is that of the arrays you are given, their number of columns: it is not always 25."
def linear_gradients(W1, W2, X, Y):
    R = W2 @ W1 @ X - Y
    return 2 / 25 * W2.T @ R @ X.T, 2 / 25 * R @ (W1 @ X).T

# %% tags=["mistake"] question="linear-gradients" says="len(X) is the number of rows, the n inputs: the samples are the columns."
def linear_gradients(W1, W2, X, Y):
    R = W2 @ W1 @ X - Y
    return 2 / len(X) * W2.T @ R @ X.T, 2 / len(X) * R @ (W1 @ X).T

# %% tags=["alternative"] question="linear-gradients" name="einsum"
def linear_gradients(W1, W2, X, Y):
    H = np.einsum("jk,ks->js", W1, X)
    R = np.einsum("ij,js->is", W2, H) - Y
    dW1 = 2 * np.einsum("is,ij,ks->jk", R, W2, X) / X.shape[1]
    dW2 = 2 * np.einsum("is,js->ij", R, H) / X.shape[1]
    return dW1, dW2

# %% tags=["alternative"] question="linear-gradients" name="through the gradient of the product W2 W1"
def linear_gradients(W1, W2, X, Y):
    A = W2 @ W1
    dA = 2 * (A @ X - Y) @ X.T / Y.shape[1]
    return [W2.T @ dA, dA @ W1.T]

# %% tags=["alternative"] question="linear-gradients" name="the long way, sample by sample"
def linear_gradients(W1, W2, X, Y):
    dW1, dW2 = np.zeros(W1.shape), np.zeros(W2.shape)
    for x, y in zip(X.T, Y.T):
        J1, J2 = np.einsum("ij,k->ijk", W2, x), np.einsum("ij,k->ijk", np.eye(len(x)), W1 @ x)
        r = W2 @ (W1 @ x) - y
        dW1 = dW1 + 2 * np.einsum("i,ijk->jk", r, J1) / X.shape[1]
        dW2 = dW2 + 2 * np.einsum("i,ijk->jk", r, J2) / X.shape[1]
    return dW1, dW2

# %% tags=["alternative"] question="linear-gradients" name="float32"
def linear_gradients(W1, W2, X, Y):
    W1, W2, X, Y = (array.astype(np.float32) for array in (W1, W2, X, Y))
    H = W1 @ X
    D = np.float32(2 / X.shape[1]) * (W2 @ H - Y)
    return W2.T @ D @ X.T, D @ H.T

# %% [markdown]
# ### The long way and the short way, side by side
#
# Nothing to write here. The cell goes the long way through all samples with your functions from 1.3 and 1.4, then the
# short way with yours from 1.5. The two must agree to the last few digits. Look at the times as well, and
# at how many numbers the long way has to hold for a single sample.

# %% tags=["experiment"]
def long_way(W1, W2, X, Y):
    """The mean over the samples of the gradients from Jacobians."""
    t = X.shape[1]
    dW1, dW2 = np.zeros_like(W1), np.zeros_like(W2)
    for s in range(t):
        J1, J2 = linear_jacobians(W1, W2, X[:, s])
        one1, one2 = contract(J1, J2, linear_output(W1, W2, X[:, s]) - Y[:, s])
        dW1, dW2 = dW1 + one1 / t, dW2 + one2 / t
    return dW1, dW2


def compare_the_ways(m):
    """Print how far the two ways are apart and how long each takes."""
    W1, W2 = starting_weights(m, scale=0.3)
    start = time.perf_counter()
    long = long_way(W1, W2, inputs, targets)
    middle = time.perf_counter()
    short = linear_gradients(W1, W2, inputs, targets)
    end = time.perf_counter()
    apart = max(np.max(np.abs(a - b)) for a, b in zip(long, short))
    print(f"m = {m:2}: largest difference {apart:.0e};  long way {1e3 * (middle - start):7.2f} ms, "
          f"short way {1e3 * (end - middle):5.2f} ms;  numbers in J1 and J2: {2 * W1.size * len(inputs):,}")


with check.once_written():
    linear_gradients(*starting_weights(10, scale=0.3), inputs, targets)  # the first call is always slower
    for width in (10, 25, 50):
        compare_the_ways(width)

# %% [markdown]
# ## 1.6 The linear net learns
#
# *Afterwards a net gets better by itself.*
#
# The gradient points to where the loss grows fastest. Gradient descent takes a small step the other way, again and
# again. The *learning rate* $\eta$ says how small.
#
# $$W_1 \leftarrow W_1 - \eta\, \frac{\partial L}{\partial W_1}, \qquad
#   W_2 \leftarrow W_2 - \eta\, \frac{\partial L}{\partial W_2}$$
#
# Both gradients belong to the same point: take **both** before you move **either**. Write down the loss of each step
# before you take the step, so that the first entry is the loss of the weights that you were given. The weights that you
# were given stay as they are: the caller may want to start from them again.
#
# You may call your functions from above. Then a mistake there is a mistake here too; you may as well write the few
# lines again.
#
# Shapes: $W_1$ $(m, n)$, $W_2$ $(n, m)$, $X$ and $Y$ $(n, t)$ $\to$ trained weights of the same shapes, and `steps`
# losses.

# %% nbgrader={"grade_id": "linear-train", "solution": true}
def linear_train(W1, W2, X, Y, steps, rate):
    """Gradient descent on the loss of the linear net.

    W1: (m, n), W2: (n, m), weights to start from; X: (n, t), Y: (n, t);
    steps: number of steps; rate: learning rate.
    Returns W1: (m, n) and W2: (n, m), trained, and losses: array (steps,),
    losses[k] is the loss just before step k, so losses[0] is that of the start.
    """
    ### BEGIN SOLUTION
    t = X.shape[1]
    losses = np.zeros(steps)
    for k in range(steps):
        H = W1 @ X
        R = W2 @ H - Y
        losses[k] = np.sum(R**2) / t

        dW1 = 2 / t * W2.T @ R @ X.T
        dW2 = 2 / t * R @ H.T
        W1 = W1 - rate * dW1  # a new array: `W1 -= ...` would change the caller's
        W2 = W2 - rate * dW2
    return W1, W2, losses
    ### END SOLUTION

# %% [markdown]
# Two checks: the first follows steps number by number, a few with a rate that is far too large, a few where hardly
# anything is left to learn, and many. The second trains small nets for longer and looks whether
# they reach the best loss that any linear map can have, to within 5 %.

# %% nbgrader={"grade_id": "linear-train-cases", "locked": true}
def best_linear_loss(X, Y):
    """The smallest loss of any linear map: what is left of Y outside the row space of X."""
    Q, _ = np.linalg.qr(X.T)
    return np.sum((Y - Y @ Q @ Q.T) ** 2) / X.shape[1]


def linear_training_cases(rng):
    """A small net with inputs that are equally long in every direction, so that it trains quickly."""
    m, n, t = 6, 3, 8
    Q, _ = np.linalg.qr(rng.standard_normal((t, n)))
    yield {"W1": 0.6 * rng.standard_normal((m, n)), "W2": 0.6 * rng.standard_normal((n, m)),
           "X": np.sqrt(t) * Q.T, "Y": rng.standard_normal((n, t)), "steps": 300, "rate": 0.1,
           "case": f"300 steps, m = {m}, n = {n}"}


def linear_step_cases(rng):
    """A few steps, a few that move hardly anything, and many."""
    yield from few_step_cases(rng)
    yield from nearly_fitted_cases(rng, np.array)
    yield from linear_training_cases(rng)


def linear_loss_reached(result, W1, W2, X, Y, steps, rate):
    """The loss of the weights that training returns."""
    return linear_loss(result[0], result[1], X, Y)


def a_little_above_best(W1, W2, X, Y, steps, rate):
    """The bound of the check: 5 % above the best linear loss."""
    return 1.05 * best_linear_loss(X, Y)


# %% nbgrader={"grade_id": "linear-train-steps-check", "grade": true, "points": 3}
check.values(linear_train, at=linear_step_cases, returns=("W1", "W2", "losses"), tolerance=1e-5, points=3)

# %% nbgrader={"grade_id": "linear-train-end-check", "grade": true, "points": 1}
check.training(linear_train, at=linear_training_cases, loss=linear_loss_reached, below=a_little_above_best,
               points=1)

# %% tags=["mistake"] question="linear-train" says="W2 has already moved when the gradient of W1 uses it: take both gradients at the old weights, then move both."
def linear_train(W1, W2, X, Y, steps, rate):
    t = X.shape[1]
    losses = []
    for _ in range(steps):
        H = W1 @ X
        R = W2 @ H - Y
        losses.append(np.sum(R**2) / t)
        W2 = W2 - rate * 2 / t * R @ H.T
        W1 = W1 - rate * 2 / t * W2.T @ R @ X.T
    return W1, W2, np.array(losses)

# %% tags=["mistake"] question="linear-train" says="Training has changed the arrays that it was given, so nobody can start from these weights again: -= works in place, an assignment makes a new array."
def linear_train(W1, W2, X, Y, steps, rate):
    t = X.shape[1]
    losses = []
    for _ in range(steps):
        H = W1 @ X
        R = W2 @ H - Y
        losses.append(np.sum(R**2) / t)
        dW1, dW2 = 2 / t * W2.T @ R @ X.T, 2 / t * R @ H.T
        W1 -= rate * dW1
        W2 -= rate * dW2
    return W1, W2, np.array(losses)

# %% tags=["mistake"] question="linear-train" says="The losses are one step late: write the loss down before the step, so that the first one is that of the start."
def linear_train(W1, W2, X, Y, steps, rate):
    losses = []
    for _ in range(steps):
        dW1, dW2 = linear_gradients(W1, W2, X, Y)
        W1, W2 = W1 - rate * dW1, W2 - rate * dW2
        losses.append(linear_loss(W1, W2, X, Y))
    return W1, W2, np.array(losses)

# %% tags=["mistake"] question="linear-train" says="Training goes on to the end, whatever the loss does: asked for are the last weights, not the best ones on the way."
def linear_train(W1, W2, X, Y, steps, rate):
    losses, best = [], (W1, W2)
    for _ in range(steps):
        losses.append(linear_loss(W1, W2, X, Y))
        dW1, dW2 = linear_gradients(W1, W2, X, Y)
        W1, W2 = W1 - rate * dW1, W2 - rate * dW2
        if linear_loss(W1, W2, X, Y) < linear_loss(*best, X, Y):
            best = W1, W2
    return *best, np.array(losses)

# %% tags=["mistake"] question="linear-train" says="The rate is an argument: whoever calls decides how long a step is, and this function takes steps of its own length."
def linear_train(W1, W2, X, Y, steps, rate):
    losses = []
    for _ in range(steps):
        losses.append(linear_loss(W1, W2, X, Y))
        dW1, dW2 = linear_gradients(W1, W2, X, Y)
        W1, W2 = W1 - 0.05 * dW1, W2 - 0.05 * dW2
    return W1, W2, np.array(losses)

# %% tags=["mistake"] question="linear-train" says="The steps go uphill: the gradient points to where the loss grows, so it is subtracted."
def linear_train(W1, W2, X, Y, steps, rate):
    losses = []
    for _ in range(steps):
        losses.append(linear_loss(W1, W2, X, Y))
        dW1, dW2 = linear_gradients(W1, W2, X, Y)
        W1, W2 = W1 + rate * dW1, W2 + rate * dW2
    return W1, W2, np.array(losses)

# %% tags=["mistake"] question="linear-train" says="Training stops where little is left to learn: so many steps are asked for as `steps` says, however small they are."
def linear_train(W1, W2, X, Y, steps, rate):
    losses = []
    for _ in range(steps):
        losses.append(linear_loss(W1, W2, X, Y))
        if losses[-1] < 1e-6:
            break
        dW1, dW2 = linear_gradients(W1, W2, X, Y)
        W1, W2 = W1 - rate * dW1, W2 - rate * dW2
    return W1, W2, np.array(losses)

# %% tags=["alternative"] question="linear-train" name="with the functions from above"
def linear_train(W1, W2, X, Y, steps, rate):
    losses = []
    for _ in range(steps):
        losses.append(linear_loss(W1, W2, X, Y))
        dW1, dW2 = linear_gradients(W1, W2, X, Y)
        W1, W2 = W1 - rate * dW1, W2 - rate * dW2
    return W1, W2, np.array(losses)

# %% tags=["alternative"] question="linear-train" name="in place on copies"
def linear_train(W1, W2, X, Y, steps, rate):
    weights = [W1.copy(), W2.copy()]
    losses = np.empty(steps)
    for k in range(steps):
        losses[k] = mean_loss(linear_forward(*weights, X), Y)
        for W, dW in zip(weights, linear_gradients(*weights, X, Y)):
            W -= rate * dW
    return weights[0], weights[1], losses

# %% [markdown]
# ### Three widths
#
# Next you train for real: 2,000 steps at a learning rate of 0.01, for $m = 10$, 25 and 50. The widest net has five times as
# many weights as the narrowest. Which will end lowest, and how many times as large will the largest of the three last losses
# be as the smallest? Write it down before you know. The point is for a prediction, right or wrong: one that you have made is
# worth more than an explanation that you have read.

# %% nbgrader={"grade_id": "predict-widths", "solution": true}
def predict_widths():
    """Your prediction: the width that ends lowest, 10, 25 or 50, and the largest of the three last losses over the smallest.

    Returns two numbers.
    """
    ### BEGIN SOLUTION
    return 50, 100
    ### END SOLUTION

# %% nbgrader={"grade_id": "predict-widths-cases", "locked": true}
def nothing_given(rng):
    """A prediction is made out of nothing."""
    yield {"case": "your prediction"}


def one_of_the_widths(prediction):
    """The first number is one of the widths that are trained."""
    return np.shape(prediction) == (2,) and prediction[0] in (10, 25, 50)


def a_quotient_of_at_least_1(prediction):
    """The larger of two losses over the smaller."""
    return np.shape(prediction) == (2,) and float(prediction[1]) >= 1


# %% nbgrader={"grade_id": "predict-widths-check", "grade": true, "points": 1}
check.properties(predict_widths, at=nothing_given, points=1,
                 one_of_the_widths=one_of_the_widths,
                 a_quotient_of_at_least_1=a_quotient_of_at_least_1)

# %% tags=["mistake"] question="predict-widths" says="Two numbers are asked for: the width that ends lowest, and how far apart the losses end."
def predict_widths():
    return 50

# %% tags=["mistake"] question="predict-widths" says="No such net is trained: name one of the widths 10, 25 and 50."
def predict_widths():
    return 30, 2

# %% tags=["mistake"] question="predict-widths" says="The larger loss over the smaller is at least 1: here it has been taken the other way round."
def predict_widths():
    return 50, 0.1

# %% tags=["alternative"] question="predict-widths" name="another prediction, as a list"
def predict_widths():
    return [10, 1.5]

# %% tags=["alternative"] question="predict-widths" name="an array"
def predict_widths():
    return np.array([25.0, 1.0])

# %% [markdown]
# Then the same from other initialisations, all weights uniform between 0 and 0.1, or between 0 and 0.01. Does it matter
# where a net begins?

# %% tags=["experiment"]
linear_runs = {}  # width -> (W1, W2, losses)

with check.once_written():
    for width in (10, 25, 50):
        run = linear_train(*starting_weights(width, scale=0.3), inputs, targets, steps=2000, rate=0.01)
        linear_runs[width] = run
        print(f"m = {width}: loss {run[2][0]:.3f} at the start, {run[2][-1]:.5f} at the end")
    plots.learning_curves({f"m = {width}": run[2] for width, run in linear_runs.items()},
                          title="The linear net, three widths", xlabel="step", first=0)
    plt.show()
    for high in (0.1, 0.01):
        for width in (10, 25, 50):
            losses = linear_train(*uniform_weights(width, high), inputs, targets, steps=2000, rate=0.01)[2]
            print(f"uniform between 0 and {high}, m = {width}: loss {losses[0]:.3f} at the start, {losses[500]:.3f} after 500 "
                  f"steps, {losses[-1]:.5f} at the end")
    ends = {width: run[2][-1] for width, run in linear_runs.items()}
    lowest, apart = min(ends, key=ends.get), max(ends.values()) / min(ends.values())
    print(f"From normal numbers m = {lowest} ends lowest, and the largest loss is {apart:.5g} times the smallest.")
    print("You predicted m = {:g}, and {:g} times.".format(*predict_widths()))

# %% [markdown]
# ## 1.7 The best that a linear map can do
#
# *Afterwards you know the end of the training without any training.*
#
# Forget for a moment that the net has two layers, and look for the single matrix $A$ with the smallest loss
# $\frac{1}{t} \lVert A X - Y \rVert^2$, the sum of all squared entries. In $A$ this loss is a bowl: it has one lowest
# point, and there the gradient vanishes. This is the *least-squares solution*.
#
# $$\frac{2}{t}\, (A X - Y)\, X^\top = 0 \qquad \Longleftrightarrow \qquad A\, (X X^\top) = Y X^\top$$
#
# These are linear equations for $A$, and numpy solves such equations. Mind the side: `np.linalg.solve(M, B)` finds the
# matrix that stands to the **right** of $M$, and $A$ stands to the left of $X X^\top$. A transpose helps.
#
# Shapes: $X$ $(n, t)$, $Y$ $(n, t)$ $\to$ $A$ $(n, n)$. You may take it that there are more samples than inputs and
# that $X X^\top$ is invertible.

# %% nbgrader={"grade_id": "least-squares-cases", "locked": true}
def regression_cases(rng):
    """Inputs and targets with more samples than inputs; in the last case one input is a thousand times smaller."""
    for n, t in ((3, 7), (4, 9), (5, 12)):
        yield {"X": rng.standard_normal((n, t)), "Y": rng.standard_normal((n, t)), "case": f"n = {n}, t = {t}"}
    sizes = rng.permutation([1.0, 0.3, 0.001])
    yield {"X": sizes[:, np.newaxis] * rng.standard_normal((3, 8)), "Y": rng.standard_normal((3, 8)),
           "case": "n = 3, t = 8, a small input"}


# %% nbgrader={"grade_id": "least-squares", "solution": true}
def least_squares(X, Y):
    """The linear map with the smallest loss.

    X: (n, t), Y: (n, t), more samples than inputs.
    Returns A: (n, n); A @ X is as close to Y as any linear map comes.
    """
    ### BEGIN SOLUTION
    # A (X X^T) = Y X^T, transposed: (X X^T) A^T = X Y^T.
    return np.linalg.solve(X @ X.T, X @ Y.T).T
    ### END SOLUTION

# %% nbgrader={"grade_id": "least-squares-check", "grade": true, "points": 2}
check.values(least_squares, at=regression_cases, points=2)

# %% tags=["mistake"] question="least-squares" says="X X^T has been inverted entry by entry: the inverse of a matrix is another matrix than that of the inverses of its entries."
def least_squares(X, Y):
    return Y @ X.T / (X @ X.T)

# %% tags=["mistake"] question="least-squares" says="This is the transpose of the map: solvers find what stands to the right of the known matrix, and A stands to the left of X."
def least_squares(X, Y):
    return np.linalg.lstsq(X.T, Y.T, rcond=None)[0]

# %% tags=["mistake"] question="least-squares" says="Inputs and targets have changed places: A takes X to Y. The best map from Y back to X is another one, and not even its inverse."
def least_squares(X, Y):
    return X @ np.linalg.pinv(Y)

# %% tags=["mistake"] question="least-squares" says="A number has been added to the diagonal of X X^T. Where inputs are small it is no longer small beside them, and the map is no longer the best one."
def least_squares(X, Y):
    return np.linalg.solve(X @ X.T + 1e-6 * np.eye(len(X)), X @ Y.T).T

# %% tags=["mistake"] question="least-squares" says="Descent goes towards the best map and does not arrive: along small inputs it hardly moves. These equations are linear, a solver hits them at once."
def least_squares(X, Y):
    A = np.zeros((len(Y), len(X)))
    for _ in range(5000):
        A = A - (A @ X - Y) @ X.T / np.linalg.norm(X, 2) ** 2
    return A

# %% tags=["alternative"] question="least-squares" name="pseudo-inverse"
def least_squares(X, Y):
    return Y @ np.linalg.pinv(X)

# %% tags=["alternative"] question="least-squares" name="lstsq"
def least_squares(X, Y):
    solution, *_ = np.linalg.lstsq(X.T, Y.T, rcond=None)
    return solution.T

# %% tags=["alternative"] question="least-squares" name="the inverse, written out"
def least_squares(X, Y):
    return Y @ X.T @ np.linalg.inv(X @ X.T)

# %% [markdown]
# ### The trained nets beside the least-squares solution
#
# The weights of the three nets have different shapes and cannot be compared. Their products $W_2 W_1$ are all
# $(n, n)$ and can: the cell prints them, each with its first three rows, and draws them whole. Look at the last figure
# too: the nets come to the same place, but not equally fast.

# %% tags=["experiment"]
def compare_with_least_squares(runs, A):
    """Print how far each net has come, and draw the products W2 W1 beside A (a row for each output)."""
    best = mean_loss(A @ inputs, targets)
    print(f"least squares: loss {best:.5f}")
    for m, (W1, W2, losses) in runs.items():
        print(f"m = {m}: loss {losses[-1]:.5f}, {losses[-1] - best:.0e} above; max |W2 W1 − A| = "
              f"{np.max(np.abs(W2 @ W1 - A)):.0e}")
    for name, product in [("A", A)] + [(f"W2 W1, m = {m}", W2 @ W1) for m, (W1, W2, _) in runs.items()]:
        print(f"{name}:", *(" ".join(f"{entry:6.3f}" for entry in row) for row in product[:3]), sep="\n  ")

    products = {"A": A} | {f"m = {m}": W2 @ W1 for m, (W1, W2, _) in runs.items()}
    plots.weights(np.stack(list(products.values())), names=list(products), shape=A.shape, columns=len(products),
                  title="A and the products W2 W1")
    plots.learning_curves({f"m = {m}": losses - best for m, (_, _, losses) in runs.items()}, first=0, xlabel="step",
                          ylabel="loss − best linear loss", title="How far each net is above least squares")
    plt.show()


with check.once_written():
    if linear_runs:
        compare_with_least_squares(linear_runs, least_squares(inputs, targets))

# %% [markdown]
# ## 1.8 Why do all three end at the same loss?
#
# Answer in two or three sentences: what are all three nets able to be, and why is the end the same one for all? Then say in
# one more what would be different for $m = 5$.

# %% [markdown] nbgrader={"grade_id": "why-same-loss", "grade": true, "solution": true, "points": 3}
# ### BEGIN SOLUTION
# **Model answer.** The outputs depend on the weights only through the product $W_2 W_1$, and with $m \ge n$ hidden
# units this product can be any $n \times n$ matrix; so each width has exactly the linear maps to choose from, and
# gradient descent finds the best of them, the one least-squares solution. With $m = 5 < n = 10$ the product has rank 5
# at most, so the net can only reach the best map of rank 5, whose loss is higher.
#
# **Mark scheme, 3 points.**
#
# - 1 point: the net is a linear map whatever its width, or: only the product $W_2 W_1$ matters.
# - 1 point: for all three widths the product can be any matrix, because $m \ge n$; the best one is the least-squares
#   solution, and it is unique. ("They all minimise the same function" alone is half a point: the functions of the
#   weights are different ones, they only share their minimum.)
# - 1 point: for $m = 5$ the rank is limited, so the loss ends higher. ("It cannot represent every matrix" is enough.)
#
# Not needed, but worth a word of praise: the loss is no bowl in $(W_1, W_2)$, it has saddle points. That gradient
# descent is not caught in a local minimum is a fact about linear nets (Baldi and Hornik 1989), and the saddles are
# why the narrowest net still creeps at the end. Also worth praise: $X X^\top$ must be invertible for the solution to
# be unique.
# ### END SOLUTION

# %% [markdown]
# # Part 2: the sigmoid net
#
# One thing changes: each hidden number goes through the logistic function before it meets $W_2$.
#
# $$f(x) = W_2\, \sigma(W_1 x), \qquad \sigma(z) = \frac{1}{1 + e^{-z}}$$

# %% [markdown]
# ## 2.1 A sigmoid that survives any argument
#
# *Afterwards you have σ for arrays of any size and numbers of any size.*
#
# $\sigma$ lies between 0 and 1 for every argument, but the way there may not. `np.exp(1000)` is too large for a float
# and becomes infinity: `exp(z) / (1 + exp(z))` is then infinity by infinity, which is `nan`, and one `nan` spoils the
# whole net. The form $1 / (1 + e^{-z})$ overflows for large *negative* arguments. (It happens to land on the right 0,
# with a warning.) The cure: only ever take the exponential of something that is not positive.
#
# $$\sigma(z) = \frac{1}{1 + e^{-z}} \;\;\text{for } z \ge 0, \qquad
#   \sigma(z) = \frac{e^{z}}{1 + e^{z}} \;\;\text{for } z < 0$$
#
# Both lines are the same function; each is safe on its side. Two traps. The caller may still need $z$, so do not
# write the result into it. And $z$ may hold integers: an array that is made "like" it holds integers as well, and every
# $\sigma$ in it becomes 0.
#
# Shapes: any shape $\to$ the same shape.

# %% nbgrader={"grade_id": "stable-sigmoid-cases", "locked": true}
def sigmoid_argument_cases(rng):
    """Ordinary numbers, huge ones, and integers."""
    yield {"z": 3 * rng.standard_normal((4, 5)), "case": "ordinary numbers"}
    yield {"z": np.array([-1e4, -800.0, -30.0, -1.0, 0.0, 1.0, 30.0, 800.0, 1e4]) * rng.uniform(0.95, 1.0),
           "case": "huge numbers"}
    yield {"z": rng.permutation(np.arange(-4, 5)), "case": "integers"}
    yield {"z": -np.array([34.0, 28.0, 23.0, 17.0, 12.0]) * rng.uniform(0.97, 1.0), "case": "small results"}


# %% nbgrader={"grade_id": "stable-sigmoid", "solution": true}
def sigmoid(z):
    """The logistic function of every entry, without overflow.

    z: array of any shape, of floats or integers.
    Returns an array of floats of the same shape; z stays as it is.
    """
    ### BEGIN SOLUTION
    e = np.exp(-np.abs(z))  # never above 1
    return np.where(z >= 0, 1, e) / (1 + e)
    ### END SOLUTION

# %% nbgrader={"grade_id": "stable-sigmoid-check", "grade": true, "points": 3}
check.values(sigmoid, at=sigmoid_argument_cases, by="case", points=3)

# %% tags=["mistake"] question="stable-sigmoid" says="The sigmoid has overwritten its argument: the caller's array now holds the result. Compute into a new array."
def sigmoid(z):
    negative = z < 0
    e = np.exp(-np.abs(z))
    z[negative] = e[negative] / (1 + e[negative])
    z[~negative] = 1 / (1 + e[~negative])
    return z

# %% tags=["mistake"] question="stable-sigmoid" says="For large arguments exp overflows, and infinity divided by infinity is not a number: take the exponential only of what is not positive."
def sigmoid(z):
    return np.exp(z) / (1 + np.exp(z))

# %% tags=["mistake"] question="stable-sigmoid" says="The result is stored in an array made like z: for integers that is an array of integers, and all between 0 and 1 is cut off to 0."
def sigmoid(z):
    result = np.zeros_like(z)
    positive = z >= 0
    result[positive] = 1 / (1 + np.exp(-z[positive]))
    result[~positive] = np.exp(z[~positive]) / (1 + np.exp(z[~positive]))
    return result

# %% tags=["mistake"] question="stable-sigmoid" says="Taking the absolute value makes the function the same on both sides: for a negative z, sigma(z) is 1 - sigma(-z)."
def sigmoid(z):
    return 1 / (1 + np.exp(-np.abs(z)))

# %% tags=["mistake"] question="stable-sigmoid" says="The argument is cut off where the result is merely small. A sigmoid of -25 is not that of -20: cut only where a float can no longer tell it from 0, some hundreds away."
def sigmoid(z):
    return 1 / (1 + np.exp(-np.clip(z, -20, 20)))

# %% tags=["mistake"] question="stable-sigmoid" says="Small results have been rounded to 0: they are small, not zero."
def sigmoid(z):
    return np.where(z < -10, 0.0, np.where(z > 10, 1.0, expit(z)))

# %% tags=["alternative"] question="stable-sigmoid" name="scipy's expit"
def sigmoid(z):
    return expit(z)

# %% tags=["alternative"] question="stable-sigmoid" name="through tanh"
def sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))

# %% tags=["alternative"] question="stable-sigmoid" name="np.where takes both forms, warnings off"
def sigmoid(z):
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(z >= 0, 1 / (1 + np.exp(-z)), np.exp(z) / (1 + np.exp(z)))

# %% tags=["alternative"] question="stable-sigmoid" name="masks and a new array"
def sigmoid(z):
    result = np.empty(z.shape)
    positive = z >= 0
    result[positive] = 1 / (1 + np.exp(-z[positive]))
    e = np.exp(z[~positive])
    result[~positive] = e / (1 + e)
    return result

# %% tags=["alternative"] question="stable-sigmoid" name="clipped where σ is 0 or 1 anyway"
def sigmoid(z):
    return 1 / (1 + np.exp(-np.clip(z, -500, 500)))

# %% [markdown]
# ## 2.2 The sigmoid net answers, and remembers
#
# *Afterwards the net has an output, and keeps on the way what the backward pass will need.*
#
# The same two products with $\sigma$ in between. The hidden activations $H$ are worth keeping: the gradient of $W_2$
# needs them, and, as you will see, so does the derivative of $\sigma$. What a forward pass keeps for the
# backward pass is called a *cache*.
#
# $$Z = W_1 X, \qquad H = \sigma(Z), \qquad F = W_2 H$$
#
# There is no $\sigma$ on the output: targets may be any number, not only those between 0 and 1. If your sigmoid is
# not ready yet, take `expit` from the first cell, which is the same function. Pre-activations may be huge here, too.
#
# Shapes: $X$ $(n, t)$ $\to$ $Z$ and $H$ $(m, t)$ $\to$ $F$ $(n, t)$.

# %% nbgrader={"grade_id": "sigmoid-forward", "solution": true}
def sigmoid_forward(W1, W2, X):
    """Hidden activations and outputs of the sigmoid net for all samples.

    W1: (m, n), W2: (n, m), X: (n, t).
    Returns H: (m, t), the activations after the sigmoid, and F: (n, t), the outputs.
    """
    ### BEGIN SOLUTION
    H = sigmoid(W1 @ X)
    F = W2 @ H
    return H, F
    ### END SOLUTION

# %% nbgrader={"grade_id": "sigmoid-forward-check", "grade": true, "points": 2}
check.values(sigmoid_forward, at=forward_cases, returns=("H", "F"), points=2)

# %% tags=["mistake"] question="sigmoid-forward" says="The output layer is linear: a sigmoid on the output could never reach a target below 0 or above 1."
def sigmoid_forward(W1, W2, X):
    H = sigmoid(W1 @ X)
    return H, sigmoid(W2 @ H)

# %% tags=["mistake"] question="sigmoid-forward" says="What is kept is the pre-activation: H is the activation, after the sigmoid. The output is right."
def sigmoid_forward(W1, W2, X):
    Z = W1 @ X
    return Z, W2 @ sigmoid(Z)

# %% tags=["mistake"] question="sigmoid-forward" says="The sigmoid acts on the hidden layer, on the numbers W1 X: here it acts on the input, before W1."
def sigmoid_forward(W1, W2, X):
    H = W1 @ sigmoid(X)
    return H, W2 @ H

# %% tags=["mistake"] question="sigmoid-forward" says="For large pre-activations exp overflows, and infinity divided by infinity is not a number: take your sigmoid of 2.1, which survives them."
def sigmoid_forward(W1, W2, X):
    E = np.exp(W1 @ X)
    H = E / (1 + E)
    return H, W2 @ H

# %% tags=["alternative"] question="sigmoid-forward" name="expit, sample by sample"
def sigmoid_forward(W1, W2, X):
    H, F = np.empty((W1.shape[0], X.shape[1])), np.empty((W2.shape[0], X.shape[1]))
    for s in range(X.shape[1]):
        H[:, s] = expit(W1 @ X[:, s])
        F[:, s] = W2 @ H[:, s]
    return [H, F]

# %% tags=["alternative"] question="sigmoid-forward" name="written out"
def sigmoid_forward(W1, W2, X):
    H = (1 + np.tanh((W1 @ X) / 2)) / 2
    return H, np.einsum("ij,jt->it", W2, H)

# %% [markdown]
# The loss is the one from 1.2: it looks only at outputs and targets, and does not care which net has made them. The
# next cell puts it together for this net.

# %% nbgrader={"grade_id": "sigmoid-loss", "locked": true}
def sigmoid_loss(W1, W2, X, Y):
    """The loss of the sigmoid net as a function of its weights."""
    _, F = sigmoid_forward(W1, W2, X)
    return mean_loss(F, Y)


def sigmoid_cases(rng, sizes=((3, 5, 4), (4, 4, 6), (6, 3, 7))):
    """Weights, inputs and targets, and the cache of a forward pass over them."""
    for case in two_layer_cases(rng, sizes):
        H = expit(case["W1"] @ case["X"])
        yield case | {"H": H, "F": case["W2"] @ H}


# %% [markdown]
# ## 2.3 The long way once more
#
# *Afterwards you see what the sigmoid changes in the Jacobians, and what it does not.*
#
# As in 1.3, for one sample: every output, every weight. Only now $h = \sigma(z)$ with $z = W_1 x$. Follow one weight
# $W_{1,jk}$ with a pencil: which $z$ does it move, which $h$ does that move, and which outputs does this $h$ move? The
# sigmoid acts on each hidden number by itself, so the Jacobian of $h$ with respect to $z$ is a diagonal matrix. What stands on its
# diagonal can be said with $h$ alone. (Differentiate $\sigma(z) = 1 / (1 + e^{-z})$ and look for $\sigma$ in the result.)
#
# The forward pass is done: $h$ is an argument, and $W_1$ is not needed any more.
#
# Shapes, for **one** sample: $W_2$ $(n, m)$, $x$ $(n,)$, $h$ $(m,)$ $\to$ $J_1$ $(n, m, n)$, $J_2$ $(n, n, m)$.

# %% nbgrader={"grade_id": "sigmoid-jacobians-cases", "locked": true}
def sigmoid_output(W1, W2, x):
    """The output (n,) of the sigmoid net for one sample x (n,)."""
    return W2 @ expit(W1 @ x)


def one_sigmoid_sample_cases(rng):
    """Weights, one input, and its hidden activations; fewer, as many and more hidden units than inputs."""
    for case in one_sample_cases(rng):
        yield case | {"h": expit(case["W1"] @ case["x"])}


# %% nbgrader={"grade_id": "sigmoid-jacobians", "solution": true}
def sigmoid_jacobians(W2, x, h):
    """The Jacobians of the sigmoid net for one sample.

    W2: (n, m), x: (n,); h: (m,), activations after the sigmoid.
    Returns J1: (n, m, n) with J1[i, j, k] = d f[i] / d W1[j, k],
            J2: (n, n, m) with J2[i, j, k] = d f[i] / d W2[j, k].
    """
    ### BEGIN SOLUTION
    slope = h * (1 - h)  # (m,), the diagonal
    J1 = (W2 * slope)[:, :, np.newaxis] * x
    J2 = np.zeros((len(x), len(x), len(h)))
    for i in range(len(x)):
        J2[i, i] = h
    return J1, J2
    ### END SOLUTION

# %% nbgrader={"grade_id": "sigmoid-jacobians-check", "grade": true, "points": 3}
check.jacobian(sigmoid_jacobians, of=sigmoid_output, wrt=("W1", "W2"), at=one_sigmoid_sample_cases, points=3)

# %% tags=["mistake"] question="sigmoid-jacobians" says="The sigmoid's slope is missing in J1: a weight of the first layer moves z, and h moves with z by the slope of the sigmoid."
def sigmoid_jacobians(W2, x, h):
    return np.einsum("ij,k->ijk", W2, x), np.einsum("ij,k->ijk", np.eye(len(x)), h)

# %% tags=["mistake"] question="sigmoid-jacobians" says="The sigmoid's slope has slipped into J2: W2 stands behind the sigmoid, and its weights meet the activation itself."
def sigmoid_jacobians(W2, x, h):
    slope = h * (1 - h)
    return np.einsum("ij,j,k->ijk", W2, slope, x), np.einsum("ij,k->ijk", np.eye(len(x)), slope)

# %% tags=["mistake"] question="sigmoid-jacobians" says="The sigmoid has been applied a second time: h is already what comes out of it, and the slope is made of h directly."
def sigmoid_jacobians(W2, x, h):
    slope = expit(h) * (1 - expit(h))
    return np.einsum("ij,j,k->ijk", W2, slope, x), np.einsum("ij,k->ijk", np.eye(len(x)), h)

# %% tags=["mistake"] question="sigmoid-jacobians" says="W1 has m rows: only the first n of them have been filled, and where there are more hidden units than inputs the rest has stayed zero."
def sigmoid_jacobians(W2, x, h):
    n, m = W2.shape
    J1, J2 = np.zeros((n, m, n)), np.zeros((n, n, m))
    for i in range(n):
        for j in range(min(n, m)):
            J1[i, j] = W2[i, j] * h[j] * (1 - h[j]) * x
        J2[i, i] = h
    return J1, J2

# %% tags=["mistake"] question="sigmoid-jacobians" says="All hidden numbers have got the mean slope: the sigmoid acts on each by itself, at its own z."
def sigmoid_jacobians(W2, x, h):
    slope = np.mean(h * (1 - h))
    return slope * np.einsum("ij,k->ijk", W2, x), np.einsum("ij,k->ijk", np.eye(len(x)), h)

# %% tags=["alternative"] question="sigmoid-jacobians" name="a diagonal matrix"
def sigmoid_jacobians(W2, x, h):
    through = W2 @ np.diag(h - h**2)
    return np.einsum("ij,k->ijk", through, x), np.einsum("ij,k->ijk", np.eye(len(x)), h)

# %% tags=["alternative"] question="sigmoid-jacobians" name="entry by entry"
def sigmoid_jacobians(W2, x, h):
    n, m = W2.shape
    J1, J2 = np.zeros((n, m, n)), np.zeros((n, n, m))
    for i in range(n):
        for j in range(m):
            J2[i, i, j] = h[j]
            for k in range(n):
                J1[i, j, k] = W2[i, j] * h[j] * (1 - h[j]) * x[k]
    return J1, J2

# %% [markdown]
# ## 2.4 Backwards through the sigmoid
#
# *Afterwards you have both gradients of a net with a non-linearity: this is all of backpropagation for a chain of layers.*
#
# Start as in 1.5 and go backwards, one operation at a time: first to $F$, then to $H$ and $W_2$, then to $Z$, then to
# $W_1$. At each one, ask how the loss moves with its input, when you know how it moves with its output. For $F = W_2 H$ that
# is the same as before. New is $H = \sigma(Z)$: it acts on each entry by itself, as you have seen in 2.3. What multiplies
# entry by entry is written $\odot$ in formulas and `*` in numpy. Note that $W_1$ itself is not needed: all that matters of
# it is in $H$.
#
# (A chain: each number here is used once. Where one is used in two places, what comes back from both is added up. You have
# met that already: a weight is used for every sample, and its gradient is a sum over the samples.)
#
# **First the formulas**, in three lines: `dZ`, the gradient with respect to the pre-activations, `dW1` and `dW2`. Letters are
# $W_2$, $X$, $H$, the residuals $R = F - Y$ and $t$.

# %% nbgrader={"grade_id": "sigmoid-derivation-cases", "locked": true}
def sigmoid_letters(rng):
    """The letters of the derivation; the first case holds numbers that a pencil can follow."""
    small = {"W2": np.array([[2.0, -1.0]]), "X": np.array([[1.0, 4.0]]), "H": np.array([[0.5, 0.2], [0.9, 0.5]]),
             "F": np.array([[0.1, -0.1]]), "Y": np.array([[-1.9, 0.9]]), "case": "m = 2, n = 1, t = 2"}
    for case in (small, *sigmoid_cases(rng)):
        yield {"W2": case["W2"], "X": case["X"], "H": case["H"], "R": case["F"] - case["Y"], "t": case["X"].shape[1],
               "case": case["case"]}


# %% nbgrader={"grade_id": "sigmoid-derivation", "solution": true}
def sigmoid_formulas():
    """The gradients of the loss of the sigmoid net as formulas of W2, X, H, R and t.

    Returns a text with the lines "dZ = ...", "dW1 = ..." and "dW2 = ...".
    """
    ### BEGIN SOLUTION
    return """
    dF = 2 / t * R
    dW2 = dF @ H.T
    dZ = (W2.T @ dF) * H * (1 - H)
    dW1 = dZ @ X.T
    """
    ### END SOLUTION

# %% nbgrader={"grade_id": "sigmoid-derivation-check", "grade": true, "points": 3}
check.derivation(sigmoid_formulas, at=sigmoid_letters, returns=("dZ", "dW1", "dW2"), points=3)

# %% tags=["mistake"] question="sigmoid-derivation" says="The sigmoid has been passed without its slope: what arrives at H is not yet what arrives at Z."
def sigmoid_formulas():
    return "dF = 2 / t * R; dW2 = dF @ H.T; dZ = W2.T @ dF; dW1 = dZ @ X.T"

# %% tags=["mistake"] question="sigmoid-derivation" says="1 - H² is the slope of tanh; that of the logistic function is another polynomial of H."
def sigmoid_formulas():
    return "dF = 2 / t * R; dW2 = dF @ H.T; dZ = (W2.T @ dF) * (1 - H**2); dW1 = dZ @ X.T"

# %% tags=["mistake"] question="sigmoid-derivation" says="The slope is that of sigma at Z, and H is sigma(Z) already: no second sigmoid belongs there."
def sigmoid_formulas():
    return "dF = 2 / t * R; dW2 = dF @ H.T; dZ = (W2.T @ dF) * sigmoid(H) * (1 - sigmoid(H)); dW1 = dZ @ X.T"

# %% tags=["mistake"] question="sigmoid-derivation" says="The mean over the samples is missing in all three lines."
def sigmoid_formulas():
    return "dF = 2 * R; dW2 = dF @ H.T; dZ = (W2.T @ dF) * H * (1 - H); dW1 = dZ @ X.T"

# %% tags=["alternative"] question="sigmoid-derivation" name="without a name for dF"
def sigmoid_formulas():
    return ["dZ = 2 * W2.T @ R * (H - H**2) / t", "dW1 = dZ @ X.T", "dW2 = (H @ R.T).T * 2 / t"]

# %% tags=["alternative"] question="sigmoid-derivation" name="as sums with a new axis"
def sigmoid_formulas():
    return """
    dZ = 2 / t * sum(W2[:, :, None] * R[:, None, :], axis=0) * H * (1 - H)
    dW1 = sum(dZ[:, None, :] * X[None, :, :], axis=2)
    dW2 = 2 / t * sum(R[:, None, :] * H[None, :, :], axis=2)
    """

# %% [markdown]
# **Then the code**, from the cache of the forward pass.
#
# Shapes: $W_2$ $(n, m)$, $X$ and $Y$ and $F$ $(n, t)$, $H$ $(m, t)$ $\to$ $(m, n)$ and $(n, m)$.

# %% nbgrader={"grade_id": "sigmoid-gradients", "solution": true}
def sigmoid_gradients(W2, X, Y, H, F):
    """The gradients of the loss of the sigmoid net, from the cache of its forward pass.

    W2: (n, m), X: (n, t), Y: (n, t);
    H: (m, t), activations after the sigmoid; F: (n, t), outputs.
    Returns dW1: (m, n) and dW2: (n, m).
    """
    ### BEGIN SOLUTION
    t = X.shape[1]
    dF = 2 / t * (F - Y)  # (n, t)
    dW2 = dF @ H.T  # (n, m)
    dH = W2.T @ dF  # (m, t)
    dZ = dH * H * (1 - H)  # (m, t): H is σ(Z), so H (1 - H) is the slope at Z
    dW1 = dZ @ X.T  # (m, n)
    return dW1, dW2
    ### END SOLUTION

# %% nbgrader={"grade_id": "sigmoid-gradients-check", "grade": true, "points": 6}
check.gradients(
    sigmoid_gradients, of=sigmoid_loss, wrt=("W1", "W2"), at=sigmoid_cases, points=6,
    ### BEGIN HIDDEN TESTS
    also_at=lambda rng: sigmoid_cases(rng, sizes=((1, 4, 1), (7, 2, 5))),
    ### END HIDDEN TESTS
)

# %% tags=["mistake"] question="sigmoid-gradients" says="On the way back to W1 the slope of the sigmoid is missing: these are the gradients of a net whose hidden layer is linear."
def sigmoid_gradients(W2, X, Y, H, F):
    dF = 2 / X.shape[1] * (F - Y)
    return W2.T @ dF @ X.T, dF @ H.T

# %% tags=["mistake"] question="sigmoid-gradients" says="The sigmoid has been applied twice: H is already sigma(Z), and the slope at Z is made of H directly."
def sigmoid_gradients(W2, X, Y, H, F):
    dF = 2 / X.shape[1] * (F - Y)
    slope = sigmoid(H) * (1 - sigmoid(H))
    return (W2.T @ dF * slope) @ X.T, dF @ H.T

# %% tags=["mistake"] question="sigmoid-gradients" says="The loss is a mean over the samples: both gradients lack the division by t."
def sigmoid_gradients(W2, X, Y, H, F):
    dF = 2 * (F - Y)
    return (W2.T @ dF * H * (1 - H)) @ X.T, dF @ H.T

# %% tags=["mistake"] question="sigmoid-gradients" says="1 - H² is the slope of tanh. The slope of the logistic function is H (1 - H)."
def sigmoid_gradients(W2, X, Y, H, F):
    dF = 2 / X.shape[1] * (F - Y)
    return (W2.T @ dF * (1 - H**2)) @ X.T, dF @ H.T

# %% tags=["mistake"] question="sigmoid-gradients" says="W2 comes after the sigmoid, so its gradient holds the activation H itself: the slope belongs only to what lies before the sigmoid, to W1."
def sigmoid_gradients(W2, X, Y, H, F):
    dF = 2 / X.shape[1] * (F - Y)
    slope = H * (1 - H)
    return (W2.T @ dF * slope) @ X.T, dF @ slope.T

# %% tags=["mistake"] question="sigmoid-gradients" says="The slope is that of each sample at its own Z: here it has been averaged over the samples before it was used."
def sigmoid_gradients(W2, X, Y, H, F):
    dF = 2 / X.shape[1] * (F - Y)
    slope = np.mean(H * (1 - H), axis=1, keepdims=True)
    return (W2.T @ dF * slope) @ X.T, dF @ H.T

# %% tags=["alternative"] question="sigmoid-gradients" name="sample by sample, with a diagonal Jacobian"
def sigmoid_gradients(W2, X, Y, H, F):
    t = X.shape[1]
    dW1, dW2 = 0, 0
    for s in range(t):
        r, h = F[:, s] - Y[:, s], H[:, s]
        J = W2 @ np.diag(h * (1 - h))
        dW1 = dW1 + 2 / t * np.outer(J.T @ r, X[:, s])
        dW2 = dW2 + 2 / t * np.outer(r, h)
    return dW1, dW2

# %% tags=["alternative"] question="sigmoid-gradients" name="one einsum each"
def sigmoid_gradients(W2, X, Y, H, F):
    R = (F - Y) / X.shape[1]
    dW1 = 2 * np.einsum("is,ij,js,ks->jk", R, W2, H - H**2, X, optimize=True)
    return dW1, 2 * np.einsum("is,js->ij", R, H)

# %% [markdown]
# ## 2.5 The sigmoid net learns
#
# *Afterwards you can train a net that bends.*
#
# The loop is that of 1.6: forward, loss, both gradients, then both steps. Now the forward pass has a cache, and it
# is only good for the weights that it was made with. After each step it is stale.
#
# $$W_1 \leftarrow W_1 - \eta\, \frac{\partial L}{\partial W_1}, \qquad
#   W_2 \leftarrow W_2 - \eta\, \frac{\partial L}{\partial W_2}$$
#
# Shapes: as in 1.6. As there, you may call your functions or write their lines again.

# %% nbgrader={"grade_id": "sigmoid-train", "solution": true}
def sigmoid_train(W1, W2, X, Y, steps, rate):
    """Gradient descent on the loss of the sigmoid net.

    W1: (m, n), W2: (n, m), weights to start from; X: (n, t), Y: (n, t);
    steps: number of steps; rate: learning rate.
    Returns W1: (m, n) and W2: (n, m), trained, and losses: array (steps,),
    losses[k] is the loss just before step k, so losses[0] is that of the start.
    """
    ### BEGIN SOLUTION
    t = X.shape[1]
    losses = np.zeros(steps)
    for k in range(steps):
        H = sigmoid(W1 @ X)
        R = W2 @ H - Y
        losses[k] = np.sum(R**2) / t

        dH = 2 / t * W2.T @ R
        dW1 = (dH * H * (1 - H)) @ X.T
        dW2 = 2 / t * R @ H.T
        W1 = W1 - rate * dW1
        W2 = W2 - rate * dW2
    return W1, W2, losses
    ### END SOLUTION

# %% [markdown]
# The second check trains a small net and looks whether it gets below the best loss of any linear map.

# %% nbgrader={"grade_id": "sigmoid-train-cases", "locked": true}
def sigmoid_training_cases(rng):
    """A small net with few samples: wide enough to get below the best linear loss soon."""
    m, n, t = 8, 3, 12
    yield {"W1": rng.standard_normal((m, n)), "W2": rng.standard_normal((n, m)),
           "X": rng.standard_normal((n, t)), "Y": rng.standard_normal((n, t)), "steps": 200, "rate": 0.2,
           "case": f"200 steps, m = {m}, n = {n}"}


def sigmoid_step_cases(rng):
    """A few steps, a few that move hardly anything, many, and a few where each unit is on or off."""
    yield from few_step_cases(rng)
    yield from nearly_fitted_cases(rng, expit)
    yield from sigmoid_training_cases(rng)
    for case in two_layer_cases(rng, ((4, 3, 6),)):
        yield case | {"W1": 1000 * case["W1"], "steps": 2, "rate": 0.05, "case": "huge weights"}


def sigmoid_loss_reached(result, W1, W2, X, Y, steps, rate):
    """The loss of the weights that training returns."""
    return sigmoid_loss(result[0], result[1], X, Y)


def best_of_any_linear_map(W1, W2, X, Y, steps, rate):
    """The bound of the check: what no linear map gets below."""
    return best_linear_loss(X, Y)


# %% nbgrader={"grade_id": "sigmoid-train-steps-check", "grade": true, "points": 3}
check.values(sigmoid_train, at=sigmoid_step_cases, returns=("W1", "W2", "losses"), tolerance=1e-5, points=3)

# %% nbgrader={"grade_id": "sigmoid-train-end-check", "grade": true, "points": 1}
check.training(sigmoid_train, at=sigmoid_training_cases, loss=sigmoid_loss_reached, below=best_of_any_linear_map,
               points=1)

# %% tags=["mistake"] question="sigmoid-train" says="The forward pass stands before the loop: after the first step its cache is stale, so every step repeats the first gradient."
def sigmoid_train(W1, W2, X, Y, steps, rate):
    H, F = sigmoid_forward(W1, W2, X)
    dW1, dW2 = sigmoid_gradients(W2, X, Y, H, F)
    losses = []
    for _ in range(steps):
        losses.append(sigmoid_loss(W1, W2, X, Y))
        W1, W2 = W1 - rate * dW1, W2 - rate * dW2
    return W1, W2, np.array(losses)

# %% tags=["mistake"] question="sigmoid-train" says="W2 has moved before the error is carried back through it: W1's gradient needs the W2 of the forward pass."
def sigmoid_train(W1, W2, X, Y, steps, rate):
    t = X.shape[1]
    losses = []
    for _ in range(steps):
        H = sigmoid(W1 @ X)
        R = W2 @ H - Y
        losses.append(np.sum(R**2) / t)
        W2 = W2 - rate * 2 / t * R @ H.T
        W1 = W1 - rate * 2 / t * (W2.T @ R * H * (1 - H)) @ X.T
    return W1, W2, np.array(losses)

# %% tags=["mistake"] question="sigmoid-train" says="The last weights are asked for, also where the loss has grown: these are the best ones on the way."
def sigmoid_train(W1, W2, X, Y, steps, rate):
    losses, best = [], (W1, W2)
    for _ in range(steps):
        H, F = sigmoid_forward(W1, W2, X)
        losses.append(mean_loss(F, Y))
        dW1, dW2 = sigmoid_gradients(W2, X, Y, H, F)
        W1, W2 = W1 - rate * dW1, W2 - rate * dW2
        if sigmoid_loss(W1, W2, X, Y) < sigmoid_loss(*best, X, Y):
            best = W1, W2
    return *best, np.array(losses)

# %% tags=["mistake"] question="sigmoid-train" says="Only W2 learns: W1 gets a gradient too, so both layers have to move."
def sigmoid_train(W1, W2, X, Y, steps, rate):
    losses = []
    for _ in range(steps):
        H, F = sigmoid_forward(W1, W2, X)
        losses.append(mean_loss(F, Y))
        _, dW2 = sigmoid_gradients(W2, X, Y, H, F)
        W2 = W2 - rate * dW2
    return W1, W2, np.array(losses)

# %% tags=["mistake"] question="sigmoid-train" says="Training stops where little is left to learn: so many steps are asked for as `steps` says, however small they are."
def sigmoid_train(W1, W2, X, Y, steps, rate):
    losses = []
    for k in range(steps):
        H, F = sigmoid_forward(W1, W2, X)
        losses.append(mean_loss(F, Y))
        if k and abs(losses[-1] - losses[-2]) < 1e-6:
            break
        dW1, dW2 = sigmoid_gradients(W2, X, Y, H, F)
        W1, W2 = W1 - rate * dW1, W2 - rate * dW2
    return W1, W2, np.array(losses)

# %% tags=["mistake"] question="sigmoid-train" says="For large pre-activations exp overflows, and infinity divided by infinity is not a number: take your sigmoid of 2.1, which survives them."
def sigmoid_train(W1, W2, X, Y, steps, rate):
    losses = []
    for _ in range(steps):
        E = np.exp(W1 @ X)
        H = E / (1 + E)
        F = W2 @ H
        losses.append(mean_loss(F, Y))
        dW1, dW2 = sigmoid_gradients(W2, X, Y, H, F)
        W1, W2 = W1 - rate * dW1, W2 - rate * dW2
    return W1, W2, np.array(losses)

# %% tags=["alternative"] question="sigmoid-train" name="with the functions from above"
def sigmoid_train(W1, W2, X, Y, steps, rate):
    losses = []
    for _ in range(steps):
        H, F = sigmoid_forward(W1, W2, X)
        losses.append(mean_loss(F, Y))
        dW1, dW2 = sigmoid_gradients(W2, X, Y, H, F)
        W1, W2 = W1 - rate * dW1, W2 - rate * dW2
    return W1, W2, np.array(losses)

# %% tags=["alternative"] question="sigmoid-train" name="a list of weights, moved in place on copies"
def sigmoid_train(W1, W2, X, Y, steps, rate):
    weights = [np.array(W1), np.array(W2)]
    losses = np.empty(steps)
    for k in range(steps):
        H = expit(weights[0] @ X)
        F = weights[1] @ H
        losses[k] = mean_loss(F, Y)
        for W, dW in zip(weights, sigmoid_gradients(weights[1], X, Y, H, F)):
            W -= rate * dW
    return (*weights, losses)

# %% [markdown]
# ### Three widths once more
#
# 2,000 steps at a rate of 0.05 for each width: one thing changes at a time. The initial weights are larger than in part 1,
# because close to 0 the sigmoid is nearly a straight line, and a net that starts there starts out linear.
#
# The last line of the table is another schedule for the widest net, more steps at a smaller rate, as it is found in
# exercises. The more hidden units add up in an output, the more steeply the loss is curved, and the smaller is the step that
# does not overshoot: at a rate of 0.1 the loss of the wide net grows from 234 to 1,497 in the first three steps before
# it falls, where that of the narrow one falls at once. But is 0.01 needed? The table below is yours to change.

# %% tags=["experiment"]
schedule = [
    (10, {"steps": 2000, "rate": 0.05}),
    (25, {"steps": 2000, "rate": 0.05}),
    (50, {"steps": 2000, "rate": 0.05}),
    (50, {"steps": 3000, "rate": 0.01}),
]
sigmoid_runs = {}  # width -> (W1, W2, losses)

with check.once_written():
    print(f"the best linear map: loss {best_linear_loss(inputs, targets):.3f}")
    curves = {}
    for width, pace in schedule:
        run = sigmoid_train(*starting_weights(width, scale=1), inputs, targets, **pace)
        sigmoid_runs.setdefault(width, run)
        curves[f"m = {width}, rate {pace['rate']}"] = run[2]
        print(f"m = {width}, {pace['steps']:,} steps at {pace['rate']}: "
              f"loss {run[2][0]:.1f} at the start, {run[2][-1]:.5f} at the end")
    axis = plots.learning_curves(curves,
                                 title="The sigmoid net, three widths", xlabel="step", first=0)
    axis.axhline(best_linear_loss(inputs, targets), color="black", linestyle=":", linewidth=1)
    axis.annotate("best linear map", (1, best_linear_loss(inputs, targets)), xycoords=("axes fraction", "data"),
                  xytext=(-4, 3), textcoords="offset points", ha="right")
    plt.show()
    A = least_squares(inputs, targets)
    for width, (W1, W2, _) in sigmoid_runs.items():
        print(f"m = {width}: max |W2 W1 − A| = {np.max(np.abs(W2 @ W1 - A)):.1f}; "
              f"first entries of W2 W1: {' '.join(f'{entry:6.2f}' for entry in (W2 @ W1)[0, :6])}")

# %% [markdown]
# ### What does the product say here?
#
# The last lines of the cell print $W_2 W_1$ of the sigmoid nets, as in part 1. For the linear nets these numbers were the
# same for every width. Here they are not, and they are nowhere near $A$. Why?
#
# - `"a"`: the nets have not been trained for long enough; with more steps the products come to $A$.
# - `"b"`: the product is the best linear map for the targets *as the sigmoid sees them*, and each width sees them otherwise.
# - `"c"`: the product is no part of what the net computes: σ stands between the two matrices, and $W_2\, \sigma(W_1 x)$ does
#   not depend on the weights through $W_2 W_1$.
# - `"d"`: the rate was too large, so that the products oscillate.

# %% nbgrader={"grade_id": "product-trap", "solution": true}
def what_the_product_says():
    """The letter of the right answer, a text."""
    ### BEGIN SOLUTION
    return "c"
    ### END SOLUTION

# %% nbgrader={"grade_id": "product-trap-check", "grade": true, "points": 1}
check.answer(what_the_product_says, points=1)

# %% tags=["mistake"] question="product-trap" says="More steps bring the loss down further, but nothing draws the product to A: ask where in the sigmoid net's formula the product W2 W1 occurs."
def what_the_product_says():
    return "a"

# %% tags=["mistake"] question="product-trap" says="The sigmoid acts between the two matrices, not on the targets: no linear map is being fitted here at all."
def what_the_product_says():
    return "b"

# %% tags=["mistake"] question="product-trap" says="All three losses fall at every step: nothing jumps. Ask where in the sigmoid net's formula the product W2 W1 occurs."
def what_the_product_says():
    return "d"

# %% tags=["alternative"] question="product-trap" name="a capital"
def what_the_product_says():
    return "C"

# %% tags=["alternative"] question="product-trap" name="with a blank"
def what_the_product_says():
    return " c"

# %% [markdown]
# ## 2.6 What has the non-linearity bought?
#
# Write a short paragraph. Compare the two nets by what you have measured: how low does each get, and what does more
# width do for each? Say why: which functions can $W_2 W_1 x$ be, and which more can $W_2\, \sigma(W_1 x)$ be? (A
# hint: what shape has $H$, and what rank can it have in each of the two nets? There are 25 samples.) And remember
# what the targets are: would you use one of these nets to predict the target of a new input?

# %% [markdown] nbgrader={"grade_id": "what-it-bought", "grade": true, "solution": true, "points": 3}
# ### BEGIN SOLUTION
# **Model answer.** The linear net ends at a loss of 6.705 for each width, the loss of the least-squares map, and no
# amount of width or training gets it lower. The sigmoid net ends at about 1.69 for $m = 10$, 0.009 for $m = 25$ and
# 0.00001 for $m = 50$, at the same rate and after as many steps: far lower, and now the width matters. Without σ two layers
# are one matrix; with σ in between they are not, and each hidden unit adds a function of its own, a bend in another
# direction. One can count it: the outputs are $W_2 H$. In the linear net $H = W_1 X$ has rank 10 at most for any $m$,
# because $X$ has 10 rows. The sigmoid lifts that limit: $H$ has rank 10 for $m = 10$, but 25 for $m = 25$ and 50, and once
# there are as many independent hidden rows as samples, some $W_2$ hits all 25 targets exactly. At $m = 10$ that $W_2$ does
# not exist, but $W_1$ can still choose *which* ten functions. (The run of $m = 50$ at a rate of 0.01 ends at 0.032, above
# $m = 25$: that is its rate, not its width.) As the targets are noise, this is memorising: for a new input the output
# means nothing.
#
# **Mark scheme, 3 points.**
#
# - 1 point: the facts. The sigmoid net gets below the linear floor at every width, and width makes a difference only
#   there. Numbers or "far lower" are both fine. Take half off if the slow run of $m = 50$ is called worse *because* the
#   net is wider.
# - 1 point: the reason. Two linear layers are one linear map; σ between them makes functions possible that are not
#   linear, and more of them with more hidden units. The rank argument, or "25 hidden units can fit 25 samples", is a
#   very good answer, but not needed for the point.
# - 1 point: the price. A low loss on noise is memorising; it says nothing about new inputs. (Any clear statement that
#   fitting is not predicting earns it.)
# ### END SOLUTION

# %% [markdown]
# # What to read next
#
# - Michael Nielsen, *Neural Networks and Deep Learning* (2015), chapter 2: backpropagation told slowly, with a column
#   as the sample, as here. <http://neuralnetworksanddeeplearning.com/chap2.html>
# - Ian Goodfellow, Yoshua Bengio and Aaron Courville, *Deep Learning* (2016), chapter 6: section 6.5 is on
#   backpropagation in general, for any graph of operations. <https://www.deeplearningbook.org>
# - Kaare Brandt Petersen and Michael Syskind Pedersen, *The Matrix Cookbook* (2012), chapter 2: derivatives of
#   matrix expressions, to look up and to check yourself against.
# - Pierre Baldi and Kurt Hornik, "Neural networks and principal component analysis: Learning from examples without
#   local minima", *Neural Networks* 2 (1989): why descent on a linear net does not get caught.
# - Andrew Saxe, James McClelland and Surya Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep
#   linear neural networks" (2013), <https://arxiv.org/abs/1312.6120>: linear nets can only be linear maps, but *how*
#   they learn them is not simple at all. Look at your curves from 1.7 again afterwards.
