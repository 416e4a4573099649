/**
 * What this device keeps: trust data, what waits to be sent, a few choices. IndexedDB; each change is one transaction.
 *
 * Where the browser allows no storage, everything lives in memory and `isLasting` says so.
 */

import { openDB, type IDBPDatabase } from "idb";
import type { Installed } from "../bundle/installed";
import type { Waiting } from "./queue";

const NAME = "temthat";
const VERSION = 1;

interface Choices {
  lang?: "vi" | "en";
  provinces?: string[];
  place?: string;
  /** An inspector's, for online checks of a shelf. */
  apiKey?: string;
}

export class Device {
  private readonly memory = new Map<string, unknown>();

  private constructor(private readonly database: IDBPDatabase | null) {}

  static async open(): Promise<Device> {
    try {
      const database = await openDB(NAME, VERSION, {
        upgrade(db) {
          db.createObjectStore("kept");
          db.createObjectStore("waiting", { keyPath: "id" });
        },
      });
      return new Device(database);
    } catch {
      return new Device(null);
    }
  }

  get isLasting(): boolean {
    return this.database !== null;
  }

  installed(): Promise<Installed | undefined> {
    return this.get<Installed>("installed");
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
    return (await this.get<Choices>("choices")) ?? {};
  }

  async choose(changed: Choices): Promise<void> {
    await this.put("choices", { ...(await this.choices()), ...changed });
  }

  async waiting(): Promise<Waiting[]> {
    if (!this.database) return (this.memory.get("waiting") as Waiting[] | undefined) ?? [];
    return (await this.database.getAll("waiting")) as Waiting[];
  }

  /** Durable when it resolves. False where it could not be kept. */
  async wait(one: Waiting): Promise<boolean> {
    if (!this.database) {
      this.memory.set("waiting", [...(await this.waiting()).filter(({ id }) => id !== one.id), one]);
      return false;
    }
    try {
      const transaction = this.database.transaction("waiting", "readwrite", { durability: "strict" });
      await transaction.store.put(one);
      await transaction.done;
      return true;
    } catch {
      return false;
    }
  }

  async done(ids: string[]): Promise<void> {
    if (!this.database) {
      this.memory.set("waiting", (await this.waiting()).filter(({ id }) => !ids.includes(id)));
      return;
    }
    const transaction = this.database.transaction("waiting", "readwrite", { durability: "strict" });
    await Promise.all(ids.map((id) => transaction.store.delete(id)));
    await transaction.done;
  }

  /** What is kept under a name. */
  async get<T>(key: string): Promise<T | undefined> {
    if (!this.database) return this.memory.get(key) as T | undefined;
    return (await this.database.get("kept", key)) as T | undefined;
  }

  /** False where there is no room: then it lives as long as the page. */
  async put(key: string, value: unknown): Promise<boolean> {
    this.memory.set(key, value);
    if (!this.database) return false;
    try {
      const transaction = this.database.transaction("kept", "readwrite", { durability: "strict" });
      if (value === undefined) await transaction.store.delete(key);
      else await transaction.store.put(value, key);
      await transaction.done;
      return true;
    } catch {
      return false;
    }
  }
}
