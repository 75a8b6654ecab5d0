"""Why a whole cell did not run: a module that is not here, or a syntax error. Told once, as the cause.

Of a cell whose import fails, what does not need the module is run all the same: one missing module must not take the
other imports, and with them every answer, away.
"""

from __future__ import annotations

import ast
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from helpers.checking.absent import SYNTAX
from helpers.checking.verdict import Verdict
from helpers.grading.marking.bounds import Allowance, TooLong
from helpers.grading.notebooks.code import MAGIC, understood
from helpers.grading.notebooks.master import defined_names, used_names

MISSING = re.compile(r"No module named '([\w.]{1,100})'")
UNDEFINED = re.compile(r"name '(\w{1,100})' is not defined")
MISSING_AT_ONCE = 12  # times that the rest of one cell is tried
# What a notebook may meet where it is graded and not where it was written: no such folder, no network, nobody to ask,
# no screen, no graphics card, other versions.
OF_THE_PLACE = ("FileNotFoundError", "NotADirectoryError", "PermissionError", "OSError", "URLError", "ConnectionError",
                "gaierror", "StdinNotImplementedError", "EOFError", "ImportError", "TclError", "OptionError", "BdbQuit",
                "CalledProcessError", "TimeoutExpired", "UsageError")
SAYS_SO = re.compile(r"^module '[\w.]{1,100}' has no attribute '|\bCUDA\b|\bNVIDIA\b|\bDISPLAY\b|unsupported locale")
# In a statement that reads what kind of machine it is on.
ASKS_FOR_IT = re.compile(r"__version__|\bversion_info\b|\bgetenv\b|\benviron\b|\bplatform\b")
WAITS = re.compile(r"\b(?:breakpoint|set_trace)\(")
RAISES = re.compile(r"` raises (\w{1,50}): (.{0,300})", re.S)  # as a verdict says it
USAGE = re.compile(r"UsageError: (?:Line|Cell) magic function `(%{1,2}\w{1,50})` not found")
# How IPython's tracebacks show where a cell stopped.
LINE = re.compile(r"(?m)^Cell In\[\d+\], line (\d{1,6})$|^-+> ?(\d{1,6}) ")
COLOURS = re.compile(r"\x1b\[[\d;]*m")
# Nothing is installed where this is graded; trying takes a cell's whole time.
# No part gives back what it has taken: a line is looked at in proportion to its length.
INSTALLS = re.compile(r"(?m)^([ \t]*+)[!%](?:(?:(?=\S*python)\S++|\{sys\.executable\})[ \t]++-m[ \t]++|sudo[ \t]++|"
                      r"uv[ \t]++)?(?:pip3?|conda|mamba|apt(?:-get)?)\b(?:[^\n\\]|\\(?:\n|.)?)*+")
MESSAGE = 500  # characters of what a cell has written last, in which one is looked for
CONFLICT = re.compile(r"(?m)^(?:<{7}|>{7})(?: |$)")


class Runs(Protocol):
    def run(self, source: str) -> list[dict]: ...

    def stop(self, why: str) -> None: ...


@dataclass
class Causes:
    """What kept cells from running. modules: those that are not here; names: that their imports would have bound;
    lost: names defined in cells that are no Python here, where newer Python may accept them."""

    told: list[str] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    stopped: bool = False  # was the cell that was run last stopped by an exception, with what of it could be run

    def tell(self, sentence: str) -> None:
        if sentence not in self.told:
            self.told.append(sentence)


def run_within(reading: Allowance, student: Runs, source: str, causes: Causes, python: str = "") -> list[dict]:
    """`run_cell`, with a limit on what it costs here to read what cells send and say: whoever passes it is stopped."""
    try:
        with reading.spent():
            return run_cell(student, source, causes, python)
    except TooLong:
        student.stop("the notebook's cells send what takes too long to read, and it was stopped")
        return student.run(source)


def run_cell(student: Runs, source: str, causes: Causes, python: str = "") -> list[dict]:
    """Run a student's cell, and after a missing module the rest of it; the outputs, which may change later.

    python: the version that the notebook was written with, if that is known.
    """
    source = INSTALLS.sub(lambda line: f"{line[1]}pass" + "\n" * line[0].count("\n"), source)
    outputs = student.run(source)
    shown, failed = [outputs], _failed(outputs)
    for _ in range(MISSING_AT_ONCE):
        if failed is None:
            break
        rest = _rest(source, *failed, causes)
        if rest is None:
            rest = _without_what_failed(source, shown[-1], failed, causes)
        if rest is None:
            break
        source, failed = rest, None
        if source.strip():
            shown.append(student.run(source))
            failed = _failed(shown[-1])
    causes.stopped = failed is not None
    if failed is not None and failed[0] in SYNTAX:
        _tell_syntax(source, failed[1], causes, python)
    return outputs if len(shown) == 1 else [output for part in shown for output in part]


def _rest(source: str, name: str, message: str, causes: Causes) -> str | None:
    """What of a cell that was stopped is to be run all the same; None if it is another trouble."""
    if name == "NameError":  # the missing module's name in use, outside of a function
        used = UNDEFINED.search(message)
        return _behind_use(source, used[1]) if used and used[1] in causes.names else None
    module = MISSING.search(message) if name == "ModuleNotFoundError" else None
    if module is None:
        return None
    rest = _without(source, module[1], causes)
    if rest is None:  # a module that is here has asked for it
        causes.tell(f"The module `{module[1]}` is not there where this is graded: a cell that needs it stopped there.")
    return rest


def _without_what_failed(source: str, outputs: list[dict], failed: tuple[str, str], causes: Causes) -> str | None:
    """What of a cell comes behind the statement that cannot be carried out here: for want of something outside the
    notebook, or one of IPython's own lines, such as `%matplotlib widget`. None if it is another trouble."""
    (name, message), lines = failed, source.split("\n")
    tree, line = understood(source).tree, _line_with(failed, lines) or _line_of(outputs)
    body = tree.body if tree is not None else []
    for number, statement in enumerate(body):
        if statement.lineno <= line <= (statement.end_lineno or 0):
            text = "\n".join(lines[statement.lineno - 1:statement.end_lineno])
            if name not in OF_THE_PLACE and not (
                    MAGIC.match(text) or SAYS_SO.search(message)
                    or (name != "NameError" and ASKS_FOR_IT.search(text))):
                return None
            causes.names |= set(defined_names(ast.Module([statement], [])))
            first = lines[statement.lineno - 1].strip()[:80].replace("`", "'")
            causes.tell(f"`{first}` does not work where this is graded ({name}): it was left out, and the rest of the "
                        "cell was run.")
            return _from(source, body[number + 1:], "")
    return None


def _line_of(outputs: list[dict]) -> int:
    """The line of the cell at which its last output, an error, says that it stopped; 0 if it does not say."""
    found = LINE.findall(COLOURS.sub("", "\n".join(map(str, outputs[-1].get("traceback", ())))))
    return int(next((cell for cell, _ in reversed(found) if cell), found[0][1] if found else 0))


def _line_with(failed: tuple[str, str], lines: list[str]) -> int:
    """Where no traceback says the line: that of one of IPython's own which it does not know, or at which a debugger
    waits; else 0."""
    magic = USAGE.search(failed[1])
    if not magic and failed[0] not in ("BdbQuit", "StdinNotImplementedError"):
        return 0
    return next((number for number, line in enumerate(lines, 1)
                 if (line.lstrip().startswith(magic[1]) if magic else WAITS.search(line))), 0)


def _behind_use(source: str, name: str) -> str | None:
    tree = understood(source).tree
    body = tree.body if tree is not None else []
    for number, statement in enumerate(body):
        defines = isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        if not defines and name in used_names(statement):
            return _from(source, body[number + 1:], "")
    return None


def _failed(outputs: list[dict]) -> tuple[str, str] | None:
    """Name and message of the exception that ended a cell."""
    last = outputs[-1] if outputs else {}
    if last.get("name") == "stderr" and USAGE.search(str(last.get("text"))[-MESSAGE:]):  # it ends a cell, too
        return "UsageError", str(last.get("text"))[-MESSAGE:]
    return (str(last.get("ename")), str(last.get("evalue"))) if last.get("output_type") == "error" else None


def _without(source: str, module: str, causes: Causes) -> str | None:
    """What of a cell comes behind the import of a missing module, with the statement's other imports; None if the
    cell itself does not import it."""
    tree = understood(source).tree
    body = tree.body if tree is not None else []
    for number, statement in enumerate(body):
        if not isinstance(statement, (ast.Import, ast.ImportFrom)) or not _imports(statement, module):
            continue
        others = [alias for alias in statement.names if isinstance(statement, ast.Import)
                  and not _is_or_holds(alias.name, module)]
        bound = set(defined_names(ast.Module([statement], []))) - {a.asname or a.name.split(".")[0] for a in others}
        causes.names |= bound
        if module not in causes.modules:
            causes.modules.append(module)
            causes.tell(f"The module `{module}` is not there where this is graded: its import was left out, and the "
                        "rest of the cell was run.")
        return _from(source, body[number + 1:], ast.unparse(ast.Import(others)) if others else "")
    return None


def _from(source: str, behind: list[ast.stmt], again: str) -> str:
    """The lines from a statement on, behind `again`; as many lines in front, so that what is said of lines stays true:
    the first with a comment, for IPython takes blank ones away."""
    if not behind:
        return again
    lines = source.split("\n")
    first = min([behind[0].lineno, *(d.lineno for d in getattr(behind[0], "decorator_list", ()))])
    begin = lines[first - 1].encode()[behind[0].col_offset:].decode() if first == behind[0].lineno else lines[first - 1]
    if first == 1:
        return "\n".join([f"{again}; {begin}" if again else begin, *lines[1:]])
    return "\n".join([again or "#", *[""] * (first - 2), begin, *lines[first:]])


def _imports(statement: ast.stmt, module: str) -> bool:
    if isinstance(statement, ast.ImportFrom):
        return not statement.level and _is_or_holds(statement.module or "", module)
    return isinstance(statement, ast.Import) and any(_is_or_holds(alias.name, module) for alias in statement.names)


def _is_or_holds(name: str, module: str) -> bool:
    return name == module or name.startswith(f"{module}.")


def _tell_syntax(source: str, message: str, causes: Causes, python: str) -> None:
    """A syntax error as one, with its line, and whether newer Python may see it otherwise."""
    code = understood(source)
    here = ".".join(platform.python_version_tuple()[:2])
    newer = _version(python) > _version(here)
    line = code.error.lineno if code.error is not None else None
    found = re.search(r"line (\d+)", message)
    line = line or (int(found[1]) if found else None)
    says = (code.error.msg if code.error is not None else message.split(" (")[0])[:200]
    says = "the marks of a merge conflict stand in it" if CONFLICT.search(source) else says
    names = sorted(code.names)[:3]
    which = f"The cell with {', '.join(f'`{name}`' for name in names)}" if names else "A cell"
    sentence = f"{which} has a syntax error{f' in line {line}' if line else ''} ({says}); nothing of it could run."
    if newer:
        sentence += f" The notebook was written with Python {python}; it is graded with Python {here}."
    causes.tell(sentence)
    if newer or says.startswith("f-string"):
        causes.lost |= code.names


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2] if part.isdigit())


def of_the_place(verdict: Verdict) -> str:
    """The exception that an answer raises for want of something outside the notebook, if one of its rows says so."""
    for row in verdict.rows:
        found = RAISES.search(row.where)
        if found and not row.right and (found[1] in OF_THE_PLACE or SAYS_SO.search(found[2])):
            return found[1]
    return ""


def asks_for(causes: Causes, verdicts: Mapping[str, Verdict], reads: dict[str, frozenset[str]]) -> dict[str, str]:
    """Checks whose marks a cause that is not the student's may have taken: by grade_id, why a person has to look."""
    asks = {}
    for name, verdict in verdicts.items():
        wrong = [f"{row.where} {row.why} {row.remark}" for row in verdict.rows if not row.right]
        if not wrong:
            continue
        if any(f"name '{bound}' is not defined" in text for bound in causes.names for text in wrong) or any(
                f"No module named '{module}'" in text for module in causes.modules for text in wrong):
            modules = ", ".join(f"`{module}`" for module in causes.modules)
            needs = modules or "what a statement that was left out defines"
            asks[name] = f"it needs {needs}, which is not there"
        elif raised := of_the_place(verdict):
            asks[name] = f"its answer needs what is not there where this is graded ({raised})"
        elif reads.get(name, frozenset()) & causes.lost:
            asks[name] = "its answer has a syntax error here that newer Python may accept"
    return asks
