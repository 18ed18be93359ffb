// What a folder of policies may hold by mistake or malice: each is a fault with its path, and nothing hangs or shows a stack trace.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClientsFaults, loadClients } from "../../../src/clients/clients-file.ts";
import { checkPolicies } from "../../../src/policy/load/load.ts";

let directory: string;
let folder: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cards-"));
  folder = join(directory, "example");
  cpSync("test/authoring/small/example", folder, { recursive: true });
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const write = (path: string, text: string) => writeFileSync(join(folder, path), text);
const nested = ["x", ..."abcdefgh"].map((name, at, names) => {
  const inner = at === 0 ? "x" : `*${names[at - 1]}`;
  return `${name}: &${name} [${Array.from({ length: 10 }, () => inner).join(", ")}]\n`;
});

test.each<[string, () => void, string, RegExp]>([
  [
    "an alias of nothing",
    () => write("policy.yaml", "title: x\npayer: *nobody\n"),
    "policy.yaml",
    /^is not YAML: there is no &nobody above \*nobody$/,
  ],
  [
    "an alias of what it stands in",
    () => write("policy.yaml", "a: &a [1, *a]\n"),
    "policy.yaml",
    /^is not YAML: \*a is inside &a itself$/,
  ],
  [
    "lists of lists of lists",
    () => write("policy.yaml", nested.join("")),
    "policy.yaml",
    /^is not YAML: its aliases expand to more/,
  ],
  [
    "a pipe among the value sets",
    () => execFileSync("mkfifo", [join(folder, "value-sets", "pipe.yaml")]),
    "value-sets/pipe.yaml",
    /^is not a regular file$/,
  ],
  [
    "a pipe in place of the policy",
    () => {
      rmSync(join(folder, "policy.yaml"));
      execFileSync("mkfifo", [join(folder, "policy.yaml")]);
    },
    "policy.yaml",
    /^is not a regular file$/,
  ],
  [
    "a pipe that nobody asked for",
    () => execFileSync("mkfifo", [join(folder, "notes")]),
    "notes",
    /^is not a regular file$/,
  ],
  [
    "a link to itself",
    () => symlinkSync("loop.yaml", join(folder, "value-sets", "loop.yaml")),
    "value-sets/loop.yaml",
    /^cannot be read: ELOOP$/,
  ],
  [
    "a link to nothing",
    () => symlinkSync("/nowhere", join(folder, "value-sets", "gone.yaml")),
    "value-sets/gone.yaml",
    /^is missing$/,
  ],
  [
    "a folder in place of a file",
    () => mkdirSync(join(folder, "value-sets", "more.yaml")),
    "value-sets/more.yaml",
    /^is a folder, not a file$/,
  ],
  [
    "a file in place of the value sets",
    () => {
      rmSync(join(folder, "value-sets"), { recursive: true });
      write("value-sets", "x");
    },
    "value-sets",
    /^cannot be read: ENOTDIR$/,
  ],
])("%s is a fault", (_name, spoil, path, reason) => {
  spoil();
  const { faults } = checkPolicies(directory, { needsCases: true });
  expect(faults.filter(({ file }) => file === join(folder, path)).map((fault) => fault.reason)).toContainEqual(
    expect.stringMatching(reason),
  );
});

test("links that lead round in a circle", () => {
  symlinkSync("..", join(folder, "up"));
  symlinkSync(".", join(folder, "value-sets", "here"));
  symlinkSync("self", join(directory, "self"));
  const { faults } = checkPolicies(directory, { needsCases: false });
  const faultsOf = (path: string) =>
    faults.filter(({ file }) => file === join(directory, path)).map(({ reason }) => reason);
  expect(faultsOf("self")).toEqual(["cannot be read: ELOOP"]);
  expect(faultsOf("example/value-sets/here")).toContain("links to a folder that contains it");
  expect(faultsOf("example/up/example")).toEqual(["links to a folder that contains it"]);
});

test("a file in place of the folder of policies", () => {
  expect(checkPolicies(join(folder, "policy.yaml"), { needsCases: false }).faults).toMatchObject([
    { reason: "cannot be read: ENOTDIR" },
  ]);
});

test.each<[string, (file: string) => void, RegExp]>([
  ["a pipe", (file) => execFileSync("mkfifo", [file]), /CLIENTS_FILE is not a regular file: /],
  [
    "an alias of nothing",
    (file) => writeFileSync(file, "clients: [*nobody]"),
    /clients\.yaml:1:11: not YAML: there is no &nobody/,
  ],
  ["an alias of what it stands in", (file) => writeFileSync(file, "clients: &c [*c]"), /not YAML: \*c is inside/],
  [
    "a key file that is a pipe",
    (file) => {
      execFileSync("mkfifo", [`${file}.jwks`]);
      writeFileSync(file, "clients: [{ name: a, issuer: b, jwksFile: clients.yaml.jwks }]");
    },
    /jwksFile is not a regular file/,
  ],
])("a clients file that is %s", (_name, make, message) => {
  const file = join(directory, "clients.yaml");
  make(file);
  expect(() => loadClients(file, false)).toThrow(ClientsFaults);
  expect(() => loadClients(file, false)).toThrow(message);
});
