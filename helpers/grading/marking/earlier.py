"""Which wrong answers use functions of earlier questions that are wrong themselves."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping

from helpers.checking.judging import may_lean
from helpers.checking.leaning import leans_on
from helpers.checking.reach import reached
from helpers.checking.verdict import Verdict
from helpers.grading.marking.reference import ProblemSet
from helpers.grading.notebooks.master import used_names


def tell(problem_set: ProblemSet, verdicts: Iterable[tuple[str, Verdict]], answers: Mapping[str, str]) -> None:
    """Say it in each wrong verdict.

    verdicts: (grade_id of a check, what it says). answers: grade_id of a question → the submission's text.
    """
    verdicts, right = list(verdicts), dict[str, bool]()
    for _, verdict in verdicts:
        right[verdict.name] = right.get(verdict.name, True) and verdict.right
    questions = question_numbers(problem_set)
    locked = {name: value for name, value in problem_set.reference.items() if name not in problem_set.student_names}
    for grade_id, verdict in verdicts:
        if may_lean(verdict):
            text = answers.get(problem_set.check_question.get(grade_id, ""), "")
            verdict.first = leans_on(verdict.name, reached(_read(text), locked), right, questions)


def _read(text: str) -> set[str]:
    try:
        return used_names(ast.parse(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()


def question_numbers(problem_set: ProblemSet) -> dict[str, str]:
    """Student's function → the number of its question, or the question's heading if it has none."""
    found, heading = {}, ""
    for cell in problem_set.notebook.cells:
        if cell.cell_type == "markdown":
            heading = next(iter(re.findall(r"^#+\s+(.+)$", cell.source, re.M)[-1:]), heading)
        for name in problem_set.questions.get(cell.metadata.get("nbgrader", {}).get("grade_id", ""), ()):
            number = re.match(r"\d+(\.\d+)*[a-z]?(?=\s)", heading)
            found[name] = number.group() if number else heading
    return found
