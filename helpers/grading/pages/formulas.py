"""Formulas as MathML, which every current browser draws by itself; nbconvert's pages fetch MathJax instead."""

from __future__ import annotations

import html
import re
from functools import lru_cache
from xml.etree import ElementTree

from latex2mathml import converter

from helpers.grading.text import for_page

MAX_FORMULA = 5_000  # characters; the longest of the course has some hundreds
MAX_DEPTH = 50  # elements inside each other; ten are many
_ATTRIBUTES = frozenset((
    "display", "stretchy", "fence", "accent", "displaystyle", "movablelimits", "separator", "symmetric", "largeop",
    "minsize", "maxsize", "width", "linethickness", "lspace", "rspace", "rowspacing", "columnspacing", "mathvariant",
    "columnalign", "columnlines", "rowlines", "form", "notation", "scriptlevel"))
_FENCES = re.compile(r"\\(begin|end)\{(aligned|align|gathered|gather\*?)\}")


@lru_cache(maxsize=20_000)
def mathml(latex: str, display: str = "inline") -> str:
    """A formula as MathML; the LaTeX itself as code where it cannot be read."""
    made = None
    if len(latex) <= MAX_FORMULA:
        try:
            made = converter.convert_to_element(_as_latex(latex), display=display)
        except Exception:  # a student may write anything between two dollars
            made = None
    if made is None or not _is_known(made) or _depth(made) > MAX_DEPTH:
        return f"<code>{for_page(latex.strip())}</code>"
    for element in made.iter():
        # The library keeps characters as references and leaves out escaping: texts become texts here.
        element.text, element.tail = _plain(element.text), _plain(element.tail)
        element.attrib = {name: value for name, value in element.attrib.items() if name in _ATTRIBUTES}
        if element.tag == "mo" and element.text == "\u22a4":
            element.tag = "mi"  # a tall transpose sign is drawn by the operator; as a letter it has the right size
    return ElementTree.tostring(made, encoding="unicode", short_empty_elements=False)


def _depth(made: ElementTree.Element) -> int:
    """How many elements stand inside each other."""
    depth, level = 0, [made]
    while level:
        depth, level = depth + 1, [child for element in level for child in element]
    return depth


def _is_known(made: ElementTree.Element) -> bool:
    """Did the library know every command and table?"""
    for element in made.iter():
        text = _plain(element.text) or ""
        if element.tag in ("mi", "mo", "mn") and (text.startswith("\\") or text == "&"):
            return False
    return True


def _plain(text: str | None) -> str | None:
    return html.unescape(text) if text else text


def _as_latex(body: str) -> str:
    """As the library knows it: environments inside a formula are those that stand alone, without numbers."""
    def known(found: re.Match[str]) -> str:
        if found[2].startswith("align"):
            return f"\\{found[1]}{{align*}}"
        return r"\begin{array}{c}" if found[1] == "begin" else r"\end{array}"

    return _FENCES.sub(known, html.unescape(body).strip())
