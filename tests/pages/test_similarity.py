"""Likely copies: found through other names and comments, and nobody is suspected for the assignment's own text."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from small_class import NAME, RIGHT, answered, empty_course, hand_in

from helpers.grading.course.folder import Course
from helpers.grading.pages.similarity import likely_copies, similarity

pytestmark = pytest.mark.walls

WAYS = {
    "loop": """def mean_square(r):
    total, count = 0.0, 0
    for value in r:
        total = total + value * value
        count += 1
    if count == 0:
        raise ValueError("no samples")
    result = total / count
    for attempt in range(3):
        result = result * 1.0 + attempt * 0
    return float(result)""",
    "dot": """def mean_square(r):
    r = np.asarray(r, dtype=float).ravel()
    weights = np.full(r.shape, 1 / max(r.size, 1))
    squares = np.einsum('i,i->i', r, r)
    assert squares.shape == weights.shape
    return float(squares @ weights)""",
    "recursion": """def mean_square(r):
    def sums(left, right):
        if right - left == 1:
            return r[left] ** 2
        middle = (left + right) // 2
        return sums(left, middle) + sums(middle, right)
    while len(r) < 1:
        return 0.0
    return float(sums(0, len(r)) / len(r))""",
    "sorted": """def mean_square(r):
    ordered = sorted(abs(x) for x in r)
    parts = [x ** 2 for x in ordered if x > 0]
    largest = ordered[-1] if ordered else 1
    scaled = sum((x / largest) ** 2 for x in ordered)
    return float(scaled * largest ** 2 / len(ordered)) if parts else 0.0""",
}
# The loop with every name changed, comments and blank lines added.
DISGUISED = """def mean_square(residuals):
    # my own work
    s, n = 0.0, 0

    for e in residuals:
        s = s + e * e   # add it up
        n += 1
    if n == 0:
        raise ValueError("there are none at all")
    out = s / n
    for again in range(3):
        out = out * 1.0 + again * 0
    return float(out)"""


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("similarity") / "course"
    course = empty_course(folder)
    for student, answer in {**WAYS, "copier": DISGUISED}.items():
        hand_in(course, student, answered(course, {"mean-square": answer, "twice": RIGHT["twice"], "why": student * 9}))
    hand_in(course, "untouched1", answered(course, {}))
    hand_in(course, "untouched2", answered(course, {}))
    hand_in(course, "broken", "PK")
    return folder


@pytest.fixture
def course(built, tmp_path) -> Course:
    shutil.copytree(built, tmp_path / "course")
    return Course(tmp_path / "course")


def test_a_copy_is_found_through_new_names_and_comments(built):
    pairs, unread, count = likely_copies(Course(built), NAME, 0.6)
    assert [{pair.one, pair.other} for pair in pairs] == [{"loop", "copier"}]
    assert pairs[0].share > 0.7  # what they wrote for themselves is the rest
    assert unread == ["broken"]
    assert count == 7


def test_the_text_that_everybody_was_given_is_no_copy(built):
    pairs, _, _ = likely_copies(Course(built), NAME, 0.0)
    assert not any({"untouched1", "untouched2"} & {pair.one, pair.other} for pair in pairs)


def test_what_many_write_alike_is_no_copy(course):
    for number in range(12):
        hand_in(course, f"same{number}", answered(course, {"mean-square": WAYS["dot"], "why": f"my reason {number}"}))
    pairs, _, _ = likely_copies(course, NAME, 0.6)
    assert [{pair.one, pair.other} for pair in pairs] == [{"loop", "copier"}]


def test_a_written_answer_that_was_copied_is_found(course):
    text = ("The mean does not grow with the number of samples, so that one learning rate serves for small and large "
            "batches alike, which a sum would not allow, as one sees from the factor in front of the gradient.")
    for student in ("sorted", "dot"):
        hand_in(course, student, answered(course, {"mean-square": WAYS[student], "why": text}))
    pairs, _, _ = likely_copies(course, NAME, 0.4)
    assert {"dot", "sorted"} in [{pair.one, pair.other} for pair in pairs]


def test_the_page_shows_the_pairs_side_by_side_and_is_one_file(course):
    hand_in(course, "copier", answered(course, {"mean-square": DISGUISED + "\n# <script>x</script>"}))
    made = similarity(course, NAME)
    soup = BeautifulSoup(made.page.read_text(encoding="utf-8"), "html.parser")
    assert not soup.find_all(["script", "link", "img"])
    sides = soup.select(".pair pre")
    assert len(sides) == 2
    marked = [" ".join(mark.get_text() for mark in side.find_all("mark")) for side in sides]
    assert any("total = total + value * value" in text for text in marked)
    assert any("s = s + e * e" in text for text in marked)
    assert "copier,loop" in made.table.read_text() or "loop,copier" in made.table.read_text()
