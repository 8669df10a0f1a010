"""A class for `grader similar`: independent authors with habits of their own, and copies that were disguised."""

import ast
import random
from collections.abc import Callable

from grader.classroom.likeness import Work
from grader.examiner.fragments import split_source

# What a tensor can do itself as well.
_METHODS = ("torch.softmax", "torch.tanh", "torch.sigmoid", "torch.argmax", "torch.exp")


class _Habits(ast.NodeTransformer):
    """Write the same computation as one author would: at each place one of two usual ways, chosen by `draw`."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.made = 0

    def choose(self) -> bool:
        return self.draw.random() < 0.5

    def name(self) -> str:
        self.made += 1
        return f"part_{self.made}"

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        text = any(isinstance(part, ast.Constant | ast.List | ast.JoinedStr) for part in (node.left, node.right))
        if isinstance(node.op, ast.Add | ast.Mult) and not text and self.choose():
            node.left, node.right = node.right, node.left
        if isinstance(node.op, ast.MatMult) and self.choose():
            return ast.Call(
                ast.Attribute(ast.Name("torch", ast.Load()), "matmul", ast.Load()), [node.left, node.right], []
            )
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        function = node.func
        if ast.unparse(function) in _METHODS and node.args and self.choose():
            method = ast.Attribute(node.args[0], ast.unparse(function).removeprefix("torch."), ast.Load())
            return ast.Call(method, node.args[1:], node.keywords)
        if [word.arg for word in node.keywords] == ["dim"] and self.choose():
            node.args.append(node.keywords.pop().value)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.ops[0], ast.Eq | ast.NotEq) and len(node.ops) == 1 and self.choose():
            node.left, node.comparators = node.comparators[0], [node.left]
        return node

    def visit_Return(self, node: ast.Return) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        if node.value is None or isinstance(node.value, ast.Name | ast.Constant) or self.choose():
            return node
        name = self.name()
        return [ast.Assign([ast.Name(name, ast.Store())], node.value), ast.Return(ast.Name(name, ast.Load()))]

    def visit_Assign(self, node: ast.Assign) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        call = node.value
        if not (isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Call | ast.BinOp)):
            return node
        if self.choose():
            return node
        name, inner = self.name(), call.args[0]
        call.args[0] = ast.Name(name, ast.Load())
        return [ast.Assign([ast.Name(name, ast.Store())], inner), node]


def read_work(student: str, source: str) -> Work:
    """A work with its fragments."""
    return Work(student, source, split_source(source))


def write_in_own_style(source: str, draw: random.Random) -> str:
    """Give a text the habits of one author.

    A corpus has a handful of answers to each TODO. Without habits, students who choose the same ones would be twins by
    chance, which no class has.
    """
    return ast.unparse(ast.fix_missing_locations(_Habits(draw).visit(ast.parse(source))))


def rename_variables(source: str) -> str:
    """Give every local variable another name."""
    tree = ast.parse(source)
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        names = {
            node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        names |= {argument.arg for argument in function.args.args if argument.arg != "self"}
        for node in ast.walk(function):
            if isinstance(node, ast.Name) and node.id in names:
                node.id = f"my_{node.id}"
            if isinstance(node, ast.arg) and node.arg in names:
                node.arg = f"my_{node.arg}"
    return ast.unparse(tree)


def reorder(source: str) -> str:
    """Turn the order of the definitions round."""
    tree = ast.parse(source)
    tree.body.reverse()
    return ast.unparse(tree)


def change_comments(source: str) -> str:
    """Put a comment above every line that begins a definition."""
    return source.replace("class ", "# this is my own class\nclass ").replace("    def ", "    # my idea\n    def ")


def write_loops(source: str) -> str:
    """Write a comprehension that is assigned to a name as a loop."""

    class Loops(ast.NodeTransformer):
        def visit_Assign(self, node: ast.Assign) -> ast.AST | list[ast.stmt]:
            value, target = node.value, node.targets[0]
            if not (isinstance(value, ast.ListComp) and len(value.generators) == 1 and isinstance(target, ast.Name)):
                return node
            one = value.generators[0]
            call = ast.parse(f"{target.id}.append(0)").body[0]
            call.value.args = [value.elt]  # type: ignore[attr-defined]
            empty = ast.parse(f"{target.id} = []").body[0]
            return [empty, ast.For(one.target, one.iter, [call], [])]

    return ast.unparse(ast.fix_missing_locations(Loops().visit(ast.parse(source))))


def split_over_cells(source: str) -> str:
    """Spread the definitions: the intake joins the cells of a notebook with blank lines between them."""
    return "\n\n\n\n".join(ast.unparse(node) for node in ast.parse(source).body)


# `write_loops` comes last: it needs a source with a comprehension.
DISGUISES: list[Callable[[str], str]] = [rename_variables, reorder, change_comments, split_over_cells, write_loops]
