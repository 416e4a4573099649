/** What this device can judge with when there is no network, and renewing it. */

import { toBase64 } from "../core/bytes";
import { TrustError } from "../core/errors";
import { day, fill } from "../texts";
import { vietnamDay } from "../stamp/verdict";
import { button, h } from "./dom";
import type { Fork } from "./install.worker";
import type { App } from "./main";
import { Unreachable } from "./online";
import all from "./data-words.json";
import { clockTime, lang, provinceName, PROVINCES, t } from "./words";

const DAY = 86_400;

/** This section's own words, loaded with it. */
function d(key: keyof (typeof all)["vi"], values: Record<string, string> = {}): string {
  return fill(all[lang][key], values);
}

export async function dataView(app: App): Promise<HTMLElement> {
  const choices = await app.device.choices();
  const message = h("p", { role: "status" });
  const chosen = new Set(choices.provinces ?? []);
  const mayBeLost = app.trust.installed && (await navigator.storage?.persisted?.()) === false;
  const update = async () => {
    message.textContent = d("updating");
    try {
      const provinces = [...chosen].sort();
      await app.device.choose({ provinces });
      const isNew = await app.trust.update(provinces, lang);
      // Minutes later the person may be elsewhere.
      if (app.show("data", await dataView(app))) document.querySelector("[role=status].outcome")?.replaceChildren(d(isNew ? "updated" : "same"));
    } catch (error) {
      message.textContent = problemOf(error);
    }
  };
  return h(
    "section",
    { class: "wrap" },
    h("h1", {}, d("data_title")),
    app.trust.fork ? forkFound(app, app.trust.fork) : null,
    ...about(app),
    mayBeLost ? h("p", { class: "soft" }, d("may_be_lost")) : null,
    h("p", { role: "status", class: "outcome" }),
    message,
    button(d("update"), () => void update(), { class: "big" }),
    choosing(chosen),
    placing(app),
    h("p", {}, h("a", { href: "#shelf" }, t("shelf"))),
    h("p", {}, h("a", { href: "#sell" }, t("sell"))),
    h("p", { class: "soft" }, d("limits")),
  );
}

function about(app: App): HTMLElement[] {
  const { installed, view, isKept, trouble } = app.trust;
  const lines = trouble ? [h("p", { class: "warn note", role: "alert" }, t(trouble))] : [];
  if (!installed || !view) return [...lines, h("p", {}, d("data_none"))];
  const now = Date.now() / 1000;
  const age = now - view.asOf;
  const band = age > 30 * DAY ? "data_too_old" : age > 7 * DAY ? "data_old" : "data_fresh";
  const of = d("data_of", { day: day(vietnamDay(view.asOf), lang), taken: clockTime(installed.takenAt) });
  lines.push(h("p", { class: band === "data_fresh" ? "" : "warn note" }, `${of} ${d(band)}`));
  if (now < view.floor) lines.push(h("p", { class: "warn note", role: "alert" }, d("clock")));
  if (!isKept || !app.device.isLasting) lines.push(h("p", { class: "warn note", role: "alert" }, d("not_saved")));
  const provinces = installed.provinces?.map(provinceName).join(", ");
  lines.push(
    h("p", {}, provinces ? d("data_provinces", { provinces }) : d("data_all"), " ", d("data_size", { size: sizeOf(app.trust.bytes) })),
    h("p", {}, d("data_log", { origin: installed.tree.origin, size: installed.tree.size })),
    h("h2", {}, d("data_root")),
    h("p", {}, h("code", {}, installed.fingerprint)),
    h("p", { class: "soft" }, d("data_root_hint")),
  );
  return lines;
}

/** What proves it leaves the device only by the person's hand: two signed checkpoints and the hashes between them, in base64. */
function forkFound(app: App, { known, offered, path }: Fork): HTMLElement {
  const told = async () => {
    await app.trust.forkTold();
    app.open("data");
  };
  const found = { type: "temthat forked log", known: toBase64(known), offered: toBase64(offered), path: path.map(toBase64) };
  const href = `data:application/json,${encodeURIComponent(JSON.stringify(found))}`;
  return h(
    "div",
    { class: "warn note", role: "alert" },
    h("p", {}, d("fork")),
    h("a", { href, download: "temthat-fork.json", class: "button" }, d("fork_save")),
    button(d("fork_told"), () => void told(), { class: "quiet" }),
  );
}

function choosing(chosen: Set<string>): HTMLElement {
  const boxes = PROVINCES.map(([code, name]) => {
    const box = h("input", {
      type: "checkbox",
      id: `p${code}`,
      checked: chosen.has(code),
      change: () => (chosen.has(code) ? chosen.delete(code) : chosen.add(code)),
    });
    return h("li", {}, box, h("label", { for: `p${code}` }, name));
  });
  const list = h("ul", { class: "boxes" }, ...boxes);
  return h("details", { class: "card" }, h("summary", {}, d("choose")), h("p", { class: "soft" }, d("choose_hint")), list);
}

/** Where one is, told with every check and mark. */
export function placing(app: App): HTMLElement {
  const options = [["", d("place_none")], ...PROVINCES].map(([code = "", name = ""]) =>
    h("option", { value: code, selected: (app.place ?? "") === code }, name),
  );
  const change = (event: Event) => {
    const code = (event.target as HTMLSelectElement).value;
    app.place = code || undefined;
    void app.device.choose({ place: code });
  };
  return h("p", {}, h("label", { for: "place" }, d("place_label")), h("select", { id: "place", change }, ...options));
}

function problemOf(error: unknown): string {
  if (error instanceof TrustError) return lang === "vi" ? error.vi : error.en;
  if (error instanceof Unreachable) return t("unreachable");
  throw error;
}

function sizeOf(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
