"""What the checkers refuse of error hooks."""

from portico import Context, HTTPError, Portico

app = Portico()


class FailedError(Exception): ...


class OtherError(Exception): ...


def other(ctx: Context, error: OtherError) -> str:
    return repr(error)


def of_http(ctx: Context, error: HTTPError) -> str:
    return repr(error)


def without_error(ctx: Context) -> str:
    return ctx.path


app.error(FailedError, other)  # error:
app.error(FailedError)(other)  # error:
app.error(FailedError, without_error)  # error:
app.error(FailedError, lambda ctx, error: error.status)  # error:
app.error(404, other)  # error:
app.error(404)(other)  # error:
app.error(500, of_http)  # error:
app.error(500)(of_http)  # error:
app.error(of_http)  # error:
app.error(without_error)  # error:
app.error("404")  # error:
app.error((FailedError, OtherError))  # error:
app.error(int)  # error:
app.error(FailedError())  # error:
app.error(FailedError, scope="scopd")  # error:
app.error(status=404)  # error:


@app.error(FailedError)  # error:
def of_another_class(ctx: Context, error: OtherError) -> None: ...


@app.error  # error:
def of_one_class(ctx: Context, error: FailedError) -> None: ...
