"""Litestar, with its own validation (msgspec).

It answers wrong input with 400, of which an exception handler makes 422.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from litestar import Litestar, MediaType, Request, Response, Router, get, post
from litestar.datastructures import UploadFile
from litestar.di import Provide
from litestar.enums import RequestEncodingType
from litestar.exceptions import HTTPException, NotAuthorizedException, ValidationException
from litestar.params import Body, Parameter
from litestar.response import Stream
from msgspec import Struct


class Message(Struct):
    message: str


class Place(Struct):
    user: int
    post: int
    limit: int
    offset: int


class Draft(Struct):
    name: str
    price: float
    quantity: int
    tags: list[str] = []


class Stored(Struct):
    id: int
    name: str
    price: float
    quantity: int
    tags: list[str]


class User(Struct):
    name: str


class Item(Struct):
    id: int
    name: str
    price: float
    tags: list[str]


class Upload(Struct):
    title: str
    file: UploadFile


class Received(Struct):
    title: str
    size: int


items = [Item(n, f"Item number {n}", n + 0.5, ["new", "sale"]) for n in range(150)]
chunk = b"x" * 1024


@get("/", media_type=MediaType.TEXT)
async def hello() -> str:
    return "Hello, World!"


@get("/json")
async def read_json() -> Message:
    return Message("Hello, World!")


@get("/users/{user:int}/posts/{post:int}")
async def read_post(user: int, post: int, limit: int, offset: int) -> Place:
    return Place(user, post, limit, offset)


@post("/items")
async def create_item(data: Draft) -> Stored:
    return Stored(1, data.name, data.price, data.quantity, data.tags)


async def sign(response: Response) -> Response:
    response.headers["x-served-by"] = "bench"
    return response


async def current_user(request: Request) -> User:
    kind, _, name = request.headers.get("authorization", "").partition(" ")
    if kind != "Bearer":
        raise NotAuthorizedException
    return User(name)


async def refuse_blocked(user: User) -> None:
    if user.name == "mallory":
        raise HTTPException(status_code=403)


@get(
    "/me",
    after_request=sign,
    dependencies={"user": Provide(current_user), "allowed": Provide(refuse_blocked)},
)
async def read_me(user: User, allowed: None) -> User:
    return user


@get("/stream")
async def stream() -> Stream:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield chunk

    return Stream(chunks())


@get("/list")
async def read_list() -> list[Item]:
    return items


@post("/upload", status_code=200)
async def upload(
    data: Annotated[Upload, Body(media_type=RequestEncodingType.MULTI_PART)],
) -> Received:
    return Received(data.title, len(await data.file.read()))


@get("/cookies", media_type=MediaType.TEXT)
async def cookies(visits: Annotated[int, Parameter(cookie="visits")] = 0) -> Response[str]:
    response = Response(str(visits))
    response.set_cookie("visits", str(visits + 1), httponly=True)
    return response


def unprocessable(request: Request, error: ValidationException) -> Response:
    return Response({"detail": error.detail, "extra": error.extra}, status_code=422)


app = Litestar(
    [hello, read_json, read_post, create_item, read_me, stream, read_list, upload, cookies],
    exception_handlers={ValidationException: unprocessable},
    openapi_config=None,
)


def scaled(routes: int, depth: int) -> Litestar:
    async def ok(id: str) -> str:
        return "OK"

    handlers = [get(f"/r{n}/{{id:str}}", media_type=MediaType.TEXT)(ok) for n in range(routes)]
    router = Router("/", route_handlers=handlers)
    for _ in range(depth):
        router = Router("/p", route_handlers=[router])
    return Litestar([router], openapi_config=None)
