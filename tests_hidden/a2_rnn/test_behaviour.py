"""Behaviour: what stays true whatever the weights are."""

import itertools

import pytest
import standins
import torch
from cases import (
    LEARNING_RATE,
    LESSON,
    LETTERS,
    PASSES,
    as_floats,
    as_shares,
    count_letters,
    draw_cell,
    draw_head,
    draw_learner,
    draw_models,
    draw_writers,
    keep_real,
    make_dice,
    make_layers,
    measure_distance,
    send_model,
)
from torch import nn

from grader.examiner import (
    Caller,
    as_ids,
    assert_equal,
    assert_parity,
    assert_unchanged,
    load_weights,
    parameter_gradients,
)


@pytest.mark.todo("cell.rnn", weight=1)
@pytest.mark.behaviour
def test_cell_leaves_its_inputs_alone(student, draw):
    """One step changes neither the input nor the state nor the weights."""
    inputs = draw_cell(draw)
    after = student.define(Caller)().inputs_after(student.rnn_cell, *inputs)
    for name, before, now in zip(("x_t", "h_prev", "W_xh", "W_hh", "b"), inputs, after, strict=True):
        assert_unchanged(before, now, what=name)


@pytest.mark.todo("unroll", weight=1)
@pytest.mark.behaviour
def test_last_hidden_is_the_last_row(student, draw):
    """last_hidden is the last of the hidden states."""
    student.replace(rnn_cell=standins.leaky_cell)
    inputs = draw_cell(draw, steps=6)
    hidden_states, last_hidden = student.unroll(*inputs)
    assert measure_distance(last_hidden, hidden_states[-1:]) < 1e-5, (
        "last_hidden should be the last row of hidden_states"
    )


@pytest.mark.todo("unroll", weight=1)
@pytest.mark.behaviour
def test_unroll_leaves_its_inputs_alone(student, draw):
    """Unrolling does not write into the sequence, the first state or the weights."""
    student.replace(rnn_cell=standins.leaky_cell)
    inputs = draw_cell(draw, steps=4)
    after = student.define(Caller)().inputs_after(student.unroll, *inputs)
    for name, before, now in zip(("x", "h_0", "W_xh", "W_hh", "b"), inputs, after, strict=True):
        assert_unchanged(before, now, what=name)


@pytest.mark.todo("parameters", weight=2)
@pytest.mark.behaviour
@pytest.mark.gate
def test_every_number_is_counted(student, draw):
    """All entries of all parameters count, biases and embeddings too."""
    vocab, width, hidden = draw.sizes(3)
    make = student.define(standins.make_layer)
    for layer, expected in (
        (make("RNN", width, hidden), hidden * (width + hidden + 2)),
        (make("Embedding", vocab, width), vocab * width),
        (make("LSTM", width, hidden, num_layers=2), 4 * hidden * (width + 3 * hidden + 4)),
        (make("ReLU"), 0),
    ):
        found = int(student.count_parameters(layer))
        assert_equal(found, expected, "the count differs from the number of entries")


@pytest.mark.todo("parameters", weight=1)
@pytest.mark.behaviour
def test_frozen_parameters_do_not_count(student, draw):
    """What is frozen is not trained and does not count."""
    width, hidden = draw.sizes(2)
    layer = student.define(standins.make_half_frozen)(width, hidden)
    assert int(student.count_parameters(layer)) == hidden, "frozen parameters should not count"


@pytest.mark.todo("parameters", weight=1)
@pytest.mark.behaviour
def test_buffers_do_not_count(student, draw):
    """Running statistics are no parameters."""
    (size,) = draw.sizes(1)
    layer = student.define(standins.make_layer)("BatchNorm1d", size)
    assert int(student.count_parameters(layer)) == 2 * size, "only parameters should count, not buffers"


def make_head(student, reference, draw, name, lengths, longest):
    """A submission's head with known weights, ids and lengths."""
    student.replace(run_packed=standins.canned_packed)
    ours, sizes, ids, lengths = draw_head(reference, draw, name, lengths, longest)
    theirs = getattr(student, name)(*sizes)
    load_weights(theirs, ours)
    return theirs, sizes[0], ids, lengths


@pytest.mark.todo("heads.classify", weight=2)
@pytest.mark.behaviour
def test_padding_does_not_change_a_class(student, reference, draw):
    """Logits stay the same whatever the padding holds, and however much there is of it."""
    theirs, vocab, ids, lengths = make_head(student, reference, draw, "SentenceClassifier", [4, 2, 3], 4)
    before = theirs(ids, lengths)
    wider = torch.cat([ids, draw.ids(vocab, 3, 3)], dim=1)
    assert_parity(theirs(wider, lengths), before.detach(), what="logits with more padding")
    other = ids.clone()
    other[1, 2:] = (other[1, 2:] + 1) % vocab
    assert_parity(theirs(other, lengths), before.detach(), what="logits with other padding")
    changed = ids.clone()
    changed[1, 1] = (changed[1, 1] + 1) % vocab
    assert measure_distance(theirs(changed, lengths), before) > 1e-4, "the last real word of a sentence should count"


@pytest.mark.todo("heads.classify", weight=1)
@pytest.mark.behaviour
def test_sentences_of_a_batch_do_not_mix(student, reference, draw):
    """Each sentence gives what it gives by itself, and rows stay in their order."""
    theirs, _, ids, lengths = make_head(student, reference, draw, "SentenceClassifier", [2, 5, 3], 5)
    together = theirs(ids, lengths)
    alone = torch.cat([theirs(ids[row : row + 1], lengths[row : row + 1]).detach() for row in range(3)])
    assert_parity(together, alone, what="logits of a batch, against one sentence at a time")


@pytest.mark.todo("heads.classify", weight=1)
@pytest.mark.behaviour
def test_no_layer_is_made_in_forward(student, reference, draw):
    """All layers are there before the first call, and a call changes neither ids nor lengths."""
    theirs, _, ids, lengths = make_head(student, reference, draw, "SentenceClassifier", [2, 3], 3)
    before = set(theirs.state_dict())
    after = student.define(Caller)().inputs_after(theirs, ids, lengths)
    for name, given, kept in zip(("ids", "lengths"), (ids, lengths), after, strict=True):
        assert_unchanged(given, kept, what=name)
    assert set(theirs.state_dict()) == before, "a layer that is made in forward is never trained: use those of __init__"


@pytest.mark.todo("heads.tag", weight=1)
@pytest.mark.behaviour
def test_padding_does_not_change_a_tag(student, reference, draw):
    """Logits of real words stay the same whatever the padding holds."""
    theirs, vocab, ids, lengths = make_head(student, reference, draw, "TokenTagger", [4, 2, 3], 4)
    before = keep_real(theirs(ids, lengths), lengths).detach()
    wider = torch.cat([ids, draw.ids(vocab, 3, 2)], dim=1)
    wider[1, 2:] = (wider[1, 2:] + 1) % vocab
    assert_parity(keep_real(theirs(wider, lengths), lengths), before, what="logits of real words with other padding")
    after = student.define(Caller)().inputs_after(theirs, ids, lengths)
    assert_unchanged(ids, after[0], what="ids")
    assert_unchanged(lengths, after[1], what="lengths")


@pytest.mark.todo("heads.tag", weight=1)
@pytest.mark.behaviour
def test_tags_read_from_left_to_right(student, reference, draw):
    """A word counts for itself and for the words after it, within its own sentence only."""
    theirs, vocab, ids, lengths = make_head(student, reference, draw, "TokenTagger", [5, 4], 5)
    before = theirs(ids, lengths).detach()
    changed = ids.clone()
    changed[0, 2] = (changed[0, 2] + 1) % vocab
    after = theirs(changed, lengths).detach()
    assert measure_distance(after[0, :2], before[0, :2]) < 1e-5, "a word should not count for the words before it"
    assert measure_distance(after[1, :4], before[1, :4]) < 1e-5, "a word should not count for other sentences"
    assert all(measure_distance(after[0, t], before[0, t]) > 1e-6 for t in (2, 3)), (
        "a word should count from its place on"
    )


@pytest.mark.todo("packing", weight=2)
@pytest.mark.behaviour
def test_padding_is_never_read(student, draw):
    """What stands in the padding changes nothing, in both directions of reading."""
    width, hidden = draw.sizes(2)
    _, theirs = make_layers(student, draw, "LSTM", width, hidden, bidirectional=True)
    embeddings, lengths = draw.tensor(5, 3, width), torch.tensor([3, 5, 2])
    dirty = embeddings.clone()
    dirty[3:, 0], dirty[2:, 2] = 7.0, -7.0
    (outputs, state), (outputs_dirty, state_dirty) = (
        student.run_packed(theirs, e, lengths) for e in (embeddings, dirty)
    )
    clean = keep_real(outputs.transpose(0, 1), lengths).detach()
    assert_parity(keep_real(outputs_dirty.transpose(0, 1), lengths), clean, what="outputs with other padding")
    assert measure_distance(list(state_dirty), list(state)) < 1e-5, "the state should not depend on the padding"


@pytest.mark.todo("packing", weight=1)
@pytest.mark.behaviour
def test_order_of_sequences_is_kept(student, draw):
    """Sequences in another order give the same rows in that order."""
    width, hidden = draw.sizes(2)
    _, theirs = make_layers(student, draw, "RNN", width, hidden)
    embeddings, lengths = draw.tensor(5, 4, width), torch.tensor([5, 4, 3, 1])
    order = torch.tensor(draw.shuffled([[2, 0, 3, 1], [3, 2, 0, 1], [1, 3, 0, 2]])[0])
    outputs, state = student.run_packed(theirs, embeddings, lengths)
    moved_outputs, moved = student.run_packed(theirs, embeddings[:, order], lengths[order])
    assert_parity(moved, state[:, order].detach(), what="h_n of the reordered batch")
    rows, expected = (keep_real(part.transpose(0, 1), lengths[order]) for part in (moved_outputs, outputs[:, order]))
    assert_parity(rows, expected.detach(), what="outputs of the reordered batch")
    after = student.define(Caller)().inputs_after(student.run_packed, theirs, embeddings, lengths)
    assert_unchanged(embeddings, after[1], what="embeddings")
    assert_unchanged(lengths, after[2], what="lengths")


@pytest.mark.todo("charlm.encode", weight=2)
@pytest.mark.behaviour
def test_characters_are_sorted_and_unique(student, draw):
    """chars holds each character of the text once, sorted: the same in every run."""
    text = draw.word() + draw.hangul() + " " + draw.word() + "!"
    vocab = student.CharVocab(text * 2)
    assert len(vocab) == len(set(text)), "each character should be there once"
    chars = vocab.chars
    assert isinstance(chars, (list, tuple, str)), "chars should have an order: a list, a tuple or a string"
    assert list(chars) == sorted(set(text)), "the characters should be sorted"


@pytest.mark.todo("charlm.encode", weight=1)
@pytest.mark.behaviour
def test_maps_lead_there_and_back(student, draw):
    """stoi and itos lead from characters to ids and back."""
    text = draw.word() + draw.hangul()
    vocab = student.CharVocab(text)
    stoi, itos = dict(vocab.stoi), vocab.itos
    itos = dict(enumerate(itos)) if isinstance(itos, (list, tuple, str)) else dict(itos)
    expected = {char: index for index, char in enumerate(sorted(set(text)))}
    assert stoi == expected, "stoi should lead from each character to its place"
    assert itos == {index: char for char, index in expected.items()}, "itos should lead from each id to its character"
    # nothing of one call may be remembered in the next, and no list may be changed
    caller, ids = student.define(Caller)(), [expected[char] for char in text]
    for function in (vocab.one_hot, vocab.decode, student.make_targets):
        assert caller.inputs_after(function, ids)[0] == ids, "the list that was given should not be changed"
    vocab.encode(text)
    results = [vocab.encode(text[::-1]), student.make_targets(ids[::-1])]
    assert list(map(as_ids, results)) == [ids[::-1], ids[::-1][1:]], "another text should get ids of its own"


@pytest.mark.todo("charlm.encode", weight=1)
@pytest.mark.behaviour
@pytest.mark.gate
def test_target_is_the_next_character(student, draw):
    """The targets are the ids one step ahead."""
    ids = draw.ids(90, 12).tolist()
    ids += ids[3:5]
    found = as_ids(student.make_targets(list(ids)), only_lists=True)
    assert_equal(found, ids[1:], "each target should be the id that comes next")


@pytest.mark.todo("charlm.step", weight=1)
@pytest.mark.behaviour
def test_state_is_the_one_that_is_given(student, reference, draw):
    """A step depends on the state it is given and on nothing that came before."""
    student.replace(rnn_cell=standins.leaky_cell)
    _, plain = draw_models(reference, draw, *draw.sizes(2))
    theirs = student.CharRNN(plain.vocab_size, plain.hidden_size)
    load_weights(theirs, plain)
    x, h, other = torch.eye(plain.vocab_size)[1], draw.tensor(plain.hidden_size), draw.tensor(plain.hidden_size)
    first = [result.detach() for result in theirs.step(x, h)]
    assert measure_distance(list(theirs.step(x, other)), first) > 1e-4, "another state should give another result"
    assert_parity(theirs.step(x, h), first, what="a second call with the same state")
    after = student.define(Caller)().inputs_after(theirs.step, x, h)
    assert_unchanged(h, after[1], what="h")


@pytest.mark.todo("charlm.step", weight=1)
@pytest.mark.behaviour
def test_logits_are_raw(student, reference, draw):
    """What is added to the output bias shows in the logits as it is."""
    student.replace(rnn_cell=standins.leaky_cell)
    _, plain = draw_models(reference, draw, *draw.sizes(2))
    theirs = student.CharRNN(plain.vocab_size, plain.hidden_size)
    x, h = torch.eye(plain.vocab_size)[0], draw.tensor(plain.hidden_size)
    load_weights(theirs, plain)
    before, _ = theirs.step(x, h)
    with torch.no_grad():
        plain.b_y.add_(2.5)
    load_weights(theirs, plain)
    after, _ = theirs.step(x, h)
    assert_parity(after, before.detach() + 2.5, what="logits after 2.5 was added to b_y")


@pytest.mark.todo("charlm.generate", weight=1)
@pytest.mark.behaviour
def test_whole_prime_is_read(student, reference, draw):
    """Primes that differ only at their beginning are continued as each of them asks."""
    primes = ["라다a", "나다a"]
    leaky, texts = draw_writers(reference, draw, primes, 5, lambda texts: texts[0][1:] != texts[1][1:])
    vocab = student.define(standins.Letters)(LETTERS)
    model = send_model(student, leaky)
    found = [student.generate(model, vocab, prime, 5) for prime in primes]
    assert found[0][3:] != found[1][3:], "the beginning of the prime should count, too"
    assert found in texts, "the continuation should come from the whole prime, each character read once"


@pytest.mark.todo("charlm.generate", weight=1)
@pytest.mark.behaviour
def test_low_temperature_plays_safe(student, draw):
    """At a low temperature the best character is all but certain."""
    best = draw.integer(0, 4)
    logits = draw.tensor(5, scale=0.2)
    logits[best] += 4
    model, vocab = make_dice(student, logits)
    text = student.generate(model, vocab, "라", 40, temperature=0.1)
    assert text[1:] == vocab.chars[best] * 40, "at a low temperature the best character should always be chosen"


@pytest.mark.todo("charlm.generate", weight=2)
@pytest.mark.behaviour
def test_characters_are_drawn_by_their_probabilities(student, draw):
    """With a temperature characters come as often as softmax(logits / temperature) says."""
    logits = torch.tensor(draw.shuffled([3.0, 1.0, 0.0, -1.5]))
    model, vocab = make_dice(student, logits)
    generator = student.define(standins.make_generator)(draw.seed())
    other, _ = make_dice(student, -logits)
    student.generate(other, vocab, "라", 1, temperature=3.0)  # nothing of it may be remembered
    text = student.generate(model, vocab, "라", 300, temperature=3.0, generator=generator)
    counts, probabilities = count_letters(text[1:], 4), torch.softmax(logits.double() / 3, dim=0)
    spread = (300 * probabilities * (1 - probabilities)).sqrt()
    assert (counts > 0).sum() > 1, "with a temperature the choice should be drawn, not always the best one"
    # six standard deviations: a right implementation misses this once in a hundred million times
    assert bool(((counts - 300 * probabilities).abs() < 6 * spread).all()), "characters come too often or too rarely"


@pytest.mark.todo("charlm.generate", weight=1)
@pytest.mark.behaviour
def test_generator_decides_the_draws(student, draw):
    """The same generator seed gives the same text, another one another text."""
    model, vocab = make_dice(student, torch.zeros(5))
    make_generator, seed = student.define(standins.make_generator), draw.seed()
    texts = [
        student.generate(model, vocab, "라", 30, temperature=1.0, generator=make_generator(number))
        for number in (seed, seed, seed + 1)
    ]
    assert texts[0] == texts[1], "the draws should come from the generator: the same seed, the same text"
    assert texts[0] != texts[2], "another seed should give another text"
    free = {student.generate(model, vocab, "라", 30, temperature=1.0) for _ in range(2)}
    assert len(free) == 2, "without a generator each text should be another: was a seed set?"
    # in all twelve only once in a hundred million times
    pairs = [student.generate(model, vocab, "라", 2, temperature=1.0, generator=make_generator(n)) for n in range(12)]
    assert any(one != other for _, one, other in pairs), "a character seems to be drawn once and used twice"


@pytest.mark.todo("charlm.generate", weight=1)
@pytest.mark.behaviour
def test_empty_prime_is_refused(student):
    """An empty prime is a ValueError with a reason."""
    model, vocab = make_dice(student, torch.zeros(4))
    said = student.define(Caller)().refusal(student.generate, model, vocab, "", 3)
    assert said is not None, "an empty prime should be a ValueError"
    assert said.strip(), "the ValueError should say what is wrong"


@pytest.mark.todo("bptt", weight=2)
@pytest.mark.behaviour
def test_state_is_carried_from_chunk_to_chunk(student, reference, draw):
    """While nothing is learnt, chunks give the losses of one unbroken reading."""
    leaky, plain = draw_models(reference, draw, *draw.sizes(2))
    ids = draw.ids(leaky.vocab_size, 9).tolist()
    theirs = send_model(student, leaky)
    found = as_floats(student.truncated_bptt(theirs, ids, 2, student.define(standins.make_sgd)(theirs, 0.0)))
    unbroken = []
    for model in (leaky, plain):
        h, losses = model.init_hidden(), []
        for one, other in itertools.pairwise(ids):
            logits, h = model.step(torch.eye(model.vocab_size)[one], h)
            losses.append(nn.functional.cross_entropy(logits, torch.tensor(other)).item())
        unbroken.append([(a + b) / 2 for a, b in zip(losses[::2], losses[1::2], strict=True)])
    # Up to a factor: what a chunk's loss is made of is charged elsewhere.
    assert any(measure_distance(as_shares(found), as_shares(losses)) < 1e-4 for losses in unbroken), (
        "the state should go on into the next chunk"
    )


@pytest.mark.todo("bptt", weight=1)
@pytest.mark.behaviour
def test_loss_falls(student, reference, draw):
    """Training again and again on one text lowers its loss."""
    theirs = send_model(student, draw_learner(reference, draw, LESSON))
    optimizer = student.define(standins.make_sgd)(theirs, LEARNING_RATE)
    losses = [sum(as_floats(student.truncated_bptt(theirs, LESSON, 4, optimizer))) for _ in range(PASSES)]
    # The smallest, not the last: with steps that are too large it falls and may rise again.
    assert min(losses) < 0.8 * losses[0], "the loss should fall from one pass to the next"


@pytest.mark.todo("vanishing", weight=1)
@pytest.mark.behaviour
def test_last_step_is_one_cell_away(student, draw):
    """For the last input the Jacobian is that of a single step."""
    width, hidden = draw.sizes(2)
    ours, theirs = make_layers(student, draw, "RNN", width, hidden)
    x = draw.tensor(4, width)
    slope = 1 - ours(x)[0][-1] ** 2
    expected = (slope.unsqueeze(1) * ours.weight_ih_l0).norm().detach()
    assert_parity(student.gradient_norms(theirs, x)[-1], expected, what="the norm of the last step")
    after = student.define(Caller)().inputs_after(student.gradient_norms, theirs, x)
    assert_unchanged(x, after[1], what="x")
    left = [gradient for gradient in parameter_gradients(theirs).values() if gradient is not None and gradient.any()]
    assert not left, "gradients were left on the layer's parameters: the next training step would add them"


@pytest.mark.todo("vanishing", weight=1)
@pytest.mark.behaviour
def test_memory_fades_in_an_rnn_and_less_in_an_lstm(student, draw):
    """Early inputs count less than late ones in a plain RNN, and an LSTM that remembers loses less."""
    width, hidden = draw.sizes(2)
    kept = []
    for kind in ("RNN", "LSTM"):
        layer = standins.make_layer(kind, width, hidden)
        with torch.no_grad():
            layer.weight_hh_l0.mul_(0.3)
            # an open forget gate: the cell state is handed on
            layer.bias_hh_l0[hidden : 2 * hidden] += 3.0 if kind == "LSTM" else 0.0
        theirs = student.define(standins.make_layer)(kind, width, hidden)
        theirs.load_state_dict(layer.state_dict())
        norms = student.gradient_norms(theirs, draw.tensor(12, width, scale=0.3))
        kept.append(float(norms[0] / norms[-1]))
    assert kept[0] < 0.1, "in a plain RNN the first input should have faded"
    assert kept[0] < kept[1], "an LSTM with an open forget gate should keep more"
