/** The section *Ghi bán*: a shop marks pack after pack, by camera, by hand scanner, or by the number. */

import "./telling.css";
import { apiKeyCard } from "../app/apikey";
import { placing } from "../app/data";
import { button, h, sign } from "../app/dom";
import { signal } from "../app/feedback";
import type { App } from "../app/main";
import { MARKS, type Mark } from "../app/queue";
import { Scanner } from "../app/scan";
import { clockTime, lang, provinceName } from "../app/words";
import { Mistyped } from "../core/errors";
import { say, type Saying } from "../texts";
import { mark, type Sale } from "./seller";
import { w } from "./words";

const SHOWN = 30;
/** Milliseconds without a sight of it after which a code has left the view. */
const GONE = 2_000;

/** When a code was marked here, by mark and code; seconds since 1970. As long as the page lives, and of what is not sent yet. */
const markedAt = new Map<string, number>();

export async function openSell(app: App): Promise<void> {
  for (const one of await app.device.waiting()) {
    if (one.event !== "report") markedAt.set(`${one.event} ${one.code}`, Date.parse(one.at) / 1000);
  }
  const words = { label: w("key"), hint: w("key_hint"), save: w("save"), saved: w("saved") };
  const keys = await apiKeyCard(app.device, words, () => void app.send({ now: true, lanes: ["marks"] }));
  const { apiKey } = await app.device.choices();
  const selling = new Selling(app, keys, !apiKey);
  if (app.show("sell", selling.view, selling)) await selling.open();
}

class Selling {
  readonly view: HTMLElement;
  private readonly camera = h("div", { class: "selling" });
  private readonly asking = h("div", { role: "alert" });
  private readonly answer = h("div", { role: "status" });
  private readonly list = h("ol", { class: "sold", reversed: true });
  private readonly none = h("p", { class: "soft" }, w("nothing_yet"));
  private chosen: Mark = "sold";
  private scanner: Scanner | null = null;
  private marking: Promise<unknown> = Promise.resolve();
  /** When a code was last in view, milliseconds. */
  private readonly seenAt = new Map<string, number>();

  constructor(
    private readonly app: App,
    keys: HTMLElement,
    hasNoKey: boolean,
  ) {
    const settings = h("div", {}, keys, placing(app));
    this.view = h(
      "section",
      { class: "wrap telling" },
      h("h1", {}, w("sell_title")),
      hasNoKey ? h("p", {}, w("sell_intro")) : null,
      hasNoKey ? settings : null,
      this.choosing(),
      this.asking,
      this.answer,
      this.camera,
      this.typing(),
      h("h2", {}, w("recent")),
      this.none,
      this.list,
      hasNoKey ? null : h("details", { class: "card" }, h("summary", {}, w("settings")), settings),
    );
    document.addEventListener("visibilitychange", this.comeBack);
  }

  async open(): Promise<void> {
    this.scanner = new Scanner(async (texts) => {
      for (const text of texts) this.look(text);
      await this.marking;
      for (const text of texts) this.seenAt.set(text, Date.now());
      return true;
    });
    this.camera.replaceChildren(this.scanner.view);
    await this.scanner.open();
  }

  close(): void {
    this.scanner?.close();
    this.scanner = null;
  }

  /** A phone that was put away closes the camera. */
  private readonly comeBack = () => {
    if (!this.view.isConnected) document.removeEventListener("visibilitychange", this.comeBack);
    else if (!document.hidden && !this.scanner) void this.open();
  };

  private choosing(): HTMLElement {
    const choices = MARKS.map((one) => {
      const change = () => (this.chosen = one);
      const box = h("input", { type: "radio", name: "mark", id: `mark-${one}`, value: one, checked: one === this.chosen, change });
      return h("label", { for: `mark-${one}` }, box, h("span", {}, w(`mark_${one}`)));
    });
    return h("fieldset", { class: "marks" }, h("legend", {}, w("mark")), h("div", {}, ...choices));
  }

  private typing(): HTMLElement {
    const field = h("input", { id: "typed", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: "2000" }) as HTMLInputElement;
    const submit = (event: Event) => {
      event.preventDefault();
      const text = field.value.trim();
      field.value = "";
      field.focus();
      if (text) this.offer(text);
    };
    return h("form", { submit }, h("label", { for: "typed" }, w("typed")), h("div", { class: "typed" }, field, h("button", { type: "submit" }, w("typed_go"))));
  }

  /** A code in the camera's view: once while it stays there. */
  private look(text: string): void {
    const before = this.seenAt.get(text);
    this.seenAt.set(text, Date.now());
    if (before === undefined || Date.now() - before >= GONE) this.offer(text);
  }

  /** What was marked so before is asked about: a pack that is held up twice is one sale. */
  private offer(text: string): void {
    const at = markedAt.get(`${this.chosen} ${text}`);
    if (at === undefined) this.mark(text);
    else this.ask(text, at);
  }

  private ask(text: string, at: number): void {
    signal("warn");
    const close = () => this.asking.replaceChildren();
    const again = () => {
      close();
      this.mark(text);
    };
    const question = h("p", {}, w("again", { time: clockTime(at) }));
    const answers = h("div", { class: "row" }, button(w("again_yes"), again), button(w("again_no"), close));
    this.asking.replaceChildren(h("div", { class: "card asking" }, question, answers));
  }

  private mark(text: string): void {
    const chosen = this.chosen;
    this.marking = this.marking.then(async () => {
      try {
        const sale = await mark(this.app, text, chosen);
        if (sale.told !== "not_told" && sale.told !== "not_kept") markedAt.set(`${chosen} ${text}`, sale.at);
        this.show(sale);
      } catch (error) {
        if (!(error instanceof Mistyped)) throw error;
        this.answer.replaceChildren(h("p", { class: "warn note" }, w("slip")));
        signal("warn");
      }
    });
  }

  private show(sale: Sale): void {
    const saying = sayingOf(sale);
    const isLost = sale.told === "not_kept" || sale.told === "refused";
    const tone = isLost && saying.tone !== "stop" ? "warn" : saying.tone;
    const goods = [sale.product, sale.pack, sale.lot].filter(Boolean).join(" · ");
    this.answer.replaceChildren(
      h(
        "div",
        { class: `sale ${tone}`, "data-told": sale.told, "data-word": sale.verdict.word },
        sign(isLost ? "" : saying.sign),
        h(
          "div",
          {},
          h("h2", {}, saying.title),
          h("p", { class: "told" }, toldOf(sale)),
          goods ? h("p", {}, goods) : null,
          saying.sentence ? h("p", {}, saying.sentence) : null,
          saying.action && saying.tone !== "good" ? h("p", {}, saying.action) : null,
        ),
      ),
    );
    signal(tone);
    this.none.remove();
    const row = `${clockTime(sale.at)} · ${w(`mark_${sale.mark}`)} · ${sale.product || `…${sale.text.slice(-12)}`}`;
    this.list.prepend(h("li", { class: `is-${tone}`, "data-told": sale.told }, h("strong", {}, saying.title), h("div", { class: "soft" }, row), h("div", {}, toldOf(sale))));
    while (this.list.children.length > SHOWN) this.list.lastElementChild?.remove();
  }
}

function sayingOf(sale: Sale): Saying {
  const { issuer, hotline, text } = sale;
  return say(sale.verdict, lang, { issuer, hotline, text }, provinceName);
}

function toldOf({ told, mark, why }: Sale): string {
  switch (told) {
    case "recorded":
      return w(`done_${mark}`);
    case "nothing":
      return w("done_nothing");
    case "kept":
      return why ? `${w("waits_now")} (${why})` : w("waits_now");
    case "refused":
      return w("was_refused", { why });
    default:
      return w(told);
  }
}
