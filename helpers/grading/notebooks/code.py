"""What a cell's code defines, found without running it and in bounded time, whoever wrote it."""

from __future__ import annotations

import ast
import re
import symtable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from helpers.grading.notebooks.master import defined_names, used_names

MAX_PARSED = 100_000  # characters of one cell; a longer one is only looked at line by line
REMEMBERED = 3000  # characters of a cell that is read once for all who hand it in; their number is bounded, too
MAGIC = re.compile(r"^\s*[%!?]")  # IPython's own lines
RUNS_PYTHON = re.compile(r"^\s*%%(time|timeit|capture|prun)\b")  # cell magics whose cell is Python all the same
DEFINES = re.compile(r"(?m)^(?:async[ \t]+def|def|class)[ \t]+(\w+)|^(\w+)[ \t]*(?::[^=\n]+)?=(?!=)")
# What word processors, phones and PDF files make of a keyboard's characters.
TYPESET: dict[str, str | int | None] = {
    **dict.fromkeys("\u00a0\u2007\u202f\u3000", " "), **dict.fromkeys("\u200b\u2060\ufeff\u00ad", ""),
    **dict.fromkeys("\u2212\u2013\u2014\u2010\u2011\ufe63", "-"), **dict.fromkeys("\u00d7\u2217\u22c5", "*"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033", '"'),
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u00b4\u2032", "'"), "\u00f7": "/", "\u2264": "<=", "\u2265": ">=",
    "\u2260": "!=", "\u2026": "...", "\u00b2": "**2", "\u00b3": "**3",
    **{chr(number): chr(number - 0xFEE0) for number in range(0xFF01, 0xFF5F)},  # of full width, as in Chinese text
}
TAB = 4  # blanks, as editors for Python show it
MOST_TYPESET = 300  # such characters that are looked at one by one in a cell


@dataclass(frozen=True)
class Code:
    """A cell's code: `tree` is None where it is no Python. Names by what their last definition is worth.

    written: the student's own; stubs: nothing yet, as given out or by nothing but NotImplementedError; whole: given out
    complete, as the functions are that use an answer in its own cell.
    """

    source: str
    tree: ast.Module | None = None
    written: frozenset[str] = frozenset()
    stubs: frozenset[str] = frozenset()
    whole: frozenset[str] = frozenset()
    error: SyntaxError | None = field(default=None, compare=False)

    @property
    def names(self) -> frozenset[str]:
        return self.written | self.stubs | self.whole

    @property
    def there(self) -> frozenset[str]:
        """The names that nothing is missing of."""
        return self.written | self.whole

    @cached_property
    def used(self) -> frozenset[str]:
        """The names that it reads."""
        return frozenset(used_names(self.tree)) if self.tree is not None else frozenset()


def understood(source: str, given: frozenset[str] = frozenset()) -> Code:
    """What a cell defines at its top level. given: texts of the statements that the assignment itself has."""
    return (_remembered if len(source) <= REMEMBERED else _understood)(source, given)


def _understood(source: str, given: frozenset[str]) -> Code:
    tree, error = _tree(source)
    lines = source.split("\n")
    if tree is None:
        return Code(source, None, frozenset(name for pair in DEFINES.findall(source) for name in pair if name),
                    error=error)
    written: set[str] = set()
    stubs: set[str] = set()
    whole: set[str] = set()
    for statement in tree.body:
        names = set(defined_names(ast.Module([statement], [])))
        if not names:
            continue
        known = bool(given) and _text(statement, lines) in given
        kind = whole if known and is_whole(statement) else stubs if known or is_stub(statement) else written
        for other in (written, stubs, whole):
            other.difference_update(names)
        kind.update(names)
    return Code(source, tree, frozenset(written), frozenset(stubs), frozenset(whole), error)


# Most cells of a class are as they were given out.
_remembered = lru_cache(maxsize=400)(_understood)


def statements(source: str) -> frozenset[str]:
    """Texts of a cell's statements, to know them again."""
    tree, _ = _tree(source)
    lines = source.split("\n")
    return frozenset(_text(statement, lines) for statement in tree.body) if tree is not None else frozenset()


def _text(statement: ast.stmt, lines: list[str]) -> str:
    return "\n".join(line.rstrip() for line in lines[statement.lineno - 1:statement.end_lineno])


def is_stub(statement: ast.stmt) -> bool:
    """A function or class of which nothing is written: behind its docstring it raises NotImplementedError."""
    if isinstance(statement, ast.ClassDef):
        methods = [part for part in statement.body if isinstance(part, ast.FunctionDef)]
        return bool(methods) and all(is_stub(method) for method in methods)
    if not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return False
    body = statement.body[1:] if ast.get_docstring(statement) is not None else statement.body
    raised = body[0].exc if len(body) == 1 and isinstance(body[0], ast.Raise) else None
    raised = raised.func if isinstance(raised, ast.Call) else raised
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def is_whole(statement: ast.stmt) -> bool:
    """A function or class as the assignment gave it out, of which nothing is left to write."""
    return isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and not any(
        isinstance(node, ast.Name) and node.id == "NotImplementedError" for node in ast.walk(statement))


def parts(code: Code, names: frozenset[str], keep: bool) -> str:
    """The statements of a cell that define one of `names` (keep), or all others; blank where nothing is left."""
    if code.tree is None:
        return "" if keep else code.source
    lines = code.source.split("\n")
    inside = [False] * len(lines)
    for statement in code.tree.body:
        if names & set(defined_names(ast.Module([statement], []))):
            first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", ()))])
            inside[first - 1:statement.end_lineno] = [True] * (statement.end_lineno - first + 1)
    return "\n".join(line for line, there in zip(lines, inside) if there == keep).strip("\n")


def globals_of(code: Code, names: frozenset[str]) -> frozenset[str]:
    """What the functions and methods that define one of `names` in a cell read of the notebook's names, when called."""
    if code.tree is None or not code.names & names:
        return frozenset()
    try:
        tables = [symtable.symtable(parts(code, names, keep=True), "cell", "exec")]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    found: set[str] = set()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        if isinstance(table, symtable.Function):
            found.update(table.get_globals())
    return frozenset(found)


def says_nothing(source: str) -> bool:
    """Is there no statement in it: only blanks, comments and texts?"""
    tree, _ = _tree(source)
    return tree is not None and all(isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant) for s in tree.body)


def mended(source: str) -> tuple[str, int, str]:
    """Code that is Python once typeset characters are a keyboard's, or tabs among blanks are blanks; the first such
    line, and its first such character; else itself, 0 and "". Within texts and comments they stay, if that can be."""
    if "\t" in source and isinstance(_tree(source)[1], TabError):
        clean = source.expandtabs(TAB)
        line = next(n for n, text in enumerate(source.split("\n"), 1) if "\t" in text)
        return (clean, line, "\t") if _tree(clean)[0] is not None else (source, 0, "")
    if source.isascii() or not any(char in TYPESET for char in source) or _tree(source)[0] is not None:
        return source, 0, ""
    for clean in (_plain_where_it_matters(source), source.translate(str.maketrans(TYPESET))):
        if _tree(clean)[0] is not None:
            pairs = enumerate(zip(source.split("\n"), clean.split("\n")), 1)
            line, before = next((n, before) for n, (before, after) in pairs if before != after)
            changed = next((char for char in before if char in TYPESET), "")
            return clean, line, changed
    return source, 0, ""


def _plain_where_it_matters(source: str) -> str:
    """Typeset characters are replaced where Python stumbles over them; of quotes the next of the line, too."""
    lines = source.split("\n")
    for _ in range(MOST_TYPESET):
        error = _tree("\n".join(lines))[1]
        place = (error.offset or 0) - 1 if error is not None else -1
        number = (error.lineno or 0) - 1 if error is not None else -1
        if not 0 <= number < len(lines) or not 0 <= place < len(lines[number]) or lines[number][place] not in TYPESET:
            break
        begin, plain, rest = lines[number][:place], str(TYPESET[lines[number][place]]), lines[number][place + 1:]
        if plain in ("'", '"'):
            closing = next((i for i, other in enumerate(rest) if TYPESET.get(other) == plain), -1)
            rest = rest[:closing] + plain + rest[closing + 1:] if closing >= 0 else rest
        lines[number] = begin + plain + rest
    return "\n".join(lines)


def _tree(source: str) -> tuple[ast.Module | None, SyntaxError | None]:
    """The syntax tree, with IPython's own lines left out; None, and why, where it is no Python."""
    if len(source) > MAX_PARSED or "\0" in source:
        return None, None
    try:
        return ast.parse(source), None
    except SyntaxError as found:
        error = found
    except (ValueError, RecursionError, MemoryError):
        return None, None
    if not any(MAGIC.match(line) for line in source.split("\n")):
        return None, error
    first = RUNS_PYTHON.match(source)
    if source.lstrip().startswith("%%") and not first:
        return None, None
    plain = "\n".join("pass" if MAGIC.match(line) and not line[:1].isspace() else
                      line[:len(line) - len(line.lstrip())] + "pass" if MAGIC.match(line) else line
                      for line in source.split("\n"))
    try:
        return ast.parse(plain), None
    except SyntaxError as found:
        return None, found
    except (ValueError, RecursionError, MemoryError):
        return None, None
