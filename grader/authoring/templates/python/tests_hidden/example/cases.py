"""Inputs that several tests share."""

from grader.examiner.draw import Draw


def draw_entries(draw: Draw, people: int = 20) -> list[tuple[str, int]]:
    """Two or three entries for each of many people, in any order."""
    names = sorted({f"{draw.word()}{number}" for number in range(people)})
    entries = [(name, draw.integer(1, 1000)) for name in names for _ in range(draw.integer(2, 3))]
    return draw.shuffled(entries)
