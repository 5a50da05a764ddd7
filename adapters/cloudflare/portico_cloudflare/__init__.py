"""Portico on Cloudflare Workers: `Default = Worker(app)` in the Worker's main module."""

from portico_cloudflare._entrypoint import Entrypoint
from portico_cloudflare._handler import Worker
from portico_cloudflare._platform import CAPABILITIES, EVENT_KINDS, WorkerPlatform, WorkerRaw
from portico_cloudflare._request import WorkerRequest

__all__ = [
    "CAPABILITIES",
    "EVENT_KINDS",
    "Entrypoint",
    "Worker",
    "WorkerPlatform",
    "WorkerRaw",
    "WorkerRequest",
]
