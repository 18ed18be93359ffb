// The settings, read from the environment and validated by one schema. All invalid ones are reported at once, with what
// is allowed.
import { z } from "zod";
import { isLoopback, isSecure } from "./network/urls.ts";

const list = (text: string) =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((number) => number >= min && number <= max, `must be a whole number from ${min} to ${max}`);

const KB = 1024;
const UNITS = { kb: KB, mb: KB * KB };

/** Bytes. */
const size = z
  .string()
  .regex(/^[1-9]\d{0,5}(kb|mb)$/i, "must be a size such as 512kb or 8mb")
  .transform((text) => Number.parseInt(text, 10) * UNITS[text.slice(-2).toLowerCase() as keyof typeof UNITS]);

const trueOrFalse = z.enum(["true", "false"], "must be true or false").transform((word) => word === "true");

const httpUrl = z.url({ protocol: /^https?$/, error: "must be an absolute http or https URL" });

const fhirServer = httpUrl.refine((url) => !URL.canParse(url) || isSecure(url), {
  error: "must be https (http only for a loopback address)",
});

/** The environment variables. Used only here and for docs/configuration.md. */
export const environment = z
  .object({
    NODE_ENV: z.string().default("development"),
    PORT: wholeNumber(0, 65_535).default(3000),
    HOST: z.string().default("127.0.0.1"),
    BASE_URL: httpUrl.transform((url) => url.replace(/\/+$/, "")).optional(),
    CARDS_DIR: z.string().default("cards"),
    CLIENTS_FILE: z.string().optional(),
    ALLOW_ANONYMOUS: trueOrFalse.default(false),
    JWT_MAX_AGE_S: wholeNumber(60, 86_400).default(900),
    RATE_LIMIT: wholeNumber(0, 1_000_000).optional(),
    FHIR_SERVERS: z.string().default("").transform(list).pipe(z.array(fhirServer)),
    CALL_DEADLINE_MS: wholeNumber(100, 60_000).default(2500),
    BODY_LIMIT: size.prefault("8mb"),
    CORS_ORIGINS: z
      .string()
      .default("*")
      .transform(list)
      .pipe(
        z.array(z.union([z.literal("*"), httpUrl.transform((url) => new URL(url).origin)], "must be * or origins")),
      ),
    TRUST_PROXY: wholeNumber(0, 10).default(0),
    EXCEPTION_CARD: trueOrFalse.default(false),
    OPERATOR: z.string().default("not stated"),
    DATABASE_URL: z
      .string()
      .regex(
        /^(sqlite:(?!:memory:)[^?]+(\?max_page_count=\d+)?|postgres(ql)?:\/\/.+)$/,
        "must be sqlite:<path> (size limit: ?max_page_count=<4 KB pages>) or postgres://…",
      )
      .default("sqlite:data/cds.db"),
    RETENTION_DAYS: wholeNumber(1, 36_500).default(400),
    STORE_COMMENTS: trueOrFalse.default(false),
    PLAYGROUND: trueOrFalse.optional(),
    METRICS_PORT: wholeNumber(1, 65_535).optional(),
    DRAIN_DELAY_MS: wholeNumber(0, 60_000).optional(),
    LOG_LEVEL: z
      .enum(["fatal", "error", "warn", "info", "debug", "silent"], "must be fatal, error, warn, info, debug, or silent")
      .default("info"),
  })
  .superRefine(({ NODE_ENV, BASE_URL, CLIENTS_FILE, ALLOW_ANONYMOUS, HOST, FHIR_SERVERS }, { addIssue }) => {
    const fault = (name: string, message: string) => addIssue({ code: "custom", path: [name], message });
    const isProduction = NODE_ENV === "production";
    if (isProduction && !BASE_URL?.startsWith("https:")) {
      fault("BASE_URL", "must be the public https address in production");
    }
    if (CLIENTS_FILE === undefined && !ALLOW_ANONYMOUS) {
      const remedy = "or set ALLOW_ANONYMOUS=true to let anyone who reaches the service call it";
      if (isProduction) fault("CLIENTS_FILE", `is required in production: register the clients, ${remedy}`);
      else if (!isLoopbackHost(HOST))
        fault("HOST", `must be a loopback address without CLIENTS_FILE: set that, ${remedy}`);
    }
    if (CLIENTS_FILE !== undefined && ALLOW_ANONYMOUS) {
      fault("ALLOW_ANONYMOUS", "must not be true with CLIENTS_FILE, which allows registered clients only");
    }
    if (CLIENTS_FILE !== undefined && FHIR_SERVERS.length > 0) {
      fault("FHIR_SERVERS", "must be empty with CLIENTS_FILE: list each client's FHIR servers there");
    }
  });

/** Listening addresses have no brackets. */
const isLoopbackHost = (host: string) => isLoopback(host.includes(":") ? `[${host}]` : host);

/** Milliseconds: longer than a load balancer takes to notice a shutdown. Otherwise a rolling restart loses calls. */
const PRODUCTION_DRAIN_DELAY = 5_000;

/** Calls per minute in production, and wherever the service does not listen on loopback only. */
const RATE_LIMIT = 6000;

export type Settings = ReturnType<typeof readSettings>;

/** The settings are invalid. The message lists every invalid one, one per line. */
export class SettingsFaults extends Error {}

/**
 * Empty variables count as unset.
 * @throws SettingsFaults
 */
export function readSettings(variables: NodeJS.ProcessEnv) {
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""));
  const parsed = environment.safeParse(given);
  if (!parsed.success) {
    throw new SettingsFaults(
      parsed.error.issues.map(({ path, message }) => `${String(path[0])} ${message}`).join("\n"),
    );
  }
  const { HOST, PORT, BASE_URL, ...settings } = parsed.data;
  const host = HOST.includes(":") ? `[${HOST}]` : HOST;
  const isProduction = settings.NODE_ENV === "production";
  return {
    host: HOST,
    port: PORT,
    baseUrl: BASE_URL ?? `http://${host}:${PORT}`,
    isProduction,
    clientsFile: settings.CLIENTS_FILE,
    jwtMaxAge: settings.JWT_MAX_AGE_S,
    rateLimit: settings.RATE_LIMIT ?? (isProduction || !isLoopbackHost(HOST) ? RATE_LIMIT : 0),
    cardsDirectory: settings.CARDS_DIR,
    fhirServers: settings.FHIR_SERVERS,
    callDeadline: settings.CALL_DEADLINE_MS,
    bodyLimit: settings.BODY_LIMIT,
    corsOrigins: settings.CORS_ORIGINS,
    trustProxy: settings.TRUST_PROXY,
    exceptionCard: settings.EXCEPTION_CARD,
    operator: settings.OPERATOR,
    metricsPort: settings.METRICS_PORT,
    drainDelay: settings.DRAIN_DELAY_MS ?? (isProduction ? PRODUCTION_DRAIN_DELAY : 0),
    hasPlayground: settings.PLAYGROUND ?? settings.CLIENTS_FILE === undefined,
    databaseUrl: settings.DATABASE_URL,
    retention: settings.RETENTION_DAYS,
    keepComments: settings.STORE_COMMENTS,
    logLevel: settings.LOG_LEVEL,
  };
}
