"""What comes out of the cleaner, read as browsers do (html5lib), has only what is allowed: for tricks that are known,
and for texts that nobody thought of."""

from __future__ import annotations

import re
import time

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.checking.maps import ErrorMap
from helpers.checking.verdict import Row, Verdict, as_html
from helpers.grading.pages import cleaner, rendering
from helpers.grading.pages.formulas import mathml
from helpers.grading.text import for_page

HTML = "{http://www.w3.org/1999/xhtml}"
MATHML = "{http://www.w3.org/1998/Math/MathML}"
ATTRIBUTES = {
    "href", "title", "src", "alt", "width", "height", "colspan", "rowspan", "scope", "start", "rel", "class",
    "tabindex",
    "role", "aria-label", "display", "stretchy", "fence", "accent", "accentunder", "displaystyle", "movablelimits",
    "separator", "symmetric", "largeop", "minsize", "maxsize", "linethickness", "mathvariant", "columnalign",
    "columnlines", "rowlines", "form", "notation", "scriptlevel", "lspace", "rspace", "rowspacing", "columnspacing",
    "xmlns"}
CLASSES = cleaner.TOKENS | cleaner.ANSI | {"wide", "highlight"}
TRICKS = {
    "a script": "<script>owned()</script>",
    "a handler": "<img src=x onerror=owned()><b onmouseover=owned() onfocus=owned() autofocus>x</b>",
    "a scheme": "<a href='javascript:owned()'>x</a><a href='JaVa\tScript:owned()'>x</a><a href='&#1;javascript:x()'>",
    "a page as data": "<a href='data:text/html,<script>owned()</script>'>x</a>",
    "the server's own pages": "<a href='/files/x.html'>x</a><a href='//evil.example'>y</a><a href='../x'>z</a>",
    "a frame": "<iframe srcdoc='<script>owned()</script>'></iframe><object data=x></object><embed src=x>",
    "a form": "<form action=//evil.example><input name=q><button formaction='javascript:owned()'>x</button></form>",
    "another place": "<meta http-equiv=refresh content='0;url=//evil.example'><base href=//evil.example>",
    "styles": "<style>*{display:none}</style><div style='position:fixed;inset:0;background:url(//e)'>x</div><link>",
    "a class that covers": "<div class='modal-backdrop in'><table class='navbar-fixed-top'><tr><td class=modal>x",
    "a name that scripts find": "<a id=why name=why>x</a><img name=getElementById><form id=x><input name=attributes>",
    "an image that is a page": "<img src='data:image/svg+xml;base64,AAAA'><img src='https://evil.example/x.png'>",
    "sizes": "<img width=99999 height=99999 src='data:image/png;base64,AAAA'><td colspan=99999>",
    "MathML that acts": "<math href='javascript:owned()'><mi href='javascript:x()' xlink:href='javascript:owned()'>x"
                        "</mi><maction actiontype='statusline#http://e'>y</maction></math>",
    "MathML that covers": "<math><mpadded voffset='-9999px' lspace='-9999px' width='-99em'><mtext>x</mtext></mpadded>"
                          "<mspace width='-9999px'/><mo minsize='9999px'>|</mo><mstyle scriptlevel='-99'>y</mstyle>"
                          "<mi style='position:fixed' class='modal' mathsize='999px'>z</mi></math>",
    "HTML in MathML": "<math><annotation-xml encoding='text/html'><img src=x onerror=owned()></annotation-xml></math>",
    "math, table, style": "<math><mtext><table><mglyph><style><!--</style>"
                          "<img title=\"--&gt;&lt;img src=1 onerror=owned()&gt;\">",
    "form in form": "<form><math><mtext></form><form><mglyph><style></math><img src onerror=owned()>",
    "svg and title": "<svg><title><style><img src=x onerror=owned()></style></title><script>owned()</script></svg>",
    "svg, foreignObject": "<svg><foreignObject><p><img src=x onerror=owned()></p></foreignObject></svg>",
    "noscript": "<noscript><p title=\"</noscript><img src=x onerror=owned()>\">",
    "template": "<template><script>owned()</script></template><div><template shadowrootmode=open><b>x</b></template>",
    "comment ends": "<!--><img src=x onerror=owned()>--><!-- --!><img src=x onerror=owned()>-->",
    "cdata": "<math><![CDATA[<img src=x onerror=owned()>]]></math><![CDATA[><img src=x onerror=owned()>]]>",
    "an end that is none": "<xmp><p title=\"</xmp><img src=x onerror=owned()>\"><plaintext><img onerror=owned()>",
    "select": "<select><style></select><img src=x onerror=owned()></style><select><option><iframe></select><b>x",
    "a table in an attribute": "<abbr title=\"<table></table><math display=&quot;block&quot;></math>\">x</abbr>",
    "an open end": "<a title='<b>x</b><img alt=\"<script>owned()//",
    "names with signs": "<b onmouseover/=owned()><img/src=x/onerror=owned()><b/style=position:fixed>",
    "zero bytes": "<scr\0ipt>owned()</scr\0ipt><img src=x on\0error=owned()>",
}
PIECES = st.sampled_from([
    "<math>", "</math>", "<mtext>", "</mtext>", "<mi>", "<mglyph>", "<malignmark>",
    "<annotation-xml encoding='text/html'>",
    "</annotation-xml>", "<svg>", "</svg>", "<title>", "</title>", "<desc>", "<foreignObject>", "<style>", "</style>",
    "<script>", "</script>", "<noscript>", "</noscript>", "<template>", "</template>", "<table>", "</table>", "<tr>",
    "<td>", "<caption>", "<select>", "</select>", "<option>", "<form>", "</form>", "<p>", "</p>", "<br>", "<b>", "</b>",
    "<a href='javascript:owned()'>", "<a href=\"https://example.org\" onclick=owned()>", "</a>", "<div class='modal'>",
    "<img src=x onerror=owned()>", "<img title=\"", "<abbr title='", "\">", "'>", "<!--", "-->", "--!>", "<![CDATA[",
    "]]>", "<?", "?>", "<plaintext>", "<xmp>", "<textarea>", "</textarea>", "<iframe>", "<frameset>",
    "<body onload=owned()>",
    "<html>", "<head>", "<base href=//e>", "<meta http-equiv=refresh content='0;url=//e'>", "&lt;script&gt;",
    "&#60;img ",
    "&quot;", "<font color=red>", "<nobr>", "<mpadded voffset='-999px'>", "<mspace width='-99em'>", "onerror=owned()",
    "<span style='position:fixed'>", "<details open ontoggle=owned()>", "<ruby>", "<dd>", "<li>", "x", " ", "\n", "\0",
    "/", ">", "<", "=", "$", "$$", "`", "```\n", "|", "\\text{", "}", "\\href{javascript:owned()}{",
    "\\style{position:fixed}{",
    "\\tag{", "\\class{modal}{", "\\cssId{why}{", "\\unicode{60}", "\\htmlClass{modal}{", "\\begin{aligned}",
    "\\end{aligned}", "[x](", "![x](", ")", "# ", "> ", "- "])
TEXTS = st.one_of(st.lists(PIECES, max_size=24).map("".join), st.text(max_size=200))
ALL = settings(max_examples=200, deadline=None, derandomize=False, print_blob=True)


def wrong(made: str, marked: bool = False) -> list[str]:
    """What of a piece of HTML should not be there: as browsers read it in a page, and in a cell of a table."""
    return [said for page in (f"<!DOCTYPE html><body><div>{made}</div><p id=after>", f"<table><td>{made}</td></table>")
            for said in _wrong_in(page, marked)]


def _wrong_in(page: str, marked: bool) -> list[str]:
    found = []
    for element in html5lib.parse(page).iter():
        if not isinstance(element.tag, str):
            found.append(f"a comment: {element.text!r}")
            continue
        space, _, name = element.tag.rpartition("}")
        known = {HTML: cleaner.HTML, MATHML: cleaner.MATHML}.get(space + "}", ())
        ours = element.attrib == {"id": "after"} or name in ("html", "head", "body")
        found += [] if name in known or ours else [f"<{element.tag}>"]
        for attribute, value in {} if ours else element.attrib.items():
            attribute = attribute if isinstance(attribute, str) else repr(attribute)
            if attribute not in ATTRIBUTES or not _harmless(name, attribute, value, marked):
                found.append(f"<{name} {attribute}={value!r}>")
    return found


def _harmless(name: str, attribute: str, value: str, marked: bool) -> bool:
    if attribute == "href":
        return name == "a" and re.match(r"https?://|mailto:|#", value, re.I) is not None
    if attribute == "src":
        return name == "img" and re.fullmatch(r"data:image/(png|jpeg|gif|webp);base64,[\w+/=\s]*", value) is not None
    if attribute == "class":
        return marked and name in ("span", "div") and set(value.split()) <= CLASSES
    if attribute in ("width", "height", "minsize", "maxsize", "lspace", "rspace", "linethickness"):
        return re.fullmatch(r"\d{0,3}(\.\d+)?(px|%|pt|ex)?|\d?(\.\d+)?em|-0?\.\d+em", value) is not None
    return attribute != "scriptlevel" or value in ("0", "1", "2", "3", "+1")


@pytest.mark.parametrize("trick", TRICKS)
def test_nothing_is_left_that_acts(trick):
    assert wrong(cleaner.cleaned(TRICKS[trick])) == []
    assert wrong(rendering.markdown(TRICKS[trick]), marked=True) == []
    assert wrong(rendering.line(f"# {TRICKS[trick]}")) == []


@settings(ALL)
@given(TEXTS)
def test_html_that_nobody_thought_of(text):
    made = cleaner.cleaned(text)
    assert wrong(made) == []
    assert wrong(cleaner.cleaned(made)) == []


@settings(ALL)
@given(TEXTS)
def test_markdown_that_nobody_thought_of(text):
    assert wrong(rendering.markdown(text), marked=True) == []
    assert wrong(rendering.line(text)) == []


@pytest.mark.slow
@settings(ALL)
@given(TEXTS)
def test_formulas_that_nobody_thought_of(text):
    for display in ("inline", "block"):
        assert wrong(cleaner.cleaned(mathml(text, display))) == []
        assert wrong(cleaner.cleaned(mathml(f"\\text{{{text}}}", display))) == []


@settings(ALL)
@given(TEXTS)
def test_sentences_code_and_output_are_what_was_written(text):
    body = html5lib.parse(f"<div>{rendering.prose(text)}</div>", namespaceHTMLElements=False).find("body")
    assert {element.tag for element in body.iter()} <= {"body", "div", "code"}
    for made in (rendering.code(text), rendering.terminal(text), rendering.as_text(text, "")):
        body = html5lib.parse(f"<pre>{made}</pre>", namespaceHTMLElements=False).find("body")
        assert {element.tag for element in body.iter()} <= {"body", "pre", "span"}


MAP = ErrorMap(((0.0, 0.5), (-1.0, 0.2)), (0, 1), (0, 1))


@settings(ALL)
@given(TEXTS, TEXTS)
def test_a_verdict_holds_a_students_words_as_words(name, why):
    rows = [Row(name[:50], 1.0, 0.0, where=why, why=why, remark=why, error_map=MAP)]
    made = cleaner.cleaned_verdict(as_html(Verdict(name, rows, "why", advice=why, remarks=[why])))
    tags = {element.tag.rpartition("}")[2] for element in html5lib.parse(made).iter() if isinstance(element.tag, str)}
    assert tags <= {"html", "head", "body", "div", "strong", "em", "table", "tbody", "tr", "td", "span", "code", "pre",
                    *cleaner.MATHML}
    assert "position" not in re.sub(r">[^<]*<", "", made)


def test_a_verdict_looks_as_it_did():
    rows = [Row("W1", 1, 0.5, where="at `x` <b>", why="bad", error_map=MAP), Row("b", 1, 1)]
    before = as_html(Verdict("f", rows, "why", "see `z`"))
    made = cleaner.cleaned_verdict(before)
    assert re.findall(r'style="([^"]*)"', made) == re.findall(r'style="([^"]*)"', before)
    assert made.count("<span style=\"background-color") == 3
    assert made.count('class="verdict"') == 1


def test_a_formula_in_a_verdict_is_drawn():
    drawn = ('<div style="margin:4px 0"><math display="inline" xmlns="http://www.w3.org/1998/Math/MathML"><mrow>'
             "<mfrac><mrow><mn>1</mn></mrow><mrow><mi>t</mi></mrow></mfrac><mspace width='0.17em'/></mrow></math>")
    made = cleaner.cleaned_verdict(as_html(Verdict("f", [Row("f", 1, 1)], mathematics=drawn + "<script>x</script>")))
    assert "<mfrac><mrow><mn>1</mn></mrow>" in made
    assert '<mspace width="0.17em">' in made
    assert "script" not in made


def test_no_table_has_more_columns_than_cells_can_be_laid_out_for():
    """A browser takes seconds for thousands of cells over a thousand columns each."""
    assert "colspan" not in cleaner.cleaned("<table><tr><td colspan=999>x</td><td colspan=100>y</td></tr></table>")
    assert 'colspan="20"' in cleaner.cleaned("<table><tr><td colspan=20>x</td></tr></table>")


def attributes(between: str = " ", ends: str = "") -> str:
    return between.join(f"a{number}{ends}" for number in range(100_000))


@pytest.mark.parametrize("text", [
    f"<b {attributes()}>x</b>", f"x</b {attributes()}>", f"<b {attributes()}", f"<math {attributes()}>",
    f"<b {attributes('/')}>", f"<b\f{attributes(chr(12))}>", f"<b {attributes('', '=' + chr(34) * 2)}>",
    f"<b {attributes(ends='=' + chr(34) + '>' + chr(34))}>", f"<b x\"=\">\" {attributes()}>", f"<b<{attributes()}>",
    f"<!-- <i a=\" --><b {attributes()}>", f"<script>a<i b='</script {attributes()}>", f"<b {attributes(' =')}>",
    "".join(f"<p {' '.join(f'a{number}' for number in range(190))}>" for _ in range(4_000)),
], ids=range(14))
def test_an_element_of_a_hundred_thousand_attributes_is_text(text):
    """Each is held against all before it, in code that no timer interrupts."""
    start = time.process_time()
    assert cleaner.cleaned(text) == f"<pre>{for_page(text)}</pre>"
    assert time.process_time() - start < 1


def test_many_elements_with_a_few_attributes_are_drawn():
    row = '<tr><td class="a" id="b" data-c=\'d\' colspan=2>if a < b and "c": d\'s or e > f / g</td></tr>'
    words = '1 < 2 / 3 and it is "so" '
    said = cleaner.cleaned(f"<table>{row * 3_000}</table><p>{words * 2_000}</p>")
    assert said.count('<td colspan="2">') == 3_000
    start = time.process_time()
    assert not cleaner.is_readable('<a b="' * 19_000 + "x" * 4_000_000)
    cleaner.is_readable("<p" * 18_000 + "x" * 4_000_000 + " / ' " * 190)
    assert time.process_time() - start < 2


def test_tables_pictures_and_formulas_are_kept():
    table = cleaner.cleaned("<table border=1 class=dataframe><thead><tr style='text-align: right'><th>x</th>")
    assert "<th>x</th>" in table
    picture = "data:image/png;base64,iVBORw0KGgo="
    assert picture in rendering.markdown(f"![plot]({picture})")
    assert picture in cleaner.cleaned(f"<img src='{picture}'>")
    made = rendering.markdown("The loss $L = \\frac{1}{t}\\sum_s r_s^2$ is\n\n$$\\begin{aligned} a &= b \\\\ &\\ge 0 "
                              "\\end{aligned}$$\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\nx = 1\n```")
    for part in ("<mfrac>", "<mtable", 'display="block"', '<span class="wide"', '<div class="wide"', "<td>",
    'class="n"'):
        assert part in made


def test_a_text_in_a_formula_is_a_text():
    assert "<mtext>a&lt;b&gt;c</mtext>" in mathml(r"\text{a<b>c}")
    assert "if\u00a0" in mathml(r"\text{if } x")
