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
# # Problem set 10: convolutions
#
# **What you will learn.** The nets so far forgot at once that pixels lie next to each other. A convolution knows: it looks at
# small patches, and with the same weights everywhere. You write it in two ways, forward and backward, pool what comes out, and
# train a small residual net on digits. Then you find out what it relies on, by taking that away.
#
# **What you need.** Problem set 4, or its contents: a backward pass, minibatches. Problem set 8 for values that are used
# more than once; of problem set 9 only the idea of a residual block.
#
# **How long it takes.** About six hours. Everything together computes for less than a minute.
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
# | in the code | what it is | shape |
# |---|---|---|
# | `X` | a batch of images with several channels | $(N, C, H, W)$ |
# | `K` | kernels: for each of $F$ results, $k \times k$ weights for each channel | $(F, C, k, k)$ |
# | `b` | biases | $(F,)$ |
# | `stride` | by how many pixels the kernel moves on from one place to the next, in both directions | a number |
# | `padding` | how many rows and columns of zeros are put around each image, on every side | a number |
# | `G` | the derivative of the loss with respect to a layer's result: the *upstream gradient* | that of the result |
#
# A *window* is the part of the padded image that the kernel covers at one place. Windows that would stick out are left out.
# Backward passes are measured with the loss $\sum_i G_i\, Y_i$ of the layer's result $Y$, whose derivative with respect to $Y$
# is $G$.

# %% nbgrader={"grade_id": "conv-cases", "locked": true}
from numpy.lib.stride_tricks import sliding_window_view


def windows_of(X, k, stride, padding):
    """All windows, as numpy sees them: (N, C, rows, columns, k, k)."""
    padded = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    return sliding_window_view(padded, (k, k), axis=(2, 3))[:, :, ::stride, ::stride]


def size_cases(rng):
    """Lengths, kernels, strides and paddings; in some the last window would stick out."""
    for n, k, stride, padding in ((28, 3, 1, 1), (28, 5, 1, 0), (7, 3, 2, 0), (8, 3, 2, 1), (10, 4, 3, 2), (9, 2, 2, 0)):
        yield {"n": n, "k": k, "stride": stride, "padding": padding,
               "case": f"n = {n}, k = {k}, stride {stride}, padding {padding}"}
    n, k = int(rng.integers(12, 40)), int(rng.integers(3, 8))
    yield {"n": n, "k": k, "stride": 3, "padding": 2, "case": f"n = {n}, k = {k}, stride 3, padding 2"}


SIZES = ((2, 1, 4, 5, 2, 3, 1, 0), (1, 2, 5, 4, 3, 3, 1, 1), (3, 2, 5, 7, 2, 2, 2, 0), (2, 3, 6, 5, 1, 3, 3, 2))


def conv_cases(rng):
    """Images that are not square, one channel and several, with strides and paddings."""
    for n, c, h, w, f, k, stride, padding in SIZES:
        X, K = rng.standard_normal((n, c, h, w)), rng.standard_normal((f, c, k, k))
        shape = np.einsum("ncijab,fcab->nfij", windows_of(X, k, stride, padding), K).shape
        yield {"X": X, "K": K, "b": rng.standard_normal(f), "stride": stride, "padding": padding,
               "G": rng.standard_normal(shape),
               "case": f"{n} images of {c} times {h} times {w}, kernel {k}, stride {stride}, padding {padding}"}


def conv_loss(X, K, b, stride, padding, G):
    return np.sum(G * (np.einsum("ncijab,fcab->nfij", windows_of(X, K.shape[-1], stride, padding), K)
                       + b[:, None, None]))


def patch_cases(rng):
    """The same images, and a number for every entry of their patches."""
    for n, c, h, w, _, k, stride, padding in SIZES:
        X = rng.standard_normal((n, c, h, w))
        seen = windows_of(X, k, stride, padding)
        yield {"X": X, "k": k, "stride": stride, "padding": padding, "shape": X.shape,
               "cols": rng.standard_normal((n * seen.shape[2] * seen.shape[3], c * k * k)),
               "case": f"{n} images of {c} times {h} times {w}, k = {k}, stride {stride}, padding {padding}"}


def patch_loss(X, k, stride, padding, cols):
    return np.sum(cols * windows_of(X, k, stride, padding).transpose(0, 2, 3, 1, 4, 5).reshape(cols.shape))


def same_inner_product(result, X, k, stride, padding, shape, cols):
    """What taking patches does to X meets cols as X meets what comes back: ⟨A x, c⟩ = ⟨x, Aᵀ c⟩."""
    there, back = patch_loss(X, k, stride, padding, cols), np.sum(X * result)
    return abs(there - back) < 1e-5 * (1 + abs(there))


# %% [markdown]
# # Part 1: the same weights everywhere

# %% [markdown]
# ## 1.1 How many places?
#
# *Afterwards shapes hold no surprises.*
#
# Along one side an image has $n$ pixels, and `padding` zeros are put on either end. A kernel of length $k$ starts at the first
# pixel and moves on by `stride`. At how many places does it fit? Draw it for $n = 7$, $k = 3$, stride 2 first, then for $n = 8$.
#
# Shapes: four whole numbers $\to$ a whole number.

# %% nbgrader={"grade_id": "conv-size", "solution": true}
def conv_size(n, k, stride, padding):
    """At how many places a kernel of length k fits into n pixels with padding on both sides, with a stride."""
    ### BEGIN SOLUTION
    return (n + 2 * padding - k) // stride + 1
    ### END SOLUTION

# %% nbgrader={"grade_id": "conv-size-check", "grade": true}
check.values(conv_size, at=size_cases, points=1)

# %% tags=["mistake"] question="conv-size" says="Where a place is missing, 1 has not been added, or before the division: a kernel as long as the image fits once."
def conv_size(n, k, stride, padding):
    return (n + 2 * padding - k) // stride

# %% tags=["mistake"] question="conv-size" says="Padding stands on both ends."
def conv_size(n, k, stride, padding):
    return (n + padding - k) // stride + 1

# %% tags=["mistake"] question="conv-size" says="Where the last window would stick out it is left out: the division is rounded down."
def conv_size(n, k, stride, padding):
    return -(-(n + 2 * padding - k) // stride) + 1

# %% tags=["mistake"] question="conv-size" says="The kernel's length has been taken off after the division by the stride: it is not divided then."
def conv_size(n, k, stride, padding):
    return (n + 2 * padding) // stride - k + 1

# %% tags=["mistake"] question="conv-size" says="The stride plays no part."
def conv_size(n, k, stride, padding):
    return n + 2 * padding - k + 1

# %% tags=["alternative"] question="conv-size" name="counting the starts"
def conv_size(n, k, stride, padding):
    return len(range(0, n + 2 * padding - k + 1, stride))

# %% tags=["alternative"] question="conv-size" name="rounding up"
def conv_size(n, k, stride, padding):
    return int(np.ceil((n + 2 * padding - k + 1) / stride))

# %% [markdown]
# ## 1.2 A convolution in loops
#
# *Afterwards you know what every framework's conv2d computes.*
#
# At each place multiply the window with kernel $f$, entry by entry over all channels, add everything up, and add the bias:
#
# $$Y_{n f i j} = b_f + \sum_{c, u, v} K_{f c u v}\; P_{n,\, c,\, i s + u,\, j s + v}$$
#
# with $P$ the padded images and $s$ the stride. (Mathematicians turn the kernel round first and call this a correlation; nets
# do not care, they learn it either way.) Loops over the places $i$ and $j$ are fine; over images and kernels you can do without.
#
# Shapes: $X$ $(N, C, H, W)$, $K$ $(F, C, k, k)$, $b$ $(F,)$ $\to$ $(N, F, \cdot, \cdot)$ with sizes as in 1.1.

# %% nbgrader={"grade_id": "conv", "solution": true}
def conv2d(X, K, b, stride, padding):
    """A convolution. X: (N, C, H, W), K: (F, C, k, k), b: (F,); stride and padding: numbers, for both directions."""
    ### BEGIN SOLUTION
    (n, _, h, w), (f, _, k, _) = X.shape, K.shape
    P = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    Y = np.empty((n, f, (h + 2 * padding - k) // stride + 1, (w + 2 * padding - k) // stride + 1))
    for i in range(Y.shape[2]):
        for j in range(Y.shape[3]):
            window = P[:, :, i * stride:i * stride + k, j * stride:j * stride + k]
            Y[:, :, i, j] = np.einsum("ncuv,fcuv->nf", window, K) + b
    return Y
    ### END SOLUTION

# %% nbgrader={"grade_id": "conv-check", "grade": true}
check.values(conv2d, at=conv_cases, points=3)

# %% tags=["mistake"] question="conv" says="The kernel has been turned round: its first entry meets the first pixel of the window."
def conv2d(X, K, b, stride, padding):
    (n, _, h, w), (f, _, k, _) = X.shape, K.shape
    P = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    Y = np.empty((n, f, (h + 2 * padding - k) // stride + 1, (w + 2 * padding - k) // stride + 1))
    for i in range(Y.shape[2]):
        for j in range(Y.shape[3]):
            window = P[:, :, i * stride:i * stride + k, j * stride:j * stride + k]
            Y[:, :, i, j] = np.einsum("ncuv,fcuv->nf", window, K[:, :, ::-1, ::-1]) + b
    return Y

# %% tags=["mistake"] question="conv" says="The bias has been forgotten."
def conv2d(X, K, b, stride, padding):
    (n, _, h, w), (f, _, k, _) = X.shape, K.shape
    P = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    Y = np.empty((n, f, (h + 2 * padding - k) // stride + 1, (w + 2 * padding - k) // stride + 1))
    for i in range(Y.shape[2]):
        for j in range(Y.shape[3]):
            window = P[:, :, i * stride:i * stride + k, j * stride:j * stride + k]
            Y[:, :, i, j] = np.einsum("ncuv,fcuv->nf", window, K)
    return Y

# %% tags=["mistake"] question="conv" says="From one place to the next the window has moved by one pixel, whatever the stride."
def conv2d(X, K, b, stride, padding):
    (n, _, h, w), (f, _, k, _) = X.shape, K.shape
    P = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    Y = np.empty((n, f, (h + 2 * padding - k) // stride + 1, (w + 2 * padding - k) // stride + 1))
    for i in range(Y.shape[2]):
        for j in range(Y.shape[3]):
            Y[:, :, i, j] = np.einsum("ncuv,fcuv->nf", P[:, :, i:i + k, j:j + k], K) + b
    return Y

# %% tags=["mistake"] question="conv" says="Only one channel has been looked at: a kernel adds up over all of them."
def conv2d(X, K, b, stride, padding):
    (n, _, h, w), (f, _, k, _) = X.shape, K.shape
    P = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    Y = np.empty((n, f, (h + 2 * padding - k) // stride + 1, (w + 2 * padding - k) // stride + 1))
    for i in range(Y.shape[2]):
        for j in range(Y.shape[3]):
            window = P[:, 0, i * stride:i * stride + k, j * stride:j * stride + k]
            Y[:, :, i, j] = np.einsum("nuv,fuv->nf", window, K[:, 0]) + b
    return Y

# %% tags=["mistake"] question="conv" says="Rows and columns of the kernel have changed places."
def conv2d(X, K, b, stride, padding):
    (n, _, h, w), (f, _, k, _) = X.shape, K.shape
    P = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    Y = np.empty((n, f, (h + 2 * padding - k) // stride + 1, (w + 2 * padding - k) // stride + 1))
    for i in range(Y.shape[2]):
        for j in range(Y.shape[3]):
            window = P[:, :, i * stride:i * stride + k, j * stride:j * stride + k]
            Y[:, :, i, j] = np.einsum("ncuv,fcvu->nf", window, K) + b
    return Y

# %% tags=["mistake"] question="conv" says="The border repeats the outermost pixels; the padding is made of zeros."
def conv2d(X, K, b, stride, padding):
    (n, _, h, w), (f, _, k, _) = X.shape, K.shape
    P = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)), mode="edge")
    Y = np.empty((n, f, (h + 2 * padding - k) // stride + 1, (w + 2 * padding - k) // stride + 1))
    for i in range(Y.shape[2]):
        for j in range(Y.shape[3]):
            window = P[:, :, i * stride:i * stride + k, j * stride:j * stride + k]
            Y[:, :, i, j] = np.einsum("ncuv,fcuv->nf", window, K) + b
    return Y

# %% tags=["alternative"] question="conv" name="a kernel entry at a time"
def conv2d(X, K, b, stride, padding):
    (n, c, h, w), (f, _, k, _) = X.shape, K.shape
    P = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    P[:, :, padding:padding + h, padding:padding + w] = X
    rows, columns = (h + 2 * padding - k) // stride + 1, (w + 2 * padding - k) // stride + 1
    Y = np.zeros((n, f, rows, columns)) + b[:, None, None]
    for u in range(k):
        for v in range(k):
            seen = P[:, :, u:u + stride * rows:stride, v:v + stride * columns:stride][:, :, :rows, :columns]
            Y += np.einsum("ncij,fc->nfij", seen, K[:, :, u, v])
    return Y

# %% tags=["alternative"] question="conv" name="numpy's windows"
def conv2d(X, K, b, stride, padding):
    P = np.pad(X, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
    seen = np.lib.stride_tricks.sliding_window_view(P, K.shape[-2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.tensordot(seen, K, axes=((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2) + b.reshape(1, -1, 1, 1)

# %% [markdown]
# ## 1.3 All windows in one matrix
#
# *Afterwards a convolution is one matrix product, and fast.*
#
# Write every window as a row: its $C \cdot k \cdot k$ numbers in the order channel, row, column. The rows stand in the order image, then
# row of the place, then column of the place. (This is called *im2col*.) Then $Y$ is, but for the order of its axes, this matrix
# times the kernels written as columns.
#
# Shapes: $X$ $(N, C, H, W)$ $\to$ (number of places, $C k^2$).

# %% nbgrader={"grade_id": "patches", "solution": true}
def patches(X, k, stride, padding):
    """Every window of every image as a row of a matrix. X: (N, C, H, W). Returns (N * places, C * k * k)."""
    ### BEGIN SOLUTION
    n, c, h, w = X.shape
    P = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows, columns = (h + 2 * padding - k) // stride + 1, (w + 2 * padding - k) // stride + 1
    found = np.empty((n, rows, columns, c, k, k))
    for i in range(rows):
        for j in range(columns):
            found[:, i, j] = P[:, :, i * stride:i * stride + k, j * stride:j * stride + k]
    return found.reshape(n * rows * columns, c * k * k)
    ### END SOLUTION

# %% nbgrader={"grade_id": "patches-check", "grade": true}
check.values(patches, at=patch_cases, points=2)

# %% tags=["mistake"] question="patches" says="The numbers of a window stand in the order row, column, channel; asked for is the channel first."
def patches(X, k, stride, padding):
    n, c, h, w = X.shape
    P = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows, columns = (h + 2 * padding - k) // stride + 1, (w + 2 * padding - k) // stride + 1
    found = np.empty((n, rows, columns, k, k, c))
    for i in range(rows):
        for j in range(columns):
            window = P[:, :, i * stride:i * stride + k, j * stride:j * stride + k]
            found[:, i, j] = window.transpose(0, 2, 3, 1)
    return found.reshape(n * rows * columns, c * k * k)

# %% tags=["mistake"] question="patches" says="The places of all images have been mixed: first come all places of the first image."
def patches(X, k, stride, padding):
    n, c, h, w = X.shape
    P = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows, columns = (h + 2 * padding - k) // stride + 1, (w + 2 * padding - k) // stride + 1
    found = [P[:, :, i * stride:i * stride + k, j * stride:j * stride + k].reshape(n, -1)
             for i in range(rows) for j in range(columns)]
    return np.concatenate(found)

# %% tags=["mistake"] question="patches" says="Within an image the places go down the columns; asked for is row by row."
def patches(X, k, stride, padding):
    n, c, h, w = X.shape
    P = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows, columns = (h + 2 * padding - k) // stride + 1, (w + 2 * padding - k) // stride + 1
    found = np.empty((n, columns, rows, c, k, k))
    for i in range(rows):
        for j in range(columns):
            found[:, j, i] = P[:, :, i * stride:i * stride + k, j * stride:j * stride + k]
    return found.reshape(n * rows * columns, c * k * k)

# %% tags=["mistake"] question="patches" says="From one place to the next the window has moved by one pixel, whatever the stride."
def patches(X, k, stride, padding):
    n, c, h, w = X.shape
    P = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows, columns = (h + 2 * padding - k) // stride + 1, (w + 2 * padding - k) // stride + 1
    found = np.empty((n, rows, columns, c, k, k))
    for i in range(rows):
        for j in range(columns):
            found[:, i, j] = P[:, :, i:i + k, j:j + k]
    return found.reshape(n * rows * columns, c * k * k)

# %% tags=["mistake"] question="patches" says="Each window stands in a column; asked for is one row for each."
def patches(X, k, stride, padding):
    n, c, h, w = X.shape
    P = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows, columns = (h + 2 * padding - k) // stride + 1, (w + 2 * padding - k) // stride + 1
    found = np.empty((n, rows, columns, c, k, k))
    for i in range(rows):
        for j in range(columns):
            found[:, i, j] = P[:, :, i * stride:i * stride + k, j * stride:j * stride + k]
    return found.reshape(n * rows * columns, c * k * k).T

# %% tags=["alternative"] question="patches" name="a list of rows"
def patches(X, k, stride, padding):
    P = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    return np.array([image[:, i:i + k, j:j + k].ravel() for image in P
                     for i in range(0, P.shape[2] - k + 1, stride) for j in range(0, P.shape[3] - k + 1, stride)])

# %% tags=["alternative"] question="patches" name="numpy's windows"
def patches(X, k, stride, padding):
    P = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    seen = np.lib.stride_tricks.sliding_window_view(P, (k, k), axis=(2, 3))[:, :, ::stride, ::stride]
    return seen.transpose(0, 2, 3, 1, 4, 5).reshape(-1, X.shape[1] * k * k)

# %% [markdown]
# ### The same numbers, and the time
#
# Both ways on a batch of 64 images of 8 channels.

# %%
with check.once_written():
    import time

    rng = np.random.default_rng(0)
    X, K, b = rng.standard_normal((64, 8, 14, 14)), rng.standard_normal((16, 8, 3, 3)), np.zeros(16)
    start = time.perf_counter()
    slow = conv2d(X, K, b, 1, 1)
    middle = time.perf_counter()
    fast = (patches(X, 3, 1, 1) @ K.reshape(16, -1).T).reshape(64, 14, 14, 16).transpose(0, 3, 1, 2)
    end = time.perf_counter()
    print(f"largest difference {np.max(np.abs(slow - fast)):.0e}; in loops {1000 * (middle - start):.0f} ms, as a product "
          f"{1000 * (end - middle):.0f} ms")

# %% [markdown]
# ## 1.4 On paper: a matrix product, then
#
# *Afterwards the backward pass of a convolution has no secrets but one.*
#
# With the windows as the rows of $P$ $(M, Q)$, the kernels as the columns of $A$ $(Q, F)$ and the bias $b$ $(F,)$, a convolution is
# $Y = P A + b$, $(M, F)$. Given $G$ $(M, F)$, the derivative of the loss with respect to $Y$: what are those with respect to $A$, to $b$ and
# to $P$? Your formulas may use $P$, $A$, $b$ and $G$.

# %% nbgrader={"grade_id": "product-letters", "locked": true}
def product_letters(rng):
    """The letters of the derivation, first with small whole numbers."""
    yield {"P": np.array([[1.0, 0.0], [2.0, 1.0], [0.0, -1.0]]), "A": np.array([[1.0, 2.0], [0.0, -1.0]]),
           "b": np.array([1.0, 0.0]), "G": np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]]), "case": "M = 3, Q = 2, F = 2"}
    for m, q, f in ((4, 3, 2), (5, 2, 4)):
        yield {"P": rng.standard_normal((m, q)), "A": rng.standard_normal((q, f)), "b": rng.standard_normal(f),
               "G": rng.standard_normal((m, f)), "case": f"M = {m}, Q = {q}, F = {f}"}


# %% nbgrader={"grade_id": "product-derivation", "solution": true}
def product_slopes():
    """The derivatives of the loss with respect to A, b and P, as formulas of P, A, b and G.

    Returns a text with the lines "dA = ...", "db = ..." and "dP = ...".
    """
    ### BEGIN SOLUTION
    return """
    dA = P.T @ G
    db = sum(G, axis=0)
    dP = G @ A.T
    """
    ### END SOLUTION

# %% nbgrader={"grade_id": "product-derivation-check", "grade": true}
check.derivation(product_slopes, at=product_letters, returns=("dA", "db", "dP"), points=2)

# %% tags=["mistake"] question="product-derivation" says="The bias is added to every row of Y, and what comes back from all of them adds up: here it has been averaged."
def product_slopes():
    return "dA = P.T @ G; db = mean(G, axis=0); dP = G @ A.T"

# %% tags=["mistake"] question="product-derivation" says="One weight is used in all windows, and what comes back from all of them adds up: here everything has been divided by their number."
def product_slopes():
    return "dA = P.T @ G / len(P); db = sum(G, axis=0); dP = G @ A.T"

# %% tags=["mistake"] question="product-derivation" says="The weights meet the windows: what comes back to them is made of P and G, not of themselves."
def product_slopes():
    return "dA = A; db = sum(G, axis=0); dP = G @ A.T"

# %% tags=["mistake"] question="product-derivation" says="Nothing of the upstream gradient has come back to the windows."
def product_slopes():
    return "dA = P.T @ G; db = sum(G, axis=0); dP = ones_like(G) @ A.T"

# %% tags=["mistake"] question="product-derivation" says="The bias has got one number for all kernels; each kernel has its own."
def product_slopes():
    return "dA = P.T @ G; db = sum(G) * ones_like(b); dP = G @ A.T"

# %% tags=["alternative"] question="product-derivation" name="transposed"
def product_slopes():
    return "dA = (G.T @ P).T; db = sum(G.T, axis=1); dP = (A @ G.T).T"

# %% tags=["alternative"] question="product-derivation" name="a dict"
def product_slopes():
    return {"dA": "transpose(P) @ G", "db": "sum(G, axis=0)", "dP": "G @ transpose(A)"}

# %% [markdown]
# ## 1.5 Windows put back
#
# *Afterwards you have the secret: what overlaps, adds up.*
#
# What comes back to the matrix of patches has to go back to the pixels. One pixel may have been in several windows. So: put every
# row back where 1.3 took it from, *add* where windows overlap, and throw the padding away. (This is called *col2im*; it is the
# transpose of 1.3, and the second check tests just that: $\langle A x, c \rangle = \langle x, A^{\mathsf T} c \rangle$.)
#
# Shapes: a matrix as in 1.3, and the shape $(N, C, H, W)$ of the images $\to$ $(N, C, H, W)$.

# %% nbgrader={"grade_id": "gathered", "solution": true}
def gathered(cols, shape, k, stride, padding):
    """The sum of all patches at each pixel: what comes back from `patches(X, k, stride, padding)` to X.

    cols: (N * places, C * k * k), as `patches` returns; shape: (N, C, H, W), that of X. Returns dX: (N, C, H, W).
    """
    ### BEGIN SOLUTION
    n, c, h, w = shape
    rows, columns = (h + 2 * padding - k) // stride + 1, (w + 2 * padding - k) // stride + 1
    P = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    put_back = cols.reshape(n, rows, columns, c, k, k)
    for i in range(rows):
        for j in range(columns):
            P[:, :, i * stride:i * stride + k, j * stride:j * stride + k] += put_back[:, i, j]
    return P[:, :, padding:padding + h, padding:padding + w]
    ### END SOLUTION

# %% nbgrader={"grade_id": "gathered-check", "grade": true}
check.gradients(gathered, of=patch_loss, wrt="X", at=patch_cases, points=2)

# %% nbgrader={"grade_id": "gathered-adjoint-check", "grade": true}
check.properties(gathered, at=patch_cases, points=1, the_same_inner_product_as_with_patches=same_inner_product)

# %% tags=["mistake"] question="gathered" says="Where windows overlap the last one has written over the others: what comes back from all of them adds up."
def gathered(cols, shape, k, stride, padding):
    n, c, h, w = shape
    rows, columns = (h + 2 * padding - k) // stride + 1, (w + 2 * padding - k) // stride + 1
    P = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    put_back = cols.reshape(n, rows, columns, c, k, k)
    for i in range(rows):
        for j in range(columns):
            P[:, :, i * stride:i * stride + k, j * stride:j * stride + k] = put_back[:, i, j]
    return P[:, :, padding:padding + h, padding:padding + w]

# %% tags=["mistake"] question="gathered" says="Where windows overlap their mean has been taken; what comes back adds up."
def gathered(cols, shape, k, stride, padding):
    n, c, h, w = shape
    rows, columns = (h + 2 * padding - k) // stride + 1, (w + 2 * padding - k) // stride + 1
    P, often = np.zeros((n, c, h + 2 * padding, w + 2 * padding)), np.zeros((h + 2 * padding, w + 2 * padding))
    put_back = cols.reshape(n, rows, columns, c, k, k)
    for i in range(rows):
        for j in range(columns):
            P[:, :, i * stride:i * stride + k, j * stride:j * stride + k] += put_back[:, i, j]
            often[i * stride:i * stride + k, j * stride:j * stride + k] += 1
    return (P / np.maximum(often, 1))[:, :, padding:padding + h, padding:padding + w]

# %% tags=["mistake"] question="gathered" says="The padding has been cut off at the wrong end: the image begins behind it."
def gathered(cols, shape, k, stride, padding):
    n, c, h, w = shape
    rows, columns = (h + 2 * padding - k) // stride + 1, (w + 2 * padding - k) // stride + 1
    P = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    put_back = cols.reshape(n, rows, columns, c, k, k)
    for i in range(rows):
        for j in range(columns):
            P[:, :, i * stride:i * stride + k, j * stride:j * stride + k] += put_back[:, i, j]
    return P[:, :, :h, :w]

# %% tags=["mistake"] question="gathered" says="The windows have been put back one pixel apart, whatever the stride."
def gathered(cols, shape, k, stride, padding):
    n, c, h, w = shape
    rows, columns = (h + 2 * padding - k) // stride + 1, (w + 2 * padding - k) // stride + 1
    P = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    put_back = cols.reshape(n, rows, columns, c, k, k)
    for i in range(rows):
        for j in range(columns):
            P[:, :, i:i + k, j:j + k] += put_back[:, i, j]
    return P[:, :, padding:padding + h, padding:padding + w]

# %% tags=["mistake"] question="gathered" says="Within a window, rows and columns have changed places in the backward pass."
def gathered(cols, shape, k, stride, padding):
    n, c, h, w = shape
    rows, columns = (h + 2 * padding - k) // stride + 1, (w + 2 * padding - k) // stride + 1
    P = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    put_back = cols.reshape(n, rows, columns, c, k, k)
    for i in range(rows):
        for j in range(columns):
            P[:, :, i * stride:i * stride + k, j * stride:j * stride + k] += put_back[:, i, j].swapaxes(-1, -2)
    return P[:, :, padding:padding + h, padding:padding + w]

# %% tags=["mistake"] question="gathered" says="One row and one column of padding have been cut off on every side, whatever the padding: there are as many as it says."
def gathered(cols, shape, k, stride, padding):
    n, c, h, w = shape
    rows, columns = (h + 2 * padding - k) // stride + 1, (w + 2 * padding - k) // stride + 1
    P = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    put_back = cols.reshape(n, rows, columns, c, k, k)
    for i in range(rows):
        for j in range(columns):
            P[:, :, i * stride:i * stride + k, j * stride:j * stride + k] += put_back[:, i, j]
    return P[:, :, 1:h + 1, 1:w + 1] if padding else P

# %% tags=["alternative"] question="gathered" name="an entry of the window at a time"
def gathered(cols, shape, k, stride, padding):
    n, c, h, w = shape
    rows, columns = (h + 2 * padding - k) // stride + 1, (w + 2 * padding - k) // stride + 1
    P = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    back = cols.reshape(n, rows, columns, c, k, k).transpose(4, 5, 0, 3, 1, 2)
    for u in range(k):
        for v in range(k):
            P[:, :, u:u + stride * (rows - 1) + 1:stride, v:v + stride * (columns - 1) + 1:stride] += back[u, v]
    return P[:, :, padding:padding + h, padding:padding + w]

# %% tags=["alternative"] question="gathered" name="by the numbers of the pixels"
def gathered(cols, shape, k, stride, padding):
    n, c, h, w = shape
    numbers = np.pad(np.arange(n * c * h * w).reshape(shape), ((0, 0), (0, 0), (padding, padding), (padding, padding)),
                     constant_values=n * c * h * w)
    seen = np.lib.stride_tricks.sliding_window_view(numbers, (k, k), axis=(2, 3))[:, :, ::stride, ::stride]
    sums = np.bincount(seen.transpose(0, 2, 3, 1, 4, 5).ravel(), weights=cols.ravel(), minlength=n * c * h * w + 1)
    return sums[:-1].reshape(shape)

# %% [markdown]
# ## 1.6 A convolution, backward
#
# *Afterwards you can train one.*
#
# All together, in the way that you like: in loops as in 1.2, or through 1.3 to 1.5. Write the whole function here; it must not
# call the functions above, so that a slip there costs nothing here.
#
# Shapes: $X$ $(N, C, H, W)$, $K$ $(F, C, k, k)$, $G$ as the result of 1.2 $\to$ the shapes of $X$, $K$ and $b$.

# %% nbgrader={"grade_id": "conv-backward", "solution": true}
def conv2d_vjp(X, K, stride, padding, G):
    """The derivatives of the loss with respect to a convolution's images, kernels and biases.

    X: (N, C, H, W), K: (F, C, k, k); G: the derivative with respect to the result, (N, F, ., .).
    Returns dX: (N, C, H, W), dK: (F, C, k, k), db: (F,).
    """
    ### BEGIN SOLUTION
    (_, _, h, w), k = X.shape, K.shape[-1]
    P = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dP, dK = np.zeros(P.shape), np.zeros(K.shape)
    for i in range(G.shape[2]):
        for j in range(G.shape[3]):
            down, across = slice(i * stride, i * stride + k), slice(j * stride, j * stride + k)
            dK += np.einsum("nf,ncuv->fcuv", G[:, :, i, j], P[:, :, down, across])
            dP[:, :, down, across] += np.einsum("nf,fcuv->ncuv", G[:, :, i, j], K)
    return dP[:, :, padding:padding + h, padding:padding + w], dK, G.sum(axis=(0, 2, 3))
    ### END SOLUTION

# %% nbgrader={"grade_id": "conv-backward-check", "grade": true}
check.gradients(conv2d_vjp, of=conv_loss, wrt=("X", "K", "b"), at=conv_cases, points=5)

# %% tags=["mistake"] question="conv-backward" says="Where windows overlap the last one has written over the others: a pixel gets something back from every window that it was in."
def conv2d_vjp(X, K, stride, padding, G):
    (_, _, h, w), k = X.shape, K.shape[-1]
    P = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dP, dK = np.zeros(P.shape), np.zeros(K.shape)
    for i in range(G.shape[2]):
        for j in range(G.shape[3]):
            down, across = slice(i * stride, i * stride + k), slice(j * stride, j * stride + k)
            dK += np.einsum("nf,ncuv->fcuv", G[:, :, i, j], P[:, :, down, across])
            dP[:, :, down, across] = np.einsum("nf,fcuv->ncuv", G[:, :, i, j], K)
    return dP[:, :, padding:padding + h, padding:padding + w], dK, G.sum(axis=(0, 2, 3))

# %% tags=["mistake"] question="conv-backward" says="Only the last place counts for the kernels: they are used at every place, and what comes back from all of them adds up."
def conv2d_vjp(X, K, stride, padding, G):
    (_, _, h, w), k = X.shape, K.shape[-1]
    P = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dP, dK = np.zeros(P.shape), np.zeros(K.shape)
    for i in range(G.shape[2]):
        for j in range(G.shape[3]):
            down, across = slice(i * stride, i * stride + k), slice(j * stride, j * stride + k)
            dK = np.einsum("nf,ncuv->fcuv", G[:, :, i, j], P[:, :, down, across])
            dP[:, :, down, across] += np.einsum("nf,fcuv->ncuv", G[:, :, i, j], K)
    return dP[:, :, padding:padding + h, padding:padding + w], dK, G.sum(axis=(0, 2, 3))

# %% tags=["mistake"] question="conv-backward" says="The kernel has been turned round in the backward pass as well: an entry of it gives back to the pixel that it was multiplied with."
def conv2d_vjp(X, K, stride, padding, G):
    (_, _, h, w), k = X.shape, K.shape[-1]
    P = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dP, dK = np.zeros(P.shape), np.zeros(K.shape)
    for i in range(G.shape[2]):
        for j in range(G.shape[3]):
            down, across = slice(i * stride, i * stride + k), slice(j * stride, j * stride + k)
            dK += np.einsum("nf,ncuv->fcuv", G[:, :, i, j], P[:, :, down, across])
            dP[:, :, down, across] += np.einsum("nf,fcuv->ncuv", G[:, :, i, j], K[:, :, ::-1, ::-1])
    return dP[:, :, padding:padding + h, padding:padding + w], dK, G.sum(axis=(0, 2, 3))

# %% tags=["mistake"] question="conv-backward" says="The bias is added at every place of every image: all of them give something back, here they have been averaged."
def conv2d_vjp(X, K, stride, padding, G):
    (_, _, h, w), k = X.shape, K.shape[-1]
    P = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dP, dK = np.zeros(P.shape), np.zeros(K.shape)
    for i in range(G.shape[2]):
        for j in range(G.shape[3]):
            down, across = slice(i * stride, i * stride + k), slice(j * stride, j * stride + k)
            dK += np.einsum("nf,ncuv->fcuv", G[:, :, i, j], P[:, :, down, across])
            dP[:, :, down, across] += np.einsum("nf,fcuv->ncuv", G[:, :, i, j], K)
    return dP[:, :, padding:padding + h, padding:padding + w], dK, G.mean(axis=(0, 2, 3))

# %% tags=["mistake"] question="conv-backward" says="The padding has been cut off at the wrong end: the image begins behind it."
def conv2d_vjp(X, K, stride, padding, G):
    (_, _, h, w), k = X.shape, K.shape[-1]
    P = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dP, dK = np.zeros(P.shape), np.zeros(K.shape)
    for i in range(G.shape[2]):
        for j in range(G.shape[3]):
            down, across = slice(i * stride, i * stride + k), slice(j * stride, j * stride + k)
            dK += np.einsum("nf,ncuv->fcuv", G[:, :, i, j], P[:, :, down, across])
            dP[:, :, down, across] += np.einsum("nf,fcuv->ncuv", G[:, :, i, j], K)
    return dP[:, :, :h, :w], dK, G.sum(axis=(0, 2, 3))

# %% tags=["mistake"] question="conv-backward" says="The windows have been taken one pixel apart, whatever the stride."
def conv2d_vjp(X, K, stride, padding, G):
    (_, _, h, w), k = X.shape, K.shape[-1]
    P = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dP, dK = np.zeros(P.shape), np.zeros(K.shape)
    for i in range(G.shape[2]):
        for j in range(G.shape[3]):
            down, across = slice(i, i + k), slice(j, j + k)
            dK += np.einsum("nf,ncuv->fcuv", G[:, :, i, j], P[:, :, down, across])
            dP[:, :, down, across] += np.einsum("nf,fcuv->ncuv", G[:, :, i, j], K)
    return dP[:, :, padding:padding + h, padding:padding + w], dK, G.sum(axis=(0, 2, 3))

# %% tags=["mistake"] question="conv-backward" says="The kernels' gradients have been averaged over the images: G says what each of them matters, and all add up."
def conv2d_vjp(X, K, stride, padding, G):
    (n, _, h, w), k = X.shape, K.shape[-1]
    P = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dP, dK = np.zeros(P.shape), np.zeros(K.shape)
    for i in range(G.shape[2]):
        for j in range(G.shape[3]):
            down, across = slice(i * stride, i * stride + k), slice(j * stride, j * stride + k)
            dK += np.einsum("nf,ncuv->fcuv", G[:, :, i, j], P[:, :, down, across]) / n
            dP[:, :, down, across] += np.einsum("nf,fcuv->ncuv", G[:, :, i, j], K)
    return dP[:, :, padding:padding + h, padding:padding + w], dK, G.sum(axis=(0, 2, 3))

# %% tags=["mistake"] question="conv-backward" says="One row and one column of padding have been cut off on every side, whatever the padding: there are as many as it says."
def conv2d_vjp(X, K, stride, padding, G):
    (_, _, h, w), k = X.shape, K.shape[-1]
    P = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dP, dK = np.zeros(P.shape), np.zeros(K.shape)
    for i in range(G.shape[2]):
        for j in range(G.shape[3]):
            down, across = slice(i * stride, i * stride + k), slice(j * stride, j * stride + k)
            dK += np.einsum("nf,ncuv->fcuv", G[:, :, i, j], P[:, :, down, across])
            dP[:, :, down, across] += np.einsum("nf,fcuv->ncuv", G[:, :, i, j], K)
    return dP[:, :, 1:h + 1, 1:w + 1] if padding else dP, dK, G.sum(axis=(0, 2, 3))

# %% tags=["alternative"] question="conv-backward" name="a kernel entry at a time"
def conv2d_vjp(X, K, stride, padding, G):
    (_, _, h, w), k, (_, _, rows, columns) = X.shape, K.shape[-1], G.shape
    P = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dP, dK = np.zeros(P.shape), np.zeros(K.shape)
    for u in range(k):
        for v in range(k):
            there = (slice(None), slice(None), slice(u, u + stride * (rows - 1) + 1, stride),
                     slice(v, v + stride * (columns - 1) + 1, stride))
            dK[:, :, u, v] = np.einsum("nfij,ncij->fc", G, P[there])
            dP[there] += np.einsum("nfij,fc->ncij", G, K[:, :, u, v])
    return dP[:, :, padding:padding + h, padding:padding + w], dK, np.einsum("nfij->f", G)

# %% tags=["alternative"] question="conv-backward" name="as a matrix product"
def conv2d_vjp(X, K, stride, padding, G):
    (n, c, h, w), k, (_, f, rows, columns) = X.shape, K.shape[-1], G.shape
    P = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    seen = np.lib.stride_tricks.sliding_window_view(P, (k, k), axis=(2, 3))[:, :, ::stride, ::stride]
    cols, g = seen.transpose(0, 2, 3, 1, 4, 5).reshape(-1, c * k * k), G.transpose(0, 2, 3, 1).reshape(-1, f)
    back = (g @ K.reshape(f, -1)).reshape(n, rows, columns, c, k, k)
    dP = np.zeros(P.shape)
    for i in range(rows):
        for j in range(columns):
            dP[:, :, i * stride:i * stride + k, j * stride:j * stride + k] += back[:, i, j]
    return dP[:, :, padding:padding + h, padding:padding + w], (g.T @ cols).reshape(K.shape), g.sum(axis=0)

# %% [markdown]
# # Part 2: less of it

# %% nbgrader={"grade_id": "pool-cases", "locked": true}
POOLS = ((2, 1, 4, 6, 2), (1, 3, 6, 3, 3), (3, 2, 4, 4, 2))


def pool_cases(rng):
    """Images without two equal pixels, the first with negative ones only, and blocks that fit into them exactly."""
    for (n, c, h, w, k), least in zip(POOLS, (-1500.0, -2.0, -4.0)):
        X = rng.permutation(np.arange(n * c * h * w) * 0.1 + least).reshape(n, c, h, w)
        yield {"X": X, "k": k, "G": rng.standard_normal((n, c, h // k, w // k)),
               "case": f"{n} images of {c} times {h} times {w}, blocks of {k}"}


def pooled_cases(rng):
    """The same, and images far below 0, lower than any number that one would begin with."""
    for case in pool_cases(rng):
        yield case
    yield {**case, "X": 1e12 * (case["X"] - 10), "case": "far below 0"}


def max_pool_loss(X, k, G):
    n, c, h, w = X.shape
    return np.sum(G * np.max(X.reshape(n, c, h // k, k, w // k, k), axis=(3, 5)))


def tie_cases(rng):
    """Blocks in which the largest number occurs more than once, in every position; in one all are far below 0, and the first
    is not the largest."""
    for n, c, h, w, k in POOLS:
        X = rng.integers(0, 2, (n, c, h, w)).astype(float)
        yield {"X": X, "k": k, "G": rng.standard_normal((n, c, h // k, w // k)), "case": f"ties in blocks of {k}"}
    yield {"X": np.zeros((1, 1, 4, 4)), "k": 2, "G": rng.standard_normal((1, 1, 2, 2)), "case": "nothing but zeros"}
    X = 1e12 * rng.integers(-3, -1, (1, 2, 4, 4))
    X[:, :, ::2, ::2], X[:, :, 1::2, 1::2] = -3e12, -2e12
    yield {"X": X, "k": 2, "G": rng.standard_normal((1, 2, 2, 2)), "case": "far below 0"}


def average_cases(rng):
    """Gradients of averages over blocks."""
    for n, c, h, w, k in POOLS:
        yield {"G": rng.standard_normal((n, c, h // k, w // k)), "k": k, "X": rng.standard_normal((n, c, h, w)),
               "case": f"blocks of {k}"}


def average_loss(G, k, X):
    n, c, h, w = X.shape
    return np.sum(G * np.mean(X.reshape(n, c, h // k, k, w // k, k), axis=(3, 5)))


def global_cases(rng):
    """Gradients of averages over whole images."""
    for n, c, h, w, _ in POOLS:
        yield {"G": rng.standard_normal((n, c)), "shape": (n, c, h, w), "X": rng.standard_normal((n, c, h, w)),
               "case": f"{h} times {w} pixels"}


def global_loss(G, shape, X):
    return np.sum(G * np.mean(X, axis=(2, 3)))


def layers_cases(rng):
    """Stacks of layers: kernel and stride of each, from the image upwards."""
    for layers in ([(3, 1)], [(3, 1), (3, 1)], [(3, 2), (3, 1)], [(5, 1), (2, 2), (3, 1), (2, 2)],
                   [(7, 2), (3, 2), (3, 1), (3, 1)], [(1, 1), (2, 2), (1, 2), (4, 3)]):
        yield {"layers": layers, "case": f"{len(layers)} layers"}
    layers = [(int(rng.integers(2, 6)), int(rng.integers(1, 4))) for _ in range(4)]
    yield {"layers": layers, "case": "four layers"}


def stack_cases(rng):
    """Channels from the image upwards, and the length of the kernels."""
    for channels, k in (([1, 8], 3), ([3, 16, 32], 3), ([1, 4, 4, 10], 5)):
        yield {"channels": channels, "k": k, "case": f"{channels}, k = {k}"}
    yield {"channels": rng.integers(1, 9, 4).tolist(), "k": 2, "case": "three layers, k = 2"}


# %% [markdown]
# ## 2.1 The largest of a block
#
# *Afterwards an image is a quarter as large, and what was found in it is still there.*
#
# Cut each image and channel into blocks of $k \times k$ pixels, side by side, and keep the largest number of each block. $H$ and $W$ are
# multiples of $k$.
#
# Shapes: $(N, C, H, W) \to (N, C, H/k, W/k)$.

# %% nbgrader={"grade_id": "max-pool", "solution": true}
def max_pool(X, k):
    """The largest number of every k times k block. X: (N, C, H, W). Returns (N, C, H / k, W / k)."""
    ### BEGIN SOLUTION
    n, c, h, w = X.shape
    return X.reshape(n, c, h // k, k, w // k, k).max(axis=(3, 5))
    ### END SOLUTION

# %% nbgrader={"grade_id": "max-pool-check", "grade": true}
check.values(max_pool, at=pooled_cases, points=1)

# %% tags=["mistake"] question="max-pool" says="These blocks are not square: reshape reads row by row, so pixels of one row have been taken together."
def max_pool(X, k):
    n, c, h, w = X.shape
    return X.reshape(n, c, h // k, w // k, k * k).max(axis=4)

# %% tags=["mistake"] question="max-pool" says="One pixel of each block has been kept, wherever the largest is."
def max_pool(X, k):
    return X[:, :, ::k, ::k]

# %% tags=["mistake"] question="max-pool" says="The mean of each block has been taken."
def max_pool(X, k):
    n, c, h, w = X.shape
    return X.reshape(n, c, h // k, k, w // k, k).mean(axis=(3, 5))

# %% tags=["mistake"] question="max-pool" says="The largest in size has been kept: a large negative number is small."
def max_pool(X, k):
    n, c, h, w = X.shape
    return np.abs(X).reshape(n, c, h // k, k, w // k, k).max(axis=(3, 5))

# %% tags=["mistake"] question="max-pool" says="The search begins with a number that all pixels of a block may lie below: then this number comes out, and not a pixel."
def max_pool(X, k):
    n, c, h, w = X.shape
    return np.maximum(X.reshape(n, c, h // k, k, w // k, k).max(axis=(3, 5)), -1e9)

# %% tags=["alternative"] question="max-pool" name="block by block"
def max_pool(X, k):
    n, c, h, w = X.shape
    Y = np.empty((n, c, h // k, w // k))
    for i in range(h // k):
        for j in range(w // k):
            Y[:, :, i, j] = np.max(X[:, :, i * k:(i + 1) * k, j * k:(j + 1) * k], axis=(2, 3))
    return Y

# %% tags=["alternative"] question="max-pool" name="over the places in a block"
def max_pool(X, k):
    return np.max([X[:, :, u::k, v::k] for u in range(k) for v in range(k)], axis=0)

# %% [markdown]
# ## 2.2 And who was it?
#
# *Afterwards a gradient finds its way to the one pixel that mattered.*
#
# Only the largest pixel of a block reaches the result. Where several are equally large any choice is a subgradient; make the one that
# PyTorch makes: the *first*, in the order row by row, gets everything. The second check looks at blocks with ties, which are
# common: after a ReLU many pixels are 0.
#
# Shapes: $X$ $(N, C, H, W)$, $G$ $(N, C, H/k, W/k) \to (N, C, H, W)$.

# %% nbgrader={"grade_id": "max-pool-backward", "solution": true}
def max_pool_vjp(X, k, G):
    """The derivative of the loss with respect to X, if the result was the largest number of every k times k block.

    X: (N, C, H, W); G: (N, C, H / k, W / k), the derivative with respect to the result. Returns dX: (N, C, H, W).
    """
    ### BEGIN SOLUTION
    n, c, h, w = X.shape
    blocks = X.reshape(n, c, h // k, k, w // k, k).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, h // k, w // k, k * k)
    d = np.zeros(blocks.shape)
    np.put_along_axis(d, np.argmax(blocks, axis=-1)[..., None], G[..., None], axis=-1)
    return d.reshape(n, c, h // k, w // k, k, k).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, h, w)
    ### END SOLUTION

# %% nbgrader={"grade_id": "max-pool-backward-check", "grade": true}
check.gradients(max_pool_vjp, of=max_pool_loss, wrt="X", at=pool_cases, points=2)

# %% nbgrader={"grade_id": "max-pool-ties-check", "grade": true}
check.values(max_pool_vjp, at=tie_cases, points=1)

# %% tags=["mistake"] question="max-pool-backward" says="Where several pixels of a block are equally large, all of them have got the whole gradient: together that is too much."
def max_pool_vjp(X, k, G):
    n, c, h, w = X.shape
    largest = X.reshape(n, c, h // k, k, w // k, k).max(axis=(3, 5))
    return np.kron(G, np.ones((1, 1, k, k))) * (X == np.kron(largest, np.ones((1, 1, k, k))))

# %% tags=["mistake"] question="max-pool-backward" says="Every pixel of a block has got something: only the largest reaches the result."
def max_pool_vjp(X, k, G):
    return np.kron(G, np.ones((1, 1, k, k)))

# %% tags=["mistake"] question="max-pool-backward" says="The gradient has been shared out over the block, as a mean would do it."
def max_pool_vjp(X, k, G):
    return np.kron(G, np.ones((1, 1, k, k))) / k**2

# %% tags=["mistake"] question="max-pool-backward" says="Where several pixels are equally large the last one has got the gradient; asked for is the first."
def max_pool_vjp(X, k, G):
    n, c, h, w = X.shape
    blocks = X.reshape(n, c, h // k, k, w // k, k).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, h // k, w // k, k * k)
    d = np.zeros(blocks.shape)
    last = k * k - 1 - np.argmax(blocks[..., ::-1], axis=-1)
    np.put_along_axis(d, last[..., None], G[..., None], axis=-1)
    return d.reshape(n, c, h // k, w // k, k, k).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, h, w)

# %% tags=["mistake"] question="max-pool-backward" says="The order within a block goes down its columns: where several pixels are equally large, another one has got the gradient."
def max_pool_vjp(X, k, G):
    n, c, h, w = X.shape
    blocks = X.reshape(n, c, h // k, k, w // k, k).transpose(0, 1, 2, 4, 5, 3).reshape(n, c, h // k, w // k, k * k)
    d = np.zeros(blocks.shape)
    np.put_along_axis(d, np.argmax(blocks, axis=-1)[..., None], G[..., None], axis=-1)
    return d.reshape(n, c, h // k, w // k, k, k).transpose(0, 1, 2, 5, 3, 4).reshape(n, c, h, w)

# %% tags=["mistake"] question="max-pool-backward" says="The pixel itself has come in: the result moves exactly as fast as the largest pixel does."
def max_pool_vjp(X, k, G):
    n, c, h, w = X.shape
    largest = X.reshape(n, c, h // k, k, w // k, k).max(axis=(3, 5))
    return X * np.kron(G, np.ones((1, 1, k, k))) * (X == np.kron(largest, np.ones((1, 1, k, k))))

# %% tags=["mistake"] question="max-pool-backward" says="The search begins with a number that all pixels of a block may lie below: then none of them is found."
def max_pool_vjp(X, k, G):
    dX = np.zeros(X.shape)
    for n, c, i, j in np.ndindex(G.shape):
        largest, found = -1e9, (0, 0)
        for u, v in np.ndindex(k, k):
            if X[n, c, i * k + u, j * k + v] > largest:
                largest, found = X[n, c, i * k + u, j * k + v], (u, v)
        dX[n, c, i * k + found[0], j * k + found[1]] = G[n, c, i, j]
    return dX

# %% tags=["alternative"] question="max-pool-backward" name="block by block"
def max_pool_vjp(X, k, G):
    dX = np.zeros(X.shape)
    for n, c, i, j in np.ndindex(G.shape):
        block = X[n, c, i * k:(i + 1) * k, j * k:(j + 1) * k]
        u, v = np.unravel_index(np.argmax(block), block.shape)
        dX[n, c, i * k + u, j * k + v] = G[n, c, i, j]
    return dX

# %% tags=["alternative"] question="max-pool-backward" name="until it is taken"
def max_pool_vjp(X, k, G):
    largest = np.max([X[:, :, u::k, v::k] for u in range(k) for v in range(k)], axis=0)
    dX, taken = np.zeros(X.shape), np.zeros(G.shape, dtype=bool)
    for u in range(k):
        for v in range(k):
            here = (X[:, :, u::k, v::k] == largest) & ~taken
            dX[:, :, u::k, v::k] = np.where(here, G, 0)
            taken |= here
    return dX

# %% [markdown]
# ## 2.3 The mean, of a block and of everything
#
# *Afterwards you can end a net without a dense layer over all pixels.*
#
# Average pooling takes the mean of every block in place of the largest; global average pooling the mean of each channel over the
# whole image, $(N, C, H, W) \to (N, C)$. Write the backward pass of both.
#
# Shapes: $G$ $(N, C, H/k, W/k) \to (N, C, H, W)$; $G$ $(N, C) \to (N, C, H, W)$.

# %% nbgrader={"grade_id": "average", "solution": true}
def average_pool_vjp(G, k):
    """The derivative with respect to the images, if the result was the mean of every k times k block. Returns dX."""
    ### BEGIN SOLUTION
    return np.repeat(np.repeat(G, k, axis=2), k, axis=3) / k**2
    ### END SOLUTION


def global_average_vjp(G, shape):
    """The derivative for images of a shape (N, C, H, W), if the result was each channel's mean, (N, C). Returns dX."""
    ### BEGIN SOLUTION
    return np.broadcast_to(G[:, :, None, None], shape) / (shape[2] * shape[3])
    ### END SOLUTION

# %% nbgrader={"grade_id": "average-check", "grade": true}
check.gradients(average_pool_vjp, of=average_loss, wrt="X", at=average_cases, points=1)

# %% nbgrader={"grade_id": "global-average-check", "grade": true}
check.gradients(global_average_vjp, of=global_loss, wrt="X", at=global_cases, points=1)

# %% tags=["mistake"] question="average" says="A mean divides by how many were averaged; each of them moves it by that much less."
def average_pool_vjp(G, k):
    return np.repeat(np.repeat(G, k, axis=2), k, axis=3)


def global_average_vjp(G, shape):
    return np.broadcast_to(G[:, :, None, None], shape)

# %% tags=["mistake"] question="average" says="A block has k times k pixels: divided by one side only."
def average_pool_vjp(G, k):
    return np.repeat(np.repeat(G, k, axis=2), k, axis=3) / k


def global_average_vjp(G, shape):
    return np.broadcast_to(G[:, :, None, None], shape) / shape[2]

# %% tags=["mistake"] question="average" says="The whole image has been taken for what was averaged, its channels included: each channel has its own mean."
def average_pool_vjp(G, k):
    return np.repeat(np.repeat(G, k, axis=2), k, axis=3) / k**2


def global_average_vjp(G, shape):
    return np.broadcast_to(G[:, :, None, None], shape) / (shape[1] * shape[2] * shape[3])

# %% tags=["mistake"] question="average" says="The results have been laid side by side again and again: the pixels of one block lie next to each other."
def average_pool_vjp(G, k):
    return np.tile(G, (1, 1, k, k)) / k**2


def global_average_vjp(G, shape):
    return np.broadcast_to(G[:, :, None, None], shape) / (shape[2] * shape[3])

# %% tags=["alternative"] question="average" name="a product of Kronecker, and ones"
def average_pool_vjp(G, k):
    return np.kron(G, np.full((1, 1, k, k), 1 / k**2))


def global_average_vjp(G, shape):
    return np.ones(shape) * G.reshape(*shape[:2], 1, 1) / np.prod(shape[2:])

# %% tags=["alternative"] question="average" name="einsum"
def average_pool_vjp(G, k):
    n, c, h, w = G.shape
    return np.einsum("ncij,uv->nciujv", G, np.ones((k, k))).reshape(n, c, h * k, w * k) / (k * k)


def global_average_vjp(G, shape):
    _, _, h, w = shape
    return np.einsum("nc,ij->ncij", G, np.ones((h, w))) / h / w

# %% [markdown]
# ## 2.4 How much does one number see?
#
# *Afterwards you know how deep a net has to be before it sees a whole digit.*
#
# Layers on top of each other, each with its own kernel length and stride (pooling is a layer like any other). One number of the last
# result depends on a square of the image: how long is its side, the *receptive field*? Go up layer by layer, and keep two
# numbers: the field so far, and how many pixels of the image lie between two neighbours of this layer. Padding does not count.
#
# Shapes: a list of pairs (kernel, stride), from the image upwards $\to$ a whole number.

# %% nbgrader={"grade_id": "receptive-field", "solution": true}
def receptive_field(layers):
    """The side of the square of pixels that one number of the last layer depends on. layers: pairs (kernel, stride)."""
    ### BEGIN SOLUTION
    field, apart = 1, 1
    for k, stride in layers:
        field += (k - 1) * apart
        apart *= stride
    return field
    ### END SOLUTION

# %% nbgrader={"grade_id": "receptive-field-check", "grade": true}
check.values(receptive_field, at=layers_cases, points=2)

# %% tags=["mistake"] question="receptive-field" says="The strides below have been forgotten: above a stride of 2, neighbours are two pixels of the image apart."
def receptive_field(layers):
    return 1 + sum(k - 1 for k, _ in layers)

# %% tags=["mistake"] question="receptive-field" says="A layer's own stride spreads the layers above it, not what its own kernel sees."
def receptive_field(layers):
    field, apart = 1, 1
    for k, stride in layers:
        apart *= stride
        field += (k - 1) * apart
    return field

# %% tags=["mistake"] question="receptive-field" says="The lengths of the kernels have been multiplied: neighbouring windows overlap, and a layer adds only what sticks out."
def receptive_field(layers):
    return int(np.prod([k for k, _ in layers]))

# %% tags=["mistake"] question="receptive-field" says="A kernel of length k reaches k - 1 steps further, not k: one of its pixels was seen before."
def receptive_field(layers):
    field, apart = 1, 1
    for k, stride in layers:
        field += k * apart
        apart *= stride
    return field

# %% tags=["mistake"] question="receptive-field" says="The strides add up here; each one multiplies how far apart neighbours are."
def receptive_field(layers):
    field, apart = 1, 1
    for k, stride in layers:
        field += (k - 1) * apart
        apart += stride - 1
    return field

# %% tags=["mistake"] question="receptive-field" says="A layer with a kernel of 1 sees no further, but its stride moves the pixels of the next layer apart all the same."
def receptive_field(layers):
    field, apart = 1, 1
    for kernel, stride in layers:
        if kernel > 1:
            field, apart = field + (kernel - 1) * apart, apart * stride
    return field

# %% tags=["alternative"] question="receptive-field" name="from the top down"
def receptive_field(layers):
    field = 1
    for k, stride in reversed(layers):
        field = (field - 1) * stride + k
    return field

# %% tags=["alternative"] question="receptive-field" name="by lists of pixels"
def receptive_field(layers):
    seen = {0}
    for k, stride in reversed(layers):
        seen = {place * stride + u for place in seen for u in range(k)}
    return max(seen) - min(seen) + 1

# %% [markdown]
# ## 2.5 How many weights?
#
# *Afterwards you can say what sharing saves.*
#
# Convolutions on top of each other, with `channels[0]` in the image, `channels[1]` after the first, and so on, all with kernels of
# $k \times k$ and a bias for each result. How many parameters is that?
#
# Shapes: a list of whole numbers, a whole number $\to$ a whole number.

# %% nbgrader={"grade_id": "parameters", "solution": true}
def parameter_count(channels, k):
    """The number of weights and biases of convolutions with k times k kernels, from channels[0] to channels[-1]."""
    ### BEGIN SOLUTION
    return sum(c * f * k * k + f for c, f in zip(channels, channels[1:]))
    ### END SOLUTION

# %% nbgrader={"grade_id": "parameters-check", "grade": true}
check.values(parameter_count, at=stack_cases, points=1)

# %% tags=["mistake"] question="parameters" says="The biases have been left out: one for each result of each layer."
def parameter_count(channels, k):
    return sum(c * f * k * k for c, f in zip(channels, channels[1:]))

# %% tags=["mistake"] question="parameters" says="One kernel has been counted for each result: it has its own k times k weights for every channel below."
def parameter_count(channels, k):
    return sum(f * k * k + f for f in channels[1:])

# %% tags=["mistake"] question="parameters" says="A kernel has k rows and k columns."
def parameter_count(channels, k):
    return sum(c * f * k + f for c, f in zip(channels, channels[1:]))

# %% tags=["mistake"] question="parameters" says="There is a bias for each result of a layer, not for each channel that comes in."
def parameter_count(channels, k):
    return sum(c * f * k * k + c for c, f in zip(channels, channels[1:]))

# %% tags=["alternative"] question="parameters" name="a layer at a time"
def parameter_count(channels, k):
    total = 0
    for layer in range(1, len(channels)):
        total += channels[layer] * (channels[layer - 1] * k**2 + 1)
    return total

# %% tags=["alternative"] question="parameters" name="with arrays"
def parameter_count(channels, k):
    c = np.asarray(channels)
    return int(k**2 * (c[:-1] @ c[1:]) + c[1:].sum())

# %% [markdown]
# # Part 3: what a net relies on

# %% nbgrader={"grade_id": "attack-cases", "locked": true}
def attack_cases(rng):
    """Images between 0 and 1, some pixels at the ends, and the slope of the loss at each pixel: 0 at one, tiny at another."""
    for shape, eps in (((3, 4), 0.1), ((2, 1, 3, 3), 0.25), ((5,), 0.02)):
        x = np.clip(rng.uniform(-0.3, 1.3, shape), 0, 1)
        slope = rng.standard_normal(shape) * 10.0 ** rng.uniform(-3, 0)
        slope.flat[0] = 0.0
        x.flat[1], slope.flat[1] = rng.uniform(0.3, 0.7), rng.choice([-5e-7, 5e-7])
        yield {"x": x, "slope": slope, "eps": eps,
               "case": f"shape {shape}, eps = {eps}"}


def order_cases(rng):
    """Images, and an order of their pixels that is not its own opposite."""
    for n, c, h, w in ((3, 1, 2, 3), (2, 1, 4, 3), (4, 1, 3, 3)):
        order = rng.permutation(h * w)
        while np.array_equal(order[order], np.arange(h * w)):
            order = rng.permutation(h * w)
        yield {"X": rng.standard_normal((n, c, h, w)), "order": order, "case": f"{n} images of {h} times {w}"}


# %% [markdown]
# ## 3.1 One step against the net
#
# *Afterwards you can fool a net that you have trained.*
#
# Training moves the weights downhill. The derivative of the loss with respect to the *image* says how to move the pixels so that the
# loss grows. If no pixel may change by more than $\varepsilon$, which change makes the loss grow most, to first order? Add it, and keep
# all pixels between 0 and 1. A pixel whose slope is 0 stays as it is.
#
# Shapes: $x$ and its slope alike $\to$ the same shape.

# %% nbgrader={"grade_id": "adversarial", "solution": true}
def adversarial(x, slope, eps):
    """An image with every pixel moved by at most eps, so that the loss grows most, to first order.

    x: an array of numbers from 0 to 1; slope: the derivative of the loss with respect to x. Returns the new image.
    """
    ### BEGIN SOLUTION
    return np.clip(x + eps * np.sign(slope), 0, 1)
    ### END SOLUTION

# %% nbgrader={"grade_id": "adversarial-check", "grade": true}
check.values(adversarial, at=attack_cases, points=2)

# %% tags=["mistake"] question="adversarial" says="The loss falls this way: an attacker wants it to grow."
def adversarial(x, slope, eps):
    return np.clip(x - eps * np.sign(slope), 0, 1)

# %% tags=["mistake"] question="adversarial" says="Pixels with a small slope hardly move: each may move by the whole eps, and should."
def adversarial(x, slope, eps):
    return np.clip(x + eps * slope, 0, 1)

# %% tags=["mistake"] question="adversarial" says="Some pixels have left the range from 0 to 1."
def adversarial(x, slope, eps):
    return x + eps * np.sign(slope)

# %% tags=["mistake"] question="adversarial" says="The slope has been divided by its length: then the change is short as a vector, but no pixel moves as far as it may."
def adversarial(x, slope, eps):
    return np.clip(x + eps * slope / np.linalg.norm(slope), 0, 1)

# %% tags=["mistake"] question="adversarial" says="The slope has been divided by its largest entry: only that pixel moves by the whole eps."
def adversarial(x, slope, eps):
    return np.clip(x + eps * slope / np.max(np.abs(slope)), 0, 1)

# %% tags=["alternative"] question="adversarial" name="up or down"
def adversarial(x, slope, eps):
    return np.minimum(np.maximum(np.where(slope > 0, x + eps, np.where(slope < 0, x - eps, x)), 0), 1)

# %% tags=["alternative"] question="adversarial" name="by size"
def adversarial(x, slope, eps):
    direction = slope / np.where(slope == 0, 1, np.abs(slope))
    return (x + eps * direction).clip(0.0, 1.0)

# %% [markdown]
# ## 3.2 The same pixels elsewhere
#
# *Afterwards you have a control experiment.*
#
# Rearrange the pixels of every image in the *same* way: pixel $p$ of the new image is pixel `order[p]` of the old one, both counted row by
# row. No information is lost; only who is whose neighbour.
#
# Shapes: $X$ $(N, 1, H, W)$, `order` $(H \cdot W,)$ $\to$ $(N, 1, H, W)$.

# %% nbgrader={"grade_id": "permuted", "solution": true}
def permuted(X, order):
    """All images with their pixels in another order, the same for each. X: (N, 1, H, W), order: (H * W,)."""
    ### BEGIN SOLUTION
    return X.reshape(len(X), -1)[:, order].reshape(X.shape)
    ### END SOLUTION

# %% nbgrader={"grade_id": "permuted-check", "grade": true}
check.values(permuted, at=order_cases, points=1)

# %% tags=["mistake"] question="permuted" says="The other way round: pixels have been sent to the places that the order names, not taken from there."
def permuted(X, order):
    return X.reshape(len(X), -1)[:, np.argsort(order)].reshape(X.shape)

# %% tags=["mistake"] question="permuted" says="The pixels have been counted column by column."
def permuted(X, order):
    return X.transpose(0, 1, 3, 2).reshape(len(X), -1)[:, order].reshape(X.shape)

# %% tags=["mistake"] question="permuted" says="The images have been rearranged, not their pixels."
def permuted(X, order):
    return X[np.argsort(order[:len(X)])]

# %% tags=["mistake"] question="permuted" says="The order has been applied twice."
def permuted(X, order):
    return X.reshape(len(X), -1)[:, order][:, order].reshape(X.shape)

# %% tags=["alternative"] question="permuted" name="take"
def permuted(X, order):
    return np.take(X.reshape(X.shape[0], X.shape[2] * X.shape[3]), order, axis=1).reshape(X.shape)

# %% tags=["alternative"] question="permuted" name="a pixel at a time"
def permuted(X, order):
    new, w = np.empty_like(X), X.shape[3]
    for p, old in enumerate(order):
        new[:, 0, p // w, p % w] = X[:, 0, old // w, old % w]
    return new

# %% [markdown]
# ## 3.3 Who minds? Your guess
#
# *Afterwards you have said something that the next cell can contradict.*
#
# A net of convolutions and a net with one dense hidden layer will learn 3,000 digits twice: as they are, and with the pixels of all
# images rearranged by one order. By how many percentage points does the *convolutional* net get worse on test digits? The point is for
# a guess, right or wrong.

# %% nbgrader={"grade_id": "predict-loss", "solution": true}
def predict_points():
    """Your guess: by how many percentage points the convolutional net gets worse, a number from 0 to 100."""
    ### BEGIN SOLUTION
    return 12
    ### END SOLUTION

# %% nbgrader={"grade_id": "predict-loss-cases", "locked": true}
def nothing_given(rng):
    """A guess is made out of nothing."""
    yield {"case": "your guess"}


def from_0_to_100(guess):
    """One number of percentage points."""
    return np.ndim(guess) == 0 and 0 <= float(guess) <= 100


# %% nbgrader={"grade_id": "predict-loss-check", "grade": true}
check.properties(predict_points, at=nothing_given, points=1, a_number_from_0_to_100=from_0_to_100)

# %% tags=["mistake"] question="predict-loss" says="More than 100 percentage points cannot be lost."
def predict_points():
    return 120

# %% tags=["mistake"] question="predict-loss" says="A negative number would say that it gets better; name how much worse it gets, 0 if it does not."
def predict_points():
    return -3

# %% tags=["mistake"] question="predict-loss" says="One number is asked for, not one for each net."
def predict_points():
    return [12, 0]

# %% tags=["alternative"] question="predict-loss" name="another guess"
def predict_points():
    return 40.5

# %% tags=["alternative"] question="predict-loss" name="as an array without an axis"
def predict_points():
    return np.array(3)

# %% [markdown]
# # Part 4: what it was for
#
# ### A small residual net
#
# The digits at half their size, $14 \times 14$. A convolution to 8 channels, ReLU, max pooling; a residual block with one more
# convolution; a dense layer to the scores. All of it goes through your `patches`, `gathered`, `max_pool` and `max_pool_vjp`. Beside it
# a net with one dense hidden layer of 64. Each learns the digits as they are, and with their pixels rearranged.

# %% nbgrader={"grade_id": "conv-training", "locked": true}
def convolved(X, K, b):
    """A 3 times 3 convolution with padding 1 through patches, and what its backward pass needs."""
    n, _, h, w = X.shape
    cols = patches(X, 3, 1, 1)
    return (cols @ K.reshape(len(K), -1).T + b).reshape(n, h, w, len(K)).transpose(0, 3, 1, 2), cols


def convolved_back(G, cols, K, shape):
    g = G.transpose(0, 2, 3, 1).reshape(-1, len(K))
    return gathered(g @ K.reshape(len(K), -1), shape, 3, 1, 1), (g.T @ cols).reshape(K.shape), g.sum(axis=0)


def scores_to_slope(scores, y):
    """The mean cross-entropy and its derivative with respect to the scores."""
    log_p = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    return -np.mean(log_p[np.arange(len(y)), y]), (np.exp(log_p) - np.eye(10)[y]) / len(y)


def conv_net(weights, X, y):
    """Scores; the loss; the gradient with respect to every weight and to the images."""
    K1, b1, K2, b2, V = weights
    Z1, cols1 = convolved(X, K1, b1)
    A1 = np.maximum(Z1, 0)
    P = max_pool(A1, 2)
    Z2, cols2 = convolved(P, K2, b2)
    H = P + np.maximum(Z2, 0)
    flat = H.reshape(len(X), -1)
    loss, d = scores_to_slope(flat @ V, y)
    dV, dH = flat.T @ d, (d @ V.T).reshape(H.shape)
    dP, dK2, db2 = convolved_back(dH * (Z2 > 0), cols2, K2, P.shape)
    dX, dK1, db1 = convolved_back(max_pool_vjp(A1, 2, dH + dP) * (Z1 > 0), cols1, K1, X.shape)
    return flat @ V, loss, (dK1, db1, dK2, db2, dV), dX


def dense_net(weights, X, y):
    """The same of a net with one hidden layer."""
    W1, b1, V = weights
    flat = X.reshape(len(X), -1)
    H = np.maximum(flat @ W1 + b1, 0)
    loss, d = scores_to_slope(H @ V, y)
    dZ = (d @ V.T) * (H > 0)
    return H @ V, loss, (flat.T @ dZ, dZ.sum(axis=0), H.T @ d), (dZ @ W1.T).reshape(X.shape)


def first_weights(rng, *shapes):
    """Zeros for biases, He's start for the rest: kernels are (F, C, k, k), dense weights (in, out)."""
    return [np.zeros(s) if len(s) == 1 else rng.standard_normal(s) * np.sqrt(2 / (np.prod(s[1:]) if len(s) == 4 else s[0]))
            for s in shapes]


NETS = {"convolutions": (conv_net, ((8, 1, 3, 3), (8,), (8, 8, 3, 3), (8,), (392, 10))),
        "dense": (dense_net, ((196, 64), (64,), (64, 10)))}


def trained(net, shapes, X, y, epochs=6, rate=0.07, K=50, seed=0):
    """Weights after training with momentum 0.9 and a rate that falls to zero."""
    rng = np.random.default_rng(seed)
    weights = first_weights(rng, *shapes)
    velocity = [np.zeros(w.shape) for w in weights]
    for epoch in range(epochs):
        for batch in np.array_split(rng.permutation(len(y)), len(y) // K):
            slopes = net(weights, X[batch], y[batch])[2]
            velocity = [0.9 * v - rate * (1 - epoch / epochs) * g for v, g in zip(velocity, slopes)]
            weights = [w + v for w, v in zip(weights, velocity)]
    return weights


def right_share(net, weights, X, y):
    return np.mean(np.argmax(net(weights, X, y)[0], axis=1) == y)


# %% tags=["experiment"]
images = data.mnist(size=(3000, 1000))
small = [X.reshape(-1, 1, 14, 2, 14, 2).mean(axis=(3, 5)) for X in (images.train_images, images.test_images)]
learned = {}
with check.once_written():
    order = np.random.default_rng(0).permutation(196)
    inputs = {"as they are": small, "rearranged": [permuted(X, order) for X in small]}
    found = {}
    for name, (net, shapes) in NETS.items():
        for how, (X, X_test) in inputs.items():
            learned[name, how] = trained(net, shapes, X, images.train_labels)
            found[name, how] = right_share(net, learned[name, how], X_test, images.test_labels)
            print(f"{name}, {how}: {found[name, how]:.1%} of the test digits")
    worse = {name: 100 * (found[name, "as they are"] - found[name, "rearranged"]) for name in NETS}
    print("Worse by " + ", ".join(f"{points:.1f} percentage points ({name})" for name, points in worse.items())
          + f"; your guess for the convolutions: {predict_points():g}")

# %% [markdown]
# ### What it looks at, and what fools it
#
# The slope of the loss at each pixel, in size: a *saliency map*. Then one step of 3.1 with $\varepsilon = 0.2$, and what the net says now.

# %% tags=["experiment"]
with check.once_written():
    weights = learned["convolutions", "as they are"]
    X, y = small[1][:6], images.test_labels[:6]
    scores, _, _, slope = conv_net(weights, X, y)
    fooled = adversarial(X, slope, 0.2)
    said = np.argmax(conv_net(weights, fooled, y)[0], axis=1)
    figure, axes = plt.subplots(3, 6, figsize=(8.4, 4.6), layout="constrained")
    for column, (image, steep, other) in enumerate(zip(X, slope, fooled)):
        for axis, picture in zip(axes[:, column], (image, np.abs(steep), other)):
            axis.imshow(picture[0], cmap="gray_r")
            axis.set_xticks([])
            axis.set_yticks([])
        axes[0, column].set_title(f"read as {np.argmax(scores[column])}")
        axes[2, column].set_title(f"read as {said[column]}")
    for axis, text in zip(axes[:, 0], ("image", "size of the slope", "one step further")):
        axis.set_ylabel(text)
    figure.set_label("Six digits, the size of the slope of the loss at each pixel, and the digits after one adversarial step: "
                     f"{np.sum(said != y)} of them are read wrongly then.")
    plt.show()
    scores, _, _, slope = conv_net(weights, small[1], images.test_labels)
    for eps in (0.0, 0.05, 0.1, 0.2):
        moved = adversarial(small[1], slope, eps)
        print(f"eps = {eps:.2f}: {right_share(conv_net, weights, moved, images.test_labels):.1%} of the test digits")

# %% [markdown]
# ## 4.1 Who lost, and why
#
# The rearranged images hold the same information. Why does the convolutional net lose, and the dense net hardly? Which two assumptions
# does a convolution make about images, which of them has been destroyed, and what could you rearrange that would hurt
# *neither* net? (For the dense net: why is its result not exactly the same?)

# %% [markdown] nbgrader={"grade_id": "who-lost", "grade": true, "solution": true, "points": 3}
# ### BEGIN SOLUTION
# **Model answer.** A dense layer has a weight of its own for every pixel. Rearranging the pixels rearranges the rows of $W_1$, and since
# these start as random numbers anyway, nothing changes but which random number belongs to which pixel: the result differs
# only as with another seed. A convolution assumes that what belongs together lies close together (locality), and that a pattern means the same
# wherever it is (the same weights everywhere). Rearranged, neighbours in a window have nothing to do with each other: edges and
# strokes are gone, and one kernel sees something else at every place. Both assumptions are gone, the first because
# neighbours are no longer neighbours, the second because a stroke that moves changes its looks. Rearranging the *channels* or the images, or
# numbering the classes in another way, hurts neither; nor does turning all images upside down.
#
# **Mark scheme, 3 points.**
#
# - 1 point: a dense layer does not know who is whose neighbour: the same up to the random start.
# - 1 point: locality and sharing named, with what happens to them.
# - 1 point: something that hurts neither. Half a point without a reason.
# ### END SOLUTION

# %% [markdown]
# ## 4.2 What sharing means
#
# A $3 \times 3$ convolution from 8 to 8 channels on $14 \times 14$ pixels with padding 1: how many parameters has it, how many
# multiplications does it take, and how many of each would a dense layer between the same numbers have? What does sharing
# weights do to the gradient of a weight, and how do you know that from problem set 8? If a digit moves by one pixel, what
# happens to the result of a convolution, and what to that of max pooling?

# %% [markdown] nbgrader={"grade_id": "what-sharing-means", "grade": true, "solution": true, "points": 3}
# ### BEGIN SOLUTION
# **Model answer.** $8 \cdot 8 \cdot 9 + 8 = 584$ parameters, and $8 \cdot 8 \cdot 9 \cdot 196 = 112{,}896$ multiplications, since every weight is used at 196
# places. A dense layer from $8 \cdot 196 = 1568$ to 1568 numbers has $1568^2 + 1568 = 2{,}460{,}192$ parameters and $1568^2 = 2{,}458{,}624$ multiplications:
# some 4,200 times the parameters, 22 times the multiplications. A shared weight is one value that is used many times, so its
# gradient is the *sum* of what comes back from all its uses, 196 places of every image. If the digit moves by one pixel, the
# result of the convolution moves with it (but for the border). Max pooling forgets moves within a block: if the
# largest number stays in its block, nothing changes; if not, it appears in the next one.
#
# **Mark scheme, 3 points.**
#
# - 1 point: the four numbers. Half a point if two are right, or the biases are missing.
# - 1 point: the gradient of a shared weight is a sum over its uses.
# - 1 point: a convolution moves with its input; pooling hides small moves.
# ### END SOLUTION

# %% [markdown]
# # Which slip is it?
#
# Six functions of earlier problem sets, each with one slip in it, and what the self-check said of it. Read the report first:
# which results are wrong, and is it a factor, a sign, a shape, or only some entries? Then find the line. For each, return the
# number of the sentence that fits.
#
# <!-- slips from ps8_graph, ps9_deep: 6, draw 10 -->

# %% [markdown]
# ### Slip 1
#
# Problem set 8, 1.4, asked for this:
#
# ```python
# def reverse_sweep(order, parents, slopes):
#     """The derivative of the last node of the order with respect to every node of the graph.
#
#     order: node numbers, parents before children; parents: parents[i] is a tuple of node numbers;
#     slopes: slopes[i] is a tuple, the derivatives of node i with respect to its parents, in their order.
#     Returns an array of as many numbers as there are nodes."""
# ```
#
# Somebody has written:
#
# ```python
# def reverse_sweep(order, parents, slopes):
#     grads = np.zeros(len(parents))
#     grads[order[-1]] = 1.0
#     for node in order:
#         for parent, slope in zip(parents[node], slopes[node]):
#             grads[parent] += slope * grads[node]
#     return grads
# ```
#
# The self-check says:
#
# ```text
# x · x: right
# a diamond: wrong, grads[0] is 0 and should not be (a diamond)
# long and short ways: wrong, grads[2] is 0 and should not be (long and short ways)
# a random graph of 12 nodes: wrong, grads[9] is 0 and should not be (a random graph of 12 nodes)
# a random graph of 17 nodes: wrong, grads[2] is 0 and should not be (a random graph of 17 nodes)
# a ladder of 12 diamonds: wrong, grads[1] is 0 and should not be (a ladder of 12 diamonds)
# ```
#
# Which idea is behind it?
#
# 1. The sweep goes forwards. When a node is visited, its gradient has to be complete, so its children come first.
# 2. Only the local slope has been handed on: it is multiplied by the gradient that has arrived at the node.
# 3. Of several edges from a node to the same parent only one has counted: x · x has two edges to the same x, and both count.
# 4. The root is the last node of the order. The last number in the list of parents is any node: numbers are names.

# %% nbgrader={"grade_id": "slip-1", "solution": true}
def slip_1():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 1
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-1-check", "grade": true, "points": 1}
check.answer(slip_1, points=1)

# %% tags=["mistake"] question="slip-1" says="Not 2: of that slip the self-check would say otherwise: x · x: right; a diamond: wrong, grads[0] is too large, by 2e+01 % (a diamond); long and short ways: wrong, grads[6] has the wrong sign, and not the right size either (long and short ways); a random graph of 12 nodes: wrong, grads[2] has the wrong sign, and not the right size either (a random graph of 12 nodes); a random graph of 17 nodes: wrong, grads[2] is about 2.1 times too large (a random graph of 17 nodes); a ladder of 12 diamonds: wrong, grads[36] has the wrong sign, and not the right size either (a ladder of 12 diamonds)"
def slip_1():
    return 2

# %% tags=["mistake"] question="slip-1" says="Not 3: of that slip the self-check would say otherwise: x · x: wrong, grads[0] is about 1.7 times too small (x · x); a diamond: right; long and short ways: wrong, grads[3] has the wrong sign, and not the right size either (long and short ways); a random graph of 12 nodes: wrong, grads[4] is about 6.5 times too large (a random graph of 12 nodes); a random graph of 17 nodes: wrong, grads[2] is too small, by 8 % (a random graph of 17 nodes); a ladder of 12 diamonds: right"
def slip_1():
    return 3

# %% tags=["mistake"] question="slip-1" says="Not 4: of that slip the self-check would say otherwise: x · x: right; a diamond: wrong, grads[1] is 0 and should not be (a diamond); long and short ways: wrong, grads[2] has the wrong sign, and not the right size either (long and short ways); a random graph of 12 nodes: right; a random graph of 17 nodes: wrong, grads[16] should be 0 (a random graph of 17 nodes); a ladder of 12 diamonds: wrong, grads[36] has the wrong sign, and not the right size either (a ladder of 12 diamonds)"
def slip_1():
    return 4

# %% [markdown]
# ### Slip 2
#
# Problem set 8, 2.6, asked for this:
#
# ```python
# def max_vjp(G, x, axis):
#     """The derivative with respect to x, if the result was np.max(x, axis=axis), in the shape of G. Returns dx."""
# ```
#
# Somebody has written:
#
# ```python
# def max_vjp(G, x, axis):
#     return np.expand_dims(G, axis) * (x == np.min(x, axis=axis, keepdims=True))
# ```
#
# The self-check says:
#
# ```text
# dx: wrong, dx[1, 2] should be 0 (shape (3, 4), axis 0)
# ```
#
# Which idea is behind it?
#
# 1. There is one largest entry along the axis for each of the others, not one in the whole array.
# 2. The largest number itself has come in: the result moves exactly as fast as the entry does.
# 3. This marks the smallest entries.
# 4. Every entry has got the gradient: only the largest reaches the result, all others could move without being noticed.

# %% nbgrader={"grade_id": "slip-2", "solution": true}
def slip_2():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 3
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-2-check", "grade": true, "points": 1}
check.answer(slip_2, points=1)

# %% tags=["mistake"] question="slip-2" says="Not 1: of that slip the self-check would say otherwise: dx: wrong, dx[0, 2] is 0 and should not be (shape (3, 4), axis 0)"
def slip_2():
    return 1

# %% tags=["mistake"] question="slip-2" says="Not 2: of that slip the self-check would say otherwise: dx: wrong, dx[0, 2] is about 1.6 times too large (shape (3, 4), axis 0)"
def slip_2():
    return 2

# %% tags=["mistake"] question="slip-2" says="Not 4: the report would look the same, but read the code again: it does not do that."
def slip_2():
    return 4

# %% [markdown]
# ### Slip 3
#
# Problem set 9, 1.2, asked for this:
#
# ```python
# def standardised_vjp(X, mean, var, eps, G):
#     """The derivatives of the loss with respect to X, mean and var, three separate inputs of (X - mean) / sqrt(var + eps).
#
#     X: (N, D), mean and var: (D,), eps: a number; G: (N, D), the derivative with respect to the result.
#     Returns dX: (N, D), dmean: (D,), dvar: (D,)."""
# ```
#
# Somebody has written:
#
# ```python
# def standardised_vjp(X, mean, var, eps, G):
#     s = np.sqrt(var + eps)
#     return G / s, -np.mean(G, axis=0) / s, -np.mean(G * (X - mean), axis=0) / (2 * s**3)
# ```
#
# The self-check says:
#
# ```text
# dX: right
# dmean: wrong, dmean[0] is about 4 times too small (N = 4, D = 3)
# dvar: wrong, dvar[0] is about 4 times too small (N = 4, D = 3)
# ```
#
# Which idea is behind it?
#
# 1. In the gradient of the variance X stands for its distance from the mean.
# 2. The exponent of -1/2 has not come down: half of it is missing in the gradient of the variance.
# 3. The gradient of X has not been divided by the standard deviation.
# 4. Averaged over the samples: one mean reaches every sample of its column, and what comes back from there adds up.

# %% nbgrader={"grade_id": "slip-3", "solution": true}
def slip_3():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 4
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-3-check", "grade": true, "points": 1}
check.answer(slip_3, points=1)

# %% tags=["mistake"] question="slip-3" says="Not 1: of that slip the self-check would say otherwise: dX: right; dmean: right; dvar: wrong, dvar[0] is too small, by 1e+01 % (N = 4, D = 3)"
def slip_3():
    return 1

# %% tags=["mistake"] question="slip-3" says="Not 2: of that slip the self-check would say otherwise: dX: right; dmean: right; dvar: wrong, dvar[0] is about 2 times too large (N = 4, D = 3)"
def slip_3():
    return 2

# %% tags=["mistake"] question="slip-3" says="Not 3: of that slip the self-check would say otherwise: dX: wrong, dX[2, 0] is about 1.3 times too small (N = 4, D = 3); dmean: right; dvar: right"
def slip_3():
    return 3

# %% [markdown]
# ### Slip 4
#
# Problem set 9, 1.4, asked for this:
#
# ```python
# def batch_norm_vjp(X, gamma, eps, G):
#     """The derivatives of the loss with respect to a batch norm's input, scale and shift.
#
#     X: (N, D), gamma: (D,), eps: a number; G: (N, D), the derivative with respect to the result.
#     Returns dX: (N, D), dgamma: (D,), dbeta: (D,)."""
# ```
#
# Somebody has written:
#
# ```python
# def batch_norm_vjp(X, gamma, eps, G):
#     s = np.sqrt(X.var(axis=0) + eps)
#     normed = (X - X.mean(axis=0)) / s
#     dX = (G - G.mean(axis=0) - normed * (G * normed).mean(axis=0)) / s
#     return dX, (G * normed).sum(axis=0), G.sum(axis=0)
# ```
#
# The self-check says:
#
# ```text
# dX: wrong, dX[2, 2] is about 1.9 times too small (N = 4, D = 3, eps = 1e-05)
# dgamma: right
# dbeta: right
# ```
#
# Which idea is behind it?
#
# 1. Sums stand where means belong: mean and variance hold a factor 1/N.
# 2. Mean and variance have been treated as constants: they are made from X, and the gradient goes through them too.
# 3. The way through the mean is missing: then a shift of a whole feature would matter, and it cannot.
# 4. The scale has been forgotten: what arrives at the normalised features is G times gamma.

# %% nbgrader={"grade_id": "slip-4", "solution": true}
def slip_4():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 4
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-4-check", "grade": true, "points": 1}
check.answer(slip_4, points=1)

# %% tags=["mistake"] question="slip-4" says="Not 1: of that slip the self-check would say otherwise: dX: wrong, dX[0, 2] is about 5.8 times too large (N = 4, D = 3, eps = 1e-05); dgamma: right; dbeta: right"
def slip_4():
    return 1

# %% tags=["mistake"] question="slip-4" says="Not 2: of that slip the self-check would say otherwise: dX: wrong, dX[0, 2] has the wrong sign, and not the right size either (N = 4, D = 3, eps = 1e-05); dgamma: right; dbeta: right"
def slip_4():
    return 2

# %% tags=["mistake"] question="slip-4" says="Not 3: of that slip the self-check would say otherwise: dX: wrong, dX[2, 2] is about 1.7 times too large (N = 4, D = 3, eps = 1e-05); dgamma: right; dbeta: right"
def slip_4():
    return 3

# %% [markdown]
# ### Slip 5
#
# Problem set 8, 2.2, asked for this:
#
# ```python
# def reduction_vjps(G, shape, axis):
#     """The derivatives of the loss with respect to x, if the result is the sum of x along axis, and if it is the mean.
#
#     G: the derivative with respect to the result; shape: of x, a tuple; axis: not negative, or a tuple of such, or None.
#     Returns two arrays of that shape: for the sum, for the mean."""
# ```
#
# Somebody has written:
#
# ```python
# def reduction_vjps(G, shape, axis):
#     axes = tuple(range(len(shape))) if axis is None else axis
#     summed = np.broadcast_to(np.expand_dims(G, axes), shape).copy()
#     return summed, summed / np.prod(shape)
# ```
#
# The self-check says:
#
# ```text
# summed: right
# averaged: wrong, averaged[1, 2] is about 4 times too small (shape (3, 4), axis 0)
# ```
#
# Which idea is behind it?
#
# 1. The sum does not divide by anything: a step of one entry is a step of the sum.
# 2. Divided by all entries of x: a mean along one axis averages only as many as that axis is long.
# 3. Every entry has got the total of G: each reaches one result only, and gets the gradient of that one.
# 4. Divided by how many results there are; a mean divides by how many entries each of them was made of.

# %% nbgrader={"grade_id": "slip-5", "solution": true}
def slip_5():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 2
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-5-check", "grade": true, "points": 1}
check.answer(slip_5, points=1)

# %% tags=["mistake"] question="slip-5" says="Not 1: of that slip the self-check would say otherwise: summed: wrong, summed[1, 2] is about 3 times too small (shape (3, 4), axis 0); averaged: right"
def slip_5():
    return 1

# %% tags=["mistake"] question="slip-5" says="Not 3: of that slip the self-check would say otherwise: summed: wrong, summed[1, 3] has the wrong sign, and not the right size either (shape (3, 4), axis 0); averaged: wrong, averaged[1, 3] has the wrong sign, and not the right size either (shape (3, 4), axis 0)"
def slip_5():
    return 3

# %% tags=["mistake"] question="slip-5" says="Not 4: of that slip the self-check would say otherwise: summed: right; averaged: wrong, averaged[1, 2] is about 1.3 times too small (shape (3, 4), axis 0)"
def slip_5():
    return 4

# %% [markdown]
# ### Slip 6
#
# Problem set 9, 1.7, asked for this:
#
# ```python
# def layer_norm_vjp(X, gamma, eps, G):
#     """The derivatives of the loss with respect to a layer norm's input, scale and shift.
#
#     X: (N, D), gamma: (D,), eps: a number; G: (N, D), the derivative with respect to the result.
#     Returns dX: (N, D), dgamma: (D,), dbeta: (D,)."""
# ```
#
# Somebody has written:
#
# ```python
# def layer_norm_vjp(X, gamma, eps, G):
#     s = np.sqrt(X.var(axis=0) + eps)
#     normed = (X - X.mean(axis=0)) / s
#     d = G * gamma
#     dX = (d - d.mean(axis=0) - normed * (d * normed).mean(axis=0)) / s
#     return dX, (G * normed).sum(axis=0), G.sum(axis=0)
# ```
#
# The self-check says:
#
# ```text
# dX: wrong, dX[1, 2] has the wrong sign, and not the right size either (N = 4, D = 3, eps = 1e-05)
# dgamma: wrong, dgamma[2] is about 5.7 times too large (N = 4, D = 3, eps = 1e-05)
# dbeta: right
# ```
#
# Which idea is behind it?
#
# 1. What comes back through the statistics has been summed over the features: these are means.
# 2. Normalised down the columns, as in a batch norm: here each row has its own mean and variance.
# 3. In the gradient of the scale stands the input as it was, not normalised.
# 4. The scale has been multiplied in at the end. It differs from feature to feature, so it has to be there before the means over the features are taken.

# %% nbgrader={"grade_id": "slip-6", "solution": true}
def slip_6():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 2
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-6-check", "grade": true, "points": 1}
check.answer(slip_6, points=1)

# %% tags=["mistake"] question="slip-6" says="Not 1: of that slip the self-check would say otherwise: dX: wrong, dX[1, 0] is about 63 times too large (N = 4, D = 3, eps = 1e-05); dgamma: right; dbeta: right"
def slip_6():
    return 1

# %% tags=["mistake"] question="slip-6" says="Not 3: of that slip the self-check would say otherwise: dX: right; dgamma: wrong, dgamma[0] is about 2.4 times too large (N = 4, D = 3, eps = 1e-05); dbeta: right"
def slip_6():
    return 3

# %% tags=["mistake"] question="slip-6" says="Not 4: of that slip the self-check would say otherwise: dX: wrong, dX[3, 0] has the wrong sign, and not the right size either (N = 4, D = 3, eps = 1e-05); dgamma: right; dbeta: right"
def slip_6():
    return 4

# %% [markdown]
# <!-- end of slips -->

# %% [markdown]
# # What to read next
#
# - Yann LeCun, Léon Bottou, Yoshua Bengio and Patrick Haffner, "Gradient-based learning applied to document recognition",
#   *Proceedings of the IEEE* 86 (1998): convolutions on these digits.
# - Vincent Dumoulin and Francesco Visin, "A guide to convolution arithmetic for deep learning" (2016),
#   <https://arxiv.org/abs/1603.07285>: sizes, strides and paddings, drawn.
# - Ian Goodfellow, Jonathon Shlens and Christian Szegedy, "Explaining and harnessing adversarial examples" (2014),
#   <https://arxiv.org/abs/1412.6572>.
