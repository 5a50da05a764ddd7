"""Binding of `body`: bytes, a text, a form, a stream, a blob, or the value of a schema."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeGuard, get_args, get_origin

from portico._argument import Argument
from portico._context import UNPARSED
from portico._errors import DefinitionError, PeerError
from portico._media import WithMedia
from portico._signature import EMPTY, Parameter, Signature

if TYPE_CHECKING:
    from portico._argument import Decoding
    from portico._blob import Blob
    from portico._context import Context
    from portico._form_data import FormData
    from portico._request import Request
    from portico._schema import Schema
    from portico._upload import UploadLimits

_JSON: Final = "application/json"
_URLENCODED: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"
_ANY_KIND: Final = (_JSON, _URLENCODED, _MULTIPART)
_MULTIPART_START: Final = "multipart/form-data;"
_ASYNC_STREAMS: Final[frozenset[Any]] = frozenset({AsyncIterator, AsyncIterable})
_STREAMS: Final[frozenset[Any]] = frozenset({Iterator, Iterable})


def body_argument(parameter: Parameter, annotation: Any, signature: Signature) -> Argument:
    """How the parameter `body` is read.

    A body that is absent gives the default, or None where the annotation admits it.
    """
    inner, optional = without_none(annotation)
    read, need = body_reading(inner, signature.where, is_async=signature.is_async)
    default = None if optional and parameter.default is EMPTY else parameter.default
    if default is EMPTY or need == "stream":
        decoding = _decoding(inner) if need == "auto" else None
        return Argument(parameter.name, parameter.keyword, read, need, decoding=decoding)

    def read_or_default(ctx: Context) -> Any:
        if ctx._parsed is not UNPARSED:
            return default if ctx._parsed is None else read(ctx)
        if ctx.request._data:
            return read(ctx)
        return read(ctx) if _is_there(ctx.request) else default

    return Argument(parameter.name, parameter.keyword, read_or_default, need)


def body_reading(
    annotation: Any, where: str, *, is_async: bool
) -> tuple[Callable[[Context], Any], str]:
    """How a body is read as a type, and what it needs of the body; see `Argument.body`.

    A body that a parse hook gave a value is that value, which has to have the type.

    Raises:
        DefinitionError: no body can have the type.
    """
    origin = get_origin(annotation)
    if origin in _ASYNC_STREAMS | _STREAMS:
        return _streaming(annotation, origin in _ASYNC_STREAMS, where, is_async=is_async), "stream"
    if annotation is bytes:
        return _given(lambda ctx: ctx.request.sync.bytes(), bytes, "bytes"), "bytes"
    if annotation is str:
        return _given(_read_text, str, "text"), "bytes"
    if _has_media(annotation):
        from portico._form_data import FormData

        if annotation is FormData:
            return _given(lambda ctx: ctx.request.sync.form_data(), FormData, "a form"), "form"
    blob = _blob_limits(annotation)
    if blob is not None:
        return lambda ctx: _read_blob(ctx, blob), "bytes"
    return _reading_schema(annotation, where), "auto"


def is_blocking_stream(annotation: Any) -> bool:
    """Whether it is a stream for synchronous code, such as `Iterator[bytes]`."""
    return get_origin(without_none(annotation)[0]) in _STREAMS


def _reading_schema(annotation: Any, where: str) -> Callable[[Context], Any]:
    from portico._schema import schema_for

    try:
        schema = schema_for(annotation)
        accepted = accepted_kinds(schema)
    except DefinitionError as error:
        raise DefinitionError(f"{where}: the parameter 'body': {error}") from error

    from_json = schema.validate_json if _JSON in accepted else None

    def read(ctx: Context) -> Any:
        parsed = ctx._parsed
        if parsed is UNPARSED:
            request = ctx.request
            # What nearly all send: there is no need to look closer.
            if from_json and request._content_type() == _JSON:
                data = request._data
                if data is None:
                    data = request._bytes_here()
                if data:
                    return from_json(data, part="body")
            return _validated(request, schema, accepted)
        if isinstance(parsed, WithMedia) and _is_form(parsed):
            return schema.validate_strings(parsed, part="body")
        return schema.validate(parsed, part="body")

    return read


def _decoding(annotation: Any) -> Decoding | None:
    """How JSON in ASCII is read as a type, where nothing else is to be done."""
    from portico._schema import schema_for
    from portico._schema_msgspec import MsgspecSchema

    schema = schema_for(annotation)
    if not isinstance(schema, MsgspecSchema) or schema.decode_ascii is None or schema.has_files:
        return None
    return schema.decode_ascii, schema.json_error


def _is_form(value: WithMedia) -> TypeGuard[FormData]:
    """Whether it is a form, of those that are loaded with the first of them."""
    from portico._form_data import FormData

    return isinstance(value, FormData)


def _given(read: Callable[[Context], Any], kind: type, expected: str) -> Callable[[Context], Any]:
    """The body as a hook parsed it, if that is of the kind, or as it came."""

    def given(ctx: Context) -> Any:
        if ctx._parsed is UNPARSED:
            return read(ctx)
        if isinstance(ctx._parsed, kind):
            return ctx._parsed
        from portico._fault import Fault
        from portico._faults import SchemaError

        raise SchemaError((Fault("body", "", expected),))

    return given


def accepted_kinds(schema: Schema) -> Sequence[str]:
    """The content types that can bring a value of this type.

    Raises:
        DefinitionError: none can.
    """
    from portico._faults import SchemaError
    from portico._schema_msgspec import MsgspecSchema

    plain = schema if isinstance(schema, MsgspecSchema) and schema.is_plain_object else None
    if plain is not None and not plain.has_files:
        return _ANY_KIND
    from portico._form_files import files_use, refuse_misplaced_files

    files = files_use(schema)
    try:
        if plain is not None:  # a form can bring it, if its files stand where a form has them
            refuse_misplaced_files(plain.node, part="body")
        else:
            with suppress(SchemaError):
                schema.validate_strings((), part="body")
    except DefinitionError:
        if files == "none":
            return (_JSON,)
        raise
    return (_MULTIPART,) if files == "required" else _ANY_KIND


def _blob_limits(annotation: Any) -> UploadLimits | None:
    """The limits of a body that is a file as a whole; None where it is something else."""
    if not _has_media(annotation) and get_origin(annotation) is not Annotated:
        return None
    from portico._blob import Blob
    from portico._form_files import is_file, limits_of
    from portico._schema_msgspec import describe, members_of

    if annotation is not Blob and get_args(annotation)[:1] != (Blob,):
        return None
    node = describe(annotation)
    return limits_of(node) if is_file(members_of(node)[0]) else None


def _has_media(annotation: Any) -> bool:
    """Whether a type is `Blob` or `FormData`, or another of the kind."""
    return isinstance(annotation, type) and issubclass(annotation, WithMedia)


def _read_blob(ctx: Context, limits: UploadLimits) -> Blob:
    from portico._fault import Fault
    from portico._faults import Refused, SchemaError

    blob = limits.accept(ctx.request.sync.blob())
    if isinstance(blob, Refused):
        raise SchemaError([Fault("body", "", limits.expectation, blob.text)])
    return blob


def _streaming(
    annotation: Any, is_async_stream: bool, where: str, *, is_async: bool
) -> Callable[[Context], Any]:
    from portico._multipart_parts import Part, SyncPart

    if is_async and not is_async_stream:
        raise DefinitionError(
            f"{where}: the parameter 'body' is {annotation!r}, which blocks, but the "
            "handler is asynchronous. Take AsyncIterator[bytes] or AsyncIterator[Part]."
        )
    (item,) = get_args(annotation)
    if item is bytes:
        if is_async_stream:
            return lambda ctx: ctx.request.stream()
        return lambda ctx: ctx.request.sync.stream()
    if item is Part and is_async_stream:
        return lambda ctx: ctx.request.parts()
    if item is SyncPart and not is_async_stream:
        return lambda ctx: ctx.request.sync.parts()
    raise DefinitionError(
        f"{where}: the parameter 'body' is a stream of {item!r}. A body streams as "
        "AsyncIterator[bytes], AsyncIterator[Part], Iterator[bytes] or Iterator[SyncPart]."
    )


def _read_text(ctx: Context) -> str:
    data = ctx.request.sync.bytes()
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise PeerError(
            f"The body is not UTF-8 text: byte {error.start} does not decode."
        ) from None


def _validated(request: Request, schema: Schema, accepted: Sequence[str]) -> Any:
    content_type = request.headers.get("content-type") or ""
    form = request._form
    if form is not None and content_type[:20] == _MULTIPART_START and _MULTIPART in accepted:
        return schema.validate_strings(form, part="body")
    kind = content_type.partition(";")[0].strip().lower()
    # A body without a type is taken for JSON: many scripts leave it out.
    if (kind in ("", _JSON) or kind.endswith("+json")) and _JSON in accepted:
        data = request.sync.bytes()
        if not data:
            raise PeerError("The request has no body. Send JSON.")
        return schema.validate_json(data, part="body")
    if kind in accepted:
        return schema.validate_strings(request.sync.form_data(), part="body")
    *others, last = accepted
    send = f"{', '.join(others)} or {last}" if others else last
    raise PeerError(f"The body has the content type {kind!r}. Send {send}.", status=415)


def _is_there(request: Request) -> bool:
    # A source that streams may turn out empty, so it takes a look at the bytes.
    if not request.has_body:
        return False
    kind = (request.headers.get("content-type") or "")[:19].lower()
    return kind == "multipart/form-data" or bool(request.sync.bytes())


def without_none(annotation: Any) -> tuple[Any, bool]:
    """The type of a body that is there, and whether it may be left out."""
    options = get_args(annotation)
    if type(None) not in options or get_origin(annotation) in (list, dict):
        return annotation, False
    rest = [option for option in options if option is not type(None)]
    inner = rest[0]
    for option in rest[1:]:
        inner = inner | option
    return inner, True
