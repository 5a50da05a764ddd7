"""Values that are no text, and attributes that cookies do not have."""

from portico import Context, CookieOptions, Portico

app = Portico()

CookieOptions(same_site="Lax")  # error: mypy[arg-type] pyright[reportArgumentType]
CookieOptions(secrets=b"a secret")  # error: mypy[arg-type] pyright[reportArgumentType]


@app.get("/")
def show(ctx: Context) -> None:
    cookie = ctx.cookies["session"]
    cookie.value = {"user": 1}  # error: mypy[assignment] pyright[reportAttributeAccessIssue]
    cookie.priority = "urgent"  # error: mypy[assignment] pyright[reportAttributeAccessIssue]
    cookie.set("1", httponly=True)  # error: mypy[call-arg] pyright[reportCallIssue]
    cookie.update(max_age="60")  # error: mypy[arg-type] pyright[reportArgumentType]
