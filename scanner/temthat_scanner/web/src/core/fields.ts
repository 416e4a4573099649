/** Reading the members of a signed object: each is there and of its kind, or the object is refused. */

import { BadBytes, fromBase64 } from "./bytes";
import { BadStatement } from "./errors";
import { isObject, type Json, type JsonObject } from "./json";

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** Seconds since 1970 of an instant in its one form, `2026-05-26T03:00:00Z`; null if it is none. */
function readInstant(text: string): number | null {
  const at = INSTANT.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(at) || new Date(at).toISOString() !== text.replace("Z", ".000Z") ? null : at / 1000;
}

export class Fields {
  constructor(private readonly body: JsonObject) {}

  text(name: string, most = 200): string {
    const value = this.body[name];
    if (typeof value !== "string" || [...value].length > most) throw wrong(name);
    return value;
  }

  count(name: string, least = 0, most: number = Number.MAX_SAFE_INTEGER): number {
    const value = this.body[name];
    if (typeof value !== "number" || value < least || value > most) throw wrong(name);
    return value;
  }

  hex(name: string, size: number): string {
    const value = this.body[name];
    if (typeof value !== "string" || value.length !== 2 * size || !/^[0-9a-f]*$/.test(value)) throw wrong(name);
    return value;
  }

  /** Seconds since 1970. */
  instant(name: string): number {
    const value = this.body[name];
    const at = typeof value === "string" ? readInstant(value) : null;
    if (at === null) throw wrong(name);
    return at;
  }

  absent(name: string): boolean {
    return this.body[name] === undefined || this.body[name] === null;
  }

  record(name: string): Fields {
    return new Fields(this.mapping(name));
  }

  mapping(name: string): JsonObject {
    const value = this.body[name];
    if (!isObject(value)) throw wrong(name);
    return value;
  }

  list(name: string, most: number): Json[] {
    const value = this.body[name];
    if (!Array.isArray(value) || value.length > most) throw wrong(name);
    return value;
  }

  texts(name: string, most: number): string[] {
    const values = this.list(name, most);
    if (!values.every((value) => typeof value === "string")) throw wrong(name);
    return values;
  }

  raw(name: string, size: number): Uint8Array {
    return rawOf(this.text(name, 4 * size), size, name);
  }
}

export function rawOf(text: string, size: number, name: string): Uint8Array {
  let data = new Uint8Array();
  try {
    data = Uint8Array.from(fromBase64(text));
  } catch (error) {
    if (!(error instanceof BadBytes)) throw error;
  }
  if (data.length !== size) throw wrong(name);
  return data;
}

function wrong(name: string): BadStatement {
  return new BadStatement(`member “${name}” is missing or wrong`);
}
