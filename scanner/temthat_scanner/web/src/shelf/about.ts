/** What is known of one pack: its batch by the data on this device, and by the service its history and papers. */

import { judgeOffline } from "../bundle/offline";
import { button, h } from "../app/dom";
import { getJson, Unreachable } from "../app/online";
import type { Trust } from "../app/trust";
import { lang, provinceName, t } from "../app/words";
import { day } from "../texts";
import type { Check } from "./evidence";
import { w } from "./words";

type Found = Record<string, unknown>;

/** To hold against the label: what the stamp was registered for. */
export function batchOf(check: Check, trust: Trust): HTMLElement {
  const { names, run, issuer } = judgeOffline(check.text, trust.view, Date.parse(check.at) / 1000, "inspector");
  const rows: [string, string][] = [
    [t("pack"), names?.packForm ?? ""],
    [t("lot"), names?.lot ?? ""],
    [t("made_on"), run ? day(run.madeOn, lang) : ""],
    [t("expires_on"), run?.expiresOn ? day(run.expiresOn, lang) : ""],
    [t("issuer"), names?.issuer ?? issuer?.name ?? ""],
  ];
  return listOf(rows);
}

/** A button that asks the service, by an inspector's key, what else it holds. */
export function askMore(check: Check, apiKey: string): HTMLElement {
  const shown = h("div", { role: "status" });
  const ask = async () => {
    shown.textContent = t("checking");
    try {
      shown.replaceChildren(...(await more(check.text, apiKey)));
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      shown.textContent = w("unasked", { why: error.message });
    }
  };
  return h("div", {}, button(w("ask_more"), () => void ask()), shown);
}

async function more(text: string, apiKey: string): Promise<HTMLElement[]> {
  const bare = /[A-Z2-7]{122}/i.exec(text)?.[0] ?? text;
  // This way of asking counts nothing.
  const answer = await getJson(`T/${encodeURIComponent(bare)}`, "", lang);
  const [history, issuer, product, batch] = ["history", "issuer", "product", "batch"].map((name) => record(answer[name]));
  const parts = [h("h3", {}, w("history")), listOf(historyOf(history ?? {}))];
  if (issuer?.["code"] && product?.["code"] && batch?.["lot"]) {
    const asked = { organisation: String(issuer["code"]), product: String(product["code"]), lot: String(batch["lot"]) };
    const papers = await getJson(`api/v1/checklists?${new URLSearchParams(asked)}`, apiKey, lang);
    parts.push(h("h3", {}, w("papers")), ...papersOf(papers));
  }
  return parts;
}

function historyOf(history: Found): [string, string][] {
  const mark = (value: unknown) => {
    const { on, province } = record(value);
    return on ? [day(String(on), lang), province ? provinceName(String(province)) : ""].filter(Boolean).join(", ") : "";
  };
  return [
    [w("checks"), String(history["checks"] ?? "")],
    [w("first"), mark(history["first"])],
    [w("last"), mark(history["last"])],
    [w("sold"), mark(history["sold"])],
  ];
}

function papersOf(answer: Found): HTMLElement[] {
  const products = list(answer["products"]);
  return products.flatMap((product) =>
    list(product["lists"]).map((one) => {
      const missing = list(one["items"]).filter((item) => item["state"] === "missing");
      const heading = `${named(one["law"])}: ${String(one["done"])}/${String(one["counted"])}`;
      return h("div", {}, h("p", {}, heading), h("ul", {}, ...missing.map((item) => h("li", {}, `${w("missing")}: ${named(item["title"])}`))));
    }),
  );
}

function listOf(rows: [string, string][]): HTMLElement {
  return h("dl", {}, ...rows.filter(([, value]) => value).flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

function named(value: unknown): string {
  return String(record(value)[lang] ?? "");
}

function record(value: unknown): Found {
  return typeof value === "object" && value !== null ? (value as Found) : {};
}

function list(value: unknown): Found[] {
  return Array.isArray(value) ? value.map(record) : [];
}
