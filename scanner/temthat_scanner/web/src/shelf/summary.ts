/** The end of a shelf check: what was found, the signed file, and a sheet to print. */

import { button, h } from "../app/dom";
import { clockTime, provinceName } from "../app/words";
import { fingerprintOf, nameOf, publicKeyOf, type Check } from "./evidence";
import { Counts, sayingOf, tagsOf } from "./finds";
import { deviceSecret, type Shelf } from "./shelf";
import { toldLines } from "./toldview";
import { w } from "./words";

export async function summaryView(shelf: Shelf, changed: () => void): Promise<HTMLElement> {
  const { kept } = shelf;
  const data = await shelf.file();
  const file = new File([data as BlobPart], `bang-chung-${kept.begun.slice(0, 16).replace(/[T:]/g, "-")}.json`, {
    type: "application/json",
  });
  const canShare = navigator.canShare?.({ files: [file] }) === true;
  // A person who closes the sheet has changed their mind: no error.
  const share = () => void navigator.share({ files: [file] }).catch(() => undefined);
  const resume = () => void shelf.finish(false).then(changed);
  return h(
    "section",
    { class: "wrap" },
    h("h1", {}, w("over")),
    ...(await about(shelf)),
    h("p", { class: "soft" }, `${w("hash")}: `, h("code", { id: "hash" }, nameOf(data))),
    new Counts(kept).view,
    h("a", { class: "button big", id: "evidence", href: URL.createObjectURL(file), download: file.name }, w("file")),
    canShare ? button(w("share"), share, { class: "big" }) : null,
    button(w("print"), () => print(), { class: "big" }),
    h("div", { class: "row" }, button(w("resume"), resume), forgetting(shelf, changed)),
    await sheet(shelf),
    h("p", { class: "soft" }, w("limit"), " ", w("verify")),
  );
}

function forgetting(shelf: Shelf, changed: () => void): HTMLElement {
  let asked = false;
  const one = button(w("forget"), () => {
    if (asked) void shelf.forget().then(changed);
    asked = true;
    one.textContent = w("forget_sure");
  });
  return one;
}

async function about(shelf: Shelf): Promise<HTMLElement[]> {
  const { kept } = shelf;
  const at = (text: string) => clockTime(Date.parse(text) / 1000);
  const purpose = "producer" in kept.purpose ? kept.purpose.name : provinceName(kept.purpose.province);
  const { province, words } = kept.place;
  const place = [words, province && provinceName(province)].filter(Boolean).join(", ");
  const lines = [purpose, place, kept.label, w("time", { begun: at(kept.begun), ended: at(kept.ended ?? kept.begun) })];
  const used = kept.data.map((data) => `${w("data_used", { index: String(data.index), day: at(data.at) })}: ${data.sha256}`);
  const key = fingerprintOf(publicKeyOf(await deviceSecret(shelf.device)));
  return [
    ...lines.filter(Boolean).map((line) => h("p", {}, line)),
    ...used.map((line) => h("p", { class: "soft" }, h("code", {}, line))),
    h("p", { class: "soft" }, `${w("key")}: `, h("code", {}, key)),
  ];
}

async function sheet(shelf: Shelf): Promise<HTMLElement> {
  const photos = await shelf.photos();
  const heads = (["col_n", "col_verdict", "col_what", "col_time"] as const).map((key) => h("th", { scope: "col" }, w(key)));
  const runs = new Set<number | undefined>();
  const rows = shelf.kept.checks.map((check, i) => {
    const told = check.service ? toldLines(check.service, !runs.has(check.run)) : [];
    if (check.service) runs.add(check.run);
    const below = told.length ? [h("tr", { class: "below" }, h("td"), h("td", { colspan: "3" }, ...told))] : [];
    return [row(check, i + 1, photos), ...below];
  });
  return h("table", { class: "sheet" }, h("thead", {}, h("tr", {}, ...heads)), h("tbody", {}, ...rows.flat()));
}

function row(check: Check, n: number, photos: Map<string, Uint8Array>): HTMLElement {
  const number = check.run === undefined ? "" : ` ${check.run}-${check.serial}`;
  const pictures = (check.photos ?? []).flatMap((name) => {
    const data = photos.get(name);
    if (!data) return [];
    const url = URL.createObjectURL(new Blob([data as BlobPart], { type: "image/jpeg" }));
    return [h("figure", {}, h("img", { src: url, alt: `${w("photo")} ${n}` }), h("figcaption", { class: "soft" }, name))];
  });
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, String(n)),
    h("td", {}, [sayingOf(check).title, ...tagsOf(check)].join(" · "), h("div", { class: "soft" }, w(check.how))),
    h("td", {}, `${check.product ?? check.text.slice(0, 80)}${number}`, check.note ? h("p", {}, check.note) : null, ...pictures),
    h("td", {}, hourOf(check)),
  );
}

/** On the clocks of Vietnam, UTC+7 all year; the day stands above. */
function hourOf(check: Check): string {
  return new Date(Date.parse(check.at) + 7 * 3_600_000).toISOString().slice(11, 19);
}
