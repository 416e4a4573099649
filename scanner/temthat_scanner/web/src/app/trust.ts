/** This device's trust data: loaded at the start, updated when there is a network, never older than it was. */

import { isNewer, seenIn, viewOf, type Installed } from "../bundle/installed";
import type { TrustView } from "../bundle/view";
import { TrustError } from "../core/errors";
import type { Device } from "./device";
import type { Fork, Installing, Offered } from "./install.worker";
import { fetchPack, Unreachable } from "./online";
import { further, isBehind, recall, remember } from "./seen";
import { t } from "./words";

/** When this app was built, seconds since 1970: no time before it is believed. */
declare const __BUILT__: number;

const FORK = "fork";
/** Milliseconds in which all that has grown has to be here and proved. */
const PATIENCE = 600_000;

/** Why what lies in the storage is not used: each its own sentence. */
export type Trouble = "damaged" | "older" | "newer_app";

interface Fetched {
  taken: Installed;
  /** Of a pack; it is kept after what it names. */
  etag: string | undefined;
}

export class Trust {
  installed: Installed | null = null;
  view: TrustView | null = null;
  /** Whether what is in use will be here after closing. */
  isKept = true;
  trouble: Trouble | null = null;
  /** The first fork of the log that was found here: kept until the person has told somebody. */
  fork: Fork | null = null;

  constructor(private readonly device: Device) {}

  async load(): Promise<void> {
    this.fork = (await this.device.get<Fork>(FORK)) ?? null;
    const found = await this.device.installed();
    if (!found) return;
    if (isNewer(found)) this.trouble = "newer_app";
    else if (!usable(found)) await this.drop();
    else if (isBehind(found, recall())) this.trouble = "older";
    else this.use(found);
  }

  /** Damaged: as good as none, and never a verdict. What has been seen is still known (seen.ts). */
  async drop(): Promise<void> {
    this.trouble = "damaged";
    this.view = this.installed = null;
    await this.device.keepInstalled(null);
    await this.device.keepEtag(undefined);
  }

  /** Take what is newest. False if this device has it. Throws `TrustError`, `Unreachable`; then nothing changes. */
  update(provinces: string[], lang: string): Promise<boolean> {
    const work = () => this.renew(provinces, lang);
    // Two windows of the app must not replace each other's data. Old browsers, and pages without https, have no locks.
    const locks = navigator.locks as LockManager | undefined;
    return locks ? locks.request("temthat-trust", work) : work();
  }

  private async renew(provinces: string[], lang: string): Promise<boolean> {
    const stored = await this.device.installed();
    if (isNewer(stored)) throw newerApp();
    // Another window may have renewed what is stored; without room to store, this window has the newest.
    const isStored = stored && usable(stored) && !(this.installed && isBehind(stored, this.installed));
    const held = isStored ? stored : this.installed;
    const isSame = held !== null && sameProvinces(held.provinces, provinces);
    const fetched = await this.fetch(provinces, lang, held, isSame);
    if (!fetched) return false;
    const { taken, etag } = fetched;
    this.use(taken);
    this.trouble = null;
    this.isKept = await this.device.keepInstalled(taken);
    if (this.isKept) remember(seenIn(taken));
    await this.device.keepEtag(this.isKept || !this.device.isLasting ? etag : undefined);
    return !isSame || taken.listingSha256 !== held.listingSha256;
  }

  /** What has grown, from the public folder; at first use, and where there is no such folder, a pack. Null: nothing new. */
  private async fetch(provinces: string[], lang: string, held: Installed | null, isSame: boolean): Promise<Fetched | null> {
    const offered: Omit<Offered, "pack"> = {
      base: new URL("../log/", document.baseURI).href,
      provinces: held?.provinces ?? null,
      seen: further(held && seenIn(held), recall()),
      held,
      clock: Math.floor(Date.now() / 1000),
      built: __BUILT__,
    };
    try {
      if (isSame) return { taken: await this.proved({ ...offered, pack: null }), etag: undefined };
    } catch (error) {
      // The files are not there, or were being replaced just now: a pack has them all at once.
      if (!(error instanceof TrustError && error.fault === "store")) throw error;
    }
    const pack = await fetchPack(provinces, isSame ? await this.device.etag() : undefined, lang);
    if (pack === null) return null;
    return { taken: await this.proved({ ...offered, pack: pack.data }), etag: pack.etag };
  }

  /** What `install` makes of an offer. Throws `TrustError`, `Unreachable`; then nothing changes. */
  private async proved(offered: Offered): Promise<Installed> {
    const answer = await inWorker(offered);
    if ("installed" in answer) return answer.installed;
    if ("unanswered" in answer) throw new Unreachable(answer.unanswered);
    if ("failed" in answer) throw new Error(answer.failed);
    if (answer.fork && !this.fork) {
      this.fork = answer.fork;
      await this.device.put(FORK, answer.fork);
    }
    throw new TrustError(answer.refused.fault, answer.refused.vi, answer.refused.en);
  }

  /** The person has saved what proves the fork, and told somebody. */
  async forkTold(): Promise<void> {
    this.fork = null;
    await this.device.put(FORK, undefined);
  }

  get bytes(): number {
    if (!this.installed) return 0;
    return [...this.installed.files.values()].reduce((sum, file) => sum + file.length, this.installed.listing.length);
  }

  private use(installed: Installed): void {
    this.view = viewOf(installed, __BUILT__);
    this.installed = installed;
  }
}

function usable(stored: Installed): boolean {
  try {
    viewOf(stored, __BUILT__);
    return true;
  } catch {
    return false;
  }
}

async function inWorker(offered: Offered): Promise<Installing> {
  if (typeof Worker === "undefined") throw tooOld();
  const worker = new Worker(new URL("./install.worker.ts", import.meta.url), { type: "module" });
  try {
    return await new Promise<Installing>((resolve) => {
      worker.addEventListener("message", (event: MessageEvent<Installing>) => resolve(event.data));
      worker.addEventListener("error", (event) => resolve({ failed: event.message }));
      setTimeout(() => resolve({ unanswered: t("unreachable") }), PATIENCE);
      worker.postMessage(offered);
    });
  } finally {
    worker.terminate();
  }
}

function tooOld(): TrustError {
  return new TrustError(
    "store",
    "Trình duyệt này quá cũ để giữ dữ liệu xét tem. Hãy cập nhật trình duyệt; khi có mạng vẫn kiểm tra được.",
    "This browser is too old to keep data for judging stamps. Update it; while there is a network stamps can still be checked.",
  );
}

function newerApp(): TrustError {
  return new TrustError(
    "store",
    "Dữ liệu trên máy là của bản ứng dụng mới hơn. Đóng các cửa sổ khác và mở lại ứng dụng.",
    "The data on this device is of a newer version of the app. Close other windows and open the app again.",
  );
}

function sameProvinces(held: string[] | null, wanted: string[]): boolean {
  return (held ?? []).join() === [...wanted].sort().join();
}
