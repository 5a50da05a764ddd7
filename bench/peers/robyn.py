"""Robyn, which is its own server: `python -m bench.peers.robyn port`. msgspec validates bodies."""

import sys
from typing import Any

import msgspec
from msgspec import Struct
from robyn import Headers, Request, Response, Robyn, StreamingResponse, jsonify


class Draft(Struct):
    name: str
    price: float
    quantity: int
    tags: list[str] = []


class Item(Struct):
    id: int
    name: str
    price: float
    tags: list[str]


items = [Item(n, f"Item number {n}", n + 0.5, ["new", "sale"]) for n in range(150)]
chunk = b"x" * 1024
decoder = msgspec.json.Decoder(Draft)
JSON = {"content-type": "application/json"}
TEXT = {"content-type": "text/plain"}

app = Robyn(__file__)


@app.get("/")
async def hello() -> Response:
    return Response(200, TEXT, "Hello, World!")


@app.get("/json")
async def read_json() -> dict[str, str]:
    return {"message": "Hello, World!"}


@app.get("/users/:user/posts/:post")
async def read_post(request: Request) -> Any:
    path, query = request.path_params, request.query_params
    try:
        found = {
            "user": int(path["user"]),
            "post": int(path["post"]),
            "limit": int(query.get("limit", "")),
            "offset": int(query.get("offset", "")),
        }
    except ValueError:
        return Response(422, JSON, jsonify({"detail": "four integers are expected"}))
    return found


@app.post("/items")
async def create_item(request: Request) -> Response:
    try:
        draft = decoder.decode(request.body)
    except msgspec.ValidationError as error:
        return Response(422, JSON, jsonify({"detail": str(error)}))
    return Response(201, JSON, jsonify({"id": 1, **msgspec.structs.asdict(draft)}))


@app.before_request("/me")
async def derive_user(request: Request) -> Any:
    kind, _, name = (request.headers.get("authorization") or "").partition(" ")
    if kind != "Bearer":
        return Response(401, TEXT, "no token")
    request.headers.set("x-user", name)
    return request


@app.before_request("/me")
async def refuse_blocked(request: Request) -> Any:
    if request.headers.get("x-user") == "mallory":
        return Response(403, TEXT, "blocked")
    return request


@app.after_request("/me")
async def sign(response: Response) -> Response:
    response.headers.set("x-served-by", "bench")
    return response


@app.get("/me")
async def read_me(request: Request) -> dict[str, Any]:
    return {"name": request.headers.get("x-user")}


@app.get("/stream")
async def stream() -> StreamingResponse:
    async def chunks() -> Any:
        for _ in range(100):
            yield chunk

    headers = Headers({"content-type": "application/octet-stream"})
    return StreamingResponse(chunks(), headers=headers)


@app.get("/list")
async def read_list() -> Response:
    return Response(200, JSON, msgspec.json.encode(items))


@app.post("/upload")
async def upload(request: Request) -> dict[str, Any]:
    (content,) = request.files.values()
    return {"title": request.form_data["title"], "size": len(content)}


@app.get("/cookies")
async def cookies(request: Request) -> Response:
    came = dict(pair.split("=", 1) for pair in (request.headers.get("cookie") or "").split("; "))
    visits = came.get("visits", "0")
    response = Response(200, TEXT, visits)
    response.set_cookie("visits", str(int(visits) + 1), http_only=True)
    return response


if __name__ == "__main__":
    app.start(host="127.0.0.1", port=int(sys.argv[1]))
