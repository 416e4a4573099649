/** The shelf check's own words, loaded with it. */

import { lang } from "../app/words";
import { fill } from "../texts";
import all from "./words.json";

type ShelfKey = keyof (typeof all)["vi"];

export function w(key: ShelfKey, values: Record<string, string> = {}): string {
  return fill(all[lang][key], values);
}
