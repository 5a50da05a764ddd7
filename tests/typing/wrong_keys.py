"""What the checkers refuse about keys. Each comment names what each of them says."""

from collections.abc import Iterator

from portico import Context, Portico, use

app = Portico()


@app.resource
def number() -> Iterator[int]:
    yield 1


@app.get("/")
def show(
    ctx: Context,
    text: str = use(number),  # error: mypy[assignment] pyright[reportArgumentType]
) -> str:
    wrong: str = ctx[number]  # error: mypy[assignment] pyright[reportAssignmentType]
    ctx[number] = 2  # error: mypy[index] pyright[reportArgumentType]
    number(1)  # error: mypy[call-arg] pyright[reportCallIssue]
    return wrong + text


def misuse(ctx: Context) -> None:
    ctx["number"]  # error: mypy[index] pyright[reportArgumentType]
    use(show)  # error: mypy[arg-type] pyright[reportArgumentType]
    use("number")  # error: mypy[arg-type] pyright[reportArgumentType]
