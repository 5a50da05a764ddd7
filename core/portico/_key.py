"""`Key`: how a value that an application provides is asked for, typed.

`ctx[key]` reads it, `use(key)` binds it to a parameter, and calling the key of a function calls the
function. How long the value lives, the kind of key says: a `ConstantKey` is one value for all, a
`StateKey` one that can be set, for each `Running`; a `ResourceKey` lives from start to stop, a
`RequestKey` as long as a request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NoReturn, ParamSpec, TypeGuard, TypeVar

from portico._errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portico._hook import Hook

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class Key(Generic[T]):
    """The name of a value of type `T` that an application provides.

    Attributes:
        name: that of the function, for messages.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name: str = name

    def __repr__(self) -> str:
        return f"<key {self.name}>"


class ConstantKey(Key[T]):
    """The key of a value that never changes (`Portico.decorate`).

    Attributes:
        value: the value.
    """

    __slots__ = ("value",)

    def __init__(self, name: str, value: T) -> None:
        super().__init__(name)
        self.value: T = value


class StateKey(Key[T]):
    """The key of a value that can be set: `ctx[key] = value` (`Portico.state`).

    Attributes:
        initial: what each `Running` starts with, a deep copy of it.
    """

    __slots__ = ("initial",)

    def __init__(self, name: str, initial: T) -> None:
        super().__init__(name)
        self.initial: T = initial


class FunctionKey(Key[T], Generic[P, R, T]):
    """The key of a value that a function makes.

    Attributes:
        fn: the function that was decorated; calling the key calls it.
    """

    __slots__ = ("fn",)

    def __init__(self, fn: Any) -> None:
        super().__init__(getattr(fn, "__name__", repr(fn)))
        self.fn: Any = fn

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        result: R = self.fn(*args, **kwargs)
        return result


class ResourceKey(FunctionKey[P, R, T]):
    """The key of a value that lives from start to stop (`Portico.resource`).

    Attributes:
        io: whether the value has anything to do with I/O.
    """

    __slots__ = ("io",)

    io: bool


class RequestKey(FunctionKey[P, R, T]):
    """The key of a value that lives as long as a request (`Portico.derive`, `Portico.resolve`).

    Attributes:
        hook: how it was registered: its kind, its scope, and whether it is lazy.
    """

    __slots__ = ("hook",)

    hook: Hook


def is_request_key(value: object) -> TypeGuard[RequestKey[..., Any, Any]]:
    """Whether it is a request-lived key; a plain `isinstance` leaves its parameters unknown."""
    return isinstance(value, RequestKey)


def is_resource_key(value: object) -> TypeGuard[ResourceKey[..., Any, Any]]:
    """The same for the key of a resource."""
    return isinstance(value, ResourceKey)


class Use:
    """The default of a parameter that takes the value of a key.

    A direct call without the argument passes this marker on, and any use of it raises.
    """

    __slots__ = ("_key",)

    def __init__(self, key: Key[Any]) -> None:
        self._key = key

    def _refuse(self) -> NoReturn:
        raise TypeError(
            f"A function was called without the argument for `use({self._key.name})`. Only a "
            "running application fills it in; a direct call passes the value."
        )

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse()

    def __call__(self, *args: object, **kwargs: object) -> NoReturn:
        self._refuse()

    def __getitem__(self, item: object) -> NoReturn:
        self._refuse()

    def __iter__(self) -> NoReturn:
        self._refuse()

    def __bool__(self) -> bool:
        return self._refuse()

    def __eq__(self, other: object) -> bool:
        return self._refuse()

    __hash__ = object.__hash__

    def _operate(self, *operands: object) -> NoReturn:
        self._refuse()

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = _operate
    __mod__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __len__ = _operate
    __int__ = __float__ = __index__ = __enter__ = __aenter__ = __await__ = _operate

    def __repr__(self) -> str:
        return f"use({self._key.name})"


def use(key: Key[T]) -> T:
    """Bind a parameter to the value of a key: `def me(user: User = use(current_user))`."""
    return Use(key)  # type: ignore[return-value] # the engine replaces the marker by the value


def key_of(marker: Use) -> Key[Any]:
    """The key that a marker stands for."""
    return marker._key


def initial_values(
    keys: Mapping[Key[Any], Key[Any]], overridden: Mapping[Key[Any], Any]
) -> dict[Key[Any], Any]:
    """The values of constants, of states (copied), and of what was overridden.

    A state that was overridden starts with a copy of that value.

    Raises:
        DefinitionError: the initial value of a state cannot be copied.
    """
    values: dict[Key[Any], Any] = {}
    for key, known in keys.items():
        if key is not known:
            continue  # of a plugin that is there twice: the one stands for the other
        if isinstance(key, ConstantKey | StateKey):
            values[key] = initial_value(key, overridden)
        elif key in overridden:
            values[key] = overridden[key]
    return values


def initial_value(key: ConstantKey[Any] | StateKey[Any], overridden: Mapping[Key[Any], Any]) -> Any:
    """What one of them starts with.

    Raises:
        DefinitionError: the initial value of a state cannot be copied.
    """
    if isinstance(key, ConstantKey):
        return overridden.get(key, key.value)
    initial: Any = overridden.get(key, key.initial)
    if isinstance(initial, str | int | float | bytes | bool | None):
        return initial
    from copy import deepcopy

    try:
        return deepcopy(initial)
    except Exception as error:
        raise DefinitionError(
            f"The state {key.name!r} starts with {initial!r}, which cannot be copied for each "
            "start. Make it a resource, or give it plain data."
        ) from error
