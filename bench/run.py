"""Run the benchmark: `python3 bench/run.py`, `python3 bench/run.py --help`."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from bench._command import main

    sys.exit(main(sys.argv[1:]))
