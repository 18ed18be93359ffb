// Turns a coding into its value set keys, with one spelling for each code system and each NDC.
import type { FhirObject } from "../fhir-json.ts";
import { textIn } from "../fhir-json.ts";

const MAX_LENGTH = 256; // characters of a system or code
const NDC = "http://hl7.org/fhir/sid/ndc";

/**
 * OIDs that EHRs send for code systems that FHIR identifies by URL. Source: HL7 terminology, "External code systems".
 */
const URL_OF_OID: Record<string, string> = {
  "2.16.840.1.113883.6.88": "http://www.nlm.nih.gov/research/umls/rxnorm",
  "2.16.840.1.113883.6.69": NDC,
  "2.16.840.1.113883.6.96": "http://snomed.info/sct",
  "2.16.840.1.113883.6.90": "http://hl7.org/fhir/sid/icd-10-cm",
};

/** The URL of a code system given as a URL or OID (`urn:oid:` or bare). */
export function systemUrl(system: string): string {
  return URL_OF_OID[system.replace(/^urn:oid:/i, "")] ?? system.replace(/\/+$/, "");
}

/** The OID (`urn:oid:`) of a code system given as a URL, or the system itself if it has none. */
export function systemOid(system: string): string {
  const known = Object.entries(URL_OF_OID).find(([, url]) => url === systemUrl(system));
  return known ? `urn:oid:${known[0]}` : system;
}

/**
 * The keys (`system|code`) that a coding may have in a value set: none without system and code, usually one, and up to
 * three for a ten-digit NDC without hyphens, which is ambiguous.
 */
export function codingKeys(coding: FhirObject): string[] {
  const system = textIn(coding.system);
  const code = textIn(coding.code);
  if (!system || !code || system.length > MAX_LENGTH || code.length > MAX_LENGTH) return [];
  const url = systemUrl(system);
  return url === NDC ? ndcProducts(code).map((product) => `${NDC}|${product}`) : [`${url}|${code}`];
}

/** False only for a code whose shape rules out an NDC. */
export function mayBeNdc(code: string): boolean {
  return code.length === 10 || code.length === 11 || code.includes("-");
}

/**
 * The products (5-digit labeler + 4-digit product, no hyphen) that an NDC may identify, regardless of package. Accepts
 * 4-4-2, 5-3-2, 5-4-1, and 5-4-2 with hyphens, 11 digits without, products without package (4-4, 5-3, 5-4), and ten
 * digits without hyphens in all three readings. Source: HL7 terminology, "Using NDC with HL7 Standards".
 */
export function ndcProducts(code: string): string[] {
  const parts = code.trim().split("-");
  if (!parts.every((part) => /^\d+$/.test(part))) return [];
  const [labeler = "", product = "", pack] = parts;
  if (parts.length === 2 || parts.length === 3) {
    const shaped = /^[45]$/.test(String(labeler.length)) && /^[34]$/.test(String(product.length));
    if (!shaped || (pack !== undefined && pack.length > 2)) return [];
    return [labeler.padStart(5, "0") + product.padStart(4, "0")];
  }
  if (parts.length !== 1) return [];
  if (labeler.length === 11) return [labeler.slice(0, 9)];
  if (labeler.length !== 10) return [];
  const readings = [`0${labeler.slice(0, 8)}`, `${labeler.slice(0, 5)}0${labeler.slice(5, 8)}`, labeler.slice(0, 9)];
  return [...new Set(readings)];
}
