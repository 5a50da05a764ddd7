"""What the event loop gives to the thread that waits for it."""

import threading
from collections.abc import Callable

import pytest

from portico_wsgi._reply import Reply


def test_a_result_wakes_who_waits_once() -> None:
    woken: list[bool] = []
    reply = Reply(lambda: woken.append(reply.done()))

    assert not reply.done()
    reply.set_result("given")

    assert (reply.result(), reply.exception(), woken) == ("given", None, [True])


def test_an_exception_is_raised_where_the_reply_is_waited_for() -> None:
    error, reply = LookupError("given"), Reply()

    reply.set_exception(error)

    assert (reply.done(), reply.exception()) == (True, error)
    with pytest.raises(LookupError, match="given"):
        reply.result()


def give_a_result(reply: Reply) -> None:
    reply.set_result(2)


def give_an_exception(reply: Reply) -> None:
    reply.set_exception(LookupError())


@pytest.mark.parametrize("again", [give_a_result, give_an_exception])
def test_a_reply_that_was_given_stays(again: Callable[[Reply], None]) -> None:
    woken: list[str] = []
    reply = Reply(lambda: woken.append("woken"))
    reply.set_result(1)

    with pytest.raises(RuntimeError, match="second time"):
        again(reply)

    assert (reply.result(), woken) == (1, ["woken"])


def test_a_thread_that_waits_for_a_lock_gets_what_another_gave() -> None:
    given = threading.Lock()
    given.acquire()
    reply = Reply(given.release)

    threading.Thread(target=reply.set_result, args=("given",)).start()

    assert given.acquire(timeout=10)
    assert reply.result() == "given"
