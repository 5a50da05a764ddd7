"""From an HTTP request to the event that an AWS service makes of it.

One function per shape, each as faithful and as lossy as the service. How the
shapes differ, field by field:

| shape        | path                      | query                        | headers              |
|--------------|---------------------------|------------------------------|----------------------|
| `rest`       | as sent                   | decoded; last and all values | last and all values  |
| `http`       | decoded, twice            | as sent                      | joined, no `cookie`  |
| `url`        | as sent                   | as sent                      | joined, and `cookie` |
| `alb`        | as sent                   | as sent, last value          | last value           |
| `alb-multi`  | as sent                   | as sent, all values          | all values           |
| `edge`       | as sent                   | as sent                      | all values           |
| `lattice-v1` | as sent, with its query   | decoded, last value          | joined               |
| `lattice-v2` | as sent                   | decoded, all values          | all values           |

Times and ids are constants: the same request always makes the same event.
"""

from collections.abc import Callable
from typing import Final, Literal, get_args

from . import _lambda_api_events as api
from . import _lambda_network_events as network
from ._lambda_arrival import (
    REGION,
    Arrival,
    EdgeEvent,
    Event,
    RequestRefused,
    forwarded_headers,
    split_target,
)
from ._wire import WireRequest

__all__ = ["SHAPES", "EdgeEvent", "Event", "RequestRefused", "Shape", "to_event"]

Shape = Literal["rest", "http", "url", "alb", "alb-multi", "edge", "lattice-v1", "lattice-v2"]

SHAPES: Final[tuple[Shape, ...]] = get_args(Shape)

_DOMAINS: Final[dict[Shape, str]] = {
    "rest": f"{api.API_ID}.execute-api.{REGION}.amazonaws.com",
    "http": f"{api.API_ID}.execute-api.{REGION}.amazonaws.com",
    "url": f"{api.URL_ID}.lambda-url.{REGION}.on.aws",
    "alb": f"portico-1316758055.{REGION}.elb.amazonaws.com",
    "alb-multi": f"portico-1316758055.{REGION}.elb.amazonaws.com",
    "edge": "d111111abcdef8.cloudfront.net",
    "lattice-v1": f"portico-0a40eebed65f8d69c.7d67968.vpc-lattice-svcs.{REGION}.on.aws",
    "lattice-v2": f"portico-0a40eebed65f8d69c.7d67968.vpc-lattice-svcs.{REGION}.on.aws",
}

_EVENT_OF: Final[dict[Shape, Callable[[Arrival], Event]]] = {
    "rest": api.rest,
    "http": api.http,
    "url": api.url,
    "alb": network.alb,
    "alb-multi": network.alb_multi,
    "edge": network.edge,
    "lattice-v1": network.lattice_v1,
    "lattice-v2": network.lattice_v2,
}


def to_event(
    shape: Shape,
    request: WireRequest,
    *,
    stage: str | None = None,
    source_ip: str = "203.0.113.7",
    scheme: Literal["https", "http"] = "https",
    domain: str | None = None,
    binary: bool = True,
    edge_event: EdgeEvent = "origin-request",
) -> Event:
    """The event that the service behind `shape` invokes a function with.

    `stage` names the API's stage (`live` for `rest`, `$default` for `http`).
    `domain` is the front's name, by default one that AWS would give it; a
    request without Host gets it as Host too. `binary` says whether a REST API
    has `*/*` among its binary media types: then every body is base64, else
    every body is text and bytes that are not UTF-8 are lost. `edge_event` is
    the CloudFront trigger.

    Raises `RequestRefused` where the service would answer without invoking.
    """
    path, query, authority = split_target(request.target)
    own_domain = domain or _DOMAINS[shape]
    arrival = Arrival(
        method=request.method,
        path=path,
        query=query,
        headers=forwarded_headers(request),
        body=request.body,
        # RFC 9112 section 3.2.2: an absolute target overrides Host.
        host=authority or request.get("host") or own_domain,
        domain=own_domain,
        stage=stage or ("live" if shape == "rest" else "$default"),
        source_ip=source_ip,
        scheme=scheme,
        binary=binary,
        edge_event=edge_event,
    )
    return _EVENT_OF[shape](arrival)
