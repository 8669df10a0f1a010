"""The loader: what runs at which moment, how often, and what a failure costs."""

import random
import sys
import types
from collections.abc import Iterator

import pytest
import torch

from grader.jail.loader import Definitions, Leftover, compile_definitions, find_shapes

HELPER = """
class Helper:
    def read(self):
        return heavy + 1
"""


@pytest.fixture
def ran() -> Iterator[list[str]]:
    """The words that `clock.tick(word)` was called with in a submission, in order."""
    words: list[str] = []
    clock = types.ModuleType("clock")
    vars(clock)["tick"] = lambda word: words.append(word) or len(words)
    sys.modules["clock"] = clock
    yield words
    del sys.modules["clock"], sys.modules["lesson"]


def load(source: str, *expected: str) -> Definitions:
    """A lesson's definitions, with `tick` in reach."""
    return compile_definitions(f"from clock import tick\n{source}", "lesson", list(expected))


def test_unreached_constant_does_not_run(ran: list[str]) -> None:
    """A constant that only a helper reads costs nothing, in any test."""
    definitions = load(f"heavy = tick('heavy')\ndef solve(): return 1\n{HELPER}", "solve")
    assert [definitions.make_module([]).solve() for _ in range(3)] == [1, 1, 1]
    assert ran == []


@pytest.mark.parametrize(
    "body",
    [
        "def solve(): return heavy",
        "def solve(x=heavy): return x",
        "def solve(): return help()\ndef help(): return heavy",
        "class solve:\n    value = heavy\n    def read(self): return self.value",
        "class Base:\n    def read(self): return heavy\nclass solve(Base): pass",
        "def solve(): return table[0]\ntable = [0]\ntable[0] = heavy",
        "def wrap(f): return lambda: heavy\n@wrap\ndef solve(): pass",
        "def solve(): return [heavy for _ in range(2)]",
        "def solve():\n    def inner(): return heavy\n    return inner()",
        "def solve(): return eval('other')\nother = heavy",
    ],
)
def test_reached_constant_runs_once_and_at_load(ran: list[str], body: str) -> None:
    """However an expected definition comes to need it: at once, through others, or when it is called."""
    definitions = load(f"heavy = tick('heavy')\n{body}", "solve")
    for _ in range(2):
        definitions.make_module([])
        assert ran == ["heavy"]


def test_without_expected_names_everything_runs(ran: list[str]) -> None:
    """Nothing is known about what will be needed."""
    load(f"heavy = tick('heavy')\n{HELPER}").make_module([])
    assert ran == ["heavy"]


@pytest.mark.parametrize(
    "read",
    [
        lambda module: module.Helper().read() - 1,
        lambda module: module.heavy,
        lambda module: getattr(module, "heavy", None),
        lambda module: eval("heavy", vars(module)),
    ],
    ids=["function", "attribute", "getattr", "eval"],
)
def test_waiting_constant_runs_when_it_is_read(ran: list[str], read: types.FunctionType) -> None:
    """Once, for all later tests, with any first reader."""
    definitions = load(f"heavy = tick('heavy')\ndef solve(): return 1\n{HELPER}", "solve")
    assert [read(definitions.make_module([])) for _ in range(3)] == [1, 1, 1]
    assert ran == ["heavy"]


def test_waiting_statements_run_in_their_order(ran: list[str]) -> None:
    """A constant brings along what it needs, and the changes made to it."""
    source = "class Box: pass\ndef make(): return tick('make') and Box()\nbox = make()\nbox.size = tick('size')\n"
    definitions = load(f"{source}double = tick('double') and 2 * box.size\ndef solve(): return 1", "solve")
    assert definitions.make_module([]).double == 6
    assert ran == ["double", "make", "size"]


def test_change_of_a_kept_value_is_repeated_for_every_test(ran: list[str]) -> None:
    """As for any definition: no test sees what another left in the value."""
    definitions = load("box = dict(a=tick('box'))\nbox['b'] = 0\ndef solve(): return 1", "solve")
    definitions.make_module([]).box["b"] = 7
    assert definitions.make_module([]).box == {"a": 1, "b": 0}
    assert ran == ["box"]


def test_names_bound_together_come_together(ran: list[str]) -> None:
    """Whichever is read first brings the other, with the changes made to both."""
    source = "a, b = dict(n=tick('a')), dict(n=tick('b'))\nb['m'] = 5\ndef solve(): return 1"
    module = load(source, "solve").make_module([])
    assert (module.a, module.b) == ({"n": 1}, {"n": 2, "m": 5})


def test_last_of_several_bindings_wins(ran: list[str]) -> None:
    """Bindings that wait together run in their order."""
    definitions = load("x = tick('one')\nx = tick('two')\ndef solve(): return 1", "solve")
    module = definitions.make_module([])
    assert ran == []
    assert (module.x, ran) == (2, ["one", "two"])


@pytest.mark.parametrize(
    "source",
    [
        "heavy = tick('heavy')\nsize = [heavy]\nheavy = tick('again')",
        "len = tick('heavy')",
        "heavy = tick('heavy')\ndef forget():\n    global heavy\n    heavy = 0",
        "heavy = tick('heavy')\ndel heavy",
        "heavy = tick('heavy')\ndef show(): return globals()",
        "heavy = tick('heavy')\ndef show(): return vars()",
        "from math import *\nheavy = tick('heavy')",
        "import sys\nheavy = tick('heavy')\ndef show(): return sys.modules",
    ],
    ids=["read-between", "builtin", "global", "deleted", "globals", "vars", "star", "sys.modules"],
)
def test_constant_that_could_be_missed_runs_at_load(ran: list[str], source: str) -> None:
    """Nothing waits if the moment matters, or if a name can be read without being spelled."""
    load(f"{source}\ndef solve(): return 1", "solve").make_module([])
    assert "heavy" in ran


def test_waiting_constant_draws_no_number_of_the_test(ran: list[str]) -> None:
    """Random numbers drawn by it are the same at all times, and the test's own go on as if it had not run."""
    source = "import random\nnoise = random.random()\ndef solve(): return random.random()\ndef read(): return noise"
    values = []
    for seed in (1, 2):
        module = load(source, "solve").make_module([])
        random.seed(seed)
        values.append((module.solve(), module.read(), module.solve()))
        random.seed(seed)
        assert values[-1][::2] == (random.random(), random.random())
    assert values[0][1] == values[1][1]


@pytest.mark.parametrize("read", ["module.solve()", "module.heavy"])
def test_failure_of_a_waiting_constant_is_raised_where_it_is_read(ran: list[str], read: str) -> None:
    """With its own exception, each time, and without running it again."""
    source = "def fail(): raise OSError(f'no file {tick(1)}')\nheavy = fail()\ndef solve(): return other()\n"
    definitions = load(f"{source}other = lambda: eval('heavy')", "solve")
    for _ in range(2):
        module = definitions.make_module([])
        with pytest.raises(OSError, match="no file 1"):
            eval(read, {"module": module})
    assert len(ran) == 1


def test_constant_that_reads_itself_is_a_name_error(ran: list[str]) -> None:
    """As it would be at the top level of a file."""
    module = load("def make(): return heavy\nheavy = make()\ndef solve(): return 1", "solve").make_module([])
    with pytest.raises(NameError, match="heavy"):
        _ = module.heavy


def test_name_of_nothing_is_missing_as_always(ran: list[str]) -> None:
    """In functions and as an attribute, whether or not anything waits."""
    module = load(f"heavy = tick('heavy')\ndef solve(): return nothing\n{HELPER}", "solve").make_module([])
    with pytest.raises(NameError, match="name 'nothing' is not defined"):
        module.solve()
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = module.nothing


def test_failed_constant_is_not_tried_again(ran: list[str]) -> None:
    """A failure that took long to come about is paid for once."""
    definitions = load("def fail(): raise OSError(tick('fail'))\nheavy = fail()\ndef solve(): return heavy", "solve")
    for _ in range(3):
        definitions.make_module([])
    assert ran == ["fail"]
    assert definitions.describe_failures() == [[["heavy"], "OSError", "1", 3]]


def test_leftover_does_not_hide_a_waiting_name(ran: list[str]) -> None:
    """The poisoned module has the submission's own value, and the leftover only where it has none."""
    definitions = load(f"heavy = tick('heavy')\ndef solve(): return 1\n{HELPER}", "solve")
    module = definitions.make_module(["heavy", "other"])
    assert module.heavy == 1 and isinstance(module.other, Leftover)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("t = []\nt.append(1)", [1]),
        ("t = {}\nfor letter in 'ab': t[letter] = len(t)", {"a": 0, "b": 1}),
        ("t = dict()\nfor letter in 'ab':\n    if letter not in t: t[letter] = len(t)", {"a": 0, "b": 1}),
        ("t = dict(a=tick('t'))\nfor letter in 'bc': t[letter] = len(t)", {"a": 1, "b": 1, "c": 2}),
        ("t = list(range(3))\nt += [tick('t')]", [0, 1, 2, 1]),
        ("t = list(range(3))\ndel t[0]", [1, 2]),
        ("t = tick('t')\nt += 1", 2),
        ("def fill(x): x.append(5)\nt = list('a')\nfill(t)", ["a", 5]),
        ("t = dict()\ndef one(): return 1\nt.update(one=one())", {"one": 1}),
        ("t = {}\nt['n'] = 0\nt['n'] += 1", {"n": 1}),
    ],
)
@pytest.mark.parametrize("expected_names", [("solve",), ("t",), ()])
def test_filled_table_is_filled_once(
    ran: list[str], source: str, expected: object, expected_names: tuple[str, ...]
) -> None:
    """Its value is the same in every test, whether the table is made again or kept."""
    definitions = load(f"{source}\ndef solve(): return 1", *expected_names)
    for _ in range(3):
        assert definitions.make_module([]).t == expected


def test_slow_object_is_made_once_though_it_is_changed(ran: list[str]) -> None:
    """As `model.eval()` and `model.load_state_dict(...)` change a model."""
    source = "class Model(list): pass\nmodel = Model([tick('model')])\nmodel.append(tick('more'))\n"
    definitions = load(f"{source}def solve(): return model", "solve")
    assert [definitions.make_module([]).solve() for _ in range(3)] == [[1, 2]] * 3
    assert ran == ["model", "more"]


def test_table_of_definitions_has_those_of_its_own_module() -> None:
    """Otherwise a test that replaces a name would not reach what the table holds."""
    definitions = compile_definitions("table = dict()\ndef solve(): return 1\ntable.update(a=solve)", "lesson", [])
    for _ in range(2):
        module = definitions.make_module([])
        assert module.table["a"] is module.solve


TWO_STUBS = "def first(): return {}\ndef second(): return {}\n"
CONSTANTS = "a = tick('a')\nb = tick('b') + first()\nc = tick('c') + second()\ndef solve(): return a + b + c"


def test_constant_that_needs_the_same_text_is_taken_over(ran: list[str]) -> None:
    """Of a second load only what depends on the changed definition runs again."""
    before = load(TWO_STUBS.format(1, 2) + CONSTANTS, "solve")
    before.make_module([])
    after = load(TWO_STUBS.format(1, 3) + CONSTANTS, "solve")
    after.take_over(before)
    module = after.make_module([])
    assert ran == ["a", "b", "c", "c"]
    assert (module.a, module.b, module.c) == (1, 3, 7)


def test_failure_is_taken_over_like_a_value(ran: list[str]) -> None:
    """A failure that cannot end otherwise is not repeated."""
    source = "def fail(): raise OSError(tick('fail'))\nx = fail()\ndef solve(): return x\ndef other(): return {}"
    before = load(source.format(1), "solve")
    before.make_module([])
    after = load(source.format(2), "solve")
    after.take_over(before)
    after.make_module([])
    assert (ran, len(after.describe_failures())) == (["fail"], 1)


def test_future_import_holds_for_the_whole_module(ran: list[str]) -> None:
    """Annotations are not evaluated, so that they may name what does not exist."""
    source = "from __future__ import annotations\ndef solve(x: Missing) -> Missing: return x"
    definitions = compile_definitions(source, "lesson", ["solve"])
    assert definitions.make_module([]).solve(3) == 3
    assert definitions.describe_failures() == []


def test_shapes_are_those_of_the_last_function_of_the_submission() -> None:
    """Of tensors only, in the order of the code."""
    source = "def outer(x):\n    return inner(x.T, 3)\ndef inner(y, n):\n    z = y[0]\n    return y @ z.nothing\n"
    module = compile_definitions(source, "lesson").make_module([])
    with pytest.raises(AttributeError) as caught:
        module.outer(torch.zeros(2, 5))
    assert find_shapes(caught.value, "lesson") == [["y", [5, 2]], ["z", [2]]]
    assert find_shapes(ValueError(), "lesson") == []


def test_a_shape_that_raises_is_left_out() -> None:
    """A submission may have a tensor of its own kind."""
    source = (
        "import torch\nclass Odd(torch.Tensor):\n    @property\n    def shape(self): raise SystemExit\n"
        "def f():\n    odd = torch.zeros(2).as_subclass(Odd)\n    return 1 / 0\n"
    )
    module = compile_definitions(source, "lesson").make_module([])
    with pytest.raises(ZeroDivisionError) as caught:
        module.f()
    assert find_shapes(caught.value, "lesson") == []
