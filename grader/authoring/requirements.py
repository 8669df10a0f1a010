"""The packages that an assignment needs, read from what is installed here."""

import ast
import re
import sys
from collections.abc import Collection, Iterator
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions, requires

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from grader.authoring.imports import list_imports
from grader.model.assignment import Assignment
from grader.model.errors import UsageError
from grader.student.kit import PUBLIC_TESTS

GRADER = "grader"
# What only courses with torch use: the grader imports none of these for an assignment that does not.
TORCH_FAMILY = frozenset({"torch", "einops", "jaxtyping", "tokenizers", "transformers", "safetensors"})
# What torch asks for on a machine with a GPU: gigabytes, for which a platform's container has no use.
CUDA = re.compile(r"(nvidia|cuda)-|triton$")
# What `grader check` imports.
CHECK_NEEDS = ("pydantic", "pytest", "rich", "typer")


def list_check_requirements(assignment: Assignment) -> list[str]:
    """Return what a student installs: what `grader check` imports, and what the assignment's own files do."""
    ranges = {canonicalize_name(need.name): str(need) for need in _read_requirements(GRADER)}
    names = {*CHECK_NEEDS, *_list_own_packages(assignment)}
    return sorted(ranges.get(canonicalize_name(name), name) for name in names)


def list_notebook_imports(assignment: Assignment) -> set[str]:
    """Return the packages that the notebook imports, by the names that it imports them by."""
    found = list_imports(ast.parse(assignment.solution.read_text(encoding="utf-8")))
    return {name.split(".")[0] for _, names in found for name in names} - {GRADER, *sys.stdlib_module_names}


def write_lock(assignment: Assignment) -> str:
    """Return a lock file: the grader's own requirements and the assignment's, as they are installed here.

    It names no build: a machine with CUDA writes the same lock as one without.
    """
    own = _list_own_packages(assignment)
    left_out = set() if assignment.uses_torch else TORCH_FAMILY - own
    roots = {need.name for need in _read_requirements(GRADER)} | own
    found: dict[str, str] = {}
    waiting = sorted(roots - left_out)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in found or name in left_out or name == GRADER:
            continue
        try:
            found[name] = distribution(name).version.partition("+")[0]
        except PackageNotFoundError:
            raise UsageError(f"{name!r} is not installed here, so no lock can be written: install it first") from None
        waiting += [need.name for need in _read_requirements(name) if not CUDA.match(canonicalize_name(need.name))]
    lines = [f"{name}=={version}" for name, version in sorted(found.items())]
    return "\n".join(["# What was installed where this was packed.", *lines, ""])


def _read_requirements(name: str) -> Iterator[Requirement]:
    for text in requires(name) or []:
        need = Requirement(text)
        if need.marker is None or need.marker.evaluate({"extra": ""}):
            yield need


def _list_own_packages(assignment: Assignment) -> set[str]:
    """Return the distributions that the solution and the public tests import, and those of `imports`."""
    roots = {name.split(".")[0] for name in assignment.description.imports}
    for path in (assignment.solution, *(assignment.folder / PUBLIC_TESTS).glob("*.py")):
        if path.is_file():
            found = list_imports(ast.parse(path.read_text(encoding="utf-8")))
            roots |= {name.split(".")[0] for _, names in found for name in names}
    roots -= {GRADER, *sys.stdlib_module_names}
    owners = packages_distributions()
    return {canonicalize_name(name) for root in roots for name in _choose_owner(root, owners.get(root, [root]))}


def _choose_owner(root: str, owners: Collection[str]) -> list[str]:
    # Several distributions may put files into one package; the one of its name is what people install.
    named = [owner for owner in owners if re.sub(r"[-_.]+", "_", owner).lower() == root.lower()]
    return named or sorted(set(owners))[:1]
