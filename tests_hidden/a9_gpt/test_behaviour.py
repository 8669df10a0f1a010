"""Behaviour: what stays true whatever the text and the weights are."""

import pytest
import standins
import torch
from cases import (
    END,
    MAX_LEN,
    VOCAB_SIZE,
    assert_shares,
    draw_attention,
    draw_words,
    make_model,
    make_writer,
    measure_shares,
    read_merges,
    read_symbols,
    read_table,
    send_attention,
    use_right_pairs,
    write,
)

from grader.examiner import Caller, as_ids, assert_parity, assert_unchanged, in_float64


@pytest.mark.todo("bpe.pairs", weight=2)
@pytest.mark.behaviour
def test_pair_counts_each_time(student, draw):
    """A pair that stands twice in a word counts twice, and as often as the word occurs."""
    a, b, n = draw.word(), draw.hangul(), draw.integer(2, 9)
    for count in (n, n + 1):
        found = student.count_pairs({(a, b, a, b): count, (b, b, b): 1})
        assert read_table(found) == read_table({(a, b): 2 * count, (b, a): count, (b, b): 2}), (
            "every place where a pair stands should count, times the count of the word"
        )


@pytest.mark.todo("bpe.pairs", weight=1)
@pytest.mark.behaviour
def test_words_of_one_symbol_have_no_pair(student, draw):
    """A word that is one symbol gives no pair, and pairs do not reach from word to word."""
    a, b = draw.word(), draw.hangul()
    assert student.count_pairs({(a,): 3}) == {}, "a word of one symbol has no pair"
    found = student.count_pairs({(a,): 2, (b, a): 4, (b,): 1})
    assert read_table(found) == [((b, a), 4)], "pairs should stay within a word"


@pytest.mark.todo("bpe.merge", weight=2)
@pytest.mark.behaviour
def test_merging_does_not_overlap(student):
    """Of three equal symbols the first two are merged; of four, two and two."""
    found = student.merge_pair({("a", "a", "a"): 1, ("b", "a", "a", "a", "a"): 2, ("a", "a"): 4}, ("a", "a"))
    right = {("aa", "a"): 1, ("b", "aa", "aa"): 2, ("aa",): 4}
    assert read_table(found) == read_table(right), "merging should go from left to right and use a symbol once"


@pytest.mark.todo("bpe.merge", weight=1)
@pytest.mark.behaviour
def test_equal_words_add_their_counts(student, draw):
    """Two words that become the same one count together."""
    a, b, n = draw.word(), draw.hangul(), draw.integer(2, 9)
    found = student.merge_pair({(a, b, END): n, (a + b, END): 5}, (a, b))
    assert read_table(found) == [((a + b, END), n + 5)], "words that become equal should add their counts"


@pytest.mark.todo("bpe.merge", weight=2)
@pytest.mark.behaviour
def test_symbols_are_merged_whole(student):
    """Only the two symbols themselves are merged, not symbols that end or begin like them."""
    words = {("xa", "b", "a", "bx"): 1, ("x", "a", "b", END): 2, ("가", "ab", "a", "b"): 3}
    right = {("xa", "b", "a", "bx"): 1, ("x", "ab", END): 2, ("가", "ab", "ab"): 3}
    found = student.merge_pair(words, ("a", "b"))
    assert read_table(found) == read_table(right), "a symbol that only looks like a part of the pair should stay"


@pytest.mark.todo("bpe.merge", weight=1)
@pytest.mark.behaviour
def test_merging_gives_a_new_dict(student, draw):
    """The words that are given stay as they are, also where the pair is nowhere."""
    words = draw_words(draw)
    first = next(iter(words))
    for pair in (first[:2], ("b", "q")):
        after = student.define(standins.empty_after)(student.merge_pair, words, pair)
        assert read_table(after[0]) == read_table(words), "the words that are given should stay as they are"


@pytest.mark.todo("bpe.train", weight=2)
@pytest.mark.behaviour
def test_ties_go_to_the_first_in_the_alphabet(student):
    """Among equally frequent pairs the first one is taken, comparing the pairs as tuples."""
    use_right_pairs(student)
    for text, first in (("zx ba", ("a", END)), ("나다 가나", ("가", "나")), ("ba ba az az", ("a", END))):
        assert read_merges(student.train_bpe(text, 1)) == [first], "a tie should go to the pair that comes first"
    # As tuples ("a", "c") comes before ("ab", "a"); as joined strings it does not.
    found = read_merges(student.train_bpe("abac abac", 2))
    assert found == [("a", "b"), ("a", "c")], "a tie should be settled by comparing the pairs as tuples"


@pytest.mark.todo("bpe.train", weight=1)
@pytest.mark.behaviour
def test_training_stops_early(student, draw):
    """Where every word has become one symbol, there is nothing left to merge."""
    use_right_pairs(student)
    word = "".join(draw.shuffled("가나다라마바사아")[:3])  # no syllable twice, so that each merge joins one pair
    found = read_merges(student.train_bpe(f"{word} {word}", 50))
    assert len(found) == len(word), "training should end when no pair is left"
    assert found[-1][0] + found[-1][1] == word + END, "the last merge should give the whole word"
    assert read_merges(student.train_bpe("  \n ", 5)) == [], "a text without words has no merges"


@pytest.mark.todo("bpe.train", weight=1)
@pytest.mark.behaviour
def test_words_stand_between_white_space(student, draw):
    """Tabs, line ends and several spaces separate words as one space does; capitals and punctuation stay."""
    use_right_pairs(student)
    words = [draw.word() for _ in range(3)] + ["Ab!"] * 9
    plain = read_merges(student.train_bpe(" ".join(words), 12))
    spread = read_merges(student.train_bpe("\n" + " \t\n ".join(words) + "  ", 12))
    assert plain == spread, "any white space should separate words, and belong to none"
    assert plain[:2] == [("!", END), ("A", "b")], "capitals and punctuation should stay as they are"


@pytest.mark.todo("bpe.train", weight=1)
@pytest.mark.behaviour
def test_syllables_stay_whole(student, draw):
    """A Hangul syllable is one character, and is not taken apart."""
    use_right_pairs(student)
    syllables = draw.shuffled("강별봄꽃눈")
    found = read_merges(student.train_bpe(" ".join(["".join(syllables)] * 2), 20))
    symbols = {symbol for pair in found for symbol in pair}
    assert set(syllables) <= symbols, "every syllable should be a symbol of its own at the beginning"


@pytest.mark.todo("bpe.encode", weight=2)
@pytest.mark.behaviour
def test_rank_decides_not_place(student):
    """Of two merges that compete for a symbol the earlier one is applied, wherever it stands."""
    use_right_pairs(student)
    merges = [("b", "c"), ("a", "b"), ("bc", "d"), ("c", "d")]
    for word, right in (("abcd", ["a", "bcd", END]), ("abd", ["ab", "d", END]), ("cdab", ["cd", "ab", END])):
        found = read_symbols(student.bpe_encode(word, merges))
        assert found == right, "the merge that was learnt first should be applied first"
    longest = read_symbols(student.bpe_encode("xyz", [("y", "z"), ("x", "y"), ("xy", "z")]))
    assert longest == ["x", "yz", END], "the order of the merges decides, not the length of the result"


@pytest.mark.todo("bpe.encode", weight=2)
@pytest.mark.behaviour
def test_unseen_characters_stay_single(student, draw):
    """Characters that no merge knows stay as they are; nothing is lost."""
    use_right_pairs(student)
    strange = draw.hangul()
    found = read_symbols(student.bpe_encode(f"{strange}ab?", [("a", "b"), ("b", END)]))
    assert found == [*strange, "ab", "?", END], "characters that no merge knows should stay single"
    assert read_symbols(student.bpe_encode(strange, [])) == [*strange, END], "without merges, characters are left"


@pytest.mark.todo("bpe.encode", weight=1)
@pytest.mark.behaviour
def test_merge_applies_wherever_its_pair_stands(student):
    """A merge joins every place of its pair, from left to right, and the end mark like any symbol."""
    use_right_pairs(student)
    found = read_symbols(student.bpe_encode("abxabab", [("a", "b"), ("ab", END)]))
    assert found == ["ab", "x", "ab", "ab" + END], "every place where the pair stands should be joined"
    assert read_symbols(student.bpe_encode("aaa", [("a", "a")])) == ["aa", "a", END], "pairs should not overlap"
    merges = [("a", "b"), ("ab", END)]
    after = student.define(Caller)().inputs_after(student.bpe_encode, "cab", merges)
    assert_unchanged(merges, after[1], what="merges")


@pytest.mark.todo("attention.causal", weight=2)
@pytest.mark.behaviour
def test_later_tokens_change_nothing(student, reference, draw):
    """The output at t depends on the positions up to t, itself included, and on no later one."""
    ours, x = draw_attention(reference, draw, batch=2, steps=6)
    theirs = send_attention(student, ours)
    before = theirs(x).detach()
    for at in (1, 5):
        changed = x.clone()
        changed[:, at] += 1.0
        after = theirs(changed).detach()
        assert_parity(after[:, :at], before[:, :at], what="output before the token that changed")
        moved = (after[:, at:] - before[:, at:]).abs().amax(dim=(0, 2))
        assert bool((moved > 1e-4).all()), "a token should count at its own position and at all later ones"


@pytest.mark.todo("attention.causal", weight=1)
@pytest.mark.behaviour
def test_attention_keeps_no_state(student, reference, draw):
    """A second call is answered by itself, and the input stays as it is."""
    ours, x = draw_attention(reference, draw)
    theirs = send_attention(student, ours)
    first, other = theirs(x).detach(), draw.tensor(*x.shape)
    assert_parity(theirs(other), ours(other), what="output of a later call", precise=in_float64(ours, other))
    assert_parity(theirs(x), first, what="output of a later call")
    (after,) = student.define(Caller)().inputs_after(theirs, x)
    assert_unchanged(x, after, what="x")


@pytest.mark.todo("model", weight=2)
@pytest.mark.behaviour
def test_too_long_a_text_is_refused(student, reference, draw, monkeypatch):
    """More tokens than max_len are a ValueError with a reason."""
    case = make_model(student, reference, draw, monkeypatch)
    refusal = student.define(Caller)().refusal
    said = refusal(case.theirs, draw.ids(case.vocab_size, 2, case.max_len + 1))
    assert said is not None, "a text longer than max_len should be a ValueError"
    assert said.strip(), "the ValueError should say what is wrong"
    assert refusal(case.theirs, draw.ids(case.vocab_size, 2, case.max_len)) is None, "max_len tokens are allowed"


@pytest.mark.todo("loss", weight=1)
@pytest.mark.behaviour
def test_last_logits_do_not_count(student, draw):
    """What the last position predicts, and what the first token is, changes nothing."""
    vocab_size, steps = draw.sizes(2)
    logits, ids = draw.tensor(2, steps, vocab_size), draw.ids(vocab_size, 2, steps)
    before = student.next_token_loss(logits, ids).detach()
    changed, other = logits.clone(), ids.clone()
    changed[:, -1] = draw.tensor(2, vocab_size)
    other[:, 0] = (other[:, 0] + 1) % vocab_size
    assert_parity(student.next_token_loss(changed, other), before, what="loss with other last logits")
    changed[:, -2] += draw.tensor(2, vocab_size)
    assert abs(float(student.next_token_loss(changed, ids) - before)) > 1e-5, "the logits before the last should count"
    after = student.define(Caller)().inputs_after(student.next_token_loss, logits, ids)
    assert_unchanged(logits, after[0], what="logits")
    assert_unchanged(ids, after[1], what="ids")


@pytest.mark.todo("sample", weight=1)
@pytest.mark.behaviour
def test_temperature_divides_the_logits(student, draw):
    """Tokens come as often as softmax(logits / temperature) says."""
    logits = torch.tensor(draw.shuffled([3.0, 1.0, 0.0, -1.5]))
    for temperature in (1.0, 6.0):
        counts = measure_shares(student, logits, draw.seed(), temperature=temperature)
        assert_shares(counts, (logits.double() / temperature).softmax(0), f"temperature {temperature}")


@pytest.mark.todo("sample", weight=1)
@pytest.mark.behaviour
def test_top_k_keeps_the_best(student, draw):
    """With top_k only so many of the best come, as often as their own shares say."""
    probabilities = torch.tensor(draw.shuffled([0.4, 0.25, 0.2, 0.1, 0.05]), dtype=torch.float64)
    kept = torch.where(probabilities > 0.15, probabilities, 0.0)
    counts = measure_shares(student, probabilities.log().float(), draw.seed(), top_k=3)
    assert_shares(counts, kept / kept.sum(), "top_k=3")
    counts = measure_shares(student, probabilities.log().float(), draw.seed(), top_k=9)
    assert_shares(counts, probabilities, "top_k larger than the vocabulary")


@pytest.mark.todo("sample", weight=1)
@pytest.mark.behaviour
def test_top_p_keeps_the_smallest_set(student, draw):
    """With top_p the fewest best tokens come that reach it together; at least one."""
    probabilities = torch.tensor(draw.shuffled([0.45, 0.25, 0.15, 0.1, 0.05]), dtype=torch.float64)
    for top_p, least in ((0.6, 0.2), (0.8, 0.12), (0.1, 0.4)):
        kept = torch.where(probabilities > least, probabilities, 0.0)
        counts = measure_shares(student, probabilities.log().float(), draw.seed(), top_p=top_p)
        assert_shares(counts, kept / kept.sum(), f"top_p={top_p}")
    # All stay, and each of them comes so often that it would be missed.
    even = torch.tensor(draw.shuffled([0.3, 0.26, 0.24, 0.2]), dtype=torch.float64)
    assert_shares(measure_shares(student, even.log().float(), draw.seed(), top_p=1.0), even, "top_p=1.0")


@pytest.mark.todo("sample", weight=1)
@pytest.mark.behaviour
def test_filters_apply_in_order(student, draw):
    """Temperature comes first, then top_k, then top_p on what is left."""
    probabilities = torch.tensor(draw.shuffled([0.4, 0.3, 0.2, 0.1]), dtype=torch.float64)
    logits = probabilities.log().float()
    # Of the best two the first has 0.57; of all four it has 0.4, and would not reach 0.5 alone.
    counts = measure_shares(student, logits, draw.seed(), top_k=2, top_p=0.5)
    assert_shares(counts, (probabilities == 0.4).double(), "top_p should look at what top_k has left")
    # Cooled down to a fifth, the best one has 0.79.
    counts = measure_shares(student, logits, draw.seed(), temperature=0.2, top_p=0.7)
    assert_shares(counts, (probabilities == 0.4).double(), "top_p should look at what the temperature has made")


@pytest.mark.todo("sample", weight=1)
@pytest.mark.behaviour
def test_generator_decides_the_draws(student, draw):
    """The same generator seed gives the same draws, another one other draws."""
    seed = draw.seed()
    draw_many = student.define(standins.draw_many)
    logits = torch.zeros(7)
    first, again, other = (
        as_ids(draw_many(student.choose_token, logits, 30, number, {"top_k": 6})) for number in (seed, seed, seed + 1)
    )
    assert first == again, "the draws should come from the generator: the same seed, the same tokens"
    assert first != other, "another seed should give other tokens"
    # Without a generator torch's own decides: twelve equal draws come once in 50 ** 11 times.
    alone = [student.choose_token(torch.zeros(50)) for _ in range(12)]
    assert len(set(as_ids(alone))) > 1, "without a generator other tokens should come, too"


@pytest.mark.todo("sample", weight=1)
@pytest.mark.behaviour
def test_logits_stay_as_they_are(student, draw):
    """Choosing does not change the logits."""
    logits = draw.tensor(9)
    for options in ((2.0, 3, None), (0.5, None, 0.4), (1.0, 4, 0.6)):
        after = student.define(Caller)().inputs_after(student.choose_token, logits, *options)
        assert_unchanged(logits, after[0], what="logits")


@pytest.mark.todo("cache", weight=2)
@pytest.mark.behaviour
def test_one_position_a_step(student, reference, draw):
    """With the cache the work is about that of reading the whole text once."""
    writer = make_writer(student, reference, draw)
    measure = student.define(standins.measure_work)
    once = measure(writer.model, torch.tensor([writer.written]))
    count = len(writer.written) - len(writer.prompt)
    spent = measure(student.generate, writer.model, writer.prompt, count, use_cache=True, temperature=0)
    assert write(student, writer, use_cache=True, temperature=0) == writer.written, "the ids should be the same, too"
    assert spent < 1.6 * once, "with the cache each step should compute the new position only"


@pytest.mark.todo("cache", weight=2)
@pytest.mark.behaviour
def test_long_context_is_cut_from_the_left(student, reference, draw):
    """Beyond max_len the last max_len tokens are read, with the cache and without."""
    for prompt, count in ((MAX_LEN - 3, 8), (MAX_LEN + 4, 4)):
        writer = make_writer(student, reference, draw, prompt=prompt, count=count)
        for use_cache in (True, False):
            found = write(student, writer, use_cache=use_cache, temperature=0)
            assert found == writer.written, "a context that is too long should be cut from the left"


@pytest.mark.todo("cache", weight=1)
@pytest.mark.behaviour
def test_sampling_options_arrive(student, reference, draw):
    """Options go to choose_token: a filter that leaves one token is greedy, and a seed decides the draws."""
    writer = make_writer(student, reference, draw)
    found = write(student, writer, temperature=2.0, top_k=1)
    assert found == writer.written, "top_k=1 should take the best token at every step"
    assert write(student, writer, top_p=1e-6) == writer.written, "a tiny top_p should take the best token"
    make_generator, seed = student.define(standins.make_generator), draw.seed()
    texts = [
        write(student, writer, use_cache=use_cache, temperature=50.0, generator=make_generator(number))
        for number, use_cache in ((seed, True), (seed, True), (seed, False), (seed + 1, True))
    ]
    assert texts[0] == texts[1], "the same seed should give the same ids in a second call"
    assert texts[0] == texts[2], "with and without the cache the draws should be the same"
    assert texts[0] != texts[3], "another seed should give other ids"
    assert all(0 <= token < VOCAB_SIZE for token in texts[3]), "every id should be one of the vocabulary"
