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
# # Problem set 8: a graph that differentiates itself
#
# **What you will learn.** In the sets so far the net was a chain of layers, and you wrote its backward pass by hand. Here
# you write the program that finds the backward pass of *any* computation: it records what is computed as a graph, and
# sweeps once through it from the end to the start. What is new is a value that is used more than once.
#
# **What you need.** Problem set 4, or its contents: the gradient of a net with one hidden layer, minibatches, checking a
# gradient with finite differences.
#
# **How long it takes.** About six hours. Everything together computes for less than a minute.
#
# **How it works.** As before: you write functions and, twice, a class; under each is a self-check. A function gets all it
# needs as arguments, other functions too, so that a slip in one question does not spoil the next.

# %%
import time

import matplotlib.pyplot as plt
import numpy as np

from helpers import check, data, plots, threads

threads.limit(1)  # these matrices are small: several threads would only wait for each other

# %% [markdown]
# ## Words
#
# A computation is a **graph**. Its *nodes* are numbers: inputs, and results of single operations such as a sum or an
# exponential. From a result, edges lead to its *parents*, the numbers that it was computed from. Every edge has a **local
# slope**: the derivative of the result with respect to that one parent, all other parents held. The last result is the
# *root*, the loss, say.
#
# | in the code | what it is |
# |---|---|
# | `parents[i]` | a tuple with the numbers of the parents of node $i$; empty for an input |
# | `slopes[i]` | a tuple with the local slopes of node $i$, one for each parent, in the same order |
# | `root` | the number of the node that is differentiated |
# | `grads[i]` | the derivative of the root with respect to node $i$: its *gradient* |
#
# The graph has no cycles: nothing is computed from itself.

# %% nbgrader={"grade_id": "graph-cases", "locked": true}
OPERATIONS = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: x / y,
    "**": lambda x, y: x**y,
    "exp": lambda x, y: np.exp(x),
    "log": lambda x, y: np.log(x),
    "tanh": lambda x, y: np.tanh(x),
    "relu": lambda x, y: np.maximum(x, 0.0),
}


def operate(operation, x, y):
    """The result of one operation; those of one input leave y alone."""
    return OPERATIONS[operation](x, y)


def operation_cases(rng):
    """Every operation at places where it is smooth."""
    for operation in OPERATIONS:
        x, y = rng.uniform(1.2, 2.5), rng.uniform(0.4, 0.9)
        yield {"operation": operation, "x": x, "y": y, "case": f"x {operation} y" if len(operation) < 3 else operation}
    yield {"operation": "/", "x": rng.uniform(0.5, 2.0), "y": -rng.uniform(1.2, 2.5), "case": "x / y, y negative"}
    yield {"operation": "tanh", "x": -rng.uniform(0.2, 1.0), "y": 1.0, "case": "tanh, x negative"}
    yield {"operation": "relu", "x": -rng.uniform(0.2, 1.0), "y": 1.0, "case": "relu, x negative"}
    yield {"operation": "*", "x": -rng.uniform(0.5, 2.0), "y": -rng.uniform(1.2, 2.5), "case": "x * y, both negative"}
    yield {"operation": "/", "x": -rng.uniform(0.5, 2.0), "y": rng.uniform(1.2, 2.5), "case": "x / y, x negative"}
    yield {"operation": "**", "x": rng.uniform(0.3, 0.8), "y": -rng.uniform(1.2, 2.5), "case": "x ** y, x below 1, y negative"}
    yield {"operation": "exp", "x": rng.uniform(11.0, 14.0), "y": 1.0, "case": "exp, x large"}


def renumbered(rng, parents, root):
    """The same graph with its nodes numbered at random: numbers are names, not an order."""
    names = rng.permutation(len(parents)).tolist()
    places = np.argsort(names)
    return [tuple(names[p] for p in parents[int(i)]) for i in places], names[root]


def ladder(rungs):
    """Diamonds in a row: each opens at one node, passes through two, and closes at one, where the next opens."""
    parents = [()]
    for _ in range(rungs):
        opens = len(parents) - 1
        parents += [(opens,), (opens,), (opens + 1, opens + 2)]
    return parents


def random_graph(rng, n):
    """Every node may use any earlier ones, near or far, also the same one twice; some are used by nobody."""
    return [tuple(int(p) for p in rng.integers(0, i, rng.integers(1, 4))) if i > 1 else () for i in range(n)]


SKIP = [(), (0,), (1,), (2, 0), (3, 0), (1, 4, 1), (0,)]  # long ways and short ones; the last node is used by nobody


def graphs(rng, rungs):
    """Name, parents and root of graphs of all kinds, the last a ladder of so many diamonds."""
    yield "x · x", [(), (0, 0)], 1
    yield "an input by itself", [(), (0,), ()], 2
    yield "a diamond", *renumbered(rng, ladder(1), 3)
    yield "long and short ways", *renumbered(rng, SKIP, 5)
    for n in (12, 17):
        yield f"a random graph of {n} nodes", *renumbered(rng, random_graph(rng, n), n - 2)
    yield f"a ladder of {rungs} diamonds", *renumbered(rng, ladder(rungs), 3 * rungs)


def order_cases(rng):
    """Graphs, and a chain that is longer than Python's stack is deep."""
    for name, parents, root in graphs(rng, rungs=40):
        yield {"parents": parents, "root": root, "case": name}
    chain = [(), *((i,) for i in range(4999))]
    parents, root = renumbered(rng, chain, 4999)
    yield {"parents": parents, "root": root, "case": "a chain of 5,000 nodes"}


def reached(parents, root):
    """The numbers of all nodes that the root depends on, and its own."""
    found, waiting = set(), [root]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(parents[node])
    return found


def parents_come_first(order, parents, root):
    place = {int(node): i for i, node in enumerate(order)}
    return all(place[p] < place[node] for node in place for p in parents[node])


def each_once(order, parents, root):
    return len(order) == len({int(node) for node in order}) > 0


def what_the_root_needs(order, parents, root):
    return {int(node) for node in order} == reached(parents, root)


def sweep_cases(rng):
    """Graphs with slopes, in an order in which parents come first; every node also has an offset of its own."""
    for name, parents, root in (*graphs(rng, rungs=12), ("x + x", [(), (0, 0)], 1)):
        slopes = [tuple(float(s) for s in rng.uniform(0.5, 0.9, len(p)) * rng.choice([-1.0, 1.0, 1.0], len(p)))
                  for p in parents]
        if name == "x + x":
            slopes[1] = 1.0, 1.0
        waiting, order = sorted(reached(parents, root)), []
        while waiting:
            ready = [node for node in waiting if all(p in order for p in parents[node])]
            order += rng.permutation(ready).tolist()
            waiting = [node for node in waiting if node not in ready]
        yield {"order": order, "parents": parents, "slopes": slopes, "offsets": rng.standard_normal(len(parents)),
               "case": name}


def linear_graph(order, parents, slopes, offsets):
    """The root of a graph in which every node is its offset plus its parents, each times its slope."""
    values = np.array(offsets, float)
    for node in order:
        for parent, slope in zip(parents[node], slopes[node]):
            values[node] += slope * values[parent]
    return values[order[-1]]


# %% [markdown]
# # Part 1: one number at a time

# %% [markdown]
# ## 1.1 Local slopes
#
# *Afterwards you have all the calculus that the rest of this part needs.*
#
# A program is made of a few operations, and only these have to be differentiated on paper, once. There are nine here: of
# two numbers `"+"`, `"-"`, `"*"`, `"/"` and `"**"` ($x^y$ with $x > 0$; for $y$, write it as a power of $e$); of one number
# `"exp"`, `"log"` (the natural one), `"tanh"` and `"relu"`, which leave $y$ alone: its derivative is 0 there.
#
# Shapes: a name and two numbers $\to$ two numbers.

# %% nbgrader={"grade_id": "local-slopes", "solution": true}
def local_slopes(operation, x, y):
    """The derivatives of one operation with respect to its two inputs, at x and y.

    operation: "+", "-", "*", "/", "**", "exp", "log", "tanh" or "relu"; x, y: numbers.
    Returns two numbers: the derivative with respect to x, and that with respect to y (0 where y is not used).
    """
    ### BEGIN SOLUTION
    if operation == "+":
        return 1.0, 1.0
    if operation == "-":
        return 1.0, -1.0
    if operation == "*":
        return y, x
    if operation == "/":
        return 1 / y, -x / y**2
    if operation == "**":
        return y * x ** (y - 1), x**y * np.log(x)
    if operation == "exp":
        return np.exp(x), 0.0
    if operation == "log":
        return 1 / x, 0.0
    if operation == "tanh":
        return 1 - np.tanh(x) ** 2, 0.0
    return float(x > 0), 0.0
    ### END SOLUTION

# %% nbgrader={"grade_id": "local-slopes-check", "grade": true, "points": 3}
check.gradients(local_slopes, of=operate, wrt=("x", "y"), at=operation_cases, points=3, by="case")

# %% tags=["mistake"] question="local-slopes" says="In a difference the second number pulls the other way: when it grows, the result falls."
def local_slopes(operation, x, y):
    return {"+": (1, 1), "-": (1, 1), "*": (y, x), "/": (1 / y, -x / y**2),
            "**": (y * x ** (y - 1), x**y * np.log(x)), "exp": (np.exp(x), 0), "log": (1 / x, 0),
            "tanh": (1 - np.tanh(x) ** 2, 0), "relu": (1.0 * (x > 0), 0)}[operation]

# %% tags=["mistake"] question="local-slopes" says="The slope of a product by one factor is the other factor: how much does x y change when only x moves?"
def local_slopes(operation, x, y):
    return {"+": (1, 1), "-": (1, -1), "*": (x, y), "/": (1 / y, -x / y**2),
            "**": (y * x ** (y - 1), x**y * np.log(x)), "exp": (np.exp(x), 0), "log": (1 / x, 0),
            "tanh": (1 - np.tanh(x) ** 2, 0), "relu": (1.0 * (x > 0), 0)}[operation]

# %% tags=["mistake"] question="local-slopes" says="A quotient falls when its denominator grows: the slope by the denominator has a minus sign."
def local_slopes(operation, x, y):
    return {"+": (1, 1), "-": (1, -1), "*": (y, x), "/": (1 / y, x / y**2),
            "**": (y * x ** (y - 1), x**y * np.log(x)), "exp": (np.exp(x), 0), "log": (1 / x, 0),
            "tanh": (1 - np.tanh(x) ** 2, 0), "relu": (1.0 * (x > 0), 0)}[operation]

# %% tags=["mistake"] question="local-slopes" says="The denominator appears squared in its own slope: write the quotient as x times a power of y."
def local_slopes(operation, x, y):
    return {"+": (1, 1), "-": (1, -1), "*": (y, x), "/": (1 / y, -x / y),
            "**": (y * x ** (y - 1), x**y * np.log(x)), "exp": (np.exp(x), 0), "log": (1 / x, 0),
            "tanh": (1 - np.tanh(x) ** 2, 0), "relu": (1.0 * (x > 0), 0)}[operation]

# %% tags=["mistake"] question="local-slopes" says="The exponent has come down but has not become one less."
def local_slopes(operation, x, y):
    return {"+": (1, 1), "-": (1, -1), "*": (y, x), "/": (1 / y, -x / y**2),
            "**": (y * x**y, x**y * np.log(x)), "exp": (np.exp(x), 0), "log": (1 / x, 0),
            "tanh": (1 - np.tanh(x) ** 2, 0), "relu": (1.0 * (x > 0), 0)}[operation]

# %% tags=["mistake"] question="local-slopes" says="As a function of the exponent, a power is an exponential: its slope is the power itself times a logarithm."
def local_slopes(operation, x, y):
    return {"+": (1, 1), "-": (1, -1), "*": (y, x), "/": (1 / y, -x / y**2),
            "**": (y * x ** (y - 1), x**y), "exp": (np.exp(x), 0), "log": (1 / x, 0),
            "tanh": (1 - np.tanh(x) ** 2, 0), "relu": (1.0 * (x > 0), 0)}[operation]

# %% tags=["mistake"] question="local-slopes" says="This is the value of the tanh, not its slope."
def local_slopes(operation, x, y):
    return {"+": (1, 1), "-": (1, -1), "*": (y, x), "/": (1 / y, -x / y**2),
            "**": (y * x ** (y - 1), x**y * np.log(x)), "exp": (np.exp(x), 0), "log": (1 / x, 0),
            "tanh": (np.tanh(x), 0), "relu": (1.0 * (x > 0), 0)}[operation]

# %% tags=["mistake"] question="local-slopes" says="This would be the slope of tanh if x were its output: apply tanh to x first."
def local_slopes(operation, x, y):
    return {"+": (1, 1), "-": (1, -1), "*": (y, x), "/": (1 / y, -x / y**2),
            "**": (y * x ** (y - 1), x**y * np.log(x)), "exp": (np.exp(x), 0), "log": (1 / x, 0),
            "tanh": (1 - x**2, 0), "relu": (1.0 * (x > 0), 0)}[operation]

# %% tags=["mistake"] question="local-slopes" says="The relu passes a positive number on as it is: its slope is that of a straight line, not its value."
def local_slopes(operation, x, y):
    return {"+": (1, 1), "-": (1, -1), "*": (y, x), "/": (1 / y, -x / y**2),
            "**": (y * x ** (y - 1), x**y * np.log(x)), "exp": (np.exp(x), 0), "log": (1 / x, 0),
            "tanh": (1 - np.tanh(x) ** 2, 0), "relu": (max(x, 0.0), 0)}[operation]

# %% tags=["mistake"] question="local-slopes" says="Left of 0 the relu is flat: nothing of x gets through, and the slope is 0."
def local_slopes(operation, x, y):
    return {"+": (1, 1), "-": (1, -1), "*": (y, x), "/": (1 / y, -x / y**2),
            "**": (y * x ** (y - 1), x**y * np.log(x)), "exp": (np.exp(x), 0), "log": (1 / x, 0),
            "tanh": (1 - np.tanh(x) ** 2, 0), "relu": (1.0, 0)}[operation]

# %% tags=["mistake"] question="local-slopes" says="The slope of a logarithm is largest near 0 and falls with x; it is no logarithm itself."
def local_slopes(operation, x, y):
    return {"+": (1, 1), "-": (1, -1), "*": (y, x), "/": (1 / y, -x / y**2),
            "**": (y * x ** (y - 1), x**y * np.log(x)), "exp": (np.exp(x), 0), "log": (np.log(x), 0),
            "tanh": (1 - np.tanh(x) ** 2, 0), "relu": (1.0 * (x > 0), 0)}[operation]

# %% tags=["alternative"] question="local-slopes" name="a table"
def local_slopes(operation, x, y):
    return {"+": (1, 1), "-": (1, -1), "*": (y, x), "/": (1 / y, -x / y**2),
            "**": (y * x ** (y - 1), x**y * np.log(x)), "exp": (np.exp(x), 0), "log": (1 / x, 0),
            "tanh": (1 - np.tanh(x) ** 2, 0), "relu": (1.0 * (x > 0), 0)}[operation]

# %% tags=["alternative"] question="local-slopes" name="from the output of the operation"
def local_slopes(operation, x, y):
    result = operate(operation, x, y)
    if operation in ("+", "-"):
        return [1, 1 if operation == "+" else -1]
    if operation == "*":
        return [result / x, result / y]
    if operation == "/":
        return [result / x, -result / y]
    if operation == "**":
        return [y * result / x, np.log(x) * result]
    return [{"exp": result, "log": np.exp(-result), "tanh": (1 - result) * (1 + result),
             "relu": np.sign(result)}[operation], 0]

# %% [markdown]
# ## 1.2 An order in which parents come first
#
# *Afterwards you can line up any computation so that nothing is used before it is known.*
#
# The sweep of 1.4 will walk through the graph from the root to the inputs, and may look at a node only when everything that
# uses it has been looked at. So write down the nodes that the root depends on, itself included, such that **every parent
# stands before its child** and every node stands there once. This is a *topological order*. There may be many; any will do.
#
# Numbers of nodes are names: 3 may be a parent of 1. Nodes that the root does not depend on are left out.
#
# Two graphs are hard on a careless program. In a **ladder of 40 diamonds** every node but a few has two children: who goes
# up again from each child visits the bottom $2^{40}$ times and is not back this week (stop it with the black square, and
# remember where you have been). And a **chain of 5,000** is deeper than Python lets functions call each other, so keep a
# list of what is still to be done, instead of a function that calls itself. (Hint for the list: a node comes up twice,
# first when it is found, and again when all of its parents are done.)
#
# Shapes: a list of tuples and a number $\to$ a list of numbers.

# %% nbgrader={"grade_id": "topological-order", "solution": true}
def topological_order(parents, root):
    """All nodes that the root depends on, parents before children.

    parents: parents[i] is a tuple with the numbers of the parents of node i; root: the number of a node.
    Returns a list of node numbers, each once.
    """
    ### BEGIN SOLUTION
    order, found, waiting = [], set(), [(root, False)]
    while waiting:
        node, done = waiting.pop()
        if done:
            order.append(node)
        elif node not in found:
            found.add(node)
            waiting.append((node, True))
            waiting.extend((parent, False) for parent in parents[node])
    return order
    ### END SOLUTION

# %% nbgrader={"grade_id": "topological-order-check", "grade": true, "points": 3}
check.properties(
    topological_order, at=order_cases, points=3, every_parent_comes_before_its_child=parents_come_first,
    every_node_stands_there_once=each_once, all_that_the_root_needs_and_no_more=what_the_root_needs,
)

# %% tags=["mistake"] question="topological-order" says="A function that calls itself for every parent goes as deep as the graph is long, and Python stops it at a chain of 5,000: keep a list of what is to be done."
def topological_order(parents, root):
    order, found = [], set()

    def visit(node):
        if node not in found:
            found.add(node)
            for parent in parents[node]:
                visit(parent)
            order.append(node)

    visit(root)
    return order

# %% tags=["mistake"] question="topological-order" says="The order is turned round: children stand before their parents."
def topological_order(parents, root):
    order, found, waiting = [], set(), [(root, False)]
    while waiting:
        node, done = waiting.pop()
        if done:
            order.append(node)
        elif node not in found:
            found.add(node)
            waiting.append((node, True))
            waiting.extend((parent, False) for parent in parents[node])
    return order[::-1]

# %% tags=["mistake"] question="topological-order" says="Nodes have been written down when they were found, level by level. A node that is reached by a short way and by a long one then stands in the wrong place: write it down when all its parents are done."
def topological_order(parents, root):
    order, level = {}, [root]
    while level:
        order.update(dict.fromkeys(level))
        level = list(dict.fromkeys(p for node in level for p in parents[node] if p not in order))
    return list(order)[::-1]

# %% tags=["mistake"] question="topological-order" says="Going deep first is right, writing a node down before its parents are done is not: turned round, it is no order either."
def topological_order(parents, root):
    order, waiting = {}, [root]
    while waiting:
        node = waiting.pop()
        if node not in order:
            order[node] = True
            waiting.extend(parents[node])
    return list(order)[::-1]

# %% tags=["mistake"] question="topological-order" says="The numbers of the nodes are names. Sorted, they say nothing about what was computed from what."
def topological_order(parents, root):
    found, waiting = set(), [root]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(parents[node])
    return sorted(found)

# %% tags=["mistake"] question="topological-order" says="This orders the whole graph. What the root does not depend on has no place in its backward sweep."
def topological_order(parents, root):
    order, known, remaining = [], set(), list(range(len(parents)))
    children = {node: [] for node in remaining}
    missing = {node: len(set(parents[node])) for node in remaining}
    for node in remaining:
        for parent in set(parents[node]):
            children[parent].append(node)
    ready = [node for node in remaining if not missing[node]]
    while ready:
        node = ready.pop()
        order.append(node)
        for child in children[node]:
            missing[child] -= 1
            if not missing[child]:
                ready.append(child)
    return order

# %% tags=["mistake"] question="topological-order" says="Nodes count as found as soon as they are on the list: one that waits at the bottom of it is passed over when a later one turns out to need it first."
def topological_order(parents, root):
    order, found, waiting = [], {root}, [(root, False)]
    while waiting:
        node, done = waiting.pop()
        if done:
            order.append(node)
        else:
            waiting.append((node, True))
            new = [parent for parent in dict.fromkeys(parents[node]) if parent not in found]
            found.update(new)
            waiting.extend((parent, False) for parent in new)
    return order

# %% tags=["alternative"] question="topological-order" name="counting the children that are still to come"
def topological_order(parents, root):
    found, waiting = {root}, [root]
    while waiting:
        for parent in parents[waiting.pop()]:
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    children = dict.fromkeys(found, 0)
    for node in found:
        for parent in parents[node]:
            children[parent] += 1
    order, ready = [], [root]
    while ready:
        node = ready.pop()
        order.append(node)
        for parent in parents[node]:
            children[parent] -= 1
            if children[parent] == 0:
                ready.append(parent)
    return order[::-1]

# %% tags=["alternative"] question="topological-order" name="a stack of iterators"
def topological_order(parents, root):
    order, found, path = [], {root}, [(root, iter(parents[root]))]
    while path:
        node, rest = path[-1]
        parent = next((p for p in rest if p not in found), None)
        if parent is None:
            order.append(node)
            path.pop()
        else:
            found.add(parent)
            path.append((parent, iter(parents[parent])))
    return np.array(order)

# %% [markdown]
# ## 1.3 How much work is a ladder? Your guess
#
# *Afterwards you have said something that a later cell can contradict.*
#
# Take $x$, and forty times replace it by $x + x$. From the last number to the first there are $2^{40}$ ways, about $10^{12}$,
# and the derivative is the sum over all of them. A sweep that goes through the graph in the order of 1.2, once, multiplies
# a number with a local slope once for every edge: how many multiplications are that here? Is that enough to get the exact
# derivative? The point is for a guess, right or wrong.

# %% nbgrader={"grade_id": "predict-work", "solution": true}
def predict_work():
    """Your guess: how many multiplications one sweep through forty doublings takes.

    Returns one positive number.
    """
    ### BEGIN SOLUTION
    return 80
    ### END SOLUTION

# %% nbgrader={"grade_id": "predict-work-cases", "locked": true}
def nothing_given(rng):
    """A guess is made out of nothing."""
    yield {"case": "your guess"}


def positive(guess):
    """One positive number."""
    return np.ndim(guess) == 0 and float(guess) > 0


# %% nbgrader={"grade_id": "predict-work-check", "grade": true, "points": 1}
check.properties(predict_work, at=nothing_given, points=1, a_positive_number=positive)

# %% tags=["mistake"] question="predict-work" says="Without a single multiplication no slope is used: name a positive number."
def predict_work():
    return 0

# %% tags=["mistake"] question="predict-work" says="A number of multiplications is not negative."
def predict_work():
    return -80

# %% tags=["mistake"] question="predict-work" says="One number is asked for, not one for every doubling."
def predict_work():
    return [2] * 40

# %% tags=["alternative"] question="predict-work" name="another guess"
def predict_work():
    return 2.0**40

# %% tags=["alternative"] question="predict-work" name="as an array without an axis"
def predict_work():
    return np.array(40)

# %% [markdown]
# ## 1.4 The sweep
#
# *Afterwards you have backpropagation: for any graph, not only for chains.*
#
# Read the order backwards. At every node its gradient is complete, because all that uses it has been visited; hand it on to
# its parents through the local slopes. What is the gradient of the root with respect to itself? And what has to happen
# at a node that is used by several others, or twice by the same one, as $x$ is in $x \cdot x$? Think of a small change of that
# node: it reaches the root by several ways at once.
#
# The check gives every node an offset that can be changed, so that a gradient with respect to *every* node can be
# measured. Nodes that are not in the order do not move the root: their gradient is 0.
#
# Shapes: a list of numbers, two lists of tuples $\to$ one array with a number for every node.

# %% nbgrader={"grade_id": "reverse-sweep", "solution": true}
def reverse_sweep(order, parents, slopes):
    """The derivative of the last node of the order with respect to every node of the graph.

    order: node numbers, parents before children; parents: parents[i] is a tuple of node numbers;
    slopes: slopes[i] is a tuple, the derivatives of node i with respect to its parents, in their order.
    Returns an array of as many numbers as there are nodes.
    """
    ### BEGIN SOLUTION
    grads = np.zeros(len(parents))
    grads[order[-1]] = 1.0
    for node in reversed(order):
        for parent, slope in zip(parents[node], slopes[node]):
            grads[parent] += slope * grads[node]
    return grads
    ### END SOLUTION

# %% nbgrader={"grade_id": "reverse-sweep-check", "grade": true, "points": 4}
check.gradients(reverse_sweep, of=linear_graph, wrt="offsets", at=sweep_cases, points=4, by="case")

# %% tags=["mistake"] question="reverse-sweep" says="A second contribution has written over the first: where a value is used more than once, what comes from all its uses is added up."
def reverse_sweep(order, parents, slopes):
    grads = np.zeros(len(parents))
    grads[order[-1]] = 1.0
    for node in reversed(order):
        for parent, slope in zip(parents[node], slopes[node]):
            grads[parent] = slope * grads[node]
    return grads

# %% tags=["mistake"] question="reverse-sweep" says="Of several edges from a node to the same parent only one has counted: x · x has two edges to the same x, and both count."
def reverse_sweep(order, parents, slopes):
    grads = np.zeros(len(parents))
    grads[order[-1]] = 1.0
    for node in reversed(order):
        if parents[node]:
            grads[list(parents[node])] += np.array(slopes[node]) * grads[node]
    return grads

# %% tags=["mistake"] question="reverse-sweep" says="The sweep goes forwards. When a node is visited, its gradient has to be complete, so its children come first."
def reverse_sweep(order, parents, slopes):
    grads = np.zeros(len(parents))
    grads[order[-1]] = 1.0
    for node in order:
        for parent, slope in zip(parents[node], slopes[node]):
            grads[parent] += slope * grads[node]
    return grads

# %% tags=["mistake"] question="reverse-sweep" says="Only the local slope has been handed on: it is multiplied by the gradient that has arrived at the node."
def reverse_sweep(order, parents, slopes):
    grads = np.zeros(len(parents))
    grads[order[-1]] = 1.0
    for node in reversed(order):
        for parent, slope in zip(parents[node], slopes[node]):
            grads[parent] += slope
    return grads

# %% tags=["mistake"] question="reverse-sweep" says="Every node has been started with 1. Only the root moves itself; all others begin with nothing."
def reverse_sweep(order, parents, slopes):
    grads = np.ones(len(parents))
    for node in reversed(order):
        for parent, slope in zip(parents[node], slopes[node]):
            grads[parent] += slope * grads[node]
    return grads

# %% tags=["mistake"] question="reverse-sweep" says="The root is the last node of the order. The last number in the list of parents is any node: numbers are names."
def reverse_sweep(order, parents, slopes):
    grads = np.zeros(len(parents))
    grads[-1] = 1.0
    for node in reversed(order):
        for parent, slope in zip(parents[node], slopes[node]):
            grads[parent] += slope * grads[node]
    return grads

# %% tags=["mistake"] question="reverse-sweep" says="Every parent has got the gradient of the node as it is: the local slopes are missing, as if all operations were sums."
def reverse_sweep(order, parents, slopes):
    grads = np.zeros(len(parents))
    grads[order[-1]] = 1.0
    for node in reversed(order):
        for parent, slope in zip(parents[node], slopes[node]):
            grads[parent] += grads[node]
    return grads

# %% tags=["mistake"] question="reverse-sweep" says="Equal pairs of a parent and a slope have been taken for one: in x + x both terms count, alike as they are."
def reverse_sweep(order, parents, slopes):
    grads = np.zeros(len(parents))
    grads[order[-1]] = 1.0
    for node in reversed(order):
        for parent, slope in set(zip(parents[node], slopes[node])):
            grads[parent] += slope * grads[node]
    return grads

# %% tags=["alternative"] question="reverse-sweep" name="asking the children"
def reverse_sweep(order, parents, slopes):
    uses = {node: [] for node in range(len(parents))}
    for node in order:
        for parent, slope in zip(parents[node], slopes[node]):
            uses[parent].append((node, slope))
    grads = [0.0] * len(parents)
    for node in order[::-1]:
        grads[node] = sum(slope * grads[child] for child, slope in uses[node]) + (node == order[-1])
    return grads

# %% tags=["alternative"] question="reverse-sweep" name="np.add.at, which adds as often as an index occurs"
def reverse_sweep(order, parents, slopes):
    grads = np.zeros(len(parents))
    grads[order[-1]] = 1
    for node in np.flip(order):
        np.add.at(grads, np.array(parents[node], int), grads[node] * np.array(slopes[node]))
    return grads

# %% [markdown]
# ### Forty doublings
#
# Your sweep on the ladder of 1.3: every rung is one sum of a number with itself.

# %%
with check.once_written():
    doublings = [()] + [(i, i) for i in range(40)]
    ones = [(1.0,) * len(p) for p in doublings]
    ladder_grads = reverse_sweep(topological_order(doublings, 40), doublings, ones)
    print(f"derivative by the sweep: {ladder_grads[0]:.0f}, 2**40 = {2**40}; multiplications: {sum(map(len, ones))}, "
          f"your guess: {float(predict_work()):g}")

# %% [markdown]
# ## 1.5 Numbers that remember
#
# *Afterwards you write a formula in Python as always, and the graph comes out by itself.*
#
# Nobody wants to write `parents` and `slopes` by hand. So make a class of numbers that do: a `Value` holds a number, and if
# it was computed, also the values that it was computed from and its local slopes with respect to them. Python calls
# `x.__mul__(y)` for `x * y`; your method returns a new `Value` that remembers `x` and `y`. What stands on the other side may
# also be a plain number, a constant: it has no `data`, so make a `Value` of it first, or leave it out of the parents.
#
# Seven methods are yours. Differences, quotients and operations with the plain number on the left are made of them. An
# exponent of `**` is always a plain number. (`exp(x)` and its like in the next cell call the method of an object of yours, and
# numpy's function for a number: so the same formula runs with numbers, with your values, and in part 3 with something else.)
#
# The check computes formulas with your values, turns the graph into lists (`as_lists`), and sweeps through it. The sweep is
# not yours there: mistakes of 1.2 and 1.4 do not count again.
#
# Shapes: a `Value` holds a number; `parents` and `slopes` are as long as each other.

# %% nbgrader={"grade_id": "expressions", "locked": true}
def exp(x):
    """e to the x, of a number or of an object that has a method for it."""
    return x.exp() if hasattr(x, "exp") else np.exp(x)


def log(x):
    """The natural logarithm, likewise."""
    return x.log() if hasattr(x, "log") else np.log(x)


def tanh(x):
    """The hyperbolic tangent, likewise."""
    return x.tanh() if hasattr(x, "tanh") else np.tanh(x)


def relu(x):
    """max(x, 0), likewise."""
    return x.relu() if hasattr(x, "relu") else np.maximum(x, 0.0)


def diamond(x, y):
    product = x * y
    return (product + 1) * (product - 2)


def forty_rungs(x, y):
    for _ in range(40):
        x = 0.6 * x + x * y
    return x


def neuron(x, y, w, v, b):
    return tanh(w * x + v * y + b)


FORMULAS = {
    "a sum and a product": lambda x, y: x * y + x,
    "x · x": lambda x: x * x,
    "x + x": lambda x: x + x,
    "numbers on both sides": lambda x: (2 + x) * (3 - x) + (x - 4) * (5 * x),
    "quotients": lambda x, y: x / y + 2 / x - y / 4,
    "powers": lambda x, y: x**3 + 2 * y**-2 + x**0.5,
    "an exponential": lambda x, y: exp(x * y) - exp(-y),
    "a logarithm": lambda x, y: log(x * x + y) * (x + 3),
    "a tanh": lambda x, y: tanh(x - y) * y,
    "a relu": lambda x, y: relu(x) * 3 + relu(-y) * x + relu(2 - x),
    "a diamond": diamond,
    "a ladder of 40 rungs": forty_rungs,
    "a neuron": neuron,
    "the log of a sum of exponentials": lambda x, y, z: log(exp(x) + exp(y) + exp(z)),
    "large numbers": lambda x, y: tanh(100 * x) * y + relu(50 * y) * x,
    "powers of negative numbers": lambda x, y: (x - 3) ** 3 * y + x / (y - 4) + (y - 3) ** -2,
}

# %% nbgrader={"grade_id": "formula-cases", "locked": true}
def formula(name, inputs):
    """The value of a formula at plain numbers."""
    return FORMULAS[name](*inputs)


def as_lists(leaves, root):
    """The graph behind a root as lists: parents and slopes by number (the leaves are the first), and the root's number."""
    nodes = {id(leaf): leaf for leaf in leaves}
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) not in nodes:
            nodes[id(node)] = node
            waiting.extend(node.parents)
    number = {key: i for i, key in enumerate(nodes)}
    parents = [tuple(number[id(parent)] for parent in node.parents) for node in nodes.values()]
    slopes = [tuple(float(slope) for slope in node.slopes) for node in nodes.values()]
    return parents, slopes, number[id(root)]


def formula_cases(rng):
    """Every formula, at positive numbers; `order` and `sweep` come from whoever checks."""
    for name, function in FORMULAS.items():
        count = function.__code__.co_argcount
        yield {"name": name, "inputs": rng.uniform(0.3, 0.9, count) + 0.3 * rng.permutation(count),
               "order": lambda parents, root: topological_order(parents, root),
               "sweep": lambda order, parents, slopes: reverse_sweep(order, parents, slopes), "case": name}


# %% nbgrader={"grade_id": "value-class", "solution": true}
class Value:
    """A number that remembers how it was computed.

    data: the number; parents: a tuple of Values; slopes: a tuple of numbers, the derivatives with respect to the parents.
    """

    def __init__(self, data, parents=(), slopes=()):
        self.data, self.parents, self.slopes = data, parents, slopes

    def __add__(self, other):
        """self + other; other may be a plain number, here and in __mul__."""
        ### BEGIN SOLUTION
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))
        ### END SOLUTION

    def __mul__(self, other):
        ### BEGIN SOLUTION
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))
        ### END SOLUTION

    def __pow__(self, exponent):
        """self ** exponent, a plain number."""
        ### BEGIN SOLUTION
        return Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),))
        ### END SOLUTION

    def exp(self):
        ### BEGIN SOLUTION
        result = np.exp(self.data)
        return Value(result, (self,), (result,))
        ### END SOLUTION

    def log(self):
        ### BEGIN SOLUTION
        return Value(np.log(self.data), (self,), (1 / self.data,))
        ### END SOLUTION

    def tanh(self):
        ### BEGIN SOLUTION
        result = np.tanh(self.data)
        return Value(result, (self,), (1 - result**2,))
        ### END SOLUTION

    def relu(self):
        ### BEGIN SOLUTION
        return Value(max(self.data, 0.0), (self,), (float(self.data > 0),))
        ### END SOLUTION

    # All else is made of these seven.
    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + other * -1

    def __rsub__(self, other):
        return self * -1 + other

    def __truediv__(self, other):
        return self * other**-1

    def __rtruediv__(self, other):
        return self**-1 * other


def value_of(name, inputs):
    """The value of a formula, computed with Values. This function and the next stay as they are."""
    return FORMULAS[name](*[Value(x) for x in inputs]).data


def gradient_of(name, inputs, order, sweep):
    """The gradient of a formula (as many numbers as inputs), by way of the graph."""
    leaves = [Value(x) for x in inputs]
    parents, slopes, number = as_lists(leaves, FORMULAS[name](*leaves))
    return np.asarray(sweep(order(parents, number), parents, slopes))[:len(leaves)]

# %% nbgrader={"grade_id": "value-class-value-check", "grade": true, "points": 1}
check.values(value_of, at=formula_cases, points=1, by="case")

# %% nbgrader={"grade_id": "value-class-check", "grade": true, "points": 4}
check.gradients(gradient_of, of=formula, wrt="inputs", at=formula_cases, points=4, by="case")

# %% tags=["mistake"] question="value-class" says="The two slopes of a product have changed places: how fast it grows with one factor is said by the other."
class Value:
    def __init__(self, data, parents=(), slopes=()):
        self.data, self.parents, self.slopes = data, parents, slopes

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (self.data, other.data))

    def __pow__(self, exponent):
        return Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),))

    def exp(self):
        return Value(np.exp(self.data), (self,), (np.exp(self.data),))

    def log(self):
        return Value(np.log(self.data), (self,), (1 / self.data,))

    def tanh(self):
        return Value(np.tanh(self.data), (self,), (1 - np.tanh(self.data) ** 2,))

    def relu(self):
        return Value(max(self.data, 0.0), (self,), (float(self.data > 0),))

    __radd__, __rmul__ = __add__, __mul__
    __neg__, __sub__ = lambda self: self * -1, lambda self, other: self + other * -1
    __rsub__, __truediv__ = lambda self, other: self * -1 + other, lambda self, other: self * other**-1
    __rtruediv__ = lambda self, other: self**-1 * other


def value_of(name, inputs):
    return FORMULAS[name](*[Value(x) for x in inputs]).data


def gradient_of(name, inputs, order, sweep):
    leaves = [Value(x) for x in inputs]
    parents, slopes, number = as_lists(leaves, FORMULAS[name](*leaves))
    return np.asarray(sweep(order(parents, number), parents, slopes))[:len(leaves)]

# %% tags=["mistake"] question="value-class" says="The slope of a power has an exponent that is one less."
class Value:
    def __init__(self, data, parents=(), slopes=()):
        self.data, self.parents, self.slopes = data, parents, slopes

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, exponent):
        return Value(self.data**exponent, (self,), (exponent * self.data**exponent,))

    def exp(self):
        return Value(np.exp(self.data), (self,), (np.exp(self.data),))

    def log(self):
        return Value(np.log(self.data), (self,), (1 / self.data,))

    def tanh(self):
        return Value(np.tanh(self.data), (self,), (1 - np.tanh(self.data) ** 2,))

    def relu(self):
        return Value(max(self.data, 0.0), (self,), (float(self.data > 0),))

    __radd__, __rmul__ = __add__, __mul__
    __neg__, __sub__ = lambda self: self * -1, lambda self, other: self + other * -1
    __rsub__, __truediv__ = lambda self, other: self * -1 + other, lambda self, other: self * other**-1
    __rtruediv__ = lambda self, other: self**-1 * other


def value_of(name, inputs):
    return FORMULAS[name](*[Value(x) for x in inputs]).data


def gradient_of(name, inputs, order, sweep):
    leaves = [Value(x) for x in inputs]
    parents, slopes, number = as_lists(leaves, FORMULAS[name](*leaves))
    return np.asarray(sweep(order(parents, number), parents, slopes))[:len(leaves)]

# %% tags=["mistake"] question="value-class" says="The exponential is its own slope: at x that is the result of the operation, not x."
class Value:
    def __init__(self, data, parents=(), slopes=()):
        self.data, self.parents, self.slopes = data, parents, slopes

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, exponent):
        return Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),))

    def exp(self):
        return Value(np.exp(self.data), (self,), (self.data,))

    def log(self):
        return Value(np.log(self.data), (self,), (1 / self.data,))

    def tanh(self):
        return Value(np.tanh(self.data), (self,), (1 - np.tanh(self.data) ** 2,))

    def relu(self):
        return Value(max(self.data, 0.0), (self,), (float(self.data > 0),))

    __radd__, __rmul__ = __add__, __mul__
    __neg__, __sub__ = lambda self: self * -1, lambda self, other: self + other * -1
    __rsub__, __truediv__ = lambda self, other: self * -1 + other, lambda self, other: self * other**-1
    __rtruediv__ = lambda self, other: self**-1 * other


def value_of(name, inputs):
    return FORMULAS[name](*[Value(x) for x in inputs]).data


def gradient_of(name, inputs, order, sweep):
    leaves = [Value(x) for x in inputs]
    parents, slopes, number = as_lists(leaves, FORMULAS[name](*leaves))
    return np.asarray(sweep(order(parents, number), parents, slopes))[:len(leaves)]

# %% tags=["mistake"] question="value-class" says="The slope of a tanh is made of its output: the input has been put in its place."
class Value:
    def __init__(self, data, parents=(), slopes=()):
        self.data, self.parents, self.slopes = data, parents, slopes

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, exponent):
        return Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),))

    def exp(self):
        return Value(np.exp(self.data), (self,), (np.exp(self.data),))

    def log(self):
        return Value(np.log(self.data), (self,), (1 / self.data,))

    def tanh(self):
        return Value(np.tanh(self.data), (self,), (1 - self.data**2,))

    def relu(self):
        return Value(max(self.data, 0.0), (self,), (float(self.data > 0),))

    __radd__, __rmul__ = __add__, __mul__
    __neg__, __sub__ = lambda self: self * -1, lambda self, other: self + other * -1
    __rsub__, __truediv__ = lambda self, other: self * -1 + other, lambda self, other: self * other**-1
    __rtruediv__ = lambda self, other: self**-1 * other


def value_of(name, inputs):
    return FORMULAS[name](*[Value(x) for x in inputs]).data


def gradient_of(name, inputs, order, sweep):
    leaves = [Value(x) for x in inputs]
    parents, slopes, number = as_lists(leaves, FORMULAS[name](*leaves))
    return np.asarray(sweep(order(parents, number), parents, slopes))[:len(leaves)]

# %% tags=["mistake"] question="value-class" says="A relu that is shut hands nothing on: its slope is 0 where its input is negative."
class Value:
    def __init__(self, data, parents=(), slopes=()):
        self.data, self.parents, self.slopes = data, parents, slopes

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, exponent):
        return Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),))

    def exp(self):
        return Value(np.exp(self.data), (self,), (np.exp(self.data),))

    def log(self):
        return Value(np.log(self.data), (self,), (1 / self.data,))

    def tanh(self):
        return Value(np.tanh(self.data), (self,), (1 - np.tanh(self.data) ** 2,))

    def relu(self):
        return Value(max(self.data, 0.0), (self,), (1.0,))

    __radd__, __rmul__ = __add__, __mul__
    __neg__, __sub__ = lambda self: self * -1, lambda self, other: self + other * -1
    __rsub__, __truediv__ = lambda self, other: self * -1 + other, lambda self, other: self * other**-1
    __rtruediv__ = lambda self, other: self**-1 * other


def value_of(name, inputs):
    return FORMULAS[name](*[Value(x) for x in inputs]).data


def gradient_of(name, inputs, order, sweep):
    leaves = [Value(x) for x in inputs]
    parents, slopes, number = as_lists(leaves, FORMULAS[name](*leaves))
    return np.asarray(sweep(order(parents, number), parents, slopes))[:len(leaves)]

# %% tags=["mistake"] question="value-class" says="The slope of a relu is 1 or 0: its output has been taken for it."
class Value:
    def __init__(self, data, parents=(), slopes=()):
        self.data, self.parents, self.slopes = data, parents, slopes

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, exponent):
        return Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),))

    def exp(self):
        return Value(np.exp(self.data), (self,), (np.exp(self.data),))

    def log(self):
        return Value(np.log(self.data), (self,), (1 / self.data,))

    def tanh(self):
        return Value(np.tanh(self.data), (self,), (1 - np.tanh(self.data) ** 2,))

    def relu(self):
        return Value(max(self.data, 0.0), (self,), (max(self.data, 0.0),))

    __radd__, __rmul__ = __add__, __mul__
    __neg__, __sub__ = lambda self: self * -1, lambda self, other: self + other * -1
    __rsub__, __truediv__ = lambda self, other: self * -1 + other, lambda self, other: self * other**-1
    __rtruediv__ = lambda self, other: self**-1 * other


def value_of(name, inputs):
    return FORMULAS[name](*[Value(x) for x in inputs]).data


def gradient_of(name, inputs, order, sweep):
    leaves = [Value(x) for x in inputs]
    parents, slopes, number = as_lists(leaves, FORMULAS[name](*leaves))
    return np.asarray(sweep(order(parents, number), parents, slopes))[:len(leaves)]

# %% tags=["mistake"] question="value-class" says="Only the first factor is remembered: whatever the other one came from gets no gradient."
class Value:
    def __init__(self, data, parents=(), slopes=()):
        self.data, self.parents, self.slopes = data, parents, slopes

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self,), (other.data,))

    def __pow__(self, exponent):
        return Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),))

    def exp(self):
        return Value(np.exp(self.data), (self,), (np.exp(self.data),))

    def log(self):
        return Value(np.log(self.data), (self,), (1 / self.data,))

    def tanh(self):
        return Value(np.tanh(self.data), (self,), (1 - np.tanh(self.data) ** 2,))

    def relu(self):
        return Value(max(self.data, 0.0), (self,), (float(self.data > 0),))

    __radd__, __rmul__ = __add__, __mul__
    __neg__, __sub__ = lambda self: self * -1, lambda self, other: self + other * -1
    __rsub__, __truediv__ = lambda self, other: self * -1 + other, lambda self, other: self * other**-1
    __rtruediv__ = lambda self, other: self**-1 * other


def value_of(name, inputs):
    return FORMULAS[name](*[Value(x) for x in inputs]).data


def gradient_of(name, inputs, order, sweep):
    leaves = [Value(x) for x in inputs]
    parents, slopes, number = as_lists(leaves, FORMULAS[name](*leaves))
    return np.asarray(sweep(order(parents, number), parents, slopes))[:len(leaves)]

# %% tags=["mistake"] question="value-class" says="A sum hands its gradient on to both of its terms, each with slope 1; here it has been shared out between them."
class Value:
    def __init__(self, data, parents=(), slopes=()):
        self.data, self.parents, self.slopes = data, parents, slopes

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (0.5, 0.5))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, exponent):
        return Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),))

    def exp(self):
        return Value(np.exp(self.data), (self,), (np.exp(self.data),))

    def log(self):
        return Value(np.log(self.data), (self,), (1 / self.data,))

    def tanh(self):
        return Value(np.tanh(self.data), (self,), (1 - np.tanh(self.data) ** 2,))

    def relu(self):
        return Value(max(self.data, 0.0), (self,), (float(self.data > 0),))

    __radd__, __rmul__ = __add__, __mul__
    __neg__, __sub__ = lambda self: self * -1, lambda self, other: self + other * -1
    __rsub__, __truediv__ = lambda self, other: self * -1 + other, lambda self, other: self * other**-1
    __rtruediv__ = lambda self, other: self**-1 * other


def value_of(name, inputs):
    return FORMULAS[name](*[Value(x) for x in inputs]).data


def gradient_of(name, inputs, order, sweep):
    leaves = [Value(x) for x in inputs]
    parents, slopes, number = as_lists(leaves, FORMULAS[name](*leaves))
    return np.asarray(sweep(order(parents, number), parents, slopes))[:len(leaves)]

# %% tags=["mistake"] question="value-class" says="A plain number has no data: make a Value of it before you add or multiply."
class Value:
    def __init__(self, data, parents=(), slopes=()):
        self.data, self.parents, self.slopes = data, parents, slopes

    def __add__(self, other):
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, exponent):
        return Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),))

    def exp(self):
        return Value(np.exp(self.data), (self,), (np.exp(self.data),))

    def log(self):
        return Value(np.log(self.data), (self,), (1 / self.data,))

    def tanh(self):
        return Value(np.tanh(self.data), (self,), (1 - np.tanh(self.data) ** 2,))

    def relu(self):
        return Value(max(self.data, 0.0), (self,), (float(self.data > 0),))

    __radd__, __rmul__ = __add__, __mul__
    __neg__, __sub__ = lambda self: self * -1, lambda self, other: self + other * -1
    __rsub__, __truediv__ = lambda self, other: self * -1 + other, lambda self, other: self * other**-1
    __rtruediv__ = lambda self, other: self**-1 * other


def value_of(name, inputs):
    return FORMULAS[name](*[Value(x) for x in inputs]).data


def gradient_of(name, inputs, order, sweep):
    leaves = [Value(x) for x in inputs]
    parents, slopes, number = as_lists(leaves, FORMULAS[name](*leaves))
    return np.asarray(sweep(order(parents, number), parents, slopes))[:len(leaves)]

# %% tags=["mistake"] question="value-class" says="The result of the exponential does not remember where it came from, so the sweep ends there and its input gets nothing."
class Value:
    def __init__(self, data, parents=(), slopes=()):
        self.data, self.parents, self.slopes = data, parents, slopes

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, exponent):
        return Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),))

    def exp(self):
        return Value(np.exp(self.data))

    def log(self):
        return Value(np.log(self.data), (self,), (1 / self.data,))

    def tanh(self):
        return Value(np.tanh(self.data), (self,), (1 - np.tanh(self.data) ** 2,))

    def relu(self):
        return Value(max(self.data, 0.0), (self,), (float(self.data > 0),))

    __radd__, __rmul__ = __add__, __mul__
    __neg__, __sub__ = lambda self: self * -1, lambda self, other: self + other * -1
    __rsub__, __truediv__ = lambda self, other: self * -1 + other, lambda self, other: self * other**-1
    __rtruediv__ = lambda self, other: self**-1 * other


def value_of(name, inputs):
    return FORMULAS[name](*[Value(x) for x in inputs]).data


def gradient_of(name, inputs, order, sweep):
    leaves = [Value(x) for x in inputs]
    parents, slopes, number = as_lists(leaves, FORMULAS[name](*leaves))
    return np.asarray(sweep(order(parents, number), parents, slopes))[:len(leaves)]

# %% tags=["mistake"] question="value-class" says="A power is the exponential of a logarithm only where its base is positive: a negative number has powers too, 1 / x is one of them, but no logarithm."
class Value:
    def __init__(self, data, parents=(), slopes=()):
        self.data, self.parents, self.slopes = data, parents, slopes

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, exponent):
        return (self.log() * exponent).exp()

    def exp(self):
        return Value(np.exp(self.data), (self,), (np.exp(self.data),))

    def log(self):
        return Value(np.log(self.data), (self,), (1 / self.data,))

    def tanh(self):
        return Value(np.tanh(self.data), (self,), (1 - np.tanh(self.data) ** 2,))

    def relu(self):
        return Value(max(self.data, 0.0), (self,), (float(self.data > 0),))

    __radd__, __rmul__ = __add__, __mul__
    __neg__, __sub__ = lambda self: self * -1, lambda self, other: self + other * -1
    __rsub__, __truediv__ = lambda self, other: self * -1 + other, lambda self, other: self * other**-1
    __rtruediv__ = lambda self, other: self**-1 * other


def value_of(name, inputs):
    return FORMULAS[name](*[Value(x) for x in inputs]).data


def gradient_of(name, inputs, order, sweep):
    leaves = [Value(x) for x in inputs]
    parents, slopes, number = as_lists(leaves, FORMULAS[name](*leaves))
    return np.asarray(sweep(order(parents, number), parents, slopes))[:len(leaves)]

# %% tags=["alternative"] question="value-class" name="one method that makes every node, and constants without a node"
class Value:
    def __init__(self, data, parents=(), slopes=()):
        self.data, self.parents, self.slopes = data, list(parents), list(slopes)

    def made(self, data, slope):
        return Value(data, [self], [slope])

    def __add__(self, other):
        if not isinstance(other, Value):
            return self.made(self.data + other, 1)
        return Value(self.data + other.data, [self, other], [1, 1])

    def __mul__(self, other):
        if not isinstance(other, Value):
            return self.made(self.data * other, other)
        return Value(self.data * other.data, [self, other], [other.data, self.data])

    def __pow__(self, exponent):
        return self.made(self.data**exponent, exponent * self.data**exponent / self.data)

    def exp(self):
        return self.made(np.exp(self.data), np.exp(self.data))

    def log(self):
        return self.made(np.log(self.data), self.data**-1)

    def tanh(self):
        return self.made(np.tanh(self.data), 1 / np.cosh(self.data) ** 2)

    def relu(self):
        return self.made(self.data if self.data > 0 else 0, 1 if self.data > 0 else 0)

    __radd__, __rmul__ = __add__, __mul__
    __neg__, __sub__ = lambda self: self * -1, lambda self, other: self + other * -1
    __rsub__, __truediv__ = lambda self, other: self * -1 + other, lambda self, other: self * other**-1
    __rtruediv__ = lambda self, other: self**-1 * other


def value_of(name, inputs):
    return FORMULAS[name](*[Value(x) for x in inputs]).data


def gradient_of(name, inputs, order, sweep):
    leaves = [Value(x) for x in inputs]
    parents, slopes, number = as_lists(leaves, FORMULAS[name](*leaves))
    return np.asarray(sweep(order(parents, number), parents, slopes))[:len(leaves)]

# %% tags=["alternative"] question="value-class" name="a quotient and a difference of their own, and a tanh of exponentials"
class Value:
    def __init__(self, data, parents=(), slopes=()):
        self.data, self.parents, self.slopes = data, parents, slopes

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, exponent):
        return Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),))

    def exp(self):
        return Value(np.exp(self.data), (self,), (np.exp(self.data),))

    def log(self):
        return Value(np.log(self.data), (self,), (1 / self.data,))

    def tanh(self):
        e = (self * 2).exp()
        return (e - 1) / (e + 1)

    def relu(self):
        return Value(max(self.data, 0.0), (self,), (float(self.data > 0),))

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self):
        return Value(-self.data, (self,), (-1.0,))

    def __sub__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data - other.data, (self, other), (1.0, -1.0))

    def __truediv__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data / other.data, (self, other), (1 / other.data, -self.data / other.data**2))

    def __rsub__(self, other):
        return Value(other) - self

    def __rtruediv__(self, other):
        return Value(other) / self


def value_of(name, inputs):
    return FORMULAS[name](*[Value(x) for x in inputs]).data


def gradient_of(name, inputs, order, sweep):
    leaves = [Value(x) for x in inputs]
    parents, slopes, number = as_lists(leaves, FORMULAS[name](*leaves))
    return np.asarray(sweep(order(parents, number), parents, slopes))[:len(leaves)]

# %% [markdown]
# ## 1.6 Adding up, and starting from nothing again
#
# *Afterwards you know the line that everybody forgets once.*
#
# An engine that adds contributions up does so for ever: the sweep of the next step adds to what the last one has left, if
# nobody sets the gradients to zero. This is a nuisance, and useful: a batch that does not fit into memory can be swept in
# parts, one after the other, and the gradients of its parts add up by themselves.
#
# Here `accumulate(weights, part, grads)` stands for the engine. It returns `grads` plus the gradient of the loss of part
# number `part` at these weights, and does not change what it is given. In **each** of the `steps`, take the **mean** of the
# gradients of all `parts` parts, all of them at the same weights, and go a step of the learning rate against it.
#
# Shapes: weights $(D,)$ $\to$ weights $(D,)$.

# %% nbgrader={"grade_id": "accumulation-cases", "locked": true}
def accumulation_cases(rng):
    """An engine for a sum of squared distances, with a centre and slopes of its own for each part; in one the slopes are
    tiny and the rate is large, in one all is large."""
    for d, parts, steps, slope, size in ((3, 2, 4, 1, 1), (2, 3, 5, 1, 1), (4, 1, 3, 1e-14, 1), (2, 4, 3, 1, 1000)):
        centres, scales = size * rng.standard_normal((parts, d)), slope * rng.uniform(0.5, 1.5, (parts, d))
        yield {"accumulate": lambda weights, part, grads, centres=centres, scales=scales:
               grads + scales[part] * (weights - centres[part]),
               "weights": 2 + rng.standard_normal(d), "parts": parts, "rate": rng.uniform(0.2, 0.4) / slope, "steps": steps,
               "case": f"{parts} part{'s' * (parts > 1)}, {steps} steps"}


# %% nbgrader={"grade_id": "accumulate", "solution": true}
def descend(accumulate, weights, parts, rate, steps):
    """Gradient descent with gradients that are added up over the parts of a batch.

    accumulate: called as accumulate(weights, part, grads), returns grads + the gradient of that part's loss: (D,);
    weights: (D,), to start from; parts: how many there are, numbered from 0; rate: the learning rate; steps: how many.
    Returns new weights: (D,).
    """
    ### BEGIN SOLUTION
    for _ in range(steps):
        grads = np.zeros_like(weights)
        for part in range(parts):
            grads = accumulate(weights, part, grads)
        weights = weights - rate * grads / parts
    return weights
    ### END SOLUTION

# %% nbgrader={"grade_id": "accumulate-check", "grade": true, "points": 2}
check.values(descend, at=accumulation_cases, points=2)

# %% tags=["mistake"] question="accumulate" says="The gradients are never set back to zero, so every step still carries those of all steps before it."
def descend(accumulate, weights, parts, rate, steps):
    grads = np.zeros_like(weights)
    for _ in range(steps):
        for part in range(parts):
            grads = accumulate(weights, part, grads)
        weights = weights - rate * grads / parts
    return weights

# %% tags=["mistake"] question="accumulate" says="The gradients are set to zero before every part, so only the last part of the batch counts."
def descend(accumulate, weights, parts, rate, steps):
    for _ in range(steps):
        for part in range(parts):
            grads = np.zeros_like(weights)
            grads = accumulate(weights, part, grads)
        weights = weights - rate * grads / parts
    return weights

# %% tags=["mistake"] question="accumulate" says="The parts have been added up; the mean asks for a division by how many there are."
def descend(accumulate, weights, parts, rate, steps):
    for _ in range(steps):
        grads = np.zeros_like(weights)
        for part in range(parts):
            grads = accumulate(weights, part, grads)
        weights = weights - rate * grads
    return weights

# %% tags=["mistake"] question="accumulate" says="The weights have moved after every part: all parts of a batch are swept at the same weights, then comes one step."
def descend(accumulate, weights, parts, rate, steps):
    for _ in range(steps):
        for part in range(parts):
            grads = np.zeros_like(weights)
            grads = accumulate(weights, part, grads)
            weights = weights - rate * grads / parts
    return weights

# %% tags=["mistake"] question="accumulate" says="The step goes uphill: a gradient points to where the loss grows."
def descend(accumulate, weights, parts, rate, steps):
    for _ in range(steps):
        grads = np.zeros_like(weights)
        for part in range(parts):
            grads = accumulate(weights, part, grads)
        weights = weights + rate * grads / parts
    return weights

# %% tags=["mistake"] question="accumulate" says="The first part has been left out: parts are numbered from 0."
def descend(accumulate, weights, parts, rate, steps):
    for _ in range(steps):
        grads = np.zeros_like(weights)
        for part in range(1, parts):
            grads = accumulate(weights, part, grads)
        weights = weights - rate * grads / parts
    return weights

# %% tags=["mistake"] question="accumulate" says="The weights of the caller have been moved: make new ones."
def descend(accumulate, weights, parts, rate, steps):
    for _ in range(steps):
        grads = np.zeros_like(weights)
        for part in range(parts):
            grads = accumulate(weights, part, grads)
        weights -= rate * grads / parts
    return weights

# %% tags=["mistake"] question="accumulate" says="The loop ends as soon as the gradient is short: asked for are as many steps as are named, and the rate may be large."
def descend(accumulate, weights, parts, rate, steps):
    for _ in range(steps):
        grads = np.zeros(weights.shape)
        for part in range(parts):
            grads = accumulate(weights, part, grads)
        if np.allclose(grads, 0):
            break
        weights = weights - rate * grads / parts
    return weights

# %% tags=["alternative"] question="accumulate" name="zeroing at the end of a step"
def descend(accumulate, weights, parts, rate, steps):
    grads = 0 * weights
    for _ in range(steps):
        for part in range(parts):
            grads = accumulate(weights, part, grads)
        weights = weights - rate / parts * grads
        grads = 0 * grads
    return weights

# %% tags=["alternative"] question="accumulate" name="the gradients of the parts in a list"
def descend(accumulate, weights, parts, rate, steps):
    for _ in range(steps):
        found = [accumulate(weights, part, np.zeros(weights.shape)) for part in range(parts)]
        weights = weights - rate * np.mean(found, axis=0)
    return weights

# %% [markdown]
# ## 1.7 Which slip is it?
#
# *Afterwards you can read a wrong gradient like a symptom.*
#
# Somebody's engine was tried on four formulas at $x = 3$. All values were right; these are the derivatives.
#
# | formula | their derivative |
# |---|---|
# | $5 \cdot x + 2$ | 5 |
# | $x \cdot x$ | 3 |
# | $x + x + x$ | 1 |
# | $(x + 1)^2$ | 8 |
#
# One of these was the cause. Which?
#
# 1. The gradient of the root is not set to 1 before the sweep.
# 2. The nodes are visited in the order in which they were computed, and not backwards.
# 3. A contribution to a gradient replaces what is there instead of being added.
# 4. The gradients have not been set to zero after an earlier sweep.
# 5. The two slopes of a product have changed places.

# %% nbgrader={"grade_id": "which-slip", "solution": true}
def which_slip():
    """The number of the sentence that explains all four derivatives, from 1 to 5."""
    ### BEGIN SOLUTION
    return 3
    ### END SOLUTION

# %% nbgrader={"grade_id": "which-slip-check", "grade": true, "points": 1}
check.answer(which_slip, points=1)

# %% tags=["mistake"] question="which-slip" says="Without the 1 at the root every derivative would be 0."
def which_slip():
    return 1

# %% tags=["mistake"] question="which-slip" says="In that order the inputs are visited first, before anything has arrived: then their derivatives would be 0 where more than one operation lies in between."
def which_slip():
    return 2

# %% tags=["mistake"] question="which-slip" says="Something left over from before makes a derivative too large by what it was; none of these is too large."
def which_slip():
    return 4

# %% tags=["mistake"] question="which-slip" says="With slopes that have changed places 5 x would have a wrong derivative, and x · x a right one."
def which_slip():
    return 5

# %% tags=["alternative"] question="which-slip" name="as a float"
def which_slip():
    return 3.0

# %% tags=["alternative"] question="which-slip" name="as an array"
def which_slip():
    return np.array(3)

# %% [markdown]
# # Part 2: arrays
#
# A graph of single numbers is exact and slow: one layer of a net is a hundred thousand nodes. So let a node be an *array*.
# The local slope of an array with respect to an array would be a Jacobian, far too large to write down, and nobody needs it:
# the sweep only ever multiplies it by the upstream gradient, the one that arrives at the result.
#
# So for every operation write its **vector–Jacobian product**: a function that gets $G$, the derivative of the loss with
# respect to the result (it has the shape of the result), and returns the derivative with respect to each input (in the shape
# of that input). To find it, write out one entry of the result, and ask which entries of the result one entry of the input
# reaches. The shapes check you on the way.
#
# The checks measure it with the loss $\sum_i G_i \, \mathrm{result}_i$, whose derivative with respect to the result is $G$.

# %% nbgrader={"grade_id": "array-cases", "locked": true}
def product_cases(rng):
    """Two matrices that can be multiplied, and a gradient of their product."""
    for n, d, m in ((2, 3, 4), (5, 2, 3), (1, 4, 2)):
        yield {"A": rng.standard_normal((n, d)), "B": rng.standard_normal((d, m)), "G": rng.standard_normal((n, m)),
               "case": f"({n}, {d}) times ({d}, {m})"}


def matmul_loss(A, B, G):
    return np.sum(G * (A @ B))


def reduced_cases(rng):
    """Arrays, and the axes along which they are summed or averaged: one, several, all; one as long as the other."""
    for shape, axis in (((3, 4), 0), ((3, 4), 1), ((3, 3), 1), ((2, 3, 4), 1), ((2, 3, 4), 2), ((2, 3, 4), (0, 2)),
                        ((2, 3, 4), (2, 0)), ((4, 2), None)):
        x = rng.standard_normal(shape)
        G = np.asarray(rng.standard_normal(np.sum(x, axis=axis).shape))
        yield {"G": G, "shape": shape, "axis": axis, "summed": x, "averaged": x, "case": f"shape {shape}, axis {axis}"}


def reduced_loss(G, axis, summed, averaged):
    return np.sum(G * np.sum(summed, axis=axis)) + np.sum(G * np.mean(averaged, axis=axis))


def broadcast_cases(rng):
    """Shapes that numpy stretches: missing axes, axes of length 1, both, and none; axes that are as long as others."""
    for small, large in (((4,), (3, 4)), ((3, 1), (3, 4)), ((1, 4), (3, 4)), ((), (2, 3)), ((3, 1), (2, 3, 4)),
                         ((2, 3), (2, 3)), ((1, 1), (1, 5)), ((3,), (3, 3)), ((3, 1), (3, 3))):
        yield {"G": rng.standard_normal(large), "shape": small, "x": rng.standard_normal(small),
               "case": f"{small} stretched to {large}"}


def broadcast_loss(G, x):
    return np.sum(G * np.broadcast_to(x, G.shape))


def reshaped_cases(rng):
    """Arrays in another shape."""
    for shape, new in (((3, 4), (2, 6)), ((2, 3, 4), (6, 4)), ((6,), (3, 2))):
        yield {"G": rng.standard_normal(new), "shape": shape, "x": rng.standard_normal(shape),
               "case": f"{shape} as {new}"}


def reshape_loss(G, x):
    return np.sum(G * np.reshape(x, G.shape))


def transposed_cases(rng):
    """Arrays with their axes in another order."""
    for shape, axes in (((3, 4), (1, 0)), ((2, 3, 4), (2, 0, 1)), ((2, 3, 4), (1, 2, 0)), ((2, 3, 4), (0, 2, 1)),
                        ((3, 2, 4, 5), (3, 0, 2, 1))):
        G = rng.standard_normal([shape[axis] for axis in axes])
        yield {"G": G, "axes": axes, "x": rng.standard_normal(shape), "case": f"{shape}, axes {axes}"}


def transpose_loss(G, axes, x):
    return np.sum(G * np.transpose(x, axes))


def indexed_cases(rng):
    """Rows picked out by number: some never, some several times; and single entries, one of each row, or one twice."""
    for shape, count in (((5, 3), 4), ((4, 2), 7), ((4, 3), 2)):
        index = rng.integers(0, shape[0] - 1, count)
        index[-1] = index[0]
        yield {"G": rng.standard_normal((count, shape[1])), "shape": shape, "index": index,
               "x": rng.standard_normal(shape), "case": f"{count} of {shape[0]} rows"}
    rows, columns = np.arange(4), rng.integers(0, 3, 4)
    yield {"G": rng.standard_normal(4), "shape": (4, 3), "index": (rows, columns), "x": rng.standard_normal((4, 3)),
           "case": "one entry of each row"}
    rows, columns = rng.integers(0, 4, 6), rng.integers(0, 3, 6)
    rows[-1], columns[-1] = rows[0], columns[0]
    yield {"G": rng.standard_normal(6), "shape": (4, 3), "index": (rows, columns), "x": rng.standard_normal((4, 3)),
           "case": "single entries, one of them twice"}


def index_loss(G, index, x):
    return np.sum(G * x[index])


def largest_cases(rng):
    """Arrays with no two entries alike, and the axis along which the largest is taken; in one, all are negative."""
    for shape, axis, least in (((3, 4), 0, -2), ((3, 4), 1, -5), ((2, 3, 4), 1, -2), ((2, 3, 4), 2, -2)):
        x = rng.permutation(np.arange(np.prod(shape)) * 0.4 + least).reshape(shape)
        yield {"G": rng.standard_normal(np.max(x, axis=axis).shape), "x": x, "axis": axis,
               "case": f"shape {shape}, axis {axis}"}


def max_loss(G, x, axis):
    return np.sum(G * np.max(x, axis=axis))


def soft_cases(rng):
    """The same, and numbers whose exponentials overflow."""
    yield from largest_cases(rng)
    spread = rng.permuted(np.tile([900.0, 0.0, -900.0, 30.0], (3, 1)), axis=1)
    far = np.array([[2000.0], [0.0], [-2000.0]]) + spread + rng.standard_normal((3, 4))
    yield {"G": rng.standard_normal(3), "x": far, "axis": 1, "case": "huge numbers"}


def logsumexp_loss(G, x, axis):
    return np.sum(G * np.logaddexp.reduce(x, axis=axis))


# %% [markdown]
# ## 2.1 A matrix product
#
# *Afterwards every dense layer there is can go backward.*
#
# $C = A B$. One entry $A_{ij}$ reaches one whole row of $C$; through which entries of $B$?
#
# Shapes: $A$ $(n, d)$, $B$ $(d, m)$, $G$ $(n, m)$ $\to$ $(n, d)$ and $(d, m)$.

# %% nbgrader={"grade_id": "matmul", "solution": true}
def matmul_vjp(A, B, G):
    """The derivatives of the loss with respect to the factors of a matrix product A @ B.

    A: (n, d), B: (d, m), G: (n, m), the derivative with respect to the product.
    Returns dA: (n, d) and dB: (d, m).
    """
    ### BEGIN SOLUTION
    return G @ B.T, A.T @ G
    ### END SOLUTION

# %% nbgrader={"grade_id": "matmul-check", "grade": true, "points": 2}
check.gradients(matmul_vjp, of=matmul_loss, wrt=("A", "B"), at=product_cases, points=2)

# %% tags=["mistake"] question="matmul" says="The two results have changed places: the first belongs to A and has its shape."
def matmul_vjp(A, B, G):
    return A.T @ G, G @ B.T

# %% tags=["mistake"] question="matmul" says="These are the gradients of the sum of all entries of the product: G, what each entry matters to the loss, is not used."
def matmul_vjp(A, B, G):
    return np.ones_like(G) @ B.T, A.T @ np.ones_like(G)

# %% tags=["mistake"] question="matmul" says="A gradient of a product holds the other factor, and here A's own entries have come in: they do not matter to how fast the product grows with A."
def matmul_vjp(A, B, G):
    return (G @ B.T) * A, A.T @ G

# %% tags=["mistake"] question="matmul" says="Only the sizes of B's rows have been used: entry k of a row of A meets row k of B, entry by entry, before anything is summed."
def matmul_vjp(A, B, G):
    return G.sum(axis=1, keepdims=True) * B.sum(axis=1), A.T @ G

# %% tags=["mistake"] question="matmul" says="This is the mean over the rows; a vector–Jacobian product only adds, a mean in the loss is in G already."
def matmul_vjp(A, B, G):
    return G @ B.T, A.T @ G / len(A)

# %% tags=["alternative"] question="matmul" name="einsum"
def matmul_vjp(A, B, G):
    return np.einsum("nm,dm->nd", G, B), np.einsum("nd,nm->dm", A, G)

# %% tags=["alternative"] question="matmul" name="a sum of outer products"
def matmul_vjp(A, B, G):
    return (B @ G.T).T, sum(np.outer(a, g) for a, g in zip(A, G))

# %% [markdown]
# ## 2.2 Sums and means
#
# *Afterwards a loss may add up or average along any axes.*
#
# `np.sum(x, axis=axis)` and `np.mean(x, axis=axis)`. Every entry of $x$ reaches exactly one entry of the result. The axes
# that were summed away are missing in $G$: put them back, with length 1, before anything is stretched (`np.expand_dims`).
# `axis` is a number, a tuple of numbers, or None for all.
#
# Shapes: $G$ in the shape of the sum $\to$ two arrays of shape `shape`.

# %% nbgrader={"grade_id": "reductions", "solution": true}
def reduction_vjps(G, shape, axis):
    """The derivatives of the loss with respect to x, if the result is the sum of x along axis, and if it is the mean.

    G: the derivative with respect to the result; shape: of x, a tuple; axis: not negative, or a tuple of such, or None.
    Returns two arrays of that shape: for the sum, for the mean.
    """
    ### BEGIN SOLUTION
    axes = tuple(range(len(shape))) if axis is None else axis
    summed = np.broadcast_to(np.expand_dims(G, axes), shape).copy()
    return summed, summed * np.size(G) / np.prod(shape)
    ### END SOLUTION

# %% nbgrader={"grade_id": "reductions-check", "grade": true, "points": 2}
check.gradients(reduction_vjps, of=reduced_loss, wrt=("summed", "averaged"), at=reduced_cases, points=2)

# %% tags=["mistake"] question="reductions" says="A mean divides by how many were averaged: each of them moves it by that much less."
def reduction_vjps(G, shape, axis):
    axes = tuple(range(len(shape))) if axis is None else axis
    summed = np.broadcast_to(np.expand_dims(G, axes), shape).copy()
    return summed, summed.copy()

# %% tags=["mistake"] question="reductions" says="Divided by all entries of x: a mean along one axis averages only as many as that axis is long."
def reduction_vjps(G, shape, axis):
    axes = tuple(range(len(shape))) if axis is None else axis
    summed = np.broadcast_to(np.expand_dims(G, axes), shape).copy()
    return summed, summed / np.prod(shape)

# %% tags=["mistake"] question="reductions" says="Divided by how many results there are; a mean divides by how many entries each of them was made of."
def reduction_vjps(G, shape, axis):
    axes = tuple(range(len(shape))) if axis is None else axis
    summed = np.broadcast_to(np.expand_dims(G, axes), shape).copy()
    return summed, summed / np.size(G)

# %% tags=["mistake"] question="reductions" says="The sum does not divide by anything: a step of one entry is a step of the sum."
def reduction_vjps(G, shape, axis):
    axes = tuple(range(len(shape))) if axis is None else axis
    summed = np.broadcast_to(np.expand_dims(G, axes), shape).copy()
    mean = summed * np.size(G) / np.prod(shape)
    return mean, mean.copy()

# %% tags=["mistake"] question="reductions" says="Every entry has got the total of G: each reaches one result only, and gets the gradient of that one."
def reduction_vjps(G, shape, axis):
    total = np.full(shape, np.sum(G))
    return total, total * np.size(G) / np.prod(shape)

# %% tags=["mistake"] question="reductions" says="The axes have been put back in the order in which they are named: the smallest comes first, or the others end up in other places."
def reduction_vjps(G, shape, axis):
    axes = range(len(shape)) if axis is None else (axis,) if np.ndim(axis) == 0 else axis
    for one in axes:
        G = np.expand_dims(G, one)
    summed = np.broadcast_to(G, shape).copy()
    return summed, summed * np.size(G) / np.prod(shape)

# %% tags=["mistake"] question="reductions" says="An axis may also be the third: put it back where its number says, and not always in front or in second place."
def reduction_vjps(G, shape, axis):
    if np.ndim(axis) == 0 and axis is not None:
        G = G[None] if axis == 0 else G[:, None]
    elif axis is not None:
        G = np.expand_dims(G, axis)
    summed = np.broadcast_to(G, shape).copy()
    return summed, summed * np.size(G) / np.prod(shape)

# %% tags=["alternative"] question="reductions" name="stretched by ones"
def reduction_vjps(G, shape, axis):
    axes = tuple(range(len(shape))) if axis is None else axis
    ones = np.ones(shape)
    return ones * np.expand_dims(G, axes), ones * np.expand_dims(G, axes) / (ones.sum() / np.size(G))

# %% tags=["alternative"] question="reductions" name="through the shape with keepdims"
def reduction_vjps(G, shape, axis):
    small = np.sum(np.empty(shape), axis=axis, keepdims=True).shape
    summed = np.reshape(G, small) + np.zeros(shape)
    return [summed, summed / np.sum(np.ones(shape), axis=axis).flat[0]]

# %% [markdown]
# ## 2.3 Undoing a broadcast
#
# *Afterwards a bias, added to every row, gets the gradient it deserves.*
#
# In `H + b` numpy stretches `b`, as if it were written out once for each row. It puts axes that are missing **in front**,
# and repeats axes of length 1. So one entry of `b` is *used many times*, and you know from 1.4 what follows. Bring $G$, which
# has the shape of the result, back to the shape that was stretched.
#
# Shapes: $G$ of the large shape $\to$ an array of the small one.

# %% nbgrader={"grade_id": "unbroadcast", "solution": true}
def unbroadcast(G, shape):
    """The derivative with respect to an array of this shape that was stretched to the shape of G.

    G: the derivative with respect to the stretched array; shape: a tuple.
    Returns an array of that shape.
    """
    ### BEGIN SOLUTION
    G = G.sum(axis=tuple(range(G.ndim - len(shape))))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1)
    return G.sum(axis=stretched, keepdims=True)
    ### END SOLUTION

# %% nbgrader={"grade_id": "unbroadcast-check", "grade": true, "points": 2}
check.gradients(unbroadcast, of=broadcast_loss, wrt="x", at=broadcast_cases, points=2, by="case")

# %% tags=["mistake"] question="unbroadcast" says="An entry that was used many times gets the sum of what arrives at its copies, not the mean."
def unbroadcast(G, shape):
    G = G.mean(axis=tuple(range(G.ndim - len(shape))))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1)
    return G.mean(axis=stretched, keepdims=True)

# %% tags=["mistake"] question="unbroadcast" says="One copy of many has been taken: all copies are the same entry, and what arrives at them adds up."
def unbroadcast(G, shape):
    while G.ndim > len(shape):
        G = G[0]
    for i, n in enumerate(shape):
        G = G.take([0], axis=i) if n == 1 else G
    return G

# %% tags=["mistake"] question="unbroadcast" says="Axes that were missing have been summed, axes of length 1 have not: these were stretched as well."
def unbroadcast(G, shape):
    return G.sum(axis=tuple(range(G.ndim - len(shape))))

# %% tags=["mistake"] question="unbroadcast" says="Axes of length 1 have been summed away: they were there before and stay, with length 1."
def unbroadcast(G, shape):
    G = G.sum(axis=tuple(range(G.ndim - len(shape))))
    return G.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1))

# %% tags=["mistake"] question="unbroadcast" says="Missing axes have been looked for at the end; numpy puts them in front."
def unbroadcast(G, shape):
    G = G.sum(axis=tuple(range(len(shape), G.ndim)))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1)
    return G.sum(axis=stretched, keepdims=True)

# %% tags=["alternative"] question="unbroadcast" name="axis by axis"
def unbroadcast(G, shape):
    while np.ndim(G) > len(shape):
        G = np.sum(G, axis=0)
    for i, n in enumerate(shape):
        if n == 1:
            G = np.sum(G, axis=i, keepdims=True)
    return G

# %% tags=["alternative"] question="unbroadcast" name="in one sum, then a reshape"
def unbroadcast(G, shape):
    padded = (1,) * (G.ndim - len(shape)) + tuple(shape)
    return G.sum(axis=tuple(i for i, n in enumerate(padded) if n == 1)).reshape(shape)

# %% [markdown]
# ## 2.4 The same numbers elsewhere
#
# *Afterwards an array may be reshaped and turned on its way to the loss.*
#
# `np.reshape(x, new)` and `np.transpose(x, axes)` compute nothing: every entry of $x$ is one entry of the result, in another
# place. So its gradient is that entry's of $G$, and all there is to do is to carry it back. `np.transpose(x, axes)` makes axis
# `axes[i]` of $x$ the axis $i$ of the result. For three axes, turning a second time by the same `axes` does not undo it.
#
# Shapes: $G$ in the shape of the result $\to$ an array in the shape of $x$.

# %% nbgrader={"grade_id": "rearranged", "solution": true}
def reshape_vjp(G, shape):
    """The derivative with respect to x of the given shape, if the result was x in the shape of G. Returns dx."""
    ### BEGIN SOLUTION
    return np.reshape(G, shape)
    ### END SOLUTION


def transpose_vjp(G, axes):
    """The derivative with respect to x, if the result was np.transpose(x, axes), of the shape of G. Returns dx."""
    ### BEGIN SOLUTION
    return np.transpose(G, np.argsort(axes))
    ### END SOLUTION

# %% nbgrader={"grade_id": "reshape-check", "grade": true, "points": 1}
check.gradients(reshape_vjp, of=reshape_loss, wrt="x", at=reshaped_cases, points=1)

# %% nbgrader={"grade_id": "transpose-check", "grade": true, "points": 1}
check.gradients(transpose_vjp, of=transpose_loss, wrt="x", at=transposed_cases, points=1)

# %% tags=["mistake"] question="rearranged" says="The axes have been turned once more in the same direction. That undoes a swap of two, not a round of three: ask where each axis has gone."
def reshape_vjp(G, shape):
    return np.reshape(G, shape)


def transpose_vjp(G, axes):
    return np.transpose(G, axes)

# %% tags=["mistake"] question="rearranged" says="All axes have been turned round. That undoes a plain transposition only; the axes say what was done."
def reshape_vjp(G, shape):
    return np.reshape(G, shape)


def transpose_vjp(G, axes):
    return G.T

# %% tags=["mistake"] question="rearranged" says="Column by column the numbers come back in other places: read them in the order in which reshape wrote them."
def reshape_vjp(G, shape):
    return np.reshape(G, shape, order='F')


def transpose_vjp(G, axes):
    return np.transpose(G, np.argsort(axes))

# %% tags=["mistake"] question="rearranged" says="The last axes have been put in a sorted order that belongs to the sizes, not to the axes: an axis is recognised by its number."
def reshape_vjp(G, shape):
    return np.reshape(G, shape)


def transpose_vjp(G, axes):
    return np.transpose(G, np.argsort(G.shape))

# %% tags=["mistake"] question="rearranged" says="To turn three axes twice more undoes it only if all three have changed places in a ring; ask of each axis where it has gone."
def reshape_vjp(G, shape):
    return G.reshape(shape)


def transpose_vjp(G, axes):
    return G.T if len(axes) == 2 else np.transpose(np.transpose(G, axes), axes)

# %% tags=["alternative"] question="rearranged" name="each axis back to its place"
def reshape_vjp(G, shape):
    return G.reshape(shape)


def transpose_vjp(G, axes):
    return np.moveaxis(G, range(G.ndim), axes)

# %% tags=["alternative"] question="rearranged" name="by index"
def reshape_vjp(G, shape):
    return np.array(G.ravel().tolist()).reshape(shape)


def transpose_vjp(G, axes):
    return np.transpose(G, [list(axes).index(i) for i in range(len(axes))])

# %% [markdown]
# ## 2.5 Picked out by index
#
# *Afterwards a loss can look at the score of the true class, and a net can look words up in a table.*
#
# The result is `x[index]`: rows of $x$ picked out by number, or single entries picked out by two lists. An entry that was
# never picked does not reach the loss. One that was picked several times is used several times. This is the backward
# pass of a table of word vectors, too: it is called *scatter-add*. (Beware: `dx[index] += G` adds once where an index
# occurs twice. Look at `np.add.at`.)
#
# Shapes: $G$ in the shape of `x[index]` $\to$ an array of shape `shape`.

# %% nbgrader={"grade_id": "indexing", "solution": true}
def index_vjp(G, shape, index):
    """The derivative with respect to x of the given shape, if the result was x[index], of the shape of G.

    index: an array of row numbers, or a tuple of two such arrays, row and column numbers.
    """
    ### BEGIN SOLUTION
    dx = np.zeros(shape)
    np.add.at(dx, index, G)
    return dx
    ### END SOLUTION

# %% nbgrader={"grade_id": "indexing-check", "grade": true, "points": 2}
check.gradients(index_vjp, of=index_loss, wrt="x", at=indexed_cases, points=2)

# %% tags=["mistake"] question="indexing" says="Where a number occurs twice in the index, only its last use has counted: numpy's = and += with an index write each place once."
def index_vjp(G, shape, index):
    dx = np.zeros(shape)
    dx[index] += G
    return dx

# %% tags=["mistake"] question="indexing" says="Entries that were not picked have got something: they do not reach the loss, and their gradient is 0."
def index_vjp(G, shape, index):
    dx = np.ones(shape)
    np.add.at(dx, index, G)
    return dx

# %% tags=["mistake"] question="indexing" says="What arrives at the copies of an entry has been averaged: it adds up."
def index_vjp(G, shape, index):
    dx, uses = np.zeros(shape), np.zeros(shape)
    np.add.at(dx, index, G)
    np.add.at(uses, index, 1.0)
    return dx / np.maximum(uses, 1)

# %% tags=["mistake"] question="indexing" says="How often each entry was picked has been counted; what matters is the gradient that arrives there."
def index_vjp(G, shape, index):
    dx = np.zeros(shape)
    np.add.at(dx, index, 1.0)
    return dx

# %% tags=["mistake"] question="indexing" says="The contributions are subtracted instead of added."
def index_vjp(G, shape, index):
    dx = np.zeros(shape)
    np.subtract.at(dx, index, G)
    return dx

# %% tags=["mistake"] question="indexing" says="Where single entries are picked, what arrives has not been added up: one that was picked twice is used twice, as a row is."
def index_vjp(G, shape, index):
    dx = np.zeros(shape)
    if isinstance(index, tuple):
        dx[index] = G
    else:
        np.add.at(dx, index, G)
    return dx

# %% tags=["mistake"] question="indexing" says="That an index has two parts does not make it rows and columns: two row numbers have two as well. A tuple says it."
def index_vjp(G, shape, index):
    dx = np.zeros(shape)
    np.add.at(dx, tuple(index) if len(index) == 2 else index, G)
    return dx

# %% tags=["alternative"] question="indexing" name="in a loop"
def index_vjp(G, shape, index):
    dx = np.zeros(shape)
    places = zip(*index) if isinstance(index, tuple) else index
    for place, g in zip(places, G):
        dx[place] += g
    return dx

# %% tags=["alternative"] question="indexing" name="as a product with a matrix of zeros and ones"
def index_vjp(G, shape, index):
    numbers = np.arange(np.prod(shape)).reshape(shape)[index].ravel()
    picked = np.eye(int(np.prod(shape)))[numbers]
    return (np.ravel(G) @ picked).reshape(shape)

# %% [markdown]
# ## 2.6 The largest
#
# *Afterwards a gradient finds its way through a choice.*
#
# `np.max(x, axis=axis)`. A small step of an entry that is not the largest changes nothing at all. (Where several are the
# largest, any way to share $G$ among them is a subgradient. The check has no such case.)
#
# Shapes: $x$, and $G$ without the axis $\to$ an array in the shape of $x$.

# %% nbgrader={"grade_id": "largest", "solution": true}
def max_vjp(G, x, axis):
    """The derivative with respect to x, if the result was np.max(x, axis=axis), in the shape of G. Returns dx."""
    ### BEGIN SOLUTION
    return np.expand_dims(G, axis) * (x == np.max(x, axis=axis, keepdims=True))
    ### END SOLUTION

# %% nbgrader={"grade_id": "largest-check", "grade": true, "points": 1}
check.gradients(max_vjp, of=max_loss, wrt="x", at=largest_cases, points=1)

# %% tags=["mistake"] question="largest" says="Every entry has got the gradient: only the largest reaches the result, all others could move without being noticed."
def max_vjp(G, x, axis):
    return np.expand_dims(G, axis) * np.ones(x.shape)

# %% tags=["mistake"] question="largest" says="There is one largest entry along the axis for each of the others, not one in the whole array."
def max_vjp(G, x, axis):
    return np.expand_dims(G, axis) * (x == np.max(x))

# %% tags=["mistake"] question="largest" says="The largest number itself has come in: the result moves exactly as fast as the entry does."
def max_vjp(G, x, axis):
    return np.expand_dims(G, axis) * x * (x == np.max(x, axis=axis, keepdims=True))

# %% tags=["mistake"] question="largest" says="The largest entry passes on its gradient whatever its sign: this is no ReLU."
def max_vjp(G, x, axis):
    return np.expand_dims(G, axis) * ((x == np.max(x, axis=axis, keepdims=True)) & (x > 0))

# %% tags=["mistake"] question="largest" says="This marks the smallest entries."
def max_vjp(G, x, axis):
    return np.expand_dims(G, axis) * (x == np.min(x, axis=axis, keepdims=True))

# %% tags=["mistake"] question="largest" says="An axis may also be the third: put it back where its number says, and not always in front or in second place."
def max_vjp(G, x, axis):
    largest = x.max(axis=axis)
    if axis == 0:
        return (x == largest[None]) * G[None]
    return (x == largest[:, None]) * G[:, None]

# %% tags=["alternative"] question="largest" name="argmax"
def max_vjp(G, x, axis):
    dx = np.zeros(x.shape)
    np.put_along_axis(dx, np.expand_dims(np.argmax(x, axis=axis), axis), np.expand_dims(G, axis), axis)
    return dx

# %% tags=["alternative"] question="largest" name="where"
def max_vjp(G, x, axis):
    return np.where(x < x.max(axis=axis, keepdims=True), 0, np.expand_dims(G, axis))

# %% [markdown]
# ## 2.7 The log of a sum of exponentials
#
# *Afterwards you have the gradient of every classification loss, without a special case for the softmax.*
#
# $$\mathrm{lse}(x) = \log \sum_j e^{x_j}$$
#
# along one axis: a soft version of the largest entry. Differentiate it on paper, and recognise what comes out. Then write it such
# that nothing overflows for entries in the thousands: what could be subtracted from all entries without a change of the
# derivative?
#
# Shapes: $x$, and $G$ without the axis $\to$ an array in the shape of $x$.

# %% nbgrader={"grade_id": "logsumexp", "solution": true}
def logsumexp_vjp(G, x, axis):
    """The derivative with respect to x, if the result was log(sum(exp(x))) along the axis. Returns dx."""
    ### BEGIN SOLUTION
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return np.expand_dims(G, axis) * e / np.sum(e, axis=axis, keepdims=True)
    ### END SOLUTION

# %% nbgrader={"grade_id": "logsumexp-check", "grade": true, "points": 2}
check.gradients(logsumexp_vjp, of=logsumexp_loss, wrt="x", at=soft_cases, points=2, by="case")

# %% tags=["mistake"] question="logsumexp" says="The exponential of a large number overflows: subtract the largest entry along the axis first."
def logsumexp_vjp(G, x, axis):
    e = np.exp(x)
    return np.expand_dims(G, axis) * e / np.sum(e, axis=axis, keepdims=True)

# %% tags=["mistake"] question="logsumexp" says="The logarithm has been forgotten: its slope is one over the sum, and that makes fractions of the exponentials."
def logsumexp_vjp(G, x, axis):
    return np.expand_dims(G, axis) * np.exp(x)

# %% tags=["mistake"] question="logsumexp" says="The exponentials have been summed over the whole array: each result has a sum of its own."
def logsumexp_vjp(G, x, axis):
    e = np.exp(x - np.max(x))
    return np.expand_dims(G, axis) * e / np.sum(e)

# %% tags=["mistake"] question="logsumexp" says="This is the derivative of the largest entry, which the log of a sum of exponentials only resembles: the others reach it too, a little."
def logsumexp_vjp(G, x, axis):
    return np.expand_dims(G, axis) * (x == np.max(x, axis=axis, keepdims=True))

# %% tags=["mistake"] question="logsumexp" says="One largest entry for the whole array is not enough: where all entries of a row lie far below it, the sum becomes 0. Every row has its own."
def logsumexp_vjp(G, x, axis):
    e = np.exp(x - np.max(x))
    return np.expand_dims(G, axis) * e / np.sum(e, axis=axis, keepdims=True)

# %% tags=["mistake"] question="logsumexp" says="An axis may also be the third: put it back where its number says, and not always in front or in second place."
def logsumexp_vjp(G, x, axis):
    E = np.exp(x - x.max(axis=axis, keepdims=True))
    if axis == 0:
        return G[None] * E / E.sum(axis=0)[None]
    return G[:, None] * E / E.sum(axis=1)[:, None]

# %% tags=["alternative"] question="logsumexp" name="from the value"
def logsumexp_vjp(G, x, axis):
    return np.expand_dims(G, axis) * np.exp(x - np.expand_dims(np.logaddexp.reduce(x, axis=axis), axis))

# %% tags=["alternative"] question="logsumexp" name="scipy's softmax"
def logsumexp_vjp(G, x, axis):
    from scipy.special import softmax
    
    return softmax(x, axis=axis) * np.expand_dims(G, axis)

# %% [markdown]
# ## 2.8 The net of problem set 4, as one expression
#
# *Afterwards you change a net by changing its formula, and never write its backward pass again.*
#
# The next cell puts your pieces together. A `Tensor` is a `Value` whose number is an array, and whose local slopes are your
# vector–Jacobian products; `gradients_of` puts the graph in your order and sweeps through it. Read it: there is nothing in
# it that you have not written.
#
# Now write the mean loss of the net of problem set 4 with it, without a penalty, and call it `loss`: the function's last line
# takes the gradients of it. The net has one hidden ReLU layer, and the loss of a sample is the log of the sum of the
# exponentials of its scores, minus the score of its class. A column is a sample, as it was there; a bias has to become a
# column before it is added. You have `+`, `-`, `*`, `@`, `x[index]`, `.relu()`, `.sum(axis)`,
# `.mean(axis)`, `.max(axis)`, `.logsumexp(axis)`, `.reshape(shape)` and `.transpose(axes)`. (Here mistakes of earlier questions count
# again: it is your engine that computes.)
#
# Shapes: as in problem set 4 $\to$ a derivative in the shape of each weight and bias.

# %% nbgrader={"grade_id": "tensor-cases", "locked": true}
class Tensor:
    """An array that remembers how it was computed.

    data: the array; parents: Tensors; vjp: from the derivative with respect to this to those with respect to the parents.
    """

    def __init__(self, data, parents=(), vjp=None):
        self.data, self.parents, self.vjp = np.asarray(data, float), parents, vjp

    def __add__(self, other):
        other = other if isinstance(other, Tensor) else Tensor(other)
        return Tensor(self.data + other.data, (self, other), lambda G: (
            unbroadcast(G, self.data.shape), unbroadcast(G, other.data.shape)))

    def __mul__(self, other):
        other = other if isinstance(other, Tensor) else Tensor(other)
        return Tensor(self.data * other.data, (self, other), lambda G: (
            unbroadcast(G * other.data, self.data.shape), unbroadcast(G * self.data, other.data.shape)))

    def __sub__(self, other):
        return self + other * -1.0

    def __matmul__(self, other):
        other = other if isinstance(other, Tensor) else Tensor(other)
        return Tensor(self.data @ other.data, (self, other), lambda G: matmul_vjp(self.data, other.data, G))

    def __getitem__(self, index):
        return Tensor(self.data[index], (self,), lambda G: (index_vjp(G, self.data.shape, index),))

    def relu(self):
        return Tensor(np.maximum(self.data, 0), (self,), lambda G: (G * (self.data > 0),))

    def sum(self, axis=None):
        return Tensor(self.data.sum(axis), (self,), lambda G: (reduction_vjps(G, self.data.shape, axis)[0],))

    def mean(self, axis=None):
        return Tensor(self.data.mean(axis), (self,), lambda G: (reduction_vjps(G, self.data.shape, axis)[1],))

    def max(self, axis):
        return Tensor(self.data.max(axis), (self,), lambda G: (max_vjp(G, self.data, axis),))

    def logsumexp(self, axis):
        return Tensor(np.logaddexp.reduce(self.data, axis), (self,), lambda G: (logsumexp_vjp(G, self.data, axis),))

    def reshape(self, shape):
        return Tensor(self.data.reshape(shape), (self,), lambda G: (reshape_vjp(G, self.data.shape),))

    def transpose(self, axes):
        return Tensor(self.data.transpose(axes), (self,), lambda G: (transpose_vjp(G, axes),))


def gradients_of(loss, leaves):
    """The derivatives of a loss, a Tensor of one number, with respect to the leaves: arrays."""
    nodes, waiting = {}, [loss]
    while waiting:
        node = waiting.pop()
        if id(node) not in nodes:
            nodes[id(node)] = node
            waiting.extend(node.parents)
    number = {key: i for i, key in enumerate(nodes)}
    found = list(nodes.values())
    parents = [tuple(number[id(parent)] for parent in node.parents) for node in found]
    grads = {number[id(loss)]: np.ones(loss.data.shape)}
    for i in reversed(topological_order(parents, number[id(loss)])):
        if found[i].vjp is not None:
            for parent, grad in zip(parents[i], found[i].vjp(grads[i])):
                grads[parent] = grads.get(parent, 0) + grad
    return [grads[number[id(leaf)]] if id(leaf) in number else np.zeros(leaf.data.shape) for leaf in leaves]


def net_cases(rng):
    """A net and a minibatch, a column a sample; one case has one sample, one as many as units, one has huge scores.

    The net with one sample has small weights: where it is nearly certain, differences of its loss are round-off.
    """
    for d, d_h, m, K, scale in ((4, 5, 3, 6, 1.0), (3, 4, 2, 1, 0.5), (2, 4, 4, 4, 1.0), (2, 6, 4, 5, 30.0)):
        yield {"W1": rng.standard_normal((d_h, d)), "b1": rng.standard_normal(d_h),
               "W2": scale * rng.standard_normal((m, d_h)), "b2": rng.standard_normal(m),
               "X": rng.standard_normal((d, K)), "y": rng.permutation(np.arange(K) % m),
               "case": f"d = {d}, d_h = {d_h}, m = {m}, K = {K}"}


def net_loss(W1, b1, W2, b2, X, y):
    """The mean loss of a minibatch: one number."""
    hidden = np.maximum(W1 @ X + b1[:, None], 0)
    scores = W2 @ hidden + b2[:, None]
    return np.mean(np.logaddexp.reduce(scores, axis=0) - scores[y, np.arange(len(y))])


# %% nbgrader={"grade_id": "net-expression", "solution": true}
def net_gradients(W1, b1, W2, b2, X, y):
    """The derivatives of the mean loss of a net with respect to its weights and biases, by the graph.

    W1: (d_h, d), b1: (d_h,), W2: (m, d_h), b2: (m,), X: (d, K), a column is a sample; y: (K,), integers.
    Returns dW1, db1, dW2, db2, each in the shape of its parameter.
    """
    W1, b1, W2, b2 = leaves = [Tensor(weight) for weight in (W1, b1, W2, b2)]
    ### BEGIN SOLUTION
    hidden = (W1 @ Tensor(X) + b1.reshape((-1, 1))).relu()
    scores = W2 @ hidden + b2.reshape((-1, 1))
    loss = (scores.logsumexp(0) - scores[y, np.arange(len(y))]).mean()
    ### END SOLUTION
    return gradients_of(loss, leaves)

# %% nbgrader={"grade_id": "net-expression-check", "grade": true, "points": 3}
check.gradients(net_gradients, of=net_loss, wrt=("W1", "b1", "W2", "b2"), at=net_cases, points=3)

# %% tags=["mistake"] question="net-expression" says="The loss is the mean over the minibatch; here it is the sum."
def net_gradients(W1, b1, W2, b2, X, y):
    W1, b1, W2, b2 = leaves = [Tensor(weight) for weight in (W1, b1, W2, b2)]
    hidden = (W1 @ Tensor(X) + b1.reshape((-1, 1))).relu()
    scores = W2 @ hidden + b2.reshape((-1, 1))
    loss = (scores.logsumexp(0) - scores[y, np.arange(len(y))]).sum()
    return gradients_of(loss, leaves)

# %% tags=["mistake"] question="net-expression" says="The relu is missing: without it the two layers are one linear map."
def net_gradients(W1, b1, W2, b2, X, y):
    W1, b1, W2, b2 = leaves = [Tensor(weight) for weight in (W1, b1, W2, b2)]
    hidden = (W1 @ Tensor(X) + b1.reshape((-1, 1)))
    scores = W2 @ hidden + b2.reshape((-1, 1))
    loss = (scores.logsumexp(0) - scores[y, np.arange(len(y))]).mean()
    return gradients_of(loss, leaves)

# %% tags=["mistake"] question="net-expression" says="The scores go into the loss as they are: a relu before it makes all negative ones alike."
def net_gradients(W1, b1, W2, b2, X, y):
    W1, b1, W2, b2 = leaves = [Tensor(weight) for weight in (W1, b1, W2, b2)]
    hidden = (W1 @ Tensor(X) + b1.reshape((-1, 1))).relu()
    scores = (W2 @ hidden + b2.reshape((-1, 1))).relu()
    loss = (scores.logsumexp(0) - scores[y, np.arange(len(y))]).mean()
    return gradients_of(loss, leaves)

# %% tags=["mistake"] question="net-expression" says="The score of the true class has been forgotten: then the loss is lowest when all scores are."
def net_gradients(W1, b1, W2, b2, X, y):
    W1, b1, W2, b2 = leaves = [Tensor(weight) for weight in (W1, b1, W2, b2)]
    hidden = (W1 @ Tensor(X) + b1.reshape((-1, 1))).relu()
    scores = W2 @ hidden + b2.reshape((-1, 1))
    loss = scores.logsumexp(0).mean()
    return gradients_of(loss, leaves)

# %% tags=["mistake"] question="net-expression" says="A bias has been left out: the other parameters then have the gradients of another net, and it has none."
def net_gradients(W1, b1, W2, b2, X, y):
    W1, b1, W2, b2 = leaves = [Tensor(weight) for weight in (W1, b1, W2, b2)]
    hidden = (W1 @ Tensor(X)).relu()
    scores = W2 @ hidden + b2.reshape((-1, 1))
    loss = (scores.logsumexp(0) - scores[y, np.arange(len(y))]).mean()
    return gradients_of(loss, leaves)

# %% tags=["mistake"] question="net-expression" says="The graph has been cut: the hidden layer went in as a plain array, and nothing below it gets a gradient."
def net_gradients(W1, b1, W2, b2, X, y):
    W1, b1, W2, b2 = leaves = [Tensor(weight) for weight in (W1, b1, W2, b2)]
    hidden = (W1 @ Tensor(X) + b1.reshape((-1, 1))).relu()
    scores = W2 @ Tensor(hidden.data) + b2.reshape((-1, 1))
    loss = (scores.logsumexp(0) - scores[y, np.arange(len(y))]).mean()
    return gradients_of(loss, leaves)

# %% tags=["mistake"] question="net-expression" says="The sign is turned round: the loss is small when the true class has a high score."
def net_gradients(W1, b1, W2, b2, X, y):
    W1, b1, W2, b2 = leaves = [Tensor(weight) for weight in (W1, b1, W2, b2)]
    hidden = (W1 @ Tensor(X) + b1.reshape((-1, 1))).relu()
    scores = W2 @ hidden + b2.reshape((-1, 1))
    loss = (scores[y, np.arange(len(y))] - scores.logsumexp(0)).mean()
    return gradients_of(loss, leaves)

# %% tags=["alternative"] question="net-expression" name="a row a sample"
def net_gradients(W1, b1, W2, b2, X, y):
    W1, b1, W2, b2 = leaves = [Tensor(weight) for weight in (W1, b1, W2, b2)]
    hidden = (Tensor(X.T) @ W1.transpose((1, 0)) + b1).relu()
    scores = hidden @ W2.transpose((1, 0)) + b2
    loss = (scores.logsumexp(1) - scores[np.arange(len(y)), y]).sum() * (1 / len(y))
    return gradients_of(loss, leaves)

# %% tags=["alternative"] question="net-expression" name="one-hot labels, and the largest score taken off"
def net_gradients(W1, b1, W2, b2, X, y):
    W1, b1, W2, b2 = leaves = [Tensor(weight) for weight in (W1, b1, W2, b2)]
    hidden = (W1 @ Tensor(X) + b1.reshape((-1, 1))).relu()
    scores = W2 @ hidden + b2.reshape((-1, 1))
    scores = scores - scores.max(0)
    true = (scores * np.eye(W2.data.shape[0])[:, y]).sum(0)
    loss = scores.logsumexp(0).mean() - true.mean()
    return gradients_of(loss, leaves)

# %% [markdown]
# # Part 3: the other direction
#
# Derivatives can also travel forwards, with the values. Where does that pay?

# %% [markdown]
# ## 3.1 Numbers with a slope
#
# *Afterwards you differentiate a program while it runs, and no graph is kept.*
#
# Move the inputs along a line: $x(t) = x + t\,v$. A **dual number** holds a value and its slope, how fast it moves with $t$.
# Every operation computes both, the slope of its result from values and slopes of its inputs. Inputs start with the slopes
# $v$; the slope of the result is then the derivative *along* $v$, in one pass.
#
# Seven methods again; `other` may be a plain number, which does not move, and an exponent is a plain number.
#
# Shapes: numbers.

# %% nbgrader={"grade_id": "dual-cases", "locked": true}
def along_cases(rng):
    """Every formula, at a place and in a direction; t is measured from 0."""
    for name, function in FORMULAS.items():
        count = function.__code__.co_argcount
        direction = rng.choice([-1.0, 1.0], count) * rng.uniform(0.5, 1.5, count)
        yield {"name": name, "inputs": rng.uniform(0.3, 0.9, count) + 0.3 * rng.permutation(count),
               "direction": direction, "t": 0.0, "case": name}


def formula_along(name, inputs, direction, t):
    """The value of a formula at inputs + t · direction."""
    return FORMULAS[name](*(np.asarray(inputs) + t * np.asarray(direction)))


# %% nbgrader={"grade_id": "dual-class", "solution": true}
class Dual:
    """A number and its slope: how fast it moves."""

    def __init__(self, value, slope=0.0):
        self.value, self.slope = value, slope

    def __add__(self, other):
        """self + other; other may be a plain number, here and in __mul__."""
        ### BEGIN SOLUTION
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value + other.value, self.slope + other.slope)
        ### END SOLUTION

    def __mul__(self, other):
        ### BEGIN SOLUTION
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value * other.value, self.slope * other.value + self.value * other.slope)
        ### END SOLUTION

    def __pow__(self, exponent):
        """self ** exponent, a plain number."""
        ### BEGIN SOLUTION
        return Dual(self.value**exponent, exponent * self.value ** (exponent - 1) * self.slope)
        ### END SOLUTION

    def exp(self):
        ### BEGIN SOLUTION
        return Dual(np.exp(self.value), np.exp(self.value) * self.slope)
        ### END SOLUTION

    def log(self):
        ### BEGIN SOLUTION
        return Dual(np.log(self.value), self.slope / self.value)
        ### END SOLUTION

    def tanh(self):
        ### BEGIN SOLUTION
        result = np.tanh(self.value)
        return Dual(result, (1 - result**2) * self.slope)
        ### END SOLUTION

    def relu(self):
        ### BEGIN SOLUTION
        return Dual(max(self.value, 0.0), (self.value > 0) * self.slope)
        ### END SOLUTION

    # All else is made of these seven.
    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + other * -1

    def __rsub__(self, other):
        return self * -1 + other

    def __truediv__(self, other):
        return self * other**-1

    def __rtruediv__(self, other):
        return self**-1 * other


def slope_along(name, inputs, direction):
    """The derivative of a formula along a direction: one number. This function stays as it is."""
    return FORMULAS[name](*[Dual(x, v) for x, v in zip(inputs, direction)]).slope

# %% nbgrader={"grade_id": "dual-class-check", "grade": true, "points": 3}
check.gradients(slope_along, of=formula_along, wrt="t", at=along_cases, points=3, by="case")

# %% tags=["mistake"] question="dual-class" says="The slope of a product is not the product of the slopes: each factor moves while the other stands still, and both effects add up."
class Dual:
    def __init__(self, value, slope=0.0):
        self.value, self.slope = value, slope

    def __add__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value + other.value, self.slope + other.slope)

    def __mul__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value * other.value, self.slope * other.slope)

    def __pow__(self, exponent):
        return Dual(self.value**exponent, exponent * self.value ** (exponent - 1) * self.slope)

    def exp(self):
        return Dual(np.exp(self.value), np.exp(self.value) * self.slope)

    def log(self):
        return Dual(np.log(self.value), self.slope / self.value)

    def tanh(self):
        return Dual(np.tanh(self.value), (1 - np.tanh(self.value) ** 2) * self.slope)

    def relu(self):
        return Dual(max(self.value, 0.0), (self.value > 0) * self.slope)

    __radd__, __rmul__ = __add__, __mul__
    __neg__, __sub__ = lambda self: self * -1, lambda self, other: self + other * -1
    __rsub__, __truediv__ = lambda self, other: self * -1 + other, lambda self, other: self * other**-1
    __rtruediv__ = lambda self, other: self**-1 * other


def slope_along(name, inputs, direction):
    return FORMULAS[name](*[Dual(x, v) for x, v in zip(inputs, direction)]).slope

# %% tags=["mistake"] question="dual-class" says="A plain number has been given the slope 1: a constant does not move."
class Dual:
    def __init__(self, value, slope=0.0):
        self.value, self.slope = value, slope

    def __add__(self, other):
        other = other if isinstance(other, Dual) else Dual(other, 1.0)
        return Dual(self.value + other.value, self.slope + other.slope)

    def __mul__(self, other):
        other = other if isinstance(other, Dual) else Dual(other, 1.0)
        return Dual(self.value * other.value, self.slope * other.value + self.value * other.slope)

    def __pow__(self, exponent):
        return Dual(self.value**exponent, exponent * self.value ** (exponent - 1) * self.slope)

    def exp(self):
        return Dual(np.exp(self.value), np.exp(self.value) * self.slope)

    def log(self):
        return Dual(np.log(self.value), self.slope / self.value)

    def tanh(self):
        return Dual(np.tanh(self.value), (1 - np.tanh(self.value) ** 2) * self.slope)

    def relu(self):
        return Dual(max(self.value, 0.0), (self.value > 0) * self.slope)

    __radd__, __rmul__ = __add__, __mul__
    __neg__, __sub__ = lambda self: self * -1, lambda self, other: self + other * -1
    __rsub__, __truediv__ = lambda self, other: self * -1 + other, lambda self, other: self * other**-1
    __rtruediv__ = lambda self, other: self**-1 * other


def slope_along(name, inputs, direction):
    return FORMULAS[name](*[Dual(x, v) for x, v in zip(inputs, direction)]).slope

# %% tags=["mistake"] question="dual-class" says="The slope of the exponential's input has been dropped: it moves as fast as its result times the speed of its input."
class Dual:
    def __init__(self, value, slope=0.0):
        self.value, self.slope = value, slope

    def __add__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value + other.value, self.slope + other.slope)

    def __mul__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value * other.value, self.slope * other.value + self.value * other.slope)

    def __pow__(self, exponent):
        return Dual(self.value**exponent, exponent * self.value ** (exponent - 1) * self.slope)

    def exp(self):
        return Dual(np.exp(self.value), np.exp(self.value))

    def log(self):
        return Dual(np.log(self.value), self.slope / self.value)

    def tanh(self):
        return Dual(np.tanh(self.value), (1 - np.tanh(self.value) ** 2) * self.slope)

    def relu(self):
        return Dual(max(self.value, 0.0), (self.value > 0) * self.slope)

    __radd__, __rmul__ = __add__, __mul__
    __neg__, __sub__ = lambda self: self * -1, lambda self, other: self + other * -1
    __rsub__, __truediv__ = lambda self, other: self * -1 + other, lambda self, other: self * other**-1
    __rtruediv__ = lambda self, other: self**-1 * other


def slope_along(name, inputs, direction):
    return FORMULAS[name](*[Dual(x, v) for x, v in zip(inputs, direction)]).slope

# %% tags=["mistake"] question="dual-class" says="The exponent of the derivative of a power is one less."
class Dual:
    def __init__(self, value, slope=0.0):
        self.value, self.slope = value, slope

    def __add__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value + other.value, self.slope + other.slope)

    def __mul__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value * other.value, self.slope * other.value + self.value * other.slope)

    def __pow__(self, exponent):
        return Dual(self.value**exponent, exponent * self.value**exponent * self.slope)

    def exp(self):
        return Dual(np.exp(self.value), np.exp(self.value) * self.slope)

    def log(self):
        return Dual(np.log(self.value), self.slope / self.value)

    def tanh(self):
        return Dual(np.tanh(self.value), (1 - np.tanh(self.value) ** 2) * self.slope)

    def relu(self):
        return Dual(max(self.value, 0.0), (self.value > 0) * self.slope)

    __radd__, __rmul__ = __add__, __mul__
    __neg__, __sub__ = lambda self: self * -1, lambda self, other: self + other * -1
    __rsub__, __truediv__ = lambda self, other: self * -1 + other, lambda self, other: self * other**-1
    __rtruediv__ = lambda self, other: self**-1 * other


def slope_along(name, inputs, direction):
    return FORMULAS[name](*[Dual(x, v) for x, v in zip(inputs, direction)]).slope

# %% tags=["mistake"] question="dual-class" says="The second factor does not seem to move: in a product both may."
class Dual:
    def __init__(self, value, slope=0.0):
        self.value, self.slope = value, slope

    def __add__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value + other.value, self.slope + other.slope)

    def __mul__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value * other.value, self.slope * other.value)

    def __pow__(self, exponent):
        return Dual(self.value**exponent, exponent * self.value ** (exponent - 1) * self.slope)

    def exp(self):
        return Dual(np.exp(self.value), np.exp(self.value) * self.slope)

    def log(self):
        return Dual(np.log(self.value), self.slope / self.value)

    def tanh(self):
        return Dual(np.tanh(self.value), (1 - np.tanh(self.value) ** 2) * self.slope)

    def relu(self):
        return Dual(max(self.value, 0.0), (self.value > 0) * self.slope)

    __radd__, __rmul__ = __add__, __mul__
    __neg__, __sub__ = lambda self: self * -1, lambda self, other: self + other * -1
    __rsub__, __truediv__ = lambda self, other: self * -1 + other, lambda self, other: self * other**-1
    __rtruediv__ = lambda self, other: self**-1 * other


def slope_along(name, inputs, direction):
    return FORMULAS[name](*[Dual(x, v) for x, v in zip(inputs, direction)]).slope

# %% tags=["mistake"] question="dual-class" says="tanh has been applied to the slope: it is multiplied by the derivative at the value."
class Dual:
    def __init__(self, value, slope=0.0):
        self.value, self.slope = value, slope

    def __add__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value + other.value, self.slope + other.slope)

    def __mul__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value * other.value, self.slope * other.value + self.value * other.slope)

    def __pow__(self, exponent):
        return Dual(self.value**exponent, exponent * self.value ** (exponent - 1) * self.slope)

    def exp(self):
        return Dual(np.exp(self.value), np.exp(self.value) * self.slope)

    def log(self):
        return Dual(np.log(self.value), self.slope / self.value)

    def tanh(self):
        return Dual(np.tanh(self.value), np.tanh(self.slope))

    def relu(self):
        return Dual(max(self.value, 0.0), (self.value > 0) * self.slope)

    __radd__, __rmul__ = __add__, __mul__
    __neg__, __sub__ = lambda self: self * -1, lambda self, other: self + other * -1
    __rsub__, __truediv__ = lambda self, other: self * -1 + other, lambda self, other: self * other**-1
    __rtruediv__ = lambda self, other: self**-1 * other


def slope_along(name, inputs, direction):
    return FORMULAS[name](*[Dual(x, v) for x, v in zip(inputs, direction)]).slope

# %% tags=["mistake"] question="dual-class" says="A relu whose input is negative stands still, whatever its input does."
class Dual:
    def __init__(self, value, slope=0.0):
        self.value, self.slope = value, slope

    def __add__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value + other.value, self.slope + other.slope)

    def __mul__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value * other.value, self.slope * other.value + self.value * other.slope)

    def __pow__(self, exponent):
        return Dual(self.value**exponent, exponent * self.value ** (exponent - 1) * self.slope)

    def exp(self):
        return Dual(np.exp(self.value), np.exp(self.value) * self.slope)

    def log(self):
        return Dual(np.log(self.value), self.slope / self.value)

    def tanh(self):
        return Dual(np.tanh(self.value), (1 - np.tanh(self.value) ** 2) * self.slope)

    def relu(self):
        return Dual(max(self.value, 0.0), self.slope)

    __radd__, __rmul__ = __add__, __mul__
    __neg__, __sub__ = lambda self: self * -1, lambda self, other: self + other * -1
    __rsub__, __truediv__ = lambda self, other: self * -1 + other, lambda self, other: self * other**-1
    __rtruediv__ = lambda self, other: self**-1 * other


def slope_along(name, inputs, direction):
    return FORMULAS[name](*[Dual(x, v) for x, v in zip(inputs, direction)]).slope

# %% tags=["mistake"] question="dual-class" says="Slopes are not treated like values: a relu does not cut off a negative slope."
class Dual:
    def __init__(self, value, slope=0.0):
        self.value, self.slope = value, slope

    def __add__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value + other.value, self.slope + other.slope)

    def __mul__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value * other.value, self.slope * other.value + self.value * other.slope)

    def __pow__(self, exponent):
        return Dual(self.value**exponent, exponent * self.value ** (exponent - 1) * self.slope)

    def exp(self):
        return Dual(np.exp(self.value), np.exp(self.value) * self.slope)

    def log(self):
        return Dual(np.log(self.value), self.slope / self.value)

    def tanh(self):
        return Dual(np.tanh(self.value), (1 - np.tanh(self.value) ** 2) * self.slope)

    def relu(self):
        return Dual(max(self.value, 0.0), max(self.slope, 0.0))

    __radd__, __rmul__ = __add__, __mul__
    __neg__, __sub__ = lambda self: self * -1, lambda self, other: self + other * -1
    __rsub__, __truediv__ = lambda self, other: self * -1 + other, lambda self, other: self * other**-1
    __rtruediv__ = lambda self, other: self**-1 * other


def slope_along(name, inputs, direction):
    return FORMULAS[name](*[Dual(x, v) for x, v in zip(inputs, direction)]).slope

# %% tags=["mistake"] question="dual-class" says="A power is the exponential of a logarithm only where its base is positive: a negative number has powers too, 1 / x is one of them, but no logarithm."
class Dual:
    def __init__(self, value, slope=0.0):
        self.value, self.slope = value, slope

    def __add__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value + other.value, self.slope + other.slope)

    def __mul__(self, other):
        if not isinstance(other, Dual):
            return Dual(other * self.value, other * self.slope)
        return Dual(self.value * other.value, other.value * self.slope + other.slope * self.value)

    def __pow__(self, exponent):
        return (self.log() * exponent).exp()

    def exp(self):
        return Dual(np.exp(self.value), np.exp(self.value) * self.slope)

    def log(self):
        return Dual(np.log(self.value), self.slope / self.value)

    def tanh(self):
        return Dual(np.tanh(self.value), (1 - np.tanh(self.value) ** 2) * self.slope)

    def relu(self):
        return Dual(max(self.value, 0.0), (self.value > 0) * self.slope)

    __radd__, __rmul__ = __add__, __mul__
    __neg__, __sub__ = lambda self: self * -1, lambda self, other: self + other * -1
    __rsub__, __truediv__ = lambda self, other: self * -1 + other, lambda self, other: self * other**-1
    __rtruediv__ = lambda self, other: self**-1 * other


def slope_along(name, inputs, direction):
    return FORMULAS[name](*[Dual(x, v) for x, v in zip(inputs, direction)]).slope

# %% tags=["alternative"] question="dual-class" name="from the result, a tanh of exponentials"
class Dual:
    def __init__(self, value, slope=0.0):
        self.value, self.slope = value, slope

    def __add__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value + other.value, self.slope + other.slope)

    def __mul__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value * other.value, self.slope * other.value + self.value * other.slope)

    def __pow__(self, exponent):
        return Dual(self.value**exponent, exponent * self.value**exponent / self.value * self.slope)

    def exp(self):
        return Dual(np.exp(self.value), np.exp(self.value) * self.slope)

    def log(self):
        return Dual(np.log(self.value), self.slope / self.value)

    def tanh(self):
        e = (self * 2).exp()
        return (e - 1) / (e + 1)

    def relu(self):
        return Dual(max(self.value, 0.0), self.slope if self.value > 0 else 0.0)

    __radd__, __rmul__ = __add__, __mul__
    __neg__, __sub__ = lambda self: self * -1, lambda self, other: self + other * -1
    __rsub__, __truediv__ = lambda self, other: self * -1 + other, lambda self, other: self * other**-1
    __rtruediv__ = lambda self, other: self**-1 * other


def slope_along(name, inputs, direction):
    return FORMULAS[name](*[Dual(x, v) for x, v in zip(inputs, direction)]).slope

# %% tags=["alternative"] question="dual-class" name="a constant apart"
class Dual:
    def __init__(self, value, slope=0.0):
        self.value, self.slope = value, slope

    def __add__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value + other.value, self.slope + other.slope)

    def __mul__(self, other):
        if not isinstance(other, Dual):
            return Dual(other * self.value, other * self.slope)
        return Dual(self.value * other.value, other.value * self.slope + other.slope * self.value)

    def __pow__(self, exponent):
        return Dual(self.value**exponent, exponent * self.value ** (exponent - 1) * self.slope)

    def exp(self):
        return Dual(np.exp(self.value), np.exp(self.value) * self.slope)

    def log(self):
        return Dual(np.log(self.value), self.slope / self.value)

    def tanh(self):
        return Dual(np.tanh(self.value), (1 - np.tanh(self.value) ** 2) * self.slope)

    def relu(self):
        return Dual(max(self.value, 0.0), (self.value > 0) * self.slope)

    __radd__, __rmul__ = __add__, __mul__
    __neg__, __sub__ = lambda self: self * -1, lambda self, other: self + other * -1
    __rsub__, __truediv__ = lambda self, other: self * -1 + other, lambda self, other: self * other**-1
    __rtruediv__ = lambda self, other: self**-1 * other


def slope_along(name, inputs, direction):
    return FORMULAS[name](*[Dual(x, v) for x, v in zip(inputs, direction)]).slope

# %% [markdown]
# ## 3.2 A whole Jacobian
#
# *Afterwards you know what a Jacobian costs, and which way to go.*
#
# A function of $n$ numbers returns $m$; its Jacobian $J$ has the shape $(m, n)$. One pass forwards, `jvp(v)`, returns $Jv$, of
# $m$ numbers: the derivative along $v$. One pass backwards, `vjp(u)`, returns $u^\top J$, of $n$ numbers. Neither hands out $J$.
# Which vectors bring out its entries, and how many passes does that take? Go the way that takes fewer passes, forwards if
# it makes no difference, and say how many it took. (In the check the other way gives only NaN.)
#
# Shapes: two functions, two numbers $\to$ $(m, n)$ and a number.

# %% nbgrader={"grade_id": "jacobian-cases", "locked": true}
def pass_cases(rng):
    """A function by its passes: more inputs than outputs, fewer, and as many. The way that is not asked for gives NaN."""
    for m, n in ((2, 5), (6, 3), (4, 4), (1, 7)):
        J = rng.standard_normal((m, n))
        there, back = (J, np.nan * J) if n <= m else (np.nan * J, J)
        yield {"jvp": lambda v, J=there: J @ np.asarray(v, float), "vjp": lambda u, J=back: np.asarray(u, float) @ J,
               "n": n, "m": m, "case": f"n = {n}, m = {m}"}


# %% nbgrader={"grade_id": "jacobian-passes", "solution": true}
def jacobian(jvp, vjp, n, m):
    """The Jacobian of a function of n numbers that returns m, and the number of passes that it took.

    jvp: from v (n,) to J v (m,); vjp: from u (m,) to u J (n,).
    Returns J: (m, n) and a whole number.
    """
    ### BEGIN SOLUTION
    if n <= m:
        return np.stack([jvp(v) for v in np.eye(n)], axis=1), n
    return np.stack([vjp(u) for u in np.eye(m)]), m
    ### END SOLUTION

# %% nbgrader={"grade_id": "jacobian-check", "grade": true, "points": 2}
check.values(jacobian, at=pass_cases, returns=("J", "passes"), points=2)

# %% tags=["mistake"] question="jacobian-passes" says="Always forwards: with many inputs and few outputs the backward direction takes fewer passes."
def jacobian(jvp, vjp, n, m):
    return np.stack([jvp(v) for v in np.eye(n)], axis=1), n

# %% tags=["mistake"] question="jacobian-passes" says="Always backwards: with few inputs and many outputs the way forwards takes fewer passes."
def jacobian(jvp, vjp, n, m):
    return np.stack([vjp(u) for u in np.eye(m)]), m

# %% tags=["mistake"] question="jacobian-passes" says="This is the longer way each time: forwards takes a pass for each input, backwards one for each output."
def jacobian(jvp, vjp, n, m):
    if n > m:
        return np.stack([jvp(v) for v in np.eye(n)], axis=1), n
    return np.stack([vjp(u) for u in np.eye(m)]), m

# %% tags=["mistake"] question="jacobian-passes" says="A pass forwards fills a column of the Jacobian, and one backwards a row: here the result is transposed."
def jacobian(jvp, vjp, n, m):
    if n <= m:
        return np.stack([jvp(v) for v in np.eye(n)]), n
    return np.stack([vjp(u) for u in np.eye(m)], axis=1), m

# %% tags=["mistake"] question="jacobian-passes" says="A pass along all inputs at once adds up the columns: to tell them apart, move one input at a time."
def jacobian(jvp, vjp, n, m):
    if n <= m:
        return np.tile(jvp(np.ones(n))[:, None], n), n
    return np.tile(vjp(np.ones(m)), (m, 1)), m

# %% tags=["mistake"] question="jacobian-passes" says="Where it makes no difference the way goes forwards: here it goes backwards if there are as many outputs as inputs."
def jacobian(jvp, vjp, n, m):
    if n < m:
        return np.stack([jvp(v) for v in np.eye(n)], axis=1), n
    return np.stack([vjp(u) for u in np.eye(m)]), m

# %% tags=["mistake"] question="jacobian-passes" says="The number is that of the shorter way, and the way taken is always forwards: what is said is not what was done."
def jacobian(jvp, vjp, n, m):
    return np.stack([jvp(v) for v in np.eye(n)], axis=1), min(n, m)

# %% tags=["alternative"] question="jacobian-passes" name="filling an array"
def jacobian(jvp, vjp, n, m):
    J = np.zeros((m, n))
    for i in range(min(n, m)):
        one = np.zeros(min(n, m))
        one[i] = 1
        if n <= m:
            J[:, i] = jvp(one)
        else:
            J[i] = vjp(one)
    return J, min(n, m)

# %% tags=["alternative"] question="jacobian-passes" name="transposed at the end"
def jacobian(jvp, vjp, n, m):
    if m < n:
        return np.array([vjp(row) for row in np.identity(m)]), m
    return np.array([jvp(row) for row in np.identity(n)]).T, n

# %% [markdown]
# ## 3.3 The derivative of a gradient, along a line
#
# *Afterwards you get what a Hessian does to a vector, without a Hessian.*
#
# The Hessian $H$ of a loss of $D$ weights has $D^2$ entries: for the small net below, two and a half thousand million. What one needs of it
# is mostly $Hv$ for some $v$, and that is the derivative of the gradient along $v$: of $\nabla L(w + t v)$ with respect to $t$, at
# $t = 0$.
#
# Do it on paper for logistic regression: $X$ $(N, D)$, a row a sample, labels $y$ $(N,)$ of 0 and 1, and
#
# $$L(w) = \frac{1}{N} \sum_{i} \Bigl[ \log\bigl(1 + e^{z_i}\bigr) - y_i z_i \Bigr], \qquad z = X w .$$
#
# First the gradient $g$. Then let $w$ move along $v$, and write down how fast each part of $g$ moves. Your formulas may use
# $X$, $y$, $w$, $v$, $N$, and lines of your own, with `@`, `.T`, `exp`, `log` and `sigmoid`; no matrix of shape $(D, D)$ is
# needed.

# %% nbgrader={"grade_id": "hessian-derivation-cases", "locked": true}
def logistic_letters(rng):
    """The letters of the derivation, first with small whole numbers."""
    yield {"X": np.array([[1.0, 0.0], [1.0, 2.0], [0.0, -1.0]]), "y": np.array([1.0, 0.0, 0.0]),
           "w": np.array([1.0, -1.0]), "v": np.array([2.0, 1.0]), "N": 3, "case": "N = 3, D = 2"}
    for n, d in ((4, 3), (5, 2)):
        yield {"X": rng.standard_normal((n, d)), "y": rng.permutation(np.arange(n) % 2.0), "w": rng.standard_normal(d),
               "v": rng.standard_normal(d), "N": n, "case": f"N = {n}, D = {d}"}


# %% nbgrader={"grade_id": "hessian-derivation", "solution": true}
def logistic_formulas():
    """The gradient of the loss, and its derivative along v, as formulas of X, y, w, v and N.

    Returns a text with the lines "g = ..." and "Hv = ...".
    """
    ### BEGIN SOLUTION
    return """
    p = sigmoid(X @ w)
    g = X.T @ (p - y) / N
    Hv = X.T @ (p * (1 - p) * (X @ v)) / N
    """
    ### END SOLUTION

# %% nbgrader={"grade_id": "hessian-derivation-check", "grade": true, "points": 3}
check.derivation(logistic_formulas, at=logistic_letters, returns=("g", "Hv"), points=3)

# %% tags=["mistake"] question="hessian-derivation" says="The mean over the samples is missing in both lines: a factor 1/N stands in front."
def logistic_formulas():
    return "p = sigmoid(X @ w); g = X.T @ (p - y); Hv = X.T @ (p * (1 - p) * (X @ v))"

# %% tags=["mistake"] question="hessian-derivation" says="The probabilities move with z, but not as fast as z does: the slope of the sigmoid is missing in the second line."
def logistic_formulas():
    return "g = X.T @ (sigmoid(X @ w) - y) / N; Hv = X.T @ (X @ v) / N"

# %% tags=["mistake"] question="hessian-derivation" says="The labels do not move: what is left of the error when it is differentiated is the slope of the sigmoid."
def logistic_formulas():
    return "p = sigmoid(X @ w); g = X.T @ (p - y) / N; Hv = X.T @ ((p - y) * (X @ v)) / N"

# %% tags=["mistake"] question="hessian-derivation" says="The sign of the error is turned round: the loss falls when the probability of a label of 1 rises."
def logistic_formulas():
    return "p = sigmoid(X @ w); g = X.T @ (y - p) / N; Hv = X.T @ (p * (1 - p) * (X @ v)) / N"

# %% tags=["mistake"] question="hessian-derivation" says="The place has been moved along itself: the direction is v, and w only says where."
def logistic_formulas():
    return "p = sigmoid(X @ w); g = X.T @ (p - y) / N; Hv = X.T @ (p * (1 - p) * (X @ w)) / N"

# %% tags=["mistake"] question="hessian-derivation" says="This is the slope of tanh in the sigmoid's place."
def logistic_formulas():
    return "p = sigmoid(X @ w); g = X.T @ (p - y) / N; Hv = X.T @ ((1 - p ** 2) * (X @ v)) / N"

# %% tags=["alternative"] question="hessian-derivation" name="through the Hessian"
def logistic_formulas():
    return "p = 1 / (1 + exp(-X @ w)); g = (p - y) @ X / N; Hv = X.T @ diag(p - p ** 2) @ X @ v / N"

# %% tags=["alternative"] question="hessian-derivation" name="a dict, with the exponential"
def logistic_formulas():
    return {"g": "X.T @ (1 / (1 + exp(-X @ w)) - y) / N",
            "Hv": "X.T @ (exp(-X @ w) / (1 + exp(-X @ w)) ** 2 * (X @ v)) / N"}

# %% [markdown]
# ## 3.4 The same for any gradient
#
# *Afterwards you can ask any net how sharply its loss is bent.*
#
# Dual numbers that run through a backward sweep would give $Hv$ exactly. With a function `gradient` that somebody else has
# written there is a way that is nearly as good: move the weights a little along $v$, to both sides, and see how the
# gradient changes. Take the central difference: the step `h` to either side, two calls.
#
# Shapes: $w$ and $v$ $(D,)$ $\to$ $(D,)$.

# %% nbgrader={"grade_id": "hessian-cases", "locked": true}
def curved_cases(rng):
    """Gradients that bend: of a sum of fourth powers, mixed. The step is large, so that it matters how it is taken."""
    for d in (2, 4):
        A = rng.standard_normal((d, d))
        yield {"gradient": lambda w, A=A: A.T @ (A @ np.asarray(w)) ** 3, "w": 1 + rng.random(d),
               "v": rng.standard_normal(d), "h": float(rng.uniform(0.2, 0.4)), "case": f"D = {d}"}


# %% nbgrader={"grade_id": "hessian-vector", "solution": true}
def hessian_vector(gradient, w, v, h):
    """What the Hessian at w does to v, by the central difference of a gradient.

    gradient: from weights (D,) to (D,); w: (D,); v: (D,); h: the step to either side, in multiples of v.
    Returns an array (D,).
    """
    ### BEGIN SOLUTION
    return (gradient(w + h * v) - gradient(w - h * v)) / (2 * h)
    ### END SOLUTION

# %% nbgrader={"grade_id": "hessian-check", "grade": true, "points": 2}
check.values(hessian_vector, at=curved_cases, points=2)

# %% tags=["mistake"] question="hessian-vector" says="This difference goes to one side only; to both sides the error is far smaller."
def hessian_vector(gradient, w, v, h):
    return (gradient(w + h * v) - gradient(w)) / h

# %% tags=["mistake"] question="hessian-vector" says="The two places lie two steps apart: the difference is divided by the whole way."
def hessian_vector(gradient, w, v, h):
    return (gradient(w + h * v) - gradient(w - h * v)) / h

# %% tags=["mistake"] question="hessian-vector" says="Nothing has been divided: how the gradient changes is asked for one whole v, not for h of it."
def hessian_vector(gradient, w, v, h):
    return gradient(w + h * v) - gradient(w - h * v)

# %% tags=["mistake"] question="hessian-vector" says="Moved along the weights' own direction: v says where to go."
def hessian_vector(gradient, w, v, h):
    return (gradient(w + h * w) - gradient(w - h * w)) / (2 * h)

# %% tags=["mistake"] question="hessian-vector" says="The difference is the wrong way round: what lies ahead comes first."
def hessian_vector(gradient, w, v, h):
    return (gradient(w - h * v) - gradient(w + h * v)) / (2 * h)

# %% tags=["mistake"] question="hessian-vector" says="The steps are half as long as asked for: h is the step to either side."
def hessian_vector(gradient, w, v, h):
    return (gradient(w + h * v / 2) - gradient(w - h * v / 2)) / h

# %% tags=["alternative"] question="hessian-vector" name="step and places by name"
def hessian_vector(gradient, w, v, h):
    step = h * np.asarray(v)
    ahead, behind = gradient(w + step), gradient(w - step)
    return 0.5 / h * (ahead - behind)

# %% tags=["alternative"] question="hessian-vector" name="as a loop over the two sides"
def hessian_vector(gradient, w, v, h):
    change = np.zeros(len(w))
    for side in (-1, 1):
        change = change + side * gradient(w + side * h * v)
    return change / h / 2

# %% [markdown]
# ## 3.5 Forwards or backwards?
#
# The derivative of a function with 3 inputs and 10,000 outputs; the gradient of the loss of a net with 50,890 weights; $Hv$
# for that loss. Say for each which mode you would use, how many passes that takes, and why. One sentence on what one pass in
# each mode costs, compared with computing the function itself. Then: a colleague computes $Hv$ by 50,890 passes; what has
# gone wrong?

# %% [markdown] nbgrader={"grade_id": "forwards-or-backwards", "grade": true, "solution": true, "points": 3}
# ### BEGIN SOLUTION
# **Model answer.** Three inputs: forwards, three passes, one for each input; backwards it would be 10,000. The loss of a net
# is one number: backwards, one pass brings all 50,890 derivatives, forwards each of them would need its own. $Hv$ is one
# directional derivative of a gradient: one pass forwards through a backward pass, or two gradients and a difference;
# again the number of weights does not enter. A pass in either mode costs a small constant times the function itself,
# because every operation is visited once and does a few more multiplications. The colleague has computed the whole Hessian,
# row by row, and multiplied it by $v$ at the end.
#
# **Mark scheme, 3 points.**
#
# - 1 point: forwards takes as many passes as there are inputs, backwards as many as there are outputs, and both examples follow.
# - 1 point: $Hv$ costs one pass over a gradient (or two gradients), for any number of weights; the colleague has built $H$.
# - 1 point: a pass costs a small multiple of the function. Half a point without a reason.
# ### END SOLUTION

# %% [markdown]
# ## 3.6 What does the graph keep?
#
# Between the forward computation and the end of the sweep, what has to stay in memory, and why? Name an operation whose
# backward pass needs its inputs, one that is content with its output, and one that needs neither, only shapes. Which of the
# two modes needs no such memory? A net of 1,000 equal layers does not fit into memory: how could you still train it, and at what price?

# %% [markdown] nbgrader={"grade_id": "what-it-keeps", "grade": true, "solution": true, "points": 3}
# ### BEGIN SOLUTION
# **Model answer.** The sweep begins when the last value is known and needs local slopes at *every* node, down to the first.
# They depend on the values there, so all of these are kept, or the slopes made of them: the memory grows with the number
# of operations, not of weights. A product (or matrix product, or logarithm) needs its inputs; exp and tanh are content with
# their output; a sum, reshape or transpose needs shapes only. Forwards nothing is kept: value and slope travel
# together, and what was used up can be forgotten. For the 1,000 layers keep only the activations at every 30th, say, and when the
# sweep comes to a segment, compute its activations again from there: about 60 layers' memory in place of 1,000, for
# one more forward computation (checkpointing).
#
# **Mark scheme, 3 points.**
#
# - 1 point: the values (or slopes) of all nodes, because the sweep needs them in the opposite order; forwards needs none.
# - 1 point: three right examples; half a point for two.
# - 1 point: compute again from a few that were kept, and the price is more time. A smaller minibatch, or parts of one as in
#   1.6, is worth half a point: it helps, and does not change how memory grows with depth.
# ### END SOLUTION

# %% [markdown]
# # Part 4: what it was for
#
# ### The engine learns to read
#
# The net of problem set 4, 784–64–10, on digits, with its learning rate $0.1 / (1 + 4 e / E)$ in epoch $e$ of $E$ and batches of
# 32. Once with your engine; once with the gradient that was written by hand there (`by_hand`, without the penalty). They start
# from the same weights and see the same batches. What should the two curves look like? And what does it cost not to think?

# %% nbgrader={"grade_id": "engine-training", "locked": true}
def by_hand(W1, b1, W2, b2, X, y):
    """The same gradient as the engine's, from problem set 4."""
    H_a = W1 @ X + b1[:, None]
    H_s = np.maximum(H_a, 0)
    O_a = W2 @ H_s + b2[:, None]
    d_oa = np.exp(O_a - O_a.max(axis=0))
    d_oa /= d_oa.sum(axis=0)
    d_oa[y, np.arange(len(y))] -= 1
    d_oa /= len(y)
    d_ha = (W2.T @ d_oa) * (H_a > 0)
    return d_ha @ X.T, d_ha.sum(axis=1), d_oa @ H_s.T, d_oa.sum(axis=1)


def first_weights(d, d_h, m, seed=0):
    """Weights as in problem set 4."""
    rng = np.random.default_rng(seed)
    return [rng.uniform(-1, 1, (d_h, d)) / np.sqrt(d), np.zeros(d_h),
            rng.uniform(-1, 1, (m, d_h)) / np.sqrt(d_h), np.zeros(m)]


def trained_with(gradient, train, valid, epochs, K=32, seed=0):
    """Weights after training, the validation loss after each epoch, and seconds."""
    (X, y), rng, weights = train, np.random.default_rng(seed), first_weights(784, 64, 10)
    losses, start = [], time.perf_counter()
    for epoch in range(epochs):
        for batch in np.array_split(rng.permutation(len(y)), len(y) // K):
            slopes = gradient(*weights, X[:, batch], y[batch])
            weights = [weight - 0.1 / (1 + 4 * epoch / epochs) * slope for weight, slope in zip(weights, slopes)]
        losses.append(net_loss(*weights, *valid))
    return weights, np.array(losses), time.perf_counter() - start


# %% tags=["experiment"]
digits = read = None  # training and validation part; the weights that the engine has learned
with check.once_written():
    images = data.mnist(axis="columns", size=(4000, 1000))
    digits = data.split(images.train_images, images.train_labels, (0.8, 0.2), axis="columns", seed=0)
    runs = {name: trained_with(gradient, *digits, epochs=15)
            for name, gradient in (("the engine", net_gradients), ("by hand", by_hand))}
    (read, engine_losses, engine_seconds), (_, hand_losses, hand_seconds) = runs["the engine"], runs["by hand"]
    figure, axis = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
    epochs = np.arange(1, 16)
    axis.plot(epochs, engine_losses, "o", label=f"the engine, {engine_seconds:.1f} s")
    axis.plot(epochs, hand_losses, "-", label=f"by hand, {hand_seconds:.1f} s")
    axis.set(xlabel="epoch", ylabel="loss on the validation part", title=f"784–64–10 on {len(digits[0].labels):,} digits")
    axis.legend()
    figure.set_label("Validation loss by epoch, with the engine and by hand: the points of one lie on the line of the other, and "
                     f"both end at {engine_losses[-1]:.2f}.")
    plt.show()
    hidden = np.maximum(read[0] @ images.test_images + read[1][:, None], 0)
    answers = np.argmax(read[2] @ hidden + read[3][:, None], axis=0)
    print(f"largest difference of the two curves: {np.max(np.abs(engine_losses - hand_losses)):.0e}; "
          f"wrong on the test images: {np.mean(answers != images.test_labels):.1%}")

# %% [markdown]
# ### How sharply is the loss bent?
#
# Along a direction in which the loss has curvature $\lambda$, gradient descent is stable only for rates below $2/\lambda$
# (problem set 6 measured that in a valley). The largest curvature of a net with 50,890 weights comes out of `hessian_vector` alone: apply it
# to a random direction again and again, and what survives is the direction that is bent most.

# %% tags=["experiment"]
def largest_curvature(weights, X, y, rounds=25):
    """The largest eigenvalue of the Hessian of the loss in size, by repeated products with a vector."""
    shapes = [weight.shape for weight in weights]
    cuts = np.cumsum([weight.size for weight in weights])[:-1]

    def gradient(flat):
        parts = [part.reshape(shape) for part, shape in zip(np.split(flat, cuts), shapes)]
        return np.concatenate([np.ravel(part) for part in net_gradients(*parts, X, y)])

    flat = np.concatenate([np.ravel(weight) for weight in weights])
    direction, size = np.random.default_rng(0).standard_normal(flat.size), 0.0
    for _ in range(rounds):
        direction = direction / np.linalg.norm(direction)
        bent = hessian_vector(gradient, flat, direction, 1e-4)
        size, direction = float(direction @ bent), bent
    return size


if read is not None:
    with check.once_written():
        X, y = digits[0].inputs[:, :400], digits[0].labels[:400]
        for name, weights in (("before training", first_weights(784, 64, 10)), ("after 15 epochs", read)):
            size = largest_curvature(weights, X, y)
            print(f"{name}: largest curvature {size:.1f}, so rates below {2 / size:.2f} are stable there")

# %% [markdown]
# This is what every framework does, PyTorch in problem set 7 as well: it records, orders and sweeps. The rest, and it is a
# lot, makes it fast. What you can do by hand you can now also leave to a program, and you know what it does with a value
# that is used twice.

# %% [markdown]
# # Which slip is it?
#
# Six functions of earlier problem sets, each with one slip in it, and what the self-check said of it. Read the report first:
# which results are wrong, and is it a factor, a sign, a shape, or only some entries? Then find the line. For each, return the
# number of the sentence that fits.
#
# <!-- slips from ps3_samplewise_mnist, ps4_regularised_mlp: 6, draw 8 -->

# %% [markdown]
# ### Slip 1
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
#     K = len(y)
#     totals = [0, 0, 0, 0]
#     for s in range(K):
#         totals = [a + b / K for a, b in zip(totals, step_by_step(W1, b1, W2, b2, X[:, s], y[s], (0, 0, 0, 0)))]
#         totals[0], totals[2] = regularised(totals[0], totals[2], W1, W2, lambdas)
#     return totals
# ```
#
# The self-check says:
#
# ```text
# dW1: wrong, dW1[1, 0] is about 4.7 times too large (K = 6, d = 5, d_h = 3, m = 4)
# db1: right
# dW2: wrong, dW2[2, 0] is about 5.2 times too large (K = 6, d = 5, d_h = 3, m = 4)
# db2: right
# ```
#
# Which idea is behind it?
#
# 1. The whole penalty is added once for every sample and never divided: in the mean it counts once, whatever K is.
# 2. The penalty has been divided by K although it was added only once: only the samples are averaged.
# 3. Hidden units that were off pass something back: the slope of the ReLU is missing on the way to W1 and b1.
# 4. The loss is a mean over the samples: their gradients are added up, and the sum is divided by K.

# %% nbgrader={"grade_id": "slip-1", "solution": true}
def slip_1():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 1
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-1-check", "grade": true, "points": 1}
check.answer(slip_1, points=1)

# %% tags=["mistake"] question="slip-1" says="Not 2: of that slip the self-check would say otherwise: dW1: wrong, dW1[1, 0] is about 2.6 times too small (K = 6, d = 5, d_h = 3, m = 4); db1: right; dW2: wrong, dW2[2, 0] is about 3.4 times too small (K = 6, d = 5, d_h = 3, m = 4); db2: right"
def slip_1():
    return 2

# %% tags=["mistake"] question="slip-1" says="Not 3: of that slip the self-check would say otherwise: dW1: wrong, dW1[4, 2] is about 5.6 times too large (K = 1, d = 4, d_h = 5, m = 3); db1: wrong, db1[4] should be 0 (K = 1, d = 4, d_h = 5, m = 3); dW2: right; db2: right"
def slip_1():
    return 3

# %% tags=["mistake"] question="slip-1" says="Not 4: of that slip the self-check would say otherwise: dW1: wrong, dW1[0, 0] is about 3.5 times too large (K = 6, d = 5, d_h = 3, m = 4); db1: wrong, db1[0] is about 6 times too large (K = 6, d = 5, d_h = 3, m = 4); dW2: wrong, dW2[2, 1] is about 22 times too large (K = 6, d = 5, d_h = 3, m = 4); db2: wrong, db2[2] is about 6 times too large (K = 6, d = 5, d_h = 3, m = 4)"
def slip_1():
    return 4

# %% [markdown]
# ### Slip 2
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
#     return (p - y) * p * (1 - p)
# ```
#
# The self-check says:
#
# ```text
# d3: wrong, d3[0] is about 4.1 times too small (K = 3)
# ```
#
# Which idea is behind it?
#
# 1. A factor 2 belongs to a squared error. The loss here is the cross-entropy, which has none.
# 2. Only the score of the right class has got an error. The others matter as well: each of them takes its share of the sum that softmax divides by.
# 3. The sign is turned around: the error is what the net says minus what is right, or the steps go uphill.
# 4. p (1 - p) is the slope of a single sigmoid. The softmax has been gone through already: its derivative and that of the logarithm have cancelled to p - y.

# %% nbgrader={"grade_id": "slip-2", "solution": true}
def slip_2():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 4
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-2-check", "grade": true, "points": 1}
check.answer(slip_2, points=1)

# %% tags=["mistake"] question="slip-2" says="Not 1: of that slip the self-check would say otherwise: d3: wrong, d3[0] is about 2 times too large (K = 3)"
def slip_2():
    return 1

# %% tags=["mistake"] question="slip-2" says="Not 2: of that slip the self-check would say otherwise: d3: wrong, d3[2] is 0 and should not be (K = 3)"
def slip_2():
    return 2

# %% tags=["mistake"] question="slip-2" says="Not 3: of that slip the self-check would say otherwise: d3: wrong, d3[0] has the wrong sign (K = 3)"
def slip_2():
    return 3

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
#     d3 = (p - y) * p * (1 - p)
#     d2 = (W3.T @ d3) * h2 * (1 - h2)
#     d1 = (W2.T @ d2) * h1 * (1 - h1)
#     return np.outer(d1, x), d1, np.outer(d2, h1), d2, np.outer(d3, h2), d3
# ```
#
# The self-check says:
#
# ```text
# dW1: wrong, dW1[2, 0] is about 5.5 times too small (n0 = 5, n1 = 4, n2 = 4, K = 3)
# db1: wrong, db1[2] is about 5.5 times too small (n0 = 5, n1 = 4, n2 = 4, K = 3)
# dW2: wrong, dW2[2, 0] is about 6.1 times too small (n0 = 5, n1 = 4, n2 = 4, K = 3)
# db2: wrong, db2[2] is about 6.1 times too small (n0 = 5, n1 = 4, n2 = 4, K = 3)
# dW3: wrong, dW3[1, 0] is about 5.8 times too small (n0 = 5, n1 = 4, n2 = 4, K = 3)
# db3: wrong, db3[1] is about 5.8 times too small (n0 = 5, n1 = 4, n2 = 4, K = 3)
# ```
#
# Which idea is behind it?
#
# 1. Neither hidden layer's sigmoid was gone through in the backward pass: both slopes are missing, as if the hidden layers were linear.
# 2. The products stand the wrong way round: the gradient of a weight matrix has its shape, a row for each output of the layer.
# 3. Target minus output: all six gradients point the wrong way, and a step would make the loss larger.
# 4. The output error has been multiplied by p (1 - p), as if the output were a sigmoid with a squared error: with softmax and cross-entropy the error at the scores is p - y alone.

# %% nbgrader={"grade_id": "slip-3", "solution": true}
def slip_3():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 4
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-3-check", "grade": true, "points": 1}
check.answer(slip_3, points=1)

# %% tags=["mistake"] question="slip-3" says="Not 1: of that slip the self-check would say otherwise: dW1: wrong, dW1[3, 0] is about 1.6e+02 times too large (n0 = 5, n1 = 4, n2 = 4, K = 3); db1: wrong, db1[3] is about 1.6e+02 times too large (n0 = 5, n1 = 4, n2 = 4, K = 3); dW2: wrong, dW2[1, 0] is about 7.4 times too large (n0 = 5, n1 = 4, n2 = 4, K = 3); db2: wrong, db2[1] is about 7.4 times too large (n0 = 5, n1 = 4, n2 = 4, K = 3); dW3: right; db3: right"
def slip_3():
    return 1

# %% tags=["mistake"] question="slip-3" says="Not 2: of that slip the self-check would say otherwise: dW1: wrong, dW1 has shape (5, 4), asked for is (4, 5): it is transposed (n0 = 5, n1 = 4, n2 = 4, K = 3); db1: right; dW2: wrong, dW2[0, 2] is about 45 times too large (n0 = 5, n1 = 4, n2 = 4, K = 3); db2: right; dW3: wrong, dW3 has shape (4, 3), asked for is (3, 4): it is transposed (n0 = 5, n1 = 4, n2 = 4, K = 3); db3: right"
def slip_3():
    return 2

# %% tags=["mistake"] question="slip-3" says="Not 3: of that slip the self-check would say otherwise: dW1: wrong, dW1[2, 0] has the wrong sign (n0 = 5, n1 = 4, n2 = 4, K = 3); db1: wrong, db1[2] has the wrong sign (n0 = 5, n1 = 4, n2 = 4, K = 3); dW2: wrong, dW2[2, 0] has the wrong sign (n0 = 5, n1 = 4, n2 = 4, K = 3); db2: wrong, db2[2] has the wrong sign (n0 = 5, n1 = 4, n2 = 4, K = 3); dW3: wrong, dW3[1, 0] has the wrong sign (n0 = 5, n1 = 4, n2 = 4, K = 3); db3: wrong, db3[1] has the wrong sign (n0 = 5, n1 = 4, n2 = 4, K = 3)"
def slip_3():
    return 3

# %% [markdown]
# ### Slip 4
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
#     return np.outer(d_z, v), np.ones(d_z.shape), W.T @ d_z
# ```
#
# The self-check says:
#
# ```text
# dW: right
# db: wrong, db[0] has the wrong sign (5 inputs after a ReLU, 3 units)
# d_v: right
# ```
#
# Which idea is behind it?
#
# 1. What comes in reaches the loss through several units: these contributions are added up, not averaged.
# 2. There is no ReLU between W and z: a unit that is pushed down has a gradient like any other.
# 3. The bias moves its own z by exactly as much as it moves itself: it passes on the upstream gradient, not a 1.
# 4. The slope of the ReLU has no place here: W is multiplied by what comes in, by the activation h_s itself.

# %% nbgrader={"grade_id": "slip-4", "solution": true}
def slip_4():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 3
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-4-check", "grade": true, "points": 1}
check.answer(slip_4, points=1)

# %% tags=["mistake"] question="slip-4" says="Not 1: of that slip the self-check would say otherwise: dW: right; db: right; d_v: wrong, d_v[4] is about 3 times too small (5 inputs after a ReLU, 3 units)"
def slip_4():
    return 1

# %% tags=["mistake"] question="slip-4" says="Not 2: of that slip the self-check would say otherwise: dW: wrong, dW[0, 2] is 0 and should not be (5 inputs after a ReLU, 3 units); db: right; d_v: right"
def slip_4():
    return 2

# %% tags=["mistake"] question="slip-4" says="Not 4: of that slip the self-check would say otherwise: dW: wrong, dW[2, 1] is about 1.7 times too large (5 inputs after a ReLU, 3 units); db: right; d_v: right"
def slip_4():
    return 4

# %% [markdown]
# ### Slip 5
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
#     l11, l12, l21, l22 = lambdas
#     return dW1 + l11 * np.sign(W1) + l12 * W1, dW2 + l21 * np.sign(W2) + l22 * W2
# ```
#
# The self-check says:
#
# ```text
# dW1: wrong, dW1[4, 1] is about 1.7 times too small (d = 4, d_h = 5, m = 3)
# dW2: wrong, dW2[2, 2] is about 1.4 times too large (d = 4, d_h = 5, m = 3)
# ```
#
# Which idea is behind it?
#
# 1. The derivative of λ w² is 2 λ w: the factor 2 is missing.
# 2. What is added is the value of the penalty, one number for all: each weight needs the slope of its own term.
# 3. The slope of |w| is its sign: with |w| itself, negative weights are pushed away from 0.
# 4. The penalty has been added into the caller's own gradients: += changes an array, an assignment makes a new one.

# %% nbgrader={"grade_id": "slip-5", "solution": true}
def slip_5():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 1
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-5-check", "grade": true, "points": 1}
check.answer(slip_5, points=1)

# %% tags=["mistake"] question="slip-5" says="Not 2: of that slip the self-check would say otherwise: dW1: wrong, dW1[4, 1] has the wrong sign, and not the right size either (d = 4, d_h = 5, m = 3); dW2: wrong, dW2[2, 4] has the wrong sign, and not the right size either (d = 4, d_h = 5, m = 3)"
def slip_5():
    return 2

# %% tags=["mistake"] question="slip-5" says="Not 3: of that slip the self-check would say otherwise: dW1: wrong, dW1[4, 1] is about 8.2 times too small (d = 4, d_h = 5, m = 3); dW2: wrong, dW2[2, 4] is about 1.8 times too small (d = 4, d_h = 5, m = 3)"
def slip_5():
    return 3

# %% tags=["mistake"] question="slip-5" says="Not 4: of that slip the self-check would say otherwise: dW1: wrong, the result is right, but `regularised` changes its arguments dW1 and dW2 in place; dW2: wrong, the result is right, but `regularised` changes its arguments dW1 and dW2 in place"
def slip_5():
    return 4

# %% [markdown]
# ### Slip 6
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
#     return np.outer(d, h), d, W @ d
# ```
#
# The self-check says:
#
# ```text
# dW: wrong, `linear_backward` raises ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature (n?,k),(k,m?)->(n?,m?) (size 3 is different from 5)
# db: wrong, `linear_backward` raises ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature (n?,k),(k,m?)->(n?,m?) (size 3 is different from 5)
# dh: wrong, dh[2] has the wrong sign, and not the right size either (m = 4, k = 4)
# ```
#
# Which idea is behind it?
#
# 1. The table of products is transposed: a weight has the row of its output and the column of its input, and so has its derivative.
# 2. The derivative with respect to the bias is not 1: o moves with b one to one, but the loss moves with o by d.
# 3. The errors of all units were added up for the bias: each unit has a bias of its own.
# 4. The error is sent through W a second time as if it went forward. Backward it goes through the transpose, which only a square W lets you confuse.

# %% nbgrader={"grade_id": "slip-6", "solution": true}
def slip_6():
    """The number of the sentence, 1 to 4."""
    ### BEGIN SOLUTION
    return 4
    ### END SOLUTION

# %% nbgrader={"grade_id": "slip-6-check", "grade": true, "points": 1}
check.answer(slip_6, points=1)

# %% tags=["mistake"] question="slip-6" says="Not 1: of that slip the self-check would say otherwise: dW: wrong, dW[3, 1] has the wrong sign (m = 4, k = 4); db: right; dh: right"
def slip_6():
    return 1

# %% tags=["mistake"] question="slip-6" says="Not 2: of that slip the self-check would say otherwise: dW: right; db: wrong, db[3] has the wrong sign, and not the right size either (m = 4, k = 4); dh: right"
def slip_6():
    return 2

# %% tags=["mistake"] question="slip-6" says="Not 3: of that slip the self-check would say otherwise: dW: right; db: wrong, db[3] is 0 and should not be (m = 4, k = 4); dh: right"
def slip_6():
    return 3

# %% [markdown]
# <!-- end of slips -->

# %% [markdown]
# # What to read next
#
# - Andreas Griewank and Andrea Walther, *Evaluating Derivatives* (2nd edition, 2008), chapters 3 and 4: forward and reverse
#   mode, and what they cost.
# - Atılım Güneş Baydin, Barak Pearlmutter, Alexey Radul and Jeffrey Siskind, "Automatic differentiation in machine learning:
#   a survey", *Journal of Machine Learning Research* 18 (2018), <https://arxiv.org/abs/1502.05767>.
# - Andrej Karpathy, *micrograd*, <https://github.com/karpathy/micrograd>: an engine for scalars in a hundred lines.
