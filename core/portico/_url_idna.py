"""Non-ASCII domains (URL Standard, section 3.3 "IDNA"), with the tables of the `idna` package.

This is ToASCII of UTS #46 with CheckHyphens, UseSTD3ASCIIRules, VerifyDnsLength and
Transitional_Processing false, CheckBidi and CheckJoiners true. It is not IDNA 2008, which
`idna.encode` implements and which refuses hosts that every browser accepts, such as `☕.example`.
"""

from __future__ import annotations

from typing import Final
from unicodedata import bidirectional

import idna

from portico._url_error import URLError

_JOINERS: Final = "\u200c\u200d"
_RIGHT_TO_LEFT: Final = frozenset(("R", "AL", "AN"))


def to_ascii(domain: str) -> str:
    """Map a domain with non-ASCII characters to its ASCII form, labels in Punycode.

    Raises:
        URLError: the domain is not valid.
    """
    try:
        mapped = idna.uts46_remap(domain, std3_rules=False)
        labels = [_to_unicode(label) for label in mapped.split(".")]
        _check_bidi(labels)
    except UnicodeError as error:  # `idna.IDNAError` is one, and so are the codec's
        raise URLError(f"A host is not valid ({error})", domain, "Correct the host.") from error
    return ".".join(map(_to_punycode, labels))


def _to_unicode(label: str) -> str:
    """Decode a Punycode label, and check any (UTS #46 section 4 "Processing", step 4)."""
    if label.startswith("xn--"):
        label = _from_punycode(label)
    if not label.isascii():
        idna.check_initial_combiner(label)
        for position, character in enumerate(label):
            if character in _JOINERS and not idna.valid_contextj(label, position):
                raise idna.InvalidCodepointContext(f"joiner at {position + 1} in {label!r}")
    return label


def _from_punycode(label: str) -> str:
    decoded = label[4:].encode("ascii").decode("punycode")
    # Only what mapping leaves as it is may stand in a label: this refuses other than valid code
    # points and what is not in Normalization Form C.
    if (
        decoded.isascii()
        or "." in decoded
        or decoded.startswith("xn--")
        or idna.uts46_remap(decoded, std3_rules=False) != decoded
    ):
        raise idna.IDNAError(f"{label!r} stands for no valid label")
    return decoded


def _check_bidi(labels: list[str]) -> None:
    # RFC 5893 section 2: the rule binds every label of a domain in which one has such a character.
    if any(bidirectional(character) in _RIGHT_TO_LEFT for label in labels for character in label):
        for label in filter(None, labels):
            idna.check_bidi(label, check_ltr=True)


def _to_punycode(label: str) -> str:
    return label if label.isascii() else f"xn--{label.encode('punycode').decode('ascii')}"
