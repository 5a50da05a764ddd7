"""What the checkers refuse of `Hooks`, groups, guards, plugins and the options of routes."""

from portico import Context, Group, Hooks, Portico, macro

app = Portico()
other = Portico()


def hook(ctx: Context) -> None: ...


def wrong_hook(number: int) -> None: ...


def plugin(target: Portico) -> None: ...


@macro
def role(name: str) -> Hooks:
    return Hooks(before_handle=hook, tags=[name])


@macro  # error: mypy[arg-type] pyright[reportArgumentType]
def no_macro(name: str) -> str:
    return name


Hooks(before_handl=hook)  # error: mypy[call-arg] pyright[reportCallIssue]
Hooks(before_handle=wrong_hook)  # error: mypy[arg-type] pyright[reportArgumentType]
Hooks(before_handle=[hook, wrong_hook])  # error: mypy[list-item] pyright[reportArgumentType]
Hooks(before_handle="hook")  # error: mypy[arg-type] pyright[reportArgumentType]
Hooks(
    before_handle=lambda ctx: wrong_hook(ctx)  # error: mypy[arg-type] pyright[reportArgumentType]
)
Hooks(after_response=hook)  # error: mypy[arg-type] pyright[reportArgumentType]
Hooks(parse=5)  # error: mypy[arg-type] pyright[reportArgumentType]
Hooks(derive=hook)  # error: mypy[arg-type] pyright[reportArgumentType]
Hooks(error={"404": hook})  # error: mypy[dict-item] pyright[reportArgumentType]
Hooks(tags="a")  # error: mypy[arg-type] pyright[reportArgumentType]
Hooks(detail=["a"])  # error: mypy[arg-type] pyright[reportArgumentType]
Hooks(hook)  # error: mypy[arg-type] pyright[reportArgumentType]
Hooks(needs=[])  # error: mypy[call-arg] pyright[reportCallIssue]
role(5)  # error: mypy[arg-type] pyright[reportArgumentType]
role("owner", tags=["a"])  # error: mypy[call-arg] pyright[reportCallIssue]
app.get("/a", role("owner"), tag=["a"])  # error: mypy[call-overload] pyright[reportCallIssue]
app.get(  # error: mypy[call-overload] pyright[reportCallIssue]
    "/a",
    1,
    tags="a",  # error: pyright[reportArgumentType]
)
app.get(  # error: mypy[call-overload] pyright[reportCallIssue]
    "/a",
    1,
    blocking="no",  # error: pyright[reportArgumentType]
)
app.get(  # error: mypy[call-overload] pyright[reportCallIssue]
    "/a",
    1,
    "another",  # error: pyright[reportArgumentType]
)
app.get("/a", 1, hook)  # error: mypy[call-overload] pyright[reportArgumentType, reportCallIssue]
app.get("/a", before_handle=wrong_hook)  # error: mypy[arg-type] pyright[reportArgumentType]
app.get("/a", standalone=True)  # error: mypy[call-overload] pyright[reportCallIssue]
app.post("/a", 1, role)  # error: mypy[call-overload] pyright[reportArgumentType, reportCallIssue]
app.group("/a", hook)  # error: mypy[arg-type] pyright[reportArgumentType]
app.group(role("owner"))  # error: mypy[arg-type] pyright[reportArgumentType]
app.group("/a", before_handle=[wrong_hook])  # error: mypy[list-item] pyright[reportArgumentType]
app.group("/a", scope="scoped")  # error: mypy[call-arg] pyright[reportCallIssue]
app.guard("/a")  # error: mypy[arg-type] pyright[reportArgumentType]
app.guard(heders=dict[str, str])  # error: mypy[call-arg] pyright[reportCallIssue]
app.apply(role("owner"), scope="scopd")  # error: mypy[arg-type] pyright[reportArgumentType]
app.apply(hook)  # error: mypy[arg-type] pyright[reportArgumentType]
app.use(5)  # error: mypy[call-overload] pyright[reportArgumentType, reportCallIssue]
app.use(hook)  # error: mypy[arg-type] pyright[reportArgumentType, reportCallIssue]
app.use(plugin, prefix="/a")  # error: mypy[arg-type] pyright[reportArgumentType, reportCallIssue]
app.use(other, lazy=True)  # error: mypy[call-overload] pyright[reportCallIssue]
app.use("module:attribute", lazy=True)  # error: mypy[call-overload] pyright[reportCallIssue]
app.group("/a").use(plugin)  # error: mypy[arg-type] pyright[reportArgumentType, reportCallIssue]
app.use(other, prefx="/a")  # error: mypy[call-overload] pyright[reportCallIssue]

with app.group("/v1") as g:
    g.url  # error: mypy[attr-defined] pyright[reportAttributeAccessIssue, reportUnknownMemberType]
    g.as_  # error: mypy[attr-defined] pyright[reportAttributeAccessIssue, reportUnknownMemberType]

    wrong: Portico = g  # error: mypy[assignment] pyright[reportAssignmentType]


def of_a_group(target: Group) -> None: ...


app.use(of_a_group)  # error: mypy[arg-type] pyright[reportArgumentType, reportCallIssue]
