/** Reading codes by the camera, or from a photo that was taken before. What becomes of them is the section's affair. */

import { Camera, NoCamera } from "./camera";
import { Decoder, DecoderFailed, pixelsOf } from "./decoder";
import { button, h } from "./dom";
import { t, type Key } from "./words";

const BETWEEN = 60;
let decoder: Decoder | null = null;

export class Scanner {
  readonly view: HTMLElement;
  private readonly frame = h("div", { class: "frame" });
  private readonly controls = h("div", { class: "row" });
  private readonly message = h("p", { class: "soft", role: "status" }, t("aim"));
  private camera: Camera | null = null;
  private isClosed = false;
  /** The photo that was picked last, if the camera was not asked for since: what is said is of it. */
  private picked: File | null = null;

  /** `took` gets the codes in view, and says whether to go on looking. */
  constructor(private readonly took: (texts: string[]) => Promise<boolean>) {
    const picked = h("input", { type: "file", accept: "image/*", id: "photo", class: "hidden", change: (e) => void this.pick(e) });
    const label = h("label", { for: "photo", class: "button" }, t("photo"));
    const photo = h("div", { class: "row" }, picked, label);
    this.view = h("section", { class: "wrap", "aria-label": t("scan") }, this.frame, this.controls, this.message, photo);
  }

  async open(): Promise<void> {
    document.addEventListener("visibilitychange", this.turned);
    let camera: Camera;
    try {
      camera = await Camera.open();
    } catch (error) {
      if (!(error instanceof NoCamera)) throw error;
      // Asked twice, it may be refused once.
      return this.camera ? undefined : this.without(error.key);
    }
    if (this.isClosed || document.hidden || this.camera) return camera.close();
    this.camera = camera;
    camera.whenLost(() => {
      this.rest();
      this.without("camera_lost");
    });
    this.frame.replaceChildren(camera.video, h("div", { class: "aim", "aria-hidden": "true" }));
    this.offer(camera);
    await this.look(camera);
  }

  close(): void {
    this.isClosed = true;
    document.removeEventListener("visibilitychange", this.turned);
    this.rest();
  }

  /** While nobody looks at the page its camera is off. */
  private readonly turned = () => {
    if (document.hidden) this.rest();
    else if (!this.camera) void this.open();
  };

  private rest(): void {
    this.camera?.close();
    this.camera = null;
  }

  private without(why: Key): void {
    if (!this.picked) this.say(t(why));
    // The empty frame stays: what is below it would jump.
    this.frame.replaceChildren();
    const again = () => {
      this.picked = null;
      void this.open();
    };
    this.controls.replaceChildren(button(t("start_camera"), again));
  }

  private offer(camera: Camera): void {
    const toggle = (label: string, change: () => Promise<boolean>) => {
      const one = button(label, () => void change().then((on) => one.setAttribute("aria-pressed", String(on))), { "aria-pressed": "false" });
      return one;
    };
    this.controls.replaceChildren(
      ...(camera.hasTorch ? [toggle(t("torch"), () => camera.toggleTorch())] : []),
      ...(camera.hasZoom ? [toggle(t("zoom"), () => camera.toggleZoom())] : []),
    );
  }

  private async look(camera: Camera): Promise<void> {
    while (this.camera === camera) {
      const image = camera.frame();
      const texts = image ? await this.read((decoder) => decoder.readFrame(image)) : [];
      if (texts === null) return;
      if (texts.length && this.camera === camera && !(await this.took(texts))) return;
      await new Promise((resolve) => setTimeout(resolve, BETWEEN));
    }
  }

  private async pick(event: Event): Promise<void> {
    const input = event.target as HTMLInputElement;
    const file = input.files?.[0];
    if (!file) return;
    input.value = ""; // it may be picked again
    this.picked = file;
    const isLeft = () => this.isClosed || this.picked !== file;
    this.say(t("reading"));
    let image: ImageData;
    try {
      image = await pixelsOf(file);
    } catch {
      if (!isLeft()) this.say(t("photo_unreadable"));
      return;
    }
    const texts = await this.read((decoder) => decoder.readPhoto(image));
    if (texts === null || isLeft()) return;
    if (!texts.length) return this.say(t("no_code"));
    this.say("");
    await this.took(texts);
  }

  /** Null where no reader could be loaded, which is told. */
  private async read(ask: (decoder: Decoder) => Promise<string[]>): Promise<string[] | null> {
    try {
      decoder ??= new Decoder();
      return await ask(decoder);
    } catch (error) {
      if (!(error instanceof DecoderFailed)) throw error;
      decoder = null;
      this.say(t(error.key));
      return null;
    }
  }

  say(text: string): void {
    this.message.textContent = text;
    this.message.className = "";
  }
}
