"""Why a result is wrong: which misconception explains the numbers.

Imports numpy and `gradients` alone, no check and no grader.
"""
