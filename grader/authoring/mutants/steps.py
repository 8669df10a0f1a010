"""Mistakes with steps: one too few, one off, the one before, another order."""

import ast
from collections.abc import Iterator

from grader.authoring.mutants.model import (
    Operator,
    Region,
    Rewrite,
    alter,
    make_expression_operator,
    make_value_operator,
)


def _repeat_previous(region: Region) -> Iterator[Rewrite]:
    for value in region.list_values():
        if region.is_in_loop(value):
            text = alter("previous-step", value, "_before")
            yield Rewrite(value, text, before="_before = {}", kind="previous-step", of=value)


def _never_carry(region: Region) -> Iterator[Rewrite]:
    """In a loop, keep what a name held before it instead of the new value."""
    for node in region.walk():
        if not isinstance(node, ast.Assign) or not region.is_in_loop(node):
            continue
        names = [part for target in node.targets for part in ast.walk(target) if isinstance(part, ast.Name)]
        for name in names:
            if isinstance(name.ctx, ast.Store) and _is_bound_before(name.id, node, region):
                yield Rewrite(name, "_unused")


def _is_bound_before(name: str, node: ast.stmt, region: Region) -> bool:
    if name in region.arguments:
        return True
    bound = [item for item in region.walk() if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store)]
    return any(item.id == name and item.lineno < node.lineno and not region.is_in_loop(item) for item in bound)


def _shift_bounds(node: ast.expr, region: Region) -> Iterator[str]:
    match node:
        case ast.Call(func=ast.Name(id="range"), args=[*starts, end] | [*starts, end, _]) if len(starts) < 2:
            first = [ast.unparse(item) for item in starts[:1]]
            yield f"range({', '.join([*first, f'{ast.unparse(end)} - 1'])})"
            yield f"range({', '.join([*first, f'{ast.unparse(end)} + 1'])})"
            if not starts:
                yield f"range(1, {ast.unparse(end)})"
        case ast.Subscript(value=value, slice=ast.Slice(lower=lower, upper=upper, step=None)):
            low = ast.unparse(lower) if lower else ""
            high = ast.unparse(upper) if upper else ""
            text = ast.unparse(value)
            yield f"{text}[{low}:{high} - 1]" if high else f"{text}[{low}:-1]"
            yield f"{text}[{low} + 1:{high}]" if low else f"{text}[1:{high}]"
            if high:
                yield f"{text}[{low}:{high} + 1]"
        case ast.Subscript(value=value, slice=ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=1))):
            yield f"{ast.unparse(value)}[0]"


def _change_loops(kind: str, region: Region) -> Iterator[Rewrite]:
    for node in region.walk():
        if isinstance(node, ast.For | ast.comprehension) and isinstance(node.iter, ast.Name | ast.Attribute):
            yield Rewrite(node.iter, alter(kind, node.iter))


def _skip_first(region: Region) -> Iterator[Rewrite]:
    yield from _change_loops("drop-first-step", region)


def _skip_last(region: Region) -> Iterator[Rewrite]:
    yield from _change_loops("drop-last-step", region)


def _loop_backwards(region: Region) -> Iterator[Rewrite]:
    yield from _change_loops("reverse-steps", region)


OPERATORS = (
    make_value_operator("drop-last-step", "the last step or a short last chunk is lost: keras#5695"),
    make_value_operator("drop-first-step", "the prompt or the first step is cut off: transformers#19764"),
    make_value_operator("reverse-steps", "the steps are in the opposite order"),
    make_value_operator("shift-steps", "each step takes its neighbour's value: ml5js/ml5-library#778"),
    make_value_operator("sort", "a batch is sorted and never put back: pytorch#4927"),
    make_value_operator("drop-repeated", "repeated items are counted once: greedy repetition taken for a bug"),
    Operator("skip-first-round", "the first character of the prime is skipped", _skip_first),
    Operator("skip-last-round", "the last character of the prime is ignored", _skip_last),
    Operator("loop-backwards", "a loop runs over the items in the opposite order", _loop_backwards),
    Operator(
        "previous-step", "the value of the step before is used: the old state asks for attention", _repeat_previous
    ),
    Operator("never-carry", "the state is not carried from step to step: jadore801120#44", _never_carry),
    make_expression_operator(
        "off-by-one", "off by one in a range, a slice or an index: tensorflow#23465", _shift_bounds
    ),
)
