"""A message board: one application that uses the whole lifecycle.

`auth` is a plugin: who is logged in is a signed cookie, which a resolve reads, and `role` is a
macro that asks for more. The posts are a resource. A guard keeps strangers from writing. Readers
follow the board by server-sent events, and go on where they stopped.

    export COOKIE_SECRET=$(python -c 'import secrets; print(secrets.token_urlsafe())')
    uvicorn examples.board:app
    portico routes examples.board:app --explain
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from typing import Annotated

from anyio import Condition
from msgspec import Meta, Struct

from portico import (
    Context,
    CookieOptions,
    Created,
    Forbidden,
    Hooks,
    HTTPError,
    NotFound,
    Portico,
    Problem,
    ServerSentEvent,
    Span,
    macro,
    sse,
    status,
    use,
)

# Who it is


class Login(Struct):
    name: Annotated[str, Meta(min_length=1, max_length=40)]


auth = Portico(name="auth")
moderators = auth.decorate(frozenset({"grace"}), name="moderators")


# A resolve runs after validation, so strangers are told what is wrong with their input. To turn
# them away before a byte of it is read, make it a hook of `before_parse`.
@auth.resolve(lazy=True)
def current_user(ctx: Context) -> str:
    user = ctx.cookies.get("user")  # a forged one reads as absent
    if user is None:
        raise HTTPError(401, "Log in first: POST /login.")
    return user


@macro
def role(allowed: str) -> Hooks:
    """Only for moderators; as a value that routes and guards take."""

    def require(ctx: Context) -> Forbidden[Problem] | None:
        if ctx[current_user] in ctx[moderators]:
            return None
        return status(403, Problem(f"This is for a {allowed}."))

    return Hooks(before_handle=require, tags=[allowed])


@auth.post("/login")
def log_in(ctx: Context, body: Login) -> None:
    ctx.cookies["user"].value = body.name


@auth.post("/logout")
def log_out(ctx: Context) -> None:
    ctx.cookies["user"].remove()


# What is written


class Draft(Struct):
    text: Annotated[str, Meta(min_length=1, max_length=500)]


class Post(Struct):
    id: int
    author: str
    text: str


class NoSuchPostError(Exception):
    pass


class Board:
    """The posts, in this process; whoever waits for news is told."""

    def __init__(self) -> None:
        self.posts: dict[int, Post] = {}
        self._last = 0
        self._news = Condition()

    async def add(self, author: str, text: str) -> Post:
        self._last += 1
        post = self.posts[self._last] = Post(self._last, author, text)
        async with self._news:
            self._news.notify_all()
        return post

    def remove(self, id: int) -> None:
        if self.posts.pop(id, None) is None:
            raise NoSuchPostError(id)

    async def follow(self, after: int) -> AsyncGenerator[Post, None]:
        """The posts behind an id, and then each new one."""
        while True:
            for post in [post for post in self.posts.values() if post.id > after]:
                yield post
                after = post.id
            async with self._news:
                if self._last <= after:
                    await self._news.wait()


# The application

app = Portico(
    name="board",
    cookies=CookieOptions(secrets=lambda env: env["COOKIE_SECRET"], sign=["user"]),
)


@app.resource(io=False)  # memory alone, so it may outlive a request on Workers too
def board() -> Iterator[Board]:
    yield Board()


@app.trace
def time_it(ctx: Context, span: Span) -> None:
    def ended(done: Span) -> None:
        ctx.set.headers.append("server-timing", f"handle;dur={(done.elapsed or 0) * 1000:.3f}")

    if span.name == "handle":
        span.on_end(ended)


@app.error(NoSuchPostError)
def no_such_post(ctx: Context, error: NoSuchPostError) -> NotFound[Problem]:
    return status(404, Problem(f"There is no post {error}."))


@app.error(401)
def name_the_scheme(ctx: Context, error: Exception) -> None:
    ctx.set.headers.set("www-authenticate", 'Cookie realm="board"')


app.use(auth)


@app.get("/posts")
def list_posts(posts: Board = use(board)) -> list[Post]:
    return list(posts.posts.values())


@app.get("/events")
async def follow_posts(
    ctx: Context, posts: Board = use(board)
) -> AsyncIterator[ServerSentEvent[Post]]:
    last = ctx.last_event_id or "0"
    async with aclosing(posts.follow(int(last) if last.isdecimal() else 0)) as news:
        async for post in news:
            yield sse(post, event="post", id=post.id)


with app.guard(resolve=current_user, tags=["members"]) as members:

    @members.post("/posts")
    async def write(
        body: Draft, author: str = use(current_user), posts: Board = use(board)
    ) -> Created[Post]:
        return status(201, await posts.add(author, body.text))

    @members.delete("/posts/{id}", role("moderator"))
    async def remove(id: int, posts: Board = use(board)) -> None:
        posts.remove(id)
