"""`portico check --target`: what would fail on a runtime, and what would not be the same there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Final, Literal, NamedTuple

from portico import Portico
from portico.contract import ABSENT, NATIVE, Capabilities, Capability, Support
from portico.needs import Need, RouteNeeds

TARGETS: Final = ("asgi", "wsgi", "lambda", "cloudflare")

Verdict = Literal["fails", "degrades", "works"]


class Target(NamedTuple):
    """A runtime, as its adapter declares it.

    Attributes:
        name: one of `TARGETS`.
        capabilities: the table of the adapter.
        degradations: what happens in place of each that is not native.
    """

    name: str
    capabilities: Capabilities
    degradations: Mapping[Capability, str]

    @classmethod
    def of(cls, name: str) -> Target:
        """The runtime of that name."""
        adapter = import_module(f"portico_{name}")
        degradations = import_module(f"portico_{name}.degradations").DEGRADATIONS
        return cls(name, adapter.CAPABILITIES, degradations)


class Finding(NamedTuple):
    """A need that a runtime does not have natively.

    Attributes:
        need: what is needed, and why.
        support: how the runtime has it.
        instead: what happens there, as a sentence without its stop.
    """

    need: Need
    support: Support
    instead: str

    @property
    def fails(self) -> bool:
        """Whether the adapter refuses the application for it."""
        return self.need.is_declared and self.support is ABSENT


class Judged(NamedTuple):
    """One route on one runtime."""

    route: RouteNeeds
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of its findings."""
        if any(finding.fails for finding in self.findings):
            return "fails"
        return "degrades" if self.findings else "works"


def judged(app: Portico, target: Target) -> list[Judged]:
    """Every route of the application, with what it does not find on the runtime."""
    return [Judged(route, tuple(_findings(route, target))) for route in app.needs]


def _findings(route: RouteNeeds, target: Target) -> Iterator[Finding]:
    for need in route.needs:
        support = target.capabilities[need.capability]
        if support is not NATIVE:
            instead = target.degradations.get(need.capability, "")
            yield Finding(need, support, instead)


def as_json(target: Target, routes: list[Judged]) -> dict[str, object]:
    """The same for tools."""
    return {
        "target": target.name,
        "routes": [
            {
                "method": each.route.method,
                "path": each.route.path,
                "where": each.route.where,
                "verdict": each.verdict,
                "is_open": each.route.is_open,
                "findings": [
                    {
                        "capability": finding.need.capability.value,
                        "support": finding.support.value,
                        "declared": finding.need.is_declared,
                        "fails": finding.fails,
                        "why": finding.need.why,
                        "instead": finding.instead,
                    }
                    for finding in each.findings
                ],
            }
            for each in routes
        ],
    }


def as_text(target: Target, routes: list[Judged]) -> Iterator[str]:
    """A paragraph for each route that would fail or degrade, and a line that sums up."""
    for each in routes:
        if each.findings:
            name = f"{each.route.method} {each.route.path}".strip() or "the application"
            where = f"  ({each.route.where})" if each.route.where else ""
            yield f"{target.name}: {name} {each.verdict}{where}"
        for finding in each.findings:
            capability = finding.need.capability.value
            if finding.fails:
                yield f"    {capability} is absent, and {finding.need.why}: it is refused there"
            else:
                yield f"    {capability} is {finding.support.value}: {finding.need.why}"
            yield f"        {finding.instead}"
    yield f"{target.name}: {_sum(routes)}"


def _sum(routes: list[Judged]) -> str:
    served = [each for each in routes if each.route.method]
    counts = {
        verdict: sum(each.verdict == verdict for each in served)
        for verdict in ("fails", "degrades", "works")
    }
    unseen = sum(each.route.is_open for each in served)
    text = (
        f"{len(served)} route{'' if len(served) == 1 else 's'}: {counts['fails']} would fail, "
        f"{counts['degrades']} would degrade, {counts['works']} as ever"
    )
    hands = "hands its" if unseen == 1 else "hand their"
    return f"{text}; {unseen} {hands} context on, which is not followed" if unseen else text
