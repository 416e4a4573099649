/** Codes in a picture: the browser's own reader where it has one, and ours (zxing-wasm, self-hosted) beside it. */

import type { Asked, Found } from "./decode.worker";

interface NativeDetector {
  detect(source: ImageBitmapSource): Promise<{ rawValue: string }[]>;
}
interface NativeDetectorMaker {
  new (options: { formats: string[] }): NativeDetector;
  getSupportedFormats(): Promise<string[]>;
}

export class DecoderFailed extends Error {}

export class Decoder {
  private readonly worker = new Worker(new URL("./decode.worker.ts", import.meta.url), { type: "module" });
  private readonly asking = new Map<number, (found: Found) => void>();
  private native: NativeDetector | null = null;
  private next = 1;

  constructor() {
    this.worker.addEventListener("message", (event: MessageEvent<Found>) => {
      this.asking.get(event.data.id)?.(event.data);
      this.asking.delete(event.data.id);
    });
    this.worker.addEventListener("error", () => {
      for (const [id, answer] of this.asking) answer({ id, texts: [], failed: true });
      this.asking.clear();
    });
    void this.findNative();
  }

  /** The codes' texts, each once. Throws `DecoderFailed` where no reader could be loaded. */
  async read(image: ImageData, hard: boolean): Promise<string[]> {
    if (this.native && !hard) {
      try {
        const found = await this.native.detect(image);
        if (found.length) return [...new Set(found.map(({ rawValue }) => rawValue))];
      } catch {
        this.native = null;
      }
    }
    const id = this.next++;
    const answer = new Promise<Found>((resolve) => this.asking.set(id, resolve));
    const asked: Asked = { id, image, hard };
    this.worker.postMessage(asked, [image.data.buffer]);
    const { texts, failed } = await answer;
    if (failed) throw new DecoderFailed();
    return [...new Set(texts)];
  }

  private async findNative(): Promise<void> {
    const Maker = (globalThis as { BarcodeDetector?: NativeDetectorMaker }).BarcodeDetector;
    try {
      if (Maker && (await Maker.getSupportedFormats()).includes("qr_code")) this.native = new Maker({ formats: ["qr_code"] });
    } catch {
      this.native = null;
    }
  }
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
