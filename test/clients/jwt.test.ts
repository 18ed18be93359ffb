// Who may call: the forms of token that known clients send are let in, and each attack fails with the code of the check that
// stops it. Real keys, real tokens, over HTTP.
import { createHmac, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { type CryptoKey, exportSPKI, importJWK, SignJWT } from "jose";
import { SERVICE_ID } from "../../src/cds-hooks/discovery.ts";
import { call } from "../support/calls.ts";
import { type Answer, BASE_URL, type Service, startService } from "../support/service.ts";
import { createSigner, encode, ORDER_SIGN, registered, type Signer } from "../support/tokens.ts";

const EHR = "https://ehr.example.org";
const OTHER = "https://other.example.org";
const EPIC = "https://epic.example.org/api/FHIR/R4";
const SANDBOX = "https://sandbox.cds-hooks.org";
const EPIC_ID = "12345678-ce08-4ac7-ac0c-12345678";
const HAND_TYPED = "https://cds.example.org/hook";
const seconds = () => Math.floor(Date.now() / 1000);

let service: Service;
let ehr: Signer;
let rsa: Signer;
let other: Signer;
let epic: Signer;
let sandbox: Signer;
let stranger: Signer;
let listed: Signer;

beforeAll(async () => {
  ehr = await createSigner(EHR);
  rsa = await createSigner(EHR, "RS384");
  other = await createSigner(OTHER);
  // Epic's kid is base64 and can hold + / =.
  epic = await createSigner(EPIC, "RS384", "lB+5/dQ4tZ0=");
  sandbox = await createSigner(SANDBOX);
  stranger = await createSigner(EHR, "ES384", ehr.kid);
  listed = await createSigner("https://es256.example.org", "ES256");
  service = await startService({
    clients: [
      registered(EHR, [ehr.publicKey, rsa.publicKey]),
      registered(OTHER, [other.publicKey], { tenants: ["north"] }),
      registered(EPIC, [epic.publicKey], {
        audience: [HAND_TYPED, `${HAND_TYPED}/feedback`],
        subject: EPIC_ID,
        dialect: "epic",
      }),
      registered(SANDBOX, [sandbox.publicKey], { demonstration: true }),
      registered("https://es256.example.org", [listed.publicKey], { algorithms: ["ES256"] }),
    ],
  });
});
afterAll(() => service.stop());

const codeOf = ({ body }: Answer) =>
  (body as { issue: { details?: { coding: { code: string }[] } }[] }).issue[0]?.details?.coding[0]?.code;
const refusalInLog = () => JSON.parse(service.log.at(-1) ?? "{}").refused;

describe("let in", () => {
  test.each<[string, () => Promise<string>]>([
    ["ES384", () => ehr.sign()],
    ["RS384", () => rsa.sign()],
    ["ES256, where it is listed", () => listed.sign()],
    ["the audience among others", () => ehr.sign({ aud: ["https://else.example", ORDER_SIGN] })],
    [
      "the audience with doubled slashes, as the service was called",
      () => ehr.sign({ aud: ORDER_SIGN.replace("/cds-services/", "//cds-services//") }),
    ],
    ["a clock that is a minute ahead", () => ehr.sign({ iat: seconds() + 59, nbf: seconds() + 59 })],
    ["a token without jku, nbf, sub or tenant", () => ehr.sign()],
    [
      "a jku where keys are inline: not looked at, never fetched",
      () => ehr.sign({}, { jku: "https://evil.example/jwks" }),
    ],
    ["a registered tenant", () => other.sign({ tenant: "north" })],
    ["typ in small letters", () => ehr.sign({}, { typ: "jwt" })],
    [
      "the public sandbox: exp in 300 s, iat half a second ahead, its jku",
      () =>
        sandbox.sign(
          { iat: seconds() + 0.5, exp: seconds() + 300 },
          { jku: "https://sandbox.cds-hooks.org/.well-known/jwks.json" },
        ),
    ],
    [
      "Epic: RS384, kid in base64, sub, 15 minutes, nbf five minutes before iat, aud typed by hand",
      () =>
        epic.sign(
          { aud: HAND_TYPED, sub: EPIC_ID, exp: seconds() + 900, nbf: seconds() - 300 },
          { jku: `${EPIC}/.well-known/jwks.json` },
        ),
    ],
  ])("%s", async (_name, token) => {
    expect(await service.cards(call(), await token())).toHaveLength(1);
  });

  test("discovery and feedback, each with its own audience", async () => {
    const discovery = await ehr.sign({ aud: `${BASE_URL}/cds-services` });
    const headers = { authorization: `Bearer ${discovery}` };
    expect((await service.request("GET", "/cds-services", { headers })).status).toBe(200);
    const body = {
      feedback: [{ card: randomUUID(), outcome: "overridden", outcomeTimestamp: "2026-11-24T10:00:00Z" }],
    };
    expect((await service.feedback(body, await ehr.sign({ aud: `${ORDER_SIGN}/feedback` }))).status).toBe(200);
  });

  test("the log names the client, and nothing of the token", () => {
    expect(service.log.join()).toContain('"client":"epic.example.org"');
  });

  test("without a token: health and the policy page; a preflight; and nothing else", async () => {
    const statusOf = async (method: string, path: string, headers = {}) =>
      (await service.request(method, path, { headers })).status;
    expect(await statusOf("GET", "/health/live")).toBe(200);
    expect(await statusOf("GET", "/health/ready")).toBe(200);
    expect(await statusOf("GET", "/policies/imatinib-preferred", { accept: "text/html" })).toBe(200);
    expect(await statusOf("OPTIONS", "/cds-services", { "access-control-request-method": "GET" })).toBe(204);
    for (const path of [
      "/cds-services",
      "/cds-services/any",
      `/cds-services/${SERVICE_ID}`,
      "/cds-services/any/feedback",
    ]) {
      expect(await statusOf("GET", path)).toBe(401);
      expect(await statusOf("POST", path)).toBe(401);
    }
  });
});

/** A token put together by hand: header and claims as given, and any signature. */
const forge = (header: object, claims: object, signature = "") => `${encode(header)}.${encode(claims)}.${signature}`;
const goodClaims = () => ({ iss: EHR, aud: ORDER_SIGN, exp: seconds() + 300, iat: seconds(), jti: randomUUID() });
const goodHeader = () => ({ alg: "ES384", kid: ehr.kid, typ: "JWT" });

describe("refused", () => {
  /** The code in the answer, and the check in the log where it tells more. */
  const attacks: [name: string, code: string, token: () => Promise<string> | string, check?: string][] = [
    ["no JSON Web Token", "jwt-shape", () => "abc"],
    ["three parts that are none", "jwt-shape", () => "a.b.c"],
    ["an encrypted token's five parts", "jwt-shape", () => "a.b.c.d.e"],
    ["claims that are a list", "jwt-shape", () => `${encode(goodHeader())}.${encode([])}.AA`],
    ["an oversized token", "jwt-shape", () => ehr.sign({ padding: "x".repeat(9000) })],
    [
      "a critical extension",
      "jwt-shape",
      () => forge({ ...goodHeader(), crit: ["b64"], b64: false }, goodClaims(), "AA"),
    ],

    ["alg none", "jwt-alg", () => forge({ ...goodHeader(), alg: "none" }, goodClaims())],
    ["alg NONE with a signature", "jwt-alg", () => forge({ ...goodHeader(), alg: "NONE" }, goodClaims(), "AA")],
    ["no alg", "jwt-alg", () => forge({ kid: ehr.kid, typ: "JWT" }, goodClaims(), "AA")],
    [
      "HMAC with the public key as its secret",
      "jwt-alg",
      async () => {
        const secret = await exportSPKI((await importJWK(rsa.publicKey, "RS384")) as CryptoKey);
        const head = `${encode({ ...goodHeader(), kid: rsa.kid, alg: "HS384" })}.${encode(goodClaims())}`;
        return `${head}.${createHmac("sha384", secret).update(head).digest("base64url")}`;
      },
    ],
    ["an algorithm that nobody may use", "jwt-alg", () => forge({ ...goodHeader(), alg: "RS512" }, goodClaims(), "AA")],
    ["ES256 where it is not listed", "jwt-alg", async () => (await createSigner(EHR, "ES256", ehr.kid)).sign()],
    [
      "ES384 where only ES256 is listed",
      "jwt-alg",
      async () => (await createSigner("https://es256.example.org")).sign(),
    ],

    ["no typ", "jwt-typ", () => ehr.sign({}, { typ: undefined })],
    ["an access token's typ", "jwt-typ", () => ehr.sign({}, { typ: "at+jwt" })],
    ["typ that is no text", "jwt-typ", () => forge({ ...goodHeader(), typ: ["JWT"] }, goodClaims(), "AA")],
    ["no kid", "jwt-kid", () => ehr.sign({}, { kid: undefined })],
    ["an empty kid", "jwt-kid", () => ehr.sign({}, { kid: "" })],
    ["a kid without end", "jwt-kid", () => ehr.sign({}, { kid: "k".repeat(600) })],
    ["a kid that is an object", "jwt-kid", () => forge({ ...goodHeader(), kid: { $ne: "" } }, goodClaims(), "AA")],

    ["an unknown issuer", "jwt-untrusted", () => ehr.sign({ iss: "https://evil.example" }), "jwt-iss"],
    ["no issuer", "jwt-untrusted", () => ehr.sign({ iss: undefined }), "jwt-iss"],
    ["an issuer that is a list", "jwt-untrusted", () => ehr.sign({ iss: [EHR] }), "jwt-iss"],
    ["an issuer that reaches for prototypes", "jwt-untrusted", () => ehr.sign({ iss: "__proto__" }), "jwt-iss"],
    ["the issuer with a slash", "jwt-untrusted", () => ehr.sign({ iss: `${EHR}/` }), "jwt-iss"],
    ["a kid that is a path", "jwt-untrusted", () => ehr.sign({}, { kid: "../../../../dev/null" }), "jwt-key"],
    ["a kid that is SQL", "jwt-untrusted", () => ehr.sign({}, { kid: "x' UNION SELECT 'key" }), "jwt-key"],
    ["the key of another client", "jwt-untrusted", () => other.sign({ iss: EHR }), "jwt-key"],
    ["a stranger's key under a known kid", "jwt-untrusted", () => stranger.sign(), "jwt-signature"],
    [
      "the public key used as if it were of another kind",
      "jwt-untrusted",
      () => rsa.sign({}, { kid: ehr.kid }),
      "jwt-key",
    ],
    [
      "the key of a stranger in the header (jwk)",
      "jwt-untrusted",
      () => stranger.sign({}, { jwk: stranger.publicKey }),
      "jwt-signature",
    ],
    [
      "claims changed after signing",
      "jwt-untrusted",
      async () => {
        const [header, , signature] = (await ehr.sign()).split(".");
        return `${header}.${encode({ ...goodClaims(), sub: "admin" })}.${signature}`;
      },
      "jwt-signature",
    ],
    [
      "no signature",
      "jwt-untrusted",
      async () => `${(await ehr.sign()).split(".").slice(0, 2).join(".")}.`,
      "jwt-signature",
    ],
    [
      "an ECDSA signature of zeros",
      "jwt-untrusted",
      () => forge(goodHeader(), goodClaims(), Buffer.alloc(96).toString("base64url")),
      "jwt-signature",
    ],
    [
      "a signature in the other ECDSA encoding (DER)",
      "jwt-untrusted",
      () => {
        const head = `${encode(goodHeader())}.${encode(goodClaims())}`;
        const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
        return `${head}.${sign("sha384", Buffer.from(head), privateKey).toString("base64url")}`;
      },
      "jwt-signature",
    ],

    ["expired", "jwt-exp", () => ehr.sign({ exp: seconds() - 1, iat: seconds() - 300 })],
    ["no exp", "jwt-exp", () => ehr.sign({ exp: undefined })],
    ["exp as text", "jwt-exp", () => ehr.sign({ exp: `${seconds() + 300}` })],
    ["issued in the future", "jwt-iat", () => ehr.sign({ iat: seconds() + 120 })],
    [
      "issued too long ago, though it has not expired",
      "jwt-iat",
      () => ehr.sign({ iat: seconds() - 901, exp: seconds() + 300 }),
    ],
    ["no iat", "jwt-iat", () => unissued()],
    ["not yet valid", "jwt-nbf", () => ehr.sign({ nbf: seconds() + 120 })],
    ["nbf as text", "jwt-nbf", () => ehr.sign({ nbf: "now" })],
    ["the audience of another endpoint", "jwt-aud", () => ehr.sign({ aud: `${BASE_URL}/cds-services` })],
    [
      "the audience of another server",
      "jwt-aud",
      () => ehr.sign({ aud: ORDER_SIGN.replace("127.0.0.1", "evil.example") }),
    ],
    ["an audience that only begins right", "jwt-aud", () => ehr.sign({ aud: `${ORDER_SIGN}.evil.example` })],
    ["a list without the audience", "jwt-aud", () => ehr.sign({ aud: ["https://a.example", "https://b.example"] })],
    ["an empty list of audiences", "jwt-aud", () => ehr.sign({ aud: [] })],
    ["no audience", "jwt-aud", () => ehr.sign({ aud: undefined })],
    ["the endpoint where another audience is registered", "jwt-aud", () => epic.sign({ sub: EPIC_ID })],
    ["no jti", "jwt-jti", () => ehr.sign({ jti: undefined })],
    ["a jti without end", "jwt-jti", () => ehr.sign({ jti: "j".repeat(600) })],
    ["another sub", "jwt-sub", () => epic.sign({ aud: HAND_TYPED, sub: "another" })],
    ["no sub where one is registered", "jwt-sub", () => epic.sign({ aud: HAND_TYPED })],
    ["a foreign tenant", "jwt-tenant", () => other.sign({ tenant: "south" })],
    ["no tenant where some are registered", "jwt-tenant", () => other.sign()],
  ];

  /** SignJWT sets no claim of itself; a token without iat is made by leaving it out. */
  const unissued = () =>
    new SignJWT({ iss: EHR, aud: ORDER_SIGN, exp: seconds() + 300, jti: randomUUID() })
      .setProtectedHeader({ alg: "ES384", kid: ehr.kid, typ: "JWT" })
      .sign(ehr.privateKey);

  test.each(attacks)("%s: %s", async (_name, code, token, check = code) => {
    const answer = await service.orderSign(call(), await token());
    expect([answer.status, codeOf(answer)]).toEqual([401, code]);
    expect(answer.headers.get("www-authenticate")).toBe(
      `Bearer realm="cds-services", error="invalid_token", error_description="${code}"`,
    );
    const { check: logged, expected, received } = refusalInLog();
    expect(logged).toBe(check);
    expect([expected, received]).toEqual([expect.stringMatching(/./), expect.stringMatching(/./)]);
  });

  test("replayed", async () => {
    const token = await ehr.sign();
    expect((await service.orderSign(call(), token)).status).toBe(200);
    const again = await service.orderSign(call(), token);
    expect([again.status, codeOf(again)]).toEqual([401, "jwt-jti"]);
    expect(refusalInLog()).toMatchObject({ check: "jwt-jti", received: "a used one" });
  });

  test("two at once with one token: one is let in", async () => {
    const token = await ehr.sign();
    const answers = await Promise.all([1, 2, 3].map(() => service.orderSign(call(), token)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
  });

  test("one client's jti does not use up another's", async () => {
    const jti = randomUUID();
    expect((await service.orderSign(call(), await ehr.sign({ jti }))).status).toBe(200);
    expect((await service.orderSign(call(), await other.sign({ jti, tenant: "north" }))).status).toBe(200);
  });

  test("a discovery token for order-sign, and the other way round", async () => {
    const discovery = { aud: `${BASE_URL}/cds-services` };
    expect(codeOf(await service.orderSign(call(), await ehr.sign(discovery)))).toBe("jwt-aud");
    const headers = { authorization: `Bearer ${await ehr.sign()}` };
    expect(codeOf(await service.request("GET", "/cds-services", { headers }))).toBe("jwt-aud");
    expect(codeOf(await service.feedback({ feedback: [] }, await ehr.sign()))).toBe("jwt-aud");
  });

  test.each([
    ["no Authorization", undefined, "jwt-scheme", 'Bearer realm="cds-services"'],
    ["Basic", "Basic dXNlcjpwYXNz", "jwt-scheme", undefined],
    ["a token without its scheme", "eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0.", "jwt-scheme", undefined],
    ["Bearer without a token", "Bearer ", "jwt-shape", undefined],
    ["two tokens", "Bearer a.b.c d.e.f", "jwt-shape", undefined],
  ])("%s", async (_name, authorization, code, challenge) => {
    const headers = { "content-type": "application/json", ...(authorization && { authorization }) };
    const answer = await service.request("POST", `/cds-services/${SERVICE_ID}`, { headers, body: "{}" });
    expect([answer.status, codeOf(answer)]).toEqual([401, code]);
    if (challenge) expect(answer.headers.get("www-authenticate")).toBe(challenge);
  });

  test("before the body is read: a refused caller does not make the service parse 8 MB", async () => {
    const headers = { "content-type": "application/json" };
    const answer = await service.request("POST", `/cds-services/${SERVICE_ID}`, {
      headers,
      body: "[".repeat(2_000_000),
    });
    expect(codeOf(answer)).toBe("jwt-scheme");
  });

  test("the answer tells a stranger nothing: unknown issuer, unknown key and bad signature read the same", async () => {
    const tokens = [
      await ehr.sign({ iss: "https://evil.example" }),
      await other.sign({ iss: EHR }),
      await stranger.sign(),
    ];
    const texts = [];
    for (const token of tokens) texts.push((await service.orderSign(call(), token)).text);
    expect(new Set(texts).size).toBe(1);
  });

  test("what a token says is logged on one line, without control characters and not endless", async () => {
    await service.orderSign(call(), await ehr.sign({ aud: `a\n{"level":30}\u001b[31m${"x".repeat(500)}` }));
    const { received } = refusalInLog();
    expect(received).not.toMatch(/\p{Cc}/u);
    expect(received.length).toBeLessThanOrEqual(120);
  });
});

test("the memory of used tokens is bounded: when it is full, the one nearest to its end goes, and it is logged", async () => {
  const small = await startService({ clients: [registered(EHR, [ehr.publicKey])], maxTokens: 2 });
  try {
    const [soon, later, latest] = [
      await ehr.sign({ exp: seconds() + 100 }),
      await ehr.sign({ exp: seconds() + 200 }),
      await ehr.sign(),
    ];
    for (const token of [later, soon, latest]) expect((await small.orderSign(call(), token)).status).toBe(200);
    expect(small.log.join()).toContain("replay memory is full");
    expect((await small.orderSign(call(), later)).status).toBe(401);
    expect((await small.orderSign(call(), latest)).status).toBe(401);
  } finally {
    await small.stop();
  }
});

test("no client fills another's memory of used tokens", async () => {
  const clients = [registered(EHR, [ehr.publicKey]), registered(OTHER, [other.publicKey])];
  const small = await startService({ clients, maxTokens: 2 });
  try {
    const token = await ehr.sign();
    expect((await small.orderSign(call(), token)).status).toBe(200);
    for (let calls = 0; calls < 4; calls += 1) await small.orderSign(call(), await other.sign());
    expect((await small.orderSign(call(), token)).status).toBe(401);
  } finally {
    await small.stop();
  }
});

test("a token is forgotten after its end, when it is refused for that", async () => {
  let now = Date.now();
  const timed = await startService({ clients: [registered(EHR, [ehr.publicKey])], now: () => now });
  try {
    const token = await ehr.sign();
    expect((await timed.orderSign(call(), token)).status).toBe(200);
    now += 301_000;
    expect(codeOf(await timed.orderSign(call(), token))).toBe("jwt-exp");
  } finally {
    await timed.stop();
  }
});

test("open mode looks at no token, and says so where it is looked for", async () => {
  const open = await startService();
  try {
    expect(await open.cards(call(), "not.a.token")).toHaveLength(1);
    expect((await open.request("GET", "/health/ready")).body).toMatchObject({
      mode: "open",
      warning: expect.stringContaining("anyone who reaches this service may call it"),
    });
    expect((await service.request("GET", "/health/ready")).body).toMatchObject({ mode: "registered" });
  } finally {
    await open.stop();
  }
});
