"""Mistakes with text: patterns, unknown words, order of a vocabulary, truth of an id 0."""

import ast
from collections.abc import Iterator

from grader.authoring.mutants.model import Operator, Region, Rewrite, make_expression_operator


def _ask_for_two_letters(node: ast.expr, region: Region) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(pattern)) if r"\w" in pattern or "+" in pattern:
            if r"\w+" in pattern:
                yield repr(pattern.replace(r"\w+", r"\w\w+", 1))


def _know_ascii_only(node: ast.expr, region: Region) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(pattern)) if r"\w" in pattern:
            yield repr(pattern.replace(r"\w", "[a-zA-Z]"))
            yield repr(pattern.replace(r"\w", "[a-zA-Z0-9_]"))
            yield repr(pattern.replace(r"\b", ""))


def _drop_default(node: ast.expr, region: Region) -> Iterator[str]:
    match node:
        case ast.Call(func=ast.Attribute(value=table, attr="get"), args=[key, _]):
            yield f"{ast.unparse(table)}[{ast.unparse(key)}]"
            yield f"{ast.unparse(table)}.get({ast.unparse(key)}, 0)"
            yield f"{ast.unparse(table)}.get({ast.unparse(key)})"


def _skip_unknown(region: Region) -> Iterator[Rewrite]:
    for node in region.walk():
        match node:
            case ast.ListComp(elt=element, generators=[ast.comprehension(target=target, iter=items)]):
                for call in ast.walk(element):
                    match call:
                        case ast.Call(func=ast.Attribute(value=table, attr="get"), args=[key, *_]):
                            pass
                        case ast.Subscript(value=table, slice=ast.Name() as key):
                            pass
                        case _:
                            continue
                    condition = f"{ast.unparse(key)} in {ast.unparse(table)}"
                    loop = f"for {ast.unparse(target)} in {ast.unparse(items)} if {condition}"
                    yield Rewrite(node, f"[{ast.unparse(element)} {loop}]")


def _lose_order(node: ast.expr, region: Region) -> Iterator[str]:
    match node:
        case ast.Call(func=ast.Name(id="sorted"), args=[items], keywords=[]):
            yield f"list({ast.unparse(items)})"
            yield f"sorted({ast.unparse(items)}, reverse=True)"


def _ask_for_truth(node: ast.expr, region: Region) -> Iterator[str]:
    match node:
        case ast.Compare(left=left, ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]):
            yield ast.unparse(left)
        case ast.Compare(left=left, ops=[ast.Is()], comparators=[ast.Constant(value=None)]):
            yield f"not {ast.unparse(left)}"


OPERATORS = (
    make_expression_operator(
        "two-letters", "a pattern that needs two letters: scikit-learn#6098, scikit-learn#8587", _ask_for_two_letters
    ),
    make_expression_operator("ascii-only", "a pattern of ASCII letters deletes Hangul", _know_ascii_only),
    make_expression_operator(
        "no-default", "unknown words raise, or become padding: context2vec#4, fastNLP#252", _drop_default
    ),
    Operator("skip-unknown", "unknown words are left out, so the length changes: keras#5695", _skip_unknown),
    make_expression_operator("lose-order", "a vocabulary from list(set()) changes from run to run", _lose_order),
    make_expression_operator(
        "truth-of-zero", "`if v:` takes 0 for missing: PaddleFormers#832, IBM/pytorch-seq2seq#90", _ask_for_truth
    ),
)
