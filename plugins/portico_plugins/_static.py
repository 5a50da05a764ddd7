"""`static()`: the files of a folder, or those that a Worker was deployed with."""

from __future__ import annotations

import os
import re
import stat
import sys
from typing import Any, Final

from portico import (
    CapabilityError,
    Context,
    DefinitionError,
    HTTPError,
    Portico,
    Response,
    file,
    redirect,
)
from portico_plugins._static_names import file_name_of, is_spelled

IMMUTABLE: Final = "public, max-age=31536000, immutable"
"""For names that change with their content (RFC 8246)."""

# What a query may hold as it is (RFC 3986 section 3.4), escapes among it.
_QUERY: Final = "!$%&'()*+,-./:;=?@_~"


def static(
    prefix: str = "/",
    *,
    directory: str | os.PathLike[str],
    index: str | None = "index.html",
    fallback: str | None = None,
    cache_control: str | None = None,
    immutable: str | re.Pattern[str] | None = None,
    precompressed: bool = True,
    hidden: bool = False,
    binding: str = "ASSETS",
) -> Portico:
    """A plugin that answers with the files of a folder: `app.use(static(directory="public"))`.

    Every answer is conditional and by range, as that of `file()` is. Nothing outside of the folder
    is ever opened, whatever the path says and wherever links lead; what is no regular file does not
    exist. A path that names a folder is redirected to the one with a slash behind it.

    On Workers the files are those of the Worker's static assets, asked of its binding; the options
    then are the deployment's, but for the prefix. A Worker without the binding needs the folder
    in its bundle.

    Args:
        prefix: the path that the files are under.
        directory: the folder; a relative one is that of the process's working directory now.
        index: the file that answers for a folder; None for none.
        fallback: the file that answers in the place of one that does not exist, where the last part
            of the path has no dot: the page of an application that routes in the browser.
        cache_control: Cache-Control for the files.
        immutable: a pattern that names match, below the folder and anywhere in them, whose content
            never changes, such as `r"\\.[0-9a-f]{8}\\."`: caches keep these for a year.
        precompressed: whether `name.br`, `name.zst` and `name.gz` are sent for `name`, where the
            client takes them.
        hidden: whether names that begin with a dot exist.
        binding: the name of a Worker's binding to its static assets.

    Raises:
        DefinitionError: the folder does not exist, or a name does not lie in it.
    """
    files = _Files(
        directory,
        index=index,
        fallback=fallback,
        cache_control=cache_control,
        immutable=re.compile(immutable) if immutable is not None else None,
        precompressed=precompressed,
        hidden=hidden,
        binding=binding,
    )
    prefix = prefix.removesuffix("/")
    plugin = Portico(name="static", prefix=prefix, seed=(prefix, files.directory))

    def find_file(ctx: Context) -> object:
        return files.answer(ctx)

    plugin.get("/{file_path:path}", find_file, detail={"hide": True})
    plugin.get("/", find_file, detail={"hide": True})
    plugin.on_start(files.check)
    return plugin


class _Files:
    """The files of one folder.

    Attributes:
        directory: absolute; it may be a link, which each request follows anew.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        index: str | None,
        fallback: str | None,
        cache_control: str | None,
        immutable: re.Pattern[str] | None,
        precompressed: bool,
        hidden: bool,
        binding: str,
    ) -> None:
        self.directory = os.path.abspath(directory)
        self._index = index
        self._fallback = fallback
        self._cache_control = cache_control
        self._immutable = immutable
        self._precompressed = precompressed
        self._hidden = hidden
        self._binding = binding
        for option, name in (("index", index), ("fallback", fallback)):
            if name is not None and file_name_of(name, hidden=True) is None:
                raise DefinitionError(
                    f"static() got {option}={name!r}. It is the name of a file in the folder, with "
                    "forward slashes and none in front."
                )
        if sys.platform != "emscripten" and not os.path.isdir(self.directory):
            raise DefinitionError(
                f"static() got the directory {os.fspath(directory)!r}, and there is no folder "
                f"{self.directory!r}. Make it, or give the path of another one."
            )

    def check(self, platform: Any) -> None:
        """See that there is something to serve, at the start.

        Raises:
            CapabilityError: there is neither the binding nor a folder.
        """
        if self._binding in platform.bindings:
            return
        support = {each.value: how.value for each, how in platform.capabilities.items()}
        if support["filesystem"] == "absent" or not os.path.isdir(self.directory):
            raise CapabilityError(
                f"static() finds no files on the runtime {platform.runtime.name!r}: there is no "
                f"binding {self._binding!r} to static assets, and no folder {self.directory!r}. "
                "Configure the binding (`[assets]` in wrangler's configuration), or put the "
                "folder into the bundle."
            )

    def answer(self, ctx: Context) -> object:
        """What answers a request, or an awaitable of it.

        Raises:
            HTTPError: there is no such file (404).
        """
        path = ctx.params.get("file_path", "")
        # An encoded slash is a part of a name, and no file has such a name. As a separator it would
        # lead past whatever guards a folder by its path.
        if "%2F" in ctx.path:
            raise _not_found()
        assets = ctx.platform.bindings.get(self._binding)
        if assets is not None:
            from portico_plugins._worker_assets import asset

            return to_folder(ctx) if ctx.path[-1] != "/" and not path else asset(ctx, assets, path)
        name = file_name_of(path.removesuffix("/"), hidden=self._hidden)
        found = None if name is None else self._found(ctx, name)
        if found is not None:
            return found
        if self._fallback is None or "." in path.rpartition("/")[2]:
            raise _not_found()
        return self._file(self._fallback)

    def _found(self, ctx: Context, name: str) -> object | None:
        """What answers for the file or folder of this name; None where there is neither."""
        kind = self._kind(name)
        has_slash = ctx.path.endswith("/")
        if stat.S_ISREG(kind) and not has_slash:
            return self._file(name)
        if not stat.S_ISDIR(kind) or self._index is None:
            return None
        index = f"{name}/{self._index}" if name else self._index
        if not stat.S_ISREG(self._kind(index)):
            return None
        return self._file(index) if has_slash else to_folder(ctx)

    def _kind(self, name: str) -> int:
        """The mode of what has this name in the folder, links followed inside; 0 where nothing."""
        try:
            root = os.path.realpath(self.directory)
            location = os.path.realpath(os.path.join(root, name))
            if os.path.commonpath([root, location]) != root or not is_spelled(root, name):
                return 0
            return os.stat(location).st_mode
        except (OSError, ValueError):  # nothing there, a name too long, or one of no encoding
            return 0

    def _file(self, name: str) -> object:
        is_immutable = self._immutable is not None and self._immutable.search(name) is not None
        cache_control = IMMUTABLE if is_immutable else self._cache_control
        return file(
            name,
            root=self.directory,
            headers={"cache-control": cache_control} if cache_control is not None else None,
            precompressed=self._precompressed,
        )


def to_folder(ctx: Context) -> Response:
    """A redirect to the same path with a slash behind it.

    It is a relative one (RFC 9110 section 10.2.2), which holds wherever the application is mounted
    and cannot name another origin.
    """
    from urllib.parse import quote  # slow to load, and most requests name a file

    last = ctx.path.rpartition("/")[2].replace("%25", "%")
    query = ctx.request.raw_query
    search = f"?{quote(query, safe=_QUERY)}" if query else ""
    return redirect(f"./{quote(last, safe='')}/{search}", 307)


def _not_found() -> HTTPError:
    return HTTPError(404, "The file does not exist.")
