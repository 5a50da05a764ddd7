"""What the checkers refuse of keys that are registered, read and overridden."""

from collections.abc import Iterator

from portico import Context, Portico, StateKey, use

app = Portico()


@app.derive
def number() -> Iterator[int]:
    yield 1


@app.resolve(lazy=True)
async def text(ctx: Context) -> str:
    return ctx.path


@app.resource
def resource() -> int:
    return 1


hits = app.state(0)
settings = app.decorate("a")


@app.get("/")
async def show(
    ctx: Context,
    wrong: str = use(number),  # error:
    count: str = use(hits),  # error:
) -> str:
    ctx[hits] = "1"  # error:
    ctx[settings] = "b"  # error:
    ctx[number] = 2  # error:
    value: int = await ctx.get(text)  # error:
    other: str = ctx[number]  # error:
    await ctx.get("text")  # error:
    await text()  # error:
    number(1)  # error:
    return other if value else ""


app.override(number, "1")  # error:
app.override(text, None)  # error:
app.override(hits, None)  # error:
app.override(show, "1")  # error:
app.override(settings)  # error:
app.derive(number, scope="scopd")  # error:
app.derive(scope="scopd")  # error:
app.resolve(lazi=True)  # error:
app.resolve(show, lazy="yes")  # error:
app.resolve("text")  # error:
app.derive(5)  # error:
app.get("/a", derive=[resource])(show)  # error:
app.get("/b", resolve=show)(show)  # error:
state: StateKey[str] = app.state(1)  # error:
app.state()  # error:
