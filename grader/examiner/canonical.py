"""Dotted names -> the objects that they lead to, so that every way to spell an object is one name.

`torch.nn.modules.transformer.F` is the module `torch.nn.functional`, `torch._VF.lstm_cell` is `torch.lstm_cell`. Only
modules that hold a forbidden name are looked into, as they are: nothing is imported at a submission's wish.

The names are a submission's, the objects are the examiner's: behind the wall a `Canon` asks for each step.
"""

import builtins
import importlib
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from types import ModuleType

LookUp = Callable[[str, str], str]
_MISSING = object()
# Longer chains lead nowhere that a shorter one does not.
MAX_LENGTH = 300


class Canon:
    """The meanings of dotted names, among those that lead to one of the `forbidden` names or to a `tool`.

    `look_up` returns the canonical name of an attribute of an object, as `LibraryObjects.look_up` does.
    """

    def __init__(self, forbidden: Collection[str], tools: Collection[str] = (), look_up: LookUp | None = None) -> None:
        self.forbidden = frozenset(forbidden)
        self.leads = frozenset(prefix for name in (*forbidden, *tools) for prefix in _list_prefixes(name))
        self._look_up = look_up
        self._steps: dict[tuple[str, str], str] = {}

    def start(self, name: str) -> str:
        """Return the canonical name of a root such as `torch`; empty where nothing that matters lies below it."""
        return name if name in self.leads else ""

    def step(self, owner: str, name: str) -> str:
        """Return the canonical name of an attribute; empty where it leads nowhere that matters."""
        key = (owner, name)
        if self._look_up is None:
            self._look_up = LibraryObjects(self).look_up  # imports what holds a forbidden name
        if key not in self._steps:
            is_short = len(owner) + len(name) < MAX_LENGTH
            self._steps[key] = self._look_up(owner, name) if is_short else ""
        return self._steps[key]

    def walk(self, path: str) -> str:
        """Return the canonical name of a dotted path."""
        first, *others = path.split(".")
        found = self.start(first)
        for name in others:
            found = self.step(found, name) if found else ""
        return found

    def find_forbidden(self, name: str) -> str:
        """Return the forbidden name that `name` is or lies under; empty where it is none."""
        return next((prefix for prefix in _list_prefixes(name) if prefix in self.forbidden), "")


class LibraryObjects:
    """The objects behind the names of a canon, as far as names led to them."""

    def __init__(self, canon: Canon) -> None:
        self._canon = canon
        self._packages = frozenset(name.partition(".")[0] for name in canon.forbidden)
        self._objects: dict[str, object] = {}
        self._names: dict[object, str] = {}
        for name in sorted(canon.forbidden):
            self._learn(name)

    def look_up(self, owner: str, name: str) -> str:
        """Return the canonical name of an attribute; empty where it leads nowhere that matters."""
        path = f"{owner}.{name}"
        child = self._read(owner, name)
        if isinstance(child, ModuleType) and sys.modules.get(child.__name__) is child:
            path = child.__name__ if child.__name__.partition(".")[0] in self._packages else path
        elif child is not _MISSING:
            with suppress(TypeError):  # not hashable, so no function or class
                path = self._names.get(child, "") or path
        self._objects[path] = child
        if path in self._canon.leads or self._canon.find_forbidden(path) or isinstance(child, ModuleType):
            return path
        # What holds others but is no module, such as torch._C._VariableFunctions.
        is_holder = child is not _MISSING and not callable(child) and type(child).__module__.startswith("torch._C")
        return path if is_holder else ""

    def _read(self, owner: str, name: str) -> object:
        holder = self._objects.get(owner, _MISSING) if "." in owner else sys.modules.get(owner, _MISSING)
        if owner.partition(".")[0] not in self._packages or holder is _MISSING:
            return _MISSING
        if isinstance(holder, ModuleType) and type(holder) is ModuleType:
            # Not getattr: a module's own `__getattr__` may import others, which takes seconds.
            return vars(holder).get(name, _MISSING)
        if type(holder).__name__ == "_Ops" or isinstance(holder, type):
            return _MISSING  # torch.ops makes whatever it is asked for
        try:
            return getattr(holder, name, _MISSING)
        except Exception:  # noqa: BLE001 - a library's own attribute may raise anything; then it leads nowhere
            return _MISSING

    def _learn(self, name: str) -> None:
        # From the object itself to its forbidden name, whatever else it is called.
        try:
            importlib.import_module(name.partition(".")[0])
        except ImportError:
            return
        path, child = "", _MISSING
        for part in name.split("."):
            if not path:
                path, child = part, sys.modules[part]
                continue
            child = self._read(path, part)
            path = f"{path}.{part}"
            self._objects[path] = child
        if child is not _MISSING and not isinstance(child, ModuleType):
            self._names.setdefault(child, name)


def names_something(name: str) -> bool:
    """Tell whether an author's dotted name leads to a builtin, a module or what one holds. Imports what it needs."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:end]))
        except ImportError:
            continue
        return all((found := getattr(found, part, _MISSING)) is not _MISSING for part in parts[end:])
    return len(parts) == 1 and hasattr(builtins, name)


def _list_prefixes(name: str) -> Iterator[str]:
    end = name.find(".")
    while end != -1:
        yield name[:end]
        end = name.find(".", end + 1)
    yield name
