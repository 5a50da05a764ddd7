"""Portico, as its users write it: `async def` handlers."""

from collections.abc import AsyncIterator

from msgspec import Struct

from portico import Context, Created, File, HTTPError, Portico, status, use


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
    file: File


class Received(Struct):
    title: str
    size: int


items = [Item(n, f"Item number {n}", n + 0.5, ["new", "sale"]) for n in range(150)]
chunk = b"x" * 1024

app = Portico()

app.get("/", "Hello, World!")


@app.get("/json")
async def read_json() -> Message:
    return Message("Hello, World!")


@app.get("/users/{user}/posts/{post}")
async def read_post(user: int, post: int, limit: int, offset: int) -> Place:
    return Place(user, post, limit, offset)


@app.post("/items")
async def create_item(body: Draft) -> Created[Stored]:
    return status(201, Stored(1, body.name, body.price, body.quantity, body.tags))


with app.guard() as members:

    @members.before_parse
    async def sign(ctx: Context) -> None:
        ctx.set.headers["x-served-by"] = "bench"

    @members.derive
    async def user(ctx: Context) -> User:
        kind, _, name = (ctx.headers.get("authorization") or "").partition(" ")
        if kind != "Bearer":
            raise HTTPError(401)
        return User(name)

    @members.before_handle
    async def refuse_blocked(ctx: Context) -> None:
        if ctx[user].name == "mallory":
            raise HTTPError(403)

    @members.get("/me")
    async def read_me(user: User = use(user)) -> User:
        return user


@app.get("/stream")
async def stream() -> AsyncIterator[bytes]:
    for _ in range(100):
        yield chunk


@app.get("/list")
async def read_list() -> list[Item]:
    return items


@app.post("/upload")
async def upload(body: Upload) -> Received:
    return Received(body.title, body.file.size)


@app.get("/cookies")
async def count_visits(ctx: Context) -> str:
    visits = ctx.cookies.get("visits", "0")
    ctx.cookies["visits"].value = str(int(visits or "0") + 1)
    return visits or "0"


async def ok(id: str) -> str:
    return "OK"


def scaled(routes: int, depth: int) -> Portico:
    made = Portico()
    for number in range(routes):
        made.get(f"/r{number}/{{id}}", ok)
    for _ in range(depth):
        made = Portico().use(made, prefix="/p")
    return made
