/** The section *Báo nghi ngờ*: what is odd about a pack, written down with or without a network, its number told at once. */

import "./telling.css";
import { button, h } from "../app/dom";
import type { Result } from "../app/judging";
import type { App } from "../app/main";
import { redrawn } from "../app/photo";
import { stamped, type WaitingReport } from "../app/queue";
import { lang, provinceName, PROVINCES, t } from "../app/words";
import { drawReference, grouped } from "../stamp/reference";
import { say } from "../texts";
import { w, type TellingKey } from "./words";

/** As the service knows them (reports/records.py), in the order of its own form. */
const ODD = ["picture", "weight", "stamp", "place", "pin", "dates", "quality", "other"] as const;
const CODE_LIMIT = 2_048;
/** Bytes. */
const PHOTO_LIMIT = 400_000;

type Form = ReturnType<typeof fieldsOf>;

export function reportView(app: App, about: Result | null): HTMLElement {
  const form = fieldsOf(app, about);
  const problem = h("p", { role: "alert" });
  let isBusy = false;
  const submit = async (event: Event) => {
    event.preventDefault();
    if (isBusy) return;
    isBusy = true;
    const written = await writtenDown(form, about);
    if (typeof written !== "string") return filed(app, written); // and never a second time
    isBusy = false;
    problem.className = "warn note";
    problem.textContent = w(written);
    problem.scrollIntoView({ block: "center" });
  };
  return h(
    "section",
    { class: "wrap telling" },
    h("h1", {}, w("title")),
    h("p", {}, w("lead")),
    about ? aboutCard(about) : null,
    h(
      "form",
      { submit: (event) => void submit(event) },
      ...(about ? [] : labelled("stamp", form.stamp)),
      h("fieldset", {}, h("legend", {}, w("odd")), ...form.odd.map(([name, box]) => h("label", { class: "tick" }, box, h("span", {}, w(`odd_${name}` as TellingKey))))),
      ...labelled("words", form.words, "words_hint"),
      ...labelled("shop", form.shop, "shop_hint"),
      ...labelled("province", form.province),
      ...picking(form.photo),
      h(
        "details",
        {},
        h("summary", {}, w("contact_open")),
        ...labelled("contact", form.contact),
        h("label", { class: "tick" }, form.agree, h("span", {}, w("consent"))),
      ),
      problem,
      h("button", { type: "submit", class: "big" }, w("send")),
    ),
    h("p", { class: "soft" }, w("lead_only")),
  );
}

function fieldsOf(app: App, about: Result | null) {
  const input = (id: string, more: Record<string, string>) => h("input", { id, autocomplete: "off", ...more }) as HTMLInputElement;
  const hinted = (id: string) => ({ id, "aria-describedby": `${id}-hint` });
  const options = [["", w("none")], ...PROVINCES].map(([code = "", name = ""]) =>
    h("option", { value: code, selected: code === (app.place ?? "") }, name),
  );
  return {
    odd: ODD.map((name) => [name, h("input", { type: "checkbox", value: name }) as HTMLInputElement] as const),
    stamp: input("stamp", { maxlength: String(CODE_LIMIT), autocapitalize: "characters", spellcheck: "false", value: about?.text ?? "" }),
    words: h("textarea", { ...hinted("words"), maxlength: "1000" }) as HTMLTextAreaElement,
    shop: input("shop", { ...hinted("shop"), maxlength: "200" }),
    province: h("select", { id: "province" }, ...options) as HTMLSelectElement,
    photo: input("photo", { ...hinted("photo"), type: "file", accept: "image/*", class: "hidden" }),
    contact: input("contact", { maxlength: "200" }),
    agree: h("input", { type: "checkbox", id: "agree" }) as HTMLInputElement,
  };
}

function labelled(name: "stamp" | "words" | "shop" | "province" | "contact", field: HTMLElement, hint?: TellingKey): HTMLElement[] {
  const label = h("label", { for: field.id }, w(name), " ", name === "contact" ? null : h("span", { class: "soft" }, w("optional")));
  return [label, field, ...(hint ? [h("p", { class: "soft", id: `${field.id}-hint` }, w(hint))] : [])];
}

function picking(photo: HTMLInputElement): HTMLElement[] {
  const name = h("span", { role: "status", class: "soft" });
  photo.addEventListener("change", () => (name.textContent = photo.files?.[0]?.name ?? ""));
  return [
    h("p", { class: "asked" }, w("photo"), " ", h("span", { class: "soft" }, w("optional"))),
    h("div", { class: "row" }, photo, h("label", { for: "photo", class: "button" }, t("photo")), name),
    h("p", { class: "soft", id: "photo-hint" }, w("photo_hint")),
  ];
}

function aboutCard(about: Result): HTMLElement {
  const title = about.verdict ? say(about.verdict, lang, { issuer: about.issuer, text: about.text }, provinceName).title : "";
  return h(
    "section",
    { class: "card" },
    h("h2", {}, w("about")),
    h("p", {}, about.product ? h("strong", {}, about.product) : about.text.slice(0, 120), about.pack ? ` · ${about.pack}` : ""),
    title ? h("p", { class: "soft" }, `${w("said")}: ${title}`) : null,
  );
}

/** The report as it is kept, or which words say what is missing. */
async function writtenDown(form: Form, about: Result | null): Promise<WaitingReport | TellingKey> {
  const odd = form.odd.filter(([, box]) => box.checked).map(([name]) => name as string);
  const [words, shop, contact] = [form.words, form.shop, form.contact].map((field) => field.value.trim()) as [string, string, string];
  const code = (about?.text ?? form.stamp.value).trim().slice(0, CODE_LIMIT);
  const file = form.photo.files?.[0];
  const photo = file ? await redrawn(file, PHOTO_LIMIT).catch(() => null) : undefined;
  if (photo === null) return "photo_bad";
  if (contact && !form.agree.checked) return "agree_first";
  if (!odd.length && !words && !shop && !photo && !(code && !about)) return "say_something";
  const province = form.province.value ? { province: form.province.value } : {};
  const report = { reference: drawReference(), code, odd, words, shop, ...province, contact, agree: contact !== "" };
  return { ...stamped(), event: "report", report, ...(photo ? { photo } : {}) };
}

/** Kept first, told next, sent last: the number is the person's before any network is asked. */
async function filed(app: App, written: WaitingReport): Promise<void> {
  const isKept = await app.device.wait(written);
  const number = h("p", { class: "number", id: "reference" }, grouped(written.report.reference));
  const state = h("div", { role: "status", id: "report-state" });
  const told = (text: string, isBad = false) => state.replaceChildren(h("p", { class: isBad ? "warn note" : "" }, text));
  const view = h(
    "section",
    { class: "wrap telling", tabindex: "-1" },
    h("h1", {}, w("title")),
    h("section", { class: "card" }, h("h2", {}, w("number")), number, h("p", { class: "soft" }, w("keep_number"))),
    state,
    h("p", {}, w("keep_pack")),
    h("p", { class: "soft" }, w("lead_only")),
    button(w("back"), () => app.open("scan"), { class: "big" }),
  );
  told(w(isKept ? "report_kept" : "report_unkept"), !isKept);
  app.show("report", view);
  view.focus();
  const answer = navigator.onLine ? (await app.send({ lanes: ["reports"] })).said.get(written.id) : undefined;
  if (!answer) return;
  if ("taken" in answer) {
    const now = answer.reference ?? written.report.reference;
    told(w("report_taken"));
    if (now !== written.report.reference) state.append(h("p", { class: "warn note" }, w("report_renumbered")));
    number.replaceChildren(grouped(now));
    state.append(h("p", {}, h("a", { href: `../report/${now}` }, w("state"))));
  } else if ("refused" in answer) told(w("report_refused", { why: answer.refused }), true);
}
