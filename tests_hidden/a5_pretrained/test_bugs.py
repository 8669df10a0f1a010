"""Find the bug: the corrected functions, and the number of the wrong line."""

import pytest
import torch
from cases import draw_text, make_pair

from grader.examiner import Caller, assert_moved, assert_parity, assert_unchanged


def draw_texts(draw, words: list[str]) -> list[str]:
    """Three texts of different lengths, the shortest one first."""
    return [draw_text(draw, words, count) for count in (1, 6, 3)]


@torch.no_grad()
def read_alone(pair, text: str, **settings) -> torch.Tensor:
    """Our model's vectors [S,H] of a text that is read alone."""
    inputs = pair.our_tokenizer(text, return_tensors="pt", **settings)
    return pair.ours(**inputs).last_hidden_state[0]


@torch.no_grad()
def read_unmasked(pair, texts: list[str]) -> torch.Tensor:
    """What the mistake gives: the padding is read as text."""
    batch = pair.our_tokenizer(texts, padding=True, return_tensors="pt")
    return pair.ours(batch["input_ids"]).last_hidden_state[:, 0]


@pytest.mark.todo("bug.place", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_vector_is_that_of_the_piece(poisoned, draw):
    """The vector is the one at the first such piece, wherever that is."""
    pair = make_pair(poisoned, draw, "bert")
    words = draw_text(draw, pair.words, 4).split()
    text = " ".join([*words, words[1]])  # the second word stands there twice
    vectors = read_alone(pair, text)
    for at, piece in enumerate(words):
        mistakes = {
            "this is the vector one place to the left: [CLS] counts, too": vectors[at],
            "the text was read without its special tokens": read_alone(pair, text, add_special_tokens=False)[at],
        }
        found = poisoned.find_vector(*pair.their_side, text, piece)
        assert_parity(found.detach(), vectors[at + 1], what=f"the vector of piece {at}", mistakes=mistakes)
    # Another text of as many words: its piece 3 is the first one of the text before.
    at, text = 3, " ".join([*words[::-1], words[1]])
    found = poisoned.find_vector(*pair.their_side, text, words[0])
    assert_parity(found.detach(), read_alone(pair, text)[at + 1], what=f"the vector of piece {at}")


@pytest.mark.todo("bug.place", weight=1)
@pytest.mark.behaviour
def test_wrong_line_of_the_vector_is_named(student):
    """The number is that of the one line that has to change."""
    assert student.bug_in_find_vector() == 4, "another line is wrong: write down the tokens that the model reads"


@pytest.mark.todo("bug.place", weight=1)
@pytest.mark.gpu
def test_vector_on_the_device(student, draw, device):
    """A model on the device gives the right vector there."""
    pair = make_pair(student, draw, "bert")
    text = draw_text(draw, pair.words, 3)
    pair.theirs.to(device)
    found = student.find_vector(*pair.their_side, text, text.split()[1])
    assert_moved(found, read_alone(pair, text)[2], device, what="the vector on the device")


@pytest.mark.todo("bug.padding", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_texts_do_not_feel_the_padding(poisoned, draw):
    """The vectors of three texts in one batch are those of each text alone."""
    pair = make_pair(poisoned, draw, "bert")
    texts = draw_texts(draw, pair.words)
    right = torch.stack([read_alone(pair, text)[0] for text in texts])
    mistakes = {"the padding of shorter texts was read, too": read_unmasked(pair, texts)}
    found = poisoned.first_vectors(*pair.their_side, texts)
    assert_parity(found.detach(), right, what="the first vectors", mistakes=mistakes)


@pytest.mark.todo("bug.padding", weight=1)
@pytest.mark.behaviour
def test_each_batch_of_texts_is_read_by_itself(student, draw):
    """Each call is answered by itself, for one text too, and the list of texts stays as it is."""
    pair = make_pair(student, draw, "bert")
    for texts in (draw_texts(draw, pair.words), draw_texts(draw, pair.words), draw_texts(draw, pair.words)[1:2]):
        right = torch.stack([read_alone(pair, text)[0] for text in texts])
        found = student.first_vectors(*pair.their_side, texts)
        assert_parity(found.detach(), right, what="the first vectors")
    after = student.define(Caller)().inputs_after(student.first_vectors, *pair.their_side, texts)
    assert_unchanged(texts, after[2], what="texts")


@pytest.mark.todo("bug.padding", weight=1)
@pytest.mark.behaviour
def test_wrong_line_of_the_batch_is_named(student):
    """The number is that of the one line that has to change."""
    assert student.bug_in_first_vectors() == 3, "another line is wrong: what does the tokenizer give beside the ids?"


@pytest.mark.todo("bug.padding", weight=1)
@pytest.mark.gpu
def test_batch_on_the_device(student, draw, device):
    """A model on the device gives the right vectors there."""
    pair = make_pair(student, draw, "bert")
    texts = draw_texts(draw, pair.words)
    right = torch.stack([read_alone(pair, text)[0] for text in texts])
    pair.theirs.to(device)
    assert_moved(student.first_vectors(*pair.their_side, texts), right, device, what="the first vectors on the device")
