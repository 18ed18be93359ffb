// Jest's transform: removes the types, as Node itself does when it runs the service.
import { stripTypeScriptTypes } from "node:module";

export default {
  process: (source) => ({ code: stripTypeScriptTypes(source, { mode: "strip" }) }),
  processAsync: async (source) => ({ code: stripTypeScriptTypes(source, { mode: "strip" }) }),
};
