/** The app's own words; those of verdicts are in texts.json. */

import provinces from "../provinces.json";
import { fill, type Lang } from "../texts";
import all from "./words.json";

export type Key = keyof (typeof all)["vi"];
export let lang: Lang = "vi";

export function setLang(chosen: Lang): void {
  lang = chosen;
  document.documentElement.lang = chosen;
}

export function t(key: Key, values: Record<string, string> = {}): string {
  return fill(all[lang][key], values);
}

export function provinceName(code: string): string {
  return (provinces as Record<string, string>)[code] ?? code;
}

export const PROVINCES = Object.entries(provinces as Record<string, string>).sort(([, a], [, b]) => a.localeCompare(b, "vi"));

/** Day and time on the clocks of Vietnam; `at` in seconds since 1970. */
export function clockTime(at: number): string {
  const format = new Intl.DateTimeFormat(lang === "vi" ? "vi-VN" : "en-GB", {
    timeZone: "Asia/Ho_Chi_Minh",
    day: "2-digit",
    month: "2-digit",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
  });
  return format.format(new Date(at * 1000));
}
