"""`upload()`: the limits of a file, declared in its type, and whether a file keeps to them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from portico._blob import Blob, File
from portico._faults import Refused

if TYPE_CHECKING:
    from msgspec import Meta

_KIB: Final = 1024
_MIB: Final = 1024 * 1024


class UploadLimits:
    """What `upload()` declares of a file.

    Attributes:
        max_size: bytes, or None for no limit but that of the body.
        min_size: bytes.
        types: MIME types, `image/*` for all of a kind; none where every type will do.
    """

    __slots__ = ("max_size", "min_size", "types")

    def __init__(self, max_size: int | None, min_size: int, types: Iterable[str]) -> None:
        self.max_size = max_size
        self.min_size = min_size
        self.types = _checked_types(types)
        if min_size < 0 or (max_size is not None and max_size < max(min_size, 1)):
            raise ValueError(
                f"upload() got min_size={min_size} and max_size={max_size}. Sizes are bytes, not "
                "negative, and the largest is not below the smallest. Leave one out for no limit."
            )

    @property
    def expectation(self) -> str:
        """What is expected, as a noun phrase: `"a file of at most 2 MiB of type image/png"`."""
        return "a file" + self._sizes() + (f" of type {_either(self.types)}" if self.types else "")

    def accept(self, file: Blob) -> Blob | Refused:
        """The file with the type that it has, or what was refused of it.

        Where types are declared, the file's own is then the one that was found in its bytes:
        the peer may have said anything, and an application may send it on.

        Raises:
            ValueError: the file was closed.
        """
        if file.size < self.min_size or (self.max_size is not None and file.size > self.max_size):
            return RefusedFile(file)
        if not self.types:
            return file
        from portico._upload_type import types_of

        found = next(filter(None, map(self._match, types_of(file))), None)
        return RefusedFile(file) if found is None else _retyped(file, found)

    def _match(self, candidate: tuple[str, bool]) -> str | None:
        """The type of a file, if it is one of those declared, by the name that was declared."""
        from portico._upload_type import canonical

        mime, is_shown = candidate
        for declared in self.types:
            kind = declared.removesuffix("*")
            if kind == declared:
                if canonical(declared) == canonical(mime):
                    return declared
            # A picture with scripts in it (SVG) is a text: `image/*` does not let it in.
            elif (is_shown or kind == "text/") and (kind == "*/" or mime.startswith(kind)):
                return mime
        return None

    def _sizes(self) -> str:
        if self.max_size is None:
            return f" of at least {size_of(self.min_size)}" if self.min_size else ""
        if self.min_size:
            return f" of {size_of(self.min_size)} to {size_of(self.max_size)}"
        return f" of at most {size_of(self.max_size)}"

    def __repr__(self) -> str:
        return f"UploadLimits({self.max_size}, {self.min_size}, {self.types})"


class RefusedFile(Refused):
    """Stands in the place of a file that breaks its limits."""

    __slots__ = ()

    def __init__(self, file: Blob) -> None:
        from portico._upload_type import describe_file

        super().__init__(describe_file(file))


def upload(*, max_size: int | None = None, min_size: int = 0, types: Iterable[str] = ()) -> Meta:
    """Limits of a file, for its type: `Annotated[File, upload(max_size=2**20, types=["image/*"])]`.

    The type is found in the first 1445 bytes (MIME Sniffing Standard); the Content-Type that the
    peer sent counts only for what bytes cannot show. So a type without a pattern, and a kind of
    text, must be named: `image/*` takes pictures that show what they are, `text/*` any text.
    A file that passes has the found type as its `type`.

    Limits hold once the body has arrived; how much may arrive is for the adapter's `max_form_size`.

    Args:
        max_size: bytes; None for no limit.
        min_size: bytes.
        types: MIME types without parameters, `image/*` for every type of a kind; none for any.

    Raises:
        ValueError: a size or a type is not valid.
    """
    from msgspec import Meta

    limits = UploadLimits(max_size, min_size, types)
    media = {"contentMediaType": limits.types[0]} if len(limits.types) == 1 else None
    return Meta(extra={"upload": limits}, extra_json_schema=media)


def _retyped(file: Blob, mime: str) -> Blob:
    if file.type == mime:
        return file
    if isinstance(file, File):
        return File([file], file.name, type=mime, last_modified=file.last_modified)
    return Blob([file], type=mime)


def _checked_types(types: Iterable[str]) -> tuple[str, ...]:
    if isinstance(types, str):
        raise ValueError(f"upload() got types={types!r}, one text. Pass a list: [{types!r}].")
    listed = tuple(text.lower() for text in types)
    for text in listed:
        if not _is_type(text):
            raise ValueError(
                f"upload() got the type {text!r}. A type is a MIME type without parameters, such "
                "as 'image/png', or 'image/*' for every type of a kind."
            )
    return listed


def _is_type(text: str) -> bool:
    from portico._mime import MimeType

    mime = MimeType.parse(text)
    return mime is not None and mime.essence == text and (mime.type != "*" or text == "*/*")


def _either(names: tuple[str, ...]) -> str:
    *rest, last = names
    return f"{', '.join(rest)} or {last}" if rest else last


def size_of(size: int) -> str:
    """A size in words: `"2 MiB"`, `"1 byte"`."""
    for unit, name in ((_MIB, "MiB"), (_KIB, "KiB")):
        if size >= unit and size % unit == 0:
            return f"{size // unit} {name}"
    return f"{size} byte{'' if size == 1 else 's'}"


NO_LIMITS: Final = UploadLimits(None, 0, ())
"""Of a file for which nothing is declared."""
