"""`FormData`: an ordered multi-map of texts and files (XHR Standard section 4); its encodings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portico._blob import Blob, File, scalar_text
from portico._media import WithMedia

# RFC 2046 section 5.1.1.
_BOUNDARY_CHARACTERS = frozenset(
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'()+_,-./:=? "
)
_LONGEST_BOUNDARY = 70


class FormData(WithMedia):
    """The fields and files of a form, in order, duplicates kept (XHR Standard section 4).

    Iteration yields `(name, value)` pairs; a value is a `str` or a `File`.

    Args:
        init: pairs of name and value, each as for `append`; another `FormData` is such.
    """

    __slots__ = ("_entries",)

    def __init__(self, init: Iterable[tuple[str, str | Blob]] = ()) -> None:
        self._entries: list[tuple[str, str | File]] = []
        for name, value in init:
            self.append(name, value)

    @classmethod
    def from_entries(cls, entries: list[tuple[str, str | File]]) -> FormData:
        """Take over a list of names and values that are known to be right."""
        form = cls.__new__(cls)
        form._entries = entries
        return form

    def append(self, name: str, value: str | Blob, filename: str | None = None) -> None:
        """Add an entry, keeping those of the same name.

        A blob that is not a file becomes one called `"blob"`; `filename` renames it or a file.

        Raises:
            TypeError: the value is neither a text nor a blob, or a text came with a file name.
        """
        self._entries.append(_entry(name, value, filename))

    def set(self, name: str, value: str | Blob, filename: str | None = None) -> None:
        """Replace every entry of that name by one, at the place of the first; else as `append`."""
        entry = _entry(name, value, filename)
        for index, (present, _) in enumerate(self._entries):
            if present == entry[0]:
                rest = [other for other in self._entries[index + 1 :] if other[0] != present]
                self._entries[index:] = [entry, *rest]
                return
        self._entries.append(entry)

    def delete(self, name: str) -> None:
        """Remove every entry of that name; nothing happens when there is none."""
        self._entries = [entry for entry in self._entries if entry[0] != name]

    def get(self, name: str, default: str | File | None = None) -> str | File | None:
        """The first value of that name."""
        return next((value for key, value in self._entries if key == name), default)

    def get_all(self, name: str) -> list[str | File]:
        """Every value of that name, in order; empty when there is none."""
        return [value for key, value in self._entries if key == name]

    def has(self, name: str) -> bool:
        """Whether an entry of that name is there."""
        return any(key == name for key, _ in self._entries)

    def keys(self) -> list[str]:
        """The names of all entries, in order, duplicates kept."""
        return [name for name, _ in self._entries]

    def values(self) -> list[str | File]:
        """The values of all entries, in order."""
        return [value for _, value in self._entries]

    def items(self) -> list[tuple[str, str | File]]:
        """The pairs of name and value, in order, duplicates kept."""
        return self._entries.copy()

    def close(self) -> None:
        """Close every file, rather than when the form is collected; see `Blob.close`."""
        for value in self.values():
            if isinstance(value, File):
                value.close()

    def __getitem__(self, name: str) -> str | File:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.has(name)

    def __iter__(self) -> Iterator[tuple[str, str | File]]:
        return iter(self._entries.copy())

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        # Values may be passwords, and a repr ends up in logs.
        return f"FormData({', '.join(dict(self._entries))})"


def new_boundary() -> str:
    """A boundary that no content holds: 128 random bits behind a fixed word."""
    from secrets import token_hex

    return f"portico-{token_hex(16)}"


def encode_multipart(form: FormData, boundary: str) -> bytes:
    """The form as a multipart/form-data body, whole; see `multipart_blob`."""
    return multipart_blob(form, boundary).sync.bytes()


def multipart_blob(form: FormData, boundary: str) -> Blob:
    """The form as a multipart/form-data body (HTML Standard section 4.10.21.8).

    Files are not read before the blob is: `size` is the Content-Length, `stream()` the body. Its
    content type, `multipart/form-data; boundary=...`, is the caller's to set, since a blob's own is
    lower-cased.

    Raises:
        ValueError: the boundary is not 1 to 70 of the characters of RFC 2046 section 5.1.1.
    """
    if not _is_boundary(boundary):
        raise ValueError(
            f"The multipart boundary {boundary!r} is not valid. It is 1 to 70 of the characters of "
            "RFC 2046 section 5.1.1: letters, digits and '()+_,-./:=? (no space at the end). "
            "`new_boundary()` makes one."
        )
    parts: list[str | Blob] = []
    for name, value in form:
        parts += [f"--{boundary}\r\n{_part_head(name, value)}\r\n\r\n", _body(value), "\r\n"]
    return Blob([*parts, f"--{boundary}--\r\n"])


def encode_urlencoded(form: FormData) -> bytes:
    """The form as application/x-www-form-urlencoded (HTML Standard section 4.10.21.7).

    That encoding has no files: each is replaced by its name.
    """
    from portico._url_search_params import URLSearchParams

    pairs = [
        (_crlf(name), _crlf(value.name if isinstance(value, File) else value))
        for name, value in form
    ]
    return str(URLSearchParams(pairs)).encode()


def _entry(name: str, value: object, filename: str | None) -> tuple[str, str | File]:
    if isinstance(value, Blob):
        return scalar_text(name), _as_file(value, filename)
    if not isinstance(value, str):
        raise TypeError(
            f"The form entry {name!r} got a value of type {type(value).__name__}. A value is a "
            "text or a `Blob`. Convert it first, for example with `str()`, or wrap bytes in `File`."
        )
    if filename is not None:
        raise TypeError(
            f"The form entry {name!r} got the file name {filename!r} for a text. Only a `Blob` has "
            "one. Leave it out, or pass `File([text], filename)`."
        )
    return scalar_text(name), scalar_text(value)


def _as_file(blob: Blob, filename: str | None) -> File:
    if isinstance(blob, File):
        return blob if filename is None else blob.renamed(filename)
    return File([blob], "blob" if filename is None else filename, type=blob.type)


def _part_head(name: str, value: str | File) -> str:
    disposition = f'Content-Disposition: form-data; name="{_escaped(_crlf(name))}"'
    if isinstance(value, str):
        return disposition
    content_type = value.type or "application/octet-stream"
    return f'{disposition}; filename="{_escaped(value.name)}"\r\nContent-Type: {content_type}'


def _body(value: str | File) -> str | File:
    return _crlf(value) if isinstance(value, str) else value


def _is_boundary(text: str) -> bool:
    has_length = 0 < len(text) <= _LONGEST_BOUNDARY
    return has_length and text[-1] != " " and _BOUNDARY_CHARACTERS.issuperset(text)


def _crlf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")


def _escaped(text: str) -> str:
    return text.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
