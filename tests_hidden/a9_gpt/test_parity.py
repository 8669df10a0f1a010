"""Parity: the same weights and inputs give the reference's values and gradients."""

import pytest
import standins
import torch
from cases import (
    assert_same_table,
    attention_mistakes,
    block_mistakes,
    draw_attention,
    draw_text,
    draw_words,
    make_block,
    make_model,
    make_writer,
    model_mistakes,
    read_merges,
    read_symbols,
    send_attention,
    use_right_pairs,
    write,
)

from grader.examiner import assert_equal, assert_parity, assert_shape, in_float64, parameter_gradients

NO_GRADIENT = "the output carries no gradient: was something detached, or computed under no_grad?"


@pytest.mark.todo("bpe.pairs", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_pairs_match_the_reference(poisoned, reference, draw):
    """Every pair of neighbours has the reference's count, and no other pair is there."""
    words = draw_words(draw, 12)
    assert_same_table(poisoned.count_pairs(words), reference.count_pairs(words), "the pairs or their counts differ")


@pytest.mark.todo("bpe.merge", weight=4)
@pytest.mark.parity
@pytest.mark.gate
def test_merging_matches_the_reference(poisoned, reference, draw):
    """The merged words are the reference's, for pairs that stand often, once, or nowhere."""
    words = draw_words(draw, 12)
    pairs = reference.count_pairs(words)
    for pair in (max(pairs, key=pairs.get), min(pairs, key=pairs.get), ("b", "q")):
        right = reference.merge_pair(words, pair)
        assert_same_table(poisoned.merge_pair(words, pair), right, "the merged words or their counts differ")


@pytest.mark.todo("bpe.train", weight=4)
@pytest.mark.parity
@pytest.mark.gate
def test_merges_match_the_reference(poisoned, reference, draw):
    """The merges are the reference's, in its order."""
    use_right_pairs(poisoned)
    text = draw_text(draw, 40, letters="abcd")
    found = read_merges(poisoned.train_bpe(text, 14))
    assert_equal(found, reference.train_bpe(text, 14), "the merges differ: the most frequent pair comes first")


@pytest.mark.todo("bpe.encode", weight=4)
@pytest.mark.parity
@pytest.mark.gate
def test_subwords_match_the_reference(poisoned, reference, draw):
    """New words are cut as the reference cuts them."""
    use_right_pairs(poisoned)
    merges = reference.train_bpe(draw_text(draw, 60, letters="abcd"), 18)
    words = draw_text(draw, 12, letters="abcd").split()
    found = [symbol for word in words for symbol in read_symbols(poisoned.bpe_encode(word, merges))]
    right = [symbol for word in words for symbol in reference.bpe_encode(word, merges)]
    assert_equal(found, right, "the subwords differ: the merge that was learnt first is applied first")


@pytest.mark.todo("attention.causal", weight=5)
@pytest.mark.parity
@pytest.mark.gate
def test_attention_matches_the_reference(poisoned, reference, draw):
    """With the same weights attention gives the reference's output."""
    ours, x = draw_attention(reference, draw)
    assert_parity(
        send_attention(poisoned, ours)(x),
        ours(x),
        what="output",
        precise=in_float64(ours, x),
        mistakes=lambda: attention_mistakes(ours, x),
    )


@pytest.mark.todo("attention.causal", weight=1)
@pytest.mark.parity
def test_any_number_of_heads(student, reference, draw):
    """A single head, and three of them, work like two."""
    for heads in (1, 3):
        ours, x = draw_attention(reference, draw, heads=heads, batch=2)
        precise = in_float64(ours, x)
        assert_parity(send_attention(student, ours)(x), ours(x), what=f"output ({heads} heads)", precise=precise)


@pytest.mark.todo("attention.causal", weight=2)
@pytest.mark.parity
def test_weights_match_the_reference(student, reference, draw):
    """The weights that come on request are those of each head."""
    ours, x = draw_attention(reference, draw)
    result = send_attention(student, ours)(x, return_weights=True)
    assert isinstance(result, (tuple, list)) and len(result) == 2, "expected the pair (output, weights)"
    assert_parity(result[1], ours(x, return_weights=True)[1], what="weights")


@pytest.mark.todo("attention.causal", weight=2)
@pytest.mark.parity
def test_gradients_of_attention_match(student, reference, draw):
    """The input and every weight receive the reference's gradients."""
    ours, x = draw_attention(reference, draw)
    assert_gradients(ours, send_attention(student, ours), draw, x.shape)


def assert_gradients(ours, theirs, draw, shape):
    """A module's input and weights receive the reference's gradients, of a first call and of a second one."""
    for _ in range(2):
        x, slope = draw.tensor(*shape), draw.tensor(*shape)
        leaf = x.clone().requires_grad_()
        output = theirs(leaf)
        assert_shape(output, tuple(shape), what="output")
        assert output.requires_grad, NO_GRADIENT
        (output * slope).sum().backward()
        own = x.clone().requires_grad_()
        (ours(own) * slope).sum().backward()
        assert_parity(leaf.grad, own.grad, what="gradient of x")
    right = {name: parameter.grad for name, parameter in ours.named_parameters()}
    found = parameter_gradients(theirs)
    if found.keys() == right.keys():
        assert_parity(found, right, what="gradients of the weights")
    assert all(gradient is not None for gradient in found.values()), "a weight receives no gradient"


@pytest.mark.todo("block", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_block_matches_the_reference(poisoned, reference, draw, monkeypatch):
    """With the same weights the block gives the reference's output."""
    ours, theirs, d_model = make_block(poisoned, reference, draw, monkeypatch)
    x = draw.tensor(3, 5, d_model)
    assert_parity(
        theirs(x), ours(x), what="output", precise=in_float64(ours, x), mistakes=lambda: block_mistakes(ours, x)
    )


@pytest.mark.todo("block", weight=1)
@pytest.mark.parity
def test_gradients_of_the_block_match(student, reference, draw, monkeypatch):
    """The input and every weight receive the reference's gradients."""
    ours, theirs, d_model = make_block(student, reference, draw, monkeypatch)
    assert_gradients(ours, theirs, draw, (2, 5, d_model))


@pytest.mark.todo("model", weight=4)
@pytest.mark.parity
@pytest.mark.gate
def test_model_matches_the_reference(poisoned, reference, draw, monkeypatch):
    """With the same weights the model gives the reference's logits."""
    case = make_model(poisoned, reference, draw, monkeypatch)
    ids = draw.ids(case.vocab_size, 3, case.max_len - 1)
    assert_parity(
        case.theirs(ids),
        case.ours(ids),
        what="logits",
        precise=in_float64(case.ours, ids),
        mistakes=lambda: model_mistakes(case.ours, ids),
    )


@pytest.mark.todo("model", weight=1)
@pytest.mark.parity
def test_last_position_can_be_used(student, reference, draw, monkeypatch):
    """A text of max_len tokens gives the reference's logits."""
    case = make_model(student, reference, draw, monkeypatch, layers=1)
    ids = draw.ids(case.vocab_size, 2, case.max_len)
    assert_parity(case.theirs(ids), case.ours(ids), what="logits", precise=in_float64(case.ours, ids))


@pytest.mark.todo("model", weight=2)
@pytest.mark.parity
def test_head_learns_with_the_table(student, reference, draw, monkeypatch):
    """After a step of training the logits are those of a model whose head and tok are one."""
    case = make_model(student, reference, draw, monkeypatch, layers=1)
    ids = draw.ids(case.vocab_size, 3, 4)
    found = student.define(standins.train_once)(case.theirs, ids, 0.2)
    assert_parity(found, standins.train_once(case.ours, ids, 0.2), what="logits after one step of training")


@pytest.mark.todo("loss", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_losses_match_the_reference(poisoned, reference, draw):
    """The losses of several batches are the reference's."""
    vocab_size, steps = draw.sizes(2, low=5)
    batches = [
        (draw.tensor(3, steps, vocab_size, scale=2.0, requires_grad=True), draw.ids(vocab_size, 3, steps))
        for _ in range(10)
    ]
    found = [poisoned.next_token_loss(*batch) for batch in batches]
    for loss in found:
        assert_shape(loss, (), what="loss")
        assert loss.requires_grad, "the loss carries no gradient, so nothing can be learnt from it"
    logits, ids = batches[0]
    flat = torch.nn.functional.cross_entropy
    mistakes = {
        "each position was compared with its own token: it predicts the next one": flat(
            logits.flatten(0, 1), ids.flatten()
        ),
        "each position was compared with the token before it": flat(logits[:, 1:].flatten(0, 1), ids[:, :-1].flatten()),
        "the losses were added up: a mean is asked for": flat(
            logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten(), reduction="sum"
        ),
    }
    assert_parity(found[0], reference.next_token_loss(*batches[0]), what="loss", mistakes=mistakes)
    right = torch.stack([reference.next_token_loss(*batch).detach() for batch in batches])
    assert_parity(torch.stack([loss.detach() for loss in found]), right, what="the losses of ten batches")


@pytest.mark.todo("loss", weight=1)
@pytest.mark.parity
def test_gradient_of_the_loss_matches(student, reference, draw):
    """The logits receive the reference's gradient; the last ones receive none."""
    vocab_size, steps = draw.sizes(2)
    # Also for more texts than tokens.
    for batch in (2, steps + 1):
        logits, ids = draw.tensor(batch, steps, vocab_size), draw.ids(vocab_size, batch, steps)
        leaf, own = logits.clone().requires_grad_(), logits.clone().requires_grad_()
        loss = student.next_token_loss(leaf, ids)
        assert_shape(loss, (), what="loss")
        assert loss.requires_grad, "the loss carries no gradient, so nothing can be learnt from it"
        loss.backward()
        reference.next_token_loss(own, ids).backward()
        assert_parity(leaf.grad, own.grad, what="gradient of the logits")


@pytest.mark.todo("sample", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_temperature_zero_takes_the_best(poisoned, draw):
    """Temperature 0 takes the token with the largest logit, whatever the filters."""
    rows = draw.tensor(12, 40)
    for options in ({}, {"top_k": 3, "top_p": 0.4}):
        found = [poisoned.choose_token(row, temperature=0, **options) for row in rows]
        assert_equal(found, rows.argmax(1).tolist(), "temperature 0 should take the best token")


@pytest.mark.todo("cache", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_writing_with_the_cache(poisoned, reference, draw):
    """With the cache the model writes what its own forward says."""
    writer = make_writer(poisoned, reference, draw)
    found = write(poisoned, writer, use_cache=True, temperature=0)
    prompt = len(writer.prompt)
    assert_equal(found[prompt:], writer.written[prompt:], "with the cache other ids come than the model's own best")


@pytest.mark.todo("cache", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_writing_without_the_cache(poisoned, reference, draw):
    """Without the cache the model writes what its own forward says."""
    writer = make_writer(poisoned, reference, draw)
    found = write(poisoned, writer, use_cache=False, temperature=0)
    prompt = len(writer.prompt)
    assert_equal(found[prompt:], writer.written[prompt:], "without the cache other ids come than the model's own best")


@pytest.mark.todo("cache", weight=1)
@pytest.mark.parity
def test_every_block_has_a_cache_of_its_own(student, reference, draw):
    """Two blocks write with the cache what the model's own forward says."""
    writer = make_writer(student, reference, draw, layers=2)
    if student.define(standins.looks_ahead)(writer.model, torch.arange(5).reshape(1, 5)):
        # Such a model has no cache that is right with two blocks, and its attention is charged already.
        writer = make_writer(student, reference, draw)
    found = write(student, writer, use_cache=True, temperature=0)
    assert found == writer.written, "with two blocks and the cache other ids come than the model's own best"
    # The cache itself, for several texts and heads, and for one: all keys and values so far come back, in their order.
    for batch, heads in ((2, 3), (1, 1)):
        parts = [(draw.tensor(batch, heads, new, 4), draw.tensor(batch, heads, new, 4)) for new in (3, 1, 2)]
        grown = student.define(standins.extend_often)(student.extend_cache, parts)
        for count, pair in enumerate(grown, 1):
            right = [torch.cat(sides, dim=2) for sides in zip(*parts[:count], strict=True)]
            assert_parity(list(pair), right, what="keys and values")
