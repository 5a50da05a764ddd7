"""A function for arguments that are texts of the path and the query, made from source.

Most handlers that take anything take such. The general way goes through their steps in a loop, and
calls a function for each text; here each stands in a line of its own, and digits are read where
they are. Whatever is not as plain as that (a text that is missing, empty or wrong) is left to the
general way as a whole, so that nothing is decided here.

What is made depends on where the texts are and what they are read as, never on their names: so a
few functions serve all routes, and no name of an application gets into source but those of keyword
parameters, which are identifiers.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from portico._argument import GENERAL
from portico._coerce import MAX_DIGITS, read_int, read_str
from portico._faults import MISSING, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from portico._coerce import TextParameter

    # Takes the parameters of the path and the query as it came.
    TextsCall = Callable[[Mapping[str, str], str], Any]
    # Where a text is, how it is read, whether it may be missing, and the keyword that it is
    # passed by.
    Shape = tuple[str, str, bool, str]

# Of most arguments at once. To make a shape takes a tenth of a millisecond, once.
_MOST: Final = 16

# By how a text is read: when it is wrong, or not so plain that it is read here; and its value.
_READ: Final = {
    "str": ("not v{i}", "v{i}"),
    "int": (
        f"not (v{{i}}.isdecimal() and v{{i}}.isascii() and len(v{{i}}) <= {MAX_DIGITS})",
        "int(v{i})",
    ),
    "other": ("not v{i} or (v{i} := read{i}(v{i})).__class__ is Refused", "v{i}"),
}


def texts_caller(
    texts: Sequence[tuple[TextParameter, bool]],
    fn: Callable[..., Any],
    read_query: Callable[[str], Mapping[str, str]] | None,
) -> TextsCall | None:
    """A function that reads texts and calls `fn` with their values; None for too many.

    It returns `GENERAL` where it has not called `fn`, which is left to the general way.

    Args:
        texts: in the order of the signature, each with whether it is passed by keyword.
        fn: what is called.
        read_query: reads a query, where one of them is of it.
    """
    if len(texts) > _MOST:
        return None
    shape = tuple(
        (
            text.part,
            _kind(text),
            text.default is not MISSING,
            text.name if is_keyword else "",
        )
        for text, is_keyword in texts
    )
    each = [value for text, _ in texts for value in (text.name, text.read_one, text.default)]
    call: TextsCall = _maker(shape)(fn, GENERAL, read_query, Refused, *each)
    return call


def _kind(text: TextParameter) -> str:
    if text.read_one is read_int:
        return "int"
    return "str" if text.read_one is read_str else "other"


@lru_cache(maxsize=256)
def _maker(shape: tuple[Shape, ...]) -> Callable[..., TextsCall]:
    given = ", ".join(f"name{i}, read{i}, default{i}" for i in range(len(shape)))
    is_query = any(part == "query" for part, *_ in shape)
    lines = ["query = read_query(raw_query)"] if is_query else []
    values: list[str] = []
    for i, (part, kind, has_default, keyword) in enumerate(shape):
        wrong, value = (each.format(i=i) for each in _READ[kind])
        lines.append(f"v{i} = {'params' if part == 'path' else 'query'}.get(name{i})")
        if has_default:
            lines += [f"if v{i} is None: v{i} = default{i}", f"elif {wrong}: return GENERAL"]
            lines += [] if value == f"v{i}" else [f"else: v{i} = {value}"]
            value = f"v{i}"
        else:
            lines.append(f"if v{i} is None or {wrong}: return GENERAL")
        values.append(f"{keyword}={value}" if keyword else value)
    lines.append(f"return fn({', '.join(values)})")
    body = "\n".join(f"        {line}" for line in lines)
    source = (
        f"def make(fn, GENERAL, read_query, Refused, {given}):\n"
        f"    def call(params, raw_query):\n{body}\n"
        "    return call\n"
    )
    made: dict[str, Any] = {}
    exec(compile(source, "<arguments of a handler>", "exec"), made)
    maker: Callable[..., TextsCall] = made["make"]
    return maker
