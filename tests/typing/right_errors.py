"""Error hooks know the error that they are called with."""

from http import HTTPStatus
from typing import assert_type

from portico import Context, HTTPError, InvalidInputError, Portico, Reply, status

app = Portico()


class FailedError(Exception):
    code: int = 0


def needs_failed(error: FailedError) -> int:
    return error.code


# By class


@app.error(FailedError)
def by_class(ctx: Context, error: FailedError) -> str:
    return str(error.code)


@app.error(FailedError, scope="scoped", blocking=False)
async def by_class_with_options(ctx: Context, error: FailedError) -> int:
    return error.code


@app.error(FailedError)
@app.error(KeyError, scope="global")
def of_a_wider_class(ctx: Context, error: Exception) -> str:
    return repr(error)


@app.error(FailedError, scope="global")
@app.error(KeyError)
def of_two_classes(ctx: Context, error: FailedError | KeyError) -> str:
    return str(error.code) if isinstance(error, FailedError) else "no key"


@app.error(InvalidInputError)
def of_a_class_of_the_core(ctx: Context, error: InvalidInputError) -> int:
    return len(error.faults)


assert_type(
    app.error(FailedError, lambda ctx, error: needs_failed(error))(
        Context.__new__(Context), FailedError()
    ),
    int,
)


# By status


@app.error(404)
def by_status(ctx: Context, error: HTTPError) -> object:
    return error.reply.value


@app.error(401, scope="global")
async def by_status_with_options(ctx: Context, error: Exception) -> Reply[int, str]:
    return status(400 + 1, "no")


@app.error(500)
def of_any_exception(ctx: Context, error: Exception) -> str:
    return repr(error)


app.error(404, lambda ctx, error: error.status)
app.error(500, lambda ctx, error: error.args)


# Any


@app.error
def bare(ctx: Context, error: Exception) -> str:
    return repr(error)


@app.error(scope="scoped")
async def with_scope(ctx: Context, error: Exception) -> int:
    return 1


app.error(lambda ctx, error: error.args)


async def call_them(ctx: Context, failed: FailedError, error: HTTPError) -> None:
    assert_type(by_class(ctx, failed), str)
    assert_type(await by_class_with_options(ctx, failed), int)
    assert_type(of_a_wider_class(ctx, failed), str)
    assert_type(of_a_wider_class(ctx, error=failed), str)
    assert_type(of_two_classes(ctx, failed), str)
    assert_type(of_two_classes(ctx, KeyError()), str)
    assert_type(by_status(ctx, error=error), object)
    assert_type(await by_status_with_options(ctx, error=failed), Reply[int, str])
    assert_type(of_any_exception(ctx, error=failed), str)
    assert_type(bare(ctx, error=failed), str)
    assert_type(await with_scope(ctx, error=failed), int)
    assert_type(app.error(FailedError, by_class)(ctx, failed), str)
    assert_type(app.error(FailedError, bare, scope="global")(ctx, failed), str)
    assert_type(app.error(404, by_status)(ctx, error=error), object)
    assert_type(app.error(404, bare)(ctx, error=failed), str)
    assert_type(app.error(500, bare)(ctx, error=failed), str)
    assert_type(app.error(bare, scope="global")(ctx, error=failed), str)


def with_a_number(code: int) -> None:
    app.error(code, bare)
    app.error(code)(bare)
    app.error(HTTPStatus.NOT_FOUND)(bare)
    app.error(HTTPStatus.NOT_FOUND, bare)
