"""Behaviour: what stays true whatever the weights are."""

from dataclasses import replace

import pytest
import torch
from cases import (
    VOCAB_SIZE,
    draw_attending,
    draw_heads,
    draw_mask,
    draw_padding,
    draw_sentences,
    draw_story,
    first_part,
    make_block,
    make_heads,
    make_model,
    without_start,
)

from grader.examiner import Caller, as_ids, assert_equal, assert_parity, assert_shape, assert_unchanged, load_weights


@pytest.mark.todo("attention.scaled", weight=1)
@pytest.mark.behaviour
def test_each_query_shares_one_whole(student, draw):
    """Each query's weights sum to one over the keys it may look at."""
    case = draw_attending(draw, 3)
    mask = draw_padding(draw, case.q.shape[-2], case.k.shape[-2])
    _, weights = student.scaled_dot_product_attention(*case.as_tuple(), mask)
    totals = weights.detach().sum(-1)
    assert_parity(totals, torch.ones_like(totals), what="sum of each query's weights")


@pytest.mark.todo("attention.scaled", weight=1)
@pytest.mark.behaviour
def test_mask_of_zeros_and_ones(student, reference, draw):
    """A mask of zeros and ones means what a mask of False and True means."""
    case = draw_attending(draw, 3, square=True)
    mask = draw_mask(draw, "causal", case.q.shape[-2])
    student.scaled_dot_product_attention(case.q.flip(0), case.k, case.v, mask.long())
    _, weights = student.scaled_dot_product_attention(*case.as_tuple(), mask.long())
    _, expected = reference.scaled_dot_product_attention(*case.as_tuple(), mask)
    assert_parity(weights, expected, what="attention weights (mask of 0 and 1)")


@pytest.mark.todo("attention.scaled", weight=1)
@pytest.mark.behaviour
def test_attention_leaves_its_inputs_alone(student, draw):
    """Queries, keys, values and mask hold afterwards what they held before."""
    case = draw_attending(draw, 3, square=True)
    inputs = (*case.as_tuple(), draw_mask(draw, "causal", case.q.shape[-2]))
    after = student.define(Caller)().inputs_after(student.scaled_dot_product_attention, *inputs)
    for name, tensor, kept in zip(("q", "k", "v", "mask"), inputs, after, strict=True):
        assert_unchanged(tensor, kept, what=name)


@pytest.mark.todo("attention.multihead", weight=1)
@pytest.mark.behaviour
def test_heads_have_no_hidden_layers(student, reference, draw):
    """All weights exist before the first call, so that an optimizer can find them; the call changes no input."""
    ours, inputs = draw_heads(reference, draw)
    theirs = make_heads(student, ours)
    before = set(theirs.state_dict())
    first, second = (first_part(theirs(*inputs)) for _ in range(2))
    assert set(theirs.state_dict()) == before, "layers appeared during the call: make them in __init__"
    assert_parity(second, first.detach(), what="output of a second call")
    inputs = (*inputs, draw_padding(draw, inputs[0].shape[1], inputs[1].shape[1]))
    after = student.define(Caller)().inputs_after(theirs, *inputs)
    for name, tensor, kept in zip(("query", "key", "value", "mask"), inputs, after, strict=True):
        assert_unchanged(tensor, kept, what=name)


@pytest.mark.todo("positions", weight=1)
@pytest.mark.behaviour
def test_the_first_position(student, draw):
    """At position zero every sine is zero and every cosine is one."""
    d_model = draw.integer(2, 6) * 2
    first = student.sinusoidal_positions(draw.integer(1, 6), d_model)[0]
    assert_parity(first.float(), torch.tensor([0.0, 1.0] * (d_model // 2)), what="first row")


@pytest.mark.todo("positions", weight=1)
@pytest.mark.behaviour
def test_a_longer_table_begins_with_the_shorter(student, draw):
    """A position looks the same in a table of any length."""
    length, d_model = draw.integer(3, 8), draw.integer(2, 6) * 2
    short, long = (student.sinusoidal_positions(n, d_model) for n in (length, length + 4))
    assert_parity(short, long[:length], what="positions of a shorter table")


@pytest.mark.todo("mask.causal", weight=1)
@pytest.mark.behaviour
def test_a_single_position_sees_itself(student):
    """With one position there is one thing to see."""
    mask = student.causal_mask(1)
    assert_shape(mask, (1, 1), what="mask of a single position")
    assert bool(mask.bool().all()), "the only position may look at itself"


@pytest.mark.todo("mask.causal", weight=1)
@pytest.mark.behaviour
def test_every_row_sees_one_more(student, draw):
    """Each row allows one position more than the row above."""
    size = draw.integer(4, 9)
    seen = student.causal_mask(size).bool().sum(-1)
    assert_parity(seen, torch.arange(1, size + 1), what="number of positions allowed in each row")


@pytest.mark.todo("block.encoder", weight=1)
@pytest.mark.behaviour
def test_encoder_block_ends_normalised(student, reference, draw, monkeypatch):
    """The last thing a post-norm block does is to normalise every position."""
    block = make_block(student, reference, draw, monkeypatch, "EncoderBlock")
    with torch.no_grad():
        for norm in (block.ours.norm1, block.ours.norm2):
            norm.reset_parameters()
    load_weights(block.theirs, block.ours)
    x, _ = draw_sentences(draw, block.d_model)
    output = block.theirs(x).detach()
    means = output.mean(-1)
    spread = output.var(-1, unbiased=False)
    assert means.abs().max() < 1e-3, "each position of the output should have mean 0: does the block end with its norm?"
    assert (spread - 1).abs().max() < 1e-2, (
        "each position of the output should have variance 1: does it end with its norm?"
    )


@pytest.mark.todo("block.encoder", weight=1)
@pytest.mark.behaviour
def test_encoder_block_drops_what_it_adds(student, reference, draw, monkeypatch):
    """In training, dropout falls on what each sublayer adds, not on the sum or the norm."""
    block = make_block(student, reference, draw, monkeypatch, "EncoderBlock", dropout=1.0)
    x, _ = draw_sentences(draw, block.d_model)
    assert_parity(
        block.theirs.train()(x),
        block.ours.train()(x),
        what="output in training, when everything is dropped",
        mistakes={"no dropout fell on what the sublayers add": block.ours.eval()(x)},
    )


@pytest.mark.todo("block.encoder", weight=1)
@pytest.mark.behaviour
def test_encoder_block_is_steady_in_evaluation(student, reference, draw, monkeypatch):
    """In evaluation mode nothing is dropped: two runs agree and x is left alone."""
    block = make_block(student, reference, draw, monkeypatch, "EncoderBlock")
    x, _ = draw_sentences(draw, block.d_model)
    first, second = (block.theirs(x).detach() for _ in range(2))
    assert torch.equal(first, second), "two runs in evaluation mode differ: is dropout still at work?"
    mask = draw_mask(draw, "padding", x.shape[1])
    after = student.define(Caller)().inputs_after(block.theirs, x, mask)
    assert_unchanged(x, after[0], what="x")
    assert_unchanged(mask, after[1], what="mask")


@pytest.mark.todo("block.decoder", weight=1)
@pytest.mark.behaviour
def test_the_future_does_not_reach_the_past(student, reference, draw, monkeypatch):
    """Under a causal mask, changing the last position changes no other one."""
    block = make_block(student, reference, draw, monkeypatch, "DecoderBlock")
    x, memory = draw_sentences(draw, block.d_model)
    mask = draw_mask(draw, "causal", x.shape[1])
    other = torch.cat([x[:, :-1], draw.tensor(x.shape[0], 1, block.d_model)], dim=1)
    before, after = (block.theirs(target, memory, mask).detach() for target in (x, other))
    assert_parity(after[:, :-1], before[:, :-1], what="positions before the changed one")


@pytest.mark.todo("block.decoder", weight=1)
@pytest.mark.behaviour
def test_decoder_block_drops_what_it_adds(student, reference, draw, monkeypatch):
    """In training, dropout falls on what each of the three sublayers adds."""
    block = make_block(student, reference, draw, monkeypatch, "DecoderBlock", dropout=1.0)
    x, memory = draw_sentences(draw, block.d_model)
    assert_parity(
        block.theirs.train()(x, memory),
        block.ours.train()(x, memory),
        what="output in training, when everything is dropped",
        mistakes={"no dropout fell on what the sublayers add": block.ours.eval()(x, memory)},
    )


@pytest.mark.todo("block.decoder", weight=1)
@pytest.mark.behaviour
def test_decoder_block_leaves_its_inputs_alone(student, reference, draw, monkeypatch):
    """Target, memory and mask hold afterwards what they held before."""
    block = make_block(student, reference, draw, monkeypatch, "DecoderBlock")
    x, memory = draw_sentences(draw, block.d_model)
    inputs = (x, memory, draw_mask(draw, "padding", x.shape[1]))
    after = student.define(Caller)().inputs_after(block.theirs, *inputs)
    for name, tensor, kept in zip(("x", "memory", "tgt_mask"), inputs, after, strict=True):
        assert_unchanged(tensor, kept, what=name)


@pytest.mark.todo("decode.greedy", weight=1)
@pytest.mark.behaviour
def test_ids_begin_with_the_start_token(student, draw):
    """The ids begin with the start token."""
    story = draw_story(draw)
    ids = as_ids(student.greedy_decode(make_model(student, story), story.src, story.start, story.unused, 5))
    assert ids[:1] == [story.start], "the first id should be the start token"


@pytest.mark.todo("decode.greedy", weight=2)
@pytest.mark.behaviour
@pytest.mark.gate
def test_each_token_follows_from_all_before(student, draw):
    """Each token is the likeliest one after the whole prefix."""
    story = draw_story(draw, length=9)
    ids = student.greedy_decode(make_model(student, story), story.src, story.start, story.unused, 9)
    written = without_start(ids, story)[:8]
    wrong = next((i for i, (a, b) in enumerate(zip(written, story.tokens, strict=False)) if a != b), len(written))
    message = (
        f"token {wrong + 1} after the start token is not the likeliest one: "
        "feed the whole prefix, and read the logits of its last position"
    )
    assert_equal(written, story.tokens[:8], message)


@pytest.mark.todo("decode.greedy", weight=3)
@pytest.mark.behaviour
def test_decoding_stops_after_the_end_token(student, draw):
    """Decoding stops when the end token comes, and keeps it."""
    story = draw_story(draw)
    model = make_model(student, story)
    # A token of the submission's own decoding: a wrong choice is charged elsewhere.
    free = without_start(student.greedy_decode(model, story.src, story.start, story.unused, 9), story)
    end, expected = replace(story, tokens=free[:6]).find_end() if len(free) > 1 else story.find_end()
    written = without_start(student.greedy_decode(model, story.src, story.start, end, 9), story)
    assert end in written or len(written) >= len(expected), "the end token is missing: it belongs to the ids"
    assert written[-1:] == [end] or len(written) <= len(expected), "decoding went on after the end token"
    assert written == expected, "the ids up to the end token are not those that the model asks for"


@pytest.mark.todo("decode.greedy", weight=2)
@pytest.mark.behaviour
def test_decoding_stops_at_max_len(student, draw):
    """Without an end token, max_len ends the decoding, whether or not one counts the start token."""
    story = draw_story(draw)
    model = make_model(student, story)
    for max_len in (2, 5):
        written = without_start(student.greedy_decode(model, story.src, story.start, story.unused, max_len), story)
        assert len(written) in (max_len - 1, max_len), f"max_len {max_len} gave {len(written)} tokens after the start"


@pytest.mark.todo("decode.greedy", weight=1)
@pytest.mark.behaviour
def test_decoding_is_repeatable(student, draw):
    """Decoding twice gives the same ids, and src stays as it was."""
    story = draw_story(draw)
    model = make_model(student, story)
    arguments = (model, story.src, story.start, story.unused, 6)
    first, second = (as_ids(student.greedy_decode(*arguments)) for _ in range(2))
    assert first == second, "two runs differ: the likeliest token is asked for, not a drawn one"
    other = (story.src + 1) % VOCAB_SIZE
    if int(story.model(other, torch.tensor([[story.start]]))[0, -1].argmax()) != story.tokens[0]:
        ids = as_ids(student.greedy_decode(model, other, *arguments[2:]))
        assert ids != first, "another source gives the same ids"
    after = student.define(Caller)().inputs_after(student.greedy_decode, *arguments)
    assert_unchanged(story.src, after[1], what="src")
