/** The shelf check's own words, loaded with it. */

import { lang } from "../app/words";
import { fill } from "../texts";
import all from "./words.json";

type ShelfKey = keyof (typeof all)["vi"];

export function w(key: ShelfKey, values: Record<string, string> = {}): string {
  return fill(all[lang][key], values);
}

/** A word of a vocabulary: `state`, `paper`, `vouching`; one that is not known is shown as it is. */
export function words(family: "state" | "paper" | "vouching", word: string): string {
  return (all[lang] as Record<string, string>)[`${family}_${word}`] ?? word;
}
