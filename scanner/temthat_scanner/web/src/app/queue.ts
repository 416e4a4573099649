/** What happened while there was no network: kept on the device, sent later, counted once however often it is sent. */

import type { Asker } from "../stamp/verdict";
import type { Device } from "./device";
import { Unreachable } from "./online";

/** One event as the service takes it (POST /api/v1/events). `id` is a UUIDv7 made here: repeating is harmless. */
export interface Waiting {
  id: string;
  at: string;
  code: string;
  event: "check" | "sold";
  kind: Asker;
  place?: string;
  /** Why the service did not take it; a person decides what becomes of it. */
  refused?: string;
}

/** RFC 9562, section 5.7. */
export function uuid7(now = Date.now()): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  let time = now;
  for (let at = 5; at >= 0; at--) {
    bytes[at] = time % 256;
    time = Math.floor(time / 256);
  }
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

interface Flushed {
  sent: number;
  /** Why the rest still waits. */
  problem: string | null;
}

let flushing: Promise<Flushed> | null = null;

/** Send what waits, the oldest first. Two calls at once are one. */
export function flush(device: Device, post: (one: Waiting) => Promise<"taken" | string>): Promise<Flushed> {
  flushing ??= send(device, post).finally(() => (flushing = null));
  return flushing;
}

async function send(device: Device, post: (one: Waiting) => Promise<"taken" | string>): Promise<Flushed> {
  let sent = 0;
  const waiting = (await device.waiting()).filter(({ refused }) => !refused).sort((a, b) => (a.id < b.id ? -1 : 1));
  for (const one of waiting) {
    try {
      const answer = await post(one);
      if (answer === "taken") {
        await device.done([one.id]);
        sent++;
      } else {
        await device.wait({ ...one, refused: answer });
      }
    } catch (error) {
      if (error instanceof Unreachable) return { sent, problem: error.message };
      throw error;
    }
  }
  return { sent, problem: null };
}
