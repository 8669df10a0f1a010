"""Mistakes with state: results kept between calls, inputs written, modes and seeds left behind."""

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

# Functions of torch that have a method of the same name and an underscore, which writes into its tensor.
IN_PLACE = frozenset("masked_fill add sub mul div tanh sigmoid relu exp squeeze unsqueeze transpose clamp pow".split())

RANDOM = frozenset("dropout multinomial rand randn randint randperm bernoulli sample choice shuffle generate".split())


def _remember_on_self(region: Region) -> Iterator[Rewrite]:
    for value in region.list_values() if region.has_self else ():
        yield Rewrite(value, alter("remember-on-self", value, "self"), kind="remember-on-self", of=value)


def _spoil_inputs(region: Region) -> Iterator[Rewrite]:
    for node in region.walk():
        if isinstance(node, ast.Return) and node.value is not None:
            for name in region.arguments:
                yield Rewrite(node.value, alter("spoil-input", node.value, name), kind="spoil-input", of=name)


def _work_in_place(node: ast.expr, region: Region) -> Iterator[str]:
    match node:
        case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in IN_PLACE:
            text = ast.unparse(node)
            head = ast.unparse(value)
            if not head.endswith(("torch", "F")):
                yield f"{head}.{name}_{text[len(head) + len(name) + 1 :]}"
        case ast.Call(func=ast.Name(id="list" | "dict" | "tuple"), args=[value]):
            yield ast.unparse(value)
        case ast.Call(func=ast.Attribute(value=value, attr="clone" | "copy"), args=[]):
            yield ast.unparse(value)
        case ast.BinOp(left=ast.Name(id=name), op=ast.Add(), right=right) if name in region.arguments:
            yield f"{name}.add_({ast.unparse(right)})"


def _fix_seed(region: Region) -> Iterator[Rewrite]:
    names = {getattr(node, "attr", getattr(node, "id", "")) for node in region.walk()}
    if names & RANDOM:
        yield Rewrite(region.statements[0], "", before="__import__('torch').manual_seed(0)")


OPERATORS = (
    make_value_operator("remember-in-module", "the first result is kept in a global and used again"),
    Operator(
        "remember-on-self",
        "a context or a state is kept on self between calls: pytorch/tutorials#95",
        _remember_on_self,
    ),
    Operator("spoil-input", "the caller's tensor or list is changed by the call", _spoil_inputs),
    make_expression_operator(
        "in-place", "an operation in place on what the caller gave: pytorch#39639", _work_in_place
    ),
    make_value_operator("zero-state", "zeros in place of a state that was given: joeynmt#51"),
    make_value_operator("one-state", "ones as the initial state"),
    make_argument_operator(
        "wrong-mode",
        "train() or eval() is left on: IBM/pytorch-seq2seq#33, tk-rusch/coRNN#1",
        "wrong-mode",
        "True",
        "False",
        assigns=False,
    ),
    Operator("fixed-seed", "the seed is set inside the function: huggingface/diffusers#175", _fix_seed),
)
