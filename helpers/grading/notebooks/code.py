"""What a cell's code defines, found without running it and in bounded time, whoever wrote it."""

from __future__ import annotations

import ast
import html
import re
import symtable
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
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
# Letters of Cyrillic and Greek that look like Latin ones.
LOOKS_ALIKE = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb"
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0406\u0408\u0405"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf\u03bd",
    "aeopcyxijsh" "ABEKMHOPCTXIJS" "ABEZHIKMNOPTYXov")
ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{2,4}|#x[\da-f]{2,4});")
NUMBERED = re.compile(r"[ \t]*(\d{1,4})(?: ?[.:)|\u2502])?(?:[ \t](.*))?")
CONTINUED = re.compile(r"(?m)\\[ \t]+$")
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


@dataclass(frozen=True)
class Mend:
    """Code that has become Python by what cannot be seen on paper, or has nothing to do with it. line: the first that
    is another now; what: stood there; done: what was done about it."""

    source: str
    line: int
    what: str
    done: str


def mended(source: str) -> Mend | None:
    """What no Python was, or named what is not there, as its author sees it on the screen: with blanks for tabs among
    them, a keyboard's characters for typeset ones and for letters that look like them, and without blanks behind a
    backslash, numbers before the lines and HTML's spelling. None where there is nothing of it, or that does not help.
    Within texts and comments typeset characters stay, if that can be."""
    tree, error = _tree(source)
    spelled = (html.unescape, "a character as HTML spells it", "such characters were spelled as Python's")
    if tree is not None and ENTITY.search(source):  # `a &gt; b` is `a & gt`, and then `b`
        names = {"gt", "lt", "amp", "quot"} & used_names(tree) - {*defined_names(tree)}
        return _made(source, spelled[0](source), *spelled[1:]) if names else None
    if tree is not None:
        return None if source.isascii() else _made(source, _without_look_alikes(source, tree), "a letter that looks "
                                                   "like a Latin one", "such letters were replaced by Latin ones")
    if len(source) > MAX_PARSED:
        return None
    if isinstance(error, TabError):
        return _made(source, source.expandtabs(TAB), "a tab", "tabs were replaced by blanks")
    ways: list[tuple[Callable[[str], str], str, str]] = [
        (lambda text: CONTINUED.sub(r"\\", text), "a blank behind a backslash", "such blanks were taken away"),
        (_without_numbers, "a number", "the numbers before the lines were taken away"),
        *([spelled] if ENTITY.search(source) else [])]
    found = (_made(source, way(source), what, done) for way, what, done in ways)
    return next(filter(None, found), None) or _of_typeset(source)


def _made(source: str, clean: str, what: str, done: str) -> Mend | None:
    if clean == source or _tree(clean)[0] is None:
        return None
    pairs = enumerate(zip(source.split("\n"), clean.split("\n")), 1)
    return Mend(clean, next((n for n, (before, after) in pairs if before != after), 1), what, done)


def _of_typeset(source: str) -> Mend | None:
    if source.isascii() or not any(char in TYPESET for char in source):
        return None
    for clean in (_plain_where_it_matters(source), source.translate(str.maketrans(TYPESET))):
        found = _made(source, clean, "", "such characters were replaced by a keyboard's")
        if found is not None:
            changed = next((char for char in source.split("\n")[found.line - 1] if char in TYPESET), "")
            what = f"a typeset character ({unicodedata.name(changed, '?').lower()})"
            return replace(found, what=what)
    return None


def _without_look_alikes(source: str, tree: ast.Module) -> str:
    """With Latin letters in names that the cell nowhere binds, where it binds one that looks the same."""
    bound = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)} | {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    lines, places = [line.encode() for line in source.split("\n")], []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not node.id.isascii() and node.id not in bound:
            plain = node.id.translate(LOOKS_ALIKE)
            places += [(node.lineno, node.col_offset, node.end_col_offset, plain)] if plain in bound else []
    for line, begin, end, plain in sorted(places, reverse=True):
        lines[line - 1] = lines[line - 1][:begin] + plain.encode() + lines[line - 1][end:]
    return b"\n".join(lines).decode()


def _without_numbers(source: str) -> str:
    """Without the numbers that stand before all lines, as a page or an editor shows them: each one more than the last;
    itself where there are none."""
    found = [NUMBERED.fullmatch(line) for line in source.rstrip().split("\n")]
    numbers = [int(line[1]) for line in found if line is not None]
    if len(numbers) < max(len(found), 2) or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        return source
    return "\n".join(line[2] or "" for line in found if line is not None)


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
