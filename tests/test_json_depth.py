"""Nesting is measured before a parser recurses into it."""

import json

import pytest

from portico._json_depth import MAX_DEPTH, is_too_deep


@pytest.mark.parametrize(
    ("text", "deep"),
    [
        (b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, False),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), True),
        (b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1), True),
        (b'[{"a":' * MAX_DEPTH, True),
        (b"[" * 100_000, True),
        (b"[" + b"[]," * 100_000 + b"1]", False),
        (b"[" + b'{"a":[{}]},' * 10_000 + b"1]", False),
        (b'"' + b"[" * 100_000 + b'"', False),
        (b'["\\"' + b"[" * 100_000 + b'"]', False),
        (b'"' + b'\\"' * 100_000 + b"[" * 1000, False),
        (b'["]]]]",' * (MAX_DEPTH + 1), True),
        (b'["}]",' * 100 + b"[" * MAX_DEPTH, True),
        (b"", False),
    ],
    ids=lambda value: f"{len(value)}" if isinstance(value, bytes) else None,
)
def test_brackets_inside_texts_do_not_count(text: bytes, deep: bool) -> None:
    assert is_too_deep(text) is deep


def test_a_document_of_many_values_is_not_deep() -> None:
    document = json.dumps([{"name": "[{", "tags": [{"n": n}]} for n in range(5000)])

    assert not is_too_deep(document.encode())
