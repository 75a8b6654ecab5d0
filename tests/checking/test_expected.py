"""What the build writes beside a notebook: its version, and what a kit says to a file of a later one."""

from __future__ import annotations

import json

import numpy as np
import pytest

from helpers import check
from helpers.checking.demonstrations import questions
from helpers.checking.expected import VERSION, NewerFormat, read_expected


def double(x):
    return 2 * x


def verdict():
    return check.values(double, at=[{"x": np.array([1.0, 2.0])}], points=1)


@pytest.fixture
def beside(tmp_path, monkeypatch):
    """The notebook's folder; called with what stands in `expected.json`."""
    monkeypatch.chdir(tmp_path)

    def write(**more):
        packed = {"shape": [2], "kind": "f", "values": [2.0, 4.0]}
        known = {"checks": {"values double": {"cases": [packed]}}, "questions": {"double": "1.1"}, **more}
        (tmp_path / "expected.json").write_text(json.dumps(known))
        return tmp_path / "expected.json"
    return write


@pytest.mark.parametrize("more", [{}, {"version": VERSION}, {"version": VERSION, "a later key": 1}])
def test_a_file_of_this_version_and_one_from_before_there_were_any_are_read(beside, more):
    beside(**more)
    assert verdict().right
    assert questions() == {"double": "1.1"}


def test_a_file_of_a_later_version_is_refused_in_the_check_with_what_to_do(beside):
    path = beside(version=VERSION + 1)
    with pytest.raises(NewerFormat, match="Put `helpers` and the notebook's other files from one download together"):
        verdict()
    with pytest.raises(NewerFormat) as refused:
        read_expected(path)
    assert len(refused.value._render_traceback_()) == 2, "students read the sentences, not our code"
    assert questions() == {}  # which only helps: the import and other cells go on


@pytest.mark.parametrize("content", ["", "[1]", "{", '"version"'])
def test_a_file_that_is_none_is_as_if_it_were_not_there(tmp_path, content):
    (tmp_path / "expected.json").write_text(content)
    assert read_expected(tmp_path / "expected.json") == read_expected(tmp_path / "none.json") == {}
