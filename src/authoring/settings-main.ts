// `npm run docs`: writes docs/configuration.md.
import { readFileSync } from "node:fs";
import { writePage } from "./settings-page.ts";

process.stdout.write(writePage(readFileSync(".env.example", "utf8")));
