"""Answer the examiner's requests with a submission's own objects."""

import faulthandler
import functools
import math
import signal
import socket
import sys
from dataclasses import dataclass, field
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from grader.jail.loader import Definitions, Leftover, compile_definitions, describe, find_lines, find_shapes
from grader.jail.randomness import seed_everything, seed_started, separate_randomness
from grader.wire.codec import Decoder, Encoder
from grader.wire.frames import Frame, Inbox, ProtocolError, pack_frame, read_frame
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
    Message,
    Put,
    Raised,
    Reply,
    pack_message,
    unpack_message,
)

if TYPE_CHECKING:
    import torch

FIRST_HANDLE = 10
MAX_BASES = 10
# Bytes of replies that may wait to be sent together.
MOST_WAITING = 1 << 20


@dataclass
class Graph:
    """The tensors that one call received and returned: the ends of an autograd graph that stays in the jail."""

    inputs: "list[torch.Tensor]"
    outputs: "list[torch.Tensor]"


@dataclass
class Server:
    """Hold one loaded submission, and answer one request at a time."""

    definitions: Definitions | None = None
    poison: list[str] = field(default_factory=list)
    objects: dict[int, Any] = field(default_factory=dict)
    handles: dict[int, int] = field(default_factory=dict)
    graphs: dict[int, Graph] = field(default_factory=dict)
    received: "list[torch.Tensor]" = field(default_factory=list)

    def answer(self, frame: Frame) -> Frame:
        """Return the reply to a request. Everything that goes wrong becomes a `Raised`."""
        seq = frame.header["seq"]
        self.received = []
        encoder = Encoder(self._refer)
        try:
            request = unpack_message(frame, Decoder(frame.block, lambda body: self._find(body["id"]), self._adopt))
            result = self._carry_out(request)
            if "keep" in frame.header:
                self.objects[-seq] = getattr(result, "value", None)
                result = Done(None)
            reply = pack_message(result, seq, encoder)
        except ProtocolError as error:
            return self.refuse_reply(seq, error)
        except BaseException as error:  # noqa: BLE001 - student code may raise anything; the examiner judges it
            module = self.definitions.module if self.definitions else ""
            bases = [base.__name__[:100] for base in type.mro(type(error))[1:-1]]
            lines, shapes = find_lines(error, module), find_shapes(error, module)
            raised = Raised(type(error).__name__[:100], describe(error), lines, bases[:MAX_BASES], shapes)
            return pack_message(raised, seq, Encoder(self._refer))
        if any(tensor.requires_grad for tensor in encoder.tensors):
            self.graphs[seq] = Graph(self.received, encoder.tensors)
        return reply

    def refuse_reply(self, seq: int, error: ProtocolError) -> Frame:
        """Return the reply to a request whose result cannot be sent."""
        return pack_message(Raised("UnsendableReply", str(error), []), seq, Encoder(self._refer))

    def _carry_out(self, request: Message) -> Reply:
        match request:
            case Load():
                return self._load(request)
            case Begin():
                return self._begin(request)
            case Get():
                return Done(getattr(self._find(request.target), request.name))
            case Put():
                setattr(self._find(request.target), request.name, request.value)
                return Done(None)
            case Call():
                target = self._find(request.target)
                function = getattr(target, request.name) if request.name else target
                return Done(function(*request.args, **request.kwargs))
            case Define():
                return Done(_run_stand_in(request))
            case Backward():
                return self._send_backward(request)
            case Gradients():
                parameters = self._find(request.target).named_parameters()
                return Done({name: parameter.grad for name, parameter in parameters})
            case Loaded() | Done() | Raised():
                raise TypeError("a reply where a request was expected")

    def _load(self, load: Load) -> Loaded:
        if "torch" in sys.modules:
            # A compiler would need another program and seconds of work; code that is compiled only runs faster.
            vars(sys.modules["torch"])["compile"] = _compile_nothing
        sys.modules.setdefault(PlainBars.NAME, PlainBars(PlainBars.NAME))
        previous, self.definitions = self.definitions, None
        definitions = compile_definitions(load.source, load.module, load.expected)
        if previous:
            definitions.take_over(previous)
        self.definitions, self.poison = definitions, load.poison
        self._begin(Begin(seed=0))
        return Loaded(definitions.describe_failures())

    def _begin(self, begin: Begin) -> Done:
        self.objects.clear()
        self.handles.clear()
        self.graphs.clear()
        if self.definitions:
            # Now, since this request is not charged to the test; and before the seed, so that random numbers drawn at
            # the top level do not shift those of the test.
            seed_started(0)
            self.objects[MODULE] = self.definitions.make_module([])
        seed_everything(begin.seed)
        return Done(None)

    def _find(self, target: int) -> Any:
        if target in (MODULE, POISONED) and target not in self.objects:
            if self.definitions is None:
                raise ProtocolError("nothing is loaded")
            with separate_randomness():
                self.objects[target] = self.definitions.make_module(self.poison)
        return self.objects[target]

    def _send_backward(self, backward: Backward) -> Done:
        import torch

        graph = self.graphs[backward.call]
        for tensor in graph.inputs:
            tensor.grad = None
        # A scalar product first: given gradients for tensors, torch would import its symbolic shapes, seconds of work.
        # Grad mode is off where this is called from inside another backward, as it is in process.
        with torch.enable_grad():
            products = [(graph.outputs[index] * gradient).sum() for index, gradient in backward.grads.items()]
            torch.stack(products).sum().backward(retain_graph=True)
        return Done([tensor.grad for tensor in graph.inputs])

    def _refer(self, value: Any) -> dict[str, Any]:
        number = self.handles.get(id(value))
        if number is None:
            number = FIRST_HANDLE + len(self.handles)
            self.handles[id(value)] = number
            self.objects[number] = value
        return {"id": number, "type": _describe_type(value)[:100]}

    def _adopt(self, tensor: "torch.Tensor", body: dict[str, Any]) -> "torch.Tensor":
        tensor = tensor.to(body["device"])
        if body.get("grad"):
            tensor.requires_grad_()
            self.received.append(tensor)
        return tensor


class PlainBars(ModuleType):
    """Stand in for `tqdm.notebook`, whose bars need a browser: the plain bars of tqdm itself."""

    NAME = "tqdm.notebook"

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.modules["tqdm"], name)


def _describe_type(value: Any) -> str:
    if isinstance(value, Leftover):
        return f"leftover {value.leftover_name}"
    if isinstance(value, (type, FunctionType, BuiltinFunctionType)):
        return f"{'class' if isinstance(value, type) else 'function'} {value.__name__}"
    return type(value).__name__


def _compile_nothing(model: Any = None, **options: Any) -> Any:
    """Stand in for `torch.compile`, called as a function or as a decorator."""
    return model if model is not None else lambda function: function


def serve(connection: socket.socket) -> None:
    """Answer requests until the examiner hangs up. Requests that came together are answered together."""
    server = Server()
    inbox = Inbox(connection.recv)
    # Code that overruns is asked where it is. This answers in the middle of a call to C as well.
    faulthandler.register(signal.SIGUSR1, file=connection, all_threads=False)
    replies = bytearray()
    while True:
        try:
            frame = read_frame(inbox.read_exactly)
        except EOFError:
            return
        try:
            replies += pack_frame(server.answer(frame))
        except ProtocolError as error:
            replies += pack_frame(server.refuse_reply(frame.header["seq"], error))
        if inbox.is_empty or len(replies) > MOST_WAITING:
            connection.sendall(replies)
            replies.clear()


def warm_up(device: str) -> None:
    """Do in the zygote what every child would have to do first."""
    torch = sys.modules.get("torch")
    if torch is None:
        return
    torch.set_num_threads(1)
    # For the small tensors of a test oneDNN's set-up costs far more than it saves; the examiner does the same.
    torch.backends.mkldnn.set_flags(False)
    from grader.jail.sample import serve_sample  # which uses this module
    from grader.wire.virtual_device import NAME, set_up_virtual_device

    if device.startswith(NAME):
        set_up_virtual_device()
    # The first backward starts a thread for each device but the CPU, and asks CUDA for its number: children's work.
    serve_sample("cpu", backward=device == "cpu")
    if device.startswith(NAME):
        serve_sample(device, backward=False)


def _run_stand_in(define: Define) -> Any:
    namespace: dict[str, Any] = {"math": math}
    torch, numpy = sys.modules.get("torch"), sys.modules.get("numpy")
    if torch is not None:
        namespace |= {"torch": torch, "nn": torch.nn, "F": torch.nn.functional}
    if numpy is not None:
        namespace |= {"np": numpy}
    exec(_compile_stand_in(define.source), namespace)
    return namespace[define.name]


@functools.cache
def _compile_stand_in(source: str) -> CodeType:
    # Compiled once: most tests of a suite carry the same few in.
    return compile(source, "<stand-in>", "exec", dont_inherit=True)
