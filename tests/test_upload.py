"""Files in declared types: their limits, and a type that the bytes show."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Generic, NamedTuple, NotRequired, TypedDict, TypeVar, cast

import pytest
from msgspec import Meta, Struct

from portico import (
    Blob,
    DefinitionError,
    File,
    FormData,
    Portico,
    Request,
    Response,
    SchemaError,
    schema_for,
    upload,
)
from portico._binding_body import accepted_kinds
from portico._faults import Refused
from portico._form_data import encode_multipart
from portico._form_files import accept_file, accept_files, file_fields
from portico._revise import revise
from portico._schema_msgspec import MsgspecSchema, describe
from portico._upload import UploadLimits
from portico.contract import Platform

MIB = 1024 * 1024
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 16
HTML = b"<!DOCTYPE html><script>alert(1)</script>"
ZIP = b"PK\3\4\0\0"
MULTIPART = {"content-type": "multipart/form-data; boundary=b"}


class Profile(Struct):
    name: str
    avatar: Annotated[File, upload(max_size=2 * MIB, min_size=1, types=["image/png", "image/*"])]
    papers: list[Annotated[File, upload(max_size=8)]] = []
    extra: File | None = None


def ask(
    handler: Callable[..., Any], headers: dict[str, str], body: bytes, *, debug: bool = False
) -> tuple[int, Any]:
    app = Portico(debug=debug)
    app.post("/", handler)
    platform = Platform()
    with app.start(platform) as running:
        request = Request("http://app.test/", method="POST", headers=headers, body=body)
        response = app.handle(request, platform, running)
    assert isinstance(response, Response)
    assert isinstance(response.content, bytes)
    return response.status, Response(response.content).sync.json()


def send(
    handler: Callable[..., Any], *entries: tuple[str, str | Blob], debug: bool = False
) -> tuple[int, Any]:
    return ask(handler, MULTIPART, encode_multipart(FormData(entries), "b"), debug=debug)


def show(body: Profile) -> list[object]:
    return [body.avatar.type, [file.name for file in body.papers], body.extra is None]


def test_a_form_brings_files_and_fields() -> None:
    answer = send(
        show,
        ("name", "n"),
        ("avatar", File([PNG], "a.png")),
        ("papers", File([b"1"], "1.txt")),
        ("papers", File([b"2"], "2.txt")),
    )

    assert answer == (200, ["image/png", ["1.txt", "2.txt"], True])


def test_every_fault_of_every_file_is_told_and_in_debug_what_was_found() -> None:
    status, problem = send(
        show,
        ("avatar", File([HTML], "a.png", type="image/png")),
        ("papers", File([b"right"], "1")),
        ("papers", File([b"too large"], "2")),
        ("papers", "a text"),
        ("extra", "a text"),
        debug=True,
    )

    assert status == 422
    assert problem["errors"] == [
        {"in": "body", "pointer": "/name", "expected": "a string (required)"},
        {
            "in": "body",
            "pointer": "/avatar",
            "expected": "a file of 1 byte to 2 MiB of type image/png or image/*",
            "found": "a file of 40 bytes of type text/html",
        },
        {
            "in": "body",
            "pointer": "/papers/1",
            "expected": "a file of at most 8 bytes",
            "found": "a file of 9 bytes of type text/plain",
        },
        {
            "in": "body",
            "pointer": "/papers/2",
            "expected": "a file of at most 8 bytes",
            "found": "a text",
        },
        {
            "in": "body",
            "pointer": "/extra",
            "expected": "a file or null",
            "found": "a text",
        },
    ]


def test_what_a_browser_sends_for_no_file_chosen_is_no_file() -> None:
    empty = File([], "", type="application/octet-stream")

    assert send(
        show, ("name", "n"), ("avatar", File([PNG], "a")), ("papers", empty), ("extra", empty)
    ) == (200, ["image/png", [], True])
    status, problem = send(show, ("name", "n"), ("avatar", empty))
    assert status == 422
    assert [fault["pointer"] for fault in problem["errors"]] == ["/avatar"]
    assert "(required)" in problem["errors"][0]["expected"]


def test_a_file_where_a_text_is_declared_is_a_fault() -> None:
    status, problem = send(
        show, ("name", File([b"n"], "n")), ("avatar", File([PNG], "a")), debug=True
    )

    assert status == 422
    assert problem["errors"] == [
        {
            "in": "body",
            "pointer": "/name",
            "expected": "a string",
            "found": "a value of type File",
        }
    ]


@pytest.mark.parametrize("kind", ["application/json", "", "application/x-www-form-urlencoded"])
def test_a_type_with_a_required_file_takes_a_multipart_form_alone(kind: str) -> None:
    status, problem = ask(show, {"content-type": kind} if kind else {}, b"{}")

    assert status == 415
    assert problem["detail"] == (
        f"The body has the content type {kind!r}. Send multipart/form-data."
    )


def test_a_type_whose_files_may_be_absent_takes_json_without_them() -> None:
    class Note(Struct):
        text: str
        file: File | None = None

    def note(body: Note) -> list[object]:
        return [body.text, body.file is None]

    headers = {"content-type": "application/json"}
    assert ask(note, headers, b'{"text":"t"}') == (200, ["t", True])
    status, problem = ask(note, headers, b'{"text":"t","file":"x"}')
    assert status == 422
    assert problem["errors"] == [{"in": "body", "pointer": "/file", "expected": "a file or null"}]


Small = Annotated[File, upload(max_size=2)]
T = TypeVar("T")


class AStruct(Struct):
    file: Small
    files: list[Small] = []
    other: Blob | None = None


class AGeneric(Struct, Generic[T]):
    file: T
    files: list[T] = []
    other: Blob | None = None


@dataclass
class ADataclass:
    file: Small
    files: tuple[Small, ...] = ()
    other: Blob | None = None


class ATypedDict(TypedDict):
    file: Small
    files: NotRequired[set[Small]]
    other: NotRequired[Blob]


class ANamedTuple(NamedTuple):
    file: Small
    files: frozenset[Small] = frozenset()
    other: Blob | None = None


@pytest.mark.parametrize("tp", [AStruct, AGeneric[Small], ADataclass, ATypedDict, ANamedTuple])
def test_every_kind_of_class_takes_files_within_their_limits(tp: Any) -> None:
    def seen(body: Any) -> list[int]:
        get: Any = body.get if tp is ATypedDict else partial(getattr, body)
        return [get("file").size, sum(file.size for file in get("files")), get("other").size]

    seen.__annotations__ = {"body": tp}
    two, three = File([b"12"], "2"), File([b"123"], "3")

    assert send(seen, ("file", two), ("files", two), ("files", two), ("other", three)) == (
        200,
        [2, 4, 3],
    )
    status, problem = send(seen, ("file", three), ("files", two), ("files", three), ("other", "x"))
    assert status == 422
    assert [(fault["pointer"], fault["expected"]) for fault in problem["errors"]] == [
        ("/file", "a file of at most 2 bytes"),
        ("/files/1", "a file of at most 2 bytes"),
        ("/other", "a file" if tp is ATypedDict else "a file or null"),
    ]
    assert ask(seen, {"content-type": "application/json"}, b"{}")[0] == 415


def test_files_of_a_mapping_may_be_lists() -> None:
    def sizes(body: dict[str, list[Small]]) -> dict[str, list[int]]:
        return {name: [file.size for file in files] for name, files in body.items()}

    one, three = File([b"1"], "1"), File([b"123"], "3")
    assert send(sizes, ("a", one), ("b", one), ("a", one)) == (200, {"a": [1, 1], "b": [1]})
    status, problem = send(sizes, ("a", one), ("a", three))
    assert (status, problem["errors"][0]["pointer"]) == (422, "/a/1")


def test_a_mapping_of_files_takes_every_name() -> None:
    def names(body: dict[str, Annotated[File, upload(max_size=1)]]) -> dict[str, int]:
        return {name: file.size for name, file in body.items()}

    assert send(names, ("a", File([b"1"], "x")), ("b", File([], "y"))) == (200, {"a": 1, "b": 0})
    status, problem = send(names, ("a/b", File([b"12"], "x")))
    assert (status, problem["errors"][0]["pointer"]) == (422, "/a~1b")


def test_a_blob_is_the_body_as_a_whole_whatever_its_content_type() -> None:
    def picture(body: Annotated[Blob, upload(max_size=64, types=["image/*"])]) -> list[object]:
        return [body.type, body.size]

    for kind in ("image/png", "text/html", "application/json", "multipart/form-data; boundary=b"):
        assert ask(picture, {"content-type": kind}, PNG) == (200, ["image/png", 24])
    status, problem = ask(picture, {"content-type": "image/png"}, HTML)
    assert status == 422
    assert problem["errors"] == [
        {"in": "body", "pointer": "", "expected": "a file of at most 64 bytes of type image/*"}
    ]


def test_a_blob_without_limits_is_any_body_and_has_the_type_that_was_sent() -> None:
    def anything(body: Blob | None) -> list[object] | None:
        return None if body is None else [body.type, body.size]

    assert ask(anything, {"content-type": "text/x"}, b"ab") == (200, ["text/x", 2])
    assert ask(anything, {}, b"ab") == (200, ["", 2])


class Inner(Struct):
    file: File


class Outer(Struct):
    inner: Inner


class Pair(Struct):
    files: tuple[File, File]


class Matrix(TypedDict):
    files: list[list[File]]


@pytest.mark.parametrize(
    ("part", "tp", "words"),
    [
        ("body", File, "A body that is a file as a whole is a `Blob`"),
        ("body", list[File], "A body that is a file as a whole is a `Blob`"),
        ("body", list[Inner], "A body that is a file as a whole is a `Blob`"),
        ("body", Outer, "The field 'inner' has a file inside an object"),
        ("body", Pair, "The field 'files' has a file inside an object or array"),
        ("body", Matrix, "The field 'files' has a file inside an object or array"),
        ("body", dict[str, Inner], r"The field '\*' has a file inside an object"),
        ("query", Inner, "The field 'file' is a file, which query cannot bring"),
        ("headers", Inner, "The field 'file' is a file, which headers cannot bring"),
        ("cookies", Inner, "The field 'file' is a file, which cookies cannot bring"),
        ("params", Inner, "The field 'file' is a file, which path cannot bring"),
    ],
)
def test_a_file_that_no_request_can_bring_is_found_before_the_first(
    part: str, tp: object, words: str
) -> None:
    namespace: dict[str, Any] = {}
    exec(f"def handler({part}): ...", namespace)
    namespace["handler"].__annotations__ = {part: tp}
    app = Portico()
    app.post("/", namespace["handler"])

    with pytest.raises(DefinitionError, match=words):
        app.check()


ACCEPTED = [
    (["image/png"], PNG, "", "image/png"),
    (["image/png"], PNG, "text/html", "image/png"),
    (["image/*"], PNG, "image/svg+xml", "image/png"),
    (["*/*"], HTML, "image/png", "text/html"),
    (["*/*"], b"\0\1", "", "application/octet-stream"),
    (["IMAGE/PNG"], PNG, "", "image/png"),
    (["image/jpg"], b"\xff\xd8\xff\0", "", "image/jpg"),
    (["application/gzip"], b"\x1f\x8b\x08", "", "application/gzip"),
    (["text/plain"], b"hello", "", "text/plain"),
    (["text/plain"], HTML, "text/plain", "text/plain"),
    (["text/*"], b"a,b", "text/csv; charset=utf-8", "text/csv"),
    (["text/csv"], b"a,b", "text/csv", "text/csv"),
    (["text/html"], HTML, "", "text/html"),
    (["application/json"], b"{}", "application/json", "application/json"),
    (["image/svg+xml"], b"<svg>", "image/svg+xml", "image/svg+xml"),
    (["application/xml"], b"<?xml ", "", "application/xml"),
    (["audio/webm"], b"\x1a\x45\xdf\xa3\x42\x82\x84webm", "audio/webm", "audio/webm"),
    (["audio/ogg"], b"OggS\0", "audio/ogg", "audio/ogg"),
    (["application/vnd.oasis.opendocument.text", "application/pdf"], ZIP,
     "application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
    (["application/zip"], ZIP, "application/x-anything", "application/zip"),
    (["application/zip"], ZIP, "application/epub+zip", "application/zip"),
    (["image/tiff"], b"II*\0", "image/tiff", "image/tiff"),
    (["application/pdf"], b"%PDF-1.4", "", "application/pdf"),
]  # fmt: skip


@pytest.mark.parametrize(("types", "data", "said", "mime"), ACCEPTED)
def test_a_file_passes_for_what_its_bytes_show_and_then_has_that_type(
    types: list[str], data: bytes, said: str, mime: str
) -> None:
    file = File([data], "name", type=said, last_modified=5)

    accepted = UploadLimits(None, 0, types).accept(file)

    assert isinstance(accepted, File)
    assert (accepted.type, accepted.name, accepted.last_modified) == (mime, "name", 5)
    assert accepted.sync.bytes() == data


@pytest.mark.parametrize(
    ("types", "data", "said"),
    [
        (["image/png"], HTML, "image/png"),
        (["image/png"], b"", "image/png"),
        (["image/png"], b"\0", "image/png"),
        (["image/png"], PNG[:7], "image/png"),
        (["image/png"], b"\xff\xd8\xff\0", "image/png"),
        (["image/*"], b"\0\1", "image/*"),
        (["image/*"], b"\0\1", "image/tiff"),
        (["image/*"], b"<svg>", "image/svg+xml"),
        (["image/*"], b"GIF89a=alert(1)", "image/gif"),
        (["image/tiff"], PNG, "image/tiff"),
        (["image/tiff"], b"text", "image/tiff"),
        (["text/*"], b"a\0b", "text/plain"),
        (["text/csv"], b"a,b", ""),
        (["text/csv"], b"a,b", "text/plain"),
        (["text/csv"], PNG, "text/csv"),
        (["application/json"], b"\0", "application/json"),
        (["audio/*"], b"OggS\0", ""),
        (["application/epub+zip"], b"\0", "application/epub+zip"),
        (["application/epub+zip"], ZIP, "application/zip"),
        (["audio/ogg"], PNG, "audio/ogg"),
        (["application/octet-stream"], PNG, "application/octet-stream"),
    ],
)
def test_a_file_does_not_pass_for_what_the_peer_says(
    types: list[str], data: bytes, said: str
) -> None:
    accepted = UploadLimits(None, 0, types).accept(File([data], "name", type=said))

    assert isinstance(accepted, Refused)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "a file"),
        ({"max_size": 2 * MIB}, "a file of at most 2 MiB"),
        ({"max_size": 1536}, "a file of at most 1536 bytes"),
        ({"max_size": 1024, "min_size": 1}, "a file of 1 byte to 1 KiB"),
        ({"min_size": 1}, "a file of at least 1 byte"),
        ({"types": ["a/b"]}, "a file of type a/b"),
        ({"types": ["a/b", "c/d", "e/*"]}, "a file of type a/b, c/d or e/*"),
    ],
)
def test_limits_are_said_in_words(arguments: dict[str, Any], words: str) -> None:
    class Form(Struct):
        file: Annotated[File, upload(**arguments)]

    with pytest.raises(SchemaError) as caught:
        schema_for(Form).validate_strings([("file", "text")], part="body")
    assert [fault.expected for fault in caught.value.faults] == [words]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"types": "image/png"}, "one text. Pass a list"),
        ({"types": ["png"]}, "got the type 'png'"),
        ({"types": ["*"]}, "got the type"),
        ({"types": ["*/png"]}, "got the type"),
        ({"types": ["text/plain; charset=utf-8"]}, "without parameters"),
        ({"max_size": 0}, "max_size=0"),
        ({"min_size": -1}, "min_size=-1"),
        ({"max_size": 1, "min_size": 2}, "not below the smallest"),
    ],
)
def test_limits_that_make_no_sense_are_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        upload(**arguments)


def test_limits_may_stand_around_an_optional_file_and_beside_other_metadata() -> None:
    class Form(Struct):
        a: Annotated[File | None, upload(max_size=1)] = None
        b: Annotated[File, upload(max_size=1), Meta(description="B")] | None = None

    pairs = [("a", File([b"12"], "a")), ("b", File([b"12"], "b"))]
    with pytest.raises(SchemaError) as caught:
        schema_for(Form).validate_strings(pairs, part="body")
    assert [(fault.pointer, fault.expected) for fault in caught.value.faults] == [
        ("/a", "a file of at most 1 byte or null"),
        ("/b", "a file of at most 1 byte or null"),
    ]


def test_limits_hold_for_values_of_python_too_at_any_depth() -> None:
    class Small(Struct):
        file: Annotated[File, upload(max_size=1)]

    schema = schema_for(dict[str, list[Small]])
    right, wrong = File([b"1"], "a"), File([b"12"], "b")

    assert schema.validate({"a": [{"file": right}]}, part="body") == {"a": [Small(right)]}
    with pytest.raises(SchemaError) as caught:
        schema.validate({"a": [{"file": right}, {"file": wrong}]}, part="body")
    assert [fault.pointer for fault in caught.value.faults] == ["/a/1/file"]


def test_a_file_is_a_string_of_bytes_in_json_schema() -> None:
    _, components = schema_for(Profile).json_schema("#/{name}", "validation")
    properties = components["Profile"]["properties"]

    plain = {"type": "string", "contentMediaType": "application/octet-stream"}
    assert properties["avatar"] == plain
    assert properties["papers"]["items"] == plain

    class Picture(Struct):
        file: Annotated[File, upload(types=["image/png"])]

    _, components = schema_for(Picture).json_schema("#/{name}", "validation")
    assert components["Picture"]["properties"]["file"]["contentMediaType"] == "image/png"


def test_a_file_on_disk_is_looked_into_without_being_read_whole() -> None:
    data = PNG + b"\0" * (3 * MIB)

    def size(body: Profile) -> int:
        return body.avatar.size

    status, problem = send(size, ("name", "n"), ("avatar", File([data], "a")))
    assert status == 422
    assert problem["errors"][0]["pointer"] == "/avatar"
    data = data[: 2 * MIB]
    assert send(size, ("name", "n"), ("avatar", File([data], "a"))) == (200, 2 * MIB)


class Album(Struct):
    cover: Annotated[File, upload(max_size=3)]
    pages: list[Annotated[File, upload(min_size=2)]] = []
    back: Annotated[File, upload(types=["text/plain"])] | None = None
    title: str = ""


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"cover": File([b"abc"], "a"), "title": "b"},
        {"cover": File([b"abcd"], "a"), "title": File([b"abcd"], "a")},
        {"cover": "abcd", "pages": [File([b"a"], "a"), "x", File([b"ab"], "b")]},
        {"pages": File([b"a"], "a"), "back": File([b"\0"], "a")},
        {"back": None, "other": File([b"a"], "a"), "pages": []},
    ],
)
def test_the_files_of_fields_are_accepted_as_files_anywhere_are(members: dict[str, object]) -> None:
    node = describe(Album)
    expected = revise(members, node, accept_file)
    fields = file_fields(node)

    assert fields is not None
    assert outline(accept_files(dict(members), fields)) == outline(expected)


def outline(value: object) -> object:
    """A value with the refused texts of files, and the files themselves, in their place."""
    if isinstance(value, dict):
        members = cast("dict[str, object]", value)
        return {name: outline(item) for name, item in members.items()}
    if isinstance(value, list):
        return [outline(item) for item in cast("list[object]", value)]
    return ("refused", value.text) if isinstance(value, Refused) else value


class OneFile(Struct):
    file: File


class Row(Struct, array_like=True):
    name: str


class Cat(Struct, tag=True):
    name: str


class Dog(Struct, tag=True, forbid_unknown_fields=True):
    name: str
    bark: int = 0


@dataclass
class Plain:
    names: list[str]
    inner: Cat | None = None


class Keyed(TypedDict):
    name: str


class Line(NamedTuple):
    name: str


class Deep(Struct):
    inner: OneFile


BODIES: list[Any] = [
    *(Profile, OneFile, Row, Cat, Dog, Plain, Keyed, Line, Deep, Cat | Dog, Plain | None),
    *(Annotated[Cat, Meta(description="a cat")], list[Cat], dict[str, int], dict[str, File], int),
    *(str | int, Annotated[list[int], Meta(min_length=1)], list[File], Cat | list[int]),
]


@pytest.mark.parametrize("tp", BODIES, ids=str)
def test_the_kinds_of_a_body_are_those_that_its_reader_says(
    tp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kinds() -> object:
        try:
            return accepted_kinds(MsgspecSchema(tp))
        except DefinitionError as error:
            return str(error)

    quickly = kinds()
    monkeypatch.setattr(MsgspecSchema, "is_plain_object", False)

    assert quickly == kinds()
