"""Kinds of what is wrong, and verdicts as data: written by checks, read by pages and reports."""

from __future__ import annotations

import ast
from pathlib import Path

from helpers.checking.kinds import WORDS, in_words
from helpers.checking.verdict import Row, Verdict

STUDENT_HALF = Path(__file__).resolve().parent.parent.parent / "helpers"


def kinds_in(path: Path) -> set[str]:
    """What a module gives a trouble, or a row's `kind`, as a string."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Trouble" and node.args:
            first = node.args[0]
            kinds = (first.body, first.orelse) if isinstance(first, ast.IfExp) else (first,)
            found |= {one.value for one in kinds if isinstance(one, ast.Constant)}
    return found - {""}


def test_every_kind_of_trouble_has_words():
    modules = [STUDENT_HALF / "check.py", *(STUDENT_HALF / "checking").glob("*.py")]
    found = set.union(*map(kinds_in, modules))
    assert len(found) > 15
    assert not found - WORDS.keys()


def test_what_has_no_words_is_readable():
    assert in_words("missing-derivative") == "missing derivative"
    assert in_words("") == ""


def test_a_verdict_survives_as_data():
    rows = [Row("one", 1.5, 1.0), Row("two", 1.5, 0.5, "where", "why", "shape", "remark", 0.25)]
    verdict = Verdict("f", rows, advice="look")
    data = verdict.to_dict()
    read = Verdict.from_dict(data)
    assert data["version"] == 1
    assert (read.name, read.points, read.max_points, read.rows, read.advice) == ("f", 2.25, 3, verdict.rows, "look")


def test_a_verdict_of_another_version_is_read_as_far_as_it_is_known():
    data = Verdict("f", [Row("one", 2)]).to_dict()
    data["rows"][0]["colour"] = "blue"
    assert Verdict.from_dict(data | {"news": 1}).rows == [Row("one", 2)]
