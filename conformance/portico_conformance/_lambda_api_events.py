"""The events of API Gateway and of function URLs: REST APIs, HTTP APIs, `lambda-url`.

The last two share payload format 2.0 and disagree on the encoding of `rawPath`
and on the cookie header, both seen in events captured on AWS.
"""

from ._lambda_arrival import (
    ACCOUNT,
    TIME_EPOCH,
    Arrival,
    Event,
    as_base64,
    as_lossy_text,
    decoded_pairs,
    decoded_path,
    grouped,
    joined,
    strictly_decoded_path,
    text_or_base64,
    with_forwarding,
)

API_ID = "a1b2c3d4e5"
URL_ID = "2cxn22odiwguak4feg4jtt7cwm0ziblr"
REQUEST_ID = "7c2af7db-31f3-42b5-8a6d-9ffc74e3b9e0"
TIME = "10/Jul/2026:19:19:04 +0000"

# Live: API Gateway's REST events spell these so, whatever the client sent.
_REST_SPELLING = {
    "host": "Host",
    "user-agent": "User-Agent",
    "x-amzn-trace-id": "X-Amzn-Trace-Id",
    "x-forwarded-for": "X-Forwarded-For",
    "x-forwarded-port": "X-Forwarded-Port",
    "x-forwarded-proto": "X-Forwarded-Proto",
}


def rest(arrival: Arrival) -> Event:
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
        "multiValueQueryStringParameters": grouped(query) or None,
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


def http(arrival: Arrival) -> Event:
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


def url(arrival: Arrival) -> Event:
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
    query = grouped(decoded_pairs(arrival.query))
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


def _cookies(arrival: Arrival) -> list[str]:
    headers = (value for name, value in arrival.headers if name.lower() == "cookie")
    return [pair.strip() for value in headers for pair in value.split(";") if pair.strip()]
