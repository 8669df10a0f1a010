"""Parity: the same text, vocabulary and tables give the reference's words, ids and numbers."""

import pytest
import standins
import torch
from cases import (
    as_id_list,
    as_words,
    build_vocab,
    by_distance,
    by_dot,
    draw_analogy,
    draw_pieces,
    draw_words,
    find_best,
    make_tables,
    make_tokenizer,
    number,
)

from grader.examiner import assert_equal, assert_parity, parameter_gradients


@pytest.mark.todo("simple.split", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_words_match_the_reference(student, reference, draw):
    """A sentence of both scripts, digits and punctuation is split into the reference's words."""
    first, rest = draw.word(), draw_words(draw, 5)
    marks = draw.shuffled([", ", "... ", "! ", " - ", "\t", " (", "~\n"])
    sentence = first.title() + "".join(mark + word for mark, word in zip(marks, rest, strict=False))
    sentence += f" {draw.integer(10, 9999)}_{draw.word()}{marks[-1]}"
    expected = reference.SimpleTokenizer().normalize_and_split(sentence)
    found = as_words(student.SimpleTokenizer().normalize_and_split(sentence))
    message = "the words differ from those between the punctuation marks, in lower case"
    if len(found) != len(expected):
        message = f"a sentence of {len(expected)} words gave {len(found)}"
    assert_equal(found, expected, message)


@pytest.mark.todo("simple.vocab", weight=4)
@pytest.mark.parity
@pytest.mark.gate
def test_words_are_numbered_as_first_seen(student, draw):
    """Ids follow the order in which words are first seen, however often and wherever they come again."""
    words = draw_words(draw, 30)
    again = draw.shuffled(words)
    corpus = [" ".join(words[:10]), " ".join(again[:5] + words[10:]), " ".join(again)]
    expected = number([*words[:10], *again[:5], *words[10:]])
    found = dict(build_vocab(student, corpus).vocab)
    message = "ids should follow the order in which the words are first seen"
    if set(found) != set(expected):
        message = "the vocabulary should hold every word of the corpus and the two special ones"
    assert_equal(found, expected, message)


@pytest.mark.todo("simple.encode", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_known_words_get_their_ids(student, draw):
    """Each word of a text is given the id that the vocabulary has for it, in order."""
    words = draw_words(draw, 20)
    tokenizer = make_tokenizer(student, words)
    text = draw.shuffled(words + words[:5])
    expected = [number(words)[word] for word in text]
    assert_equal(as_id_list(tokenizer.encode(" ".join(text))), expected, "the ids are not those of the words, in order")


@pytest.mark.todo("simple.decode", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_known_ids_get_their_words(student, draw):
    """Each id is given the word that the vocabulary has for it, in order; the special ones too."""
    words = draw_words(draw, 18)
    tokenizer = make_tokenizer(student, words)
    ids = draw.shuffled([*range(20), 2, 2, 0])
    expected = [[*number([]), *words][index] for index in ids]
    assert_equal(as_words(tokenizer.decode(ids)), expected, "the words are not those of the ids, in order")


@pytest.mark.todo("simple.pad", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_padding_is_on_the_right(student, draw):
    """Short input keeps its ids and is filled up on the right."""
    ids = draw.ids(90, 14, low=2).tolist()
    ids += ids[:2]
    tokenizer = make_tokenizer(student, [])
    longer = as_id_list(tokenizer.pad(list(ids), 19))
    assert_equal(longer, [*ids, 0, 0, 0], "the ids should come first, then <PAD> to the end")
    assert as_id_list(tokenizer.pad([], 2)) == [0, 0], "an empty list should become all <PAD>"


@pytest.mark.todo("wordpiece.encode", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_pieces_are_the_tokenizers_own(student, draw):
    """Tokens and ids are what the given tokenizer gives."""
    vocab, sentence = draw_pieces(draw)
    tokens, ids, _ = student.encode_sentence(student.define(standins.make_wordpiece)(vocab, False), sentence)
    encoding = standins.make_wordpiece(vocab, framed=False).encode(sentence)
    assert_equal(as_words(tokens), encoding.tokens, "the tokens are not those of the given tokenizer")
    assert_equal(as_id_list(ids), encoding.ids, "the ids are not those of the given tokenizer")


@pytest.mark.todo("embedding.lookup", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_lookup_gives_rows_of_the_table(poisoned, draw):
    """Looking up gives the table's rows in the order of the ids, repeated ones and the last one too."""
    rows, width = draw.sizes(2, low=4)
    weight = draw.tensor(rows, width)
    _, theirs = make_tables(poisoned, weight)
    ids = [rows - 1, 0, *draw.ids(rows, 4).tolist(), 0]
    assert_parity(poisoned.lookup(theirs, ids), weight[ids], what="the rows from lookup")


@pytest.mark.todo("embedding.lookup", weight=2)
@pytest.mark.parity
@pytest.mark.gate
def test_one_hot_product_gives_the_same_rows(poisoned, draw):
    """One-hot rows times the table are the table's rows."""
    rows, width = draw.sizes(2, low=4)
    weight = draw.tensor(rows, width)
    for ids in ([rows - 1, 0, *draw.ids(rows, 4).tolist(), 0], draw.ids(rows - 2, 3).tolist()):
        assert_parity(poisoned.one_hot_lookup(weight, ids), weight[ids], what="the rows from one_hot_lookup")


@pytest.mark.todo("embedding.lookup", weight=2)
@pytest.mark.parity
def test_gradient_reaches_only_the_rows_used(student, draw):
    """The gradient of a lookup reaches each row as often as it was used, and no other row."""
    rows, width = draw.sizes(2, low=5)
    ids = [1, 3, 1, 0]
    weight, direction = draw.tensor(rows, width, requires_grad=True), draw.tensor(len(ids), width)
    expected = torch.zeros(rows, width).index_add_(0, torch.tensor(ids), direction)
    _, theirs = make_tables(student, weight.detach())
    # other ids first: they must not be remembered
    student.lookup(theirs, [4, 2, 0, 3]), student.one_hot_lookup(weight, [4, 2, 0, 3])
    for found, gradient in (
        (student.lookup(theirs, ids), lambda: parameter_gradients(theirs)["weight"]),
        (student.one_hot_lookup(weight, ids), lambda: weight.grad),
    ):
        assert found.requires_grad, "no gradient reaches the table: was something detached?"
        (found * direction).sum().backward()
        assert_parity(gradient(), expected, what="the table's gradient")


@pytest.mark.todo("embedding.analogy", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_analogy_matches_the_reference(poisoned, reference, draw):
    """The answer is the word whose direction is nearest to a - b + c."""

    def plant(vectors, vocab, asked):
        # as in real life, where the answer lies nearer than the words that were given
        a, b, c = (vectors[vocab[word]] for word in asked)
        answer = draw.choice([word for word in vocab if word not in asked])
        vectors[vocab[answer]] = torch.nn.functional.normalize(a - b + c, dim=0)

    found, right = [], []
    for number_of_case in range(3):
        vectors, vocab, asked = draw_analogy(draw, edit=plant)
        expected = reference.analogy(vectors, vocab, *asked)
        # the answer stands in row 0: an id like any other
        swapped = next(word for word, row in vocab.items() if row == 0)
        vectors[[0, vocab[expected]]] = vectors[[vocab[expected], 0]]
        vocab[swapped], vocab[expected] = vocab[expected], vocab[swapped]
        if number_of_case == 0:
            vocab[expected] = vocab.pop(expected)  # and once it is the last word
        found.append(poisoned.analogy(vectors, vocab, *asked))
        right.append(expected)
    assert_equal(found, right, "another word points more nearly along a - b + c")


@pytest.mark.todo("embedding.analogy", weight=4)
@pytest.mark.parity
def test_nearness_is_cosine_of_the_raw_sum(student, reference, draw):
    """Direction decides, not length; the sum is taken of the vectors as they are."""

    def is_telling(vectors, vocab, asked):
        answer = reference.analogy(vectors, vocab, *asked)
        normal = torch.nn.functional.normalize(vectors, dim=1)
        others = (find_best(vectors, vocab, asked, by_dot), find_best(vectors, vocab, asked, by_distance))
        return answer not in (*others, reference.analogy(normal, vocab, *asked))

    vectors, vocab, asked = draw_analogy(draw, is_telling=is_telling, spread=1.0)
    student.analogy(vectors.flip(0), vocab, *asked)  # nothing of other vectors may be remembered
    found = student.analogy(vectors, vocab, *asked)
    assert found != find_best(vectors, vocab, asked, by_dot), "the longest vector won: compare by cosine"
    assert found == reference.analogy(vectors, vocab, *asked), "another word points more nearly along a - b + c"


@pytest.mark.todo("batch.pad", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_rows_are_padded_on_the_right(poisoned, draw):
    """Rows keep their order and their ids, the padding stands on the right, and lengths count real ids."""
    pad_id = draw.integer(1, 9)
    sequences = [draw.ids(40, size, low=10).tolist() for size in draw.sizes(4, low=3)]
    # a real id that equals the padding counts as real
    sequences[1][-1] = pad_id
    longest = max(map(len, sequences))
    expected = torch.tensor([row + [pad_id] * (longest - len(row)) for row in sequences])
    batch, lengths = poisoned.pad_batch(sequences, pad_id)
    assert_parity(batch, expected, what="the batch")
    assert_parity(lengths, torch.tensor([len(row) for row in sequences]), what="the lengths")
