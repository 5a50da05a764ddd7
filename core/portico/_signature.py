"""What a function's signature says, from its code object; `inspect` only where there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import CodeType, FunctionType, MethodType
from typing import Any, Final, TypeGuard

from portico._errors import DefinitionError


class _Empty:
    __slots__ = ()

    def __repr__(self) -> str:
        return "EMPTY"


EMPTY: Final[Any] = _Empty()

# CPython's code flags (Include/cpython/code.h), the same from 3.11 to 3.14.
_VARARGS = 0x04
_VARKEYWORDS = 0x08
_GENERATOR = 0x20
_COROUTINE = 0x80
_ASYNC_GENERATOR = 0x200


class Parameter:
    """One parameter of a function.

    Attributes:
        name: its name.
        default: its default, or `EMPTY`.
        keyword: whether it is keyword-only.
    """

    __slots__ = ("default", "keyword", "name")

    def __init__(self, name: str, default: Any = EMPTY, *, keyword: bool = False) -> None:
        self.name = name
        self.default = default
        self.keyword = keyword

    @property
    def has_default(self) -> bool:
        """Whether a call may leave it out."""
        return self.default is not EMPTY


class Signature:
    """The parameters and the kind of a callable, without evaluating its annotations."""

    __slots__ = ("_annotations", "fn", "is_async", "is_generator", "parameters", "where")

    def __init__(self, fn: Callable[..., Any]) -> None:
        self.fn: Callable[..., Any] = fn
        function = plain_function(fn)
        self.where: str = _described(fn, function)
        self._annotations: Mapping[str, Any] | None = None
        flags = 0 if function is None else function.__code__.co_flags
        # A generator function of either colour answers with a stream; only the asynchronous one
        # needs a loop to be read.
        self.is_async: bool = bool(flags & (_COROUTINE | _ASYNC_GENERATOR))
        self.is_generator: bool = bool(flags & (_GENERATOR | _ASYNC_GENERATOR))
        plain = isinstance(fn, (FunctionType, MethodType)) and not hasattr(fn, "__wrapped__")
        if function is None or not plain:
            # A wrapper, a partial or an object with `__call__` hides some of the parameters.
            parameters = _inspected(fn, self.where)
        else:
            parameters = _parameters(function, self.where, skip=isinstance(fn, MethodType))
        self.parameters: list[Parameter] = parameters

    def of_plain_function(self) -> Signature:
        """The same of a function that is not asynchronous."""
        signature = Signature.__new__(Signature)
        for name in Signature.__slots__:
            setattr(signature, name, getattr(self, name))
        signature.is_async = False
        return signature

    def annotations(self) -> Mapping[str, Any]:
        """The annotations, evaluated; worked out once.

        Raises:
            DefinitionError: one of them names what cannot be found.
        """
        if self._annotations is None:
            self._annotations = self._evaluated()
        return self._annotations

    def _evaluated(self) -> Mapping[str, Any]:
        function = _annotated(self.fn)
        annotations: dict[str, Any] = getattr(function, "__annotations__", {})
        try:
            if any(map(_has_names, annotations.values())):
                from typing import get_type_hints

                annotations = get_type_hints(function, _names(function), include_extras=True)
        except NameError as error:
            raise DefinitionError(
                f"{self.where} has an annotation that names {error.name!r}, which is not defined "
                "where the function can see it. Import it outside `if TYPE_CHECKING`, at module "
                "level."
            ) from error
        except (AttributeError, SyntaxError, TypeError) as error:
            raise DefinitionError(
                f"{self.where} has an annotation that cannot be evaluated: {error}."
            ) from error
        return annotations


def _has_names(annotation: object) -> bool:
    """Whether an annotation, or a part of it, is a text that names a type."""
    if isinstance(annotation, str):
        return True
    if isinstance(annotation, type):
        return False
    return _is_reference(annotation) or any(map(_has_names, getattr(annotation, "__args__", ())))


def _is_reference(annotation: object) -> bool:
    return type(annotation).__name__ == "ForwardRef"


def describe(fn: object) -> str:
    """Where a function is written: `handler get_user (app.py:12)`."""
    return _described(fn, plain_function(fn))


def _described(fn: object, function: FunctionType | None) -> str:
    name = getattr(fn, "__qualname__", None) or type(fn).__qualname__
    if function is None:
        return f"{name}()"
    code = function.__code__
    return f"{name}() ({code.co_filename}:{code.co_firstlineno})"


def plain_function(fn: object) -> FunctionType | None:
    """The function that a call of `fn` runs, or None where it is not Python code."""
    while True:
        if isinstance(fn, FunctionType):
            return fn
        if isinstance(fn, MethodType):
            fn = fn.__func__
        elif _is_partial(fn):
            fn = fn.func
        elif isinstance(fn, type) or not callable(fn):
            return None
        else:
            call = getattr(type(fn), "__call__", None)  # noqa: B004 - it is the method itself
            if not isinstance(call, FunctionType):
                return None
            fn = call


def is_coroutine_function(fn: object) -> bool:
    """Whether a call of `fn` makes a coroutine."""
    function = plain_function(fn)
    return function is not None and bool(function.__code__.co_flags & _COROUTINE)


def is_generator_function(function: FunctionType) -> bool:
    """Whether a call of a function makes a generator, of either colour."""
    return bool(function.__code__.co_flags & (_GENERATOR | _ASYNC_GENERATOR))


def _is_partial(fn: object) -> TypeGuard[partial[Any]]:
    # A class of somebody's own may do more than to call.
    cls: Any = type(fn)
    known: Any = partial
    return isinstance(fn, partial) and cls.__call__ is known.__call__


def code_names(code: CodeType) -> frozenset[str]:
    """Every global and attribute name that a function's code has, nested functions included."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= code_names(constant)
    return frozenset(names)


def _parameters(function: FunctionType, where: str, *, skip: bool) -> list[Parameter]:
    code = function.__code__
    if code.co_flags & (_VARARGS | _VARKEYWORDS):
        raise DefinitionError(
            f"{where} takes *args or **kwargs, so its parameters have no names to bind. Name the "
            "parameters; a decorator keeps them with `functools.wraps`."
        )
    count = code.co_argcount
    positional = code.co_varnames[:count]
    defaults = function.__defaults__ or ()
    missing = count - len(defaults)
    found = [
        Parameter(name, EMPTY if index < missing else defaults[index - missing])
        for index, name in enumerate(positional)
    ]
    keywords = function.__kwdefaults__ or {}
    found += [
        Parameter(name, keywords.get(name, EMPTY), keyword=True)
        for name in code.co_varnames[count : count + code.co_kwonlyargcount]
    ]
    return found[1:] if skip else found


def _inspected(fn: Callable[..., Any], where: str) -> list[Parameter]:
    import inspect

    found: list[Parameter] = []
    for parameter in inspect.signature(fn).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise DefinitionError(
                f"{where} takes *args or **kwargs, so its parameters have no names to bind. Name "
                "the parameters."
            )
        default = EMPTY if parameter.default is parameter.empty else parameter.default
        keyword = parameter.kind is parameter.KEYWORD_ONLY
        found.append(Parameter(parameter.name, default, keyword=keyword))
    return found


def _annotated(fn: Any) -> Any:
    """The object that carries the annotations: behind wrappers, partials and methods."""
    while hasattr(fn, "__wrapped__"):
        fn = fn.__wrapped__
    return plain_function(fn) or fn


def _names(function: Any) -> dict[str, Any]:
    """The globals of a function, and the local names that it closes over."""
    names = dict(getattr(function, "__globals__", {}))
    code = getattr(function, "__code__", None)
    for name, cell in zip(
        getattr(code, "co_freevars", ()), getattr(function, "__closure__", None) or (), strict=False
    ):
        try:
            names[name] = cell.cell_contents
        except ValueError:  # assigned after the function was made
            continue
    return names
