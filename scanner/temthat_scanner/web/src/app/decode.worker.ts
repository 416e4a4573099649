/** Reads codes from pictures, away from the page so that it never stands still. */

import wasm from "zxing-wasm/reader/zxing_reader.wasm?url";
import { prepareZXingModule, readBarcodes, type ReadResult } from "zxing-wasm/reader";
import { readFrame, readPhoto, type Grey, type Outcome, type Seen, type Trying } from "./chain";

prepareZXingModule({ overrides: { locateFile: () => wasm } });

export interface Asked {
  id: number;
  image: ImageData;
  /** Everything for a still photo; for a camera's frame which further attempt to make, 0 for none. */
  effort: "photo" | number;
}
export interface Found extends Outcome {
  id: number;
  failed: boolean;
}

/** Milliseconds after which a person with a photo rather hears that it cannot be read. */
const PATIENCE = 6_000;
const MOST_SYMBOLS = 12;

addEventListener("message", (event: MessageEvent<Asked>) => {
  const { id, image, effort } = event.data;
  const until = performance.now() + PATIENCE;
  const picture = greyOf(image);
  const reading = effort === "photo" ? readPhoto(picture, read, () => performance.now() > until) : readFrame(picture, effort, read);
  reading
    .then((outcome) => ({ id, ...outcome, failed: false }))
    .catch(() => ({ id, texts: [], attempt: 0, failed: true }))
    .then((answer: Found) => postMessage(answer));
});

async function read(picture: Grey, { isThorough = false, isCoarse = false, withUnread = false }: Trying): Promise<Seen[]> {
  const found = await readBarcodes(imageOf(picture), {
    formats: ["QRCode"],
    binarizer: isCoarse ? "GlobalHistogram" : "LocalAverage",
    tryHarder: isThorough,
    tryRotate: isThorough,
    tryInvert: isThorough,
    maxNumberOfSymbols: MOST_SYMBOLS,
    returnErrors: withUnread,
    textMode: "Plain",
  });
  return found.map(seenIn);
}

function seenIn({ isValid, text, position }: ReadResult): Seen {
  return { text: isValid ? text : null, corners: [position.topLeft, position.topRight, position.bottomRight, position.bottomLeft] };
}

function greyOf({ data, width, height }: ImageData): Grey {
  const grey = new Uint8ClampedArray(width * height);
  for (let at = 0, from = 0; at < grey.length; at++, from += 4) {
    grey[at] = 0.299 * (data[from] ?? 0) + 0.587 * (data[from + 1] ?? 0) + 0.114 * (data[from + 2] ?? 0);
  }
  return { data: grey, width, height };
}

function imageOf({ data, width, height }: Grey): ImageData {
  const image = new ImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let at = 0; at < pixels.length; at++) pixels[at] = 0xff000000 | ((data[at] ?? 0) * 0x010101);
  return image;
}
