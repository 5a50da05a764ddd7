"""The rules that the folders stand for, checked on the sources of the installed packages."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

import portico

ADAPTERS = ("portico_asgi", "portico_wsgi", "portico_lambda", "portico_cloudflare")
TOOLS = ("portico_cli", "portico_conformance")
PACKAGES = ("portico", *ADAPTERS, "portico_plugins", *TOOLS)

# Modules that only exist on one platform. Where they do not, importing them must not be needed.
PLATFORM = {"awslambdaric", "js", "pyodide", "pyodide_js", "workers", "_cloudflare"}

# What makes a cold start slow: none of it may come with `import portico`.
SLOW = {
    "anyio",
    "asyncio",
    "dataclasses",
    "dis",
    "email",
    "http",
    "inspect",
    "logging",
    "msgspec",
    "ssl",
    "trio",
    "typing_extensions",
    "uuid",
    "werkzeug",
}

# The platform gives these to the core: a clock, a place for reports, a connection.
PLATFORMS_WORK = {"logging", "selectors", "socket", "ssl", "time"}

# What the core may load at first use: that it does so no sooner, the first two tests show.
AT_FIRST_USE = {"anyio", "idna", "msgspec", "werkzeug"}

NAMELESS = {"base", "common", "helper", "helpers", "misc", "util", "utils"}


class Import(NamedTuple):
    """One name of one import statement: `from module import name`, or `import module`."""

    file: Path
    line: int
    module: str
    name: str | None
    inside: str
    """The classes and functions around it, or `TYPE_CHECKING`; empty where it always runs."""

    def __str__(self) -> str:
        statement = f"from {self.module} import {self.name}" if self.name else self.module
        return f"{self.file.parent.name}/{self.file.name}:{self.line}: {statement}"

    @property
    def root(self) -> str:
        return self.module.partition(".")[0]


def folder(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(next(iter(spec.submodule_search_locations)))


def sources(package: str) -> list[Path]:
    return sorted(folder(package).rglob("*.py"))


def imports(package: str) -> Iterator[Import]:
    for file in sources(package):
        parts = (package, *file.relative_to(folder(package)).with_suffix("").parts)
        yield from imports_below(ast.parse(file.read_text("utf-8")), file, parts, "")


def imports_below(
    node: ast.AST, file: Path, module: tuple[str, ...], inside: str
) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(file, child.lineno, alias.name, None, inside)
        elif isinstance(child, ast.ImportFrom):
            package = module[: -child.level] if child.level else ()
            source = ".".join((*package, *filter(None, [child.module])))
            for alias in child.names:
                yield Import(file, child.lineno, source, alias.name, inside)
        elif isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from imports_below(child, file, module, f"{inside}.{child.name}".lstrip("."))
        elif isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            yield from imports_below(child, file, module, inside or "TYPE_CHECKING")
        else:
            yield from imports_below(child, file, module, inside)


def is_public(found: Import) -> bool:
    """Whether neither the module's path nor the name says that it is private to its package."""
    words = [*found.module.split("."), *filter(None, [found.name])]
    return not any(word.startswith("_") and not word.endswith("__") for word in words)


def foreign(package: str) -> Iterator[Import]:
    """The imports that take something from another of this project's packages."""
    for found in imports(package):
        if found.root in PACKAGES and found.root != package:
            yield found


def listed(found: list[Import]) -> str:
    return "\n".join(map(str, found))


def modules_after_importing(package: str) -> set[str]:
    """The names in `sys.modules` of an interpreter that ran no site and knows one place more."""
    program = f"import sys; sys.path.append(sys.argv[1]); import {package}; print(*sys.modules)"
    command = [sys.executable, "-I", "-S", "-c", program, str(folder(package).parent)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return set(done.stdout.split())


def test_importing_the_core_loads_no_event_loop_and_nothing_slow() -> None:
    assert modules_after_importing("portico") & SLOW == set()


def test_importing_the_core_loads_the_standard_library_alone() -> None:
    roots = {name.partition(".")[0] for name in modules_after_importing("portico")}

    assert roots - sys.stdlib_module_names - {"__main__"} == {"portico"}


def test_importing_the_core_loads_no_feature_that_nobody_has_asked_for() -> None:
    features = {"abort", "blob", "file", "form_data", "hook_options", "multipart", "sse", "url"}

    assert modules_after_importing("portico") & {f"portico._{name}" for name in features} == set()


def test_every_name_that_is_loaded_when_it_is_asked_for_is_the_one_of_its_module() -> None:
    tree = ast.parse(Path(portico.__file__).read_text("utf-8"))
    typed = next(node for node in tree.body if isinstance(node, ast.If))
    taken = [node for node in typed.body if isinstance(node, ast.ImportFrom)]

    assert taken
    for node in taken:
        for alias in node.names:
            assert getattr(portico, alias.name) is getattr(
                import_module(node.module or ""), alias.name
            )


def test_a_name_that_the_core_does_not_have_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'portico' has no attribute 'Flask'"):
        getattr(portico, "Flask")  # noqa: B009 - checkers know that it is not there

    assert set(portico.__all__) <= set(dir(portico))


def test_plain_answers_are_checked_without_msgspec() -> None:
    program = """
import sys
sys.path.append(sys.argv[1])
from portico import Portico
app = Portico()
def text(id: int) -> str | None: ...
def values() -> dict | list | bytes | bool | float | int | None: ...
app.get("/{id}", text)
app.get("/values", values)
app.check()
print(*sys.modules)
"""
    command = [sys.executable, "-I", "-S", "-c", program, str(folder("portico").parent)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)

    assert "msgspec" not in done.stdout.split()


# An application with one route of each kind, for the interpreter of its own that answers it.
COLD_APPLICATION = """
import sys
from msgspec import Struct
from portico import Created, Portico, status
class Draft(Struct):
    name: str
    tags: list[str] = []
app = Portico()
app.get("/hello", "Hello, World!")
if NAME == "json":
    @app.get("/json")
    HANDLER read() -> Draft:
        return Draft("a")
if NAME == "create":
    @app.post("/create")
    HANDLER create(body: Draft) -> Created[Draft]:
        return status(201, Draft(body.name, body.tags))
"""

COLD_DRIVERS = {
    "asgi": """
import asyncio
method, body = ("POST", b'{"name": "a"}') if NAME == "create" else ("GET", b"")
fields = [(b"host", b"a"), (b"content-type", b"application/json")]
fields.append((b"content-length", str(len(body)).encode()))
scope = {
    "type": "http", "http_version": "1.1", "method": method, "scheme": "http", "root_path": "",
    "path": "/" + NAME, "raw_path": ("/" + NAME).encode(), "query_string": b"", "headers": fields,
    "server": ("a", 80), "client": ("b", 1), "asgi": {"version": "3.0"},
}
sent = []
async def receive():
    return {"type": "http.request", "body": body, "more_body": False}
async def send(message):
    sent.append(message)
async def main():
    from portico_asgi import ASGI
    await ASGI(app, check=CHECK)(scope, receive, send)
asyncio.run(main())
assert sent[0]["status"] in (200, 201), sent
""",
    "wsgi": """
from io import BytesIO
from portico_wsgi import WSGI
method, body = ("POST", b'{"name": "a"}') if NAME == "create" else ("GET", b"")
environ = {
    "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": "/" + NAME, "QUERY_STRING": "",
    "SERVER_NAME": "a", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "a",
    "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body)),
    "wsgi.input": BytesIO(body), "wsgi.errors": sys.stderr, "wsgi.url_scheme": "http",
    "wsgi.version": (1, 0), "wsgi.multithread": False, "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}
sent = []
WSGI(app, check=CHECK)(environ, lambda status, headers, error=None: sent.append(status))
assert sent[0][:3] in ("200", "201"), sent
""",
    "lambda": """
from portico_lambda import Lambda
method, body = ("POST", '{"name": "a"}') if NAME == "create" else ("GET", None)
event = {
    "version": "2.0", "routeKey": "$default", "rawPath": "/" + NAME, "rawQueryString": "",
    "body": body,
    "headers": {"host": "a", "content-type": "application/json"}, "isBase64Encoded": False,
    "requestContext": {
        "http": {"method": method, "path": "/" + NAME, "sourceIp": "192.0.2.1"},
        "stage": "$default", "domainName": "a",
    },
}
result = Lambda(app, check=CHECK)(event, None)
assert result["statusCode"] in (200, 201), result
""",
}

# Modules of features that such an application does not use: each takes longer to load than a
# request to answer, and a cold start has room for none.
UNUSED_WHEN_COLD = {
    "abort",
    "blob",
    "bytecode",
    "collect",
    "context_use",
    "cookie",
    "cookies",
    "described",
    "event",
    "exit",
    "expected",
    "fault",
    "file",
    "form_data",
    "form_files",
    "frame",
    "held_stream",
    "inference",
    "json_depth",
    "key_check",
    "link_inference",
    "lived",
    "mirror_copies",
    "mirror_events",
    "mirror_models",
    "mirror_records",
    "mirror_union",
    "mount",
    "multipart",
    "opcodes",
    "pairs",
    "parsing",
    "part_check",
    "problem",
    "remaining",
    "revise",
    "sniff",
    "span",
    "spool",
    "sse",
    "started",
    "straight_code",
    "stream_answer",
    "texts",
    "unreached",
    "upload",
    "url",
    "url_percent",
    "url_search_params",
}
UNUSED_WITHOUT_A_BODY = {"binding_body", "body_sync", "coerce", "schema_msgspec"}
UNUSED_BY_A_TEXT = {"mirror_build", "mirror_objects", "schema", "server_sent_event"}
# Modules of the adapters that their first plain request does without.
UNUSED_BY_ADAPTERS = {
    "portico_lambda._events",
    "portico_lambda._invocation",
    "portico_lambda._lost",
    "portico_lambda._target",
    "portico_lambda._time_limit",
    "portico_wsgi._file",
    "portico_wsgi._loop",
    "portico_wsgi._raw",
    "portico_wsgi._tasks",
}
HEADERS_OF_ADAPTERS = {"portico_lambda._event_headers", "portico_wsgi._headers"}
SLOW_WHEN_COLD = {"anyio", "email", "http", "trio", "werkzeug"}
SLOW_WITHOUT_A_LOOP = {"asyncio", "logging", "ssl", "threading"}


@pytest.mark.parametrize("check", ["now", "deferred"])
@pytest.mark.parametrize("name", ["hello", "json", "create"])
@pytest.mark.parametrize("interface", COLD_DRIVERS)
def test_a_first_answer_loads_no_more_than_it_needs(interface: str, name: str, check: str) -> None:
    handler = "async def" if interface == "asgi" else "def"
    program = COLD_APPLICATION + COLD_DRIVERS[interface] + "print(*sys.modules)"
    values = f"NAME, CHECK = {name!r}, {check!r}\n"
    command = [sys.executable, "-c", values + program.replace("HANDLER", handler)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr

    loaded = set(done.stdout.split())
    unused = UNUSED_WHEN_COLD
    unused = unused if name == "create" else unused | UNUSED_WITHOUT_A_BODY
    unused = unused | UNUSED_BY_A_TEXT if name == "hello" else unused
    slow = SLOW_WHEN_COLD if interface == "asgi" else SLOW_WHEN_COLD | SLOW_WITHOUT_A_LOOP
    assert loaded & {f"portico._{each}" for each in unused} == set()
    assert loaded & slow == set()
    assert loaded & UNUSED_BY_ADAPTERS == set()
    assert name == "create" or loaded & HEADERS_OF_ADAPTERS == set()


# All that a text behind WSGI is answered with: a module is 50 microseconds of every cold start
# before a line of it has run, so another one is a decision.
LOADED_FOR_A_TEXT = {
    "portico",
    "portico._answer",
    "portico._answering",
    "portico._bare",
    "portico._app",
    "portico._application_registration",
    "portico._argument",
    "portico._binding",
    "portico._body",
    "portico._body_reading",
    "portico._chain",
    "portico._constant",
    "portico._context",
    "portico._declared",
    "portico._dispatch",
    "portico._engine",
    "portico._errors",
    "portico._framing",
    "portico._headers",
    "portico._hook",
    "portico._hook_registration",
    "portico._json",
    "portico._key",
    "portico._key_registration",
    "portico._link",
    "portico._media",
    "portico._named_keys",
    "portico._options",
    "portico._path",
    "portico._pattern",
    "portico._platform",
    "portico._registrar",
    "portico._registration",
    "portico._reply",
    "portico._request",
    "portico._response",
    "portico._resumption",
    "portico._returns",
    "portico._route",
    "portico._route_table",
    "portico._router",
    "portico._running",
    "portico._runtime",
    "portico._signature",
    "portico._slot",
    "portico._steps",
    "portico._straight",
    "portico._stream",
    "portico._type_forms",
    "portico._units",
    "portico._where",
    "portico.contract",
    "portico_wsgi",
    "portico_wsgi._handler",
    "portico_wsgi._platform",
    "portico_wsgi._process",
    "portico_wsgi._request",
    "portico_wsgi._response",
}


def test_a_first_text_behind_wsgi_loads_what_is_listed_here_alone() -> None:
    program = COLD_APPLICATION + COLD_DRIVERS["wsgi"] + "print(*sys.modules)"
    values = "NAME, CHECK = 'hello', 'now'\n"
    command = [sys.executable, "-c", values + program.replace("HANDLER", "def")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr

    loaded = {name for name in done.stdout.split() if name.partition(".")[0] in PACKAGES}
    assert loaded == LOADED_FOR_A_TEXT


def test_the_core_imports_an_adapter_only_where_a_server_calls_the_application() -> None:
    found = [
        found
        for found in foreign("portico")
        if (found.root, found.inside) != ("portico_asgi", "_serve_asgi")
    ]

    assert found == [], listed(found)


def test_the_core_imports_no_platform_and_does_no_platforms_work() -> None:
    found = [
        found
        for found in imports("portico")
        if found.root in PLATFORM | PLATFORMS_WORK and not is_default_platform(found)
    ]

    assert found == [], listed(found)


def test_the_core_knows_few_third_party_modules() -> None:
    known = {*sys.stdlib_module_names, *PACKAGES, *PLATFORM, *AT_FIRST_USE}
    found = [found for found in imports("portico") if found.root not in known]

    assert found == [], listed(found)


def is_default_platform(found: Import) -> bool:
    """`Platform` is the contract's other side: what an adapter does not override works inline."""
    return found.file.name == "_platform.py" and found.inside.startswith("Platform.")


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_an_adapter_imports_the_public_names_of_the_core_and_no_other_package(adapter: str) -> None:
    found = [found for found in foreign(adapter) if not is_adapters_to_import(found)]

    assert found == [], listed(found)


def is_adapters_to_import(found: Import) -> bool:
    if found.module == "portico":
        return found.name is None or found.name in {*portico.__all__, "contract"}
    return found.module == "portico.contract" and is_public(found)


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_an_adapter_imports_its_platform_only_inside_functions(adapter: str) -> None:
    found = [found for found in imports(adapter) if found.root in PLATFORM and not found.inside]

    assert found == [], listed(found)


def test_plugins_import_the_public_names_of_the_core_alone() -> None:
    found = [
        found
        for found in foreign("portico_plugins")
        if found.module != "portico" or found.name not in {None, *portico.__all__}
    ]

    assert found == [], listed(found)


@pytest.mark.parametrize("tool", TOOLS)
def test_the_command_and_the_suite_import_public_names_alone(tool: str) -> None:
    found = [found for found in foreign(tool) if not is_public(found)]

    assert found == [], listed(found)


@pytest.mark.parametrize("package", PACKAGES[1:])
def test_no_package_reaches_for_what_the_core_keeps_private(package: str) -> None:
    found = [
        f"{file.name}:{node.lineno}: {ast.unparse(node)}"
        for file in sources(package)
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
        and ast.unparse(node.value) in {"portico", "portico.contract", "contract"}
        and node.attr.startswith("_")
        and not node.attr.endswith("__")
    ]

    assert found == []


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_every_adapter_has_the_same_four_parts(adapter: str) -> None:
    parts = {"_request.py", "_platform.py", "_response.py", "_handler.py"}

    assert parts - {path.name for path in sources(adapter)} == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_says_that_it_is_typed(package: str) -> None:
    assert (folder(package) / "py.typed").is_file()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_is_named_after_its_job(package: str) -> None:
    nameless = [path.name for path in sources(package) if path.stem.strip("_") in NAMELESS]

    assert nameless == []
