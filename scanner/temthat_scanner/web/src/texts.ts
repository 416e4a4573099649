/** Verdicts in words: the one file `texts.json`, by the two rules of `temthat_stamps/texts.py`. */

import texts from "../../../../stamps/temthat_stamps/texts.json";
import type { Mistyped } from "./core/errors";
import type { Reason, Verdict } from "./stamp/verdict";

export type Lang = "vi" | "en";
export type Tone = "good" | "calm" | "warn" | "stop";
type Words = Record<Lang, string>;
type Values = Record<string, string>;
type NamedProvince = (code: string) => string;

interface Texts {
  defaults: Record<Lang, Values>;
  verdicts: Record<string, { tone: Tone; sign: string; variants: Record<string, Record<Lang, Values>> }>;
  steps: Record<string, Words & { needs?: string }>;
  guidance: Record<string, { steps: string[]; limit: Words }>;
  reasons: Record<string, Words>;
  states: Record<string, Words>;
  notice_reasons: Record<string, Words>;
}
const all = texts as unknown as Texts;

const NOTICES = ["recall", "revocation", "void", "lost", "hold", "spoiled", "returned"];
const DATED: Record<string, [string, string]> = {
  rung_up: ["sold_day", "sold_province"],
  pin_entered: ["claimed_day", "claimed_province"],
  expired: ["expiry_day", ""],
  data_of: ["data_day", ""],
  data_old: ["data_day", ""],
  data_too_old: ["data_day", ""],
};
/** Counts of checks below this are not told: they would be about single persons. */
const TOLD_FROM = 3;

/** A verdict as a person gets it: `tone` is a colour class, `sign` names the shape. */
export interface Saying {
  title: string;
  sentence: string;
  action: string;
  tone: Tone;
  sign: string;
}

/** `values` known: `issuer`, `hotline`, `day` and `place` of the last check, `text` as it was read. */
export function say(verdict: Verdict, lang: Lang, values: Record<string, string | null>, named: NamedProvince): Saying {
  const known: Values = { ...all.defaults[lang] };
  for (const reason of [...verdict.reasons].reverse()) Object.assign(known, valuesOf(reason, lang, named));
  known["why"] = verdict.reasons
    .filter((reason) => reason.key.startsWith("copy_"))
    .map((reason) => explain(reason, lang, named).replace(/\.+$/, ""))
    .join(", ");
  known["day"] = day(values["day"] ?? "", lang);
  known["province"] = values["place"] ? named(values["place"]) : "";
  for (const [name, value] of Object.entries(values)) if (value && name !== "day" && name !== "place") known[name] = value;
  return saying(verdict.word, variantOf(verdict), lang, known);
}

/** What to do about a verdict, and what it cannot tell. `has`: which of `call`, `pin`, `report`, `where` can be done here. */
export function guide(verdict: Verdict, lang: Lang, has: string[], values: Values): { steps: string[]; limit: string } {
  const entry = all.guidance[variantOf(verdict) === "rung_up" ? "rung_up" : verdict.word];
  if (!entry) return { steps: [], limit: "" };
  const usable = entry.steps.flatMap((key) => all.steps[key] ?? []).filter(({ needs }) => !needs || has.includes(needs));
  return { steps: usable.map((step) => fill(step[lang], values)), limit: entry.limit[lang] };
}

/** For a printed number that cannot be right as typed; not a verdict. */
export function sayMistyped({ position }: Mistyped, lang: Lang): Saying {
  return saying("mistyped", position === null ? "any" : "position", lang, { position: String(position) });
}

/** One sentence for one reason. A key that the texts do not know is shown as it is, never swallowed. */
export function explain(reason: Reason, lang: Lang, named: NamedProvince): string {
  const entry = all.reasons[reason.key];
  if (!entry) return `${reason.key} ${reason.value}`.trim();
  const [first = "", rest = ""] = split(reason.value);
  const values: Values = {
    value: reason.value,
    day: day(first, lang),
    province: rest && named(rest),
    count: told(reason.value),
  };
  if (NOTICES.includes(reason.key)) values["notice_reason"] = noticeReason(rest, lang);
  return fill(entry[lang], values);
}

/** Values are put in last and never looked at again: a bracket or brace inside one is plain text. */
export function fill(template: string, values: Values): string {
  for (;;) {
    const shorter = template.replace(/\[([^[\]]*)\]/g, (_, inner: string) =>
      [...inner.matchAll(/\{(\w+)\}/g)].every(([, name]) => values[name ?? ""]) ? inner : "",
    );
    if (shorter === template) break;
    template = shorter;
  }
  return template.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "").trim();
}

/** An ISO date as people write it: 26/05/2025, 26 May 2025. What is no date stays as it is. */
export function day(iso: string, lang: Lang): string {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(iso);
  if (!match) return iso;
  const [, year, month, date] = match;
  if (lang === "vi") return `${date}/${month}/${year}`;
  const names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  return `${Number(date)} ${names[Number(month) - 1] ?? month} ${year}`;
}

function saying(word: string, variant: string, lang: Lang, values: Values): Saying {
  const entry = all.verdicts[word];
  const words = entry?.variants[variant]?.[lang];
  if (!entry || !words) throw new Error(`no words for ${word} ${variant}`);
  const [title = "", sentence = "", action = ""] = ["title", "sentence", "action"].map((part) => fill(words[part] ?? "", values));
  return { title, sentence, action, tone: entry.tone, sign: entry.sign };
}

function variantOf(verdict: Verdict): string {
  const keys = verdict.reasons.map((reason) => reason.key);
  switch (verdict.word) {
    case "genuine":
      return keys.includes("rung_up") ? "rung_up" : keys.includes("checked_before") ? "again" : "first";
    case "forged":
      return keys[0] === "path_mismatch" ? "path" : "any";
    case "cannot_tell":
      return keys[0] === "newer_format" ? "newer" : "any";
    default:
      return "any";
  }
}

/** What a reason's value gives to the verdict's own sentence. */
function valuesOf(reason: Reason, lang: Lang, named: NamedProvince): Values {
  if (reason.key === "checked_before") return { checks: told(reason.value) };
  const [first = "", rest = ""] = split(reason.value);
  const dated = DATED[reason.key];
  if (dated) return { [dated[0]]: day(first, lang), [dated[1]]: rest && named(rest) };
  const values: Values = {};
  if (NOTICES.includes(reason.key) || reason.key === "not_activated") {
    values["notice_day"] = day(first, lang);
    values["notice_reason"] = noticeReason(rest, lang);
  }
  const state = all.states[reason.key];
  if (state) values["state"] = state[lang];
  return values;
}

function split(value: string): [string, string] {
  const at = value.indexOf(" ");
  return at < 0 ? [value, ""] : [value.slice(0, at), value.slice(at + 1)];
}

function told(count: string): string {
  return /^\d+$/.test(count) && Number(count) >= TOLD_FROM ? count : "";
}

function noticeReason(code: string, lang: Lang): string {
  return (all.notice_reasons[code] ?? all.notice_reasons["other"])?.[lang] ?? code;
}
