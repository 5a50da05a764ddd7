"""What `use("module:attribute", lazy=True)` imports: a plugin that brings another one."""

from typing import Final

from portico import Context, Portico, use

area: Final = Portico(name="lazy-area")
greeting: Final = area.decorate("Hello from afar")


@area.before_handle(scope="global")
def lazy_hook(ctx: Context) -> None:
    """A hook that would go far from any other plugin."""
    ctx.set.headers.append("x-ran", "lazy")


@area.get("/greeting")
def greet(text: str = use(greeting)) -> str:
    """A constant of the plugin."""
    return text


@area.post("/items/{item}")
async def change_item(item: int, body: bytes) -> dict[str, object]:
    """A parameter and a body."""
    return {"item": item, "size": len(body)}


plain: Final = Portico()
plain.get("/here", "imported at once")

deep: Final = Portico()


@deep.get("/")
def innermost(text: str = use(greeting)) -> str:
    """A lazy plugin's lazy plugin, which sees the keys of the one around it."""
    return text.upper()


area.use("portico_conformance.application._lazy_area:deep", prefix="/deep", lazy=True)
