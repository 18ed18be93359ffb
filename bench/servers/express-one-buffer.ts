// Express with the service's own reader of bodies, and a constant: the least that our service could cost while it is written in Express.
import { createServer } from "node:http";
import express from "express";
import { readJsonBodies } from "../../src/http/body.ts";
import { serveForParent } from "./child.ts";

const app = express();
const json = readJsonBodies({ bodyLimit: 8 * 1024 * 1024, bodyMemory: 1024 * 1024 * 1024, clientOf: () => "any" });
app.disable("x-powered-by").set("etag", false);
app.post(
  "/cds-services/:id",
  json(async (_request, response) => {
    response.setHeader("Content-Type", "application/json; charset=utf-8");
    response.end('{"cards":[]}');
  }),
);
serveForParent(createServer(app));
