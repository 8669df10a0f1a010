"""Every way to write a forbidden name, in one table: a new trick is a new line."""

import ast

import pytest

from grader.examiner.forbidden_names import find_forbidden, review_source
from grader.examiner.source_findings import MADE_UP
from grader.model.assignment import Todo

READY = "torch.nn.functional.scaled_dot_product_attention"
NAME = "scaled_dot_product_attention"
CELL = "torch.lstm_cell"
HEAD = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"
TODOS = (
    Todo(id="attend", title="", points=40, where=("attend",), forbid=(READY, "torch.nn.attention")),
    Todo(id="cell", title="", points=40, where=("cell",), forbid=(CELL, "torch.nn.LSTM", "torch.nn.LSTMCell")),
    Todo(id="encoder", title="", points=20, where=("Encoder.forward",)),
)
ATTEND = {
    "through another module": f"def attend(q): return nn.modules.transformer.F.{NAME}(q)",
    "through a module's own import": f"def attend(q): return torch.functional.F.{NAME}(q)",
    "from the C extension": f"def attend(q): return torch._C._nn.{NAME}(q)",
    "from a deeper module": f"from torch.nn.modules.transformer import F as G\ndef attend(q): return G.{NAME}(q)",
    "vars().get": f"def attend(q): return vars(F).get('{NAME}')(q)",
    "dict.get": f"def attend(q): return F.__dict__.get('{NAME}', None)(q)",
    "dict getitem": f"def attend(q): return F.__dict__.__getitem__('{NAME}')(q)",
    "itemgetter": f"import operator\ndef attend(q): return operator.itemgetter('{NAME}')(vars(F))(q)",
    "methodcaller": f"from operator import methodcaller as m\ndef attend(q): return m('{NAME}', q)(F)",
    "attrgetter kept": f"import operator\ng = operator.attrgetter('functional.{NAME}')\ndef attend(q): return g(nn)(q)",
    "getattribute": f"def attend(q): return F.__getattribute__('{NAME}')(q)",
    "object.getattribute": f"def attend(q): return object.__getattribute__(F, '{NAME}')(q)",
    "getattr renamed": f"read = getattr\ndef attend(q): return read(F, '{NAME}')(q)",
    "getattr with default": f"def attend(q): return getattr(F, '{NAME}', None)(q)",
    "getattr from builtins": f"import builtins\ndef attend(q): return builtins.getattr(F, '{NAME}')(q)",
    "getattr_static": f"import inspect\ndef attend(q): return inspect.getattr_static(F, '{NAME}')(q)",
    "name in a variable": f"name = '{NAME}'\ndef attend(q): return getattr(F, name)(q)",
    "name put together": "a = 'scaled_dot'\ndef attend(q):\n    b = a + '_product' + '_attention'\n"
    "    return getattr(F, b)(q)",
    "name in an f-string": "def attend(q):\n"
    "    kind = 'dot_product'\n    return getattr(F, f'scaled_{kind}_attention')(q)",
    "name in a loop": f"def attend(q):\n    for name in ['{NAME}']:\n        return getattr(F, name)(q)",
    "annotated": f"ready: object = F.{NAME}\ndef attend(q): return ready(q)",
    "tuple": f"ready, other = F.{NAME}, 1\ndef attend(q): return ready(q)",
    "nested tuple": f"(ready, [other]), z = (F.{NAME}, [1]), 2\ndef attend(q): return ready(q)",
    "starred": f"first, *others = 1, F.{NAME}\ndef attend(q): return others[0](q)",
    "chained": f"one = two = F.{NAME}\ndef attend(q): return two(q)",
    "augmented": f"tools = ()\ntools += (F.{NAME},)\ndef attend(q): return tools[0](q)",
    "walrus": f"def attend(q): return (ready := F.{NAME})(q)",
    "for over a tuple": f"for t in (F,):\n    pass\ndef attend(q): return t.{NAME}(q)",
    "for inside": f"def attend(q):\n    for t in (F,):\n        return t.{NAME}(q)",
    "with as": f"import contextlib\ndef attend(q):\n"
    f"    with contextlib.nullcontext(F) as t:\n        return t.{NAME}(q)",
    "default argument": f"def attend(q, tools=F): return tools.{NAME}(q)",
    "keyword default": f"def attend(q, *, ready=F.{NAME}): return ready(q)",
    "default of a helper": f"def help(q, tools=F): return tools.{NAME}(q)\ndef attend(q): return help(q)",
    "argument of a helper": f"def help(tools, q): return tools.{NAME}(q)\ndef attend(q): return help(F, q)",
    "result of a helper": f"def give(): return F\ndef attend(q): return give().{NAME}(q)",
    "lambda": f"attend = lambda q: F.{NAME}(q)",
    "lambda called": f"def attend(q): return (lambda tools: tools.{NAME}(q))(F)",
    "comprehension": f"def attend(q): return [tools.{NAME}(q) for tools in (F,)][0]",
    "match": f"def attend(q):\n    match F:\n        case tools:\n            return tools.{NAME}(q)",
    "if True": f"if True:\n    def attend(q): return F.{NAME}(q)",
    "try": f"try:\n    def attend(q): return F.{NAME}(q)\nexcept ImportError:\n    pass",
    "with block": f"with torch.no_grad():\n    def attend(q): return F.{NAME}(q)",
    "imported under the name": f"from torch.nn.functional import {NAME} as attend",
    "bound to the name": f"attend = F.{NAME}",
    "bound by annotation": f"attend: object = F.{NAME}",
    "bound by a loop": f"for attend in [F.{NAME}]:\n    pass",
    "bound through globals": f"globals()['attend'] = F.{NAME}",
    "bound by update": f"globals().update(attend=F.{NAME})",
    "read through globals": f"def attend(q): return globals()['F'].{NAME}(q)",
    "helper through globals": f"def help(q): return F.{NAME}(q)\ndef attend(q): return globals()['help'](q)",
    "decorator": f"def swap(f): return F.{NAME}\n@swap\ndef attend(q): return q",
    "table": f"tools = {{'a': F}}\ndef attend(q): return tools['a'].{NAME}(q)",
    "table filled later": f"tools = []\ntools.append(F)\ndef attend(q): return tools[0].{NAME}(q)",
    "dict call": f"def attend(q): return dict(a=F)['a'].{NAME}(q)",
    "attribute of a class": f"class Tools: ready = F\ndef attend(q): return Tools.ready.{NAME}(q)",
    "attribute set": f"class Tools: pass\nTools.ready = F\ndef attend(q): return Tools.ready.{NAME}(q)",
    "attribute set by name": f"class Tools: pass\nsetattr(Tools, 'r', F)\ndef attend(q): return Tools.r.{NAME}(q)",
    "attribute of self": f"class T:\n    def __init__(self): self.f = F\n    def go(self, q): return self.f.{NAME}(q)\n"
    "def attend(q): return T().go(q)",
    "method set from outside": f"def attend(q): return q\nattend.ready = F.{NAME}",
    "partial": f"import functools\ndef attend(q): return functools.partial(F.{NAME}, q)()",
    "sys.modules": f"import sys\ndef attend(q): return sys.modules['torch.nn.functional'].{NAME}(q)",
    "import_module": f"from importlib import import_module\ndef attend(q):\n"
    f"    return import_module('.functional', 'torch.nn').{NAME}(q)",
    "import_module by variable": f"import importlib\nwhere = 'torch.nn.functional'\ndef attend(q):\n"
    f"    return importlib.import_module(where).{NAME}(q)",
    "resolve_name": f"import pkgutil\ndef attend(q): return pkgutil.resolve_name('torch.nn.functional:{NAME}')(q)",
    "locate": f"import pydoc\ndef attend(q): return pydoc.locate('torch.nn.functional.{NAME}')(q)",
    "eval": f"def attend(q): return eval('F.{NAME}(q)')",
    "exec": f"exec('def attend(q): return F.{NAME}(q)')",
    "global statement": f"def set_up():\n    global ready\n    ready = F.{NAME}\ndef attend(q): return ready(q)",
    "conditional": f"def attend(q): return (F if True else nn).{NAME}(q)",
    "or": f"def attend(q): return (None or F).{NAME}(q)",
    "submodule": "from torch.nn.attention import sdpa_kernel\ndef attend(q): return sdpa_kernel(q)",
}
LSTM = {
    "_VF": "def cell(x): return torch._VF.lstm_cell(x)",
    "_VF of a module": "def cell(x): return nn.modules.rnn._VF.lstm_cell(x)",
    "variable functions": "def cell(x): return torch._C._VariableFunctions.lstm_cell(x)",
    "class of a module": "def cell(x): return nn.modules.rnn.LSTMCell(1, 1)(x)",
    "from a module": "from torch.nn.modules.rnn import LSTM as Layer\ndef cell(x): return Layer(1, 1)(x)",
    "subclass": "class Mine(nn.LSTMCell): pass\ndef cell(x): return Mine(1, 1)(x)",
    "unbound method": "def cell(x): return nn.LSTM.forward(x)",
    "another TODO's given layer": "def cell(x): return Encoder().lstm(x)",
    "another TODO's own code": "class Encoder:\n    def help(self, x): return nn.LSTMCell(1, 1)(x)\n"
    "def cell(x): return Encoder().help(x)",
}
REFERENCE = (
    HEAD
    + """
def attend(q):
    ### BEGIN SOLUTION attend
    return q
    ### END SOLUTION


def cell(x):
    ### BEGIN SOLUTION cell
    return x
    ### END SOLUTION


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 1)

    def forward(self, x):
        ### BEGIN SOLUTION encoder
        return self.lstm(cell(attend(x)))
        ### END SOLUTION
"""
)


@pytest.mark.parametrize("way", ATTEND)
def test_forbidden_function_is_found_however_written(way: str) -> None:
    """A function is known by what it is, through any binding statement, lookup or call."""
    found = find_forbidden(f"{HEAD}{ATTEND[way]}\n", TODOS)
    assert list(found) == ["attend"]
    assert found["attend"].name in (READY, "torch.nn.attention")


@pytest.mark.parametrize("way", LSTM)
def test_forbidden_layer_is_found_however_written(way: str) -> None:
    """A layer is known by what it is, in the given code of another TODO as well."""
    found = find_forbidden(f"{REFERENCE}\n{LSTM[way]}\n", TODOS, REFERENCE)
    assert list(found) == ["cell"]


@pytest.mark.parametrize(
    "source",
    [
        REFERENCE,
        f"{HEAD}def attend(q):\n    ready = q.softmax(-1)\n    return ready\ndef trial(q):\n    ready = F.{NAME}\n",
        f"{HEAD}def attend(q, attention): return F.softmax(attention.attention(q))\n",
        f"{HEAD}class Attend(nn.Module):\n    def __init__(self):\n        self.attention = nn.Linear(2, 2)\n"
        "def attend(q):\n    layer = Attend()\n    layer = layer.train()\n    return layer.attention(q)\n",
        f"{HEAD}names = ['a', 'b']\ndef attend(q): return [getattr(q, name) for name in names]\n",
        f"{HEAD}def attend(q):\n    x = F.relu(q)\n    return x.attention, nn.ModuleList([x]).attention\n",
        f"{HEAD}import numpy as np\ndef attend(q): return np.array(q).attention\n",
        f"{HEAD}def attend(q):\n    '''Like {NAME}.'''\n    return q\n",
        f"{HEAD}class A:\n    def {NAME}(self): return 1\ndef attend(q): return A().{NAME}()\n",
        f"{HEAD}def show(model): return [m for m in model if isinstance(m, nn.LSTM)]\ndef cell(x): return x\n",
    ],
)
def test_honest_code_is_left_alone(source: str) -> None:
    """Local names, methods and layers that only look similar cost nothing, and staff have nothing to look at."""
    review = review_source(source, ast.parse(source), TODOS, REFERENCE)
    assert (review.uses, review.unclear) == ({}, ())


@pytest.mark.parametrize(
    "body",
    [
        "return getattr(F, names[3])(q)",
        "return getattr(F, 'noitnetta'[::-1])(q)",
        "return vars(F)[chr(115)](q)",
        "return getattr(F, ''.join(['scaled_dot', '_product_attention']))(q)",
        "return getattr(F, 'scaled_dot_product_X'.replace('X', 'attention'))(q)",
        "return [f for n, f in vars(F).items() if n[:2] == 'sc'][0](q)",
        "return getattr(F, dir(F)[7])(q)",
        "return eval(q.text)",
        "import importlib\n    return importlib.import_module(q.text).f(q)",
        f"return F.relu.__globals__['{NAME}'](q)",
        f"import transformers\n    return transformers.x.{NAME}(q)",
        f"return [f for f in tools if f.__name__ == '{NAME}'][0](q)",
        "return [c for c in nn.Module.__subclasses__()][0](q)",
    ],
)
def test_name_made_up_at_run_time_is_a_remark(body: str) -> None:
    """No point is lost, and staff are pointed to the line."""
    source = f"{HEAD}def attend(q):\n    {body}\n"
    review = review_source(source, ast.parse(source), TODOS)
    assert review.uses == {}
    assert {one.todo for one in review.unclear} == {"attend"}
    assert review.unclear[0].line in (5, 6)
    strict = [TODOS[0].model_copy(update={"forbid_unclear": True})]
    assert find_forbidden(f"{HEAD}def attend(q):\n    {body}\n", strict)["attend"].name == MADE_UP
