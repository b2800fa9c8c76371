"""A Flask site: Flask-Session's sessions, Flask-Caching's cache, limits of the library limits."""

import redis
from flask import Flask, jsonify, request, session
from flask_caching import Cache
from flask_session import Session
from limits import RateLimitItemPerMinute, storage, strategies
from serving import HOST, PORT, URL, serve_wsgi

ITEM = RateLimitItemPerMinute(20)
app = Flask(__name__)
app.config.update(
    SESSION_TYPE="redis",
    SESSION_REDIS=redis.Redis(HOST, PORT),
    SESSION_PERMANENT=True,
    CACHE_TYPE="RedisCache",
    CACHE_REDIS_URL=URL,
    CACHE_DEFAULT_TIMEOUT=60,
)
Session(app)
cache = Cache(app)
store = storage.storage_from_string(URL)
limiters = {
    "fixed": strategies.FixedWindowRateLimiter(store),
    "moving": strategies.MovingWindowRateLimiter(store),
    "sliding": strategies.SlidingWindowCounterRateLimiter(store),
}
calls = {"computed": 0}


@app.errorhandler(redis.RedisError)
def unavailable(error):
    return jsonify(str(error)), 503


@app.get("/visit")
def visit():
    session["visits"] = session.get("visits", 0) + 1
    return jsonify(session["visits"])


@app.get("/leave")
def leave():
    session.clear()
    return jsonify(True)


@app.get("/limited/<kind>/<user>")
def limited(kind, user):
    allowed = limiters[kind].hit(ITEM, kind, user)
    return jsonify(limiters[kind].get_window_stats(ITEM, kind, user).remaining), 200 if allowed else 429


@cache.memoize()
def double(value):
    calls["computed"] += 1
    return value * 2


@app.get("/double/<int:value>")
def double_route(value):
    return jsonify(double(value))


@app.get("/set/<key>/<value>")
def store_value(key, value):
    return jsonify(cache.set(key, {"value": value}, timeout=int(request.args.get("timeout", 60))))


@app.get("/get/<key>")
def fetch_value(key):
    return jsonify(cache.get(key))


@app.get("/incr/<key>")
def increment(key):
    return jsonify(cache.cache.inc(key))


serve_wsgi(
    app,
    computed=lambda: calls["computed"],
    forget=lambda value: cache.delete_memoized(double, value),
)
