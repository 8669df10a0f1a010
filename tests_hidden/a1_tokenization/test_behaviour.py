"""Behaviour: what stays true of any text, vocabulary or table."""

import pytest
import standins
import torch
from cases import (
    SAFE_MARGIN,
    SPECIAL_TOKENS,
    as_id_list,
    as_words,
    build_vocab,
    draw_analogy,
    draw_pieces,
    draw_words,
    find_margin,
    make_tables,
    make_tokenizer,
    spell,
    tokens_of,
    train,
)

from grader.examiner import Caller, assert_equal, assert_parity, assert_unchanged, parameter_gradients


@pytest.mark.todo("simple.split", weight=2)
@pytest.mark.behaviour
def test_hangul_is_kept(student, draw):
    """Korean words are words, in each text that is split."""
    words = [draw.hangul() for _ in range(4)]
    split = student.SimpleTokenizer().normalize_and_split
    for text in (words, words[::-1]):
        assert as_words(split(" ".join(text))) == text, "Korean words should come back as they are"


@pytest.mark.todo("simple.split", weight=1)
@pytest.mark.behaviour
def test_letters_become_lower_case(student, draw):
    """Capitals make no difference."""
    words = [draw.word() for _ in range(3)]
    split = student.SimpleTokenizer().normalize_and_split
    for text in (" ".join(words).upper(), " ".join(words).title()):
        assert as_words(split(text)) == words, "words should come back in lower case"


@pytest.mark.todo("simple.split", weight=2)
@pytest.mark.behaviour
def test_punctuation_and_emoji_are_dropped(student, draw):
    """Punctuation and emoji are no words, and no part of one; a single letter is a word, and so is a repeated one."""
    words = [draw.hangul(), draw.word(), draw.word()[0], draw.hangul()[0]]
    words.append(words[0])
    split = student.SimpleTokenizer().normalize_and_split
    text = f'"{words[0]}"...😀{words[1]}!!👍🏽 ({words[2]}?) {words[3]}- {words[4]}'
    assert as_words(split(text)) == words, "only the words should be left"
    assert as_words(split("😀 ... !? -")) == [], "a text without words should give an empty list"


@pytest.mark.todo("simple.vocab", weight=2)
@pytest.mark.behaviour
def test_special_words_come_first(student, draw):
    """The special words keep their ids, and the other words go on from there without a gap."""
    words = draw_words(draw, 5)
    vocab = dict(build_vocab(student, [" ".join(words)]).vocab)
    assert [vocab.get("<PAD>"), vocab.get("<UNK>")] == [0, 1], "<PAD> should be 0 and <UNK> 1"
    assert sorted(vocab.values()) == list(range(len(words) + 2)), "ids should be used up one after the other"


@pytest.mark.todo("simple.vocab", weight=2)
@pytest.mark.behaviour
def test_inverse_vocabulary_leads_back(student, draw):
    """inv_vocab leads from each id back to its word, after a second call too."""
    words = draw_words(draw, 8)
    tokenizer = build_vocab(student, [" ".join(words[:5])], [" ".join(words[3:])])
    inverse = tokenizer.inv_vocab
    inverse = dict(enumerate(inverse)) if isinstance(inverse, list) else dict(inverse)
    vocab = dict(tokenizer.vocab)
    assert set(words) <= set(vocab), "the vocabulary should hold every word of both calls"
    assert inverse == {index: word for word, index in vocab.items()}, "vocab and inv_vocab do not agree"


@pytest.mark.todo("simple.vocab", weight=2)
@pytest.mark.behaviour
def test_second_call_extends(student, draw):
    """A second call keeps the ids that were given and goes on after them."""
    words = draw_words(draw, 9)
    found = dict(build_vocab(student, [" ".join(words[:5])], [" ".join(words[2:])]).vocab)
    # the submission's own numbers: whether they are right is another test's business
    first = dict(build_vocab(student, [" ".join(words[:5])]).vocab)
    assert {word: found.get(word) for word in first} == first, "words of the first call should keep their ids"
    together = dict(build_vocab(student, [" ".join(words)]).vocab)
    assert found == together, "words of the second call should get the next free ids"


@pytest.mark.todo("simple.vocab", weight=2)
@pytest.mark.behaviour
def test_corpus_may_be_any_iterable(student, draw):
    """A corpus may be a generator, which can be read only once, or a tuple."""
    words = draw_words(draw, 6)
    texts = [" ".join(words[:3]), " ".join(words[3:])]
    expected = dict(build_vocab(student, texts).vocab)
    for corpus in (student.define(standins.stream)(texts), tuple(texts)):
        found = dict(build_vocab(student, corpus).vocab)
        assert found == expected, "any iterable of texts should do, read only once"
        assert set(words) <= set(found), "the vocabulary should hold every word"


@pytest.mark.todo("simple.encode", weight=3)
@pytest.mark.behaviour
def test_unseen_words_become_unk(student, draw):
    """A word that the vocabulary does not know becomes <UNK>, and stays unknown."""
    words = draw_words(draw, 6)
    tokenizer = make_tokenizer(student, words[:3])
    text = " ".join([words[4], words[0], words[5]])
    for _ in range(2):
        ids = as_id_list(tokenizer.encode(text))
        assert 0 not in ids, "an unseen word is <UNK>, not <PAD>"
        assert ids == [1, 2, 1], "unseen words should become <UNK>, known ones keep their ids"
    ids = as_id_list(tokenizer.encode(" ".join([words[2], words[4], words[1]])))
    assert ids == [4, 1, 3], "another text should get ids of its own"


@pytest.mark.todo("simple.decode", weight=2)
@pytest.mark.behaviour
def test_unknown_ids_become_unk(student, draw):
    """An id beyond the vocabulary becomes <UNK>."""
    words = draw_words(draw, 3)
    tokenizer = make_tokenizer(student, words)
    for ids, expected in (
        ([5, 2, 10**6], ["<UNK>", words[0], "<UNK>"]),
        ([3, 10**6, 2], [words[1], "<UNK>", words[0]]),
    ):
        assert as_words(tokenizer.decode(ids)) == expected, "ids that the vocabulary lacks should become <UNK>"


@pytest.mark.todo("simple.decode", weight=2)
@pytest.mark.behaviour
def test_negative_ids_become_unk(student, draw):
    """A negative id does not count from the end: it is unknown."""
    words = draw_words(draw, 3)
    tokenizer = make_tokenizer(student, words)
    found = as_words(tokenizer.decode([-1, 4, -5]))
    assert found == ["<UNK>", words[2], "<UNK>"], "negative ids should become <UNK>"
    after = student.define(Caller)().inputs_after(tokenizer.decode, [-1, 4])[0]
    assert after == [-1, 4], "the list that was given should not be changed"


@pytest.mark.todo("simple.pad", weight=2)
@pytest.mark.behaviour
def test_zero_is_a_length(student, draw):
    """Only None means no padding; a length of zero gives an empty list."""
    words = draw_words(draw, 4)
    tokenizer = make_tokenizer(student, words, encodes=True)
    assert as_id_list(tokenizer.pad([2, 3], 0)) == [], "pad with max_len 0 should give an empty list"
    assert as_id_list(tokenizer(" ".join(words), max_len=0)) == [], "max_len 0 is a length, not a missing one"


@pytest.mark.todo("simple.pad", weight=2)
@pytest.mark.behaviour
def test_padding_gives_a_new_list(student, draw):
    """The caller's list stays as it is, and the result is another list."""
    ids = draw.ids(50, 4, low=2).tolist()
    tokenizer = make_tokenizer(student, [])
    caller, fill = student.define(Caller)(), student.define(standins.inputs_after_filling_result)
    for max_len in (7, 4, 2):
        after = caller.inputs_after(tokenizer.pad, list(ids), max_len)[0]
        assert after == ids, "the list that was given should not be changed"
        after = fill(tokenizer.pad, list(ids), max_len)[0]
        assert after == ids, "the result should be a new list, not the one that was given"


@pytest.mark.todo("simple.pad", weight=2)
@pytest.mark.behaviour
def test_calling_encodes_and_pads(student, draw):
    """Calling the tokenizer encodes a text; with max_len it also pads or cuts."""
    words = draw_words(draw, 4)
    tokenizer = make_tokenizer(student, words, encodes=True)
    text, other = " ".join([*words, words[0]]), " ".join([*words[::-1], words[3]])
    assert as_id_list(tokenizer(text)) == [2, 3, 4, 5, 2], "without max_len the ids should come as encode gives them"
    assert as_id_list(tokenizer(text, 6)) == [2, 3, 4, 5, 2, 0], "with a larger max_len <PAD> should follow"
    assert as_id_list(tokenizer(other, 6)) == [5, 4, 3, 2, 5, 0], "another text should get ids of its own"
    assert as_id_list(tokenizer(text, max_len=3)) == [2, 3, 4], "with a smaller max_len the ids should be cut"


@pytest.mark.todo("wordpiece.train", weight=2)
@pytest.mark.behaviour
def test_special_tokens_get_the_first_ids(student, draw):
    """The five special tokens get the ids 0 to 4, in the order of the handout."""
    tokenizer = train(student, [" ".join(draw_words(draw, 5))] * 3)
    found = [tokenizer.token_to_id(token) for token in SPECIAL_TOKENS]
    assert None not in found, "all five special tokens should be in the vocabulary"
    assert found == list(range(5)), "the special tokens should have the ids 0 to 4 in the given order"


@pytest.mark.todo("wordpiece.train", weight=3)
@pytest.mark.behaviour
@pytest.mark.gate
def test_case_and_accents_are_kept(student, draw):
    """Capitals and accents are not taken away."""
    words = [draw.word() for _ in range(4)]
    text = [form for word in words for form in (word.capitalize(), f"{word}é", f"Ü{word.upper()}")]
    tokenizer = train(student, [" ".join([*text, *words])] * 5)
    found = spell(tokens_of(tokenizer, " ".join(text)))
    message = "letters were changed: strip_accents=False keeps accents"
    if found.lower() == spell(text).lower():
        message = "capitals were changed: lowercase=False keeps them"
    assert_equal(found, spell(text), message)


@pytest.mark.todo("wordpiece.train", weight=2)
@pytest.mark.behaviour
def test_hangul_is_not_decomposed(student, draw):
    """Hangul syllables stay whole."""
    words = [draw.hangul() for _ in range(6)]
    tokenizer = train(student, [" ".join(words)] * 4)
    found = spell(tokens_of(tokenizer, " ".join(words)))
    assert found == spell(words), "syllables should not be taken apart: strip_accents=False keeps them whole"


@pytest.mark.todo("wordpiece.train", weight=1)
@pytest.mark.behaviour
def test_pieces_within_a_word_are_marked(student, draw):
    """A piece that goes on inside a word starts with ##."""
    words = [draw.hangul() for _ in range(3)]
    # doubled, so that each syllable is known inside a word, too
    tokenizer = train(student, [" ".join(word * 2 for word in words)] * 4)
    tokens = tokens_of(tokenizer, "".join(words))
    assert len(tokens) > 1, "a word that was never seen should be spelt from pieces"
    assert not tokens[0].startswith("##"), "the first piece of a word should not be marked"
    assert all(token.startswith("##") for token in tokens[1:]), "pieces inside a word should start with ##"


@pytest.mark.todo("wordpiece.train", weight=2)
@pytest.mark.behaviour
def test_files_may_be_a_path_or_several(student, draw):
    """One path may be given as a string; of several files all are read."""
    words = draw_words(draw, 4)
    lines = [[" ".join(half)] * 3 for half in (words[:2], words[2:])]
    both = train(student, *lines)
    assert "[UNK]" not in tokens_of(both, " ".join(words)), "every file of the list should be read"
    one = student.train_wordpiece(student.define(standins.write_corpus)(lines[0]))
    assert "[UNK]" not in tokens_of(one, " ".join(words[:2])), "a path given as a string should be read"


@pytest.mark.todo("wordpiece.train", weight=2)
@pytest.mark.behaviour
def test_limits_are_passed_on(student, draw):
    """vocab_size and min_frequency reach the training."""
    # A long word: one of two syllables may come to stand whole for the sake of another word that begins alike.
    words = [draw.word() + draw.word(), *draw_words(draw, 11)]
    lines = [" ".join(words)] * 3
    full, small = train(student, lines), train(student, lines, vocab_size=6)
    assert small.get_vocab_size() < full.get_vocab_size(), "a smaller vocab_size should limit the vocabulary"
    assert tokens_of(full, words[0]) == [words[0]], "a word seen three times should become one piece"
    strict = train(student, lines, min_frequency=4)
    assert len(tokens_of(strict, words[0])) > 1, "what is rarer than min_frequency should not be joined"


@pytest.mark.todo("wordpiece.train", weight=2)
@pytest.mark.behaviour
def test_thousands_of_syllables_are_kept(student, draw):
    """More than a thousand different syllables are still known; a small limit_alphabet gives some of them up."""
    first = draw.integer(0, 1000)
    syllables = [chr(0xAC00 + first + 7 * index) for index in range(1200)]
    lines = [" ".join(syllables[:600]), " ".join(syllables[600:])]
    tokens = tokens_of(train(student, lines), " ".join(syllables))
    assert tokens.count("[UNK]") == 0, "rare syllables became [UNK]: the default limit_alphabet should keep 6000"
    tokens = tokens_of(train(student, lines, limit_alphabet=100), " ".join(syllables))
    assert tokens.count("[UNK]") > 0, "limit_alphabet should reach the training"


@pytest.mark.todo("wordpiece.encode", weight=2)
@pytest.mark.behaviour
def test_frame_of_the_tokenizer_is_kept(student, draw):
    """A tokenizer that adds [CLS] and [SEP] is left to do so."""
    vocab, sentence = draw_pieces(draw)
    encoding = standins.make_wordpiece(vocab, framed=True).encode(sentence)
    tokens, ids, _ = student.encode_sentence(student.define(standins.make_wordpiece)(vocab, True), sentence)
    assert as_words(tokens) == encoding.tokens, "the tokens should be all that the tokenizer gives, [CLS] and [SEP] too"
    assert as_id_list(ids) == encoding.ids, "the ids should be all that the tokenizer gives, [CLS] and [SEP] too"


@pytest.mark.todo("wordpiece.encode", weight=3)
@pytest.mark.behaviour
def test_decoding_comes_from_the_ids(student, draw):
    """The decoded text joins ## pieces, and shows what the vocabulary could not say."""
    vocab, sentence = draw_pieces(draw)
    tokenizer = student.define(standins.make_wordpiece)(vocab, False)
    _, _, other = student.encode_sentence(tokenizer, "!")
    tokens, ids, decoded = student.encode_sentence(tokenizer, sentence)
    assert isinstance(decoded, str), "the decoded text should be a string"
    assert decoded != other, "the decoded text is that of another sentence"
    # of the submission's own ids: whether they are right is another test's business
    ours = standins.make_wordpiece(vocab, framed=False)
    right = [ours.decode(as_id_list(ids), skip_special_tokens=skip) for skip in (True, False)]
    assert decoded in right, "the text should be what the tokenizer decodes from the ids"
    assert "##" not in decoded, "pieces should be joined: let the tokenizer decode the ids"
    assert decoded != sentence, "the decoded text should come from the ids, not from the text"
    assert spell(tokens).count("É") == 0 and "É" not in decoded, "the decoded text should come from the ids"


@pytest.mark.todo("embedding.lookup", weight=2)
@pytest.mark.behaviour
def test_padding_row_stays_zero(student, draw):
    """With padding_idx the padding's row is zero, before and after a training step."""
    rows, width = draw.sizes(2, low=5)
    weight = draw.tensor(rows, width)
    weight[2] = 0
    _, theirs = make_tables(student, weight, padding_idx=2)
    ids = [2, 1, 2, 4]
    found = student.lookup(theirs, ids)
    assert_parity(found, weight[ids], what="the rows from lookup")
    assert found.requires_grad, "no gradient reaches the table: was something detached?"
    (found * draw.tensor(len(ids), width)).sum().backward()
    gradient = parameter_gradients(theirs)["weight"]
    assert gradient is not None, "the gradient should reach the table that was given"
    theirs.load_state_dict({"weight": weight - 0.5 * gradient})
    after = student.lookup(theirs, ids)
    assert bool((after[0] == 0).all()), "the padding's row was trained: ask the layer, not its weight"


@pytest.mark.todo("embedding.lookup", weight=1)
@pytest.mark.behaviour
def test_lookup_leaves_the_table_alone(student, draw):
    """Looking up does not change the table."""
    rows, width = draw.sizes(2, low=4)
    weight = draw.tensor(rows, width)
    _, theirs = make_tables(student, weight)
    ids = [rows - 1, *draw.ids(rows, 2).tolist()]
    student.lookup(theirs, ids)
    assert_unchanged(weight, theirs.state_dict()["weight"], what="the embedding's table")
    caller = student.define(Caller)()
    after = caller.inputs_after(student.one_hot_lookup, weight, ids)
    assert_unchanged(weight, after[0], what="the weight given to one_hot_lookup")
    assert [after[1], caller.inputs_after(student.lookup, theirs, ids)[1]] == [ids, ids], "the ids were changed"


def ask_again(vocab, asked, far):
    """Two words that were not asked, and one that was."""
    return [*[word for word in vocab if word not in asked][:2], asked[far]]


@pytest.mark.todo("embedding.analogy", weight=4)
@pytest.mark.behaviour
def test_given_words_are_never_the_answer(student, reference, draw):
    """None of the three given words is the answer, even when it is the nearest."""
    for near, far in ((0, 2), (2, 0)):

        def cancel(vectors, vocab, asked, far=far):
            # b takes itself away from one of the others, so that the sum is all but the third word
            nearly = vectors[vocab[asked[far]]] + 0.01 * draw.tensor(vectors.shape[1])
            vectors[vocab[asked[1]]] = torch.nn.functional.normalize(nearly, dim=0)
            # and two other words are so near that the one less the other is next to nothing
            one, other = (vocab[word] for word in ask_again(vocab, asked, far)[:2])
            vectors[one] = torch.nn.functional.normalize(vectors[other] + 0.03 * draw.tensor(vectors.shape[1]), dim=0)

        def is_clear_again(vectors, vocab, asked, far=far):
            return find_margin(vectors, vocab, ask_again(vocab, asked, far)) > SAFE_MARGIN

        vectors, vocab, asked = draw_analogy(draw, edit=cancel, is_telling=is_clear_again)
        found = student.analogy(vectors, vocab, *asked)
        assert found != asked[near], "the given words should not be among the answers"
        assert found == reference.analogy(vectors, vocab, *asked), "the nearest word other than a, b and c was expected"
        # Another question about the same vectors, which a word of the first one answers.
        again = ask_again(vocab, asked, far)
        found = student.analogy(vectors, vocab, *again)
        assert found == reference.analogy(vectors, vocab, *again), "the nearest word other than a, b and c was expected"


@pytest.mark.todo("embedding.analogy", weight=1)
@pytest.mark.behaviour
def test_zero_row_is_never_the_answer(student, reference, draw):
    """A row of zeros has no direction and does not win, even when all other words point away."""

    def turn_away(vectors, vocab, asked):
        others = [row for word, row in vocab.items() if word not in asked]
        a, b, c = (vectors[vocab[word]] for word in asked)
        away = torch.nn.functional.normalize(b - a - c, dim=0)
        vectors[others] = torch.nn.functional.normalize(away + 0.1 * draw.tensor(len(others), vectors.shape[1]), dim=1)
        vectors[others[0]] = 0

    vectors, vocab, asked = draw_analogy(draw, edit=turn_away)
    expected = reference.analogy(vectors, vocab, *asked)
    assert student.analogy(vectors, vocab, *asked) == expected, "a row of zeros is not nearer than a real word"


@pytest.mark.todo("embedding.analogy", weight=1)
@pytest.mark.behaviour
def test_analogy_leaves_the_vectors_alone(student, draw):
    """Asking does not change the vectors or the vocabulary."""
    vectors, vocab, asked = draw_analogy(draw)
    after = student.define(Caller)().inputs_after(student.analogy, vectors, vocab, *asked)
    assert_unchanged(vectors, after[0], what="the vectors")
    assert after[1] == vocab, "the vocabulary should not be changed"


@pytest.mark.todo("batch.pad", weight=2)
@pytest.mark.behaviour
def test_empty_sequences_have_length_zero(student, draw):
    """An empty sequence becomes a row of padding with length 0, also in a batch of nothing else."""
    row = draw.ids(40, 3, low=10).tolist()
    for place in (1, 0):
        rows = [row if index == place else [] for index in range(3)]
        batch, lengths = student.pad_batch(rows, 5)
        assert_parity(batch, torch.tensor([given or [5] * 3 for given in rows]), what="the batch")
        assert_parity(lengths, torch.tensor([len(given) for given in rows]), what="the lengths")


@pytest.mark.todo("batch.pad", weight=1)
@pytest.mark.behaviour
def test_empty_batch_is_refused(student):
    """A batch without sequences is a ValueError with a reason."""
    said = student.define(Caller)().refusal(student.pad_batch, [], 0)
    assert said is not None, "an empty batch should be a ValueError"
    assert said.strip(), "the ValueError should say what is wrong"


@pytest.mark.todo("batch.pad", weight=1)
@pytest.mark.behaviour
def test_sequences_are_left_alone(student, draw):
    """Padding does not write into the sequences that were given."""
    sequences = [draw.ids(40, size).tolist() for size in draw.sizes(3)]
    after = student.define(Caller)().inputs_after(student.pad_batch, [list(row) for row in sequences], 0)[0]
    assert after == sequences, "the given sequences should not be changed"
