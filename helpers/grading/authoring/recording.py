"""What the reference says at the public cases: the numbers that a self-check in a notebook compares with."""

from __future__ import annotations

import ast
import inspect
import re
import types
from typing import Any

import nbformat
import numpy as np

from helpers.checking import setting as settings
from helpers.checking.cells import digest
from helpers.checking.expected import PUBLIC_SEED, SIGNIFICANT_DIGITS, VERSION, pack_entry, rounded
from helpers.checking.expected import pack as packed
from helpers.checking.figures import lines_of, panels_of
from helpers.checking.ladder import Rung
from helpers.checking.observing import Local
from helpers.checking.replay import Recorder, Replay, absent, is_plain, with_stand_ins
from helpers.checking.slopes import pack_slopes
from helpers.grading.course.errors import CourseError
from helpers.grading.marking.earlier import question_numbers
from helpers.grading.marking.grading_setting import GradingSetting
from helpers.grading.marking.reference import Checked, ProblemSet
from helpers.sameness import same_value

CLIMBS = ("values", "gradients", "jacobian", "properties", "residuals", "training", "figure")  # with small examples
ENOUGH_TO_TELL = 5  # calls of a function that show whether it is right
EXACT_DIGITS = 14  # of what a property asks for: it may compare as strictly as it likes
CASES_AGREE = 1e-6  # of the largest number of an entry
KEEPS_NUMBERS = ("values", "answer", "derivation")  # kinds of check that compare with numbers in the notebook
ONE_ANSWER = (*KEEPS_NUMBERS, "gradients", "jacobian")  # kinds of check that accept nothing but the reference's results


class _Recording(GradingSetting):
    """The setting in which the build asks the reference for the numbers that a self-check compares with."""

    def __init__(self, problem_set: ProblemSet, grade_id: str, seed: int, depth: str):
        super().__init__(problem_set, grade_id, seed, depth)
        self.said: dict[str, Any] = {}
        self.numbers: dict[str, float] = {}
        self.drawn: dict[str, list[settings.Case]] = {}
        self.asked: dict[str, Any] = {}  # whom a check asks, by key
        exact = _kind(problem_set.check_sources[grade_id]) == "properties"
        self.recorder = Recorder((name for name in problem_set.student_names
                                  if isinstance(problem_set.reference.get(name), types.FunctionType)),
                                 EXACT_DIGITS if exact else SIGNIFICANT_DIGITS)

    def remembered(self, key: Any, compute: Any) -> Any:
        return super().remembered(("recording", key), compute)

    def cases(self, key: str, at: Any, hidden: Any) -> list[settings.Case]:
        self.said.setdefault(key, {})
        self.drawn[key] = super().cases(key, at, ())
        if self.recorder.calls and not self._drawn_again(key, at):
            drawn = self.drawn[key]
            if all(is_plain(value) for case in drawn for value in case.values()):
                self.said[key]["drawn"] = [{name: rounded(float(value), EXACT_DIGITS) if isinstance(value, float) else
                                            pack_entry(value, EXACT_DIGITS) for name, value in case.items()}
                                           for case in drawn]
                self.recorder.keep(ENOUGH_TO_TELL)
        return self.drawn[key]

    def _drawn_again(self, key: str, at: Any) -> bool:
        """Do the answers that are noted make the same cases, whatever a student's functions answer? They do not where
        a case holds a difference quotient, for example."""
        replay, reference = Replay(self.recorder.packed()), self.problem_set.reference
        generator = with_stand_ins(super().trusted(at), reference, self.recorder.functions,
                                   lambda name, function: replay.stand_in(name, absent(name)))
        try:
            with np.errstate(all="ignore"):
                again = settings.draw(generator, self.seed, key)
        except Exception:  # what was not noted is not there
            return False
        return len(again) == len(self.drawn[key]) and all(
            one.keys() == other.keys() and all(_as_good(one[name], other[name]) for name in one)
            for one, other in zip(again, self.drawn[key]))

    def trusted(self, thing: Any) -> Any:
        """The reference's, which notes what students' functions are asked."""
        return with_stand_ins(super().trusted(thing), self.problem_set.reference, self.recorder.functions,
                              self.recorder.stand_in)

    def slopes(self, key: str, index: int, name: str, measure: Any, reference: Any) -> Any:
        with self.recorder.paused():
            measured = super().slopes(key, index, name, measure, reference)
        cases = self.said[key].setdefault("slopes", [])
        cases.extend({} for _ in range(index + 1 - len(cases)))
        if reference is not None:
            cases[index][name] = pack_slopes(measured, reference)
        return measured

    def parameters(self, subject: Any, key: str) -> tuple[str, ...] | None:
        names = super().parameters(subject, key)
        reference = self.in_namespace(self.problem_set.reference, subject)
        if key in self.drawn and isinstance(reference, Local):
            fitting(reference, self.drawn[key])
        self.asked[key] = subject
        self.said.setdefault(key, {})["parameters"] = list(names or ())
        return names

    def returned(self, subject: Any, key: str) -> tuple[str, ...]:
        names = super().returned(subject, key)
        self.said.setdefault(key, {}).update({"returned": list(names)} if names else {})
        return names

    def small_cases(self, key: str) -> dict[str, Any]:
        """The ladder of a check, for self-checks; nothing where it has none."""
        if key.split()[0] not in CLIMBS or key not in self.asked:
            return {}
        with self.recorder.paused():
            found = [written for rung in self.ladder(self.asked[key], key) for written in _written(rung)]
        return {"ladder": found} if found else {}

    def seeded(self, subject: Any, key: str, index: int, arguments: list[Any], changed: list[Any]) -> bool:
        found = super().seeded(subject, key, index, arguments, changed)
        if found:
            self.said[key].setdefault("seeded", []).append(index)
        return found

    def public_cases(self, key: str) -> list[settings.Case]:
        return self.drawn.get(key, [])

    def hands_over_functions(self) -> bool:
        return any(callable(value) for cases in self.drawn.values() for case in cases for value in case.values())

    def number(self, key: str, compute: Any) -> float:
        self.numbers[key] = float(f"{compute():.{SIGNIFICANT_DIGITS}g}")
        return self.numbers[key]

    def structure(self, subject: Any, key: str, index: int, arguments: list[Any]) -> Any:
        found = super().structure(subject, key, index, arguments)
        kept = self.said[key].setdefault("structures", [])
        if index == len(kept):
            kept.append(found)
        return found

    def expected(self, subject: Any, key: str, index: int, arguments: list[Any]) -> Any:
        seen = super().expected(subject, key, index, arguments)
        if key.split()[0] in KEEPS_NUMBERS:
            cases = self.said[key].setdefault("cases", [])
            if index == len(cases):
                cases.append(packed(seen.value))
        if key.split()[0] == "figure":
            figures = self.said[key].setdefault("figures", [])
            if index == len(figures):
                figures.append([packed(line["y"]) for line in lines_of(seen)])
                self.said[key].setdefault("across", []).append([packed(line["x"]) for line in lines_of(seen)])
                self.said[key].setdefault("panels", []).append(panels_of(seen))
        return seen


def _written(rung: Rung) -> list[dict[str, Any]]:
    """A rung as JSON; none if what the reference says there is no plain data."""
    try:
        value = packed(rung.expected)
    except TypeError:
        return []
    case = [[name, pack_entry(entry)] for name, entry in rung.case.items()]
    return [{"case": case, "adds": rung.adds, "value": value, **({"source": rung.source} if rung.source else {})}]


def fitting(function: Local, cases: list[settings.Case]) -> None:
    """Some entries of a case are named like the function's parameters and others are not: a slip, for entries with
    other names altogether are given by position. Raises ValueError.
    """
    try:
        parameters = inspect.signature(function.value).parameters.values()
    except (TypeError, ValueError):
        return
    needed = [p.name for p in parameters if p.default is p.empty and p.kind in (
        p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    for case in cases:
        entries = [name for name in case if name != "case"]
        absent = [name for name in needed if name not in entries]
        if absent and {*entries} & {*needed}:
            raise ValueError(f"a case has the entries {', '.join(entries)}, and `{function.name}` takes "
                             f"{', '.join(needed)}: name every entry like a parameter ({', '.join(absent)} is missing)")


def _as_good(one: Any, other: Any) -> bool:
    """May one entry of a case stand for the other, as far as it can be written down?"""
    return not is_plain(other) or same_value(one, other, CASES_AGREE)


class _Overhearing(GradingSetting):
    """The setting in which wrong answers are asked, to note what a loss or a property then asks the reference."""

    def __init__(self, problem_set: ProblemSet, grade_id: str, seed: int, recorder: Recorder):
        super().__init__(problem_set, grade_id, seed, "verdict")
        self.recorder = recorder

    def cases(self, key: str, at: Any, hidden: Any) -> list[settings.Case]:
        with self.recorder.paused():
            return settings.draw(self.trusted(at), self.seed, key)

    def trusted(self, thing: Any) -> Any:
        return with_stand_ins(super().trusted(thing), self.problem_set.reference, self.recorder.functions,
                              self.recorder.stand_in)

    def known_mistakes(self, subject: Any, key: str, arguments: list[list[Any]]) -> list[tuple[str, list]]:
        return []


def _kind(source: str) -> str:
    """Which function of `check` a cell calls."""
    found = re.search(r"(?m)^check\.(\w+)", source)
    return found[1] if found else ""


def _overhear(problem_set: ProblemSet, grade_id: str, source: str, recording: _Recording) -> None:
    """Let the recorder hear what a check asks about other answers than the solution, right and wrong ones: of a loss
    it asks the same whatever the answer is, unless an answer is handed functions to call."""
    recorder = recording.recorder
    if problem_set.master is None or not recorder.calls or (
            _kind(source) in ("gradients", "jacobian", "values") and not recording.hands_over_functions()):
        return
    question = problem_set.master.questions.get(problem_set.check_question.get(grade_id, ""))
    for cell in (*question.alternatives, *question.mistakes) if question else ():
        subjects = problem_set.subjects(problem_set.candidate(cell.source))
        problem_set.check(source, grade_id, subjects, PUBLIC_SEED,
                          setting=_Overhearing(problem_set, grade_id, PUBLIC_SEED, recorder))


def expected_numbers(problem_set: ProblemSet, depth: str) -> dict[str, Any]:
    """What the reference says at the public cases, for self-checks; its own verdict must be full.

    Raises:
        CourseError: if the reference does not pass its own check.
    """
    checks: dict[str, Any] = {}
    numbers: dict[str, float] = {}
    subjects = problem_set.subjects(problem_set.reference)
    for grade_id, source in problem_set.check_sources.items():
        recording = _Recording(problem_set, grade_id, PUBLIC_SEED, "why")
        checked = problem_set.check(source, grade_id, subjects, PUBLIC_SEED, setting=recording)
        verdict = checked.verdict
        if (verdict is not None and not verdict.right) or _raised(checked):
            raise CourseError(f"{_place(problem_set, grade_id)}: the solution does not pass its own check "
                              f"`{grade_id}`: correct one of them\n{verdict or _raised(checked)}")
        twice = {key for key in checks.keys() & recording.said.keys() if "cases" in checks[key]}
        if twice:
            raise CourseError(f"{problem_set.name}: two checks are alike ({', '.join(twice)}): "
                              "give one of them another case generator")
        if len(verdict.rows if verdict else ()) > 1:
            cheap = sorted(problem_set.cheap_rows(grade_id, PUBLIC_SEED))
            for said in recording.said.values():
                said.update({"cheap": cheap} if cheap else {})
        _overhear(problem_set, grade_id, source, recording)
        answers = recording.recorder.packed()
        if answers and recording.said:
            free = [name for name in answers if _has_other_answers(problem_set, name)]
            next(iter(recording.said.values())).update({"answers": answers} | ({"free": free} if free else {}))
        for key, said in recording.said.items():
            said.update(recording.small_cases(key))
        checks.update({key: said for key, said in recording.said.items() if said})
        numbers.update(recording.numbers)
    return {"version": VERSION, "depth": depth, "checks": checks, "numbers": numbers,
            "questions": [*question_numbers(problem_set).items()],
            "demonstrations": _demonstrations(problem_set.notebook)}


def _has_other_answers(problem_set: ProblemSet, function: str) -> bool:
    """May a right function answer otherwise than the reference does, as far as its own checks say?"""
    kinds = {found[1] for source in problem_set.check_sources.values()
             for found in re.finditer(rf"(?m)^check\.(\w+)\(\s*{re.escape(function)}\b", source)}
    return bool(kinds) and not kinds & {*ONE_ANSWER}


def _demonstrations(notebook: nbformat.NotebookNode) -> list[str]:
    """Digests of the cells that show something: no answer, no check, and more than definitions and constants."""
    found = []
    for cell in notebook.cells:
        info = cell.metadata.get("nbgrader", {})
        if cell.cell_type != "code" or info.get("grade") or info.get("solution"):
            continue
        body = ast.parse(cell.source).body
        imports = any(isinstance(node, (ast.Import, ast.ImportFrom)) for node in body)
        if not imports and not all(_defines(node) for node in body):
            found.append(digest(cell.source))
    return found


def _defines(statement: ast.stmt) -> bool:
    """Does it give a name to a function, a class or a constant, and run nothing?"""
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return True
    return isinstance(statement, (ast.Assign, ast.AnnAssign)) and not _calls(statement)


def _calls(node: ast.AST) -> bool:
    """Does running it call anything? A lambda's body waits."""
    if isinstance(node, ast.Lambda):
        return False
    return isinstance(node, ast.Call) or any(map(_calls, ast.iter_child_nodes(node)))


def _place(problem_set: ProblemSet, grade_id: str) -> str:
    """Where a cell stands in the master, as far as that is known."""
    cells = problem_set.master.cells if problem_set.master is not None else ()
    return next((f"{problem_set.name}:{cell.line}" for cell in cells if cell.grade_id == grade_id), problem_set.name)


def _raised(checked: Checked) -> str:
    return next((output["evalue"] for output in checked.outputs if output["output_type"] == "error"), "")
