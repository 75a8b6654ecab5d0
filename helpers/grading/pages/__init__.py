"""What people read: feedback, reports, exports, similarity.

Imports `classes`, `gradebook`, `course`, `notebooks`; runs no submission.
"""
