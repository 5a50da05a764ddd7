"""A streamed result, as far as a front that has all of it in its hands can tell.

A runtime that streams sends a prelude, which is status and header fields as JSON, eight NUL bytes,
and the body as it is. AWS's emulator collects that, and gives it out as one message; here it
becomes the result that a buffered function would have returned.
"""

import json
from base64 import b64encode
from typing import cast

END_OF_PRELUDE = bytes(8)


def streamed_result(data: bytes) -> dict[str, object] | None:
    """The result that was streamed, or None where the bytes are no stream."""
    head, end, body = data.partition(END_OF_PRELUDE)
    if not end:
        return None
    fields: object = json.loads(head)
    if not isinstance(fields, dict):
        raise ValueError(f"the prelude is {head[:200]!r}, an object is expected")
    result = cast("dict[str, object]", fields)
    extra = result.keys() - {"statusCode", "headers", "multiValueHeaders", "cookies"}
    if extra:
        raise ValueError(f"the prelude has the fields {sorted(extra)}")
    return {**result, "body": b64encode(body).decode("ascii"), "isBase64Encoded": True}
