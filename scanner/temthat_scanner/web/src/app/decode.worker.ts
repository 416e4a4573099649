/** Reads codes from pictures, away from the page so that it never stands still. */

import wasm from "zxing-wasm/reader/zxing_reader.wasm?url";
import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";

prepareZXingModule({ overrides: { locateFile: () => wasm } });

export interface Asked {
  id: number;
  image: ImageData;
  /** For a still picture: take the time to look closely. */
  hard: boolean;
}
export interface Found {
  id: number;
  texts: string[];
  failed: boolean;
}

addEventListener("message", (event: MessageEvent<Asked>) => {
  const { id, image, hard } = event.data;
  readBarcodes(image, { formats: ["QRCode"], tryHarder: hard, tryRotate: hard, tryInvert: hard, maxNumberOfSymbols: 12 })
    .then((found) => ({ id, texts: found.filter((one) => one.isValid).map((one) => one.text), failed: false }))
    .catch(() => ({ id, texts: [], failed: true }))
    .then((answer: Found) => postMessage(answer));
});
