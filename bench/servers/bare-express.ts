// Express that parses the body by express.json() and answers with a constant: what any service written in it pays.
import { createServer } from "node:http";
import express from "express";

const app = express();
app.post("/cds-services/:id", express.json({ limit: "8mb" }), (_request, response) => {
  response.json({ cards: [] });
});
createServer(app).listen(Number(process.env.PORT), "127.0.0.1");
