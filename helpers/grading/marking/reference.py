"""What the grader knows of a problem set, and how it runs a check cell.

The reference is the source notebook's own code, executed here once; there is no second copy of the mathematics.
In a check cell the names that students write stand for subjects (proxies to a student's process, or a candidate
at hand); every other name comes from the reference, so that nothing a student defines can reach a verdict.
Reference results, cases, finite differences and the results of known mistakes depend on trusted code and the seed
only: they are computed once per problem set and process.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import functools
import io
import linecache
import re
import time
import types
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import nbformat
import numpy as np

from helpers.checking import setting as settings
from helpers.checking.derivation import Formulas
from helpers.checking.expected import PUBLIC_SEED
from helpers.checking.formulas import Formula
from helpers.checking.ladder import Rung, rungs, weight_of
from helpers.checking.observing import Local, Observation, Subject
from helpers.checking.probe import called_with
from helpers.checking.reasons import numbers_in
from helpers.checking.seeds import depends
from helpers.checking.structure import Structure, structure_of
from helpers.checking.verdict import Verdict
from helpers.grading.hypotheses.derivations import FormulaChange, formula_changes
from helpers.grading.hypotheses.scope import lines_alike
from helpers.grading.hypotheses.tracing import TRACED, traced
from helpers.grading.marking import contrasting, formula_places, mending, nothing, transplanting
from helpers.grading.marking.plain import PlainReference, is_plain
from helpers.grading.marking.quiet import quietly
from helpers.grading.marking.supposing import Suppositions, Trial
from helpers.grading.notebooks.cells import EXPERIMENT, grade_id_of, is_check
from helpers.grading.notebooks.ipython import tree_of
from helpers.grading.notebooks.master import Master, defined_names
from helpers.grading.notebooks.returning import names_returned
from helpers.grading.notebooks.shape import delimiters_of
from helpers.sameness import same_value

SAME = 1e-5  # of the largest entry: alternatives that compute in single precision are right as well
WEAK = re.compile(r"\bcheck\.(?:properties|residuals)\b")  # of one row alone, no proof: many a result passes it
BY_CASE = re.compile(r"""\bby\s*=\s*["']case["']""")
FEW, FEW_NUMBERS = 10, 2000  # cases on which an answer is looked at place by place, and what they may hold
MORE = 40  # cases of which it is looked for what sets some apart
LADDER_SECONDS = 3.0  # of processor time, for all small cases of a check


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
            self.outputs = _outputs(self.verdict, self.said)


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
        return Checked(_outputs(value, said.getvalue()), value if isinstance(value, Verdict) else None, said.getvalue(),
                       setting.pending, setting)

    def remembered(self, key: Any, compute: Callable[[], Any]) -> Any:
        if key not in self._memory:
            self._memory[key] = compute()
        return self._memory[key]

    def forget(self) -> None:
        """Drop what was remembered for the seeds so far."""
        self._memory.clear()

    def mend(self, source: str, run: Callable[[str], bool], subjects: Mapping[str, Any], seed: int,
             failed: Mapping[str, Checked]) -> None:
        """Look for what is wrong with an answer by mending it (see `mending`); `failed` are its checks by grade_id."""
        def again(grade_id: str, first: bool) -> Verdict | None:
            verdict = failed[grade_id].verdict
            wrong = [f"{row.name} {row.where}" for row in verdict.rows if not row.right] if first and verdict else None
            return self.check(self.check_sources[grade_id], grade_id, subjects, seed, setting=_Plain(
                self, grade_id, seed, "verdict", None if wrong is None else " ".join(wrong))).verdict

        texts = self.check_sources
        # A run that ends below a bound proves nothing about a change: many a wrong one does.
        open_ones = {grade_id: checked for grade_id, checked in failed.items()
                     if mending.wanting(checked.verdict) and "check.training" not in texts[grade_id]}
        given = self._given(source, open_ones)
        suspicion = self._transplant(source, run, subjects, open_ones, given)
        mending.mend(source, run, [
            mending.Failed(checked.verdict, functools.partial(again, grade_id), bool(WEAK.search(texts[grade_id])))
            for grade_id, checked in open_ones.items() if checked.verdict is not None and mending.wanting(
                checked.verdict)], self._formulas_said(subjects, open_ones), suspicion, given)
        for grade_id, checked in open_ones.items():
            self._formula_places(grade_id, checked, subjects)
            self._contrast(grade_id, checked, subjects)
        for checked in failed.values():
            checked.finish()

    def _given(self, source: str, failed: Iterable[str]) -> frozenset[int]:
        """Lines of an answer's functions that stand in the solution as well."""
        texts = [text for grade_id in failed for text, _ in self.solutions(self.check_question.get(grade_id, ""))]
        return lines_alike(source, texts)

    def _formula_places(self, grade_id: str, checked: Checked, subjects: Mapping[str, Any]) -> None:
        """Say which place of a formula is wrong, where all of the others are right."""
        setting, verdict = checked.setting, checked.verdict
        for key, subject in setting.asked.items() if setting is not None else ():
            if setting is None or verdict is None or not isinstance(subject, Formulas):
                continue
            rungs = setting.known_cases(subject, key)
            wrong = [row for row in verdict.rows if not row.right and row.kind not in mending.HOPELESS and not row.why]
            said = formula_places.amiss(
                subject.rebound(subjects[subject.name]).formulas(), setting.known_formulas(subject, key),
                [rung.case for rung in rungs], [rung.expected for rung in rungs], [row.name for row in wrong])
            for row in wrong:
                if row.name in said:
                    row.why, row.kind, verdict.advice = said[row.name], mending.MENDED, ""

    def _contrast(self, grade_id: str, checked: Checked, subjects: Mapping[str, Any]) -> None:
        """Where nothing else has been found: what sets the public cases apart on which an answer is wrong."""
        setting, names = checked.setting, self.questions.get(self.check_question.get(grade_id, ""), ())
        for key, subject in setting.asked.items() if setting is not None else ():
            if setting is None or checked.verdict is None or not mending.wanting(checked.verdict):
                return
            if subject.name in names and not isinstance(subject, Formulas):
                says = setting.contrast(subjects[subject.name], subject, key)
                if says:
                    mending.tell(checked.verdict, says, [], contrasting.CONTRAST)

    def _formulas_said(self, subjects: Mapping[str, Any], failed: Mapping[str, Checked]) -> list[FormulaChange]:
        """Changes of the formulas that an answer says, where these are what is wrong."""
        found: list[FormulaChange] = []
        for grade_id in failed:
            if "check.derivation" in self.check_sources[grade_id]:
                for name in self.questions.get(self.check_question.get(grade_id, ""), ()):
                    found += formula_changes(name, subjects[name].observe().value, mending.MOST)
        return found

    def _transplant(self, source: str, run: Callable[[str], bool], subjects: Mapping[str, Any],
                    failed: Mapping[str, Checked], given: frozenset[int]) -> dict[int, float]:
        """Look for the place of an answer that is wrong by giving it numbers of the solution's (`transplanting`).

        Returns by line of the answer how suspicious it is, as far as that is known.
        """
        answer, suspicion = traced(source), dict[int, float]()
        if answer is None or TRACED not in subjects or not failed or not run(answer.text):
            return suspicion

        def inside(*arguments: Any) -> Any:
            return subjects[TRACED].observe(*arguments).value

        for grade_id, checked in failed.items():
            setting, names = checked.setting, self.questions.get(self.check_question.get(grade_id, ""), ())
            for key, subject in setting.asked.items() if setting is not None else ():
                if subject.name not in names or setting is None or isinstance(subject, Formulas):
                    continue
                search, donors = setting.known_places(subject, key)
                whole = BY_CASE.search(self.check_sources[grade_id]) is not None  # a row speaks of all outputs
                found = search.find(answer, inside, donors, given, whole) if donors else None
                suspicion.update(search.suspicion)
                if found is not None and checked.verdict is not None:
                    mending.tell(checked.verdict, found.says, found.outputs)
                    break
        return suspicion

    def cheap_rows(self, grade_id: str, seed: int) -> frozenset[str]:
        """Rows of a check that answers of nothing get, if every function of its question hands in the same form."""
        names = [name for name in self.questions.get(self.check_question.get(grade_id, ""), ())
                 if isinstance(self.reference.get(name), types.FunctionType)]
        source = self.check_sources[grade_id]
        found: set[str] = set()
        # Rows by case are another matter: there each case is right by itself.
        forms = (*nothing.CHEAP, nothing.ALWAYS_THE_FIRST) if "check.properties" in source else nothing.CHEAP
        for form in forms:
            made = {name: Local(name, nothing.handed_in(form, self.reference[name])) for name in names}
            verdict = self.check(source, grade_id, {**self.subjects(self.reference), **made}, seed,
                                 setting=_Plain(self, grade_id, seed, "verdict")).verdict
            if verdict is not None and not verdict.right:  # else the form is the answer
                found.update(row.name for row in verdict.rows if row.share)
        return frozenset(found)

    def suppositions(self, question: str) -> Suppositions:
        """What an answer to a question may have done; made once."""
        if question not in self._suppositions and self.master is not None:
            self._suppositions[question] = Suppositions(self.master.questions[question], self.candidate)
        return self._suppositions[question]

    def known(self, key: Any, compute: Callable[[], Any]) -> Any:
        """What depends on no seed."""
        if key not in self._known:
            self._known[key] = compute()
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


class GradingSetting:
    """The setting of a check in the grader (see `helpers.checking.setting.Setting`).

    depth: at "why", reasons are looked for; at less, none are told.
    """

    tells_expected = False

    def __init__(self, problem_set: ProblemSet, grade_id: str, seed: int, depth: str):
        self.problem_set, self.grade_id, self.seed, self.depth = problem_set, grade_id, seed, depth
        self.names: Mapping[str, Any] = {}  # the check cell's globals
        self.pending: list[Callable[[], None]] = []
        self.asked: dict[str, Subject] = {}  # whom a check asks, by key
        self._generators: dict[str, Any] = {}
        self._accepts: dict[str, Callable[[Any, list[Any]], bool]] = {}
        self.failed_cells: Mapping[str, str] = {}  # a student's function → why its cell defined nothing

    def remembered(self, key: Any, compute: Callable[[], Any]) -> Any:
        return self.problem_set.remembered((self.seed, self.grade_id, key), compute)

    def cases(self, key: str, at: Any, hidden: Any) -> list[settings.Case]:
        trusted, also = self.trusted(at), self.trusted(hidden)
        self._generators[key] = trusted
        cases = self.remembered((key, "cases"), lambda: settings.draw(trusted, self.seed, key) + (
            settings.draw(also, self.seed, key + " hidden") if also else []))
        return copy.deepcopy(cases)

    def fixed(self, key: str, cases: list[settings.Case]) -> frozenset[int]:
        other = PUBLIC_SEED + (self.seed == PUBLIC_SEED)
        return self.remembered((key, "fixed"), lambda: settings.same_for_all(
            cases, settings.draw(self._generators.get(key, ()), other, key)))

    def trusted(self, thing: Any) -> Any:
        return self._in(self.problem_set.reference, thing)

    def _in(self, namespace: dict[str, Any], thing: Any) -> Any:
        """What a name, or a function written in the check cell, is in another namespace."""
        if hasattr(thing, "observe"):
            first, *attributes = thing.name.split(".")
            found = namespace[first]
            for attribute in attributes:
                found = getattr(found, attribute)
            return found
        if isinstance(thing, types.FunctionType) and thing.__globals__ is self.names:
            return types.FunctionType(thing.__code__, namespace, thing.__name__, thing.__defaults__, thing.__closure__)
        return thing

    def in_namespace(self, namespace: dict[str, Any], subject: Subject) -> Subject:
        if isinstance(subject, Formulas):
            return subject.rebound(self.in_namespace(namespace, subject.subject))
        here = subject.value if isinstance(subject, Local) and subject.name not in namespace else subject
        return Local(subject.name, self._in(namespace, here))

    def parameters(self, subject: Subject, key: str) -> tuple[str, ...] | None:
        self.asked[key] = subject
        return self.remembered((key, "parameters"),
                               lambda: self.in_namespace(self.problem_set.reference, subject).parameters())

    def returned(self, subject: Subject, key: str) -> tuple[str, ...]:
        return self.problem_set.returned_by(subject.name)

    def number(self, key: str, compute: Callable[[], float]) -> float:
        return self.remembered((key, "number"), compute)

    def expected(self, subject: Subject, key: str, index: int, arguments: list[Any]) -> Observation:
        return self.remembered((key, "expected", index), lambda: self.in_namespace(
            self.problem_set.reference, subject).observe(*arguments, figures=key.startswith("figure ")))

    def seeded(self, subject: Subject, key: str, index: int, arguments: list[Any], changed: list[Any]) -> bool:
        reference = self.in_namespace(self.problem_set.reference, subject)
        return self.remembered((key, "seeded", index), lambda: depends(
            self.expected(subject, key, index, arguments), reference.observe(*arguments), reference.observe(*changed)))

    def structure(self, subject: Subject, key: str, index: int, arguments: list[Any]) -> Structure:
        seen = self.expected(subject, key, index, arguments)
        return None if seen.error is not None else structure_of(seen.value)

    def slopes(self, key: str, index: int, name: str, measure: Callable[[], Any], reference: Any) -> Any:
        return self.remembered(f"{key} {index} {name}", measure)

    def absent(self, name: str, names: Mapping[str, Any], wanted: tuple[str, ...] | None) -> str:
        why = self.failed_cells.get(name)
        return f"`{name}` is not defined: {why}" if why else f"`{name}` is not defined: no cell of the notebook does it"

    def told(self, name: str, check: str, right: bool, written: bool = True) -> None:
        return None

    def astray(self) -> list[tuple[str, str, str]]:
        return []

    def leaning(self, subject: Subject) -> str:
        return ""  # see the module `earlier`: it is known when all checks have run

    def cheap_rows(self, key: str) -> frozenset[str]:
        return self.remembered("cheap", lambda: self.problem_set.cheap_rows(self.grade_id, self.seed))

    def known_mistakes(self, subject: Subject, key: str, arguments: list[list[Any]]) -> list[tuple[str, list]]:
        def observe_all() -> list[tuple[str, list]]:
            return [(says, [self.in_namespace(namespace, subject).observe(*a, figures=key.startswith("figure "))
                            for a in arguments])
                    for says, namespace in self.problem_set.mistakes_for(self.grade_id)]

        return self.remembered((key, "mistakes"), observe_all)


    def later(self, work: Callable[[], None]) -> None:
        self.pending.append(work)

    def accepts(self, key: str, holds: Callable[[Any, list[Any]], bool]) -> None:
        self._accepts[key] = holds

    def ladder(self, subject: Subject, key: str) -> list[Rung]:
        return self.problem_set.known(("ladder", self.grade_id, key), lambda: list(self._rungs(subject, key)))

    def public_rungs(self, subject: Subject, key: str) -> list[Rung]:
        return self.problem_set.known(("public", self.grade_id, key), lambda: list(self._public_rungs(subject, key)))

    def _public_rungs(self, subject: Subject, key: str) -> Iterator[Rung]:
        reference = self.in_namespace(self.problem_set.reference, subject)
        with quietly(io.StringIO()):
            cases = self.public_cases(key)
        for number, case in enumerate(cases):
            arguments = [case[name] for name in called_with(case, reference.parameters())]
            seen = reference.observe(*arguments, figures=key.startswith("figure "))
            if seen.error is None:
                yield Rung({name: value for name, value in case.items() if name != "case"}, "", seen.value, number,
                           weight_of(seen.value))

    def contrast(self, answer: Subject, subject: Subject, key: str) -> str:
        """What is the same in the public cases on which an answer is wrong, or in its results, as a sentence, or ""."""
        rungs = self._few(subject, key, with_ladder=key not in self._accepts, most=MORE)
        search = self._search(subject, key, rungs)
        rights, wrong = [], []
        for number, rung in enumerate(rungs):
            seen = answer.observe(*search.arguments(number))
            if seen.error is not None and seen.error.type in ("TimeoutError", "ProcessEnded"):
                return ""
            judged = [False] if seen.error is not None else search.right(rung, seen.value)
            rights.append(all(judged))
            wrong += [contrasting.Wrong(rung.case, got, part) for got, part, right in zip(
                transplanting.outputs_of(seen.value), search.expected(rung), judged) if not right]
        said = contrasting.in_common(wrong) if key not in self._accepts else ""
        if said:
            return said
        return contrasting.contrast([rung.case for rung in rungs], rights) if rungs else ""

    def known_cases(self, subject: Subject, key: str) -> list[Rung]:
        """A few public cases and small ones, with what is right there."""
        return self._few(subject, key, with_ladder=True)

    def known_formulas(self, subject: Formulas, key: str) -> list[list[Formula]]:
        """The formulas of the solution and its alternatives."""
        question = self.problem_set.check_question.get(self.grade_id, "")
        return self.problem_set.known(("formulas", self.grade_id, key), lambda: [
            subject.rebound(self.in_namespace(namespace, subject.subject)).formulas() for namespace in (
                self.problem_set.reference, *self.problem_set.alternatives_for(question))])

    def known_places(self, subject: Subject, key: str) -> tuple[transplanting.Search, list[transplanting.Values]]:
        """A search on a few public cases, and what the places of the solution and its alternatives give there."""
        search = self._search(subject, key, self._few(subject, key, with_ladder=key not in self._accepts))
        question = self.problem_set.check_question.get(self.grade_id, "")
        return search, self.problem_set.known(("places", self.grade_id, key), lambda: transplanting.donors_of(
            search, self.problem_set.solutions(question)) if search.rungs else [])

    def _search(self, subject: Subject, key: str, rungs: list[Rung]) -> transplanting.Search:
        holds = self._accepts.get(key)

        def right(rung: Rung, result: Any) -> list[bool]:
            if holds is not None:
                return [result is not None and not rung.too_large(result) and bool(
                    holds(result, list(rung.case.values())))]
            wanted = transplanting.outputs_of(rung.expected)
            got = transplanting.outputs_of(result)
            return [k < len(got) and _near(got[k], part) for k, part in enumerate(wanted)]

        def expected(rung: Rung) -> list[Any]:
            return [rung.expected] if holds is not None else transplanting.outputs_of(rung.expected)

        return transplanting.Search(subject.name, rungs, self.parameters(subject, key), expected, right,
                                    holds is not None)

    def _few(self, subject: Subject, key: str, with_ladder: bool, most: int = FEW) -> list[Rung]:
        """Some public cases, of a check's own and small ones."""
        own = [rung for rung in self.public_rungs(subject, key) if weight_of(rung.case) <= FEW_NUMBERS]
        small = self.ladder(subject, key) if with_ladder else []
        return [*own[:most], *small[-most:]]

    def public_cases(self, key: str) -> list[settings.Case]:
        """The cases of the same check in a student's notebook."""
        return settings.draw(self._generators.get(key, ()), PUBLIC_SEED, key)

    def _rungs(self, subject: Subject, key: str) -> Iterator[Rung]:
        """Small cases on which the reference and all alternatives agree: one that makes no sense shows them apart.
        Where a check has no expected numbers, those that it accepts all of them on."""
        problem_set, question = self.problem_set, self.problem_set.check_question.get(self.grade_id, "")
        with quietly(io.StringIO()):
            cases = self.public_cases(key)
        reference = self.in_namespace(problem_set.reference, subject)
        others = [self.in_namespace(namespace, subject) for namespace in problem_set.alternatives_for(question)]
        figures, holds = key.startswith("figure "), self._accepts.get(key)
        called = called_with(cases[0], reference.parameters()) if cases else []
        with np.errstate(all="ignore"):
            made, begun = list(rungs(cases, called)), time.process_time()
        for rung in made:
            if time.process_time() - begun > LADDER_SECONDS:  # between calls: an import that is broken off stays broken
                return
            arguments = [rung.case[name] for name in called_with(rung.case, reference.parameters())]
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    seen = reference.observe(*arguments, figures=figures)
                    if seen.error is not None:
                        continue
                    others_seen = [other.observe(*arguments, figures=figures) for other in others]
                    if holds is not None:
                        fits = all(one.error is None and holds(one.value, list(rung.case.values()))
                                   for one in (seen, *others_seen))
                    else:
                        fits = figures or (_finite(seen.value) and all(_same_numbers(one, seen) for one in others_seen))
            except Exception:  # what makes no sense to the reference is no example
                continue
            if fits:
                yield replace(rung, expected=None if holds is not None or figures else seen.value,
                              numbers=weight_of(seen.value))

    def explaining(self, subject: Subject, key: str, arguments: list[list[Any]],
                   agrees: Callable[[int, Observation], bool]) -> list[str]:
        question = self.problem_set.check_question.get(self.grade_id)
        if self.depth != "why" or self.problem_set.master is None or (
                question not in self.problem_set.master.questions):
            return []
        suppositions = self.problem_set.suppositions(question)
        trial = self.remembered((key, "suppositions"), lambda: Trial(
            suppositions, self, subject, arguments, key.startswith("figure ")))
        trial.setting, trial.subject = self, subject
        return trial.explaining(agrees)


class _Plain(GradingSetting):
    """The setting in which it is found out which rows are cheap, and whether a change mends an answer.

    wrong: what was said of wrong rows; then only one case of each check is looked at, one that this speaks of.
    """

    def __init__(self, problem_set: ProblemSet, grade_id: str, seed: int, depth: str, wrong: str | None = None):
        super().__init__(problem_set, grade_id, seed, depth)
        self.wrong = wrong
        self._skipped: dict[str, int] = {}  # cases before the one that is looked at, by the check's key

    def cases(self, key: str, at: Any, hidden: Any) -> list[settings.Case]:
        found = super().cases(key, at, hidden)
        if self.wrong is None:
            return found
        spoken_of = (k for k, case in enumerate(found) if str(case.get("case") or f"case {k + 1}") in self.wrong)
        self._skipped[key] = chosen = next(spoken_of, 0)
        label = found[chosen].get("case") or f"case {chosen + 1}" if found else ""
        return [{**case, "case": label} for case in found[chosen : chosen + 1]]

    def expected(self, subject: Subject, key: str, index: int, arguments: list[Any]) -> Observation:
        return super().expected(subject, key, index + self._skipped.get(key, 0), arguments)

    def slopes(self, key: str, index: int, name: str, measure: Callable[[], Any], reference: Any) -> Any:
        return super().slopes(key, index + self._skipped.get(key, 0), name, measure, reference)

    def number(self, key: str, compute: Callable[[], float]) -> float:
        return compute() if self._skipped else super().number(key, compute)

    def fixed(self, key: str, cases: list[settings.Case]) -> frozenset[int]:
        return frozenset()

    def cheap_rows(self, key: str) -> frozenset[str]:
        return frozenset()

    def known_mistakes(self, subject: Subject, key: str, arguments: list[list[Any]]) -> list[tuple[str, list]]:
        return []


def _same_numbers(one: Observation, other: Observation) -> bool:
    """Equal numbers in the same order, in lists or arrays; or all else equal. Further outputs count for nothing."""
    if one.error is not None or other.error is not None:
        return False
    first, second = numbers_in(one.value), numbers_in(other.value)
    if first is None or second is None:
        return same_value(one.value, other.value)
    return len(first) >= len(second) and same_value(first[: len(second)], second, SAME)


def _near(got: Any, wanted: Any) -> bool:
    """The same numbers, as arrays or lists."""
    try:
        return same_value(np.asarray(got), np.asarray(wanted), SAME)
    except (TypeError, ValueError):  # no array, or lists of different lengths
        return same_value(got, wanted, SAME)


def _finite(value: Any) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return all(_finite(part) for part in value)
    array = np.asarray(value) if isinstance(value, (np.ndarray, np.generic, int, float)) else np.zeros(0)
    return bool(array.dtype.kind in "biu" or (array.dtype.kind == "f" and np.isfinite(array).all()))


def execute(source: str, namespace: dict[str, Any], name: str) -> None:
    """Run trusted code without showing anything and without leaving a figure open.

    Raises:
        Exception: whatever the code raises.
    """
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)  # for who reads a property
    with quietly(io.StringIO()):
        exec(compile(source, name, "exec"), namespace)


def evaluate(source: str, namespace: dict[str, Any], name: str) -> Any:
    """Run a cell; the value of its last expression, or None."""
    statements, last = _compiled(source, name)
    exec(statements, namespace)
    return eval(last, namespace) if last else None


@lru_cache(maxsize=1000)
def _compiled(source: str, name: str) -> tuple[types.CodeType, types.CodeType | None]:
    """A cell's statements, and its last expression if it ends in one."""
    tree = ast.parse(source, name)
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr):
        return compile(tree, name, "exec"), None
    del tree.body[-1]
    return compile(tree, name, "exec"), compile(ast.Expression(last.value), name, "eval")


def _outputs(value: Any, printed: str) -> list[dict[str, Any]]:
    outputs: list[dict[str, Any]] = []
    if printed:
        outputs.append({"output_type": "stream", "name": "stdout", "text": printed})
    if isinstance(value, Verdict):
        outputs.append(_result(value.mimebundle(), verdict=value.to_dict()))
    elif value is not None:
        outputs.append(_result({"text/plain": repr(value)}))
    return outputs


def _result(data: dict[str, str], **metadata: Any) -> dict[str, Any]:
    return {"output_type": "execute_result", "data": data, "metadata": metadata, "execution_count": None}
