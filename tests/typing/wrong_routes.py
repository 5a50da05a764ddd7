"""What the checkers refuse about registration. Each comment names what each of them says."""

from portico import Context, Created, NotFound, Portico, Problem, status

app = Portico()
Portico("api")  # error: mypy[call-arg] pyright[reportCallIssue]
Portico(debg=True)  # error: mypy[call-arg] pyright[reportCallIssue]


def hello() -> str:
    return "hello"


app.get("/", hello, bloking=False)  # error: mypy[call-overload] pyright[reportCallIssue]
app.get("/", needs=["websocket"])  # error: mypy[list-item] pyright[reportArgumentType]
app.get(hello)  # error: mypy[call-overload] pyright[reportArgumentType]
app.get("/", on_disconnect="no")  # error: mypy[call-overload] pyright[reportArgumentType]
app.route("/", hello)  # error: mypy[call-overload] pyright[reportArgumentType]


@app.get("/users/{id}")
def get_user(ctx: Context, id: int) -> NotFound[Problem]:
    return status(409, Problem("another"))  # error: mypy[arg-type] pyright[reportReturnType]


@app.get("/created")
def create() -> Created[int]:
    return status(201, "text")  # error: mypy[arg-type] pyright[reportReturnType]


@app.get("/undeclared")
def answer(found: bool) -> str | NotFound[Problem]:
    if found:
        return status(404, "found")  # error: mypy[arg-type] pyright[reportReturnType]
    return status(410)  # error: mypy[return-value] pyright[reportReturnType]


def call_them(ctx: Context) -> None:
    get_user(ctx, "1")  # error: mypy[arg-type] pyright[reportArgumentType]
    get_user(ctx)  # error: mypy[call-arg] pyright[reportCallIssue]
    app.url("/users/{id}")  # error: mypy[arg-type] pyright[reportArgumentType]
    ctx.status = 201  # error: mypy[attr-defined] pyright[reportAttributeAccessIssue]
    ctx.set.status = "201"  # error: mypy[assignment] pyright[reportAttributeAccessIssue]
    ctx.cookies["a"] = "1"  # error: mypy[index] pyright[reportIndexIssue]
    cookie = ctx.cookies["a"]
    cookie.same_site = "Lax"  # error: mypy[assignment] pyright[reportAttributeAccessIssue]
