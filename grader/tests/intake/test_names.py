"""The names that a statement binds and needs, checked against Python's own symbol tables; and any source at all."""

import ast
import symtable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.intake.names import read_names
from grader.tests.support.intake_samples import hand_in, make_notebook

SCOPES = [
    "def f(a, *b, c=1, **d):\n    x = a\n    return x, y, b, c, d, z",
    "def f():\n    def g(): return x, y\n    x = 1\n    return g",
    "def f():\n    x = 1\n    def g():\n        nonlocal x\n        x = 2\n        return x\n    return g",
    "def f():\n    global x\n    x = 1\n    return x + w",
    "def f():\n    return [i for i in items if i > limit], {k: v for k, v in pairs}, {s for s in seen}",
    "def f():\n    return [j for i in rows for j in i], list(n for n in range(k))",
    "def f():\n    if any((m := p) for p in ps): return m",
    "def f():\n    for i, (j, *k) in rows: print(i, j, k)\n    else: q()",
    "def f():\n    try: a()\n    except (B, C) as e: return e\n    finally: d()",
    "def f():\n    import a.b, c as d\n    from e import g as h, i\n    return a, d, h, i, c",
    "def f():\n    with a() as b, c: return b",
    "def f():\n    class K(Base):\n        n = 1\n        def m(self): return n, self\n    return K",
    "def f(x):\n    match x:\n        case {'a': y, **rest}: return y, rest\n        case [1, *others] | K(z=others): "
    "return others\n        case _ if guard: return M.n",
    "def f():\n    x: Note = 1\n    y: Note\n    x += w\n    return lambda a, b=c: a + b + d",
    "async def f():\n    async for i in g(): await i\n    async with h as j: yield j",
    "def f():\n    del x\n    return x",
]


@pytest.mark.parametrize("source", SCOPES)
def test_later_names_are_those_of_the_symbol_table(source: str) -> None:
    """The names that a function reads from its module are those that Python's compiler lists."""

    def list_globals(table: symtable.SymbolTable) -> set[str]:
        own = {s.get_name() for s in table.get_symbols() if s.is_global() and s.is_referenced()}
        return own.union(*(list_globals(child) for child in table.get_children()))

    function = symtable.symtable(source, "x", "exec").get_children()[0]
    expected = list_globals(function) - {"Note"}  # which Python notes, but never evaluates
    assert read_names(ast.parse(source).body).later == expected


def test_needs_are_what_runs_at_once() -> None:
    """Bases, decorators, defaults, annotations and class bodies are needed at once, function bodies later."""
    source = "@deco(a)\nclass K(B, metaclass=M):\n    n = c\n    @d\n    def f(self, x: T = e) -> R: return g\n"
    names = read_names(ast.parse(source).body)
    assert names.needs == {"deco", "a", "B", "M", "c", "d", "T", "e", "R"}
    assert (names.later, names.binds) == ({"g"}, {"K"})


KEPT = [
    "def f{n}():\n    return {n}\n",
    "class K{n}:\n    '''한글'''\n    x = {n}\n",
    "g{n} = lambda: '가' * {n}\n",
    "if True:\n    def f{n}(): pass\nelse:\n    def f{n}(): pass\n",
]
DRIVER = [
    "print('DRIVER')\n",
    "DRIVER();\n",
    "DRIVER; DRIVER\n",
    "x = DRIVER(1)\n",
    "import DRIVER as DRIVER\n",
    "raise DRIVER\n",
    "assert DRIVER\n",
    "for i in DRIVER:\n    pass\n",
    "while DRIVER: pass\n",
    "with DRIVER: pass\n",
    "print('''\nDRIVER\n'''); print('가', DRIVER)\n",
    "if DRIVER:\n    DRIVER()\nelif DRIVER: pass\nelse:\n    DRIVER()\n",
    "try:\n    DRIVER()\nexcept DRIVER: raise\n",
    "# a comment\n",
    "'''a text'''\n",
    "\n",
]


@settings(max_examples=40)
@given(
    parts=st.lists(st.tuples(st.sampled_from([*KEPT, *DRIVER]), st.integers(1, 3)), max_size=12), cells=st.booleans()
)
def test_definitions_survive_among_any_driver_code(
    tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[str, int]], cells: bool
) -> None:
    """However definitions and driver code are mixed, the definitions keep their lines and no driver code is left."""
    texts = [text.replace("{n}", str(number)) for text, number in parts]
    definitions = [text.replace("{n}", str(number)) for text, number in parts if text in KEPT]
    folder = tmp_path_factory.getbasetemp()
    submission = hand_in(folder, make_notebook(*texts), "s.ipynb") if cells else hand_in(folder, "".join(texts), "s.py")
    if submission.refused:
        assert not "".join(texts).strip()
        return
    assert "DRIVER" not in submission.source
    ast.parse(submission.source)
    for definition in definitions:
        assert definition.rstrip("\n") in submission.source
    if not cells:
        assert submission.source.count("\n") == "".join(texts).count("\n")


@settings(max_examples=40)
@given(
    content=st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode)),
    name=st.sampled_from(["a.py", "a.ipynb"]),
)
def test_any_bytes_give_a_submission_or_a_reason(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str
) -> None:
    """No bytes that are handed in raise an exception."""
    submission = hand_in(tmp_path_factory.getbasetemp(), content, name)
    assert isinstance(submission.refused or submission.source, str)


def test_a_submission_without_source_has_no_lines(tmp_path: Path) -> None:
    """Asking a refused submission for a line is a mistake of the caller."""
    with pytest.raises(LookupError, match="no line 1 in a submission without source"):
        hand_in(Path(tmp_path), "").locate(1)
