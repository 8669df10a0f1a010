"""What `grader check` runs: small cases whose answers can be worked out by hand."""

import math

import pytest
import torch

from grader.examiner import assert_parity, assert_shape


@pytest.mark.todo("vocab")
@pytest.mark.parity
def test_words_by_count_then_alphabet(student):
    """물 comes three times, a and b once each."""
    vocab = student.Vocab(["물 b 물", "a 물"])
    assert vocab.encode("물 a b c") == [4, 5, 6, 3], "expected ids by count, then alphabet; unknown words are 3"
    assert vocab.decode([1, 4, 0, 5, 2, 6]) == "물 a", "decoding stops at <eos> and hides specials"


class Numbers:
    """A vocabulary of the numbers 0 to 9: the word n has the id n + 4."""

    def encode(self, sentence):
        return [int(word) + 4 for word in sentence.split()]


@pytest.mark.todo("batch")
@pytest.mark.parity
def test_batch_of_two_pairs(student):
    """Two sources of 1 and 2 words, two targets of 2 and 1."""
    numbers = student.define(Numbers)()
    batch = student.make_batch([("0", "1 2"), ("3 4", "5")], numbers, numbers)
    assert_parity(batch.src, torch.tensor([[4, 0], [7, 8]]), what="src")
    assert_parity(batch.src_lengths, torch.tensor([1, 2]), what="src_lengths")
    assert_parity(batch.tgt_in, torch.tensor([[1, 5, 6], [1, 9, 0]]), what="tgt_in")
    assert_parity(batch.tgt_out, torch.tensor([[5, 6, 2], [9, 2, 0]]), what="tgt_out")


@pytest.mark.todo("loss")
@pytest.mark.parity
def test_loss_of_equal_logits(student):
    """Equal logits over four words cost ln 4, however much padding there is."""
    for targets in ([[1, 2]], [[1, 0]], [[3, 0], [2, 1]]):
        found = student.masked_loss(torch.zeros(len(targets), 2, 4), torch.tensor(targets), 0)
        assert_parity(found, torch.tensor(math.log(4)), what="loss")


@pytest.mark.todo("encoder")
@pytest.mark.behaviour
def test_encoder_reads_no_padding(student):
    """A sentence gives the same state with and without padding."""
    encoder = student.Encoder(9, 4, 3)
    outputs, state = encoder(torch.tensor([[5, 6, 0], [5, 6, 7]]), torch.tensor([2, 3]))
    assert_shape(outputs, (2, 3, 6), what="outputs")
    assert_shape(state, (1, 2, 3), what="state")
    _, alone = encoder(torch.tensor([[5, 6]]), torch.tensor([2]))
    assert_parity(state[:, :1].detach(), alone.detach(), what="state of the padded sentence")


@pytest.mark.todo("attention")
@pytest.mark.behaviour
def test_equal_keys_share_equally(student):
    """Of three equal keys, one of them hidden, two share equally."""
    attention = student.AdditiveAttention(2, 4, 3)
    mask = torch.tensor([[True, True, False]])
    context, weights = attention(torch.ones(1, 2), torch.ones(1, 3, 4), mask)
    assert_parity(weights.detach(), torch.tensor([[0.5, 0.5, 0.0]]), what="weights")
    assert_parity(context.detach(), torch.ones(1, 4), what="context")


@pytest.mark.todo("decoder")
@pytest.mark.shape
def test_shapes_of_the_decoder(student, draw):
    """Two sentences of four words, three words written."""
    decoder = student.Decoder(9, 5, 3, 6)
    mask = torch.ones(2, 4, dtype=torch.bool)
    logits, weights = decoder(draw.ids(9, 2, 3), draw.tensor(2, 4, 6), draw.tensor(1, 2, 3), mask)
    assert_shape(logits, (2, 3, 9), what="logits")
    assert_shape(weights, (2, 3, 4), what="weights")


class Counting(torch.nn.Module):
    """A translator that counts: after n words it says n + 4, and <eos> where it has said as many as its state holds."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = self.encode, self.decode

    def encode(self, src, src_lengths):
        return torch.ones(*src.shape, 2), src_lengths.float().reshape(1, -1, 1)

    def decode(self, tgt_in, keys, state, mask):
        logits = torch.zeros(*tgt_in.shape, 12)
        for row in range(len(tgt_in)):
            for step in range(tgt_in.shape[1]):
                logits[row, step, 2 if step == int(state[0, row, 0]) else 4 + step] = 9.0
        return logits, mask.float().unsqueeze(1).expand(-1, tgt_in.shape[1], -1)


@pytest.mark.todo("translate")
@pytest.mark.behaviour
def test_each_row_ends_by_itself(student):
    """Sentences of one and of three words are translated by one and by three."""
    model = student.define(Counting)()
    found = student.translate(model, torch.tensor([[5, 0, 0], [5, 6, 7]]), torch.tensor([1, 3]))
    assert [list(row) for row in found] == [[4], [4, 5, 6]], "each row ends at its own <eos>"


@pytest.mark.todo("beam")
@pytest.mark.behaviour
def test_beam_of_one_is_greedy(student):
    """A beam of one finds what greedy search finds; a beam of two gives two."""
    model = student.define(Counting)()
    [(score, ids)] = student.beam_search(model, torch.tensor([5, 6]), 1)
    assert list(ids) == [4, 5], "expected the ids without <eos>"
    assert score < 0, "a sum of log-probabilities is negative"
    assert len(student.beam_search(model, torch.tensor([5, 6]), 2)) == 2, "two hypotheses were asked for"


class OneStep(torch.nn.Module):
    """A translator that learns one number: how good the word 3 is."""

    def __init__(self):
        super().__init__()
        self.gain = torch.nn.Parameter(torch.zeros(1))

    def encoder(self, src, src_lengths):
        return torch.ones(*src.shape, 2), torch.ones(1, len(src), 2)

    def decoder(self, tgt_in, keys, state, mask):
        logits = torch.zeros(*tgt_in.shape, 4) + torch.tensor([0.0, 0.0, 0.0, 1.0]) * self.gain
        return logits, mask.float().unsqueeze(1).expand(-1, tgt_in.shape[1], -1)


def make_lesson():
    """A batch whose targets are the word 3, and padding."""
    from types import SimpleNamespace

    words = torch.tensor([[3, 3], [3, 0]])
    return [SimpleNamespace(src=words + 1, src_lengths=torch.tensor([2, 2]), tgt_in=words, tgt_out=words)]


def make_sgd(model):
    """Plain gradient descent."""
    return torch.optim.SGD(model.parameters(), lr=1.0)


@pytest.mark.todo("train")
@pytest.mark.behaviour
def test_an_epoch_teaches(student):
    """The first epoch costs ln 4 a token, the second one less."""
    model = student.define(OneStep)()
    lesson, optimizer = student.define(make_lesson)(), student.define(make_sgd)(model)
    first = float(student.train_epoch(model, lesson, optimizer))
    assert abs(first - math.log(4)) < 1e-4, "equal logits over four words cost ln 4 a token"
    assert float(student.train_epoch(model, lesson, optimizer)) < first, "the loss should fall"


@pytest.mark.todo("bleu")
@pytest.mark.parity
def test_bleu_by_hand(student):
    """Of "the the the" one word counts; a translation that is half as long loses exp(1 - 2)."""
    assert abs(student.corpus_bleu(["the the the"], ["the cat"], max_n=1) - 1 / 3) < 1e-6, "expected 1/3"
    assert abs(student.corpus_bleu(["a b"], ["a b c d"], max_n=2) - math.exp(-1)) < 1e-6, "expected exp(-1)"
    assert abs(student.corpus_bleu(["a b c d e"], ["a b c d e"]) - 1) < 1e-6, "the reference itself scores 1"


@pytest.mark.todo("bug.average")
@pytest.mark.parity
def test_mean_over_words(student):
    """A sentence of one word beside one of two: the mean of one word is the word."""
    outputs = torch.tensor([[[2.0], [8.0]], [[2.0], [8.0]]])
    found = student.average_words(outputs, torch.tensor([1, 2]))
    assert_parity(found, torch.tensor([[2.0], [5.0]]), what="the means")


def make_gru(input_size, hidden_size):
    """A GRU of torch's."""
    return nn.GRU(input_size, hidden_size, batch_first=True)


@pytest.mark.todo("bug.sorted")
@pytest.mark.shape
def test_sorted_run_keeps_the_shapes(student):
    """Three sentences of 1, 3 and 2 words."""
    gru = student.define(make_gru)(2, 4)
    outputs, h_n = student.run_sorted(gru, torch.zeros(3, 3, 2), torch.tensor([1, 3, 2]))
    assert_shape(outputs, (3, 3, 4), what="outputs")
    assert_shape(h_n, (1, 3, 4), what="h_n")
