"""FastAPI behind Mangum."""

from mangum import Mangum

from bench.peers.fastapi import app as application

app = Mangum(application, lifespan="off")
