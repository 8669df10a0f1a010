"""Turn what a submission raised into a verdict and a sentence that helps.

Types and messages come from the jail: claims, used as text.
"""

import ast
import copy
import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import FunctionType, ModuleType

from grader.examiner.advice import advise
from grader.examiner.near_names import find_near_names
from grader.examiner.stubs import Stub
from grader.model.marks import SENTINEL
from grader.model.submission import Submission
from grader.model.text import shorten
from grader.model.verdict import SubmissionError, Verdict
from grader.wire.messages import Call, Raised, Request

MAX_MESSAGE = 300
MAX_SIGNATURE = 1000
MAX_LINE = 1000
# Only the text of torch's errors says that memory ran out.
NO_MEMORY = re.compile(r"can't allocate memory|out of memory|cannot allocate memory|bad_alloc", re.IGNORECASE)
UNKNOWN_ATTRIBUTE = re.compile(r"^'(\w+)' object has no attribute '(\w+)'")
# Within one line: `\s*` would go on over blank lines.
METHOD = re.compile(r"^[ \t]+def (\w{1,60})\b", re.MULTILINE)
OWN_ATTRIBUTE = re.compile(r"\bself\.(\w{1,60}) ?=[^=]")
UNKNOWN_NAME = re.compile(r"^name '(\w+)' is not defined")
NAME = re.compile(r"[^\W\d]\w*")
NOT_PERMITTED = re.compile(r"^\[Errno (1|13|30)\] ")


@dataclass(frozen=True)
class RaiseContext:
    """The facts about a submission that help to explain what it raised.

    `signatures` are those of the reference, `declared` those of the submission, `stubs` its open ones; `failures` says
    why a name could not be defined.
    """

    submission: Submission
    signatures: Mapping[str, inspect.Signature]
    failures: Mapping[str, str]
    stubs: Sequence[Stub] = ()
    declared: Mapping[str, str] = field(default_factory=dict)


def explain_exception(raised: Raised, request: Request, context: RaiseContext) -> SubmissionError:
    """Return the error that a `Raised` reply stands for."""
    verdict, hint = _find_verdict(raised), ""
    source = context.submission.source
    lines = _read_lines(raised, source)
    text, place = shorten(raised.message, MAX_MESSAGE), describe_place(*lines[-1], context.submission) if lines else ""
    if verdict is Verdict.UNFILLED:
        users = lines[:-1] if _raised_in_sentinel(raised) else lines
        todo = _find_open_todo(context.stubs, users[-1][0]) if users else ""
        message = f"TODO {todo[:60]} is not filled in" if todo else f"a {SENTINEL} is still in the code"
    elif verdict is Verdict.MALFORMED_REPLY:
        message = f"the result could not be sent: {text}"
    elif verdict is Verdict.CRASHED:
        message = f"the code ended the program (SystemExit: {text}){place}"
    else:
        reason = _compare_signatures(raised, request, context) or _name_nearest(raised, context)
        # A name that is not there: often its own statement failed, or was none that is run.
        name = _find_unknown_name(raised)
        if not reason and name in context.failures:
            reason = f"; {name!r} could not be defined: {context.failures[name]}"
        elif not reason and name in context.submission.missing:
            reason = f"; {context.submission.missing[name]}"
        message = f"{raised.kind[:60]}: {text}{place}{reason}"
        # Without a line of its own, the call is wrong, and the reason says how.
        hint = advise(raised.message) if verdict is Verdict.RAISED and lines and not reason else ""
    return SubmissionError(
        verdict,
        message,
        hint=hint,
        exception_type=raised.kind,
        lines=tuple(line for line, _ in lines),
        shapes=_describe_shapes(raised, source.split("\n")[lines[-1][0] - 1]) if lines else "",
        bases=tuple(str(base) for base in raised.bases),
        text=raised.message,
    )


def _find_open_todo(stubs: Iterable[Stub], line: int) -> str:
    return next((stub.todo for stub in stubs if stub.line <= line <= stub.end_line), "")


def _find_verdict(raised: Raised) -> Verdict:
    if raised.kind == "UnsendableReply":
        return Verdict.MALFORMED_REPLY
    # The sentinel raised, or it is not even defined, as in the original lab.
    if _raised_in_sentinel(raised) or _find_unknown_name(raised) == SENTINEL:
        return Verdict.UNFILLED
    if raised.kind in ("MemoryError", "OutOfMemoryError") or NO_MEMORY.search(raised.message):
        return Verdict.OUT_OF_MEMORY
    if raised.kind == "SystemExit":
        return Verdict.CRASHED
    if raised.kind in ("PermissionError", "OSError") and NOT_PERMITTED.search(raised.message):
        return Verdict.FORBIDDEN
    return Verdict.RAISED


def _raised_in_sentinel(raised: Raised) -> bool:
    match raised.lines:
        case [*_, [_, str(function)]]:
            return function == SENTINEL
    return False


def _find_unknown_name(raised: Raised) -> str:
    found = UNKNOWN_NAME.search(raised.message) if raised.kind == "NameError" else None
    return found[1] if found else ""


def _read_lines(raised: Raised, source: str) -> list[tuple[int, str]]:
    """Return the submission's lines and functions on the way, outermost first, as far as the source has them."""
    count = source.count("\n") + 1
    found = []
    for item in raised.lines:
        match item:
            case [int(line), str(function)] if 0 < line <= count:
                found.append((line, function))
    return found


def _describe_shapes(raised: Raised, code: str) -> str:
    """Return the shapes of the names on a line of code, such as `query 3x8, keys 3x5x8`."""
    names = set(NAME.findall(code[:MAX_LINE]))
    found = []
    for item in raised.shapes:
        match item:
            case [str(name), list(sizes)] if name in names and all(type(size) is int for size in sizes):
                found.append(f"{name} {'x'.join(map(str, sizes)) or 'scalar'}")
    return shorten(", ".join(found), MAX_MESSAGE)


def describe_place(line: int, function: str, submission: Submission) -> str:
    """Return the words that lead a student to a line of the submission; none if it has no such line."""
    lines = submission.source.split("\n")
    if not 0 < line <= len(lines):
        return ""
    code = lines[line - 1].strip()
    return f" (in {function[:60]}, {submission.locate(line).describe()}: `{code[:100]}`)"


def _name_nearest(raised: Raised, context: RaiseContext) -> str:
    # An attribute that is not there: the skeleton's method may be there under nearly that name.
    found = UNKNOWN_ATTRIBUTE.search(raised.message) if raised.kind == "AttributeError" else None
    if not found:
        return ""
    source = context.submission.source
    if f"{found[1]}.{found[2]}" not in context.signatures:
        near = find_near_names(found[2], OWN_ATTRIBUTE.findall(source))
        return f"; the nearest is {', '.join(map(repr, near))}" if near else ""
    asked_for = {name.rpartition(".")[2] for name in context.signatures}
    own = (name for name in METHOD.findall(source) if name not in asked_for)
    near = find_near_names(found[2], own)
    return f"; the nearest is {', '.join(map(repr, near))}: restore the skeleton's name" if near else ""


def _compare_signatures(raised: Raised, request: Request, context: RaiseContext) -> str:
    # A TypeError without a single line of the student's was raised by the call itself: the signature differs.
    if raised.kind != "TypeError" or raised.lines or not isinstance(request, Call):
        return ""
    function = raised.message.split("(")[0].removesuffix(".__init__").strip()
    expected = context.signatures.get(function)
    found = context.declared.get(function)
    if expected is None or found is None:
        return ""
    return f"; expected {function}{expected}, found {found}"


def read_signatures(module: ModuleType) -> dict[str, inspect.Signature]:
    """Return the signature of each function, class and method of `module`'s own, without `self` and annotations."""
    signatures = {}
    for name, item in vars(module).items():
        if getattr(item, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(item):
            signatures[name] = _simplify(item, bound=False)
        elif inspect.isclass(item):
            methods = {key: method for key, method in vars(item).items() if inspect.isfunction(method)}
            signatures |= {
                name if key == "__init__" else f"{name}.{key}": _simplify(method, bound=True)
                for key, method in methods.items()
            }
    return signatures


def list_signatures(tree: ast.Module, names: Iterable[str]) -> dict[str, str]:
    """Return how functions, classes and `Class.method`s are declared in a module, without `self` and annotations."""
    found = {}
    for name in names:
        # A default value may be nested deeper than it can be written.
        with suppress(RecursionError):
            found[name] = _find_signature(tree, name)[:MAX_SIGNATURE]
    return {name: signature for name, signature in found.items() if signature}


def find_spans(tree: ast.Module, names: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return the first and the last line of functions, classes and `Class.method`s in a module."""
    spans = {}
    for name in names:
        node = _find_definition(tree, name)[-1]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            spans[name] = (first, node.end_lineno or node.lineno)
    return spans


def _find_definition(tree: ast.Module, name: str) -> list[ast.AST]:
    """Return the module and what leads to a name in it, the definition last; only the module where there is none."""
    way: list[ast.AST] = [tree]
    for part in name.split("."):
        matches = [node for node in getattr(way[-1], "body", []) if getattr(node, "name", None) == part]
        if not matches:
            return [tree]
        way.append(matches[-1])
    return way


def _find_signature(tree: ast.Module, name: str) -> str:
    *outer, scope = _find_definition(tree, name)
    bound = bool(outer) and isinstance(outer[-1], ast.ClassDef)
    if isinstance(scope, ast.ClassDef):
        bound = True
        scope = next((node for node in scope.body if getattr(node, "name", "") == "__init__"), scope)
    if not isinstance(scope, ast.FunctionDef):
        return ""
    arguments = copy.deepcopy(scope.args)
    for item in ast.walk(arguments):
        if isinstance(item, ast.arg):
            item.annotation = None
    first = arguments.posonlyargs or arguments.args
    del first[: int(bound)]
    return f"{name}({ast.unparse(arguments)})"


def _simplify(function: FunctionType, *, bound: bool) -> inspect.Signature:
    parameters = list(inspect.signature(function).parameters.values())[bound:]
    return inspect.Signature([item.replace(annotation=item.empty) for item in parameters])
