"""Names that a TODO must not use: students write the answer by hand, not take it ready-made from a library.

Works on the syntax tree (see `examiner.bindings`); nothing is run. Objects are compared, not spellings. Judged are a
TODO's own definitions and everything they reach; a `__main__` check, an experiment that nothing uses, comments and
docstrings are not. In the definitions of other TODOs the skeleton's own text is exempt where the reference reaches it
too, and so is what the other TODO pays for itself.
"""

import ast
import functools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from grader.examiner.bindings import Bindings
from grader.examiner.calls import TOOLS
from grader.examiner.canonical import Canon, LookUp
from grader.examiner.module_names import index_definitions
from grader.examiner.source_findings import MADE_UP, Unclear, Use
from grader.intake.names import read_names
from grader.model.assignment import Todo

# Ways from one object to everything around it.
BACK_DOORS = frozenset(
    {"__globals__", "__builtins__", "__subclasses__", "__mro__", "f_globals", "f_builtins", "gi_frame"}
)
# The last part of a forbidden name that says by itself what it is: `lstm_cell` and `LSTMCell`, but not `attention`.
LEAST_LEAF = 8


@dataclass(frozen=True)
class Review:
    """For each TODO that uses a name it must not: the first such use. And what staff should look at."""

    uses: dict[str, Use]
    unclear: tuple[Unclear, ...]


@dataclass(frozen=True)
class Reached:
    """A part of the module that a TODO reaches: as its own, or through a `name`, first used on line `via`.

    `owner` is the definition of another TODO on the only way to it; empty where there is a way without one.
    """

    node: ast.AST
    name: str
    via: int
    owner: str


def find_forbidden(source: str, todos: Sequence[Todo], reference: str = "") -> dict[str, Use]:
    """Return for each TODO that uses a name it must not the first such use."""
    return review_source(source, ast.parse(source), tuple(todos), reference).uses


def review_source(
    source: str, tree: ast.Module, todos: tuple[Todo, ...], reference: str = "", look_up: LookUp | None = None
) -> Review:
    """Judge a module and its tree.

    `reference` is the course's own module, whose given lines and ways between TODOs are allowed.
    `look_up` finds what a name stands for where this process has not the objects (see `examiner.canonical`).
    """
    strict = [todo for todo in todos if todo.forbid]
    if not strict:
        return Review({}, ())
    module = _Module(source, tree, make_canon(strict, look_up))
    given = read_given(reference)
    uses: dict[str, Use] = {}
    unclear: list[Unclear] = []
    for todo in strict:
        court = _Court(module, todo, todos, given)
        found, doubts = court.find_uses(), court.find_unclear()
        if todo.forbid_unclear:
            found += [Use(MADE_UP, doubt.line) for doubt in doubts]
        if found:
            uses[todo.id] = min(found, key=lambda use: use.line)
        unclear += [] if found else doubts
    return Review(uses, tuple(unclear))


def make_canon(todos: Sequence[Todo], look_up: LookUp | None = None) -> Canon:
    """Return the meanings of names for what these TODOs forbid."""
    return Canon({name for todo in todos for name in todo.forbid}, TOOLS, look_up)


@dataclass(frozen=True)
class Given:
    """The freedom that the course's own module gives: its lines outside of solutions, and the names that it reaches."""

    lines: frozenset[str] = frozenset()
    tree: ast.Module = field(default_factory=lambda: ast.Module([], []))

    @functools.cached_property
    def _definitions(self) -> dict[str, list[ast.AST]]:
        return index_definitions(self.tree)

    @property
    def names(self) -> frozenset[str]:
        """Return the names of the module."""
        return frozenset(self._definitions)

    def reach(self, roots: frozenset[str]) -> frozenset[str]:
        """Return the names that the definitions of `roots` use, directly or not."""
        definitions = self._definitions
        waiting, seen = sorted(roots), set(roots)
        while waiting:
            for node in definitions.get(waiting.pop(), []):
                names = read_names([node])
                used = (names.needs | names.later) & definitions.keys() - seen
                seen |= used
                waiting += sorted(used)
        return frozenset(seen)


@functools.lru_cache(maxsize=4)
def read_given(reference: str) -> Given:
    """Read the course's own module."""
    lines, inside = set(), False
    for line in reference.split("\n"):
        text = line.strip()
        if text.startswith("### BEGIN SOLUTION"):
            inside = True
        elif text == "### END SOLUTION":
            inside = False
        elif text and not inside:
            lines.add(text)
    return Given(frozenset(lines), ast.parse(reference))


class _Module:
    """A submission's module: its lines, its definitions by name, and how values flow in it."""

    def __init__(self, source: str, tree: ast.Module, canon: Canon) -> None:
        self.canon = canon
        self.lines = source.split("\n")
        self.bindings = Bindings(tree, canon)
        self.unclear: dict[int, list[str]] = defaultdict(list)
        for node, what in self.bindings.unclear:
            self.unclear[id(node)].append(what)
        statements = [node for node in ast.walk(tree) if isinstance(node, ast.Expr)]
        self.docstrings = {id(node.value) for node in statements}
        self.definitions = index_definitions(tree)
        for text in self.bindings.evaluated.values():
            for name, nodes in index_definitions(text).items():
                self.definitions.setdefault(name, []).extend(nodes)

    def walk(self, node: ast.AST) -> Iterator[ast.AST]:
        """Walk a part of the module, and the text that it hands to `eval`."""
        waiting = [node]
        while waiting:
            for inner in ast.walk(waiting.pop()):
                yield inner
                if id(inner) in self.bindings.evaluated:
                    waiting.append(self.bindings.evaluated[id(inner)])

    def list_forbidden(self, node: ast.AST) -> Iterator[str]:
        """List the forbidden names that an expression or an import stands for."""
        for name in self.bindings.flow.list_known(self.bindings.flow.of(node)):
            if found := self.canon.find_forbidden(name):
                yield found

    def knows(self, attribute: ast.Attribute) -> bool:
        """Say whether the meaning of an attribute is known, be it a definition of the submission's own."""
        flow = self.bindings.flow
        return bool(flow.values[flow.of(attribute)] or flow.values[flow.of_field(attribute.attr)])

    def list_names(self, node: ast.AST) -> set[str]:
        """List the module-level names that an expression looks up."""
        found = set(self.bindings.global_reads.get(id(node), ()))
        if isinstance(node, ast.Name) and (scope := self.bindings.scopes.get(id(node))):
            found |= {node.id} if scope.find(node.id) is self.bindings.module else set()
        return found


class _Court:
    """One TODO's rules and the part of the module that they are about."""

    def __init__(self, module: _Module, todo: Todo, todos: Sequence[Todo], given: Given) -> None:
        self.module = module
        self.todo = todo
        self.own = _list_owned(todo)
        self.allowed = given.reach(self.own)
        self.given = given
        # Whose use of a name is charged to another TODO.
        self.others = {name for other in todos for name in _list_owned(other)} - self.own
        self.charged = {
            (name, forbidden)
            for other in todos
            if other is not todo
            for name in _list_owned(other) - self.own
            for forbidden in other.forbid
        }
        leaves = {name.rpartition(".")[2] for name in todo.forbid}
        self.leaves = {
            leaf
            for leaf in leaves
            if len(leaf) >= LEAST_LEAF and ("_" in leaf.strip("_") or sum(map(str.isupper, leaf)) > 1)
        }
        self.reached = list(self._reach())

    def find_uses(self) -> list[Use]:
        """List the uses of what is forbidden."""
        found = []
        for part in self.reached:
            for node in self.module.walk(part.node):
                for name in self.module.list_forbidden(node):
                    if name in self.todo.forbid and (line := self._charge(part, node, name)):
                        found.append(Use(name, line))
        return found

    def find_unclear(self) -> list[Unclear]:
        """List what can only be judged by eye."""
        found = {
            Unclear(self.todo.id, what, getattr(node, "lineno", 1))
            for part in self.reached
            for node in self.module.walk(part.node)
            for what in self._list_doubts(node)
        }
        if self.module.bindings.flow.overflowed:
            found.add(Unclear(self.todo.id, "holds more aliases than can be followed", 1))
        return sorted(found, key=lambda one: (one.line, one.what))

    def _list_doubts(self, node: ast.AST) -> Iterator[str]:
        yield from self.module.unclear.get(id(node), ())
        match node:
            case ast.Attribute(attr=name) if name in BACK_DOORS:
                yield f"reads {name}"
            case ast.Attribute(attr=name) if name in self.leaves and not self.module.knows(node):
                yield f"uses something called {name}"
            case ast.Constant(value=str(text)) if id(node) not in self.module.docstrings:
                yield from (f"names {leaf!r} in a text" for leaf in sorted(self.leaves) if leaf in text)

    def _charge(self, part: Reached, node: ast.AST, name: str) -> int:
        """Return the line to name for a use in a part; 0 where it is not this TODO's doing."""
        line = getattr(node, "lineno", part.via)
        if part.name in self.own or not part.name:
            return line
        if (part.name, name) in self.charged or (part.owner, name) in self.charged:
            return 0
        if self.module.lines[line - 1].strip() in self.given.lines:
            return 0 if part.name in self.allowed else part.via
        return line

    def _reach(self) -> Iterator[Reached]:
        # What lies behind the definitions of other TODOs comes last: then all that has another way is seen.
        waiting = [(name, 0, "") for name in sorted(self.own, reverse=True)]
        behind: list[tuple[str, int, str]] = []
        seen = set(self.own)
        while waiting or behind:
            name, via, owner = waiting.pop() if waiting else behind.pop()
            for node in self.module.definitions.get(name, []):
                yield Reached(node, name, via, owner)
                for inner in self.module.walk(node):
                    for used in sorted(self.module.list_names(inner) - seen):
                        seen.add(used)
                        place = (
                            used,
                            via or getattr(inner, "lineno", 0),
                            owner or (used if used in self.others else ""),
                        )
                        (behind if place[2] else waiting).append(place)


def _list_owned(todo: Todo) -> frozenset[str]:
    return frozenset(place.partition(".")[0] for place in todo.where)
