// Which addresses may be connected to, in every spelling; and that they are judged at the moment of connecting.
import { createServer, type Server } from "node:http";
import type { AddressInfo, LookupFunction } from "node:net";
import { type AddressRule, isAllowedAddress } from "../../src/network/addresses.ts";
import { bundle, call, draft, withEhr } from "../support/calls.ts";
import { type Service, startService, stop } from "../support/service.ts";
import { createSigner, registered, type Signer } from "../support/tokens.ts";

const NOBODY: AddressRule = { named: ["ehr.example.org"], privateNetwork: false };
const PRIVATE: AddressRule = { ...NOBODY, privateNetwork: true };

describe("addresses", () => {
  test.each([
    ["public", "93.184.216.34", true, true],
    ["public, IPv6", "2606:2800:220:1:248:1893:25c8:1946", true, true],
    ["public, mapped", "::ffff:93.184.216.34", true, true],
    ["public, by NAT64", "64:ff9b::5db8:d822", true, true],
    ["10/8", "10.1.2.3", false, true],
    ["172.16/12", "172.31.255.255", false, true],
    ["192.168/16", "192.168.0.1", false, true],
    ["carrier-grade NAT", "100.64.0.1", false, true],
    ["unique local", "fd12:3456::1", false, true],
    ["private, mapped into IPv6", "::ffff:10.1.2.3", false, true],
    ["private, mapped, in hex", "::ffff:a01:203", false, true],
    ["private, by NAT64", "64:ff9b::a01:203", false, true],
    ["loopback", "127.0.0.1", false, false],
    ["loopback, another", "127.9.9.9", false, false],
    ["loopback, IPv6", "::1", false, false],
    ["loopback, mapped", "::ffff:127.0.0.1", false, false],
    ["link-local", "169.254.1.1", false, false],
    ["link-local, IPv6", "fe80::1", false, false],
    ["metadata", "169.254.169.254", false, false],
    ["metadata, mapped", "::ffff:169.254.169.254", false, false],
    ["metadata, by NAT64", "64:ff9b::a9fe:a9fe", false, false],
    ["metadata of AWS over IPv6", "fd00:ec2::254", false, false],
    ["metadata of Alibaba", "100.100.100.200", false, false],
    ["metadata of Google over IPv6", "fd20:ce::254", false, false],
    ["Azure's wire server", "168.63.129.16", false, false],
    ["loopback, compatible", "::7f00:1", false, false],
    ["loopback, by ISATAP", "2606:2800:220:1:0:5efe:7f00:1", false, false],
    ["unspecified", "0.0.0.0", false, false],
    ["unspecified, IPv6", "::", false, false],
    ["broadcast", "255.255.255.255", false, false],
    ["multicast", "224.0.0.1", false, false],
    ["6to4 of a private address", "2002:a01:203::1", false, false],
    ["documentation", "192.0.2.1", false, false],
    ["no address", "localhost", false, false],
  ])("%s (%s): allowed %s, in a private network %s", (_name, address, byDefault, inPrivate) => {
    expect(isAllowedAddress("ehr.example.org", address, NOBODY)).toBe(byDefault);
    expect(isAllowedAddress("ehr.example.org", address, PRIVATE)).toBe(inPrivate);
  });

  test("an address that the operator wrote down is allowed, whatever it is", () => {
    const rule = { named: ["10.1.2.3", "169.254.169.254"], privateNetwork: false };
    expect(isAllowedAddress("10.1.2.3", "10.1.2.3", rule)).toBe(true);
    expect(isAllowedAddress("ehr.example.org", "169.254.169.254", rule)).toBe(true);
    expect(isAllowedAddress("10.1.2.4", "10.1.2.4", rule)).toBe(false);
  });

  test("localhost is this machine where the operator wrote it down, and another name never is", () => {
    expect(isAllowedAddress("localhost", "127.0.0.1", { named: ["localhost"], privateNetwork: false })).toBe(true);
    expect(isAllowedAddress("ehr.example.org", "127.0.0.1", { named: ["localhost"], privateNetwork: false })).toBe(
      false,
    );
  });
});

describe("when connecting", () => {
  let inner: Server;
  let port: number;
  let asked: string[];
  beforeAll(async () => {
    inner = createServer((request, response) => {
      asked.push(`${request.headers.host}${request.url}`);
      response.writeHead(200, { "content-type": "application/fhir+json" });
      response.end(JSON.stringify(bundle()));
    });
    await new Promise<void>((resolve) => inner.listen(0, "127.0.0.1", resolve));
    ({ port } = inner.address() as AddressInfo);
  });
  beforeEach(() => {
    asked = [];
  });
  afterAll(() => stop(inner));

  /** DNS that answers in turn, over and over. */
  const answering = (...answers: string[][]): LookupFunction => {
    let turn = 0;
    return (_host, options, done) => {
      const addresses = answers[turn % answers.length] ?? [];
      turn += 1;
      const found = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
      if (options.all) done(null, found);
      else done(null, found[0]?.address ?? "", found[0]?.family);
    };
  };
  async function statusWith(server: string, lookup: LookupFunction, privateNetwork = false): Promise<number> {
    const signer: Signer = await createSigner("https://ehr.example.org");
    const client = registered("https://ehr.example.org", [signer.publicKey], { fhirServers: [server], privateNetwork });
    const service: Service = await startService({ clients: [client], lookup });
    try {
      const { status } = await service.orderSign(call([draft()], null, withEhr(server)), await signer.sign());
      return status;
    } finally {
      await service.stop();
    }
  }

  // http, so that what would be reached is the server of this test; the clients file allows it to loopback only.
  test.each<[string, string[][]]>([
    ["this machine", [["127.0.0.1"]]],
    ["a metadata service", [["169.254.169.254"]]],
    ["this machine in IPv6 spelling", [["::ffff:127.0.0.1"]]],
    ["a public address and this machine", [["93.184.216.34", "127.0.0.1"]]],
    ["nothing", [[]]],
  ])("a name that leads to %s is refused: no connection, and 412", async (_name, answers) => {
    expect(await statusWith(`http://ehr.example.org:${port}/fhir`, answering(...answers))).toBe(412);
    expect(asked).toEqual([]);
  });

  test("a DNS answer that changes between check and use changes nothing: what was judged is what is connected to", async () => {
    // Were the name looked up once to be judged and again to connect, every connection would go to the other address.
    await statusWith(`http://localhost:${port}/fhir`, answering(["127.0.0.1"], ["169.254.169.254"]));
    expect(asked.length).toBeGreaterThan(0);
    const rebinding = answering(["127.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["169.254.169.254"]);
    asked = [];
    expect(await statusWith(`http://ehr.example.org:${port}/fhir`, rebinding)).toBe(412);
    expect(asked).toEqual([]);
  });

  test("a private network does not include this machine", async () => {
    expect(await statusWith(`http://ehr.example.org:${port}/fhir`, answering(["127.0.0.1"]), true)).toBe(412);
    expect(asked).toEqual([]);
  });

  test("an address that is written down needs no name", async () => {
    expect(await statusWith(`http://127.0.0.1:${port}/fhir`, answering(["169.254.169.254"]))).toBe(200);
    expect(asked).toHaveLength(5);
  });
});

describe("a server in the call that is not the client's gets no call", () => {
  let service: Service;
  let asked = 0;
  let inner: Server;
  beforeAll(async () => {
    inner = createServer((_request, response) => {
      asked += 1;
      response.end();
    });
    await new Promise<void>((resolve) => inner.listen(0, "127.0.0.1", resolve));
    const { port } = inner.address() as AddressInfo;
    service = await startService({ fhirServers: [`http://127.0.0.1:${port}/fhir`] });
  });
  afterAll(async () => {
    await service.stop();
    await stop(inner);
  });
  const portOf = () => (inner.address() as AddressInfo).port;

  test.each<[string, (port: number) => string]>([
    ["another path", (port) => `http://127.0.0.1:${port}/admin`],
    ["a path that begins alike", (port) => `http://127.0.0.1:${port}/fhirother`],
    ["a way out of the path", (port) => `http://127.0.0.1:${port}/fhir/../admin`],
    ["an encoded way out", (port) => `http://127.0.0.1:${port}/fhir/%2e%2e/admin`],
    ["a way out behind a parameter", (port) => `http://127.0.0.1:${port}/fhir/..;/admin`],
    ["a way out that is encoded twice", (port) => `http://127.0.0.1:${port}/fhir/%252e%252e/admin`],
    ["a control character", (port) => `http://127.0.0.1:${port}/fhir\u0001`],
    ["another port", (port) => `http://127.0.0.1:${port + 1}/fhir`],
    ["another scheme", (port) => `https://127.0.0.1:${port}/fhir`],
    ["a user name", (port) => `http://user:secret@127.0.0.1:${port}/fhir`],
    ["a host behind a user name", (port) => `http://127.0.0.1:${port}@evil.example/fhir`],
    ["a query", (port) => `http://127.0.0.1:${port}/fhir?x=`],
    ["a fragment", (port) => `http://127.0.0.1:${port}/fhir#`],
    ["another name of this machine", (port) => `http://localhost:${port}/fhir`],
    ["a metadata address", () => "http://169.254.169.254/latest/meta-data"],
    ["the same as a number", () => "http://2852039166/latest/meta-data"],
    ["the same in IPv6", () => "http://[::ffff:a9fe:a9fe]/latest/meta-data"],
  ])("%s", async (_name, server) => {
    const { status } = await service.orderSign(call([draft()], null, withEhr(server(portOf()))));
    expect(status).toBe(412);
    expect(asked).toBe(0);
  });

  test("this machine in other spellings is this machine: the URL is compared, not its text", async () => {
    for (const host of ["2130706433", "0x7f000001", "0177.0.0.1", "127.1"]) {
      const before = asked;
      await service.orderSign(call([draft()], null, withEhr(`http://${host}:${portOf()}/fhir`)));
      expect(asked).toBe(before + 5);
    }
    asked = 0;
  });

  test("a scheme that is not http is no address", async () => {
    for (const server of ["file:///etc/passwd", "gopher://127.0.0.1/", "javascript:alert(1)"]) {
      expect((await service.orderSign(call([draft()], null, withEhr(server)))).status).toBe(400);
    }
  });
});
