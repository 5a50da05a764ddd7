"""Messages of a WebSocket: from what arrives to what a handler declares, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeGuard, get_args

from portico._answer import is_reply
from portico._errors import BodyTooLargeError, DefinitionError, InvalidInputError, PeerError
from portico._json import to_json
from portico._response import Response
from portico._signature import EMPTY
from portico._type_forms import bare, is_union, metadata_of, type_name
from portico._upgrade import Data

_ANYTHING: Final = (EMPTY, Any, object)


def decoder_of(annotation: Any, where: str) -> Callable[[Data], Any]:
    """What turns a message into a value of a declared type.

    `str` takes text as it is and `bytes` binary data; both together, or nothing, take either. Any
    other type is read from JSON in a text message (RFC 8259), and validated.

    The function raises `InvalidInputError` with every fault, `MalformedJSONError`, and `PeerError`
    with status 415 for text where binary data is declared, or the reverse.

    Raises:
        DefinitionError: nothing can read the type.
    """
    plain = bare(annotation)
    members = set(get_args(plain)) if is_union(plain) else {plain}
    if any(plain is each for each in _ANYTHING) or members == {str, bytes}:
        return _as_it_is
    takes = _text if members == {str} else _binary if members == {bytes} else None
    if takes is not None and not metadata_of(annotation):
        return takes
    from portico._schema import schema_for

    try:
        schema = schema_for(annotation)
    except DefinitionError as error:
        raise DefinitionError(f"{where}: the message cannot be validated: {error}") from error

    def decode(data: Data) -> Any:
        from portico._faults import SchemaError

        try:
            if takes is not None:
                return schema.validate(takes(data), part="message")
            text = _text(data).encode("utf-8", "surrogatepass")
            return schema.validate_json(text, part="message")
        except SchemaError as error:
            raise InvalidInputError(error.faults) from None

    return decode


def _as_it_is(data: Data) -> Data:
    return data


def _text(data: Data) -> str:
    if isinstance(data, str):
        return data
    raise PeerError("A text message was expected, not a binary one.", status=415)


def _binary(data: Data) -> bytes:
    if isinstance(data, bytes):
        return data
    raise PeerError("A binary message was expected, not a text one.", status=415)


def check_size(data: Data, limit: int) -> None:
    """Refuse a message of more bytes, text counted as UTF-8.

    Raises:
        BodyTooLargeError: it is larger.
    """
    size = len(data)
    if isinstance(data, str) and limit // 4 < size <= limit and not data.isascii():
        size = len(data.encode("utf-8", "surrogatepass"))
    if size > limit:
        raise BodyTooLargeError(f"A message may have {limit} bytes.")


def _is_binary(value: object) -> TypeGuard[bytes]:
    return isinstance(value, bytes | bytearray | memoryview)


def encoded(value: object) -> Data:
    """A value as a message: text and bytes as they are, anything else as JSON.

    Raises:
        TypeError: it is an answer of HTTP, for which it is too late.
        UnencodableError: it has no form in JSON.
    """
    if isinstance(value, str):
        return str(value)
    if _is_binary(value):
        return bytes(value)
    if is_reply(value) or isinstance(value, Response):
        raise TypeError(
            f"A WebSocket got {value!r} to send, a `{type_name(type(value))}`. The connection is "
            "accepted, so there is no status any more: send a value, or `await ws.close(...)`."
        )
    return to_json(value).decode()
