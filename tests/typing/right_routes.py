"""Registration returns what it was given, whatever the form."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Literal, assert_type

from msgspec import Struct

from portico import (
    Conflict,
    Context,
    Created,
    FormData,
    NotFound,
    Portico,
    Problem,
    Reply,
    Response,
    RouteInfo,
    file,
    redirect,
    status,
)
from portico.contract import Capability

app = Portico()
configured = Portico(name="api", debug=True, strict_path=True, blocking=False)


class User(Struct):
    id: int
    name: str


users: dict[int, User] = {}


@app.get("/users/{id}")
async def get_user(ctx: Context, id: int, verbose: bool = False) -> User | NotFound[Problem]:
    return users.get(id) or status(404, Problem(f"no user {id}"))


@app.post("/users")
async def create_user(body: User) -> Created[User] | Conflict[Problem]:
    if body.id in users:
        return status(409, Problem("there is one"))
    return status(201, body)


async def call_them(ctx: Context) -> None:
    assert_type(await get_user(ctx, 1), User | Reply[Literal[404], Problem])
    assert_type(await get_user(ctx, id=1, verbose=True), User | NotFound[Problem])
    assert_type(await create_user(User(1, "a")), Created[User] | Conflict[Problem])


@app.get("/options", blocking=False, needs=[Capability.FILESYSTEM])
def with_options(page: int = 1) -> list[int]:
    return [page]


assert_type(with_options(2), list[int])


@app.get("/stream")
async def stream(body: AsyncIterator[bytes]) -> AsyncIterator[str]:
    async for chunk in body:
        yield str(len(chunk))


@app.put("/stream")
def stream_sync(body: Iterator[bytes]) -> Iterator[str]:
    for chunk in body:
        yield str(len(chunk))


assert_type(stream_sync(iter([b"a"])), Iterator[str])


def take_form(body: FormData) -> None: ...


# The checkers write a function's type with its parameter's name, which `Callable` has not.
takes_form: Callable[[FormData], None] = app.post("/form", take_form)
takes_form = app.post("/form", take_form, blocking=False)
assert_type(app.post("/form", take_form)(body=FormData()), None)
assert_type(app.get("/", "Hello, World!"), str)
assert_type(app.get("/data", {"a": 1}), dict[str, int])
assert_type(app.get("/answer", Response("a", status=202)), Response)
assert_type(app.put("/a", 1), int)
assert_type(app.patch("/a", 1), int)
assert_type(app.delete("/a", 1), int)
assert_type(app.head("/a", 1), int)
assert_type(app.options("/a", 1), int)
assert_type(app.all("/a", 1), int)
assert_type(app.route("PURGE", "/a", 1), int)


class Views:
    @staticmethod
    @app.patch("/views")
    def static(body: User) -> User:
        return body

    def method(self, id: int) -> str:
        return str(id)


assert_type(Views.static(User(1, "a")), User)
app.route("DELETE", "/views/{id}", Views().method)


@app.all("/all")
@app.delete("/delete")
@app.route("PURGE", "/purge")
def several() -> Response:
    return redirect("/")


assert_type(several(), Response)
assert_type(app.url(get_user, id=1), str)
assert_type(app.routes, list[RouteInfo])
assert_type(app.check(), None)
assert_type(app.compile(), None)

app.get("/file", file("favicon.ico", content_type="image/x-icon"))
app.get("/left", several, on_disconnect="cancel")
app.get("/stays", several, on_disconnect="signal")
