"""What an author may have mistyped in a master, and what each slip would cost: a tag that is none publishes a solution.

Each function yields sentences about one cell, in the order in which somebody would correct them.
"""

from __future__ import annotations

import ast
import difflib
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import jupytext

TAGS = ("mistake", "alternative", "experiment")
OWN_KEYS = {"nbgrader": (), "tags": (), "question": ("mistake", "alternative"), "says": ("mistake",),
            "name": ("alternative",)}  # which tags a key belongs to; () for any cell
NBGRADER_KEYS = ("grade_id", "grade", "solution", "locked", "points", "task", "schema_version", "cell_type", "checksum")
# What JupyterLab and jupytext write into a cell by themselves.
FOREIGN_KEYS = ("collapsed", "scrolled", "trusted", "editable", "deletable", "jupyter", "slideshow", "execution",
                "hidden", "heading_collapsed", "jp-MarkdownHeadingCollapsed", "vscode", "id", "lines_to_next_cell",
                "lines_to_end_of_cell_marker", "cell_depth", "region_name", "title")
MARKERS = ("BEGIN SOLUTION", "END SOLUTION", "BEGIN HIDDEN TESTS", "END HIDDEN TESTS")
_CELL = re.compile(r"# ?%%(\s|$)")
_LIKE_A_CELL = re.compile(r"^\s*#\s*%+.*(=|\[markdown\])")
_NAME = re.compile(r"[A-Za-z0-9_-]+")


def nearest(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """" (did you mean `x`?)", or what is said where nothing is near."""
    by_letters = {_letters(name): name for name in known}
    found = difflib.get_close_matches(_letters(word), by_letters, 1, 0.6)
    return f" (did you mean `{by_letters[found[0]]}`?)" if found else otherwise


def _letters(word: str) -> str:
    return re.sub(r"[^a-z]", "", word.lower())


def readable(text: str) -> tuple[str, list[tuple[int, str]]]:
    """A master's text that jupytext can read, and what is wrong with the first lines of its cells, by line number.

    A first line that jupytext cannot read loses its options, so that the rest of the master is read all the same.
    """
    found, lines = [], text.split("\n")
    for number, line in enumerate(lines, 1):
        if _CELL.match(line):
            why = _unreadable(line)
            if why:
                found.append((number, why))
                lines[number - 1] = "# %% [markdown]" if "[markdown]" in line else "# %%"
        elif _LIKE_A_CELL.match(line) and re.search(r"nbgrader|tags?\s*=|question\s*=|says\s*=|\[markdown\]", line):
            found.append((number, f"`{line.strip()[:60]}` looks like the first line of a cell and is a comment: a cell "
                                  "begins with `# %%` and a space, at the left margin"))
    return "\n".join(lines), found


def _unreadable(line: str) -> str:
    """Why the options of a cell's first line are none."""
    try:
        cell = jupytext.reads(f"{line}\npass\n", fmt="py:percent").cells[0]
        bad = cell.metadata.get("incorrectly_encoded_metadata", "")
    except Exception:  # jupytext and nbformat complain in many ways, all about this line
        bad = line.partition("%%")[2].strip()
    if not bad:
        return ""
    return (f"the cell's options cannot be read: `{bad[:100]}`{_reason(bad)}. They are written key=value with a space "
            'between them and no comma; a value is JSON: tags=["mistake"] question="gradient" says="…"')


def _reason(options: str) -> str:
    """What is wrong with options, if that can be told: a comma between them, or a value that is no JSON."""
    decoder, rest = json.JSONDecoder(), options
    while found := re.match(r"\s*(,?)\s*([\w-]+)\s*=\s*", rest):
        if found[1]:
            return f" (there is a comma before {found[2]})"
        rest = rest[found.end():]
        try:
            rest = rest[decoder.raw_decode(rest)[1]:]
        except json.JSONDecodeError as error:
            near = rest[error.pos:error.pos + 12]
            comma = rest[:error.pos].rstrip().endswith(",") and near[:1] in "]}"
            return f" ({found[2]}: a comma before {near[0]})" if comma else (
                f" ({found[2]}: {error.msg.lower()}, at `{near}`)" if near else f" ({found[2]} is not closed)")
    return f" (at `{rest.strip()[:20]}`)" if rest.strip() else ""


def options(metadata: dict[str, Any]) -> Iterator[str]:
    """Unknown tags and keys of a cell, and known ones where they mean nothing."""
    tags = metadata.get("tags", [])
    for tag in tags:
        if tag not in TAGS:
            yield (f"unknown tag `{tag}`{nearest(str(tag), TAGS)}: a cell's tags can be {', '.join(TAGS)}; with any "
                   "other the cell would be published as it is")
    if len({*tags} & {"mistake", "alternative"}) == 2:
        yield "a cell is a mistake or an alternative, not both: keep one of the tags"
    for key in metadata:
        if key in OWN_KEYS:
            if OWN_KEYS[key] and not {*tags} & {*OWN_KEYS[key]}:
                wanted = '"] or tags=["'.join(OWN_KEYS[key])
                yield f'`{key}=` belongs to a cell with tags=["{wanted}"], which this one has not: add it'
        elif key == "points":
            yield "points= does not stand in a cell's first line: write it into the check's call"
        elif key not in FOREIGN_KEYS:
            yield f"unknown key `{key}`{nearest(key, [*OWN_KEYS, *NBGRADER_KEYS])}: a cell's keys can be " + (
                ", ".join(OWN_KEYS))
    title = str(metadata.get("title", ""))
    if "=" in title or nearest(title, [*TAGS, *OWN_KEYS, "solution", "markdown"]):
        yield (f"`{title[:60]}` is read as the cell's title{nearest(title, [*TAGS, *OWN_KEYS, 'solution', 'markdown'])}"
               ': tags are written tags=["…"], text cells # %% [markdown]')
    yield from _nbgrader(metadata)


def _nbgrader(metadata: dict[str, Any]) -> Iterator[str]:
    if "nbgrader" not in metadata:
        return
    given = metadata["nbgrader"]
    if not isinstance(given, dict):
        yield f'nbgrader={given!r:.40} is no set of keys: write nbgrader={{"grade_id": "…", "solution": true}}'
        return
    for key in given:
        if key not in NBGRADER_KEYS:
            yield (f"unknown key `{key}` in nbgrader{nearest(key, NBGRADER_KEYS)}: known are "
                   + ", ".join(NBGRADER_KEYS[:5]))
    for key in ("grade", "solution", "locked"):
        if key in given and not isinstance(given[key], bool):
            yield f'"{key}": {json.dumps(given[key], default=str)} is neither true nor false: write "{key}": true'
    name = given.get("grade_id")
    if name is not None and not (isinstance(name, str) and _NAME.fullmatch(name)):
        yield f"grade_id {name!r:.60} cannot be a name: use letters, digits, - and _"
    unknown = [key for key in given if key not in NBGRADER_KEYS]
    if not any(given.get(key) for key in ("grade", "solution", "locked", "task")) and not unknown:
        yield (f'the cell `{name or ""}` is no question, no check and not locked: add "solution": true, "grade": true '
               'or "locked": true')


def markers(source: str, solution: bool, check: bool, author_only: bool) -> Iterator[str]:
    """Solution and hidden-test markers that are misspelt, unpaired, or where nothing takes them out."""
    inside = ""
    for line in source.split("\n"):
        mark = next((mark for mark in MARKERS if mark in line), "")
        if not mark:
            like = _like_a_marker(line)
            if like:
                yield f"`{line.strip()[:60]}` is not quite `### {like}`: nbgrader would publish what stands there"
            continue
        kind = mark.partition(" ")[2]
        if mark.startswith("BEGIN"):
            if inside:
                yield f"`### {mark}` stands between `### BEGIN {inside}` and its end: close that first"
            inside = kind
        elif inside != kind:
            yield f"`### {mark}` has no `### BEGIN {kind}` before it"
        else:
            inside = ""
        if kind == "SOLUTION" and not solution and not author_only:
            yield ('`### ' + mark + '` stands in a cell that is no question: add "solution": true to its nbgrader '
                   "metadata, or nobody takes the solution out")
        if kind == "HIDDEN TESTS" and not check:
            yield f"`### {mark}` stands in a cell that is no check: hidden tests are taken out of checks only"
    if inside:
        yield f"`### BEGIN {inside}` has no end: write `### END {inside}` behind it"


def _like_a_marker(line: str) -> str:
    """The marker that a comment was meant to be."""
    comment = re.match(r"\s*#+(.*)$", line)
    words = _letters(comment[1]) if comment else ""
    if not words.startswith(("beg", "end", "ned", "edn", "ebg", "bge", "solution", "hidden")):
        return ""
    known = {_letters(mark): mark for mark in MARKERS}
    found = difflib.get_close_matches(words, known, 1, 0.8)
    return known[found[0]] if found else ""


def syntax(source: str) -> tuple[int, str] | None:
    """Line in the cell (0-based) and Python's own reason, if a cell is not valid Python."""
    try:
        ast.parse(source)
    except SyntaxError as error:
        return max((error.lineno or 1) - 1, 0), f"Python says: {error.msg}, at `{(error.text or '').strip()[:60]}`"
    except ValueError as error:  # a null byte
        return 0, f"Python says: {error}"
    return None


def same_beginning(one: ast.Module, other: ast.Module) -> bool:
    """Do two cells begin with the same statement, or define the same function or class first?"""
    if not one.body or not other.body:
        return False
    first, second = one.body[0], other.body[0]
    named = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    if isinstance(first, named) and isinstance(second, named):
        return first.name == second.name
    if isinstance(first, (ast.Import, ast.ImportFrom)):
        return False
    return ast.dump(first) == ast.dump(second)


def points_in(cell: ast.Module) -> tuple[list[ast.expr], list[ast.expr]]:
    """The values of `points=` in the call that ends a cell, and in all other calls of it."""
    last = cell.body[-1].value if cell.body and isinstance(cell.body[-1], ast.Expr) else None

    def of(call: ast.Call) -> list[ast.expr]:
        return [keyword.value for keyword in call.keywords if keyword.arg == "points"]

    final = of(last) if isinstance(last, ast.Call) else []
    others = [value for node in ast.walk(cell) if isinstance(node, ast.Call) and node is not last for value in of(node)]
    return final, others


def unknown_checks(cell: ast.Module) -> Iterator[tuple[int, str]]:
    """Calls of a check that there is none of, `check.gradient(…)`: the line in the cell, from 0, and what is wrong."""
    called = [node.func for node in ast.walk(cell) if isinstance(node, ast.Call)]
    for kind in called:
        if isinstance(kind, ast.Attribute) and isinstance(kind.value, ast.Name) and kind.value.id == "check":
            from helpers import check  # here, because it takes numpy and matplotlib along

            if not hasattr(check, kind.attr):
                near = nearest(kind.attr, check.__all__, f": there are {', '.join(check.__all__)}")
                yield kind.lineno - 1, f"`check.{kind.attr}` is no check{near}"


def points_of(cell: ast.Module | None, given: dict[str, Any], name: str) -> tuple[float, str]:
    """What a graded cell is worth, and what is wrong with how it says so; 0 is a check for practice.

    cell: a check's code; None for a written answer, whose points stand in its metadata.
    """
    final, others = points_in(cell) if cell is not None else ([], [])
    stated = [_number(value) for value in final] + ([given["points"]] if "points" in given else [])
    if not stated:
        if others:
            return 0, (f"the points of the check `{name}` stand in a call that is not the cell's last expression: let "
                       "the cell end in the check, with nothing assigned")
        kind, where = ("check", "write points=… in the call that ends the cell") if cell is not None else (
            "written question", 'write "points": … beside its grade_id')
        return 0, f"the {kind} `{name}` has no points: {where} (points=0 makes it a check for practice)"
    for value in stated:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
            return 0, f"the points of `{name}` are no number written out, such as points=3: nbgrader has to read them"
        if value < 0:
            return 0, f"`{name}` has {value:g} points: points are 0 (for practice) or more"
    if len(set(stated)) > 1:
        return 0, (f"the check `{name}` says {stated[1]:g} points in its metadata and {stated[0]:g} in its call: "
                   "keep one")
    return stated[0], ""


def _number(value: ast.expr) -> Any:
    try:
        return ast.literal_eval(value)
    except ValueError:
        return None
