"""What changes no mark: for answers that are wrong and were told no reason, all ways to find one, each in its turn."""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from helpers.checking.derivation import Formulas
from helpers.checking.reasons import SUPPOSED
from helpers.checking.verdict import Verdict
from helpers.grading.hypotheses.derivations import FormulaChange, formula_changes
from helpers.grading.hypotheses.scope import lines_alike
from helpers.grading.hypotheses.tracing import TRACED, traced
from helpers.grading.marking import contrasting, formula_places, mending
from helpers.grading.marking.grading_setting import PlainSetting
from helpers.grading.marking.reference import Checked, ProblemSet

WEAK = re.compile(r"\bcheck\.(?:properties|residuals|figure)\b|\bby=")  # of one row alone, no proof: much passes it


def explain(problem_set: ProblemSet, source: str, run: Callable[[str], bool], subjects: Mapping[str, Any], seed: int,
            failed: Mapping[str, Checked], told: bool = False) -> None:
    """Look for what is wrong with an answer; `failed` are its checks by grade_id that want a reason or a better one,
    run(text) defines changed functions in its place; told: of another check of it is known what is wrong.

    What is one too many is left out first; then an answer is given the solution's numbers, place by place
    (`transplanting`), then changed in other ways (`mending`); formulas are looked at by place (`formula_places`); last
    comes what sets wrong cases apart (`contrasting`).
    """
    def again(grade_id: str, first: bool) -> Verdict | None:
        verdict = failed[grade_id].verdict
        wrong = [f"{row.name} {row.where}" for row in verdict.rows if not row.right] if first and verdict else None
        return problem_set.check(problem_set.check_sources[grade_id], grade_id, subjects, seed, setting=PlainSetting(
            problem_set, grade_id, seed, "verdict", None if wrong is None else " ".join(wrong))).verdict

    texts = problem_set.check_sources
    # A run that ends below a bound proves nothing about a change: many a wrong one does; nor does a property.
    open_ones = {grade_id: checked for grade_id, checked in _wanting(failed).items()
                 if "check.training" not in texts[grade_id] and not (told and WEAK.search(texts[grade_id]))}
    given = _given(problem_set, source, open_ones)

    def as_failed(grade_id: str, verdict: Verdict) -> mending.Failed:
        return mending.Failed(verdict, functools.partial(again, grade_id), bool(WEAK.search(texts[grade_id])))

    changed = functools.partial(mending.mend, source, run, [
        as_failed(grade_id, checked.verdict) for grade_id, checked in open_ones.items() if checked.verdict is not None])
    changed(given=given, drops=True)
    _shorten(source, run, [as_failed(grade_id, checked.verdict) for grade_id, checked in failed.items()
                           if checked.verdict is not None and is_supposed(checked.verdict)])
    still = _wanting(open_ones)
    suspicion = _transplant(problem_set, source, run, subjects, still, given, told=told or len(still) < len(failed))
    changed(_formulas_said(problem_set, subjects, still), suspicion, given)
    # Where a condition is wrong, it is rarely its numbers.
    still = _wanting(open_ones)
    _transplant(problem_set, source, run, subjects, still, given, told=told or len(still) < len(failed), steering=True)
    for grade_id, checked in open_ones.items():
        _formula_places(problem_set, grade_id, checked, subjects)
        _contrast(problem_set, grade_id, checked, subjects)
    for checked in failed.values():
        checked.finish()


def is_supposed(verdict: Verdict) -> bool:
    """Is all that is told of it what the solution would have to lack?"""
    wrong = [row for row in verdict.rows if not row.right]
    return bool(wrong) and all(row.kind == SUPPOSED for row in wrong)


def _shorten(source: str, run: Callable[[str], bool], supposed: list[mending.Failed]) -> None:
    """Say what is one too many in an answer, where that is all, in the place of what the solution would have to lack to
    give the same numbers."""
    bare = [mending.Failed(copy.deepcopy(one.verdict), one.again, one.whole) for one in supposed]
    for one in bare:
        for row in one.verdict.rows:
            row.why, row.kind = "", "" if row.right else "wrong"
    mending.mend(source, run, bare, shortens=True)
    for one, found in zip(supposed, bare):
        for row, new in zip(one.verdict.rows, found.verdict.rows):
            row.why, row.kind = (new.why, new.kind) if new.why else (row.why, row.kind)


def _wanting(failed: Mapping[str, Checked]) -> dict[str, Checked]:
    return {grade_id: checked for grade_id, checked in failed.items() if mending.wanting(checked.verdict)}


def _given(problem_set: ProblemSet, source: str, failed: Iterable[str]) -> frozenset[int]:
    """Lines of an answer's functions that stand in the solution as well."""
    texts = [text for grade_id in failed
             for text, _ in problem_set.solutions(problem_set.check_question.get(grade_id, ""))]
    return lines_alike(source, texts)


def _formula_places(problem_set: ProblemSet, grade_id: str, checked: Checked, subjects: Mapping[str, Any]) -> None:
    """Say which place of a formula is wrong, where all of the others are right."""
    setting, verdict = checked.setting, checked.verdict
    for key, subject in setting.asked.items() if setting is not None else ():
        if setting is None or verdict is None or not isinstance(subject, Formulas):
            continue
        rungs = setting.known_cases(subject, key)
        wrong = [row for row in verdict.rows
                 if not row.right and row.kind not in (*mending.HOPELESS, "formula") and not row.why]
        if not wrong:
            continue
        said = formula_places.amiss(
            subject.rebound(subjects[subject.name]).formulas(), setting.known_parts(subject, key),
            [rung.case for rung in rungs], [rung.expected for rung in rungs], [row.name for row in wrong])
        for row in wrong:
            if row.name in said:
                row.why, row.kind, verdict.advice = said[row.name], mending.MENDED, ""


def _contrast(problem_set: ProblemSet, grade_id: str, checked: Checked, subjects: Mapping[str, Any]) -> None:
    """Where nothing else has been found: what sets the public cases apart on which an answer is wrong."""
    setting, names = checked.setting, problem_set.questions.get(problem_set.check_question.get(grade_id, ""), ())
    for key, subject in setting.asked.items() if setting is not None else ():
        if setting is None or checked.verdict is None or not mending.wanting(checked.verdict):
            return
        if subject.name in names and not isinstance(subject, Formulas):
            says = setting.contrast(subjects[subject.name], subject, key)
            if says:
                mending.tell(checked.verdict, says, [], contrasting.CONTRAST)


def _formulas_said(problem_set: ProblemSet, subjects: Mapping[str, Any],
                   failed: Mapping[str, Checked]) -> list[FormulaChange]:
    """Changes of the formulas that an answer says, where these are what is wrong."""
    found: list[FormulaChange] = []
    for grade_id in failed:
        if "check.derivation" in problem_set.check_sources[grade_id]:
            for name in problem_set.questions.get(problem_set.check_question.get(grade_id, ""), ()):
                found += formula_changes(name, subjects[name].observe().value, mending.MOST)
    return found


def _transplant(problem_set: ProblemSet, source: str, run: Callable[[str], bool], subjects: Mapping[str, Any],
                failed: Mapping[str, Checked], given: frozenset[int], told: bool,
                steering: bool = False) -> dict[int, float]:
    """Look for the place of an answer that is wrong by giving it numbers of the solution's (`transplanting`); steering:
    among those that conditions are made of. told: of another check of the answer is known what is wrong. Where many
    results are right, many a place can give one: it is looked for only if no other check has failed.

    Returns by line of the answer how suspicious it is, as far as that is known.
    """
    answer, suspicion = traced(source), dict[int, float]()
    others = told or len(failed) > 1
    if answer is None or TRACED not in subjects or not failed or not run(answer.text):
        return suspicion

    def inside(*arguments: Any) -> Any:
        return subjects[TRACED].observe(*arguments).value

    for grade_id, checked in failed.items():
        setting, names = checked.setting, problem_set.questions.get(problem_set.check_question.get(grade_id, ""), ())
        for key, subject in setting.asked.items() if setting is not None else ():
            if subject.name not in names or setting is None or isinstance(subject, Formulas):
                continue
            search, donors = setting.known_places(subject, key)
            found = search.find(answer, inside, donors, given, steering) if donors and not (
                others and search.many) else None
            suspicion.update(search.suspicion)
            if found is not None and checked.verdict is not None:
                mending.tell(checked.verdict, found.says, found.outputs)
                break
    return suspicion


__all__ = ["explain"]
