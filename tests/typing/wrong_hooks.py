"""What the checkers refuse of hooks."""

from portico import Context, Headers, Portico, Response

app = Portico()


def of_a_value(ctx: Context, value: object) -> None: ...


def of_headers(ctx: Context, headers: Headers) -> None: ...


def of_a_number(number: int) -> None: ...


def of_nothing() -> None: ...


app.request(of_a_value)  # error: mypy[arg-type] pyright[reportArgumentType]
app.request(of_nothing, scope="global")  # error: mypy[call-overload] pyright[reportCallIssue]
app.before_parse(of_a_value)  # error: mypy[arg-type] pyright[reportArgumentType]
app.parse(of_headers)  # error: mypy[arg-type] pyright[reportArgumentType, reportCallIssue]
app.parse(b"text/plain")  # error: mypy[call-overload] pyright[reportArgumentType, reportCallIssue]
app.transform(of_nothing)  # error: mypy[arg-type] pyright[reportArgumentType]
app.before_handle(of_a_number)  # error: mypy[arg-type] pyright[reportArgumentType]
app.before_handle(scope="local")(of_a_number)  # error: mypy[type-var] pyright[reportArgumentType]
app.before_handle(5)  # error: mypy[call-overload] pyright[reportArgumentType]
app.before_handle(scope="scopd")  # error: mypy[call-overload] pyright[reportArgumentType]
app.before_handle(scop="scoped")  # error: mypy[call-overload] pyright[reportCallIssue]
# From a protocol mypy infers nothing for a lambda, which so takes anything.
app.before_handle(lambda ctx: of_a_number(ctx))  # error: pyright[reportArgumentType]
app.before_handle(lambda: None)  # error: mypy[arg-type] pyright[reportArgumentType]
app.after_handle(of_nothing)  # error: mypy[arg-type] pyright[reportArgumentType]
app.map_response(of_a_number)  # error: mypy[arg-type] pyright[reportArgumentType]
app.after_response(of_headers)  # error: mypy[arg-type] pyright[reportArgumentType]
app.after_response(blocking=False)(of_headers)  # error: mypy[type-var] pyright[reportArgumentType]
app.trace(of_headers)  # error: mypy[arg-type] pyright[reportArgumentType]
app.parser("yaml")(of_nothing)  # error: mypy[type-var] pyright[reportArgumentType]
app.parser(of_a_value)  # error: mypy[arg-type] pyright[reportArgumentType]
app.as_("local")  # error: mypy[arg-type] pyright[reportArgumentType]
app.as_("plugin")  # error: mypy[arg-type] pyright[reportArgumentType]


@app.trace  # error: mypy[arg-type] pyright[reportArgumentType, reportUntypedFunctionDecorator]
def takes_no_span(ctx: Context) -> None: ...


@app.before_handle
def login(ctx: Context) -> str | None:
    return None


login(Response())  # error: mypy[arg-type] pyright[reportArgumentType]
