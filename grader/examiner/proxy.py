"""`student`: a submission that lives elsewhere, used as if it were a module here.

Made for each submission; hidden tests see it through the plugin's fixtures. Calls travel over the channel; tensors,
numbers, strings, lists, tuples and dicts come back as themselves, anything else as a `RemoteObject`. A result that
depends on a tensor with `requires_grad` carries a gradient back into the jail.
"""

import functools
import inspect
import itertools
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from grader.examiner.explain import ends_its_process, explain_exception
from grader.examiner.stubs import fill_stubs
from grader.model.assignment import Assignment
from grader.model.errors import GraderFault
from grader.model.submission import Submission
from grader.model.verdict import SubmissionError, Verdict
from grader.wire.codec import Decoder, Encoder
from grader.wire.frames import Frame, ProtocolError
from grader.wire.messages import (
    MODULE,
    POISONED,
    Backward,
    Begin,
    Call,
    Define,
    Done,
    Get,
    Gradients,
    Load,
    Loaded,
    Put,
    Raised,
    Reply,
    Request,
    pack_message,
    unpack_message,
)

if TYPE_CHECKING:
    from grader.sandbox.channel import Channel  # it needs what only Linux has; a student's own check runs anywhere

MAX_ITEMS = 100_000
# Methods that give the module itself, or what nobody reads.
CHAINED = frozenset({"eval", "load_state_dict", "to", "train", "zero_grad"})
MODULE_METHODS = CHAINED | {"state_dict", "parameters", "forward"}


class SubmissionSession:
    """One submission under examination: its channel, what of it is loaded, and what did not load."""

    def __init__(self, submission: Submission, assignment: Assignment, channel: "Channel", devices: set[str]) -> None:
        self.submission = submission
        self.assignment = assignment
        self.channel = channel
        self.devices = devices
        self.failures: dict[str, str] = {}
        self.signatures: Mapping[str, inspect.Signature] = {}
        self._fills = {todo.id: todo.fill for todo in assignment.todos if todo.fill}
        self._sources: dict[str, str] = {}
        self._loaded: str | None = None
        self._numbers = itertools.count(1)
        self._posted: list[_Sent] = []

    def begin(self, todo_id: str, seed: int) -> None:
        """Start a test of one TODO: fresh clocks, fresh definitions, and the other TODOs' open stubs filled."""
        self._posted = []
        source = self._prepare_source(todo_id)
        if self.channel.start_test() or source != self._loaded:
            self._loaded = None
            self._load(source)
        # Counted within a test: what it sends must not depend on the tests before it (see `examiner.replay`).
        self._numbers = itertools.count(1)
        self.post(Begin(seed))

    def settle(self) -> None:
        """End a test: have carried out what was only posted. Raises Mishap as `request` does."""
        if self._posted:
            self._exchange()

    def _prepare_source(self, todo_id: str) -> str:
        # Parsing costs more than a whole test; a submission has few TODOs and many tests.
        if todo_id not in self._sources:
            self._sources[todo_id] = fill_stubs(self.submission.source, keep=todo_id, fills=self._fills)
        return self._sources[todo_id]

    def request(self, request: Request) -> Any:
        """The value of a reply. Raises Mishap where the submission raised, died, overran or talked nonsense."""
        self._send(request)
        reply = self._exchange()
        if isinstance(reply, Done):
            return reply.value
        raise SubmissionError(Verdict.MALFORMED_REPLY, "a reply to a question that was not asked")

    def post(self, request: Request) -> int:
        """Leave a request for the next exchange, which raises what it raises. A handle of what it will give."""
        return -self._send(request, keep=True)

    def _send(self, request: Request, *, keep: bool = False) -> int:
        seq = next(self._numbers)
        encoder = Encoder(_refer)
        # Packed at once: what the test does to a tensor afterwards is not meant.
        frame = pack_message(request, seq, encoder, keep=keep)
        self._posted.append(_Sent(request, seq, frame, [tensor for tensor in encoder.tensors if tensor.requires_grad]))
        return seq

    def _exchange(self) -> Reply:
        """Have everything carried out that was sent. The last reply; the first that raised is blamed."""
        sent, self._posted = self._posted, []
        frames = self.channel.ask([item.frame for item in sent])
        for item, frame in zip(sent, frames, strict=True):
            reply = self._read(frame, item)
            if isinstance(reply, Raised):
                if ends_its_process(reply):
                    self._abandon_child()
                raise explain_exception(reply, item.request, self)
        return reply

    def _read(self, frame: Frame, sent: "_Sent") -> Reply:
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
        expected = sorted(self.assignment.defines)
        self._send(Load(source, self.module_name, list(self.assignment.leftovers), expected))
        reply = self._exchange()
        if not isinstance(reply, Loaded):
            raise SubmissionError(Verdict.MALFORMED_REPLY, "a reply to a question that was not asked")
        self._loaded = source
        self.failures = self._read_failures(reply)

    def _read_failures(self, loaded: Loaded) -> dict[str, str]:
        sentences: dict[str, str] = {}
        for failure in loaded.failures:
            match failure:
                case [list(names), str(kind), str(message), int(line)]:
                    place = self.submission.locate(line).describe()
                    sentences |= {name: f"{kind}: {message} ({place})" for name in names if isinstance(name, str)}
                case _:
                    raise SubmissionError(Verdict.MALFORMED_REPLY, "a load report of an unknown form")
        return sentences

    def is_class(self, name: str) -> bool:
        """Whether the course's own module has a class of this name."""
        return any(signature.startswith(f"{name}.") for signature in self.signatures)

    @property
    def module_name(self) -> str:
        """The name that the submission's module has in the jail."""
        return self.assignment.module.removesuffix(".py")

    def _resolve(self, body: dict[str, Any]) -> "RemoteObject":
        number, name = body.get("id"), body.get("type")
        if type(number) is not int or not isinstance(name, str):
            raise ProtocolError("a handle without number or type")
        return RemoteObject(self, number, name[:100])

    def _adopter(self, sent: "_Sent") -> Any:
        def adopt(tensor: torch.Tensor, body: dict[str, Any]) -> torch.Tensor:
            device = body.get("device")
            if device not in self.devices:
                raise ProtocolError(f"a tensor on {str(device)[:40]!r}")
            tensor = tensor.to(device)
            if body.get("grad") is not True or not tensor.is_floating_point():
                return tensor
            anchor = torch.zeros((), requires_grad=True)
            connect: Callable[..., torch.Tensor] = _RemoteBackward.apply
            return connect(self, sent.seq, body["i"], tensor, anchor, *sent.inputs)

        return adopt


@dataclass(frozen=True)
class _Sent:
    """A request on its way. `inputs` are those of its tensors that want a gradient."""

    request: Request
    seq: int
    frame: Frame
    inputs: list[torch.Tensor]


class _RemoteBackward(torch.autograd.Function):
    """A result whose graph is in the jail: its gradient is sent there, and the arguments' gradients come back."""

    @staticmethod
    def forward(
        ctx: Any, subject: SubmissionSession, seq: int, index: int, result: torch.Tensor, *inputs: torch.Tensor
    ) -> Any:
        ctx.set_materialize_grads(False)  # no gradient is not a gradient of zeros
        ctx.subject, ctx.seq, ctx.index = subject, seq, index
        ctx.shapes = [tensor.shape for tensor in inputs[1:]]
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor | None) -> Any:
        if gradients[0] is None:
            return (None,) * (5 + len(ctx.shapes))
        returned = ctx.subject.request(Backward(ctx.seq, {ctx.index: gradients[0].contiguous()}))
        return (None, None, None, None, None, *_check_gradients(returned, ctx.shapes))


def _check_gradients(returned: Any, shapes: list[torch.Size]) -> list[torch.Tensor | None]:
    if not isinstance(returned, list) or len(returned) != len(shapes):
        raise SubmissionError(Verdict.MALFORMED_REPLY, "gradients that do not belong to the arguments")
    for gradient, shape in zip(returned, shapes, strict=True):
        if gradient is not None and (not isinstance(gradient, torch.Tensor) or gradient.shape != shape):
            raise SubmissionError(Verdict.MALFORMED_REPLY, "a gradient that is not shaped like its argument")
    return returned


class RemoteObject:
    """An object in the jail: call it, read and set its attributes, pass it back as an argument."""

    def __init__(self, subject: SubmissionSession, handle: int, type_name: str) -> None:
        object.__setattr__(self, "_subject", subject)
        object.__setattr__(self, "_handle", handle)
        object.__setattr__(self, "_type", type_name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._subject.request(Call(self._handle, "", list(args), kwargs))

    def __getattr__(self, name: str) -> Any:
        # Python's own protocols (copy, pickle, numpy, pytest's reprs) ask for these; they are not the student's.
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        if self._has_method(name):
            return LazyAttribute(self._subject, self._handle, name, self._type if name in CHAINED else None)
        return self._subject.request(Get(self._handle, name))

    def _has_method(self, name: str) -> bool:
        # Called in one request instead of two: half of all requests were to find what is about to be called.
        return name in MODULE_METHODS or f"{self._type}.{name}" in self._subject.signatures

    def __setattr__(self, name: str, value: Any) -> None:
        self._subject.post(Put(self._handle, name, value))

    def __repr__(self) -> str:
        return f"<{self._type} in the jail>"

    def __len__(self) -> int:
        try:
            length = self._call_special("__len__")
        except SubmissionError as mishap:
            # `list(...)` asks for the length first, and takes only a TypeError for "it has none".
            if "__len__" in mishap.message:
                raise TypeError(f"a {self._type} has no length") from mishap
            raise
        if type(length) is not int or length < 0:
            raise SubmissionError(Verdict.MALFORMED_REPLY, f"len() of a {self._type} is not a number")
        return int(length)

    def __getitem__(self, key: Any) -> Any:
        return self._call_special("__getitem__", key)

    def __contains__(self, item: Any) -> bool:
        return bool(self._call_special("__contains__", item))

    def __iter__(self) -> Iterator[Any]:
        iterator = self._call_special("__iter__")
        if not isinstance(iterator, RemoteObject):
            raise SubmissionError(Verdict.MALFORMED_REPLY, f"a {self._type} that cannot be iterated over")
        for _ in range(MAX_ITEMS):
            try:
                yield iterator._call_special("__next__")
            except SubmissionError as mishap:
                if "StopIteration" in mishap.message:
                    return
                raise

    def _call_special(self, name: str, *args: Any) -> Any:
        return self._subject.request(Call(self._handle, name, list(args), {}))


class LazyAttribute(RemoteObject):
    """A function, class or method known by its name; the jail is asked for it only when it is called or passed on.

    A call that surely `gives` an object of a known type is only posted: nobody waits for its handle.
    """

    def __init__(self, subject: SubmissionSession, owner: int, name: str, gives: str | None = None) -> None:
        object.__setattr__(self, "_subject", subject)
        object.__setattr__(self, "_owner", owner)
        object.__setattr__(self, "_name", name)
        object.__setattr__(self, "_type", name)
        object.__setattr__(self, "_gives", gives)

    @functools.cached_property
    def _handle(self) -> int:
        found = self._subject.request(Get(self._owner, self._name))
        if not isinstance(found, RemoteObject):
            raise SubmissionError(
                Verdict.FAILED, f"{self._name!r} is a {type(found).__name__}, not a function or a class"
            )
        handle: int = found._handle
        return handle

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        call = Call(self._owner, self._name, list(args), kwargs)
        if self._gives is None:
            return self._subject.request(call)
        return RemoteObject(self._subject, self._subject.post(call), self._gives)


class StudentProxy(RemoteObject):
    """The submission's module."""

    def __init__(self, subject: SubmissionSession, handle: int = MODULE) -> None:
        super().__init__(subject, handle, "module")

    def __getattr__(self, name: str) -> Any:
        subject: SubmissionSession = self._subject
        if name in subject.failures:
            raise SubmissionError(Verdict.RAISED, f"{name!r} could not be defined: {subject.failures[name]}")
        if name not in subject.submission.definitions:
            raise SubmissionError(Verdict.FAILED, _explain_missing(name, subject.submission))
        if name in subject.signatures:
            return LazyAttribute(subject, self._handle, name, name if subject.is_class(name) else None)
        return subject.request(Get(self._handle, name))

    def define(self, stand_in: Callable[..., Any]) -> Any:
        """Carry a class or function into the jail as source text, and give it back as a remote one."""
        return _define(self._subject, stand_in)

    def replace(self, **stand_ins: Any) -> None:
        """Bind names inside the submission to stand-ins, for this test only."""
        for name, stand_in in stand_ins.items():
            remote = stand_in if isinstance(stand_in, RemoteObject) else self.define(stand_in)
            self._subject.post(Put(self._handle, name, remote))


def _define(subject: SubmissionSession, stand_in: Callable[..., Any]) -> RemoteObject:
    handle = subject.post(Define(stand_in.__name__, _read_source(stand_in)))
    return RemoteObject(subject, handle, stand_in.__name__)


def state_shapes(module: Any) -> dict[str, tuple[int, ...]] | None:
    """The shapes in the state dict of a module on either side, by name; None where that is no dict of tensors."""
    if not isinstance(module, RemoteObject):
        return read_shapes(module)
    # Read over there: the tensors themselves, of which nothing but the shape is wanted, would have to travel.
    shapes = _define(module._subject, read_shapes)(module)
    if shapes is not None and not (isinstance(shapes, dict) and all(map(_is_shape, shapes.values()))):
        raise SubmissionError(Verdict.MALFORMED_REPLY, "shapes that are none")
    return shapes if shapes is None else {str(name): shape for name, shape in shapes.items()}


def read_shapes(module: torch.nn.Module) -> dict[str, tuple[int, ...]] | None:
    """What `state_shapes` gives; carried into the jail as source text."""
    state = module.state_dict()
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        return None
    return {str(name): tuple(value.shape) for name, value in state.items()}


def _is_shape(shape: Any) -> bool:
    return isinstance(shape, tuple) and all(type(size) is int for size in shape)


def parameter_gradients(module: Any) -> dict[str, torch.Tensor | None]:
    """The gradient of every parameter by name, of a module on either side."""
    if isinstance(module, RemoteObject):
        gradients = module._subject.request(Gradients(module._handle))
        if not isinstance(gradients, dict):
            raise SubmissionError(Verdict.MALFORMED_REPLY, "parameter gradients that are no dict")
        return gradients
    return {name: parameter.grad for name, parameter in module.named_parameters()}


def make_poisoned(subject: SubmissionSession) -> StudentProxy:
    """The same submission, loaded among a notebook's leftover globals."""
    return StudentProxy(subject, POISONED)


@functools.cache
def _read_source(stand_in: Callable[..., Any]) -> str:
    return textwrap.dedent(inspect.getsource(stand_in))


def _refer(value: Any) -> dict[str, Any]:
    if isinstance(value, RemoteObject):
        return {"id": value._handle}
    kind = type(value).__name__
    raise GraderFault(f"a test passes a {kind} to the submission; only plain data and remotes can travel")


def _explain_missing(name: str, submission: Submission) -> str:
    if name in submission.missing:
        return submission.missing[name]
    places = {other: submission.locate(line).describe() for other, line in submission.definitions.items()}
    found = ", ".join(f"{other!r} ({place})" for other, place in places.items())
    return f"no {name!r} was handed in: found {found or 'no definitions at all'}; restore the skeleton's name"
