"""Flask. Bodies are validated by msgspec; hooks are those of a blueprint."""

from collections.abc import Iterator

import msgspec
from flask import Blueprint, Flask, Response, abort, g, jsonify, make_response, request
from msgspec import Struct


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

app = Flask(__name__)


@app.get("/")
def hello():
    return Response("Hello, World!", content_type="text/plain; charset=utf-8")


@app.get("/json")
def read_json():
    return {"message": "Hello, World!"}


@app.get("/users/<int:user>/posts/<int:post>")
def read_post(user: int, post: int):
    try:
        limit, offset = int(request.args["limit"]), int(request.args["offset"])
    except ValueError:
        abort(422)
    return {"user": user, "post": post, "limit": limit, "offset": offset}


@app.post("/items")
def create_item():
    try:
        draft = decoder.decode(request.get_data())
    except msgspec.ValidationError as error:
        return {"detail": str(error)}, 422
    return {"id": 1, **msgspec.structs.asdict(draft)}, 201


members = Blueprint("members", __name__)


@members.before_request
def derive_user() -> None:
    kind, _, name = request.headers.get("authorization", "").partition(" ")
    if kind != "Bearer":
        abort(401)
    g.user = name


@members.before_request
def refuse_blocked() -> None:
    if g.user == "mallory":
        abort(403)


@members.after_request
def sign(response: Response) -> Response:
    response.headers["x-served-by"] = "bench"
    return response


@members.get("/me")
def read_me():
    return jsonify(name=g.user)


app.register_blueprint(members)


@app.get("/stream")
def stream():
    def chunks() -> Iterator[bytes]:
        for _ in range(100):
            yield chunk

    return Response(chunks(), content_type="text/plain; charset=utf-8")


@app.get("/list")
def read_list():
    return Response(msgspec.json.encode(items), content_type="application/json")


@app.post("/upload")
def upload():
    content = request.files["file"].read()
    return {"title": request.form["title"], "size": len(content)}


@app.get("/cookies")
def cookies():
    visits = request.cookies.get("visits", "0")
    response = make_response(visits)
    response.content_type = "text/plain; charset=utf-8"
    response.set_cookie("visits", str(int(visits) + 1), httponly=True)
    return response


def ok(id: str) -> str:
    return "OK"


def scaled(routes: int, depth: int) -> Flask:
    made = Flask(__name__)
    inner = Blueprint("p0", __name__)
    for number in range(routes):
        inner.add_url_rule(f"/r{number}/<id>", f"r{number}", ok)
    for level in range(1, depth):
        outer = Blueprint(f"p{level}", __name__)
        outer.register_blueprint(inner, url_prefix="/p")
        inner = outer
    made.register_blueprint(inner, url_prefix="/p" if depth else None)
    return made
