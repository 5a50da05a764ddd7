"""What a return annotation declares, by status."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Coroutine, Generator, Iterator
from types import NoneType
from typing import Annotated, Any, Literal, Never, NewType, NoReturn, Optional, TypeVar, Union

import pytest
from msgspec import Struct
from typing_extensions import TypeAliasType

from portico import OK, Created, DefinitionError, NotFound, Problem, Reply, Response
from portico._file import FileAnswer
from portico._returns import declared_responses, of_error_hook, returns_of
from portico._signature import EMPTY

T = TypeVar("T")


class User(Struct):
    id: int


UserId = NewType("UserId", int)
Found = TypeAliasType("Found", User | NotFound[Problem])
Either = TypeAliasType("Either", T | NotFound[Problem], type_params=(T,))

CLOSED: list[tuple[Any, dict[int, Any]]] = [
    (str, {200: str}),
    (None, {204: NoneType}),
    (NoneType, {204: NoneType}),
    (User | None, {200: User | None}),
    (Optional[User], {200: User | None}),  # noqa: UP045
    (None | NotFound[Problem], {204: NoneType, 404: Problem}),
    (User | NotFound[Problem], {200: User, 404: Problem}),
    (Union[User, str, NotFound[Problem]], {200: User | str, 404: Problem}),  # noqa: UP007
    (Created[User], {201: User}),
    (Created[User] | Created[str], {201: User | str}),
    (OK[User] | str, {200: User | str}),
    (Reply[Literal[401, 403], Problem], {401: Problem, 403: Problem}),
    (Reply[Literal[401, 403], Problem], {401: Problem, 403: Problem}),
    (Reply[Literal[204], None], {204: NoneType}),
    (Literal["a"], {200: Literal["a"]}),
    (UserId, {200: int}),
    (Found, {200: User, 404: Problem}),
    (Either[User], {200: User, 404: Problem}),
    (Annotated[User, "note"], {200: Annotated[User, "note"]}),
    (Annotated[User | NotFound[Problem], "note"], {200: User, 404: Problem}),
    (Iterator[User], {200: Iterator[User]}),
    (AsyncIterator[User] | NotFound[Problem], {200: AsyncIterator[User], 404: Problem}),
    (Generator[str, None, None], {200: Generator[str, None, None]}),
    (Generator[str, Any, Any], {200: Generator[str, Any, Any]}),
    (Generator[str, None, NotFound[User]], {200: Generator[str, None, NotFound[User]], 404: User}),
    (AsyncGenerator[str, None], {200: AsyncGenerator[str, None]}),
    (Awaitable[User | NotFound[Problem]], {200: User, 404: Problem}),
    (Coroutine[Any, Any, User], {200: User}),
    (NoReturn, {}),
    (Never, {}),
]


@pytest.mark.parametrize(("annotation", "types"), CLOSED, ids=[str(row[0]) for row in CLOSED])
def test_an_annotation_declares_a_type_for_each_status(
    annotation: Any, types: dict[int, Any]
) -> None:
    returns = returns_of(annotation)

    assert returns.types == types
    assert not returns.is_open
    assert not returns.has_response
    assert returns.rest is EMPTY


@pytest.mark.parametrize("annotation", [EMPTY, Any, object, Awaitable, Any | None])
def test_an_annotation_that_says_nothing_is_open(annotation: Any) -> None:
    returns = returns_of(annotation)

    assert returns.is_open
    assert returns.types == {200: Any}


def test_any_among_replies_is_open_and_keeps_what_they_declare() -> None:
    returns = returns_of(Any | NotFound[Problem])

    assert returns.is_open
    assert returns.types == {200: Any, 404: Problem}


@pytest.mark.parametrize("annotation", [Response, FileAnswer, Awaitable[Response]])
def test_a_response_declares_nothing_more(annotation: Any) -> None:
    returns = returns_of(annotation)

    assert returns.has_response
    assert not returns.is_open
    assert returns.types == {}


@pytest.mark.parametrize(
    ("annotation", "rest", "types"),
    [
        (Reply[int, Problem], Problem, {}),
        (Reply, Any, {}),
        (User | Reply[int, Problem], Problem, {200: User}),
        (Reply[int, Problem] | NotFound[User], Problem, {404: User}),
    ],
)
def test_a_reply_of_any_code_declares_the_rest(
    annotation: Any, rest: Any, types: dict[int, Any]
) -> None:
    returns = returns_of(annotation)

    assert returns.rest == rest
    assert returns.types == types
    assert not returns.is_open


@pytest.mark.parametrize("code", [0, 100, 199, 600, "404", True])
def test_a_status_that_no_answer_has_is_refused(code: Any) -> None:
    reply: Any = Reply
    with pytest.raises(DefinitionError, match=r"get_user\(\) \(app.py:1\) has the status"):
        returns_of(reply[Literal[code], str], "get_user() (app.py:1)")
    with pytest.raises(DefinitionError, match="option `response` has the status"):
        declared_responses({code: str})


def test_an_option_is_one_type_or_one_for_each_status() -> None:
    assert declared_responses(User) == {200: User}
    assert declared_responses(dict[int, str]) == {200: dict[int, str]}
    assert declared_responses({200: User, 404: Problem}) == {200: User, 404: Problem}


def test_what_is_declared_is_shown() -> None:
    assert repr(returns_of(list[User] | NotFound[None])) == "Returns(200: list[User], 404: None)"
    assert repr(returns_of(EMPTY)) == "Returns(200: Any, is_open=True)"


@pytest.mark.parametrize(
    ("annotation", "code", "types", "rest"),
    [
        (str, None, {}, str),
        (str, 404, {404: str}, str),
        (str | None, 404, {404: str}, str),
        (NotFound[str] | int, None, {404: str}, int),
        (NotFound[str] | int, 404, {404: str | int}, int),
        (Reply[int, str] | int, None, {}, int | str),
        (NotFound[str] | None, 404, {204: type(None), 404: str}, EMPTY),
        (None, 404, {204: type(None)}, EMPTY),
        (Any, 404, {200: Any}, EMPTY),
        (EMPTY, 404, {200: Any}, EMPTY),
    ],
)
def test_plain_values_of_an_error_hook_have_the_status_of_the_error(
    annotation: Any, code: int | None, types: dict[int, Any], rest: Any
) -> None:
    found = of_error_hook(returns_of(annotation), code)

    assert dict(found.types) == types
    assert found.rest == rest
