"""Decimals in JSON, which has them as texts: Python reads more of those than anyone means.

`Decimal("NaN")`, `Decimal("1_000")`, `Decimal(" 1")`, `Decimal("٣")` and, as a number or a text,
`1e99999999`, which takes all memory once it is made an int: msgspec takes what Python takes. So,
where a type has decimals and the JSON a text that may be such a one, decimals are held to the rules
for texts (`portico._coerce`), as they are in every other part of a request.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import inspect as mi

from portico._coerce import is_number
from portico._faults import HugeNumber, Refused
from portico._revise import revise
from portico._schema_msgspec import members_of

# A text of nothing but what Python reads in a number, and that is no plain number; or an exponent
# of many digits. To match more than need be costs a second look, to match less would let one by.
_SUSPECT: Final = re.compile(
    rb'"(?!-?[0-9]{1,250}(?:\.[0-9]{0,40})?")'
    rb'(?:[\s+\-0-9._eEnNaAsSiIfFtTyY\x80-\xff]|\\(?:u[0-9A-Fa-f]{4}|[bfnrt]))+"'
    rb"|[eE][+-]?[0-9]{5}"
)


def may_have_traps(data: bytes) -> bool:
    """Whether JSON text may have a decimal that is none."""
    return _SUSPECT.search(data) is not None


def refuse_decimals(value: object, node: mi.Type) -> tuple[object, bool]:
    """A copy of untyped JSON in which texts that are no decimals are `Refused`; whether any is."""
    refused = False

    def leaf(scalar: object, inner: mi.Type) -> object:
        nonlocal refused
        text = scalar.text if isinstance(scalar, HugeNumber) else scalar
        if not isinstance(text, str) or is_number(text) or not _is_decimal(inner):
            return scalar
        refused = True
        return Refused(text)

    return revise(value, node, leaf), refused


def _is_decimal(node: mi.Type) -> bool:
    return any(isinstance(member, mi.DecimalType) for member in members_of(node))
