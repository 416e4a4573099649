/** The phone app: one page, no framework; each section makes its own elements when it is opened. */

import "./style.css";
import { Device } from "./device";
import { button, h } from "./dom";
import { signal } from "./feedback";
import { ask, type Result } from "./judging";
import { resultView, toneOf } from "./result";
import { Scanner } from "./scan";
import type { How, Sender, Sent } from "./sending";
import { numberView } from "./number";
import { Trust } from "./trust";
import { lang, setLang, t, type Key } from "./words";

export type Section = "scan" | "type" | "data" | "waiting" | "shelf" | "sell" | "report";
/** Those that everybody sees; shelf check and till are opened from the data's section, a report from a verdict. */
const SECTIONS: { name: Section; label: Key }[] = [
  { name: "scan", label: "scan" },
  { name: "type", label: "type" },
  { name: "data", label: "data" },
  { name: "waiting", label: "waiting_tab" },
];

/** What every section may use. */
export interface App {
  device: Device;
  trust: Trust;
  place: string | undefined;
  /** False where the person has gone on to another section than `of`. `live`: what must be closed when another view is shown. */
  show(of: Section, view: HTMLElement, live?: { close(): void }): boolean;
  open(section: Section): void;
  judge(text: string): Promise<Result>;
  answer(results: Result[]): void;
  /** Write down what is odd about the pack of a verdict. */
  report(about: Result): void;
  sender(): Promise<Sender>;
  send(how?: How): Promise<Sent>;
}

/** Milliseconds: first the page, then what can wait. */
const AFTER_START = 500;
/** Milliseconds between tries while something waits: a phone may say that it has a network long before it has one. */
const EVERY = 60_000;

async function start(): Promise<void> {
  const device = await Device.open();
  const choices = await device.choices();
  setLang(choices.lang ?? (navigator.language.startsWith("vi") || !navigator.language.startsWith("en") ? "vi" : "en"));
  const trust = new Trust(device);
  await trust.load();
  const page = new Page(device, trust, choices.place);
  page.draw();
  void navigator.storage?.persist?.().catch(() => undefined);
  setTimeout(() => void page.refresh(), AFTER_START);
}

class Page implements App {
  private readonly main = h("main", { id: "main", tabindex: "-1" });
  private readonly bar = h("p", { class: "bar", role: "status" });
  private live: { close(): void } | null = null;
  private section: Section = "scan";
  private about: Result | null = null;
  /** What was waiting, and what was refused, when it was last looked. */
  private waiting = "";
  private sending: Promise<Sender> | null = null;

  constructor(
    readonly device: Device,
    readonly trust: Trust,
    public place: string | undefined,
  ) {
    addEventListener("online", () => void this.refresh());
    addEventListener("offline", () => this.tellNetwork());
    addEventListener("beforeunload", (event) => {
      if (device.unkeptCount) event.preventDefault();
    });
    addEventListener("hashchange", () => this.openFromHash());
    addEventListener("visibilitychange", () => {
      if (!document.hidden) void this.refresh();
    });
    setInterval(() => void this.sendInTime().catch(() => undefined), EVERY);
  }

  draw(): void {
    document.title = `${t("title")} · TemThật`;
    const other = lang === "vi" ? "en" : "vi";
    const header = h(
      "header",
      { class: "top" },
      h("a", { class: "brand", href: "../" }, "TemThật"),
      button(t("lang_other"), () => void this.speak(other), { class: "quiet", lang: other }),
    );
    const again = (name: Section) => location.hash === `#${name}` && this.openFromHash();
    const links = SECTIONS.map(({ name, label }) => h("a", { href: `#${name}`, "data-section": name, click: () => again(name) }, t(label)));
    const nav = h("nav", { "aria-label": t("nav") }, ...links);
    document.body.replaceChildren(h("a", { class: "skip", href: "#main" }, t("skip")), header, this.bar, this.main, nav);
    this.tellNetwork();
    this.openFromHash();
  }

  show(of: Section, view: HTMLElement, live: { close(): void } | null = null): boolean {
    if (this.section !== of) return false;
    this.live?.close();
    this.live = live;
    this.main.replaceChildren(view);
    scrollTo(0, 0);
    return true;
  }

  open(section: Section): void {
    if (location.hash === `#${section}`) this.openFromHash();
    else location.hash = section;
  }

  judge(text: string): Promise<Result> {
    return ask(text, this.trust, this.device, this.place, lang);
  }

  answer(results: Result[]): void {
    this.show(this.section, resultView(results, this));
    this.main.focus();
    void this.tellWaiting();
  }

  report(about: Result): void {
    this.about = about;
    this.open("report");
  }

  /** Loaded when there is something to send or to show. */
  sender(): Promise<Sender> {
    this.sending ??= import("./sending").then(
      ({ senderOf }) => senderOf(this.device),
      (error) => {
        this.sending = null; // another time it may load
        throw error;
      },
    );
    return this.sending;
  }

  async send(how: How = {}): Promise<Sent> {
    const done = await (await this.sender()).send(how);
    // Where a person pressed the section's own button, it shows the outcome itself.
    const isOwn = how.now && !how.lanes;
    await this.tellWaiting(isOwn ? "never" : done.problem ? "always" : "changed");
    return done;
  }

  private async sendInTime(): Promise<void> {
    if (!document.hidden && navigator.onLine && (await this.device.waiting()).some(({ refused }) => !refused)) await this.refresh();
  }

  /** What a network is good for: what waits is sent, and old data is renewed. */
  async refresh(): Promise<void> {
    const count = await this.tellWaiting();
    if (!navigator.onLine) return;
    if (count) await this.send().catch(() => null);
    const day = 86_400;
    const isStale = !this.trust.view || Date.now() / 1000 - this.trust.view.asOf > day;
    if (isStale) await this.trust.update((await this.device.choices()).provinces ?? [], lang).catch(() => undefined);
    this.tellNetwork();
  }

  private openFromHash(): void {
    const name = location.hash.slice(1);
    if (name === "main") return;
    const isMore = name === "shelf" || name === "sell" || name === "report";
    this.section = isMore ? name : (SECTIONS.find((section) => section.name === name)?.name ?? "scan");
    for (const link of document.querySelectorAll("nav a")) {
      if (link.getAttribute("data-section") === this.section) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    void this.openSection();
  }

  private async openSection(): Promise<void> {
    if (this.section === "type") this.show("type", numberView(this));
    else if (this.section === "data") {
      const { dataView } = await import("./data");
      this.show("data", await dataView(this));
    } else if (this.section === "waiting") {
      const { waitingView } = await import("../telling/waiting");
      this.show("waiting", await waitingView(this));
    } else if (this.section === "report") {
      const { reportView } = await import("../telling/reportview");
      if (this.show("report", reportView(this, this.about))) this.about = null;
    } else if (this.section === "sell") {
      const { openSell } = await import("../telling/sellview");
      await openSell(this);
    } else if (this.section === "shelf") {
      const { openShelf } = await import("../shelf/shelfview");
      await openShelf(this);
    } else {
      const scanner: Scanner = new Scanner(async (texts) => {
        scanner.say(t("checking"));
        const results = await Promise.all(texts.map((text) => this.judge(text)));
        if (this.live !== scanner) return false;
        signal(toneOf(results));
        this.answer(results);
        return false;
      });
      this.show("scan", scanner.view, scanner);
      await scanner.open();
    }
  }

  private async speak(chosen: "vi" | "en"): Promise<void> {
    setLang(chosen);
    await this.device.choose({ lang: chosen });
    this.draw();
  }

  private tellNetwork(): void {
    void this.tellWaiting();
  }

  /** How many are to be sent. The section that shows them is drawn anew where they have `changed`: another window may have sent them. */
  private async tellWaiting(redraw: "changed" | "always" | "never" = "changed"): Promise<number> {
    const all = await this.device.waiting();
    const refused = all.filter((one) => one.refused).length;
    const count = all.length - refused;
    const before = this.waiting;
    this.waiting = `${count} ${refused}`;
    const isOld = redraw === "always" || (redraw === "changed" && before !== "" && before !== this.waiting);
    if (isOld && this.section === "waiting") this.openFromHash();
    const forked = this.trust.fork ? t("fork_bar") : "";
    const parts = [
      forked,
      navigator.onLine ? "" : t("offline_now"),
      count ? `${t("waiting_tab")}: ${count}` : "",
      refused ? t("refused_bar", { count: String(refused) }) : "",
    ];
    this.bar.textContent = parts.filter(Boolean).join(" · ");
    this.bar.hidden = !this.bar.textContent;
    return count;
  }
}

/** Never a blank page, and never a verdict where none was reached. */
function fail(): void {
  if (document.querySelector("main.failed")) return;
  document.body.replaceChildren(
    h(
      "main",
      { class: "failed wrap", role: "alert" },
      h("p", {}, t("failed")),
      button(t("back"), () => location.reload()),
      h("p", {}, h("a", { href: "../" }, t("front"))),
    ),
  );
}

function offerNewVersion(worker: ServiceWorker): void {
  const use = () => worker.postMessage("use");
  document.body.append(h("p", { class: "new", role: "status" }, t("new_version"), " ", button(t("use_new"), use)));
}

async function register(): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  const hadOne = navigator.serviceWorker.controller !== null;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (hadOne) location.reload();
  });
  const registration = await navigator.serviceWorker.register("./sw.js");
  if (registration.waiting) offerNewVersion(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const worker = registration.installing;
    worker?.addEventListener("statechange", () => {
      if (worker.state === "installed" && navigator.serviceWorker.controller) offerNewVersion(worker);
    });
  });
}

addEventListener("error", (event) => {
  if (event.error) fail();
});
addEventListener("unhandledrejection", fail);
void start().catch(fail);
void register().catch(() => undefined);
