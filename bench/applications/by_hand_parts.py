"""What the callables by hand have in common: the work that is no interface's."""

from typing import Final

from msgspec import Struct
from msgspec.json import Decoder


class Draft(Struct):
    name: str
    price: float
    quantity: int
    tags: list[str] = []


class Item(Struct):
    id: int
    name: str
    price: float
    tags: list[str]


MESSAGE: Final = {"message": "Hello, World!"}
ITEMS: Final = [Item(n, f"Item number {n}", n + 0.5, ["new", "sale"]) for n in range(150)]
CHUNK: Final = b"x" * 1024
NOT_FOUND: Final = b"Not Found"
UNAUTHORIZED: Final = b"Unauthorized"
FORBIDDEN: Final = b"Forbidden"
UNPROCESSABLE: Final = b"Unprocessable Content"

decode = Decoder(Draft).decode


def place(path: str, query: str) -> dict[str, int]:
    """The four integers.

    Raises:
        KeyError: a parameter is not there.
        ValueError: one is no integer, or the path is another.
    """
    _, _, user, posts, post = path.split("/")
    if posts != "posts":
        raise ValueError(path)
    pairs = dict(pair.split("=") for pair in query.split("&"))
    return {
        "user": int(user),
        "post": int(post),
        "limit": int(pairs["limit"]),
        "offset": int(pairs["offset"]),
    }


def create(body: bytes) -> dict[str, object]:
    """The stored item.

    Raises:
        msgspec.ValidationError: the body is not a draft.
    """
    draft = decode(body)
    return {
        "id": 1,
        "name": draft.name,
        "price": draft.price,
        "quantity": draft.quantity,
        "tags": draft.tags,
    }


def uploaded(content_type: str, body: bytes) -> dict[str, object]:
    """The title and the size of the file of a multipart body that has these two."""
    boundary = b"--" + content_type.partition("boundary=")[2].encode()
    _, title, file, _ = body.split(boundary)
    return {
        "title": title.partition(b"\r\n\r\n")[2][:-2].decode(),
        "size": len(file) - file.index(b"\r\n\r\n") - 6,
    }


def visits(cookie: str) -> int:
    """The number in the cookie `visits`."""
    for pair in cookie.split("; "):
        name, _, value = pair.partition("=")
        if name == "visits":
            return int(value)
    return 0
