# %% [markdown] page=true
# Whole numbers of tens of thousands of digits, alone, in lists, as keys and in messages: Python refuses to spell them, and
# whoever wants to say what was returned raises.

# %%
owned = 10 ** 20_000
turn = 0
print("owned")

# %% answer="loss"
def loss(w, X, y):
    global turn
    turn += 1
    return [owned, [owned], {owned: owned}, {1, owned}, {(1, owned): [owned]}][turn % 5]

# %% answer="gradient"
def gradient(w, X, y):
    if turn % 2:
        raise ValueError(owned)
    return [owned] * len(w)
