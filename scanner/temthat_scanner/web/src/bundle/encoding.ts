/** The bytes all files of the offline bundle are made of (docs/spec/bundle.md). A file is read whole or refused whole. */

import { BadBytes, fromUtf8, toHex, uint } from "../core/bytes";
import { TrustError, type Fault } from "../core/errors";

export const FILE_LIMIT = 64 * 1024 * 1024;
const HEADER_SIZE = 12;
const NUMBER_LIMIT = 2n ** 63n - 1n;

export class BadBundle extends TrustError {
  constructor(vi: string, en: string, fault: Fault = "operator") {
    super(
      fault,
      `Dữ liệu tem bị từ chối: ${vi}. Hãy tải lại; nếu vẫn vậy, báo cho đơn vị vận hành.`,
      `The stamp data is refused: ${en}. Fetch it again; if it stays so, tell whoever runs the service.`,
    );
  }
}

type Kind = "issuers" | "index" | "shard" | "notices" | "names";
const KINDS: Kind[] = ["issuers", "index", "shard", "notices", "names"];

/** A calendar month in UTC, written `2026-05`. */
export class Month {
  readonly number: number;

  constructor(readonly text: string) {
    const match = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(text);
    if (match === null || match[1] === "0000") throw new BadBundle("một tháng không có thật", "a month that cannot be");
    this.number = Number(match[1]) * 12 + Number(match[2]) - 1;
  }

  /** Its first second, counted from 1970. */
  get begins(): bigint {
    return BigInt(Date.parse(`${this.text}-01T00:00:00Z`) / 1000);
  }

  /** The first second of the next month. */
  get ends(): bigint {
    const next = this.number + 1;
    const year = String(Math.floor(next / 12)).padStart(4, "0");
    return BigInt(Date.parse(`${year}-${String((next % 12) + 1).padStart(2, "0")}-01T00:00:00Z`) / 1000);
  }
}

export function isMonth(text: string): boolean {
  return /^(?!0000)\d{4}-(0[1-9]|1[0-2])$/.test(text);
}

/** The body of a file of this kind, province and month, and its base run. */
export function open(data: Uint8Array, kind: Kind, province = "00", month: Month | null = null): [Cursor, number] {
  if (data.length < HEADER_SIZE || data[0] !== 0x54 || data[1] !== 0x54 || data[2] !== 0x42) {
    throw new BadBundle("không phải tệp dữ liệu tem", "not a file of stamp data");
  }
  if (data[3] !== 1) {
    throw new BadBundle(
      `phiên bản ${data[3]} mới hơn ứng dụng này, cần cập nhật ứng dụng`,
      `version ${data[3]} is newer than this app, which needs an update`,
    );
  }
  const isRight =
    data[4] === KINDS.indexOf(kind) + 1 && data[5] === Number(province) && uint(data, 6, 2) === (month?.number ?? 0);
  if (!isRight) throw new BadBundle("tệp của loại, tỉnh hoặc tháng khác", "a file of another kind, province or month");
  return [new Cursor(data, HEADER_SIZE), uint(data, 8, 4)];
}

export class Cursor {
  constructor(
    readonly data: Uint8Array,
    public at: number,
  ) {}

  get done(): boolean {
    return this.at >= this.data.length;
  }

  byte(): number {
    const value = this.data[this.at];
    if (value === undefined) throw cutOff();
    this.at++;
    return value;
  }

  /** A number from 0 in its one spelling: seven bits a byte, lowest first (LEB128). */
  number(): bigint {
    let value = 0n;
    for (let shift = 0n; shift <= 63n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (value > NUMBER_LIMIT || (!byte && shift)) break;
        return value;
      }
    }
    throw new BadBundle("một con số viết sai cách", "a number is not in its one spelling");
  }

  signed(): bigint {
    const value = this.number();
    return value & 1n ? ~(value >> 1n) : value >> 1n;
  }

  raw(size: number): Uint8Array {
    if (size > this.data.length - this.at) throw cutOff();
    this.at += size;
    return this.data.subarray(this.at - size, this.at);
  }

  text(most: number): string {
    const size = this.number();
    if (size > most) throw new BadBundle("một đoạn chữ quá dài", "a text is too long");
    try {
      return fromUtf8(this.raw(Number(size)));
    } catch (error) {
      if (error instanceof BadBytes) throw new BadBundle("một đoạn chữ hỏng", "a text is damaged");
      throw error;
    }
  }
}

function cutOff(): BadBundle {
  return new BadBundle("tệp bị cắt giữa chừng", "a file is cut off");
}

export function unknownRecord(): BadBundle {
  return new BadBundle("một loại bản ghi lạ", "an unknown kind of record");
}

export function missing(name: string): BadBundle {
  return new BadBundle(`thiếu tệp ${name}`, `the file ${name} is missing`, "store");
}

const CALENDAR_ENDS = 253_402_300_799n;
const CALENDAR_BEGINS = -62_135_596_800n;

/** Seconds since 1970 of an instant that the calendar has. */
export function instant(value: bigint): number {
  if (value < CALENDAR_BEGINS || value > CALENDAR_ENDS) {
    throw new BadBundle("một ngày giờ không có thật", "an instant does not exist");
  }
  return Number(value);
}

/** The day, ISO, so many days after 1970-01-01. */
export function day(value: bigint): string {
  const at = value * 86_400n;
  if (at < CALENDAR_BEGINS || at > CALENDAR_ENDS) {
    throw new BadBundle("một ngày không có thật", "a day does not exist");
  }
  return new Date(Number(at) * 1000).toISOString().slice(0, 10);
}

/** Sixteen bytes as an opaque id. */
export function uuid(data: Uint8Array): string {
  return toHex(data).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
