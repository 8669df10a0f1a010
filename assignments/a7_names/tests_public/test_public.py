"""What `grader check` runs: small cases whose answers can be worked out by hand."""

import math

import pytest
import torch

from grader.examiner import assert_parity, assert_shape


@pytest.mark.todo("vocab")
@pytest.mark.parity
def test_ids_of_two_names(student):
    """The names hold a, i and m."""
    vocab = student.NameVocab(["Mia", "Ami"])
    assert len(vocab) == 6, "three specials and three characters"
    assert vocab.encode("Mix") == [5, 4, 1], "expected ids after the specials, sorted; unseen characters are 1"
    assert vocab.decode([2, 5, 4, 3, 0]) == "mia", "specials are not shown"


@pytest.mark.todo("cell.joined")
@pytest.mark.parity
def test_joined_cell_by_hand(student):
    """tanh(2 * 0.5 + 3 * (-0.5) + 1) = tanh(0.5)."""
    found = student.joined_cell(
        torch.tensor([0.5]), torch.tensor([-0.5]), torch.tensor([[2.0, 3.0]]), torch.tensor([1.0])
    )
    assert_parity(found, torch.tensor([math.tanh(0.5)]), what="h")


@pytest.mark.todo("gru.cell")
@pytest.mark.parity
def test_gru_cell_equals_torch(student, draw):
    """The cell gives what nn.GRUCell gives with the same weights."""
    cell = torch.nn.GRUCell(3, 2)
    x, h = draw.tensor(3), draw.tensor(2)
    found = student.gru_cell(x, h, cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh)
    assert_parity(found.detach(), cell(x, h).detach(), what="h")


@pytest.mark.todo("order")
@pytest.mark.parity
def test_mean_of_two_characters(student):
    """Rows 0 and 2 of a unit table share equally; padding and its id do not matter."""
    found = student.bag_of_embeddings(torch.eye(3), torch.tensor([[2, 0, 99], [1, -1, -1]]), torch.tensor([2, 1]))
    assert_parity(found, torch.tensor([[0.5, 0.0, 0.5], [0.0, 1.0, 0.0]]), what="means")


@pytest.mark.todo("classifier")
@pytest.mark.behaviour
def test_classifier_gives_log_probabilities(student, draw):
    """Each row sums to 1, and more padding changes nothing."""
    model = student.NameClassifier(9, 4, 5, 3)
    ids, lengths = draw.ids(9, 2, 4), torch.tensor([4, 2])
    found = model(ids, lengths).detach()
    assert_shape(found, (2, 3), what="log-probabilities")
    assert_parity(found.exp().sum(1), torch.ones(2), what="the sums of the probabilities")
    wider = torch.cat([ids, draw.ids(9, 2, 2)], dim=1)
    assert_parity(model(wider, lengths).detach(), found, what="log-probabilities with more padding")


def clip_three_and_four(clip, max_norm):
    """Clip the gradients 3 and 4, and give the norm and the gradients after it."""
    parameters = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
    for parameter, slope in zip(parameters, (3.0, 4.0), strict=True):
        parameter.grad = torch.tensor([slope])
    return float(clip(parameters, max_norm)), [float(parameter.grad) for parameter in parameters]


@pytest.mark.todo("clip")
@pytest.mark.parity
def test_three_and_four(student):
    """Gradients 3 and 4 have the norm 5: clipped to 1 they are 0.6 and 0.8, clipped to 10 they stay."""
    clip = student.define(clip_three_and_four)
    for max_norm, right in ((1.0, [0.6, 0.8]), (10.0, [3.0, 4.0])):
        norm, gradients = clip(student.clip_gradients, max_norm)
        assert abs(norm - 5) < 1e-4, "the norm before clipping is 5"
        assert all(abs(a - b) < 1e-4 for a, b in zip(gradients, right, strict=True)), "the gradients differ"


class Table(torch.nn.Module):
    """A model that looks each name's first character up."""

    def __init__(self):
        super().__init__()
        self.table = torch.nn.Embedding(4, 2)
        torch.nn.init.zeros_(self.table.weight)

    def forward(self, ids, lengths):
        return self.table(ids[:, 0]).log_softmax(1)


def make_sgd(model):
    """Plain gradient descent."""
    return torch.optim.SGD(model.parameters(), lr=1.0)


@pytest.mark.todo("train")
@pytest.mark.behaviour
def test_a_batch_that_comes_again_costs_less(student):
    """The first loss is ln 2, the second one less."""
    model = student.define(Table)()
    batch = (torch.tensor([[1], [2]]), torch.tensor([1, 1]), torch.tensor([0, 1]))
    losses = student.train_classifier(model, [batch, batch], student.define(make_sgd)(model))
    assert abs(losses[0] - math.log(2)) < 1e-4, "an untaught model of two languages costs ln 2"
    assert losses[1] < losses[0], "the loss should fall"


@pytest.mark.todo("confusion")
@pytest.mark.parity
def test_matrix_of_four_guesses(student):
    """Rows are what is, columns what it was taken for; class 2 never occurs."""
    found = student.confusion_matrix(torch.tensor([0, 1, 1, 1]), torch.tensor([0, 0, 1, 0]), 3)
    assert_parity(found, torch.tensor([[1, 2, 0], [0, 1, 0], [0, 0, 0]]), what="matrix")


@pytest.mark.todo("generator")
@pytest.mark.behaviour
def test_category_counts(student, draw):
    """Logits are [B,S,V], and another category gives others."""
    model = student.NameGenerator(3, 7, 4, 5)
    ids = draw.ids(7, 2, 4)
    first, other = (model(torch.tensor(category), ids).detach() for category in ([0, 0], [1, 1]))
    assert_shape(first, (2, 4, 7), what="logits")
    assert not torch.allclose(first, other), "the category makes no difference"


@pytest.mark.todo("sample")
@pytest.mark.behaviour
def test_name_has_no_specials(student):
    """A name is text of known characters, at most max_len of them."""
    vocab = student.NameVocab(["mia", "ami"])
    model = student.NameGenerator(2, len(vocab), 4, 5)
    for options in ({}, {"temperature": 1.0}):
        name = student.sample_name(model, vocab, 1, max_len=6, **options)
        assert isinstance(name, str), "the name should be a string"
        assert len(name) <= 6 and set(name) <= set("aim"), "only known characters, at most max_len of them"


@pytest.mark.todo("bug.temperature")
@pytest.mark.parity
def test_temperature_of_two(student):
    """Logits ln 1 and ln 16 at temperature 2: the second is four times as likely."""
    found = student.cool(torch.tensor([1.0, 16.0]).log(), 2.0)
    assert_parity(found, torch.tensor([0.2, 0.8]), what="the probabilities")


@pytest.mark.todo("bug.directions")
@pytest.mark.parity
def test_directions_side_by_side(student):
    """Two rows, one feature: forward 1 and 2, backward 3 and 4."""
    found = student.join_directions(torch.tensor([[[1.0], [2.0]], [[3.0], [4.0]]]))
    assert_parity(found, torch.tensor([[1.0, 3.0], [2.0, 4.0]]), what="the joined states")
