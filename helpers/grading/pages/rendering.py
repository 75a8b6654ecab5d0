"""Markdown, code, errors and HTML for a page that is one file, needs no network and runs no script.

Most cells are the same for the whole class, so what they become is remembered. Everything that was a student's passes
the cleaner last, has a limit of size and of time, and is shown as text beyond it.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from functools import lru_cache

from markupsafe import escape
from nbconvert.filters.ansi import ansi2html, strip_ansi
from nbconvert.filters.markdown_mistune import InvalidNotebook, IPythonRenderer, MarkdownWithMath
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import BashLexer, JsonLexer, PythonConsoleLexer, PythonLexer

from helpers.grading.pages import cleaner
from helpers.grading.pages.clock import CLOCK
from helpers.grading.pages.formulas import mathml
from helpers.grading.text import for_page

MAX_MARKDOWN = 200_000  # characters; pictures may stand in it
MAX_CODE = 50_000
MAX_COLOURS = 2_000  # escapes in one output
MAX_SHOWN = 500_000  # characters of any one piece
AS_TEXT = '<p class="soft">This is shown as text: it is too long or too odd to be drawn.</p>'
_LEXERS = {name: lexer for names, lexer in (
    (("python", "python3", "py", "py3", "ipython", "ipython3"), PythonLexer), (("pycon",), PythonConsoleLexer),
    (("bash", "sh", "shell", "console"), BashLexer), (("json",), JsonLexer)) for name in names}


class _Renderer(IPythonRenderer):
    """nbconvert's renderer, with formulas as MathML and without links at headings."""

    def __init__(self, attachments: dict | None = None):
        super().__init__(escape=False, allow_harmful_protocols=False, exclude_anchor_links=True,
                         attachments=attachments)

    def block_math(self, body: str) -> str:
        return _wide("span", "Formula", mathml(body, "block"))

    def inline_math(self, body: str) -> str:
        return mathml(body, "inline")

    def latex_environment(self, name: str, body: str) -> str:
        return self.block_math(f"\\begin{{{name}}}{body}\\end{{{name}}}")

    def table(self, text: str) -> str:
        return _wide("div", "Table", f"<table>{text}</table>")

    def block_code(self, code: str, info: str | None = None) -> str:
        lexer = _LEXERS.get((info or "").strip().split(" ")[0].lower())
        if lexer is None or len(code) > MAX_CODE:
            return f"<pre><code>{for_page(code)}</code></pre>\n"
        said = highlight(code, lexer(), HtmlFormatter(nowrap=True))
        return f"<pre><code>{said}</code></pre>\n"

    def block_mermaidjs(self, code: str) -> str:
        return f"<pre><code>{for_page(code)}</code></pre>"  # drawing it would take a script

    def image(self, text: str, url: str, title: str | None = None) -> str:
        url = self._embed_image_or_attachment(url)
        if url.startswith("data:image/"):
            return super().image(text or "Picture without a description", url, title)
        said = html.escape(text or url)  # a picture elsewhere is not fetched: who reads the page would be seen there
        return f'<a href="{html.escape(url)}">{said}</a>' if url.startswith(("https:", "http:")) else said


def _wide(tag: str, what: str, content: str) -> str:
    """What is too wide for a phone is scrolled by itself, not the page; whoever scrolls with keys needs a focus."""
    return f'<{tag} class="wide" tabindex="0" role="group" aria-label="{what}">{content}</{tag}>'


def as_text(source: str, why: str = AS_TEXT) -> str:
    """What could not be drawn, as it is written."""
    more = f"\n… and {len(source) - MAX_SHOWN:,} more characters" if len(source) > MAX_SHOWN else ""
    return f"{why}<pre>{for_page(source[:MAX_SHOWN])}{more}</pre>"


def _bounded(source: str, limit: int, work: Callable[[str], str]) -> str:
    if len(source) > limit:
        return as_text(source)
    return CLOCK.within(lambda: work(source), lambda: as_text(source))


def markdown(source: str, attachments: Mapping | None = None) -> str:
    """HTML of a markdown text, without anything that could act on the page around it."""
    if not attachments:
        return _bounded(source, MAX_MARKDOWN, _markdown)
    return _bounded(source, MAX_MARKDOWN, lambda text: _rendered(text, dict(attachments)))


@lru_cache(maxsize=20_000)
def _markdown(source: str) -> str:
    return _rendered(source, None)


def _rendered(source: str, attachments: dict | None) -> str:
    try:
        made = MarkdownWithMath(renderer=_Renderer(attachments)).render(source)
    except InvalidNotebook:  # a picture that was cut out of the notebook
        return f"<pre>{for_page(source)}</pre>"
    except RecursionError:
        return as_text(source)
    return cleaner.cleaned_marked(made) if cleaner.is_readable(made) else as_text(source)


def line(text: str) -> str:
    """A heading or a title as HTML for a line, with its formulas, inside a link for example."""
    return CLOCK.within(lambda: _line(text[:1_000]), lambda: for_page(text[:1_000]))


@lru_cache(maxsize=5_000)
def _line(text: str) -> str:
    try:
        made = MarkdownWithMath(renderer=_Renderer()).render(text)
        return cleaner.cleaned_line(made).strip() if cleaner.is_readable(made) else for_page(text)
    except (InvalidNotebook, RecursionError):
        return for_page(text)


def prose(sentence: str) -> str:
    """A sentence as HTML: with `names` between backticks as code, and all else as it is written.

    In such sentences stand names and messages that students chose: they are no markdown.
    """
    parts = sentence.split("`")
    if len(parts) % 2 == 0:  # one backtick has no partner: it is one of the sentence's own
        parts[-2:] = ["`".join(parts[-2:])]
    return "".join(f"<code>{for_page(part)}</code>" if number % 2 else for_page(part)
                   for number, part in enumerate(parts))


def cleaned(text: str) -> str:
    """HTML that somebody wrote into a cell or made as an output, without scripts, styles, frames and open ends."""
    return CLOCK.within(lambda: cleaner.cleaned(text), lambda: as_text(text))


def verdict(text: str) -> str:
    """A verdict's HTML. It is the grader's own, but students chose some of its words."""
    return cleaner.cleaned_verdict(text)


def code(source: str) -> str:
    """Python with its tokens marked (classes of Pygments)."""
    if len(source) > MAX_CODE:
        return for_page(source[:MAX_SHOWN])
    return CLOCK.within(lambda: _code(source), lambda: for_page(source))


@lru_cache(maxsize=20_000)
def _code(source: str) -> str:
    return cleaner.cleaned_marked(highlight(source, PythonLexer(), HtmlFormatter(nowrap=True)))


def terminal(text: str) -> str:
    """What a program printed, as HTML with the colours that it chose."""
    shown = text[:MAX_SHOWN]
    more = f"\n… and {len(text) - MAX_SHOWN:,} more characters" if len(text) > MAX_SHOWN else ""
    if "\x1b" not in shown:
        return for_page(shown) + more
    if shown.count("\x1b") > MAX_COLOURS:  # nbconvert copies the rest at every escape
        return for_page(strip_ansi(shown)) + more
    return CLOCK.within(lambda: cleaner.cleaned_marked(ansi2html(escape(shown))),
                        lambda: for_page(strip_ansi(shown))) + more


def traceback(lines: list[str], last: str) -> str:
    """A student's traceback as text: the steps in their own cells; those inside libraries and the kit are left out.

    lines: as IPython made them; last: the line that names the exception.
    """
    kept, own, blank = [], True, 0
    for each in strip_ansi("\n".join(lines)).split("\n"):
        if each.startswith(("Cell In", "Input In", "File <")):
            own = True
        elif each.startswith("File "):
            own = False
        blank = 0 if each else blank + 1
        if own and blank < 2:
            kept.append(each)
    text = "\n".join(kept).strip("\n")
    return text if last.split("\n")[0].strip() in text else f"{text}\n\n{last}".lstrip("\n")
