// A worker of bullmq in a process of its own, with the events of its queue.
import { QueueEvents, Worker } from "bullmq";
import IORedis from "ioredis";
import { port, report, serve } from "./serving.mjs";

const connect = () => new IORedis({ port, maxRetriesPerRequest: null, retryStrategy: () => 50 });
const options = JSON.parse(process.env.WORKER_OPTIONS ?? "{}");
const quiet = () => {};

async function run(job) {
  report({ started: job.id, at: Date.now() });
  if (job.name === "parent") {
    const children = Object.values(await job.getChildrenValues());
    return children.reduce((sum, value) => sum + value, 0);
  }
  if (job.name === "failing" && job.attemptsMade < job.data.failures) throw new Error("not this time");
  await job.updateProgress(50);
  return job.data.value * 2;
}

// A job whose worker lost its connection between taking and finishing it is soon given to a worker again.
const stalls = { lockDuration: 1500, stalledInterval: 500, maxStalledCount: 10 };
const worker = new Worker("work", run, { connection: connect(), concurrency: 5, drainDelay: 1, ...stalls, ...options });
worker.on("error", quiet);
worker.on("completed", (job, value) => report({ completed: job.id, name: job.name, value, taken: job.processedOn }));
worker.on("failed", (job, error) => report({ failed: job?.id, error: error.message }));

const events = new QueueEvents("work", { connection: connect() });
events.on("error", quiet);
events.on("completed", ({ jobId, returnvalue }) => report({ heard: jobId, returnvalue }));

await Promise.all([worker.waitUntilReady(), events.waitUntilReady()]);
serve({});
