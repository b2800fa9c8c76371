"""A Django site whose caches and sessions are kept by the server: django-redis's backend and Django's own."""

import django
from django.conf import settings
from serving import URL, count_one, serve_wsgi

OPTIONS = {"CLIENT_CLASS": "django_redis.client.DefaultClient"}
settings.configure(
    SECRET_KEY="not a secret",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
    CACHES={
        "default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": f"{URL}/0", "OPTIONS": OPTIONS},
        "own": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": f"{URL}/1"},
    },
    SESSION_ENGINE="django.contrib.sessions.backends.cache",
    SESSION_CACHE_ALIAS="own",
)
django.setup()

from django.core.cache import caches  # noqa: E402 - the settings come first
from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.http import JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402


def reply(value):
    return JsonResponse(value, safe=False)


def increment(request, cache, key):
    caches[cache].add(key, 0, timeout=300)
    return reply(caches[cache].incr(key))


def store(request, cache, key, value):
    caches[cache].set(key, {"value": value, "list": [1, 2]}, timeout=float(request.GET.get("timeout", 300)))
    return reply(True)


def fetch(request, cache, key):
    return reply(caches[cache].get(key))


def visit(request):
    request.session["visits"] = request.session.get("visits", 0) + 1
    return reply(request.session["visits"])


def leave(request):
    request.session.flush()
    return reply(True)


def found(request, pattern):
    cache = caches["default"]
    return reply({"keys": sorted(cache.iter_keys(pattern)), "ttl": cache.ttl(pattern.rstrip("*"))})


def locked(request, name):
    with caches["default"].lock(name, timeout=2, blocking_timeout=20):
        return reply(count_one())


urlpatterns = [
    path("incr/<cache>/<key>", increment),
    path("set/<cache>/<key>/<value>", store),
    path("get/<cache>/<key>", fetch),
    path("visit", visit),
    path("leave", leave),
    path("found/<pattern>", found),
    path("locked/<name>", locked),
]

if __name__ == "__main__":
    serve_wsgi(WSGIHandler())
