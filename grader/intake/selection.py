"""Select the statements of a submission to keep: its definitions, and what those need, transitively.

The rule, in one paragraph: every definition is kept (in a loop, only where its name is needed). What a definition needs
to be made is kept too: its bases, decorators, defaults, a class's body. What its functions read when they are called is
kept for every class, for each function that the assignment expects, and for what those use: so a plotting helper does
not bring along the training run that it plots. Imports, assignments and `Name.attr = ...` are kept where a kept
statement needs the name, and so are the lines that fill such a name's object; all of them, in the student's order, so
that the last one wins. A value that is bound to the name of an expected definition is a driver line: the definition
wins.
"""

import builtins
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from grader.intake.statements import Kind, Statement, walk_statements
from grader.model.marks import SENTINEL

# The sentinel may stay undefined: its use is an open TODO, not a missing name.
_GIVEN = frozenset({*dir(builtins), "__name__", "__file__", "__doc__", "__class__", "display", SENTINEL})


@dataclass
class Selection:
    """Statements marked as kept, and each needed name with the statement that needs it first."""

    statements: Sequence[Statement]
    expected: Collection[str] = ()
    wanted: dict[str, Statement] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._binders: dict[str, list[Statement]] = defaultdict(list)
        self._patches: dict[str, list[Statement]] = defaultdict(list)
        self._queue: deque[str] = deque()
        self.defined = {name for item in self.statements if item.kind is Kind.DEFINITION for name in item.names.binds}
        given = self.defined | {name for item in self.statements if item.is_import for name in item.names.binds}
        for statement in self.statements:
            if statement.kind is Kind.BINDING and statement.hides_definition(self.defined, given, self.expected):
                statement.kind = Kind.DRIVER
            if statement.kind is Kind.PATCH:
                for name in statement.patches:
                    self._patches[name].append(statement)
            elif statement.kind is not Kind.DRIVER:
                for name in statement.names.binds:
                    self._binders[name].append(statement)

    def list_missing(self) -> list[str]:
        """List the names that something kept needs and nothing kept binds."""
        kept = [statement for statement in self.statements if statement.kept]
        if any(statement.kind is Kind.STAR_IMPORT for statement in kept):
            return []  # any name may come from there
        bound = {name for statement in kept for name in (*statement.names.binds, *statement.names.made_global)}
        return sorted(name for name in self.wanted if name not in bound and name not in _GIVEN)

    def select(self) -> None:
        """Mark what is kept. The `expected` names are those that others will ask for; none means any definition."""
        expected = {name for name in self.expected if name in self._binders}
        for statement in self.statements:
            if statement.kind in (Kind.STAR_IMPORT, Kind.FUTURE):
                self._keep(statement)
            elif statement.kind is Kind.DEFINITION and not statement.is_in_loop:
                (self._use if statement.is_class or not expected else self._keep)(statement)
        for name in sorted(expected):
            for statement in self._binders[name]:
                self._use(statement)
        for name in sorted(self.defined):
            for patch in self._patches[name]:
                self._use(patch)
        while self._queue:
            name = self._queue.popleft()
            for statement in self._binders.get(name, []):
                self._use(statement)
            if any(not statement.is_import for statement in self._binders.get(name, [])):
                for statement in self._patches.get(name, []):
                    self._use(statement)

    def _use(self, statement: Statement) -> None:
        self._keep(statement)
        if not statement.live:
            statement.live = True
            self._want(statement.names.later, statement)

    def _keep(self, statement: Statement | None) -> None:
        while statement and not statement.kept:
            statement.kept = True
            self._want(statement.names.needs, statement)
            statement = statement.parent

    def _want(self, names: Iterable[str], statement: Statement) -> None:
        for name in sorted(names):
            if name not in self.wanted:
                self.wanted[name] = statement
                self._queue.append(name)


def select_statements(statements: Sequence[Statement], expected: Collection[str]) -> Selection:
    """Mark the statements that are kept, those inside blocks included."""
    selection = Selection(list(walk_statements(statements)), expected)
    selection.select()
    return selection
