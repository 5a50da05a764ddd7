"""`Cookie`: one cookie by name, which notices what is done to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, Unpack, overload

from portico._cookie_line import (
    CookieAttributes,
    CookieDefaults,
    Priority,
    SameSite,
    write_cookie,
    write_default,
    write_removal,
)

if TYPE_CHECKING:
    from datetime import datetime, timedelta


T = TypeVar("T")


class _Attribute(Generic[T]):
    """An attribute of a cookie: what its application says, until it is given another value."""

    __slots__ = ("_name",)

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, cookie: None, owner: type) -> _Attribute[T]: ...
    @overload
    def __get__(self, cookie: Cookie, owner: type) -> T: ...
    def __get__(self, cookie: Cookie | None, owner: type) -> Any:
        if cookie is None:
            return self
        attributes: Any = cookie._attributes
        return attributes[self._name]

    def __set__(self, cookie: Cookie, value: T) -> None:
        attributes: Any = {**cookie._attributes, self._name: value}
        cookie._attributes = attributes


class Cookie:
    """One cookie by name. The answer sends it if its value or an attribute was changed.

    The value is text and stays text: no JSON is read from it or made for it. Any text is sent so
    that it comes back the same, percent-encoded where RFC 6265 has no place for it.

    Attributes are not told by browsers, so those of a cookie that came are the application's
    defaults (`CookieOptions`); what it is set with once it has to be set with again. See
    `CookieAttributes` for what each means. `same_site="none"` and `partitioned` make it secure.
    """

    __slots__ = (
        "_attributes",
        "_came",
        "_defaults",
        "_is_current",
        "_is_forced",
        "_is_removed",
        "_secret",
        "_value",
        "name",
    )

    path: _Attribute[str] = _Attribute()
    domain: _Attribute[str | None] = _Attribute()
    max_age: _Attribute[int | timedelta | None] = _Attribute()
    expires: _Attribute[datetime | None] = _Attribute()
    secure: _Attribute[bool] = _Attribute()
    http_only: _Attribute[bool] = _Attribute()
    same_site: _Attribute[SameSite | None] = _Attribute()
    partitioned: _Attribute[bool] = _Attribute()
    priority: _Attribute[Priority | None] = _Attribute()

    def __init__(
        self,
        name: str,
        came: str | None,
        defaults: CookieDefaults,
        secret: str | None = None,
        *,
        is_current: bool = True,
    ) -> None:
        """A cookie that nobody has touched yet.

        Args:
            name: a token.
            came: the value that it came with, verified; None where it did not.
            defaults: the attributes that it has.
            secret: what signs it, or None.
            is_current: whether what came has the form in which it would be sent today.
        """
        self.name: str = name
        self._came = came
        self._value = came
        self._secret = secret
        self._is_current = is_current
        self._is_removed = False
        self._is_forced = False
        self._defaults = defaults
        # Shared by all cookies until one is changed.
        self._attributes: CookieAttributes = defaults.attributes

    def _put(self, attributes: CookieAttributes) -> None:
        if unknown := attributes.keys() - CookieAttributes.__optional_keys__:
            known = ", ".join(sorted(CookieAttributes.__optional_keys__))
            raise TypeError(f"A cookie has no attribute {min(unknown)!r}. It has {known}.")
        self._attributes = {**self._attributes, **attributes}
        if self._attributes.get("secure") is None:
            self._attributes["secure"] = bool(self._defaults.attributes.get("secure"))

    @property
    def value(self) -> str | None:
        """What came, or what is to be set; None where there is neither.

        Setting the value that came sends nothing, unless an old secret signed it.
        """
        return self._value

    @value.setter
    def value(self, value: str) -> None:
        if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance] # untyped users
            raise TypeError(
                f"The cookie {self.name!r} was given {value!r}. Its value is text: convert it, "
                "with `json.dumps` if need be; `remove()` takes a cookie away."
            )
        self._value = value
        self._is_removed = False
        self._is_forced = self._is_forced or not self._is_current

    def set(self, value: str, **attributes: Unpack[CookieAttributes]) -> None:
        """Set the value and every attribute, those not given to the application's defaults.

        The answer sends it even if it is what came.
        """
        self.value = value
        self._put({**self._defaults.attributes, **attributes})
        self._is_forced = True

    def update(self, **attributes: Unpack[CookieAttributes]) -> None:
        """Set the attributes that are given, and leave the value and the others as they are.

        As with each of them set by itself, a cookie without a value is not sent.
        """
        self._put(attributes)

    def refresh(self) -> None:
        """Send it again as it is, signed with the first secret; nothing if it has no value.

        For a session that lasts as long as it is used, and to move cookies to a new secret.
        """
        self._is_forced = True

    def remove(self, *, path: str | None = None, domain: str | None = None) -> None:
        """Make the peer forget it, whether it came with this request or not.

        Browsers forget the cookie of the same name, path and domain as it was set with; what is
        not given is that of the cookie, and so the application's default.
        """
        self.path = self.path if path is None else path
        self.domain = self.domain if domain is None else domain
        self._value, self._is_removed = None, True

    def line(self) -> str | None:
        """The `Set-Cookie` value, or None where nothing is to be sent.

        Raises:
            ValueError: browsers would drop it: for its size, or for what its name promises.
        """
        attributes, value = self._attributes, self._value
        if self._is_removed:
            return write_removal(self.name, attributes)
        defaults = self._defaults.attributes
        is_default = attributes is defaults or attributes == defaults
        if value is None or (is_default and value == self._came and not self._is_forced):
            return None
        if self._secret is not None:
            from portico._cookie_signature import signed

            value = signed(self.name, value, self._secret)
        if is_default:
            return write_default(self.name, value, self._defaults)
        return write_cookie(self.name, value, attributes)
