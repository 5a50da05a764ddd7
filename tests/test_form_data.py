"""`FormData`, by the XHR Standard, and its two encodings."""

from __future__ import annotations

from typing import Any

import pytest

from portico._blob import Blob, File
from portico._form_data import (
    FormData,
    encode_multipart,
    encode_urlencoded,
    multipart_blob,
    new_boundary,
)
from portico._multipart import read_form_sync


def test_entries_keep_their_order_and_their_duplicates() -> None:
    form = FormData([("a", "1"), ("b", "2"), ("a", "3")])

    assert list(form) == form.items() == [("a", "1"), ("b", "2"), ("a", "3")]
    assert form.keys() == ["a", "b", "a"]
    assert form.values() == ["1", "2", "3"]
    assert len(form) == 3


def test_get_gives_the_first_and_get_all_every_value() -> None:
    form = FormData([("a", "1"), ("b", ""), ("a", "3")])

    assert (form.get("a"), form["a"], form.get_all("a")) == ("1", "1", ["1", "3"])
    assert (form.get("b"), form["b"]) == ("", "")
    assert (form.get("c"), form.get("c", "d"), form.get_all("c")) == (None, "d", [])
    with pytest.raises(KeyError):
        form["c"]


def test_has_and_in_ask_for_a_name() -> None:
    form = FormData([("a", "1")])

    assert form.has("a")
    assert "a" in form
    assert not form.has("A")
    assert ("a", "1") not in form


def test_delete_removes_every_entry_of_a_name() -> None:
    form = FormData([("a", "1"), ("b", "2"), ("a", "3")])

    form.delete("a")
    form.delete("c")

    assert list(form) == [("b", "2")]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a", [("a", "9"), ("b", "2")]),
        ("b", [("a", "1"), ("b", "9"), ("a", "3")]),
        ("c", [("a", "1"), ("b", "2"), ("a", "3"), ("c", "9")]),
    ],
)
def test_set_replaces_in_place_or_appends(name: str, expected: list[tuple[str, str]]) -> None:
    form = FormData([("a", "1"), ("b", "2"), ("a", "3")])

    form.set(name, "9")

    assert list(form) == expected


def test_a_blob_becomes_a_file() -> None:
    form = FormData()
    form.append("a", Blob([b"x"], type="text/plain"))
    form.append("b", Blob([b"x"]), "b.txt")
    form.append("c", File([b"x"], "c.txt", last_modified=5))
    form.append("d", File([b"x"], "c.txt", type="text/csv", last_modified=5), "d.txt")
    form.set("e", Blob([b"x"]), "")

    files = [value for value in form.values() if isinstance(value, File)]

    assert [file.name for file in files] == ["blob", "b.txt", "c.txt", "d.txt", ""]
    assert [file.type for file in files] == ["text/plain", "", "", "text/csv", ""]
    assert [file.last_modified for file in files] == [0, 0, 5, 5, 0]
    assert [file.sync.bytes() for file in files] == [b"x"] * 5


@pytest.mark.parametrize("value", [1, None, b"x"])
def test_a_value_that_is_neither_text_nor_blob_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match=r"'a' got .*Convert"):
        FormData().append("a", value)


def test_a_file_name_for_a_text_is_refused() -> None:
    with pytest.raises(TypeError, match=r"'x\.txt'"):
        FormData().append("a", "text", "x.txt")


def test_texts_are_scalar_values() -> None:
    assert list(FormData([("\ud800", "\udc00")])) == [("\ufffd", "\ufffd")]


def test_a_form_can_change_while_it_is_iterated_over() -> None:
    form = FormData([("a", "1"), ("b", "2")])
    for name, _ in form:
        form.delete(name)

    assert len(form) == 0


def test_closing_a_form_closes_its_files() -> None:
    form = FormData([("a", "1"), ("f", File([b"x"], "f"))])
    file = form["f"]
    assert isinstance(file, File)

    form.close()

    with pytest.raises(ValueError, match="closed"):
        file.sync.bytes()


def test_a_repr_shows_names_and_no_values() -> None:
    assert repr(FormData([("user", "u"), ("password", "p"), ("user", "v")])) == (
        "FormData(user, password)"
    )


def test_a_form_encodes_as_multipart() -> None:
    form = FormData([("a", "1"), ("f", File([b"\x00"], "x.png", type="image/png"))])
    form.append("g", Blob([]), "é.txt")

    assert encode_multipart(form, "B") == (
        b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
        b'--B\r\nContent-Disposition: form-data; name="f"; filename="x.png"\r\n'
        b"Content-Type: image/png\r\n\r\n\x00\r\n"
        b'--B\r\nContent-Disposition: form-data; name="g"; filename="\xc3\xa9.txt"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n\r\n"
        b"--B--\r\n"
    )
    assert encode_multipart(FormData(), "B") == b"--B--\r\n"


def test_line_breaks_are_normalised_but_not_in_files_and_their_names() -> None:
    form = FormData([("a\nb", "c\rd\r\ne\n\r"), ("f", File([b"\n"], "x\ny"))])

    body = encode_multipart(form, "B")

    assert b'name="a%0D%0Ab"\r\n\r\nc\r\nd\r\ne\r\n\r\n\r\n--B' in body
    assert b'filename="x%0Ay"' in body
    assert b"\r\n\r\n\n\r\n--B--" in body


def test_what_was_encoded_decodes_to_the_same() -> None:
    boundary = new_boundary()
    form = FormData(
        [
            ('q"uo;te\\', "é\r\n--x"),
            ("", ""),
            ("100%22?", "%0A"),
            ("file", File([bytes(range(256)) * 400], 'na"me\\;\r\n.bin', type="a/b")),
            ("file", File([], "")),
        ]
    )

    body = multipart_blob(form, boundary)
    decoded = read_form_sync(body.sync.stream(), f"multipart/form-data; boundary={boundary}")

    assert body.size == len(encode_multipart(form, boundary))
    assert [name for name, _ in decoded] == ['q"uo;te\\', "", '100"?', "file", "file"]
    assert decoded.values()[:3] == ["é\r\n--x", "", "%0A"]
    for sent, received in zip(form.values()[3:], decoded.values()[3:], strict=True):
        assert isinstance(sent, File)
        assert isinstance(received, File)
        assert received.name == sent.name
        assert received.type == (sent.type or "application/octet-stream")
        assert received.sync.bytes() == sent.sync.bytes()


def test_a_new_boundary_is_valid_and_never_the_same() -> None:
    boundaries = {new_boundary() for _ in range(100)}

    assert len(boundaries) == 100
    assert all(encode_multipart(FormData(), boundary) for boundary in boundaries)


@pytest.mark.parametrize("boundary", ["", "b" * 71, "b ", "a\r\nb", 'a"b', "é"])
def test_a_boundary_that_could_not_be_sent_is_refused(boundary: str) -> None:
    with pytest.raises(ValueError, match="boundary"):
        encode_multipart(FormData(), boundary)


def test_a_form_encodes_as_urlencoded_with_file_names_for_files() -> None:
    form = FormData([("a b", "1&2\n"), ("é", "~*"), ("f", File([b"x"], "x.txt"))])

    assert encode_urlencoded(form) == b"a+b=1%262%0D%0A&%C3%A9=%7E*&f=x.txt"
