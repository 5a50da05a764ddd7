"""FastAPI, with its own validation (pydantic) and dependencies as hooks."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import (
    APIRouter,
    Cookie,
    Depends,
    FastAPI,
    Form,
    Header,
    HTTPException,
    Response,
    UploadFile,
)
from fastapi.responses import PlainTextResponse, StreamingResponse
from pydantic import BaseModel


class Message(BaseModel):
    message: str


class Place(BaseModel):
    user: int
    post: int
    limit: int
    offset: int


class Draft(BaseModel):
    name: str
    price: float
    quantity: int
    tags: list[str] = []


class Stored(Draft):
    id: int


class User(BaseModel):
    name: str


class Item(BaseModel):
    id: int
    name: str
    price: float
    tags: list[str]


class Received(BaseModel):
    title: str
    size: int


items = [
    Item(id=n, name=f"Item number {n}", price=n + 0.5, tags=["new", "sale"]) for n in range(150)
]
chunk = b"x" * 1024

app = FastAPI()


@app.get("/", response_class=PlainTextResponse)
async def hello() -> str:
    return "Hello, World!"


@app.get("/json")
async def read_json() -> Message:
    return Message(message="Hello, World!")


@app.get("/users/{user}/posts/{post}")
async def read_post(user: int, post: int, limit: int, offset: int) -> Place:
    return Place(user=user, post=post, limit=limit, offset=offset)


@app.post("/items", status_code=201)
async def create_item(body: Draft) -> Stored:
    return Stored(id=1, **body.model_dump())


async def sign(response: Response) -> None:
    response.headers["x-served-by"] = "bench"


async def current_user(authorization: Annotated[str, Header()] = "") -> User:
    kind, _, name = authorization.partition(" ")
    if kind != "Bearer":
        raise HTTPException(401)
    return User(name=name)


async def refuse_blocked(user: Annotated[User, Depends(current_user)]) -> None:
    if user.name == "mallory":
        raise HTTPException(403)


members = APIRouter(dependencies=[Depends(sign), Depends(current_user), Depends(refuse_blocked)])


@members.get("/me")
async def read_me(user: Annotated[User, Depends(current_user)]) -> User:
    return user


app.include_router(members)


@app.get("/stream")
async def stream() -> StreamingResponse:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield chunk

    return StreamingResponse(chunks(), media_type="text/plain")


@app.get("/list")
async def read_list() -> list[Item]:
    return items


@app.post("/upload")
async def upload(title: Annotated[str, Form()], file: UploadFile) -> Received:
    return Received(title=title, size=len(await file.read()))


@app.get("/cookies", response_class=PlainTextResponse)
async def cookies(response: Response, visits: Annotated[int, Cookie()] = 0) -> str:
    response.set_cookie("visits", str(visits + 1), httponly=True)
    return str(visits)


async def ok(id: str) -> str:
    return "OK"


def scaled(routes: int, depth: int) -> FastAPI:
    router = APIRouter()
    for number in range(routes):
        router.add_api_route(f"/r{number}/{{id}}", ok, response_class=PlainTextResponse)
    for _ in range(depth):
        outer = APIRouter()
        outer.include_router(router, prefix="/p")
        router = outer
    made = FastAPI()
    made.include_router(router)
    return made
