"""Known differences: where a server or platform does something else by itself, and why.

Each is held as a strict expected failure: the suite is red when the difference is gone. What our
core or an adapter does wrong does not belong here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

__all__ = ["DIFFERENCES", "Difference", "differences_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Cases that come out otherwise on some rows.

    Attributes:
        cases: the cases' names, each with `*` for anything.
        rows: the rows' ids, each with `*` for anything.
        reason: what does it, and how it shows.
        hangs: whether it shows as silence, which the case then waits for a short time only.
    """

    cases: tuple[str, ...]
    rows: tuple[str, ...]
    reason: str
    hangs: bool = False

    def is_about_case(self, name: str) -> bool:
        """Whether the case is one of these."""
        return _matcher(self.cases)(name) is not None

    def is_about_row(self, identifier: str) -> bool:
        """Whether the row is one of these."""
        return _matcher(self.rows)(identifier) is not None


def differences_of(row: str) -> list[Difference]:
    """The known differences of a row."""
    return [known for known in DIFFERENCES if known.is_about_row(row)]


@cache
def _matcher(patterns: tuple[str, ...]) -> Callable[[str], re.Match[str] | None]:
    alternatives = (re.escape(pattern).replace(r"\*", ".*") for pattern in patterns)
    return re.compile("|".join(alternatives)).fullmatch


_SERVERS = (
    # The answer
    Difference(
        cases=(
            "a_stream_that_fails_midway_never_looks_complete*",
            "a_generator_that_fails_after_its_last_value_never_looks_complete*",
            "a_commit_that_fails_behind_a_stream_never_looks_complete*",
            "generators_see_that_their_stream_failed*",
            "bytes_among_events_never_look_complete*",
            "a_chunk_that_cannot_be_sent_never_looks_complete",
        ),
        rows=("wsgiref",),
        reason="wsgiref speaks HTTP/1.0: a body without a length ends with the connection",
    ),
    Difference(
        cases=(
            "a_stream_that_fails_midway_never_looks_complete*",
            "a_stream_that_breaks_its_declared_length_never_looks_complete[too-*",
            "a_generator_that_fails_after_its_last_value_never_looks_complete*",
            "a_commit_that_fails_behind_a_stream_never_looks_complete*",
            "generators_see_that_their_stream_failed*",
            "bytes_among_events_never_look_complete*",
            "a_chunk_that_cannot_be_sent_never_looks_complete",
        ),
        rows=("daphne",),
        reason="daphne says nothing more and keeps the connection when the application raises "
        "after the start of its answer",
        hangs=True,
    ),
    Difference(
        cases=("a_stream_does_not_run_ahead_of_a_slow_reader*",),
        rows=("daphne",),
        reason="daphne takes every chunk at once and keeps them all in memory",
    ),
    Difference(
        cases=("a_stream_does_not_run_ahead_of_a_slow_reader*",),
        rows=("hypercorn-http2",),
        reason="hypercorn's HTTP/2 wakes the application up whenever it finds that it may not send",
    ),
    Difference(
        cases=("a_status_without_a_body_has_none[204]",),
        rows=("wsgiref",),
        reason="wsgiref adds Content-Length: 0 to whatever has no body",
    ),
    Difference(
        cases=("a_latin_1_response_field_keeps_its_bytes",),
        rows=("granian-wsgi", "cloudflare", "workerd-*"),
        reason="granian's WSGI and the Workers runtime write header fields as UTF-8",
    ),
    # The request's body
    Difference(
        cases=(
            "a_chunked_body_is_read_whole*",
            "a_chunked_body_over_the_limit_is_a_413*",
            "the_handler_has_the_first_of_an_unknown_number_of_chunks",
        ),
        rows=("wsgiref",),
        reason="wsgiref does not know chunked bodies and gives no way to read them: the answer "
        "is a 411",
    ),
    Difference(
        cases=(
            "a_large_body_comes_back_as_it_is_read*",
            "a_stream_passes_through_a_mount_in_both_directions*",
        ),
        rows=("cheroot",),
        reason="cheroot throws away what is left of a request when its answer begins",
    ),
    Difference(
        cases=("an_empty_form_has_no_entries*",),
        rows=("daphne",),
        reason="Twisted reads forms by itself, and answers 400 where it cannot",
    ),
    Difference(
        cases=("an_absurd_content_length_is_refused[huge]",),
        rows=("daphne",),
        reason="Twisted waits for a body of any announced length before it calls the application",
        hangs=True,
    ),
    Difference(
        cases=("a_declared_body_without_a_type_is_taken_for_json*",),
        rows=("wsgiref",),
        reason="wsgiref says text/plain where a request has no Content-Type",
    ),
    Difference(
        cases=("two_content_lengths_that_differ_are_refused",),
        rows=("cheroot", "werkzeug", "wsgiref"),
        reason="of two lengths they take one, and do not say that there was another",
    ),
    # The request's fields and target
    Difference(
        cases=("a_latin_1_request_field_keeps_its_bytes", "the_last_event_id_is_utf_8*"),
        rows=("granian-wsgi",),
        reason="granian's WSGI gives an empty text for a value that is not ASCII",
    ),
    Difference(
        cases=("a_malformed_host_is_a_400[latin-1]",),
        rows=("granian-wsgi",),
        reason="granian's WSGI gives an empty text for a value that is not ASCII",
    ),
    Difference(
        cases=("a_latin_1_request_field_keeps_its_bytes",),
        rows=("cloudflare", "workerd-*"),
        reason="the Workers runtime reads header fields as UTF-8 and loses what is not",
    ),
    Difference(
        cases=("an_underscore_is_not_taken_for_a_hyphen",),
        rows=("granian-wsgi", "cheroot", "wsgiref"),
        reason="they make one variable of fields that differ in hyphen and underscore",
    ),
    Difference(
        cases=(
            "a_malformed_path_is_a_400[bad-utf-8]",
            "a_malformed_path_is_a_400[overlong-slash]",
            "a_malformed_path_is_a_400[surrogate]",
            "a_malformed_path_is_a_400[truncated-utf-8]",
        ),
        rows=("werkzeug",),
        reason="werkzeug's server replaces what is not UTF-8 in a path before anyone sees it",
    ),
)

_GATEWAYS = (
    Difference(
        cases=("an_event_stream_asks_nginx_not_to_collect_it*",),
        rows=("lambda-edge",),
        reason="CloudFront refuses the field",
    ),
    Difference(
        cases=(
            "a_head_answer_keeps_the_fields_of_get_and_has_no_body",
            "a_head_answer_of_json_has_its_length",
            "a_head_answer_is_that_of_get_without_its_body",
        ),
        rows=("lambda-rest", "lambda-emulator-rest", "lambda-runtime-rest", "lambda-edge"),
        reason="a REST API renames Content-Length, CloudFront refuses it: both write their own, "
        "of the body that a HEAD does not have",
    ),
    Difference(
        cases=(
            "a_list_takes_every_text_of_the_query*",
            "a_list_takes_every_value_of_its_name",
            "a_repeated_name_keeps_its_values_in_order",
        ),
        rows=("lambda-alb",),
        reason="a load balancer without multi-value headers keeps the last value of a query name",
    ),
    Difference(
        cases=(
            "a_stream_that_fails_midway_never_looks_complete*",
            "a_chunk_that_cannot_be_sent_never_looks_complete",
            "a_stream_that_breaks_its_declared_length_never_looks_complete[too-long-*",
            "bytes_among_events_never_look_complete*",
            "a_generator_that_fails_after_its_last_value_never_looks_complete*",
            "a_commit_that_fails_behind_a_stream_never_looks_complete*",
            "generators_see_that_their_stream_failed*",
        ),
        rows=("lambda-runtime-url", "lambda-runtime-rest"),
        reason="the emulator collects a streamed result, and does not look at the trailer fields "
        "by which a runtime says that it has broken off",
    ),
)

_MANGUM = (
    Difference(
        cases=(
            "a_malformed_host_is_a_400[bare-ipv6]",
            "a_malformed_host_is_a_400[close-bracket]",
            "a_malformed_host_is_a_400[open-bracket]",
            "a_malformed_host_is_a_400[password]",
            "a_malformed_host_is_a_400[port-letters]",
            "a_malformed_host_is_a_400[scheme]",
            "a_malformed_host_is_a_400[two-ports]",
            "a_host_is_seen_as_it_was_sent[ipv6*]",
        ),
        rows=("mangum",),
        reason="Mangum splits a Host at its colons and fails where it is not a name and a number",
    ),
    Difference(
        cases=("a_latin_1_request_field_keeps_its_bytes", "the_last_event_id_is_utf_8*"),
        rows=("mangum",),
        reason="Mangum encodes the fields of a request as UTF-8",
    ),
    Difference(
        cases=("a_latin_1_response_field_keeps_its_bytes",),
        rows=("mangum",),
        reason="Mangum decodes the fields of an answer as UTF-8 and fails where they are not",
    ),
    Difference(
        cases=("a_handler_declared_to_return_none_answers_204",),
        rows=("mangum",),
        reason="Mangum adds a Content-Type to an answer that has none",
    ),
    Difference(
        cases=("the_peer_is_an_address_with_its_source_or_unknown",),
        rows=("mangum",),
        reason="Mangum says that the peer's port is 0",
    ),
)

_CLOSE_SEEN = "a_close_handler_and_a_generator_see_how_a_connection_ended"

_SOCKETS = (
    Difference(
        cases=(f"{_CLOSE_SEEN}[lost]",),
        rows=("uvicorn-*", "granian-asgi"),
        reason="uvicorn and granian say of a lost connection that it was closed without a code",
    ),
    Difference(
        cases=(f"{_CLOSE_SEEN}[closed]", f"{_CLOSE_SEEN}[with a code of its own]"),
        rows=("hypercorn-asyncio", "hypercorn-trio"),
        reason="hypercorn says 1006 of every connection that the peer has closed",
    ),
    Difference(
        cases=(f"{_CLOSE_SEEN}[closed]",),
        rows=("granian-asgi", "daphne", "gunicorn-asgi"),
        reason="granian, daphne and gunicorn do not hand on the reason of a close",
    ),
    Difference(
        cases=("an_accepted_handshake_has_the_fields_and_cookies_that_were_set",),
        rows=("granian-asgi",),
        reason="granian leaves the fields of websocket.accept out of the handshake",
    ),
    Difference(
        cases=("an_accepted_handshake_has_the_fields_and_cookies_that_were_set",),
        rows=("daphne",),
        reason="daphne speaks ASGI 2.0, whose websocket.accept has no fields",
    ),
    Difference(
        cases=(
            "a_message_comes_back_as_it_was_sent[empty text]",
            "a_message_comes_back_as_it_was_sent[empty data]",
        ),
        rows=("daphne",),
        reason="daphne sends no message that is empty",
        hangs=True,
    ),
    Difference(
        cases=(
            "a_close_for_a_fault_names_its_place_and_what_was_expected",
            "a_handler_closes_with_a_code_and_a_reason_of_its_own",
        ),
        rows=("daphne",),
        reason="daphne speaks ASGI 2.0, whose websocket.close has no reason",
    ),
    Difference(
        cases=(
            "a_request_with_faults_is_refused_with_all_of_them",
            "an_early_answer_refuses_a_websocket",
            "a_path_without_a_websocket_is_404",
        ),
        rows=("daphne", "gunicorn-asgi"),
        reason="daphne and gunicorn have no denial response: every refusal is a 403",
    ),
    Difference(
        cases=(
            "a_message_that_is_wrong_closes_with_a_code_that_says_why*",
            "an_error_that_the_error_handler_lets_pass_closes",
            f"{_CLOSE_SEEN}[failing]",
        ),
        rows=("daphne",),
        reason="daphne (Autobahn) refuses to send codes but 1000 and those from 3000, and then "
        "keeps the connection without a word",
        hangs=True,
    ),
)

DIFFERENCES: tuple[Difference, ...] = (*_SERVERS, *_SOCKETS, *_GATEWAYS, *_MANGUM)
"""All of them; no two are about the same case on the same row."""
