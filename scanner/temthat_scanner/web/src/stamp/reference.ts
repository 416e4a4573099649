/** A report's reference number: eight characters at random and the check character of a printed number (reports/reference.py). */

import { ALPHABET, checkSymbol } from "./number";

const LENGTH = 9;

export function drawReference(): string {
  const symbols = [...crypto.getRandomValues(new Uint8Array(LENGTH - 1))].map((byte) => byte & 31);
  return [...symbols, checkSymbol(symbols)].map((symbol) => ALPHABET[symbol]).join("");
}

/** As it is shown: 7K3M-9QX2-V. */
export function grouped(reference: string): string {
  return reference.replace(/^(.{4})(.{4})(.)$/, "$1-$2-$3");
}
