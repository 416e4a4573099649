/** The answer: sign, colour and word first; then what to compare, why, and what to do. */

import { Mistyped } from "../core/errors";
import { day, explain, guide, say, sayMistyped, type Saying, type Tone } from "../texts";
import { button, h, sign } from "./dom";
import type { Result } from "./judging";
import type { App } from "./main";
import { clockTime, lang, provinceName, t } from "./words";

const TONES: Tone[] = ["stop", "warn", "calm", "good"];

function sayingOf(result: Result): Saying {
  if (!result.verdict) return sayMistyped(result.mistyped ?? new Mistyped(null), lang);
  const { issuer, hotline, text, last } = result;
  const values = { issuer, hotline, text, day: last?.on ?? null, place: last?.province ?? null };
  return say(result.verdict, lang, values, provinceName);
}

/** The gravest of them: that is what sounds. */
export function toneOf(results: Result[]): Tone {
  const tones = results.map((result) => sayingOf(result).tone);
  return TONES.find((tone) => tones.includes(tone)) ?? "calm";
}

export function resultView(results: Result[], app: App): HTMLElement {
  const again = () => button(t("again"), () => app.open("scan"), { class: "big" });
  const first = results[0];
  if (results.length === 1 && first) return h("article", {}, ...one(first, app), h("div", { class: "wrap" }, again()));
  const gravestFirst = results
    .map((result) => ({ result, saying: sayingOf(result) }))
    .sort((one, other) => TONES.indexOf(one.saying.tone) - TONES.indexOf(other.saying.tone));
  const list = gravestFirst.map(({ result, saying }) => {
    const open = button(`${saying.title}: ${result.product || result.text.slice(-24)}`, () => app.answer([result]));
    return h("li", { class: `line ${saying.tone}` }, sign(saying.sign), open);
  });
  return h(
    "article",
    { class: "wrap" },
    h("h1", {}, t("several", { count: String(results.length) })),
    h("ul", { class: "lines" }, ...list),
    again(),
  );
}

function one(result: Result, app: App): HTMLElement[] {
  const saying = sayingOf(result);
  const band = h(
    "section",
    { class: `verdict ${saying.tone}`, role: "alert", "data-word": result.verdict?.word ?? "mistyped" },
    sign(saying.sign),
    h("h1", {}, saying.title),
    saying.sentence ? h("p", {}, saying.sentence) : null,
    saying.action ? h("p", { class: "do" }, saying.action) : null,
  );
  return [band, h("div", { class: "wrap" }, ...details(result, saying, app))];
}

function details(result: Result, saying: Saying, app: App): (HTMLElement | string)[] {
  const verdict = result.verdict;
  const parts: HTMLElement[] = [];
  if (result.product) parts.push(goods(result));
  const { steps, limit } = verdict ? guide(verdict, lang, result.hotline ? ["call"] : [], { hotline: result.hotline }) : { steps: [], limit: "" };
  if (steps.length) {
    parts.push(card(t("next"), h("ol", {}, ...steps.map((step) => h("li", {}, step))), limit ? h("p", { class: "soft" }, limit) : null));
  }
  if (verdict?.reasons.length) {
    const reasons = verdict.reasons.map((reason) => h("li", {}, explain(reason, lang, provinceName)));
    parts.push(card(t("reasons"), h("ul", {}, ...reasons)));
  }
  if (result.hotline) {
    parts.push(h("p", {}, h("a", { class: "button", href: `tel:${result.hotline.replace(/[^+\d]/g, "")}` }, t("call", { phone: result.hotline }))));
  }
  if (verdict) {
    const isGrave = saying.tone === "stop" || saying.tone === "warn";
    parts.push(h("p", {}, button(t("report"), () => app.report(result), isGrave ? {} : { class: "quiet" })));
  }
  parts.push(h("p", { class: "soft" }, how(result)));
  if (result.waits === "kept") parts.push(h("p", { class: "soft" }, t("queued")));
  if (result.waits === "unkept") parts.push(h("p", { class: "warn note", role: "alert" }, t("unkept")));
  return parts;
}

function goods(result: Result): HTMLElement {
  const rows: [string, string][] = [
    [t("pack"), result.pack],
    [t("lot"), result.lot],
    [t("issuer"), result.issuer],
    [t("made_on"), day(result.madeOn, lang)],
    [t("expires_on"), result.expiresOn ? day(result.expiresOn, lang) : t("no_expiry")],
  ];
  const list = rows.filter(([, value]) => value).flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]);
  return card(result.product, h("dl", {}, ...list), h("p", { class: "soft" }, t("compare")));
}

function card(title: string, ...content: (HTMLElement | null)[]): HTMLElement {
  return h("section", { class: "card" }, h("h2", {}, title), ...content);
}

function how(result: Result): string {
  if (result.how === "online") return t("how_online", { time: clockTime(result.at) });
  const data = result.verdict?.reasons.find(({ key }) => key.startsWith("data_"));
  if (data) return t("how_offline", { day: day(data.value, lang) });
  return t(result.how === "offline" ? "how_undated" : "how_unaided");
}
