/** The file `notices`: what became of runs after they were logged (docs/spec/bundle.md). */

import { toHex, uint } from "../core/bytes";
import { vietnamDay, type NoticeKind, type StandingNotice } from "../stamp/verdict";
import { BadBundle, open, unknownRecord, uuid } from "./encoding";

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

function kindOf(code: number): NoticeKind {
  const found = KIND_CODES[code];
  if (found === undefined) throw new BadBundle("một loại thông báo lạ", "an unknown kind of notice");
  return found;
}

export function reasonOf(code: number): string {
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
    const first = uint(record, 0, 4);
    if (tag === TOUCHED) {
      const batch = this.batches[uint(record, 4, 4)];
      if (batch === undefined) throw new BadBundle("một lô không có trong tệp", "a batch that is not in the file");
      this.addToRun(first, { tag, batch });
    } else if (tag === REVOKED_RUN) {
      this.addToRun(first, { tag, reason: reasonOf(record[4] ?? 255), at: uint(record, 5, 4) });
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
      number: uint(record, end, 4),
      kind: kindOf(record[end + 4] ?? 255),
      reason: reasonOf(record[end + 5] ?? 255),
      at: uint(record, end + 6, 4),
      first: tag === STAMPS ? uint(record, 4, 4) : null,
      last: tag === STAMPS ? uint(record, 8, 4) : null,
    };
    this.all.push(notice);
    if (tag === BATCH) {
      if (!this.ofBatch.has(target)) this.batches.push(target);
      this.ofBatch.set(target, [...(this.ofBatch.get(target) ?? []), notice]);
    } else if (tag === STAMP_KEY) {
      const key = target.slice("key:".length);
      this.ofKey.set(key, [...(this.ofKey.get(key) ?? []), notice]);
    } else {
      this.addToRun(uint(record, 0, 4), { tag, notice });
    }
  }

  private addToRun(run: number, record: OfRun): void {
    const known = this.ofRun.get(run);
    if (known) known.push(record);
    else this.ofRun.set(run, [record]);
  }
}

function targetOf(tag: number, record: Uint8Array): string {
  if (tag === STAMPS) return `stamps:${uint(record, 0, 4)}:${uint(record, 4, 4)}-${uint(record, 8, 4)}`;
  if (tag === WHOLE_RUN) return `run:${uint(record, 0, 4)}`;
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
