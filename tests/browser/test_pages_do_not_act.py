"""A real browser on pages that show a hostile notebook: nothing runs, loads, navigates or lies over the page's own."""

from __future__ import annotations

import contextlib
import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import attacking
import browsing
import nbformat
import pytest
from conftest import SMALL
from nbconvert.exporters import HTMLExporter
from nbgrader.server_extensions.formgrader import handlers
from traitlets.config import Config

from helpers.grading import configure
from helpers.grading.classes.autograde import autograde
from helpers.grading.course.folder import Course
from helpers.grading.gradebook.gradebook import ClassGradebook
from helpers.grading.pages import exporter, report
from helpers.grading.pages.classfacts import ClassFacts, Handed
from helpers.grading.pages.hiding import Hiding
from helpers.grading.pages.similarity import similarity

pytestmark = pytest.mark.browser

OWNED = "window.owned=1;fetch('/stolen')"
ACTING = [
    f"<script>{OWNED}</script>", f"<img src=x onerror=\"{OWNED}\">",
    f"<svg onload=\"{OWNED}\"><script>{OWNED}</script></svg>", "<meta http-equiv=refresh content='0;url=/elsewhere'>",
    "<form action=/stolen id=f><button autofocus>x</button></form>",
    "<div style='position:fixed;inset:0;z-index:9999;background:red'>over</div>", "<base href=/elsewhere/>",
    "<div class='modal-backdrop in'>over</div><div class='navbar-fixed-top'>over</div><p class=modal>over</p>",
    f"<iframe srcdoc=\"<script>parent.owned=1</script>\"></iframe><details open ontoggle=\"{OWNED}\">x</details>",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=window.owned=1&gt;\">",
    "<math><mpadded voffset='9000px' height='0' lspace='-900px'><mtext><a href='https://e.invalid/'>over</a></mtext>",
    "<link rel=stylesheet href=/stolen><style>body{display:none}</style>", "e" + "\u0301" * 3000,
    "<a id=why name=getElementById href=/stolen ping=/stolen>x</a>"]
FORMULAS = [f"\\text{{{html}}}" for html in ACTING] + [
    f"\\href{{javascript:{OWNED}}}{{x}}", "\\style{position:fixed;inset:0;background:red}{over}", "\\class{modal}{x}",
    f"\\tag{{<img src=x onerror=\"{OWNED}\">}}", "\\cssId{why}{x}", "\\unicode{60}", "\\htmlStyle{position:fixed}{x}",
    "\\rule{9000px}{9000px}", "\\kern{-9000px}x", "\\raise{9000px}{x}", "\\mspace{-9000px}"]


def notebook() -> nbformat.NotebookNode:
    v4, texts = nbformat.v4, ACTING + [f"${formula}$" for formula in FORMULAS] + [f"$${f}$$" for f in FORMULAS]
    cells = [v4.new_markdown_cell("# Title " + "".join(f"${formula}$ " for formula in FORMULAS[:3]))]
    for text in texts:
        outputs = [v4.new_output("stream", text=text), v4.new_output(
            "error", ename=text, evalue=text, traceback=[f"\x1b[31m{text}"])]
        odd = {"isolated": True, "alt": f"\">{text}"}
        outputs += [v4.new_output("display_data", {mime: text}, metadata={mime: odd}) for mime in (
            "text/html", "text/markdown", "text/latex", "image/svg+xml", "application/javascript", "text/plain",
            "image/png", "text/vnd.mermaid")]
        cells += [v4.new_markdown_cell(text), v4.new_raw_cell(text), v4.new_code_cell(text, outputs=outputs)]
    answer = {"grade_id": "why", "solution": True, "grade": True, "points": 2, "locked": False, "schema_version": 3}
    cells.append(v4.new_markdown_cell(ACTING[0], metadata={"nbgrader": answer}))
    return v4.new_notebook(cells=cells)


def feedback_page() -> str:
    shown = notebook()
    shown.metadata["grading"] = {"note": "", "ended": ACTING[3], "repairs": [f"`{text}` ${text}$" for text in ACTING]}
    shown.cells[-1].metadata["nbgrader"].update(score=1, comment=" ".join(ACTING))
    return exporter.write(shown, {"notebook": "n", "assignment": "n", "student": ACTING[1], "score": 1, "max_score": 2,
                                  "student_name": ACTING[0]}, Hiding("why", ()))


def report_page() -> str:
    texts = ACTING + [f"$${formula}$$" for formula in FORMULAS]
    one = Handed(ACTING[1], ACTING[0], ended=ACTING[3], repairs=texts, refused=texts, note=f"`x` {texts[-1]}",
                 earlier=ACTING[3], causes=texts, asks=texts)
    facts = ClassFacts("n", ACTING[0], [], [one], {one.student: one.name}, [ACTING[1]])
    return report.template("set.html.j2").render(
        facts=facts, questions=[], named=[], other=[], odd=[(one, texts)], histogram=[], shares=[0.5], statistics={},
        broken=[one], late=[one], waits=[one], unsure=[one], unrun=[one], resubmitted=[one], ways=texts, due=ACTING[3],
        mails=functools.partial(report.addresses, known={one.student: f"{ACTING[1]}@e.invalid"}, subject=ACTING[0]),
        made="now", slowest=[one], page_of={})


def of_a_class(folder: Path, kind: str) -> str:
    """Two students with names that act have handed in one text that does, as answers and as an exception."""
    course = Course(folder)
    release = nbformat.read(folder / "release" / SMALL / f"{SMALL}.ipynb", as_version=4)
    lines = "".join(f"\n    text{number} = {text!r}" for number, text in enumerate(ACTING))
    answers = {"loss": f"def loss(w, X, y):{lines}\n    raise ValueError(text0 + text3 + text5)"}
    with contextlib.closing(ClassGradebook(course, SMALL)) as book:
        for student in ("eve", "mal"):
            book.add_student(student, first_name=ACTING[0], last_name=ACTING[1], email=f"{ACTING[1]}@e.invalid")
            path = folder / "submitted" / student / SMALL / f"{SMALL}.ipynb"
            path.parent.mkdir(parents=True)
            nbformat.write(attacking.written(release, answers), path)
    autograde(course, SMALL, workers=1)
    made = similarity(course, SMALL, above=0.1) if kind == "similarity" else report.term(course)
    return made.page.read_text(encoding="utf-8")


def formgraders_page(folder: Path) -> str:
    nbformat.write(notebook(), folder / "n.ipynb")
    config = Config()
    configure.install(config)
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    facts = dict.fromkeys(("submission_id", "notebook_id", "assignment_id", "notebook_path"), "n") | dict.fromkeys(
        ("student", "last_name", "first_name"), ACTING[1]) | {"base_url": "", "index": 0, "total": 1}
    return HTMLExporter(config=config).from_filename(str(folder / "n.ipynb"), resources=facts)[0]


@pytest.fixture
def site(tmp_path) -> Iterator[tuple[Path, str, list[str]]]:
    """A folder that is served, its address, and what was asked for; formgrader's own files are in it."""
    asked: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format, *args):
            asked.append(self.path)

    (tmp_path / "site" / "formgrader").mkdir(parents=True)
    (tmp_path / "site" / "formgrader" / "static").symlink_to(handlers.static_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(
            Handler, directory=tmp_path / "site")) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield tmp_path / "site", f"http://127.0.0.1:{server.server_address[1]}/", asked
        server.shutdown()


@pytest.mark.parametrize("kind", ["feedback", "report", "formgrader", "similarity", "term"])
def test_nothing_acts(kind, site, tmp_path, small_course):
    if browsing.missing():
        pytest.skip(browsing.missing())
    folder, address, asked = site
    made = {"feedback": feedback_page, "report": report_page, "formgrader": lambda: formgraders_page(tmp_path)}
    text = made[kind]() if kind in made else of_a_class(small_course, kind)
    assert "owned" in text  # it shows what was handed in
    (folder / "page.html").write_text(text, encoding="utf-8")
    with browsing.chromium() as page:
        refused: list[str] = []
        page.on("dialog", lambda dialog: refused.append(f"a dialog: {dialog.message}"))
        page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
        page.goto(f"{address}page.html")
        page.wait_for_load_state("load")
        page.wait_for_timeout(1_500)
        assert page.url == f"{address}page.html"
        assert page.evaluate("typeof window.owned") == "undefined"
        assert [path for path in asked if path != "/page.html" and not path.startswith("/formgrader/")
                and path != "/favicon.ico"] == []
        assert refused == []  # the cleaner left nothing for the policy to refuse
        assert covered(page) == []
        assert stays_inside(page) == []
        page.evaluate("const s = document.createElement('script'); s.textContent = 'window.owned = 1';"
                      "document.body.append(s)")
        assert page.evaluate("typeof window.owned") == "undefined"  # and if it had, the policy would
        if kind == "formgrader":
            assert page.evaluate("typeof FormGrader") == "function"
            assert page.locator("#why").count() == 1
            page.evaluate("toggle_name(true)")
            page.locator(".glyphicon-eye-close").click()
            page.locator(".name-hidden").first.wait_for()


def covered(page) -> list[str]:
    """Of the page's own links, buttons and fields those that something else lies over."""
    return page.evaluate("""() => {
      const own = [...document.querySelectorAll("nav a, button, input, textarea, header a, .marks a, footer a")];
      return own.filter(e => e.getClientRects().length).filter(e => {
        e.scrollIntoView({block: "center"});
        const box = e.getBoundingClientRect();
        const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        return top && !e.contains(top) && !top.contains(e);
      }).map(e => e.outerHTML.slice(0, 100));
    }""")


def stays_inside(page) -> list[str]:
    """What is positioned, and so could lie elsewhere, within what a student has written."""
    return page.evaluate("""() => [...document.querySelectorAll(
      ".text *, .output *, .comment *, .text_cell_render *, .output_area *, td *")].filter(
      e => ["fixed", "absolute", "sticky"].includes(getComputedStyle(e).position)).map(e => e.outerHTML)""")
