"""Starlette. It validates no bodies, so msgspec does; hooks are middleware of the one route."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from msgspec import Struct
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, BaseUser, SimpleUser
from starlette.authentication import AuthenticationError as Refused
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route


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


items = [Item(n, f"Item number {n}", n + 0.5, ["new", "sale"]) for n in range(150)]
chunk = b"x" * 1024
decoder = msgspec.json.Decoder(Draft)


async def hello(request: Request) -> Response:
    return PlainTextResponse("Hello, World!")


async def read_json(request: Request) -> Response:
    return JSONResponse({"message": "Hello, World!"})


async def read_post(request: Request) -> Response:
    try:
        limit = int(request.query_params["limit"])
        offset = int(request.query_params["offset"])
    except (KeyError, ValueError):
        raise HTTPException(422) from None
    return JSONResponse({**request.path_params, "limit": limit, "offset": offset})


async def create_item(request: Request) -> Response:
    try:
        draft = decoder.decode(await request.body())
    except msgspec.ValidationError as error:
        return JSONResponse({"detail": str(error)}, 422)
    return JSONResponse({"id": 1, **msgspec.structs.asdict(draft)}, 201)


class Sign:
    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def signed(message: Any) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-served-by"] = "bench"
            await send(message)

        await self.app(scope, receive, signed)


class Bearer(AuthenticationBackend):
    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser]:
        kind, _, name = conn.headers.get("authorization", "").partition(" ")
        if kind != "Bearer":
            raise Refused("no token")
        return AuthCredentials(["authenticated"]), SimpleUser(name)


class RefuseBlocked:
    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["user"].display_name == "mallory":
            await PlainTextResponse("Forbidden", 403)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


async def read_me(request: Request) -> Response:
    return JSONResponse({"name": request.user.display_name})


async def stream(request: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield chunk

    return StreamingResponse(chunks(), media_type="text/plain")


async def read_list(request: Request) -> Response:
    return Response(msgspec.json.encode(items), media_type="application/json")


async def upload(request: Request) -> Response:
    async with request.form() as form:
        content = await form["file"].read()
        return JSONResponse({"title": form["title"], "size": len(content)})


async def cookies(request: Request) -> Response:
    visits = request.cookies.get("visits", "0")
    response = PlainTextResponse(visits)
    response.set_cookie("visits", str(int(visits) + 1), httponly=True)
    return response


app = Starlette(
    routes=[
        Route("/", hello),
        Route("/json", read_json),
        Route("/users/{user:int}/posts/{post:int}", read_post),
        Route("/items", create_item, methods=["POST"]),
        Route(
            "/me",
            read_me,
            middleware=[
                Middleware(Sign),
                Middleware(
                    AuthenticationMiddleware,
                    backend=Bearer(),
                    on_error=lambda conn, error: PlainTextResponse(str(error), 401),
                ),
                Middleware(RefuseBlocked),
            ],
        ),
        Route("/stream", stream),
        Route("/list", read_list),
        Route("/upload", upload, methods=["POST"]),
        Route("/cookies", cookies),
    ]
)


async def ok(request: Request) -> Response:
    return PlainTextResponse("OK")


def scaled(routes: int, depth: int) -> Starlette:
    made: list[Any] = [Route(f"/r{number}/{{id}}", ok) for number in range(routes)]
    for _ in range(depth):
        made = [Mount("/p", routes=made)]
    return Starlette(routes=made)
