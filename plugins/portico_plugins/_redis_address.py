"""`RedisAddress`: what a Redis URL says, read once and never shown with its password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from portico import DefinitionError

if TYPE_CHECKING:
    import ssl

_PORT: Final = 6379
_FILES: Final = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_OPTIONS: Final = frozenset({"db", "ssl_cert_reqs", *_FILES})


class RedisAddress:
    """Where a Redis server is, and what it asks of whom.

    `str()` of it is for messages: it has neither user nor password.

    Attributes:
        host: its name or address; empty for a socket in the file system.
        port: its port.
        path: that socket.
        db: the number of a database.
        username: who is asked for; empty for the default user.
        password: theirs, or empty.
        is_tls: whether it is spoken to in TLS.
        is_verified: whether its certificate has to be one for this host that is trusted.
        files: paths by the options `ssl_ca_certs`, `ssl_certfile`, `ssl_keyfile`.
    """

    __slots__ = (
        "db",
        "files",
        "host",
        "is_tls",
        "is_verified",
        "password",
        "path",
        "port",
        "username",
    )

    def __init__(self, url: str) -> None:
        """Read `redis://user:password@host:port/db`, `rediss://...` or `unix:///path?db=0`.

        Raises:
            DefinitionError: it is no such URL, or has an option that is not known.
        """
        if "#" in url:
            raise _wrong("it has a '#'; in a password that is written %23")
        # What a parser says of a wrong URL may quote a part of the password.
        try:
            parts = urlsplit(url)
            port, host = parts.port, parts.hostname
        except ValueError:
            raise _wrong("its host or port cannot be read") from None
        if parts.scheme not in {"redis", "rediss", "unix"}:
            raise _wrong("it does not begin with redis://, rediss:// or unix://")
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        for name in options:
            if name not in _OPTIONS:
                raise _wrong(f"the option {name!r} is none of {', '.join(sorted(_OPTIONS))}")
        is_local = parts.scheme == "unix"
        self.path: str = unquote(parts.path) if is_local else ""
        self.host: str = "" if is_local else unquote(host or "localhost")
        self.port: int = _PORT if port is None else port
        self.username: str = unquote(parts.username or "")
        self.password: str = unquote(parts.password or "")
        self.db: int = _db("" if is_local else parts.path.strip("/"), options.get("db", ""))
        self.is_tls: bool = parts.scheme == "rediss"
        self.is_verified: bool = _is_verified(options.get("ssl_cert_reqs", "required"))
        self.files: dict[str, str] = {each: options[each] for each in _FILES if each in options}
        if is_local and not self.path:
            raise _wrong("there is no path behind unix://")

    def __str__(self) -> str:
        if self.path:
            return f"unix://{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'rediss' if self.is_tls else 'redis'}://{host}:{self.port}"

    def __repr__(self) -> str:
        return f"<RedisAddress {self}>"

    def tls(self) -> ssl.SSLContext | None:
        """What its certificate is held to; None without TLS."""
        if not self.is_tls:
            return None
        import ssl  # 15 ms, and most have no use for it

        context = ssl.create_default_context(cafile=self.files.get("ssl_ca_certs"))
        if not self.is_verified:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        certificate = self.files.get("ssl_certfile")
        if certificate is not None:
            context.load_cert_chain(certificate, self.files.get("ssl_keyfile"))
        return context


def _db(path: str, option: str) -> int:
    text = option or path or "0"
    if not (text.isascii() and text.isdigit()):
        raise _wrong("its database is no number")
    return int(text)


def _is_verified(option: str) -> bool:
    if option not in {"required", "none"}:
        raise _wrong("`ssl_cert_reqs` is neither 'required' nor 'none'")
    return option == "required"


def _wrong(what: str) -> DefinitionError:
    return DefinitionError(
        f"The URL of Redis is wrong: {what}. It is not shown, since it may hold a password. Write "
        "redis://user:password@host:6379/0, with special characters percent-encoded."
    )
