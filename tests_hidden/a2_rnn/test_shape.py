"""Shapes: what comes back has the dimensions that the handout promises."""

import pytest
import standins
import torch
from cases import LETTERS, as_floats, draw_cell, draw_head, draw_models, make_dice, make_layers, send_model

from grader.examiner import Caller, assert_parity, assert_shape


@pytest.mark.todo("cell.rnn", weight=1)
@pytest.mark.shape
def test_cell_gives_one_state(student, draw):
    """The cell turns x_t [E] and h_prev [H] into h_t [H], where both sizes are 1, too."""
    inputs = draw_cell(draw)
    assert_shape(student.rnn_cell(*inputs), tuple(inputs[1].shape), what="h_t")
    narrow = (tensor[:1] if tensor.dim() == 1 else tensor[:1, :1] for tensor in inputs)
    assert_shape(student.rnn_cell(*narrow), (1,), what="h_t")


@pytest.mark.todo("unroll", weight=1)
@pytest.mark.shape
def test_unroll_gives_all_states_and_the_last(student, draw):
    """Unrolling gives [S, H] and [1, H], for a single step and a state of one number, too."""
    student.replace(rnn_cell=standins.leaky_cell)
    for steps, size in ((draw.integer(12, 14), 20), (1, 20), (2, 1)):
        x, h_0, *weights = draw_cell(draw, steps=steps)
        x, h_0 = x[:, :size], h_0[:size]
        weights = [tensor[:size] if tensor.dim() == 1 else tensor[:size, :size] for tensor in weights]
        hidden_states, last_hidden = student.unroll(x, h_0, *weights)
        assert_shape(hidden_states, (steps, len(h_0)), what="hidden_states")
        assert_shape(last_hidden, (1, len(h_0)), what="last_hidden")


@pytest.mark.todo("heads.classify", weight=1)
@pytest.mark.shape
def test_classifier_gives_a_row_for_each_sentence(student, reference, draw):
    """A batch of sentences gives logits [B, C], a batch of one [1, C]; sentences may be of one word."""
    student.replace(run_packed=standins.canned_packed)
    for lengths, longest in (([5, 2, 4], 5), ([3], 5), ([1, 1, 1], 1)):
        _, sizes, ids, lengths = draw_head(reference, draw, "SentenceClassifier", lengths, longest)
        logits = student.SentenceClassifier(*sizes)(ids, lengths)
        assert_shape(logits, (len(lengths), sizes[-1]), what="logits")


@pytest.mark.todo("heads.tag", weight=2)
@pytest.mark.shape
def test_tagger_gives_a_row_for_each_column(student, reference, draw):
    """A batch gives logits [B, S, C], also where no sentence fills all S columns."""
    student.replace(run_packed=standins.canned_packed)
    for lengths, longest in (([5, 2, 4], 6), ([3], 3), ([1, 1, 1], 1)):
        _, sizes, ids, lengths = draw_head(reference, draw, "TokenTagger", lengths, longest)
        logits = student.TokenTagger(*sizes)(ids, lengths)
        assert_shape(logits, (len(lengths), longest, sizes[-1]), what="logits")


@pytest.mark.todo("packing", weight=2)
@pytest.mark.shape
def test_packed_outputs_keep_their_rows(student, draw):
    """Outputs are [S, B, H] and the state [L, B, H], also where S is more than the longest sequence."""
    width, hidden = draw.sizes(2)
    _, theirs = make_layers(student, draw, "GRU", width, hidden, num_layers=2, bidirectional=True)
    for lengths in ([2, 5, 3], [4]):
        embeddings = draw.tensor(6, len(lengths), width)
        outputs, h_n = student.run_packed(theirs, embeddings, torch.tensor(lengths))
        assert_shape(outputs, (6, len(lengths), 2 * hidden), what="outputs")
        assert_shape(h_n, (4, len(lengths), hidden), what="h_n")


@pytest.mark.todo("charlm.encode", weight=2)
@pytest.mark.shape
def test_one_hot_rows_are_as_wide_as_the_vocabulary(student, draw):
    """one_hot gives a float row for each id, as wide as the vocabulary, for a single id too."""
    text = "".join(draw.shuffled("abcdefg가나다"))
    vocab = student.CharVocab(text)
    assert len(vocab) == len(text), "the vocabulary should be as long as it has characters"
    ids = draw.ids(len(text) - 2, 4).tolist()
    for some in (ids, ids[::-1], ids[:1]):
        rows = vocab.one_hot(some)
        assert_shape(rows, (len(some), len(text)), what="one-hot rows")
        expected = torch.tensor([[float(column == index) for column in range(len(text))] for index in some])
        assert_parity(rows, expected, what="one-hot rows")


@pytest.mark.todo("charlm.step", weight=1)
@pytest.mark.shape
def test_step_gives_logits_and_a_state(student, draw):
    """init_hidden is zeros [H]; a step gives logits [V] and a state [H]."""
    student.replace(rnn_cell=standins.leaky_cell)
    vocab_size, hidden_size = draw.sizes(2)
    model = student.CharRNN(vocab_size, hidden_size)
    assert_parity(model.init_hidden(), torch.zeros(hidden_size), what="the first state")
    logits, h = model.step(torch.eye(vocab_size)[1], draw.tensor(hidden_size))
    assert_shape(logits, (vocab_size,), what="logits")
    assert_shape(h, (hidden_size,), what="h")


@pytest.mark.todo("charlm.generate", weight=2)
@pytest.mark.shape
def test_prime_is_followed_by_so_many_characters(student, draw):
    """The text begins with the prime and goes on for `length` characters, with and without a temperature."""
    model, vocab = make_dice(student, draw.tensor(5))
    for prime, length, options in (("라다", 7, {}), ("a", 1, {}), ("라a다", 6, {"temperature": 1.0})):
        text = student.generate(model, vocab, prime, length, **options)
        assert isinstance(text, str), "the result should be a string"
        assert text.startswith(prime), "the text should begin with the prime"
        assert len(text) == len(prime) + length, (
            f"{length} new characters were asked for, {len(text) - len(prime)} came"
        )
        assert set(text) <= set(LETTERS), "every character should come from the vocabulary"


@pytest.mark.todo("bptt", weight=2)
@pytest.mark.shape
def test_each_chunk_has_a_loss(student, reference, draw):
    """There is a loss for each chunk of predictions; a short last one counts, a single chunk does, too."""
    leaky, _ = draw_models(reference, draw, *draw.sizes(2))
    ids = draw.ids(leaky.vocab_size, 12).tolist()
    for chunk_size, chunks in ((4, 3), (3, 4), (11, 1), (20, 1)):
        theirs = send_model(student, leaky)
        optimizer = student.define(standins.make_sgd)(theirs, 0.1)
        losses = as_floats(student.truncated_bptt(theirs, ids, chunk_size, optimizer))
        caller = student.define(Caller)()
        assert caller.inputs_after(student.truncated_bptt, theirs, ids, 20, optimizer)[1] == ids, "ids were changed"
        assert len(losses) == chunks, f"11 predictions in chunks of {chunk_size} are {chunks} chunks, not {len(losses)}"


@pytest.mark.todo("vanishing", weight=1)
@pytest.mark.shape
def test_each_step_has_a_norm(student, draw):
    """There is one norm for each step, for a single step, too; none is negative."""
    width, hidden = draw.sizes(2)
    for kind, steps in (("RNN", hidden + 3), ("LSTM", 1)):
        _, theirs = make_layers(student, draw, kind, width, hidden)
        norms = student.gradient_norms(theirs, draw.tensor(steps, width))
        assert_shape(norms, (steps,), what="norms")
        assert bool((norms >= 0).all()), "a norm is never negative"
