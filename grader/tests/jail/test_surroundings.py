"""The surroundings that a submission's code expects: its source, a compiler, a notebook's display, numpy."""

import sys
import textwrap
from typing import Any

import pytest
import torch

from grader.jail.loader import compile_definitions
from grader.jail.server import Server
from grader.wire.codec import Decoder, Encoder
from grader.wire.messages import MODULE, Call, Done, Load, Message, pack_message, unpack_message


def refuse(value: Any) -> Any:
    """No object travels here."""
    raise AssertionError(f"a handle: {value!r}")


class Jail:
    """A server in this process."""

    def __init__(self, source: str, name: str) -> None:
        self.server = Server()
        self.failures = self.ask(Load(textwrap.dedent(source), name)).failures  # type: ignore[union-attr]

    def ask(self, message: Message) -> Message:
        """The reply to a request."""
        frame = self.server.answer(pack_message(message, 1, Encoder(refuse)))
        return unpack_message(frame, Decoder(frame.block, refuse, lambda tensor, body: tensor))

    def call(self, name: str, *args: Any) -> Any:
        """Return the value of a function, or what it raised."""
        reply = self.ask(Call(MODULE, name, list(args), {}))
        return reply.value if isinstance(reply, Done) else reply


@pytest.fixture
def load(request: pytest.FixtureRequest) -> Any:
    """A way to load a source, and to forget it afterwards."""
    names = []
    compiler = torch.compile

    def open_jail(source: str) -> Jail:
        names.append(f"sample_{abs(hash(request.node.name))}")
        return Jail(source, names[-1])

    yield open_jail
    vars(torch)["compile"] = compiler
    for name in [*names, "tqdm.notebook"]:
        sys.modules.pop(name, None)


COMPILED = [
    "@torch.compile\ndef f(x): return x + 1",
    "@torch.compile(mode='reduce-overhead', fullgraph=True)\ndef f(x): return x + 1",
    "def f(x): return x + 1\nf = torch.compile(f, dynamic=True)",
    "from torch import compile as fast\n@fast\ndef f(x): return x + 1",
    "class M(nn.Module):\n    @torch.compile\n    def forward(self, x): return x + 1\ndef f(x): return M()(x)",
    "class M(nn.Module):\n    def forward(self, x): return x + 1\ndef f(x): return torch.compile(M())(x)",
    "class M(nn.Module):\n    def forward(self, x): return x + 1\n"
    "def f(x):\n    m = M()\n    m.compile()\n    return m(x)",
]
SCRIPTED = [
    "@torch.jit.script\ndef f(x): return x + 1",
    "@torch.jit.script\ndef g(x, y: int):\n    return x + y\ndef f(x): return g(x, 1)",
    "class M(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    "        self.one = nn.Parameter(torch.ones(()))\n"
    "    def forward(self, x): return x + self.one\ndef f(x): return torch.jit.script(M())(x)",
    "def g(x): return x + 1\ndef f(x): return torch.jit.trace(g, x)(x)",
]


@pytest.mark.filterwarnings("ignore")  # TorchScript is deprecated; a student's code may use it
@pytest.mark.parametrize("source", [*COMPILED, *SCRIPTED])
def test_compiled_function_gives_what_it_computes(load: Any, source: str) -> None:
    """`torch.compile` leaves code as it is, and TorchScript finds the source that it compiles."""
    jail = load(f"import torch\nfrom torch import nn\n{source}\n")
    assert jail.failures == []
    assert jail.call("f", torch.zeros(2)).tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    "source",
    [
        "def f(): return inspect.getsource(g)\n\n\ndef g():\n    return 3  # here",
        "def f(): return inspect.getsource(K.g)\nclass K:\n    def g():\n        return 3  # here",
        "def f(): return inspect.getsource(K)\n\nclass K:\n    n = 3  # here",
        "def f(): return ''.join(inspect.getsourcelines(lambda: 3)[0])  # here",
    ],
)
def test_source_is_found(load: Any, source: str) -> None:
    """`inspect` finds functions, methods, classes and lambdas."""
    assert "# here" in load(f"import inspect\n{source}\n").call("f")


@pytest.mark.parametrize(
    "call", ["display(n)", "display('a', n, metadata={})", "display()", "[display(i) for i in 'ab']"]
)
def test_display_does_nothing(call: str) -> None:
    """A notebook's `display` costs nothing, and a submission's own takes its place."""
    definitions = compile_definitions(f"def f(n):\n    {call}\n    return n\n", "display_sample")
    assert definitions.make_module([]).f(3) == 3
    own = compile_definitions("def display(n): return n + 1\ndef f(n): return display(n)\n", "display_sample")
    assert own.make_module([]).f(3) == 4
    sys.modules.pop("display_sample")


@pytest.mark.parametrize(
    "source",
    [
        "from tqdm.notebook import tqdm\ndef f(n): return sum(tqdm(range(n)))",
        "import tqdm.notebook as bars\ndef f(n): return sum(bars.trange(n, leave=False))",
        "from tqdm import tqdm\ndef f(n): return sum(tqdm(range(n), disable=True))",
    ],
)
def test_progress_bar_of_a_notebook_is_a_plain_one(load: Any, source: str) -> None:
    """A bar that no browser shows costs nothing."""
    assert load(source).call("f", 4) == 6


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("np.argmax([1, 5, 2])", 1),
        ("np.float32(0.5)", 0.5),
        ("np.array(7)", 7),
        ("np.array(0.25, dtype=np.float32)", 0.25),
        ("np.bool_(True)", True),
        ("np.array(False)", False),
        ("np.str_('word')", "word"),
        ("[np.int64(1), np.array(2), 3]", [1, 2, 3]),
        ("(np.float64(0.5), [np.int8(3)])", (0.5, [3])),
        ("{np.int64(1): np.float16(0.5)}", {1: 0.5}),
        ("torch.tensor(0.5).numpy()", 0.5),
        ("[t.detach().numpy() for t in torch.arange(3)]", [0, 1, 2]),
        ("np.array([1, 2])[1]", 2),
        ("list(np.array([1, 2]))", [1, 2]),
        ("np.float32('inf')", float("inf")),
    ],
)
def test_numpy_scalar_is_a_number(load: Any, expression: str, expected: object) -> None:
    """Scalars and arrays without axes are numbers, in containers and as keys too."""
    value = load(f"import numpy as np, torch\ndef f(): return {expression}\n").call("f")
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize("expression", ["np.array(None)", "np.array([object()])"])
def test_other_numpy_objects_stay_where_they_are(load: Any, expression: str) -> None:
    """An array of objects is not sent."""
    with pytest.raises(AssertionError, match="a handle"):
        load(f"import numpy as np\ndef f(): return {expression}\n").call("f")


@pytest.mark.parametrize(
    "source",
    [
        "from einops import rearrange\ndef f(x): return rearrange(x, 'a b -> b a')",
        "from jaxtyping import Float\ndef f(x: Float[torch.Tensor, 'a b']): return x.T",
    ],
)
def test_packages_of_the_handouts_are_installed(load: Any, source: str) -> None:
    """The packages that a handout names can be imported."""
    jail = load(f"import torch\n{source}\n")
    assert jail.failures == []
    assert jail.call("f", torch.zeros(2, 3)).shape == (3, 2)
