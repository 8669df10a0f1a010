"""`draw`: unforeseeable for students, repeatable for the grader."""

import stat
from pathlib import Path

import pytest
import torch

from grader.examiner.draw import Draw
from grader.model.course import Course, commit_to
from grader.model.seeds import choose_draw, derive_seed


def draw_all(seed: int) -> list:
    """One of everything."""
    draw = Draw(seed)
    values = [draw.tensor(2, 3).tolist(), draw.ids(50, 4).tolist(), draw.integer(0, 10**6), list(draw.sizes(3))]
    return [*values, draw.choice("abcdef"), draw.shuffled(range(9)), draw.word(), draw.hangul(), draw.seed()]


def test_one_seed_gives_one_set_of_inputs():
    """A regrade repeats every input."""
    assert draw_all(7) == draw_all(7)


def test_another_seed_gives_other_inputs():
    """Inputs depend on the seed."""
    assert draw_all(7) != draw_all(8)


@pytest.mark.parametrize("changed", [(b"other secret", 1, "test"), (b"secret", 2, "test"), (b"secret", 1, "other")])
def test_secret_draw_and_test_decide_the_seed(changed):
    """Another secret, draw or test gives other inputs; the same three give the same."""
    same = derive_seed(b"secret", 1, "test", purpose="draw")
    assert derive_seed(*changed, purpose="draw") != same == derive_seed(b"secret", 1, "test", purpose="draw")


def test_the_parts_of_a_seed_cannot_be_shifted():
    """The number of a draw cannot run into the test's name or the purpose."""
    seeds = [derive_seed(b"secret", *parts, purpose="draw") for parts in ((1, "2"), (12, ""))]
    assert seeds[0] != seeds[1]
    assert derive_seed(b"secret", 1, "c", purpose="a") != derive_seed(b"secret", 1, "c", purpose="a1")


def test_submissions_share_as_many_draws_as_there_are():
    """Each submission keeps its draw, all draws are used, and another secret deals them out otherwise."""
    ids = [str(number) for number in range(100)]
    chosen = [choose_draw(b"secret", name, 8) for name in ids]
    assert set(chosen) == set(range(8))
    assert chosen == [choose_draw(b"secret", name, 8) for name in ids] != [choose_draw(b"x", name, 8) for name in ids]


def test_a_seed_fits_torch():
    """Seeds are non-negative and below 2**63."""
    assert all(0 <= derive_seed(b"secret", number, "test", purpose="draw") < 2**63 for number in range(50))


@pytest.mark.parametrize("seed", range(20))
def test_sizes_differ_from_each_other(seed: int):
    """No two axes can be mistaken for one another, and all lie in the range."""
    sizes = Draw(seed).sizes(5, low=3, high=8)
    assert len(set(sizes)) == 5
    assert all(3 <= size <= 8 for size in sizes)


def test_tensors_are_float32_and_may_ask_for_a_gradient():
    """`scale` scales, `requires_grad` makes a leaf."""
    plain, scaled = Draw(1).tensor(4), Draw(1).tensor(4, scale=3.0, requires_grad=True)
    assert plain.dtype == torch.float32
    assert torch.equal(scaled.detach(), plain * 3)
    assert scaled.is_leaf and scaled.requires_grad


def test_ids_keep_to_their_range():
    """`low` is included, `high` is not."""
    ids = Draw(1).ids(5, 200, low=2)
    assert (ids.dtype, set(ids.tolist())) == (torch.int64, {2, 3, 4})


def test_words_are_words():
    """Lower-case letters, or Hangul syllables."""
    draw = Draw(1)
    assert all((word := draw.word()).isalpha() and word.islower() and 4 <= len(word) <= 9 for _ in range(20))
    assert all("가" <= letter <= "힣" for _ in range(20) for letter in draw.hangul())


def test_a_shuffle_loses_nothing():
    """The same items in another order."""
    assert sorted(Draw(1).shuffled(range(9))) == list(range(9))


def test_the_secret_of_the_environment_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A course may keep its secret outside of its folder."""
    monkeypatch.setenv("GRADER_SECRET", "from outside")
    assert Course(tmp_path).load_secret() == b"from outside"


def test_a_secret_is_made_once_and_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The first use writes a file that only its owner reads; the next finds it."""
    monkeypatch.delenv("GRADER_SECRET", raising=False)
    course = Course(tmp_path)
    first = course.load_secret()
    assert course.load_secret() == first
    assert len(first) == 64
    (made,) = course.secret_file.parent.iterdir()
    assert stat.S_IMODE(made.stat().st_mode) == 0o600


def test_a_commitment_tells_secrets_apart_and_not_what_they_are():
    """Two reports show whether they used the same secret."""
    assert commit_to(b"one") == commit_to(b"one") != commit_to(b"two")
    assert b"one".hex() not in commit_to(b"one")
