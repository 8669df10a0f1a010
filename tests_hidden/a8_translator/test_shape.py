"""Shapes: what comes back has the form that the handout promises."""

import pytest
import torch
from cases import (
    EOS,
    SOURCE_SIZE,
    draw_attention,
    draw_corpus,
    draw_decoding,
    draw_encoder,
    draw_pair,
    draw_reading,
    draw_sentences,
    draw_source,
    draw_translations,
    draw_words,
    learn,
    make_decoder,
    make_lesson,
    make_parts,
    read_beam,
    send_module,
    send_pair,
)

from grader.examiner import assert_shape


@pytest.mark.todo("vocab", weight=1)
@pytest.mark.shape
def test_encode_gives_an_id_for_each_word(student, draw):
    """There is one plain id for each word, and an id for each word and each special."""
    words = draw_words(draw, 6)
    vocab = student.Vocab([" ".join(words)] * 2)
    assert len(vocab) == 10, "six words and four specials should make ten"
    for sentence in draw_sentences(draw, words, 4):
        ids = vocab.encode(sentence)
        assert isinstance(ids, list) and all(type(index) is int for index in ids), "expected a list of ints"
        assert len(ids) == len(sentence.split()), "there should be one id for each word, and nothing else"


@pytest.mark.todo("batch", weight=1)
@pytest.mark.shape
def test_parts_of_a_batch(student, draw):
    """Source and target have a row for each pair; tgt_in and tgt_out are one longer than the longest target."""
    for count in (5, 1):
        corpus = draw_corpus(draw, count)
        src, lengths, tgt_in, tgt_out = make_parts(student, corpus)
        longest = [max(len(pair[side].split()) for pair in corpus.pairs) for side in (0, 1)]
        assert_shape(src, (count, longest[0]), what="src")
        assert_shape(lengths, (count,), what="src_lengths")
        assert_shape(tgt_in, (count, longest[1] + 1), what="tgt_in")
        assert_shape(tgt_out, (count, longest[1] + 1), what="tgt_out")
        assert {part.dtype for part in (src, lengths, tgt_in, tgt_out)} == {torch.int64}, "ids and lengths are int64"


@pytest.mark.todo("loss", weight=1)
@pytest.mark.shape
def test_loss_is_one_number(student, draw):
    """The loss is a single number, for one sentence or several."""
    for batch in (1, 3):
        loss = student.masked_loss(draw.tensor(batch, 4, 7), draw.ids(7, batch, 4, low=1), 0)
        assert_shape(loss, (), what="loss")


@pytest.mark.todo("encoder", weight=1)
@pytest.mark.shape
def test_encoder_gives_outputs_and_a_state(student, reference, draw):
    """Outputs are [B,S,2H] and the state [1,B,H], also where no sentence fills all S columns."""
    ours, sizes = draw_encoder(reference, draw)
    theirs = send_module(student, "Encoder", ours, sizes)
    for lengths in ([5, 2, 3], [4]):
        source = draw_source(draw, sizes[0], lengths, 6)
        outputs, state = theirs(source.src, source.lengths)
        assert_shape(outputs, (len(lengths), 6, 2 * sizes[2]), what="outputs")
        assert_shape(state, (1, len(lengths), sizes[2]), what="state")


@pytest.mark.todo("attention", weight=1)
@pytest.mark.shape
def test_attention_gives_context_and_weights(student, reference, draw):
    """The context is [B,K] and the weights [B,S], for one sentence, too."""
    for batch in (3, 1):
        ours, sizes, case = draw_attention(reference, draw, batch=batch)
        theirs = send_module(student, "AdditiveAttention", ours, sizes)
        context, weights = theirs(case.query, case.keys, case.mask)
        assert_shape(context, (batch, sizes[1]), what="context")
        assert_shape(weights, tuple(case.mask.shape), what="weights")


@pytest.mark.todo("decoder", weight=1)
@pytest.mark.shape
def test_decoder_gives_logits_and_weights(student, reference, draw, monkeypatch):
    """Logits are [B,T,V] and weights [B,T,S], for one sentence and one step, too."""
    _, theirs, sizes = make_decoder(student, reference, draw, monkeypatch)
    for batch, steps in ((3, 5), (1, 1)):
        logits, weights = theirs(*draw_decoding(draw, sizes, batch=batch, steps=steps))
        assert_shape(logits, (batch, steps, sizes[0]), what="logits")
        assert_shape(weights, (batch, steps, 11), what="weights")


@pytest.mark.todo("train", weight=1)
@pytest.mark.shape
def test_epoch_gives_one_loss(student, draw):
    """An epoch gives one number, for a single batch, too."""
    lesson = make_lesson(student, draw)
    for parts in (lesson.parts, lesson.parts[:1]):
        loss = learn(student, lesson, 0.01, parts=parts)
        assert 0 < loss < 100, "the loss should be a positive number"


@pytest.mark.todo("translate", weight=1)
@pytest.mark.shape
def test_each_row_is_a_list_of_ids(student, draw):
    """There is a list of plain ints for each row, at most max_len of them."""
    reading = draw_reading(draw, lambda rows: max(map(len, rows)) > 2)
    theirs = send_pair(student, reading.ours)
    for max_len in (8, 2, 1):
        found = student.translate(theirs, reading.source.src, reading.source.lengths, max_len=max_len)
        assert isinstance(found, list) and len(found) == 4, "expected a list with an entry for each row"
        for row in found:
            assert isinstance(row, list) and all(type(token) is int for token in row), "expected lists of ints"
            assert len(row) <= max_len, f"at most {max_len} ids were asked for, {len(row)} came"


@pytest.mark.todo("beam", weight=1)
@pytest.mark.shape
def test_beam_gives_pairs(student, draw):
    """There are as many pairs of score and ids as the beam is wide, best first."""
    theirs = send_pair(student, draw_pair(draw, SOURCE_SIZE))
    # A source of one word, too.
    for width, size in ((1, 4), (3, 4), (3, 1)):
        found = read_beam(student.beam_search(theirs, draw.ids(SOURCE_SIZE, size, low=4), width, max_len=4))
        assert len(found) == width, f"{width} hypotheses were asked for, {len(found)} came"
        scores = [score for score, _ in found]
        assert scores == sorted(scores, reverse=True), "the best should come first"
        assert all(len(ids) <= 4 and EOS not in ids for _, ids in found), "at most max_len ids, without <eos>"


@pytest.mark.todo("bleu", weight=1)
@pytest.mark.shape
def test_bleu_is_a_number_from_zero_to_one(student, draw):
    """The score is a float between 0 and 1."""
    score = student.corpus_bleu(*draw_translations(draw))
    assert isinstance(score, float), "the score should be a float"
    assert 0 < score < 1, "the score should be between 0 and 1"
