// The Kubernetes manifests: the API takes them, they fit together, their settings are ones that the service takes, and the policies that they
// mount are those of cards/.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { z } from "zod";
import { loadClients } from "../../src/clients/clients-file.ts";
import { readSettings } from "../../src/config.ts";
import { loadPolicies } from "../../src/policy/load/load.ts";
import { faultsOf, type Manifest } from "./kubernetes.ts";
import { readEnvFile, unknownSettings } from "./settings.ts";

const FOLDER = "deploy/kubernetes";
const read = (name: string) => readFileSync(join(FOLDER, name), "utf8");

const file = z.string().transform((text) => {
  const [key = "", path = ""] = text.split("=");
  return { key, path: join(FOLDER, path) };
});
const kustomization = z
  .strictObject({
    apiVersion: z.literal("kustomize.config.k8s.io/v1beta1"),
    kind: z.literal("Kustomization"),
    resources: z.array(z.string()),
    images: z.array(z.strictObject({ name: z.string(), newTag: z.string() })),
    configMapGenerator: z.array(
      z.strictObject({ name: z.string(), envs: z.array(z.string()).default([]), files: z.array(file).default([]) }),
    ),
  })
  .parse(parse(read("kustomization.yaml")));
const filesOf = (name: string) => kustomization.configMapGenerator.find((each) => each.name === name)?.files ?? [];

const manifests = kustomization.resources.map((name) => {
  const documents = parseAllDocuments(read(name));
  expect(documents).toHaveLength(1);
  expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
  return documents[0]?.toJS() as Manifest;
});

/** What the tests look at in the Deployment. */
const pod = z
  .object({
    terminationGracePeriodSeconds: z.number(),
    containers: z.tuple([
      z.object({
        image: z.string(),
        ports: z.array(z.object({ name: z.string(), containerPort: z.number() })),
        envFrom: z.array(z.object({ configMapRef: z.object({ name: z.string() }) })),
        env: z.array(z.object({ name: z.string() })),
        volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string(), subPath: z.string().optional() })),
      }),
    ]),
    volumes: z.array(
      z.object({
        name: z.string(),
        configMap: z.object({
          name: z.string(),
          items: z.array(z.object({ key: z.string(), path: z.string() })).default([]),
        }),
      }),
    ),
  })
  .parse(
    (manifests.find(({ kind }) => kind === "Deployment") as { spec?: { template: { spec: unknown } } }).spec?.template
      .spec,
  );
const [container] = pod.containers;
const settings = readEnvFile(read("settings.env"));

test("every manifest is in the kustomization, and the Kubernetes API takes it", () => {
  const others = ["kustomization.yaml", "settings.env"];
  expect(
    readdirSync(FOLDER)
      .filter((name) => !others.includes(name))
      .sort(),
  ).toEqual([...kustomization.resources].sort());
  expect(manifests.map(({ kind }) => kind).sort()).toEqual([
    "Deployment",
    "HorizontalPodAutoscaler",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "Service",
  ]);
  expect(Object.fromEntries(manifests.map((manifest) => [manifest.kind, faultsOf(manifest)]))).toEqual(
    Object.fromEntries(manifests.map(({ kind }) => [kind, []])),
  );
});

test("the check finds what is misspelled, of the wrong type, missing or of no kind", () => {
  const budget = { apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: { name: "a" } };
  expect(faultsOf({ ...budget, spec: { maxUnavailable: 1 } })).toEqual([]);
  expect(faultsOf({ ...budget, spec: { maxUnavailble: 1 } })).toEqual(["/spec/maxUnavailble"]);
  expect(faultsOf({ ...budget, spec: { selector: { matchLabels: { a: 1 } } } })[0]).toBe(
    '/spec/selector/matchLabels/a {"type":"string"}',
  );
  const service = { apiVersion: "v1", kind: "Service", metadata: {}, spec: { ports: [{ name: "http" }] } };
  expect(faultsOf(service)[0]).toBe('/spec/ports/0 {"missingProperty":"port"}');
  expect(faultsOf({ ...budget, apiVersion: "policy/v1beta1" })[0]).toContain("not one of the kinds");
});

test("what the manifests name is there: labels, ConfigMaps, files, the image", () => {
  const label = JSON.stringify({ "app.kubernetes.io/name": "preferred-product-cds" });
  const selectors = JSON.stringify(manifests).match(/"(?:matchLabels|selector|labels)":\{"app[^}]*\}/g) ?? [];
  expect(selectors.length).toBeGreaterThan(9);
  expect(new Set(selectors.map((text) => text.slice(text.indexOf(":") + 1)))).toEqual(new Set([label]));
  const wanted = [
    ...container.envFrom.map(({ configMapRef }) => configMapRef),
    ...pod.volumes.map((each) => each.configMap),
  ];
  const generated = kustomization.configMapGenerator.map(({ name }) => name);
  expect(wanted.map(({ name }) => name).sort()).toEqual(generated.sort());
  expect(container.volumeMounts.map(({ name }) => name).sort()).toEqual(pod.volumes.map(({ name }) => name).sort());
  const { name, version } = JSON.parse(readFileSync("package.json", "utf8"));
  expect(kustomization.images).toEqual([{ name: container.image, newTag: version }]);
  expect(container.image).toBe(name);
});

test("the settings are ones that the service takes, and agree with ports, mounts and the grace period", () => {
  expect(unknownSettings([...Object.keys(settings), ...container.env.map((each) => each.name)])).toEqual([]);
  const read = readSettings({ ...settings, NODE_ENV: "production", DATABASE_URL: "postgres://cds:word@host/cds" });
  expect(container.ports.map(({ containerPort }) => containerPort)).toEqual([read.port, read.metricsPort]);
  const clients = container.volumeMounts.find(({ name }) => name === "clients");
  const [{ key, path } = { key: "", path: "" }] = filesOf("cds-clients");
  expect(read.clientsFile).toBe(`${clients?.mountPath}/${key}`);
  expect(loadClients(path, true).length).toBeGreaterThan(0);
  // 10 s for the calls under way, and as long again for the decision log (10 s for a query).
  expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(read.drainDelay / 1000 + 20);
});

test("the policies that are mounted are those of cards/, file by file: revisions are the same", () => {
  const sources = new Map(filesOf("cds-policies").map(({ key, path }) => [key, path]));
  const { configMap } = pod.volumes.find(({ name }) => name === "policies") ?? {};
  const mounts = container.volumeMounts.filter(({ name }) => name === "policies");
  const folder = mkdtempSync(join(tmpdir(), "policies-"));
  for (const { key, path } of configMap?.items ?? []) {
    const mount = mounts.find(({ subPath }) => path.startsWith(`${subPath}/`));
    const to = join(folder, mount?.mountPath ?? "not mounted", path.slice(mount?.subPath?.length));
    mkdirSync(dirname(to), { recursive: true });
    cpSync(sources.get(key) ?? "", to);
  }
  const revisions = (directory: string) => loadPolicies(directory).map(({ id, revision }) => ({ id, revision }));
  expect(revisions(join(folder, "/app/cards"))).toEqual(revisions("cards"));
  rmSync(folder, { recursive: true });
});
