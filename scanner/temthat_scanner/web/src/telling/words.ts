/** The words of what is told to the service: waiting, reports, marks. Loaded with the first of these sections. */

import { lang } from "../app/words";
import { fill } from "../texts";
import all from "./words.json";

export type TellingKey = keyof (typeof all)["vi"];

export function w(key: TellingKey, values: Record<string, string> = {}): string {
  return fill(all[lang][key], values);
}
