"""One student's feedback page: nbgrader's feedback template, arranged for whoever reads it.

`FeedbackExporter` takes a graded notebook in whose cells nbgrader's GetGrades has put scores and comments, so that
`nbgrader generate_feedback` and formgrader's button can write these pages too. Hidden tests are taken out before
anything is rendered, and so is everything that could give a reference value away.
"""

from __future__ import annotations

import re
from typing import Any

from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_task
from traitlets.config import Config

from helpers.checking.observing import cut
from helpers.checking.verdict import Verdict
from helpers.grading.gradebook.mark import Marks
from helpers.grading.notebooks.cells import info_of, is_check
from helpers.grading.notebooks.outline import Item, outline, title_of
from helpers.grading.pages import policy, rendering
from helpers.grading.pages.folding import fold
from helpers.grading.pages.hiding import Hiding
from helpers.grading.pages.regrade import mailto
from helpers.grading.text import by_reason, for_page

WAITS = "waits for a person"
UNWRITTEN = "not written yet"
MARKS = {"right": "✓", "partly right": "◐", "not yet right": "✗", UNWRITTEN: "○"}
# What is shown of an output, best first. Scripts and widgets are not: the page runs nothing.
SHOWN = ["text/html", "text/markdown", "image/svg+xml", "image/png", "image/jpeg", "text/latex", "text/plain"]
SUMMARY = 240  # characters of what the table of marks says of a question; all of it stands at the check


def put_marks(notebook: NotebookNode, marks: Marks, comments: dict[str, str]) -> None:
    """What `MarksAndComments` puts into cells, from what is known of the class."""
    for cell in notebook.cells:
        info = info_of(cell)
        mark = marks.get(info.get("grade_id", ""))
        if mark and (is_grade(cell) or is_task(cell)):
            info.update(score=mark.score, points=mark.points, waits=mark.needs_person, manual=mark.manual is not None)
        if info.get("solution") or info.get("task"):
            info["comment"] = comments.get(info["grade_id"])


def arrange(nb: NotebookNode, resources: dict, config: Config) -> None:
    """Take out what a student must not see and put in what the template needs, cell by cell."""
    hide = resources.get("hiding") or Hiding.of(config)
    items = outline(nb.cells)
    item_of = {name: item for item in items for name in (item.grade_id, *item.graded)}
    kept = []
    for position, cell in enumerate(nb.cells):
        info = info_of(cell)
        if _says_the_note(cell, nb):
            continue  # it stands at the top of the page
        item = item_of.get(str(info.get("grade_id")))
        kit: dict[str, Any] = {"anchor": f"cell-{position}", "item": item, "kind": _kind(cell)}
        if cell.cell_type == "code":
            secret = hide(cell)
            if kit["kind"] == "check":
                kit["check"] = _check(cell, info, secret)
                kit["back"] = kit["item"]
            else:
                _describe_outputs(cell, item.title if item else "")
        else:
            hide(cell)
        cell.metadata["kit"] = kit
        kept.append(cell)
    nb["cells"] = kept
    resources["kit"] = _head(nb, resources, items, hide.depth)
    _offer_another_look(resources, config)
    resources["kit"]["next"] = _next_step(resources, config)
    fold(nb.cells, resources["kit"]["items"])


def _kind(cell: NotebookNode) -> str:
    info = info_of(cell)
    if is_check(cell):
        return "check"
    return "answer" if info.get("solution") or info.get("task") else "plain"


def _says_the_note(cell: NotebookNode, nb: NotebookNode) -> bool:
    note = (nb.metadata.get("grading") or {}).get("note")
    return bool(note) and cell.cell_type == "markdown" and not info_of(cell) and cell.source.endswith(note)


def _check(cell: NotebookNode, info: dict[str, Any], hidden: set[str]) -> dict[str, Any]:
    """What a check said, as HTML that holds no hidden code and no reference value."""
    verdict = next((Verdict.from_dict(output.metadata["verdict"]) for output in cell.outputs
                    if output.get("metadata", {}).get("verdict")), None)
    score, points = float(info.get("score") or 0), float(info.get("points") or 0)
    says = [_from_output(output, cell.source, hidden, verdict is not None) for output in cell.outputs]
    word = _word(score, points, [verdict])
    given = None
    if info.get("manual") and verdict is not None and verdict.points != score:
        given = verdict.points  # a person has decided otherwise
    said = "".join(says)
    if not said and word != "right":
        said = "<p>The check did not give full marks, and says no more than that.</p>"
    return {"score": score, "points": points, "word": word, "says": said, "given": given, "verdict": verdict,
            "name": verdict.name if verdict else "Check",
            "mark": MARKS[word]}


def _word(score: float, points: float, verdicts: list[Verdict | None]) -> str:
    """How a mark is called; grey and not red is what nobody has written yet."""
    if score >= points or score > 0:
        return "right" if score >= points else "partly right"
    rows = [row for verdict in verdicts for row in (verdict.rows if verdict else ())]
    unwritten = bool(rows) and None not in verdicts and all(row.kind == "not-written" for row in rows)
    return UNWRITTEN if unwritten else "not yet right"


def _from_output(output: NotebookNode, source: str, hidden: set[str], with_verdict: bool) -> str:
    if output.output_type == "error":
        return f"<p>{_failure(output, source, hidden)}</p>"
    if output.get("metadata", {}).get("verdict"):
        return rendering.verdict(str(output.data.get("text/html", "")))
    if hidden or with_verdict:
        return ""  # what a hidden test prints may be the very thing that it hides
    text = output.get("text") or output.get("data", {}).get("text/plain", "")
    return f"<pre>{for_page(text)}</pre>" if text.strip() else ""


def _failure(output: NotebookNode, source: str, hidden: set[str]) -> str:
    """What failed in a plain nbgrader test. An author's own message is told; a computed one may hold the answer."""
    name, says = rendering.strip_ansi(output.ename or "Error"), rendering.strip_ansi(output.evalue or "")
    says = says.removeprefix(f"{name}: ").strip()
    if not hidden or not says:
        return f"<strong>{for_page(name)}</strong>{': ' if says else ''}{for_page(says)}"
    written = [text for text in (source, *hidden) if f'"{says}"' in text or f"'{says}'" in text]
    if written:
        return f"<strong>{for_page(name)}</strong>: {for_page(says)}"
    return f"A test failed here with <strong>{for_page(name)}</strong>. It may be a hidden one."


def _describe_outputs(cell: NotebookNode, title: str) -> None:
    """Alternative texts for pictures, and tracebacks without the insides of libraries and of this kit."""
    pictures = 0
    cell.outputs = [output for output in cell.outputs if "data" not in output or any(map(output.data.get, SHOWN))]
    for output in cell.outputs:
        if output.output_type == "error":
            last = f"{output.ename}: {output.evalue}"
            output["traceback"] = [rendering.traceback(list(output.get("traceback", ())), last)]
        data, metadata = output.get("data", {}), output.get("metadata", {})
        for mime in ("image/png", "image/jpeg", "image/svg+xml"):
            if mime in data:
                pictures += 1
                known = metadata.get(mime, {}) if isinstance(metadata.get(mime), dict) else {}
                output["alt"] = str(known.get("alt") or metadata.get("alt") or _alt(data, title, pictures))


def _alt(data: dict[str, Any], title: str, number_: int) -> str:
    label = str(data.get("text/plain", ""))
    if label and not label.startswith("<"):
        return label[:300]
    return f"Figure {number_} made by the code above" + (f", in “{title}”" if title else "")


def _head(nb: NotebookNode, resources: dict, items: list[Item], depth: str) -> dict[str, Any]:
    """The top of the page: the total, what happened to the submission, and the marks by question."""
    facts = resources["nbgrader"]
    grading = nb.metadata.get("grading") or {}
    cells = {info_of(cell)["grade_id"]: cell for cell in nb.cells if info_of(cell).get("grade_id")}
    lines = [_line(item, cells, depth) for item in items]
    titles = {name: item for item in items for name in (item.grade_id, *item.graded)}
    waiting = sum(line["points"] for line in lines if not line["known"])
    return {
        "policy": policy.OURS, "title": title_of(nb.cells, facts["notebook"]), "student": facts["student"],
        "name": facts.get("student_name") or facts["student"],
        "score": max(float(facts.get("score") or 0), 0.0), "max_score": float(facts.get("max_score") or 0),
        "penalty": float(facts.get("late_penalty") or 0), "late": _duration(float(facts.get("seconds_late") or 0)),
        "note": grading.get("note", ""), "ended": grading.get("ended", ""),
        "earlier": str(grading.get("earlier", "")), "attempt": str(grading.get("attempt", "")),
        "repairs": [_in_words(str(said), titles) for said in grading.get("repairs") or ()],
        "causes": [_in_words(str(said), titles) for said in grading.get("causes") or ()],
        "asks": [_in_words(said, titles) for said in by_reason({
            name: said for name, said in (grading.get("asks") or {}).items()
            if not info_of(cells.get(name, {})).get("manual")}, "`{}`")],
        "items": lines, "waiting": waiting, "graded": float(facts.get("max_score") or 0) - waiting,
        "look": sorted((line for line in lines if line["word"] in MARKS and line["word"] != "right"),
                       key=lambda line: line["score"] - line["points"]),
        "waits": any(info_of(cell).get("waits") for cell in cells.values()),
    }


def _in_words(said: str, items: dict[str, Item]) -> str:
    """A sentence as HTML, in which questions have their titles: the names of cells are nobody's business."""
    if not items:
        return rendering.prose(said)
    parts = re.split("`(" + "|".join(map(re.escape, items)) + ")`", said)  # the odd ones are names
    return "".join(_title(part, items[part]) if number % 2 else rendering.prose(part)
                   for number, part in enumerate(parts))


def _title(name: str, item: Item) -> str:
    link = f'<a href="#{for_page(item.grade_id)}">{rendering.line(item.title)}</a>'
    return link if name == item.grade_id else f"the check of {link}"


def _next_step(resources: dict, config: Config) -> str:
    """What to do now, as HTML; in the course's words while something is not right yet."""
    from helpers.grading.course.settings import CourseKit

    kit, facts = resources["kit"], resources["nbgrader"]
    if not kit["look"]:
        return "" if not kit["items"] else rendering.markdown(
            "Nothing is left to mend." + (" A person has yet to look at some of it." if kit["waits"] else ""))
    texts = facts["next_step"] if "next_step" in facts else CourseKit(config=config).next_step
    return rendering.markdown(str(texts.get(facts["notebook"], texts.get("", ""))))


def _offer_another_look(resources: dict, config: Config) -> None:
    """Where the course names an address, each graded question gets a link to write to it."""
    from helpers.grading.course.settings import CourseKit

    facts = resources["nbgrader"]
    address = facts["address"] if "address" in facts else CourseKit(config=config).address
    for line in resources["kit"]["items"]:
        waits = line["word"] == "waits for a person"
        asks = bool(address) and not waits
        line["ask"] = mailto(address, facts["notebook"], facts["student"], line["title"]) if asks else ""


def _line(item: Item, cells: dict[str, NotebookNode], depth: str) -> dict[str, Any]:
    """One line of the table of marks."""
    graded = [info_of(cells[name]) for name in item.graded if name in cells]
    score = sum(float(info.get("score") or 0) for info in graded)
    points = sum(float(info.get("points") or 0) for info in graded)
    waits = any(info.get("waits") and not info.get("manual") for info in graded)
    known = not waits or not item.written  # a check gives marks so far, a written answer none
    verdicts = [(cells[name].metadata.kit.get("check") or {}).get("verdict") for name in item.graded if name in cells]
    # nbgrader gives an untouched answer 0 and asks nobody.
    untouched = item.written and not score and not any(info.get("manual") for info in graded)
    word = WAITS if waits else UNWRITTEN if untouched else _word(score, points, verdicts)
    says = "" if word == "right" else _first_reason(item, cells, depth)
    return {"title": item.title, "anchor": item.grade_id, "cells": [item.grade_id, *item.graded],
            "score": score, "points": points, "word": word,
            "known": known, "mark": MARKS.get(word, "…"), "says": "" if says == word else says,
            "comment": any(info_of(cells[name]).get("comment") for name in (item.grade_id,) if name in cells)}


def _first_reason(item: Item, cells: dict[str, NotebookNode], depth: str) -> str:
    """The first sentence on what is wrong: the reason if there is one, else the place, as far as `depth` goes."""
    told = {"verdict": (), "where": ("where",)}.get(depth, ("why", "where"))
    for name in item.graded:
        check = cells[name].metadata.kit.get("check") if name in cells else None
        verdict: Verdict | None = check.get("verdict") if check else None
        for row in verdict.rows if verdict else ():
            says = next((said for key in told if (said := getattr(row, key))), "")
            if says and not row.right:
                return cut(says, SUMMARY)
    return ""


def _duration(seconds: float) -> str:
    """How long, in words: 5 minutes, 3 hours, 2 days."""
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = round(seconds / size)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "less than a minute" if seconds > 0 else ""
