// One PostgreSQL for the whole run, unless TEST_DATABASE_URL names one: each test makes a database of its own on it.
import { startServer } from "../support/databases.ts";

let server;

export default async function start() {
  if (process.env.TEST_DATABASE_URL) return;
  server = await startServer();
  process.env.TEST_DATABASE_URL = server.url; // the workers inherit it
}

export const stop = async () => server?.stop();
