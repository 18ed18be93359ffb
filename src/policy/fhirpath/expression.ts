// Compiles the FHIRPath of a policy. Knows the FHIR R4 model; knows no policy. check/expression.ts checks it first.
import fhirpath from "fhirpath";
import r4 from "fhirpath/fhir-context/r4";
import type { Texts } from "../terminology/texts.ts";
import type { Terminology } from "../terminology/value-sets.ts";
import { localFunctions } from "./functions.ts";

/** A compiled expression. `evaluate` throws an Error if the data do not fit or have too much text. */
export type Expression = {
  readonly text: string;
  readonly variables: readonly string[];
  /** The value sets that it names. It is evaluated only on chart records that may match one of them. */
  readonly valueSets: readonly string[];
  evaluate(variables: Record<string, unknown>, texts: Texts): unknown[];
};

/**
 * Compiles a checked expression. Parsing is deferred to the first evaluation, so that a service with many policies
 * starts in a fraction of the time.
 * @param known the variables it may use, without `%`
 * @param uses the variables and value sets that it names
 */
export function compileExpression(
  text: string,
  known: readonly string[],
  uses: Pick<Expression, "variables" | "valueSets">,
  terminology: Terminology,
): Expression {
  let compiled: ReturnType<typeof compile> | undefined;
  const compile = () => fhirpath.compile(text, r4, { async: false, userInvocationTable: localFunctions(terminology) });
  return {
    text,
    variables: uses.variables,
    valueSets: uses.valueSets,
    evaluate(values, texts) {
      compiled ??= compile();
      const context: Record<string, unknown> = { texts }; // for the functions; no expression may use it
      for (const name of known) context[name] = values[name] ?? [];
      try {
        return compiled({}, context);
      } catch (error) {
        throw error instanceof Error ? error : new Error(String(error)); // fhirpath also throws strings
      }
    },
  };
}
