"""Statements that fill what a name stands for: `table.update(...)`, `setattr(Class, ...)`, a loop of such lines."""

import ast
from collections.abc import Iterator

# Methods of containers that change them; `x.fill_()` and the like are known by their last letter.
_METHODS = frozenset(
    "append appendleft add update extend insert setdefault remove discard pop popitem clear sort reverse "
    "__setitem__ __setattr__ __delitem__ intersection_update difference_update symmetric_difference_update".split()
)
# Functions that change their first argument.
_FUNCTIONS = frozenset(
    "setattr delattr shuffle heapify heappush insort insort_left insort_right update_wrapper".split()
)
# What a loop may call as a statement besides.
_HARMLESS = frozenset({"print", "display"})
# A loop with one of these is a training run.
_TRAINING = frozenset({"backward", "step", "zero_grad"})
_PLAIN = (
    *(ast.Pass, ast.Continue, ast.Break, ast.Assign, ast.AnnAssign, ast.AugAssign),
    *(ast.For, ast.AsyncFor, ast.While, ast.If, ast.With, ast.AsyncWith, ast.Try),
)


def find_root(node: ast.AST | None) -> str:
    """Return the name that an attribute or an item belongs to: `Class` of `Class.forward`, `t` of `t["a"][0]`."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def list_filled(node: ast.stmt) -> frozenset[str]:
    """Return the names whose objects a statement changes; none for a loop that does anything else as well."""
    if not isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
        return frozenset(filter(None, _list_changed(node)))
    if isinstance(node, ast.While) and isinstance(node.test, ast.Constant):
        return frozenset()
    filled: set[str] = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and read_called(inner) in _TRAINING:
            return frozenset()
        if isinstance(inner, ast.AugAssign) and isinstance(inner.target, ast.Name):
            filled.add(inner.target.id)
        if isinstance(inner, ast.stmt):
            changed = set(filter(None, _list_changed(inner)))
            value = inner.value if isinstance(inner, ast.Expr) else None
            is_harmless = isinstance(value, ast.Call) and read_called(value) in _HARMLESS
            if not (changed or is_harmless or isinstance(inner, _PLAIN) or isinstance(value, ast.Constant)):
                return frozenset()
            filled |= changed
    return frozenset(filled)


def list_parts(target: ast.expr) -> Iterator[ast.expr]:
    """List the single targets of a target such as `a, (b.c, *d)`."""
    waiting = [target]
    while waiting:
        part = waiting.pop()
        if isinstance(part, (ast.Tuple, ast.List)):
            waiting += part.elts
        elif isinstance(part, ast.Starred):
            waiting.append(part.value)
        else:
            yield part


def _list_changed(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.Assign(targets=targets) | ast.Delete(targets=targets):
            parts = [part for target in targets for part in list_parts(target)]
            yield from (find_root(part) for part in parts if not isinstance(part, ast.Name))
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target) if not isinstance(target, ast.Name):
            yield find_root(target)
        case ast.Expr(value=ast.Call() as call):
            name = read_called(call)
            in_place = name.endswith("_") and not name.endswith("__")
            if isinstance(call.func, ast.Attribute) and (name in _METHODS or in_place):
                yield find_root(call.func.value)
            if (name in _FUNCTIONS or in_place) and call.args:
                yield find_root(call.args[0])


def read_called(call: ast.Call) -> str:
    """Return the last name of what is called: `f` of `f()` and of `a.f()`."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))
