/** The file `issuers`: everybody who was ever delegated to (docs/spec/bundle.md). */

import { uint } from "../core/bytes";
import { BadBundle, open, unknownRecord, uuid } from "./encoding";
import { reasonOf } from "./notices";

const ISSUER_SIZES: Record<number, number> = { 1: 17, 2: 56, 3: 65 };

/** Who was ever delegated to: ids by number, and the province that delegated last. */
export class Issuers {
  private readonly ids: string[] = [];
  private readonly provinces = new Map<number, number>();

  constructor(data: Uint8Array) {
    const [cursor] = open(data, "issuers");
    while (!cursor.done) {
      const tag = cursor.byte();
      const size = ISSUER_SIZES[tag];
      if (size === undefined) throw unknownRecord();
      const record = cursor.raw(size - 1);
      if (tag === 1) this.ids.push(uuid(record));
      else this.readKey(record, tag);
    }
  }

  private readKey(record: Uint8Array, tag: number): void {
    const issuer = uint(record, 0, 4);
    if (issuer >= this.ids.length) {
      throw new BadBundle("một đơn vị không có trong tệp", "an issuer that is not in the file");
    }
    const [, , , , province = 0, kind = 0, custody = 0] = record;
    if (kind >= 3 || custody >= 2) throw new BadBundle("một loại đơn vị lạ", "an unknown kind of issuer");
    if (tag === 3) reasonOf(record[record.length - 1] ?? 255);
    this.provinces.set(issuer, province);
  }

  get count(): number {
    return this.ids.length;
  }

  /** Id and province (empty: nobody delegated) of an issuer by its number; null beyond the file. */
  get(place: bigint): { id: string; province: string } | null {
    const id = place < BigInt(this.ids.length) ? this.ids[Number(place)] : undefined;
    const province = this.provinces.get(Number(place)) ?? 0;
    return id === undefined ? null : { id, province: province ? String(province).padStart(2, "0") : "" };
  }
}
