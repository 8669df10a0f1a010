"""Have a student's source inspected behind the wall. The answer is a claim: it is checked like any reply."""

import functools
import unicodedata
from collections.abc import Mapping

from pydantic import TypeAdapter

from grader.examiner.canonical import MAX_LENGTH, Canon
from grader.examiner.explain import MAX_SIGNATURE
from grader.examiner.fragments import MAX_FRAGMENTS, Place
from grader.examiner.regions import list_shared_todos
from grader.examiner.source_findings import MADE_UP, MAX_ODDITIES, MAX_UNCLEAR, Inspection, Rules, SharedFunction
from grader.examiner.stubs import Stub
from grader.model.errors import SubmissionRefused
from grader.model.marks import SENTINEL
from grader.model.submission import Submission
from grader.sandbox.channel import JailChannel
from grader.sandbox.isolation import Isolation
from grader.sandbox.reader import open_reader
from grader.wire.frames import Frame

MAX_TEXT = 1000
DIGEST_LENGTH = 24
UNUSABLE = "the source was not inspected: what was found cannot be used; hand in the assignment's code only"

_INSPECTION = TypeAdapter(Inspection)
_FRAGMENTS = TypeAdapter(dict[str, Place])


def inspect_submission(submission: Submission, rules: Rules, isolation: Isolation | None) -> Inspection:
    """Return the findings in a submission's source. Raises SubmissionRefused where to inspect it takes too much."""
    header = {
        "do": "inspect",
        "name": "the source",
        "todos": [todo.model_dump(mode="json") for todo in rules.todos],
        "reference": rules.reference,
        "signatures": rules.signatures,
    }
    reply = open_reader(isolation).ask(header, submission.source.encode(), _Objects(rules).answer)
    try:
        inspection = _INSPECTION.validate_json(reply)
        _check_inspection(inspection, submission.source, rules)
    except ValueError as error:  # pydantic's own among them
        raise SubmissionRefused(UNUSABLE) from error
    return inspection


def list_fragments(source: str, isolation: Isolation | None) -> Mapping[str, Place]:
    """Return the fragments of a source. Raises SubmissionRefused where to read it takes too much."""
    reply = open_reader(isolation).ask({"do": "fragments", "name": "the source"}, source.encode())
    try:
        fragments = _FRAGMENTS.validate_json(reply)
        lines = source.count("\n") + 1
        _require(len(fragments) <= MAX_FRAGMENTS and all(len(digest) == DIGEST_LENGTH for digest in fragments))
        _require(all(0 <= place.first <= place.end <= lines + 1 for place in fragments.values()))
        _require(all(len(place.function) <= MAX_TEXT for place in fragments.values()))
    except ValueError as error:
        raise SubmissionRefused(UNUSABLE) from error
    return fragments


class _Objects:
    """The objects of this process, asked for by name."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    @functools.cached_property
    def _canon(self) -> Canon:
        from grader.examiner.forbidden_names import make_canon  # where a source asks for the first name

        return make_canon([todo for todo in self._rules.todos if todo.forbid])

    def answer(self, _: JailChannel, question: Frame) -> Frame | None:
        """Return the answer to a question; None where it is none."""
        match question.header:
            case {"owner": str(owner), "name": str(name)} if len(owner) + len(name) < MAX_LENGTH:
                return Frame({"found": self._canon.step(owner, name)})
        return None


def _check_inspection(found: Inspection, source: str, rules: Rules) -> None:
    """Raise ValueError for what no inspection of this source finds."""
    lines = [line.encode() for line in source.split("\n")]
    allowed = {todo.id: {*todo.forbid, MADE_UP} for todo in rules.todos}
    _require(all(use.name in allowed.get(todo, ()) for todo, use in found.uses.items()))
    _require(len(found.unclear) <= MAX_UNCLEAR and len(found.oddities) <= MAX_ODDITIES)
    _require(all(one.todo in allowed for one in found.unclear))
    lines_named = [use.line for use in found.uses.values()] + [one.line for one in found.unclear]
    lines_named += [one.line for one in found.oddities]
    _require(all(0 <= line <= len(lines) for line in lines_named))
    texts = [one.what for one in found.unclear] + [one.what for one in found.oddities]
    _require(all(len(text) <= MAX_TEXT for text in texts))
    _require(found.more_unclear >= 0 and found.more_oddities >= 0)
    _require(set(found.signatures) <= set(rules.signatures))
    _require(all(len(text) <= MAX_SIGNATURE for text in found.signatures.values()))
    _require(set(found.spans) <= {place for todo in rules.todos for place in todo.where})
    _require(all(1 <= first <= last <= len(lines) for first, last in found.spans.values()))
    _require(set(found.outside) <= set(allowed))
    _require(all(1 <= read.line <= len(lines) and len(read.name) <= MAX_TEXT for read in found.outside.values()))
    for stub in found.stubs:
        _check_stub(stub, lines)
    _check_functions(found.functions, lines, rules)


def _check_stub(stub: Stub, lines: list[bytes]) -> None:
    # Filled is only what is a stub: a fill is text of the course.
    _require(1 <= stub.line <= stub.end_line <= len(lines))
    if stub.line == stub.end_line:
        _require(0 <= stub.begin < stub.end)
        _require(SENTINEL in unicodedata.normalize("NFKC", lines[stub.line - 1][stub.begin : stub.end].decode()))


def _check_functions(found: Mapping[str, SharedFunction], lines: list[bytes], rules: Rules) -> None:
    todos = list_shared_todos(rules.todos, rules.reference)
    _require(set(found) <= {todo.place for todo in todos})
    for function in found.values():
        _require(1 <= function.first <= function.last <= len(lines))
        _require(all(function.first <= line <= function.last for line in function.comments))
        at = function.first
        for statement in function.statements:
            # Statements on one line share it.
            _require(at <= statement.first <= statement.last <= function.last and statement.column >= 0)
            _require(statement.column <= len(lines[statement.first - 1]))
            at = statement.last


def _require(condition: bool) -> None:
    if not condition:
        raise ValueError("no reply to this question")
