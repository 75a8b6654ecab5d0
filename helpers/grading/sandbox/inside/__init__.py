"""What runs inside the walls, beside the student's code. Imports the wire and the student half, never the grader."""
