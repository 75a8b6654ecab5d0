"""The one cleaner: HTML in which something of a student's may stand goes through it last, whatever made it.

Allow lists of elements, attributes, their values and schemes; nothing that runs, loads, navigates, submits, is found by
scripts (id, name) or lies over something else (class, style, sizes). Ammonia, through nh3, reads HTML as browsers do.
"""

from __future__ import annotations

import re
from collections import Counter

import nh3
from pygments.token import STANDARD_TYPES

from helpers.grading.text import calm, for_page

MAX_CHARACTERS = 5_000_000  # of one piece; pictures stand in it as text
MAX_TAGS = 20_000
MAX_DEPTH = 100  # elements inside each other; reading takes the square of it
MAX_REFERENCES = 40_000  # ampersands
MAX_ATTRIBUTES = 200  # of one element; reading takes the square of it
MAX_ALL_ATTRIBUTES = 100_000

MATHML = frozenset((
    "math", "semantics", "mrow", "mi", "mo", "mn", "ms", "mtext", "mspace", "mfrac", "msqrt", "mroot", "mstyle", "msub",
    "msup", "msubsup", "munder", "mover", "munderover", "mmultiscripts", "mprescripts", "mtable", "mtr", "mtd",
    "mpadded", "mphantom", "menclose"))
INLINE = frozenset((
    "abbr", "b", "br", "code", "del", "em", "i", "kbd", "mark", "q", "s", "samp", "small", "span", "strong", "sub",
    "sup", "u", "var"))
HTML = INLINE | frozenset((
    "a", "blockquote", "caption", "center", "dd", "details", "div", "dl", "dt", "figcaption", "figure", "h1", "h2",
    "h3", "h4", "h5", "h6", "hr", "img", "li", "ol", "p", "pre", "summary", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "ul"))
# Gone with all that is in them: nothing there is to be read.
GONE = frozenset((
    "script", "style", "template", "noscript", "noembed", "noframes", "iframe", "frame", "frameset", "object", "embed",
    "applet", "textarea", "title", "xmp", "plaintext", "select", "svg", "annotation", "annotation-xml", "maction",
    "audio", "video", "head"))

_YES = r"true|false"
_LENGTH = r"(?:[0-9]?(?:\.[0-9]{1,4})?em|[0-9]{0,2}(?:\.[0-9]{1,4})?(?:px|pt|ex|%)?|-0?\.[0-9]{1,4}em)"
_LENGTHS = f"{_LENGTH}(?: {_LENGTH}){{0,40}}"
_WORDS = r"[a-z]{1,12}(?: [a-z]{1,12}){0,40}"
_MATH_VALUES = {
    "display": "block|inline", "form": "prefix|infix|postfix", "scriptlevel": r"[0-3]|\+1",
    "mathvariant": r"[a-z-]{1,24}", "xmlns": r"http://www\.w3\.org/1998/Math/MathML",
    "rowspacing": _LENGTHS, "columnspacing": _LENGTHS,
    **dict.fromkeys(("stretchy", "fence", "accent", "accentunder", "displaystyle", "movablelimits", "separator",
                     "symmetric", "largeop"), _YES),
    **dict.fromkeys(("minsize", "maxsize", "width", "linethickness", "lspace", "rspace"), _LENGTH),
    **dict.fromkeys(("columnalign", "columnlines", "rowlines", "notation"), _WORDS)}
_HTML_VALUES = {
    "href": r"(?:https?://|mailto:|#).{0,2000}", "src": r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+",
    "alt": r".{0,4000}", "title": r".{0,4000}", "width": r"[0-9]{1,3}(?:px|%)?", "height": r"[0-9]{1,3}(?:px)?",
    "colspan": r"[0-9]{1,2}", "rowspan": r"[0-9]{1,3}", "scope": "row|col|rowgroup|colgroup", "start": r"[0-9]{1,6}",
    "tabindex": "0", "role": "group", "aria-label": "Formula|Table", "class": r".{0,200}"}
_MATH = {name: re.compile(pattern) for name, pattern in _MATH_VALUES.items()}
_PLAIN = {name: re.compile(pattern, re.S | re.I) for name, pattern in _HTML_VALUES.items()}
_HTML_ATTRIBUTES = {
    "a": {"href", "title"}, "abbr": {"title"}, "img": {"src", "alt", "width", "height"}, "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"}, "ol": {"start"}}
_MATH_ATTRIBUTES = {tag: set(_MATH_VALUES) - {"xmlns"} for tag in MATHML - {"math", "mpadded"}} | {
    "math": {"display", "xmlns"}, "mpadded": {"width"}}

# What our own renderers put around what students wrote: Pygments' tokens, colours of a terminal, what scrolls.
TOKENS = frozenset(name for name in STANDARD_TYPES.values() if name)
_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
ANSI = frozenset((
    *(f"ansi-{colour}{strong}-{where}" for colour in _COLOURS for strong in ("", "-intense") for where in ("fg", "bg")),
    "ansi-bold", "ansi-underline", "ansi-default-inverse-fg", "ansi-default-inverse-bg"))
_OUR_ATTRIBUTES = {tag: {"tabindex", "role", "aria-label"} for tag in ("span", "div")}

_STYLES = frozenset((
    "border", "border-left", "border-collapse", "padding", "margin", "max-width", "font-size", "line-height",
    "text-align", "vertical-align", "background", "background-color", "white-space", "color", "font-weight",
    "overflow-x"))
_STYLE = re.compile(r"[\w\s,.#%()-]{0,300}")
_VERDICT = {
    **{tag: {"style"} for tag in ("div", "table", "tr", "td", "code", "pre")}, "span": {"style", "aria-hidden"}}


def _allowed(tag: str, name: str, value: str) -> str | None:
    """The value if it is one of those that an attribute may have."""
    values = _MATH if tag in MATHML else _PLAIN
    pattern = values.get(name)
    if pattern is None or not pattern.fullmatch(value.strip() if name in ("href", "src") else value):
        return None
    return calm(value)


def _allowed_in_verdict(tag: str, name: str, value: str) -> str | None:
    if tag in MATHML:  # a formula that was handed in, drawn
        return _allowed(tag, name, value)
    if name == "style":
        return value if all(map(_is_style, value.split(";"))) else None
    return value if name in ("class", "aria-hidden") else None


def _is_style(part: str) -> bool:
    name, _, value = part.partition(":")
    return name.strip() in _STYLES and bool(_STYLE.fullmatch(value)) and "url(" not in value.lower()


def _cleaner(tags: frozenset[str], attributes: dict[str, set[str]], classes: dict[str, frozenset[str]] | None = None,
             ) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(tags), clean_content_tags=set(GONE), attributes={tag: set(names) for tag, names in attributes.items()},
        attribute_filter=_allowed, strip_comments=True, link_rel="noopener noreferrer nofollow",
        url_schemes={"http", "https", "mailto", "data"},
        allowed_classes={tag: set(names) for tag, names in (classes or {}).items()})


_STUDENTS = _cleaner(HTML | MATHML, _HTML_ATTRIBUTES | _MATH_ATTRIBUTES)
_MARKED = _cleaner(HTML | MATHML, _HTML_ATTRIBUTES | _MATH_ATTRIBUTES | _OUR_ATTRIBUTES,
                   {"span": TOKENS | ANSI | {"wide"}, "div": frozenset(("wide", "highlight"))})
_LINE = _cleaner(INLINE | MATHML, {**_MATH_ATTRIBUTES, "abbr": {"title"}})
_VERDICTS = nh3.Cleaner(
    tags={"div", "strong", "em", "table", "tbody", "tr", "td", "span", "code", "pre", *MATHML},
    clean_content_tags=set(GONE),
    attributes={tag: set(names) for tag, names in (_VERDICT | _MATH_ATTRIBUTES).items()},
    attribute_filter=_allowed_in_verdict, strip_comments=True, link_rel=None,
    url_schemes=set(), allowed_classes={"div": {"verdict", "verdict-head"}})


def cleaned(text: str) -> str:
    """HTML that somebody wrote into a cell or made as an output: what is to be read of it, and nothing that acts."""
    return _by(_STUDENTS, text)


def cleaned_marked(text: str) -> str:
    """HTML that our own renderers made of what somebody wrote: they may mark tokens and what scrolls."""
    return _by(_MARKED, text)


def cleaned_line(text: str) -> str:
    """HTML for a line inside another element, such as a link: without blocks, links and pictures."""
    return _by(_LINE, text)


def cleaned_verdict(text: str) -> str:
    """The HTML of a verdict, which is the grader's own, around sentences in which a student's words may stand."""
    return _by(_VERDICTS, text)


def _by(cleaner: nh3.Cleaner, text: str) -> str:
    if "<" not in text and "&" not in text:
        return calm(text).replace(">", "&gt;")
    return cleaner.clean(calm(text)) if is_readable(text) else f"<pre>{for_page(text[:MAX_CHARACTERS])}</pre>"


_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]{0,40})")
# Their ends may be left out, so they do not count as depth; void elements have none.
_NO_DEPTH = frozenset((
    "p", "li", "dt", "dd", "td", "th", "tr", "tbody", "thead", "tfoot", "option", "br", "hr", "img", "input", "meta",
    "link", "col", "colgroup", "wbr", "source", "track", "area", "base", "embed", "rect", "mspace", "mprescripts"))


# Tags as HTML's tokenizer reads them, wherever one may begin: what a comment or a script is, is not asked here.
_START = re.compile(r"<(?=/?[a-zA-Z])")
_NAME = re.compile(r"[^\t\n\f\r />]*+")
_ATTRIBUTE = re.compile(
    r"[\t\n\f\r /]*+(?:=[^\t\n\f\r />=]*+|[^\t\n\f\r />=]++)"
    r"(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+(?:\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)|(?=>)|[^\t\n\f\r >\"'][^\t\n\f\r >]*+))?+")


def _is_crowded(text: str) -> bool:
    """Has some element more attributes than it may, or the text?"""
    if sum(map(text.count, " \t\n\f\r/\"'")) <= MAX_ATTRIBUTES:
        return False
    left: dict[int, int] = {}  # where an attribute may begin → how many there are from there to the end of the tag
    after = named = len(text)
    for found in reversed([*_START.finditer(text)]):  # so that what several of them go through is read once
        start = found.end() + (text[found.end()] == "/")
        name = _NAME.match(text, start, max(after, start))
        place = end = name.end() if name is not None and name.end() < after else named
        walked = []
        while place not in left:
            one = _ATTRIBUTE.match(text, place)
            if one is None:
                left[place] = 0
            else:
                walked.append(place)
                place = one.end()
        left.update(zip(walked, range(left[place] + len(walked), left[place], -1)))
        if left[end] > MAX_ATTRIBUTES or len(left) > MAX_ALL_ATTRIBUTES:
            return True
        after, named = found.start(), end
    return False


def is_readable(text: str) -> bool:
    """Is it HTML of a size and depth that a page may have? What is not is shown as text: cleaning it takes minutes."""
    if (len(text) > MAX_CHARACTERS or text.count("<") > MAX_TAGS or text.count("&") > MAX_REFERENCES
            or _is_crowded(text)):
        return False
    depth, opened = 0, Counter[str]()
    for close, name in _TAG.findall(text):
        name = name.lower()
        if name in _NO_DEPTH:
            continue
        if not close:
            opened[name] += 1
            depth += 1
        elif opened[name]:
            opened[name] -= 1
            depth -= 1
        if depth > MAX_DEPTH:
            return False
    return True
