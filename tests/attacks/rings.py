# %% [markdown]
# Containers that hold themselves, and exceptions whose causes and messages have no end.

# %%
loop = []
loop.append(loop)
ring = {"a": loop}
ring["b"] = ring
box = np.empty(1, object)
box[0] = box
print(loop, ring)


class Endless(Exception):
    def __str__(self):
        return str(Endless())

# %% answer="loss"
def loss(w, X, y):
    return [loop, ring, box][len(w) % 3]

# %% answer="gradient"
def gradient(w, X, y):
    last = Endless()
    for _ in range(2000):
        following = Endless()
        following.__cause__ = last
        last = following
    raise last
