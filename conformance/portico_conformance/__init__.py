"""The conformance suite: cases written once, run behind every adapter.

`pytest --pyargs portico_conformance` runs it; `portico_conformance.plugin` says how to run it on an
adapter of your own. Nothing is imported here, so that `python -m portico_conformance.components`
runs in an interpreter that has nothing installed.
"""

__all__: list[str] = []
