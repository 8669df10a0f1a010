"""Behaviour: what stays true whatever the names and the weights are."""

import unicodedata

import pytest
import standins
import torch
from cases import (
    CATEGORIES,
    DRAWS,
    END,
    LETTERS,
    SIX_SIGMA,
    draw_batch,
    draw_cell,
    draw_classifier,
    draw_generator,
    draw_names,
    draw_sure_writer,
    learn,
    make_dice,
    make_lesson,
    measure_distance,
    send_classifier,
    send_generator,
    send_writer,
    spell,
)

from grader.examiner import Caller, as_ids, assert_parity, assert_shape, assert_unchanged


@pytest.mark.todo("vocab", weight=2)
@pytest.mark.behaviour
def test_alphabet_is_sorted_after_the_specials(student, draw):
    """stoi and itos lead there and back: the specials first, then each character once, sorted."""
    names = draw_names(draw, 6)
    vocab = student.NameVocab(names)
    expected = ["<PAD>", "<UNK>", "<END>", *sorted({c for name in names for c in name.lower()})]
    stoi, itos = dict(vocab.stoi), vocab.itos
    itos = dict(enumerate(itos)) if isinstance(itos, (list, tuple)) else dict(itos)
    assert stoi == {name: index for index, name in enumerate(expected)}, "stoi should lead to the specials, then sorted"
    assert itos == dict(enumerate(expected)), "itos should lead from each id to its character"


@pytest.mark.todo("vocab", weight=2)
@pytest.mark.behaviour
def test_spellings_that_look_the_same_are_the_same(student):
    """Taken apart or not, in capitals or not: the same name has the same ids."""
    names = ["José", "가을", "Çelik", "각"]
    apart = [unicodedata.normalize("NFD", name) for name in names]
    for known in (names, apart):
        vocab = student.NameVocab(known)
        for name, same in zip(names, apart, strict=True):
            ids = as_ids(vocab.encode(name))
            assert ids == as_ids(vocab.encode(same)), "NFC should make one spelling of two"
            assert ids == as_ids(vocab.encode(same.upper())), "capitals should make no difference"
            assert 1 not in ids, "a character of a known name should be known"
            assert vocab.decode(ids) == name.lower(), "decoding should give the name in NFC and lower case"
    assert len(student.NameVocab(["가"])) == 4, "a Hangul syllable is one character"


@pytest.mark.todo("vocab", weight=1)
@pytest.mark.behaviour
def test_unseen_characters_become_unk(student, draw):
    """A character that no name held becomes <UNK>, and stays unknown."""
    vocab = student.NameVocab(["abc", "가나"])
    for name, right in (("azb힣", [3, 1, 4, 1]), ("azb힣", [3, 1, 4, 1]), ("zcab", [1, 5, 3, 4])):
        assert as_ids(vocab.encode(name)) == right, "unseen characters should become <UNK>"


@pytest.mark.todo("vocab", weight=2)
@pytest.mark.behaviour
def test_specials_are_not_shown(student, draw):
    """<PAD>, <UNK> and <END> are left out wherever they stand; nothing else is."""
    vocab = student.NameVocab(["abc", "가나"])
    ids = [0, 2, 3, 1, 4, 2, 5, 0, 6]
    assert vocab.decode(ids) == "abc가", "specials should be hidden, all other ids shown"
    (after,) = student.define(Caller)().inputs_after(vocab.decode, ids)
    assert_unchanged(ids, after, what="ids")
    assert vocab.decode([2, 0, 1]) == "", "specials alone give an empty text"
    texts = [vocab.decode(torch.tensor(ids)) for ids in ([3, 4], [5])]
    assert texts == ["ab", "c"], "a tensor of ids does as well as a list"


@pytest.mark.todo("vocab", weight=1)
@pytest.mark.behaviour
def test_names_may_be_any_iterable(student, draw):
    """Names may be a generator, which can be read only once, or a tuple."""
    names = draw_names(draw, 4)
    sizes = [len(student.NameVocab(n)) for n in (student.define(standins.stream)(names), tuple(names), names)]
    assert sizes[0] == sizes[1] == sizes[2], "any iterable of names should do, read only once"
    assert as_ids(student.NameVocab(student.define(standins.stream)(["b", "a"])).encode("ab")) == [3, 4], (
        "any iterable of names should do, read only once"
    )


@pytest.mark.todo("cell.joined", weight=1)
@pytest.mark.behaviour
def test_joined_cell_leaves_its_inputs_alone(student, draw):
    """One step changes neither input nor state nor weights."""
    assert_inputs_stay(student, student.joined_cell, draw_cell(draw))


def assert_inputs_stay(student, function, inputs):
    """A call leaves every one of its inputs as it was."""
    after = student.define(Caller)().inputs_after(function, *inputs)
    for number, (before, now) in enumerate(zip(inputs, after, strict=True)):
        assert_unchanged(before, now, what=f"argument {number}")


@pytest.mark.todo("gru.cell", weight=1)
@pytest.mark.behaviour
def test_gru_cell_leaves_its_inputs_alone(student, draw):
    """One step changes neither input nor state nor weights."""
    assert_inputs_stay(student, student.gru_cell, draw_cell(draw, gates=3))


@pytest.mark.todo("gru.cell", weight=2)
@pytest.mark.behaviour
def test_open_update_gate_keeps_the_state(student, draw):
    """Where the update gate is all but 1 the old state stays, and where it is all but 0 it is replaced."""
    x, h, W_ih, W_hh, b_ih, b_hh = draw_cell(draw, gates=3)
    size = len(h)
    for push, what in ((60.0, "kept"), (-60.0, "replaced")):
        pushed = b_ih.clone()
        pushed[size : 2 * size] += push
        found = student.gru_cell(x, h, W_ih, W_hh, pushed, b_hh)
        if push > 0:
            assert_parity(found, h, what=f"the state that should be {what}")
        else:
            assert measure_distance(found, h) > 1e-2, f"the state should be {what}"
            assert bool((found.abs() <= 1).all()), "the candidate comes out of a tanh"


@pytest.mark.todo("order", weight=1)
@pytest.mark.behaviour
def test_order_of_characters_changes_nothing(student, draw):
    """The same characters in another order give the same vector; another character gives another."""
    rows, width = draw.sizes(2, low=6)
    table, batch = draw.tensor(rows, width), draw_batch(draw, rows, [5, 5], 5)
    before = student.bag_of_embeddings(table, batch.ids, batch.lengths).detach()
    assert_parity(student.bag_of_embeddings(table, batch.ids.flip(1), batch.lengths), before, what="means")
    other = batch.ids.clone()
    other[:, 2] = (other[:, 2] + 1) % rows
    changed = student.bag_of_embeddings(table, other, batch.lengths).detach()
    assert measure_distance(changed, before) > 1e-3, "every real character should count"


@pytest.mark.todo("order", weight=2)
@pytest.mark.behaviour
def test_padding_is_never_read(student, draw):
    """Padded positions may hold anything, even what is no id, and there may be more of them."""
    rows, width = draw.sizes(2, low=6)
    table, batch = draw.tensor(rows, width), draw_batch(draw, rows, [2, 4, 3], 4)
    before = student.bag_of_embeddings(table, batch.ids, batch.lengths).detach()
    dirty = torch.cat([batch.ids, torch.full((3, 2), 10**6)], dim=1)
    dirty[0, 2:], dirty[2, 3] = -1, rows
    assert_parity(student.bag_of_embeddings(table, dirty, batch.lengths), before, what="means with other padding")
    single = student.bag_of_embeddings(table, batch.ids[:, :1], torch.ones(3, dtype=torch.long))
    assert_parity(single, table[batch.ids[:, 0]], what="means of names of one character")


@pytest.mark.todo("order", weight=1)
@pytest.mark.behaviour
def test_empty_name_gives_zeros(student, draw):
    """A name without characters gives zeros, and its neighbours what they give without it."""
    rows, width = draw.sizes(2, low=6)
    table, batch = draw.tensor(rows, width), draw_batch(draw, rows, [0, 3], 3)
    found = student.bag_of_embeddings(table, batch.ids, batch.lengths)
    expected = torch.stack([torch.zeros(width), table[batch.ids[1]].mean(0)])
    assert_parity(found, expected, what="means with an empty name")
    found = student.bag_of_embeddings(table, batch.ids, torch.tensor([2, 0]))
    expected = torch.stack([table[batch.ids[0, :2]].mean(0), torch.zeros(width)])
    assert_parity(found, expected, what="means with another empty name")


@pytest.mark.todo("order", weight=1)
@pytest.mark.behaviour
def test_bag_leaves_its_inputs_alone(student, draw):
    """Neither the table nor the ids are changed."""
    batch = draw_batch(draw, 7, [0, 3], 4)
    assert_inputs_stay(student, student.bag_of_embeddings, (draw.tensor(7, 4), batch.ids, batch.lengths))


@pytest.mark.todo("classifier", weight=2)
@pytest.mark.behaviour
def test_padding_does_not_change_a_language(student, reference, draw):
    """Log-probabilities stay the same whatever the padding holds, and however much there is of it."""
    ours, sizes = draw_classifier(reference, draw)
    theirs, batch = send_classifier(student, ours, sizes), draw_batch(draw, sizes[0], [4, 2, 3], 4)
    before = theirs(batch.ids, batch.lengths).detach()
    wider = torch.cat([batch.ids, draw.ids(sizes[0], 3, 3)], dim=1)
    wider[1, 2:] = (wider[1, 2:] + 1) % sizes[0]
    assert_parity(theirs(wider, batch.lengths), before, what="log-probabilities with other padding")
    changed = batch.ids.clone()
    changed[1, 1] = (changed[1, 1] + 1) % sizes[0]
    after = theirs(changed, batch.lengths)
    assert measure_distance(after, before) > 1e-4, "the last real character of a name should count"
    stayed = student.define(Caller)().inputs_after(theirs, batch.ids, batch.lengths)
    assert_unchanged([batch.ids.tolist(), batch.lengths.tolist()], [t.tolist() for t in stayed], what="the batch")


@pytest.mark.todo("classifier", weight=1)
@pytest.mark.behaviour
def test_probabilities_sum_to_one(student, reference, draw):
    """The exponentials of each row sum to 1."""
    ours, sizes = draw_classifier(reference, draw)
    batch = draw_batch(draw, sizes[0], [4, 2, 3], 4)
    found = send_classifier(student, ours, sizes)(batch.ids, batch.lengths)
    assert_parity(found.detach().exp().sum(-1), torch.ones(3), what="the sums of the probabilities")


@pytest.mark.todo("classifier", weight=1)
@pytest.mark.behaviour
def test_names_of_a_batch_do_not_mix(student, reference, draw):
    """Each name gives what it gives by itself, and rows stay in their order."""
    ours, sizes = draw_classifier(reference, draw)
    theirs, batch = send_classifier(student, ours, sizes), draw_batch(draw, sizes[0], [2, 5, 3], 5)
    alone = [theirs(batch.ids[row : row + 1], batch.lengths[row : row + 1]).detach() for row in range(3)]
    assert_parity(theirs(batch.ids, batch.lengths), torch.cat(alone), what="a batch, against one name at a time")


@pytest.mark.todo("clip", weight=2)
@pytest.mark.behaviour
def test_small_gradients_stay(student, draw):
    """Gradients whose norm is not larger than max_norm are not touched, zeros neither."""
    clip_and_read = student.define(standins.clip_and_read)
    for gradients, max_norm in (([draw.tensor(3), draw.tensor(2, 2)], 50.0), ([torch.zeros(3)], 1.0)):
        norm, after, _ = clip_and_read(student.clip_gradients, gradients, max_norm)
        whole = torch.cat([gradient.flatten() for gradient in gradients]).norm()
        assert_parity(after, gradients, what="gradients that are small enough")
        assert abs(float(norm) - float(whole)) < 1e-4, "the norm before should come back"


@pytest.mark.todo("clip", weight=1)
@pytest.mark.behaviour
def test_direction_stays(student, draw):
    """Every gradient is scaled by the same factor, also where one of them is small by itself."""
    gradients = [draw.tensor(6, scale=9.0), draw.tensor(6, scale=0.05)]
    norm, after, _ = student.define(standins.clip_and_read)(student.clip_gradients, gradients, 1.0)
    whole = torch.cat(gradients)
    assert_parity(torch.cat(after), whole / whole.norm(), what="the clipped gradients")
    assert abs(float(norm) / float(whole.norm()) - 1) < 1e-4, "the norm before clipping should come back"


@pytest.mark.todo("clip", weight=1)
@pytest.mark.behaviour
def test_parameters_without_gradient_are_skipped(student, draw):
    """A parameter without a gradient is left out, and the parameters themselves are not changed."""
    gradients = [None, draw.tensor(4, scale=5.0), None]
    found = student.define(standins.clip_and_read)(student.clip_gradients, gradients, 1.0)
    assert found[1][0] is None and found[1][2] is None, "a parameter without a gradient should stay without one"
    assert_parity(found[1][1], gradients[1] / gradients[1].norm(), what="the clipped gradient")
    expected = [torch.full((size,), 0.5 + number) for number, size in enumerate((3, 4, 3))]
    assert_parity(found[2], expected, what="the parameters")


@pytest.mark.todo("clip", weight=1)
@pytest.mark.behaviour
def test_parameters_may_be_a_generator(student, draw):
    """model.parameters() can be read only once, and does as well as a list."""
    gradients = [draw.tensor(4, scale=5.0), draw.tensor(3, scale=5.0)]
    clip_and_read = student.define(standins.clip_and_read)
    norm, after, _ = clip_and_read(student.clip_gradients, gradients, 1.0, True)
    whole = torch.cat(gradients)
    assert abs(float(norm) / float(whole.norm()) - 1) < 1e-4, "the norm should be that of all gradients"
    assert_parity(torch.cat(after), whole / whole.norm(), what="the clipped gradients")


@pytest.mark.todo("train", weight=1)
@pytest.mark.behaviour
def test_model_learns_in_train_mode(student, reference, draw):
    """A model that was being evaluated is put into train mode first."""
    lesson = make_lesson(student, draw, count=2)
    lesson.theirs.eval()
    ids, lengths, labels = lesson.batches[0]
    expected = torch.nn.functional.nll_loss(lesson.ours(ids, lengths), labels).item()
    found = learn(student, lesson, 0.1)[0]
    assert abs(found - expected) < 1e-4, "the model should be in train mode while it learns"


@pytest.mark.todo("train", weight=1)
@pytest.mark.behaviour
def test_loss_falls(student, draw):
    """Learning the same batches again and again lowers the loss."""
    lesson = make_lesson(student, draw, count=1)
    losses = learn(student, lesson, 1.0, 5.0, batches=lesson.batches * 30)
    assert losses[-1] < 0.7 * losses[0], "the loss should fall while the same batch comes again"


@pytest.mark.todo("train", weight=1)
@pytest.mark.behaviour
def test_batches_may_be_a_generator(student, draw):
    """Batches that can be read only once do as well as a list."""
    lesson = make_lesson(student, draw, count=3)
    losses = learn(student, lesson, 0.1, batches=student.define(standins.stream)(lesson.batches))
    assert len(losses) == 3, "every batch of a generator should be learnt from"


@pytest.mark.todo("train", weight=1)
@pytest.mark.behaviour
def test_steps_are_clipped_by_default(student, draw):
    """Without a max_norm a step is clipped to 1, and a smaller max_norm gives a smaller step."""
    lesson = make_lesson(student, draw, count=1)
    measure = student.define(standins.measure_shift)
    make_sgd = student.define(standins.make_sgd)
    lesson.theirs.load_state_dict({name: 20 * weight for name, weight in lesson.ours.state_dict().items()})
    # A wrong and certain answer: the gradient is as long as it can be.
    ids, lengths, _ = lesson.batches[0]
    labels = (20 * lesson.ours.table.weight[ids]).mul((torch.arange(5) < lengths[:, None])[..., None]).sum(1).argmin(1)
    shift = measure(
        lesson.theirs, make_sgd(lesson.theirs, 1.0), student.train_classifier, [(ids, lengths, labels)], 0.01
    )
    assert 0.005 < shift < 0.011, "a step of gradient descent should be as long as max_norm allows"
    before = lesson.theirs.state_dict()["table.weight"].clone()
    student.train_classifier(lesson.theirs, [(ids, lengths, labels)], make_sgd(lesson.theirs, 1.0))
    moved = (lesson.theirs.state_dict()["table.weight"] - before).norm()
    assert float(moved) < 1.01, "without a max_norm gradients should be clipped to 1"


@pytest.mark.todo("confusion", weight=1)
@pytest.mark.behaviour
def test_every_name_is_counted_once(student, draw):
    """Each row sums to the names of its class, and all right guesses stand on the diagonal."""
    actual = draw.ids(4, 40)
    found = student.confusion_matrix((actual + 1) % 5, actual, 5)
    assert_parity(found.sum(1), torch.bincount(actual, minlength=5), what="the sums of the rows")
    right = student.confusion_matrix(actual, actual, 5)
    assert_parity(right, torch.diag(torch.bincount(actual, minlength=5)), what="the matrix of right guesses")
    assert_inputs_stay(student, student.confusion_matrix, ((actual + 1) % 5, actual, 5))


@pytest.mark.todo("generator", weight=1)
@pytest.mark.behaviour
def test_later_characters_change_nothing(student, reference, draw):
    """Logits at t depend on the ids up to t only."""
    ours, sizes = draw_generator(reference, draw)
    theirs, category, ids = send_generator(student, ours, sizes), draw.ids(sizes[0], 2), draw.ids(sizes[1], 2, 6)
    before = theirs(category, ids).detach()
    changed = ids.clone()
    changed[:, 3] = (changed[:, 3] + 1) % sizes[1]
    after = theirs(category, changed).detach()
    assert_parity(after[:, :3], before[:, :3], what="logits before the character that changed")
    assert measure_distance(after[:, 3], before[:, 3]) > 1e-5, "a character should count from its place on"


@pytest.mark.todo("generator", weight=1)
@pytest.mark.behaviour
def test_category_decides_from_the_first_step(student, reference, draw):
    """Another category gives other logits from the first step on, for its own row only."""
    ours, sizes = draw_generator(reference, draw)
    theirs, ids = send_generator(student, ours, sizes), draw.ids(sizes[1], 2, 3)
    before = theirs(torch.tensor([0, 1]), ids).detach()
    after = theirs(torch.tensor([2, 1]), ids).detach()
    assert_parity(after[1], before[1], what="logits of the row whose category stayed")
    assert measure_distance(after[0, 0], before[0, 0]) > 1e-5, "the category should count from the first step on"


@pytest.mark.todo("sample", weight=2)
@pytest.mark.behaviour
def test_name_ends_at_the_end(student, draw):
    """Writing stops at <END>, which is not shown; at most max_len characters come."""
    ours, paths = draw_sure_writer(draw, lambda paths: any(path[-1] == END and len(path) > 2 for path in paths))
    model, vocab = send_writer(student, ours)
    ending = next(number for number, path in enumerate(paths) if path[-1] == END and len(path) > 2)
    name = student.sample_name(model, vocab, ending)
    assert name == spell(paths[ending]), "the name should end where <END> is chosen"
    cut = student.sample_name(model, vocab, ending, max_len=2)
    assert cut == spell(paths[ending][:2]), "max_len should cut the name"


@pytest.mark.todo("sample", weight=2)
@pytest.mark.behaviour
def test_hidden_specials_count_as_steps(student, draw):
    """A <PAD> or <UNK> that is chosen is fed on, counts as a step and is not shown."""

    def goes_on_after(special, paths):
        # Characters that follow: without them a name that ends here looks the same.
        return any(special in path[:5] and max(path[path.index(special) :]) > END for path in paths)

    def is_telling(paths):
        return goes_on_after(0, paths) and goes_on_after(1, paths)

    ours, paths = draw_sure_writer(draw, is_telling, max_len=8)
    model, vocab = send_writer(student, ours)
    found = [student.sample_name(model, vocab, category, max_len=8) for category in range(CATEGORIES)]
    assert found == [spell(path) for path in paths], "specials should be fed on like any character, and not be shown"


@pytest.mark.todo("sample", weight=2)
@pytest.mark.behaviour
def test_characters_are_drawn_by_their_probabilities(student, draw):
    """With a temperature characters come as often as softmax(logits / temperature) says."""
    logits = torch.full((len(LETTERS) + 3,), -1e4)
    places = [2, 3, 4, len(LETTERS) + 2]  # <END>, and characters from the first to the last
    logits[places] = torch.tensor([3.0, *draw.shuffled([1.0, 0.0, -1.5])])
    model, vocab = make_dice(student, logits)
    names = student.define(standins.draw_many)(student.sample_name, model, vocab, DRAWS, draw.seed(), 3.0)
    first = [name[:1] for name in names]
    counts = torch.tensor([first.count(spell([place])) for place in places], dtype=torch.float64)
    probabilities = torch.softmax(logits[places].double() / 3, dim=0)
    spread = (DRAWS * probabilities * (1 - probabilities)).sqrt()
    assert (counts > 0).sum() > 1, "with a temperature the choice should be drawn, not always the best one"
    near = (counts - DRAWS * probabilities).abs() < SIX_SIGMA * spread
    assert bool(near.all()), "characters come too often or too rarely"


@pytest.mark.todo("sample", weight=1)
@pytest.mark.behaviour
def test_generator_decides_the_draws(student, draw):
    """The same seed gives the same name, another one another name; a low temperature is all but greedy."""
    logits = torch.zeros(len(LETTERS) + 3)
    logits[:3] = -1e4
    model, vocab = make_dice(student, logits)
    make_generator, seed = student.define(standins.make_generator), draw.seed()
    names = [
        student.sample_name(model, vocab, 0, temperature=1.0, generator=make_generator(number))
        for number in (seed, seed, seed + 1)
    ]
    assert names[0] == names[1], "the draws should come from the generator: the same seed, the same name"
    assert names[0] != names[2], "another seed should give another name"
    free = [student.sample_name(model, vocab, 0, temperature=1.0) for _ in range(2)]
    assert free[0] != free[1], "without a generator two names should differ"
    ours, paths = draw_sure_writer(draw, lambda paths: max(len(set(spell(path))) for path in paths) > 2)
    model, vocab = send_writer(student, ours)
    names = [student.sample_name(model, vocab, category, temperature=1e-4) for category in range(CATEGORIES)]
    assert names == [spell(path) for path in paths], "at a low temperature the best character should always be chosen"


@pytest.mark.todo("bug.temperature", weight=1)
@pytest.mark.behaviour
def test_wrong_line_of_cool_is_named(student):
    """The number is that of the one line that has to change."""
    assert student.bug_in_cool() == 3, "another line is wrong: what becomes of the temperature in the end?"


@pytest.mark.todo("bug.directions", weight=1)
@pytest.mark.behaviour
def test_joining_keeps_axes_and_states(student, draw):
    """A batch of one keeps its axis, states of one number too, and h_n stays as it is."""
    for batch, size in ((1, 4), (3, 1), (1, 1)):
        h_n = draw.tensor(2, batch, size)
        assert_shape(student.join_directions(h_n), (batch, 2 * size), what="the joined states")
    h_n = draw.tensor(2, 3, 4)
    (after,) = student.define(Caller)().inputs_after(student.join_directions, h_n)
    assert_unchanged(h_n, after, what="h_n")


@pytest.mark.todo("bug.directions", weight=1)
@pytest.mark.behaviour
def test_wrong_line_of_the_directions_is_named(student):
    """The number is that of the one line that has to change."""
    assert student.bug_in_join_directions() == 3, "another line is wrong: follow two rows through the function"
