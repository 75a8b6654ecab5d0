"""What problem set 9 shows of six nets that do not learn (its question 4.4): the table and the losses by epoch.

    python docs/make_patients.py

The settings stand here and not in the notebook, which asks for them. Needs the digits that every notebook reads.
"""

import itertools

import numpy as np

from helpers import data, threads

threads.limit(1)


def net_of(rng, std, bias):
    """Weights of 784-64-64-64-10 and the biases of the first layer; std None is He's start."""
    widths = (784, 64, 64, 64, 10)
    weights = [rng.standard_normal((d, h)) * (np.sqrt(2 / d) if std is None else std)
               for d, h in itertools.pairwise(widths)]
    return weights, np.full(64, float(bias))


def relu_forward(weights, bias, X):
    layers = [X]
    for number, W in enumerate(weights[:-1]):
        layers.append(np.maximum(layers[-1] @ W + (bias if number == 0 else 0), 0))
    return layers, layers[-1] @ weights[-1]


def relu_gradients(weights, bias, X, y):
    """The gradients, and the loss."""
    layers, scores = relu_forward(weights, bias, X)
    log_p = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    d = (np.exp(log_p) - np.eye(10)[y]) / len(y)
    gradients = []
    for H, W in zip(reversed(layers), reversed(weights)):
        gradients.append(H.T @ d)
        first, d = d, (d @ W.T) * (H > 0)
    return gradients[::-1], first.sum(axis=0), -np.mean(log_p[np.arange(len(y)), y])


def examined(train, test, std=None, bias=0.0, rate=0.1, shuffled=False, images=None, epochs=10):
    """What is seen of one net: a dict from what was measured to a number, and the loss after each epoch."""
    rng = np.random.default_rng(0)
    X, y = train[0][:images], train[1][:images]
    y = rng.permutation(y) if shuffled else y
    weights, bias = net_of(rng, std, bias)
    gradients, _, before = relu_gradients(weights, bias, X, y)
    shut = np.mean(relu_forward(weights, bias, X)[0][1] == 0)
    seen = {"std of W1": weights[0].std(), "off in layer 1": shut, "|dW1|": np.linalg.norm(gradients[0]),
            "|dW4|": np.linalg.norm(gradients[-1]), "loss before": before}
    largest, curve = before, [before]
    with np.errstate(all="ignore"):
        for _ in range(epochs):
            for batch in np.array_split(rng.permutation(len(y)), max(1, len(y) // 32)):
                gradients, d_bias, loss = relu_gradients(weights, bias, X[batch], y[batch])
                largest = max(largest, loss)
                weights = [W - rate * g for W, g in zip(weights, gradients)]
                bias = bias - rate * d_bias
            curve.append(relu_gradients(weights, bias, X, y)[2])
        seen["largest loss"] = largest
        seen["loss after"] = curve[-1]
        for name, (inputs, labels) in (("right, training", (X, y)), ("right, test", test)):
            seen[name] = np.mean(np.argmax(relu_forward(weights, bias, inputs)[1], axis=1) == labels)
    return seen, curve


PATIENTS = {"A": {"bias": -40.0}, "B": {"images": 60, "epochs": 200}, "C": {"rate": 2.0}, "D": {"std": 0.0},
            "E": {"std": 1e-3}, "F": {"shuffled": True, "epochs": 10}}

if __name__ == "__main__":
    digits = data.mnist(size=(4000, 1000))
    train, test = (digits.train_images, digits.train_labels), (digits.test_images, digits.test_labels)
    findings = {name: examined(train, test, **what) for name, what in PATIENTS.items()}
    print(f"{'':16}" + "".join(f"{name:>10}" for name in findings))
    for row in findings["A"][0]:
        print(f"{row:16}" + "".join(f"{seen[row]:10.3g}" for seen, _ in findings.values()))
    for name, (_, curve) in findings.items():
        print(f"    {name!r}: {[round(float(loss), 2) for loss in curve[:11]]},")
