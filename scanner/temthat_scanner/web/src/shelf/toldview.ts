/** What the service told of a pack, for a person: ledger, figures that do not fit, way, papers, history. */

import { h } from "../app/dom";
import { lang, provinceName } from "../app/words";
import { day } from "../texts";
import { runOf, standingOf, type Both, type Held, type Run, type Service, type Told } from "./service";
import { w, words } from "./words";

type Rows = [string, string][];

export function toldView(told: Told): HTMLElement[] {
  const { history, record: held } = told;
  const past = history ? [h("h3", {}, w("history")), listOf(historyOf(history))] : [];
  if (!held) return [h("p", {}, w("no_record")), ...past];
  return [
    h("h3", {}, w("ledger")),
    h("p", {}, w("this_stamp", { state: both(held.state_words) })),
    ...ledgers(held, runOf(told)),
    ...questions(held.questions.map(({ words }) => both(words))),
    ...past,
    ...section("way", held.events.length > 0, timeline(held)),
    ...section("balance", held.balance.length > 0, balance(held)),
    ...section("papers", held.papers.length > 0, papers(held)),
    ...section("checklists", held.checklists.length > 0, ...checklists(held)),
  ];
}

/** What is kept of it for the file, where it cannot be asked again. */
export function keptView(service: Service): HTMLElement[] {
  const { state, states = [], ordered, questions: asked = [] } = service;
  return [
    ...(state ? [h("p", {}, w("this_stamp", { state: words("state", state) }))] : []),
    ...(ordered === undefined ? [] : [table(ordered, states)]),
    ...questions(asked.map(([, vi, en]) => (lang === "vi" ? vi : en))),
    ...(service.checks === undefined && !service.first ? [] : [listOf(historyOf(markedOf(service)))]),
  ];
}

function ledgers(held: Held, own: Run | undefined): HTMLElement[] {
  const others = held.runs.filter((run) => run !== own);
  const one = (run: Run) => [
    table(run.ordered, run.states.map(({ state, count }) => [state, count]), w(run.logged ? "run" : "run_unsigned", { run: String(run.run), form: run.pack_form })),
    ...(run.reason ? [h("p", { class: "soft" }, w("reason", { reason: run.reason }))] : []),
  ];
  const rest = h("details", {}, h("summary", {}, w("other_runs", { count: String(others.length) })), ...others.flatMap(one));
  return [...(own ? one(own) : []), h("p", { class: "soft" }, w("quantity", { quantity: both(held.quantity) })), ...(others.length ? [rest] : [])];
}

function table(ordered: number, states: [string, number][], caption = ""): HTMLElement {
  const row = (name: string, count: number, attributes = {}) =>
    h("tr", attributes, h("th", { scope: "row" }, name), h("td", {}, count.toLocaleString(lang === "vi" ? "vi-VN" : "en-GB")));
  const rows = states.map(([state, count]) => row(words("state", state), count));
  const body = h("tbody", {}, ...rows, row(w("ordered"), ordered, { class: "sum" }));
  return h("table", { class: "figures" }, caption ? h("caption", {}, caption) : null, body);
}

function questions(said: string[]): HTMLElement[] {
  if (!said.length) return [h("p", { class: "soft" }, w("fits"))];
  return [h("section", { class: "warn note asks" }, h("h3", {}, w("questions")), h("ul", {}, ...said.map((one) => h("li", {}, one))), h("p", {}, w("questions_hint")))];
}

/** For the sheet: what stands in the file of one pack, in few words; the questions in full where `isFirst` of its run. */
export function toldLines(service: Service, isFirst: boolean): HTMLElement[] {
  const asked = service.questions ?? [];
  const state = service.state ? w("this_stamp", { state: words("state", service.state) }) : "";
  const count = asked.length ? w("questions_count", { count: String(asked.length) }) : "";
  const full = isFirst ? asked.map(([, vi, en]) => h("li", {}, lang === "vi" ? vi : en)) : [];
  return [h("p", { class: "soft" }, [state, count].filter(Boolean).join(" ")), ...(full.length ? [h("ul", {}, ...full)] : [])];
}

function timeline(held: Held): HTMLElement {
  const items = held.events.map((event) => {
    const of = event.lot === null ? "" : w("of_lot", { product: event.product ?? "", lot: event.lot, organisation: event.organisation });
    const more = [...event.amounts.map(both), event.place].filter(Boolean).join(" · ");
    return h(
      "li",
      {},
      h("div", {}, h("time", { datetime: event.on }, day(event.on, lang)), " ", h("strong", {}, both(event.title))),
      of ? h("div", {}, of) : null,
      event.text ? h("div", {}, event.text) : null,
      more ? h("div", { class: "soft" }, more) : null,
    );
  });
  const notes = [held.hidden ? w("hidden", { count: String(held.hidden) }) : "", held.cut ? w("cut") : ""].filter(Boolean).join(" ");
  return h("div", {}, h("ol", { class: "timeline" }, ...items), notes ? h("p", { class: "soft" }, notes) : null);
}

function balance(held: Held): HTMLElement {
  const heads = (["flow", "went_in", "came_out", "lost"] as const).map((key) => h("th", { scope: "col" }, w(key)));
  const cell = (amount: Both | null, key: "went_in" | "came_out" | "lost") => h("td", { "data-label": w(key) }, amount ? both(amount) : "–");
  const rows = held.balance.map(({ title, went_in, came_out, lost }) =>
    h("tr", {}, h("th", { scope: "row" }, both(title)), cell(went_in, "went_in"), cell(came_out, "came_out"), cell(lost, "lost")),
  );
  return h("table", { class: "flows" }, h("thead", {}, h("tr", {}, ...heads)), h("tbody", {}, ...rows));
}

function papers(held: Held): HTMLElement {
  const items = held.papers.map((paper) => {
    const standing = standingOf(paper);
    const until = paper.valid_until ? w("until", { day: day(paper.valid_until, lang) }) : "";
    const said = [words("paper", standing), until, words("vouching", paper.vouching)].filter(Boolean).join(" · ");
    return h("li", {}, h("div", {}, `${both(paper.title)}, ${paper.number}`), h("div", { class: standing === "in_force" ? "soft" : "lapsed" }, said));
  });
  return h("ul", { class: "plain" }, ...items);
}

function checklists(held: Held): HTMLElement[] {
  return held.checklists.map((one) => {
    const missing = one.items.filter(({ state }) => state === "missing");
    const heading = `${both(one.law)}: ${one.done}/${one.counted}`;
    return h("div", {}, h("p", {}, heading), h("ul", {}, ...missing.map(({ title }) => h("li", {}, `${w("missing")}: ${both(title)}`))));
  });
}

function section(key: "way" | "balance" | "papers" | "checklists", isThere: boolean, ...content: HTMLElement[]): HTMLElement[] {
  return isThere ? [h("details", { class: "held" }, h("summary", {}, w(key)), ...content)] : [];
}

function historyOf({ checks, first, last, sold }: NonNullable<Told["history"]>): Rows {
  const mark = (value: { on: string; province: string } | null) =>
    value ? [day(value.on, lang), value.province ? provinceName(value.province) : ""].filter(Boolean).join(", ") : "";
  const few = checks === null ? w("few") : String(checks);
  return [
    [w("checks"), few],
    [w("first"), mark(first)],
    [w("last"), mark(last)],
    [w("sold"), mark(sold)],
  ];
}

function markedOf({ checks, first, last, sold }: Service): NonNullable<Told["history"]> {
  const mark = (pair: [string, string] | undefined) => (pair ? { on: pair[0], province: pair[1] } : null);
  return { checks: checks ?? null, first: mark(first), last: mark(last), sold: mark(sold) };
}

export function listOf(rows: Rows): HTMLElement {
  return h("dl", {}, ...rows.filter(([, value]) => value).flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

function both(said: Both): string {
  return said[lang];
}
