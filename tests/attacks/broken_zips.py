# %% [markdown]
# Brings zips in the place of the notebook whose contents fail to unpack in ways of their own: LZMA's errors, a name that
# is no text, a file that is a folder as well, names that are too long. Each stops whoever reads it with an exception.
# %% tags=["prepare"]
import io
import zipfile


def zipped(files, method=zipfile.ZIP_DEFLATED):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for path, content in files:
            archive.writestr(path, content)
    return packed.getvalue()


book = (folder / f"{name}.ipynb").read_text()
broken = bytearray(zipped([(f"{name}.ipynb", book)], zipfile.ZIP_LZMA))
at = broken.index(f"{name}.ipynb".encode()) + len(f"{name}.ipynb")
broken[at + 20:at + 40] = b"\xff" * 20
(folder / "a.zip").write_bytes(broken)
broken[at + 4] = 0xff
(folder / "b.zip").write_bytes(broken)
(folder / "c.zip").write_bytes(zipped([(f"{name}.ipynb", book), ("a", "1"), ("a/b", "2"), ("./helpers", "3"),
                                       ("\u4e2d" * 100, "4"), ("\xe4.txt", "5")]))
(folder / f"{name}.ipynb").unlink()
