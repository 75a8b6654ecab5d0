"""Content security policies: what a browser may load and run on our own pages, and on formgrader's.

The cleaner lets nothing through that acts. Where it should fail, the browser refuses.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets

_NOTHING_ELSE = "base-uri 'none'; form-action 'none'; frame-src 'none'; object-src 'none'"
# Our pages run and load nothing at all.
OURS = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; {_NOTHING_ELSE}"
# What formgrader's pages need of their own server, but for scripts.
_FORMGRADER = ("default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
               f"connect-src 'self'; {_NOTHING_ELSE}")
# Files beside a graded notebook, if somebody opens one through formgrader.
FILES = "sandbox; default-src 'none'; frame-ancestors 'self'"

_HANDLER = re.compile(r'\sonclick="([^"]{0,100})"')


def fresh_nonce() -> str:
    return secrets.token_urlsafe(16)


def with_nonce(trusted: str, nonce: str) -> str:
    """HTML of a template of nbgrader's, in which values are escaped, with its scripts marked as its own."""
    return trusted.replace("<script", f'<script nonce="{nonce}"')


def formgraders(nonce: str = "", trusted: str = "", framed: bool = True) -> str:
    """The policy of a page of formgrader's.

    nonce: of its own scripts; "": whatever the server has and the page holds, for pages that narrow it themselves.
    trusted: HTML whose handlers may run. framed: as a header, which says who may frame the page (JupyterLab does).
    """
    if not nonce:
        scripts = "'self' 'unsafe-inline'"
    else:
        handlers = sorted(set(_HANDLER.findall(trusted)))
        scripts = " ".join([f"'nonce-{nonce}'", *(["'unsafe-hashes'"] if handlers else []), *map(_hash, handlers)])
    return f"{_FORMGRADER}; script-src {scripts}" + ("; frame-ancestors 'self'" if framed else "")


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
