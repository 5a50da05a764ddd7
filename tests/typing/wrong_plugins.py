"""What is no mount, no scope and no argument of a macro."""

from portico import Hooks, Portico, macro

app = Portico()


@macro
def role(name: str) -> Hooks:
    return Hooks(tags=[name])


app.mount("/m", None)  # error: mypy[arg-type] pyright[reportArgumentType]
app.mount("/m", lambda: None)  # error: mypy[arg-type] pyright[reportArgumentType]
app.mount(Portico())  # error: mypy[call-arg, arg-type] pyright[reportCallIssue]
app.apply(role(1))  # error: mypy[arg-type] pyright[reportArgumentType]
app.apply(role())  # error: mypy[call-arg] pyright[reportCallIssue, reportUnknownArgumentType]
app.as_("local")  # error: mypy[arg-type] pyright[reportArgumentType]
