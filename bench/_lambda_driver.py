"""Invocations of a Lambda handler, one after the other, with the events of an API Gateway."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from time import process_time_ns
from typing import Any, Final, cast

from bench._exchanges import Answer, Exchange

Event = dict[str, Any]
Handler = Callable[[Event, Any], dict[str, Any]]

_HOST: Final = "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"
_REQUEST_ID: Final = "JKJaXmPLvHcESHA="
_TEXTS: Final = ("application/json", "text/")


class LambdaDriver:
    """Calls a handler with events of one shape."""

    def __init__(self, app: Handler, event: str = "http") -> None:
        self._handler = app
        self._make = {"http": http_event, "rest": rest_event}[event]
        self._events: dict[str, Event] = {}
        self._context = InvocationContext()

    def answer(self, exchange: Exchange) -> Answer:
        """The answer to one exchange.

        Raises:
            RuntimeError: it is base64, which costs more than all else; all of them are texts.
        """
        result = self._handler(self._event(exchange), self._context)
        if result.get("isBase64Encoded"):
            raise RuntimeError(f"{exchange.name}: the body is base64. Answer with a text.")
        return answer_of(result)

    def nanoseconds(self, exchange: Exchange, count: int) -> int:
        """Processor time of this many invocations.

        Raises:
            RuntimeError: one of them got no answer.
        """
        handler, event, context = self._handler, self._event, self._context
        begin = process_time_ns()
        for _ in range(count):
            if "statusCode" not in handler(event(exchange), context):
                raise RuntimeError(f"{exchange.name}: a result had no status.")
        return process_time_ns() - begin

    def close(self) -> None:
        """End the application, where it has an end that is not its process's."""
        close = getattr(self._handler, "close", None)
        if close is not None:
            close()

    def _event(self, exchange: Exchange) -> Event:
        """An event of its own for each invocation; the runtime decodes one from JSON."""
        template = self._events.get(exchange.name)
        if template is None:
            template = self._events[exchange.name] = self._make(exchange)
        return _copy(template)


def _copy(fields: Event) -> Event:
    """A copy of the objects; what else is in them, nobody changes."""
    return {
        name: _copy(cast("Event", value)) if type(value) is dict else value
        for name, value in fields.items()
    }


class InvocationContext:
    """What the runtime gives a handler beside the event."""

    function_name = "function"
    function_version = "$LATEST"
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:function"
    memory_limit_in_mb = "1024"
    aws_request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
    log_group_name = "/aws/lambda/function"
    log_stream_name = "2026/11/27/[$LATEST]0"
    identity = None
    client_context = None

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function's time is over."""
        return 30_000


def answer_of(result: dict[str, Any]) -> Answer:
    """The answer that a gateway makes of a result; what has no type it calls JSON."""
    fields = {**result.get("headers", {})}
    pairs = [(name.lower(), str(value)) for name, value in fields.items()]
    several: dict[str, list[object]] = result.get("multiValueHeaders") or {}
    for name, values in several.items():
        pairs = [pair for pair in pairs if pair[0] != name.lower()]
        pairs += [(name.lower(), str(value)) for value in values]
    pairs += [("set-cookie", line) for line in result.get("cookies", ())]
    if all(name != "content-type" for name, _ in pairs):
        pairs.append(("content-type", "application/json"))
    body = result.get("body") or ""
    content = b64decode(body) if result.get("isBase64Encoded") else body.encode()
    return Answer(int(result["statusCode"]), tuple(pairs), content)


def _body(exchange: Exchange) -> tuple[str | None, bool]:
    """The body as an event has it: text where the media type is one, else base64."""
    kind = dict(exchange.headers).get("content-type", "")
    if not exchange.body:
        return None, False
    if kind.startswith(_TEXTS):
        return exchange.body.decode(), False
    return b64encode(exchange.body).decode(), True


def _fields(exchange: Exchange) -> list[tuple[str, str]]:
    fields = [
        ("accept", "*/*"),
        ("host", _HOST),
        ("user-agent", "bench"),
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-port", "443"),
        ("x-forwarded-proto", "https"),
        *exchange.headers,
    ]
    if exchange.body:
        fields.append(("content-length", str(len(exchange.body))))
    return fields


def http_event(exchange: Exchange) -> Event:
    """The event of an HTTP API, payload format 2.0."""
    fields = dict(_fields(exchange))
    cookies = fields.pop("cookie", "")
    body, is_base64 = _body(exchange)
    event: Event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": exchange.path,
        "rawQueryString": exchange.query,
        "headers": fields,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "domainName": _HOST,
            "domainPrefix": "a1b2c3d4e5",
            "http": {
                "method": exchange.method,
                "path": exchange.path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "bench",
            },
            "requestId": _REQUEST_ID,
            "routeKey": "$default",
            "stage": "$default",
            "time": "27/Nov/2026:12:00:00 +0000",
            "timeEpoch": 1795780800000,
        },
        "isBase64Encoded": is_base64,
    }
    event |= {"cookies": cookies.split("; ")} if cookies else {}
    event |= {"queryStringParameters": _query(exchange)} if exchange.query else {}
    event |= {} if body is None else {"body": body}
    return event


def rest_event(exchange: Exchange) -> Event:
    """The event of a REST API, payload format 1.0, with a resource for each route."""
    fields = dict(_fields(exchange))
    resource, parameters = _resource(exchange.path)
    body, is_base64 = _body(exchange)
    query = _query(exchange) or None
    return {
        "resource": resource,
        "path": exchange.path,
        "httpMethod": exchange.method,
        "headers": fields,
        "multiValueHeaders": {name: [value] for name, value in fields.items()},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": query and {k: [v] for k, v in query.items()},
        "pathParameters": parameters,
        "stageVariables": None,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "domainName": _HOST,
            "httpMethod": exchange.method,
            "identity": {"sourceIp": "203.0.113.7", "userAgent": "bench"},
            "path": f"/live{exchange.path}",
            "protocol": "HTTP/1.1",
            "requestId": _REQUEST_ID,
            "requestTimeEpoch": 1795780800000,
            "resourcePath": resource,
            "stage": "live",
        },
        "body": body,
        "isBase64Encoded": is_base64,
    }


def _query(exchange: Exchange) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in exchange.query.split("&") if pair)
    return {name: value for name, _, value in pairs}


def _resource(path: str) -> tuple[str, dict[str, str] | None]:
    """The resource of the API that a path belongs to, and its parameters."""
    parts = path.split("/")
    if parts[1:2] != ["users"]:
        return path, None
    return "/users/{user}/posts/{post}", {"user": parts[2], "post": parts[4]}
