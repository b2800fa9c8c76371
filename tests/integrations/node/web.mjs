// A web server whose sessions, rate limits and cache are kept by Redis.
import { once } from "node:events";
import { createKeyv } from "@keyv/redis";
import { RedisStore } from "connect-redis";
import express from "express";
import session from "express-session";
import IORedis from "ioredis";
import { RateLimiterRedis } from "rate-limiter-flexible";
import { createClient } from "redis";
import { port, serve, url } from "./serving.mjs";

const reconnecting = { socket: { reconnectStrategy: 50 }, disableOfflineQueue: true };
const client = createClient({ url, ...reconnecting });
client.on("error", () => {});
await client.connect();

const ioredis = new IORedis({ port, retryStrategy: () => 50, enableOfflineQueue: false, maxRetriesPerRequest: 0 });
ioredis.on("error", () => {});
await once(ioredis, "ready");
const limiter = new RateLimiterRedis({ storeClient: ioredis, keyPrefix: "limit", points: 20, duration: 60 });

const cache = createKeyv({ url, ...reconnecting }, { namespace: "cache", throwOnErrors: true, throwOnConnectError: false });
cache.on("error", () => {});

const app = express();
app.use(session({
  store: new RedisStore({ client, prefix: "session:", ttl: 60 }),
  secret: "not a secret",
  resave: false,
  saveUninitialized: false,
}));
app.get("/visit", (request, response) => {
  request.session.visits = (request.session.visits ?? 0) + 1;
  response.json(request.session.visits);
});
app.get("/leave", (request, response, next) => {
  request.session.destroy((error) => (error ? next(error) : response.json(true)));
});
app.get("/limited/:user", async (request, response, next) => {
  try {
    response.json((await limiter.consume(request.params.user)).remainingPoints);
  } catch (refusal) {
    if (refusal instanceof Error) next(refusal);
    else response.status(429).set("Retry-After", String(refusal.msBeforeNext / 1000)).json(refusal.consumedPoints);
  }
});
app.get("/cache/set/:key/:value", async (request, response) => {
  response.json(await cache.set(request.params.key, { value: request.params.value }, Number(request.query.ttl) || undefined));
});
app.get("/cache/get/:key", async (request, response) => response.json((await cache.get(request.params.key)) ?? null));
app.get("/cache/delete/:key", async (request, response) => response.json(await cache.delete(request.params.key)));
app.get("/cache/keys", async (request, response) => {
  const keys = [];
  for await (const [key] of cache.iterator()) keys.push(key);
  response.json(keys.sort());
});
app.get("/cache/clear", async (request, response) => response.json((await cache.clear()) ?? null));
app.use((error, request, response, next) => response.status(503).json(String(error)));

const http = app.listen(0, "127.0.0.1", () => serve({ port: () => http.address().port }));
