// Finds the pieces of FHIRPath that can be taken out, and the expression without each: operands of `and`, `or` and `|`, and conditions of
// `where`. Works on the text, so that what is left stays as its author wrote it. The expression has to be well-formed.

/** One piece, on one line, and the expression without it. */
export type Dropped = { readonly piece: string; readonly rest: string };

/** How loosely operators bind, from FHIRPath "Operator precedence"; what binds closer than `|` is part of an operand. */
const LOOSENESS: Readonly<Record<string, number>> = {
  ...{ implies: 6, or: 5, xor: 5, and: 4, in: 3, contains: 3 },
  ...{ "=": 2, "~": 2, "!=": 2, "!~": 2, "<": 1, ">": 1, "<=": 1, ">=": 1, "|": 0 },
};
const DROPPABLE: ReadonlySet<string> = new Set(["and", "or", "|"]);

type Token = { readonly text: string; readonly start: number; readonly depth: number };

/** Every piece: the operands first, each kind in the order in which it stands. */
export function dropPieces(expression: string): Dropped[] {
  return [...dropOperands(expression), ...dropConditions(expression)];
}

function dropOperands(expression: string): Dropped[] {
  const tokens = tokensOf(expression);
  return tokens.flatMap((operator, at): Dropped[] => {
    if (!DROPPABLE.has(operator.text)) return [];
    const before = tokens.slice(0, at).findLast((token) => ends(token, operator));
    const after = tokens.slice(at + 1).find((token) => ends(token, operator));
    const left = before ? before.start + before.text.length : 0;
    const right = after?.start ?? expression.length;
    const afterOperator = operator.start + operator.text.length;
    const without = (from: number, to: number) => `${expression.slice(0, from)} ${expression.slice(to)}`;
    const last = { piece: oneLine(expression.slice(afterOperator, right)), rest: without(operator.start, right) };
    // In a chain, what stands before the operator is what stands after the one before it.
    const isChained = before?.text === operator.text && before.depth === operator.depth;
    if (isChained) return [last];
    return [{ piece: oneLine(expression.slice(left, operator.start)), rest: without(left, afterOperator) }, last];
  });
}

/** Whether an operand of the operator reaches no further than this token. */
function ends({ text, depth }: Token, operator: Token): boolean {
  if (depth < operator.depth) return true;
  return depth === operator.depth && (text === "," || (LOOSENESS[text] ?? -1) >= (LOOSENESS[operator.text] ?? 0));
}

/** Of a condition that is a conjunction the operands are dropped; any other goes with its `where`. */
function dropConditions(expression: string): Dropped[] {
  const tokens = tokensOf(expression);
  return tokens.flatMap((opening, at): Dropped[] => {
    const before = /\.\s*where\s*$/.exec(expression.slice(0, opening.start));
    const closing = tokens.slice(at + 1).find(({ depth }) => depth === opening.depth);
    if (opening.text !== "(" || !before || !closing) return [];
    const inside = tokens.slice(at + 1, tokens.indexOf(closing));
    if (inside.some(({ text, depth }) => text === "and" && depth === opening.depth + 1)) return [];
    const rest = expression.slice(0, before.index) + expression.slice(closing.start + 1);
    return [{ piece: oneLine(expression.slice(opening.start + 1, closing.start)), rest }];
  });
}

const oneLine = (text: string) => text.replace(/\s+/g, " ").trim();

/** Brackets, commas and operators, each with the number of brackets around it; a bracket itself stands outside. */
function tokensOf(expression: string): Token[] {
  const tokens: Token[] = [];
  let depth = 0;
  const pieces = /'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`|[.%]\s*[A-Za-z_]\w*|[$\w]+|!=|!~|<=|>=|[()[\]{},=~<>|]/g;
  for (const { 0: text, index: start } of expression.matchAll(pieces)) {
    if (/[([{]/.test(text) && text.length === 1) tokens.push({ text, start, depth: depth++ });
    else if (/[)\]}]/.test(text) && text.length === 1) tokens.push({ text, start, depth: --depth });
    else if (text === "," || Object.hasOwn(LOOSENESS, text)) tokens.push({ text, start, depth });
  }
  return tokens;
}
