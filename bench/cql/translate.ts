// A worker that translates a CQL library of this folder to ELM. That takes two seconds: nothing generated is kept.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { SystemModelInfoProvider } from "@cqframework/cql/cql";
import {
  CqlTranslator,
  createLibrarySourceProvider,
  createModelInfoProvider,
  createUcumService,
  LibraryManager,
  ModelManager,
  stringAsSource,
} from "@cqframework/cql/cql-to-elm";

const readCql = (name: string) => readFileSync(new URL(`${name}.cql`, import.meta.url), "utf8");
const models = dirname(createRequire(import.meta.url).resolve("cql-exec-fhir"));
const readModel = () => readFileSync(join(models, "modelInfos/fhir-modelinfo-4.0.1.xml"), "utf8");

const unwanted = () => {
  throw new Error("converts no units");
};
/** Is asked whether "hours" is a unit. */
const units = createUcumService(unwanted, () => null, unwanted, unwanted);

/** The ELM of a library and of the FHIRHelpers that it includes. @throws Error with what the translator finds wrong */
function translate(name: string): object[] {
  const manager = new ModelManager();
  manager.modelInfoLoader.registerModelInfoProvider(new SystemModelInfoProvider());
  manager.modelInfoLoader.registerModelInfoProvider(
    createModelInfoProvider((model) => (model === "FHIR" ? stringAsSource(readModel()) : null)),
  );
  const libraries = new LibraryManager(manager, undefined, undefined, units);
  libraries.librarySourceLoader.registerProvider(createLibrarySourceProvider((id) => stringAsSource(readCql(id))));
  return [name, "FHIRHelpers"].map((each) => {
    const translator = CqlTranslator.fromText(readCql(each), libraries);
    const errors = translator.errors.asJsReadonlyArrayView().map((error) => `${error.message}`);
    if (errors.length > 0) throw new Error(`${each}.cql: ${errors.join("; ")}`);
    return JSON.parse(translator.toJson());
  });
}

parentPort?.postMessage(translate(workerData));
