"""One submission under examination: what was asked of it, what is loaded, and what the replies mean."""

import ast
import inspect
import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from grader.examiner.explain import RaiseContext, explain_exception, list_signatures
from grader.examiner.load_failures import read_failures
from grader.examiner.near_names import explain_missing_name
from grader.examiner.proxy import RemoteObject, refer_to
from grader.examiner.source_findings import Inspection
from grader.examiner.stubs import fill_stubs, list_stubs
from grader.model.assignment import Assignment
from grader.model.submission import Submission
from grader.model.verdict import LoadFailure, MissingDefinition, SubmissionError, Verdict
from grader.wire.codec import Decoder, Encoder
from grader.wire.frames import Frame, ProtocolError
from grader.wire.messages import (
    Begin,
    Call,
    Done,
    Load,
    Loaded,
    Raised,
    Reply,
    Request,
    pack_message,
    unpack_message,
)

if TYPE_CHECKING:
    import torch

    from grader.sandbox.channel import Channel  # it needs what only Linux has; a student's own check runs anywhere

# Where a test is run by hand, pytest shows the test's own lines only.
__tracebackhide__ = True

# After these the CUDA driver refuses every further call of the process, whatever caused them; only their text shows it.
STICKY = re.compile(r"CUDA error: |CUBLAS_STATUS_|CUDNN_STATUS_")


@dataclass(frozen=True)
class _SentRequest:
    """A request on its way. `inputs` are those of its tensors that want a gradient."""

    request: Request
    seq: int
    frame: Frame
    inputs: "list[torch.Tensor]"


class SubmissionSession:
    """One submission under examination: its channel, what of it is loaded, and what did not load.

    `signatures` are those of the reference, where it is known: they save requests and explain wrong calls. Without an
    `inspection` only what the session needs is read, in this process, of code of our own.
    """

    def __init__(
        self,
        submission: Submission,
        assignment: Assignment,
        channel: "Channel",
        *,
        devices: set[str],
        signatures: Mapping[str, inspect.Signature] | None = None,
        inspection: Inspection | None = None,
    ) -> None:
        self.submission = submission
        self.assignment = assignment
        self.channel = channel
        self.devices = devices
        self.signatures = signatures or {}
        if inspection is None:
            tree = ast.parse(submission.source)
            declared = list_signatures(tree, tuple(self.signatures))
            inspection = Inspection(stubs=tuple(list_stubs(tree)), signatures=declared)
        self.inspection = inspection
        self.failures: dict[str, str] = {}
        # The names of the submission that this test has read.
        self.names_read: set[str] = set()
        self._fills = {todo.id: todo.fill for todo in assignment.todos if todo.fill}
        self._sources: dict[str, str] = {}
        self._loaded: str | None = None
        self._numbers = itertools.count(1)
        self._posted: list[_SentRequest] = []
        self.last_call: Call | None = None  # of this test, to show to an author

    def begin(self, todo_id: str, seed: int) -> None:
        """Start a test of one TODO: fresh clocks, fresh definitions, and the other TODOs' open stubs filled."""
        self.start(todo_id)
        # Counted within a test: what it sends must not depend on the tests before it (see `examiner.replay`).
        self._numbers = itertools.count(1)
        self.post(Begin(seed))

    def start(self, todo_id: str) -> None:
        """Start the clocks of a test of one TODO, with the submission loaded for it."""
        self._posted, self.last_call = [], None
        self.names_read = set()
        source = self._choose_source(todo_id)
        if self.channel.start_test() or source != self._loaded:
            self._loaded = None
            self._load(source)

    def can_use(self, name: str) -> bool:
        """Tell whether the submission defines a name."""
        return name in self.submission.definitions and name not in self.failures

    def require(self, name: str) -> None:
        """Note that the test reads a name of the submission. Raises SubmissionError if it is not there."""
        self.names_read.add(name)
        if self.can_use(name):
            return
        submission = self.submission
        if name in self.failures:
            raise LoadFailure(Verdict.RAISED, f"{name!r} could not be defined: {self.failures[name]}")
        # What has a name of the skeleton's is not this one under another name.
        known = {*self.assignment.defines, *self.signatures}
        others = {other: line for other, line in submission.definitions.items() if other not in known}
        places = {other: submission.locate(line).describe() for other, line in others.items()}
        reason = submission.missing.get(name, "")
        raise MissingDefinition(Verdict.FAILED, explain_missing_name(name, places, reason))

    def fill_neighbours(self, todo_id: str, raised: BaseException | None) -> bool:
        """Fill other TODOs whose lines made a test of `todo_id` raise or run on. Return whether there were any.

        They stay filled for the other tests of `todo_id`.
        """
        functions = self.inspection.functions
        if not functions or not isinstance(raised, SubmissionError):
            return False
        from grader.examiner.regions import find_costly_regions, list_shared_todos  # for functions with several TODOs

        source = self._choose_source(todo_id)
        todos = list_shared_todos(self.assignment.todos, self.assignment.read_reference())
        for region in find_costly_regions(source, functions, raised, todos, judged=todo_id):
            source = region.fill(source)
        is_new = source != self._sources[todo_id]
        self._sources[todo_id] = source
        return is_new

    def _choose_source(self, todo_id: str) -> str:
        """Return the submission as the tests of a TODO load it: with others filled."""
        if todo_id not in self._sources:
            stubs = self.inspection.stubs
            self._sources[todo_id] = fill_stubs(self.submission.source, stubs, keep=todo_id, fills=self._fills)
        return self._sources[todo_id]

    def settle(self) -> None:
        """End a test: carry out what was only posted. Raises SubmissionError as `request` does."""
        if self._posted:
            self._exchange()

    def request(self, request: Request) -> Any:
        """Return the value of the reply. Raises SubmissionError if the submission raised, died, overran or sent no
        proper reply."""
        self._send(request)
        reply = self._exchange()
        if isinstance(reply, Done):
            return reply.value
        raise SubmissionError(Verdict.MALFORMED_REPLY, "a reply to a question that was not asked")

    def post(self, request: Request) -> int:
        """Leave a request for the next exchange, which raises what it raises. Return the handle of its result."""
        return -self._send(request, keep=True)

    def _send(self, request: Request, *, keep: bool = False) -> int:
        seq = next(self._numbers)
        self.last_call = request if isinstance(request, Call) else self.last_call
        encoder = Encoder(refer_to)
        # Packed at once: later changes of a tensor by the test are not meant for this request.
        frame = pack_message(request, seq, encoder, keep=keep)
        inputs = [tensor for tensor in encoder.tensors if tensor.requires_grad]
        self._posted.append(_SentRequest(request, seq, frame, inputs))
        return seq

    def _exchange(self) -> Reply:
        """Have every sent request carried out. Return the last reply, or raise for the first that raised."""
        sent, self._posted = self._posted, []
        frames = self.channel.ask([item.frame for item in sent])
        for item, frame in zip(sent, frames, strict=True):
            reply = self._read(frame, item)
            if isinstance(reply, Raised):
                if STICKY.search(reply.message):
                    self._abandon_child()
                found = self.inspection
                context = RaiseContext(
                    self.submission, self.signatures, self.failures, stubs=found.stubs, declared=found.signatures
                )
                raise explain_exception(reply, item.request, context)
        return reply

    def _read(self, frame: Frame, sent: _SentRequest) -> Reply:
        try:
            if frame.header.get("seq") != sent.seq:
                raise ProtocolError("a reply out of turn")
            message = unpack_message(frame, Decoder(frame.block, self._resolve, self._adopter(sent)))
        except ProtocolError as error:
            self._abandon_child()
            raise SubmissionError(Verdict.MALFORMED_REPLY, f"the reply could not be read: {error}") from error
        if not isinstance(message, Loaded | Done | Raised):
            raise SubmissionError(Verdict.MALFORMED_REPLY, "a request where a reply was expected")
        return message

    def _abandon_child(self) -> None:
        self.channel.close()
        self._loaded = None

    def _load(self, source: str) -> None:
        self._numbers = itertools.count()
        module = self.assignment.module.removesuffix(".py")
        expected = sorted(self.assignment.defines)
        self._send(Load(source, module, list(self.assignment.leftovers), expected))
        reply = self._exchange()
        if not isinstance(reply, Loaded):
            raise SubmissionError(Verdict.MALFORMED_REPLY, "a reply to a question that was not asked")
        self._loaded = source
        self.failures = read_failures(reply, source, self.submission)

    def _resolve(self, body: dict[str, Any]) -> RemoteObject:
        number, name = body.get("id"), body.get("type")
        if type(number) is not int or not isinstance(name, str):
            raise ProtocolError("a handle without number or type")
        return RemoteObject(self, number, name[:100])

    def _adopter(self, sent: _SentRequest) -> "Callable[[torch.Tensor, dict[str, Any]], torch.Tensor]":
        def adopt(tensor: "torch.Tensor", body: dict[str, Any]) -> "torch.Tensor":
            device = body.get("device")
            if device not in self.devices:
                raise ProtocolError(f"a tensor on {str(device)[:40]!r}")
            tensor = tensor.to(device)
            if body.get("grad") is not True or not tensor.is_floating_point():
                return tensor
            from grader.examiner.autograd import connect_result  # which imports torch

            connected: torch.Tensor = connect_result(self.request, sent.seq, body["i"], tensor, sent.inputs)
            return connected

        return adopt
