"""What a runtime is and can do, in the words that adapters and applications share."""

from collections.abc import Mapping
from enum import Enum
from typing import Final, Literal, NamedTuple, TypeAlias


class Support(Enum):
    """How a runtime has a capability."""

    NATIVE = "native"
    EMULATED = "emulated"
    ABSENT = "absent"


NATIVE: Final = Support.NATIVE
EMULATED: Final = Support.EMULATED
ABSENT: Final = Support.ABSENT


class Capability(Enum):
    """What a runtime can do; every adapter declares each of them in a table.

    A `WEBSOCKET` is emulated where each event of a connection is a call of its own, with nothing of
    the connection in memory from one to the next.
    """

    STREAM_REQUEST = "stream_request"
    STREAM_RESPONSE = "stream_response"
    DISCONNECT = "disconnect"
    BACKGROUND = "background"
    STARTUP = "startup"
    SHUTDOWN = "shutdown"
    SHARED_RESOURCES = "shared_resources"
    THREADS = "threads"
    FILESYSTEM = "filesystem"
    SOCKETS = "sockets"
    DEADLINE = "deadline"
    EARLY_HINTS = "early_hints"
    TRAILERS = "trailers"
    WEBSOCKET = "websocket"
    TOPICS = "topics"
    MULTIPLE_SET_COOKIE = "multiple_set_cookie"
    RAW_PATH = "raw_path"
    REPEATED_HEADERS = "repeated_headers"


Capabilities: TypeAlias = Mapping[Capability, Support]


class Runtime(NamedTuple):
    """Which runtime it is, and who may block.

    Attributes:
        name: `"asgi"`, `"wsgi"`, `"lambda"`, `"cloudflare"`, or `"test"`.
        concurrency: `"loop"`: `handle` is called on an event loop and must not block it;
            `"threads"` and `"serial"`: it is called on a thread that may block.
    """

    name: str
    concurrency: Literal["loop", "threads", "serial"]


class Peer(NamedTuple):
    """Who is on the other side, and who says so.

    Attributes:
        address: an IP address in text form, or None when it is not known.
        port: its port, or None.
        source: `"socket"` (seen by the server), `"gateway"` (told by the platform that
            terminates the connection), `"trusted-header"`, or `"unknown"`.
    """

    address: str | None
    port: int | None
    source: Literal["socket", "gateway", "trusted-header", "unknown"]


UNKNOWN_PEER: Final = Peer(None, None, "unknown")


class Promise(Enum):
    """What `wait_until` promises about the work that it was given: when it runs."""

    BEFORE_RESPONSE = "before-response"
    AFTER_RESPONSE = "after-response"
    DETACHED = "detached"
