"""A module that is handed in: its definitions are taken, its driver code is not."""

import traceback
from pathlib import Path

import pytest

from grader.intake import read_submission
from grader.model.errors import SubmissionNotFound
from grader.tests.support.intake_samples import ATTENTION, hand_in, load, load_with_failures


def test_module_is_taken_as_it_stands(tmp_path: Path) -> None:
    """A module without driver code comes through unchanged, line for line."""
    submission = hand_in(tmp_path, ATTENTION)
    assert submission.source == ATTENTION
    assert submission.left_out == ()
    assert submission.definitions == {"LuongAttention": 4}


def test_lines_keep_their_numbers(tmp_path: Path) -> None:
    """Lines that are left out become blank, so a definition stays on the student's own line."""
    text = "print(1)\nprint(\n  2\n)\ndef f():\n    return 1  # five\n"
    submission = hand_in(tmp_path, text)
    assert submission.source == "\n\n\n\ndef f():\n    return 1  # five\n"
    assert submission.locate(6).describe() == "attention.py, line 6"


@pytest.mark.parametrize(
    "driver",
    [
        "open({marker!r}, 'w').close()",
        "raise SystemExit",
        "import sys; sys.exit(0)",
        "while True:\n    pass",
        "for epoch in range(10**12):\n    epoch + 1",
        "name = input('your name: ')",
        "assert False, 'stop'",
        "model = open({marker!r}, 'w')",
        "with open({marker!r}, 'w') as f:\n    f.write('ran')",
        "if __name__ == '__main__':\n    open({marker!r}, 'w')",
        "if True:\n    open({marker!r}, 'w')",
        "try:\n    open({marker!r}, 'w')\nexcept OSError:\n    raise SystemExit",
        "del f",
        "x: int = open({marker!r}, 'w')",
        "print(1); open({marker!r}, 'w'); print(2)",
    ],
)
def test_driver_code_never_runs(tmp_path: Path, driver: str) -> None:
    """Top-level calls, loops, exits and questions never run, in any place; the function between them is there."""
    marker = tmp_path / "ran"
    driver = driver.format(marker=str(marker))
    submission = hand_in(tmp_path, f"{driver}\ndef f():\n    return 7\n{driver}\n")
    module, definitions = load_with_failures(submission)
    assert module.f() == 7
    assert not definitions.failures
    assert not marker.exists()
    assert submission.left_out


def test_what_was_left_out_is_listed(tmp_path: Path) -> None:
    """Each run of like statements that was left out is one sentence with its lines."""
    text = "import os\nx = 1\nprint(x)\nprint(x)\nfor i in []:\n    pass\nraise SystemExit\ndef f(): pass\nif x: pass\n"
    assert hand_in(tmp_path, text).left_out == (
        "line 1: an import that no definition needs was not run",
        "line 2: an assignment that no definition needs was not run",
        "lines 3-4: 2 top-level calls were not run",
        "line 5: a loop was not run",
        "line 7: a `raise` was not run",
        "line 9: an `if` block was not run",
    )


def test_constants_that_a_definition_needs_are_kept(tmp_path: Path) -> None:
    """Constants are followed through each other, into defaults, bodies, decorators, bases and annotations."""
    text = (
        "A = 1\nB = A + 1\nC: int = B + 1\nUNUSED = 9\nBase = object\nT = int\n"
        "def wrap(f): return f\ndeco = wrap\n"
        "@deco\ndef f(x: T = C): return x\n"
        "class K(Base): size = B\n"
    )
    submission = hand_in(tmp_path, text)
    module = load(submission)
    assert (module.f(), module.K.size) == (3, 2)
    assert "UNUSED" not in submission.source


def test_redefined_constants_keep_the_last_value(tmp_path: Path) -> None:
    """Every assignment to a needed name is kept in order, so the last one wins."""
    module = load(hand_in(tmp_path, "N = 1\ndef f(): return N\nN = 2\nN += 3\n"))
    assert module.f() == 5


def test_table_that_is_filled_by_assignment_is_filled(tmp_path: Path) -> None:
    """`table["a"] = 1` counts as part of a constant that a definition needs."""
    text = "table = {}\ntable['a'] = 1\nother = {}\nother['b'] = 2\ndef f(): return table\n"
    submission = hand_in(tmp_path, text)
    assert load(submission).f() == {"a": 1}
    assert "other" not in submission.source


def test_lambda_counts_as_a_definition(tmp_path: Path) -> None:
    """A name bound to a lambda is kept, with what the lambda uses."""
    assert load(hand_in(tmp_path, "K = 2\ndouble = lambda x: K * x\n")).double(4) == 8


def test_method_set_from_outside_is_kept(tmp_path: Path) -> None:
    """`Class.forward = f` belongs to the class."""
    text = "class X: pass\ndef f(self): return 3\nX.forward = f\nX.size: int = 4\n"
    module = load(hand_in(tmp_path, text))
    assert (module.X().forward(), module.X.size) == (3, 4)


def test_class_that_extends_itself_is_kept(tmp_path: Path) -> None:
    """`class X(X)` has the methods of both."""
    text = "class X:\n    def a(self): return 1\nclass X(X):\n    def b(self): return 2\n"
    module = load(hand_in(tmp_path, text))
    assert (module.X().a(), module.X().b()) == (1, 2)


def test_last_definition_wins(tmp_path: Path) -> None:
    """Of two functions with one name the later one counts, also for the line that is reported."""
    submission = hand_in(tmp_path, "def f(): return 1\n\ndef f(): return 2\n")
    assert load(submission).f() == 2
    assert submission.definitions["f"] == 3


def test_instance_does_not_hide_its_class(tmp_path: Path) -> None:
    """`attention = attention(8)` is a driver line: the class stays what it was."""
    module = load(hand_in(tmp_path, "class attention:\n    def __init__(self, n): pass\nattention = attention(8)\n"))
    assert isinstance(module.attention, type)


def test_function_wrapped_later_stays_wrapped(tmp_path: Path) -> None:
    """`f = wrap(f)` is part of the definition of f."""
    text = "def wrap(g): return lambda: g() + 1\ndef f(): return 1\nf = wrap(f)\n"
    assert load(hand_in(tmp_path, text, defines=["f"])).f() == 2


def test_import_that_fails_costs_only_what_uses_it(tmp_path: Path) -> None:
    """A package that is not installed matters only to the function that uses it."""
    text = "import no_such_package\nfrom no_such_package import thing\n" + ATTENTION + "def g(): return thing()\n"
    module = load(hand_in(tmp_path, text))
    assert module.LuongAttention().score(9) == 3
    with pytest.raises(NameError):
        module.g()


def test_fallback_import_is_kept(tmp_path: Path) -> None:
    """A `try` that chooses between two imports is kept, without the calls in it."""
    text = (
        "try:\n    import no_such_package as m\n    m.setup()\nexcept ImportError:\n    import math as m\n    quit()\n"
    )
    submission = hand_in(tmp_path, text + "def f(): return m.sqrt(4)\n")
    assert load(submission).f() == 2
    assert "setup" not in submission.source
    assert "quit" not in submission.source


def test_conditional_constants_are_kept_with_every_branch(tmp_path: Path) -> None:
    """An `if` that chooses a needed constant is kept, `elif` and `else` included."""
    text = "if False:\n    print(1)\n    d = 'a'\nelif False:\n    print(2)\nelse: print(3); d = 'c'; print(4)\n"
    module = load(hand_in(tmp_path, text + "def f(): return d\n"))
    assert module.f() == "c"


def test_driver_between_kept_statements_of_one_line(tmp_path: Path) -> None:
    """Statements that share a line are named apart, also where one of them goes over several lines."""
    text = "A = 1; print(1); B = 2; print('''\nx\n'''); C = 3\ndef f(): return A, B, C\n"
    submission = hand_in(tmp_path, text)
    assert load(submission).f() == (1, 2, 3)
    assert submission.definitions["f"] == 4


def test_hangul_before_a_driver_call_does_not_shift_it(tmp_path: Path) -> None:
    """Columns are counted in bytes, as Python does, so Hangul on the same line does no harm."""
    text = "이름 = '가나다'; print('가나다'); 나이 = 3\ndef f(): return 이름, 나이\n"
    assert load(hand_in(tmp_path, text)).f() == ("가나다", 3)


def test_plotting_helper_does_not_start_the_training(tmp_path: Path) -> None:
    """Statements used only by functions that no one asks for are not run; the classes keep all that they need."""
    text = (
        "import math\nimport no_such_plots\nSIZE = 4\nmodel = train_for_hours()\n"
        "def plot(): no_such_plots.show(model)\n"
        "class Encoder:\n    def size(self): return math.floor(SIZE)\n"
        "def encode(): return Encoder().size()\n"
    )
    submission = hand_in(tmp_path, text, defines=["encode"])
    assert load(submission).encode() == 4
    assert "train_for_hours" not in submission.source
    assert "import no_such_plots" not in submission.source
    assert "train_for_hours" not in submission.missing


def test_expensive_constant_is_kept_where_it_is_needed(tmp_path: Path) -> None:
    """A computed constant that an expected function uses, however indirectly, is kept."""
    text = "def make(): return [1]\ntable = make()\ndef helper(): return table\ndef f(): return helper()\n"
    assert load(hand_in(tmp_path, text, defines=["f"])).f() == [1]


def test_expected_constant_is_kept(tmp_path: Path) -> None:
    """A constant or an alias that the tests ask for is a definition."""
    module = load(hand_in(tmp_path, "SOS = 0\nclass A: pass\nEncoder = A\n", defines=["SOS", "Encoder"]))
    assert (module.SOS, module.Encoder) == (0, module.A)


def test_closure_in_a_training_loop_does_not_keep_the_loop(tmp_path: Path) -> None:
    """A function that is made in a loop does not bring the loop along, unless the tests ask for it."""
    text = "for batch in range(10**12):\n    def closure(): return 1\n    step(closure)\ndef f(): pass\n"
    assert "for" not in hand_in(tmp_path, text).source
    text = "for n in [1, 2]:\n    print(n)\n    def closure(n=n): return n\n"
    assert load(hand_in(tmp_path, text, defines=["closure"])).closure() == 2


def test_class_in_a_with_block_is_kept(tmp_path: Path) -> None:
    """A definition inside `with` is kept with the block, and without the calls in it."""
    text = "import contextlib\nwith contextlib.nullcontext():\n    print(1)\n    class X: pass\n"
    submission = hand_in(tmp_path, text)
    assert load(submission).X
    assert "print" not in submission.source


def test_star_import_is_kept(tmp_path: Path) -> None:
    """`from x import *` may bring anything, so it is kept, and nothing is called missing."""
    submission = hand_in(tmp_path, "from math import *\ndef f(): return floor(2.5)\n")
    assert load(submission).f() == 2
    assert submission.missing == {}


def test_skeleton_stub_is_kept_as_it_is(tmp_path: Path) -> None:
    """The skeleton's own `FIXME("...")` and its definition come through; an undefined FIXME is not called missing."""
    text = "def FIXME(todo): raise NotImplementedError(todo)\ndef f():\n    return FIXME('luong.score')\n"
    assert hand_in(tmp_path, text).source == text
    assert hand_in(tmp_path, "def f():\n    x = FIXME\n    return x\n").missing == {}


def test_missing_name_is_reported_with_its_likely_place(tmp_path: Path) -> None:
    """A name that a definition needs and only driver code binds is reported with that line."""
    submission = hand_in(tmp_path, "for word in ['a']:\n    vocab = word\ndef f():\n    return vocab, nowhere\n")
    assert submission.missing == {
        "vocab": "`vocab` is used by `f` (line 3), and nothing that is kept defines it; "
        "line 1 seems to define it, in a loop that was not run",
        "nowhere": "`nowhere` is used by `f` (line 3), and nothing that is kept defines it",
    }


def test_names_that_exist_are_not_missing(tmp_path: Path) -> None:
    """Builtins, parameters, locals, globals set by a function and walrus names are known."""
    text = (
        "def set_up():\n    global state\n    state = 1\n"
        "def f(a, *b, c=1, **d):\n    for e in a: print(e, state, __name__)\n"
        "    with open(a) as g: return [h for h in g if (i := h)], i, b, c, d\n"
        "class K:\n    n = 1\n    m = [n for n in range(3)]\n    def f(self): return super().f, __class__\n"
    )
    assert hand_in(tmp_path, text).missing == {}


def test_traceback_points_at_the_students_line(tmp_path: Path) -> None:
    """An exception's line number, looked up in the submission, is the line in the student's file."""
    submission = hand_in(tmp_path, "print('a')\n\ndef f():\n    x = 1\n    return x / 0\n")
    with pytest.raises(ZeroDivisionError) as caught:
        load(submission).f()
    line = traceback.extract_tb(caught.value.__traceback__)[-1].lineno
    assert line is not None
    assert submission.locate(line).describe() == "attention.py, line 5"


def test_broken_module_is_refused_with_its_line(tmp_path: Path) -> None:
    """A module with a syntax error never ran: the reason names the line and what to do."""
    submission = hand_in(tmp_path, "def f():\n    return (1\n\ndef g(): pass\n")
    assert submission.refused == (
        "attention.py does not parse: '(' was never closed (line 2); "
        "correct that, run the file once by yourself, and hand it in again"
    )
    assert submission.source == ""


def test_exported_notebook_with_magics_is_read(tmp_path: Path) -> None:
    """A .py that Colab exported holds raw magics: they are stripped as in the notebook."""
    submission = hand_in(tmp_path, "!pip install torch\n%matplotlib inline\ndef f():\n    return 1\n")
    assert load(submission).f() == 1
    assert submission.definitions == {"f": 3}
    assert submission.left_out == ("lines 1-2: 2 magic or shell lines were not run",)


def test_future_import_stays_at_the_top(tmp_path: Path) -> None:
    """`from __future__` is kept where it stands, so that the module still compiles."""
    submission = hand_in(tmp_path, '"""Doc."""\nfrom __future__ import annotations\ndef f(x: Later): return 1\n')
    compile(submission.source, "x", "exec")
    assert "from __future__ import annotations" in submission.source


def test_same_bytes_give_the_same_id(tmp_path: Path) -> None:
    """The id depends on the code and the module asked for, not on the folder, the name or the driver lines."""
    (tmp_path / "a").mkdir()
    first, second = hand_in(tmp_path, ATTENTION), hand_in(tmp_path / "a", ATTENTION + "print(1)\n", "b.py")
    assert first.id == hand_in(tmp_path, ATTENTION).id
    assert first.id != hand_in(tmp_path, ATTENTION.replace("sqrt", "cbrt")).id
    assert first.id != second.id or first.source == second.source
    other = read_submission(tmp_path / "attention.py", module="rnn.py")
    assert other.id != first.id


def test_missing_path_is_a_usage_error(tmp_path: Path) -> None:
    """A path that does not exist is the caller's mistake, not the student's."""
    with pytest.raises(SubmissionNotFound, match=r"nothing at .*gone\.py.*check the path"):
        read_submission(tmp_path / "gone.py", module="attention.py")
