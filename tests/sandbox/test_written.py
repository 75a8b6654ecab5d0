"""Text files of a plain test, on both sides of the walls; see `sandbox/written.py`."""

from __future__ import annotations

import os

import pytest

from helpers.grading.sandbox.written import FILE_BYTES, Written


@pytest.mark.parametrize("name", [
    "module.py", "../out.txt", "/tmp/out.txt", ".hidden.txt", "given.csv", "GIVEN.CSV", "link.txt", "folder/.git/x.txt",
    "notebook.ipynb", "matplotlibrc", 3])
def test_nothing_but_a_text_of_its_own_is_taken_from_a_student(tmp_path, name):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "given.csv").write_text("1")
    os.symlink(tmp_path / "elsewhere.txt", folder / "link.txt")
    here = Written(folder, guards=True)
    here.take({name: "2", "kept/fine.txt": "3", "large.txt": "4" * (FILE_BYTES + 1)})
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["fine.txt", "folder", "given.csv", "kept", "link.txt"]
    assert (folder / "given.csv").read_text() == "1"


def test_each_side_tells_what_it_has_changed_and_nothing_else(tmp_path):
    here = Written(tmp_path)
    (tmp_path / "a.txt").write_text("1")
    (tmp_path / "binary.txt").write_bytes(b"\0\xff")
    assert here.changed() == {"a.txt": "1"}
    (tmp_path / "a.txt").write_text("2")  # of the same size, in the same tick of the clock
    here.take({"b.txt": "3"})
    assert here.changed() == {"a.txt": "2"}
    (tmp_path / "a.txt").unlink()
    assert here.changed() == {"a.txt": None}
