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
# # Problem set 2: fit exactly with four ReLUs
#
# **What you will learn.** You build a net with four hidden units and 13 parameters, work out every derivative of it
# with a pencil and then in numpy, and hand the derivatives to a solver that looks for parameters with *no* error left.
# You will see how a sum of hinges becomes a zigzag, why the same data are fitted by many sets of parameters, and why a
# solver's own word is no proof. Three small questions on losses come first.
#
# **What you need.** The chain rule, numpy arrays, and problem set 1 or something like it.
#
# **How long it takes.** About four and a half hours. Solved, everything together computes for about half a minute, and for
# less than a minute and a half on a machine that is busy with other things.
#
# **How it works.** You write functions. Under each is a self-check: run it as often as you like. It compares your
# numbers with known ones, or your derivatives with finite differences. Do not rename the functions or their
# arguments. A function gets all it needs as arguments, so that a slip in one question does not spoil the next.
#
# With `FULL = True` in the next cell the experiments use many more starts. That takes some minutes, and a bar says how
# far it is.

# %%
import time

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import fsolve, least_squares
from tqdm import tqdm

from helpers import check, plots, threads

threads.limit(1)  # these matrices are small: several threads would only wait for each other

FULL = False  # True: many more starts, with a progress bar

# %% [markdown]
# ## Which axis is the sample
#
# **In this problem set the first axis counts the samples.** Many points are a matrix $X$ of shape $(N, D)$ with one
# point in each row. Inputs $x$ that are plain numbers are an array $(N,)$. What four hidden units make of them has
# shape $(N, 4)$. (In problem set 1 a column was a sample. Both are common, so always ask.)

# %% [markdown]
# # Part 1: three small questions before
#
# ## 1.1 The gradient of a squared length
#
# *Afterwards you have the gradient from which most others in this course are made.*
#
# $$\lVert x \rVert^2 = \sum_i x_i^2$$
#
# In which terms of the sum does $x_k$ appear? The gradient collects the derivatives with respect to $x_1, x_2, \dots$ in an array
# of the shape of $x$.
#
# Shapes: $(D,) \to (D,)$.

# %% nbgrader={"grade_id": "squared-length-cases", "locked": true}
def squared_length(x):
    """The squared length of a vector x (D,): one number."""
    return np.sum(x**2)


def vector_cases(rng):
    """Vectors of several lengths, and one of length 0."""
    for D in (3, 5, 8):
        yield {"x": rng.standard_normal(D), "case": f"D = {D}"}
    yield {"x": np.zeros(4), "case": "x = 0"}


# %% nbgrader={"grade_id": "squared-length", "solution": true}
def squared_length_gradient(x):
    """The gradient of the squared length of x.

    x: (D,). Returns dx: (D,).
    """
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

# %% nbgrader={"grade_id": "squared-length-check", "grade": true, "points": 1}
check.gradients(squared_length_gradient, of=squared_length, wrt="x", at=vector_cases, points=1)

# %% tags=["mistake"] question="squared-length" says="The derivative of a square has a factor 2."
def squared_length_gradient(x):
    return x

# %% tags=["mistake"] question="squared-length" says="This is the gradient of the length itself, which always has length 1. The squared length grows faster the longer x is."
def squared_length_gradient(x):
    return x / np.linalg.norm(x)

# %% tags=["mistake"] question="squared-length" says="A gradient has one entry for every entry of x: do not add them up."
def squared_length_gradient(x):
    return 2 * np.sum(x)

# %% tags=["mistake"] question="squared-length" says="The way through the length divides by it, and at x = 0 that is 0 / 0: the length has a kink there, its square has not."
def squared_length_gradient(x):
    length = np.sqrt(np.sum(x**2))
    return 2 * length * (x / length)

# %% tags=["alternative"] question="squared-length" name="entry by entry"
def squared_length_gradient(x):
    gradient = np.zeros(len(x))
    for i in range(len(x)):
        gradient[i] = x[i] + x[i]
    return gradient

# %% tags=["alternative"] question="squared-length" name="twice the array"
def squared_length_gradient(x):
    return np.add(x, x)

# %% [markdown]
# ## 1.2 The mean is where the squared distances are smallest
#
# *Afterwards you know what a squared loss asks for.*
#
# Take points $x_1, \dots, x_N$ and look for one point $\mu$ that stands for all of them. The squared loss measures
# how badly $\mu$ does that:
#
# $$S(\mu) = \sum_{i=1}^{N} \lVert x_i - \mu \rVert^2$$
#
# First look at numbers. Start at the mean $\bar x$ of the points, shift it by some $d$, and measure how much *more*
# that costs: $S(\bar x + d) - S(\bar x)$. If the mean is the minimum, this is never negative.
#
# Shapes: points $X$ $(N, D)$, shifts $(K, D)$, one in each row $\to$ $(K,)$.

# %% nbgrader={"grade_id": "extra-spread-cases", "locked": true}
def spread_cases(rng):
    """Points (N, D) that are not centred, and shifts (K, D); in the last case a single one."""
    for N, D, K in ((5, 3, 4), (4, 4, 3), (7, 2, 5), (6, 2, 1)):
        yield {"X": 2 + rng.standard_normal((N, D)) ** 2 * rng.uniform(1, 3, D), "shifts": rng.standard_normal((K, D)),
               "case": f"N = {N}, D = {D}, K = {K}"}


# %% nbgrader={"grade_id": "extra-spread", "solution": true}
def extra_spread(X, shifts):
    """How much more a shifted mean costs than the mean.

    X: (N, D), a point in each row; shifts: (K, D), a shift in each row.
    Returns an array (K,): S(mean + shift) - S(mean) for each shift.
    """
    ### BEGIN SOLUTION
    mean = X.mean(axis=0)
    at_the_mean = np.sum((X - mean) ** 2)
    extra = np.zeros(len(shifts))
    for k in range(len(shifts)):
        extra[k] = np.sum((X - (mean + shifts[k])) ** 2) - at_the_mean
    return extra
    ### END SOLUTION

# %% nbgrader={"grade_id": "extra-spread-check", "grade": true, "points": 2}
check.values(extra_spread, at=spread_cases, points=2)

# %% tags=["mistake"] question="extra-spread" says="S is a sum over the points, not an average: the numbers are too small by the number of points."
def extra_spread(X, shifts):
    mean = X.mean(axis=0)
    at_the_mean = np.sum((X - mean) ** 2) / len(X)
    return np.array([np.sum((X - mean - d) ** 2) / len(X) - at_the_mean for d in shifts])

# %% tags=["mistake"] question="extra-spread" says="Each coordinate has its own mean. A mean over all entries of X is one number, and no point."
def extra_spread(X, shifts):
    mean = np.mean(X)
    at_the_mean = np.sum((X - mean) ** 2)
    return np.array([np.sum((X - mean - d) ** 2) - at_the_mean for d in shifts])

# %% tags=["mistake"] question="extra-spread" says="These are sums of distances, not of squared distances. The point that minimises those is another one, a kind of median."
def extra_spread(X, shifts):
    mean = X.mean(axis=0)
    at_the_mean = np.sum(np.linalg.norm(X - mean, axis=1))
    return np.array([np.sum(np.linalg.norm(X - mean - d, axis=1)) - at_the_mean for d in shifts])

# %% tags=["mistake"] question="extra-spread" says="This is the whole of S at the shifted mean. Asked for is how much it is above S at the mean."
def extra_spread(X, shifts):
    return np.array([np.sum((X - X.mean(axis=0) - d) ** 2) for d in shifts])

# %% tags=["mistake"] question="extra-spread" says="A row is a point here: the mean point is taken over the rows, axis 0."
def extra_spread(X, shifts):
    mean = X.mean(axis=1)
    return np.array([np.sum((X - mean - d) ** 2) - np.sum((X - mean) ** 2) for d in shifts])

# %% tags=["alternative"] question="extra-spread" name="no loop, with a third axis"
def extra_spread(X, shifts):
    mean = X.mean(axis=0)
    apart = X[np.newaxis, :, :] - (mean + shifts)[:, np.newaxis, :]
    return np.sum(apart**2, axis=(1, 2)) - np.sum((X - mean) ** 2)

# %% tags=["alternative"] question="extra-spread" name="with the answer of the written question"
def extra_spread(X, shifts):
    return len(X) * np.linalg.norm(shifts, axis=1) ** 2

# %% [markdown]
# Now 300 shifts in random directions, over their length. Look closely: the points do not only stay above zero.

# %% tags=["experiment"]
with check.once_written():
    points_rng = np.random.default_rng(12)
    cloud = points_rng.standard_normal((40, 2)) @ np.array([[2.0, 0.5], [0.0, 0.7]]) + [3, 1]
    directions = points_rng.standard_normal((300, 2))
    costs = extra_spread(cloud, directions)
    print(f"the smallest of {len(costs)} differences: {costs.min():.4f}")

    figure, axes = plt.subplots(1, 2, figsize=(9.6, 3.8), layout="constrained")
    axes[0].scatter(*cloud.T, s=16, color=plots.COLORS[0], label="points")
    axes[0].scatter(*cloud.mean(axis=0), s=90, marker="X", color=plots.COLORS[1], label="their mean")
    axes[0].set(title="40 points and their mean", xlabel="first coordinate", ylabel="second coordinate", aspect="equal")
    axes[0].legend()
    axes[1].scatter(np.linalg.norm(directions, axis=1), costs, s=8, color=plots.COLORS[0], label="300 random shifts")
    axes[1].set(title="What a shift away from the mean costs", xlabel="length of the shift",
                ylabel="S(mean + shift) − S(mean)")
    axes[1].legend()
    plt.show()

# %% [markdown]
# ## 1.3 Why the mean? Say it in words
#
# You have seen that no shift makes $S$ smaller. Say why, for any points and any shift, in three or four sentences. Use
# 1.1, or write $\lVert x_i - \bar x - d \rVert^2$ out into three terms and add them up over the points. Which of them
# vanishes, and why? What does the figure on the right have to do with that?

# %% [markdown] nbgrader={"grade_id": "why-the-mean", "grade": true, "solution": true, "points": 2}
# ### BEGIN SOLUTION
# **Model answer.** Written out, $\lVert x_i - \bar x - d \rVert^2 = \lVert x_i - \bar x \rVert^2 - 2\, d \cdot (x_i -
# \bar x) + \lVert d \rVert^2$. Added up over the points, the first terms are $S(\bar x)$, and the last ones are
# $N \lVert d \rVert^2$. The middle ones add up to $-2\, d \cdot \sum_i (x_i - \bar x)$, and that sum is zero: what
# lies above the mean and what lies below it cancel, that is what a mean is. So the shift costs exactly
# $N \lVert d \rVert^2$, which is positive for every shift but none. The cost depends on the length of the shift alone,
# and that is why all 300 dots of the figure lie on one parabola.
#
# Or by 1.1: the gradient of $S$ with respect to $\mu$ is $-2 \sum_i (x_i - \mu)$. It vanishes only where $N \mu = \sum_i x_i$, at
# the mean; and as $S$ grows without bound in every direction, this one flat point is the minimum.
#
# **Mark scheme, 2 points.**
#
# - 1 point: the deviations from the mean add up to zero (or: setting the gradient to zero gives the mean).
# - 1 point: why it is a *minimum*: what is left is $N \lVert d \rVert^2 \ge 0$, or: S is a bowl, it opens upwards.
#   A zero gradient alone does not earn this point.
# ### END SOLUTION

# %% [markdown]
# ## 1.4 The least-absolute-deviation loss
#
# *Afterwards you have a loss that forgives outliers, and a derivative for it where there is none.*
#
# A linear model predicts $Xw$. Instead of squaring the residuals $r = Xw - y$, add up their absolute values:
#
# $$L(w) = \lVert X w - y \rVert_1 = \sum_{i=1}^{N} \lvert r_i \rvert, \qquad r_i = \sum_k X_{ik} w_k - y_i$$
#
# A residual of 10 costs ten times as much as a residual of 1, not a hundred times: one outlier among the targets $y$ cannot
# pull the whole fit to itself. (One among the inputs $X$ still can.)
#
# The absolute value has slope $-1$ on the left of 0 and $+1$ on the right. **At** 0 it has a kink and no derivative.
# Every number from $-1$ to $1$ is the slope of a line that touches the curve there and stays below it. Such a slope is
# called a *subgradient*, and any of them will do. So a residual that is exactly zero is no excuse for `nan`.
#
# Shapes: $X$ $(N, D)$, a sample in each row, $w$ $(D,)$, $y$ $(N,)$ $\to$ one number, and $(D,)$ for the subgradient.

# %% nbgrader={"grade_id": "absolute-loss-cases", "locked": true}
def regression_cases(rng):
    """Inputs X (N, D), weights and targets; in the last case one residual is exactly zero and one is tiny."""
    for N, D in ((6, 3), (4, 4), (9, 2)):
        yield {"X": rng.standard_normal((N, D)), "w": rng.standard_normal(D), "y": rng.standard_normal(N),
               "case": f"N = {N}, D = {D}"}
    X = rng.integers(1, 4, (5, 3)) * rng.choice([-1.0, 1.0], (5, 3))
    X[0, 1] = 0
    w = rng.integers(-3, 4, 3).astype(float)
    aside = rng.choice([-1.5, -0.5, 0.5, 1.5], 5)
    aside[0], aside[1] = 0, rng.choice([-2.0, 2.0]) * 2**-14
    order = rng.permutation(5)
    yield {"X": X[order], "w": w, "y": (X @ w + aside)[order], "case": "one residual is exactly zero"}


# %% nbgrader={"grade_id": "absolute-loss", "solution": true}
def absolute_loss(X, w, y):
    """The sum of the absolute residuals of the linear model X w.

    X: (N, D), a sample in each row; w: (D,); y: (N,).
    Returns one number.
    """
    ### BEGIN SOLUTION
    return np.sum(np.abs(X @ w - y))
    ### END SOLUTION

# %% nbgrader={"grade_id": "absolute-loss-check", "grade": true, "points": 1}
check.values(absolute_loss, at=regression_cases, points=1)

# %% tags=["mistake"] question="absolute-loss" says="The loss is the sum of the absolute residuals, not their mean."
def absolute_loss(X, w, y):
    return np.mean(np.abs(X @ w - y))

# %% tags=["mistake"] question="absolute-loss" says="First the absolute values, then the sum: otherwise residuals of different sign cancel."
def absolute_loss(X, w, y):
    return np.abs(np.sum(X @ w - y))

# %% tags=["mistake"] question="absolute-loss" says="np.linalg.norm takes the 2-norm unless it is told otherwise: the 1-norm adds up absolute values."
def absolute_loss(X, w, y):
    return np.linalg.norm(X @ w - y)

# %% tags=["alternative"] question="absolute-loss" name="the norm of order 1"
def absolute_loss(X, w, y):
    return np.linalg.norm(y - X @ w, 1)

# %% tags=["alternative"] question="absolute-loss" name="sample by sample"
def absolute_loss(X, w, y):
    total = 0.0
    for row, target in zip(X, y):
        total += abs(row @ w - target)
    return total

# %% [markdown]
# Now the subgradient. How does $|r_i|$ move with $r_i$, and how does $r_i$ move with $w_k$? Then add up over the
# samples. Written as one matrix product, it is $X^\top$ times something of shape $(N,)$.

# %% nbgrader={"grade_id": "absolute-subgradient", "solution": true}
def absolute_subgradient(X, w, y):
    """A subgradient of the absolute loss with respect to w.

    X: (N, D), w: (D,), y: (N,).
    Returns dw: (D,), finite also where a residual is exactly zero.
    """
    ### BEGIN SOLUTION
    r = X @ w - y
    return X.T @ np.sign(r)  # sign is 0 at 0: one of the slopes that are allowed
    ### END SOLUTION

# %% nbgrader={"grade_id": "absolute-subgradient-check", "grade": true, "points": 3}
check.gradients(absolute_subgradient, of=absolute_loss, wrt="w", at=regression_cases, points=3)

# %% tags=["mistake"] question="absolute-subgradient" says="At a residual of exactly zero this divides 0 by 0. Any slope from -1 to 1 is right there, but not nan."
def absolute_subgradient(X, w, y):
    r = X @ w - y
    return X.T @ (r / np.abs(r))

# %% tags=["mistake"] question="absolute-subgradient" says="The sign is turned around: the residual is prediction minus target."
def absolute_subgradient(X, w, y):
    return X.T @ np.sign(y - X @ w)

# %% tags=["mistake"] question="absolute-subgradient" says="This is the gradient of the squared loss: there a residual counts by its size. Here only its sign counts."
def absolute_subgradient(X, w, y):
    return 2 * X.T @ (X @ w - y)

# %% tags=["mistake"] question="absolute-subgradient" says="The loss is a sum over the samples, so its slope is not divided by their number."
def absolute_subgradient(X, w, y):
    return X.T @ np.sign(X @ w - y) / len(y)

# %% tags=["mistake"] question="absolute-subgradient" says="This is the gradient of the 2-norm of the residuals: it scales all of them together. In the 1-norm each residual has its own sign."
def absolute_subgradient(X, w, y):
    r = X @ w - y
    return X.T @ (r / np.linalg.norm(r))

# %% tags=["mistake"] question="absolute-subgradient" says="The signs of the inputs are lost: a residual moves with w_k by X_ik, not by its absolute value."
def absolute_subgradient(X, w, y):
    return np.abs(X).T @ np.sign(X @ w - y)

# %% tags=["mistake"] question="absolute-subgradient" says="Small residuals have been taken for zeros: only at exactly 0 is there a choice, and a residual of 0.0001 has as much of a sign as one of 10."
def absolute_subgradient(X, w, y):
    r = X @ w - y
    return X.T @ (r / np.maximum(np.abs(r), 1e-3))

# %% tags=["alternative"] question="absolute-subgradient" name="slope 1 at the kink"
def absolute_subgradient(X, w, y):
    return X.T @ np.where(X @ w - y >= 0, 1.0, -1.0)

# %% tags=["alternative"] question="absolute-subgradient" name="sample by sample, slope -1 at the kink"
def absolute_subgradient(X, w, y):
    slope = np.zeros(len(w))
    for i in range(len(y)):
        if X[i] @ w - y[i] > 0:
            slope += X[i]
        else:
            slope -= X[i]
    return slope

# %% [markdown]
# ### Downhill with a constant rate
#
# Here is a line that *can* be hit: all targets lie exactly on $Xw$ for one $w$, so the lowest loss is 0. We go downhill
# by the squared loss, by the absolute loss with three constant rates, and by the absolute loss with a rate that shrinks
# as $1 / \sqrt{\text{step}}$. Before you run the cell: which of the five will arrive?

# %% tags=["experiment"]
def downhill(gradient, rate, steps=1500):
    """All weights (steps, 2) on the way of gradient descent from (0, 0); rate(k) is the rate of step k = 1, 2, ..."""
    path = [np.zeros(2)]
    for k in range(1, steps):
        path.append(path[-1] - rate(k) * gradient(path[-1]))
    return np.array(path)


with check.once_written():
    line_rng = np.random.default_rng(3)
    line_X = line_rng.standard_normal((30, 2))
    line_w = np.array([1.0, -2.0])
    line_y = line_X @ line_w

    def slope(w):
        return absolute_subgradient(line_X, w, line_y)

    paths = {f"absolute, rate {rate:g}": downhill(slope, lambda k, rate=rate: rate) for rate in (0.03, 0.003, 0.0003)}
    paths["absolute, rate 0.03 / √step"] = downhill(slope, lambda k: 0.03 / np.sqrt(k))
    paths["squared, rate 0.003"] = downhill(lambda w: 2 * line_X.T @ (line_X @ w - line_y), lambda k: 0.003)

    figure, axes = plt.subplots(1, 2, figsize=(10.5, 4), layout="constrained")
    distances = {name: np.linalg.norm(path - line_w, axis=1).reshape(-1, 20) for name, path in paths.items()}
    plots.learning_curves({name: (np.arange(20, 1501, 20), distance.max(axis=1)) for name, distance in distances.items()},
                          xlabel="step", ylabel="largest distance within 20 steps",
                          title="How close to the best weights?", ax=axes[0])
    axes[0].set(ylim=(1e-8, 1e2))
    axes[0].legend(fontsize=8, loc="upper right", ncols=2)
    side = np.meshgrid(np.linspace(-0.2, 2.2, 80), np.linspace(-3.0, 0.2, 80))
    height = [[absolute_loss(line_X, np.array([a, b]), line_y) for a, b in zip(*row)] for row in zip(*side)]
    axes[1].contour(*side, height, levels=12, colors="#bbbbbb", linewidths=0.8)
    for name, color in (("absolute, rate 0.03", plots.COLORS[0]), ("squared, rate 0.003", plots.COLORS[4])):
        axes[1].plot(*paths[name][:40].T, ".-", color=color, linewidth=1, label=name)
    axes[1].plot(*line_w, "*", color="black", markersize=11, label="best weights")
    axes[1].set(title="The first 40 steps, on contours of the absolute loss", xlabel="$w_1$", ylabel="$w_2$")
    axes[1].legend(fontsize=8)
    plt.show()
    lengths = [np.linalg.norm(slope(paths["absolute, rate 0.0003"][k])) for k in (0, 100, 1499)]
    print("length of the subgradient at steps 0, 100 and 1499, rate 0.0003:", *(f"{x:.1f}" for x in lengths))

# %% [markdown]
# ## 1.5 Why has gradient descent trouble there?
#
# In three sentences: what do the curves of the absolute loss do in the end, and how does that depend on the rate? Which
# property of the subgradient is to blame (look at its length, which is printed)? What can one do?

# %% [markdown] nbgrader={"grade_id": "why-trouble", "grade": true, "solution": true, "points": 2}
# ### BEGIN SOLUTION
# **Model answer.** With a constant rate the error falls to about the size of one step and then oscillates around
# the minimum for ever; a rate ten times smaller ends about ten times closer and takes about ten times as long to get
# there. The gradient of the squared loss shrinks with the residuals, so the steps become smaller by themselves. The
# subgradient does not: only the signs of the residuals are in it, it is as long close to the minimum as far away, and
# it jumps from one side of a kink to the other. So the rate must shrink, for instance like $1/\sqrt{k}$, and even then
# convergence is slow; or one solves the problem in another way (it is a linear program), or rounds the kinks off
# (Huber's loss).
#
# **Mark scheme, 2 points.**
#
# - 1 point: the subgradient does not get smaller towards the minimum (or: it jumps at the kinks), so a constant rate
#   oscillates at the size of its step.
# - 1 point: a remedy: a rate that shrinks, a linear program, a smoothed loss, stopping at the best so far. "A smaller
#   rate" alone is half a point: it only moves the level.
# ### END SOLUTION

# %% [markdown]
# ## 1.6 Model, loss, optimiser
#
# *Afterwards you can say what kind of a change a change is.*
#
# Whoever fits something to data decides three things, one by one: the **model** says which functions there are to choose
# from, the **loss** says what a good one is, and the **optimiser** finds one. Which of the three does each of these
# sentences concern?
#
# 1. Squared residuals are replaced by absolute ones, so that an outlier among the targets counts for less.
# 2. The rate shrinks like $1/\sqrt{k}$ instead of staying the same.
# 3. A straight line cannot follow a zigzag; a sum of four hinges can.
# 4. The mean is replaced by the median as the point that stands for all. (What is each of them the minimum of?)
# 5. Gradient descent is replaced by a solver for equations.
# 6. The absolute value has no derivative at zero, and a subgradient takes its place on the way downhill.

# %% nbgrader={"grade_id": "three-parts", "solution": true}
def which_part():
    """What each of the six sentences concerns.

    Returns a tuple of six texts, each "model", "loss" or "optimiser".
    """
    ### BEGIN SOLUTION
    return "loss", "optimiser", "model", "loss", "optimiser", "optimiser"
    ### END SOLUTION

# %% nbgrader={"grade_id": "three-parts-check", "grade": true, "points": 1}
check.answer(which_part, points=1)

# %% tags=["mistake"] question="three-parts" says="Mean and median are answers, not models: the model is a single point in both cases, and what changes is which distances are added up, the loss."
def which_part():
    return "loss", "optimiser", "model", "model", "optimiser", "optimiser"

# %% tags=["mistake"] question="three-parts" says="A subgradient changes nothing about what a good fit is: the loss is the same function, and only the way downhill has to know what to do at a kink."
def which_part():
    return "loss", "optimiser", "model", "loss", "optimiser", "loss"

# %% tags=["mistake"] question="three-parts" says="A solver for equations looks for the same parameters of the same net: what there is to choose from has not changed, only who looks for it."
def which_part():
    return "loss", "optimiser", "model", "loss", "model", "optimiser"

# %% tags=["mistake"] question="three-parts" says="An absolute value in the place of a square does not change the line that is fitted, nor how one looks for it: it changes which line is called good."
def which_part():
    return "model", "optimiser", "model", "loss", "optimiser", "optimiser"

# %% tags=["alternative"] question="three-parts" name="a list"
def which_part():
    return ["loss", "optimiser", "model", "loss", "optimiser", "optimiser"]

# %% tags=["alternative"] question="three-parts" name="capitals"
def which_part():
    return "Loss", "Optimiser", "Model", "Loss", "Optimiser", "Optimiser"

# %% [markdown]
# # Part 2: four hinges
#
# Now the net. One input number $x$, four hidden units, one output number:
#
# $$f(x) = b_o + \sum_{i=1}^{4} w_{oi}\, \max(0,\; w_{hi}\, x + b_{hi})$$
#
# Each hidden unit is a **hinge**: flat zero on one side, a straight line on the other, and a kink where
# $w_{hi}\, x + b_{hi} = 0$. The output adds four of them up. There are 13 parameters. Where they are kept in one
# array $\theta$, the order is
#
# $$\theta = (w_{h1}, \dots, w_{h4},\; b_{h1}, \dots, b_{h4},\; w_{o1}, \dots, w_{o4},\; b_o)$$
#
# | symbol | in the code | shape | what it is |
# |---|---|---|---|
# | $w_h$, $b_h$ | `w_h`, `b_h` | (4,) | weights and biases of the hidden units |
# | $w_o$ | `w_o` | (4,) | weights of the output |
# | $b_o$ | `b_o` | one number | bias of the output |
# | $x$, $y$ | `x`, `y` | (N,) | inputs and targets, one entry for each sample |
# | $z$ | `z` | (N, 4) | pre-activations $w_{hi}\, x_s + b_{hi}$, a row for each sample |
# | $h$ | `h` | (N, 4) | activations $\max(0, z)$ |
# | $f$ | `f` | (N,) | outputs |
#
# The two data sets are zigzags. The first has 13 points, one for each parameter. The second has 11.

# %% [markdown]
# <!-- include notation.md -->

# %% nbgrader={"grade_id": "the-data", "locked": true}
x1 = np.arange(13.0)
y1 = np.array([8.0, 6, 4, 2, 0, 2, 4, 2, 0, 2, 4, 6, 8])
x2 = np.arange(11.0)
y2 = np.array([0.0, 1, 2, 3, 2, 1, 2, 3, 4, 5, 6])


def split(theta):
    """The 13 parameters by name: w_h (4,), b_h (4,), w_o (4,), b_o.

    Raises: ValueError if there are not 13.
    """
    theta = np.asarray(theta, float)
    if theta.shape != (13,):
        raise ValueError(f"13 parameters are asked for, in an array of shape (13,); this has shape {theta.shape}")
    return theta[0:4], theta[4:8], theta[8:12], theta[12]


# %% tags=["experiment"]
figure, axes = plt.subplots(1, 2, figsize=(9.6, 3.2), layout="constrained", sharey=True)
for axis, x, y, title in ((axes[0], x1, y1, "data set 1"), (axes[1], x2, y2, "data set 2")):
    axis.plot(x, y, color="#bbbbbb", linewidth=1, label="joined by lines")
    axis.plot(x, y, "o", color=plots.COLORS[0], label=f"{len(x)} points")
    axis.set(title=title, xlabel="x", ylabel="y")
    axis.legend()
plt.show()

# %% [markdown]
# ## 2.1 One forward pass with a pencil
#
# *Afterwards you have every number of a forward pass, made by yourself.*
#
# Take $w_h = (-1, 1, 1, -1)$, $b_h = (1, 1, -1, 1)$, $w_{o2} = w_{o3} = -1$, $b_o = 1$ and the input $x = 2$. No
# computer: four pre-activations, four activations, one output. The weights $w_{o1}$ and $w_{o4}$ are missing on
# purpose. You will see why that does not matter.
#
# Fill in the numbers.

# %% nbgrader={"grade_id": "hand-forward", "solution": true}
def hand_forward():
    """The forward pass at x = 2, by hand.

    Returns z: array (4,), pre-activations; h: array (4,), activations; f: the output, a number.
    """
    ### BEGIN SOLUTION
    z = np.array([-1, 3, 1, -1])
    h = np.array([0, 3, 1, 0])
    f = -3
    return z, h, f
    ### END SOLUTION

# %% nbgrader={"grade_id": "hand-forward-check", "grade": true, "points": 1}
check.answer(hand_forward, points=1)

# %% tags=["mistake"] question="hand-forward" says="The output has its own bias: b_o = 1 is added once, after the four terms."
def hand_forward():
    return np.array([-1, 3, 1, -1]), np.array([0, 3, 1, 0]), -4

# %% tags=["mistake"] question="hand-forward" says="max(0, z) of a negative number is 0, not its absolute value: units 1 and 4 are switched off."
def hand_forward():
    return np.array([-1, 3, 1, -1]), np.array([1, 3, 1, 1]), -3

# %% tags=["mistake"] question="hand-forward" says="The activations are counted as they are: each has to be multiplied by its output weight, which is -1 for both units that are on."
def hand_forward():
    return np.array([-1, 3, 1, -1]), np.array([0, 3, 1, 0]), 5

# %% tags=["mistake"] question="hand-forward" says="The biases of the hidden units are missing: z is w_h x + b_h."
def hand_forward():
    return np.array([-2, 2, 2, -2]), np.array([0, 2, 2, 0]), -3

# %% tags=["alternative"] question="hand-forward" name="floats"
def hand_forward():
    return np.array([-1.0, 3.0, 1.0, -1.0]), np.array([0.0, 3.0, 1.0, 0.0]), 1.0 - 3.0 - 1.0

# %% tags=["alternative"] question="hand-forward" name="lists, and the output computed"
def hand_forward():
    z = [-1, 3, 1, -1]
    h = [max(0, number) for number in z]
    return z, h, 1 - sum(h)

# %% [markdown]
# ## 2.2 The net answers
#
# *Afterwards the net turns many inputs into outputs at once.*
#
# The same for $N$ inputs. Vectorised: no loop over the samples. Row $s$ of $z$ and $h$ belongs to sample $s$, column
# $i$ to hidden unit $i$. Return $z$ and $h$ as well: the backward pass will need them.
#
# $$z_{si} = w_{hi}\, x_s + b_{hi}, \qquad h_{si} = \max(0, z_{si}), \qquad f_s = b_o + \sum_i w_{oi}\, h_{si}$$
#
# Shapes: $x$ $(N,)$ $\to$ $z$ $(N, 4)$, $h$ $(N, 4)$, $f$ $(N,)$. Two of the self-check's cases are there to trip
# you up: one has $N = 4$, where a sum over the wrong axis raises no error, and one has integer inputs.

# %% nbgrader={"grade_id": "hinge-forward-cases", "locked": true}
def hinge_cases(rng, sizes=(5, 4, 9, 1)):
    """Parameters of the net, inputs and targets, for several numbers of samples. Among the most samples there is one for
    which all units are off."""
    for N in sizes:
        case = {"w_h": rng.standard_normal(4), "b_h": rng.standard_normal(4), "w_o": rng.standard_normal(4),
                "b_o": float(rng.standard_normal()), "x": 2 * rng.standard_normal(N), "y": 2 * rng.standard_normal(N),
                "case": f"N = {N}"}
        if N == max(sizes):
            case["b_h"], case["x"][0] = -np.abs(case["b_h"]), 0.0
        yield case


def forward_cases(rng):
    """As `hinge_cases`, and one case with integer inputs and outputs below zero."""
    yield from hinge_cases(rng)
    for case in hinge_cases(rng, sizes=(7,)):
        yield case | {"x": rng.permutation(np.arange(-3, 4)), "b_o": -10.0, "case": "integer inputs"}


# %% nbgrader={"grade_id": "hinge-forward", "solution": true}
def hinge_forward(w_h, b_h, w_o, b_o, x):
    """The net's outputs, and what the backward pass needs.

    w_h, b_h, w_o: (4,); b_o: a number; x: (N,).
    Returns z: (N, 4), pre-activations; h: (N, 4), activations; f: (N,), outputs.
    """
    ### BEGIN SOLUTION
    z = x[:, np.newaxis] * w_h + b_h
    h = np.maximum(0, z)
    f = h @ w_o + b_o
    return z, h, f
    ### END SOLUTION

# %% nbgrader={"grade_id": "hinge-forward-check", "grade": true, "points": 3}
check.values(hinge_forward, at=forward_cases, returns=("z", "h", "f"), points=3)

# %% tags=["mistake"] question="hinge-forward" says="The bias of the output is missing."
def hinge_forward(w_h, b_h, w_o, b_o, x):
    z = np.outer(x, w_h) + b_h
    h = np.maximum(0, z)
    return z, h, h @ w_o

# %% tags=["mistake"] question="hinge-forward" says="The hinge has no kink: without max(0, ...) the whole net is one straight line."
def hinge_forward(w_h, b_h, w_o, b_o, x):
    z = np.outer(x, w_h) + b_h
    return z, z, z @ w_o + b_o

# %% tags=["mistake"] question="hinge-forward" says="The bias b_h belongs inside the max: it moves the kink. Added after it, every kink sits at x = 0."
def hinge_forward(w_h, b_h, w_o, b_o, x):
    z = np.outer(x, w_h)
    h = np.maximum(0, z) + b_h
    return z, h, h @ w_o + b_o

# %% tags=["mistake"] question="hinge-forward" says="The output adds up the four hidden units, the columns of h. Here the samples are added up."
def hinge_forward(w_h, b_h, w_o, b_o, x):
    z = np.outer(x, w_h) + b_h
    h = np.maximum(0, z)
    return z, h, np.sum(w_o * h, axis=0) + b_o

# %% tags=["mistake"] question="hinge-forward" says="There is no max on the output: data below zero could never be reached."
def hinge_forward(w_h, b_h, w_o, b_o, x):
    z = np.outer(x, w_h) + b_h
    h = np.maximum(0, z)
    return z, h, np.maximum(0, h @ w_o + b_o)

# %% tags=["mistake"] question="hinge-forward" says="A row is a sample: z and h have shape (N, 4), and these are transposed. The output is right."
def hinge_forward(w_h, b_h, w_o, b_o, x):
    z = np.outer(w_h, x) + b_h[:, np.newaxis]
    h = np.maximum(0, z)
    return z, h, w_o @ h + b_o

# %% tags=["alternative"] question="hinge-forward" name="unit by unit"
def hinge_forward(w_h, b_h, w_o, b_o, x):
    z = np.zeros((len(x), 4))
    f = np.full(len(x), float(b_o))
    for i in range(4):
        z[:, i] = w_h[i] * x + b_h[i]
        f += w_o[i] * np.maximum(0, z[:, i])
    return z, np.maximum(0, z), f

# %% tags=["alternative"] question="hinge-forward" name="outer product and np.where"
def hinge_forward(w_h, b_h, w_o, b_o, x):
    z = np.outer(x, w_h) + b_h
    h = np.where(z > 0, z, 0)
    return z, h, b_o + np.einsum("si,i->s", h, w_o)

# %% [markdown]
# ## 2.3 Residuals and the squared loss
#
# *Afterwards you can say how far the net is from the data, for each point and in one number.*
#
# The residual is output minus target. The loss of part 2 is the **sum** of the squared residuals, with no mean and no
# $1/2$:
#
# $$r_s = f_s - y_s, \qquad L = \sum_{s=1}^{N} r_s^2$$
#
# Shapes: $f$ $(N,)$, $y$ $(N,)$ $\to$ $r$ $(N,)$ and one number.

# %% nbgrader={"grade_id": "residuals-cases", "locked": true}
def output_cases(rng):
    """Outputs of a net and targets, both (N,)."""
    for N in (5, 4, 13):
        yield {"f": rng.standard_normal(N), "y": rng.standard_normal(N), "case": f"N = {N}"}


# %% nbgrader={"grade_id": "residuals", "solution": true}
def residuals_and_loss(f, y):
    """What is left between outputs and targets.

    f: (N,), outputs; y: (N,), targets.
    Returns r: (N,), residuals; loss: the sum of their squares, a number.
    """
    ### BEGIN SOLUTION
    r = f - y
    return r, np.sum(r**2)
    ### END SOLUTION

# %% nbgrader={"grade_id": "residuals-check", "grade": true, "points": 2}
check.values(residuals_and_loss, at=output_cases, returns=("r", "loss"), points=2)

# %% tags=["mistake"] question="residuals" says="The residual is output minus target. The other way round the loss is the same, but its derivatives change sign on the way."
def residuals_and_loss(f, y):
    r = y - f
    return r, np.sum(r**2)

# %% tags=["mistake"] question="residuals" says="The loss is the sum of the squares here, not their mean."
def residuals_and_loss(f, y):
    r = f - y
    return r, np.mean(r**2)

# %% tags=["mistake"] question="residuals" says="There is no 1/2 in this loss. It would be handy, but then it must be in the formula too."
def residuals_and_loss(f, y):
    r = f - y
    return r, 0.5 * np.sum(r**2)

# %% tags=["mistake"] question="residuals" says="The residuals keep their sign. An equation solver needs to know on which side it is."
def residuals_and_loss(f, y):
    r = np.abs(f - y)
    return r, np.sum(r**2)

# %% tags=["alternative"] question="residuals" name="scalar product"
def residuals_and_loss(f, y):
    r = np.subtract(f, y)
    return r, r @ r

# %% tags=["alternative"] question="residuals" name="residual by residual"
def residuals_and_loss(f, y):
    r = np.array([output - target for output, target in zip(f, y)])
    return r, float(np.linalg.norm(r) ** 2)

# %% [markdown]
# The next cell puts the two functions together.

# %% nbgrader={"grade_id": "hinge-loss", "locked": true}
def hinge_residuals(w_h, b_h, w_o, b_o, x, y):
    """The residuals (N,) of the net as a function of its parameters."""
    *_, f = hinge_forward(w_h, b_h, w_o, b_o, x)
    return residuals_and_loss(f, y)[0]


def hinge_loss(w_h, b_h, w_o, b_o, x, y):
    """The squared loss of the net as a function of its parameters."""
    *_, f = hinge_forward(w_h, b_h, w_o, b_o, x)
    return residuals_and_loss(f, y)[1]


# %% [markdown]
# ## 2.4 Every partial derivative with a pencil
#
# *Afterwards you have gone backwards through the net once, number by number.*
#
# Back to 2.1: the same parameters and $x = 2$. Now there is a target, $y = 4$, the point of data set 1 at that place.
# Work out the derivative of the loss $L = (f - y)^2$ with respect to **each of the 13 parameters**. Go backwards:
#
# 1. How does $L$ move with $f$? (Call this number $\delta$. Everything below has it as a factor.)
# 2. How does $f$ move with $b_o$, and with each $w_{oi}$?
# 3. How does $f$ move with each activation $h_i$? And $h_i$ with $z_i$: where is a unit on, where is it off?
# 4. How does $z_i$ move with $b_{hi}$ and with $w_{hi}$?
#
# Now you see why $w_{o1}$ and $w_{o4}$ are not needed. The self-check moves each parameter a little and looks how much
# your loss from above changes.

# %% nbgrader={"grade_id": "hand-gradients-cases", "locked": true}
# The missing weights w_o1 and w_o4 are 0.5 here. Any other number would do as well.
pencil_point = {"w_h": np.array([-1.0, 1, 1, -1]), "b_h": np.array([1.0, 1, -1, 1]),
                "w_o": np.array([0.5, -1, -1, 0.5]), "b_o": 1.0, "x": np.array([2.0]), "y": np.array([4.0])}


def slopes_at_pencil_point(name, step=1e-4):
    """Finite differences of the loss at the point of the pencil, for each entry of one parameter."""
    middle = np.atleast_1d(pencil_point[name])
    slopes = []
    for moved in step * np.eye(len(middle)):
        ends = [hinge_loss(**(pencil_point | {name: (middle + side * moved).reshape(np.shape(pencil_point[name]))}))
                for side in (1, -1)]
        slopes.append((ends[0] - ends[1]) / (2 * step))
    return np.array(slopes).reshape(np.shape(pencil_point[name]))


def moves_with(name):
    """A property of the pencil's answer: its slopes for one parameter are what finite differences say."""
    position = ("w_h", "b_h", "w_o", "b_o").index(name)

    def holds(result):
        return np.allclose(result[position], slopes_at_pencil_point(name), atol=1e-4)

    return holds


# %% nbgrader={"grade_id": "hand-gradients", "solution": true}
def hand_gradients():
    """The derivatives of the loss at x = 2, y = 4, by hand.

    Returns dw_h: array (4,), db_h: array (4,), dw_o: array (4,), db_o: a number.
    """
    ### BEGIN SOLUTION
    # f = -3 and y = 4, so delta = 2 (f - y) = -14. Units 2 and 3 are on.
    dw_h = np.array([0, 28, 28, 0])  # delta * w_o * 1 * x
    db_h = np.array([0, 14, 14, 0])  # delta * w_o * 1
    dw_o = np.array([0, -42, -14, 0])  # delta * h
    db_o = -14  # delta
    return dw_h, db_h, dw_o, db_o
    ### END SOLUTION

# %% nbgrader={"grade_id": "hand-gradients-check", "grade": true, "points": 4}
check.properties(hand_gradients, at=[{}], points=4, hidden_weights=moves_with("w_h"),
                 hidden_biases=moves_with("b_h"), output_weights=moves_with("w_o"), output_bias=moves_with("b_o"))

# %% tags=["mistake"] question="hand-gradients" says="The derivative of the square has a factor 2: delta is 2 (f - y). It is missing in all 13 numbers."
def hand_gradients():
    return np.array([0, 14, 14, 0]), np.array([0, 7, 7, 0]), np.array([0, -21, -7, 0]), -7

# %% tags=["mistake"] question="hand-gradients" says="The sign is turned around: the residual is f - y = -7, output minus target."
def hand_gradients():
    return np.array([0, -28, -28, 0]), np.array([0, -14, -14, 0]), np.array([0, 42, 14, 0]), 14

# %% tags=["mistake"] question="hand-gradients" says="On the way from f to the hidden units stands w_o, which is -1 for both units that are on."
def hand_gradients():
    return np.array([0, -28, -28, 0]), np.array([0, -14, -14, 0]), np.array([0, -42, -14, 0]), -14

# %% tags=["mistake"] question="hand-gradients" says="z moves with w_h by x, and x is 2 here: the derivatives for w_h are twice those for b_h."
def hand_gradients():
    return np.array([0, 14, 14, 0]), np.array([0, 14, 14, 0]), np.array([0, -42, -14, 0]), -14

# %% tags=["mistake"] question="hand-gradients" says="f moves with w_o by the activation h, not by z: units that are off do not contribute, so their weights have derivative 0."
def hand_gradients():
    return np.array([0, 28, 28, 0]), np.array([0, 14, 14, 0]), np.array([14, -42, -14, 14]), -14

# %% tags=["mistake"] question="hand-gradients" says="The slope of a hinge is 1 where it is on, whatever its height: the activation itself does not belong there."
def hand_gradients():
    return np.array([0, 84, 28, 0]), np.array([0, 42, 14, 0]), np.array([0, -42, -14, 0]), -14

# %% tags=["alternative"] question="hand-gradients" name="from delta, as floats"
def hand_gradients():
    delta = 2 * (-3.0 - 4.0)
    on = np.array([0.0, 1.0, 1.0, 0.0])
    return delta * -1 * on * 2, delta * -1 * on, delta * np.array([0.0, 3.0, 1.0, 0.0]), delta

# %% tags=["alternative"] question="hand-gradients" name="lists"
def hand_gradients():
    return [0, 28, 28, 0], [0, 14, 14, 0], [0, -42, -14, 0], -14

# %% [markdown]
# ## 2.5 The gradient of the squared loss
#
# *Afterwards the pencil's work is done for any parameters and any number of samples.*
#
# The same steps backwards as in 2.4, now for all samples at once. A parameter acts on all samples, so its derivative is a
# **sum over the samples**. The slope of a hinge is 1 where its unit is on and 0 where it is off; exactly at the kink any
# number from 0 to 1 is right.
#
# **First the formulas.** Hand in four lines of text, `db_o`, `dw_o`, `db_h` and `dw_h`, in numpy's notation, for any number of
# hidden units. Letters are $w_o$, $x$, the residuals $r = f - y$ (`r`, $(N,)$), $z$ and $h$ (a row for each sample). You may
# use lines of your own, such as one for $\partial L / \partial z$. In the notation `(z > 0)` is 1 where it holds and 0
# elsewhere, `sum(a, axis=0)` adds up over the samples, `r[:, None]` is $r$ as a column, and `@` and `.T` are numpy's.

# %% nbgrader={"grade_id": "hinge-derivation-cases", "locked": true}
def hinge_letters(rng):
    """The letters of the derivation; the first case has two samples and two hidden units."""
    yield {"w_o": np.array([2.0, -1.0]), "x": np.array([1.0, 3.0]), "r": np.array([1.0, -2.0]),
           "z": np.array([[1.0, -1.0], [2.0, 4.0]]), "h": np.array([[1.0, 0.0], [2.0, 4.0]]), "case": "two samples, two units"}
    for N, units in ((5, 4), (4, 4), (3, 6)):
        z = rng.standard_normal((N, units))
        z[0, 0], z[1, 0] = -1 - abs(z[0, 0]), 1 + abs(z[1, 0])  # one unit that is off, one that is on
        yield {"w_o": rng.standard_normal(units), "x": rng.standard_normal(N), "r": rng.standard_normal(N), "z": z,
               "h": np.maximum(0, z), "case": f"N = {N}, {units} units"}


# %% nbgrader={"grade_id": "hinge-derivation", "solution": true}
def hinge_formulas():
    """The gradient of the squared loss as formulas of w_o, x, r, z and h.

    Returns a text with the lines "db_o = ...", "dw_o = ...", "db_h = ..." and "dw_h = ...".
    """
    ### BEGIN SOLUTION
    return """
    df = 2 * r
    db_o = sum(df)
    dw_o = df @ h
    dz = df[:, None] * w_o * (z > 0)
    db_h = sum(dz, axis=0)
    dw_h = x @ dz
    """
    ### END SOLUTION

# %% nbgrader={"grade_id": "hinge-derivation-check", "grade": true, "points": 2}
check.derivation(hinge_formulas, at=hinge_letters, returns=("db_o", "dw_o", "db_h", "dw_h"), points=2)

# %% tags=["mistake"] question="hinge-derivation" says="Where a unit is off, nothing goes back through it: the slope of the hinge is missing in the formulas of the hidden layer."
def hinge_formulas():
    return "db_o = 2 * sum(r); dw_o = 2 * r @ h; dz = 2 * r[:, None] * w_o; db_h = sum(dz, axis=0); dw_h = x @ dz"

# %% tags=["mistake"] question="hinge-derivation" says="The square brings down a factor 2, and every derivative contains it."
def hinge_formulas():
    return "db_o = sum(r); dw_o = r @ h; dz = r[:, None] * w_o * (z > 0); db_h = sum(dz, axis=0); dw_h = x @ dz"

# %% tags=["mistake"] question="hinge-derivation" says="A hinge has slope 1 where it is on, however high it is: its height h has been taken for its slope."
def hinge_formulas():
    return "db_o = 2 * sum(r); dw_o = 2 * r @ h; dz = 2 * r[:, None] * w_o * h; db_h = sum(dz, axis=0); dw_h = x @ dz"

# %% tags=["mistake"] question="hinge-derivation" says="On the way from the output to a hidden unit stands its output weight: it is missing in the formulas of the hidden layer."
def hinge_formulas():
    return "db_o = 2 * sum(r); dw_o = 2 * r @ h; dz = 2 * r[:, None] * (z > 0); db_h = sum(dz, axis=0); dw_h = x @ dz"

# %% tags=["mistake"] question="hinge-derivation" says="The pre-activation moves with w_h by x: that factor is missing, so that w_h has got the derivative of b_h."
def hinge_formulas():
    return "db_o = 2 * sum(r); dw_o = 2 * r @ h; dz = 2 * r[:, None] * w_o * (z > 0); db_h = sum(dz, axis=0); dw_h = db_h"

# %% tags=["alternative"] question="hinge-derivation" name="transposes"
def hinge_formulas():
    return {"db_o": "2 * sum(r)", "dw_o": "2 * h.T @ r", "dz": "2 * outer(r, w_o) * (z > 0)", "db_h": "dz.T @ (0 * r + 1)",
            "dw_h": "dz.T @ x"}

# %% tags=["alternative"] question="hinge-derivation" name="the mask from h, sums over axes"
def hinge_formulas():
    return """
    delta = r + r
    db_o = np.sum(delta)
    dw_o = np.sum(delta[:, None] * h, axis=0)
    db_h = w_o * np.sum(delta[:, None] * sign(h), axis=0)
    dw_h = w_o * np.sum((delta * x)[:, None] * sign(h), axis=0)
    """

# %% [markdown]
# **Then the code.**
#
# Shapes: $w_o$ $(4,)$, $x$, $y$, $f$ $(N,)$, $z$, $h$ $(N, 4)$ $\to$ three times $(4,)$ and one number. The pass
# forward is given: $z$, $h$ and $f$ are arguments, and $w_h$ and the biases are not needed any more.

# %% nbgrader={"grade_id": "hinge-gradients-cases", "locked": true}
def passed_cases(rng, sizes=(5, 4, 9)):
    """As `hinge_cases`, and one unit exactly at its kink, with z, h and f from a forward pass (zeros as long as that
    cannot run)."""
    *cases, at_kink = [*hinge_cases(rng, sizes), *hinge_cases(rng, sizes=(6,))]
    at_kink["w_h"][2] = rng.choice([-1.0, 1.0])
    at_kink["b_h"][2] = -at_kink["w_h"][2] * at_kink["x"][3]
    for case in (*cases, at_kink | {"case": "N = 6, a unit at its kink"}):
        try:
            z, h, f = hinge_forward(case["w_h"], case["b_h"], case["w_o"], case["b_o"], case["x"])
        except Exception:
            z, h, f = np.zeros((len(case["x"]), 4)), np.zeros((len(case["x"]), 4)), np.zeros(len(case["x"]))
        yield case | {"z": z, "h": h, "f": f}


# %% nbgrader={"grade_id": "hinge-gradients", "solution": true}
def hinge_gradients(w_o, x, y, z, h, f):
    """The gradient of the squared loss, from the forward pass.

    w_o: (4,); x, y: (N,); z, h: (N, 4); f: (N,).
    Returns dw_h: (4,), db_h: (4,), dw_o: (4,), db_o: a number.
    """
    ### BEGIN SOLUTION
    df = 2 * (f - y)  # (N,)
    db_o = np.sum(df)
    dw_o = df @ h  # (4,)

    dh = df[:, np.newaxis] * w_o  # (N, 4)
    dz = dh * (z > 0)  # (N, 4): only where a unit is on
    db_h = np.sum(dz, axis=0)
    dw_h = x @ dz
    return dw_h, db_h, dw_o, db_o
    ### END SOLUTION

# %% nbgrader={"grade_id": "hinge-gradients-check", "grade": true, "points": 4}
check.gradients(
    hinge_gradients, of=hinge_loss, wrt=("w_h", "b_h", "w_o", "b_o"), at=passed_cases, points=4,
    ### BEGIN HIDDEN TESTS
    also_at=lambda rng: passed_cases(rng, sizes=(1, 30)),
    ### END HIDDEN TESTS
)

# %% tags=["mistake"] question="hinge-gradients" says="The hinge's slope is missing: where a unit is off, nothing goes back through it."
def hinge_gradients(w_o, x, y, z, h, f):
    df = 2 * (f - y)
    dz = np.outer(df, w_o)
    return x @ dz, dz.sum(axis=0), df @ h, df.sum()

# %% tags=["mistake"] question="hinge-gradients" says="The factor 2 of the square is missing everywhere."
def hinge_gradients(w_o, x, y, z, h, f):
    df = f - y
    dz = np.outer(df, w_o) * (z > 0)
    return x @ dz, dz.sum(axis=0), df @ h, df.sum()

# %% tags=["mistake"] question="hinge-gradients" says="The loss is a sum over the samples here. These derivatives are those of a mean."
def hinge_gradients(w_o, x, y, z, h, f):
    df = 2 * (f - y) / len(y)
    dz = np.outer(df, w_o) * (z > 0)
    return x @ dz, dz.sum(axis=0), df @ h, df.sum()

# %% tags=["mistake"] question="hinge-gradients" says="With target minus output, every derivative has the wrong sign."
def hinge_gradients(w_o, x, y, z, h, f):
    df = 2 * (y - f)
    dz = np.outer(df, w_o) * (z > 0)
    return x @ dz, dz.sum(axis=0), df @ h, df.sum()

# %% tags=["mistake"] question="hinge-gradients" says="The way back from the output to a hidden unit goes through its weight w_o. Without it, b_h and w_h get the derivatives of a net whose output weights are all 1."
def hinge_gradients(w_o, x, y, z, h, f):
    df = 2 * (f - y)
    dz = df[:, np.newaxis] * (z > 0)
    return x @ dz, dz.sum(axis=0), df @ h, df.sum()

# %% tags=["mistake"] question="hinge-gradients" says="z moves with w_h by x: that factor is missing, so the derivatives for w_h are those for b_h."
def hinge_gradients(w_o, x, y, z, h, f):
    df = 2 * (f - y)
    dz = np.outer(df, w_o) * (z > 0)
    return dz.sum(axis=0), dz.sum(axis=0), df @ h, df.sum()

# %% tags=["mistake"] question="hinge-gradients" says="The output weights meet the activations h, not the pre-activations z."
def hinge_gradients(w_o, x, y, z, h, f):
    df = 2 * (f - y)
    dz = np.outer(df, w_o) * (z > 0)
    return x @ dz, dz.sum(axis=0), df @ z, df.sum()

# %% tags=["mistake"] question="hinge-gradients" says="The loop writes over the derivatives, so that only the last sample is left: add the samples up."
def hinge_gradients(w_o, x, y, z, h, f):
    for s in range(len(x)):
        db_o = 2 * (f[s] - y[s])
        dw_o = db_o * h[s]
        db_h = db_o * w_o * (z[s] > 0)
        dw_h = db_h * x[s]
    return dw_h, db_h, dw_o, db_o

# %% tags=["mistake"] question="hinge-gradients" says="The height of the activation has been used for its slope: where a unit is on, its slope is 1."
def hinge_gradients(w_o, x, y, z, h, f):
    df = 2 * (f - y)
    dz = np.outer(df, w_o) * h
    return x @ dz, dz.sum(axis=0), df @ h, df.sum()

# %% tags=["mistake"] question="hinge-gradients" says="h / z is the slope of a hinge everywhere but at its kink, where it is 0 / 0: ask for the sign of z."
def hinge_gradients(w_o, x, y, z, h, f):
    df = 2 * (f - y)
    dz = np.outer(df, w_o) * (h / z)
    return x @ dz, dz.sum(axis=0), df @ h, df.sum()

# %% tags=["alternative"] question="hinge-gradients" name="sample by sample"
def hinge_gradients(w_o, x, y, z, h, f):
    dw_h, db_h, dw_o, db_o = np.zeros(4), np.zeros(4), np.zeros(4), 0.0
    for s in range(len(x)):
        delta = 2 * (f[s] - y[s])
        db_o += delta
        dw_o += delta * h[s]
        for i in range(4):
            if z[s, i] > 0:
                db_h[i] += delta * w_o[i]
                dw_h[i] += delta * w_o[i] * x[s]
    return dw_h, db_h, dw_o, db_o

# %% tags=["alternative"] question="hinge-gradients" name="einsum, mask from h"
def hinge_gradients(w_o, x, y, z, h, f):
    r = f - y
    on = (h > 0).astype(float)
    return (2 * np.einsum("s,i,si,s->i", r, w_o, on, x), 2 * np.einsum("s,i,si->i", r, w_o, on),
            2 * np.einsum("s,si->i", r, h), 2 * np.sum(r))

# %% tags=["alternative"] question="hinge-gradients" name="slope 1 at the kink, float32"
def hinge_gradients(w_o, x, y, z, h, f):
    w_o, x, y, h, f = (array.astype(np.float32) for array in (w_o, x, y, h, f))
    df = np.float32(2) * (f - y)
    dz = df[:, np.newaxis] * w_o * np.where(z >= 0, np.float32(1), np.float32(0))
    return dz.T @ x, dz.sum(axis=0), h.T @ df, df.sum()

# %% tags=["alternative"] question="hinge-gradients" name="through the Jacobian, 2 Jᵀ r"
def hinge_gradients(w_o, x, y, z, h, f):
    on = np.heaviside(z, 0.5)
    r = f - y
    J_b_h = w_o * on
    return 2 * (J_b_h * x[:, np.newaxis]).T @ r, 2 * J_b_h.T @ r, 2 * h.T @ r, 2 * np.ones(len(r)) @ r

# %% [markdown]
# ### Gradient descent tries first
#
# You have a gradient, so go downhill with it: six random starts on data set 2, 10,000 steps each. The goal of this
# problem set is a largest residual below $10^{-6}$. How close does descent come? And if a solver for equations begins at
# such starts: for how many of 100 will it find an exact fit? Write both down before you know; the runs print them beside
# what they find. The point is for a prediction, right or wrong: one that you have made is worth more than an explanation
# that you have read.

# %% nbgrader={"grade_id": "predict-fits", "solution": true}
def predict_fits():
    """Your prediction: the smallest of the six largest residuals, and for how many of 100 starts the solver succeeds.

    Returns two numbers.
    """
    ### BEGIN SOLUTION
    return 0.01, 10
    ### END SOLUTION

# %% nbgrader={"grade_id": "predict-fits-cases", "locked": true}
def nothing_given(rng):
    """A prediction is made out of nothing."""
    yield {"case": "your prediction"}


def a_size_above_0(prediction):
    """A residual that is left over."""
    return np.shape(prediction) == (2,) and float(prediction[0]) > 0


def at_most_100_starts(prediction):
    """So many of 100 starts."""
    return np.shape(prediction) == (2,) and 0 <= float(prediction[1]) <= 100


# %% nbgrader={"grade_id": "predict-fits-check", "grade": true, "points": 1}
check.properties(predict_fits, at=nothing_given, points=1, a_size_above_0=a_size_above_0, at_most_100_starts=at_most_100_starts)

# %% tags=["mistake"] question="predict-fits" says="Two numbers are asked for: one for gradient descent, one for the solver."
def predict_fits():
    return 0.01

# %% tags=["mistake"] question="predict-fits" says="A largest residual has no sign, and steps of a constant rate do not end at exactly 0: name a number above 0."
def predict_fits():
    return -0.01, 10

# %% tags=["mistake"] question="predict-fits" says="Of 100 starts at most 100 succeed."
def predict_fits():
    return 0.01, 150

# %% tags=["alternative"] question="predict-fits" name="another prediction, as a list"
def predict_fits():
    return [1e-6, 100]

# %% tags=["alternative"] question="predict-fits" name="an array"
def predict_fits():
    return np.array([0.5, 0.0])

# %% tags=["experiment"]
def descend(theta, x, y, steps=10_000, rate=2e-4):
    """Gradient descent on the squared loss; returns the parameters and the loss before each step."""
    losses = np.zeros(steps)
    for k in range(steps):
        w_h, b_h, w_o, b_o = split(theta)
        z, h, f = hinge_forward(w_h, b_h, w_o, b_o, x)
        losses[k] = residuals_and_loss(f, y)[1]
        theta = theta - rate * np.hstack(hinge_gradients(w_o, x, y, z, h, f))
    return theta, losses


with check.once_written():
    descents, closest = {}, np.inf
    for number in range(6):
        start = np.random.default_rng(number).standard_normal(13)
        reached, losses = descend(start, x2, y2)
        largest = np.abs(hinge_residuals(*split(reached), x2, y2)).max()
        descents[f"start {number}: {largest:.2g}"] = losses
        closest = min(largest, closest)
    axis = plots.learning_curves(descents, first=0, xlabel="step", ylabel="squared loss",
                                 title="Gradient descent on data set 2, six starts")
    axis.legend(title="largest residual at the end", fontsize=9)
    plt.show()
    print(f"The closest of six comes to {closest:.2g}. You predicted {float(predict_fits()[0]):.2g}.")

# %% [markdown]
# ## 2.6 The full Jacobian of the residuals
#
# *Afterwards you know how every residual moves with every parameter.*
#
# The gradient adds the samples up. An equation solver wants more: each residual is an equation of its own, and the
# solver asks how **each** of them moves with **each** parameter. So nothing is summed up, and there is no
# factor $2\, r$:
#
# $$\frac{\partial r_s}{\partial w_{hi}}, \qquad \frac{\partial r_s}{\partial b_{hi}}, \qquad
#   \frac{\partial r_s}{\partial w_{oi}}, \qquad \frac{\partial r_s}{\partial b_o}$$
#
# You know all the pieces from 2.5. Look for them there, without $\delta$ and without $\sum_s$.
#
# Shapes: $w_o$ $(4,)$, $x$ $(N,)$, $z$, $h$ $(N, 4)$ $\to$ three blocks $(N, 4)$ and one $(N,)$. Row $s$ belongs to
# the residual of sample $s$.

# %% nbgrader={"grade_id": "residual-jacobian", "solution": true}
def residual_jacobian(w_o, x, z, h):
    """How every residual moves with every parameter, in four blocks.

    w_o: (4,); x: (N,); z, h: (N, 4), from the forward pass.
    Returns J_w_h: (N, 4), J_b_h: (N, 4), J_w_o: (N, 4), J_b_o: (N,).
    """
    ### BEGIN SOLUTION
    J_b_h = w_o * (z > 0)
    J_w_h = J_b_h * x[:, np.newaxis]
    J_w_o = 1 * h
    J_b_o = np.ones(len(x))
    return J_w_h, J_b_h, J_w_o, J_b_o
    ### END SOLUTION

# %% nbgrader={"grade_id": "residual-jacobian-check", "grade": true, "points": 4}
check.jacobian(
    residual_jacobian, of=hinge_residuals, wrt=("w_h", "b_h", "w_o", "b_o"), at=passed_cases, points=4,
    ### BEGIN HIDDEN TESTS
    also_at=lambda rng: passed_cases(rng, sizes=(1, 13)),
    ### END HIDDEN TESTS
)

# %% tags=["mistake"] question="residual-jacobian" says="The samples have been added up. That is a gradient; a Jacobian keeps one row for each residual."
def residual_jacobian(w_o, x, z, h):
    on = z > 0
    return (w_o * on * x[:, np.newaxis]).sum(axis=0), (w_o * on).sum(axis=0), h.sum(axis=0), float(len(x))

# %% tags=["mistake"] question="residual-jacobian" says="Where a unit is off, its residual does not move with w_h and b_h: the slope of the hinge is missing."
def residual_jacobian(w_o, x, z, h):
    return np.outer(x, w_o), np.tile(w_o, (len(x), 1)), h, np.ones(len(x))

# %% tags=["mistake"] question="residual-jacobian" says="A row is a sample, a column is a parameter: these blocks are transposed."
def residual_jacobian(w_o, x, z, h):
    on = z > 0
    return (w_o * on * x[:, np.newaxis]).T, (w_o * on).T, h.T, np.ones(len(x))

# %% tags=["mistake"] question="residual-jacobian" says="The output weight is missing in the blocks of the hidden layer: b_h moves z, z moves h, and h moves f by w_o."
def residual_jacobian(w_o, x, z, h):
    on = (z > 0).astype(float)
    return on * x[:, np.newaxis], on, h, np.ones(len(x))

# %% tags=["mistake"] question="residual-jacobian" says="z moves with w_h by x: the block of w_h is that of b_h times x, row by row."
def residual_jacobian(w_o, x, z, h):
    on = z > 0
    return w_o * on, w_o * on, h, np.ones(len(x))

# %% tags=["mistake"] question="residual-jacobian" says="A unit that is off contributes 0 to the output: the block of w_o holds h, not z."
def residual_jacobian(w_o, x, z, h):
    on = z > 0
    return w_o * on * x[:, np.newaxis], w_o * on, z, np.ones(len(x))

# %% tags=["mistake"] question="residual-jacobian" says="Every residual moves with b_o by 1, and there are N of them: the last block is N ones, not a single one. The other blocks are right."
def residual_jacobian(w_o, x, z, h):
    on = z > 0
    return w_o * on * x[:, np.newaxis], w_o * on, h, 1.0

# %% tags=["mistake"] question="residual-jacobian" says="The sign is turned around: the residual is output minus target, so it moves as the output does."
def residual_jacobian(w_o, x, z, h):
    on = z > 0
    return -w_o * on * x[:, np.newaxis], -w_o * on, -h, -np.ones(len(x))

# %% tags=["mistake"] question="residual-jacobian" says="h / z is the slope of a hinge everywhere but at its kink, where it is 0 / 0: ask for the sign of z."
def residual_jacobian(w_o, x, z, h):
    J_b_h = w_o * (h / z)
    return J_b_h * x[:, np.newaxis], J_b_h, h, np.ones(len(x))

# %% tags=["alternative"] question="residual-jacobian" name="entry by entry"
def residual_jacobian(w_o, x, z, h):
    N = len(x)
    J_w_h, J_b_h, J_w_o = np.zeros((N, 4)), np.zeros((N, 4)), np.zeros((N, 4))
    for s in range(N):
        for i in range(4):
            J_w_o[s, i] = max(0.0, z[s, i])
            if z[s, i] > 0:
                J_w_h[s, i] = w_o[i] * x[s]
                J_b_h[s, i] = w_o[i]
    return J_w_h, J_b_h, J_w_o, np.full(N, 1.0)

# %% tags=["alternative"] question="residual-jacobian" name="a matrix of slopes, 1 at the kink"
def residual_jacobian(w_o, x, z, h):
    slopes = (z >= 0) @ np.diag(w_o)
    return np.diag(x) @ slopes, slopes, np.copy(h), x * 0 + 1

# %% [markdown]
# ## 2.7 One matrix, in the order of θ
#
# *Afterwards a solver can read your Jacobian.*
#
# Put the four blocks side by side: a row for each residual, and 13 columns in the order
# $w_{h1..4},\, b_{h1..4},\, w_{o1..4},\, b_o$. Mind the last block: it has shape $(N,)$, and as a column of a matrix it
# needs a second axis.
#
# Shapes: $(N, 4), (N, 4), (N, 4), (N,) \to (N, 13)$.

# %% nbgrader={"grade_id": "as-matrix-cases", "locked": true}
def block_cases(rng):
    """Blocks of a Jacobian, of random numbers: how they are put together does not depend on what they hold."""
    for N in (5, 4, 13):
        yield {"J_w_h": rng.standard_normal((N, 4)), "J_b_h": rng.standard_normal((N, 4)),
               "J_w_o": rng.standard_normal((N, 4)), "J_b_o": rng.standard_normal(N), "case": f"N = {N}"}


# %% nbgrader={"grade_id": "as-matrix", "solution": true}
def as_matrix(J_w_h, J_b_h, J_w_o, J_b_o):
    """The blocks of the Jacobian side by side.

    J_w_h, J_b_h, J_w_o: (N, 4); J_b_o: (N,). Returns an array (N, 13).
    """
    ### BEGIN SOLUTION
    return np.column_stack([J_w_h, J_b_h, J_w_o, J_b_o])
    ### END SOLUTION

# %% nbgrader={"grade_id": "as-matrix-check", "grade": true, "points": 1}
check.values(as_matrix, at=block_cases, points=1)

# %% tags=["mistake"] question="as-matrix" says="The order is that of theta: first all of w_h, then all of b_h, then w_o. Here the columns go unit by unit."
def as_matrix(J_w_h, J_b_h, J_w_o, J_b_o):
    columns = []
    for i in range(4):
        columns += [J_w_h[:, i], J_b_h[:, i], J_w_o[:, i]]
    return np.column_stack([*columns, J_b_o])

# %% tags=["mistake"] question="as-matrix" says="The matrix lies on its side: a row for each residual, a column for each parameter."
def as_matrix(J_w_h, J_b_h, J_w_o, J_b_o):
    return np.vstack([J_w_h.T, J_b_h.T, J_w_o.T, J_b_o])

# %% tags=["mistake"] question="as-matrix" says="The output's parameters come last in theta, the hidden layer's first."
def as_matrix(J_w_h, J_b_h, J_w_o, J_b_o):
    return np.column_stack([J_w_o, J_b_o, J_w_h, J_b_h])

# %% tags=["alternative"] question="as-matrix" name="filled by slices"
def as_matrix(J_w_h, J_b_h, J_w_o, J_b_o):
    J = np.zeros((len(J_b_o), 13))
    J[:, 0:4] = J_w_h
    J[:, 4:8] = J_b_h
    J[:, 8:12] = J_w_o
    J[:, 12] = J_b_o
    return J

# %% tags=["alternative"] question="as-matrix" name="hstack with a new axis"
def as_matrix(J_w_h, J_b_h, J_w_o, J_b_o):
    return np.hstack((J_w_h, J_b_h, J_w_o, J_b_o[:, None]))

# %% [markdown]
# ### The gradient out of the Jacobian
#
# The loss is $L = \sum_s r_s^2$, and the Jacobian says how each $r_s$ moves with each of the 13 parameters:
# $J_{sp} = \partial r_s / \partial \theta_p$. As $r_s = f(x_s) - y_s$, row $s$ of $J$ is the gradient of the net's own output, $\nabla f(x_s)$.
# How is $\nabla L$ made of the $\nabla f(x_s)$ and the residuals? Hand in the formula for all 13 entries at once, of $J$
# (`J`, $(N, 13)$) and $r$ (`r`, $(N,)$).

# %% nbgrader={"grade_id": "loss-gradient-derivation-cases", "locked": true}
def jacobian_letters(rng):
    """A Jacobian (N, P) and residuals (N,), of random numbers; the first case is small."""
    yield {"J": np.array([[1.0, 2.0, 0.0], [0.0, -1.0, 3.0]]), "r": np.array([2.0, -1.0]), "case": "two residuals, three parameters"}
    for N in (5, 13, 11):
        yield {"J": rng.standard_normal((N, 13)), "r": rng.standard_normal(N), "case": f"N = {N}"}


# %% nbgrader={"grade_id": "loss-gradient-derivation", "solution": true}
def loss_gradient_formula():
    """The gradient of the loss as a formula of J and r, a text: the formula alone, or a line "dL = ..."."""
    ### BEGIN SOLUTION
    return "2 * J.T @ r"
    ### END SOLUTION

# %% nbgrader={"grade_id": "loss-gradient-derivation-check", "grade": true, "points": 1}
check.derivation(loss_gradient_formula, at=jacobian_letters, points=1)

# %% tags=["mistake"] question="loss-gradient-derivation" says="The derivative of a square has a factor 2."
def loss_gradient_formula():
    return "J.T @ r"

# %% tags=["mistake"] question="loss-gradient-derivation" says="Each residual has its own weight in the sum: what a sample adds to the gradient is its row of J times twice its residual, and here the rows have been added up alone."
def loss_gradient_formula():
    return "2 * sum(J, axis=0)"

# %% tags=["mistake"] question="loss-gradient-derivation" says="The loss is a sum over the samples, not their mean."
def loss_gradient_formula():
    return "2 / len(r) * J.T @ r"

# %% tags=["mistake"] question="loss-gradient-derivation" says="A residual counts with its sign: where the output is too low, the parameters have to move the other way."
def loss_gradient_formula():
    return "2 * J.T @ abs(r)"

# %% tags=["alternative"] question="loss-gradient-derivation" name="from the left"
def loss_gradient_formula():
    return "r @ J * 2"

# %% tags=["alternative"] question="loss-gradient-derivation" name="a sum over rows, with a name"
def loss_gradient_formula():
    return "dL = sum(2 * r[:, None] * J, axis=0)"

# %% [markdown]
# The next cell puts everything together in the form that solvers like: functions of the one array $\theta$. `equations`
# makes the two functions for a data set. Then a look whether all fits: the gradient of 2.5 must be the one that your
# formula makes of the Jacobian.

# %% nbgrader={"grade_id": "the-equations", "locked": true}
def equations(x, y):
    """The residuals (N,) and their Jacobian (N, 13) for a data set, as two functions of theta (13,)."""
    def residuals_of(theta):
        return hinge_residuals(*split(theta), x, y)

    def jacobian_of(theta):
        w_h, b_h, w_o, b_o = split(theta)
        z, h, _ = hinge_forward(w_h, b_h, w_o, b_o, x)
        return as_matrix(*residual_jacobian(w_o, x, z, h))

    return residuals_of, jacobian_of


# %% tags=["experiment"]
with check.once_written():
    residuals_of, jacobian_of = equations(x1, y1)
    some_theta = np.random.default_rng(0).standard_normal(13)
    w_h, b_h, w_o, b_o = split(some_theta)
    gradient = np.hstack(hinge_gradients(w_o, x1, y1, *hinge_forward(w_h, b_h, w_o, b_o, x1)))
    from_jacobian = sum(2 * r * row for r, row in zip(residuals_of(some_theta), jacobian_of(some_theta)))
    print(f"the gradient of 2.5 and the one from the Jacobian: largest difference {np.abs(gradient - from_jacobian).max():.0e}")

# %% [markdown]
# ## 2.8 Hand it to a solver
#
# *Afterwards a start becomes a solution, if the start is a good one.*
#
# "Every residual is zero" is a system of equations for $\theta$. Newton's method replaces the equations by linear
# ones, $r(\theta) + J\, p = 0$, solves for the step $p$, and repeats. `scipy.optimize.fsolve` is a careful relative of it: it
# shortens steps that do not help, and it does not ask for a new Jacobian at each step, but corrects the old one by what
# the last step has shown (Broyden's update) until that no longer helps. It takes a function for the residuals, a start, and, as `fprime`, a function for the
# Jacobian. Without `fprime` it makes its own finite differences, and that costs one more call of the residuals for
# each unknown.
#
# Three things to know:
#
# - `fsolve` **insists on as many equations as unknowns.** Data set 1 has 13 equations for 13 unknowns. Data set 2 has 11
#   for 13: try it, and read the error message. **What then?** Find a way to give the solver what it wants. There is
#   more than one. Two rules: your way must not make a system unsolvable that can be solved, and every solution that it finds
#   must be one of the equations you were given. In 2.9 you will say what you did and why.
# - `full_output=True` makes `fsolve` return more than the solution and keeps it from warning at every failure.
# - `factor` bounds the first step; `fsolve` takes 100 unless it is told otherwise. `factor=1` is more careful and, on
#   these data, better. It is an argument here; hand it on.
#
# Another solver will do as well, and may leave `factor` unused.
#
# Your function does not judge. It returns where the solver ends, good or bad, as an array of the shape of the start.
#
# Shapes: start $(n,)$; `residuals_of(theta)` $(m,)$ with $m \le n$; `jacobian_of(theta)` $(m, n)$ or no Jacobian at all
# $\to$ $(n,)$.
#
# The self-check tries your function on other equations than the net's: a function like this should work with any.
# In one case the residuals are rounded to multiples of $4 \cdot 10^{-7}$, as numbers from a file often are. There,
# finite differences with tiny steps see nothing but rounding: without the Jacobian the solver cannot succeed.

# %% nbgrader={"grade_id": "solve-from-cases", "locked": true}
def some_equations(rng, m, n, rounded_to=0.0):
    """Smooth equations, m of them in n unknowns, that have a solution; and a start close to it."""
    angles = np.pi * np.arange(n) / n
    free = np.stack([np.cos(angles), np.sin(angles)])[:n - m]  # directions that the equations do not see
    Q, _ = np.linalg.qr(np.vstack([free, rng.standard_normal((m, n))]).T)
    A, B = Q.T[n - m:], rng.standard_normal((m, n)) / np.sqrt(n)
    solution = rng.standard_normal(n)

    def residuals_of(theta):
        r = A @ (theta - solution) + 0.1 * (np.sin(B @ theta) - np.sin(B @ solution))
        return np.round(r / rounded_to) * rounded_to if rounded_to else r

    def jacobian_of(theta):
        return A + 0.1 * np.cos(B @ theta)[:, np.newaxis] * B

    return residuals_of, jacobian_of, solution + 0.1 * rng.standard_normal(n)


def products(rng):
    """Eleven equations in 13 unknowns, two of them about products that are not zero: no unknown in them may be 0."""
    condition = np.inf
    while condition > 40:  # also if two unknowns at either end are held
        residuals_of, jacobian_of, start = some_equations(rng, 11, 13)
        solution = start + 0.1 * rng.standard_normal(13)
        solution[[0, 2, 10, 12]] = rng.choice([-1.0, 1.0], 4) * rng.uniform(1.0, 1.5, 4)
        J = product_jacobian(solution, jacobian_of)
        condition = max(np.linalg.cond(J[:, :11]), np.linalg.cond(J[:, 2:]))

    def all_residuals(theta):
        more = [theta[i] * theta[j] - solution[i] * solution[j] for i, j in ((0, 2), (10, 12))]
        return np.concatenate([residuals_of(theta)[:9] - residuals_of(solution)[:9], more])

    return all_residuals, lambda theta: product_jacobian(theta, jacobian_of), solution + 0.005 * rng.standard_normal(13)


def product_jacobian(theta, jacobian_of):
    """Nine rows of another Jacobian, and those of two products."""
    more = np.zeros((2, 13))
    more[0, [0, 2]], more[1, [10, 12]] = theta[[2, 0]], theta[[12, 10]]
    return np.vstack([jacobian_of(theta)[:9], more])


def without_solution(rng):
    """Equations of which the last but one and the last contradict each other."""
    residuals_of, jacobian_of, start = some_equations(rng, 5, 5)

    def contradicting(theta):
        r = residuals_of(theta)
        return np.append(r[:-1], r[-2] + 0.5 + 0.2 * r[-1] ** 2)

    def jacobian_there(theta):
        r, J = residuals_of(theta), jacobian_of(theta)
        return np.vstack([J[:-1], J[-2] + 0.4 * r[-1] * J[-1]])

    return contradicting, jacobian_there, start


def equation_cases(rng):
    """Equations with and without a Jacobian, square and not; the last have no solution."""
    residuals_of, jacobian_of, start = products(rng)
    yield {"start": start, "residuals_of": residuals_of, "jacobian_of": jacobian_of, "factor": 1,
           "solvable": True, "case": "11 equations, 13 unknowns, two products"}
    for m, n, kind in ((13, 13, "with a Jacobian"), (13, 13, "without a Jacobian"), (11, 13, "with a Jacobian"),
                       (12, 13, "without a Jacobian"), (40, 40, "rounded")):
        residuals_of, jacobian_of, start = some_equations(rng, m, n, rounded_to=4e-7 if kind == "rounded" else 0.0)
        yield {"start": start, "residuals_of": residuals_of,
               "jacobian_of": None if kind == "without a Jacobian" else jacobian_of, "factor": 1, "solvable": True,
               "case": f"{m} equations, {n} unknowns, {kind}"}
    residuals_of, jacobian_of, start = without_solution(rng)
    yield {"start": start, "residuals_of": residuals_of, "jacobian_of": jacobian_of, "factor": 1,
           "solvable": False, "case": "5 equations, 5 unknowns, no solution"}


def left_over(theta, start, residuals_of, jacobian_of, factor, solvable):
    """What the equations leave at theta. Raises: ValueError if they have no solution and theta is no other place."""
    if solvable:
        return residuals_of(theta)
    if np.shape(theta) != np.shape(start) or np.allclose(theta, start):
        raise ValueError("there is no solution, and asked for is the place where the solver ends")
    return np.zeros(1)


# %% nbgrader={"grade_id": "solve-from", "solution": true}
def solve_from(start, residuals_of, jacobian_of, factor):
    """Look for a zero of the residuals, from one start.

    start: (n,); residuals_of(theta): (m,) with m <= n; jacobian_of(theta): (m, n), or None: then the
    solver takes its own differences; factor: for fsolve.
    Returns theta: (n,), where the solver ends, whether or not it is a solution.
    """
    ### BEGIN SOLUTION
    missing = len(start) - len(residuals_of(start))

    def padded_residuals(theta):  # with equations 0 = 0 at the end, which every theta solves
        return np.pad(residuals_of(theta), (0, missing))

    def padded_jacobian(theta):
        return np.pad(jacobian_of(theta), ((0, missing), (0, 0)))

    fprime = None if jacobian_of is None else padded_jacobian
    theta, *_ = fsolve(padded_residuals, start, fprime=fprime, factor=factor, full_output=True)
    return theta
    ### END SOLUTION

# %% nbgrader={"grade_id": "solve-from-check", "grade": true, "points": 5}
check.residuals(solve_from, of=left_over, at=equation_cases, below=1e-6, by="case", points=5)

# %% tags=["mistake"] question="solve-from" says="The Jacobian is not used: without fprime, fsolve takes its own differences, and where residuals are rounded these show nothing but rounding."
def solve_from(start, residuals_of, jacobian_of, factor):
    missing = len(start) - len(residuals_of(start))
    return fsolve(lambda theta: np.append(residuals_of(theta), np.zeros(missing)), start, factor=factor)

# %% tags=["mistake"] question="solve-from" says="fsolve refuses fewer equations than unknowns. It needs a square system: both the residuals and the Jacobian must get as many rows as there are unknowns."
def solve_from(start, residuals_of, jacobian_of, factor):
    return fsolve(residuals_of, start, fprime=jacobian_of, factor=factor, full_output=True)[0]

# %% tags=["mistake"] question="solve-from" says="An equation 1 = 0 has no solution. What is added must not change the solutions: 0 = 0 does not."
def solve_from(start, residuals_of, jacobian_of, factor):
    missing = len(start) - len(residuals_of(start))
    fprime = None if jacobian_of is None else lambda theta: np.pad(jacobian_of(theta), ((0, missing), (0, 0)))
    return fsolve(lambda theta: np.append(residuals_of(theta), np.ones(missing)), start, fprime=fprime, factor=factor,
                  full_output=True)[0]

# %% tags=["mistake"] question="solve-from" says="Unknowns have been thrown away until the system was square. They may be held at their start values, but the residuals still need all of them."
def solve_from(start, residuals_of, jacobian_of, factor):
    m = len(residuals_of(start))
    return fsolve(residuals_of, start[:m], fprime=jacobian_of, factor=factor, full_output=True)[0]

# %% tags=["mistake"] question="solve-from" says="Unknowns have been set to zero until the system was square. A solution with zeros just there need not exist: the other equations may be unsolvable now."
def solve_from(start, residuals_of, jacobian_of, factor):
    missing = len(start) - len(residuals_of(start))

    def whole(some):
        return np.concatenate([np.zeros(missing), some])

    fprime = None if jacobian_of is None else lambda some: jacobian_of(whole(some))[:, missing:]
    return whole(fsolve(lambda some: residuals_of(whole(some)), start[missing:], fprime=fprime, factor=factor,
                        full_output=True)[0])

# %% tags=["mistake"] question="solve-from" says="One linear system has been solved. The equations are not linear, so the step only comes closer: repeat until the residuals are small."
def solve_from(start, residuals_of, jacobian_of, factor):
    if jacobian_of is None:
        return least_squares(residuals_of, start, max_nfev=2).x
    return start - np.linalg.lstsq(jacobian_of(start), residuals_of(start), rcond=None)[0]

# %% tags=["mistake"] question="solve-from" says="Two rows are added whatever the system: that fits 11 equations in 13 unknowns and nothing else. Count how many are missing."
def solve_from(start, residuals_of, jacobian_of, factor):
    fprime = None if jacobian_of is None else lambda theta: np.pad(jacobian_of(theta), ((0, 2), (0, 0)))
    return fsolve(lambda theta: np.append(residuals_of(theta), [0, 0]), start, fprime=fprime, factor=factor,
                  full_output=True)[0]

# %% tags=["mistake"] question="solve-from" says="With full_output=True fsolve returns four things. Only the first is the solution."
def solve_from(start, residuals_of, jacobian_of, factor):
    missing = len(start) - len(residuals_of(start))
    fprime = None if jacobian_of is None else lambda theta: np.pad(jacobian_of(theta), ((0, missing), (0, 0)))
    return fsolve(lambda theta: np.pad(residuals_of(theta), (0, missing)), start, fprime=fprime, factor=factor,
                  full_output=True)

# %% tags=["mistake"] question="solve-from" says="fsolve wants a row for each equation and a column for each unknown. This Jacobian is transposed, so the steps go astray."
def solve_from(start, residuals_of, jacobian_of, factor):
    missing = len(start) - len(residuals_of(start))
    fprime = None if jacobian_of is None else lambda theta: np.pad(jacobian_of(theta), ((0, missing), (0, 0))).T
    return fsolve(lambda theta: np.pad(residuals_of(theta), (0, missing)), start, fprime=fprime, factor=factor,
                  full_output=True)[0]

# %% tags=["mistake"] question="solve-from" says="Residuals below 1e-6 are asked for, and this solver was told to be content with less."
def solve_from(start, residuals_of, jacobian_of, factor):
    jac = "2-point" if jacobian_of is None else jacobian_of
    return least_squares(residuals_of, start, jac=jac, ftol=1e-2, xtol=1e-2, gtol=1e-2).x

# %% tags=["mistake"] question="solve-from" says="Without success the start comes back, or nothing. This function does not judge: where the solver ends is asked for, good or bad."
def solve_from(start, residuals_of, jacobian_of, factor):
    missing = len(start) - len(residuals_of(start))
    fprime = None if jacobian_of is None else lambda theta: np.pad(jacobian_of(theta), ((0, missing), (0, 0)))
    theta = fsolve(lambda theta: np.pad(residuals_of(theta), (0, missing)), start, fprime=fprime, factor=factor,
                   full_output=True)[0]
    return theta if np.max(np.abs(residuals_of(theta))) < 1e-6 else start

# %% tags=["alternative"] question="solve-from" name="least_squares, which takes any number of equations"
def solve_from(start, residuals_of, jacobian_of, factor):
    return least_squares(residuals_of, start, jac=jacobian_of or "2-point").x

# %% tags=["alternative"] question="solve-from" name="Levenberg-Marquardt, padded, default factor"
def solve_from(start, residuals_of, jacobian_of, factor):
    n = len(start)

    def square(array):
        return np.concatenate([array, np.zeros((n - len(array), *array.shape[1:]))])

    jac = "2-point" if jacobian_of is None else lambda theta: square(jacobian_of(theta))
    return least_squares(lambda theta: square(residuals_of(theta)), start, jac=jac, method="lm").x

# %% tags=["alternative"] question="solve-from" name="the last equation several times"
def solve_from(start, residuals_of, jacobian_of, factor):
    m, n = len(residuals_of(start)), len(start)
    rows = np.minimum(np.arange(n), m - 1)
    fprime = None if jacobian_of is None else lambda theta: jacobian_of(theta)[rows]
    return fsolve(lambda theta: residuals_of(theta)[rows], start, fprime=fprime, full_output=True)[0]

# %% tags=["alternative"] question="solve-from" name="the last unknowns held at their start"
def solve_from(start, residuals_of, jacobian_of, factor):
    m = len(residuals_of(start))
    held = start[m:]

    def with_held(some):
        return np.concatenate([some, held])

    fprime = None if jacobian_of is None else lambda some: jacobian_of(with_held(some))[:, :m]
    some, *_ = fsolve(lambda some: residuals_of(with_held(some)), start[:m], fprime=fprime, full_output=True)
    return with_held(some)

# %% tags=["alternative"] question="solve-from" name="columns instead of rows, col_deriv"
def solve_from(start, residuals_of, jacobian_of, factor):
    missing = np.zeros(len(start) - len(residuals_of(start)))
    options = {"factor": factor, "full_output": True}
    if jacobian_of is not None:
        options |= {"fprime": lambda theta: np.pad(jacobian_of(theta), ((0, len(missing)), (0, 0))).T, "col_deriv": True}
    return fsolve(lambda theta: np.append(residuals_of(theta), missing), start, **options)[0]

# %% tags=["alternative"] question="solve-from" name="Newton's method by hand, shortest step"
def solve_from(start, residuals_of, jacobian_of, factor):
    if jacobian_of is None:
        return least_squares(residuals_of, start).x
    theta = np.array(start)
    for _ in range(20):
        theta = theta - np.linalg.lstsq(jacobian_of(theta), residuals_of(theta), rcond=None)[0]
    return theta

# %% [markdown]
# ### Believe the residuals, not the solver
#
# `fsolve` returns a flag: 1 stands for "the solution converged". Here are four starts on data set 1, with `fsolve`'s own
# settings. Compare what it says with what is left over. (The four were picked out of 20,000 starts, so such cases are
# rare. With another version of scipy they may come out differently.)

# %% tags=["experiment"]
with check.once_written():
    residuals_of, jacobian_of = equations(x1, y1)
    for number in (54, 4574, 7449, 11480):
        start = np.random.default_rng(number).standard_normal(13)
        theta, _, flag, message = fsolve(residuals_of, start, fprime=jacobian_of, full_output=True)
        word = "converged" if flag == 1 else "no success"
        print(f"start {number:5}: fsolve says {word:10};  largest residual {np.abs(residuals_of(theta)).max():8.1e};  "
              f"largest parameter {np.abs(theta).max():8.3g}")

# %% [markdown]
# ### Your Jacobian against fsolve's own differences
#
# The same random starts, once with your Jacobian and once without. What counts as solved is a largest residual below
# $10^{-6}$. The table gives the processor time and the calls of the residuals for one start, and the fraction of starts
# that end in a solution, with its standard error. That share is small on data set 2 and tiny on data set 1, where a
# few hundred starts will usually show no success at all. That is the honest result, and the reason for 2.10. The last
# column says what one solution costs on average, all the failures included.

# %% tags=["experiment"]
def race(x, y, starts, with_jacobian, factor=1):
    """Solve from every start; returns which ones were solved (K,), seconds and calls of the residuals, per start."""
    residuals_of, jacobian_of = equations(x, y)
    calls = [0]

    def counted(theta):
        calls[0] += 1
        return residuals_of(theta)

    solved, begin = [], time.process_time()
    for start in tqdm(starts, disable=not FULL, leave=False):
        theta = solve_from(start, counted, jacobian_of if with_jacobian else None, factor)
        solved.append(np.abs(residuals_of(theta)).max() < 1e-6)
    return np.array(solved), (time.process_time() - begin) / len(starts), calls[0] / len(starts)


def print_race(name, x, y, count):
    """A line of the table for each way to get the derivatives."""
    starts = np.random.default_rng(2).standard_normal((count, 13))
    for with_jacobian in (True, False):
        solved, seconds, calls = race(x, y, starts, with_jacobian)
        share = solved.mean()
        error = np.sqrt(share * (1 - share) / count)
        cost = f"{seconds / share:.2f} s" if share else "none found"
        print(f"{name}  {'your Jacobian' if with_jacobian else 'own differences':15}  {1e3 * seconds:6.2f} ms  "
              f"{calls:5.0f} calls  {solved.sum():4} of {count} solved: {share:7.3%} ± {error:.3%}   {cost}")


with check.once_written():
    print_race("data set 1", x1, y1, 20_000 if FULL else 200)
    print_race("data set 2", x2, y2, 20_000 if FULL else 500)

# %% [markdown]
# For comparison, what our own solution reached with `FULL`, 20,000 starts for each line. A call is one of the residuals;
# calls of the Jacobian come on top. If you have chosen another way for data set 2, your share will differ.
#
# | | derivatives | calls for each start | solved |
# |---|---|---|---|
# | data set 1 | Jacobian | 46 | 10, or 0.050 % ± 0.016 % |
# | data set 1 | own differences | 140 | 6, or 0.030 % ± 0.012 % |
# | data set 2 | Jacobian | 49 | 385, or 1.93 % ± 0.10 % |
# | data set 2 | own differences | 139 | 208, or 1.04 % ± 0.07 % |
#
# With the Jacobian a start took half of the time, on both data sets. On data set 2 it also succeeds almost twice as
# often, so a solution costs a third. On data set 1 one cannot tell: 10 and 6 successes differ by no more than chance.
#
# ## 2.9 Eleven equations, thirteen unknowns
#
# Answer in a short paragraph.
#
# - What did you do with data set 2, where there are fewer equations than unknowns? Why does your way neither lose
#   solutions nor invent any?
# - Solutions are not unique. Take any solution, multiply $w_{h1}$ and $b_{h1}$ by 2 and halve $w_{o1}$. What
#   happens to $f$? What follows for the 13 equations of data set 1: do they fix the 13 parameters? (You may want to
#   look at `np.linalg.matrix_rank` of your Jacobian at a few random points.)

# %% [markdown] nbgrader={"grade_id": "eleven-equations", "grade": true, "solution": true, "points": 3}
# ### BEGIN SOLUTION
# **Model answer.** I added two equations $0 = 0$: two zeros behind the residuals and two rows of zeros under the
# Jacobian. Every $\theta$ solves them, so none of the old solutions is lost; and whatever solves all 13 solves the first
# 11, so none is invented. (As good: `least_squares`, which takes any number of equations and whose lowest possible value
# is zero residuals; repeating equations. Holding two unknowns at their start values does lose solutions: below you see that a
# unit's weights can be rescaled, but by positive factors only, so an output weight held at a wrong sign rules out all
# solutions with the other sign. It makes nothing unsolvable for lack of unknowns, 11 of them are left, and each start holds
# other values, so a search still gets there.)
#
# For a positive factor, $\max(0, 2z) = 2 \max(0, z)$: if $w_{h1}$ and $b_{h1}$ are doubled and $w_{o1}$ is halved, $f$
# stays as it is for every $x$. That works for each of the four units and for any positive factor. So there are always
# four directions in which the parameters can move and no residual changes. The Jacobian cannot have a rank above
# $13 - 4 = 9$, and "13 equations for 13 unknowns" is only square on paper: if there is one solution there are infinitely
# many. That is also why Newton's step, which has to solve with a matrix that is not invertible, so often goes nowhere.
#
# Measured on data set 2 with the Jacobian, 2,000 starts each: with `fsolve` at `factor=1`, 2.2 % of the starts end in a
# solution with added zeros and 3.2 % with two output weights held; with `least_squares(method="lm")` on the padded
# system 4.6 % do. So added zeros are right, but not the best that one can do.
#
# **Mark scheme, 3 points.**
#
# - 1 point: a way that works, said clearly.
# - 1 point: the reason: the added equations hold everywhere (none lost), and the old ones are all still there (none
#   invented); or the reason that fits the way chosen. For held unknowns: that solutions are given up must be seen (the sign
#   of a held weight stays), and why enough are left: as many unknowns as equations, and other values at each start.
# - 1 point: $f$ does not change under the rescaling, so the equations cannot fix the parameters. The number 9 is not
#   needed, but worth a word of praise.
# ### END SOLUTION

# %% [markdown]
# ## 2.10 Try again, and know when to give up
#
# *Afterwards you have a search that either brings a solution or says that it has none.*
#
# Most starts fail, and a failed try is cheap. So draw a new start and try again, until **every** residual is close to
# zero, or until the tries are used up. Three things make the difference between a search and a hope:
#
# - A new start each time: 13 numbers from the standard normal distribution. Make **one** generator from the seed,
#   `np.random.default_rng(seed)`, before the loop, and take `standard_normal(13)` from it for each try.
# - Judge by the residuals of what the solver brings, nothing else: the largest of their absolute values must be below
#   $10^{-6}$. A solver may return `nan`. Then your test must say no.
# - An honest failure. If no try succeeds, return `None` and no parameters that look like a solution.
#
# The self-check hands your loop a pretend solver, which needs no time and succeeds for some starts only. It also
# hands you solvers that never succeed, each in a nasty way: residuals that are all negative, that cancel, that are only
# nearly small, that are `nan`, all or one of them. A second check lets your loop fit a V of seven points.
#
# Shapes: `solve(start)` $(13,) \to (13,)$; `residuals_of(theta)` $(13,) \to (N,)$.

# %% nbgrader={"grade_id": "multi-start-cases", "locked": true}
def pretend(lucky, otherwise, seed):
    """A solver that needs no time, and residuals just below 1e-6 in size where `lucky(theta)` holds, the first start's
    a little larger than all others'."""
    firsts = [-np.random.default_rng(seed).standard_normal(13), -np.random.RandomState(seed).randn(13)]

    def solve(start):
        return -np.asarray(start)

    def residuals_of(theta):
        if np.shape(theta) != (13,) or not lucky(np.asarray(theta)):
            return np.array(otherwise)
        size = 9e-7 if any(np.allclose(theta, first) for first in firsts) else 8e-7
        return size * np.array([-1.0, -0.9, 0.5, -1.0, -0.9])

    return solve, residuals_of


def search_cases(rng):
    """Searches that can succeed, must succeed at once, and cannot succeed."""
    searches = [("every second start works", lambda t, i=i: t[i] * (-1) ** i > 0, [3.0, -1.0, 2.0, 1.0, -2.0], 40)
                for i in range(13)]
    searches += [("every sixth start works", lambda t, i=i: t[i] * (-1) ** i > 1, [2.0, 1.0, -3.0], 150) for i in (3, 8)]
    searches += [("one try only", lambda t, i=i: t[i] > 0, [1.0, -2.0], 1) for i in range(8)]
    searches += [("all starts work", lambda t: True, [1.0], 1), ("all starts work", lambda t: True, [1.0], 7),
                 ("hopeless: all negative", lambda t: False, [-2.0, -1.0, -3.0], 4),
                 ("hopeless: they cancel", lambda t: False, [2.0, -1.0, -1.0, 0.0], 5),
                 ("hopeless: only nearly small", lambda t: False, [5e-5, 0.0, -5e-5, 2e-5], 3),
                 ("hopeless: one a little too large", lambda t: False, [0.0, 0.0, -1.2e-6, 0.0, 0.0], 4),
                 ("hopeless: nan", lambda t: False, [np.nan] * 3, 6),
                 ("hopeless: one nan", lambda t: False, [0.0, 0.0, np.nan, 0.0], 3)]
    for case, lucky, otherwise, tries in searches:
        seed = int(rng.integers(10**6))
        solve, residuals_of = pretend(lucky, otherwise, seed)
        yield {"solve": solve, "residuals_of": residuals_of, "tries": tries, "seed": seed,
               "hopeless": case.startswith("hopeless"), "at_once": case.startswith("all"), "case": case}


def solutions_are_solutions(result, solve, residuals_of, tries, seed, hopeless, at_once):
    """What comes back is a solution, and None comes back only where a solution may be missed."""
    theta, _ = result
    if theta is None:
        return hopeless or (tries == 1 and not at_once)
    return np.all(np.abs(residuals_of(theta)) < 1e-6)


def failures_are_admitted(result, solve, residuals_of, tries, seed, hopeless, at_once):
    """Nothing comes back where there is nothing to find."""
    return not hopeless or result[0] is None


def starts_are_counted(result, solve, residuals_of, tries, seed, hopeless, at_once):
    """The number of starts is 1 if the first one works, the limit after a failure, and never above it."""
    theta, tried = result
    if at_once:
        return tried == 1
    return tried == tries if theta is None else 1 <= tried <= tries


def starts_come_from_the_seed(result, solve, residuals_of, tries, seed, hopeless, at_once):
    """A solution is what the pretend solver makes of start number `tried` of the seed's generator."""
    theta, tried = result
    if theta is None:
        return True
    numbers = [np.random.default_rng(seed).standard_normal((tries, 13)), np.random.RandomState(seed).randn(tries, 13)]
    return any(np.allclose(theta, -starts[int(tried) - 1]) for starts in numbers)


def fit_cases(rng):
    """A V of seven points, for real: almost every second start leads to a solution."""
    x = np.arange(-3.0, 4.0)
    residuals_of, jacobian_of = equations(x, np.abs(x - 0.5))
    yield {"solve": lambda start: solve_from(start, residuals_of, jacobian_of, 1), "residuals_of": residuals_of,
           "tries": 60, "seed": int(rng.integers(10**6)), "case": "seven points"}


def left_by_fit(result, solve, residuals_of, tries, seed):
    """The residuals of the fit. Raises: ValueError if there is none."""
    if result[0] is None:
        raise ValueError(f"no solution in {tries} tries, and almost every second start brings one")
    return residuals_of(result[0])


# %% nbgrader={"grade_id": "multi-start", "solution": true}
def multi_start(solve, residuals_of, tries, seed):
    """Solve from random starts until every residual is below 1e-6.

    solve(start): (13,) -> (13,), where the solver ends; residuals_of(theta): (13,) -> (N,);
    tries: the largest number of starts; seed: an integer for np.random.default_rng.
    Returns theta: (13,), a solution, or None if no start has led to one;
            tried: how many starts were used.
    """
    ### BEGIN SOLUTION
    rng = np.random.default_rng(seed)
    for tried in range(1, tries + 1):
        theta = solve(rng.standard_normal(13))
        largest = np.max(np.abs(residuals_of(theta)))
        if largest < 1e-6:  # False for nan
            return theta, tried
    return None, tries
    ### END SOLUTION

# %% nbgrader={"grade_id": "multi-start-check", "grade": true, "points": 3}
check.properties(multi_start, at=search_cases, points=3, finds_solutions=solutions_are_solutions,
                 admits_failure=failures_are_admitted, counts_its_starts=starts_are_counted,
                 takes_its_starts_from_the_seed=starts_come_from_the_seed)

# %% nbgrader={"grade_id": "multi-start-fit-check", "grade": true, "points": 1}
check.residuals(multi_start, of=left_by_fit, at=fit_cases, below=1e-6, points=1)

# %% tags=["mistake"] question="multi-start" says="The generator is made anew for every try, so every try has the same start."
def multi_start(solve, residuals_of, tries, seed):
    for tried in range(1, tries + 1):
        theta = solve(np.random.default_rng(seed).standard_normal(13))
        if np.max(np.abs(residuals_of(theta))) < 1e-6:
            return theta, tried
    return None, tries

# %% tags=["mistake"] question="multi-start" says="The seed is not used: every search has the same starts, whatever seed it is given."
def multi_start(solve, residuals_of, tries, seed):
    rng = np.random.default_rng(0)
    for tried in range(1, tries + 1):
        theta = solve(rng.standard_normal(13))
        if np.max(np.abs(residuals_of(theta))) < 1e-6:
            return theta, tried
    return None, tries

# %% tags=["mistake"] question="multi-start" says="Every try has a generator of its own, with another seed. One generator is made from the seed, and all starts are taken from it: else searches with neighbouring seeds share their starts."
def multi_start(solve, residuals_of, tries, seed):
    for tried in range(1, tries + 1):
        theta = solve(np.random.default_rng(seed + tried - 1).standard_normal(13))
        if np.max(np.abs(residuals_of(theta))) < 1e-6:
            return theta, tried
    return None, tries

# %% tags=["mistake"] question="multi-start" says="The starts are uniform between 0 and 1, so no parameter ever starts negative. Asked for are standard normals."
def multi_start(solve, residuals_of, tries, seed):
    rng = np.random.default_rng(seed)
    for tried in range(1, tries + 1):
        theta = solve(rng.random(13))
        if np.max(np.abs(residuals_of(theta))) < 1e-6:
            return theta, tried
    return None, tries

# %% tags=["mistake"] question="multi-start" says="Without absolute values a large negative residual passes as small."
def multi_start(solve, residuals_of, tries, seed):
    rng = np.random.default_rng(seed)
    for tried in range(1, tries + 1):
        theta = solve(rng.standard_normal(13))
        if np.max(residuals_of(theta)) < 1e-6:
            return theta, tried
    return None, tries

# %% tags=["mistake"] question="multi-start" says="Residuals of different sign cancel in a sum or a mean. Every single one has to be small."
def multi_start(solve, residuals_of, tries, seed):
    rng = np.random.default_rng(seed)
    for tried in range(1, tries + 1):
        theta = solve(rng.standard_normal(13))
        if abs(np.sum(residuals_of(theta))) < 1e-6:
            return theta, tried
    return None, tries

# %% tags=["mistake"] question="multi-start" says="A squared loss below 1e-6 still leaves room for residuals of almost 1e-3. The residuals themselves must be below 1e-6."
def multi_start(solve, residuals_of, tries, seed):
    rng = np.random.default_rng(seed)
    for tried in range(1, tries + 1):
        theta = solve(rng.standard_normal(13))
        if np.sum(residuals_of(theta) ** 2) < 1e-6:
            return theta, tried
    return None, tries

# %% tags=["mistake"] question="multi-start" says="When all tries have failed, the last parameters are returned as if they were a solution. An honest failure returns None."
def multi_start(solve, residuals_of, tries, seed):
    rng = np.random.default_rng(seed)
    for tried in range(1, tries + 1):
        theta = solve(rng.standard_normal(13))
        if np.max(np.abs(residuals_of(theta))) < 1e-6:
            break
    return theta, tried

# %% tags=["mistake"] question="multi-start" says="nan is neither above nor below 1e-6. Ask whether the largest residual is below, not whether it is above."
def multi_start(solve, residuals_of, tries, seed):
    rng = np.random.default_rng(seed)
    for tried in range(1, tries + 1):
        theta = solve(rng.standard_normal(13))
        if np.max(np.abs(residuals_of(theta))) >= 1e-6:
            continue
        return theta, tried
    return None, tries

# %% tags=["mistake"] question="multi-start" says="The number of starts is one too small: the loop counts from 0."
def multi_start(solve, residuals_of, tries, seed):
    rng = np.random.default_rng(seed)
    for tried in range(tries):
        theta = solve(rng.standard_normal(13))
        if np.max(np.abs(residuals_of(theta))) < 1e-6:
            return theta, tried
    return None, tries

# %% tags=["mistake"] question="multi-start" says="Judged are the residuals of the start. What counts is where the solver ends."
def multi_start(solve, residuals_of, tries, seed):
    rng = np.random.default_rng(seed)
    for tried in range(1, tries + 1):
        start = rng.standard_normal(13)
        if np.max(np.abs(residuals_of(start))) < 1e-6:
            return solve(start), tried
    return None, tries

# %% tags=["mistake"] question="multi-start" says="The search gives up after the first failure: the last return stands inside the loop."
def multi_start(solve, residuals_of, tries, seed):
    rng = np.random.default_rng(seed)
    for tried in range(1, tries + 1):
        theta = solve(rng.standard_normal(13))
        if np.max(np.abs(residuals_of(theta))) < 1e-6:
            return theta, tried
        return None, tried

# %% tags=["mistake"] question="multi-start" says="A norm adds up what all residuals leave, so that it rejects solutions: what has to be below 1e-6 is the largest of them."
def multi_start(solve, residuals_of, tries, seed):
    rng = np.random.default_rng(seed)
    for tried in range(1, tries + 1):
        theta = solve(rng.standard_normal(13))
        if np.linalg.norm(residuals_of(theta)) < 1e-6:
            return theta, tried
    return None, tries

# %% tags=["mistake"] question="multi-start" says="The limit is not the one that is asked for: every residual has to be below 1e-6, and one of 1.2e-6 is not."
def multi_start(solve, residuals_of, tries, seed):
    rng = np.random.default_rng(seed)
    for tried in range(1, tries + 1):
        theta = solve(rng.standard_normal(13))
        if np.max(np.abs(residuals_of(theta))) < 1e-5:
            return theta, tried
    return None, tries

# %% tags=["mistake"] question="multi-start" says="A nan among the residuals is passed over, and the rest looks like a solution. The largest residual is not a number then: the test must say no."
def multi_start(solve, residuals_of, tries, seed):
    rng = np.random.default_rng(seed)
    for tried in range(1, tries + 1):
        theta = solve(rng.standard_normal(13))
        if max(abs(r) for r in residuals_of(theta)) < 1e-6:
            return theta, tried
    return None, tries

# %% tags=["mistake"] question="multi-start" says="All tries are made and the best one is taken. The search is over with the first solution: any that is below 1e-6 will do."
def multi_start(solve, residuals_of, tries, seed):
    rng = np.random.default_rng(seed)
    best, found = np.inf, (None, tries)
    for tried in range(1, tries + 1):
        theta = solve(rng.standard_normal(13))
        largest = np.max(np.abs(residuals_of(theta)))
        if largest < min(best, 1e-6):
            best, found = largest, (theta, tried)
    return found

# %% tags=["alternative"] question="multi-start" name="a while loop"
def multi_start(solve, residuals_of, tries, seed):
    rng = np.random.default_rng(seed)
    tried = 0
    while tried < tries:
        tried += 1
        theta = solve(rng.normal(0, 1, size=13))
        if np.all(np.abs(residuals_of(theta)) < 1e-6):
            return theta, tried
    return None, tried

# %% tags=["alternative"] question="multi-start" name="all starts drawn beforehand, from another generator"
def multi_start(solve, residuals_of, tries, seed):
    starts = np.random.RandomState(seed).randn(tries, 13)
    for number, start in enumerate(starts, 1):
        theta = solve(start)
        if np.linalg.norm(residuals_of(theta), np.inf) < 1e-6:
            return [theta, number]
    return [None, tries]

# %% tags=["alternative"] question="multi-start" name="errors of the solver count as failures"
def multi_start(solve, residuals_of, tries, seed):
    rng = np.random.default_rng(seed)
    for tried in range(1, tries + 1):
        try:
            theta = solve(rng.standard_normal(13))
            r = residuals_of(theta)
        except (ValueError, FloatingPointError):
            continue
        if np.isfinite(r).all() and max(abs(r)) < 1e-6:
            return theta, np.int64(tried)
    return None, tries

# %% [markdown]
# ## 2.11 The hinges, one by one
#
# *Afterwards you can draw what each hidden unit adds to the output.*
#
# Everything but the constant $b_o$ comes from the four hinges. What hidden unit $i$ adds at input $x_s$ is
#
# $$p_{is} = w_{oi}\, \max(0,\; w_{hi}\, x_s + b_{hi}), \qquad f_s = b_o + \sum_i p_{is}$$
#
# This once, a **row is a hidden unit**: each row is a curve to draw.
#
# Shapes: three times $(4,)$, $x$ $(N,)$ $\to$ $(4, N)$.

# %% nbgrader={"grade_id": "hinge-pieces", "solution": true}
def hinge_pieces(w_h, b_h, w_o, x):
    """What each hidden unit adds to the output.

    w_h, b_h, w_o: (4,); x: (N,). Returns an array (4, N): row i is the piece of hidden unit i.
    """
    ### BEGIN SOLUTION
    z = np.outer(w_h, x) + b_h[:, np.newaxis]
    return w_o[:, np.newaxis] * np.maximum(0, z)
    ### END SOLUTION

# %% nbgrader={"grade_id": "hinge-pieces-check", "grade": true, "points": 1}
check.values(hinge_pieces, at=forward_cases, points=1)

# %% tags=["mistake"] question="hinge-pieces" says="These are the activations. What a unit adds to the output is its activation times its output weight, which can turn it upside down."
def hinge_pieces(w_h, b_h, w_o, x):
    return np.maximum(0, np.outer(w_h, x) + b_h[:, np.newaxis])

# %% tags=["mistake"] question="hinge-pieces" says="The output weight stands outside the max: inside, a negative weight would not turn a hinge downwards but switch it off."
def hinge_pieces(w_h, b_h, w_o, x):
    return np.maximum(0, w_o[:, np.newaxis] * (np.outer(w_h, x) + b_h[:, np.newaxis]))

# %% tags=["mistake"] question="hinge-pieces" says="A row is a hidden unit here: this is transposed."
def hinge_pieces(w_h, b_h, w_o, x):
    return w_o * np.maximum(0, np.outer(x, w_h) + b_h)

# %% tags=["alternative"] question="hinge-pieces" name="one curve after the other"
def hinge_pieces(w_h, b_h, w_o, x):
    return np.array([w_o[i] * np.maximum(0, w_h[i] * x + b_h[i]) for i in range(4)])

# %% tags=["alternative"] question="hinge-pieces" name="rows of samples, transposed at the end"
def hinge_pieces(w_h, b_h, w_o, x):
    z = x[:, np.newaxis] * w_h + b_h
    return (np.where(z > 0, z, 0) * w_o).T

# %% [markdown]
# ### Four hinges add up to the data
#
# Now everything together: random starts, your Jacobian, your pieces. Data set 2 takes some fifty starts, data set 1 more
# than a thousand. Below each fit are its four hinges. Find the kinks of the sum in the pieces, and find the pieces
# whose slopes cancel. The table below has every number of the fit: at which inputs is which unit on?

# %% tags=["experiment"]
def fit(x, y, tries, seed):
    """Fit the net to a data set; returns theta or None, and says how it went."""
    residuals_of, jacobian_of = equations(x, y)
    begin = time.perf_counter()
    theta, tried = multi_start(lambda start: solve_from(start, residuals_of, jacobian_of, 1), residuals_of, tries, seed)
    seconds = time.perf_counter() - begin
    if theta is None:
        print(f"{len(x)} points: no solution in {tried:,} starts ({seconds:.1f} s)")
    else:
        print(f"{len(x)} points: solved at start {tried:,} ({seconds:.1f} s), "
              f"largest residual {np.abs(residuals_of(theta)).max():.0e}")
    return theta


def report(theta, x, y):
    """Print the 13 parameters, and for each input: pre-activations, activations, output, target and residual."""
    w_h, b_h, w_o, b_o = split(theta)
    z, h, f = hinge_forward(w_h, b_h, w_o, b_o, x)
    for name, numbers in (("w_h", w_h), ("b_h", b_h), ("w_o", w_o), ("b_o", [b_o])):
        print(f"{name} =", " ".join(f"{number:10.5f}" for number in numbers))
    print(f"{'x':>3}{'z1 to z4':^34}{'h1 to h4':^34}{'f':>9}{'y':>6}  residual")
    for row in zip(x, z, h, f, y):
        parts = "  ".join("".join(f"{number:8.3f}" for number in part) for part in row[1:3])
        print(f"{row[0]:3.0f}{parts}{row[3]:9.4f}{row[4]:6.1f}  {row[3] - row[4]:8.0e}")


def draw_fit(theta, x, y, title):
    """The fit on a fine grid, above, and its four hinges, below."""
    w_h, b_h, w_o, b_o = split(theta)
    fine = np.linspace(x[0], x[-1], 601)
    plots.hinges(fine, hinge_pieces(w_h, b_h, w_o, fine), points=(x, y), offset=b_o,
                 title=f"{title}, $b_o$ = {b_o:.2f}")
    plt.show()


with check.once_written():
    for x, y, title in ((x2, y2, "Data set 2: four hinges add up"), (x1, y1, "Data set 1: four hinges add up")):
        theta = fit(x, y, tries=20_000, seed=0)
        if theta is not None:
            draw_fit(theta, x, y, title)
            report(theta, x, y)

# %% [markdown]
# ### Not unique
#
# Three more fits of data set 2, from other seeds. All three leave nothing over at the eleven points. Look at their
# parameters, and look at what they say where there are no data.

# %% tags=["experiment"]
with check.once_written():
    found = {seed: fit(x2, y2, tries=20_000, seed=seed) for seed in (1, 5, 8)}
    wide = np.linspace(-4, 15, 800)
    figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
    for (seed, theta), dash in zip(found.items(), plots.DASHES):
        if theta is not None:
            print(f"seed {seed}: θ =", " ".join(f"{parameter:6.2f}" for parameter in theta))
            axis.plot(wide, hinge_forward(*split(theta), wide)[2], dash, label=f"seed {seed}")
    axis.plot(x2, y2, "o", color="black", markersize=4, label="data")
    axis.set(title="The same data, three exact fits", xlabel="x", ylabel="output", ylim=(-5, 12))
    axis.legend()
    plt.show()

# %% [markdown]
# ### How many starts does it take?
#
# The number of starts is a matter of luck. If each start succeeds with probability $p$, independently of the others,
# then $1/p$ starts are needed on average, and half of all searches are over after $0.69 / p$ starts. So a limit on the
# tries must be several times $1/p$, or the search fails where it need not. Does your search behave like that?
# (Data set 1 costs a second or more for each search. It joins in when `FULL` is on.)

# %% tags=["experiment"]
def starts_needed(x, y, searches):
    """How many starts each of so many searches takes, in increasing order."""
    residuals_of, jacobian_of = equations(x, y)
    return np.sort([multi_start(lambda start: solve_from(start, residuals_of, jacobian_of, 1), residuals_of, 20_000,
                                seed)[1] for seed in tqdm(range(searches), disable=not FULL, leave=False)])


with check.once_written():
    luck = {f"data set 2, {200 if FULL else 25} searches": starts_needed(x2, y2, 200 if FULL else 25)}
    if FULL:
        luck["data set 1, 60 searches"] = starts_needed(x1, y1, 60)
    figure, axis = plt.subplots(figsize=(7, 3.6), layout="constrained")
    for (name, needed), color in zip(luck.items(), plots.COLORS):
        print(f"{name}: {needed.mean():,.0f} starts on average, at most {needed.max():,}")
        axis.step(needed, np.arange(1, len(needed) + 1) / len(needed), where="post", color=color, label=name)
        grid = np.geomspace(1, needed.max(), 300)
        axis.plot(grid, 1 - np.exp(-grid / needed.mean()), ":", color=color, label="pure luck with the same average")
    axis.set(title="How many starts until a solution?", xlabel="starts", ylabel="share of searches that are done",
             xscale="log")
    axis.legend(fontsize=9)
    plt.show()
    for name, needed in luck.items():
        print(f"{name}: of 100 starts {100 / needed.mean():.2g} succeed. You predicted {float(predict_fits()[1]):g} for set 2.")

# %% [markdown]
# Our own solution needed 47 starts on average for data set 2 (200 searches, the longest 216) and 1,246 for data set 1
# (60 searches, the longest 6,228).
#
# ## 2.12 No search at all
#
# *Afterwards you can read a solution off the data.*
#
# A thousand starts are a lot for a picture that one can understand. Data set 1 is made of four straight pieces with
# three kinks, at $x = 4$, $6$ and $8$. Write down 13 parameters that fit it, from the drawing alone:
#
# - A hinge $\max(0,\; x - a)$ is zero on the left of $a$ and has slope 1 on the right. With $w_{hi} = -1$ it opens
#   to the left.
# - At each kink the slope of the data **changes**. By how much?
# - You have four hinges for four slopes, and $b_o$ for the height.
#
# There are many right answers. Yours is right if no residual is above $10^{-6}$.

# %% nbgrader={"grade_id": "read-off-cases", "locked": true}
def left_on_data_1(theta):
    """The residuals of the parameters on data set 1."""
    return hinge_residuals(*split(theta), x1, y1)


# %% nbgrader={"grade_id": "read-off", "solution": true}
def read_off():
    """Thirteen parameters that fit data set 1, found without a solver.

    Returns theta: array (13,), in the order w_h, b_h, w_o, b_o.
    """
    ### BEGIN SOLUTION
    # From 8 down to 0 at x = 4: a hinge to the left with slope -2. Then +2, and changes by -4 at 6 and +4 at 8.
    w_h = [-1, 1, 1, 1]
    b_h = [4, -4, -6, -8]
    w_o = [2, 2, -4, 4]
    b_o = 0
    return np.array([*w_h, *b_h, *w_o, b_o])
    ### END SOLUTION

# %% nbgrader={"grade_id": "read-off-check", "grade": true, "points": 2}
check.residuals(read_off, of=left_on_data_1, at=[{}], below=1e-6, points=2)

# %% tags=["mistake"] question="read-off" says="Hinges add up: what a hinge brings in at its kink is the change of the slope, not the slope of the next piece."
def read_off():
    return np.array([-1, 1, 1, 1, 4, -4, -6, -8, 2, 2, -2, 2, 0])

# %% tags=["mistake"] question="read-off" says="The kinks lie on the wrong side of zero: w_h x + b_h vanishes at x = -b_h / w_h, so a kink at 6 needs a b_h of -6 if w_h is 1."
def read_off():
    return np.array([-1, 1, 1, 1, -4, 4, 6, 8, 2, 2, -4, 4, 0])

# %% tags=["mistake"] question="read-off" says="The parameters stand unit by unit. The order is all of w_h, all of b_h, all of w_o, b_o."
def read_off():
    return np.array([-1, 4, 2, 1, -4, 2, 1, -6, -4, 1, -8, 4, 0])

# %% tags=["alternative"] question="read-off" name="all hinges to the right, with a height"
def read_off():
    return np.array([1.0, 1, 1, 1, 5, -4, -6, -8, -2, 4, -4, 4, 18])

# %% tags=["alternative"] question="read-off" name="from right to left, rescaled"
def read_off():
    w_h = np.array([2, -1, -1, -0.5])
    return np.concatenate([w_h, -w_h * np.array([8, 8, 6, 4]), [1, 2, -4, 8], [0]])

# %% [markdown]
# Your solution beside the data, once more with its pieces. Compare it with what the search has found.

# %% tags=["experiment"]
with check.once_written():
    draw_fit(np.asarray(read_off(), float), x1, y1, "Data set 1, read off by eye")

# %% [markdown]
# # Which slip is it?
#
# Six functions of earlier problem sets, each with one slip in it, and what the self-check said of it. Read the report first:
# which results are wrong, and is it a factor, a sign, a shape, or only some entries? Then find the line. For each, return the
# number of the sentence that fits.
#
# <!-- slips from ps1_two_layer_nets: 6, draw 2 -->

# %% [markdown]
# ### Slip 1
#
# Problem set 1, 2.4, asked for this:
#
# ```python
# def sigmoid_gradients(W2, X, Y, H, F):
#     """The gradients of the loss of the sigmoid net, from the cache of its forward pass.
#
#     W2: (n, m), X: (n, t), Y: (n, t);
#     H: (m, t), activations after the sigmoid; F: (n, t), outputs.
#     Returns dW1: (m, n) and dW2: (n, m)."""
# ```
#
# Somebody has written:
#
# ```python
# def sigmoid_gradients(W2, X, Y, H, F):
#     dF = 2 / X.shape[1] * (F - Y)
#     return W2.T @ dF @ X.T, dF @ H.T
# ```
#
# The self-check says:
#
# ```text
# dW1: wrong, dW1[0, 4] is about 33 times too large (m = 3, n = 5, t = 4)
# dW2: right
# ```
#
# Which idea is behind it?
#
# 1. The sigmoid has been applied twice: H is already sigma(Z), and the slope at Z is made of H directly.
# 2. On the way back to W1 the slope of the sigmoid is missing: these are the gradients of a net whose hidden layer is linear.
# 3. The slope is that of each sample at its own Z: here it has been averaged over the samples before it was used.
# 4. The loss is a mean over the samples: both gradients lack the division by t.

# %% nbgrader={"grade_id": "slip-1", "solution": true}
def slip_1():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 2
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-1-check", "grade": true, "points": 1}
check.answer(slip_1, points=1)

# %% tags=["mistake"] question="slip-1" says="Not 1: of that slip the self-check would say otherwise: dW1: wrong, dW1[0, 4] is about 6.8 times too large (m = 3, n = 5, t = 4); dW2: right"
def slip_1():
    return 1

# %% tags=["mistake"] question="slip-1" says="Not 3: of that slip the self-check would say otherwise: dW1: wrong, dW1[0, 4] is about 2.7 times too large (m = 3, n = 5, t = 4); dW2: right"
def slip_1():
    return 3

# %% tags=["mistake"] question="slip-1" says="Not 4: of that slip the self-check would say otherwise: dW1: wrong, dW1[1, 4] is about 4 times too large (m = 3, n = 5, t = 4); dW2: wrong, dW2[0, 1] is about 4 times too large (m = 3, n = 5, t = 4)"
def slip_1():
    return 4

# %% [markdown]
# ### Slip 2
#
# Problem set 1, 1.5, asked for this:
#
# ```python
# def linear_gradients(W1, W2, X, Y):
#     """The gradients of the loss of the linear net, over all samples.
#
#     W1: (m, n), W2: (n, m), X: (n, t), Y: (n, t).
#     Returns dW1: (m, n) and dW2: (n, m)."""
# ```
#
# Somebody has written:
#
# ```python
# def linear_gradients(W1, W2, X, Y):
#     t = X.shape[1]
#     for s in range(t):
#         x, y = X[:, s], Y[:, s]
#         r = W2 @ W1 @ x - y
#         dW1 = 2 / t * np.outer(W2.T @ r, x)
#         dW2 = 2 / t * np.outer(r, W1 @ x)
#     return dW1, dW2
# ```
#
# The self-check says:
#
# ```text
# dW1: wrong, dW1[0, 0] is about 8.6 times too small (m = 3, n = 5, t = 4)
# dW2: wrong, dW2[4, 1] is about 1.6e+02 times too small (m = 3, n = 5, t = 4)
# ```
#
# Which idea is behind it?
#
# 1. The sign is turned around: the residual is output minus target, and with target minus output the gradient points downhill.
# 2. The loss is a mean over the samples, so each gradient is divided by t as well.
# 3. len(X) is the number of rows, the n inputs: the samples are the columns.
# 4. The loop over the samples writes over the gradient each time, so that only the last sample is left: add the samples up.

# %% nbgrader={"grade_id": "slip-2", "solution": true}
def slip_2():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 4
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-2-check", "grade": true, "points": 1}
check.answer(slip_2, points=1)

# %% tags=["mistake"] question="slip-2" says="Not 1: of that slip the self-check would say otherwise: dW1: wrong, dW1[0, 0] has the wrong sign (m = 3, n = 5, t = 4); dW2: wrong, dW2[4, 1] has the wrong sign (m = 3, n = 5, t = 4)"
def slip_2():
    return 1

# %% tags=["mistake"] question="slip-2" says="Not 2: of that slip the self-check would say otherwise: dW1: wrong, dW1[0, 0] is about 4 times too large (m = 3, n = 5, t = 4); dW2: wrong, dW2[4, 1] is about 4 times too large (m = 3, n = 5, t = 4)"
def slip_2():
    return 2

# %% tags=["mistake"] question="slip-2" says="Not 3: of that slip the self-check would say otherwise: dW1: wrong, dW1[0, 0] is about 1.3 times too small (m = 3, n = 5, t = 4); dW2: wrong, dW2[4, 1] is about 1.3 times too small (m = 3, n = 5, t = 4)"
def slip_2():
    return 3

# %% [markdown]
# ### Slip 3
#
# Problem set 1, 2.3, asked for this:
#
# ```python
# def sigmoid_jacobians(W2, x, h):
#     """The Jacobians of the sigmoid net for one sample.
#
#     W2: (n, m), x: (n,); h: (m,), activations after the sigmoid.
#     Returns J1: (n, m, n) with J1[i, j, k] = d f[i] / d W1[j, k],
#             J2: (n, n, m) with J2[i, j, k] = d f[i] / d W2[j, k]."""
# ```
#
# Somebody has written:
#
# ```python
# def sigmoid_jacobians(W2, x, h):
#     return np.einsum("ij,k->ijk", W2, x), np.einsum("ij,k->ijk", np.eye(len(x)), h)
# ```
#
# The self-check says:
#
# ```text
# J1: wrong, J1[2, 2, 3] is about 4.6 times too large (m = 3, n = 5)
# J2: right
# ```
#
# Which idea is behind it?
#
# 1. The sigmoid's slope has slipped into J2: W2 stands behind the sigmoid, and its weights meet the activation itself.
# 2. All hidden numbers have got the mean slope: the sigmoid acts on each by itself, at its own z.
# 3. The sigmoid's slope is missing in J1: a weight of the first layer moves z, and h moves with z by the slope of the sigmoid.
# 4. W1 has m rows: only the first n of them have been filled, and where there are more hidden units than inputs the rest has stayed zero.

# %% nbgrader={"grade_id": "slip-3", "solution": true}
def slip_3():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 3
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-3-check", "grade": true, "points": 1}
check.answer(slip_3, points=1)

# %% tags=["mistake"] question="slip-3" says="Not 1: of that slip the self-check would say otherwise: J1: right; J2: wrong, J2[1, 1, 0] is about 4.3 times too small (m = 3, n = 5)"
def slip_3():
    return 1

# %% tags=["mistake"] question="slip-3" says="Not 2: of that slip the self-check would say otherwise: J1: wrong, J1[2, 1, 3] is too small, by 1e+01 % (m = 3, n = 5); J2: right"
def slip_3():
    return 2

# %% tags=["mistake"] question="slip-3" says="Not 4: of that slip the self-check would say otherwise: J1: wrong, J1[2, 4, 0] is 0 and should not be (m = 6, n = 3); J2: right"
def slip_3():
    return 4

# %% [markdown]
# ### Slip 4
#
# Problem set 1, 1.5, asked for this:
#
# ```python
# def linear_gradients(W1, W2, X, Y):
#     """The gradients of the loss of the linear net, over all samples.
#
#     W1: (m, n), W2: (n, m), X: (n, t), Y: (n, t).
#     Returns dW1: (m, n) and dW2: (n, m)."""
# ```
#
# Somebody has written:
#
# ```python
# def linear_gradients(W1, W2, X, Y):
#     t = X.shape[1]
#     R = W2 @ W1 @ X - Y
#     return W2.T @ R @ X.T / t, R @ (W1 @ X).T / t
# ```
#
# The self-check says:
#
# ```text
# dW1: wrong, dW1[0, 0] is about 2 times too small (m = 3, n = 5, t = 4)
# dW2: wrong, dW2[4, 1] is about 2 times too small (m = 3, n = 5, t = 4)
# ```
#
# Which idea is behind it?
#
# 1. The number of samples is that of the arrays you are given, their number of columns: it is not always 25.
# 2. The loss is a mean over the samples, so each gradient is divided by t as well.
# 3. The derivative of the square brings a factor 2 down. It is missing in both gradients.
# 4. len(X) is the number of rows, the n inputs: the samples are the columns.

# %% nbgrader={"grade_id": "slip-4", "solution": true}
def slip_4():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 3
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-4-check", "grade": true, "points": 1}
check.answer(slip_4, points=1)

# %% tags=["mistake"] question="slip-4" says="Not 1: of that slip the self-check would say otherwise: dW1: wrong, dW1[0, 0] is about 6.3 times too small (m = 3, n = 5, t = 4); dW2: wrong, dW2[4, 1] is about 6.3 times too small (m = 3, n = 5, t = 4)"
def slip_4():
    return 1

# %% tags=["mistake"] question="slip-4" says="Not 2: of that slip the self-check would say otherwise: dW1: wrong, dW1[0, 0] is about 4 times too large (m = 3, n = 5, t = 4); dW2: wrong, dW2[4, 1] is about 4 times too large (m = 3, n = 5, t = 4)"
def slip_4():
    return 2

# %% tags=["mistake"] question="slip-4" says="Not 4: of that slip the self-check would say otherwise: dW1: wrong, dW1[0, 0] is about 1.3 times too small (m = 3, n = 5, t = 4); dW2: wrong, dW2[4, 1] is about 1.3 times too small (m = 3, n = 5, t = 4)"
def slip_4():
    return 4

# %% [markdown]
# ### Slip 5
#
# Problem set 1, 2.4, asked for this:
#
# ```python
# def sigmoid_gradients(W2, X, Y, H, F):
#     """The gradients of the loss of the sigmoid net, from the cache of its forward pass.
#
#     W2: (n, m), X: (n, t), Y: (n, t);
#     H: (m, t), activations after the sigmoid; F: (n, t), outputs.
#     Returns dW1: (m, n) and dW2: (n, m)."""
# ```
#
# Somebody has written:
#
# ```python
# def sigmoid_gradients(W2, X, Y, H, F):
#     dF = 2 / X.shape[1] * (F - Y)
#     slope = np.mean(H * (1 - H), axis=1, keepdims=True)
#     return (W2.T @ dF * slope) @ X.T, dF @ H.T
# ```
#
# The self-check says:
#
# ```text
# dW1: wrong, dW1[0, 4] is about 2.7 times too large (m = 3, n = 5, t = 4)
# dW2: right
# ```
#
# Which idea is behind it?
#
# 1. 1 - H² is the slope of tanh. The slope of the logistic function is H (1 - H).
# 2. The loss is a mean over the samples: both gradients lack the division by t.
# 3. W2 comes after the sigmoid, so its gradient holds the activation H itself: the slope belongs only to what lies before the sigmoid, to W1.
# 4. The slope is that of each sample at its own Z: here it has been averaged over the samples before it was used.

# %% nbgrader={"grade_id": "slip-5", "solution": true}
def slip_5():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 4
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-5-check", "grade": true, "points": 1}
check.answer(slip_5, points=1)

# %% tags=["mistake"] question="slip-5" says="Not 1: of that slip the self-check would say otherwise: dW1: wrong, dW1[0, 4] is about 7.1 times too large (m = 3, n = 5, t = 4); dW2: right"
def slip_5():
    return 1

# %% tags=["mistake"] question="slip-5" says="Not 2: of that slip the self-check would say otherwise: dW1: wrong, dW1[1, 4] is about 4 times too large (m = 3, n = 5, t = 4); dW2: wrong, dW2[0, 1] is about 4 times too large (m = 3, n = 5, t = 4)"
def slip_5():
    return 2

# %% tags=["mistake"] question="slip-5" says="Not 3: of that slip the self-check would say otherwise: dW1: right; dW2: wrong, dW2[4, 2] is about 24 times too small (m = 3, n = 5, t = 4)"
def slip_5():
    return 3

# %% [markdown]
# ### Slip 6
#
# Problem set 1, 2.3, asked for this:
#
# ```python
# def sigmoid_jacobians(W2, x, h):
#     """The Jacobians of the sigmoid net for one sample.
#
#     W2: (n, m), x: (n,); h: (m,), activations after the sigmoid.
#     Returns J1: (n, m, n) with J1[i, j, k] = d f[i] / d W1[j, k],
#             J2: (n, n, m) with J2[i, j, k] = d f[i] / d W2[j, k]."""
# ```
#
# Somebody has written:
#
# ```python
# def sigmoid_jacobians(W2, x, h):
#     n, m = W2.shape
#     J1, J2 = np.zeros((n, m, n)), np.zeros((n, n, m))
#     for i in range(n):
#         for j in range(min(n, m)):
#             J1[i, j] = W2[i, j] * h[j] * (1 - h[j]) * x
#         J2[i, i] = h
#     return J1, J2
# ```
#
# The self-check says:
#
# ```text
# J1: wrong, J1[2, 4, 0] is 0 and should not be (m = 6, n = 3)
# J2: right
# ```
#
# Which idea is behind it?
#
# 1. W1 has m rows: only the first n of them have been filled, and where there are more hidden units than inputs the rest has stayed zero.
# 2. The sigmoid's slope has slipped into J2: W2 stands behind the sigmoid, and its weights meet the activation itself.
# 3. The sigmoid's slope is missing in J1: a weight of the first layer moves z, and h moves with z by the slope of the sigmoid.
# 4. All hidden numbers have got the mean slope: the sigmoid acts on each by itself, at its own z.

# %% nbgrader={"grade_id": "slip-6", "solution": true}
def slip_6():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 1
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-6-check", "grade": true, "points": 1}
check.answer(slip_6, points=1)

# %% tags=["mistake"] question="slip-6" says="Not 2: of that slip the self-check would say otherwise: J1: right; J2: wrong, J2[1, 1, 0] is about 4.3 times too small (m = 3, n = 5)"
def slip_6():
    return 2

# %% tags=["mistake"] question="slip-6" says="Not 3: of that slip the self-check would say otherwise: J1: wrong, J1[2, 2, 3] is about 4.6 times too large (m = 3, n = 5); J2: right"
def slip_6():
    return 3

# %% tags=["mistake"] question="slip-6" says="Not 4: of that slip the self-check would say otherwise: J1: wrong, J1[2, 1, 3] is too small, by 1e+01 % (m = 3, n = 5); J2: right"
def slip_6():
    return 4

# %% [markdown]
# <!-- end of slips -->

# %% [markdown]
# # What to read next
#
# - Stephen Boyd and Lieven Vandenberghe, *Convex Optimization* (2004), section 6.1: fitting with absolute values, with
#   squares, and with losses in between. <https://web.stanford.edu/~boyd/cvxbook/>
# - Jorge Nocedal and Stephen Wright, *Numerical Optimization* (2006): chapter 10 on nonlinear least squares,
#   chapter 11 on nonlinear equations, with what can go wrong where the Jacobian is singular.
# - M. J. D. Powell, "A hybrid method for nonlinear equations", in *Numerical Methods for Nonlinear Algebraic
#   Equations* (1970): the method inside `fsolve`. It comes from the Fortran library MINPACK (Jorge Moré, Burton Garbow
#   and Kenneth Hillstrom, *User Guide for MINPACK-1*, 1980).
# - The page of `scipy.optimize.fsolve` in scipy's documentation, and beside it that of `least_squares`.
#   <https://docs.scipy.org/doc/scipy/reference/optimize.html>
# - Chiyuan Zhang, Samy Bengio, Moritz Hardt, Benjamin Recht and Oriol Vinyals, "Understanding deep learning requires
#   rethinking generalization" (2016), <https://arxiv.org/abs/1611.03530>: nets that fit anything exactly. The short
#   proof there, that a ReLU net with one hidden layer can hit any $n$ targets, is what you did in 2.12.
