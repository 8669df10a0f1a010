"""The possible meanings of a module's expressions, among the things that a policy cares about. Nothing is run.

Every expression, variable and attribute name is a slot; values flow from slot to slot along the ways that assignments,
calls and lookups make. A way is walked once for each value, a slot holds few values, and the number of steps is
limited: the time grows with the length of the source. It is an over-estimate: branches and the order of statements
do not matter, a container is as good as what is in it, and a call may give back its arguments.
"""

import ast
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from grader.examiner.canonical import Canon

# A slot with more is not followed further, and a reviewer is asked to look.
MAX_VALUES = 48
MAX_STEPS = 600_000


@dataclass(frozen=True)
class LibraryObject:
    """A library's object by its canonical name."""

    name: str


@dataclass(frozen=True)
class Attributes:
    """The dict of what a library's object holds; that of the submission's own module where `name` is empty."""

    name: str


@dataclass(frozen=True)
class Text:
    """A piece of a name."""

    text: str


@dataclass(frozen=True)
class Own:
    """A function or class of the submission."""

    node: ast.AST


@dataclass(frozen=True)
class Getter:
    """A function from `operator.attrgetter("a.b")` or one of its kin."""

    path: str


Value = LibraryObject | Attributes | Text | Own | Getter
Slot = int


class Flow:
    """Slots, the values in them, and the ways between them."""

    def __init__(self, canon: Canon) -> None:
        self.canon = canon
        self.values: list[set[Value]] = []
        self.overflowed = False
        self._listeners: list[list[Callable[[Value], None]]] = []
        self._queue: deque[tuple[Slot, Value]] = deque()
        self._nodes: dict[int, Slot] = {}
        self._names: dict[tuple[int, str], Slot] = {}
        self._fields: dict[str, Slot] = {}
        self._returns: dict[int, Slot] = {}
        self._steps = 0

    def make_slot(self) -> Slot:
        """Return a new, empty slot."""
        self.values.append(set())
        self._listeners.append([])
        return len(self.values) - 1

    def of(self, node: ast.AST) -> Slot:
        """Return the slot of an expression."""
        return self._find(self._nodes, id(node))

    def of_name(self, name: str, owner: ast.AST | None) -> Slot:
        """Return the slot of a variable of the function, class or comprehension `owner`; of the module without."""
        return self._find(self._names, (id(owner), name))

    def of_field(self, name: str) -> Slot:
        """Return the slot of what any object's attribute of that name may hold."""
        return self._find(self._fields, name)

    def of_return(self, function: ast.AST) -> Slot:
        """Return the slot of what a function gives back."""
        return self._find(self._returns, id(function))

    def add(self, slot: Slot, value: Value) -> None:
        """Put a value into a slot."""
        held = self.values[slot]
        if value in held:
            return
        if len(held) >= MAX_VALUES:
            self.overflowed = self.overflowed or not isinstance(value, Text)
            return
        held.add(value)
        self._queue.append((slot, value))

    def listen(self, slot: Slot, listener: Callable[[Value], None]) -> None:
        """Have `listener` called once for each value of a slot, those to come included."""
        self._listeners[slot].append(listener)
        for value in tuple(self.values[slot]):
            listener(value)

    def listen_texts(self, slot: Slot, use: Callable[[str], None]) -> None:
        """Have `use` called once for each text of a slot."""
        self.listen(slot, lambda value: use(value.text) if isinstance(value, Text) else None)

    def copy(self, source: Slot, target: Slot) -> None:
        """Let everything flow from one slot to another."""
        if source != target:
            self.listen(source, lambda value: self.add(target, value))

    def copy_objects(self, source: Slot, target: Slot) -> None:
        """Let everything but texts flow from one slot to another."""
        self.listen(source, lambda value: None if isinstance(value, Text) else self.add(target, value))

    def read_attribute(self, owner: Slot, name: str, target: Slot) -> None:
        """Let `owner.name` flow."""
        self.copy(self.of_field(name), target)

        def follow(value: Value) -> None:
            if isinstance(value, LibraryObject):
                if name == "__dict__":
                    self.add(target, Attributes(value.name))
                elif found := self.canon.step(value.name, name):
                    self.add(target, LibraryObject(found))

        self.listen(owner, follow)

    def read_key(self, owner: Slot, name: str, target: Slot) -> None:
        """Let `owner["name"]` flow, where `owner` is the dict of something or the table of modules."""

        def follow(value: Value) -> None:
            if value == Attributes(""):
                self.copy(self.of_name(name, None), target)
            elif value == LibraryObject("sys.modules"):
                self._add_known(target, self.canon.walk(name))
            elif isinstance(value, Attributes):
                self._add_known(target, self.canon.step(value.name, name))

        self.listen(owner, follow)

    def _add_known(self, slot: Slot, name: str) -> None:
        if name:
            self.add(slot, LibraryObject(name))

    def settle(self) -> None:
        """Let everything flow until nothing moves, or until that takes too many steps."""
        while self._queue:
            slot, value = self._queue.popleft()
            # A listener may be added while these are called; it has seen the value already.
            for listener in tuple(self._listeners[slot]):
                listener(value)
                self._steps += 1
            if self._steps > MAX_STEPS:
                self.overflowed = True
                self._queue.clear()

    def list_known(self, slot: Slot) -> list[str]:
        """List the library objects that a slot may hold."""
        return sorted(value.name for value in self.values[slot] if isinstance(value, LibraryObject))

    def list_texts(self, slot: Slot) -> list[str]:
        """List the texts that a slot may hold."""
        return sorted(value.text for value in self.values[slot] if isinstance(value, Text))

    def _find(self, slots: dict[Any, Slot], key: Any) -> Slot:
        slot = slots.get(key)
        if slot is None:
            slot = slots[key] = self.make_slot()
        return slot
