"""Encode Python values as plain data and back: JSON, and a block of bytes for tensors. Never pickle.

None, bool, int, finite float, str and list are themselves in JSON; everything else is `{"$": kind, ...}`: tuple, dict,
float (nan, inf), bytes, tensor (the next one of the block), the kinds of `wire.values`, and handle (an object that
stays on its side).
"""

import math
from collections.abc import Callable, Sequence
from datetime import date, time
from typing import TYPE_CHECKING, Any

from grader.wire.frames import ProtocolError
from grader.wire.libraries import is_tensor, read_number
from grader.wire.tensors import TensorReader, describe_tensor, pack_tensors
from grader.wire.values import KINDS, read_value, write_value

if TYPE_CHECKING:
    import torch

MAX_DEPTH = 64
MAX_NODES = 1_000_000
MAX_KEY = 1 << 31
MAX_ODD_KEYS = 1000

KIND = "$"
# Types of values that are sent as they are, and those that are read as they are.
PLAIN = frozenset({bool, int, str, type(None)})
UNCHECKED = PLAIN - {str}


class Encoder:
    """Turn values into JSON-able data and collect their tensors in order.

    `refer(value)` returns the body of a handle for a value that is not plain.
    """

    def __init__(self, refer: Callable[[Any], dict[str, Any]]) -> None:
        self.refer = refer
        self.tensors: list[torch.Tensor] = []

    def encode(self, value: Any, depth: int = 0) -> Any:
        """Return JSON-able data. Raises ProtocolError if a value is nested too deep, and what `refer` raises."""
        if depth > MAX_DEPTH:
            raise ProtocolError(f"a value is nested more than {MAX_DEPTH} deep")
        if type(value) in PLAIN:
            return value
        # Subclasses of int and float (numpy's float64, enums) are sent as the plain number that they hold.
        if isinstance(value, int):
            return int.__int__(value)
        if isinstance(value, float):
            return float.__float__(value) if math.isfinite(value) else {KIND: "float", "v": float.__repr__(value)}
        if isinstance(value, list):
            return [self.encode(item, depth + 1) for item in value]
        if isinstance(value, tuple):
            return {KIND: "tuple", "v": [self.encode(item, depth + 1) for item in value]}
        if isinstance(value, dict):
            pairs = [[self.encode(k, depth + 1), self.encode(v, depth + 1)] for k, v in value.items()]
            return {KIND: "dict", "v": pairs}
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, (bytes, bytearray)):
            return {KIND: "bytes", "v": bytes(value).hex()}
        if is_tensor(value):
            self.tensors.append(value)
            body = {KIND: "tensor", "i": len(self.tensors) - 1, "device": str(value.device), **describe_tensor(value)}
            return body | {"grad": True} if value.requires_grad else body
        plain = read_number(value)
        if plain is not value:
            return self.encode(plain)
        other = write_value(value, lambda part: self.encode(part, depth + 1))
        return {**self.refer(value), KIND: "handle"} if other is None else other

    def pack_tensors(self) -> bytes:
        """Return the block of all tensors so far; empty if there are none. Raises ProtocolError if it is too large."""
        return pack_tensors(self.tensors) if self.tensors else b""


class Decoder:
    """Turn JSON-able data back into values, trusting none of it.

    `resolve(body)` returns the object of a handle, `adopt(tensor, body)` the tensor to use for a tensor of the block.
    """

    def __init__(
        self,
        block: bytes,
        resolve: Callable[[dict[str, Any]], Any],
        adopt: "Callable[[torch.Tensor, dict[str, Any]], torch.Tensor]",
    ) -> None:
        self.tensors = TensorReader(block)
        self.resolve = resolve
        self.adopt = adopt
        self.nodes = 0
        self.odd_keys = 0

    def decode(self, data: Any, depth: int = 0) -> Any:
        """Return the value. Raises ProtocolError for anything that the encoder would not have written."""
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise ProtocolError("a value is nested too deep or holds too many parts")
        if type(data) in UNCHECKED:
            return data
        if isinstance(data, list):
            return [self.decode(item, depth + 1) for item in data]
        if not isinstance(data, dict):
            return _check_scalar(data)
        kind = data.get(KIND)
        if not isinstance(kind, str) or kind not in _KINDS:
            raise ProtocolError("a value of an unknown kind")
        return _KINDS[kind](self, data, depth + 1)

    def _decode_other(self, body: dict[str, Any], depth: int) -> Any:
        return read_value(body[KIND], body, lambda part: self.decode(part, depth))

    def _decode_set(self, body: dict[str, Any], depth: int) -> set[Any]:
        found = set()
        for part in _list_of(body):
            key = self.decode(part, depth)
            self._check_key(key)
            try:
                found.add(key)
            except TypeError as error:
                raise ProtocolError("a part of a set cannot be hashed") from error
        return found

    def _decode_dict(self, body: dict[str, Any], depth: int) -> dict[Any, Any]:
        decoded = {}
        for pair in _list_of(body):
            if not isinstance(pair, list) or len(pair) != 2:
                raise ProtocolError("a dict entry is not a pair")
            key = self.decode(pair[0], depth)
            self._check_key(key)
            try:
                decoded[key] = self.decode(pair[1], depth)
            except TypeError as error:
                raise ProtocolError("a dict key cannot be hashed") from error
        return decoded

    def _check_key(self, key: Any, *, inner: bool = False) -> None:
        # Keys with equal hashes make a dict quadratic, and anyone can choose numbers with equal hashes. Strings are
        # salted; small integers are their own hashes; a single float shares its hash with few others. Of other kinds
        # there may be few enough to be compared one by one.
        if isinstance(key, tuple):
            for part in key:
                self._check_key(part, inner=True)
        elif (isinstance(key, int) and abs(key) >= MAX_KEY) or (inner and isinstance(key, float)):
            raise ProtocolError("a dict key that is too large a number")
        elif not isinstance(key, (str, bytes, int, float, date, time, type(None))):
            self.odd_keys += 1
            if self.odd_keys > MAX_ODD_KEYS:
                raise ProtocolError(f"more than {MAX_ODD_KEYS} keys that are neither text nor small numbers")

    def _decode_tensor(self, body: dict[str, Any]) -> "torch.Tensor":
        # Each exactly once and in order, as the encoder met them: a tensor named a million times would be copied a
        # million times to a device.
        index = body.get("i")
        if type(index) is not int or index != self.tensors.taken:
            raise ProtocolError("a tensor that is not in the block, or not its next one")
        if not isinstance(body.get("device"), str):
            raise ProtocolError("a tensor without a device")
        return self.adopt(self.tensors.read(body), body)


_KINDS: dict[str, Callable[[Decoder, dict[str, Any], int], Any]] = {
    "tuple": lambda decoder, body, depth: tuple(decoder.decode(item, depth) for item in _list_of(body)),
    "dict": lambda decoder, body, depth: decoder._decode_dict(body, depth),
    "float": lambda decoder, body, depth: _special_float(body.get("v")),
    "bytes": lambda decoder, body, depth: _bytes_of(body.get("v")),
    "tensor": lambda decoder, body, depth: decoder._decode_tensor(body),
    "handle": lambda decoder, body, depth: decoder.resolve(body),
    "set": Decoder._decode_set,
    "frozenset": lambda decoder, body, depth: frozenset(decoder._decode_set(body, depth)),
    **dict.fromkeys(KINDS, Decoder._decode_other),
}


def _check_scalar(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise ProtocolError("a float that JSON does not have")
    if isinstance(value, str) and not value.isascii():
        # Half a surrogate pair cannot be written to a report; the replacement character can.
        return value.encode("utf-8", "replace").decode("utf-8")
    return value


def _special_float(text: Any) -> float:
    if text not in ("nan", "inf", "-inf"):
        raise ProtocolError("a special float of an unknown name")
    return float(text)


def _bytes_of(text: Any) -> bytes:
    try:
        return bytes.fromhex(text)
    except (TypeError, ValueError) as error:
        raise ProtocolError("bytes that are not hexadecimal") from error


def _list_of(body: dict[str, Any]) -> Sequence[Any]:
    items = body.get("v")
    if not isinstance(items, list):
        raise ProtocolError("a container without its list")
    return items
