"""Find the bug: the corrected functions, and the number of the wrong line."""

import pytest

from grader.examiner import Caller, assert_equal, assert_unchanged


def draw_known(draw, count: int = 6):
    """A vocabulary in which a word has the id 0, and words of it, with unknown ones between them."""
    known = []
    while len(known) < count:
        known += [word] if (word := draw.choice([draw.word, draw.hangul])()) not in known else []
    vocab = {word: index for index, word in enumerate(draw.shuffled(known))}
    return vocab, draw.shuffled([*known, *known[:3], known[0] + "x", known[1] + "나"])


def draw_pieces(draw) -> list[str]:
    """Pieces of some words, at least one of which has three; the first begins a word."""
    words = [[draw.word()], [draw.hangul(), draw.hangul()], [draw.word(), draw.word(), draw.word()], [draw.hangul()]]
    return [piece if at == 0 else f"##{piece}" for word in draw.shuffled(words) for at, piece in enumerate(word)]


def join_by_text(pieces: list[str]) -> str:
    """The words that pieces spell, found in the text that they make."""
    return " ".join(pieces).replace(" ##", "")


@pytest.mark.todo("bug.zero", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_ids_are_those_of_the_vocabulary(poisoned, draw):
    """Every word gets its own id, 0 too; a word that is not there gets the id of unknown words."""
    found, right = [], []
    for unknown_id in (7, 9):
        vocab, words = draw_known(draw)
        found.append(poisoned.find_ids(words, vocab, unknown_id))
        right.append([vocab.get(word, unknown_id) for word in words])
    assert_equal(found, right, "the ids differ: follow the word with the id 0 through the function")


@pytest.mark.todo("bug.zero", weight=1)
@pytest.mark.behaviour
def test_words_stay_as_they_are(student, draw):
    """Looking words up changes neither the words nor the vocabulary."""
    vocab, words = draw_known(draw)
    after = student.define(Caller)().inputs_after(student.find_ids, words, vocab, 7)
    assert_unchanged(words, after[0], what="words")
    assert_unchanged(vocab, after[1], what="vocab")


@pytest.mark.todo("bug.zero", weight=1)
@pytest.mark.behaviour
def test_wrong_line_of_the_ids_is_named(student):
    """The number is that of the one line that has to change."""
    assert student.bug_in_find_ids() == 5, "another line is wrong: what does `if` make of the number 0?"


@pytest.mark.todo("bug.pieces", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_pieces_become_words(poisoned, draw):
    """A piece that begins with ## goes on with the word before it, whatever the script."""
    cases = [draw_pieces(draw) for _ in range(8)]
    found = [poisoned.join_pieces(pieces) for pieces in cases]
    assert all(isinstance(text, str) for text in found), "the words should be one string"
    right = [join_by_text(pieces) for pieces in cases]
    assert_equal(found, right, "the words differ: a piece that begins with ## belongs to the word before it")


@pytest.mark.todo("bug.pieces", weight=1)
@pytest.mark.behaviour
def test_a_first_piece_stays(student, draw):
    """There is no word before the first piece, so it stays as it is; no pieces make no words."""
    first, second = draw.word(), draw.word()
    assert student.join_pieces([f"##{first}", second]) == f"##{first} {second}", "a first piece should stay as it is"
    assert student.join_pieces([f"##{first}", f"##{second}"]) == f"##{first}{second}", "the second piece should go on"
    assert student.join_pieces([]) == "", "no pieces should give an empty string"
    pieces = [first, f"##{second}"]
    after = student.define(Caller)().inputs_after(student.join_pieces, pieces)
    assert_unchanged(pieces, after[0], what="pieces")


@pytest.mark.todo("bug.pieces", weight=1)
@pytest.mark.behaviour
def test_wrong_line_of_the_pieces_is_named(student):
    """The number is that of the one line that has to change."""
    assert student.bug_in_join_pieces() == 5, "another line is wrong: follow a word of two pieces through the function"
