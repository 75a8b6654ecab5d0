"""A watched folder is looked at often: what a student puts there must not take the service's time."""

from __future__ import annotations

import tempfile
import time

import pytest

from helpers.grading.notebooks import files
from helpers.grading.serving import arrivals, giving


def test_a_file_of_holes_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(arrivals, "SETTLED", 0.0)
    place = tmp_path / "eve" / "small"
    place.mkdir(parents=True)
    (place / "small.ipynb").write_text("{}")
    with open(place / "holes", "wb") as file:
        file.truncate(2**36)
    source = arrivals.Folder(None, tmp_path)
    start = time.process_time()
    first, = source.scan("small", (), ()).new
    assert time.process_time() - start < 2
    with open(place / "holes", "ab") as file:
        file.truncate(2**37)
    again, = source.scan("small", (first.source,), ()).new
    assert again.source != first.source


def test_a_folder_of_very_many_files_is_looked_at_in_part(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_ENTRIES", 50)
    for number in range(40):
        (tmp_path / f"{number:02}").mkdir()
        for other in range(3):
            (tmp_path / f"{number:02}" / f"{other}").touch()
    assert len(list(files.files_below(tmp_path))) == 10


@pytest.mark.parametrize("swapped", [False, True])
def test_a_link_in_the_place_of_a_fresh_page_opens_no_file_to_others(tmp_path, monkeypatch, swapped):
    """Whoever watches the folder sees the name of a page as soon as there is one."""
    secret = tmp_path / "secret"
    secret.write_text("seed")
    secret.chmod(0o600)
    (tmp_path / "watched" / "eve").mkdir(parents=True)
    make = tempfile.mkstemp

    def watched(**where):
        descriptor, fresh = make(**where)
        if swapped:
            (tmp_path / "watched" / "eve" / fresh).unlink()
            (tmp_path / "watched" / "eve" / fresh).symlink_to(secret)
        return descriptor, fresh

    monkeypatch.setattr(tempfile, "mkstemp", watched)
    giving.IntoTheFolder(None, tmp_path / "watched").tell("small", "eve", b"a page", tmp_path)
    assert secret.stat().st_mode & 0o777 == 0o600
    assert secret.read_text() == "seed"
    page = tmp_path / "watched" / "eve" / "small-feedback.html"
    assert page.is_symlink() == swapped
    assert swapped or (page.read_bytes() == b"a page" and page.stat().st_mode & 0o777 == 0o644)
