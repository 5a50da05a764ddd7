"""The basic URL parser (URL Standard, section 4.4 "URL parsing").

Theory of operation. The standard describes a machine that takes one code point at a time. Here each
of its states is a function that takes the whole run of code points which the machine would spend
in that state, and then calls the function of the next state. So one `find` in C replaces a loop in
Python, and each function can be read beside the state that it is named after::

    scheme start, scheme ── no scheme ── relative ── relative slash ─┐
       │        └─────── file ── file slash ── file host ─┐          │
       │                                                  │          │
       ├─ special authority slashes ── authority ── path start ──── path ── query ── fragment
       ├─ path or authority ───────────┘                             │        │
       └─ opaque path ───────────────────────────────────────────────┴────────┘

`Parser.text` is the input without tabs and newlines; `at` is the standard's pointer. The setters
of `URL`, which enter the machine in its middle ("state override"), are in `_url_setters.py`.
"""

from __future__ import annotations

from typing import Final

from portico._url_error import URLError
from portico._url_host import parse_host
from portico._url_percent import (
    C0_CONTROL,
    FRAGMENT,
    PATH,
    QUERY,
    SPECIAL_QUERY,
    USERINFO,
    percent_encode,
    scalar_values,
)
from portico._url_record import (
    DEFAULT_PORTS,
    URLRecord,
    is_drive_letter,
    is_normalized_drive_letter,
    starts_with_drive_letter,
)

_C0_CONTROL_OR_SPACE: Final = "".join(map(chr, range(0x21)))
_TAB_OR_NEWLINE: Final = {ord(character): None for character in "\t\n\r"}
_DIGITS: Final = frozenset("0123456789")
_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_SCHEME_CHARACTERS: Final = _LETTERS | _DIGITS | set("+-.")
_SINGLE_DOT: Final = frozenset((".", "%2e"))
_DOUBLE_DOT: Final = frozenset(("..", ".%2e", "%2e.", "%2e%2e"))


def parse_url(text: str, base: URLRecord | None = None) -> URLRecord:
    """Parse a URL, relative to `base` where it is not absolute.

    Raises:
        URLError: the standard's parser returns failure.
    """
    text = without_tabs_and_newlines(scalar_values(text).strip(_C0_CONTROL_OR_SPACE))
    parser = _Parser(text, base)
    parser.scheme_start()
    return parser.url


def without_tabs_and_newlines(text: str) -> str:
    """Remove what the parser ignores anywhere in its input."""
    if "\n" in text or "\t" in text or "\r" in text:
        return text.translate(_TAB_OR_NEWLINE)
    return text


class _Parser:
    __slots__ = ("base", "text", "url")

    def __init__(self, text: str, base: URLRecord | None) -> None:
        self.text = text
        self.base = base
        self.url = URLRecord()

    def scheme_start(self) -> None:
        scheme, colon, _ = self.text.partition(":")
        if not colon or not is_scheme(scheme):
            self.no_scheme()
            return
        self.url.scheme = scheme = scheme.lower()
        at = len(scheme) + 1
        if scheme == "file":
            self.file(at)
        elif self.url.is_special:
            self.special(at)
        elif self.text.startswith("/", at):
            self.path_or_authority(at + 1)
        else:
            self.opaque_path(at)

    def no_scheme(self) -> None:
        base = self.base
        if base is None or (base.opaque_path and not self.text.startswith("#")):
            raise URLError(
                "A URL has no scheme and no base that it could be relative to",
                self.text,
                "Give an absolute URL such as 'https://example.com/', or a hierarchical base.",
            )
        if base.opaque_path:
            self.url.scheme = base.scheme
            self.url.path = base.path
            self.url.opaque_path = True
            self.url.query = base.query
            self.query_or_fragment(0)
        elif base.scheme == "file":
            self.url.scheme = "file"
            self.file(0)
        else:
            self.relative(base, 0)

    def special(self, at: int) -> None:
        """The states "special relative or authority" and "special authority slashes"."""
        base = self.base
        is_absolute = self.text.startswith("//", at)
        if is_absolute or base is None or base.scheme != self.url.scheme:
            self.special_authority_ignore_slashes(at)
        else:
            self.relative(base, at)

    def special_authority_ignore_slashes(self, at: int) -> None:
        while self.text[at : at + 1] in ("/", "\\"):
            at += 1
        self.authority(at)

    def path_or_authority(self, at: int) -> None:
        if self.text.startswith("/", at):
            self.authority(at + 1)
        else:
            self.path(at)

    def relative(self, base: URLRecord, at: int) -> None:
        self.url.scheme = base.scheme
        character = self.text[at : at + 1]
        if self.is_slash(character):
            self.relative_slash(base, at + 1)
            return
        self.url.copy_authority(base)
        self.url.path = base.path
        self.url.query = base.query
        if character and character not in "?#":
            self.url.query = None
            self.url.shorten()
            self.path(at)
        else:
            self.query_or_fragment(at)

    def relative_slash(self, base: URLRecord, at: int) -> None:
        if not self.is_slash(self.text[at : at + 1]):
            self.url.copy_authority(base)
            self.path(at)
        elif self.url.is_special:
            self.special_authority_ignore_slashes(at + 1)
        else:
            self.authority(at + 1)

    def authority(self, at: int) -> None:
        end = self.find_end(at)
        credentials, at_sign, host_and_port = self.text[at:end].rpartition("@")
        if at_sign:
            if not host_and_port:
                raise self.host_missing()
            username, _, password = credentials.partition(":")
            self.url.username = percent_encode(username, USERINFO)
            self.url.password = percent_encode(password, USERINFO)
        self.host(host_and_port)
        self.path_start(end)

    def host(self, host_and_port: str) -> None:
        """The states "host" and "port"."""
        url = self.url
        host, colon, port = split_host(host_and_port)
        if not host and (colon or url.is_special):
            raise self.host_missing()
        url.host = parse_host(host, opaque=not url.is_special)
        if port:
            if not _DIGITS.issuperset(port):
                raise URLError("A port is not a number", port, "Write decimal digits after ':'.")
            url.port = parse_port(port, url.scheme)

    def host_missing(self) -> URLError:
        return URLError("A URL has no host", self.text, "Give the host after '//'.")

    def file(self, at: int) -> None:
        base = self.base if self.base and self.base.scheme == "file" else None
        self.url.host = ""
        character = self.text[at : at + 1]
        if self.is_slash(character):
            self.file_slash(base, at + 1)
        elif base is None:
            self.path(at)
        else:
            self.relative_file(base, at)

    def relative_file(self, base: URLRecord, at: int) -> None:
        self.url.host = base.host
        self.url.path = base.path
        self.url.query = base.query
        if self.text[at : at + 1] in ("", "?", "#"):
            self.query_or_fragment(at)
            return
        self.url.query = None
        if starts_with_drive_letter(self.text[at : at + 3]):
            self.url.path = ""
        else:
            self.url.shorten()
        self.path(at)

    def file_slash(self, base: URLRecord | None, at: int) -> None:
        if self.is_slash(self.text[at : at + 1]):
            self.file_host(at + 1)
            return
        if base is not None:
            self.url.host = base.host
            first = base.path[1:].partition("/")[0]
            if is_normalized_drive_letter(first) and not starts_with_drive_letter(
                self.text[at : at + 3]
            ):
                self.url.path = f"/{first}"
        self.path(at)

    def file_host(self, at: int) -> None:
        end = self.find_end(at)
        host = self.text[at:end]
        if is_drive_letter(host):
            # A path that was written like a host.
            self.path(at)
            return
        self.url.host = parse_file_host(host)
        self.path_start(end)

    def path_start(self, at: int) -> None:
        character = self.text[at : at + 1]
        if self.url.is_special:
            self.path(at + 1 if self.is_slash(character) else at)
        elif character == "/":
            self.path(at + 1)
        else:
            self.query_or_fragment(at)

    def path(self, at: int) -> None:
        end = self.find_query_or_fragment(at)
        append_path(self.url, self.text[at:end])
        self.query_or_fragment(end)

    def opaque_path(self, at: int) -> None:
        end = self.find_query_or_fragment(at)
        path = self.text[at:end]
        self.url.opaque_path = True
        if path.endswith(" "):
            # The last space would be lost if query and fragment were removed later.
            self.url.path = f"{percent_encode(path[:-1], C0_CONTROL)}%20"
        else:
            self.url.path = percent_encode(path, C0_CONTROL)
        self.query_or_fragment(end)

    def query_or_fragment(self, at: int) -> None:
        """The states "query" and "fragment"; does nothing at the end of the input."""
        rest, hash_sign, fragment = self.text[at:].partition("#")
        if rest:
            self.url.query = encode_query(rest[1:], self.url)
        if hash_sign:
            self.url.fragment = percent_encode(fragment, FRAGMENT)

    def is_slash(self, character: str) -> bool:
        return character == "/" or (character == "\\" and self.url.is_special)

    def find_end(self, at: int) -> int:
        """Where the authority that begins at `at` ends."""
        return find_authority_end(self.text, at, is_special=self.url.is_special)

    def find_query_or_fragment(self, at: int) -> int:
        return _find_first(self.text, "?#", at)


def is_scheme(text: str) -> bool:
    """Whether the text is a letter, followed by letters, digits, `+`, `-` and `.`."""
    return text[:1] in _LETTERS and _SCHEME_CHARACTERS.issuperset(text)


def find_authority_end(text: str, at: int, *, is_special: bool) -> int:
    """The index of the first code point that ends an authority, or the end of the text."""
    return _find_first(text, "/?#\\" if is_special else "/?#", at)


def _find_first(text: str, characters: str, at: int) -> int:
    end = len(text)
    for character in characters:
        found = text.find(character, at, end)
        if found >= 0:
            end = found
    return end


def split_host(text: str) -> tuple[str, str, str]:
    """Split at the first colon that is not between brackets, like `str.partition`."""
    if "[" not in text:
        return text.partition(":")
    inside_brackets = False
    for index, character in enumerate(text):
        if character in "[]":
            inside_brackets = character == "["
        elif character == ":" and not inside_brackets:
            return text[:index], ":", text[index + 1 :]
    return text, "", ""


def parse_port(digits: str, scheme: str) -> int | None:
    """The port that the digits stand for; `None` for the default port of the scheme.

    Raises:
        URLError: the number does not fit 16 bits.
    """
    significant = digits.lstrip("0")
    port = int(significant or "0") if len(significant) <= 5 else 1 << 16
    if port >= 1 << 16:
        raise URLError("A port is out of range", digits, "Give a number from 0 to 65535.")
    return None if port == DEFAULT_PORTS.get(scheme) else port


def parse_file_host(text: str) -> str:
    """The host of a file URL, where `localhost` is the same as none."""
    if not text:
        return ""
    host = parse_host(text, opaque=False)
    return "" if host == "localhost" else host


def append_path(url: URLRecord, text: str) -> None:
    """Append the segments of a path that lacks its leading slash (the state "path")."""
    if url.is_special and "\\" in text:
        text = text.replace("\\", "/")
    text = percent_encode(text, PATH)
    if "." not in text and "%2" not in text and url.scheme != "file":
        # No segment can be a dot segment or a drive letter.
        url.path = f"{url.path}/{text}"
        return
    segments = url.path.split("/")[1:]
    for segment in (new := text.split("/")):
        _append_segment(segments, segment, is_file=url.scheme == "file")
    if _is_dots(new[-1]):
        # "/usr/.." is "/" and not the absence of a path.
        segments.append("")
    url.path = "".join(f"/{segment}" for segment in segments)


def _append_segment(segments: list[str], segment: str, *, is_file: bool) -> None:
    if not _is_dots(segment):
        if is_file and not segments and is_drive_letter(segment):
            segment = f"{segment[0]}:"
        segments.append(segment)
    elif segment.lower() in _DOUBLE_DOT and not (
        is_file and len(segments) == 1 and is_normalized_drive_letter(segments[0])
    ):
        del segments[-1:]


def _is_dots(segment: str) -> bool:
    """Whether the segment is a single-dot or double-dot URL path segment (section 4.1)."""
    if len(segment) > 6 or segment[:1] not in (".", "%"):
        return False
    lower = segment.lower()
    return lower in _SINGLE_DOT or lower in _DOUBLE_DOT


def encode_query(text: str, url: URLRecord) -> str:
    """Percent-encode a query with the set that belongs to the URL's scheme."""
    return percent_encode(text, SPECIAL_QUERY if url.is_special else QUERY)
