"""What a student may expect while a submission waits: its place, the seconds left, and what else takes time."""

from dataclasses import dataclass

from grader.model.verdict import Language
from grader.server.labels import translate
from grader.server.queue import Queued
from grader.server.service import Service


@dataclass(frozen=True)
class Waiting:
    """The uploads ahead, and the seconds that this may take; None where nothing says how long.

    `is_opening` says that the assignment's workers are being started first.
    """

    ahead: int
    seconds: float | None
    is_opening: bool


def find_waiting(service: Service, queued: Queued) -> Waiting | None:
    """Return what a submission waits for; None once it is being graded."""
    if queued.status != "queued":
        return None
    place = service.queue.find_place(queued, service.workshop.options.jobs)
    opening = service.workshop.estimate_opening(queued.assignment)
    seconds = None if place.seconds is None or opening is None else place.seconds + opening
    return Waiting(place.ahead, seconds, not service.workshop.is_ready(queued.assignment))


def tell_state(queued: Queued, waiting: Waiting | None, language: Language) -> str:
    """Return the line that a page shows until there is feedback."""
    text = translate(language, queued.status)
    if waiting is None:
        return text
    text += ": " + translate(language, "place", ahead=waiting.ahead)
    seconds = "no_estimate" if waiting.seconds is None else "estimate"
    text += ", " + translate(language, seconds, seconds=round(waiting.seconds or 0))
    return f"{text}. {translate(language, 'opening')}" if waiting.is_opening else text
