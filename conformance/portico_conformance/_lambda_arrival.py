"""What every AWS front does to a request before it makes an event of it.

The eight event shapes differ in how they write a request down, not in what
reaches the front: a target split into path and query, headers without the
hop-by-hop ones and with the forwarding ones, a body that is text or base64.
That common part is here; `_lambda_events` writes the eight shapes.

Rules marked *live* were seen in events captured on AWS in July 2026. Rules
marked *docs* are AWS's documentation. Where both are silent a comment says so.
"""

import re
from base64 import b64encode
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote_plus, unquote_to_bytes

from ._wire import WireRequest

Event = dict[str, object]
EdgeEvent = Literal["viewer-request", "origin-request"]

# RFC 9110 section 7.6.1, and Expect, which the front answers itself.
HOP_BY_HOP = frozenset(
    {
        "connection",
        "expect",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)

# Constants, so that the same request always makes the same event.
REGION = "eu-west-1"
ACCOUNT = "123456789012"
TIME_EPOCH = 1783711144836  # milliseconds
TRACE_ID = "Root=1-6a5145a8-536f3e792f6be9b44c1f46fa"

# One invocation's payload, in bytes of JSON (docs: Lambda quotas, 6 MB).
PAYLOAD_LIMIT = 6_291_556

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)(.*)", re.DOTALL)
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_TEXT_TYPES = ("application/json", "application/javascript", "application/xml")


class RequestRefused(Exception):  # noqa: N818 - the front's decision, not a fault of this code
    """The front answers the client itself and invokes no function.

    `status` is the status it answers with: 400 for a target it cannot decode,
    413 for a body over its limit.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A request at the front, and what the front knows besides it.

    `headers` are those to be forwarded, in wire order and case, before the
    front adds its own. `host` is what the client asked for, `domain` the
    front's own name, which `requestContext.domainName` repeats.
    """

    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes
    host: str
    domain: str
    stage: str
    source_ip: str
    scheme: str
    binary: bool
    edge_event: EdgeEvent

    @property
    def port(self) -> str:
        """The front's port as a header writes it."""
        return "443" if self.scheme == "https" else "80"

    def header(self, name: str) -> str | None:
        """The last value of `name`, or None."""
        values = [value for key, value in self.headers if key.lower() == name]
        return values[-1] if values else None


def split_target(target: str) -> tuple[str, str, str | None]:
    """Split a request target into path, query and the authority it names, if any.

    Origin form and absolute form (RFC 9112 section 3.2) pass; the asterisk and
    authority forms have no path to route and are refused with 400.
    """
    authority: str | None = None
    if not target.startswith("/"):
        absolute = _ABSOLUTE.fullmatch(target)
        if absolute is None:
            raise RequestRefused(400, f"request target {target!r} has no path to route")
        authority, target = absolute.group(1), absolute.group(2)
        if not target.startswith("/"):
            target = "/" + target
    path, _, query = target.partition("?")
    return path, query, authority


def forwarded_headers(request: WireRequest) -> list[tuple[str, str]]:
    """The end-to-end headers of `request`, with the length of a de-chunked body."""
    named = {
        token.strip().lower()
        for value in request.get_all("connection")
        for token in value.split(",")
    }
    dropped = HOP_BY_HOP | (named - {"host"})
    kept = [(name, value) for name, value in request.headers if name.lower() not in dropped]
    if request.get("transfer-encoding") is not None:
        kept = [(name, value) for name, value in kept if name.lower() != "content-length"]
        kept.append(("Content-Length", str(len(request.body))))
    return kept


def with_forwarding(arrival: Arrival) -> list[tuple[str, str]]:
    """The headers as API Gateway, function URLs and load balancers forward them.

    X-Forwarded-For grows by the client's address; the scheme, the port and
    Host are the front's own word; a trace id that the client sent is kept.
    """
    replaced = {"host", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"}
    headers = [(name, value) for name, value in arrival.headers if name.lower() not in replaced]
    if arrival.header("x-amzn-trace-id") is None:
        headers.append(("X-Amzn-Trace-Id", TRACE_ID))
    return [
        *headers,
        ("Host", arrival.host),
        ("X-Forwarded-For", forwarded_for(arrival)),
        ("X-Forwarded-Port", arrival.port),
        ("X-Forwarded-Proto", arrival.scheme),
    ]


def forwarded_for(arrival: Arrival) -> str:
    """X-Forwarded-For with the client's address appended."""
    sent = [value for name, value in arrival.headers if name.lower() == "x-forwarded-for"]
    return ", ".join([*sent, arrival.source_ip])


def joined(headers: list[tuple[str, str]], separator: str = ",") -> dict[str, str]:
    """Lower-cased names; repeated ones joined (live: `first,second`)."""
    merged: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        merged[key] = f"{merged[key]}{separator}{value}" if key in merged else value
    return merged


def last_wins(headers: list[tuple[str, str]]) -> dict[str, str]:
    """Lower-cased names; of repeated ones only the last value is left."""
    return {name.lower(): value for name, value in headers}


def listed(headers: list[tuple[str, str]]) -> dict[str, list[str]]:
    """Lower-cased names, every value."""
    return grouped([(name.lower(), value) for name, value in headers])


def grouped(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    """Names as they are, every value."""
    groups: dict[str, list[str]] = {}
    for name, value in pairs:
        groups.setdefault(name, []).append(value)
    return groups


def query_pairs(query: str) -> list[tuple[str, str]]:
    """The fields of a query string as they were sent, not decoded."""
    fields = (field.partition("=") for field in query.split("&") if field)
    return [(name, value) for name, _, value in fields]


def decoded_pairs(query: str) -> list[tuple[str, str]]:
    """The fields of a query string, percent-decoded, `+` read as a space (live)."""
    return [(unquote_plus(name), unquote_plus(value)) for name, value in query_pairs(query)]


def decoded_path(path: str) -> str:
    """`path` percent-decoded once; AWS does not say what it makes of broken UTF-8."""
    return unquote_to_bytes(path).decode("utf-8", "replace")


def strictly_decoded_path(path: str) -> str:
    """`path` percent-decoded once, refused with 400 if an escape is malformed."""
    if _BAD_ESCAPE.search(path):
        raise RequestRefused(400, f"path {path!r} has a malformed percent escape")
    return decoded_path(path)


def text_or_base64(arrival: Arrival) -> tuple[str, bool]:
    """The body as an event carries it, and whether it is base64.

    Docs (ALB, Lambda targets): `text/*`, JSON, JavaScript and XML are text, and
    all else is base64, as is content with a Content-Encoding. On AWS an HTTP API
    was seen to do the same, a form and a body without a type among the base64.
    Function URLs and Lattice are taken to be alike. Text that is not UTF-8 cannot
    stand in JSON; no source says what then, so it is base64 here: nothing is lost.
    """
    if not arrival.body:
        return "", False
    essence = (arrival.header("content-type") or "").partition(";")[0].strip().lower()
    textual = essence.startswith("text/") or essence in _TEXT_TYPES
    if textual and arrival.header("content-encoding") is None:
        try:
            return _within_limit(arrival.body.decode("utf-8")), False
        except UnicodeDecodeError:
            pass
    return as_base64(arrival.body), True


def as_base64(body: bytes) -> str:
    """`body` in base64, refused with 413 where one invocation cannot hold it."""
    return _within_limit(b64encode(body).decode("ascii"))


def as_lossy_text(body: bytes) -> str:
    """`body` as text whatever it is: bytes that are not UTF-8 are lost."""
    return _within_limit(body.decode("utf-8", "replace"))


def _within_limit(text: str) -> str:
    if len(text) > PAYLOAD_LIMIT:
        raise RequestRefused(
            413, f"body takes {len(text)} characters, an invocation {PAYLOAD_LIMIT} bytes"
        )
    return text
