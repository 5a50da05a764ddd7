"""`URL` against the records of the Web Platform Tests, and what those leave open."""

import json
import sys
from pathlib import Path
from typing import NotRequired, TypedDict, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico._url import URL, URLError
from portico._url_parser import parse_url
from portico._url_plain import parse_plain_url
from portico._url_record import URLRecord

WPT = Path(__file__).parent / "data" / "wpt"

# Records, by their place among the records of the file, in which the `idna` package disagrees with
# the standard's Unicode data. There are none.
EXCLUDED_URL_RECORDS: frozenset[int] = frozenset()
EXCLUDED_SETTER_RECORDS: frozenset[tuple[str, int]] = frozenset()

# Those that need the `idna` package: their hosts have non-ASCII characters and must parse.
URL_RECORDS_THAT_NEED_IDNA = frozenset(
    (46, 277, 287, 299, 304, 305, 316, 496, 497, 728, 729, 730, 805)
)
SETTER_RECORDS_THAT_NEED_IDNA = frozenset((("host", 10), ("host", 56), ("hostname", 38)))

PARTS = (
    "href", "origin", "protocol", "username", "password", "host", "hostname", "port", "pathname",
    "search", "hash",
)  # fmt: skip


class UrlTest(TypedDict):
    input: str
    base: str | None
    failure: NotRequired[bool]
    searchParams: NotRequired[str]


class SetterTest(TypedDict):
    href: str
    new_value: str
    expected: dict[str, str]


def read_url_tests() -> list[UrlTest]:
    records = json.loads((WPT / "urltestdata.json").read_text("utf-8"))
    return [record for record in records if not isinstance(record, str)]


def read_setter_tests() -> dict[tuple[str, int], SetterTest]:
    records = json.loads((WPT / "setters_tests.json").read_text("utf-8"))
    del records["comment"]
    return {(name, i): test for name, tests in records.items() for i, test in enumerate(tests)}


URL_TESTS = read_url_tests()
SETTER_TESTS = read_setter_tests()


def parts_of(url: URL) -> dict[str, str]:
    return {part: cast("str", getattr(url, part)) for part in PARTS}


def url_test_passes(test: UrlTest) -> bool:
    url = URL.parse(test["input"], test["base"])
    if url is None or "failure" in test:
        return url is None and "failure" in test
    expected = {name: value for name, value in test.items() if name in PARTS}
    return (
        parts_of(url).items() >= expected.items()
        and str(url.search_params) == test.get("searchParams", str(url.search_params))
    )  # fmt: skip


def setter_test_passes(attribute: str, test: SetterTest) -> bool:
    url = URL(test["href"])
    setattr(url, attribute, test["new_value"])
    return parts_of(url).items() >= test["expected"].items()


def failing_url_tests() -> frozenset[int]:
    return frozenset(i for i, test in enumerate(URL_TESTS) if not url_test_passes(test))


def failing_setter_tests() -> frozenset[tuple[str, int]]:
    return frozenset(
        place for place, test in SETTER_TESTS.items() if not setter_test_passes(place[0], test)
    )


def without_idna(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "idna", None)
    monkeypatch.delitem(sys.modules, "portico._url_idna", raising=False)


def components(record: URLRecord) -> dict[str, object]:
    return {name: getattr(record, name) for name in URLRecord.__slots__}


def test_all_891_url_records_of_the_web_platform_tests_pass() -> None:
    failing = failing_url_tests()

    assert failing == EXCLUDED_URL_RECORDS
    assert len(URL_TESTS) - len(failing) == 891


def test_all_278_setter_records_of_the_web_platform_tests_pass() -> None:
    failing = failing_setter_tests()

    assert failing == EXCLUDED_SETTER_RECORDS
    assert len(SETTER_TESTS) - len(failing) == 278


def test_without_the_idna_package_only_hosts_with_non_ascii_characters_fail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_idna(monkeypatch)

    assert failing_url_tests() == URL_RECORDS_THAT_NEED_IDNA
    assert failing_setter_tests() == SETTER_RECORDS_THAT_NEED_IDNA


def test_the_error_for_a_non_ascii_host_names_the_extra_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_idna(monkeypatch)

    with pytest.raises(URLError, match=r"Install `portico\[idna\]`"):
        URL("https://bücher.example/")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("bücher.example", "xn--bcher-kva.example"),
        ("☕.example", "xn--53h.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("BÜCHER。example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.é", "xn--bcher-kva.xn--9ca"),
        ("a--b.é", "a--b.xn--9ca"),
        ("-é-", "xn-----bja"),
        ("é..com", "xn--9ca..com"),
        ("é.", "xn--9ca."),
        ("\u0646\u0627\u0645\u0647\u200c\u0627\u06cc", "xn--mgba3gch31f060k"),
        ("\u05d0.\u05d1", "xn--4db.xn--5db"),
    ],
)
def test_a_non_ascii_host_is_mapped_by_uts_46_and_not_by_idna_2008(
    host: str, expected: str
) -> None:
    assert URL(f"https://{host}/").hostname == expected


@pytest.mark.parametrize(
    "host",
    [
        "xn--pokxncvks.é",  # Punycode of code points that mapping would change
        "xn--a-.é",  # Punycode of ASCII alone
        "xn--.é",
        "xn--é",
        "\u0301a.com",  # a leading combining mark
        "a\u200db.com",  # a joiner out of its context
        "1\u05d0.com",  # a right-to-left label may not begin with a digit
        "\u05d0.1a",  # nor may another label beside it
        "é.%2f",
        "é.1",
        "\ud800.com\U0001f4a9\ufdd0",
        "é" * 1100,
    ],
)
def test_a_non_ascii_host_that_uts_46_refuses_is_an_error(host: str) -> None:
    assert not URL.can_parse(f"https://{host}/")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("/users", "no scheme and no base"),
        ("http://", "has no host"),
        ("http://a b/", "contains ' '"),
        ("http://[::1", "lacks its closing bracket"),
        ("http://[1:2]", "no IPv6 address"),
        ("http://1.2.3.4.5/", "no IPv4 address"),
        ("http://a:x/", "not a number"),
        ("http://a:65536/", "out of range"),
    ],
)
def test_an_error_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(URLError, match=message):
        URL(text)


def test_an_error_shows_only_the_start_of_a_long_value() -> None:
    with pytest.raises(URLError) as caught:
        URL("http://" + "a " * 100_000)

    assert len(str(caught.value)) < 500


def test_a_url_error_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="no scheme"):
        URL("")


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/users/42?verbose=true",
        "http://localhost:8000",
        "http://127.0.0.1:54321/a/b?c=d&e=%20#f",
        "https://api.example.com:443/a.b/c..d/%41?q=a+b&c[]=1",
        "http://a_b.example-1.com/?#",
    ],
)
def test_an_ordinary_url_takes_the_short_way(text: str) -> None:
    assert parse_plain_url(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "http://1.2.3/",
        "http://a.0x1/",
        "http://01.2.3.4/",
        "http://256.1.1.1/",
        "http://example.com./",
        "http://Example.com/",
        "http://a:070/",
        "http://a:65536/",
        "http://a/b/../c",
        "http://a/%2e",
        "http://a\\b",
        "http://a/b\n",
        "http://a/'?'",
        "http://a/é",
        "http://u@a/",
    ],
)
def test_a_url_that_the_parser_may_change_or_refuse_takes_the_long_way(text: str) -> None:
    assert parse_plain_url(text) is None


def test_the_short_way_agrees_with_the_parser_on_every_record() -> None:
    texts = {test[key] or "" for test in URL_TESTS for key in ("input", "base")}
    texts |= {test["href"] for test in SETTER_TESTS.values()}
    plain = {text: record for text in texts if (record := parse_plain_url(text))}

    assert len(plain) > 40
    assert all(components(plain[text]) == components(parse_url(text)) for text in plain)


HOST = st.one_of(
    st.sampled_from(("localhost", "a.b-c", "x_1.y2", "127.0.0.1")),
    st.lists(st.text("ab-_019xX", min_size=1, max_size=4), min_size=1, max_size=4).map(".".join),
    st.lists(st.integers(0, 300).map(str), min_size=3, max_size=5).map(".".join),
)
PORT = st.just("") | st.integers(0, 70_000).map(":{}".format) | st.sampled_from((":80", ":08"))
SEGMENT = st.one_of(
    st.text("aZ09-._~!$&'()*+,;=:@[]|%", max_size=4),
    st.sampled_from(("", ".", "..", "%2e", ".%2E", "%41", "a.", ".a", "\\", "^", "a b", "\x7f")),
)
PATH = st.lists(SEGMENT, max_size=3).map(lambda segments: "".join(f"/{s}" for s in segments))
REST = st.text("ab/?=&+%[]\\^`{|}~.;@", max_size=6) | st.text(max_size=3)
LIKELY_PLAIN = st.builds(
    "{}://{}{}{}{}{}".format,
    st.sampled_from(("http", "https")),
    HOST,
    PORT,
    PATH,
    st.just("") | REST.map("?{}".format),
    st.just("") | REST.map("#{}".format),
)


@settings(deadline=None, max_examples=500)  # about one in six takes the short way
@given(LIKELY_PLAIN)
def test_the_short_way_agrees_with_the_parser(text: str) -> None:
    record = parse_plain_url(text)

    assert record is None or components(record) == components(parse_url(text))


ANY_CHARACTER = st.characters(exclude_categories=())
ANYTHING = st.builds(
    "{}{}{}".format,
    st.sampled_from(("", "http:", "https://", "file:///", "file:", "a:", "a://", "a:/", "ws://[")),
    st.text("/\\:@?#%.[]|0aC \t" + "é\u3002", max_size=10),
    st.text(ANY_CHARACTER, max_size=5),
)


@settings(deadline=None)
@given(ANYTHING, st.none() | ANYTHING)
def test_any_text_is_a_url_or_a_url_error_and_a_url_is_its_own_normal_form(
    text: str, base: str | None
) -> None:
    url = URL.parse(text, base)

    assert url is None or URL(url.href).href == url.href


@settings(deadline=None)
@given(ANYTHING, st.sampled_from(PARTS[2:]), ANYTHING)
def test_a_setter_never_raises_and_leaves_a_url(text: str, part: str, value: str) -> None:
    url = URL.parse(text) or URL("https://example.com/")

    setattr(url, part, value)

    assert URL.can_parse(url.href)


@pytest.mark.parametrize(
    "text",
    [
        "http://a/" + "../b/" * 100_000,
        "http://a/" + "\\" * 500_000,
        "http://" + "@" * 500_000 + "a/",
        "http://[" + ":" * 500_000 + "]/",
        "http://" + "1." * 250_000,
        "http://" + "9" * 500_000,
        "http://" + "a." * 250_000 + "!",
        "http://a:" + "0" * 500_000 + "/",
        "blob:" * 100_000 + "http://a/",
    ],
    ids=lambda text: f"{text[:12]}...",
)
def test_half_a_megabyte_is_parsed_in_linear_time(text: str) -> None:
    # A fraction of a second each; quadratic work would take many minutes.
    url = URL.parse(text)

    assert url is None or url.origin


def test_setting_href_to_no_url_raises_and_changes_nothing() -> None:
    url = URL("https://example.com/a?b=c")

    with pytest.raises(URLError):
        url.href = "nothing"

    assert url.href == "https://example.com/a?b=c"


def test_a_base_may_be_a_url_or_text() -> None:
    base = URL("https://example.com/a/b?c#d")

    assert URL("../e", base).href == URL("../e", str(base)).href == "https://example.com/e"


def test_a_base_that_is_no_url_is_an_error_even_for_an_absolute_url() -> None:
    assert not URL.can_parse("https://example.com/", "nothing")


def test_a_url_resolved_against_a_base_does_not_share_changes_with_it() -> None:
    base = URL("https://example.com/a?b")
    url = URL("#c", base)

    url.pathname = "/changed"
    url.search = ""

    assert base.href == "https://example.com/a?b"


def test_changing_the_search_params_changes_the_url() -> None:
    url = URL("https://example.com/?a=1#top")

    url.search_params.append("b", "x y")

    assert url.href == "https://example.com/?a=1&b=x+y#top"


def test_removing_the_last_search_param_removes_the_query() -> None:
    url = URL("https://example.com/?a=1")

    url.search_params.delete("a")

    assert url.href == "https://example.com/"


def test_reading_the_search_params_leaves_the_query_as_it_was_written() -> None:
    url = URL("https://example.com/?a=~%7e b")

    assert url.search_params.get("a") == "~~ b"
    assert url.search == "?a=~%7e%20b"


@pytest.mark.parametrize(("part", "value"), [("search", "?b=2"), ("href", "http://other/?b=2")])
def test_changing_the_url_changes_the_same_search_params(part: str, value: str) -> None:
    url = URL("https://example.com/?a=1")
    params = url.search_params

    setattr(url, part, value)
    params.append("c", "3")

    assert url.search_params is params
    assert url.search == "?b=2&c=3"


def test_urls_are_equal_when_their_href_is() -> None:
    url = URL("HTTPS://EXAMPLE.com:443")

    assert url == URL("https://example.com/")
    assert url != URL("https://example.com/#")
    assert url != "https://example.com/"


def test_a_url_has_no_hash_because_it_can_change() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(URL("https://example.com/"))


def test_a_url_shows_its_href() -> None:
    url = URL("https://example.com")

    assert (str(url), repr(url)) == ("https://example.com/", "URL('https://example.com/')")


def test_a_url_has_no_other_attributes() -> None:
    with pytest.raises(AttributeError):
        setattr(URL("https://example.com"), "path", "/")  # noqa: B010 - the checkers see the plain form
