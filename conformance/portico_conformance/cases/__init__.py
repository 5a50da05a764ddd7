"""The cases, a module for each group; importing this package registers all of them."""

from portico_conformance.cases import (
    answers,
    binding,
    bodies,
    cookies,
    errors,
    forms,
    headers,
    hosts,
    json,
    large,
    methods,
    paths,
    platform,
    queries,
    statuses,
    streams,
)

__all__ = [
    "answers",
    "binding",
    "bodies",
    "cookies",
    "errors",
    "forms",
    "headers",
    "hosts",
    "json",
    "large",
    "methods",
    "paths",
    "platform",
    "queries",
    "statuses",
    "streams",
]
