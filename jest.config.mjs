// Two projects: `quick`, which `npm test` runs, and `system`, what starts processes, databases or a browser: `npm run test:system`.
const common = {
  extensionsToTreatAsEsm: [".ts"],
  transform: { "\\.ts$": "<rootDir>/test/support/strip-types.mjs" },
};
const SYSTEM = "<rootDir>/test/system/";

export default {
  testTimeout: 300_000, // matters only to a test that fails: long enough for a machine that is busy with other things
  projects: [
    {
      ...common,
      displayName: "quick",
      testMatch: ["<rootDir>/test/**/*.test.ts"],
      testPathIgnorePatterns: [SYSTEM],
    },
    {
      ...common,
      displayName: "system",
      testMatch: [`${SYSTEM}**/*.test.ts`],
      globalSetup: `${SYSTEM}start-postgres.mjs`,
      globalTeardown: `${SYSTEM}stop-postgres.mjs`,
    },
  ],
};
