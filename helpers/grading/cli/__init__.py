"""The command line, `coursekit`: a module for each group of commands. Imports rooms when needed."""

from helpers.grading.cli.start import app, main

__all__ = ["app", "main"]
