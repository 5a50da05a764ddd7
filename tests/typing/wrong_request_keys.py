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
    wrong: str = use(number),  # error: mypy[assignment] pyright[reportArgumentType]
    count: str = use(hits),  # error: mypy[assignment] pyright[reportArgumentType]
) -> str:
    ctx[hits] = "1"  # error: mypy[misc] pyright[reportArgumentType]
    ctx[settings] = "b"  # error: mypy[index] pyright[reportArgumentType]
    ctx[number] = 2  # error: mypy[index] pyright[reportArgumentType]
    value: int = await ctx.get(text)  # error: mypy[arg-type] pyright[reportAssignmentType]
    other: str = ctx[number]  # error: mypy[assignment] pyright[reportAssignmentType]
    await ctx.get("text")  # error: mypy[arg-type] pyright[reportArgumentType]
    await text()  # error: mypy[call-arg] pyright[reportCallIssue]
    number(1)  # error: mypy[call-arg] pyright[reportCallIssue]
    return other if value else ""


app.override(number, "1")  # error: mypy[misc] pyright[reportArgumentType]
app.override(text, None)  # error: mypy[misc] pyright[reportArgumentType]
app.override(hits, None)  # error: mypy[misc] pyright[reportArgumentType]
app.override(show, "1")  # error: mypy[arg-type] pyright[reportArgumentType]
app.override(settings)  # error: mypy[call-arg] pyright[reportCallIssue]
app.derive(  # error: mypy[call-overload] pyright[reportCallIssue]
    show,
    scope="a",  # error: pyright[reportArgumentType]
)
app.derive(scope="scopd")  # error: mypy[call-overload] pyright[reportArgumentType]
app.resolve(lazi=True)  # error: mypy[call-overload] pyright[reportCallIssue]
app.resolve(  # error: mypy[call-overload] pyright[reportCallIssue]
    show,
    lazy="a",  # error: pyright[reportArgumentType]
)
app.resolve("text")  # error: mypy[call-overload] pyright[reportArgumentType, reportCallIssue]
app.derive(5)  # error: mypy[call-overload] pyright[reportArgumentType, reportCallIssue]
app.get("/a", derive=[resource])(show)  # error: mypy[list-item] pyright[reportArgumentType]
app.get("/b", resolve=show)(show)  # error: mypy[call-overload] pyright[reportArgumentType]
state: StateKey[str] = app.state(1)  # error: mypy[arg-type] pyright[reportAssignmentType]
app.state()  # error: mypy[call-arg] pyright[reportCallIssue]
