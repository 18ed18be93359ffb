// Express that parses the body by express.json() and answers a constant: what any service pays that is written in it.
import { createServer } from "node:http";
import express from "express";
import { serveForParent } from "./child.ts";

const app = express();
app.post(
  "/cds-services/:id",
  express.json({ limit: "8mb" }),
  (_request, response) => void response.json({ cards: [] }),
);
serveForParent(createServer(app));
