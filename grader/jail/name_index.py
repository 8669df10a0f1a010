"""Decide which statements of a submission run once, which may wait, and which depend on which."""

import builtins
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from grader.jail.statements import CompiledStatement

BUILTIN_NAMES = frozenset(dir(builtins))


class NameIndex:
    """The statements of a module by the names that they bind or change. `once` are those that run only once."""

    def __init__(self, statements: Sequence[CompiledStatement]) -> None:
        self.statements = statements
        self._binders: dict[str, list[int]] = defaultdict(list)
        self._touchers: dict[str, list[int]] = defaultdict(list)
        bound = {name for statement in statements for name in statement.binds}
        self._touched = [bound.intersection((*statement.binds, *statement.changes)) for statement in statements]
        for index, statement in enumerate(statements):
            for name in set(statement.binds):
                self._binders[name].append(index)
            for name in self._touched[index]:
                self._touchers[name].append(index)
        self.once = self._find_once()

    def find_reached(self, names: Iterable[str]) -> set[int]:
        """Return the statements that these names need, directly or through other statements."""
        reached: set[int] = set()
        waiting, known = list(names), set(names)
        while waiting:
            for index in self._touchers.get(waiting.pop(), ()):
                if index not in reached:
                    reached.add(index)
                    new = self.statements[index].reads - known
                    known |= new
                    waiting += new
        return reached

    def read_texts(self, index: int) -> tuple[str, ...]:
        """Return the text of a statement and of everything that it needs, in order."""
        names = self.statements[index].reads | self._touched[index]
        return tuple(self.statements[item].text for item in sorted({index, *self.find_reached(names)}))

    def find_deferrable(self, expected: Collection[str]) -> dict[str, list[int]]:
        """Return the statements that may wait until a name is read: for each name those that bind it or change it.

        They run once, and no expected name reaches them. Names that other code can read without spelling them do not
        wait.
        """
        if not expected or any(statement.unpredictable for statement in self.statements):
            return {}
        reached = self.find_reached(expected)
        candidates = {index for index in self.once - reached if not BUILTIN_NAMES & self._touched[index]}
        while True:
            names = {name for index in candidates for name in self._touched[index]}
            hurried = {name for name in names if not self._may_wait(name, candidates)}
            excluded = {index for index in candidates if hurried & self._touched[index]}
            if not excluded:
                return {name: self._list_group(name) for name in names}
            candidates -= excluded

    def _find_once(self) -> set[int]:
        """Return lasting statements, and those that fill what such statements made from nothing but such values.

        What is filled by a statement that runs for every test must be made for every test, too.
        """
        once = {
            index
            for index, statement in enumerate(self.statements)
            if statement.lasting or (statement.fills and self._touched[index] and not statement.holds_definition)
        }
        used = {index: item.reads | self._touched[index] for index, item in enumerate(self.statements) if item.fills}
        while True:
            repeated = {
                index
                for index, names in used.items()
                if index not in once
                or any(binder not in once for name in names for binder in self._binders.get(name, ()))
            }
            filled = {binder for index in repeated for name in self._touched[index] for binder in self._binders[name]}
            if not once & (repeated | filled):
                return once
            once -= repeated | filled

    def _may_wait(self, name: str, candidates: set[int]) -> bool:
        """Tell whether all statements that bind or change a name may run later, together."""
        indices = self._touchers[name]
        between = set(range(indices[0], indices[-1])).difference(indices)
        return all(
            index in candidates or (not self.statements[index].binds and self.statements[index].changes == {name})
            for index in indices
        ) and not any(name in self.statements[index].reads for index in between)

    def _list_group(self, name: str) -> list[int]:
        group: set[int] = set()
        names, waiting = {name}, [name]
        while waiting:
            found = set(self._touchers[waiting.pop()]) - group
            group |= found
            new = {other for index in found for other in self._touched[index]} - names
            names |= new
            waiting += new
        return sorted(group)
