"""What is known of cookies, which most applications do not have: loaded where code names them.

To read one decodes a field whose length the server bounds, and may take the digest that signs it.
"""

from __future__ import annotations

from typing import Final

from portico._cookie import Cookie
from portico._cookies import CookieJar
from portico._known_calls import giving
from portico._known_members import ATTRIBUTES, HOLDERS
from portico._known_methods import METHODS, field_got, with_receiver
from portico._known_operations import ITEMS
from portico._known_types import NONE, OPTIONAL_STR, STR, Value, one

JAR: Final = Value(one(CookieJar))

METHODS[CookieJar] = {"get": field_got}
ITEMS[CookieJar] = one(Cookie)
METHODS[Cookie] = {
    "refresh": with_receiver(giving(NONE)),
    "remove": with_receiver(giving(NONE)),
}
ATTRIBUTES[Cookie] = {"name": STR, "value": OPTIONAL_STR}
HOLDERS.add(Cookie)
