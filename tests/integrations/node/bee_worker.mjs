// A worker of bee-queue in a process of its own.
import Queue from "bee-queue";
import scripts from "bee-queue/lib/lua/index.js";
import { host, port, report, serve } from "./serving.mjs";

const queue = new Queue("work", {
  redis: { host, port, retry_strategy: () => 50 },
  activateDelayedJobs: true,
  stallInterval: 500,
});
queue.on("error", () => {});
queue.process(3, async (job) => {
  if (job.data.failures && job.options.retries > 0) throw new Error("not this time");
  job.reportProgress({ half: true });
  return job.data.value * 2;
});
queue.checkStalledJobs(500, () => {});
queue.on("succeeded", (job, value) => report({ completed: job.id, value }));
queue.on("retrying", (job) => report({ retrying: job.id }));

await queue.ready();
// bee-queue loads its scripts once. They are gone when the server has been restarted, and an application loads them.
queue.client.on("ready", () => scripts.buildCache(queue.client).catch(() => {}));
serve({});
