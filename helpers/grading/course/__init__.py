"""A course folder: nbgrader's configuration and this kit's settings, releases, the disk.

Imports `notebooks` and `sandbox.limits`.
"""
