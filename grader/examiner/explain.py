"""What a submission raised -> its verdict and a sentence that helps.

Types and messages come from the jail: claims, used as text.
"""

import ast
import inspect
import re
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING

from grader.model.submission import Submission
from grader.model.verdict import SubmissionError, Verdict
from grader.wire.messages import Call, Raised, Request

if TYPE_CHECKING:
    from grader.examiner.proxy import SubmissionSession

MAX_MESSAGE = 300
OPEN_STUB = re.compile(r"TODO (\S+) is not filled in")
NO_MEMORY = re.compile(r"can't allocate memory|out of memory|cannot allocate memory|bad_alloc", re.IGNORECASE)
# After these the driver refuses every further call of the process, whoever's mistake that one would be.
STICKY = re.compile(r"CUDA error: |CUBLAS_STATUS_|CUDNN_STATUS_")
UNKNOWN_NAME = re.compile(r"^name '(\w+)' is not defined")
NOT_PERMITTED = re.compile(r"^\[Errno (1|13|30)\] ")


def explain_exception(raised: Raised, request: Request, subject: "SubmissionSession") -> SubmissionError:
    """The mishap that a `Raised` reply stands for."""
    verdict = _find_verdict(raised)
    text, place = _shorten(raised.message), _describe_place(raised, subject.submission)
    if verdict is Verdict.UNFILLED:
        found = OPEN_STUB.search(raised.message)
        return SubmissionError(
            verdict, f"TODO {found[1][:60]} is not filled in" if found else "a FIXME is still in the code"
        )
    if verdict is Verdict.MALFORMED_REPLY:
        return SubmissionError(verdict, f"the result could not be sent: {text}")
    if verdict is Verdict.CRASHED:
        return SubmissionError(verdict, f"the code ended the program (SystemExit: {text}){place}")
    reason = _compare_signatures(raised, request, subject) or _explain_name(raised, subject)
    return SubmissionError(verdict, f"{raised.kind[:60]}: {text}{place}{reason}")


def ends_its_process(raised: Raised) -> bool:
    """Whether the process that raised this is of no use to another test."""
    return bool(STICKY.search(raised.message))


def _find_verdict(raised: Raised) -> Verdict:
    if raised.kind == "UnsendableReply":
        return Verdict.MALFORMED_REPLY
    if OPEN_STUB.search(raised.message) and raised.kind == "NotImplementedError":
        return Verdict.UNFILLED
    if raised.kind == "NameError" and "'FIXME'" in raised.message:
        return Verdict.UNFILLED
    if raised.kind in ("MemoryError", "OutOfMemoryError") or NO_MEMORY.search(raised.message):
        return Verdict.OUT_OF_MEMORY
    if raised.kind == "SystemExit":
        return Verdict.CRASHED
    if raised.kind in ("PermissionError", "OSError") and NOT_PERMITTED.search(raised.message):
        return Verdict.FORBIDDEN
    return Verdict.RAISED


def _describe_place(raised: Raised, submission: Submission) -> str:
    match raised.lines:
        case [*_, [int(line), str(function)]] if 0 < line <= submission.source.count("\n") + 1:
            code = submission.source.splitlines()[line - 1].strip()
            return f" (in {function[:60]}, {submission.locate(line).describe()}: `{code[:100]}`)"
    return ""


def _compare_signatures(raised: Raised, request: Request, subject: "SubmissionSession") -> str:
    # A TypeError without a single line of the student's was raised by the call itself: the signature differs.
    if raised.kind != "TypeError" or raised.lines or not isinstance(request, Call):
        return ""
    function = raised.message.split("(")[0].removesuffix(".__init__").strip()
    expected = subject.signatures.get(function)
    found = find_signature(subject.submission.source, function)
    if expected is None or found is None:
        return ""
    return f"; expected {function}{expected}, found {found}"


def _explain_name(raised: Raised, subject: "SubmissionSession") -> str:
    # A name that is not there: often its own statement failed, or was none that is run.
    found = UNKNOWN_NAME.search(raised.message) if raised.kind == "NameError" else None
    name = found[1] if found else ""
    if name in subject.failures:
        return f"; {name!r} could not be defined: {subject.failures[name]}"
    return f"; {subject.submission.missing[name]}" if name in subject.submission.missing else ""


def read_signatures(module: ModuleType) -> dict[str, inspect.Signature]:
    """How each function, class and method that `module` itself defines is called, without `self` and annotations."""
    signatures = {}
    for name, item in vars(module).items():
        if getattr(item, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(item):
            signatures[name] = _simplify(item, bound=False)
        elif inspect.isclass(item):
            methods = {key: method for key, method in vars(item).items() if inspect.isfunction(method)}
            signatures |= {_name_call(name, key): _simplify(method, bound=True) for key, method in methods.items()}
    return signatures


def find_signature(source: str, name: str) -> str | None:
    """How a function, a class or `Class.method` is declared in `source`, without `self` and annotations."""
    scope: ast.AST = ast.parse(source)
    bound = False
    for part in name.split("."):
        bound = isinstance(scope, ast.ClassDef)
        matches = [node for node in getattr(scope, "body", []) if getattr(node, "name", None) == part]
        if not matches:
            return None
        scope = matches[-1]
    if isinstance(scope, ast.ClassDef):
        bound = True
        scope = next((node for node in scope.body if getattr(node, "name", "") == "__init__"), scope)
    return f"{name}({_write_parameters(scope.args, bound=bound)})" if isinstance(scope, ast.FunctionDef) else None


def _name_call(owner: str, method: str) -> str:
    return owner if method == "__init__" else f"{owner}.{method}"


def _simplify(function: FunctionType, *, bound: bool) -> inspect.Signature:
    parameters = list(inspect.signature(function).parameters.values())[bound:]
    return inspect.Signature([item.replace(annotation=item.empty) for item in parameters])


def _write_parameters(parameters: ast.arguments, *, bound: bool) -> str:
    for item in ast.walk(parameters):
        if isinstance(item, ast.arg):
            item.annotation = None
    first = parameters.posonlyargs or parameters.args
    del first[: int(bound)]
    return ast.unparse(parameters)


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_MESSAGE else line[: MAX_MESSAGE - 1] + "…"
