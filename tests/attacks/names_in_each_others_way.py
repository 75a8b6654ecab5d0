# %% [markdown]
# Files whose names are each other's, or too long, once they lie where they cannot act: whoever writes them for the whole
# class would stop there.

# %% tags=["prepare"]
for one in ("\u00e9" * 127, "\U0001f600" * 63, "x" * 197 + ".py", "a", "b.py", "c/d", "submitted files.txt/e", "f.TXT", "F.txt",
            "e\u0301.md", "\u00e9.md", "file 0.txt", "file 1.txt", "g"):
    (folder / one).parent.mkdir(exist_ok=True)
    (folder / one).write_text("x")
for one in ("a.txt/b.txt", "b.py.txt/c", "c/d.txt/e", "submitted files/g.txt/h", "submitted files/a/i", "submitted files/f.txt"):
    (folder / one).parent.mkdir(parents=True, exist_ok=True)
    (folder / one).write_text("x")
