"""What the checkers refuse of error hooks."""

from portico import Context, HTTPError, Portico

app = Portico()


class AError(Exception): ...


class BError(Exception): ...


def other(ctx: Context, error: BError) -> str:
    return repr(error)


def only_b(error: BError) -> str:
    return repr(error)


def of_http(ctx: Context, error: HTTPError) -> str:
    return repr(error)


def alone(ctx: Context) -> str:
    return ctx.path


app.error(AError, other)  # error: mypy[arg-type] pyright[reportArgumentType, reportCallIssue]
app.error(AError)(other)  # error: mypy[type-var] pyright[reportArgumentType, reportCallIssue]
app.error(AError, alone)  # error: mypy[arg-type] pyright[reportArgumentType, reportCallIssue]
app.error(
    AError,
    lambda ctx, error: only_b(error),  # error: mypy[arg-type] pyright[reportArgumentType]
)
app.error(404, other)  # error: mypy[arg-type] pyright[reportArgumentType, reportCallIssue]
app.error(404)(other)  # error: mypy[type-var] pyright[reportArgumentType]
app.error(500, of_http)  # error: mypy[arg-type] pyright[reportArgumentType, reportCallIssue]
app.error(500)(of_http)  # error: mypy[type-var] pyright[reportArgumentType]
app.error(of_http)  # error: mypy[arg-type] pyright[reportArgumentType, reportCallIssue]
app.error(alone)  # error: mypy[arg-type] pyright[reportArgumentType, reportCallIssue]
app.error("404")  # error: mypy[call-overload] pyright[reportArgumentType, reportCallIssue]
app.error([AError])  # error: mypy[call-overload] pyright[reportArgumentType, reportCallIssue]
app.error(int)  # error: mypy[type-var] pyright[reportArgumentType, reportCallIssue]
app.error(AError())  # error: mypy[call-overload] pyright[reportArgumentType, reportCallIssue]
app.error(  # error: mypy[call-overload] pyright[reportCallIssue]
    404,
    scope="scopd",  # error: pyright[reportArgumentType]
)
app.error(status=404)  # error: mypy[call-overload] pyright[reportCallIssue]
