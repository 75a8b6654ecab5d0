"""A course on a machine that others use: who can read it, who can grade, what a Hub shows, and what Python lacks.

Each module finds what is not as it should be; a finding may know how to mend it.
"""
