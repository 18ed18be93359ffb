// FHIR servers that are slow, die, lie or mean harm, as real servers on this machine: the answer comes, others are served meanwhile,
// and the process lives.
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { MAX_CONNECTIONS } from "../../src/network/agent.ts";
import { allergy, bundle, call, draft, EMPTY_CHART, statement, withEhr } from "../support/calls.ts";
import { holdDeadlines } from "../support/deadline.ts";
import { type Service, startService, stop } from "../support/service.ts";
import { until } from "../support/until.ts";

const FHIR = { "content-type": "application/fhir+json" };
const rejections: unknown[] = [];
const note = (reason: unknown) => void rejections.push(reason);
const servers: Server[] = [];
const services: Service[] = [];
beforeAll(() => void process.on("unhandledRejection", note));
afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()));
  await Promise.all(servers.map((server) => stop(server)));
  process.off("unhandledRejection", note);
});

/** A FHIR server that answers so. @returns its base URL */
async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/fhir`;
}
async function start(options: Parameters<typeof startService>[0]): Promise<Service> {
  const service = await startService(options);
  services.push(service);
  return service;
}
const fetching = (server: string) => call([draft()], null, withEhr(server));
const empty: RequestListener = (_request, response) => {
  response.writeHead(200, FHIR).end(JSON.stringify(bundle()));
};

describe("named on the card", () => {
  const failures: [string, RequestListener][] = [
    [
      "dies in mid-body",
      (_request, response) =>
        void response
          .writeHead(200, { ...FHIR, "content-length": "1000" })
          .write('{"resourceType":', () => response.destroy()),
    ],
    ["dies at once", (request) => void request.destroy()],
    [
      "sends without end, as fast as it can",
      (_request, response) => {
        response.writeHead(200, FHIR);
        const chunk = " ".repeat(1024 * 1024);
        const pour = () => {
          while (!response.destroyed && response.write(chunk));
        };
        response.on("drain", pour);
        pour();
      },
    ],
    [
      "answers what is nested without end",
      (_request, response) => void response.writeHead(200, FHIR).end("[".repeat(1_000_000)),
    ],
    ["answers no HTTP", (request) => void request.socket.end("SSH-2.0-OpenSSH_9.6\r\n")],
    [
      "answers a compressed body that is none",
      (_request, response) => void response.writeHead(200, { ...FHIR, "content-encoding": "gzip" }).end("plain"),
    ],
    [
      "answers headers without end",
      (_request, response) => void response.writeHead(200, { ...FHIR, padding: "x".repeat(100_000) }).end("{}"),
    ],
    [
      "asks to switch protocols",
      (request) =>
        void request.socket.end(
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        ),
    ],
  ];

  test.each(failures)("medication statements: the server %s", async (_name, fail) => {
    const server = await serve((request, response) => {
      if (request.url?.includes("MedicationStatement")) fail(request, response);
      else empty(request, response);
    });
    const service = await start({ fhirServers: [server] });
    const [card] = await service.cards(fetching(server));
    expect(card?.detail).toContain("Could not be read: medication statements.");
    expect(card?.suggestions).toHaveLength(1);
  });

  test("at the deadline, a server that sends its body a byte at a time, for ever", async () => {
    let bytes = 0;
    const server = await serve((_request, response) => {
      response.writeHead(200, FHIR);
      const drip = setInterval(() => {
        bytes += 1;
        response.write(" ");
      }, 5);
      response.on("close", () => clearInterval(drip));
    });
    const service = await start({ fhirServers: [server] });
    const deadlines = holdDeadlines();
    const { allergies, ...prefetch } = EMPTY_CHART;
    const cards = service.cards(call([draft()], prefetch, withEhr(server)));
    await until(() => bytes > 20);
    deadlines.pass();
    expect((await cards)[0]?.detail).toContain("Could not be read: allergies.");
  });

  test("a server that says that there is always another page", async () => {
    let pages = 0;
    const server: string = await serve((_request, response) => {
      pages += 1;
      const link = [{ relation: "next", url: `${server}/MedicationStatement?page=${pages}` }];
      response.writeHead(200, FHIR).end(JSON.stringify({ ...bundle(), link }));
    });
    const service = await start({ fhirServers: [server] });
    const [card] = await service.cards(fetching(server));
    expect(card?.detail).toContain("Received in part");
    expect(pages).toBeLessThanOrEqual(5 * 40);
  });

  test("a server that answers with other patients' records, in all sources", async () => {
    const foreign = {
      subject: { reference: "Patient/somebody-else" },
      patient: { reference: "Patient/somebody-else" },
    };
    const server = await serve((_request, response) => {
      response.writeHead(200, FHIR).end(JSON.stringify(bundle(statement(foreign), allergy(foreign))));
    });
    const service = await start({ fhirServers: [server] });
    const [card] = await service.cards(fetching(server));
    expect(card?.detail).not.toContain("titanium");
    expect(card?.suggestions).toHaveLength(1);
  });
});

test("while an EHR is silent, others are answered", async () => {
  const { promise: isOver, resolve: fail } = Promise.withResolvers<void>();
  const silent = await serve(async (_request, response) => {
    await isOver;
    response.writeHead(500).end();
  });
  const service = await start({ fhirServers: [silent] });
  const waiting = [1, 2, 3].map(() => service.orderSign(fetching(silent)));
  let ended = false;
  const all = Promise.all(waiting).then((answers) => {
    ended = true;
    return answers;
  });
  expect((await service.request("GET", "/health/live")).status).toBe(200);
  expect(await service.cards(call())).toHaveLength(1);
  expect(ended).toBe(false);
  fail();
  expect((await all).map(({ status }) => status)).toEqual([412, 412, 412]);
});

test("the calls under way to one server are bounded, another server is not held up by them, and all end at the deadline", async () => {
  let underWay = 0;
  let most = 0;
  const silent = await serve((_request, response) => {
    underWay += 1;
    most = Math.max(most, underWay);
    response.on("close", () => {
      underWay -= 1;
    });
  });
  const quick = await serve(empty);
  const service = await start({ fhirServers: [silent, quick] });
  const deadlines = holdDeadlines();
  const many = Array.from({ length: 30 }, () => service.orderSign(fetching(silent)));
  await until(() => underWay === MAX_CONNECTIONS && deadlines.set.length === many.length);
  expect(await service.cards(fetching(quick))).toHaveLength(1);
  deadlines.pass();
  expect((await Promise.all(many)).map(({ status }) => status)).toEqual(many.map(() => 412));
  expect(most).toBe(MAX_CONNECTIONS);
});

describe("a server that fails again and again", () => {
  const LONG = 3_600_000; // milliseconds

  test("is left alone for a while: the 412 and the card say so", async () => {
    let asked = 0;
    const server = await serve((_request, response) => {
      asked += 1;
      response.writeHead(500).end();
    });
    const service = await start({ fhirServers: [server], halfOpenAfter: LONG });
    for (let calls = 0; calls < 2; calls += 1) expect((await service.orderSign(fetching(server))).status).toBe(412);
    expect(asked).toBe(10);

    const refused = await service.orderSign(fetching(server));
    expect(refused.status).toBe(412);
    expect(refused.text).toContain("The FHIR server failed repeatedly and will be retried shortly.");
    const { allergies, ...prefetch } = EMPTY_CHART;
    const [card] = await service.cards(call([draft()], prefetch, withEhr(server)));
    expect(card?.detail).toContain("Not asked for, since the EHR's record server failed repeatedly: allergies.");
    expect(card).not.toHaveProperty("suggestions");
    expect(asked).toBe(10);
  });

  test("is asked again after that", async () => {
    let failing = true;
    const server = await serve((request, response) => {
      if (failing) response.writeHead(500).end();
      else empty(request, response);
    });
    const service = await start({ fhirServers: [server], halfOpenAfter: 1 });
    for (let calls = 0; calls < 3; calls += 1) expect((await service.orderSign(fetching(server))).status).toBe(412);
    failing = false;
    await until(async () => (await service.orderSign(fetching(server))).status === 200);
    expect((await service.cards(fetching(server)))[0]?.suggestions).toHaveLength(1);
  });

  test("but one that refuses a token, or has one patient's broken records, does not fail as a server", async () => {
    let asked = 0;
    const server = await serve((request, response) => {
      asked += 1;
      if (request.url?.includes("Allergy")) response.writeHead(200, FHIR).end("{");
      else response.writeHead(403).end();
    });
    const service = await start({ fhirServers: [server], halfOpenAfter: LONG });
    for (let calls = 0; calls < 4; calls += 1) await service.orderSign(fetching(server));
    expect(asked).toBe(20);
  });
});

test("after all of it: nothing was rejected without being handled, and no token is in a log", () => {
  expect(rejections).toEqual([]);
  expect(services.flatMap(({ log }) => log).join()).not.toMatch(/planted/);
});
