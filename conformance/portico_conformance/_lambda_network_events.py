"""The events of what stands in a network: load balancers, CloudFront, VPC Lattice.

A load balancer's are those of events captured on AWS; CloudFront's and
Lattice's follow AWS's documentation, as no capture of theirs was at hand.
"""

from typing import Final

from ._lambda_arrival import (
    ACCOUNT,
    REGION,
    TIME_EPOCH,
    Arrival,
    EdgeEvent,
    Event,
    RequestRefused,
    as_base64,
    decoded_pairs,
    forwarded_for,
    grouped,
    joined,
    last_wins,
    listed,
    query_pairs,
    text_or_base64,
    with_forwarding,
)

EDGE_REQUEST_ID = "4TyzHTaYWb1GX1qTfsHhEqV6HUDd_BzoBZnwfnvQc_1oF26ClkoUSEQ=="

# Docs: an Application Load Balancer sends a function at most 1 MB of body.
ALB_BODY_LIMIT = 1024 * 1024
# Docs: with "include body" CloudFront truncates, and says that it did.
EDGE_BODY_LIMITS: Final[dict[EdgeEvent, int]] = {
    "viewer-request": 40 * 1024,
    "origin-request": 1024 * 1024,
}

# Docs (CloudFront, restrictions on all edge functions, disallowed headers): a
# function neither sees these nor may answer with them.
EDGE_DISALLOWED: Final = frozenset(
    {
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "trailer",
        "upgrade",
        "x-amzn-auth",
        "x-amzn-cf-billing",
        "x-amzn-cf-id",
        "x-amzn-cf-xff",
        "x-amzn-errortype",
        "x-amzn-fle-profile",
        "x-amzn-header-count",
        "x-amzn-header-order",
        "x-amzn-lambda-integration-tag",
        "x-amzn-requestid",
        "x-cache",
        "x-forwarded-proto",
        "x-real-ip",
    }
)
EDGE_DISALLOWED_PREFIXES: Final = ("x-accel-", "x-amz-cf-", "x-edge-")

_LATTICE_ARN = f"arn:aws:vpc-lattice:{REGION}:{ACCOUNT}"
_LATTICE_NETWORK = f"{_LATTICE_ARN}:servicenetwork/sn-0bf3f2882e9cc805a"
_LATTICE_SERVICE = f"{_LATTICE_ARN}:service/svc-0a40eebed65f8d69c"
_LATTICE_TARGETS = f"{_LATTICE_ARN}:targetgroup/tg-6d0ecf831eec9f09"
_LATTICE_VPC = f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/vpc-0b8276c84697e7339"


def alb(arrival: Arrival) -> Event:
    """Application Load Balancer, multi-value headers off."""
    return {
        **_alb_common(arrival),
        "queryStringParameters": dict(query_pairs(arrival.query)),
        "headers": last_wins(with_forwarding(arrival)),
    }


def alb_multi(arrival: Arrival) -> Event:
    """Application Load Balancer, multi-value headers on."""
    return {
        **_alb_common(arrival),
        "multiValueQueryStringParameters": grouped(query_pairs(arrival.query)),
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


def edge(arrival: Arrival) -> Event:
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
    sent = [(name, value) for name, value in arrival.headers if not edge_disallows(name.lower())]
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


def edge_disallows(name: str) -> bool:
    """Whether CloudFront keeps the lower-cased header `name` from edge functions."""
    return name in EDGE_DISALLOWED or name.startswith(EDGE_DISALLOWED_PREFIXES)


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


def lattice_v1(arrival: Arrival) -> Event:
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


def lattice_v2(arrival: Arrival) -> Event:
    """VPC Lattice, event structure version 2."""
    body, encoded = text_or_base64(arrival)
    event: Event = {
        "version": "2.0",
        "path": arrival.path,
        "method": arrival.method,
        "headers": listed(_lattice_headers(arrival)),
        # Neither docs nor captures say whether these are decoded.
        "queryStringParameters": grouped(decoded_pairs(arrival.query)),
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
