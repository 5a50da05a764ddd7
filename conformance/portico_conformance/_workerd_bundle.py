"""The Pyodide bundle that `workerd` loads, assembled from the npm package `pyodide`.

`workerd` does not carry Python. For each release of it that it knows, it downloads a bundle and
checks its digest. One release, `dev`, it takes from its bundle cache as it is: the file
`pyodide_dev.capnp.bin`. That is made here, from the Pyodide that the release of the day is made of.

The file is one Cap'n Proto message (https://capnproto.org/encoding.html) of a single segment: a
list of three modules, Emscripten's loader, the interpreter and the standard library. The loader is
written for browsers. Five substitutions make it call what `workerd` has instead. Each must match as
often as it did in the version it was written for, so that an upgrade fails here and says where.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from portico_conformance.components import (
    PYODIDE_VERSION,
    WORKERD_VERSION,
    WorkerdPaths,
    cache_folder,
    publish,
)

BUNDLE_NAME = "pyodide_dev.capnp.bin"
"""What `workerd` takes for a Worker with the flag `python_workers_development`."""


class BundleError(Exception):
    """This Pyodide is not the one that the substitutions were written for."""


@dataclass(frozen=True, slots=True)
class Substitution:
    """A piece of Pyodide's loader, what takes its place, and how often it must be found."""

    found: str
    replacement: str
    count: int
    why: str


SUBSTITUTIONS = (
    Substitution(
        "new WebAssembly.Module",
        "newWasmModule",
        4,
        "A Worker may not compile WebAssembly; its own loader may, through this function.",
    ),
    Substitution(
        "crypto.getRandomValues(",
        "getRandomValues(Module, ",
        1,
        "There is no entropy outside a request; until the first, the replacement makes some.",
    ),
    Substitution(
        "function loadLibData(){",
        "function loadLibData(){return patchedLoadLibData(Module, libName, flags.rpath);",
        1,
        "Compiled extension modules were compiled with the Worker and are looked up, not read.",
    ),
    Substitution(
        "getMemory(",
        "Module.getMemoryPatched(Module, libName, ",
        1,
        "In a memory snapshot an extension module has to be where it was.",
    ),
    Substitution(
        "export default _createPyodideModule;",
        "export { _createPyodideModule };",
        1,
        "The runtime imports the function by its name.",
    ),
)

_IMPORT = (
    "import { newWasmModule, getRandomValues, patchedLoadLibData }"
    " from 'pyodide-internal:builtin_wrappers';\n"
)

# `ModuleType.internal` and the tags of the union in `workerd`'s `modules.capnp`.
_INTERNAL = 2
_SOURCE, _WASM, _DATA = 0, 1, 2

# The sizes of a list's elements, in the encoding.
_BYTES, _COMPOSITE = 2, 7


@dataclass(frozen=True, slots=True)
class Module:
    """One entry of the bundle."""

    name: str
    kind: int
    content: bytes


def bundle_folder(paths: WorkerdPaths) -> Path:
    """The folder for `--pyodide-bundle-disk-cache-dir`, kept in the cache once it is made.

    Raises:
        BundleError: this Pyodide is another one than the substitutions are for.
    """
    folder = cache_folder() / f"workerd-bundle-{WORKERD_VERSION}-pyodide-{PYODIDE_VERSION}"
    if folder.is_dir():
        return folder
    bundle = pack(modules(paths.pyodide))

    def fill(part: Path, _: Path) -> None:
        (part / BUNDLE_NAME).write_bytes(bundle)

    return publish(folder, fill)


def modules(pyodide: Path) -> list[Module]:
    """The three modules, read from the npm package in this folder."""
    loader = substituted((pyodide / "pyodide.asm.mjs").read_text(encoding="utf-8"))
    prefix = "pyodideRuntime-internal:"
    return [
        Module(prefix + "pyodide.asm", _SOURCE, loader.encode()),
        Module(prefix + "pyodide.asm.wasm", _WASM, (pyodide / "pyodide.asm.wasm").read_bytes()),
        Module(prefix + "python_stdlib.zip", _DATA, (pyodide / "python_stdlib.zip").read_bytes()),
    ]


def substituted(loader: str) -> str:
    """The loader as `workerd` needs it.

    Raises:
        BundleError: a substitution did not match as often as it must.
    """
    for substitution in SUBSTITUTIONS:
        count = loader.count(substitution.found)
        if count != substitution.count:
            raise BundleError(
                f"`{substitution.found}` is {count} times in pyodide.asm.mjs, and has to be there"
                f" {substitution.count} times. It is replaced for Pyodide {PYODIDE_VERSION} in"
                f" workerd {WORKERD_VERSION}, because: {substitution.why} Find out what another"
                " version needs in its place."
            )
        loader = loader.replace(substitution.found, substitution.replacement)
    return _IMPORT + loader


def pack(entries: Sequence[Module]) -> bytes:
    """The message: a root structure with one pointer, to the list of the modules.

    Everything is counted in words of 8 bytes. The structures of the list stand side by side, five
    words each: one of data, four pointers. Names and contents follow in their order. A pointer
    holds the distance to what it points to, from the word after itself.
    """
    words = 5
    table: list[bytes] = []
    heap: list[bytes] = []
    here = 0  # the word to be written next, counted from the first structure
    end = words * len(entries)
    for entry in entries:
        table.append(struct.pack("<HHI", _INTERNAL, entry.kind, 0))
        here += 1
        for content in (entry.name.encode() + b"\0", entry.content):
            here += 1
            table.append(_list_pointer(end - here, _BYTES, len(content)))
            padded = content + bytes(-len(content) % 8)
            heap.append(padded)
            end += len(padded) // 8
        table.append(bytes(16))
        here += 2
    root = _struct_pointer(0, 0, 1)
    modules = _list_pointer(0, _COMPOSITE, words * len(entries))
    # In front of the structures, one pointer that says how many there are and what each is.
    tag = _struct_pointer(len(entries), 1, 4)
    segment = b"".join((root, modules, tag, *table, *heap))
    return struct.pack("<II", 0, len(segment) // 8) + segment


def _struct_pointer(offset: int, words: int, pointers: int) -> bytes:
    return struct.pack("<IHH", offset << 2, words, pointers)


def _list_pointer(offset: int, size: int, count: int) -> bytes:
    return struct.pack("<II", offset << 2 | 1, count << 3 | size)
