"""The ways along which values flow in a module: every statement that binds a name, every call, every lookup."""

import ast
from collections.abc import Iterable, Sequence

from grader.examiner.calls import Calls
from grader.examiner.canonical import Canon
from grader.examiner.meanings import Flow, LibraryObject, Own, Slot, Text
from grader.examiner.scopes import Comprehension, Function, Placed, Scope, place_nodes


class Bindings:
    """A module's flow, settled; `scopes` gives the scope of each of its nodes."""

    def __init__(self, tree: ast.Module, canon: Canon) -> None:
        self.canon = canon
        self.flow = Flow(canon)
        self.module = Scope()
        self.scopes: dict[int, Scope] = {}
        self._fragments = "\n".join(canon.forbidden)
        self._stars: list[str] = []
        self._trees: list[ast.AST] = []
        self._calls = Calls(self.flow, canon, self._read, self._bind_slot)
        self._read(tree, self.module)
        self.flow.settle()
        self.unclear = self._calls.list_unclear()
        self.global_reads = self._calls.global_reads
        self.evaluated = self._calls.evaluated

    def _read(self, tree: ast.AST, scope: Scope) -> None:
        self._trees.append(tree)  # slots are known by the identity of their nodes
        placed = place_nodes(tree, scope)
        for item in placed:
            self.scopes[id(item.node)] = item.scope
            if isinstance(item.node, ast.ImportFrom) and any(alias.name == "*" for alias in item.node.names):
                self._stars.append(item.node.module or "")
        for item in placed:
            self._read_statement(item.node, item.scope)
            self._read_expression(item)

    def _read_statement(self, node: ast.AST, scope: Scope) -> None:
        flow = self.flow
        match node:
            case ast.Import() | ast.ImportFrom():
                self._read_import(node, scope)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self._read_definition(node, scope)
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._bind(target, value, scope)
            case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.AugAssign(target=target, value=value):
                self._bind(target, value, scope)
            case ast.For(target=target, iter=value) | ast.AsyncFor(target=target, iter=value):
                self._bind_slot(target, flow.of(value), scope)
            case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
                self._bind_slot(target, flow.of(value), scope)
            case ast.Match(subject=subject, cases=cases):
                for name in _list_captures(cases):
                    flow.copy(flow.of(subject), self._slot(name, scope))
            case ast.Return(value=ast.expr() as value):
                if function := scope.find_function():
                    flow.copy(flow.of(value), flow.of_return(function))

    def _read_import(self, node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
        for alias in node.names:
            if isinstance(node, ast.ImportFrom):
                found = self.canon.walk(f"{node.module}.{alias.name}") if node.module and not node.level else ""
                bound = alias.asname or alias.name
            else:
                found = self.canon.walk(alias.name if alias.asname else alias.name.partition(".")[0])
                bound = alias.asname or alias.name.partition(".")[0]
            if found:
                self.flow.add(self._slot(bound, scope), LibraryObject(found))
                self.flow.add(self.flow.of(node), LibraryObject(found))

    def _read_definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, scope: Scope) -> None:
        flow = self.flow
        slot = flow.of(node)
        flow.add(slot, Own(node))
        for decorator in node.decorator_list:
            self._calls.apply(flow.of(decorator), slot)
        flow.copy(slot, self._slot(node.name, scope))
        if not isinstance(node, ast.ClassDef):
            self._bind_defaults(node)

    def _bind_defaults(self, node: Function) -> None:
        positional = [*node.args.posonlyargs, *node.args.args]
        pairs = list(zip(reversed(positional), reversed(node.args.defaults), strict=False))
        pairs += [(name, value) for name, value in zip(node.args.kwonlyargs, node.args.kw_defaults) if value]  # noqa: B905
        for parameter, default in pairs:
            self.flow.copy(self.flow.of(default), self.flow.of_name(parameter.arg, node))

    def _bind(self, target: ast.expr, value: ast.expr, scope: Scope) -> None:
        # `a, b = F, x` pairs up; anything else may come from any part of what is bound.
        if isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
            starred = any(isinstance(part, ast.Starred) for part in (*target.elts, *value.elts))
            if not starred and len(target.elts) == len(value.elts):
                for one, other in zip(target.elts, value.elts, strict=True):
                    self._bind(one, other, scope)
                return
        self._bind_slot(target, self.flow.of(value), scope)

    def _bind_slot(self, target: ast.expr, slot: Slot, scope: Scope) -> None:
        flow = self.flow
        match target:
            case ast.Name(id=name):
                flow.copy(slot, self._slot(name, scope))
            case ast.Attribute(attr=name):
                flow.copy(slot, flow.of_field(name))
            case ast.Starred(value=value):
                self._bind_slot(value, slot, scope)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                for part in parts:
                    self._bind_slot(part, slot, scope)
            case ast.Subscript(value=holder, slice=key):
                self._bind_slot(holder, slot, scope)
                self._calls.store_key(holder, key, slot)

    def _slot(self, name: str, scope: Scope) -> Slot:
        """Return the slot of a variable as it is bound in a scope; one of a class is an attribute as well."""
        home = scope.find(name)
        slot = self.flow.of_name(name, home.node)
        if home.is_class:
            self.flow.copy(slot, self.flow.of_field(name))
        return slot

    def _read_expression(self, item: Placed) -> None:
        node, scope, flow = item.node, item.scope, self.flow
        slot = flow.of(node) if isinstance(node, ast.expr) else -1
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                self._read_name(name, scope, slot)
            case ast.Attribute(value=owner, attr=name, ctx=ast.Load()):
                flow.read_attribute(flow.of(owner), name, slot)
            case ast.Subscript(value=owner, slice=key):
                flow.copy(flow.of(owner), slot)
                self._calls.read_key(node, flow.of(owner), key, slot)
            case ast.Call():
                self._calls.read(node, scope)
            case ast.Constant(value=str(text)) if text and text in self._fragments:
                flow.add(slot, Text(text))
            case ast.NamedExpr(target=target, value=value):
                flow.copy(flow.of(value), slot)
                self._bind_slot(target, slot, scope)
            case ast.Lambda():
                flow.add(slot, Own(node))
                flow.copy(flow.of(node.body), flow.of_return(node))
                self._bind_defaults(node)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                self._join([left, right], slot)
            case ast.JoinedStr(values=values):
                self._join(values, slot)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                self._read_comprehension(node, slot)
            case ast.Yield(value=ast.expr() as value) | ast.YieldFrom(value=value):
                if function := scope.find_function():
                    flow.copy(flow.of(value), flow.of_return(function))
            case _:
                for part in _list_parts(node):
                    flow.copy(flow.of(part), slot)

    def _read_name(self, name: str, scope: Scope, slot: Slot) -> None:
        home = scope.find(name)
        self.flow.copy(self.flow.of_name(name, home.node), slot)
        if home is self.module and name not in home.binds:
            for star in self._stars:
                if found := self.canon.walk(f"{star}.{name}"):
                    self.flow.add(slot, LibraryObject(found))
        # A name that nothing binds, or a parameter, stands for itself.
        if (name in home.parameters or name not in home.binds) and (found := self.canon.start(name)):
            self.flow.add(slot, LibraryObject(found))

    def _read_comprehension(self, node: Comprehension, slot: Slot) -> None:
        results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        for result in results:
            self.flow.copy(self.flow.of(result), slot)
            scope = self.scopes[id(result)]
        for generator in node.generators:
            self._bind_slot(generator.target, self.flow.of(generator.iter), scope)

    def _join(self, parts: Sequence[ast.expr], target: Slot) -> None:
        """Let texts be put together, as far as they are a part of a forbidden name."""
        flow = self.flow
        left = flow.of(parts[0]) if parts else target
        for part in parts[1:]:
            joined = flow.make_slot()
            self._join_two(left, flow.of(part), joined)
            left = joined
        flow.copy(left, target)
        for part in parts:
            flow.copy_objects(flow.of(part), target)

    def _join_two(self, left: Slot, right: Slot, target: Slot) -> None:
        flow = self.flow

        def join(firsts: Sequence[str], seconds: Sequence[str]) -> None:
            for joined in (first + second for first in firsts for second in seconds):
                if joined in self._fragments:
                    flow.add(target, Text(joined))

        flow.listen_texts(left, lambda text: join([text], flow.list_texts(right)))
        flow.listen_texts(right, lambda text: join(flow.list_texts(left), [text]))


def _list_parts(node: ast.AST) -> Iterable[ast.expr]:
    """List the parts that an expression may be, or may hold."""
    match node:
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            return parts
        case ast.Dict(values=parts):
            return parts
        case ast.BoolOp(values=parts):
            return parts
        case ast.IfExp(body=first, orelse=second):
            return [first, second]
        case ast.Starred(value=value) | ast.Await(value=value) | ast.FormattedValue(value=value):
            return [value]
    return []


def _list_captures(cases: Sequence[ast.match_case]) -> list[str]:
    names: list[str | None] = []
    for case in cases:
        for node in ast.walk(case.pattern):
            match node:
                case ast.MatchAs(name=name) | ast.MatchStar(name=name) | ast.MatchMapping(rest=name):
                    names.append(name)
    return [name for name in names if name]
