// The one place where an error becomes a response: an OperationOutcome. Details of a 500 stay in the log.
import type { ErrorRequestHandler } from "express";
import type { Logger } from "pino";
import { CallError, toOperationOutcome } from "./errors.ts";
import { describeCrash, noteForLog } from "./log.ts";

export function answerFailure(log: Logger): ErrorRequestHandler {
  return (error, _request, response, next) => {
    if (response.headersSent) return next(error);
    const failure = toCallError(error);
    if (failure.status === 500) log.error(describeCrash(error), "call failed");
    else noteForLog(response, { failure: failure.message, ...failure.note });
    response
      .status(failure.status)
      .set(failure.headers)
      .type("application/fhir+json")
      .send(JSON.stringify(toOperationOutcome(failure)));
  };
}

function toCallError(error: unknown): CallError {
  if (error instanceof CallError) return error;
  // Express's own 4xx errors, such as a path that cannot be decoded.
  const status = error instanceof Error && "status" in error ? Number(error.status) : 500;
  if (status >= 400 && status < 500) return new CallError(status, "processing", "The request could not be read");
  return new CallError(500, "exception", "Internal error: see the service log");
}
