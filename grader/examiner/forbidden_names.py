"""Names that a TODO must not use: what is asked for is to be written by hand, not taken ready-made from a library.

Works on the syntax tree, with aliases resolved; nothing is run. Judged are a TODO's own definitions and the helpers
that they reach; what other TODOs ask for, a `__main__` check, an experiment that nothing uses, comments and docstrings
are not.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from grader.model.assignment import Todo
from grader.model.submission import Submission
from grader.model.verdict import Outcome, Verdict

Names = dict[str, set[str]]
IMPORTERS = frozenset({"importlib.import_module", "__import__"})
GETTER = "operator.attrgetter"
# No forbidden name is written with more steps than this; a longer chain only costs time, and the stack.
MAX_STEPS = 24


@dataclass(frozen=True)
class Use:
    """A forbidden name, in full, and the line of the source that uses it."""

    name: str
    line: int


@dataclass
class _Module:
    """What a module binds: its definitions by name (a name may be defined again), and what names stand for.

    `leads` are the full names that matter, and whatever leads to one: no more is kept of what a name may stand for.
    Without that, `y = x.a; y = x.b; z = y.a; z = y.b; ...` would double with every line.
    """

    leads: frozenset[str]
    definitions: dict[str, list[ast.stmt]] = field(default_factory=lambda: defaultdict(list))
    aliases: Names = field(default_factory=lambda: defaultdict(set))
    stars: list[str] = field(default_factory=list)


def find_forbidden(source: str, todos: Sequence[Todo]) -> dict[str, Use]:
    """For each TODO that uses a name it must not: the first such use."""
    strict = [todo for todo in todos if todo.forbid]
    if not strict:
        return {}
    module = _read_module(ast.parse(source), _list_leads([name for todo in strict for name in todo.forbid]))
    owners = {todo.id: {place.split(".")[0] for place in todo.where} for todo in todos}
    found = {}
    for todo in strict:
        own = owners[todo.id]
        others = set[str]().union(*owners.values()) - own
        uses = [use for node in _reach(module, own, others) for use in _list_uses(node, module)]
        forbidden = sorted((use for use in uses if use.name in todo.forbid), key=lambda use: use.line)
        if forbidden:
            found[todo.id] = forbidden[0]
    return found


def forbid_use(use: Use, submission: Submission) -> Outcome:
    """How every test of a TODO ends that uses what it must not."""
    place = submission.locate(use.line).describe()
    return Outcome(Verdict.FORBIDDEN, f"{use.name} is not to be used here ({place}): this TODO asks for your own code")


def _list_leads(names: Sequence[str]) -> frozenset[str]:
    """Every prefix of the names that matter, plain and as the dict of what it names."""
    parts = [name.split(".") for name in (*names, *IMPORTERS, GETTER)]
    prefixes = {".".join(part[:count]) for part in parts for count in range(1, len(part) + 1)}
    return frozenset(prefixes | {f"{prefix}.__dict__" for prefix in prefixes})


def _read_module(tree: ast.Module, leads: frozenset[str]) -> _Module:
    module = _Module(leads)
    for statement in tree.body:
        for name in _list_defined(statement):
            module.definitions[name].append(statement)
    for node in ast.walk(tree):
        _note_alias(node, module)
    return module


def _list_defined(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    if isinstance(statement, ast.Assign):
        # `Class.forward = f` defines a part of the class.
        yield from (_find_root(target) for target in statement.targets)


def _find_root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _note_alias(node: ast.AST, module: _Module) -> None:
    match node:
        case ast.Import(names=names):
            for name in names:
                # `import torch.nn` binds torch, `import torch.nn as nn` binds nn
                module.aliases[name.asname or name.name.split(".")[0]].add(
                    name.name if name.asname else name.name.split(".")[0]
                )
        case ast.ImportFrom(module=str(origin), names=names):
            module.stars += [origin for name in names if name.name == "*"]
            for name in names:
                module.aliases[name.asname or name.name].add(f"{origin}.{name.name}")
        case ast.Assign(targets=[ast.Name(id=target)], value=ast.Name() | ast.Attribute() | ast.Call() as value):
            module.aliases[target] |= _resolve(value, module)


def _reach(module: _Module, own: set[str], others: set[str]) -> Iterator[ast.stmt]:
    """The statements that define `own` names, and those of every helper that they use, directly or not."""
    waiting, seen = sorted(own), set(own) | others
    while waiting:
        for statement in module.definitions.get(waiting.pop(), []):
            yield statement
            used = {item.id for item in ast.walk(statement) if isinstance(item, ast.Name)} - seen
            seen |= used
            waiting += sorted(used)


def _list_uses(statement: ast.stmt, module: _Module) -> Iterator[Use]:
    for node in ast.walk(statement):
        if isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript | ast.ImportFrom):
            yield from (Use(name, node.lineno) for name in sorted(_resolve(node, module)))


def _resolve(node: ast.AST, module: _Module, steps: int = MAX_STEPS) -> set[str]:
    """The full dotted names that an expression may stand for, among those that lead somewhere."""
    return _list_meanings(node, module, steps - 1) & module.leads if steps else set()


def _list_meanings(node: ast.AST, module: _Module, steps: int) -> set[str]:
    match node:
        case ast.Name(id=name):
            stars = set() if name in module.definitions else {f"{star}.{name}" for star in module.stars}
            return module.aliases.get(name, {name}) | stars
        case ast.Attribute(value=owner, attr=name):
            return {f"{base}.{name}" for base in _resolve(owner, module, steps)}
        case ast.Call(func=ast.Name(id="getattr"), args=[owner, name, *_]):
            return {f"{base}.{_read_text(name)}" for base in _resolve(owner, module, steps)}
        case ast.Call(func=ast.Call(func=getter, args=[name, *_]), args=[owner]) if _is_getter(getter, module, steps):
            return {f"{base}.{_read_text(name)}" for base in _resolve(owner, module, steps)}
        case ast.Call(func=ast.Name(id="vars"), args=[owner]):
            return {f"{base}.__dict__" for base in _resolve(owner, module, steps)}
        case ast.Call(func=function, args=[ast.Constant(value=str(name)), *_]):
            return {name} if _resolve(function, module, steps) & IMPORTERS else set()
        case ast.Subscript(value=owner, slice=ast.Constant(value=str(name))):
            mappings = {base for base in _resolve(owner, module, steps) if base.endswith(".__dict__")}
            return {f"{base.removesuffix('.__dict__')}.{name}" for base in mappings}
        case ast.ImportFrom(module=str(origin), names=names):
            return {f"{origin}.{name.name}" for name in names}
    return set()


def _is_getter(node: ast.AST, module: _Module, steps: int) -> bool:
    return GETTER in _resolve(node, module, steps)


def _read_text(node: ast.AST) -> str:
    """A name that is written out, in one piece or in several; empty for what is known only when it runs."""
    pieces: list[ast.AST] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        pieces.append(node.right)
        node = node.left
    pieces.append(node)
    texts = [piece.value for piece in pieces if isinstance(piece, ast.Constant) and isinstance(piece.value, str)]
    return "".join(reversed(texts)) if len(texts) == len(pieces) else ""
