"""Generate hostile code by kind: slow to judge, slow to run, loud in its report, curious about the machine."""

from collections.abc import Callable
from pathlib import Path

MODULE = "target.py"
HEAD = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n\n"
Writer = Callable[[Path], None]


def _make(make: Callable[[], str]) -> Writer:
    def write(folder: Path) -> None:
        (folder / MODULE).write_text(HEAD + make())

    return write


def _weigh(before: str, result: str) -> Writer:
    """A wrong answer to the TODO that forbids names, behind many lines."""
    return _make(lambda: f"{before}\n\ndef weigh(scores, values):\n    return {result}\n")


def _lines(template: str, count: int) -> str:
    return "\n".join(template.format(n=number, m=number + 1) for number in range(count))


# What is slow to resolve: names, and what they stand for.
NAMING: dict[str, Writer] = {
    "chain_of_aliases": _weigh("f0 = F\n" + _lines("f{m} = f{n}", 3000), "f3000.relu(values)"),
    "chain_of_calls": _weigh(_lines("def f{n}(x): return f{m}(x)", 2000), "f0(values)"),
    "many_attributes": _weigh("", "values, " + ", ".join(f"torch.a{n}.b{n}" for n in range(4000))),
    "many_texts": _weigh(
        "names = [" + ", ".join(f"'soft{n}'" for n in range(3000)) + "]",
        "[getattr(F, name)(values) for name in names]",
    ),
    "tables_of_modules": _weigh(
        "table = {"
        + ", ".join(f"'k{n}': torch.nn" for n in range(2000))
        + "}\n"
        + _lines("t{n} = table['k{n}']", 2000),
        "t1999.x",
    ),
    "chain_of_decorators": _weigh(
        _lines("def d{n}(f): return d{m}(f)", 500)
        + "\n"
        + "\n".join(f"@d{n}" for n in range(500))
        + "\ndef g(x): return x",
        "g(values)",
    ),
    "chain_of_classes": _weigh("class A0: pass\n" + _lines("class A{m}(A{n}): x{n} = F", 2000), "A2000().x0"),
    "functions_of_functions": _weigh(_lines("f{n} = lambda g, *a: g(f{m}, f{n}, *a)", 300), "f0(f1, f2, F)"),
    "written_globals": _weigh(_lines("globals()['g{n}'] = globals().get('g{m}', F)", 1500), "g0"),
    "nested_evaluations": _weigh("\n".join(f"eval('eval(\"F.a{n}\")')" for n in range(1500)), "eval('F.relu')(values)"),
}

BUSY = (
    "import time\ndef _wait(seconds):\n    end = time.process_time() + seconds\n"
    "    while time.process_time() < end: pass\n\n"
)


def _double(body: str, before: str = "") -> Writer:
    indented = "\n".join(f"    {line}" for line in body.split("\n"))
    return _make(lambda: f"{before}\ndef double(number):\n{indented}\n")


# What takes as long as it may, again and again.
WAITING: dict[str, Writer] = {
    "sleeps_below_the_limit": _double("time.sleep(0.4)", "import time\n"),
    "computes_below_the_limit": _double("_wait(0.9)", BUSY),
    "computes_at_import": _double("return number", BUSY + "_wait(1.9)\nX = 1\n"),
    "sleeps_without_end": _double("while True: time.sleep(0.01)", "import time\n"),
    "catches_everything": _double("while True:\n    try:\n        while True: pass\n    except BaseException: pass"),
    "ends_each_time": _double("os._exit(7)", "import os\n"),
    "spinning_threads": _double(
        "[threading.Thread(target=spin).start() for _ in range(12)]\nreturn 2",
        "import threading\ndef spin():\n    while True: pass\n",
    ),
    "slow_to_send": _make(lambda: "def weigh(scores, values):\n    return torch.zeros(15_000_000)\n"),
    "slow_backward": _make(
        lambda: (
            BUSY + "class Slow(torch.autograd.Function):\n    @staticmethod\n    def forward(c, x): return x * 1\n"
            "    @staticmethod\n    def backward(c, g): _wait(5)\n\n"
            "class Layer(nn.Module):\n    def __init__(self, i, o):\n        super().__init__()\n"
            "        self.linear = nn.Linear(i, o)\n    def forward(self, x): return Slow.apply(self.linear(x))\n"
        )
    ),
    "slow_to_print": _double(
        "return Slow()", "class Slow:\n    def __repr__(self):\n        while True: pass\n    __str__ = __repr__\n"
    ),
    "slow_to_compare": _double(
        "return Slow()", "class Slow(int):\n    def __eq__(self, other):\n        while True: pass\n"
    ),
}

# What makes a long report.
REPORTS: dict[str, Writer] = {
    "long_message": _double("raise ValueError('x' * 50_000_000)"),
    "long_kind": _double("raise type('E' * 1_000_000, (Exception,), {})('no')"),
    "long_chain": _double(
        "error = None\nfor _ in range(20_000):\n    new = ValueError()\n    new.__cause__, error = error, new\n"
        "raise error"
    ),
    "many_statements": _double("return number", _lines("print({n})\nx{n} = 1", 8000)),
    "many_missing": _double("return " + " + ".join(f"missing{n}" for n in range(4000))),
    "many_oddities": _double("return number", _lines("import socket.a{n}", 4000)),
    "many_failures": _double(
        "return " + ", ".join(f"x{n}" for n in range(2000)), _lines("x{n} = {{}}['y' * 5000]", 2000)
    ),
    "long_result": _double("return 'x' * 30_000_000"),
    "wide_tensor": _make(
        lambda: "def weigh(scores, values):\n    return values.reshape([1] * 60 + list(values.shape))\n"
    ),
    "odd_characters": _double("raise ValueError('\\x1b[2J\\u202e\\u2028\\x00,\"=1+1' * 100_000)"),
}


def _look(expression: str) -> Writer:
    """An answer that is right if something is found that the jail should not show."""
    return _double(
        f"try:\n    found = {expression}\nexcept Exception:\n    found = False\nreturn number * (2 if found else 1)",
        "import glob, os, sys, time\n",
    )


LOOKING: dict[str, Writer] = {
    "programs": _look("glob.glob('/usr/bin/*') + glob.glob('/bin/*') + glob.glob('/usr/local/*')"),
    "documentation": _look("glob.glob('/usr/share/*') + glob.glob('/usr/src/*') + glob.glob('/usr/include/*')"),
    "library_list": _look("open('/etc/ld.so.cache', 'rb').read()"),
    "other_python": _look("glob.glob('/usr/lib/python3*') + glob.glob('/python/lib/python3*/site-packages/*')"),
    "machine_name": _look("open('/etc/hostname').read() or open('/etc/machine-id').read()"),
    "certificates": _look("glob.glob('/etc/ssl/*')"),
    "mounts": _look("open('/proc/self/mountinfo').read() or open('/proc/mounts').read()"),
    "installed_from": _look("[p for p in glob.glob('/site/*/*.dist-info/direct_url.json') if open(p).read()]"),
    "path_files": _look("[p for p in glob.glob('/site/*/*.pth') if open(p).read()]"),
    "grader_sources": _look("glob.glob('/jail/grader/[ceg]*') + glob.glob('/site/*/grader/*')"),
    "shared_memory": _look("glob.glob('/dev/shm/*') + glob.glob('/run/*') + glob.glob('/var/*')"),
    "old_descriptors": _look("[n for n in range(64) if n > 2 and os.readlink(f'/proc/self/fd/{n}')]"),
}
