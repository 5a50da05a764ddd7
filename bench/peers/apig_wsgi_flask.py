"""Flask behind apig-wsgi."""

from apig_wsgi import make_lambda_handler

from bench.peers.flask import app as application

app = make_lambda_handler(application)
