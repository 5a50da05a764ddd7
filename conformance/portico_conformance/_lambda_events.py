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

from typing import Final, Literal, get_args

from ._lambda_arrival import (
    Arrival,
    EdgeEvent,
    RequestRefused,
    as_base64,
    as_lossy_text,
    decoded_pairs,
    decoded_path,
    forwarded_for,
    forwarded_headers,
    joined,
    last_wins,
    listed,
    query_pairs,
    split_target,
    strictly_decoded_path,
    text_or_base64,
    with_forwarding,
)
from ._wire import WireRequest

__all__ = ["SHAPES", "EdgeEvent", "Event", "RequestRefused", "Shape", "to_event"]

Event = dict[str, object]
Shape = Literal["rest", "http", "url", "alb", "alb-multi", "edge", "lattice-v1", "lattice-v2"]

SHAPES: Final[tuple[Shape, ...]] = get_args(Shape)

REGION = "eu-west-1"
ACCOUNT = "123456789012"
API_ID = "a1b2c3d4e5"
URL_ID = "2cxn22odiwguak4feg4jtt7cwm0ziblr"
REQUEST_ID = "7c2af7db-31f3-42b5-8a6d-9ffc74e3b9e0"
TIME = "10/Jul/2026:19:19:04 +0000"
TIME_EPOCH = 1783711144836  # milliseconds
EDGE_REQUEST_ID = "4TyzHTaYWb1GX1qTfsHhEqV6HUDd_BzoBZnwfnvQc_1oF26ClkoUSEQ=="

# Docs: an Application Load Balancer sends a function at most 1 MB of body.
ALB_BODY_LIMIT = 1024 * 1024
# Docs: with "include body" CloudFront truncates, and says that it did.
EDGE_BODY_LIMITS: Final[dict[EdgeEvent, int]] = {
    "viewer-request": 40 * 1024,
    "origin-request": 1024 * 1024,
}

_DOMAINS: Final[dict[Shape, str]] = {
    "rest": f"{API_ID}.execute-api.{REGION}.amazonaws.com",
    "http": f"{API_ID}.execute-api.{REGION}.amazonaws.com",
    "url": f"{URL_ID}.lambda-url.{REGION}.on.aws",
    "alb": f"portico-1316758055.{REGION}.elb.amazonaws.com",
    "alb-multi": f"portico-1316758055.{REGION}.elb.amazonaws.com",
    "edge": "d111111abcdef8.cloudfront.net",
    "lattice-v1": f"portico-0a40eebed65f8d69c.7d67968.vpc-lattice-svcs.{REGION}.on.aws",
    "lattice-v2": f"portico-0a40eebed65f8d69c.7d67968.vpc-lattice-svcs.{REGION}.on.aws",
}

# Live: API Gateway's REST events spell these so, whatever the client sent.
_REST_SPELLING = {
    "host": "Host",
    "user-agent": "User-Agent",
    "x-amzn-trace-id": "X-Amzn-Trace-Id",
    "x-forwarded-for": "X-Forwarded-For",
    "x-forwarded-port": "X-Forwarded-Port",
    "x-forwarded-proto": "X-Forwarded-Proto",
}

# Docs (CloudFront, restrictions on edge functions): not exposed to a function.
_EDGE_HIDDEN = ("x-accel-", "x-amz-cf-", "x-edge-")
_EDGE_HIDDEN_NAMES = {"proxy-authenticate", "proxy-authorization", "x-cache", "x-forwarded-proto"}

_LATTICE_ARN = f"arn:aws:vpc-lattice:{REGION}:{ACCOUNT}"
_LATTICE_NETWORK = f"{_LATTICE_ARN}:servicenetwork/sn-0bf3f2882e9cc805a"
_LATTICE_SERVICE = f"{_LATTICE_ARN}:service/svc-0a40eebed65f8d69c"
_LATTICE_TARGETS = f"{_LATTICE_ARN}:targetgroup/tg-6d0ecf831eec9f09"
_LATTICE_VPC = f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/vpc-0b8276c84697e7339"


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
    return _SHAPE_OF[shape](arrival)


def _rest(arrival: Arrival) -> Event:
    """API Gateway REST API, Lambda proxy integration (payload format 1.0)."""
    headers = _rest_headers(arrival)
    query = decoded_pairs(arrival.query)
    resource, parameters = "/", None
    if arrival.path != "/":
        resource, parameters = "/{proxy+}", {"proxy": arrival.path.removeprefix("/")}
    body = _rest_body(arrival)
    return {
        "resource": resource,
        "path": arrival.path,
        "httpMethod": arrival.method,
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": dict(query) or None,
        "multiValueQueryStringParameters": _grouped(query) or None,
        "pathParameters": parameters,
        "stageVariables": None,
        "requestContext": _rest_context(arrival, resource),
        "body": body,
        "isBase64Encoded": arrival.binary and body is not None,
    }


def _rest_headers(arrival: Arrival) -> dict[str, list[str]]:
    spelling: dict[str, str] = dict(_REST_SPELLING)
    headers: dict[str, list[str]] = {}
    for name, value in with_forwarding(arrival):
        # Live: a REST event has no Content-Length, unlike every other shape.
        if name.lower() != "content-length":
            headers.setdefault(spelling.setdefault(name.lower(), name), []).append(value)
    return headers


def _rest_body(arrival: Arrival) -> str | None:
    if not arrival.body:
        return None
    return as_base64(arrival.body) if arrival.binary else as_lossy_text(arrival.body)


def _rest_context(arrival: Arrival, resource: str) -> Event:
    return {
        "accountId": ACCOUNT,
        "apiId": API_ID,
        "domainName": arrival.domain,
        "domainPrefix": arrival.domain.partition(".")[0],
        "extendedRequestId": "ATfSdF7nPHcErRA=",
        "httpMethod": arrival.method,
        "identity": {
            "accessKey": None,
            "accountId": None,
            "caller": None,
            "cognitoAuthenticationProvider": None,
            "cognitoAuthenticationType": None,
            "cognitoIdentityId": None,
            "cognitoIdentityPoolId": None,
            "principalOrgId": None,
            "sourceIp": arrival.source_ip,
            "user": None,
            "userAgent": arrival.header("user-agent"),
            "userArn": None,
        },
        "path": f"/{arrival.stage}{arrival.path}",
        "protocol": "HTTP/1.1",
        "requestId": REQUEST_ID,
        "requestTime": TIME,
        "requestTimeEpoch": TIME_EPOCH,
        "resourceId": "al6gqb",
        "resourcePath": resource,
        "stage": arrival.stage,
    }


def _http(arrival: Arrival) -> Event:
    """API Gateway HTTP API, payload format 2.0."""
    path = _twice_decoded(arrival.path)
    if arrival.stage != "$default":
        path = f"/{arrival.stage}{path}"
    headers = [pair for pair in with_forwarding(arrival) if pair[0].lower() != "cookie"]
    return _version_2(
        arrival, raw_path=path, path=path, headers=joined(headers), account=ACCOUNT, api=API_ID
    )


def _twice_decoded(path: str) -> str:
    """The path of an HTTP API event, after a loss that no function can undo.

    Live: `%2F` arrives as `/` and `%2525` as `%`; `%3F` ends the path there,
    while `%253F` arrives as `?`; `%25done` is refused. So it is decoded, cut
    at the first question mark, and decoded again.
    """
    once = strictly_decoded_path(path).partition("?")[0]
    return strictly_decoded_path(once)


def _url(arrival: Arrival) -> Event:
    """Lambda function URL: payload format 2.0 with an encoded `rawPath`.

    Live: cookies are in `cookies` and in the header too.
    """
    headers = joined([pair for pair in with_forwarding(arrival) if pair[0].lower() != "cookie"])
    cookies = _cookies(arrival)
    if cookies:
        headers["cookie"] = "; ".join(cookies)
    headers["x-amzn-tls-cipher-suite"] = "TLS_AES_128_GCM_SHA256"
    headers["x-amzn-tls-version"] = "TLSv1.3"
    return _version_2(
        arrival,
        raw_path=arrival.path,
        path=decoded_path(arrival.path),
        headers=headers,
        account="anonymous",
        api=URL_ID,
    )


def _version_2(
    arrival: Arrival, *, raw_path: str, path: str, headers: dict[str, str], account: str, api: str
) -> Event:
    body, encoded = text_or_base64(arrival)
    query = _grouped(decoded_pairs(arrival.query))
    event: Event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": raw_path,
        "rawQueryString": arrival.query,
        "cookies": _cookies(arrival),
        "headers": headers,
        "queryStringParameters": {name: ",".join(values) for name, values in query.items()},
        "requestContext": {
            "accountId": account,
            "apiId": api,
            "domainName": arrival.domain,
            "domainPrefix": arrival.domain.partition(".")[0],
            "http": {
                "method": arrival.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": arrival.source_ip,
                "userAgent": arrival.header("user-agent") or "",
            },
            "requestId": REQUEST_ID,
            "routeKey": "$default",
            "stage": arrival.stage,
            "time": TIME,
            "timeEpoch": TIME_EPOCH,
        },
        "body": body,
        "isBase64Encoded": encoded,
    }
    # Docs: optional fields are left out of an event, not null.
    for optional in ("cookies", "queryStringParameters", "body"):
        if not event[optional]:
            del event[optional]
    return event


def _alb(arrival: Arrival) -> Event:
    """Application Load Balancer, multi-value headers off."""
    return {
        **_alb_common(arrival),
        "queryStringParameters": dict(query_pairs(arrival.query)),
        "headers": last_wins(with_forwarding(arrival)),
    }


def _alb_multi(arrival: Arrival) -> Event:
    """Application Load Balancer, multi-value headers on."""
    return {
        **_alb_common(arrival),
        "multiValueQueryStringParameters": _grouped(query_pairs(arrival.query)),
        "multiValueHeaders": listed(with_forwarding(arrival)),
    }


def _alb_common(arrival: Arrival) -> Event:
    if len(arrival.body) > ALB_BODY_LIMIT:
        raise RequestRefused(
            413, f"body has {len(arrival.body)} bytes, a load balancer sends {ALB_BODY_LIMIT}"
        )
    targets = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/portico"
    body, encoded = text_or_base64(arrival)
    return {
        "requestContext": {"elb": {"targetGroupArn": f"{targets}/4efa1ab384b3474d"}},
        "httpMethod": arrival.method,
        "path": arrival.path,
        "body": body,
        "isBase64Encoded": encoded,
    }


def _edge(arrival: Arrival) -> Event:
    """Lambda@Edge, a viewer or origin request trigger with "include body"."""
    limit = EDGE_BODY_LIMITS[arrival.edge_event]
    request: Event = {
        "body": {
            "action": "read-only",
            "data": as_base64(arrival.body[:limit]),
            "encoding": "base64",
            "inputTruncated": len(arrival.body) > limit,
        },
        "clientIp": arrival.source_ip,
        "headers": _edge_headers(arrival),
        "method": arrival.method,
        "querystring": arrival.query,
        "uri": arrival.path,
    }
    if arrival.edge_event == "origin-request":
        request["origin"] = _EDGE_ORIGIN
    config = {
        "distributionDomainName": arrival.domain,
        "distributionId": "EDFDVBD6EXAMPLE",
        "eventType": arrival.edge_event,
        "requestId": EDGE_REQUEST_ID,
    }
    return {"Records": [{"cf": {"config": config, "request": request}}]}


def _edge_headers(arrival: Arrival) -> dict[str, list[dict[str, str]]]:
    sent = [(name, value) for name, value in arrival.headers if not _hidden(name.lower())]
    sent = [pair for pair in sent if pair[0].lower() != "host"]
    sent.append(("Host", arrival.host))
    if arrival.edge_event == "origin-request":
        sent = [pair for pair in sent if pair[0].lower() != "x-forwarded-for"]
        sent.append(("X-Forwarded-For", forwarded_for(arrival)))
        sent.append(("Via", "1.1 2afae0d44e2540f472c0635ab62c232b.cloudfront.net (CloudFront)"))
    headers: dict[str, list[dict[str, str]]] = {}
    for name, value in sent:
        headers.setdefault(name.lower(), []).append({"key": name, "value": value})
    return headers


def _hidden(name: str) -> bool:
    return name.startswith(_EDGE_HIDDEN) or name in _EDGE_HIDDEN_NAMES


_EDGE_ORIGIN: Final[Event] = {
    "custom": {
        "customHeaders": {},
        "domainName": "example.org",
        "keepaliveTimeout": 5,
        "path": "",
        "port": 443,
        "protocol": "https",
        "readTimeout": 30,
        "sslProtocols": ["TLSv1.2"],
    }
}


def _lattice_v1(arrival: Arrival) -> Event:
    """VPC Lattice, event structure version 1."""
    body, encoded = text_or_base64(arrival)
    query = f"?{arrival.query}" if arrival.query else ""
    return {
        "raw_path": arrival.path + query,
        "method": arrival.method,
        "headers": joined(_lattice_headers(arrival)),
        # Neither docs nor captures say whether these are decoded.
        "query_string_parameters": dict(decoded_pairs(arrival.query)),
        "body": body,
        "is_base64_encoded": encoded,
    }


def _lattice_v2(arrival: Arrival) -> Event:
    """VPC Lattice, event structure version 2."""
    body, encoded = text_or_base64(arrival)
    event: Event = {
        "version": "2.0",
        "path": arrival.path,
        "method": arrival.method,
        "headers": listed(_lattice_headers(arrival)),
        # Neither docs nor captures say whether these are decoded.
        "queryStringParameters": _grouped(decoded_pairs(arrival.query)),
        "body": body,
        "isBase64Encoded": encoded,
        "requestContext": {
            "serviceNetworkArn": _LATTICE_NETWORK,
            "serviceArn": _LATTICE_SERVICE,
            "targetGroupArn": _LATTICE_TARGETS,
            "identity": {"sourceVpcArn": _LATTICE_VPC},
            "region": REGION,
            "timeEpoch": f"{TIME_EPOCH}000",  # microseconds, as a string
        },
    }
    if not arrival.query:
        del event["queryStringParameters"]
    if not arrival.body:
        del event["body"]
    return event


def _lattice_headers(arrival: Arrival) -> list[tuple[str, str]]:
    replaced = {"host", "x-forwarded-for"}
    headers = [pair for pair in arrival.headers if pair[0].lower() not in replaced]
    return [
        *headers,
        ("host", arrival.host),
        ("x-forwarded-for", forwarded_for(arrival)),
        ("x-amzn-lattice-network", f"SourceVpcArn={_LATTICE_VPC}"),
        ("x-amzn-lattice-target", f"ServiceArn={_LATTICE_SERVICE}"),
    ]


def _cookies(arrival: Arrival) -> list[str]:
    headers = (value for name, value in arrival.headers if name.lower() == "cookie")
    return [pair.strip() for value in headers for pair in value.split(";") if pair.strip()]


def _grouped(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for name, value in pairs:
        groups.setdefault(name, []).append(value)
    return groups


_SHAPE_OF = {
    "rest": _rest,
    "http": _http,
    "url": _url,
    "alb": _alb,
    "alb-multi": _alb_multi,
    "edge": _edge,
    "lattice-v1": _lattice_v1,
    "lattice-v2": _lattice_v2,
}
