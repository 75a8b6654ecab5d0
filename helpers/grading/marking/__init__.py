"""One submission to its marks: the reference, the job, nbgrader's steps.

Imports `course`, `notebooks`, `sandbox`.
"""
