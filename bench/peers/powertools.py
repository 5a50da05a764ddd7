"""Powertools for AWS Lambda, with its own validation (pydantic) and middleware of the one route."""

from collections.abc import Callable
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import ServiceError, UnauthorizedError
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.shared.cookies import Cookie
from pydantic import BaseModel


class Message(BaseModel):
    message: str


class Place(BaseModel):
    user: int
    post: int
    limit: int
    offset: int


class Draft(BaseModel):
    name: str
    price: float
    quantity: int
    tags: list[str] = []


class Stored(Draft):
    id: int


class Item(BaseModel):
    id: int
    name: str
    price: float
    tags: list[str]


items = [
    Item(id=n, name=f"Item number {n}", price=n + 0.5, tags=["new", "sale"]) for n in range(150)
]
chunk = "x" * 1024
resolver = APIGatewayHttpResolver(enable_validation=True)
LEFT_OUT = {"upload": "it has no parser of multipart bodies"}


@resolver.get("/")
def hello() -> Response[str]:
    return Response(200, "text/plain", "Hello, World!")


@resolver.get("/json")
def read_json() -> Message:
    return Message(message="Hello, World!")


@resolver.get("/users/<user>/posts/<post>")
def read_post(
    user: int, post: int, limit: Annotated[int, Query()], offset: Annotated[int, Query()]
) -> Place:
    return Place(user=user, post=post, limit=limit, offset=offset)


@resolver.post("/items")
def create_item(body: Draft) -> tuple[Stored, int]:
    return Stored(id=1, **body.model_dump()), 201


Next = Callable[[Any], Response]


def sign(app: Any, next_middleware: Next) -> Response:
    response = next_middleware(app)
    response.headers["x-served-by"] = "bench"
    return response


def derive_user(app: Any, next_middleware: Next) -> Response:
    kind, _, name = (app.current_event.headers.get("authorization") or "").partition(" ")
    if kind != "Bearer":
        raise UnauthorizedError("no token")
    app.append_context(user=name)
    return next_middleware(app)


def refuse_blocked(app: Any, next_middleware: Next) -> Response:
    if app.context["user"] == "mallory":
        raise ServiceError(403, "blocked")
    return next_middleware(app)


@resolver.get("/me", middlewares=[sign, derive_user, refuse_blocked])
def read_me() -> dict[str, str]:
    return {"name": resolver.context["user"]}


@resolver.get("/stream")
def stream() -> Response[str]:
    return Response(200, "text/plain", "".join([chunk for _ in range(100)]))


@resolver.get("/list")
def read_list() -> list[Item]:
    return items


@resolver.get("/cookies")
def cookies() -> Response[str]:
    came = dict(pair.split("=", 1) for pair in resolver.current_event.cookies)
    visits = came.get("visits", "0")
    cookie = Cookie("visits", str(int(visits) + 1), http_only=True, secure=False)
    return Response(200, "text/plain", visits, cookies=[cookie])


def app(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return resolver.resolve(event, context)


def scaled(routes: int, depth: int) -> Any:
    made = APIGatewayHttpResolver()

    def ok(id: str) -> Response[str]:
        return Response(200, "text/plain", "OK")

    for number in range(routes):
        made.get(f"{'/p' * depth}/r{number}/<id>")(ok)
    return made.resolve
