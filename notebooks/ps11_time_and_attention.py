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
# # Problem set 11: through time, and attention
#
# **What you will learn.** A text has an order and no fixed length. Two kinds of net can read it: one goes through it step by
# step and remembers, the other looks at all of it at once and chooses where. You write the backward pass of both, see why
# the first forgets, and let both write verses.
#
# **What you need.** Problem set 4: dense layers, softmax, cross-entropy, checking a gradient with finite differences. From
# problem set 8: what comes back from several uses of one value is added up, and picking rows by index goes backward too.
# Layer norm (problem set 9) is given where it is needed.
#
# **How long it takes.** About six hours. Everything together computes for less than a minute.
#
# **How it works.** As before: you write functions; under each is a self-check. A function gets all it needs as arguments,
# other functions too, so that a slip in one question does not spoil the next.

# %%
import time

import matplotlib.pyplot as plt
import numpy as np

from helpers import check, data, plots, threads

threads.limit(1)  # these matrices are small: several threads would only wait for each other

# %% [markdown]
# ## Words
#
# | in the code | what it is |
# |---|---|
# | `T`, `N` | the length of a sequence: its number of steps; the number of sequences that are read side by side |
# | `V`, `D`, `d` | the number of different symbols; numbers that stand for one symbol; numbers in a state, or in a query |
# | `ids` $(T, N)$ | symbols, as integers from 0: `ids[t, n]` is symbol `t` of sequence `n` |
# | `X` $(T, N, D)$ | inputs: `X[t]` is what all sequences read at step `t`, a row a sequence |
# | `H` $(T + 1, N, d)$ | states: `H[0]` before anything is read, `H[t + 1]` after `X[t]` |
# | `G` | the derivative of the loss with respect to a result: it has the result's shape |
# | `dW` | the derivative of the loss with respect to `W`: it has the shape of `W` |
#
# **A row is a sample** here, and a weight matrix is (in, out): a layer is $x W + b$. The loss of a check is $\sum G \cdot \mathrm{result}$,
# so that its derivative with respect to the result is $G$. Everything is added up; where a mean is wanted, it is in $G$ already.

# %% nbgrader={"grade_id": "embedding-cases", "locked": true}
def embedding_cases(rng):
    """Symbols, of which some never occur and at least one occurs more than once."""
    for t, n, v, d in ((3, 2, 5, 2), (6, 1, 4, 3), (4, 5, 7, 2)):
        ids = rng.integers(0, v - 1, (t, n))
        ids[-1] = ids[0]
        yield {"G": rng.standard_normal((t, n, d)), "ids": ids, "V": v, "E": rng.standard_normal((v, d)),
               "case": f"T = {t}, N = {n}, V = {v}"}


def embedding_loss(G, ids, E):
    return np.sum(G * E[ids])


def cell_weights(rng, d_in, d):
    """Weights of a cell that reads d_in numbers and remembers d."""
    return {"Wx": rng.standard_normal((d_in, d)) / np.sqrt(d_in), "Wh": rng.standard_normal((d, d)) / np.sqrt(d),
            "b": rng.standard_normal(d)}


def cell_cases(rng):
    """One step: inputs, states, weights, and a gradient that arrives at the new states."""
    for n, d_in, d in ((2, 3, 4), (1, 2, 3), (5, 4, 2)):
        yield {"G": rng.standard_normal((n, d)), "x": rng.standard_normal((n, d_in)), "h": rng.uniform(-1, 1, (n, d)),
               **cell_weights(rng, d_in, d), "case": f"N = {n}, D = {d_in}, d = {d}"}


# %% [markdown]
# # Part 1: one step after the other

# %% [markdown]
# ## 1.1 A row for every symbol
#
# *Afterwards a text can be the input of a net, and the net can learn what its letters are like.*
#
# A symbol has no size, so it gets a row of numbers that are learned: row $i$ of a table $E$ $(V, D)$ stands for symbol $i$, and
# the input is `E[ids]`. When the gradient `G` arrives at the inputs, which rows of $E$ get what? Remember what problem set 8 found
# about a value with several uses, and about numpy's `+=` with an index in which a number occurs twice. A symbol that does
# not occur in these sequences cannot matter to their loss.
#
# Shapes: $G$ $(T, N, D)$ and integers $(T, N)$ $\to$ $(V, D)$.

# %% nbgrader={"grade_id": "embedding", "solution": true}
def embedding_backward(G, ids, V):
    """The derivative of the loss with respect to the table E, if the result was E[ids].

    G: (T, N, D); ids: (T, N), integers below V; V: the number of rows of E. Returns dE: (V, D).
    """
    ### BEGIN SOLUTION
    dE = np.zeros((V, G.shape[-1]))
    np.add.at(dE, ids, G)
    return dE
    ### END SOLUTION

# %% nbgrader={"grade_id": "embedding-check", "grade": true, "points": 2}
check.gradients(embedding_backward, of=embedding_loss, wrt="E", at=embedding_cases, points=2)

# %% tags=["mistake"] question="embedding" says="With += and an index, numpy adds only once where a number occurs twice: a symbol that is read several times has to get it all."
def embedding_backward(G, ids, V):
    dE = np.zeros((V, G.shape[-1]))
    dE[ids] += G
    return dE

# %% tags=["mistake"] question="embedding" says="A mean over the occurrences has been taken: every use of a row adds its full share."
def embedding_backward(G, ids, V):
    dE = np.zeros((V, G.shape[-1]))
    np.add.at(dE, ids, G)
    return dE / np.maximum(np.bincount(np.ravel(ids), minlength=V), 1)[:, None]

# %% tags=["mistake"] question="embedding" says="Only how often a symbol occurs has been counted: what is added up is the gradient that arrives there."
def embedding_backward(G, ids, V):
    dE = np.zeros((V, G.shape[-1]))
    np.add.at(dE, ids, np.ones_like(G))
    return dE

# %% tags=["mistake"] question="embedding" says="The mean over the sequences is in G already, if it is wanted: here it is taken a second time."
def embedding_backward(G, ids, V):
    dE = np.zeros((V, G.shape[-1]))
    np.add.at(dE, ids, G)
    return dE / G.shape[1]

# %% tags=["mistake"] question="embedding" says="Only the first sequence has been looked at: all N of them use the same table."
def embedding_backward(G, ids, V):
    dE = np.zeros((V, G.shape[-1]))
    np.add.at(dE, ids[:, 0], G[:, 0])
    return dE

# %% tags=["alternative"] question="embedding" name="a product with one-hot rows"
def embedding_backward(G, ids, V):
    return np.eye(V)[np.ravel(ids)].T @ G.reshape(-1, G.shape[-1])

# %% tags=["alternative"] question="embedding" name="a loop over the symbols"
def embedding_backward(G, ids, V):
    return np.array([np.sum(G[ids == i], axis=0) for i in range(V)])

# %% [markdown]
# ## 1.2 One step forward
#
# *Afterwards you have a layer that reads and remembers.*
#
# A recurrent net keeps a **state** $h$, a row of $d$ numbers a sequence. At each step it reads $x$ and makes a new state of
# both: $\tanh(x W_x + h W_h + b)$. It is one dense layer whose inputs are what is read *and* what is remembered; the same weights
# serve at every step.
#
# Shapes: $x$ $(N, D)$, $h$ $(N, d)$, $W_x$ $(D, d)$, $W_h$ $(d, d)$, $b$ $(d,)$ $\to$ $(N, d)$.

# %% nbgrader={"grade_id": "cell-forward", "solution": true}
def cell_forward(x, h, Wx, Wh, b):
    """The new states of N sequences after one step.

    x: (N, D), what is read; h: (N, d), the states before; Wx: (D, d), Wh: (d, d), b: (d,). Returns (N, d).
    """
    ### BEGIN SOLUTION
    return np.tanh(x @ Wx + h @ Wh + b)
    ### END SOLUTION

# %% nbgrader={"grade_id": "cell-forward-check", "grade": true, "points": 1}
check.values(cell_forward, at=cell_cases, points=1)

# %% tags=["mistake"] question="cell-forward" says="A row is a sample here and a weight matrix is (in, out): W_h is not transposed. As it is square, no shape complains."
def cell_forward(x, h, Wx, Wh, b):
    return np.tanh(x @ Wx + h @ Wh.T + b)

# %% tags=["mistake"] question="cell-forward" says="The old state is missing: without it nothing is remembered."
def cell_forward(x, h, Wx, Wh, b):
    return np.tanh(x @ Wx + b)

# %% tags=["mistake"] question="cell-forward" says="The tanh has to be taken of the whole sum; here what is remembered goes past it."
def cell_forward(x, h, Wx, Wh, b):
    return np.tanh(x @ Wx + b) + h @ Wh

# %% tags=["mistake"] question="cell-forward" says="The tanh is missing: without it all steps together are one linear map."
def cell_forward(x, h, Wx, Wh, b):
    return x @ Wx + h @ Wh + b

# %% tags=["mistake"] question="cell-forward" says="The bias is missing."
def cell_forward(x, h, Wx, Wh, b):
    return np.tanh(x @ Wx + h @ Wh)

# %% tags=["alternative"] question="cell-forward" name="one dense layer"
def cell_forward(x, h, Wx, Wh, b):
    return np.tanh(np.hstack([x, h]) @ np.vstack([Wx, Wh]) + b)

# %% tags=["alternative"] question="cell-forward" name="einsum"
def cell_forward(x, h, Wx, Wh, b):
    return np.tanh(np.einsum("nd,dk->nk", x, Wx) + np.einsum("nj,jk->nk", h, Wh) + b[None])

# %% [markdown]
# ## 1.3 One step backward
#
# *Afterwards one step of the net can go backward.*
#
# The gradient $G$ arrives at the new states. Carry it through the cell of 1.2 to everything that went in: what was read,
# what was remembered, the three weights. You are given the new states too, so that nothing has to be computed twice; what does
# the slope of tanh look like, told by its output? For $N = 1$ this is the dense layer of problem set 4, turned on its side.
#
# Shapes: $G$ $(N, d)$ $\to$ five arrays, in the shapes of $x$, $h$, $W_x$, $W_h$, $b$.

# %% nbgrader={"grade_id": "sequence-cases", "locked": true}
def one_step(x, h, Wx, Wh, b):
    """The step of 1.2, for the checks."""
    return np.tanh(np.concatenate([x, h], axis=1) @ np.concatenate([Wx, Wh]) + b)


def step_cases(rng):
    """One step, with the new states."""
    for case in cell_cases(rng):
        weights = {name: case[name] for name in ("Wx", "Wh", "b")}
        yield {"G": case["G"], "x": case["x"], "h": case["h"], "new": one_step(case["x"], case["h"], **weights),
               **weights, "case": case["case"]}


def step_loss(G, x, h, Wx, Wh, b):
    return np.sum(G * one_step(x, h, Wx, Wh, b))


def states_of(X, h0, Wx, Wh, b):
    """All states of a sequence: (T + 1, N, d), the first is h0."""
    H = [h0]
    for x in X:
        H.append(one_step(x, H[-1], Wx, Wh, b))
    return np.array(H)


def sequence_cases(rng):
    """Sequences with their states, and an upstream gradient at every state but the first."""
    for t, n, d_in, d, size in ((3, 2, 4, 3, 1), (1, 4, 3, 2, 1), (5, 1, 2, 4, 1), (12, 3, 4, 2, 1000)):
        weights, X, h0 = cell_weights(rng, d_in, d), rng.standard_normal((t, n, d_in)), rng.uniform(-1, 1, (n, d))
        yield {"step_back": lambda G, x, h, new, Wx, Wh: cell_backward(G, x, h, new, Wx, Wh),
               "G": size * rng.standard_normal((t, n, d)), "X": X, "H": states_of(X, h0, **weights), **weights, "h0": h0,
               "case": f"T = {t}, N = {n}" + (": a dense layer" if t == 1 else "")}


def sequence_loss(G, X, h0, Wx, Wh, b):
    return np.sum(G * states_of(X, h0, Wx, Wh, b)[1:])


# %% nbgrader={"grade_id": "cell-backward", "solution": true}
def cell_backward(G, x, h, new, Wx, Wh):
    """The derivatives of the loss with respect to all that went into one step.

    G: (N, d), the derivative with respect to the new states; x: (N, D); h: (N, d), the states before;
    new: (N, d), the states after; Wx: (D, d); Wh: (d, d).
    Returns dx: (N, D), dh: (N, d), dWx: (D, d), dWh: (d, d), db: (d,).
    """
    ### BEGIN SOLUTION
    dz = G * (1 - new**2)
    return dz @ Wx.T, dz @ Wh.T, x.T @ dz, h.T @ dz, dz.sum(axis=0)
    ### END SOLUTION

# %% nbgrader={"grade_id": "cell-backward-check", "grade": true, "points": 3}
check.gradients(cell_backward, of=step_loss, wrt=("x", "h", "Wx", "Wh", "b"), at=step_cases, points=3)

# %% tags=["mistake"] question="cell-backward" says="The gradient has gone past the tanh without its slope."
def cell_backward(G, x, h, new, Wx, Wh):
    return G @ Wx.T, G @ Wh.T, x.T @ G, h.T @ G, G.sum(axis=0)

# %% tags=["mistake"] question="cell-backward" says="The slope belongs to the step that was made: it is told by the new states, not by the old ones."
def cell_backward(G, x, h, new, Wx, Wh):
    dz = G * (1 - h**2)
    return dz @ Wx.T, dz @ Wh.T, x.T @ dz, h.T @ dz, dz.sum(axis=0)

# %% tags=["mistake"] question="cell-backward" says="The new states are outputs of tanh already: its slope is told by them, and no second tanh belongs there."
def cell_backward(G, x, h, new, Wx, Wh):
    dz = G * (1 - np.tanh(new) ** 2)
    return dz @ Wx.T, dz @ Wh.T, x.T @ dz, h.T @ dz, dz.sum(axis=0)

# %% tags=["mistake"] question="cell-backward" says="To go back through a layer is to multiply by the transposed weights. W_h is square, so that no shape complains."
def cell_backward(G, x, h, new, Wx, Wh):
    dz = G * (1 - new**2)
    return dz @ Wx.T, dz @ Wh, x.T @ dz, h.T @ dz, dz.sum(axis=0)

# %% tags=["mistake"] question="cell-backward" says="What W_h was multiplied by is the state before the step; here the state after it has been taken."
def cell_backward(G, x, h, new, Wx, Wh):
    dz = G * (1 - new**2)
    return dz @ Wx.T, dz @ Wh.T, x.T @ dz, new.T @ dz, dz.sum(axis=0)

# %% tags=["mistake"] question="cell-backward" says="This is the slope of the sigmoid in the tanh's place."
def cell_backward(G, x, h, new, Wx, Wh):
    dz = G * new * (1 - new)
    return dz @ Wx.T, dz @ Wh.T, x.T @ dz, h.T @ dz, dz.sum(axis=0)

# %% tags=["mistake"] question="cell-backward" says="The weights' derivatives are sums over the sequences; a mean, if one is wanted, is in G already."
def cell_backward(G, x, h, new, Wx, Wh):
    dz = G * (1 - new**2)
    return dz @ Wx.T, dz @ Wh.T, x.T @ dz / len(x), h.T @ dz / len(x), dz.mean(axis=0)

# %% tags=["alternative"] question="cell-backward" name="one dense layer"
def cell_backward(G, x, h, new, Wx, Wh):
    dz = (1 - new) * (1 + new) * G
    both, weights = dz @ np.vstack([Wx, Wh]).T, np.hstack([x, h]).T @ dz
    return (both[:, :x.shape[1]], both[:, x.shape[1]:], weights[:x.shape[1]], weights[x.shape[1]:],
            np.ones(len(dz)) @ dz)

# %% tags=["alternative"] question="cell-backward" name="einsum"
def cell_backward(G, x, h, new, Wx, Wh):
    dz = G - G * new * new
    return (np.einsum("nk,dk->nd", dz, Wx), np.einsum("nk,jk->nj", dz, Wh), np.einsum("nd,nk->dk", x, dz),
            np.einsum("nj,nk->jk", h, dz), np.einsum("nk->k", dz))

# %% [markdown]
# ## 1.4 Back through time
#
# *Afterwards you train nets that read.*
#
# Written out over $T$ steps, the net is a chain of $T$ layers that share their weights; at each state an upstream gradient
# arrives, `G[t]` at `H[t + 1]`, because each state has said something that was judged. There is a second way on which a
# gradient comes to a state. Go through the chain once, and take care of both facts: a **state** is used twice, and a **weight** $T$ times.
#
# `step_back` is 1.3, correct. The sequence begins with the given state `H[0]`; return the derivative with respect to it too.
#
# Shapes: $G$ $(T, N, d)$ $\to$ arrays in the shapes of $X$, $h_0$, $W_x$, $W_h$, $b$. With $T = 1$ this must be what a dense layer gives.

# %% nbgrader={"grade_id": "through-time", "solution": true}
def through_time(step_back, G, X, H, Wx, Wh):
    """Backpropagation through time.

    step_back: called as step_back(G, x, h, new, Wx, Wh), returns dx, dh, dWx, dWh, db of one step, as in 1.3;
    G: (T, N, d), G[t] arrives at H[t + 1]; X: (T, N, D); H: (T + 1, N, d); Wx: (D, d); Wh: (d, d).
    Returns dX: (T, N, D), dh0: (N, d), dWx: (D, d), dWh: (d, d), db: (d,).
    """
    ### BEGIN SOLUTION
    dX, dh = np.zeros(X.shape), np.zeros(H[0].shape)
    dWx, dWh, db = np.zeros(Wx.shape), np.zeros(Wh.shape), np.zeros(Wh.shape[1])
    for t in reversed(range(len(X))):
        dX[t], dh, *slopes = step_back(G[t] + dh, X[t], H[t], H[t + 1], Wx, Wh)
        dWx, dWh, db = dWx + slopes[0], dWh + slopes[1], db + slopes[2]
    return dX, dh, dWx, dWh, db
    ### END SOLUTION

# %% nbgrader={"grade_id": "through-time-check", "grade": true, "points": 4}
check.gradients(through_time, of=sequence_loss, wrt=("X", "h0", "Wx", "Wh", "b"), at=sequence_cases, points=4)

# %% tags=["mistake"] question="through-time" says="Nothing is carried from a step to the one before it: a state reaches the loss also through all later states."
def through_time(step_back, G, X, H, Wx, Wh):
    dX, dWx, dWh, db = np.zeros(X.shape), 0, 0, 0
    for t in reversed(range(len(X))):
        dX[t], dh, *slopes = step_back(G[t], X[t], H[t], H[t + 1], Wx, Wh)
        dWx, dWh, db = dWx + slopes[0], dWh + slopes[1], db + slopes[2]
    return dX, dh, dWx, dWh, db

# %% tags=["mistake"] question="through-time" says="Only what arrives at the last state has been used: at every state something arrives from above, and joins what is carried."
def through_time(step_back, G, X, H, Wx, Wh):
    dX, dh, dWx, dWh, db = np.zeros(X.shape), G[-1], 0, 0, 0
    for t in reversed(range(len(X))):
        dX[t], dh, *slopes = step_back(dh, X[t], H[t], H[t + 1], Wx, Wh)
        dWx, dWh, db = dWx + slopes[0], dWh + slopes[1], db + slopes[2]
    return dX, dh, dWx, dWh, db

# %% tags=["mistake"] question="through-time" says="The weights have got the derivatives of one step only: they serve at every step, and what comes from all of them is added up."
def through_time(step_back, G, X, H, Wx, Wh):
    dX, dh = np.zeros(X.shape), 0
    for t in reversed(range(len(X))):
        dX[t], dh, dWx, dWh, db = step_back(G[t] + dh, X[t], H[t], H[t + 1], Wx, Wh)
    return dX, dh, dWx, dWh, db

# %% tags=["mistake"] question="through-time" says="The steps are visited in reading order: what a state does to later ones is then not known yet when it is its turn."
def through_time(step_back, G, X, H, Wx, Wh):
    dX, dh, dWx, dWh, db = np.zeros(X.shape), 0, 0, 0, 0
    for t in range(len(X)):
        dX[t], dh, *slopes = step_back(G[t] + dh, X[t], H[t], H[t + 1], Wx, Wh)
        dWx, dWh, db = dWx + slopes[0], dWh + slopes[1], db + slopes[2]
    return dX, dh, dWx, dWh, db

# %% tags=["mistake"] question="through-time" says="A mean over the steps has been taken of the weights' derivatives; the loss here is a sum, and a mean would be in G."
def through_time(step_back, G, X, H, Wx, Wh):
    dX, dh, dWx, dWh, db = np.zeros(X.shape), 0, 0, 0, 0
    for t in reversed(range(len(X))):
        dX[t], dh, *slopes = step_back(G[t] + dh, X[t], H[t], H[t + 1], Wx, Wh)
        dWx, dWh, db = dWx + slopes[0], dWh + slopes[1], db + slopes[2]
    return dX, dh, dWx / len(X), dWh / len(X), db / len(X)

# %% tags=["mistake"] question="through-time" says="What was carried has been added up over all later steps as well: each step hands on only what came out of the step after it, and that holds the rest already."
def through_time(step_back, G, X, H, Wx, Wh):
    dX, dh, dWx, dWh, db = np.zeros(X.shape), 0, 0, 0, 0
    for t in reversed(range(len(X))):
        dX[t], back, *slopes = step_back(G[t] + dh, X[t], H[t], H[t + 1], Wx, Wh)
        dh, dWx, dWh, db = dh + back, dWx + slopes[0], dWh + slopes[1], db + slopes[2]
    return dX, dh, dWx, dWh, db

# %% tags=["mistake"] question="through-time" says="The state after a step has been given for the one before it: the states are one more than the inputs."
def through_time(step_back, G, X, H, Wx, Wh):
    dX, dh, dWx, dWh, db = np.zeros(X.shape), 0, 0, 0, 0
    for t in reversed(range(len(X))):
        dX[t], dh, *slopes = step_back(G[t] + dh, X[t], H[t + 1], H[t + 1], Wx, Wh)
        dWx, dWh, db = dWx + slopes[0], dWh + slopes[1], db + slopes[2]
    return dX, dh, dWx, dWh, db

# %% tags=["mistake"] question="through-time" says="What is carried back has been cut off where it is large. A derivative is as large as it is; to make a step shorter is the business of whoever takes it."
def through_time(step_back, G, X, H, Wx, Wh):
    dX, dh, dWx, dWh, db = np.zeros(X.shape), 0, 0, 0, 0
    for t in reversed(range(len(X))):
        dX[t], dh, *slopes = step_back(G[t] + dh, X[t], H[t], H[t + 1], Wx, Wh)
        dh = np.clip(dh, -100, 100)
        dWx, dWh, db = dWx + slopes[0], dWh + slopes[1], db + slopes[2]
    return dX, dh, dWx, dWh, db

# %% tags=["alternative"] question="through-time" name="a list of steps"
def through_time(step_back, G, X, H, Wx, Wh):
    steps, dh = [], np.zeros_like(H[0])
    for g, x, h, new in list(zip(G, X, H[:-1], H[1:]))[::-1]:
        steps.append(step_back(g + dh, x, h, new, Wx, Wh))
        dh = steps[-1][1]
    return np.array([step[0] for step in steps[::-1]]), dh, *(sum(step[i] for step in steps) for i in (2, 3, 4))

# %% tags=["alternative"] question="through-time" name="all states first, the weights at the end"
def through_time(step_back, G, X, H, Wx, Wh):
    dz, dh = np.zeros(G.shape), 0
    for t in range(len(X) - 1, -1, -1):
        dz[t] = (G[t] + dh) * (1 - H[t + 1] ** 2)
        dh = dz[t] @ Wh.T
    return (dz @ Wx.T, dh, np.einsum("tnd,tnk->dk", X, dz), np.einsum("tnj,tnk->jk", H[:-1], dz), dz.sum(axis=(0, 1)))

# %% [markdown]
# ## 1.5 Cut off
#
# *Afterwards a sequence may be as long as a book.*
#
# Backpropagation through time keeps every state until the sweep has come by, and a book has half a million of them. So cut the
# sequence into pieces of $k$ steps (the last may be shorter). **Forwards** nothing is cut: a piece begins with the state in
# which the one before it ended. **Backwards** every piece is swept alone: nothing is carried across a cut. The weights get
# the sum over the pieces.
#
# `sweep` is 1.4, correct, for one piece, and returns the derivatives of the weights only.
#
# Shapes: as in 1.4 $\to$ arrays in the shapes of $W_x$, $W_h$, $b$.

# %% nbgrader={"grade_id": "truncated-cases", "locked": true}
def truncated_cases(rng):
    """Sequences, cut into pieces: some fit, some leave a rest; a piece may be all there is."""
    for t, n, d_in, d, k in ((6, 2, 4, 3, 2), (5, 1, 2, 4, 3), (7, 3, 4, 2, 3), (4, 2, 3, 2, 9)):
        weights, X, h0 = cell_weights(rng, d_in, d), rng.standard_normal((t, n, d_in)), rng.uniform(-1, 1, (n, d))

        def sweep(G, X, H, Wx=weights["Wx"], Wh=weights["Wh"]):
            if len(G) != len(X) or len(H) != len(X) + 1:
                raise ValueError(f"{len(G)} gradients, {len(X)} inputs and {len(H)} states make no piece: "
                                 "of states there is one more")
            back = lambda G, x, h, new, Wx, Wh: cell_backward(G, x, h, new, Wx, Wh)
            return through_time(back, G, X, H, Wx, Wh)[2:]

        yield {"sweep": sweep, "G": rng.standard_normal((t, n, d)), "X": X, "H": states_of(X, h0, **weights), "k": k,
               "case": f"T = {t}, k = {k}"}


# %% nbgrader={"grade_id": "truncated", "solution": true}
def truncated(sweep, G, X, H, k):
    """The derivatives of the weights when nothing is carried backwards across a cut.

    sweep: called as sweep(G, X, H) with the arrays of one piece, returns its dWx, dWh, db; of states a piece has one
    more than of inputs; G: (T, N, d), X: (T, N, D), H: (T + 1, N, d), of the whole sequence; k: the steps of a piece.
    Returns dWx: (D, d), dWh: (d, d), db: (d,).
    """
    ### BEGIN SOLUTION
    dWx, dWh, db = 0, 0, 0
    for start in range(0, len(X), k):
        one = sweep(G[start:start + k], X[start:start + k], H[start:start + k + 1])
        dWx, dWh, db = dWx + one[0], dWh + one[1], db + one[2]
    return dWx, dWh, db
    ### END SOLUTION

# %% nbgrader={"grade_id": "truncated-check", "grade": true, "points": 2}
check.values(truncated, at=truncated_cases, returns=("dWx", "dWh", "db"), points=2)

# %% tags=["mistake"] question="truncated" says="The steps after the last full piece have been left out: the last piece may be shorter."
def truncated(sweep, G, X, H, k):
    dWx, dWh, db = 0, 0, 0
    for start in range(0, len(X) - k + 1, k):
        one = sweep(G[start:start + k], X[start:start + k], H[start:start + k + 1])
        dWx, dWh, db = dWx + one[0], dWh + one[1], db + one[2]
    return dWx, dWh, db

# %% tags=["mistake"] question="truncated" says="Only the last piece counts here: what comes from all pieces is added up."
def truncated(sweep, G, X, H, k):
    for start in range(0, len(X), k):
        dWx, dWh, db = sweep(G[start:start + k], X[start:start + k], H[start:start + k + 1])
    return dWx, dWh, db

# %% tags=["mistake"] question="truncated" says="The mean over the pieces has been taken; the loss is a sum over all steps, so the pieces are added up."
def truncated(sweep, G, X, H, k):
    parts = [sweep(G[i:i + k], X[i:i + k], H[i:i + k + 1]) for i in range(0, len(X), k)]
    return tuple(np.mean([part[j] for part in parts], axis=0) for j in range(3))

# %% tags=["mistake"] question="truncated" says="Every piece starts with the first state of the sequence: forwards nothing is cut, and a piece begins where the one before it ended."
def truncated(sweep, G, X, H, k):
    dWx, dWh, db = 0, 0, 0
    for start in range(0, len(X), k):
        states = np.concatenate([H[:1], H[start + 1:start + k + 1]])
        one = sweep(G[start:start + k], X[start:start + k], states)
        dWx, dWh, db = dWx + one[0], dWh + one[1], db + one[2]
    return dWx, dWh, db

# %% tags=["mistake"] question="truncated" says="Nothing has been cut: this is the whole sweep of 1.4."
def truncated(sweep, G, X, H, k):
    return sweep(G, X, H)

# %% tags=["mistake"] question="truncated" says="Every single step has been cut off from the one before it; the pieces have k steps."
def truncated(sweep, G, X, H, k):
    dWx, dWh, db = 0, 0, 0
    for t in range(len(X)):
        one = sweep(G[t:t + 1], X[t:t + 1], H[t:t + 2])
        dWx, dWh, db = dWx + one[0], dWh + one[1], db + one[2]
    return dWx, dWh, db

# %% tags=["alternative"] question="truncated" name="a while loop that eats up the sequence"
def truncated(sweep, G, X, H, k):
    total = None
    while len(X):
        part = sweep(G[:k], X[:k], H[:k + 1])
        total = part if total is None else [a + b for a, b in zip(total, part)]
        G, X, H = G[k:], X[k:], H[k:]
    return tuple(total)

# %% tags=["alternative"] question="truncated" name="from the end"
def truncated(sweep, G, X, H, k):
    starts = range(0, len(X), k)
    parts = [sweep(G[i:min(i + k, len(X))], X[i:min(i + k, len(X))], H[i:min(i + k, len(X)) + 1]) for i in starts[::-1]]
    return [sum(part) for part in zip(*parts)]

# %% [markdown]
# ## 1.6 What is left after fifty steps? Your guess
#
# *Afterwards you have said something that a later cell can contradict.*
#
# Whatever a state does to the loss fifty steps later, it does through fifty products with $W_h$. Take a net without its tanh,
# whose $W_h$ is random and scaled such that the largest of its eigenvalues in size, its **spectral radius**, is 0.5. A gradient of
# norm 1 arrives at the last state. Which norm does it have fifty steps earlier? Give the power of ten: $-3$ means 0.001. The point is
# for a guess, right or wrong.

# %% nbgrader={"grade_id": "predict-fading", "solution": true}
def predict_fading():
    """Your guess: the power of ten of what is left of a gradient after fifty steps, at a spectral radius of 0.5.

    Returns one number from -100 to 100.
    """
    ### BEGIN SOLUTION
    return -15
    ### END SOLUTION

# %% nbgrader={"grade_id": "predict-cases", "locked": true}
def nothing_given(rng):
    """A guess is made out of nothing."""
    yield {"case": "your guess"}


def a_power(guess):
    """One number from -100 to 100."""
    return np.ndim(guess) == 0 and -100 <= float(guess) <= 100


# %% nbgrader={"grade_id": "predict-fading-check", "grade": true, "points": 1}
check.properties(predict_fading, at=nothing_given, points=1, a_number_from_minus_100_to_100=a_power)

# %% tags=["mistake"] question="predict-fading" says="One number is asked for, not one for every step."
def predict_fading():
    return [-0.3] * 50

# %% tags=["mistake"] question="predict-fading" says="The power of ten is asked for: it is no number of thousands."
def predict_fading():
    return 1e15

# %% tags=["mistake"] question="predict-fading" says="So small a number cannot be told from 0 by this computer's numbers; guess nearer."
def predict_fading():
    return -5000

# %% tags=["alternative"] question="predict-fading" name="another guess"
def predict_fading():
    return -0.3

# %% tags=["alternative"] question="predict-fading" name="as an array without an axis"
def predict_fading():
    return np.array(2)

# %% [markdown]
# ## 1.7 How far a gradient reaches
#
# *Afterwards you can see a net forget.*
#
# Two functions. The first scales a square matrix such that its spectral radius becomes `radius`; numpy knows eigenvalues
# (`np.linalg.eigvals`), and those of a random matrix are complex. The second takes a gradient `g` that arrives at the **last** state only, and
# returns the norm of the gradient at each state, from the first to the last: how much the loss at the end still depends on
# what was known at that time. Each gradient is one array $(N, d)$; its norm is the root of the sum of all its squares.
#
# Shapes: $(d, d) \to (d, d)$; $g$ $(N, d)$ and $H$ $(T + 1, N, d)$ $\to$ $(T + 1,)$.

# %% nbgrader={"grade_id": "reach-cases", "locked": true}
def radius_cases(rng):
    """Random square matrices, one that mostly turns, and one whose largest eigenvalue is negative."""
    for d, radius in ((3, 0.5), (5, 1.5), (6, 1.0)):
        yield {"W": rng.standard_normal((d, d)), "radius": radius, "case": f"d = {d}, radius {radius}"}
    yield {"W": np.array([[0.6, -1.0], [1.2, 0.6]]) * rng.uniform(0.5, 1.5), "radius": 0.9, "case": "complex eigenvalues"}
    yield {"W": np.array([[-2.0, 1.0], [0.0, 1.0]]) * rng.uniform(0.5, 1.5), "radius": 0.8, "case": "a negative eigenvalue"}


def reach_cases(rng):
    """Sequences with their states, and a gradient at the last state."""
    for t, n, d_in, d in ((3, 2, 4, 3), (1, 3, 3, 2), (6, 1, 2, 4)):
        weights, X, h0 = cell_weights(rng, d_in, d), rng.standard_normal((t, n, d_in)), rng.uniform(-1, 1, (n, d))
        yield {"g": rng.standard_normal((n, d)), "H": states_of(X, h0, **weights), "Wh": weights["Wh"],
               "case": f"T = {t}, N = {n}, d = {d}"}


# %% nbgrader={"grade_id": "reach", "solution": true}
def with_radius(W, radius):
    """W times a positive number, such that its spectral radius is `radius`. W: (d, d). Returns (d, d)."""
    ### BEGIN SOLUTION
    return W * radius / np.max(np.abs(np.linalg.eigvals(W)))
    ### END SOLUTION


def gradient_norms(g, H, Wh):
    """Norms of the gradients at all states of a net of tanh cells, if g arrives at the last one and nothing elsewhere.

    g: (N, d); H: (T + 1, N, d), the states; Wh: (d, d). Returns (T + 1,), the last is the norm of g.
    """
    ### BEGIN SOLUTION
    norms = [np.linalg.norm(g)]
    for h in H[:0:-1]:
        g = (g * (1 - h**2)) @ Wh.T
        norms.append(np.linalg.norm(g))
    return np.array(norms[::-1])
    ### END SOLUTION

# %% nbgrader={"grade_id": "radius-check", "grade": true, "points": 1}
check.values(with_radius, at=radius_cases, points=1, by="case")

# %% nbgrader={"grade_id": "reach-check", "grade": true, "points": 2}
check.values(gradient_norms, at=reach_cases, points=2, by="case")

# %% tags=["mistake"] question="reach" says="This is the largest singular value, the most that one product can stretch; repeated products follow the largest eigenvalue in size."
def with_radius(W, radius):
    return W * radius / np.linalg.norm(W, 2)


def gradient_norms(g, H, Wh):
    norms = [np.linalg.norm(g)]
    for h in H[:0:-1]:
        g = (g * (1 - h**2)) @ Wh.T
        norms.append(np.linalg.norm(g))
    return np.array(norms[::-1])

# %% tags=["mistake"] question="reach" says="The size of a complex eigenvalue is asked for, not its real part."
def with_radius(W, radius):
    return W * radius / np.max(np.abs(np.linalg.eigvals(W).real))


def gradient_norms(g, H, Wh):
    norms = [np.linalg.norm(g)]
    for h in H[:0:-1]:
        g = (g * (1 - h**2)) @ Wh.T
        norms.append(np.linalg.norm(g))
    return np.array(norms[::-1])

# %% tags=["mistake"] question="reach" says="The norms are in the order in which the sweep meets them: the first is to belong to the first state."
def with_radius(W, radius):
    return W * radius / np.max(np.abs(np.linalg.eigvals(W)))


def gradient_norms(g, H, Wh):
    norms = [np.linalg.norm(g)]
    for h in H[:0:-1]:
        g = (g * (1 - h**2)) @ Wh.T
        norms.append(np.linalg.norm(g))
    return np.array(norms)

# %% tags=["mistake"] question="reach" says="The slope of the tanh is missing: a state near 1 or −1 lets next to nothing through."
def with_radius(W, radius):
    return W * radius / np.max(np.abs(np.linalg.eigvals(W)))


def gradient_norms(g, H, Wh):
    norms = [np.linalg.norm(g)]
    for h in H[:0:-1]:
        g = g @ Wh.T
        norms.append(np.linalg.norm(g))
    return np.array(norms[::-1])

# %% tags=["mistake"] question="reach" says="To go back is to multiply by the transposed weights; with a square matrix no shape complains."
def with_radius(W, radius):
    return W * radius / np.max(np.abs(np.linalg.eigvals(W)))


def gradient_norms(g, H, Wh):
    norms = [np.linalg.norm(g)]
    for h in H[:0:-1]:
        g = (g * (1 - h**2)) @ Wh
        norms.append(np.linalg.norm(g))
    return np.array(norms[::-1])

# %% tags=["mistake"] question="reach" says="The slope is that of the step that leads to the later state: here it has been taken one state too early."
def with_radius(W, radius):
    return W * radius / np.max(np.abs(np.linalg.eigvals(W)))


def gradient_norms(g, H, Wh):
    norms = [np.linalg.norm(g)]
    for h in H[-2::-1]:
        g = (g * (1 - h**2)) @ Wh.T
        norms.append(np.linalg.norm(g))
    return np.array(norms[::-1])

# %% tags=["mistake"] question="reach" says="These are the squares of the norms: the root is missing."
def with_radius(W, radius):
    return W * radius / np.max(np.abs(np.linalg.eigvals(W)))


def gradient_norms(g, H, Wh):
    norms = [np.sum(g**2)]
    for h in H[:0:-1]:
        g = (g * (1 - h**2)) @ Wh.T
        norms.append(np.sum(g**2))
    return np.array(norms[::-1])

# %% tags=["alternative"] question="reach" name="from the eigenvalues of the transpose, filling an array"
def with_radius(W, radius):
    return radius * W / max(abs(value) for value in np.linalg.eig(W.T)[0])


def gradient_norms(g, H, Wh):
    norms = np.zeros(len(H))
    norms[-1] = np.sqrt(np.sum(g**2))
    for t in range(len(H) - 1, 0, -1):
        g = g * (1 - H[t] ** 2) @ Wh.T
        norms[t - 1] = np.sqrt(np.sum(g**2))
    return norms

# %% tags=["alternative"] question="reach" name="all gradients first"
def with_radius(W, radius):
    return W / (np.abs(np.linalg.eigvals(W)).max() / radius)


def gradient_norms(g, H, Wh):
    gradients = [np.asarray(g)]
    for h in reversed(H[1:]):
        gradients.insert(0, np.einsum("nk,jk->nj", gradients[0] * (1 - h * h), Wh))
    return np.linalg.norm(np.reshape(gradients, (len(H), -1)), axis=1)

# %% [markdown]
# ### Half, one, one and a half
#
# The same random matrix of 64 numbers, scaled to three spectral radii; fifty steps. Once without a tanh (all states are 0, where its
# slope is 1), once with the states that come of random inputs.

# %% tags=["experiment"]
with check.once_written():
    rng = np.random.default_rng(0)
    W, g, X = rng.standard_normal((64, 64)), rng.standard_normal((1, 64)), rng.standard_normal((50, 1, 64))
    g /= np.linalg.norm(g)
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True, layout="constrained")
    reached = {}
    for radius in (0.5, 1.0, 1.5):
        Wh = with_radius(W, radius)
        H = [np.zeros((1, 64))]
        for x in X:
            H.append(cell_forward(0.3 * x, H[-1], np.eye(64), Wh, np.zeros(64)))
        for axis, states, what in zip(axes, (np.zeros((51, 1, 64)), np.array(H)), ("without the tanh", "with the tanh")):
            reached[radius, what] = gradient_norms(g, states, Wh)
            axis.semilogy(np.arange(-50, 1), reached[radius, what], label=f"radius {radius}")
            axis.set(xlabel="step before the last", title=what)
    axes[0].set_ylabel("norm of the gradient")
    axes[1].legend()
    figure.set_label("Norm of the gradient by the number of steps it has gone back, for three spectral radii, on a logarithmic axis: "
                     "straight lines that fall, stay level and rise without the tanh; with it all lie lower.")
    plt.show()
    for (radius, what), norms in reached.items():
        print(f"radius {radius}, {what}: {norms[0]:.0e} of 1 is left after 50 steps")
    print(f"your guess for 0.5 without the tanh: 1e{float(predict_fading()):g}")

# %% [markdown]
# ## 1.8 Which slip is it?
#
# *Afterwards you can read a wrong gradient like a symptom.*
#
# Somebody's 1.4 was compared with finite differences. All was right for sequences of one step. For two steps and more:
#
# | derivative | ratio of theirs to the right one |
# |---|---|
# | with respect to the input of the **last** step | 1 |
# | with respect to the inputs before | other numbers |
# | with respect to $W_h$ and $b$ | other numbers |
#
# When the loss was changed to use the **last state only**, all derivatives with respect to the inputs before the last were exactly 0.
# One of these was the cause. Which?
#
# 1. The state after each step has been used where the one before it belongs.
# 2. What comes out of a step for the state before it is not carried on.
# 3. The derivatives of the weights are replaced at every step instead of added.
# 4. $W_h$ has not been transposed.
# 5. The steps were visited from the first to the last, and what came out was carried on.

# %% nbgrader={"grade_id": "which-slip", "solution": true}
def which_slip():
    """The number of the sentence that explains all of this, from 1 to 5."""
    ### BEGIN SOLUTION
    return 2
    ### END SOLUTION

# %% nbgrader={"grade_id": "which-slip-check", "grade": true, "points": 1}
check.answer(which_slip, points=1)

# %% tags=["mistake"] question="which-slip" says="With that slip the derivative of W_h would be wrong for one step as well, and those of the inputs right."
def which_slip():
    return 1

# %% tags=["mistake"] question="which-slip" says="Then the derivatives with respect to the inputs would all be right: no weight's derivative enters them."
def which_slip():
    return 3

# %% tags=["mistake"] question="which-slip" says="What is carried back by the wrong matrix is wrong, but it is not exactly 0."
def which_slip():
    return 4

# %% tags=["mistake"] question="which-slip" says="In that order the last input would get what all earlier steps have carried, so its derivative would be the wrong one."
def which_slip():
    return 5

# %% tags=["alternative"] question="which-slip" name="as a float"
def which_slip():
    return 2.0

# %% tags=["alternative"] question="which-slip" name="as an array"
def which_slip():
    return np.array(2)

# %% [markdown]
# # Part 2: a memory that is not overwritten
#
# In 1.7 all that a state knows goes through a matrix and a tanh at every step. An **LSTM** has beside its state $h$ a cell
# $c$ that is only multiplied, entry by entry, and added to. Three gates between 0 and 1 decide what is let in ($i$), kept ($f$,
# "forget") and shown ($o$); $g$ is what is offered. With $\sigma$ the sigmoid, and the columns of $z$ in four blocks of $d$:
#
# $$z = x W_x + h W_h + b, \qquad i = \sigma(z_i),\ f = \sigma(z_f),\ o = \sigma(z_o),\ g = \tanh(z_g),$$
#
# $$e = f \odot c + i \odot g, \qquad \text{new } h = o \odot \tanh(e) .$$
#
# $e$ is the new cell; the next step gets both, so that a gradient arrives at both.

# %% nbgrader={"grade_id": "lstm-cases", "locked": true}
def lstm_forward(x, h, c, Wx, Wh, b):
    """One step of an LSTM. Returns the new states (N, d), the new cells e (N, d), the gates i, f, o, g: (N, 4 d)."""
    z = x @ Wx + h @ Wh + b
    d = h.shape[1]
    gates = np.hstack([1 / (1 + np.exp(-z[:, :3 * d])), np.tanh(z[:, 3 * d:])])
    i, f, o, g = np.split(gates, 4, axis=1)
    e = f * c + i * g
    return o * np.tanh(e), e, gates


def lstm_letters(rng):
    """The letters of the derivation; the first case is one sequence with two cells."""
    halves = np.full((1, 2), 0.5)
    yield {"i": halves, "f": halves, "o": halves, "g": np.array([[0.0, -0.5]]), "c": np.array([[2.0, -1.0]]),
           "e": np.array([[1.0, -0.75]]), "Gh": np.array([[1.0, 2.0]]), "Gc": np.array([[-1.0, 1.0]]), "case": "N = 1, d = 2"}
    for n, d in ((2, 3), (4, 2)):
        i, f, o = rng.uniform(0.1, 0.9, (3, n, d))
        g, c = rng.uniform(-0.9, 0.9, (2, n, d))
        yield {"i": i, "f": f, "o": o, "g": g, "c": c, "e": f * c + i * g, "Gh": rng.standard_normal((n, d)),
               "Gc": rng.standard_normal((n, d)), "case": f"N = {n}, d = {d}"}


def lstm_cases(rng):
    """One step of an LSTM with what it computed, and gradients that arrive at new states and new cells."""
    for n, d_in, d in ((2, 4, 3), (1, 3, 2), (5, 2, 3)):
        x, h, c = rng.standard_normal((n, d_in)), rng.uniform(-1, 1, (n, d)), rng.standard_normal((n, d))
        weights = {"Wx": rng.standard_normal((d_in, 4 * d)) / np.sqrt(d_in), "Wh": rng.standard_normal((d, 4 * d)) / np.sqrt(d),
                   "b": rng.standard_normal(4 * d)}
        _, e, gates = lstm_forward(x, h, c, **weights)
        yield {"Gh": rng.standard_normal((n, d)), "Gc": rng.standard_normal((n, d)), "x": x, "h": h, "c": c, "e": e,
               "gates": gates, **weights, "case": f"N = {n}, D = {d_in}, d = {d}"}


def lstm_loss(Gh, Gc, x, h, c, Wx, Wh, b):
    new, e, _ = lstm_forward(x, h, c, Wx, Wh, b)
    return np.sum(Gh * new) + np.sum(Gc * e)


# %% [markdown]
# ## 2.1 On paper
#
# *Afterwards you know why this memory lasts.*
#
# $G_h$ arrives at the new states and $G_c$ at the new cells. Derive what arrives at the old cells, `dc`, and at the four parts of
# $z$: `dzi`, `dzf`, `dzo`, `dzg`. The new cell $e$ is used twice, by the next step and by the new state: begin with all that
# arrives there, and give it a name. Your formulas may use the letters `i`, `f`, `o`, `g`, `c`, `e`, `Gh`, `Gc`, all $(N, d)$, lines of
# your own, and `tanh`.

# %% nbgrader={"grade_id": "lstm-derivation", "solution": true}
def lstm_formulas():
    """What arrives at the old cells and at the four parts of z, as formulas of i, f, o, g, c, e, Gh and Gc.

    Returns a text with the lines "dc = ...", "dzi = ...", "dzf = ...", "dzo = ..." and "dzg = ...".
    """
    ### BEGIN SOLUTION
    return """
    de = Gc + Gh * o * (1 - tanh(e) ** 2)
    dc = de * f
    dzi = de * g * i * (1 - i)
    dzf = de * c * f * (1 - f)
    dzo = Gh * tanh(e) * o * (1 - o)
    dzg = de * i * (1 - g ** 2)
    """
    ### END SOLUTION

# %% nbgrader={"grade_id": "lstm-derivation-check", "grade": true, "points": 3}
check.derivation(lstm_formulas, at=lstm_letters, returns=("dc", "dzi", "dzf", "dzo", "dzg"), points=3)

# %% tags=["mistake"] question="lstm-derivation" says="Only what comes through the new state has been counted: the next step uses the new cell, too."
def lstm_formulas():
    return """de = Gh * o * (1 - tanh(e) ** 2); dc = de * f; dzi = de * g * i * (1 - i); dzf = de * c * f * (1 - f)
    dzo = Gh * tanh(e) * o * (1 - o); dzg = de * i * (1 - g ** 2)"""

# %% tags=["mistake"] question="lstm-derivation" says="Only what comes from the next step has been counted: the new state shows the new cell as well."
def lstm_formulas():
    return """de = Gc; dc = de * f; dzi = de * g * i * (1 - i); dzf = de * c * f * (1 - f)
    dzo = Gh * tanh(e) * o * (1 - o); dzg = de * i * (1 - g ** 2)"""

# %% tags=["mistake"] question="lstm-derivation" says="The cell is shown through a tanh: its slope is missing on the way from the new state to the new cell."
def lstm_formulas():
    return """de = Gc + Gh * o; dc = de * f; dzi = de * g * i * (1 - i); dzf = de * c * f * (1 - f)
    dzo = Gh * tanh(e) * o * (1 - o); dzg = de * i * (1 - g ** 2)"""

# %% tags=["mistake"] question="lstm-derivation" says="What arrives at the four gates has not gone through their own slopes: between z and a gate stands a sigmoid, or a tanh."
def lstm_formulas():
    return """de = Gc + Gh * o * (1 - tanh(e) ** 2); dc = de * f; dzi = de * g; dzf = de * c
    dzo = Gh * tanh(e); dzg = de * i"""

# %% tags=["mistake"] question="lstm-derivation" says="What the forget gate multiplies is the old cell; here the new one has been taken."
def lstm_formulas():
    return """de = Gc + Gh * o * (1 - tanh(e) ** 2); dc = de * f; dzi = de * g * i * (1 - i); dzf = de * e * f * (1 - f)
    dzo = Gh * tanh(e) * o * (1 - o); dzg = de * i * (1 - g ** 2)"""

# %% tags=["mistake"] question="lstm-derivation" says="What is offered went through a tanh and not through a sigmoid: its slope is another polynomial of g."
def lstm_formulas():
    return """de = Gc + Gh * o * (1 - tanh(e) ** 2); dc = de * f; dzi = de * g * i * (1 - i); dzf = de * c * f * (1 - f)
    dzo = Gh * tanh(e) * o * (1 - o); dzg = de * i * g * (1 - g)"""

# %% tags=["mistake"] question="lstm-derivation" says="The output gate shows the tanh of the new cell, not the cell."
def lstm_formulas():
    return """de = Gc + Gh * o * (1 - tanh(e) ** 2); dc = de * f; dzi = de * g * i * (1 - i); dzf = de * c * f * (1 - f)
    dzo = Gh * e * o * (1 - o); dzg = de * i * (1 - g ** 2)"""

# %% tags=["alternative"] question="lstm-derivation" name="with the name of the new state"
def lstm_formulas():
    return """s = tanh(f * c + i * g); h = o * s; de = Gc + Gh * (o - h * s); dc = f * de; dzi = (i - i ** 2) * g * de
    dzf = (1 - f) * (e - i * g) * de; dzo = (1 - o) * h * Gh; dzg = (i - i * g * g) * de"""

# %% tags=["alternative"] question="lstm-derivation" name="a dict, without names in between"
def lstm_formulas():
    return {"dc": "f * (Gc + Gh * o * (1 - tanh(e) ** 2))",
            "dzi": "(Gc + Gh * o * (1 - tanh(e) ** 2)) * g * i * (1 - i)",
            "dzf": "(Gc + Gh * o * (1 - tanh(e) ** 2)) * c * f * (1 - f)",
            "dzo": "Gh * o * (1 - o) * tanh(e)",
            "dzg": "(Gc + Gh * o * (1 - tanh(e) ** 2)) * i * (1 - g) * (1 + g)"}

# %% [markdown]
# ## 2.2 The whole step
#
# *Afterwards you can put an LSTM in the place of the cell of part 1.*
#
# Your formulas, and behind them one dense layer with $4 d$ outputs. `lstm_forward` above is the forward pass; `gates` holds $i$, $f$,
# $o$ and $g$ side by side, in this order, as $z$ does.
#
# Shapes: two gradients $(N, d)$ $\to$ six arrays, in the shapes of $x$, $h$, $c$, $W_x$, $W_h$, $b$.

# %% nbgrader={"grade_id": "lstm-backward", "solution": true}
def lstm_backward(Gh, Gc, x, h, c, e, gates, Wx, Wh):
    """The derivatives of the loss with respect to all that went into one step of an LSTM.

    Gh, Gc: (N, d), the derivatives with respect to the new states and the new cells; x: (N, D); h, c: (N, d), states and
    cells before; e: (N, d), the new cells; gates: (N, 4 d), i, f, o and g; Wx: (D, 4 d); Wh: (d, 4 d).
    Returns dx: (N, D), dh: (N, d), dc: (N, d), dWx: (D, 4 d), dWh: (d, 4 d), db: (4 d,).
    """
    ### BEGIN SOLUTION
    i, f, o, g = np.split(gates, 4, axis=1)
    shown = np.tanh(e)
    de = Gc + Gh * o * (1 - shown**2)
    dz = np.hstack([de * g * i * (1 - i), de * c * f * (1 - f), Gh * shown * o * (1 - o), de * i * (1 - g**2)])
    return dz @ Wx.T, dz @ Wh.T, de * f, x.T @ dz, h.T @ dz, dz.sum(axis=0)
    ### END SOLUTION

# %% nbgrader={"grade_id": "lstm-backward-check", "grade": true, "points": 4}
check.gradients(lstm_backward, of=lstm_loss, wrt=("x", "h", "c", "Wx", "Wh", "b"), at=lstm_cases, points=4)

# %% tags=["mistake"] question="lstm-backward" says="What the next step says about the new cell has been left out: two gradients arrive, and both count."
def lstm_backward(Gh, Gc, x, h, c, e, gates, Wx, Wh):
    i, f, o, g = np.split(gates, 4, axis=1)
    shown = np.tanh(e)
    de = Gh * o * (1 - shown**2)
    dz = np.hstack([de * g * i * (1 - i), de * c * f * (1 - f), Gh * shown * o * (1 - o), de * i * (1 - g**2)])
    return dz @ Wx.T, dz @ Wh.T, de * f, x.T @ dz, h.T @ dz, dz.sum(axis=0)

# %% tags=["mistake"] question="lstm-backward" says="The slope of the tanh through which the cell is shown is missing."
def lstm_backward(Gh, Gc, x, h, c, e, gates, Wx, Wh):
    i, f, o, g = np.split(gates, 4, axis=1)
    shown = np.tanh(e)
    de = Gc + Gh * o
    dz = np.hstack([de * g * i * (1 - i), de * c * f * (1 - f), Gh * shown * o * (1 - o), de * i * (1 - g**2)])
    return dz @ Wx.T, dz @ Wh.T, de * f, x.T @ dz, h.T @ dz, dz.sum(axis=0)

# %% tags=["mistake"] question="lstm-backward" says="All of the new cell's gradient has been handed to the old one: the forget gate lets only a share through."
def lstm_backward(Gh, Gc, x, h, c, e, gates, Wx, Wh):
    i, f, o, g = np.split(gates, 4, axis=1)
    shown = np.tanh(e)
    de = Gc + Gh * o * (1 - shown**2)
    dz = np.hstack([de * g * i * (1 - i), de * c * f * (1 - f), Gh * shown * o * (1 - o), de * i * (1 - g**2)])
    return dz @ Wx.T, dz @ Wh.T, de, x.T @ dz, h.T @ dz, dz.sum(axis=0)

# %% tags=["mistake"] question="lstm-backward" says="The blocks are in another order than the columns of z: i, f, o, g."
def lstm_backward(Gh, Gc, x, h, c, e, gates, Wx, Wh):
    i, f, o, g = np.split(gates, 4, axis=1)
    shown = np.tanh(e)
    de = Gc + Gh * o * (1 - shown**2)
    dz = np.hstack([de * g * i * (1 - i), de * c * f * (1 - f), de * i * (1 - g**2), Gh * shown * o * (1 - o)])
    return dz @ Wx.T, dz @ Wh.T, de * f, x.T @ dz, h.T @ dz, dz.sum(axis=0)

# %% tags=["mistake"] question="lstm-backward" says="The gates' own slopes are missing: between z and a gate stands a sigmoid, or a tanh."
def lstm_backward(Gh, Gc, x, h, c, e, gates, Wx, Wh):
    i, f, o, g = np.split(gates, 4, axis=1)
    shown = np.tanh(e)
    de = Gc + Gh * o * (1 - shown**2)
    dz = np.hstack([de * g, de * c, Gh * shown, de * i])
    return dz @ Wx.T, dz @ Wh.T, de * f, x.T @ dz, h.T @ dz, dz.sum(axis=0)

# %% tags=["mistake"] question="lstm-backward" says="The slope of the sigmoid has been given to g too, which went through a tanh."
def lstm_backward(Gh, Gc, x, h, c, e, gates, Wx, Wh):
    i, f, o, g = np.split(gates, 4, axis=1)
    shown = np.tanh(e)
    de = Gc + Gh * o * (1 - shown**2)
    dz = np.hstack([de * g, de * c, Gh * shown, de * i]) * gates * (1 - gates)
    return dz @ Wx.T, dz @ Wh.T, de * f, x.T @ dz, h.T @ dz, dz.sum(axis=0)

# %% tags=["mistake"] question="lstm-backward" says="The forget gate multiplied the old cell, and the new one has been taken."
def lstm_backward(Gh, Gc, x, h, c, e, gates, Wx, Wh):
    i, f, o, g = np.split(gates, 4, axis=1)
    shown = np.tanh(e)
    de = Gc + Gh * o * (1 - shown**2)
    dz = np.hstack([de * g * i * (1 - i), de * e * f * (1 - f), Gh * shown * o * (1 - o), de * i * (1 - g**2)])
    return dz @ Wx.T, dz @ Wh.T, de * f, x.T @ dz, h.T @ dz, dz.sum(axis=0)

# %% tags=["alternative"] question="lstm-backward" name="filling an array, one product for both weights"
def lstm_backward(Gh, Gc, x, h, c, e, gates, Wx, Wh):
    d, dz = h.shape[1], np.zeros(gates.shape)
    i, f, o, g = (gates[:, k * d:(k + 1) * d] for k in range(4))
    arrived = Gc + Gh * o / np.cosh(e) ** 2
    dz[:, :d] = arrived * g
    dz[:, d:2 * d] = arrived * c
    dz[:, 2 * d:3 * d] = Gh * np.tanh(e)
    dz[:, :3 * d] *= gates[:, :3 * d] - gates[:, :3 * d] ** 2
    dz[:, 3 * d:] = arrived * i * (1 - g) * (1 + g)
    weights = np.hstack([x, h]).T @ dz
    return dz @ Wx.T, dz @ Wh.T, arrived * f, weights[:x.shape[1]], weights[x.shape[1]:], np.ones(len(x)) @ dz

# %% tags=["alternative"] question="lstm-backward" name="einsum, a block at a time"
def lstm_backward(Gh, Gc, x, h, c, e, gates, Wx, Wh):
    i, f, o, g = np.moveaxis(gates.reshape(len(x), 4, -1), 1, 0)
    s = np.tanh(e)
    de = Gc + Gh * (o - o * s * s)
    dz = np.stack([de * g * i * (1 - i), de * c * f * (1 - f), Gh * s * o * (1 - o), de * i * (1 - g * g)], axis=1)
    dz = dz.reshape(len(x), -1)
    return (np.einsum("nk,dk->nd", dz, Wx), np.einsum("nk,jk->nj", dz, Wh), f * de, np.einsum("nd,nk->dk", x, dz),
            np.einsum("nj,nk->jk", h, dz), dz.sum(0))

# %% [markdown]
# ### Fifty steps with a cell
#
# As in 1.7, with 64 cells and random weights; what arrives at the last **cell** is carried back with your step. The bias of the
# forget gate is set to 0, to 2 and to 5.

# %% tags=["experiment"]
with check.once_written():
    rng = np.random.default_rng(0)
    Wx, Wh, X = rng.standard_normal((64, 256)) / 8, rng.standard_normal((64, 256)) / 16, rng.standard_normal((50, 1, 64))
    arrives = rng.standard_normal((1, 64)) / 8
    figure, axis = plt.subplots(figsize=(6, 3.6), layout="constrained")
    for bias in (0.0, 2.0, 5.0):
        b = np.repeat([0.0, bias, 0.0, 0.0], 64)
        h = c = np.zeros((1, 64))
        steps = []
        for x in X:
            before = h, c
            h, c, gates = lstm_forward(x, h, c, Wx, Wh, b)
            steps.append((x, *before, c, gates))
        Gh, Gc = np.zeros((1, 64)), arrives
        norms = [np.linalg.norm(Gc)]
        for step in reversed(steps):
            _, Gh, Gc, *_ = lstm_backward(Gh, Gc, *step, Wx, Wh)
            norms.append(np.linalg.norm(Gc))
        axis.semilogy(np.arange(0, -51, -1), norms, label=f"bias {bias:g}")
        print(f"bias of the forget gate {bias:g}: {norms[-1] / norms[0]:.0e} is left in the cell after 50 steps")
    axis.set(title="What is left in the cell, by the bias of the forget gate", xlabel="step before the last",
             ylabel="norm of the cell's gradient")
    axis.legend()
    figure.set_label("Norm of the gradient at the cell by the number of steps it has gone back, for three biases of the forget gate: "
                     "the larger the bias, the less it falls.")
    plt.show()

# %% [markdown]
# ## 2.3 Why it lasts
#
# Compare what a gradient is multiplied by as it goes back through one step: from state to state in part 1, and from cell to
# cell here. Why did the first fade or explode, and what has to hold for the second to do neither? Why is the bias of the forget
# gate often started at 1 or 2 instead of 0? Can an LSTM's gradients still explode, and what did the training in part 4 do
# about it? Use the numbers that your cells printed.

# %% [markdown] nbgrader={"grade_id": "why-it-lasts", "grade": true, "solution": true, "points": 3}
# ### BEGIN SOLUTION
# **Model answer.** From state to state a gradient is multiplied by the slope of the tanh, at most 1, and by the transposed $W_h$: by
# the same matrix at every step, so what is left follows its largest eigenvalue, like radius$^{50}$. Without the tanh
# 5e-16 of 1 was left at a radius of 0.5, 0.6 at 1 and 4e+08 at 1.5; the slopes of the tanh make it less. From cell to cell it is multiplied
# by the forget gate, entry by entry: no matrix, and no slope. It neither fades nor grows as long as the gates that matter are near 1, and the
# net can learn where they are. With a bias of 0 they begin near 0.5, and $0.5^{50}$ is 1e-15 (2e-13 was left); with 2 they are
# near 0.9 (5e-03 was left), with 5 near 1 (2 was left: more than 1). So a positive bias lets the net remember before it has learned
# what. It can still explode: the gates read the state, a gradient comes back through $W_h$ as well, and adds up. The training therefore scales
# gradients down to a norm of 1.
#
# **Mark scheme, 3 points.**
#
# - 1 point: the same matrix again and again, with powers of its spectral radius, and the tanh's slope of at most 1; with numbers.
# - 1 point: the cell's gradient is multiplied by the forget gate only, which has to be near 1; the bias puts it there from the start.
# - 1 point: yes, by way of gates and $W_h$; gradients are clipped.
# ### END SOLUTION

# %% [markdown]
# # Part 3: looking at all of it
#
# A recurrent net has to carry everything it may need later through every step in between. **Attention** does not carry: each
# step looks at all steps so far and takes from them what it needs. Three matrices hold a row for each step: a *query* (what
# this step looks for), a *key* (what it can be found by) and a *value* (what is taken from it). How well query $t$ and key $s$
# fit is their scalar product; a softmax makes weights of it, and step $t$ gets the mean of the values with these weights.

# %% nbgrader={"grade_id": "softmax-cases", "locked": true}
def softmax_cases(rng):
    """Scores, the softmax of each row, and a gradient that arrives at it; in one case some weights are as good as 0."""
    for t, s, low in ((3, 4, 0.0), (5, 2, 0.0), (1, 6, 0.0), (4, 3, -50.0)):
        scores = rng.standard_normal((t, s))
        scores[:, -1] += low
        yield {"G": rng.standard_normal((t, s)), "P": special_softmax(scores), "scores": scores,
               "case": f"{t} rows of {s}" + (", weights near 0" if low else "")}


def special_softmax(scores):
    return np.exp(scores - np.logaddexp.reduce(scores, axis=-1, keepdims=True))


def softmax_loss(G, scores):
    return np.sum(G * special_softmax(scores))


# %% [markdown]
# ## 3.1 Through a softmax, without its Jacobian
#
# *Afterwards a softmax may stand in the middle of a net.*
#
# In problem set 4 the softmax met the logarithm of the loss, and nearly everything cancelled. Here anything may arrive at its
# output. Each row of $P$ is the softmax of a row of scores, and $G$ arrives at $P$. A row of $S$ numbers has a Jacobian of $S^2$;
# write out $\partial p_i / \partial z_j$ for $i = j$ and for $i \neq j$, multiply by $G$, sum over $i$, and see that no
# matrix is needed: a few products entry by entry, and one number a row.
#
# Shapes: $G$ and $P$ $(T, S)$ $\to$ $(T, S)$.

# %% nbgrader={"grade_id": "softmax-vjp", "solution": true}
def softmax_vjp(G, P):
    """The derivative of the loss with respect to the scores.

    G: (T, S), the derivative with respect to P; P: (T, S), each row the softmax of a row of scores. Returns (T, S).
    """
    ### BEGIN SOLUTION
    return P * (G - np.sum(G * P, axis=1, keepdims=True))
    ### END SOLUTION

# %% nbgrader={"grade_id": "softmax-vjp-check", "grade": true, "points": 2}
check.gradients(softmax_vjp, of=softmax_loss, wrt="scores", at=softmax_cases, points=2, by="case")

# %% tags=["mistake"] question="softmax-vjp" says="This is only the diagonal of the Jacobian: a score also lowers the weights of all others in its row, for they sum to 1."
def softmax_vjp(G, P):
    return G * P * (1 - P)

# %% tags=["mistake"] question="softmax-vjp" says="The mean of G over a row has been taken with equal weights; its entries count as much as their softmax says."
def softmax_vjp(G, P):
    return P * (G - np.mean(G, axis=1, keepdims=True))

# %% tags=["mistake"] question="softmax-vjp" says="The sum runs down a column; a softmax ties together the entries of a row."
def softmax_vjp(G, P):
    return P * (G - np.sum(G * P, axis=0, keepdims=True))

# %% tags=["mistake"] question="softmax-vjp" says="One number for the whole array has been subtracted: every row has its own."
def softmax_vjp(G, P):
    return P * (G - np.sum(G * P))

# %% tags=["mistake"] question="softmax-vjp" says="What the other scores take away has been forgotten: the result of each row has to sum to 0, as adding the same to all its scores changes nothing."
def softmax_vjp(G, P):
    return P * G

# %% tags=["mistake"] question="softmax-vjp" says="That short form needs a cross-entropy behind the softmax; here anything may arrive."
def softmax_vjp(G, P):
    return P - G

# %% tags=["mistake"] question="softmax-vjp" says="The row's number has been subtracted without the weights in front: an entry of weight 0 cannot be moved by its score."
def softmax_vjp(G, P):
    return P * G - np.sum(G * P, axis=1, keepdims=True)

# %% tags=["alternative"] question="softmax-vjp" name="with the Jacobian after all"
def softmax_vjp(G, P):
    return np.array([(np.diag(p) - np.outer(p, p)) @ g for g, p in zip(G, P)])

# %% tags=["alternative"] question="softmax-vjp" name="einsum"
def softmax_vjp(G, P):
    GP = G * P
    return GP - P * np.einsum("ts->t", GP)[:, None]

# %% [markdown]
# ## 3.2 Looking back, not ahead
#
# *Afterwards a step can take what it needs from any step before it.*
#
# $$\mathrm{out} = P V, \qquad P = \text{softmax, row by row, of } Q K^\top / \sqrt d ,$$
#
# and if the net is to learn what comes next, step $t$ may look at the steps $s \le t$ only (itself included): for $s > t$ the
# weight is exactly 0, and the others of the row sum to 1. (The mask acts on the scores, before the softmax. What score has weight 0?
# And scores may be in the millions, of either sign.)
#
# Shapes: $Q$, $K$ $(T, d)$, $V$ $(T, m)$ $\to$ out $(T, m)$ and $P$ $(T, T)$.

# %% nbgrader={"grade_id": "attention-cases", "locked": true}
def attention_cases(rng):
    """Queries, keys and values; a sequence of one step; scores that are huge: one of them is millions below 0, and one of the
    future, of the second step, is far above those of the past."""
    for t, d, m, scale in ((4, 3, 2, 1.0), (3, 2, 5, 1.0), (1, 3, 2, 1.0), (5, 6, 3, 40.0)):
        Q, K = scale * rng.standard_normal((2, t, d))
        if scale > 1:
            Q[0] = -3e6 * d**0.5 * K[0] / (K[0] @ K[0])
            K[-1] += 1e5 * Q[1] / (Q[1] @ Q[1])
        yield {"Q": Q, "K": K, "V": rng.standard_normal((t, m)), "case": f"T = {t}, d = {d}" + (", huge scores" if scale > 1 else "")}


def only_the_past_has_weight(result, Q, K, V):
    """None above the diagonal, and some everywhere else; of huge scores most weights are too small for a number."""
    weights, past = result[1], np.tri(len(Q), dtype=bool)
    return not np.any(weights[~past]) and (np.ptp(Q @ K.T) > 500 or np.all(weights[past] > 0))


def each_row_sums_to_one(result, Q, K, V):
    return np.max(np.abs(np.sum(result[1], axis=1) - 1)) < 1e-5


# %% nbgrader={"grade_id": "attention", "solution": true}
def causal_attention(Q, K, V):
    """Attention of one head, with a causal mask.

    Q: (T, d), K: (T, d), V: (T, m). Returns the output (T, m), and the weights P: (T, T), P[t, s] of step s for step t.
    """
    ### BEGIN SOLUTION
    scores = np.where(np.tri(len(Q), dtype=bool), Q @ K.T / np.sqrt(Q.shape[1]), -np.inf)
    P = np.exp(scores - scores.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    return P @ V, P
    ### END SOLUTION

# %% nbgrader={"grade_id": "attention-check", "grade": true, "points": 2}
check.values(causal_attention, at=attention_cases, returns=("out", "P"), points=2)

# %% nbgrader={"grade_id": "causality-check", "grade": true, "points": 1}
check.properties(causal_attention, at=attention_cases, points=1,
                 the_past_has_weight_and_the_future_none=only_the_past_has_weight,
                 each_row_of_weights_sums_to_one=each_row_sums_to_one)

# %% tags=["mistake"] question="attention" says="Nothing is masked: a step that sees the next symbol has nothing left to learn."
def causal_attention(Q, K, V):
    scores = Q @ K.T / np.sqrt(Q.shape[1])
    P = np.exp(scores - scores.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    return P @ V, P

# %% tags=["mistake"] question="attention" says="The mask is turned round: every step looks at itself and ahead."
def causal_attention(Q, K, V):
    scores = np.where(np.tri(len(Q), dtype=bool).T, Q @ K.T / np.sqrt(Q.shape[1]), -np.inf)
    P = np.exp(scores - scores.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    return P @ V, P

# %% tags=["mistake"] question="attention" says="A score of 0 is no weight of 0: the exponential makes 1 of it. The scores of the future become minus infinity, whose exponential is 0."
def causal_attention(Q, K, V):
    scores = np.where(np.tri(len(Q), dtype=bool), Q @ K.T / np.sqrt(Q.shape[1]), 0)
    P = np.exp(scores - scores.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    return P @ V, P

# %% tags=["mistake"] question="attention" says="Masked after the softmax: the weights that are left no longer sum to 1."
def causal_attention(Q, K, V):
    scores = Q @ K.T / np.sqrt(Q.shape[1])
    P = np.exp(scores - scores.max(axis=1, keepdims=True))
    P = np.tri(len(Q)) * P / P.sum(axis=1, keepdims=True)
    return P @ V, P

# %% tags=["mistake"] question="attention" says="The scores are not divided by the root of d: their size then grows with the number of entries, and the softmax becomes hard."
def causal_attention(Q, K, V):
    scores = np.where(np.tri(len(Q), dtype=bool), Q @ K.T, -np.inf)
    P = np.exp(scores - scores.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    return P @ V, P

# %% tags=["mistake"] question="attention" says="Divided by d, and not by its root: a sum of d random products has the size of the root."
def causal_attention(Q, K, V):
    scores = np.where(np.tri(len(Q), dtype=bool), Q @ K.T / Q.shape[1], -np.inf)
    P = np.exp(scores - scores.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    return P @ V, P

# %% tags=["mistake"] question="attention" says="The softmax runs down the columns: it is the weights of one query, a row, that sum to 1."
def causal_attention(Q, K, V):
    scores = np.where(np.tri(len(Q), dtype=bool), Q @ K.T / np.sqrt(Q.shape[1]), -np.inf)
    P = np.exp(scores - scores.max(axis=0))
    P /= P.sum(axis=0)
    return P @ V, P

# %% tags=["mistake"] question="attention" says="The exponential of a score in the thousands overflows: subtract the largest of each row first."
def causal_attention(Q, K, V):
    P = np.exp(np.where(np.tri(len(Q), dtype=bool), Q @ K.T / np.sqrt(Q.shape[1]), -np.inf))
    P /= P.sum(axis=1, keepdims=True)
    return P @ V, P

# %% tags=["mistake"] question="attention" says="A step may look at itself too: here the diagonal is masked."
def causal_attention(Q, K, V):
    scores = np.where(np.tri(len(Q), k=-1, dtype=bool), Q @ K.T / np.sqrt(Q.shape[1]), -1e9)
    P = np.exp(scores - scores.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    return P @ V, P

# %% tags=["mistake"] question="attention" says="The largest score of a row may be one of the future: with it subtracted all weights of the past vanish. Mask first."
def causal_attention(Q, K, V):
    scores, past = Q @ K.T / np.sqrt(Q.shape[1]), np.tri(len(Q))
    P = past * np.exp(scores - scores.max(axis=1, keepdims=True))
    P = np.where(P.any(axis=1, keepdims=True), P, past)
    P /= P.sum(axis=1, keepdims=True)
    return P @ V, P

# %% tags=["mistake"] question="attention" says="What is masked has a score that others may be below: it has to be lower than any score."
def causal_attention(Q, K, V):
    scores = np.where(np.tri(len(Q), dtype=bool), Q @ K.T / np.sqrt(Q.shape[1]), -1e4)
    P = np.exp(scores - scores.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    return P @ V, P

# %% tags=["alternative"] question="attention" name="a row at a time"
def causal_attention(Q, K, V):
    T = len(Q)
    P = np.zeros((T, T))
    for t in range(T):
        scores = K[:t + 1] @ Q[t] / Q.shape[1] ** 0.5
        P[t, :t + 1] = np.exp(scores - np.logaddexp.reduce(scores))
    return P @ V, P

# %% tags=["alternative"] question="attention" name="a mask that is added, scipy's softmax"
def causal_attention(Q, K, V):
    from scipy.special import softmax

    mask = np.triu(np.full((len(Q), len(Q)), -np.inf), 1)
    P = softmax(Q @ K.T / np.sqrt(K.shape[1]) + mask, axis=1)
    return np.einsum("ts,sm->tm", P, V), P

# %% [markdown]
# ## 3.3 Back through attention
#
# *Afterwards queries, keys and values can be learned.*
#
# $G$ arrives at the output of 3.2. Carry it back along the way it came: through the product with $V$, through the softmax (3.1
# is all that is needed there, and you are given it, correct), through the scores. You are also given the weights $P$. Does the
# mask need anything of its own in the backward pass?
#
# Shapes: $G$ $(T, m)$ $\to$ arrays in the shapes of $Q$, $K$, $V$.

# %% nbgrader={"grade_id": "attention-back-cases", "locked": true}
def given_weights(Q, K):
    """The weights of 3.2, for the checks: a row at a time."""
    P = np.zeros((len(Q), len(Q)))
    for t, q in enumerate(Q):
        P[t, :t + 1] = special_softmax(K[:t + 1] @ q / len(q) ** 0.5)
    return P


def attended_cases(rng, last=None):
    """Queries, keys, values and weights; nothing arrives at steps after `last`."""
    for t, d, m in ((4, 3, 2), (3, 5, 4), (1, 2, 3), (6, 4, 3)):
        Q, K = rng.standard_normal((2, t, d))
        G = rng.standard_normal((t, m))
        if last is not None:
            G[last:] = 0
        yield {"vjp": lambda G, P: softmax_vjp(G, P), "G": G, "Q": Q, "K": K, "V": rng.standard_normal((t, m)),
               "P": given_weights(Q, K), "case": f"T = {t}, d = {d}"}


def early_cases(rng):
    """The same, with a loss that looks at the first two steps only."""
    yield from (case for case in attended_cases(rng, last=2) if len(case["G"]) > 2)


def attention_loss(G, Q, K, V):
    return np.sum(G * (given_weights(Q, K) @ V))


def nothing_from_the_future(result, vjp, G, Q, K, V, P):
    everything = np.allclose(np.sum(result[2], axis=0), np.sum(G, axis=0))  # the weights of a step sum to 1
    return everything and not any(np.any(part[2:]) for part in result) and all(np.any(part[:2]) for part in result)


# %% nbgrader={"grade_id": "attention-backward", "solution": true}
def attention_backward(vjp, G, Q, K, V, P):
    """The derivatives of the loss with respect to queries, keys and values.

    vjp: called as vjp(G, P), what 3.1 returns; G: (T, m), the derivative with respect to the output; Q, K: (T, d);
    V: (T, m); P: (T, T), the weights. Returns dQ: (T, d), dK: (T, d), dV: (T, m).
    """
    ### BEGIN SOLUTION
    dS = vjp(G @ V.T, P) / np.sqrt(Q.shape[1])
    return dS @ K, dS.T @ Q, P.T @ G
    ### END SOLUTION

# %% nbgrader={"grade_id": "attention-backward-check", "grade": true, "points": 3}
check.gradients(attention_backward, of=attention_loss, wrt=("Q", "K", "V"), at=attended_cases, points=3)

# %% nbgrader={"grade_id": "attention-backward-causality-check", "grade": true, "points": 1}
check.properties(attention_backward, at=early_cases, points=1,
                 the_first_two_steps_get_something_the_values_all_that_arrives_and_later_steps_exactly_nothing=nothing_from_the_future)

# %% tags=["mistake"] question="attention-backward" says="The scores were divided by the root of d, and so is what comes back through them."
def attention_backward(vjp, G, Q, K, V, P):
    dS = vjp(G @ V.T, P)
    return dS @ K, dS.T @ Q, P.T @ G

# %% tags=["mistake"] question="attention-backward" says="The gradient has gone past the softmax as if it were not there."
def attention_backward(vjp, G, Q, K, V, P):
    dS = G @ V.T / np.sqrt(Q.shape[1])
    return dS @ K, dS.T @ Q, P.T @ G

# %% tags=["mistake"] question="attention-backward" says="A value collects from all steps that look at it, down a column of the weights: P has to be transposed."
def attention_backward(vjp, G, Q, K, V, P):
    dS = vjp(G @ V.T, P) / np.sqrt(Q.shape[1])
    return dS @ K, dS.T @ Q, P @ G

# %% tags=["mistake"] question="attention-backward" says="A key collects from all queries that met it: what arrives at the scores has to be transposed for it."
def attention_backward(vjp, G, Q, K, V, P):
    dS = vjp(G @ V.T, P) / np.sqrt(Q.shape[1])
    return dS @ K, dS @ Q, P.T @ G

# %% tags=["mistake"] question="attention-backward" says="The derivative of a product holds the other factor: queries get keys, and keys get queries."
def attention_backward(vjp, G, Q, K, V, P):
    dS = vjp(G @ V.T, P) / np.sqrt(Q.shape[1])
    return dS @ Q, dS.T @ K, P.T @ G

# %% tags=["mistake"] question="attention-backward" says="Queries and keys have changed places in what is returned: the query is what the rows of the scores belong to."
def attention_backward(vjp, G, Q, K, V, P):
    dS = vjp(G @ V.T, P) / np.sqrt(Q.shape[1])
    return dS.T @ Q, dS @ K, P.T @ G

# %% tags=["mistake"] question="attention-backward" says="The weights are no scores: what reaches queries and keys passes through the scores' gradient, and here it is multiplied by the weights once more."
def attention_backward(vjp, G, Q, K, V, P):
    dS = P * vjp(G @ V.T, P) / np.sqrt(Q.shape[1])
    return dS @ K, dS.T @ Q, P.T @ G

# %% tags=["alternative"] question="attention-backward" name="einsum"
def attention_backward(vjp, G, Q, K, V, P):
    dS = np.asarray(vjp(np.einsum("tm,sm->ts", G, V), P)) * Q.shape[1] ** -0.5
    return np.einsum("ts,sd->td", dS, K), np.einsum("ts,td->sd", dS, Q), np.einsum("ts,tm->sm", P, G)

# %% tags=["alternative"] question="attention-backward" name="a query at a time"
def attention_backward(vjp, G, Q, K, V, P):
    dQ, dK, dV = np.zeros(Q.shape), np.zeros(K.shape), np.zeros(V.shape)
    for t in range(len(Q)):
        dp, p = V @ G[t], P[t]
        ds = p * (dp - dp @ p) / np.sqrt(len(Q[t]))
        dQ[t] = ds @ K
        dK += np.outer(ds, Q[t])
        dV += np.outer(p, G[t])
    return dQ, dK, dV

# %% [markdown]
# ## 3.4 Several heads
#
# *Afterwards a step can look for several things at once.*
#
# One row of weights is one way of looking. So let `heads` of them look side by side: $Q = X W_q$, $K = X W_k$, $V = X W_v$, all
# $(T, D)$, are cut into blocks of $D / \mathrm{heads}$ **neighbouring columns**; head $j$ gets block $j$ of each and attends as in 3.2;
# the outputs, side by side in the same order, are multiplied by $W_o$. `attend` is 3.2, correct.
#
# Shapes: $X$ $(T, D)$, four weights $(D, D)$ $\to$ $(T, D)$.

# %% nbgrader={"grade_id": "heads-cases", "locked": true}
def heads_cases(rng):
    """Inputs and weights of attention with one head or several."""
    for t, d, heads in ((3, 4, 2), (4, 6, 3), (5, 4, 1), (2, 6, 2)):
        yield {"attend": lambda Q, K, V: causal_attention(Q, K, V), "X": rng.standard_normal((t, d)),
               **{name: rng.standard_normal((d, d)) / np.sqrt(d) for name in ("Wq", "Wk", "Wv", "Wo")}, "heads": heads,
               "case": f"T = {t}, D = {d}, {heads} head{'s' * (heads > 1)}"}


# %% nbgrader={"grade_id": "multi-head", "solution": true}
def multi_head(attend, X, Wq, Wk, Wv, Wo, heads):
    """Attention with several heads.

    attend: called as attend(Q, K, V), returns the output and the weights of one head, as in 3.2; X: (T, D);
    Wq, Wk, Wv, Wo: (D, D); heads: how many, D is a multiple of it. Returns (T, D).
    """
    ### BEGIN SOLUTION
    parts = zip(*(np.split(X @ W, heads, axis=1) for W in (Wq, Wk, Wv)))
    return np.hstack([attend(Q, K, V)[0] for Q, K, V in parts]) @ Wo
    ### END SOLUTION

# %% nbgrader={"grade_id": "multi-head-check", "grade": true, "points": 2}
check.values(multi_head, at=heads_cases, points=2, by="case")

# %% tags=["mistake"] question="multi-head" says="This is one wide head: the columns have not been cut into blocks."
def multi_head(attend, X, Wq, Wk, Wv, Wo, heads):
    return attend(X @ Wq, X @ Wk, X @ Wv)[0] @ Wo

# %% tags=["mistake"] question="multi-head" says="Each head has got columns that lie apart; a block is of neighbouring columns."
def multi_head(attend, X, Wq, Wk, Wv, Wo, heads):
    Q, K, V = X @ Wq, X @ Wk, X @ Wv
    return np.hstack([attend(Q[:, j::heads], K[:, j::heads], V[:, j::heads])[0] for j in range(heads)]) @ Wo

# %% tags=["mistake"] question="multi-head" says="The last product is missing: W_o mixes what the heads have found."
def multi_head(attend, X, Wq, Wk, Wv, Wo, heads):
    parts = zip(*(np.split(X @ W, heads, axis=1) for W in (Wq, Wk, Wv)))
    return np.hstack([attend(Q, K, V)[0] for Q, K, V in parts])

# %% tags=["mistake"] question="multi-head" says="A reshape alone has cut the rows, not the columns: pieces of different steps have come into one row."
def multi_head(attend, X, Wq, Wk, Wv, Wo, heads):
    T, D = X.shape
    Q, K, V = (np.reshape(X @ W, (heads, T, D // heads)) for W in (Wq, Wk, Wv))
    return np.hstack([attend(Q[j], K[j], V[j])[0] for j in range(heads)]) @ Wo

# %% tags=["mistake"] question="multi-head" says="The heads' outputs have been laid side by side in the opposite order."
def multi_head(attend, X, Wq, Wk, Wv, Wo, heads):
    parts = list(zip(*(np.split(X @ W, heads, axis=1) for W in (Wq, Wk, Wv))))
    return np.hstack([attend(Q, K, V)[0] for Q, K, V in parts[::-1]]) @ Wo

# %% tags=["mistake"] question="multi-head" says="Queries and keys have changed places."
def multi_head(attend, X, Wq, Wk, Wv, Wo, heads):
    parts = zip(*(np.split(X @ W, heads, axis=1) for W in (Wk, Wq, Wv)))
    return np.hstack([attend(Q, K, V)[0] for Q, K, V in parts]) @ Wo

# %% tags=["alternative"] question="multi-head" name="slices, and a sum over heads"
def multi_head(attend, X, Wq, Wk, Wv, Wo, heads):
    out, d = np.zeros(X.shape), X.shape[1] // heads
    for j in range(heads):
        block = slice(j * d, (j + 1) * d)
        out = out + attend(X @ Wq[:, block], X @ Wk[:, block], X @ Wv[:, block])[0] @ Wo[block]
    return out

# %% tags=["alternative"] question="multi-head" name="axes"
def multi_head(attend, X, Wq, Wk, Wv, Wo, heads):
    T, D = X.shape
    Q, K, V = (np.einsum("td,dhk->htk", X, W.reshape(D, heads, -1)) for W in (Wq, Wk, Wv))
    found = np.array([attend(*head)[0] for head in zip(Q, K, V)])
    return np.transpose(found, (1, 0, 2)).reshape(T, D) @ Wo

# %% [markdown]
# ## 3.5 Back through the heads
#
# *Afterwards all weights of an attention layer can learn.*
#
# The way of 3.4 backwards. `attend` is 3.2 and `attend_back` is 3.3, both correct. How many times is $X$ used, and what does that mean for
# its derivative?
#
# Shapes: $G$ $(T, D)$ $\to$ arrays in the shapes of $X$, $W_q$, $W_k$, $W_v$, $W_o$.

# %% nbgrader={"grade_id": "heads-back-cases", "locked": true}
def heads_back_cases(rng):
    """The same with a gradient that arrives at the output."""
    for case in heads_cases(rng):
        yield {"attend": case["attend"],
               "attend_back": lambda G, Q, K, V, P: attention_backward(lambda G, P: softmax_vjp(G, P), G, Q, K, V, P),
               "G": rng.standard_normal(case["X"].shape), **{name: case[name] for name in case if name != "attend"}}


def heads_loss(G, X, Wq, Wk, Wv, Wo, heads):
    total, d = 0.0, X.shape[1] // heads
    for first in range(0, X.shape[1], d):
        Q, K, V = (X @ W[:, first:first + d] for W in (Wq, Wk, Wv))
        total += np.sum(G * (given_weights(Q, K) @ V @ Wo[first:first + d]))
    return total


# %% nbgrader={"grade_id": "multi-head-backward", "solution": true}
def multi_head_backward(attend, attend_back, G, X, Wq, Wk, Wv, Wo, heads):
    """The derivatives of the loss with respect to the input and the weights of attention with several heads.

    attend: called as attend(Q, K, V), returns output and weights P of one head; attend_back: called as
    attend_back(G, Q, K, V, P), returns dQ, dK, dV; G: (T, D), the derivative with respect to the output; the rest as
    in 3.4. Returns dX: (T, D), dWq, dWk, dWv, dWo: (D, D).
    """
    ### BEGIN SOLUTION
    found, slopes = [], []
    parts = zip(*(np.split(X @ W, heads, axis=1) for W in (Wq, Wk, Wv)), np.split(G @ Wo.T, heads, axis=1))
    for Q, K, V, arrives in parts:
        out, P = attend(Q, K, V)
        found.append(out)
        slopes.append(attend_back(arrives, Q, K, V, P))
    dQ, dK, dV = (np.hstack(part) for part in zip(*slopes))
    dX = dQ @ Wq.T + dK @ Wk.T + dV @ Wv.T
    return dX, X.T @ dQ, X.T @ dK, X.T @ dV, np.hstack(found).T @ G
    ### END SOLUTION

# %% nbgrader={"grade_id": "multi-head-backward-check", "grade": true, "points": 3}
check.gradients(multi_head_backward, of=heads_loss, wrt=("X", "Wq", "Wk", "Wv", "Wo"), at=heads_back_cases, points=3)

# %% tags=["mistake"] question="multi-head-backward" says="The input is used three times, for queries, keys and values: what comes back on all three ways is added up."
def multi_head_backward(attend, attend_back, G, X, Wq, Wk, Wv, Wo, heads):
    found, slopes = [], []
    parts = zip(*(np.split(X @ W, heads, axis=1) for W in (Wq, Wk, Wv)), np.split(G @ Wo.T, heads, axis=1))
    for Q, K, V, arrives in parts:
        out, P = attend(Q, K, V)
        found.append(out)
        slopes.append(attend_back(arrives, Q, K, V, P))
    dQ, dK, dV = (np.hstack(part) for part in zip(*slopes))
    return dV @ Wv.T, X.T @ dQ, X.T @ dK, X.T @ dV, np.hstack(found).T @ G

# %% tags=["mistake"] question="multi-head-backward" says="What the heads get has to come through W_o first: here G has been given to them as it is."
def multi_head_backward(attend, attend_back, G, X, Wq, Wk, Wv, Wo, heads):
    found, slopes = [], []
    parts = zip(*(np.split(X @ W, heads, axis=1) for W in (Wq, Wk, Wv)), np.split(G, heads, axis=1))
    for Q, K, V, arrives in parts:
        out, P = attend(Q, K, V)
        found.append(out)
        slopes.append(attend_back(arrives, Q, K, V, P))
    dQ, dK, dV = (np.hstack(part) for part in zip(*slopes))
    dX = dQ @ Wq.T + dK @ Wk.T + dV @ Wv.T
    return dX, X.T @ dQ, X.T @ dK, X.T @ dV, np.hstack(found).T @ G

# %% tags=["mistake"] question="multi-head-backward" says="To go back through a layer is to multiply by its transposed weights: W_o is square, so no shape complains."
def multi_head_backward(attend, attend_back, G, X, Wq, Wk, Wv, Wo, heads):
    found, slopes = [], []
    parts = zip(*(np.split(X @ W, heads, axis=1) for W in (Wq, Wk, Wv)), np.split(G @ Wo, heads, axis=1))
    for Q, K, V, arrives in parts:
        out, P = attend(Q, K, V)
        found.append(out)
        slopes.append(attend_back(arrives, Q, K, V, P))
    dQ, dK, dV = (np.hstack(part) for part in zip(*slopes))
    dX = dQ @ Wq.T + dK @ Wk.T + dV @ Wv.T
    return dX, X.T @ dQ, X.T @ dK, X.T @ dV, np.hstack(found).T @ G

# %% tags=["mistake"] question="multi-head-backward" says="On the way to the input the three weights are transposed; they are square, so no shape complains."
def multi_head_backward(attend, attend_back, G, X, Wq, Wk, Wv, Wo, heads):
    found, slopes = [], []
    parts = zip(*(np.split(X @ W, heads, axis=1) for W in (Wq, Wk, Wv)), np.split(G @ Wo.T, heads, axis=1))
    for Q, K, V, arrives in parts:
        out, P = attend(Q, K, V)
        found.append(out)
        slopes.append(attend_back(arrives, Q, K, V, P))
    dQ, dK, dV = (np.hstack(part) for part in zip(*slopes))
    dX = dQ @ Wq + dK @ Wk + dV @ Wv
    return dX, X.T @ dQ, X.T @ dK, X.T @ dV, np.hstack(found).T @ G

# %% tags=["mistake"] question="multi-head-backward" says="What W_o was multiplied by are the outputs of the heads, not the input of the layer."
def multi_head_backward(attend, attend_back, G, X, Wq, Wk, Wv, Wo, heads):
    slopes = []
    parts = zip(*(np.split(X @ W, heads, axis=1) for W in (Wq, Wk, Wv)), np.split(G @ Wo.T, heads, axis=1))
    for Q, K, V, arrives in parts:
        slopes.append(attend_back(arrives, Q, K, V, attend(Q, K, V)[1]))
    dQ, dK, dV = (np.hstack(part) for part in zip(*slopes))
    dX = dQ @ Wq.T + dK @ Wk.T + dV @ Wv.T
    return dX, X.T @ dQ, X.T @ dK, X.T @ dV, X.T @ G

# %% tags=["mistake"] question="multi-head-backward" says="This is the backward pass of one wide head: the columns have not been cut into blocks."
def multi_head_backward(attend, attend_back, G, X, Wq, Wk, Wv, Wo, heads):
    Q, K, V = X @ Wq, X @ Wk, X @ Wv
    out, P = attend(Q, K, V)
    dQ, dK, dV = attend_back(G @ Wo.T, Q, K, V, P)
    dX = dQ @ Wq.T + dK @ Wk.T + dV @ Wv.T
    return dX, X.T @ dQ, X.T @ dK, X.T @ dV, out.T @ G

# %% tags=["alternative"] question="multi-head-backward" name="a head at a time, filling arrays"
def multi_head_backward(attend, attend_back, G, X, Wq, Wk, Wv, Wo, heads):
    dX, d = np.zeros(X.shape), X.shape[1] // heads
    dWq, dWk, dWv, dWo = (np.zeros(W.shape) for W in (Wq, Wk, Wv, Wo))
    for first in range(0, X.shape[1], d):
        block = slice(first, first + d)
        Q, K, V = X @ Wq[:, block], X @ Wk[:, block], X @ Wv[:, block]
        out, P = attend(Q, K, V)
        dQ, dK, dV = attend_back(G @ Wo[block].T, Q, K, V, P)
        dX += dQ @ Wq[:, block].T + dK @ Wk[:, block].T + dV @ Wv[:, block].T
        dWq[:, block], dWk[:, block], dWv[:, block], dWo[block] = X.T @ dQ, X.T @ dK, X.T @ dV, out.T @ G
    return dX, dWq, dWk, dWv, dWo

# %% tags=["alternative"] question="multi-head-backward" name="one matrix for queries, keys and values"
def multi_head_backward(attend, attend_back, G, X, Wq, Wk, Wv, Wo, heads):
    W = np.hstack([Wq, Wk, Wv])
    parts = np.split(X @ W, 3 * heads, axis=1)
    arrives = np.split(np.einsum("td,kd->tk", G, Wo), heads, axis=1)
    dZ, outs = [None] * (3 * heads), []
    for j in range(heads):
        three = parts[j::heads]
        out, P = attend(*three)
        outs.append(out)
        dZ[j::heads] = attend_back(arrives[j], *three, P)
    dZ = np.concatenate(dZ, axis=1)
    return dZ @ W.T, *np.split(X.T @ dZ, 3, axis=1), np.concatenate(outs, axis=1).T @ G

# %% [markdown]
# ## 3.6 A block of a transformer
#
# *Afterwards you can stack layers of attention as high as your computer allows.*
#
# A block has two halves. Attention **mixes** the steps; then a small net **thinks** about each step alone. Each half works on a
# normalised copy and only *adds* to what flows by:
#
# $$Y = X + \mathrm{mix}(\mathrm{norm}(X)), \qquad \mathrm{out} = Y + \mathrm{think}(\mathrm{norm}(Y)) .$$
#
# Write both directions. Each given function has its backward pass, which gets what arrives at its result, and **its input**: `norm_back(G, X)`,
# `mix_back(G, A)`, `think_back(G, B)`. What is used twice here, and how often? (The next cell has the layer norm, from problem set 9.)
#
# Shapes: all $(T, D)$.

# %% nbgrader={"grade_id": "block-cases", "locked": true}
def layer_norm(X):
    """Each row with mean 0 and variance 1: (T, D)."""
    away = X - X.mean(axis=1, keepdims=True)
    return away / np.sqrt(np.mean(away**2, axis=1, keepdims=True) + 1e-5)


def layer_norm_backward(G, X):
    """The derivative with respect to X, if G arrives at layer_norm(X): (T, D)."""
    away = X - X.mean(axis=1, keepdims=True)
    size = np.sqrt(np.mean(away**2, axis=1, keepdims=True) + 1e-5)
    N = away / size
    return (G - G.mean(axis=1, keepdims=True) - N * np.mean(G * N, axis=1, keepdims=True)) / size


def block_cases(rng, last=None):
    """Inputs of a block with simple halves: one mixes steps with those before, one works on each alone."""
    for t, d in ((3, 4), (5, 3), (1, 4)):
        L, W, U = np.tril(rng.standard_normal((t, t))), rng.standard_normal((d, d)), rng.standard_normal((d, d))
        G = rng.standard_normal((t, d))
        if last is not None:
            G[last:] = 0
        yield {"G": G, "X": rng.standard_normal((t, d)), "norm": lambda X: layer_norm(X),
               "mix": lambda A, L=L, W=W: np.tanh(L @ A @ W), "think": lambda B, U=U: np.tanh(B @ U),
               "norm_back": lambda G, X: layer_norm_backward(G, X),
               "mix_back": lambda G, A, L=L, W=W: L.T @ (G * (1 - np.tanh(L @ A @ W) ** 2)) @ W.T,
               "think_back": lambda G, B, U=U: (G * (1 - np.tanh(B @ U) ** 2)) @ U.T, "case": f"T = {t}, D = {d}"}


def early_block_cases(rng):
    """The same, with a loss that looks at the first two steps only."""
    yield from (case for case in block_cases(rng, last=2) if len(case["G"]) > 2)


def block_loss(G, X, norm, mix, think):
    stream = np.array(X)
    for half in (mix, think):
        stream = stream + half(norm(stream))
    return np.sum(G * stream)


def later_steps_get_nothing(result, G, X, *functions):
    first = np.asarray(result)[:2]
    own_way = np.linalg.matrix_rank([np.ravel(first), np.ravel(G[:2])]) == 2  # not what arrives, nor a multiple of it
    return not np.any(result[2:]) and np.all(np.any(first != 0, axis=1)) and own_way


# %% nbgrader={"grade_id": "block", "solution": true}
def block(X, norm, mix, think):
    """A block of a transformer. X: (T, D); norm, mix, think: from (T, D) to (T, D). Returns (T, D)."""
    ### BEGIN SOLUTION
    Y = X + mix(norm(X))
    return Y + think(norm(Y))
    ### END SOLUTION


def block_backward(G, X, norm, mix, think, norm_back, mix_back, think_back):
    """The derivative of the loss with respect to the input of a block.

    G: (T, D), the derivative with respect to the block's output; X: (T, D), its input; norm_back, mix_back, think_back:
    called with what arrives at the result of norm, mix, think and with its input, return what arrives at that input.
    Returns dX: (T, D).
    """
    ### BEGIN SOLUTION
    A = norm(X)
    Y = X + mix(A)
    dY = G + norm_back(think_back(G, norm(Y)), Y)
    return dY + norm_back(mix_back(dY, A), X)
    ### END SOLUTION

# %% nbgrader={"grade_id": "block-value-check", "grade": true, "points": 1}
check.values(block, at=block_cases, points=1)

# %% nbgrader={"grade_id": "block-check", "grade": true, "points": 2}
check.gradients(block_backward, of=block_loss, wrt="X", at=block_cases, points=2)

# %% nbgrader={"grade_id": "block-causality-check", "grade": true, "points": 1}
check.properties(block_backward, at=early_block_cases, points=1,
                 the_first_two_steps_get_more_than_what_arrives_and_all_later_ones_exactly_nothing=later_steps_get_nothing)

# %% tags=["mistake"] question="block" says="What flows by has been lost: each half only adds to it, and in the backward pass what arrives goes on unchanged as well."
def block(X, norm, mix, think):
    return think(norm(mix(norm(X))))


def block_backward(G, X, norm, mix, think, norm_back, mix_back, think_back):
    A = norm(X)
    Y = mix(A)
    return norm_back(mix_back(norm_back(think_back(G, norm(Y)), Y), A), X)

# %% tags=["mistake"] question="block" says="In the backward pass the stream beside the halves is missing: a sum hands what arrives to both of its terms."
def block(X, norm, mix, think):
    Y = X + mix(norm(X))
    return Y + think(norm(Y))


def block_backward(G, X, norm, mix, think, norm_back, mix_back, think_back):
    A = norm(X)
    Y = X + mix(A)
    return norm_back(mix_back(norm_back(think_back(G, norm(Y)), Y), A), X)

# %% tags=["mistake"] question="block" says="The first half has got only what arrives at the very end; the second half also passes something on to it."
def block(X, norm, mix, think):
    Y = X + mix(norm(X))
    return Y + think(norm(Y))


def block_backward(G, X, norm, mix, think, norm_back, mix_back, think_back):
    A = norm(X)
    Y = X + mix(A)
    return G + norm_back(think_back(G, norm(Y)), Y) + norm_back(mix_back(G, A), X)

# %% tags=["mistake"] question="block" says="The ways back through the halves have to be asked at what went in: the normalised copy, and not the stream itself."
def block(X, norm, mix, think):
    Y = X + mix(norm(X))
    return Y + think(norm(Y))


def block_backward(G, X, norm, mix, think, norm_back, mix_back, think_back):
    Y = X + mix(norm(X))
    dY = G + norm_back(think_back(G, Y), Y)
    return dY + norm_back(mix_back(dY, X), X)

# %% tags=["mistake"] question="block" says="In the backward pass the norms have been passed as if they were not there."
def block(X, norm, mix, think):
    Y = X + mix(norm(X))
    return Y + think(norm(Y))


def block_backward(G, X, norm, mix, think, norm_back, mix_back, think_back):
    A = norm(X)
    dY = G + think_back(G, norm(X + mix(A)))
    return dY + mix_back(dY, A)

# %% tags=["mistake"] question="block" says="The way back through the second norm has been asked at the block's input; what went in there is the sum after the first half."
def block(X, norm, mix, think):
    Y = X + mix(norm(X))
    return Y + think(norm(Y))


def block_backward(G, X, norm, mix, think, norm_back, mix_back, think_back):
    A = norm(X)
    dY = G + norm_back(think_back(G, norm(X + mix(A))), X)
    return dY + norm_back(mix_back(dY, A), X)

# %% tags=["mistake"] question="block" says="The norm stands behind each half here; it belongs in front of it, so that the stream itself is never normalised away."
def block(X, norm, mix, think):
    Y = X + norm(mix(X))
    return Y + norm(think(Y))


def block_backward(G, X, norm, mix, think, norm_back, mix_back, think_back):
    M = mix(X)
    Y = X + norm(M)
    dY = G + think_back(norm_back(G, think(Y)), Y)
    return dY + mix_back(norm_back(dY, M), X)

# %% tags=["alternative"] question="block" name="both halves by one loop"
def block(X, norm, mix, think):
    for half in (mix, think):
        X = X + half(norm(X))
    return X


def block_backward(G, X, norm, mix, think, norm_back, mix_back, think_back):
    streams = [X, X + mix(norm(X))]
    for stream, back in zip(streams[::-1], (think_back, mix_back)):
        G = G + norm_back(back(G, norm(stream)), stream)
    return G

# %% tags=["alternative"] question="block" name="a name for everything"
def block(X, norm, mix, think):
    A = norm(X)
    M = mix(A)
    B = norm(X + M)
    return X + M + think(B)


def block_backward(G, X, norm, mix, think, norm_back, mix_back, think_back):
    A = norm(X)
    M = mix(A)
    dB = think_back(G, norm(X + M))
    through_think = norm_back(dB, X + M)
    dM = G + through_think
    dA = mix_back(dM, A)
    return G + through_think + norm_back(dA, X)

# %% [markdown]
# ## 3.7 Which slip is it?
#
# *Afterwards you know what is too good to be true.*
#
# Somebody has trained a net of such blocks to say which letter comes next. After an hour the mean of $-\log p$ of the letter that comes is 0.02, on
# the training part **and** on sonnets that it has never seen. What it writes, letter by letter, is rubbish. All gradients agree with
# finite differences. One of these is the cause. Which?
#
# 1. The scores are not divided by $\sqrt d$.
# 2. The net has learned the training part by heart.
# 3. The learning rate is far too small.
# 4. No step is masked, so that each one finds the answer one step ahead.
# 5. The stream beside the halves is missing.

# %% nbgrader={"grade_id": "which-net", "solution": true}
def which_net():
    """The number of the sentence that explains all of this, from 1 to 5."""
    ### BEGIN SOLUTION
    return 4
    ### END SOLUTION

# %% nbgrader={"grade_id": "which-net-check", "grade": true, "points": 1}
check.answer(which_net, points=1)

# %% tags=["mistake"] question="which-net" says="That makes learning harder. No net guesses sonnets that it has never seen that well without having seen them."
def which_net():
    return 1

# %% tags=["mistake"] question="which-net" says="What is known by heart is no help on sonnets that were never seen."
def which_net():
    return 2

# %% tags=["mistake"] question="which-net" says="Then after an hour the surprise would still be near the logarithm of the number of letters."
def which_net():
    return 3

# %% tags=["mistake"] question="which-net" says="That makes deep nets hard to train; it makes nothing too good."
def which_net():
    return 5

# %% tags=["alternative"] question="which-net" name="as a float"
def which_net():
    return 4.0

# %% tags=["alternative"] question="which-net" name="as an array"
def which_net():
    return np.array(4)

# %% [markdown]
# # Part 4: what it was for
#
# ### A net that has read Shakespeare
#
# The text is Shakespeare's sonnets, 154 of them, letter by letter. The net is the one of part 1 with a softmax layer on its
# states that says what comes next: 32 pieces of the text are read side by side, 32 letters at a time, and nothing is carried back
# across the cuts. The last 15 sonnets are kept for validation. Steps are Adam's (problem set 9), and a gradient whose norm is
# larger than 1 is scaled down to 1.

# %% nbgrader={"grade_id": "character-model", "locked": true}
class Adam:
    """Steps of Adam on a list of arrays, with gradients that are clipped to a norm of 1, all together."""

    def __init__(self, weights, rate):
        self.rate, self.t = rate, 0
        self.m, self.v = [np.zeros_like(w) for w in weights], [np.zeros_like(w) for w in weights]

    def step(self, weights, slopes):
        """Changes the weights in place."""
        size = np.sqrt(sum(np.sum(slope**2) for slope in slopes))
        self.t += 1
        for w, slope, m, v in zip(weights, slopes, self.m, self.v):
            slope = slope / max(size, 1.0)
            m += 0.1 * (slope - m)
            v += 0.01 * (slope**2 - v)
            w -= self.rate * (m / (1 - 0.9**self.t)) / (np.sqrt(v / (1 - 0.99**self.t)) + 1e-8)


def surprise(scores, ids):
    """The mean of -log(probability of what came), and its derivative with respect to the scores (..., V)."""
    top = scores - scores.max(axis=-1, keepdims=True)
    logs = top - np.log(np.sum(np.exp(top), axis=-1, keepdims=True))
    slope = np.exp(logs)
    np.put_along_axis(slope, ids[..., None], np.take_along_axis(slope, ids[..., None], -1) - 1, -1)
    return -np.mean(np.take_along_axis(logs, ids[..., None], -1)), slope / ids.size


def recurrent_start(V, D=32, d=128, seed=0):
    """E, Wx, Wh, b, Wo, bo: the table of symbols, the cell, the scores of what comes next."""
    rng = np.random.default_rng(seed)
    draw = lambda rows, columns: rng.standard_normal((rows, columns)) / np.sqrt(rows)
    return [rng.standard_normal((V, D)), draw(D, d), with_radius(draw(d, d), 1.0), np.zeros(d), 0.1 * draw(d, V), np.zeros(V)]


def read_on(weights, ids, h):
    """States (T + 1, N, d) while symbols (T, N) are read, from the states h on, and the inputs."""
    E, Wx, Wh, b, _, _ = weights
    X, H = E[ids], [h]
    for x in X:
        H.append(cell_forward(x, H[-1], Wx, Wh, b))
    return np.array(H), X


def recurrent_gradients(weights, ids, nexts, h):
    """The mean surprise of a piece, its derivatives, and the last states."""
    E, Wx, Wh, b, Wo, bo = weights
    H, X = read_on(weights, ids, h)
    loss, dO = surprise(H[1:] @ Wo + bo, nexts)
    dX, _, dWx, dWh, db = through_time(cell_backward, dO @ Wo.T, X, H, Wx, Wh)
    dWo = np.einsum("tnd,tnv->dv", H[1:], dO, optimize=True)
    return loss, [embedding_backward(dX, ids, len(E)), dWx, dWh, db, dWo, dO.sum(axis=(0, 1))], H[-1]


def recurrent_write(weights, letters, start, count, seed=0, heat=0.7):
    """What the net writes after `start`: each letter drawn from its probabilities, a little sharpened."""
    rng, h, said = np.random.default_rng(seed), np.zeros((1, weights[3].size)), start
    for i in range(len(start) + count - 1):
        H, _ = read_on(weights, np.array([[letters.index(said[i])]]), h)
        h = H[-1]
        if i >= len(start) - 1:
            p = special_softmax((h[0] @ weights[4] + weights[5]) / heat)
            said += letters[rng.choice(len(letters), p=p / p.sum())]
    return said


# %% tags=["experiment"]
letters = reader = None
with check.once_written():
    text = data.text("sonnets")
    letters = sorted(set(text))
    numbers = np.array([letters.index(letter) for letter in text])
    cut = text.index("\n\n", int(0.9 * len(text))) + 2
    part = (cut - 1) // 32
    train, nexts = numbers[:32 * part].reshape(32, part).T, numbers[1:32 * part + 1].reshape(32, part).T
    valid, valid_nexts = numbers[cut:-1, None], numbers[cut + 1:, None]

    def validation_loss(weights):
        H, _ = read_on(weights, valid, np.zeros((1, weights[3].size)))
        return surprise(H[1:] @ weights[4] + weights[5], valid_nexts)[0]

    weights = recurrent_start(len(letters))
    print("Before training:", repr(recurrent_write(weights, letters, "Shall I ", 150)))
    recurrent_losses, optimiser, start_time = [validation_loss(weights)], Adam(weights, 0.003), time.perf_counter()
    for epoch in range(12):
        h = np.zeros((32, 128))
        for start in range(0, part, 32):
            loss, slopes, h = recurrent_gradients(weights, train[start:start + 32], nexts[start:start + 32], h)
            optimiser.step(weights, slopes)
        recurrent_losses.append(validation_loss(weights))
    reader, recurrent_seconds = weights, time.perf_counter() - start_time
    print(f"\nSurprise on the validation part: {recurrent_losses[0]:.2f} at first (log {len(letters)} = {np.log(len(letters)):.2f}), "
          f"{recurrent_losses[-1]:.2f} after 12 epochs ({recurrent_seconds:.0f} s).\n"
          "After training:\n")
    print(recurrent_write(weights, letters, "Shall I ", 400))

# %% [markdown]
# ### A net that looks back
#
# Now there is one block of part 3 in the place of the recurrent net: a table of letters, a table of places (a step has to know where in the
# piece it is, for a weighted mean has no order), 4 heads, a small net with 128 ReLUs, a norm, a softmax layer. It sees pieces of 64 letters and has
# nothing but these. It trains for 600 steps of 8 pieces, about a third of the letters that the recurrent net has seen in its 12 epochs.
#
# ## 4.1 Which one is surprised less? Your guess
#
# The recurrent net could know everything since the start of the text; the block sees at most 63 letters back, but all of these at first
# hand. What will be its mean surprise ($-\log p$, in the validation part) at the end? The point is for a guess, right or wrong.

# %% nbgrader={"grade_id": "predict-surprise", "solution": true}
def predict_surprise():
    """Your guess: the block's mean surprise on the validation part after training.

    Returns one number from 0 to 10.
    """
    ### BEGIN SOLUTION
    return 1.9
    ### END SOLUTION

# %% nbgrader={"grade_id": "predict-surprise-cases", "locked": true}
def a_surprise(guess):
    """One number from 0 to 10."""
    return np.ndim(guess) == 0 and 0 <= float(guess) <= 10


# %% nbgrader={"grade_id": "predict-surprise-check", "grade": true, "points": 1}
check.properties(predict_surprise, at=nothing_given, points=1, a_number_from_0_to_10=a_surprise)

# %% tags=["mistake"] question="predict-surprise" says="A surprise is the negative logarithm of a probability, and no probability is above 1."
def predict_surprise():
    return -1.9

# %% tags=["mistake"] question="predict-surprise" says="So large a surprise is worse than guessing blindly among thousands of letters."
def predict_surprise():
    return 60

# %% tags=["mistake"] question="predict-surprise" says="One number is asked for: the mean over all letters."
def predict_surprise():
    return [1.9, 1.8]

# %% tags=["alternative"] question="predict-surprise" name="another guess"
def predict_surprise():
    return 4.1

# %% tags=["alternative"] question="predict-surprise" name="as an array without an axis"
def predict_surprise():
    return np.array(1.5)

# %% nbgrader={"grade_id": "block-model", "locked": true}
HEADS = 4


def block_start(V, T=64, D=64, wide=128, seed=0):
    """E, places, Wq, Wk, Wv, Wo, U, a, S, Wout, bout."""
    rng = np.random.default_rng(seed)
    draw = lambda rows, columns: rng.standard_normal((rows, columns)) / np.sqrt(rows)
    return [rng.standard_normal((V, D)), 0.5 * rng.standard_normal((T, D)), *(draw(D, D) for _ in range(4)),
            draw(D, wide), np.zeros(wide), draw(wide, D), 0.1 * draw(D, V), np.zeros(V)]


def halves(weights):
    """The two halves of the block with these weights, for one sequence."""
    _, _, Wq, Wk, Wv, Wo, U, a, S, _, _ = weights
    mix = lambda A: multi_head(causal_attention, A, Wq, Wk, Wv, Wo, HEADS)
    think = lambda B: np.maximum(B @ U + a, 0) @ S
    return mix, think


def block_scores(weights, ids):
    """The stream behind the block (T, D), and the scores of what comes next (T, V), for one sequence (T,)."""
    stream = block(weights[0][ids] + weights[1][:len(ids)], layer_norm, *halves(weights))
    return stream, layer_norm(stream) @ weights[9] + weights[10]


def block_gradients(weights, ids, nexts):
    """The mean surprise of one sequence (T,) and its derivatives."""
    E, places, Wq, Wk, Wv, Wo, U, a, S, Wout, _ = weights
    found = {}

    def mix_back(G, A):
        dA, *found["mix"] = multi_head_backward(
            causal_attention, lambda *given: attention_backward(softmax_vjp, *given), G, A, Wq, Wk, Wv, Wo, HEADS)
        return dA

    def think_back(G, B):
        hidden = np.maximum(B @ U + a, 0)
        dz = (G @ S.T) * (hidden > 0)
        found["think"] = B.T @ dz, dz.sum(axis=0), hidden.T @ G
        return dz @ U.T

    stream, scores = block_scores(weights, ids)
    loss, dO = surprise(scores, nexts)
    arrives = layer_norm_backward(dO @ Wout.T, stream)
    dX = block_backward(arrives, E[ids] + places[:len(ids)], layer_norm, *halves(weights), layer_norm_backward, mix_back, think_back)
    dplaces = np.zeros(places.shape)
    dplaces[:len(ids)] = dX
    return loss, [embedding_backward(dX, ids, len(E)), dplaces, *found["mix"], *found["think"],
                  layer_norm(stream).T @ dO, dO.sum(axis=0)]


def block_write(weights, letters, start, count, seed=0, heat=0.7):
    """What the net writes after `start`, always from the last 64 letters."""
    rng, said = np.random.default_rng(seed), start
    for _ in range(count):
        _, scores = block_scores(weights, np.array([letters.index(letter) for letter in said[-64:]]))
        p = special_softmax(scores[-1] / heat)
        said += letters[rng.choice(len(letters), p=p / p.sum())]
    return said


# %% tags=["experiment"]
looker = None
if reader is not None:
    with check.once_written():
        weights, rng = block_start(len(letters)), np.random.default_rng(0)

        def surprise_of_block(weights):
            starts = range(0, len(numbers) - cut - 64, 64)
            return np.mean([surprise(block_scores(weights, numbers[cut + i:cut + i + 64])[1],
                                     numbers[cut + i + 1:cut + i + 65])[0] for i in starts])

        print("Before training:", repr(block_write(weights, letters, "Shall I ", 150)))
        block_losses, optimiser, start = [surprise_of_block(weights)], Adam(weights, 0.003), time.perf_counter()
        for step in range(600):
            places = rng.integers(0, cut - 65, 8)
            parts = [block_gradients(weights, numbers[i:i + 64], numbers[i + 1:i + 65]) for i in places]
            optimiser.step(weights, [np.mean(slopes, axis=0) for slopes in zip(*(part[1] for part in parts))])
        block_losses.append(surprise_of_block(weights))
        looker, block_seconds = weights, time.perf_counter() - start
        print(f"\nSurprise on the validation part: {block_losses[0]:.2f} at first, {block_losses[-1]:.2f} after 600 steps "
              f"({block_seconds:.0f} s); your guess: {float(predict_surprise()):g}; the recurrent net: {recurrent_losses[-1]:.2f} "
              f"({recurrent_seconds:.0f} s).\nAfter training:\n")
        print(block_write(looker, letters, "Shall I ", 400))

# %% [markdown]
# ### Where it looks
#
# One line that the net has not learned from; row $t$ of each picture are the weights with which the step at that letter looks back. Look for
# a head that looks at the letter before, and for one that looks for something.

# %% tags=["experiment"]
if looker is not None:
    with check.once_written():
        line = text[cut:].split("\n")[0]
        ids = np.array([letters.index(letter) for letter in line])
        A = layer_norm(looker[0][ids] + looker[1][:len(ids)])
        queries, keys, values = (np.split(A @ W, HEADS, axis=1) for W in looker[2:5])
        figure, axes = plt.subplots(2, 2, figsize=(9, 9), layout="constrained")
        for head, axis in enumerate(axes.flat):
            axis.imshow(causal_attention(queries[head], keys[head], values[head])[1], cmap="Blues", vmin=0, vmax=1)
            axis.set(title=f"head {head + 1}", xlabel="looked at", ylabel="looking")
            axis.set_xticks(range(len(line)), line, fontsize=7)
            axis.set_yticks(range(len(line)), line, fontsize=7)
        figure.set_label(f"The weights of four heads for the line “{line}”, a square picture each, with letters along both sides; the "
                         "part above the diagonal is empty.")
        plt.show()

        def how_far_back(P):
            return np.sum(P * (np.arange(len(P))[:, None] - np.arange(len(P))), axis=1)[10:].mean()

        for head in range(HEADS):
            P = causal_attention(queries[head], keys[head], values[head])[1]
            print(f"head {head + 1}: looks {how_far_back(P):.1f} letters back in the mean; weight of the letter before: "
                  f"{np.diag(P, -1)[10:].mean():.2f}, of the letter itself: {np.diag(P)[10:].mean():.2f}")
        changed = ids.copy()
        changed[20] = (ids[20] + 1) % len(letters)
        moved = np.abs(block_scores(looker, changed)[1] - block_scores(looker, ids)[1]).max(axis=1)
        print(f"Letter 20 was changed: the scores moved from letter {np.flatnonzero(moved)[0]} on, and before it by "
              f"{moved[:20].max():.0f}.")

# %% [markdown]
# ## 4.2 Step by step, or all at once?
#
# Compare the two nets for a sequence of $T$ letters. What has to wait for what when the forward pass is computed? Through how many
# steps does a gradient go from the last letter to the first? How do work and memory grow with $T$, in training, and for each further letter
# when writing? Why may the block train on all 64 letters of a piece at once without cheating? And which of the two would you take for a
# text of a million letters in one piece, and why?

# %% [markdown] nbgrader={"grade_id": "step-by-step", "grade": true, "solution": true, "points": 3}
# ### BEGIN SOLUTION
# **Model answer.** The recurrent net is a chain: step $t$ waits for step $t - 1$, forwards and backwards, so a sequence takes $T$
# products one after the other, however many processors there are. In the block all steps are rows of the same matrix products and
# are computed at once. A gradient from the last letter to the first goes through $T$ cells there, and through one product with a weight
# here. The price is the table of weights: $T^2$ numbers a head, in work and in memory, where the recurrent net does the same work at every
# step and keeps $T$ states for the sweep. Writing one further letter costs the recurrent net one step, always the same, and it needs
# nothing but its state; the block has to look at all keys and values before, so that each letter costs more than the one before it
# (here it sees at most 64). Training on all letters of a piece at once is no cheating because of the mask: what step $t$ says depends
# on the letters up to $t$ only; in the last cell a changed letter 20 moved nothing before it, by exactly 0. For a million letters in
# one piece $10^{12}$ weights are too many: the recurrent net, truncated, or attention over a window. In these runs the
# recurrent net was surprised less, 1.78 against 2.26: it saw three times as many letters in training, and one block is not much.
#
# **Mark scheme, 3 points.**
#
# - 1 point: the chain waits and its gradient goes through $T$ steps; attention does all steps at once and its gradient through one.
# - 1 point: $T^2$ against $T$ in training; each further letter costs the same or more and more.
# - 1 point: the mask makes all predictions honest, with what was measured; a choice with a reason.
# ### END SOLUTION

# %% [markdown]
# You began with a chain whose links share their weights, and found that a long one forgets, whatever it is trained with. The two ways out
# are a path on which little is multiplied (the cell of part 2, the stream of 3.6), and a path that is short (attention). The nets that
# write whole books today are the block of 3.6, a hundred times on top of itself, with the same backward pass that you have written.

# %% [markdown]
# # Which slip is it?
#
# Six functions of earlier problem sets, each with one slip in it, and what the self-check said of it. Read the report first:
# which results are wrong, and is it a factor, a sign, a shape, or only some entries? Then find the line. For each, return the
# number of the sentence that fits.
#
# <!-- slips from ps8_graph, ps9_deep, ps10_convolutions: 6, draw 11 -->

# %% [markdown]
# ### Slip 1
#
# Problem set 10, 1.5, asked for this:
#
# ```python
# def gathered(cols, shape, k, stride, padding):
#     """The sum of all patches at each pixel: what comes back from `patches(X, k, stride, padding)` to X.
#
#     cols: (N * places, C * k * k), as `patches` returns; shape: (N, C, H, W), that of X. Returns dX: (N, C, H, W)."""
# ```
#
# Somebody has written:
#
# ```python
# def gathered(cols, shape, k, stride, padding):
#     n, c, h, w = shape
#     rows, columns = (h + 2 * padding - k) // stride + 1, (w + 2 * padding - k) // stride + 1
#     P, often = np.zeros((n, c, h + 2 * padding, w + 2 * padding)), np.zeros((h + 2 * padding, w + 2 * padding))
#     put_back = cols.reshape(n, rows, columns, c, k, k)
#     for i in range(rows):
#         for j in range(columns):
#             P[:, :, i * stride:i * stride + k, j * stride:j * stride + k] += put_back[:, i, j]
#             often[i * stride:i * stride + k, j * stride:j * stride + k] += 1
#     return (P / np.maximum(often, 1))[:, :, padding:padding + h, padding:padding + w]
# ```
#
# The self-check says:
#
# ```text
# dX: wrong, dX[1, 0, 2, 3] is about 4 times too small (2 images of 1 times 4 times 5, k = 3, stride 1, padding 0)
# ```
#
# Which idea is behind it?
#
# 1. Where windows overlap the last one has written over the others: what comes back from all of them adds up.
# 2. The windows have been put back one pixel apart, whatever the stride.
# 3. The padding has been cut off at the wrong end: the image begins behind it.
# 4. Where windows overlap their mean has been taken; what comes back adds up.

# %% nbgrader={"grade_id": "slip-1", "solution": true}
def slip_1():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 4
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-1-check", "grade": true, "points": 1}
check.answer(slip_1, points=1)

# %% tags=["mistake"] question="slip-1" says="Not 1: of that slip the self-check would say otherwise: dX: wrong, dX[1, 0, 2, 3] is about 8.4 times too small (2 images of 1 times 4 times 5, k = 3, stride 1, padding 0)"
def slip_1():
    return 1

# %% tags=["mistake"] question="slip-1" says="Not 2: of that slip the self-check would say otherwise: dX: wrong, dX[1, 1, 0, 3] has the wrong sign (3 images of 2 times 5 times 7, k = 2, stride 2, padding 0)"
def slip_1():
    return 2

# %% tags=["mistake"] question="slip-1" says="Not 3: of that slip the self-check would say otherwise: dX: wrong, dX[0, 1, 4, 2] has the wrong sign, and not the right size either (1 images of 2 times 5 times 4, k = 3, stride 1, padding 1)"
def slip_1():
    return 3

# %% [markdown]
# ### Slip 2
#
# Problem set 8, 2.1, asked for this:
#
# ```python
# def matmul_vjp(A, B, G):
#     """The derivatives of the loss with respect to the factors of a matrix product A @ B.
#
#     A: (n, d), B: (d, m), G: (n, m), the derivative with respect to the product.
#     Returns dA: (n, d) and dB: (d, m)."""
# ```
#
# Somebody has written:
#
# ```python
# def matmul_vjp(A, B, G):
#     return np.ones_like(G) @ B.T, A.T @ np.ones_like(G)
# ```
#
# The self-check says:
#
# ```text
# dA: wrong, dA[1, 0] has the wrong sign, and not the right size either ((2, 3) times (3, 4))
# dB: wrong, dB[2, 1] is about 5.6 times too large ((2, 3) times (3, 4))
# ```
#
# Which idea is behind it?
#
# 1. A gradient of a product holds the other factor, and here A's own entries have come in: they do not matter to how fast the product grows with A.
# 2. Only the sizes of B's rows have been used: entry k of a row of A meets row k of B, entry by entry, before anything is summed.
# 3. The two results have changed places: the first belongs to A and has its shape.
# 4. These are the gradients of the sum of all entries of the product: G, what each entry matters to the loss, is not used.

# %% nbgrader={"grade_id": "slip-2", "solution": true}
def slip_2():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 4
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-2-check", "grade": true, "points": 1}
check.answer(slip_2, points=1)

# %% tags=["mistake"] question="slip-2" says="Not 1: of that slip the self-check would say otherwise: dA: wrong, dA[0, 0] has the wrong sign ((2, 3) times (3, 4)); dB: right"
def slip_2():
    return 1

# %% tags=["mistake"] question="slip-2" says="Not 2: of that slip the self-check would say otherwise: dA: wrong, dA[0, 0] is about 3.5 times too large ((2, 3) times (3, 4)); dB: right"
def slip_2():
    return 2

# %% tags=["mistake"] question="slip-2" says="Not 3: of that slip the self-check would say otherwise: dA: wrong, dA has shape (3, 4), asked for is (2, 3) ((2, 3) times (3, 4)); dB: wrong, dB has shape (2, 3), asked for is (3, 4) ((2, 3) times (3, 4))"
def slip_2():
    return 3

# %% [markdown]
# ### Slip 3
#
# Problem set 10, 2.3, asked for this:
#
# ```python
# def average_pool_vjp(G, k):
#     """The derivative with respect to the images, if the result was the mean of every k times k block. Returns dX."""
# ```
#
# Somebody has written:
#
# ```python
# def average_pool_vjp(G, k):
#     return np.repeat(np.repeat(G, k, axis=2), k, axis=3)
#
#
# def global_average_vjp(G, shape):
#     return np.broadcast_to(G[:, :, None, None], shape)
# ```
#
# The self-check says:
#
# ```text
# dX: wrong, dX[1, 0, 3, 5] is about 4 times too large (blocks of 2)
# ```
#
# Which idea is behind it?
#
# 1. The results have been laid side by side again and again: the pixels of one block lie next to each other.
# 2. A block has k times k pixels: divided by one side only.
# 3. A mean divides by how many were averaged; each of them moves it by that much less.
# 4. The whole image has been taken for what was averaged, its channels included: each channel has its own mean.

# %% nbgrader={"grade_id": "slip-3", "solution": true}
def slip_3():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 3
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-3-check", "grade": true, "points": 1}
check.answer(slip_3, points=1)

# %% tags=["mistake"] question="slip-3" says="Not 1: of that slip the self-check would say otherwise: dX: wrong, dX[0, 0, 2, 5] has the wrong sign, and not the right size either (blocks of 2)"
def slip_3():
    return 1

# %% tags=["mistake"] question="slip-3" says="Not 2: of that slip the self-check would say otherwise: dX: wrong, dX[1, 0, 3, 5] is about 2 times too large (blocks of 2)"
def slip_3():
    return 2

# %% tags=["mistake"] question="slip-3" says="Not 4: of that slip the self-check would say otherwise: dX: right"
def slip_3():
    return 4

# %% [markdown]
# ### Slip 4
#
# Problem set 8, 2.8, asked for this:
#
# ```python
# def net_gradients(W1, b1, W2, b2, X, y):
#     """The derivatives of the mean loss of a net with respect to its weights and biases, by the graph.
#
#     W1: (d_h, d), b1: (d_h,), W2: (m, d_h), b2: (m,), X: (d, K), a column is a sample; y: (K,), integers.
#     Returns dW1, db1, dW2, db2, each in the shape of its parameter."""
# ```
#
# Somebody has written:
#
# ```python
# def net_gradients(W1, b1, W2, b2, X, y):
#     W1, b1, W2, b2 = leaves = [Tensor(weight) for weight in (W1, b1, W2, b2)]
#     hidden = (W1 @ Tensor(X) + b1.reshape((-1, 1))).relu()
#     scores = W2 @ hidden + b2.reshape((-1, 1))
#     loss = (scores[y, np.arange(len(y))] - scores.logsumexp(0)).mean()
#     return gradients_of(loss, leaves)
# ```
#
# The self-check says:
#
# ```text
# dW1: wrong, dW1[0, 1] has the wrong sign (d = 4, d_h = 5, m = 3, K = 6)
# db1: wrong, db1[2] has the wrong sign (d = 4, d_h = 5, m = 3, K = 6)
# dW2: wrong, dW2[1, 2] has the wrong sign (d = 4, d_h = 5, m = 3, K = 6)
# db2: wrong, db2[1] has the wrong sign (d = 4, d_h = 5, m = 3, K = 6)
# ```
#
# Which idea is behind it?
#
# 1. The sign is turned round: the loss is small when the true class has a high score.
# 2. A bias has been left out: the other parameters then have the gradients of another net, and it has none.
# 3. The graph has been cut: the hidden layer went in as a plain array, and nothing below it gets a gradient.
# 4. The loss is the mean over the minibatch; here it is the sum.

# %% nbgrader={"grade_id": "slip-4", "solution": true}
def slip_4():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 1
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-4-check", "grade": true, "points": 1}
check.answer(slip_4, points=1)

# %% tags=["mistake"] question="slip-4" says="Not 2: of that slip the self-check would say otherwise: dW1: wrong, dW1[0, 3] has the wrong sign, and not the right size either (d = 4, d_h = 5, m = 3, K = 6); db1: wrong, db1[2] is 0 and should not be (d = 4, d_h = 5, m = 3, K = 6); dW2: wrong, dW2[1, 2] is about 4.6 times too small (d = 4, d_h = 5, m = 3, K = 6); db2: wrong, db2[1] is about 1.3 times too small (d = 4, d_h = 5, m = 3, K = 6)"
def slip_4():
    return 2

# %% tags=["mistake"] question="slip-4" says="Not 3: of that slip the self-check would say otherwise: dW1: wrong, dW1[0, 1] is 0 and should not be (d = 4, d_h = 5, m = 3, K = 6); db1: wrong, db1[2] is 0 and should not be (d = 4, d_h = 5, m = 3, K = 6); dW2: right; db2: right"
def slip_4():
    return 3

# %% tags=["mistake"] question="slip-4" says="Not 4: of that slip the self-check would say otherwise: dW1: wrong, dW1[0, 1] is about 6 times too large (d = 4, d_h = 5, m = 3, K = 6); db1: wrong, db1[2] is about 6 times too large (d = 4, d_h = 5, m = 3, K = 6); dW2: wrong, dW2[1, 2] is about 6 times too large (d = 4, d_h = 5, m = 3, K = 6); db2: wrong, db2[1] is about 6 times too large (d = 4, d_h = 5, m = 3, K = 6)"
def slip_4():
    return 4

# %% [markdown]
# ### Slip 5
#
# Problem set 8, 2.7, asked for this:
#
# ```python
# def logsumexp_vjp(G, x, axis):
#     """The derivative with respect to x, if the result was log(sum(exp(x))) along the axis. Returns dx."""
# ```
#
# Somebody has written:
#
# ```python
# def logsumexp_vjp(G, x, axis):
#     return np.expand_dims(G, axis) * np.exp(x)
# ```
#
# The self-check says:
#
# ```text
# shape (3, 4), axis 0: wrong, dx[1, 1] is about 12 times too large (shape (3, 4), axis 0)
# shape (3, 4), axis 1: wrong, dx[1, 3] is about 15 times too large (shape (3, 4), axis 1)
# shape (2, 3, 4), axis 1: wrong, dx[0, 2, 2] is about 6e+02 times too large (shape (2, 3, 4), axis 1)
# huge numbers: wrong, dx infinite in 5 of 12 entries, first at [0, 0] (huge numbers)
# ```
#
# Which idea is behind it?
#
# 1. This is the derivative of the largest entry, which the log of a sum of exponentials only resembles: the others reach it too, a little.
# 2. The logarithm has been forgotten: its slope is one over the sum, and that makes fractions of the exponentials.
# 3. The exponentials have been summed over the whole array: each result has a sum of its own.
# 4. The exponential of a large number overflows: subtract the largest entry along the axis first.

# %% nbgrader={"grade_id": "slip-5", "solution": true}
def slip_5():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 2
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-5-check", "grade": true, "points": 1}
check.answer(slip_5, points=1)

# %% tags=["mistake"] question="slip-5" says="Not 1: of that slip the self-check would say otherwise: shape (3, 4), axis 0: wrong, dx[1, 2] is about 1.7 times too large (shape (3, 4), axis 0); shape (3, 4), axis 1: wrong, dx[1, 3] is about 2 times too large (shape (3, 4), axis 1); shape (2, 3, 4), axis 1: wrong, dx[0, 2, 0] is too large, by 2e+01 % (shape (2, 3, 4), axis 1); huge numbers: right"
def slip_5():
    return 1

# %% tags=["mistake"] question="slip-5" says="Not 3: of that slip the self-check would say otherwise: shape (3, 4), axis 0: wrong, dx[1, 1] is about 2.7 times too small (shape (3, 4), axis 0); shape (3, 4), axis 1: wrong, dx[0, 0] is about 11 times too small (shape (3, 4), axis 1); shape (2, 3, 4), axis 1: wrong, dx[0, 2, 2] is about 6.7 times too small (shape (2, 3, 4), axis 1); huge numbers: wrong, dx[2, 2] is 0 and should not be (huge numbers)"
def slip_5():
    return 3

# %% tags=["mistake"] question="slip-5" says="Not 4: of that slip the self-check would say otherwise: shape (3, 4), axis 0: right; shape (3, 4), axis 1: right; shape (2, 3, 4), axis 1: right; huge numbers: wrong, dx NaN in 9 of 12 entries, first at [0, 0] (huge numbers)"
def slip_5():
    return 4

# %% [markdown]
# ### Slip 6
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
#     for node in reversed(order):
#         for parent, slope in zip(parents[node], slopes[node]):
#             grads[parent] += grads[node]
#     return grads
# ```
#
# The self-check says:
#
# ```text
# x · x: wrong, grads[0] is about 1.4 times too large (x · x)
# a diamond: wrong, grads[0] has the wrong sign, and not the right size either (a diamond)
# long and short ways: wrong, grads[2] is about 6.4 times too large (long and short ways)
# a random graph of 12 nodes: wrong, grads[7] has the wrong sign, and not the right size either (a random graph of 12 nodes)
# a random graph of 17 nodes: wrong, grads[2] is about 5.1 times too large (a random graph of 17 nodes)
# a ladder of 12 diamonds: wrong, grads[28] should be 0 (a ladder of 12 diamonds)
# ```
#
# Which idea is behind it?
#
# 1. A second contribution has written over the first: where a value is used more than once, what comes from all its uses is added up.
# 2. Only the local slope has been handed on: it is multiplied by the gradient that has arrived at the node.
# 3. Of several edges from a node to the same parent only one has counted: x · x has two edges to the same x, and both count.
# 4. Every parent has got the gradient of the node as it is: the local slopes are missing, as if all operations were sums.

# %% nbgrader={"grade_id": "slip-6", "solution": true}
def slip_6():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 4
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-6-check", "grade": true, "points": 1}
check.answer(slip_6, points=1)

# %% tags=["mistake"] question="slip-6" says="Not 1: of that slip the self-check would say otherwise: x · x: wrong, grads[0] is about 1.7 times too small (x · x); a diamond: wrong, grads[0] is about 2.1 times too small (a diamond); long and short ways: wrong, grads[2] has the wrong sign, and not the right size either (long and short ways); a random graph of 12 nodes: wrong, grads[4] is about 6.5 times too large (a random graph of 12 nodes); a random graph of 17 nodes: wrong, grads[2] is about 3.8 times too small (a random graph of 17 nodes); a ladder of 12 diamonds: wrong, grads[1] has the wrong sign, and not the right size either (a ladder of 12 diamonds)"
def slip_6():
    return 1

# %% tags=["mistake"] question="slip-6" says="Not 2: of that slip the self-check would say otherwise: x · x: right; a diamond: wrong, grads[0] is too large, by 2e+01 % (a diamond); long and short ways: wrong, grads[6] has the wrong sign, and not the right size either (long and short ways); a random graph of 12 nodes: wrong, grads[2] has the wrong sign, and not the right size either (a random graph of 12 nodes); a random graph of 17 nodes: wrong, grads[2] is about 2.1 times too large (a random graph of 17 nodes); a ladder of 12 diamonds: wrong, grads[36] has the wrong sign, and not the right size either (a ladder of 12 diamonds)"
def slip_6():
    return 2

# %% tags=["mistake"] question="slip-6" says="Not 3: of that slip the self-check would say otherwise: x · x: wrong, grads[0] is about 1.7 times too small (x · x); a diamond: right; long and short ways: wrong, grads[3] has the wrong sign, and not the right size either (long and short ways); a random graph of 12 nodes: wrong, grads[4] is about 6.5 times too large (a random graph of 12 nodes); a random graph of 17 nodes: wrong, grads[2] is too small, by 8 % (a random graph of 17 nodes); a ladder of 12 diamonds: right"
def slip_6():
    return 3

# %% [markdown]
# <!-- end of slips -->

# %% [markdown]
# # What to read next
#
# - Yoshua Bengio, Patrice Simard and Paolo Frasconi, "Learning long-term dependencies with gradient descent is difficult", *IEEE
#   Transactions on Neural Networks* 5 (1994): why 1.7 is no accident.
# - Sepp Hochreiter and Jürgen Schmidhuber, "Long short-term memory", *Neural Computation* 9 (1997).
# - Razvan Pascanu, Tomas Mikolov and Yoshua Bengio, "On the difficulty of training recurrent neural networks" (2013),
#   <https://arxiv.org/abs/1211.5063>: gradients that explode, and clipping.
# - Ashish Vaswani and seven others, "Attention is all you need" (2017), <https://arxiv.org/abs/1706.03762>.
