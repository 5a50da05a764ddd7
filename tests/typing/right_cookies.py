"""Cookies have text for a value, and attributes whose types both checkers know."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import assert_type

from portico import Context, CookieOptions, Portico


def secrets(env: Mapping[str, str]) -> list[str]:
    return env["KEYS"].split(",")


app = Portico(
    cookies=CookieOptions(
        secrets=["a secret of some length", None], sign=["session"], max_age=timedelta(days=1)
    )
)
CookieOptions(secrets="a secret of some length", sign="session")
CookieOptions(secrets=secrets, sign=True, same_site="strict", priority="high")
CookieOptions(secrets=lambda env: env["KEY"], sign=("session", "csrf"))


@app.get("/")
def show(ctx: Context) -> None:
    cookie = ctx.cookies["session"]
    assert_type(cookie.value, str | None)
    assert_type(cookie.secure, bool)
    assert_type(ctx.cookies.get("session"), str | None)
    cookie.value = "1"
    cookie.max_age = 60
    cookie.max_age = timedelta(hours=1)
    cookie.expires = datetime.now(UTC)
    cookie.same_site = "none"
    cookie.set("1", path="/app", domain=None, secure=None)
    cookie.update(priority="low", partitioned=True)
    cookie.refresh()
    cookie.remove(path="/app", domain="app.test")
