"""What the checkers refuse of hooks."""

from portico import Context, Headers, Portico, Response

app = Portico()


def of_a_value(ctx: Context, value: object) -> None: ...


def of_headers(ctx: Context, headers: Headers) -> None: ...


def of_a_number(number: int) -> None: ...


def of_nothing() -> None: ...


app.request(of_a_value)  # error:
app.request(of_nothing, scope="global")  # error:
app.before_parse(of_a_value)  # error:
app.parse(of_headers)  # error:
app.parse(b"text/plain")  # error:
app.transform(of_nothing)  # error:
app.before_handle(of_a_number)  # error:
app.before_handle(scope="local")(of_a_number)  # error:
app.before_handle(5)  # error:
app.before_handle(scope="scopd")  # error:
app.before_handle(scop="scoped")  # error:
app.before_handle(lambda ctx: ctx.nothing)  # error:
app.before_handle(lambda: None)  # error:
app.after_handle(of_nothing)  # error:
app.map_response(of_a_number)  # error:
app.after_response(of_headers)  # error:
app.after_response(blocking=False)(of_headers)  # error:
app.trace(of_headers)  # error:
app.parser("yaml")(of_nothing)  # error:
app.parser(of_a_value)  # error:
app.as_("local")  # error:
app.as_("plugin")  # error:


@app.before_handle  # error:
def takes_a_number(ctx: int) -> None: ...


@app.after_response(scope="global")  # error:
def takes_no_response(ctx: Context) -> None: ...


@app.before_handle
def login(ctx: Context) -> str | None:
    return None


text: str = login(Response())  # error:
