"""Portico behind Lambda, where the first hit of each route checks what `check()` would."""

from bench.applications.portico_lambda_sync import application
from portico_lambda import Lambda

app = Lambda(application, check="deferred")
