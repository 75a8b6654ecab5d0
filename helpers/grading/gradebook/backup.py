"""A copy of the gradebook before every regrade: `.coursekit/backups`, the last ten.

SQLite is copied by its own backup, which is whole even while others write; any other database as its tables' rows, in
JSON. To go back, put a copy in the place of `gradebook.db` while nothing else is at work.
"""

from __future__ import annotations

import errno
import gzip
import json
import os
import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy
from nbgrader import api

from helpers.grading.course.disk import unwritable, write_whole

KEPT = 10
FOLDER = "backups"


def back_up(root: Path, db_url: str, what: str) -> Path | None:
    """Copy the gradebook; returns the copy, or None if there is no gradebook yet.

    root: the course folder. what: is about to be done, as part of the copy's name.

    Raises:
        CourseError: if the copy cannot be written: then nothing should be changed either.
    """
    url = sqlalchemy.engine.make_url(db_url)
    folder = root / ".coursekit" / FOLDER
    stem = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}Z-{what}"
    try:
        if url.get_backend_name() == "sqlite":
            source = Path(url.database or "")
            if not url.database or not source.is_file():
                return None
            folder.mkdir(parents=True, exist_ok=True)
            made = _copy_sqlite(source, folder / f"{stem}.db")
        else:
            folder.mkdir(parents=True, exist_ok=True)
            made = folder / f"{stem}.json.gz"
            write_whole(made, _rows(db_url))
    except sqlite3.Error as error:
        full = errno.ENOSPC if "full" in str(error) else None
        raise unwritable(OSError(full, str(error), str(folder))) from error
    except OSError as error:
        raise unwritable(error) from error
    for old in sorted(folder.glob("*Z-*"))[:-KEPT]:
        old.unlink(missing_ok=True)
    return made


def _copy_sqlite(source: Path, target: Path) -> Path:
    fresh = target.with_name(f".{target.name}")
    there = sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=30)
    copy = sqlite3.connect(fresh)
    try:
        there.backup(copy)
        copy.close()
        shutil.copymode(source, fresh)
        os.replace(fresh, target)
    finally:
        copy.close()
        there.close()
        fresh.unlink(missing_ok=True)
    return target


def _rows(url: str) -> bytes:
    engine = sqlalchemy.create_engine(url)
    with engine.connect() as connection:
        tables = {table.name: [dict(row._mapping) for row in connection.execute(table.select())]
                  for table in api.Base.metadata.sorted_tables}
    engine.dispose()
    return gzip.compress(json.dumps(tables, default=str).encode())
