"""What is sent for an error: its fields, what was set before it, and that there is one answer."""

from portico_conformance._case import Client, case
from portico_conformance.cases._lifecycles import AFTER, BEFORE_GET, live, ran
from portico_conformance.cases._reading import COLOURS, problem_of, text_of

MAPPERS = AFTER[2:]


@case(
    "error-hooks",
    each=[
        (f"{act}-{hook_act}-{colour}", (colour, act, hook_act))
        for act in ("raise-401", "status-401", "stream-401")
        for hook_act in ("text", "object", "none", "response")
        for colour, _ in COLOURS
        if (act, hook_act) != ("stream-401", "none")
    ],
)
def the_fields_of_an_error_go_with_the_answer_of_its_hook(
    client: Client, record: tuple[str, str, str]
) -> None:
    colour, act, hook_act = record

    answer = live(client, colour, f"handle={act}; error-401={hook_act}")

    assert answer.status == (203 if hook_act == "response" else 401)
    assert answer.get_all("x-why") == ([] if act == "stream-401" else ["told"])


@case(
    "error-hooks",
    each=[
        (f"{act}-{colour}", (colour, act, status))
        for act, status in [("raise-409", 409), ("raise-503", 503), ("raise-alone", 500)]
        for colour, _ in COLOURS
    ],
)
def an_error_hook_that_raises_is_the_last_that_is_asked(
    client: Client, record: tuple[str, str, int]
) -> None:
    colour, act, status = record

    for first in ("raise-401", "status-401"):
        answer = live(client, colour, f"handle={first}; error-401={act}; error-any=text")

        problem_of(answer, status)
        assert ran(answer)[-1] == "error-401"
        assert answer.get("x-why") is None


@case(
    "error-hooks",
    each=[
        (f"{act}-{colour}", (colour, act))
        for act in ("unsendable", "set-999", "stream-broken")
        for colour, _ in COLOURS
    ],
)
def an_answer_of_an_error_hook_that_is_no_good_is_a_500(
    client: Client, record: tuple[str, str]
) -> None:
    colour, act = record

    for first in ("raise-401", "status-401", "raise-broken"):
        answer = live(client, colour, f"handle={first}; error-any={act}")

        problem_of(answer, 500)
        assert ran(answer).count("error-any") == 1


@case("error-hooks", each=COLOURS)
def an_answer_that_is_no_good_is_an_error_like_any(client: Client, colour: str) -> None:
    refused = live(client, colour, "handle=unsendable")
    handled = live(client, colour, "handle=set-999; error-any=text")

    problem_of(refused, 500)
    assert ran(refused)[-1] == "error-any"
    assert (handled.status, handled.body) == (500, b"acted")


@case("error-hooks", each=COLOURS)
def a_map_response_that_fails_on_the_answer_of_a_hook_ends_it(client: Client, colour: str) -> None:
    answer = live(client, colour, "handle=raise-409; error-any=text; map_response-2=raise-alone")

    problem_of(answer, 500)
    assert ran(answer)[-3:] == ["error-any", *MAPPERS]


@case("error-hooks", each=COLOURS)
def a_generator_that_fails_before_its_first_value_is_an_error(client: Client, colour: str) -> None:
    raised = live(client, colour, "handle=stream-broken; error-class=text")
    unhandled = live(client, colour, "handle=stream-401")

    assert (raised.status, raised.body) == (500, b"acted")
    assert ran(raised) == [*BEFORE_GET, "handle", *AFTER, "error-class", *MAPPERS]
    problem_of(unhandled, 401)
    assert ran(unhandled) == [*BEFORE_GET, "handle", *AFTER, "error-401", "error-any"]


@case("error-hooks", each=COLOURS)
def what_was_set_before_an_error_is_on_its_answer_but_for_what_described_the_content(
    client: Client, colour: str
) -> None:
    default = live(client, colour, "handle=raise-prepared")
    handled = live(client, colour, "handle=raise-prepared; error-any=object")

    problem_of(default, 500)
    assert (handled.status, handled.get("content-type")) == (500, "application/json")
    for answer in (default, handled):
        assert answer.get("x-set") == "prepared"
        assert answer.get("etag") is None
        assert answer.get("content-encoding") is None
        (cookie,) = answer.get_all("set-cookie")
        assert cookie.startswith("prepared=1;")


@case("error-hooks", each=COLOURS)
def an_error_on_head_has_the_head_of_its_answer_alone(client: Client, colour: str) -> None:
    default = live(client, colour, "handle=raise-401", method="HEAD")
    handled = live(client, colour, "handle=raise-401; error-401=text", method="HEAD")

    for answer in (default, handled):
        assert (answer.status, answer.body) == (401, b"")
        assert answer.get("x-why") == "told"


@case("error-hooks", each=COLOURS)
def a_fault_of_the_request_is_answered_by_the_hook_for_422(client: Client, colour: str) -> None:
    default = live(client, colour, path="/?limit=many")
    handled = live(client, colour, "error-422=text", path="/?limit=many")

    assert len(problem_of(default, 422)["errors"]) == 1
    assert (handled.status, handled.body) == (422, b"acted")
    assert ran(handled) == [*BEFORE_GET[:-3], "error-422", *MAPPERS]


@case("error-hooks", each=COLOURS)
def a_malformed_body_is_answered_by_a_hook_for_400(client: Client, colour: str) -> None:
    default = live(client, colour, method="POST", body=b"{not json")
    handled = live(client, colour, "error-any=text", method="POST", body=b"{not json")

    problem_of(default, 400)
    assert (handled.status, handled.body) == (400, b"acted")


@case("error-hooks", each=COLOURS)
def a_path_that_is_not_there_is_answered_by_the_hooks_of_the_application(
    client: Client, colour: str
) -> None:
    default = live(client, colour, path="/nothing/here")
    handled = live(client, colour, "app-error=text", path="/nothing/here")

    problem_of(default, 404)
    assert ran(default) == ["request-1", "request-2", "app-error"]
    assert (handled.status, handled.body) == (404, b"acted")
    assert ran(handled) == ["request-1", "request-2", "app-error", "app-map_response"]


@case("error-hooks", each=COLOURS)
def a_method_that_is_not_answered_keeps_its_allow(client: Client, colour: str) -> None:
    for acts in ("", "app-error-405=text", "app-error=response", "app-error-405=object"):
        answer = live(client, colour, acts, method="PUT")

        assert answer.status == (203 if "response" in acts else 405)
        assert answer.get_all("allow") == ["GET, HEAD, OPTIONS, POST"]
        assert ran(answer)[2] == "app-error-405"


@case("error-hooks", each=COLOURS)
def an_error_hook_may_redirect(client: Client, colour: str) -> None:
    answer = live(client, colour, "handle=raise-401; error-401=redirect")

    assert (answer.status, answer.get("location")) == (302, "/text")


@case("error-hooks", each=COLOURS)
def a_request_after_an_error_is_answered_as_ever(client: Client, colour: str) -> None:
    live(client, colour, "handle=raise-alone; error-any=raise-alone")

    assert text_of(live(client, colour, "handle=text")) == "acted"
