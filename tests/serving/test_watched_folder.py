"""A watched folder is looked at often: what a student puts there must not take the service's time."""

from __future__ import annotations

import time

from helpers.grading.notebooks import files
from helpers.grading.serving import arrivals


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
