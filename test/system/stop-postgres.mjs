// Ends what start-postgres.mjs started.
export { stop as default } from "./start-postgres.mjs";
