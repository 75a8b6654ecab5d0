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
# # Problem set 5: what makes it train
#
# **What you will learn.** A net can have correct gradients and still learn nothing. You start with one that hardly
# learns: sigmoids everywhere, squared error, large random weights. Then you change one thing at a time, the learning
# rate, the slope of the sigmoid, the initialisation, the activation function, the loss, and read what each change does.
# You also build what one needs for reading: a guard against NaN, the size of the steps, histograms, a confusion matrix.
#
# **What you need.** The backward pass of a net with one hidden layer (problem set 1) and softmax with cross-entropy
# (problem sets 3 and 4). No deep-learning library.
#
# **How long it takes.** About five hours. Solved, everything together computes for about a minute, and for about a minute
# and a half on a machine that is busy with other things.
#
# **How it works.** You write functions. Under each is a self-check: run it as often as you like. It compares your
# numbers with known ones, or your gradients with finite differences of the loss, on small nets of several shapes.
# It also looks whether your function has changed the arrays that it was given: it must not. Do not rename the
# functions or their arguments. A function gets all it needs as arguments and must use nothing else. You may call your
# functions from earlier questions; then a mistake there is a mistake here, too.
#
# The next cell is yours. With `ALL = True` the notebook also makes the runs that the text only quotes; they take as long
# as all others together. With `FULL = True` every run takes 200 steps on all 60,000 digits. That is the real size, and
# it takes hours, not seconds: one run costs three to five minutes of one processor core, and with `ALL` there are sixty. A
# bar shows how far a run is. Do it once, at night.

# %%
FULL = False  # True: all of MNIST, 200 steps for each run, with a progress bar
ALL = FULL  # True: also the runs that are only quoted

# %%
import re
import time

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.special import expit, softmax
from tqdm import tqdm

from helpers import check, data, plots, threads
from helpers import gradients as numerical

threads.limit(1)  # these matrices are small: several threads would only wait for each other

# %% [markdown]
# ## The net, and which axis is the sample
#
# 784 pixels, 256 hidden units, 128 hidden units, 10 outputs, one for each digit. There are no biases. **In this problem
# set a column is a sample**, as in problem set 1: a layer is `W @ A`, as in the formula. Every step uses all samples
# at once (*full batch*), so that nothing in a curve is due to the luck of a minibatch.
#
# $$Z_1 = W_1 X,\quad A_1 = \phi(Z_1), \qquad Z_2 = W_2 A_1,\quad A_2 = \phi(Z_2), \qquad
#   Z_3 = W_3 A_2,\quad A_3 = \psi(Z_3)$$
#
# | symbol | shape | what it is |
# |---|---|---|
# | $t$ | | number of samples |
# | $X$ | $(784, t)$ | pixels from 0 to 1; column $s$ is sample $s$ |
# | $Y$ | $(10, t)$ | targets, *one-hot*: a 1 in the row of the right digit, 0 elsewhere |
# | $W_1, W_2, W_3$ | $(256, 784)$, $(128, 256)$, $(10, 128)$ | weights |
# | $Z_l$, $A_l$ | $(256, t)$, $(128, t)$, $(10, t)$ | pre-activations and activations of layer $l$ |
# | $\phi$, $\psi$ | | what the hidden layers and the output layer do to each pre-activation |
#
# The checks use much smaller nets, of several sizes. Take sizes from the shapes of the arguments.
#
# All experiments use the same digits. The default is 1,000 for training, 1,000 others for testing, and 60 steps. The
# arrays hold 32-bit floats, which is twice as fast and exact enough for training.

# %% [markdown]
# <!-- include notation.md -->

# %% tags=["experiment"]
SIZE, STEPS = (None, 200) if FULL else ((1000, 1000), 60)

digits = data.mnist(axis="columns", size=SIZE, dtype=np.float32)
inputs, labels = digits.train_images, digits.train_labels
test_inputs, test_labels = digits.test_images, digits.test_labels
SAMPLES = inputs.shape[1]

# %% [markdown]
# # Part 1: the net that hardly learns

# %% [markdown]
# ## 1.1 Targets that a net can aim at
#
# *Afterwards the labels are columns with a single 1.*
#
# A label such as 7 is a name, not a quantity: an answer of 6 is not "nearly right". So every digit gets an output of
# its own, and the target is 1 there and 0 at all others. The number of classes is given. Do not read it off the labels:
# a small set of samples may lack the last digit.
#
# Shapes: labels $(t,)$ $\to$ $Y$ (classes, $t$).

# %% nbgrader={"grade_id": "one-hot-cases", "locked": true}
def label_cases(rng):
    """Labels of a few samples; in the second case, the last class and one in the middle do not occur."""
    yield {"labels": rng.permutation(np.r_[np.arange(4), rng.integers(0, 4, 5)]), "classes": 4,
           "case": "4 classes, 9 samples"}
    yield {"labels": rng.permutation(np.array([0, 2, 3])[np.r_[np.arange(3), rng.integers(0, 3, 3)]]), "classes": 5,
           "case": "5 classes, two of them absent"}


# %% nbgrader={"grade_id": "one-hot", "solution": true}
def one_hot(labels, classes):
    """Targets with a 1 in the row of the right class.

    labels: (t,), integers from 0 to classes - 1.
    Returns Y: (classes, t), a column is a sample.
    """
    ### BEGIN SOLUTION
    t = len(labels)
    Y = np.zeros((classes, t))
    Y[labels, np.arange(t)] = 1
    return Y
    ### END SOLUTION

# %% nbgrader={"grade_id": "one-hot-check", "grade": true, "points": 1}
check.values(one_hot, at=label_cases, points=1)

# %% tags=["mistake"] question="one-hot" says="Here a column is a sample: the classes are the rows, so that Y has the shape of the net's output."
def one_hot(labels, classes):
    return np.eye(classes)[labels]

# %% tags=["mistake"] question="one-hot" says="The largest label that happens to occur does not tell the number of classes: the net has an output for each class, whether it occurs or not."
def one_hot(labels, classes):
    Y = np.zeros((labels.max() + 1, len(labels)))
    Y[labels, np.arange(len(labels))] = 1
    return Y

# %% tags=["mistake"] question="one-hot" says="Every sample gets a 1 of its own, in its own column: indexing the rows alone sets whole rows to 1."
def one_hot(labels, classes):
    Y = np.zeros((classes, len(labels)))
    Y[labels] = 1
    return Y

# %% tags=["mistake"] question="one-hot" says="The classes have been numbered anew, without those that do not occur: the row is that of the label itself."
def one_hot(labels, classes):
    _, number = np.unique(labels, return_inverse=True)
    return np.eye(classes)[:, number]

# %% tags=["alternative"] question="one-hot" name="columns of the identity"
def one_hot(labels, classes):
    return np.eye(classes)[:, labels]

# %% tags=["alternative"] question="one-hot" name="comparing, integers"
def one_hot(labels, classes):
    return (np.arange(classes)[:, None] == labels[None, :]).astype(int)

# %% [markdown]
# ## 1.2 A sigmoid with a slope
#
# *Afterwards you have σ(kz), for any k and for numbers of any size.*
#
# The factor $k$ makes the sigmoid steeper or flatter. It stands inside: the height stays between 0 and 1.
#
# $$\sigma(kz) = \frac{1}{1 + e^{-kz}}$$
#
# As in problem set 1, take exponentials only of what is not positive: with large weights there *will* be
# pre-activations of 1,000, and infinity divided by infinity is not a number.
#
# Shapes: any shape $\to$ the same shape.

# %% nbgrader={"grade_id": "sigmoid-cases", "locked": true}
def sigmoid_argument_cases(rng):
    """Ordinary numbers with a steep and with a flat sigmoid, and huge numbers."""
    yield {"z": 2 * rng.standard_normal((3, 5)), "k": 1.7, "case": "ordinary numbers, steep"}
    yield {"z": 3 * rng.standard_normal((4, 2)), "k": 0.4, "case": "ordinary numbers, flat"}
    yield {"z": np.array([-5e3, -900.0, -1.0, 0.5, 1.0, 900.0, 5e3]) * rng.uniform(0.9, 1.0), "k": 1.2,
           "case": "huge numbers"}
    yield {"z": -np.array([28.0, 23.0, 19.0, 14.0, 10.0]) * rng.uniform(0.97, 1.0), "k": 1.2, "case": "small results"}


# %% nbgrader={"grade_id": "sigmoid", "solution": true}
def sigmoid(z, k):
    """The logistic function of k z, entry by entry, without overflow.

    z: array of floats of any shape; k: a number, the steepness.
    Returns an array of the same shape.
    """
    ### BEGIN SOLUTION
    e = np.exp(-np.abs(k * z))  # never above 1
    return np.where(z >= 0, 1, e) / (1 + e)
    ### END SOLUTION

# %% nbgrader={"grade_id": "sigmoid-check", "grade": true, "points": 2}
check.values(sigmoid, at=sigmoid_argument_cases, by="case", points=2)

# %% tags=["mistake"] question="sigmoid" says="k belongs to the argument: in front of the sigmoid it makes the curve higher, and an output above 1 is no answer to a target of 0 or 1."
def sigmoid(z, k):
    return k * expit(z)

# %% tags=["mistake"] question="sigmoid" says="For large arguments the exponential overflows, and infinity divided by infinity is not a number."
def sigmoid(z, k):
    return np.exp(k * z) / (1 + np.exp(k * z))

# %% tags=["mistake"] question="sigmoid" says="k does nothing here: it multiplies z before the exponential is taken."
def sigmoid(z, k):
    return expit(z)

# %% tags=["mistake"] question="sigmoid" says="Dividing by k does the opposite: a larger k must make the sigmoid steeper."
def sigmoid(z, k):
    return expit(z / k)

# %% tags=["mistake"] question="sigmoid" says="The argument is cut off where the result is merely small. A sigmoid of −25 is not that of −20: cut only where a float can no longer tell it from 0, some hundreds away."
def sigmoid(z, k):
    return expit(np.clip(k * z, -20, 20))

# %% tags=["mistake"] question="sigmoid" says="Small results have been rounded to 0: they are small, not zero."
def sigmoid(z, k):
    return np.where(k * z < -10, 0.0, np.where(k * z > 10, 1.0, expit(k * z)))

# %% tags=["alternative"] question="sigmoid" name="scipy's expit"
def sigmoid(z, k):
    return expit(k * z)

# %% tags=["alternative"] question="sigmoid" name="through tanh"
def sigmoid(z, k):
    return (1 + np.tanh(k * z / 2)) / 2

# %% tags=["alternative"] question="sigmoid" name="clipped where it is 0 or 1 anyway"
def sigmoid(z, k):
    return 1 / (1 + np.exp(-np.clip(k * z, -500, 500)))

# %% [markdown]
# ## 1.3 The sigmoid net answers
#
# *Afterwards the net has ten outputs for every sample, and remembers its layers.*
#
# All three layers use $\sigma(kz)$ with the same $k$: here $\phi$ and $\psi$ are the same function. Keep all three
# activations, the backward pass will need them. (If your sigmoid is not ready, `expit(k * z)` is the same function.)
# Pre-activations may be huge here, too.
#
# Shapes: $X$ $(d, t)$; $W_1$ $(h_1, d)$, $W_2$ $(h_2, h_1)$, $W_3$ $(c, h_2)$ $\to$ $A_1$ $(h_1, t)$, $A_2$ $(h_2, t)$,
# $A_3$ $(c, t)$.

# %% nbgrader={"grade_id": "sigmoid-net-cases", "locked": true}
def small_net(rng, d, h1, h2, c, t):
    """Weights, inputs and one-hot targets of a small net whose units are neither off nor saturated."""
    chosen = np.r_[np.arange(c), rng.integers(0, c, t)][:t]
    return {"W1": rng.standard_normal((h1, d)) / np.sqrt(d), "W2": 2 * rng.standard_normal((h2, h1)) / np.sqrt(h1),
            "W3": 2 * rng.standard_normal((c, h2)) / np.sqrt(h2), "X": 1.5 * rng.standard_normal((d, t)),
            "Y": np.eye(c)[:, rng.permutation(chosen)]}


def sigmoid_net_cases(rng, sizes=((6, 5, 4, 3, 7, 0.4), (4, 3, 5, 2, 6, 1.0), (3, 6, 4, 5, 8, 1.7))):
    """Small nets with d inputs, hidden layers of h1 and h2, c classes, t samples and the slope k; and their caches."""
    for *shape, k in sizes:
        net = small_net(rng, *shape)
        A1 = expit(k * net["W1"] @ net["X"])
        A2 = expit(k * net["W2"] @ A1)
        yield net | {"A1": A1, "A2": A2, "A3": expit(k * net["W3"] @ A2), "k": k,
                     "case": "{}–{}–{}–{}, t = {}".format(*shape) + f", k = {k}"}


def sigmoid_forward_cases(rng):
    """As above, and a net with pre-activations in the thousands."""
    for case in sigmoid_net_cases(rng):
        yield {name: case[name] for name in ("W1", "W2", "W3", "X", "k", "case")}
    huge = small_net(rng, 4, 5, 3, 2, 6)
    yield {"W1": 3000 * huge["W1"], "W2": huge["W2"], "W3": 3000 * huge["W3"], "X": huge["X"], "k": 0.8, "case": "huge weights"}


# %% nbgrader={"grade_id": "sigmoid-forward", "solution": true}
def sigmoid_forward(W1, W2, W3, X, k):
    """The activations of all three layers of the sigmoid net.

    W1: (h1, d), W2: (h2, h1), W3: (c, h2), X: (d, t); k: slope of every sigmoid.
    Returns A1: (h1, t), A2: (h2, t) and A3: (c, t), the outputs.
    """
    ### BEGIN SOLUTION
    A1 = sigmoid(W1 @ X, k)
    A2 = sigmoid(W2 @ A1, k)
    A3 = sigmoid(W3 @ A2, k)
    return A1, A2, A3
    ### END SOLUTION

# %% nbgrader={"grade_id": "sigmoid-forward-check", "grade": true, "points": 1}
check.values(sigmoid_forward, at=sigmoid_forward_cases, returns=("A1", "A2", "A3"), points=1)

# %% tags=["mistake"] question="sigmoid-forward" says="The sigmoids of the hidden layers are missing: without them three layers are one linear map."
def sigmoid_forward(W1, W2, W3, X, k):
    A1 = W1 @ X
    A2 = W2 @ A1
    return A1, A2, sigmoid(W3 @ A2, k)

# %% tags=["mistake"] question="sigmoid-forward" says="The last layer has a sigmoid, too: without it the outputs are no numbers between 0 and 1."
def sigmoid_forward(W1, W2, W3, X, k):
    A1 = expit(k * W1 @ X)
    A2 = expit(k * W2 @ A1)
    return A1, A2, W3 @ A2

# %% tags=["mistake"] question="sigmoid-forward" says="The slope k is a property of every layer: the second and third sigmoid have lost it."
def sigmoid_forward(W1, W2, W3, X, k):
    A1 = expit(k * W1 @ X)
    A2 = expit(W2 @ A1)
    return A1, A2, expit(W3 @ A2)

# %% tags=["mistake"] question="sigmoid-forward" says="For large pre-activations the exponential overflows, and infinity divided by infinity is not a number: your sigmoid of 1.2 survives them."
def sigmoid_forward(W1, W2, W3, X, k):
    activations = [X]
    for W in (W1, W2, W3):
        E = np.exp(k * (W @ activations[-1]))
        activations.append(E / (1 + E))
    return tuple(activations[1:])

# %% tags=["alternative"] question="sigmoid-forward" name="in a loop over the layers"
def sigmoid_forward(W1, W2, W3, X, k):
    layers = [X]
    for W in (W1, W2, W3):
        layers.append(expit(k * np.dot(W, layers[-1])))
    return layers[1:]

# %% tags=["alternative"] question="sigmoid-forward" name="with tanh"
def sigmoid_forward(W1, W2, W3, X, k):
    A1 = (1 + np.tanh(k / 2 * (W1 @ X))) / 2
    A2 = (1 + np.tanh(k / 2 * (W2 @ A1))) / 2
    return [A1, A2, (1 + np.tanh(k / 2 * (W3 @ A2))) / 2]

# %% [markdown]
# ## 1.4 Squared error, summed
#
# *Afterwards every choice of weights has a loss.*
#
# $$L = \frac12 \sum_{s=1}^{t} \lVert a_s - y_s \rVert^2 = \frac12 \sum_{s} \sum_{i} (A_{3,is} - Y_{is})^2$$
#
# The half is there so that the derivative has no factor 2. And mind the difference from problem set 1: this loss is a
# **sum** over the samples, not a mean. That is neither right nor wrong, but you will meet its consequence in 1.8.
#
# Shapes: $(c, t), (c, t) \to$ one number.

# %% nbgrader={"grade_id": "squared-loss-cases", "locked": true}
def output_cases(rng):
    """Outputs between 0 and 1, and one-hot targets."""
    for c, t in ((3, 5), (4, 4), (5, 2)):
        yield {"A3": rng.random((c, t)), "Y": np.eye(c)[:, rng.integers(0, c, t)], "case": f"{c} classes, t = {t}"}


# %% nbgrader={"grade_id": "squared-loss", "solution": true}
def squared_loss(A3, Y):
    """Half the sum of all squared differences.

    A3: (c, t), outputs; Y: (c, t), targets.
    Returns the loss, one number.
    """
    ### BEGIN SOLUTION
    return np.sum((A3 - Y) ** 2) / 2
    ### END SOLUTION

# %% nbgrader={"grade_id": "squared-loss-check", "grade": true, "points": 1}
check.values(squared_loss, at=output_cases, points=1)

# %% tags=["mistake"] question="squared-loss" says="This loss is a sum over the samples: here it has been divided by their number."
def squared_loss(A3, Y):
    return np.sum((A3 - Y) ** 2) / (2 * Y.shape[1])

# %% tags=["mistake"] question="squared-loss" says="The factor one half is missing: it cancels the 2 of the derivative."
def squared_loss(A3, Y):
    return np.sum((A3 - Y) ** 2)

# %% tags=["mistake"] question="squared-loss" says="The outputs of the wrong digits count as well: their target is 0, and anything above is an error."
def squared_loss(A3, Y):
    return np.sum(Y * (A3 - Y) ** 2) / 2

# %% tags=["alternative"] question="squared-loss" name="sample by sample"
def squared_loss(A3, Y):
    return sum(0.5 * np.dot(a - y, a - y) for a, y in zip(A3.T, Y.T))

# %% tags=["alternative"] question="squared-loss" name="a norm"
def squared_loss(A3, Y):
    return np.linalg.norm(A3 - Y) ** 2 / 2

# %% nbgrader={"grade_id": "sigmoid-net-loss", "locked": true}
def sigmoid_net_loss(W1, W2, W3, X, Y, k):
    """The loss of the sigmoid net as a function of its weights: what the self-check below differentiates."""
    return squared_loss(sigmoid_forward(W1, W2, W3, X, k)[2], Y)


# %% [markdown]
# ## 1.5 Backwards through three sigmoid layers
#
# *Afterwards you have the gradients of all three weight matrices.*
#
# Write $D_l = \partial L / \partial Z_l$ for the error at the pre-activations of layer $l$. Three facts are all you
# need. Where the error meets a weight matrix, the matrix gets the error times what went in, summed over the samples.
# Where it goes back through a matrix, it is multiplied by the transpose. Where it goes back through a sigmoid, every
# entry is multiplied by the slope there.
#
# What is the slope of $\sigma(kz)$ as a function of $z$? The chain rule gives $\sigma'(kz)$ times a factor. Express it
# by the activation $a = \sigma(kz)$, which you have. The factor turns up **in every layer**.
#
# This question has two parts: the errors as formulas, then the gradients as code. $W_1$ is no argument of either, because it
# is not needed.
#
# Shapes: $D_1$ $(h_1, t)$, $D_2$ $(h_2, t)$, $D_3$ $(c, t)$; the gradients have the shapes of $W_1$, $W_2$, $W_3$.

# %% [markdown]
# **First the errors, as formulas.** Hand in $D_3$, $D_2$ and $D_1$ as text, a line each; later lines may use earlier ones.
# `@` is a product of matrices, `*` works entry by entry, `W2.T` is a transpose.

# %% nbgrader={"grade_id": "error-formula-cases", "locked": true}
def error_letters(rng):
    """The letters of the derivation, first with simple numbers."""
    yield {"W2": np.array([[2.0, -1.0]]), "W3": np.array([[4.0]]), "A1": np.array([[0.5], [0.25]]), "A2": np.array([[0.5]]),
           "A3": np.array([[0.75]]), "Y": np.array([[1.0]]), "k": 2.0, "case": "2–1–1, one sample, k = 2"}
    for case in sigmoid_net_cases(rng):
        yield {name: case[name] for name in ("W2", "W3", "A1", "A2", "A3", "Y", "k", "case")}


# %% nbgrader={"grade_id": "error-formulas", "solution": true}
def error_formulas():
    """The errors at the pre-activations of the sigmoid net, as formulas of W2, W3, A1, A2, A3, Y and k.

    Returns a text with the lines "D3 = ...", "D2 = ..." and "D1 = ...".
    """
    ### BEGIN SOLUTION
    return """
    D3 = (A3 - Y) * k * A3 * (1 - A3)
    D2 = (W3.T @ D3) * k * A2 * (1 - A2)
    D1 = (W2.T @ D2) * k * A1 * (1 - A1)
    """
    ### END SOLUTION

# %% nbgrader={"grade_id": "error-formulas-check", "grade": true, "points": 2}
check.derivation(error_formulas, at=error_letters, returns=("D3", "D2", "D1"), points=2)

# %% tags=["mistake"] question="error-formulas" says="The slope of σ(kz) with respect to z is k times a (1 − a): the factor k is missing."
def error_formulas():
    return "D3 = (A3 - Y) * A3 * (1 - A3); D2 = (W3.T @ D3) * A2 * (1 - A2); D1 = (W2.T @ D2) * A1 * (1 - A1)"

# %% tags=["mistake"] question="error-formulas" says="Squared error sees the output through its sigmoid: the slope of the output layer is missing."
def error_formulas():
    return "D3 = A3 - Y; D2 = (W3.T @ D3) * k * A2 * (1 - A2); D1 = (W2.T @ D2) * k * A1 * (1 - A1)"

# %% tags=["mistake"] question="error-formulas" says="On the way back through the hidden layers the slopes of their sigmoids are missing."
def error_formulas():
    return "D3 = (A3 - Y) * k * A3 * (1 - A3); D2 = W3.T @ D3; D1 = W2.T @ D2"

# %% tags=["mistake"] question="error-formulas" says="The loss has a factor one half, so the derivative of the square has no 2 left."
def error_formulas():
    return """
    D3 = 2 * (A3 - Y) * k * A3 * (1 - A3)
    D2 = (W3.T @ D3) * k * A2 * (1 - A2)
    D1 = (W2.T @ D2) * k * A1 * (1 - A1)
    """

# %% tags=["alternative"] question="error-formulas" name="with a minus squares"
def error_formulas():
    return {"D3": "k * (A3 - Y) * (A3 - A3**2)", "D2": "k * transpose(D3.T @ W3) * (A2 - A2**2)",
            "D1": "k * (W2.T @ D2) * (A1 - square(A1))"}

# %% tags=["alternative"] question="error-formulas" name="the slopes on lines of their own"
def error_formulas():
    return """
    S1 = k * A1 * (1 - A1)
    S2 = k * A2 * (1 - A2)
    S3 = k * A3 * (1 - A3)
    D3 = S3 * (A3 - Y)
    D2 = S2 * (W3.T @ D3)
    D1 = S1 * (W2.T @ D2)
    """

# %% [markdown]
# **Then the code**, with the gradients of the weights.

# %% nbgrader={"grade_id": "sigmoid-backward", "solution": true}
def sigmoid_backward(W2, W3, X, Y, A1, A2, A3, k):
    """The gradients of the summed squared error of the sigmoid net.

    W2: (h2, h1), W3: (c, h2), X: (d, t), Y: (c, t), targets;
    A1: (h1, t), A2: (h2, t), A3: (c, t), activations after the sigmoids; k: slope of the sigmoids.
    Returns dW1: (h1, d), dW2: (h2, h1) and dW3: (c, h2).
    """
    ### BEGIN SOLUTION
    D3 = (A3 - Y) * k * A3 * (1 - A3)  # (c, t)
    D2 = (W3.T @ D3) * k * A2 * (1 - A2)  # (h2, t)
    D1 = (W2.T @ D2) * k * A1 * (1 - A1)  # (h1, t)
    return D1 @ X.T, D2 @ A1.T, D3 @ A2.T
    ### END SOLUTION

# %% nbgrader={"grade_id": "sigmoid-backward-check", "grade": true, "points": 5}
check.gradients(
    sigmoid_backward, of=sigmoid_net_loss, wrt=("W1", "W2", "W3"), at=sigmoid_net_cases, points=5,
    ### BEGIN HIDDEN TESTS
    also_at=lambda rng: sigmoid_net_cases(rng, sizes=((2, 7, 3, 4, 1, 0.5), (5, 2, 6, 3, 9, 1.2))),
    ### END HIDDEN TESTS
)

# %% tags=["mistake"] question="sigmoid-backward" says="The slope of sigma(kz) is k times a (1 - a): the factor k is missing in every layer."
def sigmoid_backward(W2, W3, X, Y, A1, A2, A3, k):
    D3 = (A3 - Y) * A3 * (1 - A3)
    D2 = (W3.T @ D3) * A2 * (1 - A2)
    D1 = (W2.T @ D2) * A1 * (1 - A1)
    return D1 @ X.T, D2 @ A1.T, D3 @ A2.T

# %% tags=["mistake"] question="sigmoid-backward" says="Each sigmoid in the backward pass brings its own factor k: here it comes in only once, at the output, so W2 lacks one factor and W1 two."
def sigmoid_backward(W2, W3, X, Y, A1, A2, A3, k):
    D3 = (A3 - Y) * k * A3 * (1 - A3)
    D2 = (W3.T @ D3) * A2 * (1 - A2)
    D1 = (W2.T @ D2) * A1 * (1 - A1)
    return D1 @ X.T, D2 @ A1.T, D3 @ A2.T

# %% tags=["mistake"] question="sigmoid-backward" says="The output layer has a sigmoid as well, and with squared error its slope belongs to the error there. (With cross-entropy it cancels, but that is another loss.)"
def sigmoid_backward(W2, W3, X, Y, A1, A2, A3, k):
    D3 = A3 - Y
    D2 = (W3.T @ D3) * k * A2 * (1 - A2)
    D1 = (W2.T @ D2) * k * A1 * (1 - A1)
    return D1 @ X.T, D2 @ A1.T, D3 @ A2.T

# %% tags=["mistake"] question="sigmoid-backward" says="On the way back through the hidden layers the slopes of their sigmoids are missing: these are the gradients of a net with linear hidden layers."
def sigmoid_backward(W2, W3, X, Y, A1, A2, A3, k):
    D3 = (A3 - Y) * k * A3 * (1 - A3)
    D2 = W3.T @ D3
    return (W2.T @ D2) @ X.T, D2 @ A1.T, D3 @ A2.T

# %% tags=["mistake"] question="sigmoid-backward" says="This loss is a sum over the samples: its gradients are not divided by their number."
def sigmoid_backward(W2, W3, X, Y, A1, A2, A3, k):
    D3 = (A3 - Y) * k * A3 * (1 - A3) / X.shape[1]
    D2 = (W3.T @ D3) * k * A2 * (1 - A2)
    D1 = (W2.T @ D2) * k * A1 * (1 - A1)
    return D1 @ X.T, D2 @ A1.T, D3 @ A2.T

# %% tags=["mistake"] question="sigmoid-backward" says="The sigmoid has been applied twice: A is already sigma(kZ), and the slope at Z is made of A directly."
def sigmoid_backward(W2, W3, X, Y, A1, A2, A3, k):
    def slope(a):
        return k * expit(k * a) * (1 - expit(k * a))

    D3 = (A3 - Y) * slope(A3)
    D2 = (W3.T @ D3) * slope(A2)
    D1 = (W2.T @ D2) * slope(A1)
    return D1 @ X.T, D2 @ A1.T, D3 @ A2.T

# %% tags=["mistake"] question="sigmoid-backward" says="The loss has a factor one half, so the derivative of the square has no 2 left."
def sigmoid_backward(W2, W3, X, Y, A1, A2, A3, k):
    D3 = 2 * (A3 - Y) * k * A3 * (1 - A3)
    D2 = (W3.T @ D3) * k * A2 * (1 - A2)
    D1 = (W2.T @ D2) * k * A1 * (1 - A1)
    return D1 @ X.T, D2 @ A1.T, D3 @ A2.T

# %% tags=["alternative"] question="sigmoid-backward" name="sample by sample"
def sigmoid_backward(W2, W3, X, Y, A1, A2, A3, k):
    total = [0, 0, 0]
    for x, y, a1, a2, a3 in zip(X.T, Y.T, A1.T, A2.T, A3.T):
        d3 = (a3 - y) * k * a3 * (1 - a3)
        d2 = W3.T @ d3 * k * a2 * (1 - a2)
        d1 = W2.T @ d2 * k * a1 * (1 - a1)
        total = [g + np.outer(d, a) for g, d, a in zip(total, (d1, d2, d3), (x, a1, a2))]
    return total

# %% tags=["alternative"] question="sigmoid-backward" name="float32"
def sigmoid_backward(W2, W3, X, Y, A1, A2, A3, k):
    W2, W3, X, Y, A1, A2, A3 = (M.astype(np.float32) for M in (W2, W3, X, Y, A1, A2, A3))
    D3 = k * (A3 - Y) * (A3 - A3**2)
    D2 = k * np.dot(W3.T, D3) * (A2 - A2**2)
    D1 = k * np.dot(W2.T, D2) * (A1 - A1**2)
    return D1 @ X.T, D2 @ A1.T, D3 @ A2.T

# %% tags=["alternative"] question="sigmoid-backward" name="einsum, all powers of k at the end"
def sigmoid_backward(W2, W3, X, Y, A1, A2, A3, k):
    D3 = (A3 - Y) * A3 * (1 - A3)
    D2 = np.einsum("ij,is->js", W3, D3) * A2 * (1 - A2)
    D1 = np.einsum("ij,is->js", W2, D2) * A1 * (1 - A1)
    return (k**3 * np.einsum("is,js->ij", D1, X), k**2 * np.einsum("is,js->ij", D2, A1),
            k * np.einsum("is,js->ij", D3, A2))

# %% [markdown]
# ## 1.6 Find what is not a number
#
# *Afterwards a run that breaks says so.*
#
# When a step is too large, weights grow, products overflow to infinity, and infinity minus infinity is NaN, "not a
# number". From then on every number of the net is NaN and no error is raised: a program will happily train NaNs all
# night. So look before every step. Two traps: infinity is not NaN, but it is as bad; and the loss can still be fine
# when a gradient no longer is.
#
# Say *which* of the four is the first that holds anything but finite numbers. A number is finite if it is neither
# infinite nor NaN, however large it is.
#
# Shapes: one number and three matrices $\to$ a string.

# %% nbgrader={"grade_id": "not-finite-cases", "locked": true}
def finite_or_not_cases(rng):
    """A loss and three gradients; in some of them a few entries are not finite."""
    def healthy():
        return {"loss": float(rng.random()), "dW1": rng.standard_normal((3, 4)), "dW2": rng.standard_normal((2, 3)),
                "dW3": rng.standard_normal((2, 2))}

    def spoilt(name, value, case):
        numbers = healthy()
        numbers[name].flat[rng.integers(numbers[name].size)] = value
        return numbers | {"case": case}

    yield healthy() | {"case": "all is well"}
    yield healthy() | {"dW2": 1e308 * rng.uniform(1.0, 1.7, (2, 3)), "case": "huge, but finite"}
    yield healthy() | {"loss": float("nan"), "case": "the loss is NaN"}
    yield healthy() | {"loss": float("inf"), "case": "the loss is infinite"}
    yield spoilt("dW1", np.nan, "one NaN in dW1")
    yield spoilt("dW2", np.inf, "one infinity in dW2")
    yield spoilt("dW3", -np.inf, "one negative infinity in dW3")
    yield spoilt("dW2", np.nan, "NaN in dW2, infinity in dW3") | {"dW3": np.full((2, 2), np.inf)}
    yield spoilt("dW1", np.inf, "infinity in dW1, NaN in dW2") | {"dW2": np.full((2, 3), np.nan)}
    yield healthy() | {"loss": -float("inf"), "case": "the loss is minus infinity"}


# %% nbgrader={"grade_id": "not-finite", "solution": true}
def first_not_finite(loss, dW1, dW2, dW3):
    """The name of the first argument that holds an infinity or a NaN.

    loss: one number; dW1, dW2, dW3: arrays of any shape.
    Returns "loss", "dW1", "dW2" or "dW3"; "" if all numbers are finite.
    """
    ### BEGIN SOLUTION
    for name, numbers in (("loss", loss), ("dW1", dW1), ("dW2", dW2), ("dW3", dW3)):
        if not np.all(np.isfinite(numbers)):
            return name
    return ""
    ### END SOLUTION

# %% nbgrader={"grade_id": "not-finite-check", "grade": true, "points": 2}
check.values(first_not_finite, at=finite_or_not_cases, by="case", points=2)

# %% tags=["mistake"] question="not-finite" says="Infinity is not NaN, so a test for NaN lets it through, and one step later everything is NaN."
def first_not_finite(loss, dW1, dW2, dW3):
    for name, numbers in (("loss", loss), ("dW1", dW1), ("dW2", dW2), ("dW3", dW3)):
        if np.any(np.isnan(numbers)):
            return name
    return ""

# %% tags=["mistake"] question="not-finite" says="Only the loss is looked at: it can still be finite when a gradient is not, and the step is taken with the gradient."
def first_not_finite(loss, dW1, dW2, dW3):
    return "" if np.isfinite(loss) else "loss"

# %% tags=["mistake"] question="not-finite" says="A norm squares its entries: it overflows for numbers that are large and finite, and stops a run that could go on."
def first_not_finite(loss, dW1, dW2, dW3):
    for name, numbers in (("loss", loss), ("dW1", dW1), ("dW2", dW2), ("dW3", dW3)):
        if not np.isfinite(np.sqrt(np.sum(np.square(numbers)))):
            return name
    return ""

# %% tags=["mistake"] question="not-finite" says="NaN is not equal to anything, not even to itself: comparing with NaN never finds one."
def first_not_finite(loss, dW1, dW2, dW3):
    for name, numbers in (("loss", loss), ("dW1", dW1), ("dW2", dW2), ("dW3", dW3)):
        if np.any(numbers == np.nan) or np.any(np.isinf(numbers)):
            return name
    return ""

# %% tags=["mistake"] question="not-finite" says="The entries have been added up first, and a sum of numbers that are large and finite can be infinite: look at every entry by itself."
def first_not_finite(loss, dW1, dW2, dW3):
    for name, numbers in (("loss", loss), ("dW1", dW1), ("dW2", dW2), ("dW3", dW3)):
        if not np.isfinite(np.sum(numbers)):
            return name
    return ""

# %% tags=["mistake"] question="not-finite" says="All four are searched for NaN before any is searched for infinity. The first that holds either is asked for: one is as bad as the other."
def first_not_finite(loss, dW1, dW2, dW3):
    everything = {"loss": loss, "dW1": dW1, "dW2": dW2, "dW3": dW3}
    for is_bad in (np.isnan, np.isinf):
        for name, numbers in everything.items():
            if np.any(is_bad(numbers)):
                return name
    return ""

# %% tags=["alternative"] question="not-finite" name="a dictionary, with isnan and isinf"
def first_not_finite(loss, dW1, dW2, dW3):
    everything = {"loss": np.array([loss]), "dW1": dW1, "dW2": dW2, "dW3": dW3}
    bad = [name for name, x in everything.items() if np.isnan(x).any() or np.isinf(x).any()]
    return bad[0] if bad else ""

# %% tags=["alternative"] question="not-finite" name="between the largest floats"
def first_not_finite(loss, dW1, dW2, dW3):
    most = np.finfo(float).max
    for name, x in zip(["loss", "dW1", "dW2", "dW3"], [loss, dW1, dW2, dW3]):
        if not np.all((-most <= x) & (x <= most)):
            return name
    return ""

# %% [markdown]
# ## 1.7 Training that keeps a diary
#
# *Afterwards any net of this notebook trains with one call, and tells how it went.*
#
# There will be some forty runs, so the loop is written once. It does not know the net: for that it calls `evaluate`, which
# is in the next cell, ready-made. `evaluate(net, W1, W2, W3, X, Y)` returns the loss (a number), the accuracy (from 0
# to 1) and the three gradients; `net` is a small dictionary that says which net it is. It uses your functions.
# One kind of net is built in, a linear one without any of your code, so that you can write and check the loop by
# itself.
#
# The loop, for every rate in `rates`:
#
# 1. evaluate the net;
# 2. if anything is not finite, stop before any harm is done: this step is not taken and not written down;
# 3. write down the loss and the accuracy **before** the step, and how large the step is in each layer, relative to the
#    weights: $\lVert \eta\, \partial L / \partial W_l \rVert \,/\, \lVert W_l \rVert$, where $\lVert \cdot \rVert$ is
#    the root of the sum of all squares (`np.linalg.norm`);
# 4. take the step with the rate of *this* step.
#
# The relative size of a step is the most telling number of a run. In this notebook, layers whose steps are far below
# $10^{-5}$ do not get anywhere in a run. Around 1, each step throws away the layer and makes a new one. (A rule of thumb
# for good training is about $10^{-3}$: see the notes of the Stanford course CS231n, in the list at the end.)
#
# A run that stops says a sentence with the number of the step in digits (the first step is 0) and the name of what
# broke, "loss", "dW1", "dW2" or "dW3", such as "Stopped at step 7: dW2 is not finite." The weights that come back are
# the last ones, not the best on the way: which were the best, the diary tells.
#
# Shapes: `losses` and `accuracies` $(n,)$, `sizes` $(n, 3)$, where $n$ is the number of steps taken: `len(rates)` if
# nothing broke, and 0 if the first evaluation did.

# %% nbgrader={"grade_id": "any-net", "locked": true}
# Output layers with the function of the hidden layers, and what they have for a loss and for its error at the output.
OWN_OUTPUTS = ("the same, squared error", "the same, log loss", "the same, log loss with a − y")


def own_error(net, Z3, A3, Y):
    """The error at an output layer that has the function of the hidden layers."""
    if net["output"].endswith("a − y"):  # the error that belongs to sigmoid or softmax, not to this output
        return A3 - Y
    by_output = A3 - Y if "squared" in net["output"] else -Y / (A3 + 1e-9)
    return by_output * slope(net["hidden"], Z3)


def forward_pass(net, W1, W2, W3, X, Y):
    """The cache of a forward pass through any net of this notebook, with your functions: what each layer holds.

    net: "hidden" names the activation function, "output" the output layer with its loss, "k" the slope (for sigmoid).
    """
    if net["hidden"] == "none":  # the linear net
        A3 = W3 @ (W2 @ (W1 @ X))
        return {"A3": A3, "loss": np.sum((A3 - Y) ** 2) / 2}
    if net["hidden"] == "sigmoid" and net["output"] == "sigmoid, squared error":  # part 1
        A1, A2, A3 = sigmoid_forward(W1, W2, W3, X, net["k"])
        return {"A1": A1, "A2": A2, "A3": A3, "loss": squared_loss(A3, Y)}
    Z1 = W1 @ X  # part 3
    A1 = activate(net["hidden"], Z1)
    Z2 = W2 @ A1
    A2 = activate(net["hidden"], Z2)
    Z3 = W3 @ A2
    if net["output"] in OWN_OUTPUTS:  # one function in all layers
        A3 = activate(net["hidden"], Z3)
        loss = np.sum((A3 - Y) ** 2) / 2 if "squared" in net["output"] else -np.sum(Y * np.log(A3 + 1e-9))
    else:
        A3, loss = output_loss(net["output"], Z3, Y)
    return {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2, "Z3": Z3, "A3": A3, "loss": loss}


def gradients_of(net, W1, W2, W3, X, Y, cache):
    """The gradients (dW1, dW2, dW3) of any net of this notebook, with your functions."""
    A3 = cache["A3"]
    if net["hidden"] == "none":  # through the product of the three matrices
        D = (A3 - Y) @ X.T
        return (W3 @ W2).T @ D, W3.T @ D @ W1.T, D @ (W2 @ W1).T
    A1, A2 = cache["A1"], cache["A2"]
    if net["hidden"] == "sigmoid" and net["output"] == "sigmoid, squared error":
        return sigmoid_backward(W2, W3, X, Y, A1, A2, A3, net["k"])
    S1, S2 = (np.asarray(slope(net["hidden"], cache[Z]), X.dtype) for Z in ("Z1", "Z2"))
    own = net["output"] in OWN_OUTPUTS
    D3 = np.asarray(own_error(net, cache["Z3"], A3, Y) if own else output_error(net["output"], A3, Y), X.dtype)
    return backward(W2, W3, X, D3, A1, A2, S1, S2)


def in_slices(X, Y, most=5000):
    """X and Y, at most 5,000 samples at a time: arrays of a few megabytes are faster than huge ones."""
    for first in range(0, X.shape[1], most):
        yield X[:, first:first + most], Y[:, first:first + most]


progress = tqdm(disable=True)  # the bar of a run at full size


def evaluate(net, W1, W2, W3, X, Y):
    """How a net does on all samples: loss, accuracy and the gradients (dW1, dW2, dW3)."""
    loss, right, gradients = 0.0, 0, (0, 0, 0)
    with np.errstate(all="ignore"):  # whoever calls this looks for numbers that are not finite
        for x, y in in_slices(X, Y):  # the loss is a sum over samples: its parts add up, and so do their gradients
            cache = forward_pass(net, W1, W2, W3, x, y)
            loss += float(cache["loss"])
            right += np.sum(np.argmax(cache["A3"], axis=0) == np.argmax(y, axis=0))
            gradients = tuple(a + b for a, b in zip(gradients, gradients_of(net, W1, W2, W3, x, y, cache)))
    progress.update()
    return loss, float(right / X.shape[1]), gradients


# %% nbgrader={"grade_id": "train-cases", "locked": true}
LINEAR = {"hidden": "none"}


def few_step_cases(rng):
    """Steps of the linear net, each with a rate of its own; the first moves the layers by 5 % at most.

    In the second case all answers are right from the start, and one step is as good as none. In the third case one step
    is far too large: the loss rises there, and stays finite.
    """
    for shape, further in (((5, 4, 3, 3, 6), ()), ((3, 5, 4, 2, 7), ()), ((4, 3, 3, 2, 5), (400.0, 1e-12, 1e-12))):
        net = small_net(rng, *shape)
        if shape[0] == 3:
            net["Y"] = np.eye(2)[:, np.argmax(net["W3"] @ net["W2"] @ net["W1"] @ net["X"], axis=0)]
        _, _, gradients = evaluate(LINEAR, **net)
        most = max(np.linalg.norm(dW) / np.linalg.norm(net[W]) for W, dW in zip(("W1", "W2", "W3"), gradients))
        rates = 0.05 / most * np.array([1, *rng.uniform(0.2, 0.8, 3)[:1 if further else 3], *further])
        rates[1] *= 1e-9 if shape[0] == 3 else 1
        yield {"net": LINEAR, **net, "rates": rates.tolist(),
               "case": "{}–{}–{}–{}, t = {}".format(*shape) + ", one step too large" * bool(further)}


def breaking_cases(rng):
    """Runs that cannot go on: from somewhere in the middle, or from the first step."""
    def net():
        return {"net": LINEAR, **small_net(rng, 4, 3, 3, 2, 5)}

    def matrix(*shape):
        return rng.uniform(1, 2, shape)

    far_too_large = net()
    yield far_too_large | {"X": 10 * far_too_large["X"], "rates": 30 * [0.9], "case": "steps that are far too large"}
    yield net() | {"X": np.full((4, 5), np.nan), "rates": 5 * [0.01], "case": "NaN in the data"}
    positive = {"W1": matrix(3, 4), "W2": matrix(3, 3), "W3": matrix(2, 3)}  # nothing cancels, so infinity is not NaN yet
    yield net() | positive | {"X": 1e200 * matrix(4, 5), "rates": 5 * [0.01], "case": "infinite loss and gradients"}
    yield net() | {"W1": 1e35 * positive["W1"], "W2": 1e60 * positive["W2"], "W3": 1e60 * positive["W3"],
                   "X": matrix(4, 5), "rates": 5 * [0.01], "case": "an infinite loss with finite gradients"}
    yield net() | {"W1": np.zeros((3, 4)), "W2": 1e200 * matrix(3, 3), "W3": 1e200 * matrix(2, 3), "X": matrix(4, 5),
                   "rates": 5 * [0.01], "case": "a finite loss with an infinite gradient"}


def stops(run, net, W1, W2, W3, X, Y, rates):
    """Fewer steps than asked for, as many entries in each list, and each loss one that was measured: above 0."""
    n = len(run["losses"])
    return (n < len(rates) and np.shape(run["accuracies"]) == (n,) and len(run["sizes"]) == n
            and bool(np.all(np.asarray(run["losses"]) > 0)))


def stays_finite(run, net, W1, W2, W3, X, Y, rates):
    """Neither the weights nor the losses hold anything that is not finite."""
    return all(np.isfinite(run[name]).all() for name in ("W1", "W2", "W3", "losses"))


def says_where(run, net, W1, W2, W3, X, Y, rates):
    """The sentence has the number of the step that was not taken and what broke; the weights are those it stopped at."""
    with np.errstate(all="ignore"):
        loss, _, gradients_there = evaluate(net, run["W1"], run["W2"], run["W3"], X, Y)
    broken = [name for name, numbers in zip(("loss", "dW1", "dW2", "dW3"), (loss, *gradients_there))
              if not np.all(np.isfinite(numbers))]
    words = re.findall(r"\w+", str(run["says"]))
    return str(len(run["losses"])) in words and any(name in words for name in broken)


# %% nbgrader={"grade_id": "train", "solution": true}
def train(net, W1, W2, W3, X, Y, rates):
    """Gradient descent with all samples in every step.

    net: which net it is, for `evaluate`; W1, W2, W3: weights to start from (they stay as they are);
    X: (d, t), Y: (c, t); rates: a list of learning rates, one for each step.
    Returns a dictionary: "W1", "W2", "W3", the trained weights; "losses" (n,) and "accuracies" (n,) before each step;
    "sizes" (n, 3), the size of each step relative to the weights before it;
    "says", "" or a sentence with the number of the step at which training stopped and the name of what broke.
    """
    ### BEGIN SOLUTION
    losses, accuracies, sizes, says = [], [], [], ""
    for step, rate in enumerate(rates):
        loss, accuracy, (dW1, dW2, dW3) = evaluate(net, W1, W2, W3, X, Y)
        broken = first_not_finite(loss, dW1, dW2, dW3)
        if broken:
            says = f"Stopped at step {step}: {broken} is not finite."
            break

        losses.append(loss)
        accuracies.append(accuracy)
        sizes.append([rate * np.linalg.norm(dW) / np.linalg.norm(W)
                      for W, dW in ((W1, dW1), (W2, dW2), (W3, dW3))])
        W1 = W1 - rate * dW1  # new arrays: the caller's weights stay as they are
        W2 = W2 - rate * dW2
        W3 = W3 - rate * dW3
    return {"W1": W1, "W2": W2, "W3": W3, "losses": np.array(losses), "accuracies": np.array(accuracies),
            "sizes": np.array(sizes).reshape(-1, 3), "says": says}
    ### END SOLUTION

# %% [markdown]
# The first check follows four steps number by number. The second gives the loop runs that break.

# %% nbgrader={"grade_id": "train-steps-check", "grade": true, "points": 3}
check.values(train, at=few_step_cases, returns=("W1", "W2", "W3", "losses", "accuracies", "sizes"), points=3)

# %% nbgrader={"grade_id": "train-breaks-check", "grade": true, "points": 1}
check.properties(train, at=breaking_cases, points=1, stops_in_time=stops, all_numbers_stay_finite=stays_finite,
                 says_at_which_step=says_where)

# %% tags=["mistake"] question="train" says="Nobody looks whether the numbers are finite: the run goes on to the end, with weights that are NaN."
def train(net, W1, W2, W3, X, Y, rates):
    losses, accuracies, sizes = [], [], []
    for rate in rates:
        loss, accuracy, gradients = evaluate(net, W1, W2, W3, X, Y)
        losses.append(loss)
        accuracies.append(accuracy)
        sizes.append([rate * np.linalg.norm(dW) / np.linalg.norm(W) for W, dW in zip((W1, W2, W3), gradients)])
        W1, W2, W3 = (W - rate * dW for W, dW in zip((W1, W2, W3), gradients))
    return {"W1": W1, "W2": W2, "W3": W3, "losses": np.array(losses), "accuracies": np.array(accuracies),
            "sizes": np.array(sizes), "says": ""}

# %% tags=["mistake"] question="train" says="The step is taken first and looked at afterwards: by then the weights are spoilt. Look before the step."
def train(net, W1, W2, W3, X, Y, rates):
    losses, accuracies, sizes, says = [], [], [], ""
    for step, rate in enumerate(rates):
        loss, accuracy, gradients = evaluate(net, W1, W2, W3, X, Y)
        size = [rate * np.linalg.norm(dW) / np.linalg.norm(W) for W, dW in zip((W1, W2, W3), gradients)]
        W1, W2, W3 = (W - rate * dW for W, dW in zip((W1, W2, W3), gradients))
        name = first_not_finite(loss, *gradients)
        if name:
            says = f"Stopped at step {step}: {name} is not finite."
            break
        losses.append(loss)
        accuracies.append(accuracy)
        sizes.append(size)
    return {"W1": W1, "W2": W2, "W3": W3, "losses": np.array(losses), "accuracies": np.array(accuracies),
            "sizes": np.array(sizes).reshape(-1, 3), "says": says}

# %% tags=["mistake"] question="train" says="Training has changed the arrays that it was given, so no second run can start from the same weights: -= works in place, an assignment makes a new array."
def train(net, W1, W2, W3, X, Y, rates):
    losses, accuracies, sizes, says = [], [], [], ""
    for step, rate in enumerate(rates):
        loss, accuracy, gradients = evaluate(net, W1, W2, W3, X, Y)
        name = first_not_finite(loss, *gradients)
        if name:
            says = f"Stopped at step {step}: {name} is not finite."
            break
        losses.append(loss)
        accuracies.append(accuracy)
        sizes.append([rate * np.linalg.norm(dW) / np.linalg.norm(W) for W, dW in zip((W1, W2, W3), gradients)])
        for W, dW in zip((W1, W2, W3), gradients):
            W -= rate * dW
    return {"W1": W1, "W2": W2, "W3": W3, "losses": np.array(losses), "accuracies": np.array(accuracies),
            "sizes": np.array(sizes).reshape(-1, 3), "says": says}

# %% tags=["mistake"] question="train" says="Every step has a rate of its own: here all steps use the first one."
def train(net, W1, W2, W3, X, Y, rates):
    losses, accuracies, sizes, says = [], [], [], ""
    rate = rates[0]
    for step in range(len(rates)):
        loss, accuracy, gradients = evaluate(net, W1, W2, W3, X, Y)
        name = first_not_finite(loss, *gradients)
        if name:
            says = f"Stopped at step {step}: {name} is not finite."
            break
        losses.append(loss)
        accuracies.append(accuracy)
        sizes.append([rate * np.linalg.norm(dW) / np.linalg.norm(W) for W, dW in zip((W1, W2, W3), gradients)])
        W1, W2, W3 = (W - rate * dW for W, dW in zip((W1, W2, W3), gradients))
    return {"W1": W1, "W2": W2, "W3": W3, "losses": np.array(losses), "accuracies": np.array(accuracies),
            "sizes": np.array(sizes).reshape(-1, 3), "says": says}

# %% tags=["mistake"] question="train" says="The size of a step is that of the rate times the gradient: the gradient alone does not tell how far the weights move."
def train(net, W1, W2, W3, X, Y, rates):
    losses, accuracies, sizes, says = [], [], [], ""
    for step, rate in enumerate(rates):
        loss, accuracy, gradients = evaluate(net, W1, W2, W3, X, Y)
        name = first_not_finite(loss, *gradients)
        if name:
            says = f"Stopped at step {step}: {name} is not finite."
            break
        losses.append(loss)
        accuracies.append(accuracy)
        sizes.append([np.linalg.norm(dW) / np.linalg.norm(W) for W, dW in zip((W1, W2, W3), gradients)])
        W1, W2, W3 = (W - rate * dW for W, dW in zip((W1, W2, W3), gradients))
    return {"W1": W1, "W2": W2, "W3": W3, "losses": np.array(losses), "accuracies": np.array(accuracies),
            "sizes": np.array(sizes).reshape(-1, 3), "says": says}

# %% tags=["mistake"] question="train" says="Infinity is not NaN: a guard that looks for NaN only takes one more step with infinite numbers, and by then the weights are spoilt."
def train(net, W1, W2, W3, X, Y, rates):
    losses, accuracies, sizes, says = [], [], [], ""
    for step, rate in enumerate(rates):
        loss, accuracy, gradients = evaluate(net, W1, W2, W3, X, Y)
        broken = [name for name, x in zip(("loss", "dW1", "dW2", "dW3"), (loss, *gradients)) if np.isnan(x).any()]
        if broken:
            says = f"Stopped at step {step}: {broken[0]} is not finite."
            break
        losses.append(loss)
        accuracies.append(accuracy)
        sizes.append([rate * np.linalg.norm(dW) / np.linalg.norm(W) for W, dW in zip((W1, W2, W3), gradients)])
        W1, W2, W3 = (W - rate * dW for W, dW in zip((W1, W2, W3), gradients))
    return {"W1": W1, "W2": W2, "W3": W3, "losses": np.array(losses), "accuracies": np.array(accuracies),
            "sizes": np.array(sizes).reshape(-1, 3), "says": says}

# %% tags=["mistake"] question="train" says="Only the gradients are looked at: the loss can be infinite while they are still finite, and it is written down."
def train(net, W1, W2, W3, X, Y, rates):
    losses, accuracies, sizes, says = [], [], [], ""
    for step, rate in enumerate(rates):
        loss, accuracy, gradients = evaluate(net, W1, W2, W3, X, Y)
        name = first_not_finite(0.0, *gradients)
        if name:
            says = f"Stopped at step {step}: {name} is not finite."
            break
        losses.append(loss)
        accuracies.append(accuracy)
        sizes.append([rate * np.linalg.norm(dW) / np.linalg.norm(W) for W, dW in zip((W1, W2, W3), gradients)])
        W1, W2, W3 = (W - rate * dW for W, dW in zip((W1, W2, W3), gradients))
    return {"W1": W1, "W2": W2, "W3": W3, "losses": np.array(losses), "accuracies": np.array(accuracies),
            "sizes": np.array(sizes).reshape(-1, 3), "says": says}

# %% tags=["mistake"] question="train" says="These are the best weights on the way. Asked for are the ones after the last step: a run that gets worse has to show it."
def train(net, W1, W2, W3, X, Y, rates):
    losses, accuracies, sizes, says, best = [], [], [], "", (W1, W2, W3)
    for step, rate in enumerate(rates):
        loss, accuracy, gradients = evaluate(net, W1, W2, W3, X, Y)
        name = first_not_finite(loss, *gradients)
        if name:
            says = f"Stopped at step {step}: {name} is not finite."
            break
        losses.append(loss)
        accuracies.append(accuracy)
        sizes.append([rate * np.linalg.norm(dW) / np.linalg.norm(W) for W, dW in zip((W1, W2, W3), gradients)])
        if loss == min(losses):
            best = tuple(W - rate * dW for W, dW in zip((W1, W2, W3), gradients))
        W1, W2, W3 = (W - rate * dW for W, dW in zip((W1, W2, W3), gradients))
    return {"W1": best[0], "W2": best[1], "W3": best[2], "losses": np.array(losses),
            "accuracies": np.array(accuracies), "sizes": np.array(sizes).reshape(-1, 3), "says": says}

# %% tags=["mistake"] question="train" says="Training stops when the loss rises. All steps are asked for: a loss that rises once may fall again, and only numbers that are not finite end a run."
def train(net, W1, W2, W3, X, Y, rates):
    losses, accuracies, sizes, says = [], [], [], ""
    for step, rate in enumerate(rates):
        loss, accuracy, gradients = evaluate(net, W1, W2, W3, X, Y)
        name = first_not_finite(loss, *gradients)
        if name or (losses and loss > losses[-1]):
            says = f"Stopped at step {step}: {name or 'loss'} is not finite."
            break
        losses.append(loss)
        accuracies.append(accuracy)
        sizes.append([rate * np.linalg.norm(dW) / np.linalg.norm(W) for W, dW in zip((W1, W2, W3), gradients)])
        W1, W2, W3 = (W - rate * dW for W, dW in zip((W1, W2, W3), gradients))
    return {"W1": W1, "W2": W2, "W3": W3, "losses": np.array(losses), "accuracies": np.array(accuracies),
            "sizes": np.array(sizes).reshape(-1, 3), "says": says}

# %% tags=["mistake"] question="train" says="The diary is one step late: losses and accuracies are those before a step, so that the first entry is that of the start."
def train(net, W1, W2, W3, X, Y, rates):
    losses, accuracies, sizes, says = [], [], [], ""
    for step, rate in enumerate(rates):
        loss, accuracy, gradients = evaluate(net, W1, W2, W3, X, Y)
        name = first_not_finite(loss, *gradients)
        if name:
            says = f"Stopped at step {step}: {name} is not finite."
            break
        sizes.append([rate * np.linalg.norm(dW) / np.linalg.norm(W) for W, dW in zip((W1, W2, W3), gradients)])
        W1, W2, W3 = (W - rate * dW for W, dW in zip((W1, W2, W3), gradients))
        loss, accuracy, _ = evaluate(net, W1, W2, W3, X, Y)
        losses.append(loss)
        accuracies.append(accuracy)
    return {"W1": W1, "W2": W2, "W3": W3, "losses": np.array(losses), "accuracies": np.array(accuracies),
            "sizes": np.array(sizes).reshape(-1, 3), "says": says}

# %% tags=["mistake"] question="train" says="An exception throws away the whole run. Stop, and return what there is, with a sentence that says why."
def train(net, W1, W2, W3, X, Y, rates):
    losses, accuracies, sizes = [], [], []
    for step, rate in enumerate(rates):
        loss, accuracy, gradients = evaluate(net, W1, W2, W3, X, Y)
        if first_not_finite(loss, *gradients):
            raise ValueError(f"NaN at step {step}")
        losses.append(loss)
        accuracies.append(accuracy)
        sizes.append([rate * np.linalg.norm(dW) / np.linalg.norm(W) for W, dW in zip((W1, W2, W3), gradients)])
        W1, W2, W3 = (W - rate * dW for W, dW in zip((W1, W2, W3), gradients))
    return {"W1": W1, "W2": W2, "W3": W3, "losses": np.array(losses), "accuracies": np.array(accuracies),
            "sizes": np.array(sizes), "says": ""}

# %% tags=["mistake"] question="train" says="Training stops when all answers are right. The loss goes on falling then: a step is asked for with each of the rates."
def train(net, W1, W2, W3, X, Y, rates):
    losses, accuracies, sizes, says = [], [], [], ""
    for step, rate in enumerate(rates):
        loss, accuracy, gradients = evaluate(net, W1, W2, W3, X, Y)
        broken = first_not_finite(loss, *gradients)
        if broken:
            says = f"Stopped at step {step}: {broken} is not finite."
            break
        losses.append(loss)
        accuracies.append(accuracy)
        sizes.append([rate * np.linalg.norm(dW) / np.linalg.norm(W) for W, dW in zip((W1, W2, W3), gradients)])
        if accuracy == 1:
            break
        W1, W2, W3 = (W - rate * dW for W, dW in zip((W1, W2, W3), gradients))
    return {"W1": W1, "W2": W2, "W3": W3, "losses": np.array(losses), "accuracies": np.array(accuracies),
            "sizes": np.array(sizes).reshape(-1, 3), "says": says}

# %% tags=["mistake"] question="train" says="Training stops when the loss hardly changes. A step can be small because its rate is: one is asked for with each of the rates."
def train(net, W1, W2, W3, X, Y, rates):
    losses, accuracies, sizes, says = [], [], [], ""
    for step, rate in enumerate(rates):
        loss, accuracy, gradients = evaluate(net, W1, W2, W3, X, Y)
        broken = first_not_finite(loss, *gradients)
        if broken:
            says = f"Stopped at step {step}: {broken} is not finite."
            break
        if losses and abs(loss - losses[-1]) < 1e-6:
            break
        losses.append(loss)
        accuracies.append(accuracy)
        sizes.append([rate * np.linalg.norm(dW) / np.linalg.norm(W) for W, dW in zip((W1, W2, W3), gradients)])
        W1, W2, W3 = (W - rate * dW for W, dW in zip((W1, W2, W3), gradients))
    return {"W1": W1, "W2": W2, "W3": W3, "losses": np.array(losses), "accuracies": np.array(accuracies),
            "sizes": np.array(sizes).reshape(-1, 3), "says": says}

# %% tags=["alternative"] question="train" name="a list of copies, moved in place; arrays of full length, cut at the end"
def train(net, W1, W2, W3, X, Y, rates):
    weights, n, says = [W1.copy(), W2.copy(), W3.copy()], 0, ""
    losses, accuracies, sizes = np.zeros(len(rates)), np.zeros(len(rates)), np.zeros((len(rates), 3))
    while n < len(rates) and not says:
        loss, accuracy, gradients = evaluate(net, *weights, X, Y)
        if np.isfinite(loss) and all(np.isfinite(dW).all() for dW in gradients):
            losses[n], accuracies[n] = loss, accuracy
            for layer in range(3):
                move = rates[n] * gradients[layer]
                sizes[n, layer] = np.sqrt(np.sum(move**2) / np.sum(weights[layer] ** 2))
                weights[layer] -= move
            n += 1
        else:
            says = f"Step {n} was not taken, because {first_not_finite(loss, *gradients)} is not finite."
    return dict(zip(("W1", "W2", "W3"), weights)) | {
        "losses": losses[:n], "accuracies": accuracies[:n], "sizes": sizes[:n], "says": says}

# %% tags=["alternative"] question="train" name="a helper for the size, plain lists"
def train(net, W1, W2, W3, X, Y, rates):
    def relative(move, W):
        return float(np.linalg.norm(np.ravel(move)) / np.linalg.norm(np.ravel(W)))

    run = {"losses": [], "accuracies": [], "sizes": [], "says": ""}
    for rate in rates:
        loss, accuracy, (dW1, dW2, dW3) = evaluate(net, W1, W2, W3, X, Y)
        name = first_not_finite(loss, dW1, dW2, dW3)
        if name != "":
            run["says"] = "Stopped at step {}: {} is not finite.".format(len(run["losses"]), name)
            break
        run["losses"] += [loss]
        run["accuracies"] += [accuracy]
        run["sizes"] += [(relative(rate * dW1, W1), relative(rate * dW2, W2), relative(rate * dW3, W3))]
        W1, W2, W3 = W1 - rate * dW1, W2 - rate * dW2, W3 - rate * dW3
    lists = {name: np.array(run[name]) for name in ("losses", "accuracies")}
    return run | lists | {"sizes": np.array(run["sizes"]).reshape(-1, 3), "W1": W1, "W2": W2, "W3": W3}

# %% [markdown]
# ### How all runs of this notebook are made
#
# A *recipe* says all about a run: activation function, slope, output layer with its loss, initialisation and its seed,
# rate. `BASE` is the net that hardly learns. `try_out` takes a recipe, changes what you name, trains, prints one line
# and keeps the run in `runs`. Losses are shown **per sample**, so that they can be compared between 1,000 and 60,000
# digits. Two runs with the same kind of start and the same seed begin with the same numbers.
#
# `draw` uses your `start_weights` from 2.1. Until you have it, only "uniform" works.

# %% nbgrader={"grade_id": "recipes", "locked": true}
BASE = {"hidden": "sigmoid", "k": 1.0, "output": "sigmoid, squared error", "start": "uniform", "seed": 0, "rate": None}
LAYERS = ((256, 784), (128, 256), (10, 128))
runs = {}  # name -> recipe, diary, weights, accuracies


def draw(start, seed=0):
    """The initial weights W1, W2, W3, of 32-bit floats: uniform, or what `start_weights` makes."""
    seeds = range(10 * seed, 10 * seed + 3)
    if start in ("uniform", "uniform ±½"):
        size = 1 if start == "uniform" else 0.5
        return [np.random.default_rng(s).uniform(-size, size, shape).astype(np.float32)
                for s, shape in zip(seeds, LAYERS)]
    if start == "√(2/fan_out)":  # a standard deviation for each layer
        return [np.asarray(start_weights(float(np.sqrt(2 / shape[0])), *shape, s), np.float32)
                for s, shape in zip(seeds, LAYERS)]
    kind, minus = ("Poisson/4", 0.25) if start == "Poisson/4 minus its mean" else (start, 0)
    return [np.asarray(start_weights(kind, *shape, s) - minus, np.float32) for s, shape in zip(seeds, LAYERS)]


def run_of(name):
    """A run by its name."""
    if name not in runs:
        raise NotImplementedError(f"the run {name!r} has not been made")
    return runs[name]


def weights_of(run):
    return run["W1"], run["W2"], run["W3"]


def share_right(net, weights, X, Y):
    """The accuracy of a net; outputs that are not finite count as wrong."""
    right = 0
    with np.errstate(all="ignore"):
        for x, y in in_slices(X, Y):
            A3 = forward_pass(net, *weights, x, y)["A3"]
            right += np.sum((np.argmax(A3, axis=0) == np.argmax(y, axis=0)) & np.isfinite(A3).all(axis=0))
    return float(right / X.shape[1])


def try_out(name, like=BASE, **changes):
    """Train a net by a recipe, print one line, keep the run in `runs` under its name.

    like: the recipe to start from, or the name of the run that had it; changes: entries of the recipe to change.
    A rate is a number, or one number for each step; None stands for 1 / number of samples.
    """
    global progress
    recipe = (run_of(like)["recipe"] if isinstance(like, str) else like) | changes
    rates = np.broadcast_to(1 / SAMPLES if recipe["rate"] is None else recipe["rate"], STEPS).tolist()
    for other, run in runs.items():
        if run["rates"] == rates and run["recipe"] | {"rate": None} == recipe | {"rate": None}:
            runs[name] = run | {"recipe": recipe, "changes": changes, "like": like, "says": f"the same as {other!r}"}
            print(f"{name:32} is the same as {other!r}")
            return
    Y, test_Y = (one_hot(y, 10).astype(np.float32) for y in (labels, test_labels))
    start = time.perf_counter()
    progress = tqdm(total=STEPS, desc=name, disable=not FULL, leave=False)
    with progress, np.errstate(all="ignore"):
        run = train(recipe, *draw(recipe["start"], recipe["seed"]), inputs, Y, rates)
    run["train accuracy"] = share_right(recipe, weights_of(run), inputs, Y)
    run["test accuracy"] = share_right(recipe, weights_of(run), test_inputs, test_Y)
    run["losses"] = run["losses"] / SAMPLES
    runs[name] = run | {"recipe": recipe, "rates": rates, "changes": changes, "like": like}
    first, last = run["losses"][[0, -1]] if len(run["losses"]) else (np.nan, np.nan)
    print(f"{name:32} loss {first:8.3f} → {last:8.4g}   right: {run['train accuracy']:6.1%} of the training digits, "
          f"{run['test accuracy']:6.1%} of the test digits   ({time.perf_counter() - start:.1f} s)  {run['says']}")


def show(names, title, short=lambda name: name):
    """Losses per sample and accuracies of some runs, side by side."""
    found = {short(name): run_of(name) for name in names}
    axes = plots.loss_and_accuracy({name: run["losses"] for name, run in found.items()},
                                   {name: run["accuracies"] for name, run in found.items()},
                                   title=title, xlabel="step", first=0)
    axes[0].set_ylabel("loss per sample")
    axes[1].set_ylabel("accuracy on the training digits")
    axes[1].axhline(0.9, color="#888888", linewidth=1, zorder=0)
    axes[1].annotate("90 %", (1, 0.9), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=8,
                     color="#555555")
    axes[1].set_ylim(0, 1)
    if len(found) > 1:  # one legend for both, beside them
        axes[0].get_legend().remove()
        axes[1].legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    plt.show()


# %% nbgrader={"grade_id": "bars", "locked": true}
def bars(names, title, short=lambda name: name):
    """The accuracies of some runs at their end, as bars."""
    found = {str(short(name)): run_of(name) for name in names}
    with plt.rc_context(plots.STYLE):
        figure, axis = plt.subplots(figsize=(2.2 + 0.75 * len(found), 3.2))
        for side, which in enumerate(("train", "test")):
            heights = [100 * run[f"{which} accuracy"] for run in found.values()]
            drawn = axis.bar(np.arange(len(found)) + 0.4 * side - 0.2, heights, 0.38, color=plots.COLORS[side],
                             label="training digits" if which == "train" else "test digits")
            axis.bar_label(drawn, fmt="%.0f", fontsize=8)
        axis.axhline(10, color="#888888", linewidth=1, linestyle="--", label="guessing")
        axis.set_xticks(np.arange(len(found)), list(found), rotation=25, ha="right", rotation_mode="anchor")
        axis.set(title=title, ylabel="right at the end, in %", ylim=(0, 105))
        axis.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
        figure.set_label(f"{title}: accuracies of {', '.join(found)}.")
    plt.show()


# %% [markdown]
# **Before the main experiments**, write down what you expect; the runs print it beside what they find.
#
# - With which of the rates 1e-5, 1e-4, 1e-3, 1e-2 and 1e-1 will the sigmoid net read the training digits best?
# - From how many of the eleven ways to begin in part 2 will it read more than half of them?
# - How many of the test digits, in %, will the best net of this notebook read?
#
# The point is for a prediction, right or wrong: one that you have made is worth more than an explanation that you have read.

# %% nbgrader={"grade_id": "predict-runs", "solution": true}
def predict_runs():
    """Your predictions: the best rate, of how many starts the sigmoid net learns, and % of the test digits read.

    Returns three numbers.
    """
    ### BEGIN SOLUTION
    return 1e-4, 5, 90
    ### END SOLUTION

# %% nbgrader={"grade_id": "predict-runs-cases", "locked": true}
def nothing_given(rng):
    """A prediction is made out of nothing."""
    yield {"case": "your prediction"}


def one_of_the_rates(prediction):
    """The first number is one of the rates that are tried."""
    return np.shape(prediction) == (3,) and float(prediction[0]) in (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)


def at_most_11_starts(prediction):
    """The second number counts ways to begin."""
    return np.shape(prediction) == (3,) and 0 <= float(prediction[1]) <= 11


def a_percentage(prediction):
    """The third number is a percentage."""
    return np.shape(prediction) == (3,) and 0 <= float(prediction[2]) <= 100


# %% nbgrader={"grade_id": "predict-runs-check", "grade": true, "points": 1}
check.properties(predict_runs, at=nothing_given, points=1,
                 one_of_the_rates=one_of_the_rates, at_most_11_starts=at_most_11_starts,
                 a_percentage=a_percentage)

# %% tags=["mistake"] question="predict-runs" says="Three numbers are asked for: a rate, a number of starts, and a percentage."
def predict_runs():
    return 1e-3

# %% tags=["mistake"] question="predict-runs" says="No run has this rate: name one of the five."
def predict_runs():
    return 0.5, 6, 90

# %% tags=["mistake"] question="predict-runs" says="There are eleven ways to begin: more cannot succeed."
def predict_runs():
    return 1e-3, 20, 90

# %% tags=["mistake"] question="predict-runs" says="A percentage lies between 0 and 100."
def predict_runs():
    return 1e-3, 6, 190

# %% tags=["alternative"] question="predict-runs" name="another prediction, as a list"
def predict_runs():
    return [1e-1, 0, 12.5]

# %% tags=["alternative"] question="predict-runs" name="an array"
def predict_runs():
    return np.array([1e-5, 11, 100])

# %% nbgrader={"grade_id": "what-was-made", "locked": true}
def compare(which, measured):
    """Print what was predicted and what was found."""
    what = ("Best of the five rates", "Starts from which the sigmoid net reads more than half of the training digits",
            "% of the test digits that the best net reads")[which]
    print(f"{what}: you predicted {float(predict_runs()[which]):g}, found {measured:g}")


def made(names):
    """Those of some runs that have been made."""
    return [name for name in names if name in runs]


def best_of(names, which="train accuracy"):
    """The name of the best of some runs."""
    return max(names, key=lambda name: run_of(name)[which])


# %% [markdown]
# ## 1.8 Five learning rates
#
# Nothing to write here, but much to read. The same net, from the same weights, with rates from 0.00001 to 0.1.

# %% tags=["experiment"]
RATES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)

with check.once_written():
    for rate in RATES:
        try_out(f"rate {rate:g}", rate=rate)
    show([f"rate {rate:g}" for rate in RATES], "The sigmoid net with squared error: five learning rates")
    bars([f"rate {rate:g}" for rate in RATES], "Five learning rates")
    compare(0, float(best_of([f"rate {rate:g}" for rate in RATES]).removeprefix("rate ")))

# %% [markdown]
# Only one of the five has begun to learn; that is common. The other four have failed in two different
# ways. The next figure, the relative size of the steps in the first layer, tells the two apart.

# %% tags=["experiment"]
with check.once_written():
    axes = plots.learning_curves({f"rate {rate:g}": run_of(f"rate {rate:g}")["sizes"][:, 0] for rate in RATES},
                                 title="How far the first layer moves in a step", xlabel="step", first=0,
                                 ylabel="size of the step / size of W1")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    plt.show()

# %% [markdown]
# ## 1.9 What is wrong with the other four?
#
# Write a few sentences. Look at the loss per sample, the accuracy and the sizes of the steps.
#
# - What do the two smallest rates lack, and how would you know without another run?
# - At 0.01 and 0.1 the loss ends at 0.5000 per sample, and the accuracy at chance. What are the ten outputs then, for
#   every digit? Why does no further step help, although the loss is high and the gradients are correct?
# - Which rate would you try first for 60,000 digits, and why? (Look at the loss of 1.4.)

# %% [markdown] nbgrader={"grade_id": "five-rates", "grade": true, "solution": true, "points": 3}
# ### BEGIN SOLUTION
# **Model answer.** At 0.00001 and 0.0001 the loss falls all the time, only slowly, from 2.44 to 2.03 and to 1.00.
# Nothing is wrong with the direction; the steps are short, as their sizes show, and more steps or a larger rate would
# help. At 0.01 and 0.1 the first steps are so large that the weights of the output layer are thrown far to the negative
# side. Then all ten outputs are 0 for every digit. Squared error per sample is then ½ · 1² = 0.5, from the one output
# whose target is 1. The sigmoids are saturated: the error at the output is $(a - y)\, k\, a (1 - a)$, and with $a = 0$
# it is 0 wherever it should be large. So the gradient vanishes, although the net is as wrong as can be. The sizes of
# the steps fall by many powers of ten within ten steps and never recover, although these are the largest rates. For
# 60,000 digits the gradient is a sum of 60 times as many terms, so one would start at 0.001/60, about 0.00002.
#
# **Mark scheme, 3 points.**
#
# - 1 point: too small a rate means progress that is slow but real: the loss is still falling, the steps are short.
# - 1 point: too large a rate ends in saturation: all outputs are 0, the slope $a (1 - a)$ is 0, so the gradient
#   vanishes. Half a point for "it overshoots" or "it diverges" without the saturation; the loss does not grow here, it
#   stands still.
# - 1 point: the rate for 60,000 digits is about 60 times smaller, because the loss is a sum.
# ### END SOLUTION

# %% [markdown]
# ### Rates that mean the same for any number of samples
#
# This loss is a sum, so what counts is the rate times the number of samples. From here on, a recipe gives rates as
# $c / t$: a step of $c$ times the *mean* gradient. `BASE` has $c = 1$. On 1,000 digits that is the rate 0.001.
#
# Others report for this net, with all 60,000 digits and 200 steps, that rates of 1e-5, 2e-5 and 3e-5 do best, with up to
# 71 % of the training digits. That is $c$ = 0.6, 1.2 and 1.8. With the bundled 1,000 digits and 60 steps these read 22 %,
# 34 % and 42 % of them. (The last two are among the runs of `ALL = True`.)

# %% tags=["experiment"]
CS = (0.6, 1.2, 1.8)

with check.once_written():
    for c in CS if ALL else CS[:1]:
        try_out(f"c = {c:g}", rate=c / SAMPLES)
    show(made([f"c = {c:g}" for c in CS]) + ["rate 0.001"], "The sigmoid net with squared error: rates near the best",
         short=lambda name: "c = 1" if name == "rate 0.001" else name)

# %% [markdown]
# ## 1.10 The slope of the sigmoid, and how much is luck
#
# Now one other thing changes: $k$ is 0.1, 0.4, 0.5, 1 or 1.2, and the rate stays at $c = 1$. But first find out what a
# difference means. The cell runs `BASE` with two other seeds, so with other random initial weights of the same kind. If
# two runs that differ only by luck are ten points apart, then ten points between two slopes say nothing. (0.4 and 1.2
# are among the runs of `ALL = True`. With the bundled digits they end at 22 % and 26 % of the training digits.)

# %% tags=["experiment"]
SLOPES = (0.1, 0.4, 0.5, 1.0, 1.2)

with check.once_written():
    try_out("base")
    for seed in (1, 2):
        try_out(f"base, seed {seed}", seed=seed)
    for k in SLOPES if ALL else (0.1, 0.5, 1.0):
        try_out(f"slope k = {k:g}", k=k)
    compared = made([f"slope k = {k:g}" for k in SLOPES]) + ["base, seed 1", "base, seed 2"]
    show(compared, "The sigmoid net with squared error: slopes, and k = 1 with other seeds",
         short=lambda name: name.removeprefix("slope "))
    bars(compared, "Slopes, and k = 1 with other seeds", short=lambda name: name.removeprefix("slope "))

# %% [markdown]
# ## 1.11 A slope is nothing new
#
# *Afterwards you can turn any run with a slope k into one with k = 1.*
#
# With the bundled digits the three seeds of `BASE` reach 31 %, 47 % and 46 %. So of all the slopes only $k = 0.1$ can
# be told apart from luck. And is another slope a new kind of net at all? No: with $V = kW$, $\sigma(k\, W x)$ is
# $\sigma(V x)$. So there is a net with slope 1 that gives the same outputs from the start. Find its weights
# $V_1, V_2, V_3$.
#
# To *stay* the same during training, it needs another rate. Think of one weight, $v = kw$. A step changes $w$ by
# $-\eta\, \partial L/\partial w$. By how much must $v$ change then? And what is $\partial L/\partial w$, expressed by
# $\partial L/\partial v$? Put the two together and read off the rate $\eta'$ in
# $v \leftarrow v - \eta'\, \partial L/\partial v$.
#
# Shapes: those of the weights, and one number.

# %% nbgrader={"grade_id": "same-net-cases", "locked": true}
def slope_cases(rng):
    """Weights, a rate and a slope."""
    for k in (0.4, 2.5):
        net = small_net(rng, 4, 3, 3, 2, 5)
        yield {name: net[name] for name in ("W1", "W2", "W3")} | {
            "rate": float(rng.uniform(0.1, 0.5)), "k": k, "case": f"k = {k}"}


# %% nbgrader={"grade_id": "same-net", "solution": true}
def without_slope(W1, W2, W3, rate, k):
    """The net with slope 1 that trains exactly like a given net with slope k.

    W1, W2, W3: initial weights of the net with slope k; rate: its learning rate; k: its slope.
    Returns V1, V2, V3, the initial weights of the net with slope 1, and its learning rate.
    """
    ### BEGIN SOLUTION
    # v = k w: a step moves v by k times what it moves w, and dL/dw = k dL/dv.
    return k * W1, k * W2, k * W3, k**2 * rate
    ### END SOLUTION

# %% nbgrader={"grade_id": "same-net-check", "grade": true, "points": 2}
check.values(without_slope, at=slope_cases, returns=("V1", "V2", "V3", "rate"), points=2)

# %% tags=["mistake"] question="same-net" says="The factor k comes in twice: v moves k times as far as w, and the gradient with respect to w is k times the one with respect to v."
def without_slope(W1, W2, W3, rate, k):
    return k * W1, k * W2, k * W3, k * rate

# %% tags=["mistake"] question="same-net" says="The weights are right, but with the old rate the two nets part at the first step: the gradients are with respect to other variables."
def without_slope(W1, W2, W3, rate, k):
    return k * W1, k * W2, k * W3, rate

# %% tags=["mistake"] question="same-net" says="The wrong way round: the sigmoid with slope k sees k times the pre-activation, so the net with slope 1 has weights that are k times as large, and a rate k² times as large."
def without_slope(W1, W2, W3, rate, k):
    return W1 / k, W2 / k, W3 / k, rate / k**2

# %% tags=["mistake"] question="same-net" says="Every layer has a sigmoid with slope k, so all three weight matrices take up a factor k, not only the first."
def without_slope(W1, W2, W3, rate, k):
    return k * W1, W2, W3, k**2 * rate

# %% tags=["alternative"] question="same-net" name="a list, with np.square"
def without_slope(W1, W2, W3, rate, k):
    return [*(np.multiply(W, k) for W in (W1, W2, W3)), rate * np.square(k)]

# %% tags=["alternative"] question="same-net" name="one factor after the other"
def without_slope(W1, W2, W3, rate, k):
    V1, V2, V3 = (W * float(k) for W in (W1, W2, W3))
    return V1, V2, V3, (rate * k) * k

# %% [markdown]
# The proof: a run with $k = 0.5$, and one with slope 1 by your recipe. The losses must agree to the digits that 32-bit
# floats have. So the last figure was one about **weights and rates** in disguise: $k = 0.1$ is the net with weights in
# ±0.1 and a hundredth of the rate. No wonder that it crawls. Part 2 changes the weights alone.

# %% tags=["experiment"]
with check.once_written():
    steps, half = min(STEPS, 20), 0.5
    weights, targets = draw("uniform"), one_hot(labels, 10).astype(np.float32)
    *twins, twin_rate = without_slope(*weights, 1 / SAMPLES, half)
    one = train(BASE | {"k": half}, *weights, inputs, targets, steps * [1 / SAMPLES])
    other = train(BASE | {"k": 1.0}, *twins, inputs, targets, steps * [float(twin_rate)])
    apart = np.max(np.abs(one["losses"] / other["losses"] - 1))
    print(f"{steps} steps with k = {half}: loss per sample {one['losses'][-1] / SAMPLES:.6f} at the end")
    print(f"its twin with k = 1:     loss per sample {other['losses'][-1] / SAMPLES:.6f}; "
          f"the two are nowhere more than {apart:.0e} apart")

# %% [markdown]
# # Part 2: initialisation

# %% [markdown]
# ## 2.1 Ways to begin
#
# *Afterwards you can initialise weights in every way that people use.*
#
# A hidden unit adds up many inputs. Random terms of mean 0 add up like a random walk: the sum of $n$ of them is about
# $\sqrt{n}$ times as large as one. With 784 inputs and weights around 1, pre-activations are far out where the sigmoid
# is flat. So one scales: with a standard deviation of $1/\sqrt{n}$ the sum is about as large as one input. The number
# $n$ of inputs of a unit is its *fan-in*.
#
# | `kind` | weights |
# |---|---|
# | `"uniform"` | uniform between −1 and 1 |
# | `"normal/3"` | standard normal numbers divided by 3 |
# | `"normal/√fan_in"` | standard normal numbers divided by the root of the fan-in |
# | `"He"` | normal with mean 0 and **variance** 2/fan-in |
# | `"Poisson/4"` | whole numbers from a Poisson distribution of mean 1, divided by 4 |
# | a number, such as `0.25` | normal with mean 0 and this **standard deviation** |
#
# He's variance is twice as large because ReLUs, for which it was made, set about half of what comes in to 0. The Poisson one
# is odd on purpose. `np.random.default_rng(seed)` has the methods `uniform`, `standard_normal` and `poisson`.
#
# The check looks at shape, mean, standard deviation and the kind of values, and whether the numbers are those that the
# seed's generator gives, in any order. (Rounded numbers are not those.)
#
# Shapes: $\to$ (fan-out, fan-in): one row for each unit that is fed, one column for each input that it has.

# %% nbgrader={"grade_id": "start-weights-cases", "locked": true}
def start_cases(rng):
    """Every kind, in a matrix of 16,000 weights."""
    for kind in ("uniform", "normal/3", "normal/√fan_in", "He", "Poisson/4", 0.1, 0.5):
        yield {"kind": kind, "fan_out": 200, "fan_in": 80, "seed": int(rng.integers(1_000_000)), "case": str(kind)}


def wanted_mean_and_deviation(kind, fan_in):
    named = {"uniform": (0, 3**-0.5), "normal/3": (0, 1 / 3), "normal/√fan_in": (0, fan_in**-0.5),
             "He": (0, (2 / fan_in) ** 0.5), "Poisson/4": (0.25, 0.25)}
    return named.get(kind, (0, kind))


def right_shape(W, kind, fan_out, fan_in, seed):
    return np.shape(W) == (fan_out, fan_in)


def right_mean(W, kind, fan_out, fan_in, seed):
    mean, deviation = wanted_mean_and_deviation(kind, fan_in)
    return abs(np.mean(W) - mean) < 0.06 * deviation


def right_deviation(W, kind, fan_out, fan_in, seed):
    return abs(np.std(W) / wanted_mean_and_deviation(kind, fan_in)[1] - 1) < 0.05


def numbers_of_the_seed(W, kind, fan_out, fan_in, seed):
    """The weights, brought back to their distribution, are the first numbers of the seed's generator, in any order."""
    found = np.sort(np.ravel(np.asarray(W, float)))
    for rng in (np.random.default_rng(seed), np.random.RandomState(seed)):  # the older kind is as good
        if kind == "uniform":
            drawn = rng.uniform(-1, 1, found.size)
        elif kind == "Poisson/4":
            drawn = rng.poisson(1, found.size) / 4
        else:
            drawn = wanted_mean_and_deviation(kind, fan_in)[1] * rng.standard_normal(found.size)
        if np.allclose(found, np.sort(drawn), atol=1e-5):
            return True
    return False


def right_values(W, kind, fan_out, fan_in, seed):
    """Uniform numbers keep inside a box, Poisson numbers are multiples, normal ones have a kurtosis of 3."""
    W = np.asarray(W, float)
    if kind == "uniform":
        return np.abs(W).max() <= 1 and np.quantile(W, 0.9) > 0.75
    if kind == "Poisson/4":
        return W.min() == 0 and np.all(W * 4 == np.round(W * 4))
    return abs(np.mean((W - W.mean()) ** 4) / W.var() ** 2 - 3) < 0.4


# %% nbgrader={"grade_id": "start-weights", "solution": true}
def start_weights(kind, fan_out, fan_in, seed):
    """Random initial weights of a layer.

    kind: "uniform", "normal/3", "normal/√fan_in", "He", "Poisson/4", or a number, the standard deviation;
    fan_out: number of units; fan_in: number of inputs of each; seed: a whole number for np.random.default_rng.
    Returns W: (fan_out, fan_in).
    """
    ### BEGIN SOLUTION
    rng = np.random.default_rng(seed)
    shape = (fan_out, fan_in)
    if kind == "uniform":
        return rng.uniform(-1, 1, shape)
    if kind == "Poisson/4":
        return rng.poisson(1, shape) / 4
    if kind == "normal/3":
        scale = 1 / 3
    elif kind == "normal/√fan_in":
        scale = 1 / np.sqrt(fan_in)
    elif kind == "He":
        scale = np.sqrt(2 / fan_in)
    else:
        scale = kind
    return scale * rng.standard_normal(shape)
    ### END SOLUTION

# %% nbgrader={"grade_id": "start-weights-check", "grade": true, "points": 3}
check.properties(start_weights, at=start_cases, points=3, shape=right_shape, mean=right_mean,
                 standard_deviation=right_deviation, kind_of_values=right_values, numbers_of_the_seed=numbers_of_the_seed)

# %% tags=["mistake"] question="start-weights" says="The seed is not used: whoever asks for another seed gets the same numbers, and all layers begin alike."
def start_weights(kind, fan_out, fan_in, seed):
    rng = np.random.default_rng(0)
    if kind == "uniform":
        return rng.uniform(-1, 1, (fan_out, fan_in))
    if kind == "Poisson/4":
        return rng.poisson(1, (fan_out, fan_in)) / 4
    scale = {"normal/3": 1 / 3, "normal/√fan_in": fan_in**-0.5, "He": (2 / fan_in) ** 0.5}.get(kind, kind)
    return scale * rng.standard_normal((fan_out, fan_in))

# %% tags=["mistake"] question="start-weights" says="He's weights are those of 1/√fan-in here: the 2 in the variance is missing."
def start_weights(kind, fan_out, fan_in, seed):
    rng = np.random.default_rng(seed)
    if kind == "uniform":
        return rng.uniform(-1, 1, (fan_out, fan_in))
    if kind == "Poisson/4":
        return rng.poisson(1, (fan_out, fan_in)) / 4
    scale = {"normal/3": 1 / 3, "normal/√fan_in": fan_in**-0.5, "He": fan_in**-0.5}.get(kind, kind)
    return scale * rng.standard_normal((fan_out, fan_in))

# %% tags=["mistake"] question="start-weights" says="What counts is the number of inputs that a unit adds up, the fan-in: here the number of units is used."
def start_weights(kind, fan_out, fan_in, seed):
    rng = np.random.default_rng(seed)
    if kind == "uniform":
        return rng.uniform(-1, 1, (fan_out, fan_in))
    if kind == "Poisson/4":
        return rng.poisson(1, (fan_out, fan_in)) / 4
    scale = {"normal/3": 1 / 3, "normal/√fan_in": fan_out**-0.5, "He": (2 / fan_out) ** 0.5}.get(kind, kind)
    return scale * rng.standard_normal((fan_out, fan_in))

# %% tags=["mistake"] question="start-weights" says="2/fan-in is the variance of He's weights: the standard deviation is its root."
def start_weights(kind, fan_out, fan_in, seed):
    rng = np.random.default_rng(seed)
    if kind == "uniform":
        return rng.uniform(-1, 1, (fan_out, fan_in))
    if kind == "Poisson/4":
        return rng.poisson(1, (fan_out, fan_in)) / 4
    scale = {"normal/3": 1 / 3, "normal/√fan_in": fan_in**-0.5, "He": 2 / fan_in}.get(kind, kind)
    return scale * rng.standard_normal((fan_out, fan_in))

# %% tags=["mistake"] question="start-weights" says="These uniform weights are all positive: rng.random gives numbers from 0 to 1, asked for are numbers from -1 to 1."
def start_weights(kind, fan_out, fan_in, seed):
    rng = np.random.default_rng(seed)
    if kind == "uniform":
        return rng.random((fan_out, fan_in))
    if kind == "Poisson/4":
        return rng.poisson(1, (fan_out, fan_in)) / 4
    scale = {"normal/3": 1 / 3, "normal/√fan_in": fan_in**-0.5, "He": (2 / fan_in) ** 0.5}.get(kind, kind)
    return scale * rng.standard_normal((fan_out, fan_in))

# %% tags=["mistake"] question="start-weights" says="A layer is W @ A, so W has a row for each unit and a column for each input: this matrix lies on its side."
def start_weights(kind, fan_out, fan_in, seed):
    rng, shape = np.random.default_rng(seed), (fan_in, fan_out)
    if kind == "uniform":
        return rng.uniform(-1, 1, shape)
    if kind == "Poisson/4":
        return rng.poisson(1, shape) / 4
    scale = {"normal/3": 1 / 3, "normal/√fan_in": fan_in**-0.5, "He": (2 / fan_in) ** 0.5}.get(kind, kind)
    return scale * rng.standard_normal(shape)

# %% tags=["mistake"] question="start-weights" says="The numbers are those of a uniform distribution, scaled to the right standard deviation: asked for are normal ones."
def start_weights(kind, fan_out, fan_in, seed):
    rng = np.random.default_rng(seed)
    if kind == "uniform":
        return rng.uniform(-1, 1, (fan_out, fan_in))
    if kind == "Poisson/4":
        return rng.poisson(1, (fan_out, fan_in)) / 4
    scale = {"normal/3": 1 / 3, "normal/√fan_in": fan_in**-0.5, "He": (2 / fan_in) ** 0.5}.get(kind, kind)
    return scale * 3**0.5 * rng.uniform(-1, 1, (fan_out, fan_in))

# %% tags=["alternative"] question="start-weights" name="the old random functions"
def start_weights(kind, fan_out, fan_in, seed):
    np.random.seed(seed)
    if kind == "uniform":
        return 2 * np.random.rand(fan_out, fan_in) - 1
    if kind == "Poisson/4":
        return np.random.poisson(1.0, size=(fan_out, fan_in)) / 4
    W = np.random.randn(fan_out, fan_in)
    if kind == "normal/3":
        return W / 3
    if kind == "normal/√fan_in":
        return W / np.sqrt(fan_in)
    return W * np.sqrt(2.0 / fan_in) if kind == "He" else W * kind

# %% tags=["alternative"] question="start-weights" name="rng.normal, 32-bit floats"
def start_weights(kind, fan_out, fan_in, seed):
    rng = np.random.default_rng(seed)
    if kind == "uniform":
        W = rng.uniform(low=-1.0, high=1.0, size=(fan_out, fan_in))
    elif kind == "Poisson/4":
        W = 0.25 * rng.poisson(lam=1, size=(fan_out, fan_in))
    else:
        deviations = {"normal/3": 1 / 3, "normal/√fan_in": fan_in**-0.5, "He": np.sqrt(2) / np.sqrt(fan_in)}
        W = rng.normal(0, deviations.get(kind, kind), (fan_out, fan_in))
    return W.astype(np.float32)

# %% [markdown]
# ### Before any training
#
# What do the activations look like at the start? The cell sends the digits through the sigmoid net once, with
# three kinds of weights. Where an activation is near 0 or 1, the slope $a (1 - a)$ is near 0 and nothing comes back
# through it. The line that is printed says how much of the slope is left, on average; $\frac14$ is the most that there
# can be.

# %% tags=["experiment"]
def look_inside(start, net=BASE):
    """Histograms of the activations of a net that has not been trained."""
    some = inputs[:, :500]
    cache = forward_pass(net, *draw(start), some, one_hot(labels[:500], 10).astype(np.float32))
    layers = [cache[name] for name in ("A1", "A2", "A3")]
    plots.activations(layers, ["first hidden layer", "second hidden layer", "outputs"], bins=np.linspace(0, 1, 41),
                      title=f"At the start: {start}")
    plt.show()
    print("mean slope, layer by layer:", "   ".join(f"{np.mean(A * (1 - A)):.4f}" for A in layers))


with check.once_written():
    for start in ("uniform", "normal/√fan_in", "Poisson/4"):
        look_inside(start)

# %% [markdown]
# ### Eleven ways to begin, one net
#
# The net is `BASE`, the rate is $c = 1$, only the initial weights differ. √(2/fan_out) is He's formula with the wrong
# number of units, a slip that others report to work well (79.4 % of the training digits). The last of the eleven answers
# a question: it is the Poisson start with its mean taken away. (Standard deviations of 0.1 and 1 are among the runs of
# `ALL = True`: 47 % and 15 % of the training digits.)

# %% tags=["experiment"]
STARTS = ("uniform", "normal/3", "normal/√fan_in", 0.1, 0.25, 0.5, 1, "He", "√(2/fan_out)", "Poisson/4",
          "Poisson/4 minus its mean")

with check.once_written():
    for start in STARTS:
        if ALL or start not in (0.1, 1):
            try_out(f"start {start}", start=start)
    started = made([f"start {start}" for start in STARTS])
    show(started, "The sigmoid net with squared error: ways to begin", short=lambda name: name.removeprefix("start "))
    bars(started, "Ways to begin", short=lambda name: name.removeprefix("start "))
    compare(1, sum(run_of(name)["train accuracy"] > 0.5 for name in started))

# %% [markdown]
# Read it together with the histograms. Weights that are too large saturate the net from the start. Weights of which
# none is negative do it perfectly: every hidden unit of the Poisson net says 1 to every digit, and the gradient is 0 in
# 32-bit arithmetic. The same weights around zero are among the best. So mean and standard deviation both matter.
#
# And the scaled starts, normal/√fan_in and He, which are in all textbooks? With this net, in so few steps, they do
# *not* win. The first was made for functions that look like $z$ around zero, as tanh does, and He's for ReLU, which
# passes half of its inputs on with slope 1. A sigmoid is neither: its slope at zero is ¼, and its outputs lie around ½,
# not around 0. So with small weights all digits look alike to the next layer, and with this loss an error on its way to
# $W_1$ passes three sigmoids, each of which multiplies it by ¼ or less. A recipe belongs to a net. Wait for tanh.

# %% [markdown]
# # Part 3: other functions

# %% [markdown]
# ## 3.1 Five activation functions
#
# *Afterwards the hidden layers can do something other than σ.*
#
# | `hidden` | $\phi(z)$ |
# |---|---|
# | `"sigmoid"` | $1 / (1 + e^{-z})$ |
# | `"tanh"` | $(e^z - e^{-z}) / (e^z + e^{-z})$ |
# | `"relu"` | $z$ if $z > 0$, else 0 |
# | `"relu6"` | as ReLU, but never above 6 |
# | `"leaky relu"` | $z$ if $z > 0$, else $0.01\, z$ |
#
# Make new arrays: the backward pass needs the pre-activations.
#
# Shapes: any shape $\to$ the same shape.

# %% nbgrader={"grade_id": "activate-cases", "locked": true}
HIDDEN = ("sigmoid", "tanh", "relu", "relu6", "leaky relu")


def pre_activation_cases(rng):
    """Pre-activations on both sides of 0 and of 6."""
    for hidden in HIDDEN:
        yield {"hidden": hidden, "Z": rng.permutation(np.linspace(-8, 9, 30) + 0.2 * rng.random(30)).reshape(5, 6),
               "case": hidden}


# %% nbgrader={"grade_id": "activate", "solution": true}
def activate(hidden, Z):
    """An activation function, entry by entry.

    hidden: "sigmoid", "tanh", "relu", "relu6" or "leaky relu" (leak 0.01); Z: pre-activations, an array of any shape.
    Returns A: an array of the same shape.
    """
    ### BEGIN SOLUTION
    if hidden == "sigmoid":
        return sigmoid(Z, 1)
    if hidden == "tanh":
        return np.tanh(Z)
    if hidden == "relu":
        return np.maximum(Z, 0)
    if hidden == "relu6":
        return np.clip(Z, 0, 6)
    return np.where(Z > 0, Z, 0.01 * Z)
    ### END SOLUTION

# %% nbgrader={"grade_id": "activate-check", "grade": true, "points": 2}
check.values(activate, at=pre_activation_cases, by="case", points=2)

# %% tags=["mistake"] question="activate" says="ReLU6 is cut off at 6: here it goes on growing like a plain ReLU."
def activate(hidden, Z):
    if hidden == "leaky relu":
        return np.where(Z > 0, Z, 0.01 * Z)
    return {"sigmoid": expit, "tanh": np.tanh}.get(hidden, lambda Z: np.maximum(Z, 0))(Z)

# %% tags=["mistake"] question="activate" says="A leaky ReLU lets a hundredth of negative numbers through: the larger of z and 0.01 is something else, it is never negative."
def activate(hidden, Z):
    return {"sigmoid": expit, "tanh": np.tanh, "relu": lambda Z: np.maximum(Z, 0),
            "relu6": lambda Z: np.clip(Z, 0, 6), "leaky relu": lambda Z: np.maximum(Z, 0.01)}[hidden](Z)

# %% tags=["mistake"] question="activate" says="The pre-activations have been overwritten: the backward pass needs to know where they were negative."
def activate(hidden, Z):
    if hidden in ("sigmoid", "tanh"):
        return expit(Z) if hidden == "sigmoid" else np.tanh(Z)
    Z[Z < 0] *= 0.01 if hidden == "leaky relu" else 0
    if hidden == "relu6":
        Z[Z > 6] = 6
    return Z

# %% tags=["mistake"] question="activate" says="tanh is the sigmoid stretched in both directions, 2 sigma(2z) - 1: here it has only been stretched upwards."
def activate(hidden, Z):
    return {"sigmoid": expit, "tanh": lambda Z: 2 * expit(Z) - 1, "relu": lambda Z: np.maximum(Z, 0),
            "relu6": lambda Z: np.clip(Z, 0, 6), "leaky relu": lambda Z: np.where(Z > 0, Z, 0.01 * Z)}[hidden](Z)

# %% tags=["alternative"] question="activate" name="a dictionary, with products and masks"
def activate(hidden, Z):
    return {
        "sigmoid": lambda: expit(Z),
        "tanh": lambda: 2 * expit(2 * Z) - 1,
        "relu": lambda: Z * (Z > 0),
        "relu6": lambda: np.minimum(np.maximum(Z, 0), 6),
        "leaky relu": lambda: np.maximum(Z, 0.01 * Z),
    }[hidden]()

# %% tags=["alternative"] question="activate" name="in one expression each, with masks"
def activate(hidden, Z):
    on = Z > 0
    if hidden in ("sigmoid", "tanh"):
        return 1 / (1 + np.exp(-Z)) if hidden == "sigmoid" else np.sinh(Z) / np.cosh(Z)
    A = np.where(on, Z, (hidden == "leaky relu") * 0.01 * Z)
    return np.where(A > 6, 6, A) if hidden == "relu6" else A

# %% [markdown]
# ## 3.2 Their slopes
#
# *Afterwards the error can go back through each of them.*
#
# The derivative $\phi'(z)$ of each function, at each entry of $Z$. Two can be written with the function's own value.
# The others are made of straight pieces, and so is their slope. At a kink, where two pieces meet, both slopes are
# right, and anything in between.
#
# The self-check takes finite differences of your own `activate`.
#
# Shapes: any shape $\to$ the same shape.

# %% nbgrader={"grade_id": "slope-cases", "locked": true}
def slope_at_cases(rng):
    """Pre-activations on both sides of 0 and of 6, and a few exactly there."""
    for hidden in HIDDEN:
        Z = np.r_[np.linspace(-3, 2.5, 13) + 0.1 * rng.random(13), 5.5 + 0.4 * rng.random(2), 6.1 + 0.4 * rng.random(3), 0.0, 6.0]
        yield {"hidden": hidden, "Z": rng.permutation(Z).reshape(4, 5), "case": hidden}


def sum_of_activations(hidden, Z):
    """One number whose gradient with respect to Z is the slope at each entry."""
    return np.sum(activate(hidden, Z))


# %% nbgrader={"grade_id": "slope", "solution": true}
def slope(hidden, Z):
    """The derivative of an activation function, entry by entry.

    hidden: "sigmoid", "tanh", "relu", "relu6" or "leaky relu" (leak 0.01); Z: pre-activations, an array of any shape.
    Returns S: an array of the same shape.
    """
    ### BEGIN SOLUTION
    if hidden == "sigmoid":
        A = sigmoid(Z, 1)
        return A * (1 - A)
    if hidden == "tanh":
        return 1 - np.tanh(Z) ** 2
    if hidden == "relu":
        return np.where(Z > 0, 1.0, 0.0)
    if hidden == "relu6":
        return np.where((Z > 0) & (Z < 6), 1.0, 0.0)
    return np.where(Z > 0, 1.0, 0.01)
    ### END SOLUTION

# %% nbgrader={"grade_id": "slope-check", "grade": true, "points": 2}
check.gradients(slope, of=sum_of_activations, wrt="Z", at=slope_at_cases, by="case", points=2)

# %% tags=["mistake"] question="slope" says="Above 6 a ReLU6 is flat, so nothing comes back: its slope is 1 only between 0 and 6."
def slope(hidden, Z):
    return {"sigmoid": lambda: expit(Z) * expit(-Z), "tanh": lambda: 1 - np.tanh(Z) ** 2,
            "leaky relu": lambda: np.where(Z > 0, 1, 0.01)}.get(hidden, lambda: np.where(Z > 0, 1.0, 0.0))()

# %% tags=["mistake"] question="slope" says="a (1 - a) and 1 - a² are written with the activation a: here the pre-activation has been put in."
def slope(hidden, Z):
    return {"sigmoid": Z * (1 - Z), "tanh": 1 - Z**2, "relu": np.where(Z > 0, 1.0, 0.0),
            "relu6": np.where((Z > 0) & (Z < 6), 1.0, 0.0), "leaky relu": np.where(Z > 0, 1, 0.01)}[hidden]

# %% tags=["mistake"] question="slope" says="The leak has a slope, too, 0.01: it is what keeps a leaky ReLU from dying."
def slope(hidden, Z):
    return {"sigmoid": expit(Z) * expit(-Z), "tanh": 1 - np.tanh(Z) ** 2,
            "relu6": np.where((Z > 0) & (Z < 6), 1.0, 0.0)}.get(hidden, np.where(Z > 0, 1.0, 0.0))

# %% tags=["mistake"] question="slope" says="This is the activation itself: the slope of a ReLU is 1 where it is on and 0 where it is off."
def slope(hidden, Z):
    return {"sigmoid": expit(Z) * expit(-Z), "tanh": 1 - np.tanh(Z) ** 2, "relu": np.maximum(Z, 0),
            "relu6": np.clip(Z, 0, 6), "leaky relu": np.where(Z > 0, Z, 0.01 * Z)}[hidden]

# %% tags=["mistake"] question="slope" says="The slope of tanh is 1 - a². The form a (1 - a) belongs to the sigmoid."
def slope(hidden, Z):
    return {"sigmoid": expit(Z) * expit(-Z), "tanh": np.tanh(Z) * (1 - np.tanh(Z)), "relu": np.where(Z > 0, 1.0, 0.0),
            "relu6": np.where((Z > 0) & (Z < 6), 1.0, 0.0), "leaky relu": np.where(Z > 0, 1, 0.01)}[hidden]

# %% tags=["alternative"] question="slope" name="slope 1 at the kinks, 1/cosh²"
def slope(hidden, Z):
    if hidden in ("sigmoid", "tanh"):
        return 1 / np.cosh(Z) ** 2 if hidden == "tanh" else np.exp(-Z) / (1 + np.exp(-Z)) ** 2
    S = (Z >= 0).astype(float)
    if hidden == "relu6":
        S[Z > 6] = 0
    if hidden == "leaky relu":
        S[Z < 0] = 0.01
    return S

# %% tags=["alternative"] question="slope" name="np.heaviside, 32-bit floats"
def slope(hidden, Z):
    one = np.heaviside(Z, 0.5)
    return np.asarray({"sigmoid": expit(Z) - expit(Z) ** 2, "tanh": 1 - np.tanh(Z) ** 2, "relu": one,
                       "relu6": one - np.heaviside(Z - 6, 0.5), "leaky relu": 0.01 + 0.99 * one}[hidden], np.float32)

# %% [markdown]
# ## 3.3 Three output layers, each with its loss
#
# *Afterwards the net can be judged in three ways, and none of them breaks at large numbers.*
#
# | `output` | $A_3 = \psi(Z_3)$ | loss of one sample; yours is the sum over all samples |
# |---|---|---|
# | `"sigmoid, squared error"` | $\sigma(z_i)$ | $\frac12 \sum_i (a_i - y_i)^2$ |
# | `"sigmoid, cross-entropy"` | $\sigma(z_i)$ | $-\sum_i \bigl[\, y_i \log a_i + (1 - y_i) \log(1 - a_i) \,\bigr]$ |
# | `"softmax, cross-entropy"` | $e^{z_i} / \sum_j e^{z_j}$ | $-\sum_i y_i \log a_i$ |
#
# In the second row each output answers a yes-or-no question of its own. In the third the ten outputs of a sample
# share a probability of 1.
#
# Here is where NaNs come from. When a sigmoid has reached 0 or 1 exactly, $\log 0$ is minus infinity, and 0 times that
# is NaN. Adding a tiny number inside the logarithm hides the NaN. At ordinary numbers $10^{-12}$ there does no harm; at
# a pre-activation of 1,000 it caps at 28 a loss that is 1,000, and such numbers are asked for here. Do it with the
# pre-activations instead. A little algebra gives
#
# $$-\bigl[\, y \log \sigma(z) + (1 - y) \log(1 - \sigma(z)) \,\bigr] = \log(1 + e^{z}) - y z, \qquad
#   -\log \frac{e^{z_i}}{\sum_j e^{z_j}} = \log \sum_j e^{z_j} - z_i$$
#
# `np.logaddexp(0, z)` is $\log(1 + e^z)$ without overflow. For softmax, subtract the largest pre-activation of each
# sample from all of that sample first: the result is the same, and no exponential is above 1.
#
# Shapes: $Z_3$ $(c, t)$, $Y$ $(c, t)$ $\to$ $A_3$ $(c, t)$ and one number.

# %% nbgrader={"grade_id": "output-loss-cases", "locked": true}
OUTPUTS = ("sigmoid, squared error", "sigmoid, cross-entropy", "softmax, cross-entropy")


def output_layer_cases(rng):
    """Ordinary and huge pre-activations for each output layer."""
    for output in OUTPUTS:
        yield {"output": output, "Z3": 2 * rng.standard_normal((4, 6)), "Y": np.eye(4)[:, rng.integers(0, 4, 6)],
               "case": output}
        huge = 1e3 * rng.permuted(np.linspace(-2, 2, 12) + 0.1 * rng.random(12)).reshape(3, 4)
        huge[:, 0] = rng.permutation([1900.0, -900.0, -1100.0]) + rng.random(3)  # the largest lies far above the mean
        huge[:, 1:3] = [1800, -1800] + 50 * rng.random((3, 2))  # samples far from each other, each near its own mean
        classes = rng.permutation([0, 1, 2, 2])
        while classes[0] == huge[:, 0].argmax():  # the first sample is sure and wrong, so that the loss is no round-off
            classes = rng.permutation(classes)
        yield {"output": output, "Z3": huge, "Y": np.eye(3)[:, classes], "case": f"{output}, huge"}


# %% nbgrader={"grade_id": "output-loss", "solution": true}
def output_loss(output, Z3, Y):
    """Outputs and loss, from the pre-activations of the last layer.

    output: "sigmoid, squared error", "sigmoid, cross-entropy" or "softmax, cross-entropy";
    Z3: (c, t), Y: (c, t), one-hot.
    Returns A3: (c, t), the outputs, and the loss, one number: a sum over all samples.
    """
    ### BEGIN SOLUTION
    if output == "softmax, cross-entropy":
        Z3 = Z3 - Z3.max(axis=0)  # of each sample
        E = np.exp(Z3)
        total = E.sum(axis=0)
        return E / total, np.sum(np.log(total)) - np.sum(Y * Z3)
    A3 = sigmoid(Z3, 1)
    if output == "sigmoid, cross-entropy":
        return A3, np.sum(np.logaddexp(0, Z3) - Y * Z3)
    return A3, np.sum((A3 - Y) ** 2) / 2
    ### END SOLUTION

# %% nbgrader={"grade_id": "output-loss-check", "grade": true, "points": 3}
check.values(output_loss, at=output_layer_cases, returns=("A3", "loss"), points=3)

# %% tags=["mistake"] question="output-loss" says="Taken from the outputs, the cross-entropy breaks where an output has reached 0 or 1: the logarithm of 0 is minus infinity, and 0 times that is NaN."
def output_loss(output, Z3, Y):
    A3 = softmax(Z3, axis=0) if output == "softmax, cross-entropy" else expit(Z3)
    if output == "softmax, cross-entropy":
        return A3, -np.sum(Y * np.log(A3))
    if output == "sigmoid, cross-entropy":
        return A3, -np.sum(Y * np.log(A3) + (1 - Y) * np.log(1 - A3))
    return A3, np.sum((A3 - Y) ** 2) / 2

# %% tags=["mistake"] question="output-loss" says="The tiny number inside the logarithm hides an infinity and caps the loss: at huge pre-activations, a net that is sure and wrong no longer hears how wrong."
def output_loss(output, Z3, Y):
    A3 = softmax(Z3, axis=0) if output == "softmax, cross-entropy" else expit(Z3)
    if output == "softmax, cross-entropy":
        return A3, -np.sum(Y * np.log(A3 + 1e-12))
    if output == "sigmoid, cross-entropy":
        return A3, -np.sum(Y * np.log(A3 + 1e-12) + (1 - Y) * np.log(1 - A3 + 1e-12))
    return A3, np.sum((A3 - Y) ** 2) / 2

# %% tags=["mistake"] question="output-loss" says="The mean of the pre-activations is subtracted: the largest can lie far above it, and its exponential overflows. Subtract the largest."
def output_loss(output, Z3, Y):
    if output == "softmax, cross-entropy":
        S = Z3 - Z3.mean(axis=0)
        total = np.exp(S).sum(axis=0)
        return np.exp(S) / total, np.sum(Y * (np.log(total) - S))
    A3 = expit(Z3)
    if output == "sigmoid, cross-entropy":
        return A3, np.sum(np.logaddexp(0, Z3) - Y * Z3)
    return A3, np.sum((A3 - Y) ** 2) / 2

# %% tags=["mistake"] question="output-loss" says="A column is a sample, so softmax shares 1 among the rows of each column: here it has been taken along the samples."
def output_loss(output, Z3, Y):
    if output == "softmax, cross-entropy":
        S = Z3 - Z3.max(axis=1, keepdims=True)
        total = np.exp(S).sum(axis=1, keepdims=True)
        return np.exp(S) / total, np.sum(Y * (np.log(total) - S))
    A3 = expit(Z3)
    if output == "sigmoid, cross-entropy":
        return A3, np.sum(np.logaddexp(0, Z3) - Y * Z3)
    return A3, np.sum((A3 - Y) ** 2) / 2

# %% tags=["mistake"] question="output-loss" says="With ten separate sigmoids the outputs of the wrong digits have a loss of their own: the part with 1 - y is missing."
def output_loss(output, Z3, Y):
    if output == "softmax, cross-entropy":
        S = Z3 - Z3.max(axis=0)
        return softmax(Z3, axis=0), np.sum(Y * (np.log(np.exp(S).sum(axis=0)) - S))
    A3 = expit(Z3)
    if output == "sigmoid, cross-entropy":
        return A3, np.sum(Y * np.logaddexp(0, -Z3))
    return A3, np.sum((A3 - Y) ** 2) / 2

# %% tags=["mistake"] question="output-loss" says="All losses of this problem set are sums over the samples: here they have been divided by their number."
def output_loss(output, Z3, Y):
    t = Y.shape[1]
    if output == "softmax, cross-entropy":
        S = Z3 - Z3.max(axis=0)
        return softmax(Z3, axis=0), np.sum(Y * (np.log(np.exp(S).sum(axis=0)) - S)) / t
    A3 = expit(Z3)
    if output == "sigmoid, cross-entropy":
        return A3, np.sum(np.logaddexp(0, Z3) - Y * Z3) / t
    return A3, np.sum((A3 - Y) ** 2) / 2 / t

# %% tags=["mistake"] question="output-loss" says="Without subtracting the largest pre-activation of the sample, the exponentials of softmax overflow."
def output_loss(output, Z3, Y):
    if output == "softmax, cross-entropy":
        E = np.exp(Z3)
        return E / E.sum(axis=0), np.sum(np.log(E.sum(axis=0))) - np.sum(Y * Z3)
    A3 = expit(Z3)
    if output == "sigmoid, cross-entropy":
        return A3, np.sum(np.logaddexp(0, Z3) - Y * Z3)
    return A3, np.sum((A3 - Y) ** 2) / 2

# %% tags=["alternative"] question="output-loss" name="scipy's functions"
def output_loss(output, Z3, Y):
    from scipy.special import log_expit, log_softmax

    if output == "softmax, cross-entropy":
        return softmax(Z3, axis=0), -np.sum(Y * log_softmax(Z3, axis=0))
    if output == "sigmoid, cross-entropy":
        return expit(Z3), -np.sum(Y * log_expit(Z3) + (1 - Y) * log_expit(-Z3))
    return expit(Z3), 0.5 * np.sum(np.square(expit(Z3) - Y))

# %% tags=["alternative"] question="output-loss" name="sample by sample"
def output_loss(output, Z3, Y):
    A3, loss = np.empty(Z3.shape), 0.0
    for s in range(Z3.shape[1]):
        z, y = Z3[:, s], Y[:, s]
        if output.startswith("softmax"):
            e = np.exp(z - max(z))
            A3[:, s] = e / sum(e)
            loss += max(z) + np.log(sum(e)) - z[np.argmax(y)]
            continue
        A3[:, s] = 0.5 + 0.5 * np.tanh(z / 2)
        if output.endswith("cross-entropy"):
            loss += sum(np.maximum(z, 0) - z * y + np.log1p(np.exp(-abs(z))))
        else:
            loss += sum((A3[:, s] - y) ** 2) / 2
    return A3, loss

# %% [markdown]
# ## 3.4 The error at the output
#
# *Afterwards a backward pass can start from every one of the three losses.*
#
# Find $D_3 = \partial L / \partial Z_3$ for each output layer. For the second, differentiate $\log(1 + e^z) - y z$: what is
# the derivative of $\log(1 + e^z)$? The third is known from problem sets 3 and 4. Compare the three. What has become of
# the slope $a (1 - a)$, and what does that mean for a net that is sure and wrong?
#
# The self-check takes finite differences of your own `output_loss`.
#
# Shapes: $A_3$ $(c, t)$, $Y$ $(c, t)$ $\to$ $D_3$ $(c, t)$.

# %% nbgrader={"grade_id": "output-error-cases", "locked": true}
def output_error_cases(rng):
    """Pre-activations, the outputs that belong to them, and targets."""
    for output in OUTPUTS:
        for c, t in ((4, 6), (5, 3)):
            Z3 = 1.5 * rng.standard_normal((c, t))
            Z3[0, 0] = rng.choice([-8.0, 8.0])  # nearly saturated
            A3 = softmax(Z3, axis=0) if output.startswith("softmax") else expit(Z3)
            yield {"output": output, "Z3": Z3, "A3": A3, "Y": np.eye(c)[:, rng.integers(0, c, t)],
                   "case": f"{output}, t = {t}"}


def loss_at_output(output, Z3, Y):
    """The loss as a function of the last pre-activations."""
    return output_loss(output, Z3, Y)[1]


# %% nbgrader={"grade_id": "output-error", "solution": true}
def output_error(output, A3, Y):
    """The derivative of the loss with respect to the pre-activations of the last layer.

    output: "sigmoid, squared error", "sigmoid, cross-entropy" or "softmax, cross-entropy";
    A3: (c, t), the outputs; Y: (c, t), one-hot.
    Returns D3: (c, t).
    """
    ### BEGIN SOLUTION
    if output == "sigmoid, squared error":
        return (A3 - Y) * A3 * (1 - A3)
    return A3 - Y  # the slope has cancelled
    ### END SOLUTION

# %% nbgrader={"grade_id": "output-error-check", "grade": true, "points": 3}
check.gradients(output_error, of=loss_at_output, wrt="Z3", at=output_error_cases, by="case", points=3)

# %% tags=["mistake"] question="output-error" says="With cross-entropy the slope of the output cancels: it has been kept here, as if the loss were still the squared error."
def output_error(output, A3, Y):
    return (A3 - Y) * A3 * (1 - A3)

# %% tags=["mistake"] question="output-error" says="Squared error sees the output through the sigmoid: only with cross-entropy does the slope a (1 - a) cancel."
def output_error(output, A3, Y):
    return A3 - Y

# %% tags=["mistake"] question="output-error" says="The sign is turned around: the error is output minus target, so that a step against it lowers the loss."
def output_error(output, A3, Y):
    return (Y - A3) * (A3 * (1 - A3) if "squared" in output else 1)

# %% tags=["mistake"] question="output-error" says="The loss is a sum over the samples, so their number does not divide its derivative."
def output_error(output, A3, Y):
    return (A3 - Y) * (A3 * (1 - A3) if "squared" in output else 1) / Y.shape[1]

# %% tags=["mistake"] question="output-error" says="This is the derivative with respect to the outputs of softmax, not to its pre-activations: the step back through softmax is missing, and with it the errors of the wrong digits."
def output_error(output, A3, Y):
    if output == "softmax, cross-entropy":
        return -Y / A3
    return (A3 - Y) * (A3 * (1 - A3) if "squared" in output else 1)

# %% tags=["alternative"] question="output-error" name="the chain rule step by step, softmax by its Jacobian"
def output_error(output, A3, Y):
    if output == "softmax, cross-entropy":
        return np.stack([(np.diag(a) - np.outer(a, a)) @ (-y / a) for a, y in zip(A3.T, Y.T)], axis=1)
    by_output = A3 - Y if output == "sigmoid, squared error" else (1 - Y) / (1 - A3) - Y / A3
    return by_output * A3 * (1 - A3)

# %% tags=["alternative"] question="output-error" name="by the kind of loss"
def output_error(output, A3, Y):
    slope = A3 - A3**2 if output.endswith("squared error") else np.ones_like(A3)
    return slope * np.subtract(A3, Y)

# %% [markdown]
# ## 3.5 One backward pass for all
#
# *Afterwards every combination of functions and losses can be trained.*
#
# You wrote the backward pass of the sigmoid net as one piece. Look at it again: where do you see the sigmoid? In three
# places, and you now have functions for all three, the error at the output $D_3$ and the slopes $S_1$ and $S_2$ of the
# hidden layers. What is left does not know any activation function. Write it.
#
# The self-check goes through nets of all kinds. It makes the slopes and the error at the output by finite differences
# of your `activate` and `output_loss`, not with your functions from 3.2 and 3.4. The first case, "practice", needs none
# of your functions; while others are not written yet, only that one is used.
#
# Shapes: $D_3$ $(c, t)$, $A_1$ and $S_1$ $(h_1, t)$, $A_2$ and $S_2$ $(h_2, t)$ $\to$ gradients in the shapes of $W_1$,
# $W_2$, $W_3$.

# %% nbgrader={"grade_id": "backward-cases", "locked": true}
VARIANTS = (("tanh", "sigmoid, squared error"), ("sigmoid", "sigmoid, cross-entropy"),
            ("relu", "sigmoid, cross-entropy"), ("relu6", "sigmoid, cross-entropy"),
            ("leaky relu", "softmax, cross-entropy"))


def hidden_values(hidden, Z):
    """Your activation function, or a built-in one for practice."""
    return np.sinh(Z) / 2 if hidden == "practice" else activate(hidden, Z)


def output_value(output, Z3, Y):
    """Your loss, or a built-in one for practice."""
    return np.sum(Z3**3 - Y * Z3) if output == "practice" else output_loss(output, Z3, Y)[1]


def net_loss(hidden, output, W1, W2, W3, X, Y):
    """The loss of any net as a function of its weights: what the self-check below differentiates."""
    return output_value(output, W3 @ hidden_values(hidden, W2 @ hidden_values(hidden, W1 @ X)), Y)


def difference_quotient(function, Z, h=1e-6):
    """The slope of a function that acts entry by entry."""
    return (function(Z + h) - function(Z - h)) / (2 * h)


def with_cache(rng, hidden, output, shape):
    """A small net with the cache of a forward pass, far enough from every kink."""
    for _ in range(200):
        net = small_net(rng, *shape)
        net["X"] = net["X"] * (4 if hidden == "relu6" else 1)
        Z1 = net["W1"] @ net["X"]
        A1 = np.asarray(hidden_values(hidden, Z1), float)
        Z2 = net["W2"] @ A1
        A2 = np.asarray(hidden_values(hidden, Z2), float)
        Z = np.r_[Z1.ravel(), Z2.ravel()]
        if min(np.abs(Z).min(), np.abs(Z - 6).min()) > 1e-3:
            break
    else:
        raise ValueError(f"no net with {hidden} stays clear of the kinks")
    Z3 = net["W3"] @ A2
    D3 = numerical.gradient(lambda Z: output_value(output, Z, net["Y"]), Z3).value
    S1, S2 = (difference_quotient(lambda Z: np.asarray(hidden_values(hidden, Z), float), Z) for Z in (Z1, Z2))
    return {"hidden": hidden, "output": output} | net | {"D3": D3, "A1": A1, "A2": A2, "S1": S1, "S2": S2}


def variant_cases(rng, shapes=((5, 4, 3, 3, 6), (3, 5, 4, 2, 7))):
    """Nets of every kind for which the functions are there."""
    for number, (hidden, output) in enumerate((("practice", "practice"), *VARIANTS)):
        seed = int(rng.integers(2**31))
        try:
            case = with_cache(np.random.default_rng(seed), hidden, output, shapes[number % len(shapes)])
        except Exception:  # a function that is not written yet, or not right yet
            continue
        yield case | {"case": "practice" if hidden == "practice" else f"{hidden} with {output}"}


# %% nbgrader={"grade_id": "backward", "solution": true}
def backward(W2, W3, X, D3, A1, A2, S1, S2):
    """The gradients of any net with two hidden layers.

    W2: (h2, h1), W3: (c, h2), X: (d, t);
    D3: (c, t), derivative of the loss with respect to the last pre-activations;
    A1: (h1, t), A2: (h2, t), activations; S1: (h1, t), S2: (h2, t), slopes of the activation function there.
    Returns dW1: (h1, d), dW2: (h2, h1) and dW3: (c, h2).
    """
    ### BEGIN SOLUTION
    D2 = (W3.T @ D3) * S2
    D1 = (W2.T @ D2) * S1
    return D1 @ X.T, D2 @ A1.T, D3 @ A2.T
    ### END SOLUTION

# %% nbgrader={"grade_id": "backward-check", "grade": true, "points": 3}
check.gradients(
    backward, of=net_loss, wrt=("W1", "W2", "W3"), at=variant_cases, points=3,
    ### BEGIN HIDDEN TESTS
    also_at=lambda rng: variant_cases(rng, shapes=((2, 6, 3, 4, 1), (4, 2, 5, 3, 8))),
    ### END HIDDEN TESTS
)

# %% tags=["mistake"] question="backward" says="On the way to W1 the error goes through both hidden layers, so it takes up both slopes: that of the second is missing there."
def backward(W2, W3, X, D3, A1, A2, S1, S2):
    D2 = W3.T @ D3
    return ((W2.T @ D2) * S1) @ X.T, (D2 * S2) @ A1.T, D3 @ A2.T

# %% tags=["mistake"] question="backward" says="Going back through a layer, the error is multiplied by the slope there: here it is multiplied by the activation."
def backward(W2, W3, X, D3, A1, A2, S1, S2):
    D2 = (W3.T @ D3) * A2
    return ((W2.T @ D2) * A1) @ X.T, D2 @ A1.T, D3 @ A2.T

# %% tags=["mistake"] question="backward" says="The slopes of the hidden layers are not used at all: this is the backward pass of a linear net."
def backward(W2, W3, X, D3, A1, A2, S1, S2):
    D2 = W3.T @ D3
    return (W2.T @ D2) @ X.T, D2 @ A1.T, D3 @ A2.T

# %% tags=["mistake"] question="backward" says="A weight matrix gets the error times the activation that went into it: here the slope of that layer stands in its place."
def backward(W2, W3, X, D3, A1, A2, S1, S2):
    D2 = (W3.T @ D3) * S2
    return ((W2.T @ D2) * S1) @ X.T, D2 @ S1.T, D3 @ S2.T

# %% tags=["mistake"] question="backward" says="D3 is already the derivative of a sum over the samples: nothing is left to be divided by their number."
def backward(W2, W3, X, D3, A1, A2, S1, S2):
    D2 = (W3.T @ D3) * S2
    t = X.shape[1]
    return ((W2.T @ D2) * S1) @ X.T / t, D2 @ A1.T / t, D3 @ A2.T / t

# %% tags=["alternative"] question="backward" name="sample by sample, with diagonal matrices"
def backward(W2, W3, X, D3, A1, A2, S1, S2):
    dW1 = dW2 = dW3 = 0
    for s in range(X.shape[1]):
        d3 = D3[:, [s]]
        d2 = np.diag(S2[:, s]) @ W3.T @ d3
        d1 = np.diag(S1[:, s]) @ W2.T @ d2
        dW1, dW2, dW3 = dW1 + d1 * X[:, s], dW2 + d2 * A1[:, s], dW3 + d3 * A2[:, s]
    return dW1, dW2, dW3

# %% tags=["alternative"] question="backward" name="a loop over the layers"
def backward(W2, W3, X, D3, A1, A2, S1, S2):
    gradients, D = [], D3
    for entered, W, S in ((A2, W3, S2), (A1, W2, S1), (X, None, None)):
        gradients.insert(0, np.einsum("is,js->ij", D, entered))
        if W is not None:
            D = np.multiply(S, np.tensordot(W, D, axes=(0, 0)))
    return gradients

# %% [markdown]
# ### Every variant, from end to end
#
# Before anything is trained for minutes, put it all together. The cell takes a small net of every kind, calls your
# `activate`, `slope`, `output_loss`, `output_error` and `backward` as training will, and compares with finite
# differences of the loss. An error of $10^{-7}$ or less is round-off. The last line compares the general backward pass
# with that of part 1 for the net that both can do.
#
# Have you written a gradient checker of your own, in problem set 4? Then paste `finite_differences` and `gradient_error`
# in place of the next line, and it does the measuring here.

# %%
finite_differences = gradient_error = None  # yours of problem set 4; with None, the course's tool measures

# %% tags=["experiment"]
def end_to_end_error(net, shape=(7, 6, 5, 4, 9), seed=3):
    """The largest error of the three gradients of a net, relative to the largest entry of each."""
    small = small_net(np.random.default_rng(seed), *shape)
    X, Y, names = small["X"], small["Y"], ("W1", "W2", "W3")
    _, _, gradients = evaluate(net, *(small[name] for name in names), X, Y)
    errors = []
    for name, gradient in zip(names, gradients):
        def loss(W, name=name):
            return forward_pass(net, *((small | {name: W})[n] for n in names), X, Y)["loss"]
        if finite_differences and gradient_error:
            errors.append(gradient_error(gradient, finite_differences(loss, small[name], 1e-5)))
        else:
            errors.append(numerical.compare(gradient, numerical.gradient(loss, small[name])).error)
    return max(errors)


with check.once_written():
    print("measured with", "your own checker" if finite_differences and gradient_error else "the course's tool")
    for hidden in HIDDEN:
        for output in OUTPUTS:
            error = end_to_end_error({"hidden": hidden, "output": output, "k": 1.0})
            print(f"{hidden:10}  {output:24}  error {error:.0e}  {'right' if error < 1e-6 else 'WRONG'}")
    small, net = small_net(np.random.default_rng(4), 7, 6, 5, 4, 9), {"hidden": "sigmoid", "k": 1.0}
    part_1 = evaluate(net | {"output": "sigmoid, squared error"}, **small)[2]
    Z1, Z2 = small["W1"] @ small["X"], small["W2"] @ expit(small["W1"] @ small["X"])
    A1, A2, A3 = expit(Z1), expit(Z2), expit(small["W3"] @ expit(Z2))
    general = backward(small["W2"], small["W3"], small["X"], output_error("sigmoid, squared error", A3, small["Y"]),
                       A1, A2, slope("sigmoid", Z1), slope("sigmoid", Z2))
    apart = max(np.max(np.abs(a - b)) for a, b in zip(part_1, general))
    print(f"the general backward pass and that of part 1 are {apart:.0e} apart")

# %% [markdown]
# ## 3.6 Climb
#
# Now change one thing at a time. Each run names the run that it starts from, and what is new. `start normal/3` from
# part 2 is the first step up: only the initial weights differ from `BASE`.

# %% tags=["experiment"]
with check.once_written():
    try_out("tanh", like="start normal/3", hidden="tanh")
    try_out("tanh, scaled start", like="tanh", start="normal/√fan_in")
    try_out("cross-entropy", like="start normal/3", output="sigmoid, cross-entropy")
    try_out("cross-entropy, smaller rate", like="cross-entropy", rate=0.3 / SAMPLES)
    show(["base", "start normal/3", "tanh", "tanh, scaled start"], "Squared error: from sigmoid to tanh")
    show(["start normal/3", "cross-entropy", "cross-entropy, smaller rate"],
         "Sigmoid: from squared error to cross-entropy (the losses are not comparable, the accuracies are)")

# %% [markdown]
# tanh and the scaled start belong together, as announced. Look at the test digits as well: with the large weights of
# `normal/3`, tanh does far better on the digits it has seen than on others. With the scaled start the gap is half as
# wide. And luck matters less: with other seeds this net moves by one or two points, where `BASE` moved by fifteen.
#
# What has cross-entropy done to the error at the output? (You know from 3.4.) The zigzag says that the rate is at its
# limit. With $c = 0.3$ the same net is slower here, but calm. All that follows uses $c = 0.3$: at $c = 1$ a
# ReLU net with cross-entropy dies in its first steps. (Try it.)

# %% tags=["experiment"]
with check.once_written():
    try_out("relu, start too large", like="cross-entropy, smaller rate", hidden="relu")
    try_out("relu", like="relu, start too large", start="He")
    try_out("relu6", like="relu", hidden="relu6")
    try_out("leaky relu", like="relu", hidden="leaky relu")
    try_out("leaky relu, softmax", like="leaky relu", output="softmax, cross-entropy")
    try_out("leaky relu, softmax, uniform", like="leaky relu, softmax", start="uniform")
    show(["cross-entropy, smaller rate", "relu", "relu6", "leaky relu", "leaky relu, softmax"],
         "Cross-entropy: from sigmoid to ReLU and its relatives")
    show(["relu, start too large", "leaky relu, softmax, uniform"], "Two that died")

# %% [markdown]
# With weights that were made for it, ReLU takes the largest step of all. (What is the slope of a ReLU that is on, and
# the largest slope of a sigmoid?)
#
# Two runs died, in two ways.
#
# - `relu, start too large` ends at a loss of $10 \log 2 \approx 6.93$ per sample, for ever. That number is a
#   fingerprint: all outputs are ½, so all pre-activations $Z_3$ are 0, so the last hidden layer is 0 for every
#   digit. A ReLU that is off for all samples has slope 0 for all samples and never comes back: a *dead ReLU*.
# - `leaky relu, softmax, uniform` has a leak and cannot die like that, so its weights go on growing until a number
#   overflows. Your guard stopped it and said at which step.

# %% [markdown]
# ### One function in all layers
#
# In all nets so far the output layer had a function of its own. Others report their best results with one function in
# *all* layers, the output too, and with squared error: on the 60,000 training digits 95.3 % with ReLU and 91.5 % with
# ReLU6 from normal/√fan_in at a rate of 1e-5 ($c = 0.6$), and 71.6 % with ReLU at 2e-5, dying on the way; with tanh 82.0 %
# from uniform ±½ and 67.0 % from normal/3. And 85.6 % with ReLU and a cross-entropy. That loss takes the logarithm of a
# ReLU's output, which is $-\infty$ for every unit that is off, unless a small constant is added. Which error at the
# output they took back is not reported: the derivative of that loss, or $a - y$, which belongs to sigmoid and softmax. So
# both can be tried.
#
# Below is ReLU at both rates; `ALL = True` makes the others. With the bundled digits, ReLU6 is the same run as ReLU,
# because nothing reaches 6 (88 % of the training digits), tanh ends at 53 % and 61 %, and neither
# kind of log loss gets beyond guessing. The first of them even goes below 0. What is wrong with $-\sum y \log a$ as a
# loss, where $a$ may be larger than 1?

# %% tags=["experiment"]
SAME = {"output": "the same, squared error", "rate": 0.6 / SAMPLES}

with check.once_written():
    try_out("all relu", like=BASE | SAME, hidden="relu", start="normal/√fan_in")
    try_out("all relu, twice the rate", like="all relu", rate=1.2 / SAMPLES)
    if ALL:
        try_out("all relu6", like="all relu", hidden="relu6")
        try_out("all tanh, uniform ±½", like=BASE | SAME, hidden="tanh", start="uniform ±½")
        try_out("all tanh, normal/3", like="all tanh, uniform ±½", start="normal/3")
        try_out("all relu, log loss", like="all relu, twice the rate", output="the same, log loss")
        try_out("all relu, log loss, a − y", like="all relu, twice the rate", output="the same, log loss with a − y")
    alike = [name for name in runs if name.startswith("all ")]
    show(alike, "One function in all layers (the losses are of two kinds)")
    bars(alike, "One function in all layers")

# %% [markdown]
# ### Nine ways to begin, again
#
# Leaky ReLU with softmax, from nine ways to begin: what was true of the sigmoid net need not be true here. These runs
# are made with `ALL = True`. With the bundled digits and $c = 0.3$ they end as follows, in % of the test digits:
# He 88, 0.1 88, normal/√fan_in 81, 0.25 77, normal/3 75; from uniform, 0.5, 1 and Poisson/4 the numbers overflow within ten
# steps. The rate that others used for this, 1e-4, is $c = 6$: the run from He's weights is made below.

# %% tags=["experiment"]
NINE = ("uniform", "normal/3", "normal/√fan_in", 0.1, 0.25, 0.5, 1, "He", "Poisson/4")

with check.once_written():
    try_out("leaky relu, softmax, c = 6", like="leaky relu, softmax", rate=6 / SAMPLES)
    if ALL:
        for start in NINE:
            try_out(f"again, start {start}", like="leaky relu, softmax", start=start)
        again = [f"again, start {start}" for start in NINE]
        show(again, "Leaky ReLU with softmax: nine ways to begin", short=lambda name: name.removeprefix("again, start "))
        bars(again, "Nine ways to begin, leaky ReLU with softmax", short=lambda name: name.removeprefix("again, start "))
    compare(2, round(100 * max(run["test accuracy"] for run in runs.values()), 1))

# %% [markdown]
# ## 3.7 A rate that swings
#
# *Afterwards the learning rate follows a cosine and starts anew.*
#
# A large rate moves fast, a small one settles. So let it fall along half a cosine from `high` to `low` in `period`
# steps, then jump back to `high` and fall again: a *warm restart*. With $p$ for the number of steps since the last
# restart:
#
# $$\eta = \text{low} + \tfrac12\, (\text{high} - \text{low}) \left( 1 + \cos \frac{\pi\, p}{\text{period}} \right),
#   \qquad p = 0, 1, \dots, \text{period} - 1, 0, 1, \dots$$
#
# So step 0 has the rate `high`, and so has step `period`. The rate `low` itself is never quite reached.
#
# Shapes: $\to$ (steps,).

# %% nbgrader={"grade_id": "cosine-cases", "locked": true}
def schedule_cases(rng):
    """Schedules that end in the middle of a period, with it, and in the first one."""
    for steps, period in ((11, 4), (12, 6), (5, 8)):
        low = rng.uniform(0.01, 0.1)
        yield {"steps": steps, "high": low + rng.uniform(0.2, 0.9), "low": low, "period": period,
               "case": f"{steps} steps, period {period}"}


# %% nbgrader={"grade_id": "cosine", "solution": true}
def cosine_rates(steps, high, low, period):
    """Learning rates that fall along a cosine and restart.

    steps: how many; high, low: the rate at a restart, and the one that it falls towards;
    period: steps from one restart to the next.
    Returns rates: (steps,).
    """
    ### BEGIN SOLUTION
    p = np.arange(steps) % period
    return low + (high - low) * (1 + np.cos(np.pi * p / period)) / 2
    ### END SOLUTION

# %% nbgrader={"grade_id": "cosine-check", "grade": true, "points": 1}
check.values(cosine_rates, at=schedule_cases, points=1)

# %% tags=["mistake"] question="cosine" says="The step is never set back to 0, so nothing restarts: after a period the rate climbs up again slowly."
def cosine_rates(steps, high, low, period):
    return low + (high - low) * (1 + np.cos(np.pi * np.arange(steps) / period)) / 2

# %% tags=["mistake"] question="cosine" says="A whole cosine goes down and up again within a period: half of one, up to pi, only falls."
def cosine_rates(steps, high, low, period):
    p = np.arange(steps) % period
    return low + (high - low) * (1 + np.cos(2 * np.pi * p / period)) / 2

# %% tags=["mistake"] question="cosine" says="1 + cos goes from 2 to 0, so it needs the half: without it the rate starts far above `high`."
def cosine_rates(steps, high, low, period):
    p = np.arange(steps) % period
    return low + (high - low) * (1 + np.cos(np.pi * p / period))

# %% tags=["mistake"] question="cosine" says="The cosine falls over all steps here: it has to fall from `high` to `low` within one period."
def cosine_rates(steps, high, low, period):
    return low + (high - low) * (1 + np.cos(np.pi * np.arange(steps) / steps)) / 2

# %% tags=["alternative"] question="cosine" name="with the square of a cosine, in a loop"
def cosine_rates(steps, high, low, period):
    rates = []
    for step in range(steps):
        part = (step % period) / period
        weight = np.cos(part * np.pi / 2) ** 2
        rates.append(high * weight + low * (1 - weight))
    return np.array(rates)

# %% tags=["alternative"] question="cosine" name="one period, repeated"
def cosine_rates(steps, high, low, period):
    fall = (high + low) / 2 + (high - low) / 2 * np.cos(np.linspace(0, np.pi, period, endpoint=False))
    return np.resize(fall, steps)

# %% tags=["experiment"]
with check.once_written():
    swinging = cosine_rates(STEPS, 0.6 / SAMPLES, 0, STEPS // 4)
    try_out("leaky relu, softmax, cosine", like="leaky relu, softmax", rate=swinging)
    if ALL:
        falling = cosine_rates(STEPS, 0.6 / SAMPLES, 0, STEPS)
        try_out("leaky relu, softmax, no restart", like="leaky relu, softmax", rate=falling)
        try_out("leaky relu, softmax, cosine once", like="leaky relu, softmax", rate=float(falling[-1]))
    constant, cosine = (run_of(name)["losses"] for name in ("leaky relu, softmax", "leaky relu, softmax, cosine"))
    with plt.rc_context(plots.STYLE):
        figure, axes = plt.subplots(1, 2, figsize=(9.6, 3.8))
    plots.learning_curves({"constant": np.full(STEPS, 0.3), "cosine with restarts": swinging * SAMPLES}, log=False,
                          xlabel="step", ylabel="rate × number of samples", first=0, ax=axes[0],
                          title="Two schedules with nearly the same mean")
    plots.learning_curves({"constant": constant, "cosine with restarts": cosine}, xlabel="step",
                          ylabel="loss per sample", first=0, ax=axes[1], title="What they do to the loss")
    axes[0].get_legend().remove()
    plt.show()

# %% [markdown]
# `ALL = True` makes two more runs. One rate falls once, over all steps, without a restart: 88 % of the test digits, as
# many as with a constant rate. And "cosine once" is a slip that was made elsewhere, where it cost most of the accuracy
# (35.0 %): the formula stands before the loop, so it is evaluated once, and one rate serves all steps. For which step, is
# not reported; with the last one nothing is learned (8 %).
#
# The first two restarts throw the loss up; then it falls faster than before. In so few steps the swinging rate wins
# nothing over a constant one with nearly the same mean ($c = 0.3$; the cosine, whose period has 15 steps here, has a mean
# of 0.32). It was invented for training over many thousands of steps, where a
# constant rate is too large to settle. A result like this is worth knowing, too: not everything that has a name helps
# every net.

# %% [markdown]
# # Part 4: reading a net
#
# A number for the accuracy says how good a net is. What follows says *what* it has learned, and what it does wrong.

# %% [markdown]
# ## 4.1 Answers, and how sure they are
#
# *Afterwards a net gives one digit for each image, and its confidence.*
#
# The answer is the class with the largest output. The confidence is that output itself. For softmax it is a
# probability; for separate sigmoids it is the answer to "is it this digit?", and the ten need not add up to 1.
#
# Shapes: $A_3$ $(c, t)$ $\to$ predicted $(t,)$, confidence $(t,)$.

# %% nbgrader={"grade_id": "predict-cases", "locked": true}
def prediction_cases(rng):
    """Outputs of a softmax, of separate sigmoids, and of tanhs, where all outputs of a sample may be negative."""
    yield {"A3": softmax(2 * rng.standard_normal((4, 7)), axis=0), "case": "softmax, 4 classes"}
    A3 = rng.random((6, 5))
    A3[:, 0] = np.sort(rng.uniform(0.55, 0.95, 6))  # all above one half
    yield {"A3": A3, "case": "sigmoids, 6 classes"}
    A3 = rng.uniform(-0.9, 0.9, (4, 5))
    A3[:, 2] = -rng.permutation([0.2, 0.4, 0.6, 0.8])
    yield {"A3": A3, "case": "tanhs, 4 classes"}


# %% nbgrader={"grade_id": "predict", "solution": true}
def predict(A3):
    """The answer for every sample, and its confidence.

    A3: (c, t), outputs.
    Returns predicted: (t,), integers, and confidence: (t,).
    """
    ### BEGIN SOLUTION
    return np.argmax(A3, axis=0), np.max(A3, axis=0)
    ### END SOLUTION

# %% nbgrader={"grade_id": "predict-check", "grade": true, "points": 1}
check.values(predict, at=prediction_cases, returns=("predicted", "confidence"), points=1)

# %% tags=["mistake"] question="predict" says="Each column is a sample and needs an answer of its own: this looks for the largest output along the rows, over all samples."
def predict(A3):
    return np.argmax(A3, axis=1), np.max(A3, axis=1)

# %% tags=["mistake"] question="predict" says="The confidence is the output of the winning class as it is: sigmoids need not add up to 1, and dividing by their sum makes another number of it."
def predict(A3):
    return np.argmax(A3, axis=0), np.max(A3, axis=0) / np.sum(A3, axis=0)

# %% tags=["mistake"] question="predict" says="Rounding asks each output whether it is above one half: several may be, or none. The answer is the largest."
def predict(A3):
    return np.argmax(np.round(A3), axis=0), np.max(A3, axis=0)

# %% tags=["mistake"] question="predict" says="The search begins with a best output of 0, so that a sample whose outputs are all negative gets no answer of its own: begin with its first output."
def predict(A3):
    answers, confidences = [], []
    for column in A3.T:
        best, answer = 0, 0
        for i, output in enumerate(column):
            if output > best:
                best, answer = output, i
        answers.append(answer)
        confidences.append(best)
    return np.array(answers), np.array(confidences)

# %% tags=["alternative"] question="predict" name="sorted, and picked out by index"
def predict(A3):
    predicted = np.argsort(A3.T, axis=1)[:, -1]
    return predicted, A3[predicted, np.arange(A3.shape[1])]

# %% tags=["alternative"] question="predict" name="sample by sample"
def predict(A3):
    answers = [max(range(len(a)), key=a.__getitem__) for a in A3.T]
    return np.array(answers), A3.max(axis=0)

# %% [markdown]
# ## 4.2 Who is taken for whom
#
# *Afterwards you see which digits a net mixes up.*
#
# Entry $[i, j]$ of the confusion matrix counts the samples of class $i$ that were taken for class $j$. What is on the
# diagonal is right. One trap: `M[rows, columns] += 1` counts a pair that occurs five times only once. numpy reads all
# old values first, adds 1 to each, and writes them back.
#
# Shapes: labels $(t,)$, predicted $(t,)$ $\to$ (classes, classes).

# %% nbgrader={"grade_id": "confusion-cases", "locked": true}
def confusion_cases(rng):
    """Labels and answers; pairs occur several times. In two cases one class is neither a label nor an answer."""
    for classes, t, present in ((3, 20, (0, 1, 2)), (4, 20, (0, 1, 2)), (5, 30, (1, 2, 3, 4))):
        first, second, *_, last = present
        labels = rng.permutation(np.r_[6 * [first], last, last, last, rng.choice(present, t - 9)])
        predicted = np.where(labels == first, rng.choice([first, second], t), rng.choice(present, t))
        predicted[np.flatnonzero(labels == last)[:2]] = first  # but the first is never taken for the last
        yield {"labels": labels, "predicted": predicted, "classes": classes,
               "case": f"{classes} classes, {len(present)} of them occur, t = {t}"}


# %% nbgrader={"grade_id": "confusion", "solution": true}
def confusion_matrix(labels, predicted, classes):
    """How often each class is taken for each.

    labels, predicted: (t,), integers from 0 to classes - 1.
    Returns M: (classes, classes); M[i, j] counts the samples of class i that were taken for class j.
    """
    ### BEGIN SOLUTION
    M = np.zeros((classes, classes), dtype=int)
    for truth, answer in zip(labels, predicted):
        M[truth, answer] += 1
    return M
    ### END SOLUTION

# %% nbgrader={"grade_id": "confusion-check", "grade": true, "points": 2}
check.values(confusion_matrix, at=confusion_cases, points=2)

# %% tags=["mistake"] question="confusion" says="Pairs that occur several times are counted once: += on a list of indices writes every entry only one time."
def confusion_matrix(labels, predicted, classes):
    M = np.zeros((classes, classes), dtype=int)
    M[labels, predicted] += 1
    return M

# %% tags=["mistake"] question="confusion" says="Rows are the true classes, columns the answers: this matrix is transposed."
def confusion_matrix(labels, predicted, classes):
    M = np.zeros((classes, classes), dtype=int)
    np.add.at(M, (predicted, labels), 1)
    return M

# %% tags=["mistake"] question="confusion" says="Entries count samples. Divided by the size of a class they are fractions, and a class that does not occur becomes 0 / 0."
def confusion_matrix(labels, predicted, classes):
    M = np.zeros((classes, classes))
    np.add.at(M, (labels, predicted), 1)
    return M / M.sum(axis=1, keepdims=True)

# %% tags=["mistake"] question="confusion" says="A class that occurs neither as label nor as answer has lost its row and column: the matrix is always classes × classes."
def confusion_matrix(labels, predicted, classes):
    occurring = np.union1d(labels, predicted)
    M = np.zeros((classes, classes), dtype=int)
    np.add.at(M, (labels, predicted), 1)
    return M[np.ix_(occurring, occurring)]

# %% tags=["mistake"] question="confusion" says="The largest label that occurs does not tell the number of classes: it is an argument."
def confusion_matrix(labels, predicted, classes):
    n = max(labels.max(), predicted.max()) + 1
    M = np.zeros((n, n), dtype=int)
    np.add.at(M, (labels, predicted), 1)
    return M

# %% tags=["alternative"] question="confusion" name="a product of one-hot matrices"
def confusion_matrix(labels, predicted, classes):
    return np.eye(classes)[:, labels] @ np.eye(classes)[:, predicted].T

# %% tags=["alternative"] question="confusion" name="bincount"
def confusion_matrix(labels, predicted, classes):
    return np.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, classes)

# %% tags=["alternative"] question="confusion" name="scikit-learn"
def confusion_matrix(labels, predicted, classes):
    from sklearn import metrics

    return metrics.confusion_matrix(labels, predicted, labels=list(range(classes)))

# %% [markdown]
# ### The best net, looked at closely
#
# First its mistakes: all of them in a matrix, some of them as images, with the net's confidence. Is it less sure where
# it is wrong? It should be. Two nets are compared, one with separate sigmoids and one with softmax.

# %% tags=["experiment"]
def on_test_digits(name):
    """The cache of a run's forward pass over the test digits."""
    run = run_of(name)
    return forward_pass(run["recipe"], *weights_of(run), test_inputs, one_hot(test_labels, 10).astype(np.float32))


with check.once_written():
    for name in ("relu", "leaky relu, softmax"):
        predicted, confidence = predict(on_test_digits(name)["A3"])
        right = predicted == test_labels
        print(f"{name}: mean confidence {confidence[right].mean():.0%} where it is right, "
              f"{confidence[~right].mean():.0%} where it is wrong")
    plots.confusion(confusion_matrix(test_labels, predicted, 10), title="Leaky ReLU with softmax, test digits")
    plt.show()
    plots.predictions(test_inputs[:, ~right], test_labels[~right], predicted[~right], confidence=confidence[~right],
                      n=14, title="Leaky ReLU with softmax: some that it gets wrong")
    plt.show()

# %% [markdown]
# ### One image
#
# Choose an image by its number, look at the ten outputs, and say in a sentence what the net makes of it.

# %%
WHICH = 8  # the number of a test image, from 0 on; None: one at random

# %% tags=["experiment"]
with check.once_written():
    which = np.random.default_rng().integers(test_inputs.shape[1]) if WHICH is None else WHICH
    outputs = on_test_digits("leaky relu, softmax")["A3"][:, which]
    (answer,), (sure,) = predict(outputs[:, np.newaxis])
    with plt.rc_context(plots.STYLE):
        figure, axes = plt.subplots(1, 2, figsize=(7, 2.6), width_ratios=[1, 2])
        axes[0].imshow(test_inputs[:, which].reshape(28, 28), cmap="gray_r")
        axes[0].set(title=f"test image {which}: a {test_labels[which]}", xticks=[], yticks=[])
        axes[1].bar(range(10), 100 * outputs, color=[plots.COLORS[int(digit == answer)] for digit in range(10)])
        axes[1].set(title="what the net says", xlabel="digit", ylabel="output in %", xticks=range(10), ylim=(0, 100))
        figure.set_label(f"Test image {which}, a {test_labels[which]}, and the net's ten outputs.")
    plt.show()
    print(f"It is a {test_labels[which]}. The net says {answer} and is {sure:.0%} sure: "
          f"{'right' if answer == test_labels[which] else 'wrong'}.")

# %% [markdown]
# **Activations after training.** Has the sigmoid net come out of its saturation? How many ReLUs are off? Exact
# zeros are counted in the title and not drawn.

# %% tags=["experiment"]
with check.once_written():
    for name, bins in (("base", np.linspace(0, 1, 41)), ("relu", 60)):
        cache = on_test_digits(name)
        plots.activations([cache["A1"], cache["A2"]], ["first hidden layer", "second hidden layer"], bins=bins,
                          title=f"After training: {name}")
        plt.show()

# %% [markdown]
# **Mean activations.** The mean over all test digits of each unit, laid out as a picture: 256 = 16 × 16 units in the first
# hidden layer, 128 = 8 × 16 in the second, ten outputs. Which units are always on, which never?

# %% tags=["experiment"]
with check.once_written():
    with plt.rc_context(plots.STYLE):
        figure, axes = plt.subplots(2, 3, figsize=(9, 4.6))
        for row, name in zip(axes, ("base", "relu")):
            for axis, layer, shape in zip(row, ("A1", "A2", "A3"), ((16, 16), (8, 16), (2, 5))):
                shown = axis.imshow(on_test_digits(name)[layer].mean(axis=1).reshape(shape), cmap="Blues", vmin=0)
                axis.set(title=f"{name}: {layer}", xticks=[], yticks=[])
                figure.colorbar(shown, ax=axis, shrink=0.8)
        figure.suptitle("Mean activations over the test digits")
        figure.set_label("Mean activations of the units of three layers as images, for the nets base and relu.")
    plt.show()

# %% [markdown]
# **Sizes of the steps over time**, relative to the weights, layer by layer. How far apart are the layers in each net?
# Which layer of the first net hardly moves, and why that one?

# %% tags=["experiment"]
with check.once_written():
    diaries = {name: run_of(name)["sizes"] for name in ("base", "tanh, scaled start", "relu")}
    with plt.rc_context(plots.STYLE):
        figure, axes = plt.subplots(1, 3, figsize=(11, 3.8), sharey=True)
    for axis, (name, sizes) in zip(axes, diaries.items()):
        plots.learning_curves({f"W{layer + 1}": sizes[:, layer] for layer in range(3)}, title=name, xlabel="step",
                              ylabel="size of the step / size of the weights" if axis is axes[0] else "", first=0,
                              ax=axis)
        axis.tick_params(labelleft=axis is axes[0])
    plt.show()

# %% [markdown]
# **Mean weights as images.** A row of $W_1$ has 784 weights, as many as an image has pixels. 256 rows are too many to
# look at, so take means. The first pictures show, for three runs, the mean of what training has added to all rows. Each
# has a scale of its own. In the others a mean is taken for each digit: a row counts by how much more active its unit is
# for that digit than on average. What comes out is what the first layer looks for.

# %% tags=["experiment"]
def mean_weights(W1, A1, labels):
    """For each class, the mean row of W1, weighted by how much more active a unit is for that class: (10, 784)."""
    by_class = np.stack([A1[:, labels == c].mean(axis=1) for c in range(10)])  # (10, h1)
    return (by_class - by_class.mean(axis=0)) @ W1 / len(W1)


with check.once_written():
    names = ("base", "tanh, scaled start", "relu")
    added = np.stack([(run_of(name)["W1"] - draw(runs[name]["recipe"]["start"])[0]).mean(axis=0) for name in names])
    plots.weights(added / np.abs(added).max(axis=1, keepdims=True), names=["base", "tanh", "relu"],
                  title="What training adds to the mean row")
    plt.show()
    for name in ("base", "relu"):
        plots.weights(mean_weights(run_of(name)["W1"], on_test_digits(name)["A1"], test_labels), names=range(10), n=10,
                      columns=5, title=f"Mean first-layer weights by digit: {name}")
        plt.show()

# %% [markdown]
# **All weights, and what training has added to them.** Above the three weight matrices of the ReLU net, a row for each
# unit; below, the same after minus before. Each picture has a scale of its own. Where do you see the empty border of the
# images, and why is it not empty above?

# %% tags=["experiment"]
with check.once_written():
    end, begin = weights_of(run_of("relu")), draw(runs["relu"]["recipe"]["start"])
    with plt.rc_context(plots.STYLE):
        figure, axes = plt.subplots(2, 3, figsize=(10, 5), width_ratios=[3, 2, 1.4])
        for row, matrices, says in ((axes[0], end, "{}"), (axes[1], [a - b for a, b in zip(end, begin)], "Δ{}")):
            for axis, W, name in zip(row, matrices, ("W1", "W2", "W3")):
                limit = np.quantile(np.abs(W), 0.99) or 1
                shown = axis.imshow(W, cmap="PuOr_r", vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest")
                axis.set(title=says.format(name), xlabel="input of the layer", ylabel="unit" if name == "W1" else "")
                figure.colorbar(shown, ax=axis, shrink=0.8)
        figure.suptitle("relu: weights after training, and what training has added")
        figure.set_label("The weight matrices W1 to W3 after training, and their changes, as images.")
    plt.show()

# %% [markdown]
# **The second hidden layer in the plane.** t-SNE places samples in the plane so that those with similar activations
# (128 numbers each) lie close together. Distances between groups and the sizes of groups mean little. Here are 300 test
# digits, before and after training.

# %% tags=["experiment"]
from sklearn.manifold import TSNE  # here, because its import takes a second

with check.once_written():
    after = on_test_digits("leaky relu, softmax")["A2"][:, :300]
    recipe, truth = runs["leaky relu, softmax"]["recipe"], test_labels[:300]
    before = forward_pass(recipe, *draw(recipe["start"]), test_inputs[:, :300],
                          one_hot(truth, 10).astype(np.float32))["A2"]
    with plt.rc_context(plots.STYLE):
        figure, axes = plt.subplots(1, 2, figsize=(11, 5))
    for axis, title, A2 in ((axes[0], "before training", before), (axes[1], "after training", after)):
        places = TSNE(perplexity=30, max_iter=300, random_state=0, init="pca").fit_transform(A2.T)
        plots.embedding(places, truth, title=f"Second hidden layer, {title}", ax=axis)
    axes[0].get_legend().remove()
    plt.show()

# %% [markdown]
# # All runs
#
# The table is made from `runs`. "new" says what differs from the run it started from. Add runs of your own with
# `try_out`, and run the cell again. "reported" is what others report for the same net: accuracies on the 60,000
# *training* digits of MNIST after 200 full-batch steps, at a rate of 1e-5 ($c = 0.6$) unless the run says otherwise.

# %% tags=["experiment"]
REPORTED = {
    "c = 0.6": "57–71 %, with rates of 1e-5 to 3e-5", "start √(2/fan_out)": "79.4 %", "cross-entropy": "89.9 %",
    "all relu": "95.3 %", "all relu6": "91.5 %", "all relu, twice the rate": "71.6 %, at 2e-5",
    "all tanh, uniform ±½": "82.0 %", "all tanh, normal/3": "67.0 %", "all relu, log loss": "85.6 %, at 2e-5",
    "leaky relu, softmax, cosine once": "35.0 %",
}


def told(changes):
    """What is new in a run, in words; rates as multiples of 1 / number of samples."""
    words = []
    for key, value in changes.items():
        if key == "rate":
            value = f"{value * SAMPLES:.3g}/t" if np.ndim(value) == 0 else "cosine"
        words.append(f"{key}: {value}")
    return ", ".join(words)


def table_of(runs):
    """One row a run, in the order in which they were made."""
    return pd.DataFrame({
        name: {
            "started from": run["like"] if isinstance(run["like"], str) else "BASE",
            "new": told(run["changes"]),
            "steps": len(run["losses"]),
            "loss at the start": run["losses"][0] if len(run["losses"]) else np.nan,
            "loss at the end": run["losses"][-1] if len(run["losses"]) else np.nan,
            "training digits": f"{run['train accuracy']:.1%}",
            "test digits": f"{run['test accuracy']:.1%}",
            "reported": REPORTED.get(name, ""),
            "remark": run["says"],
        } for name, run in runs.items()}).T


with check.once_written():
    if runs:
        print(f"{SAMPLES:,} training digits, {STEPS} steps; losses per sample")
        with pd.option_context("display.max_rows", None, "display.max_colwidth", None, "display.precision", 4):
            display(table_of(runs))

# %% [markdown]
# ## What made it train?
#
# Write a short paragraph from your table.
#
# - Which two changes brought the most on the test digits, each compared with the run that it started from? Say for each
#   by which mechanism it helps. Use what you have seen inside the nets: histograms, slopes, sizes of steps.
# - Name one change that brought nothing, or harm, and say why.
# - 1,000 test digits, one seed: which differences in your table would you not bet on?

# %% [markdown] nbgrader={"grade_id": "what-made-it-train", "grade": true, "solution": true, "points": 3}
# ### BEGIN SOLUTION
# **Model answer.** (60 steps, 1,000 bundled digits.) From tanh with `normal/3` to tanh with the scaled start the test
# accuracy goes from 54 % to 86 %: with smaller weights the pre-activations stay where tanh is steep, so that the error
# gets back to the first layer, and steps of layers 1 and 2 have the same relative size. From squared error to
# cross-entropy, with sigmoids, it goes from 51 % to 79 %: the slope $a (1 - a)$ of the output no longer multiplies the
# error, so a net that is sure and wrong learns fastest instead of not at all. (As good: from sigmoid to ReLU with He's
# weights, 75 % to 89 %, because an open ReLU has slope 1 where a sigmoid has ¼ at most; or `BASE` to `normal/3`, 28 %
# to 51 %.) Nothing came of the cosine, of the leak and of the 6 in ReLU6: with He's weights few activations reach 6 and
# few units die, so there is nothing to mend. ReLU with `normal/3` did harm: the first steps were so large that
# the last hidden layer was off for all digits, and then its slope is 0. With 1,000 test digits an accuracy near 88
# % has a standard error of about 1 %, and another seed moved `BASE` by 15 points. So ReLU, ReLU6, leaky ReLU and the
# cosine cannot be ranked, nor the slopes 0.4 to 1.2.
#
# **Mark scheme, 3 points.**
#
# - 1 point: two changes that the table supports, each compared with its own starting point, with numbers. Half a point
#   if runs are compared that differ in two things without saying so.
# - 1 point: a mechanism for each: saturation and slopes that vanish, or an error that is passed on undamped, or dead
#   units. "It works better" or "it is state of the art" is no mechanism.
# - 1 point: one change without effect or with harm, and a sensible word about chance (few test digits, one seed).
# ### END SOLUTION

# %% [markdown]
# # Which slip is it?
#
# Six functions of earlier problem sets, each with one slip in it, and what the self-check said of it. Read the report first:
# which results are wrong, and is it a factor, a sign, a shape, or only some entries? Then find the line. For each, return the
# number of the sentence that fits.
#
# <!-- slips from ps3_samplewise_mnist, ps4_regularised_mlp: 6, draw 5 -->

# %% [markdown]
# ### Slip 1
#
# Problem set 4, 4.5, asked for this:
#
# ```python
# def step_by_step(W1, b1, W2, b2, x, y, lambdas):
#     """The gradients of the regularised loss of one sample with respect to W1, b1, W2, b2 and x, through all steps.
#
#     W1: (d_h, d), b1: (d_h,), W2: (m, d_h), b2: (m,); x: (d,), y: an integer; lambdas: (λ11, λ12, λ21, λ22).
#     Returns dW1: (d_h, d), db1: (d_h,), dW2: (m, d_h), db2: (m,), d_x: (d,)."""
# ```
#
# Somebody has written:
#
# ```python
# def step_by_step(W1, b1, W2, b2, x, y, lambdas):
#     _, h_s, _, o_s = forward(W1, b1, W2, b2, x)
#     dW2, db2, d_hs = layer_backward(grad_oa(o_s, y), W2, h_s)
#     dW1, db1, d_x = layer_backward(d_hs, W1, x)
#     dW1, dW2 = regularised(dW1, dW2, W1, W2, lambdas)
#     return dW1, db1, dW2, db2, d_x
# ```
#
# The self-check says:
#
# ```text
# dW1: wrong, dW1[2, 0] is about 3.8 times too large (d = 4, d_h = 5, m = 3)
# db1: wrong, db1[2] should be 0 (d = 4, d_h = 5, m = 3)
# dW2: right
# db2: right
# d_x: wrong, d_x[1] is about 2.9 times too large (d = 4, d_h = 5, m = 3)
# ```
#
# Which idea is behind it?
#
# 1. The ReLU's step multiplies by its slope, 0 or 1: here it has been multiplied by its value, h_s.
# 2. These are the gradients of the loss alone: the penalty adds its own to those of the weights.
# 3. The biases have been penalised as well: the penalty is on the weights only.
# 4. A step has been left out: between the two layers lies the ReLU, and nothing comes back through a unit that was off.

# %% nbgrader={"grade_id": "slip-1", "solution": true}
def slip_1():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 4
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-1-check", "grade": true, "points": 1}
check.answer(slip_1, points=1)

# %% tags=["mistake"] question="slip-1" says="Not 1: of that slip the self-check would say otherwise: dW1: wrong, dW1[1, 0] has the wrong sign, and not the right size either (d = 4, d_h = 5, m = 3); db1: wrong, db1[1] is about 2.9 times too small (d = 4, d_h = 5, m = 3); dW2: right; db2: right; d_x: wrong, d_x[3] has the wrong sign, and not the right size either (d = 4, d_h = 5, m = 3)"
def slip_1():
    return 1

# %% tags=["mistake"] question="slip-1" says="Not 2: of that slip the self-check would say otherwise: dW1: wrong, dW1[1, 3] is about 2.1 times too small (d = 4, d_h = 5, m = 3); db1: right; dW2: wrong, dW2[1, 3] is about 2.2 times too small (d = 4, d_h = 5, m = 3); db2: right; d_x: right"
def slip_1():
    return 2

# %% tags=["mistake"] question="slip-1" says="Not 3: of that slip the self-check would say otherwise: dW1: right; db1: wrong, db1[3] is about 1.4 times too large (d = 4, d_h = 5, m = 3); dW2: right; db2: wrong, db2[0] has the wrong sign, and not the right size either (d = 4, d_h = 5, m = 3); d_x: right"
def slip_1():
    return 3

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
#     return np.outer(h, d), d, W.T @ d
# ```
#
# The self-check says:
#
# ```text
# dW: wrong, dW[3, 1] has the wrong sign (m = 4, k = 4)
# db: right
# dh: right
# ```
#
# Which idea is behind it?
#
# 1. The errors of all units were added up for the bias: each unit has a bias of its own.
# 2. The table of products is transposed: a weight has the row of its output and the column of its input, and so has its derivative.
# 3. The error is sent through W a second time as if it went forward. Backward it goes through the transpose, which only a square W lets you confuse.
# 4. The derivative with respect to the bias is not 1: o moves with b one to one, but the loss moves with o by d.

# %% nbgrader={"grade_id": "slip-2", "solution": true}
def slip_2():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 2
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-2-check", "grade": true, "points": 1}
check.answer(slip_2, points=1)

# %% tags=["mistake"] question="slip-2" says="Not 1: of that slip the self-check would say otherwise: dW: right; db: wrong, db[3] is 0 and should not be (m = 4, k = 4); dh: right"
def slip_2():
    return 1

# %% tags=["mistake"] question="slip-2" says="Not 3: of that slip the self-check would say otherwise: dW: wrong, `linear_backward` raises ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature (n?,k),(k,m?)->(n?,m?) (size 3 is different from 5); db: wrong, `linear_backward` raises ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature (n?,k),(k,m?)->(n?,m?) (size 3 is different from 5); dh: wrong, dh[2] has the wrong sign, and not the right size either (m = 4, k = 4)"
def slip_2():
    return 3

# %% tags=["mistake"] question="slip-2" says="Not 4: of that slip the self-check would say otherwise: dW: right; db: wrong, db[3] has the wrong sign, and not the right size either (m = 4, k = 4); dh: right"
def slip_2():
    return 4

# %% [markdown]
# ### Slip 3
#
# Problem set 3, 3.4, asked for this:
#
# ```python
# def backward(W2, W3, x, y, h1, h2, p):
#     """The gradients of the loss of one sample, from what its forward pass has kept.
#
#     W2: (n2, n1), W3: (K, n2); x: (n0,), y: (K,), one-hot;
#     h1: (n1,), h2: (n2,), activations; p: (K,), probabilities.
#     Returns dW1: (n1, n0), db1: (n1,), dW2: (n2, n1), db2: (n2,), dW3: (K, n2), db3: (K,)."""
# ```
#
# Somebody has written:
#
# ```python
# def backward(W2, W3, x, y, h1, h2, p):
#     d3 = p - y
#     d2 = (W3.T @ d3) * h2 * (1 - h2)
#     d1 = (W2.T @ d2) * h1 * (1 - h1)
#     return np.outer(x, d1), d1, np.outer(h1, d2), d2, np.outer(h2, d3), d3
# ```
#
# The self-check says:
#
# ```text
# dW1: wrong, dW1 has shape (5, 4), asked for is (4, 5): it is transposed (n0 = 5, n1 = 4, n2 = 4, K = 3)
# db1: right
# dW2: wrong, dW2[0, 2] is about 45 times too large (n0 = 5, n1 = 4, n2 = 4, K = 3)
# db2: right
# dW3: wrong, dW3 has shape (4, 3), asked for is (3, 4): it is transposed (n0 = 5, n1 = 4, n2 = 4, K = 3)
# db3: right
# ```
#
# Which idea is behind it?
#
# 1. The error goes back through W2 without its transpose. In the digit net W2 is square and nobody complains: where the hidden layers differ, the shapes do not fit.
# 2. The weights have got the error times the slope once more: each error already contains its layer's slope, and what it meets is the activation that went into the layer.
# 3. The products stand the wrong way round: the gradient of a weight matrix has its shape, a row for each output of the layer.
# 4. The output error has been multiplied by p (1 - p), as if the output were a sigmoid with a squared error: with softmax and cross-entropy the error at the scores is p - y alone.

# %% nbgrader={"grade_id": "slip-3", "solution": true}
def slip_3():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 3
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-3-check", "grade": true, "points": 1}
check.answer(slip_3, points=1)

# %% tags=["mistake"] question="slip-3" says="Not 1: of that slip the self-check would say otherwise: dW1: wrong, dW1[1, 0] has the wrong sign, and not the right size either (n0 = 5, n1 = 4, n2 = 4, K = 3); db1: wrong, db1[1] has the wrong sign, and not the right size either (n0 = 5, n1 = 4, n2 = 4, K = 3); dW2: wrong, `backward` raises ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature (n?,k),(k,m?)->(n?,m?) (size 5 is different from 3); db2: wrong, `backward` raises ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature (n?,k),(k,m?)->(n?,m?) (size 5 is different from 3); dW3: wrong, `backward` raises ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature (n?,k),(k,m?)->(n?,m?) (size 5 is different from 3); db3: wrong, `backward` raises ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature (n?,k),(k,m?)->(n?,m?) (size 5 is different from 3)"
def slip_3():
    return 1

# %% tags=["mistake"] question="slip-3" says="Not 2: of that slip the self-check would say otherwise: dW1: right; db1: right; dW2: wrong, dW2[2, 0] is about 22 times too small (n0 = 5, n1 = 4, n2 = 4, K = 3); db2: right; dW3: wrong, dW3[1, 0] is about 35 times too small (n0 = 5, n1 = 4, n2 = 4, K = 3); db3: right"
def slip_3():
    return 2

# %% tags=["mistake"] question="slip-3" says="Not 4: of that slip the self-check would say otherwise: dW1: wrong, dW1[2, 0] is about 5.5 times too small (n0 = 5, n1 = 4, n2 = 4, K = 3); db1: wrong, db1[2] is about 5.5 times too small (n0 = 5, n1 = 4, n2 = 4, K = 3); dW2: wrong, dW2[2, 0] is about 6.1 times too small (n0 = 5, n1 = 4, n2 = 4, K = 3); db2: wrong, db2[2] is about 6.1 times too small (n0 = 5, n1 = 4, n2 = 4, K = 3); dW3: wrong, dW3[1, 0] is about 5.8 times too small (n0 = 5, n1 = 4, n2 = 4, K = 3); db3: wrong, db3[1] is about 5.8 times too small (n0 = 5, n1 = 4, n2 = 4, K = 3)"
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
#         gradients.append((D @ V.T, D.mean(axis=1)))
#         D = (W.T @ D) * (V > 0)
#     return one_vector(reversed(gradients))
# ```
#
# The self-check says:
#
# ```text
# 4–3: wrong, theta[12] is about 5 times too small (4–3)
# 3–5–2: wrong, theta[17] is about 4 times too small (3–5–2)
# 4–3–5–3: wrong, theta[51] is about 6 times too small (4–3–5–3)
# 2–4–3–5–4: wrong, theta[11] is about 3 times too small (2–4–3–5–4)
# ```
#
# Which idea is behind it?
#
# 1. The ReLUs are missing in the backward pass: nothing passes where a unit was off.
# 2. A gradient has the shape of its weights: these are transposed, which a vector does not show, but its order is that of W.
# 3. The loss is a mean over the samples: these are the gradients of their sum.
# 4. The biases have been divided by K twice: the upstream gradient is divided already, so over the samples it is a sum.

# %% nbgrader={"grade_id": "slip-4", "solution": true}
def slip_4():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 4
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-4-check", "grade": true, "points": 1}
check.answer(slip_4, points=1)

# %% tags=["mistake"] question="slip-4" says="Not 1: of that slip the self-check would say otherwise: 4–3: right; 3–5–2: wrong, theta[5] should be 0 (3–5–2); 4–3–5–3: wrong, theta[7] is about 28 times too large (4–3–5–3); 2–4–3–5–4: wrong, theta[39] should be 0 (2–4–3–5–4)"
def slip_4():
    return 1

# %% tags=["mistake"] question="slip-4" says="Not 2: of that slip the self-check would say otherwise: 4–3: wrong, theta[2] has the wrong sign, and not the right size either (4–3); 3–5–2: wrong, theta[8] has the wrong sign, and not the right size either (3–5–2); 4–3–5–3: wrong, theta[39] has the wrong sign (4–3–5–3); 2–4–3–5–4: wrong, theta[49] has the wrong sign, and not the right size either (2–4–3–5–4)"
def slip_4():
    return 2

# %% tags=["mistake"] question="slip-4" says="Not 3: of that slip the self-check would say otherwise: 4–3: wrong, theta[8] is about 5 times too large (4–3); 3–5–2: wrong, theta[17] is about 4 times too large (3–5–2); 4–3–5–3: wrong, theta[49] is about 6 times too large (4–3–5–3); 2–4–3–5–4: wrong, theta[33] is about 3 times too large (2–4–3–5–4)"
def slip_4():
    return 3

# %% [markdown]
# ### Slip 5
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
#     return np.outer(np.maximum(d_z, 0), v), d_z, W.T @ d_z
# ```
#
# The self-check says:
#
# ```text
# dW: wrong, dW[0, 2] is 0 and should not be (5 inputs after a ReLU, 3 units)
# db: right
# d_v: right
# ```
#
# Which idea is behind it?
#
# 1. There is no ReLU between W and z: a unit that is pushed down has a gradient like any other.
# 2. The slope of the ReLU has no place here: W is multiplied by what comes in, by the activation h_s itself.
# 3. The bias moves its own z by exactly as much as it moves itself: it passes on the upstream gradient, not a 1.
# 4. Every unit has a bias of its own, so the gradient has one entry for each: there is nothing to add up in one sample.

# %% nbgrader={"grade_id": "slip-5", "solution": true}
def slip_5():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 1
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-5-check", "grade": true, "points": 1}
check.answer(slip_5, points=1)

# %% tags=["mistake"] question="slip-5" says="Not 2: of that slip the self-check would say otherwise: dW: wrong, dW[2, 1] is about 1.7 times too large (5 inputs after a ReLU, 3 units); db: right; d_v: right"
def slip_5():
    return 2

# %% tags=["mistake"] question="slip-5" says="Not 3: of that slip the self-check would say otherwise: dW: right; db: wrong, db[0] has the wrong sign (5 inputs after a ReLU, 3 units); d_v: right"
def slip_5():
    return 3

# %% tags=["mistake"] question="slip-5" says="Not 4: of that slip the self-check would say otherwise: dW: right; db: wrong, db has shape (), asked for is (3,) (5 inputs after a ReLU, 3 units); d_v: right"
def slip_5():
    return 4

# %% [markdown]
# ### Slip 6
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
#     return dh * (1 - h**2)
# ```
#
# The self-check says:
#
# ```text
# dz: wrong, dz[2] is about 24 times too large (m = 4)
# ```
#
# Which idea is behind it?
#
# 1. This is the slope alone: it still has to meet the upstream gradient.
# 2. 1 - h² is the slope of tanh. That of the sigmoid is h (1 - h).
# 3. The error was sent through the sigmoid itself. In the backward pass it is multiplied by the slope: backward, every layer is linear in the error.
# 4. The sigmoid has been applied a second time: h is the activation already, and the slope is made of h directly.

# %% nbgrader={"grade_id": "slip-6", "solution": true}
def slip_6():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 2
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-6-check", "grade": true, "points": 1}
check.answer(slip_6, points=1)

# %% tags=["mistake"] question="slip-6" says="Not 1: of that slip the self-check would say otherwise: dz: wrong, dz[3] has the wrong sign, and not the right size either (m = 4)"
def slip_6():
    return 1

# %% tags=["mistake"] question="slip-6" says="Not 3: of that slip the self-check would say otherwise: dz: wrong, dz[3] has the wrong sign, and not the right size either (m = 4)"
def slip_6():
    return 3

# %% tags=["mistake"] question="slip-6" says="Not 4: of that slip the self-check would say otherwise: dz: wrong, dz[1] is about 12 times too large (m = 4)"
def slip_6():
    return 4

# %% [markdown]
# <!-- end of slips -->

# %% [markdown]
# # What to read next
#
# - Yann LeCun, Léon Bottou, Genevieve Orr and Klaus-Robert Müller, "Efficient BackProp" (1998), in *Neural Networks:
#   Tricks of the Trade*: why inputs and activations should lie around zero, and where $1/\sqrt{\text{fan-in}}$ comes
#   from.
# - Xavier Glorot and Yoshua Bengio, "Understanding the difficulty of training deep feedforward neural networks"
#   (AISTATS 2010): histograms of activations and gradients, layer by layer, as in your figures.
# - Kaiming He, Xiangyu Zhang, Shaoqing Ren and Jian Sun, "Delving deep into rectifiers" (2015),
#   <https://arxiv.org/abs/1502.01852>: the variance 2/fan-in, and leaky ReLUs whose leak is learned.
# - Andrej Karpathy and others, notes of the Stanford course CS231n, "Neural Networks Part 3: Learning and Evaluation":
#   sanity checks, and the sizes of steps relative to weights. <https://cs231n.github.io/neural-networks-3/>
# - Michael Nielsen, *Neural Networks and Deep Learning* (2015), chapter 3: cross-entropy and saturation, told slowly.
#   <http://neuralnetworksanddeeplearning.com/chap3.html>
# - Ilya Loshchilov and Frank Hutter, "SGDR: Stochastic gradient descent with warm restarts" (2016),
#   <https://arxiv.org/abs/1608.03983>: the cosine that restarts.
# - Martin Wattenberg, Fernanda Viégas and Ian Johnson, "How to use t-SNE effectively", *Distill* (2016),
#   <https://distill.pub/2016/misread-tsne/>: what one must not read into such pictures.
