"""The protocol of the channel: the requests of the examiner and the replies of the jail.

Each request gets exactly one reply with the same `seq`. Objects stay in the jail and are named by a handle, a small
number: 0 is the submission's module, 1 the same module loaded among poisoned globals. Several requests may be sent at
once. A request that is marked `keep` gets an empty Done, and the handle `-seq` then names its result. No message holds
a verdict: a reply is what the submission claims to have computed, and only the examiner judges it.
"""

from dataclasses import dataclass, field, fields
from typing import Any

from grader.wire.codec import Decoder, Encoder
from grader.wire.frames import Frame, ProtocolError

MODULE = 0
POISONED = 1


@dataclass(frozen=True)
class Load:
    """Forget everything before and load these definitions; they run statement by statement. -> Loaded

    An import or a computed constant that none of the `expected` names reaches runs only if it is needed later. Without
    `expected` names everything runs.
    """

    source: str
    module: str
    poison: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Begin:
    """Start a test: drop every handle and graph, seed torch and random, run the definitions again. -> Done"""

    seed: int


@dataclass(frozen=True)
class Get:
    """Read an attribute. -> Done"""

    target: int
    name: str


@dataclass(frozen=True)
class Put:
    """Set an attribute. -> Done"""

    target: int
    name: str
    value: Any


@dataclass(frozen=True)
class Call:
    """Call an object, or its method `name`. -> Done"""

    target: int
    name: str
    args: list[Any]
    kwargs: dict[str, Any]


@dataclass(frozen=True)
class Define:
    """Run a stand-in's source text and return the object called `name`. -> Done"""

    name: str
    source: str


@dataclass(frozen=True)
class Backward:
    """Send gradients into the results of call `seq`; `grads` maps a result tensor's index to its gradient. -> Done,
    with the gradient of every argument tensor that asked for one, in order."""

    call: int
    grads: dict[int, Any]


@dataclass(frozen=True)
class Gradients:
    """The gradients of a module's parameters by name. -> Done"""

    target: int


@dataclass(frozen=True)
class Loaded:
    """The statements that failed: (names it would have defined, exception type, message, line) for each."""

    failures: list[Any]


@dataclass(frozen=True)
class Done:
    """The result of a request."""

    value: Any


@dataclass(frozen=True)
class Raised:
    """The submission raised an exception. `lines` are its own lines in the traceback, outermost first, and `bases` the
    classes that the exception's class is made from. `shapes` are [name, shape] of the tensors in its last function."""

    kind: str
    message: str
    lines: list[Any]
    bases: list[Any] = field(default_factory=list)
    shapes: list[Any] = field(default_factory=list)


Message = Load | Begin | Get | Put | Call | Define | Backward | Gradients | Loaded | Done | Raised
Request = Load | Begin | Get | Put | Call | Define | Backward | Gradients
Reply = Loaded | Done | Raised

_by_name: dict[str, type[Any]] = {kind.__name__: kind for kind in Message.__args__}
_checks: dict[Any, type[Any] | None] = {int: int, str: str, list[Any]: list, list[str]: list, dict[str, Any]: dict}
# The fields of each kind, and the type that each must have where one is checked.
_fields = {kind: {item.name: _checks.get(item.type) for item in fields(kind)} for kind in Message.__args__}
# A recording of an earlier version may lack these.
_optional = {Raised: {"shapes"}}


def pack_message(message: Message, seq: int, encoder: Encoder, *, keep: bool = False) -> Frame:
    """Return the frame of a message; `encoder` collects its tensors."""
    body = {name: encoder.encode(getattr(message, name)) for name in _fields[type(message)]}
    header = {"op": type(message).__name__, "seq": seq, "body": body}
    return Frame(header | {"keep": True} if keep else header, encoder.pack_tensors())


def is_load(frame: Frame) -> bool:
    """Tell whether a frame holds a Load."""
    return frame.header.get("op") == Load.__name__


def is_raised(frame: Frame) -> bool:
    """Tell whether a frame holds a Raised."""
    return frame.header.get("op") == Raised.__name__


def is_begin(frame: Frame) -> bool:
    """Tell whether a frame holds a Begin."""
    return frame.header.get("op") == Begin.__name__


def unpack_message(frame: Frame, decoder: Decoder) -> Message:
    """Return the message in a frame. Raises ProtocolError if it is none, lacks a field or has one of a wrong type."""
    name, body = frame.header.get("op"), frame.header.get("body")
    if not isinstance(name, str) or name not in _by_name or not isinstance(body, dict):
        raise ProtocolError("a message of an unknown kind")
    kind = _by_name[name]
    allowed = _fields[kind]
    if not allowed.keys() - _optional.get(kind, set()) <= body.keys() <= allowed.keys():
        raise ProtocolError(f"{name!r} with the wrong fields")
    values = {}
    for field_name, expected in allowed.items():
        if field_name not in body:
            continue
        values[field_name] = value = decoder.decode(body[field_name])
        if expected is not None and type(value) is not expected:
            raise ProtocolError(f"{name!r} with a {type(value).__name__} where a {expected.__name__} belongs")
    decoder.tensors.check_used_up()
    message: Message = kind(**values)
    return message
