"""Starlette behind Mangum."""

from mangum import Mangum

from bench.peers.starlette import app as application

app = Mangum(application, lifespan="off")
