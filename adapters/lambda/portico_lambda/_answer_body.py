"""The body of an answer: read to its end, held to what the service takes, text or base64."""

from __future__ import annotations

from binascii import b2a_base64
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from portico import PorticoError
from portico_lambda._fields import seen
from portico_lambda._shapes import first_record

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from portico import Headers
    from portico.contract import ByteStream
    from portico_lambda._fields import Fields
    from portico_lambda._shapes import Shape

    Gathered: TypeAlias = Callable[[ByteStream, int], bytes | str]
    GatheredOnLoop: TypeAlias = Callable[[ByteStream, int], Awaitable[bytes | str]]

# AWS quotas. The first two count the result's JSON, the others CloudFront's header fields and body.
PAYLOAD_LIMIT: Final = 6_291_556
ALB_LIMIT: Final = 1024 * 1024
VIEWER_LIMIT: Final = 40 * 1024
ORIGIN_LIMIT: Final = 1024 * 1024

# JSON writes a character in 6 at most, or 12 for 4 bytes of UTF-8. What is well below that, header
# fields included, needs no measuring.
_SURELY_FITS: Final = 8
SHORT: Final = PAYLOAD_LIMIT // _SURELY_FITS

_TEXTUAL: Final = frozenset(
    {
        "application/ecmascript",
        "application/graphql",
        "application/javascript",
        "application/json",
        "application/x-javascript",
        "application/x-ndjson",
        "application/x-www-form-urlencoded",
        "application/xml",
        "application/yaml",
    }
)


class AnswerTooLargeError(PorticoError):
    """The answer is larger than what the service takes, which would answer 502 for it."""

    def __init__(self, shape: Shape, limit: int) -> None:
        super().__init__(
            f"The answer takes more than the {limit} bytes that the service in front of the "
            f"function takes ({shape}). Send it in parts, or put it in a store and redirect there."
        )


class AnswerBody:
    """A body in JSON.

    Attributes:
        text: the body, or its base64.
        is_base64: which of the two.
    """

    __slots__ = ("is_base64", "text")

    def __init__(self, text: str, is_base64: bool) -> None:
        self.text = text
        self.is_base64 = is_base64


def answer_limit(shape: Shape, event: Fields) -> int:
    """How many bytes of an answer the service takes."""
    if shape in ("alb", "alb-multi"):
        return ALB_LIMIT
    if shape == "edge":
        config = seen(seen(first_record(event).get("cf")).get("config"))
        return VIEWER_LIMIT if config.get("eventType") == "viewer-request" else ORIGIN_LIMIT
    return PAYLOAD_LIMIT


def collect(stream: ByteStream, shape: Shape, limit: int) -> bytes | str:
    """All of a synchronous stream, which is closed in every case.

    Returns:
        Bytes; a text where it is ASCII and was given as text.

    Raises:
        AnswerTooLargeError: it is over the limit; nothing is read after that.
    """
    gathered, _, longer = _reading()
    try:
        return gathered(stream, limit)
    except longer:
        raise AnswerTooLargeError(shape, limit) from None


async def collect_on_loop(stream: ByteStream, shape: Shape, limit: int) -> bytes | str:
    """All of an asynchronous stream; see `collect`."""
    _, gathered_on_loop, longer = _reading()
    try:
        return await gathered_on_loop(stream, limit)
    except longer:
        raise AnswerTooLargeError(shape, limit) from None


@cache
def _reading() -> tuple[Gathered, GatheredOnLoop, type[Exception]]:
    # Loaded with the first stream; the statement costs more than the call, each time.
    from portico.contract import LongerError, gathered, gathered_on_loop

    return gathered, gathered_on_loop, LongerError


def write_body(headers: Headers, content: bytes, limit: int) -> AnswerBody:
    """A body as text where it is one, and where the text's JSON is not what breaks the limit."""
    if not content:
        return AnswerBody("", False)
    encoding = headers.get("content-encoding") or "identity"
    if encoding.lower() == "identity" and is_textual(headers.get("content-type") or ""):
        try:
            text = content.decode()
        except UnicodeDecodeError:
            pass
        else:
            if _surely_fits(content, limit) or _json_size(text) <= limit:
                return AnswerBody(text, False)
    return AnswerBody(b2a_base64(content, newline=False).decode("ascii"), True)


@lru_cache(maxsize=128)
def is_textual(content_type: str) -> bool:
    """Whether a body of a type is a text, if it decodes."""
    essence, _, parameters = content_type.lower().partition(";")
    essence = essence.strip()
    return (
        essence.startswith("text/")
        or essence in _TEXTUAL
        or essence.endswith(("+json", "+xml", "+yaml"))
        or "charset=" in parameters
    )


def exceeds(
    shape: Shape, result: Mapping[str, object], headers: Headers, content: bytes, limit: int
) -> bool:
    """Whether the service would refuse a result for its size."""
    if shape == "edge":
        return len(content) + sum(len(name) + len(value) for name, value in headers) > limit
    return not _surely_fits(content, limit) and _json_size(result) > limit


def _surely_fits(content: bytes, limit: int) -> bool:
    return len(content) < limit // _SURELY_FITS


def _json_size(value: object) -> int:
    """Bytes of JSON with all but ASCII escaped, which is what runtimes up to Python 3.11 write."""
    import json

    return len(json.dumps(value))
