"""Sanic behind ASGI. Bodies are validated by msgspec; hooks are the middleware of a blueprint."""

import msgspec
from msgspec import Struct
from sanic import Blueprint, HTTPResponse, Request, Sanic, json, raw, text
from sanic.exceptions import Forbidden, SanicException, Unauthorized


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

app = Sanic("bench", configure_logging=False)


@app.get("/")
async def hello(request: Request) -> HTTPResponse:
    return text("Hello, World!")


@app.get("/json")
async def read_json(request: Request) -> HTTPResponse:
    return json({"message": "Hello, World!"})


@app.get("/users/<user:int>/posts/<post:int>")
async def read_post(request: Request, user: int, post: int) -> HTTPResponse:
    try:
        limit, offset = int(request.args.get("limit")), int(request.args.get("offset"))
    except (TypeError, ValueError):
        raise SanicException(status_code=422) from None
    return json({"user": user, "post": post, "limit": limit, "offset": offset})


@app.post("/items")
async def create_item(request: Request) -> HTTPResponse:
    try:
        draft = decoder.decode(request.body)
    except msgspec.ValidationError as error:
        return json({"detail": str(error)}, 422)
    return json({"id": 1, **msgspec.structs.asdict(draft)}, 201)


members = Blueprint("members")


@members.on_request
async def derive_user(request: Request) -> None:
    kind, _, name = request.headers.get("authorization", "").partition(" ")
    if kind != "Bearer":
        raise Unauthorized("no token")
    request.ctx.user = name


@members.on_request
async def refuse_blocked(request: Request) -> None:
    if request.ctx.user == "mallory":
        raise Forbidden("blocked")


@members.on_response
async def sign(request: Request, response: HTTPResponse) -> None:
    response.headers["x-served-by"] = "bench"


@members.get("/me")
async def read_me(request: Request) -> HTTPResponse:
    return json({"name": request.ctx.user})


app.blueprint(members)


@app.get("/stream")
async def stream(request: Request) -> None:
    response = await request.respond(content_type="application/octet-stream")
    for _ in range(100):
        await response.send(chunk)
    await response.eof()


@app.get("/list")
async def read_list(request: Request) -> HTTPResponse:
    return raw(msgspec.json.encode(items), content_type="application/json")


@app.post("/upload")
async def upload(request: Request) -> HTTPResponse:
    return json({"title": request.form.get("title"), "size": len(request.files.get("file").body)})


@app.get("/cookies")
async def cookies(request: Request) -> HTTPResponse:
    visits = request.cookies.get("visits", "0")
    response = text(visits)
    response.add_cookie("visits", str(int(visits) + 1), httponly=True, secure=False)
    return response


def scaled(routes: int, depth: int) -> Sanic:
    # A name is taken once in a process.
    made = Sanic(f"bench-{routes}-{depth}-{len(Sanic._app_registry)}", configure_logging=False)

    async def ok(request: Request, id: str) -> HTTPResponse:
        return text("OK")

    prefix = "/p" * depth
    for number in range(routes):
        made.add_route(ok, f"{prefix}/r{number}/<id>", name=f"r{number}")
    return made
