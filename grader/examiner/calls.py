"""The results of calls: the built-in ways to look things up by name, and the submission's own functions."""

import ast
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from grader.examiner.canonical import Canon
from grader.examiner.meanings import Attributes, Flow, Getter, LibraryObject, Own, Slot, Value
from grader.examiner.scopes import Function, Scope, list_arguments


def _with_builtins(*names: str) -> frozenset[str]:
    return frozenset({*names, *(f"builtins.{name}" for name in names)})


READERS = _with_builtins("getattr") | {"inspect.getattr_static"}
IMPORTERS = _with_builtins("__import__") | {"importlib.import_module", "importlib.__import__"}
FINDERS = frozenset({"pkgutil.resolve_name", "pydoc.locate"})
GETTERS = frozenset({"operator.attrgetter", "operator.methodcaller", "operator.itemgetter"})
NAMESPACES = _with_builtins("globals", "locals", "vars")
EVALUATORS = _with_builtins("eval", "exec", "compile")
LISTERS = _with_builtins("dir") | {"inspect.getmembers"}
SETTERS = _with_builtins("setattr")
TOOLS = READERS | IMPORTERS | FINDERS | GETTERS | NAMESPACES | EVALUATORS | LISTERS | SETTERS | {"sys.modules"}

KEY_METHODS = frozenset({"get", "pop", "setdefault", "__getitem__"})
NAME_METHODS = frozenset({"__getattribute__", "__getattr__"})
FILLERS = frozenset({"append", "add", "update", "extend", "insert", "setdefault", "__setitem__"})
LISTING_METHODS = frozenset({"items", "keys", "values"})
HOLDING_METHODS = KEY_METHODS | LISTING_METHODS | {"copy", "popitem", "__iter__", "__next__", "__enter__"}
# Methods that make another text from their arguments: it is none of these.
MAKERS = frozenset({"join", "replace", "format", "format_map", "translate"})
# Longer text in an `eval` is not looked into.
MAX_TEXT = 10_000


@dataclass(frozen=True)
class Lookup:
    """A lookup in `owner` whose name is `key`: clear once some text reaches the key."""

    node: ast.AST
    owner: Slot
    key: Slot


class Calls:
    """The flow through calls. `read_tree` reads the text of an `eval`, `bind` lets a slot flow into a target."""

    def __init__(
        self,
        flow: Flow,
        canon: Canon,
        read_tree: Callable[[ast.AST, Scope], None],
        bind: Callable[[ast.expr, Slot, Scope], None],
    ) -> None:
        self.flow = flow
        self.canon = canon
        self.global_reads: dict[int, set[str]] = {}
        self._read_tree = read_tree
        self._bind = bind
        self._lookups: list[Lookup] = []
        self._unclear: list[tuple[ast.AST, str]] = []
        self.evaluated: dict[int, ast.Module] = {}
        self._parameters: dict[int, list[str]] = {}
        self._known: dict[int, frozenset[str]] = {}

    def read(self, call: ast.Call, scope: Scope) -> None:
        """Let a call's arguments and results flow."""
        slots = [self.flow.of(argument) for argument in call.args]
        named = {keyword.arg or "": self.flow.of(keyword.value) for keyword in call.keywords}
        is_maker = isinstance(call.func, ast.Attribute) and call.func.attr in MAKERS
        for argument in (*slots, *named.values()):
            if is_maker:
                self.flow.copy_objects(argument, self.flow.of(call))
            else:
                self.flow.copy(argument, self.flow.of(call))
        if isinstance(call.func, ast.Attribute):
            self._read_method(call, call.func, scope)
        self.flow.listen(self.flow.of(call.func), partial(self._enter, call, scope, slots, named))

    def apply(self, function: Slot, argument: Slot) -> None:
        """Let a decorator be called: what it returns is as good as what it decorates."""

        def follow(value: Value) -> None:
            if isinstance(value, Own):
                self._enter_own(value.node, [argument], {}, argument)
            elif isinstance(value, LibraryObject):
                self.flow.add(argument, value)

        self.flow.listen(function, follow)

    def read_key(self, node: ast.AST, owner: Slot, key: ast.expr, target: Slot) -> None:
        """Let `owner[key]` flow for every text that the key may be."""

        def note_global(text: str, value: Value) -> None:
            if value == Attributes(""):
                self.global_reads.setdefault(id(node), set()).add(text)

        def read(text: str) -> None:
            self.flow.read_key(owner, text, target)
            self.flow.listen(owner, partial(note_global, text))

        self._for_texts(Lookup(node, owner, self.flow.of(key)), key, read)

    def store_key(self, holder: ast.expr, key: ast.expr, slot: Slot) -> None:
        """Let `globals()["name"] = ...` flow into that variable."""
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            target = self.flow.of_name(key.value, None)
            self.flow.listen(
                self.flow.of(holder), lambda value: self.flow.copy(slot, target) if value == Attributes("") else None
            )

    def list_unclear(self) -> list[tuple[ast.AST, str]]:
        """List the lookups in something that matters whose name is made up only when they run."""
        found = list(self._unclear)
        for lookup in self._lookups:
            owners = [
                value for value in self.flow.values[lookup.owner] if isinstance(value, LibraryObject | Attributes)
            ]
            names = sorted(value.name or "the module itself" for value in owners)
            if names and not self.flow.list_texts(lookup.key):
                found.append((lookup.node, f"looks something up in {names[0]} by a name that it makes up"))
        return found

    def _for_texts(self, lookup: Lookup, key: ast.expr, use: Callable[[str], None]) -> None:
        if isinstance(key, ast.Constant):
            if isinstance(key.value, str):
                use(key.value)
            return
        self._lookups.append(lookup)
        self.flow.listen_texts(lookup.key, use)

    def _read_method(self, call: ast.Call, function: ast.Attribute, scope: Scope) -> None:
        flow, name = self.flow, function.attr
        owner, slot = flow.of(function.value), flow.of(call)
        if name in KEY_METHODS and call.args:
            self.read_key(call, owner, call.args[0], slot)
        if name in NAME_METHODS and call.args:
            for holder in (owner, *(flow.of(argument) for argument in call.args[:-1])):
                self._read_name(call, holder, call.args[-1])
        if name in FILLERS:
            for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
                self._bind(function.value, flow.of(argument), scope)
        if name in LISTING_METHODS:
            flow.listen(owner, partial(self._note_listing, call))
        if name in HOLDING_METHODS:
            flow.copy(owner, slot)

    def _read_name(self, call: ast.Call, owner: Slot, key: ast.expr) -> None:
        lookup = Lookup(call, owner, self.flow.of(key))
        self._for_texts(lookup, key, lambda text: self.flow.read_attribute(owner, text, self.flow.of(call)))

    def _note_listing(self, call: ast.Call, value: Value) -> None:
        if isinstance(value, Attributes):
            self._unclear.append((call, f"goes through all that {value.name or 'the module itself'} holds"))

    def _enter(
        self, call: ast.Call, scope: Scope, slots: Sequence[Slot], named: Mapping[str, Slot], callee: Value
    ) -> None:
        slot = self.flow.of(call)
        if isinstance(callee, Own):
            self._enter_own(callee.node, slots, named, slot)
        elif isinstance(callee, Getter) and slots:
            owner = slots[0]
            for name in callee.path.split("."):
                found = self.flow.make_slot()
                self.flow.read_attribute(owner, name, found)
                self.flow.read_key(owner, name, found)
                owner = found
            self.flow.copy(owner, slot)
        elif isinstance(callee, LibraryObject) and callee.name in TOOLS:
            self._use_tool(call, scope, callee.name)

    def _use_tool(self, call: ast.Call, scope: Scope, tool: str) -> None:
        flow, slot, arguments = self.flow, self.flow.of(call), call.args
        if tool in NAMESPACES and not arguments:
            flow.add(slot, Attributes(""))
        elif tool in NAMESPACES:
            flow.listen(flow.of(arguments[0]), lambda v: flow.add(slot, _list_attributes(v)))
        elif tool in READERS and len(arguments) > 1:
            self._read_name(call, flow.of(arguments[0]), arguments[1])
        elif tool in SETTERS and len(arguments) > 2:
            value = flow.of(arguments[2])
            lookup = Lookup(call, flow.of(arguments[0]), flow.of(arguments[1]))
            self._for_texts(lookup, arguments[1], lambda text: flow.copy(value, flow.of_field(text)))
        elif tool in EVALUATORS and arguments:
            self._evaluate(call, arguments[0], scope)
        elif tool in LISTERS and arguments:
            flow.listen(flow.of(arguments[0]), lambda v: self._note_listing(call, _list_attributes(v)))
        elif arguments:
            self._find_by_text(call, tool, arguments)

    def _find_by_text(self, call: ast.Call, tool: str, arguments: Sequence[ast.expr]) -> None:
        slot, owner = self.flow.of(call), self.flow.make_slot()
        self.flow.add(owner, LibraryObject(tool))
        match arguments[1:]:
            case [ast.Constant(value=str(package)), *_]:
                pass
            case _:
                package = ""

        def find(text: str) -> None:
            if tool in GETTERS:
                self.flow.add(slot, Getter(text))
                return
            path = f"{package}{text}" if text.startswith(".") else text.replace(":", ".")
            paths = [path, path.partition(".")[0]] if tool.endswith("__import__") else [path]
            for found in filter(None, map(self.canon.walk, paths)):
                self.flow.add(slot, LibraryObject(found))

        for argument in arguments if tool in GETTERS else arguments[:1]:
            self._for_texts(Lookup(call, owner, self.flow.of(argument)), argument, find)

    def _evaluate(self, call: ast.Call, source: ast.expr, scope: Scope) -> None:
        if id(call) in self.evaluated:
            return
        text, tree = source.value if isinstance(source, ast.Constant) else None, None
        if isinstance(text, str) and len(text) <= MAX_TEXT:
            with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
                tree = ast.parse(text.strip())
        if tree is None:
            self._unclear.append((call, "runs text that it makes up"))
            return
        self.evaluated[id(call)] = tree
        for node in ast.walk(tree):
            if hasattr(node, "lineno"):
                ast.copy_location(node, call)
        self._read_tree(tree, scope)
        for statement in tree.body:
            if isinstance(statement, ast.Expr):
                self.flow.copy(self.flow.of(statement.value), self.flow.of(call))

    def _enter_own(self, node: ast.AST, slots: Sequence[Slot], named: Mapping[str, Slot], result: Slot) -> None:
        if isinstance(node, ast.ClassDef):
            self.flow.add(result, Own(node))
            functions = [part for part in node.body if isinstance(part, Function)]
            for part in functions:
                if part.name in ("__init__", "__new__", "__call__", "forward", "__getattr__", "__getitem__"):
                    self._enter_own(part, slots, named, result)
        elif isinstance(node, Function):
            self._pass_arguments(node, slots, named)
            self.flow.copy(self.flow.of_return(node), result)

    def _pass_arguments(self, node: Function, slots: Sequence[Slot], named: Mapping[str, Slot]) -> None:
        # Not listed again for every call: a function may have thousands.
        if id(node) not in self._parameters:
            self._parameters[id(node)] = [parameter.arg for parameter in list_arguments(node.args)]
            self._known[id(node)] = frozenset(self._parameters[id(node)])
        names = self._parameters[id(node)]
        skipped = 1 if names and names[0] in ("self", "cls") else 0
        for index, slot in enumerate(slots, start=skipped):
            place = min(index, len(names) - 1)  # what is too many goes to the one with the star
            if place >= 0:
                self.flow.copy(slot, self.flow.of_name(names[place], node))
        for name in named.keys() & self._known[id(node)]:
            self.flow.copy(named[name], self.flow.of_name(name, node))


def _list_attributes(value: Value) -> Value:
    return Attributes(value.name) if isinstance(value, LibraryObject) else value
