"""`python -m portico_lambda main:app`: the runtime of a function, which can stream its answers.

It is the bootstrap of a custom runtime, the command of a container image, or what a wrapper script
(`AWS_LAMBDA_EXEC_WRAPPER`) runs in the place of AWS's runtime. Without a name it takes the
function's handler setting (`_HANDLER`).

`--buffered` sends every answer whole, as the result of the function: for a function URL whose
invoke mode is BUFFERED, and a REST API that does not stream. The variable
`PORTICO_LAMBDA_BUFFERED=1` does the same. Other services get whole answers in any case.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from portico_lambda._runtime_api import RuntimeApi
from portico_lambda._runtime_loop import serve, task_root

_USAGE = "usage: python -m portico_lambda [--buffered] module:attribute"


def main(arguments: Sequence[str]) -> None:
    """Run the function that the arguments, or the environment, name."""
    names = [each for each in arguments if not each.startswith("-")] or [
        os.environ.get("_HANDLER", "")
    ]
    address = os.environ.get("AWS_LAMBDA_RUNTIME_API")
    options = {each for each in arguments if each.startswith("-")}
    if options - {"--buffered"} or len(names) != 1 or not names[0]:
        raise SystemExit(_USAGE)
    if not address:
        raise SystemExit(
            "AWS_LAMBDA_RUNTIME_API is not set: this is the runtime of a Lambda function, and "
            "runs there, or in its emulator."
        )
    buffered = "--buffered" in options or os.environ.get("PORTICO_LAMBDA_BUFFERED") == "1"
    task_root()
    serve(names[0], RuntimeApi(address), streams=not buffered)


if __name__ == "__main__":
    main(sys.argv[1:])
