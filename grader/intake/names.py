"""The names that a piece of Python binds, and those that it needs from the module around it.

An over-estimate where Python decides only when it runs.
"""

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
Function = ast.FunctionDef | ast.AsyncFunctionDef
# No program nests so many functions, classes and comprehensions.
MAX_SCOPES = 50
# Nodes that neither bind nor read a name, and hold no others.
_EMPTY = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.Constant)
# Nodes that are no more than their parts: most of a program.
_PLAIN = frozenset(
    {
        *(ast.Attribute, ast.Call, ast.keyword, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Subscript),
        *(ast.Tuple, ast.List, ast.Slice, ast.Expr, ast.Assign, ast.Return, ast.If, ast.For, ast.With, ast.IfExp),
    }
)


@dataclass
class Names:
    """The names of one scope.

    `needs` are read as soon as the code runs, `later` only when a function that it defines is called.
    """

    binds: set[str] = field(default_factory=set)
    needs: set[str] = field(default_factory=set)
    later: set[str] = field(default_factory=set)
    made_global: set[str] = field(default_factory=set)
    walrus: set[str] = field(default_factory=set)


def read_names(nodes: Iterable[ast.AST], *, in_function: bool = False, depth: int = 0) -> Names:
    """Return the names of the scope that consists of `nodes`. Raises RecursionError beyond MAX_SCOPES inside it."""
    if depth > MAX_SCOPES:
        raise RecursionError
    names = Names()
    declared: set[str] = set()
    stack: list[ast.AST] = list(nodes)
    while stack:
        top = stack.pop()
        if type(top) in _PLAIN:
            stack += _list_parts(top)
            continue
        match top:
            case ast.Name(id=name, ctx=ast.Load()):
                names.needs.add(name)
            case ast.Name(id=name):
                names.binds.add(name)
            case ast.FunctionDef() | ast.AsyncFunctionDef() as node:
                names.binds.add(node.name)
                _read_function(names, node.args, node.body, depth)
                annotations = [node.returns, *(argument.annotation for argument in _list_arguments(node.args))]
                stack += [*node.decorator_list, *_list_defaults(node.args), *filter(None, annotations)]
            case ast.Lambda() as node:
                _read_function(names, node.args, [node.body], depth)
                stack += _list_defaults(node.args)
            case ast.ClassDef() as node:
                names.binds.add(node.name)
                _read_class(names, node, depth)
                stack += [*node.decorator_list, *node.bases, *node.keywords]
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp() as node:
                stack.append(_read_comprehension(names, node, depth))
            case ast.AnnAssign() as node if in_function:  # the annotation of a local variable is never evaluated
                stack += [node.target, *([node.value] if node.value else [])]
            case ast.Global(names=listed):
                declared |= set(listed)
                names.made_global |= set(listed)
            case ast.Nonlocal(names=listed):
                declared |= set(listed)
            case node:
                _read_other(names, node)
                stack += _list_parts(node)
    names.binds -= declared
    return names


def _list_parts(node: ast.AST) -> list[ast.AST]:
    # Half the time of `ast.iter_child_nodes`, and without the nodes that tell nothing.
    parts: list[ast.AST] = []
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, list):
            parts += [item for item in value if isinstance(item, ast.AST)]
        elif isinstance(value, ast.AST) and not isinstance(value, _EMPTY):
            parts.append(value)
    return parts


def _read_other(names: Names, node: ast.AST) -> None:
    match node:
        case ast.Import() | ast.ImportFrom():
            names.binds |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            names.binds.add(name)
        case ast.MatchMapping(rest=str(name)):
            names.binds.add(name)
        case ast.AugAssign(target=ast.Name(id=name)):
            names.needs.add(name)
        case ast.NamedExpr(target=ast.Name(id=name)):
            names.walrus.add(name)


def _read_function(names: Names, arguments: ast.arguments, body: list[ast.stmt] | list[ast.expr], depth: int) -> None:
    inner = read_names(body, in_function=True, depth=depth + 1)
    local = inner.binds | {argument.arg for argument in _list_arguments(arguments)}
    names.later |= (inner.needs | inner.later) - local
    names.made_global |= inner.made_global


def _read_class(names: Names, node: ast.ClassDef, depth: int) -> None:
    # Methods do not see the names of the class around them.
    inner = read_names(node.body, depth=depth + 1)
    names.needs |= inner.needs - inner.binds
    names.later |= inner.later
    names.made_global |= inner.made_global


def _read_comprehension(names: Names, node: Comprehension, depth: int) -> ast.expr:
    # Python evaluates the first iterable in the scope around the comprehension, and binds walrus names there.
    first, *others = node.generators
    results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
    inner = read_names([*results, first.target, *first.ifs, *others], depth=depth + 1)
    names.needs |= inner.needs - inner.binds
    names.later |= inner.later - inner.binds
    names.binds |= inner.walrus
    names.walrus |= inner.walrus
    return first.iter


def _list_arguments(arguments: ast.arguments) -> list[ast.arg]:
    stars = [item for item in (arguments.vararg, arguments.kwarg) if item]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *stars]


def _list_defaults(arguments: ast.arguments) -> list[ast.expr]:
    return [item for item in [*arguments.defaults, *arguments.kw_defaults] if item]
