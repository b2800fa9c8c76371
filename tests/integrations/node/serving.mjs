// The programs' side of tests/support/answering.py: requests and events as lines of JSON. The program ends with its
// standard input.
import { createInterface } from "node:readline";

export const host = "127.0.0.1";
export const port = Number(process.env.REDIS_PORT);
export const url = `redis://${host}:${port}`;

export function report(event) {
  process.stdout.write(JSON.stringify(event) + "\n");
}

async function answer({ id, do: action, with: given }, actions) {
  try {
    report({ id, result: await actions[action](given) });
  } catch (error) {
    report({ id, error: String(error?.stack ?? error?.message ?? JSON.stringify(error)) });
  }
}

export function serve(actions) {
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => answer(JSON.parse(line), actions));
  lines.on("close", () => process.exit(0));
  report({ ready: process.pid });
}
