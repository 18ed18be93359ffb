// node:http and JSON.parse, and a constant: about as little as a JSON service in Node can pay.
import { createServer } from "node:http";
import { serveForParent } from "./child.ts";

serveForParent(
  createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      JSON.parse(Buffer.concat(chunks).toString());
      response.writeHead(200, { "content-type": "application/json" }).end('{"cards":[]}');
    });
  }),
);
