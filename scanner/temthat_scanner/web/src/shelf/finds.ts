/** The packs read so far: how many of which verdict, and each with its note and photos. */

import { h } from "../app/dom";
import { redrawn } from "../app/photo";
import { provinceName, lang } from "../app/words";
import { say, type Saying } from "../texts";
import type { Verdict } from "../stamp/verdict";
import { batchOf, heldOf } from "./about";
import { PHOTO_LIMIT, PHOTOS_LIMIT, type Check } from "./evidence";
import type { Kept, Shelf } from "./shelf";
import { w } from "./words";

const SHOWN = 50;

export function sayingOf(check: Check): Saying {
  const verdict = { word: check.verdict, reasons: check.reasons.map(([key, value]) => ({ key, value })) } as Verdict;
  return say(verdict, lang, { text: check.text }, provinceName);
}

/** What stands beside a pack: the one it has its code in common with, or that it is not of whom was looked for. */
export function tagsOf(check: Check): string[] {
  const { duplicate_of: first, stranger } = check;
  return [...(first === undefined ? [] : [w("duplicate", { n: String(first + 1) })]), ...(stranger ? [w("stranger")] : [])];
}

export class Counts {
  readonly view = h("ul", { class: "counts" });

  constructor(private readonly kept: Kept) {
    this.draw();
  }

  draw(): void {
    const { checks } = this.kept;
    const words = new Map<string, { saying: Saying; count: number }>();
    for (const check of checks) {
      const known = words.get(check.verdict);
      if (known) known.count++;
      else words.set(check.verdict, { saying: sayingOf(check), count: 1 });
    }
    const plain = (key: "packs" | "duplicates" | "strangers", count: number, always = false) =>
      count || always ? h("li", { class: "plain" }, w(key, { count: String(count) })) : null;
    const rows = [
      plain("packs", checks.length, true),
      ...[...words].map(([word, { saying, count }]) => h("li", { class: saying.tone, "data-word": word }, `${count} · ${saying.title}`)),
      plain("duplicates", checks.filter((check) => check.duplicate_of !== undefined).length),
      plain("strangers", checks.filter((check) => check.stranger).length),
    ];
    this.view.replaceChildren(...rows.filter((row) => row !== null));
  }
}

export class FindList {
  readonly view: HTMLElement;
  private readonly list = h("ol", { class: "finds", reversed: true });

  constructor(
    private readonly shelf: Shelf,
    private readonly apiKey: string,
  ) {
    const { checks } = shelf.kept;
    checks.slice(-SHOWN).forEach((check, i) => this.list.prepend(this.row(check, Math.max(0, checks.length - SHOWN) + i + 1)));
    this.view = h("section", {}, h("h2", {}, w("list")), this.list, h("p", { class: "soft" }, w("recent")));
  }

  add(): void {
    const { checks } = this.shelf.kept;
    const last = checks.at(-1);
    if (last) this.list.prepend(this.row(last, checks.length));
    while (this.list.children.length > SHOWN) this.list.lastElementChild?.remove();
  }

  private row(check: Check, n: number): HTMLElement {
    const saying = sayingOf(check);
    const tags = tagsOf(check).map((tag) => h("span", { class: "tag" }, ` · ${tag}`));
    return h(
      "li",
      { class: `is-${saying.tone}`, "data-n": String(n) },
      h("div", {}, h("strong", {}, `${n}. ${saying.title}`), ...tags),
      h("div", { class: "soft" }, [check.product ?? check.text.slice(-40), numberOf(check)].filter(Boolean).join(" · ")),
      this.extras(check, n),
    );
  }

  private extras(check: Check, n: number): HTMLElement {
    const note = h("textarea", { id: `note-${n}`, maxlength: "500", change: () => void this.shelf.note(check, note.value.trim()) }) as HTMLTextAreaElement;
    note.value = check.note ?? "";
    const said = h("span", { role: "status", class: "soft" }, countOf(check));
    const pick = async (event: Event) => {
      const input = event.target as HTMLInputElement;
      const file = input.files?.[0];
      if (!file) return;
      said.textContent = await this.take(check, file);
      input.value = "";
    };
    const about = h("div");
    const open = () => {
      if (about.hasChildNodes() || !("run" in check)) return;
      about.append(batchOf(check, this.shelf.trust), ...(this.apiKey ? [heldOf(check, this.shelf, this.apiKey)] : []));
    };
    return h(
      "details",
      { toggle: open },
      h("summary", {}, w("more")),
      about,
      h("label", { for: `note-${n}` }, w("note")),
      note,
      h(
        "div",
        { class: "row" },
        h("input", { type: "file", accept: "image/*", capture: "environment", id: `photo-${n}`, class: "hidden", change: (e) => void pick(e) }),
        h("label", { for: `photo-${n}`, class: "button" }, w("photo")),
        said,
      ),
    );
  }

  private async take(check: Check, file: Blob): Promise<string> {
    if (this.shelf.kept.photos.length >= PHOTOS_LIMIT) return w("photo_many");
    const data = await redrawn(file, PHOTO_LIMIT).catch(() => null);
    if (!data) return w("photo_bad");
    return (await this.shelf.addPhoto(check, data)) ? countOf(check) : w("photo_full");
  }
}

/** Run and serial, as the printed sheet names a stamp. */
function numberOf(check: Check): string {
  return check.run === undefined ? "" : `${check.run}-${check.serial}`;
}

function countOf(check: Check): string {
  return check.photos?.length ? w("photos", { count: String(check.photos.length) }) : "";
}
