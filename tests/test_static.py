"""`static()`: the files of a folder, and nothing else."""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, cast
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico import CapabilityError, Context, DefinitionError, HTTPError, Portico, Request, Response
from portico._file_open import OpenFile, open_file
from portico.contract import ABSENT, Capabilities, Capability, Platform
from portico_plugins import static
from portico_plugins._static_names import file_name_of, is_spelled

SECRET = b"SECRET"


class Answer(NamedTuple):
    """What came back, the stream read and closed."""

    status: int
    headers: dict[str, str]
    body: bytes


def ask(app: Portico, path: str, method: str = "GET", **headers: str) -> Answer:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request("http://app.test/", method=method, headers=fields)
    # As it came: `URL` would remove dot segments and backslashes before the application saw them.
    request.raw_path, _, request.raw_query = path.partition("?")
    platform = Platform()
    response = app.handle(request, platform, app.start(platform))
    assert isinstance(response, Response)
    content = response.content
    body = content if isinstance(content, bytes) else b"".join(content)
    return Answer(response.status, dict(response.headers), body)


def make_tree(root: Path) -> Path:
    """A folder of files, with secrets around it and links that lead there."""
    public = root / "public"
    (public / "docs" / "deep").mkdir(parents=True)
    (public / "bare").mkdir()
    (public / ".git").mkdir()
    (root / "public-too").mkdir()
    (root / "outside").mkdir()
    for name in (
        *("index.html", "app.js", "app.js.br", "app.0a1b2c3d.js", "Größe 1.txt", "100%.txt"),
        *("docs/index.html", "docs/a.txt", "docs/deep/b.txt", "bare/c.txt", "%2e%2e"),
    ):
        (public / name).write_text(name)
    for secret in (
        *(root / "secret.txt", root / "public-too" / "a.txt", root / "outside" / "index.html"),
        *(public / ".env", public / ".git" / "config", public / "docs" / ".hidden"),
        *(public / "back\\slash.txt", public / "a:b", public / "con", public / "nul.txt"),
        public / "dot.",
    ):
        secret.write_bytes(SECRET)
    (public / "in").symlink_to("docs/a.txt")
    (public / "folder-in").symlink_to("docs")
    (public / "out").symlink_to("../secret.txt")
    (public / "out-absolute").symlink_to(root / "secret.txt")
    (public / "folder-out").symlink_to("../outside")
    (public / "twice").symlink_to("out")
    (public / "loop").symlink_to("loop")
    (public / "gone").symlink_to("nowhere")
    os.mkfifo(public / "fifo")
    return public


@pytest.fixture(name="tree", scope="module")
def _tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tree(tmp_path_factory.mktemp("static"))


@pytest.fixture(name="app", scope="module")
def _app(tree: Path) -> Portico:
    app = Portico()
    app.use(static("/assets", directory=tree))
    return app


SERVED: list[tuple[str, str]] = [
    ("/assets/", "index.html"),
    ("/assets/index.html", "index.html"),
    ("/assets/app.js", "app.js"),
    ("/assets/docs/", "docs/index.html"),
    ("/assets/docs/a.txt", "docs/a.txt"),
    ("/assets/docs/deep/b.txt", "docs/deep/b.txt"),
    ("/assets/bare/c.txt", "bare/c.txt"),
    ("/assets/in", "docs/a.txt"),
    ("/assets/folder-in/a.txt", "docs/a.txt"),
    ("/assets/folder-in/", "docs/index.html"),
    ("/assets/Gr%C3%B6%C3%9Fe%201.txt", "Größe 1.txt"),
    ("/assets/Größe 1.txt", "Größe 1.txt"),
    ("/assets/100%25.txt", "100%.txt"),
    ("/assets/%61pp.js", "app.js"),
    ("/assets/docs/../app.js", "app.js"),
    ("/assets/docs/%2e%2e/app.js", "app.js"),
    ("/assets/./docs/./a.txt", "docs/a.txt"),
    # Decoded once: a name that is there, and no dot segment.
    ("/assets/%252e%252e", "%2e%2e"),
]


@pytest.mark.parametrize(("path", "name"), SERVED)
def test_a_file_of_the_folder_is_served(app: Portico, path: str, name: str) -> None:
    found = ask(app, path)

    assert (found.status, found.body.decode()) == (200, name)


HOSTILE: list[str] = [
    "../secret.txt",
    "../../secret.txt",
    "%2e%2e/secret.txt",
    ".%2e/secret.txt",
    "%2E%2E%2Fsecret.txt",
    "..%2fsecret.txt",
    "%252e%252e/secret.txt",
    "%252e%252e%252fsecret.txt",
    "%25252e%25252e/secret.txt",
    "..\\secret.txt",
    "..%5csecret.txt",
    "docs\\a.txt",
    "docs%5Ca.txt",
    "docs%2Fa.txt",
    "docs%2F..%2F..%2Fsecret.txt",
    "back\\slash.txt",
    "back%5cslash.txt",
    "//secret.txt",
    "/etc/passwd",
    "//etc/passwd",
    "%2Fetc%2Fpasswd",
    "docs//a.txt",
    "..//public-too/a.txt",
    "../public-too/a.txt",
    "....//secret.txt",
    "..;/secret.txt",
    "%c0%ae%c0%ae/secret.txt",
    "%uff0e%uff0e/secret.txt",
    "\uff0e\uff0e/secret.txt",
    "app.js%00",
    "app.js%00.txt",
    "app.js/",
    "app.js/.",
    "app.js/../../../secret.txt",
    "docs/a.txt/index.html",
    "C:/secret.txt",
    "C:secret.txt",
    "c:%5Csecret.txt",
    "%5C%5Chost%5Cshare",
    "file:///etc/passwd",
    "a:b",
    "app.js::$DATA",
    "app.js:x",
    "con",
    "CON",
    "nul.txt",
    "NUL",
    "aux",
    "com1.js",
    "COM\u00b9",
    "lpt9 .txt",
    "dot.",
    "app.js.",
    "app.js%20",
    "app.js ",
    "APP.JS",
    "a*",
    "app.?s",
    "app%3fjs",
    ".env",
    "%2eenv",
    ".git/config",
    ".git/",
    "docs/.hidden",
    "out",
    "out-absolute",
    "twice",
    "loop",
    "gone",
    "folder-out",
    "folder-out/",
    "folder-out/index.html",
    "fifo",
    "bare",
    "bare/",
    "missing.txt",
    "x" * 300,
    "x/" * 3000,
    "%0a",
    "%7f",
    "~root/.bashrc",
    "$HOME",
    "%ED%A0%80",
]


@pytest.mark.parametrize("path", HOSTILE, ids=lambda path: path[:40])
def test_nothing_else_exists(app: Portico, path: str) -> None:
    for prefix in ("/assets/", "/assets/docs/../"):
        found = ask(app, prefix + path)

        assert found.status in (400, 404)
        assert SECRET not in found.body
        assert b"root:" not in found.body


def test_the_table_holds_for_a_folder_that_is_the_whole_site(tree: Path) -> None:
    app = Portico()
    app.use(static(directory=tree))

    for path, name in SERVED:
        assert ask(app, path.removeprefix("/assets")).body.decode() == name
    for path in HOSTILE:
        assert ask(app, f"/{path}").status in (400, 404)


PIECES = [
    *("..", ".", "", "%2e%2e", "%2E.", "%252e%252e", "..%2f", "%5c", "\\", "%00", "\uff0e", "~"),
    *("public", "public-too", "outside", "docs", "deep", "folder-out", "folder-in", "out", "twice"),
    *(
        "secret.txt",
        "index.html",
        "a.txt",
        "app.js",
        ".env",
        "in",
        "loop",
        "fifo",
        "C:",
        "con",
        "a",
    ),
]


@pytest.fixture(name="opened", scope="module")
def _opened() -> Iterator[list[str]]:
    """Where each file that was opened to be sent really is, asked of the system."""
    seen: list[str] = []

    def spying(path: Any, root: Any) -> OpenFile | None:
        found = open_file(path, root)
        if found is not None:
            seen.append(os.readlink(f"/proc/self/fd/{found.handle.fileno()}"))
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("portico._file.open_file", spying)
        yield seen


@settings(max_examples=400, deadline=None)
@given(
    pieces=st.lists(st.sampled_from(PIECES) | st.text(max_size=3), min_size=1, max_size=7),
    separator=st.sampled_from(["/", "/", "//", "%2F", "\\", "/./"]),
    encoded=st.booleans(),
    hidden=st.booleans(),
)
def test_no_path_opens_a_file_outside_of_the_folder(
    tree: Path,
    opened: list[str],
    pieces: list[str],
    separator: str,
    encoded: bool,
    hidden: bool,
) -> None:
    opened.clear()
    app = Portico()
    app.use(static("/s", directory=tree, hidden=hidden))
    path = separator.join(pieces)
    if encoded:
        path = quote(path)
    path = path.encode("utf-8", "surrogatepass").decode("latin-1") if not path.isascii() else path

    found = ask(app, "/s/" + path.replace("?", "%3F").replace("#", "%23"), accept_encoding="br")

    assert found.status in (200, 307, 400, 404)
    assert all(Path(each).is_relative_to(tree) for each in opened)
    if not hidden:
        assert SECRET not in found.body


def test_a_hidden_file_is_served_where_it_is_asked_for(tree: Path) -> None:
    app = Portico()
    app.use(static(directory=tree, hidden=True))

    assert ask(app, "/.env").status == 200


REDIRECTS: list[tuple[str, str]] = [
    ("/assets", "./assets/"),
    ("/assets/docs", "./docs/"),
    ("/assets/docs?a=1&b=%2F", "./docs/?a=1&b=%2F"),
    ("/assets/docs?\\x", "./docs/?%5Cx"),
    ("/assets/folder-in", "./folder-in/"),
    ("/assets/%64ocs", "./docs/"),
    ("/assets/x/../docs", "./docs/"),
]


@pytest.mark.parametrize(("path", "location"), REDIRECTS)
def test_a_folder_without_its_slash_is_redirected(app: Portico, path: str, location: str) -> None:
    found = ask(app, path)

    assert (found.status, found.headers["location"]) == (307, location)


def test_a_redirect_stays_on_its_origin(tree: Path) -> None:
    app = Portico()
    app.use(static(directory=tree))

    for path in ("//docs", "///docs", "/\\docs", "//evil.test/../docs", "/%2F/docs", "/%5Cdocs"):
        found = ask(app, path)

        assert found.headers.get("location", "./").startswith("./")


def test_a_folder_without_index_is_no_page(tree: Path) -> None:
    app = Portico()
    app.use(static(directory=tree, index=None))

    assert [ask(app, path).status for path in ("/", "/docs", "/docs/")] == [404, 404, 404]


def test_what_does_not_exist_is_the_page_of_an_application_in_the_browser(tree: Path) -> None:
    app = Portico()
    app.get("/api", lambda: "api")
    app.use(static(directory=tree, fallback="index.html"))

    for path in ("/users/7", "/users/7/", "/bare"):
        assert (ask(app, path).status, ask(app, path).body) == (200, b"index.html")
    assert ask(app, "/app.js").body == b"app.js"
    assert ask(app, "/missing.js").status == 404
    assert ask(app, "/.env").status == 404
    assert ask(app, "/a%2Fb").status == 404
    assert ask(app, "/api").body == b"api"
    assert ask(app, "/users/7", "POST").status == 405


def test_the_cache_is_told_how_long(tree: Path) -> None:
    app = Portico()
    app.use(static(directory=tree, cache_control="no-cache", immutable=r"\.[0-9a-f]{8}\."))

    assert ask(app, "/app.js").headers["cache-control"] == "no-cache"
    found = ask(app, "/app.0a1b2c3d.js").headers
    assert found["cache-control"] == "public, max-age=31536000, immutable"
    assert "cache-control" not in ask(app, "/missing.js").headers


def test_a_file_is_conditional_and_by_range_and_has_its_variant(app: Portico) -> None:
    plain = ask(app, "/assets/docs/a.txt")
    compressed = ask(app, "/assets/app.js", accept_encoding="br")

    assert ask(app, "/assets/docs/a.txt", if_none_match=plain.headers["etag"]).status == 304
    assert ask(app, "/assets/docs/a.txt", range="bytes=0-3").body == b"docs"
    assert (compressed.body, compressed.headers["content-encoding"]) == (b"app.js.br", "br")
    head = ask(app, "/assets/docs/a.txt", "HEAD")
    assert (head.status, head.body, head.headers) == (200, b"", plain.headers)


def test_variants_can_be_left_alone(tree: Path) -> None:
    app = Portico()
    app.use(static(directory=tree, precompressed=False))

    found = ask(app, "/app.js", accept_encoding="br")

    assert (found.body, "vary" in found.headers) == (b"app.js", False)


def test_several_folders_and_hooks_go_together(tree: Path) -> None:
    app = Portico()

    @app.before_handle
    def refuse_deep(ctx: Context) -> None:
        if "/deep/" in ctx.path:
            raise HTTPError(403)

    app.use(static("/one", directory=tree))
    app.use(static("/two", directory=tree / "docs"))

    assert ask(app, "/one/docs/a.txt").body == b"docs/a.txt"
    assert ask(app, "/two/a.txt").body == b"docs/a.txt"
    assert ask(app, "/one/docs/deep/b.txt").status == 403
    assert ask(app, "/one/docs%2Fdeep%2Fb.txt").status == 404


def test_a_folder_is_served_under_the_prefix_of_its_user(tree: Path) -> None:
    inner = Portico(prefix="/{tenant}")
    inner.use(static("/files", directory=tree))
    app = Portico()
    app.use(inner, prefix="/v1")

    assert ask(app, "/v1/acme/files/docs/a.txt").body == b"docs/a.txt"
    assert ask(app, "/v1/acme/files").headers["location"] == "./files/"


def test_a_folder_that_is_a_link_is_followed_anew_by_each_request(tmp_path: Path) -> None:
    for release in ("one", "two"):
        (tmp_path / release).mkdir()
        (tmp_path / release / "a.txt").write_text(release)
    (tmp_path / "current").symlink_to("one")
    app = Portico()
    app.use(static(directory=tmp_path / "current"))

    before = ask(app, "/a.txt").body
    (tmp_path / "next").symlink_to("two")
    (tmp_path / "next").replace(tmp_path / "current")

    assert (before, ask(app, "/a.txt").body) == (b"one", b"two")


def test_a_relative_folder_is_that_of_the_moment_of_the_call(
    tree: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tree.parent)
    app = Portico()
    app.use(static(directory="public"))
    monkeypatch.chdir(tmp_path)

    assert ask(app, "/app.js").status == 200


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"directory": "/nowhere/at/all"}, "there is no folder '/nowhere/at/all'"),
        ({"directory": __file__}, "there is no folder"),
        ({"index": "../x"}, re.escape("index='../x'")),
        ({"fallback": "/index.html"}, re.escape("fallback='/index.html'")),
        ({"fallback": "a\\b"}, "name of a file"),
    ],
)
def test_a_mistake_is_found_when_the_plugin_is_made(
    tree: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(DefinitionError, match=message):
        static(**cast("Any", {"directory": tree, **options}))


class NoFiles(Platform):
    """A runtime without a file system."""

    capabilities: ClassVar[Capabilities] = {**Platform.capabilities, Capability.FILESYSTEM: ABSENT}


class WithAssets(NoFiles):
    """The same, with the binding."""

    @property
    def bindings(self) -> dict[str, object]:
        return {"ASSETS": object()}


def test_a_runtime_without_files_needs_the_binding(tree: Path) -> None:
    app = Portico()
    app.use(static(directory=tree))

    with ExitStack() as stack:
        stack.enter_context(app.start(WithAssets()))
        with pytest.raises(CapabilityError, match="no binding 'ASSETS'"):
            stack.enter_context(app.start(NoFiles()))


def test_a_folder_that_went_away_is_found_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "public").mkdir()
    app = Portico()
    app.use(static(directory=tmp_path / "public"))
    (tmp_path / "public").rmdir()

    with pytest.raises(CapabilityError, match="no folder"), app.start(Platform()):
        raise NotImplementedError


@pytest.mark.parametrize(
    ("name", "expected"),
    [("docs/a.txt", True), ("Docs/a.txt", False), ("docs/A.txt", False), ("", True)],
)
def test_another_spelling_is_another_name(tree: Path, name: str, expected: bool) -> None:
    assert is_spelled(str(tree), name, ignores_case=True) is expected


@pytest.mark.parametrize(
    "name", ["", "console.log", "community.js", "com10", "auxiliary", "a..b", "x.nul", "..."]
)
def test_a_name_that_only_looks_reserved_is_fine(name: str) -> None:
    assert file_name_of(name, hidden=True) == (None if name == "..." else name)
