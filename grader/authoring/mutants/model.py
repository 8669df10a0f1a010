"""The mutant: a reference with one mistake in the region of one TODO."""

import ast
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

# A function that alters values at run time; mutants call it by this name.
ALTER = "_altered"


@dataclass(frozen=True)
class Region:
    """The statements between the marks of one TODO, and the function that they stand in."""

    todo: str
    owner: ast.ClassDef | None
    function: ast.FunctionDef
    statements: tuple[ast.stmt, ...]
    parents: Mapping[ast.AST, ast.AST]

    @property
    def place(self) -> str:
        """Return the name of the function: `double`, or `Toy.double`."""
        return f"{self.owner.name}.{self.function.name}" if self.owner else self.function.name

    @property
    def arguments(self) -> list[str]:
        """Return the names of the function's arguments, without `self`."""
        given = self.function.args
        names = [item.arg for item in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
        return names[1:] if self.owner and names[:1] == ["self"] else names

    @property
    def has_self(self) -> bool:
        """Return whether the function is a method of an object."""
        return bool(self.owner and [item.arg for item in self.function.args.args][:1] == ["self"])

    def walk(self) -> Iterator[ast.AST]:
        """List every node, in the order of the source."""
        for statement in self.statements:
            yield from ast.walk(statement)

    def list_values(self) -> Iterator[ast.expr]:
        """List the values that the region keeps in a name or returns, and the parts of a returned tuple."""
        for node in self.walk():
            match node:
                case ast.Return(value=ast.Tuple(elts=parts)):
                    yield from parts
                case ast.Return(value=ast.expr() as value) | ast.AnnAssign(value=ast.expr() as value):
                    yield value
                case ast.Assign(targets=[ast.Name() | ast.Tuple()], value=value):
                    yield value

    def uses(self, name: str) -> bool:
        """Return whether the region reads a name."""
        return any(isinstance(node, ast.Name) and node.id == name for node in self.walk())

    def is_in_loop(self, node: ast.AST) -> bool:
        """Return whether a node stands in a `for` or `while` of the region."""
        while node in self.parents and node is not self.function:
            node = self.parents[node]
            if isinstance(node, ast.For | ast.While):
                return True
        return False


@dataclass(frozen=True)
class Rewrite:
    """A node of the region, and the text that stands there instead; `before` is put in front of the region.

    It is made only where the survey saw `kind` fit the value `of`, or saw `alike` hold values of one kind.
    """

    node: ast.expr | ast.stmt
    text: str
    before: str = ""
    kind: str = ""
    of: ast.expr | str = ""
    alike: tuple[str, str] | None = None


@dataclass(frozen=True)
class Operator:
    """One kind of mistake. `seen` says where students or a public report made it."""

    name: str
    seen: str
    list_changes: Callable[[Region], Iterator[Rewrite]]


@dataclass(frozen=True)
class Mutant:
    """One mistake in the reference: `text` is the mistaken line, `source` the whole module."""

    todo: str
    operator: str
    line: int
    original: str
    text: str
    source: str

    @property
    def id(self) -> str:
        """Return a name that stays while the mistaken text and its original do, at any place in the file."""
        digest = hashlib.sha256(f"{self.original}\0{self.text}".encode()).hexdigest()[:6]
        return f"{self.todo}:{self.operator}:{digest}"


def alter(kind: str, value: ast.expr | str, *more: str) -> str:
    """Return the text that alters a value at run time."""
    text = value if isinstance(value, str) else ast.unparse(value)
    return f"{ALTER}({', '.join([repr(kind), text, *more])})"


def make_value_operator(kind: str, seen: str, *, only_returned: bool = False) -> Operator:
    """Return an operator that alters each value of a region at run time."""

    def list_changes(region: Region) -> Iterator[Rewrite]:
        for value in region.list_values():
            if not only_returned or isinstance(region.parents[value], ast.Return | ast.Tuple):
                yield Rewrite(value, alter(kind, value), kind=kind, of=value)

    return Operator(kind, seen, list_changes)


def make_argument_operator(name: str, seen: str, kind: str, *options: str, assigns: bool = True) -> Operator:
    """Return an operator that alters each argument, and the object itself, in front of a region."""

    def list_changes(region: Region) -> Iterator[Rewrite]:
        first = region.statements[0]
        for argument in [*region.arguments, *(["self"] if region.has_self and not assigns else [])]:
            for option in options or ("",):
                text = alter(kind, argument, *filter(None, [option]))
                text = f"{argument} = {text}" if assigns else text
                if region.uses(argument):
                    yield Rewrite(first, "", before=text, kind=kind, of=argument)

    return Operator(name, seen, list_changes)


def make_expression_operator(name: str, seen: str, rewrite: Callable[[ast.expr, Region], Iterator[str]]) -> Operator:
    """Return an operator that writes expressions in another way: `rewrite` gives the texts for one of them."""

    def list_changes(region: Region) -> Iterator[Rewrite]:
        for node in region.walk():
            if isinstance(node, ast.expr):
                for text in rewrite(node, region):
                    yield Rewrite(node, text)

    return Operator(name, seen, list_changes)
