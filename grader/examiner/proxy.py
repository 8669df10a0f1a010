"""`student`: a submission that lives elsewhere, used as if it were a module here.

Calls travel over the channel; tensors, numbers, strings, lists, tuples and dicts come back as themselves, anything else
as a `RemoteObject`. A proxy's attributes are the student's: what our own code asks about a proxy are functions here.
"""

import functools
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from grader.examiner.parity import OwnObject, describe_value, name_type
from grader.model.errors import GraderFault
from grader.model.verdict import SubmissionError, Verdict
from grader.wire.messages import MODULE, POISONED, Call, Define, Get, Gradients, Put, Request

# Where a test is run by hand, pytest shows the test's own lines only.
__tracebackhide__ = True

MAX_ITEMS = 100_000
# Methods that return the module itself, or a result that no test reads.
CHAINED = frozenset({"eval", "load_state_dict", "to", "train", "zero_grad"})
MODULE_METHODS = CHAINED | {"state_dict", "parameters", "forward"}


class ProxySession(Protocol):
    """The part of a session that its proxies use."""

    @property
    def signatures(self) -> Mapping[str, inspect.Signature]: ...

    def require(self, name: str) -> None:
        """Raise SubmissionError if the submission does not define a name."""

    def request(self, request: Request) -> Any:
        """Return the value of the reply."""

    def post(self, request: Request) -> int:
        """Leave a request for the next exchange. Return the handle of its result."""


class RemoteObject(OwnObject):
    """An object in the jail: call it, read and set its attributes, pass it back as an argument."""

    def __init__(self, session: ProxySession, handle: int, type_name: str) -> None:
        object.__setattr__(self, "_session", session)
        object.__setattr__(self, "_handle", handle)
        object.__setattr__(self, "_type", type_name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._session.request(Call(self._handle, "", list(args), kwargs))

    def __getattr__(self, name: str) -> Any:
        # Python's own protocols (copy, pickle, numpy, pytest's reprs) ask for these; they are not the student's.
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        # A known method is called in one request instead of two: half of all requests only looked up a method.
        if name in MODULE_METHODS or f"{self._type}.{name}" in self._session.signatures:
            return LazyAttribute(self._session, self._handle, name, self._type if name in CHAINED else None)
        return self._session.request(Get(self._handle, name))

    def __setattr__(self, name: str, value: Any) -> None:
        self._session.post(Put(self._handle, name, value))

    def __repr__(self) -> str:
        return f"<{self._type} in the jail>"

    def __len__(self) -> int:
        try:
            length = self._call_special("__len__")
        except SubmissionError as error:
            # `list(...)` asks for the length first, and takes only a TypeError for "it has none".
            if error.exception_type == "AttributeError" and not error.line:
                raise TypeError(f"a {self._type} has no length") from error
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
            except SubmissionError as error:
                if error.exception_type == "StopIteration":
                    return
                raise

    def _call_special(self, name: str, *args: Any) -> Any:
        return self._session.request(Call(self._handle, name, list(args), {}))


class LazyAttribute(RemoteObject):
    """A function, class or method known by its name; the jail is asked for it only when it is called or passed on.

    A call whose result is surely a `result_type` is only posted: no test waits for its handle.
    """

    def __init__(self, session: ProxySession, owner: int, name: str, result_type: str | None = None) -> None:
        object.__setattr__(self, "_session", session)
        object.__setattr__(self, "_owner", owner)
        object.__setattr__(self, "_name", name)
        object.__setattr__(self, "_type", name)
        object.__setattr__(self, "_result_type", result_type)

    @functools.cached_property
    def _handle(self) -> int:
        found = self._session.request(Get(self._owner, self._name))
        if not isinstance(found, RemoteObject):
            kind = type(found).__name__
            raise SubmissionError(Verdict.FAILED, f"{self._name!r} is a {kind}, not a function or a class")
        handle: int = found._handle
        return handle

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        call = Call(self._owner, self._name, list(args), kwargs)
        if self._result_type is None:
            return self._session.request(call)
        return RemoteObject(self._session, self._session.post(call), self._result_type)


class RemoteStandInClass(RemoteObject):
    """A class of ours, carried into the jail: a call surely makes an object, so that no test waits for its handle."""

    def __init__(self, session: ProxySession, handle: int, stand_in: type) -> None:
        super().__init__(session, handle, stand_in.__name__)
        object.__setattr__(self, "_stand_in", stand_in)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        handle = self._session.post(Call(self._handle, "", list(args), kwargs))
        return RemoteStandIn(self._session, handle, self._stand_in)


class RemoteStandIn(RemoteObject):
    """An object of such a class, whose methods are known."""

    def __init__(self, session: ProxySession, handle: int, stand_in: type) -> None:
        super().__init__(session, handle, stand_in.__name__)
        object.__setattr__(self, "_stand_in", stand_in)

    def __getattr__(self, name: str) -> Any:
        if name in MODULE_METHODS or not inspect.isfunction(getattr(self._stand_in, name, None)):
            return super().__getattr__(name)
        return LazyAttribute(self._session, self._handle, name)


class StudentProxy(RemoteObject):
    """The submission's module; `poisoned`, loaded among a notebook's leftover globals."""

    def __init__(self, session: ProxySession, *, poisoned: bool = False) -> None:
        super().__init__(session, POISONED if poisoned else MODULE, "module")

    def __getattr__(self, name: str) -> Any:
        session: ProxySession = self._session
        session.require(name)
        if name not in session.signatures:
            return session.request(Get(self._handle, name))
        is_class = any(signature.startswith(f"{name}.") for signature in session.signatures)
        return LazyAttribute(session, self._handle, name, name if is_class else None)

    def define(self, stand_in: Callable[..., Any]) -> RemoteObject:
        """Carry a class or function into the jail as source text, and return it as a remote one."""
        return define_remotely(self._session, stand_in)

    def replace(self, **stand_ins: Any) -> None:
        """Bind names inside the submission to stand-ins, for this test only."""
        for name, stand_in in stand_ins.items():
            remote = stand_in if isinstance(stand_in, RemoteObject) else self.define(stand_in)
            self._session.post(Put(self._handle, name, remote))


def refer_to(value: Any) -> dict[str, Any]:
    """Return how a request names a value that is no plain data. Raises GraderFault if it is no remote object."""
    if isinstance(value, RemoteObject):
        return {"id": value._handle}
    kind = type(value).__name__
    advice = ": pass `student.define(...)` of it" if inspect.isclass(value) or inspect.isfunction(value) else ""
    raise GraderFault(f"a test passes a {kind} to the submission; only plain data and remotes can travel{advice}")


def apply_stand_in(stand_in: Callable[..., Any], remote: RemoteObject) -> Any:
    """Carry a function into the jail that `remote` lives in, and return what it gives for `remote`."""
    return define_remotely(remote._session, stand_in)(remote)


def request_gradients(remote: RemoteObject) -> Any:
    """Return what the jail says of the gradients of a remote module's parameters."""
    return remote._session.request(Gradients(remote._handle))


@describe_value.register
def _(value: RemoteObject) -> str:
    leftover = value._type.removeprefix("leftover ")
    if leftover != value._type:
        return f"the global variable {leftover!r} of a notebook (the function never computed it)"
    for kind in ("class ", "function "):
        if value._type.startswith(kind):
            return f"the {value._type}"
    return f"an object of type {value._type}"


@name_type.register
def _(value: RemoteObject) -> str:
    return str(value._type)


def define_remotely(session: ProxySession, stand_in: Callable[..., Any]) -> RemoteObject:
    """Carry a class or function into the jail of a session as source text, and return it as a remote one."""
    handle = session.post(Define(stand_in.__name__, _read_source(stand_in)))
    if inspect.isclass(stand_in):
        return RemoteStandInClass(session, handle, stand_in)
    return RemoteObject(session, handle, stand_in.__name__)


@functools.cache
def _read_source(stand_in: Callable[..., Any]) -> str:
    return textwrap.dedent(inspect.getsource(stand_in))
