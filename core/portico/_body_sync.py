"""`SyncBody`: a body's readings for synchronous code."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from portico._body import Data
from portico._body_reading import decode_text, gathered_here, is_multipart, multipart_limits
from portico._errors import BodyNotReadError

if TYPE_CHECKING:
    from portico._blob import Blob
    from portico._body import Body
    from portico._form_data import FormData
    from portico._multipart_parts import SyncPart


class SyncBody:
    """A body's readings for synchronous code: what is there already, or can be waited for.

    On WSGI and Lambda the body is read where it is asked for. On an event loop it was read before
    the handler started, when the handler's own code names a reading; else `BodyNotReadError`.
    """

    __slots__ = ("_body",)

    def __init__(self, body: Body) -> None:
        self._body = body

    def bytes(self) -> bytes:
        """The whole body; see `Body.bytes`."""
        body = self._body
        data = body._data
        if data is None:
            data = body._data = body._taken_here(body.limits.size)
        if data is None:
            self._must_be_readable()
            count = body._begin(body.limits.size)
            source, body._source = body._source, None
            data = body._data = gathered_here(source, count)
        return data

    def text(self) -> str:
        """The body as text; see `Body.text`."""
        return decode_text(self.bytes())

    def json(self) -> Any:
        """The body as JSON; see `Body.json`."""
        from portico._json import decode_json

        return decode_json(self.bytes())

    def blob(self) -> Blob:
        """The body as a `Blob`; see `Body.blob`."""
        from portico._blob import Blob

        return Blob([self.bytes()], type=self._body.headers.get("content-type") or "")

    def form_data(self) -> FormData:
        """The body as a form; see `Body.form_data`."""
        body = self._body
        if body._form is None:
            content_type, limit = body._form_type(), body.limits.form_size
            if body._data is not None or not is_multipart(content_type):
                body._form = body._form_of(self.bytes(), content_type)
            elif (data := body._taken_here(limit)) is not None:
                body._form = body._form_of(data, content_type)
            else:
                from portico._multipart import read_form_sync

                self._must_be_readable()
                source = body._counted(body._begin(limit))
                body._form = read_form_sync(source, content_type, multipart_limits(limit))
        return body._form

    def parts(self) -> Iterator[SyncPart]:
        """The parts of a multipart form as they arrive; see `Body.parts`."""
        from portico._multipart_parts import iter_parts_sync

        body = self._body
        limits = multipart_limits(body.limits.stream_size)
        return iter_parts_sync(self.stream(), body._form_type(multipart=True), limits)

    def stream(self) -> Iterator[Data]:
        """The chunks of the body as they arrive; see `Body.stream`."""
        body = self._body
        if body._data is not None:
            body._used = True
            return iter([body._data] if body._data else [])
        self._must_be_readable()
        return body._counted(body._begin(body.limits.stream_size))

    @property
    def can_wait(self) -> bool:
        """Whether synchronous code can wait for what has not arrived."""
        source = self._body._source
        is_async = isinstance(source, AsyncIterable) and not isinstance(source, Iterable)
        return not (is_async or getattr(source, "is_async", False))

    def _must_be_readable(self) -> None:
        if not self.can_wait:
            raise BodyNotReadError(
                "The body of this request arrives asynchronously and was not read before the "
                "synchronous code ran. Declare `body` as a parameter of the handler, or make the "
                "handler `async` and await `request.bytes()`."
            )
