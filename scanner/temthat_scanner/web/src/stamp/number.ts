/** The printed number: sixteen characters for people without a camera (docs/spec/stamp.md). Only the server checks its MAC. */

import { Mistyped } from "../core/errors";
import { RUN_MAX, SERIAL_MAX } from "./code";

export const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH = 16;
const BLANKS = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000-]/g;

export interface PrintedNumber {
  run: number;
  serial: number;
  /** 23 bits, unverified. */
  mac: number;
  /** Sixteen characters. */
  text: string;
}

const EXP: number[] = [];
for (let value = 1; EXP.length < 31; value = (value << 1) ^ (value & 0b10000 ? 0b100101 : 0)) EXP.push(value & 31);
const LOG = new Map(EXP.map((value, power) => [value, power]));

/** Whether a text is meant as a printed number. Digits alone are one only at full length: a till also sees GTINs. */
export function looksLikeNumber(text: string): boolean {
  const bare = text.replace(BLANKS, "");
  if (!/^[0-9A-Za-z]+$/.test(bare)) return false;
  return /^[0-9]+$/.test(bare) ? bare.length === LENGTH : bare.length >= 12 && bare.length <= 20;
}

/** What a person typed; throws `Mistyped`. */
export function parseNumber(typed: string): PrintedNumber {
  const bare = [...typed.replace(BLANKS, "").toUpperCase()];
  const symbols = bare.map((character) => (character.length === 1 ? ALPHABET.indexOf(character) : -1));
  const foreign = symbols.indexOf(-1);
  if (foreign >= 0) throw new Mistyped(foreign + 1);
  if (symbols.length !== LENGTH || checkSymbol(symbols) !== 0) throw new Mistyped(null);
  const value = symbols.slice(0, 15).reduce((sum, symbol) => (sum << 5n) | BigInt(symbol), 0n);
  const run = Number(value >> 47n);
  const serial = Number((value >> 23n) & 0xffffffn);
  if (run < 1 || run > RUN_MAX || serial < 1 || serial > SERIAL_MAX) throw new Mistyped(null);
  return { run, serial, mac: Number(value & 0x7fffffn), text: bare.join("") };
}

/** The weighted sum over GF(32), weights x^15 … x^0: the check character of what has none yet, zero for a number without a slip. */
export function checkSymbol(symbols: number[]): number {
  let total = 0;
  symbols.forEach((symbol, place) => {
    if (symbol) total ^= EXP[((LOG.get(symbol) ?? 0) + 15 - place) % 31] ?? 0;
  });
  return total;
}
