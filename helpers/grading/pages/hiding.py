"""Takes out of a page what students must not see."""

from __future__ import annotations

from dataclasses import dataclass

from nbformat import NotebookNode
from nbgrader.preprocessors import ClearHiddenTests, ClearMarkScheme
from traitlets.config import Config

HIDDEN_HERE = "# (Hidden tests stand here: they try your answer on more cases.)"


@dataclass(frozen=True)
class Hiding:
    """Takes hidden tests and mark schemes out, by the delimiters that a course uses, and knows how much it tells."""

    depth: str
    pairs: tuple[tuple[str, str, str], ...]  # begin, end, what stands there instead

    @classmethod
    def of(cls, config: Config) -> Hiding:
        from helpers.grading.course.settings import CourseKit

        tests, scheme = ClearHiddenTests(config=config), ClearMarkScheme(config=config)
        return cls(CourseKit(config=config).depth["feedback"], (
            (tests.begin_test_delimeter, tests.end_test_delimeter, HIDDEN_HERE),
            (scheme.begin_mark_scheme_delimeter, scheme.end_mark_scheme_delimeter, "")))

    def __call__(self, cell: NotebookNode) -> set[str]:
        """The lines taken out, stripped; an open region goes to the cell's end."""
        hidden: set[str] = set()
        for begin, end, instead in self.pairs:
            if begin not in cell.source:
                continue
            kept, inside = [], False
            for line in cell.source.split("\n"):
                if begin in line:
                    inside = True
                    kept += [line[:len(line) - len(line.lstrip())] + instead] if instead else []
                elif end in line:
                    inside = False
                elif inside:
                    hidden.add(line.strip())
                else:
                    kept.append(line)
            cell.source = "\n".join(kept)
        return hidden
