"""Context keys of every lifetime: what runs where, how often, and for whom."""

from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from itertools import count as serial_numbers
from typing import Final

from portico import Context, HTTPError, Portico, use
from portico_conformance.application._app import app
from portico_conformance.application._signals import count, counted, until
from portico_conformance.application._together import task_group

keys: Final = Portico(name="keys", prefix="/keys")

word = keys.decorate("a constant", name="word")
notes = keys.state(list[str](), name="notes")

_serials = serial_numbers(1)
_variable: Final[ContextVar[str]] = ContextVar("variable", default="nobody's")


class Connection:
    """What requests share, or have for themselves where they may not share what does I/O."""

    def __init__(self) -> None:
        self.serial = next(_serials)
        self.users: list[str] = []
        self.is_open = True


@keys.resource
async def connection() -> AsyncIterator[Connection]:
    """An app-lived value that has to do with I/O, as far as its declaration says."""
    async with task_group():
        opened = Connection()
        yield opened
        opened.is_open = False
    for user in opened.users:
        count(f"{user}-closed")


@keys.resource(io=False)
def cache() -> Iterator[Connection]:
    """An app-lived value that requests share everywhere."""
    yield Connection()


@keys.get("/constant")
async def constant(value: str = use(word)) -> str:
    """The constant."""
    return value


@keys.post("/state/{note}")
async def add(ctx: Context, note: str) -> None:
    """Set the state anew, with one note more."""
    ctx[notes] = [*ctx[notes], note]


@keys.get("/state")
def read(ctx: Context) -> list[str]:
    """The state, as the requests before have left it."""
    return ctx[notes]


# Lazy keys


@keys.resolve(lazy=True)
async def lazy_async(ctx: Context) -> int:
    """How often the name was counted, this time among them."""
    await ctx.platform.sleep(0)
    return count(ctx.params["name"])


@keys.resolve(lazy=True)
def lazy_sync(ctx: Context) -> int:
    """The same, by synchronous code."""
    return count(ctx.params["name"])


@keys.get("/lazy/unasked/{name}")
async def unasked(ctx: Context) -> str:
    """Nothing asks for a key."""
    return ctx.params["name"]


@keys.get("/lazy/bound-async/{name}")
async def bound_async(
    ctx: Context, a: int = use(lazy_async), b: int = use(lazy_async)
) -> list[int]:
    """Two parameters, and the body of the handler."""
    return [a, b, ctx[lazy_async]]


@keys.get("/lazy/bound-sync/{name}")
def bound_sync(ctx: Context, a: int = use(lazy_sync), b: int = use(lazy_sync)) -> list[int]:
    """Two parameters, and the body of the handler."""
    return [a, b, ctx[lazy_sync]]


@keys.get("/lazy/named-async/{name}")
async def named_async(ctx: Context) -> list[int]:
    """The body of the handler alone."""
    return [ctx[lazy_async], ctx[lazy_async]]


@keys.get("/lazy/named-sync/{name}")
def named_sync(ctx: Context) -> list[int]:
    """The body of the handler alone."""
    return [ctx[lazy_sync], ctx[lazy_sync]]


@keys.get("/lazy/asked-async/{name}")
async def asked_async(ctx: Context) -> list[int]:
    """Five tasks at once."""
    return await _asked(ctx, is_async=True)


@keys.get("/lazy/asked-sync/{name}")
async def asked_sync(ctx: Context) -> list[int]:
    """Five tasks at once."""
    return await _asked(ctx, is_async=False)


async def _asked(ctx: Context, *, is_async: bool) -> list[int]:
    found: list[int] = []

    async def ask() -> None:
        found.append(await ctx.get(lazy_async if is_async else lazy_sync))

    async with task_group() as start:
        for _ in range(5):
            start(ask)
    return found


@keys.get("/lazy/conditional/{name}")
async def conditional(ctx: Context, wanted: bool) -> int:
    """Whether it runs, the request says."""
    return await ctx.get(lazy_async) if wanted else 0


# Eager keys, on a plugin of their own: a derive before validation, a resolve after it

eager: Final = Portico(name="eager-keys")


@eager.derive
def early(ctx: Context) -> str:
    """Counted as early."""
    count(f"{ctx.params['name']}-early")
    if ctx.query.get("stranger"):
        raise HTTPError(401, "who is there?")
    return "early"


@eager.resolve
async def late(ctx: Context, number: int, before: str = use(early)) -> str:
    """Counted as late; it binds of the request what the handler does not."""
    count(f"{ctx.params['name']}-late")
    return f"{before}, late with {number}"


@eager.get("/eager/unread/{name}")
async def unread(name: str) -> str:
    """Reads neither."""
    return name


@eager.get("/eager/read/{name}")
def read_both(ctx: Context, name: str, second: str = use(late)) -> list[str]:
    """Reads both."""
    return [ctx[early], second]


keys.use(eager)

reading: Final = Portico(name="reading-keys")


@reading.resolve
async def reads(ctx: Context) -> str:
    """Reads a key that is registered after it."""
    return f"{ctx[read_by_it]}, read"


@reading.resolve
def read_by_it() -> str:
    """Is made in front of who reads it."""
    return "made"


@reading.get("/reading")
async def show_read(value: str = use(reads)) -> str:
    """What the one made of the other."""
    return value


keys.use(reading)


@keys.get("/out-of-scope/{name}")
async def out_of_scope(number: int, value: str = use(late)) -> str:
    """Binds a key whose scope does not reach here."""
    return value


# Requests that overlap

overlapping: Final = Portico(name="overlapping", prefix="/overlap")


@overlapping.derive
def own_early(ctx: Context) -> str:
    """A value of the request, and a variable."""
    _variable.set(f"variable {ctx.params['own']}")
    return f"early {ctx.params['own']}"


@overlapping.resolve
async def own_late(ctx: Context, own: str) -> AsyncIterator[str]:
    """A generator that must be left by the request that entered it."""
    yield f"late {own}"
    count(f"{ctx.params['name']}-left" if own == ctx.params["own"] else "left-by-another")


@overlapping.get("/{name}/{own}")
async def overlap(
    ctx: Context,
    name: str,
    own: str,
    requests: int,
    shared: Connection = use(connection),
    kept: Connection = use(cache),
) -> dict[str, object]:
    """What the request sees of itself once others have come after it."""
    shared.users.append(own)
    ctx.set.headers["x-own"] = own
    ctx.cookies["own"].value = own
    ctx[notes] = []
    arrived = count(name)
    # All of them on an event loop; where each holds a thread there may be four.
    at_once = requests if ctx.platform.runtime.concurrency == "loop" else 2
    await until(ctx, lambda: counted(name) >= min(arrived + at_once, requests))
    return {
        "path": [ctx.params["own"], own, ctx.path.rpartition("/")[2]],
        "query": ctx.query.get("own"),
        "header": ctx.headers.get("x-sent"),
        "cookie": ctx.cookies["sent"].value,
        "early": ctx[own_early],
        "late": ctx[own_late],
        "variable": _variable.get(),
        "serial": shared.serial,
        "users": [user for user in shared.users if user.startswith(name)],
        "is_open": shared.is_open,
        "cache": kept.serial,
    }


keys.use(overlapping)


@keys.get("/resources")
async def resources(ctx: Context) -> list[int]:
    """Whose values the app-lived keys have."""
    return [ctx[connection].serial, ctx[cache].serial]


app.use(keys)
