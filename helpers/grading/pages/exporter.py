"""nbconvert's exporter for feedback pages, and nbgrader's marks and comments in their cells."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbgrader import server_extensions
from nbgrader.preprocessors import GetGrades
from traitlets.config import Config

from helpers.checking.verdict import number
from helpers.grading.pages import rendering
from helpers.grading.pages.clock import CLOCK, PAGE_SECONDS
from helpers.grading.pages.hiding import Hiding
from helpers.grading.pages.page import SHOWN, arrange
from helpers.grading.text import for_page

HERE = Path(__file__).parent / "templates"
STOCK = Path(server_extensions.__file__).parent / "formgrader" / "templates"


class FeedbackExporter(HTMLExporter):
    """nbconvert's HTML exporter for feedback pages: one file, no network, no scripts."""

    def __init__(self, config: Config | None = None, **kw: Any):
        config = Config(config or {})
        # A course's own HTMLExporter settings are for nbconvert's pages; this section goes before that one.
        config.FeedbackExporter.template_name = "feedback"
        config.FeedbackExporter.extra_template_basedirs = [str(STOCK)]
        config.FeedbackExporter.template_file = "page.html.j2"
        config.FeedbackExporter.filters, config.FeedbackExporter.preprocessors = {}, []
        super().__init__(config=config, extra_loaders=[FileSystemLoader([HERE, HERE / "feedback"])], **kw)

    @property
    def default_config(self) -> Config:
        config = super().default_config
        config.NbConvertBase.display_data_priority = list(SHOWN)
        config.HTMLExporter.default_preprocessors = []
        return config

    def default_filters(self) -> Iterator[tuple[str, Any]]:
        yield from super().default_filters()
        yield "markdown2html", rendering.markdown
        yield "line", rendering.line
        yield "prose", rendering.prose
        yield "code2html", rendering.code
        yield "highlight_code", lambda source, metadata=None: rendering.code(source)  # named by templates below ours
        yield "ansi2html", rendering.terminal
        yield "cleaned", rendering.cleaned
        yield "e", for_page
        yield "points", lambda value: number(float(value or 0))

    def from_notebook_node(self, nb: NotebookNode, resources: dict | None = None, **kw: Any) -> Any:
        # HTMLExporter reads its page once more to add alternative texts. Ours has them, and that reading took most
        # of the time.
        return super(HTMLExporter, self).from_notebook_node(nb, resources, **kw)

    def page(self, nb: NotebookNode, resources: dict, seconds: float = PAGE_SECONDS) -> str:
        """The page of a notebook that nobody else needs: without nbconvert's copies of it, half the time."""
        resources = self._init_resources(resources)
        shown = dict.fromkeys(("include_code", "include_markdown", "include_raw", "include_unknown", "include_input",
                               "include_output"), True)
        resources["global_content_filter"] = shown
        CLOCK.begin(seconds)
        arrange(nb, resources, self.config)
        return self.template.render(nb=nb, resources=resources).lstrip()

    def _preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        nb, resources = super()._preprocess(nb, resources)
        CLOCK.begin()
        arrange(nb, resources, self.config)
        return nb, resources

    def _validate_preprocessor(self, nb: NotebookNode, preprocessor: Any) -> None:
        """Nothing that is only shown needs to be a valid notebook."""


class MarksAndComments(GetGrades):
    """nbgrader's GetGrades, which also says what a person has yet to grade and how late the submission was."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        nb, resources = super().preprocess(nb, resources)
        with self.gradebook as book:
            facts = resources["nbgrader"]
            submission = book.find_submission(facts["assignment"], facts["student"])
            facts["seconds_late"] = submission.total_seconds_late
            facts["student_name"] = full_name(submission.student.first_name, submission.student.last_name)
        return nb, resources

    def _get_score(self, cell: NotebookNode, resources: dict) -> None:
        super()._get_score(cell, resources)
        info = cell.metadata.nbgrader
        grade = self.gradebook.find_grade(info["grade_id"], self.notebook_id, self.assignment_id, self.student_id)
        info["waits"] = bool(grade.needs_manual_grade)
        info["manual"] = grade.manual_score is not None


def full_name(first: str | None, last: str | None) -> str:
    return " ".join(part for part in (first, last) if part)


@lru_cache(maxsize=1)
def exporter() -> FeedbackExporter:
    """This process's exporter: making one and compiling its templates takes longer than a page."""
    return FeedbackExporter()


def warm() -> None:
    """Load what every page needs, before workers are forked and before any student's text is read."""
    exporter().template  # noqa: B018
    rendering.markdown("$x$ and\n\n```python\nx = 1\n```")
    rendering.code("x = 1")


def write(notebook: NotebookNode, facts: dict[str, Any], hiding: Hiding, seconds: float = PAGE_SECONDS) -> str:
    """The page of a notebook whose cells hold scores and comments (see `put_marks`); the notebook is changed."""
    resources = {"nbgrader": facts, "hiding": hiding, "metadata": {"name": facts["notebook"], "path": ""}}
    return exporter().page(notebook, resources, seconds)
