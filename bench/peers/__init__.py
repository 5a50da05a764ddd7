"""The same routes in the peers, one file each. Each is run in an environment of its own."""
