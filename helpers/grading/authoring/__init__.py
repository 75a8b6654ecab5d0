"""For whoever writes problem sets: build, validity and its scorecard, pretend classes.

Imports all rooms but `pages`.
"""
