"""JSON (RFC 8259) in and out, by msgspec, which is loaded at the first use.

What the standard leaves open is decided here, for `decode_json` and every JSON body alike:

- Of duplicate names the last wins.
- `NaN`, `Infinity`, invalid UTF-8 and half a surrogate pair (`"\\ud800"`) are malformed.
- A leading byte order mark is skipped, as section 8.1 allows and `Request.json()` of Fetch does.
- Integers have any length up to 4300 digits; a float beyond the range of a double is malformed.
- Nesting deeper than the interpreter's recursion limit is malformed; in WebAssembly, whose stack
  ends before that limit, deeper than 800 levels.

`to_json` writes NaN and the infinities as `null`, as `JSON.stringify` does.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Final, cast

from portico._errors import PeerError, PorticoError

if TYPE_CHECKING:
    from collections.abc import Callable

BOM: Final = b"\xef\xbb\xbf"

STACK_IS_SHORT: Final = sys.platform in ("emscripten", "wasi")
"""Whether a deep recursion in C ends the process; see `_json_depth`."""


class MalformedJSONError(PeerError):
    """The bytes are not JSON, or nested too deeply to be read."""


class UnencodableError(PorticoError, TypeError):
    """A value has no form in JSON: the application's mistake, never the peer's."""


def decode_json(data: bytes) -> object:
    """Read JSON text into `dict`, `list`, `str`, `int`, `float`, `bool` and `None`.

    Raises:
        MalformedJSONError: the bytes are not JSON (400).
    """
    refuse_depth(data)
    try:
        return _decoder()(data)
    except (ValueError, RecursionError) as error:
        if data.startswith(BOM):
            return decode_json(bytes(data)[len(BOM) :])
        raise malformed(error, data) from None


def refuse_depth(data: bytes) -> None:
    """Raise `MalformedJSONError` for text that is nested too deeply to be given to a parser."""
    if not STACK_IS_SHORT:
        return
    from portico._json_depth import is_too_deep

    if is_too_deep(data):
        raise MalformedJSONError("The JSON is nested too deeply.")


def to_json(value: object) -> bytes:
    """Write a value as JSON text in UTF-8, without white space.

    Besides the values of JSON itself it takes Structs, dataclasses, attrs classes, named tuples,
    sets, enums, UUID, date, time, datetime (RFC 3339), timedelta (ISO 8601), Decimal (a string),
    bytes (base64), mappings, and every class that has a schema adapter, such as pydantic models.

    Raises:
        UnencodableError: something in the value has no form in JSON.
    """
    try:
        return json_encoder()(value)
    except UnencodableError:
        raise
    except TypeError as error:
        raise UnencodableError(f"The value cannot be written as JSON: {error}.") from error
    except UnicodeEncodeError as error:
        raise UnencodableError(
            f"A text in the value cannot be written as JSON: {error}. "
            "UTF-8 has no form for half a surrogate pair; replace or remove it."
        ) from error
    except RecursionError:
        raise UnencodableError(
            "The value cannot be written as JSON: it is nested too deeply or contains itself."
        ) from None


def malformed(error: Exception, data: bytes) -> MalformedJSONError:
    """The answer to bytes that the decoder gave up on; its text shows nothing of the bytes."""
    if isinstance(error, RecursionError):
        return MalformedJSONError("The JSON is nested too deeply.")
    if isinstance(error, UnicodeDecodeError):
        return MalformedJSONError(f"The JSON is not valid UTF-8 (byte {error.start}).")
    if not data:
        return MalformedJSONError("JSON was expected, but the body is empty.")
    text = str(error)
    if "truncated" in text:
        # This is also what msgspec says of half a surrogate pair.
        return MalformedJSONError(
            "The JSON ends too early, or escapes one half of a surrogate pair."
        )
    return MalformedJSONError(f"The JSON is malformed: {text.removeprefix('JSON is malformed: ')}.")


@cache
def _decoder() -> Callable[[bytes], object]:
    import msgspec

    return msgspec.json.Decoder().decode


@cache
def json_encoder() -> Callable[[object], bytes]:
    """What `to_json` calls, with errors as they come."""
    import msgspec

    return msgspec.json.Encoder(enc_hook=_encode_other).encode


def _encode_other(value: object) -> object:
    """What msgspec does not know itself: values with a schema adapter, and any mapping."""
    import msgspec

    from portico._schema import adapter_for

    adapter = adapter_for(type(value))
    if adapter is not None:
        return msgspec.Raw(adapter.dump_json(value))
    if isinstance(value, Mapping):
        return dict(cast("Mapping[object, object]", value))
    raise UnencodableError(
        f"A value of type `{type(value).__qualname__}` cannot be written as JSON. Expected a dict, "
        "list, text, number, bool, None, Struct, dataclass or another type that `to_json` lists. "
        "Convert it first, or give its class a `__schema_adapter__`."
    )
