"""The grader's end of the walls: starts a submission's process and takes what it says as data.

Imports no nbgrader and no course.
"""
