"""Find the bug: the corrected functions, and the number of the wrong line."""

import pytest
import torch

from grader.examiner import assert_moved, assert_parity, assert_unchanged


def attend(query: torch.Tensor, keys: torch.Tensor, axis: int) -> torch.Tensor:
    """The contexts [B,H], with a softmax over an axis of the scores [B,S]."""
    weights = torch.einsum("bh,bsh->bs", query, keys).softmax(axis)
    return torch.einsum("bs,bsh->bh", weights, keys)


def draw_scoring(draw):
    """A query [H], keys [S,H], W and U [H,H] and v [H]; there are eight keys or more."""
    size, count = draw.integer(4, 7), draw.integer(8, 11)
    return (
        draw.tensor(size),
        draw.tensor(count, size),
        draw.tensor(size, size),
        draw.tensor(size, size),
        draw.tensor(size),
    )


def score(query, keys, first, second, last) -> torch.Tensor:
    """The right scores, one for each key."""
    return torch.stack([last @ torch.tanh(first @ query + second @ key) for key in keys])


def run_all(function, cases):
    """The results of several calls, and the inputs as they are after them."""
    return [[function(*case) for case in cases], cases]


def assert_each(found, cases, right, *, what: str) -> None:
    """Compare the results of run_all, and see that the inputs have stayed."""
    for result, expected, case in zip(found[0], right, cases, strict=True):
        shapes = ", ".join(str(list(tensor.shape)) for tensor in case)
        assert_parity(result.detach(), expected, what=f"{what} for inputs of the shapes {shapes}")
    for after, before in zip(found[1], cases, strict=True):
        for own, given in zip(after, before, strict=True):
            assert_unchanged(given, own, what="an input")


@pytest.mark.todo("bug.axis", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_each_row_shares_its_own_weight(poisoned, draw):
    """Contexts of a batch of four, and of a batch of one, are those of each row alone."""
    steps, size = draw.sizes(2, low=5, high=9)
    for rows in (4, 1):
        query, keys = draw.tensor(rows, size, scale=0.5), draw.tensor(rows, steps, size)
        mistakes = {"the rows of the batch share the weight, not the positions of a row": attend(query, keys, 0)}
        found = poisoned.attend_rows(query, keys)
        assert_parity(found, attend(query, keys, 1), what=f"contexts of a batch of {rows}", mistakes=mistakes)


@pytest.mark.todo("bug.axis", weight=1)
@pytest.mark.behaviour
def test_wrong_line_of_the_rows_is_named(student):
    """The number is that of the one line that has to change."""
    assert student.bug_in_attend_rows() == 3, "another line is wrong: what sums to 1?"


@pytest.mark.todo("bug.axis", weight=1)
@pytest.mark.gpu
def test_rows_on_the_device(student, draw, device):
    """Queries and keys on the device give the right contexts there."""
    query, keys = draw.tensor(3, 4), draw.tensor(3, 5, 4)
    found = student.attend_rows(query.to(device), keys.to(device))
    assert_moved(found, attend(query, keys, 1), device, what="contexts on the device")


@pytest.mark.todo("bug.query", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_scores_depend_on_the_query(poisoned, draw):
    """Scores are v tanh(W query + U key), for two queries."""
    for _ in range(2):
        case = query, keys, first, second, last = draw_scoring(draw)
        mistakes = {
            "every query gets the same weights: the tanh is missing": (first @ query + keys @ second.T) @ last,
            "the tanh belongs inside, before v": torch.tanh((first @ query + keys @ second.T) @ last),
        }
        assert_parity(poisoned.additive_scores(*case), score(*case), what="the scores", mistakes=mistakes)


@pytest.mark.todo("bug.query", weight=1)
@pytest.mark.behaviour
def test_wrong_line_of_the_scores_is_named(student):
    """The number is that of the one line that has to change."""
    assert student.bug_in_additive_scores() == 4, "another line is wrong: compare the weights of two queries"


@pytest.mark.todo("bug.query", weight=1)
@pytest.mark.gpu
def test_additive_scores_on_the_device(student, draw, device):
    """Query, keys and weights on the device give the right scores there."""
    case = draw_scoring(draw)
    found = student.additive_scores(*(tensor.to(device) for tensor in case))
    assert_moved(found, score(*case), device, what="the scores on the device")


@pytest.mark.todo("bug.axis", weight=1)
@pytest.mark.parity
def test_rows_of_every_size(student, draw):
    """Axes of one, more features than positions, and a second call with other values give the right contexts, too."""
    sizes = [(3, 4, 5), (3, 4, 5), (1, 1, 4), (2, 5, 1), (3, 1, 2), (1, 1, 1), (2, 3, 7), (6, 2, 3)]
    cases = [[draw.tensor(rows, size), draw.tensor(rows, steps, size)] for rows, steps, size in sizes]
    copies = [[tensor.clone() for tensor in case] for case in cases]
    found = student.define(run_all)(student.attend_rows, cases)
    assert_each(found, copies, [attend(*case, 1) for case in copies], what="contexts")


@pytest.mark.todo("bug.query", weight=1)
@pytest.mark.parity
def test_scores_of_every_size(student, draw):
    """Axes of one, more features than keys, and a second call with other values give the right scores, too."""
    sizes = [(8, 5), (8, 5), (1, 4), (6, 1), (1, 1), (3, 7)]
    cases = [
        [
            draw.tensor(size),
            draw.tensor(count, size),
            draw.tensor(size, size),
            draw.tensor(size, size),
            draw.tensor(size),
        ]
        for count, size in sizes
    ]
    copies = [[tensor.clone() for tensor in case] for case in cases]
    found = student.define(run_all)(student.additive_scores, cases)
    assert_each(found, copies, [score(*case) for case in copies], what="scores")
