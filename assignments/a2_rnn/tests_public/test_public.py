"""Your own quick check: small examples whose answers can be worked out on paper."""

import math

import pytest
import torch
from torch import nn

from grader.examiner import assert_parity, assert_shape


def make_layer(kind, *sizes, **options):
    """One of torch's own layers."""
    return getattr(nn, kind)(*sizes, **options)


def make_sgd(model):
    """Gradient descent over a model's parameters."""
    return torch.optim.SGD(model.parameters(), lr=0.5)


@pytest.mark.todo("cell.rnn")
@pytest.mark.behaviour
def test_one_step(student):
    """With W_xh = [[2]], W_hh = [[3]] and b = [1], the state is tanh(2 x + 3 h + 1)."""
    h = student.rnn_cell(*(torch.tensor(value) for value in ([0.5], [-0.5], [[2.0]], [[3.0]], [1.0])))
    assert_parity(h, torch.tensor([math.tanh(0.5)]), what="h_t")


@pytest.mark.todo("unroll")
@pytest.mark.behaviour
def test_three_steps(student):
    """The state is carried from step to step."""
    one = torch.ones(1, 1)
    hidden_states, last_hidden = student.unroll(torch.zeros(3, 1), torch.tensor([1.0]), one, one, torch.zeros(1))
    first = math.tanh(1.0)
    second = math.tanh(first)
    assert_parity(hidden_states, torch.tensor([[first], [second], [math.tanh(second)]]), what="hidden_states")
    assert_parity(last_hidden, torch.tensor([[math.tanh(second)]]), what="last_hidden")


@pytest.mark.todo("parameters")
@pytest.mark.behaviour
def test_parameters_of_a_linear_layer(student):
    """A linear layer from 3 to 2 has 6 weights and 2 biases."""
    assert int(student.count_parameters(student.define(make_layer)("Linear", 3, 2))) == 8, "expected 8"


@pytest.mark.todo("heads.classify")
@pytest.mark.behaviour
def test_padding_does_not_count(student):
    """A sentence has the same logits with and without padding."""
    model = student.SentenceClassifier(10, 3, 4, 2)
    logits = model(torch.tensor([[5, 6, 0, 0], [1, 2, 3, 4]]), torch.tensor([2, 4]))
    assert_shape(logits, (2, 2), what="logits")
    alone = model(torch.tensor([[5, 6]]), torch.tensor([2])).detach()
    assert_parity(logits[:1], alone, what="logits of the padded sentence")


@pytest.mark.todo("heads.tag")
@pytest.mark.shape
def test_a_tag_for_each_token(student):
    """Logits are [B, S, C]."""
    logits = student.TokenTagger(10, 3, 4, 5)(torch.tensor([[5, 6, 0, 0], [1, 2, 3, 0]]), torch.tensor([2, 3]))
    assert_shape(logits, (2, 4, 5), what="logits")


@pytest.mark.todo("packing")
@pytest.mark.behaviour
def test_packed_equals_alone(student):
    """A short sequence in a batch ends in the state it reaches by itself."""
    layer = student.define(make_layer)("GRU", 2, 3, bidirectional=True)
    embeddings = torch.arange(16.0).reshape(4, 2, 2) / 10
    outputs, h_n = student.run_packed(layer, embeddings, torch.tensor([2, 4]))
    assert_shape(outputs, (4, 2, 6), what="outputs")
    _, alone = layer(embeddings[:2, :1])
    assert_parity(h_n[:, :1], alone.detach(), what="h_n of the short sequence")


@pytest.mark.todo("charlm.encode")
@pytest.mark.behaviour
def test_characters_and_ids(student):
    """Ids follow the sorted characters; the target is the next one."""
    vocab = student.CharVocab("cabba")
    assert list(vocab.encode("cab")) == [2, 0, 1], "expected the places of c, a and b in abc"
    assert vocab.decode([1, 0]) == "ba", "expected ba"
    assert_parity(vocab.one_hot([1]), torch.tensor([[0.0, 1.0, 0.0]]), what="one-hot rows")
    assert list(student.make_targets([7, 8, 9])) == [8, 9], "expected the ids one step ahead"


@pytest.mark.todo("charlm.step")
@pytest.mark.behaviour
def test_step_from_zeros(student):
    """With all weights zero the logits are the output bias."""
    model = student.CharRNN(3, 2)
    bias = torch.tensor([1.0, 2.0, 3.0])
    zeros = {"W_xh": torch.zeros(2, 3), "W_hh": torch.zeros(2, 2), "b_h": torch.zeros(2), "W_hy": torch.zeros(3, 2)}
    model.load_state_dict({**zeros, "b_y": bias})
    logits, h = model.step(torch.tensor([0.0, 1.0, 0.0]), model.init_hidden())
    assert_parity(logits, bias, what="logits")
    assert_parity(h, torch.zeros(2), what="h")


@pytest.mark.todo("charlm.generate")
@pytest.mark.behaviour
def test_text_of_a_biased_model(student):
    """A model that always prefers one character writes it again and again."""
    model = student.CharRNN(3, 2)
    zeros = {"W_xh": torch.zeros(2, 3), "W_hh": torch.zeros(2, 2), "b_h": torch.zeros(2), "W_hy": torch.zeros(3, 2)}
    model.load_state_dict({**zeros, "b_y": torch.tensor([0.0, 5.0, 1.0])})
    assert student.generate(model, student.CharVocab("abc"), "ac", 3) == "acbbb", "expected the prime and three b"


@pytest.mark.todo("bptt")
@pytest.mark.behaviour
def test_chunks_of_a_short_text(student):
    """Six predictions in chunks of four are two losses, and training lowers them."""
    model = student.CharRNN(2, 4)
    optimizer = student.define(make_sgd)(model)
    passes = [student.truncated_bptt(model, [0, 1, 0, 1, 0, 1, 0], 4, optimizer) for _ in range(10)]
    assert len(passes[0]) == 2, "expected a loss for the chunk of four and one for the chunk of two"
    assert float(passes[-1][0]) < float(passes[0][0]), "the loss should fall"


@pytest.mark.todo("vanishing")
@pytest.mark.behaviour
def test_norms_of_a_tiny_rnn(student):
    """Around zero tanh has slope 1: each step back multiplies by W_hh."""
    layer = student.define(make_layer)("RNN", 1, 1)
    zero = torch.zeros(1)
    weights = {"weight_ih_l0": torch.ones(1, 1), "weight_hh_l0": torch.full((1, 1), 0.5)}
    layer.load_state_dict({**weights, "bias_ih_l0": zero, "bias_hh_l0": zero})
    norms = student.gradient_norms(layer, torch.zeros(3, 1))
    assert_parity(norms, torch.tensor([0.25, 0.5, 1.0]), what="norms")


def make_adding_cells(count):
    """Cells that add input and state."""

    class Adding(nn.Module):
        def forward(self, x_t, h):
            return x_t + h

    return nn.ModuleList(Adding() for _ in range(count))


@pytest.mark.todo("bug.layers")
@pytest.mark.parity
def test_two_adding_layers(student):
    """Inputs 1 and 2, states 0: the first layer holds 1 and 3, the second 1 and 4."""
    cells = student.define(make_adding_cells)(2)
    found = student.run_layers(cells, torch.tensor([[1.0], [2.0]]), torch.zeros(2, 1))
    assert_parity(found, torch.tensor([[3.0], [4.0]]), what="the last states")


@pytest.mark.todo("bug.ends")
@pytest.mark.parity
def test_ends_of_three_steps(student):
    """Forward 1, 2, 3 and backward 6, 5, 4: the ends are 3 and 6."""
    found = student.join_ends(torch.tensor([[1.0, 6.0], [2.0, 5.0], [3.0, 4.0]]))
    assert_parity(found, torch.tensor([3.0, 6.0]), what="the ends")
