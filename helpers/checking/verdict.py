"""What a check says: rows with points, a table to look at, and a plain number for nbgrader.

nbgrader reads the mark of a test cell from the text of its result: an unparsable text, such as `nan` or
`np.float64(0.0)`, gives full marks, and anything on stderr gives none
(https://nbgrader.readthedocs.io/en/stable/user_guide/autograding_resources.html). A verdict's number is
therefore always the repr of a finite Python float between 0 and the cell's points.
"""

from __future__ import annotations

import html
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from helpers.checking.kinds import NOT_THERE
from helpers.checking.maps import ErrorMap, colour
from helpers.checking.observing import cut
from helpers.checking.telling import Told, told

VERSION = 1  # of `to_dict`
MANY = 6  # more rows than these that are right, and say nothing, share one line; so do all that are not written
LONGEST = 4_000  # characters of a sentence, whatever a student's result has brought into it


class Bounded:
    """Whose texts are cut where they are set; formulas are not, for half a MathML element is none."""

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, cut(value, LONGEST) if type(value) is str and name != "mathematics" else value)


@dataclass
class Row(Bounded):
    """One line of a verdict: a parameter, an output, a property or a case.

    `where` says which entry is wrong and by how much, `why` names the misconception, `remark` is something
    that costs nothing (a print, a warning, kinks left out). `error_map` is a coarse picture of the error in the case
    that `where` tells. `error` is the largest scaled error (no unit), None if there is none.
    """

    name: str
    points: float
    share: float = 0.0  # of the points, 0 to 1
    where: str = ""
    why: str = ""
    kind: str = ""  # a short stable name of the misconception, for the class report
    remark: str = ""
    error: float | None = None
    error_map: ErrorMap | None = None
    label: str = ""  # what is shown for a name: how the function calls what it returns

    @property
    def shown(self) -> str:
        return self.label or self.name

    @property
    def right(self) -> bool:
        return self.share == 1.0


@dataclass
class Verdict(Bounded):
    """The result of one check; the last value of a check cell."""

    name: str
    rows: list[Row]
    depth: str = "where"
    advice: str = ""  # where to look, when some rows are right and others not
    remarks: list[str] = field(default_factory=list)
    example: str = ""  # a small one on which the answer is wrong, in code
    mathematics: str = ""  # formulas that were handed in, as MathML
    first: str = ""  # functions of other questions that this check needs and that are not right yet

    @property
    def max_points(self) -> float:
        # Shares such as 2/6 do not add up to 2, and nbgrader refuses a mark that is a hair above the maximum.
        return round(float(sum(row.points for row in self.rows)), 6)

    @property
    def points(self) -> float:
        """Points earned: full only if every row is right."""
        total = self.max_points
        if all(row.right for row in self.rows):
            return total
        earned = sum(row.points * min(max(row.share, 0.0), 1.0) for row in self.rows)
        return round(min(earned, total), 4)

    @property
    def right(self) -> bool:
        return all(row.right for row in self.rows)

    def __float__(self) -> float:
        return float(self.points)

    def __repr__(self) -> str:
        return as_text(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """A kernel shows the HTML and hands the number to nbgrader; a terminal shows the table as text."""
        if not _in_kernel():
            return {"text/plain": as_text(self)}
        return self.mimebundle()

    def mimebundle(self) -> dict[str, str]:
        return {"text/plain": repr(float(self.points)), "text/html": as_html(self)}

    def to_dict(self) -> dict[str, Any]:
        """Plain data beside the output, for pages and reports: everything but the error maps (see docs/formats.md)."""
        rows = [{k: v for k, v in vars(row).items() if k != "error_map"} for row in self.rows]
        return {"version": VERSION, "name": self.name, "points": float(self.points), "max": self.max_points,
                "rows": rows, "advice": self.advice, "example": self.example}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Verdict:
        """What `to_dict` wrote, in this version or an earlier one; keys that are not known are left out."""
        known = {field.name for field in fields(Row)}
        rows = [Row(**{key: value for key, value in row.items() if key in known}) for row in data["rows"]]
        return cls(data["name"], rows, advice=data.get("advice", ""), example=data.get("example", ""))


def _in_kernel() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and type(shell).__name__ != "TerminalInteractiveShell"


def number(value: float) -> str:
    """A short form of points: 2, 1.5, 0.33."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _mark(row: Row) -> tuple[str, str]:
    if row.right:
        return "✓", "right"
    if row.share > 0:
        return "◐", "partly right"
    if row.kind in NOT_THERE:
        return "○", "not written yet" if row.kind == "not-written" else "not there yet"
    return ("○", "does not count yet") if row.kind == "cheap" else ("✗", "not yet right")


def _lines(verdict: Verdict) -> list[tuple[list[Row], Told]]:
    """Rows in lines, one by one but for those that share the last, with what a line says."""
    lines = [([row], one) for row, one in zip(verdict.rows, told(verdict.rows, verdict.depth))]
    if len(lines) > 1 and all(row.kind in NOT_THERE for row in verdict.rows):
        return [(verdict.rows, lines[0][1])]
    silent = [row for (row,), one in lines if row.right and one == Told()]
    if len(silent) <= MANY:
        return lines
    return [*((rows, one) for rows, one in lines if not rows[0].right or one != Told()), (silent, Told())]


def _heading(verdict: Verdict, rows: list[Row]) -> tuple[str, str, str, str]:
    """(sign, how many rows share the line or "", their points, a word) of a line."""
    earned, points = (sum(values) for values in zip(*((row.share * row.points, row.points) for row in rows)))
    count = "" if len(rows) == 1 else f"{'all' if len(rows) == len(verdict.rows) else 'the other'} {len(rows)}"
    sign, word = _mark(rows[0])
    return sign, count, f"{number(earned)}/{number(points)}", word


def as_text(verdict: Verdict) -> str:
    """The table for a terminal."""
    lines = [f"{verdict.name}: {number(verdict.points)} of {number(verdict.max_points)} points"]
    lines += [f"  {verdict.first}"] if verdict.first else []
    shown = _lines(verdict)
    width = max((len(rows[0].shown) for rows, _ in shown if len(rows) == 1), default=0)
    for rows, one in shown:
        sign, count, points, word = _heading(verdict, rows)
        names = f": {', '.join(row.shown for row in rows)}" if count else ""
        lines.append(f"  {sign} {count or rows[0].shown:<{width}}  {points}  {word}{names}")
        lines += [f"      {sentence}" for sentence in (one.where, one.why, one.remark) if sentence not in ("", word)]
        if one.error_map:
            drawn = ["".join(text for text, _ in line).rstrip() for line in one.error_map.lines()]
            lines += [f"      {line}" for line in [*drawn, one.error_map.legend]]
    if verdict.advice and verdict.depth != "verdict":
        lines.append(f"  {verdict.advice}")
    if verdict.example and verdict.depth != "verdict":
        lines.append(f"  {verdict.example}")
    return "\n".join(lines + [f"  {remark}" for remark in verdict.remarks])


# No one colour has a contrast of 4.5 on white and on JupyterLab's dark background. So each is mixed with the theme's
# own text colour, and a page may set its own (`--verdict-right` and so on); the word beside the sign says it as well.
# JupyterLab takes mixtures out of notebooks that are not trusted: there the plain colour before them stays.
_BASES = {"right": "#12914a", "part": "#b87800", "wrong": "#e0402c", "unwritten": "#808080"}


def _style(declaration: str, name: str) -> str:
    """A declaration in which `{}` is a colour, twice."""
    mixed = f"var(--verdict-{name},color-mix(in srgb,{_BASES[name]} 80%,currentColor))"
    return f"{declaration.format(_BASES[name])};{declaration.format(mixed)}"


_NAMES = {"✓": "right", "◐": "part", "✗": "wrong", "○": "unwritten"}


def as_html(verdict: Verdict) -> str:
    """The table for JupyterLab and for feedback; inline styles only, so that it survives any page."""
    empty = all(row.kind in NOT_THERE for row in verdict.rows)
    name = "right" if verdict.right else "part" if verdict.points > 0 else "unwritten" if empty else "wrong"
    edge = _style("border-left:4px solid {}", name)
    parts = [
        f'<div class="verdict" style="{edge};padding:4px 0 4px 12px;margin:2px 0;'
        'max-width:60em;font-size:13px;line-height:1.45">',
        f'<div class="verdict-head"><strong>{html.escape(verdict.name)}</strong> &nbsp;{number(verdict.points)} of '
        f"{number(verdict.max_points)} points</div>",
        f"<div>{_prose(verdict.first)}</div>" if verdict.first else "",
        '<table style="border-collapse:collapse;margin:2px 0;border:0">',
        *(_html_line(verdict, rows, one) for rows, one in _lines(verdict)),
        "</table>",
    ]
    if verdict.advice and verdict.depth != "verdict":
        parts.append(f"<div>{_prose(verdict.advice)}</div>")
    if verdict.example and verdict.depth != "verdict":
        parts.append(f'<div class="verdict-example" style="margin-top:4px">{_prose(verdict.example)}</div>')
    if verdict.mathematics:
        parts.append(f'<div style="font-size:110%">{verdict.mathematics}</div>')
    parts += [f"<div><em>{_prose(remark)}</em></div>" for remark in verdict.remarks]
    parts.append("</div>")
    return "".join(parts)


def _prose(sentence: str) -> str:
    """A sentence as HTML, with `names` between backticks as code."""
    return re.sub(r"`([^`]+)`", r'<code style="background:transparent;color:inherit">\1</code>', html.escape(sentence))


_CELL = "padding:3px 10px 3px 0;text-align:left;vertical-align:top;border:0;background:transparent"


def _html_line(verdict: Verdict, rows: list[Row], one: Told) -> str:
    sign, count, points, word = _heading(verdict, rows)
    names = ", ".join(_code(row.shown) for row in rows)
    said = f"<div>{_prose(one.where)}</div>" if one.where not in ("", word) else ""
    said += f'<div style="font-weight:600">{_prose(one.why)}</div>' if one.why else ""
    said += f"<div>{_prose(one.remark)}</div>" if one.remark else ""
    said += _map_html(one.error_map) if one.error_map else ""
    painted = _style("color:{}", _NAMES[sign])
    return (f'<tr style="background:transparent"><td style="{_CELL};white-space:nowrap">'
            f'<span aria-hidden="true" style="{painted};font-weight:bold">{sign}</span> {count or names}</td>'
            f'<td style="{_CELL};white-space:nowrap">{points}</td>'
            f'<td style="{_CELL};white-space:normal">{word}{f": {names}" if count else ""}{said}</td></tr>')


def _code(name: str) -> str:
    return f'<code style="background:transparent;color:inherit">{html.escape(name)}</code>'


def _map_html(found: ErrorMap) -> str:
    """The map as text on colours: without styles it is the text still."""
    drawn = "\n".join("".join(
        f'<span style="background-color:{colour(value)}">{text}</span>' if value else text for text, value in line)
        for line in found.lines())
    return (f'<pre style="margin:4px 0 0 0;padding:0;line-height:1.25;white-space:pre;overflow-x:auto;'
            f'background:transparent;color:inherit">{drawn}</pre><div style="font-size:smaller">'
            f'{html.escape(found.legend)}</div>')
