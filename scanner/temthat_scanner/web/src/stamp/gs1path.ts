/** The clear text of a GS1 form against what is signed: the same rule online and offline. */

import { Mistyped } from "../core/errors";
import type { Gs1Path, Header } from "./code";
import { parseNumber } from "./number";
import type { PathMatch } from "./verdict";

/** Run and serial must be the header's, GTIN and lot the manifest's; `manifest` null where it is not at hand. */
export function matchPath(
  path: Gs1Path | null,
  header: Header,
  manifest: { gtin: string | null; lot: string } | null,
): PathMatch {
  if (path === null) return "none";
  try {
    const typed = parseNumber(path.number);
    if (typed.run !== header.run || typed.serial !== header.serial) return "mismatch";
  } catch (error) {
    if (error instanceof Mistyped) return "mismatch";
    throw error;
  }
  if (manifest === null) return "unknown";
  return path.gtin === manifest.gtin && path.lot === manifest.lot ? "match" : "mismatch";
}
