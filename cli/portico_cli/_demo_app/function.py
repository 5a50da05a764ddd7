"""`portico_cli._demo_app.function.handler` for AWS Lambda."""

from portico_cli._demo_app import app
from portico_lambda import Lambda

handler = Lambda(app)
