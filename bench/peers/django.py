"""Django without middleware. Bodies are validated by msgspec; hooks are decorators of a view."""

from collections.abc import Callable, Iterator
from functools import wraps
from types import ModuleType
from typing import Any

import msgspec
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import include, path
from django.views.decorators.http import require_GET, require_POST
from msgspec import Struct

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], MIDDLEWARE=[], SECRET_KEY="bench")


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


@require_GET
def hello(request):
    return HttpResponse("Hello, World!", content_type="text/plain; charset=utf-8")


@require_GET
def read_json(request):
    return JsonResponse({"message": "Hello, World!"})


@require_GET
def read_post(request, user: int, post: int):
    try:
        limit, offset = int(request.GET["limit"]), int(request.GET["offset"])
    except (KeyError, ValueError):
        return JsonResponse({"detail": "limit and offset are integers"}, status=422)
    return JsonResponse({"user": user, "post": post, "limit": limit, "offset": offset})


@require_POST
def create_item(request):
    try:
        draft = decoder.decode(request.body)
    except msgspec.ValidationError as error:
        return JsonResponse({"detail": str(error)}, status=422)
    return JsonResponse({"id": 1, **msgspec.structs.asdict(draft)}, status=201)


View = Callable[..., Any]


def sign(view: View) -> View:
    @wraps(view)
    def signed(request, *args: Any, **arguments: Any):
        response = view(request, *args, **arguments)
        response["x-served-by"] = "bench"
        return response

    return signed


def derive_user(view: View) -> View:
    @wraps(view)
    def derived(request, *args: Any, **arguments: Any):
        kind, _, name = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer":
            return HttpResponse("no token", status=401)
        request.user_name = name
        return view(request, *args, **arguments)

    return derived


def refuse_blocked(view: View) -> View:
    @wraps(view)
    def refused(request, *args: Any, **arguments: Any):
        if request.user_name == "mallory":
            return HttpResponse("blocked", status=403)
        return view(request, *args, **arguments)

    return refused


@require_GET
@sign
@derive_user
@refuse_blocked
def read_me(request):
    return JsonResponse({"name": request.user_name})


@require_GET
def stream(request):
    def chunks() -> Iterator[bytes]:
        for _ in range(100):
            yield chunk

    return StreamingHttpResponse(chunks(), content_type="application/octet-stream")


@require_GET
def read_list(request):
    return HttpResponse(msgspec.json.encode(items), content_type="application/json")


@require_POST
def upload(request):
    content = request.FILES["file"].read()
    return JsonResponse({"title": request.POST["title"], "size": len(content)})


@require_GET
def cookies(request):
    visits = request.COOKIES.get("visits", "0")
    response = HttpResponse(visits, content_type="text/plain; charset=utf-8")
    response.set_cookie("visits", str(int(visits) + 1), httponly=True)
    return response


urlpatterns = [
    path("", hello),
    path("json", read_json),
    path("users/<int:user>/posts/<int:post>", read_post),
    path("items", create_item),
    path("me", read_me),
    path("stream", stream),
    path("list", read_list),
    path("upload", upload),
    path("cookies", cookies),
]

app = get_wsgi_application()


def ok(request, id: str):
    return HttpResponse("OK")


def scaled(routes: int, depth: int) -> Any:
    patterns: list[Any] = [path(f"r{number}/<id>", ok) for number in range(routes)]
    for _ in range(depth):
        patterns = [path("p/", include(patterns))]
    module = ModuleType("scaled_urls")
    module.urlpatterns = patterns
    settings.ROOT_URLCONF = module
    return get_wsgi_application()
