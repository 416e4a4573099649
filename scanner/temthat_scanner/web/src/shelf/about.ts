/** What is known of one pack: its batch by the data on this device, and what the service's records hold of it. */

import { judgeOffline } from "../bundle/offline";
import { button, h } from "../app/dom";
import { Unreachable } from "../app/online";
import type { Trust } from "../app/trust";
import { clockTime, lang, t } from "../app/words";
import { day } from "../texts";
import type { Check } from "./evidence";
import { inBrackets, inspect } from "./service";
import type { Shelf } from "./shelf";
import { keptView, listOf, toldView } from "./toldview";
import { w } from "./words";

/** To hold against the label: what the stamp was registered for. */
export function batchOf(check: Check, trust: Trust): HTMLElement {
  const { names, run, issuer } = judgeOffline(check.text, trust.view, Date.parse(check.at) / 1000, "inspector");
  return listOf([
    [t("pack"), names?.packForm ?? ""],
    [t("lot"), names?.lot ?? ""],
    [t("made_on"), run ? day(run.madeOn, lang) : ""],
    [t("expires_on"), run?.expiresOn ? day(run.expiresOn, lang) : ""],
    [t("issuer"), names?.issuer ?? issuer?.name ?? ""],
  ]);
}

/** Asks the service at once, by an inspector's key; what it told before stays where it does not answer. */
export function heldOf(check: Check, shelf: Shelf, apiKey: string): HTMLElement {
  const shown = h("div", { class: "told" });
  const said = h("p", { role: "status", class: "soft" });
  const when = () => (check.service ? w("told_at", { time: clockTime(Date.parse(check.service.at) / 1000) }) : "");
  if (check.service) shown.replaceChildren(...keptView(check.service));
  const ask = async () => {
    said.textContent = t("checking");
    try {
      const told = await inspect(check.text, apiKey);
      shown.replaceChildren(...toldView(told));
      await shelf.told(check, told);
      said.textContent = [when(), shelf.isKept ? "" : w("no_key_kept")].filter(Boolean).join(" ");
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      said.textContent = [w("untold", { why: inBrackets(error.message) }), when()].filter(Boolean).join(" ");
    }
  };
  if (navigator.onLine) void ask();
  else said.textContent = when();
  return h("div", {}, shown, said, h("div", { class: "row" }, button(w("ask_again"), () => void ask())));
}
