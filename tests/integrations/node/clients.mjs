// What ioredis and node-redis do for their users, behind one set of actions. CLIENT names the library.
import IORedis from "ioredis";
import { createClient, defineScript } from "redis";
import { port, report, serve, url } from "./serving.mjs";

const ADD = "local sum = redis.call('INCRBY', KEYS[1], ARGV[1]) return {sum, ARGV[1]}";
const LIBRARY = `#!lua name=sums
redis.register_function('sum', function(keys, args) return redis.call('INCRBY', keys[1], args[1]) end)
redis.register_function{function_name='peek', callback=function(keys) return redis.call('GET', keys[1]) end,
                        flags={'no-writes'}}`;

async function forIORedis() {
  const connect = () => {
    const client = new IORedis({ port, retryStrategy: () => 50, maxRetriesPerRequest: null });
    client.on("error", () => {});
    return client;
  };
  const client = connect();
  client.defineCommand("add", { numberOfKeys: 1, lua: ADD });
  const subscriber = connect();
  await subscriber.subscribe("news");
  await subscriber.psubscribe("n?ws");
  subscriber.on("message", (channel, message) => report({ message, channel }));
  subscriber.on("pmessage", (pattern, channel, message) => report({ message, channel, pattern }));
  return {
    script: ({ key, value }) => client.add(key, value),
    load: () => client.function("LOAD", "REPLACE", LIBRARY),
    call: ({ key, value }) => client.fcall("sum", 1, key, value),
    peek: ({ key }) => client.fcall_ro("peek", 1, key),
    publish: ({ message }) => client.publish("news", message),
    push: ({ key, values }) => Promise.all(values.map((value) => client.rpush(key, value))),
    range: ({ key }) => client.lrange(key, 0, -1),
    together: async ({ key, values }) => {
      const transaction = client.multi();
      for (const value of values) transaction.incrby(key, value);
      return (await transaction.exec()).map(([, reply]) => reply);
    },
    monitor: async () => {
      const monitor = await client.monitor();
      monitor.on("monitor", (time, words, source, database) => report({ saw: words, source, database }));
      return true;
    },
  };
}

async function forNodeRedis() {
  const add = defineScript({
    SCRIPT: ADD,
    NUMBER_OF_KEYS: 1,
    parseCommand: (parser, key, value) => (parser.pushKey(key), parser.push(String(value))),
    transformReply: (reply) => reply,
  });
  const options = { url, RESP: Number(process.env.RESP ?? 2), socket: { reconnectStrategy: 50 }, scripts: { add } };
  const connect = async () => {
    const client = createClient(options);
    client.on("error", () => {});
    return client.connect();
  };
  const client = await connect();
  const subscriber = await connect();
  await subscriber.subscribe("news", (message, channel) => report({ message, channel }));
  await subscriber.pSubscribe("n?ws", (message, channel) => report({ message, channel, pattern: "n?ws" }));
  return {
    script: ({ key, value }) => client.add(key, value),
    load: () => client.functionLoad(LIBRARY, { REPLACE: true }),
    call: ({ key, value }) => client.fCall("sum", { keys: [key], arguments: [String(value)] }),
    peek: ({ key }) => client.fCallRo("peek", { keys: [key], arguments: [] }),
    publish: ({ message }) => client.publish("news", message),
    push: ({ key, values }) => Promise.all(values.map((value) => client.rPush(key, String(value)))),
    range: ({ key }) => client.lRange(key, 0, -1),
    together: ({ key, values }) => {
      const transaction = client.multi();
      for (const value of values) transaction.incrBy(key, value);
      return transaction.exec();
    },
    monitor: async () => {
      await (await connect()).monitor((line) => report({ saw: line }));
      return true;
    },
  };
}

serve(await (process.env.CLIENT === "ioredis" ? forIORedis() : forNodeRedis()));
