"""Your own quick check: small examples whose answers can be worked out on paper."""

import pytest
import torch

from grader.examiner import assert_parity, assert_shape


def make_table(rows, width):
    """An nn.Embedding of torch's own."""
    return torch.nn.Embedding(rows, width)


@pytest.mark.todo("simple.split")
@pytest.mark.behaviour
def test_words_of_a_sentence(student):
    """Words come in lower case, without punctuation and emoji."""
    words = student.SimpleTokenizer().normalize_and_split("정말 GOOD film!! 😀 2편도...")
    assert_parity(list(words), ["정말", "good", "film", "2편도"], what="words")


@pytest.mark.todo("simple.vocab")
@pytest.mark.behaviour
def test_words_are_numbered_in_order(student):
    """New words get the next free id in the order they are first seen."""
    tokenizer = student.SimpleTokenizer()
    tokenizer.build_vocab(["red blue red", "green blue"])
    assert dict(tokenizer.vocab) == {"<PAD>": 0, "<UNK>": 1, "red": 2, "blue": 3, "green": 4}, f"found {tokenizer.vocab}"


@pytest.mark.todo("simple.encode")
@pytest.mark.behaviour
def test_unseen_word_is_unk(student):
    """A word that was never seen becomes <UNK>."""
    tokenizer = student.SimpleTokenizer()
    tokenizer.build_vocab(["red blue"])
    assert list(tokenizer.encode("blue pink red")) == [3, 1, 2], "expected the ids of blue, <UNK> and red"


@pytest.mark.todo("simple.decode")
@pytest.mark.behaviour
def test_unknown_id_is_unk(student):
    """An id that was never given becomes <UNK>."""
    tokenizer = student.SimpleTokenizer()
    tokenizer.build_vocab(["red blue"])
    assert list(tokenizer.decode([3, 0, 99])) == ["blue", "<PAD>", "<UNK>"], "expected blue, <PAD> and <UNK>"


@pytest.mark.todo("simple.pad")
@pytest.mark.behaviour
def test_padding_and_cutting(student):
    """Short lists are filled up on the right, long ones are cut."""
    tokenizer = student.SimpleTokenizer()
    assert list(tokenizer.pad([5, 6], 4)) == [5, 6, 0, 0], "expected two ids and two <PAD>"
    assert list(tokenizer.pad([5, 6, 7], 2)) == [5, 6], "expected the first two ids"


@pytest.mark.todo("wordpiece.train")
@pytest.mark.behaviour
def test_special_tokens(student, tmp_path):
    """[PAD] is 0 and [MASK] is 4; capitals are kept."""
    path = tmp_path / "corpus.txt"
    path.write_text("Good 영화 Good 영화\n" * 3, encoding="utf-8")
    tokenizer = student.train_wordpiece(str(path))
    assert [tokenizer.token_to_id("[PAD]"), tokenizer.token_to_id("[MASK]")] == [0, 4], "the special tokens come first"
    assert list(tokenizer.encode("Good 영화").tokens) == ["Good", "영화"], "both words should come back as they are"


@pytest.mark.todo("wordpiece.encode")
@pytest.mark.behaviour
def test_pieces_of_a_sentence(student, tmp_path):
    """Tokens, ids and decoded text belong together."""
    path = tmp_path / "corpus.txt"
    path.write_text("good film\n" * 3, encoding="utf-8")
    tokenizer = student.train_wordpiece(str(path))
    tokens, ids, decoded = student.encode_sentence(tokenizer, "good  film")
    assert list(tokens) == ["good", "film"], f"found {tokens}"
    assert list(ids) == [tokenizer.token_to_id("good"), tokenizer.token_to_id("film")], "the ids are not those of the tokens"
    assert decoded == "good film", "decode the ids"


@pytest.mark.todo("embedding.lookup")
@pytest.mark.behaviour
def test_rows_of_a_table(student):
    """Both ways of looking up give the rows of the table."""
    table = student.define(make_table)(4, 2)
    weight = torch.arange(8.0).reshape(4, 2)
    table.load_state_dict({"weight": weight})
    expected = torch.tensor([[6.0, 7.0], [0.0, 1.0]])
    assert_parity(student.lookup(table, [3, 0]), expected, what="the rows from lookup")
    assert_parity(student.one_hot_lookup(weight, [3, 0]), expected, what="the rows from one_hot_lookup")


@pytest.mark.todo("embedding.analogy")
@pytest.mark.behaviour
def test_king_and_queen(student):
    """king - man + woman is queen."""
    vectors = torch.tensor([[3.0, 1.0], [3.0, 3.2], [1.0, 1.0], [1.0, 3.0], [4.0, -2.0]])
    vocab = {"king": 0, "queen": 1, "man": 2, "woman": 3, "apple": 4}
    assert student.analogy(vectors, vocab, "king", "man", "woman") == "queen", "expected queen"


@pytest.mark.todo("batch.pad")
@pytest.mark.behaviour
def test_batch_of_two(student):
    """Short rows are filled up on the right, and the true lengths come along."""
    batch, lengths = student.pad_batch([[4, 5, 6], [7]], 0)
    assert_shape(batch, (2, 3), what="the batch")
    assert_parity(batch, torch.tensor([[4, 5, 6], [7, 0, 0]]), what="the batch")
    assert_parity(lengths, torch.tensor([3, 1]), what="the lengths")


@pytest.mark.todo("bug.zero")
@pytest.mark.parity
def test_ids_of_three_words(student):
    """The first word has the id 0, the last one is not there."""
    found = student.find_ids(["the", "sea", "boat"], {"the": 0, "sea": 1}, 9)
    assert found == [0, 1, 9], "expected the ids 0, 1 and 9"


@pytest.mark.todo("bug.pieces")
@pytest.mark.parity
def test_pieces_of_two_words(student):
    """Three pieces, two words."""
    assert student.join_pieces(["영화", "##를", "봤다"]) == "영화를 봤다", "expected two words"
