"""The URL record, its serialization and its origin (URL Standard, sections 4.1, 4.5 and 4.7)."""

from __future__ import annotations

from typing import Final

DEFAULT_PORTS: Final[dict[str, int | None]] = {
    "http": 80,
    "https": 443,
    "ws": 80,
    "wss": 443,
    "ftp": 21,
    "file": None,
}
"""The special schemes and their default ports."""


class URLRecord:
    """The components of a URL, each serialized.

    The standard's path, a list of segments, is kept as the text that it serializes to: each
    segment after a `/`. Where `opaque_path` is set, the path is one text of no known form.
    """

    __slots__ = (
        "fragment",
        "host",
        "opaque_path",
        "password",
        "path",
        "port",
        "query",
        "scheme",
        "username",
    )

    def __init__(
        self,
        scheme: str = "",
        host: str | None = None,
        port: int | None = None,
        path: str = "",
        query: str | None = None,
        fragment: str | None = None,
    ) -> None:
        self.scheme: str = scheme
        self.username: str = ""
        self.password: str = ""
        self.host = host
        self.port = port
        self.path: str = path
        self.opaque_path: bool = False
        self.query: str | None = query
        self.fragment: str | None = fragment

    @property
    def is_special(self) -> bool:
        """Whether the scheme is one of those that the standard knows (section 4.2)."""
        return self.scheme in DEFAULT_PORTS

    @property
    def includes_credentials(self) -> bool:
        """Whether there is a username or a password."""
        return bool(self.username or self.password)

    @property
    def can_have_credentials_or_port(self) -> bool:
        """The opposite of the standard's "cannot have a username/password/port"."""
        return bool(self.host) and self.scheme != "file"

    @property
    def authority(self) -> str:
        """The host, and the port where it is not the default one; empty without a host."""
        host = self.host or ""
        return host if self.port is None else f"{host}:{self.port}"

    def copy_authority(self, other: URLRecord) -> None:
        """Take over username, password, host and port."""
        self.username = other.username
        self.password = other.password
        self.host = other.host
        self.port = other.port

    def shorten(self) -> None:
        """Remove the last segment of the path, but keep a file URL's drive letter."""
        path = self.path
        if self.scheme == "file" and len(path) == 3 and is_normalized_drive_letter(path[1:]):
            return
        self.path = path[: max(path.rfind("/"), 0)]

    def serialize(self) -> str:
        """The URL as text (section 4.5)."""
        start = f"{self.scheme}:"
        if self.host is not None:
            start = f"{start}//{self._serialize_credentials()}{self.authority}"
        elif not self.opaque_path and self.path.startswith("//"):
            # Else the path would be read as a host.
            start = f"{start}/."
        query = "" if self.query is None else f"?{self.query}"
        fragment = "" if self.fragment is None else f"#{self.fragment}"
        return f"{start}{self.path}{query}{fragment}"

    def _serialize_credentials(self) -> str:
        if not self.includes_credentials:
            return ""
        return f"{self.username}:{self.password}@" if self.password else f"{self.username}@"


def is_drive_letter(text: str) -> bool:
    """Whether the text is a Windows drive letter, `C:` or `C|` (section 4.2)."""
    return len(text) == 2 and text[0].isascii() and text[0].isalpha() and text[1] in ":|"


def is_normalized_drive_letter(text: str) -> bool:
    """Whether the text is a drive letter with a colon."""
    return is_drive_letter(text) and text[1] == ":"


def starts_with_drive_letter(text: str) -> bool:
    """Whether the text is a drive letter alone, or one before a delimiter."""
    return is_drive_letter(text[:2]) and text[2:3] in ("", "/", "\\", "?", "#")
