/** `bundle.json`: the list of a bundle's files, whose SHA-256 the operator states in the log. */

import { BadBytes, fromUtf8, sha256, toHex } from "../core/bytes";
import { BadStatement } from "../core/errors";
import { Fields } from "../core/fields";
import { parseObject, type Json, type JsonObject } from "../core/json";
import { RUN_MAX } from "../stamp/code";
import { BadBundle, FILE_LIMIT, isMonth, missing, Month } from "./encoding";

export const LISTING_LIMIT = 8 * 1024 * 1024;
const NAME = /^(?:issuers|notices|contacts\.json|index-(?<index>\d{4}-\d\d)|(?<province>\d\d)-(?<month>\d{4}-\d\d)(?<names>\.names)?)$/;
/** In place of a province: issuers nobody delegated to yet, from before the log. Everybody has these shards. */
const NOWHERE = "00";

export interface Listed {
  length: number;
  sha256: string;
  commitments: string | null;
}
export interface ShardFile {
  name: string;
  province: string;
  month: Month;
}

function isKnown(name: string): boolean {
  const groups = NAME.exec(name)?.groups;
  return NAME.test(name) && [groups?.["index"], groups?.["month"]].every((month) => month === undefined || isMonth(month));
}

export function shardFile(name: string): ShardFile | null {
  const groups = isKnown(name) ? NAME.exec(name)?.groups : undefined;
  const { province, month, names } = groups ?? {};
  return province && month && !names ? { name, province, month: new Month(month) } : null;
}

/** Everything the files were made of and how far they speak. `at` is seconds since 1970. */
export class Listing {
  readonly origin: string;
  readonly size: number;
  readonly completeToRun: number;
  readonly at: number;
  readonly hosts: string[];
  readonly blocks: [number, number][];
  readonly files: Map<string, Listed>;
  /** Those there is an index of, the newest first. */
  readonly months: Month[];
  /** The newest last. */
  readonly shards: ShardFile[];

  constructor(data: Uint8Array) {
    if (data.length > LISTING_LIMIT) throw new BadBundle("danh sách tệp quá lớn", "the list of files is too large");
    try {
      const body = parseObject(fromUtf8(data));
      const f = new Fields(body);
      f.count("v", 1, 1);
      this.origin = f.text("origin");
      this.size = f.count("size");
      this.completeToRun = f.count("complete_to_run", 0, RUN_MAX);
      this.at = f.instant("at");
      this.hosts = f.texts("hosts", 100);
      this.blocks = blocksOf(f.list("blocks", 100_000));
      this.files = filesOf(f.mapping("files"));
    } catch (error) {
      if (!(error instanceof BadStatement || error instanceof BadBytes)) throw error;
      throw new BadBundle(`danh sách tệp sai (${error.message})`, `the list of files is wrong (${error.message})`);
    }
    const names = [...this.files.keys()];
    const months = names.flatMap((name) => NAME.exec(name)?.groups?.["index"] ?? []);
    this.months = months.sort().reverse().map((text) => new Month(text));
    this.shards = names
      .flatMap((name) => shardFile(name) ?? [])
      .sort((a, b) => a.month.number - b.month.number || (a.province < b.province ? -1 : 1));
  }

  /** The files a scanner of these provinces (null: all) cannot judge without. */
  required(provinces: string[] | null): string[] {
    const names = ["issuers", "notices", ...this.months.map((month) => `index-${month.text}`).reverse()];
    for (const name of names) if (!this.files.has(name)) throw missing(name);
    return [...names, ...this.wanted(provinces).map((shard) => shard.name)];
  }

  /** The files that only give names: no verdict depends on them. */
  optional(provinces: string[] | null): string[] {
    const names = ["contacts.json", ...this.wanted(provinces).map((shard) => `${shard.name}.names`)];
    return names.filter((name) => this.files.has(name));
  }

  isLent(run: number): boolean {
    return this.blocks.some(([first, last]) => first <= run && run <= last);
  }

  private wanted(provinces: string[] | null): ShardFile[] {
    return this.shards.filter(({ province }) => !provinces || province === NOWHERE || provinces.includes(province));
  }
}

function filesOf(files: JsonObject): Map<string, Listed> {
  const found = new Map<string, Listed>();
  for (const name of Object.keys(files)) {
    if (!isKnown(name)) continue;
    const f = new Fields(files).record(name);
    const commitments = f.absent("commitments") ? null : f.hex("commitments", 32);
    found.set(name, { length: f.count("length", 0, FILE_LIMIT), sha256: f.hex("sha256", 32), commitments });
  }
  return found;
}

function blocksOf(values: Json[]): [number, number][] {
  const blocks = values.map((value): [number, number] => {
    const [first, last] = Array.isArray(value) && value.length === 2 ? value : [];
    const isBlock = typeof first === "number" && typeof last === "number" && 1 <= first && first <= last;
    if (!isBlock || last > RUN_MAX) throw new BadStatement("a block is two run numbers");
    return [first, last];
  });
  blocks.forEach(([first], i) => {
    if (i && first <= (blocks[i - 1]?.[1] ?? 0)) throw new BadStatement("blocks are not in order");
  });
  return blocks;
}

export function isListed(data: Uint8Array, listed: Listed): boolean {
  return data.length === listed.length && toHex(sha256(data)) === listed.sha256;
}
