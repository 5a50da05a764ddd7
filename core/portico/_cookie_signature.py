"""Signatures of cookies: `value.signature`, by HMAC with SHA-256 (RFC 2104)."""

from __future__ import annotations

from collections.abc import Sequence


def signed(name: str, value: str, secret: str) -> str:
    """The value, a dot, and its signature: base64url without padding (RFC 4648 section 5).

    What is signed is `cookie:NAME=VALUE` in UTF-8. The name is a part of it, so that a signed
    value does not count under another name; the label keeps signatures of other things that were
    made with the same secret apart.
    """
    return f"{value}.{_signature(name, value, secret).decode()}"


def verified(name: str, text: str, secrets: Sequence[str | None]) -> tuple[str | None, bool]:
    """The value of a signed text, or None, and whether its signature is of the first secret.

    A None among the secrets admits a text that no secret has signed, as it is.
    """
    from hmac import compare_digest

    value, dot, signature = text.rpartition(".")
    given = signature.encode("utf-8", "surrogatepass")
    for index, secret in enumerate(secrets):
        # The texts are compared and not what they encode: base64 has several forms of one value.
        if dot and secret and compare_digest(given, _signature(name, value, secret)):
            return value, index == 0
    return (text if None in secrets else None), False


def _signature(name: str, value: str, secret: str) -> bytes:
    from base64 import urlsafe_b64encode
    from hmac import digest

    # Events of platforms are JSON, which can hold what UTF-8 cannot; it has a signature as well.
    message = f"cookie:{name}={value}".encode("utf-8", "surrogatepass")
    code = digest(secret.encode("utf-8", "surrogatepass"), message, "sha256")
    return urlsafe_b64encode(code).rstrip(b"=")
