"""Markdown, code, errors and HTML for a page that is one file, needs no network and runs no script.

Most cells are the same for the whole class, so what they become is remembered. Formulas become MathML, which every
current browser draws by itself; nbconvert's pages fetch MathJax from the network instead.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from functools import lru_cache

import bleach
from latex2mathml import converter
from nbconvert.filters.ansi import strip_ansi
from nbconvert.filters.markdown_mistune import InvalidNotebook, IPythonRenderer, MarkdownWithMath
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

MATHML = ("math", "semantics", "mrow", "mi", "mo", "mn", "ms", "mtext", "mspace", "mfrac", "msqrt", "mroot", "mstyle",
          "msub", "msup", "msubsup", "munder", "mover", "munderover", "mmultiscripts", "mprescripts", "mtable", "mtr",
          "mtd", "mpadded", "mphantom", "menclose")
HTML = ("a", "abbr", "b", "blockquote", "br", "caption", "center", "code", "dd", "del", "details", "div", "dl", "dt",
        "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "kbd", "li", "mark", "ol",
        "p", "pre", "q", "s", "samp", "small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td",
        "tfoot", "th", "thead", "tr", "u", "ul", "var")
ATTRIBUTES = {"a": lambda tag, name, value: name == "title" or (name == "href" and not value.startswith("data:")),
              "img": lambda tag, name, value: name in ("alt", "width", "height") or (
                  name == "src" and value.startswith("data:image/")),
              "td": ["colspan", "rowspan"],
              "th": ["colspan", "rowspan", "scope"], "ol": ["start"], "span": ["class"], "div": ["class"],
              **{tag: ["display", "stretchy", "fence", "minsize", "maxsize", "linethickness", "mathvariant", "accent",
                       "rowspacing", "columnalign", "columnspacing", "width", "lspace", "rspace", "displaystyle",
                       "scriptlevel", "movablelimits", "form", "separator", "xmlns", "notation", "columnlines",
                       "rowlines"] for tag in MATHML}}


class _Renderer(IPythonRenderer):
    """nbconvert's renderer, with formulas as MathML and without links at headings."""

    raw = False  # did the text bring HTML of its own?

    def __init__(self, attachments: dict | None = None):
        super().__init__(escape=False, allow_harmful_protocols=False, exclude_anchor_links=True,
                         attachments=attachments)

    def block_html(self, html: str) -> str:
        self.raw = True
        return super().block_html(html)

    def inline_html(self, html: str) -> str:
        self.raw = True
        return super().inline_html(html)

    def block_math(self, body: str) -> str:
        return mathml(body, "block")

    def inline_math(self, body: str) -> str:
        return mathml(body, "inline")

    def latex_environment(self, name: str, body: str) -> str:
        return mathml(f"\\begin{{{name}}}{body}\\end{{{name}}}", "block")

    def block_mermaidjs(self, code: str) -> str:
        return f"<pre><code>{self.escape_html(code)}</code></pre>"  # drawing it would take a script

    def image(self, text: str, url: str, title: str | None = None) -> str:
        url = self._embed_image_or_attachment(url)
        if url.startswith("data:image/"):
            return super().image(text or "Picture without a description", url, title)
        said = html.escape(text or url)  # a picture elsewhere is not fetched: who reads the page would be seen there
        return f'<a href="{html.escape(url)}">{said}</a>' if url.startswith(("https:", "http:")) else said


@lru_cache(maxsize=20_000)
def mathml(latex: str, display: str = "inline") -> str:
    """A formula as MathML; the LaTeX itself as code where it cannot be read."""
    try:
        made = converter.convert(_as_latex(latex), display=display)
    except Exception:  # a student may write anything between two dollars
        made = ""
    if not made or re.search(r"<m[ion][^>]*>(\\|&<)", made):  # a command or a table that the library does not know
        return f"<code>{html.escape(latex.strip())}</code>"
    # A tall transpose sign is drawn by the operator ⊤; as a letter it has the right size.
    return made.replace("<mo>&#x022A4;</mo>", "<mi>&#x022A4;</mi>")


def _as_latex(body: str) -> str:
    """As the library knows it: environments inside a formula are those that stand alone, without numbers."""
    text = html.unescape(body).strip()
    text = re.sub(r"\\(begin|end)\{(?:aligned|align)\}", r"\\\1{align*}", text)
    text = re.sub(r"\\begin\{(gathered|gather\*?)\}", r"\\begin{array}{c}", text)
    return re.sub(r"\\end\{(gathered|gather\*?)\}", r"\\end{array}", text)


def markdown(source: str, attachments: Mapping | None = None) -> str:
    """HTML of a markdown text, without anything that could act on the page around it."""
    if not attachments:
        return _markdown(source)
    try:
        return _rendered(source, dict(attachments))
    except InvalidNotebook:  # a picture that was cut out of the notebook
        return f"<pre>{html.escape(source)}</pre>"


@lru_cache(maxsize=20_000)
def _markdown(source: str) -> str:
    try:
        return _rendered(source, None)
    except InvalidNotebook:
        return f"<pre>{html.escape(source)}</pre>"


def _rendered(source: str, attachments: dict | None) -> str:
    renderer = _Renderer(attachments)
    made = MarkdownWithMath(renderer=renderer).render(source)
    made = cleaned(made) if renderer.raw else made
    # What is too wide for a phone is scrolled by itself, not the page; whoever scrolls with keys needs a focus.
    made = re.sub(r"(<math [^>]*display=\"block\".*?</math>)",
                  r'<span class="wide" tabindex="0" role="group" aria-label="Formula">\1</span>', made, flags=re.S)
    return re.sub(r"(<table>.*?</table>)", r'<div class="wide" tabindex="0" role="group" aria-label="Table">\1</div>',
                  made, flags=re.S)


def cleaned(text: str) -> str:
    """HTML that somebody wrote into a cell or made as an output, without scripts, styles, frames and open ends."""
    # bleach leaves the text of what it takes out; that of scripts and styles is nothing to read.
    text = re.sub(r"<(script|style)\b.*?(</\1\s*>|\Z)", "", text, flags=re.S | re.I)
    return bleach.clean(text, tags={*HTML, *MATHML}, attributes=ATTRIBUTES, strip=True,
                        protocols={"http", "https", "mailto", "data"})


@lru_cache(maxsize=20_000)
def code(source: str) -> str:
    """Python with its tokens marked (classes of Pygments)."""
    return highlight(source, PythonLexer(), HtmlFormatter(nowrap=True))


def traceback(lines: list[str], last: str) -> str:
    """A student's traceback as text: the steps in their own cells; those inside libraries and the kit are left out.

    lines: as IPython made them; last: the line that names the exception.
    """
    kept, own = [], True
    for line in strip_ansi("\n".join(lines)).split("\n"):
        if re.match(r"(Cell In|Input In|File <)", line):
            own = True
        elif re.match(r"File ", line):
            own = False
        if own:
            kept.append(line)
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(kept).strip("\n"))
    return text if last.split("\n")[0].strip() in text else f"{text}\n\n{last}".lstrip("\n")
