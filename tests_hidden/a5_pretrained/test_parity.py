"""Parity: the values are those of the reference for the same model, tokenizer and text."""

import pytest
import torch
from cases import (
    as_candidates,
    as_positions,
    as_sentences,
    as_text,
    draw_blank,
    draw_ids,
    draw_story,
    draw_text,
    draw_translation,
    draw_words,
    make_pair,
    make_tokenizers,
    place_encoding,
    place_positions,
    probability_mistakes,
)

from grader.examiner import assert_equal, assert_parity, in_float64


@pytest.mark.todo("encode", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_ids_are_the_tokenizers(student, reference, draw):
    """The ids are those that BERT's tokenizer gives to the text as it stands."""
    words, name = draw_words(draw), draw.word()  # a word of Hangul has no capitals
    ours, theirs = make_tokenizers(student, "bert", [*words, name, name.capitalize(), "!"])
    text = f" {name.capitalize()}  {draw_text(draw, words)}! "
    right = reference.encode_text(ours, text)["input_ids"]
    lowered = reference.encode_text(ours, text.lower())["input_ids"]
    bare = ours(text, return_tensors="pt", add_special_tokens=False)["input_ids"]
    mistakes = {"the special tokens are missing": bare, "the text was changed before it was encoded": lowered}
    assert_parity(student.encode_text(theirs, text)["input_ids"], right, what="input_ids", mistakes=mistakes)


@pytest.mark.todo("encode", weight=2)
@pytest.mark.parity
def test_another_models_special_tokens(student, reference, draw):
    """A tokenizer that only ends its texts with a special token adds that one and no other."""
    words = draw_words(draw)
    ours, theirs = make_tokenizers(student, "marian", words)
    text = draw_text(draw, words)
    right = reference.encode_text(ours, text)["input_ids"]
    assert_parity(student.encode_text(theirs, text)["input_ids"], right, what="input_ids")


@pytest.mark.todo("contextual", weight=5)
@pytest.mark.parity
@pytest.mark.gate
def test_vectors_are_the_last_hidden_state(student, reference, draw):
    """The vectors are the model's last hidden state for this text."""
    place_encoding(student)
    pair = make_pair(student, draw, "bert")
    text = draw_text(draw, pair.words)
    right = reference.contextual_embeddings(*pair.our_side, text)
    inputs = pair.our_tokenizer(text, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        outputs = pair.ours(inputs, output_hidden_states=True)
        rows = pair.ours.embeddings.word_embeddings(inputs)
    mistakes = {
        "this is the state before the last layer": outputs.hidden_states[-2],
        "these are rows of the table, which no layer has seen": rows,
    }
    precise = in_float64(pair.ours, inputs).last_hidden_state
    vectors = student.contextual_embeddings(*pair.their_side, text)
    assert_parity(vectors, right, what="contextual embeddings", precise=precise, mistakes=mistakes)


@pytest.mark.todo("contextual", weight=4)
@pytest.mark.parity
@pytest.mark.gate
def test_table_is_the_word_embeddings(student, reference, draw):
    """The table is the weight that ids are looked up in, as it is."""
    student.word_embedding_table(make_pair(student, draw, "bert").theirs)  # nothing of it may be remembered
    pair = make_pair(student, draw, "bert")
    right = reference.word_embedding_table(pair.ours).detach()
    with torch.no_grad():
        processed = pair.ours.embeddings(torch.arange(len(right)).unsqueeze(1))[:, 0]
    mistakes = {"positions were added: the table is looked up before that": processed}
    assert_parity(student.word_embedding_table(pair.theirs), right, what="word embedding table", mistakes=mistakes)


@pytest.mark.todo("translate", weight=5)
@pytest.mark.parity
@pytest.mark.gate
def test_translation_follows_the_models_settings(student, reference, draw):
    """The text is what the model writes with its own generation settings."""
    place_encoding(student)
    before, other = draw_translation(student, draw)
    student.translate(*before.their_side, other, max_new_tokens=5)  # nothing of it may be remembered
    pair, text = draw_translation(student, draw)
    right = as_text(reference.translate(*pair.our_side, text, max_new_tokens=5))
    translated = as_text(student.translate(*pair.their_side, text, max_new_tokens=5))
    message = "the translation differs: the model's own generation settings (beams) should decide"
    assert_equal(translated, right, message)


@pytest.mark.todo("fillmask.positions", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_every_mask_of_every_row_is_found(student, draw):
    """Each mask is given by its row and its column, in reading order."""
    mask = draw.integer(5, 20)
    masks = [[0, draw.integer(1, 5)], [1, draw.integer(0, 2)], [1, draw.integer(3, 6)]]
    found = as_positions(student.mask_positions(draw_ids(draw, 2, mask, masks), mask))
    message = "the positions are not those of the masks"
    if found == [[column, row] for row, column in masks]:
        message = "columns come before rows: the row is first"
    elif sorted(found) == masks:
        message = "the positions are not in reading order"
    assert_equal(found, masks, message)


@pytest.mark.todo("fillmask.candidates", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_pieces_are_the_likeliest(student, reference, draw):
    """The pieces are the likeliest ones at the mask, best first, as the vocabulary writes them."""
    place_positions(student)
    before = draw_blank(student, draw)
    student.fill_mask(*before.pair.their_side, before.sentence)  # nothing of it may be remembered
    blank = draw_blank(student, draw)
    right = as_candidates(reference.fill_mask(*blank.pair.our_side, blank.sentence))
    candidates = as_candidates(student.fill_mask(*blank.pair.their_side, blank.sentence))
    theirs, ours = ([piece for piece, _ in masks[0]] for masks in (candidates, right))
    message = "the pieces are not the likeliest ones at the mask, best first"
    if theirs[::-1] == ours:
        message = "the candidates are in the opposite order: the likeliest comes first"
    assert_equal(theirs, ours, message)


@pytest.mark.todo("fillmask.candidates", weight=3)
@pytest.mark.parity
def test_probabilities_are_shares_of_the_vocabulary(student, reference, draw):
    """The probabilities come from a softmax over the whole vocabulary."""
    place_positions(student)
    top_k = 4
    blank = draw_blank(student, draw, top_k=top_k)
    right = as_candidates(reference.fill_mask(*blank.pair.our_side, blank.sentence, top_k))
    candidates = as_candidates(student.fill_mask(*blank.pair.their_side, blank.sentence, top_k))
    theirs, ours = (torch.tensor([share for _, share in masks[0]]) for masks in (candidates, right))
    assert_parity(
        theirs, ours, what=f"probabilities of the {top_k} likeliest pieces", mistakes=probability_mistakes(blank, top_k)
    )


@pytest.mark.todo("fillmask.candidates", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_each_candidate_fills_the_blank(student, reference, draw):
    """The sentence comes back once for every candidate, best first, with no ## left in it."""
    place_positions(student)
    before = draw_blank(student, draw, top_k=5)
    student.restore(*before.pair.their_side, before.sentence, 5)  # nothing of it may be remembered
    blank = draw_blank(student, draw, top_k=5)
    right = as_sentences(reference.restore(*blank.pair.our_side, blank.sentence, 5))
    restored = as_sentences(student.restore(*blank.pair.their_side, blank.sentence, 5))
    message = "the sentences are not the blank filled with each candidate, best first"
    if any("##" in sentence for sentence in restored):
        message = "a ## is left: it only says that a word goes on"
    assert_equal(restored, right, message)


@pytest.mark.todo("continue", weight=4)
@pytest.mark.parity
@pytest.mark.gate
def test_story_is_the_greedy_one(student, reference, draw):
    """The prompt is followed by the likeliest token each time."""
    place_encoding(student)
    pair, prompt = draw_story(student, draw)
    right = as_text(reference.continue_story(*pair.our_side, prompt, max_new_tokens=6))
    story = as_text(student.continue_story(*pair.their_side, prompt, max_new_tokens=6))
    # What is added to the prompt: the prompt itself is no answer.
    new, right = story.removeprefix(as_text(prompt)), right.removeprefix(as_text(prompt))
    assert_equal(new, right, "the story is not the prompt and the likeliest tokens after it")
