from __future__ import annotations

import shutil
from pathlib import Path

import a_class
import pytest

from helpers.grading.course.folder import Course


@pytest.fixture(scope="session")
def made_class(tmp_path_factory) -> Path:
    return a_class.a_class(tmp_path_factory.mktemp("desk") / "course").root


@pytest.fixture
def course(made_class, tmp_path) -> Course:
    """A fresh copy of a class whose written answers wait."""
    return Course(shutil.copytree(made_class, tmp_path / "course"))
