// GET /health/live and /health/ready: whether the process runs, and whether calls may be sent to it, part by part.
import type { RequestHandler } from "express";
import type { Policy } from "../policy/format/policy.ts";
import type { Store } from "../store/store.ts";

/** What open mode means, for the log and for /health/ready. */
export const OPEN_MODE = "open mode: anybody who reaches this service may call it; CLIENTS_FILE registers clients";

export type HealthOptions = {
  /** Whether new calls may be sent here: false while the service starts or ends. */
  readonly isReady: () => boolean;
  readonly store: Pick<Store, "health">;
  /** `open`: anybody may call. */
  readonly mode: "open" | "registered";
  readonly policies: readonly Policy[];
};

export const answerLive: RequestHandler = (_request, response) => void response.json({ status: "live" });

export function answerReady({ isReady, store, mode, policies }: HealthOptions): RequestHandler {
  return (_request, response) => {
    const health = store.health();
    // A store that never opened is a fault of this instance; one that fails later fails for all, and cards go on.
    const ready = isReady() && health.status !== "starting";
    const status = isReady() ? (health.status === "ok" ? "ready" : health.status) : "ending";
    const open = mode === "open" ? { warning: OPEN_MODE } : {};
    const loaded = policies.map(({ id, revision }) => ({ id, revision }));
    response.status(ready ? 200 : 503).json({ status, mode, ...open, store: health, policies: loaded });
  };
}
