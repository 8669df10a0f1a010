"""Parity: the same weights and inputs give the reference's numbers and gradients."""

import pytest
import standins
import torch
from cases import (
    draw_batch,
    draw_cell,
    draw_classifier,
    draw_generator,
    draw_lively_writer,
    draw_names,
    gru_mistakes,
    learn,
    learn_ours,
    make_lesson,
    parameter_slopes,
    send_classifier,
    send_generator,
    send_writer,
    spell,
)
from torch import nn

from grader.examiner import (
    Caller,
    as_ids,
    assert_equal,
    assert_parity,
    assert_shape,
    assert_unchanged,
    in_float64,
    parameter_gradients,
)

NO_GRADIENT = "the result carries no gradient: was something detached, or computed under no_grad?"


@pytest.mark.todo("vocab", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_ids_match_the_reference(poisoned, reference, draw):
    """Ids are places in the sorted alphabet, after the specials; decoding leads back."""
    names = draw_names(draw, 8)
    ours, theirs = reference.NameVocab(names), poisoned.NameVocab(names)
    found = [index for name in names for index in as_ids(theirs.encode(name), only_lists=True)]
    right = [index for name in names for index in ours.encode(name)]
    assert_equal(found, right, "the ids are not the places in the sorted alphabet, after the three specials")
    assert_equal(theirs.decode(right), ours.decode(right), "decoding should give a character for each id")


@pytest.mark.todo("cell.joined", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_joined_cell_matches_the_reference(poisoned, reference, draw):
    """The new state equals the reference's, and that of a cell with two matrices."""
    inputs = x, h, W, b = draw_cell(draw)
    size = len(h)
    mistakes = {
        "x comes before h in the joined vector": torch.tanh(W @ torch.cat([h, x]) + b),
        "the bias is missing": torch.tanh(W @ torch.cat([x, h])),
        "the tanh is missing": W @ torch.cat([x, h]) + b,
        "the state is not used": torch.tanh(W[:, :-size] @ x + b),
        "the activation is a sigmoid: tanh is asked for": torch.sigmoid(W @ torch.cat([x, h]) + b),
    }
    precise = in_float64(reference.joined_cell, *inputs)
    assert_parity(
        poisoned.joined_cell(*inputs), reference.joined_cell(*inputs), what="h", precise=precise, mistakes=mistakes
    )


@pytest.mark.todo("cell.joined", weight=1)
@pytest.mark.parity
def test_gradients_of_the_joined_cell_match(student, reference, draw):
    """Gradients reach input, state and weights as they do in the reference."""
    assert_cell_gradients(student.joined_cell, reference.joined_cell, draw_cell(draw, requires_grad=True), draw)


def assert_cell_gradients(theirs, ours, inputs, draw):
    """A cell's inputs receive the reference's gradients."""
    slope = draw.tensor(len(inputs[1]))
    found = theirs(*inputs)
    assert_shape(found, tuple(slope.shape), what="h")
    assert found.requires_grad, NO_GRADIENT
    actual = torch.autograd.grad((found * slope).sum(), inputs, allow_unused=True)
    expected = torch.autograd.grad((ours(*inputs) * slope).sum(), inputs)
    assert_parity(actual, expected, what="gradients of the inputs and weights")


@pytest.mark.todo("gru.cell", weight=5)
@pytest.mark.parity
@pytest.mark.gate
def test_gru_cell_matches_the_reference(poisoned, reference, draw):
    """The new state equals the reference's."""
    inputs = draw_cell(draw, gates=3)
    assert_parity(
        poisoned.gru_cell(*inputs),
        reference.gru_cell(*inputs),
        what="h",
        precise=in_float64(reference.gru_cell, *inputs),
        mistakes=lambda: gru_mistakes(*inputs),
    )


@pytest.mark.todo("gru.cell", weight=3)
@pytest.mark.parity
def test_gru_cell_equals_torch(student, draw):
    """Over several steps the states are those of nn.GRUCell with the same weights."""
    width, hidden = draw.sizes(2)
    cell = nn.GRUCell(width, hidden)
    h = own = draw.tensor(hidden)
    for x in draw.tensor(3, width):
        h = student.gru_cell(x, h, cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh)
        assert_shape(h, (hidden,), what="h")
        h, own = h.detach(), cell(x, own).detach()
    assert_parity(h, own, what="state after three steps")


@pytest.mark.todo("gru.cell", weight=2)
@pytest.mark.parity
def test_gradients_of_the_gru_cell_match(student, reference, draw):
    """Gradients reach input, state and weights as they do in the reference."""
    inputs = draw_cell(draw, gates=3, requires_grad=True)
    assert_cell_gradients(student.gru_cell, reference.gru_cell, inputs, draw)


@pytest.mark.todo("order", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_bag_matches_the_reference(poisoned, reference, draw):
    """The vectors are the means over the real characters."""
    rows, width = draw.sizes(2, low=6)
    table, batch = draw.tensor(rows, width), draw_batch(draw, rows, [2, 6, 1, 4], 6)
    vectors = table[batch.ids]
    real = (torch.arange(6) < batch.lengths.unsqueeze(1)).unsqueeze(-1)
    mistakes = {
        "the padding is in the mean": vectors.mean(1),
        "the sum was divided by S, padding included": (vectors * real).mean(1),
        "the vectors were added up: a mean is asked for": (vectors * real).sum(1),
        "the last real vector was taken": vectors[torch.arange(4), batch.lengths - 1],
    }
    found = poisoned.bag_of_embeddings(table, batch.ids, batch.lengths)
    expected = reference.bag_of_embeddings(table, batch.ids, batch.lengths)
    assert_parity(found, expected, what="means", mistakes=mistakes)


@pytest.mark.todo("order", weight=1)
@pytest.mark.parity
def test_gradient_reaches_only_real_characters(student, reference, draw):
    """The table's rows receive the reference's gradient."""
    rows, width = draw.sizes(2, low=6)
    batch, slope = draw_batch(draw, rows, [2, 4, 3], 5), draw.tensor(3, width)
    table = draw.tensor(rows, width, requires_grad=True)
    found = student.bag_of_embeddings(table, batch.ids, batch.lengths)
    assert_shape(found, (3, width), what="means")
    assert found.requires_grad, NO_GRADIENT
    actual = torch.autograd.grad((found * slope).sum(), table)
    own = reference.bag_of_embeddings(table, batch.ids, batch.lengths)
    assert_parity(actual, torch.autograd.grad((own * slope).sum(), table), what="gradient of (table,)")


@pytest.mark.todo("classifier", weight=4)
@pytest.mark.parity
@pytest.mark.gate
def test_classifier_matches_the_reference(poisoned, reference, draw):
    """Log-probabilities come from each row's state after its last real character."""
    ours, sizes = draw_classifier(reference, draw)
    batch = draw_batch(draw, sizes[0], draw.shuffled([6, 1, 3, 5]), 6)
    found = send_classifier(poisoned, ours, sizes)(batch.ids, batch.lengths)
    states, _ = ours.gru(ours.embedding(batch.ids))
    rows = torch.arange(4)
    mistakes = {
        "the state of the last column was taken, which has read the padding": ours.out(states[:, -1]).log_softmax(-1),
        "the states were averaged": ours.out(states.mean(1)).log_softmax(-1),
        "these are logits: log-probabilities are asked for": ours.out(states[rows, batch.lengths - 1]),
        "these are probabilities: their logarithm is asked for": ours.out(states[rows, batch.lengths - 1]).softmax(-1),
    }
    assert_parity(found, ours(batch.ids, batch.lengths), what="log-probabilities", mistakes=mistakes)


@pytest.mark.todo("classifier", weight=2)
@pytest.mark.parity
def test_gradients_of_the_classifier_match(student, reference, draw):
    """Gradients reach embedding, GRU and linear layer as they do in the reference."""
    ours, sizes = draw_classifier(reference, draw)
    theirs, batch = send_classifier(student, ours, sizes), draw_batch(draw, sizes[0], [2, 4, 3], 5)
    found, slope = theirs(batch.ids, batch.lengths), draw.tensor(3, sizes[-1])
    assert_shape(found, tuple(slope.shape), what="log-probabilities")
    assert_module_gradients(theirs, found, ours, ours(batch.ids, batch.lengths), slope)


def assert_module_gradients(theirs, found, ours, expected, slope):
    """A module's parameters receive the reference's gradients, whatever they are called."""
    assert found.requires_grad, NO_GRADIENT
    (found * slope).sum().backward()
    actual = parameter_gradients(theirs)
    right = parameter_slopes(ours, expected, slope)
    if actual.keys() == right.keys():
        assert_parity(actual, right, what="gradients of the weights")
    assert all(gradient is not None for gradient in actual.values()), "a weight receives no gradient"


@pytest.mark.todo("clip", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_clipped_gradients_match(poisoned, draw):
    """Norms and clipped gradients are those of one long vector."""
    clip_and_read = poisoned.define(standins.clip_and_read)
    norms, clipped, given = [], [], []
    for factor in (0.3, 1.0, 2.0, 5.0, 9.0, 14.0, 20.0, 33.0):
        gradients = [draw.tensor(3, 4, scale=factor), draw.tensor(5, scale=factor), draw.tensor(2, 2, 2, scale=factor)]
        norm, after, _ = clip_and_read(poisoned.clip_gradients, gradients, 2.5)
        norms.append(float(norm))
        clipped.append(after)
        given.append(gradients)
    whole = [float(torch.cat([gradient.flatten() for gradient in gradients]).norm()) for gradients in given]
    scales = [min(1.0, 2.5 / norm) for norm in whole]
    right = [[gradient * scale for gradient in gradients] for gradients, scale in zip(given, scales, strict=True)]
    assert_parity(clipped, right, what="the clipped gradients")
    # A gradient that is left alone has the right direction; by how much it was scaled tells the two apart.
    assert_parity(measure_scales(clipped, given), torch.tensor(scales), what="the factors of the gradients")
    assert_parity(torch.tensor(norms), torch.tensor(whole), what="the norms")


def measure_scales(after, before):
    """By what factor all gradients of each case were scaled together."""
    lengths = [[torch.cat([tensor.flatten() for tensor in case]).norm() for case in cases] for cases in (after, before)]
    return torch.stack(lengths[0]) / torch.stack(lengths[1])


@pytest.mark.todo("train", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_losses_match_the_reference(poisoned, reference, draw):
    """Each batch's loss is the mean negative log-likelihood, after the steps of the batches before."""
    lesson = make_lesson(poisoned, draw)
    expected, _ = learn_ours(reference, lesson, 2.0, 0.7)
    assert_parity(learn(poisoned, lesson, 2.0, 0.7), expected, what="the losses")


@pytest.mark.todo("train", weight=3)
@pytest.mark.parity
def test_weights_after_training_match(student, reference, draw):
    """After the last batch the weights are where one clipped step a batch on fresh gradients leads."""
    lesson = make_lesson(student, draw, count=4)
    _, weights = learn_ours(reference, lesson, 2.0, 0.4)
    student.define(standins.leave_gradients)(lesson.theirs)
    learn(student, lesson, 2.0, 0.4)
    assert_parity(lesson.theirs.state_dict(), weights, what="the weights")


@pytest.mark.todo("confusion", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_matrix_matches_the_reference(poisoned, reference, draw):
    """Rows are the actual classes, columns the predicted ones."""
    classes = draw.integer(4, 6)
    actual = draw.ids(classes, 90)
    predicted = torch.where(draw.ids(3, 90) > 0, (actual * 2 + 1) % classes, draw.ids(classes, 90))
    expected = reference.confusion_matrix(predicted, actual, classes)
    assert_parity(
        poisoned.confusion_matrix(predicted, actual, classes),
        expected,
        what="matrix",
        mistakes={"rows and columns are exchanged: rows are the actual classes": expected.T.contiguous()},
    )


@pytest.mark.todo("generator", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_generator_matches_the_reference(poisoned, reference, draw):
    """Logits come from states that begin with the category's vector."""
    ours, sizes = draw_generator(reference, draw)
    category, ids = draw.ids(sizes[0], 3), draw.ids(sizes[1], 3, 5)
    from_zero = ours.gru(ours.embedding(ids))[0]
    states = ours.gru(ours.embedding(ids), ours.class_embedding(category)[None])[0]
    mistakes = {
        "the GRU starts from zeros: the category's vector is its first state": ours.out(from_zero),
        "the category's vector was added to every state": ours.out(from_zero + ours.class_embedding(category)[:, None]),
        "the logits became log-probabilities": ours.out(states).log_softmax(-1),
        "the logits became probabilities": ours.out(states).softmax(-1),
    }
    assert_parity(
        send_generator(poisoned, ours, sizes)(category, ids), ours(category, ids), what="logits", mistakes=mistakes
    )


@pytest.mark.todo("generator", weight=1)
@pytest.mark.parity
def test_gradients_of_the_generator_match(student, reference, draw):
    """Gradients reach both embeddings, the GRU and the linear layer as they do in the reference."""
    ours, sizes = draw_generator(reference, draw)
    theirs, category, ids = send_generator(student, ours, sizes), draw.ids(sizes[0], 2), draw.ids(sizes[1], 2, 4)
    found, slope = theirs(category, ids), draw.tensor(2, 4, sizes[1])
    assert_shape(found, tuple(slope.shape), what="logits")
    assert_module_gradients(theirs, found, ours, ours(category, ids), slope)


@pytest.mark.todo("sample", weight=4)
@pytest.mark.parity
@pytest.mark.gate
def test_greedy_names_match_the_reference(poisoned, draw):
    """Without a temperature the best character is chosen and read again, for every category."""
    ours, paths = draw_lively_writer(draw)
    model, vocab = send_writer(poisoned, ours)
    found = [poisoned.sample_name(model, vocab, category) for category in paths]
    assert all(isinstance(name, str) for name in found), "a name should be a string"
    right = [spell(path) for path in paths.values()]
    assert_equal("|".join(found), "|".join(right), "each character should be the best one after all before it")


@pytest.mark.todo("bug.temperature", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_temperature_shapes_the_probabilities(poisoned, draw):
    """Probabilities are the softmax of logits / temperature, below 1 and above."""
    cases = [(draw.tensor(9, scale=3.0), temperature) for temperature in (0.25, 0.5, 4.0, 8.0)]
    found = [poisoned.cool(logits, temperature) for logits, temperature in cases]
    for probabilities in found:
        assert_shape(probabilities, (9,), what="the probabilities")
    right = torch.stack([(logits / temperature).softmax(0) for logits, temperature in cases])
    mistakes = {
        "the temperature has no effect": torch.stack([logits.softmax(0) for logits, _ in cases]),
        "the logits were multiplied by the temperature": torch.stack([(x * t).softmax(0) for x, t in cases]),
    }
    assert_parity(torch.stack(found), right, what="the probabilities", mistakes=mistakes)


@pytest.mark.todo("bug.temperature", weight=1)
@pytest.mark.parity
def test_large_logits_do_not_overflow(student, draw):
    """The largest logit is taken away first, so that nothing becomes inf."""
    steps = draw.ids(7, 9).float()
    steps[0] = -500.0  # far below the others: taking the smallest away would overflow
    assert_shape(student.cool(steps[:1], 0.5), (1,), what="the probabilities")
    (after,) = student.define(Caller)().inputs_after(student.cool, steps, 0.5)[:1]
    assert_unchanged(steps, after, what="logits")
    found = student.cool(steps + 500, 0.5)
    assert_shape(found, (9,), what="the probabilities")
    assert bool(torch.isfinite(found).all()), "large logits should not overflow"
    assert_parity(found, (steps / 0.5).softmax(0), what="the probabilities")


@pytest.mark.todo("bug.directions", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_each_row_gets_its_own_states(poisoned, draw):
    """A row holds its own forward and its own backward state, in this order."""
    batch, size = draw.sizes(2, low=4, high=8)
    h_n = draw.tensor(2, batch, size)
    right = torch.cat([h_n[0], h_n[1]], dim=1)
    mistakes = {
        "states of different rows lie side by side: reshape cuts the numbers as they lie in memory": h_n.reshape(
            batch, 2 * size
        ),
        "the backward state comes second": torch.cat([h_n[1], h_n[0]], dim=1),
    }
    assert_parity(poisoned.join_directions(h_n), right, what="the joined states", mistakes=mistakes)
    other = draw.tensor(2, batch, size)
    assert_parity(poisoned.join_directions(other), torch.cat([other[0], other[1]], dim=1), what="the joined states")
