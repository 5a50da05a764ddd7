"""Static files: a folder that is served, and what is outside of it, which is not."""

from portico_conformance._case import Client, case
from portico_conformance.application import _static_files
from portico_conformance.cases._reading import media_type, problem_of

LARGE = _static_files.LARGE
DIGITS = "/static/docs/a%20b.txt"


@case(
    "static",
    each=[
        ("folder", ("/static/", "text/html", _static_files.PAGE)),
        ("inner-folder", ("/static/docs/", "text/html", _static_files.PAGE)),
        ("index", ("/static/index.html", "text/html", _static_files.PAGE)),
        ("script", ("/static/app.js", "text/javascript", _static_files.SCRIPT)),
        ("space", (DIGITS, "text/plain", "0123456789")),
        ("link-inside", ("/static/in/a%20b.txt", "text/plain", "0123456789")),
        ("dot-segments", ("/static/x/../docs/./a%20b.txt", "text/plain", "0123456789")),
    ],
)
def a_file_of_the_folder_is_served(client: Client, record: tuple[str, str, str]) -> None:
    target, kind, content = record

    answer = client.request("GET", target)

    assert (answer.status, media_type(answer)) == (200, kind)
    assert answer.body.decode() == content
    assert answer.get("cache-control") == "no-cache"


@case("static")
def a_large_static_file_comes_down_whole(client: Client) -> None:
    answer = client.request("GET", "/static/large.bin")

    assert (answer.status, media_type(answer)) == (200, "application/octet-stream")
    assert answer.body == LARGE


@case(
    "static",
    each=[
        ("up", "/static/../secret.txt"),
        ("up-encoded", "/static/%2e%2e/secret.txt"),
        ("up-slash-encoded", "/static/..%2Fsecret.txt"),
        ("up-twice-encoded", "/static/%252e%252e/secret.txt"),
        ("up-slash-twice-encoded", "/static/%252e%252e%252fsecret.txt"),
        ("up-backslash", "/static/..%5Csecret.txt"),
        ("up-from-inside", "/static/docs/%2e%2e/%2e%2e/secret.txt"),
        ("absolute", "/static//etc/passwd"),
        ("drive", "/static/C:/secret.txt"),
        ("stream", "/static/app.js::$DATA"),
        ("device", "/static/con"),
        ("link-outside", "/static/out.txt"),
        ("hidden", "/static/.env"),
        ("hidden-encoded", "/static/%2eenv"),
        ("file-as-folder", "/static/app.js/"),
        ("backslash", "/static/docs%5Ca%20b.txt"),
        ("empty-segment", "/static/docs//a%20b.txt"),
        ("no-index", "/static/empty/"),
        ("missing", "/static/missing.txt"),
    ],
)
def nothing_else_is_served(client: Client, target: str) -> None:
    answer = client.request("GET", target)

    # A dot segment behind an encoded slash is refused, where the adapter sees that it was encoded.
    problem_of(answer, 400 if answer.status == 400 and "%2F" in target else 404)
    assert _static_files.SECRET.encode() not in answer.body


@case("static")
def a_folder_gets_its_slash_by_a_redirect_to_the_same_origin(client: Client) -> None:
    answer = client.request("GET", "/static/docs?a=1")

    assert answer.status == 307
    assert answer.get("location") == "./docs/?a=1"


@case("static")
def a_static_file_that_the_client_has_is_a_304(client: Client) -> None:
    etag = client.request("GET", DIGITS).get("etag") or ""

    answer = client.request("GET", DIGITS, [("If-None-Match", etag)])

    assert (answer.status, answer.body) == (304, b"")
    assert answer.get("cache-control") == "no-cache"


@case(
    "static",
    each=[("small", (DIGITS, b"0123456789")), ("large", ("/static/large.bin", LARGE))],
)
def several_ranges_come_part_by_part(client: Client, record: tuple[str, bytes]) -> None:
    target, content = record
    size = len(content)

    answer = client.request("GET", target, [("Range", "bytes=0-1,-3,4-4")])

    assert answer.status == 206
    assert media_type(answer) == "multipart/byteranges"
    boundary = (answer.get("content-type") or "").partition("boundary=")[2]
    _, *parts, end = answer.body.split(f"--{boundary}".encode())
    found = [part.strip(b"\r\n").partition(b"\r\n\r\n") for part in parts]
    ranges = [head.rpartition(b"content-range: ")[2].decode() for head, _, _ in found]
    assert ranges == [
        f"bytes 0-1/{size}",
        f"bytes {size - 3}-{size - 1}/{size}",
        f"bytes 4-4/{size}",
    ]
    assert [body for _, _, body in found] == [content[:2], content[-3:], content[4:5]]
    assert end == b"--\r\n"


@case(
    "static",
    each=[
        ("best", ("gzip, br", "br", b"as if by brotli \x00\xff")),
        ("preferred", ("gzip, br;q=0.5", "gzip", b"as if by gzip \x00\xff")),
        ("refused", ("br;q=0, gzip;q=0", None, _static_files.SCRIPT.encode())),
        ("none", ("identity", None, _static_files.SCRIPT.encode())),
    ],
)
def a_variant_that_was_compressed_beforehand_is_sent(
    client: Client, record: tuple[str, str | None, bytes]
) -> None:
    accepted, coding, content = record

    answer = client.request("GET", "/static/app.js", [("Accept-Encoding", accepted)])

    assert answer.status == 200
    assert answer.get("content-encoding") == coding
    assert answer.body == content
    assert media_type(answer) == "text/javascript"
    assert (answer.get("vary") or "").lower() == "accept-encoding"


@case("static")
def a_hashed_name_is_kept_for_ever(client: Client) -> None:
    answer = client.request("GET", "/static/app.0a1b2c3d.css")

    assert answer.get("cache-control") == "public, max-age=31536000, immutable"


@case("static")
def a_path_of_the_browsers_own_is_the_page(client: Client) -> None:
    page = client.request("GET", "/pages/users/7")
    missing = client.request("GET", "/pages/missing.js")

    assert (page.status, page.body.decode()) == (200, _static_files.PAGE)
    problem_of(missing, 404)


@case("static")
def the_head_of_a_static_file_has_no_body(client: Client) -> None:
    answer = client.request("HEAD", "/static/large.bin")

    assert (answer.status, answer.body) == (200, b"")
    assert answer.get("etag") == client.request("GET", "/static/large.bin").get("etag")


@case("static")
def static_files_are_read_alone(client: Client) -> None:
    answer = client.request("POST", "/static/app.js")

    assert answer.status == 405
    assert {name.strip() for name in (answer.get("allow") or "").split(",")} >= {"GET", "HEAD"}
