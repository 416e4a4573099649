/** What this device can judge with when there is no network, and renewing it. */

import { toBase64 } from "../core/bytes";
import { TrustError } from "../core/errors";
import { day } from "../texts";
import { vietnamDay } from "../stamp/verdict";
import { button, h } from "./dom";
import type { Fork } from "./install.worker";
import type { App } from "./main";
import { Unreachable } from "./online";
import { clockTime, lang, provinceName, PROVINCES, t } from "./words";

const DAY = 86_400;

export async function dataView(app: App): Promise<HTMLElement> {
  const choices = await app.device.choices();
  const message = h("p", { role: "status" });
  const chosen = new Set(choices.provinces ?? []);
  const mayBeLost = app.trust.installed && (await navigator.storage?.persisted?.()) === false;
  const update = async () => {
    message.textContent = t("updating");
    try {
      const provinces = [...chosen].sort();
      await app.device.choose({ provinces });
      const isNew = await app.trust.update(provinces, lang);
      app.show(await dataView(app));
      document.querySelector("[role=status].outcome")?.replaceChildren(t(isNew ? "updated" : "same"));
    } catch (error) {
      message.textContent = problemOf(error);
    }
  };
  return h(
    "section",
    { class: "wrap" },
    h("h1", {}, t("data_title")),
    app.trust.fork ? forkFound(app, app.trust.fork) : null,
    ...about(app),
    mayBeLost ? h("p", { class: "soft" }, t("may_be_lost")) : null,
    h("p", { role: "status", class: "outcome" }),
    message,
    button(t("update"), () => void update(), { class: "big" }),
    choosing(chosen),
    placing(app),
    h("p", {}, h("a", { href: "#shelf" }, t("shelf"))),
    h("p", {}, h("a", { href: "#sell" }, t("sell"))),
    h("p", { class: "soft" }, t("limits")),
  );
}

function about(app: App): HTMLElement[] {
  const { installed, view, isKept, trouble } = app.trust;
  const lines = trouble ? [h("p", { class: "warn note", role: "alert" }, t(trouble))] : [];
  if (!installed || !view) return [...lines, h("p", {}, t("data_none"))];
  const now = Date.now() / 1000;
  const age = now - view.asOf;
  const band = age > 30 * DAY ? "data_too_old" : age > 7 * DAY ? "data_old" : "data_fresh";
  const of = t("data_of", { day: day(vietnamDay(view.asOf), lang), taken: clockTime(installed.takenAt) });
  lines.push(h("p", { class: band === "data_fresh" ? "" : "warn note" }, `${of} ${t(band)}`));
  if (now < view.floor) lines.push(h("p", { class: "warn note", role: "alert" }, t("clock")));
  if (!isKept || !app.device.isLasting) lines.push(h("p", { class: "warn note", role: "alert" }, t("not_saved")));
  const provinces = installed.provinces?.map(provinceName).join(", ");
  lines.push(
    h("p", {}, provinces ? t("data_provinces", { provinces }) : t("data_all"), " ", t("data_size", { size: sizeOf(app.trust.bytes) })),
    h("p", {}, t("data_log", { origin: installed.tree.origin, size: installed.tree.size })),
    h("h2", {}, t("data_root")),
    h("p", {}, h("code", {}, installed.fingerprint)),
    h("p", { class: "soft" }, t("data_root_hint")),
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
    h("p", {}, t("fork")),
    h("a", { href, download: "temthat-fork.json", class: "button" }, t("fork_save")),
    button(t("fork_told"), () => void told(), { class: "quiet" }),
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
  return h("details", { class: "card" }, h("summary", {}, t("choose")), h("p", { class: "soft" }, t("choose_hint")), list);
}

/** Where one is, told with every check and mark. */
export function placing(app: App): HTMLElement {
  const options = [["", t("place_none")], ...PROVINCES].map(([code = "", name = ""]) =>
    h("option", { value: code, selected: (app.place ?? "") === code }, name),
  );
  const change = (event: Event) => {
    const code = (event.target as HTMLSelectElement).value;
    app.place = code || undefined;
    void app.device.choose({ place: code });
  };
  return h("p", {}, h("label", { for: "place" }, t("place_label")), h("select", { id: "place", change }, ...options));
}

function problemOf(error: unknown): string {
  if (error instanceof TrustError) return lang === "vi" ? error.vi : error.en;
  if (error instanceof Unreachable) return t("unreachable");
  throw error;
}

function sizeOf(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
