/** Codes in a picture: the browser's own reader where it has one, and ours (zxing-wasm, self-hosted) beside it. */

import { decode } from "../stamp/code";
import { FURTHER_ATTEMPTS } from "./chain";
import type { Asked, Found } from "./decode.worker";
import type { Key } from "./words";

interface NativeDetector {
  detect(source: ImageBitmapSource): Promise<{ rawValue: unknown }[]>;
}
interface NativeDetectorMaker {
  new (options: { formats: string[] }): NativeDetector;
  getSupportedFormats(): Promise<string[]>;
}

/** There is no reader; `key` is what the person is told. */
export class DecoderFailed extends Error {
  constructor(readonly key: Key = "decoder_failed") {
    super(key);
  }
}

/** Milliseconds after which the browser's own reader is not asked any more. */
const NATIVE_PATIENCE = 1_000;
/** Frames in a row that may show nothing before every second one is looked at more closely. */
const EASY = 4;

export class Decoder {
  private readonly worker: Worker;
  private readonly asking = new Map<number, (found: Found) => void>();
  private native: NativeDetector | null = null;
  private readonly finding = this.findNative();
  /** The worker's script could not be loaded or stopped: it answers nothing any more. */
  private isBroken = false;
  private next = 1;
  /** Frames in a row in which nothing was read. */
  private missed = 0;

  /** Throws `DecoderFailed` in a browser that is too old for it. */
  constructor() {
    if (typeof Worker === "undefined" || typeof WebAssembly === "undefined") throw new DecoderFailed("decoder_old");
    this.worker = new Worker(new URL("./decode.worker.ts", import.meta.url), { type: "module" });
    this.worker.addEventListener("message", (event: MessageEvent<Found>) => {
      this.asking.get(event.data.id)?.(event.data);
      this.asking.delete(event.data.id);
    });
    this.worker.addEventListener("error", () => {
      this.isBroken = true;
      for (const [id, answer] of this.asking) answer({ id, texts: [], attempt: 0, failed: true });
      this.asking.clear();
    });
  }

  /** The texts in what the camera sees now, each once. Throws `DecoderFailed` where no reader could be loaded. */
  async readFrame(image: ImageData): Promise<string[]> {
    const heard = await this.askNative(image);
    // Its word is taken for a stamp's text only if it is one: what else it says, ours has to read too.
    if (heard.some((text) => decode(text).kind === "code")) return heard;
    const turn = this.missed - EASY;
    const texts = await this.ask(image, turn >= 0 && turn % 2 === 0 ? 1 + ((turn / 2) % FURTHER_ATTEMPTS) : 0);
    this.missed = texts.length ? 0 : this.missed + 1;
    return texts.length ? texts : heard;
  }

  /** The texts in a photo, each once; it is worth seconds. Throws `DecoderFailed`. */
  async readPhoto(image: ImageData): Promise<string[]> {
    await this.finding;
    const copy = this.native ? new ImageData(image.data.slice(), image.width, image.height) : null;
    const texts = await this.ask(image, "photo");
    return texts.length || !copy ? texts : this.askNative(copy);
  }

  private async ask(image: ImageData, effort: Asked["effort"]): Promise<string[]> {
    if (this.isBroken) throw new DecoderFailed();
    const id = this.next++;
    const answer = new Promise<Found>((resolve) => this.asking.set(id, resolve));
    const asked: Asked = { id, image, effort };
    this.worker.postMessage(asked, [image.data.buffer]);
    const { texts, failed } = await answer;
    if (failed) throw new DecoderFailed();
    return texts;
  }

  private async askNative(image: ImageData): Promise<string[]> {
    await this.finding;
    if (!this.native) return [];
    try {
      const found = await inTime(this.native.detect(image));
      return [...new Set(found.flatMap(({ rawValue }) => (typeof rawValue === "string" && rawValue ? [rawValue] : [])))];
    } catch {
      this.native = null;
      return [];
    }
  }

  private async findNative(): Promise<void> {
    const Maker = (globalThis as { BarcodeDetector?: NativeDetectorMaker }).BarcodeDetector;
    try {
      if (Maker && (await inTime(Maker.getSupportedFormats())).includes("qr_code")) this.native = new Maker({ formats: ["qr_code"] });
    } catch {
      this.native = null;
    }
  }
}

/** Rejects where the browser takes too long. */
function inTime<T>(asked: Promise<T>): Promise<T> {
  return Promise.race([asked, new Promise<never>((_, reject) => setTimeout(reject, NATIVE_PATIENCE))]);
}

const LONGEST = 2_400;

/** A picked photo's pixels, made smaller if it is very large. */
export async function pixelsOf(file: Blob): Promise<ImageData> {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
  return draw(bitmap, Math.round(bitmap.width * scale), Math.round(bitmap.height * scale));
}

export function draw(source: CanvasImageSource, width: number, height: number): ImageData {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new DecoderFailed();
  context.drawImage(source, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}
