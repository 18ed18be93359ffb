// Whether a manifest is one that the Kubernetes API takes: by the API's own schemas, and, as the API does when it is asked to be strict,
// without a field that they do not know.
import { validate as deployment } from "kubernetes-models/_schemas/IoK8sApiAppsV1Deployment";
import { validate as autoscaler } from "kubernetes-models/_schemas/IoK8sApiAutoscalingV2HorizontalPodAutoscaler";
import { validate as service } from "kubernetes-models/_schemas/IoK8sApiCoreV1Service";
import { validate as networkPolicy } from "kubernetes-models/_schemas/IoK8sApiNetworkingV1NetworkPolicy";
import { validate as disruptionBudget } from "kubernetes-models/_schemas/IoK8sApiPolicyV1PodDisruptionBudget";

/** A compiled JSON schema. */
type Validate = {
  (data: unknown): boolean;
  errors?: readonly { readonly instancePath: string; readonly params: unknown }[] | null;
};
const SCHEMAS: Readonly<Record<string, Validate>> = {
  "apps/v1 Deployment": deployment,
  "autoscaling/v2 HorizontalPodAutoscaler": autoscaler,
  "v1 Service": service,
  "networking.k8s.io/v1 NetworkPolicy": networkPolicy,
  "policy/v1 PodDisruptionBudget": disruptionBudget,
};

export type Manifest = { readonly apiVersion: string; readonly kind: string; readonly [field: string]: unknown };

/** @returns what is wrong: what the schema says, or the fields that it never looked at */
export function faultsOf(manifest: Manifest): string[] {
  const kind = `${manifest.apiVersion} ${manifest.kind}`;
  const validate = SCHEMAS[kind];
  if (validate === undefined) return [`${kind} is not one of the kinds that are used`];
  const looked = new Set<string>();
  if (!validate(watch(manifest, "", looked))) {
    return (validate.errors ?? []).map(({ instancePath, params }) => `${instancePath} ${JSON.stringify(params)}`);
  }
  return pathsOf(manifest).filter((path) => !looked.has(path));
}

/** The same value, but notes the path of each field that is looked at. */
function watch(value: unknown, path: string, looked: Set<string>): unknown {
  if (typeof value !== "object" || value === null) return value;
  return new Proxy(value, {
    get(target, name, receiver) {
      const below = `${path}/${String(name)}`;
      looked.add(below);
      return watch(Reflect.get(target, name, receiver), below, looked);
    },
  });
}

function pathsOf(value: unknown, path = ""): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => [`${path}/${name}`, ...pathsOf(each, `${path}/${name}`)]);
}
