// Adds jobs to a queue of bee-queue and hears of them by publish/subscribe.
import Queue from "bee-queue";
import scripts from "bee-queue/lib/lua/index.js";
import { host, port, report, serve } from "./serving.mjs";

const queue = new Queue("work", {
  redis: { host, port, retry_strategy: () => 50 },
  isWorker: false,
  // States are asked for, instead of being kept here and changed by events, which may be missed.
  storeJobs: false,
  getEvents: true,
});
queue.on("error", () => {});
queue.on("job succeeded", (id, value) => report({ heard: id, value }));
queue.on("job progress", (id, progress) => report({ progress: id, value: progress }));
await queue.ready();
// bee-queue loads its scripts once. They are gone when the server has been restarted, and an application loads them.
queue.client.on("ready", () => scripts.buildCache(queue.client).catch(() => {}));

serve({
  add: async ({ value, failures = 0, delay = 0 }) => {
    const job = queue.createJob({ value, failures }).retries(failures);
    if (delay) job.delayUntil(Date.now() + delay);
    return (await job.save()).id;
  },
  states: ({ ids }) => Promise.all(ids.map(async (id) => (await queue.getJob(id))?.status)),
  counts: () => queue.checkHealth(),
});
