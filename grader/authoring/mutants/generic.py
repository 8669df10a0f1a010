"""Slips that any program can have, after the operators of cosmic-ray."""

import ast
from collections.abc import Iterator

from grader.authoring.mutants.model import Operator, Region, Rewrite, make_expression_operator

ARITHMETIC: dict[type[ast.operator], ast.operator] = {
    ast.Add: ast.Sub(),
    ast.Sub: ast.Add(),
    ast.Mult: ast.Div(),
    ast.Div: ast.Mult(),
    ast.FloorDiv: ast.Mult(),
    ast.Mod: ast.Add(),
    ast.Pow: ast.Mult(),
    ast.BitAnd: ast.BitOr(),
    ast.BitOr: ast.BitAnd(),
}
COMPARISONS: dict[type[ast.cmpop], tuple[ast.cmpop, ...]] = {
    ast.Eq: (ast.NotEq(),),
    ast.NotEq: (ast.Eq(),),
    ast.Lt: (ast.LtE(), ast.GtE()),
    ast.LtE: (ast.Lt(), ast.Gt()),
    ast.Gt: (ast.GtE(), ast.LtE()),
    ast.GtE: (ast.Gt(), ast.Lt()),
    ast.Is: (ast.IsNot(),),
    ast.IsNot: (ast.Is(),),
    ast.In: (ast.NotIn(),),
    ast.NotIn: (ast.In(),),
}


def _compute_otherwise(node: ast.expr, region: Region) -> Iterator[str]:
    if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        yield ast.unparse(ast.BinOp(node.left, ARITHMETIC[type(node.op)], node.right))


def _compare_otherwise(node: ast.expr, region: Region) -> Iterator[str]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for other in COMPARISONS.get(type(node.ops[0]), ()):
            yield ast.unparse(ast.Compare(node.left, [other], node.comparators))


def _change_constant(node: ast.expr, region: Region) -> Iterator[str]:
    match node:
        case ast.Constant(value=bool(value)):
            yield str(not value)
        case ast.Constant(value=int(value) | float(value)):
            yield from (repr(value + 1), repr(value - 1))
        case ast.Constant(value=str(value)) if value and not isinstance(region.parents[node], ast.Expr | ast.JoinedStr):
            yield repr("")


def _decide_otherwise(node: ast.expr, region: Region) -> Iterator[str]:
    match node:
        case ast.BoolOp(op=operator, values=values):
            other = ast.Or() if isinstance(operator, ast.And) else ast.And()
            yield ast.unparse(ast.BoolOp(other, values))
        case ast.UnaryOp(op=ast.Not() | ast.Invert() | ast.USub(), operand=operand):
            yield ast.unparse(operand)
        case ast.IfExp(body=body, orelse=other):
            yield ast.unparse(body)
            yield ast.unparse(other)


def _branch_otherwise(region: Region) -> Iterator[Rewrite]:
    for node in region.walk():
        if isinstance(node, ast.If | ast.While):
            yield Rewrite(node.test, f"not ({ast.unparse(node.test)})")
            yield Rewrite(node.test, "False")
        if isinstance(node, ast.If):
            yield Rewrite(node.test, "True")


def _leave_loops(region: Region) -> Iterator[Rewrite]:
    for node in region.walk():
        match node:
            case ast.Break():
                yield Rewrite(node, "continue")
            case ast.Continue():
                yield Rewrite(node, "break")
            case ast.For(iter=items):
                yield Rewrite(items, "[]")


def _delete_statements(region: Region) -> Iterator[Rewrite]:
    for node in region.walk():
        match node:
            case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Raise():
                yield Rewrite(node, "pass")
            case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
                yield Rewrite(node, "pass")


OPERATORS = (
    make_expression_operator("arithmetic", "cosmic-ray: ReplaceBinaryOperator", _compute_otherwise),
    make_expression_operator("comparison", "cosmic-ray: ReplaceComparisonOperator", _compare_otherwise),
    make_expression_operator("constant", "cosmic-ray: NumberReplacer, ReplaceTrueWithFalse", _change_constant),
    make_expression_operator("boolean", "cosmic-ray: ReplaceAndWithOr, ReplaceUnaryOperator_Delete", _decide_otherwise),
    Operator("branch", "cosmic-ray: AddNot", _branch_otherwise),
    Operator("loop", "cosmic-ray: ReplaceBreakWithContinue, ZeroIterationForLoop", _leave_loops),
    Operator("delete", "a statement is forgotten: generated ids not appended", _delete_statements),
)
