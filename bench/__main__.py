"""`python -m bench`, from the repository's root."""

import sys

from bench._command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
