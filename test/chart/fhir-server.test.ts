// The chart read from a real FHIR server: what is missing in prefetch is fetched, with the call's token, and nothing else.
import {
  allergy,
  bundle,
  call,
  coded,
  draft,
  draftOf,
  EMPTY_CHART,
  PATIENT,
  RXNORM,
  statement,
  withEhr,
} from "../support/calls.ts";
import { type FhirServer, startFhirServer } from "../support/fhir-server.ts";
import { type Service, startService } from "../support/service.ts";

let ehr: FhirServer;
let service: Service;
let patientId: string;

beforeAll(async () => {
  ehr = await startFhirServer();
  service = await startService({ fhirServers: [ehr.url] });
  patientId = (await ehr.create({ resourceType: "Patient" })).id;
  const own = { subject: { reference: `Patient/${patientId}` }, id: undefined };
  await ehr.create(statement({ ...own, status: "stopped" }));
  await ehr.create({
    ...allergy({ id: undefined }),
    patient: { reference: `Patient/${patientId}` },
    code: coded(RXNORM, "6211", "lactose"),
  });
  await ehr.create(statement({ id: undefined, subject: { reference: "Patient/another" } }));
});
afterAll(async () => {
  await service.stop();
  await ehr.stop();
});
beforeEach(() => {
  ehr.calls.length = 0;
});

/** A call for the patient on the FHIR server. */
const callFor = (
  prefetch: Record<string, unknown> | null,
  drafts = [draft({ subject: { reference: `Patient/${patientId}` } })],
) =>
  call(drafts, prefetch, {
    ...withEhr(ehr.url),
    context: { userId: "Practitioner/1", patientId, draftOrders: bundle(...drafts) },
  });

test("without prefetch, every source is fetched once, with the token of the call", async () => {
  const [card] = await service.cards(callFor(null));
  expect(card?.indicator).toBe("info");
  expect(card?.detail).toContain("Tried generic imatinib tablets: **found**: imatinib 400 MG Oral Tablet, stopped");
  expect(card?.detail).toContain("**found**: lactose, severe");
  expect(card?.detail).not.toMatch(/not received|could not be read/i);
  expect(ehr.calls.map(({ path }) => path.replace("/fhir/R4/", "")).sort()).toEqual([
    `AllergyIntolerance?patient=${patientId}`,
    `Coverage?patient=${patientId}&status=active`,
    `MedicationDispense?patient=${patientId}`,
    `MedicationRequest?patient=${patientId}`,
    `MedicationStatement?patient=${patientId}`,
  ]);
  expect(new Set(ehr.calls.map(({ authorization }) => authorization))).toEqual(
    new Set(["Bearer planted-access-token"]),
  );
});

test("only what prefetch lacks is fetched", async () => {
  const { allergies, ...prefetch } = EMPTY_CHART;
  const [card] = await service.cards(callFor(prefetch));
  expect(ehr.calls.map(({ path }) => path)).toEqual([`/fhir/R4/AllergyIntolerance?patient=${patientId}`]);
  expect(card?.detail).toContain("**found**: lactose, severe");
});

test("no draft that a policy speaks about: no call to the EHR", async () => {
  const aspirin = draftOf(
    { medicationReference: { reference: "Medication/1", display: "aspirin 81 mg tablet" } },
    { subject: { reference: `Patient/${patientId}` } },
  );
  expect(await service.cards(callFor(null, [aspirin]))).toEqual([]);
  expect(ehr.calls).toEqual([]);
});

test("a draft that nothing sent explains is resolved on the EHR", async () => {
  const { id } = await ehr.create({ resourceType: "Medication", code: coded(RXNORM, "404589") });
  const referring = draftOf(
    { medicationReference: { reference: `Medication/${id}` } },
    { subject: { reference: `Patient/${patientId}` } },
  );
  const [card] = await service.cards(callFor(EMPTY_CHART, [referring]));
  expect(ehr.calls.map(({ path }) => path)).toEqual([`/fhir/R4/Medication/${id}`]);
  expect(card?.suggestions?.[0]?.actions[0]?.resource).not.toHaveProperty("medicationReference");
});

test("a record of the chart that refers to its drug is resolved on the EHR, unless its name says that it does not matter", async () => {
  const { id } = await ehr.create({
    resourceType: "Medication",
    code: coded(RXNORM, "403879", "imatinib 400 MG Oral Tablet"),
  });
  const { medicationCodeableConcept, ...rest } = statement({ subject: { reference: `Patient/${patientId}` } });
  const refer = (recordId: string, reference: string, display?: string) => ({
    ...rest,
    id: recordId,
    medicationReference: { reference, display },
  });
  const records = bundle(
    refer("s1", `Medication/${id}`),
    refer("s2", "Medication/other", "aspirin 81 mg tablet"),
    refer("s3", `${ehr.url}/Medication/${id}`),
  );
  const [card] = await service.cards(callFor({ ...EMPTY_CHART, medicationStatements: records }));
  expect(card?.detail).toContain("Tried generic imatinib tablets: **found**: imatinib 400 MG Oral Tablet");
  expect(ehr.calls.map(({ path }) => path).sort()).toEqual([`/fhir/R4/Medication/${id}`]);
});

test("a call asks the EHR for at most 50 referred resources, each once", async () => {
  const drafts = Array.from({ length: 120 }, (_each, index) =>
    draftOf({ medicationReference: { reference: `Medication/m${index % 60}` } }, { id: `d${index}` }),
  );
  await service.orderSign(call(drafts, EMPTY_CHART, withEhr(ehr.url)));
  const asked = ehr.calls.map(({ path }) => path);
  expect([asked.length, new Set(asked).size]).toEqual([50, 50]);
});

test("the reason that an order refers to is resolved on the EHR", async () => {
  const { id } = await ehr.create({
    resourceType: "Condition",
    subject: { reference: `Patient/${patientId}` },
    code: { coding: [{ system: "http://hl7.org/fhir/sid/icd-10-cm", code: "C92.10", display: "CML" }] },
  });
  const ordered = draft({
    subject: { reference: `Patient/${patientId}` },
    reasonReference: [{ reference: `Condition/${id}` }],
  });
  const [card] = await service.cards(callFor(EMPTY_CHART, [ordered]));
  expect(card?.detail).toContain("Prior authorization: **reason given**: CML");
});

test("a server that is not allowed is not called: prefetch may suffice, else 412", async () => {
  const stranger = withEhr("https://stranger.example.org/fhir");
  expect(await service.cards(call([draft()], EMPTY_CHART, stranger))).toHaveLength(1);
  const { status, body } = await service.orderSign(call([draft()], {}, stranger));
  expect(status).toBe(412);
  expect(JSON.stringify(body)).toContain("prefetch.medicationStatements");
  expect(JSON.stringify(body)).toContain("prefetch.allergies");
});

test("a server without a token is not called", async () => {
  const { fhirServer } = withEhr(ehr.url);
  expect((await service.orderSign(call([draft()], {}, { fhirServer }))).status).toBe(412);
  expect(ehr.calls).toEqual([]);
});

test("the id of a patient cannot lead elsewhere", async () => {
  const odd = "../Patient?x=1&y=/";
  await service.orderSign(
    call(
      [draft({ subject: { reference: `Patient/${PATIENT}` } })],
      {},
      {
        ...withEhr(ehr.url),
        context: { userId: "Practitioner/1", patientId: odd, draftOrders: bundle(draft({ subject: undefined })) },
      },
    ),
  );
  expect(ehr.calls.length).toBeGreaterThan(0);
  expect(ehr.calls.every(({ path }) => path.includes(`patient=${encodeURIComponent(odd)}`))).toBe(true);
});
