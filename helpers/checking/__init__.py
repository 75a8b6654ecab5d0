"""What checks are made of: the setting they run in, probing a student's function, judging, verdicts.

Imports `gradients`, diagnosis, nothing of the grader.
"""
