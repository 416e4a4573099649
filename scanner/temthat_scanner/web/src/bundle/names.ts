/** What opens a shard's commitments (docs/spec/bundle.md). */

import { sha256, toHex, utf8 } from "../core/bytes";
import { BadBundle, open, unknownRecord, type Month } from "./encoding";

export interface Names {
  issuer: string;
  product: string;
  packForm: string;
  lot: string;
}

/** What opens a shard's commitments. */
export class NamesFile {
  private readonly entries: ({ salt: string; names: Names } | Uint8Array)[] = [];

  constructor(data: Uint8Array, province: string, month: Month) {
    const [cursor] = open(data, "names", province, month);
    const texts = [""];
    const text = (): string => {
      const place = cursor.number();
      if (place >= BigInt(texts.length)) {
        throw new BadBundle("một đoạn chữ không có trong tệp", "a text that is not in the file");
      }
      if (place === 0n) texts.push(cursor.text(4_000));
      return texts[place === 0n ? texts.length - 1 : Number(place)] ?? "";
    };
    while (!cursor.done) {
      const tag = cursor.byte();
      if (tag === 0) this.entries.push(cursor.raw(32).slice());
      else if (tag === 1) {
        const salt = toHex(cursor.raw(16));
        this.entries.push({ salt, names: { issuer: text(), product: text(), packForm: text(), lot: text() } });
      } else throw unknownRecord();
    }
  }

  /** Null where they were erased. */
  get(place: number): Names | null {
    const entry = this.entries[place];
    return entry === undefined || entry instanceof Uint8Array ? null : entry.names;
  }

  /** Throws `BadBundle` unless these are the names that the shard's manifests commit to. */
  check(commitments: string): void {
    const all = this.entries.map((entry) => {
      if (entry instanceof Uint8Array) return entry;
      const { issuer, product, packForm, lot } = entry.names;
      // RFC 8785 of an object of texts: members in order, as JSON.stringify writes them.
      return sha256(utf8(JSON.stringify({ issuer, lot, pack_form: packForm, product, salt: entry.salt })));
    });
    if (toHex(sha256(...all)) !== commitments) {
      throw new BadBundle(
        "tên sản phẩm không khớp với bản kê đã ký",
        "names of products are not those the signed manifests commit to",
      );
    }
  }
}
