// The page docs/configuration.md. What a setting is for stands in .env.example; its default and what is allowed are
// asked of the schema itself, so that the page says what the service says.
import { environment } from "../config.ts";

const BEFORE = `# Settings

By the environment: \`PORT=8080 npm start\`, or \`node --env-file=.env src/main.ts\` with a copy of [\`.env.example\`](../.env.example).
They are read once, at start. An empty one counts as not set; a wrong one stops the start with exit code 78, and all wrong ones are
named at once, with what is allowed.

<!-- Written by \`npm run docs\` from src/config.ts and .env.example. Change those, not this page. -->

`;

const AFTER = `
## Settings that depend on each other

| where | what is demanded |
|---|---|
| \`NODE_ENV=production\` | \`BASE_URL\`, with https; and \`CLIENTS_FILE\`, or \`ALLOW_ANONYMOUS=true\` for open mode |
| \`HOST\` is not a loopback address | \`CLIENTS_FILE\`, or \`ALLOW_ANONYMOUS=true\` |
| \`CLIENTS_FILE\` is set | no \`FHIR_SERVERS\` (each client has its own in the file), and no \`ALLOW_ANONYMOUS=true\` |

What a client's entry in \`CLIENTS_FILE\` may hold: [security.md](security.md).
`;

type Setting = { readonly name: string; readonly what: string; readonly fallback: string; readonly allowed: string };
type Name = keyof typeof environment.shape;

/** What NODE_ENV means: it is everybody's variable, and not one of `.env.example`. */
const NODE_ENV =
  "`production` demands a public address and registered clients (below). It also refuses clients that are for demonstrations. No other value changes anything.";

/** The comment above each setting in .env.example, by its name. Settings without a line between share it. */
function commentsIn(example: string): Map<string, string> {
  const comments = new Map<string, string>();
  let above: string[] = [];
  let previous = "";
  for (const line of example.split("\n")) {
    const name = /^([A-Z_]+)=/.exec(line)?.[1];
    if (name) comments.set(name, above.join(" "));
    const isFirst = !previous.startsWith("#");
    if (line.startsWith("#")) above = [...(isFirst ? [] : above), line.slice(1).trim()];
    previous = line;
  }
  return comments;
}

function describeSetting(name: Name, comment: string): Setting {
  const schema = environment.shape[name];
  const unset = schema.safeParse(undefined).data;
  const told = /Default: (.+?)\.(?= |$)/.exec(comment);
  const shown = [unset ?? []].flat().join(",");
  const refusal = schema.safeParse("?").error?.issues[0]?.message;
  return {
    name,
    what: told ? comment.replace(told[0], "").replace(/ +/g, " ").trim() : comment,
    fallback: told?.[1] ?? (shown === "" ? "not set" : `\`${shown}\``),
    allowed: refusal?.replace(/^must be /, "") ?? "text",
  };
}

/** Text that Markdown leaves as it is, in a table; what is code stays code. */
function plain(text: string): string {
  return text.replace(/[<>*|]/g, (character) => `\\${character}`);
}

/** @param example the text of .env.example */
export function writePage(example: string): string {
  const comments = commentsIn(example).set("NODE_ENV", NODE_ENV);
  const order = [...comments.keys()];
  const names = (Object.keys(environment.shape) as Name[]).sort((a, b) => order.indexOf(a) - order.indexOf(b));
  const rows = names.map((name) => {
    const { what, fallback, allowed } = describeSetting(name, comments.get(name) ?? "");
    return `| \`${name}\` | ${plain(what)} | ${fallback} | ${plain(allowed)} |`;
  });
  return `${BEFORE}| setting | what | default | allowed |\n|---|---|---|---|\n${rows.join("\n")}\n${AFTER}`;
}
