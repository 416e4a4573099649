/** The section *Kiểm tra kệ*: begin, read on and on, finish. */

import "./shelf.css";
import { apiKeyCard } from "../app/apikey";
import { button, h } from "../app/dom";
import { signal } from "../app/feedback";
import type { App } from "../app/main";
import { Scanner } from "../app/scan";
import { lang, PROVINCES } from "../app/words";
import type { Tone } from "../texts";
import { Counts, FindList, sayingOf, tagsOf } from "./finds";
import { fingerprintOf, publicKeyOf, type Purpose } from "./evidence";
import { deviceSecret, Shelf } from "./shelf";
import { summaryView } from "./summary";
import { w } from "./words";

export async function openShelf(app: App): Promise<void> {
  const shelf = await Shelf.find(app.device, app.trust);
  if (!shelf) return void app.show("shelf", await beginning(app));
  if (shelf.kept.ended) return void app.show("shelf", await summaryView(shelf, () => void openShelf(app)));
  const going = new Going(app, shelf, (await app.device.choices()).apiKey ?? "");
  if (app.show("shelf", going.view, going)) await going.open();
}

async function beginning(app: App): Promise<HTMLElement> {
  const label = h("input", { id: "label", maxlength: "200", value: (await app.device.get<string>("shelf-label")) ?? "" }) as HTMLInputElement;
  const whose = choosing(app);
  const province = h("select", { id: "shelf-place" }, ...options(app.place ?? "")) as HTMLSelectElement;
  const words = h("input", { id: "words", maxlength: "200", "aria-describedby": "words-hint" }) as HTMLInputElement;
  const begin = async (event: Event) => {
    event.preventDefault();
    await app.device.put("shelf-label", label.value.trim());
    const place = { ...(province.value ? { province: province.value } : {}), ...(words.value.trim() ? { words: words.value.trim() } : {}) };
    await Shelf.begin(app.device, app.trust, label.value.trim(), purposeOf(whose), place);
    await openShelf(app);
  };
  return h(
    "section",
    { class: "wrap" },
    h("h1", {}, w("title")),
    h("p", {}, w("intro")),
    app.trust.view ? null : h("p", { class: "warn note", role: "alert" }, w("no_data")),
    app.device.isLasting ? null : h("p", { class: "warn note", role: "alert" }, w("no_key_kept")),
    h(
      "form",
      { submit: (event) => void begin(event) },
      h("label", { for: "whose" }, w("whose")),
      whose,
      h("label", { for: "label" }, w("label")),
      label,
      h("label", { for: "shelf-place" }, w("province")),
      province,
      h("label", { for: "words" }, w("words")),
      words,
      h("p", { id: "words-hint", class: "soft" }, w("words_hint")),
      h("button", { type: "submit", class: "big" }, w("begin")),
    ),
    await keyCard(app),
    await apiKeyCard(app.device, { label: w("api"), hint: w("api_hint"), save: w("save"), saved: w("saved") }),
    h("p", { class: "soft" }, w("limit")),
  );
}

function choosing(app: App): HTMLSelectElement {
  const known = app.trust.view?.issuers().sort((a, b) => a.name.localeCompare(b.name, "vi")) ?? [];
  const producers = known.map(({ id, name }) => h("option", { value: `i${id}` }, name));
  const provinces = PROVINCES.map(([code, name]) => h("option", { value: `p${code}` }, name));
  return h(
    "select",
    { id: "whose" },
    producers.length ? h("optgroup", { label: w("producers") }, ...producers) : null,
    h("optgroup", { label: w("provinces") }, ...provinces),
  ) as HTMLSelectElement;
}

function purposeOf(chosen: HTMLSelectElement): Purpose {
  const value = chosen.value.slice(1);
  if (chosen.value.startsWith("p")) return { province: value };
  return { producer: value, name: (chosen.selectedOptions[0]?.textContent ?? "").slice(0, 200) };
}

function options(chosen: string): HTMLElement[] {
  return [["", w("none")], ...PROVINCES].map(([code = "", name = ""]) => h("option", { value: code, selected: code === chosen }, name));
}

async function keyCard(app: App): Promise<HTMLElement> {
  const fingerprint = fingerprintOf(publicKeyOf(await deviceSecret(app.device)));
  return h("section", { class: "card" }, h("h2", {}, w("key")), h("p", {}, h("code", { id: "fingerprint" }, fingerprint)), h("p", { class: "soft" }, w("key_hint")));
}

/** Reading on and on: each pack once, and a question where a code comes back. */
class Going {
  readonly view: HTMLElement;
  private readonly camera = h("div", { class: "scanning" });
  private readonly asking = h("div", { role: "alert" });
  private readonly said = h("p", { role: "status" });
  private readonly counts: Counts;
  private readonly finds: FindList;
  private scanner: Scanner | null = null;
  private adding: Promise<unknown> = Promise.resolve();

  constructor(
    app: App,
    private readonly shelf: Shelf,
    private readonly apiKey: string,
  ) {
    this.counts = new Counts(shelf.kept);
    this.finds = new FindList(shelf, apiKey);
    const finish = () => void this.adding.then(() => shelf.finish(true)).then(() => openShelf(app));
    this.view = h(
      "section",
      { class: "wrap" },
      h("h1", {}, w("title")),
      this.asking,
      this.camera,
      this.said,
      this.counts.view,
      button(w("finish"), finish, { class: "big" }),
      this.finds.view,
    );
    document.addEventListener("visibilitychange", this.comeBack);
  }

  async open(): Promise<void> {
    this.scanner = new Scanner(async (texts) => {
      for (const text of texts) this.look(text);
      await this.adding;
      this.shelf.stay(texts);
      return true;
    });
    this.camera.replaceChildren(this.scanner.view);
    await this.scanner.open();
  }

  close(): void {
    this.scanner?.close();
    this.scanner = null;
  }

  /** Taking a photo hides the page, which closes the camera. */
  private readonly comeBack = () => {
    if (!this.view.isConnected) document.removeEventListener("visibilitychange", this.comeBack);
    else if (!document.hidden && !this.scanner) void this.open();
  };

  private look(text: string): void {
    const seen = this.shelf.look(text);
    if (seen === "new") this.add(text);
    else if (seen === "again") this.ask(text);
  }

  private add(text: string): void {
    this.adding = this.adding.then(async () => {
      const check = await this.shelf.add(text, this.apiKey, lang);
      if (!check) {
        this.say(w(this.shelf.isFull ? "full" : "slip"));
        return signal("warn");
      }
      const { problem } = this.shelf;
      const { title, tone } = sayingOf(check);
      const isOdd = check.duplicate_of !== undefined || check.stranger === true;
      const warning = !this.shelf.isKept ? w("no_key_kept") : problem ? w("unasked", { why: problem }) : "";
      this.say([`${this.shelf.kept.checks.length}. ${title}`, ...tagsOf(check)].join(" · "), tone, warning);
      signal(isOdd && tone !== "stop" ? "warn" : tone);
      this.counts.draw();
      this.finds.add();
    });
  }

  private ask(text: string): void {
    const n = String(this.shelf.placeOf(text) + 1);
    const id = `again-${n}`;
    if (document.getElementById(id)) return;
    signal("warn");
    const close = () => panel.remove();
    const yes = () => {
      close();
      this.add(text);
    };
    const panel: HTMLElement = h(
      "div",
      { class: "card ask", id },
      h("p", {}, w("again", { n })),
      h("div", { class: "row" }, button(w("again_yes"), yes), button(w("again_no"), close)),
    );
    this.asking.append(panel);
  }

  private say(text: string, tone: Tone = "warn", warning = ""): void {
    this.said.className = `note ${tone}`;
    this.said.replaceChildren(text, ...(warning ? [h("br"), warning] : []));
  }
}
