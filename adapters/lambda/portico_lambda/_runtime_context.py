"""`InvocationContext`: the context object of an invocation, with the names of AWS's own."""

from __future__ import annotations

import json
import os
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from email.message import Message


class InvocationContext:
    """What is known of an invocation beside its event.

    Attributes:
        aws_request_id: that of the invocation.
        invoked_function_arn: by what the function was invoked.
        function_name: its name; like the next four from the environment.
        function_version: its version.
        memory_limit_in_mb: its memory, as a text.
        log_group_name: where its log goes.
        log_stream_name: where in there.
        client_context: what a mobile client has sent along, or None.
        identity: the Cognito identity of the caller; its members may be None.
        tenant_id: the tenant for whom it is invoked, or None.
    """

    def __init__(self, headers: Message) -> None:
        field, env = headers.get, os.environ.get
        self.aws_request_id: str = field("Lambda-Runtime-Aws-Request-Id") or ""
        self.invoked_function_arn: str = field("Lambda-Runtime-Invoked-Function-Arn") or ""
        self.function_name: str | None = env("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version: str | None = env("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb: str | None = env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.log_group_name: str | None = env("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name: str | None = env("AWS_LAMBDA_LOG_STREAM_NAME")
        self.tenant_id: str | None = field("Lambda-Runtime-Aws-Tenant-Id")
        self.client_context: Any = _object(field("Lambda-Runtime-Client-Context"))
        cognito = _object(field("Lambda-Runtime-Cognito-Identity"))
        self.identity = SimpleNamespace(
            cognito_identity_id=getattr(cognito, "cognitoIdentityId", None),
            cognito_identity_pool_id=getattr(cognito, "cognitoIdentityPoolId", None),
        )
        self._deadline = _milliseconds(field("Lambda-Runtime-Deadline-Ms"))

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the invocation."""
        return max(self._deadline - int(time.time() * 1000), 0)


def _object(text: str | None) -> Any:
    """The members of a JSON object as attributes, or None where there is none."""
    if not text:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return SimpleNamespace(**value) if isinstance(value, dict) else None


def _milliseconds(text: str | None) -> int:
    """A deadline in milliseconds since 1970; one that is not told is the longest there can be."""
    if text is not None and text.isdecimal():
        return int(text)
    return int(time.time() * 1000) + 900_000
