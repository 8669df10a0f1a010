"""Mistakes with gradients: the graph is cut or kept, gradients are left or not cleared."""

import ast
from collections.abc import Iterator

from grader.authoring.mutants.model import Operator, Region, Rewrite, alter, make_value_operator


def _keep_graph(region: Region) -> Iterator[Rewrite]:
    for node in region.walk():
        match node:
            case ast.Call(func=ast.Attribute(value=value, attr="detach"), args=[]):
                yield Rewrite(node, ast.unparse(value))
            case ast.Call(func=ast.Attribute(attr="no_grad")):
                yield Rewrite(node, "torch.enable_grad()")
            case ast.Call(keywords=[*_, ast.keyword(arg="retain_graph")]):
                kept = [item for item in node.keywords if item.arg != "retain_graph"]
                yield Rewrite(node, ast.unparse(ast.Call(node.func, node.args, kept)))


def _skip_training_call(region: Region) -> Iterator[Rewrite]:
    for node in region.walk():
        match node:
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="zero_grad" | "backward" | "step"))):
                yield Rewrite(node, "pass")


def _leave_gradients(region: Region) -> Iterator[Rewrite]:
    """Leave gradients where the right answer leaves none: `autograd.grad` returns them only."""
    if not any(isinstance(node, ast.Attribute) and node.attr == "grad" for node in region.walk()):
        return
    for node in region.walk():
        match node:
            case ast.Return(value=ast.expr() as value):
                for name in region.arguments:
                    yield Rewrite(value, alter("leave-gradients", value, name), kind="leave-gradients", of=name)


OPERATORS = (
    make_value_operator("cut-graph", "@torch.no_grad() or detach() left in the training path"),
    Operator("keep-graph", "the state is not detached between chunks: MorvanZhou/PyTorch-Tutorial#57", _keep_graph),
    Operator("skip-training-call", "no zero_grad, no step: gradients add up from batch to batch", _skip_training_call),
    Operator("leave-gradients", "gradients of the call are left on the parameters", _leave_gradients),
)
