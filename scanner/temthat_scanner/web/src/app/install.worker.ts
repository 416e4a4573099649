/** Fetching and proving trust data takes dozens of signatures: done here, so that the page never stands still. */

import { ForkFound, install } from "../bundle/install";
import type { Installed, Seen } from "../bundle/installed";
import { packSource } from "../bundle/source";
import { TrustError, type Fault } from "../core/errors";
import { NoAnswer, siteSource } from "./site";

export interface Offered {
  /** The address of the service's public folder. */
  base: string;
  /** A trust pack; null: fetch from the public folder what has grown. */
  pack: Uint8Array | null;
  provinces: string[] | null;
  seen: Seen | null;
  held: Installed | null;
  clock: number;
  built: number;
}

/** What proves a fork: two signed checkpoints, and the hashes that lead to the one offered and not to the one known. */
export interface Fork {
  known: Uint8Array;
  offered: Uint8Array;
  path: Uint8Array[];
}
export type Installing =
  | { installed: Installed }
  | { refused: { fault: Fault; vi: string; en: string }; fork: Fork | null }
  | { unanswered: string }
  | { failed: string };

addEventListener("message", (event: MessageEvent<Offered>) => {
  const { base, pack, provinces, ...device } = event.data;
  const site = siteSource(base, provinces);
  const work = async () => install(pack ? packSource(pack, site.read) : site, device);
  void work().then((installed): Installing => ({ installed }), answerOf).then((answer) => postMessage(answer));
});

function answerOf(error: unknown): Installing {
  if (error instanceof NoAnswer) return { unanswered: error.message };
  if (!(error instanceof TrustError)) return { failed: String(error) };
  const { fault, vi, en } = error;
  const fork = error instanceof ForkFound ? { known: error.known, offered: error.offered, path: error.path } : null;
  return { refused: { fault, vi, en }, fork };
}
