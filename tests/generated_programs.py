"""Functions that are written at random: most of what they do is harmless, some of it may block."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from enum import Enum
from random import Random
from time import time
from typing import Any
from uuid import uuid4

from msgspec import Struct

from portico import Context, Headers, HTTPError, Portico, Problem, Response, file, status, use

calls: list[str] = []
"""What ran that may block."""


def blocked(name: object) -> Any:
    """Note that something ran that may block."""
    calls.append(str(name))
    return 1


async def waits(name: object) -> None:
    """What an asynchronous function may wait for."""
    blocked(name)


def _recording(name: str) -> Callable[..., Any]:
    def method(self: object, *args: object) -> Any:
        blocked(name)
        if name == "__next__":
            raise StopIteration  # an answer of it ends
        if name in ("__str__", "__repr__", "__format__", "upper"):
            return "text"
        if name in ("__bool__", "__eq__", "__ne__", "__contains__"):
            return True
        return iter(()) if name == "__iter__" else 1

    return method


_METHODS = (
    "__bool__ __len__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __hash__ __str__ __repr__ "
    "__format__ __iter__ __next__ __getitem__ __setitem__ __contains__ __call__ __add__ __radd__ "
    "__iadd__ __sub__ __rsub__ __mul__ __rmul__ __truediv__ __rtruediv__ __floordiv__ __mod__ "
    "__rmod__ __and__ __rand__ __or__ __ror__ __xor__ __neg__ __pos__ __invert__ __int__ "
    "__float__ __index__ __enter__ __exit__ __getattr__ upper"
)

Lazy: Any = type("Lazy", (), {name: _recording(name) for name in _METHODS.split()})
"""What a lazy object of an ORM is: whatever is asked of it is asked of a database."""


class Item(Struct):
    """A plain Struct."""

    name: str
    count: int = 1


class Owned(Struct):
    """A Struct that runs code of its own where it is made."""

    name: str

    def __post_init__(self) -> None:
        blocked("__post_init__")


class Half(Struct):
    """A Struct some of whose attributes are code."""

    name: object = ""

    @property
    def owner(self) -> str:
        """What is asked of a database."""
        return str(blocked("owner"))

    def __bool__(self) -> bool:
        return bool(blocked("__bool__"))


class LoudError(Exception):
    """An exception that runs code of its own where it is made."""

    def __init__(self, *args: object) -> None:
        blocked("LoudError")
        super().__init__(*args)


class QuietError(Exception):
    """An exception that keeps its arguments."""


class Hue(Enum):
    """A plain enumeration."""

    RED = "red"
    BLUE = "blue"


class LoudHue(Enum):
    """An enumeration that runs code of its own."""

    RED = "red"

    def __eq__(self, other: object) -> bool:
        return bool(blocked("LoudHue"))

    __hash__ = Enum.__hash__


class Owner(Struct):
    """What a key is declared to have."""

    name: str
    count: int = 1
    maybe: str | None = None
    hue: Hue = Hue.RED
    words: list[str] = []


_asked = {"name": property(lambda self: blocked("name"))}
_meta: Any = type(Owner)
Watched: Any = _meta("Watched", (Owner,), _asked)
"""What it may have instead."""

lazy_text: Any = Lazy()
OWNERS: list[Any] = [
    Owner("a"),
    Owner("b", 7, "c", Hue.BLUE, ["d"]),
    Owner("a", maybe=None),
    Watched("a"),
    lazy_text,
    Owner(lazy_text),
    Owner("a", lazy_text),
    Owner("a", 1, lazy_text),
    Owner("a", words=[lazy_text]),
    Owner("a", words=lazy_text),
    Owner("a", hue=lazy_text),
    None,
]
"""What it has, as declared or not."""


def add(left: Any, right: Any = 2) -> Any:
    """What a function calls."""
    return left + right


def pair(left: Any, *, right: Any = None) -> Any:
    """Another one."""
    return [left, right, page]


def loud(value: Any) -> Any:
    """One that may block."""
    return blocked(value)


def again(value: Any) -> Any:
    """One that calls itself."""
    return again(value) if value else value


page = 10
keys = Portico()
lazy = keys.decorate(Lazy())
owned = keys.decorate(OWNERS[0])


def _words(text: str) -> list[str]:
    return text.split()


_PARAMETERS = (
    "ctx: Context, number: int, text: str, body: Item, flag: bool = True, ratio: float = 1.5, "
    "maybe: str | None = None, lazy: Any = use(lazy_key), owned: Any = use(owned_key), "
    "hue: Hue = Hue.RED"
)
_BEGIN = "half, kept, words, local = Half(), {}, [text], None\n"
_NAMES = _words("number text flag ratio maybe body half words ctx lazy local kept owned hue page")
_CONSTANTS = ["0", "7", "-1", "'a'", "''", "None", "True", "('a', 'b')", "b'a'", "1.5", "10000"]
_OPERATORS = _words("+ - * / // % ** << >> & | ^")
_COMPARISONS = ["==", "!=", "<", ">=", "in", "not in", "is", "is not"]
_CALLED = _words(
    "len str int float bool repr abs min max list dict isinstance sorted blocked Item Owned Half "
    "status Problem Headers Response HTTPError QuietError LoudError lazy_global hash print type "
    "add pair loud again Hue LoudHue sum any all set tuple time uuid4 file"
)
_ATTRIBUTES = (
    "value RED maybe hue words name count owner path headers query set request params body method "
    "real objects"
)
_METHODS_CALLED = (
    "upper strip split startswith join replace get append encode format items all ljust count"
)
_CAUGHT = ["ValueError", "(TypeError, KeyError)", "Exception", "ZeroDivisionError as error"]


class Writer:
    """Writes a function at random.

    Args:
        random: the source of what it writes.
        colour: `"def"` or `"async def"`.
    """

    def __init__(self, random: Random, colour: str = "def") -> None:
        self._random = random
        self._colour = colour
        self._wild = random.choice([0.0, 0.02, 0.1])

    def body(self) -> str:
        """The statements of a function."""
        return _BEGIN + self._block(self._random.randint(1, 4), 2)

    def _pick(self, *choices: Callable[[], str] | str) -> str:
        choice = self._random.choice(choices)
        return choice if isinstance(choice, str) else choice()

    def _block(self, count: int, depth: int) -> str:
        return "".join(self._statement(depth) for _ in range(count))

    def _inner(self, depth: int) -> str:
        lines = self._block(self._random.randint(1, 2), depth - 1).splitlines()
        return "".join(f"    {line}\n" for line in lines)

    def _statement(self, depth: int) -> str:
        simple = depth <= 0 or self._random.random() < 0.6
        return self._simple() if simple else self._compound(depth)

    def _simple(self) -> str:
        statement = self._pick(
            lambda: f"local = {self.any()}",
            lambda: f"text = {self.text()}",
            lambda: f"number = {self.number()}",
            lambda: f"text += {self.text()}",
            lambda: f"number *= {self.number()}",
            lambda: f"words.append({self.text()})",
            lambda: f"kept[{self.text()}] = {self.any()}",
            lambda: f"body.count = {self.number()}",
            lambda: f"body.name = {self.text()}",
            lambda: f"ctx.set.status = {self.number()}",
            lambda: f"ctx.set.headers.append('x', {self.text()})",
            lambda: f"local, text = ({self.any()}, {self.text()})",
            lambda: f"return {self.any()}",
            lambda: f"raise QuietError({self.any()})",
            lambda: f"raise HTTPError(404, {self.any()}) from None",
            lambda: f"if not {self.truth()}: raise AssertionError({self.any()})",
            lambda: f"assert {self.truth()}, {self.any()}",
            "del kept, words",
            lambda: f"half.name = {self.any()}",
            lambda: self.any(),
            lambda: self._wild_statement(),
        )
        return f"{statement}\n"

    def _wild_statement(self) -> str:
        if self._random.random() > 0.3:
            return f"local = {self.any()}"
        wait = "await waits" if self._colour == "async def" else "blocked"
        return self._pick(
            lambda: f"local = {wait}(1)",
            lambda: f"local += {self.wild(2)}",
            lambda: f"kept[{self.wild(2)}] = 1",
            lambda: f"body.name = {self.wild(2)}",
            lambda: f"raise {self.wild(2)}",
            lambda: f"local, text = {self.wild(2)}",
            lambda: f"ctx.body = {self.wild(2)}",
            lambda: f"words.append({self.wild(2)})",
            "local = [each for each in words]",
        )

    def _compound(self, depth: int) -> str:
        return self._pick(
            lambda: f"if {self.truth()}:\n{self._inner(depth)}else:\n{self._inner(depth)}",
            lambda: f"if {self.truth()}:\n{self._inner(depth)}",
            lambda: (
                f"try:\n{self._inner(depth)}except {self._random.choice(_CAUGHT)}:\n"
                f"{self._inner(depth)}"
            ),
            lambda: f"try:\n{self._inner(depth)}finally:\n{self._inner(depth)}",
            lambda: (
                f"match {self.text()}:\n    case 'a':\n{self._twice(depth)}    case _:\n"
                f"{self._twice(depth)}"
            ),
            lambda: self._wild_compound(depth),
        )

    def _twice(self, depth: int) -> str:
        return "".join(f"    {line}\n" for line in self._inner(depth).splitlines())

    def _wild_compound(self, depth: int) -> str:
        if self._random.random() > 0.2:
            return self._simple()
        return self._pick(
            lambda: f"for local in {self.any()}:\n{self._inner(depth)}",
            lambda: f"while {self.truth()}:\n{self._inner(depth)}    break\n",
            lambda: f"with {self.wild(1)}:\n{self._inner(depth)}",
            lambda: f"if {self.wild(2)}:\n{self._inner(depth)}",
        )

    # Expressions of a type, with a wild one in their place now and then

    def number(self, depth: int = 2) -> str:
        """An int or float."""
        if self._random.random() < self._wild:
            return self.wild(depth)
        if depth <= 0:
            return self._pick(
                *("number", "0", "7", "ratio", "body.count", "len(text)", "flag"),
                *("owned.count", "ctx[owned_key].count", "page"),
            )
        return self._pick(
            lambda: self.number(0),
            lambda: f"({self.number(depth - 1)} {self._pick(*'+-*/%')} {self.number(depth - 1)})",
            lambda: f"-{self.number(depth - 1)}",
            lambda: f"int({self.text(depth - 1)})",
            lambda: f"max({self.number(depth - 1)}, {self.number(depth - 1)})",
            lambda: f"add({self.number(depth - 1)}, right={self.number(depth - 1)})",
            lambda: f"sum([{self.number(depth - 1)}, {self.number(0)}])",
            lambda: f"{self.text(depth - 1)}.find('a')",
            lambda: f"({self.number(0)} if {self.truth(depth - 1)} else {self.number(0)})",
            lambda: f"(number := {self.number(depth - 1)})",
        )

    def text(self, depth: int = 2) -> str:
        """A str, or None."""
        if self._random.random() < self._wild:
            return self.wild(depth)
        if depth <= 0:
            return self._pick(
                *("text", "'a'", "body.name", "maybe", "ctx.path", "ctx.request.method"),
                *(
                    "owned.name",
                    "ctx[owned_key].name",
                    "owned.maybe",
                    "hue.value",
                    "owned.hue.name",
                ),
            )
        return self._pick(
            lambda: self.text(0),
            lambda: f"({self.text(depth - 1)} + {self.text(depth - 1)})",
            lambda: f"str({self.number(depth - 1)})",
            lambda: f"{self.text(depth - 1)}.upper().strip()",
            lambda: f"{self.text(depth - 1)}[{self.number(0)}:]",
            lambda: f"{self.text(depth - 1)}[1]",
            lambda: f"f'{{{self._pick('number', 'text', 'ratio')}!r:>4}}-{{body.name}}'",
            lambda: f"ctx.headers.get({self.text(0)}, 'none')",
            lambda: f"ctx.query.get({self.text(0)})",
            lambda: f"({self.text(0)} or {self.text(0)})",
            lambda: f"{self.text(0)}.replace('a', 'bb')",
            lambda: f"','.join([{self.text(0)}, {self.text(0)}])",
            lambda: f"{self.text(0)}.split(',')[0]",
            lambda: "words[0]",
        )

    def truth(self, depth: int = 2) -> str:
        """A value that is true or not."""
        if self._random.random() < self._wild:
            return self.wild(depth)
        if depth <= 0:
            return self._pick("flag", "number", "text", "maybe", "words", "True")
        return self._pick(
            lambda: f"{self.number(depth - 1)} {self._pick('<', '==', '>=')} {self.number(0)}",
            lambda: f"{self.text(depth - 1)} == {self.text(0)}",
            lambda: f"{self.text(0)} in {self._pick('text', '(1, 2)', 'kept', 'words')}",
            lambda: f"not {self.truth(depth - 1)}",
            lambda: f"({self.truth(depth - 1)} and {self.truth(0)})",
            lambda: f"({self.truth(depth - 1)} or {self.truth(0)})",
            lambda: f"{self._pick(*_NAMES)} is {self._pick('None', 'not None')}",
            lambda: f"{self.text(0)}.startswith(('a', 'b'))",
            lambda: f"isinstance({self.text(0)}, str)",
            lambda: f"hue {self._pick('is', '==', 'in')} {self._pick('Hue.RED', '(Hue.BLUE,)')}",
            lambda: f"owned.hue == {self._pick('Hue.RED', 'hue', 'LoudHue.RED')}",
            lambda: f"any([{self.truth(depth - 1)}, {self.number(0)}])",
            lambda: "owned.words",
        )

    def any(self, depth: int = 2) -> str:
        """Any value; most of them hold what they are given."""
        if self._random.random() < self._wild:
            return self.wild(depth)
        if depth <= 0:
            return self._pick("lazy", "half", "ctx", "body", "kept", self.text(0), self.number(0))
        return self._pick(
            lambda: self.any(0),
            lambda: self.text(depth),
            lambda: self.number(depth),
            lambda: self.truth(depth),
            lambda: f"[{self.any(depth - 1)}, *words, {self.any(depth - 1)}]",
            lambda: f"{{'a': {self.any(depth - 1)}, {self.text(0)}: {self.any(depth - 1)}}}",
            lambda: f"{{**kept, 'b': {self.any(depth - 1)}}}",
            lambda: f"({self.any(depth - 1)}, {self.any(depth - 1)})",
            lambda: f"Item({self.any(depth - 1)}, count={self.any(depth - 1)})",
            lambda: f"status(404, {self.any(depth - 1)})",
            lambda: f"Problem({self.any(depth - 1)})",
            lambda: f"({self.any(0)} if {self.truth(depth - 1)} else {self.any(0)})",
            lambda: f"Half({self.any(0)}).name",
            lambda: f"kept.get({self.text(0)})",
            lambda: "ctx[lazy_key]",
            lambda: "ctx[owned_key]",
            lambda: f"pair({self.any(depth - 1)}, right={self.any(0)})",
            lambda: f"{{hue: {self.any(depth - 1)}}}",
        )

    def wild(self, depth: int) -> str:
        """Anything at all, of any values."""
        if depth <= 0:
            return self._pick(*_NAMES, *_CONSTANTS)

        def one() -> str:
            return self.wild(depth - 1)

        def two() -> str:
            return self.wild(0)

        return self._pick(
            lambda: f"({one()} {self._pick(*_OPERATORS)} {two()})",
            lambda: f"({one()} {self._pick(*_COMPARISONS)} {two()})",
            lambda: f"({one()} {self._pick('and', 'or')} {two()})",
            lambda: f"({self._pick('not ', '-', '~')}{one()})",
            lambda: f"{self._pick(*_CALLED)}({one()})",
            lambda: f"{self._pick(*_CALLED)}({one()}, {two()})",
            lambda: f"({one()}).{self._pick(*_ATTRIBUTES.split())}",
            lambda: f"({one()}).{self._pick(*_METHODS_CALLED.split())}({two()})",
            lambda: f"({one()})[{two()}]",
            lambda: f"({one()})[{two()}:]",
            lambda: f"[*{one()}]",
            lambda: f"{{{one()}: {two()}}}",
            lambda: f"{{{one()}}}",
            lambda: f"f'{{{self._pick(*_NAMES)}}}{{{self._pick(*_NAMES)}!r:>9999}}'",
            lambda: f"Item(*{one()})",
            lambda: f"(lambda: {two()})()",
        )


def source_of(seed: int, colour: str = "def") -> str:
    """A function, the same for the same seed."""
    body = Writer(Random(seed), colour).body()
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return f"{colour} handler({_PARAMETERS}):\n{lines}"


def compiled(source: str) -> Any:
    """The function that a source is of; None where it is no Python."""
    known = (Context, Item, Owned, Half, Hue, LoudHue, LoudError, QuietError)
    called = (add, pair, loud, again, time, uuid4, file)
    space: dict[str, Any] = {
        **{each.__name__: each for each in (*known, Headers, HTTPError, Problem, Response)},
        **{each.__name__: each for each in called},
        "Any": Any,
        "page": page,
        "use": use,
        "status": status,
        "blocked": blocked,
        "waits": waits,
        "lazy_global": Lazy(),
        "lazy_key": lazy,
        "owned_key": owned,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(compile(source, "generated.py", "exec"), space)
        except SyntaxError:
            return None
    return space["handler"]
