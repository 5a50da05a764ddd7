"""The table of capabilities, in both directions: what is there works, what is absent is refused.

What else is to be seen of a capability is a case of its area, which names it as what it needs.
"""

from portico.contract import Capability, Promise
from portico_conformance._case import Client, case
from portico_conformance.cases._reading import json_of, text_of
from portico_conformance.cases._signalling import count_of, new_name
from portico_conformance.cases.platform import platform


@case("capabilities", each=[(each.value, each.value) for each in Capability])
def an_application_that_needs_what_is_absent_is_refused(client: Client, name: str) -> None:
    support = platform(client)["capabilities"][name]

    said = text_of(client.request("GET", f"/capabilities/{name}/needed"))

    if support != "absent":
        assert said == "served"
        return
    assert "GET /needy" in said
    assert repr(name) in said
    assert repr(client.row.adapter) in said


def blocking_code_runs_in_place(client: Client) -> None:
    # In process there are threads, which a Worker has not.
    where, started = json_of(client.request("GET", "/capabilities/threads"))
    assert where == "here"
    assert started == "refused" or not client.row.on_wire


@case("capabilities", needs=Capability.THREADS, otherwise=blocking_code_runs_in_place)
def a_thread_can_be_started(client: Client) -> None:
    where, started = json_of(client.request("GET", "/capabilities/threads"))

    assert started == "started"
    # A runtime that calls from one thread has no loop that blocking code would hold up.
    if platform(client)["concurrency"] != "serial":
        assert where == "elsewhere"


def work_runs_when_the_runtime_promises(client: Client) -> None:
    name = new_name()

    promise = text_of(client.request("GET", f"/wait-until/{name}/sync"))

    assert promise in {each.value for each in Promise}
    assert count_of(client, name) == 1


@case(
    "capabilities",
    needs=Capability.BACKGROUND,
    otherwise=work_runs_when_the_runtime_promises,
)
def work_runs_behind_the_answer(client: Client) -> None:
    name = new_name()

    promise = text_of(client.request("GET", f"/wait-until/{name}/sync"))

    assert promise != Promise.BEFORE_RESPONSE.value
    assert count_of(client, name) == 1


@case("capabilities")
def a_file_can_be_written_and_read(client: Client) -> None:
    # Each isolate of a Worker has files of its own, in memory.
    assert text_of(client.request("GET", "/capabilities/filesystem")) == "written"


def a_connection_is_opened_or_refused(client: Client) -> None:
    assert text_of(client.request("GET", "/capabilities/sockets")) in ("connected", "refused")


@case("capabilities", needs=Capability.SOCKETS, otherwise=a_connection_is_opened_or_refused)
def a_connection_can_be_opened(client: Client) -> None:
    assert text_of(client.request("GET", "/capabilities/sockets")) == "connected"


@case("capabilities")
def early_hints_are_not_sent_where_they_are_absent(client: Client) -> None:
    support = platform(client)["capabilities"]["early_hints"]

    sent = text_of(client.request("GET", "/early-hints"))

    assert sent == "false" or support != "absent"
