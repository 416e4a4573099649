/** An accepted bundle, ready to judge with: files are read when a stamp first needs them, and kept. */

import { BadBytes, fromUtf8 } from "../core/bytes";
import { BadStatement } from "../core/errors";
import { isObject, parseObject } from "../core/json";
import { keyId } from "../log/statement";
import type { Coverage } from "../stamp/verdict";
import { BadBundle, missing, Month } from "./encoding";
import { Index } from "./index";
import { Issuers } from "./issuers";
import { NamesFile, type Names } from "./names";
import { Notices, type Issued } from "./notices";
import { Shard, type ShardRun } from "./shard";
import { shardFile, type Listing, type ShardFile } from "./listing";

/** A file of the bundle by its name; null if it is not on this device. */
type ReadFile = (name: string) => Uint8Array | null;

export interface BundleIssuer {
  id: string;
  province: string;
  /** The operator's word, like `hotline`; both may be empty. */
  name: string;
  hotline: string;
}
interface KnownRun {
  run: ShardRun;
  /** Null: not on this device, or erased. */
  names: Names | null;
  issuer: BundleIssuer | null;
  issued: Issued;
}

export class TrustView {
  readonly asOf: number;
  readonly floor: number;
  readonly hosts: Set<string>;
  private readonly indexes = new Map<string, Index>();
  private readonly shards = new Map<string, Shard | null>();
  private readonly namesFiles = new Map<string, NamesFile | null>();
  private noticesFile: Notices | null = null;
  private issuersFile: Issuers | null = null;
  private contactsFile: Map<string, { name: string; hotline: string }> | null = null;

  /** `floor`: the earliest time it can be now, seconds since 1970, by what was signed and accepted. */
  constructor(
    readonly listing: Listing,
    private readonly read: ReadFile,
    floor = 0,
    hosts: string[] | null = null,
  ) {
    this.asOf = listing.at;
    this.floor = Math.max(listing.at, floor);
    this.hosts = new Set(hosts ?? listing.hosts);
  }

  /** The stamp keys with this hint, as far as they are at hand, and whether all the shards that may hold one are. */
  signers(hint: string): { keys: Uint8Array[]; whole: boolean } {
    const shards = this.withHint(hint).map((file) => this.shard(file));
    const keys = new Map<string, Uint8Array>();
    for (const shard of shards) for (const key of shard?.withHint(hint) ?? []) keys.set(keyId(key.publicKey), key.publicKey);
    return { keys: [...keys.values()], whole: !shards.includes(null) };
  }

  /** A run of the stamp key that signed a stamp; null if no shard at hand has it. */
  known(run: number, signer: Uint8Array): KnownRun | null {
    const id = keyId(signer);
    for (const file of this.withHint(id.slice(0, 8))) {
      const found = this.shard(file)?.run(run);
      if (found && keyId(found.key.publicKey) === id) {
        const issued = this.notices.of(run, id);
        return { run: found, names: this.names(file, found), issuer: this.issuer(found), issued };
      }
    }
    return null;
  }

  /** A run by its number alone, and whether every shard it could be in was there to look at. */
  lookFor(run: number): { run: ShardRun | null; complete: boolean } {
    let complete = true;
    for (const file of this.mayHold(run)) {
      const shard = this.shard(file);
      complete &&= shard !== null;
      const found = shard?.run(run);
      if (found) return { run: found, complete: true };
    }
    return { run: null, complete };
  }

  /** Whether the data speaks of a run that is not in it: numbers lent to somebody may be used any time. */
  reaches(run: number): Coverage {
    return run > this.listing.completeToRun || this.listing.isLent(run) ? "newer_than_data" : "covered";
  }

  get notices(): Notices {
    return (this.noticesFile ??= new Notices(this.need("notices")));
  }

  private withHint(hint: string): ShardFile[] {
    return this.listing.months.flatMap((month) =>
      this.index(month)
        .provinces(hint)
        .map((province) => ({ name: `${province}-${month.text}`, province, month })),
    );
  }

  private mayHold(run: number): ShardFile[] {
    const since = this.listing.months.filter((month) => this.index(month).baseRun < run);
    const months = new Set((this.listing.isLent(run) ? since : since.slice(0, 1)).map((month) => month.number));
    return this.listing.shards.filter((shard) => months.has(shard.month.number));
  }

  private shard(file: ShardFile): Shard | null {
    let shard = this.shards.get(file.name);
    if (shard === undefined) {
      const data = this.read(file.name);
      shard = data && new Shard(data, file.province, file.month);
      this.shards.set(file.name, shard);
    }
    return shard;
  }

  private names(file: ShardFile, run: ShardRun): Names | null {
    let names = this.namesFiles.get(file.name);
    if (names === undefined) {
      const data = this.read(`${file.name}.names`);
      names = data && new NamesFile(data, file.province, file.month);
      this.namesFiles.set(file.name, names);
    }
    return names?.get(run.place) ?? null;
  }

  /** Everybody whose stamps this data knows and who has a name. */
  issuers(): BundleIssuer[] {
    this.issuersFile ??= new Issuers(this.need("issuers"));
    const all = Array.from({ length: this.issuersFile.count }, (_, place) => this.issuerAt(BigInt(place)));
    return all.filter((one) => one !== null && one.name !== "") as BundleIssuer[];
  }

  private issuer(run: ShardRun): BundleIssuer | null {
    return this.issuerAt(run.key.issuer);
  }

  private issuerAt(place: bigint): BundleIssuer | null {
    this.issuersFile ??= new Issuers(this.need("issuers"));
    const found = this.issuersFile.get(place);
    if (!found) return null;
    this.contactsFile ??= readContacts(this.read("contacts.json"));
    return { ...found, ...(this.contactsFile.get(found.id) ?? { name: "", hotline: "" }) };
  }

  private index(month: Month): Index {
    let index = this.indexes.get(month.text);
    if (!index) {
      index = new Index(this.need(`index-${month.text}`), month);
      this.indexes.set(month.text, index);
    }
    return index;
  }

  private need(name: string): Uint8Array {
    const data = this.read(name);
    if (!data) throw missing(name);
    return data;
  }
}

function readContacts(data: Uint8Array | null): Map<string, { name: string; hotline: string }> {
  const found = new Map<string, { name: string; hotline: string }>();
  if (!data) return found;
  try {
    for (const [id, entry] of Object.entries(parseObject(fromUtf8(data)))) {
      if (!isObject(entry)) continue;
      const { name, hotline } = entry;
      if (typeof name !== "string" || typeof hotline !== "string") continue;
      found.set(id, { name: name.slice(0, 400), hotline: hotline.slice(0, 400) });
    }
  } catch (error) {
    if (!(error instanceof BadStatement || error instanceof BadBytes)) throw error;
    throw new BadBundle("tệp liên hệ hỏng", "the file of contacts is damaged");
  }
  return found;
}

/** Throw `BadBundle` unless a fetched file can be read as its name says; names must also open their commitments. */
export function checkFile(name: string, data: Uint8Array, listing: Listing): void {
  const shard = shardFile(name.replace(/\.names$/, ""));
  if (name === "issuers") new Issuers(data);
  else if (name === "notices") new Notices(data);
  else if (name === "contacts.json") readContacts(data);
  else if (!shard) new Index(data, new Month(name.slice("index-".length)));
  else if (name === shard.name) new Shard(data, shard.province, shard.month);
  else new NamesFile(data, shard.province, shard.month).check(listing.files.get(shard.name)?.commitments ?? "");
}
