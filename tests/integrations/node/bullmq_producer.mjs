// Adds jobs of every kind to a queue of bullmq.
import { FlowProducer, Queue } from "bullmq";
import IORedis from "ioredis";
import { port, serve } from "./serving.mjs";

const connection = new IORedis({ port, maxRetriesPerRequest: null, retryStrategy: () => 50 });
connection.on("error", () => {});
const queue = new Queue("work", { connection });
const flows = new FlowProducer({ connection });
queue.on("error", () => {});
flows.on("error", () => {});

const idOf = async (adding) => (await adding).id;
const numbered = (name) => ({ value, options }) => idOf(queue.add(name, { value }, options));

serve({
  add: numbered("double"),
  addBulk: async ({ values }) =>
    (await queue.addBulk(values.map((value) => ({ name: "double", data: { value } })))).map((job) => job.id),
  addFailing: ({ failures, value, options }) => idOf(queue.add("failing", { failures, value }, options)),
  addFlow: async ({ values }) => {
    const children = values.map((value) => ({ name: "double", data: { value }, queueName: "work" }));
    return (await flows.add({ name: "parent", queueName: "work", children })).job.id;
  },
  repeat: ({ every, value, limit }) =>
    idOf(queue.upsertJobScheduler("beat", { every, limit }, { name: "double", data: { value } })),
  stopRepeating: () => queue.removeJobScheduler("beat"),
  counts: () => queue.getJobCounts(),
  returned: async ({ ids }) => Promise.all(ids.map(async (id) => (await queue.getJob(id))?.returnvalue)),
  state: async ({ id }) => (await queue.getJob(id)).getState(),
  pause: () => queue.pause(),
  resume: () => queue.resume(),
  obliterate: () => queue.obliterate({ force: true }),
});
