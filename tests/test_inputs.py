"""Classes of other libraries, and any object that validates, in every part of a request."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Generic, Literal, TypeVar

import attrs
import pydantic
import pytest
from msgspec import Meta, Struct

from portico import (
    Fault,
    File,
    FormData,
    Portico,
    Request,
    Response,
    SchemaError,
    register_schema,
    upload,
)
from portico import _schema as registry_module
from portico._form_data import encode_multipart
from portico.contract import Platform

T = TypeVar("T")


@attrs.define
class Attrs:
    number: Annotated[int, Meta(ge=0)]
    name: str = "?"
    tags: list[int] = attrs.field(factory=list[int])


class Model(pydantic.BaseModel):
    number: Annotated[int, pydantic.Field(ge=0)]
    name: str = "?"
    tags: list[int] = []


class ModelOf(pydantic.BaseModel, Generic[T]):
    number: Annotated[int, pydantic.Field(ge=0)]
    name: str = "?"
    tags: list[T] = []


class Plain(Struct):
    number: int
    name: str = "?"
    tags: list[int] = []


Send = Callable[[list[tuple[str, str]]], dict[str, Any]]


def in_query(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    return {"url": "http://a.test/?" + "&".join(f"{name}={value}" for name, value in pairs)}


def in_headers(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    return {"url": "http://a.test/", "headers": pairs}


def in_cookies(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    cookie = "; ".join(f"{name}={value}" for name, value in pairs)
    return {"url": "http://a.test/", "headers": {"cookie": cookie}}


def in_form(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "url": "http://a.test/",
        "method": "POST",
        "headers": {"content-type": "multipart/form-data; boundary=b"},
        "body": encode_multipart(FormData(pairs), "b"),
    }


def in_params(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    return {"url": "http://a.test/" + "/".join(value for _, value in pairs[:2])}


PARTS: dict[str, tuple[str, str, Send]] = {
    "query": ("query", "/", in_query),
    "headers": ("headers", "/", in_headers),
    "cookies": ("cookies", "/", in_cookies),
    "body": ("body", "/", in_form),
    "params": ("path", "/{number}/{name?}", in_params),
}


def ask(
    tp: object, part: str, pairs: list[tuple[str, str]], *, debug: bool = False
) -> tuple[int, Any]:
    """Status and body of a handler that takes the part as the type and shows what it got."""

    def handler(**values: Any) -> dict[str, Any]:
        value = values[part]
        return {"number": value.number, "name": value.name, "tags": value.tags}

    namespace: dict[str, Any] = {"handler": handler}
    exec(f"def take({part}): return handler({part}={part})", namespace)
    namespace["take"].__annotations__ = {part: tp}
    _, path, send = PARTS[part]
    app = Portico(debug=debug)
    request = Request(**send(pairs))
    app.route(request.method, path, namespace["take"])
    platform = Platform()
    with app.start(platform) as running:
        response = app.handle(request, platform, running)
    assert isinstance(response, Response)
    assert isinstance(response.content, bytes)
    return response.status, Response(response.content).sync.json()


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("tp", [Attrs, Model, ModelOf[int]])
def test_a_class_of_another_library_is_read_from_every_part(tp: object, part: str) -> None:
    tags = [] if part == "params" else [3]
    pairs = [("number", "7"), ("name", "n"), *(("tags", str(tag)) for tag in tags)]

    assert ask(tp, part, pairs) == (200, {"number": 7, "name": "n", "tags": tags})
    assert ask(tp, part, pairs[:1]) == (200, {"number": 7, "name": "?", "tags": []})


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("tp", [Attrs, Model, ModelOf[int]])
@pytest.mark.parametrize("number", ["-1", "1.0", "+1", "1_0", "1e3"])
def test_every_fault_of_such_a_class_is_told(tp: object, part: str, number: str) -> None:
    pairs = [("number", number), ("name", "n"), ("tags", "x")]

    status, problem = ask(tp, part, pairs)

    assert status == 422
    expected = ["/number"] if part == "params" else ["/number", "/tags/0"]
    name = PARTS[part][0]
    assert [(f["in"], f["pointer"]) for f in problem["errors"]] == [(name, e) for e in expected]


class Swapped:
    """Validation by something that is neither msgspec nor pydantic."""

    vendor = "ours"

    def validate(self, value: object, *, part: str, coerce: bool = False) -> Plain:
        raise AssertionError("no part of a request is validated as a value of Python")

    def validate_json(self, data: bytes, *, part: str) -> Plain:
        if data != b"42":
            raise SchemaError([Fault(part, "", "forty-two", data.decode())])
        return Plain(42, "by hand")

    def validate_strings(self, pairs: Iterable[tuple[str, object]], *, part: str) -> Plain:
        number = {name.lower(): value for name, value in pairs}.get("number")
        if number != "42":
            raise SchemaError([Fault(part, "/number", "forty-two", number)])
        return Plain(42, "by hand")

    def dump_json(self, value: Any) -> bytes:
        return b""

    def json_schema(
        self, ref_template: str, mode: Literal["validation", "serialization"]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        return {}, {}


@pytest.fixture
def swapped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_module, "_registered", [])
    monkeypatch.setattr(registry_module, "_schemas", {})
    register_schema(lambda tp: tp is Plain, lambda tp: Swapped())


@pytest.mark.usefixtures("swapped")
@pytest.mark.parametrize("part", PARTS)
def test_the_validation_of_a_type_can_be_replaced_in_every_part(part: str) -> None:
    assert ask(Plain, part, [("number", "42")]) == (
        200,
        {"number": 42, "name": "by hand", "tags": []},
    )
    status, problem = ask(Plain, part, [("number", "41")])
    assert status == 422
    assert problem["errors"] == [
        {"in": PARTS[part][0], "pointer": "/number", "expected": "forty-two"}
    ]


class Secret(Struct):
    number: Annotated[int, Meta(extra={"secret": True})]
    name: Annotated[str, Meta(max_length=1)] = "?"
    tags: list[int] = []


@pytest.mark.parametrize("part", ["query", "body", "params"])
def test_what_was_found_is_told_in_debug_but_not_of_a_secret(part: str) -> None:
    pairs = [("number", "hush"), ("name", "long")]

    _, problem = ask(Secret, part, pairs, debug=True)
    _, quiet = ask(Secret, part, pairs)

    assert ["found" in fault for fault in problem["errors"]] == [False, True]
    assert problem["errors"][1]["found"] == "long"
    assert not any("found" in fault for fault in quiet["errors"])


@pytest.mark.parametrize("part", ["headers", "cookies"])
def test_what_was_found_in_header_fields_and_cookies_is_never_told(part: str) -> None:
    _, problem = ask(Secret, part, [("number", "hush"), ("name", "long")], debug=True)

    assert not any("found" in fault for fault in problem["errors"])


def test_a_secret_parameter_is_not_shown_in_debug() -> None:
    def handler(
        token: Annotated[int, Meta(extra={"secret": True})],
        other: Annotated[int, Meta(extra={"secret": True})] | None = None,
    ) -> None: ...

    app = Portico(debug=True)
    app.get("/", handler)
    platform = Platform()
    with app.start(platform) as running:
        request = Request("http://a.test/?token=hush&other=hush")
        response = app.handle(request, platform, running)
    assert isinstance(response, Response)
    assert isinstance(response.content, bytes)
    assert response.status == 422
    assert b"hush" not in response.content


@attrs.define
class AttrsPicture:
    file: Annotated[File, upload(max_size=4)]


class ModelPicture(pydantic.BaseModel):
    file: Annotated[File, upload(max_size=4)]


@pytest.mark.parametrize("tp", [AttrsPicture, ModelPicture])
def test_a_class_of_another_library_takes_files_within_their_limits(tp: Any) -> None:
    def size(body: Any) -> int:
        return int(body.file.size)

    size.__annotations__ = {"body": tp}
    app = Portico()
    app.post("/", size)
    platform = Platform()
    for data, status in ((b"1234", 200), (b"12345", 422)):
        with app.start(platform) as running:
            form = encode_multipart(FormData([("file", File([data], "f"))]), "b")
            headers = {"content-type": "multipart/form-data; boundary=b"}
            request = Request("http://a.test/", method="POST", headers=headers, body=form)
            response = app.handle(request, platform, running)
        assert isinstance(response, Response)
        assert response.status == status
        request = Request("http://a.test/", method="POST", body=b'{"file":"x"}')
        with app.start(platform) as running:
            json_response = app.handle(request, platform, running)
        assert isinstance(json_response, Response)
        assert json_response.status == 415
