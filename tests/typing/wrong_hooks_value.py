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


@macro  # error:
def no_macro(name: str) -> str:
    return name


Hooks(before_handl=hook)  # error:
Hooks(before_handle=wrong_hook)  # error:
Hooks(before_handle=[hook, wrong_hook])  # error:
Hooks(before_handle="hook")  # error:
Hooks(before_handle=lambda ctx: ctx.nothing)  # error:
Hooks(after_response=hook)  # error:
Hooks(parse=5)  # error:
Hooks(derive=hook)  # error:
Hooks(error={"404": hook})  # error:
Hooks(tags="a")  # error:
Hooks(detail=["a"])  # error:
Hooks(hook)  # error:
Hooks(needs=[])  # error:
role(5)  # error:
role("owner", tags=["a"])  # error:
app.get("/a", role("owner"), tag=["a"])  # error:
app.get("/a", role("owner"), tags="a")  # error:
app.get("/a", role("owner"), blocking="no")  # error:
app.get("/a", "value", "another")  # error:
app.get("/a", "value", hook)  # error:
app.get("/a", before_handle=wrong_hook)  # error:
app.get("/a", standalone=True)  # error:
app.post("/a", role("owner"), role)  # error:
app.group("/a", hook)  # error:
app.group(role("owner"))  # error:
app.group("/a", before_handle=[wrong_hook])  # error:
app.group("/a", scope="scoped")  # error:
app.guard("/a")  # error:
app.guard(heders=dict[str, str])  # error:
app.apply(role("owner"), scope="scopd")  # error:
app.apply(hook)  # error:
app.use(5)  # error:
app.use(hook)  # error:
app.use(plugin, prefix="/a")  # error:
app.use(other, lazy=True)  # error:
app.use("module:attribute", lazy=True)  # error:
app.group("/a").use(plugin)  # error:
app.use(other, prefx="/a")  # error:

with app.group("/v1") as v1:
    v1.as_("scoped")  # error:
    v1.decorate(1)  # error:
    wrong: Portico = v1  # error:


def of_a_group(target: Group) -> None: ...


app.use(of_a_group)  # error:
