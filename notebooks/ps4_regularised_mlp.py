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
# # Problem set 4: minibatches, weight decay, gradient checking
#
# **What you will learn.** You take the gradient of a net with one hidden ReLU layer, a softmax and a penalty on its
# weights, one small step at a time. You write your own gradient checker, so that from now on you need nobody to tell
# you whether a gradient is right. Then you do all samples of a minibatch at once, train with it, and look at what
# hidden units, training time and weight decay do: first on points in the plane, then on pictures of clothing.
#
# **What you need.** Problem sets 1 and 3, or their contents: the chain rule through a layer, softmax, cross-entropy.
#
# **How long it takes.** About six hours: there are many questions, and most are short. Solved, everything together
# computes for about half a minute, and for less than a minute and a half on a machine that is busy with other things.
#
# **How it works.** As before: you write functions, and under each is a self-check. A function gets all it needs as
# arguments, uses nothing else, and leaves its arguments as they are. You may call your functions from
# earlier questions; a mistake there is then a mistake here too.

# %%
import time

import matplotlib.pyplot as plt
import numpy as np
from scipy import special
from tqdm import tqdm

from helpers import check, data, plots, threads
from helpers import gradients as numerical

threads.limit(1)  # these matrices are small: several threads would only wait for each other

FULL = False  # True: the experiments at the end use all images there are, with a progress bar

# %% [markdown]
# ## Words and shapes, and which axis is the sample
#
# **In this problem set a column is a sample.** One sample is a vector, $K$ samples are a matrix with $K$ columns.
#
# | symbol | shape | what it is |
# |---|---|---|
# | $d$, $d_h$, $m$ | | number of inputs, of hidden units, of classes |
# | $K$ | | number of samples in a minibatch |
# | $x$, $y$ | $(d,)$, one integer | one sample and its class, from 0 to $m - 1$ |
# | `X`, `y` | $(d, K)$, $(K,)$ | $K$ samples, one a column, and their classes |
# | $W_1$, $b_1$ | $(d_h, d)$, $(d_h,)$ | weights and biases of the hidden layer |
# | $W_2$, $b_2$ | $(m, d_h)$, $(m,)$ | weights and biases of the output layer |
# | $h_a$, $h_s$ | $(d_h,)$ | the hidden layer before and after its ReLU (a: pre-activation, s: the output, called activation) |
# | $o_a$, $o_s$ | $(m,)$ | the output layer before and after its softmax |
#
# Capital letters mean all samples of a minibatch: $H_a$ is $(d_h, K)$, $O_s$ is $(m, K)$. In the code `d_oa` is the
# derivative of the loss with respect to $o_a$, and `dW1` the one with respect to $W_1$. A derivative has the shape of
# what it is taken with respect to. What arrives at the output of a step in the backward pass is its *upstream gradient*.

# %% [markdown]
# <!-- include notation.md -->

# %% nbgrader={"grade_id": "the-cases", "locked": true}
# The small numbers that the checks of parts 1 and 2 try your functions on.

def argument_cases(rng):
    """Ordinary numbers, and numbers far out on both sides."""
    yield {"x": 2 * rng.standard_normal((3, 4)), "case": "ordinary numbers"}
    yield {"x": np.array([-800.0, -50.0, -1.0, 1.0, 50.0, 800.0]) * rng.uniform(0.9, 1.0), "case": "far out"}


def symbol_cases(rng):
    """Any numbers, in the place of the symbols s and t."""
    for size in (4, 6):
        yield {"s": 2 * rng.standard_normal(size), "t": 2 * rng.standard_normal(size)}


def slope_cases(rng):
    """Places where slopes are measured, and what the sigmoid and tanh are there."""
    for size in (4, 6):
        place = rng.standard_normal((2, size))
        yield {"s": special.expit(place[0]), "t": np.tanh(place[1]), "sigmoid": place[0], "tanh": place[1]}


def kink_cases(rng):
    """Numbers of both signs, zeros among them and one that is nearly 0, and what a zero gets; integers in the last case."""
    for size, at_zero in ((5, float(rng.uniform(0.2, 0.4))), (8, float(rng.uniform(0.6, 0.8)))):
        x = rng.choice([-1.0, 1.0], size) * rng.uniform(0.2, 2.0, size)
        x[:4] = rng.permutation([-abs(x[0]), abs(x[1]), 0.0, -0.0])
        x[4] = np.sign(x[4]) * 2**-12
        yield {"x": x, "at_zero": at_zero, "absolute": x, "relu": x, "squared": x, "case": f"{at_zero:.2g} at zero"}
    x = rng.permutation([-2, -1, 0, 0, 1, 3])
    yield {"x": x, "at_zero": float(rng.uniform(0.2, 0.8)), "absolute": x, "relu": x, "squared": x, "case": "integers"}


def size_cases(rng):
    """Numbers of inputs, hidden units and classes."""
    for d, d_h, m in [(784, 64, 10), *rng.permuted(np.tile(np.arange(2, 40), (3, 1)), axis=1)[:, :3].tolist()]:
        yield {"d": int(d), "d_h": int(d_h), "m": int(m), "case": f"d = {d}, d_h = {d_h}, m = {m}"}


def smooth_sum(sigmoid, tanh):
    """A sum of sigmoids and of tanhs: its derivative with respect to each entry is the slope of one of them."""
    return np.sum(special.expit(sigmoid)) + np.sum(np.tanh(tanh))


def kinked_sum(absolute, relu, squared):
    """A sum of absolute values, one of ReLUs, and one of squares."""
    return np.sum(np.abs(absolute)) + np.sum(np.maximum(relu, 0)) + np.sum(squared**2)


# %% [markdown]
# # Part 1: a little theory
#
# Short formulas, which you find on paper and then type in. The checks compare them with finite differences, or put in
# numbers for the symbols.

# %% [markdown]
# ## 1.1 The sigmoid is a tanh in disguise
#
# *Afterwards you can make either of the two from the other, and have a logarithm of a probability that never becomes
# minus infinity.*
#
# $$\sigma(x) = \frac{1}{1 + e^{-x}}, \qquad \tanh(x) = \frac{e^{x} - e^{-x}}{e^{x} + e^{-x}}$$
#
# One runs from 0 to 1, the other from −1 to 1, and both are S-shaped. **First**, write $\sigma$ as a stretched and shifted
# $\tanh$. (Hint: multiply numerator and denominator of $\sigma$ by $e^{x/2}$.) Use `np.tanh` and no exponential: then
# nothing can overflow.
#
# **Then its logarithm.** A loss takes the logarithm of a probability, and for $x = -800$ the computer's $\sigma(x)$ is exactly
# 0. So take the logarithm on paper. Show that
#
# $$\log \sigma(x) = -\,\mathrm{softplus}(-x), \qquad \mathrm{softplus}(x) = \log(1 + e^{x})$$
#
# and compute that. For a large argument the softplus is nearly the argument itself, but $e^x$ overflows on the
# way. `np.logaddexp(a, b)` is $\log(e^a + e^b)$ without overflow; and $1 = e^0$.
#
# Shapes: any shape $\to$ two arrays of the same shape.

# %% nbgrader={"grade_id": "sigmoid-and-log", "solution": true}
def sigmoid_and_log(x):
    """The logistic function of every entry, made from np.tanh, and its logarithm, finite for every finite x.

    x: array of any shape. Returns two arrays of the same shape.
    """
    ### BEGIN SOLUTION
    return (1 + np.tanh(x / 2)) / 2, -np.logaddexp(0, -x)
    ### END SOLUTION

# %% nbgrader={"grade_id": "sigmoid-and-log-check", "grade": true, "points": 2}
check.values(sigmoid_and_log, at=argument_cases, returns=("sigmoid", "logarithm"), points=2)

# %% tags=["mistake"] question="sigmoid-and-log" says="The range is right, the steepness is not: at x the sigmoid is as far on its way as tanh is at x/2."
def sigmoid_and_log(x):
    return (1 + np.tanh(x)) / 2, -np.logaddexp(0, -x)

# %% tags=["mistake"] question="sigmoid-and-log" says="This still runs from −1 to 1: the sigmoid runs from 0 to 1, so tanh has to be shifted up and halved."
def sigmoid_and_log(x):
    return np.tanh(x / 2), -np.logaddexp(0, -x)

# %% tags=["mistake"] question="sigmoid-and-log" says="For a very negative x the sigmoid is rounded to 0 and its logarithm is minus infinity: take the logarithm on paper, not of the rounded number."
def sigmoid_and_log(x):
    s = (1 + np.tanh(x / 2)) / 2
    return s, np.log(s)

# %% tags=["mistake"] question="sigmoid-and-log" says="The argument of the softplus has the wrong sign: this is the logarithm of 1 − σ(x)."
def sigmoid_and_log(x):
    return (1 + np.tanh(x / 2)) / 2, -np.logaddexp(0, x)

# %% tags=["mistake"] question="sigmoid-and-log" says="A probability is at most 1, so its logarithm is never positive: a minus sign is missing in front."
def sigmoid_and_log(x):
    return (1 + np.tanh(x / 2)) / 2, np.logaddexp(0, -x)

# %% tags=["alternative"] question="sigmoid-and-log" name="factors in front, and x minus softplus"
def sigmoid_and_log(x):
    return 0.5 + 0.5 * np.tanh(0.5 * x), x - np.logaddexp(0, x)

# %% tags=["alternative"] question="sigmoid-and-log" name="with the exponential of −|x|"
def sigmoid_and_log(x):
    return special.expit(x), np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))

# %% [markdown]
# ## 1.2 Two slopes that come for free
#
# *Afterwards you get the slope of a sigmoid or a tanh from its output alone.*
#
# In the backward pass through a layer you need the slope of its non-linearity. The forward pass has kept the output, and
# for these two that is enough. Let $s = \sigma(x)$ and $t = \tanh(x)$. Write
#
# $$\frac{d\,\sigma(x)}{dx} \;\text{ in terms of } s \text{ only,} \qquad
#   \frac{d\,\tanh(x)}{dx} \;\text{ in terms of } t \text{ only.}$$
#
# There are two checks. The first measures slopes. In the second, $s$ and $t$ are *symbols*: it puts in any numbers,
# also such as no sigmoid ever returns. Two formulas that agree everywhere are the same formula.
#
# Shapes: $s$ and $t$ of any shape $\to$ the same shapes.

# %% nbgrader={"grade_id": "smooth-slopes", "solution": true}
def smooth_slopes(s, t):
    """The slopes of the sigmoid and of tanh, from their outputs.

    s: array, s = sigmoid(x); t: array, t = tanh(x).
    Returns the slope of the sigmoid (shape of s) and the slope of tanh (shape of t).
    """
    ### BEGIN SOLUTION
    return s * (1 - s), 1 - t**2
    ### END SOLUTION

# %% nbgrader={"grade_id": "smooth-slopes-measured-check", "grade": true, "points": 1}
check.gradients(smooth_slopes, of=smooth_sum, wrt=("sigmoid", "tanh"), at=slope_cases, points=1)

# %% nbgrader={"grade_id": "smooth-slopes-symbols-check", "grade": true, "points": 1}
check.values(smooth_slopes, at=symbol_cases, returns=("sigmoid", "tanh"), points=1)

# %% tags=["mistake"] question="smooth-slopes" says="The two formulas have changed places: s(1 − s) belongs to the sigmoid, 1 − t² to tanh."
def smooth_slopes(s, t):
    return 1 - s**2, t * (1 - t)

# %% tags=["mistake"] question="smooth-slopes" says="s and t are outputs already: here the function has been applied to its own output once more."
def smooth_slopes(s, t):
    return special.expit(s) * (1 - special.expit(s)), 1 - np.tanh(t) ** 2

# %% tags=["mistake"] question="smooth-slopes" says="tanh is 2σ(2x) − 1, so its slope is not made of t like that of the sigmoid of s: at t = 0 tanh is steepest, with slope 1."
def smooth_slopes(s, t):
    return s * (1 - s), t * (1 - t)

# %% tags=["alternative"] question="smooth-slopes" name="multiplied out, and factorised"
def smooth_slopes(s, t):
    return s - s * s, (1 + t) * (1 - t)

# %% tags=["alternative"] question="smooth-slopes" name="parabolas from their tops"
def smooth_slopes(s, t):
    return 0.25 - (s - 0.5) ** 2, 1 - np.multiply(t, t)

# %% [markdown]
# ## 1.3 Slopes with a kink, and the gradients of two norms
#
# *Afterwards you know what to say at a place where there is no slope, and what the two penalties on the weights will add to
# the gradient.*
#
# $|x|$ and $\mathrm{ReLU}(x) = \max(0, x)$ consist of straight lines, so their slopes are constants on each side of 0.
# At 0 itself there is no slope. Any number between the slopes of the two sides will do there; it is called a
# *subgradient*. Write both slopes as a sum of *indicators*: $\mathbb 1_{\{\ldots\}}$ is 1 where its condition holds and 0
# elsewhere. A zero gets the number `at_zero`, from 0 to 1: that is a subgradient of both. In numpy a comparison is an
# indicator: `(x > 0)` is True, which counts as 1, or False, which counts as 0. (Two arrays of True and False cannot be
# subtracted: multiply by a number first.)
#
# Then two norms, which are sums of such terms:
#
# $$\lVert x \rVert_2^2 = \sum_i x_i^2, \qquad \lVert x \rVert_1 = \sum_i |x_i|$$
#
# Each term contains one entry, so entry $i$ of the gradient is the slope of term $i$: the gradient of the second norm is your
# first result again. Your three results are, in this order,
#
# 1. the slope of $|x|$, entry by entry;
# 2. the slope of $\mathrm{ReLU}(x)$, entry by entry;
# 3. the gradient of $\lVert x \rVert_2^2$.
#
# Look at the first and the third: one pulls all entries equally, the other large ones harder than small ones.
#
# There are two checks. The first measures slopes and takes any subgradient at 0. The second wants `at_zero` there.
#
# Shapes: $x$ of any shape, one number $\to$ three arrays in the shape of $x$.

# %% nbgrader={"grade_id": "kinks", "solution": true}
def kinks(x, at_zero):
    """The slopes of |x| and of ReLU(x) at every entry, and the gradient of the squared 2-norm.

    x: array of any shape; at_zero: one number from 0 to 1, the slope of |x| and of the ReLU where x is 0.
    Returns the slope of |x| (which is the gradient of sum(|x|) too), the slope of the ReLU, and the gradient of
    sum(x**2), each in the shape of x.
    """
    ### BEGIN SOLUTION
    relu = 1.0 * (x > 0) + at_zero * (x == 0)
    return relu - 1.0 * (x < 0), relu, 2 * x
    ### END SOLUTION

# %% nbgrader={"grade_id": "kinks-measured-check", "grade": true, "points": 2}
check.gradients(kinks, of=kinked_sum, wrt=("absolute", "relu", "squared"), at=kink_cases, points=2)

# %% nbgrader={"grade_id": "kinks-at-zero-check", "grade": true, "points": 1}
check.values(kinks, at=kink_cases, returns=("absolute", "relu", "squared"), points=1)

# %% tags=["mistake"] question="kinks" says="At 0, x / |x| is 0 / 0, which is no number: a subgradient must be a number between −1 and 1."
def kinks(x, at_zero):
    return x / np.abs(x), 1.0 * (x > 0) + at_zero * (x == 0), 2 * x

# %% tags=["mistake"] question="kinks" says="These are the values of the functions, not their slopes: a straight line has the same slope everywhere."
def kinks(x, at_zero):
    return np.abs(x), np.maximum(x, 0), x**2

# %% tags=["mistake"] question="kinks" says="Left of 0 the ReLU is flat: its slope is 0 there, not −1."
def kinks(x, at_zero):
    sign = 1.0 * (x > 0) - 1.0 * (x < 0) + at_zero * (x == 0)
    return sign, sign, 2 * x

# %% tags=["mistake"] question="kinks" says="A zero always gets 0 here: the number for it is an argument, and needs an indicator of its own."
def kinks(x, at_zero):
    return 1.0 * (x > 0) - 1.0 * (x < 0), 1.0 * (x > 0), 2 * x

# %% tags=["mistake"] question="kinks" says="At 0 two contributions overlap: there at_zero alone is asked for, and nothing added to it."
def kinks(x, at_zero):
    return 1.0 * (x >= 0) - 1.0 * (x <= 0) + at_zero * (x >= 0), 1.0 * (x >= 0) + at_zero * (x == 0), 2 * x

# %% tags=["mistake"] question="kinks" says="One indicator gives 0 where its condition fails: a negative x needs −1, so it needs an indicator too."
def kinks(x, at_zero):
    relu = 1.0 * (x > 0) + at_zero * (x == 0)
    return relu, relu, 2 * x

# %% tags=["mistake"] question="kinks" says="The derivative of a square has a factor 2, and there is no 1/2 in front of this norm to cancel it."
def kinks(x, at_zero):
    relu = 1.0 * (x > 0) + at_zero * (x == 0)
    return relu - 1.0 * (x < 0), relu, x

# %% tags=["mistake"] question="kinks" says="This is the gradient of the length: the squared norm has no root, and its gradient grows with x."
def kinks(x, at_zero):
    relu = 1.0 * (x > 0) + at_zero * (x == 0)
    return relu - 1.0 * (x < 0), relu, x / np.sqrt(np.sum(x**2))

# %% tags=["mistake"] question="kinks" says="The slope of |x| is −1 for a negative entry: only then does a step downhill make the entry smaller in size."
def kinks(x, at_zero):
    return np.ones(x.shape), 1.0 * (x > 0) + at_zero * (x == 0), 2 * x

# %% tags=["mistake"] question="kinks" says="The slopes are stored in an array made like x: where x holds integers, so does that array, and the number for a zero is cut off to 0."
def kinks(x, at_zero):
    relu, absolute = np.zeros_like(x), np.sign(x)
    relu[x > 0] = 1
    relu[x == 0] = absolute[x == 0] = at_zero
    return absolute, relu, 2 * x

# %% tags=["alternative"] question="kinks" name="numpy's sign, and the zeros after it"
def kinks(x, at_zero):
    return np.where(x == 0, at_zero, np.sign(x)), np.where(x == 0, at_zero, np.where(x > 0, 1, 0)), x + x

# %% tags=["alternative"] question="kinks" name="two halves"
def kinks(x, at_zero):
    sign = 2 * np.where(x > 0, 1.0, 0.0) - 1 + (1 + at_zero) * np.where(x == 0, 1.0, 0.0)
    return sign, np.heaviside(x, at_zero), np.multiply(2.0, x)

# %% tags=["alternative"] question="kinks" name="entry by entry"
def kinks(x, at_zero):
    signs, relus = np.empty(x.shape), np.empty(x.shape)
    for i in np.ndindex(x.shape):
        signs[i], relus[i] = (1, 1) if x[i] > 0 else (-1, 0) if x[i] < 0 else (at_zero, at_zero)
    return [signs, relus, 2 * x]

# %% [markdown]
# ## 1.4 How many numbers does the net have?
#
# *Afterwards you can say of any net with one hidden layer how many parameters it has.*
#
# Every hidden unit has one weight for each input, and a bias. Every output unit has one weight for each hidden unit,
# and a bias. Write the number of parameters $n_\theta$ as a formula in $d$, $d_h$ and $m$.
#
# Shapes: three integers $\to$ one integer.

# %% nbgrader={"grade_id": "number-of-parameters", "solution": true}
def number_of_parameters(d, d_h, m):
    """The number of weights and biases of a net with d inputs, d_h hidden units and m classes."""
    ### BEGIN SOLUTION
    return d_h * (d + 1) + m * (d_h + 1)
    ### END SOLUTION

# %% nbgrader={"grade_id": "number-of-parameters-check", "grade": true, "points": 1}
check.values(number_of_parameters, at=size_cases, points=1)

# %% tags=["mistake"] question="number-of-parameters" says="These are the weights alone: every hidden unit and every output unit also has a bias."
def number_of_parameters(d, d_h, m):
    return d_h * d + m * d_h

# %% tags=["mistake"] question="number-of-parameters" says="A bias belongs to the unit that it is added to: count one for each unit of a layer, not one for each of its inputs."
def number_of_parameters(d, d_h, m):
    return d * (d_h + 1) + d_h * (m + 1)

# %% tags=["mistake"] question="number-of-parameters" says="The output layer has biases too, one for each class."
def number_of_parameters(d, d_h, m):
    return d_h * (d + 1) + m * d_h

# %% tags=["alternative"] question="number-of-parameters" name="by counting arrays"
def number_of_parameters(d, d_h, m):
    return sum(np.empty(shape).size for shape in ((d_h, d), (d_h,), (m, d_h), (m,)))

# %% tags=["alternative"] question="number-of-parameters" name="a layer at a time"
def number_of_parameters(d, d_h, m):
    total = 0
    for inputs, units in ((d, d_h), (d_h, m)):
        total += inputs * units + units
    return total

# %% [markdown]
# # Part 2: the net and its loss
#
# $$h_a = W_1 x + b_1, \quad h_s = \mathrm{ReLU}(h_a), \quad o_a = W_2 h_s + b_2, \quad o_s = \mathrm{softmax}(o_a)$$

# %% nbgrader={"grade_id": "net-cases", "locked": true}
def softmax_cases(rng):
    """One sample, samples of very different size, a minibatch, and one of a single sample, of integers."""
    yield {"o": 2 * rng.standard_normal(5), "case": "one sample"}
    far = rng.standard_normal((3, 4)) + np.array([0.0, 1000.0, -1000.0, 30.0])
    far[:, 0] += rng.permutation([900.0, 0.0, -900.0])
    yield {"o": far, "case": "huge numbers"}
    yield {"o": 2 * rng.standard_normal((4, 6)), "case": "a minibatch"}
    yield {"o": rng.permutation(np.arange(-2, 3))[:, np.newaxis], "case": "one column, of whole numbers"}


def start_cases(rng):
    """Sizes of a net and a seed; large, so that its weights can be counted."""
    for d, d_h, m in ((300, 40, 20), (60, 90, 12)):
        yield {"d": d, "d_h": d_h, "m": m, "seed": int(rng.integers(1_000_000)),
               "case": f"d = {d}, d_h = {d_h}, m = {m}"}


def shapes_fit(result, d, d_h, m, seed):
    return [np.shape(part) for part in result] == [(d_h, d), (d_h,), (m, d_h), (m,)]


def biases_are_zero(result, d, d_h, m, seed):
    return not np.any(result[1]) and not np.any(result[3])


def weights_stay_inside(result, d, d_h, m, seed):
    return np.max(np.abs(result[0])) <= 1 / np.sqrt(d) and np.max(np.abs(result[2])) <= 1 / np.sqrt(d_h)


def weights_fill_the_range(result, d, d_h, m, seed):
    """As many in each tenth of the range, to within chance."""
    tenths = [np.histogram(W * np.sqrt(n), 10, (-1, 1))[0] / W.size for W, n in ((result[0], d), (result[2], d_h))]
    return np.all(np.abs(np.array(tenths) - 1 / 10) < 0.055)


def numbers_of_the_seed(result, d, d_h, m, seed):
    """Stretched to (−1, 1), the weights are the next numbers of one generator made from the seed, in any order."""
    found = np.sort(np.concatenate([np.ravel(result[0]) * np.sqrt(d), np.ravel(result[2]) * np.sqrt(d_h)]))
    generators = np.random.default_rng(seed), np.random.RandomState(seed)  # the older kind is as good
    return any(np.allclose(found, np.sort(rng.uniform(-1, 1, found.size)), atol=1e-6) for rng in generators)


def net(rng, d, d_h, m):
    """Random weights and biases of a small net, as a case holds them."""
    return {"W1": rng.standard_normal((d_h, d)), "b1": rng.standard_normal(d_h),
            "W2": rng.standard_normal((m, d_h)), "b2": rng.standard_normal(m)}


def one_sample_cases(rng):
    """A net and one sample."""
    for d, d_h, m in ((4, 5, 3), (6, 3, 4), (3, 7, 2)):
        yield net(rng, d, d_h, m) | {"x": rng.standard_normal(d), "case": f"d = {d}, d_h = {d_h}, m = {m}"}


def forward_cases(rng):
    """A net and one sample; the last has huge scores."""
    yield from one_sample_cases(rng)
    huge = net(rng, 4, 3, 3)
    huge["b2"] += 1500
    yield huge | {"x": rng.standard_normal(4), "case": "huge scores"}


def scored_cases(rng):
    """The output of a net before the softmax, and a class."""
    for m, y in ((3, 0), (5, int(rng.integers(1, 4)))):
        yield {"o_a": 2 * rng.standard_normal(m), "y": y, "case": f"{m} classes"}
    yield {"o_a": np.array([900.0, 0.0, -900.0]) + rng.standard_normal(3), "y": 2, "case": "sure, and wrong"}


def penalty_cases(rng):
    """Weights of both layers and four penalties, every one different."""
    for d, d_h, m in ((4, 5, 3), (6, 3, 4)):
        weights = net(rng, d, d_h, m)
        yield {"W1": weights["W1"], "W2": weights["W2"], "lambdas": four_penalties(rng)}


def four_penalties(rng):
    """λ11, λ12, λ21, λ22."""
    return tuple(float(number) for number in rng.permutation([0.1, 0.2, 0.3, 0.4]) + 0.05 * rng.random(4))


# %% [markdown]
# ## 2.1 A softmax for one sample or for many
#
# *Afterwards scores become probabilities, whatever their size.*
#
# $$\mathrm{softmax}(o)_i = \frac{e^{o_i}}{\sum_j e^{o_j}}$$
#
# The same number can be subtracted from all entries of a sample without any change of the result. Subtract the largest
# entry: then no exponential is above 1. For a matrix, every column is a sample of its own, with its own largest entry
# and its own sum. Axis 0 is the axis of the classes in both cases, so one line can serve both.
#
# Shapes: $(m,)$ or $(m, K)$ $\to$ the same shape; every sample sums to 1.

# %% nbgrader={"grade_id": "softmax", "solution": true}
def softmax(o):
    """The softmax of each sample, without overflow.

    o: (m,) for one sample, (m, K) for K samples, a column each.
    Returns an array of the same shape; along axis 0 it sums to 1.
    """
    ### BEGIN SOLUTION
    e = np.exp(o - o.max(axis=0))
    return e / e.sum(axis=0)
    ### END SOLUTION

# %% nbgrader={"grade_id": "softmax-check", "grade": true, "points": 2}
check.values(softmax, at=softmax_cases, points=2, by="case")

# %% tags=["mistake"] question="softmax" says="The exponential of a large score overflows: subtract the largest entry of each sample first."
def softmax(o):
    e = np.exp(o)
    return e / e.sum(axis=0)

# %% tags=["mistake"] question="softmax" says="The sum runs over all samples at once: every column is a sample and sums to 1 by itself."
def softmax(o):
    e = np.exp(o - o.max(axis=0))
    return e / e.sum()

# %% tags=["mistake"] question="softmax" says="Here the classes of one sample do not compete, but the samples for one class: the classes lie along axis 0."
def softmax(o):
    e = np.exp(o - o.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)

# %% tags=["mistake"] question="softmax" says="One largest entry for the whole matrix is not enough: a sample far below it underflows to 0 / 0. Every column has its own."
def softmax(o):
    e = np.exp(o - o.max())
    return e / e.sum(axis=0)

# %% tags=["mistake"] question="softmax" says="The subtraction has been done in the caller's own array, which now holds other scores: make a new one."
def softmax(o):
    o -= o.max(axis=0)
    return np.exp(o) / np.exp(o).sum(axis=0)

# %% tags=["alternative"] question="softmax" name="through the logarithm"
def softmax(o):
    return np.exp(o - np.logaddexp.reduce(o, axis=0))

# %% tags=["alternative"] question="softmax" name="scipy's"
def softmax(o):
    return special.softmax(o, axis=0)

# %% [markdown]
# ## 2.2 Where to start
#
# *Afterwards you have a net to train.*
#
# If all weights started at 0, all hidden units would get the same gradient and stay the same for ever. So weights start
# at random: **uniform** between $-1/\sqrt{n}$ and $1/\sqrt{n}$, where $n$ is the number of inputs *of that layer*. With
# more inputs there are more terms in the sum $h_a$, and smaller weights keep it about as large. Biases may start at 0,
# and do. Make **one** generator, `np.random.default_rng(seed)`, and draw the weights of both layers from it: made anew,
# it begins again with the same numbers.
#
# Shapes: $W_1$ $(d_h, d)$, $b_1$ $(d_h,)$, $W_2$ $(m, d_h)$, $b_2$ $(m,)$.

# %% nbgrader={"grade_id": "initial-weights", "solution": true}
def initial_weights(d, d_h, m, seed):
    """Weights to start from: uniform in ±1/√(number of inputs of the layer); biases 0.

    d, d_h, m: numbers of inputs, hidden units and classes; seed: for np.random.default_rng.
    Returns W1: (d_h, d), b1: (d_h,), W2: (m, d_h), b2: (m,).
    """
    ### BEGIN SOLUTION
    rng = np.random.default_rng(seed)
    W1 = rng.uniform(-1, 1, (d_h, d)) / np.sqrt(d)
    W2 = rng.uniform(-1, 1, (m, d_h)) / np.sqrt(d_h)
    return W1, np.zeros(d_h), W2, np.zeros(m)
    ### END SOLUTION

# %% nbgrader={"grade_id": "initial-weights-check", "grade": true, "points": 2}
check.properties(
    initial_weights, at=start_cases, points=2, the_shapes_fit=shapes_fit, biases_are_zero=biases_are_zero,
    weights_stay_inside_the_range=weights_stay_inside, weights_fill_the_range_evenly=weights_fill_the_range,
    weights_are_numbers_of_one_generator_from_the_seed=numbers_of_the_seed,
)

# %% tags=["mistake"] question="initial-weights" says="These weights are normally distributed: some lie outside the range, most near its middle. Uniform means that all places in the range are equally likely."
def initial_weights(d, d_h, m, seed):
    rng = np.random.default_rng(seed)
    W1, W2 = rng.standard_normal((d_h, d)) / np.sqrt(d), rng.standard_normal((m, d_h)) / np.sqrt(d_h)
    return W1, np.zeros(d_h), W2, np.zeros(m)

# %% tags=["mistake"] question="initial-weights" says="The range depends on how many inputs a layer has, not on how many units: the inputs are the terms that add up in a unit."
def initial_weights(d, d_h, m, seed):
    rng = np.random.default_rng(seed)
    W1, W2 = rng.uniform(-1, 1, (d_h, d)) / np.sqrt(d_h), rng.uniform(-1, 1, (m, d_h)) / np.sqrt(m)
    return W1, np.zeros(d_h), W2, np.zeros(m)

# %% tags=["mistake"] question="initial-weights" says="All weights are positive: the range goes from minus to plus."
def initial_weights(d, d_h, m, seed):
    rng = np.random.default_rng(seed)
    return rng.random((d_h, d)) / np.sqrt(d), np.zeros(d_h), rng.random((m, d_h)) / np.sqrt(d_h), np.zeros(m)

# %% tags=["mistake"] question="initial-weights" says="The root is missing: divided by n itself, the weights are so small that hardly anything comes through."
def initial_weights(d, d_h, m, seed):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (d_h, d)) / d, np.zeros(d_h), rng.uniform(-1, 1, (m, d_h)) / d_h, np.zeros(m)

# %% tags=["mistake"] question="initial-weights" says="The biases start at 0: only the weights have to be different from each other."
def initial_weights(d, d_h, m, seed):
    rng = np.random.default_rng(seed)
    one, two = 1 / np.sqrt(d), 1 / np.sqrt(d_h)
    return (rng.uniform(-one, one, (d_h, d)), rng.uniform(-one, one, d_h),
            rng.uniform(-two, two, (m, d_h)), rng.uniform(-two, two, m))

# %% tags=["mistake"] question="initial-weights" says="A generator that is made anew with the same seed begins again with the same numbers, so both layers hold the same ones: make one and draw twice."
def initial_weights(d, d_h, m, seed):
    W1 = np.random.default_rng(seed).uniform(-1, 1, (d_h, d)) / np.sqrt(d)
    W2 = np.random.default_rng(seed).uniform(-1, 1, (m, d_h)) / np.sqrt(d_h)
    return W1, np.zeros(d_h), W2, np.zeros(m)

# %% tags=["mistake"] question="initial-weights" says="The seed is not used: whoever asks for another seed gets the same weights."
def initial_weights(d, d_h, m, seed):
    rng = np.random.default_rng(0)
    W1, W2 = rng.uniform(-1, 1, (d_h, d)) / np.sqrt(d), rng.uniform(-1, 1, (m, d_h)) / np.sqrt(d_h)
    return W1, np.zeros(d_h), W2, np.zeros(m)

# %% tags=["mistake"] question="initial-weights" says="These numbers are evenly spaced, not random: every unit is a shifted copy of its neighbour."
def initial_weights(d, d_h, m, seed):
    W1 = np.linspace(-1, 1, d_h * d).reshape(d_h, d) / np.sqrt(d)
    W2 = np.linspace(-1, 1, d_h * m).reshape(m, d_h) / np.sqrt(d_h)
    return W1, np.zeros(d_h), W2, np.zeros(m)

# %% tags=["mistake"] question="initial-weights" says="Clipping a normal distribution into the range piles a third of the weights up at its two ends: that is not uniform."
def initial_weights(d, d_h, m, seed):
    rng = np.random.default_rng(seed)
    W1, W2 = (np.clip(rng.standard_normal((out, n)), -1, 1) / np.sqrt(n) for out, n in ((d_h, d), (m, d_h)))
    return W1, np.zeros(d_h), W2, np.zeros(m)

# %% tags=["alternative"] question="initial-weights" name="the output layer first"
def initial_weights(d, d_h, m, seed):
    rng = np.random.default_rng(seed)
    W2 = (2 * rng.random((m, d_h)) - 1) / np.sqrt(d_h)
    return rng.uniform(-1 / np.sqrt(d), 1 / np.sqrt(d), (d_h, d)), np.zeros(d_h), W2, np.zeros(m)

# %% tags=["alternative"] question="initial-weights" name="numpy's older generator"
def initial_weights(d, d_h, m, seed):
    rng = np.random.RandomState(seed)
    W1, W2 = (2 * rng.rand(d_h, d) - 1) * d**-0.5, (2 * rng.rand(m, d_h) - 1) * d_h**-0.5
    return [W1, 0 * W1[:, 0], W2, 0 * W2[:, 0]]

# %% [markdown]
# ## 2.3 One sample goes forward
#
# *Afterwards the net gives an answer, and keeps what the backward pass will need.*
#
# Four lines: the formulas at the head of this part. Return all four vectors; the backward pass will use
# $h_a$, $h_s$ and $o_s$, and the loss uses $o_a$. (Scores may be of any size here and in all that follows.)
#
# Shapes: $x$ $(d,)$ $\to$ $h_a$ and $h_s$ $(d_h,)$, $o_a$ and $o_s$ $(m,)$.

# %% nbgrader={"grade_id": "forward", "solution": true}
def forward(W1, b1, W2, b2, x):
    """One sample through the net.

    W1: (d_h, d), b1: (d_h,), W2: (m, d_h), b2: (m,), x: (d,).
    Returns h_a: (d_h,), h_s: (d_h,), after the ReLU; o_a: (m,), o_s: (m,), after the softmax.
    """
    ### BEGIN SOLUTION
    h_a = W1 @ x + b1
    h_s = np.maximum(h_a, 0)
    o_a = W2 @ h_s + b2
    o_s = softmax(o_a)
    return h_a, h_s, o_a, o_s
    ### END SOLUTION

# %% nbgrader={"grade_id": "forward-check", "grade": true, "points": 2}
check.values(forward, at=forward_cases, returns=("h_a", "h_s", "o_a", "o_s"), points=2)

# %% tags=["mistake"] question="forward" says="The biases are missing: every unit adds its own after the sum."
def forward(W1, b1, W2, b2, x):
    h_a = W1 @ x
    h_s = np.maximum(h_a, 0)
    o_a = W2 @ h_s
    return h_a, h_s, o_a, softmax(o_a)

# %% tags=["mistake"] question="forward" says="The output layer reads the hidden layer after its ReLU: with h_a in its place, the two layers are one linear map."
def forward(W1, b1, W2, b2, x):
    h_a = W1 @ x + b1
    o_a = W2 @ h_a + b2
    return h_a, np.maximum(h_a, 0), o_a, softmax(o_a)

# %% tags=["mistake"] question="forward" says="The scores go into the softmax as they are: a ReLU before it makes all negative scores equal."
def forward(W1, b1, W2, b2, x):
    h_a = W1 @ x + b1
    h_s = np.maximum(h_a, 0)
    o_a = np.maximum(W2 @ h_s + b2, 0)
    return h_a, h_s, o_a, softmax(o_a)

# %% tags=["mistake"] question="forward" says="The exponential of a large score overflows, and infinity divided by infinity is no number: your softmax of 2.1 survives it."
def forward(W1, b1, W2, b2, x):
    h_a = W1 @ x + b1
    h_s = np.maximum(h_a, 0)
    o_a = W2 @ h_s + b2
    return h_a, h_s, o_a, np.exp(o_a) / np.sum(np.exp(o_a))

# %% tags=["alternative"] question="forward" name="with scipy's softmax and a mask"
def forward(W1, b1, W2, b2, x):
    h_a = b1 + np.dot(W1, x)
    h_s = h_a * (h_a > 0)
    o_a = b2 + np.dot(W2, h_s)
    return [h_a, h_s, o_a, special.softmax(o_a)]

# %% tags=["alternative"] question="forward" name="unit by unit"
def forward(W1, b1, W2, b2, x):
    h_a = np.array([sum(w * number for w, number in zip(row, x)) + b for row, b in zip(W1, b1)])
    h_s = np.where(h_a < 0, 0, h_a)
    o_a = np.array([row.dot(h_s) for row in W2]) + b2
    return h_a, h_s, o_a, np.exp(o_a - np.logaddexp.reduce(o_a))

# %% [markdown]
# ## 2.4 The negative log-likelihood
#
# *Afterwards one number says how wrong the answer for a sample is.*
#
# The loss is small if the net gives the true class a high probability:
#
# $$L(o_a, y) = -\log \mathrm{softmax}(o_a)_y$$
#
# As in 1.1: if the net is sure and wrong, its probability for $y$ is rounded to 0 and the logarithm is infinite. Take
# the logarithm on paper, with the definition of the softmax. What remains is a difference of a score and of
# $\log \sum_j e^{o_j}$. (`np.logaddexp.reduce` adds up many; or subtract the largest score first.)
#
# Shapes: $(m,)$ and an integer $\to$ one number.

# %% nbgrader={"grade_id": "negative-log-likelihood", "solution": true}
def negative_log_likelihood(o_a, y):
    """The loss of one sample, finite for all finite scores.

    o_a: (m,), before the softmax; y: the true class, an integer from 0 to m - 1.
    Returns one number.
    """
    ### BEGIN SOLUTION
    return np.logaddexp.reduce(o_a) - o_a[y]
    ### END SOLUTION

# %% nbgrader={"grade_id": "negative-log-likelihood-check", "grade": true, "points": 2}
check.values(negative_log_likelihood, at=scored_cases, points=2, by="case")

# %% tags=["mistake"] question="negative-log-likelihood" says="A probability that is rounded to 0 makes this loss infinite: take the logarithm of the softmax on paper."
def negative_log_likelihood(o_a, y):
    return -np.log(softmax(o_a)[y])

# %% tags=["mistake"] question="negative-log-likelihood" says="The sign is missing: the logarithm of a probability is negative, and a loss is to be made small."
def negative_log_likelihood(o_a, y):
    return o_a[y] - np.logaddexp.reduce(o_a)

# %% tags=["mistake"] question="negative-log-likelihood" says="Only the probability of the true class counts: here the logarithms of all classes are averaged."
def negative_log_likelihood(o_a, y):
    return np.mean(np.logaddexp.reduce(o_a) - o_a)

# %% tags=["alternative"] question="negative-log-likelihood" name="the largest score subtracted"
def negative_log_likelihood(o_a, y):
    o = o_a - np.max(o_a)
    return float(np.log(np.exp(o).sum()) - o[y])

# %% tags=["alternative"] question="negative-log-likelihood" name="scipy's log_softmax"
def negative_log_likelihood(o_a, y):
    return -special.log_softmax(o_a)[y]

# %% [markdown]
# ## 2.5 Large weights cost something
#
# *Afterwards the loss prefers small weights, in two ways.*
#
# $$\Omega = \lambda_{11} \sum |W_1| + \lambda_{12} \sum W_1^2 + \lambda_{21} \sum |W_2| + \lambda_{22} \sum W_2^2$$
#
# The sums run over all entries. Absolute values and squares together are called an *elastic net*. The squares alone
# ($\lambda_{11} = \lambda_{21} = 0$) are *weight decay*. **Only weights are penalised, no biases:** a bias shifts a
# boundary, but does not make it more crooked. The four numbers come as one tuple, `lambdas`, in the order of the
# formula: `l11, l12, l21, l22 = lambdas`.
#
# Shapes: $(d_h, d)$, $(m, d_h)$, four numbers $\to$ one number.

# %% nbgrader={"grade_id": "penalty", "solution": true}
def penalty(W1, W2, lambdas):
    """The elastic-net penalty on both layers of weights.

    W1: (d_h, d), W2: (m, d_h); lambdas: (λ11, λ12, λ21, λ22).
    Returns one number.
    """
    ### BEGIN SOLUTION
    l11, l12, l21, l22 = lambdas
    first = l11 * np.sum(np.abs(W1)) + l12 * np.sum(W1**2)
    second = l21 * np.sum(np.abs(W2)) + l22 * np.sum(W2**2)
    return first + second
    ### END SOLUTION

# %% nbgrader={"grade_id": "penalty-check", "grade": true, "points": 1}
check.values(penalty, at=penalty_cases, points=1)

# %% tags=["mistake"] question="penalty" says="The λ with a second index 1 goes with the absolute values, the one with 2 with the squares: here they have changed places."
def penalty(W1, W2, lambdas):
    l11, l12, l21, l22 = lambdas
    return l12 * np.abs(W1).sum() + l11 * (W1**2).sum() + l22 * np.abs(W2).sum() + l21 * (W2**2).sum()

# %% tags=["mistake"] question="penalty" says="The penalty takes the sum of the squares itself, without a root."
def penalty(W1, W2, lambdas):
    l11, l12, l21, l22 = lambdas
    return (l11 * np.abs(W1).sum() + l12 * np.linalg.norm(W1) + l21 * np.abs(W2).sum() + l22 * np.linalg.norm(W2))

# %% tags=["mistake"] question="penalty" says="The penalty is a sum over the weights, not their mean: the λ are meant for the sum."
def penalty(W1, W2, lambdas):
    l11, l12, l21, l22 = lambdas
    return l11 * np.abs(W1).mean() + l12 * (W1**2).mean() + l21 * np.abs(W2).mean() + l22 * (W2**2).mean()

# %% tags=["alternative"] question="penalty" name="a loop over the layers"
def penalty(W1, W2, lambdas):
    total = 0.0
    for W, (one, two) in zip((W1, W2), np.reshape(lambdas, (2, 2))):
        for w in W.ravel():
            total += one * abs(w) + two * w * w
    return total

# %% tags=["alternative"] question="penalty" name="norms of the flat arrays"
def penalty(W1, W2, lambdas):
    parts = [(np.linalg.norm(W.ravel(), 1), np.vdot(W, W)) for W in (W1, W2)]
    return np.dot(lambdas, np.ravel(parts))

# %% [markdown]
# ## 2.6 Why these are probabilities
#
# Show, in two or three lines, that every entry of $\mathrm{softmax}(o)$ is positive and that they sum to 1. From both
# follows that no entry can be 1, however large its score. Say how, and why the computer says 1.0 all the same.

# %% [markdown] nbgrader={"grade_id": "softmax-shown", "grade": true, "solution": true, "points": 2}
# ### BEGIN SOLUTION
# **Model answer.** $e^{o_i} > 0$ for every real $o_i$, so the denominator $\sum_j e^{o_j}$, a sum of positive numbers, is
# positive, and so is the quotient. The entries share their denominator, so their sum is
# $\sum_i e^{o_i} / \sum_j e^{o_j} = 1$. With at least two classes, an entry is 1 minus the others, which are positive:
# less than 1. The computer rounds to about 16 digits: where the others sum to less than about $10^{-16}$, 1 minus them
# is rounded to 1.0. (And far enough below the largest score, $e^{o_i - \max o}$ itself is rounded to 0.)
#
# **Mark scheme, 2 points.**
#
# - 1 point: positive, because exponentials are, and the denominator too (half); the sum, because the numerators add up to
#   the denominator (half).
# - 1 point: less than 1 because the others are positive (half); rounding, or underflow (half).
# ### END SOLUTION

# %% [markdown]
# ## 2.7 What training is after
#
# Write down four things, and explain each symbol that you use: the *empirical risk* of $N$ samples with the penalty of
# 2.5; what the parameters $\theta$ are, and how many numbers; the best parameters, with an arg min; one step of gradient
# descent. Then one sentence: why does one take steps instead of computing the arg min as in problem set 1?

# %% [markdown] nbgrader={"grade_id": "risk-in-words", "grade": true, "solution": true, "points": 3}
# ### BEGIN SOLUTION
# **Model answer.** The empirical risk is the mean loss of the samples that one has, $N$ inputs $x_s$ with their classes
# $y_s$, plus the penalty:
# $R(\theta) = \frac1N \sum_{s=1}^{N} L(o_a(x_s; \theta), y_s) + \Omega(\theta)$. Here $\theta = (W_1, b_1, W_2, b_2)$ holds all
# weights and biases, $n_\theta = d_h (d + 1) + m (d_h + 1)$ numbers, and $o_a(x; \theta)$ are the scores of the net. The best
# parameters are $\theta^* = \arg\min_\theta R(\theta)$. A step of gradient descent with the rate $\eta > 0$ is
# $\theta \leftarrow \theta - \eta\, \partial R / \partial \theta$. The arg min of a net with a ReLU and a softmax has no
# formula, and $R$ is not convex: setting the gradient to 0 gives equations that one cannot solve. The linear net of
# problem set 1 is the exception, where least squares gives the best map.
#
# **Mark scheme, 3 points.**
#
# - 1 point: the risk, a mean over samples plus the penalty (the penalty once, not N times).
# - 1 point: θ with its size, and the arg min over θ (not over the samples).
# - 1 point: the step, with a minus sign and a rate (half); no formula, or not convex (half).
# ### END SOLUTION

# %% [markdown]
# # Part 3: your own gradient checker
#
# The self-checks measure gradients with finite differences. In two short questions you build such a checker
# yourself. It is the tool that you keep when the course is over.

# %% nbgrader={"grade_id": "checker-cases", "locked": true}
def a_curved_sum(x):
    """One number from an array of any shape; every entry counts, and they count together."""
    x = np.asarray(x, float).ravel()
    return np.sum(np.sin(x + np.arange(x.size))) + np.sum(x[1:] * x[:-1]) + np.sum(x**2) / 3


def function_cases(rng):
    """A function, a place and a step."""
    yield {"f": a_curved_sum, "x": rng.standard_normal(5), "eps": 1e-4, "case": "a vector"}
    yield {"f": a_curved_sum, "x": rng.standard_normal((3, 2)), "eps": 1e-4, "case": "a matrix"}
    yield {"f": a_curved_sum, "x": rng.permutation(np.arange(-2, 3)), "eps": 1e-4, "case": "integers"}
    yield {"f": a_curved_sum, "x": rng.standard_normal((2, 3, 2)), "eps": 1e-4, "case": "three axes"}


def value_at(f, x):
    """What the function gives there."""
    return f(x)


def a_ramp_with_a_hole(x, eps):
    """A function that rises, except nearer to x than 0.45 ε and farther away than 1.2 ε, where it is 0."""
    slopes = 1.0 + np.arange(x.size)

    def f(z):
        away = np.ravel(z) - np.ravel(x)
        return float(np.sum(np.where((np.abs(away) > 0.45 * eps) & (np.abs(away) < 1.2 * eps), slopes * away, 0.0)))
    return f


def step_cases(rng):
    """Functions that can tell whether they were asked a step of ε away."""
    for shape, eps in (((4,), 0.1), ((2, 3), 0.001)):
        x = rng.standard_normal(shape)
        x.flat[0] = 2 + rng.random()
        yield {"f": a_ramp_with_a_hole(x, eps), "x": x, "eps": eps, "case": f"a step of {eps}"}


def gradient_pair_cases(rng):
    """A measured gradient, and one by hand that is off here and there: once with a larger largest entry, once all tiny."""
    for shape, size in (((6,), 1), ((3, 4), 1), ((2, 5), 1e-4)):
        measured = rng.standard_normal(shape)
        measured.flat[0], measured.flat[1] = -3 - rng.random(), 1e-7
        off = 0.01 * rng.random(shape)
        off.flat[1], off.flat[2] = 1e-3, -0.1 - 0.1 * rng.random()
        off.flat[0] *= -1 if shape == (3, 4) else 1
        yield {"by_hand": size * (measured + off), "measured": size * measured,
               "case": f"shape {shape}" + ", tiny" * (size < 1)}


# %% [markdown]
# ## 3.1 A gradient by trying
#
# *Afterwards you can measure the gradient of any function, without knowing its formula.*
#
# Move one entry of $x$ up by $\varepsilon$, then down by $\varepsilon$, and look how much $f$ changes. Then the next
# entry. All others stay where they are.
#
# $$\frac{\partial f}{\partial x_i} \approx \frac{f(x + \varepsilon e_i) - f(x - \varepsilon e_i)}{2\, \varepsilon}$$
#
# Here $e_i$ is 1 at entry $i$ and 0 elsewhere. Why both sides? With one side only, the error falls like $\varepsilon$;
# with both, the curvature of $f$ drops out and the error falls like $\varepsilon^2$. The check tells the two apart.
#
# Three traps. $x$ belongs to the caller, so move entries of a copy. `x[i] += eps` and later `x[i] -= eps` does not
# always bring back the same number, because sums are rounded. And $x$ may hold integers, in which a small
# step is cut off.
#
# Shapes: $x$ of any shape $\to$ the same shape. (`np.ndindex(x.shape)` runs over the indices of any array.)

# %% nbgrader={"grade_id": "finite-differences", "solution": true}
def finite_differences(f, x, eps):
    """The gradient of f at x, measured with central differences.

    f: a function of one array that returns one number; x: an array of any shape; eps: the step.
    Returns an array of floats in the shape of x; x stays as it is.
    """
    ### BEGIN SOLUTION
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[i] = eps
        gradient[i] = (f(x + step) - f(x - step)) / (2 * eps)
    return gradient
    ### END SOLUTION

# %% [markdown]
# The first check compares your numbers with those of the course's own tool, `helpers.gradients`, for a vector, a matrix
# and integers. The second has functions that can tell how far from $x$ they were asked: the step is `eps`, not one of
# your own.

# %% nbgrader={"grade_id": "finite-differences-check", "grade": true, "points": 2}
check.gradients(finite_differences, of=value_at, wrt="x", at=function_cases, points=2, by="case")

# %% nbgrader={"grade_id": "finite-differences-step-check", "grade": true, "points": 1}
check.values(finite_differences, at=step_cases, points=1, by="case")

# %% tags=["mistake"] question="finite-differences" says="The step has been fixed inside: whoever asks for another eps gets the same numbers."
def finite_differences(f, x, eps):
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[i] = 1e-6
        gradient[i] = (f(x + step) - f(x - step)) / 2e-6
    return gradient

# %% tags=["mistake"] question="finite-differences" says="Only the step up is measured: without the step down the curvature of f stays in the result, and the error is as large as the step."
def finite_differences(f, x, eps):
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[i] = eps
        gradient[i] = (f(x + step) - f(x)) / eps
    return gradient

# %% tags=["mistake"] question="finite-differences" says="From x − ε to x + ε it is two steps: every slope here is twice too large."
def finite_differences(f, x, eps):
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[i] = eps
        gradient[i] = (f(x + step) - f(x - step)) / eps
    return gradient

# %% tags=["mistake"] question="finite-differences" says="All entries move at once: that measures one slope along the diagonal. A gradient needs every entry moved by itself."
def finite_differences(f, x, eps):
    return np.ones(x.shape) * (f(x + eps) - f(x - eps)) / (2 * eps)

# %% tags=["mistake"] question="finite-differences" says="The caller's x has been moved and not brought back exactly: adding and taking away a step rounds twice. Work on a copy."
def finite_differences(f, x, eps):
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        x[i] += eps
        up = f(x)
        x[i] -= 2 * eps
        gradient[i] = (up - f(x)) / (2 * eps)
        x[i] += eps
    return gradient

# %% tags=["mistake"] question="finite-differences" says="A copy of integers holds integers: the step is cut off in it, and f moves by a whole 1 or not at all. Make an array of floats first."
def finite_differences(f, x, eps):
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += eps
        down[i] -= eps
        gradient[i] = (f(up) - f(down)) / (2 * eps)
    return gradient

# %% tags=["mistake"] question="finite-differences" says="An entry that has been measured stays where it was moved to, so all later slopes are measured at another place."
def finite_differences(f, x, eps):
    moved, gradient = np.array(x, float), np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        moved[i] = x[i] + eps
        up = f(moved)
        moved[i] = x[i] - eps
        gradient[i] = (up - f(moved)) / (2 * eps)
    return gradient

# %% tags=["alternative"] question="finite-differences" name="moved and set back, on a copy"
def finite_differences(f, x, eps):
    moved, slopes = np.array(x, dtype=float), []
    for i in range(x.size):
        kept = moved.flat[i]
        moved.flat[i] = kept + eps
        up = f(moved)
        moved.flat[i] = kept - eps
        slopes.append((up - f(moved)) / (2 * eps))
        moved.flat[i] = kept
    return np.array(slopes).reshape(x.shape)

# %% tags=["alternative"] question="finite-differences" name="along the rows of an identity"
def finite_differences(f, x, eps):
    steps = eps * np.eye(x.size).reshape(-1, *x.shape)
    return np.array([f(x + step) - f(x - step) for step in steps]).reshape(x.shape) / (2 * eps)

# %% tags=["alternative"] question="finite-differences" name="two widths, the error of the wider taken out"
def finite_differences(f, x, eps):
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[i] = eps
        wide, narrow = f(x + step) - f(x - step), f(x + step / 2) - f(x - step / 2)
        gradient[i] = (8 * narrow - wide) / (6 * eps)
    return gradient

# %% [markdown]
# ## 3.2 How far apart are two gradients?
#
# *Afterwards one number says whether a gradient is right.*
#
# Measured slopes are never exact: they carry an error of the size of round-off divided by $\varepsilon$, in *every*
# entry alike. So an entry that is tiny may be completely off in relative terms and still be right. Compare with the
# largest entry of the whole array:
#
# $$\mathrm{error} = \frac{\max_i |\,\mathrm{hand}_i - \mathrm{measured}_i\,|}{\max_i |\,\mathrm{measured}_i\,|}$$
#
# You may take it that something has been measured which is not 0. With 64-bit floats and $\varepsilon = 10^{-5}$, an
# error of $10^{-7}$ or less says *right*, and one above $10^{-2}$ says *wrong*. In between, look closer before you blame
# the gradient: 32-bit floats, a badly chosen $\varepsilon$, or a ReLU that switches between $x - \varepsilon$ and
# $x + \varepsilon$ (a *kink*) put right gradients there. After 5.4 you will measure how often.
#
# Shapes: two arrays of the same shape $\to$ one number.

# %% nbgrader={"grade_id": "gradient-error", "solution": true}
def gradient_error(by_hand, measured):
    """The largest difference between two gradients, as a fraction of the largest measured entry.

    by_hand, measured: arrays of the same shape.
    Returns one number, 0 or larger.
    """
    ### BEGIN SOLUTION
    return np.max(np.abs(by_hand - measured)) / np.max(np.abs(measured))
    ### END SOLUTION

# %% nbgrader={"grade_id": "gradient-error-check", "grade": true, "points": 1}
check.values(gradient_error, at=gradient_pair_cases, points=1)

# %% tags=["mistake"] question="gradient-error" says="Entry by entry, a tiny slope that is off by round-off looks like a blunder: divide by the largest entry of the array."
def gradient_error(by_hand, measured):
    return np.max(np.abs(by_hand - measured) / np.abs(measured))

# %% tags=["mistake"] question="gradient-error" says="A gradient can also be too small: take the size of the difference before you look for the largest."
def gradient_error(by_hand, measured):
    return np.max(by_hand - measured) / np.max(np.abs(measured))

# %% tags=["mistake"] question="gradient-error" says="The entry that is largest in size may be negative: the sizes of the measured entries count, not their signs."
def gradient_error(by_hand, measured):
    return np.max(np.abs(by_hand - measured)) / np.max(measured)

# %% tags=["mistake"] question="gradient-error" says="A mean hides one wrong entry among many right ones: it is the worst entry that counts."
def gradient_error(by_hand, measured):
    return np.mean(np.abs(by_hand - measured)) / np.max(np.abs(measured))

# %% tags=["mistake"] question="gradient-error" says="What is divided by has been kept from being small: where all slopes are tiny, a gradient that is completely wrong looks right. Divide by the largest measured entry as it is."
def gradient_error(by_hand, measured):
    return np.max(np.abs(by_hand - measured)) / max(1, np.max(np.abs(measured)))

# %% tags=["mistake"] question="gradient-error" says="The measured gradient is the yardstick: a gradient by hand that is far too large must not make the error small by what it is divided by."
def gradient_error(by_hand, measured):
    return np.max(np.abs(by_hand - measured)) / max(np.max(np.abs(by_hand)), np.max(np.abs(measured)))

# %% tags=["alternative"] question="gradient-error" name="norms"
def gradient_error(by_hand, measured):
    return np.linalg.norm((by_hand - measured).ravel(), np.inf) / np.linalg.norm(measured.ravel(), np.inf)

# %% tags=["alternative"] question="gradient-error" name="without sizes, from the two ends"
def gradient_error(by_hand, measured):
    apart = by_hand - measured
    return max(apart.max(), -apart.min()) / max(measured.max(), -measured.min())

# %% [markdown]
# # Part 4: the backward pass, step by step
#
# One sample, one step for each question. You know how the loss moves with the *result* of a step: that is the upstream
# gradient. You ask how it moves with what went *into* the step. From the top down:
#
# $$L \;\leftarrow\; o_a \;\leftarrow\; W_2, b_2, h_s \qquad h_s \;\leftarrow\; h_a \;\leftarrow\; W_1, b_1, x$$
#
# Each step is one function of one to three lines. The upstream gradient is an argument, so no question depends on the one
# before. At the end you put the steps together.
#
# **How the checks work here.** The upstream gradient can be any vector. So the checks put in a random one, call it
# $\delta$, and measure how $\delta \cdot \text{result}$ moves: that is a loss with exactly this $\delta$. (What you
# compute is a *vector–Jacobian product*: $\delta$ times the table of all derivatives of the step, which is never made.)

# %% nbgrader={"grade_id": "chain-cases", "locked": true}
def output_cases(rng):
    """Scores, their softmax and a class."""
    for m, y in ((3, 0), (5, int(rng.integers(1, 4))), (2, 1)):
        o_a = rng.standard_normal(m)
        yield {"o_a": o_a, "o_s": special.softmax(o_a), "y": y, "case": f"{m} classes"}


def layer_cases(rng):
    """A dense layer, what goes in and the upstream gradient; once what goes in comes from a ReLU, else from anywhere."""
    for n, k, relu in ((5, 3, True), (4, 6, False), (7, 2, False)):
        v = rng.choice([-1.0, 1.0], n) * rng.uniform(0.2, 2.0, n)
        v[:3] = [-0.6, 0.7, 1.1] * rng.uniform(0.8, 1.2, 3)
        yield {"d_z": rng.choice([-1.0, 1.0], k) * rng.uniform(0.3, 1.5, k), "W": rng.standard_normal((k, n)),
               "b": rng.standard_normal(k), "v": np.maximum(v, 0) if relu else v,
               "case": f"{n} inputs{' after a ReLU' * relu}, {k} units"}


def relu_cases(rng):
    """A hidden layer before its ReLU, one unit at the kink or just on, and an upstream gradient with all kinds of signs."""
    for d_h in (5, 3, 7):
        h_a, d_hs = rng.standard_normal((2, d_h))
        h_a[:2], d_hs[:2] = rng.uniform(0.3, 0.9, (2, 2)) * [[-1, 1], [1, -1]]
        h_a[2] = 0.0 if d_h == 5 else 2**-12
        yield {"d_hs": d_hs, "h_a": h_a, "case": f"d_h = {d_h}"}


# One function for each step: δ times its result, as a function of what went in.

def through_layer(W, b, v, d_z):
    return d_z @ (W @ v + b)


def through_h_a(h_a, d_hs):
    return d_hs @ np.maximum(h_a, 0)


def through_penalty(W1, W2, dW1, dW2, lambdas):
    """A loss whose gradients are dW1 and dW2, with the penalty on top."""
    return np.sum(dW1 * W1) + np.sum(dW2 * W2) + penalty(W1, W2, lambdas)


def penalised_cases(rng):
    """Gradients without penalty, weights with zeros and nearly zeros among them, and four penalties, in the last case
    weight decay alone."""
    for d, d_h, m in ((4, 5, 3), (6, 3, 4), (3, 2, 2)):
        weights = net(rng, d, d_h, m)
        W1, W2 = weights["W1"], weights["W2"]
        W1[0, 0] = W2[1, 1] = 0.0
        W1[1, 1] = W2[0, 1] = -(2**-12)
        lambdas = four_penalties(rng)
        yield {"dW1": rng.standard_normal(W1.shape), "dW2": rng.standard_normal(W2.shape), "W1": W1, "W2": W2,
               "lambdas": lambdas if d != 3 else (0.0, lambdas[1], 0.0, lambdas[3]),
               "case": f"d = {d}, d_h = {d_h}, m = {m}" + ", weight decay alone" * (d == 3)}


def whole_cases(rng):
    """A net, one sample with its class, and four penalties; some hidden units are on and some off."""
    for d, d_h, m in ((4, 5, 3), (6, 3, 4), (3, 7, 2)):
        case = net(rng, d, d_h, m) | {"x": rng.standard_normal(d), "y": int(rng.integers(m))}
        case["b1"] += rng.permutation(np.linspace(-1, 1, d_h)) - case["W1"] @ case["x"]  # h_a of both signs
        case["b1"] = np.where(np.abs(case["W1"] @ case["x"] + case["b1"]) < 0.1, case["b1"] + 0.3, case["b1"])
        yield case | {"lambdas": four_penalties(rng), "case": f"d = {d}, d_h = {d_h}, m = {m}"}
    case["b2"], case["W2"] = 1500 + 0.3 * case["b2"], 0.3 * case["W2"]  # no class is sure, so that gradients are no round-off
    yield case | {"lambdas": (0.0, 0.3, 0.0, 0.2), "case": "huge scores, weight decay alone"}


def sample_loss(W1, b1, W2, b2, x, y, lambdas):
    """The regularised loss of one sample, forward only, with your functions from part 2."""
    return negative_log_likelihood(forward(W1, b1, W2, b2, x)[2], y) + penalty(W1, W2, lambdas)


# %% [markdown]
# ## 4.1 From the loss to $o_a$
#
# *Afterwards the longest derivation of this set is behind you, and its result is the shortest.*
#
# $$L = -\log \mathrm{softmax}(o_a)_y = \log \sum_j e^{o_{a,j}} - o_{a,y}$$
#
# Differentiate with respect to $o_{a,i}$: what does the first term give, and for which $i$ does the second give anything?
# You will meet $o_s$, and the *one-hot* vector of $y$, which is 1 at entry $y$ and 0 elsewhere. ($y$ itself is only the
# number of that entry.)
#
# Shapes: $o_s$ $(m,)$, $y$ an integer $\to$ $(m,)$.

# %% nbgrader={"grade_id": "grad-oa", "solution": true}
def grad_oa(o_s, y):
    """∂L/∂o_a for one sample.

    o_s: (m,), after the softmax; y: the true class, an integer.
    Returns d_oa: (m,).
    """
    ### BEGIN SOLUTION
    d_oa = o_s.copy()
    d_oa[y] -= 1
    return d_oa
    ### END SOLUTION

# %% nbgrader={"grade_id": "grad-oa-check", "grade": true, "points": 2}
check.gradients(grad_oa, of=negative_log_likelihood, wrt="o_a", at=output_cases, points=2)

# %% tags=["mistake"] question="grad-oa" says="The sign is turned around: raising the score of the true class lowers the loss, so that entry is negative."
def grad_oa(o_s, y):
    return np.eye(len(o_s))[y] - o_s

# %% tags=["mistake"] question="grad-oa" says="This is the derivative with respect to o_s. The softmax is still between it and o_a, and it moves all classes at once."
def grad_oa(o_s, y):
    d = np.zeros(len(o_s))
    d[y] = -1 / o_s[y]
    return d

# %% tags=["mistake"] question="grad-oa" says="This takes the softmax for a sigmoid: s(1 − s) is how one probability moves with its own score, but every score moves every probability."
def grad_oa(o_s, y):
    return (o_s - np.eye(len(o_s))[y]) * o_s * (1 - o_s)

# %% tags=["mistake"] question="grad-oa" says="The 1 has been taken off in the caller's own o_s, which is no longer a softmax: work on a copy."
def grad_oa(o_s, y):
    o_s[y] -= 1
    return o_s

# %% tags=["mistake"] question="grad-oa" says="y is the number of the true class: what is subtracted is its one-hot vector, a 1 at that entry only."
def grad_oa(o_s, y):
    return o_s - y

# %% tags=["alternative"] question="grad-oa" name="a row of the identity"
def grad_oa(o_s, y):
    return o_s - np.eye(o_s.size)[y]

# %% tags=["alternative"] question="grad-oa" name="through the Jacobian of the softmax"
def grad_oa(o_s, y):
    d_os = np.where(np.arange(len(o_s)) == y, -1 / o_s, 0.0)
    return (np.diag(o_s) - np.outer(o_s, o_s)) @ d_os

# %% [markdown]
# ## 4.2 Through a layer
#
# *Afterwards you know the gradients of any dense layer, because they always look like these.*
#
# Both layers of the net do the same: they make $z = W v + b$ from what comes in. In the output layer $v$ is $h_s$ and $z$ is
# $o_a$, in the hidden layer $v$ is $x$ and $z$ is $h_a$. Entry by entry, for $n$ inputs and $k$ units:
#
# $$z_i = \sum_j W_{ij}\, v_j + b_i, \qquad i = 1 \dots k$$
#
# You know the upstream gradient $\partial L / \partial z$. Three questions, each on paper before you type. In which $z_i$ does
# $W_{ij}$ appear, and what stands next to it? Which $z_i$ does $b_i$ move, and how far? And $v_j$ reaches **every** $z_i$, so
# what it does to the loss is a sum: write it down, and then as one product of a matrix and a vector.
#
# The last of the three carries the error down to the layer below. In the hidden layer it is $\partial L / \partial x$: training
# does not need that, but it says which pixels matter for an answer (part 8).
#
# Shapes: $\partial L/\partial z$ $(k,)$, $W$ $(k, n)$, $v$ $(n,)$ $\to$ $(k, n)$, $(k,)$ and $(n,)$, the shapes of $W$, $b$
# and $v$.

# %% nbgrader={"grade_id": "layer-backward", "solution": true}
def layer_backward(d_z, W, v):
    """The derivatives of the loss with respect to W, b and v of a dense layer z = W @ v + b, for one sample.

    d_z: (k,), ∂L/∂z; W: (k, n); v: (n,), what comes into the layer.
    Returns dW: (k, n), db: (k,), d_v: (n,).
    """
    ### BEGIN SOLUTION
    return np.outer(d_z, v), d_z, W.T @ d_z
    ### END SOLUTION

# %% nbgrader={"grade_id": "layer-backward-check", "grade": true, "points": 5}
check.gradients(layer_backward, of=through_layer, wrt=("W", "b", "v"), at=layer_cases, points=5)

# %% tags=["mistake"] question="layer-backward" says="It is transposed: a gradient has the shape of its weights, and the rows of W belong to the units, its columns to what comes in."
def layer_backward(d_z, W, v):
    return np.outer(v, d_z), d_z, W.T @ d_z

# %% tags=["mistake"] question="layer-backward" says="The slope of the ReLU has no place here: W is multiplied by what comes in, by the activation h_s itself."
def layer_backward(d_z, W, v):
    return np.outer(d_z, v > 0), d_z, W.T @ d_z

# %% tags=["mistake"] question="layer-backward" says="There is no ReLU between W and z: a unit that is pushed down has a gradient like any other."
def layer_backward(d_z, W, v):
    return np.outer(np.maximum(d_z, 0), v), d_z, W.T @ d_z

# %% tags=["mistake"] question="layer-backward" says="Every unit has a bias of its own, so the gradient has one entry for each: there is nothing to add up in one sample."
def layer_backward(d_z, W, v):
    return np.outer(d_z, v), np.sum(d_z), W.T @ d_z

# %% tags=["mistake"] question="layer-backward" says="The bias moves its own z by exactly as much as it moves itself: it passes on the upstream gradient, not a 1."
def layer_backward(d_z, W, v):
    return np.outer(d_z, v), np.ones(d_z.shape), W.T @ d_z

# %% tags=["mistake"] question="layer-backward" says="The upstream gradient belongs to z, before any ReLU: no mask belongs into the gradient of the bias."
def layer_backward(d_z, W, v):
    return np.outer(d_z, v), d_z * (d_z > 0), W.T @ d_z

# %% tags=["mistake"] question="layer-backward" says="In the forward pass W leads from what comes in to the units. In the backward pass it is transposed: the sum runs over the units."
def layer_backward(d_z, W, v):
    return np.outer(d_z, v), d_z, W @ d_z

# %% tags=["mistake"] question="layer-backward" says="The sum over the units has lost the upstream gradient: each weight counts as much as the loss cares for its unit."
def layer_backward(d_z, W, v):
    return np.outer(d_z, v), d_z, W.sum(axis=0)

# %% tags=["mistake"] question="layer-backward" says="What comes in reaches the loss through several units: these contributions are added up, not averaged."
def layer_backward(d_z, W, v):
    return np.outer(d_z, v), d_z, np.mean(W * d_z[:, np.newaxis], axis=0)

# %% tags=["mistake"] question="layer-backward" says="One row of this for each unit is too much: an input reaches the loss through all units, and what they contribute is added up."
def layer_backward(d_z, W, v):
    return np.outer(d_z, v), d_z, W * d_z[:, np.newaxis]

# %% tags=["alternative"] question="layer-backward" name="broadcasting, and from the left"
def layer_backward(d_z, W, v):
    return d_z[:, np.newaxis] * v, 1.0 * np.array(d_z), d_z @ W

# %% tags=["alternative"] question="layer-backward" name="float32, as products of matrices"
def layer_backward(d_z, W, v):
    column, row = d_z.astype(np.float32).reshape(-1, 1), v.astype(np.float32).reshape(1, -1)
    return column @ row, column.ravel(), (W.astype(np.float32).T @ column)[:, 0]

# %% tags=["alternative"] question="layer-backward" name="unit by unit"
def layer_backward(d_z, W, v):
    dW, d_v = np.zeros(W.shape), np.zeros(v.shape)
    for i, d in enumerate(d_z):
        dW[i] = d * v
        d_v += d * W[i]
    return dW, np.eye(len(d_z)) @ d_z, d_v

# %% tags=["alternative"] question="layer-backward" name="einsum"
def layer_backward(d_z, W, v):
    return {"W": np.einsum("i,j->ij", d_z, v), "b": d_z, "v": np.einsum("ij,i->j", W, d_z)}

# %% [markdown]
# ## 4.3 Through the ReLU: from $h_s$ to $h_a$
#
# *Afterwards the error has been carried back through the ReLU.*
#
# The ReLU acts on every unit by itself. Where $h_a$ is positive it passes everything on, forward and back. Where $h_a$
# is negative it is off, and nothing comes back. It is the sign of $h_a$ that decides, not of what comes back. (A unit
# that is off for every sample gets no gradient at all and stays as it is: a *dead ReLU*.)
#
# Shapes: $(d_h,)$, $h_a$ $(d_h,)$ $\to$ $(d_h,)$.

# %% nbgrader={"grade_id": "grad-ha", "solution": true}
def grad_ha(d_hs, h_a):
    """∂L/∂h_a for one sample.

    d_hs: (d_h,), ∂L/∂h_s; h_a: (d_h,), the hidden layer before the ReLU.
    Returns d_ha: (d_h,).
    """
    ### BEGIN SOLUTION
    return d_hs * (h_a > 0)
    ### END SOLUTION

# %% nbgrader={"grade_id": "grad-ha-check", "grade": true, "points": 1}
check.gradients(grad_ha, of=through_h_a, wrt="h_a", at=relu_cases, points=1)

# %% tags=["mistake"] question="grad-ha" says="The slope of the ReLU is missing: nothing comes back through a unit that was off."
def grad_ha(d_hs, h_a):
    return d_hs * 1.0

# %% tags=["mistake"] question="grad-ha" says="What decides is whether the unit was active in the forward pass, the sign of h_a: a negative derivative is as good as a positive one."
def grad_ha(d_hs, h_a):
    return np.maximum(d_hs, 0)

# %% tags=["mistake"] question="grad-ha" says="This multiplies by the value of the ReLU: it is its slope that counts, 0 or 1."
def grad_ha(d_hs, h_a):
    return d_hs * np.maximum(h_a, 0)

# %% tags=["mistake"] question="grad-ha" says="ReLU(h_a) / h_a is its slope everywhere but at the kink, where it is 0 / 0: ask for the sign of h_a."
def grad_ha(d_hs, h_a):
    return d_hs * np.maximum(h_a, 0) / h_a

# %% tags=["alternative"] question="grad-ha" name="np.where, and 1 at the kink"
def grad_ha(d_hs, h_a):
    return np.where(h_a >= 0, d_hs, 0)

# %% tags=["alternative"] question="grad-ha" name="a mask on a copy"
def grad_ha(d_hs, h_a):
    d_ha = d_hs.copy()
    d_ha[h_a <= 0] = 0
    return d_ha

# %% [markdown]
# ## 4.4 The penalty joins in
#
# *Afterwards you have the gradients of the regularised loss.*
#
# The penalty is added to the loss, so its gradient is added to the gradient. It depends on the weights only: the
# gradients of the biases stay as they are. Look up 1.3, and mind the factor of the squares. For a weight that is
# exactly 0 any subgradient will do.
#
# Shapes: $(d_h, d)$ and $(m, d_h)$ $\to$ the same two shapes.

# %% nbgrader={"grade_id": "regularised", "solution": true}
def regularised(dW1, dW2, W1, W2, lambdas):
    """The gradients of loss plus penalty, from those of the loss.

    dW1, W1: (d_h, d); dW2, W2: (m, d_h); lambdas: (λ11, λ12, λ21, λ22).
    Returns dW1: (d_h, d) and dW2: (m, d_h), as new arrays.
    """
    ### BEGIN SOLUTION
    l11, l12, l21, l22 = lambdas
    first = dW1 + l11 * np.sign(W1) + 2 * l12 * W1
    second = dW2 + l21 * np.sign(W2) + 2 * l22 * W2
    return first, second
    ### END SOLUTION

# %% nbgrader={"grade_id": "regularised-check", "grade": true, "points": 2}
check.gradients(regularised, of=through_penalty, wrt=("W1", "W2"), at=penalised_cases, points=2)

# %% tags=["mistake"] question="regularised" says="The derivative of λ w² is 2 λ w: the factor 2 is missing."
def regularised(dW1, dW2, W1, W2, lambdas):
    l11, l12, l21, l22 = lambdas
    return dW1 + l11 * np.sign(W1) + l12 * W1, dW2 + l21 * np.sign(W2) + l22 * W2

# %% tags=["mistake"] question="regularised" says="The slope of |w| is its sign: with |w| itself, negative weights are pushed away from 0."
def regularised(dW1, dW2, W1, W2, lambdas):
    l11, l12, l21, l22 = lambdas
    return dW1 + l11 * np.abs(W1) + 2 * l12 * W1, dW2 + l21 * np.abs(W2) + 2 * l22 * W2

# %% tags=["mistake"] question="regularised" says="Only the squared terms have been differentiated: the absolute values are part of the penalty too."
def regularised(dW1, dW2, W1, W2, lambdas):
    _, l12, _, l22 = lambdas
    return dW1 + 2 * l12 * W1, dW2 + 2 * l22 * W2

# %% tags=["mistake"] question="regularised" says="The penalties of the layers have changed places: the first index of a λ is the number of its layer."
def regularised(dW1, dW2, W1, W2, lambdas):
    l21, l22, l11, l12 = lambdas
    return dW1 + l11 * np.sign(W1) + 2 * l12 * W1, dW2 + l21 * np.sign(W2) + 2 * l22 * W2

# %% tags=["mistake"] question="regularised" says="The penalty has been added into the caller's own gradients: += changes an array, an assignment makes a new one."
def regularised(dW1, dW2, W1, W2, lambdas):
    l11, l12, l21, l22 = lambdas
    dW1 += l11 * np.sign(W1) + 2 * l12 * W1
    dW2 += l21 * np.sign(W2) + 2 * l22 * W2
    return dW1, dW2

# %% tags=["mistake"] question="regularised" says="What is added is the value of the penalty, one number for all: each weight needs the slope of its own term."
def regularised(dW1, dW2, W1, W2, lambdas):
    return dW1 + penalty(W1, W2, lambdas), dW2 + penalty(W1, W2, lambdas)

# %% tags=["alternative"] question="regularised" name="a loop over the layers, another subgradient at 0"
def regularised(dW1, dW2, W1, W2, lambdas):
    results = []
    for dW, W, (one, two) in zip((dW1, dW2), (W1, W2), np.reshape(lambdas, (2, 2))):
        results.append(dW + one * np.where(W >= 0, 1, -1) + 2 * two * W)
    return results

# %% tags=["alternative"] question="regularised" name="indicators, and the factor 2 first"
def regularised(dW1, dW2, W1, W2, lambdas):
    l11, l12, l21, l22 = lambdas
    first = dW1 + l11 * (1.0 * (W1 > 0) - 1.0 * (W1 < 0)) + W1 * (2 * l12)
    return first, dW2 + l21 * (1.0 * (W2 > 0) - 1.0 * (W2 < 0)) + W2 * (2 * l22)

# %% [markdown]
# ## 4.5 The whole pass
#
# *Afterwards your steps are one backward pass, for the net and the penalty together.*
#
# Go forward once and keep what you need; then call your steps from the top down. Before you write, say for each of them what
# its upstream gradient is and which of the numbers that you have kept it needs. In the end the penalty joins in.
#
# Shapes: weights, biases, $x$ $(d,)$, $y$ an integer, four penalties $\to$ the shapes of $W_1, b_1, W_2, b_2$ and $x$.

# %% nbgrader={"grade_id": "step-by-step", "solution": true}
def step_by_step(W1, b1, W2, b2, x, y, lambdas):
    """The gradients of the regularised loss of one sample with respect to W1, b1, W2, b2 and x, through all steps.

    W1: (d_h, d), b1: (d_h,), W2: (m, d_h), b2: (m,); x: (d,), y: an integer; lambdas: (λ11, λ12, λ21, λ22).
    Returns dW1: (d_h, d), db1: (d_h,), dW2: (m, d_h), db2: (m,), d_x: (d,).
    """
    ### BEGIN SOLUTION
    h_a, h_s, _, o_s = forward(W1, b1, W2, b2, x)
    dW2, db2, d_hs = layer_backward(grad_oa(o_s, y), W2, h_s)
    dW1, db1, d_x = layer_backward(grad_ha(d_hs, h_a), W1, x)
    dW1, dW2 = regularised(dW1, dW2, W1, W2, lambdas)
    return dW1, db1, dW2, db2, d_x
    ### END SOLUTION

# %% nbgrader={"grade_id": "step-by-step-check", "grade": true, "points": 4}
check.gradients(step_by_step, of=sample_loss, wrt=("W1", "b1", "W2", "b2", "x"), at=whole_cases, points=4)

# %% tags=["mistake"] question="step-by-step" says="A step has been left out: between the two layers lies the ReLU, and nothing comes back through a unit that was off."
def step_by_step(W1, b1, W2, b2, x, y, lambdas):
    _, h_s, _, o_s = forward(W1, b1, W2, b2, x)
    dW2, db2, d_hs = layer_backward(grad_oa(o_s, y), W2, h_s)
    dW1, db1, d_x = layer_backward(d_hs, W1, x)
    dW1, dW2 = regularised(dW1, dW2, W1, W2, lambdas)
    return dW1, db1, dW2, db2, d_x

# %% tags=["mistake"] question="step-by-step" says="Into the output layer comes h_s, after the ReLU: with h_a in its place, units that were off leave a trace in the gradient of W2."
def step_by_step(W1, b1, W2, b2, x, y, lambdas):
    h_a, _, _, o_s = forward(W1, b1, W2, b2, x)
    dW2, db2, d_hs = layer_backward(grad_oa(o_s, y), W2, h_a)
    dW1, db1, d_x = layer_backward(grad_ha(d_hs, h_a), W1, x)
    dW1, dW2 = regularised(dW1, dW2, W1, W2, lambdas)
    return dW1, db1, dW2, db2, d_x

# %% tags=["mistake"] question="step-by-step" says="What enters the backward pass at the top is ∂L/∂o_a: here the probabilities themselves go in, and the true class is not even asked for."
def step_by_step(W1, b1, W2, b2, x, y, lambdas):
    h_a, h_s, _, o_s = forward(W1, b1, W2, b2, x)
    dW2, db2, d_hs = layer_backward(o_s, W2, h_s)
    dW1, db1, d_x = layer_backward(grad_ha(d_hs, h_a), W1, x)
    dW1, dW2 = regularised(dW1, dW2, W1, W2, lambdas)
    return dW1, db1, dW2, db2, d_x

# %% tags=["mistake"] question="step-by-step" says="These are the gradients of the loss alone: the penalty adds its own to those of the weights."
def step_by_step(W1, b1, W2, b2, x, y, lambdas):
    h_a, h_s, _, o_s = forward(W1, b1, W2, b2, x)
    dW2, db2, d_hs = layer_backward(grad_oa(o_s, y), W2, h_s)
    dW1, db1, d_x = layer_backward(grad_ha(d_hs, h_a), W1, x)
    return dW1, db1, dW2, db2, d_x

# %% tags=["mistake"] question="step-by-step" says="The biases have been penalised as well: the penalty is on the weights only."
def step_by_step(W1, b1, W2, b2, x, y, lambdas):
    h_a, h_s, _, o_s = forward(W1, b1, W2, b2, x)
    dW2, db2, d_hs = layer_backward(grad_oa(o_s, y), W2, h_s)
    dW1, db1, d_x = layer_backward(grad_ha(d_hs, h_a), W1, x)
    dW1, dW2 = regularised(dW1, dW2, W1, W2, lambdas)
    db1, db2 = regularised(db1, db2, b1, b2, lambdas)
    return dW1, db1, dW2, db2, d_x

# %% tags=["mistake"] question="step-by-step" says="The ReLU's step multiplies by its slope, 0 or 1: here it has been multiplied by its value, h_s."
def step_by_step(W1, b1, W2, b2, x, y, lambdas):
    _, h_s, _, o_s = forward(W1, b1, W2, b2, x)
    dW2, db2, d_hs = layer_backward(grad_oa(o_s, y), W2, h_s)
    dW1, db1, d_x = layer_backward(d_hs * h_s, W1, x)
    dW1, dW2 = regularised(dW1, dW2, W1, W2, lambdas)
    return dW1, db1, dW2, db2, d_x

# %% tags=["alternative"] question="step-by-step" name="written out"
def step_by_step(W1, b1, W2, b2, x, y, lambdas):
    l11, l12, l21, l22 = lambdas
    h_a = W1 @ x + b1
    h_s = np.maximum(h_a, 0)
    delta = special.softmax(W2 @ h_s + b2) - np.eye(len(b2))[y]
    below = np.where(h_a > 0, delta @ W2, 0)
    return (np.outer(below, x) + l11 * np.sign(W1) + 2 * l12 * W1, below,
            np.outer(delta, h_s) + l21 * np.sign(W2) + 2 * l22 * W2, delta, below @ W1)

# %% tags=["alternative"] question="step-by-step" name="a dictionary, the penalty first"
def step_by_step(W1, b1, W2, b2, x, y, lambdas):
    h_a, h_s, o_a, _ = forward(W1, b1, W2, b2, x)
    pulls = regularised(0 * W1, 0 * W2, W1, W2, lambdas)
    d_oa = special.softmax(o_a)
    d_oa[y] -= 1
    d_ha = (W2.T @ d_oa) * (h_s > 0)
    return {"W1": pulls[0] + d_ha[:, None] * x, "b1": d_ha, "W2": pulls[1] + d_oa[:, None] * h_s, "b2": d_oa,
            "x": W1.T @ d_ha}

# %% [markdown]
# ### Your checker, with one sample
#
# Nothing to write here. The next cell holds all gradients of one sample, and the one with respect to $x$, against two
# measurements: your finite differences, and the course's own tool.
# The first two columns should be tiny; the last says how far the two measurements are from each other. Change one
# of your steps into something wrong, run the cells again, and see what it looks like.

# %% nbgrader={"grade_id": "steps-together", "locked": true}
def hold_against(gradients, loss, case):
    """Print how far gradients are from two measurements; `case` holds the arguments of `loss` by name."""
    print("gradient   hand, your checker   hand, the course's   the two measurements")
    for name, by_hand in gradients.items():
        def moved(value, name=name):
            return loss(**(case | {name: value}))
        yours = finite_differences(moved, case[name], 1e-5)
        ours = numerical.measure(moved, case[name]).value
        errors = gradient_error(by_hand, yours), gradient_error(by_hand, ours), gradient_error(yours, ours)
        print(f"{name:8}   {errors[0]:12.1e}   {errors[1]:18.1e}   {errors[2]:20.1e}")


with check.once_written():
    one = net(np.random.default_rng(4), d=5, d_h=7, m=3) | {
        "x": np.random.default_rng(5).standard_normal(5), "y": 1, "lambdas": (0.01, 0.02, 0.03, 0.04)}
    hold_against(dict(zip(("W1", "b1", "W2", "b2", "x"), step_by_step(**one))), sample_loss, one)

# %% [markdown]
# # Part 5: many samples, with loops and with matrices
#
# For $K$ samples the loss is the **mean** over the samples, and every sample brings its share of the penalty:
#
# $$R = \frac{1}{K} \sum_{s=1}^{K} \bigl( L(x_s, y_s) + \Omega \bigr)
#     = \frac{1}{K} \sum_{s=1}^{K} L(x_s, y_s) + \Omega$$
#
# The two ways to write it are the same number. So there are two ways to write its gradient: sample by sample, or all
# at once.

# %% nbgrader={"grade_id": "minibatch-cases", "locked": true}
def regularised_loss(W1, b1, W2, b2, X, y, lambdas):
    """The mean loss of K samples plus the penalty, sample by sample with your functions from part 2."""
    losses = [negative_log_likelihood(forward(W1, b1, W2, b2, X[:, s])[2], y[s]) for s in range(X.shape[1])]
    return np.mean(losses) + penalty(W1, W2, lambdas)


def regularised_loss_at_once(W1, b1, W2, b2, X, y, lambdas):
    """The same number without a loop, with your functions from 5.2 and 5.3."""
    return loss_and_error(forward_batch(W1, b1, W2, b2, X)[2], y)[0] + penalty(W1, W2, lambdas)


def minibatch(rng, d, d_h, m, K):
    """A small net, K samples and their classes, and four penalties."""
    return net(rng, d, d_h, m) | {"X": rng.standard_normal((d, K)), "y": rng.integers(m, size=K),
                                  "lambdas": four_penalties(rng), "case": f"K = {K}, d = {d}, d_h = {d_h}, m = {m}"}


def minibatch_cases(rng, sizes=((4, 5, 3, 1), (5, 3, 4, 6), (3, 6, 2, 10))):
    """Minibatches of several sizes, one of them with a single sample; two weights are 0."""
    for d, d_h, m, K in sizes:
        case = minibatch(rng, d, d_h, m, K)
        case["W1"][0, 1] = case["W2"][1, 0] = 0.0
        yield case


def gradient_cases(rng):
    """As above, and one with huge scores and weight decay alone."""
    yield from minibatch_cases(rng)
    case = minibatch(rng, 4, 3, 3, 5)
    _, l12, _, l22 = case["lambdas"]
    case["b2"], case["W2"] = 1500 + 0.3 * case["b2"], 0.3 * case["W2"]  # no class is sure, so that gradients are no round-off
    yield case | {"lambdas": (0.0, l12, 0.0, l22), "case": "huge scores, weight decay alone"}


def forward_batch_cases(rng):
    """A net and K samples, without labels; in the last case the scores of one sample are far below those of others."""
    for case in minibatch_cases(rng):
        yield {name: case[name] for name in ("W1", "b1", "W2", "b2", "X", "case")}
    apart = net(rng, 3, 6, 4)
    yield apart | {"X": rng.standard_normal((3, 5)) * [1, 3000, 3000, 3000, 3000], "case": "samples far apart"}


def scored_batch_cases(rng):
    """Scores of K samples and their classes; in one case the net is sure of wrong answers, in one a third are wrong."""
    for m, K in ((3, 7), (5, 4)):
        yield {"O_a": 2 * rng.standard_normal((m, K)), "y": rng.integers(m, size=K), "case": f"{m} classes, K = {K}"}
    apart = rng.permutation([1000.0, 0.0, -1000.0])  # samples, each with a largest score of its own
    yield {"O_a": 900 * np.eye(3) + rng.standard_normal((3, 3)) + apart, "y": np.array([1, 2, 0]),
           "case": "sure, and wrong"}
    for m, K in ((4, 31), (6, 33)):
        O_a = 2 * rng.standard_normal((m, K))
        y = np.argmax(O_a, axis=0)
        y[: K // 3] = (y[: K // 3] + m // 2) % m  # a third of the answers are wrong, and not by one class
        yield {"O_a": O_a, "y": y, "case": f"{m} classes, K = {K}, a third wrong"}


def one_and_ten_cases(rng):
    """One sample, and a minibatch of ten."""
    for K in (1, 10):
        yield minibatch(rng, 6, 8, 4, K) | {"case": f"K = {K}"}


def equal_to_the_loop(result, *case):
    """Whether gradients are those of the loop, to 1e-12."""
    parts = [result[name] for name in ("W1", "b1", "W2", "b2")] if isinstance(result, dict) else result
    return all(np.max(np.abs(a - b)) < 1e-12 for a, b in zip(parts, loop_gradients(*case), strict=True))


# %% [markdown]
# ## 5.1 With loops
#
# *Afterwards you have a gradient for many samples that is slow, plain, and easy to trust.*
#
# Write the sums as loops, as they stand in the formulas: over the samples, and inside over the units of each layer.
# One row of a weight matrix belongs to one unit, so the gradient of unit $j$ is one row too. Write that row down first,
# for $W_1$ and for $W_2$: what does one sample add to it (4.2), what does the penalty (4.4), and what is divided by $K$?
# (If you would rather loop over the samples only and call your whole pass of 4.5, do so: the numbers are the same.)
#
# Shapes: `X` $(d, K)$, `y` $(K,)$, four penalties $\to$ the shapes of $W_1, b_1, W_2, b_2$.

# %% nbgrader={"grade_id": "loop-gradients", "solution": true}
def loop_gradients(W1, b1, W2, b2, X, y, lambdas):
    """The gradients of the regularised mean loss of K samples, with loops.

    W1: (d_h, d), b1: (d_h,), W2: (m, d_h), b2: (m,);
    X: (d, K), a column is a sample; y: (K,), integers; lambdas: (λ11, λ12, λ21, λ22).
    Returns dW1: (d_h, d), db1: (d_h,), dW2: (m, d_h), db2: (m,).
    """
    ### BEGIN SOLUTION
    l11, l12, l21, l22 = lambdas
    d_h, m, K = len(b1), len(b2), len(y)
    dW1, db1, dW2, db2 = np.zeros_like(W1), np.zeros_like(b1), np.zeros_like(W2), np.zeros_like(b2)
    for s in range(K):
        x = X[:, s]
        h_a = np.array([W1[j] @ x + b1[j] for j in range(d_h)])
        h_s = np.maximum(h_a, 0)
        o_a = np.array([W2[k] @ h_s + b2[k] for k in range(m)])

        d_oa = softmax(o_a)
        d_oa[y[s]] -= 1
        for k in range(m):
            dW2[k] += d_oa[k] * h_s / K
            dW2[k] += (l21 * np.sign(W2[k]) + 2 * l22 * W2[k]) / K  # the sample's share of the penalty
            db2[k] += d_oa[k] / K
        for j in range(d_h):
            d_ha = W2[:, j] @ d_oa if h_a[j] > 0 else 0
            dW1[j] += d_ha * x / K
            dW1[j] += (l11 * np.sign(W1[j]) + 2 * l12 * W1[j]) / K
            db1[j] += d_ha / K
    return dW1, db1, dW2, db2
    ### END SOLUTION

# %% nbgrader={"grade_id": "loop-gradients-check", "grade": true, "points": 4}
check.gradients(loop_gradients, of=regularised_loss, wrt=("W1", "b1", "W2", "b2"), at=gradient_cases, points=4)

# %% tags=["mistake"] question="loop-gradients" says="The loss is a mean over the samples: their gradients are added up, and the sum is divided by K."
def loop_gradients(W1, b1, W2, b2, X, y, lambdas):
    totals = [0, 0, 0, 0]
    for s in range(len(y)):
        totals = [a + b for a, b in zip(totals, step_by_step(W1, b1, W2, b2, X[:, s], y[s], (0, 0, 0, 0)))]
    totals[0], totals[2] = regularised(totals[0], totals[2], W1, W2, lambdas)
    return totals

# %% tags=["mistake"] question="loop-gradients" says="Every sample writes over the one before, so only the last is left: the gradients of the samples are added up."
def loop_gradients(W1, b1, W2, b2, X, y, lambdas):
    for s in range(len(y)):
        parts = [part / len(y) for part in step_by_step(W1, b1, W2, b2, X[:, s], y[s], (0, 0, 0, 0))[:4]]
    parts[0], parts[2] = regularised(parts[0], parts[2], W1, W2, lambdas)
    return parts

# %% tags=["mistake"] question="loop-gradients" says="The whole penalty is added once for every sample and never divided: in the mean it counts once, whatever K is."
def loop_gradients(W1, b1, W2, b2, X, y, lambdas):
    K = len(y)
    totals = [0, 0, 0, 0]
    for s in range(K):
        totals = [a + b / K for a, b in zip(totals, step_by_step(W1, b1, W2, b2, X[:, s], y[s], (0, 0, 0, 0)))]
        totals[0], totals[2] = regularised(totals[0], totals[2], W1, W2, lambdas)
    return totals

# %% tags=["mistake"] question="loop-gradients" says="The penalty has been divided by K although it was added only once: only the samples are averaged."
def loop_gradients(W1, b1, W2, b2, X, y, lambdas):
    totals = [0, 0, 0, 0]
    for s in range(len(y)):
        totals = [a + b for a, b in zip(totals, step_by_step(W1, b1, W2, b2, X[:, s], y[s], (0, 0, 0, 0)))]
    totals[0], totals[2] = regularised(totals[0], totals[2], W1, W2, lambdas)
    return [total / len(y) for total in totals]

# %% tags=["mistake"] question="loop-gradients" says="Hidden units that were off pass something back: the slope of the ReLU is missing on the way to W1 and b1."
def loop_gradients(W1, b1, W2, b2, X, y, lambdas):
    totals = [0, 0, 0, 0]
    for s in range(len(y)):
        _, h_s, _, o_s = forward(W1, b1, W2, b2, X[:, s])
        d_oa = grad_oa(o_s, y[s])
        d_ha = W2.T @ d_oa
        parts = np.outer(d_ha, X[:, s]), d_ha, np.outer(d_oa, h_s), d_oa
        totals = [a + b / len(y) for a, b in zip(totals, parts)]
    totals[0], totals[2] = regularised(totals[0], totals[2], W1, W2, lambdas)
    return totals

# %% tags=["mistake"] question="loop-gradients" says="The exponential of a large score overflows, and infinity divided by infinity is no number: your softmax of 2.1 survives it."
def loop_gradients(W1, b1, W2, b2, X, y, lambdas):
    K, total = len(y), [0, 0, 0, 0]
    for s in range(K):
        h_a, h_s, o_a, _ = forward(W1, b1, W2, b2, X[:, s])
        d_oa = np.exp(o_a) / np.sum(np.exp(o_a))
        d_oa[y[s]] -= 1
        d_ha = grad_ha(W2.T @ d_oa, h_a)
        steps = np.outer(d_ha, X[:, s]), d_ha, np.outer(d_oa, h_s), d_oa
        total = [a + step / K for a, step in zip(total, steps)]
    dW1, dW2 = regularised(total[0], total[2], W1, W2, lambdas)
    return dW1, total[1], dW2, total[3]

# %% tags=["alternative"] question="loop-gradients" name="a loop over the samples and the steps of part 4"
def loop_gradients(W1, b1, W2, b2, X, y, lambdas):
    K = X.shape[1]
    sums = [np.zeros(part.shape) for part in (W1, b1, W2, b2)]
    for x, label in zip(X.T, y):
        for total, part in zip(sums, step_by_step(W1, b1, W2, b2, x, label, lambdas)):
            total += part
    return [total / K for total in sums]

# %% tags=["alternative"] question="loop-gradients" name="lists of samples, averaged at the end"
def loop_gradients(W1, b1, W2, b2, X, y, lambdas):
    parts = [step_by_step(W1, b1, W2, b2, X[:, s], y[s], (0, 0, 0, 0)) for s in range(len(y))]
    dW1, db1, dW2, db2 = (np.mean([part[i] for part in parts], axis=0) for i in range(4))
    dW1, dW2 = regularised(dW1, dW2, W1, W2, lambdas)
    return dW1, db1, dW2, db2

# %% [markdown]
# ## 5.2 All samples go forward
#
# *Afterwards a whole minibatch passes through the net in four lines.*
#
# The formulas of 2.3, with a column for each sample. One thing needs care: a bias has shape $(d_h,)$, and numpy lines
# such a vector up with the **last** axis, which is the samples here. `b1[:, np.newaxis]` makes it a column, $(d_h, 1)$,
# which is then added to every column. Without it you get an error; or, when $K$ happens to equal $d_h$, no error and
# wrong numbers.
#
# Shapes: `X` $(d, K)$ $\to$ $H_a$ and $H_s$ $(d_h, K)$, $O_a$ and $O_s$ $(m, K)$.

# %% nbgrader={"grade_id": "forward-batch", "solution": true}
def forward_batch(W1, b1, W2, b2, X):
    """K samples through the net.

    W1: (d_h, d), b1: (d_h,), W2: (m, d_h), b2: (m,), X: (d, K), a column is a sample.
    Returns H_a: (d_h, K), H_s: (d_h, K), O_a: (m, K), O_s: (m, K).
    """
    ### BEGIN SOLUTION
    H_a = W1 @ X + b1[:, np.newaxis]
    H_s = np.maximum(H_a, 0)
    O_a = W2 @ H_s + b2[:, np.newaxis]
    O_s = softmax(O_a)
    return H_a, H_s, O_a, O_s
    ### END SOLUTION

# %% nbgrader={"grade_id": "forward-batch-check", "grade": true, "points": 1}
check.values(forward_batch, at=forward_batch_cases, returns=("H_a", "H_s", "O_a", "O_s"), points=1)

# %% tags=["mistake"] question="forward-batch" says="The output layer reads the hidden layer after its ReLU: here it has been given H_a."
def forward_batch(W1, b1, W2, b2, X):
    H_a = W1 @ X + b1[:, np.newaxis]
    O_a = W2 @ H_a + b2[:, np.newaxis]
    return H_a, np.maximum(H_a, 0), O_a, softmax(O_a)

# %% tags=["mistake"] question="forward-batch" says="A bias of shape (d_h,) is lined up with the samples: make it a column, so that every sample gets the same biases."
def forward_batch(W1, b1, W2, b2, X):
    H_a = W1 @ X + b1
    H_s = np.maximum(H_a, 0)
    O_a = W2 @ H_s + b2
    return H_a, H_s, O_a, softmax(O_a)

# %% tags=["mistake"] question="forward-batch" says="The softmax has gone over the samples: the classes compete within each column, along axis 0."
def forward_batch(W1, b1, W2, b2, X):
    H_a = W1 @ X + b1[:, np.newaxis]
    H_s = np.maximum(H_a, 0)
    O_a = W2 @ H_s + b2[:, np.newaxis]
    return H_a, H_s, O_a, softmax(O_a.T).T

# %% tags=["mistake"] question="forward-batch" says="One largest score has been subtracted from all samples: a sample far below it underflows to 0 / 0. Every column has its own, as in 2.1."
def forward_batch(W1, b1, W2, b2, X):
    H_a = W1 @ X + b1[:, np.newaxis]
    H_s = np.maximum(H_a, 0)
    O_a = W2 @ H_s + b2[:, np.newaxis]
    E = np.exp(O_a - np.max(O_a))
    return H_a, H_s, O_a, E / E.sum(axis=0)

# %% tags=["alternative"] question="forward-batch" name="sample by sample"
def forward_batch(W1, b1, W2, b2, X):
    parts = [forward(W1, b1, W2, b2, x) for x in X.T]
    return [np.stack([part[i] for part in parts], axis=1) for i in range(4)]

# %% tags=["alternative"] question="forward-batch" name="biases as a column of the weights"
def forward_batch(W1, b1, W2, b2, X):
    ones = np.ones((1, X.shape[1]))
    H_a = np.hstack([W1, b1.reshape(-1, 1)]) @ np.vstack([X, ones])
    H_s = np.where(H_a > 0, H_a, 0)
    O_a = np.hstack([W2, b2.reshape(-1, 1)]) @ np.vstack([H_s, ones])
    return H_a, H_s, O_a, special.softmax(O_a, axis=0)

# %% [markdown]
# ## 5.3 Two numbers for many samples
#
# *Afterwards you can watch the loss and the error on thousands of samples after every epoch.*
#
# **The mean loss**: as in 2.4, for each column, and then the mean. To pick from every column the score of its own class,
# index with two arrays: `O_a[y, np.arange(K)]` pairs class `y[s]` with column `s`. (`O_a[y]` picks whole rows.)
#
# **The error rate**: the answer of the net for a sample is the class with the highest score, and the error rate is the
# fraction of samples whose answer is not their class. It is what one really wants to know, but it cannot be differentiated:
# it changes in jumps. So the loss is for training, the error for looking.
#
# Shapes: $(m, K)$, $(K,)$ $\to$ two numbers, the second from 0 to 1.

# %% nbgrader={"grade_id": "loss-and-error", "solution": true}
def loss_and_error(O_a, y):
    """The mean negative log-likelihood of K samples, finite for all finite scores, and the fraction of wrong answers.

    O_a: (m, K), before the softmax; y: (K,), integers from 0 to m - 1.
    Returns two numbers.
    """
    ### BEGIN SOLUTION
    loss = np.mean(np.logaddexp.reduce(O_a, axis=0) - O_a[y, np.arange(len(y))])
    return loss, np.mean(O_a.argmax(axis=0) != y)
    ### END SOLUTION

# %% nbgrader={"grade_id": "loss-and-error-check", "grade": true, "points": 2}
check.values(loss_and_error, at=scored_batch_cases, returns=("loss", "error"), points=2)

# %% tags=["mistake"] question="loss-and-error" says="A mean over the samples, not their sum: otherwise a large data set looks worse than a small one."
def loss_and_error(O_a, y):
    loss = np.sum(np.logaddexp.reduce(O_a, axis=0) - O_a[y, np.arange(len(y))])
    return loss, np.mean(O_a.argmax(axis=0) != y)

# %% tags=["mistake"] question="loss-and-error" says="O_a[y] picks whole rows, every class for every sample: each sample needs the score of its own class only."
def loss_and_error(O_a, y):
    loss = np.mean(np.logaddexp.reduce(O_a, axis=0) - O_a[y])
    return loss, np.mean(O_a.argmax(axis=0) != y)

# %% tags=["mistake"] question="loss-and-error" says="Where the net is sure and wrong a probability is rounded to 0, and this loss becomes infinite: take the logarithm on paper."
def loss_and_error(O_a, y):
    return -np.mean(np.log(softmax(O_a)[y, np.arange(len(y))])), np.mean(O_a.argmax(axis=0) != y)

# %% tags=["mistake"] question="loss-and-error" says="This is the fraction of right answers, the accuracy: the error rate is what is left."
def loss_and_error(O_a, y):
    loss = np.mean(np.logaddexp.reduce(O_a, axis=0) - O_a[y, np.arange(len(y))])
    return loss, np.mean(O_a.argmax(axis=0) == y)

# %% tags=["mistake"] question="loss-and-error" says="Wrong answers have been counted, not related to how many samples there are: a fraction lies between 0 and 1."
def loss_and_error(O_a, y):
    loss = np.mean(np.logaddexp.reduce(O_a, axis=0) - O_a[y, np.arange(len(y))])
    return loss, np.sum(O_a.argmax(axis=0) != y)

# %% tags=["mistake"] question="loss-and-error" says="Classes are names: a trouser taken for a bag is not more wrong because their numbers are farther apart. Count, do not measure distances."
def loss_and_error(O_a, y):
    loss = np.mean(np.logaddexp.reduce(O_a, axis=0) - O_a[y, np.arange(len(y))])
    return loss, np.mean(np.abs(O_a.argmax(axis=0) - y))

# %% tags=["mistake"] question="loss-and-error" says="The answer is the class with the highest score, not the highest score itself."
def loss_and_error(O_a, y):
    loss = np.mean(np.logaddexp.reduce(O_a, axis=0) - O_a[y, np.arange(len(y))])
    return loss, np.mean(O_a.max(axis=0) != y)

# %% tags=["alternative"] question="loss-and-error" name="one sample after the other"
def loss_and_error(O_a, y):
    loss, wrong = 0.0, 0
    for o_a, label in zip(O_a.T, y):
        loss += negative_log_likelihood(o_a, label)
        wrong += int(np.argmax(o_a) != label)
    return loss / len(y), wrong / y.size

# %% tags=["alternative"] question="loss-and-error" name="log_softmax, a one-hot mask, and 1 minus the accuracy"
def loss_and_error(O_a, y):
    one_hot = np.eye(O_a.shape[0])[:, y]
    loss = -np.sum(one_hot * special.log_softmax(O_a, axis=0)) / y.size
    return loss, 1 - np.count_nonzero(O_a.argmax(axis=0) == y) / y.size

# %% [markdown]
# ## 5.4 With matrices
#
# *Afterwards you have the gradient that real training uses: no loop, and far faster.*
#
# Take your steps from part 4 one by one and ask of each what it becomes for $K$ columns. What acts on every entry stays
# as it is. A product of a matrix and a vector becomes a product of two matrices. And the two `outer`, summed over the
# samples? A product of matrices *contains* a sum: find the one that runs over the samples. For the biases you take that
# sum yourself.
#
# **First the formulas.** Hand them in as text, a line each; earlier lines may be used in later ones. Your letters
# are `X`, `Ha` and `Hs` (before and after the ReLU), `D`, `W1`, `W2`, and the four λ as `l11`, `l12`, `l21`, `l22`. $D$ is
# $\partial R / \partial O_a$, the upstream gradient of the last layer, with the division by $K$ already in it, so that
# everything after it is a mean. `(Ha > 0)` is an indicator, `sum(D, axis=1)` a sum over the samples, `sign(W1)` and
# `W2.T` are as in numpy.

# %% nbgrader={"grade_id": "batch-formula-cases", "locked": true}
def batch_letters(rng):
    """The letters of the derivation, first with small whole numbers."""
    yield {"X": np.array([[1.0, 2.0]]), "Ha": np.array([[1.0, -2.0], [3.0, 1.0]]), "Hs": np.array([[1.0, 0.0], [3.0, 1.0]]),
           "D": np.array([[1.0, -1.0]]), "W1": np.array([[1.0], [-2.0]]), "W2": np.array([[2.0, -1.0]]),
           "l11": 1.0, "l12": 2.0, "l21": 3.0, "l22": 4.0, "case": "d = 1, d_h = 2, m = 1, K = 2"}
    for d, d_h, m, K in ((4, 5, 3, 6), (2, 3, 4, 5)):
        weights, lambdas = net(rng, d, d_h, m), four_penalties(rng)
        X = rng.standard_normal((d, K))
        Ha = weights["W1"] @ X + weights["b1"][:, np.newaxis]
        yield {"X": X, "Ha": Ha, "Hs": np.maximum(Ha, 0), "D": rng.standard_normal((m, K)), "W1": weights["W1"],
               "W2": weights["W2"], **dict(zip(("l11", "l12", "l21", "l22"), lambdas)),
               "case": f"d = {d}, d_h = {d_h}, m = {m}, K = {K}"}


# %% nbgrader={"grade_id": "batch-formulas", "solution": true}
def batch_formulas():
    """The gradients of the regularised mean loss of K samples, as formulas of X, Ha, Hs, D, W1, W2 and the four λ.

    X: (d, K); Ha, Hs: (d_h, K), before and after the ReLU; D: (m, K), ∂R/∂O_a; l11, l12, l21, l22: numbers.
    Returns a text with the lines "dW1 = ...", "db1 = ...", "dW2 = ...", "db2 = ...", and any lines before them.
    """
    ### BEGIN SOLUTION
    return """
    dHa = (W2.T @ D) * (Ha > 0)
    dW1 = dHa @ X.T + l11 * sign(W1) + 2 * l12 * W1
    db1 = sum(dHa, axis=1)
    dW2 = D @ Hs.T + l21 * sign(W2) + 2 * l22 * W2
    db2 = sum(D, axis=1)
    """
    ### END SOLUTION

# %% nbgrader={"grade_id": "batch-formulas-check", "grade": true, "points": 2}
check.derivation(batch_formulas, at=batch_letters, returns=("dW1", "db1", "dW2", "db2"), points=2)

# %% tags=["mistake"] question="batch-formulas" says="On its way to W1 and b1 the upstream gradient passes back through the ReLU: the indicator of H_a > 0 is missing."
def batch_formulas():
    return """
    dHa = W2.T @ D
    dW1 = dHa @ X.T + l11 * sign(W1) + 2 * l12 * W1
    db1 = sum(dHa, axis=1)
    dW2 = D @ Hs.T + l21 * sign(W2) + 2 * l22 * W2
    db2 = sum(D, axis=1)
    """

# %% tags=["mistake"] question="batch-formulas" says="W2 stands above the ReLU, so it is multiplied by what comes out of it, H_s: here stands H_a."
def batch_formulas():
    return """
    dHa = (W2.T @ D) * (Ha > 0)
    dW1 = dHa @ X.T + l11 * sign(W1) + 2 * l12 * W1
    db1 = sum(dHa, axis=1)
    dW2 = D @ Ha.T + l21 * sign(W2) + 2 * l22 * W2
    db2 = sum(D, axis=1)
    """

# %% tags=["mistake"] question="batch-formulas" says="A λ with a second index 2 stands before squares, whose derivative has a factor 2: it is missing."
def batch_formulas():
    return """
    dHa = (W2.T @ D) * (Ha > 0)
    dW1 = dHa @ X.T + l11 * sign(W1) + l12 * W1
    db1 = sum(dHa, axis=1)
    dW2 = D @ Hs.T + l21 * sign(W2) + l22 * W2
    db2 = sum(D, axis=1)
    """

# %% tags=["mistake"] question="batch-formulas" says="These are the gradients of the loss alone: the penalty depends on the weights and adds its own."
def batch_formulas():
    return "dHa = (W2.T @ D) * (Ha > 0); dW1 = dHa @ X.T; db1 = sum(dHa, axis=1); dW2 = D @ Hs.T; db2 = sum(D, axis=1)"

# %% tags=["mistake"] question="batch-formulas" says="A mean over the samples has been taken for the biases, but D holds the division by K already: it is a sum."
def batch_formulas():
    return """
    dHa = (W2.T @ D) * (Ha > 0)
    dW1 = dHa @ X.T + l11 * sign(W1) + 2 * l12 * W1
    db1 = mean(dHa, axis=1)
    dW2 = D @ Hs.T + l21 * sign(W2) + 2 * l22 * W2
    db2 = mean(D, axis=1)
    """

# %% tags=["alternative"] question="batch-formulas" name="a dictionary, in one line each"
def batch_formulas():
    return {
        "dW1": "np.where(Ha > 0, W2.T @ D, 0) @ X.T + l11 * np.sign(W1) + 2 * l12 * W1",
        "db1": "np.sum(np.where(Ha > 0, W2.T @ D, 0), axis=1)",
        "dW2": "transpose(Hs @ D.T) + l21 * np.sign(W2) + 2 * l22 * W2",
        "db2": "sum(D.T, axis=0)",
    }

# %% tags=["alternative"] question="batch-formulas" name="the penalties on lines of their own"
def batch_formulas():
    return """
    P1 = l11 * sign(W1) + 2 * l12 * W1
    P2 = l21 * sign(W2) + 2 * l22 * W2
    M = (Ha > 0) * (W2.T @ D)
    dW1 = P1 + M @ X.T
    db1 = sum(M, axis=1)
    dW2 = P2 + D @ Hs.T
    db2 = sum(D, axis=1)
    """

# %% [markdown]
# **Then the code.** Divide by $K$ once, early. Add the penalty at the end, once. If you like, leave out what has a
# $\lambda$ of 0: large matrices take time.
#
# The first check measures slopes. The second asks that your two ways give the same numbers, to $10^{-12}$, for $K = 1$
# and for $K = 10$.
#
# Shapes: as in 5.1.

# %% nbgrader={"grade_id": "matrix-gradients", "solution": true}
def matrix_gradients(W1, b1, W2, b2, X, y, lambdas):
    """The gradients of the regularised mean loss of K samples, without a loop.

    W1: (d_h, d), b1: (d_h,), W2: (m, d_h), b2: (m,);
    X: (d, K), a column is a sample; y: (K,), integers; lambdas: (λ11, λ12, λ21, λ22).
    Returns dW1: (d_h, d), db1: (d_h,), dW2: (m, d_h), db2: (m,).
    """
    ### BEGIN SOLUTION
    K = len(y)
    H_a, H_s, _, D_oa = forward_batch(W1, b1, W2, b2, X)
    D_oa[y, np.arange(K)] -= 1  # O_s minus one-hot, in an array that nobody else needs
    D_oa /= K  # from here on, every sum over the samples is a mean
    D_ha = (W2.T @ D_oa) * (H_a > 0)  # (d_h, K)

    dW1, db1 = D_ha @ X.T, D_ha.sum(axis=1)
    dW2, db2 = D_oa @ H_s.T, D_oa.sum(axis=1)

    l11, l12, l21, l22 = lambdas
    dW1 += 2 * l12 * W1
    dW2 += 2 * l22 * W2
    if l11 or l21:  # signs take time: only where they count
        dW1 += l11 * np.sign(W1)
        dW2 += l21 * np.sign(W2)
    return dW1, db1, dW2, db2
    ### END SOLUTION

# %% nbgrader={"grade_id": "matrix-gradients-check", "grade": true, "points": 4}
check.gradients(
    matrix_gradients, of=regularised_loss_at_once, wrt=("W1", "b1", "W2", "b2"), at=gradient_cases, points=4,
    ### BEGIN HIDDEN TESTS
    also_at=lambda rng: minibatch_cases(rng, sizes=((2, 4, 5, 4), (4, 2, 3, 7))),
    ### END HIDDEN TESTS
)

# %% nbgrader={"grade_id": "matrix-equals-loop-check", "grade": true, "points": 1}
check.properties(matrix_gradients, at=one_and_ten_cases, points=1, equal_to_the_loop_to_1e_12=equal_to_the_loop)

# %% tags=["mistake"] question="matrix-gradients" says="A product of matrices adds the samples up, but the loss is their mean: the division by K is missing."
def matrix_gradients(W1, b1, W2, b2, X, y, lambdas):
    H_a, H_s, _, O_s = forward_batch(W1, b1, W2, b2, X)
    D_oa = O_s - np.eye(len(b2))[:, y]
    D_ha = (W2.T @ D_oa) * (H_a > 0)
    dW1, dW2 = regularised(D_ha @ X.T, D_oa @ H_s.T, W1, W2, lambdas)
    return dW1, D_ha.sum(axis=1), dW2, D_oa.sum(axis=1)

# %% tags=["mistake"] question="matrix-gradients" says="The biases have been divided by K twice: the upstream gradient is divided already, so over the samples it is a sum."
def matrix_gradients(W1, b1, W2, b2, X, y, lambdas):
    H_a, H_s, _, O_s = forward_batch(W1, b1, W2, b2, X)
    D_oa = (O_s - np.eye(len(b2))[:, y]) / len(y)
    D_ha = (W2.T @ D_oa) * (H_a > 0)
    dW1, dW2 = regularised(D_ha @ X.T, D_oa @ H_s.T, W1, W2, lambdas)
    return dW1, D_ha.mean(axis=1), dW2, D_oa.mean(axis=1)

# %% tags=["mistake"] question="matrix-gradients" says="The penalty has been divided by K together with the samples: it does not depend on them and counts in full."
def matrix_gradients(W1, b1, W2, b2, X, y, lambdas):
    K = len(y)
    H_a, H_s, _, O_s = forward_batch(W1, b1, W2, b2, X)
    D_oa = O_s - np.eye(len(b2))[:, y]
    D_ha = (W2.T @ D_oa) * (H_a > 0)
    dW1, dW2 = regularised(D_ha @ X.T, D_oa @ H_s.T, W1, W2, lambdas)
    return dW1 / K, D_ha.sum(axis=1) / K, dW2 / K, D_oa.sum(axis=1) / K

# %% tags=["mistake"] question="matrix-gradients" says="The biases have been penalised as well: the penalty is on the weights only."
def matrix_gradients(W1, b1, W2, b2, X, y, lambdas):
    H_a, H_s, _, O_s = forward_batch(W1, b1, W2, b2, X)
    D_oa = (O_s - np.eye(len(b2))[:, y]) / len(y)
    D_ha = (W2.T @ D_oa) * (H_a > 0)
    dW1, dW2 = regularised(D_ha @ X.T, D_oa @ H_s.T, W1, W2, lambdas)
    db1, db2 = regularised(D_ha.sum(axis=1), D_oa.sum(axis=1), b1, b2, lambdas)
    return dW1, db1, dW2, db2

# %% tags=["mistake"] question="matrix-gradients" says="W2 stands above the ReLU and gets H_s: with H_a in its place, units that were off leave a trace in its gradient."
def matrix_gradients(W1, b1, W2, b2, X, y, lambdas):
    H_a, _, _, O_s = forward_batch(W1, b1, W2, b2, X)
    D_oa = (O_s - np.eye(len(b2))[:, y]) / len(y)
    D_ha = (W2.T @ D_oa) * (H_a > 0)
    dW1, dW2 = regularised(D_ha @ X.T, D_oa @ H_a.T, W1, W2, lambdas)
    return dW1, D_ha.sum(axis=1), dW2, D_oa.sum(axis=1)

# %% tags=["mistake"] question="matrix-gradients" says="On the way to W1 and b1 the slope of the ReLU is missing: units must get nothing from the samples for which they were off."
def matrix_gradients(W1, b1, W2, b2, X, y, lambdas):
    _, H_s, _, O_s = forward_batch(W1, b1, W2, b2, X)
    D_oa = (O_s - np.eye(len(b2))[:, y]) / len(y)
    D_ha = W2.T @ D_oa
    dW1, dW2 = regularised(D_ha @ X.T, D_oa @ H_s.T, W1, W2, lambdas)
    return dW1, D_ha.sum(axis=1), dW2, D_oa.sum(axis=1)

# %% tags=["mistake"] question="matrix-gradients" says="The whole penalty is left out where the λ of the absolute values is 0: weight decay alone, the squares, has a gradient too. Each λ is asked for by itself."
def matrix_gradients(W1, b1, W2, b2, X, y, lambdas):
    H_a, H_s, _, D_oa = forward_batch(W1, b1, W2, b2, X)
    D_oa = (D_oa - np.eye(len(b2))[:, y]) / len(y)
    D_ha = (W2.T @ D_oa) * (H_a > 0)
    dW1, dW2 = D_ha @ X.T, D_oa @ H_s.T
    if lambdas[0]:
        dW1, dW2 = regularised(dW1, dW2, W1, W2, lambdas)
    return dW1, D_ha.sum(axis=1), dW2, D_oa.sum(axis=1)

# %% tags=["alternative"] question="matrix-gradients" name="einsum, and the division at the end"
def matrix_gradients(W1, b1, W2, b2, X, y, lambdas):
    K = X.shape[1]
    H_a = np.einsum("ji,is->js", W1, X) + b1.reshape(-1, 1)
    H_s = np.where(H_a > 0, H_a, 0)
    O_s = special.softmax(np.einsum("kj,js->ks", W2, H_s) + b2.reshape(-1, 1), axis=0)
    D_oa = O_s - (np.arange(len(b2))[:, np.newaxis] == y)
    D_ha = np.einsum("kj,ks->js", W2, D_oa) * (H_a > 0)
    dW1, dW2 = np.einsum("js,is->ji", D_ha, X) / K, np.einsum("ks,js->kj", D_oa, H_s) / K
    dW1, dW2 = regularised(dW1, dW2, W1, W2, lambdas)
    return dW1, D_ha.mean(axis=1), dW2, D_oa.mean(axis=1)

# %% tags=["alternative"] question="matrix-gradients" name="a dictionary, transposed samples"
def matrix_gradients(W1, b1, W2, b2, X, y, lambdas):
    rows = X.T
    before = rows @ W1.T + b1
    after = np.maximum(before, 0)
    scores = after @ W2.T + b2
    delta = special.softmax(scores, axis=1)
    delta[np.arange(len(y)), y] -= 1
    below = delta @ W2 * (before >= 0)
    dW1, dW2 = regularised(below.T @ rows / len(y), delta.T @ after / len(y), W1, W2, lambdas)
    return {"W1": dW1, "b1": below.mean(axis=0), "W2": dW2, "b2": delta.mean(axis=0)}

# %% [markdown]
# ### Your checker, with a minibatch of ten
#
# As after part 4, now for ten samples, and for both ways.

# %% nbgrader={"grade_id": "ten-samples", "locked": true}
with check.once_written():
    ten = minibatch(np.random.default_rng(6), d=5, d_h=7, m=3, K=10)
    ten = {name: ten[name] for name in ("W1", "b1", "W2", "b2", "X", "y", "lambdas")}
    for ways, function in (("with loops", loop_gradients), ("with matrices", matrix_gradients)):
        print(f"\n{ways}")
        hold_against(dict(zip(("W1", "b1", "W2", "b2"), function(**ten))), regularised_loss, ten)

# %% [markdown]
# ### Number by number
#
# An error of $10^{-9}$ is easily overlooked as a number. So here is the smallest net that has everything, two inputs, two
# hidden units, two classes, with each of its 12 derivatives beside your measurement: first for one sample, then for ten.

# %% nbgrader={"grade_id": "number-by-number", "locked": true}
with check.once_written():
    for K in (1, 10):
        tiny = minibatch(np.random.default_rng(2), d=2, d_h=2, m=2, K=K)
        tiny = {name: tiny[name] for name in ("W1", "b1", "W2", "b2", "X", "y", "lambdas")}
        print(f"\nK = {K}\nparameter       by matrices         measured       difference")
        for name, by_hand in zip(("W1", "b1", "W2", "b2"), matrix_gradients(**tiny)):
            def moved(value, name=name):
                return regularised_loss_at_once(**(tiny | {name: value}))
            measured = finite_differences(moved, tiny[name], 1e-5)
            for place in np.ndindex(measured.shape):
                which = f"{name}[{', '.join(map(str, place))}]"
                print(f"{which:9} {by_hand[place]:17.9f} {measured[place]:16.9f} {by_hand[place] - measured[place]:16.1e}")

# %% [markdown]
# ### Which ε? And what a kink does
#
# Now the promise of 3.2. The gradient is right; only the measurement changes. For each $\varepsilon$ the cell takes 30
# small nets (5–20–3, ten samples each), and draws the error of the middle one and of the worst. The left end is
# round-off, which grows as $1 / \varepsilon$; the right end is curvature, and above all ReLUs that switch between
# $x - \varepsilon$ and $x + \varepsilon$: a few of those spoil the worst net long before the middle one. In 32-bit floats
# there is no good $\varepsilon$ at all. With $\varepsilon = 10^{-3}$ and 64-bit floats, two thirds of these *right* gradients
# have an error between $10^{-7}$ and $10^{-2}$, and 7 % one above; in 32-bit floats 93 % and 7 %. How would you choose
# $\varepsilon$, and what would you do about a single bad entry?

# %% nbgrader={"grade_id": "which-epsilon", "locked": true}
def errors_of_right_gradients(epsilon, dtype, nets=30):
    """The errors, after 3.2, of right gradients of W1 in small nets, measured with a step of epsilon: (nets,)."""
    errors = []
    for seed in range(nets):
        case = minibatch(np.random.default_rng(seed), d=5, d_h=20, m=3, K=10)
        W1, b1, W2, b2, X = (case[name].astype(dtype) for name in ("W1", "b1", "W2", "b2", "X"))
        by_hand = matrix_gradients(W1, b1, W2, b2, X, case["y"], (0, 0, 0, 0))[0]
        steps = np.asarray(epsilon * np.eye(W1.size).reshape(-1, *W1.shape), dtype)  # every entry of W1 by itself
        up, down = ((W1 + sign * steps) @ X + b1[:, np.newaxis] for sign in (1, -1))
        scores = [np.maximum(H_a, 0).transpose(0, 2, 1) @ W2.T + b2 for H_a in (up, down)]  # (entries, K, m)
        losses = [np.mean(special.logsumexp(O, axis=2) - O[:, np.arange(10), case["y"]], axis=1) for O in scores]
        with np.errstate(all="ignore"):  # a step that is lost in round-off measures 0
            errors.append(gradient_error(by_hand, ((losses[0] - losses[1]) / (2 * epsilon)).reshape(W1.shape)))
    return np.array(errors, float)


with check.once_written():
    epsilons = 10.0 ** np.arange(-9, 0)
    curves = {}
    for dtype, bits in ((np.float64, 64), (np.float32, 32)):
        found = np.array([errors_of_right_gradients(epsilon, dtype) for epsilon in epsilons])
        some = np.isfinite(found).all(axis=1)  # steps that are not lost in round-off
        curves |= {f"{bits}-bit floats, the middle net": (np.log10(epsilons[some]), np.median(found[some], axis=1)),
                   f"{bits}-bit floats, the worst net": (np.log10(epsilons[some]), found[some].max(axis=1))}
        between = np.mean((found > 1e-7) & (found < 1e-2), axis=1)
        print(f"{bits}-bit floats: fraction of right gradients with an error between 1e-7 and 1e-2, above 1e-2")
        for epsilon, fraction, above in zip(epsilons, between, np.mean(found > 1e-2, axis=1)):
            print(f"    ε = {epsilon:.0e}: {fraction:4.0%}, {above:4.0%}")
    axis = plots.learning_curves(curves, title="The error of a right gradient", xlabel="log10 of ε",
                                 ylabel="error, as in 3.2")
    axis.axhspan(1e-7, 1e-2, color="#999999", alpha=0.15, label="look closer")
    axis.legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
    plt.show()

# %% [markdown]
# ## 5.5 Any number of layers
#
# *Afterwards the depth of a net is a number, and your backward pass a loop.*
#
# Nothing in 5.4 asked how many layers lie below. So here is a net with any number of hidden ReLU layers of any sizes, say
# `sizes` $= (d, 20, 30, m)$, without a penalty. All its parameters lie one behind the other in **one vector** $\theta$: $W_1$
# row by row, then $b_1$, then $W_2$, and so on. That is how many optimisers want them. The next cell has two helpers:
# `layers_of(theta, sizes)` cuts the vector into pairs $(W, b)$, `one_vector(pairs)` makes such a vector of pairs.
#
# Go forward in a loop and keep what each layer gets. Go back in a loop: at each layer the upstream gradient gives you $\partial
# R / \partial W$ and $\partial R / \partial b$, then it goes on through the layer and through the ReLU below. The first layer
# has no ReLU below it, the last no ReLU above it. With one hidden layer your loop has to give the numbers of 5.4.
#
# Shapes: $\theta$ $(n_\theta,)$, `X` $(d, K)$, `y` $(K,)$ $\to$ the shape of $\theta$.

# %% nbgrader={"grade_id": "depth-cases", "locked": true}
def layers_of(theta, sizes):
    """The weights and biases of every layer, [(W, b), ...], out of one vector; sizes: (d, ..., m)."""
    layers, start = [], 0
    for n, k in zip(sizes[:-1], sizes[1:]):
        layers.append((theta[start:start + k * n].reshape(k, n), theta[start + k * n:start + k * (n + 1)]))
        start += k * (n + 1)
    return layers


def one_vector(pairs):
    """The vector that `layers_of` cuts up, from pairs of weights and biases, first layer first."""
    return np.concatenate([np.ravel(part) for pair in pairs for part in pair])


def deep_loss(theta, sizes, X, y):
    """The mean loss of K samples, forward only: ReLUs, and a softmax on top."""
    V = X
    for number, (W, b) in enumerate(layers_of(theta, sizes)):
        V = W @ (np.maximum(V, 0) if number else V) + b[:, np.newaxis]
    return np.mean(special.logsumexp(V, axis=0) - V[y, np.arange(len(y))])


def depth_cases(rng):
    """Nets without, with one, two and three hidden layers, and one with huge scores."""
    for sizes, K in (((4, 3), 5), ((3, 5, 2), 4), ((4, 3, 5, 3), 6), ((2, 4, 3, 5, 4), 3)):
        pairs = [(rng.standard_normal((k, n)), 0.5 * rng.standard_normal(k)) for n, k in zip(sizes[:-1], sizes[1:])]
        yield {"theta": one_vector(pairs), "sizes": sizes, "X": rng.standard_normal((sizes[0], K)),
               "y": rng.integers(sizes[-1], size=K), "case": "–".join(map(str, sizes))}
    pairs = [(rng.standard_normal((4, 3)), rng.standard_normal(4)),
             (0.3 * rng.standard_normal((2, 4)), 1000 + 0.3 * rng.standard_normal(2))]
    yield {"theta": one_vector(pairs), "sizes": (3, 4, 2), "X": rng.standard_normal((3, 3)),
           "y": rng.permutation([1, 0, 1]), "case": "huge scores"}


# %% nbgrader={"grade_id": "any-depth", "solution": true}
def deep_gradient(theta, sizes, X, y):
    """The gradient of the mean loss of K samples of a net with any number of layers, as one vector.

    theta: all weights and biases, see layers_of; sizes: the numbers of inputs, of the units of every hidden layer, and of
    classes; X: (d, K), a column is a sample; y: (K,), integers.
    Returns an array in the shape of theta.
    """
    ### BEGIN SOLUTION
    layers = layers_of(theta, sizes)
    values = [X]
    for W, b in layers:
        Z = W @ values[-1] + b[:, np.newaxis]
        values.append(np.maximum(Z, 0))
    D = softmax(Z)  # the last layer has a softmax in the place of the ReLU
    D[y, np.arange(len(y))] -= 1
    D /= len(y)
    gradients = []
    for (W, _), V in zip(reversed(layers), reversed(values[:-1])):
        gradients.append((D @ V.T, D.sum(axis=1)))
        D = (W.T @ D) * (V > 0)
    return one_vector(reversed(gradients))
    ### END SOLUTION

# %% nbgrader={"grade_id": "any-depth-check", "grade": true, "points": 4}
check.gradients(deep_gradient, of=deep_loss, wrt="theta", at=depth_cases, points=4, by="case")

# %% tags=["mistake"] question="any-depth" says="The ReLUs are missing in the backward pass: nothing passes where a unit was off."
def deep_gradient(theta, sizes, X, y):
    layers = layers_of(theta, sizes)
    values = [X]
    for W, b in layers:
        Z = W @ values[-1] + b[:, np.newaxis]
        values.append(np.maximum(Z, 0))
    D = softmax(Z)
    D[y, np.arange(len(y))] -= 1
    D /= len(y)
    gradients = []
    for (W, _), V in zip(reversed(layers), reversed(values[:-1])):
        gradients.append((D @ V.T, D.sum(axis=1)))
        D = W.T @ D
    return one_vector(reversed(gradients))

# %% tags=["mistake"] question="any-depth" says="A gradient has the shape of its weights: these are transposed, which a vector does not show, but its order is that of W."
def deep_gradient(theta, sizes, X, y):
    layers = layers_of(theta, sizes)
    values = [X]
    for W, b in layers:
        Z = W @ values[-1] + b[:, np.newaxis]
        values.append(np.maximum(Z, 0))
    D = softmax(Z)
    D[y, np.arange(len(y))] -= 1
    D /= len(y)
    gradients = []
    for (W, _), V in zip(reversed(layers), reversed(values[:-1])):
        gradients.append((V @ D.T, D.sum(axis=1)))
        D = (W.T @ D) * (V > 0)
    return one_vector(reversed(gradients))

# %% tags=["mistake"] question="any-depth" says="The biases have been divided by K twice: the upstream gradient is divided already, so over the samples it is a sum."
def deep_gradient(theta, sizes, X, y):
    layers = layers_of(theta, sizes)
    values = [X]
    for W, b in layers:
        Z = W @ values[-1] + b[:, np.newaxis]
        values.append(np.maximum(Z, 0))
    D = softmax(Z)
    D[y, np.arange(len(y))] -= 1
    D /= len(y)
    gradients = []
    for (W, _), V in zip(reversed(layers), reversed(values[:-1])):
        gradients.append((D @ V.T, D.mean(axis=1)))
        D = (W.T @ D) * (V > 0)
    return one_vector(reversed(gradients))

# %% tags=["mistake"] question="any-depth" says="The loss is a mean over the samples: these are the gradients of their sum."
def deep_gradient(theta, sizes, X, y):
    layers = layers_of(theta, sizes)
    values = [X]
    for W, b in layers:
        Z = W @ values[-1] + b[:, np.newaxis]
        values.append(np.maximum(Z, 0))
    D = softmax(Z)
    D[y, np.arange(len(y))] -= 1
    gradients = []
    for (W, _), V in zip(reversed(layers), reversed(values[:-1])):
        gradients.append((D @ V.T, D.sum(axis=1)))
        D = (W.T @ D) * (V > 0)
    return one_vector(reversed(gradients))

# %% tags=["mistake"] question="any-depth" says="The gradients have been collected from the top down, and were put into the vector in that order: the first layer comes first."
def deep_gradient(theta, sizes, X, y):
    layers = layers_of(theta, sizes)
    values = [X]
    for W, b in layers:
        Z = W @ values[-1] + b[:, np.newaxis]
        values.append(np.maximum(Z, 0))
    D = softmax(Z)
    D[y, np.arange(len(y))] -= 1
    D /= len(y)
    gradients = []
    for (W, _), V in zip(reversed(layers), reversed(values[:-1])):
        gradients.append((D @ V.T, D.sum(axis=1)))
        D = (W.T @ D) * (V > 0)
    return one_vector(gradients)

# %% tags=["mistake"] question="any-depth" says="The loop stops one layer too early, and the first layer gets no gradient: its weights would never learn."
def deep_gradient(theta, sizes, X, y):
    layers = layers_of(theta, sizes)
    values = [X]
    for W, b in layers:
        Z = W @ values[-1] + b[:, np.newaxis]
        values.append(np.maximum(Z, 0))
    D = softmax(Z)
    D[y, np.arange(len(y))] -= 1
    D /= len(y)
    gradients = []
    for (W, b), V in zip(reversed(layers), reversed(values[:-1])):
        if V is X:
            gradients.append((0 * W, 0 * b))
            break
        gradients.append((D @ V.T, D.sum(axis=1)))
        D = (W.T @ D) * (V > 0)
    return one_vector(reversed(gradients))

# %% tags=["mistake"] question="any-depth" says="A ReLU has been put on the scores, and its slope in the backward pass: the last layer has the softmax only."
def deep_gradient(theta, sizes, X, y):
    layers = layers_of(theta, sizes)
    values = [X]
    for W, b in layers:
        Z = W @ values[-1] + b[:, np.newaxis]
        values.append(np.maximum(Z, 0))
    D = softmax(Z)
    D[y, np.arange(len(y))] -= 1
    D *= (Z > 0) / len(y)
    gradients = []
    for (W, _), V in zip(reversed(layers), reversed(values[:-1])):
        gradients.append((D @ V.T, D.sum(axis=1)))
        D = (W.T @ D) * (V > 0)
    return one_vector(reversed(gradients))

# %% tags=["alternative"] question="any-depth" name="a function that calls itself"
def deep_gradient(theta, sizes, X, y):
    def below(layers, V):
        """The gradients of these layers, and what comes back to V."""
        (W, b), rest = layers[0], layers[1:]
        Z = (V.T @ W.T + b).T
        if rest:
            parts, D = below(rest, np.where(Z > 0, Z, 0))
            D = np.where(Z > 0, D, 0)
        else:
            parts, D = [], (special.softmax(Z, axis=0) - np.eye(len(b))[:, y]) / y.size
        return [(D @ V.T, D @ np.ones(y.size)), *parts], W.T @ D

    return one_vector(below(layers_of(theta, sizes), X)[0])

# %% tags=["alternative"] question="any-depth" name="sample by sample, with the steps of part 4"
def deep_gradient(theta, sizes, X, y):
    total = np.zeros(theta.shape)
    for x, label in zip(X.T, y):
        layers, before, values, z = layers_of(theta, sizes), [], [], x
        for number, (W, b) in enumerate(layers):
            before.append(z)
            values.append(np.maximum(z, 0) if number else z)
            z = W @ values[-1] + b
        d, pairs = grad_oa(softmax(z), label), []
        for number in reversed(range(len(layers))):
            dW, db, d = layer_backward(d, layers[number][0], values[number])
            d = grad_ha(d, before[number])
            pairs.insert(0, (dW, db))
        total += one_vector(pairs) / len(y)
    return total

# %% [markdown]
# # Part 6: training with minibatches
#
# The gradient over all samples is exact and slow. The gradient over a few samples is rough and fast, and right on
# average. So training takes many rough steps: it cuts the data into small batches and takes a step after each. Once
# through all the data is an *epoch*.

# %% nbgrader={"grade_id": "training-cases", "locked": true}
def plan_cases(rng):
    """Numbers of samples that the batch size divides, does not divide, and exceeds; and many samples."""
    for N, K, epochs in ((23, 5, 4), (20, 4, 3), (29, 40, 3), (203, 8, 4)):
        yield {"N": N, "K": K, "epochs": epochs, "seed": int(rng.integers(1_000_000)),
               "case": f"N = {N}, K = {K}, {epochs} epochs"}


def every_sample_once(plan, N, K, epochs, seed):
    return len(plan) == epochs and all(
        np.array_equal(np.sort(np.concatenate([np.ravel(batch) for batch in batches])), np.arange(N))
        for batches in plan)


def sizes_are_right(plan, N, K, epochs, seed):
    wanted = [min(K, N - start) for start in range(0, N, K)]
    return all([np.size(batch) for batch in batches] == wanted for batches in plan)


def orders_are_shuffled(plan, N, K, epochs, seed):
    """No two epochs alike; no epoch, seen from the one before or from the stored order, with neighbours together.

    With many samples, neither are early samples still early, as when they are shuffled within blocks only.
    """
    orders = [np.concatenate([np.ravel(batch) for batch in batches]) for batches in plan]
    if len({tuple(order.tolist()) for order in orders}) < epochs or max(np.mean(np.diff(o) == 1) for o in orders) >= 0.5:
        return False
    for earlier, order in zip([np.arange(N), *orders], orders * (N > 100)):
        places = np.argsort(earlier)[order]  # where the samples of this epoch stood then
        if np.mean(np.abs(np.diff(places)) == 1) > 0.2 or abs(np.corrcoef(places, np.arange(N))[0, 1]) > 0.45:
            return False
    return all(abs(np.corrcoef(order, np.arange(N))[0, 1]) < 0.45 for order in orders * (N > 100))


def orders_of_the_seed(plan, N, K, epochs, seed):
    """Every batch holds what one generator from the seed deals into it, in one of the usual ways, in any order."""
    def cut(orders):
        return [[np.sort(order[start:start + K]).tolist() for start in range(0, N, K)] for order in orders]

    def ways(rng, draw):
        """Permuted, shuffled in place again and again, chosen, or sorted by random numbers."""
        deck = np.arange(N)
        if draw == "shuffle":
            return [(rng.shuffle(deck), deck.copy())[1] for _ in range(epochs)]
        return [{"permutation": lambda: rng.permutation(N), "choice": lambda: rng.choice(N, N, replace=False),
                 "argsort": lambda: np.argsort(rng.random(N) if hasattr(rng, "integers") else rng.rand(N))}[draw]()
                for _ in range(epochs)]

    found = [[np.sort(np.ravel(batch)).tolist() for batch in batches] for batches in plan]
    return any(found == cut(ways(make(seed), draw)) for make in (np.random.default_rng, np.random.RandomState)
               for draw in ("permutation", "shuffle", "choice", "argsort"))


def practice_gradients(W1, b1, W2, b2, X, y, lambdas):
    """In the place of a gradient: numbers that depend on everything, so that every slip in a training loop shows."""
    pull = np.mean(np.sin(X) * (y + 1)) + sum(lambdas)
    return np.tanh(W1 + pull), np.cos(b1 + np.sum(W2)) * pull, np.tanh(W2 - pull), np.cos(b2 + np.sum(W1)) + pull


def epoch_cases(rng):
    """One epoch of a small net; the last batch is smaller."""
    for d, d_h, m, N, K in ((3, 4, 2, 7, 3), (4, 2, 3, 11, 4)):
        case = minibatch(rng, d, d_h, m, N)
        order = rng.permutation(N)
        yield {name: case[name] for name in ("W1", "b1", "W2", "b2", "X", "y")} | {
            "batches": [order[i:i + K] for i in range(0, N, K)], "rate": float(rng.uniform(0.05, 0.3)),
            "lambdas": case["lambdas"], "gradients": practice_gradients, "case": f"N = {N}, K = {K}"}


def run_cases(rng):
    """A few epochs, every one with batches of its own."""
    for d, d_h, m, N, K, epochs in ((3, 4, 2, 7, 3, 3), (2, 3, 3, 6, 4, 5)):
        case = minibatch(rng, d, d_h, m, N)
        orders = [rng.permutation(N) for _ in range(epochs)]
        yield {name: case[name] for name in ("W1", "b1", "W2", "b2", "X", "y")} | {
            "plan": [[order[i:i + K] for i in range(0, N, K)] for order in orders],
            "lambdas": case["lambdas"], "gradients": practice_gradients, "case": f"{epochs} epochs, N = {N}, K = {K}"}


# %% [markdown]
# ## 6.1 Who is in which batch?
#
# *Afterwards every epoch deals the samples out like a pack of cards.*
#
# Number the samples from 0 to $N - 1$. For each epoch shuffle the numbers, all $N$ of them, and cut the result into
# pieces of $K$. If $K$ does not divide $N$, the **last piece is smaller**; throwing it away would waste samples. Each
# sample is in exactly one batch of each epoch, and every epoch has an order of its own. (If the data are sorted by
# class and not shuffled, the net sees nothing but trousers for a while and forgets all else.)
#
# Make **one** generator, `np.random.default_rng(seed)`, and use it for all epochs: `rng.permutation(N)`. The same seed
# deals the same cards again; another seed deals others, in every epoch. The check looks at that, too.
#
# Shapes: a list of `epochs` lists of integer arrays, each of length $K$ or less.

# %% nbgrader={"grade_id": "minibatches", "solution": true}
def minibatches(N, K, epochs, seed):
    """Which samples are in which batch of which epoch.

    N: number of samples; K: size of a batch; epochs: number of epochs; seed: for np.random.default_rng.
    Returns a list with an entry for each epoch: the list of its batches, arrays of sample numbers.
    """
    ### BEGIN SOLUTION
    rng = np.random.default_rng(seed)
    plan = []
    for _ in range(epochs):
        order = rng.permutation(N)
        plan.append([order[start:start + K] for start in range(0, N, K)])
    return plan
    ### END SOLUTION

# %% nbgrader={"grade_id": "minibatches-check", "grade": true, "points": 3}
check.properties(
    minibatches, at=plan_cases, points=3, every_epoch_has_every_sample_once=every_sample_once,
    only_the_last_batch_is_smaller=sizes_are_right, every_epoch_is_shuffled_anew=orders_are_shuffled,
    orders_come_from_one_generator_with_the_seed=orders_of_the_seed,
)

# %% tags=["mistake"] question="minibatches" says="The samples are shuffled within blocks only: one from the end of the data never comes early. Shuffle all N numbers, then cut."
def minibatches(N, K, epochs, seed):
    rng, plan = np.random.default_rng(seed), []
    for _ in range(epochs):
        blocks = [rng.permutation(np.arange(start, min(start + 2 * K, N))) for start in range(0, N, 2 * K)]
        order = np.concatenate(blocks)
        plan.append([order[start:start + K] for start in range(0, N, K)])
    return plan

# %% tags=["mistake"] question="minibatches" says="There is one order, and each epoch begins it one place later: neighbours stay neighbours for the whole training. Shuffle again in every epoch."
def minibatches(N, K, epochs, seed):
    order = np.random.default_rng(seed).permutation(N)
    return [[np.roll(order, epoch)[start:start + K] for start in range(0, N, K)] for epoch in range(epochs)]

# %% tags=["mistake"] question="minibatches" says="The seed is not used: every seed gets the same plan."
def minibatches(N, K, epochs, seed):
    rng = np.random.default_rng(0)
    orders = [rng.permutation(N) for _ in range(epochs)]
    return [[order[start:start + K] for start in range(0, N, K)] for order in orders]

# %% tags=["mistake"] question="minibatches" says="Every epoch has a generator of its own, with the next seed, so that neighbouring seeds share their orders: one generator is made from the seed and serves all epochs."
def minibatches(N, K, epochs, seed):
    orders = [np.random.default_rng(seed + epoch).permutation(N) for epoch in range(epochs)]
    return [[order[start:start + K] for start in range(0, N, K)] for order in orders]

# %% tags=["mistake"] question="minibatches" says="The samples that are left over are thrown away: the last batch may be smaller than the others."
def minibatches(N, K, epochs, seed):
    rng, plan = np.random.default_rng(seed), []
    for _ in range(epochs):
        order = rng.permutation(N)
        plan.append([order[i * K:(i + 1) * K] for i in range(N // K)])
    return plan

# %% tags=["mistake"] question="minibatches" says="The samples are dealt once and stay in their batches for the whole training: shuffle again in every epoch."
def minibatches(N, K, epochs, seed):
    order = np.random.default_rng(seed).permutation(N)
    return [[order[start:start + K] for start in range(0, N, K)] for _ in range(epochs)]

# %% tags=["mistake"] question="minibatches" says="Nothing is shuffled: in every epoch the samples come in the order in which they were stored."
def minibatches(N, K, epochs, seed):
    return [[np.arange(start, min(start + K, N)) for start in range(0, N, K)] for _ in range(epochs)]

# %% tags=["mistake"] question="minibatches" says="Every batch is drawn anew from all samples: in one epoch some samples come twice and others not at all."
def minibatches(N, K, epochs, seed):
    rng = np.random.default_rng(seed)
    return [[rng.integers(N, size=min(K, N - start)) for start in range(0, N, K)] for _ in range(epochs)]

# %% tags=["mistake"] question="minibatches" says="Only the order of the batches is shuffled: neighbours stay together in every epoch. Shuffle the samples before you cut."
def minibatches(N, K, epochs, seed):
    rng = np.random.default_rng(seed)
    blocks = [np.arange(start, min(start + K, N)) for start in range(0, N, K)]
    return [[blocks[i] for i in rng.permutation(len(blocks) - 1)] + blocks[-1:] for _ in range(epochs)]

# %% tags=["mistake"] question="minibatches" says="Where K divides N, an empty batch is left over at the end: its mean gradient would be 0 / 0."
def minibatches(N, K, epochs, seed):
    rng, plan = np.random.default_rng(seed), []
    for _ in range(epochs):
        order = rng.permutation(N)
        plan.append([order[i * K:(i + 1) * K] for i in range(N // K + 1)])
    return plan

# %% tags=["mistake"] question="minibatches" says="Slices of an array are views of it: shuffling it for the next epoch has changed the batches of all epochs before. Keep copies."
def minibatches(N, K, epochs, seed):
    rng, order, plan = np.random.default_rng(seed), np.arange(N), []
    for _ in range(epochs):
        rng.shuffle(order)
        plan.append([order[start:start + K] for start in range(0, N, K)])
    return plan

# %% tags=["alternative"] question="minibatches" name="shuffled in place, cut with np.split"
def minibatches(N, K, epochs, seed):
    rng, order = np.random.default_rng(seed), np.arange(N)
    plan = []
    for _ in range(epochs):
        rng.shuffle(order)
        plan.append(np.split(order.copy(), np.arange(K, N, K)))
    return plan

# %% tags=["alternative"] question="minibatches" name="plain lists, numpy's older generator"
def minibatches(N, K, epochs, seed):
    np.random.seed(seed)
    plan = []
    for _ in range(epochs):
        rest, batches = list(np.random.permutation(N)), []
        while rest:
            batches.append(rest[:K])
            rest = rest[K:]
        plan.append(batches)
    return plan

# %% [markdown]
# ## 6.2 One epoch
#
# *Afterwards the net has seen every sample once, and has taken a step after each batch.*
#
# For every batch: take the gradients at the weights **as they are now**, for the samples of this batch and their
# labels, then move all four, weights and biases.
#
# $$\theta \leftarrow \theta - \eta\, \frac{\partial R}{\partial \theta}$$
#
# The function that computes the gradients is an argument, `gradients`. You will pass `matrix_gradients` or
# `loop_gradients`, and can compare them. It takes and returns what these take and return. (The check passes a
# stand-in whose output depends on every argument. So it does not matter here whether yours is right.)
#
# The weights that you were given stay as they are: make copies first. On your own copies, `-=` is fine, and fast.
#
# Shapes: weights and biases $\to$ new ones of the same shapes.

# %% nbgrader={"grade_id": "train-epoch", "solution": true}
def train_epoch(W1, b1, W2, b2, X, y, batches, rate, lambdas, gradients):
    """One epoch of gradient descent, a step for each batch.

    W1: (d_h, d), b1: (d_h,), W2: (m, d_h), b2: (m,), to start from; X: (d, N), a column is a sample; y: (N,);
    batches: arrays of sample numbers; rate: the learning rate; lambdas: (λ11, λ12, λ21, λ22);
    gradients: called as gradients(W1, b1, W2, b2, X, y, lambdas), returns dW1, db1, dW2, db2.
    Returns new W1, b1, W2, b2.
    """
    ### BEGIN SOLUTION
    weights = W1.copy(), b1.copy(), W2.copy(), b2.copy()
    for batch in batches:
        steps = gradients(*weights, X[:, batch], y[batch], lambdas)
        for weight, step in zip(weights, steps):
            weight -= rate * step
    return weights
    ### END SOLUTION

# %% nbgrader={"grade_id": "train-epoch-check", "grade": true, "points": 3}
check.values(train_epoch, at=epoch_cases, returns=("W1", "b1", "W2", "b2"), points=3)

# %% tags=["mistake"] question="train-epoch" says="The last, smaller batch has been skipped: its samples count as well."
def train_epoch(W1, b1, W2, b2, X, y, batches, rate, lambdas, gradients):
    full = [batch for batch in batches if len(batch) == len(batches[0])]
    for batch in full:
        dW1, db1, dW2, db2 = gradients(W1, b1, W2, b2, X[:, batch], y[batch], lambdas)
        W1, b1, W2, b2 = W1 - rate * dW1, b1 - rate * db1, W2 - rate * dW2, b2 - rate * db2
    return W1, b1, W2, b2

# %% tags=["mistake"] question="train-epoch" says="The weights of the caller have been moved, so nobody can start from them again: work on copies."
def train_epoch(W1, b1, W2, b2, X, y, batches, rate, lambdas, gradients):
    for batch in batches:
        for weight, step in zip((W1, b1, W2, b2), gradients(W1, b1, W2, b2, X[:, batch], y[batch], lambdas)):
            weight -= rate * step
    return W1, b1, W2, b2

# %% tags=["mistake"] question="train-epoch" says="All steps use the gradient at the start of the epoch: after each step it has to be taken again, at the weights as they are now."
def train_epoch(W1, b1, W2, b2, X, y, batches, rate, lambdas, gradients):
    weights = [W1.copy(), b1.copy(), W2.copy(), b2.copy()]
    for batch in batches:
        for weight, step in zip(weights, gradients(W1, b1, W2, b2, X[:, batch], y[batch], lambdas)):
            weight -= rate * step
    return weights

# %% tags=["mistake"] question="train-epoch" says="The inputs are picked by the batch, their labels are not: a sample and its label have to stay together."
def train_epoch(W1, b1, W2, b2, X, y, batches, rate, lambdas, gradients):
    start = 0
    for batch in batches:
        labels = y[start:start + len(batch)]
        start += len(batch)
        dW1, db1, dW2, db2 = gradients(W1, b1, W2, b2, X[:, batch], labels, lambdas)
        W1, b1, W2, b2 = W1 - rate * dW1, b1 - rate * db1, W2 - rate * dW2, b2 - rate * db2
    return W1, b1, W2, b2

# %% tags=["mistake"] question="train-epoch" says="Only the weights learn: the biases have gradients too and are moved with them."
def train_epoch(W1, b1, W2, b2, X, y, batches, rate, lambdas, gradients):
    for batch in batches:
        dW1, _, dW2, _ = gradients(W1, b1, W2, b2, X[:, batch], y[batch], lambdas)
        W1, W2 = W1 - rate * dW1, W2 - rate * dW2
    return W1, b1, W2, b2

# %% tags=["mistake"] question="train-epoch" says="The steps go uphill: the gradient points to where the loss grows, so it is subtracted."
def train_epoch(W1, b1, W2, b2, X, y, batches, rate, lambdas, gradients):
    for batch in batches:
        dW1, db1, dW2, db2 = gradients(W1, b1, W2, b2, X[:, batch], y[batch], lambdas)
        W1, b1, W2, b2 = W1 + rate * dW1, b1 + rate * db1, W2 + rate * dW2, b2 + rate * db2
    return W1, b1, W2, b2

# %% tags=["alternative"] question="train-epoch" name="new arrays in every step"
def train_epoch(W1, b1, W2, b2, X, y, batches, rate, lambdas, gradients):
    for batch in batches:
        dW1, db1, dW2, db2 = gradients(W1, b1, W2, b2, X[:, batch], y[batch], lambdas)
        W1, b1 = W1 - rate * dW1, b1 - rate * db1
        W2, b2 = W2 - rate * dW2, b2 - rate * db2
    return W1, b1, W2, b2

# %% tags=["alternative"] question="train-epoch" name="the data put in order first"
def train_epoch(W1, b1, W2, b2, X, y, batches, rate, lambdas, gradients):
    order = np.concatenate(batches)
    X, y, weights, start = X[:, order], y[order], [W1, b1, W2, b2], 0
    for batch in batches:
        end = start + len(batch)
        steps = gradients(*weights, X[:, start:end], y[start:end], lambdas)
        weights = [weight - rate * step for weight, step in zip(weights, steps)]
        start = end
    return weights

# %% [markdown]
# ## 6.3 A whole training, at a rate that falls
#
# *Afterwards you can train a net with one call; it starts with long steps and ends with short ones.*
#
# `plan` is what `minibatches` returns, a list of batches for every epoch. Every epoch goes on from where the last one stopped;
# you may call `train_epoch`. And every epoch has its own rate. Because minibatch gradients are rough, a net that keeps taking
# long steps never comes to rest. So the rate falls from 0.1 towards a fifth of that, which it does not
# quite reach:
#
# $$\eta = \frac{0.1}{1 + 4 \cdot \mathrm{epoch} / \mathrm{epochs}}, \qquad
#   \mathrm{epoch} = 0, 1, \dots, \mathrm{epochs} - 1$$
#
# Return the rates, too.
#
# Shapes: weights and biases as in 6.2, and `epochs` rates.

# %% nbgrader={"grade_id": "train", "solution": true}
def train(W1, b1, W2, b2, X, y, plan, lambdas, gradients):
    """Gradient descent over all epochs of a plan, with a falling learning rate.

    W1, b1, W2, b2, X, y, lambdas, gradients: as for train_epoch;
    plan: for each epoch its list of batches.
    Returns new W1, b1, W2, b2, and the list of the rates, one for each epoch.
    """
    ### BEGIN SOLUTION
    rates = [0.1 / (1 + 4 * epoch / len(plan)) for epoch in range(len(plan))]
    for batches, rate in zip(plan, rates):
        W1, b1, W2, b2 = train_epoch(W1, b1, W2, b2, X, y, batches, rate, lambdas, gradients)
    return W1, b1, W2, b2, rates
    ### END SOLUTION

# %% nbgrader={"grade_id": "train-check", "grade": true, "points": 3}
check.values(train, at=run_cases, returns=("W1", "b1", "W2", "b2", "rates"), points=3)

# %% tags=["mistake"] question="train" says="The whole sum belongs under the fraction bar: without brackets the rate grows from epoch to epoch."
def train(W1, b1, W2, b2, X, y, plan, lambdas, gradients):
    rates = [0.1 / 1 + 4 * epoch / len(plan) for epoch in range(len(plan))]
    for batches, rate in zip(plan, rates):
        W1, b1, W2, b2 = train_epoch(W1, b1, W2, b2, X, y, batches, rate, lambdas, gradients)
    return W1, b1, W2, b2, rates

# %% tags=["mistake"] question="train" says="Epochs are counted from 0 here, so that the first one has the full rate of 0.1."
def train(W1, b1, W2, b2, X, y, plan, lambdas, gradients):
    rates = [0.1 / (1 + 4 * (epoch + 1) / len(plan)) for epoch in range(len(plan))]
    for batches, rate in zip(plan, rates):
        W1, b1, W2, b2 = train_epoch(W1, b1, W2, b2, X, y, batches, rate, lambdas, gradients)
    return W1, b1, W2, b2, rates

# %% tags=["mistake"] question="train" says="What counts is how much of the training is over, epoch / epochs: otherwise a long training all but stops early."
def train(W1, b1, W2, b2, X, y, plan, lambdas, gradients):
    rates = [0.1 / (1 + 4 * epoch) for epoch in range(len(plan))]
    for batches, rate in zip(plan, rates):
        W1, b1, W2, b2 = train_epoch(W1, b1, W2, b2, X, y, batches, rate, lambdas, gradients)
    return W1, b1, W2, b2, rates

# %% tags=["mistake"] question="train" says="The learning rate stays at its first value: it falls from epoch to epoch."
def train(W1, b1, W2, b2, X, y, plan, lambdas, gradients):
    rates = [0.1] * len(plan)
    for batches in plan:
        W1, b1, W2, b2 = train_epoch(W1, b1, W2, b2, X, y, batches, 0.1, lambdas, gradients)
    return W1, b1, W2, b2, rates

# %% tags=["mistake"] question="train" says="Every epoch uses the batches of the first: the plan has an order of its own for each."
def train(W1, b1, W2, b2, X, y, plan, lambdas, gradients):
    rates = [0.1 / (1 + 4 * epoch / len(plan)) for epoch in range(len(plan))]
    for rate in rates:
        W1, b1, W2, b2 = train_epoch(W1, b1, W2, b2, X, y, plan[0], rate, lambdas, gradients)
    return W1, b1, W2, b2, rates

# %% tags=["mistake"] question="train" says="Every epoch starts again from the first weights, so only the last one counts: go on from where the epoch before has stopped."
def train(W1, b1, W2, b2, X, y, plan, lambdas, gradients):
    rates = [0.1 / (1 + 4 * epoch / len(plan)) for epoch in range(len(plan))]
    for batches, rate in zip(plan, rates):
        weights = train_epoch(W1, b1, W2, b2, X, y, batches, rate, lambdas, gradients)
    return *weights, rates

# %% tags=["mistake"] question="train" says="The rate falls with every batch: it belongs to the epoch, and all batches of one epoch share it."
def train(W1, b1, W2, b2, X, y, plan, lambdas, gradients):
    weights, steps = (W1, b1, W2, b2), [batch for batches in plan for batch in batches]
    rates = [0.1 / (1 + 4 * taken / len(steps)) for taken in range(len(steps))]
    for batch, rate in zip(steps, rates):
        weights = train_epoch(*weights, X, y, [batch], rate, lambdas, gradients)
    return *weights, [rates[sum(map(len, plan[:epoch]))] for epoch in range(len(plan))]

# %% tags=["alternative"] question="train" name="all loops in one place"
def train(W1, b1, W2, b2, X, y, plan, lambdas, gradients):
    rates = []
    for epoch in range(len(plan)):
        rates.append(0.1 / (1 + 4 * epoch / len(plan)))
        for batch in plan[epoch]:
            dW1, db1, dW2, db2 = gradients(W1, b1, W2, b2, X[:, batch], y[batch], lambdas)
            rate = 0.1 / (1 + 4 * epoch / len(plan))
            W1, b1, W2, b2 = W1 - rate * dW1, b1 - rate * db1, W2 - rate * dW2, b2 - rate * db2
    return W1, b1, W2, b2, rates

# %% tags=["alternative"] question="train" name="rates as an array, multiplied through"
def train(W1, b1, W2, b2, X, y, plan, lambdas, gradients):
    epochs, weights = len(plan), (W1, b1, W2, b2)
    rates = 0.1 * epochs / (epochs + 4 * np.arange(epochs))
    for epoch in range(epochs):
        weights = train_epoch(*weights, X, y, plan[epoch], rates[epoch], lambdas, gradients)
    return [*weights, rates]

# %% [markdown]
# # Part 7: two circles
#
# Points in the plane, a small circle inside a large one, with noise. No straight line separates them. The black line is
# where the net changes its mind; the colour says how sure it is. The title gives the error rate on the points that the
# net has seen, which are drawn, and on 2,000 new ones. Batches have 16 points, and the rate is 0.5 throughout.

# %% nbgrader={"grade_id": "circles", "locked": true}
def trained(points, labels, d_h, epochs, lambdas, seed=6):
    """A net with d_h hidden units, trained on points of the plane in batches of 16, at the rate 0.5 throughout."""
    weights = initial_weights(points.shape[0], d_h, 2, seed)
    for batches in minibatches(points.shape[1], 16, epochs, seed):
        weights = train_epoch(*weights, points, labels, batches, 0.5, lambdas, matrix_gradients)
    return weights


def error_rate(weights, X, y):
    """The fraction of wrong answers of a net."""
    return loss_and_error(forward_batch(*weights, X)[2], y)[1]


def show_boundaries(nets, seen, new, title, sizes=False):
    """One panel for each net: its boundary, the points it has seen, its error rates; below, the sizes of its weights."""
    with plt.rc_context(plots.STYLE | {"font.size": 9}):
        figure, axes = plt.subplots(1 + sizes, len(nets), figsize=(3.7 * len(nets), 4.1 + 2.2 * sizes), squeeze=False,
                                    height_ratios=[1.7, 1][:1 + sizes], layout="constrained")
        for number, (axis, (name, weights)) in enumerate(zip(axes[0], nets.items())):
            head = f"{name}\nwrong: {error_rate(weights, *seen):.1%} seen, {error_rate(weights, *new):.1%} new"
            plots.decision_boundary(lambda places: forward_batch(*weights, places)[3], *seen, axis="columns",
                                    classes=("outside", "inside"), title=head, ax=axis)
            if number:
                axis.get_legend().remove()
        for axis, weights in zip(axes[-1] if sizes else [], nets.values()):
            for label, W, color in (("W1", weights[0], plots.COLORS[0]), ("W2", weights[2], plots.COLORS[1])):
                axis.plot(np.sort(np.abs(W).ravel())[::-1], color=color, label=label)
            axis.set(yscale="log", ylim=(1e-5, 10), xlabel="weights, the largest first", ylabel="size of the weight")
            axis.legend()
        figure.suptitle(title)
        figure.set_label(f"{title}: the boundaries of {len(nets)} nets among the points that they were trained on.")
        plt.show()


def facts_about(nets, seen, new):
    """A line for each net: how large its weights are, how many are nearly 0, and its losses."""
    print(f"{'':28} sum of squares   sum of sizes   below 0.01   loss on these points   on new points")
    for name, weights in nets.items():
        W = np.concatenate([weights[0].ravel(), weights[2].ravel()])
        losses = [loss_and_error(forward_batch(*weights, points)[2], labels)[0] for points, labels in (seen, new)]
        print(f"{name:28} {np.sum(W**2):14.1f} {np.sum(np.abs(W)):14.1f} {np.mean(np.abs(W) < 0.01):12.0%} "
              f"{losses[0]:22.3f} {losses[1]:15.3f}")


# %% [markdown]
# **Before you run anything**, make three guesses, in per cent: how many of the points seen do 3 hidden units get wrong, at
# best; how many do 128 hidden units get wrong after 2 epochs; and how many of the weights are smaller than 0.01 in size with
# an absolute penalty of 0.003? The point is for guessing, right or wrong. A guess that turns out wrong teaches more than a
# number that was only read.

# %% nbgrader={"grade_id": "predict-circles", "solution": true}
def predict_circles():
    """Three guesses from 0 to 100: % wrong with 3 units, % wrong after 2 epochs, % of the weights below 0.01."""
    ### BEGIN SOLUTION
    return 5, 20, 50
    ### END SOLUTION

# %% nbgrader={"grade_id": "predict-circles-cases", "locked": true}
def nothing_given(rng):
    """A guess is made out of nothing."""
    yield {"case": "your guesses"}


def three_percentages(guesses):
    """Three numbers from 0 to 100."""
    return np.shape(guesses) == (3,) and all(0 <= float(guess) <= 100 for guess in guesses)


def compare(which, measured):
    """Print what was guessed and what was found."""
    what = ("% wrong with 3 hidden units, at best", "% wrong after 2 epochs", "% of the weights below 0.01")[which]
    print(f"{what}: you guessed {float(predict_circles()[which]):.1f}, measured {measured:.1f}")


# %% nbgrader={"grade_id": "predict-circles-check", "grade": true, "points": 1}
check.properties(predict_circles, at=nothing_given, points=1, three_percentages=three_percentages)

# %% tags=["mistake"] question="predict-circles" says="Three numbers are asked for, one for each question."
def predict_circles():
    return 10

# %% tags=["mistake"] question="predict-circles" says="A percentage lies between 0 and 100."
def predict_circles():
    return 5, 120, 50

# %% tags=["mistake"] question="predict-circles" says="A guess is a number: leave the words and the % sign out."
def predict_circles():
    return "5 %", "20 %", "half"

# %% tags=["alternative"] question="predict-circles" name="other guesses, as a list"
def predict_circles():
    return [0.0, 3.5, 100]

# %% tags=["alternative"] question="predict-circles" name="an array"
def predict_circles():
    return np.array([1, 2, 90])

# %% [markdown]
# ### Hidden units: 3, 20, 128
#
# All four λ are 0.0001, the net trains for 30 epochs. The lines below the figure say what happens from other starts.

# %% tags=["experiment"]
with check.once_written():
    circles = data.two_circles(400, noise=0.1, axis="columns", seed=0)
    more_circles = data.two_circles(2000, noise=0.1, axis="columns", seed=1)
    weak = (1e-4,) * 4
    show_boundaries({f"{d_h} hidden units": trained(*circles, d_h, 30, weak) for d_h in (3, 20, 128)},
                    circles, more_circles, "How many hidden units? (30 epochs, all λ = 0.0001)")

    best = []
    for d_h in (3, 20, 128):
        errors = sorted(error_rate(trained(*circles, d_h, 30, weak, seed), *circles) for seed in range(12))
        print(f"{d_h:3} hidden units, 12 different starts: error from {errors[0]:.1%} to {errors[-1]:.1%}, "
              f"middle {errors[6]:.1%}")
        best.append(100 * errors[0])
    compare(0, best[0])

# %% [markdown]
# ### Training time: 2, 10, 30 epochs

# %% tags=["experiment"]
with check.once_written():
    times = {f"{epochs} epochs": trained(*circles, 128, epochs, weak) for epochs in (2, 10, 30)}
    show_boundaries(times, circles, more_circles, "How long? (128 hidden units, all λ = 0.0001)")
    compare(1, 100 * error_rate(times["2 epochs"], *circles))

# %% [markdown]
# ### All four penalties: 0.0001, 0.001, 0.003
#
# The same net, 30 epochs, with all four λ alike. Below each boundary are the sizes of the weights.

# %% tags=["experiment"]
with check.once_written():
    alike = {f"all λ = {strength:g}": trained(*circles, 128, 30, (strength,) * 4) for strength in (1e-4, 1e-3, 3e-3)}
    show_boundaries(alike, circles, more_circles, "How much penalty? (128 hidden units, 30 epochs)", sizes=True)
    facts_about(alike, circles, more_circles)

# %% [markdown]
# ### Squares or absolute values?
#
# A penalty matters most where a net has the means and the time to learn the noise. So here are only 100 points, more
# noise, and 600 epochs. Four nets: without penalty, with squares, a weak and a strong one, and with absolute values.
# Look at the sizes of the weights before you look at the boundaries.

# %% tags=["experiment"]
with check.once_written():
    few = data.two_circles(100, noise=0.2, axis="columns", seed=0)
    more = data.two_circles(2000, noise=0.2, axis="columns", seed=1)
    kinds = {"no penalty": (0, 0, 0, 0), "squares, 0.003": (0, 3e-3, 0, 3e-3), "squares, 0.01": (0, 1e-2, 0, 1e-2),
             "absolute values, 0.003": (3e-3, 0, 3e-3, 0)}
    penalised = {name: trained(*few, 128, 600, lambdas) for name, lambdas in kinds.items()}
    show_boundaries(penalised, few, more, "Squares or absolute values? (128 hidden units, 600 epochs, few noisy points)",
                    sizes=True)
    facts_about(penalised, few, more)
    W = np.concatenate([penalised["absolute values, 0.003"][layer].ravel() for layer in (0, 2)])
    compare(2, 100 * np.mean(np.abs(W) < 0.01))

# %% [markdown]
# ## 7.1 What have the three knobs done?
#
# Write a short paragraph. What can a net with 3 hidden units not do, and why does its result depend so much on the
# start? What changes between 2 and 30 epochs? What do penalties change, and what do they leave alone; and what do
# absolute values do to the weights that squares do not do? Say for each which number or which part of a figure tells
# you.

# %% [markdown] nbgrader={"grade_id": "three-knobs", "grade": true, "solution": true, "points": 3}
# ### BEGIN SOLUTION
# **Model answer.** Each hidden unit folds the plane along one straight line. A boundary that goes around the middle
# crosses such a line twice, so with three units it has at most six corners: the best to be had is a hexagon (0.5 % wrong
# on the points seen, 1.9 % on new ones). All three are needed for that. From twelve starts the error runs from 0.2 % to
# 21.8 %: if one unit starts badly, off for most points or doing what another does already, nothing replaces it. With 20
# or 128 units there are spare ones, and every start ends at 0.2 % or below; the corners get so many that the line looks
# round.
#
# After 2 epochs 1.2 % of the points seen are wrong: the boundary is nearly round, too small, and the colours around it
# are pale. After 10 and 30 epochs none is wrong, and 0.7 % and 1.0 % of the new ones: training longer makes the net surer,
# the seam narrower, and the new points no better.
#
# Penalties hardly move the boundary. With all four λ from 0.0001 to 0.003 the error on new points stays at 1.0 to 1.1 %.
# What changes is how steeply the net passes from one class to the other: the sum of squares falls from 118 to 39, the
# loss on the points seen rises from 0.018 to 0.144. With few noisy points that is worth having: 14.8 % of the new points
# are wrong without a penalty, 14.6 % with squares and 0.003, but their loss falls from 0.63 to 0.32, because the net is
# less sure of what it gets wrong. (Squares with 0.01 are too much: 16.4 % wrong.) Squares make all weights smaller and
# hardly any 0 (6 % are below 0.01).
# Absolute values pull every weight equally hard, however small it is: 96 % of the weights end below 0.01, all but about
# ten in each layer, and the boundary has few corners again. They do not end at exactly 0, because each step overshoots
# it by up to rate times λ.
#
# **Mark scheme, 3 points.**
#
# - 1 point: hidden units. Few units are few kinks, so few corners; and with few units a bad start cannot be made good.
#   (Half a point for "more units fit better" alone.)
# - 1 point: epochs. With time the boundary finds its place and the net grows sure; error or colours given as evidence.
# - 1 point: penalties. They make the weights smaller and the net less sure; seen in the loss, the sums or the width of
#   the seam (half). Absolute values make most weights nearly 0, squares do not (half). No point for "a penalty lowers the
#   error": the numbers do not say that.
# ### END SOLUTION

# %% [markdown]
# # Part 8: clothing
#
# FashionMNIST: pictures of 28 × 28 pixels of ten kinds of clothing, in the format of MNIST. Where it cannot be found,
# the line that the loader prints says what is used instead. The images are cut into three parts: 70 % for **training**,
# 15 % for **validation** (to choose with), and 15 % for the **test** (to report at the end, and not to choose with).
# These are parts of what the loader calls training images; the test images that it also mentions stay untouched.

# %% nbgrader={"grade_id": "standardise-cases", "locked": true}
def parts_cases(rng):
    """Three parts of a data set; in training one pixel is constant, one varies too little, one barely enough."""
    for d, sizes in ((5, (12, 4, 3)), (4, (30, 6, 6))):
        low, width = rng.uniform(0, 0.3, (d, 1)), rng.uniform(0.3, 0.7, (d, 1))
        parts = [low + width * rng.random((d, size)) for size in sizes]
        parts[0][0] = 0.0
        rare = np.arange(sizes[0]) == rng.integers(sizes[0])
        parts[0][1] = 0.0185 * rare / np.std(rare)  # grey in one image only: a standard deviation of 0.0185
        parts[0][2] = np.tile([0.2, 0.244], sizes[0] // 2)  # and one of 0.022
        yield dict(zip(("X_train", "X_valid", "X_test"), parts)) | {"case": f"{d} pixels, {sum(sizes)} images"}


# %% [markdown]
# ## 8.1 Every pixel on the same scale
#
# *Afterwards every pixel has the same scale.*
#
# From every pixel subtract its mean, and divide by its standard deviation (`np.std`). Both come **from the training
# part only**, and the same numbers are used for all three parts. Validation and test stand for images that nobody has
# seen yet, so nothing about them may go into the preparation.
#
# One thing more. Some pixels, in the corners, are black in nearly every training image. Divided by a standard
# deviation of nearly 0, a single grey one in the test part would become a number in the thousands, and drown all
# others. So: a pixel whose standard deviation is **below 0.02** is only shifted, not divided. (Pixels lie between 0
# and 1.)
#
# Shapes: $(d, N_1)$, $(d, N_2)$, $(d, N_3)$ $\to$ the same three shapes.

# %% nbgrader={"grade_id": "standardise", "solution": true}
def standardise(X_train, X_valid, X_test):
    """All three parts, shifted and scaled pixel by pixel with the numbers of the training part.

    X_train: (d, N1), X_valid: (d, N2), X_test: (d, N3); a column is a sample.
    Returns three new arrays of these shapes. Pixels with a standard deviation below 0.02 are only shifted.
    """
    ### BEGIN SOLUTION
    mean = X_train.mean(axis=1, keepdims=True)
    spread = X_train.std(axis=1, keepdims=True)
    spread = np.where(spread < 0.02, 1, spread)
    return tuple(((X - mean) / spread).astype(X.dtype) for X in (X_train, X_valid, X_test))
    ### END SOLUTION

# %% nbgrader={"grade_id": "standardise-check", "grade": true, "points": 2}
check.values(standardise, at=parts_cases, returns=("X_train", "X_valid", "X_test"), points=2)

# %% tags=["mistake"] question="standardise" says="Every part has been shifted and scaled by its own numbers: then the same picture looks different in another part. All use those of the training part."
def standardise(X_train, X_valid, X_test):
    results = []
    for X in (X_train, X_valid, X_test):
        spread = X.std(axis=1, keepdims=True)
        results.append((X - X.mean(axis=1, keepdims=True)) / np.where(spread < 0.02, 1, spread))
    return results

# %% tags=["mistake"] question="standardise" says="Mean and standard deviation come from all three parts together: so the net has been told something about the test before the test."
def standardise(X_train, X_valid, X_test):
    X = np.concatenate([X_train, X_valid, X_test], axis=1)
    mean, spread = X.mean(axis=1, keepdims=True), X.std(axis=1, keepdims=True)
    spread = np.where(spread < 0.02, 1, spread)
    return (X_train - mean) / spread, (X_valid - mean) / spread, (X_test - mean) / spread

# %% tags=["mistake"] question="standardise" says="Each image has been put on its own scale: the statistics are those of a pixel, over the images."
def standardise(X_train, X_valid, X_test):
    return [(X - X.mean(axis=0)) / np.maximum(X.std(axis=0), 0.02) for X in (X_train, X_valid, X_test)]

# %% tags=["mistake"] question="standardise" says="A pixel that hardly varies in the training part has been divided by its tiny standard deviation and is now far too large elsewhere."
def standardise(X_train, X_valid, X_test):
    mean, spread = X_train.mean(axis=1, keepdims=True), X_train.std(axis=1, keepdims=True)
    spread[spread == 0] = 1
    return [(X - mean) / spread for X in (X_train, X_valid, X_test)]

# %% tags=["mistake"] question="standardise" says="The limit is 0.02: here pixels that vary a little more have been left undivided as well."
def standardise(X_train, X_valid, X_test):
    mean, spread = X_train.mean(axis=1, keepdims=True), X_train.std(axis=1, keepdims=True)
    spread = np.where(spread < 0.05, 1, spread)
    return [(X - mean) / spread for X in (X_train, X_valid, X_test)]

# %% tags=["mistake"] question="standardise" says="A pixel below the limit is only shifted: here it has been divided by the limit, fifty times as large as asked for."
def standardise(X_train, X_valid, X_test):
    mean, spread = X_train.mean(axis=1, keepdims=True), X_train.std(axis=1, keepdims=True)
    return [(X - mean) / np.maximum(spread, 0.02) for X in (X_train, X_valid, X_test)]

# %% tags=["mistake"] question="standardise" says="One mean and one standard deviation for all pixels: every pixel has its own."
def standardise(X_train, X_valid, X_test):
    return [(X - X_train.mean()) / X_train.std() for X in (X_train, X_valid, X_test)]

# %% tags=["alternative"] question="standardise" name="pixel by pixel"
def standardise(X_train, X_valid, X_test):
    results = [X.astype(float) for X in (X_train, X_valid, X_test)]
    for pixel, seen in enumerate(X_train):
        spread = np.std(seen)
        for result in results:
            result[pixel] = result[pixel] - np.mean(seen)
            if spread >= 0.02:
                result[pixel] /= spread
    return results

# %% tags=["alternative"] question="standardise" name="divided only where it is safe"
def standardise(X_train, X_valid, X_test):
    mean, spread = X_train.mean(axis=1)[:, None], np.sqrt(np.var(X_train, axis=1))[:, None]
    shifted = [X - mean for X in (X_train, X_valid, X_test)]
    return [np.divide(X, spread, out=X, where=spread >= 0.02) for X in shifted]

# %% [markdown]
# ### Thirty epochs of clothing
#
# 784 inputs, 64 hidden units, 10 classes; batches of 32; all four λ 0.0001; 30 epochs. After each
# epoch the cell writes down the error rate and the loss (without penalty) on all three parts. The numbers are
# `float32`, half as long as usual: good enough for training, and twice as fast.

# %% tags=["experiment"]
def load_clothing(seed=0):
    """Training, validation and test part, standardised: (X, y) for each, and the images with their class names."""
    images = data.fashion_mnist(axis="columns", dtype=np.float32, size=None if FULL else (4000, 1000), seed=seed)
    parts = data.split(images.train_images, images.train_labels, (0.70, 0.15, 0.15), axis="columns", seed=seed)
    inputs = standardise(*(part.inputs for part in parts))
    return [(np.asfortranarray(X), part.labels) for X, part in zip(inputs, parts)], images


def start_for_clothing(seed=0):
    """Weights in float32 to start from."""
    return [part.astype(np.float32) for part in initial_weights(784, 64, 10, seed)]


def train_and_watch(parts, K, epochs, lambdas, seed=0):
    """Train on the first of three parts; after each epoch, measure loss and error on all of them."""
    weights, (X, y) = start_for_clothing(seed), parts[0]
    losses, errors = np.zeros((epochs, 3)), np.zeros((epochs, 3))
    for epoch, batches in enumerate(tqdm(minibatches(len(y), K, epochs, seed), disable=not FULL, desc="epochs")):
        rate = 0.1 / (1 + 4 * epoch / epochs)  # as in 6.3
        weights = train_epoch(*weights, X, y, batches, rate, lambdas, matrix_gradients)
        for i, (inputs, labels) in enumerate(parts):
            losses[epoch, i], errors[epoch, i] = loss_and_error(forward_batch(*weights, inputs)[2], labels)
    return weights, losses, errors


clothing = dressed = None  # the three parts of the data; the trained weights
with check.once_written():
    clothing, images = load_clothing()
    print("training, validation, test:", *(f"{len(labels):,}" for _, labels in clothing), "images")
    start = time.perf_counter()
    dressed, losses, errors = train_and_watch(clothing, K=32, epochs=30, lambdas=(1e-4,) * 4)
    print(f"30 epochs in {time.perf_counter() - start:.1f} s")

    names = ("training", "validation", "test")
    figure, axes = plt.subplots(1, 2, figsize=(9.6, 3.8), layout="constrained")
    plots.learning_curves(dict(zip(names, losses.T)), title="Loss, without penalty", ax=axes[0])
    plots.learning_curves({name: 100 * column for name, column in zip(names, errors.T)}, log=False,
                          title="Wrong answers", ylabel="error rate in %", ax=axes[1])
    figure.suptitle(f"{images.name}, 784–64–10, batches of 32, all λ = 0.0001")
    plt.show()

    best = int(np.argmin(losses[:, 1]))
    for name, epoch in (("the lowest validation loss", best), ("the end", 29)):
        print(f"at {name}, epoch {epoch + 1}: " + ", ".join(
            f"{part} {loss:.3f} / {error:.1%}" for part, loss, error in zip(names, losses[epoch], errors[epoch])))

# %% [markdown]
# What do the hidden units look at? Each has 784 weights, one for every pixel, so its weights are a picture.

# %% tags=["experiment"]
if dressed is not None:
    strongest = np.argsort(-np.linalg.norm(dressed[2], axis=0))[:16]
    plots.weights(dressed[0][strongest], names=[f"unit {unit}" for unit in strongest], columns=8,
                  title="The 16 hidden units with the largest weights in the output layer")
    plt.show()

# %% [markdown]
# And what does the net look at in *one* image? Your $\partial L / \partial x$ of 4.5 says how the loss moves with each
# pixel: where the picture is orange, more light there makes the loss larger, where it is purple, smaller. This is a
# *saliency map*. Here are the first four test images, and their maps below.

# %% tags=["experiment"]
def saliency(weights, x, y):
    """∂L/∂x for one image, without a penalty, from your whole pass of 4.5."""
    return step_by_step(*weights, x, y, (0, 0, 0, 0))[4]


with check.once_written():
    if dressed is not None:
        (X, y), chosen = clothing[2], range(4)
        answers = forward_batch(*dressed, X[:, :4])[2].argmax(axis=0)
        maps = np.array([saliency(dressed, X[:, s], y[s]) for s in chosen])
        plots.images(np.clip(X[:, :4], 0, 2), titles=[f"is:\n{images.classes[y[s]]}" for s in chosen],
                     columns=4, title="Four test images, standardised")
        plt.show()
        plots.weights(maps / np.abs(maps).max(axis=1, keepdims=True), columns=4, title="Their saliency maps",
                      names=[f"taken for:\n{images.classes[answer]}" for answer in answers])
        plt.show()

# %% [markdown]
# ### Loops against matrices
#
# One epoch at $K = 20$ and all four λ 0.001, with three ways to take the same gradient: with loops over samples and
# units (5.1), with a loop over the samples and your whole pass of 4.5, and with matrices (5.4). All on one thread, and
# in `float32`.
#
# *Reported elsewhere for this exercise, with all of FashionMNIST, another computer and another program:
# 147.65 s with a loop against 12.96 s with matrices, a factor of 11.4. Measured with the cell below and the solutions of
# this set, for 2,800 images and in processor time of one (busy) core: 4.4 s with loops over samples and units, 0.71 s
# with a loop over the samples, 0.053 s with matrices: factors of 82 and 13.*

# %% tags=["experiment"]
def sample_by_sample(W1, b1, W2, b2, X, y, lambdas):
    """The mean gradient of K samples, with a loop over them and the steps of part 4."""
    sums = [np.zeros_like(part) for part in (W1, b1, W2, b2)]
    for x, label in zip(X.T, y):
        for total, part in zip(sums, step_by_step(W1, b1, W2, b2, x, label, lambdas)):
            total += part
    return [total / len(y) for total in sums]


def one_epoch(gradients, name):
    """Train for one epoch of batches of 20; returns the seconds and the weights."""
    X, y = clothing[0]
    (batches,) = minibatches(len(y), 20, 1, seed=0)
    lambdas = (1e-3,) * 4
    train_epoch(*start_for_clothing(), X, y, batches[:3], 0.1, lambdas, gradients)  # the first calls are always slower
    start = time.perf_counter()
    shown = tqdm(batches, disable=not FULL, desc=name)
    weights = train_epoch(*start_for_clothing(), X, y, shown, 0.1, lambdas, gradients)
    return time.perf_counter() - start, weights


def compare_the_ways():
    """Print how long each way takes for an epoch, and how far its weights are from those of the matrices."""
    ways = {"loops over samples and units": loop_gradients, "a loop over samples": sample_by_sample,
            "matrices": matrix_gradients}
    timed = {name: one_epoch(function, name) for name, function in ways.items()}
    fastest, same = timed["matrices"]
    for name, (seconds, weights) in timed.items():
        apart = max(np.max(np.abs(a - b)) for a, b in zip(weights, same))
        print(f"{name:30} {seconds:7.3f} s  {seconds / fastest:6.1f} times the matrices;  "
              f"weights differ by {apart:.0e} at most")


with check.once_written():
    if clothing is not None:
        compare_the_ways()

# %% [markdown]
# ## 8.2 When to stop, and which number to report
#
# Look at the curves of part 8. What do training and validation loss do after the first few epochs, and what is the name
# of that? After which epoch would you stop, and which curve tells you so? Which number would you report as the error of
# the net on new pictures, and why not a smaller one that you can also find in the figure? One sentence on why the
# *loss* on validation can rise while the *error* does not.

# %% [markdown] nbgrader={"grade_id": "when-to-stop", "grade": true, "solution": true, "points": 3}
# ### BEGIN SOLUTION
# **Model answer** (numbers for the 2,800 digits that are used where there is no FashionMNIST; in brackets those of a
# run on 1,440 images of clothing; they differ with the images). The training loss falls all the
# time, to 0.021 (0.062), the training error to 0 % (0.4 %). The validation loss is lowest after 4 epochs, at 0.291
# (after 6, at 0.470), and then rises to 0.325 (0.518): overfitting. What the net still learns there is about the
# training images only. I would stop at the lowest validation loss, because validation images are made for such choices.
# What I report is the test error of the net that was chosen this way, 6.2 % (21.0 %). Not the training error of 0 %,
# because these images were learned. Not the lowest point of the test curve either: who picks an epoch by the test has
# used it for choosing, and the number is too good then. The loss can rise while the error stays, because it also
# measures how sure the net is: with growing weights its wrong answers become surer, and each of them costs more, but no
# answer changes.
#
# **Mark scheme, 3 points.**
#
# - 1 point: training falls, validation turns around and rises; the word overfitting, and what it means.
# - 1 point: stop where validation is best, loss or error (either is fine, if it is said); report the test error of that
#   net. Half a point if the choice is made with the test curve, or the training error is reported.
# - 1 point: the loss counts how sure an answer is, the error only whether it is right.
#
# The test part has 600 (309) images here, so its error is known to about ±1 % (±2 %) only: whoever says so deserves a
# word of praise. It also explains why the test error may come out lower than the validation error.
# ### END SOLUTION

# %% [markdown]
# # Which slip is it?
#
# Six functions of earlier problem sets, each with one slip in it, and what the self-check said of it. Read the report first:
# which results are wrong, and is it a factor, a sign, a shape, or only some entries? Then find the line. For each, return the
# number of the sentence that fits.
#
# <!-- slips from ps2_relu_fsolve, ps3_samplewise_mnist: 6, draw 4 -->

# %% [markdown]
# ### Slip 1
#
# Problem set 2, 2.5, asked for this:
#
# ```python
# def hinge_gradients(w_o, x, y, z, h, f):
#     """The gradient of the squared loss, from the forward pass.
#
#     w_o: (4,); x, y: (N,); z, h: (N, 4); f: (N,).
#     Returns dw_h: (4,), db_h: (4,), dw_o: (4,), db_o: a number."""
# ```
#
# Somebody has written:
#
# ```python
# def hinge_gradients(w_o, x, y, z, h, f):
#     df = 2 * (f - y)
#     dz = np.outer(df, w_o)
#     return x @ dz, dz.sum(axis=0), df @ h, df.sum()
# ```
#
# The self-check says:
#
# ```text
# dw_h: wrong, dw_h[1] is about 8.8 times too large (N = 5)
# db_h: wrong, db_h[1] has the wrong sign (N = 5)
# dw_o: right
# db_o: right
# ```
#
# Which idea is behind it?
#
# 1. The output weights meet the activations h, not the pre-activations z.
# 2. The loss is a sum over the samples here. These derivatives are those of a mean.
# 3. z moves with w_h by x: that factor is missing, so the derivatives for w_h are those for b_h.
# 4. The hinge's slope is missing: where a unit is off, nothing goes back through it.

# %% nbgrader={"grade_id": "slip-1", "solution": true}
def slip_1():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 4
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-1-check", "grade": true, "points": 1}
check.answer(slip_1, points=1)

# %% tags=["mistake"] question="slip-1" says="Not 1: of that slip the self-check would say otherwise: dw_h: right; db_h: right; dw_o: wrong, dw_o[1] is about 2.5 times too large (N = 5); db_o: right"
def slip_1():
    return 1

# %% tags=["mistake"] question="slip-1" says="Not 2: of that slip the self-check would say otherwise: dw_h: wrong, dw_h[0] is about 5 times too small (N = 5); db_h: wrong, db_h[1] is about 5 times too small (N = 5); dw_o: wrong, dw_o[0] is about 5 times too small (N = 5); db_o: wrong, db_o is about 5 times too small (N = 5)"
def slip_1():
    return 2

# %% tags=["mistake"] question="slip-1" says="Not 3: of that slip the self-check would say otherwise: dw_h: wrong, dw_h[1] has the wrong sign, and not the right size either (N = 5); db_h: right; dw_o: right; db_o: right"
def slip_1():
    return 3

# %% [markdown]
# ### Slip 2
#
# Problem set 2, 2.6, asked for this:
#
# ```python
# def residual_jacobian(w_o, x, z, h):
#     """How every residual moves with every parameter, in four blocks.
#
#     w_o: (4,); x: (N,); z, h: (N, 4), from the forward pass.
#     Returns J_w_h: (N, 4), J_b_h: (N, 4), J_w_o: (N, 4), J_b_o: (N,)."""
# ```
#
# Somebody has written:
#
# ```python
# def residual_jacobian(w_o, x, z, h):
#     return np.outer(x, w_o), np.tile(w_o, (len(x), 1)), h, np.ones(len(x))
# ```
#
# The self-check says:
#
# ```text
# J_w_h: wrong, J_w_h[2, 0] should be 0 (N = 5)
# J_b_h: wrong, J_b_h[0, 3] should be 0 (N = 5)
# J_w_o: right
# J_b_o: right
# ```
#
# Which idea is behind it?
#
# 1. The samples have been added up. That is a gradient; a Jacobian keeps one row for each residual.
# 2. z moves with w_h by x: the block of w_h is that of b_h times x, row by row.
# 3. A row is a sample, a column is a parameter: these blocks are transposed.
# 4. Where a unit is off, its residual does not move with w_h and b_h: the slope of the hinge is missing.

# %% nbgrader={"grade_id": "slip-2", "solution": true}
def slip_2():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 4
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-2-check", "grade": true, "points": 1}
check.answer(slip_2, points=1)

# %% tags=["mistake"] question="slip-2" says="Not 1: of that slip the self-check would say otherwise: J_w_h: wrong, J_w_h has shape (4,), asked for is (5, 4) (N = 5); J_b_h: wrong, J_b_h has shape (4,), asked for is (5, 4) (N = 5); J_w_o: wrong, J_w_o has shape (4,), asked for is (5, 4) (N = 5); J_b_o: wrong, J_b_o has shape (), asked for is (5,) (N = 5)"
def slip_2():
    return 1

# %% tags=["mistake"] question="slip-2" says="Not 2: of that slip the self-check would say otherwise: J_w_h: wrong, J_w_h[2, 3] is about 3 times too small (N = 5); J_b_h: right; J_w_o: right; J_b_o: right"
def slip_2():
    return 2

# %% tags=["mistake"] question="slip-2" says="Not 3: of that slip the self-check would say otherwise: J_w_h: wrong, J_w_h has shape (4, 5), asked for is (5, 4): it is transposed (N = 5); J_b_h: wrong, J_b_h has shape (4, 5), asked for is (5, 4): it is transposed (N = 5); J_w_o: wrong, J_w_o has shape (4, 5), asked for is (5, 4): it is transposed (N = 5); J_b_o: wrong, right, but zeros or the like would do as well: it counts as soon as a line is right for which they would not"
def slip_2():
    return 3

# %% [markdown]
# ### Slip 3
#
# Problem set 2, 1.4, asked for this:
#
# ```python
# def absolute_subgradient(X, w, y):
#     """A subgradient of the absolute loss with respect to w.
#
#     X: (N, D), w: (D,), y: (N,).
#     Returns dw: (D,), finite also where a residual is exactly zero."""
# ```
#
# Somebody has written:
#
# ```python
# def absolute_subgradient(X, w, y):
#     return np.abs(X).T @ np.sign(X @ w - y)
# ```
#
# The self-check says:
#
# ```text
# dw: wrong, dw[0] has the wrong sign, and not the right size either (N = 6, D = 3)
# ```
#
# Which idea is behind it?
#
# 1. At a residual of exactly zero this divides 0 by 0. Any slope from -1 to 1 is right there, but not nan.
# 2. This is the gradient of the squared loss: there a residual counts by its size. Here only its sign counts.
# 3. The signs of the inputs are lost: a residual moves with w_k by X_ik, not by its absolute value.
# 4. The loss is a sum over the samples, so its slope is not divided by their number.

# %% nbgrader={"grade_id": "slip-3", "solution": true}
def slip_3():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 3
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-3-check", "grade": true, "points": 1}
check.answer(slip_3, points=1)

# %% tags=["mistake"] question="slip-3" says="Not 1: of that slip the self-check would say otherwise: dw: wrong, dw NaN in 3 of 3 entries, first at [0] (one residual is exactly zero)"
def slip_3():
    return 1

# %% tags=["mistake"] question="slip-3" says="Not 2: of that slip the self-check would say otherwise: dw: wrong, dw[2] has the wrong sign, and not the right size either (N = 6, D = 3)"
def slip_3():
    return 2

# %% tags=["mistake"] question="slip-3" says="Not 4: of that slip the self-check would say otherwise: dw: wrong, dw[1] is about 6 times too small (N = 6, D = 3)"
def slip_3():
    return 4

# %% [markdown]
# ### Slip 4
#
# Problem set 3, 3.3, asked for this:
#
# ```python
# def sigmoid_backward(h, dh):
#     """Back through h = sigmoid(z).
#
#     h: (m,), the activation; dh: (m,), the derivative of the loss with respect to h.
#     Returns dz: (m,), the derivative of the loss with respect to z."""
# ```
#
# Somebody has written:
#
# ```python
# def sigmoid_backward(h, dh):
#     return special.expit(dh) * h * (1 - h)
# ```
#
# The self-check says:
#
# ```text
# dz: wrong, dz[3] has the wrong sign, and not the right size either (m = 4)
# ```
#
# Which idea is behind it?
#
# 1. This is the slope alone: it still has to meet the upstream gradient.
# 2. The error was sent through the sigmoid itself. In the backward pass it is multiplied by the slope: backward, every layer is linear in the error.
# 3. 1 - h² is the slope of tanh. That of the sigmoid is h (1 - h).
# 4. The sigmoid has been applied a second time: h is the activation already, and the slope is made of h directly.

# %% nbgrader={"grade_id": "slip-4", "solution": true}
def slip_4():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 2
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-4-check", "grade": true, "points": 1}
check.answer(slip_4, points=1)

# %% tags=["mistake"] question="slip-4" says="Not 1: the report would look the same, but read the code again: it does not do that."
def slip_4():
    return 1

# %% tags=["mistake"] question="slip-4" says="Not 3: of that slip the self-check would say otherwise: dz: wrong, dz[2] is about 24 times too large (m = 4)"
def slip_4():
    return 3

# %% tags=["mistake"] question="slip-4" says="Not 4: of that slip the self-check would say otherwise: dz: wrong, dz[1] is about 12 times too large (m = 4)"
def slip_4():
    return 4

# %% [markdown]
# ### Slip 5
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
#     return np.outer(d, h), np.ones(len(d)), W.T @ d
# ```
#
# The self-check says:
#
# ```text
# dW: right
# db: wrong, db[3] has the wrong sign, and not the right size either (m = 4, k = 4)
# dh: right
# ```
#
# Which idea is behind it?
#
# 1. The error is sent through W a second time as if it went forward. Backward it goes through the transpose, which only a square W lets you confuse.
# 2. The table of products is transposed: a weight has the row of its output and the column of its input, and so has its derivative.
# 3. The errors of all units were added up for the bias: each unit has a bias of its own.
# 4. The derivative with respect to the bias is not 1: o moves with b one to one, but the loss moves with o by d.

# %% nbgrader={"grade_id": "slip-5", "solution": true}
def slip_5():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 4
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-5-check", "grade": true, "points": 1}
check.answer(slip_5, points=1)

# %% tags=["mistake"] question="slip-5" says="Not 1: of that slip the self-check would say otherwise: dW: wrong, `linear_backward` raises ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature (n?,k),(k,m?)->(n?,m?) (size 3 is different from 5); db: wrong, `linear_backward` raises ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature (n?,k),(k,m?)->(n?,m?) (size 3 is different from 5); dh: wrong, dh[2] has the wrong sign, and not the right size either (m = 4, k = 4)"
def slip_5():
    return 1

# %% tags=["mistake"] question="slip-5" says="Not 2: of that slip the self-check would say otherwise: dW: wrong, dW[3, 1] has the wrong sign (m = 4, k = 4); db: right; dh: right"
def slip_5():
    return 2

# %% tags=["mistake"] question="slip-5" says="Not 3: of that slip the self-check would say otherwise: dW: right; db: wrong, db[3] is 0 and should not be (m = 4, k = 4); dh: right"
def slip_5():
    return 3

# %% [markdown]
# ### Slip 6
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
#     return -y / p
# ```
#
# The self-check says:
#
# ```text
# d3: wrong, d3[0] is about 4.1 times too large (K = 3)
# ```
#
# Which idea is behind it?
#
# 1. p (1 - p) is the slope of a single sigmoid. The softmax has been gone through already: its derivative and that of the logarithm have cancelled to p - y.
# 2. This is the derivative with respect to the probabilities. One more link of the chain leads to the scores: the softmax.
# 3. A factor 2 belongs to a squared error. The loss here is the cross-entropy, which has none.
# 4. Only the score of the right class has got an error. The others matter as well: each of them takes its share of the sum that softmax divides by.

# %% nbgrader={"grade_id": "slip-6", "solution": true}
def slip_6():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 2
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-6-check", "grade": true, "points": 1}
check.answer(slip_6, points=1)

# %% tags=["mistake"] question="slip-6" says="Not 1: of that slip the self-check would say otherwise: d3: wrong, d3[0] is about 4.1 times too small (K = 3)"
def slip_6():
    return 1

# %% tags=["mistake"] question="slip-6" says="Not 3: of that slip the self-check would say otherwise: d3: wrong, d3[0] is about 2 times too large (K = 3)"
def slip_6():
    return 3

# %% tags=["mistake"] question="slip-6" says="Not 4: of that slip the self-check would say otherwise: d3: wrong, d3[2] is 0 and should not be (K = 3)"
def slip_6():
    return 4

# %% [markdown]
# <!-- end of slips -->

# %% [markdown]
# # What to read next
#
# - Ian Goodfellow, Yoshua Bengio and Aaron Courville, *Deep Learning* (2016), chapters 7 and 8: 7.1 is on penalties,
#   7.8 on stopping early, 8.1 on minibatches. <https://www.deeplearningbook.org>
# - Michael Nielsen, *Neural Networks and Deep Learning* (2015), chapter 3: overfitting and weight decay, told slowly.
#   <http://neuralnetworksanddeeplearning.com/chap3.html>
# - Hui Zou and Trevor Hastie, "Regularization and variable selection via the elastic net", *Journal of the Royal
#   Statistical Society B* 67 (2005): where the two penalties were first put together.
# - Léon Bottou, Frank Curtis and Jorge Nocedal, "Optimization methods for large-scale machine learning" (2016),
#   <https://arxiv.org/abs/1606.04838>: why rough gradients win.
# - Han Xiao, Kashif Rasul and Roland Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning
#   algorithms" (2017), <https://arxiv.org/abs/1708.07747>.
