/**
 * What this device keeps: trust data, what waits to be sent, a few choices. IndexedDB; each change is one transaction.
 *
 * Where the browser allows no storage, everything lives in memory and `isLasting` says so.
 */

import { openDB, type IDBPDatabase } from "idb";
import type { Installed } from "../bundle/installed";
import { isWaiting, type Waiting } from "./queue";

const NAME = "temthat";
const VERSION = 1;
const STORES = ["kept", "waiting"];

interface Choices {
  lang?: "vi" | "en";
  provinces?: string[];
  place?: string;
  /** An inspector's, for online checks of a shelf, or a till's, for what is sold. */
  apiKey?: string;
}

export class Device {
  /** What could not be kept, by its name. */
  private readonly memory = new Map<string, unknown>();
  /** What waits and could not be kept. */
  private readonly unkept = new Map<string, Waiting>();

  private constructor(private readonly database: IDBPDatabase | null) {}

  static async open(): Promise<Device> {
    try {
      const database = await openDB(NAME, VERSION, {
        upgrade(db) {
          db.createObjectStore("kept");
          db.createObjectStore("waiting", { keyPath: "id" });
        },
      });
      // A database that somebody else made, or half of ours, is none.
      return new Device(STORES.every((name) => database.objectStoreNames.contains(name)) ? database : null);
    } catch {
      return new Device(null);
    }
  }

  get isLasting(): boolean {
    return this.database !== null;
  }

  /** As it is stored, where anything is: another window may have renewed it. */
  installed(): Promise<Installed | undefined> {
    return this.stored<Installed>("installed");
  }

  keepInstalled(installed: Installed | null): Promise<boolean> {
    return this.put("installed", installed ?? undefined);
  }

  etag(): Promise<string | undefined> {
    return this.get<string>("etag");
  }

  keepEtag(etag: string | undefined): Promise<boolean> {
    return this.put("etag", etag);
  }

  async choices(): Promise<Choices> {
    const kept = await this.get<unknown>("choices");
    return isRecord(kept) ? chosenIn(kept) : {};
  }

  async choose(changed: Choices): Promise<void> {
    await this.put("choices", { ...(await this.choices()), ...changed });
  }

  /** What waits, and is of a kind this version knows; what could not be kept among it. */
  async waiting(): Promise<Waiting[]> {
    const kept: unknown[] = this.database ? await this.database.getAll("waiting") : [];
    return [...kept.filter(isWaiting).filter(({ id }) => !this.unkept.has(id)), ...this.unkept.values()];
  }

  /** Durable when it resolves. False where it could not be kept: then it waits as long as the page lives. */
  async wait(one: Waiting): Promise<boolean> {
    this.unkept.set(one.id, one);
    if (!this.database) return false;
    try {
      const transaction = this.database.transaction("waiting", "readwrite", { durability: "strict" });
      await Promise.all([transaction.store.put(one), transaction.done]);
    } catch {
      return false;
    }
    this.unkept.delete(one.id);
    return true;
  }

  /** Let go of what the service has. Where storage fails it is sent once more, which is harmless. */
  async done(ids: string[]): Promise<void> {
    for (const id of ids) this.unkept.delete(id);
    if (!this.database || !ids.length) return;
    try {
      const transaction = this.database.transaction("waiting", "readwrite", { durability: "strict" });
      await Promise.all([...ids.map((id) => transaction.store.delete(id)), transaction.done]);
    } catch {
      // said above
    }
  }

  /** Try again to keep what could not be kept: there may be room by now. */
  async keepUnkept(): Promise<void> {
    if (this.database) for (const one of [...this.unkept.values()]) await this.wait(one);
  }

  /** How many of what waits are lost when the page closes. */
  get unkeptCount(): number {
    return this.unkept.size;
  }

  /** What is kept under a name, on the device or as long as the page lives. */
  async get<T>(key: string): Promise<T | undefined> {
    return this.memory.has(key) ? (this.memory.get(key) as T | undefined) : this.stored<T>(key);
  }

  private async stored<T>(key: string): Promise<T | undefined> {
    return (this.database ? await this.database.get("kept", key) : this.memory.get(key)) as T | undefined;
  }

  /** False where there is no room: then it lives as long as the page. */
  async put(key: string, value: unknown): Promise<boolean> {
    this.memory.set(key, value);
    if (!this.database) return false;
    try {
      const transaction = this.database.transaction("kept", "readwrite", { durability: "strict" });
      const change = value === undefined ? transaction.store.delete(key) : transaction.store.put(value, key);
      await Promise.all([change, transaction.done]);
    } catch {
      return false;
    }
    if (this.memory.get(key) === value) this.memory.delete(key);
    return true;
  }
}

/** What is of the right kind; bits turn in storage, and a choice that makes no sense is none. */
function chosenIn({ lang, provinces, place, apiKey }: Record<string, unknown>): Choices {
  const isList = Array.isArray(provinces) && provinces.every((code) => typeof code === "string");
  return {
    ...(lang === "vi" || lang === "en" ? { lang } : {}),
    ...(isList ? { provinces } : {}),
    ...(typeof place === "string" ? { place } : {}),
    ...(typeof apiKey === "string" ? { apiKey } : {}),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
