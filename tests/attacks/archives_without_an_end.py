# %% [markdown]
# A tar in which a size below zero leads back to where it was read before, and a small zip of many large files without an
# ending, each of which might be a notebook.

# %% tags=["prepare"]
import io
import tarfile
import zipfile

first, back = tarfile.TarInfo("a.txt").tobuf(tarfile.GNU_FORMAT), bytearray(tarfile.TarInfo("b").tobuf(tarfile.GNU_FORMAT))
back[124:136] = b"\xff" + (-512).to_bytes(11, "big", signed=True)
back[156:157] = b"Z"
back[148:156] = b" " * 8
back[148:156] = b"%06o\0 " % sum(back)
(folder / "work.tar").write_bytes(first + bytes(back) + b"\0" * 1024)
packed = io.BytesIO()
with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("0", b" " * 45_000_000)
content, directory = packed.getvalue(), archive.start_dir
entry = content[directory:-22]
many = entry * 500  # all of them one and the same
end = content[-22:-14] + (500).to_bytes(2, "little") * 2 + len(many).to_bytes(4, "little") + content[-6:]
for number in range(3):
    (folder / f"work{number}.zip").write_bytes(content[:directory] + many + end)
