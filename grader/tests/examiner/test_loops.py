"""The loop that is named where code does not end."""

import pytest

from grader.examiner.loops import find_loop

SOURCE = """for name in names:
    def work(x):
        while x:
            # a comment
            for y in x:
                z = y

                x = z
        return x
    work(name)
x = 1
"""


@pytest.mark.parametrize(
    ("line", "loop"),
    [(8, 3), (6, 3), (5, 3), (3, 3), (9, 9), (10, 1), (1, 1), (11, 11), (0, 0), (13, 0), (-1, 0), (999_999, 0)],
)
def test_the_outermost_loop_of_the_function_is_named(line: int, loop: int) -> None:
    """The same one wherever the code is stopped in it; a line outside of loops stands for itself."""
    assert find_loop(SOURCE, line) == loop
