/** The national index of a month (docs/spec/bundle.md). */

import { toHex } from "../core/bytes";
import { BadBundle, open, type Month } from "./encoding";

/** A month's national index: in which provinces' shards a stamp key's hint (8 hex digits) stands. */
export class Index {
  private readonly provincesOf = new Map<string, Set<number>>();

  constructor(data: Uint8Array, month: Month) {
    const [cursor, baseRun] = open(data, "index", "00", month);
    this.baseRun = baseRun;
    while (!cursor.done) {
      const hint = toHex(cursor.raw(4));
      const province = cursor.byte();
      if (province >= 100) throw new BadBundle("một tỉnh không có thật", "a province that cannot be");
      const known = this.provincesOf.get(hint) ?? new Set();
      this.provincesOf.set(hint, known.add(province));
    }
  }

  /** The highest run number given out before this month. */
  readonly baseRun: number;

  provinces(hint: string): string[] {
    return [...(this.provincesOf.get(hint) ?? [])].sort((a, b) => a - b).map((n) => String(n).padStart(2, "0"));
  }
}
