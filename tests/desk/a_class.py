"""A class of many that has answered two written questions with few different answers, graded without running code."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import nbformat
import small_class

from helpers.grading.authoring import build as building
from helpers.grading.course.folder import Course
from helpers.grading.desk.desk import Desk
from helpers.grading.desk.server import serve
from helpers.grading.gradebook import gradebook as books
from helpers.grading.notebooks.restore import recorded

NAME = "written_set"
MASTER = '''# %% [markdown]
# # Two written questions
# %% [markdown]
# ## 1.1 Why is the loss the same?
# Answer in two sentences.
# %% [markdown] nbgrader={"grade_id": "why-same", "grade": true, "solution": true, "points": 3}
# ### BEGIN SOLUTION
# **Model answer.** Only the product $W_2 W_1$ matters.
#
# **Mark scheme, 3 points.**
#
# - 1 point: the net is a linear map whatever its width. (Any words will do.)
# - 1 point: for all widths the product can be any matrix,
#   because there are enough hidden units.
# - half a point: the best one is the least-squares solution.
# - ½ point: it is unique.
#
# Not needed: saddle points.
# ### END SOLUTION
# %% [markdown]
# ## 1.2 What did it buy?
# %% [markdown] nbgrader={"grade_id": "bought", "grade": true, "solution": true, "points": 2}
# ### BEGIN SOLUTION
# A model answer without a scheme.
# ### END SOLUTION
'''
FIRST = (
    "The net is a linear map whatever its width, and the product of both matrices can be any matrix.",
    "Because gradient descent always finds the global minimum of any neural network there is.",
    "Width does not matter, since the hidden layer is linear and adds nothing to what the net can represent.",
    "I think the learning rate was the same in all the runs, so the final losses agree.",
    "All of them reach the least-squares solution, which is unique if the inputs have full rank.",
    "The product W2 W1 does not depend on m.",
    "The product W2 W1 does depend on m.",
    "No idea, sorry.")
SECOND = ("The sigmoid makes functions possible that are not linear, so the loss gets below the floor.",
          "It bought nothing at all: memorising noise says nothing about new inputs.",
          "More hidden units gave a lower loss in every run that I made.",
          "It trains faster.")


def vary(text: str, rng: random.Random) -> str:
    """The same answer as another student types it: spaces, capitals, a slip."""
    kind = rng.randrange(4)
    if kind == 1:
        return text.rstrip(".") + " "
    if kind == 2:
        return text.replace(" ", "  ", 1).capitalize()
    if kind == 3 and len(text) > 60:
        at = rng.randrange(20, 40)
        return text[:at] + text[at + 1:] if text[at].isalpha() and text[at - 1].isalpha() else text
    return text


def a_class(folder: Path, students: int = 57, seed: int = 3) -> Course:
    """Each of twelve answers from someone, with small differences; everybody's notebook graded."""
    (folder / "notebooks").mkdir(parents=True)
    (folder / "notebooks" / f"{NAME}.py").write_text(MASTER, encoding="utf-8")
    for file in ("nbgrader_config.py", "requirements.txt"):
        (folder / file).write_bytes((Path(small_class.__file__).parent.parent / file).read_bytes())
    course = Course(folder)
    building.build(course, NAME, prove=False)
    source = recorded(course.source_notebook(NAME), NAME, course.config)
    books.register(course, NAME, source)
    rng = random.Random(seed)
    with contextlib.closing(books.ClassGradebook(course, NAME)) as book, book.transaction():
        for number in range(students):
            student = f"student{number:02d}"
            book.update_or_create_student(student, first_name=f"First{number}", last_name=f"Last{number}")
            book.update_or_create_submission(NAME, student)
            notebook = nbformat.from_dict(json.loads(json.dumps(source)))
            for cell in notebook.cells:
                kept = {"why-same": FIRST, "bought": SECOND}.get(cell.metadata.get("nbgrader", {}).get("grade_id"))
                if kept:
                    cell.source = vary(kept[number % len(kept)], rng)
            path = course.folder("autograded", student, NAME) / f"{NAME}.ipynb"
            path.parent.mkdir(parents=True)
            path.write_text(nbformat.writes(notebook), encoding="utf-8")
            (path.parent / "timestamp.txt").write_text("")
    return course


@contextlib.contextmanager
def desk_of(course: Course, grader: str = "gita") -> Iterator[str]:
    """The address of a desk that listens in a thread of its own."""
    ready, found = threading.Event(), {}

    async def main() -> None:
        found["serving"], found["loop"] = serve(Desk(course, NAME, grader)), asyncio.get_running_loop()
        found["end"] = asyncio.Event()
        ready.set()
        await found["end"].wait()
        found["serving"].server.stop()

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    if not ready.wait(120):
        raise TimeoutError("the desk did not come up")
    yield found["serving"].url
    found["loop"].call_soon_threadsafe(found["end"].set)
    thread.join(20)
