"""What the checkers refuse about the web's types. Each comment names what each of them says."""

from portico import Headers, HTTPError, Problem, Request, Response, redirect, status

headers = Headers({"a": 1})  # error: mypy[arg-type] pyright[reportArgumentType]
headers["a"] = None  # error: mypy[assignment] pyright[reportArgumentType]
headers.get("a").lower()  # error: mypy[union-attr] pyright[reportOptionalMemberAccess]
Response("a", 201)  # error: mypy[call-arg] pyright[reportCallIssue]
Response(5)  # error: mypy[arg-type] pyright[reportArgumentType]
Response(status="201")  # error: mypy[arg-type] pyright[reportArgumentType]
Request("http://app.test", "POST")  # error: mypy[call-arg] pyright[reportCallIssue]
redirect("/", 200)  # error: mypy[arg-type] pyright[reportArgumentType]
status("404")  # error: mypy[call-overload] pyright[reportArgumentType, reportCallIssue]
status("I'm a teapot")  # error: mypy[call-overload] pyright[reportArgumentType, reportCallIssue]
status(404, headers=5)  # error: mypy[call-overload] pyright[reportArgumentType, reportCallIssue]
HTTPError("404")  # error: mypy[arg-type] pyright[reportArgumentType]
Problem(404)  # error: mypy[arg-type] pyright[reportArgumentType]


async def read(request: Request, text: str) -> str:
    text = request.text()  # error: mypy[assignment] pyright[reportAssignmentType]
    text = request.sync.bytes() or text  # error: mypy[assignment] pyright[reportAssignmentType]
    request.headers = headers  # error: mypy[misc] pyright[reportAttributeAccessIssue]
    return await request.bytes() or text  # error: mypy[return-value] pyright[reportReturnType]
