"""A mirror shows what the declared type has, and nothing more; it never changes the value."""

import abc
import datetime
import enum
import json
import typing
import uuid
from collections import ChainMap, OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import (
    Annotated,
    Any,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    NotRequired,
    Optional,
    Required,
    TypeVar,
    Union,
)

import attrs
import msgspec
import pytest
from msgspec import Meta, Struct
from pydantic import BaseModel, Field, RootModel, computed_field
from typing_extensions import TypeAliasType, TypedDict

from portico import DefinitionError, Problem
from portico._json import to_json
from portico._mirror import UnfitError
from portico._mirror_build import mirror_of

SECRET = "SECRET"
T = TypeVar("T")


class User(Struct):
    id: int
    name: str = "ann"


class Admin(User):
    password_hash: str = SECRET


class Owned(Struct):
    owner: User
    tags: list[str] = []


class OwnedMore(Owned):
    password_hash: str = SECRET


class Renamed(Struct, rename="camel", omit_defaults=True):
    first_name: str
    best_friend: User | None = None


class RenamedMore(Renamed):
    password_hash: str = SECRET


class Cat(Struct, tag="cat"):
    lives: int = 9


class Dog(Struct, tag="dog"):
    age: int = 1


class Puppy(Dog, tag="puppy"):
    password_hash: str = SECRET


class Row(Struct, array_like=True):
    a: int
    b: User


class RowMore(Row):
    password_hash: str = SECRET


class Frozen(Struct, frozen=True):
    id: int


class FrozenMore(Frozen, frozen=True):
    password_hash: str = SECRET


class Checked(Struct):
    id: int
    friend: User

    def __post_init__(self) -> None:
        self.id += 1
        if self.id > 2:
            raise ValueError("made twice")


class CheckedMore(Checked):
    password_hash: str = SECRET


class Node(Struct):
    children: "list[Node]" = []
    next: "Node | None" = None


class NodeMore(Node):
    password_hash: str = SECRET


class Page(Struct, Generic[T]):
    items: list[T]
    first: T | None = None


class UserPage(Page[User]):
    password_hash: str = SECRET


@dataclass
class Point:
    x: int
    owner: User | None = None
    calls: list[int] = field(default_factory=list[int], init=False)

    def __post_init__(self) -> None:
        self.calls.append(1)


@dataclass
class PointMore(Point):
    password_hash: str = SECRET


@dataclass(frozen=True, slots=True)
class Cold:
    x: int


@dataclass(frozen=True, slots=True)
class ColdMore(Cold):
    password_hash: str = SECRET


@attrs.define
class Tight:
    x: int
    owner: User | None = None


@attrs.define
class TightMore(Tight):
    password_hash: str = SECRET


@attrs.define(slots=False)
class Loose:
    x: int


class Keyed(TypedDict):
    id: int
    owner: NotRequired[User]


class KeyedMore(Keyed):
    password_hash: str


class Partial(TypedDict, total=False):
    id: Required[int]
    name: str


class KeyedPage(TypedDict, Generic[T]):
    items: list[T]


class KeyedUsers(KeyedPage[User]):
    total: int


class Pair(NamedTuple):
    a: int
    b: User


class PairMore(Pair):
    pass


class Flat(NamedTuple):
    a: int


class Colour(enum.Enum):
    RED = "red"


class Model(BaseModel):
    id: int
    nick: str = Field(default="n", serialization_alias="nickName")

    @computed_field
    def double(self) -> int:
        return self.id * 2


class ModelMore(Model):
    password_hash: str = SECRET


class Holder(BaseModel):
    one: Model | None = None
    many: dict[str, list[Model]] = {}


class OtherModel(BaseModel):
    password_hash: str = SECRET


class Models(RootModel[list[Model]]):
    pass


class ModelPage(BaseModel, Generic[T]):
    items: list[T]


class Money:
    """Written by an adapter of its own."""

    def __init__(self, amount: int) -> None:
        self.amount = amount

    @staticmethod
    def __schema_adapter__(tp: Any) -> Any:
        return MoneySchema(tp)


class MoneyMore(Money):
    password_hash = SECRET


class MoneySchema:
    vendor = "test"

    def __init__(self, tp: type) -> None:
        self.type = tp

    def validate(self, value: object, *, part: str, coerce: bool = False) -> Any:
        return Money(int(str(value)))

    def dump_json(self, value: Any) -> bytes:
        shown = {"amount": value.amount}
        if self.type is MoneyMore:
            shown["password_hash"] = value.password_hash
        return to_json(shown)


UserId = NewType("UserId", int)
Alias = TypeAliasType("Alias", list[User] | None)
Listed = TypeAliasType("Listed", list[T], type_params=(T,))


def lazy_alias(value: Callable[[], Any]) -> Any:
    """What `type X = ...` makes, which Python 3.11 cannot read: an alias that may name itself."""
    body = {"__value__": property(lambda self: value()), "__type_params__": ()}
    return type("TypeAliasType", (), body)()


def json_type() -> Any:
    return None | int | str | User | list[Json] | dict[str, Json]


Json: Any = lazy_alias(json_type)

NODE = Node([Node(), Node([Node()])], Node())
DAY = datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)

SAME: list[tuple[Any, Any]] = [
    (Any, object()),
    (object, Admin(1)),
    (str, "a"),
    (None, None),
    (float, 1),
    (int, True),
    (bytes, bytearray(b"a")),
    (UserId, 1),
    (datetime.date, DAY),
    (Decimal, Decimal(1)),
    (uuid.UUID, uuid.UUID(int=1)),
    (Colour, Colour.RED),
    (Literal["a", 1], 1),
    (Annotated[int, Meta(ge=5)], 1),
    (list, [Admin(1)]),
    (dict, {"a": Admin(1)}),
    (tuple, (Admin(1),)),
    (tuple[()], ()),
    (typing.Tuple, (Admin(1),)),  # noqa: UP006
    (typing.List[User], [User(1)]),  # noqa: UP006
    (typing.Dict, {"a": 1}),  # noqa: UP006
    (list[Any], [Admin(1)]),
    (dict[str, Any], {"a": Admin(1)}),
    (list[int], [1, 2]),
    (list[int], ()),
    (Sequence[User], (User(1),)),
    (set[int], {1}),
    (frozenset[int], frozenset({1})),
    (tuple[int, ...], (1, 2)),
    (tuple[int, User], (1, User(1))),
    (dict[str, User], {"a": User(1)}),
    (OrderedDict[str, User], OrderedDict(a=User(1))),
    (User, User(1)),
    (list[User], [User(1), User(2)]),
    (Owned, Owned(User(1))),
    (User | None, None),
    (User | None, User(1)),
    (Optional[list[User]], [User(1)]),  # noqa: UP045
    (Cat | Dog, Dog()),
    (User | Owned | str, Owned(User(1))),
    (Node, NODE),
    (Page[User], Page([User(1)], User(2))),
    (Page, Page([Admin(1)])),
    (Page[Page[User]], Page([Page([User(1)])])),
    (UserPage, UserPage([User(1)])),
    (Point, Point(1, User(1))),
    (Cold, Cold(1)),
    (Tight, Tight(1, User(1))),
    (Loose, Loose(1)),
    (Keyed, {"id": 1, "owner": User(1)}),
    (Partial, {"id": 1}),
    (KeyedPage[User], {"items": [User(1)]}),
    (KeyedUsers, {"items": [User(1)], "total": 1}),
    (Pair, Pair(1, User(1))),
    (Flat, Flat(1)),
    (Model, Model(id=1)),
    (Holder, Holder(one=Model(id=1), many={"a": [Model(id=2)]})),
    (Models, Models([Model(id=1)])),
    (ModelPage[Model], ModelPage[Model](items=[Model(id=1)])),
    (Money, Money(1)),
    (list[Money], [Money(1)]),
    (Alias, [User(1)]),
    (Json, {"a": [1, None, {"b": User(1)}]}),
    (Listed[User], [User(1)]),
    (Problem, Problem("a")),
    (Mapping[str, int] | list[int], {"a": 1}),
    (str | uuid.UUID, "a"),
]


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(("tp", "value"), SAME, ids=[str(row[0])[:40] for row in SAME])
def test_what_is_exactly_declared_is_the_same_object(tp: Any, value: Any, strict: bool) -> None:
    if strict and tp == Annotated[int, Meta(ge=5)]:
        value = 7

    assert mirror_of(tp, strict=strict)(value) is value


CONVERTED: list[tuple[Any, Any, Any]] = [
    (User, Admin(1), User(1)),
    (User, {"id": 1, "password_hash": SECRET}, User(1)),
    (User, MappingProxyType({"id": 1}), User(1)),
    (User | None, Admin(1), User(1)),
    (list[User], [User(1), Admin(2)], [User(1), User(2)]),
    (list[User], (Admin(2),), (User(2),)),
    (list[User], deque([User(1)]), [User(1)]),
    (set[Frozen], {FrozenMore(1)}, [Frozen(1)]),
    (Iterable[Frozen], {FrozenMore(2): 1}.keys(), [Frozen(2)]),
    (tuple[int, User], (1, Admin(1)), (1, User(1))),
    (tuple[User, ...], (Admin(1),), (User(1),)),
    (dict[str, User], {"a": User(1), "b": Admin(2)}, {"a": User(1), "b": User(2)}),
    (Mapping[str, User], ChainMap({"a": Admin(1)}), {"a": User(1)}),
    (Owned, Owned(Admin(1), ["a"]), Owned(User(1), ["a"])),
    (Owned, OwnedMore(Admin(1)), Owned(User(1))),
    (Renamed, RenamedMore("a", Admin(1)), Renamed("a", User(1))),
    (Cat | Dog, Puppy(3), Dog(3)),
    (Cat | Dog, {"type": "dog", "age": 2}, Dog(2)),
    (User | Owned, OwnedMore(Admin(1)), Owned(User(1))),
    (Row, RowMore(1, Admin(1)), Row(1, User(1))),
    (Frozen, FrozenMore(1), Frozen(1)),
    (Node, NodeMore([NodeMore()], NodeMore()), Node([Node()], Node())),
    (Page[User], Page([Admin(1)], Admin(2)), Page([User(1)], User(2))),
    (Page[User], UserPage([Admin(1)]), Page([User(1)])),
    (Point, PointMore(1, Admin(1)), Point(1, User(1))),
    (Cold, ColdMore(1), Cold(1)),
    (Tight, TightMore(1, Admin(1)), Tight(1, User(1))),
    (Keyed, {"id": 1, "password_hash": SECRET}, {"id": 1}),
    (Keyed, {"owner": Admin(1), "id": 1}, {"owner": User(1), "id": 1}),
    (Keyed | None, {"id": 1, "x": SECRET}, {"id": 1}),
    (Keyed | KeyedMore, {"id": 1, "password_hash": "1"}, {"id": 1, "password_hash": "1"}),
    (KeyedPage[User], {"items": [Admin(1)]}, {"items": [User(1)]}),
    (KeyedUsers, {"items": [Admin(1)], "total": 1, "x": 1}, {"items": [User(1)], "total": 1}),
    (Pair, PairMore(1, Admin(1)), Pair(1, User(1))),
    (Pair, [1, {"id": 2}], Pair(1, User(2))),
    (Colour, "red", Colour.RED),
    (uuid.UUID, str(uuid.UUID(int=1)), uuid.UUID(int=1)),
    (Alias, [Admin(1)], [User(1)]),
    (Json, {"a": [{"b": Admin(1)}]}, {"a": [{"b": User(1)}]}),
    (Listed[User], [Admin(1)], [User(1)]),
    (Annotated[User, "the user"], Admin(1), User(1)),
    (dict[str, list[User | Cat]], {"a": [Admin(1)]}, {"a": [User(1)]}),
    (Model, ModelMore(id=1), Model(id=1)),
    (Model, {"id": 1, "password_hash": SECRET}, Model(id=1)),
    (list[Model], [ModelMore(id=1)], [Model(id=1)]),
    (Model | Cat, ModelMore(id=1), Model(id=1)),
]


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    ("tp", "value", "expected"), CONVERTED, ids=[str(row[0])[:40] for row in CONVERTED]
)
def test_what_differs_is_converted_to_what_is_declared(
    tp: Any, value: Any, expected: Any, strict: bool
) -> None:
    before = repr(value)

    got = mirror_of(tp, strict=strict)(value)

    assert got == expected
    assert type(got) is type(expected)
    assert repr(value) == before
    assert to_json(got) == to_json(expected)
    assert SECRET.encode() not in to_json(got)


def test_a_union_takes_the_member_that_is_nearest_to_the_class_of_the_value() -> None:
    class Root(Admin):
        key: str = "KEY"

    tp = User | Admin | None

    assert mirror_of(tp)(Admin(1)) == Admin(1)
    assert mirror_of(tp)(Root(1)) == Admin(1)
    assert mirror_of(tp)(User(1)) == User(1)
    page = mirror_of(UserPage)(UserPage([Admin(1)]))
    assert to_json(page) == (
        b'{"items":[{"id":1,"name":"ann"}],"first":null,"password_hash":"SECRET"}'
    )


def test_a_secret_deep_inside_does_not_leave() -> None:
    tp = dict[str, list[dict[str, Page[User | Cat]] | None]]
    value = {"a": [None, {"b": Page[Any]([Admin(1), Puppy(1)], Admin(2))}]}

    with pytest.raises(UnfitError) as caught:
        mirror_of(tp)(value)
    assert [fault.pointer for fault in caught.value.faults] == ["/a/1/b/items/1"]

    value["a"][1]["b"].items.pop()  # type: ignore[index]
    assert json.loads(to_json(mirror_of(tp)(value))) == {
        "a": [
            None,
            {"b": {"items": [{"id": 1, "name": "ann"}], "first": {"id": 2, "name": "ann"}}},
        ]
    }
    assert SECRET.encode() in to_json(value)


UNFIT: list[tuple[Any, Any, str]] = [
    (str, {"a": 1}, ""),
    (str, 1, ""),
    (str, uuid.UUID(int=1), ""),
    (int, "1", ""),
    (None, 1, ""),
    (Colour, "blue", ""),
    (Literal[1], True, ""),
    (Literal["a"], "b", ""),
    (User, None, ""),
    (User, "a", ""),
    (User, Cat(), ""),
    (User, {"id": "a"}, "/id"),
    (User, {}, "/id"),
    (User | None, 1, ""),
    (list[User], [User(1), Cat()], "/1"),
    (list[User], "ab", ""),
    (list[str], "ab", ""),
    (list[int], {1: 2}, ""),
    (list[int], iter([1]), ""),
    (list[str], ["a", Admin(1)], "/1"),
    (tuple[int, int], (1,), ""),
    (dict[str, int], {"a/b": "x"}, "/a~1b"),
    (dict[str, int], [1], ""),
    (dict[str, str], Admin(1), ""),
    (Owned, Owned("a"), "/owner"),  # type: ignore[arg-type]
    (Renamed, Renamed("a", 5), "/bestFriend"),  # type: ignore[arg-type]
    (Keyed, {"owner": User(1)}, "/id"),
    (Keyed, {"id": Admin(1)}, "/id"),
    (Keyed, [1], ""),
    (Pair, (1,), ""),
    (Pair, 1, ""),
    (Point, Cold(1), ""),
    (Model, OtherModel(), ""),
    (Model, User(1), ""),
    (Model, {"id": "a"}, "/id"),
    (ModelPage[Model], ModelPage(items=[OtherModel()]), "/items/0"),
    (Money, object(), ""),
    (Problem, "a", ""),
]


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(("tp", "value", "at"), UNFIT)
def test_what_does_not_fit_is_an_error_that_says_where(
    tp: Any, value: Any, at: str, strict: bool
) -> None:
    with pytest.raises(UnfitError) as caught:
        mirror_of(tp, strict=strict)(value)

    assert [fault.pointer for fault in caught.value.faults] == [at]
    assert {fault.part for fault in caught.value.faults} == {"response"}
    assert SECRET not in str(caught.value)


def test_a_field_that_a_subclass_gave_another_type_is_not_trusted() -> None:
    class Other(User):
        name: Admin  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleVariableOverride]

    class Narrower(Owned):
        owner: Admin  # pyright: ignore[reportIncompatibleVariableOverride]

    narrower = mirror_of(Owned)(Narrower(Admin(1)))

    assert (type(narrower), type(narrower.owner)) == (Owned, User)
    with pytest.raises(UnfitError, match="/name"):
        mirror_of(User)(Other(1, Admin(2)))


def test_a_copy_of_a_struct_keeps_what_post_init_did_and_does_not_do_it_again() -> None:
    same = Checked(1, Admin(1))
    more = CheckedMore(1, Admin(1))

    for value in (same, more):
        got = mirror_of(Checked)(value)

        assert type(got) is Checked
        assert (got.id, got.friend) == (2, User(1))
        assert type(got.friend) is User
        assert got is not value


def test_a_copy_of_a_dataclass_keeps_what_post_init_did_and_does_not_do_it_again() -> None:
    assert mirror_of(Point)(PointMore(1)).calls == [1]


def test_a_struct_that_watches_its_subclasses_sees_none_of_the_mirrors() -> None:
    seen: list[type] = []

    class Watching(Struct):
        id: int

        def __init_subclass__(cls) -> None:
            seen.append(cls)

        def __post_init__(self) -> None:
            pass

    class More(Watching):
        password_hash: str = SECRET

    assert to_json(mirror_of(Watching)(More(1))) == b'{"id":1}'
    assert seen == [More]


def test_what_an_object_was_given_beside_its_fields_does_not_leave() -> None:
    loose, point = Loose(1), Point(1)
    loose.password_hash = SECRET  # type: ignore[attr-defined]
    point.password_hash = SECRET  # type: ignore[attr-defined]

    assert to_json(mirror_of(Loose)(loose)) == b'{"x":1}'
    assert SECRET.encode() not in to_json(mirror_of(Point)(point))


def test_unset_fields_stay_unset() -> None:
    class Patch(Struct):
        name: str | msgspec.UnsetType = msgspec.UNSET
        owner: User | msgspec.UnsetType = msgspec.UNSET

    class PatchMore(Patch):
        password_hash: str = SECRET

    assert to_json(mirror_of(Patch)(PatchMore())) == b"{}"
    assert to_json(mirror_of(Patch)(PatchMore("a", Admin(1)))) == (
        b'{"name":"a","owner":{"id":1,"name":"ann"}}'
    )


def test_a_subclass_with_an_adapter_is_written_by_the_adapter_of_the_declared_class() -> None:
    assert to_json(MoneyMore(1)) == b'{"amount":1,"password_hash":"SECRET"}'
    assert to_json(mirror_of(list[Money])([MoneyMore(1), Money(2)])) == (
        b'[{"amount":1},{"amount":2}]'
    )


def test_a_pydantic_model_shows_its_own_fields_and_computed_ones_alone() -> None:
    value = ModelMore(id=1, nick="a")
    expected = b'{"id":1,"nickName":"a","double":2}'

    assert to_json(mirror_of(Model)(value)) == expected
    assert to_json(mirror_of(list[Model])([value])) == b"[" + expected + b"]"
    assert to_json(mirror_of(Models)(Models([value]))) == b"[" + expected + b"]"
    page = ModelPage(items=[value])
    assert to_json(mirror_of(ModelPage[Model])(page)) == b'{"items":[' + expected + b"]}"


def test_a_pydantic_model_that_holds_another_than_declared_does_not_fit() -> None:
    holder = Holder()
    holder.one = OtherModel()  # type: ignore[assignment]

    with pytest.raises(UnfitError, match="/one"):
        mirror_of(Holder)(holder)


def test_private_and_extra_attributes_of_a_pydantic_model_follow_the_declared_class() -> None:
    class Open(BaseModel, extra="allow"):
        a: int
        _b: int = 5

        @computed_field
        def c(self) -> int:
            return self._b

    class OpenMore(Open):
        _d: int = 6
        password_hash: str = SECRET

    value = OpenMore.model_validate({"a": 1, "more": 2})

    assert json.loads(to_json(mirror_of(Open)(value))) == {"a": 1, "more": 2, "c": 5}


def test_a_value_that_contains_itself_ends_in_an_error() -> None:
    node = Node()
    node.next = node
    loop: list[Any] = []
    loop.append(loop)

    with pytest.raises(RecursionError):
        mirror_of(Node)(node)
    with pytest.raises(RecursionError):
        mirror_of(Json)(loop)
    assert mirror_of(list[Any])(loop) is loop


@pytest.mark.parametrize(
    ("tp", "value", "pointers"),
    [
        (User, User("a", 5), ["/id", "/name"]),  # type: ignore[arg-type]
        (Owned, Owned(User("a"), ["b", 1]), ["/owner/id", "/tags/1"]),  # type: ignore[arg-type, list-item]
        (list[User], [User("a"), User(1), Cat()], ["/0/id", "/2"]),  # type: ignore[arg-type]
        (Annotated[int, Meta(ge=5)], 1, [""]),
        (Annotated[list[User], Meta(min_length=1)], [], [""]),
        (dict[Annotated[str, Meta(pattern="^a$")], int], {"a": 1, "b": 2}, ["/b"]),
        (Optional[Annotated[str, Meta(max_length=2)]], "abc", [""]),  # noqa: UP045
        (Model, Model.model_construct(id="a"), ["/id"]),
    ],
)
def test_a_strict_mirror_finds_every_fault(tp: Any, value: Any, pointers: list[str]) -> None:
    mirror_of(tp)  # which trusts some of them
    with pytest.raises(UnfitError) as caught:
        mirror_of(tp, strict=True)(value)

    assert [fault.pointer for fault in caught.value.faults] == pointers


def test_the_fields_of_an_exact_instance_are_trusted() -> None:
    user = User("not an integer")  # type: ignore[arg-type]

    assert mirror_of(User)(user) is user
    assert User in mirror_of(User).classes
    assert Owned not in mirror_of(Owned).classes


class Unwritable:
    pass


@pytest.mark.parametrize(
    "tp", [Unwritable, list[Unwritable], complex, "User", list["User"], Page[Unwritable], type[int]]
)
def test_a_type_without_a_form_is_refused_when_its_mirror_is_built(tp: Any) -> None:
    for _ in range(2):
        with pytest.raises(DefinitionError, match=r"declared as"):
            mirror_of(tp)


def test_a_name_that_is_not_defined_is_refused_when_its_mirror_is_built() -> None:
    class Lost(Struct):
        a: "Nowhere"  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(DefinitionError, match="Nowhere"):
        mirror_of(Lost)


def test_an_abstract_class_is_refused_when_its_mirror_is_built() -> None:
    @dataclass
    class Shape(abc.ABC):
        @abc.abstractmethod
        def area(self) -> int: ...

    with pytest.raises(DefinitionError, match="abstract"):
        mirror_of(list[Shape])


def test_what_a_dict_says_of_itself_is_not_believed() -> None:
    class Hiding(dict[str, Any]):
        def __iter__(self) -> Iterator[str]:
            return iter(["id"])

        keys = values = items = __iter__  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]

    value = Hiding(id=1, password_hash=SECRET)
    users = Hiding(id=Admin(1), password_hash=Admin(2))

    assert SECRET.encode() in to_json(value)
    assert to_json(mirror_of(Partial)(value)) == b'{"id":1}'
    assert SECRET.encode() not in to_json(mirror_of(dict[str, User])(users))


def test_a_mirror_is_built_once() -> None:
    assert mirror_of(list[User]) is mirror_of(list[User])
    assert mirror_of(list[User]) is not mirror_of(list[User], strict=True)
    assert mirror_of(Union[int, None]) is mirror_of(Optional[int])  # noqa: UP007, UP045
