/** This device's trust data: loaded at the start, updated when there is a network, never older than it was. */

import { viewOf, type Installed } from "../bundle/installed";
import type { TrustView } from "../bundle/view";
import { TrustError } from "../core/errors";
import type { Device } from "./device";
import type { Installing, Offered } from "./install.worker";
import { fetchPack } from "./online";

/** When this app was built, seconds since 1970: no time before it is believed. */
declare const __BUILT__: number;

export class Trust {
  installed: Installed | null = null;
  view: TrustView | null = null;
  /** Whether what is in use will be here after closing. */
  isKept = true;
  /** Whether what was stored could not be used, and was dropped. */
  wasDamaged = false;

  constructor(private readonly device: Device) {}

  async load(): Promise<void> {
    const found = await this.device.installed();
    if (!found) return;
    try {
      this.use(found);
    } catch {
      await this.drop();
    }
  }

  /** Damaged, or of a version that this app does not know: as good as none, and never a verdict. */
  async drop(): Promise<void> {
    this.wasDamaged = true;
    this.view = this.installed = null;
    await this.device.keepInstalled(null);
    await this.device.keepEtag(undefined);
  }

  /** Take what is newest. False if this device has it. Throws `TrustError`, `Unreachable`; then nothing changes. */
  async update(provinces: string[], lang: string): Promise<boolean> {
    const isSame = sameProvinces(this.installed?.provinces ?? null, provinces);
    const etag = this.installed && isSame ? await this.device.etag() : undefined;
    const pack = await fetchPack(provinces, etag, lang);
    if (pack === null) return false;
    const clock = Math.floor(Date.now() / 1000);
    const taken = await proved({ data: pack.data, before: this.installed, clock, built: __BUILT__ });
    this.use(taken);
    this.wasDamaged = false;
    this.isKept = await this.device.keepInstalled(taken);
    await this.device.keepEtag(pack.etag);
    return true;
  }

  get bytes(): number {
    if (!this.installed) return 0;
    return [...this.installed.files.values()].reduce((sum, file) => sum + file.length, this.installed.listing.length);
  }

  private use(installed: Installed): void {
    if (installed.v !== 1 || !(installed.files instanceof Map)) throw new TrustError("store", "hỏng", "damaged");
    this.view = viewOf(installed, __BUILT__);
    this.installed = installed;
  }
}

/** What `install` makes of a pack. Throws `TrustError`; then nothing changes. */
async function proved(offered: Offered): Promise<Installed> {
  const worker = new Worker(new URL("./install.worker.ts", import.meta.url), { type: "module" });
  try {
    const answer = await new Promise<Installing>((resolve) => {
      worker.addEventListener("message", (event: MessageEvent<Installing>) => resolve(event.data));
      worker.addEventListener("error", (event) => resolve({ failed: event.message }));
      worker.postMessage(offered);
    });
    if ("installed" in answer) return answer.installed;
    if ("refused" in answer) throw new TrustError(answer.refused.fault, answer.refused.vi, answer.refused.en);
    throw new Error(answer.failed);
  } finally {
    worker.terminate();
  }
}

function sameProvinces(held: string[] | null, wanted: string[]): boolean {
  return (held ?? []).join() === [...wanted].sort().join();
}
