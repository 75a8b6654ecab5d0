"""“Which slip is it?” questions, made from the mistakes in masters.

A question shows the code of a mistake and what the self-check says of it, and asks which of several sentences names the
idea: that mistake's own, among those of other mistakes in the same question. The cells are written into a master
between two comments, from where they are built, graded and proved like any others:

    # %% [markdown]
    # <!-- slips from ps3_samplewise_mnist, ps4_regularised_mlp: 6, draw 1 -->
    …
    # %% [markdown]
    # <!-- end of slips -->

`coursekit build PS --draw N` writes another draw. Questions come from earlier problem sets: those of the same one would
show its solution.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from helpers.checking.expected import PUBLIC_SEED
from helpers.checking.verdict import Row, Verdict
from helpers.grading.authoring.source import source_notebook
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.marking.earlier import question_numbers
from helpers.grading.marking.reference import ProblemSet
from helpers.grading.notebooks.master import Cell, Master, Question

CHOICES = 4  # sentences to choose from
LONGEST = 16  # lines of code that a question may show
KINDS = ("gradients", "jacobian")  # checks whose reports tell slips apart
BEGIN = re.compile(r"<!-- slips from (?P<banks>[^:]+): (?P<count>\d+), draw (?P<draw>\d+) -->")
END = "<!-- end of slips -->"
SHOWN = re.compile(r"(?ms)^# Somebody has written:\n#\n# ```python\n(.*?)\n# ```$")


@dataclass(frozen=True)
class Slip:
    """One question: what is shown, the sentences to choose from, and what the check says of each choice's mistake."""

    where: str  # the problem set and the number of the question
    asked: str  # the function with its docstring
    code: str
    reports: tuple[str, ...]  # of the mistake behind each choice; the report shown is that of the right one
    choices: tuple[str, ...]
    right: int  # 0-based


@dataclass(frozen=True)
class Order:
    """What the comment in a master asks for."""

    banks: tuple[str, ...]
    count: int
    draw: int

    def comment(self) -> str:
        return f"<!-- slips from {', '.join(self.banks)}: {self.count}, draw {self.draw} -->"


def order_of(text: str) -> Order:
    """The order that stands in a master's text.

    Raises:
        CourseError: if there is none, more than one, or no end.
    """
    found = list(BEGIN.finditer(text))
    if len(found) != 1 or text.count(END) != 1 or text.index(END) < found[0].end():
        raise CourseError("no place for slips: write a markdown cell with <!-- slips from PS, PS: 6, draw 1 --> and "
                          f"one behind it with {END} into the master, once")
    banks = tuple(name.strip() for name in found[0]["banks"].split(","))
    return Order(banks, int(found[0]["count"]), int(found[0]["draw"]))


def rewritten(text: str, order: Order, slips: Iterable[Slip]) -> str:
    """A master's text with the cells of these slips in the place of the old ones."""
    order_of(text)
    begin = BEGIN.search(text)
    assert begin is not None
    first = text.index("\n# %%", begin.end()) + 1
    last = text.rindex("\n# %%", 0, text.index(END)) + 1
    cells = "".join(_cells(number, slip) for number, slip in enumerate(slips, 1))
    return text[:begin.start()] + order.comment() + text[begin.end():first] + cells + text[last:]


def redraw(course: Course, name: str, draw: int) -> list[Slip]:
    """Write another draw of slips into a problem set's master; none if it has no place for them.

    Raises:
        CourseError: if the masters that it names do not have as many questions that are fit for it.
    """
    path = course.masters.get(name)
    text = path.read_text(encoding="utf-8") if path else ""
    if path is None or not BEGIN.search(text):
        return []
    asked = order_of(text)
    banks = {}
    for bank in map(course.find, asked.banks):
        master = course.master(bank)
        if master is None:
            raise CourseError(f"{bank} has no master to draw slips from")
        banks[bank] = master
    order = Order(tuple(banks), asked.count, draw)
    elsewhere = shown_in(other.read_text(encoding="utf-8") for of, other in course.masters.items() if of != name)
    slips = drawn(banks, order, elsewhere)
    path.write_text(rewritten(text, order, slips), encoding="utf-8")
    return slips


def shown_in(texts: Iterable[str]) -> set[str]:
    """The code of all slips that stand in these masters' texts."""
    return {re.sub(r"(?m)^# ?", "", found) for text in texts for found in SHOWN.findall(text)}


def drawn(banks: Mapping[str, Master], order: Order, elsewhere: Collection[str] = ()) -> list[Slip]:
    """As many slips as ordered, no mistake twice, no question again before each has had its turn.

    elsewhere: the code of slips that other problem sets show; they are drawn when no others are left. The same draw
    gives the same.

    Raises:
        CourseError: if the masters do not have as many mistakes that are fit for it.
    """
    rng = np.random.default_rng(order.draw)
    fit = [(name, question) for name in order.banks for question in banks[name].questions.values() if _fit(question)]
    every = {id(question): _short(question) for _, question in fit}
    if (found := sum(map(len, every.values()))) < order.count:
        raise CourseError(f"{order.count} slips are asked for, and {', '.join(order.banks)} have {found} short ones "
                          f"in questions with a check of gradients and {CHOICES} mistakes or more: name more problem "
                          "sets, or ask for fewer")
    problem_sets: dict[str, ProblemSet] = {}
    slips: list[Slip] = []
    for known in (False, True):
        left = {key: [cell for cell in cells if (cell.source.strip() in elsewhere) is known]
                for key, cells in every.items()}
        while len(slips) < order.count and any(left.values()):
            for name, question in (fit[i] for i in rng.permutation(len(fit))[:order.count - len(slips)]):
                if left[id(question)]:
                    shown = left[id(question)].pop(rng.integers(len(left[id(question)])))
                    if name not in problem_sets:
                        problem_sets[name] = ProblemSet(name, source_notebook(banks[name]), banks[name])
                    slips.append(_slip(problem_sets[name], question, shown, rng))
    return slips


def _fit(question: Question) -> bool:
    kinds = [match[1] for check in question.checks if (match := re.search(r"(?m)^check\.(\w+)", check.source))]
    return bool(kinds) and kinds[0] in KINDS and len(_short(question)) >= 1 and len(question.mistakes) >= CHOICES


def _short(question: Question) -> list[Cell]:
    return [cell for cell in question.mistakes if len(cell.source.strip().split("\n")) <= LONGEST]


def _slip(problem_set: ProblemSet, question: Question, shown: Cell, rng: np.random.Generator) -> Slip:
    others = [cell for cell in question.mistakes if cell is not shown]
    chosen = [others[i] for i in rng.permutation(len(others))[:CHOICES - 1]]
    right = int(rng.integers(CHOICES))
    chosen.insert(right, shown)
    number = question_numbers(problem_set).get(question.cell.defined()[0], "")
    which = re.match(r"ps(\d+)", problem_set.name)
    where = f"Problem set {which[1]}" if which else problem_set.name
    return Slip(f"{where}, {number}" if number else where, _asked(question), shown.source.strip(),
                tuple(_report(problem_set, question, cell) for cell in chosen),
                tuple(str(cell.metadata["says"]) for cell in chosen), right)


def _asked(question: Question) -> str:
    """The question's function with its docstring, without a body."""
    function = next(node for node in question.cell.tree.body if isinstance(node, ast.FunctionDef))
    says = textwrap.indent(ast.get_docstring(function) or "", "    ").strip()
    return f"def {function.name}({ast.unparse(function.args)}):\n    \"\"\"{says}\"\"\""


def _report(problem_set: ProblemSet, question: Question, cell: Cell) -> str:
    """What the question's first check says of a mistake on the public cases, row by row and without the reason."""
    check = question.checks[0]
    subjects = problem_set.subjects(problem_set.candidate(cell.source))
    verdict = problem_set.check(problem_set.check_sources[check.grade_id], check.grade_id, subjects, PUBLIC_SEED,
                                depth="where").verdict
    return "\n".join(map(_line, verdict.rows)) if isinstance(verdict, Verdict) else "raises an exception"


def _line(row: Row) -> str:
    said = " ".join(row.where.split())
    return f"{row.shown}: right" if row.right else f"{row.shown}: wrong{f', {said}' if said else ''}"


def _cells(number: int, slip: Slip) -> str:
    """The cells of one slip as text of a master: what is shown, the question, its check, the wrong choices."""
    listed = "\n".join(f"{k}. {sentence}" for k, sentence in enumerate(slip.choices, 1))
    shown = (f"### Slip {number}\n\n{slip.where}, asked for this:\n\n```python\n{slip.asked}\n```\n\n"
             f"Somebody has written:\n\n```python\n{slip.code}\n```\n\n"
             f"The self-check says:\n\n```text\n{slip.reports[slip.right]}\n```\n\n"
             f"Which idea is behind it?\n\n{listed}")
    markdown = "\n".join(f"# {line}".rstrip() for line in shown.split("\n"))
    name, grade_id = f"slip_{number}", f"slip-{number}"
    text = f"# %% [markdown]\n{markdown}\n\n"
    text += (f'# %% nbgrader={{"grade_id": "{grade_id}", "solution": true}}\n'
             f'def {name}():\n    """The number of the sentence, 1 to {len(slip.choices)}."""\n'
             f'    ### BEGIN SOLUTION\n    return {slip.right + 1}\n    ### END SOLUTION\n\n'
             f'# %% nbgrader={{"grade_id": "{grade_id}-check", "grade": true, "points": 1}}\n'
             f'check.answer({name}, points=1)\n\n')
    for k, report in enumerate(slip.reports):
        if k != slip.right:
            text += (f'# %% tags=["mistake"] question="{grade_id}" says={_json(_not_this(k + 1, report, slip))}\n'
                     f'def {name}():\n    return {k + 1}\n\n')
    return text


def _not_this(choice: int, report: str, slip: Slip) -> str:
    if report == slip.reports[slip.right]:
        return f"Not {choice}: the report would look the same, but read the code again: it does not do that."
    return f"Not {choice}: of that slip the self-check would say otherwise: {'; '.join(report.splitlines())}"


def _json(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
