"""Mistakes in a formula: masks, activations, scale, bias, weights, arguments."""

import ast
from collections.abc import Iterator

from grader.authoring.mutants.model import (
    Operator,
    Region,
    Rewrite,
    make_argument_operator,
    make_expression_operator,
    make_value_operator,
)

ACTIVATIONS = {"tanh": "sigmoid", "sigmoid": "tanh", "relu": "tanh", "softmax": "log_softmax", "log_softmax": "softmax"}
ACTIVATIONS |= {"exp": "tanh", "sqrt": "exp", "sin": "cos", "cos": "sin"}
REDUCTIONS = {"sum": "mean", "mean": "sum", "max": "min", "min": "max", "argmax": "argmin", "argmin": "argmax"}
REDUCTIONS |= {"tril": "triu", "norm": "sum", "cross_entropy": "nll_loss", "topk": "sort"}


def _fill_otherwise(node: ast.expr, region: Region) -> Iterator[str]:
    is_infinite = ast.unparse(node) in ("float('-inf')", "-torch.inf", "-math.inf")
    if is_infinite:
        yield from ("0.0", "1e-09", "float('inf')", "-1.0")


def _invert_condition(node: ast.expr, region: Region) -> Iterator[str]:
    match node:
        case ast.Call(func=ast.Attribute(value=value, attr="masked_fill"), args=[condition, filling]):
            yield f"{ast.unparse(value)}.masked_fill(~({ast.unparse(condition)}), {ast.unparse(filling)})"
            yield ast.unparse(value)


def _take_defaults(region: Region) -> Iterator[Rewrite]:
    given = region.function.args
    for item, default in zip(reversed(given.args), reversed(given.defaults), strict=False):
        if region.uses(item.arg):
            yield Rewrite(region.statements[0], "", before=f"{item.arg} = {ast.unparse(default)}")


def _drop_activation(node: ast.expr, region: Region) -> Iterator[str]:
    match node:
        case ast.Call(func=ast.Attribute(attr=name), args=[value, *_]) if name in ACTIVATIONS:
            yield ast.unparse(value)
            yield ast.unparse(node).replace(f".{name}(", f".{ACTIVATIONS[name]}(", 1)
        case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in ACTIVATIONS:
            yield ast.unparse(value)


def _drop_term(node: ast.expr, region: Region) -> Iterator[str]:
    match node:
        case ast.BinOp(left=left, op=ast.Add() | ast.Mult(), right=right):
            yield ast.unparse(left)
            yield ast.unparse(right)
        case ast.BinOp(left=left, op=ast.Sub() | ast.Div() | ast.Pow() | ast.FloorDiv()):
            yield ast.unparse(left)


def _take_other_weight(region: Region) -> Iterator[Rewrite]:
    layers = [node for node in region.walk() if isinstance(node, ast.Attribute) and _is_of_self(node)]
    for layer in layers:
        for name in dict.fromkeys(other.attr for other in layers if other.attr != layer.attr):
            yield Rewrite(layer, f"self.{name}", alike=(f"self.{layer.attr}", f"self.{name}"))
    for node in region.walk():
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in region.arguments:
            for name in region.arguments:
                if name != node.id and region.uses(name):
                    yield Rewrite(node, name, alike=(node.id, name))


def _is_of_self(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id="self"), ctx=ast.Load()):
            return True
    return False


def _swap_neighbours(node: ast.expr, region: Region) -> Iterator[str]:
    match node:
        case ast.Call(args=[first, second, *_]) if not isinstance(first, ast.Starred | ast.GeneratorExp):
            others = [second, first, *node.args[2:]]
            yield ast.unparse(ast.Call(node.func, others, node.keywords))
        case ast.Tuple(elts=[_, _, *_] as parts) | ast.List(elts=[_, _, *_] as parts):
            for place in range(len(parts) - 1):
                swapped = [*parts[:place], parts[place + 1], parts[place], *parts[place + 2 :]]
                yield (
                    ", ".join(map(ast.unparse, swapped))
                    if isinstance(node, ast.Tuple)
                    else ast.unparse(ast.List(swapped))
                )


def _reduce_otherwise(node: ast.expr, region: Region) -> Iterator[str]:
    match node:
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name in REDUCTIONS:
            head, _, tail = ast.unparse(node.func).rpartition(name)
            changed = ast.Call(ast.Name(f"{head}{REDUCTIONS[name]}{tail}"), node.args, node.keywords)
            yield ast.unparse(changed)


def _drop_keyword(node: ast.expr, region: Region) -> Iterator[str]:
    match node:
        case ast.Call(keywords=[_, *_] as keywords):
            for item in keywords:
                kept = [other for other in keywords if other is not item]
                yield ast.unparse(ast.Call(node.func, node.args, kept))


def _drop_method(node: ast.expr, region: Region) -> Iterator[str]:
    match node:
        case ast.Call(func=ast.Attribute(value=value)) if not _is_namespace(value):
            yield ast.unparse(value)


def _is_namespace(node: ast.expr) -> bool:
    match node:
        case ast.Name(id="torch" | "F" | "nn" | "math" | "re" | "self"):
            return True
        case ast.Attribute(value=value):
            return _is_namespace(value)
    return False


OPERATORS = (
    make_expression_operator("wrong-filling", "masked with 0, 1e-9 or +inf: timm#2236, gluonts#1401", _fill_otherwise),
    make_expression_operator(
        "wrong-mask", "the mask is inverted or not used: halonet#4, pytorch/tutorials#593", _invert_condition
    ),
    make_value_operator("invert", "a condition is the wrong way round: halonet#4"),
    make_argument_operator(
        "ignore-argument", "an argument has no effect: Qwen#63, transformers#22084", "ignore-argument"
    ),
    Operator(
        "take-default", "an optional argument is ignored, such as the mask: pytorch/tutorials#593", _take_defaults
    ),
    make_expression_operator(
        "wrong-activation", "no tanh in the additive score: AuCson#3, KrishnaDN#3", _drop_activation
    ),
    make_expression_operator(
        "drop-term", "a bias, a scale or a term is missing: c = i + g, torchrecurrent#22", _drop_term
    ),
    Operator(
        "other-weight",
        "one weight is used for two: the same hidden for every layer, pytorch-qrnn#10",
        _take_other_weight,
    ),
    make_expression_operator(
        "swap", "two values or gates are swapped: ndrplz/ConvLSTM#6, NX-AI/xlstm#98", _swap_neighbours
    ),
    make_expression_operator(
        "wrong-reduction", "sum for mean, the least for the most: asyml/texar#152", _reduce_otherwise
    ),
    make_expression_operator(
        "drop-keyword", "an option is not passed: the generator is ignored, IBM#125", _drop_keyword
    ),
    make_expression_operator("drop-method", "a step in between is left out: unsqueeze missing, spro#54", _drop_method),
)
