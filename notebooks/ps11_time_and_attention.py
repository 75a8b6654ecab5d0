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
# **How long it takes.** About six hours. Everything together computes for about a minute.
#
# **How it works.** As before: you write functions; under each is a self-check. A function gets all it needs as arguments,
# other functions too, so that a slip in one question does not spoil the next.

# %%
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
    """Sequences with their states, and a gradient that arrives at every state but the first from above."""
    for t, n, d_in, d in ((3, 2, 4, 3), (1, 4, 3, 2), (5, 1, 2, 4), (7, 3, 4, 2)):
        weights, X, h0 = cell_weights(rng, d_in, d), rng.standard_normal((t, n, d_in)), rng.uniform(-1, 1, (n, d))
        yield {"step_back": lambda G, x, h, new, Wx, Wh: cell_backward(G, x, h, new, Wx, Wh),
               "G": rng.standard_normal((t, n, d)), "X": X, "H": states_of(X, h0, **weights), **weights, "h0": h0,
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
# Written out over $T$ steps, the net is a chain of $T$ layers that share their weights; at each state a gradient arrives
# from above, `G[t]` at `H[t + 1]`, because each state has said something that was judged. There is a second way on which a
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
    """Random square matrices, whose eigenvalues are complex, and one with a negative one in front."""
    for d, radius in ((3, 0.5), (5, 1.5), (6, 1.0)):
        yield {"W": rng.standard_normal((d, d)), "radius": radius, "case": f"d = {d}, radius {radius}"}
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

