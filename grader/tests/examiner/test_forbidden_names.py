"""Static policies: which names count as used by a TODO, however they are written."""

import pytest

from grader.examiner.forbidden_names import find_forbidden
from grader.examiner.source_findings import Use
from grader.model.assignment import Todo

READY = "torch.nn.functional.scaled_dot_product_attention"
TODOS = (
    Todo(id="scaled", title="", points=50, where=("attend",), forbid=(READY,)),
    Todo(id="heads", title="", points=50, where=("Heads.forward",), forbid=(READY, "torch.nn.MultiheadAttention")),
)


def find(source: str) -> dict[str, Use]:
    """Return the uses that the policy finds in a source."""
    return find_forbidden(source, TODOS)


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ndef attend(q): return torch.nn.functional.scaled_dot_product_attention(q)",
        "import torch.nn.functional as F\ndef attend(q): return F.scaled_dot_product_attention(q)",
        "from torch.nn import functional\ndef attend(q): return functional.scaled_dot_product_attention(q)",
        "from torch.nn.functional import scaled_dot_product_attention as ready\ndef attend(q): return ready(q)",
        "from torch.nn.functional import *\ndef attend(q): return scaled_dot_product_attention(q)",
        "import torch.nn.functional as F\nready = F.scaled_dot_product_attention\ndef attend(q): return ready(q)",
        "import torch.nn as nn\nF = nn.functional\ndef attend(q): return F.scaled_dot_product_attention(q)",
        "import torch\ndef attend(q): return getattr(torch.nn.functional, 'scaled_dot_product_attention')(q)",
        "import torch.nn as nn\n"
        "def attend(q): return getattr(nn.functional, 'scaled_' + 'dot_product_' + 'attention')(q)",
        "import operator, torch\n"
        "def attend(q): return operator.attrgetter('nn.functional.scaled_dot_product_attention')(torch)(q)",
        "import torch.nn.functional as F\ndef attend(q): return vars(F)['scaled_dot_product_attention'](q)",
        "import torch.nn.functional as F\ndef attend(q): return F.__dict__['scaled_dot_product_attention'](q)",
        "def attend(q):\n    from torch.nn.functional import scaled_dot_product_attention\n    return q",
        "def attend(q): return __import__('torch').nn.functional.scaled_dot_product_attention(q)",
        "import importlib\ndef attend(q):\n"
        "    return importlib.import_module('torch.nn.functional').scaled_dot_product_attention(q)",
    ],
)
def test_an_alias_does_not_hide_a_forbidden_name(source: str) -> None:
    """However the function is reached, its full name is found, and only the TODO that uses it pays."""
    found = find(source)
    assert list(found) == ["scaled"]
    assert found["scaled"].name == READY


def test_the_line_is_that_of_the_use() -> None:
    """A student is named where the name stands, not where it was imported."""
    source = "import torch.nn.functional as F\n\n\ndef attend(q):\n    return F.scaled_dot_product_attention(q)\n"
    assert find(source) == {"scaled": Use(READY, 5)}


def test_a_helper_counts_for_those_who_use_it() -> None:
    """A TODO answers for all that its code calls, through any number of helpers."""
    source = (
        "import torch.nn.functional as F\n"
        "def deepest(q): return F.scaled_dot_product_attention(q)\n"
        "def deeper(q): return deepest(q)\n"
        "def attend(q): return deeper(q)\n"
        "class Heads: pass\n"
    )
    assert list(find(source)) == ["scaled"]


def test_another_todo_is_not_a_helper() -> None:
    """A TODO that calls a function which another TODO asks for does not pay for what is in there."""
    source = (
        "import torch.nn.functional as F\n"
        "def attend(q): return F.scaled_dot_product_attention(q)\n"
        "class Heads:\n    def forward(self, q): return attend(q)\n"
    )
    assert list(find(source)) == ["scaled"]


def test_what_lies_behind_another_todo_is_charged_there() -> None:
    """An alias or a helper that only another TODO's function uses; not one that this TODO uses as well."""
    behind = (
        "from torch.nn.functional import scaled_dot_product_attention as ready_made\n"
        "def help(q): return ready_made(q)\n"
        "def attend(q): return help(q)\n"
        "class Heads:\n    def forward(self, q): return attend(q)\n"
    )
    assert list(find(behind)) == ["scaled"]
    assert set(find(behind.replace("return attend(q)", "return attend(q) + help(q)"))) == {"scaled", "heads"}


@pytest.mark.parametrize(
    "source",
    [
        "from torch import nn\nclass Heads: pass\n"
        "class Heads(Heads):\n    def __init__(self): nn.MultiheadAttention(2, 1)",
        "from torch import nn\nclass Heads: pass\ndef f(self): return nn.MultiheadAttention(2, 1)\nHeads.forward = f",
        "from torch import nn\nclass Heads(nn.MultiheadAttention): pass",
    ],
)
def test_every_part_of_a_class_counts(source: str) -> None:
    """A class defined again, patched from outside, or derived from the ready-made one."""
    assert list(find(source)) == ["heads"]


@pytest.mark.parametrize(
    "source",
    [
        'def attend(q):\n    """Like F.scaled_dot_product_attention(q)."""\n    return q  # torch.nn.functional',
        "import torch.nn.functional as F\ndef attend(q): return q\nif __name__ == '__main__':\n"
        "    print(F.scaled_dot_product_attention(1))",
        "import torch.nn.functional as F\ndef attend(q): return q\n"
        "def experiment(q): return F.scaled_dot_product_attention(q)",
        "from torch.nn.functional import *\ndef scaled_dot_product_attention(q): return q\n"
        "def attend(q): return scaled_dot_product_attention(q)",
        "import mine\ndef attend(q): return mine.scaled_dot_product_attention(q)",
        "def attend(self): return self.scaled_dot_product_attention",
    ],
)
def test_what_is_not_used_is_not_held_against_anyone(source: str) -> None:
    """Documentation, a check of one's own, an unused experiment, and functions that only share the name."""
    assert find(source) == {}


def test_without_rules_nothing_is_found() -> None:
    """Nothing is found if no TODO forbids anything."""
    source = "import torch.nn.functional as F\ndef attend(q): return F.scaled_dot_product_attention(q)"
    assert find_forbidden(source, [TODOS[0].model_copy(update={"forbid": ()})]) == {}


@pytest.mark.timeout(60)
def test_names_that_double_with_every_line_are_followed_in_no_time() -> None:
    """The meanings of a name are kept only as far as they lead to a forbidden one."""
    lines = [f"n{step} = n{step - 1}.{part}" for step in range(1, 200) for part in "ab"]
    lines += ["F = torch.nn", "F = F.functional", "def attend(q): return F.scaled_dot_product_attention(n199)"]
    found = find("\n".join(["import torch", "n0 = torch", *lines]))
    assert set(found) == {"scaled"}


def test_a_long_chain_does_not_exhaust_the_stack() -> None:
    """However many steps an expression has, the policy gives an answer."""
    assert find(f"def attend(q): return q{'.mT' * 450}") == {}


def test_a_forbidden_name_at_the_root_of_a_long_chain_is_found() -> None:
    """The attributes that follow a forbidden name do not hide it."""
    chain = ".mT" * 200
    assert set(find(f"import torch\ndef attend(q): return torch.nn.functional.{READY.split('.')[-1]}(q){chain}"))
