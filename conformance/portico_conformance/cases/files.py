"""Files: conditional and by range (RFC 9110 sections 13 and 14)."""

from pathlib import Path

from portico_conformance._case import Client, case
from portico_conformance.application import _files
from portico_conformance.cases._reading import COLOURS, media_type, problem_of

CONTENT = Path(_files.__file__).read_bytes()
SIZE = len(CONTENT)


@case("files", each=COLOURS)
def a_file_comes_with_its_validators(client: Client, colour: str) -> None:
    answer = client.request("GET", f"/{colour}/file")

    assert answer.status == 200
    assert answer.body == CONTENT
    assert media_type(answer) == "text/plain"
    assert answer.get("accept-ranges") == "bytes"
    assert (answer.get("etag") or "").startswith('"')
    assert (answer.get("last-modified") or "").endswith("GMT")


@case("files", each=COLOURS)
def the_head_of_a_file_has_no_body(client: Client, colour: str) -> None:
    answer = client.request("HEAD", f"/{colour}/file")

    assert answer.status == 200
    assert answer.body == b""
    assert answer.get("etag") == client.request("GET", f"/{colour}/file").get("etag")


@case(
    "files",
    each=[("etag", ("if-none-match", "etag")), ("date", ("if-modified-since", "last-modified"))],
)
def a_file_that_the_client_has_is_a_304(client: Client, record: tuple[str, str]) -> None:
    condition, validator = record
    value = client.request("GET", "/async/file").get(validator) or ""

    answer = client.request("GET", "/async/file", [(condition, value)])

    assert answer.status == 304
    assert answer.body == b""
    assert answer.get("etag")


@case("files")
def a_file_of_another_version_comes_whole(client: Client) -> None:
    answer = client.request("GET", "/async/file", [("If-None-Match", '"other", W/"another"')])

    assert answer.status == 200
    assert answer.body == CONTENT


@case("files")
def a_condition_that_fails_is_a_412(client: Client) -> None:
    assert client.request("GET", "/async/file", [("If-Match", '"other"')]).status == 412


@case(
    "files",
    each=[
        ("first", ("bytes=0-9", 0, 10)),
        ("one-byte", ("bytes=5-5", 5, 6)),
        ("from", ("bytes=20-", 20, SIZE)),
        ("suffix", ("bytes=-7", SIZE - 7, SIZE)),
        ("beyond-the-end", (f"bytes=10-{SIZE + 100}", 10, SIZE)),
        ("long-suffix", (f"bytes=-{SIZE * 2}", 0, SIZE)),
    ],
)
def a_range_of_a_file_is_a_206(client: Client, record: tuple[str, int, int]) -> None:
    field, start, stop = record
    for colour in ("async", "sync"):
        answer = client.request("GET", f"/{colour}/file", [("Range", field)])

        assert answer.status == 206
        assert answer.body == CONTENT[start:stop]
        assert answer.get("content-range") == f"bytes {start}-{stop - 1}/{SIZE}"


@case("files")
def a_range_beyond_the_file_is_a_416(client: Client) -> None:
    answer = client.request("GET", "/async/file", [("Range", f"bytes={SIZE}-")])

    assert answer.status == 416
    assert answer.get("content-range") == f"bytes */{SIZE}"


@case(
    "files",
    each=[
        ("unit", "lines=1-2"),
        ("letters", "bytes=a-b"),
        ("backwards", "bytes=9-5"),
        ("nothing", "bytes="),
        ("many", "bytes=" + ",".join(f"{n}-{n}" for n in range(100))),
    ],
)
def a_range_that_is_not_understood_is_left_out(client: Client, field: str) -> None:
    answer = client.request("GET", "/async/file", [("Range", field)])

    assert answer.status == 200
    assert answer.body == CONTENT


@case("files")
def a_range_of_another_version_is_left_out(client: Client) -> None:
    headers = [("Range", "bytes=0-9"), ("If-Range", '"other"')]

    assert client.request("GET", "/async/file", headers).status == 200


@case("files")
def a_download_has_a_name(client: Client) -> None:
    answer = client.request("GET", "/file/download")

    assert answer.body == CONTENT
    assert answer.get("cache-control") == "no-store"
    disposition = answer.get("content-disposition") or ""
    assert disposition.startswith("attachment;")
    assert "filename*=UTF-8''Gr%C3%B6%C3%9Fe.txt" in disposition


@case("files")
def a_file_that_is_missing_is_a_404(client: Client) -> None:
    answer = client.request("GET", "/file/missing")

    problem_of(answer, 404)
    assert b"_files" not in answer.body
