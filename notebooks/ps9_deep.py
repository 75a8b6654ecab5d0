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
# # Problem set 9: deep nets, and the craft of getting them to learn
#
# **What you will learn.** What a net of two layers forgives, a net of ten does not: gradients fade in the backward pass, rates
# that suit one layer blow up another, and a slip in one line looks like bad luck. Here you write what people add against that
# (normalisation, dropout, a way around, steps that adapt), each with its backward pass, and practise finding out what is
# wrong with a net from its numbers.
#
# **What you need.** Problem set 4, or its contents: a backward pass, minibatches, checking a gradient with finite
# differences. Problem set 6 for momentum.
#
# **How long it takes.** About seven hours. Everything together computes for less than a minute.
#
# **How it works.** As before: you write functions; under each is a self-check. A function gets all it needs as arguments,
# so that a slip in one question does not spoil the next.

# %%
import matplotlib.pyplot as plt
import numpy as np

from helpers import check, data, plots, threads

threads.limit(1)  # these matrices are small: several threads would only wait for each other

# %% [markdown]
# ## Words
#
# A row is a sample, as in problem set 6: $X$ is $(N, D)$, a batch of $N$ samples with $D$ features.
#
# | in the code | what it is |
# |---|---|
# | `G` | the derivative of the loss with respect to a layer's result: the *upstream gradient*, in the shape of the result |
# | `dX`, `dW`, ... | the derivative of the loss with respect to `X`, `W`, ..., in the shape of `X`, `W`, ... |
# | `gamma`, `beta` | scale and shift of a normalising layer, $(D,)$ each: learned like weights |
# | `eps` | a small number under a root or in a denominator, against division by zero |
#
# The checks measure a backward pass with the loss $\sum_{ij} G_{ij}\, Y_{ij}$ of the layer's result $Y$, whose derivative with
# respect to $Y$ is $G$.

# %% nbgrader={"grade_id": "layer-cases", "locked": true}
def batches(rng, eps=1e-5):
    """Batches whose features differ in mean and standard deviation."""
    for n, d in ((4, 3), (6, 2), (3, 5)):
        X = rng.standard_normal((n, d)) * rng.uniform(0.5, 3.0, d) + rng.uniform(-2.0, 2.0, d)
        yield {"X": X, "gamma": rng.uniform(0.5, 2.0, d) * rng.choice([-1.0, 1.0], d), "beta": rng.standard_normal(d),
               "eps": eps, "case": f"N = {n}, D = {d}, eps = {eps}"}


def forward_cases(rng):
    """Batches with an eps that hardly matters, with one that does, and one with a feature that hardly varies and an outlier."""
    yield from batches(rng)
    yield from batches(rng, 0.5)
    X = rng.standard_normal((20, 3)) * np.array([1.0, 1e-4, 1.0])
    X[0, 0] = 100.0
    yield {"X": X, "gamma": rng.uniform(0.5, 2.0, 3), "beta": rng.standard_normal(3), "eps": 1e-5,
           "case": "N = 20, D = 3, an outlier"}


def backward_cases(rng):
    """The first two kinds, with an upstream gradient."""
    for eps in (1e-5, 0.5):
        for case in batches(rng, eps):
            yield {**case, "G": rng.standard_normal(case["X"].shape)}


def standardised_cases(rng):
    """A batch with a mean and a variance that need not be its own: here they are inputs like any others."""
    for n, d in ((4, 3), (6, 2), (2, 4)):
        yield {"X": 2 * rng.standard_normal((n, d)), "mean": rng.standard_normal(d), "var": rng.uniform(0.3, 2.0, d),
               "eps": 0.1, "G": rng.standard_normal((n, d)), "case": f"N = {n}, D = {d}"}


def standardised_loss(X, mean, var, eps, G):
    return np.sum(G * (X - mean) / np.sqrt(var + eps))


def normalised_loss(X, gamma, beta, eps, G, axis):
    mean, var = np.mean(X, axis=axis, keepdims=True), np.var(X, axis=axis, keepdims=True)
    return np.sum(G * (gamma * (X - mean) / np.sqrt(var + eps) + beta))


def batch_norm_loss(X, gamma, beta, eps, G):
    return normalised_loss(X, gamma, beta, eps, G, axis=0)


def layer_norm_loss(X, gamma, beta, eps, G):
    return normalised_loss(X, gamma, beta, eps, G, axis=1)


def nothing_moves_all_samples(result, X, gamma, beta, eps, G):
    """A shift of a whole feature changes nothing, so its gradient is zero, though that of each sample is not."""
    return np.max(np.abs(np.sum(result[0], axis=0))) < 1e-5 < np.max(np.abs(result[0]))


def running_cases(rng):
    """Statistics so far, and a new batch."""
    for n, d, momentum in ((4, 3, 0.1), (6, 2, 0.3), (3, 4, 0.9)):
        yield {"mean": rng.standard_normal(d), "var": rng.uniform(0.5, 2.0, d),
               "X": 2 * rng.standard_normal((n, d)) + 1, "momentum": momentum, "case": f"N = {n}, momentum {momentum}"}


def folded_cases(rng):
    """A dense layer, and the statistics that a batch norm behind it has gathered."""
    for d, h in ((3, 2), (3, 3), (2, 4)):
        yield {"W": rng.standard_normal((d, h)), "b": rng.standard_normal(h),
               "gamma": rng.uniform(0.5, 2.0, h) * np.where(np.arange(h) % 2, 1, -1), "beta": rng.standard_normal(h), "mean": rng.standard_normal(h), "var": rng.uniform(0.3, 3.0, h),
               "eps": 0.1, "case": f"{d} inputs, {h} outputs"}


# %% [markdown]
# # Part 1: layers that look at their neighbours

# %% [markdown]
# ## 1.1 Batch normalisation, forward
#
# *Afterwards the features of a hidden layer have the mean and the standard deviation that you give them, whatever the
# weights below do.*
#
# For each feature by itself, over the samples of the batch: subtract the mean $\mu_j$ of its column, divide by the standard
# deviation, then scale by $\gamma_j$ and shift by $\beta_j$. The variance $v_j$ is the mean of the squared distances from $\mu_j$.
# A feature that is the same for all samples would make it 0, so a small $\varepsilon$ is added to the *variance*. Write the
# formula for one entry $Y_{ij}$ down first; the next three questions differentiate it.
#
# Shapes: $X$ $(N, D)$, $\gamma$ and $\beta$ $(D,)$ $\to$ $(N, D)$.

# %% nbgrader={"grade_id": "batch-norm", "solution": true}
def batch_norm(X, gamma, beta, eps):
    """A batch, normalised feature by feature.

    X: (N, D), gamma and beta: (D,), eps: a number. Returns (N, D).
    """
    ### BEGIN SOLUTION
    normed = (X - X.mean(axis=0)) / np.sqrt(X.var(axis=0) + eps)
    return gamma * normed + beta
    ### END SOLUTION

# %% nbgrader={"grade_id": "batch-norm-check", "grade": true}
check.values(batch_norm, at=forward_cases, points=2)

# %% tags=["mistake"] question="batch-norm" says="The variance has been divided by N - 1; here it is the plain mean of the squared distances."
def batch_norm(X, gamma, beta, eps):
    return gamma * (X - X.mean(axis=0)) / np.sqrt(X.var(axis=0, ddof=1) + eps) + beta

# %% tags=["mistake"] question="batch-norm" says="Each sample has been normalised over its features: a batch norm looks down a column, from one sample to the next."
def batch_norm(X, gamma, beta, eps):
    normed = (X - X.mean(axis=1, keepdims=True)) / np.sqrt(X.var(axis=1, keepdims=True) + eps)
    return gamma * normed + beta

# %% tags=["mistake"] question="batch-norm" says="eps stands beside the root instead of under it."
def batch_norm(X, gamma, beta, eps):
    return gamma * (X - X.mean(axis=0)) / (X.std(axis=0) + eps) + beta

# %% tags=["mistake"] question="batch-norm" says="Divided by the variance: its root, the standard deviation, has the units of the features."
def batch_norm(X, gamma, beta, eps):
    return gamma * (X - X.mean(axis=0)) / (X.var(axis=0) + eps) + beta

# %% tags=["mistake"] question="batch-norm" says="The mean has not been subtracted, so only the standard deviation is normalised."
def batch_norm(X, gamma, beta, eps):
    return gamma * X / np.sqrt(X.var(axis=0) + eps) + beta

# %% tags=["mistake"] question="batch-norm" says="gamma has scaled the shift as well: beta is added last, as it is."
def batch_norm(X, gamma, beta, eps):
    return gamma * ((X - X.mean(axis=0)) / np.sqrt(X.var(axis=0) + eps) + beta)

# %% tags=["mistake"] question="batch-norm" says="One mean and one variance for the whole batch: every feature has its own."
def batch_norm(X, gamma, beta, eps):
    return gamma * (X - X.mean()) / np.sqrt(X.var() + eps) + beta

# %% tags=["alternative"] question="batch-norm" name="from squares"
def batch_norm(X, gamma, beta, eps):
    centred = X - np.sum(X, axis=0) / len(X)
    return centred * (gamma / np.sqrt(np.mean(centred**2, axis=0) + eps)) + beta

# %% tags=["alternative"] question="batch-norm" name="a feature at a time"
def batch_norm(X, gamma, beta, eps):
    Y = np.empty(X.shape)
    for j in range(X.shape[1]):
        Y[:, j] = gamma[j] * (X[:, j] - np.mean(X[:, j])) / (np.var(X[:, j]) + eps) ** 0.5 + beta[j]
    return Y

# %% [markdown]
# ## 1.2 If mean and variance stood still
#
# *Afterwards you have the three pieces that the backward pass is put together from.*
#
# $\hat X_{ij} = (X_{ij} - \mu_j) / \sqrt{v_j + \varepsilon}$ is a function of three things: $X$, $\mu$ and $v$. Take them as three separate
# inputs, as if $\mu$ and $v$ had not been made from $X$, and write down the derivative of the loss with respect to each. Which
# entries of $\hat X$ does one $\mu_j$ reach?
#
# Shapes: $X$ and $G$ $(N, D)$, $\mu$ and $v$ $(D,)$ $\to$ $(N, D)$, $(D,)$, $(D,)$.

# %% nbgrader={"grade_id": "standardised", "solution": true}
def standardised_vjp(X, mean, var, eps, G):
    """The derivatives of the loss with respect to X, mean and var, three separate inputs of (X - mean) / sqrt(var + eps).

    X: (N, D), mean and var: (D,), eps: a number; G: (N, D), the derivative with respect to the result.
    Returns dX: (N, D), dmean: (D,), dvar: (D,).
    """
    ### BEGIN SOLUTION
    s = np.sqrt(var + eps)
    return G / s, -np.sum(G, axis=0) / s, -np.sum(G * (X - mean), axis=0) / (2 * s**3)
    ### END SOLUTION

# %% nbgrader={"grade_id": "standardised-check", "grade": true}
check.gradients(standardised_vjp, of=standardised_loss, wrt=("X", "mean", "var"), at=standardised_cases, points=3)

# %% tags=["mistake"] question="standardised" says="The mean is subtracted: when it grows, every result falls, and its gradient has a minus sign."
def standardised_vjp(X, mean, var, eps, G):
    s = np.sqrt(var + eps)
    return G / s, np.sum(G, axis=0) / s, -np.sum(G * (X - mean), axis=0) / (2 * s**3)

# %% tags=["mistake"] question="standardised" says="The exponent of -1/2 has not come down: half of it is missing in the gradient of the variance."
def standardised_vjp(X, mean, var, eps, G):
    s = np.sqrt(var + eps)
    return G / s, -np.sum(G, axis=0) / s, -np.sum(G * (X - mean), axis=0) / s**3

# %% tags=["mistake"] question="standardised" says="The power of the variance has not become one less when it was differentiated."
def standardised_vjp(X, mean, var, eps, G):
    s = np.sqrt(var + eps)
    return G / s, -np.sum(G, axis=0) / s, -np.sum(G * (X - mean), axis=0) / (2 * s)

# %% tags=["mistake"] question="standardised" says="Averaged over the samples: one mean reaches every sample of its column, and what comes back from there adds up."
def standardised_vjp(X, mean, var, eps, G):
    s = np.sqrt(var + eps)
    return G / s, -np.mean(G, axis=0) / s, -np.mean(G * (X - mean), axis=0) / (2 * s**3)

# %% tags=["mistake"] question="standardised" says="The gradient of X has not been divided by the standard deviation."
def standardised_vjp(X, mean, var, eps, G):
    s = np.sqrt(var + eps)
    return G, -np.sum(G, axis=0) / s, -np.sum(G * (X - mean), axis=0) / (2 * s**3)

# %% tags=["mistake"] question="standardised" says="In the gradient of the variance X stands for its distance from the mean."
def standardised_vjp(X, mean, var, eps, G):
    s = np.sqrt(var + eps)
    return G / s, -np.sum(G, axis=0) / s, -np.sum(G * X, axis=0) / (2 * s**3)

# %% tags=["alternative"] question="standardised" name="each from the one before"
def standardised_vjp(X, mean, var, eps, G):
    dX = G * (var + eps) ** -0.5
    dvar = np.einsum("nd,nd->d", dX, X - mean) * -0.5 / (var + eps)
    return dX, -dX.sum(axis=0), dvar

# %% tags=["alternative"] question="standardised" name="a sample at a time"
def standardised_vjp(X, mean, var, eps, G):
    dX, dmean, dvar = np.zeros(X.shape), np.zeros(mean.shape), np.zeros(var.shape)
    for i, (x, g) in enumerate(zip(X, G)):
        dX[i] = g / np.sqrt(var + eps)
        dmean -= dX[i]
        dvar -= 0.5 * dX[i] * (x - mean) / (var + eps)
    return dX, dmean, dvar

# %% [markdown]
# ## 1.3 On paper: but they do not stand still
#
# *Afterwards you know why a normalising layer lets some gradients through and not others.*
#
# One feature, so $x$ and $g$ are $(N,)$: $\hat x = (x - \mu)/s$ with $\mu$ the mean of $x$ and $s = \sqrt{v + \varepsilon}$, and $g$ the
# derivative of the loss with respect to $\hat x$. Now $\mu$ and $v$ are made from $x$: every $x_i$ reaches every $\hat x_k$, through
# $\mu$ and through $v$. Put the three pieces of 1.2 together and simplify: what remains fits one line. (What is the sum of
# $x_k - \mu$ over all $k$?)
#
# Your formula may use $x$, $g$, $N$ and `eps`, and lines of your own, such as `c = x - mean(x)`; the notation
# has `mean`, `sum` and `sqrt`.

# %% nbgrader={"grade_id": "norm-letters", "locked": true}
def norm_letters(rng):
    """One feature: first with small numbers, for which s is 2."""
    yield {"x": np.array([0.0, 0.0, 3.0]), "g": np.array([1.0, 0.0, 2.0]), "N": 3, "eps": 2.0, "case": "N = 3, s = 2"}
    for n in (4, 6):
        yield {"x": 2 * rng.standard_normal(n) + 1, "g": rng.standard_normal(n), "N": n, "eps": 0.1, "case": f"N = {n}"}


# %% nbgrader={"grade_id": "norm-derivation", "solution": true}
def normalised_slope():
    """The derivative of the loss with respect to x, as a formula of x, g, N and eps.

    Returns a text with a line "dx = ..."; lines before it may name parts.
    """
    ### BEGIN SOLUTION
    return """
    c = x - mean(x)
    s = sqrt(mean(c ** 2) + eps)
    xh = c / s
    dx = (g - mean(g) - xh * mean(g * xh)) / s
    """
    ### END SOLUTION

# %% nbgrader={"grade_id": "norm-derivation-check", "grade": true}
check.derivation(normalised_slope, at=norm_letters, returns=("dx",), points=3)

# %% tags=["mistake"] question="norm-derivation" says="Mean and variance have been held: x moves them as well, and through them every other sample."
def normalised_slope():
    return "c = x - mean(x); s = sqrt(mean(c ** 2) + eps); dx = g / s"

# %% tags=["mistake"] question="norm-derivation" says="The way through the mean is there, the way through the variance is missing."
def normalised_slope():
    return "c = x - mean(x); s = sqrt(mean(c ** 2) + eps); dx = (g - mean(g)) / s"

# %% tags=["mistake"] question="norm-derivation" says="The way through the variance is there, the way through the mean is missing."
def normalised_slope():
    return "c = x - mean(x); s = sqrt(mean(c ** 2) + eps); xh = c / s; dx = (g - xh * mean(g * xh)) / s"

# %% tags=["mistake"] question="norm-derivation" says="What comes back through mean and variance has been summed: both hold a factor 1/N, which makes these sums means."
def normalised_slope():
    return "c = x - mean(x); s = sqrt(mean(c ** 2) + eps); xh = c / s; dx = (g - sum(g) - xh * sum(g * xh)) / s"

# %% tags=["mistake"] question="norm-derivation" says="Both ways through the statistics take something away from g; here they add to it."
def normalised_slope():
    return "c = x - mean(x); s = sqrt(mean(c ** 2) + eps); xh = c / s; dx = (g + mean(g) + xh * mean(g * xh)) / s"

# %% tags=["mistake"] question="norm-derivation" says="The whole is divided by the standard deviation once more, like the forward pass; that division is missing."
def normalised_slope():
    return "c = x - mean(x); s = sqrt(mean(c ** 2) + eps); xh = c / s; dx = g - mean(g) - xh * mean(g * xh)"

# %% tags=["alternative"] question="norm-derivation" name="without the normalised feature"
def normalised_slope():
    return "c = x - mean(x); v = sum(c * c) / N + eps; dx = (g - sum(g) / N) / sqrt(v) - c * (c @ g) / N / v ** 1.5"

# %% tags=["alternative"] question="norm-derivation" name="a dict"
def normalised_slope():
    return {"s": "sqrt(mean((x - mean(x)) ** 2) + eps)", "xh": "(x - mean(x)) / s",
            "dx": "(N * g - sum(g) - xh * sum(g * xh)) / (N * s)"}

# %% [markdown]
# ## 1.4 Batch normalisation, backward
#
# *Afterwards you can train through a batch norm.*
#
# All features at once now, and with the scale: what arrives at $\hat X$ is not $G$ yet. And $\gamma$ and $\beta$ are weights: each
# of them reaches a whole column of the result.
#
# Shapes: $X$ and $G$ $(N, D)$, $\gamma$ $(D,)$ $\to$ $(N, D)$, $(D,)$, $(D,)$.

# %% nbgrader={"grade_id": "batch-norm-backward", "solution": true}
def batch_norm_vjp(X, gamma, eps, G):
    """The derivatives of the loss with respect to a batch norm's input, scale and shift.

    X: (N, D), gamma: (D,), eps: a number; G: (N, D), the derivative with respect to the result.
    Returns dX: (N, D), dgamma: (D,), dbeta: (D,).
    """
    ### BEGIN SOLUTION
    s = np.sqrt(X.var(axis=0) + eps)
    normed = (X - X.mean(axis=0)) / s
    d = G * gamma
    dX = (d - d.mean(axis=0) - normed * (d * normed).mean(axis=0)) / s
    return dX, (G * normed).sum(axis=0), G.sum(axis=0)
    ### END SOLUTION

# %% nbgrader={"grade_id": "batch-norm-backward-check", "grade": true}
check.gradients(batch_norm_vjp, of=batch_norm_loss, wrt=("X", "gamma", "beta"), at=backward_cases, points=4)

# %% nbgrader={"grade_id": "batch-norm-sums-check", "grade": true}
check.properties(batch_norm_vjp, at=backward_cases, points=1, the_gradient_of_a_feature_sums_to_zero_over_the_batch=nothing_moves_all_samples)

# %% tags=["mistake"] question="batch-norm-backward" says="Mean and variance have been treated as constants: they are made from X, and the gradient goes through them too."
def batch_norm_vjp(X, gamma, eps, G):
    s = np.sqrt(X.var(axis=0) + eps)
    normed = (X - X.mean(axis=0)) / s
    return G * gamma / s, (G * normed).sum(axis=0), G.sum(axis=0)

# %% tags=["mistake"] question="batch-norm-backward" says="The scale has been forgotten: what arrives at the normalised features is G times gamma."
def batch_norm_vjp(X, gamma, eps, G):
    s = np.sqrt(X.var(axis=0) + eps)
    normed = (X - X.mean(axis=0)) / s
    dX = (G - G.mean(axis=0) - normed * (G * normed).mean(axis=0)) / s
    return dX, (G * normed).sum(axis=0), G.sum(axis=0)

# %% tags=["mistake"] question="batch-norm-backward" says="The way through the variance is missing."
def batch_norm_vjp(X, gamma, eps, G):
    s = np.sqrt(X.var(axis=0) + eps)
    normed = (X - X.mean(axis=0)) / s
    d = G * gamma
    return (d - d.mean(axis=0)) / s, (G * normed).sum(axis=0), G.sum(axis=0)

# %% tags=["mistake"] question="batch-norm-backward" says="The way through the mean is missing: then a shift of a whole feature would matter, and it cannot."
def batch_norm_vjp(X, gamma, eps, G):
    s = np.sqrt(X.var(axis=0) + eps)
    normed = (X - X.mean(axis=0)) / s
    d = G * gamma
    return (d - normed * (d * normed).mean(axis=0)) / s, (G * normed).sum(axis=0), G.sum(axis=0)

# %% tags=["mistake"] question="batch-norm-backward" says="Scale and shift reach all samples, and their gradients are sums over these, not means."
def batch_norm_vjp(X, gamma, eps, G):
    s = np.sqrt(X.var(axis=0) + eps)
    normed = (X - X.mean(axis=0)) / s
    d = G * gamma
    dX = (d - d.mean(axis=0) - normed * (d * normed).mean(axis=0)) / s
    return dX, (G * normed).mean(axis=0), G.mean(axis=0)

# %% tags=["mistake"] question="batch-norm-backward" says="gamma multiplies the normalised features: in its gradient stand these, not X itself."
def batch_norm_vjp(X, gamma, eps, G):
    s = np.sqrt(X.var(axis=0) + eps)
    normed = (X - X.mean(axis=0)) / s
    d = G * gamma
    dX = (d - d.mean(axis=0) - normed * (d * normed).mean(axis=0)) / s
    return dX, (G * X).sum(axis=0), G.sum(axis=0)

# %% tags=["mistake"] question="batch-norm-backward" says="Sums stand where means belong: mean and variance hold a factor 1/N."
def batch_norm_vjp(X, gamma, eps, G):
    s = np.sqrt(X.var(axis=0) + eps)
    normed = (X - X.mean(axis=0)) / s
    d = G * gamma
    dX = (d - d.sum(axis=0) - normed * (d * normed).sum(axis=0)) / s
    return dX, (G * normed).sum(axis=0), G.sum(axis=0)

# %% tags=["alternative"] question="batch-norm-backward" name="in steps"
def batch_norm_vjp(X, gamma, eps, G):
    n, centred = len(X), X - X.mean(axis=0)
    v = np.mean(centred**2, axis=0) + eps
    d_normed = G * gamma
    d_v = np.sum(d_normed * centred, axis=0) * -0.5 * v**-1.5
    d_centred = d_normed / np.sqrt(v) + d_v * 2 * centred / n
    d_mean = -np.sum(d_centred, axis=0)
    return d_centred + d_mean / n, np.sum(G * centred / np.sqrt(v), axis=0), np.sum(G, axis=0)

# %% tags=["alternative"] question="batch-norm-backward" name="from the gradients of the weights"
def batch_norm_vjp(X, gamma, eps, G):
    s = np.sqrt(np.var(X, axis=0) + eps)
    normed = (X - np.mean(X, axis=0)) / s
    dgamma, dbeta = np.einsum("nd,nd->d", G, normed), np.sum(G, axis=0)
    return gamma / s * (G - (dbeta + normed * dgamma) / len(X)), dgamma, dbeta

# %% [markdown]
# ## 1.5 What the layer remembers
#
# *Afterwards one image alone gets the same answer as in a batch.*
#
# A batch of one has no variance, and nobody's answer should depend on who else is asked. So while it is trained the layer keeps a
# running mean and a running variance, and uses these when it is asked. After each batch, with momentum $m$, which in this
# layer is the weight of what is new (in problem set 6 it was that of what is kept):
#
# $$\text{running} \leftarrow (1 - m)\,\text{running} + m\,\text{batch}$$
#
# Here the batch's variance is the *unbiased* one, divided by $N - 1$ (as PyTorch does it), since it stands for images
# that are not in the batch.
#
# Shapes: mean and variance $(D,)$, $X$ $(N, D)$ $\to$ $(D,)$ and $(D,)$.

# %% nbgrader={"grade_id": "running", "solution": true}
def running_statistics(mean, var, X, momentum):
    """The running mean and variance after one more batch.

    mean and var: (D,), before it; X: (N, D), the batch; momentum: its weight, between 0 and 1. Returns (D,) and (D,).
    """
    ### BEGIN SOLUTION
    return ((1 - momentum) * mean + momentum * X.mean(axis=0),
            (1 - momentum) * var + momentum * X.var(axis=0, ddof=1))
    ### END SOLUTION

# %% nbgrader={"grade_id": "running-check", "grade": true}
check.values(running_statistics, at=running_cases, returns=("mean", "variance"), points=2)

# %% tags=["mistake"] question="running" says="The weights have changed places: the momentum belongs to the new batch, what is left of 1 to what was there."
def running_statistics(mean, var, X, momentum):
    return momentum * mean + (1 - momentum) * X.mean(axis=0), momentum * var + (1 - momentum) * X.var(axis=0, ddof=1)

# %% tags=["mistake"] question="running" says="The variance of the batch itself has been taken, divided by N; it stands for all images here, and is divided by N - 1."
def running_statistics(mean, var, X, momentum):
    return (1 - momentum) * mean + momentum * X.mean(axis=0), (1 - momentum) * var + momentum * X.var(axis=0)

# %% tags=["mistake"] question="running" says="The standard deviation has been mixed into the variance."
def running_statistics(mean, var, X, momentum):
    return (1 - momentum) * mean + momentum * X.mean(axis=0), (1 - momentum) * var + momentum * X.std(axis=0, ddof=1)

# %% tags=["mistake"] question="running" says="What was there has been added in full: the two weights sum to 1."
def running_statistics(mean, var, X, momentum):
    return mean + momentum * X.mean(axis=0), var + momentum * X.var(axis=0, ddof=1)

# %% tags=["mistake"] question="running" says="The variance has been left as it was before the batch."
def running_statistics(mean, var, X, momentum):
    return (1 - momentum) * mean + momentum * X.mean(axis=0), var

# %% tags=["alternative"] question="running" name="a step towards the batch"
def running_statistics(mean, var, X, momentum):
    return mean + momentum * (np.mean(X, axis=0) - mean), var + momentum * (np.var(X, axis=0, ddof=1) - var)

# %% tags=["alternative"] question="running" name="the variance from the sum of squares"
def running_statistics(mean, var, X, momentum):
    centre = np.sum(X, axis=0) / len(X)
    spread = np.sum((X - centre) ** 2, axis=0) / (len(X) - 1)
    return mean * (1 - momentum) + centre * momentum, var * (1 - momentum) + spread * momentum

# %% [markdown]
# ## 1.6 Gone when it is used
#
# *Afterwards a trained batch norm costs nothing.*
#
# With the running statistics a batch norm is a straight line for each feature, and a straight line behind a dense layer is
# still a dense layer. Find the weights and biases of the one layer that does what $\mathrm{BN}(X W + b)$ does.
#
# Shapes: $W$ $(D, H)$, all others $(H,)$ $\to$ $(D, H)$ and $(H,)$.

# %% nbgrader={"grade_id": "fold", "solution": true}
def folded(W, b, gamma, beta, mean, var, eps):
    """Weights and biases of one dense layer in place of a dense layer and the batch norm behind it.

    W: (D, H), b: (H,); gamma, beta, and the running mean and var: (H,); eps: a number. Returns (D, H) and (H,).
    """
    ### BEGIN SOLUTION
    scale = gamma / np.sqrt(var + eps)
    return W * scale, (b - mean) * scale + beta
    ### END SOLUTION

# %% nbgrader={"grade_id": "fold-check", "grade": true}
check.values(folded, at=folded_cases, returns=("weights", "biases"), points=2)

# %% tags=["mistake"] question="fold" says="The shift has been scaled as well: beta is added after everything else."
def folded(W, b, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    return W * scale, (b - mean + beta) * scale

# %% tags=["mistake"] question="fold" says="The old bias goes through the batch norm like all else: it has to be scaled."
def folded(W, b, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    return W * scale, b - mean * scale + beta

# %% tags=["mistake"] question="fold" says="The running mean has not been subtracted."
def folded(W, b, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    return W * scale, b * scale + beta

# %% tags=["mistake"] question="fold" says="The old bias is lost: it is part of what the batch norm sees."
def folded(W, b, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    return W * scale, beta - mean * scale

# %% tags=["mistake"] question="fold" says="Divided by the variance instead of its root."
def folded(W, b, gamma, beta, mean, var, eps):
    scale = gamma / (var + eps)
    return W * scale, (b - mean) * scale + beta

# %% tags=["alternative"] question="fold" name="with a diagonal matrix"
def folded(W, b, gamma, beta, mean, var, eps):
    scale = gamma * (var + eps) ** -0.5
    return W @ np.diag(scale), beta - scale * mean + scale * b

# %% tags=["alternative"] question="fold" name="by asking the two layers"
def folded(W, b, gamma, beta, mean, var, eps):
    def both(X):
        return gamma * (X @ W + b - mean) / np.sqrt(var + eps) + beta

    biases = both(np.zeros((1, len(W))))[0]
    return both(np.eye(len(W))) - biases, biases

# %% [markdown]
# ## 1.7 Layer normalisation
#
# *Afterwards you have the layer that transformers use (problem set 11), and know what it shares with the other.*
#
# The same as in 1.1, but mean and variance are those of one *sample* over its features: a row, not a column. Nobody's
# answer depends on the batch any more. $\gamma$ and $\beta$ still belong to the features. First forward.
#
# Shapes: $X$ $(N, D)$, $\gamma$ and $\beta$ $(D,)$ $\to$ $(N, D)$.

# %% nbgrader={"grade_id": "layer-norm-forward", "solution": true}
def layer_norm(X, gamma, beta, eps):
    """A batch, normalised sample by sample.

    X: (N, D), gamma and beta: (D,), eps: a number, added to the variance. Returns (N, D).
    """
    ### BEGIN SOLUTION
    normed = (X - X.mean(axis=1, keepdims=True)) / np.sqrt(X.var(axis=1, keepdims=True) + eps)
    return gamma * normed + beta
    ### END SOLUTION

# %% nbgrader={"grade_id": "layer-norm-forward-check", "grade": true}
check.values(layer_norm, at=forward_cases, points=1)

# %% tags=["mistake"] question="layer-norm-forward" says="This is a batch norm: a layer norm looks along a row, at one sample and all its features."
def layer_norm(X, gamma, beta, eps):
    return gamma * (X - X.mean(axis=0)) / np.sqrt(X.var(axis=0) + eps) + beta

# %% tags=["mistake"] question="layer-norm-forward" says="Scale and shift came first and have been normalised away again: they act on the normalised sample."
def layer_norm(X, gamma, beta, eps):
    Z = gamma * X + beta
    return (Z - Z.mean(axis=1, keepdims=True)) / np.sqrt(Z.var(axis=1, keepdims=True) + eps)

# %% tags=["mistake"] question="layer-norm-forward" says="The variance of a row is a mean over its D features: here it has been divided by D - 1."
def layer_norm(X, gamma, beta, eps):
    return gamma * (X - X.mean(axis=1, keepdims=True)) / np.sqrt(X.var(axis=1, ddof=1, keepdims=True) + eps) + beta

# %% tags=["mistake"] question="layer-norm-forward" says="eps has been added to the standard deviation; it belongs to the variance, under the root."
def layer_norm(X, gamma, beta, eps):
    return gamma * (X - X.mean(axis=1, keepdims=True)) / (X.std(axis=1, keepdims=True) + eps) + beta

# %% tags=["alternative"] question="layer-norm-forward" name="a batch norm of the transpose"
def layer_norm(X, gamma, beta, eps):
    ones = np.ones(len(X))
    return batch_norm(X.T, ones, 0 * ones, eps).T * gamma + beta

# %% tags=["alternative"] question="layer-norm-forward" name="a row at a time"
def layer_norm(X, gamma, beta, eps):
    rows = []
    for x in X:
        centred = x - x.sum() / x.size
        rows.append(centred * (centred @ centred / x.size + eps) ** -0.5 * gamma + beta)
    return np.array(rows)

# %% [markdown]
# **Then backward.** $\gamma$ is different along the axis that is normalised. What does that change, compared with 1.4?
#
# Shapes: $X$ and $G$ $(N, D)$, $\gamma$ $(D,)$ $\to$ $(N, D)$, $(D,)$, $(D,)$.

# %% nbgrader={"grade_id": "layer-norm", "solution": true}
def layer_norm_vjp(X, gamma, eps, G):
    """The derivatives of the loss with respect to a layer norm's input, scale and shift.

    X: (N, D), gamma: (D,), eps: a number; G: (N, D), the derivative with respect to the result.
    Returns dX: (N, D), dgamma: (D,), dbeta: (D,).
    """
    ### BEGIN SOLUTION
    s = np.sqrt(X.var(axis=1, keepdims=True) + eps)
    normed = (X - X.mean(axis=1, keepdims=True)) / s
    d = G * gamma
    dX = (d - d.mean(axis=1, keepdims=True) - normed * (d * normed).mean(axis=1, keepdims=True)) / s
    return dX, (G * normed).sum(axis=0), G.sum(axis=0)
    ### END SOLUTION

# %% nbgrader={"grade_id": "layer-norm-check", "grade": true}
check.gradients(layer_norm_vjp, of=layer_norm_loss, wrt=("X", "gamma", "beta"), at=backward_cases, points=3)

# %% tags=["mistake"] question="layer-norm" says="Normalised down the columns, as in a batch norm: here each row has its own mean and variance."
def layer_norm_vjp(X, gamma, eps, G):
    s = np.sqrt(X.var(axis=0) + eps)
    normed = (X - X.mean(axis=0)) / s
    d = G * gamma
    dX = (d - d.mean(axis=0) - normed * (d * normed).mean(axis=0)) / s
    return dX, (G * normed).sum(axis=0), G.sum(axis=0)

# %% tags=["mistake"] question="layer-norm" says="The scale has been multiplied in at the end. It differs from feature to feature, so it has to be there before the means over the features are taken."
def layer_norm_vjp(X, gamma, eps, G):
    s = np.sqrt(X.var(axis=1, keepdims=True) + eps)
    normed = (X - X.mean(axis=1, keepdims=True)) / s
    dX = gamma * (G - G.mean(axis=1, keepdims=True) - normed * (G * normed).mean(axis=1, keepdims=True)) / s
    return dX, (G * normed).sum(axis=0), G.sum(axis=0)

# %% tags=["mistake"] question="layer-norm" says="Mean and variance of a row have been treated as constants."
def layer_norm_vjp(X, gamma, eps, G):
    s = np.sqrt(X.var(axis=1, keepdims=True) + eps)
    normed = (X - X.mean(axis=1, keepdims=True)) / s
    return G * gamma / s, (G * normed).sum(axis=0), G.sum(axis=0)

# %% tags=["mistake"] question="layer-norm" says="The way through the variance of the row is missing."
def layer_norm_vjp(X, gamma, eps, G):
    s = np.sqrt(X.var(axis=1, keepdims=True) + eps)
    normed = (X - X.mean(axis=1, keepdims=True)) / s
    d = G * gamma
    return (d - d.mean(axis=1, keepdims=True)) / s, (G * normed).sum(axis=0), G.sum(axis=0)

# %% tags=["mistake"] question="layer-norm" says="What comes back through the statistics has been summed over the features: these are means."
def layer_norm_vjp(X, gamma, eps, G):
    s = np.sqrt(X.var(axis=1, keepdims=True) + eps)
    normed = (X - X.mean(axis=1, keepdims=True)) / s
    d = G * gamma
    dX = (d - d.sum(axis=1, keepdims=True) - normed * (d * normed).sum(axis=1, keepdims=True)) / s
    return dX, (G * normed).sum(axis=0), G.sum(axis=0)

# %% tags=["mistake"] question="layer-norm" says="In the gradient of the scale stands the input as it was, not normalised."
def layer_norm_vjp(X, gamma, eps, G):
    s = np.sqrt(X.var(axis=1, keepdims=True) + eps)
    normed = (X - X.mean(axis=1, keepdims=True)) / s
    d = G * gamma
    dX = (d - d.mean(axis=1, keepdims=True) - normed * (d * normed).mean(axis=1, keepdims=True)) / s
    return dX, (G * X).sum(axis=0), G.sum(axis=0)

# %% tags=["alternative"] question="layer-norm" name="a row at a time"
def layer_norm_vjp(X, gamma, eps, G):
    dX, dgamma, dbeta = np.zeros(X.shape), np.zeros(gamma.shape), np.zeros(gamma.shape)
    for i, (x, g) in enumerate(zip(X, G)):
        centred = x - x.mean()
        v = np.mean(centred**2) + eps
        d = g * gamma
        dX[i] = (d - d.mean()) / np.sqrt(v) - centred * np.mean(d * centred) / v**1.5
        dgamma += g * centred / np.sqrt(v)
        dbeta += g
    return dX, dgamma, dbeta

# %% tags=["alternative"] question="layer-norm" name="turned on its side"
def layer_norm_vjp(X, gamma, eps, G):
    columns, d = X.T, (G * gamma).T
    s = np.sqrt(np.var(columns, axis=0) + eps)
    normed = (columns - np.mean(columns, axis=0)) / s
    dX = (d - np.mean(d, axis=0) - normed * np.mean(d * normed, axis=0)) / s
    return dX.T, np.einsum("nd,dn->d", G, normed), np.sum(G, axis=0)

# %% [markdown]
# # Part 2: ways through a deep net

# %% nbgrader={"grade_id": "deep-cases", "locked": true}
def dropout_cases(rng):
    """Batches with a random number from 0 to 1 for every entry, of which one is p itself; by chance fewer are kept than may
    be expected."""
    for n, d, p in ((3, 4, 0.5), (5, 2, 0.2), (2, 6, 0.75), (2, 3, 0.0)):
        u = ((np.arange(n * d) + 0.5) / (n * d)) ** 2
        u[np.argmin(np.abs(u - p))] = p
        u = rng.permutation(u).reshape(n, d)
        yield {"X": rng.standard_normal((n, d)) + 2, "u": u, "p": p, "G": rng.standard_normal((n, d)),
               "case": f"N = {n}, D = {d}, p = {p}"}


def dropout_loss(X, u, p, G):
    return np.sum(G * X * (u >= p) / (1 - p))


def block_cases(rng):
    """A residual block of several widths."""
    for n, d, h in ((4, 3, 5), (2, 5, 3), (5, 2, 2)):
        yield {"X": rng.standard_normal((n, d)), "W1": rng.standard_normal((d, h)), "W2": rng.standard_normal((h, d)),
               "G": rng.standard_normal((n, d)), "case": f"N = {n}, D = {d}, H = {h}"}


def block_loss(X, W1, W2, G):
    return np.sum(G * (X + np.maximum(X @ W1, 0) @ W2))


def deep_cases(rng):
    """Nets of one, two and four hidden layers, all of one width; in the second the last class does not occur."""
    for n, d, c, depth in ((4, 3, 2, 1), (3, 2, 4, 2), (5, 3, 3, 4)):
        yield {"X": rng.standard_normal((n, d)), "y": rng.permutation(np.arange(n) % (c - (depth == 2))),
               "W": rng.standard_normal((depth, d, d)),
               "b": rng.standard_normal((depth, d)), "V": rng.standard_normal((d, c)), "case": f"{depth} hidden layers"}


def deep_loss(X, y, W, b, V):
    """The mean cross-entropy of a net of dense tanh layers."""
    for weights, biases in zip(W, b):
        X = np.tanh(X @ weights + biases)
    scores = X @ V
    return np.mean(np.logaddexp.reduce(scores, axis=1) - scores[np.arange(len(y)), y])


# %% [markdown]
# ## 2.1 Dropout
#
# *Afterwards a layer learns not to rely on single units.*
#
# While a net is trained, every activation is set to zero with probability $p$. So that the *expected* activation stays what it
# was, those that are left are made larger; then nothing has to be done when the net is used. You get one uniform random number
# $u$ between 0 and 1 for every activation: an activation is kept where $u \ge p$.
#
# Write both passes: `dropout`, and `dropout_vjp` for the backward pass, with the same random numbers.
#
# Shapes: $X$ (or $G$) and $u$ $(N, D)$, $p$ a number $\to$ $(N, D)$.

# %% nbgrader={"grade_id": "dropout", "solution": true}
def dropout(X, u, p):
    """Activations, some of them set to zero, the others made larger. X and u: (N, D); p: the probability of being dropped."""
    ### BEGIN SOLUTION
    return X * (u >= p) / (1 - p)
    ### END SOLUTION


def dropout_vjp(G, u, p):
    """The derivative of the loss with respect to X, from that with respect to dropout(X, u, p). Returns dX."""
    ### BEGIN SOLUTION
    return G * (u >= p) / (1 - p)
    ### END SOLUTION

# %% nbgrader={"grade_id": "dropout-check", "grade": true}
check.values(dropout, at=dropout_cases, points=1)

# %% nbgrader={"grade_id": "dropout-backward-check", "grade": true}
check.gradients(dropout_vjp, of=dropout_loss, wrt="X", at=dropout_cases, points=1)

# %% tags=["mistake"] question="dropout" says="What is kept has not been made larger: on average the layer above would get less than when the net is used."
def dropout(X, u, p):
    return X * (u >= p)


def dropout_vjp(G, u, p):
    return G * (u >= p) / (1 - p)

# %% tags=["mistake"] question="dropout" says="Divided by the share that was really kept in this batch: what is kept on average is known beforehand, 1 - p, and depends on nobody else's luck."
def dropout(X, u, p):
    return X * (u >= p) / max(np.mean(u >= p), 1e-9)


def dropout_vjp(G, u, p):
    return G * (u >= p) / max(np.mean(u >= p), 1e-9)

# %% tags=["mistake"] question="dropout" says="Divided by the share that is dropped: the share that is kept is 1 - p."
def dropout(X, u, p):
    return X * (u >= p) / p


def dropout_vjp(G, u, p):
    return G * (u >= p) / p

# %% tags=["mistake"] question="dropout" says="What should be dropped is kept, and the other way round."
def dropout(X, u, p):
    return X * (u < p) / (1 - p)


def dropout_vjp(G, u, p):
    return G * (u < p) / (1 - p)

# %% tags=["mistake"] question="dropout" says="A dropped activation does not reach the loss, so nothing comes back to it: the way back has the same zeros."
def dropout(X, u, p):
    return X * (u >= p) / (1 - p)


def dropout_vjp(G, u, p):
    return G / (1 - p)

# %% tags=["mistake"] question="dropout" says="The way forward makes what is kept larger, and so does the way back; there the factor is missing."
def dropout(X, u, p):
    return X * (u >= p) / (1 - p)


def dropout_vjp(G, u, p):
    return G * (u >= p)

# %% tags=["mistake"] question="dropout" says="An activation is kept where u is at least p: one whose u is p itself has been dropped."
def dropout(X, u, p):
    return X * (u > p) / (1 - p)


def dropout_vjp(G, u, p):
    return G * (u > p) / (1 - p)

# %% tags=["alternative"] question="dropout" name="where"
def dropout(X, u, p):
    return np.where(u < p, 0.0, X / (1 - p))


def dropout_vjp(G, u, p):
    return np.where(u < p, 0.0, G / (1 - p))

# %% tags=["alternative"] question="dropout" name="one mask for both"
def mask_of(u, p):
    return (u >= p).astype(float) * (1 / (1 - p))


def dropout(X, u, p):
    return X * mask_of(u, p)


def dropout_vjp(G, u, p):
    return G * mask_of(u, p)

# %% [markdown]
# ## 2.2 A way around
#
# *Afterwards a gradient reaches the first layer, however many lie in between.*
#
# A residual block adds what two layers make of its input to the input itself:
#
# $$Y = X + \mathrm{relu}(X W_1)\, W_2$$
#
# $X$ is used twice. You know from problem set 8 what that means in the backward pass.
#
# Shapes: $X$ and $G$ $(N, D)$, $W_1$ $(D, H)$, $W_2$ $(H, D)$ $\to$ $(N, D)$, $(D, H)$, $(H, D)$.

# %% nbgrader={"grade_id": "residual", "solution": true}
def residual_vjp(X, W1, W2, G):
    """The derivatives of the loss with respect to the input and the weights of a residual block.

    X: (N, D), W1: (D, H), W2: (H, D); G: (N, D), the derivative with respect to the result.
    Returns dX: (N, D), dW1: (D, H), dW2: (H, D).
    """
    ### BEGIN SOLUTION
    Z = X @ W1
    dZ = (G @ W2.T) * (Z > 0)
    return G + dZ @ W1.T, X.T @ dZ, np.maximum(Z, 0).T @ G
    ### END SOLUTION

# %% nbgrader={"grade_id": "residual-check", "grade": true}
check.gradients(residual_vjp, of=block_loss, wrt=("X", "W1", "W2"), at=block_cases, points=3)

# %% tags=["mistake"] question="residual" says="X is used twice, and what comes back on the direct way is missing."
def residual_vjp(X, W1, W2, G):
    Z = X @ W1
    dZ = (G @ W2.T) * (Z > 0)
    return dZ @ W1.T, X.T @ dZ, np.maximum(Z, 0).T @ G

# %% tags=["mistake"] question="residual" says="Only the direct way comes back to X: the way through the two layers is missing."
def residual_vjp(X, W1, W2, G):
    Z = X @ W1
    dZ = (G @ W2.T) * (Z > 0)
    return G, X.T @ dZ, np.maximum(Z, 0).T @ G

# %% tags=["mistake"] question="residual" says="The ReLU's slope is missing in the backward pass."
def residual_vjp(X, W1, W2, G):
    dZ = G @ W2.T
    return G + dZ @ W1.T, X.T @ dZ, np.maximum(X @ W1, 0).T @ G

# %% tags=["mistake"] question="residual" says="W2 meets what comes out of the ReLU: here the pre-activations stand in its gradient."
def residual_vjp(X, W1, W2, G):
    Z = X @ W1
    dZ = (G @ W2.T) * (Z > 0)
    return G + dZ @ W1.T, X.T @ dZ, Z.T @ G

# %% tags=["mistake"] question="residual" says="The two ways to X have been multiplied: what comes back from two uses is added."
def residual_vjp(X, W1, W2, G):
    Z = X @ W1
    dZ = (G @ W2.T) * (Z > 0)
    return G * (dZ @ W1.T), X.T @ dZ, np.maximum(Z, 0).T @ G

# %% tags=["mistake"] question="residual" says="The weights have got means over the samples: the loss adds up what the samples give."
def residual_vjp(X, W1, W2, G):
    Z = X @ W1
    dZ = (G @ W2.T) * (Z > 0)
    return G + dZ @ W1.T, X.T @ dZ / len(X), np.maximum(Z, 0).T @ G / len(X)

# %% tags=["alternative"] question="residual" name="einsum"
def residual_vjp(X, W1, W2, G):
    H = np.maximum(X @ W1, 0)
    dZ = np.einsum("nd,hd->nh", G, W2) * np.sign(H)
    return np.einsum("nh,dh->nd", dZ, W1) + G, np.einsum("nd,nh->dh", X, dZ), np.einsum("nh,nd->hd", H, G)

# %% tags=["alternative"] question="residual" name="a sample at a time"
def residual_vjp(X, W1, W2, G):
    dX, dW1, dW2 = G.copy(), np.zeros(W1.shape), np.zeros(W2.shape)
    for i, (x, g) in enumerate(zip(X, G)):
        z = x @ W1
        dz = np.where(z > 0, W2 @ g, 0)
        dX[i] += W1 @ dz
        dW1 += np.outer(x, dz)
        dW2 += np.outer(np.maximum(z, 0), g)
    return dX, dW1, dW2

# %% [markdown]
# ## 2.3 Any number of layers
#
# *Afterwards depth is a number.*
#
# $L$ dense layers of one width with tanh, then a linear layer to the scores of $C$ classes, and the mean cross-entropy of their
# softmax over the batch:
#
# $$H_0 = X, \qquad H_l = \tanh(H_{l-1} W_l + b_l), \qquad \text{scores} = H_L V .$$
#
# The weights come in one array: `W[0]` belongs to the first layer. Go forward in a loop and keep what you need; come back in a
# loop.
#
# Shapes: $X$ $(N, D)$, $y$ $(N,)$, $W$ $(L, D, D)$, $b$ $(L, D)$, $V$ $(D, C)$ $\to$ the shapes of $W$, $b$ and $V$.

# %% nbgrader={"grade_id": "deep", "solution": true}
def deep_gradients(X, y, W, b, V):
    """The gradient of the mean cross-entropy of a net with len(W) hidden tanh layers.

    X: (N, D), y: (N,), integers; W: (L, D, D), b: (L, D), V: (D, C). Returns dW: (L, D, D), db: (L, D), dV: (D, C).
    """
    ### BEGIN SOLUTION
    layers = [X]
    for weights, biases in zip(W, b):
        layers.append(np.tanh(layers[-1] @ weights + biases))
    scores = layers[-1] @ V
    d = np.exp(scores - scores.max(axis=1, keepdims=True))
    d /= d.sum(axis=1, keepdims=True)
    d[np.arange(len(y)), y] -= 1
    d /= len(y)
    dW, db, dV = np.zeros(W.shape), np.zeros(b.shape), layers[-1].T @ d
    d = d @ V.T
    for k in reversed(range(len(W))):
        d = d * (1 - layers[k + 1] ** 2)
        dW[k], db[k] = layers[k].T @ d, d.sum(axis=0)
        d = d @ W[k].T
    return dW, db, dV
    ### END SOLUTION

# %% nbgrader={"grade_id": "deep-check", "grade": true}
check.gradients(deep_gradients, of=deep_loss, wrt=("W", "b", "V"), at=deep_cases, points=4)

# %% tags=["mistake"] question="deep" says="The slope of tanh has been taken at the layer's input: it is made of the layer's own output."
def deep_gradients(X, y, W, b, V):
    layers = [X]
    for weights, biases in zip(W, b):
        layers.append(np.tanh(layers[-1] @ weights + biases))
    scores = layers[-1] @ V
    d = np.exp(scores - scores.max(axis=1, keepdims=True))
    d /= d.sum(axis=1, keepdims=True)
    d[np.arange(len(y)), y] -= 1
    d /= len(y)
    dW, db, dV = np.zeros(W.shape), np.zeros(b.shape), layers[-1].T @ d
    d = d @ V.T
    for k in reversed(range(len(W))):
        d = d * (1 - layers[k] ** 2)
        dW[k], db[k] = layers[k].T @ d, d.sum(axis=0)
        d = d @ W[k].T
    return dW, db, dV

# %% tags=["mistake"] question="deep" says="The weights of a layer meet what comes into it: here its own output stands in their gradient."
def deep_gradients(X, y, W, b, V):
    layers = [X]
    for weights, biases in zip(W, b):
        layers.append(np.tanh(layers[-1] @ weights + biases))
    scores = layers[-1] @ V
    d = np.exp(scores - scores.max(axis=1, keepdims=True))
    d /= d.sum(axis=1, keepdims=True)
    d[np.arange(len(y)), y] -= 1
    d /= len(y)
    dW, db, dV = np.zeros(W.shape), np.zeros(b.shape), layers[-1].T @ d
    d = d @ V.T
    for k in reversed(range(len(W))):
        d = d * (1 - layers[k + 1] ** 2)
        dW[k], db[k] = layers[k + 1].T @ d, d.sum(axis=0)
        d = d @ W[k].T
    return dW, db, dV

# %% tags=["mistake"] question="deep" says="On the way back through a layer its weights are transposed; they are square here, so the shapes do not tell."
def deep_gradients(X, y, W, b, V):
    layers = [X]
    for weights, biases in zip(W, b):
        layers.append(np.tanh(layers[-1] @ weights + biases))
    scores = layers[-1] @ V
    d = np.exp(scores - scores.max(axis=1, keepdims=True))
    d /= d.sum(axis=1, keepdims=True)
    d[np.arange(len(y)), y] -= 1
    d /= len(y)
    dW, db, dV = np.zeros(W.shape), np.zeros(b.shape), layers[-1].T @ d
    d = d @ V.T
    for k in reversed(range(len(W))):
        d = d * (1 - layers[k + 1] ** 2)
        dW[k], db[k] = layers[k].T @ d, d.sum(axis=0)
        d = d @ W[k]
    return dW, db, dV

# %% tags=["mistake"] question="deep" says="The loss is a mean over the batch: all gradients here are those of the sum."
def deep_gradients(X, y, W, b, V):
    layers = [X]
    for weights, biases in zip(W, b):
        layers.append(np.tanh(layers[-1] @ weights + biases))
    scores = layers[-1] @ V
    d = np.exp(scores - scores.max(axis=1, keepdims=True))
    d /= d.sum(axis=1, keepdims=True)
    d[np.arange(len(y)), y] -= 1
    dW, db, dV = np.zeros(W.shape), np.zeros(b.shape), layers[-1].T @ d
    d = d @ V.T
    for k in reversed(range(len(W))):
        d = d * (1 - layers[k + 1] ** 2)
        dW[k], db[k] = layers[k].T @ d, d.sum(axis=0)
        d = d @ W[k].T
    return dW, db, dV

# %% tags=["mistake"] question="deep" says="The slopes of tanh are missing in the backward pass."
def deep_gradients(X, y, W, b, V):
    layers = [X]
    for weights, biases in zip(W, b):
        layers.append(np.tanh(layers[-1] @ weights + biases))
    scores = layers[-1] @ V
    d = np.exp(scores - scores.max(axis=1, keepdims=True))
    d /= d.sum(axis=1, keepdims=True)
    d[np.arange(len(y)), y] -= 1
    d /= len(y)
    dW, db, dV = np.zeros(W.shape), np.zeros(b.shape), layers[-1].T @ d
    d = d @ V.T
    for k in reversed(range(len(W))):
        dW[k], db[k] = layers[k].T @ d, d.sum(axis=0)
        d = d @ W[k].T
    return dW, db, dV

# %% tags=["mistake"] question="deep" says="The loop stops before the first layer: its weights never get a gradient."
def deep_gradients(X, y, W, b, V):
    layers = [X]
    for weights, biases in zip(W, b):
        layers.append(np.tanh(layers[-1] @ weights + biases))
    scores = layers[-1] @ V
    d = np.exp(scores - scores.max(axis=1, keepdims=True))
    d /= d.sum(axis=1, keepdims=True)
    d[np.arange(len(y)), y] -= 1
    d /= len(y)
    dW, db, dV = np.zeros(W.shape), np.zeros(b.shape), layers[-1].T @ d
    d = d @ V.T
    for k in range(len(W) - 1, 0, -1):
        d = d * (1 - layers[k + 1] ** 2)
        dW[k], db[k] = layers[k].T @ d, d.sum(axis=0)
        d = d @ W[k].T
    return dW, db, dV

# %% tags=["mistake"] question="deep" says="The number of classes has been read off the labels: the last class may not occur in a batch, and has a score all the same. V says how many there are."
def deep_gradients(X, y, W, b, V):
    layers = [X]
    for weights, biases in zip(W, b):
        layers.append(np.tanh(layers[-1] @ weights + biases))
    scores = layers[-1] @ V
    d = np.exp(scores - scores.max(axis=1, keepdims=True))
    d = (d / d.sum(axis=1, keepdims=True) - np.eye(y.max() + 1)[y]) / len(y)
    dW, db, dV = np.zeros(W.shape), np.zeros(b.shape), layers[-1].T @ d
    d = d @ V.T
    for k in reversed(range(len(W))):
        d = d * (1 - layers[k + 1] ** 2)
        dW[k], db[k] = layers[k].T @ d, d.sum(axis=0)
        d = d @ W[k].T
    return dW, db, dV

# %% tags=["alternative"] question="deep" name="a function that calls itself"
def deep_gradients(X, y, W, b, V):
    dW, db = np.zeros(W.shape), np.zeros(b.shape)

    def passed(H, k):
        if k == len(W):
            P = np.exp(H @ V - np.max(H @ V, axis=1, keepdims=True))
            d = (P / P.sum(axis=1, keepdims=True) - np.eye(V.shape[1])[y]) / len(y)
            return d @ V.T, H.T @ d
        out = np.tanh(H @ W[k] + b[k])
        d, dV = passed(out, k + 1)
        d = d * (1 - out**2)
        dW[k], db[k] = H.T @ d, d.sum(axis=0)
        return d @ W[k].T, dV

    _, dV = passed(X, 0)
    return dW, db, dV

# %% tags=["alternative"] question="deep" name="with the slopes kept, and lists turned round"
def deep_gradients(X, y, W, b, V):
    inputs, slopes, H = [], [], X
    for k in range(len(W)):
        inputs.append(H)
        Z = H @ W[k] + b[k]
        slopes.append(1 / np.cosh(Z) ** 2)
        H = np.tanh(Z)
    scores = H @ V
    P = np.exp(scores - np.logaddexp.reduce(scores, axis=1)[:, None])
    d = (P - np.eye(V.shape[1])[y]) / len(X)
    dV, d, dW, db = np.einsum("nd,nc->dc", H, d), d @ V.T, [], []
    for weights, put_in, slope in zip(W[::-1], inputs[::-1], slopes[::-1]):
        d = d * slope
        dW.append(put_in.T @ d)
        db.append(np.ones(len(X)) @ d)
        d = np.einsum("nk,jk->nj", d, weights)
    return np.array(dW[::-1]), np.array(db[::-1]), dV

# %% [markdown]
# # Part 3: steps that adapt

# %% nbgrader={"grade_id": "step-cases", "locked": true}
def rms_cases(rng):
    """One step of several weights, with an eps that shows where it stands."""
    for d, rho, eps in ((3, 0.9, 1e-8), (4, 0.5, 0.1), (2, 0.99, 0.01)):
        yield {"w": rng.standard_normal(d), "g": rng.standard_normal(d), "s": rng.uniform(0.1, 2.0, d),
               "rate": rng.uniform(0.05, 0.3), "rho": rho, "eps": eps, "case": f"rho = {rho}, eps = {eps}"}


def adam_cases(rng):
    """The first step, the second and a later one."""
    for d, t, b1, b2, eps in ((3, 1, 0.9, 0.999, 1e-8), (4, 2, 0.8, 0.95, 0.1), (2, 30, 0.9, 0.99, 0.01)):
        started = t > 1
        yield {"w": rng.standard_normal(d), "g": rng.standard_normal(d), "m": started * rng.standard_normal(d),
               "v": started * rng.uniform(0.1, 2.0, d), "t": t, "rate": rng.uniform(0.05, 0.3), "b1": b1, "b2": b2,
               "eps": eps, "case": f"step {t}, eps = {eps}"}


def first_step_cases(rng):
    """First steps, with gradients of very different sizes."""
    for d in (2, 5):
        g = rng.choice([-1.0, 1.0], d) * 10.0 ** rng.uniform(-3, 3, d)
        g[0] = rng.choice([-1.0, 1.0]) * 3e-6
        yield {"w": rng.standard_normal(d), "g": g, "m": np.zeros(d), "v": np.zeros(d), "t": 1,
               "rate": rng.uniform(0.05, 0.3), "b1": 0.9, "b2": 0.999, "eps": 1e-12, "case": f"{d} weights"}


def as_long_as_the_rate(result, w, g, m, v, t, rate, b1, b2, eps):
    """Each weight moves by the rate, whatever the size of its gradient, and downhill."""
    return np.max(np.abs(result[0] - w + rate * np.sign(g))) < 1e-6


def decay_cases(rng):
    """The same as for Adam, with a decay."""
    for case in adam_cases(rng):
        yield {**case, "decay": rng.uniform(0.1, 0.5)}


def clip_cases(rng):
    """Three arrays, too long together, short enough, and long in a single one; lengths on one side of the limit whose
    squares are on the other; and no length at all."""
    for sizes, limit in (((1.0, 2.0, 0.5), 1.5), ((0.2, 0.1, 0.1), 3.0), ((4.0, 0.1, 0.2), 2.0), ((1.2, 0.8, 0.6), 2.2),
                         ((0.4, 0.3, 0.3), 0.5), ((0.0, 0.0, 0.0), 1.0)):
        shapes = ((3, 2), (2,), (2, 4))
        drawn = [rng.standard_normal(shape) for shape in shapes]
        yield {"gradients": [size * array / np.linalg.norm(array) for size, array in zip(sizes, drawn)], "limit": limit,
               "case": f"limit {limit}"}


# %% [markdown]
# ## 3.1 RMSProp
#
# *Afterwards a weight with small gradients moves as far as one with large ones.*
#
# Keep for each weight a running mean $s$ of its squared gradient $g^2$, in which the old mean has the weight $\rho$ and the new
# square the rest. Divide the step of gradient descent by the root of the new $s$. A small $\varepsilon$ is added to the root, so
# that nothing is divided by 0. (Check your two formulas: with a constant gradient and after many steps, how far does a weight
# move?)
#
# Shapes: $w$, $g$, $s$ alike $\to$ the new $w$ and the new $s$. (Leave the arguments as they are; make new arrays.)

# %% nbgrader={"grade_id": "rmsprop", "solution": true}
def rmsprop(w, g, s, rate, rho, eps):
    """One step of RMSProp. w, g, s: arrays alike; rate, rho, eps: numbers. Returns the new w and the new s."""
    ### BEGIN SOLUTION
    s = rho * s + (1 - rho) * g**2
    return w - rate * g / (np.sqrt(s) + eps), s
    ### END SOLUTION

# %% nbgrader={"grade_id": "rmsprop-check", "grade": true}
check.values(rmsprop, at=rms_cases, returns=("w", "s"), points=2)

# %% tags=["mistake"] question="rmsprop" says="The step has been divided by the mean square as it was before this gradient came in."
def rmsprop(w, g, s, rate, rho, eps):
    return w - rate * g / (np.sqrt(s) + eps), rho * s + (1 - rho) * g**2

# %% tags=["mistake"] question="rmsprop" says="The root is missing: a mean of squares has the wrong units for a division."
def rmsprop(w, g, s, rate, rho, eps):
    s = rho * s + (1 - rho) * g**2
    return w - rate * g / (s + eps), s

# %% tags=["mistake"] question="rmsprop" says="The weights of old and new have changed places: rho says how much of the old stays."
def rmsprop(w, g, s, rate, rho, eps):
    s = (1 - rho) * s + rho * g**2
    return w - rate * g / (np.sqrt(s) + eps), s

# %% tags=["mistake"] question="rmsprop" says="The gradient has not been squared before it went into the mean."
def rmsprop(w, g, s, rate, rho, eps):
    s = rho * s + (1 - rho) * np.abs(g)
    return w - rate * g / (np.sqrt(s) + eps), s

# %% tags=["mistake"] question="rmsprop" says="eps has been put under the root; it is added to the root."
def rmsprop(w, g, s, rate, rho, eps):
    s = rho * s + (1 - rho) * g**2
    return w - rate * g / np.sqrt(s + eps), s

# %% tags=["mistake"] question="rmsprop" says="The step goes uphill."
def rmsprop(w, g, s, rate, rho, eps):
    s = rho * s + (1 - rho) * g**2
    return w + rate * g / (np.sqrt(s) + eps), s

# %% tags=["alternative"] question="rmsprop" name="a step towards the new square"
def rmsprop(w, g, s, rate, rho, eps):
    new = s + (1 - rho) * (g * g - s)
    return w - g * (rate / (new**0.5 + eps)), new

# %% tags=["alternative"] question="rmsprop" name="a weight at a time"
def rmsprop(w, g, s, rate, rho, eps):
    moved, squares = w.copy(), s.copy()
    for i in range(len(w)):
        squares[i] = rho * s[i] + (1 - rho) * g[i] ** 2
        moved[i] -= rate * g[i] / (np.sqrt(squares[i]) + eps)
    return moved, squares

# %% [markdown]
# ## 3.2 Adam
#
# *Afterwards you have the optimiser that most nets of today are trained with.*
#
# RMSProp with momentum: running means of the gradient, $m$, and of its square, $v$, with $\beta_1$ and $\beta_2$ in $\rho$'s place.
# Both start at zero and are far too small at first: after $t$ steps with a constant gradient $g$, what is $m$? Divide each
# by what is missing, and call the results $\hat m$ and $\hat v$. Then step as RMSProp does, with $\hat m$ in the place of the
# gradient and $\hat v$ in the place of $s$.
#
# The first step has $t = 1$. What is handed on to the next step are $m$ and $v$, not $\hat m$ and $\hat v$.
#
# The second check asks how long the first step is. Think before you look.
#
# Shapes: $w$, $g$, $m$, $v$ alike $\to$ the new $w$, $m$ and $v$.

# %% nbgrader={"grade_id": "adam", "solution": true}
def adam(w, g, m, v, t, rate, b1, b2, eps):
    """One step of Adam.

    w, g, m, v: arrays alike; t: the number of this step, from 1; rate, b1, b2, eps: numbers. Returns the new w, m, v.
    """
    ### BEGIN SOLUTION
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * g**2
    step = m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + eps)
    return w - rate * step, m, v
    ### END SOLUTION

# %% nbgrader={"grade_id": "adam-check", "grade": true}
check.values(adam, at=adam_cases, returns=("w", "m", "v"), points=3)

# %% nbgrader={"grade_id": "adam-first-check", "grade": true}
check.properties(adam, at=first_step_cases, points=1, each_weight_moves_by_the_rate_and_downhill=as_long_as_the_rate)

# %% tags=["mistake"] question="adam" says="The running means have not been corrected: they start at zero and are too small in the first steps."
def adam(w, g, m, v, t, rate, b1, b2, eps):
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * g**2
    return w - rate * m / (np.sqrt(v) + eps), m, v

# %% tags=["mistake"] question="adam" says="Only one of the two means has been corrected; the mean of the squares starts at zero as well."
def adam(w, g, m, v, t, rate, b1, b2, eps):
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * g**2
    return w - rate * m / (1 - b1**t) / (np.sqrt(v) + eps), m, v

# %% tags=["mistake"] question="adam" says="The corrected means have been handed on; in the next step they would be corrected once more."
def adam(w, g, m, v, t, rate, b1, b2, eps):
    m = (b1 * m + (1 - b1) * g) / (1 - b1**t)
    v = (b2 * v + (1 - b2) * g**2) / (1 - b2**t)
    return w - rate * m / (np.sqrt(v) + eps), m, v

# %% tags=["mistake"] question="adam" says="The power is missing: how much the means are too small depends on the number of steps."
def adam(w, g, m, v, t, rate, b1, b2, eps):
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * g**2
    return w - rate * m / (1 - b1) / (np.sqrt(v / (1 - b2)) + eps), m, v

# %% tags=["mistake"] question="adam" says="The steps are counted from 1: there is one too many in the exponents."
def adam(w, g, m, v, t, rate, b1, b2, eps):
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * g**2
    return w - rate * m / (1 - b1 ** (t + 1)) / (np.sqrt(v / (1 - b2 ** (t + 1))) + eps), m, v

# %% tags=["mistake"] question="adam" says="eps has been put under the root; it is added to the root."
def adam(w, g, m, v, t, rate, b1, b2, eps):
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * g**2
    return w - rate * m / (1 - b1**t) / np.sqrt(v / (1 - b2**t) + eps), m, v

# %% tags=["mistake"] question="adam" says="The gradient itself has been divided, so the momentum does nothing."
def adam(w, g, m, v, t, rate, b1, b2, eps):
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * g**2
    return w - rate * g / (np.sqrt(v / (1 - b2**t)) + eps), m, v

# %% tags=["alternative"] question="adam" name="the two corrections in the rate"
def adam(w, g, m, v, t, rate, b1, b2, eps):
    m = m + (1 - b1) * (g - m)
    v = v + (1 - b2) * (g * g - v)
    root = np.sqrt(1 - b2**t)
    return w - rate * root / (1 - b1**t) * m / (np.sqrt(v) + eps * root), m, v

# %% tags=["alternative"] question="adam" name="the missing share as a product"
def adam(w, g, m, v, t, rate, b1, b2, eps):
    left1 = left2 = 1.0
    for _ in range(int(t)):
        left1, left2 = left1 * b1, left2 * b2
    m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * np.square(g)
    return w - rate * (m / (1 - left1)) / ((v / (1 - left2)) ** 0.5 + eps), m, v

# %% [markdown]
# ## 3.3 Where the decay goes
#
# *Afterwards weight decay does with Adam what it does with plain gradient descent.*
#
# With a penalty $\frac{\lambda}{2} \lVert w \rVert^2$ in the loss, gradient descent shrinks every weight by the factor $1 - \eta \lambda$
# in each step. Put the penalty's gradient into Adam, and it is divided by $\sqrt{\hat v}$ like everything else: weights with large
# gradients hardly shrink. AdamW leaves the penalty out of $g$, $m$ and $v$, and shrinks the weights itself, *as they were
# before the step*, by what gradient descent would have taken from them. Beside that the step is Adam's.
#
# Shapes: as for Adam, with a number `decay`, which is $\lambda$ $\to$ the new $w$, $m$ and $v$.

# %% nbgrader={"grade_id": "adamw", "solution": true}
def adamw(w, g, m, v, t, rate, b1, b2, eps, decay):
    """One step of AdamW: Adam's, and a decay of the weights that is not divided by anything.

    Arguments as for Adam; decay: a number. Returns the new w, m, v.
    """
    ### BEGIN SOLUTION
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * g**2
    step = m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + eps)
    return w - rate * step - rate * decay * w, m, v
    ### END SOLUTION

# %% nbgrader={"grade_id": "adamw-check", "grade": true}
check.values(adamw, at=decay_cases, returns=("w", "m", "v"), points=2)

# %% tags=["mistake"] question="adamw" says="The decay has gone into the gradient, where it is divided by the root like everything else: that is Adam with a penalty in the loss."
def adamw(w, g, m, v, t, rate, b1, b2, eps, decay):
    g = g + decay * w
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * g**2
    return w - rate * m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + eps), m, v

# %% tags=["mistake"] question="adamw" says="The decay has not been multiplied by the rate."
def adamw(w, g, m, v, t, rate, b1, b2, eps, decay):
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * g**2
    return w - rate * m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + eps) - decay * w, m, v

# %% tags=["mistake"] question="adamw" says="The weights after the step have been shrunk; asked for is a fraction of the weights as they were before."
def adamw(w, g, m, v, t, rate, b1, b2, eps, decay):
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * g**2
    w = w - rate * m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + eps)
    return w * (1 - rate * decay), m, v

# %% tags=["mistake"] question="adamw" says="The decay makes the weights grow: it has to be subtracted."
def adamw(w, g, m, v, t, rate, b1, b2, eps, decay):
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * g**2
    return w - rate * m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + eps) + rate * decay * w, m, v

# %% tags=["mistake"] question="adamw" says="This is Adam: the weights do not decay at all."
def adamw(w, g, m, v, t, rate, b1, b2, eps, decay):
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * g**2
    return w - rate * m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + eps), m, v

# %% tags=["alternative"] question="adamw" name="shrunk first"
def adamw(w, g, m, v, t, rate, b1, b2, eps, decay):
    m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
    shrunk = w * (1 - rate * decay)
    return shrunk - rate * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps), m, v

# %% tags=["alternative"] question="adamw" name="one sum"
def adamw(w, g, m, v, t, rate, b1, b2, eps, decay):
    m = m * b1 + g * (1 - b1)
    v = v * b2 + g * g * (1 - b2)
    downhill = (m / (1 - b1**t)) / ((v / (1 - b2**t)) ** 0.5 + eps)
    return w - rate * (downhill + decay * w), m, v

# %% [markdown]
# ## 3.4 A step that is not too long
#
# *Afterwards one bad batch does not throw a net out of its valley.*
#
# The *global norm* is the length of all gradients together, as if they were one long vector. If it is larger than a limit, shrink
# them all by the same factor, so that their direction stays; else leave them as they are, also if all of them are 0.
#
# Shapes: a list of three arrays $\to$ three arrays of the same shapes.

# %% nbgrader={"grade_id": "clip", "solution": true}
def clipped(gradients, limit):
    """Gradients whose global norm is at most the limit. gradients: a list of three arrays. Returns three arrays."""
    ### BEGIN SOLUTION
    norm = np.sqrt(sum(np.sum(g**2) for g in gradients))
    factor = limit / norm if norm > limit else 1.0
    return [factor * g for g in gradients]
    ### END SOLUTION

# %% nbgrader={"grade_id": "clip-check", "grade": true}
check.values(clipped, at=clip_cases, returns=("first", "second", "third"), points=2)

# %% tags=["mistake"] question="clip" says="Each array has been shortened by itself: then they no longer point in the direction of the gradient."
def clipped(gradients, limit):
    return [min(1.0, limit / np.sqrt(np.sum(g**2))) * g for g in gradients]

# %% tags=["mistake"] question="clip" says="The entries have been cut off one by one, which turns the direction."
def clipped(gradients, limit):
    return [np.clip(g, -limit, limit) for g in gradients]

# %% tags=["mistake"] question="clip" says="Short gradients have been made longer: only what is longer than the limit is changed."
def clipped(gradients, limit):
    norm = np.sqrt(sum(np.sum(g**2) for g in gradients))
    return [limit / norm * g for g in gradients]

# %% tags=["mistake"] question="clip" says="The lengths of the arrays have been added; the length of all together is the root of the sum of their squares."
def clipped(gradients, limit):
    norm = sum(np.sqrt(np.sum(g**2)) for g in gradients)
    return [min(1.0, limit / norm) * g for g in gradients]

# %% tags=["mistake"] question="clip" says="The root is missing: the squares have been compared with the limit."
def clipped(gradients, limit):
    norm = sum(np.sum(g**2) for g in gradients)
    return [min(1.0, limit / norm) * g for g in gradients]

# %% tags=["mistake"] question="clip" says="Where all gradients are 0 their length is 0, and dividing by it gives no number: what is not too long stays as it is."
def clipped(gradients, limit):
    norm = np.sqrt(sum(np.sum(g**2) for g in gradients))
    return [g / norm * min(norm, limit) for g in gradients]

# %% tags=["alternative"] question="clip" name="as one long vector"
def clipped(gradients, limit):
    norm = np.linalg.norm(np.concatenate([np.ravel(g) for g in gradients]))
    if norm <= limit:
        return list(gradients)
    return [g * limit / norm for g in gradients]

# %% tags=["alternative"] question="clip" name="the norm of the norms"
def clipped(gradients, limit):
    norm = np.linalg.norm([np.linalg.norm(g) for g in gradients])
    return tuple(g / max(1.0, norm / limit) for g in gradients)

# %% [markdown]
# # Part 4: the craft of debugging

# %% nbgrader={"grade_id": "craft-cases", "locked": true}
def step_size_cases(rng):
    """Precisions, and sizes of a function and of its third derivative, of either sign."""
    for u in (2.0**-53, 2.0**-24):
        yield {"u": u, "f": rng.uniform(0.5, 3.0), "f3": rng.uniform(4.0, 9.0), "case": f"u = {u:.1e}"}
        yield {"u": u, "f": -rng.uniform(4.0, 9.0), "f3": rng.uniform(0.5, 3.0), "case": f"u = {u:.1e}, f negative"}
    yield {"u": 2.0**-53, "f": rng.uniform(1e-9, 3e-9), "f3": rng.uniform(4.0, 9.0), "case": "f nearly 0"}


def count_cases(rng):
    """How often each class occurs, and biases: none, some, and one that nearly rules a class out."""
    for classes in (2, 3, 5):
        counts = rng.integers(1, 9, classes)
        yield {"counts": counts, "bias": np.zeros(classes), "case": f"{classes} classes, no bias"}
        yield {"counts": counts, "bias": rng.standard_normal(classes), "case": f"{classes} classes, with a bias"}
    yield {"counts": rng.integers(1, 9, 3), "bias": rng.permutation([0.0, -6.0, -14.0]), "case": "3 classes, a large bias"}


def one_batch_cases(rng):
    """A bowl to descend into, and a rule for one step that has two memories and counts its steps; at last a start so near the
    bottom that the gradient is tiny, and a rate so large that it grows."""
    def step(w, g, m, v, t, rate):
        m, v = m + g, v + g * g
        return w - rate * (g + 0.1 * m / t) / (1 + np.sqrt(v)), m, v

    for d, steps in ((2, 1), (3, 2), (4, 6)):
        A, target = rng.uniform(0.5, 2.0, d), rng.standard_normal(d)
        yield {"slopes": lambda w, A=A, target=target: A * (w - target), "step": step, "w": rng.standard_normal(d),
               "rate": rng.uniform(0.1, 0.4), "steps": steps, "case": f"{steps} steps"}
    A, target = rng.uniform(1.5, 2.0, 3), 1 + rng.random(3)
    yield {"slopes": lambda w: A * (w - target), "step": step, "w": target + 1e-7 * rng.uniform(1, 2, 3),
           "rate": rng.uniform(2.0, 2.5), "steps": 8, "case": "8 steps, up and out of a bowl"}


# %% [markdown]
# ## 4.1 How small is small enough?
#
# *Afterwards you know which $\varepsilon$ a gradient check should use, and when not to believe it.*
#
# A central difference $\frac{f(x + \varepsilon) - f(x - \varepsilon)}{2 \varepsilon}$ is wrong in two ways. What the Taylor series leaves out is
# about $\frac{|f'''|}{6}\, \varepsilon^2$. And both values of $f$ are rounded, by up to $u |f|$ each ($u \approx 10^{-16}$ in float64, $6 \cdot 10^{-8}$
# in float32), which makes up to $u |f| / \varepsilon$ in the quotient. One grows with $\varepsilon$, the other falls. At which $\varepsilon$ is the
# *sum* of these two smallest?
#
# Shapes: three numbers, of which $f$ may be negative $\to$ a number.

# %% nbgrader={"grade_id": "best-step", "solution": true}
def best_step(u, f, f3):
    """The step at which a central difference is most exact.

    u: the relative error of rounding; f: the function's value, of either sign; f3: its third derivative, positive.
    Returns a number.
    """
    ### BEGIN SOLUTION
    return np.cbrt(3 * u * abs(f) / f3)
    ### END SOLUTION

# %% nbgrader={"grade_id": "best-step-check", "grade": true}
check.values(best_step, at=step_size_cases, points=2)

# %% tags=["mistake"] question="best-step" says="A square root belongs to a difference to one side, whose error grows with the step itself; here it grows with its square."
def best_step(u, f, f3):
    return np.sqrt(3 * u * abs(f) / f3)

# %% tags=["mistake"] question="best-step" says="A factor is lost: differentiate both errors with respect to the step, set the sum to zero, and keep the 6 and the 2."
def best_step(u, f, f3):
    return np.cbrt(u * abs(f) / f3)

# %% tags=["mistake"] question="best-step" says="The two errors have been set equal; asked for is where their sum is smallest."
def best_step(u, f, f3):
    return np.cbrt(6 * u * abs(f) / f3)

# %% tags=["mistake"] question="best-step" says="The quotient is upside down: the more a function bends, the smaller its step should be."
def best_step(u, f, f3):
    return np.cbrt(3 * u * f3 / abs(f))

# %% tags=["mistake"] question="best-step" says="A step is positive: rounding depends on how large the value is, not on its sign."
def best_step(u, f, f3):
    return np.cbrt(3 * u * f / f3)

# %% tags=["alternative"] question="best-step" name="a power"
def best_step(u, f, f3):
    return (3 * u * np.abs(f) / np.abs(f3)) ** (1 / 3)

# %% tags=["alternative"] question="best-step" name="through logarithms"
def best_step(u, f, f3):
    return np.exp((np.log(3) + np.log(u) + np.log(np.abs(f)) - np.log(f3)) / 3)

# %% [markdown]
# ### The U
#
# The error of a central difference of $e^{\sin 3x}$ at $x = 0.7$ for steps of all sizes, computed in float64 and in float32; the vertical
# lines are your $\varepsilon$. To the left of the bottom everything is noise: there a right gradient looks wrong.

# %%
with check.once_written():
    def wave(x):
        return np.exp(np.sin(3 * x))

    x, steps = 0.7, 10.0 ** np.linspace(-12, -0.3, 60)
    c, s = 3 * np.cos(3 * x), np.sin(3 * x)
    exact, third = wave(x) * c, wave(x) * (c**3 - 27 * s * c - 9 * c)
    figure, axis = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
    best = {}
    for number, (dtype, u) in enumerate(((np.float64, 2.0**-53), (np.float32, 2.0**-24))):
        h = steps.astype(dtype)
        quotients = (wave(dtype(x) + h) - wave(dtype(x) - h)) / (2 * h)
        errors = np.abs(quotients.astype(float) / exact - 1)
        axis.loglog(steps, np.maximum(errors, 1e-12), ".-", color=f"C{number}", label=dtype.__name__)
        best[dtype.__name__] = best_step(u, wave(x), abs(third))
        axis.axvline(best[dtype.__name__], color=f"C{number}", linestyle="--")
    axis.set(xlabel="step", ylabel="relative error of the slope", title="Too large is wrong, and too small is noise")
    axis.legend()
    figure.set_label("The error of a central difference by its step: a U in both precisions, lowest near "
                     + " and ".join(f"{step:.0e} ({name})" for name, step in best.items()) + ".")
    plt.show()

# %% [markdown]
# ## 4.2 The loss before anything is learned
#
# *Afterwards you can tell from the first number that a net prints whether it begins well.*
#
# At the start the last weights are so small that a net gives every image the same scores: the last bias. Class $c$ occurs
# `counts[c]` times. What is the cross-entropy then, as a mean over all samples? (With no bias and ten classes it should be a
# number that you know by heart after this set. Which bias makes it smallest, and how small?)
#
# Shapes: two arrays $(C,)$ $\to$ a number.

# %% nbgrader={"grade_id": "first-loss", "solution": true}
def first_loss(counts, bias):
    """The mean cross-entropy of a net that gives every sample the scores `bias`.

    counts: (C,), how often each class occurs; bias: (C,). Returns a number.
    """
    ### BEGIN SOLUTION
    log_p = bias - np.logaddexp.reduce(bias)
    return -np.sum(counts * log_p) / np.sum(counts)
    ### END SOLUTION

# %% nbgrader={"grade_id": "first-loss-check", "grade": true}
check.values(first_loss, at=count_cases, points=1)

# %% tags=["mistake"] question="first-loss" says="Each class has counted once, however often it occurs: the mean is over samples."
def first_loss(counts, bias):
    return -np.mean(bias - np.logaddexp.reduce(bias))

# %% tags=["mistake"] question="first-loss" says="This is the loss without a bias, whatever the bias is."
def first_loss(counts, bias):
    return np.log(len(counts))

# %% tags=["mistake"] question="first-loss" says="The scores have been taken for log-probabilities: the softmax divides by a sum, whose logarithm is missing."
def first_loss(counts, bias):
    return -np.sum(counts * bias) / np.sum(counts)

# %% tags=["mistake"] question="first-loss" says="The loss of all samples together: a mean divides by their number."
def first_loss(counts, bias):
    return -np.sum(counts * (bias - np.logaddexp.reduce(bias)))

# %% tags=["mistake"] question="first-loss" says="This is the loss with the best bias there is, the entropy of the classes; asked for is that with the given one."
def first_loss(counts, bias):
    p = counts / np.sum(counts)
    return -np.sum(p * np.log(p))

# %% tags=["alternative"] question="first-loss" name="a sample at a time"
def first_loss(counts, bias):
    p = np.exp(bias) / np.sum(np.exp(bias))
    labels = np.repeat(np.arange(len(counts)), counts)
    return np.mean([-np.log(p[label]) for label in labels])

# %% tags=["alternative"] question="first-loss" name="the log of the sum, and the mean score"
def first_loss(counts, bias):
    return np.log(np.sum(np.exp(bias))) - np.average(bias, weights=counts)

# %% [markdown]
# ## 4.3 Sixteen samples by heart
#
# *Afterwards you have the test that finds most slips in a minute.*
#
# A net that cannot learn sixteen images by heart has a slip somewhere. So take one batch and descend on it, again and again:
# write the loop. You get a function for the gradient, `slopes(w)`, and one for a step, `step(w, g, m, v, t, rate)`, which
# returns the new `w`, `m` and `v`. Both memories start at zero; the first step has the number 1.
#
# Shapes: $w$ $(D,)$ $\to$ the last $w$ $(D,)$.

# %% nbgrader={"grade_id": "one-batch", "solution": true}
def descend(slopes, step, w, rate, steps):
    """The weights after so many steps on one batch.

    slopes(w): the gradient, of the shape of w; step(w, g, m, v, t, rate): one step, returns the new w, m, v.
    """
    ### BEGIN SOLUTION
    m, v = np.zeros(w.shape), np.zeros(w.shape)
    for t in range(1, steps + 1):
        w, m, v = step(w, slopes(w), m, v, t, rate)
    return w
    ### END SOLUTION

# %% nbgrader={"grade_id": "one-batch-check", "grade": true}
check.values(descend, at=one_batch_cases, points=2)

# %% tags=["mistake"] question="one-batch" says="The memories have been set to zero before every step: they are there to be carried on."
def descend(slopes, step, w, rate, steps):
    for t in range(1, steps + 1):
        w, _, _ = step(w, slopes(w), np.zeros(w.shape), np.zeros(w.shape), t, rate)
    return w

# %% tags=["mistake"] question="one-batch" says="The gradient has been computed once, at the start; it is asked for anew at every place."
def descend(slopes, step, w, rate, steps):
    m, v, g = np.zeros(w.shape), np.zeros(w.shape), slopes(w)
    for t in range(1, steps + 1):
        w, m, v = step(w, g, m, v, t, rate)
    return w

# %% tags=["mistake"] question="one-batch" says="Every step has been called the first: the step has to know its number."
def descend(slopes, step, w, rate, steps):
    m, v = np.zeros(w.shape), np.zeros(w.shape)
    for _ in range(steps):
        w, m, v = step(w, slopes(w), m, v, 1, rate)
    return w

# %% tags=["mistake"] question="one-batch" says="The loop ends one step too early."
def descend(slopes, step, w, rate, steps):
    m, v = np.zeros(w.shape), np.zeros(w.shape)
    for t in range(1, steps):
        w, m, v = step(w, slopes(w), m, v, t, rate)
    return w

# %% tags=["mistake"] question="one-batch" says="The second memory is not carried on: step returns it as well."
def descend(slopes, step, w, rate, steps):
    m, v = np.zeros(w.shape), np.zeros(w.shape)
    for t in range(1, steps + 1):
        w, m, _ = step(w, slopes(w), m, v, t, rate)
    return w

# %% tags=["mistake"] question="one-batch" says="The loop ends as soon as the gradient is short: asked for are as many steps as are named, whatever happens on the way."
def descend(slopes, step, w, rate, steps):
    m, v = np.zeros(w.shape), np.zeros(w.shape)
    for t in range(1, steps + 1):
        g = slopes(w)
        if np.linalg.norm(g) < 1e-4:
            break
        w, m, v = step(w, g, m, v, t, rate)
    return w

# %% tags=["alternative"] question="one-batch" name="while"
def descend(slopes, step, w, rate, steps):
    state, t = (w, 0 * w, 0 * w), 0
    while t < steps:
        t += 1
        state = step(state[0], slopes(state[0]), state[1], state[2], t, rate)
    return state[0]

# %% tags=["alternative"] question="one-batch" name="a function that calls itself"
def descend(slopes, step, w, rate, steps):
    def after(t):
        if t == 0:
            return w, np.zeros_like(w), np.zeros_like(w)
        place, m, v = after(t - 1)
        return step(place, slopes(place), m, v, t, rate)

    return after(steps)[0]

# %% [markdown]
# ### The test, on your own net
#
# Sixteen digits, eight hidden layers of 32, your `deep_gradients` and your `adam`. The first loss should be near $\log 10$, and the
# last near zero.

# %%
with check.once_written():
    few = data.mnist(size=(16, 16))
    X, y = few.train_images @ np.random.default_rng(1).standard_normal((784, 32)) / 28, few.train_labels
    rng = np.random.default_rng(0)
    parts = [rng.standard_normal((8, 32, 32)) / np.sqrt(32), np.zeros((8, 32)), 0.01 * rng.standard_normal((32, 10))]
    cuts = np.cumsum([part.size for part in parts])[:-1]

    def unpacked(w):
        return [piece.reshape(part.shape) for piece, part in zip(np.split(w, cuts), parts)]

    def slopes(w):
        return np.concatenate([np.ravel(g) for g in deep_gradients(X, y, *unpacked(w))])

    losses = []

    def adam_step(w, g, m, v, t, rate):
        losses.append(deep_loss(X, y, *unpacked(w)))
        return adam(w, g, m, v, t, rate, 0.9, 0.999, 1e-8)

    learned = descend(slopes, adam_step, np.concatenate([np.ravel(part) for part in parts]), 0.003, 200)
    for t in (0, 10, 50, 100, 199):
        print(f"before step {t + 1:3d}: loss {losses[t]:.4f}")

# %% [markdown]
# ## 4.4 Six patients
#
# *Afterwards you look at numbers before you look at code.*
#
# Six nets were trained on 4,000 digits, each for ten epochs (B for 200): 784–64–64–64–10, ReLU, no biases but in the first
# layer, the mean cross-entropy. The cell below shows what a doctor would ask for, measured before training, on the way
# and after it, and the losses after the first ten epochs. Every one has another of these illnesses:
#
# 1. The learning rate is far too large.
# 2. All weights start at zero.
# 3. The labels belong to other images.
# 4. The initial weights are far too small.
# 5. The initial biases are so negative that every ReLU of the first layer is dead.
# 6. There are far too few images to learn from.
#
# Which has which?

# %% nbgrader={"grade_id": "patients", "locked": true}
FINDINGS = """
                         A         B         C         D         E         F
std of W1           0.0506    0.0506    0.0506         0     0.001    0.0506
off in layer 1           1     0.515     0.513         1     0.513     0.507
|dW1|                    0      2.53       1.9         0  1.47e-07     0.471
|dW4|                    0      0.96     0.693         0  1.35e-07     0.252
loss before            2.3      2.63      2.55       2.3       2.3      2.39
largest loss           2.3      2.63  4.27e+05       2.3       2.3      2.45
loss after             2.3   0.00434       2.3       2.3       2.3      2.04
right, training        0.1         1       0.1       0.1    0.0995     0.303
right, test            0.1     0.608       0.1       0.1     0.098     0.088
"""
LOSSES = {  # before training, and after each of the first ten epochs
    "A": [2.3, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3],
    "B": [2.63, 2.25, 2.13, 2.02, 1.92, 1.82, 1.72, 1.62, 1.52, 1.41, 1.3],
    "C": [2.55, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3],
    "D": [2.3, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3],
    "E": [2.3, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3],
    "F": [2.39, 2.29, 2.28, 2.26, 2.25, 2.22, 2.18, 2.16, 2.13, 2.09, 2.04],
}
print(FINDINGS)
figure, axes = plt.subplots(1, 6, figsize=(10.5, 2.2), sharey=True, layout="constrained")
for axis, (name, curve) in zip(axes, LOSSES.items()):
    axis.plot(curve)
    axis.set(title=name, xlabel="epoch", ylim=(0, 3))
axes[0].set_ylabel("training loss")
figure.set_label("The training loss of the six nets in ten epochs: "
                 + ", ".join(f"{name} from {curve[0]:.2f} to {curve[-1]:.2f}" for name, curve in LOSSES.items()) + ".")
plt.show()

# %% nbgrader={"grade_id": "diagnosis", "solution": true}
def diagnosis():
    """The numbers of the illnesses of A, B, C, D, E and F, in this order: six numbers from 1 to 6."""
    ### BEGIN SOLUTION
    return 5, 6, 1, 2, 4, 3
    ### END SOLUTION

# %% nbgrader={"grade_id": "diagnosis-check", "grade": true}
check.answer(diagnosis, points=3)

# %% tags=["mistake"] question="diagnosis" says="Two nets have a first layer that passes nothing on, for different reasons: look at their first weights."
def diagnosis():
    return 2, 6, 1, 5, 4, 3

# %% tags=["mistake"] question="diagnosis" says="Two nets are bad on test images: one knows its own training images by heart, the other has not learned even these."
def diagnosis():
    return 5, 3, 1, 2, 4, 6

# %% tags=["mistake"] question="diagnosis" says="Weights that are too small are not zero: some gradient is there, but hardly any."
def diagnosis():
    return 5, 6, 1, 4, 2, 3

# %% tags=["mistake"] question="diagnosis" says="A rate that is too large makes a loss larger than it was, or no number at all."
def diagnosis():
    return 5, 6, 3, 2, 4, 1

# %% tags=["alternative"] question="diagnosis" name="a list"
def diagnosis():
    return [5, 6, 1, 2, 4, 3]

# %% tags=["alternative"] question="diagnosis" name="one by one"
def diagnosis():
    a, b, c, d, e, f = 5, 6, 1, 2, 4, 3
    return a, b, c, d, e, f

# %% [markdown]
# ## 4.5 A check that fails
#
# A friend compares a backward pass with central differences in float32 with $\varepsilon = 10^{-6}$ and finds a relative error of
# 0.08. "My gradient is wrong." Is it? Say what you would try next, in which order, and what each result would tell you. Then: why
# is an error of $10^{-4}$ at a single weight of a ReLU net, everything else at $10^{-9}$, no reason for alarm, and how can you make
# sure?

# %% [markdown] nbgrader={"grade_id": "failed-check", "grade": true, "solution": true, "points": 3}
# ### BEGIN SOLUTION
# **Model answer.** Nothing is known yet: in float32 rounding alone makes about $u |f| / \varepsilon \approx 6 \cdot 10^{-8} / 10^{-6} = 0.06$, as large as
# the error that was found. So first do the check in float64, with $\varepsilon$ near $10^{-5}$: if the error falls to $10^{-8}$ or so, the
# gradient was right. If it stays, it is a slip; then check one layer after the other, from the loss downwards, on small sizes that
# differ from each other, and look at the ratio: a constant factor, a transposition, a missing term each look different.
# A ReLU has a kink: if a pre-activation lies closer to 0 than the step moves it, the difference runs across the kink and is no slope
# of either side. Move that weight's input a little, take another batch or a smaller $\varepsilon$: a kink goes away, a slip stays.
#
# **Mark scheme, 3 points.**
#
# - 1 point: rounding explains the 0.08; with an estimate or with the U of 4.1. Half a point for "float32 is not exact enough".
# - 1 point: float64 and a larger $\varepsilon$ first, then layer by layer; what each outcome means.
# - 1 point: a kink within reach of the step, and a way to tell it from a slip.
# ### END SOLUTION

# %% [markdown]
# # Part 5: what it was for

# %% [markdown]
# ## 5.1 Ten layers down: your guess
#
# *Afterwards you have said something that the next cell can contradict.*
#
# Ten hidden layers of 64 ReLUs, weights drawn uniformly between $\pm 1/\sqrt{\text{inputs}}$, as in problem set 4, no biases.
# Before training, how large is the standard deviation of the activations in the *tenth* hidden layer, compared with that in the *first*? (As a
# quotient: 1 is equally large, 0.1 a tenth.) The point is for a guess, right or wrong.

# %% nbgrader={"grade_id": "predict-depth", "solution": true}
def predict_depth():
    """Your guess: the standard deviation of the tenth hidden layer's activations, divided by the first's. A positive number."""
    ### BEGIN SOLUTION
    return 1e-3
    ### END SOLUTION

# %% nbgrader={"grade_id": "predict-depth-cases", "locked": true}
def nothing_given(rng):
    """A guess is made out of nothing."""
    yield {"case": "your guess"}


def positive(guess):
    """One positive number."""
    return np.ndim(guess) == 0 and float(guess) > 0


# %% nbgrader={"grade_id": "predict-depth-check", "grade": true}
check.properties(predict_depth, at=nothing_given, points=1, a_positive_number=positive)

# %% tags=["mistake"] question="predict-depth" says="Without any variance all images would look alike to the layers above; name a positive number."
def predict_depth():
    return 0

# %% tags=["mistake"] question="predict-depth" says="A quotient of two standard deviations is not negative."
def predict_depth():
    return -3

# %% tags=["mistake"] question="predict-depth" says="One number is asked for, not one for every layer."
def predict_depth():
    return [0.1] * 10

# %% tags=["alternative"] question="predict-depth" name="another guess"
def predict_depth():
    return 1

# %% tags=["alternative"] question="predict-depth" name="as an array without an axis"
def predict_depth():
    return np.array(0.25)

# %% [markdown]
# And what comes back? Before training, how large is the gradient of the *first* hidden layer's weights, compared with the
# *tenth*'s? (Frobenius norms, as a quotient, for the same net without normalisation.) Think of both factors in
# $\partial L / \partial W_l$ before you write a number.

# %% nbgrader={"grade_id": "predict-gradients", "solution": true}
def predict_gradients():
    """Your guess: the norm of the gradient of the first layer's weights, divided by that of the tenth's. A positive number."""
    ### BEGIN SOLUTION
    return 1.0
    ### END SOLUTION

# %% nbgrader={"grade_id": "predict-gradients-check", "grade": true}
check.properties(predict_gradients, at=nothing_given, points=1, a_positive_number=positive)

# %% tags=["mistake"] question="predict-gradients" says="Some gradient does arrive at the first layer, however little; name a positive number."
def predict_gradients():
    return 0.0

# %% tags=["mistake"] question="predict-gradients" says="A quotient of two norms is not negative."
def predict_gradients():
    return -1

# %% tags=["mistake"] question="predict-gradients" says="A single quotient is asked for, not the norm of each layer."
def predict_gradients():
    return (1.0, 2.0)

# %% tags=["alternative"] question="predict-gradients" name="another guess"
def predict_gradients():
    return 1e-4

# %% tags=["alternative"] question="predict-gradients" name="numpy's number"
def predict_gradients():
    return np.float64(3)

# %% [markdown]
# ### With and without
#
# The same net, trained with your `adam`: once as it is, once with your `batch_norm` before every ReLU and `batch_norm_vjp` in the
# backward pass. Left and middle, before training: the standard deviation of each layer's activations, and the norm of the
# gradient of its weights. Right: the loss.

# %% nbgrader={"grade_id": "deep-training", "locked": true}
def started(depth, width, seed=0):
    """Weights of a net with so many hidden layers, and a scale and a shift for each."""
    rng, widths = np.random.default_rng(seed), (784, *[width] * depth, 10)
    weights = [rng.uniform(-1, 1, (d, h)) / np.sqrt(d) for d, h in zip(widths, widths[1:])]
    return [*weights, *(np.ones(width) for _ in range(depth)), *(np.zeros(width) for _ in range(depth))]


def loss_and_slopes(parameters, X, y, depth, normed):
    """The mean cross-entropy, its gradient with respect to every parameter, and the standard deviation of each layer."""
    weights, gammas, betas = (parameters[:depth + 1], parameters[depth + 1:2 * depth + 1],
                              parameters[2 * depth + 1:])
    layers, before = [X], []
    for W, gamma, beta in zip(weights, gammas, betas):
        Z = layers[-1] @ W
        before.append(Z)
        Y = batch_norm(Z, gamma, beta, 1e-5) if normed else Z + beta
        layers.append(np.maximum(Y, 0))
    scores = layers[-1] @ weights[-1]
    log_p = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    d = (np.exp(log_p) - np.eye(10)[y]) / len(y)
    slopes = [layers[-1].T @ d]
    scales, shifts = [], []
    for k in reversed(range(depth)):
        d = (d @ weights[k + 1].T) * (layers[k + 1] > 0)
        if normed:
            d, d_gamma, d_beta = batch_norm_vjp(before[k], gammas[k], 1e-5, d)
        else:
            d_gamma, d_beta = np.zeros(gammas[k].shape), d.sum(axis=0)
        slopes.append(layers[k].T @ d)
        scales.append(d_gamma)
        shifts.append(d_beta)
    spreads = [np.std(H) for H in layers[1:]]
    return -np.mean(log_p[np.arange(len(y)), y]), [*slopes[::-1], *scales[::-1], *shifts[::-1]], spreads


def trained(X, y, depth, normed, epochs, rate=0.002, K=100):
    """Before training, each layer's standard deviation and the norm of its weights' gradient; and the loss of each step."""
    parameters, losses, t, rng = started(depth, 64), [], 0, np.random.default_rng(1)
    _, slopes, spreads = loss_and_slopes(parameters, X[:500], y[:500], depth, normed)
    norms = [np.linalg.norm(g) for g in slopes[:depth]]
    memories = [(np.zeros(p.shape), np.zeros(p.shape)) for p in parameters]
    for _ in range(epochs):
        for batch in np.array_split(rng.permutation(len(y)), len(y) // K):
            loss, slopes, _ = loss_and_slopes(parameters, X[batch], y[batch], depth, normed)
            losses.append(loss)
            t += 1
            stepped = [adam(p, g, m, v, t, rate, 0.9, 0.999, 1e-8)
                       for p, g, (m, v) in zip(parameters, slopes, memories)]
            parameters, memories = [new for new, _, _ in stepped], [(m, v) for _, m, v in stepped]
    return spreads, norms, np.array(losses)


# %% tags=["experiment"]
FULL = False  # True: 20,000 images of FashionMNIST (a download, or COURSE_DATA) in place of the digits

with check.once_written():
    shown = data.fashion_mnist(size=(20_000, 1_000)) if FULL else data.mnist(size=(4000, 1000))
    runs = {name: trained(shown.train_images, shown.train_labels, 10, normed, epochs=8)
            for name, normed in (("as it is", False), ("with batch norm", True))}
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12.6, 3.8), layout="constrained")
    for name, (spreads, norms, losses) in runs.items():
        left.semilogy(np.arange(1, 11), spreads, "o-", label=name)
        middle.semilogy(np.arange(1, 11), norms, "o-", label=name)
        smooth = np.convolve(losses, np.ones(20) / 20, mode="valid")
        right.plot(np.arange(len(smooth)) + 20, smooth, label=name)
    left.set(xlabel="hidden layer", ylabel="standard deviation of the activations", title="Before training")
    middle.set(xlabel="hidden layer", ylabel="norm of its weights' gradient", title="Before training")
    right.set(xlabel="step", ylabel="loss, mean of 20 steps", title="Training ten hidden layers")
    left.legend()
    right.legend()
    plain = runs["as it is"][0]
    figure.set_label(f"Standard deviation of the activations by layer: without batch norm that of the tenth is "
                     f"{plain[-1] / plain[0]:.0e} of the first's, with it all are alike. Norm of the gradient by layer, with and "
                     "without. Loss by step: with batch norm it falls much faster.")
    plt.show()
    for name, (spreads, norms, losses) in runs.items():
        print(f"{name}: standard deviation of layer 10 / layer 1: {spreads[-1] / spreads[0]:.2g}; norm of the gradient of W1 "
              f"{norms[0]:.1g}, of W10 {norms[-1]:.1g}; loss of the last 20 steps {np.mean(losses[-20:]):.3f}")
    plain_norms = runs["as it is"][1]
    print(f"Your guesses for the net as it is: activations {predict_depth():.2g}, measured {plain[-1] / plain[0]:.2g}; "
          f"gradients {predict_gradients():.2g}, measured {plain_norms[0] / plain_norms[-1]:.2g}")

# %% [markdown]
# ## 5.2 What the batch norm does
#
# Say in a few sentences: why does the standard deviation of the activations fall from layer to layer in the net as it is, by about which factor a
# layer, and why not with batch norm? Its gradients are tiny in *all* layers alike: why not only in the first? Why is a
# bias before a batch norm of no use, and what would its gradient be? What happens if somebody forgets to change to the running
# statistics when the net is used, for one image at a time?

# %% [markdown] nbgrader={"grade_id": "what-it-does", "grade": true, "solution": true, "points": 3}
# ### BEGIN SOLUTION
# **Model answer.** Weights between $\pm 1/\sqrt{d}$ have the variance $1/(3d)$, and a ReLU keeps about half of the mean square of what
# comes in. So a layer multiplies the mean square by $d \cdot 1/(3d) \cdot 1/2$, a sixth: the standard deviation by about 0.4, ten layers by some
# $10^{-4}$. What comes back is multiplied by the same factor at every layer. The gradient of $W_l$ is the product of what comes from
# below, small in the upper layers, and the upstream gradient, small in the lower ones: all factors occur in it, whatever $l$ is.
# With batch norm every layer's output has the standard deviation that $\gamma$ says, whatever its weights are, and in the backward pass $1/s$ makes up
# for small weights. A bias is the same for all samples of the batch, and the mean takes it out again: its gradient is zero
# (the gradient of a feature sums to zero over the batch). One image alone is its own mean: every feature becomes $\beta$, whatever
# the image shows.
#
# **Mark scheme, 3 points.**
#
# - 1 point: a factor a layer, from the variance of the weights and the ReLUs that are off, and why batch norm removes it.
# - 1 point: the gradient of a layer's weights has factors from below and from above (the upstream gradient). Half a point for one of the two.
# - 1 point: the mean takes the bias out, its gradient is zero; one image is its own mean, so all images get the same answer.
# ### END SOLUTION

# %% [markdown]
# # Which slip is it?
#
# Six functions of earlier problem sets, each with one slip in it, and what the self-check said of it. Read the report first:
# which results are wrong, and is it a factor, a sign, a shape, or only some entries? Then find the line. For each, return the
# number of the sentence that fits.
#
# <!-- slips from ps4_regularised_mlp, ps6_momentum: 6, draw 14 -->

# %% [markdown]
# ### Slip 1
#
# Problem set 6, 1.7, asked for this:
#
# ```python
# def score_gradient(P, T):
#     """The gradient of the loss with respect to the scores of the output layer.
#
#     P: (N, K), probabilities; T: (N, K), one-hot. Returns dZ_o: (N, K)."""
# ```
#
# Somebody has written:
#
# ```python
# def score_gradient(P, T):
#     return P - T
# ```
#
# The self-check says:
#
# ```text
# dZ_o: wrong, dZ_o[2, 0] is about 5 times too large (N = 5, F = 3, H = 4, K = 2)
# ```
#
# Which idea is behind it?
#
# 1. Truth minus belief points downhill: a gradient points to where the loss grows.
# 2. This is the gradient with respect to the probabilities: the backward pass has to go on through the softmax to the scores.
# 3. The slope of the activation is in P - T already: it comes out of softmax and cross-entropy together and is not multiplied on again.
# 4. The loss is a mean over the samples: the gradient is divided by N as well.

# %% nbgrader={"grade_id": "slip-1", "solution": true}
def slip_1():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 4
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-1-check", "grade": true, "points": 1}
check.answer(slip_1, points=1)

# %% tags=["mistake"] question="slip-1" says="Not 1: of that slip the self-check would say otherwise: dZ_o: wrong, dZ_o[2, 0] has the wrong sign (N = 5, F = 3, H = 4, K = 2)"
def slip_1():
    return 1

# %% tags=["mistake"] question="slip-1" says="Not 2: of that slip the self-check would say otherwise: dZ_o: wrong, dZ_o[2, 1] is about 5.8 times too large (N = 5, F = 3, H = 4, K = 2)"
def slip_1():
    return 2

# %% tags=["mistake"] question="slip-1" says="Not 3: of that slip the self-check would say otherwise: dZ_o: wrong, dZ_o[2, 0] is about 5.8 times too small (N = 5, F = 3, H = 4, K = 2)"
def slip_1():
    return 3

# %% [markdown]
# ### Slip 2
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
#     totals = [0, 0, 0, 0]
#     for s in range(len(y)):
#         totals = [a + b for a, b in zip(totals, step_by_step(W1, b1, W2, b2, X[:, s], y[s], (0, 0, 0, 0)))]
#     totals[0], totals[2] = regularised(totals[0], totals[2], W1, W2, lambdas)
#     return [total / len(y) for total in totals]
# ```
#
# The self-check says:
#
# ```text
# dW1: wrong, dW1[1, 0] is about 2.6 times too small (K = 6, d = 5, d_h = 3, m = 4)
# db1: right
# dW2: wrong, dW2[2, 0] is about 3.4 times too small (K = 6, d = 5, d_h = 3, m = 4)
# db2: right
# ```
#
# Which idea is behind it?
#
# 1. The loss is a mean over the samples: their gradients are added up, and the sum is divided by K.
# 2. Hidden units that were off pass something back: the slope of the ReLU is missing on the way to W1 and b1.
# 3. The penalty has been divided by K although it was added only once: only the samples are averaged.
# 4. Every sample writes over the one before, so only the last is left: the gradients of the samples are added up.

# %% nbgrader={"grade_id": "slip-2", "solution": true}
def slip_2():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 3
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-2-check", "grade": true, "points": 1}
check.answer(slip_2, points=1)

# %% tags=["mistake"] question="slip-2" says="Not 1: of that slip the self-check would say otherwise: dW1: wrong, dW1[0, 0] is about 3.5 times too large (K = 6, d = 5, d_h = 3, m = 4); db1: wrong, db1[0] is about 6 times too large (K = 6, d = 5, d_h = 3, m = 4); dW2: wrong, dW2[2, 1] is about 22 times too large (K = 6, d = 5, d_h = 3, m = 4); db2: wrong, db2[2] is about 6 times too large (K = 6, d = 5, d_h = 3, m = 4)"
def slip_2():
    return 1

# %% tags=["mistake"] question="slip-2" says="Not 2: of that slip the self-check would say otherwise: dW1: wrong, dW1[4, 2] is about 5.6 times too large (K = 1, d = 4, d_h = 5, m = 3); db1: wrong, db1[4] should be 0 (K = 1, d = 4, d_h = 5, m = 3); dW2: right; db2: right"
def slip_2():
    return 2

# %% tags=["mistake"] question="slip-2" says="Not 4: of that slip the self-check would say otherwise: dW1: wrong, dW1[0, 0] is about 2 times too small (K = 6, d = 5, d_h = 3, m = 4); db1: wrong, db1[0] is 0 and should not be (K = 6, d = 5, d_h = 3, m = 4); dW2: wrong, dW2[2, 1] has the wrong sign, and not the right size either (K = 6, d = 5, d_h = 3, m = 4); db2: wrong, db2[2] has the wrong sign, and not the right size either (K = 6, d = 5, d_h = 3, m = 4)"
def slip_2():
    return 4

# %% [markdown]
# ### Slip 3
#
# Problem set 4, 4.4, asked for this:
#
# ```python
# def regularised(dW1, dW2, W1, W2, lambdas):
#     """The gradients of loss plus penalty, from those of the loss.
#
#     dW1, W1: (d_h, d); dW2, W2: (m, d_h); lambdas: (λ11, λ12, λ21, λ22).
#     Returns dW1: (d_h, d) and dW2: (m, d_h), as new arrays."""
# ```
#
# Somebody has written:
#
# ```python
# def regularised(dW1, dW2, W1, W2, lambdas):
#     return dW1 + penalty(W1, W2, lambdas), dW2 + penalty(W1, W2, lambdas)
# ```
#
# The self-check says:
#
# ```text
# dW1: wrong, dW1[4, 1] has the wrong sign, and not the right size either (d = 4, d_h = 5, m = 3)
# dW2: wrong, dW2[2, 4] has the wrong sign, and not the right size either (d = 4, d_h = 5, m = 3)
# ```
#
# Which idea is behind it?
#
# 1. The penalty has been added into the caller's own gradients: += changes an array, an assignment makes a new one.
# 2. Only the squared terms have been differentiated: the absolute values are part of the penalty too.
# 3. What is added is the value of the penalty, one number for all: each weight needs the slope of its own term.
# 4. The derivative of λ w² is 2 λ w: the factor 2 is missing.

# %% nbgrader={"grade_id": "slip-3", "solution": true}
def slip_3():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 3
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-3-check", "grade": true, "points": 1}
check.answer(slip_3, points=1)

# %% tags=["mistake"] question="slip-3" says="Not 1: of that slip the self-check would say otherwise: dW1: wrong, the result is right, but `regularised` changes its arguments dW1 and dW2 in place; dW2: wrong, the result is right, but `regularised` changes its arguments dW1 and dW2 in place"
def slip_3():
    return 1

# %% tags=["mistake"] question="slip-3" says="Not 2: of that slip the self-check would say otherwise: dW1: wrong, dW1[4, 1] is about 1.3 times too small (d = 4, d_h = 5, m = 3); dW2: wrong, dW2[2, 2] is about 1.6 times too large (d = 4, d_h = 5, m = 3)"
def slip_3():
    return 2

# %% tags=["mistake"] question="slip-3" says="Not 4: of that slip the self-check would say otherwise: dW1: wrong, dW1[4, 1] is about 1.7 times too small (d = 4, d_h = 5, m = 3); dW2: wrong, dW2[2, 2] is about 1.4 times too large (d = 4, d_h = 5, m = 3)"
def slip_3():
    return 4

# %% [markdown]
# ### Slip 4
#
# Problem set 6, 1.10, asked for this:
#
# ```python
# def hidden_gradients(X, A, W_o, P, T):
#     """The gradients of the loss with respect to weights and biases of the hidden layer.
#
#     X: (N, F), inputs; A: (N, H), activations of the hidden layer; W_o: (H, K);
#     P: (N, K), probabilities; T: (N, K), one-hot.
#     Returns dW_h: (F, H) and db_h: (1, H)."""
# ```
#
# Somebody has written:
#
# ```python
# def hidden_gradients(X, A, W_o, P, T):
#     D = (P - T) / len(T) @ W_o.T * (A > 0)
#     return X.T @ D, D.mean(axis=0, keepdims=True)
# ```
#
# The self-check says:
#
# ```text
# dW_h: right
# db_h: wrong, db_h[0, 3] is about 5 times too small (N = 5, F = 3, H = 4, K = 2)
# ```
#
# Which idea is behind it?
#
# 1. The ReLU has been applied to the gradient itself: what decides is whether the activation was positive on the way forward, and gradients may be negative.
# 2. The slope of relu is 1 where a unit is on, not the activation: the upstream gradient passes unchanged.
# 3. The mean over the samples has been taken twice for the bias: what is left to do after 1/N is a sum.
# 4. A (1 - A) is the slope of the sigmoid: this hidden layer is a ReLU.

# %% nbgrader={"grade_id": "slip-4", "solution": true}
def slip_4():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 3
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-4-check", "grade": true, "points": 1}
check.answer(slip_4, points=1)

# %% tags=["mistake"] question="slip-4" says="Not 1: of that slip the self-check would say otherwise: dW_h: wrong, dW_h[1, 0] has the wrong sign, and not the right size either (N = 5, F = 3, H = 4, K = 2); db_h: wrong, db_h[0, 0] is about 22 times too large (N = 5, F = 3, H = 4, K = 2)"
def slip_4():
    return 1

# %% tags=["mistake"] question="slip-4" says="Not 2: of that slip the self-check would say otherwise: dW_h: wrong, dW_h[2, 0] is about 3.9 times too large (N = 5, F = 3, H = 4, K = 2); db_h: wrong, db_h[0, 3] is about 14 times too small (N = 5, F = 3, H = 4, K = 2)"
def slip_4():
    return 2

# %% tags=["mistake"] question="slip-4" says="Not 4: of that slip the self-check would say otherwise: dW_h: wrong, dW_h[2, 0] has the wrong sign, and not the right size either (N = 5, F = 3, H = 4, K = 2); db_h: wrong, db_h[0, 3] is about 3.3 times too small (N = 5, F = 3, H = 4, K = 2)"
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
#     relu = 1.0 * (x > 0) + at_zero * (x == 0)
#     return relu - 1.0 * (x < 0), relu, x / np.sqrt(np.sum(x**2))
# ```
#
# The self-check says:
#
# ```text
# absolute: right
# relu: right
# squared: wrong, squared[4] is about 4.1 times too small (0.24 at zero)
# ```
#
# Which idea is behind it?
#
# 1. The derivative of a square has a factor 2, and there is no 1/2 in front of this norm to cancel it.
# 2. At 0 two contributions overlap: there at_zero alone is asked for, and nothing added to it.
# 3. At 0, x / |x| is 0 / 0, which is no number: a subgradient must be a number between −1 and 1.
# 4. This is the gradient of the length: the squared norm has no root, and its gradient grows with x.

# %% nbgrader={"grade_id": "slip-5", "solution": true}
def slip_5():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 4
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-5-check", "grade": true, "points": 1}
check.answer(slip_5, points=1)

# %% tags=["mistake"] question="slip-5" says="Not 1: of that slip the self-check would say otherwise: absolute: right; relu: right; squared: wrong, squared[4] is about 2 times too small (0.24 at zero)"
def slip_5():
    return 1

# %% tags=["mistake"] question="slip-5" says="Not 2: of that slip the self-check would say otherwise: absolute: wrong, absolute[4] is too large, by 20 % (0.24 at zero); relu: wrong, relu[2] is too large, by 20 % (0.24 at zero); squared: right"
def slip_5():
    return 2

# %% tags=["mistake"] question="slip-5" says="Not 3: of that slip the self-check would say otherwise: absolute: wrong, absolute NaN in 2 of 5 entries, first at [2] (0.24 at zero); relu: right; squared: right"
def slip_5():
    return 3

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
#     return np.outer(d_z, v), d_z, W @ d_z
# ```
#
# The self-check says:
#
# ```text
# dW: wrong, `layer_backward` raises ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature (n?,k),(k,m?)->(n?,m?) (size 3 is different from 5)
# db: wrong
# d_v: wrong
# ```
#
# Which idea is behind it?
#
# 1. In the forward pass W leads from what comes in to the units. In the backward pass it is transposed: the sum runs over the units.
# 2. There is no ReLU between W and z: a unit that is pushed down has a gradient like any other.
# 3. What comes in reaches the loss through several units: these contributions are added up, not averaged.
# 4. It is transposed: a gradient has the shape of its weights, and the rows of W belong to the units, its columns to what comes in.

# %% nbgrader={"grade_id": "slip-6", "solution": true}
def slip_6():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 1
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-6-check", "grade": true, "points": 1}
check.answer(slip_6, points=1)

# %% tags=["mistake"] question="slip-6" says="Not 2: of that slip the self-check would say otherwise: dW: wrong, dW[0, 2] is 0 and should not be (5 inputs after a ReLU, 3 units); db: right; d_v: right"
def slip_6():
    return 2

# %% tags=["mistake"] question="slip-6" says="Not 3: of that slip the self-check would say otherwise: dW: right; db: right; d_v: wrong, d_v[4] is about 3 times too small (5 inputs after a ReLU, 3 units)"
def slip_6():
    return 3

# %% tags=["mistake"] question="slip-6" says="Not 4: of that slip the self-check would say otherwise: dW: wrong, dW has shape (5, 3), asked for is (3, 5): it is transposed (5 inputs after a ReLU, 3 units); db: right; d_v: right"
def slip_6():
    return 4

# %% [markdown]
# <!-- end of slips -->

# %% [markdown]
# # What to read next
#
# - Sergey Ioffe and Christian Szegedy, "Batch Normalization" (2015), <https://arxiv.org/abs/1502.03167>; Jimmy Ba, Jamie Kiros and
#   Geoffrey Hinton, "Layer Normalization" (2016), <https://arxiv.org/abs/1607.06450>.
# - Kaiming He, Xiangyu Zhang, Shaoqing Ren and Jian Sun, "Deep Residual Learning for Image Recognition" (2015),
#   <https://arxiv.org/abs/1512.03385>.
# - Diederik Kingma and Jimmy Ba, "Adam" (2014), <https://arxiv.org/abs/1412.6980>; Ilya Loshchilov and Frank Hutter,
#   "Decoupled Weight Decay Regularization" (2017), <https://arxiv.org/abs/1711.05101>.
# - Nitish Srivastava and others, "Dropout", *Journal of Machine Learning Research* 15 (2014).
