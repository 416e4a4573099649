/** The stamp's code: text in, header and signature out (docs/spec/stamp.md). Decoding proves nothing. */

import { concat, toHex, uint } from "../core/bytes";

export const RUN_MAX = 2 ** 28 - 2;
export const SERIAL_MAX = 2 ** 24 - 2;
const VERSION = 1;
const LENGTH = 122;
const TEXT_LIMIT = 2048;
const FIELDS = 20;

export interface Header {
  /** Four bytes, hex. */
  hint: string;
  run: number;
  serial: number;
  /** The 12 bytes that are signed. */
  bytes: Uint8Array;
}
export interface Gs1Path {
  gtin: string;
  lot: string;
  number: string;
}
export interface Code {
  header: Header;
  signature: Uint8Array;
  host: string | null;
  gs1: Gs1Path | null;
}
type Decoded = { kind: "code"; code: Code } | { kind: "not_ours" } | { kind: "newer_format"; version: number };

class NotOurs extends Error {}

const GRAPHIC = /^[!-~]*$/;
const CODE = /^(?:[A-Z2-7]{122}|[a-z2-7]{122})$/;
// Written out instead of a URL library: two libraries differ on `\`, `@` and brackets, two scanners must not.
const URL_FORM =
  /^https?:\/\/(?:[^/?#@\\]*@)?([A-Za-z0-9._-]+(?::[0-9]{1,5})?)(\/[^?#]*)(?:\?([^#]*))?(?:#.*)?$/i;
const SHORT_PATH = /^\/[Tt]\/([A-Za-z2-7]{122})$/;
const GS1_PATH = /^\/01\/([0-9]{14})\/10\/([^/]{1,60})\/21\/([0-9A-Za-z]{16})$/;
const LOT = /^[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}$/;

export function decode(scanned: string): Decoded {
  try {
    return read(scanned.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, ""));
  } catch (error) {
    if (error instanceof NotOurs) return { kind: "not_ours" };
    throw error;
  }
}

function read(text: string): Decoded {
  if (text.length > TEXT_LIMIT || !GRAPHIC.test(text)) throw new NotOurs();
  if (text.length === LENGTH) return bare(text, null, null);
  const url = URL_FORM.exec(text);
  if (url === null) throw new NotOurs();
  const host = (url[1] ?? "").toLowerCase();
  const path = url[2] ?? "";
  const short = SHORT_PATH.exec(unquoteOnce(path));
  if (short) return bare(short[1] ?? "", host, null);
  const long = GS1_PATH.exec(path);
  if (!long) throw new NotOurs();
  const gs1 = { gtin: long[1] ?? "", lot: unquoteOnce(long[2] ?? ""), number: (long[3] ?? "").toUpperCase() };
  if (!LOT.test(gs1.lot)) throw new NotOurs();
  return bare(parameterT(url[3] ?? ""), host, gs1);
}

/** The one parameter `t`; two of them would let two readers see two stamps. */
function parameterT(query: string): string {
  if (query.split("&").length > FIELDS) throw new NotOurs();
  // The blank field in front keeps URLSearchParams from dropping a question mark that belongs to a name.
  const values = new URLSearchParams(`&${query}`).getAll("t");
  if (values.length !== 1) throw new NotOurs();
  return values[0] ?? "";
}

/** Percent-decoding exactly once, to ASCII. */
function unquoteOnce(part: string): string {
  if (/%(?![0-9A-Fa-f]{2})|%[89A-Fa-f][0-9A-Fa-f]/.test(part)) throw new NotOurs();
  return part.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
}

function bare(text: string, host: string | null, gs1: Gs1Path | null): Decoded {
  if (!CODE.test(text)) throw new NotOurs();
  const raw = fromBase32(text.toUpperCase());
  if (raw[0] !== VERSION) return { kind: "newer_format", version: raw[0] ?? 0 };
  const bytes = raw.slice(0, 12);
  const header = { hint: toHex(raw.subarray(1, 5)), run: uint(raw, 5, 4), serial: uint(raw, 9, 3), bytes };
  if (header.run < 1 || header.run > RUN_MAX || header.serial < 1 || header.serial > SERIAL_MAX) throw new NotOurs();
  return { kind: "code", code: { header, signature: raw.slice(12), host, gs1 } };
}

/** 122 characters carry 610 bits for 608: the two spare ones must be zero, or one stamp had four texts. */
function fromBase32(text: string): Uint8Array {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const out = new Uint8Array(76);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const character of text) {
    bits = ((bits << 5) | alphabet.indexOf(character)) & 0xfff;
    held += 5;
    if (held >= 8) {
      held -= 8;
      out[at++] = (bits >> held) & 0xff;
    }
  }
  if (bits & ((1 << held) - 1)) throw new NotOurs();
  return out;
}

const CONTEXT = new TextEncoder().encode("temthat stamp v1\n");

/** What the stamp key signed. */
export function messageOf(header: Header): Uint8Array {
  return concat(CONTEXT, header.bytes);
}
