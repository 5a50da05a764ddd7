"""`URLSearchParams`, and the parser and serializer of `application/x-www-form-urlencoded`.

URL Standard, sections 5 and 6.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias, cast

from portico._media import WithMedia
from portico._url_percent import FORM_URLENCODED, percent_decode, percent_encode, scalar_values

if TYPE_CHECKING:
    from portico._url_record import URLRecord

URLSearchParamsInit: TypeAlias = (
    "str | Mapping[str, str] | Iterable[tuple[str, str]] | URLSearchParams"
)


def parse_urlencoded(text: str | bytes) -> list[tuple[str, str]]:
    """The names and values of a query or a form body, in order, decoded.

    `a=1&b` gives `[("a", "1"), ("b", "")]`. Nothing is an error: a `%` without two hex digits
    stands for itself, and bytes that are no UTF-8 become U+FFFD (URL Standard section 5.1).
    """
    if isinstance(text, str):
        return _parse_text(scalar_values(text))
    try:
        return _parse_text(text.decode())
    except UnicodeDecodeError:
        # A broken character may be half raw and half escaped, so decode each name and value whole.
        fields = [field.partition(b"=") for field in text.split(b"&") if field]
        return [(_decode(name), _decode(value)) for name, _, value in fields]


def last_values(query: str) -> dict[str, str]:
    """The last value of each name: `dict(URLSearchParams(query).items())`."""
    if "%" in query or "+" in query or query[:1] == "?" or not query.isascii():
        return dict(parse_urlencoded(query.removeprefix("?")))
    values: dict[str, str] = {}
    for field in query.split("&"):
        if field:
            name, _, value = field.partition("=")
            values[name] = value
    return values


def _parse_text(text: str) -> list[tuple[str, str]]:
    fields = [field.partition("=") for field in text.split("&") if field]
    if "%" in text or "+" in text:
        return [(_unquote(name), _unquote(value)) for name, _, value in fields]
    return [(name, value) for name, _, value in fields]


def _unquote(text: str) -> str:
    if "%" in text:
        return _decode(text.encode())
    return text.replace("+", " ")


def _decode(data: bytes) -> str:
    return percent_decode(data.replace(b"+", b" ")).decode("utf-8", "replace")


def serialize_urlencoded(pairs: Iterable[tuple[str, str]]) -> str:
    """The pairs as `application/x-www-form-urlencoded` (URL Standard section 5.2)."""
    return "&".join(
        f"{percent_encode(name, FORM_URLENCODED)}={percent_encode(value, FORM_URLENCODED)}"
        for name, value in pairs
    )


class URLSearchParams(WithMedia):
    """The names and values of a query: an ordered multi-map (URL Standard section 6.2).

    `str()` of it is the query without a `?`. One that comes from `URL.search_params` stays linked:
    a change here changes the URL, and a new `href` or `search` there changes this.

    `params[name]` is the first value, and assigning to it replaces all. Names are case-sensitive.
    Lone surrogates become U+FFFD.

    Args:
        init: a query, with or without its `?`; a mapping; or pairs of name and value.
    """

    __slots__ = ("_pairs", "_record")

    def __init__(self, init: URLSearchParamsInit | None = None) -> None:
        self._record: URLRecord | None = None
        self._pairs: list[tuple[str, str]] = []
        if init is None:
            return
        if isinstance(init, str):
            self._pairs = parse_urlencoded(init.removeprefix("?"))
        else:
            self._pairs = [_scalar_pair(name, value) for name, value in _pairs_of(init)]

    @classmethod
    def linked_to(cls, record: URLRecord, query: str | None) -> URLSearchParams:
        """Parameters that write their changes to the query of a URL's record."""
        params = cls()
        params.relink(record, query)
        return params

    def relink(self, record: URLRecord, query: str | None) -> None:
        """Replace the parameters by those of `query`, and the record to which changes go."""
        self._record = record
        self._pairs = parse_urlencoded(query or "")

    @property
    def size(self) -> int:
        """The number of pairs, which `len()` gives too."""
        return len(self._pairs)

    def append(self, name: str, value: str) -> None:
        """Add a pair, keeping those of the same name."""
        self._pairs.append(_scalar_pair(name, value))
        self._update()

    def delete(self, name: str, value: str | None = None) -> None:
        """Remove every pair of that name, or only those of that value too."""
        self._pairs = [pair for pair in self._pairs if not _matches(pair, name, value)]
        self._update()

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value of that name, else `default`."""
        return next((value for key, value in self._pairs if key == name), default)

    def get_all(self, name: str) -> list[str]:
        """Every value of that name, in order; empty when there is none."""
        return [value for key, value in self._pairs if key == name]

    def has(self, name: str, value: str | None = None) -> bool:
        """Whether there is a pair of that name, and of that value where one is given."""
        return any(_matches(pair, name, value) for pair in self._pairs)

    def set(self, name: str, value: str) -> None:
        """Give the first pair of that name the value and remove the others, or add a pair."""
        new = _scalar_pair(name, value)
        at = next((i for i, pair in enumerate(self._pairs) if pair[0] == new[0]), len(self._pairs))
        others = [pair for pair in self._pairs[at:] if pair[0] != new[0]]
        self._pairs[at:] = [new, *others]
        self._update()

    def sort(self) -> None:
        """Sort by name, in the order of UTF-16 code units; pairs of one name keep their order."""
        self._pairs.sort(key=lambda pair: pair[0].encode("utf-16-be"))
        self._update()

    def keys(self) -> list[str]:
        """The name of each pair, in order, repeated names repeated."""
        return [name for name, _ in self._pairs]

    def values(self) -> list[str]:
        """The value of each pair, in order."""
        return [value for _, value in self._pairs]

    def items(self) -> list[tuple[str, str]]:
        """The pairs of name and value, in order."""
        return self._pairs.copy()

    def _update(self) -> None:
        if self._record is not None:
            self._record.query = str(self) or None

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __setitem__(self, name: str, value: str) -> None:
        self.set(name, value)

    def __delitem__(self, name: str) -> None:
        self.delete(name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.has(name)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._pairs.copy())

    def __len__(self) -> int:
        return len(self._pairs)

    def __eq__(self, other: object) -> bool:
        return self._pairs == other._pairs if isinstance(other, URLSearchParams) else NotImplemented

    def __str__(self) -> str:
        return serialize_urlencoded(self._pairs)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


def _pairs_of(
    init: Mapping[str, str] | Iterable[tuple[str, str]],
) -> Iterable[tuple[str, str]]:
    # A mapping could be an iterable of pairs too (one with pairs as its keys), so say which it is.
    return cast("Mapping[str, str]", init).items() if isinstance(init, Mapping) else init


def _scalar_pair(name: str, value: str) -> tuple[str, str]:
    return scalar_values(name), scalar_values(value)


def _matches(pair: tuple[str, str], name: str, value: str | None) -> bool:
    return pair[0] == name and (value is None or pair[1] == value)
