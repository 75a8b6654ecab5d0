"""What the grader knows of a problem set, and how it runs a check cell.

The reference is the source notebook's own code, executed here once; there is no second copy of the mathematics.
In a check cell the names that students write stand for subjects (proxies to a student's process, or a candidate
at hand); every other name comes from the reference, so that nothing a student defines can reach a verdict.
"""

from __future__ import annotations

import contextlib
import io
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import nbformat

from helpers.checking import setting as settings
from helpers.checking.observing import Local, Subject
from helpers.checking.verdict import Verdict
from helpers.grading.marking import nothing
from helpers.grading.marking.bounds import undisturbed
from helpers.grading.marking.grading_setting import GradingSetting, PlainSetting
from helpers.grading.marking.plain import PlainReference, is_plain
from helpers.grading.marking.quiet import quietly
from helpers.grading.marking.running import evaluate, execute, outputs_for
from helpers.grading.marking.supposing import Suppositions
from helpers.grading.notebooks.cells import EXPERIMENT, grade_id_of, is_check
from helpers.grading.notebooks.ipython import tree_of
from helpers.grading.notebooks.master import Master, defined_names
from helpers.grading.notebooks.returning import names_returned
from helpers.grading.notebooks.shape import delimiters_of


@dataclass
class Checked:
    """A check cell that ran: nbformat outputs, and the verdict if it ended in one."""

    outputs: list[dict[str, Any]]
    verdict: Verdict | None = None
    said: str = ""  # what the cell printed
    pending: list[Callable[[], None]] = field(default_factory=list)  # what changes no mark
    setting: GradingSetting | None = None  # in which it ran

    def finish(self) -> None:
        """Do what changes no mark, such as looking for an example."""
        while self.pending:
            with contextlib.suppress(Exception):  # an example that cannot be had is none
                self.pending.pop(0)()
        if self.verdict is not None:
            self.outputs = outputs_for(self.verdict, self.said)


class ProblemSet:
    """One problem set as the grader knows it.

    Args:
        notebook: the source notebook (nbgrader's instructor version).
        master: its master, for mistakes and alternatives; without one, misconceptions of the master's own
            go unnamed and everything else works.
        recorded: the notebook as the gradebook records it (see `notebooks.restore.recorded`); without one, the
            source itself, which is enough to mark functions.
        files: the assignment's own files beside the notebook, for plain tests.
    """

    def __init__(self, name: str, notebook: nbformat.NotebookNode, master: Master | None = None,
                 recorded: nbformat.NotebookNode | None = None, files: Mapping[str, bytes] | None = None):
        self.name, self.notebook, self.master = name, notebook, master
        self.recorded = recorded or notebook
        self.questions: dict[str, list[str]] = {}  # grade_id of a solution cell → the names it defines
        self.check_question: dict[str, str] = {}  # grade_id of a check → its question
        self.check_sources: dict[str, str] = {}  # grade_id of a check → its text, hidden tests and all
        self._memory: dict[Any, Any] = {}
        self._suppositions: dict[str, Suppositions] = {}
        self._known: dict[Any, Any] = {}
        tests = {is_plain(cell.source) for cell in notebook.cells if is_check(cell)}
        self.plain = PlainReference(
            name, notebook.cells, files or {}, delimiters_of(self.recorded)) if True in tests else None
        self.reference = self._execute(run=False in tests or master is not None)
        self.student_names = {name for names in self.questions.values() for name in names}

    def _execute(self, run: bool) -> dict[str, Any]:
        """The reference namespace: every code cell but checks and experiments, in order.

        run: some check is this kit's own; else plain tests have executed all that they need.
        """
        namespace: dict[str, Any] = {"__name__": "__main__"} if run or self.plain is None else dict(
            self.plain.namespace)
        question = ""
        for number, cell in enumerate(self.notebook.cells):
            info = cell.metadata.get("nbgrader", {})
            if cell.cell_type != "code" or EXPERIMENT in cell.metadata.get("tags", ()):
                continue
            if info.get("grade") and not info.get("solution"):
                self.check_question[info["grade_id"]] = question
                self.check_sources[info["grade_id"]] = cell.source
                continue
            if info.get("solution"):
                question = info["grade_id"]
                self.questions[question] = list(dict.fromkeys(defined_names(tree_of(cell.source))))
            if run:
                execute(cell.source, namespace, f"<{self.name}, cell {number + 1}>")
        return namespace

    def candidate(self, source: str) -> dict[str, Any]:
        """The reference namespace with one cell's names replaced: a mistake or an alternative at work."""
        namespace = dict(self.reference)
        execute(source, namespace, "<candidate>")
        return namespace

    def with_answers(self, answers: Mapping[str, str]) -> dict[str, Any]:
        """The namespace of a notebook that holds these answers (question → source): each works with the others."""
        namespace: dict[str, Any] = {"__name__": "__main__"}
        for cell in self.notebook.cells:
            if cell.cell_type == "code" and EXPERIMENT not in cell.metadata.get("tags", ()) and (
                    not is_check(cell)):
                execute(answers.get(grade_id_of(cell), cell.source), namespace, "<answers>")
        return namespace

    def subjects(self, namespace: Mapping[str, Any]) -> dict[str, Subject]:
        """Subjects for the names that students write, out of a namespace of this process."""
        return {name: Local(name, namespace[name]) if name in namespace else Local(name)
                for name in self.student_names}

    def check(self, source: str, grade_id: str, subjects: Mapping[str, Any], seed: int, depth: str = "why",
              setting: GradingSetting | None = None, failed_cells: Mapping[str, str] | None = None) -> Checked:
        """Run a check cell on subjects, in this process. failed_cells: function → why its cell defined nothing."""
        namespace = {**self.reference, **subjects}
        setting = setting or GradingSetting(self, grade_id, seed, depth)
        setting.names, setting.failed_cells = namespace, failed_cells or {}
        said = io.StringIO()
        try:
            with settings.using(setting), quietly(said):
                value = evaluate(source, namespace, f"<check {grade_id}>")
        except Exception as error:  # an assertion of a plain nbgrader test, or a student's exception in a property
            name = getattr(getattr(error, "error", None), "type", type(error).__name__)
            line = f"{name}: {getattr(getattr(error, 'error', None), 'message', None) or error}"
            return Checked([{"output_type": "error", "ename": name, "evalue": line, "traceback": [line]}])
        return Checked(outputs_for(value, said.getvalue()), value if isinstance(value, Verdict) else None,
                       said.getvalue(), setting.pending, setting)

    def remembered(self, key: Any, compute: Callable[[], Any]) -> Any:
        if key not in self._memory:
            self._memory[key] = undisturbed(compute)
        return self._memory[key]

    def forget(self) -> None:
        """Drop what was remembered for the seeds so far."""
        self._memory.clear()

    def cheap_rows(self, grade_id: str, seed: int) -> frozenset[str]:
        """Rows of a check that answers of nothing get, if every function of its question hands in the same form."""
        # Rows by case are another matter: there each case is right by itself.
        properties = "check.properties" in self.check_sources[grade_id]
        found: set[str] = set()
        for form in (*nothing.CHEAP, nothing.ALWAYS_THE_FIRST) if properties else nothing.CHEAP:
            verdict = self._verdict_on(self._cheap(grade_id, form), grade_id, seed)
            if verdict is not None and not verdict.right:  # else the form is the answer
                found.update(row.name for row in verdict.rows if row.share)
        return frozenset(found)

    def cheap_cases(self, grade_id: str, seed: int) -> dict[str, frozenset[int]]:
        """Row of a check → positions of the cases on which some answer of nothing gets it, where it raises on all
        others."""
        found: dict[str, set[int]] = {}
        for form in nothing.CHEAP:
            cheap = self._cheap(grade_id, form)
            only = cases = 0
            while only <= cases:
                made = {name: nothing.OnlyOnce(function, only) for name, function in cheap.items()}
                verdict = self._verdict_on(made, grade_id, seed)
                for row in verdict.rows if verdict is not None else ():
                    if row.share:
                        found.setdefault(row.name, set()).add(only)
                cases = max((function.calls for function in made.values()), default=0) - 1
                only += 1
        return {row: frozenset(cases) for row, cases in found.items()}

    def _cheap(self, grade_id: str, form: str) -> dict[str, Callable]:
        """The functions of a check's question, as an answer of nothing."""
        names = self.questions.get(self.check_question.get(grade_id, ""), ())
        return {name: nothing.handed_in(form, self.reference[name]) for name in names
                if isinstance(self.reference.get(name), types.FunctionType)}

    def _verdict_on(self, functions: Mapping[str, Callable], grade_id: str, seed: int) -> Verdict | None:
        """What a check says of these functions and otherwise the reference's."""
        subjects = self.subjects(self.reference) | {name: Local(name, made) for name, made in functions.items()}
        return self.check(self.check_sources[grade_id], grade_id, subjects, seed,
                          setting=PlainSetting(self, grade_id, seed, "verdict")).verdict

    def suppositions(self, question: str) -> Suppositions:
        """What an answer to a question may have done; made once."""
        if question not in self._suppositions and self.master is not None:
            self._suppositions[question] = Suppositions(self.master.questions[question], self.candidate)
        return self._suppositions[question]

    def known(self, key: Any, compute: Callable[[], Any]) -> Any:
        """What depends on no seed."""
        if key not in self._known:
            self._known[key] = undisturbed(compute)
        return self._known[key]

    def returned_by(self, function: str) -> tuple[str, ...]:
        """What the solution calls the things that a function returns; empty if they have no names."""
        cells = (cell for cell in self.notebook.cells
                 if function in self.questions.get(cell.metadata.get("nbgrader", {}).get("grade_id", ""), ()))
        return self.known(("returned", function), lambda: next(
            (names_returned(tree_of(cell.source), function) for cell in cells), ()))

    def alternatives_for(self, question: str) -> list[dict[str, Any]]:
        """Namespaces of a question's alternatives."""
        if self.master is None or question not in self.master.questions:
            return []
        cells = self.master.questions[question].alternatives
        return self.known(("alternatives", question), lambda: [self.candidate(cell.source) for cell in cells])

    def solutions(self, question: str) -> list[tuple[str, dict[str, Any]]]:
        """(code, namespace in which it runs) of a question's solution and its alternatives."""
        known = self.master.questions.get(question) if self.master else None
        return [] if known is None else [(cell.source, self.reference) for cell in (known.cell, *known.alternatives)]

    def mistakes_for(self, grade_id: str) -> list[tuple[str, dict[str, Any]]]:
        """(sentence, namespace) of the mistakes known for a check's question."""
        question = self.check_question.get(grade_id)
        known = self.master.questions.get(question) if self.master and question else None
        if known is None:
            return []
        return self.remembered(("mistakes", question), lambda: [
            (cell.metadata["says"], self.candidate(cell.source)) for cell in known.mistakes])


__all__ = ["Checked", "ProblemSet"]
