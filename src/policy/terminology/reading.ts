// What one request reads with: a screen that rules records out, its texts, and its deadline. Made for a request, and gone with it.
import type { Policy } from "../format/policy.ts";
import { createScreen, type Screen } from "./screen.ts";
import { createTexts, type Texts } from "./texts.ts";

export type Reading = {
  readonly screen: Screen;
  readonly texts: Texts;
  /** Whether the deadline of the request has passed: what is not read by then is not read. */
  readonly isOver: () => boolean;
};

/** @param isOver asked between records */
export function startReading(policies: readonly Policy[], isOver: () => boolean = () => false): Reading {
  const texts = createTexts();
  return { screen: createScreen(policies, texts), texts, isOver };
}
