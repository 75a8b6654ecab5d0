"""A class: who handed in what, many workers, one writer, results kept on disk.

Imports `marking`, `gradebook` and below.
"""
