"""Behaviour: what stays true whatever the sentences and the weights are."""

import math

import pytest
import standins
import torch
from cases import (
    EOS,
    NO_GRADIENT,
    PAD,
    SOS,
    SOURCE_SIZE,
    UNK,
    draw_attention,
    draw_corpus,
    draw_decoding,
    draw_encoder,
    draw_gru,
    draw_pair,
    draw_reading,
    draw_source,
    draw_translations,
    draw_words,
    learn,
    make_decoder,
    make_lesson,
    make_parts,
    make_tree,
    measure_distance,
    read_beam,
    read_greedily,
    reorder,
    run_each,
    send_module,
    send_pair,
    send_tree,
    write_rows,
)

from grader.examiner import Caller, as_ids, assert_parity, assert_unchanged


@pytest.mark.todo("vocab", weight=2)
@pytest.mark.behaviour
def test_words_go_by_count_then_alphabet(student):
    """The most frequent word gets id 4; equally frequent ones go by the alphabet, whatever came first."""
    vocab = student.Vocab(["나는 물 물 a", "물 b 나는 가 B"])
    found = as_ids(vocab.encode("물 나는 B a b 가"))
    assert found == [4, 5, 6, 7, 8, 9], "words should be numbered by count, then alphabetically, capitals as they are"


@pytest.mark.todo("vocab", weight=1)
@pytest.mark.behaviour
def test_rare_words_become_unk(student, draw):
    """Words rarer than min_count, and words that were never seen, become <unk>."""
    often, rare, never = draw_words(draw, 3)
    vocab = student.Vocab([f"{often} {rare}", f"{often} {often}", rare], min_count=3)
    assert len(vocab) == 5, "a word rarer than min_count should get no id"
    assert as_ids(vocab.encode(f"{rare} {often} {never}")) == [UNK, 4, UNK], "rare and unknown words are <unk>"
    assert len(student.Vocab([f"{often} {rare} {rare}"])) == 6, "by default every word counts"


@pytest.mark.todo("vocab", weight=2)
@pytest.mark.behaviour
def test_decoding_stops_at_the_end(student, draw):
    """What follows <eos> is not shown, nor is any special."""
    words = sorted(draw_words(draw, 4))
    vocab = student.Vocab([" ".join(words)] * 2)
    ids = [SOS, 4, PAD, 5, UNK, 6, EOS, 7, EOS]
    found = vocab.decode(ids)
    assert found == " ".join(words[:3]), "decoding should stop at <eos> and hide specials"
    texts = [vocab.decode(torch.tensor(few)) for few in ([7, 4], [5])]
    assert texts == [f"{words[3]} {words[0]}", words[1]], "a tensor of ids does as well as a list"
    (after,) = student.define(Caller)().inputs_after(vocab.decode, ids)
    assert_unchanged(ids, after, what="ids")
    assert vocab.decode([EOS, 4]) == "", "a sentence that ends at once is empty"


@pytest.mark.todo("vocab", weight=1)
@pytest.mark.behaviour
def test_white_space_separates_words(student):
    """Several spaces and tabs separate words as one space does; sentences may come from a generator."""
    vocab = student.Vocab(student.define(standins.stream)([" a\tb  a ", "c\n", "b\n c"]))
    assert as_ids(vocab.encode("\ta  b c ")) == [4, 5, 6], "any white space should separate words"
    assert len(vocab) == 7, "white space should be no word"


@pytest.mark.todo("batch", weight=2)
@pytest.mark.behaviour
def test_target_is_shifted_by_one(student, draw):
    """tgt_in begins with <sos>, tgt_out ends with <eos>, and between them they are the same words."""
    corpus = draw_corpus(draw)
    _, _, tgt_in, tgt_out = make_parts(student, corpus)
    for row, (_, target) in enumerate(corpus.pairs):
        size = len(target.split())
        assert int(tgt_in[row, 0]) == SOS, "tgt_in should begin with <sos>"
        assert int(tgt_out[row, size]) == EOS, "tgt_out should end with <eos>"
        assert torch.equal(tgt_in[row, 1 : size + 1], tgt_out[row, :size]), "tgt_out should be one step ahead"
        assert EOS not in tgt_in[row].tolist(), "tgt_in should hold no <eos>"


@pytest.mark.todo("batch", weight=2)
@pytest.mark.behaviour
def test_padding_is_on_the_right(student, draw):
    """Rows keep their order, are padded on the right, and src_lengths says how long each one is."""
    corpus = draw_corpus(draw, 5)
    src, lengths, _, tgt_out = make_parts(student, corpus)
    for row, (source, target) in enumerate(corpus.pairs):
        # Whether the row holds the right words is for other tests to say.
        size = int(lengths[row])
        assert size >= len(source.split()), "src_lengths should be the number of words, in the order of the pairs"
        assert PAD not in src[row, :size].tolist(), "padding should be on the right, and count in no length"
        assert not bool(src[row, size:].any()), "what follows a sentence should be padding"
        assert not bool(tgt_out[row, len(target.split()) + 1 :].any()), "what follows <eos> should be padding"
    words = student.define(standins.Words)
    vocabs = words(corpus.source_words), words(corpus.target_words)
    after = student.define(standins.pairs_after)(student.make_batch, corpus.pairs, *vocabs)
    assert_unchanged(corpus.pairs, after, what="pairs")


@pytest.mark.todo("batch", weight=1)
@pytest.mark.behaviour
def test_source_carries_no_marks(student, draw):
    """src holds the words alone; each side is encoded by its own vocabulary."""
    corpus = draw_corpus(draw, 3)
    src, _, tgt_in, _ = make_parts(student, corpus)
    assert not bool(((src == SOS) | (src == EOS)).any()), "src should carry neither <sos> nor <eos>"
    for row, (source, target) in enumerate(corpus.pairs):
        known = [corpus.source_words.index(word) + 4 if word in corpus.source_words else UNK for word in source.split()]
        assert src[row, : len(known)].tolist() == known, "sources should be encoded by the source vocabulary"
        other = [corpus.target_words.index(word) + 4 if word in corpus.target_words else UNK for word in target.split()]
        assert tgt_in[row, 1 : len(other) + 1].tolist() == other, "targets should be encoded by the target vocabulary"


@pytest.mark.todo("loss", weight=1)
@pytest.mark.behaviour
def test_more_padding_changes_nothing(student, draw):
    """Extra padding, and the logits there, leave the loss as it is; the pad id may be any."""
    for pad_id in (0, 5):
        logits, targets = draw.tensor(2, 4, 7), draw.ids(4, 2, 4, low=1)
        before = student.masked_loss(logits, targets, pad_id).detach()
        wider = torch.cat([targets, torch.full((2, 3), pad_id)], dim=1)
        after = student.masked_loss(torch.cat([logits, draw.tensor(2, 3, 7)], dim=1), wider, pad_id)
        assert_parity(after, before, what="loss with more padding")
        # Surer of every right word: no draw leaves the loss where it was.
        surer = student.masked_loss(logits + 3 * torch.nn.functional.one_hot(targets, 7), targets, pad_id).detach()
        assert measure_distance(surer, before) > 1e-3, "the logits of real words should count"
    after = student.define(Caller)().inputs_after(student.masked_loss, logits, targets, pad_id)
    assert_unchanged(logits, after[0], what="logits")
    assert_unchanged(targets, after[1], what="targets")


@pytest.mark.todo("loss", weight=1)
@pytest.mark.behaviour
def test_nothing_but_padding_is_refused(student, draw):
    """Targets that are all padding are a ValueError with a reason."""
    refusal = student.define(Caller)().refusal
    said = refusal(student.masked_loss, draw.tensor(2, 3, 5), torch.zeros(2, 3, dtype=torch.long), 0)
    assert said is not None, "targets that are all padding should be a ValueError"
    assert said.strip(), "the ValueError should say what is wrong"
    assert refusal(student.masked_loss, draw.tensor(1, 2, 5), torch.tensor([[3, 0]]), 0) is None, "one word is enough"


@pytest.mark.todo("encoder", weight=2)
@pytest.mark.behaviour
def test_padding_is_never_read(student, reference, draw):
    """Padding, whatever and however much it is, changes neither outputs nor state; outputs there are zero."""
    ours, sizes = draw_encoder(reference, draw)
    theirs, source = send_module(student, "Encoder", ours, sizes), draw_source(draw, sizes[0], [4, 2, 3], 4)
    outputs, state = (part.detach() for part in theirs(source.src, source.lengths))
    wider = torch.cat([source.src, draw.ids(sizes[0], 3, 2)], dim=1)
    wider[1, 2:] = 4
    found, again = theirs(wider, source.lengths)
    assert_parity(found[:, :4], outputs, what="outputs with other padding")
    assert_parity(again, state, what="state with other padding")
    assert not bool(outputs[~source.mask].any()), "outputs at padded positions should be zero"
    assert_inputs_stay(student, theirs, (source.src, source.lengths))


@pytest.mark.todo("encoder", weight=1)
@pytest.mark.behaviour
def test_sentences_of_a_batch_do_not_mix(student, reference, draw):
    """Each sentence gives what it gives by itself, and rows stay in their order."""
    ours, sizes = draw_encoder(reference, draw)
    theirs, source = send_module(student, "Encoder", ours, sizes), draw_source(draw, sizes[0], [2, 5, 3], 5)
    _, state = theirs(source.src, source.lengths)
    alone = [theirs(source.src[row : row + 1], source.lengths[row : row + 1])[1].detach() for row in range(3)]
    assert_parity(state, torch.cat(alone, dim=1), what="state of a batch, against one sentence at a time")


@pytest.mark.todo("attention", weight=2)
@pytest.mark.behaviour
def test_hidden_keys_weigh_nothing(student, reference, draw):
    """Keys that the mask hides have weight zero, change nothing, and the others sum to 1."""
    ours, sizes, case = draw_attention(reference, draw)
    theirs = send_module(student, "AdditiveAttention", ours, sizes)
    context, weights = (part.detach() for part in theirs(case.query, case.keys, case.mask))
    assert not bool(weights[~case.mask].any()), "a hidden key should weigh nothing"
    assert_parity(weights.sum(-1), torch.ones(len(weights)), what="the sums of the weights")
    dirty = case.keys.clone()
    dirty[~case.mask] = 50.0
    assert_parity(theirs(case.query, dirty, case.mask)[0], context, what="context with other hidden keys")


@pytest.mark.todo("attention", weight=1)
@pytest.mark.behaviour
def test_query_decides_where_to_look(student, reference, draw):
    """Another query gives other weights, in its own row only; equal keys share equally."""
    ours, sizes, case = draw_attention(reference, draw)
    theirs = send_module(student, "AdditiveAttention", ours, sizes)
    _, before = theirs(case.query, case.keys, case.mask)
    other = case.query.clone()
    other[0] += 1.0
    _, after = theirs(other, case.keys, case.mask)
    assert measure_distance(after[0], before[0]) > 1e-4, "the query should decide where to look"
    assert_parity(after[1:], before[1:].detach(), what="weights of the other sentences")
    _, equal = theirs(case.query, torch.ones_like(case.keys), case.mask)
    assert_parity(equal, case.mask / case.mask.sum(-1, keepdim=True), what="weights of equal keys")
    assert_inputs_stay(student, theirs, (case.query, case.keys, case.mask))


@pytest.mark.todo("decoder", weight=1)
@pytest.mark.behaviour
def test_later_words_change_nothing(student, reference, draw, monkeypatch):
    """Logits and weights at t depend on the words up to t."""
    _, theirs, sizes = make_decoder(student, reference, draw, monkeypatch)
    tgt_in, *rest = draw_decoding(draw, sizes)
    logits, weights = (part.detach() for part in theirs(tgt_in, *rest))
    changed = tgt_in.clone()
    changed[:, 2] = (changed[:, 2] + 1) % sizes[0]
    after, looks = (part.detach() for part in theirs(changed, *rest))
    assert_parity(after[:, :2], logits[:, :2], what="logits before the word that changed")
    assert_parity(looks[:, :2], weights[:, :2], what="weights before the word that changed")
    assert measure_distance(after[:, 2], logits[:, 2]) > 1e-5, "a word should count from its place on"
    assert measure_distance(after[:, 4], logits[:, 4]) > 1e-6, "the state should be carried from step to step"


@pytest.mark.todo("decoder", weight=1)
@pytest.mark.behaviour
def test_hidden_words_of_the_source_do_not_count(student, reference, draw, monkeypatch):
    """The mask reaches the attention at every step."""
    _, theirs, sizes = make_decoder(student, reference, draw, monkeypatch)
    tgt_in, keys, state, mask = draw_decoding(draw, sizes)
    before = theirs(tgt_in, keys, state, mask)[0].detach()
    dirty = keys.clone()
    dirty[~mask] = 9.0
    after, weights = theirs(tgt_in, dirty, state, mask)
    assert_parity(after, before, what="logits with other hidden keys")
    hidden = ~mask.unsqueeze(1).expand_as(weights)
    assert not bool(weights[hidden].any()), "hidden words should weigh nothing at any step"


@pytest.mark.todo("train", weight=1)
@pytest.mark.behaviour
def test_every_token_counts_the_same(student, draw):
    """While nothing is learnt, the loss is the mean over all real tokens, not over batches."""
    lesson = make_lesson(student, draw)
    sums, count = 0.0, 0
    for src, lengths, tgt_in, tgt_out in lesson.parts:
        keys, state = lesson.ours.encoder(src, lengths)
        mask = torch.arange(src.shape[1]) < lengths.unsqueeze(1)
        logits = lesson.ours.decoder(tgt_in, keys, state, mask)[0]
        flat = torch.nn.functional.cross_entropy
        sums += flat(logits.flatten(0, 1), tgt_out.flatten(), ignore_index=PAD, reduction="sum").item()
        count += int((tgt_out != PAD).sum())
    lesson.theirs.eval()
    found = learn(student, lesson, 0.0)
    assert abs(found - sums / count) < 1e-3, "the loss should be the mean over all tokens, in train mode"


@pytest.mark.todo("train", weight=1)
@pytest.mark.behaviour
def test_loss_falls(student, draw):
    """Learning the same batches again and again lowers the loss."""
    lesson = make_lesson(student, draw, count=2)
    losses = [learn(student, lesson, 0.5, 5.0) for _ in range(12)]
    assert losses[-1] < 0.8 * losses[0], "the loss should fall from epoch to epoch"


@pytest.mark.todo("train", weight=1)
@pytest.mark.behaviour
def test_batches_may_be_a_generator(student, draw):
    """Batches that can be read only once do as well as a list."""
    lesson = make_lesson(student, draw)
    expected = learn(student, lesson, 0.0)
    assert abs(learn(student, lesson, 0.0, as_stream=True) - expected) < 1e-4, "any iterable of batches should do"


@pytest.mark.todo("train", weight=1)
@pytest.mark.behaviour
def test_steps_are_clipped(student, draw):
    """Without a max_norm a step is clipped to 1; a smaller max_norm gives a smaller step."""
    lesson = make_lesson(student, draw, count=1)
    weights = {name: 8 * weight for name, weight in lesson.ours.state_dict().items()}
    for options, longest in (((), 1.01), ((0.01,), 0.0101)):
        lesson.theirs.load_state_dict(weights)
        learn(student, lesson, 1.0, *options)
        moved = sum(float((now - weights[name]).pow(2).sum()) for name, now in lesson.theirs.state_dict().items())
        assert moved > 0, "the weights should move"
        assert math.sqrt(moved) < longest + 1e-3, "a step should be as long as max_norm allows"


@pytest.mark.todo("translate", weight=2)
@pytest.mark.behaviour
def test_each_row_ends_by_itself(student, draw):
    """A row stops at its own <eos>, however long its neighbours go on."""
    reading = draw_reading(
        draw, lambda rows: len({*map(len, rows)}) > 2 and min(map(len, rows)) < 4 and have_ended(rows)
    )
    found = write_rows(student, reading, max_len=reading.max_len)
    assert [len(row) for row in found] == [len(row) for row in reading.rows], "each row should end at its own <eos>"
    assert found == reading.rows, "what stands before a row's <eos> should not depend on its neighbours"
    # Every row twice: there are more rows than columns.
    many = reorder(reading, [0, 1, 2, 3] * 2)
    found = write_rows(student, many, max_len=reading.max_len)
    assert found == many.rows, "what stands before a row's <eos> should not depend on its neighbours"


@pytest.mark.todo("translate", weight=1)
@pytest.mark.behaviour
def test_max_len_cuts_every_row(student, draw):
    """At most max_len words are written, 20 by default."""
    reading = draw_reading(draw, lambda rows: min(map(len, rows)) > 2, max_len=5)
    # Once more with other sentences in their place.
    for case in (reading, reorder(reading, [3, 2, 1, 0])):
        found = write_rows(student, case, max_len=3)
        assert found == [row[:3] for row in case.rows], "max_len should cut the rows"
    with torch.no_grad():
        reading.ours.decoder.out.bias[EOS] = -1e4
    assert [len(row) for row in write_rows(student, reading)] == [20] * 4, "by default at most 20 words are written"


def have_ended(rows):
    """Whether no row was cut: how many words may be written is asked by another test."""
    return max(map(len, rows)) < 8


def cut(ids):
    """What stands before <eos>: other tests see whether it is left out."""
    return ids[: ids.index(EOS)] if EOS in ids else ids


@pytest.mark.todo("translate", weight=1)
@pytest.mark.behaviour
def test_rows_do_not_depend_on_their_neighbours(student, draw):
    """A row alone, without padding, gives what it gives in a batch."""
    reading = draw_reading(draw, lambda rows: sum(map(len, rows)) > 8 and have_ended(rows))
    theirs = send_pair(student, reading.ours)
    theirs.eval()
    for row in range(4):
        length = int(reading.source.lengths[row])
        alone = student.translate(theirs, reading.source.src[row : row + 1, :length], torch.tensor([length]), max_len=8)
        assert cut(as_ids(alone[0])) == reading.rows[row], "a row alone should give what it gives in a batch"
    source = reading.source
    after = student.define(Caller)().inputs_after(student.translate, theirs, source.src, source.lengths, 2)
    assert_unchanged(source.src, after[1], what="src")
    assert_unchanged(source.lengths, after[2], what="src_lengths")


# Greedy goes to 4; the best sentence begins with 5.
TREE = {
    0: {SOS: {4: 0.55, 5: 0.35, EOS: 0.1}},
    1: {4: {6: 0.5, 7: 0.5}, 5: {8: 0.95, EOS: 0.05}},
    2: {6: {EOS: 1.0}, 7: {EOS: 1.0}, 8: {EOS: 1.0}},
}


@pytest.mark.todo("beam", weight=2)
@pytest.mark.behaviour
def test_beam_finds_what_greedy_misses(student, draw):
    """Two beginnings are enough to find the better sentence; one is greedy."""
    theirs, src = send_tree(student, make_tree(TREE, SOURCE_SIZE)), draw.ids(SOURCE_SIZE, 3, low=4)
    found = read_beam(student.beam_search(theirs, src, 2))
    assert found[0][1] == [5, 8], "the better sentence should be found"
    assert abs(found[0][0] - math.log(0.35 * 0.95)) < 1e-3, "the score should be the sum of log-probabilities"
    ours = draw_pair(draw, SOURCE_SIZE).eval()
    for _ in range(20):
        source = draw_source(draw, SOURCE_SIZE, [4], 4)
        right = read_greedily(ours, source, 0, 6)
        if right is not None:
            break
    model = send_pair(student, ours)
    model.eval()
    assert read_beam(student.beam_search(model, source.src[0], 1, 6))[0][1] == right, "width 1 should be greedy"


@pytest.mark.todo("beam", weight=2)
@pytest.mark.behaviour
def test_finished_sentences_compete(student, draw):
    """A sentence that ended early keeps its place, and wins where it is the best."""
    tree = {
        0: {SOS: {EOS: 0.4, 4: 0.35, 5: 0.25}},
        1: {4: {EOS: 0.9, 6: 0.1}, 5: {6: 1.0}},
        2: {6: {EOS: 0.3, 7: 0.7}},
        3: {7: {EOS: 1.0}},
    }
    theirs, src = send_tree(student, make_tree(tree, SOURCE_SIZE)), draw.ids(SOURCE_SIZE, 2, low=4)
    found = read_beam(student.beam_search(theirs, src, 3))
    assert found[0][1] == [], "the sentence that ended first is the best"
    assert abs(found[0][0] - math.log(0.4)) < 1e-3, "its score should stay what it was when it ended"
    assert [ids for _, ids in found] == [[], [4], [5, 6, 7]], "it should keep its place, and the others theirs"


@pytest.mark.todo("beam", weight=1)
@pytest.mark.behaviour
def test_penalty_divides_by_the_length(student, draw):
    """The score is the sum over length ** length_penalty, <eos> in the length; longer sentences can win by it."""
    tree = {
        0: {SOS: {4: 0.5, 5: 0.5}},
        1: {4: {EOS: 0.6, 6: 0.4}, 5: {6: 1.0}},
        2: {6: {7: 1.0}},
        3: {7: {EOS: 0.5, 8: 0.5}},
        4: {8: {EOS: 1.0}},
    }
    theirs, src = send_tree(student, make_tree(tree, SOURCE_SIZE)), draw.ids(SOURCE_SIZE, 2, low=4)
    short = read_beam(student.beam_search(theirs, src, 4, length_penalty=0.0))[0]
    assert short[1] == [4] and abs(short[0] - math.log(0.3)) < 1e-3, "without a penalty the sum decides"
    score, ids = read_beam(student.beam_search(theirs, src, 4, length_penalty=1.0))[0]
    assert ids == [5, 6, 7, 8], "with a penalty the mean over the length decides"
    assert abs(score - math.log(0.25) / 5) < 1e-3, "<eos> should count in the length"


@pytest.mark.todo("beam", weight=1)
@pytest.mark.behaviour
def test_unfinished_sentences_come_back(student, draw):
    """At max_len unfinished sentences are among the results, beside finished ones."""
    src = draw.ids(SOURCE_SIZE, 2, low=4)
    # Once more with another word in its place.
    for word in (4, 8):
        tree = {0: {SOS: {word: 0.6, EOS: 0.4}}, 1: {word: {5: 1.0}}, 2: {5: {6: 1.0}}, 3: {6: {7: 1.0}}}
        theirs = send_tree(student, make_tree(tree, SOURCE_SIZE))
        found = read_beam(student.beam_search(theirs, src, 2, max_len=3))
        assert [ids for _, ids in found] == [[word, 5, 6], []], "unfinished sentences should be among the results"
    after = student.define(Caller)().inputs_after(student.beam_search, theirs, src, 1, 2)
    assert_unchanged(src, after[1], what="src")


@pytest.mark.todo("bleu", weight=1)
@pytest.mark.behaviour
def test_equal_sentences_score_one(student, draw):
    """The reference itself scores 1; without a common n-gram of some length the score is 0."""
    _, references = draw_translations(draw)
    assert abs(student.corpus_bleu(references, references) - 1) < 1e-6, "equal sentences should score 1"
    assert student.corpus_bleu(["a b c x d e f"], ["a b c y d e f"]) == 0, "without a common 4-gram the score is 0"
    assert student.corpus_bleu(["x y z w"], ["a b c d"]) == 0, "without a common word the score is 0"
    assert student.corpus_bleu(["a b c"], ["a b c"]) == 0, "three words have no 4-gram"
    assert student.corpus_bleu([""], ["a b c d"]) == 0, "an empty translation scores 0"


def compare_to_best(student, candidates, references, *, max_n):
    """A score in parts of what the references themselves score: other tests see whether that is 1."""
    best = student.corpus_bleu(references, references, max_n)
    assert isinstance(best, (int, float, torch.Tensor)) and best > 0, "equal sentences should not score 0"
    return float(student.corpus_bleu(candidates, references, max_n)) / float(best)


@pytest.mark.todo("bleu", weight=1)
@pytest.mark.behaviour
def test_repeating_a_word_does_not_pay(student):
    """An n-gram of the reference is met only as often as it occurs there."""
    score = compare_to_best(student, ["the the the the"], ["the cat the mat"], max_n=1)
    assert abs(score - 2 / 4) < 1e-6, "an n-gram should be met only as often as the reference has it"


@pytest.mark.todo("bleu", weight=1)
@pytest.mark.behaviour
def test_brevity_is_punished(student):
    """Candidates that are shorter in all than the references lose exp(1 - r/c); longer ones lose nothing by it."""
    short = compare_to_best(student, ["a b c d e f"], ["a b c d e f g h"], max_n=2)
    assert abs(short - math.exp(1 - 8 / 6)) < 1e-6, "the penalty for brevity should be exp(1 - r/c)"
    long = compare_to_best(student, ["a b c d e"], ["a b c d"], max_n=1)
    assert abs(long - 4 / 5) < 1e-6, "candidates that are longer should not be punished twice"


@pytest.mark.todo("bleu", weight=1)
@pytest.mark.behaviour
def test_counts_are_added_up_over_the_corpus(student, draw):
    """Counts are summed before they are divided; strings and lists of tokens score the same."""
    score = compare_to_best(student, ["a b c d e f", "x y"], ["a b c d e f", "u v"], max_n=1)
    assert abs(score - 6 / 8) < 1e-6, "counts should be added up over the corpus first"
    candidates, references = draw_translations(draw)
    joined = student.corpus_bleu(
        [" ".join(tokens) for tokens in candidates], [" ".join(tokens) for tokens in references]
    )
    assert abs(joined - student.corpus_bleu(candidates, references)) < 1e-9, "strings and lists should score the same"
    for inputs in ((candidates, references), (["x y z w"], ["a b c d"])):
        assert_inputs_stay(student, student.corpus_bleu, inputs)


@pytest.mark.todo("bug.average", weight=1)
@pytest.mark.behaviour
def test_wrong_line_of_the_mean_is_named(student):
    """The number is that of the one line that has to change."""
    assert student.bug_in_average_words() == 5, "another line is wrong: follow a short sentence through the function"


@pytest.mark.todo("bug.average", weight=1)
@pytest.mark.behaviour
def test_means_of_batches_of_every_form(student, draw):
    """Each call is answered by itself, for one sentence and one word too, and its inputs stay as they are."""
    forms = [(3, 4, 5), (3, 4, 5), (1, 3, 2), (3, 1, 4), (2, 3, 1), (4, 2, 3)]
    for number, (rows, steps, size) in enumerate(forms):
        outputs = draw.tensor(rows, steps, size)
        lengths = torch.tensor([1 + (number + row) % steps for row in range(rows)])
        right = torch.stack([row[:length].mean(0) for row, length in zip(outputs, lengths.tolist(), strict=True)])
        assert_parity(student.average_words(outputs, lengths), right, what="the means")
    assert_inputs_stay(student, student.average_words, (draw.tensor(2, 4, 3), torch.tensor([1, 4])))


def assert_inputs_stay(student, function, inputs):
    """A call leaves its tensors as they were."""
    after = student.define(Caller)().inputs_after(function, *inputs)
    for number, (before, now) in enumerate(zip(inputs, after, strict=True)):
        assert_unchanged(before, now, what=f"argument {number}")


@pytest.mark.todo("bug.sorted", weight=1)
@pytest.mark.behaviour
def test_sorting_of_batches_of_every_form(student, draw):
    """Each call is answered by itself, for one sentence too; gradients pass, and inputs stay as they are."""
    # The second and the third are of one form and have the same lengths. Once a column is padding in every row.
    for first, (rows, steps, width, size), more in (
        (0, (4, 3, 2, 5), 0),
        (1, (4, 3, 2, 5), 0),
        (1, (4, 3, 2, 5), 0),
        (2, (1, 3, 2, 4), 1),
        (0, (3, 1, 1, 1), 0),
        (0, (5, 2, 1, 3), 0),
    ):
        ours, theirs = draw_gru(student, draw, width, size)
        embedded = draw.tensor(rows, steps + more, width)
        lengths = torch.tensor([1 + (first + 2 * row) % steps for row in range(rows)])
        found, right = student.run_sorted(theirs, embedded, lengths), run_each(ours, embedded, lengths)
        for part, expected, what in zip(found, right, ("outputs", "h_n"), strict=True):
            assert_parity(part, expected, what=what)
            assert part.requires_grad, NO_GRADIENT
        after = student.define(Caller)().inputs_after(student.run_sorted, theirs, embedded, lengths)
        assert_unchanged(embedded, after[1], what="embedded")
        assert_unchanged(lengths, after[2], what="lengths")


@pytest.mark.todo("bug.sorted", weight=1)
@pytest.mark.behaviour
def test_wrong_line_of_the_sorting_is_named(student):
    """The number is that of the one line that has to change."""
    assert student.bug_in_run_sorted() == 6, "another line is wrong: follow three sentences through the function"
