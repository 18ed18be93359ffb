// GET /health/live: is the process up. GET /health/ready: can it take requests, with the state of each part.
import type { RequestHandler } from "express";
import type { Policy } from "../policy/format/policy.ts";
import type { Store } from "../store/store.ts";

/** Open-mode warning, for the log and /health/ready. */
export const OPEN_MODE = "open mode: anyone who reaches this service may call it; set CLIENTS_FILE to register clients";

export type HealthOptions = {
  /** False during startup and shutdown. */
  readonly isReady: () => boolean;
  readonly store: Pick<Store, "health">;
  /** `open`: anyone may call. */
  readonly mode: "open" | "registered";
  readonly policies: readonly Policy[];
};

export const answerLive: RequestHandler = (_request, response) => void response.json({ status: "live" });

export function answerReady({ isReady, store, mode, policies }: HealthOptions): RequestHandler {
  return (_request, response) => {
    const health = store.health();
    // A store that never opened is a problem of this instance. One that fails later fails for every instance, and
    // cards do not need it.
    const ready = isReady() && health.status !== "starting";
    const status = isReady() ? (health.status === "ok" ? "ready" : health.status) : "draining";
    const open = mode === "open" ? { warning: OPEN_MODE } : {};
    const loaded = policies.map(({ id, revision }) => ({ id, revision }));
    response.status(ready ? 200 : 503).json({ status, mode, ...open, store: health, policies: loaded });
  };
}
