"""Behaviour: what stays true whatever the model and the text are."""

import pytest
import standins
from cases import (
    as_candidates,
    as_positions,
    as_sentences,
    as_text,
    draw_blank,
    draw_ids,
    draw_prompt,
    draw_story,
    draw_text,
    draw_words,
    make_pair,
    make_tokenizers,
    place_encoding,
    place_positions,
)

from grader.examiner import assert_equal, assert_parity, assert_unchanged

# How far a word's vector has to move between two sentences, so that rounding alone cannot have moved it.
MOVED = 1e-2


def is_moved(embed, model, tokenizer, texts: list[str], *, least: float = MOVED) -> bool:
    """Whether the first word of two texts has different vectors in them."""
    one, two = (embed(model, tokenizer, text)[0, 1] for text in texts)
    return bool((one - two).abs().max() > least)


@pytest.mark.todo("encode", weight=2)
@pytest.mark.behaviour
def test_special_tokens_frame_the_text_once(student, draw):
    """Each special token stands once, one before the text and one after it."""
    words = draw_words(draw)
    ours, theirs = make_tokenizers(student, "bert", words)
    ids = student.encode_text(theirs, draw_text(draw, words))["input_ids"].reshape(-1).tolist()
    for place, special in ((0, ours.cls_token_id), (-1, ours.sep_token_id)):
        assert ids[place] == special, "the text should stand between its special tokens"
        assert ids.count(special) == 1, "a special token was added twice: the tokenizer adds it by itself"


@pytest.mark.todo("encode", weight=2)
@pytest.mark.behaviour
def test_the_mask_is_as_long_as_the_text(student, draw):
    """A single text needs no padding: every token is to be attended to."""
    words = draw_words(draw)
    _, theirs = make_tokenizers(student, "bert", words)
    mask = student.encode_text(theirs, draw_text(draw, words, 4))["attention_mask"]
    assert (mask == 1).all(), "some tokens are masked: a single text needs no padding"
    assert mask.numel() == 6, "expected the tokens of the text and its special tokens, nothing cut and nothing added"


@pytest.mark.todo("contextual", weight=2)
@pytest.mark.behaviour
def test_a_word_depends_on_its_sentence(student, reference, draw):
    """The same word in the same place has another vector in another sentence."""
    place_encoding(student)
    words = draw_words(draw)
    texts = [f"{words[0]} {end}" for end in words[1:3]]
    embed = reference.contextual_embeddings
    pair = make_pair(student, draw, "bert", words=words, is_telling=lambda *side: is_moved(embed, *side, texts))
    moved = is_moved(student.contextual_embeddings, *pair.their_side, texts, least=MOVED / 2)
    assert moved, "a word's vector should depend on the sentence around it"


@pytest.mark.todo("contextual", weight=1)
@pytest.mark.behaviour
def test_vectors_come_from_the_arguments(poisoned, reference, draw):
    """The vectors are made from the arguments, not from a notebook's leftover variables."""
    pair = make_pair(poisoned, draw, "bert")
    place_encoding(poisoned)
    text = draw_text(draw, pair.words)
    right = reference.contextual_embeddings(*pair.our_side, text)
    assert_parity(poisoned.contextual_embeddings(*pair.their_side, text), right, what="contextual embeddings")


@pytest.mark.todo("translate", weight=4)
@pytest.mark.behaviour
@pytest.mark.gate
def test_both_halves_are_found(student, draw):
    """A translation model has an encoder and a decoder; one that lost a half has not."""
    pair = make_pair(student, draw, "marian")
    found = student.has_encoder_and_decoder(pair.theirs)
    is_pair = isinstance(found, (tuple, list)) and len(found) == 2
    assert is_pair, "expected a pair: is there an encoder, is there a decoder"
    assert all(isinstance(half, bool) for half in found), "expected True or False for each half"
    # With an answer that is always the same there is nothing to be seen.
    right = [[half != "encoder", half != "decoder"] for half in ("encoder", "decoder")]
    replies = student.define(standins.find_halves)(student.has_encoder_and_decoder, pair.theirs)
    seen = [right[half] if right[half] in replies[half] else None for half in (0, 1)]
    message = "the answer is the same for a model without an encoder or a decoder: look below the head"
    if not all(found):
        message = "a translation model has both halves: look into the model below the head"
    assert_equal([list(found), *seen], [[True, True], *right], message)


@pytest.mark.todo("translate", weight=2)
@pytest.mark.behaviour
def test_a_reader_sees_no_special_tokens(student, draw):
    """The translation holds words only."""
    place_encoding(student)
    pair = make_pair(student, draw, "marian")
    translated = as_text(student.translate(*pair.their_side, draw_text(draw, pair.words), max_new_tokens=4))
    specials = pair.our_tokenizer.all_special_tokens
    assert not any(special in translated for special in specials), "special tokens should be skipped in the text"


@pytest.mark.todo("translate", weight=3)
@pytest.mark.behaviour
def test_the_limit_counts_new_tokens(student, draw):
    """The translation is as long as max_new_tokens allows, the start token not counted."""
    place_encoding(student)
    words = [f"{letter}{draw.word()}" for letter in "ABCDEFGHIJKLMNOP"]  # a capital begins a word
    pair = make_pair(student, draw, "marian", words=words)
    for limit in (3, 6):
        translated = as_text(student.translate(*pair.their_side, draw_text(draw, words), max_new_tokens=limit))
        count = sum(letter.isupper() for letter in translated)
        # This model never ends of its own accord; the last of the new tokens is the end.
        assert count <= limit - 1, "there are more tokens than max_new_tokens allows"
        assert count == limit - 1, "the translation was cut too early: max_new_tokens counts new tokens only"


@pytest.mark.todo("fillmask.positions", weight=2)
@pytest.mark.behaviour
def test_no_mask_no_position(student, draw):
    """Where nothing is masked there is nothing to find."""
    mask = draw.integer(5, 20)
    found = student.mask_positions(draw_ids(draw, 2, mask, []), mask)
    assert as_positions(found) == [], "there is no mask here, so there should be no position"


@pytest.mark.todo("fillmask.positions", weight=2)
@pytest.mark.behaviour
def test_a_single_mask_keeps_its_axes(student, draw):
    """One mask is a list of one position."""
    mask, column = draw.integer(5, 20), draw.integer(1, 6)
    found = student.mask_positions(draw_ids(draw, 1, mask, [[0, column]]), mask)
    assert as_positions(found) == [[0, column]], (
        "the mask is found elsewhere: a position is the row of the batch, then the place in it"
    )


@pytest.mark.todo("fillmask.positions", weight=2)
@pytest.mark.behaviour
def test_the_mask_has_any_id(student, draw):
    """Which id means a mask is an argument, and may be zero."""
    for mask in (0, draw.integer(21, 30)):
        ids = draw_ids(draw, 2, mask, [[0, 0], [1, 4]])
        found = as_positions(student.mask_positions(ids, mask))
        assert found == [[0, 0], [1, 4]], "the mask's id is an argument: another tokenizer has another"


@pytest.mark.todo("fillmask.positions", weight=1)
@pytest.mark.behaviour
def test_searching_leaves_the_ids_alone(student, draw):
    """The ids are as they were."""
    mask = draw.integer(5, 20)
    ids = draw_ids(draw, 2, mask, [[0, 1], [1, 3]])
    function = student.mask_positions
    assert_unchanged(ids, student.define(standins.ids_after)(function, ids, mask), what="input_ids")


@pytest.mark.todo("fillmask.candidates", weight=2)
@pytest.mark.behaviour
def test_two_masks_have_their_own_candidates(student, reference, draw):
    """Two masks give two lists, in the order of the masks."""
    place_positions(student)
    blank = draw_blank(student, draw, masks=2, top_k=3)
    right = as_candidates(reference.fill_mask(*blank.pair.our_side, blank.sentence, 3))
    candidates = as_candidates(student.fill_mask(*blank.pair.their_side, blank.sentence, 3))
    assert len(candidates) == 2, "expected one list for each of the two masks"
    theirs, ours = ([[piece for piece, _ in mask] for mask in masks] for masks in (candidates, right))
    assert theirs == ours, "each mask should have the likeliest pieces of its own position"


@pytest.mark.todo("fillmask.candidates", weight=1)
@pytest.mark.behaviour
def test_no_mask_no_candidates(student, draw):
    """A sentence without a mask has no candidates."""
    place_positions(student)
    blank = draw_blank(student, draw, masks=0)
    candidates = as_candidates(student.fill_mask(*blank.pair.their_side, blank.sentence))
    assert candidates == [], "there is no mask here, so there should be no list"


@pytest.mark.todo("fillmask.candidates", weight=2)
@pytest.mark.behaviour
def test_the_rest_of_the_sentence_stays(student, reference, draw):
    """Words that the tokenizer does not know, and capitals, stay as they are."""
    place_positions(student)
    sentence = f"{draw.word().capitalize()} [MASK] {draw.hangul()}, {draw.word().upper()}."
    blank = draw_blank(student, draw, top_k=3, text=sentence)
    right = as_sentences(reference.restore(*blank.pair.our_side, sentence, 3))
    restored = as_sentences(student.restore(*blank.pair.their_side, sentence, 3))
    assert restored == right, "only the mask should be replaced: the rest of the sentence stays as it is"


@pytest.mark.todo("continue", weight=3)
@pytest.mark.behaviour
def test_generate_is_told_what_is_text(student, draw):
    """Whoever asks generate passes the attention mask along with the ids."""
    place_encoding(student)
    pair = make_pair(student, draw, "gpt2")
    watched = student.define(standins.WatchedGenerate)(pair.theirs)
    as_text(student.continue_story(*pair.their_side, draw_prompt(draw), max_new_tokens=2))
    calls = watched.calls
    assert all("attention_mask" in names for names in calls), "generate should be given the attention mask, too"


@pytest.mark.todo("continue", weight=3)
@pytest.mark.behaviour
def test_a_model_in_training_tells_the_same_story(student, reference, draw):
    """Dropout is off while a story is told, whatever mode the model was in."""
    place_encoding(student)
    pair, prompt = draw_story(student, draw, dropout=0.5)
    right = as_text(reference.continue_story(*pair.our_side, prompt, max_new_tokens=6))
    pair.theirs.train()
    story = as_text(student.continue_story(*pair.their_side, prompt, max_new_tokens=6))
    assert story == right, "the story depends on dropout: put the model into eval mode"


@pytest.mark.todo("continue", weight=2)
@pytest.mark.behaviour
def test_a_long_prompt_leaves_the_limit_alone(student, draw):
    """max_new_tokens counts what is new, however long the prompt is."""
    place_encoding(student)
    pair, prompt = draw_story(student, draw)
    for text, limit in ((f"{prompt} {draw_prompt(draw)} {prompt}", 2), (prompt, 4)):
        story = student.continue_story(*pair.their_side, text, max_new_tokens=limit)
        assert isinstance(story, str), "expected one text, as a string"
        # A token is a character here; a space at the end of the story may have been stripped.
        count = len(story.rstrip()) - len(text)
        assert count <= limit, "there are more new tokens than max_new_tokens allows"
    assert count > 0, "nothing was added to the prompt: max_new_tokens counts new tokens only"
