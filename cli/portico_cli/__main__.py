"""`python -m portico_cli` is the `portico` command."""

import sys

from portico_cli import main

sys.exit(main())
