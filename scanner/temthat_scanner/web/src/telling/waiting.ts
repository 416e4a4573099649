/** The section *Chờ gửi*: what waits, why it was not sent, what the service would not take, and what was sent last. */

import "./telling.css";
import { button, h } from "../app/dom";
import type { App } from "../app/main";
import type { Waiting } from "../app/queue";
import { laneOf, type Remembered } from "../app/sending";
import { clockTime, t } from "../app/words";
import { grouped } from "../stamp/reference";
import { w, type TellingKey } from "./words";

const KINDS = ["sold", "returned", "spoiled", "check", "report"] as const;
/** Refused ones shown singly. */
const SHOWN = 50;

/** `said`: what became of a try just now. */
export async function waitingView(app: App, said = ""): Promise<HTMLElement> {
  const all = await app.device.waiting();
  const refused = all.filter((one) => one.refused);
  const waiting = all.filter((one) => !one.refused);
  const kept = await (await app.sender()).remembered();
  const outcome = h("p", { role: "status", class: "outcome" });
  const redraw = async (now = "") => {
    // Filled once it is on the page: then it is read out.
    if (app.show("waiting", await waitingView(app, now))) document.querySelector("[role=status].outcome")?.replaceChildren(now);
  };
  const send = async () => {
    outcome.textContent = w("sending");
    const { sent, problem } = await app.send({ now: true });
    await redraw(problem ? w("not_sent", { why: problem }) : w(sent ? "sent" : "nothing_sent", { count: String(sent) }));
  };
  return h(
    "section",
    { class: "wrap" },
    h("h1", {}, t("waiting_tab")),
    ...(await risks(app, waiting)),
    h("p", {}, waiting.length ? w("waiting", { count: String(waiting.length), time: oldest(waiting) }) : w("waiting_none")),
    kinds(waiting),
    waiting.some((one) => laneOf(one) === "marks") ? h("p", {}, h("a", { href: "#sell" }, w("to_sell"))) : null,
    outcome,
    waiting.length ? button(w("send_now"), () => void send(), { class: "big" }) : null,
    ...last(said ? { ...kept, problem: undefined } : kept),
    refused.length ? refusals(app, refused, redraw) : null,
    numbers(app, kept, () => void redraw()),
    h("p", {}, h("a", { href: "#report" }, w("to_report"))),
    h("p", { class: "soft" }, w("waiting_hint")),
  );
}

/** What may be lost, and when. */
async function risks(app: App, waiting: Waiting[]): Promise<HTMLElement[]> {
  const note = (text: string) => h("p", { class: "warn note", role: "alert" }, text);
  if (!app.device.isLasting) return [note(w("not_lasting"))];
  const { unkeptCount } = app.device;
  if (unkeptCount) return [note(w("unkept", { count: String(unkeptCount) }))];
  const isPromised = await navigator.storage?.persisted?.();
  return waiting.length && isPromised === false ? [h("p", { class: "soft" }, w("may_be_lost"))] : [];
}

function kinds(waiting: Waiting[]): HTMLElement | null {
  const rows = KINDS.flatMap((kind) => {
    const of = waiting.filter(({ event }) => event === kind);
    if (!of.length) return [];
    const named = of.flatMap((one) => (one.event === "report" ? [grouped(one.report.reference)] : [])).slice(0, 5);
    const text = `${of.length} ${w(`kind_${kind}`)}, ${w("since", { time: oldest(of) })}`;
    return [h("li", { "data-kind": kind }, named.length ? `${text}: ${named.join(", ")}` : text)];
  });
  return rows.length ? h("ul", { class: "kinds" }, ...rows) : null;
}

function last({ sentAt, sent, problem, problemAt }: Remembered): HTMLElement[] {
  const lines = [];
  if (problem && problemAt) lines.push(w("last_problem", { time: clockTime(problemAt / 1000), why: problem }));
  if (sentAt) lines.push(w("last_sent", { time: clockTime(sentAt / 1000), count: String(sent ?? 0) }));
  return lines.map((line) => h("p", { class: "soft" }, line));
}

function refusals(app: App, refused: Waiting[], redraw: () => Promise<void>): HTMLElement {
  // Sending nothing counts anew.
  const drop = (some: Waiting[]) => void app.device.done(some.map(({ id }) => id)).then(() => app.send({ lanes: [] }));
  const retry = async (one: Waiting) => {
    const { refused: _, ...again } = one;
    await app.device.wait(again as Waiting);
    await app.send({ now: true });
    await redraw();
  };
  const rows = refused.slice(0, SHOWN).map((one) =>
    h(
      "li",
      { class: "card" },
      h("p", {}, h("strong", {}, `${w(`one_${one.event}` as TellingKey)} · ${clockTime(Date.parse(one.at) / 1000)}`)),
      h("p", { class: "soft" }, aboutOf(one)),
      h("p", {}, one.refused ?? ""),
      h("div", { class: "row" }, button(w("retry"), () => void retry(one)), twice(w("drop"), () => drop([one]))),
    ),
  );
  return h(
    "section",
    {},
    h("h2", {}, w("refused", { count: String(refused.length) })),
    h("p", { class: "soft" }, w("refused_hint")),
    h("ul", { class: "refused" }, ...rows),
    refused.length > 1 ? twice(w("drop_all"), () => drop(refused)) : null,
  );
}

/** What is gone for good asks once. */
function twice(label: string, act: () => void): HTMLElement {
  const one = button(label, () => (one.textContent === label ? (one.textContent = w("sure")) : act()), { class: "quiet" });
  return one;
}

function aboutOf(one: Waiting): string {
  return one.event === "report" ? grouped(one.report.reference) : `…${one.code.slice(-24)}`;
}

function numbers(app: App, { reports = [] }: Remembered, redraw: () => void): HTMLElement | null {
  if (!reports.length) return null;
  const rows = reports.map(({ reference, at }) =>
    h("li", {}, h("a", { href: `../report/${reference}` }, grouped(reference)), ` · ${clockTime(Date.parse(at) / 1000)}`),
  );
  const forget = button(w("forget_numbers"), () => void app.sender().then((sender) => sender.forgetNumbers()).then(redraw), { class: "quiet" });
  return h("section", { class: "card" }, h("h2", {}, w("reports")), h("ul", { class: "numbers" }, ...rows), forget);
}

function oldest(some: Waiting[]): string {
  const at = some.map((one) => one.at).sort()[0];
  return at ? clockTime(Date.parse(at) / 1000) : "";
}
