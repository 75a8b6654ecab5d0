"""formgrader's own pages: a policy for the browser, and texts as texts. `install` in `configure.py` puts both in place.

nbgrader's templates put names of students and files into pages as they are, load MathJax from elsewhere and set no
policy. Its exporter takes another template by configuration; its handlers can only be changed where they are.
"""

from __future__ import annotations

import sys
from typing import Any

from helpers.grading.pages import policy
from helpers.grading.text import for_page

# No matter what is drawn in a cell, it stays inside.
STYLE = ("<style>.text_cell_render, .output_area, .input_area { contain: paint; } "
         ".text_cell_render, .output_area { overflow-x: auto; }</style>")
_HANDLERS = "nbgrader.server_extensions.formgrader.handlers"
_BASE = "nbgrader.server_extensions.formgrader.base"


def guarded_head(head: str, resources: dict[str, Any], navigation: str) -> str:
    """The head of a graded notebook's page, with its policy; a filter of the template."""
    resources["nonce"] = nonce = policy.fresh_nonce()
    meta = policy.formgraders(nonce, navigation, framed=False)
    meta = f'<meta http-equiv="Content-Security-Policy" content="{for_page(meta)}">'
    return policy.with_nonce(head, nonce).replace("<head>", f"<head>\n{meta}\n{STYLE}", 1)


def guarded(trusted: str, resources: dict[str, Any]) -> str:
    """A part of nbgrader's template with its scripts marked; a filter of the template."""
    return policy.with_nonce(trusted, resources["nonce"])


def as_it_is(text: str) -> str:
    """In place of nbconvert's `strip_files_prefix`, which takes the square of a line's length, behind the cleaner."""
    return text


def guard() -> None:
    """In a notebook server with formgrader: give all of its pages a policy, and let values be texts in them."""
    base, handlers = sys.modules.get(_BASE), sys.modules.get(_HANDLERS)
    if base is None or handlers is None or getattr(base.BaseHandler, "guarded_by_coursekit", False):
        return

    def content_security_policy(handler: Any) -> str:
        return policy.FILES if isinstance(handler, handlers.SubmissionFilesHandler) else policy.formgraders()

    def render(handler: Any, name: str, **values: Any) -> str:
        template = handler.settings["nbgrader_jinja2_env"].get_template(name)
        page = template.render(**{key: as_texts(value) for key, value in values.items()})
        nonce = policy.fresh_nonce()
        handler.set_header("Content-Security-Policy", policy.formgraders(nonce, page))
        return policy.with_nonce(page, nonce)

    base.BaseHandler.content_security_policy = property(content_security_policy)
    base.BaseHandler.render = render
    base.BaseHandler.guarded_by_coursekit = True


def as_texts(value: Any) -> Any:
    """Values for a template that escapes nothing. A backslash would end a text in one of its scripts early."""
    if isinstance(value, str):
        return for_page(value).replace("\\", "&#92;").replace("\n", "&#10;") if value else value
    if isinstance(value, dict):
        return {key: as_texts(each) for key, each in value.items()}
    return value
