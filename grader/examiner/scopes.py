"""The scope that each node of a syntax tree belongs to, and the names that each scope binds. Nothing is run."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


@dataclass(eq=False)
class Scope:
    """The names of a module, a function, a class or a comprehension; `node` is None for the module."""

    parent: "Scope | None" = None
    node: ast.AST | None = None
    binds: set[str] = field(default_factory=set)
    made_global: set[str] = field(default_factory=set)
    made_nonlocal: set[str] = field(default_factory=set)
    parameters: frozenset[str] = frozenset()

    @property
    def root(self) -> "Scope":
        """Return the module's scope."""
        scope = self
        while scope.parent:
            scope = scope.parent
        return scope

    @property
    def is_class(self) -> bool:
        """Say whether it is a class body, whose names its functions do not see."""
        return isinstance(self.node, ast.ClassDef)

    def find(self, name: str) -> "Scope":
        """Return the scope that `name` belongs to when it is used here; the module's where none binds it."""
        if name in self.made_global:
            return self.root
        scope: Scope | None = self.parent if name in self.made_nonlocal else self
        while scope and scope.parent:
            if name in scope.binds and (scope is self or not scope.is_class):
                return scope
            scope = scope.parent
        return self.root

    def find_function(self) -> ast.AST | None:
        """Return the function whose body this is, from inside a comprehension too."""
        scope: Scope | None = self
        while scope and isinstance(scope.node, Comprehension):
            scope = scope.parent
        return scope.node if scope and isinstance(scope.node, Function) else None


@dataclass(frozen=True)
class Placed:
    """A node and the scope that its names are looked up in."""

    node: ast.AST
    scope: Scope


def place_nodes(tree: ast.AST, scope: Scope) -> list[Placed]:
    """List every node of a tree with its scope, and fill in what the scopes bind. Costs no recursion."""
    placed: list[Placed] = []
    waiting: list[Placed] = [Placed(tree, scope)]
    while waiting:
        item = waiting.pop()
        placed.append(item)
        _note_names(item.node, item.scope)
        waiting += _list_children(item.node, item.scope)
    return placed


def list_arguments(arguments: ast.arguments) -> list[ast.arg]:
    """List the parameters in the order of a call, those with stars last."""
    stars = [item for item in (arguments.vararg, arguments.kwarg) if item]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *stars]


def _note_names(node: ast.AST, scope: Scope) -> None:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            scope.binds.add(name)
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            scope.binds.add(node.name)
        case ast.Import() | ast.ImportFrom():
            scope.binds |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            scope.binds.add(name)
        case ast.MatchMapping(rest=str(name)):
            scope.binds.add(name)
        case ast.Global():
            scope.made_global |= set(node.names)
            scope.root.binds |= set(node.names)
        case ast.Nonlocal():
            scope.made_nonlocal |= set(node.names)
        case ast.NamedExpr(target=ast.Name(id=name)):
            # A walrus in a comprehension binds outside of it.
            while isinstance(scope.node, Comprehension) and scope.parent:
                scope = scope.parent
            scope.binds.add(name)


def _list_children(node: ast.AST, scope: Scope) -> Iterator[Placed]:
    if isinstance(node, Function):
        names = frozenset(argument.arg for argument in list_arguments(node.args))
        inner = Scope(scope, node, set(names), parameters=names)
        yield Placed(node.args, scope)
        if isinstance(node, ast.Lambda):
            yield Placed(node.body, inner)
            return
        yield from (Placed(part, scope) for part in [*node.decorator_list, *([node.returns] if node.returns else [])])
        yield from (Placed(part, inner) for part in node.body)
    elif isinstance(node, ast.ClassDef):
        inner = Scope(scope, node)
        yield from (Placed(part, scope) for part in [*node.bases, *node.keywords, *node.decorator_list])
        yield from (Placed(part, inner) for part in node.body)
    elif isinstance(node, Comprehension):
        inner = Scope(scope, node)
        first = node.generators[0]
        yield Placed(first.iter, scope)
        results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        yield from (Placed(part, inner) for part in [*results, first.target, *first.ifs, *node.generators[1:]])
    elif isinstance(node, ast.NamedExpr):
        yield Placed(node.value, scope)
    else:
        yield from (Placed(part, scope) for part in ast.iter_child_nodes(node))
