"""`CookieOptions`: what the cookies of an application have in common, and which are signed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from portico._cookie_line import CookieDefaults, demands_secure, is_cookie_name, lifetime, reach
from portico._errors import DefinitionError

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from portico._cookie_line import CookieAttributes, Priority, SameSite

Secrets: TypeAlias = str | Iterable[str | None]

_LEAST: Final = 16


class CookieOptions:
    """How an application sends its cookies: `Portico(cookies=CookieOptions(...))`.

    A cookie whose name is in `sign` goes out as `value.signature`, the signature being base64url
    without padding of HMAC-SHA256 over `cookie:NAME=VALUE`. One that comes with a bad signature,
    or with none, reads as absent. Signing hides nothing: the peer can read the value. The name is
    signed too, so that the value of one cookie does not count as that of another; Elysia signs the
    value alone, and its signatures are not valid here.

    Secrets rotate: put the new one first and leave the old ones behind it until the cookies that
    they signed have ended. Reading a cookie that an old secret signed sends nothing; it is signed
    anew when the application sets it, even to the value that it has, or refreshes it.

    Args:
        secrets: one text or several, each of at least 16 characters, best random ones. The first
            signs, all verify. A None behind it admits cookies that are not signed, and so anything
            that a peer makes up: for the time in which signing is brought in. Or a function that
            gets the platform's environment at start and returns them, for runtimes such as Workers
            that have none at import.
        sign: the names of the cookies that are signed, or True for all of them; then those of
            others, such as analytics, read as absent.
        path, domain: where cookies come back to, unless they say otherwise, as with all that
            follow; without a domain it is the host that set them.
        max_age, expires: how long they are kept: seconds or a `timedelta`, or until a `datetime`
            with a time zone. Without either they end with the browser's session.
        secure: whether they come back over https alone; None for those of https requests, and
            those whose names begin with `__Host-` or `__Secure-`.
        http_only: whether they are kept from scripts.
        same_site: whether requests that other sites cause have them; None leaves it to browsers.
        partitioned: whether they are kept apart for each site that embeds this one.
        priority: which ones a browser with too many keeps.

    Raises:
        DefinitionError: a secret is too short, a name is no token, an attribute is not valid, or
            one of `secrets` and `sign` is there without the other.
    """

    __slots__ = ("_attributes", "_defaults", "_secrets", "_sign")

    def __init__(
        self,
        *,
        secrets: Secrets | Callable[[Mapping[str, str]], Secrets] | None = None,
        sign: bool | str | Iterable[str] = False,
        path: str = "/",
        domain: str | None = None,
        max_age: int | timedelta | None = None,
        expires: datetime | None = None,
        secure: bool | None = None,
        http_only: bool = True,
        same_site: SameSite | None = "lax",
        partitioned: bool = False,
        priority: Priority | None = None,
    ) -> None:
        self._attributes: CookieAttributes = {
            "path": path,
            "domain": domain,
            "max_age": max_age,
            "expires": expires,
            "secure": secure,
            "http_only": http_only,
            "same_site": same_site,
            "partitioned": partitioned,
            "priority": priority,
        }
        _check_attributes(self._attributes)
        self._defaults: dict[bool, CookieDefaults] = {}
        self._sign = _names(sign)
        self._secrets: Callable[[Mapping[str, str]], Secrets] | tuple[str | None, ...]
        if secrets is None:
            self._secrets = ()
        else:
            self._secrets = secrets if callable(secrets) else _checked(secrets)
        self._check_signing()

    def _check_signing(self) -> None:
        if self._sign and self._secrets == ():
            raise DefinitionError(
                "CookieOptions got `sign` without `secrets`. Give it the text that signs: "
                "`secrets=os.environ['COOKIE_SECRET']`."
            )
        if self._secrets and not self._sign:
            raise DefinitionError(
                "CookieOptions got `secrets`, and no cookie to sign. Name them, as "
                "`sign=['session']`, or say `sign=True` for all."
            )

    def resolved(self, env: Mapping[str, str]) -> CookieOptions:
        """The options with the secrets that this environment gives.

        Raises:
            DefinitionError: a secret is too short, or there is none.
        """
        if not callable(self._secrets):
            return self
        options = CookieOptions.__new__(CookieOptions)
        options._attributes, options._sign = self._attributes, self._sign
        options._defaults = {}
        options._secrets = _checked(self._secrets(env))
        return options

    @property
    def signs(self) -> bool:
        """Whether any cookie is signed."""
        return bool(self._sign)

    def defaults_of(self, name: str, *, https: bool) -> CookieDefaults:
        """What a cookie of this name has until something else is said, `secure` decided."""
        is_secure = https or demands_secure(name)
        known = self._defaults.get(is_secure)
        if known is None:
            attributes = self._attributes.copy()
            if attributes.get("secure") is None:
                attributes["secure"] = is_secure
            known = self._defaults[is_secure] = CookieDefaults(attributes)
        return known

    def secret_of(self, name: str) -> str | None:
        """The secret that signs the cookie of this name; None where it is not signed."""
        if name in self._sign if isinstance(self._sign, frozenset) else self._sign:
            return self._known_secrets()[0]
        return None

    def read(self, name: str, text: str | None) -> tuple[str | None, bool]:
        """The value of a cookie that came, and whether it would be sent the same way today."""
        if text is None or self.secret_of(name) is None:
            return text, True
        from portico._cookie_signature import verified

        return verified(name, text, self._known_secrets())

    def _known_secrets(self) -> tuple[str | None, ...]:
        if callable(self._secrets):
            raise DefinitionError(
                "The secrets of the cookies come from the environment, and the application was "
                "not started, so there is none."
            )
        return self._secrets


def _names(sign: bool | str | Iterable[str]) -> frozenset[str] | bool:
    if isinstance(sign, bool):
        return sign
    names = frozenset((sign,) if isinstance(sign, str) else sign)
    for name in names:
        if not is_cookie_name(name):
            raise DefinitionError(
                f"CookieOptions is to sign {name!r}, which is no name of a cookie. A name is a "
                "token (RFC 6265 section 4.1.1), such as 'session'."
            )
    return names


def _checked(secrets: Secrets) -> tuple[str | None, ...]:
    """The secrets as a tuple. No message shows one."""
    found = (secrets,) if isinstance(secrets, str) else tuple(secrets)
    if not found or found[0] is None:
        raise DefinitionError(
            f"CookieOptions got {'None as the first secret' if found else 'no secrets'}. The "
            "first one signs: give one text or several; None goes behind it."
        )
    for index, secret in enumerate(found):
        if secret is not None:
            _check_secret(index, secret)
    return found


def _check_secret(index: int, secret: object) -> None:
    if not isinstance(secret, str):
        kind = type(secret).__name__
        raise DefinitionError(f"Secret {index} of CookieOptions is {kind}. It is text: decode it.")
    if len(secret) < _LEAST:
        raise DefinitionError(
            f"Secret {index} of CookieOptions has {len(secret)} characters, which can be guessed. "
            f"It has at least {_LEAST}: `python -c 'import secrets; "
            "print(secrets.token_urlsafe(32))'` makes one."
        )


def _check_attributes(attributes: CookieAttributes) -> None:
    try:
        list(lifetime(attributes))
        list(reach(attributes))
    except ValueError as error:
        raise DefinitionError(f"CookieOptions is not valid. {error}") from None
