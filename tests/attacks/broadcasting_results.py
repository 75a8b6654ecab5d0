# %% [markdown]
# Results that broadcast to hundreds of gigabytes as soon as anything is computed with them.

# %% answer="loss"
def loss(w, X, y):
    return np.ones((60_000, 1, 1, 1))

# %% answer="gradient"
def gradient(w, X, y):
    return np.ones((1, 60_000, 1, *w.shape))
