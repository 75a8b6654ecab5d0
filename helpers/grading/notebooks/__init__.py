"""Notebooks as data: masters, and submissions read and put back into shape.

Imports nothing above it: no course, no sandbox.
"""
