// The FHIRPath of a policy, compiled. Knows the FHIR R4 model; knows no policy. What it may say is check-expression.ts.
import fhirpath from "fhirpath";
import r4 from "fhirpath/fhir-context/r4";
import type { Texts } from "../terminology/texts.ts";
import type { Terminology } from "../terminology/value-sets.ts";
import { localFunctions } from "./functions.ts";

/** A compiled expression. `evaluate` takes the value of each variable, and throws an Error where the data do not fit or hold too much text. */
export type Expression = {
  readonly text: string;
  readonly variables: readonly string[];
  /** The value sets that it asks about. It is evaluated only on records of the chart that may match one of them. */
  readonly valueSets: readonly string[];
  evaluate(variables: Record<string, unknown>, texts: Texts): unknown[];
};

/**
 * Compiles an expression that was checked (check-expression.ts). `known` lists the variables it may use, without `%`; `asks` what
 * it names of them, and its value sets. It is parsed when it is first evaluated: a service with many policies starts in a fraction
 * of the time.
 */
export function compileExpression(
  text: string,
  known: readonly string[],
  asks: Pick<Expression, "variables" | "valueSets">,
  terminology: Terminology,
): Expression {
  let compiled: ReturnType<typeof compile> | undefined;
  const compile = () => fhirpath.compile(text, r4, { async: false, userInvocationTable: localFunctions(terminology) });
  return {
    text,
    variables: asks.variables,
    valueSets: asks.valueSets,
    evaluate(values, texts) {
      compiled ??= compile();
      const context: Record<string, unknown> = { texts }; // for the functions: no expression may name it
      for (const name of known) context[name] = values[name] ?? [];
      try {
        return compiled({}, context);
      } catch (error) {
        throw error instanceof Error ? error : new Error(String(error)); // fhirpath throws strings as well
      }
    },
  };
}
