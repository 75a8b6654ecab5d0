"""nbgrader's gradebook, written and read for a class at once. Imports `course` and `notebooks`."""
