"""Mistakes with axes: squeezed, swapped, added, the wrong one named, the layout guessed."""

import ast
from collections.abc import Iterator

from grader.authoring.mutants.model import (
    Operator,
    Region,
    Rewrite,
    alter,
    make_argument_operator,
    make_expression_operator,
    make_value_operator,
)

# Methods and functions whose whole numbers are axes.
BY_PLACE = frozenset(
    "transpose unsqueeze squeeze size sum mean max min argmax argmin softmax log_softmax flatten unflatten chunk split "
    "cat stack norm flip cumsum topk unbind select sort".split()
)
OTHER_AXES = {0: (1, -1), 1: (0, -1), -1: (0, -2), 2: (1, 0), -2: (0, -1)}


def _read_whole_number(node: ast.expr) -> int | None:
    match node:
        case ast.Constant(value=int(number)) if not isinstance(number, bool):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(number))):
            return -number
    return None


def _name_other_axis(region: Region) -> Iterator[Rewrite]:
    for node in region.walk():
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        axes = [item.value for item in node.keywords if item.arg in ("dim", "axis", "start_dim", "end_dim")]
        axes += node.args if name in BY_PLACE else []
        for axis in axes:
            for other in (
                OTHER_AXES.get(_read_whole_number(axis) or 0, ()) if _read_whole_number(axis) is not None else ()
            ):
                yield Rewrite(axis, str(other))


def _reshape(node: ast.expr, region: Region) -> Iterator[str]:
    match node:
        case (
            ast.Call(func=ast.Attribute(value=given, attr="transpose" | "permute" | "mT"))
            | ast.Attribute(value=given, attr="T")
        ):
            yield alter("reshape-for-transpose", node, ast.unparse(given))


def _confuse_batch_first(region: Region) -> Iterator[Rewrite]:
    for node in region.walk():
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="self")) | ast.Name() as layer, args=[first, *others]):
                texts = [alter("flip-axes", first), *map(ast.unparse, [*others, *node.keywords])]
                text = alter("flip-axes", f"{ast.unparse(layer)}({', '.join(texts)})")
                yield Rewrite(node, text, kind="batch-first", of=ast.unparse(layer))


OPERATORS = (
    make_value_operator("squeeze", "squeeze() takes the batch axis along where it is 1: NVIDIA/tacotron2#303"),
    make_argument_operator("squeeze-argument", "squeeze() on one row: galsang/BiDAF-pytorch#26", "squeeze"),
    make_value_operator("add-axis", "a result with an axis of size 1 too many", only_returned=True),
    make_value_operator("transpose", "the axes of the result are in another order: spro/practical-pytorch#48"),
    make_expression_operator(
        "reshape-for-transpose", "view() for a transpose mixes rows: graykode/nlp-tutorial#38", _reshape
    ),
    Operator("other-axis", "softmax or sum over the wrong axis: PyTorch-NLP#2, catalyst#285", _name_other_axis),
    Operator("batch-first", "batch_first assumed: pytorch#4145, hunkim/PyTorchZeroToAll#16", _confuse_batch_first),
    make_argument_operator("guess-layout", "the longer axis is taken for time", "guess-layout", "True", "False"),
)
