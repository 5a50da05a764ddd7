"""The application that every row serves, and the options that every row serves it with."""

from typing import Final

from portico import CookieOptions, Portico
from portico.contract import OptionArguments

ENVIRONMENT: Final = ("PORTICO_CONFORMANCE_ENV", "from the platform")
"""A variable, and its value, in the environment of every row."""

COOKIE_SECRET: Final = "what signs the cookies of the suite"
"""The first secret; the second is the value of `ENVIRONMENT`, so that it comes from there."""

app: Final = Portico(
    name="conformance",
    cookies=CookieOptions(
        secrets=lambda env: (COOKIE_SECRET, env.get(ENVIRONMENT[0], COOKIE_SECRET)),
        sign=["signed", "signed-too"],
    ),
)

MAX_BODY_SIZE: Final = 256 * 1024
MAX_FORM_SIZE: Final = 1024 * 1024

OPTIONS: Final[OptionArguments] = {
    "max_body_size": MAX_BODY_SIZE,
    "max_form_size": MAX_FORM_SIZE,
}
"""The arguments for the adapter of every row: limits low enough to be met in a case."""
