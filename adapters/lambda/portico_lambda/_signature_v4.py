"""AWS Signature Version 4, in header fields: who sends a request, and that nobody has changed it.

The canonical path is the path as it is on the wire, percent-encoded once more, as for each service
but Amazon S3.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

from portico import PorticoError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_ALGORITHM: Final = "AWS4-HMAC-SHA256"


class MissingCredentialsError(PorticoError, RuntimeError):
    """The environment has no credentials to sign with."""


class Credentials(NamedTuple):
    """Who signs, and where the service is.

    Attributes:
        access_key: its id.
        secret_key: what signs.
        token: of temporary credentials, as those of a function are; else empty.
        region: such as `"eu-west-1"`.
    """

    access_key: str
    secret_key: str
    token: str
    region: str

    def __repr__(self) -> str:
        return f"<Credentials {self.access_key} in {self.region}>"


def credentials_of(environment: Mapping[str, str] = os.environ) -> Credentials:
    """The credentials of the function's role, which Lambda sets as environment variables.

    Raises:
        MissingCredentialsError: one of them is missing.
    """
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION", "")
    found = Credentials(
        environment.get("AWS_ACCESS_KEY_ID", ""),
        environment.get("AWS_SECRET_ACCESS_KEY", ""),
        environment.get("AWS_SESSION_TOKEN", ""),
        region,
    )
    if not (found.access_key and found.secret_key and region):
        raise MissingCredentialsError(
            "The environment has no credentials of AWS. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY "
            "and AWS_REGION were expected, which Lambda sets. Set them, or replace `Connections`."
        )
    return found


def signed(
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    credentials: Credentials,
    service: str,
    now: datetime,
) -> dict[str, str]:
    """The header fields of a request without a query, with those that sign it.

    Args:
        method: such as `"POST"`.
        path: as it is sent.
        headers: all that are to be signed, in lower case, `host` among them.
        body: the content.
        credentials: who signs.
        service: its name in signatures, such as `"execute-api"`.
        now: the time, in UTC.
    """
    time = now.strftime("%Y%m%dT%H%M%SZ")
    fields = {**headers, "x-amz-date": time}
    if credentials.token:
        fields["x-amz-security-token"] = credentials.token
    names = sorted(fields)
    signed_names = ";".join(names)
    request = "\n".join(
        [
            method,
            quote(path, safe="/-_.~"),
            "",
            *[f"{name}:{' '.join(fields[name].split())}" for name in names],
            "",
            signed_names,
            hashlib.sha256(body).hexdigest(),
        ]
    )
    scope = f"{time[:8]}/{credentials.region}/{service}/aws4_request"
    digest = hashlib.sha256(request.encode()).hexdigest()
    signature = _hmac(
        _key(credentials, time[:8], service), "\n".join([_ALGORITHM, time, scope, digest])
    ).hex()
    fields["authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, "
        f"SignedHeaders={signed_names}, Signature={signature}"
    )
    return fields


def _key(credentials: Credentials, day: str, service: str) -> bytes:
    key = f"AWS4{credentials.secret_key}".encode()
    for part in (day, credentials.region, service, "aws4_request"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
