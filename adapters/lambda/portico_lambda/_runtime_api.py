"""The Runtime API of Lambda, as its client: invocations out of it, and their results into it.

AWS Lambda, "Using the Lambda runtime API for custom runtimes" (version 2018-06-01), and "Building a
custom runtime" for streams: the body is chunked, and an error midway is told in trailer fields.
"""

from __future__ import annotations

import json
from binascii import b2a_base64
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Final, NamedTuple

from portico_lambda._answer_stream import RuntimeApiError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import Message

_RUNTIME: Final = "/2018-06-01/runtime"
ERROR_TYPE: Final = "Lambda-Runtime-Function-Error-Type"
ERROR_BODY: Final = "Lambda-Runtime-Function-Error-Body"
STREAM_TYPE: Final = "application/vnd.awslambda.http-integration-response"

# A line of a traceback may be as long as its author likes; a report has an end.
_MOST_LINES: Final = 100


class Invoked(NamedTuple):
    """One invocation.

    Attributes:
        id: that of the invocation.
        headers: what the Runtime API says of it.
        payload: the event, as JSON.
    """

    id: str
    headers: Message
    payload: bytes


def error_report(error: BaseException) -> dict[str, object]:
    """An error in the form that Lambda's own runtimes report it."""
    from traceback import format_tb

    try:
        message = str(error)
    except Exception as worse:  # noqa: BLE001 - an error that cannot say what it is, is one still
        message = f"(its text raised {type(worse).__name__})"
    return {
        "errorMessage": message,
        "errorType": type(error).__name__,
        "requestId": "",
        "stackTrace": format_tb(error.__traceback__)[-_MOST_LINES:],
    }


class RuntimeApi:
    """One connection to the Runtime API, which is kept.

    Args:
        address: host and port, as in the variable `AWS_LAMBDA_RUNTIME_API`.
    """

    def __init__(self, address: str) -> None:
        # A call for the next invocation waits for as long as there is none.
        self._connection = HTTPConnection(address, timeout=None)

    def next(self) -> Invoked:
        """Wait for the next invocation.

        Raises:
            RuntimeApiError: there is none, and will be none.
        """
        headers, payload = self._exchange("GET", "/invocation/next")
        return Invoked(headers.get("Lambda-Runtime-Aws-Request-Id") or "", headers, payload)

    def respond(self, id: str, result: bytes) -> None:
        """Give the result of an invocation, as JSON."""
        fields = {"Content-Type": "application/json"}
        self._exchange("POST", f"/invocation/{id}/response", result, fields)

    def fail(self, id: str, error: BaseException) -> None:
        """Say that an invocation has failed."""
        self._report(f"/invocation/{id}/error", type(error).__name__, error)

    def init_failed(self, error: BaseException, kind: str = "") -> None:
        """Say that the function could not be initialized."""
        self._report("/init/error", kind or f"Runtime.{type(error).__name__}", error)

    def await_restore(self) -> None:
        """Say that the snapshot may be taken; returns in an environment that was restored."""
        self._exchange("GET", "/restore/next")
        self.reconnect()

    def restore_failed(self, error: BaseException) -> None:
        """Say that the function is not ready after it was restored."""
        self._report("/restore/error", "Runtime.AfterRestoreError", error)

    def stream(self, id: str) -> ResponseStream:
        """Begin to give the result of an invocation piece by piece."""
        return ResponseStream(self, self._connection, f"{_RUNTIME}/invocation/{id}/response")

    def reconnect(self) -> None:
        """Let the next call have a connection of its own."""
        self._connection.close()

    def _report(self, path: str, kind: str, error: BaseException) -> None:
        body = json.dumps(error_report(error)).encode()
        plain = kind.encode("ascii", "replace").decode()
        fields = {"Content-Type": "application/vnd.aws.lambda.error+json", ERROR_TYPE: plain}
        self._exchange("POST", path, body, fields)

    def _exchange(
        self, method: str, path: str, body: bytes | None = None, fields: Mapping[str, str] = {}
    ) -> tuple[Message, bytes]:
        try:
            self._connection.request(method, _RUNTIME + path, body, dict(fields))
        except (OSError, HTTPException) as error:
            self.reconnect()
            raise RuntimeApiError(f"The Runtime API did not take {path}: {error!r}.") from error
        return self.answered(path)

    def answered(self, path: str) -> tuple[Message, bytes]:
        """The answer of the Runtime API to what was sent.

        Raises:
            RuntimeApiError: it is no success, or there is none.
        """
        try:
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, HTTPException) as error:
            self.reconnect()
            raise RuntimeApiError(f"The Runtime API did not answer {path}: {error!r}.") from error
        if response.status >= 300:
            text = content[:500].decode("utf-8", "replace")
            raise RuntimeApiError(f"The Runtime API answered {path} with {response.status}: {text}")
        return response.headers, content


class ResponseStream:
    """An `AnswerStream` to the Runtime API. Nothing is buffered.

    Attributes:
        is_open: whether something was sent.
        is_broken: whether the Runtime API has closed it.
    """

    __slots__ = ("_api", "_connection", "_path", "is_broken", "is_open")

    def __init__(self, api: RuntimeApi, connection: HTTPConnection, path: str) -> None:
        self._api = api
        self._connection = connection
        self._path = path
        self.is_open: bool = False
        self.is_broken: bool = False

    def open(self, first: bytes) -> None:
        """Send the header fields and the first chunk."""
        self.is_open = True
        put = self._connection.putheader
        try:
            self._connection.putrequest("POST", self._path, skip_accept_encoding=True)
            put("Content-Type", STREAM_TYPE)
            put("Lambda-Runtime-Function-Response-Mode", "streaming")
            put("Transfer-Encoding", "chunked")
            put("Trailer", f"{ERROR_TYPE}, {ERROR_BODY}")
            self._connection.endheaders(_chunk(first))
        except (OSError, HTTPException) as error:
            raise self._broken(error) from error

    def send(self, chunk: bytes) -> None:
        """Send a chunk, which must not be empty."""
        self._send(_chunk(chunk))

    def end(self, error: BaseException | None = None) -> None:
        """End the stream, with the error that has broken it off, if one has.

        Raises:
            RuntimeApiError: the Runtime API did not take it.
        """
        trailers = b""
        if error is not None:
            body = b2a_base64(json.dumps(error_report(error)).encode(), newline=False)
            kind = type(error).__name__.encode("ascii", "replace")
            trailers = b"%b: %b\r\n%b: %b\r\n" % (
                *(ERROR_TYPE.encode(), kind),
                *(ERROR_BODY.encode(), body),
            )
        self._send(b"0\r\n%b\r\n" % trailers)
        self._api.answered(self._path)

    def _send(self, data: bytes) -> None:
        if self.is_broken:
            raise RuntimeApiError(f"The Runtime API has closed {self._path}.")
        try:
            self._connection.send(data)
        except OSError as error:
            raise self._broken(error) from error

    def _broken(self, error: Exception) -> RuntimeApiError:
        self.is_broken = True
        self._api.reconnect()
        return RuntimeApiError(f"The Runtime API has closed {self._path}: {error!r}.")


def _chunk(data: bytes) -> bytes:
    """A chunk of RFC 9112 section 7.1."""
    return b"%x\r\n%b\r\n" % (len(data), data)
