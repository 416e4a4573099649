/** A shard: what one province's issuers logged in one month (docs/spec/bundle.md). */

import { keyId } from "../log/statement";
import { RUN_MAX, SERIAL_MAX } from "../stamp/code";
import { BadBundle, day, instant, open, unknownRecord, type Cursor, type Month } from "./encoding";

interface ShardKey {
  publicKey: Uint8Array;
  /** Its issuer's place in the file `issuers`; a bundle has fewer than 2^32. */
  issuer: bigint;
  closes: number;
}
export interface ShardRun {
  run: number;
  count: number;
  key: ShardKey;
  registered: number;
  madeOn: string;
  expiresOn: string | null;
  needsActivation: boolean;
  gtin: string | null;
  /** It was logged after its key was closed. */
  late: boolean;
  /** The how manieth run of its shard it is, from 0: where its names stand. */
  place: number;
}
interface RawRun {
  flags: number;
  count: number;
  key: number;
  registered: bigint;
  made: bigint;
  expires: bigint;
  gtin: bigint;
  late: boolean;
  place: number;
}

const KEY = 0;
const CLOSED = 1;
const RUN = 2;
const EXPIRES = 4;
const ACTIVATION = 8;
const GTIN = 16;
const FLAGS: Record<number, number> = { [KEY]: 0b100, [CLOSED]: 0, [RUN]: 0b111100 };

/** What one province's issuers logged in one month of keys, closings and runs. */
export class Shard {
  private readonly keys: ShardKey[] = [];
  private readonly byHint = new Map<string, ShardKey[]>();
  private readonly runs = new Map<number, RawRun>();
  private readonly closed = new Set<number>();
  private clock: bigint;

  constructor(data: Uint8Array, province: string, month: Month) {
    const [cursor, baseRun] = open(data, "shard", province, month);
    this.clock = month.begins;
    let run = BigInt(baseRun);
    while (!cursor.done) {
      const tag = cursor.byte();
      const what = tag & 0b11;
      const allowed = FLAGS[what];
      if (allowed === undefined || tag & ~0b11 & ~allowed) throw unknownRecord();
      if (what === RUN) run = this.readRun(cursor, tag, run);
      else if (what === KEY) this.readKey(cursor, month);
      else {
        this.closed.add(this.keyAt(cursor));
        this.clock += cursor.signed();
      }
    }
  }

  withHint(hint: string): ShardKey[] {
    return this.byHint.get(hint) ?? [];
  }

  /** The run of this number, null if it is not here. Throws `BadBundle` for days no calendar has. */
  run(number: number): ShardRun | null {
    const found = this.runs.get(number);
    const key = found && this.keys[found.key];
    if (!found || !key) return null;
    return {
      run: number,
      count: found.count,
      key,
      registered: instant(found.registered),
      madeOn: day(found.made),
      expiresOn: found.flags & EXPIRES ? day(found.expires) : null,
      needsActivation: (found.flags & ACTIVATION) !== 0,
      gtin: found.flags & GTIN ? String(found.gtin).padStart(14, "0") : null,
      late: found.late,
      place: found.place,
    };
  }

  private readKey(cursor: Cursor, month: Month): void {
    const issuer = cursor.number();
    const publicKey = cursor.raw(32).slice();
    this.clock += cursor.signed();
    instant(this.clock);
    const key = { publicKey, issuer, closes: instant(month.ends + cursor.signed()) };
    const hint = keyId(publicKey).slice(0, 8);
    this.keys.push(key);
    this.byHint.set(hint, [...this.withHint(hint), key]);
  }

  private readRun(cursor: Cursor, flags: number, before: bigint): bigint {
    const run = before + cursor.signed();
    const count = cursor.number();
    const key = this.keyAt(cursor);
    this.clock += cursor.signed();
    const registered = this.clock;
    const made = floorDiv(registered, 86_400n) - cursor.signed();
    const expires = flags & EXPIRES ? made + cursor.signed() : 0n;
    const gtin = flags & GTIN ? cursor.number() : 0n;
    const isReal = run >= 1n && run <= BigInt(RUN_MAX) && count >= 1n && count <= BigInt(SERIAL_MAX);
    if (!isReal || this.runs.has(Number(run)) || gtin >= 10n ** 14n) {
      throw new BadBundle("một đợt in không có thật", "a run that cannot be");
    }
    const late = this.closed.has(key);
    const place = this.runs.size;
    this.runs.set(Number(run), { flags, count: Number(count), key, registered, made, expires, gtin, late, place });
    return run;
  }

  private keyAt(cursor: Cursor): number {
    const place = BigInt(this.keys.length) - 1n - cursor.number();
    if (place < 0n) throw new BadBundle("một khóa tem không có trong tệp", "a stamp key that is not in the file");
    return Number(place);
  }
}

function floorDiv(a: bigint, b: bigint): bigint {
  const whole = a / b;
  return a % b < 0n ? whole - 1n : whole;
}
