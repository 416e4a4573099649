/**
 * Attempts at a picture, one after the other until one reads: what `temthat_scanner/decoding.py` does, with one decoder.
 *
 * Order and gain are measured by `python -m bench.app_decoding` (docs/decoding.md).
 */

/** Brightness, a byte a pixel, in rows. */
export interface Grey {
  data: Uint8ClampedArray;
  width: number;
  height: number;
}
type Point = { x: number; y: number };
/** A symbol as the decoder saw it; `text` is null where its place is known and its content did not add up. */
export interface Seen {
  text: string | null;
  /** Round the symbol: top left, top right, bottom right, bottom left. */
  corners: [Point, Point, Point, Point];
}
export interface Trying {
  /** With all that the decoder itself can try; otherwise one look. */
  isThorough?: boolean;
  /** One threshold for the whole picture instead of one for each neighbourhood. */
  isCoarse?: boolean;
  withUnread?: boolean;
}
export type Read = (picture: Grey, trying: Trying) => Promise<Seen[]>;

/** Further attempts see no more pixels than this. */
const MOST = 4_000_000;
/** Symbols of a picture that are seen and not read; a printed pattern may look like hundreds. */
const MOST_FLATTENED = 3;
const SIDE = 360;
/** Of the symbol's side, left on each side: its quiet zone. */
const MARGIN = 0.12;
/** How deep a bowed label sags between its corners, of its side; smallest first. */
const SAGS = [0, 0.025, -0.025, 0.045, -0.045, 0.07, -0.07];

type Attempt = (picture: Grey, read: Read) => Promise<Seen[]>;
/** What is tried where one look was not enough, the cheapest for what it gains first. */
const FURTHER: Attempt[] = [
  (picture, read) => read(resized(picture, 1, 1), { isCoarse: true }),
  (picture, read) => read(each(resized(picture, 1, 1), (level) => 255 * (level / 255) ** 2.2), {}),
  (picture, read) => read(resized(picture, 0.5, 0.5), { isCoarse: true }),
  (picture, read) => read(resized(picture, 2.5, 1), {}),
  (picture, read) => read(resized(picture, 1, 2.5), {}),
  (picture, read) => read(sharpened(resized(picture, 1, 1)), {}),
  (picture, read) => flattened(resized(picture, 1, 1), read),
  (picture, read) => read(resized(picture, 2, 2), {}),
];
export const FURTHER_ATTEMPTS = FURTHER.length;

/** Texts, and the number of the attempt that read them, from 1; 0 where none did. */
export interface Outcome {
  texts: string[];
  attempt: number;
}

/**
 * A camera's frame: one look and, from `further` 1 on, that one of the further attempts.
 *
 * Where a look reads something, a thorough one follows: it may have missed others in view.
 */
export async function readFrame(picture: Grey, further: number, read: Read): Promise<Outcome> {
  const first = await read(picture, {});
  if (textsOf(first).length) return { texts: textsOf([...first, ...(await read(picture, { isThorough: true }))]), attempt: 1 };
  if (!further) return { texts: [], attempt: 0 };
  const more = textsOf((await FURTHER[further - 1]?.(picture, read)) ?? []);
  return { texts: more, attempt: more.length ? further + 1 : 0 };
}

/** A photo: everything, until one attempt reads or `isLate` says that a person has waited long enough. */
export async function readPhoto(picture: Grey, read: Read, isLate: () => boolean = () => false): Promise<Outcome> {
  let texts = textsOf(await read(picture, { isThorough: true }));
  if (texts.length) return { texts, attempt: 1 };
  for (const [at, attempt] of FURTHER.entries()) {
    if (isLate()) break;
    texts = textsOf(await attempt(picture, read));
    if (texts.length) return { texts, attempt: at + 2 };
  }
  return { texts: [], attempt: 0 };
}

function textsOf(seen: Seen[]): string[] {
  return [...new Set(seen.flatMap(({ text }) => (text === null ? [] : [text])))];
}

/** What is seen and cannot be read: cut out, squared, unbent (flattening.py). */
async function flattened(picture: Grey, read: Read): Promise<Seen[]> {
  const found: Seen[] = [];
  for (const { corners } of (await read(picture, { withUnread: true })).slice(0, MOST_FLATTENED)) {
    const flat = await firstRead(unbent(picture, corners), read);
    if (flat) found.push(flat);
  }
  return found;
}

async function firstRead(pictures: Iterable<Grey>, read: Read): Promise<Seen | null> {
  for (const picture of pictures) {
    const [seen] = await read(picture, {});
    if (seen) return seen;
  }
  return null;
}

function* unbent(picture: Grey, corners: Seen["corners"]): Generator<Grey> {
  for (const sag of SAGS) {
    yield square(picture, corners, sag, true);
    if (sag) yield square(picture, corners, sag, false);
  }
}

/** The symbol as a square picture, a sag undone along its rows or its columns. */
export function square(picture: Grey, [a, b, c, d]: Seen["corners"], sag: number, alongRows: boolean): Grey {
  return drawn(SIDE, SIDE, picture, (column, row) => {
    const [u, v] = [column / SIDE, row / SIDE];
    const [right, down] = alongRows ? [u, v + sag * (1 - (2 * u - 1) ** 2)] : [u + sag * (1 - (2 * v - 1) ** 2), v];
    const [x, y] = [right, down].map((share) => (share - 0.5) * (1 + 2 * MARGIN) + 0.5) as [number, number];
    const mix = (of: "x" | "y") => (a[of] * (1 - x) + b[of] * x) * (1 - y) + (d[of] * (1 - x) + c[of] * x) * y;
    return [mix("x"), mix("y")];
  });
}

/** Stretched by the two factors, or in their proportion so far as `MOST` allows. */
export function resized(picture: Grey, across: number, down: number): Grey {
  const { width, height } = picture;
  const fit = Math.min(1, Math.sqrt(MOST / (width * across * height * down)));
  const [wide, high] = [Math.max(1, Math.floor(width * across * fit)), Math.max(1, Math.floor(height * down * fit))];
  if (wide === width && high === height) return picture;
  return drawn(wide, high, picture, (column, row) => [(column * width) / wide, (row * height) / high]);
}

/** Each pixel from a place in another picture, bilinear; places outside are white. `from` gets and gives pixel centres. */
function drawn(width: number, height: number, source: Grey, from: (column: number, row: number) => [number, number]): Grey {
  const data = new Uint8ClampedArray(width * height).fill(255);
  const { data: pixels, width: wide, height: high } = source;
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) {
      const [x, y] = from(column + 0.5, row + 0.5);
      if (x < 0 || y < 0 || x > wide || y > high) continue;
      const [left, top] = [Math.max(0, Math.floor(x - 0.5)), Math.max(0, Math.floor(y - 0.5))];
      const [right, bottom] = [Math.min(wide - 1, left + 1), Math.min(high - 1, top + 1)];
      const [dx, dy] = [Math.max(0, x - 0.5 - left), Math.max(0, y - 0.5 - top)];
      const level = (column: number, row: number) => pixels[row * wide + column] ?? 255;
      data[at] =
        (level(left, top) * (1 - dx) + level(right, top) * dx) * (1 - dy) +
        (level(left, bottom) * (1 - dx) + level(right, bottom) * dx) * dy;
    }
  }
  return { data, width, height };
}

function each(picture: Grey, change: (level: number) => number): Grey {
  const table = Uint8ClampedArray.from({ length: 256 }, (_, level) => change(level));
  return { ...picture, data: picture.data.map((level) => table[level] ?? 0) };
}

/** An unsharp mask of radius 2 pixels, 300 %. */
export function sharpened(picture: Grey): Grey {
  const { data, width, height } = picture;
  // Two boxes of five pixels have the spread of a Gauss bell of radius 2.
  let soft: Float32Array = Float32Array.from(data);
  for (let turn = 0; turn < 2; turn++) soft = boxed(boxed(soft, width, height, 1, width), height, width, width, 1);
  return { width, height, data: data.map((level, at) => 4 * level - 3 * (soft[at] ?? 0)) };
}

/** The mean of five along lines of `length`, `step` apart in memory; there are `lines` of them, `apart` each. */
function boxed(data: Float32Array, length: number, lines: number, step: number, apart: number): Float32Array {
  const result = new Float32Array(data.length);
  const pixel = (line: number, at: number) => data[line * apart + Math.min(length - 1, Math.max(0, at)) * step] ?? 0;
  for (let line = 0; line < lines; line++) {
    let sum = pixel(line, -2) + pixel(line, -1) + pixel(line, 0) + pixel(line, 1);
    for (let at = 0; at < length; at++) {
      sum += pixel(line, at + 2);
      result[line * apart + at * step] = sum / 5;
      sum -= pixel(line, at - 2);
    }
  }
  return result;
}
