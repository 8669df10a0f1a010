"""Watch the reference while its suite runs: what its values are, and how its functions are called.

A mutant that detaches a number, or takes one layer for another of a different kind, tells nothing of a suite. The
survey says which mistakes can be made where. The calls that it keeps are made again to compare a mutant with the
reference (`equivalence.py`).
"""

import ast
import copy
import inspect
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from grader.authoring.mutants.model import ALTER, Region
from grader.authoring.mutants.regions import insert_lines
from grader.authoring.mutants.runtime import describe_form, list_applicable

# Calls of one function that are kept, and of one form among them.
MAX_CALLS = 12
MAX_ALIKE = 2


@dataclass(frozen=True)
class KeptCall:
    """The arguments of one call by name, copied before it; `self` among them."""

    arguments: dict[str, Any]
    form: Any
    random_state: Tensor


@dataclass
class Survey:
    """The findings of a survey: which mistakes fit each value, the forms of names, and calls of each function."""

    applicable: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    forms: dict[str, set[Any]] = field(default_factory=lambda: defaultdict(set))
    calls: dict[str, list[KeptCall]] = field(default_factory=lambda: defaultdict(list))
    _called: Counter[Any] = field(default_factory=Counter)

    def see_value(self, site: str, value: Any) -> Any:
        """Note a value, and return it."""
        self.applicable[site] |= list_applicable(value)
        self.forms[site].add(_describe_kind(value))
        return value

    def see_call(self, place: str, arguments: dict[str, Any]) -> None:
        """Keep a copy of a call, where few of its form are kept yet."""
        form = (place, *(describe_form(value) for value in arguments.values()), _list_shapes(arguments.get("self")))
        self._called[form] += 1
        if self._called[form] > MAX_ALIKE or len(self.calls[place]) >= MAX_CALLS:
            return
        copied = copy_values(arguments)
        if copied is not None:
            self.calls[place].append(KeptCall(copied, form, torch.get_rng_state()))

    def fits(self, kind: str, site: str) -> bool:
        """Return whether a mistake of that kind can be made on what was seen there."""
        return kind in self.applicable[site]

    def is_alike(self, one: str, other: str) -> bool:
        """Return whether two names have held values of the same kind."""
        return bool(self.forms[one] & self.forms[other])


CURRENT = Survey()


def begin_survey() -> Survey:
    """Start an empty survey, and return it."""
    global CURRENT  # noqa: PLW0603 - the surveyed source finds it by this name, however often it is loaded
    CURRENT = Survey()
    return CURRENT


def name_value(region: Region, node: ast.expr) -> str:
    """Return the survey's name of a value of the region."""
    return f"{region.place}:{node.lineno}:{node.col_offset}"


def name_name(region: Region, name: str) -> str:
    """Return the survey's name of an argument, or of a layer such as `self.out`."""
    return f"{region.place}:{name}"


def write_surveyed(source: str, regions: list[Region]) -> str:
    """Return the source with every value, argument and layer of the regions watched."""
    edits: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for region in regions:
        for value in region.list_values():
            edits[value.lineno].append((value.col_offset, f"{ALTER}.value({name_value(region, value)!r}, ("))
            edits[value.end_lineno or 0].append((value.end_col_offset or 0, "))"))
    lines = source.split("\n")
    for number, changes in edits.items():
        line = lines[number - 1].encode()
        for column, text in sorted(changes, key=lambda change: change[0], reverse=True):
            line = line[:column] + text.encode() + line[column:]
        lines[number - 1] = line.decode()
    places = {region.place: region for region in regions}
    starts = {}
    for place, region in places.items():
        own = [other for other in regions if other.place == place]
        starts[_find_start(region)] = "; ".join(_watch_start(place, own))
    tail = (
        f"\n\n\nclass {ALTER}:\n    from grader.authoring.mutants.survey import see_call as call, see_value as value\n"
    )
    return insert_lines("\n".join(lines), starts) + tail


def see_value(site: str, value: Any) -> Any:
    """Note a value in the current survey, and return it."""
    return CURRENT.see_value(site, value)


def see_call(place: str, arguments: dict[str, Any]) -> None:
    """Note a call in the current survey."""
    CURRENT.see_call(place, arguments)


def copy_values(values: dict[str, Any]) -> dict[str, Any] | None:
    """Return a copy of a call's values, tensors without their history; None where one cannot be copied."""
    try:
        return {name: _copy(value) for name, value in values.items()}
    except (TypeError, RuntimeError, AttributeError, ValueError):
        return None


def _copy(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if type(value) in (list, tuple):
        return type(value)(_copy(item) for item in value)
    if isinstance(value, torch.Generator):
        return value.clone_state()
    if isinstance(value, torch.optim.Optimizer):
        raise TypeError("an optimizer belongs to the parameters of another argument")
    return copy.deepcopy(value)


def _find_start(region: Region) -> ast.stmt:
    body = region.function.body
    has_docstring = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) and len(body) > 1
    return body[1] if has_docstring else body[0]


def _watch_start(place: str, regions: list[Region]) -> Iterator[str]:
    yield f"{ALTER}.call({place!r}, locals())"
    region = regions[0]
    for name in region.arguments:
        yield f"{ALTER}.value({name_name(region, name)!r}, {name})"
    layers = {node.attr for other in regions for node in other.walk() if _is_layer(node)}  # type: ignore[attr-defined]
    for name in sorted(layers):
        yield f"{ALTER}.value({name_name(region, f'self.{name}')!r}, getattr(self, {name!r}, None))"
    if region.has_self:
        yield f"{ALTER}.value({name_name(region, 'self')!r}, self)"


def _is_layer(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id="self"), ctx=ast.Load()):
            return True
    return False


def _describe_kind(value: Any) -> Any:
    if isinstance(value, Tensor):
        return ("tensor", value.is_floating_point(), value.dim())
    return "function" if inspect.isroutine(value) else type(value).__name__


def _list_shapes(module: Any) -> Any:
    # A constructor is watched from its first line, where torch has not set up the module yet.
    if not isinstance(module, torch.nn.Module) or "_parameters" not in vars(module):
        return None
    return tuple(tuple(parameter.shape) for parameter in module.parameters()), module.training
