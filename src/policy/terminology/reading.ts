// The state of one request while it reads records: its screen, its texts, and its deadline.
import type { Policy } from "../format/policy.ts";
import { createScreen, type Screen } from "./screen.ts";
import { createTexts, type Texts } from "./texts.ts";

export type Reading = {
  readonly screen: Screen;
  readonly texts: Texts;
  /** Whether the request's deadline has passed; nothing more is read then. */
  readonly isOver: () => boolean;
};

/** @param isOver called between records */
export function startReading(policies: readonly Policy[], isOver: () => boolean = () => false): Reading {
  const texts = createTexts();
  return { screen: createScreen(policies, texts), texts, isOver };
}
