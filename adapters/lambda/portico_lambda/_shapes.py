"""The eight shapes of an HTTP event, and how they are told apart.

Nothing in an event names the service that sent it, so that each is known by a field that only it
has. The order matters: a Lattice event of version 2 has the `version` of an HTTP API's, and every
load balancer event looks like a REST API's with less in it.

============  =======================================================  ======================
shape         service                                                  known by
============  =======================================================  ======================
`edge`        Lambda@Edge, in a request trigger                        `Records[0].cf.request`
`alb`         Application Load Balancer                                `requestContext.elb`
`alb-multi`   the same with multi-value headers on                     `multiValueHeaders`
`lattice-v2`  VPC Lattice, event structure version 2                   `serviceArn`
`lattice-v1`  VPC Lattice, event structure version 1                   `raw_path`
`url`         Lambda function URL                                      `.lambda-url.` domain
`http`        API Gateway HTTP API, payload format 2.0                 `requestContext.http`
`rest`        API Gateway REST API; HTTP API with payload format 1.0   `httpMethod`
============  =======================================================  ======================
"""

from __future__ import annotations

from typing import Literal, TypeAlias, cast

from portico import PorticoError
from portico_lambda._fields import Fields, seen

Shape: TypeAlias = Literal[
    "rest", "http", "url", "alb", "alb-multi", "edge", "lattice-v1", "lattice-v2"
]

# Authorizers get the request's fields too, and answer with a policy.
_AUTHORIZERS = ("methodArn", "routeArn")


class EventError(PorticoError, ValueError):
    """The event is not an HTTP request, so that there is nobody to answer."""


def shape_of(event: object) -> Shape:
    """Which service sent an event.

    Raises:
        EventError: none of those that speak HTTP; the message names the keys of the event.
    """
    fields = seen(event)
    context = seen(fields.get("requestContext"))
    if is_edge(fields):
        return "edge"
    if "elb" in context:
        return "alb" if fields.get("multiValueHeaders") is None else "alb-multi"
    if any(name in fields for name in _AUTHORIZERS):
        raise unknown(event)
    version_2 = fields.get("version") == "2.0"
    if version_2 and ("serviceArn" in context or "serviceNetworkArn" in context):
        return "lattice-v2"
    if "raw_path" in fields:
        return "lattice-v1"
    if version_2 and "http" in context:
        return "url" if ".lambda-url." in str(context.get("domainName")) else "http"
    if "httpMethod" in fields and ("path" in fields or "resource" in fields):
        return "rest"
    raise unknown(event)


def is_edge(fields: Fields) -> bool:
    """Whether CloudFront asks for an answer; in a response trigger it has one."""
    cloudfront = seen(first_record(fields).get("cf"))
    return "request" in cloudfront and "response" not in cloudfront


def first_record(fields: Fields) -> Fields:
    """`Records[0]`, which many services send."""
    records = fields.get("Records")
    return seen(cast("list[object]", records)[0]) if isinstance(records, list) and records else {}


def unknown(event: object) -> EventError:
    """What to raise of an event that has no shape."""
    if not isinstance(event, dict):
        found = f"is of type {type(event).__name__}"
    else:
        fields = seen(cast("object", event))
        found = f"has the keys {sorted(map(str, fields))}"
        if record := first_record(fields):
            found += f" and records with the keys {sorted(map(str, record))}"
    return EventError(
        f"The event {found}. An HTTP event of API Gateway, a function URL, a load balancer, "
        "CloudFront (in a request trigger) or VPC Lattice was expected. Handlers of other events, "
        "such as messages of a queue, are registered with `@app.on`."
    )
