"""A function's result, read field by field and refused where a rule is broken.

What one service or another checks of a result: that it is JSON of a bearable
size, an object with known fields, a status, headers that can stand on the
wire, a body that is text or valid base64. `_lambda_results` says which service
checks what.
"""

import binascii
import json
import re
from base64 import b64decode
from collections.abc import Collection
from typing import NoReturn, cast

from ._lambda_arrival import PAYLOAD_LIMIT
from ._lambda_events import Shape
from ._lambda_network_events import ALB_BODY_LIMIT

Headers = list[tuple[str, str]]

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FORBIDDEN = re.compile(r"[^\t\x20-\x7e\x80-\xff]")


class GatewayError(Exception):
    """The service would answer 502: the function's result breaks one of its rules.

    `shape` names the service's shape, `rule` the rule that was broken and the
    value that broke it.
    """

    status = 502

    def __init__(self, shape: Shape, rule: str) -> None:
        super().__init__(f"{shape}: {rule}")
        self.shape = shape
        self.rule = rule


class Answer:
    """A function's result as the service reads it, field by field."""

    __slots__ = ("fields", "shape", "text")

    def __init__(self, shape: Shape, result: object) -> None:
        self.shape: Shape = shape
        self.text = self._serialized(result)
        limit = ALB_BODY_LIMIT if shape in ("alb", "alb-multi") else PAYLOAD_LIMIT
        if len(self.text) > limit:
            self.refuse(f"the result takes {len(self.text)} bytes of JSON, the limit is {limit}")
        self.fields: object = json.loads(self.text)

    def _serialized(self, result: object) -> bytes:
        try:
            return json.dumps(result, ensure_ascii=False, allow_nan=False).encode("utf-8")
        except (TypeError, ValueError) as error:
            self.refuse(f"the result is not JSON: {error}")

    def refuse(self, rule: str) -> NoReturn:
        """Raise the error that names the broken rule."""
        raise GatewayError(self.shape, rule)

    def record(self, allowed: Collection[str]) -> dict[str, object]:
        """The result as an object with no field outside `allowed`."""
        fields = self.table(self.fields, "the result")
        extra = sorted(fields.keys() - set(allowed))
        if extra:
            self.refuse(f"unknown fields {extra}, allowed are {sorted(allowed)}")
        return fields

    def status_code(self, fields: dict[str, object]) -> int:
        """`statusCode`, an integer from 200 to 599."""
        code = fields.get("statusCode")
        if not isinstance(code, int) or isinstance(code, bool) or not 200 <= code <= 599:
            self.refuse(f"statusCode is {code!r}, an integer from 200 to 599 is expected")
        return code

    def status_description(self, fields: dict[str, object], code: int) -> None:
        """Check `statusDescription`, as in `200 OK`: optional, its number that of the status."""
        described = fields.get("statusDescription", f"{code} ")
        if not isinstance(described, str) or described.split(" ")[0] != str(code):
            self.refuse(f"statusDescription is {described!r}, a text like '{code} ...' is expected")

    def flag(self, fields: dict[str, object], name: str) -> bool:
        """A field that is true, false or left out (false)."""
        value = fields.get(name, False)
        if not isinstance(value, bool):
            self.refuse(f"{name} is {value!r}, true or false is expected")
        return value

    def single_headers(self, value: object, name: str = "headers") -> Headers:
        """Header names with one text each."""
        headers: Headers = []
        for key, text in self.table(value, name).items():
            if not isinstance(text, str):
                self.refuse(f"{name}[{key!r}] is {text!r}, a text is expected")
            headers.append(self.header(key, text))
        return headers

    def multi_headers(self, value: object) -> Headers:
        """Header names with a list of texts each."""
        headers: Headers = []
        for key, texts in self.table(value, "multiValueHeaders").items():
            for text in self.texts(texts, f"multiValueHeaders[{key!r}]"):
                headers.append(self.header(key, text))
        return headers

    def table(self, value: object, name: str) -> dict[str, object]:
        """A field that is an object."""
        if not isinstance(value, dict):
            self.refuse(f"{name} is {kind_of(value)}, an object is expected")
        return cast("dict[str, object]", value)

    def texts(self, value: object, name: str) -> list[str]:
        """A field that is a list of texts."""
        texts = cast("list[object]", value) if isinstance(value, list) else [None]
        if not all(isinstance(text, str) for text in texts):
            self.refuse(f"{name} is {value!r}, a list of texts is expected")
        return cast("list[str]", texts)

    def header(self, name: str, value: str) -> tuple[str, str]:
        """A header that can stand on the wire."""
        if not _TOKEN.fullmatch(name):
            self.refuse(f"header name {name!r} is not a token")
        if _FORBIDDEN.search(value):
            self.refuse(f"header {name!r} has the value {value!r}, which is not latin-1 text")
        return name, value

    def body(self, fields: dict[str, object], *, encoded: bool, nullable: bool = False) -> bytes:
        """`body`, decoded where it is base64; empty where it is left out."""
        text = fields.get("body", "")
        if text is None and nullable:
            return b""
        if not isinstance(text, str):
            self.refuse(f"body is {kind_of(text)}, a text is expected")
        if not encoded:
            return text.encode("utf-8")
        try:
            return b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            self.refuse(f"body is not base64 though it is marked so: {error}")


_KINDS: dict[type, str] = {dict: "an object", list: "a list", str: "a text", type(None): "null"}


def kind_of(value: object) -> str:
    """What `value` is in JSON's words, for an error."""
    return _KINDS.get(type(value), repr(value))
