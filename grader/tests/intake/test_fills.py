"""Statements that fill a table, rebind a name or stand under a condition are kept or left out by their purpose."""

from pathlib import Path

import pytest

from grader.tests.support.intake_samples import hand_in, hand_in_cells, load, load_with_failures


@pytest.mark.parametrize(
    "filling",
    [
        "t = {}\nfor k in ['a', 'b']:\n    t[k] = len(k) * 3",
        "t = {}\nfor i, k in enumerate('ab'):\n    if i < 9:\n        t[k] = 3\n    else:\n        continue",
        "t = {}\nt.update(a=3, b=3)",
        "t = {}\nt.update({k: 3 for k in 'ab'})",
        "t = {}\nt.setdefault('a', 3); t.setdefault('b', 3)",
        "t = {'x': {}}\nt['x'].update(a=3, b=3)\nt = t['x']",
        "names = []\nnames.append('a')\nnames.extend(['b'])\nt = {k: 3 for k in names}",
        "names = []\nfor k in 'ab':\n    print(k)\n    names.append(k)\nt = {k: 3 for k in names}",
        "n = 0\nfor i in range(3):\n    n += 1\nt = dict(a=n, b=n)",
        "import contextlib\nwith contextlib.nullcontext(3) as n:\n    t = {'a': n, 'b': n}",
        "import contextlib\nt = {}\nwith contextlib.nullcontext():\n    t['a'] = 3\n    t.update(b=3)",
        "t = {}\ni = 0\nwhile i < 2:\n    t['ab'[i]] = 3\n    i += 1",
        "import random\nt = {'a': 3}\norder = ['b']\nrandom.shuffle(order)\nt[order[0]] = 3",
        "t = {'a': 3, 'b': 3, 'c': 4}\ndel t['c']",
        "t = {'a': 3, 'b': 3, 'c': 4}\nt.pop('c')",
        "if True:\n    t = {}\n    for k in 'ab':\n        t[k] = 3",
    ],
)
def test_table_filled_at_top_level_is_whole(tmp_path: Path, filling: str) -> None:
    """The lines that fill what an expected definition reads are kept, in a module and in a notebook."""
    text = f"{filling}\ndef f(): return sorted(t.items())\n"
    cells = [filling, "def f(): return sorted(t.items())"]
    for submission in (hand_in(tmp_path, text, defines=["f"]), hand_in_cells(tmp_path, *cells, defines=["f"])):
        module, definitions = load_with_failures(submission)
        assert module.f() == [("a", 3), ("b", 3)]
        assert not definitions.failures
        # Every test starts from fresh definitions, and a list must not grow from one to the next.
        assert definitions.make_module([]).f() == [("a", 3), ("b", 3)]


@pytest.mark.parametrize(
    "filling",
    [
        "setattr(X, 'f', f)",
        "for name in ['f', 'g']:\n    setattr(X, name, f)",
        "X.f = f",
        "X.f, y = f, 1",
        "if True:\n    setattr(X, 'f', f)",
    ],
)
def test_method_set_from_outside_belongs_to_its_class(tmp_path: Path, filling: str) -> None:
    """However a method gets into a class."""
    submission = hand_in(tmp_path, f"class X: pass\ndef f(self): return 3\n{filling}\n", defines=["X"])
    assert load(submission).X().f() == 3


@pytest.mark.parametrize(
    "driver",
    [
        "for epoch in range(10**12):\n    loss = step()\n    loss.backward()\n    t.append(loss)",
        "for epoch in range(10**12):\n    train()\n    t.append(1)",
        "while True:\n    t.append(1)",
        "for line in iter(input, ''):\n    t.append(line)",
        "model.train()",
        "run(t)",
        "other.append(t)",
        "t.append(input())",
    ],
)
def test_driver_code_that_touches_a_table_never_runs(tmp_path: Path, driver: str) -> None:
    """A training run is none of the definitions' business, even where it keeps its losses in a list they read."""
    text = f"t = []\nother = []\n{driver}\ndef f(): return t\n"
    assert load(hand_in(tmp_path, text, defines=["f"])).f() == []


def test_loop_that_nothing_reads_is_left_out(tmp_path: Path) -> None:
    """A list that only a plot would show is not filled."""
    submission = hand_in(tmp_path, "t = []\nfor i in range(9):\n    t.append(i)\ndef f(): return 1\n", defines=["f"])
    assert "append" not in submission.source
    assert "line 2: a loop was not run" in submission.left_out


@pytest.mark.parametrize(
    "line",
    [
        "f = f(2)",
        "f = f(2).real",
        "f = [f(i) for i in range(3)]",
        "f = float(f(2))",
        "f: int = f(2)",
        "f, other = f(2), 3",
        "f = 3",
        "f = compute(3)",
        "f += 1",
        "f = total = 5",
        "if True:\n    f = f(2)",
    ],
)
def test_later_value_does_not_hide_an_expected_definition(tmp_path: Path, line: str) -> None:
    """The name of a function that is asked for is used again for its result: the function wins."""
    text = f"def compute(n): return n\ndef f(n): return n + 1\n{line}\n"
    submission = hand_in_cells(tmp_path, text, defines=["f"])
    assert load(submission).f(2) == 3
    assert submission.definitions["f"] == 2


@pytest.mark.parametrize(
    ("line", "result"),
    [
        ("f = wrap(f)", 30),
        ("f = functools.partial(g, 4)", 8),
        ("f = g", 4),
        ("f = lambda n: n * 7", 14),
        ("f = math.sqrt", 2**0.5),
        ("f = functools.lru_cache(f)", 3),
        ("def f(n): return 9", 9),
    ],
)
def test_later_function_replaces_a_definition(tmp_path: Path, line: str, result: float) -> None:
    """Wrapping, renaming and defining again are definitions, too."""
    text = (
        "import functools, math\ndef wrap(h): return lambda n: h(n) * 10\ndef g(a, b=2): return a * b\n"
        f"def f(n): return n + 1\n{line}\n"
    )
    assert load(hand_in(tmp_path, text, defines=["f"])).f(2) == result


GUARDED = [
    "if __name__ == '__main__':\n    N = 3\n    print(N)",
    "if '__main__' == __name__:\n    N = 1\n    N += 2",
    "if __name__ == '__main__':\n    import math\n    table = {}\n    table['n'] = 3\n    N = table['n']",
    "if __name__ == '__main__': N = 3",
    "if (\n    __name__\n    == '__main__'\n):\n    N = 3",
]


@pytest.mark.parametrize("guarded", GUARDED)
def test_constants_under_the_main_condition_count_in_a_notebook(tmp_path: Path, guarded: str) -> None:
    """A notebook is the main module; calls under the condition are still not run."""
    submission = hand_in_cells(tmp_path, guarded, "def f(): return N\n", defines=["f"])
    assert load(submission).f() == 3
    assert "print" not in submission.source


@pytest.mark.parametrize("guarded", GUARDED)
def test_main_condition_of_a_module_is_left_out(tmp_path: Path, guarded: str) -> None:
    """A module is imported, so what stands under the condition never ran for anyone who imports it."""
    submission = hand_in(tmp_path, f"{guarded}\ndef f(): return N\n", defines=["f"])
    assert "N" in submission.missing
