// node:http and JSON.parse, answering with a constant: about as little as a JSON service in Node can pay.
import { createServer } from "node:http";

createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    JSON.parse(Buffer.concat(chunks).toString());
    response.writeHead(200, { "content-type": "application/json" }).end('{"cards":[]}');
  });
}).listen(Number(process.env.PORT), "127.0.0.1");
