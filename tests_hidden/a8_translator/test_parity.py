"""Parity: the same weights and inputs give the reference's values and gradients."""

import pytest
import standins
import torch
from cases import (
    NO_GRADIENT,
    SOURCE_SIZE,
    attention_mistakes,
    bleu_mistakes,
    draw_attention,
    draw_corpus,
    draw_decoding,
    draw_encoder,
    draw_looking,
    draw_pair,
    draw_reading,
    draw_sorting,
    draw_source,
    draw_translations,
    draw_words,
    draw_words_outputs,
    learn,
    learn_ours,
    make_decoder,
    make_lesson,
    make_parts,
    make_right_parts,
    read_beam,
    run_each,
    search_all,
    send_module,
    send_pair,
    write_rows,
)
from torch.nn import functional as F

from grader.examiner import as_ids, assert_equal, assert_parity, assert_shape, in_float64, parameter_gradients


@pytest.mark.todo("vocab", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_ids_match_the_reference(poisoned, reference, draw):
    """Words are numbered by count, then alphabetically; decoding leads back."""
    # Most counts differ, so that a mistake with ties leaves most ids right; every word comes twice, so that all of them
    # count also for those who read `min_count` as "more often than".
    counts = [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 3, 2, 2]
    words = draw.shuffled(
        [word for word, n in zip(draw_words(draw, len(counts)), counts, strict=True) for _ in range(n)]
    )
    sentences = [" ".join(words[start : start + 5]) for start in range(0, len(words), 5)]
    ours, theirs = reference.Vocab(sentences), poisoned.Vocab(sentences)
    found = [index for sentence in sentences for index in as_ids(theirs.encode(sentence), only_lists=True)]
    right = [index for sentence in sentences for index in ours.encode(sentence)]
    assert_equal(found, right, "the ids differ: the most frequent word comes first, ties go by the alphabet")
    assert_equal(theirs.decode(right), ours.decode(right), "decoding should give a word for each id")


@pytest.mark.todo("batch", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_batch_matches_the_reference(poisoned, reference, draw):
    """Source, lengths, input and output of the decoder are the reference's."""
    corpus = draw_corpus(draw, 5)
    found, right = make_parts(poisoned, corpus), make_right_parts(reference, corpus)
    for name, part, expected in zip(("src", "src_lengths", "tgt_in", "tgt_out"), found, right, strict=True):
        assert_parity(part, expected, what=name)


def draw_losses(draw, count=10):
    """Logits that ask for gradients, and targets with padding."""
    for _ in range(count):
        logits, targets = draw.tensor(3, 5, 9, scale=2.0, requires_grad=True), draw.ids(9, 3, 5, low=1)
        targets[1, draw.integer(1, 3) :] = 0
        targets[2, draw.integer(2, 4) :] = 0
        yield logits, targets


@pytest.mark.todo("loss", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_losses_match_the_reference(poisoned, reference, draw):
    """The losses of several batches are means over their real tokens."""
    cases = list(draw_losses(draw))
    found = [poisoned.masked_loss(logits, targets, 0) for logits, targets in cases]
    for loss in found:
        assert_shape(loss, (), what="loss")
        assert loss.requires_grad, "the loss carries no gradient, so nothing can be learnt from it"
    logits, targets = (tensor.flatten(0, 1).detach() for tensor in cases[0])
    each = F.cross_entropy(logits, targets, ignore_index=0, reduction="none").reshape(3, 5)
    mistakes = {
        "the padding counts as a word": F.cross_entropy(logits, targets),
        "the sum was divided by all positions, padding included": each.mean(),
        "the losses were added up: a mean is asked for": each.sum(),
        "this is a mean over sentences: every token counts the same": (
            each.sum(1) / (targets.reshape(3, 5) != 0).sum(1)
        ).mean(),
    }
    assert_parity(found[0], reference.masked_loss(*cases[0], 0), what="loss", mistakes=mistakes)
    right = torch.stack([reference.masked_loss(*case, 0).detach() for case in cases])
    assert_parity(torch.stack([loss.detach() for loss in found]), right, what="the losses of ten batches")


@pytest.mark.todo("loss", weight=1)
@pytest.mark.parity
def test_gradient_of_the_loss_matches(student, reference, draw):
    """The logits receive the reference's gradient; those at padding receive none."""
    logits, targets = next(draw_losses(draw))
    loss = student.masked_loss(logits, targets, 0)
    assert loss.requires_grad, "the loss carries no gradient, so nothing can be learnt from it"
    (found,) = torch.autograd.grad(loss, logits)
    (right,) = torch.autograd.grad(reference.masked_loss(logits, targets, 0), logits)
    assert_parity(found, right, what="gradient of the logits")


@pytest.mark.todo("encoder", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_encoder_matches_the_reference(poisoned, reference, draw):
    """Outputs and state are those of each sentence read both ways for its own length."""
    ours, sizes = draw_encoder(reference, draw)
    source = draw_source(draw, sizes[0], draw.shuffled([6, 2, 3, 5]), 6)
    outputs, h_n = ours.gru(ours.embedding(source.src))
    unpacked = torch.tanh(ours.bridge(torch.cat([h_n[0], h_n[1]], dim=-1))).unsqueeze(0)
    found = send_module(poisoned, "Encoder", ours, sizes)(source.src, source.lengths)
    assert isinstance(found, (tuple, list)) and len(found) == 2, "expected the pair (outputs, state)"
    expected = ours(source.src, source.lengths)
    assert_parity(found[0], expected[0], what="outputs", mistakes={"the padding was read, too": outputs})
    assert_parity(found[1], expected[1], what="state", mistakes={"the padding was read, too": unpacked})


@pytest.mark.todo("encoder", weight=1)
@pytest.mark.parity
def test_gradients_of_the_encoder_match(student, reference, draw):
    """Gradients of outputs and state reach embedding, GRU and bridge as they do in the reference."""
    ours, sizes = draw_encoder(reference, draw)
    theirs = send_module(student, "Encoder", ours, sizes)
    # A second batch of the same form is read as well.
    for _ in range(2):
        source = draw_source(draw, sizes[0], [2, 4, 3], 4)
        assert_gradients(ours, theirs, (source.src, source.lengths), draw)


def assert_gradients(ours, theirs, inputs, draw):
    """A module's parameters receive the reference's gradients from both of its results."""
    found, expected = theirs(*inputs), ours(*inputs)
    assert isinstance(found, (tuple, list)) and len(found) == 2, "expected a pair"
    slopes = [draw.tensor(*part.shape) for part in expected]
    for part, slope in zip(found, slopes, strict=True):
        assert_shape(part, tuple(slope.shape), what="result")
    assert all(part.requires_grad for part in found), NO_GRADIENT
    sum((part * slope).sum() for part, slope in zip(found, slopes, strict=True)).backward()
    sum((part * slope).sum() for part, slope in zip(expected, slopes, strict=True)).backward()
    actual = parameter_gradients(theirs)
    right = {name: parameter.grad for name, parameter in ours.named_parameters()}
    if actual.keys() == right.keys():
        assert_parity(actual, right, what="gradients of the weights")
    assert all(gradient is not None for gradient in actual.values()), "a weight receives no gradient"


@pytest.mark.todo("attention", weight=4)
@pytest.mark.parity
@pytest.mark.gate
def test_attention_matches_the_reference(poisoned, reference, draw):
    """Context and weights are the reference's for the same layers and mask."""
    ours, sizes, case = draw_attention(reference, draw)
    inputs = (case.query, case.keys, case.mask)
    found = send_module(poisoned, "AdditiveAttention", ours, sizes)(*inputs)
    assert isinstance(found, (tuple, list)) and len(found) == 2, "expected the pair (context, weights)"
    mistakes, precise = attention_mistakes(ours, case), in_float64(ours, *inputs)
    for index, name in ((1, "weights"), (0, "context")):
        assert_parity(
            found[index],
            ours(*inputs)[index],
            what=name,
            precise=precise[index],
            mistakes={sentence: value[index] for sentence, value in mistakes.items()},
        )


@pytest.mark.todo("attention", weight=2)
@pytest.mark.parity
def test_gradients_of_attention_match(student, reference, draw):
    """Gradients of context and weights reach all three layers as they do in the reference."""
    ours, sizes, case = draw_attention(reference, draw)
    theirs = send_module(student, "AdditiveAttention", ours, sizes)
    batch, steps = case.mask.shape
    # Once more for other keys, and for a single one.
    for looking in (case, draw_looking(draw, sizes, batch, steps), draw_looking(draw, sizes, batch, 1)):
        context, expected = (attend(looking.query, looking.keys, looking.mask)[0] for attend in (theirs, ours))
        slope = draw.tensor(*expected.shape)
        assert_shape(context, tuple(slope.shape), what="context")
        assert_weight_gradients(theirs, context, ours, expected, slope)


def assert_weight_gradients(theirs, found, ours, expected, slope):
    """A module's weights receive the reference's gradients, whatever they are called."""
    assert found.requires_grad, NO_GRADIENT
    (found * slope).sum().backward()
    (expected * slope).sum().backward()
    actual = parameter_gradients(theirs)
    right = {name: parameter.grad for name, parameter in ours.named_parameters()}
    if actual.keys() == right.keys():
        assert_parity(actual, right, what="gradients of the weights")
    assert all(gradient is not None for gradient in actual.values()), "a weight receives no gradient"


@pytest.mark.todo("decoder", weight=4)
@pytest.mark.parity
@pytest.mark.gate
def test_decoder_matches_the_reference(poisoned, reference, draw, monkeypatch):
    """Logits and weights of every step are the reference's."""
    ours, theirs, sizes = make_decoder(poisoned, reference, draw, monkeypatch)
    inputs = draw_decoding(draw, sizes)
    found = theirs(*inputs)
    assert isinstance(found, (tuple, list)) and len(found) == 2, "expected the pair (logits, weights)"
    logits, weights = ours(*inputs)
    mistakes = {
        "the logits became log-probabilities": logits.log_softmax(-1),
        "the logits became probabilities": logits.softmax(-1),
    }
    assert_parity(found[0], logits, what="logits", mistakes=mistakes)
    assert_parity(found[1], weights, what="weights")


@pytest.mark.todo("decoder", weight=2)
@pytest.mark.parity
def test_first_step_asks_with_the_state_it_is_given(student, reference, draw, monkeypatch):
    """The weights of the first step come from the state before it."""
    ours, theirs, sizes = make_decoder(student, reference, draw, monkeypatch)
    tgt_in, keys, state, mask = draw_decoding(draw, sizes, steps=1)
    everything = torch.ones_like(mask)
    _, expected = ours.attention(state[0], keys, everything)
    assert_parity(theirs(tgt_in, keys, state, everything)[1][:, 0], expected, what="weights of the first step")


@pytest.mark.todo("decoder", weight=1)
@pytest.mark.parity
def test_gradients_of_the_decoder_match(student, reference, draw, monkeypatch):
    """Gradients reach embedding, attention, GRU and output layer as they do in the reference."""
    ours, theirs, sizes = make_decoder(student, reference, draw, monkeypatch)
    # Once more for other words, and for a source of one word.
    for seen in (11, 11, 1):
        inputs = draw_decoding(draw, sizes, steps=3, seen=seen)
        (logits, looks), (expected, right) = theirs(*inputs), ours(*inputs)
        slope = draw.tensor(*expected.shape)
        assert_shape(logits, tuple(slope.shape), what="logits")
        assert_weight_gradients(theirs, logits, ours, expected, slope)
        assert_parity(looks.detach(), right.detach(), what="weights")


@pytest.mark.todo("train", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_epoch_losses_match_the_reference(poisoned, reference, draw):
    """The loss of an epoch is the mean over all its target tokens, after the steps of the batches before."""
    found, right = [], []
    for strength in draw.shuffled([0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.0, 3.0]):
        lesson = make_lesson(poisoned, draw)
        # Some lessons are harder than others, so that a loss of a part of the epoch is known from any number.
        with torch.no_grad():
            lesson.ours.decoder.out.weight.mul_(strength)
        lesson.theirs.load_state_dict(lesson.ours.state_dict())
        right.append(learn_ours(reference, lesson, 0.5, 0.7)[0])
        found.append(learn(poisoned, lesson, 0.5, 0.7))
    assert_parity(torch.tensor(found), torch.tensor(right), what="the losses of eight epochs")


@pytest.mark.todo("train", weight=3)
@pytest.mark.parity
def test_weights_after_an_epoch_match(student, reference, draw):
    """After the epoch the weights are where one clipped step a batch on fresh gradients leads."""
    lesson = make_lesson(student, draw)
    _, weights = learn_ours(reference, lesson, 1.0, 0.3)
    student.define(standins.leave_gradients)(lesson.theirs)
    learn(student, lesson, 1.0, 0.3)
    assert_parity(lesson.theirs.state_dict(), weights, what="the weights")


@pytest.mark.todo("translate", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_translations_match_the_reference(poisoned, draw):
    """Each row is what greedy search writes for its sentence alone."""
    # Words that differ, in rows long enough that no other order is like the right one.
    reading = draw_reading(draw, lambda rows: sum(len(set(row)) > 4 for row in rows) > 1 and min(map(len, rows)) < 7)
    found = write_rows(poisoned, reading, max_len=reading.max_len)
    assert_equal(flatten(found), flatten(reading.rows), "each word should be the best one after all before it")


def flatten(rows):
    """All ids in one list, with a mark after each row."""
    return [token for row in rows for token in (*row, -1)]


@pytest.mark.todo("beam", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_beam_matches_the_reference(poisoned, reference, draw):
    """Scores and ids are the reference's, for several widths and penalties."""
    ours = draw_pair(draw, SOURCE_SIZE).eval()
    theirs = send_pair(poisoned, ours)
    theirs.eval()
    for width, length_penalty in ((2, 0.0), (4, 0.0), (3, 0.7)):
        src = draw.ids(SOURCE_SIZE, 4, low=4)
        found = read_beam(poisoned.beam_search(theirs, src, width, 5, length_penalty))
        expected = reference.beam_search(ours, src, width, 5, length_penalty)
        ids, right = ([tuple(ids) for _, ids in pairs] for pairs in (found, expected))
        assert_equal(ids, right, "other hypotheses were found, or in another order")
        scores, right_scores = ([score for score, _ in pairs] for pairs in (found, expected))
        assert_equal([round(s, 3) for s in scores], [round(s, 3) for s in right_scores], "the scores differ")


@pytest.mark.todo("beam", weight=2)
@pytest.mark.parity
def test_a_wide_beam_finds_everything(student, draw):
    """A beam that is wide enough gives every sentence with its score, best first."""
    ours = draw_pair(draw, SOURCE_SIZE).eval()
    theirs = send_pair(student, ours)
    theirs.eval()
    src = draw.ids(SOURCE_SIZE, 3, low=4)
    expected = search_all(ours, src, 2, 0.5)
    found = read_beam(student.beam_search(theirs, src, 200, max_len=2, length_penalty=0.5))
    assert len(found) == len(expected), "a beam that is wide enough should keep every sentence"
    assert found[0][1] == expected[0][1], "the best sentence should come first"
    scores, right = (torch.tensor([score for score, _ in pairs]) for pairs in (found, expected))
    assert_parity(scores, right, what="the scores")


@pytest.mark.todo("bleu", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_scores_match_the_reference(poisoned, reference, draw):
    """The scores of several corpora are the reference's."""
    # Good and bad ones, so that a small mistake leaves the order of the scores.
    corpora = [draw_translations(draw, changes=changes) for changes in (0, 1, 2) * 4]
    # Candidates are shorter in all than the references: the other way round they are longer.
    corpora[9:] = [(references, candidates) for candidates, references in corpora[9:]]
    found = [poisoned.corpus_bleu(*corpus) for corpus in corpora]
    right = [reference.corpus_bleu(*corpus) for corpus in corpora]
    mistaken = [bleu_mistakes(*corpus) for corpus in corpora]
    assert_parity(
        torch.tensor([float(score) for score in found]),
        torch.tensor(right),
        what="the scores",
        mistakes={sentence: torch.tensor([values[sentence] for values in mistaken]) for sentence in mistaken[0]},
    )


@pytest.mark.todo("bug.average", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_means_are_those_of_the_words(poisoned, draw):
    """Each sentence's mean is that of its own words, however long its neighbours are."""
    outputs, lengths = draw_words_outputs(draw)
    right = torch.stack([row[:length].mean(0) for row, length in zip(outputs, lengths.tolist(), strict=True)])
    mistakes = {"the sum was divided by the padded length": right * (lengths / outputs.shape[1]).unsqueeze(1)}
    assert_parity(poisoned.average_words(outputs, lengths), right, what="the means", mistakes=mistakes)


@pytest.mark.todo("bug.sorted", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_rows_come_back_in_their_order(poisoned, draw):
    """Outputs and last states are those of each sentence alone, in the order that was given."""
    ours, theirs, embedded, lengths = draw_sorting(poisoned, draw)
    outputs, states = run_each(ours, embedded, lengths)
    found = poisoned.run_sorted(theirs, embedded, lengths)
    assert isinstance(found, (tuple, list)) and len(found) == 2, "expected the pair (outputs, h_n)"
    order = lengths.argsort(descending=True)
    away = order.argsort()[order]
    mistakes = {"the rows were sorted, and sorted once more: the way back is another order": outputs[away]}
    assert_parity(found[0], outputs, what="outputs", mistakes=mistakes)
    assert_parity(found[1], states, what="h_n")
