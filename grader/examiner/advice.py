"""What to try after an exception that many students meet, and where a result has another form than was asked.

An exception's own words tell what happened, and not what to do. Only texts of torch and of Python tell exceptions
apart. They decide nothing here but a hint.
"""

import re
from typing import Any

# What a message says, and what to try.
_ADVICE = (
    (
        re.compile(r"backward through the graph a second time"),
        "`detach` what is carried from one backward pass to the next, such as the state between two chunks",
    ),
    (
        re.compile(r"does not require grad and does not have a grad_fn"),
        "was something detached, or computed under `no_grad`, on the way to the loss?",
    ),
    (
        re.compile(r"modified by an inplace operation"),
        "make a new tensor in place of changing one that a gradient still needs: `a = a + b`, not `a += b`",
    ),
    (
        re.compile(
            r"mat1 and mat2 shapes|size mismatch|must match the size of tensor|Sizes of tensors must match|"
            r"inconsistent tensor size|Expected (?:size for|hidden.* size)|invalid for input of size"
            r"|Expected .* to have size"
        ),
        "compare the shapes on that line with those in the docstring: is an axis missing, too many, or elsewhere?",
    ),
    (
        re.compile(
            r"Dimension out of range|For (?:un)?batched .* input|(?:should|to) be .*D|"
            r"must be .*D|only supports .*D|too many indices for tensor|dimension specified as"
        ),
        "the tensor has another number of axes than this needs: `unsqueeze` adds one, an index takes one away",
    ),
    (
        re.compile(r"on the same device|on the expected device|is on .*, but|Cannot copy out of"),
        "make new tensors on the device of the inputs",
    ),
    (
        re.compile(
            r"must have the same dtype|expected scalar type|"
            r"expected m1 and m2|got .* for .*dtype|Expected tensor for argument .* to have .* scalar types?"
        ),
        "the numbers have different types: ids are `.long()`, what is multiplied is `.float()`",
    ),
    (
        re.compile(r"index out of range in self|out of bounds for dimension"),
        "an index is as large as the axis that it points into, or larger: they begin with 0",
    ),
    (
        re.compile(r"NoneType"),
        "None was used as if it were a result: does every function that is called here end in a `return`?",
    ),
    (
        re.compile(
            r"'(?:tuple|list)' object has no attribute|"
            r"must be Tensor, not (?:tuple|list)|values to unpack"
        ),
        "a function or a layer gives several results, or one: unpack as many as there are",
    ),
    (
        re.compile(r"local variable '\w+' where it is not associated|referenced before assignment"),
        "the name has no value yet on this way through the code: set it before the `if` or the loop",
    ),
)


def advise(message: str) -> str:
    """Return what to try after an exception with this message; empty where nothing fits."""
    text = message[:2000]
    return next((hint for pattern, hint in _ADVICE if pattern.search(text)), "")


def explain_shape(found: list[int], expected: list[int]) -> str:
    """Return what to try where a shape differs from the expected one; empty where nothing fits."""
    if sorted(found) == sorted(expected):
        return "the axes are in another order: `transpose` or `permute` moves them"
    if [size for size in found if size != 1] == [size for size in expected if size != 1]:
        if len(found) > len(expected):
            return "there is an axis of size 1 too many: `squeeze` or an index takes one away"
        return "an axis of size 1 is missing: `unsqueeze` adds one"
    return ""


def explain_dtype(found: str, expected: str) -> str:
    """Return what to try where a dtype differs from the expected one; empty where nothing fits."""
    if found == "float64" and "float" in expected:
        return "arrays of numpy and `.double()` bring float64 in: `.float()` leads back"
    if "int" in found and "float" in expected:
        return "whole numbers cannot carry a gradient: `.float()` makes decimal numbers of them"
    if "float" in found and "int" in expected:
        return "ids and counts are whole numbers: `.long()`"
    return ""


def explain_kind(actual: Any) -> str:
    """Return what to try where a tensor or an array was expected; empty where nothing fits."""
    if isinstance(actual, dict):
        return "the output of a model has several parts: take the one that is asked for"
    if isinstance(actual, (list, tuple)):
        return (
            "is there a comma too many? A layer such as `nn.LSTM` returns its outputs and its state: take one of them"
        )
    return ""
