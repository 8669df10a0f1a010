"""Shape: what comes back has the form that was asked for."""

import pytest
import torch
from cases import (
    draw_attention,
    draw_text,
    make_block,
    make_model,
    make_writer,
    read_merges,
    read_symbols,
    send_attention,
    use_right_pairs,
)

from grader.examiner import Caller, assert_shape, assert_unchanged


@pytest.mark.todo("bpe.train", weight=1)
@pytest.mark.shape
def test_so_many_merges_as_asked(student, draw):
    """There are num_merges merges, none for 0."""
    use_right_pairs(student)
    text = draw_text(draw, 30)
    for count in (0, 1, 7):
        found = len(read_merges(student.train_bpe(text, count)))
        assert found == count, f"{count} merges were asked for, {found} came"


@pytest.mark.todo("bpe.encode", weight=1)
@pytest.mark.shape
def test_subwords_spell_the_word(student, draw):
    """The subwords, put together, are the word and its end."""
    use_right_pairs(student)
    # No character twice: each pair stands at one place.
    word = "".join(draw.shuffled("abcdefg")[:4] + draw.shuffled("가나다라")[:2])
    merges = [(word[0], word[1]), (word[0] + word[1], word[2]), (word[-1], "</w>")]
    found = read_symbols(student.bpe_encode(word, merges))
    assert "".join(found) == word + "</w>", "the subwords should spell the word and its end mark"
    assert len(found) == len(word) + 1 - len(merges), "each merge should join two symbols"


@pytest.mark.todo("attention.causal", weight=2)
@pytest.mark.shape
def test_attention_keeps_the_shape(student, reference, draw):
    """Without return_weights one tensor comes back, shaped like x, for one token or several."""
    for batch, steps in ((1, None), (3, None), (2, 1)):
        ours, x = draw_attention(reference, draw, batch=batch, steps=steps)
        assert_shape(send_attention(student, ours)(x), tuple(x.shape), what="output")


@pytest.mark.todo("block", weight=1)
@pytest.mark.shape
def test_block_keeps_the_shape(student, reference, draw, monkeypatch):
    """What leaves the block can enter the next one."""
    _, theirs, d_model = make_block(student, reference, draw, monkeypatch)
    for batch in (1, 3):
        x = draw.tensor(batch, 5, d_model)
        assert_shape(theirs(x), tuple(x.shape), what="output")


@pytest.mark.todo("model", weight=1)
@pytest.mark.shape
def test_model_gives_logits_for_every_position(student, reference, draw, monkeypatch):
    """Ids [B,T] give logits [B,T,V], also for a text as long as max_len and for one token."""
    case = make_model(student, reference, draw, monkeypatch)
    for batch, steps in ((3, 4), (1, case.max_len), (2, 1)):
        logits = case.theirs(draw.ids(case.vocab_size, batch, steps))
        assert_shape(logits, (batch, steps, case.vocab_size), what="logits")


@pytest.mark.todo("loss", weight=1)
@pytest.mark.shape
def test_loss_is_one_number(student, draw):
    """The loss is a single number, whatever the batch."""
    vocab_size, steps = draw.sizes(2)
    for batch in (1, 4):
        loss = student.next_token_loss(draw.tensor(batch, steps, vocab_size), draw.ids(vocab_size, batch, steps))
        assert_shape(loss, (), what="loss")


@pytest.mark.todo("sample", weight=1)
@pytest.mark.shape
def test_choice_is_an_id(student, draw):
    """The choice is a plain int that has a logit."""
    logits = draw.tensor(6)
    for options in ({}, {"temperature": 0}, {"top_k": 3}, {"top_k": 20}, {"top_p": 0.5}, {"top_p": 1.0}):
        found = student.choose_token(logits, **options)
        assert type(found) is int, "the choice should be a plain int"
        assert 0 <= found < 6, "the choice should be an id of the vocabulary"
        assert student.choose_token(logits[:1], **options) == 0, "the choice should be an id of the vocabulary"


@pytest.mark.todo("cache", weight=1)
@pytest.mark.shape
def test_prompt_is_followed_by_new_ids(student, reference, draw):
    """The result is the prompt and max_new_tokens ids more, as plain ints."""
    writer = make_writer(student, reference, draw)
    prompt = writer.prompt.tolist()
    (_, after, _) = student.define(Caller)().inputs_after(student.generate, writer.model, writer.prompt, 2)
    assert_unchanged(writer.prompt, after, what="ids")
    for count, use_cache in ((6, True), (1, True), (6, False), (0, True)):
        found = student.generate(writer.model, writer.prompt, count, use_cache=use_cache, temperature=0)
        assert isinstance(found, list), "expected a list of ids"
        assert all(type(token) is int for token in found), "the ids should be plain ints"
        assert found[: len(prompt)] == prompt, "the result should begin with the prompt"
        assert len(found) == len(prompt) + count, f"{count} new ids were asked for, {len(found) - len(prompt)} came"


@pytest.mark.todo("attention.causal", weight=1)
@pytest.mark.shape
def test_weights_come_on_request(student, reference, draw):
    """With return_weights the output comes with weights [B,h,T,T]."""
    ours, x = draw_attention(reference, draw, heads=3)
    result = send_attention(student, ours)(x, return_weights=True)
    assert isinstance(result, (tuple, list)) and len(result) == 2, "expected the pair (output, weights)"
    assert_shape(result[0], tuple(x.shape), what="output")
    assert_shape(result[1], (x.shape[0], 3, x.shape[1], x.shape[1]), what="weights")
    assert torch.is_floating_point(result[1]), "the weights should be floating point numbers"
