# %% [markdown]
# Imaginary numbers: their squares are negative, and no real part of them is wrong.

# %% answer="loss"
def loss(w, X, y):
    return complex(0, np.mean((X @ w - y) ** 2))

# %% answer="gradient"
def gradient(w, X, y):
    return 2j / len(y) * X.T @ (X @ w - y)
