// What bodies may take together and each, how fast they must come, and when what they take is given back.
import { PassThrough } from "node:stream";
import type { Request, RequestHandler, Response } from "express";
import { type BodyHandler, type BodyOptions, readJsonBodies } from "../../src/http/body.ts";
import { until } from "../support/until.ts";

const KB = 1024;
const small = { bodyLimit: 8 * KB, bodyMemory: 64 * KB, clientOf: (request: Request) => String(request.ip) };

/** A request of a client that sends, part by part, and what became of it. */
type Sent = PassThrough & { ip: string; body?: unknown; outcome?: unknown; leave(): void };

function receiving(options: Partial<BodyOptions>, handle: BodyHandler = async () => {}) {
  const handler: RequestHandler = readJsonBodies({ ...small, ...options })(handle);
  return (client: string, headers: Record<string, string> = {}): Sent => {
    const request = Object.assign(new PassThrough(), {
      headers: { "content-type": "application/json", ...headers },
      ip: client,
    }) as PassThrough as Sent;
    const response = new PassThrough();
    request.leave = () => void response.destroy();
    const done = handler(request as unknown as Request, response as unknown as Response, () => {}) as unknown;
    void (done as Promise<void>).then(
      () => {
        request.outcome = "answered";
      },
      (error) => {
        request.outcome = error;
      },
    );
    return request;
  };
}

const refused = (status: number, message: string) =>
  expect.objectContaining({ status, message: expect.stringContaining(message) });
const settled = (...sent: Sent[]) => until(() => sent.every(({ outcome }) => outcome !== undefined));
const turn = () => new Promise(setImmediate);
const spaces = (bytes: number) => Buffer.alloc(bytes, " ");
const empties = (count: number) => `[${Array(count).fill("{}").join()}]`;

describe("while they arrive", () => {
  test("one client's bodies take a quarter, and leave room for the others", async () => {
    const send = receiving({});
    const stalled = ["a", "a", "a"].map((client) => send(client));
    for (const each of stalled) each.write(spaces(7 * KB));
    const other = send("b");
    other.end("{}");
    await settled(stalled[2] as Sent, other);
    expect(stalled.map(({ outcome }) => outcome)).toEqual([
      undefined,
      undefined,
      refused(503, "Too many request bodies from this client"),
    ]);
    expect(other.outcome).toBe("answered");
    for (const each of stalled) each.leave();
  });

  test("all together are bounded, however many clients there are; who leaves makes room", async () => {
    const send = receiving({});
    const stalled = Array.from({ length: 9 }, (_, at) => send(`client ${at}`));
    for (const each of stalled) each.write(spaces(7 * KB));
    await settled(stalled[8] as Sent);
    expect(stalled.map(({ outcome }) => outcome).filter(Boolean)).toEqual([refused(503, "Too many request bodies in")]);
    stalled[0]?.leave();
    await settled(stalled[0] as Sent);
    const next = send("next");
    next.end("{}");
    await settled(next);
    expect(next.outcome).toBe("answered");
    for (const each of stalled) each.leave();
  });

  test("many small parts take more than what is in them", async () => {
    const send = receiving({});
    const [parts, whole] = [send("a"), send("b")];
    for (let part = 0; part < 200; part += 1) parts.write(" ");
    whole.write(spaces(200));
    await settled(parts);
    expect([parts.outcome, whole.outcome]).toEqual([
      refused(503, "Too many request bodies from this client"),
      undefined,
    ]);
    for (const each of [parts, whole]) each.leave();
  });

  test("what comes after a refusal is let go, and costs nothing", async () => {
    const send = receiving({});
    const refusedOnes = Array.from({ length: 20 }, () => send("a"));
    for (const each of refusedOnes) each.write(spaces(9 * KB));
    await settled(...refusedOnes);
    expect(refusedOnes[0]?.outcome).toEqual(refused(413, "Body larger than 8192 bytes"));
    for (const each of refusedOnes) each.resume().end(spaces(9 * KB));
    await turn();
    const next = send("a");
    next.end(empties(100));
    await settled(next);
    expect(next.outcome).toBe("answered");
  });

  test("a body that comes too slowly is ended, however it began", async () => {
    const send = receiving({ pace: { milliseconds: 20, bytes: KB } });
    const stalled = send("a");
    stalled.write(spaces(2 * KB));
    await settled(stalled);
    expect(stalled.outcome).toEqual(refused(408, "too slowly"));
    expect(stalled.outcome).toMatchObject({ headers: { Connection: "close" } });
  });
});

describe("what they become", () => {
  test("is charged until the handler ends, also where the client left", async () => {
    const ends: (() => void)[] = [];
    const send = receiving({}, () => new Promise((resolve) => ends.push(resolve)));
    const body = empties(200); // 400 values
    const [first, second] = [send("a"), send("b")];
    for (const each of [first, second]) each.end(body);
    await until(() => ends.length === 2);
    const third = send("c");
    third.end(body);
    await settled(third);
    expect(third.outcome).toEqual(refused(503, "Too many request bodies in"));
    first.leave();
    await turn();
    const fourth = send("d");
    fourth.end(body);
    await settled(fourth);
    expect(fourth.outcome).toEqual(refused(503, "Too many request bodies in"));
    ends[0]?.();
    await settled(first);
    const fifth = send("e");
    fifth.end(body);
    await until(() => ends.length === 3);
    for (const end of ends) end();
    await settled(second, fifth);
    expect([first.outcome, second.outcome, fifth.outcome]).toEqual(Array(3).fill("answered"));
    expect([first.body, second.body, fifth.body]).toEqual(Array(3).fill(undefined));
  });

  test("a body that would never have room is told so", async () => {
    const sent = receiving({})("a");
    sent.end(empties(1_000));
    await settled(sent);
    expect(sent.outcome).toEqual(refused(413, "more memory than is available"));
  });

  test("a client's share is free again once its body is whole", async () => {
    const ends: (() => void)[] = [];
    const send = receiving({}, () => new Promise((resolve) => ends.push(resolve)));
    const sent = Array.from({ length: 5 }, () => send("a"));
    for (const each of sent) {
      each.end(`"${"x".repeat(7 * KB)}"`);
      await turn();
    }
    await until(() => ends.length === 5);
    for (const end of ends) end();
    await settled(...sent);
    expect(sent.map(({ outcome }) => outcome)).toEqual(Array(5).fill("answered"));
  });
});

test("large bodies are parsed one at a time: the next when the one before was handled as far as it does not wait", async () => {
  const order: string[] = [];
  const steps = async (request: Request) => {
    const name = String(request.ip);
    order.push(`${name} begins`);
    await Promise.resolve();
    order.push(`${name} waits, of ${sent.filter(({ body }) => body !== undefined).length} parsed`);
    await until(() => order.length === 6);
  };
  const MB = KB * KB;
  const send = receiving({ bodyLimit: MB, bodyMemory: 64 * MB }, steps);
  const sent = ["a", "b", "c"].map((client) => send(client));
  for (const each of sent) each.end(`"${"x".repeat(300 * KB)}"`);
  await settled(...sent);
  expect(order).toEqual(
    ["a", "b", "c"].flatMap((name, at) => [`${name} begins`, `${name} waits, of ${at + 1} parsed`]),
  );
});

test("a large body whose client left is not parsed", async () => {
  let handled = 0;
  const send = receiving({ bodyLimit: KB * KB, bodyMemory: 64 * KB * KB }, async () => {
    handled += 1;
  });
  const sent = send("a");
  sent.end(`"${"x".repeat(300 * KB)}"`);
  sent.once("end", () => sent.leave());
  await settled(sent);
  expect([handled, sent.outcome]).toEqual([0, refused(400, "ended before")]);
});
