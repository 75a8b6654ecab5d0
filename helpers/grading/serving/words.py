"""What students read of their attempts: a sentence on a page, and the page of whoever waits."""

from __future__ import annotations

import math

from helpers.checking.verdict import number
from helpers.grading.course.folder import Course
from helpers.grading.pages import policy
from helpers.grading.pages.report import template
from helpers.grading.serving.ledger import COMMON, Attempt
from helpers.grading.serving.rules import Rules


def on_the_page(attempt: Attempt, rules: Rules, used: int, best: Attempt | None, due: str) -> str:
    """What a page says of its attempt. best: the attempt that counts instead, if another does."""
    if attempt.cases == COMMON:
        return (f"This is your attempt {attempt.number}, which counts, graded once more after the deadline, on cases "
                "that are the same for everybody.")
    words = [f"This is your attempt {attempt.number}" + (f", {used} of {rules.a_day} today." if rules.a_day else ".")]
    if best is not None:
        words.append(f"Your attempt {best.number} with {number(best.score)} points counts so far: it has more.")
    words.append("Its checks were tried on cases that were drawn for this attempt alone, so that another attempt meets "
                 "others; how rarely the draw decides about a mark has been measured for each check.")
    if due:
        words.append(f"After the deadline, {due}, the attempt that counts is graded once more on cases that are the "
                     "same for everybody.")
    return " ".join(words)


def of_waiting(course: Course, name: str, attempt: Attempt, place: int, of: int, seconds: float) -> bytes:
    """place: 1 for the next. seconds: until then, as far as is known."""
    until = "less than a minute" if seconds < 60 else f"about {math.ceil(seconds / 60)} minutes"
    says = f"It is number {place} of {of} that wait, and has its turn in {until}."
    return _page(name, attempt, says)


def of_held(course: Course, name: str, attempt: Attempt, when: str, why: str) -> bytes:
    return _page(name, attempt, f"It has its turn from {when} on, because {why}. If you hand in again before, the new "
                                "one takes its place. At the deadline your last one is graded in any case.")


def of_trouble(course: Course, name: str, attempt: Attempt) -> bytes:
    return _page(name, attempt, "It could not be graded yet, which is no fault of yours. A person has been asked to "
                                "look.")


def _page(name: str, attempt: Attempt, says: str) -> bytes:
    return template("waiting.html.j2").render(name=name, number=attempt.number, says=says,
                                              policy=policy.OURS).encode()
