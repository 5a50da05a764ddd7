"""Request-lived generators: left once, in reverse order, at the promised moment."""

from portico.contract import Capability
from portico_conformance._case import Client, case
from portico_conformance.cases._reading import is_alive, json_of, problem_of, text_of
from portico_conformance.cases._signalling import begin, count_of, new_name, raise_signal
from portico_conformance.cases.stream_ends import BLOCK, BLOCKS, failed

COLOURS = [(colour, colour) for colour in ("async", "sync", "quick")]

# How a request ends: its status, and what its generators were left by.
ENDS = {
    "value": (200, "nothing"),
    "nothing": (204, "nothing"),
    "reply": (404, "status 404"),
    "error": (403, "status 403"),
    "fails": (500, "RuntimeError"),
}

End = tuple[str, str, int, str]


def seen(client: Client, name: str, *, now: bool = False) -> list[str]:
    """What the two generators of a request were left by, in order, each once."""
    left = count_of(client, f"{name}-left", least=0 if now else 2)
    words: list[str] = json_of(client.request("GET", f"/generators/seen/{name}"))
    assert left == len(words)
    return words


# Once the peer is gone these take what is sent at once, and say so later, from another thread: a
# quick stream may have come to its end by then.
_TAKE_EVERYTHING = frozenset({"granian-asgi", "daphne"})


@case(
    "key_generators",
    each=[
        (f"{end}-{colour}", (colour, end, *expected))
        for end, expected in ENDS.items()
        for colour, _ in COLOURS
    ],
)
def generators_are_left_before_the_answer_arrives(client: Client, record: End) -> None:
    colour, end, status, words = record
    name = new_name()

    answer = client.request("GET", f"/generators/{colour}/{end}/{name}")

    assert answer.status == status
    assert seen(client, name, now=True) == [f"inner: {words}", f"outer: {words}"]


@case("key_generators", each=COLOURS)
def generators_are_left_before_the_answer_to_head(client: Client, colour: str) -> None:
    for end in ("value", "async-stream", "sync-stream"):
        name = new_name()

        answer = client.request("HEAD", f"/generators/{colour}/{end}/{name}")

        assert (answer.status, answer.body) == (200, b"")
        assert seen(client, name, now=True) == ["inner: nothing", "outer: nothing"]


@case("key_generators", each=COLOURS)
def a_failing_commit_changes_the_answer_and_reaches_the_error_hooks(
    client: Client, colour: str
) -> None:
    name = new_name()

    answer = client.request("GET", f"/generators/{colour}/value/{name}?commit=fails")

    assert (answer.status, answer.body) == (409, b"the hook saw it")
    assert seen(client, name, now=True) == ["inner: nothing", "outer: status 409"]


@case("key_generators", each=COLOURS)
def a_variable_of_a_generator_is_the_handlers_and_ends_with_it(client: Client, colour: str) -> None:
    name = new_name()

    assert text_of(client.request("GET", f"/generators/{colour}/value/{name}")) == "the key's"
    assert seen(client, name) == ["inner: nothing", "outer: nothing"]


@case("key_generators", each=COLOURS)
def work_after_the_answer_finds_the_generators_left(client: Client, colour: str) -> None:
    name = new_name()

    client.request("GET", f"/generators/{colour}/value/{name}")

    assert count_of(client, f"{name}-work-2") == 1


@case(
    "key_generators",
    each=[
        (f"{stream}-{colour}", (colour, stream))
        for stream in ("async-stream", "sync-stream")
        for colour, _ in COLOURS
    ],
)
def generators_are_left_after_the_last_chunk(client: Client, record: tuple[str, str]) -> None:
    colour, stream = record
    name = new_name()

    answer = client.request("GET", f"/generators/{colour}/{stream}/{name}")

    assert answer.body == b"first,0 left"
    assert seen(client, name) == ["inner: nothing", "outer: nothing"]


@case("key_generators", each=COLOURS)
def a_commit_that_fails_behind_a_stream_never_looks_complete(client: Client, colour: str) -> None:
    name = new_name()

    assert failed(
        lambda: client.request("GET", f"/generators/{colour}/async-stream/{name}?commit=fails")
    )

    assert seen(client, name) == ["inner: nothing", "outer: status 409"]
    is_alive(client)


@case("key_generators", each=COLOURS)
def generators_see_that_their_stream_failed(client: Client, colour: str) -> None:
    name = new_name()

    assert failed(lambda: client.request("GET", f"/generators/{colour}/broken-stream/{name}"))

    assert seen(client, name) == ["inner: RuntimeError", "outer: RuntimeError"]
    is_alive(client)


def a_held_stream_ends(client: Client, colour: str) -> None:
    name = new_name()
    raise_signal(client, name)

    assert client.request("GET", f"/generators/{colour}/held-stream/{name}").body == b"first,last"
    assert seen(client, name) == ["inner: nothing", "outer: nothing"]


@case("key_generators", each=COLOURS, needs=Capability.DISCONNECT, otherwise=a_held_stream_ends)
def generators_are_left_when_the_reader_of_a_stream_leaves(client: Client, colour: str) -> None:
    name = new_name()
    with begin(client, f"/generators/{colour}/held-stream/{name}") as exchange:
        exchange.end()
        assert exchange.receive() == b"first,"
        exchange.disconnect()

    # The signal is not raised: only the disconnect can end the wait.
    words = {word.partition(": ")[2] for word in seen(client, name)}
    left = {"cancellation", "DisconnectError"}
    if client.row.id in _TAKE_EVERYTHING:
        left.add("nothing")
    assert words <= left
    is_alive(client)
    assert count_of(client, f"{name}-left") == 2


def a_short_stream_ends(client: Client, colour: str) -> None:
    name = new_name()

    answer = client.request("GET", f"/generators/{colour}/long-stream/{name}?blocks=2")

    assert len(answer.body) == 2 * BLOCK
    assert seen(client, name) == ["inner: nothing", "outer: nothing"]


@case(
    "key_generators",
    each=COLOURS,
    needs=Capability.STREAM_RESPONSE,
    otherwise=a_short_stream_ends,
)
def generators_are_left_when_the_reader_of_a_long_stream_leaves(
    client: Client, colour: str
) -> None:
    name = new_name()
    target = f"/generators/{colour}/long-stream/{name}?blocks={BLOCKS}"
    with begin(client, target) as exchange:
        exchange.end()
        assert exchange.head().status == 200
        assert exchange.receive()
        exchange.disconnect()

    words = {word.partition(": ")[2] for word in seen(client, name)}
    left = {"cancellation", "DisconnectError"}
    if client.row.id in _TAKE_EVERYTHING:
        left.add("nothing")
    assert words <= left
    is_alive(client)
    assert count_of(client, f"{name}-left") == 2


@case("key_generators", each=[("value", "value"), ("stream", "stream")])
def a_task_group_may_be_open_as_long_as_the_request(client: Client, end: str) -> None:
    name = new_name()

    answer = client.request("GET", f"/scopes/{end}/{name}")

    assert answer.body == (name.encode() if end == "value" else b"first,last")
    assert count_of(client, f"{name}-worked") == 1
    assert count_of(client, f"{name}-left") == 1


@case("key_generators")
def an_error_passes_through_a_task_group_as_it_is(client: Client) -> None:
    name = new_name()

    assert problem_of(client.request("GET", f"/scopes/error/{name}"), 403)["detail"] == "not you"

    assert count_of(client, f"{name}-left") == 1
