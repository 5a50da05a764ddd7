"""Portico's performance, measured side by side with its peers; see `bench/README.md`."""
