"""A folder of static files that the application makes itself, so that it is everywhere."""

import os
import sys
from shutil import rmtree
from typing import Final
from zlib import crc32

from portico_conformance.application._app import app
from portico_plugins import static

PAGE: Final = "<!doctype html><title>A page</title>"
SCRIPT: Final = "console.log('a script')\n" * 40
LARGE: Final = bytes(range(256)) * 800
"""More than is sent in one piece, and less than what every gateway takes."""

SECRET: Final = "a secret beside the folder"


FILES: Final = {
    "public/index.html": PAGE.encode(),
    "public/docs/index.html": PAGE.encode(),
    "public/docs/a b.txt": b"0123456789",
    "public/app.js": SCRIPT.encode(),
    "public/app.js.br": b"as if by brotli \x00\xff",
    "public/app.js.gz": b"as if by gzip \x00\xff",
    "public/app.0a1b2c3d.css": b"body {}",
    "public/large.bin": LARGE,
    "public/empty/a.txt": b"",
    "public/.env": SECRET.encode(),
    "secret.txt": SECRET.encode(),
}

# The name says what is in it, so that whichever process comes first makes it for all.
ROOT: Final = os.path.join(
    # Not by `tempfile`, which wants entropy, and an import on Workers has none.
    os.environ.get("TMPDIR", "/tmp"),
    f"portico-conformance-static-{crc32(repr(FILES).encode()):08x}",
)


def make_folder() -> None:
    """Make the folder, where nobody has yet."""
    if os.path.isdir(ROOT):
        return
    part = f"{ROOT}-{os.getpid()}"
    for name, content in FILES.items():
        os.makedirs(os.path.dirname(os.path.join(part, name)), exist_ok=True)
        with open(os.path.join(part, name), "wb") as file:
            file.write(content)
    os.symlink("../secret.txt", os.path.join(part, "public", "out.txt"))
    os.symlink("docs", os.path.join(part, "public", "in"))
    try:
        os.rename(part, ROOT)
    except OSError:  # another process was faster
        rmtree(part)


@app.on_start
def make_folder_of_isolate() -> None:
    """On Workers the file system is in memory, and no part of a snapshot."""
    make_folder()


if sys.platform != "emscripten":
    make_folder()
FOLDER: Final = os.path.join(ROOT, "public")

app.use(static("/static", directory=FOLDER, cache_control="no-cache", immutable=r"\.[0-9a-f]{8}\."))
app.use(static("/pages", directory=FOLDER, fallback="index.html", precompressed=False))
