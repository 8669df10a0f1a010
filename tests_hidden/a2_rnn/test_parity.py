"""Parity: the same weights and inputs give the reference's numbers and gradients."""

import pytest
import standins
import torch
from cases import (
    LETTERS,
    as_floats,
    choose_training,
    classify_packed,
    closest,
    damp_biases,
    draw_cell,
    draw_head,
    draw_models,
    draw_writers,
    head_gradients,
    keep_real,
    make_layers,
    read_gradients,
    run_alone,
    send_model,
    tag_packed,
    train_reference,
    unroll_leaky,
)

from grader.examiner import (
    as_ids,
    assert_equal,
    assert_parity,
    assert_shape,
    in_float64,
    load_weights,
    parameter_gradients,
)

NO_GRADIENT = "the result carries no gradient: was something detached, or computed under no_grad?"
UNMOVED = "the weights never change: `zero_grad` comes before `backward`, and `step` after it"
PILED = "gradients add up from chunk to chunk: is `zero_grad` called before each `backward`?"


@pytest.mark.todo("cell.rnn", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_cell_matches_the_reference(poisoned, reference, draw):
    """The new state equals the reference's."""
    # So many numbers, and a state so small, that a mistake with the state looks much the same in every draw.
    x_t, state, W_xh, W_hh, b = draw_cell(draw, low=20, high=30)
    inputs = x_t, h_prev, W_xh, W_hh, b = x_t, state / 4, W_xh, W_hh, b
    mistakes = {
        "the bias is missing": torch.tanh(W_xh @ x_t + W_hh @ h_prev),
        "the previous state is not used": torch.tanh(W_xh @ x_t + b),
        "W_hh is transposed": torch.tanh(W_xh @ x_t + W_hh.T @ h_prev + b),
        "the tanh is missing": W_xh @ x_t + W_hh @ h_prev + b,
        "the activation is a sigmoid; a plain RNN takes tanh": torch.sigmoid(W_xh @ x_t + W_hh @ h_prev + b),
    }
    precise = in_float64(reference.rnn_cell, *inputs)
    assert_parity(
        poisoned.rnn_cell(*inputs), reference.rnn_cell(*inputs), what="h_t", precise=precise, mistakes=mistakes
    )


@pytest.mark.todo("cell.rnn", weight=1)
@pytest.mark.parity
def test_gradients_of_the_cell_match(student, reference, draw):
    """Gradients reach input, state and weights as they do in the reference."""
    inputs = draw_cell(draw, requires_grad=True)
    direction = draw.tensor(len(inputs[1]))
    student.rnn_cell(*(tensor.detach().flip(0) for tensor in inputs))  # nothing of it may be remembered
    found = student.rnn_cell(*inputs)
    assert_shape(found, (len(inputs[1]),), what="h_t")
    expected = torch.autograd.grad((reference.rnn_cell(*inputs) * direction).sum(), inputs)
    assert found.requires_grad, NO_GRADIENT
    actual = torch.autograd.grad((found * direction).sum(), inputs, allow_unused=True)
    assert_parity(actual, expected, what="gradients of (x_t, h_prev, W_xh, W_hh, b)")


@pytest.mark.todo("unroll", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_unroll_matches_the_reference(poisoned, reference, draw):
    """All states equal the reference's, from the first state that is given."""
    poisoned.replace(rnn_cell=standins.leaky_cell)
    inputs = draw_cell(draw, steps=draw.integer(12, 14))
    found = poisoned.unroll(*inputs)
    assert_parity(
        found, closest(found, reference.unroll(*inputs), unroll_leaky(*inputs)), what="(hidden_states, last_hidden)"
    )


@pytest.mark.todo("unroll", weight=1)
@pytest.mark.parity
def test_gradients_flow_through_the_steps(student, reference, draw):
    """The last state's gradient reaches every step's input and the first state."""
    student.replace(rnn_cell=standins.leaky_cell)
    inputs = draw_cell(draw, steps=5, requires_grad=True)
    direction = draw.tensor(1, len(inputs[1]))
    student.unroll(*(tensor.detach().flip(0) for tensor in inputs))  # nothing of it may be remembered
    hidden_states, last_hidden = student.unroll(*inputs)
    assert_shape(last_hidden, (1, len(inputs[1])), what="last_hidden")
    assert hidden_states.requires_grad and last_hidden.requires_grad, NO_GRADIENT
    found = torch.autograd.grad((last_hidden * direction).sum(), inputs, allow_unused=True)
    expected = [
        torch.autograd.grad((function(*inputs)[1] * direction).sum(), inputs)
        for function in (reference.unroll, unroll_leaky)
    ]
    assert_parity(found, closest(found, *expected), what="gradients of (x, h_0, W_xh, W_hh, b)")


@pytest.mark.todo("heads.classify", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_classifier_matches_the_reference(poisoned, reference, draw):
    """Logits come from each row's state after its last real word."""
    poisoned.replace(run_packed=standins.canned_packed)
    lengths = draw.shuffled([6, 1, 3, 5, 2, 4] * 3)
    ours, sizes, ids, lengths = draw_head(reference, draw, "SentenceClassifier", lengths, longest=12)
    damp_biases(ours)
    theirs = poisoned.SentenceClassifier(*sizes)
    load_weights(theirs, ours)
    found = theirs(ids, lengths)
    states, _ = ours.rnn(ours.word_embeddings(ids))
    mistakes = {
        "the state of the last column was taken, which has read the padding": ours.fully_connected_layer(states[:, -1]),
        "the state of the first position was taken": ours.fully_connected_layer(states[:, 0]),
        "the states were averaged": ours.fully_connected_layer(states.mean(dim=1)),
    }
    expected = closest(found, ours(ids, lengths), classify_packed(ours, ids, lengths))
    assert_parity(found, expected, what="logits", mistakes=mistakes)


@pytest.mark.todo("heads.classify", weight=2)
@pytest.mark.parity
def test_gradients_of_the_classifier_match(student, reference, draw):
    """Gradients reach embeddings, recurrence and linear layer as they do in the reference."""
    student.replace(run_packed=standins.canned_packed)
    ours, sizes, ids, lengths = draw_head(reference, draw, "SentenceClassifier", [2, 4, 3], longest=5)
    theirs = student.SentenceClassifier(*sizes)
    load_weights(theirs, ours)
    theirs(ids.flip(0), lengths.flip(0))  # nothing of it may be remembered
    direction, found = draw.tensor(3, sizes[-1]), theirs(ids, lengths)
    assert_shape(found, tuple(direction.shape), what="logits")
    assert found.requires_grad, NO_GRADIENT
    (found * direction).sum().backward()
    actual = read_gradients(parameter_gradients(theirs))
    expected = [
        head_gradients(ours, logits, direction) for logits in (ours(ids, lengths), classify_packed(ours, ids, lengths))
    ]
    assert_parity(actual, closest(actual, *expected), what="gradients by the parameters' shape")


@pytest.mark.todo("heads.tag", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_tagger_matches_the_reference(poisoned, reference, draw):
    """Logits of every real position equal the reference's."""
    poisoned.replace(run_packed=standins.canned_packed)
    ours, sizes, ids, lengths = draw_head(reference, draw, "TokenTagger", draw.shuffled([6, 1, 3, 5] * 4), longest=6)
    damp_biases(ours)
    theirs = poisoned.TokenTagger(*sizes)
    load_weights(theirs, ours)
    found = theirs(ids, lengths)
    assert_shape(found, (16, 6, sizes[-1]), what="logits")
    real = keep_real(found, lengths)
    expected = [keep_real(logits, lengths) for logits in (ours(ids, lengths), tag_packed(ours, ids, lengths))]
    assert_parity(real, closest(real, *expected), what="logits of the real positions")


@pytest.mark.todo("heads.tag", weight=1)
@pytest.mark.parity
def test_gradients_of_the_tagger_match(student, reference, draw):
    """The real positions' gradients reach all layers as they do in the reference."""
    student.replace(run_packed=standins.canned_packed)
    ours, sizes, ids, lengths = draw_head(reference, draw, "TokenTagger", [2, 4, 3], longest=5)
    theirs = student.TokenTagger(*sizes)
    load_weights(theirs, ours)
    theirs(ids.flip(0), lengths.flip(0))  # nothing of it may be remembered
    direction, found = draw.tensor(9, sizes[-1]), theirs(ids, lengths)
    assert_shape(found, (3, 5, sizes[-1]), what="logits")
    assert found.requires_grad, NO_GRADIENT
    (keep_real(found, lengths) * direction).sum().backward()
    actual = read_gradients(parameter_gradients(theirs))
    both = (keep_real(logits, lengths) for logits in (ours(ids, lengths), tag_packed(ours, ids, lengths)))
    expected = [head_gradients(ours, logits, direction) for logits in both]
    assert_parity(actual, closest(actual, *expected), what="gradients by the parameters' shape")


def check_packing(student, draw, kind, lengths, **options):
    """A submission's run_packed against each sequence by itself."""
    width, hidden = draw.sizes(2)
    ours, theirs = make_layers(student, draw, kind, width, hidden, **options)
    embeddings, lengths = draw.tensor(max(lengths), len(lengths), width), torch.tensor(lengths)
    outputs, state = student.run_packed(theirs, embeddings, lengths)
    expected_outputs, expected_state = run_alone(ours, embeddings, lengths)
    directions = 2 if options.get("bidirectional") else 1
    assert_shape(outputs, (len(embeddings), len(lengths), directions * hidden), what="outputs")
    real = keep_real(outputs.transpose(0, 1), lengths)
    assert_parity(real, expected_outputs, what="outputs at the real positions")
    assert_parity(state, expected_state, what="(h_n, c_n)" if kind == "LSTM" else "h_n")


@pytest.mark.todo("packing", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_packed_rnn_equals_each_sequence_alone(poisoned, draw):
    """Sequences in any order of lengths give the states that each gives by itself."""
    check_packing(poisoned, draw, "RNN", [3, 6, 1, 4])
    check_packing(poisoned, draw, "RNN", [4])


@pytest.mark.todo("packing", weight=2)
@pytest.mark.parity
def test_packed_gru_of_two_layers_and_directions(student, draw):
    """Several layers and both directions come out as for each sequence by itself."""
    check_packing(student, draw, "GRU", draw.shuffled([2, 5, 3]), num_layers=2, bidirectional=True)


@pytest.mark.todo("packing", weight=3)
@pytest.mark.parity
def test_packed_lstm_keeps_both_states(student, draw):
    """An LSTM gives the pair (h_n, c_n), rows in the order they came in."""
    check_packing(student, draw, "LSTM", draw.shuffled([2, 5, 3]))
    check_packing(student, draw, "LSTM", [2, 4, 3], num_layers=2, bidirectional=True)


@pytest.mark.todo("packing", weight=1)
@pytest.mark.parity
def test_gradients_reach_only_real_inputs(student, draw):
    """The state's gradient reaches the real inputs as it does for each sequence by itself, and no padding."""
    width, hidden = draw.sizes(2)
    ours, theirs = make_layers(student, draw, "GRU", width, hidden)
    embeddings, lengths = draw.tensor(5, 3, width, requires_grad=True), torch.tensor([2, 5, 3])
    direction = draw.tensor(1, 3, hidden)
    student.run_packed(theirs, embeddings.detach().flip(1), lengths.flip(0))  # nothing of it may be remembered
    outputs, state = student.run_packed(theirs, embeddings, lengths)
    assert_shape(state, tuple(direction.shape), what="h_n")
    expected = torch.autograd.grad((run_alone(ours, embeddings, lengths)[1] * direction).sum(), embeddings)
    assert outputs.requires_grad and state.requires_grad, NO_GRADIENT
    found = torch.autograd.grad((state * direction).sum(), embeddings, allow_unused=True)
    assert_parity(found, expected, what="gradients of (embeddings,)")


@pytest.mark.todo("charlm.encode", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_text_is_encoded_and_decoded(student, draw):
    """Encoding gives each character's place in the sorted alphabet; decoding leads back."""
    text = f"{draw.hangul()} {draw.word()}, {draw.hangul()}\n"
    vocab = student.CharVocab(text)
    alphabet = sorted(set(text))
    ids = as_ids(vocab.encode(text), only_lists=True)
    places = [alphabet.index(char) for char in text]
    assert_equal(ids, places, "the ids are not the places in the sorted alphabet")
    assert_equal(vocab.decode(places), text, "decoding the ids should give the text again")
    some = draw.shuffled(list(range(len(alphabet))))
    right = "".join(alphabet[index] for index in some)
    assert_equal(vocab.decode(some), right, "decoding should give a character for each id")


@pytest.mark.todo("charlm.step", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_step_matches_the_reference(poisoned, reference, draw):
    """Logits and state equal the reference's over several steps."""
    poisoned.replace(rnn_cell=standins.leaky_cell)
    models = draw_models(reference, draw, *draw.sizes(2))
    theirs = poisoned.CharRNN(models[0].vocab_size, models[0].hidden_size)
    load_weights(theirs, models[1])
    start, letters = (
        draw.tensor(models[0].hidden_size),
        torch.eye(models[0].vocab_size)[draw.ids(models[0].vocab_size, 3)],
    )
    found, expected = [], []
    for model, results in ((theirs, found), *((model, []) for model in models)):
        h = start
        for x in letters:
            logits, h = model.step(x, h)
            results += [logits, h]
        expected += [results] if model is not theirs else []
    assert_parity(found, closest(found, *expected), what="logits and states in turn")


@pytest.mark.todo("charlm.step", weight=1)
@pytest.mark.parity
def test_gradients_of_the_step_match(student, reference, draw):
    """Gradients of the logits reach all weights as they do in the reference."""
    student.replace(rnn_cell=standins.leaky_cell)
    models = draw_models(reference, draw, *draw.sizes(2))
    theirs = student.CharRNN(models[0].vocab_size, models[0].hidden_size)
    load_weights(theirs, models[1])
    x, h = torch.eye(models[0].vocab_size)[2], draw.tensor(models[0].hidden_size)
    direction = draw.tensor(models[0].vocab_size)
    theirs.step(x.roll(1), h.flip(0))  # nothing of it may be remembered
    logits, state = theirs.step(x, h)
    assert_shape(logits, tuple(direction.shape), what="logits")
    assert logits.requires_grad and state.requires_grad, NO_GRADIENT
    (logits * direction).sum().backward()
    found = read_gradients(parameter_gradients(theirs))
    expected = [head_gradients(model, model.step(x, h)[0], direction) for model in models]
    assert_parity(found, closest(found, *expected), what="gradients by the parameters' shape")


@pytest.mark.todo("charlm.generate", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_greedy_text_matches_the_reference(poisoned, reference, draw):
    """Without a temperature the best character is chosen and read again, step after step."""
    prime = "".join(draw.shuffled("라다a 나.마")[:4])
    leaky, texts = draw_writers(reference, draw, [prime], 10, lambda texts: len(set(texts[0][4:])) > 2)
    vocab = poisoned.define(standins.Letters)(LETTERS)
    found = poisoned.generate(send_model(poisoned, leaky), vocab, prime, 10)
    assert isinstance(found, str), "the result should be a string"
    right = next((text[0] for text in texts if text[0][:5] == found[:5]), texts[0][0])
    if found[:5] == right[:5]:
        message = "each choice should be the best one after all that was read so far"
    else:
        message = "the first new character should come from the whole prime"
    # Without the prime, which is no answer.
    assert_equal(found[4:], right[4:], message)
    assert found == right, "the text should begin with the prime"


@pytest.mark.todo("bptt", weight=3)
@pytest.mark.parity
def test_losses_match_the_reference(poisoned, reference, draw):
    """Each chunk's loss is the mean cross-entropy of its predictions, after the steps of the chunks before."""
    models = draw_models(reference, draw, *draw.sizes(2))
    ids = draw.ids(models[0].vocab_size, 31).tolist()
    theirs = send_model(poisoned, models[0])
    found = as_floats(poisoned.truncated_bptt(theirs, ids, 3, poisoned.define(standins.make_sgd)(theirs, 0.3)))
    trainings = [train_reference(reference, model, ids, 3, 0.3) for model in models]
    expected = choose_training(found, trainings).losses

    def list_mistakes():
        piled = [train_reference(reference, model, ids, 3, 0.3, clears=False) for model in models]
        unmoved = [train_reference(reference, model, ids, 3, 0.0) for model in models]
        return {PILED: choose_training(found, piled).losses, UNMOVED: choose_training(found, unmoved).losses}

    assert_parity(found, expected, what="the losses", mistakes=list_mistakes)


@pytest.mark.todo("bptt", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_weights_after_training_match(student, reference, draw):
    """After the last chunk the weights are where one step a chunk on fresh gradients leads."""
    models = draw_models(reference, draw, *draw.sizes(2))
    ids = draw.ids(models[0].vocab_size, 10).tolist()
    theirs = send_model(student, models[0])
    # Small steps: after large ones a slip looks like chance.
    found = as_floats(student.truncated_bptt(theirs, ids, 2, student.define(standins.make_sgd)(theirs, 0.01)))
    trainings = [train_reference(reference, model, ids, 2, 0.01) for model in models]
    # The change: the weights themselves are much the same after a training that teaches nothing. And of the matrices:
    # the biases learn little more than how often each character comes.
    before, actual = models[0].state_dict(), theirs.state_dict()
    expected = choose_training(found, trainings).weights
    matrices = [name for name in before if before[name].dim() > 1]
    changes = [{name: after[name] - before[name] for name in matrices} for after in (actual, expected)]
    assert_parity(*changes, what="the change of the weights")


def check_norms(student, reference, draw, kind):
    """A submission's gradient_norms against the reference's."""
    width, hidden = draw.sizes(2)
    ours, theirs = make_layers(student, draw, kind, width, hidden)
    for _ in range(2):  # nothing of the first call may be remembered
        x = draw.tensor(hidden + 3, width)
        assert_parity(student.gradient_norms(theirs, x), reference.gradient_norms(ours, x), what="norms")


@pytest.mark.todo("vanishing", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_norms_of_an_rnn_match(poisoned, reference, draw):
    """The norms of a plain RNN equal the reference's."""
    check_norms(poisoned, reference, draw, "RNN")


@pytest.mark.todo("vanishing", weight=2)
@pytest.mark.parity
def test_norms_of_an_lstm_match(student, reference, draw):
    """The norms of an LSTM are those of its hidden state, not of its cell state."""
    check_norms(student, reference, draw, "LSTM")
