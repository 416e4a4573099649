/** One shelf check as it goes on: what was read, in order. Every change is on the device before the next begins. */

import { toBase64 } from "../core/bytes";
import { Mistyped, TrustError } from "../core/errors";
import { judgeOffline } from "../bundle/offline";
import type { Device } from "../app/device";
import { SaidMistyped, Unreachable, verifyOnline } from "../app/online";
import type { Trust } from "../app/trust";
import { decode } from "../stamp/code";
import { looksLikeNumber, parseNumber } from "../stamp/number";
import type { Verdict } from "../stamp/verdict";
import { inBrackets, serviceOf, type Told } from "./service";
import { CHECKS_LIMIT, nameOf, publicKeyOf, seal, type Body, type Check, type Data, type Photo, type Purpose } from "./evidence";

declare const __BUILT__: number;
const KEPT = "shelf";
const SECRET = "shelf-key";
/** Characters; a stamp has fewer than 300. */
const TEXT_LIMIT = 2_000;
/** Milliseconds without a sight of it after which a code has left the view. */
const GONE = 2_000;

export interface Kept {
  v: 1;
  label: string;
  purpose: Purpose;
  place: { province?: string; words?: string };
  begun: string;
  ended: string | null;
  origin: string;
  data: Data[];
  checks: Check[];
  photos: Photo[];
}

/** What became of a code in view: a new pack, the pack that is still there, or one to ask about. */
type Seen = "new" | "same" | "again";

/** What could not be kept on the device is still here, as long as the page is. */
let current: Shelf | null = null;

export class Shelf {
  /** Why the service did not judge the last one, in its words. */
  problem = "";
  /** Whether the last change will be here after closing. */
  isKept = true;
  private readonly seenAt = new Map<string, number>();

  constructor(
    readonly device: Device,
    readonly trust: Trust,
    readonly kept: Kept,
  ) {}

  /** The one that goes on, of this page or left by an earlier one. */
  static async find(device: Device, trust: Trust): Promise<Shelf | null> {
    if (current) return current;
    const kept = await device.get<Kept>(KEPT);
    const isWhole = kept?.v === 1 && [kept.checks, kept.data, kept.photos].every(Array.isArray);
    return (current = isWhole ? new Shelf(device, trust, kept) : null);
  }

  static async begin(device: Device, trust: Trust, label: string, purpose: Purpose, place: Kept["place"]): Promise<Shelf> {
    const kept: Kept = { v: 1, label, purpose, place, begun: now(), ended: null, origin: "", data: [], checks: [], photos: [] };
    const shelf = (current = new Shelf(device, trust, kept));
    await shelf.keep();
    return shelf;
  }

  /** Whether a code in view is to be read, asked about, or left alone. */
  look(text: string, at = Date.now()): Seen {
    const before = this.seenAt.get(text);
    this.seenAt.set(text, at);
    if (before !== undefined && at - before < GONE) return "same";
    return this.placeOf(text) < 0 ? "new" : "again";
  }

  get isFull(): boolean {
    return this.kept.checks.length >= CHECKS_LIMIT;
  }

  /** Still in view: asking a slow service is no time away from it. */
  stay(texts: string[], at = Date.now()): void {
    for (const text of texts) this.seenAt.set(text, at);
  }

  /** Where the first pack with this text's run and serial stands; -1: nowhere. */
  placeOf(text: string): number {
    let number = {};
    try {
      number = numberOf(text);
    } catch (error) {
      if (!(error instanceof Mistyped)) throw error;
    }
    return this.kept.checks.findIndex((check) => isSame(check, text, number));
  }

  /** Judge one pack and keep it. Null where there is no more room, or for a printed number with a slip in it. */
  async add(text: string, apiKey: string, lang: string): Promise<Check | null> {
    if (this.isFull || text.length > TEXT_LIMIT) return null;
    const { checks } = this.kept;
    const here = await this.judgeHere(text);
    if (!here) return null;
    const place = this.kept.place.province;
    const said = apiKey && navigator.onLine ? await this.judgeThere(text, apiKey, place, lang) : null;
    const { word, reasons } = said ?? here.verdict;
    const check: Check = {
      text,
      at: latest(checks.at(-1)?.at ?? this.kept.begun),
      how: said ? "online" : this.trust.view ? "offline" : "unaided",
      verdict: word,
      reasons: reasons.map(({ key, value }) => [key, value]),
      ...here.number,
      ...(here.issuer ? { issuer: here.issuer } : {}),
      ...(here.product ? { product: here.product } : {}),
    };
    if (check.how === "offline") check.data = this.dataInUse();
    const first = checks.findIndex((one) => isSame(one, text, here.number));
    if (first >= 0) check.duplicate_of = first;
    if (check.issuer && isStranger(this.kept.purpose, check.issuer)) check.stranger = true;
    checks.push(check);
    await this.keep();
    return check;
  }

  async note(check: Check, text: string): Promise<void> {
    if (text) check.note = [...text].slice(0, 500).join("");
    else delete check.note;
    await this.keep();
  }

  /** What the service told of this pack; the latest counts. */
  async told(check: Check, told: Told): Promise<void> {
    check.service = serviceOf(told, latest(check.at));
    await this.keep();
  }

  /** False where there is no room for it. */
  async addPhoto(check: Check, data: Uint8Array): Promise<boolean> {
    const name = nameOf(data);
    if (!(await this.device.put(`photo:${name}`, data)) && this.device.isLasting) return false;
    if (!this.kept.photos.some(({ sha256 }) => sha256 === name)) {
      this.kept.photos.push({ sha256: name, type: "image/jpeg", length: data.length });
    }
    if (!check.photos?.includes(name)) check.photos = [...(check.photos ?? []), name];
    await this.keep();
    return true;
  }

  async finish(isOver: boolean): Promise<void> {
    const { begun, checks } = this.kept;
    this.kept.ended = isOver ? latest(begun, ...checks.flatMap(({ at, service }) => [at, service?.at ?? at])) : null;
    await this.keep();
  }

  /** The signed file's bytes. */
  async file(): Promise<Uint8Array> {
    const { label, purpose, place, begun, ended, origin, data, checks, photos } = this.kept;
    const secret = await deviceSecret(this.device);
    const body: Body = {
      v: 1,
      type: "evidence",
      who: { public_key: toBase64(publicKeyOf(secret)), label },
      ...(origin ? { origin } : {}),
      purpose,
      ...(place.province || place.words ? { place } : {}),
      begun,
      ended: ended ?? now(),
      program: `temthat-scan-app ${instant(__BUILT__ * 1000).slice(0, 10)}`,
      data,
      checks,
      photos,
    };
    return seal(body, secret, await this.photos());
  }

  async photos(): Promise<Map<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>();
    for (const { sha256 } of this.kept.photos) {
      const data = await this.device.get<Uint8Array>(`photo:${sha256}`);
      if (data) found.set(sha256, data);
    }
    return found;
  }

  async forget(): Promise<void> {
    current = null;
    await this.device.put(KEPT, undefined);
    for (const { sha256 } of this.kept.photos) await this.device.put(`photo:${sha256}`, undefined);
  }

  /** False where the device keeps nothing: it is lost when the page closes. */
  private async keep(): Promise<void> {
    this.isKept = await this.device.put(KEPT, this.kept);
  }

  private async judgeHere(text: string): Promise<Here | null> {
    try {
      return judgedHere(text, this.trust);
    } catch (error) {
      if (error instanceof Mistyped) return null;
      if (!(error instanceof TrustError) || !this.trust.view) throw error;
      await this.trust.drop();
      return judgedHere(text, this.trust);
    }
  }

  private async judgeThere(text: string, apiKey: string, place: string | undefined, lang: string): Promise<Verdict | null> {
    try {
      const { verdict } = await verifyOnline(text, "inspector", place, lang, apiKey);
      this.problem = "";
      return verdict;
    } catch (error) {
      if (!(error instanceof Unreachable || error instanceof SaidMistyped)) throw error;
      this.problem = inBrackets(error.message);
      return null;
    }
  }

  /** The place in the list of data used of what is in use now. */
  private dataInUse(): number {
    const { installed, view } = this.trust;
    if (!installed || !view) throw new Error("no trust data");
    this.kept.origin = installed.tree.origin;
    const found = this.kept.data.findIndex(({ sha256 }) => sha256 === installed.listingSha256);
    if (found >= 0) return found;
    const { tree, index, listingSha256 } = installed;
    return (
      this.kept.data.push({
        index: Number(index),
        size: view.listing.size,
        sha256: listingSha256,
        at: instant(view.asOf * 1000),
        tree: { size: Number(tree.size), root: toBase64(tree.root) },
      }) - 1
    );
  }
}

interface Here {
  verdict: Verdict;
  number: { run?: number; serial?: number };
  issuer: { id: string; province: string } | null;
  product: string;
}

function judgedHere(text: string, trust: Trust): Here {
  const judged = judgeOffline(text, trust.view, Math.floor(Date.now() / 1000), "inspector");
  const issuer = judged.issuer && { id: judged.issuer.id, province: judged.issuer.province };
  return { verdict: judged.verdict, number: numberOf(text), issuer, product: [...(judged.names?.product ?? "")].slice(0, 400).join("") };
}

/** Run and serial that a text states, whoever wrote it. */
function numberOf(text: string): { run?: number; serial?: number } {
  const stated = looksLikeNumber(text) ? parseNumber(text) : codeOf(text);
  return stated ? { run: stated.run, serial: stated.serial } : {};
}

function codeOf(text: string): { run: number; serial: number } | null {
  const read = decode(text);
  return read.kind === "code" ? read.code.header : null;
}

function isSame(check: Check, text: string, { run, serial }: { run?: number; serial?: number }): boolean {
  return run === undefined ? check.run === undefined && check.text === text : check.run === run && check.serial === serial;
}

function isStranger(purpose: Purpose, issuer: { id: string; province: string }): boolean {
  return "producer" in purpose ? issuer.id !== purpose.producer : issuer.province !== purpose.province;
}

let secret: Uint8Array | null = null;

/** This device's own key, made at first use; the private part never leaves it. Where nothing is kept it lives as long as the page. */
export async function deviceSecret(device: Device): Promise<Uint8Array> {
  const found = secret ?? (await device.get<Uint8Array>(SECRET));
  if (found?.length === 32) return (secret = found);
  secret = crypto.getRandomValues(new Uint8Array(32));
  await device.put(SECRET, secret);
  return secret;
}

function now(): string {
  return instant(Date.now());
}

/** Now, or the latest of these where the clock went back. */
function latest(...others: string[]): string {
  return [now(), ...others].sort().at(-1) as string;
}

function instant(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
