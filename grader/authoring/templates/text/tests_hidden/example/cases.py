"""Inputs that several tests share."""

from grader.examiner.draw import Draw


def draw_lines(draw: Draw, count: int) -> list[str]:
    """Lines of some words each."""
    return [" ".join(draw.word() for _ in range(draw.integer(2, 9))) for _ in range(count)]


def count_words(lines: list[str]) -> int:
    """How many words there are."""
    return sum(len(line.split()) for line in lines)
