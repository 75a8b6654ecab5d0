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
# # Problem set 3: backprop, one digit at a time
#
# **What you will learn.** You build a net that reads handwritten digits, from nothing but numpy: three layers of
# weights, sigmoids, softmax and cross-entropy. You go backwards through it layer by layer, then train it in the most
# plain way there is: look at one digit, take one step, look at the next. At the end you find out why, on all of MNIST, the
# same net with the same steps ends at about 70 % or above 92 %, depending on something that is not in the net at all. (On
# the small set it is about 62 % or 86 %, and only after more than three epochs.)
#
# **What you need.** Problem set 1, or at least its idea: carry the error backwards, and let each layer of weights
# multiply what arrives at its output by what went into it. No deep-learning library.
#
# **How long it takes.** About four and a half hours. Solved, everything together computes for about half a minute, and for
# less than a minute and a half on a machine that is busy with other things.
#
# **How it works.** You write functions; under each is a self-check, which you may run as often as you like. Gradients
# are compared with finite differences, other results with known numbers, on small nets of several shapes. It also
# looks whether your function has changed its arguments: it must not. Do not rename functions or arguments. A function
# gets all it needs as arguments and must use nothing else.
#
# With `FULL = True` in the next cell the notebook takes all of MNIST, 60,000 digits to learn from and 10,000 to be
# tested on, if your machine has them (`COURSE_DATA` says where, or they are in the cache of this course). That
# takes a minute or two. Otherwise it takes 4,000 and 1,000, which is enough for everything here.

# %%
FULL = False  # True: all of MNIST, with a progress bar

import copy
import itertools

import matplotlib.pyplot as plt
import numpy as np
from scipy import special
from tqdm.auto import tqdm

from helpers import check, data, plots, threads

threads.limit(1)  # these matrices are small: several threads would only wait for each other

# %% [markdown]
# ## The digits, and which axis is the sample
#
# A digit is a picture of 28 × 28 pixels, written as one long vector of 784 numbers between 0 (paper) and 1 (ink).
#
# **In this problem set a row is a sample**: all digits together are an array $(N, 784)$. (In problem set 1 it was a
# column.) A single digit $x$ has the shape $(784,)$: it is neither a row nor a column, and there is no axis to mix
# up. Most of what you write here takes a single digit.

# %% tags=["experiment"]
digits = data.mnist(size=None if FULL else (4000, 1000))
plots.images(digits.train_images, [f"label {label}" for label in digits.train_labels[:16]], n=16,
             title=f"The first 16 of {len(digits.train_labels):,} digits")
plt.show()

# %% [markdown]
# ## The net
#
# $$x \;\xrightarrow{\;W_1, b_1\;}\; z_1 \;\xrightarrow{\;\sigma\;}\; h_1
#   \;\xrightarrow{\;W_2, b_2\;}\; z_2 \;\xrightarrow{\;\sigma\;}\; h_2
#   \;\xrightarrow{\;W_3, b_3\;}\; o \;\xrightarrow{\text{softmax}}\; p$$
#
# | symbol | shape for digits | what it is |
# |---|---|---|
# | $x$ | $(784,)$ | one digit |
# | $W_1, b_1$ | $(32, 784), (32,)$ | weights and biases of the first hidden layer |
# | $z_1, h_1$ | $(32,)$ | its pre-activation $W_1 x + b_1$ and its activation $\sigma(z_1)$ |
# | $W_2, b_2$ | $(32, 32), (32,)$ | those of the second hidden layer |
# | $z_2, h_2$ | $(32,)$ | $W_2 h_1 + b_2$ and $\sigma(z_2)$ |
# | $W_3, b_3$ | $(10, 32), (10,)$ | those of the output layer |
# | $o$ | $(10,)$ | the *scores* $W_3 h_2 + b_3$, one for each class |
# | $p$ | $(10,)$ | the probabilities that softmax makes of the scores |
# | $y$ | $(10,)$ | the target: 1 at the right class, 0 elsewhere (*one-hot*) |
#
# That is 26,506 numbers to learn. The six arrays always come in the same order, $W_1, b_1, W_2, b_2, W_3, b_3$. Where
# they travel together they are a tuple, called `net`, and `forward(*net, x)` hands its six arrays over one by one.
#
# Both hidden layers have 32 units, so a mix-up of the two goes unnoticed in the real net. The checks use small
# nets with $n_0$ inputs, $n_1$ and $n_2$ hidden units and $K$ classes. Take sizes from the shapes of the arguments.

# %% [markdown]
# <!-- include notation.md -->

# %% nbgrader={"grade_id": "the-cases", "locked": true}
# The small nets that the checks try your functions on.

def small_nets(rng, sizes=((5, 4, 4, 3), (6, 3, 5, 4), (3, 6, 2, 5))):
    """A net, one sample x (n0,) and its target y (K,) for every (n0, n1, n2, K)."""
    for n0, n1, n2, K in sizes:
        yield {"W1": rng.standard_normal((n1, n0)), "b1": rng.standard_normal(n1),
               "W2": rng.standard_normal((n2, n1)), "b2": rng.standard_normal(n2),
               "W3": rng.standard_normal((K, n2)), "b3": rng.standard_normal(K),
               "x": rng.random(n0), "y": np.eye(K)[rng.integers(K)],
               "case": f"n0 = {n0}, n1 = {n1}, n2 = {n2}, K = {K}"}


def on_off_net(rng):
    """Weights so large that each hidden unit is on or off: two kinds of samples, with scores far above 0 or far below."""
    apart = 2000 * np.array([[1.0, -1.0], [-1.0, 1.0]])
    kinds = np.array([[0.9, 0.1], [0.1, 0.8], [0.2, 0.7]]) * rng.uniform(0.9, 1.1, (3, 2))
    net = {"W1": apart, "b1": rng.standard_normal(2), "W2": apart, "b2": rng.standard_normal(2),
           "W3": [1500.0, -1500.0] + rng.standard_normal((3, 2)), "b3": rng.standard_normal(3)}
    return net, rng.permutation(kinds)


def forward_cases(rng):
    """Nets with one sample each; the last has huge pre-activations and scores."""
    for case in small_nets(rng):
        yield {name: value for name, value in case.items() if name != "y"}
    net, samples = on_off_net(rng)
    yield net | {"x": samples[0], "case": "huge scores"}


# %% [markdown]
# # Part 1: the parts

# %% [markdown]
# ## 1.1 A sigmoid that survives any argument
#
# *Afterwards the hidden layers can bend.*
#
# You may know this one from problem set 1: copy yours if you have it. `np.exp(1000)` is infinity, so the exponential
# may only be taken of what is not positive.
#
# $$\sigma(z) = \frac{1}{1 + e^{-z}} \;\;\text{for } z \ge 0, \qquad
#   \sigma(z) = \frac{e^{z}}{1 + e^{z}} \;\;\text{for } z < 0$$
#
# Both are the same function, each safe on its side. That is no luxury here: at the end of this notebook there are
# arguments in the thousands. Leave $z$ as it is, and mind that it may hold integers.
#
# Shapes: any shape $\to$ the same shape.

# %% nbgrader={"grade_id": "sigmoid-cases", "locked": true}
def sigmoid_cases(rng):
    """Ordinary numbers, huge ones, and integers."""
    yield {"z": 3 * rng.standard_normal((4, 5)), "case": "ordinary numbers"}
    yield {"z": np.array([-1e4, -800.0, -30.0, -1.0, 0.0, 1.0, 30.0, 800.0, 1e4]) * rng.uniform(0.95, 1.0),
           "case": "huge numbers"}
    yield {"z": rng.permutation(np.arange(-4, 5)), "case": "integers"}
    yield {"z": -np.array([34.0, 28.0, 23.0, 17.0, 12.0]) * rng.uniform(0.97, 1.0), "case": "small results"}


# %% nbgrader={"grade_id": "sigmoid", "solution": true}
def sigmoid(z):
    """The logistic function of every entry, without overflow.

    z: array of any shape, of floats or integers.
    Returns an array of floats of the same shape; z stays as it is.
    """
    ### BEGIN SOLUTION
    e = np.exp(-np.abs(z))  # never above 1
    return np.where(z >= 0, 1, e) / (1 + e)
    ### END SOLUTION

# %% nbgrader={"grade_id": "sigmoid-check", "grade": true, "points": 2}
check.values(sigmoid, at=sigmoid_cases, by="case", points=2)

# %% tags=["mistake"] question="sigmoid" says="exp overflows for large arguments, and infinity divided by infinity is not a number: take the exponential only of what is not positive."
def sigmoid(z):
    return np.exp(z) / (1 + np.exp(z))

# %% tags=["mistake"] question="sigmoid" says="The sigmoid is a tanh of half the argument, moved and squeezed: without the half it rises twice as steeply."
def sigmoid(z):
    return (1 + np.tanh(z)) / 2

# %% tags=["mistake"] question="sigmoid" says="Results go into an array made like z. If z holds integers, so does that array, and everything between 0 and 1 is cut off to 0."
def sigmoid(z):
    result = np.zeros_like(z)
    result[z >= 0] = 1 / (1 + np.exp(-z[z >= 0]))
    result[z < 0] = np.exp(z[z < 0]) / (1 + np.exp(z[z < 0]))
    return result

# %% tags=["mistake"] question="sigmoid" says="The argument is cut off where the result is merely small. A sigmoid of -25 is not that of -20: cut only where a float can no longer tell it from 0, some hundreds away."
def sigmoid(z):
    return 1 / (1 + np.exp(-np.clip(z, -20, 20)))

# %% tags=["mistake"] question="sigmoid" says="Small results have been rounded to 0: the logarithm of a probability needs them as they are."
def sigmoid(z):
    return np.where(z < -10, 0.0, np.where(z > 10, 1.0, special.expit(z)))

# %% tags=["alternative"] question="sigmoid" name="through tanh"
def sigmoid(z):
    return (1 + np.tanh(z / 2)) / 2

# %% tags=["alternative"] question="sigmoid" name="scipy's"
def sigmoid(z):
    return special.expit(z)

# %% tags=["alternative"] question="sigmoid" name="masks"
def sigmoid(z):
    result = np.empty(np.shape(z))
    negative = z < 0
    e = np.exp(z[negative])
    result[negative] = e / (1 + e)
    result[~negative] = 1 / (1 + np.exp(-z[~negative]))
    return result

# %% [markdown]
# ## 1.2 Softmax: from scores to probabilities
#
# *Afterwards the net can say how sure it is of each class.*
#
# Softmax makes the scores positive and divides by their sum. The largest score gets the largest probability.
#
# $$p_k = \frac{e^{o_k}}{\sum_j e^{o_j}}$$
#
# This overflows as the sigmoid did. The cure uses that only differences of scores count: with any number $c$,
#
# $$\frac{e^{o_k - c}}{\sum_j e^{o_j - c}} = \frac{e^{-c}\, e^{o_k}}{e^{-c} \sum_j e^{o_j}} = p_k$$
#
# Take for $c$ the largest score of the sample. Then no exponent is positive and the largest is 0: nothing overflows,
# and the sum is at least 1.
#
# The function takes the scores of one sample, $(K,)$, or those of many, $(N, K)$, where **each row is a sample and has
# its own sum and its own largest score**. `axis=-1` means the last axis in both cases, and `keepdims=True` keeps it as
# an axis of length 1, so that numpy can subtract and divide row by row.
#
# Shapes: $(K,) \to (K,)$ and $(N, K) \to (N, K)$.

# %% nbgrader={"grade_id": "softmax-cases", "locked": true}
def score_cases(rng):
    """Scores of one sample and of several; huge ones; rows that are far apart; a single row, of integers."""
    yield {"o": 2 * rng.standard_normal(5), "case": "one sample"}
    yield {"o": 2 * rng.standard_normal((4, 3)), "case": "several samples, one a row"}
    yield {"o": np.array([800.0, 801.5, 790.0, -900.0]) + rng.standard_normal(4), "case": "huge scores"}
    yield {"o": np.array([[1000.0], [0.0], [-1000.0]]) + rng.standard_normal((3, 4)), "case": "rows far apart"}
    yield {"o": np.array([900.0, -900.0, -950.0, -1000.0, 899.0]) + rng.standard_normal(5), "case": "scores far apart"}
    yield {"o": rng.permutation(np.arange(-2, 3))[np.newaxis], "case": "one row, of whole numbers"}


# %% nbgrader={"grade_id": "softmax", "solution": true}
def softmax(o):
    """Probabilities from scores, without overflow.

    o: (K,), scores of one sample, or (N, K), one sample a row.
    Returns p: same shape, positive; the probabilities of each sample sum to 1. o stays as it is.
    """
    ### BEGIN SOLUTION
    e = np.exp(o - np.max(o, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)
    ### END SOLUTION

# %% nbgrader={"grade_id": "softmax-check", "grade": true, "points": 3}
check.values(softmax, at=score_cases, by="case", points=3)

# %% tags=["mistake"] question="softmax" says="exp overflows for large scores: subtract the largest score of the sample first, which changes nothing else."
def softmax(o):
    e = np.exp(o)
    return e / np.sum(e, axis=-1, keepdims=True)

# %% tags=["mistake"] question="softmax" says="All samples share one sum here. Each row is a sample of its own, and its own probabilities sum to 1."
def softmax(o):
    e = np.exp(o - np.max(o))
    return e / np.sum(e)

# %% tags=["mistake"] question="softmax" says="The sums run down the columns, over the samples: they belong along the last axis, over the classes of one sample."
def softmax(o):
    e = np.exp(o - np.max(o, axis=0))
    return e / np.sum(e, axis=0)

# %% tags=["mistake"] question="softmax" says="One largest score is subtracted from all rows. In a row that lies far below it every exponential becomes 0, and 0 divided by 0 is not a number: each row needs its own."
def softmax(o):
    e = np.exp(o - np.max(o))
    return e / np.sum(e, axis=-1, keepdims=True)

# %% tags=["mistake"] question="softmax" says="The mean of the scores is subtracted. That changes no probability, but the largest score can lie far above the mean and overflow: subtract the largest."
def softmax(o):
    e = np.exp(o - np.mean(o, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)

# %% tags=["mistake"] question="softmax" says="The scores were shifted in place: whoever passed them in still needs them as they were."
def softmax(o):
    o -= np.max(o, axis=-1, keepdims=True)
    return np.exp(o) / np.sum(np.exp(o), axis=-1, keepdims=True)

# %% tags=["mistake"] question="softmax" says="The probabilities are stored in an array made like the scores: if these are integers, so is that array, and everything below 1 is cut off to 0."
def softmax(o):
    p = np.empty_like(o)
    p[...] = np.exp(o - np.max(o, axis=-1, keepdims=True))
    return p / np.sum(p, axis=-1, keepdims=True)

# %% tags=["alternative"] question="softmax" name="scipy's"
def softmax(o):
    return special.softmax(o, axis=-1)

# %% tags=["alternative"] question="softmax" name="exp of the logarithm, with logsumexp"
def softmax(o):
    return np.exp(o - special.logsumexp(o, axis=-1, keepdims=True))

# %% tags=["alternative"] question="softmax" name="row by row"
def softmax(o):
    if o.ndim == 2:
        return np.array([softmax(row) for row in o])
    e = np.exp(o - max(o))
    return e / sum(e)

# %% tags=["alternative"] question="softmax" name="columns, by two transposes"
def softmax(o):
    e = np.exp(o.T - o.T.max(axis=0))
    return (e / e.sum(axis=0)).T

# %% [markdown]
# ## 1.3 Targets
#
# *Afterwards a label is something that a net can be compared with.*
#
# A label is a class number, such as 7. The net does not say a number but ten probabilities, so the target is written
# the same way: the probabilities of somebody who knows. That is a 1 at the right class and a 0 at all others.
#
# Not every class need occur among the labels; so the function is told how many there are.
#
# Shapes: labels $(N,) \to Y$ $(N, K)$.

# %% nbgrader={"grade_id": "one-hot-cases", "locked": true}
def label_cases(rng):
    """Labels in which the last class does not occur."""
    for N, K in ((6, 4), (4, 10), (5, 5)):
        yield {"labels": rng.integers(0, K - 1, N), "classes": K, "case": f"N = {N}, K = {K}"}


# %% nbgrader={"grade_id": "one-hot", "solution": true}
def one_hot(labels, classes):
    """Targets from labels.

    labels: (N,), integers from 0 to classes - 1; classes: K, the number of classes.
    Returns Y: (N, K), row i is 1 at labels[i] and 0 elsewhere.
    """
    ### BEGIN SOLUTION
    Y = np.zeros((len(labels), classes))
    Y[np.arange(len(labels)), labels] = 1
    return Y
    ### END SOLUTION

# %% nbgrader={"grade_id": "one-hot-check", "grade": true, "points": 1}
check.values(one_hot, at=label_cases, points=1)

# %% tags=["mistake"] question="one-hot" says="The number of classes was read off the labels. The last class need not occur among them: use the number that is passed."
def one_hot(labels, classes):
    return np.eye(labels.max() + 1)[labels]

# %% tags=["mistake"] question="one-hot" says="A row is a sample in this problem set: the targets came out with one sample a column."
def one_hot(labels, classes):
    return np.eye(classes)[:, labels]

# %% tags=["mistake"] question="one-hot" says="Classes count from 0: here every 1 stands one place too far to the left, and that of class 0 has landed at the end."
def one_hot(labels, classes):
    return np.eye(classes)[labels - 1]

# %% tags=["alternative"] question="one-hot" name="rows of the identity"
def one_hot(labels, classes):
    return np.eye(classes)[labels]

# %% tags=["alternative"] question="one-hot" name="a comparison"
def one_hot(labels, classes):
    return labels[:, np.newaxis] == np.arange(classes)

# %% tags=["alternative"] question="one-hot" name="a loop, integers"
def one_hot(labels, classes):
    Y = np.zeros((labels.size, classes), dtype=int)
    for i, label in enumerate(labels):
        Y[i, label] += 1
    return Y

# %% [markdown]
# ## 1.4 A net to start from
#
# *Afterwards you have a net, if one that knows nothing.*
#
# The weights start as random numbers from a normal distribution, so that no two units are alike and each can learn
# something of its own. How large? A pre-activation is a sum over all inputs of the layer; with many inputs the weights
# must be small, or the sigmoids start far out, where they are flat. The rule of this problem set:
#
# $$W_{ij} \sim \mathcal{N}\!\left(0,\; \frac{1}{\max(n_{\text{in}}, n_{\text{out}})}\right), \qquad b_i = 0$$
#
# The second argument of $\mathcal{N}$ is the **variance**; numpy asks for the standard deviation, which is its square
# root. The random numbers come from the generator `rng` that is passed in (`rng.normal`, `rng.standard_normal`), so
# that the same seed gives the same net.
#
# Shapes: four sizes $(n_0, n_1, n_2, K) \to W_1$ $(n_1, n_0)$, $b_1$ $(n_1,)$, $W_2$ $(n_2, n_1)$, $b_2$ $(n_2,)$, $W_3$
# $(K, n_2)$, $b_3$ $(K,)$.

# %% nbgrader={"grade_id": "start-net-cases", "locked": true}
def size_cases(rng):
    """The sizes of the digit net, and layers that grow as well as shrink."""
    for sizes in ((784, 32, 32, 10), (50, 150, 90, 200)):
        yield {"sizes": sizes, "rng": np.random.default_rng(rng.integers(1_000_000)), "case": f"sizes {sizes}"}


def expected_layers(sizes):
    """(n_in, n_out) of the three layers."""
    return list(itertools.pairwise(sizes))


def shapes_fit(net, sizes, rng):
    """Six arrays of the right shapes."""
    wanted = [shape for n_in, n_out in expected_layers(sizes) for shape in ((n_out, n_in), (n_out,))]
    return [np.shape(array) for array in net] == wanted


def spread_is_right(net, sizes, rng):
    """Each variance, as far as a random sample can tell (seven times the uncertainty of its estimate)."""
    relative = [np.var(W) * max(layer) for W, layer in zip(net[0::2], expected_layers(sizes))]
    return all(abs(r - 1) < 7 * np.sqrt(2 / np.size(W)) for r, W in zip(relative, net[0::2]))


def centred_on_zero(net, sizes, rng):
    """Each mean, as far as a random sample can tell."""
    return all(abs(np.mean(W)) < 7 * np.std(W) / np.sqrt(np.size(W)) for W in net[0::2])


def zero_biases(net, sizes, rng):
    """All biases are exactly 0."""
    return all(np.all(np.asarray(b) == 0) for b in net[1::2])


def normal_numbers_of_rng(net, sizes, rng):
    """The weights, each divided by its standard deviation, are the next normal numbers of the generator, in any order."""
    weights = [np.ravel(W) * np.sqrt(max(layer)) for W, layer in zip(net[0::2], expected_layers(sizes))]
    found = np.sort(np.concatenate(weights))
    return np.allclose(found, np.sort(copy.deepcopy(rng).standard_normal(found.size)), atol=1e-6)


# %% nbgrader={"grade_id": "start-net", "solution": true}
def start_net(sizes, rng):
    """Random weights and zero biases.

    sizes: (n0, n1, n2, K), units from the input to the output; rng: a numpy Generator.
    Returns W1: (n1, n0), b1: (n1,), W2: (n2, n1), b2: (n2,), W3: (K, n2), b3: (K,).
    """
    ### BEGIN SOLUTION
    net = []
    for n_in, n_out in itertools.pairwise(sizes):
        deviation = np.sqrt(1 / max(n_in, n_out))
        net.append(rng.normal(0, deviation, (n_out, n_in)))
        net.append(np.zeros(n_out))
    return tuple(net)
    ### END SOLUTION

# %% nbgrader={"grade_id": "start-net-check", "grade": true, "points": 2}
check.properties(start_net, at=size_cases, points=2, shapes=shapes_fit, variance_of_the_weights=spread_is_right,
                 mean_of_the_weights=centred_on_zero, biases_are_zero=zero_biases,
                 normal_numbers_from_rng=normal_numbers_of_rng)

# %% tags=["mistake"] question="start-net" says="1/max(n_in, n_out) is the variance, and numpy takes the standard deviation: its square root is missing."
def start_net(sizes, rng):
    net = []
    for n_in, n_out in itertools.pairwise(sizes):
        net += [rng.normal(0, 1 / max(n_in, n_out), (n_out, n_in)), np.zeros(n_out)]
    return tuple(net)

# %% tags=["mistake"] question="start-net" says="The variance follows from the larger of the two sizes of a layer, not always from its number of inputs."
def start_net(sizes, rng):
    net = []
    for n_in, n_out in itertools.pairwise(sizes):
        net += [rng.standard_normal((n_out, n_in)) / np.sqrt(n_in), np.zeros(n_out)]
    return tuple(net)

# %% tags=["mistake"] question="start-net" says="The biases start at zero here: random weights are enough to make the units differ."
def start_net(sizes, rng):
    net = []
    for n_in, n_out in itertools.pairwise(sizes):
        s = 1 / np.sqrt(max(n_in, n_out))
        net += [rng.normal(0, s, (n_out, n_in)), rng.normal(0, s, n_out)]
    return tuple(net)

# %% tags=["mistake"] question="start-net" says="The weights stand the other way round: W has a row for each unit of its own layer and a column for each input, so that W @ x works."
def start_net(sizes, rng):
    net = []
    for n_in, n_out in itertools.pairwise(sizes):
        net += [rng.normal(0, 1 / np.sqrt(max(n_in, n_out)), (n_in, n_out)), np.zeros(n_out)]
    return tuple(net)

# %% tags=["mistake"] question="start-net" says="These weights come from a uniform distribution and are all positive: normal ones lie on both sides of zero."
def start_net(sizes, rng):
    net = []
    for n_in, n_out in itertools.pairwise(sizes):
        net += [rng.random((n_out, n_in)) / np.sqrt(max(n_in, n_out)), np.zeros(n_out)]
    return tuple(net)

# %% tags=["mistake"] question="start-net" says="Mean and variance are right, the distribution is not: these weights are uniform, and asked for are normal ones."
def start_net(sizes, rng):
    net = []
    for n_in, n_out in itertools.pairwise(sizes):
        edge = np.sqrt(3 / max(n_in, n_out))
        net += [rng.uniform(-edge, edge, (n_out, n_in)), np.zeros(n_out)]
    return tuple(net)

# %% tags=["mistake"] question="start-net" says="The generator that was passed in is not used: the numbers come from a generator of this function's own, and the caller cannot choose another net."
def start_net(sizes, rng):
    rng, net = np.random.default_rng(0), []
    for n_in, n_out in itertools.pairwise(sizes):
        net += [rng.normal(0, 1 / np.sqrt(max(n_in, n_out)), (n_out, n_in)), np.zeros(n_out)]
    return tuple(net)

# %% tags=["alternative"] question="start-net" name="array by array, a list"
def start_net(sizes, rng):
    n0, n1, n2, K = sizes
    W1 = rng.standard_normal((n1, n0)) * max(n0, n1) ** -0.5
    W2 = rng.standard_normal((n2, n1)) * max(n1, n2) ** -0.5
    W3 = rng.standard_normal((K, n2)) * max(n2, K) ** -0.5
    return [W1, np.zeros(n1), W2, np.zeros(n2), W3, np.zeros(K)]

# %% tags=["alternative"] question="start-net" name="drawn as columns, another order of the numbers"
def start_net(sizes, rng):
    net = ()
    for k in range(3):
        n_in, n_out = sizes[k], sizes[k + 1]
        net = (*net, rng.normal(scale=max(n_in, n_out) ** -0.5, size=(n_in, n_out)).T, np.zeros((n_out,)))
    return net

# %% [markdown]
# # Part 2: forward

# %% [markdown]
# ## 2.1 The net looks at one digit
#
# *Afterwards a digit goes in and ten probabilities come out.*
#
# Three times the same: weights times what comes in, plus biases, then a function. The function is the sigmoid in the
# hidden layers and softmax at the end. Return the activations of the hidden layers as well: the backward pass will need
# them.
#
# $$h_1 = \sigma(W_1 x + b_1), \qquad h_2 = \sigma(W_2 h_1 + b_2), \qquad p = \mathrm{softmax}(W_3 h_2 + b_3)$$
#
# If your sigmoid or softmax is not ready yet, `special.expit` and `special.softmax` are the same functions, out of
# scipy. Here, too, pre-activations and scores can be in the thousands.
#
# Shapes: $x$ $(n_0,) \to h_1$ $(n_1,)$, $h_2$ $(n_2,)$, $p$ $(K,)$.

# %% nbgrader={"grade_id": "forward", "solution": true}
def forward(W1, b1, W2, b2, W3, b3, x):
    """What the net makes of one sample.

    W1: (n1, n0), b1: (n1,), W2: (n2, n1), b2: (n2,), W3: (K, n2), b3: (K,); x: (n0,).
    Returns h1: (n1,) and h2: (n2,), activations of the hidden layers, and p: (K,), probabilities.
    """
    ### BEGIN SOLUTION
    h1 = sigmoid(W1 @ x + b1)
    h2 = sigmoid(W2 @ h1 + b2)
    p = softmax(W3 @ h2 + b3)
    return h1, h2, p
    ### END SOLUTION

# %% nbgrader={"grade_id": "forward-check", "grade": true, "points": 3}
check.values(
    forward, at=forward_cases, returns=("h1", "h2", "p"), points=3,
    ### BEGIN HIDDEN TESTS
    also_at=lambda rng: small_nets(rng, sizes=((7, 2, 3, 2), (2, 5, 6, 7))),
    ### END HIDDEN TESTS
)

# %% tags=["mistake"] question="forward" says="The biases have been left out: each layer adds its own before the sigmoid or the softmax."
def forward(W1, b1, W2, b2, W3, b3, x):
    h1 = sigmoid(W1 @ x)
    h2 = sigmoid(W2 @ h1)
    return h1, h2, softmax(W3 @ h2)

# %% tags=["mistake"] question="forward" says="The output layer goes through a sigmoid instead of softmax: each number lies between 0 and 1, but together they do not sum to 1."
def forward(W1, b1, W2, b2, W3, b3, x):
    h1 = sigmoid(W1 @ x + b1)
    h2 = sigmoid(W2 @ h1 + b2)
    return h1, h2, sigmoid(W3 @ h2 + b3)

# %% tags=["mistake"] question="forward" says="The last layer's scores are returned as they are: softmax has still to make probabilities of them."
def forward(W1, b1, W2, b2, W3, b3, x):
    h1 = sigmoid(W1 @ x + b1)
    h2 = sigmoid(W2 @ h1 + b2)
    return h1, h2, W3 @ h2 + b3

# %% tags=["mistake"] question="forward" says="What is kept are the pre-activations: h1 and h2 are the numbers after the sigmoid. The probabilities are right."
def forward(W1, b1, W2, b2, W3, b3, x):
    z1 = W1 @ x + b1
    z2 = W2 @ sigmoid(z1) + b2
    return z1, z2, softmax(W3 @ sigmoid(z2) + b3)

# %% tags=["mistake"] question="forward" says="The second layer takes the pre-activation of the first: it should see what comes out of the sigmoid."
def forward(W1, b1, W2, b2, W3, b3, x):
    z1 = W1 @ x + b1
    h2 = sigmoid(W2 @ z1 + b2)
    return sigmoid(z1), h2, softmax(W3 @ h2 + b3)

# %% tags=["mistake"] question="forward" says="For large scores exp overflows, and infinity divided by infinity is not a number: take your softmax of 1.2, which survives them."
def forward(W1, b1, W2, b2, W3, b3, x):
    h1 = sigmoid(W1 @ x + b1)
    h2 = sigmoid(W2 @ h1 + b2)
    e = np.exp(W3 @ h2 + b3)
    return h1, h2, e / np.sum(e)

# %% tags=["mistake"] question="forward" says="For large pre-activations exp overflows, and infinity divided by infinity is not a number: take your sigmoid of 1.1, which survives them."
def forward(W1, b1, W2, b2, W3, b3, x):
    e1 = np.exp(W1 @ x + b1)
    h1 = e1 / (1 + e1)
    e2 = np.exp(W2 @ h1 + b2)
    h2 = e2 / (1 + e2)
    return h1, h2, softmax(W3 @ h2 + b3)

# %% tags=["alternative"] question="forward" name="a loop over the layers, with scipy's functions"
def forward(W1, b1, W2, b2, W3, b3, x):
    kept = []
    for W, b, function in ((W1, b1, special.expit), (W2, b2, special.expit), (W3, b3, special.softmax)):
        x = function(np.dot(W, x) + b)
        kept.append(x)
    return kept

# %% tags=["alternative"] question="forward" name="the bias as one more weight, of an input that is 1"
def forward(W1, b1, W2, b2, W3, b3, x):
    h1 = sigmoid(np.column_stack([W1, b1]) @ np.append(x, 1))
    h2 = sigmoid(np.column_stack([W2, b2]) @ np.append(h1, 1))
    return h1, h2, softmax(np.column_stack([W3, b3]) @ np.append(h2, 1))

# %% tags=["alternative"] question="forward" name="columns on the way, flattened at the end"
def forward(W1, b1, W2, b2, W3, b3, x):
    h1 = sigmoid(W1 @ x.reshape(-1, 1) + b1.reshape(-1, 1))
    h2 = sigmoid(W2 @ h1 + b2[:, None])
    o = W3 @ h2 + b3[:, None]
    return h1.ravel(), h2.ravel(), softmax(o.ravel())

# %% [markdown]
# ## 2.2 How wrong is it?
#
# *Afterwards one number says how badly the net did on one digit.*
#
# The **cross-entropy** looks at the probability that the net gave to the right class, and takes minus its logarithm
# (the natural one, `np.log`):
#
# $$\ell = -\sum_k y_k \log p_k = -\log p_{\text{right class}}$$
#
# A net that is sure and right pays almost nothing, one that says $p = 1/10$ for each class pays $\log 10 = 2.30$, and
# one that is sure of something wrong pays as much as you like. As $y$ is 0 at all other classes, only one term of the
# sum is left. It is wise to compute only that one: where $p_k$ is exactly 0, the sum contains $0 \cdot \log 0$, which
# is `nan` on a computer.
#
# There is one sample, so nothing is averaged. And it is a sum over classes, so nothing is divided by $K$ either. (If the
# right class has a probability of exactly 0, the loss is infinite; the self-check does not ask for that.)
#
# Shapes: $(K,), (K,) \to$ one number.

# %% nbgrader={"grade_id": "cross-entropy-cases", "locked": true}
def probability_cases(rng):
    """Probabilities and one-hot targets; in the last cases a wrong class has probability 0, or the right one nearly: so
    little that 1e-10 added to it shows."""
    for K, zeros in ((4, 0), (10, 0), (6, 1)):
        right = rng.integers(K)
        p = rng.uniform(0.1, 1.0, K)
        p[(right + 1) % K] *= 1 - zeros
        yield {"p": p / p.sum(), "y": np.eye(K)[right], "case": f"K = {K}" + ", a probability of 0" * zeros}
    p = rng.uniform(0.1, 1.0, 5)
    p[2] = rng.uniform(5e-8, 9e-8)
    yield {"p": p / p.sum(), "y": np.eye(5)[2], "case": "sure, and wrong"}


# %% nbgrader={"grade_id": "cross-entropy", "solution": true}
def cross_entropy(p, y):
    """Minus the logarithm of the probability of the right class.

    p: (K,), probabilities; y: (K,), one-hot.
    Returns the loss of this sample, one number.
    """
    ### BEGIN SOLUTION
    right = np.argmax(y)
    return -np.log(p[right])
    ### END SOLUTION

# %% nbgrader={"grade_id": "cross-entropy-check", "grade": true, "points": 2}
check.values(cross_entropy, at=probability_cases, by="case", tolerance=1e-5, points=2)

# %% tags=["mistake"] question="cross-entropy" says="The terms of the other classes were computed and multiplied by 0. Where a probability is 0 its logarithm is infinite, and 0 times infinity is not a number: take only the term of the right class."
def cross_entropy(p, y):
    return -np.sum(y * np.log(p))

# %% tags=["mistake"] question="cross-entropy" says="The sign is missing: a logarithm of a probability is negative, and the loss is minus that."
def cross_entropy(p, y):
    return np.log(p[np.argmax(y)])

# %% tags=["mistake"] question="cross-entropy" says="The loss was divided by the number of classes: the cross-entropy is a sum over the classes, not a mean."
def cross_entropy(p, y):
    return np.mean(np.where(y == 1, -np.log(np.maximum(p, 1e-300)), 0))

# %% tags=["mistake"] question="cross-entropy" says="The terms with 1 - y belong to a net of separate yes-or-no answers. With softmax the probability of the right class says it all."
def cross_entropy(p, y):
    return -np.sum(np.where(y == 1, np.log(np.maximum(p, 1e-300)), np.log(1 - p)))

# %% tags=["mistake"] question="cross-entropy" says="This logarithm has the base 2: the loss is defined with the natural logarithm, which is what makes its derivative 1/p."
def cross_entropy(p, y):
    return -np.log2(p[np.argmax(y)])

# %% tags=["mistake"] question="cross-entropy" says="A constant of 1e-5 inside the logarithm changes every loss, and caps the loss of a sure mistake: against log 0 a far smaller one is enough, and the term of the right class alone needs none."
def cross_entropy(p, y):
    return -np.sum(y * np.log(p + 1e-5))

# %% tags=["mistake"] question="cross-entropy" says="Probabilities below 1e-7 have been lifted to 1e-7, so that the loss of a sure mistake cannot grow beyond 16. The term of the right class alone needs no such floor."
def cross_entropy(p, y):
    return -np.sum(y * np.log(np.clip(p, 1e-7, 1)))

# %% tags=["alternative"] question="cross-entropy" name="the probability by a scalar product"
def cross_entropy(p, y):
    return -np.log(p @ y)

# %% tags=["alternative"] question="cross-entropy" name="the sum, with a tiny number against log 0"
def cross_entropy(p, y):
    return -np.sum(y * np.log(p + 1e-12))

# %% tags=["alternative"] question="cross-entropy" name="scipy's xlogy"
def cross_entropy(p, y):
    return -special.xlogy(y, p).sum()

# %% [markdown]
# ## 2.3 The net looks at a whole data set
#
# *Afterwards you can ask the net about thousands of digits at once.*
#
# Training here goes digit by digit, but for a test it is handy to have the probabilities of all digits. You can call
# the forward pass for each row of $X$ and stack the results. Or write the layers for all rows at once: a row of $X$
# times $W_1^\top$ is $W_1 x$ written as a row, and numpy adds $b_1$ to each row by itself.
#
# $$H_1 = \sigma(X W_1^\top + b_1)$$
#
# Shapes: $X$ $(N, n_0) \to P$ $(N, K)$.

# %% nbgrader={"grade_id": "forward-all-cases", "locked": true}
def set_cases(rng, sizes=((5, 4, 4, 3), (6, 3, 5, 4), (3, 6, 2, 5)), numbers=(6, 3, 4)):
    """A net and several samples, one a row."""
    for case, N in zip(small_nets(rng, sizes), numbers):
        del case["y"]
        n0 = case.pop("x").size
        yield case | {"X": rng.random((N, n0)), "case": case["case"] + f", N = {N}"}


def forward_all_cases(rng):
    """Small nets, and one whose samples have scores far apart from each other."""
    yield from set_cases(rng)
    net, samples = on_off_net(rng)
    yield net | {"X": samples, "case": "scores far apart"}


# %% nbgrader={"grade_id": "forward-all", "solution": true}
def forward_all(W1, b1, W2, b2, W3, b3, X):
    """The probabilities for all samples.

    W1: (n1, n0), b1: (n1,), W2: (n2, n1), b2: (n2,), W3: (K, n2), b3: (K,); X: (N, n0), a row is a sample.
    Returns P: (N, K), row i holds the probabilities for sample i.
    """
    ### BEGIN SOLUTION
    H1 = sigmoid(X @ W1.T + b1)
    H2 = sigmoid(H1 @ W2.T + b2)
    return softmax(H2 @ W3.T + b3)
    ### END SOLUTION

# %% nbgrader={"grade_id": "forward-all-check", "grade": true, "points": 2}
check.values(
    forward_all, at=forward_all_cases, points=2,
    ### BEGIN HIDDEN TESTS
    also_at=lambda rng: set_cases(rng, sizes=((4, 7, 3, 2),), numbers=(1,)),
    ### END HIDDEN TESTS
)

# %% tags=["mistake"] question="forward-all" says="Only the last sample is left: the loop writes over the probabilities of those before it."
def forward_all(W1, b1, W2, b2, W3, b3, X):
    for x in X:
        h1 = special.expit(W1 @ x + b1)
        h2 = special.expit(W2 @ h1 + b2)
        P = special.softmax(W3 @ h2 + b3)
    return P

# %% tags=["mistake"] question="forward-all" says="Softmax has run down the columns, over the samples: the probabilities of each row must sum to 1."
def forward_all(W1, b1, W2, b2, W3, b3, X):
    H2 = special.expit(special.expit(X @ W1.T + b1) @ W2.T + b2)
    return special.softmax(H2 @ W3.T + b3, axis=0)

# %% tags=["mistake"] question="forward-all" says="These are class numbers. The probabilities are asked for: which class is the most probable can still be found out later."
def forward_all(W1, b1, W2, b2, W3, b3, X):
    H2 = special.expit(special.expit(X @ W1.T + b1) @ W2.T + b2)
    return np.argmax(H2 @ W3.T + b3, axis=1)

# %% tags=["mistake"] question="forward-all" says="The samples came out as columns: in this problem set a row is a sample, also in the result."
def forward_all(W1, b1, W2, b2, W3, b3, X):
    H1 = special.expit(W1 @ X.T + b1[:, None])
    H2 = special.expit(W2 @ H1 + b2[:, None])
    return special.softmax(W3 @ H2 + b3[:, None], axis=0)

# %% tags=["mistake"] question="forward-all" says="One largest score has been subtracted from those of all samples. In a row far below it every exponential becomes 0, and 0 divided by 0 is not a number."
def forward_all(W1, b1, W2, b2, W3, b3, X):
    H1 = sigmoid(X @ W1.T + b1)
    H2 = sigmoid(H1 @ W2.T + b2)
    O = H2 @ W3.T + b3
    E = np.exp(O - O.max())
    return E / E.sum(axis=1, keepdims=True)

# %% tags=["alternative"] question="forward-all" name="sample by sample"
def forward_all(W1, b1, W2, b2, W3, b3, X):
    return np.array([forward(W1, b1, W2, b2, W3, b3, x)[2] for x in X])

# %% tags=["alternative"] question="forward-all" name="columns, turned at the end"
def forward_all(W1, b1, W2, b2, W3, b3, X):
    H = X.T
    for W, b in ((W1, b1), (W2, b2)):
        H = special.expit(W @ H + b[:, None])
    return special.softmax(W3 @ H + b3[:, None], axis=0).T

# %% tags=["alternative"] question="forward-all" name="einsum"
def forward_all(W1, b1, W2, b2, W3, b3, X):
    H1 = special.expit(np.einsum("ji,ni->nj", W1, X) + b1)
    H2 = special.expit(np.einsum("kj,nj->nk", W2, H1) + b2)
    O = np.einsum("lk,nk->nl", W3, H2) + b3
    E = np.exp(O - O.max(axis=1)[:, None])
    return E / E.sum(axis=1)[:, None]

# %% [markdown]
# ## 2.4 How often is it right?
#
# *Afterwards you can put a number on a net that anybody understands.*
#
# The net's answer is the class with the largest probability, however small that is. The accuracy is the fraction of
# samples whose answer is right: a number from 0 to 1.
#
# Shapes: $P$ $(N, K)$, labels $(N,) \to$ one number.

# %% nbgrader={"grade_id": "accuracy-cases", "locked": true}
def answer_cases(rng):
    """Probabilities and labels, of which a known number agree."""
    for N, K, right in ((9, 4, 6), (5, 5, 2), (12, 6, 5)):
        P = rng.uniform(0.5, 1.0, (N, K))
        P /= P.sum(axis=1, keepdims=True)
        labels = P.argmax(axis=1)
        wrong = rng.permutation(N)[right:]
        labels[wrong] = (labels[wrong] + rng.integers(1, K, len(wrong))) % K
        yield {"P": P, "labels": labels, "case": f"N = {N}, K = {K}"}


# %% nbgrader={"grade_id": "accuracy", "solution": true}
def accuracy(P, labels):
    """The fraction of samples for which the most probable class is the right one.

    P: (N, K), probabilities, a row is a sample; labels: (N,), integers.
    Returns a number from 0 to 1.
    """
    ### BEGIN SOLUTION
    return np.mean(np.argmax(P, axis=1) == labels)
    ### END SOLUTION

# %% nbgrader={"grade_id": "accuracy-check", "grade": true, "points": 1}
check.values(accuracy, at=answer_cases, points=1)

# %% tags=["mistake"] question="accuracy" says="This is the fraction of wrong answers: the accuracy counts the right ones."
def accuracy(P, labels):
    return np.mean(np.argmax(P, axis=1) != labels)

# %% tags=["mistake"] question="accuracy" says="This counts the right answers: the accuracy is their share, so divide by the number of samples."
def accuracy(P, labels):
    return np.sum(np.argmax(P, axis=1) == labels)

# %% tags=["mistake"] question="accuracy" says="An answer counts when the right class is the most probable one. With several classes that can be far below one half."
def accuracy(P, labels):
    return np.mean(P[np.arange(len(labels)), labels] > 0.5)

# %% tags=["mistake"] question="accuracy" says="This is the mean probability of the right class, which also tells sure from unsure: the accuracy only asks whether that class is the most probable."
def accuracy(P, labels):
    return np.mean(P[np.arange(len(labels)), labels])

# %% tags=["alternative"] question="accuracy" name="counting in a loop"
def accuracy(P, labels):
    right = 0
    for p, label in zip(P, labels):
        if list(p).index(max(p)) == label:
            right += 1
    return right / len(labels)

# %% tags=["alternative"] question="accuracy" name="is the right one the largest?"
def accuracy(P, labels):
    return (P[np.arange(len(P)), labels] == P.max(axis=1)).sum() / labels.size

# %% [markdown]
# ## 2.5 How wrong is it on average?
#
# *Afterwards you can watch a loss as well as an accuracy.*
#
# The accuracy only counts; the loss also tells sure from unsure. Over a data set the cross-entropy is **averaged over the
# samples**. The targets come as labels here, so pick from each row of $P$ the probability of its own label.
#
# Shapes: $P$ $(N, K)$, labels $(N,) \to$ one number.

# %% nbgrader={"grade_id": "average-loss-cases", "locked": true}
def sure_answer_cases(rng):
    """As for the accuracy; in the last case wrong classes have probability 0, and one right class has nearly 0."""
    yield from answer_cases(rng)
    P = rng.uniform(0.5, 1.0, (6, 4))
    labels = rng.integers(0, 4, 6)
    P[np.arange(6), (labels + rng.integers(1, 4, 6)) % 4] = 0
    P[2, labels[2]] = rng.uniform(5e-8, 9e-8)
    yield {"P": P / P.sum(axis=1, keepdims=True), "labels": labels, "case": "sure answers, one of them wrong"}

# %% nbgrader={"grade_id": "average-loss", "solution": true}
def average_loss(P, labels):
    """The mean over the samples of the cross-entropy.

    P: (N, K), probabilities, a row is a sample; labels: (N,), integers.
    Returns one number.
    """
    ### BEGIN SOLUTION
    return -np.mean(np.log(P[np.arange(len(labels)), labels]))
    ### END SOLUTION

# %% nbgrader={"grade_id": "average-loss-check", "grade": true, "points": 1}
check.values(average_loss, at=sure_answer_cases, tolerance=1e-5, points=1)

# %% tags=["mistake"] question="average-loss" says="The logarithm comes first, then the mean: here the probabilities have been averaged, and one sure mistake hardly counts."
def average_loss(P, labels):
    return -np.log(np.mean(P[np.arange(len(labels)), labels]))

# %% tags=["mistake"] question="average-loss" says="This is the sum over the samples: their mean does not grow with the data set."
def average_loss(P, labels):
    return -np.sum(np.log(P[np.arange(len(labels)), labels]))

# %% tags=["mistake"] question="average-loss" says="This is the loss of the net's own answers: the probability that counts is that of the label, right or not."
def average_loss(P, labels):
    return -np.mean(np.log(P.max(axis=1)))

# %% tags=["mistake"] question="average-loss" says="The loss has been divided by the number of classes too: within a sample there is one term, nothing to average."
def average_loss(P, labels):
    return -np.mean(np.eye(P.shape[1])[labels] * np.log(P))

# %% tags=["mistake"] question="average-loss" says="The logarithms of all classes are taken and multiplied by 0 or 1. Where a wrong class has probability 0, that is 0 times infinity, which is not a number."
def average_loss(P, labels):
    Y = np.eye(P.shape[1])[labels]
    return -np.mean(np.sum(Y * np.log(P), axis=1))

# %% tags=["mistake"] question="average-loss" says="Small probabilities have been lifted before the logarithm, so that a sure mistake costs too little: the probability of the label alone needs no floor."
def average_loss(P, labels):
    return -np.mean(np.log(np.clip(P[np.arange(len(labels)), labels], 1e-5, 1)))

# %% tags=["alternative"] question="average-loss" name="sample by sample, one-hot"
def average_loss(P, labels):
    Y = np.eye(P.shape[1])[labels]
    return sum(cross_entropy(p, y) for p, y in zip(P, Y)) / len(P)

# %% tags=["alternative"] question="average-loss" name="a masked sum"
def average_loss(P, labels):
    right = labels[:, np.newaxis] == np.arange(P.shape[1])
    return -np.log(P, where=right, out=np.zeros(P.shape)).sum() / labels.size

# %% [markdown]
# ### Before training
#
# A net that knows nothing, with ten classes, should be right about one time in ten, and if it gave each class a tenth, its
# loss would be $\log 10 = 2.30$. It is about so: but look at *what* it answers. The random weights of the last layer favour
# one class, whatever the digit.

# %% tags=["experiment"]
with check.once_written():
    net_at_start = start_net((784, 32, 32, 10), np.random.default_rng(0))
    P_at_start = forward_all(*net_at_start, digits.test_images)
    print(f"before training: accuracy {accuracy(P_at_start, digits.test_labels):.2%}, average loss "
          f"{average_loss(P_at_start, digits.test_labels):.3f}")
    print("how often each class is the answer:", np.bincount(P_at_start.argmax(axis=1), minlength=10))
    print("mean probability of each class:    ", np.round(P_at_start.mean(axis=0), 2))

# %% [markdown]
# # Part 3: backward
#
# The backward pass goes through the same layers in the opposite order. First each kind of layer by itself, each with its
# own check, then all of them together. Write $d_3$, $d_2$, $d_1$ for the derivatives of the loss with respect to the
# three pre-activations $o$, $z_2$, $z_1$: the *error* of each layer, of its shape.
#
# The finite differences of this part use a net of scipy's functions, in the next cell, and not your part 1 and 2. So
# a slip there does not get in your way here.

# %% nbgrader={"grade_id": "known-net", "locked": true}
def loss_of_scores(o, y):
    """The cross-entropy of softmax(o) in one go: log(sum(exp(o))) minus the score of the right class."""
    return special.logsumexp(o) - o @ y


def loss_of_layer(W, b, h, y):
    """The loss if h is what goes into the output layer."""
    return loss_of_scores(W @ h + b, y)


def loss_of_preactivation(z, W, b, y):
    """The loss if z is what goes into the last sigmoid."""
    return loss_of_layer(W, b, special.expit(z), y)


def inputs_of_layers(net, x):
    """What goes into each of the three layers: x, then the activations of the hidden layers."""
    inputs = [x]
    for W, b in zip(net[0:4:2], net[1:4:2]):
        inputs.append(special.expit(W @ inputs[-1] + b))
    return inputs


def net_loss(W1, b1, W2, b2, W3, b3, x, y):
    """The loss of the whole net for one sample."""
    *_, h = inputs_of_layers((W1, b1, W2, b2, W3, b3), x)
    return loss_of_layer(W3, b3, h, y)


# %% [markdown]
# ## 3.1 Through cross-entropy and softmax
#
# *Afterwards you know the error at the output.*
#
# How does the loss move with the score $o_j$? A score moves every probability, because all share one sum:
#
# $$\frac{\partial p_k}{\partial o_j} = p_k\, (\delta_{kj} - p_j), \qquad
#   \frac{\partial \ell}{\partial p_k} = -\frac{y_k}{p_k}$$
#
# Here $\delta_{kj}$ is 1 for $k = j$ and 0 otherwise. Multiply the two, add up over $k$, and use that the $y_k$ sum to
# 1. Do it on paper. Almost everything cancels, and what is left is one of the nicest formulas of the subject, with no
# product in it. Call it $d_3 = \partial \ell / \partial o$.
#
# Shapes: $(K,), (K,) \to (K,)$.

# %% nbgrader={"grade_id": "output-error-cases", "locked": true}
def output_cases(rng):
    """Scores, the probabilities that softmax makes of them, and targets."""
    for K in (3, 5, 10):
        o = rng.standard_normal(K)
        yield {"o": o, "p": special.softmax(o), "y": np.eye(K)[rng.integers(K)], "case": f"K = {K}"}


# %% nbgrader={"grade_id": "output-error", "solution": true}
def output_error(p, y):
    """The derivative of the cross-entropy with respect to the scores.

    p: (K,), probabilities; y: (K,), one-hot.
    Returns d3: (K,).
    """
    ### BEGIN SOLUTION
    return p - y
    ### END SOLUTION

# %% nbgrader={"grade_id": "output-error-check", "grade": true, "points": 2}
check.gradients(output_error, of=loss_of_scores, wrt="o", at=output_cases, points=2)

# %% tags=["mistake"] question="output-error" says="The sign is turned around: the error is what the net says minus what is right, or the steps go uphill."
def output_error(p, y):
    return y - p

# %% tags=["mistake"] question="output-error" says="This is the derivative with respect to the probabilities. One more link of the chain leads to the scores: the softmax."
def output_error(p, y):
    return -y / p

# %% tags=["mistake"] question="output-error" says="p (1 - p) is the slope of a single sigmoid. The softmax has been gone through already: its derivative and that of the logarithm have cancelled to p - y."
def output_error(p, y):
    return (p - y) * p * (1 - p)

# %% tags=["mistake"] question="output-error" says="A factor 2 belongs to a squared error. The loss here is the cross-entropy, which has none."
def output_error(p, y):
    return 2 * (p - y)

# %% tags=["mistake"] question="output-error" says="Only the score of the right class has got an error. The others matter as well: each of them takes its share of the sum that softmax divides by."
def output_error(p, y):
    return (p - y) * y

# %% tags=["alternative"] question="output-error" name="the Jacobian of softmax, multiplied out"
def output_error(p, y):
    J = np.diag(p) - np.outer(p, p)
    return J @ (-y / p)

# %% tags=["alternative"] question="output-error" name="a copy, less 1 at the right class"
def output_error(p, y):
    d = p.copy()
    d[np.argmax(y)] -= 1
    return d

# %% [markdown]
# ## 3.2 Through a layer of weights
#
# *Afterwards you can go back through any layer of weights, whatever stands behind it.*
#
# A layer takes $h$ and makes $o = W h + b$. From the layer above comes the upstream gradient $d = \partial \ell / \partial o$.
# Three things are asked for. How does the loss move with each weight, with each bias, and with each input of the layer?
#
# $$o_i = \sum_j W_{ij}\, h_j + b_i$$
#
# Take a pencil: in which $o_i$ does $W_{ij}$ occur, and what stands next to it? In which does $b_i$? In which does $h_j$, and
# what follows when it occurs in several? The loss moves with each $o_i$ by $d_i$.
#
# **First the formulas**, in three lines of text, `dW`, `db` and `dh`, of $W$, $h$ and $d$. A table of all products of
# an entry of $a$ with an entry of $c$ is `outer(a, c)`; `@` is the matrix product and `.T` transposes.

# %% nbgrader={"grade_id": "layer-derivation-cases", "locked": true}
def layer_letters(rng):
    """The letters of the derivation, first with small whole numbers."""
    yield {"W": np.array([[1.0, 2.0, 0.0], [-1.0, 1.0, 3.0]]), "h": np.array([1.0, 0.0, 2.0]), "d": np.array([2.0, -1.0]),
           "case": "m = 3, k = 2"}
    for m, k in ((4, 4), (5, 3), (2, 6)):
        yield {"W": rng.standard_normal((k, m)), "h": rng.standard_normal(m), "d": rng.standard_normal(k),
               "case": f"m = {m}, k = {k}"}


# %% nbgrader={"grade_id": "layer-derivation", "solution": true}
def layer_formulas():
    """The derivatives of the loss for a layer o = W h + b, as formulas of W, h and d.

    Returns a text with the lines "dW = ...", "db = ..." and "dh = ...".
    """
    ### BEGIN SOLUTION
    return """
    dW = outer(d, h)
    db = d
    dh = W.T @ d
    """
    ### END SOLUTION

# %% nbgrader={"grade_id": "layer-derivation-check", "grade": true, "points": 2}
check.derivation(layer_formulas, at=layer_letters, returns=("dW", "db", "dh"), points=2)

# %% tags=["mistake"] question="layer-derivation" says="A weight has the row of its output and the column of its input, and so has its derivative: this table is transposed."
def layer_formulas():
    return "dW = outer(h, d); db = d; dh = W.T @ d"

# %% tags=["mistake"] question="layer-derivation" says="The bias moves its output one to one, but the loss moves with that output by d: ones are only the first half of the chain."
def layer_formulas():
    return "dW = outer(d, h); db = ones_like(d); dh = W.T @ d"

# %% tags=["mistake"] question="layer-derivation" says="An input occurs in every output of the layer, each time with its own weight: add up over the outputs, with their upstream gradients. Here the weights alone have been added up."
def layer_formulas():
    return "dW = outer(d, h); db = d; dh = sum(W, axis=0)"

# %% tags=["mistake"] question="layer-derivation" says="The factor next to a weight is the input of the layer, not its upstream gradient squared away: dW holds products of d with h, and here the inputs are missing."
def layer_formulas():
    return "dW = outer(d, 0 * h + 1); db = d; dh = W.T @ d"

# %% tags=["alternative"] question="layer-derivation" name="columns and rows"
def layer_formulas():
    return {"dW": "d[:, None] @ h[None, :]", "db": "1 * d", "dh": "d @ W"}

# %% tags=["alternative"] question="layer-derivation" name="sums"
def layer_formulas():
    return ["d[:, None] * h", "d", "np.sum(W * d[:, None], axis=0)"]

# %% [markdown]
# **Then the code.**
#
# Shapes: $W$ $(k, m)$, $h$ $(m,)$, $d$ $(k,) \to$ $(k, m)$, $(k,)$ and $(m,)$.

# %% nbgrader={"grade_id": "linear-backward-cases", "locked": true}
def layer_cases(rng):
    """An output layer, what goes in, and its upstream gradient."""
    for m, k in ((4, 4), (5, 3), (2, 6)):
        W, b, h = rng.standard_normal((k, m)), rng.standard_normal(k), rng.random(m)
        y = np.eye(k)[rng.integers(k)]
        yield {"W": W, "b": b, "h": h, "y": y, "d": special.softmax(W @ h + b) - y, "case": f"m = {m}, k = {k}"}


# %% nbgrader={"grade_id": "linear-backward", "solution": true}
def linear_backward(W, h, d):
    """Back through a layer o = W h + b.

    W: (k, m), weights; h: (m,), what went into the layer; d: (k,), the derivative of the loss with respect to o.
    Returns dW: (k, m), db: (k,), dh: (m,), the derivatives of the loss with respect to W, b and h.
    """
    ### BEGIN SOLUTION
    dW = np.outer(d, h)
    db = d
    dh = W.T @ d
    return dW, db, dh
    ### END SOLUTION

# %% nbgrader={"grade_id": "linear-backward-check", "grade": true, "points": 3}
check.gradients(linear_backward, of=loss_of_layer, wrt=("W", "b", "h"), at=layer_cases, points=3)

# %% tags=["mistake"] question="linear-backward" says="The table of products is transposed: a weight has the row of its output and the column of its input, and so has its derivative."
def linear_backward(W, h, d):
    return np.outer(h, d), d, W.T @ d

# %% tags=["mistake"] question="linear-backward" says="The error is sent through W a second time as if it went forward. Backward it goes through the transpose, which only a square W lets you confuse."
def linear_backward(W, h, d):
    return np.outer(d, h), d, W @ d

# %% tags=["mistake"] question="linear-backward" says="The derivative with respect to the bias is not 1: o moves with b one to one, but the loss moves with o by d."
def linear_backward(W, h, d):
    return np.outer(d, h), np.ones(len(d)), W.T @ d

# %% tags=["mistake"] question="linear-backward" says="The errors of all units were added up for the bias: each unit has a bias of its own."
def linear_backward(W, h, d):
    return np.outer(d, h), np.full(len(d), d.sum()), W.T @ d

# %% tags=["alternative"] question="linear-backward" name="columns and rows"
def linear_backward(W, h, d):
    return d.reshape(-1, 1) @ h.reshape(1, -1), d.copy(), d @ W

# %% tags=["alternative"] question="linear-backward" name="loops"
def linear_backward(W, h, d):
    k, m = W.shape
    dW, dh = np.zeros((k, m)), np.zeros(m)
    for i in range(k):
        for j in range(m):
            dW[i, j] = d[i] * h[j]
            dh[j] += W[i, j] * d[i]
    return dW, d, dh

# %% tags=["alternative"] question="linear-backward" name="einsum, a dict"
def linear_backward(W, h, d):
    return {"W": np.einsum("i,j->ij", d, h), "b": d, "h": np.einsum("ij,i->j", W, d)}

# %% [markdown]
# ## 3.3 Through a sigmoid
#
# *Afterwards you can go back through a hidden layer's activation.*
#
# $h = \sigma(z)$ acts on each entry by itself, so each entry of the error is multiplied by the slope at its own $z$.
# The slope can be had from $h$, which the forward pass has kept: differentiate $\sigma(z) = 1 / (1 + e^{-z})$ and look for $\sigma(z)$
# in the result. Entry by entry is $\odot$ in formulas and `*` in numpy. The slope is at most 1/4, at $h = 1/2$, and close to 0 for a
# unit that is nearly off or nearly on: it is *saturated*, and hardly anything gets back through it. Keep that in
# mind for part 4.
#
# Shapes: $(m,), (m,) \to (m,)$.

# %% nbgrader={"grade_id": "sigmoid-backward-cases", "locked": true}
def activation_cases(rng):
    """A pre-activation z, its sigmoid h, and the derivative of the loss with respect to h."""
    for m, k in ((4, 3), (6, 5), (1, 2)):
        z, W, b = 1.5 * rng.standard_normal(m), rng.standard_normal((k, m)), rng.standard_normal(k)
        z[m // 2:m // 2 + m // 4] = rng.choice([-7.0, 7.0])  # a unit that is nearly saturated, where there are several
        h, y = special.expit(z), np.eye(k)[rng.integers(k)]
        yield {"z": z, "W": W, "b": b, "y": y, "h": h, "dh": W.T @ (special.softmax(W @ h + b) - y),
               "case": f"m = {m}"}


# %% nbgrader={"grade_id": "sigmoid-backward", "solution": true}
def sigmoid_backward(h, dh):
    """Back through h = sigmoid(z).

    h: (m,), the activation; dh: (m,), the derivative of the loss with respect to h.
    Returns dz: (m,), the derivative of the loss with respect to z.
    """
    ### BEGIN SOLUTION
    return dh * h * (1 - h)
    ### END SOLUTION

# %% nbgrader={"grade_id": "sigmoid-backward-check", "grade": true, "points": 2}
check.gradients(sigmoid_backward, of=loss_of_preactivation, wrt="z", at=activation_cases, points=2)

# %% tags=["mistake"] question="sigmoid-backward" says="The sigmoid has been applied a second time: h is the activation already, and the slope is made of h directly."
def sigmoid_backward(h, dh):
    s = special.expit(h)
    return dh * s * (1 - s)

# %% tags=["mistake"] question="sigmoid-backward" says="This is the slope alone: it still has to meet the upstream gradient."
def sigmoid_backward(h, dh):
    return h * (1 - h)

# %% tags=["mistake"] question="sigmoid-backward" says="1 - h² is the slope of tanh. That of the sigmoid is h (1 - h)."
def sigmoid_backward(h, dh):
    return dh * (1 - h**2)

# %% tags=["mistake"] question="sigmoid-backward" says="The error was sent through the sigmoid itself. In the backward pass it is multiplied by the slope: backward, every layer is linear in the error."
def sigmoid_backward(h, dh):
    return special.expit(dh) * h * (1 - h)

# %% tags=["alternative"] question="sigmoid-backward" name="a diagonal Jacobian"
def sigmoid_backward(h, dh):
    return np.diag(h - h**2) @ dh

# %% tags=["alternative"] question="sigmoid-backward" name="from the pre-activation, found again"
def sigmoid_backward(h, dh):
    z = np.log(h) - np.log(1 - h)
    return dh * np.exp(-z) / (1 + np.exp(-z)) ** 2

# %% [markdown]
# ## 3.4 The whole backward pass
#
# *Afterwards you have the gradient of a net with three layers: this is all of backpropagation for a chain of layers.*
#
# Now put the three together. The error starts at the output and is carried back through a layer of weights, then
# through a sigmoid, and again. At each layer of weights it leaves two gradients behind: error times input for the
# weights, the error itself for the biases. Write $d_3$, then $d_2$ from $d_3$, then $d_1$ from $d_2$.
#
# You may call your three functions or write their lines again. The self-check says for each of the six
# gradients whether it is right; start with the one nearest to the output.
#
# Neither $W_1$ nor a bias is an argument. Do you see why none of them is needed?
#
# Shapes: $W_2$ $(n_2, n_1)$, $W_3$ $(K, n_2)$, $x$ $(n_0,)$, $y$ and $p$ $(K,)$, $h_1$ $(n_1,)$, $h_2$ $(n_2,) \to$
# six gradients in the shapes of $W_1, b_1, W_2, b_2, W_3, b_3$.

# %% nbgrader={"grade_id": "backward-cases", "locked": true}
def bytes_net(rng, sizes):
    """A net with small weights for a sample of bytes, large numbers; one unit of each hidden layer is nearly saturated."""
    for case in small_nets(rng, sizes):
        x = np.append(rng.integers(150, 256, 3), 0.0)
        b1 = rng.standard_normal(len(case["b1"])) - case["W1"] @ x / 200
        b1[1] += rng.choice([-7.0, 7.0])
        case["b2"][2] += rng.choice([-8.0, 8.0]) - case["b2"][2]
        yield case | {"W1": case["W1"] / 200, "b1": b1, "x": x, "case": "a sample of bytes"}


def backward_cases(rng, sizes=((5, 4, 4, 3), (6, 3, 5, 4), (3, 6, 2, 5)), nets=small_nets):
    """A net, one sample, and what the forward pass has kept of it."""
    for case in nets(rng, sizes):
        net = [case[name] for name in ("W1", "b1", "W2", "b2", "W3", "b3")]
        _, h1, h2 = inputs_of_layers(net, case["x"])
        yield case | {"h1": h1, "h2": h2, "p": special.softmax(case["W3"] @ h2 + case["b3"])}


def backward_and_bytes_cases(rng):
    """As above, and one sample of bytes, of a net with a unit in each hidden layer that is nearly saturated."""
    yield from backward_cases(rng)
    yield from backward_cases(rng, ((4, 6, 4, 3),), bytes_net)


# %% nbgrader={"grade_id": "backward", "solution": true}
def backward(W2, W3, x, y, h1, h2, p):
    """The gradients of the loss of one sample, from what its forward pass has kept.

    W2: (n2, n1), W3: (K, n2); x: (n0,), y: (K,), one-hot;
    h1: (n1,), h2: (n2,), activations; p: (K,), probabilities.
    Returns dW1: (n1, n0), db1: (n1,), dW2: (n2, n1), db2: (n2,), dW3: (K, n2), db3: (K,).
    """
    ### BEGIN SOLUTION
    d3 = p - y  # (K,), error at the scores
    d2 = (W3.T @ d3) * h2 * (1 - h2)  # (n2,), carried back through W3, then through the sigmoid
    d1 = (W2.T @ d2) * h1 * (1 - h1)  # (n1,), and once more

    # Each layer of weights: the error at its output times what went into it.
    return np.outer(d1, x), d1, np.outer(d2, h1), d2, np.outer(d3, h2), d3
    ### END SOLUTION

# %% nbgrader={"grade_id": "backward-check", "grade": true, "points": 6}
check.gradients(
    backward, of=net_loss, wrt=("W1", "b1", "W2", "b2", "W3", "b3"), at=backward_and_bytes_cases, points=6,
    ### BEGIN HIDDEN TESTS
    also_at=lambda rng: backward_cases(rng, sizes=((7, 2, 3, 2), (2, 5, 6, 7))),
    ### END HIDDEN TESTS
)

# %% tags=["mistake"] question="backward" says="Neither hidden layer's sigmoid was gone through in the backward pass: both slopes are missing, as if the hidden layers were linear."
def backward(W2, W3, x, y, h1, h2, p):
    d3 = p - y
    d2 = W3.T @ d3
    d1 = W2.T @ d2
    return np.outer(d1, x), d1, np.outer(d2, h1), d2, np.outer(d3, h2), d3

# %% tags=["mistake"] question="backward" says="The slope of the first hidden layer is missing: the error at h1 still has to go through its sigmoid before it meets the input."
def backward(W2, W3, x, y, h1, h2, p):
    d3 = p - y
    d2 = (W3.T @ d3) * h2 * (1 - h2)
    d1 = W2.T @ d2
    return np.outer(d1, x), d1, np.outer(d2, h1), d2, np.outer(d3, h2), d3

# %% tags=["mistake"] question="backward" says="The output error has been multiplied by p (1 - p), as if the output were a sigmoid with a squared error: with softmax and cross-entropy the error at the scores is p - y alone."
def backward(W2, W3, x, y, h1, h2, p):
    d3 = (p - y) * p * (1 - p)
    d2 = (W3.T @ d3) * h2 * (1 - h2)
    d1 = (W2.T @ d2) * h1 * (1 - h1)
    return np.outer(d1, x), d1, np.outer(d2, h1), d2, np.outer(d3, h2), d3

# %% tags=["mistake"] question="backward" says="Target minus output: all six gradients point the wrong way, and a step would make the loss larger."
def backward(W2, W3, x, y, h1, h2, p):
    d3 = y - p
    d2 = (W3.T @ d3) * h2 * (1 - h2)
    d1 = (W2.T @ d2) * h1 * (1 - h1)
    return np.outer(d1, x), d1, np.outer(d2, h1), d2, np.outer(d3, h2), d3

# %% tags=["mistake"] question="backward" says="The error goes back through W2 without its transpose. In the digit net W2 is square and nobody complains: where the hidden layers differ, the shapes do not fit."
def backward(W2, W3, x, y, h1, h2, p):
    d3 = p - y
    d2 = (W3.T @ d3) * h2 * (1 - h2)
    d1 = (W2 @ d2) * h1 * (1 - h1)
    return np.outer(d1, x), d1, np.outer(d2, h1), d2, np.outer(d3, h2), d3

# %% tags=["mistake"] question="backward" says="The slopes come from the sigmoid of h1 and h2, which are activations already: the sigmoid was applied twice."
def backward(W2, W3, x, y, h1, h2, p):
    def slope(h):
        return special.expit(h) * (1 - special.expit(h))
    d3 = p - y
    d2 = (W3.T @ d3) * slope(h2)
    d1 = (W2.T @ d2) * slope(h1)
    return np.outer(d1, x), d1, np.outer(d2, h1), d2, np.outer(d3, h2), d3

# %% tags=["mistake"] question="backward" says="The weights have got the error times the slope once more: each error already contains its layer's slope, and what it meets is the activation that went into the layer."
def backward(W2, W3, x, y, h1, h2, p):
    d3 = p - y
    d2 = (W3.T @ d3) * h2 * (1 - h2)
    d1 = (W2.T @ d2) * h1 * (1 - h1)
    return np.outer(d1, x), d1, np.outer(d2, h1 * (1 - h1)), d2, np.outer(d3, h2 * (1 - h2)), d3

# %% tags=["mistake"] question="backward" says="The products stand the wrong way round: the gradient of a weight matrix has its shape, a row for each output of the layer."
def backward(W2, W3, x, y, h1, h2, p):
    d3 = p - y
    d2 = (W3.T @ d3) * h2 * (1 - h2)
    d1 = (W2.T @ d2) * h1 * (1 - h1)
    return np.outer(x, d1), d1, np.outer(h1, d2), d2, np.outer(h2, d3), d3

# %% tags=["alternative"] question="backward" name="with the functions from above"
def backward(W2, W3, x, y, h1, h2, p):
    d3 = output_error(p, y)
    dW3, db3, dh2 = linear_backward(W3, h2, d3)
    dW2, db2, dh1 = linear_backward(W2, h1, sigmoid_backward(h2, dh2))
    d1 = sigmoid_backward(h1, dh1)
    return np.outer(d1, x), d1, dW2, db2, dW3, db3

# %% tags=["alternative"] question="backward" name="a loop over the layers, last first"
def backward(W2, W3, x, y, h1, h2, p):
    gradients, d = [], p - y
    for W, h in ((W3, h2), (W2, h1), (None, x)):
        gradients = [np.outer(d, h), d] + gradients
        if W is not None:
            d = (d @ W) * (h - h**2)
    return gradients

# %% tags=["alternative"] question="backward" name="one Jacobian after the other"
def backward(W2, W3, x, y, h1, h2, p):
    d3 = p - y
    d2 = np.diag(h2 * (1 - h2)) @ W3.T @ d3
    d1 = np.diag(h1 * (1 - h1)) @ W2.T @ d2
    return (d1[:, None] * x, d1, d2[:, None] * h1, d2, d3[:, None] * h2, d3)

# %% tags=["alternative"] question="backward" name="float32"
def backward(W2, W3, x, y, h1, h2, p):
    W2, W3, x, y, h1, h2, p = (array.astype(np.float32) for array in (W2, W3, x, y, h1, h2, p))
    d3 = p - y
    d2 = (W3.T @ d3) * h2 * (1 - h2)
    d1 = (W2.T @ d2) * h1 * (1 - h1)
    return np.outer(d1, x), d1, np.outer(d2, h1), d2, np.outer(d3, h2), d3

# %% [markdown]
# ## 3.5 Why cross-entropy?
#
# Imagine the same net with a single sigmoid output $p = \sigma(o)$ for "is it a 7?" and the squared error
# $(p - y)^2$. Compute its derivative with respect to the score $o$. Then take a digit that *is* a 7 ($y = 1$) while the net says
# $p = 0.001$. How large is that derivative? How large is the one that cross-entropy gives? Say in two or
# three sentences which net learns from its worst mistakes, and which property of the logarithm does it.

# %% [markdown] nbgrader={"grade_id": "why-cross-entropy", "grade": true, "solution": true, "points": 3}
# ### BEGIN SOLUTION
# **Model answer.** The chain rule gives $2\,(p - y)\,p\,(1 - p)$: the slope of the sigmoid stays in the product. At
# $p = 0.001$, $y = 1$ that is $2 \cdot (-0.999) \cdot 0.001 \cdot 0.999 \approx -0.002$. Cross-entropy gives
# $p - y = -0.999$, five hundred times as much. So with the squared error the net hardly learns from exactly those
# digits about which it is most wrong, because there its output unit is saturated; with cross-entropy it learns the
# more, the more wrong it is. The reason is that the slope of $-\log p$ is $-1/p$, which grows without bound as $p$ goes
# to 0 and cancels the small factor $p$ in the slope of the sigmoid (or softmax).
#
# **Mark scheme, 3 points.**
#
# - 1 point: the derivative $2 (p - y)\, p\, (1 - p)$; without the 2 (a loss with 1/2 in front) is fine if said.
# - 1 point: both numbers, about $-0.002$ and about $-1$, and that the first net hardly learns from its worst mistakes.
#   The sign need not be discussed.
# - 1 point: the reason: $1/p$ from the logarithm cancels the vanishing slope. "The log undoes the exponential of the
#   softmax" earns it as well. "Cross-entropy is steeper" alone is half a point.
# ### END SOLUTION

# %% [markdown]
# # Part 4: training

# %% [markdown]
# ## 4.1 One step
#
# *Afterwards the net learns a little from one digit.*
#
# Forward, backward, and then every one of the six arrays moves a little against its gradient. The learning rate $\eta$
# says how little.
#
# $$W \leftarrow W - \eta\, \frac{\partial \ell}{\partial W}, \qquad b \leftarrow b - \eta\, \frac{\partial \ell}{\partial b}$$
#
# All six gradients belong to the same net: take all of them before you move anything. Return new arrays: `W1 -= ...`
# would change the caller's.
#
# You may call your functions from above. Then a mistake there is a mistake here too; you may as well write the few
# lines again.
#
# Shapes: a net, $x$ $(n_0,)$, $y$ $(K,)$ $\to$ a net of the same shapes.

# %% nbgrader={"grade_id": "training-step-cases", "locked": true}
def step_cases(rng):
    """A net, one sample and a learning rate that is large enough to see; one sample of bytes, whose answer is wrong, and one
    with huge scores, whose answer is right."""
    for case in (*small_nets(rng), *bytes_net(rng, ((4, 6, 4, 3),)), *small_nets(rng, ((3, 4, 3, 3),))):
        *_, h = inputs_of_layers([case[name] for name in ("W1", "b1", "W2", "b2", "W3", "b3")], case["x"])
        ranks = np.argsort(case["W3"] @ h + case["b3"])
        if case["x"].max() > 1:
            case["y"] = np.eye(3)[ranks[0]]
        elif len(case["b1"]) == 4 and len(case["b2"]) == 3:
            case |= {"y": np.eye(3)[ranks[-1]], "b3": case["b3"] + 1500, "case": "huge scores"}
        yield case | {"rate": rng.uniform(0.2, 0.6)}


# %% nbgrader={"grade_id": "training-step", "solution": true}
def training_step(W1, b1, W2, b2, W3, b3, x, y, rate):
    """One step of gradient descent on the loss of one sample.

    W1: (n1, n0), b1: (n1,), W2: (n2, n1), b2: (n2,), W3: (K, n2), b3: (K,), the net;
    x: (n0,), y: (K,), one-hot; rate: learning rate.
    Returns W1, b1, W2, b2, W3, b3 after the step: new arrays, in a tuple.
    """
    ### BEGIN SOLUTION
    h1, h2, p = forward(W1, b1, W2, b2, W3, b3, x)
    gradients = backward(W2, W3, x, y, h1, h2, p)
    net = (W1, b1, W2, b2, W3, b3)
    return tuple(array - rate * gradient for array, gradient in zip(net, gradients))
    ### END SOLUTION

# %% nbgrader={"grade_id": "training-step-check", "grade": true, "points": 3}
check.values(training_step, at=step_cases, returns=("W1", "b1", "W2", "b2", "W3", "b3"), points=3)

# %% tags=["mistake"] question="training-step" says="The step goes uphill: the gradient points to where the loss grows, so it is subtracted."
def training_step(W1, b1, W2, b2, W3, b3, x, y, rate):
    gradients = backward(W2, W3, x, y, *forward(W1, b1, W2, b2, W3, b3, x))
    return tuple(array + rate * g for array, g in zip((W1, b1, W2, b2, W3, b3), gradients))

# %% tags=["mistake"] question="training-step" says="The biases stand still: they have gradients too, and all six arrays move."
def training_step(W1, b1, W2, b2, W3, b3, x, y, rate):
    dW1, _, dW2, _, dW3, _ = backward(W2, W3, x, y, *forward(W1, b1, W2, b2, W3, b3, x))
    return W1 - rate * dW1, b1, W2 - rate * dW2, b2, W3 - rate * dW3, b3

# %% tags=["mistake"] question="training-step" says="W3 and W2 have already moved when the error is carried back through them: the gradients of the earlier layers need the old ones."
def training_step(W1, b1, W2, b2, W3, b3, x, y, rate):
    h1, h2, p = forward(W1, b1, W2, b2, W3, b3, x)
    d3 = p - y
    W3, b3 = W3 - rate * np.outer(d3, h2), b3 - rate * d3
    d2 = (W3.T @ d3) * h2 * (1 - h2)
    W2, b2 = W2 - rate * np.outer(d2, h1), b2 - rate * d2
    d1 = (W2.T @ d2) * h1 * (1 - h1)
    return W1 - rate * np.outer(d1, x), b1 - rate * d1, W2, b2, W3, b3

# %% tags=["mistake"] question="training-step" says="The step has changed the arrays that it was given: -= works in place. Whoever called it can no longer go back to the old net."
def training_step(W1, b1, W2, b2, W3, b3, x, y, rate):
    net = (W1, b1, W2, b2, W3, b3)
    for array, g in zip(net, backward(W2, W3, x, y, *forward(W1, b1, W2, b2, W3, b3, x))):
        array -= rate * g
    return net

# %% tags=["mistake"] question="training-step" says="The learning rate has been left out: the step is the whole gradient."
def training_step(W1, b1, W2, b2, W3, b3, x, y, rate):
    gradients = backward(W2, W3, x, y, *forward(W1, b1, W2, b2, W3, b3, x))
    return tuple(array - g for array, g in zip((W1, b1, W2, b2, W3, b3), gradients))

# %% tags=["mistake"] question="training-step" says="Where the answer is right already, no step is taken. Its loss is not 0, though: every sample moves the net, the surer it is the less."
def training_step(W1, b1, W2, b2, W3, b3, x, y, rate):
    h1, h2, p = forward(W1, b1, W2, b2, W3, b3, x)
    net = (W1, b1, W2, b2, W3, b3)
    if np.argmax(p) == np.argmax(y):
        return net
    return tuple(array - rate * gradient for array, gradient in zip(net, backward(W2, W3, x, y, h1, h2, p)))

# %% tags=["mistake"] question="training-step" says="The gradients have been cut off at 1. The step is the rate times the whole gradient, however large it is."
def training_step(W1, b1, W2, b2, W3, b3, x, y, rate):
    h1, h2, p = forward(W1, b1, W2, b2, W3, b3, x)
    gradients = backward(W2, W3, x, y, h1, h2, p)
    net = (W1, b1, W2, b2, W3, b3)
    return tuple(array - rate * np.clip(gradient, -1, 1) for array, gradient in zip(net, gradients))

# %% tags=["alternative"] question="training-step" name="all lines in one function, scipy's parts"
def training_step(W1, b1, W2, b2, W3, b3, x, y, rate):
    h1 = special.expit(W1 @ x + b1)
    h2 = special.expit(W2 @ h1 + b2)
    d3 = special.softmax(W3 @ h2 + b3) - y
    d2 = (d3 @ W3) * (h2 - h2**2)
    d1 = (d2 @ W2) * (h1 - h1**2)
    return [W1 - rate * np.outer(d1, x), b1 - rate * d1, W2 - rate * np.outer(d2, h1), b2 - rate * d2,
            W3 - rate * np.outer(d3, h2), b3 - rate * d3]

# %% tags=["alternative"] question="training-step" name="in place on copies"
def training_step(W1, b1, W2, b2, W3, b3, x, y, rate):
    net = [array.copy() for array in (W1, b1, W2, b2, W3, b3)]
    for array, g in zip(net, backward(W2, W3, x, y, *forward(*net, x))):
        array -= rate * g
    return net

# %% [markdown]
# ### One digit, again and again
#
# Does a step do what it should? Take the first digit and step on it a hundred times, at a rate of 0.03. The net should
# become sure of this one digit. What do you think it will then say about all others?

# %% tags=["experiment"]
def one_digit_again_and_again(net, x, label, steps=100, rate=0.03):
    """The net after the steps, and the probability of every class before each of them and at the end."""
    y = one_hot(np.array([label]), 10)[0]
    history = [forward(*net, x)[2]]
    for _ in range(steps):
        net = training_step(*net, x, y, rate)
        history.append(forward(*net, x)[2])
    return net, np.array(history)


with check.once_written():
    label = digits.train_labels[0]
    stubborn, history = one_digit_again_and_again(start_net((784, 32, 32, 10), np.random.default_rng(0)),
                                                  digits.train_images[0], label)
    others = np.delete(history, label, axis=1)
    plots.learning_curves({f"the right class, {label}": history[:, label], "the most probable of the others": others.max(1)},
                          title="Stepping on one digit only", xlabel="step", ylabel="probability", log=False, first=0)
    plt.show()
    answers = forward_all(*stubborn, digits.test_images).argmax(axis=1)
    print(f"It now takes {np.mean(answers == label):.0%} of all test digits for a {label}.")

# %% [markdown]
# ## 4.2 One epoch
#
# *Afterwards the net has seen every digit once.*
#
# An epoch is a walk through all samples, in the order in which they stand, with a step for each. There are no
# minibatches and no shuffling. The one thing to get right is that each step starts from the net which the step before
# has left.
#
# The step is an **argument**: this function does not care what a step does. Later you pass in your
# `training_step`. The self-check passes in a stand-in that learns nothing, but whose result shows at once if a sample
# was left out, or taken in another order, or a net was not handed on.
#
# Shapes: $X$ $(N, n_0)$, $Y$ $(N, K)$; row $i$ of each belongs to sample $i$.

# %% nbgrader={"grade_id": "train-epoch-cases", "locked": true}
def stand_in_step(W1, b1, W2, b2, W3, b3, x, y, rate):
    """Moves every number of the net a little towards a number made of the sample: a step that learns nothing."""
    aim = np.sum(x) + y @ np.arange(1, len(y) + 1)
    return tuple((1 - rate) * array + rate * aim for array in (W1, b1, W2, b2, W3, b3))


def epoch_cases(rng):
    """A small net with a stand-in for the step, and a few samples."""
    for case, N in zip(small_nets(rng, sizes=((3, 2, 2, 4), (2, 3, 1, 3))), (5, 4)):
        net = tuple(case[name] for name in ("W1", "b1", "W2", "b2", "W3", "b3"))
        n0, K = case["x"].size, case["y"].size
        yield {"step": stand_in_step, "net": net, "X": rng.random((N, n0)),
               "Y": np.eye(K)[rng.permutation(N) % K], "rate": rng.uniform(0.1, 0.3), "case": f"N = {N}"}


# %% nbgrader={"grade_id": "train-epoch", "solution": true}
def train_epoch(step, net, X, Y, rate):
    """One step for every sample, in order.

    step: a function; step(W1, b1, W2, b2, W3, b3, x, y, rate) returns the net after a step, a tuple of six arrays;
    net: the tuple (W1, b1, W2, b2, W3, b3) to start from;
    X: (N, n0), Y: (N, K), one-hot, a row is a sample; rate: learning rate of each step.
    Returns the net after the last step, a tuple of six arrays.
    """
    ### BEGIN SOLUTION
    for x, y in zip(X, Y):
        net = step(*net, x, y, rate)
    return net
    ### END SOLUTION

# %% nbgrader={"grade_id": "train-epoch-check", "grade": true, "points": 2}
check.values(train_epoch, at=epoch_cases, returns=("W1", "b1", "W2", "b2", "W3", "b3"), by="case", points=2)

# %% tags=["mistake"] question="train-epoch" says="Every step starts again from the net at the beginning, so only the last sample counts: hand the result of each step on to the next."
def train_epoch(step, net, X, Y, rate):
    for x, y in zip(X, Y):
        trained = step(*net, x, y, rate)
    return trained

# %% tags=["mistake"] question="train-epoch" says="The samples come in another order: this epoch is asked to go through them as they stand, without shuffling."
def train_epoch(step, net, X, Y, rate):
    for i in reversed(range(len(X))):
        net = step(*net, X[i], Y[i], rate)
    return net

# %% tags=["mistake"] question="train-epoch" says="The last sample is left out: an epoch takes one step for each of the N samples."
def train_epoch(step, net, X, Y, rate):
    for i in range(len(X) - 1):
        net = step(*net, X[i], Y[i], rate)
    return net

# %% tags=["mistake"] question="train-epoch" says="The rate was divided by the number of samples, as for a mean over all of them: here every sample has a step of its own, at the full rate."
def train_epoch(step, net, X, Y, rate):
    for x, y in zip(X, Y):
        net = step(*net, x, y, rate / len(X))
    return net

# %% tags=["mistake"] question="train-epoch" says="This walks through the columns, one pixel of all digits at a time: in this problem set a row is a sample."
def train_epoch(step, net, X, Y, rate):
    for x, y in zip(X.T, Y.T):
        net = step(*net, x, y, rate)
    return net

# %% tags=["alternative"] question="train-epoch" name="by index, six names"
def train_epoch(step, net, X, Y, rate):
    W1, b1, W2, b2, W3, b3 = net
    for i in range(X.shape[0]):
        W1, b1, W2, b2, W3, b3 = step(W1, b1, W2, b2, W3, b3, X[i, :], Y[i, :], rate)
    return W1, b1, W2, b2, W3, b3

# %% tags=["alternative"] question="train-epoch" name="recursion on halves"
def train_epoch(step, net, X, Y, rate):
    if len(X) == 1:
        return step(*net, X[0], Y[0], rate)
    half = len(X) // 2
    net = train_epoch(step, net, X[:half], Y[:half], rate)
    return train_epoch(step, net, X[half:], Y[half:], rate)

# %% [markdown]
# ## 4.3 Several epochs, and how far they get
#
# *Afterwards you can train the net and watch it.*
#
# Walk through the samples again and again, and after every epoch ask how good the net is. Ask once before the
# first epoch as well: without that number nobody can say what the training has done. So `epochs` epochs give
# `epochs + 1` accuracies.
#
# How good a net is, is again an argument: `score(*net)` returns the accuracy on digits that the net does not train on.
#
# Shapes: as in 4.2; accuracies $(\text{epochs} + 1,)$.

# %% nbgrader={"grade_id": "train-cases", "locked": true}
def stand_in_score(W1, b1, W2, b2, W3, b3):
    """A number that changes when the net does."""
    return float(np.mean(W1) + np.mean(b3))


def falling_score(W1, b1, W2, b2, W3, b3):
    """One that falls from epoch to epoch: training goes on all the same."""
    return -stand_in_score(W1, b1, W2, b2, W3, b3)


def perfect_score(W1, b1, W2, b2, W3, b3):
    """One that says that all is right, whatever the net is."""
    return 1.0


def train_cases(rng):
    """As for one epoch, with a stand-in for the accuracy."""
    for case, epochs in zip(epoch_cases(rng), (3, 2)):
        step, rest = case.pop("step"), case
        label = rest.pop("case")
        rate = rest.pop("rate") / 3
        for score, kind in ((stand_in_score, "the score rises"), (falling_score, "the score falls"),
                            (perfect_score, "the score stays at 1")):
            yield {"step": step, "score": score, **rest, "epochs": epochs, "rate": rate,
                   "case": f"{label}, {epochs} epochs, {kind}"}


# %% nbgrader={"grade_id": "train", "solution": true}
def train(step, score, net, X, Y, epochs, rate):
    """Several epochs, with a look at the accuracy before the first and after each.

    step, net, X, Y, rate: as in train_epoch; score: a function, score(W1, b1, W2, b2, W3, b3) returns an accuracy;
    epochs: how often to go through all samples.
    Returns W1, b1, W2, b2, W3, b3 after the last epoch and accuracies: array (epochs + 1,), all seven in a tuple.
    """
    ### BEGIN SOLUTION
    accuracies = [score(*net)]
    for _ in range(epochs):
        for x, y in zip(X, Y):
            net = step(*net, x, y, rate)
        accuracies.append(score(*net))
    return (*net, np.array(accuracies))
    ### END SOLUTION

# %% nbgrader={"grade_id": "train-check", "grade": true, "points": 2}
check.values(train, at=train_cases, returns=("W1", "b1", "W2", "b2", "W3", "b3", "accuracies"), by="case", points=2)

# %% tags=["mistake"] question="train" says="The accuracy before training is missing: look once before the first epoch, and once after each."
def train(step, score, net, X, Y, epochs, rate):
    accuracies = []
    for _ in range(epochs):
        net = train_epoch(step, net, X, Y, rate)
        accuracies.append(score(*net))
    return (*net, np.array(accuracies))

# %% tags=["mistake"] question="train" says="Each epoch starts again from the untrained net: it should go on from where the last one ended."
def train(step, score, net, X, Y, epochs, rate):
    accuracies = [score(*net)]
    for _ in range(epochs):
        trained = train_epoch(step, net, X, Y, rate)
        accuracies.append(score(*trained))
    return (*trained, np.array(accuracies))

# %% tags=["mistake"] question="train" says="The accuracies are those before each epoch, and the one at the very end is missing: look once more after the last."
def train(step, score, net, X, Y, epochs, rate):
    accuracies = []
    for _ in range(epochs):
        accuracies.append(score(*net))
        net = train_epoch(step, net, X, Y, rate)
    return (*net, np.array(accuracies))

# %% tags=["mistake"] question="train" says="The net has learned but the score has not noticed: it was asked about the net at the beginning every time."
def train(step, score, net, X, Y, epochs, rate):
    accuracies, trained = [score(*net)], net
    for _ in range(epochs):
        trained = train_epoch(step, trained, X, Y, rate)
        accuracies.append(score(*net))
    return (*trained, np.array(accuracies))

# %% tags=["mistake"] question="train" says="This is the best net on the way. Asked for is the one after the last epoch: choosing by these digits would make their accuracy too good to be true."
def train(step, score, net, X, Y, epochs, rate):
    accuracies, best = [score(*net)], net
    for _ in range(epochs):
        net = train_epoch(step, net, X, Y, rate)
        accuracies.append(score(*net))
        if accuracies[-1] == max(accuracies):
            best = net
    return (*best, np.array(accuracies))

# %% tags=["mistake"] question="train" says="Training stops when the score no longer rises. All epochs are asked for, and a score that falls once may rise again."
def train(step, score, net, X, Y, epochs, rate):
    accuracies = [score(*net)]
    for _ in range(epochs):
        if len(accuracies) == 1 or accuracies[-1] > accuracies[-2]:
            net = train_epoch(step, net, X, Y, rate)
        accuracies.append(score(*net))
    return (*net, np.array(accuracies))

# %% tags=["mistake"] question="train" says="Training stops when all answers are right. The loss is not at its end then: so many epochs are asked for as `epochs` says."
def train(step, score, net, X, Y, epochs, rate):
    accuracies = [score(*net)]
    for _ in range(epochs):
        if accuracies[-1] == 1:
            break
        net = train_epoch(step, net, X, Y, rate)
        accuracies.append(score(*net))
    return (*net, np.array(accuracies))

# %% tags=["alternative"] question="train" name="with train_epoch, filling an array"
def train(step, score, net, X, Y, epochs, rate):
    accuracies = np.zeros(epochs + 1)
    accuracies[0] = score(*net)
    for k in range(1, epochs + 1):
        net = train_epoch(step, net, X, Y, rate)
        accuracies[k] = score(*net)
    return [*net, accuracies]

# %% tags=["alternative"] question="train" name="one long walk, a look after every N steps"
def train(step, score, net, X, Y, epochs, rate):
    W1, b1, W2, b2, W3, b3 = net
    accuracies = [score(W1, b1, W2, b2, W3, b3)]
    for i in range(epochs * len(X)):
        W1, b1, W2, b2, W3, b3 = step(W1, b1, W2, b2, W3, b3, X[i % len(X)], Y[i % len(X)], rate)
        if (i + 1) % len(X) == 0:
            accuracies.append(score(W1, b1, W2, b2, W3, b3))
    return W1, b1, W2, b2, W3, b3, np.array(accuracies)

# %% [markdown]
# ### Three epochs, twice
#
# Now for real: three epochs at a learning rate of 0.003, from the net with seed 0. There are two runs. They have the
# same net, the same digits and the same steps, and differ only in how a pixel is written down:
#
# - **bytes**: from 0 to 255, as pixels are stored in a file;
# - **shares**: from 0 to 1, the same numbers divided by 255.
#
# With the small set three epochs are only 12,000 steps, with all of MNIST they are 180,000. So the small set goes on
# to 15 epochs. Because a step is an argument, it can be wrapped into another one: `watched` makes of your step one
# that also moves the progress bar, and now and then asks for the accuracy on the first 1,000 test digits.
#
# What to expect? *Reported elsewhere* for this exercise, with all of MNIST: on the test digits 8.80 % before training, then
# 65.05 %, 73.30 % and 69.94 %, with average losses of 2.37, then 1.04, 0.83 and 0.88; on the training digits 65.11 %, 72.91 %
# and 69.11 %. The run prints the same for yours, after each of the first three epochs and after the last. These are
# somebody else's numbers, and how the pixels were written down is not said.
#
# Which of the two runs should look like that? Write down what you expect of each at its end, on the test digits. The point is
# for a prediction, right or wrong: one that you have made is worth more than an explanation that you have read.

# %% nbgrader={"grade_id": "predict-runs", "solution": true}
def predict_runs():
    """Your prediction: % of the test digits that the net reads at the end, trained on bytes, and trained on shares.

    Returns two numbers from 0 to 100.
    """
    ### BEGIN SOLUTION
    return 62, 86
    ### END SOLUTION

# %% nbgrader={"grade_id": "predict-runs-cases", "locked": true}
def nothing_given(rng):
    """A prediction is made out of nothing."""
    yield {"case": "your prediction"}


def two_percentages(prediction):
    """Two numbers from 0 to 100."""
    return np.shape(prediction) == (2,) and all(0 <= float(number) <= 100 for number in prediction)


# %% nbgrader={"grade_id": "predict-runs-check", "grade": true, "points": 1}
check.properties(predict_runs, at=nothing_given, points=1, two_percentages=two_percentages)

# %% tags=["mistake"] question="predict-runs" says="Two numbers are asked for: one for the run on bytes, one for the run on shares."
def predict_runs():
    return 70

# %% tags=["mistake"] question="predict-runs" says="A percentage lies between 0 and 100."
def predict_runs():
    return 70, 120

# %% tags=["mistake"] question="predict-runs" says="A prediction is a number: leave the words and the % sign out."
def predict_runs():
    return "70 %", "90 %"

# %% tags=["alternative"] question="predict-runs" name="another prediction, as a list"
def predict_runs():
    return [95.5, 95.5]

# %% tags=["alternative"] question="predict-runs" name="an array"
def predict_runs():
    return np.array([10, 20])

# %% tags=["experiment"]
RATE, EPOCHS = 0.003, 3 if FULL else 15
runs = {}  # name -> (net, (epochs, accuracies on 1,000 test digits) for a curve)


def watched(step, score, every, bar):
    """The same step; but every so many steps it moves the bar and writes the score down."""
    seen, count = [], itertools.count(1)

    def step_and_look(*arguments):
        net = step(*arguments)
        if next(count) % every == 0:
            seen.append(score(*net))
            bar.update(every)
        return net

    return step_and_look, seen


def score_on(X, labels):
    """The accuracy on these digits, as a function of a net."""
    return lambda *net: accuracy(forward_all(*net, X), labels)


def run(name, step, net, X, X_test):
    """Train on the rows of X, keep the run, and print how good the net is."""
    quick_score = score_on(X_test[:1000], digits.test_labels[:1000])
    every = len(X) // 20
    facts = []  # accuracy and average loss on the training digits, then on the test digits, after each epoch

    def score(*net):
        facts.append([measure(forward_all(*net, images), labels) for images, labels in (
            (X, digits.train_labels), (X_test, digits.test_labels)) for measure in (accuracy, average_loss)])
        return facts[-1][2]

    with tqdm(total=EPOCHS * len(X), desc=name, disable=not FULL) as bar:
        step, seen = watched(step, quick_score, every, bar)
        *trained, _ = train(step, score, net, X, one_hot(digits.train_labels, 10), EPOCHS, RATE)
    curve = np.array([quick_score(*net), *seen])
    runs[name] = trained, (np.arange(len(curve)) * every / len(X), curve)
    print(f"{name + ',':8} after epoch:  training accuracy, loss;  test accuracy, loss")
    for epoch in sorted({0, 1, 2, 3, EPOCHS}):
        a, loss, test_a, test_loss = facts[epoch]
        print(f"{epoch:20}:  {a:17.2%}, {loss:.2f};  {test_a:13.2%}, {test_loss:.2f}")


with check.once_written():
    start = start_net((784, 32, 32, 10), np.random.default_rng(0))
    run("shares", training_step, start, digits.train_images, digits.test_images)
    run("bytes", training_step, start, 255 * digits.train_images, 255 * digits.test_images)
    axis = plots.learning_curves({name: curve for name, (_, curve) in runs.items()}, log=False,
                                 ylabel="accuracy on 1,000 test digits",
                                 title=f"The same steps on {len(digits.train_labels):,} digits")
    if FULL:
        axis.plot([0, 1, 2, 3], [0.0880, 0.6505, 0.7330, 0.6994], "ks", label="reported elsewhere")
        axis.legend()
    axis.set_ylim(0, 1)
    plt.show()
    for guess, name in zip(predict_runs(), ("bytes", "shares")):
        reached = score_on(*((255 if name == "bytes" else 1) * digits.test_images, digits.test_labels))(*runs[name][0])
        print(f"On {name} the net reads {reached:.1%} of the test digits at the end. You predicted {float(guess):g} %.")

# %% [markdown]
# We have measured this with seed 0: the accuracy on the test digits, in %.
#
# | | before | epoch 1 | epoch 2 | epoch 3 | epoch 15 |
# |---|---|---|---|---|---|
# | reported elsewhere, all of MNIST | 8.80 | 65.05 | 73.30 | 69.94 | |
# | ours, all of MNIST, bytes | 9.81 | 74.32 | 67.88 | 70.61 |  |
# | ours, all of MNIST, shares | 9.80 | 87.39 | 91.09 | 92.58 |  |
# | ours, the small set, bytes | 10.00 | 47.10 | 62.00 | 67.80 | 61.80 |
# | ours, the small set, shares | 10.00 | 10.30 | 26.70 | 54.10 | 86.00 |
#
# The run on bytes is the one that looks like the reported numbers: quick at first, then it jumps up and down
# around two thirds and gets no better. Your numbers on bytes may well differ from ours by several per cent, even with the
# same seed: when we changed the weights at the start in their sixteenth digit, as another machine's rounding might,
# four runs on the small set ended their third epoch anywhere between 59 and 68 %.
#
# Nothing is wrong with the gradients. The next figure looks into the two nets: how active are the 32 units of the
# first hidden layer, before any training and after it?

# %% tags=["experiment"]
def look_into_first_layer(name, net, X):
    """Print how the first hidden layer answers to the rows of X; returns its activations (N, 32)."""
    z = X @ net[0].T + net[1]
    h = sigmoid(z)
    slope = h * (1 - h)
    print(f"{name + ':':15} pre-activations have standard deviation {np.std(z):8.2f};  a digit finds "
          f"{np.mean(np.sum(slope > 0.001, axis=1)):5.2f} of 32 units with a slope above 0.001;  "
          f"{np.sum(np.ptp(h, axis=0) < 0.001):2} units say the same to all digits")
    return h


with check.once_written():
    if runs:
        shares, as_bytes = digits.test_images[:500], 255 * digits.test_images[:500]
        layers = {name: look_into_first_layer(name, net, X) for name, net, X in (
            ("shares, before", start, shares), ("shares, after", runs["shares"][0], shares),
            ("bytes, before", start, as_bytes), ("bytes, after", runs["bytes"][0], as_bytes))}
        plots.activations(list(layers.values()), list(layers), title="The first hidden layer on 500 test digits")
        plt.show()

# %% [markdown]
# One more experiment. A step is an argument, so it is easy to make one that leaves the first layer alone. What can the
# other two layers do with the answers of 32 units whose weights are random and stay random?

# %% tags=["experiment"]
def step_behind_the_first_layer(W1, b1, W2, b2, W3, b3, x, y, rate):
    """A training step after which W1 and b1 are what they were."""
    return (W1, b1, *training_step(W1, b1, W2, b2, W3, b3, x, y, rate)[2:])


with check.once_written():
    if runs:
        run("bytes, first layer as it was", step_behind_the_first_layer, start, 255 * digits.train_images,
            255 * digits.test_images)

# %% [markdown]
# With the first layer as it was, we have measured 56.68, 59.14 and 60.21 % on all of MNIST, and on the small set
# 40.70 % after three epochs and 54.60 % after 15.
#
# ## 4.4 What has the division by 255 done?
#
# Explain the two curves, in a short paragraph, with numbers from your experiments.
#
# - Start with the pre-activations $z_1 = W_1 x + b_1$ of the untrained net. What happens to them when $x$ is 255 times
#   as large? What to the slope $h_1 (1 - h_1)$ and to $d_1$?
# - On bytes the net still gets to about two thirds, and its first epochs on the small set are even the better ones.
#   Which layers have learned that, and from what?
# - Why does the curve jump? The gradient of $W_1$ has two factors, $d_1$ and $x$. Think of the rare digit for which a
#   unit is *not* saturated: how far does this one step move that unit, and for whom?

# %% [markdown] nbgrader={"grade_id": "why-divide", "grade": true, "solution": true, "points": 3}
# ### BEGIN SOLUTION
# **Model answer.** (Numbers of the small set; on bytes they vary from machine to machine.) With bytes $z_1$ is 255 times
# as large: before training it has a standard deviation of 85 instead of 0.33. So the sigmoids stand at 0 or at 1, and a digit finds
# only 2 of the 32 units with a slope worth mentioning. For all others $d_1$ is practically 0: the first layer is a row
# of random switches. The last two layers learn from these switches. With the first layer left as it was they get to
# 54.6 % in 15 epochs, which is most of the 61.8 % that the whole net reaches. With shares all activations of the
# untrained net lie close to 1/2 and hardly differ from digit to digit, so there is little to see at first, hence the
# slow start; but every unit has a slope near 1/4, all layers learn, and they get to 86 %.
#
# The curve jumps because of the other factor. $\partial \ell / \partial W_1 = d_1 x^\top$ contains $x$, 255 times as
# large, and $z_1 = W_1 x + b_1$ contains $x$ once more: with the same $d_1$, a step moves $z_1$ 65,025 times as far as
# with shares. That one step flips the unit for *all* digits, and the layers behind it have to learn anew what
# it means. Often the unit lands still farther out, where it will hardly ever have a slope again: after training
# the standard deviation is about 1,900, and 12 of the 32 units say the same to every digit.
#
# **Mark scheme, 3 points.**
#
# - 1 point: bytes saturate the first layer; the slope, and with it $d_1$, (nearly) vanishes for most units and digits.
#   A number for it should be there (the standard deviation of $z_1$, the count of units with a slope, or the histogram).
# - 1 point: what is learned is mostly learned by the last two layers, from switches that are random but differ clearly
#   between digits; the experiment with the first layer left alone is the evidence. Half a point without evidence.
# - 1 point: the jumps. The gradient contains $x$ itself, so that the rare steps which get through are far too long,
#   and they change a unit for all digits. "The learning rate is too large for this input", with the reason, earns the
#   point, without it half.
#
# Not needed, but worth praise: units that are thrown far out are as good as lost, so the net can get worse again. That
# single samples without shuffling make any curve noisy is right, but does not explain the difference: the run on
# shares takes its samples in the same way.
# ### END SOLUTION

# %% [markdown]
# ## 4.5 The mistakes it is most sure of
#
# *Afterwards you can look at the digits that the net gets wrong.*
#
# An accuracy says how many, not which. The most telling mistakes are those of which the net was most certain. Find
# the samples whose most probable class is not their label; order them by the probability of the answer that the net gave,
# the largest first;
# return the positions of the first `n` of them **in the whole data set**, so that the images can be looked up. If there
# are fewer than `n`, return all.
#
# Useful: `np.flatnonzero` gives the positions where something is true, `np.argsort` the order from small to large.
#
# Shapes: $P$ $(N, K)$, labels $(N,) \to$ at most $n$ integers.

# %% nbgrader={"grade_id": "surest-mistakes-cases", "locked": true}
def mistake_cases(rng):
    """Probabilities and labels with a known number of wrong answers; sample 0 is right."""
    for N, K, wrong, n in ((12, 4, 7, 4), (9, 5, 3, 6)):
        confidence = np.linspace(0.9, 0.5, N) + rng.uniform(0, 0.02, N)
        P = np.empty((N, K))
        labels = rng.integers(0, K, N)
        positions = np.append(0, 1 + rng.permutation(N - 1))  # sample 0 is the surest of all, and right
        is_wrong = np.zeros(N, bool)
        is_wrong[1 + rng.permutation(N - 1)[:wrong]] = True
        share = 0.9  # of what is left, for the right class of a wrong answer; the surest one gets most
        for i, c in zip(positions, confidence):
            answer = (labels[i] + rng.integers(1, K)) % K if is_wrong[i] else labels[i]
            P[i] = (1 - c) / (K - 1)
            if is_wrong[i]:
                P[i] = (1 - c) * (1 - share) / (K - 2)
                P[i, labels[i]] = (1 - c) * share
                share = 0.1
            P[i, answer] = c
        yield {"P": P, "labels": labels, "n": n, "case": f"N = {N}, {wrong} wrong, n = {n}"}
    # Sure and with a rival, or less sure and with none: neither the distance to the second nor the spread is asked for.
    P = np.array([[0.9, 0.05, 0.03, 0.02], [0.62, 0.36, 0.01, 0.01], [0.58, 0.15, 0.14, 0.13],
                  [0.54, 0.44, 0.01, 0.01], [0.46, 0.21, 0.18, 0.15]])
    P[1:, 0] += rng.uniform(-0.01, 0.01, 4)
    P = P / P.sum(axis=1, keepdims=True)
    order, classes = np.append(0, 1 + rng.permutation(4)), rng.permutation(4)
    labels = np.array([0, 3, 3, 3, 3])[order]
    yield {"P": P[order][:, classes], "labels": np.argsort(classes)[labels], "n": 4, "case": "rivals, and none"}


# %% nbgrader={"grade_id": "surest-mistakes", "solution": true}
def surest_mistakes(P, labels, n):
    """The wrong answers that were given with the most certainty.

    P: (N, K), probabilities, a row is a sample; labels: (N,), integers; n: how many at most.
    Returns positions: (n,) or fewer, integers; rows of P, the surest first.
    """
    ### BEGIN SOLUTION
    wrong = np.flatnonzero(np.argmax(P, axis=1) != labels)
    order = np.argsort(-np.max(P[wrong], axis=1))
    return wrong[order[:n]]
    ### END SOLUTION

# %% nbgrader={"grade_id": "surest-mistakes-check", "grade": true, "points": 2}
check.values(surest_mistakes, at=mistake_cases, by="case", points=2)

# %% tags=["mistake"] question="surest-mistakes" says="These are positions among the wrong answers only. To look up an image you need the position in the whole data set."
def surest_mistakes(P, labels, n):
    wrong = np.argmax(P, axis=1) != labels
    return np.argsort(-np.max(P[wrong], axis=1))[:n]

# %% tags=["mistake"] question="surest-mistakes" says="The order is from unsure to sure: argsort sorts from small to large."
def surest_mistakes(P, labels, n):
    wrong = np.flatnonzero(np.argmax(P, axis=1) != labels)
    return wrong[np.argsort(np.max(P[wrong], axis=1))[:n]]

# %% tags=["mistake"] question="surest-mistakes" says="Right answers are among them: of the surest answers, only the wrong ones are asked for."
def surest_mistakes(P, labels, n):
    return np.argsort(-np.max(P, axis=1))[:n]

# %% tags=["mistake"] question="surest-mistakes" says="Sorted by how improbable the right class was: asked for is how probable the answer was that the net gave."
def surest_mistakes(P, labels, n):
    wrong = np.flatnonzero(np.argmax(P, axis=1) != labels)
    return wrong[np.argsort(P[wrong, labels[wrong]])[:n]]

# %% tags=["mistake"] question="surest-mistakes" says="The first n wrong answers come as they stand in the data set: put them in order of certainty before the first n are taken."
def surest_mistakes(P, labels, n):
    return np.flatnonzero(np.argmax(P, axis=1) != labels)[:n]

# %% tags=["mistake"] question="surest-mistakes" says="The distance to the second answer is another measure: asked for is the probability of the answer that was given, whatever comes behind it."
def surest_mistakes(P, labels, n):
    wrong = np.flatnonzero(np.argmax(P, axis=1) != labels)
    ordered = np.sort(P[wrong], axis=1)
    return wrong[np.argsort(ordered[:, -2] - ordered[:, -1])[:n]]

# %% tags=["alternative"] question="surest-mistakes" name="right answers get certainty -1"
def surest_mistakes(P, labels, n):
    answers = P.argmax(axis=1)
    certainty = np.where(answers == labels, -1, P.max(axis=1))
    return np.argsort(certainty)[::-1][:min(n, np.sum(answers != labels))]

# %% tags=["alternative"] question="surest-mistakes" name="a sorted list of pairs"
def surest_mistakes(P, labels, n):
    found = [(max(p), i) for i, (p, label) in enumerate(zip(P, labels)) if np.argmax(p) != label]
    return np.array([i for _, i in sorted(found, reverse=True)[:n]])

# %% [markdown]
# ### What the net has not understood
#
# Some of these digits you would not read either. Others are easy, and the net is sure of the wrong thing: it has no
# idea of strokes or loops, only of which pixels tend to be inked together. Above each picture stands the net's answer
# with how sure it is, and below that what is right.

# %% tags=["experiment"]
with check.once_written():
    if runs:
        trained = runs["shares"][0]
        P = forward_all(*trained, digits.test_images)
        worst = surest_mistakes(P, digits.test_labels, 16)
        plots.predictions(digits.test_images[worst], digits.test_labels[worst], P[worst].argmax(axis=1),
                          confidence=P[worst].max(axis=1), title="The 16 wrong answers that the net is surest of")
        counts = np.zeros((10, 10), int)
        np.add.at(counts, (digits.test_labels, P.argmax(axis=1)), 1)
        plots.confusion(counts, title=f"Which digit is taken for which? {accuracy(P, digits.test_labels):.1%} are right")
        plt.show()

# %% [markdown]
# ### What the first layer has learned
#
# Each row of $W_1$ has one weight for each pixel, so it can be looked at as an image. The start is noise. What training
# has added to it is not: pixels that speak for a unit are orange, pixels that speak against it purple. The edge stays
# white, because no digit has ink there: $\partial \ell / \partial W_1 = d_1 x^\top$ is 0 wherever $x$ is.

# %% tags=["experiment"]
with check.once_written():
    if runs:
        plots.weights(trained[0] - start[0], n=16, columns=8, title="What training has added to the weights of 16 units")
        plt.show()

# %% [markdown]
# # Which slip is it?
#
# Six functions of earlier problem sets, each with one slip in it, and what the self-check said of it. Read the report first:
# which results are wrong, and is it a factor, a sign, a shape, or only some entries? Then find the line. For each, return the
# number of the sentence that fits.
#
# <!-- slips from ps1_two_layer_nets, ps2_relu_fsolve: 6, draw 12 -->

# %% [markdown]
# ### Slip 1
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
#     slope = h * (1 - h)
#     return np.einsum("ij,j,k->ijk", W2, slope, x), np.einsum("ij,k->ijk", np.eye(len(x)), slope)
# ```
#
# The self-check says:
#
# ```text
# J1: right
# J2: wrong, J2[1, 1, 0] is about 4.3 times too small (m = 3, n = 5)
# ```
#
# Which idea is behind it?
#
# 1. The sigmoid has been applied a second time: h is already what comes out of it, and the slope is made of h directly.
# 2. The sigmoid's slope has slipped into J2: W2 stands behind the sigmoid, and its weights meet the activation itself.
# 3. W1 has m rows: only the first n of them have been filled, and where there are more hidden units than inputs the rest has stayed zero.
# 4. The sigmoid's slope is missing in J1: a weight of the first layer moves z, and h moves with z by the slope of the sigmoid.

# %% nbgrader={"grade_id": "slip-1", "solution": true}
def slip_1():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 2
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-1-check", "grade": true, "points": 1}
check.answer(slip_1, points=1)

# %% tags=["mistake"] question="slip-1" says="Not 1: of that slip the self-check would say otherwise: J1: wrong, J1[2, 2, 3] is too large, by 10 % (m = 3, n = 5); J2: right"
def slip_1():
    return 1

# %% tags=["mistake"] question="slip-1" says="Not 3: of that slip the self-check would say otherwise: J1: wrong, J1[2, 4, 0] is 0 and should not be (m = 6, n = 3); J2: right"
def slip_1():
    return 3

# %% tags=["mistake"] question="slip-1" says="Not 4: of that slip the self-check would say otherwise: J1: wrong, J1[2, 2, 3] is about 4.6 times too large (m = 3, n = 5); J2: right"
def slip_1():
    return 4

# %% [markdown]
# ### Slip 2
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
#     return 2 * X.T @ (X @ w - y)
# ```
#
# The self-check says:
#
# ```text
# dw: wrong, dw[2] has the wrong sign, and not the right size either (N = 6, D = 3)
# ```
#
# Which idea is behind it?
#
# 1. This is the gradient of the squared loss: there a residual counts by its size. Here only its sign counts.
# 2. At a residual of exactly zero this divides 0 by 0. Any slope from -1 to 1 is right there, but not nan.
# 3. The sign is turned around: the residual is prediction minus target.
# 4. The signs of the inputs are lost: a residual moves with w_k by X_ik, not by its absolute value.

# %% nbgrader={"grade_id": "slip-2", "solution": true}
def slip_2():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 1
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-2-check", "grade": true, "points": 1}
check.answer(slip_2, points=1)

# %% tags=["mistake"] question="slip-2" says="Not 2: of that slip the self-check would say otherwise: dw: wrong, dw NaN in 3 of 3 entries, first at [0] (one residual is exactly zero)"
def slip_2():
    return 2

# %% tags=["mistake"] question="slip-2" says="Not 3: of that slip the self-check would say otherwise: dw: wrong, dw[1] has the wrong sign (N = 6, D = 3)"
def slip_2():
    return 3

# %% tags=["mistake"] question="slip-2" says="Not 4: of that slip the self-check would say otherwise: dw: wrong, dw[0] has the wrong sign, and not the right size either (N = 6, D = 3)"
def slip_2():
    return 4

# %% [markdown]
# ### Slip 3
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
#     slope = sigmoid(H) * (1 - sigmoid(H))
#     return (W2.T @ dF * slope) @ X.T, dF @ H.T
# ```
#
# The self-check says:
#
# ```text
# dW1: wrong, dW1[0, 4] is about 6.8 times too large (m = 3, n = 5, t = 4)
# dW2: right
# ```
#
# Which idea is behind it?
#
# 1. The loss is a mean over the samples: both gradients lack the division by t.
# 2. The sigmoid has been applied twice: H is already sigma(Z), and the slope at Z is made of H directly.
# 3. W2 comes after the sigmoid, so its gradient holds the activation H itself: the slope belongs only to what lies before the sigmoid, to W1.
# 4. The slope is that of each sample at its own Z: here it has been averaged over the samples before it was used.

# %% nbgrader={"grade_id": "slip-3", "solution": true}
def slip_3():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 2
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-3-check", "grade": true, "points": 1}
check.answer(slip_3, points=1)

# %% tags=["mistake"] question="slip-3" says="Not 1: of that slip the self-check would say otherwise: dW1: wrong, dW1[1, 4] is about 4 times too large (m = 3, n = 5, t = 4); dW2: wrong, dW2[0, 1] is about 4 times too large (m = 3, n = 5, t = 4)"
def slip_3():
    return 1

# %% tags=["mistake"] question="slip-3" says="Not 3: of that slip the self-check would say otherwise: dW1: right; dW2: wrong, dW2[4, 2] is about 24 times too small (m = 3, n = 5, t = 4)"
def slip_3():
    return 3

# %% tags=["mistake"] question="slip-3" says="Not 4: of that slip the self-check would say otherwise: dW1: wrong, dW1[0, 4] is about 2.7 times too large (m = 3, n = 5, t = 4); dW2: right"
def slip_3():
    return 4

# %% [markdown]
# ### Slip 4
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
#     on = z > 0
#     return w_o * on, w_o * on, h, np.ones(len(x))
# ```
#
# The self-check says:
#
# ```text
# J_w_h: wrong, J_w_h[2, 3] is about 3 times too small (N = 5)
# J_b_h: right
# J_w_o: right
# J_b_o: right
# ```
#
# Which idea is behind it?
#
# 1. Where a unit is off, its residual does not move with w_h and b_h: the slope of the hinge is missing.
# 2. Every residual moves with b_o by 1, and there are N of them: the last block is N ones, not a single one. The other blocks are right.
# 3. The output weight is missing in the blocks of the hidden layer: b_h moves z, z moves h, and h moves f by w_o.
# 4. z moves with w_h by x: the block of w_h is that of b_h times x, row by row.

# %% nbgrader={"grade_id": "slip-4", "solution": true}
def slip_4():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 4
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-4-check", "grade": true, "points": 1}
check.answer(slip_4, points=1)

# %% tags=["mistake"] question="slip-4" says="Not 1: of that slip the self-check would say otherwise: J_w_h: wrong, J_w_h[2, 0] should be 0 (N = 5); J_b_h: wrong, J_b_h[0, 3] should be 0 (N = 5); J_w_o: right; J_b_o: right"
def slip_4():
    return 1

# %% tags=["mistake"] question="slip-4" says="Not 2: of that slip the self-check would say otherwise: J_w_h: right; J_b_h: right; J_w_o: right; J_b_o: wrong, J_b_o has shape (), asked for is (5,) (N = 5)"
def slip_4():
    return 2

# %% tags=["mistake"] question="slip-4" says="Not 3: of that slip the self-check would say otherwise: J_w_h: wrong, J_w_h[2, 3] has the wrong sign (N = 5); J_b_h: wrong, J_b_h[2, 3] has the wrong sign (N = 5); J_w_o: right; J_b_o: right"
def slip_4():
    return 3

# %% [markdown]
# ### Slip 5
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
#     dz = df[:, np.newaxis] * (z > 0)
#     return x @ dz, dz.sum(axis=0), df @ h, df.sum()
# ```
#
# The self-check says:
#
# ```text
# dw_h: wrong, dw_h[2] has the wrong sign, and not the right size either (N = 5)
# db_h: wrong, db_h[2] has the wrong sign, and not the right size either (N = 5)
# dw_o: right
# db_o: right
# ```
#
# Which idea is behind it?
#
# 1. The output weights meet the activations h, not the pre-activations z.
# 2. z moves with w_h by x: that factor is missing, so the derivatives for w_h are those for b_h.
# 3. The way back from the output to a hidden unit goes through its weight w_o. Without it, b_h and w_h get the derivatives of a net whose output weights are all 1.
# 4. With target minus output, every derivative has the wrong sign.

# %% nbgrader={"grade_id": "slip-5", "solution": true}
def slip_5():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 3
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-5-check", "grade": true, "points": 1}
check.answer(slip_5, points=1)

# %% tags=["mistake"] question="slip-5" says="Not 1: of that slip the self-check would say otherwise: dw_h: right; db_h: right; dw_o: wrong, dw_o[1] is about 2.5 times too large (N = 5); db_o: right"
def slip_5():
    return 1

# %% tags=["mistake"] question="slip-5" says="Not 2: of that slip the self-check would say otherwise: dw_h: wrong, dw_h[1] has the wrong sign, and not the right size either (N = 5); db_h: right; dw_o: right; db_o: right"
def slip_5():
    return 2

# %% tags=["mistake"] question="slip-5" says="Not 4: of that slip the self-check would say otherwise: dw_h: wrong, dw_h[0] has the wrong sign (N = 5); db_h: wrong, db_h[1] has the wrong sign (N = 5); dw_o: wrong, dw_o[0] has the wrong sign (N = 5); db_o: wrong, db_o has the wrong sign (N = 5)"
def slip_5():
    return 4

# %% [markdown]
# ### Slip 6
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
#     R = W2 @ W1 @ X - Y
#     return 2 / len(X) * W2.T @ R @ X.T, 2 / len(X) * R @ (W1 @ X).T
# ```
#
# The self-check says:
#
# ```text
# dW1: wrong, dW1[0, 0] is about 1.3 times too small (m = 3, n = 5, t = 4)
# dW2: wrong, dW2[4, 1] is about 1.3 times too small (m = 3, n = 5, t = 4)
# ```
#
# Which idea is behind it?
#
# 1. len(X) is the number of rows, the n inputs: the samples are the columns.
# 2. The loss is a mean over the samples, so each gradient is divided by t as well.
# 3. The number of samples is that of the arrays you are given, their number of columns: it is not always 25.
# 4. The loop over the samples writes over the gradient each time, so that only the last sample is left: add the samples up.

# %% nbgrader={"grade_id": "slip-6", "solution": true}
def slip_6():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 1
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-6-check", "grade": true, "points": 1}
check.answer(slip_6, points=1)

# %% tags=["mistake"] question="slip-6" says="Not 2: of that slip the self-check would say otherwise: dW1: wrong, dW1[0, 0] is about 4 times too large (m = 3, n = 5, t = 4); dW2: wrong, dW2[4, 1] is about 4 times too large (m = 3, n = 5, t = 4)"
def slip_6():
    return 2

# %% tags=["mistake"] question="slip-6" says="Not 3: of that slip the self-check would say otherwise: dW1: wrong, dW1[0, 0] is about 6.3 times too small (m = 3, n = 5, t = 4); dW2: wrong, dW2[4, 1] is about 6.3 times too small (m = 3, n = 5, t = 4)"
def slip_6():
    return 3

# %% tags=["mistake"] question="slip-6" says="Not 4: of that slip the self-check would say otherwise: dW1: wrong, dW1[0, 0] is about 8.6 times too small (m = 3, n = 5, t = 4); dW2: wrong, dW2[4, 1] is about 160 times too small (m = 3, n = 5, t = 4)"
def slip_6():
    return 4

# %% [markdown]
# <!-- end of slips -->

# %% [markdown]
# # What to read next
#
# - Michael Nielsen, *Neural Networks and Deep Learning* (2015): chapters 1 and 2 read the same digits with the same
#   kind of net; chapter 3 explains the cross-entropy. <http://neuralnetworksanddeeplearning.com>
# - Yann LeCun, Léon Bottou, Genevieve Orr and Klaus-Robert Müller, "Efficient BackProp" (1998): why inputs should be
#   scaled, how large weights should start, and why looking at one sample at a time is not a bad idea at all.
# - Xavier Glorot and Yoshua Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010),
#   <https://proceedings.mlr.press/v9/glorot10a.html>: sigmoids that saturate, looked at as in 4.4, and what to do.
# - Ian Goodfellow, Yoshua Bengio and Aaron Courville, *Deep Learning* (2016), sections 6.2 and 6.5: output units and
#   their losses; backpropagation in general. <https://www.deeplearningbook.org>
# - Yann LeCun, Léon Bottou, Yoshua Bengio and Patrick Haffner, "Gradient-based learning applied to document
#   recognition", *Proceedings of the IEEE* 86 (1998): where the digits come from, and a net that does know of strokes.
