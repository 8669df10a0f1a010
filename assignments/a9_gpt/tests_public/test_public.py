"""What `grader check` runs: small cases whose answers can be worked out by hand."""

import math

import pytest
import torch

from grader.examiner import assert_parity, assert_shape

LOW = {("l", "o", "w", "</w>"): 2, ("l", "o", "w", "e", "r", "</w>"): 1}


@pytest.mark.todo("bpe.pairs")
@pytest.mark.parity
def test_pairs_of_two_words(student):
    """Two times "low" and one "lower"."""
    found = student.count_pairs(LOW)
    right = {("l", "o"): 3, ("o", "w"): 3, ("w", "</w>"): 2, ("w", "e"): 1, ("e", "r"): 1, ("r", "</w>"): 1}
    assert found == right, "the pairs or their counts differ from the handout's"


@pytest.mark.todo("bpe.merge")
@pytest.mark.parity
def test_merging_l_and_o(student):
    """l and o become lo in both words."""
    found = student.merge_pair(LOW, ("l", "o"))
    assert found == {("lo", "w", "</w>"): 2, ("lo", "w", "e", "r", "</w>"): 1}, "the merged words differ"


@pytest.mark.todo("bpe.merge")
@pytest.mark.behaviour
def test_three_equal_symbols(student):
    """Of a a a the first two are merged."""
    assert student.merge_pair({("a", "a", "a"): 1}, ("a", "a")) == {("aa", "a"): 1}, "expected aa, a"


@pytest.mark.todo("bpe.train")
@pytest.mark.parity
def test_first_merges_of_the_handout(student):
    """ "low low lower" teaches (l, o), then (lo, w), then (low, </w>)."""
    found = [tuple(pair) for pair in student.train_bpe("low low lower", 3)]
    assert found == [("l", "o"), ("lo", "w"), ("low", "</w>")], "the merges differ from the handout's"


@pytest.mark.todo("bpe.encode")
@pytest.mark.parity
def test_a_new_word(student):
    """ "slow" is cut into s, low and the end mark, which are one by the last merge."""
    merges = [("l", "o"), ("lo", "w"), ("low", "</w>")]
    assert student.bpe_encode("slow", merges) == ["s", "low</w>"], "expected s, low</w>"
    assert student.bpe_encode("눈", merges) == ["눈", "</w>"], "unseen characters stay single"


@pytest.mark.todo("attention.causal")
@pytest.mark.shape
def test_shapes_of_attention(student, draw):
    """The output is shaped like x; the weights have a matrix for each head."""
    attention = student.CausalSelfAttention(8, 2)
    x = draw.tensor(3, 5, 8)
    assert_shape(attention(x), (3, 5, 8), what="output")
    output, weights = attention(x, return_weights=True)
    assert_shape(output, (3, 5, 8), what="output")
    assert_shape(weights, (3, 2, 5, 5), what="weights")


@pytest.mark.todo("attention.causal")
@pytest.mark.behaviour
def test_past_is_shared_equally(student, draw):
    """Where all queries and keys are zero, position t gives each of its t+1 positions the same weight."""
    attention = student.CausalSelfAttention(4, 2)
    attention.load_state_dict(
        {
            "qkv.weight": torch.cat([torch.zeros(8, 4), torch.eye(4)]),
            "qkv.bias": torch.zeros(12),
            "proj.weight": torch.eye(4),
            "proj.bias": torch.zeros(4),
        }
    )
    x = draw.tensor(1, 3, 4)
    means = torch.stack([x[0, : t + 1].mean(0) for t in range(3)])
    assert_parity(attention(x), means.unsqueeze(0), what="output")


@pytest.mark.todo("block")
@pytest.mark.behaviour
def test_block_adds(student, draw):
    """Where attention and mlp give zeros, x comes out as it went in."""
    block = student.Block(4, 2, 8)
    block.load_state_dict({name: 0 * tensor for name, tensor in block.state_dict().items()})
    x = draw.tensor(2, 3, 4)
    assert_parity(block(x), x, what="output")


@pytest.mark.todo("model")
@pytest.mark.shape
def test_shapes_of_the_model(student, draw):
    """Ids [2,5] give logits [2,5,11]."""
    model = student.GPT(11, 8, 2, 1, 6)
    assert_shape(model(draw.ids(11, 2, 5)), (2, 5, 11), what="logits")


@pytest.mark.todo("model")
@pytest.mark.behaviour
def test_head_and_table_are_one(student):
    """What is written into the table stands in the head, too."""
    model = student.GPT(5, 4, 2, 1, 6)
    state = model.state_dict()
    assert torch.equal(state["tok.weight"], state["head.weight"]), "head and tok should share one weight"


@pytest.mark.todo("loss")
@pytest.mark.parity
def test_loss_of_equal_logits(student):
    """Equal logits over four tokens cost ln 4; a sure and right guess costs nothing."""
    ids = torch.tensor([[0, 1, 2]])
    loss = student.next_token_loss(torch.zeros(1, 3, 4), ids)
    assert_parity(loss, torch.tensor(math.log(4)), what="loss")
    sure = torch.zeros(1, 3, 4)
    sure[0, 0, 1] = sure[0, 1, 2] = 100.0
    assert_parity(student.next_token_loss(sure, ids), torch.tensor(0.0), what="loss")


@pytest.mark.todo("sample")
@pytest.mark.behaviour
def test_filters_of_the_handout(student):
    """Of 1/2, 1/4, 1/8, 1/8 the first two reach 0.7."""
    logits = torch.tensor([0.125, 0.5, 0.125, 0.25]).log()
    assert student.choose_token(logits, temperature=0) == 1, "temperature 0 takes the best token"
    for options in ({"top_k": 2}, {"top_p": 0.7}):
        found = {student.choose_token(logits, **options) for _ in range(60)}
        assert found == {1, 3}, "the two best tokens should come, and no other"


@pytest.mark.todo("cache")
@pytest.mark.behaviour
def test_cache_changes_nothing(student):
    """With and without the cache the same ids are written, also beyond max_len."""
    model = student.GPT(11, 8, 2, 2, 6)
    texts = [
        student.generate(model, torch.tensor([3, 1, 4]), 6, use_cache=use_cache, temperature=0)
        for use_cache in (True, False)
    ]
    assert texts[0][:3] == [3, 1, 4], "the result should begin with the prompt"
    assert len(texts[0]) == 9, "six new ids were asked for"
    assert texts[0] == texts[1], "the cache should change nothing"


@pytest.mark.todo("bug.last")
@pytest.mark.parity
def test_a_short_text_beside_a_long_one(student):
    """A text of one token and one of two: the first goes on from its own token, not from the padding."""
    logits = torch.tensor([[[0.75, 0.25], [0.5, 0.5]], [[0.5, 0.5], [0.125, 0.875]]]).log()
    found = student.next_probabilities(logits, torch.tensor([1, 2]))
    assert_parity(found, torch.tensor([[0.75, 0.25], [0.125, 0.875]]), what="the probabilities")


def train_twice(train_step):
    """The losses of two steps. The model is one number, 3 at first; it costs twice itself, and a step takes 1 off."""
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(model.weight, 3.0)

    class Descent:
        def zero_grad(self, set_to_none=True):
            model.weight.grad = None

        def step(self):
            if model.weight.grad is not None:
                with torch.no_grad():
                    model.weight -= 0.5 * model.weight.grad

    ones = torch.ones(1, 1)
    return [float(train_step(model, lambda output, ids: 2 * output.mean(), Descent(), ones)) for _ in range(2)]


@pytest.mark.todo("bug.step")
@pytest.mark.behaviour
def test_a_step_changes_the_model(student):
    """The number 3 costs 6; after one step it is 2 and costs 4."""
    losses = student.define(train_twice)(student.train_step)
    assert losses == [6.0, 4.0], "the second loss should be smaller: the first step has changed the model"
