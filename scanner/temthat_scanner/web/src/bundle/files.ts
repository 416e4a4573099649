/** The bundle's files read whole: index, shard, issuers, notices, names (docs/spec/bundle.md, "Bytes"). */

import { sha256, toHex, utf8 } from "../core/bytes";
import { keyId } from "../log/statement";
import { RUN_MAX, SERIAL_MAX } from "../stamp/code";
import { vietnamDay, type NoticeKind, type StandingNotice } from "../stamp/verdict";
import { BadBundle, day, instant, open, unknownRecord, type Cursor, type Month } from "./encoding";

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

export interface ShardKey {
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
    const issuer = number(record, 0, 4);
    if (issuer >= this.ids.length) {
      throw new BadBundle("một đơn vị không có trong tệp", "an issuer that is not in the file");
    }
    const [, , , , province = 0, kind = 0, custody = 0] = record;
    if (kind >= 3 || custody >= 2) throw new BadBundle("một loại đơn vị lạ", "an unknown kind of issuer");
    if (tag === 3) reason(record[record.length - 1] ?? 255);
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

function uuid(data: Uint8Array): string {
  return toHex(data).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function number(data: Uint8Array, at: number, size: number): number {
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 256 + (data[at + i] ?? 0);
  return value;
}

const KIND_CODES: NoticeKind[] = ["recall", "revocation", "void", "lost", "hold", "spoiled", "returned", "lift"];
const REASON_CODES = [
  "contamination",
  "mislabelled",
  "paper_withdrawn",
  "input_recalled",
  "key_compromised",
  "misprint",
  "spoiled_sheet",
  "lost_in_transit",
  "stolen",
  "returned",
  "under_inspection",
  "complaint",
  "ordered_by_authority",
  "resolved",
  "other",
];

function kind(code: number): NoticeKind {
  const found = KIND_CODES[code];
  if (found === undefined) throw new BadBundle("một loại thông báo lạ", "an unknown kind of notice");
  return found;
}

function reason(code: number): string {
  const found = REASON_CODES[code];
  if (found === undefined) throw new BadBundle("một mã lý do lạ", "an unknown reason code");
  return found;
}

interface Notice {
  target: string;
  number: number;
  kind: NoticeKind;
  reason: string;
  at: number;
  first: number | null;
  last: number | null;
}
/** All that is known of one run besides its manifest; `notices` in force. */
export interface Issued {
  notices: Notice[];
  activated: boolean;
  revoked: StandingNotice | null;
}

const STAMPS = 1;
const WHOLE_RUN = 2;
const BATCH = 3;
const STAMP_KEY = 4;
const TOUCHED = 5;
const ACTIVATED = 6;
const REVOKED_RUN = 7;
const REVOKED_NOTICE = 8;
const REVOKED_ACTIVATION = 9;
const NOTICE_SIZES = [0, 23, 15, 27, 43, 9, 5, 10, 5, 5];

type OfRun = { tag: number; notice?: Notice; batch?: string; reason?: string; at?: number };

/** What became of runs after they were logged, for the whole country, in log order. */
export class Notices {
  private readonly ofRun = new Map<number, OfRun[]>();
  private readonly ofKey = new Map<string, Notice[]>();
  private readonly ofBatch = new Map<string, Notice[]>();
  private readonly batches: string[] = [];
  private readonly all: Notice[] = [];
  private readonly revoked = new Set<Notice>();

  constructor(data: Uint8Array) {
    const [cursor] = open(data, "notices");
    while (!cursor.done) {
      const tag = cursor.byte();
      const size = NOTICE_SIZES[tag];
      if (!size) throw unknownRecord();
      this.read(tag, cursor.raw(size - 1));
    }
  }

  of(run: number, keyIdOfSigner: string | null): Issued {
    const found: Notice[] = [];
    let activated = false;
    let revoked: StandingNotice | null = null;
    for (const record of this.ofRun.get(run) ?? []) {
      if (record.tag === ACTIVATED || record.tag === REVOKED_ACTIVATION) activated = record.tag === ACTIVATED;
      else if (record.tag === REVOKED_RUN) {
        revoked = { kind: "revocation", reason: record.reason ?? "", on: vietnamDay(record.at ?? 0) };
      } else if (record.notice) found.push(record.notice);
      else found.push(...(this.ofBatch.get(record.batch ?? "") ?? []));
    }
    if (keyIdOfSigner !== null) found.push(...(this.ofKey.get(keyIdOfSigner) ?? []));
    return { notices: inForce(found.filter((notice) => !this.revoked.has(notice))), activated, revoked };
  }

  private read(tag: number, record: Uint8Array): void {
    if (tag >= STAMPS && tag <= STAMP_KEY) return this.readNotice(tag, record);
    const first = number(record, 0, 4);
    if (tag === TOUCHED) {
      const batch = this.batches[number(record, 4, 4)];
      if (batch === undefined) throw new BadBundle("một lô không có trong tệp", "a batch that is not in the file");
      this.addToRun(first, { tag, batch });
    } else if (tag === REVOKED_RUN) {
      this.addToRun(first, { tag, reason: reason(record[4] ?? 255), at: number(record, 5, 4) });
    } else if (tag === REVOKED_NOTICE) {
      const notice = this.all[first];
      if (!notice) throw new BadBundle("một thông báo không có trong tệp", "a notice that is not in the file");
      this.revoked.add(notice);
    } else {
      this.addToRun(first, { tag });
    }
  }

  private readNotice(tag: number, record: Uint8Array): void {
    const end = record.length - 10;
    const target = targetOf(tag, record);
    const notice: Notice = {
      target,
      number: number(record, end, 4),
      kind: kind(record[end + 4] ?? 255),
      reason: reason(record[end + 5] ?? 255),
      at: number(record, end + 6, 4),
      first: tag === STAMPS ? number(record, 4, 4) : null,
      last: tag === STAMPS ? number(record, 8, 4) : null,
    };
    this.all.push(notice);
    if (tag === BATCH) {
      if (!this.ofBatch.has(target)) this.batches.push(target);
      this.ofBatch.set(target, [...(this.ofBatch.get(target) ?? []), notice]);
    } else if (tag === STAMP_KEY) {
      const key = target.slice("key:".length);
      this.ofKey.set(key, [...(this.ofKey.get(key) ?? []), notice]);
    } else {
      this.addToRun(number(record, 0, 4), { tag, notice });
    }
  }

  private addToRun(run: number, record: OfRun): void {
    const known = this.ofRun.get(run);
    if (known) known.push(record);
    else this.ofRun.set(run, [record]);
  }
}

function targetOf(tag: number, record: Uint8Array): string {
  if (tag === STAMPS) return `stamps:${number(record, 0, 4)}:${number(record, 4, 4)}-${number(record, 8, 4)}`;
  if (tag === WHOLE_RUN) return `run:${number(record, 0, 4)}`;
  return tag === BATCH ? `batch:${uuid(record.subarray(0, 16))}` : `key:${toHex(record.subarray(0, 32))}`;
}

/** The highest notice of each target, unless it is a lift; in order of time, then of target. */
function inForce(notices: Notice[]): Notice[] {
  const highest = new Map<string, Notice>();
  for (const notice of notices) {
    const known = highest.get(notice.target);
    if (!known || notice.number > known.number) highest.set(notice.target, notice);
  }
  return [...highest.values()]
    .filter((notice) => notice.kind !== "lift")
    .sort((a, b) => a.at - b.at || (a.target < b.target ? -1 : 1));
}

/** Those of a run that apply to one of its serials. */
export function standing(issued: Issued | null, serial: number): StandingNotice[] {
  if (issued === null) return [];
  const touching = issued.notices.filter((n) => n.first === null || n.last === null || (n.first <= serial && serial <= n.last));
  const found = touching.map((n) => ({ kind: n.kind, reason: n.reason, on: vietnamDay(n.at) }));
  return issued.revoked ? [...found, issued.revoked] : found;
}

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

