/** Proving a trust pack takes some dozens of signatures: done here, so that the page never stands still. */

import { install, parsePack } from "../bundle/install";
import type { Installed } from "../bundle/installed";
import { TrustError, type Fault } from "../core/errors";

export interface Offered {
  data: Uint8Array;
  before: Installed | null;
  clock: number;
  built: number;
}
export type Installing =
  | { installed: Installed }
  | { refused: { fault: Fault; vi: string; en: string } }
  | { failed: string };

addEventListener("message", (event: MessageEvent<Offered>) => {
  const { data, before, clock, built } = event.data;
  let answer: Installing;
  try {
    answer = { installed: install(parsePack(data), before, clock, built, null) };
  } catch (error) {
    if (error instanceof TrustError) answer = { refused: { fault: error.fault, vi: error.vi, en: error.en } };
    else answer = { failed: String(error) };
  }
  postMessage(answer);
});
