"""Methods (RFC 9110 section 9)."""

from portico_conformance._case import Client, case
from portico_conformance.cases._reading import COLOURS, is_alive, problem_of, seen, text_of


@case("methods")
def a_get_is_answered(client: Client) -> None:
    answer = client.request("GET", "/text")

    assert text_of(answer) == "Hello, World!"
    assert answer.get("content-type") == "text/plain;charset=UTF-8"
    assert answer.get("content-length") == "13"


@case("methods")
def a_head_answer_keeps_the_fields_of_get_and_has_no_body(client: Client) -> None:
    answer = client.request("HEAD", "/text")

    assert answer.status == 200
    assert answer.get("content-length") == "13"
    assert answer.get("content-type") == "text/plain;charset=UTF-8"
    assert answer.body == b""


@case("methods")
def a_head_answer_of_json_has_its_length(client: Client) -> None:
    length = client.request("GET", "/value/dict").get("content-length")

    assert client.request("HEAD", "/value/dict").get("content-length") == length == "16"


@case("methods")
def a_route_of_its_own_answers_head(client: Client) -> None:
    answer = client.request("HEAD", "/own-head")

    assert answer.status == 204
    assert answer.get("x-head") == "own"
    assert text_of(client.request("GET", "/own-head")) == "from get"


@case("methods", each=[("404", ("/nothing", 404)), ("500", ("/async/error", 500))])
def a_head_of_an_error_has_no_body(client: Client, record: tuple[str, int]) -> None:
    target, status = record
    answer = client.request("HEAD", target)

    assert answer.status == status
    assert answer.get("content-type") == "application/problem+json"
    assert answer.body == b""
    is_alive(client)


@case("methods")
def options_lists_the_methods_of_a_path(client: Client) -> None:
    answer = client.request("OPTIONS", "/item")

    assert answer.status == 204
    assert answer.get("allow") == "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"
    assert answer.body == b""


@case("methods")
def options_of_an_unknown_path_is_a_404(client: Client) -> None:
    problem_of(client.request("OPTIONS", "/nothing"), 404)


@case("methods")
def a_route_of_its_own_answers_options(client: Client) -> None:
    assert text_of(client.request("OPTIONS", "/own-options")) == "own"


@case("methods")
def options_of_the_whole_server_is_answered_or_refused(client: Client) -> None:
    answer = client.request("OPTIONS", "*")

    # Gateways have no route for a target that is no path, so they refuse it.
    if answer.status in (200, 204):
        assert answer.body == b""
    else:
        assert 400 <= answer.status < 500
    is_alive(client)


@case("methods", each=[(method, method) for method in ("POST", "PUT", "PATCH", "DELETE")])
def a_method_that_a_path_does_not_have_is_a_405(client: Client, method: str) -> None:
    answer = client.request(method, "/text")

    problem = problem_of(answer, 405)
    assert answer.get("allow") == "GET, HEAD, OPTIONS"
    assert problem["title"] == "Method Not Allowed"
    assert method in problem["detail"]


@case("methods")
def a_405_lists_every_method_of_the_path(client: Client) -> None:
    answer = client.request("POST", "/item")

    assert answer.status == 405
    assert answer.get("allow") == "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"


@case(
    "methods",
    each=[(method, method) for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")],
)
def every_common_method_reaches_its_handler(client: Client, method: str) -> None:
    assert seen(client, method, "/async/seen")["method"] == method
    assert seen(client, method, "/sync/seen")["method"] == method


@case("methods")
def each_method_of_a_path_has_its_own_handler(client: Client) -> None:
    text = [("Content-Type", "text/plain")]

    assert text_of(client.request("GET", "/item")) == "one"
    assert text_of(client.request("DELETE", "/item")) == "deleted"
    assert text_of(client.request("PUT", "/item", text, b"two")) == "changed to two"
    assert text_of(client.request("PATCH", "/item", text, b"three")) == "changed to three"


@case("methods")
def a_method_outside_the_standard_can_have_a_route(client: Client) -> None:
    assert text_of(client.request("PURGE", "/cache")) == "purged"
    assert client.request("GET", "/cache").get("allow") == "OPTIONS, PURGE"


@case("methods")
def a_method_that_nobody_knows_is_refused(client: Client) -> None:
    answer = client.request("BREW", "/text")

    # RFC 9110 section 15.6.2: a server may answer 501 to a method that it does not recognise.
    assert answer.status in (400, 403, 405, 501)
    if answer.status == 405 and answer.get("content-type") == "application/problem+json":
        assert answer.get("allow") == "GET, HEAD, OPTIONS"
    is_alive(client)


@case("methods")
def a_trace_is_never_echoed(client: Client) -> None:
    answer = client.request("TRACE", "/text", [("X-Secret", "do-not-tell")])

    assert answer.status >= 400
    assert b"do-not-tell" not in answer.body


@case("methods", each=COLOURS)
def a_get_with_a_body_is_answered(client: Client, colour: str) -> None:
    text = [("Content-Type", "text/plain")]

    assert seen(client, "GET", f"/{colour}/seen", text, b"ignored")["method"] == "GET"
    is_alive(client)
